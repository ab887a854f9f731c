package face

import (
	"context"
	"fmt"
	"math"

	"anycheck/internal/imaging"
	"anycheck/internal/nn"
)

// Embedding is a face as a unit vector; its length depends on the model.
type Embedding []float32

// Similarity is the cosine of two embeddings of one model, -1..1.
func (e Embedding) Similarity(o Embedding) float64 {
	var sum float64
	for i := range min(len(e), len(o)) {
		sum += float64(e[i]) * float64(o[i])
	}
	return sum
}

// Embedder turns aligned faces into embeddings.
type Embedder struct {
	model    nn.Model
	spec     nn.Spec
	template []imaging.Point
}

// NewEmbedder takes a model whose Spec gives the input's size, where the five
// landmarks must lie in it, and the name of the output.
func NewEmbedder(m nn.Model) (*Embedder, error) {
	e := &Embedder{model: m, spec: m.Spec()}
	in := e.spec.Input
	if e.spec.Decoding != nn.DecodeEmbedding || in.Width < 1 || in.Height < 1 || len(in.Landmarks) != len(Landmarks{}) || e.spec.Output == "" {
		return nil, fmt.Errorf("face: model %s is not a face embedder with a size, five landmarks and an output", e.spec.Name)
	}
	for _, q := range in.Landmarks {
		e.template = append(e.template, imaging.Point{X: q[0], Y: q[1]})
	}
	return e, nil
}

// Align cuts the face out of a picture so that its landmarks lie where the
// model wants them. It is false when the landmarks coincide.
func (e *Embedder) Align(p *imaging.Picture, l Landmarks) (*imaging.Picture, bool) {
	s, ok := imaging.FitSimilarity(l[:], e.template)
	if !ok {
		return nil, false
	}
	return p.WarpSimilarity(s, e.spec.Input.Width, e.spec.Input.Height), true
}

// Embed embeds an aligned face, with its mirror image where the Spec says so.
func (e *Embedder) Embed(ctx context.Context, aligned *imaging.Picture) (Embedding, error) {
	sum, err := e.run(ctx, aligned)
	if err != nil {
		return nil, err
	}
	if e.spec.Input.Mirror {
		other, err := e.run(ctx, aligned.Mirror())
		if err != nil {
			return nil, err
		}
		if len(other) != len(sum) {
			return nil, fmt.Errorf("embed face: %d and %d values for a face and its mirror image", len(sum), len(other))
		}
		for i, v := range other {
			sum[i] += v
		}
	}
	var square float64
	for _, v := range sum {
		square += float64(v) * float64(v)
	}
	norm := math.Sqrt(square)
	if !(norm > 1e-12) || math.IsInf(norm, 0) {
		return nil, fmt.Errorf("embed face: model %s answered a vector of length %v", e.spec.Name, norm)
	}
	for i := range sum {
		sum[i] = float32(float64(sum[i]) / norm)
	}
	return sum, nil
}

func (e *Embedder) run(ctx context.Context, p *imaging.Picture) (Embedding, error) {
	out, err := infer(ctx, e.model, p, e.spec.Input, e.spec.Input.Width, e.spec.Input.Height)
	if err != nil {
		return nil, fmt.Errorf("embed face: %w", err)
	}
	v := out[e.spec.Output].Data
	if len(v) == 0 {
		return nil, fmt.Errorf("embed face: model %s has no output %s", e.spec.Name, e.spec.Output)
	}
	return v, nil
}
