package document

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"anycheck/internal/fault"
	"anycheck/internal/imaging"
	"anycheck/internal/verification"
)

var _ verification.Documents = (*Opener)(nil)

// writePDF makes a PDF of n pages of w x h points, each with the content
// stream given and, as /Im, the JPEG given (none when nil).
func writePDF(n int, w, h float64, content string, jpg []byte, jw, jh int) []byte {
	var b bytes.Buffer
	var offsets []int
	object := func(body string) {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(offsets), body)
	}
	b.WriteString("%PDF-1.4\n")
	object("<< /Type /Catalog /Pages 2 0 R >>")
	kids := make([]string, n)
	for i := range kids {
		kids[i] = fmt.Sprintf("%d 0 R", 5+i)
	}
	object(fmt.Sprintf("<< /Type /Pages /Count %d /Kids [%s] >>", n, strings.Join(kids, " ")))
	object(fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(content), content))
	object(fmt.Sprintf("<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode /Length %d >>\nstream\n%s\nendstream", jw, jh, len(jpg), jpg))
	for range n {
		object(fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %g %g] /Contents 3 0 R /Resources << /XObject << /Im 4 0 R >> >> >>", w, h))
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, at := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, xref)
	return b.Bytes()
}

// redSquare fills the lower left quarter of a 200 x 100 page with red.
const redSquare = "1 0 0 rg 0 0 100 50 re f"

func drawn(t testing.TB, encode func(*bytes.Buffer, image.Image) error) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 40, 30))
	for i := range img.Pix {
		img.Pix[i] = uint8(i)
	}
	var b bytes.Buffer
	if err := encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(b *bytes.Buffer, m image.Image) error  { return png.Encode(b, m) }
func asJPEG(b *bytes.Buffer, m image.Image) error { return jpeg.Encode(b, m, nil) }

func testdata(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// options share the compiled PDF reader among the tests: compiling it is what
// costs time.
var options = DefaultOptions

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "document-test")
	if err != nil {
		panic(err)
	}
	options.CacheDir = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

var opener = sync.OnceValue(func() *Opener { return New(options) })

func TestInspect(t *testing.T) {
	card := writePDF(1, 200, 100, redSquare, nil, 0, 0)
	tests := []struct {
		name, password string
		data           []byte
		want           verification.Document // of a file that is taken
		kind           fault.Kind            // of one that is not
		message        string
	}{
		{name: "a JPEG", data: drawn(t, asJPEG), want: verification.Document{MediaType: "image/jpeg", Pages: 1}},
		{name: "a PNG", data: drawn(t, asPNG), want: verification.Document{MediaType: "image/png", Pages: 1}},
		{name: "a PNG with a password nobody needs", password: "x", data: drawn(t, asPNG), want: verification.Document{MediaType: "image/png", Pages: 1}},
		{name: "a PDF", data: card, want: verification.Document{MediaType: "application/pdf", Pages: 1}},
		{name: "a PDF after junk", data: append([]byte("junk\n"), card...), want: verification.Document{MediaType: "application/pdf", Pages: 1}},
		{name: "a PDF with a password nobody needs", password: "x", data: card, want: verification.Document{MediaType: "application/pdf", Pages: 1}},
		{name: "a PDF of 50 pages", data: writePDF(50, 20, 10, "", nil, 0, 0), want: verification.Document{MediaType: "application/pdf", Pages: 50}},
		{name: "a PDF of 51 pages", data: writePDF(51, 20, 10, "", nil, 0, 0), kind: fault.Invalid, message: "The PDF has 51 pages; at most 50 are taken."},
		{name: "a PDF without pages", data: writePDF(0, 20, 10, "", nil, 0, 0), kind: fault.Invalid, message: "The PDF has no pages."},
		{name: "a PDF cut off", data: card[:60], kind: fault.Invalid, message: "The file is not a complete PDF. Please save or scan it again."},
		{name: "a PDF with a page that is none", data: bytes.Replace(writePDF(2, 200, 100, "", nil, 0, 0), []byte("6 0 obj\n<< /Type /Page "), []byte("6 0 obj\n<< /Type /Font "), 1),
			kind: fault.Invalid, message: "Page 2 of the PDF cannot be read. Please save or scan it again."},
		{name: "a protected PDF without its password", data: testdata(t, "aes256.pdf"), kind: fault.Invalid, message: "The PDF is protected; send its password in file_passwords."},
		{name: "a protected PDF with another password", password: "wrong", data: testdata(t, "aes256.pdf"), kind: fault.Invalid, message: "The password does not open this PDF."},
		{name: "a text", data: []byte("hello"), kind: fault.Unsupported, message: "The file is not a JPEG, PNG, WebP or TIFF picture, nor a PDF."},
		{name: "a JPEG that names a PDF", data: append([]byte("\xff\xd8\xff\xfe\x00\x08%PDF-1"), drawn(t, asJPEG)[2:]...), want: verification.Document{MediaType: "image/jpeg", Pages: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := opener().Inspect(t.Context(), tt.data, tt.password)
			if tt.message != "" {
				if e := fault.From(err); err == nil || e.Kind != tt.kind || e.Message != tt.message {
					t.Fatalf("error %v, want %q of kind %d", err, tt.message, tt.kind)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.MediaType != tt.want.MediaType || got.Pages != tt.want.Pages || got.Unlocked != nil {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestUnlockedOpensWithoutPassword(t *testing.T) {
	for _, name := range []string{"aes256.pdf", "rc4.pdf"} {
		t.Run(name, func(t *testing.T) {
			doc, err := opener().Inspect(t.Context(), testdata(t, name), "rahasia")
			if err != nil {
				t.Fatal(err)
			}
			if doc.Pages != 1 || doc.MediaType != "application/pdf" || doc.Unlocked == nil {
				t.Fatalf("pages %d, type %s, unlocked %d bytes", doc.Pages, doc.MediaType, len(doc.Unlocked))
			}
			again, err := opener().Inspect(t.Context(), doc.Unlocked, "")
			if err != nil || again.Pages != 1 || again.Unlocked != nil {
				t.Fatalf("the copy: %+v, %v", again, err)
			}
			pic, _, err := opener().Page(t.Context(), doc.Unlocked, 0)
			if err != nil {
				t.Fatal(err)
			}
			if got := colourAt(pic, pic.W/2, pic.H/2); got != (color.RGBA{128, 128, 128, 255}) {
				t.Errorf("the middle of the copy is %v, want grey", got)
			}
		})
	}
}

func colourAt(p *imaging.Picture, x, y int) color.RGBA {
	px := p.Pix[3*(y*p.W+x):]
	return color.RGBA{px[0], px[1], px[2], 255}
}

func TestPageOfPDF(t *testing.T) {
	red, white := color.RGBA{255, 0, 0, 255}, color.RGBA{255, 255, 255, 255}
	tests := []struct {
		name   string
		w, h   float64 // points
		pw, ph int     // pixels
	}{
		{"a small page at full resolution", 200, 100, 833, 416},
		{"A4", 595, 842, 2479, 3508},
		{"a page with a point for a pixel stays within 16 megapixels", 4000, 3000, 4618, 3464},
		{"a long strip stays within the side", 14400, 10, 20000, 13},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			square := fmt.Sprintf("1 0 0 rg 0 0 %g %g re f", tt.w/2, tt.h/2)
			pic, info, err := opener().Page(t.Context(), writePDF(1, tt.w, tt.h, square, nil, 0, 0), 0)
			if err != nil {
				t.Fatal(err)
			}
			if pic.W != tt.pw || pic.H != tt.ph {
				t.Errorf("drawn as %d x %d, want %d x %d", pic.W, pic.H, tt.pw, tt.ph)
			}
			if want := (imaging.Info{Format: "pdf", Width: pic.W, Height: pic.H, Orientation: 1}); info != want {
				t.Errorf("info %+v, want %+v", info, want)
			}
			if got := colourAt(pic, pic.W/4, 3*pic.H/4); got != red {
				t.Errorf("lower left is %v, want red", got)
			}
			if got := colourAt(pic, 3*pic.W/4, pic.H/4); got != white {
				t.Errorf("upper right is %v, want white", got)
			}
		})
	}
}

// A card scanned at 300 dpi must come back with its finest lines apart.
func TestScanInPDFStaysSharp(t *testing.T) {
	const w, h = 1012, 638 // 85.6 x 54 mm at 300 dpi
	scan := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			scan.SetGray(x, y, color.Gray{Y: uint8(255 * (x / 2 % 2))}) // lines 2 pixels wide
		}
	}
	rgba := image.NewRGBA(scan.Rect)
	for i, v := range scan.Pix {
		rgba.Pix[4*i], rgba.Pix[4*i+1], rgba.Pix[4*i+2], rgba.Pix[4*i+3] = v, v, v, 255
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, rgba, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	const a4w, a4h = 595.276, 841.89
	place := fmt.Sprintf("%g 0 0 %g 100 400 cm /Im Do", w*72/300.0, h*72/300.0)
	pic, _, err := opener().Page(t.Context(), writePDF(1, a4w, a4h, place, b.Bytes(), w, h), 0)
	if err != nil {
		t.Fatal(err)
	}
	row := pic.Gray()
	const dpi = 300
	y := pic.H - 550*dpi/72
	var contrast, n int
	for x := 110 * dpi / 72; x < 330*dpi/72; x++ {
		contrast += max(int(row.Pix[y*row.W+x]), int(row.Pix[y*row.W+x+2])) - min(int(row.Pix[y*row.W+x]), int(row.Pix[y*row.W+x+2]))
		n++
	}
	if mean := contrast / n; mean < 120 {
		t.Errorf("neighbouring lines differ by %d of 255 on average, want 120 at least", mean)
	}
}

func TestPageOfPicture(t *testing.T) {
	pic, info, err := opener().Page(t.Context(), drawn(t, asPNG), 0)
	if err != nil || pic.W != 40 || pic.H != 30 || info.Format != "png" {
		t.Errorf("got %+v, %v", info, err)
	}
	for name, data := range map[string][]byte{"picture": drawn(t, asPNG), "PDF": writePDF(1, 20, 10, "", nil, 0, 0)} {
		for _, page := range []int{-1, 1} {
			if _, _, err := opener().Page(t.Context(), data, page); !fault.Is(err, fault.Invalid) {
				t.Errorf("page %d of a %s: %v", page, name, err)
			}
		}
	}
}

func TestLimits(t *testing.T) {
	opts := options
	opts.Picture.MaxBytes = 100
	small := New(opts)
	if _, err := small.Inspect(t.Context(), writePDF(1, 20, 10, "", nil, 0, 0), ""); !fault.Is(err, fault.TooLarge) {
		t.Errorf("a PDF over the limit: %v", err)
	}

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := opener().Inspect(ended, writePDF(1, 20, 10, "", nil, 0, 0), ""); !errors.Is(err, context.Canceled) {
		t.Errorf("after the caller left: %v", err)
	}
}

// busy paints half a million squares: seconds of work on any machine.
func busy() []byte {
	return writePDF(1, 500, 500, strings.Repeat("0 0 500 500 re f\n", 200_000), nil, 0, 0)
}

func TestSlowPDFIsStopped(t *testing.T) {
	opts := options
	opts.Timeout = time.Millisecond
	o := New(opts)
	defer o.Close()
	if _, err := o.Inspect(t.Context(), busy(), ""); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.From(err).Message, "takes longer than 1ms") {
		t.Fatalf("a slow PDF: %v", err)
	}
	// The stopped sandbox must have given its place back.
	o.pdf.opts.Timeout = time.Minute
	for range opts.Parallel + 1 {
		if _, err := o.Inspect(t.Context(), writePDF(1, 20, 10, "", nil, 0, 0), ""); err != nil {
			t.Fatal(err)
		}
	}
}

// A picture that would need more memory than the sandbox has leaves the
// process alone.
func TestMemoryIsBounded(t *testing.T) {
	opts := options
	opts.MemoryMiB = 32
	o := New(opts)
	defer o.Close()
	_, err := o.Inspect(t.Context(), writePDF(1, 842, 1191, redSquare, nil, 0, 0), "") // 3508 x 4962 pixels need 66 MiB
	if !fault.Is(err, fault.Invalid) {
		t.Fatalf("a page larger than the sandbox: %v", err)
	}
	if _, err := o.Inspect(t.Context(), writePDF(1, 20, 10, "", nil, 0, 0), ""); err != nil {
		t.Fatalf("the next file: %v", err)
	}
}

func TestParallelAndClose(t *testing.T) {
	opts := options
	o := New(opts)
	data := writePDF(3, 200, 100, redSquare, nil, 0, 0)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			if doc, err := o.Inspect(t.Context(), data, ""); err != nil || doc.Pages != 3 {
				t.Errorf("got %+v, %v", doc, err)
			}
		})
	}
	wg.Wait()
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Inspect(t.Context(), data, ""); !errors.Is(err, errEnded) {
		t.Errorf("after Close: %v", err)
	}
	if _, err := o.Inspect(t.Context(), drawn(t, asPNG), ""); err != nil {
		t.Errorf("pictures need no PDF reader: %v", err)
	}
	if err := New(opts).Close(); err != nil {
		t.Errorf("Close without a PDF: %v", err)
	}
}

func FuzzInspect(f *testing.F) {
	f.Add(drawn(f, asJPEG), "")
	f.Add(drawn(f, asPNG), "x")
	f.Add(writePDF(2, 20, 10, redSquare, nil, 0, 0), "")
	f.Add(testdata(f, "rc4.pdf"), "rahasia")
	f.Add([]byte("%PDF-1.4\nnothing"), "")
	opts := options
	opts.DPI, opts.MaxPagePixels, opts.MemoryMiB, opts.Timeout = 36, 1<<18, 128, 5*time.Second
	opts.Picture.MaxPixels = 1 << 20
	o := New(opts)
	f.Cleanup(func() { o.Close() })
	// The reader starts here: it takes longer than one input may.
	if _, err := o.Inspect(f.Context(), writePDF(1, 20, 10, "", nil, 0, 0), ""); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte, password string) {
		doc, err := o.Inspect(t.Context(), data, password)
		if err != nil {
			if fault.From(err).Kind == fault.Internal {
				t.Fatalf("a bad file became a fault of ours: %v", err)
			}
			return
		}
		if doc.MediaType == "" || doc.Pages < 1 || doc.Pages > opts.MaxPages {
			t.Fatalf("got %+v", doc)
		}
		if doc.Unlocked != nil {
			data = doc.Unlocked
		}
		if pic, _, err := o.Page(t.Context(), data, 0); err != nil || pic.W < 1 || pic.H < 1 {
			t.Fatalf("inspected, but page 1: %v", err)
		}
	})
}

func BenchmarkStart(b *testing.B) {
	data := writePDF(1, 20, 10, "", nil, 0, 0)
	if _, err := opener().Inspect(b.Context(), data, ""); err != nil { // fills the cache
		b.Fatal(err)
	}
	for name, dir := range map[string]string{"compile": "", "cached": options.CacheDir} {
		b.Run(name, func(b *testing.B) {
			opts := options
			opts.CacheDir = dir
			for b.Loop() {
				o := New(opts)
				if _, err := o.Inspect(b.Context(), data, ""); err != nil {
					b.Fatal(err)
				}
				o.Close()
			}
		})
	}
}

func BenchmarkPageA4(b *testing.B) {
	data := writePDF(1, 595, 842, redSquare, nil, 0, 0)
	if _, _, err := opener().Page(b.Context(), data, 0); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, _, err := opener().Page(b.Context(), data, 0); err != nil {
			b.Fatal(err)
		}
	}
}
