package face

import (
	"cmp"
	"context"
	"fmt"

	"anycheck/internal/fault"
	"anycheck/internal/imaging"
	"anycheck/internal/nn"
)

// Roles names the models that the matcher takes from its source.
type Roles struct {
	Detector string
	Embedder string
	// Liveness may be empty; the models that the source has are used.
	Liveness []string
}

// Policy holds the limits that belong to no model.
type Policy struct {
	// SeveralShare is the area, as a share of the primary face's, from which
	// another face counts as another person.
	SeveralShare float64 `json:"several_share"`
	// CardFaceWidth and SelfieFaceWidth are the smallest usable widths of a
	// face's box, in pixels of the given picture.
	CardFaceWidth   float64 `json:"card_face_width"`
	SelfieFaceWidth float64 `json:"selfie_face_width"`
	// Sharpness is the smallest usable Quality.Sharpness.
	Sharpness float64 `json:"sharpness"`
	// MaxTurn is the largest yaw or pitch, in degrees.
	MaxTurn float64 `json:"max_turn"`
	// The usable range of Quality.Brightness, and of Quality.Contrast.
	MinBrightness float64 `json:"min_brightness"`
	MaxBrightness float64 `json:"max_brightness"`
	MinContrast   float64 `json:"min_contrast"`
	// Quality.EyeDetail and Quality.MouthDetail under which a Note is made.
	EyeDetail   float64 `json:"eye_detail"`
	MouthDetail float64 `json:"mouth_detail"`
	// Operating holds the operator's own operating points; 0 takes the model's.
	Operating Operating `json:"operating"`
}

// Operating are operating points that stand in for a model's own; 0 does not.
type Operating struct {
	Match          float64 `json:"match"`
	Review         float64 `json:"review"`
	LivenessPass   float64 `json:"liveness_pass"`
	LivenessReview float64 `json:"liveness_review"`
}

// DefaultPolicy asks for a new photo where the measured error rates of cards
// double: faces under 100 pixels or a sharpness under 40 take TAR at FAR 1 %
// from 0.91 to 0.64. Selfies lack the card's print grain and may be a bit
// smaller. Pose and exposure are judged only where little is left to see: the
// development photos are turned by up to 50 degrees and still match.
var DefaultPolicy = Policy{
	SeveralShare: 0.3, CardFaceWidth: 100, SelfieFaceWidth: 80, Sharpness: 40,
	MaxTurn: 55, MinBrightness: 40, MaxBrightness: 225, MinContrast: 10,
	EyeDetail: 0.45, MouthDetail: 0.28, // under every uncovered face of the 57 development pictures: 0.50 and 0.34
}

// maxSide is what longer sides are shrunk to: more pixels cost time and do not
// change the embedding.
const maxSide = 1600

// Matcher compares the portrait on a card with a selfie. It is safe for
// concurrent use.
type Matcher struct {
	source nn.Source
	roles  Roles
	policy Policy
}

// NewMatcher makes a matcher. Models are asked for at each comparison, so one
// that arrives later is used then.
func NewMatcher(source nn.Source, roles Roles, policy Policy) *Matcher {
	return &Matcher{source: source, roles: roles, policy: policy}
}

// side is one picture on its way to an embedding.
type side struct {
	report  Side
	upright *imaging.Picture
	face    Face // in pixels of upright
	aligned *imaging.Picture
}

// Compare compares the primary faces of an upright card and of a selfie. The
// card should be rectified but not enlarged beyond the pixels of its photo:
// the width of the face is judged. A face that is not found or not usable is a
// Comparison, not an error; an absent detector or embedder is an Unavailable
// fault.
func (m *Matcher) Compare(ctx context.Context, card, selfie *imaging.Picture) (Comparison, error) {
	detector, embedder, err := m.networks()
	if err != nil {
		return Comparison{}, err
	}
	c := Comparison{
		Models:     []ModelRef{refOf(detector.model), refOf(embedder.model)},
		Policy:     m.policy,
		Thresholds: Thresholds{Calibration: calibrationOf(embedder.spec)},
	}
	if err := thresholds(embedder.spec, map[string]*float64{"match": &c.Thresholds.Match, "review": &c.Thresholds.Review}); err != nil {
		return Comparison{}, err
	}
	c.Thresholds.Match = cmp.Or(m.policy.Operating.Match, c.Thresholds.Match)
	c.Thresholds.Review = cmp.Or(m.policy.Operating.Review, c.Thresholds.Review)
	a, err := m.look(ctx, detector, embedder, card, m.policy.CardFaceWidth)
	if err != nil {
		return Comparison{}, err
	}
	b, err := m.look(ctx, detector, embedder, selfie, m.policy.SelfieFaceWidth)
	if err != nil {
		return Comparison{}, err
	}
	c.Card, c.Selfie = a.report, b.report
	if b.report.Found {
		if c.Liveness, err = m.liveness(ctx, b); err != nil {
			return Comparison{}, err
		}
	}
	if a.aligned != nil && b.aligned != nil {
		ea, err := embedder.Embed(ctx, a.aligned)
		if err != nil {
			return Comparison{}, err
		}
		eb, err := embedder.Embed(ctx, b.aligned)
		if err != nil {
			return Comparison{}, err
		}
		if len(ea) != len(eb) {
			return Comparison{}, fmt.Errorf("compare faces: embeddings of %d and %d values", len(ea), len(eb))
		}
		similarity := ea.Similarity(eb)
		c.Similarity = &similarity
		c.SelfieFace = templateOf(refOf(embedder.model), eb)
	}
	c.judge()
	return c, nil
}

func (m *Matcher) networks() (*Detector, *Embedder, error) {
	dm, err := m.source.Model(m.roles.Detector)
	if err != nil {
		return nil, nil, err
	}
	em, err := m.source.Model(m.roles.Embedder)
	if err != nil {
		return nil, nil, err
	}
	detector, err := NewDetector(dm)
	if err != nil {
		return nil, nil, err
	}
	embedder, err := NewEmbedder(em)
	if err != nil {
		return nil, nil, err
	}
	return detector, embedder, nil
}

// look finds and aligns the primary face of a picture.
func (m *Matcher) look(ctx context.Context, d *Detector, e *Embedder, p *imaging.Picture, minWidth float64) (side, error) {
	small, scale := p.LimitSide(maxSide)
	det, err := d.Find(ctx, small)
	if err != nil {
		return side{}, err
	}
	primary, found := det.Primary()
	if !found {
		return side{report: Side{Issues: []Issue{IssueNotFound}}}, nil
	}
	if primary, err = d.Refine(ctx, det.Upright, primary); err != nil {
		return side{}, err
	}
	aligned, ok := e.Align(det.Upright, primary.Landmarks)
	if !ok { // landmarks in one spot are no face
		return side{report: Side{Issues: []Issue{IssueNotFound}}}, nil
	}
	q := quality(aligned, e.template, primary, primary.Box.W/scale)
	given := primary.mapped(func(at imaging.Point) imaging.Point { return turnBack(at, det.Turns, small.W, small.H, scale) })
	s := Side{
		Found: true, Faces: det.Several(m.policy.SeveralShare), Box: &given.Box, Landmarks: given.Landmarks[:],
		Score: primary.Score, Rotation: 90 * det.Turns, Quality: &q,
	}
	s.Issues, s.Notes = m.policy.issues(q, s.Faces, minWidth), m.policy.notes(q)
	return side{report: s, upright: det.Upright, face: primary, aligned: aligned}, nil
}

// turnBack takes a point of the upright picture to the given one, of which
// w x h is a copy shrunk by scale.
func turnBack(p imaging.Point, turns, w, h int, scale float64) imaging.Point {
	switch turns & 3 {
	case 1:
		p = imaging.Point{X: p.Y, Y: float64(h) - p.X}
	case 2:
		p = imaging.Point{X: float64(w) - p.X, Y: float64(h) - p.Y}
	case 3:
		p = imaging.Point{X: float64(w) - p.Y, Y: p.X}
	}
	return imaging.Point{X: p.X / scale, Y: p.Y / scale}
}

// liveness runs the passive check with the models that are there; nil when
// there are none.
func (m *Matcher) liveness(ctx context.Context, s side) (*Liveness, error) {
	var models []nn.Model
	for _, name := range m.roles.Liveness {
		model, err := m.source.Model(name)
		if fault.Is(err, fault.Unavailable) {
			continue
		}
		if err != nil {
			return nil, err
		}
		models = append(models, model)
	}
	if len(models) == 0 {
		return nil, nil
	}
	checker, err := NewLivenessChecker(models...)
	if err != nil {
		return nil, err
	}
	checker.pass = cmp.Or(m.policy.Operating.LivenessPass, checker.pass)
	checker.review = cmp.Or(m.policy.Operating.LivenessReview, checker.review)
	l, err := checker.Check(ctx, s.upright, s.face)
	if err != nil {
		return nil, err
	}
	return &l, nil
}
