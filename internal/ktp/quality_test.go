package ktp

import (
	"context"
	"math"
	"slices"
	"testing"

	"anycheck/internal/imaging"
	"anycheck/internal/ocr"
	"anycheck/internal/specimen"
)

// straight is a photo of the drawn card that fills the frame but for a margin.
func straight(card *imaging.Picture, margin float64) (*imaging.Picture, quad) {
	w, h := float64(card.W), float64(card.H)
	at := quad{{X: margin, Y: margin}, {X: margin + w, Y: margin}, {X: margin + w, Y: margin + h}, {X: margin, Y: margin + h}}
	return place(card, at, card.W+int(2*margin), card.H+int(2*margin)), at
}

// change gives every value of a picture to f.
func change(p *imaging.Picture, f func(x, y int, v float64) float64) *imaging.Picture {
	out := imaging.New(p.W, p.H)
	for i, v := range p.Pix {
		out.Pix[i] = uint8(min(max(f(i/3%p.W, i/3/p.W, float64(v)), 0), 255))
	}
	return out
}

func TestQualityCodes(t *testing.T) {
	dim := func(gain float64) *imaging.Picture {
		return change(drawCard(), func(_, _ int, v float64) float64 { return v * gain })
	}
	copied, lamp := drawCard(), drawCard()
	for i, v := range copied.Gray().Pix {
		copy(copied.Pix[3*i:], []uint8{v, v, v})
		copy(lamp.Pix[3*i:], []uint8{v, uint8(0.9 * float64(v)), uint8(0.6 * float64(v))})
	}
	bright := change(drawCard(), func(_, _ int, v float64) float64 { return 1.8*v + 10 })
	for _, c := range []struct {
		name   string
		card   *imaging.Picture
		margin float64
		others int
		want   []Code
	}{
		{"a good picture", drawCard(), 40, 0, nil},
		{"dim, but readable", dim(0.5), 40, 0, nil},
		{"two of them", drawCard(), 40, 1, []Code{SeveralCards}},
		{"a copy", copied, 40, 0, []Code{CardPhotocopy}},
		{"a copy under a yellow lamp", lamp, 40, 0, []Code{CardPhotocopy}},
		{"too much light", bright, 40, 0, []Code{CardOverexposed}},
		{"dark", dim(0.15), 40, 0, []Code{CardDark}},
		{"small", drawCard().Resize(342, 216), 40, 0, []Code{CardTooSmall}},
		{"cut off", drawCard(), -25, 0, []Code{CardCropped}},
		{"out of focus", drawCard().Resize(107, 67).Resize(856, 540), 40, 0, []Code{CardBlurred}},
		{"a reflection on the text", change(dim(0.6), func(x, y int, v float64) float64 {
			if math.Hypot(float64(x)-280, float64(y)-330) < 70 {
				return 255
			}
			return v
		}), 40, 0, []Code{CardGlare}},
	} {
		photo, at := straight(c.card, c.margin)
		card := rectify(photo, at)
		ink, paper := inkMap(card)
		p := &page{card: card, layout: newLayout(card, ink), glare: glareMap(paper)}
		p.addLines()
		for i := range p.lines {
			p.lines[i].out = new(ocr.Output) // nothing hidden
		}
		r := Reading{Corners: at}
		for field, part := range map[Field]part{Name: partName, Village: partVillage, District: partDistrict} {
			v, _ := p.start(field, part)
			r.Values = append(r.Values, v)
		}
		r.judge(photo, p, c.others)
		if !slices.Equal(r.Codes, c.want) {
			t.Errorf("%s: codes %v, want %v (%+v)", c.name, r.Codes, c.want, r.Quality)
		}
	}
}

// A photocopy on white paper has no rim: its print alone must do.
func TestFindPhotocopyWithoutRim(t *testing.T) {
	person := specimen.People(1, 5)[0]
	copied := change(specimen.Card(person, nil).Resize(856, 540), func(_, _ int, v float64) float64 {
		if v > 140 {
			return 250
		}
		return v
	})
	grey := copied.Gray()
	for i, v := range grey.Pix {
		copy(copied.Pix[3*i:], []uint8{v, v, v})
	}
	at := quad{{X: 60, Y: 80}, {X: 740, Y: 95}, {X: 730, Y: 525}, {X: 50, Y: 510}}
	photo := imaging.New(800, 600)
	toCard, _ := imaging.FitHomography(at, frame(copied.W, copied.H))
	drawn := copied.Warp(toCard, photo.W, photo.H)
	for i := range photo.W * photo.H {
		q := toCard.Apply(imaging.Point{X: float64(i % photo.W), Y: float64(i / photo.W)})
		if q.X < 0 || q.Y < 0 || q.X >= float64(copied.W) || q.Y >= float64(copied.H) {
			copy(photo.Pix[3*i:], []uint8{250, 250, 250})
		} else {
			copy(photo.Pix[3*i:], drawn.Pix[3*i:3*i+3])
		}
	}
	f, err := find(context.Background(), photo)
	if err != nil {
		t.Fatal(err)
	}
	if f.layout < clearLayout || f.rim > clearRim {
		t.Errorf("layout %.2f, rim %.2f: want a card without a clear rim", f.layout, f.rim)
	}
	for i, c := range f.quad {
		if d := math.Hypot(c.X-at[i].X, c.Y-at[i].Y) / (at.side(0) / cardWidth); d > 3 {
			t.Errorf("corner %d is %.1f mm off (layout %.2f, rim %.2f)", i, d, f.layout, f.rim)
		}
	}
}
