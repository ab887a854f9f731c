package ktp

import (
	"math"

	"anycheck/internal/imaging"
)

// The size at which a candidate is judged: 5 pixels a millimetre.
const (
	scoreDensity = 5
	scoreWidth   = 428
	scoreHeight  = 270
)

// orient judges both ways to read a quad, upright and upside down, and keeps
// the better one. The quad comes back with its long side on top.
func orient(paper *imaging.Gray, q quad) found {
	q = q.longFirst()
	card, ink := scored(paper, q)
	if card == nil {
		return found{layout: -1}
	}
	f := found{quad: q, layout: layoutScore(card, ink), strain: strain(q, paper.W, paper.H)}
	if down := layoutScore(turned(card), turned(ink)); down > f.layout {
		f.quad, f.layout = quad{q[2], q[3], q[0], q[1]}, down
	}
	return f
}

// upright is orient for a quad whose top is known.
func upright(paper *imaging.Gray, q quad) found {
	card, ink := scored(paper, q)
	if card == nil {
		return found{layout: -1}
	}
	return found{quad: q, layout: layoutScore(card, ink), strain: strain(q, paper.W, paper.H)}
}

// scored is the card in a quad at the size of layoutScore, with its ink; nil
// for a quad that is none.
func scored(paper *imaging.Gray, q quad) (card, ink *imaging.Gray) {
	h, ok := imaging.FitHomography(frame(scoreWidth, scoreHeight), q)
	if !ok {
		return nil, nil
	}
	card = paper.Warp(h, scoreWidth, scoreHeight)
	return card, inkOf(card)
}

// turned is the picture upside down.
func turned(g *imaging.Gray) *imaging.Gray {
	out := imaging.NewGray(g.W, g.H)
	for i, v := range g.Pix {
		out.Pix[len(g.Pix)-1-i] = v
	}
	return out
}

// frame is the outline of a rectified card of w x h pixels: the card's edge is
// the edge of the outermost pixels.
func frame(w, h int) quad {
	x, y := float64(w)-0.5, float64(h)-0.5
	return quad{{X: -0.5, Y: -0.5}, {X: x, Y: -0.5}, {X: x, Y: y}, {X: -0.5, Y: y}}
}

// layoutScore tells how much a rectified card of scoreWidth x scoreHeight
// looks like a KTP: a comb of twelve text rows in the label and in the value
// column, the portrait, the NIK and the header, blank margins. A card scores
// 3 to 3.9, anything else under 2.
// ink is inkOf(g).
func layoutScore(g, ink *imaging.Gray) float64 {
	light, in := g.Integral(), ink.Integral()
	mean := func(x0, y0, x1, y1 float64) float64 { // in millimetres
		return in.Mean(int(x0*scoreDensity), int(y0*scoreDensity), int(x1*scoreDensity), int(y1*scoreDensity))
	}
	labels, values := rowProfile(in, 2.2, 20.5), rowProfile(in, 22.8, 36.8)
	score, first, pitch := bestComb(labels, values, scoreDensity)
	last := first + 11*pitch
	// The NIK: a row of large figures between blank bands.
	nik := first - 4.3
	score += 0.7 * contrast(mean(23, nik-1, 58, nik+1), mean(23, nik-2.6, 58, nik-2)+mean(23, nik+1.8, 58, nik+2.3))
	// The header: two rows in the middle, nothing at its sides.
	head := first - 12.65
	score += 0.5 * contrast(mean(30, head-1, 55, head+1)+mean(30, head+2.3, 55, head+4.3), mean(1.5, head-0.5, 16, head+3.8)+mean(68, head-0.5, 84, head+3.8))
	// The labels start right after a blank margin.
	score += 0.5 * contrast(mean(2.8, first, 5.4, last), mean(0.6, first, 2, last))
	// The portrait is darker than the paper round it, sharply.
	tone := func(x0, y0, x1, y1 float64) float64 {
		return light.Mean(int(x0*scoreDensity), int(y0*scoreDensity), int(x1*scoreDensity), int(y1*scoreDensity))
	}
	left := tone(60.3, 14, 61.6, 35) - tone(63.6, 14, 65, 35)
	right := tone(83, 14, 84.6, 35) - tone(80, 14, 81.4, 35)
	top := tone(65, 8.5, 80, 10.3) - tone(65, 13, 80, 14.5)
	level := max(tone(3, 14, 60, 50), 20)
	// Pale portraits hardly differ: nothing is taken off for them.
	return score + 0.4*min(max((left+right+0.5*top)/level/0.5, 0), 1)
}

// contrast compares an inked with a blank area: 1 for ink on clean paper, 0
// when they are alike.
func contrast(ink, blank float64) float64 { return (ink - blank) / (ink + blank + 4) }

// inkOf marks strokes: how much darker a pixel is than its surroundings of
// about 4 mm, 255 for half as bright. Slow changes of light drop out.
func inkOf(g *imaging.Gray) *imaging.Gray {
	const r = 2 * scoreDensity
	sums, out := g.Integral(), imaging.NewGray(g.W, g.H)
	for y := range g.H {
		for x := range g.W {
			m := sums.Mean(x-r, y-r, x+r+1, y+r+1)
			v := m - float64(g.Pix[y*g.W+x])
			if v > 0.06*m {
				out.Pix[y*g.W+x] = uint8(min(510*v/m, 255))
			}
		}
	}
	return out
}

// rowProfile is the mean ink of each pixel row between two positions in
// millimetres.
func rowProfile(in *imaging.Integral, x0, x1 float64) []float64 {
	out := make([]float64, scoreHeight)
	for y := range out {
		out[y] = in.Mean(int(x0*scoreDensity), y, int(x1*scoreDensity), y+1)
	}
	return out
}

// bestComb looks for twelve equally spaced rows in two profiles of density
// pixels a millimetre. score is the contrast of rows and gaps, up to about 2;
// first and pitch are the centre of the first row and the spacing in
// millimetres.
func bestComb(labels, values []float64, density float64) (score, first, pitch float64) {
	sumL, sumV := cumulate(labels), cumulate(values)
	score = math.Inf(-1)
	for p := 2.60; p <= 2.975; p += 0.02 {
		for f := 14.4; f <= 18.2; f += 0.1 {
			var rowL, gapL, rowV, gapV float64
			for k := range 12 {
				c := (f + float64(k)*p) * density
				a, b := int(c-0.6*density), int(c+0.6*density)
				rowL += window(sumL, a, b)
				rowV += window(sumV, a, b)
				c += p / 2 * density
				a, b = int(c-0.3*density), int(c+0.3*density)
				gapL += window(sumL, a, b)
				gapV += window(sumV, a, b)
			}
			s := contrast(rowL/12, 1.2*gapL/12) + contrast(rowV/12, 1.2*gapV/12)
			if s > score {
				score, first, pitch = s, f, p
			}
		}
	}
	return score, first, pitch
}

func cumulate(v []float64) []float64 {
	out := make([]float64, len(v)+1)
	for i, x := range v {
		out[i+1] = out[i] + x
	}
	return out
}

// window is the mean of a..b, cut to the profile; 0 when nothing is left.
func window(sum []float64, a, b int) float64 {
	a, b = max(a, 0), min(b+1, len(sum)-1)
	if b <= a {
		return 0
	}
	return (sum[b] - sum[a]) / float64(b-a)
}
