package imaging

import "anycheck/internal/nn"

// ToTensor writes p into the top left of three planes of w x h values, channel
// after channel in the order of in.Colour, value = (pixel/Scale - Mean)/Std.
// The rest of each plane becomes 0. len(dst) is at least 3*w*h; p is at most
// w x h. A batch passes a part of its buffer.
func ToTensor(dst []float32, p *Picture, in nn.Input, w, h int) {
	var tables [3][256]float32 // of the picture's red, green and blue
	var planes [3][]float32
	for c := range 3 {
		source := c
		if in.Colour == nn.BGR {
			source = 2 - c
		}
		for v := range tables[source] {
			tables[source][v] = float32((float64(v)/in.Scale - in.Mean[c]) / in.Std[c])
		}
		planes[source] = dst[c*w*h:][:w*h]
	}
	for y := range p.H {
		row := p.Pix[3*p.W*y:][:3*p.W]
		red, green, blue := planes[0][w*y:][:w], planes[1][w*y:][:w], planes[2][w*y:][:w]
		r, g, b := red[:p.W], green[:p.W], blue[:p.W]
		for x := range r {
			px := row[3*x:][:3]
			r[x], g[x], b[x] = tables[0][px[0]], tables[1][px[1]], tables[2][px[2]]
		}
		clear(red[p.W:])
		clear(green[p.W:])
		clear(blue[p.W:])
	}
	for _, plane := range planes {
		clear(plane[w*p.H:])
	}
}

// NewTensor is ToTensor into a new tensor of [1,3,h,w].
func NewTensor(p *Picture, in nn.Input, w, h int) nn.Tensor {
	t := nn.Tensor{Shape: []int64{1, 3, int64(h), int64(w)}, Data: make([]float32, 3*w*h)}
	ToTensor(t.Data, p, in, w, h)
	return t
}
