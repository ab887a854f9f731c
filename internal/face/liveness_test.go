package face

import (
	"context"
	"math"
	"testing"

	"anycheck/internal/nn"
)

func TestLivenessFusesFamilies(t *testing.T) {
	ln := func(odds float64) float32 { return float32(math.Log(odds)) }
	v2 := fakeLiveness("v2", nn.DecodeMiniFASNet, 2.7, ln(1), ln(8), ln(1)) // live 0.8
	v1 := fakeLiveness("v1se", nn.DecodeMiniFASNet, 4, ln(2), ln(6), ln(2)) // live 0.6
	third := fakeLiveness("third", nn.DecodeCelebASpoof, 1.5, ln(3), ln(7)) // live 0.3
	spoof := fakeLiveness("third", nn.DecodeCelebASpoof, 1.5, -40, 40)      // live 0
	frame, f := draw(400, 300), Face{Box: Box{X: 150, Y: 80, W: 90, H: 120}}
	for _, tt := range []struct {
		name   string
		models []nn.Model
		score  float64
		want   LivenessOutcome
	}{
		{"pair", []nn.Model{v2, v1}, 0.7, LivenessPass},
		{"pair and third", []nn.Model{v2, v1, third}, 0.5, LivenessReview},
		{"pair and a clear spoof", []nn.Model{v2, v1, spoof}, 0.35, LivenessReject},
		{"third alone", []nn.Model{third}, 0.3, LivenessReject},
	} {
		c, err := NewLivenessChecker(tt.models...)
		if err != nil {
			t.Fatal(err)
		}
		l, err := c.Check(context.Background(), frame, f)
		if err != nil || math.Abs(l.Score-tt.score) > 1e-6 || l.Outcome != tt.want || len(l.Models) != len(tt.models) {
			t.Errorf("%s: %+v, %v; want %v %s", tt.name, l, err, tt.score, tt.want)
		}
	}
	if _, err := NewLivenessChecker(); err == nil {
		t.Error("a checker without models")
	}
	if _, err := NewLivenessChecker(fakeDetector()); err == nil {
		t.Error("a detector as a liveness model")
	}
}

func TestLivenessInformsOnly(t *testing.T) {
	s := fakes()
	s["v2"] = fakeLiveness("v2", nn.DecodeMiniFASNet, 2.7, 9, -9, 9)
	card := draw(1000, 640, drawnFace{x: 700, y: 200, w: 130, h: 160, who: 20, noise: 80})
	selfie := draw(900, 900, drawnFace{x: 300, y: 200, w: 300, h: 400, who: 20, noise: 80})
	c := compare(t, s, card, selfie)
	if c.Liveness == nil || c.Liveness.Outcome != LivenessReject || len(c.Liveness.Models) != 1 {
		t.Errorf("liveness %+v, want REJECT by the one model there is", c.Liveness)
	}
	if c.Outcome != Match {
		t.Errorf("outcome %s: the passive check must not change it", c.Outcome)
	}
}

func TestShiftedCrop(t *testing.T) {
	for _, tt := range []struct {
		name          string
		box           Box
		scale         float64
		width, height int
		x, y, w, h    int
	}{
		{"inside", Box{X: 100, Y: 100, W: 50, H: 60}, 2, 400, 400, 75, 70, 101, 121},
		{"left and top", Box{X: 10, Y: 5, W: 50, H: 60}, 2, 400, 400, 0, 0, 101, 121},
		{"right and bottom", Box{X: 340, Y: 330, W: 50, H: 60}, 2, 400, 400, 299, 279, 101, 121},
		{"the picture limits the scale", Box{X: 100, Y: 100, W: 100, H: 100}, 4, 301, 401, 0, 0, 301, 301},
	} {
		x, y, w, h := shiftedCrop(tt.box, tt.scale, tt.width, tt.height)
		if x != tt.x || y != tt.y || w != tt.w || h != tt.h {
			t.Errorf("%s: %d,%d %dx%d, want %d,%d %dx%d", tt.name, x, y, w, h, tt.x, tt.y, tt.w, tt.h)
		}
	}
}

func TestRetinaBox(t *testing.T) {
	b := retinaBox(Box{X: 100, Y: 100, W: 100, H: 200})
	want := Box{X: 150 - 57.7, Y: 200 + 13.4 - 85.5, W: 115.4, H: 171}
	if math.Abs(b.X-want.X)+math.Abs(b.Y-want.Y)+math.Abs(b.W-want.W)+math.Abs(b.H-want.H) > 1e-9 {
		t.Errorf("%v, want %v", b, want)
	}
}
