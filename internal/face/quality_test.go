package face

import (
	"math"
	"slices"
	"testing"

	"anycheck/internal/imaging"
)

// head projects the model of poseOf, turned by yaw, then pitch, then roll.
func head(yaw, pitch, roll float64) (l Landmarks) {
	sin := func(d float64) (float64, float64) { return math.Sincos(d * math.Pi / 180) }
	sy, cy := sin(yaw)
	sp, cp := sin(pitch)
	sr, cr := sin(roll)
	for i, p := range [5][3]float64{{-0.5, 0, 0}, {0.5, 0, 0}, {0, 0.67, 0.5}, {-0.4, 1.15, 0.1}, {0.4, 1.15, 0.1}} {
		x, z := p[0]*cy+p[2]*sy, p[2]*cy-p[0]*sy
		y := p[1]*cp + z*sp
		l[i] = imaging.Point{X: 200 + 80*(x*cr-y*sr), Y: 300 + 80*(x*sr+y*cr)}
	}
	return l
}

func TestPose(t *testing.T) {
	for _, want := range []Pose{{}, {Yaw: 30}, {Yaw: -45}, {Pitch: 25}, {Pitch: -30}, {Roll: 20}, {Yaw: 25, Pitch: 15, Roll: -10}} {
		got := poseOf(head(want.Yaw, want.Pitch, want.Roll))
		if math.Abs(got.Yaw-want.Yaw) > 10 || math.Abs(got.Pitch-want.Pitch) > 10 || math.Abs(got.Roll-want.Roll) > 10 {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	if got := poseOf(Landmarks{}); got != (Pose{}) {
		t.Errorf("landmarks in one spot: %+v", got)
	}
}

func TestIssues(t *testing.T) {
	good := Quality{FaceWidth: 200, Sharpness: 300, Brightness: 130, Contrast: 50}
	for _, tt := range []struct {
		name  string
		spoil func(*Quality)
		want  []Issue
	}{
		{"good", func(q *Quality) {}, nil},
		{"turned aside", func(q *Quality) { q.Pose.Yaw = -65 }, []Issue{IssueTurned}},
		{"looking down", func(q *Quality) { q.Pose.Pitch = 60 }, []Issue{IssueTurned}},
		{"head on one side", func(q *Quality) { q.Pose.Roll = 50 }, nil}, // the alignment undoes it
		{"night", func(q *Quality) { q.Brightness = 20 }, []Issue{IssueDark}},
		{"flash", func(q *Quality) { q.Brightness = 240 }, []Issue{IssueBright}},
		{"fog", func(q *Quality) { q.Contrast = 4 }, []Issue{IssueFlat}},
		{"far and shaken", func(q *Quality) { q.FaceWidth, q.Sharpness = 60, 12 }, []Issue{IssueTooSmall, IssueBlurred}},
		{"covered", func(q *Quality) { q.EyeDetail, q.MouthDetail = 0, 0 }, nil}, // noted only
	} {
		q := good
		tt.spoil(&q)
		if got := DefaultPolicy.issues(q, 1, 100); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// One poor face only lowers the similarity, so a match stays one; several faces
// and two poor ones make it doubtful. Every issue makes a mismatch inconclusive.
func TestJudgeWithIssues(t *testing.T) {
	judge := func(similarity float64, card, selfie []Issue) Outcome {
		c := Comparison{Similarity: &similarity, Thresholds: Thresholds{Match: 0.4, Review: 0.3, Calibration: mobileFaceNet}}
		c.Card.Issues, c.Selfie.Issues = card, selfie
		c.judge()
		return c.Outcome
	}
	for _, issue := range []Issue{IssueSeveral, IssueTooSmall, IssueBlurred, IssueTurned, IssueDark, IssueBright, IssueFlat} {
		for similarity, want := range map[float64]Outcome{0.7: Match, 0.35: Review, 0.1: Inconclusive} {
			if want == Match && issue == IssueSeveral {
				want = Review
			}
			list := []Issue{issue}
			if a, b := judge(similarity, list, nil), judge(similarity, nil, list); a != want || b != want {
				t.Errorf("%s at %v: %s on the card and %s on the selfie, want %s", issue, similarity, a, b, want)
			}
		}
	}
	for _, other := range []Issue{IssueTooSmall, IssueBlurred} {
		if got := judge(0.7, []Issue{IssueTurned, IssueBlurred}, []Issue{other}); got != Review {
			t.Errorf("two poor faces: %s, want %s", got, Review)
		}
	}
	if got := judge(0.7, []Issue{IssueBlurred}, []Issue{IssueDark}); got != Match {
		t.Errorf("a blurred and a dark face: %s, want %s", got, Match)
	}
}

func TestOperatingPointsOfTheOperator(t *testing.T) {
	card := draw(1000, 640, drawnFace{x: 700, y: 200, w: 130, h: 160, who: 20, noise: 80})
	selfie := draw(900, 900, drawnFace{x: 300, y: 200, w: 300, h: 400, who: 119, noise: 80}) // similarity 0.34
	s := fakes()
	s["v2"] = fakeLiveness("v2", "minifasnet", 2.7, 0, 0, 0) // live 0.33
	for _, tt := range []struct {
		points Operating
		want   Outcome
		live   LivenessOutcome
	}{
		{Operating{}, Review, LivenessReject},
		{Operating{Match: 0.32}, Match, LivenessReject},
		{Operating{Review: 0.36, LivenessReview: 0.3}, NoMatch, LivenessReview},
		{Operating{LivenessPass: 0.32, LivenessReview: 0.3}, Review, LivenessPass},
	} {
		p := DefaultPolicy
		p.Operating = tt.points
		c, err := NewMatcher(s, fakeRoles, p).Compare(t.Context(), card, selfie)
		if err != nil {
			t.Fatal(err)
		}
		if c.Outcome != tt.want || c.Liveness.Outcome != tt.live {
			t.Errorf("%+v: %s and %s, want %s and %s", tt.points, c.Outcome, c.Liveness.Outcome, tt.want, tt.live)
		}
	}
}
