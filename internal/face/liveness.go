package face

import (
	"context"
	"fmt"
	"math"

	"anycheck/internal/imaging"
	"anycheck/internal/nn"
)

// LivenessOutcome is what the passive check says.
type LivenessOutcome string

// The outcomes of the passive check.
const (
	LivenessPass   LivenessOutcome = "PASS"
	LivenessReview LivenessOutcome = "REVIEW"
	LivenessReject LivenessOutcome = "REJECT"
)

// Liveness is a passive check for screens and prints held before the camera.
// It informs; it must never decide alone: measured on 12 attacks only, the
// two families together let none of them pass at 0.60 and refused 10 % of live
// persons, the first family alone let a quarter pass.
type Liveness struct {
	// Score is the probability that the face is live, 0..1: the mean over the
	// families of the mean over each family's models.
	Score   float64         `json:"score"`
	Outcome LivenessOutcome `json:"outcome"`
	Models  []ModelRef      `json:"models"`
	// Pass and Review are the thresholds that were used.
	Pass   float64 `json:"pass"`
	Review float64 `json:"review"`
}

// LivenessChecker runs the passive check with MiniFASNet models and optionally
// one trained on CelebA-Spoof.
type LivenessChecker struct {
	models       []nn.Model
	pass, review float64
}

// NewLivenessChecker takes at least one model; the first one's Spec gives the
// thresholds pass and review.
func NewLivenessChecker(models ...nn.Model) (*LivenessChecker, error) {
	if len(models) == 0 {
		return nil, fmt.Errorf("face: no liveness model")
	}
	for _, m := range models {
		spec := m.Spec()
		in := spec.Input
		known := spec.Decoding == nn.DecodeMiniFASNet || spec.Decoding == nn.DecodeCelebASpoof
		if !known || in.Width < 1 || in.Height < 1 || in.Crop <= 0 || spec.Output == "" {
			return nil, fmt.Errorf("face: model %s is not a liveness model with a size, a crop and an output", spec.Name)
		}
	}
	c := &LivenessChecker{models: models}
	return c, thresholds(models[0].Spec(), map[string]*float64{"pass": &c.pass, "review": &c.review})
}

// Check needs the whole upright frame, not a cropped face: the surroundings
// give a screen away.
func (c *LivenessChecker) Check(ctx context.Context, frame *imaging.Picture, f Face) (Liveness, error) {
	result := Liveness{Pass: c.pass, Review: c.review}
	box := retinaBox(f.Box)
	var sum, count [2]float64 // by family
	for _, m := range c.models {
		spec := m.Spec()
		in := spec.Input
		var input *imaging.Picture
		family, live := 0, 1
		if spec.Decoding == nn.DecodeMiniFASNet {
			x, y, w, h := shiftedCrop(box, in.Crop, frame.W, frame.H)
			input = frame.Crop(x, y, w, h).ResizeBilinear(in.Width, in.Height)
		} else {
			family, live = 1, 0
			centre, side := box.centre(), in.Crop*max(box.W, box.H)
			n := max(int(math.Round(side)), 1)
			x, y := int(math.Round(centre.X-side/2)), int(math.Round(centre.Y-side/2))
			input = frame.CropBorder(x, y, n, n, imaging.Reflect101).Resize(in.Width, in.Height)
		}
		out, err := infer(ctx, m, input, in, in.Width, in.Height)
		if err != nil {
			return Liveness{}, fmt.Errorf("check liveness: %w", err)
		}
		logits := out[spec.Output].Data
		if want := 3 - family; len(logits) != want {
			return Liveness{}, fmt.Errorf("check liveness: model %s answered %d values, not %d", spec.Name, len(logits), want)
		}
		sum[family] += softmax(logits, live)
		count[family]++
		result.Models = append(result.Models, ModelRef{Name: spec.Name, Version: spec.Version})
	}
	families := 0.0
	for i, n := range count {
		if n > 0 {
			result.Score += sum[i] / n
			families++
		}
	}
	result.Score /= families
	switch {
	case result.Score >= c.pass:
		result.Outcome = LivenessPass
	case result.Score >= c.review:
		result.Outcome = LivenessReview
	default:
		result.Outcome = LivenessReject
	}
	return result, nil
}

// retinaBox turns a YuNet box into one like RetinaFace's, with which the
// liveness models were trained (medians over 244 photos).
func retinaBox(b Box) Box {
	c := b.centre()
	w, h := 1.154*b.W, 0.855*b.H
	return Box{X: c.X - w/2, Y: c.Y + 0.067*b.H - h/2, W: w, H: h}
}

// shiftedCrop enlarges a box round its centre and shifts it into the picture,
// as MiniFASNet's training did (Silent-Face-Anti-Spoofing, generate_patches.py):
// the enlargement is limited to what the picture holds, edges are cut to whole
// pixels, the right and bottom edge belong to the crop.
func shiftedCrop(b Box, scale float64, width, height int) (x, y, w, h int) {
	right, bottom := float64(width-1), float64(height-1)
	scale = min(scale, right/b.W, bottom/b.H)
	c := b.centre()
	x0, x1 := shift(c.X, scale*b.W, right)
	y0, y1 := shift(c.Y, scale*b.H, bottom)
	return x0, y0, x1 - x0 + 1, y1 - y0 + 1
}

func shift(centre, size, last float64) (from, to int) {
	a, b := centre-size/2, centre+size/2
	if a < 0 {
		a, b = 0, b-a
	}
	if b > last {
		a, b = a-(b-last), last
	}
	return int(max(a, 0)), int(b)
}

// softmax is the probability of one class.
func softmax(logits []float32, class int) float64 {
	var sum float64
	for _, v := range logits {
		sum += math.Exp(float64(v) - float64(logits[class]))
	}
	return 1 / sum
}
