package imaging

import (
	"cmp"
	"math"
	"slices"
)

// Bins of the Hough transform and how far a ridge's own direction is trusted.
const (
	houghAngles = 360 // over half a turn
	houghStep   = 2   // pixels
	houghSpread = 6   // bins to both sides of the gradient's direction
)

// Lines are the lines on which most ridges over low lie, best first, at most n:
// the peaks of the Hough transform in which an edge votes only for lines along
// itself (Duda and Hart 1972; O'Gorman and Clowes 1976). Lines with fewer than
// minVotes votes are left out.
func (e *Edges) Lines(low uint16, minVotes, n int) []Line {
	reach := int(math.Hypot(float64(e.W), float64(e.H)))/houghStep + 2
	rhos := 2*reach + 1
	votes := make([]uint16, houghAngles*rhos)
	var sin, cos [houghAngles]float64
	for k := range houghAngles {
		sin[k], cos[k] = math.Sincos(math.Pi * float64(k) / houghAngles)
	}
	for y := 1; y < e.H-1; y++ {
		for x := 1; x < e.W-1; x++ {
			i := y*e.W + x
			if e.Ridge[i] <= low {
				continue
			}
			k := int(math.Round(math.Atan2(float64(e.dy[i]), float64(e.dx[i])) / math.Pi * houghAngles))
			for d := -houghSpread; d <= houghSpread; d++ {
				a := (k + d + 2*houghAngles) % houghAngles
				rho := (cos[a]*float64(x) + sin[a]*float64(y)) / houghStep
				votes[a*rhos+int(math.Floor(rho+0.5))+reach]++
			}
		}
	}
	type peak struct {
		Line
		votes uint16
	}
	var peaks []peak
	for a := range houghAngles {
		for r := 2; r < rhos-2; r++ {
			v := votes[a*rhos+r]
			if int(v) < minVotes || !isPeak(votes, a, r, rhos) {
				continue
			}
			peaks = append(peaks, peak{Line{A: cos[a], B: sin[a], C: float64((r - reach) * houghStep)}, v})
		}
	}
	slices.SortStableFunc(peaks, func(a, b peak) int { return cmp.Compare(b.votes, a.votes) })
	var lines []Line
	for _, p := range peaks[:min(n, len(peaks))] {
		lines = append(lines, e.fit(p.Line, low))
	}
	return lines
}

// fit moves a line, which the bins gave roughly, to the middle of the ridges
// along it: total least squares, twice.
func (e *Edges) fit(line Line, low uint16) Line {
	for _, reach := range [2]float64{3, 1.5} {
		var n, sx, sy, sxx, sxy, syy float64
		visit := func(x, y int) {
			if x < 1 || y < 1 || x >= e.W-1 || y >= e.H-1 {
				return
			}
			at := y*e.W + x
			fx, fy := float64(x), float64(y)
			if e.Ridge[at] <= low || math.Abs(line.A*fx+line.B*fy-line.C) > reach || !e.runs(at, line) {
				return
			}
			n, sx, sy, sxx, sxy, syy = n+1, sx+fx, sy+fy, sxx+fx*fx, sxy+fx*fy, syy+fy*fy
		}
		if math.Abs(line.B) > math.Abs(line.A) {
			for x := range e.W {
				y := int(math.Round((line.C - line.A*float64(x)) / line.B))
				for d := -4; d <= 4; d++ {
					visit(x, y+d)
				}
			}
		} else {
			for y := range e.H {
				x := int(math.Round((line.C - line.B*float64(y)) / line.A))
				for d := -4; d <= 4; d++ {
					visit(x+d, y)
				}
			}
		}
		if n < 2 {
			return line
		}
		line = leastSquares(n, sx, sy, sxx, sxy, syy)
	}
	return line
}

// runs tells whether the ridge at a pixel runs along a line, within 18 degrees.
func (e *Edges) runs(at int, along Line) bool {
	const cosine = 0.95
	dx, dy := float64(e.dx[at]), float64(e.dy[at])
	return math.Abs(dx*along.A+dy*along.B) > cosine*math.Hypot(dx, dy)
}

// isPeak tells whether no cell near (a, r) has more votes. Half a turn on, a
// line has the opposite distance.
func isPeak(votes []uint16, a, r, rhos int) bool {
	v := votes[a*rhos+r]
	for da := -4; da <= 4; da++ {
		for dr := -2; dr <= 2; dr++ {
			b, s := a+da, r+dr
			if b < 0 || b >= houghAngles {
				b, s = (b+houghAngles)%houghAngles, rhos-1-s
			}
			other := votes[b*rhos+s]
			if other > v || other == v && (da < 0 || da == 0 && dr < 0) {
				return false
			}
		}
	}
	return true
}

// Along is the share 0..1 of a closed outline on which ridges over low that
// run in its direction are seen, within two pixels; one in three is looked at.
func (e *Edges) Along(low uint16, outline []Point) float64 {
	on, of := 0, 0
	for i, a := range outline {
		b := outline[(i+1)%len(outline)]
		side := LineThrough(a, b)
		across := 1
		if math.Abs(b.X-a.X) > math.Abs(b.Y-a.Y) {
			across = e.W
		}
		n := max(int(math.Hypot(b.X-a.X, b.Y-a.Y)/3), 1)
		of += n
		for k := range n {
			t := (float64(k) + 0.5) / float64(n)
			x, y := int(math.Round(a.X+t*(b.X-a.X))), int(math.Round(a.Y+t*(b.Y-a.Y)))
			if x < 2 || y < 2 || x >= e.W-2 || y >= e.H-2 {
				continue
			}
			for d := -2; d <= 2; d++ {
				at := y*e.W + x + d*across
				if e.Ridge[at] > low && e.runs(at, side) {
					on++
					break
				}
			}
		}
	}
	return float64(on) / float64(max(of, 1))
}
