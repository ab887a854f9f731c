package ktp

import (
	"math"
	"slices"

	"anycheck/internal/imaging"
)

// Further codes that ask for another picture. This file must compile for the
// browser: it judges before anything is sent.
const (
	CardOverexposed Code = "CARD_OVEREXPOSED"
	CardPhotocopy   Code = "CARD_PHOTOCOPY"
	CardOnScreen    Code = "CARD_ON_SCREEN"
	SeveralCards    Code = "SEVERAL_CARDS" // the largest was read
)

// Limits of the quality codes: beyond them the person should take another
// picture.
const (
	minPixelsPerMM = 4.5  // capitals of 1.7 mm have 8 pixels
	minBrightness  = 0.22 // of the paper
	minSharpness   = 0.25
	maxOutside     = 1.5  // millimetres
	glareLines     = 0.05 // share of a line's columns
	maxWhite       = 0.4  // share of the card that is white without any tint
	minColour      = 0.2  // of tint; copies have under 0.1, originals over 0.35
	maxScreen      = 16.0 // of screenPeak; print has 8 at most
)

// glareMap marks reflections: paper much lighter than the card's usual level.
// It wants the paper level of inkMap.
func glareMap(paper *imaging.Gray) *imaging.Gray {
	median := float64(paper.Percentiles(0.5)[0])
	limit := max(1.28*median, 215)
	out := imaging.NewGray(paper.W, paper.H)
	for i, v := range paper.Pix {
		if float64(v) > limit {
			out.Pix[i] = 255
		}
	}
	return out
}

// glareShare is the share of a line's columns under a reflection. Print that
// the reflection removed counts too: a little is added after the last stroke,
// and a blank line is judged as far as values usually reach.
func (p *page) glareShare(b box, printed bool) float64 {
	const scale = density / 4
	x1 := b.x1 + 2
	if !printed {
		x1 = min(b.x1, b.x0+15)
	}
	top, bottom := int((b.y0+0.6)*scale), int((b.y1-0.6)*scale)
	covered, columns := 0, 0
	for x := max(int(b.x0*scale), 0); x < min(int(x1*scale), p.glare.W); x++ {
		n := 0
		for y := max(top, 0); y < min(bottom, p.glare.H); y++ {
			if p.glare.Pix[y*p.glare.W+x] != 0 {
				n++
			}
		}
		if 2*n > bottom-top {
			covered++
		}
		columns++
	}
	return float64(covered) / float64(max(columns, 1))
}

// judge measures the picture and adds the codes that follow. others is how
// many cards there are beside the one that was read.
func (r *Reading) judge(photo *imaging.Picture, p *page, others int) {
	q := quad(r.Corners)
	r.Quality.PixelsPerMM = min(q.side(0)/cardWidth, q.side(2)/cardWidth, q.side(1)/cardHeight, q.side(3)/cardHeight)
	covered := 0
	for _, v := range p.glare.Pix {
		if v != 0 {
			covered++
		}
	}
	r.Quality.Glare = float64(covered) / float64(len(p.glare.Pix))
	r.Quality.Brightness = float64(half(half(p.card.MaxChannel())).Percentiles(0.6)[0]) / 255
	r.Quality.Sharpness = sharpness(p)
	for _, c := range r.Corners {
		out := max(-c.X, -c.Y, c.X-float64(photo.W-1), c.Y-float64(photo.H-1))
		r.Quality.Outside = max(r.Quality.Outside, out/r.Quality.PixelsPerMM)
	}
	r.Quality.Screen = screenPeak(photo, q)
	white, colour := tint(p.card)
	// Light on the place of issue alone is no reason for another picture.
	coveredValue := slices.ContainsFunc(r.Values, func(v Value) bool {
		return slices.Contains(v.Codes, CardGlare) && slices.Contains(ScoredFields, v.Field)
	})
	for _, c := range []struct {
		code Code
		bad  bool
	}{
		{CardTooSmall, r.Quality.PixelsPerMM < minPixelsPerMM},
		{CardCropped, r.Quality.Outside > maxOutside},
		{CardDark, r.Quality.Brightness < minBrightness},
		{CardOverexposed, white > maxWhite && colour >= minColour},
		{CardPhotocopy, colour < minColour},
		{CardOnScreen, r.Quality.Screen > maxScreen},
		{CardGlare, coveredValue},
		{CardBlurred, r.Quality.Sharpness < minSharpness},
		{SeveralCards, others > 0},
	} {
		if c.bad {
			r.Codes = append(r.Codes, c.code)
		}
	}
}

// tint measures colour on a grid of small means, so that grain drops out.
// white is the share, 0..1, on which every channel is at its end. colour is
// how far blue against red spreads over the card, in natural logarithm: a copy
// has the lamp's tint everywhere, an original has the paper's and another
// behind the portrait.
func tint(card *imaging.Picture) (white, colour float64) {
	const step, side = 32, 8
	var ratios []float64
	clipped, n := 0, 0
	for y := step / 2; y+side <= card.H; y += step {
		for x := step / 2; x+side <= card.W; x += step {
			var sum [3]int
			for dy := range side {
				row := card.Pix[3*((y+dy)*card.W+x):][:3*side]
				for i := 0; i < len(row); i += 3 {
					sum[0] += int(row[i])
					sum[1] += int(row[i+1])
					sum[2] += int(row[i+2])
				}
			}
			n++
			if min(sum[0], sum[1], sum[2]) > 250*side*side {
				clipped++
				continue
			}
			if max(sum[0], sum[1], sum[2]) < 30*side*side {
				continue // no colour in the dark
			}
			const floor = 8 * side * side
			ratios = append(ratios, math.Log(float64(sum[2]+floor)/float64(sum[0]+floor)))
		}
	}
	if len(ratios) < n/20 {
		return float64(clipped) / float64(max(n, 1)), math.Inf(1)
	}
	slices.Sort(ratios)
	at := func(share float64) float64 { return ratios[int(share*float64(len(ratios)-1))] }
	return float64(clipped) / float64(n), at(0.97) - at(0.03)
}

// sharpness is the steepest slope of the print relative to its contrast: the
// 95th percentile of the change of ink over 0.2 mm in the text rows against
// the darkest ink there. 0..1; strokes of this card are 0.25 mm wide.
func sharpness(p *page) float64 {
	l := p.layout
	var slopes, levels [256]int
	n := 0
	const step = inkDensity / 5
	for k := range l.printedRows() {
		y0 := int((l.row(k) - 0.8) * inkDensity)
		for y := max(y0, 0); y < min(y0+int(1.6*inkDensity), l.ink.H); y++ {
			row := l.ink.Pix[y*l.ink.W:][:l.ink.W]
			for x := 3 * inkDensity; x < 40*inkDensity; x++ {
				d := int(row[x+step]) - int(row[x])
				slopes[max(d, -d)]++
				levels[row[x]]++
				n++
			}
		}
	}
	at := func(hist [256]int, share float64) float64 {
		rest := int(share * float64(n))
		for v := 255; v > 0; v-- {
			if rest -= hist[v]; rest <= 0 {
				return float64(v)
			}
		}
		return 0
	}
	return min(at(slopes, 0.03)/max(at(levels, 0.02), 1), 1)
}
