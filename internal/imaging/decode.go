package imaging

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"

	"anycheck/internal/fault"
)

// Limits bound what Decode reads and allocates.
type Limits struct {
	MaxBytes  int64 // size of the file
	MaxPixels int   // width x height
	MaxSide   int   // longest side in pixels
}

// DefaultLimits suit photos from telephones and scans at 600 dpi.
var DefaultLimits = Limits{MaxBytes: 20 << 20, MaxPixels: 50_000_000, MaxSide: 20_000}

// Info is what a file says about the picture in it.
type Info struct {
	Format string // "jpeg", "png", "webp" or "tiff", by content
	// Width and Height in pixels as displayed, after orientation.
	Width, Height int
	Orientation   int    // EXIF orientation that was applied, 1..8
	Software      string // EXIF Software: the program that wrote the file; may be empty
	CreatorTool   string // XMP CreatorTool of a JPEG; may be empty
}

// emptyAbove and pixelsPerByte refuse a tiny file whose header promises a huge
// picture before memory is spent on it: no photo or scan compresses that far.
const (
	emptyAbove    = 1_000_000 // pixels; below, memory is no concern
	pixelsPerByte = 1000
)

// format is how one kind of file is read.
type format struct {
	name   string // as in Info
	label  string // as people call it
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}

var (
	formatJPEG = format{"jpeg", "JPEG", jpeg.DecodeConfig, jpeg.Decode}
	formatPNG  = format{"png", "PNG", png.DecodeConfig, png.Decode}
	formatWebP = format{"webp", "WebP", webp.DecodeConfig, webp.Decode}
	formatTIFF = format{"tiff", "TIFF", tiff.DecodeConfig, tiff.Decode}
)

// Decode reads a JPEG, PNG, WebP or single-page TIFF picture, turned upright
// as its EXIF orientation says, with transparent parts over white. The kind is
// decided by content. Limits are checked on the header, before pixels are
// allocated.
//
// Errors are faults with a message for people: TooLarge for the file's size,
// Unsupported for a kind that is not read, Invalid for everything else.
func Decode(data []byte, lim Limits) (*Picture, Info, error) {
	if int64(len(data)) > lim.MaxBytes {
		return nil, Info{}, fault.New(fault.TooLarge, "The file has %s; the limit is %s.", megabytes(int64(len(data))), megabytes(lim.MaxBytes))
	}
	f, err := sniff(data)
	if err != nil {
		return nil, Info{}, err
	}
	cfg, err := f.config(bytes.NewReader(data))
	if err != nil {
		return nil, Info{}, f.broken(err)
	}
	if err := lim.check(cfg.Width, cfg.Height, len(data)); err != nil {
		return nil, Info{}, err
	}
	if f.name == "tiff" {
		if n := tiffPages(data); n > 1 {
			return nil, Info{}, fault.New(fault.Invalid, "The TIFF file has more than one page. Please send the page with the picture as a file of its own.")
		}
	}
	img, err := f.decode(bytes.NewReader(data))
	if err != nil {
		return nil, Info{}, f.broken(err)
	}
	meta := readMetadata(f.name, data)
	pic := FromImage(img).orient(meta.orientation)
	return pic, Info{
		Format: f.name, Width: pic.W, Height: pic.H,
		Orientation: meta.orientation, Software: meta.software, CreatorTool: meta.creatorTool,
	}, nil
}

func (l Limits) check(w, h, size int) error {
	if w < 1 || h < 1 {
		return fault.New(fault.Invalid, "The picture is empty.")
	}
	if w > l.MaxSide || h > l.MaxSide {
		return fault.New(fault.Invalid, "The picture is %d x %d pixels; the limit for a side is %d pixels.", w, h, l.MaxSide)
	}
	pixels := w * h // both sides are at most MaxSide
	if pixels > l.MaxPixels {
		return fault.New(fault.Invalid, "The picture has %s; the limit is %s. Please send a smaller one.", megapixels(pixels), megapixels(l.MaxPixels))
	}
	if pixels > emptyAbove && size < pixels/pixelsPerByte {
		return fault.New(fault.Invalid, "The file claims a picture of %s but holds only %d bytes: it is blank or damaged.", megapixels(pixels), size)
	}
	return nil
}

func megapixels(n int) string  { return fmt.Sprintf("%.1f megapixels", float64(n)/1e6) }
func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/(1<<20)) }

// sniff tells the kind of a file from its first bytes.
func sniff(data []byte) (format, error) {
	has := func(at int, magic string) bool {
		return len(data) >= at+len(magic) && string(data[at:at+len(magic)]) == magic
	}
	switch {
	case has(0, "\xff\xd8\xff"):
		return formatJPEG, nil
	case has(0, "\x89PNG\r\n\x1a\n"):
		return formatPNG, nil
	case has(0, "RIFF") && has(8, "WEBP"):
		return formatWebP, nil
	case has(0, "II*\x00"), has(0, "MM\x00*"):
		return formatTIFF, nil
	case has(4, "ftyp"):
		// ISO base media; the brands of the HEIF family (ISO/IEC 23008-12, AVIF).
		for _, brand := range []string{"heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1", "avif", "avis"} {
			if has(8, brand) {
				return format{}, fault.New(fault.Unsupported, "HEIC pictures are not read. Please send the photo as JPEG (on an iPhone: Settings, Camera, Formats, Most Compatible).")
			}
		}
	case len(data) == 0:
		return format{}, fault.New(fault.Invalid, "The file is empty.")
	}
	return format{}, fault.New(fault.Unsupported, "The file is not a JPEG, PNG, WebP or TIFF picture, nor a PDF.")
}

// broken turns a decoder's error into a fault.
func (f format) broken(err error) error {
	var (
		j jpeg.UnsupportedError
		p png.UnsupportedError
		t tiff.UnsupportedError
	)
	if errors.As(err, &j) || errors.As(err, &p) || errors.As(err, &t) {
		return fault.Wrap(err, fault.Unsupported, "This variant of %s is not read. Please save the picture as a plain JPEG or PNG.", f.label)
	}
	return fault.Wrap(err, fault.Invalid, "The file is not a complete %s picture. Please send it again.", f.label)
}

// tiffPages counts the pages of a TIFF file up to 2, leaving out reduced copies
// (NewSubfileType bit 0) such as thumbnails. The first directory always counts.
func tiffPages(data []byte) int {
	const maxDirectories = 16 // also ends a loop of offsets
	order := byteOrder(data)
	if order == nil {
		return 0
	}
	pages := 0
	at := int64(order.Uint32(data[4:]))
	for dir := 0; dir < maxDirectories && at != 0 && pages < 2; dir++ {
		entries, next, ok := tiffDirectory(data, order, at)
		if !ok {
			break
		}
		reduced := false
		for e := range bytesOf(entries, 12) {
			if order.Uint16(e) == tagNewSubfileType {
				reduced = order.Uint32(e[8:])&1 != 0
			}
		}
		if !reduced || dir == 0 {
			pages++
		}
		at = next
	}
	return pages
}

// byteOrder reads the first bytes of a TIFF structure; nil when it is none.
func byteOrder(data []byte) binary.ByteOrder {
	if len(data) < 8 {
		return nil
	}
	switch string(data[:4]) {
	case "II*\x00":
		return binary.LittleEndian
	case "MM\x00*":
		return binary.BigEndian
	}
	return nil
}
