// Package ocr reads text lines with networks of the PaddleOCR family: a CTC
// line recogniser and a DBNet text detector, both described by their manifest
// entry. It decodes what the network is sure of, and tells how likely a given
// word is.
//
// It must not know documents, files or the runtime that executes the networks.
package ocr

import (
	"cmp"
	"context"
	"math"
	"slices"

	"anycheck/internal/fault"
	"anycheck/internal/imaging"
	"anycheck/internal/nn"
)

// Limits of one batch: lines whose widths differ more are padded too much,
// more lines make the intermediate tensors large.
const (
	maxBatch  = 32
	maxSpread = 1.3
	maxWidth  = 4096 // pixels of a line at the network's height
)

// Recogniser reads line pictures. It is safe for concurrent use.
type Recogniser struct {
	model   nn.Model
	spec    nn.Spec
	classes []string // by class number; blank is ""
	index   map[rune]int
	hidden  int // the class of the Spec's Hidden, 0 without one
}

// NewRecogniser prepares a text recogniser of the CTC family: output [N,T,C],
// class 0 is blank, then one class for each of the Spec's Classes.
func NewRecogniser(model nn.Model) (*Recogniser, error) {
	spec := model.Spec()
	if spec.Decoding != nn.DecodeCTC || spec.Input.Height <= 0 || len(spec.Classes) == 0 {
		return nil, fault.New(fault.Internal, "The model %s is not a CTC text recogniser.", spec.Name)
	}
	r := &Recogniser{model: model, spec: spec, index: map[rune]int{}}
	r.classes = append(append(r.classes, ""), spec.Classes...)
	for i, c := range r.classes {
		if runes := []rune(c); len(runes) == 1 {
			if _, double := r.index[runes[0]]; !double {
				r.index[runes[0]] = i
			}
		}
		if c != "" && c == spec.Hidden {
			r.hidden = i
		}
	}
	return r, nil
}

// Spec describes the network in use.
func (r *Recogniser) Spec() nn.Spec { return r.spec }

// Recognise reads lines in as few runs as their widths allow. The outputs are
// in the order of lines; an empty picture gives an output without steps.
func (r *Recogniser) Recognise(ctx context.Context, lines []*imaging.Picture) ([]*Output, error) {
	height, multiple := r.spec.Input.Height, max(r.spec.Input.Multiple, 1)
	stretch := r.spec.Input.Stretch
	if stretch == 0 {
		stretch = 1
	}
	out := make([]*Output, len(lines))
	scaled := make([]*imaging.Picture, len(lines))
	var order []int
	for i, p := range lines {
		out[i] = &Output{recogniser: r}
		if p.W == 0 || p.H == 0 {
			continue
		}
		w := int(math.Round(stretch * float64(height) * float64(p.W) / float64(p.H)))
		scaled[i] = p.Resize(min(max(w, 1), maxWidth), height)
		order = append(order, i)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scaled[a].W, scaled[b].W) })
	for len(order) > 0 {
		n := 1
		for n < min(len(order), maxBatch) && float64(scaled[order[n]].W) <= maxSpread*float64(scaled[order[0]].W) {
			n++
		}
		width := (scaled[order[n-1]].W + multiple - 1) / multiple * multiple
		input := nn.Tensor{Shape: []int64{int64(n), 3, int64(height), int64(width)}, Data: make([]float32, n*3*height*width)}
		for k, i := range order[:n] {
			imaging.ToTensor(input.Data[k*3*height*width:], scaled[i], r.spec.Input, width, height)
		}
		answer, err := r.model.Run(ctx, input)
		if err != nil {
			return nil, err
		}
		probs, steps, err := r.output(answer, n)
		if err != nil {
			return nil, err
		}
		for k, i := range order[:n] {
			// Steps over the padding say nothing.
			own := min(steps, (scaled[i].W*steps+width-1)/width)
			c := len(r.classes)
			out[i].probs = probs[k*steps*c:][:own*c]
			out[i].steps = own
			out[i].takeHidden(r.hidden)
		}
		order = order[n:]
	}
	return out, nil
}

// output finds and checks the network's answer for n lines.
func (r *Recogniser) output(answer map[string]nn.Tensor, n int) (probs []float32, steps int, err error) {
	t, ok := answer[r.spec.Output]
	if r.spec.Output == "" && len(answer) == 1 {
		for _, t = range answer {
			ok = true
		}
	}
	if !ok || len(t.Shape) != 3 || t.Shape[0] != int64(n) || t.Shape[1] <= 0 || t.Shape[2] != int64(len(r.classes)) ||
		int64(len(t.Data)) != t.Shape[0]*t.Shape[1]*t.Shape[2] {
		return nil, 0, fault.New(fault.Internal, "The model %s answered with another shape than its manifest entry says.", r.spec.Name)
	}
	return t.Data, int(t.Shape[1]), nil
}
