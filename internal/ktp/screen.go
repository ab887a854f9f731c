package ktp

import (
	"math"
	"math/bits"
	"math/cmplx"
	"slices"

	"anycheck/internal/imaging"
)

// A screen's pixels repeat over the whole card, print does not: seen by a
// camera they make isolated peaks in the spectrum, at the same place in every
// part of the card, at the grid's own frequency or one folded down from it.
const (
	patchSide    = 64
	patchColumns = 7
	patchRows    = 4
	// lowest is the frequency, in cycles a patch, under which the waves of the
	// background and the print have their own order.
	lowest = 9
	// noise is the power of grain of one level, which drawings lack.
	noise = 9.0 / 64 * patchSide * patchSide
)

// screenPeak is how far the highest such peak stands out of what is round it:
// 1 to 4 on photos of cards, up to 8 on scans; 30 and more on simulated screens
// from 2.4 pixels of the photo for each of the screen's, or 2 when sharp. Coarser
// pictures of a screen do not show it.
func screenPeak(photo *imaging.Picture, corners quad) float64 {
	const mm = 4 // from the rim
	at, ok := imaging.FitHomography([4]imaging.Point{{X: 0, Y: 0}, {X: cardWidth, Y: 0}, {X: cardWidth, Y: cardHeight}, {X: 0, Y: cardHeight}}, corners)
	if !ok {
		return 0
	}
	var spectra [][]float64
	for row := range patchRows {
		for col := range patchColumns {
			c := at.Apply(imaging.Point{
				X: mm + (cardWidth-2*mm)*(float64(col)+0.5)/patchColumns,
				Y: mm + (cardHeight-2*mm)*(float64(row)+0.5)/patchRows,
			})
			x, y := int(c.X)-patchSide/2, int(c.Y)-patchSide/2
			if x < 0 || y < 0 || x+patchSide > photo.W || y+patchSide > photo.H {
				continue
			}
			spectra = append(spectra, patchSpectrum(photo, x, y))
		}
	}
	if len(spectra) < patchColumns*patchRows/2 {
		return 0
	}
	// Print is in some patches, a grid in all: the median forgets print.
	power := make([]float64, patchSide*patchSide/2)
	at1 := make([]float64, len(spectra))
	for i := range power {
		for k, s := range spectra {
			at1[k] = s[i]
		}
		slices.Sort(at1)
		power[i] = at1[len(at1)/2]
	}
	best := 0.0
	var round []float64
	for ky := range patchSide {
		fy := (ky+patchSide/2)%patchSide - patchSide/2
		for kx := range patchSide / 2 {
			peak := power[ky*patchSide/2+kx]
			if kx*kx+fy*fy < lowest*lowest || kx%8 == 0 && fy%8 == 0 || peak < best*noise { // blocks of JPEG
				continue
			}
			if round = ring(round[:0], power, kx, ky, 0, 2); peak < slices.Max(round) {
				continue
			}
			round = ring(round[:0], power, kx, ky, 3, 5)
			slices.Sort(round)
			best = max(best, peak/max(round[len(round)*9/10], noise))
		}
	}
	return best
}

// ring adds the powers between two distances from a frequency, counted along
// the farther axis.
func ring(to, power []float64, kx, ky, from, until int) []float64 {
	for dy := -until; dy <= until; dy++ {
		row := power[(ky+dy+patchSide)%patchSide*(patchSide/2):][:patchSide/2]
		for x := max(kx-until, 0); x <= min(kx+until, patchSide/2-1); x++ {
			if max(x-kx, kx-x, dy, -dy) >= from {
				to = append(to, row[x])
			}
		}
	}
	return to
}

// patchSpectrum is the power of a patch's green by frequency, rows of
// patchSide/2 values.
func patchSpectrum(photo *imaging.Picture, x0, y0 int) []float64 {
	var a [patchSide][patchSide]complex128
	for y := range patchSide {
		row := photo.Pix[3*((y0+y)*photo.W+x0):][:3*patchSide]
		for x := range patchSide {
			a[y][x] = complex(float64(row[3*x+1])*hann[x]*hann[y], 0)
		}
		fourier(&a[y])
	}
	out := make([]float64, patchSide*patchSide/2)
	var col [patchSide]complex128
	for x := range patchSide / 2 {
		for y := range patchSide {
			col[y] = a[y][x]
		}
		fourier(&col)
		for y, v := range col {
			out[y*patchSide/2+x] = real(v)*real(v) + imag(v)*imag(v)
		}
	}
	return out
}

var hann, turns = func() (w [patchSide]float64, t [patchSide / 2]complex128) {
	for i := range w {
		w[i] = 0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/patchSide)
	}
	for i := range t {
		t[i] = cmplx.Rect(1, -2*math.Pi*float64(i)/patchSide)
	}
	return w, t
}()

// fourier transforms in place (Cooley and Tukey 1965).
func fourier(a *[patchSide]complex128) {
	for i := range a {
		if j := int(bits.Reverse8(uint8(i)) >> 2); j > i {
			a[i], a[j] = a[j], a[i]
		}
	}
	for n := 2; n <= patchSide; n *= 2 {
		for at := 0; at < patchSide; at += n {
			for k := range n / 2 {
				lo, hi := a[at+k], a[at+k+n/2]*turns[k*patchSide/n]
				a[at+k], a[at+k+n/2] = lo+hi, lo-hi
			}
		}
	}
}
