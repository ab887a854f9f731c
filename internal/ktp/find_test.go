package ktp

import (
	"context"
	"errors"
	"math"
	"math/rand"
	"testing"

	"anycheck/internal/imaging"
)

// drawCard draws what the search goes by: paper, header, number, twelve rows
// of labels and values made of strokes, a portrait. 10 pixels a millimetre.
func drawCard() *imaging.Picture {
	const s = 10
	p := imaging.New(856, 540)
	fill := func(x0, y0, x1, y1 float64, r, g, b uint8) {
		for y := int(y0 * s); y < min(int(y1*s), p.H); y++ {
			for x := int(x0 * s); x < min(int(x1*s), p.W); x++ {
				copy(p.Pix[3*(y*p.W+x):], []uint8{r, g, b})
			}
		}
	}
	text := func(x0, x1, y, half float64) {
		for i, at := 0, x0; at < x1; i, at = i+1, at+0.9 {
			// Print is not as regular as a screen's grid.
			x := at - []float64{0, 0.15, 0.05, 0.2, 0.1, 0.25}[(i+int(y))%6]*min(float64(i), 1)
			fill(x, y-half, x+0.25, y+half, 30, 30, 40)
			fill(x, y-half, x+0.6, y-half+0.25, 30, 30, 40)
		}
	}
	fill(0, 0, 85.6, 54, 150, 205, 230)
	text(28, 60, 3.4, 1)
	text(32, 56, 6.7, 1)
	text(23.5, 60, 11.6, 1.4)
	for k, value := range []float64{18, 26, 12, 26, 8, 15, 12, 6, 11, 20, 4, 16} {
		y := 15.9 + 2.85*float64(k)
		indent := 0.0
		if k >= 4 && k <= 6 {
			indent = 2.6
		}
		text(3+indent, 12+indent, y, 0.85)
		text(23.5, 23.5+value, y, 0.85)
	}
	fill(62.5, 11.7, 82.1, 36.9, 40, 60, 150)
	text(66, 78, 39, 0.8)
	text(67, 77, 41.6, 0.8)
	return p
}

// place puts a card into a photo of a table with grain.
func place(card *imaging.Picture, at quad, w, h int) *imaging.Picture {
	rnd := rand.New(rand.NewSource(3))
	photo := imaging.New(w, h)
	toCard, _ := imaging.FitHomography(at, frame(card.W, card.H))
	drawn := card.Warp(toCard, w, h)
	for y := range h {
		for x := range w {
			i := 3 * (y*w + x)
			q := toCard.Apply(imaging.Point{X: float64(x), Y: float64(y)})
			if q.X > -0.5 && q.Y > -0.5 && q.X < float64(card.W)-0.5 && q.Y < float64(card.H)-0.5 {
				copy(photo.Pix[i:], drawn.Pix[i:i+3])
				continue
			}
			grain := uint8(12*math.Sin(float64(y)/7)) + uint8(rnd.Intn(8))
			copy(photo.Pix[i:], []uint8{110 + grain, 80 + grain, 55 + grain})
		}
	}
	return photo
}

func TestFindInEveryOrientation(t *testing.T) {
	corners := [4]imaging.Point{{X: 120, Y: 95}, {X: 850, Y: 130}, {X: 835, Y: 600}, {X: 95, Y: 560}}
	upright := place(drawCard(), corners, 960, 700)
	for turns := range 4 {
		photo := upright.Rotate90(turns)
		f, err := find(context.Background(), photo)
		if err != nil {
			t.Fatal(err)
		}
		if f.layout < clearLayout {
			t.Errorf("%d quarter turns: layout score %.2f", turns, f.layout)
		}
		if got := orientation(f.quad); got != 90*turns {
			t.Errorf("%d quarter turns: orientation %d", turns, got)
		}
		for i, c := range corners {
			for range turns { // as Rotate90 moves pixels
				c = imaging.Point{X: -c.Y, Y: c.X}
			}
			if turns == 1 || turns == 2 {
				c.X += float64(photo.W - 1)
			}
			if turns == 2 || turns == 3 {
				c.Y += float64(photo.H - 1)
			}
			if d := math.Hypot(f.quad[i].X-c.X, f.quad[i].Y-c.Y); d > 3 { // 0.35 mm
				t.Errorf("%d quarter turns: corner %d is %.1f pixels off", turns, i, d)
			}
		}
	}
}

// notCards are pictures without a card.
func notCards() map[string]*imaging.Picture {
	rnd := rand.New(rand.NewSource(5))
	blank, noisy, stripes := imaging.New(800, 600), imaging.New(500, 400), imaging.New(640, 480)
	for i := range blank.Pix {
		blank.Pix[i] = 240
	}
	for i := range noisy.Pix {
		noisy.Pix[i] = uint8(rnd.Intn(256))
	}
	for i := range stripes.Pix {
		if i/3/640/9%2 == 0 { // rows, as a page of text has
			stripes.Pix[i] = 220
		}
	}
	box := imaging.New(640, 480) // a card's shape without its print
	for y := 100; y < 380; y++ {
		for x := 3 * 100; x < 3*540; x++ {
			box.Pix[3*640*y+x] = 200
		}
	}
	return map[string]*imaging.Picture{"blank": blank, "noise": noisy, "stripes": stripes, "an empty card": box,
		"one pixel": imaging.New(1, 1), "nothing": imaging.New(0, 0), "a line": imaging.New(3000, 2)}
}

func TestFindStopsWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := find(ctx, imaging.New(400, 300)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want cancelled", err)
	}
}

func TestLayoutOfADrawnCard(t *testing.T) {
	card := rectify(drawCard(), frame(856, 540))
	ink, _ := inkMap(card)
	l := newLayout(card, ink)
	near := func(name string, got, want, tolerance float64) {
		if math.Abs(got-want) > tolerance {
			t.Errorf("%s is %.2f mm, want %.2f", name, got, want)
		}
	}
	near("first row", l.first, 15.9, 0.2)
	near("last row", l.row(11), 15.9+11*2.85, 0.3)
	near("value column", l.valueX, 23.5, 0.25)
	near("portrait", l.portraitX, 62.5, 0.15)
	if l.nameExtra != 0 || l.addressExtra != 0 {
		t.Errorf("wraps %d and %d, want none", l.nameExtra, l.addressExtra)
	}
	p := &page{card: card, layout: l, glare: imaging.NewGray(428, 270)}
	near("portrait top", p.portraitTop(), 11.7, 0.15)
	near("place of issue", p.issueRow(), 39, 0.4)
	from, to, ok := l.extent(l.row(2), 0.9, 22, 60, 3)
	if !ok {
		t.Fatal("no print in the gender row")
	}
	near("value start", from, 23.5, 0.2)
	near("value end", to, 35.3, 0.4)
	if _, _, ok := l.extent(52, 0.9, 22, 60, 3); ok {
		t.Error("print in the blank margin")
	}
}

func BenchmarkFind(b *testing.B) {
	photo := place(drawCard(), quad{{X: 120, Y: 95}, {X: 850, Y: 130}, {X: 835, Y: 600}, {X: 95, Y: 560}}, 960, 700)
	for b.Loop() {
		if _, err := find(context.Background(), photo); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRectify(b *testing.B) {
	card := drawCard()
	for b.Loop() {
		inkMap(rectify(card, frame(card.W, card.H)))
	}
}

func TestStrain(t *testing.T) {
	const w, h = 1000, 750
	card := quad{{X: -cardWidth / 2, Y: -cardHeight / 2}, {X: cardWidth / 2, Y: -cardHeight / 2}, {X: cardWidth / 2, Y: cardHeight / 2}, {X: -cardWidth / 2, Y: cardHeight / 2}}
	// view is the card through a pinhole 120 mm away, tilted by pitch and yaw.
	view := func(pitch, yaw, dx float64) (q quad) {
		for i, p := range card {
			x, z := p.X*math.Cos(yaw), p.X*math.Sin(yaw)
			y, z := p.Y*math.Cos(pitch)-z*math.Sin(pitch), p.Y*math.Sin(pitch)+z*math.Cos(pitch)
			q[i] = imaging.Point{X: w/2 + 1000*(x+dx)/(z+120), Y: h/2 + 1000*y/(z+120)}
		}
		return q
	}
	short := view(0.1, 0.2, 0)
	for _, i := range []int{1, 2} { // the right side found 15 mm too far in
		o := []int{0, 3}[i-1]
		short[i] = imaging.Point{X: short[i].X + (short[o].X-short[i].X)*15/cardWidth, Y: short[i].Y + (short[o].Y-short[i].Y)*15/cardWidth}
	}
	for _, c := range []struct {
		name     string
		q        quad
		min, max float64
	}{
		{"from above", view(0, 0, 0), 0, 0.001},
		{"tilted", view(0.3, -0.4, 0), 0, 0.015},
		{"tilted, beside the middle", view(-0.4, 0.2, 30), 0, 0.015},
		{"a side too far in", short, 0.1, 0.3},
	} {
		if got := strain(c.q, w, h); got < c.min || got > c.max {
			t.Errorf("%s: strain %.3f, want %.3f to %.3f", c.name, got, c.min, c.max)
		}
	}
}
