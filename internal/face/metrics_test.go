package face

import (
	"math"
	"testing"
)

func pairs(genuine, impostor []float64) []Pair {
	var out []Pair
	for _, s := range genuine {
		out = append(out, Pair{Same: true, Score: &s})
	}
	for _, s := range impostor {
		out = append(out, Pair{Score: &s})
	}
	return out
}

func TestMeasure(t *testing.T) {
	many := make([]float64, 1000) // 0.000 .. 0.999
	for i := range many {
		many[i] = float64(i) / 1000
	}
	for _, tt := range []struct {
		name                  string
		genuine, impostor     []float64
		auc, eer, tar1, tar01 float64
	}{
		{"apart", []float64{0.5, 0.6}, []float64{0.1, 0.2, 0.3}, 1, 0, 1, 1},
		{"swapped", []float64{0.1}, []float64{0.9}, 0, 1, 0, 0},
		{"one list twice", []float64{0.1, 0.2}, []float64{0.1, 0.2}, 0.5, 0.5, 0, 0},
		{"one of four wrong", []float64{0.2, 0.6, 0.7, 0.8}, []float64{0.1, 0.15, 0.18, 0.5}, 15.0 / 16, 0.25, 0.75, 0.75},
		// FAR 1 % accepts ten of a thousand, 0.1 % accepts one.
		{"a thousand impostors", []float64{0.9895, 0.995, 0.9985, 2}, many, (990 + 995.5 + 999 + 1000) / 4000, 0.005, 1, 0.5},
	} {
		m := Measure(pairs(tt.genuine, tt.impostor))
		for _, v := range []struct {
			name      string
			got, want float64
		}{{"AUC", m.AUC, tt.auc}, {"EER", m.EER, tt.eer}, {"TAR at 1 %", m.TAR1, tt.tar1}, {"TAR at 0.1 %", m.TAR01, tt.tar01}} {
			if math.Abs(v.got-v.want) > 1e-9 {
				t.Errorf("%s: %s is %v, want %v", tt.name, v.name, v.got, v.want)
			}
		}
	}
}

func TestMeasureCountsUnscoredPairsApart(t *testing.T) {
	list := append(pairs([]float64{0.5}, []float64{0.1}), Pair{Same: true}, Pair{Same: true}, Pair{})
	m := Measure(list)
	if m.Genuine != 1 || m.Impostor != 1 || m.GenuineUnscored != 2 || m.ImpostorUnscored != 1 || m.AUC != 1 {
		t.Errorf("%+v", m)
	}
	if m.LowestGenuine != 0.5 || m.HighestImpostor != 0.1 {
		t.Errorf("%+v", m)
	}
	if m := Measure(nil); !math.IsNaN(m.AUC) || !math.IsNaN(m.EER) || !math.IsNaN(m.LowestGenuine) {
		t.Errorf("rates out of nothing: %+v", m)
	}
}

func TestWilson(t *testing.T) {
	// By hand: 81 of 263 (the example of Newcombe 1998), nothing, none of 68.
	for _, tt := range []struct {
		k, n      int
		low, high float64
	}{{81, 263, 0.2553, 0.3662}, {0, 0, 0, 1}, {0, 68, 0, 0.0535}} {
		if low, high := Wilson(tt.k, tt.n); math.Abs(low-tt.low) > 1e-4 || math.Abs(high-tt.high) > 1e-4 {
			t.Errorf("%d of %d: %v to %v, want %v to %v", tt.k, tt.n, low, high, tt.low, tt.high)
		}
	}
	// One genuine pair of four and one impostor of four on the wrong side.
	m := Measure(pairs([]float64{0.2, 0.6, 0.7, 0.8}, []float64{0.1, 0.15, 0.18, 0.5}))
	if low, high := Wilson(1, 4); m.EERLow != low || m.EERHigh != high {
		t.Errorf("EER %v (%v to %v), want the interval %v to %v", m.EER, m.EERLow, m.EERHigh, low, high)
	}
}
