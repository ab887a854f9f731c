// Package face compares the portrait on an identity card with a selfie: it
// finds faces, embeds them, judges their quality and looks for signs that a
// selfie shows a screen or a print instead of a person.
//
// It is pure pre- and post-processing round the model port of package nn. It
// must not know files, networks, runtimes, cards' layouts or verifications.
// Sizes, colour order, normalisation and thresholds come from each model's
// nn.Spec, so that another network of the same family drops in.
package face

import "anycheck/internal/imaging"

// Box is a rectangle in pixels. It may reach outside the picture.
type Box struct {
	X float64 `json:"x"` // left
	Y float64 `json:"y"` // top
	W float64 `json:"width"`
	H float64 `json:"height"`
}

func (b Box) area() float64 { return b.W * b.H }

func (b Box) centre() imaging.Point { return imaging.Point{X: b.X + b.W/2, Y: b.Y + b.H/2} }

// iou is intersection over union, 0..1.
func (b Box) iou(o Box) float64 {
	w := min(b.X+b.W, o.X+o.W) - max(b.X, o.X)
	h := min(b.Y+b.H, o.Y+o.H) - max(b.Y, o.Y)
	if w <= 0 || h <= 0 {
		return 0
	}
	return w * h / (b.area() + o.area() - w*h)
}

// Landmarks are the image-left eye, image-right eye, nose, image-left and
// image-right mouth corner, in pixels.
type Landmarks [5]imaging.Point

// Face is one face in a picture.
type Face struct {
	Box       Box
	Landmarks Landmarks
	Score     float64 // the detector's confidence, 0..1
}

// mapped moves a face by f, which must keep rectangles upright.
func (a Face) mapped(f func(imaging.Point) imaging.Point) Face {
	p := f(imaging.Point{X: a.Box.X, Y: a.Box.Y})
	q := f(imaging.Point{X: a.Box.X + a.Box.W, Y: a.Box.Y + a.Box.H})
	a.Box = Box{X: min(p.X, q.X), Y: min(p.Y, q.Y), W: max(p.X, q.X) - min(p.X, q.X), H: max(p.Y, q.Y) - min(p.Y, q.Y)}
	for i := range a.Landmarks {
		a.Landmarks[i] = f(a.Landmarks[i])
	}
	return a
}

func (a Face) scaled(by float64) Face {
	return a.mapped(func(q imaging.Point) imaging.Point { return imaging.Point{X: q.X * by, Y: q.Y * by} })
}
