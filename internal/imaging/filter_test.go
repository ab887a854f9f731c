package imaging

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"
)

func grayNoise(w, h int) *Gray {
	rnd := rand.New(rand.NewSource(1))
	g := NewGray(w, h)
	for i := range g.Pix {
		g.Pix[i] = uint8(rnd.Intn(256))
	}
	return g
}

// around gathers the values at the offsets that keep says, as naive filters do.
func around(g *Gray, x, y, r int, keep func(dx, dy int) bool, repeat bool) []uint8 {
	var out []uint8
	for dy := -r; dy <= r; dy++ {
		for dx := -r; dx <= r; dx++ {
			sx, sy := x+dx, y+dy
			if repeat {
				sx, sy = min(max(sx, 0), g.W-1), min(max(sy, 0), g.H-1)
			}
			if keep(dx, dy) && sx >= 0 && sy >= 0 && sx < g.W && sy < g.H {
				out = append(out, g.Pix[sy*g.W+sx])
			}
		}
	}
	return out
}

func TestMedianAgainstSorting(t *testing.T) {
	for _, g := range []*Gray{grayNoise(23, 17), grayNoise(16, 3), grayNoise(7, 2), grayNoise(1, 1), grayNoise(1, 9)} {
		for _, r := range []int{1, 2} {
			got := g.Median(r)
			for i := range g.Pix {
				v := around(g, i%g.W, i/g.W, r, func(int, int) bool { return true }, true)
				slices.Sort(v)
				if want := v[len(v)/2]; got.Pix[i] != want {
					t.Fatalf("%dx%d, radius %d, pixel %d: %d, want %d", g.W, g.H, r, i, got.Pix[i], want)
				}
			}
		}
	}
	NewGray(0, 0).Median(1) // must not panic
}

func TestDilateAgainstNaive(t *testing.T) {
	g := grayNoise(29, 13)
	square := g.DilateRect(3, 1)
	disc := g.DilateEllipse(4)
	for i := range g.Pix {
		x, y := i%g.W, i/g.W
		if want := slices.Max(around(g, x, y, 3, func(_, dy int) bool { return dy >= -1 && dy <= 1 }, false)); square.Pix[i] != want {
			t.Fatalf("rectangle, pixel %d: %d, want %d", i, square.Pix[i], want)
		}
		// Half-widths of the disc of radius 4 by distance of the row.
		width := [5]int{4, 4, 3, 3, 0}
		inDisc := func(dx, dy int) bool { w := width[max(dy, -dy)]; return dx >= -w && dx <= w }
		if want := slices.Max(around(g, x, y, 4, inDisc, false)); disc.Pix[i] != want {
			t.Fatalf("ellipse, pixel %d: %d, want %d", i, disc.Pix[i], want)
		}
	}
}

func TestCloseRemovesThinStrokes(t *testing.T) {
	g := NewGray(40, 40)
	for i := range g.Pix {
		g.Pix[i] = 200
		if x := i % 40; x >= 10 && x < 13 {
			g.Pix[i] = 20
		}
		if x := i % 40; x >= 25 && x < 36 {
			g.Pix[i] = 30
		}
	}
	c := g.CloseEllipse(3)
	if v := c.Pix[20*40+11]; v != 200 {
		t.Errorf("a stroke of 3 pixels stays: %d", v)
	}
	if v := c.Pix[20*40+30]; v != 30 {
		t.Errorf("a bar of 11 pixels goes: %d", v)
	}
}

func TestGaussianKeepsFlatAndSum(t *testing.T) {
	g := NewGray(31, 31)
	g.Pix[15*31+15] = 255
	b := g.Gaussian(1.5)
	// The peak of a two-dimensional Gaussian is 1/(2 pi sigma^2).
	if v := b.Pix[15*31+15]; v < 17 || v > 19 {
		t.Errorf("peak %d, want 18", v)
	}
	for i := range g.Pix {
		g.Pix[i] = 93
	}
	for i, v := range g.Gaussian(6).Pix {
		if v != 93 {
			t.Fatalf("flat 93 becomes %d at %d", v, i)
		}
	}
}

func TestIntegral(t *testing.T) {
	g := grayNoise(20, 10)
	in := g.Integral()
	want := uint32(0)
	for y := 3; y < 7; y++ {
		for x := 5; x < 18; x++ {
			want += uint32(g.Pix[y*20+x])
		}
	}
	if got := in.Sum(5, 3, 18, 7); got != want {
		t.Errorf("sum %d, want %d", got, want)
	}
	if got := in.Mean(-5, -5, 1, 1); got != float64(g.Pix[0]) {
		t.Errorf("mean cut to the first pixel is %v, want %d", got, g.Pix[0])
	}
	if got := in.Mean(30, 0, 40, 5); got != 0 {
		t.Errorf("mean outside is %v, want 0", got)
	}
}

func TestEdgesFollowAStep(t *testing.T) {
	g := NewGray(30, 20)
	for i := range g.Pix {
		if i%30 >= 12 {
			g.Pix[i] = 100
		}
	}
	on := g.Edges().Above(50, 200)
	for y := 2; y < 18; y++ {
		n := 0
		for x := range 30 {
			if on.Pix[y*30+x] != 0 {
				n++
				if x < 11 || x > 12 {
					t.Errorf("edge at x %d, want 11 or 12", x)
				}
			}
		}
		if n != 1 {
			t.Fatalf("row %d has %d edge pixels, want a line of 1", y, n)
		}
	}
	if n := slices.Max(g.Edges().Above(50, 500).Pix); n != 0 {
		t.Error("a step of strength 400 passes a threshold of 500")
	}
	NewGray(2, 2).Edges().Above(1, 2) // too small for a gradient, must not panic
}

func BenchmarkMedian(b *testing.B) {
	g := grayNoise(640, 480)
	for _, r := range []int{1, 2} {
		b.Run(fmt.Sprint("radius ", r), func(b *testing.B) {
			for b.Loop() {
				g.Median(r)
			}
		})
	}
}
