package verification

import (
	"strings"
	"testing"
	"time"

	"anycheck/internal/face"
	"anycheck/internal/ktp"
)

// Every issue of a side comes with its code and advice in both languages.
func TestFaceAdvice(t *testing.T) {
	for _, issue := range []face.Issue{face.IssueNotFound, face.IssueSeveral, face.IssueTooSmall, face.IssueBlurred,
		face.IssueTurned, face.IssueDark, face.IssueBright, face.IssueFlat} {
		for _, where := range []string{"selfie", "card"} {
			cfg, e := goodEvidence()
			e.Match.Outcome = face.Inconclusive
			if where == "card" {
				e.Match.Card.Issues = []face.Issue{issue}
			} else {
				e.Match.Selfie.Issues = []face.Issue{issue}
			}
			c := faceCheck(cfg, e.Match)
			if c.Outcome != Inconclusive || c.Code != string(issue) || !strings.Contains(c.Message, where) ||
				!strings.Contains(c.Message, " Please ") || !strings.Contains(c.Message, " Mohon ") {
				t.Errorf("%s on the %s: %+v", issue, where, c)
			}
			e.Match.Outcome = face.Match
			if c := faceCheck(cfg, e.Match); c.Outcome != Pass {
				t.Errorf("%s on a match: %+v", issue, c)
			}
		}
	}
}

func TestCoveredFacesAreMentioned(t *testing.T) {
	cfg, e := goodEvidence()
	before, err := Decide(cfg, e)
	if err != nil {
		t.Fatal(err)
	}
	e.Match.Selfie.Notes, e.Match.Card.Notes = []face.Note{face.NoteEyes, face.NoteMouth}, []face.Note{face.NoteEyes}
	after, err := Decide(cfg, e)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range after.Checks {
		old := before.Checks[i]
		if c.Name == "face_match" {
			old.Message += " The eyes on the selfie may be covered, as by dark glasses. The mouth on the selfie may be covered, as by a mask." +
				" The eyes on the card's portrait may be covered, as by dark glasses."
		}
		if c != old {
			t.Errorf("%+v, want %+v", c, old)
		}
	}
}

func TestPortraitAge(t *testing.T) {
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		issued, born string
		at           time.Time
		want         string
	}{
		{"2012-11-23", "1987-07-01", now, " The portrait is at least 14 years old, taken at the age of 25 or younger."},
		{"2012-11-24", "", now, " The portrait is at least 13 years old."},
		{"2017-01-01", "1987-07-01", now, ""},
		{"", "1987-07-01", now, ""},
		{"2012-11-23", "1987-07-01", time.Time{}, ""},
	} {
		cfg, e := goodEvidence()
		for f, text := range map[ktp.Field]string{ktp.IssueDate: tt.issued, ktp.BirthDate: tt.born} {
			for i := range e.Read.Values {
				if e.Read.Values[i].Field == f {
					e.Read.Values[i] = ktp.Value{Field: f}
					if text != "" {
						e.Read.Values[i].Value, e.Read.Values[i].Confidence = &text, 0.99
					}
				}
			}
		}
		e.Match.At = tt.at
		if got := portraitAge(e); got != tt.want {
			t.Errorf("%+v: %q", tt, got)
		}
		d, err := Decide(cfg, e)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range d.Checks {
			if c.Name == "face_match" && (c.Outcome != Pass || !strings.HasSuffix(c.Message, tt.want)) {
				t.Errorf("%+v: %+v", tt, c)
			}
		}
	}
}

// The passive check alone never makes a verification fail, and says nothing
// without a selfie.
func TestLivenessNeverFails(t *testing.T) {
	for outcome, want := range map[face.LivenessOutcome]OutputStatus{
		face.LivenessPass: Verified, face.LivenessReview: PartiallyNotVerified, face.LivenessReject: PartiallyNotVerified,
	} {
		cfg, e := goodEvidence()
		e.Match.Liveness.Outcome = outcome
		d, err := Decide(cfg, e)
		if err != nil || d.Status != want {
			t.Errorf("%s: %s, %v; want %s", outcome, d.Status, err, want)
		}
		if c := faceCheck(cfg, e.Match); c.Outcome != Pass {
			t.Errorf("%s changed the comparison to %s", outcome, c.Outcome)
		}
	}
	cfg, _ := goodEvidence()
	cfg.Type = KTP
	if c := livenessCheck(cfg, nil); c.Outcome != Skipped {
		t.Errorf("without a selfie: %+v", c)
	}
}
