package ktp

import (
	"math"
	"math/rand/v2"
	"testing"

	"anycheck/internal/imaging"
	"anycheck/internal/specimen"
)

// onScreen photographs a card shown on a screen, at pixels of the photo for
// each of the screen's and turned by some degrees: stripes of red, green and
// blue with dark gaps, blurred by the lens, noisy, packed as JPEG.
func onScreen(t testing.TB, card *imaging.Picture, pitch, degrees, blur float64) *imaging.Picture {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	w, h := int(pitch*float64(card.W)*1.1), int(pitch*float64(card.H)*1.15)
	out := imaging.New(w, h)
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	const n = 8 // rays a pixel
	for v := range h {
		for u := range w {
			var sum [3]float64
			for range n {
				du, dv := float64(u)+0.5-float64(w)/2+rng.NormFloat64()*blur+rng.Float64()-0.5, float64(v)+0.5-float64(h)/2+rng.NormFloat64()*blur+rng.Float64()-0.5
				x, y := (cos*du+sin*dv)/pitch+float64(card.W)/2, (cos*dv-sin*du)/pitch+float64(card.H)/2
				if x < 0 || y < 0 || int(x) >= card.W || int(y) >= card.H {
					continue
				}
				fx, fy := x-math.Floor(x), y-math.Floor(y)
				c := int(3 * fx)
				if s := 3*fx - float64(c); s < 0.1 || s > 0.9 || fy > 0.88 {
					continue
				}
				sum[c] += 3.4 * float64(card.Pix[3*(int(y)*card.W+int(x))+c])
			}
			for c := range sum {
				out.Pix[3*(v*w+u)+c] = uint8(min(max(sum[c]/n+3*rng.NormFloat64(), 0), 255))
			}
		}
	}
	data, err := out.EncodeJPEG(88)
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := imaging.Decode(data, imaging.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// atTurn is where such a card lies in its photo.
func atTurn(card, photo *imaging.Picture, pitch, degrees float64) (q quad) {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	for i, k := range [4]imaging.Point{{X: -1, Y: -1}, {X: 1, Y: -1}, {X: 1, Y: 1}, {X: -1, Y: 1}} {
		x, y := k.X*float64(card.W)/2*pitch, k.Y*float64(card.H)/2*pitch
		q[i] = imaging.Point{X: cos*x - sin*y + float64(photo.W)/2, Y: sin*x + cos*y + float64(photo.H)/2}
	}
	return q
}

// A screen's grid is seen where the camera resolves it, or folds it down, and
// not on a card of print.
func TestScreenPeak(t *testing.T) {
	card := drawCard().Resize(428, 270)
	for _, c := range []struct{ pitch, degrees, blur float64 }{{2, 0, 0.4}, {2.4, 3, 0.7}, {3, 9, 0.7}} {
		photo := onScreen(t, card, c.pitch, c.degrees, c.blur)
		if got := screenPeak(photo, atTurn(card, photo, c.pitch, c.degrees)); got < maxScreen {
			t.Errorf("%+v: %.1f, want %v or more", c, got, maxScreen)
		}
	}
	photo, at := straight(specimen.Card(specimen.People(1, 5)[0], nil).Resize(856, 540), 40)
	rng := rand.New(rand.NewPCG(3, 4))
	photo = change(photo, func(_, _ int, v float64) float64 { return v + 2*rng.NormFloat64() })
	data, err := photo.EncodeJPEG(80)
	if err != nil {
		t.Fatal(err)
	}
	packed, _, err := imaging.Decode(data, imaging.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]*imaging.Picture{"print": photo, "as JPEG": packed} {
		if got := screenPeak(p, at); got > maxScreen/2 {
			t.Errorf("%s: %.1f", name, got)
		}
	}
	if got := screenPeak(imaging.New(50, 30), quad{{X: 0, Y: 0}, {X: 50, Y: 0}, {X: 50, Y: 30}, {X: 0, Y: 30}}); got != 0 {
		t.Errorf("a picture smaller than a patch: %v", got)
	}
}

func BenchmarkScreenPeak(b *testing.B) {
	photo, at := straight(drawCard(), 40)
	for b.Loop() {
		screenPeak(photo, at)
	}
}
