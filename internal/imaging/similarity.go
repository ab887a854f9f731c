package imaging

import "math"

// Similarity is a scale, rotation and shift without reflection:
// (x, y) goes to (A x - B y + TX, B x + A y + TY).
type Similarity struct {
	A, B, TX, TY float64
}

// FitSimilarity finds the similarity that takes from to to with the least sum
// of squared distances (Umeyama 1991, in two dimensions). It fails when the
// points of from coincide or there are fewer than two pairs.
func FitSimilarity(from, to []Point) (Similarity, bool) {
	n := min(len(from), len(to))
	if n < 2 {
		return Similarity{}, false
	}
	var mp, mq Point
	for i := range n {
		mp.X += from[i].X / float64(n)
		mp.Y += from[i].Y / float64(n)
		mq.X += to[i].X / float64(n)
		mq.Y += to[i].Y / float64(n)
	}
	var d, a, b float64
	for i := range n {
		px, py := from[i].X-mp.X, from[i].Y-mp.Y
		qx, qy := to[i].X-mq.X, to[i].Y-mq.Y
		d += px*px + py*py
		a += px*qx + py*qy
		b += px*qy - py*qx
	}
	if d < 1e-9 || a*a+b*b < 1e-18 {
		return Similarity{}, false
	}
	a, b = a/d, b/d
	return Similarity{A: a, B: b, TX: mq.X - a*mp.X + b*mp.Y, TY: mq.Y - b*mp.X - a*mp.Y}, true
}

// Scale is the factor by which lengths change.
func (s Similarity) Scale() float64 { return math.Hypot(s.A, s.B) }

// Apply maps a point.
func (s Similarity) Apply(p Point) Point {
	return Point{X: s.A*p.X - s.B*p.Y + s.TX, Y: s.B*p.X + s.A*p.Y + s.TY}
}

// Inverse undoes s, whose scale must not be 0.
func (s Similarity) Inverse() Similarity {
	n := s.A*s.A + s.B*s.B
	a, b := s.A/n, -s.B/n
	return Similarity{A: a, B: b, TX: -a*s.TX + b*s.TY, TY: -b*s.TX - a*s.TY}
}

// WarpSimilarity draws p through s into a picture of w x h: bilinear, black
// outside p.
func (p *Picture) WarpSimilarity(s Similarity, w, h int) *Picture {
	out := New(w, h)
	inv := s.Inverse()
	for v := range h {
		at := inv.Apply(Point{Y: float64(v)})
		row := out.Pix[3*w*v:][:3*w]
		for u := range w {
			x, y := at.X+inv.A*float64(u), at.Y+inv.B*float64(u)
			p.bilinear(row[3*u:][:3], x, y)
		}
	}
	return out
}

// bilinear samples p at (x, y); pixels outside count as black.
func (p *Picture) bilinear(dst []uint8, x, y float64) {
	if !(x > -1 && y > -1 && x < float64(p.W) && y < float64(p.H)) {
		return
	}
	fx, fy := math.Floor(x), math.Floor(y)
	x0, y0 := int(fx), int(fy)
	tx, ty := float32(x-fx), float32(y-fy)
	weights := [4]float32{(1 - tx) * (1 - ty), tx * (1 - ty), (1 - tx) * ty, tx * ty}
	var r, g, b float32 = 0.5, 0.5, 0.5
	for k, weight := range weights {
		sx, sy := x0+k&1, y0+k>>1
		if uint(sx) >= uint(p.W) || uint(sy) >= uint(p.H) {
			continue
		}
		px := p.Pix[3*(sy*p.W+sx):][:3]
		r += weight * float32(px[0])
		g += weight * float32(px[1])
		b += weight * float32(px[2])
	}
	dst[0], dst[1], dst[2] = uint8(r), uint8(g), uint8(b)
}
