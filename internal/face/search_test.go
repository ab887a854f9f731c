package face

import (
	"math"
	"math/rand/v2"
	"testing"
)

// unit is a random direction.
func unit(r *rand.Rand, n int) Embedding {
	e := make(Embedding, n)
	var square float64
	for i := range e {
		v := r.NormFloat64()
		e[i], square = float32(v), square+v*v
	}
	for i := range e {
		e[i] /= float32(math.Sqrt(square))
	}
	return e
}

// towards is a unit vector with the given cosine to e.
func towards(r *rand.Rand, e Embedding, cosine float64) Embedding {
	o := unit(r, len(e))
	along := o.Similarity(e)
	var square float64
	for i := range o {
		o[i] -= float32(along) * e[i]
		square += float64(o[i]) * float64(o[i])
	}
	across := math.Sqrt((1 - cosine*cosine) / square)
	for i := range o {
		o[i] = float32(cosine*float64(e[i]) + across*float64(o[i]))
	}
	return o
}

func TestTemplateKeepsTheCosine(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, want := range []float64{-0.5, 0, 0.3, 0.4, 0.9, 1} {
		e := unit(r, 128)
		probe, other := templateOf(ModelRef{}, e), templateOf(ModelRef{}, towards(r, e, want))
		s := NewSearch(probe.Values, "a", Thresholds{})
		s.Add([]byte("b"), other.Values)
		if got := s.Result().Nearest; got == nil || math.Abs(*got-want) > 0.01 {
			t.Errorf("cosine %v, want %v", *got, want)
		}
	}
}

func TestSearch(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	limits := Thresholds{Match: 0.40, Review: 0.30, Calibration: mobileFaceNet}
	me := unit(r, 128)
	type known struct {
		owner  string
		cosine float64
	}
	tests := []struct {
		name                    string
		faces                   []known
		crowd                   int // strangers besides
		otherOwners, otherFaces int
	}{
		{"nobody", nil, 0, 0, 0},
		{"the same person again", []known{{"me", 0.7}, {"me", 0.31}}, 0, 0, 0},
		{"under another name", []known{{"x", 0.7}}, 0, 1, 0},
		{"under two other names, one twice", []known{{"x", 0.7}, {"x", 0.8}, {"y", 0.6}}, 0, 2, 0},
		{"not alike enough", []known{{"x", 0.38}}, 0, 0, 0},
		{"another face under the name", []known{{"me", 0.1}, {"me", 0.2}, {"me", 0.5}}, 0, 0, 2},
		{"what is alike among few", []known{{"x", 0.45}}, 0, 1, 0},
		{"is chance among many", []known{{"x", 0.45}}, 1000, 0, 0},
		{"but not when very alike", []known{{"x", 0.6}}, 1000, 1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := NewSearch(templateOf(ModelRef{}, me).Values, "me", limits)
			for _, k := range tt.faces {
				s.Add([]byte(k.owner), templateOf(ModelRef{}, towards(r, me, k.cosine)).Values)
			}
			for range tt.crowd {
				s.Add([]byte("crowd"), templateOf(ModelRef{}, towards(r, me, 0.06)).Values)
			}
			s.Add([]byte("another model's"), make([]byte, 512))
			s.Add([]byte("no face"), make([]byte, 128))
			got := s.Result()
			if got.OtherOwners != tt.otherOwners || got.OtherFaces != tt.otherFaces || got.Compared != len(tt.faces)+tt.crowd {
				t.Errorf("found %+v, want %d owners, %d faces", got, tt.otherOwners, tt.otherFaces)
			}
		})
	}
}

// From 0.263 + ln(n)/28.1.
func TestThresholdGrowsWithTheCrowd(t *testing.T) {
	for n, want := range map[float64]float64{0: 0.263, 1: 0.263, 1000: 0.509, 1e6: 0.755} {
		if got := mobileFaceNet.similarityAt(n); math.Abs(got-want) > 0.001 {
			t.Errorf("among %v: %v, want %v", n, got, want)
		}
	}
}

// BenchmarkSearch is one face against a million.
func BenchmarkSearch(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	const n, size = 1_000_000, 128
	slab := make([]byte, n*size)
	for i := range slab {
		slab[i] = byte(r.Uint32())
	}
	probe, owner := templateOf(ModelRef{}, unit(r, size)).Values, []byte("somebody")
	for b.Loop() {
		s := NewSearch(probe, "me", Thresholds{Match: 0.40, Review: 0.30, Calibration: mobileFaceNet})
		for i := 0; i < len(slab); i += size {
			s.Add(owner, slab[i:i+size])
		}
		if s.Result().Compared != n {
			b.Fatal(s.Result())
		}
	}
}
