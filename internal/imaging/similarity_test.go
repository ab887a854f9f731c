package imaging

import (
	"math"
	"slices"
	"testing"

	"anycheck/internal/nn"
)

func TestFitSimilarityRecoversATransform(t *testing.T) {
	from := []Point{{10, 20}, {50, 18}, {31, 44}, {14, 70}, {47, 71}}
	for _, want := range []Similarity{{1, 0, 0, 0}, {0.5, 0, 3, -4}, {0, 1, 10, 0}, {-2, 0.3, 7, 9}} {
		var to []Point
		for _, p := range from {
			to = append(to, want.Apply(p))
		}
		got, ok := FitSimilarity(from, to)
		if !ok || math.Abs(got.A-want.A)+math.Abs(got.B-want.B)+math.Abs(got.TX-want.TX)+math.Abs(got.TY-want.TY) > 1e-9 {
			t.Errorf("got %+v, want %+v", got, want)
		}
		p := got.Inverse().Apply(got.Apply(Point{5, 6}))
		if math.Hypot(p.X-5, p.Y-6) > 1e-9 {
			t.Errorf("inverse gives %v", p)
		}
		if s := got.Scale(); math.Abs(s-math.Hypot(want.A, want.B)) > 1e-9 {
			t.Errorf("scale %v", s)
		}
	}
}

func TestFitSimilarityRefusesCoincidingPoints(t *testing.T) {
	same := []Point{{3, 3}, {3, 3}, {3, 3}}
	if _, ok := FitSimilarity(same, []Point{{0, 0}, {1, 0}, {0, 1}}); ok {
		t.Error("points that coincide gave a transform")
	}
	if _, ok := FitSimilarity([]Point{{0, 0}, {1, 0}, {0, 1}}, same); ok {
		t.Error("a transform of scale 0")
	}
	if _, ok := FitSimilarity(same[:1], same[:1]); ok {
		t.Error("one point gave a transform")
	}
}

func TestWarpSimilarity(t *testing.T) {
	p := noise(12, 9)
	if out := p.WarpSimilarity(Similarity{A: 1}, 12, 9); !slices.Equal(out.Pix, p.Pix) {
		t.Error("the identity changed the picture")
	}
	if out := p.WarpSimilarity(Similarity{B: 1, TX: 8}, 9, 12); !slices.Equal(out.Pix, p.Rotate90(1).Pix) {
		t.Error("a quarter turn differs from Rotate90(1)")
	}
	half := p.WarpSimilarity(Similarity{A: 1, TX: 0.5}, 12, 9)
	want := (float64(p.Pix[0]) + float64(p.Pix[3])) / 2
	if got := float64(half.Pix[3]); math.Abs(got-want) > 0.51 {
		t.Errorf("half a pixel: %v, want %v", got, want)
	}
	out := p.WarpSimilarity(Similarity{A: 1, TX: 20}, 12, 9)
	if slices.ContainsFunc(out.Pix, func(v uint8) bool { return v != 0 }) {
		t.Error("outside the picture must be black")
	}
}

func TestToTensor(t *testing.T) {
	p := New(2, 1)
	copy(p.Pix, []uint8{10, 20, 30, 40, 50, 60})
	dst := make([]float32, 3*3*2)
	for i := range dst {
		dst[i] = -1 // a buffer that was used before
	}
	ToTensor(dst, p, nn.Input{Colour: nn.BGR, Scale: 1, Std: [3]float64{1, 1, 1}}, 3, 2)
	if want := []float32{30, 60, 0, 0, 0, 0, 20, 50, 0, 0, 0, 0, 10, 40, 0, 0, 0, 0}; !slices.Equal(dst, want) {
		t.Errorf("BGR %v, want %v", dst, want)
	}
	tensor := NewTensor(p, nn.Input{Colour: nn.RGB, Scale: 10, Mean: [3]float64{1, 2, 3}, Std: [3]float64{1, 2, 4}}, 2, 1)
	if want := []float32{0, 3, 0, 1.5, 0, 0.75}; !slices.Equal(tensor.Data, want) || !slices.Equal(tensor.Shape, []int64{1, 3, 1, 2}) {
		t.Errorf("RGB %v %v, want %v", tensor.Shape, tensor.Data, want)
	}
}

func BenchmarkWarpSimilarity(b *testing.B) {
	p := noise(1200, 1200)
	for b.Loop() {
		p.WarpSimilarity(Similarity{A: 0.2, B: 0.05, TX: -10, TY: -20}, 112, 112)
	}
}
