package imaging

import (
	"math"
	"slices"
)

// Homography is a projective map of the plane, row-major:
// (x, y) goes to ((h0 x + h1 y + h2)/d, (h3 x + h4 y + h5)/d), d = h6 x + h7 y + h8.
type Homography [9]float64

// FitHomography finds the map that takes the four points of from to those of
// to. It fails when three points of either side lie on a line.
func FitHomography(from, to [4]Point) (Homography, bool) {
	var m [8][9]float64 // the 8 linear equations with h8 = 1
	for i := range 4 {
		x, y, u, v := from[i].X, from[i].Y, to[i].X, to[i].Y
		m[2*i] = [9]float64{x, y, 1, 0, 0, 0, -u * x, -u * y, u}
		m[2*i+1] = [9]float64{0, 0, 0, x, y, 1, -v * x, -v * y, v}
	}
	for col := range 8 {
		pivot := col
		for r := col + 1; r < 8; r++ {
			if math.Abs(m[r][col]) > math.Abs(m[pivot][col]) {
				pivot = r
			}
		}
		if math.Abs(m[pivot][col]) < 1e-9 {
			return Homography{}, false
		}
		m[col], m[pivot] = m[pivot], m[col]
		for r := range 8 {
			if r == col {
				continue
			}
			f := m[r][col] / m[col][col]
			for c := col; c < 9; c++ {
				m[r][c] -= f * m[col][c]
			}
		}
	}
	h := Homography{8: 1}
	for i := range 8 {
		h[i] = m[i][8] / m[i][i]
	}
	return h, math.Abs(h.det()) > 1e-12
}

func (h Homography) det() float64 {
	return h[0]*(h[4]*h[8]-h[5]*h[7]) - h[1]*(h[3]*h[8]-h[5]*h[6]) + h[2]*(h[3]*h[7]-h[4]*h[6])
}

// Apply maps a point.
func (h Homography) Apply(p Point) Point {
	d := h[6]*p.X + h[7]*p.Y + h[8]
	return Point{X: (h[0]*p.X + h[1]*p.Y + h[2]) / d, Y: (h[3]*p.X + h[4]*p.Y + h[5]) / d}
}

// Warp samples p at toSource(x, y) for every pixel of a picture of w x h:
// Catmull-Rom cubic where the source is enlarged, an area average first where
// it is shrunk. Beyond p's border its edge pixels repeat.
func (p *Picture) Warp(toSource Homography, w, h int) *Picture {
	if p.W == 0 || p.H == 0 {
		return New(w, h)
	}
	if s := toSource.density(w, h); s > 1.2 {
		small := p.Resize(max(1, int(float64(p.W)/s)), max(1, int(float64(p.H)/s)))
		toSource = toSource.scaled(float64(small.W)/float64(p.W), float64(small.H)/float64(p.H))
		p = small
	}
	out := New(w, h)
	for v := range h {
		x := toSource[1]*float64(v) + toSource[2]
		y := toSource[4]*float64(v) + toSource[5]
		d := toSource[7]*float64(v) + toSource[8]
		row := out.Pix[3*w*v:][:3*w]
		for u := range w {
			p.cubicAt(row[3*u:][:3], x/d, y/d)
			x += toSource[0]
			y += toSource[3]
			d += toSource[6]
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

// scaled follows h by a change of the picture's size.
func (h Homography) scaled(sx, sy float64) Homography {
	// Pixel centres: x' = (x + 1/2) s - 1/2.
	for i := range 3 {
		h[i] = sx*h[i] + (sx-1)/2*h[6+i]
		h[3+i] = sy*h[3+i] + (sy-1)/2*h[6+i]
	}
	return h
}

const cubicPhases = 64

// cubicTable holds the four weights for each phase, in 1/2^weightBits.
var cubicTable = func() (t [cubicPhases + 1][4]int32) {
	for i := range t {
		for k, w := range cubic(float64(i) / cubicPhases) {
			t[i][k] = int32(math.Round(w * (1 << weightBits)))
		}
		t[i][1] += 1<<weightBits - (t[i][0] + t[i][1] + t[i][2] + t[i][3])
	}
	return t
}()

// cubicAt samples p with the cubic kernel; the position is rounded to 1/64
// pixel and held inside the picture.
func (p *Picture) cubicAt(dst []uint8, x, y float64) {
	x, y = held(x, p.W), held(y, p.H)
	x0, y0 := int(x), int(y)
	wx := &cubicTable[int((x-float64(x0))*cubicPhases+0.5)]
	wy := &cubicTable[int((y-float64(y0))*cubicPhases+0.5)]
	var r, g, b int32 = 1 << (weightBits - 1), 1 << (weightBits - 1), 1 << (weightBits - 1)
	if x0 >= 1 && y0 >= 1 && x0+2 < p.W && y0+2 < p.H {
		at := 3 * ((y0-1)*p.W + x0 - 1)
		for k := range 4 {
			px := p.Pix[at:][:12]
			r += wy[k] * ((wx[0]*int32(px[0]) + wx[1]*int32(px[3]) + wx[2]*int32(px[6]) + wx[3]*int32(px[9])) >> weightBits)
			g += wy[k] * ((wx[0]*int32(px[1]) + wx[1]*int32(px[4]) + wx[2]*int32(px[7]) + wx[3]*int32(px[10])) >> weightBits)
			b += wy[k] * ((wx[0]*int32(px[2]) + wx[1]*int32(px[5]) + wx[2]*int32(px[8]) + wx[3]*int32(px[11])) >> weightBits)
			at += 3 * p.W
		}
	} else {
		for k := range 4 {
			sy := min(max(y0+k-1, 0), p.H-1)
			var sr, sg, sb int32
			for j := range 4 {
				sx := min(max(x0+j-1, 0), p.W-1)
				px := p.Pix[3*(sy*p.W+sx):][:3]
				sr += wx[j] * int32(px[0])
				sg += wx[j] * int32(px[1])
				sb += wx[j] * int32(px[2])
			}
			r += wy[k] * (sr >> weightBits)
			g += wy[k] * (sg >> weightBits)
			b += wy[k] * (sb >> weightBits)
		}
	}
	dst[0], dst[1], dst[2] = clamp8(r>>weightBits), clamp8(g>>weightBits), clamp8(b>>weightBits)
}

// held keeps a position within 0..n-1; not a number becomes 0.
func held(v float64, n int) float64 {
	if !(v > 0) {
		return 0
	}
	return min(v, float64(n-1))
}

// Line is the set of points with A x + B y = C; (A, B) has length 1.
type Line struct{ A, B, C float64 }

// LineThrough is the line through two different points.
func LineThrough(p, q Point) Line {
	dx, dy := q.X-p.X, q.Y-p.Y
	n := math.Hypot(dx, dy)
	return Line{A: -dy / n, B: dx / n, C: (-dy*p.X + dx*p.Y) / n}
}

// Distance is the signed distance of p from the line.
func (l Line) Distance(p Point) float64 { return l.A*p.X + l.B*p.Y - l.C }

// Cross is where two lines meet; it fails when they are nearly parallel.
func (l Line) Cross(m Line) (Point, bool) {
	d := l.A*m.B - l.B*m.A
	if math.Abs(d) < 1e-6 {
		return Point{}, false
	}
	return Point{X: (l.C*m.B - l.B*m.C) / d, Y: (l.A*m.C - l.C*m.A) / d}, true
}

// FitLine finds the line that most weight agrees on, within tolerance, and
// fits it to those points by least squares of the distance. points are in
// order along the line. support is the share of the weight that agrees; it
// fails with fewer than two points or no weight.
func FitLine(points []Point, weights []float64, tolerance float64) (line Line, support float64, ok bool) {
	n := len(points)
	best, total := -1.0, 0.0
	for _, w := range weights {
		total += w
	}
	if n < 2 || total <= 0 {
		return Line{}, 0, false
	}
	// Every pair that is far enough apart to fix the direction.
	for i := range n {
		for j := i + max(1, n/3); j < n; j++ {
			if points[i] == points[j] {
				continue
			}
			l, sum := LineThrough(points[i], points[j]), 0.0
			for k, p := range points {
				if d := math.Abs(l.Distance(p)); d < tolerance {
					sum += weights[k] * (1 - d/tolerance)
				}
			}
			if sum > best {
				best, line = sum, l
			}
		}
	}
	if best < 0 {
		return Line{}, 0, false
	}
	for range 3 {
		var sw, sx, sy, sxx, sxy, syy float64
		for k, p := range points {
			d := line.Distance(p) / (1.5 * tolerance)
			if math.Abs(d) >= 1 {
				continue
			}
			w := weights[k] * (1 - d*d) * (1 - d*d) // Tukey's biweight
			sw += w
			sx += w * p.X
			sy += w * p.Y
			sxx += w * p.X * p.X
			sxy += w * p.X * p.Y
			syy += w * p.Y * p.Y
		}
		if sw <= 0 {
			break
		}
		mx, my := sx/sw, sy/sw
		angle := math.Atan2(2*(sxy/sw-mx*my), sxx/sw-mx*mx-(syy/sw-my*my)) / 2
		a, b := -math.Sin(angle), math.Cos(angle)
		line = Line{A: a, B: b, C: a*mx + b*my}
	}
	agree := 0.0
	for k, p := range points {
		if math.Abs(line.Distance(p)) < tolerance {
			agree += weights[k]
		}
	}
	return line, agree / total, true
}

// ConvexHull gives the corners of the smallest convex polygon round the
// points, in the direction from x to y (clockwise on the screen), without
// points on its sides. It sorts points.
func ConvexHull(points []Point) []Point {
	slices.SortFunc(points, func(a, b Point) int {
		if a.X < b.X || a.X == b.X && a.Y < b.Y {
			return -1
		}
		if a == b {
			return 0
		}
		return 1
	})
	points = slices.Compact(points)
	if len(points) < 3 {
		return slices.Clone(points)
	}
	hull := make([]Point, 0, 64)
	half := func(p Point, from int) { // Andrew's monotone chain
		for len(hull) >= from+2 && turn(hull[len(hull)-2], hull[len(hull)-1], p) <= 0 {
			hull = hull[:len(hull)-1]
		}
		hull = append(hull, p)
	}
	for _, p := range points {
		half(p, 0)
	}
	from := len(hull) - 1
	for _, p := range slices.Backward(points[:len(points)-1]) {
		half(p, from)
	}
	return hull[:len(hull)-1]
}

// turn is twice the signed area of the triangle a, b, c.
func turn(a, b, c Point) float64 { return (b.X-a.X)*(c.Y-a.Y) - (b.Y-a.Y)*(c.X-a.X) }

// PolygonArea is the area of a simple polygon; negative when its corners run
// against the direction of ConvexHull.
func PolygonArea(poly []Point) float64 {
	sum := 0.0
	for i, p := range poly {
		q := poly[(i+1)%len(poly)]
		sum += p.X*q.Y - q.X*p.Y
	}
	return sum / 2
}

// ApproxQuad reduces a convex polygon to four corners: it removes, one after
// the other, the side whose removal (its neighbours are extended until they
// meet) adds the least area. Rounded and cut corners thus come back as sharp
// ones. It fails when the polygon has fewer than four corners or does not
// close that way.
func ApproxQuad(hull []Point) ([4]Point, bool) {
	poly := slices.Clone(hull)
	for len(poly) > 4 {
		n, best, at := len(poly), math.Inf(1), -1
		var corner Point
		for i := range n {
			a, b, c, d := poly[(i+n-1)%n], poly[i], poly[(i+1)%n], poly[(i+2)%n]
			p, ok := LineThrough(a, b).Cross(LineThrough(d, c))
			// The lines must meet outside the side b-c, on its own side.
			if !ok || (p.X-b.X)*(b.X-a.X)+(p.Y-b.Y)*(b.Y-a.Y) < 0 || (p.X-c.X)*(c.X-d.X)+(p.Y-c.Y)*(c.Y-d.Y) < 0 {
				continue
			}
			if added := math.Abs(turn(b, p, c)); added < best {
				best, at, corner = added, i, p
			}
		}
		if at < 0 {
			return [4]Point{}, false
		}
		poly[at] = corner
		poly = slices.Delete(poly, (at+1)%n, (at+1)%n+1)
	}
	if len(poly) < 4 {
		return [4]Point{}, false
	}
	return [4]Point(poly), true
}

// MinAreaRect is the rectangle of least area round a convex polygon, its
// corners in the direction of ConvexHull. A polygon of fewer than three
// corners fails.
func MinAreaRect(hull []Point) ([4]Point, bool) {
	if len(hull) < 3 {
		return [4]Point{}, false
	}
	best := math.Inf(1)
	var rect [4]Point
	for i, p := range hull { // one side lies on a side of the hull (Freeman and Shapira 1975)
		q := hull[(i+1)%len(hull)]
		n := math.Hypot(q.X-p.X, q.Y-p.Y)
		ux, uy := (q.X-p.X)/n, (q.Y-p.Y)/n
		u0, u1, v0, v1 := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
		for _, r := range hull {
			u, v := ux*r.X+uy*r.Y, -uy*r.X+ux*r.Y
			u0, u1, v0, v1 = min(u0, u), max(u1, u), min(v0, v), max(v1, v)
		}
		if area := (u1 - u0) * (v1 - v0); area < best {
			best = area
			at := func(u, v float64) Point { return Point{X: ux*u - uy*v, Y: uy*u + ux*v} }
			rect = [4]Point{at(u0, v0), at(u1, v0), at(u1, v1), at(u0, v1)}
		}
	}
	return rect, true
}
