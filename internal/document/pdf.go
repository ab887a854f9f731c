package document

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"sync"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/enums"
	pdfium_errors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"anycheck/internal/fault"
	"anycheck/internal/imaging"
	"anycheck/internal/verification"
)

// pdfReader runs pdfium in WebAssembly sandboxes that see no file, no network
// and no more memory than they are given. Every document gets a fresh one, so
// nothing of it is left for the next.
type pdfReader struct {
	opts Options

	inUse sync.RWMutex // held for reading during a call, for writing by close
	mu    sync.Mutex   // guards what follows
	pool  pdfium.Pool
	cache wazero.CompilationCache // nil without CacheDir
	ended bool
}

var errEnded = errors.New("document: the opener is closed")

// start compiles pdfium, with the first PDF: seconds of work on every core,
// next to nothing when the cache folder has the outcome.
func (r *pdfReader) start() (pdfium.Pool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return nil, errEnded
	}
	if r.pool != nil {
		return r.pool, nil
	}
	const pagesPerMiB = 16 // of 64 KiB
	runtimeConfig := wazero.NewRuntimeConfig().
		WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling). // pdfium's setjmp
		WithMemoryLimitPages(uint32(r.opts.MemoryMiB) * pagesPerMiB).
		WithCloseOnContextDone(true) // Kill stops a call that runs
	if r.opts.CacheDir != "" && r.cache == nil {
		cache, err := wazero.NewCompilationCacheWithDir(r.opts.CacheDir)
		if err != nil {
			return nil, fmt.Errorf("open the PDF reader's cache: %w", err)
		}
		r.cache = cache
	}
	if r.cache != nil {
		runtimeConfig = runtimeConfig.WithCompilationCache(r.cache)
	}
	pool, err := webassembly.Init(webassembly.Config{
		Context:       experimental.WithCompilationWorkers(context.Background(), runtime.GOMAXPROCS(0)),
		MaxTotal:      max(r.opts.Parallel, 1),
		FSConfig:      wazero.NewFSConfig(), // without it the whole disk is mounted
		Stdout:        io.Discard,
		Stderr:        io.Discard,
		RuntimeConfig: runtimeConfig,
	})
	if err != nil {
		return nil, fmt.Errorf("start the PDF reader: %w", err)
	}
	r.pool = pool
	return pool, nil
}

func (r *pdfReader) close() error {
	r.inUse.Lock()
	defer r.inUse.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
	if r.pool == nil {
		return nil
	}
	err := r.pool.Close()
	r.pool = nil
	if r.cache != nil {
		err = errors.Join(err, r.cache.Close(context.Background()))
	}
	return err
}

// with runs fn with a fresh sandbox and ends the sandbox when ctx ends or the
// time is up.
func (r *pdfReader) with(ctx context.Context, fn func(pdfium.Pdfium) error) error {
	r.inUse.RLock()
	defer r.inUse.RUnlock()
	pool, err := r.start()
	if err != nil {
		return err
	}
	instance, err := pool.GetInstanceWithContext(ctx)
	if err != nil {
		return errors.Join(ctx.Err(), fmt.Errorf("get a PDF sandbox: %w", err))
	}
	limited, cancel := context.WithTimeout(ctx, r.opts.Timeout)
	defer cancel()
	killed := make(chan struct{})
	stop := context.AfterFunc(limited, func() {
		_ = instance.Kill()
		close(killed)
	})
	err = fn(instance)
	if stop() {
		// The sandbox is thrown away: what closing it says changes nothing.
		_ = instance.Close()
		return err
	}
	<-killed
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fault.Wrap(err, fault.Invalid, "Reading the PDF takes longer than %s. Please send the page as a JPEG or PNG picture.", r.opts.Timeout)
}

func (r *pdfReader) inspect(ctx context.Context, data []byte, password string) (doc verification.Document, err error) {
	if err := r.checkSize(data); err != nil {
		return doc, err
	}
	err = r.with(ctx, func(p pdfium.Pdfium) error {
		ref, locked, err := open(p, data, password)
		if err != nil {
			return err
		}
		doc = verification.Document{MediaType: pdfType}
		if doc.Pages, err = r.checkPages(p, ref); err != nil {
			return err
		}
		if _, err := r.draw(p, ref, 0); err != nil {
			return err
		}
		if locked {
			doc.Unlocked, err = r.unlock(p, ref, doc.Pages)
		}
		return err
	})
	if err != nil {
		return verification.Document{}, err
	}
	return doc, nil
}

func (r *pdfReader) page(ctx context.Context, data []byte, page int) (pic *imaging.Picture, info imaging.Info, err error) {
	if err := r.checkSize(data); err != nil {
		return nil, info, err
	}
	err = r.with(ctx, func(p pdfium.Pdfium) error {
		ref, _, err := open(p, data, "")
		if err != nil {
			return err
		}
		pages, err := pageCount(p, ref)
		if err != nil {
			return err
		}
		if page < 0 || page >= pages {
			return noPage(page, pages)
		}
		pic, err = r.draw(p, ref, page)
		return err
	})
	if err != nil {
		return nil, info, err
	}
	return pic, imaging.Info{Format: "pdf", Width: pic.W, Height: pic.H, Orientation: 1}, nil
}

func (r *pdfReader) checkSize(data []byte) error {
	if limit := r.opts.Picture.MaxBytes; int64(len(data)) > limit {
		return fault.New(fault.TooLarge, "The PDF is larger than %.1f MB.", float64(limit)/(1<<20))
	}
	return nil
}

// open loads a document, with the password only if it does not open without;
// locked tells that it was needed.
func open(p pdfium.Pdfium, data []byte, password string) (ref references.FPDF_DOCUMENT, locked bool, err error) {
	doc, err := p.OpenDocument(&requests.OpenDocument{File: &data})
	if errors.Is(err, pdfium_errors.ErrPassword) {
		if password == "" {
			return ref, false, fault.New(fault.Invalid, "The PDF is protected; send its password in file_passwords.")
		}
		locked = true
		doc, err = p.OpenDocument(&requests.OpenDocument{File: &data, Password: &password})
	}
	switch {
	case err == nil:
		return doc.Document, locked, nil
	case errors.Is(err, pdfium_errors.ErrPassword):
		return ref, false, fault.New(fault.Invalid, "The password does not open this PDF.")
	case errors.Is(err, pdfium_errors.ErrSecurity):
		return ref, false, fault.Wrap(err, fault.Unsupported, "The PDF is protected in a way that is not read. Please send it without protection.")
	}
	return ref, false, broken(err)
}

func broken(err error) error {
	return fault.Wrap(err, fault.Invalid, "The file is not a complete PDF. Please save or scan it again.")
}

func pageCount(p pdfium.Pdfium, ref references.FPDF_DOCUMENT) (int, error) {
	count, err := p.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: ref})
	if err != nil {
		return 0, broken(err)
	}
	return count.PageCount, nil
}

// checkPages opens every page, so that a broken one is found while somebody
// is there to send it again.
func (r *pdfReader) checkPages(p pdfium.Pdfium, ref references.FPDF_DOCUMENT) (int, error) {
	n, err := pageCount(p, ref)
	switch {
	case err != nil:
		return 0, err
	case n < 1:
		return 0, fault.New(fault.Invalid, "The PDF has no pages.")
	case n > r.opts.MaxPages:
		return 0, fault.New(fault.Invalid, "The PDF has %d pages; at most %d are taken.", n, r.opts.MaxPages)
	}
	for i := range n {
		if _, _, err := r.pixels(p, ref, i); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// pixels opens a page and gives the size it is drawn at.
func (r *pdfReader) pixels(p pdfium.Pdfium, ref references.FPDF_DOCUMENT, page int) (w, h int, err error) {
	points, err := p.GetPageSize(&requests.GetPageSize{Page: at(ref, page)}) // 1/72 inch
	if err != nil {
		return 0, 0, fault.Wrap(err, fault.Invalid, "Page %d of the PDF cannot be read. Please save or scan it again.", page+1)
	}
	scale := float64(r.opts.DPI) / 72
	scale = min(scale, math.Sqrt(float64(r.opts.MaxPagePixels)/(points.Width*points.Height)))
	scale = min(scale, float64(r.opts.Picture.MaxSide)/max(points.Width, points.Height))
	fw, fh := points.Width*scale, points.Height*scale
	if !(fw >= 1 && fh >= 1) { // NaN too
		return 0, 0, fault.New(fault.Invalid, "Page %d of the PDF is empty.", page+1)
	}
	return int(fw), int(fh), nil
}

func at(ref references.FPDF_DOCUMENT, page int) requests.Page {
	return requests.Page{ByIndex: &requests.PageByIndex{Document: ref, Index: page}}
}

// draw renders a page over white, with the annotations a reader would see.
func (r *pdfReader) draw(p pdfium.Pdfium, ref references.FPDF_DOCUMENT, page int) (*imaging.Picture, error) {
	w, h, err := r.pixels(p, ref, page)
	if err != nil {
		return nil, err
	}
	bitmap, err := p.FPDFBitmap_Create(&requests.FPDFBitmap_Create{Width: w, Height: h}) // 4 bytes a pixel, the last unused
	if err != nil {
		return nil, undrawable(err, page)
	}
	_, err = p.FPDFBitmap_FillRect(&requests.FPDFBitmap_FillRect{Bitmap: bitmap.Bitmap, Width: w, Height: h, Color: 0xffffffff})
	if err != nil {
		return nil, undrawable(err, page)
	}
	_, err = p.FPDF_RenderPageBitmap(&requests.FPDF_RenderPageBitmap{Bitmap: bitmap.Bitmap, Page: at(ref, page), SizeX: w, SizeY: h,
		Flags: enums.FPDF_RENDER_FLAG_ANNOT | enums.FPDF_RENDER_FLAG_REVERSE_BYTE_ORDER})
	if err != nil {
		return nil, undrawable(err, page)
	}
	view, err := p.FPDFBitmap_GetBuffer(&requests.FPDFBitmap_GetBuffer{Bitmap: bitmap.Bitmap})
	if err != nil {
		return nil, undrawable(err, page)
	}
	if len(view.Buffer) != 4*w*h {
		return nil, undrawable(fmt.Errorf("bitmap of %d bytes for %d x %d pixels", len(view.Buffer), w, h), page)
	}
	pic := imaging.New(w, h)
	for i := range w * h {
		copy(pic.Pix[3*i:3*i+3], view.Buffer[4*i:])
	}
	// The buffer is memory of the sandbox and was copied; the sandbox is
	// thrown away, but it may draw another page first.
	_, err = p.FPDFBitmap_Destroy(&requests.FPDFBitmap_Destroy{Bitmap: bitmap.Bitmap})
	if err != nil {
		return nil, undrawable(err, page)
	}
	return pic, nil
}

func undrawable(err error, page int) error {
	return fault.Wrap(err, fault.Invalid, "Page %d of the PDF cannot be drawn. Please send it as a JPEG or PNG picture.", page+1)
}

// unlock saves the open document without its password and proves that the
// copy opens.
func (r *pdfReader) unlock(p pdfium.Pdfium, ref references.FPDF_DOCUMENT, pages int) ([]byte, error) {
	out := limitedBuffer{limit: r.opts.Picture.MaxBytes}
	_, err := p.FPDF_SaveAsCopy(&requests.FPDF_SaveAsCopy{Document: ref, Flags: requests.SaveFlagRemoveSecurity, FileWriter: &out})
	if err == nil {
		var copied references.FPDF_DOCUMENT
		if copied, _, err = open(p, out.Bytes(), ""); err == nil {
			var n int
			if n, err = pageCount(p, copied); err == nil && n != pages {
				err = fmt.Errorf("%d pages instead of %d", n, pages)
			}
		}
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "The protection of the PDF cannot be removed. Please send it without a password.")
	}
	return out.Bytes(), nil
}

// limitedBuffer refuses to grow beyond a limit.
type limitedBuffer struct {
	bytes.Buffer
	limit int64
}

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if int64(b.Len()+len(p)) > b.limit {
		return 0, errors.New("the copy is too large")
	}
	return b.Buffer.Write(p)
}
