package specimen

import (
	"math"
	"math/rand/v2"

	"anycheck/internal/imaging"
)

// things is what else a photo shows, from the table upwards.
type things struct {
	shot   Shot
	lying  []thing
	second projective // from the picture to the second card
	print  *imaging.Picture
	held   []finger
	edge   [3]float64 // of the shadow: a x + b y > c lies in it
}

// thing is a coloured rectangle: a note, a pen, a book.
type thing struct {
	x, y, cos, sin, w, h float64
	colour               [3]float64
	lines                bool // is written on
}

// finger is a capsule from outside the card to its tip.
type finger struct{ x0, y0, x1, y1, r float64 }

// newThings has its own randomness, so that a shot without things looks as it
// would if there were none to draw.
func newThings(card [4]imaging.Point, s Shot, seed uint64) *things {
	r := rand.New(rand.NewPCG(seed, 0x5448494e4753))
	t := &things{shot: s}
	between := func(a, b float64) float64 { return a + (b-a)*r.Float64() }
	toPicture := square(card)
	size := hypot(card[1].X-card[0].X, card[1].Y-card[0].Y)
	colours := [...][3]float64{{238, 236, 228}, {40, 44, 52}, {178, 60, 54}, {60, 96, 160}, {226, 200, 92}, {150, 190, 160}}
	for range s.Clutter {
		// Half of the things reach under the card.
		u, v := between(-0.4, 1.4), between(-0.5, 1.5)
		x, y := toPicture.apply(u, v)
		sin, cos := math.Sincos(between(0, math.Pi))
		w, h := size*between(0.25, 0.9), size*between(0.04, 0.5)
		t.lying = append(t.lying, thing{x, y, cos, sin, w / 2, h / 2, colours[r.IntN(len(colours))], r.IntN(2) == 0})
	}
	if s.Second != nil {
		var at [4]imaging.Point
		for i, q := range [4]point{{0, 0}, {1, 0}, {1, 1}, {0, 1}} {
			// Below the first, turned a little.
			x, y := 0.1+0.7*q.x-0.05*q.y, 1.12+0.08*q.x+0.7*q.y
			at[i].X, at[i].Y = toPicture.apply(x, y)
		}
		t.second, t.print = square(at).inverse(), s.Second.Resize(int(size*0.85), int(size*0.85*CardHeightMM/CardWidthMM))
	}
	places := [...]point{{0.3, 1}, {0, 0.55}, {1, 1}, {0, 0}, {1, 0.4}, {0.7, 0}}
	first := r.IntN(len(places))
	for i := range s.Fingers {
		at := places[(first+i)%len(places)]
		far := point{0.5 + 1.9*(at.x-0.5), 0.5 + 1.9*(at.y-0.5)}
		in := point{at.x + 0.06*sign(0.5-at.x), at.y + 0.09*sign(0.5-at.y)}
		var f finger
		f.x0, f.y0 = toPicture.apply(far.x, far.y)
		f.x1, f.y1 = toPicture.apply(in.x, in.y)
		f.r = size * 0.09
		t.held = append(t.held, f)
	}
	x, y := toPicture.apply(between(0.3, 0.7), between(0.3, 0.7))
	sin, cos := math.Sincos(between(0, 2*math.Pi))
	t.edge = [3]float64{cos, sin, cos*x + sin*y}
	return t
}

func sign(v float64) float64 {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return 0
}

// below paints what lies between the table and the card. u and v are the
// place on the card's plane.
func (t *things) below(px *[3]float64, x, y int, u, v float64) {
	fx, fy := float64(x), float64(y)
	for _, l := range t.lying {
		dx, dy := fx-l.x, fy-l.y
		a, b := l.cos*dx+l.sin*dy, l.cos*dy-l.sin*dx
		if math.Abs(a) > l.w || math.Abs(b) > l.h {
			continue
		}
		*px = l.colour
		if l.lines && math.Abs(a) < 0.85*l.w && math.Mod(b+1000, 14) < 3 && math.Sin(a*0.9)+math.Sin(a*0.37) > -0.4 {
			for c := range px {
				px[c] = 0.5*px[c] + 30
			}
		}
	}
	if t.print != nil {
		p, q := t.second.apply(fx, fy)
		cover := cardCover(p, q, 0.06)
		if cover > 0 {
			print := sample(t.print, p, q)
			for c := range px {
				px[c] += (print[c] - px[c]) * cover
			}
		}
	}
	if t.shot.Screen {
		switch x, y := math.Abs(u-0.5), math.Abs(v-0.5); {
		case x < 0.62 && y < 0.85:
			*px = displayed([3]float64{248, 248, 250}, u, v)
		case x < 0.70 && y < 1.0:
			*px = [3]float64{14, 14, 16}
		}
	}
}

// above paints what lies on the card or keeps light from it.
func (t *things) above(px *[3]float64, x, y int) {
	fx, fy := float64(x), float64(y)
	for _, f := range t.held {
		dx, dy := f.x1-f.x0, f.y1-f.y0
		along := min(max(((fx-f.x0)*dx+(fy-f.y0)*dy)/(dx*dx+dy*dy), 0), 1)
		d := hypot(fx-f.x0-along*dx, fy-f.y0-along*dy) / f.r
		if d < 1 {
			round := 1 - 0.35*d*d
			*px = [3]float64{205 * round, 150 * round, 122 * round}
		}
	}
	if t.shot.Shadow > 0 {
		in := min(max((t.edge[0]*fx+t.edge[1]*fy-t.edge[2])/4+0.5, 0), 1)
		for c := range px {
			px[c] *= 1 - t.shot.Shadow*in
		}
	}
}

// displayed is a colour as a display of 620 pixels across the card shows it: a
// red, a green and a blue stripe in each pixel, dark lines between the rows.
func displayed(px [3]float64, u, v float64) [3]float64 {
	const across = 620
	down := across * CardHeightMM / CardWidthMM
	row := 0.85 + 0.15*math.Cos(2*math.Pi*v*down)
	for c := range px {
		stripe := 1 + 0.45*math.Cos(2*math.Pi*(u*across-float64(c)/3))
		px[c] *= 0.95 * row * stripe
	}
	return px
}
