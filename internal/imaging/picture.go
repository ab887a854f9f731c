// Package imaging holds pictures in memory and the pixel operations that the
// reading, matching and inspecting rooms share: decoding foreign bytes within
// limits, orientation, resizing, warping, filters, tensors.
//
// It must not know cards, faces or models, and does no I/O.
package imaging

// Picture is an 8-bit RGB image, interleaved, row-major, without padding:
// pixel (x, y) has its red at Pix[3*(y*W+x)].
type Picture struct {
	W, H int
	Pix  []uint8
}

// New makes a black picture.
func New(w, h int) *Picture { return &Picture{W: w, H: h, Pix: make([]uint8, 3*w*h)} }

// Gray is an 8-bit single-channel image, row-major, without padding.
type Gray struct {
	W, H int
	Pix  []uint8
}

// NewGray makes a black single-channel image.
func NewGray(w, h int) *Gray { return &Gray{W: w, H: h, Pix: make([]uint8, w*h)} }

// Point is a position in pixels; (0, 0) is the centre of the top left pixel.
type Point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}
