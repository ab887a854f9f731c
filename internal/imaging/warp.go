package imaging

import "math"

// positionBits are the fraction bits of a source position in fixed point.
const positionBits = 10

// walk is how many pixels of a row are placed between two divisions: between
// them positions are interpolated, which is off by less than 1/50 pixel on a
// card in any perspective that is read.
const walk = 8

// maxPosition bounds a source position in pixels, so that it fits in fixed
// point wherever a map sends it.
const maxPosition = 1 << 20

// positions gives where the pixels (u0, v), (u0+1, v), … of the output come
// from, in 1/2^positionBits pixel. xs and ys have the same length.
func (h Homography) positions(u0, v int, xs, ys []int32) {
	const more = positionBits // further bits for the steps
	const scale = 1 << (positionBits + more)
	at := func(u int) (x, y int64) {
		u64, v64 := float64(u), float64(v)
		d := scale / (h[6]*u64 + h[7]*v64 + h[8])
		return bounded((h[0]*u64 + h[1]*v64 + h[2]) * d), bounded((h[3]*u64 + h[4]*v64 + h[5]) * d)
	}
	x, y := at(u0)
	for i := 0; i < len(xs); i += walk {
		nextX, nextY := at(u0 + i + walk)
		dx, dy := (nextX-x)/walk, (nextY-y)/walk
		x, y = x+1<<(more-1), y+1<<(more-1)
		end := min(i+walk, len(xs))
		xs, ys := xs[i:end], ys[i:end]
		for k := range xs {
			xs[k], ys[k] = int32(x>>more), int32(y>>more)
			x += dx
			y += dy
		}
		x, y = nextX, nextY
	}
}

// bounded is v as an integer, within what fits in fixed point; not a number
// becomes 0.
func bounded(v float64) int64 {
	const limit = maxPosition << (2 * positionBits)
	switch {
	case v > -limit && v < limit:
		return int64(v)
	case v >= limit:
		return limit
	case v <= -limit:
		return -limit
	}
	return 0
}

// bounds is the part of a picture of width x height that an output rectangle
// from (u0, v0) to before (u1, v1) comes from, at least one pixel.
func (h Homography) bounds(u0, v0, u1, v1, width, height int) (x0, y0, x1, y1 int) {
	lo, hi := Point{X: maxPosition, Y: maxPosition}, Point{X: -maxPosition, Y: -maxPosition}
	sign := 0.0
	for _, c := range [4][2]int{{u0, v0}, {u1, v0}, {u0, v1}, {u1, v1}} {
		u, v := float64(c[0]), float64(c[1])
		d := h[6]*u + h[7]*v + h[8]
		if d == 0 || d != d || sign*d < 0 { // the horizon crosses the rectangle
			return 0, 0, width, height
		}
		sign = d
		q := h.Apply(Point{X: u, Y: v})
		lo.X, lo.Y, hi.X, hi.Y = min(lo.X, q.X), min(lo.Y, q.Y), max(hi.X, q.X), max(hi.Y, q.Y)
	}
	if !(lo.X <= hi.X && lo.Y <= hi.Y) { // not numbers
		return 0, 0, width, height
	}
	whole := func(v float64, lo, hi int) int { return int(min(max(v, float64(lo)), float64(hi))) }
	x0, y0 = whole(lo.X-1, 0, width-1), whole(lo.Y-1, 0, height-1)
	return x0, y0, whole(hi.X+3, x0+1, width), whole(hi.Y+3, y0+1, height)
}

// Warp samples p at toSource(x, y) for every pixel of a picture of w x h:
// Catmull-Rom cubic where the source is enlarged, an area average first where
// it is shrunk. Positions are rounded to 1/64 pixel; beyond p's border its edge
// pixels repeat.
func (p *Picture) Warp(toSource Homography, w, h int) *Picture {
	out := New(w, h)
	if p.W == 0 || p.H == 0 {
		return out
	}
	if s := toSource.density(w, h); s > 1.2 {
		x0, y0, x1, y1 := toSource.bounds(0, 0, w, h, p.W, p.H)
		part := p.Crop(x0, y0, x1-x0, y1-y0)
		small := part.Resize(max(1, int(float64(part.W)/s)), max(1, int(float64(part.H)/s)))
		toSource = toSource.shifted(float64(-x0), float64(-y0)).
			scaled(float64(small.W)/float64(part.W), float64(small.H)/float64(part.H))
		p = small
	}
	var t tile
	for v := 0; v < h; v += tileHeight {
		for u := 0; u < w; u += tileWidth {
			t.warp(out, p, toSource, u, v)
		}
	}
	return out
}

// density is how many source pixels one output pixel spans, in the middle of
// an output of w x h.
func (h Homography) density(w, ht int) float64 {
	c := Point{X: float64(w) / 2, Y: float64(ht) / 2}
	o, r, b := h.Apply(c), h.Apply(Point{X: c.X + 1, Y: c.Y}), h.Apply(Point{X: c.X, Y: c.Y + 1})
	return math.Sqrt(math.Abs((r.X-o.X)*(b.Y-o.Y) - (r.Y-o.Y)*(b.X-o.X)))
}

// shifted follows h by a shift.
func (h Homography) shifted(dx, dy float64) Homography {
	for i := range 3 {
		h[i] += dx * h[6+i]
		h[3+i] += dy * h[6+i]
	}
	return h
}

// scaled follows h by a change of the picture's size.
func (h Homography) scaled(sx, sy float64) Homography {
	// Pixel centres: x' = (x + 1/2) s - 1/2.
	for i := range 3 {
		h[i] = sx*h[i] + (sx-1)/2*h[6+i]
		h[3+i] = sy*h[3+i] + (sy-1)/2*h[6+i]
	}
	return h
}

// The part of the output that is drawn at once: small enough that its source
// stays in the processor's cache.
const (
	tileWidth  = 128
	tileHeight = 64
)

// tile is the source of one part of the output, its three channels packed into
// one word so that one multiplication weighs all of them: red in bits 0..20,
// green in 21..41, blue in 42..62.
type tile struct {
	pix []uint64
}

const (
	laneBits = 21
	lanes    = 1 | 1<<laneBits | 1<<(2*laneBits) // 1 in each channel

	phases = 64 // of a position between two pixels
	// Weights along a row and down a column, in 1/2^bits. A row's sum drops
	// rowDrop bits before the columns are weighed, or it would not fit.
	rowBits    = 10
	columnBits = 9
	rowDrop    = 8
	// Biases keep a channel above 0, where the kernel swings below it: the
	// weights under 0 sum up to at most 1/8 in each direction.
	rowBias    = 1<<15 + 1<<(rowDrop-1) // with the half that rounds
	columnBias = 1 << 17
)

var (
	rowWeights    = cubicPhases(rowBits)
	columnWeights = cubicPhases(columnBits)
)

// cubicPhases are the four weights of the cubic kernel for each phase, in
// 1/2^bits.
func cubicPhases(bits int) (t [phases + 1][4]uint64) {
	for i := range t {
		rest := int64(1) << bits // a flat area must stay flat
		for k, w := range cubic(float64(i) / phases) {
			n := int64(math.Round(w * float64(int(1)<<bits)))
			t[i][k] = uint64(n)
			rest -= n
		}
		t[i][(i+phases/2)/phases+1] += uint64(rest)
	}
	return t
}

// warp draws the tile of out whose top left pixel is (u0, v0).
func (t *tile) warp(out, p *Picture, toSource Homography, u0, v0 int) {
	u1, v1 := min(u0+tileWidth, out.W), min(v0+tileHeight, out.H)
	x0, y0, x1, y1 := toSource.bounds(u0, v0, u1, v1, p.W, p.H)
	stride := t.load(p, x0, y0, x1, y1)
	const (
		one   = 1 << positionBits
		phase = one / phases
		mask  = (1<<(laneBits-rowDrop) - 1) * lanes
		drop  = rowBits - rowDrop + columnBits // fraction bits of the result
		level = rowBias>>rowDrop<<columnBits + columnBias - 1<<(drop-1)
	)
	lastX, lastY := int32(x1-x0-1)*one, int32(y1-y0-1)*one
	var xs, ys [tileWidth]int32
	// Positions count from the tile's own first pixel.
	toTile := toSource.shifted(float64(-x0), float64(-y0))
	for v := v0; v < v1; v++ {
		toTile.positions(u0, v, xs[:u1-u0], ys[:u1-u0])
		row := out.Pix[3*(out.W*v+u0):][:3*(u1-u0)]
		for i := range u1 - u0 {
			x, y := uint32(min(max(xs[i], 0), lastX)), uint32(min(max(ys[i], 0), lastY))
			wx := &rowWeights[(x%one+phase/2)/phase]
			wy := &columnWeights[(y%one+phase/2)/phase]
			at := int(y/one)*stride + int(x/one)
			a, b, c, d := t.pix[at:][:4], t.pix[at+stride:][:4], t.pix[at+2*stride:][:4], t.pix[at+3*stride:][:4]
			const bias = rowBias * lanes
			sum := wy[0]*((wx[0]*a[0]+wx[1]*a[1]+wx[2]*a[2]+wx[3]*a[3]+bias)>>rowDrop&mask) +
				wy[1]*((wx[0]*b[0]+wx[1]*b[1]+wx[2]*b[2]+wx[3]*b[3]+bias)>>rowDrop&mask) +
				wy[2]*((wx[0]*c[0]+wx[1]*c[1]+wx[2]*c[2]+wx[3]*c[3]+bias)>>rowDrop&mask) +
				wy[3]*((wx[0]*d[0]+wx[1]*d[1]+wx[2]*d[2]+wx[3]*d[3]+bias)>>rowDrop&mask) +
				columnBias*lanes
			px := row[3*i:][:3]
			const lane = 1<<laneBits - 1
			px[0] = clamp8((int32(sum&lane) - level) >> drop)
			px[1] = clamp8((int32(sum>>laneBits&lane) - level) >> drop)
			px[2] = clamp8((int32(sum>>(2*laneBits)) - level) >> drop)
		}
	}
}

// load packs the pixels from (x0, y0) to before (x1, y1) and those that the
// kernel reaches round them: one before, two after; p's edge repeats.
func (t *tile) load(p *Picture, x0, y0, x1, y1 int) (stride int) {
	stride = x1 - x0 + 3
	if n := stride * (y1 - y0 + 3); cap(t.pix) < n {
		t.pix = make([]uint64, n)
	} else {
		t.pix = t.pix[:n]
	}
	for y := y0 - 1; y < y1+2; y++ {
		row := p.Pix[3*p.W*min(max(y, 0), p.H-1):][:3*p.W]
		dst := t.pix[(y-y0+1)*stride:][:stride]
		for i := range dst {
			px := row[3*min(max(x0-1+i, 0), p.W-1):][:3]
			dst[i] = uint64(px[0]) | uint64(px[1])<<laneBits | uint64(px[2])<<(2*laneBits)
		}
	}
	return stride
}

// Warp samples g at toSource(x, y) for every pixel of w x h: bilinear, the edge
// pixels repeat beyond the border.
func (g *Gray) Warp(toSource Homography, w, h int) *Gray {
	out := NewGray(w, h)
	if g.W < 2 || g.H < 2 {
		return out
	}
	const one = 1 << positionBits
	lastX, lastY := int32(g.W-1)*one, int32(g.H-1)*one
	xs, ys := make([]int32, w), make([]int32, w)
	for v := range h {
		toSource.positions(0, v, xs, ys)
		row := out.Pix[w*v:][:w]
		for u := range row {
			x, y := uint32(min(max(xs[u], 0), lastX)), uint32(min(max(ys[u], 0), lastY))
			// On the last pixel the one before it has the weight 0.
			x0, y0 := min(int(x/one), g.W-2), min(int(y/one), g.H-2)
			fx, fy := int32(x)-int32(x0)*one, int32(y)-int32(y0)*one
			a, b := g.Pix[y0*g.W+x0:][:2], g.Pix[(y0+1)*g.W+x0:][:2]
			top := int32(a[0])*one + fx*(int32(a[1])-int32(a[0]))
			bottom := int32(b[0])*one + fx*(int32(b[1])-int32(b[0]))
			row[u] = uint8((top*one + fy*(bottom-top) + one*one/2) >> (2 * positionBits))
		}
	}
	return out
}
