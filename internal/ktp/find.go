package ktp

import (
	"cmp"
	"context"
	"math"
	"slices"

	"anycheck/internal/imaging"
)

// The card's size in millimetres (ISO/IEC 7810, ID-1).
const (
	cardWidth  = 85.6
	cardHeight = 53.98
)

// Working sizes of the search, in pixels: the longest side of the picture for
// finding candidates and for the last refinement.
const (
	searchSide = 640
	refineSide = 1400
)

// quad is a card in a picture: top left, top right, bottom right, bottom left
// corner in reading direction.
type quad [4]imaging.Point

// found is a candidate with what speaks for it.
type found struct {
	quad
	others int     // how many further cards the picture shows
	layout float64 // layoutScore
	rim    float64 // share 0..1 of the four sides on which an edge was seen
	strain float64 // strain of the quad
}

// score weighs what speaks for a candidate. No lens bends a card by more than
// freeStrain; a crop that moves the picture's middle may, and costs little.
func (f found) score() float64 {
	const freeStrain, perStrain, mostStrain = 0.012, 20, 0.6
	return f.layout + 2*f.rim - min(perStrain*max(0, f.strain-freeStrain), mostStrain)
}

// find looks for the card. The corners are in pixels of photo, in reading
// direction. The best candidate comes back even when it is poor: see
// found.plausible.
func find(ctx context.Context, photo *imaging.Picture) (found, error) {
	small, scale := photo.LimitSide(searchSide)
	search := &search{pic: small, paper: small.MaxChannel()}
	// Each way to find candidates is dearer or rarer than the one before. A
	// sharp hit ends the search early, a good one before the rare ways.
	ways := make([]func() []quad, 0, channels+5)
	ways = append(ways, search.lineQuads)
	for c := range channels {
		ways = append(ways, func() []quad { return search.edgeQuads(c) })
	}
	ways = append(ways, search.cutQuads, search.levelQuads, search.climbQuads, search.printQuads)
	for i, next := range ways {
		if err := ctx.Err(); err != nil {
			return found{}, err
		}
		search.consider(next())
		best := search.best
		whole := !search.atBorder(best.quad) && best.strain < clearStrain
		// The lines alone do not tell a second card.
		sharp := i > 0 && whole && (best.layout > sharpLayout && best.rim > sharpRim || best.layout > certainLayout && best.rim > clearRim)
		clear := i > channels && best.layout > clearLayout && best.strain < clearStrain && (best.rim > clearRim || i == len(ways)-2)
		if sharp || clear {
			break
		}
	}
	best := search.rescue(search.largest())
	if best.layout <= 0 {
		return found{}, nil
	}
	best.quad = best.scaled(1 / scale)
	large, scale := photo.LimitSide(refineSide)
	q := best.scaled(scale)
	for range 2 {
		lines, rims, ok := refine(large, q, 9)
		if !ok {
			break
		}
		// A side without a visible rim stays.
		for i, own := range q.lines() {
			if rims[i] < 0.3 {
				lines[i] = own
			}
		}
		if r, ok := cornersOf(lines); ok && plausibleShape(r, large.W, large.H) {
			q = r
		}
	}
	best.quad = q.scaled(1 / scale)
	return best, nil
}

// scaled moves a quad to a picture of another size.
func (q quad) scaled(s float64) quad {
	for i := range q { // pixel centres
		q[i].X = (q[i].X+0.5)*s - 0.5
		q[i].Y = (q[i].Y+0.5)*s - 0.5
	}
	return q
}

func (q quad) side(i int) float64 {
	a, b := q[i], q[(i+1)%4]
	return math.Hypot(b.X-a.X, b.Y-a.Y)
}

// longFirst turns a quad so that its long sides are on top and at the bottom.
func (q quad) longFirst() quad {
	if q.side(0)+q.side(2) < q.side(1)+q.side(3) {
		return quad{q[1], q[2], q[3], q[0]}
	}
	return q
}

// near tells whether two quads have the same corners, in any rotation.
func near(a, b quad, tolerance float64) bool {
	for turn := range 4 {
		far := 0.0
		for i := range 4 {
			c := b[(i+turn)%4]
			far = max(far, math.Hypot(a[i].X-c.X, a[i].Y-c.Y))
		}
		if far < tolerance {
			return true
		}
	}
	return false
}

// minPart is the smallest part of the picture that is looked at as a card.
const minPart = 0.04

// minCandidate is the score under which a candidate is not refined.
const minCandidate = 0.8

// Scores that need no further search: of a candidate that is a card, and of
// one whose corners are right as well.
const (
	clearLayout   = 3.0
	certainLayout = 3.7 // then fewer sides need a rim
	likeLayout    = 3.5 // climbing gains nothing
	clearRim      = 0.75
	clearStrain   = 0.04
	sharpLayout   = 3.2
	sharpRim      = 0.93
)

// search is the state of find on the small picture.
type search struct {
	pic   *imaging.Picture
	paper *imaging.Gray
	cache [channels]*imaging.Gray
	seen  []quad
	best  found
	cards []found           // all that are cards, each at several places
	cut   [][]imaging.Point // hulls that end at the picture's border
}

// consider judges candidates, refines the likeliest and keeps the best of all
// in s.best.
func (s *search) consider(quads []quad) {
	var likely []found
	for _, q := range quads {
		if slices.ContainsFunc(s.seen, func(other quad) bool { return near(other, q, 6) }) {
			continue
		}
		s.seen = append(s.seen, q)
		likely = append(likely, orient(s.paper, q))
	}
	slices.SortStableFunc(likely, func(a, b found) int { return cmp.Compare(b.layout, a.layout) })
	for _, f := range likely[:min(len(likely), 5)] {
		if f.layout < minCandidate {
			break
		}
		// The second pass looks less far: the first has found the rim, or an
		// edge inside the card that is stronger, which then scores lower.
		for _, reach := range []int{14, 6} {
			var ok bool
			if f, ok = s.settle(f, reach); !ok {
				break
			}
			if f.score() > s.best.score() {
				s.best = f
			}
			if f.layout > clearLayout {
				s.cards = append(s.cards, f)
			}
		}
	}
}

// largest is the largest of the cards that were found, with the number of the
// others; s.best when there is but one.
func (s *search) largest() found {
	slices.SortStableFunc(s.cards, func(a, b found) int { return cmp.Compare(b.score(), a.score()) })
	separate := []found{s.best}
	for _, f := range s.cards {
		if !slices.ContainsFunc(separate, func(other found) bool { return overlap(f.quad, other.quad) }) {
			separate = append(separate, f)
		}
	}
	best := slices.MaxFunc(separate, func(a, b found) int {
		return cmp.Compare(imaging.PolygonArea(a.quad[:]), imaging.PolygonArea(b.quad[:]))
	})
	best.others = len(separate) - 1
	return best
}

// atBorder tells whether a side lies on the picture's border: the card may go
// on beyond it.
func (s *search) atBorder(q quad) bool {
	at := func(v float64, end int) bool { return v < 2 || v > float64(end-3) }
	for i, a := range q {
		b := q[(i+1)%4]
		if at(a.X, s.pic.W) && at(b.X, s.pic.W) || at(a.Y, s.pic.H) && at(b.Y, s.pic.H) {
			return true
		}
	}
	return false
}

// overlap tells whether the middle of one of two quads lies inside the other.
func overlap(a, b quad) bool { return a.holds(b.middle()) || b.holds(a.middle()) }

func (q quad) middle() (m imaging.Point) {
	for _, c := range q {
		m.X, m.Y = m.X+c.X/4, m.Y+c.Y/4
	}
	return m
}

// holds tells whether p is inside; q is convex and clockwise.
func (q quad) holds(p imaging.Point) bool {
	for _, l := range q.lines() {
		if l.Distance(p) < 0 {
			return false
		}
	}
	return true
}

// settle moves the sides of a candidate to the edges near them. A side whose
// edge makes the card look less like one stays where it was: shadows and the
// table's pattern have stronger edges than the rim at times.
func (s *search) settle(f found, reach int) (found, bool) {
	old := f.lines()
	lines, rims, ok := refine(s.pic, f.quad, reach)
	if !ok {
		return f, false
	}
	judge := func(lines [4]imaging.Line, rims [4]float64) (found, bool) {
		q, ok := cornersOf(lines)
		if !ok || !plausibleShape(q, s.pic.W, s.pic.H) {
			return found{layout: -1}, false
		}
		g := upright(s.paper, q)
		g.rim = (rims[0] + rims[1] + rims[2] + rims[3]) / 4
		return g, true
	}
	best, any := judge(lines, rims)
	for range 2 {
		if best.layout > f.layout-0.1 {
			break
		}
		side := -1
		for i := range lines {
			l, r := lines, rims
			l[i], r[i] = old[i], 0
			if g, ok := judge(l, r); ok && g.layout > best.layout+0.1 {
				best, side, any = g, i, true
			}
		}
		if side < 0 {
			break
		}
		lines[side], rims[side] = old[side], 0
	}
	return best, any
}

// rescue looks farther for sides without a rim: the hull of a copy's print has
// sides that lie well inside the card.
func (s *search) rescue(f found) found {
	if f.layout < clearLayout || f.rim > sharpRim {
		return f
	}
	g := f
	for i := range 4 {
		a, b := g.quad[i], g.quad[(i+1)%4]
		_, rim, ok := refineLine(s.pic, a, b, 4)
		if !ok || rim > 0.75 {
			continue
		}
		lines := g.lines()
		normal := lines[i]
		best := g
		for shift := -20.; shift <= 20; shift += 5 {
			dx, dy := shift*normal.A, shift*normal.B
			line, r, ok := refineLine(s.pic, imaging.Point{X: a.X + dx, Y: a.Y + dy}, imaging.Point{X: b.X + dx, Y: b.Y + dy}, 4)
			if !ok || r < rim+0.15 {
				continue
			}
			lines[i] = line
			q, ok := cornersOf(lines)
			if !ok || !plausibleShape(q, s.pic.W, s.pic.H) {
				continue
			}
			if h := upright(s.paper, q); h.layout > g.layout-0.4 {
				h.rim = g.rim + (r-rim)/4
				if h.score() > best.score() || best.quad == g.quad {
					best = h
				}
			}
		}
		g = best
	}
	if g.score() > f.score() {
		return g
	}
	return f
}

// plausibleShape: convex, of a card's proportions in perspective, large enough
// and not far outside the picture.
func plausibleShape(q quad, w, h int) bool {
	for i := range q {
		a, b, c := q[i], q[(i+1)%4], q[(i+2)%4]
		if (b.X-a.X)*(c.Y-b.Y)-(b.Y-a.Y)*(c.X-b.X) <= 0 {
			return false
		}
		if a.X < -0.35*float64(w) || a.X > 1.35*float64(w) || a.Y < -0.35*float64(h) || a.Y > 1.35*float64(h) {
			return false
		}
	}
	if imaging.PolygonArea(q[:]) < minPart*float64(w*h) {
		return false
	}
	ratio := (q.side(0) + q.side(2)) / (q.side(1) + q.side(3))
	ratio = max(ratio, 1/ratio)
	return ratio >= 1.22 && ratio <= 2.05
}

// strain tells how far a quad is from any view of a card by a camera whose axis
// meets the middle of the picture: 0 for one that fits, 0.2 for sides a fifth
// too long or corners 12 degrees off. Zhang and He, Whiteboard scanning and
// image enhancement (2007), with the focal length free instead of the ratio of
// the sides.
func strain(q quad, w, h int) float64 {
	card := quad{{X: 0, Y: 0}, {X: cardWidth, Y: 0}, {X: cardWidth, Y: cardHeight}, {X: 0, Y: cardHeight}}
	m, ok := imaging.FitHomography(card, q)
	if !ok {
		return 1
	}
	cx, cy := float64(w)/2, float64(h)/2
	// Columns of the map with the picture's middle as origin: the card's
	// directions along and down, as rays through the lens but for the focal length.
	ax, ay, az := m[0]-cx*m[6], m[3]-cy*m[6], m[6]
	dx, dy, dz := m[1]-cx*m[7], m[4]-cy*m[7], m[7]
	least := 1.0
	for focal := 0.6; focal < 25; focal *= 1.12 { // of the picture's long side
		f := focal * float64(max(w, h))
		along, down := math.Sqrt(ax*ax+ay*ay+f*f*az*az), math.Sqrt(dx*dx+dy*dy+f*f*dz*dz)
		skew := math.Abs(ax*dx+ay*dy+f*f*az*dz) / (along * down)
		least = min(least, max(skew, math.Abs(math.Log(along/down))))
	}
	return least
}

// channels is how many views of the picture are searched.
const channels = 5

// channel gives lightness, the two colour axes, saturation or the largest of
// red, green and blue, without specks and with full contrast. On one of them
// nearly every table differs from the card.
func (s *search) channel(k int) *imaging.Gray {
	if s.cache[k] != nil {
		return s.cache[k]
	}
	var g *imaging.Gray
	switch k {
	case 0:
		g = s.pic.Gray()
	case 4:
		g = s.paper
	default:
		g = imaging.NewGray(s.pic.W, s.pic.H)
		for i := range g.Pix {
			px := s.pic.Pix[3*i:][:3]
			red, green, blue := int(px[0]), int(px[1]), int(px[2])
			switch k {
			// Red against green and yellow against blue: the axes of Lab
			// without its cost, in half steps round 128.
			case 1:
				g.Pix[i] = uint8(128 + (red-green)/2)
			case 2:
				g.Pix[i] = uint8(128 + ((red+green)/2-blue)/2)
			case 3:
				hi := max(red, green, blue)
				g.Pix[i] = uint8(255 * (hi - min(red, green, blue)) / max(hi, 1))
			}
		}
	}
	g = g.Median(2)
	at := g.Percentiles(0.01, 0.99)
	if at[1]-at[0] < 12 { // nothing in it but noise
		at[0], at[1] = uint8(max(int(at[0])-20, 0)), uint8(min(int(at[1])+20, 255))
	}
	s.cache[k] = g.Stretch(at[0], at[1])
	return s.cache[k]
}

const sideSamples = 60

// lines are the sides of the quad.
func (q quad) lines() (out [4]imaging.Line) {
	for i := range q {
		out[i] = imaging.LineThrough(q[i], q[(i+1)%4])
	}
	return out
}

// cornersOf is the quad between four sides.
func cornersOf(lines [4]imaging.Line) (q quad, ok bool) {
	for i := range q {
		if q[i], ok = lines[(i+3)%4].Cross(lines[i]); !ok {
			return q, false
		}
	}
	return q, true
}

// refine finds the strongest straight edge within reach pixels of each side of
// q: the round corners of the card drop out where those meet. rims are the
// shares of samples on which the sides' edges were seen.
func refine(p *imaging.Picture, q quad, reach int) (lines [4]imaging.Line, rims [4]float64, ok bool) {
	for i := range 4 {
		if lines[i], rims[i], ok = refineLine(p, q[i], q[(i+1)%4], reach); !ok {
			return lines, rims, false
		}
	}
	corners, ok := cornersOf(lines)
	if !ok {
		return lines, rims, false
	}
	for i, c := range corners {
		if math.Hypot(c.X-q[i].X, c.Y-q[i].Y) > 4*float64(reach) {
			return lines, rims, false
		}
	}
	return lines, rims, true
}

// refineLine is refine for the side from a to b. A side outside the picture
// stays, with half a rim: nothing speaks against it.
func refineLine(p *imaging.Picture, a, b imaging.Point, reach int) (line imaging.Line, rim float64, ok bool) {
	length := math.Hypot(b.X-a.X, b.Y-a.Y)
	if length < 20 {
		return line, 0, false
	}
	ux, uy := (b.X-a.X)/length, (b.Y-a.Y)/length
	points, weights := make([]imaging.Point, 0, sideSamples), make([]float64, 0, sideSamples)
	inside := 0
	for s := range sideSamples {
		t := (0.05 + 0.9*float64(s)/(sideSamples-1)) * length
		base := imaging.Point{X: a.X + ux*t, Y: a.Y + uy*t}
		if base.X >= 0 && base.Y >= 0 && base.X < float64(p.W) && base.Y < float64(p.H) {
			inside++
		}
		at, strength := strongestStep(p, base, ux, uy, reach)
		if strength <= 0 {
			continue
		}
		points = append(points, imaging.Point{X: base.X - uy*at, Y: base.Y + ux*at})
		weights = append(weights, min(strength, 12)) // text is stronger than the rim, but not straight
	}
	if inside < sideSamples/5 {
		return imaging.LineThrough(a, b), 0.5, true
	}
	if line, _, ok = imaging.FitLine(points, weights, 1.6); !ok {
		return line, 0, false
	}
	seen := 0
	for k, pt := range points {
		if weights[k] > 8 && math.Abs(line.Distance(pt)) < 1.6 {
			seen++
		}
	}
	return line, min(float64(seen)/float64(inside), 1), true
}

// strongestStep looks across a side, at right angles to (ux, uy), for the
// largest change of colour; at is its signed distance, strength its size
// averaged over the channels.
func strongestStep(p *imaging.Picture, base imaging.Point, ux, uy float64, reach int) (at, strength float64) {
	const gap = 2 // pixels between the samples that are compared
	var profile [64][3]int32
	n := 2*reach + 1 + gap
	for k := range n {
		d := float64(k-reach) - gap/2
		for _, along := range [3]float64{-2, 0, 2} {
			x := int(base.X - uy*d + ux*along + 0.5)
			y := int(base.Y + ux*d + uy*along + 0.5)
			if x < 0 || y < 0 || x >= p.W || y >= p.H {
				profile[k][0] = -1
				break
			}
			px := p.Pix[3*(y*p.W+x):][:3]
			for c := range 3 {
				profile[k][c] += int32(px[c])
			}
		}
	}
	var steps [64]float64
	best := 0
	for k := range n - gap {
		a, b := profile[k], profile[k+gap]
		if a[0] < 0 || b[0] < 0 {
			continue
		}
		for c := range 3 {
			steps[k] += math.Abs(float64(b[c]-a[c])) / 9
		}
		if steps[k] > steps[best] {
			best = k
		}
	}
	if steps[best] == 0 {
		return 0, 0
	}
	at = float64(best - reach)
	if best > 0 && best < n-gap-1 { // the peak of the parabola through three steps
		l, m, r := steps[best-1], steps[best], steps[best+1]
		if d := l - 2*m + r; d < 0 {
			at += min(max(0.5*(l-r)/d, -0.5), 0.5)
		}
	}
	return at, steps[best]
}
