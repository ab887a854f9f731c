package face

import (
	"context"
	"slices"
	"sync"

	"anycheck/internal/imaging"
	"anycheck/internal/nn"
)

// tensors keeps input buffers between inferences: a new one of a megabyte costs
// page faults each time.
var tensors = sync.Pool{New: func() any { return new([]float32) }}

// infer feeds a picture to a model, in the top left of w x h.
func infer(ctx context.Context, m nn.Model, p *imaging.Picture, in nn.Input, w, h int) (map[string]nn.Tensor, error) {
	buffer := tensors.Get().(*[]float32)
	defer tensors.Put(buffer)
	n := 3 * w * h
	*buffer = slices.Grow((*buffer)[:0], n)[:n]
	imaging.ToTensor(*buffer, p, in, w, h)
	return m.Run(ctx, nn.Tensor{Shape: []int64{1, 3, int64(h), int64(w)}, Data: *buffer})
}
