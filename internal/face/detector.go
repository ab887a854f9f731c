package face

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"anycheck/internal/imaging"
	"anycheck/internal/nn"
)

// Detector finds faces with a network of the YuNet family (Wu, Peng and Yu,
// "YuNet: A Tiny Millisecond-level Face Detector", 2023).
type Detector struct {
	model nn.Model
	in    nn.Input
	// minScore keeps a detection, primaryScore makes it a face to work with;
	// below orientation the picture may be lying on a side.
	minScore, primaryScore, nmsIoU, orientation float64
	// quick is the longest side of a first look, close that of a look at one
	// face, full that of a look for faces that were missed.
	quick, close, full int
}

// quickSide with a second look at the face, of twice its size at closeSide,
// tells people apart as well as one look at 640 (all pairs of the 57
// development pictures, mean over eight shifts of the square: d' 6.5 against 6.3
// for photos, 5.5 against 5.3 for card portraits) in less than half the time.
const (
	quickSide = 320
	closeSide = 224
)

// NewDetector takes a model whose Spec gives the input's size and the
// thresholds score, primary_score, nms_iou and orientation. Scores are cls*obj,
// not their root as in OpenCV. With Input.Multiple the size is the largest
// and smaller pictures are looked at in less time; else it is the only one.
func NewDetector(m nn.Model) (*Detector, error) {
	spec := m.Spec()
	d := &Detector{model: m, in: spec.Input}
	if spec.Decoding != nn.DecodeYuNet || d.in.Width < 32 || d.in.Height < 32 || d.in.Width%32 != 0 || d.in.Height%32 != 0 || d.in.Multiple%32 != 0 {
		return nil, fmt.Errorf("face: model %s is not a YuNet detector with sides that are multiples of 32", spec.Name)
	}
	d.full = max(d.in.Width, d.in.Height)
	d.quick, d.close = d.full, d.full
	if d.in.Multiple > 0 {
		d.quick, d.close = min(quickSide, d.full), min(closeSide, d.full)
	}
	return d, thresholds(spec, map[string]*float64{
		"score": &d.minScore, "primary_score": &d.primaryScore, "nms_iou": &d.nmsIoU, "orientation": &d.orientation,
	})
}

// thresholds copies named operating points, all of which must be there.
func thresholds(spec nn.Spec, want map[string]*float64) error {
	for name, to := range want {
		v, ok := spec.Thresholds[name]
		if !ok {
			return fmt.Errorf("face: model %s has no threshold %q", spec.Name, name)
		}
		*to = v
	}
	return nil
}

// detect makes one pass over the picture as it lies, its longest side scaled to
// side pixels at most, and returns its faces, best score first.
func (d *Detector) detect(ctx context.Context, p *imaging.Picture, side int) ([]Face, error) {
	if p.W == 0 || p.H == 0 {
		return nil, nil
	}
	in := d.in
	s := min(float64(min(side, in.Width))/float64(p.W), float64(min(side, in.Height))/float64(p.H))
	w := min(max(int(math.Round(s*float64(p.W))), 1), in.Width)
	h := min(max(int(math.Round(s*float64(p.H))), 1), in.Height)
	if m := in.Multiple; m > 0 { // no need to look at padding
		in.Width, in.Height = min((w+m-1)/m*m, in.Width), min((h+m-1)/m*m, in.Height)
	}
	out, err := infer(ctx, d.model, p.Resize(w, h), in, in.Width, in.Height)
	if err != nil {
		return nil, fmt.Errorf("detect faces: %w", err)
	}
	faces, err := d.decode(out, in.Width, in.Height)
	if err != nil {
		return nil, err
	}
	for i := range faces {
		faces[i] = faces[i].scaled(1 / s)
	}
	return faces, nil
}

// decode reads the grids of strides 8, 16 and 32. A cell's anchor is its top
// left corner; distances are in strides, sizes their logarithm.
func (d *Detector) decode(out map[string]nn.Tensor, width, height int) ([]Face, error) {
	var faces []Face
	for _, stride := range []int{8, 16, 32} {
		cols := width / stride
		n := cols * (height / stride)
		var part [4][]float32
		for i, name := range []string{"cls", "obj", "bbox", "kps"} {
			name = fmt.Sprintf("%s_%d", name, stride)
			part[i] = out[name].Data
			if want := n * []int{1, 1, 4, 10}[i]; len(part[i]) != want {
				return nil, fmt.Errorf("detect faces: output %s has %d values, not %d", name, len(part[i]), want)
			}
		}
		t := float64(stride)
		for i := range n {
			score := float64(part[0][i]) * float64(part[1][i])
			if !(score >= d.minScore) { // NaN is no face either
				continue
			}
			px, py := float64(i%cols)*t, float64(i/cols)*t
			b, k := part[2][4*i:][:4], part[3][10*i:][:10]
			w, h := math.Exp(float64(b[2]))*t, math.Exp(float64(b[3]))*t
			f := Face{Score: score, Box: Box{X: px + float64(b[0])*t - w/2, Y: py + float64(b[1])*t - h/2, W: w, H: h}}
			for j := range f.Landmarks {
				f.Landmarks[j] = imaging.Point{X: px + float64(k[2*j])*t, Y: py + float64(k[2*j+1])*t}
			}
			faces = append(faces, f)
		}
	}
	return suppress(faces, d.nmsIoU), nil
}

// suppress is greedy non-maximum suppression; best score first.
func suppress(faces []Face, maxIoU float64) []Face {
	slices.SortStableFunc(faces, func(a, b Face) int { return cmp.Compare(b.Score, a.Score) })
	var kept []Face
	for _, f := range faces {
		if !slices.ContainsFunc(kept, func(k Face) bool { return k.Box.iou(f.Box) > maxIoU }) {
			kept = append(kept, f)
		}
	}
	return kept
}

// Detection is what Find saw.
type Detection struct {
	// Turns is how many clockwise quarter turns make the faces upright.
	Turns int
	// Upright is the picture after Turns; Faces are in its pixels, best first,
	// each with at least the primary score.
	Upright *imaging.Picture
	Faces   []Face
}

// Find looks for faces however the picture lies. An upside-down face is found
// too, with a lower score and with landmarks as if it were upright, so a best
// score that stays weak in a closer look makes it look at the other three turns
// and keep the best. When nothing is found it looks at more pixels, then once
// more with a border, because a face that fills the frame can be missed.
func (d *Detector) Find(ctx context.Context, p *imaging.Picture) (Detection, error) {
	if p.W == 0 || p.H == 0 {
		return Detection{Upright: p}, nil
	}
	det, err := d.findTurned(ctx, p, d.quick)
	if err != nil || len(det.Faces) > 0 {
		return det, err
	}
	if d.full > d.quick {
		if det, err = d.findTurned(ctx, p, d.full); err != nil || len(det.Faces) > 0 {
			return det, err
		}
	}
	dx, dy := p.W/4, p.H/4
	det, err = d.findTurned(ctx, p.CropBorder(-dx, -dy, p.W+2*dx, p.H+2*dy, imaging.Replicate), d.full)
	if err != nil {
		return Detection{}, err
	}
	if det.Turns%2 == 1 {
		dx, dy = dy, dx
	}
	for i := range det.Faces {
		det.Faces[i] = det.Faces[i].mapped(func(q imaging.Point) imaging.Point {
			return imaging.Point{X: q.X - float64(dx), Y: q.Y - float64(dy)}
		})
	}
	det.Upright = p.Rotate90(det.Turns)
	return det, nil
}

// findTurned looks at up to four turns of the picture, shrunk first so that
// the full one is turned at most once.
func (d *Detector) findTurned(ctx context.Context, p *imaging.Picture, side int) (Detection, error) {
	small, scale := p.LimitSide(side)
	var best Detection
	var bestScore float64
	for turns := range 4 {
		faces, err := d.detect(ctx, small.Rotate90(turns), side)
		if err != nil {
			return Detection{}, err
		}
		if len(faces) > 0 && faces[0].Score > bestScore {
			best, bestScore = Detection{Turns: turns, Faces: faces}, faces[0].Score
		}
		if turns > 0 || len(faces) == 0 {
			continue
		}
		sure := bestScore >= d.orientation
		if !sure { // small faces, as on a whole card, score low too
			near, err := d.nearer(ctx, p, faces[0].scaled(1/scale))
			if err != nil {
				return Detection{}, err
			}
			sure = near.Score >= d.orientation
		}
		if sure {
			break
		}
	}
	best.Faces = slices.DeleteFunc(best.Faces, func(f Face) bool { return f.Score < d.primaryScore })
	if len(best.Faces) == 0 {
		return Detection{Upright: p}, nil
	}
	for i := range best.Faces {
		best.Faces[i] = best.Faces[i].scaled(1 / scale)
	}
	best.Upright = p.Rotate90(best.Turns)
	return best, nil
}

// Primary picks the face that the picture is about: large and near the centre.
// It is false without faces.
func (det Detection) Primary() (Face, bool) {
	if len(det.Faces) == 0 {
		return Face{}, false
	}
	w, h := float64(det.Upright.W), float64(det.Upright.H)
	weight := func(f Face) float64 {
		c := f.Box.centre()
		return f.Box.area() * (1 - math.Hypot(c.X-w/2, c.Y-h/2)/math.Hypot(w, h))
	}
	return slices.MaxFunc(det.Faces, func(a, b Face) int { return cmp.Compare(weight(a), weight(b)) }), true
}

// Several counts the faces whose area is at least a share of the primary's: a
// portrait on the wall or on the card in somebody's hand is not a second
// person.
func (det Detection) Several(share float64) int {
	primary, _ := det.Primary()
	n := 0
	for _, f := range det.Faces {
		if f.Box.area() >= share*primary.Box.area() {
			n++
		}
	}
	return n
}

// Refine looks again at the face alone and averages boxes and landmarks, see
// quickSide. The score stays.
func (d *Detector) Refine(ctx context.Context, p *imaging.Picture, f Face) (Face, error) {
	g, err := d.nearer(ctx, p, f)
	if err != nil || g.Score == 0 {
		return f, err
	}
	mean := func(a, b float64) float64 { return (a + b) / 2 }
	f.Box = Box{X: mean(f.Box.X, g.Box.X), Y: mean(f.Box.Y, g.Box.Y), W: mean(f.Box.W, g.Box.W), H: mean(f.Box.H, g.Box.H)}
	for i, q := range g.Landmarks {
		f.Landmarks[i] = imaging.Point{X: mean(f.Landmarks[i].X, q.X), Y: mean(f.Landmarks[i].Y, q.Y)}
	}
	return f, nil
}

// nearer looks at a square of twice the face's size, as far as it lies in the
// picture. Without the face there it answers one with the score 0.
func (d *Detector) nearer(ctx context.Context, p *imaging.Picture, f Face) (Face, error) {
	const minIoU = 0.3 // below, it saw something else
	c, side := f.Box.centre(), int(math.Round(2*max(f.Box.W, f.Box.H)))
	x, y := int(math.Round(c.X))-side/2, int(math.Round(c.Y))-side/2
	part := p.Crop(x, y, side, side)
	if part.W == 0 {
		return Face{}, nil
	}
	x, y = max(x, 0), max(y, 0)
	// The face is seen at one size, however much of the square is there.
	found, err := d.detect(ctx, part, max(d.close*max(part.W, part.H)/side, 1))
	if err != nil {
		return Face{}, err
	}
	for _, g := range found {
		g = g.mapped(func(q imaging.Point) imaging.Point { return imaging.Point{X: q.X + float64(x), Y: q.Y + float64(y)} })
		if g.Box.iou(f.Box) >= minIoU {
			return g, nil
		}
	}
	return Face{}, nil
}
