package imaging

import (
	"bytes"
	"encoding/binary"
	"html"
	"iter"
	"strings"
	"unicode"
)

// metadata is the little of EXIF and XMP that has a use: how to turn the
// picture, and what program wrote it.
type metadata struct {
	orientation int // 1..8
	software    string
	creatorTool string
}

// TIFF 6.0 and EXIF 2.32 tags.
const (
	tagNewSubfileType = 0x00fe
	tagOrientation    = 0x0112
	tagSoftware       = 0x0131

	typeASCII = 2
	typeShort = 3
)

const (
	maxEntries  = 512  // directory entries looked at
	maxText     = 128  // characters of a text that are kept
	maxSegments = 1024 // JPEG segments, PNG or RIFF chunks looked at
)

// readMetadata finds the EXIF block of a file. What is damaged or absent
// leaves the defaults: metadata never makes a picture unreadable.
func readMetadata(format string, data []byte) metadata {
	m := metadata{orientation: 1}
	switch format {
	case "jpeg":
		for segment := range jpegAPP1(data) {
			if block, ok := bytes.CutPrefix(segment, []byte("Exif\x00\x00")); ok {
				m.readEXIF(block)
			} else if block, ok := bytes.CutPrefix(segment, []byte("http://ns.adobe.com/xap/1.0/\x00")); ok {
				m.creatorTool = creatorTool(block)
			}
		}
	case "png":
		m.readEXIF(chunk(data, 8, "eXIf", binary.BigEndian))
	case "webp":
		block := chunk(data, 12, "EXIF", binary.LittleEndian)
		m.readEXIF(bytes.TrimPrefix(block, []byte("Exif\x00\x00"))) // some writers keep JPEG's prefix
	case "tiff":
		m.readEXIF(data)
	}
	return m
}

// readEXIF reads directory 0 of a TIFF structure.
func (m *metadata) readEXIF(block []byte) {
	order := byteOrder(block)
	if order == nil {
		return
	}
	entries, _, ok := tiffDirectory(block, order, int64(order.Uint32(block[4:])))
	if !ok {
		return
	}
	for e := range bytesOf(entries, 12) {
		kind, count := order.Uint16(e[2:]), order.Uint32(e[4:])
		switch tag := order.Uint16(e); {
		case tag == tagOrientation && kind == typeShort && count == 1:
			if v := int(order.Uint16(e[8:])); v >= 1 && v <= 8 {
				m.orientation = v
			}
		case tag == tagSoftware && kind == typeASCII:
			value := e[8:12]
			if count > 4 {
				at := int64(order.Uint32(e[8:]))
				if at+int64(count) > int64(len(block)) {
					continue
				}
				value = block[at:]
			}
			m.software = plainText(value[:min(int(count), maxText)])
		}
	}
}

// tiffDirectory returns the entries (12 bytes each) of the directory at an
// offset and the offset of the next one, 0 for none.
func tiffDirectory(data []byte, order binary.ByteOrder, at int64) (entries []byte, next int64, ok bool) {
	if at < 8 || at+2 > int64(len(data)) {
		return nil, 0, false
	}
	n := int64(order.Uint16(data[at:]))
	end := at + 2 + 12*n
	if n > maxEntries || end > int64(len(data)) {
		return nil, 0, false
	}
	if end+4 <= int64(len(data)) {
		next = int64(order.Uint32(data[end:]))
	}
	return data[at+2 : end], next, true
}

// bytesOf cuts data into pieces of n bytes; len(data) is a multiple of n.
func bytesOf(data []byte, n int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for ; len(data) >= n; data = data[n:] {
			if !yield(data[:n]) {
				return
			}
		}
	}
}

// jpegAPP1 gives the APP1 segments before the first scan.
func jpegAPP1(data []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		at := 2 // after SOI
		for range maxSegments {
			if at+4 > len(data) || data[at] != 0xff {
				return
			}
			marker := data[at+1]
			if marker == 0xff { // fill byte
				at++
				continue
			}
			size := int(binary.BigEndian.Uint16(data[at+2:]))
			if marker == 0xda || size < 2 || at+2+size > len(data) {
				return
			}
			if marker == 0xe1 && !yield(data[at+4:at+2+size]) {
				return
			}
			at += 2 + size
		}
	}
}

// chunk finds a chunk by name: PNG has size, name, data, check sum, big-endian;
// RIFF has name, size, data padded to even, little-endian.
func chunk(data []byte, at int, name string, order binary.ByteOrder) []byte {
	isPNG := order == binary.ByteOrder(binary.BigEndian)
	for range maxSegments {
		if at+8 > len(data) {
			return nil
		}
		head := data[at : at+8]
		var size int64
		var found bool
		if isPNG {
			size, found = int64(order.Uint32(head)), string(head[4:]) == name
		} else {
			size, found = int64(order.Uint32(head[4:])), string(head[:4]) == name
		}
		end := int64(at) + 8 + size
		if end > int64(len(data)) {
			return nil
		}
		if found {
			return data[at+8 : end]
		}
		if isPNG {
			end += 4
		} else {
			end += size & 1
		}
		at = int(end)
	}
	return nil
}

// creatorTool looks for xmp:CreatorTool, which is an attribute or an element.
func creatorTool(xmp []byte) string {
	_, rest, ok := bytes.Cut(xmp, []byte("xmp:CreatorTool"))
	if !ok || len(rest) < 2 {
		return ""
	}
	var end string
	switch {
	case rest[0] == '>':
		rest, end = rest[1:], "<"
	case rest[0] == '=' && (rest[1] == '"' || rest[1] == '\''):
		rest, end = rest[2:], string(rest[1])
	default:
		return ""
	}
	value, _, ok := bytes.Cut(rest[:min(len(rest), 2*maxText)], []byte(end))
	if !ok {
		return ""
	}
	return plainText([]byte(html.UnescapeString(string(value[:min(len(value), maxText)]))))
}

// plainText makes foreign bytes safe to keep: up to the first NUL, valid
// UTF-8, printable, trimmed.
func plainText(b []byte) string {
	b, _, _ = bytes.Cut(b, []byte{0})
	s := strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, string(b))
	return strings.TrimSpace(s)
}
