package ktp

// The ways to find candidates for a card, in the order find tries them but for
// quadOf, which several use.

import (
	"cmp"
	"math"
	"slices"

	"anycheck/internal/imaging"
)

// quadOf is the quad round a region that is large enough for a card.
func (s *search) quadOf(r imaging.Region) (q quad, area float64, ok bool) {
	hull := imaging.ConvexHull(r.Outline)
	area = imaging.PolygonArea(hull)
	if area < minPart*float64(s.pic.W*s.pic.H) {
		return quad{}, 0, false
	}
	if r.AtBorder && area < 0.9*float64(s.pic.W*s.pic.H) {
		s.cut = append(s.cut, hull)
	}
	for _, fit := range []func([]imaging.Point) ([4]imaging.Point, bool){imaging.ApproxQuad, imaging.MinAreaRect} {
		if c, ok := fit(hull); ok && plausibleShape(c, s.pic.W, s.pic.H) {
			return c, area, true
		}
	}
	return quad{}, 0, false
}

// Lines that may be sides, and quads between them that are looked at.
const (
	faintEdge  = 20 // of the ridges that count for a line
	sideLines  = 16
	roughQuads = 30
	mostQuads  = 6
)

// lineQuads are the quads between the longest straight edges: the rim of a card
// whose outline is no closed figure.
func (s *search) lineQuads() []quad {
	gray := s.pic.Gray()
	at := gray.Percentiles(0.01, 0.99)
	edges := gray.Stretch(at[0], at[1]).Edges()
	lines := edges.Lines(faintEdge, min(s.pic.W, s.pic.H)/6, sideLines)
	type pair struct{ a, b int }
	var pairs []pair
	for a := range lines {
		for b := range a {
			if math.Abs(lines[a].A*lines[b].A+lines[a].B*lines[b].B) > 0.9 {
				pairs = append(pairs, pair{a, b})
			}
		}
	}
	type figure struct {
		quad
		seen float64 // share of the outline that lies on edges
	}
	var figures []figure
	for i, p := range pairs {
		for _, q := range pairs[:i] {
			if math.Abs(lines[p.a].A*lines[q.a].A+lines[p.a].B*lines[q.a].B) > 0.6 {
				continue
			}
			f, ok := cornersOf([4]imaging.Line{lines[p.a], lines[q.a], lines[p.b], lines[q.b]})
			if !ok {
				continue
			}
			if (f[1].X-f[0].X)*(f[2].Y-f[1].Y)-(f[1].Y-f[0].Y)*(f[2].X-f[1].X) < 0 {
				f = quad{f[1], f[0], f[3], f[2]}
			}
			f = f.longFirst() // as strain wants it
			if plausibleShape(f, s.pic.W, s.pic.H) {
				figures = append(figures, figure{f, edges.Along(faintEdge, f[:])})
			}
		}
	}
	best := func(n int) {
		slices.SortStableFunc(figures, func(a, b figure) int { return cmp.Compare(b.seen, a.seen) })
		figures = figures[:min(n, len(figures))]
	}
	best(roughQuads)
	figures = slices.DeleteFunc(figures, func(f figure) bool { return strain(f.quad, s.pic.W, s.pic.H) > clearStrain })
	best(mostQuads)
	var quads []quad
	for _, f := range figures {
		quads = append(quads, f.quad)
	}
	return quads
}

// edgeQuads are the hulls of the largest edge figures in one channel; with the
// last channel comes the whole picture.
func (s *search) edgeQuads(channel int) []quad {
	type figure struct {
		quad
		area float64
	}
	var figures []figure
	add := func(r imaging.Region) {
		if q, area, ok := s.quadOf(r); ok {
			figures = append(figures, figure{q, area})
		}
	}
	w, h := s.pic.W, s.pic.H
	edges := s.channel(channel).Edges()
	for _, threshold := range [][2]uint16{{20, 60}, {45, 120}} {
		// Close the gaps of the rim, but keep the thickness down.
		lines := edges.Above(threshold[0], threshold[1]).DilateRect(3, 3).Invert().DilateRect(2, 2).Invert()
		for i, r := range lines.Regions(false, 200) {
			if i >= 4 {
				break
			}
			add(r)
		}
		n := 0
		for _, r := range lines.Regions(true, w*h/200) {
			// An enclosed area: the card inside a rim that has grown together
			// with the pattern of the table.
			if r.AtBorder {
				continue
			}
			if n++; n > 2 {
				break
			}
			add(r)
		}
	}
	slices.SortStableFunc(figures, func(a, b figure) int { return cmp.Compare(b.area, a.area) })
	quads := make([]quad, 0, len(figures)+1)
	for _, f := range figures {
		quads = append(quads, f.quad)
	}
	if channel == channels-1 {
		right, bottom := float64(w-1), float64(h-1)
		quads = append(quads, quad{{}, {X: right}, {X: right, Y: bottom}, {Y: bottom}})
	}
	return quads
}

// levelQuads are the hulls of what is lighter or darker than Otsu's threshold:
// for cards on a pattern whose edges swallow the rim.
func (s *search) levelQuads() []quad {
	var quads []quad
	for c := range channels {
		channel := s.channel(c)
		limit := otsu(channel)
		for _, shift := range []int{-25, 0, 25} {
			mask := imaging.NewGray(channel.W, channel.H)
			for i, v := range channel.Pix {
				if int(v) > int(limit)+shift {
					mask.Pix[i] = 255
				}
			}
			for _, light := range []*imaging.Gray{mask, mask.Invert()} {
				// Print belongs to the card.
				for i, r := range light.CloseRect(4).Regions(false, 200) {
					if q, _, ok := s.quadOf(r); ok && i < 2 {
						quads = append(quads, q)
					}
				}
			}
		}
	}
	return quads
}

// otsu is the threshold that separates two kinds of pixels best (Otsu 1979).
func otsu(g *imaging.Gray) uint8 {
	var hist [256]float64
	total, sum := float64(len(g.Pix)), 0.0
	for _, v := range g.Pix {
		hist[v]++
		sum += float64(v)
	}
	best, at := -1.0, 0
	n, below := 0.0, 0.0
	for v, count := range hist {
		n += count
		below += float64(v) * count
		if n == 0 || n == total {
			continue
		}
		d := below/n - (sum-below)/(total-n)
		if between := n * (total - n) * d * d; between > best {
			best, at = between, v
		}
	}
	return uint8(at)
}

// The printed content on the card in millimetres: labels to portrait, header
// to signature.
var content = box{2.9, 2.6, 82.3, 49.5}

// printQuads guess the card from its print, for copies on paper without a rim,
// and climb the layout score from there.
func (s *search) printQuads() []quad {
	lines := s.channel(0).Edges().Above(45, 120)
	var best found
	for _, radius := range []int{8, 14, 20} {
		for i, r := range lines.CloseRect(radius).Regions(false, 200) {
			rect, ok := imaging.MinAreaRect(imaging.ConvexHull(r.Outline))
			if i >= 2 || !ok || imaging.PolygonArea(rect[:]) < 0.06*float64(s.pic.W*s.pic.H) {
				break
			}
			if quad(rect).side(0) < quad(rect).side(1) {
				rect = [4]imaging.Point{rect[1], rect[2], rect[3], rect[0]}
			}
			for range 2 {
				if q, ok := around(content, rect); ok {
					if f := orient(s.paper, q); f.layout > best.layout {
						best = f
					}
				}
				rect = [4]imaging.Point{rect[2], rect[3], rect[0], rect[1]}
			}
		}
	}
	if best.layout < 0.8 {
		return nil
	}
	best = s.climb(best)
	if best.score() > s.best.score() {
		s.best = best
	}
	return []quad{best.quad}
}

// around is the card whose part b is at a place in the picture.
func around(b box, at quad) (q quad, ok bool) {
	h, ok := imaging.FitHomography(quad{{X: b.x0, Y: b.y0}, {X: b.x1, Y: b.y0}, {X: b.x1, Y: b.y1}, {X: b.x0, Y: b.y1}}, at)
	if !ok {
		return q, false
	}
	for i, c := range [4]imaging.Point{{}, {X: cardWidth}, {X: cardWidth, Y: cardHeight}, {Y: cardHeight}} {
		q[i] = h.Apply(c)
	}
	return q, true
}

// cutQuads complete cards of which the picture shows three sides, one of them
// whole: the length of that one gives the place of the fourth.
func (s *search) cutQuads() []quad {
	if s.best.layout > clearLayout && s.best.rim > clearRim && !s.atBorder(s.best.quad) {
		return nil
	}
	var quads, tried []quad
	for _, hull := range s.cut {
		sides, ok := s.openSides(hull)
		if !ok {
			continue
		}
		a, okA := sides[0].Cross(sides[1])
		b, okB := sides[1].Cross(sides[2])
		if !okA || !okB || slices.ContainsFunc(tried, func(q quad) bool { return math.Hypot(q[0].X-a.X, q[0].Y-a.Y)+math.Hypot(q[1].X-b.X, q[1].Y-b.Y) < 12 }) {
			continue
		}
		tried = append(tried, quad{a, b})
		var best found
		width := math.Hypot(b.X-a.X, b.Y-a.Y)
		var at [2]float64 // lengths of the two sides that are cut
		try := func(first, last float64) bool {
			q := quad{a, b, along(sides[2], b, last), along(sides[0], a, -first)}
			if !plausibleShape(q, s.pic.W, s.pic.H) {
				return false
			}
			f := orient(s.paper, q)
			if f.layout <= best.layout {
				return false
			}
			best, at = f, [2]float64{first, last}
			return true
		}
		for _, ratio := range []float64{cardWidth / cardHeight, cardHeight / cardWidth} {
			for k := -9; k <= 9; k++ { // perspective lengthens and shortens
				l := width * ratio * (1 + 0.018*float64(k))
				try(l, l)
			}
		}
		if best.layout < minCandidate {
			continue
		}
		for _, step := range []float64{0.05, 0.02, 0.01, 0.004} {
			for rounds, better := 0, true; better && rounds < 3; rounds++ {
				better = false
				for _, d := range [][2]float64{{step, 0}, {-step, 0}, {0, step}, {0, -step}, {step, step}, {-step, -step}} {
					better = try(at[0]*(1+d[0]), at[1]*(1+d[1])) || better
				}
			}
		}
		quads = append(quads, best.quad)
	}
	return quads
}

// along is the point at a distance from p in the direction of l's points:
// from the first to the second of LineThrough.
func along(l imaging.Line, p imaging.Point, distance float64) imaging.Point {
	return imaging.Point{X: p.X + distance*l.B, Y: p.Y - distance*l.A}
}

// openSides are the three sides of a card, clockwise, of which the outer two
// run into the picture's border.
func (s *search) openSides(hull []imaging.Point) (sides [3]imaging.Line, ok bool) {
	const margin = 5 // pixels; edges end a little before the border
	atBorder := func(p imaging.Point) bool {
		return p.X < margin || p.Y < margin || p.X > float64(s.pic.W-1-margin) || p.Y > float64(s.pic.H-1-margin)
	}
	whole := 0.0
	for i, p := range hull {
		q := hull[(i+1)%len(hull)]
		whole += math.Hypot(q.X-p.X, q.Y-p.Y)
	}
	// Long straight parts between points that are not both at the border.
	type part struct {
		from, to imaging.Point
		length   float64
	}
	var parts []part
	broken := -1 // parts before the border was met
	for i, p := range hull {
		q := hull[(i+1)%len(hull)]
		if atBorder(p) && atBorder(q) {
			if length := math.Hypot(q.X-p.X, q.Y-p.Y); length > 0.02*whole {
				broken = len(parts)
			}
			continue
		}
		if n := len(parts); n > 0 && n != broken {
			l := &parts[n-1]
			old := imaging.Point{X: l.to.X - l.from.X, Y: l.to.Y - l.from.Y}
			next := imaging.Point{X: q.X - p.X, Y: q.Y - p.Y}
			cos := (old.X*next.X + old.Y*next.Y) / max(math.Hypot(old.X, old.Y)*math.Hypot(next.X, next.Y), 1e-9)
			if cos > 0.995 && math.Hypot(p.X-l.to.X, p.Y-l.to.Y) < 1 {
				l.to = q
				continue
			}
		}
		parts = append(parts, part{from: p, to: q})
	}
	if broken < 0 {
		return sides, false
	}
	parts = append(slices.Clone(parts[broken:]), parts[:broken]...)
	var long []part
	for _, l := range parts {
		if l.length = math.Hypot(l.to.X-l.from.X, l.to.Y-l.from.Y); l.length > 0.08*whole {
			long = append(long, l)
		}
	}
	if len(long) != 3 {
		return sides, false
	}
	for i, l := range long {
		sides[i] = imaging.LineThrough(l.from, l.to)
	}
	return sides, true
}

// climbQuads climbs from a card that may have taken a shadow or the table's
// pattern for its rim.
func (s *search) climbQuads() []quad {
	if s.best.layout < minCandidate || s.best.layout > likeLayout {
		return nil
	}
	return []quad{s.climb(s.best).quad}
}

// climb moves the corners, one coordinate after the other, as long as the
// layout score rises.
func (s *search) climb(f found) found {
	for _, step := range []float64{12, 6, 3, 1.5} {
		for rounds, better := 0, true; better && rounds < 4; rounds++ {
			better = false
			for i := range 12 { // corners, then whole sides
				for _, d := range []float64{-step, step} {
					q := f.quad
					switch {
					case i < 4:
						q[i].X += d
					case i < 8:
						q[i-4].Y += d
					default: // along the side's normal
						a, b := i-8, (i-7)%4
						side := imaging.LineThrough(q[a], q[b])
						q[a].X, q[a].Y = q[a].X+d*side.A, q[a].Y+d*side.B
						q[b].X, q[b].Y = q[b].X+d*side.A, q[b].Y+d*side.B
					}
					if g := upright(s.paper, q); g.layout > f.layout+0.002 {
						f, better = g, true
					}
				}
			}
		}
	}
	return f
}
