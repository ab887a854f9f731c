package imaging

import (
	"math"
	"math/rand/v2"
	"testing"
)

// A thin, faint outline under noise: its four sides are the first lines found.
func TestLinesOfAFaintOutline(t *testing.T) {
	corners := [4]Point{{60, 50}, {330, 80}, {310, 250}, {40, 220}}
	g := NewGray(400, 300)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range g.Pix {
		g.Pix[i] = uint8(200 + rng.IntN(9))
	}
	for i, a := range corners {
		b := corners[(i+1)%4]
		for k := range 1000 {
			f := float64(k) / 1000
			g.Pix[int(a.Y+f*(b.Y-a.Y)+0.5)*g.W+int(a.X+f*(b.X-a.X)+0.5)] = 110
		}
	}
	edges := g.Gaussian(0.8).Edges() // as soft as a photo
	lines := edges.Lines(40, 30, 12)
	for i, a := range corners {
		b, best := corners[(i+1)%4], math.Inf(1)
		for _, l := range lines {
			best = min(best, max(math.Abs(l.Distance(a)), math.Abs(l.Distance(b))))
		}
		if best > 3 {
			t.Errorf("side %d is %.1f pixels from any line", i, best)
		}
	}
	if on := edges.Along(40, corners[:]); on < 0.9 {
		t.Errorf("%.2f of the outline is on edges", on)
	}
	if on := edges.Along(40, []Point{{80, 90}, {280, 110}, {270, 200}, {70, 190}}); on > 0.2 {
		t.Errorf("%.2f of an outline on blank paper is on edges", on)
	}
	if lines := NewGray(400, 300).Edges().Lines(40, 30, 12); len(lines) != 0 {
		t.Errorf("%d lines on a blank picture", len(lines))
	}
}
