package forensics

import (
	"bytes"
	"encoding/binary"
	"html"
	"iter"
	"strings"

	"anycheck/internal/imaging"
)

// traces is what a file says of the programs that made it.
type traces struct {
	tools      []string // names of programs, in lower case
	manifests  [][]byte // XMP and C2PA blocks
	photoshop  bool     // a block that only Photoshop writes
	c2pa       bool
	parameters bool // a PNG text with the prompt of an image generator
	metadata   bool // there is EXIF or XMP
}

// Bounds on foreign data.
const (
	maxBlocks = 1024    // segments or chunks of a file
	maxBlock  = 1 << 20 // bytes of a block that are searched
	maxTools  = 64      // names of programs
	maxTool   = 128     // bytes of a name
)

func collect(data []byte, info imaging.Info) traces {
	var t traces
	t.tool(info.Software)
	t.tool(info.CreatorTool)
	switch info.Format {
	case "jpeg":
		for marker, block := range segments(data) {
			t.segment(marker, block)
		}
	case "png":
		for name, block := range chunks(data, 8, binary.BigEndian) {
			t.pngChunk(name, block)
		}
	case "webp":
		for name, block := range chunks(data, 12, binary.LittleEndian) {
			switch name {
			case "EXIF":
				t.metadata = true
			case "XMP ":
				t.xmp(block)
			case "C2PA":
				t.manifest(block)
			}
		}
	}
	return t
}

func (t *traces) tool(name string) {
	if name = strings.ToLower(strings.TrimSpace(name)); name != "" && len(t.tools) < maxTools {
		t.tools = append(t.tools, name)
	}
}

func (t *traces) manifest(block []byte) {
	t.c2pa = true
	t.manifests = append(t.manifests, block[:min(len(block), maxBlock)])
}

// Markers of JPEG (ITU-T T.81, annex B).
const (
	markerSOS   = 0xda
	markerAPP1  = 0xe1
	markerAPP11 = 0xeb
	markerAPP13 = 0xed
	markerCOM   = 0xfe
)

func (t *traces) segment(marker byte, block []byte) {
	switch marker {
	case markerAPP1:
		if bytes.HasPrefix(block, []byte("Exif\x00\x00")) {
			t.metadata = true
		} else if xmp, ok := bytes.CutPrefix(block, []byte("http://ns.adobe.com/xap/1.0/\x00")); ok {
			t.xmp(xmp)
		}
	case markerAPP11: // JUMBF (ISO/IEC 19566-5) holds the manifest, cut into segments
		if bytes.HasPrefix(block, []byte("JP")) && (t.c2pa || bytes.Contains(block[:min(len(block), 256)], []byte("c2pa"))) {
			t.manifest(block)
		}
	case markerAPP13:
		if resources, ok := bytes.CutPrefix(block, []byte("Photoshop 3.0\x00")); ok && quality(resources) {
			t.photoshop = true
		}
	case markerCOM:
		t.tool(string(block[:min(len(block), maxTool)]))
	}
}

// quality looks for the image resource 0x0406, the quality chosen in
// Photoshop's dialog. The block alone says little: others keep captions in it.
func quality(resources []byte) bool {
	for range maxBlocks {
		// "8BIM", id, name padded to even, size, data padded to even.
		if len(resources) < 12 || string(resources[:4]) != "8BIM" {
			return false
		}
		if binary.BigEndian.Uint16(resources[4:]) == 0x0406 {
			return true
		}
		at := 6 + (int(resources[6])+2)&^1
		if at+4 > len(resources) {
			return false
		}
		size := int64(binary.BigEndian.Uint32(resources[at:]))
		next := int64(at) + 4 + size + size&1
		if next > int64(len(resources)) {
			return false
		}
		resources = resources[next:]
	}
	return false
}

// pngChunk reads the texts of PNG 1.2, 11.3.4, as far as they are not compressed.
func (t *traces) pngChunk(name string, block []byte) {
	switch name {
	case "eXIf":
		t.metadata = true
	case "caBX":
		t.manifest(block)
	case "tEXt", "iTXt":
		keyword, text, ok := bytes.Cut(block, []byte{0})
		if !ok {
			return
		}
		switch string(keyword) {
		case "XML:com.adobe.xmp":
			t.xmp(text)
		case "parameters", "prompt":
			t.parameters = true
		case "Software", "Creator", "Comment", "Source":
			// An iTXt has four short fields before its text.
			t.tool(string(bytes.ReplaceAll(text[:min(len(text), maxTool)], []byte{0}, []byte{' '})))
		}
	}
}

// xmp takes the programs that an XMP block names: the one that made the file
// and those of its history. Other mentions, such as namespaces, say nothing.
func (t *traces) xmp(block []byte) {
	block = block[:min(len(block), maxBlock)]
	t.metadata = true
	t.manifests = append(t.manifests, block)
	for _, key := range []string{"CreatorTool", "softwareAgent"} {
		rest := block
		for range maxTools {
			var ok bool
			if _, rest, ok = bytes.Cut(rest, []byte(key)); !ok {
				break
			}
			value := bytes.TrimLeft(rest[:min(len(rest), maxTool)], `="'> `)
			if end := bytes.IndexAny(value, `"'<`); end >= 0 {
				value = value[:end]
			}
			t.tool(html.UnescapeString(string(value)))
		}
	}
}

// segments gives the segments of a JPEG before its first scan.
func segments(data []byte) iter.Seq2[byte, []byte] {
	return func(yield func(byte, []byte) bool) {
		at := 2 // after SOI
		for range maxBlocks {
			for at < len(data) && data[at] == 0xff && at+1 < len(data) && data[at+1] == 0xff {
				at++ // fill bytes
			}
			if at+4 > len(data) || data[at] != 0xff || data[at+1] == markerSOS {
				return
			}
			size := int(binary.BigEndian.Uint16(data[at+2:]))
			if size < 2 || at+2+size > len(data) || !yield(data[at+1], data[at+4:at+2+size]) {
				return
			}
			at += 2 + size
		}
	}
}

// chunks gives the chunks of a PNG (big-endian: size, name, data, check sum) or
// of a RIFF file (little-endian: name, size, data padded to even).
func chunks(data []byte, at int64, order binary.ByteOrder) iter.Seq2[string, []byte] {
	isPNG := order == binary.ByteOrder(binary.BigEndian)
	return func(yield func(string, []byte) bool) {
		for range maxBlocks {
			if at+8 > int64(len(data)) {
				return
			}
			name, size := data[at:at+4], int64(order.Uint32(data[at+4:]))
			if isPNG {
				name, size = data[at+4:at+8], int64(order.Uint32(data[at:]))
			}
			end := at + 8 + size
			if end > int64(len(data)) || !yield(string(name), data[at+8:end]) {
				return
			}
			at = end + size&1
			if isPNG {
				at = end + 4
			}
		}
	}
}
