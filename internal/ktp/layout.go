package ktp

import (
	"math"
	"slices"

	"anycheck/internal/imaging"
)

// The rectified card: 20 pixels a millimetre, its ink map half of that.
const (
	density    = 20
	rectWidth  = 1712
	rectHeight = 1080
	inkDensity = density / 2
)

// Distances on the card in millimetres.
const (
	halfRow     = 1.42 // what is cropped above and below the centre of a row
	beforeValue = 0.32 // and before the first letter
	nikAboveRow = 4.3  // centre of the NIK above that of the Nama row
	headAbove   = 12.65
	headPitch   = 3.3
	issuePitch  = 2.6
)

// box is a rectangle in millimetres on the card.
type box struct{ x0, y0, x1, y1 float64 }

// rectify draws the card upright at rectWidth x rectHeight.
func rectify(photo *imaging.Picture, q quad) *imaging.Picture {
	h, ok := imaging.FitHomography(frame(rectWidth, rectHeight), q)
	if !ok {
		return imaging.New(rectWidth, rectHeight)
	}
	return photo.Warp(h, rectWidth, rectHeight)
}

// inkMap is the card without its colours and shadows: the largest channel,
// divided by the paper's own level round it (a closing that is wider than any
// stroke). 0 is paper, 255 is black. paper is that level at half the map's
// size.
func inkMap(card *imaging.Picture) (ink, paper *imaging.Gray) {
	g := card.HalfMaxChannel().Median(1)
	small := half(g)
	paper = small.CloseEllipse(9).Gaussian(6)
	ink = imaging.NewGray(g.W, g.H)
	for y := range g.H {
		level := paper.Pix[paper.W*(y/2):][:paper.W]
		for x, v := range g.Pix[g.W*y:][:g.W] {
			p := max(int(level[x/2]), 1)
			ink.Pix[g.W*y+x] = uint8(255 - min(int(v)*255/p, 255))
		}
	}
	return ink, paper
}

// half averages 2x2 pixels.
func half(g *imaging.Gray) *imaging.Gray {
	out := imaging.NewGray(g.W/2, g.H/2)
	for y := range out.H {
		a, b := g.Pix[g.W*2*y:][:g.W], g.Pix[g.W*(2*y+1):][:g.W]
		for x := range out.W {
			out.Pix[out.W*y+x] = uint8((int(a[2*x]) + int(a[2*x+1]) + int(b[2*x]) + int(b[2*x+1]) + 2) / 4)
		}
	}
	return out
}

// layout is where things are on one rectified card, in millimetres.
type layout struct {
	ink  *imaging.Gray
	sums *imaging.Integral
	// stroke is the ink value that separates strokes from the paper's pattern.
	stroke uint8
	first  float64 // centre of the Nama row
	pitch  float64
	comb   float64 // how clear the rows are, up to about 2
	// Continuation rows of a wrapped name and address.
	nameExtra, addressExtra int
	valueX                  float64 // first letter of the values
	portraitX               float64 // left edge of the portrait
}

// row is the centre of the k-th printed row, Nama being 0.
func (l *layout) row(k int) float64 { return l.first + float64(k)*l.pitch }

func newLayout(card *imaging.Picture, ink *imaging.Gray) *layout {
	l := &layout{ink: ink, sums: ink.Integral()}
	l.fitRows()
	l.stroke = l.strokeLevel()
	l.fitWraps()
	l.fitColumns(card)
	return l
}

// mean is the mean ink of a box.
func (l *layout) mean(b box) float64 {
	px := func(v float64) int { return int(math.Round(v * inkDensity)) }
	return l.sums.Mean(px(b.x0), px(b.y0), px(b.x1), px(b.y1))
}

func (l *layout) fitRows() {
	profile := func(x0, x1 float64) []float64 {
		out := make([]float64, l.ink.H)
		for y := range out {
			out[y] = l.sums.Mean(int(x0*inkDensity), y, int(x1*inkDensity), y+1)
		}
		return out
	}
	labels, values := profile(2.2, 20.5), profile(22.8, 36.8)
	l.comb, l.first, l.pitch = fitComb(cumulate(labels), cumulate(values), inkDensity)
}

// fitComb is bestComb in fine steps, for a card that is known to be one.
func fitComb(labels, values []float64, density float64) (score, first, pitch float64) {
	score = math.Inf(-1)
	for p := 2.60; p <= 2.975; p += 0.01 {
		for f := 14.6; f <= 17.8; f += 0.05 {
			rows, gaps := 0.0, 0.0
			for k := range 12 {
				c := (f + float64(k)*p) * density
				d := p / 2 * density
				for _, sum := range [][]float64{labels, values} {
					rows += window(sum, int(c-0.75*density), int(c+0.75*density))
					gaps += window(sum, int(c+d-0.3*density), int(c+d+0.3*density))
					gaps += window(sum, int(c-d-0.3*density), int(c-d+0.3*density))
				}
			}
			if s := rows - 1.2*gaps/2; s > score {
				score, first, pitch = s, f, p
			}
		}
	}
	return score, first, pitch
}

// strokeLevel puts the threshold between the paper's pattern and the darkest
// print of the text area.
func (l *layout) strokeLevel() uint8 {
	area := imaging.NewGray(58*inkDensity, int(12*l.pitch*inkDensity))
	top := int((l.first - l.pitch/2) * inkDensity)
	for y := range min(area.H, l.ink.H-top) {
		copy(area.Pix[area.W*y:][:area.W], l.ink.Pix[l.ink.W*(y+top)+2*inkDensity:])
	}
	dark := area.Percentiles(0.97)[0]
	return uint8(max(0.45*float64(dark), 12))
}

// fitWraps finds how many rows the name and the address take: labels stand at
// 6.2-12 mm in every row but those that continue a value, and the three rows
// after the address are indented.
func (l *layout) fitWraps() {
	const rows = 15
	var label, margin [rows]float64
	for k := range rows {
		y := l.row(k)
		if y > cardHeight-1.2 {
			break
		}
		label[k] = l.mean(box{6.2, y - 0.8, 12, y + 0.8})
		margin[k] = l.mean(box{2.8, y - 0.8, 5, y + 0.8})
	}
	presence := func(v [rows]float64) (out [rows]float64) {
		sorted := slices.Sorted(slices.Values(v[:12]))
		usual := max(sorted[8], 1)
		for k, x := range v {
			out[k] = min(x/usual, 1)
		}
		return out
	}
	label, margin = presence(label), presence(margin)
	best := math.Inf(-1)
	for name := range 2 {
		for address := range 3 {
			score := 0.0
			for k := range rows {
				hasLabel, hasMargin := true, true
				if name == 1 && k == 1 {
					hasLabel, hasMargin = false, false
				}
				after := k - 3 - name // rows after Alamat
				switch {
				case after >= 1 && after <= address:
					hasLabel, hasMargin = false, false
				case after > address && after <= address+3:
					hasMargin = false
				case k > 11+name+address:
					hasLabel, hasMargin = false, false
				}
				score += agree(label[k], hasLabel) + agree(margin[k], hasMargin)
			}
			if score > best {
				best, l.nameExtra, l.addressExtra = score, name, address
			}
		}
	}
}

func agree(presence float64, expected bool) float64 {
	if expected {
		return presence
	}
	return 1 - presence
}

// printedRows is how many rows the card has.
func (l *layout) printedRows() int { return 12 + l.nameExtra + l.addressExtra }

func (l *layout) fitColumns(card *imaging.Picture) {
	// The values: the strongest common onset of ink. Each row counts at most
	// once, so that no long stroke decides alone.
	best := math.Inf(-1)
	l.valueX = 23.3
	for x := 20.0; x <= 26.2; x += 0.05 {
		score := 0.0
		for k := range l.printedRows() {
			y := l.row(k)
			on := l.mean(box{x, y - 0.75, x + 0.5, y + 0.75})
			before := l.mean(box{x - 0.4, y - 0.75, x, y + 0.75})
			score += min(on, 90) - 1.5*min(before, 90)
		}
		if score > best {
			best, l.valueX = score, x
		}
	}
	// The portrait: the strongest vertical step of colour in each row.
	var edges []float64
	const reach = density / 4
	for y := 15 * density; y < 33*density; y += 6 {
		row := card.Pix[3*card.W*y:][:3*card.W]
		step, at := 0, 0
		for x := int(60.6 * density); x <= int(65.2*density); x++ {
			d := 0
			for c := range 3 {
				for k := range reach {
					d += int(row[3*(x+k)+c]) - int(row[3*(x-1-k)+c])
				}
			}
			if d = max(d, -d); d > step {
				step, at = d, x
			}
		}
		edges = append(edges, float64(at)/density)
	}
	slices.Sort(edges)
	l.portraitX = edges[len(edges)/2]
}

// extent finds the print between x0 and x1 in a row: from the first stroke to
// the last before a blank of gap millimetres. ok is false when there is none.
func (l *layout) extent(y, halfHeight, x0, x1, gap float64) (from, to float64, ok bool) {
	top, bottom := max(int((y-halfHeight)*inkDensity), 0), min(int((y+halfHeight)*inkDensity), l.ink.H)
	first, last := -1, -1
	need := max(2, (bottom-top)/10)
	for x := max(int(x0*inkDensity), 0); x < min(int(x1*inkDensity), l.ink.W); x++ {
		n := 0
		for yy := top; yy < bottom; yy++ {
			if l.ink.Pix[yy*l.ink.W+x] > l.stroke {
				n++
			}
		}
		if n < need {
			continue
		}
		if last >= 0 && float64(x-last) > gap*inkDensity {
			break
		}
		if first < 0 {
			first = x
		}
		last = x
	}
	if first < 0 || last-first < 2 {
		return 0, 0, false
	}
	return float64(first) / inkDensity, float64(last+1) / inkDensity, true
}

// bestRow moves a row's expected centre by up to reach to where most ink is
// within halfHeight and least just outside.
func (l *layout) bestRow(y, reach, halfHeight, x0, x1 float64) float64 {
	best, at := math.Inf(-1), y
	for d := -reach; d <= reach; d += 0.05 {
		c := y + d
		s := l.mean(box{x0, c - halfHeight, x1, c + halfHeight}) -
			0.6*l.mean(box{x0, c - halfHeight - 0.5, x1, c - halfHeight}) - 0.6*l.mean(box{x0, c + halfHeight, x1, c + halfHeight + 0.5}) -
			2*math.Abs(d)/max(reach, 0.1)
		if s > best {
			best, at = s, c
		}
	}
	return at
}

// crop cuts a box out of the rectified card.
func crop(card *imaging.Picture, b box) *imaging.Picture {
	x0, y0 := int(math.Round(b.x0*density)), int(math.Round(b.y0*density))
	x1, y1 := int(math.Round(b.x1*density)), int(math.Round(b.y1*density))
	return card.Crop(x0, y0, x1-x0, y1-y0)
}
