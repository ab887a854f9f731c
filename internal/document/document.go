// Package document opens uploaded files: it tells by content what a file is,
// decodes its pictures within limits and draws the pages of PDFs.
//
// It must not know cards, faces, storage or HTTP. PDFs are read by pdfium
// compiled to WebAssembly, see docs/adr/0003-pdf.md.
package document

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"time"

	"anycheck/internal/fault"
	"anycheck/internal/imaging"
	"anycheck/internal/verification"
)

// Options bound what a file may cost.
type Options struct {
	Picture  imaging.Limits // MaxBytes and MaxSide hold for PDFs too
	MaxPages int            // pages of one PDF

	DPI           int // a PDF page is drawn at this resolution,
	MaxPagePixels int // or lower where it would exceed this many pixels

	Timeout   time.Duration // for one Inspect or Page, waiting for a turn not counted
	Parallel  int           // PDFs, and pictures, read at the same time; a PDF may take MemoryMiB
	MemoryMiB int           // memory of the sandbox that reads one PDF, at most 4096

	// CacheDir keeps the compiled PDF reader between starts; empty compiles it
	// anew. It holds machine code that is run: nobody else may write there.
	CacheDir string
}

// DefaultOptions draw an A4 page at 300 dpi (8.7 megapixels), so that a card
// on it is as wide as the 1012 pixels that reading works with.
var DefaultOptions = Options{
	Picture:  imaging.DefaultLimits,
	MaxPages: 50,
	DPI:      300, MaxPagePixels: 16_000_000,
	Timeout: 30 * time.Second, Parallel: 2, MemoryMiB: 1024,
}

const pdfType = "application/pdf"

// Opener reads files; it implements verification.Documents and may be used
// from several goroutines. The PDF reader starts with the first PDF.
type Opener struct {
	opts Options
	pdf  pdfReader
	// decoding has a place for each picture that may be decoded at once: one
	// of 50 megapixels takes 150 MB and, when progressive, 600 more.
	decoding chan struct{}
}

// New makes an Opener; Close ends it.
func New(opts Options) *Opener {
	return &Opener{opts: opts, pdf: pdfReader{opts: opts}, decoding: make(chan struct{}, max(1, opts.Parallel))}
}

// Close frees the PDF reader after the calls in progress have ended.
func (o *Opener) Close() error { return o.pdf.close() }

// Inspect decodes a picture, or opens every page of a PDF and draws the
// first, and tells what the file is. The password is used for a protected PDF
// only; Unlocked is then the PDF without it. Errors that the sender can mend
// are Invalid, TooLarge or Unsupported faults.
func (o *Opener) Inspect(ctx context.Context, data []byte, password string) (verification.Document, error) {
	if isPDF(data) {
		return o.pdf.inspect(ctx, data, password)
	}
	_, info, err := o.decode(ctx, data)
	if err != nil {
		return verification.Document{}, err
	}
	return verification.Document{MediaType: "image/" + info.Format, Pages: 1}, nil
}

// Page decodes page number page, 0-based, of a file that Inspect accepted. A
// picture has only page 0. The Info of a PDF page has the format "pdf" and no
// software: what drew the picture is this program.
func (o *Opener) Page(ctx context.Context, data []byte, page int) (*imaging.Picture, imaging.Info, error) {
	if isPDF(data) {
		return o.pdf.page(ctx, data, page)
	}
	if page != 0 {
		return nil, imaging.Info{}, noPage(page, 1)
	}
	return o.decode(ctx, data)
}

func (o *Opener) decode(ctx context.Context, data []byte) (*imaging.Picture, imaging.Info, error) {
	select {
	case o.decoding <- struct{}{}:
		defer func() { <-o.decoding }()
		return imaging.Decode(data, o.opts.Picture)
	case <-ctx.Done():
		return nil, imaging.Info{}, ctx.Err()
	}
}

func noPage(page, pages int) error {
	return fault.New(fault.Invalid, "The file has no page %d; it has %d.", page+1, pages)
}

// isPDF looks for the header in the first 1024 bytes, where readers accept it
// (ISO 32000-1, annex H.3), unless the file begins as a picture does.
func isPDF(data []byte) bool {
	head := data[:min(len(data), 1024)]
	return bytes.Contains(head, []byte("%PDF-")) && !strings.HasPrefix(http.DetectContentType(head), "image/")
}
