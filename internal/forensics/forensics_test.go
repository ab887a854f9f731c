package forensics

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"slices"
	"strings"
	"testing"

	"anycheck/internal/imaging"
)

var picture = image.NewGray(image.Rect(0, 0, 8, 8))

// withSegments makes a JPEG with segments after its first marker.
func withSegments(t testing.TB, segments ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture, nil); err != nil {
		t.Fatal(err)
	}
	out := []byte("\xff\xd8")
	for _, s := range segments {
		out = append(out, 0xff, s[0])
		out = binary.BigEndian.AppendUint16(out, uint16(len(s)+1))
		out = append(out, s[1:]...)
	}
	return append(out, b.Bytes()[2:]...)
}

// withChunks makes a PNG with chunks after its header.
func withChunks(t testing.TB, chunks ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		t.Fatal(err)
	}
	const header = 8 + 25
	out := slices.Clone(b.Bytes()[:header])
	for _, c := range chunks {
		out = binary.BigEndian.AppendUint32(out, uint32(len(c)-4))
		out = append(out, c...)
		out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE([]byte(c)))
	}
	return append(out, b.Bytes()[header:]...)
}

const (
	exif = "\xe1Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00"
	xmp  = "\xe1http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta xmlns:photoshop='http://ns.adobe.com/photoshop/1.0/'>"
)

// exifSoftware is an EXIF block that names a program.
func exifSoftware(name string) string {
	b := []byte("\xe1Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x31\x00\x02")
	b = binary.BigEndian.AppendUint32(b, uint32(len(name)+1))
	b = binary.BigEndian.AppendUint32(b, 26)
	return string(b) + "\x00\x00\x00\x00" + name + "\x00"
}

func resource(id uint16, data string) string {
	b := binary.BigEndian.AppendUint16([]byte("8BIM"), id)
	b = binary.BigEndian.AppendUint32(append(b, 0, 0), uint32(len(data)))
	return string(b) + data + strings.Repeat("\x00", len(data)%2)
}

func TestInspect(t *testing.T) {
	const stripped = "METADATA_STRIPPED"
	tests := []struct {
		name string
		data []byte
		want []string // codes; those that ask to look with "!"
	}{
		{"a camera's JPEG", withSegments(t, exif), nil},
		{"a camera's software", withSegments(t, exifSoftware("SM-A546E 14.1")), nil},
		{"a messenger's JPEG", withSegments(t), []string{stripped}},
		{"EXIF names GIMP", withSegments(t, exifSoftware("GIMP 2.10.34")), []string{"EDITING_SOFTWARE!"}},
		{"XMP names Photoshop", withSegments(t, xmp+`<a xmp:CreatorTool="Adobe Photoshop 25.1 (Windows)"/>`), []string{"EDITING_SOFTWARE!"}},
		{"XMP's history names two programs", withSegments(t, xmp+`<a stEvt:softwareAgent="Adobe Lightroom 7"/><stEvt:softwareAgent>Snapseed &amp; co</stEvt:softwareAgent>`),
			[]string{"EDITING_SOFTWARE!", "EDITING_SOFTWARE!"}},
		{"XMP only has the namespace of Photoshop", withSegments(t, xmp), nil},
		{"XMP says generated", withSegments(t, xmp+`<a Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"/>`),
			[]string{"GENERATED_PICTURE!"}},
		{"a comment names a program", withSegments(t, exif, "\xfeCreated with GIMP"), []string{"EDITING_SOFTWARE!"}},
		{"Photoshop's own block", withSegments(t, exif, "\xedPhotoshop 3.0\x00"+resource(0x0404, "abc")+resource(0x0406, "1234567")), []string{"EDITING_SOFTWARE!"}},
		{"a caption in Photoshop's format", withSegments(t, exif, "\xedPhotoshop 3.0\x00"+resource(0x0404, "abc")), nil},
		{"content credentials", withSegments(t, exif, "\xebJP\x00\x01\x00\x00\x00\x01....jumb....jumdc2pa"), []string{"CONTENT_CREDENTIAL"}},
		{"content credentials of a generator", withSegments(t, exif, "\xebJP\x00\x01\x00\x00\x00\x01jumbc2pa", "\xebJP\x00\x01\x00\x00\x00\x02http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"),
			[]string{"GENERATED_PICTURE!", "CONTENT_CREDENTIAL"}},
		{"a plain PNG", withChunks(t), nil},
		{"PNG text names a program", withChunks(t, "tEXtSoftware\x00paint.net 5.0"), []string{"EDITING_SOFTWARE!"}},
		{"PNG international text", withChunks(t, "iTXtSoftware\x00\x00\x00\x00\x00Pixelmator Pro"), []string{"EDITING_SOFTWARE!"}},
		{"PNG XMP", withChunks(t, "iTXtXML:com.adobe.xmp\x00\x00\x00\x00\x00<a xmp:CreatorTool='Canva'/>"), []string{"EDITING_SOFTWARE!"}},
		{"PNG of a generator", withChunks(t, "tEXtparameters\x00a portrait, Steps: 20"), []string{"GENERATED_PICTURE!"}},
		{"PNG with content credentials", withChunks(t, "caBX...."), []string{"CONTENT_CREDENTIAL"}},
		{"a word that holds a program's name", withChunks(t, "tEXtSoftware\x00canvas, canvasser"), nil},
		{"PNG title with a program's name", withChunks(t, "tEXtTitle\x00my gimp"), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, info, err := imaging.Decode(tt.data, imaging.DefaultLimits)
			if err != nil {
				t.Fatal(err)
			}
			r := Inspect(tt.data, info)
			var got []string
			for _, f := range r.Findings {
				code := string(f.Code)
				if f.Suspicious {
					code += "!"
				}
				got = append(got, code)
				if f.Message == "" {
					t.Errorf("%s has no message", f.Code)
				}
			}
			if !slices.Equal(got, tt.want) || r.Findings == nil {
				t.Errorf("got %v, want %v", r.Findings, tt.want)
			}
		})
	}
}

// Messages show our own names only: what a file says may name a person.
func TestMessagesQuoteNothing(t *testing.T) {
	data := withSegments(t, exifSoftware("Siti's GIMP 2.10"))
	_, info, err := imaging.Decode(data, imaging.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	if got := Inspect(data, info).Findings[0].Message; got != "The file was written or changed with GIMP." {
		t.Errorf("message %q", got)
	}
}

func TestPDFHasNoFindings(t *testing.T) {
	if r := Inspect([]byte("%PDF-1.4 /Producer (Photoshop)"), imaging.Info{Format: "pdf"}); len(r.Findings) != 0 {
		t.Errorf("got %v", r.Findings)
	}
}

func FuzzInspect(f *testing.F) {
	f.Add(withSegments(f, exif, xmp+`<a xmp:CreatorTool="GIMP"/>`, "\xedPhotoshop 3.0\x00"+resource(0x0404, "abc"), "\xebJPc2pa"), "jpeg")
	f.Add(withChunks(f, "tEXtSoftware\x00a", "iTXtXML:com.adobe.xmp\x00softwareAgent="), "png")
	f.Add([]byte("RIFF....WEBPXMP \x05\x00\x00\x00hello\x00C2PA\xff\xff\xff\xff"), "webp")
	f.Fuzz(func(t *testing.T, data []byte, format string) {
		r := Inspect(data, imaging.Info{Format: format})
		if r.Findings == nil || len(r.Findings) > len(editors)+3 {
			t.Errorf("%d findings", len(r.Findings))
		}
	})
}

func BenchmarkInspect(b *testing.B) {
	data := withSegments(b, exif, xmp+strings.Repeat(`<a stEvt:softwareAgent="Adobe Lightroom 7"/>`, 100))
	for b.Loop() {
		Inspect(data, imaging.Info{Format: "jpeg"})
	}
}
