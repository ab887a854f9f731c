package verification

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/fault"
	"anycheck/internal/screening"
	"anycheck/internal/tenant"
)

// A drawn person: no value of it may be left in what a masked caller sees.
var drawn = []string{"3174084107870501", "RATNA", "KERTANEGARA", "JAKARTA SELATAN LAHIR", "1987-07-01", "JL MELATI", "003/004", "KEMUNING", "ISLAM", "GURU", "2031-07-01", "SLEMAN", "2012-05-17"}

const drawnOutput = `{"face_match_confidence_level":"HIGH","face_match_confidence_score":98.5,"is_match_face":true,
	"ktp":{"nik":"3174084107870501","name":"RATNA KERTANEGARA","birth_place":"JAKARTA SELATAN LAHIR","birth_date":"1987-07-01","gender":"PEREMPUAN","blood_type":null,
	"address":"JL MELATI 3","rt_rw":"003/004","village":"KEMUNING","religion":"ISLAM","occupation":"GURU","nationality":"WNI","valid_until":"2031-07-01","province":"DKI JAKARTA","regency":"KOTA JAKARTA","issue_place":"SLEMAN","issue_date":"2012-05-17"},
	"ktp_confidence":{"nik":0.99},"pep":{"is_pep":true,"matches":[{"entity_id":"E-1","name":"Ratna KERTANEGARA","score":0.9,"topics":["role.pep"],"url":"https://lists.example/RATNA"}],
	"dismissed":[{"entity_id":"E-2","name":"RATNA","reason":"lives in KEMUNING","by":"a@example.com"}],"lists":[{"name":"un_sc","version":"3"}]}}`

func TestMasking(t *testing.T) {
	file := "files/o/g/uploads/" + uuid.NewString() + "_RATNA.jpg"
	v := Verification{Output: json.RawMessage(drawnOutput), InputConfig: json.RawMessage(`{"verification_type":"KTP","files":{"ktp_file":["` + file + `","files/RATNA.jpg"]},"fraud_detection":true}`),
		Config: Configuration{Files: map[string][]string{"ktp_file": {file}}}, OutputPath: "files/output.json", ExportPath: "files/report.xlsx",
		WebhookMetadata: json.RawMessage(`{"customer":"RATNA"}`)}
	auditor := tenant.Actor{User: tenant.User{Role: tenant.Auditor}}
	seen := v.For(auditor)
	shown := string(seen.Output) + string(seen.InputConfig) + string(seen.Metadata())
	for _, secret := range drawn {
		if strings.Contains(strings.ToUpper(shown), secret) {
			t.Errorf("%q is shown: %s", secret, shown)
		}
	}
	var want struct {
		Level string  `json:"face_match_confidence_level"`
		Score float64 `json:"face_match_confidence_score"`
		KTP   map[string]*string
		PEP   struct {
			Matches []map[string]any
			Lists   []map[string]string
		}
	}
	if err := json.Unmarshal(seen.Output, &want); err != nil {
		t.Fatal(err)
	}
	if want.Level != "HIGH" || want.Score != 98.5 || *want.KTP["nik"] != "3174************" || *want.KTP["name"] != "R*** K***" || *want.KTP["birth_date"] != "1987-**-**" ||
		*want.KTP["gender"] != "PEREMPUAN" || want.KTP["blood_type"] != nil || *want.KTP["address"] != "***" || *want.KTP["province"] != "DKI JAKARTA" {
		t.Errorf("masked output %s", seen.Output)
	}
	if m := want.PEP.Matches[0]; m["entity_id"] != "E-1" || m["name"] != "R*** K***" || want.PEP.Lists[0]["name"] != "un_sc" {
		t.Errorf("masked matches %s", seen.Output)
	}
	if !strings.HasPrefix(string(seen.Output), `{"face_match_confidence_level"`) {
		t.Error("the keys changed their order")
	}
	if seen.OutputPath != "" || seen.ExportPath != "" || seen.Config.Files["ktp_file"] != nil || string(seen.Metadata()) != "{}" {
		t.Errorf("files %+v, metadata %s", seen.Config.Files, seen.Metadata())
	}
	if v.Config.Files["ktp_file"] == nil || string(v.Output) != drawnOutput {
		t.Error("the verification itself was changed")
	}

	whole := v.For(tenant.Actor{User: tenant.User{Role: tenant.GroupUser}})
	if string(whole.Output) != drawnOutput || whole.OutputPath == "" || whole.Config.Files["ktp_file"] == nil {
		t.Errorf("a group user sees %+v", whole)
	}
	if m := v.For(tenant.Actor{User: tenant.User{Role: tenant.GroupUser, Masked: true}}); string(m.Output) != string(seen.Output) || m.ExportPath != "" {
		t.Errorf("a user of a group that masks sees %s", m.Output)
	}
	key := tenant.Actor{Key: &tenant.APIKey{Scopes: []tenant.KeyScope{tenant.ReadVerifications, tenant.SeePersonalData}}}
	if k := v.For(key); string(k.Output) != drawnOutput || k.OutputPath != "" || k.ExportPath != "" || k.Config.Files["ktp_file"] != nil {
		t.Errorf("a key without files:read sees %+v", k)
	}
}

func TestMaskingOfPersons(t *testing.T) {
	v := Verification{InputConfig: json.RawMessage(`{"name":"Ratna  Kertanegara","birth_date":"1987-07","birth_place":"Kemuning","nik":"3174084107870501","gender":"FEMALE","as_of":"2026-06-30","monitor":true}`)}
	got := string(v.For(tenant.Actor{}).InputConfig)
	want := `{"name":"R***  K***","birth_date":"***","birth_place":"***","nik":"3174************","gender":"FEMALE","as_of":"2026-06-30","monitor":true}`
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if v := (Verification{}).For(tenant.Actor{}); v.Output != nil || v.InputConfig != nil {
		t.Errorf("nothing became %s, %s", v.Output, v.InputConfig)
	}
}

func TestMaskingOfHits(t *testing.T) {
	s := Screen{Screening: Screening{Hits: []screening.Hit{{EntityID: "E-1", Name: "Ratna Kertanegara", URL: "https://x", Explanation: []screening.Evidence{{Fact: "name", Query: "ratna", Listed: "ratna", How: "equal", Points: 3}}}}},
		Dismissed: map[string]Dismissed{"E-1": {Reason: "lives in Kemuning", By: "a"}}}
	got := s.For(tenant.Actor{})
	h := got.Hits[0]
	if h.Name != "R*** K***" || h.URL != "" || h.EntityID != "E-1" || h.Explanation[0] != (screening.Evidence{Fact: "name", How: "equal", Points: 3}) || got.Dismissed["E-1"].Reason != "***" {
		t.Errorf("masked hits %+v", got)
	}
	if s.Hits[0].Explanation[0].Query != "ratna" || s.Dismissed["E-1"].Reason == "***" {
		t.Error("the screening itself was changed")
	}
}

// What is not kept is not revealed.
func TestRevealIsKept(t *testing.T) {
	v := Verification{ID: uuid.New(), Output: json.RawMessage(drawnOutput)}
	kept := &oneVerification{v: v}
	u := UseCases{store: kept, lifecycle: lifecycle{now: time.Now}}
	a := tenant.Actor{User: tenant.User{Role: tenant.Reviewer, Email: "rina@example.com"}}
	e := audit.Begin(audit.DataRevealed, "verification")
	e.Stamp("", "", time.Now())
	if value, err := u.Reveal(audit.With(t.Context(), e), a, v.ID, "nik", " asked by court "); err != nil || *value != "3174084107870501" {
		t.Errorf("revealed %v, %v", value, err)
	}
	if r := kept.reveals[0]; r.Field != "nik" || r.Reason != "asked by court" || r.Actor != "rina@example.com" || r.VerificationID != v.ID ||
		e.Details["field"] != "nik" || e.Details["reveal_id"] != r.ID.String() || len(e.Details) != 2 || e.Object.ID != v.ID.String() || e.Check() != nil {
		t.Errorf("kept %+v, record %+v", r, e)
	}
	if value, err := u.Reveal(t.Context(), a, v.ID, "blood_type", "r"); err != nil || value != nil {
		t.Errorf("an unreadable field: %v, %v", value, err)
	}
	kept.fails = fault.New(fault.Unavailable, "no disk")
	if value, err := u.Reveal(t.Context(), a, v.ID, "name", "r"); !fault.Is(err, fault.Unavailable) || value != nil {
		t.Errorf("without keeping it: %v, %v", value, err)
	}
}

// oneVerification is a store that has one verification, keeps reveals, and has
// no other method.
type oneVerification struct {
	Store
	v       Verification
	reveals []Reveal
	fails   error
}

func (s *oneVerification) Verification(context.Context, tenant.Scope, uuid.UUID) (Verification, error) {
	return s.v, nil
}

func (s *oneVerification) InTx(ctx context.Context, fn func(context.Context, Store) error) error {
	return fn(ctx, s)
}

func (s *oneVerification) InsertReveal(_ context.Context, _ tenant.Scope, r Reveal) error {
	s.reveals = append(s.reveals, r)
	return s.fails
}

// FuzzMasked looks for JSON that is not masked, or no JSON any more.
func FuzzMasked(f *testing.F) {
	for _, s := range []string{drawnOutput, `{"name":"x","name":"RATNA"}`, `[[["RATNA"]]]`, `{"a":{"nik":"3174084107870501"}}`, `"RATNA"`, `{"ktp":{"gender":{"x":"RATNA"}}}`, `{"<":">"}`, `{"a":1e999}`, `null`, `{`, `{"a":1}{}`} {
		f.Add([]byte(s))
	}
	number := regexp.MustCompile(`"[^"]*[0-9]{16}[^"]*"\s*[,}\]]`) // as a value
	f.Fuzz(func(t *testing.T, data []byte) {
		if got := masked(data); data != nil && !json.Valid(got) {
			t.Fatalf("%q became %q", data, got)
		}
		// Below a key that no plain text has.
		if got := masked(append(append([]byte(`{"x":`), data...), '}')); json.Valid(data) && number.Match(got) {
			t.Errorf("%q left a number in %q", data, got)
		}
	})
}

func TestMaskedEvent(t *testing.T) {
	body := `{"event":"screening.alert","sequence":4,"status":"COMPLETED","service":{"name":"KTP"},"output":{"ktp":{"nik":"3174084107870501","gender":"LAKI-LAKI"}},` +
		`"matches":[{"entity_id":"E-1","name":"BUDI SANTOSO","score":0.9,"topics":["role.pep"]}],"lists":[{"name":"ofac","version":"2"}],"webhook_metadata":{"customer":7},"new":"BUDI","error":null}`
	want := `{"error":null,"event":"screening.alert","lists":[{"name":"ofac","version":"2"}],"matches":[{"entity_id":"E-1","name":"B*** S***","score":0.9,"topics":["role.pep"]}],` +
		`"new":null,"output":{"ktp":{"nik":"3174************","gender":"LAKI-LAKI"}},"sequence":4,"service":{"name":"KTP"},"status":"COMPLETED","webhook_metadata":{}}`
	if got, err := maskedEvent([]byte(body)); err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
	a := DeliveryAttempt{Answer: []byte("thanks for BUDI")}
	if got := a.For(tenant.Actor{User: tenant.User{Role: tenant.Auditor}}); string(got.Answer) != hidden {
		t.Errorf("an auditor sees %s", got.Answer)
	}
	if got := a.For(tenant.Actor{User: tenant.User{Role: tenant.SuperAdmin}}); string(got.Answer) != "thanks for BUDI" {
		t.Errorf("a super admin sees %s", got.Answer)
	}
}
