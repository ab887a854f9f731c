package face

import (
	"slices"

	"anycheck/internal/imaging"
	"anycheck/internal/nn"
)

// Outcome is the answer of a comparison.
type Outcome string

// The outcomes. Inconclusive means that the pictures do not allow an answer
// and better ones should be asked for.
const (
	Match        Outcome = "MATCH"
	Review       Outcome = "REVIEW"
	NoMatch      Outcome = "NO_MATCH"
	Inconclusive Outcome = "INCONCLUSIVE"
)

// Level says in which band the similarity lies.
type Level string

// The levels: from the match threshold, from the review threshold, below both.
const (
	High   Level = "HIGH"
	Medium Level = "MEDIUM"
	Low    Level = "LOW"
)

// Issue is what is wrong with a side.
type Issue string

// The issues.
const (
	IssueNotFound Issue = "FACE_NOT_FOUND"
	IssueSeveral  Issue = "SEVERAL_FACES"
	IssueTooSmall Issue = "FACE_TOO_SMALL"
	IssueBlurred  Issue = "FACE_BLURRED"
	IssueTurned   Issue = "FACE_TURNED"
	IssueDark     Issue = "FACE_DARK"
	IssueBright   Issue = "FACE_OVEREXPOSED"
	IssueFlat     Issue = "FACE_LOW_CONTRAST"
)

// Note is what a person who compares the faces should know; it decides nothing.
type Note string

// The notes.
const (
	NoteEyes  Note = "EYES_PERHAPS_COVERED"
	NoteMouth Note = "MOUTH_PERHAPS_COVERED"
)

// doubtful says whether the issues make a high similarity doubtful too: of
// several faces the wrong one may have been taken, and two faces that are both
// small or blurred are alike in what they lack. One poor face only lowers the
// similarity: among 34 development photos made 60, 45, 30 and 20 pixels wide or
// blurred as much, those of other persons stayed as unlike the originals as
// before, and became more alike among themselves below 45 pixels.
func doubtful(card, selfie []Issue) bool {
	has := func(list []Issue, wanted ...Issue) bool {
		return slices.ContainsFunc(list, func(i Issue) bool { return slices.Contains(wanted, i) })
	}
	return has(card, IssueSeveral) || has(selfie, IssueSeveral) ||
		has(card, IssueTooSmall, IssueBlurred) && has(selfie, IssueTooSmall, IssueBlurred)
}

// Side is what was seen in one of the pictures.
type Side struct {
	Found bool `json:"found"`
	// Faces is how many persons there are, see Policy.SeveralShare.
	Faces int `json:"faces"`
	// Box and Landmarks of the primary face, in pixels of the given picture.
	// The landmarks keep their order in the upright face: image-left eye,
	// image-right eye, nose, left and right mouth corner.
	Box       *Box            `json:"box,omitempty"`
	Landmarks []imaging.Point `json:"landmarks,omitempty"`
	// Score is the detector's confidence, 0..1.
	Score float64 `json:"score"`
	// Rotation is by how many degrees the given picture must be turned
	// clockwise for the face to be upright: 0, 90, 180 or 270.
	Rotation int      `json:"rotation"`
	Quality  *Quality `json:"quality,omitempty"`
	Issues   []Issue  `json:"issues,omitempty"`
	Notes    []Note   `json:"notes,omitempty"`
}

// ModelRef is which model was used.
type ModelRef struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

func refOf(m nn.Model) ModelRef {
	spec := m.Spec()
	return ModelRef{Name: spec.Name, Version: spec.Version}
}

// Thresholds are the operating points on the similarity and its calibration,
// from the embedder's Spec.
type Thresholds struct {
	Match       float64     `json:"match"`
	Review      float64     `json:"review"`
	Calibration Calibration `json:"calibration"`
}

// Comparison is the evidence of one comparison, with all that is needed to
// judge it again.
type Comparison struct {
	Card   Side `json:"card"`
	Selfie Side `json:"selfie"`
	// Similarity is the cosine of the embeddings, -1..1, and Score its
	// calibrated form, 0..100. Both are nil, and Level is empty, when a face was
	// not found: nothing is invented.
	Similarity *float64 `json:"similarity"`
	Score      *float64 `json:"score"`
	Level      Level    `json:"level,omitempty"`
	Outcome    Outcome  `json:"outcome"`
	// Liveness of the selfie; nil without its models. It does not change Outcome.
	Liveness   *Liveness  `json:"liveness,omitempty"`
	Models     []ModelRef `json:"models"`
	Thresholds Thresholds `json:"thresholds"`
	Policy     Policy     `json:"policy"`
	// SelfieFace is the face to be found again; nil when there is no similarity.
	// It tells who somebody is and is no part of the evidence: it is kept apart.
	SelfieFace *Template `json:"-"`
}

// judge sets Score, Level and Outcome from Similarity, Thresholds and the
// sides' issues. With an issue on either side a low similarity is inconclusive,
// because a bad picture explains it as well as another person does; a match
// that is doubtful goes to review.
func (c *Comparison) judge() {
	if c.Similarity == nil {
		c.Outcome = Inconclusive
		return
	}
	score := c.Thresholds.Calibration.Score(*c.Similarity)
	c.Score = &score
	switch {
	case *c.Similarity >= c.Thresholds.Match:
		c.Level, c.Outcome = High, Match
	case *c.Similarity >= c.Thresholds.Review:
		c.Level, c.Outcome = Medium, Review
	default:
		c.Level, c.Outcome = Low, NoMatch
	}
	switch {
	case c.Outcome == NoMatch && len(c.Card.Issues)+len(c.Selfie.Issues) > 0:
		c.Outcome = Inconclusive
	case c.Outcome == Match && doubtful(c.Card.Issues, c.Selfie.Issues):
		c.Outcome = Review
	}
}
