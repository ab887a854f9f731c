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
		line = leastSquares(sw, sx, sy, sxx, sxy, syy)
	}
	agree := 0.0
	for k, p := range points {
		if math.Abs(line.Distance(p)) < tolerance {
			agree += weights[k]
		}
	}
	return line, agree / total, true
}

// leastSquares is the line with the least sum of squared distances, from sums
// of weight, x, y, x*x, x*y and y*y over the points.
func leastSquares(w, x, y, xx, xy, yy float64) Line {
	mx, my := x/w, y/w
	angle := math.Atan2(2*(xy/w-mx*my), xx/w-mx*mx-(yy/w-my*my)) / 2
	a, b := -math.Sin(angle), math.Cos(angle)
	return Line{A: a, B: b, C: a*mx + b*my}
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
