package imaging

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/tiff"

	"anycheck/internal/fault"
)

// corners draws four flat quarters, so that every orientation looks different:
// red, green over blue, white.
func corners(w, h int) *Picture {
	p := New(w, h)
	for y := range h {
		for x := range w {
			c := [3]uint8{255, 0, 0}
			switch {
			case x >= w/2 && y < h/2:
				c = [3]uint8{0, 255, 0}
			case x < w/2 && y >= h/2:
				c = [3]uint8{0, 0, 255}
			case x >= w/2:
				c = [3]uint8{255, 255, 255}
			}
			copy(p.Pix[3*(y*w+x):], c[:])
		}
	}
	return p
}

// reading names the colours of the four quarters, row by row.
func reading(p *Picture) string {
	var b strings.Builder
	for _, at := range [][2]int{{p.W / 4, p.H / 4}, {3 * p.W / 4, p.H / 4}, {p.W / 4, 3 * p.H / 4}, {3 * p.W / 4, 3 * p.H / 4}} {
		px := p.Pix[3*(at[1]*p.W+at[0]):]
		switch [3]bool{px[0] > 128, px[1] > 128, px[2] > 128} {
		case [3]bool{true, false, false}:
			b.WriteByte('R')
		case [3]bool{false, true, false}:
			b.WriteByte('G')
		case [3]bool{false, false, true}:
			b.WriteByte('B')
		case [3]bool{true, true, true}:
			b.WriteByte('W')
		default:
			b.WriteByte('?')
		}
	}
	return b.String()
}

// exifBlock builds a TIFF structure with an orientation and a software text of
// more than three characters, which is stored apart from its entry.
func exifBlock(order binary.AppendByteOrder, orientation int, software string) []byte {
	b := []byte("II*\x00")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		b = []byte("MM\x00*")
	}
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 2)
	b = order.AppendUint16(b, tagOrientation)
	b = order.AppendUint16(b, typeShort)
	b = order.AppendUint32(b, 1)
	b = order.AppendUint16(b, uint16(orientation))
	b = order.AppendUint16(b, 0)
	b = order.AppendUint16(b, tagSoftware)
	b = order.AppendUint16(b, typeASCII)
	b = order.AppendUint32(b, uint32(len(software)+1))
	b = order.AppendUint32(b, uint32(len(b)+8))
	b = order.AppendUint32(b, 0)
	return append(append(b, software...), 0)
}

// withAPP1 puts segments right after the start of a JPEG.
func withAPP1(jpg []byte, segments ...[]byte) []byte {
	out := slices.Clone(jpg[:2])
	for _, s := range segments {
		out = append(out, 0xff, 0xe1)
		out = binary.BigEndian.AppendUint16(out, uint16(len(s)+2))
		out = append(out, s...)
	}
	return append(out, jpg[2:]...)
}

func withChunk(png []byte, name string, data []byte) []byte {
	const afterHeader = 8 + 25
	c := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	c = append(append(c, name...), data...)
	c = binary.BigEndian.AppendUint32(c, crc32.ChecksumIEEE(c[4:]))
	return slices.Concat(png[:afterHeader], c, png[afterHeader:])
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestDecodeAppliesOrientation(t *testing.T) {
	// How the stored quarters R G / B W look after each EXIF orientation.
	want := map[int]string{1: "RGBW", 2: "GRWB", 3: "WBGR", 4: "BWRG", 5: "RBGW", 6: "BRWG", 7: "WGBR", 8: "GWRB"}
	jpg := must[[]byte](t)(corners(64, 32).EncodeJPEG(95))
	pic := must[[]byte](t)(corners(64, 32).EncodePNG())
	for orientation := 1; orientation <= 8; orientation++ {
		for kind, data := range map[string][]byte{
			"jpeg little-endian": withAPP1(jpg, append([]byte("Exif\x00\x00"), exifBlock(binary.LittleEndian, orientation, "Camera 1.0")...)),
			"jpeg big-endian":    withAPP1(jpg, append([]byte("Exif\x00\x00"), exifBlock(binary.BigEndian, orientation, "Camera 1.0")...)),
			"png":                withChunk(pic, "eXIf", exifBlock(binary.BigEndian, orientation, "Camera 1.0")),
		} {
			t.Run(fmt.Sprint(kind, " ", orientation), func(t *testing.T) {
				p, info, err := Decode(data, DefaultLimits)
				if err != nil {
					t.Fatal(err)
				}
				w, h := 64, 32
				if orientation >= 5 {
					w, h = h, w
				}
				if p.W != w || p.H != h || info.Width != w || info.Height != h {
					t.Errorf("size %dx%d, info %dx%d, want %dx%d", p.W, p.H, info.Width, info.Height, w, h)
				}
				if got := reading(p); got != want[orientation] {
					t.Errorf("quarters %s, want %s", got, want[orientation])
				}
				if info.Orientation != orientation || info.Software != "Camera 1.0" {
					t.Errorf("info %+v", info)
				}
			})
		}
	}
}

func TestDecodeReadsEveryKindOfImage(t *testing.T) {
	encode := func(img image.Image) []byte {
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	rect := image.Rect(0, 0, 4, 4)
	fill := func(set func(x, y int)) {
		for i := range 16 {
			set(i%4, i/4)
		}
	}
	gray, gray16, rgba64 := image.NewGray(rect), image.NewGray16(rect), image.NewNRGBA64(rect)
	clearRed, palette := image.NewNRGBA(rect), image.NewPaletted(rect, color.Palette{color.NRGBA{}, color.NRGBA{10, 20, 30, 255}})
	fill(func(x, y int) { gray.SetGray(x, y, color.Gray{100}) })
	fill(func(x, y int) { gray16.SetGray16(x, y, color.Gray16{100<<8 | 7}) })
	fill(func(x, y int) { rgba64.SetNRGBA64(x, y, color.NRGBA64{0x4000, 0x8000, 0xc000, 0xffff}) })
	fill(func(x, y int) { clearRed.SetNRGBA(x, y, color.NRGBA{255, 0, 0, 128}) })
	fill(func(x, y int) { palette.SetColorIndex(x, y, 1) })
	var tif bytes.Buffer
	if err := tiff.Encode(&tif, corners(4, 4).Image(), nil); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, format string
		data         []byte
		want         [3]uint8
	}{
		{"grey", "png", encode(gray), [3]uint8{100, 100, 100}},
		{"grey 16 bit", "png", encode(gray16), [3]uint8{100, 100, 100}},
		{"colour 16 bit", "png", encode(rgba64), [3]uint8{0x40, 0x80, 0xc0}},
		{"half transparent red", "png", encode(clearRed), [3]uint8{255, 127, 127}},
		{"palette", "png", encode(palette), [3]uint8{10, 20, 30}},
		{"palette, transparent", "png", encode(image.NewPaletted(rect, palette.Palette)), [3]uint8{255, 255, 255}},
		{"tiff", "tiff", tif.Bytes(), [3]uint8{255, 0, 0}},
		{"webp, lossless", "webp", webp1x1, [3]uint8{255, 0, 0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, info, err := Decode(tt.data, DefaultLimits)
			if err != nil {
				t.Fatal(err)
			}
			if got := [3]uint8(p.Pix[:3]); got != tt.want || info.Format != tt.format {
				t.Errorf("first pixel %v of %s, want %v of %s", got, info.Format, tt.want, tt.format)
			}
		})
	}
}

// webp1x1 is one red pixel: VP8L signature, size 1x1, five one-symbol codes.
var webp1x1 = func() []byte {
	var bits []byte
	n := 0
	put := func(value, count int) {
		for i := range count {
			if n%8 == 0 {
				bits = append(bits, 0)
			}
			bits[n/8] |= byte(value>>i&1) << (n % 8)
			n++
		}
	}
	put(0x2f, 8)
	put(0, 14)                                        // width-1
	put(0, 14)                                        // height-1
	put(0, 1)                                         // alpha
	put(0, 3)                                         // version
	put(0, 3)                                         // no transform, no colour cache, one prefix code group
	for _, symbol := range []int{0, 255, 0, 255, 0} { // green, red, blue, alpha, distance
		put(1, 1) // simple code
		put(0, 1) // of one symbol
		put(1, 1) // of 8 bits
		put(symbol, 8)
	}
	if len(bits)%2 == 1 {
		bits = append(bits, 0)
	}
	out := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(bits)+12))
	out = append(out, "WEBPVP8L"...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(bits)))
	return append(out, bits...)
}()

// pngHeader is a valid PNG up to its header chunk: a claim without pixels.
func pngHeader(w, h int) []byte {
	c := []byte("IHDR")
	c = binary.BigEndian.AppendUint32(c, uint32(w))
	c = binary.BigEndian.AppendUint32(c, uint32(h))
	c = append(c, 8, 2, 0, 0, 0)
	out := binary.BigEndian.AppendUint32([]byte("\x89PNG\r\n\x1a\n"), 13)
	return binary.BigEndian.AppendUint32(append(out, c...), crc32.ChecksumIEEE(c))
}

func twoPageTIFF(t testing.TB) []byte {
	var b bytes.Buffer
	if err := tiff.Encode(&b, corners(8, 8).Image(), nil); err != nil {
		t.Fatal(err)
	}
	data := b.Bytes()
	first := int(binary.LittleEndian.Uint32(data[4:]))
	n := int(binary.LittleEndian.Uint16(data[first:]))
	size := 2 + 12*n + 4
	second := len(data)
	data = append(data, data[first:first+size]...)
	binary.LittleEndian.PutUint32(data[first+size-4:], uint32(second))
	return data
}

func TestDecodeRefuses(t *testing.T) {
	jpg := must[[]byte](t)(corners(256, 256).EncodeJPEG(90))
	pic := must[[]byte](t)(corners(256, 256).EncodePNG())
	for _, tt := range []struct {
		name string
		data []byte
		lim  Limits
		kind fault.Kind
		says string
	}{
		{"nothing", nil, DefaultLimits, fault.Invalid, "empty"},
		{"text named .jpg", []byte("Dear Sir, please find attached\n"), DefaultLimits, fault.Unsupported, "not a JPEG, PNG, WebP or TIFF"},
		{"a PDF", []byte("%PDF-1.7\n%...."), DefaultLimits, fault.Unsupported, "not a JPEG, PNG, WebP or TIFF"},
		{"HEIC", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), DefaultLimits, fault.Unsupported, "send the photo as JPEG"},
		{"an MP4 film", []byte("\x00\x00\x00\x18ftypisom\x00\x00\x00\x00"), DefaultLimits, fault.Unsupported, "not a JPEG"},
		{"half a JPEG", jpg[:len(jpg)/2], DefaultLimits, fault.Invalid, "not a complete JPEG picture"},
		{"a JPEG's first bytes", jpg[:20], DefaultLimits, fault.Invalid, "not a complete JPEG picture"},
		{"half a PNG", pic[:len(pic)/2], DefaultLimits, fault.Invalid, "not a complete PNG picture"},
		{"60 megapixels", pngHeader(10000, 6000), DefaultLimits, fault.Invalid, "60.0 megapixels; the limit is 50.0"},
		{"a side too long", pngHeader(20001, 10), DefaultLimits, fault.Invalid, "the limit for a side is 20000"},
		{"a header that lies", pngHeader(7000, 7000), DefaultLimits, fault.Invalid, "49.0 megapixels but holds only 33 bytes"},
		{"too many bytes", jpg, Limits{MaxBytes: 100, MaxPixels: 1e6, MaxSide: 1e4}, fault.TooLarge, "the limit is"},
		{"two pages", twoPageTIFF(t), DefaultLimits, fault.Invalid, "more than one page"},
		{"a TIFF without a directory", []byte("II*\x00\xff\xff\xff\x7f"), DefaultLimits, fault.Invalid, "not a complete TIFF picture"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, _, err := Decode(tt.data, tt.lim)
			if p != nil || !fault.Is(err, tt.kind) {
				t.Fatalf("picture %v, error %v; want kind %v", p != nil, err, tt.kind)
			}
			if msg := fault.From(err).Message; !strings.Contains(msg, tt.says) {
				t.Errorf("message %q does not say %q", msg, tt.says)
			}
		})
	}
}

func TestDecodeReadsXMP(t *testing.T) {
	jpg := must[[]byte](t)(corners(16, 16).EncodeJPEG(90))
	for _, tt := range []struct{ xmp, want string }{
		{`<rdf:Description xmp:CreatorTool="Adobe Photoshop 25.0 (Windows)"/>`, "Adobe Photoshop 25.0 (Windows)"},
		{`<xmp:CreatorTool>GIMP &amp; co</xmp:CreatorTool>`, "GIMP & co"},
		{`<xmp:CreatorTool>unfinished`, ""},
		{`xmp:CreatorTool`, ""},
		{`<x/>`, ""},
	} {
		_, info, err := Decode(withAPP1(jpg, []byte("http://ns.adobe.com/xap/1.0/\x00"+tt.xmp)), DefaultLimits)
		if err != nil || info.CreatorTool != tt.want {
			t.Errorf("%s: %q, %v; want %q", tt.xmp, info.CreatorTool, err, tt.want)
		}
	}
}

func TestReadEXIFSurvivesDamage(t *testing.T) {
	good := exifBlock(binary.LittleEndian, 6, "Camera 1.0")
	far := slices.Clone(good)
	binary.LittleEndian.PutUint32(far[4:], 1<<31)
	text := slices.Clone(good)
	binary.LittleEndian.PutUint32(text[8+2+12+4:], 1<<31) // length of the text
	for _, tt := range []struct {
		name  string
		block []byte
		want  metadata
	}{
		{"good", good, metadata{orientation: 6, software: "Camera 1.0"}},
		{"orientation out of range", exifBlock(binary.LittleEndian, 9, "Camera"), metadata{orientation: 1, software: "Camera"}},
		{"control characters", exifBlock(binary.BigEndian, 1, "a\x1b[31m\nb"), metadata{orientation: 1, software: "a[31mb"}},
		{"long text is cut", exifBlock(binary.BigEndian, 1, strings.Repeat("x", 1000)), metadata{orientation: 1, software: strings.Repeat("x", maxText)}},
		{"directory far outside", far, metadata{orientation: 1}},
		{"text far outside", text, metadata{orientation: 6}},
		{"cut in the directory", good[:20], metadata{orientation: 1}},
		{"empty", nil, metadata{orientation: 1}},
	} {
		m := metadata{orientation: 1}
		m.readEXIF(tt.block)
		if m != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, m, tt.want)
		}
	}
}

func TestFromImageAgreesWithTheStandardLibrary(t *testing.T) {
	rect := image.Rect(0, 0, 33, 17)
	noisy := func(i int) uint8 { return uint8(i*i*7 + i*31) }
	var images []image.Image
	for _, ratio := range []image.YCbCrSubsampleRatio{
		image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420,
		image.YCbCrSubsampleRatio440, image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410,
	} {
		img := image.NewYCbCr(rect, ratio)
		for plane, p := range [][]uint8{img.Y, img.Cb, img.Cr} {
			for i := range p {
				p[i] = noisy(i + plane)
			}
		}
		images = append(images, img, img.SubImage(image.Rect(3, 2, 30, 15)))
	}
	cmyk := image.NewCMYK(rect)
	for i := range cmyk.Pix {
		cmyk.Pix[i] = noisy(i)
	}
	images = append(images, cmyk)
	for _, img := range images {
		p := FromImage(img)
		b := img.Bounds()
		for y := range p.H {
			for x := range p.W {
				r, g, bl, _ := img.At(b.Min.X+x, b.Min.Y+y).RGBA()
				for c, want := range []uint32{r, g, bl} {
					got := int(p.Pix[3*(y*p.W+x)+c])
					if diff := got - int(want>>8); diff < -1 || diff > 1 {
						t.Fatalf("%T: pixel %d,%d channel %d is %d, want %d", img, x, y, c, got, want>>8)
					}
				}
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	jpg := must[[]byte](f)(corners(16, 8).EncodeJPEG(80))
	f.Add(jpg)
	f.Add(withAPP1(jpg, append([]byte("Exif\x00\x00"), exifBlock(binary.LittleEndian, 6, "Camera")...)))
	f.Add(must[[]byte](f)(corners(8, 8).EncodePNG()))
	f.Add(twoPageTIFF(f))
	f.Add(webp1x1)
	f.Add(pngHeader(10000, 6000))
	lim := Limits{MaxBytes: 1 << 20, MaxPixels: 1 << 20, MaxSide: 4096}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, info, err := Decode(data, lim)
		if err != nil {
			if fault.From(err).Kind == fault.Internal {
				t.Fatalf("an unclassified error: %v", err)
			}
			return
		}
		if p.W != info.Width || p.H != info.Height || len(p.Pix) != 3*p.W*p.H || p.W*p.H > lim.MaxPixels {
			t.Fatalf("picture %dx%d with %d bytes, info %+v", p.W, p.H, len(p.Pix), info)
		}
	})
}

func FuzzEXIF(f *testing.F) {
	f.Add(exifBlock(binary.LittleEndian, 6, "Camera 1.0"))
	f.Add(exifBlock(binary.BigEndian, 3, strings.Repeat("x", 300)))
	f.Add(webp1x1)
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, format := range []string{"jpeg", "png", "webp", "tiff"} {
			m := readMetadata(format, data)
			if m.orientation < 1 || m.orientation > 8 || len(m.software) > maxText || len(m.creatorTool) > maxText {
				t.Fatalf("%s: %+v", format, m)
			}
		}
		tiffPages(data)
	})
}

func BenchmarkDecodeJPEG(b *testing.B) {
	data := must[[]byte](b)(corners(1600, 1200).EncodeJPEG(85))
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := Decode(data, DefaultLimits); err != nil {
				b.Fatal(err)
			}
		}
	})
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("convert", func(b *testing.B) {
		for b.Loop() {
			FromImage(img)
		}
	})
}
