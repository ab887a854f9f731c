// Package forensics looks for traces of editing in the bytes of a file: what
// programs say of themselves in its metadata. Whoever wants to hide a change
// can remove them, so nothing found proves nothing, and a trace asks a person
// to look: honest people crop their photos, too.
//
// It must not know cards, faces, storage or HTTP.
package forensics

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"anycheck/internal/imaging"
)

// The traces.
const (
	EditingSoftware   Code = "EDITING_SOFTWARE"   // a program for changing pictures wrote or touched the file
	GeneratedPicture  Code = "GENERATED_PICTURE"  // the file says that a model made the picture or parts of it
	ContentCredential Code = "CONTENT_CREDENTIAL" // a C2PA manifest is there; it was not verified
	MetadataStripped  Code = "METADATA_STRIPPED"  // a JPEG without what every camera writes
)

// editors are what programs for changing pictures call themselves, in lower
// case, and how people know them.
var editors = []struct{ mark, name string }{
	{"photoshop", "Adobe Photoshop"}, {"lightroom", "Adobe Lightroom"}, {"adobe express", "Adobe Express"}, {"gimp", "GIMP"},
	{"affinity", "Affinity Photo"}, {"pixelmator", "Pixelmator"}, {"photopea", "Photopea"}, {"paint.net", "Paint.NET"},
	{"paint shop", "PaintShop"}, {"coreldraw", "CorelDRAW"}, {"corel photo", "Corel Photo-Paint"}, {"krita", "Krita"}, {"inkscape", "Inkscape"},
	{"canva", "Canva"}, {"figma", "Figma"}, {"pixlr", "Pixlr"}, {"fotor", "Fotor"}, {"snapseed", "Snapseed"}, {"picsart", "Picsart"},
	{"photodirector", "PhotoDirector"}, {"photoscape", "PhotoScape"}, {"faceapp", "FaceApp"}, {"facetune", "Facetune"}, {"remini", "Remini"},
	{"meitu", "Meitu"}, {"beautyplus", "BeautyPlus"}, {"airbrush", "AirBrush"}, {"vsco", "VSCO"}, {"polarr", "Polarr"},
}

// generators are marks of programs that make pictures up.
var generators = []string{"firefly", "midjourney", "dall-e", "dall·e", "stable diffusion", "comfyui", "invokeai", "novelai", "imagen"}

// generatedType is the IPTC digital source type of pictures, or parts of them,
// that a model made: (composite)trainedAlgorithmicMedia.
var generatedType = []byte("rainedalgorithmicmedia")

// Inspect looks at the original bytes of a file that imaging decoded as info.
// A PDF has no findings: its pages were drawn by this program.
func Inspect(data []byte, info imaging.Info) Report {
	t := collect(data, info)
	r := Report{Findings: []Finding{}}
	add := func(code Code, suspicious bool, message string) {
		r.Findings = append(r.Findings, Finding{Code: code, Message: message, Suspicious: suspicious})
	}
	for _, name := range t.editors() {
		add(EditingSoftware, true, "The file was written or changed with "+name+".")
	}
	if t.generated() {
		add(GeneratedPicture, true, "The file says that the picture, or a part of it, was generated.")
	}
	if t.c2pa {
		add(ContentCredential, false, "The file carries content credentials (C2PA). They were not verified.")
	}
	if info.Format == "jpeg" && !t.metadata {
		add(MetadataStripped, false, "The file has none of the data that a camera writes. Messengers remove it, too.")
	}
	return r
}

// editors names the programs found, each once, in the table's order.
func (t traces) editors() []string {
	var names []string
	for _, e := range editors {
		found := t.photoshop && e.mark == "photoshop"
		for _, s := range t.tools {
			found = found || mentions(s, e.mark)
		}
		if found {
			names = append(names, e.name)
		}
	}
	return names
}

// mentions finds a mark that is not part of a longer word: "canva" is not in
// "canvas".
func mentions(s, mark string) bool {
	for {
		before, after, ok := strings.Cut(s, mark)
		if !ok {
			return false
		}
		last, _ := utf8.DecodeLastRuneInString(before)
		next, _ := utf8.DecodeRuneInString(after)
		if !unicode.IsLetter(last) && !unicode.IsLetter(next) {
			return true
		}
		s = after
	}
}

func (t traces) generated() bool {
	for _, s := range t.tools {
		for _, g := range generators {
			if mentions(s, g) {
				return true
			}
		}
	}
	for _, block := range t.manifests {
		if bytes.Contains(bytes.ToLower(block), generatedType) {
			return true
		}
	}
	return t.parameters
}
