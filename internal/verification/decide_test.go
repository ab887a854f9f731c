package verification

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"anycheck/internal/face"
	"anycheck/internal/forensics"
	"anycheck/internal/ktp"
	"anycheck/internal/screening"
)

// goodEvidence is what a flawless KTP_SELFIE_PEP verification leaves.
func goodEvidence() (Configuration, Evidence) {
	values := map[ktp.Field]string{ktp.NIK: "3174080107870501", ktp.Name: "BUDI", ktp.BirthDate: "1987-07-01"}
	read := &Read{Reading: ktp.Reading{Found: true}}
	for _, f := range ktp.Fields {
		v := ktp.Value{Field: f}
		if text, ok := values[f]; ok {
			v.Value, v.Confidence = &text, 0.99
		}
		read.Values = append(read.Values, v)
	}
	score := 97.5
	return Configuration{Type: KTPSelfiePEP, FraudDetection: true}, Evidence{
		Read: read,
		Match: &Match{CardFound: true, Comparison: face.Comparison{Card: face.Side{Found: true}, Selfie: face.Side{Found: true},
			Score: &score, Level: face.High, Outcome: face.Match, Liveness: &face.Liveness{Outcome: face.LivenessPass}}},
		Screen:  &Screen{Asked: []string{"name"}, Screening: Screening{Lists: []screening.List{{Name: "un_sc", Version: "3"}}, At: time.Unix(0, 0)}},
		Inspect: &Inspect{Files: map[string]forensics.Report{"ktp_file": {}}},
	}
}

func TestDecide(t *testing.T) {
	nik := func(e *Evidence) *ktp.Value { return &e.Read.Values[0] }
	tests := []struct {
		name    string
		spoil   func(*Configuration, *Evidence)
		check   string
		outcome Outcome
		code    string
		status  OutputStatus
	}{
		{"all is well", func(*Configuration, *Evidence) {}, "card_found", Pass, "", Verified},
		{"no card", func(_ *Configuration, e *Evidence) { e.Read.Found = false; e.Match.CardFound = false }, "card_found", Inconclusive, "CARD_NOT_FOUND", PartiallyNotVerified},
		{"no card, so no portrait", func(_ *Configuration, e *Evidence) { e.Read.Found = false; e.Match.CardFound = false }, "face_match", Inconclusive, "CARD_NOT_FOUND", PartiallyNotVerified},
		{"glare", func(_ *Configuration, e *Evidence) { e.Read.Codes = []ktp.Code{ktp.CardGlare} }, "card_quality", Inconclusive, "CARD_GLARE", PartiallyNotVerified},
		{"an unsure name", func(_ *Configuration, e *Evidence) { e.Read.Values[1].Confidence = 0.5 }, "card_readable", Inconclusive, "CARD_UNREADABLE", PartiallyNotVerified},
		{"no NIK", func(_ *Configuration, e *Evidence) { nik(e).Value = nil }, "nik", Inconclusive, "NIK_UNREADABLE", PartiallyNotVerified},
		{"an impossible NIK", func(_ *Configuration, e *Evidence) {
			e.Read.Findings = []ktp.Finding{{Code: ktp.NIKMonthInvalid, Severity: ktp.Fail}}
		}, "nik", FailOutcome, "NIK_MONTH_INVALID", NotVerified},
		{"an impossible NIK, poorly read", func(_ *Configuration, e *Evidence) {
			nik(e).Confidence = 0.6
			e.Read.Findings = []ktp.Finding{{Code: ktp.NIKMonthInvalid, Severity: ktp.Fail}}
		}, "nik", Inconclusive, "NIK_MONTH_INVALID", PartiallyNotVerified},
		{"birth dates that disagree", func(_ *Configuration, e *Evidence) {
			e.Read.Findings = []ktp.Finding{{Code: ktp.NIKRegionDiffers, Severity: ktp.Info}, {Code: ktp.NIKBirthDiffers, Severity: ktp.Review}}
		}, "card_consistency", Inconclusive, "NIK_BIRTH_DATE_DIFFERS", PartiallyNotVerified},
		{"for information only", func(_ *Configuration, e *Evidence) {
			e.Read.Findings = []ktp.Finding{{Code: ktp.NIKRegionDiffers, Severity: ktp.Info}}
		}, "card_consistency", Pass, "", Verified},
		{"another person", func(_ *Configuration, e *Evidence) { e.Match.Outcome = face.NoMatch }, "face_match", FailOutcome, "FACES_DIFFER", NotVerified},
		{"alike", func(_ *Configuration, e *Evidence) { e.Match.Outcome = face.Review }, "face_match", Inconclusive, "FACE_MATCH_UNSURE", PartiallyNotVerified},
		{"two people", func(_ *Configuration, e *Evidence) {
			e.Match.Outcome, e.Match.Selfie.Issues = face.Inconclusive, []face.Issue{face.IssueSeveral}
		}, "face_match", Inconclusive, "SEVERAL_FACES", PartiallyNotVerified},
		{"nobody", func(_ *Configuration, e *Evidence) {
			e.Match.Outcome, e.Match.Score, e.Match.Level = face.Inconclusive, nil, ""
			e.Match.Selfie = face.Side{Issues: []face.Issue{face.IssueNotFound}}
		}, "face_match", Inconclusive, "FACE_NOT_FOUND", PartiallyNotVerified},
		{"perhaps a screen", func(_ *Configuration, e *Evidence) { e.Match.Liveness.Outcome = face.LivenessReject }, "liveness", Inconclusive, "LIVENESS_UNSURE", PartiallyNotVerified},
		{"no liveness model", func(_ *Configuration, e *Evidence) { e.Match.Liveness = nil }, "liveness", Skipped, "MODEL_MISSING", Verified},
		{"on a list", func(_ *Configuration, e *Evidence) {
			e.Screen.Hits = []screening.Hit{{EntityID: "Q1", Alert: true, Topics: []string{"role.pep"}}, {EntityID: "Q2"}}
		}, "watch_list", Inconclusive, "WATCH_LIST_MATCH", PartiallyNotVerified},
		{"no list", func(_ *Configuration, e *Evidence) { e.Screen.Lists = nil }, "watch_list", Inconclusive, "NO_WATCH_LISTS", PartiallyNotVerified},
		{"no name to ask for", func(_ *Configuration, e *Evidence) { e.Screen.Asked = nil }, "watch_list", Inconclusive, "NAME_UNREADABLE", PartiallyNotVerified},
		{"a name that cannot be searched", func(_ *Configuration, e *Evidence) { e.Screen.Unsearched = true }, "watch_list", Inconclusive, "NAME_NOT_SEARCHABLE", PartiallyNotVerified},
		{"such a name on a list", func(_ *Configuration, e *Evidence) {
			e.Screen.Unsearched, e.Screen.Hits = true, []screening.Hit{{EntityID: "Q1", Alert: true}}
		}, "watch_list", Inconclusive, "WATCH_LIST_MATCH", PartiallyNotVerified},
		{"edited", func(_ *Configuration, e *Evidence) {
			e.Inspect.Files["ktp_file"] = forensics.Report{Findings: []forensics.Finding{{Code: "METADATA_STRIPPED"}, {Code: "EDITING_SOFTWARE", Suspicious: true}}}
		}, "tampering", Inconclusive, "EDITING_SOFTWARE", PartiallyNotVerified},
		{"a card alone", func(c *Configuration, e *Evidence) {
			c.Type, c.FraudDetection, e.Match, e.Screen, e.Inspect = KTP, false, nil, nil, nil
		}, "face_match", Skipped, "NOT_REQUESTED", Verified},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg, e := goodEvidence()
			tt.spoil(&cfg, &e)
			d, err := Decide(cfg, e)
			if err != nil {
				t.Fatal(err)
			}
			if d.Status != tt.status {
				t.Errorf("verdict %s, want %s", d.Status, tt.status)
			}
			for _, c := range d.Checks {
				if c.Message == "" || strings.Contains(c.Message, "%!") || (c.Outcome == Pass) != (c.Code == "") {
					t.Errorf("check %+v", c)
				}
				if c.Name == tt.check && (c.Outcome != tt.outcome || c.Code != tt.code) {
					t.Errorf("%s is %s %q, want %s %q", c.Name, c.Outcome, c.Code, tt.outcome, tt.code)
				}
			}
			// A verdict can be replayed from the evidence as it is stored.
			var stored Evidence
			for _, step := range []StepName{StepRead, StepMatch, StepScreen, StepInspect} {
				data, err := e.dump(step)
				if err == nil {
					err = stored.load(step, data)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			again, err := Decide(cfg, stored)
			if err != nil || string(again.Output) != string(d.Output) || again.Status != d.Status {
				t.Errorf("replayed: %s, %v\n%s\n%s", again.Status, err, again.Output, d.Output)
			}
		})
	}
}

func TestDecideOutput(t *testing.T) {
	cfg, e := goodEvidence()
	e.Screen.Hits = []screening.Hit{{EntityID: "Q1", Name: "B", Score: 0.9, Alert: true, Topics: []string{"sanction"}}, {EntityID: "Q2", Alert: false}}
	d, err := Decide(cfg, e)
	if err != nil {
		t.Fatal(err)
	}
	out := string(d.Output)
	// The contract's keys, in its order.
	at := -1
	for _, key := range []string{"face_match_confidence_level", "face_match_confidence_score", "is_match_face", "ktp", "nik", "name", "birth_place", "birth_date",
		"gender", "blood_type", "address", "rt_rw", "village", "district", "religion", "marital_status", "occupation", "nationality", "valid_until", "province",
		"regency", "issue_place", "issue_date", "ktp_confidence", "pep", "is_pep", "matches", "entity_id", "name", "score", "topics", "datasets", "matched_on", "url", "dismissed", "screened_at", "lists"} {
		i := strings.Index(out[at+1:], `"`+key+`":`)
		if i < 0 {
			t.Fatalf("%s is missing or out of order in %s", key, out)
		}
		at += 1 + i
	}
	var parsed struct {
		KTP map[string]*string `json:"ktp"`
		PEP struct {
			IsPEP   bool `json:"is_pep"`
			Matches []struct {
				EntityID string `json:"entity_id"`
			}
		} `json:"pep"`
	}
	if err := json.Unmarshal(d.Output, &parsed); err != nil {
		t.Fatal(err)
	}
	if parsed.KTP["village"] != nil || *parsed.KTP["name"] != "BUDI" {
		t.Errorf("ktp %v", parsed.KTP)
	}
	if parsed.PEP.IsPEP || len(parsed.PEP.Matches) != 1 {
		t.Errorf("pep %+v: a sanction is no office, and a hit that does not alert is no match", parsed.PEP)
	}

	// Where nothing was searched, nothing is claimed.
	e.Screen.Lists, e.Screen.Hits = nil, nil
	if d, err = Decide(cfg, e); err != nil || !strings.Contains(string(d.Output), `"pep":{"is_pep":null,"matches":[],"dismissed":[],"screened_at":null,"lists":[]}`) {
		t.Errorf("without a list: %s, %v", d.Output, err)
	}

	cfg.Type, e.Match, e.Screen = KTP, nil, nil
	if d, err = Decide(cfg, e); err != nil || strings.Contains(string(d.Output), "face_match") || strings.Contains(string(d.Output), "pep") {
		t.Errorf("a card alone: %s, %v", d.Output, err)
	}
}

// Every code that a photo may get comes with advice in both languages.
func TestPhotoAdvice(t *testing.T) {
	for _, code := range []ktp.Code{ktp.CardBlurred, ktp.CardGlare, ktp.CardCropped, ktp.CardTooSmall, ktp.CardDark, ktp.CardOverexposed,
		ktp.CardPhotocopy, ktp.CardOnScreen, ktp.SeveralCards} {
		c := cardQualityCheck(&Read{Reading: ktp.Reading{Found: true, Codes: []ktp.Code{code}}})
		if c.Outcome != Inconclusive || c.Code != string(code) || !strings.Contains(c.Message, " Please ") || !strings.Contains(c.Message, " Mohon ") {
			t.Errorf("%s: %+v", code, c)
		}
	}
	c := cardFoundCheck(&Read{Reading: ktp.Reading{Codes: []ktp.Code{ktp.CardNotFound}}})
	if c.Code != string(ktp.CardNotFound) || !strings.Contains(c.Message, " Please ") || !strings.Contains(c.Message, " Mohon ") {
		t.Errorf("no card: %+v", c)
	}
}

func TestDecideRefusesIncompleteEvidence(t *testing.T) {
	cfg, e := goodEvidence()
	e.Match = nil
	if _, err := Decide(cfg, e); err == nil {
		t.Error("decided without the comparison that was asked for")
	}
}
