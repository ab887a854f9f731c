package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/client"
	"anycheck/internal/fault"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// A consent is kept with a verification, a draft and a screening, shown, and
// stays through a retry.
func TestConsent(t *testing.T) {
	p := newPlatform(t)
	ctx := t.Context()
	c := p.client(t, client.WithAPIKey(p.a.key))
	given := time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	told := func(version string) *client.Consent {
		return &client.Consent{Text: "I, Ratna, agree.", Version: version, GivenAt: given}
	}
	folder, err := c.CreateFolder(ctx, "F")
	if err != nil {
		t.Fatal(err)
	}
	up, err := c.Upload(ctx, client.InputFile, client.File{Name: "ktp.png", Content: strings.NewReader("IMG card")})
	if err != nil {
		t.Fatal(err)
	}
	n := client.NewVerification{ServiceID: verification.Catalogue()[0].ID.String(), FolderID: folder.ID, Consent: told("1"),
		Configuration: client.KTPConfiguration{VerificationType: "KTP", Files: client.KTPFiles{KTPFile: []string{up.Files[0].Path}}}}
	has := func(what, id, version string) {
		t.Helper()
		v, err := c.Verification(ctx, id)
		if err != nil || v.Consent == nil || *v.Consent != *told(version) {
			t.Errorf("%s has %+v, %v", what, v.Consent, err)
		}
	}
	v, err := c.CreateVerification(ctx, n)
	if err != nil || v.Consent == nil || v.Consent.Text != "I, Ratna, agree." {
		t.Fatalf("created %+v, %v", v, err)
	}
	if _, err := c.CancelVerification(ctx, v.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := c.RetryVerification(ctx, v.ID, true); err != nil {
		t.Fatal(err)
	}
	has("a retried verification", v.ID, "1")

	draft, err := c.CreateDraft(ctx, n)
	if err != nil {
		t.Fatal(err)
	}
	has("a draft", draft.ID, "1")
	n.Consent = told("2")
	if _, err := c.UpdateDraft(ctx, draft.ID, n); err != nil {
		t.Fatal(err)
	}
	if _, err := c.SubmitDraft(ctx, draft.ID); err != nil {
		t.Fatal(err)
	}
	has("a submitted draft", draft.ID, "2")
	if draft, err = c.CreateDraft(ctx, n); err != nil {
		t.Fatal(err)
	}
	n.Consent = nil
	if draft, err = c.UpdateDraft(ctx, draft.ID, n); err != nil || draft.Consent != nil {
		t.Errorf("a draft replaced by one without: %+v, %v", draft.Consent, err)
	}

	p.importList(t, "Ratna Kertanegara Wirayuda")
	s, err := c.Screen(ctx, client.NewScreening{Name: "SOMEBODY ELSE", Consent: told("3")})
	if err != nil {
		t.Fatal(err)
	}
	has("a screening", s.ID, "3")
	auditor, _ := p.member(t, "auditor", tenant.Auditor)
	if seen, err := auditor.Verification(ctx, s.ID); err != nil || seen.Consent == nil || seen.Consent.Text != "***" || seen.Consent.Version != "3" {
		t.Errorf("an auditor sees %+v, %v", seen.Consent, err)
	}
	var bundle bytes.Buffer
	if err := c.Evidence(ctx, s.ResultID, &bundle); err != nil {
		t.Fatal(err)
	}
	for name, text := range unzip(t, bundle.Bytes()) {
		if name == "report.html" && !strings.Contains(text, "I, Ratna, agree.") {
			t.Error("the bundle's page lacks the consent")
		}
		if strings.Contains(text, `"input_config"`) && !strings.Contains(text, `"text": "I, Ratna, agree."`) {
			t.Errorf("the bundle's verification lacks the consent: %s", text)
		}
	}
	if strings.Contains(p.log.String(), "Ratna, agree") {
		t.Error("the log has a consent")
	}
}

func TestConsentRefused(t *testing.T) {
	p := newPlatform(t)
	f := decode[folder](t, p.do("POST", "/folders", `{"name":"F"}`), http.StatusCreated)
	service := verification.Catalogue()[0].ID
	draft := decode[verificationView](t, p.do("POST", "/verifications/drafts", fmt.Sprintf(`{"service_id":%q,"folder_id":%q}`, service, f.ID)), http.StatusCreated)
	results := func() int {
		return decode[list[any]](t, p.do("GET", "/results", ""), http.StatusOK).Total
	}
	before := fmt.Sprint(p.count(t), results())
	now := time.Now().UTC()
	consent := func(text, version string, at time.Time) string {
		b, _ := json.Marshal(client.Consent{Text: text, Version: version, GivenAt: at})
		return string(b)
	}
	for _, tt := range []struct {
		name, consent string
		fields        []string
	}{
		{"a text", `"yes"`, []string{"consent"}},
		{"empty", `{}`, []string{"consent.given_at", "consent.text", "consent.version"}},
		{"a field too many", `{"text":"a","version":"1","given_at":"2026-01-01T00:00:00Z","by":"me"}`, []string{"consent.by"}},
		{"no time", `{"text":"a","version":"1","given_at":"yesterday"}`, []string{"consent.given_at"}},
		{"the future", consent("a", "1", now.Add(time.Hour)), []string{"consent.given_at"}},
		{"blanks", consent(" ", " ", now), []string{"consent.text", "consent.version"}},
		{"a long text", consent(strings.Repeat("x", 20_001), "1", now), []string{"consent.text"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := fmt.Sprintf(`{"service_id":%q,"folder_id":%q,"configuration":{},"consent":%s}`, service, f.ID, tt.consent)
			wantProblem(t, p.do("POST", "/verifications", body), http.StatusBadRequest, fault.CodeInvalidRequest, tt.fields...)
			wantProblem(t, p.do("POST", "/verifications/drafts", body), http.StatusBadRequest, fault.CodeInvalidRequest, tt.fields...)
			wantProblem(t, p.do("PUT", "/verifications/drafts/"+draft.ID.String(), body), http.StatusBadRequest, fault.CodeInvalidRequest, tt.fields...)
			wantProblem(t, p.do("POST", "/screenings", fmt.Sprintf(`{"name":"SOMEBODY","folder_id":%q,"consent":%s}`, f.ID, tt.consent)), http.StatusBadRequest, fault.CodeInvalidRequest, tt.fields...)
		})
	}
	if after := fmt.Sprint(p.count(t), results()); after != before {
		t.Errorf("refusals made something: %s, before %s", after, before)
	}
	// Null is none.
	v := decode[verificationView](t, p.do("POST", "/verifications/drafts", fmt.Sprintf(`{"service_id":%q,"folder_id":%q,"consent":null}`, service, f.ID)), http.StatusCreated)
	if v.Consent != nil || v.ID == uuid.Nil {
		t.Errorf("null became %+v", v.Consent)
	}
}
