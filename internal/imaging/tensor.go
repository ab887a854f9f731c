package imaging

import "anycheck/internal/nn"

// ToTensor writes p into the top left of three planes of w x h values, channel
// after channel in the order of in.Colour, value = (pixel/Scale - Mean)/Std.
// The rest of each plane becomes 0. len(dst) is at least 3*w*h; p is at most
// w x h. A batch passes a part of its buffer.
func ToTensor(dst []float32, p *Picture, in nn.Input, w, h int) {
	for c := range 3 {
		var table [256]float32
		for v := range table {
			table[v] = float32((float64(v)/in.Scale - in.Mean[c]) / in.Std[c])
		}
		source := c
		if in.Colour == nn.BGR {
			source = 2 - c
		}
		plane := dst[c*w*h:][:w*h]
		for y := range p.H {
			row := p.Pix[3*p.W*y:][:3*p.W]
			out := plane[w*y:][:w]
			for x := range p.W {
				out[x] = table[row[3*x+source]]
			}
			clear(out[p.W:])
		}
		clear(plane[w*p.H:])
	}
}

// NewTensor is ToTensor into a new tensor of [1,3,h,w].
func NewTensor(p *Picture, in nn.Input, w, h int) nn.Tensor {
	t := nn.Tensor{Shape: []int64{1, 3, int64(h), int64(w)}, Data: make([]float32, 3*w*h)}
	ToTensor(t.Data, p, in, w, h)
	return t
}
