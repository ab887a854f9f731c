package imaging

import (
	"encoding/binary"
	"math"
)

// Median replaces each pixel by the median of the square of 2r+1 pixels round
// it (Huang 1979: a histogram that slides along the row). Borders repeat.
func (g *Gray) Median(r int) *Gray {
	if r == 1 {
		return g.median3()
	}
	out := NewGray(g.W, g.H)
	half := (2*r+1)*(2*r+1)/2 + 1 // the median is the first value with this many at or below it
	rows := make([][]uint8, 2*r+1)
	for k := range rows {
		rows[k] = make([]uint8, g.W+2*r+1)
	}
	for y := range g.H {
		var hist [256]int32
		median, below := 0, 0 // below counts the window's values under median
		for k, row := range rows {
			from := g.Pix[g.W*min(max(y+k-r, 0), g.H-1):][:g.W]
			for i := range r {
				row[i], row[r+g.W+i] = from[0], from[g.W-1]
			}
			copy(row[r:], from)
			for _, v := range row[:2*r+1] {
				hist[v]++
			}
		}
		dst := out.Pix[g.W*y:][:g.W]
		for x := range dst {
			for below >= half {
				median--
				below -= int(hist[median])
			}
			for below+int(hist[median]) < half {
				below += int(hist[median])
				median++
			}
			dst[x] = uint8(median)
			for _, row := range rows { // to the next window; the last one is not used
				leaves, enters := row[x], row[x+2*r+1]
				hist[leaves]--
				hist[enters]++
				// A negative number shifts to -1: no branch to mispredict.
				below += (int(leaves)-median)>>63 - (int(enters)-median)>>63
			}
		}
	}
	return out
}

// median3 is Median(1), eight pixels at a time: of three sorted columns the
// median is that of the largest minimum, the median of the middles and the
// smallest maximum (Smith 1996).
func (g *Gray) median3() *Gray {
	out := NewGray(g.W, g.H)
	if g.W == 0 {
		return out
	}
	words := (g.W + 7) / 8
	// The three rows with a pixel before and at least one after, in whole words.
	var rows [3][]uint8
	var low, mid, high []uint8
	for _, row := range []*[]uint8{&rows[0], &rows[1], &rows[2], &low, &mid, &high} {
		*row = make([]uint8, 8*(words+1))
	}
	load, store := binary.LittleEndian.Uint64, binary.LittleEndian.PutUint64
	line := make([]uint8, 8*words)
	for y := range g.H {
		for k, row := range rows {
			at := g.W * min(max(y+k-1, 0), g.H-1)
			row[0] = g.Pix[at]
			copy(row[1:], g.Pix[at:][:g.W])
			row[g.W+1] = row[g.W]
		}
		for x := 0; x < 8*(words+1); x += 8 {
			a, b, c := load(rows[0][x:]), load(rows[1][x:]), load(rows[2][x:])
			a, b = order8(a, b)
			b, c = order8(b, c)
			a, b = order8(a, b)
			store(low[x:], a)
			store(mid[x:], b)
			store(high[x:], c)
		}
		for x := 0; x < 8*words; x += 8 {
			_, a := order8(load(low[x:]), load(low[x+1:]))
			_, a = order8(a, load(low[x+2:]))
			b := median8(load(mid[x:]), load(mid[x+1:]), load(mid[x+2:]))
			c, _ := order8(load(high[x:]), load(high[x+1:]))
			c, _ = order8(c, load(high[x+2:]))
			store(line[x:], median8(a, b, c))
		}
		copy(out.Pix[g.W*y:][:g.W], line)
	}
	return out
}

// order8 compares eight pairs of bytes and gives the smaller and the larger of
// each.
func order8(a, b uint64) (lo, hi uint64) {
	const top = 0x8080808080808080
	// The top bit of each byte of low tells a >= b for the lower seven bits.
	low := (a | top) - (b &^ top)
	swap := (a ^ b) & (((a &^ b) | (^(a ^ b) & low)) & top >> 7 * 0xff)
	return a ^ swap, b ^ swap
}

func median8(a, b, c uint64) uint64 {
	a, b = order8(a, b)
	b, _ = order8(b, c)
	_, b = order8(a, b)
	return b
}

// Gaussian blurs with a Gaussian of the given standard deviation in pixels,
// cut at 3 sigma. Borders repeat.
func (g *Gray) Gaussian(sigma float64) *Gray {
	r := int(math.Ceil(3 * sigma))
	kernel, sum := make([]float32, 2*r+1), float32(0)
	for i := range kernel {
		d := float64(i - r)
		kernel[i] = float32(math.Exp(-d * d / (2 * sigma * sigma)))
		sum += kernel[i]
	}
	for i := range kernel {
		kernel[i] /= sum
	}
	mid := make([]float32, g.W*g.H)
	line := make([]float32, g.W+2*r)
	for y := range g.H {
		row := g.Pix[g.W*y:][:g.W]
		for i := range line {
			line[i] = float32(row[min(max(i-r, 0), g.W-1)])
		}
		for x := range g.W {
			v := float32(0)
			for k, s := range line[x:][:len(kernel)] {
				v += kernel[k] * s
			}
			mid[g.W*y+x] = v
		}
	}
	out := NewGray(g.W, g.H)
	acc := make([]float32, g.W)
	for y := range g.H {
		clear(acc)
		for k, weight := range kernel {
			for x, v := range mid[g.W*min(max(y+k-r, 0), g.H-1):][:g.W] {
				acc[x] += weight * v
			}
		}
		for x, v := range acc {
			out.Pix[g.W*y+x] = uint8(v + 0.5)
		}
	}
	return out
}

// Integral is the summed-area table of a Gray: sums of rectangles in constant
// time.
type Integral struct {
	w   int
	sum []uint32 // (W+1) x (H+1)
}

// Integral sums g up; g has at most 2^24 pixels.
func (g *Gray) Integral() *Integral {
	in := &Integral{w: g.W + 1, sum: make([]uint32, (g.W+1)*(g.H+1))}
	for y := range g.H {
		row := uint32(0)
		above, here := in.sum[in.w*y:][:in.w], in.sum[in.w*(y+1):][:in.w]
		for x, v := range g.Pix[g.W*y:][:g.W] {
			row += uint32(v)
			here[x+1] = above[x+1] + row
		}
	}
	return in
}

// Sum is the sum over x0 <= x < x1, y0 <= y < y1, which must lie inside.
func (in *Integral) Sum(x0, y0, x1, y1 int) uint32 {
	return in.sum[in.w*y1+x1] - in.sum[in.w*y0+x1] - in.sum[in.w*y1+x0] + in.sum[in.w*y0+x0]
}

// Mean is the average over a rectangle, cut to the table; 0 when nothing is left.
func (in *Integral) Mean(x0, y0, x1, y1 int) float64 {
	w, h := in.w-1, len(in.sum)/in.w-1
	x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, w), min(y1, h)
	if x1 <= x0 || y1 <= y0 {
		return 0
	}
	return float64(in.Sum(x0, y0, x1, y1)) / float64((x1-x0)*(y1-y0))
}

// DilateRect takes the largest value in a rectangle of (2rx+1) x (2ry+1);
// beyond the border there is nothing.
func (g *Gray) DilateRect(rx, ry int) *Gray {
	tall := NewGray(g.W, g.H+2*ry)
	run := make([]uint8, g.W+2*rx)
	for y := range g.H {
		slideMax(tall.Pix[g.W*(y+ry):][:g.W], g.Pix[g.W*y:][:g.W], rx, run)
	}
	doubling(2*ry+1, func(shift int) { maxInto(tall.Pix, tall.Pix[min(g.W*shift, len(tall.Pix)):]) })
	return &Gray{W: g.W, H: g.H, Pix: tall.Pix[:g.W*g.H]}
}

// DilateEllipse takes the largest value in an ellipse of 2r+1 pixels across;
// beyond the border there is nothing.
func (g *Gray) DilateEllipse(r int) *Gray {
	out := NewGray(g.W, g.H)
	run, room := make([]uint8, g.W), make([]uint8, g.W+2*r)
	for dy := range r + 1 {
		rx := int(math.Round(math.Sqrt(float64(r*r - dy*dy))))
		for y := range g.H {
			if y-dy < 0 && y+dy >= g.H {
				continue
			}
			slideMax(run, g.Pix[g.W*y:][:g.W], rx, room)
			for _, to := range []int{y - dy, y + dy} {
				if to < 0 || to >= g.H || dy == 0 && to != y {
					continue
				}
				maxInto(out.Pix[g.W*to:][:g.W], run)
			}
		}
	}
	return out
}

// slideMax writes the maximum of src over i-r..i+r to dst[i]. run has room for
// len(src)+2r values.
func slideMax(dst, src []uint8, r int, run []uint8) {
	run = run[:len(src)+2*r]
	clear(run[:r])
	copy(run[r:], src)
	clear(run[r+len(src):])
	doubling(2*r+1, func(shift int) { maxInto(run, run[min(shift, len(run)):]) })
	copy(dst, run)
}

// doubling gives the shifts by which an array must be combined with itself so
// that each place covers n places from itself on.
func doubling(n int, combine func(shift int)) {
	for covered := 1; covered < n; {
		shift := min(covered, n-covered)
		combine(shift)
		covered += shift
	}
}

// maxInto raises dst to src where src is larger. The two may overlap when src
// lies behind dst.
func maxInto(dst, src []uint8) {
	dst = dst[:len(src)]
	for len(src) >= 8 {
		_, larger := order8(binary.LittleEndian.Uint64(dst), binary.LittleEndian.Uint64(src))
		binary.LittleEndian.PutUint64(dst, larger)
		dst, src = dst[8:], src[8:]
	}
	for i, v := range src {
		dst[i] = max(dst[i], v)
	}
}

// Invert gives 255 - v.
func (g *Gray) Invert() *Gray {
	out := NewGray(g.W, g.H)
	for i, v := range g.Pix {
		out.Pix[i] = 255 - v
	}
	return out
}

// CloseEllipse is a dilation followed by an erosion: dark marks narrower than
// 2r+1 pixels go, the paper round them stays.
func (g *Gray) CloseEllipse(r int) *Gray {
	return g.DilateEllipse(r).Invert().DilateEllipse(r).Invert()
}

// CloseRect is CloseEllipse with a square.
func (g *Gray) CloseRect(r int) *Gray {
	return g.DilateRect(r, r).Invert().DilateRect(r, r).Invert()
}

// Percentiles gives the values below which the shares (0..1) of the pixels
// lie.
func (g *Gray) Percentiles(shares ...float64) []uint8 {
	var hist [256]int
	for _, v := range g.Pix {
		hist[v]++
	}
	out := make([]uint8, len(shares))
	for i, share := range shares {
		n, v := int(share*float64(len(g.Pix))), 0
		for v < 255 && n >= hist[v] {
			n -= hist[v]
			v++
		}
		out[i] = uint8(v)
	}
	return out
}

// Stretch maps lo..hi to 0..255 and holds what lies outside.
func (g *Gray) Stretch(lo, hi uint8) *Gray {
	var table [256]uint8
	span := max(1, int(hi)-int(lo))
	for v := range table {
		table[v] = uint8(min(max((v-int(lo))*255/span, 0), 255))
	}
	out := NewGray(g.W, g.H)
	for i, v := range g.Pix {
		out.Pix[i] = table[v]
	}
	return out
}

// Edges are the ridges of the gradient: for each pixel |dx|+|dy| by the 3x3
// Sobel operator where it is largest across the edge, else 0.
type Edges struct {
	W, H   int
	Ridge  []uint16
	dx, dy []int16 // the gradient
}

// Edges is Canny's detector up to the thresholds (Canny 1986).
func (g *Gray) Edges() *Edges {
	e := &Edges{W: g.W, H: g.H, Ridge: make([]uint16, g.W*g.H)}
	if g.W < 3 || g.H < 3 {
		return e
	}
	dx, dy, mag := make([]int16, g.W*g.H), make([]int16, g.W*g.H), make([]uint16, g.W*g.H)
	e.dx, e.dy = dx, dy
	for y := 1; y < g.H-1; y++ {
		a, b, c := g.Pix[g.W*(y-1):][:g.W], g.Pix[g.W*y:][:g.W], g.Pix[g.W*(y+1):][:g.W]
		for x := 1; x < g.W-1; x++ {
			nw, n, ne := int16(a[x-1]), int16(a[x]), int16(a[x+1])
			sw, s, se := int16(c[x-1]), int16(c[x]), int16(c[x+1])
			gx := ne + se - nw - sw + 2*(int16(b[x+1])-int16(b[x-1]))
			gy := sw + se - nw - ne + 2*(s-n)
			i := g.W*y + x
			dx[i], dy[i] = gx, gy
			mag[i] = uint16(max(gx, -gx)) + uint16(max(gy, -gy))
		}
	}
	for y := 1; y < g.H-1; y++ {
		for x := 1; x < g.W-1; x++ {
			i := g.W*y + x
			m := mag[i]
			if m < 8 {
				continue
			}
			gx, gy := int32(dx[i]), int32(dy[i])
			ax, ay := max(gx, -gx), max(gy, -gy)
			var step int // towards the neighbour across the edge
			switch {
			case 12*ay < 5*ax: // under 22.5 degrees
				step = 1
			case 5*ay > 12*ax:
				step = g.W
			case (gx > 0) == (gy > 0):
				step = g.W + 1
			default:
				step = g.W - 1
			}
			if m > mag[i-step] && m >= mag[i+step] {
				e.Ridge[i] = m
			}
		}
	}
	return e
}

// Above keeps the ridges over high and those over low that touch them, as 255
// on 0.
func (e *Edges) Above(low, high uint16) *Gray {
	out := NewGray(e.W, e.H)
	var stack []int32
	for i, m := range e.Ridge {
		if m <= high || out.Pix[i] != 0 {
			continue
		}
		out.Pix[i] = 255
		stack = append(stack[:0], int32(i))
		for len(stack) > 0 {
			at := int(stack[len(stack)-1])
			stack = stack[:len(stack)-1]
			for _, step := range [8]int{-e.W - 1, -e.W, -e.W + 1, -1, 1, e.W - 1, e.W, e.W + 1} {
				// The outermost pixels are never ridges, so at+step is inside.
				if n := at + step; out.Pix[n] == 0 && e.Ridge[n] > low {
					out.Pix[n] = 255
					stack = append(stack, int32(n))
				}
			}
		}
	}
	return out
}
