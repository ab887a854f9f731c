package specimen

import (
	"bytes"
	"math"
	"testing"

	"anycheck/internal/imaging"
)

// plate is a card of one colour.
func plate(r, g, b uint8) *imaging.Picture {
	p := imaging.New(428, 270)
	for i := range p.W * p.H {
		p.Pix[3*i], p.Pix[3*i+1], p.Pix[3*i+2] = r, g, b
	}
	return p
}

var shots = map[string]Shot{
	"scan": Scan, "easy": Easy, "medium": Medium, "hard": Hard, "upside down": UpsideDown, "photocopy": Photocopy,
}

func TestCornersAreWhereTheCardIs(t *testing.T) {
	card := plate(0, 255, 0)
	for name, shot := range shots {
		if shot.Photocopy {
			continue // has no colour to look for
		}
		t.Run(name, func(t *testing.T) {
			shot.W, shot.H, shot.Glare = shot.W/2, shot.H/2, 0
			for seed := range uint64(4) {
				photo := Photograph(card, shot, seed)
				green := func(u, v float64) bool {
					x, y := square(photo.Corners).apply(u, v)
					px := photo.Picture.Crop(int(math.Round(x)), int(math.Round(y)), 1, 1).Pix
					return len(px) == 3 && int(px[1]) > int(px[0])+60 && int(px[1]) > int(px[2])+60
				}
				for _, side := range [][2]float64{{0.5, 0}, {1, 0.5}, {0.5, 1}, {0, 0.5}} {
					u, v := 0.5+(side[0]-0.5)*0.98, 0.5+(side[1]-0.5)*0.98
					if !green(u, v) {
						t.Errorf("seed %d: no card just inside %v", seed, side)
					}
					if u, v = 0.5+(side[0]-0.5)*1.02, 0.5+(side[1]-0.5)*1.02; green(u, v) {
						t.Errorf("seed %d: card just outside %v", seed, side)
					}
				}
				if green(0.005, 0.005) {
					t.Errorf("seed %d: the corner is not rounded", seed)
				}
				for _, c := range photo.Corners {
					if c.X < 0 || c.Y < 0 || c.X > float64(shot.W) || c.Y > float64(shot.H) {
						t.Errorf("seed %d: corner %v outside %d x %d", seed, c, shot.W, shot.H)
					}
				}
			}
		})
	}
}

func TestUpsideDownIsUpsideDown(t *testing.T) {
	photo := Photograph(plate(90, 160, 200), UpsideDown, 1)
	if tl, br := photo.Corners[0], photo.Corners[2]; tl.X < br.X || tl.Y < br.Y {
		t.Errorf("top left of the card at %v, bottom right at %v", tl, br)
	}
	if math.Abs(photo.Turn-180) > UpsideDown.Wobble {
		t.Errorf("turned by %.1f degrees", photo.Turn)
	}
}

func TestPhotocopyIsGrey(t *testing.T) {
	p := Photograph(plate(200, 40, 40), Photocopy, 1).Picture
	centre := p.Crop(p.W/2, p.H/2, 1, 1).Pix
	if centre[0] != centre[1] || centre[1] != centre[2] {
		t.Errorf("a photocopy shows %v", centre)
	}
}

func TestPhotoDependsOnItsArgumentsOnly(t *testing.T) {
	card, shot := plate(90, 160, 200), Hard
	shot.W, shot.H = 300, 220
	a, b, c := Photograph(card, shot, 3), Photograph(card, shot, 3), Photograph(card, shot, 4)
	if a.Corners != b.Corners || !bytes.Equal(a.Picture.Pix, b.Picture.Pix) {
		t.Error("the same seed gave another photo")
	}
	if a.Corners == c.Corners {
		t.Error("another seed gave the same photo")
	}
}

func BenchmarkPhotograph(b *testing.B) {
	card := plate(90, 160, 200)
	for b.Loop() {
		Photograph(card, Easy, 1)
	}
}
