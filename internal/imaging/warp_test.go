package imaging

import (
	"math"
	"testing"
)

// cubicSample is the definition of Warp for one sample, in floating point.
func cubicSample(p *Picture, x, y float64, c int) float64 {
	x, y = min(max(x, 0), float64(p.W-1)), min(max(y, 0), float64(p.H-1))
	fx, fy := math.Floor(x), math.Floor(y)
	wx, wy := cubic(x-fx), cubic(y-fy)
	sum := 0.0
	for k, weight := range wy {
		sy := min(max(int(fy)+k-1, 0), p.H-1)
		for j := range wx {
			sx := min(max(int(fx)+j-1, 0), p.W-1)
			sum += weight * wx[j] * float64(p.Pix[3*(sy*p.W+sx)+c])
		}
	}
	return min(max(sum, 0), 255)
}

// smooth is a picture whose neighbours differ by little, so that a position's
// rounding shows as little.
func smooth(w, h int) *Picture {
	p := New(w, h)
	for i := range w * h {
		x, y := float64(i%w), float64(i/w)
		copy(p.Pix[3*i:], []uint8{
			uint8(127 + 120*math.Sin(x/9)*math.Cos(y/7)), uint8(127 + 100*math.Cos(x/5+y/11)), uint8(127 + 120*math.Sin(y/6)),
		})
	}
	return p
}

// warps are maps from outputs of up to 300 x 150 to pictures of 160 x 120.
var warps = map[string]Homography{
	"enlarged":      {0.4, 0, 3.2, 0, 0.6, 5.1, 0, 0, 1},
	"turned":        {0.35, -0.35, 60, 0.35, 0.35, -10, 0, 0, 1},
	"upside down":   {-0.5, 0, 155, 0, -0.7, 118, 0, 0, 1},
	"perspective":   {0.5, 0.05, 4, 0.03, 0.6, 2, 0.0006, -0.0004, 1},
	"over the edge": {0.9, 0.1, -60, -0.1, 0.9, -40, 0, 0, 1},
}

func TestWarpAgainstDefinition(t *testing.T) {
	p := smooth(160, 120)
	// Rounding to 1/64 pixel on slopes of up to 25 a pixel, and of the result.
	const tolerance = 1.2
	for name, h := range warps {
		t.Run(name, func(t *testing.T) {
			const w = 300
			out := p.Warp(h, w, 150)
			for i, v := range out.Pix {
				q := h.Apply(Point{X: float64(i / 3 % w), Y: float64(i / 3 / w)})
				if want := cubicSample(p, q.X, q.Y, i%3); math.Abs(float64(v)-want) > tolerance {
					t.Fatalf("sample %d of (%d, %d): %d, want %.2f", i%3, i/3%w, i/3/w, v, want)
				}
			}
		})
	}
}

// TestWarpHoldsExtremes puts single black and white pixels beside each other,
// where the kernel swings farthest over both ends.
func TestWarpHoldsExtremes(t *testing.T) {
	p := noise(40, 30)
	for i, v := range p.Pix {
		p.Pix[i] = 255 * (v & 1)
	}
	for _, shift := range []float64{0.25, 0.5, 0.75} { // phases, so that positions are exact
		h := Homography{1, 0, shift, 0, 1, 1 - shift, 0, 0, 1}
		out := p.Warp(h, 38, 28)
		for i, v := range out.Pix {
			want := cubicSample(p, float64(i/3%38)+shift, float64(i/3/38)+1-shift, i%3)
			if math.Abs(float64(v)-want) > 1.1 {
				t.Fatalf("shift %.2f, sample %d: %d, want %.2f", shift, i, v, want)
			}
		}
	}
}

func TestGrayWarpAgainstDefinition(t *testing.T) {
	g := smooth(160, 120).Gray()
	for name, h := range warps {
		t.Run(name, func(t *testing.T) {
			const w = 300
			for i, v := range g.Warp(h, w, 150).Pix {
				q := h.Apply(Point{X: float64(i % w), Y: float64(i / w)})
				x, y := min(max(q.X, 0), float64(g.W-1)), min(max(q.Y, 0), float64(g.H-1))
				x0, y0 := min(int(x), g.W-2), min(int(y), g.H-2)
				fx, fy := x-float64(x0), y-float64(y0)
				at := func(dx, dy int) float64 { return float64(g.Pix[(y0+dy)*g.W+x0+dx]) }
				want := (1-fy)*((1-fx)*at(0, 0)+fx*at(1, 0)) + fy*((1-fx)*at(0, 1)+fx*at(1, 1))
				if math.Abs(float64(v)-want) > 0.8 {
					t.Fatalf("(%d, %d): %d, want %.2f", i%w, i/w, v, want)
				}
			}
		})
	}
}

// TestPositionsAgainstDivision: what is interpolated between divisions stays
// within the documented error for a card seen under a steep angle.
func TestPositionsAgainstDivision(t *testing.T) {
	card := [4]Point{{X: -0.5, Y: -0.5}, {X: 1711.5, Y: -0.5}, {X: 1711.5, Y: 1079.5}, {X: -0.5, Y: 1079.5}}
	h, ok := FitHomography(card, [4]Point{{X: 300, Y: 200}, {X: 1200, Y: 350}, {X: 1250, Y: 800}, {X: 200, Y: 1100}})
	if !ok {
		t.Fatal("no map")
	}
	xs, ys := make([]int32, 1712), make([]int32, 1712)
	for v := 0; v < 1080; v += 90 {
		h.positions(0, v, xs, ys)
		for u := range xs {
			q := h.Apply(Point{X: float64(u), Y: float64(v)})
			got := Point{X: float64(xs[u]) / (1 << positionBits), Y: float64(ys[u]) / (1 << positionBits)}
			if !near(got, q, 0.02) {
				t.Fatalf("(%d, %d) comes from %v, want %v", u, v, got, q)
			}
		}
	}
}

func BenchmarkWarp(b *testing.B) {
	p := smooth(1600, 1200)
	h := Homography{0.7, 0.05, 100, -0.04, 0.7, 150, 0.00002, 0.00001, 1}
	b.Run("card", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p.Warp(h, 1712, 1080)
		}
	})
	g := p.Gray()
	b.Run("gray", func(b *testing.B) {
		for b.Loop() {
			g.Warp(h, 428, 270)
		}
	})
}
