// Package ktp reads Indonesian identity cards (KTP-el) from photos: it finds
// and rectifies the card, reads the fields where the card's layout has them,
// and knows what a number of the population register (NIK) must look like. A
// value comes with the evidence for it; what cannot be read stays empty.
//
// It must not know files, networks, requests or the runtime that executes the
// recogniser.
package ktp

import (
	"context"
	"math"

	"anycheck/internal/imaging"
	"anycheck/internal/nn"
	"anycheck/internal/ocr"
)

// minLayout is the layout score under which no text is even looked at: other
// pictures stay under 1.3, the worst cards read so far have 3.
const minLayout = 1.6

// Reader reads cards. It is safe for concurrent use.
type Reader struct {
	model   nn.Model
	regions *Regions
}

// NewReader makes a reader around a CTC line recogniser.
func NewReader(recogniser nn.Model) *Reader {
	return &Reader{model: recogniser, regions: BuiltInRegions()}
}

// WithRegions is the reader with another table of regions.
func (r *Reader) WithRegions(regions *Regions) *Reader {
	other := *r
	other.regions = regions
	return &other
}

// Read looks for a card in a photo and reads it. A photo that cannot be read
// is a Reading with codes; the error is for a fault of ours or a cancelled
// context.
func (r *Reader) Read(ctx context.Context, photo *imaging.Picture) (Reading, error) {
	if photo.W < 160 || photo.H < 100 && photo.W < 100 {
		return r.readCard(ctx, photo, found{})
	}
	f, err := find(ctx, photo)
	if err != nil {
		return Reading{}, err
	}
	return r.readCard(ctx, photo, f)
}

// readCard reads the card at a place in the photo.
func (r *Reader) readCard(ctx context.Context, photo *imaging.Picture, f found) (Reading, error) {
	recogniser, err := ocr.NewRecogniser(r.model)
	if err != nil {
		return Reading{}, err
	}
	spec := recogniser.Spec()
	reading := Reading{Model: spec.Name, ModelVersion: spec.Version, Regions: r.regions.Version(), Codes: []Code{}}
	notFound := func() (Reading, error) {
		return Reading{Model: spec.Name, ModelVersion: spec.Version, Codes: []Code{CardNotFound}, Quality: reading.Quality,
			Values: missing()}, nil
	}
	reading.Quality.Layout, reading.Quality.Rim = max(f.layout, 0), f.rim
	if f.layout < minLayout {
		return notFound()
	}
	card := rectify(photo, f.quad)
	ink, paper := inkMap(card)
	if err := ctx.Err(); err != nil {
		return Reading{}, err
	}
	l := newLayout(card, ink)
	p := &page{card: card, layout: l, glare: glareMap(paper), regions: r.regions}
	if err := p.read(ctx, recogniser); err != nil {
		return Reading{}, err
	}
	if p.labelsRead() < fewLabels {
		moved, err := p.followLabels(ctx, recogniser)
		if err == nil && moved {
			err = p.read(ctx, recogniser)
		}
		if err != nil {
			return Reading{}, err
		}
	}
	values, nikRead := p.values()
	if p.labelsRead()+wordsRead(values) < 2 && !nikRead {
		if reading.Quality.Sharpness = sharpness(p); f.layout > clearLayout && reading.Quality.Sharpness < minSharpness {
			r, err := notFound()
			r.Codes = append(r.Codes, CardBlurred)
			return r, err
		}
		return notFound()
	}
	reading.Found = true
	reading.Corners = f.quad
	reading.Orientation = orientation(f.quad)
	reading.Rectified = card
	top := p.portraitTop()
	reading.Portrait = pixels(box{l.portraitX, top, l.portraitX + 19.6, top + 25.2})
	toPhoto, _ := imaging.FitHomography(frame(rectWidth, rectHeight), f.quad)
	for i := range values {
		if b := values[i].Box; b != (Rect{}) {
			values[i].Corners = [4]imaging.Point{toPhoto.Apply(imaging.Point{X: b.X0, Y: b.Y0}), toPhoto.Apply(imaging.Point{X: b.X1, Y: b.Y0}),
				toPhoto.Apply(imaging.Point{X: b.X1, Y: b.Y1}), toPhoto.Apply(imaging.Point{X: b.X0, Y: b.Y1})}
		}
	}
	reading.Values = values
	if nik := reading.Text(NIK); len(nik) == nikDigits && r.regions.hasDistricts(nik[:4]) {
		reading.Districts = append([]string{}, r.regions.Names(nik[:6])...)
	}
	reading.judge(photo, p, f.others)
	reading.calibrate()
	return reading, nil
}

// wordsRead counts the values of closed lists that were read with certainty:
// like the labels they prove that this is a KTP.
func wordsRead(values []Value) int {
	n := 0
	for _, v := range values {
		switch v.Field {
		case Gender, Religion, MaritalStatus, Nationality:
			if v.Value != nil && v.Confidence > 0.8 {
				n++
			}
		}
	}
	return n
}

// missing lists every field without a value.
func missing() []Value {
	out := make([]Value, len(Fields))
	for i, f := range Fields {
		out[i] = Value{Field: f, Codes: []Code{FieldMissing}}
	}
	return out
}

// orientation is the direction of the card's top edge, to the nearest quarter
// turn.
func orientation(q quad) int {
	angle := math.Atan2(q[1].Y-q[0].Y, q[1].X-q[0].X) * 180 / math.Pi
	return (int(math.Round(angle/90))*90 + 360) % 360
}

// pixels is a box on the rectified card.
func pixels(b box) Rect {
	return Rect{X0: b.x0 * density, Y0: b.y0 * density, X1: b.x1 * density, Y1: b.y1 * density}
}
