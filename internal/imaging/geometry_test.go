package imaging

import (
	"math"
	"testing"
)

func near(a, b Point, tolerance float64) bool { return math.Hypot(a.X-b.X, a.Y-b.Y) <= tolerance }

func TestFitHomography(t *testing.T) {
	unit := [4]Point{{0, 0}, {1, 0}, {1, 1}, {0, 1}}
	for name, to := range map[string][4]Point{
		"identity":    unit,
		"shift":       {{5, 7}, {6, 7}, {6, 8}, {5, 8}},
		"perspective": {{10, 10}, {200, 30}, {180, 150}, {25, 120}},
		"turned":      {{180, 150}, {25, 120}, {10, 10}, {200, 30}},
	} {
		h, ok := FitHomography(unit, to)
		if !ok {
			t.Fatalf("%s: no map", name)
		}
		for i := range 4 {
			if got := h.Apply(unit[i]); !near(got, to[i], 1e-6) {
				t.Errorf("%s: corner %d goes to %v, want %v", name, i, got, to[i])
			}
		}
		// A projective map keeps lines: the diagonals' crossing stays theirs.
		want, _ := LineThrough(to[0], to[2]).Cross(LineThrough(to[1], to[3]))
		if got := h.Apply(Point{0.5, 0.5}); !near(got, want, 1e-6) {
			t.Errorf("%s: the centre goes to %v, want %v", name, got, want)
		}
	}
	if _, ok := FitHomography(unit, [4]Point{{0, 0}, {1, 1}, {2, 2}, {0, 5}}); ok {
		t.Error("three corners on a line gave a map")
	}
}

func TestWarp(t *testing.T) {
	p := New(40, 30)
	for y := range p.H {
		for x := range p.W {
			copy(p.Pix[3*(y*p.W+x):], []uint8{uint8(4 * x), uint8(6 * y), 77})
		}
	}
	identity := Homography{1, 0, 0, 0, 1, 0, 0, 0, 1}
	for i, v := range p.Warp(identity, p.W, p.H).Pix {
		if v != p.Pix[i] {
			t.Fatalf("the identity changes sample %d from %d to %d", i, p.Pix[i], v)
		}
	}
	// A shift by a quarter pixel on a slope of 4 a pixel adds 1.
	got := p.Warp(Homography{1, 0, 0.25, 0, 1, 0, 0, 0, 1}, 30, 20).Pix[3*(10*30+10)]
	if got != 41 {
		t.Errorf("a quarter pixel to the right gives %d, want 41", got)
	}
	// Shrinking averages: a checkerboard becomes grey.
	board := New(80, 80)
	for i := range board.W * board.H {
		if (i%80+i/80)%2 == 0 {
			copy(board.Pix[3*i:], []uint8{200, 200, 200})
		}
	}
	small := board.Warp(Homography{4, 0, 1.5, 0, 4, 1.5, 0, 0, 1}, 20, 20)
	for i, v := range small.Pix {
		if v < 98 || v > 102 {
			t.Fatalf("sample %d of a shrunk checkerboard is %d, want 100", i, v)
		}
	}
	for _, h := range []Homography{{}, {8: math.NaN()}, {0: math.NaN(), 8: 1}, {0: math.Inf(1), 4: 1, 8: 1}, {0, 0, 0, 0, 0, 0, 1, 0, -5}} {
		p.Warp(h, 8, 8) // a degenerate map must not panic
	}
}

func TestFitLine(t *testing.T) {
	var points []Point
	var weights []float64
	for i := range 60 {
		p := Point{X: float64(i) * 10, Y: 100 + 0.1*float64(i)*10}
		if i%4 == 0 { // outliers, all on one side
			p.Y += 9 + float64(i%7)
		}
		points, weights = append(points, p), append(weights, 1)
	}
	line, support, ok := FitLine(points, weights, 1.5)
	if !ok || math.Abs(support-0.75) > 0.01 {
		t.Fatalf("support %v, %v; want 0.75", support, ok)
	}
	if d := line.Distance(Point{X: 300, Y: 130}); math.Abs(d) > 0.05 {
		t.Errorf("the line passes %v pixels from the true one", d)
	}
	if _, _, ok := FitLine(points[:1], weights[:1], 1); ok {
		t.Error("one point gave a line")
	}
	if _, _, ok := FitLine([]Point{{1, 1}, {1, 1}, {1, 1}}, []float64{1, 1, 1}, 1); ok {
		t.Error("coinciding points gave a line")
	}
}

func TestHulls(t *testing.T) {
	var points []Point
	for a := range 360 {
		points = append(points, Point{X: 50 + 20*math.Cos(float64(a)), Y: 60 + 20*math.Sin(float64(a))})
	}
	square := []Point{{0, 0}, {100, 0}, {100, 100}, {0, 100}}
	hull := ConvexHull(append(append([]Point{}, square...), points...))
	if len(hull) != 4 || PolygonArea(hull) != 10000 {
		t.Fatalf("hull %v, area %v; want the square", hull, PolygonArea(hull))
	}
	// Cut corners come back.
	cut := []Point{{5, 0}, {95, 0}, {100, 5}, {100, 95}, {95, 100}, {5, 100}, {0, 95}, {0, 5}}
	quad, ok := ApproxQuad(cut)
	if !ok {
		t.Fatal("no quad")
	}
	for _, corner := range square {
		found := false
		for _, c := range quad {
			found = found || near(c, corner, 1e-9)
		}
		if !found {
			t.Errorf("corner %v is missing in %v", corner, quad)
		}
	}
	turned := []Point{{50, 0}, {150, 100}, {100, 150}, {0, 50}}
	rect, ok := MinAreaRect(turned)
	if got := PolygonArea(rect[:]); !ok || math.Abs(got-10000) > 1e-6 {
		t.Errorf("least rectangle has area %v, want 10000", got)
	}
	for _, few := range [][]Point{nil, {{1, 1}}, {{1, 1}, {2, 2}}} {
		if _, ok := MinAreaRect(ConvexHull(few)); ok {
			t.Errorf("%d points gave a rectangle", len(few))
		}
		if _, ok := ApproxQuad(few); ok {
			t.Errorf("%d points gave a quad", len(few))
		}
	}
}
