package ktp

import (
	"fmt"
	"io"
	"math"
)

// Given is one value that a reading gave.
type Given struct {
	File       string  `json:"file"`
	Level      int     `json:"level"`
	Field      Field   `json:"field"`
	Confidence float64 `json:"confidence"`
	Right      bool    `json:"right"`

	inputs [inputs]float64 // of the calibration
}

// Bin counts the values given with a confidence from From to below To.
type Bin struct {
	From  float64 `json:"from"`
	To    float64 `json:"to"`
	Score         // how many of them are right
	Mean  float64 `json:"mean"` // of their confidences
}

// binEdges are finer where values are accepted.
var binEdges = []float64{0, 0.2, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, math.Inf(1)}

// Reliability compares the confidence of the values that keep lets through
// with how many of them are right.
func (r Report) Reliability(keep func(Given) bool) []Bin {
	out := make([]Bin, len(binEdges)-1)
	for i := range out {
		out[i].From, out[i].To = binEdges[i], min(binEdges[i+1], 1)
	}
	for _, g := range r.Given {
		if !keep(g) {
			continue
		}
		for i := range out {
			if b := &out[i]; g.Confidence < binEdges[i+1] {
				b.count(g.Right)
				b.Mean += (g.Confidence - b.Mean) / float64(b.Of)
				break
			}
		}
	}
	return out
}

// Accepted counts the values given with at least a confidence.
func (r Report) Accepted(confidence float64, keep func(Given) bool) (s Score) {
	for _, g := range r.Given {
		if g.Confidence >= confidence && keep(g) {
			s.count(g.Right)
		}
	}
	return s
}

// Wilson is the 95 % interval of the share Exact/Of (Wilson 1927); 0 to 1 of
// nothing.
func (s Score) Wilson() (low, high float64) {
	if s.Of == 0 {
		return 0, 1
	}
	const z = 1.96
	n, p := float64(s.Of), s.Share()
	middle := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max(middle-half, 0), min(middle+half, 1)
}

func everyField(Given) bool { return true }
func onlyNIK(g Given) bool  { return g.Field == NIK }

// writeReliability prints the table and what is wrong among what would be
// accepted.
func (r Report) writeReliability(w io.Writer) error {
	if len(r.Given) == 0 {
		return nil
	}
	lines := []string{"confidence     values  right  of that (95 %)     said"}
	for _, b := range r.Reliability(everyField) {
		if b.Of == 0 {
			continue
		}
		low, high := b.Wilson()
		lines = append(lines, fmt.Sprintf("%.3f - %.3f %8d %6d  %5.1f - %5.1f %%  %5.1f %%", b.From, b.To, b.Of, b.Exact, 100*low, 100*high, 100*b.Mean))
	}
	for _, a := range []struct {
		name string
		at   float64
		keep func(Given) bool
	}{{"fields", 0.95, everyField}, {"NIK", 0.9, onlyNIK}} {
		s, all := r.Accepted(a.at, a.keep), r.Accepted(0, a.keep)
		low, high := s.Wilson()
		lines = append(lines, fmt.Sprintf("%s given with >= %.2f: %d of %d read, wrong %d (%.2f %%, 95 %%: %.2f - %.2f %%)",
			a.name, a.at, s.Of, all.Of, s.Of-s.Exact, 100*(1-s.Share()), 100*(1-high), 100*(1-low)))
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// Coefficient is one weight of the calibration.
type Coefficient struct {
	Name   string  `json:"name"`
	Now    float64 `json:"now"`
	Fitted float64 `json:"fitted"`
}

// ridge keeps weights small that the data say little about.
const ridge = 1.0

// Fit gives the calibration that fits what was added best: logistic regression
// with a ridge penalty, by Newton's method (Hastie, Tibshirani, Friedman 2009,
// 4.4.1).
func (b *Bench) Fit() []Coefficient {
	var w [inputs]float64
	for range 30 {
		var gradient [inputs]float64
		var hessian [inputs][inputs]float64
		for i := range w {
			hessian[i][i] = ridge
			gradient[i] = -ridge * w[i]
		}
		for _, g := range b.given {
			p := chance(w, g.inputs)
			y := 0.0
			if g.Right {
				y = 1
			}
			for i, x := range g.inputs {
				gradient[i] += (y - p) * x
				for j, z := range g.inputs {
					hessian[i][j] += p * (1 - p) * x * z
				}
			}
		}
		for i, d := range solve(hessian, gradient) {
			w[i] += d
		}
	}
	out := make([]Coefficient, inputs)
	for i := range out {
		out[i] = Coefficient{inputNames[i], calibration[i], w[i]}
	}
	return out
}

// solve is Gauss elimination of a positive definite system.
func solve(a [inputs][inputs]float64, b [inputs]float64) [inputs]float64 {
	for i := range b {
		for j := i + 1; j < inputs; j++ {
			f := a[j][i] / a[i][i]
			for k := i; k < inputs; k++ {
				a[j][k] -= f * a[i][k]
			}
			b[j] -= f * b[i]
		}
	}
	for i := inputs - 1; i >= 0; i-- {
		for k := i + 1; k < inputs; k++ {
			b[i] -= a[i][k] * b[k]
		}
		b[i] /= a[i][i]
	}
	return b
}
