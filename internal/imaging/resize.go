package imaging

import (
	"math"
	"math/bits"
)

// Crop copies the part of the rectangle that lies inside the picture; nothing
// inside gives a picture of 0 x 0.
func (p *Picture) Crop(x, y, w, h int) *Picture {
	x0, y0 := max(x, 0), max(y, 0)
	x1, y1 := min(x+w, p.W), min(y+h, p.H)
	if x1 <= x0 || y1 <= y0 {
		return New(0, 0)
	}
	out := New(x1-x0, y1-y0)
	for row := range out.H {
		copy(out.Pix[3*out.W*row:][:3*out.W], p.Pix[3*(p.W*(y0+row)+x0):])
	}
	return out
}

// Border says what lies outside a picture.
type Border int

// Borders, for the row abcd: Replicate is aaa|abcd|ddd, Reflect101 is
// dcb|abcd|cba.
const (
	Replicate Border = iota
	Reflect101
)

// CropBorder copies a rectangle that may reach outside the picture, which must
// not be empty. w and h are at least 1.
func (p *Picture) CropBorder(x, y, w, h int, border Border) *Picture {
	out := New(w, h)
	// Columns from "from" to before "to" lie inside.
	from := min(max(-x, 0), w)
	to := max(min(p.W-x, w), from)
	for v := range h {
		row := p.Pix[3*p.W*border.index(y+v, p.H):][:3*p.W]
		dst := out.Pix[3*w*v:][:3*w]
		for u := range from {
			copy(dst[3*u:][:3], row[3*border.index(x+u, p.W):])
		}
		if from < to {
			copy(dst[3*from:3*to], row[3*(x+from):])
		}
		for u := to; u < w; u++ {
			copy(dst[3*u:][:3], row[3*border.index(x+u, p.W):])
		}
	}
	return out
}

func (b Border) index(i, n int) int {
	if i >= 0 && i < n {
		return i
	}
	if b == Reflect101 && n > 1 {
		period := 2 * (n - 1)
		i = ((i % period) + period) % period
		return min(i, period-i)
	}
	return min(max(i, 0), n-1)
}

// Rotate90 turns the picture clockwise by quarter turns; negative turns go the
// other way. A multiple of 4 returns p itself.
func (p *Picture) Rotate90(turns int) *Picture {
	switch turns & 3 {
	case 1:
		return p.rearrange(p.H, p.W, func(x, y int) (int, int) { return p.H - 1 - y, x })
	case 2:
		return p.rearrange(p.W, p.H, func(x, y int) (int, int) { return p.W - 1 - x, p.H - 1 - y })
	case 3:
		return p.rearrange(p.H, p.W, func(x, y int) (int, int) { return y, p.W - 1 - x })
	}
	return p
}

// Mirror flips the picture left to right.
func (p *Picture) Mirror() *Picture {
	return p.rearrange(p.W, p.H, func(x, y int) (int, int) { return p.W - 1 - x, y })
}

// orient turns a stored picture upright by its EXIF orientation.
func (p *Picture) orient(orientation int) *Picture {
	switch orientation {
	case 2:
		return p.Mirror()
	case 3:
		return p.Rotate90(2)
	case 4:
		return p.rearrange(p.W, p.H, func(x, y int) (int, int) { return x, p.H - 1 - y })
	case 5:
		return p.rearrange(p.H, p.W, func(x, y int) (int, int) { return y, x })
	case 6:
		return p.Rotate90(1)
	case 7:
		return p.rearrange(p.H, p.W, func(x, y int) (int, int) { return p.H - 1 - y, p.W - 1 - x })
	case 8:
		return p.Rotate90(3)
	}
	return p
}

// rearrange moves every pixel (x, y) to to(x, y) in a picture of w x h. to is
// affine, so two calls a row give its start and step.
func (p *Picture) rearrange(w, h int, to func(x, y int) (int, int)) *Picture {
	out := New(w, h)
	for y := range p.H {
		ax, ay := to(0, y)
		bx, by := to(1, y)
		at, step := 3*(ay*w+ax), 3*((by-ay)*w+bx-ax)
		row := p.Pix[3*p.W*y:][:3*p.W]
		for i := 0; i < len(row); i += 3 {
			dst := out.Pix[at:][:3]
			dst[0], dst[1], dst[2] = row[i], row[i+1], row[i+2]
			at += step
		}
	}
	return out
}

// Resize scales to w x h (at least 1 x 1): the average of the covered area on
// a side that shrinks, bilinear on a side that grows. The same size returns p
// itself.
func (p *Picture) Resize(w, h int) *Picture { return p.resize(w, h, linear) }

// ResizeCubic is Resize with the Catmull-Rom cubic on a side that grows.
func (p *Picture) ResizeCubic(w, h int) *Picture { return p.resize(w, h, cubic) }

// ResizeBilinear interpolates between the nearest four pixels even where the
// picture shrinks: what networks trained on OpenCV's default resize expect.
func (p *Picture) ResizeBilinear(w, h int) *Picture {
	if p.W == 0 || p.H == 0 {
		return New(max(w, 1), max(h, 1))
	}
	return p.interpolate(max(w, 1), max(h, 1), linear)
}

// LimitSide shrinks the picture until its longest side is at most side, and
// tells the scale: new size / old size, 1 when nothing was done.
func (p *Picture) LimitSide(side int) (*Picture, float64) {
	longest := max(p.W, p.H)
	if longest <= side {
		return p, 1
	}
	s := float64(side) / float64(longest)
	return p.Resize(int(math.Round(s*float64(p.W))), int(math.Round(s*float64(p.H)))), s
}

func (p *Picture) resize(w, h int, kernel func(t float64) []float64) *Picture {
	w, h = max(w, 1), max(h, 1)
	if p.W == 0 || p.H == 0 {
		return New(w, h)
	}
	out := p
	if w < p.W || h < p.H {
		out = out.shrink(min(w, p.W), min(h, p.H))
	}
	if w > out.W || h > out.H {
		out = out.interpolate(w, h, kernel)
	}
	return out
}

// span is the run of source pixels that one output pixel covers. In units of
// 1/n source pixel, n being the output size, the first pixel weighs head, the
// last tail, and those between n.
type span struct {
	from, to   int // inclusive
	head, tail uint32
}

func spans(size, n int) []span {
	out := make([]span, n)
	for i := range out {
		a, b := i*size, (i+1)*size // the covered interval, in units of 1/n
		s := span{from: a / n, to: (b - 1) / n}
		if s.from == s.to {
			s.head = uint32(b - a)
		} else {
			s.head = uint32((s.from+1)*n - a)
			s.tail = uint32(b - s.to*n)
		}
		out[i] = s
	}
	return out
}

// shrink is the exact area average in integers; w <= p.W and h <= p.H. Rows are
// added up before columns are: that simple loop is the one that sees every
// pixel.
func (p *Picture) shrink(w, h int) *Picture {
	out := New(w, h)
	cols := spans(p.W, w)
	total := make([]uint32, 3*p.W) // rows added up; at most 255*p.H each
	row := func(y int) []uint8 { return p.Pix[3*p.W*y:][:3*p.W] }
	for y, r := range spans(p.H, h) {
		addRows(total, row(r.from), row(r.to), r.head, r.tail)
		for sy := r.from + 1; sy < r.to; sy++ {
			addRow(total, row(sy), uint32(h))
		}
		reduceRow(out.Pix[3*w*y:][:3*w], total, cols, uint64(p.W)*uint64(p.H))
	}
	return out
}

// addRows and addRow are functions of their own so that the compiler sees equal
// lengths and drops the checks of every index.
func addRows(total []uint32, first, last []uint8, head, tail uint32) {
	first, last = first[:len(total)], last[:len(total)]
	for i := range total {
		total[i] = head*uint32(first[i]) + tail*uint32(last[i])
	}
}

func addRow(total []uint32, row []uint8, weight uint32) {
	row = row[:len(total)]
	for i := range total {
		total[i] += weight * uint32(row[i])
	}
}

// reduceRow averages the columns of a row whose weighted sums count area.
func reduceRow(dst []uint8, row []uint32, cols []span, area uint64) {
	full := uint64(len(cols))
	half, inverse := area/2, math.MaxUint64/area+1 // rounded up: exact, as sums are under 2^40
	for x := range cols {
		s := &cols[x]
		px, end := row[3*s.from:][:3], row[3*s.to:][:3]
		head, tail := uint64(s.head), uint64(s.tail)
		r := head*uint64(px[0]) + tail*uint64(end[0]) + half
		g := head*uint64(px[1]) + tail*uint64(end[1]) + half
		b := head*uint64(px[2]) + tail*uint64(end[2]) + half
		for at := s.from + 1; at < s.to; at++ {
			px = row[3*at:][:3]
			r += full * uint64(px[0])
			g += full * uint64(px[1])
			b += full * uint64(px[2])
		}
		to := dst[3*x:][:3]
		r, _ = bits.Mul64(r, inverse)
		g, _ = bits.Mul64(g, inverse)
		b, _ = bits.Mul64(b, inverse)
		to[0], to[1], to[2] = uint8(r), uint8(g), uint8(b)
	}
}

// linear and cubic give the weights of the neighbours at a fraction t between
// two pixels; the pixel at or before the position is at index len/2-1.
func linear(t float64) []float64 { return []float64{1 - t, t} }

// cubic is Keys' kernel with a = -1/2 (Catmull-Rom).
func cubic(t float64) []float64 {
	return []float64{
		((-0.5*t+1)*t - 0.5) * t,
		(1.5*t-2.5)*t*t + 1,
		((-1.5*t+2)*t + 0.5) * t,
		(0.5*t - 0.5) * t * t,
	}
}

const weightBits = 14

// tap is one source index and its weight, in 1/2^weightBits.
type tap struct {
	at     int
	weight int32
}

// taps lists, for each of n output positions, the source positions that make
// it; borders repeat.
func taps(size, n int, kernel func(t float64) []float64) [][]tap {
	out := make([][]tap, n)
	for i := range out {
		pos := (float64(i)+0.5)*float64(size)/float64(n) - 0.5
		base := math.Floor(pos)
		weights := kernel(pos - base)
		list := make([]tap, len(weights))
		rest, largest := int32(1<<weightBits), 0
		for k, w := range weights {
			list[k] = tap{
				at:     min(max(int(base)+k-len(weights)/2+1, 0), size-1),
				weight: int32(math.Round(w * (1 << weightBits))),
			}
			rest -= list[k].weight
			if list[k].weight > list[largest].weight {
				largest = k
			}
		}
		list[largest].weight += rest // a flat area must stay flat
		out[i] = list
	}
	return out
}

// interpolate resamples one side after the other, without averaging where the
// picture shrinks.
func (p *Picture) interpolate(w, h int, kernel func(t float64) []float64) *Picture {
	const half = 1 << (weightBits - 1)
	rows := taps(p.H, h, kernel)
	used := make([]bool, p.H) // where the picture shrinks, most rows are not
	for _, list := range rows {
		for _, t := range list {
			used[t.at] = used[t.at] || t.weight != 0
		}
	}
	wide := p
	if w != p.W {
		wide = New(w, p.H)
		cols := taps(p.W, w, kernel)
		for y := range p.H {
			if !used[y] {
				continue
			}
			row := p.Pix[3*p.W*y:][:3*p.W]
			dst := wide.Pix[3*w*y:][:3*w]
			for x, list := range cols {
				r, g, b := int32(half), int32(half), int32(half)
				for _, t := range list {
					px := row[3*t.at:][:3]
					r += t.weight * int32(px[0])
					g += t.weight * int32(px[1])
					b += t.weight * int32(px[2])
				}
				px := dst[3*x:][:3]
				px[0], px[1], px[2] = clamp8(r>>weightBits), clamp8(g>>weightBits), clamp8(b>>weightBits)
			}
		}
	}
	if h == p.H {
		return wide
	}
	out := New(w, h)
	acc := make([]int32, 3*w)
	for y, list := range rows {
		for i := range acc {
			acc[i] = half
		}
		for _, t := range list {
			if t.weight == 0 {
				continue
			}
			for i, v := range wide.Pix[3*w*t.at:][:3*w] {
				acc[i] += t.weight * int32(v)
			}
		}
		dst := out.Pix[3*w*y:][:3*w]
		for i, v := range acc {
			dst[i] = clamp8(v >> weightBits)
		}
	}
	return out
}
