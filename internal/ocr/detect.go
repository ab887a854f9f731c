package ocr

import (
	"cmp"
	"context"
	"math"
	"slices"

	"anycheck/internal/fault"
	"anycheck/internal/imaging"
	"anycheck/internal/nn"
)

// Line is a text line found in a picture.
type Line struct {
	// Corners in pixels of the picture: top left, top right, bottom right,
	// bottom left in reading direction.
	Corners    [4]imaging.Point `json:"corners"`
	Text       string           `json:"text"`
	Confidence float64          `json:"confidence"`
}

// The usual operating point of DBNet (Liao et al. 2020); the manifest's
// thresholds "binarise", "box" and "unclip" replace it.
const (
	binarise = 0.3
	boxScore = 0.5
	unclip   = 1.6
	maxLines = 1000
)

// ReadText finds and reads the text lines of any picture, from top to bottom
// and from left to right. detector is of the DBNet family, recogniser of the
// CTC family.
func ReadText(ctx context.Context, detector, recogniser nn.Model, pic *imaging.Picture) ([]Line, error) {
	reader, err := NewRecogniser(recogniser)
	if err != nil {
		return nil, err
	}
	boxes, err := DetectText(ctx, detector, pic)
	if err != nil {
		return nil, err
	}
	crops := make([]*imaging.Picture, len(boxes))
	for i, b := range boxes {
		w, h := length(b[0], b[1]), length(b[1], b[2])
		wide, high := max(int(w+0.5), 1), max(int(h+0.5), 1)
		frame := [4]imaging.Point{{X: -0.5, Y: -0.5}, {X: float64(wide) - 0.5, Y: -0.5},
			{X: float64(wide) - 0.5, Y: float64(high) - 0.5}, {X: -0.5, Y: float64(high) - 0.5}}
		crops[i] = imaging.New(0, 0)
		if toSource, ok := imaging.FitHomography(frame, b); ok {
			crops[i] = pic.Warp(toSource, wide, high)
		}
	}
	outputs, err := reader.Recognise(ctx, crops)
	if err != nil {
		return nil, err
	}
	lines := make([]Line, 0, len(boxes))
	for i, o := range outputs {
		if t := o.Greedy().Trim(" ", " "); t.Text != "" {
			lines = append(lines, Line{Corners: boxes[i], Text: t.Text, Confidence: t.Confidence})
		}
	}
	return lines, nil
}

// DetectText finds text lines: rectangles in pixels of pic, in the order of
// ReadText.
func DetectText(ctx context.Context, detector nn.Model, pic *imaging.Picture) ([][4]imaging.Point, error) {
	spec := detector.Spec()
	if spec.Decoding != nn.DecodeDBNet {
		return nil, fault.New(fault.Internal, "The model %s is not a text detector.", spec.Name)
	}
	if pic.W == 0 || pic.H == 0 {
		return nil, nil
	}
	longest, multiple := spec.Input.LongSide, max(spec.Input.Multiple, 1)
	if longest <= 0 {
		longest = 960
	}
	scale := float64(longest) / float64(max(pic.W, pic.H))
	side := func(n int) int {
		return max(int(math.Round(float64(n)*scale/float64(multiple)))*multiple, multiple)
	}
	small := pic.Resize(side(pic.W), side(pic.H))
	answer, err := detector.Run(ctx, imaging.NewTensor(small, spec.Input, small.W, small.H))
	if err != nil {
		return nil, err
	}
	t, ok := answer[spec.Output]
	if !ok || len(t.Data) != small.W*small.H {
		return nil, fault.New(fault.Internal, "The model %s answered with another shape than its manifest entry says.", spec.Name)
	}
	threshold := func(name string, usual float64) float64 {
		if v, ok := spec.Thresholds[name]; ok {
			return v
		}
		return usual
	}
	boxes := textBoxes(t.Data, small.W, small.H, threshold("binarise", binarise), threshold("box", boxScore), threshold("unclip", unclip))
	fx, fy := float64(pic.W)/float64(small.W), float64(pic.H)/float64(small.H)
	for i := range boxes {
		for k, c := range boxes[i] {
			boxes[i][k] = imaging.Point{X: (c.X+0.5)*fx - 0.5, Y: (c.Y+0.5)*fy - 0.5}
		}
	}
	readingOrder(boxes)
	return boxes, nil
}

// textBoxes turns a text probability map into rectangles: pixels over cut,
// connected, with a mean probability of at least keep, grown by
// area*grow/perimeter because the network is taught shrunken lines.
func textBoxes(probs []float32, w, h int, cut, keep, grow float64) [][4]imaging.Point {
	mask, level := imaging.NewGray(w, h), imaging.NewGray(w, h)
	for i, p := range probs {
		level.Pix[i] = uint8(min(max(p, 0), 1) * 255)
		if float64(p) > cut {
			mask.Pix[i] = 255
		}
	}
	var out [][4]imaging.Point
	for _, r := range mask.Regions(false, 9) {
		if len(out) == maxLines {
			break
		}
		hull := imaging.ConvexHull(r.Outline)
		box, ok := imaging.MinAreaRect(hull)
		if !ok || meanInside(level, hull) < keep {
			continue
		}
		a, b := length(box[0], box[1]), length(box[1], box[2])
		if min(a, b) < 2 {
			continue
		}
		d := a * b * grow / (2 * (a + b))
		box = upright(box)
		a, b = length(box[0], box[1]), length(box[1], box[2])
		ux, uy := (box[1].X-box[0].X)/a, (box[1].Y-box[0].Y)/a
		vx, vy := (box[2].X-box[1].X)/b, (box[2].Y-box[1].Y)/b
		for k, s := range [4][2]float64{{-d, -d}, {d, -d}, {d, d}, {-d, d}} {
			box[k].X += ux*s[0] + vx*s[1]
			box[k].Y += uy*s[0] + vy*s[1]
		}
		out = append(out, box)
	}
	return out
}

// upright turns the corners so that the long side runs to the right, or down
// when the line stands.
func upright(box [4]imaging.Point) [4]imaging.Point {
	if length(box[0], box[1]) < length(box[1], box[2]) {
		box = [4]imaging.Point{box[1], box[2], box[3], box[0]}
	}
	if dx, dy := box[1].X-box[0].X, box[1].Y-box[0].Y; dx < -1e-9 || dx <= 1e-9 && dy < 0 {
		box = [4]imaging.Point{box[2], box[3], box[0], box[1]}
	}
	return box
}

// meanInside is the mean level, 0..1, over a convex polygon.
func meanInside(level *imaging.Gray, hull []imaging.Point) float64 {
	sum, n := 0.0, 0
	top, bottom := math.Inf(1), math.Inf(-1)
	for _, p := range hull {
		top, bottom = min(top, p.Y), max(bottom, p.Y)
	}
	for y := int(top); y <= int(bottom); y++ {
		x0, x1 := math.Inf(1), math.Inf(-1)
		for i, p := range hull {
			q := hull[(i+1)%len(hull)]
			if (p.Y-float64(y))*(q.Y-float64(y)) > 0 {
				continue
			}
			for _, x := range crossings(p, q, float64(y)) {
				x0, x1 = min(x0, x), max(x1, x)
			}
		}
		for x := int(math.Ceil(x0)); x <= int(math.Floor(x1)); x++ {
			sum += float64(level.Pix[y*level.W+x]) / 255
			n++
		}
	}
	return sum / float64(max(n, 1))
}

// crossings is where the side p-q meets a pixel row: both ends when it lies in it.
func crossings(p, q imaging.Point, y float64) []float64 {
	if p.Y == q.Y {
		return []float64{p.X, q.X}
	}
	return []float64{p.X + (q.X-p.X)*(y-p.Y)/(q.Y-p.Y)}
}

// readingOrder sorts lines from top to bottom, those whose middles are less
// than half a height apart from left to right.
func readingOrder(boxes [][4]imaging.Point) {
	middle := func(b [4]imaging.Point) imaging.Point {
		return imaging.Point{X: (b[0].X + b[2].X) / 2, Y: (b[0].Y + b[2].Y) / 2}
	}
	slices.SortStableFunc(boxes, func(a, b [4]imaging.Point) int { return cmp.Compare(middle(a).Y, middle(b).Y) })
	for from := 0; from < len(boxes); {
		first, to := boxes[from], from+1
		for to < len(boxes) && middle(boxes[to]).Y-middle(first).Y < 0.5*length(first[1], first[2]) {
			to++
		}
		slices.SortStableFunc(boxes[from:to], func(a, b [4]imaging.Point) int { return cmp.Compare(middle(a).X, middle(b).X) })
		from = to
	}
}

func length(a, b imaging.Point) float64 { return math.Hypot(b.X-a.X, b.Y-a.Y) }
