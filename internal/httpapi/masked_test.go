package httpapi

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"anycheck/client"
	"anycheck/internal/fault"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

func TestMaskedAnswers(t *testing.T) {
	p := newPlatform(t)
	ctx := t.Context()
	p.importList(t, "Ratna Kertanegara Wirayuda")
	key := p.client(t, client.WithAPIKey(p.a.key))
	v, err := key.Screen(ctx, client.NewScreening{Name: "RATNA KERTANEGARA WIRAYUDA", BirthDate: "1987-07-01", NIK: "3174084107870501"})
	if err != nil || !strings.Contains(string(v.Output), "Ratna Kertanegara") || v.OutputFileURL == nil || v.ExportFileURL == nil {
		t.Fatalf("a key sees %+v, %v", v, err)
	}
	user, _ := p.member(t, "rina", tenant.GroupUser)
	auditor, _ := p.member(t, "auditor", tenant.Auditor)
	owner, _ := p.member(t, "owner", tenant.OrganizationOwner)
	if seen, err := user.Verification(ctx, v.ID); err != nil || string(seen.Output) != string(v.Output) || seen.OutputFileURL == nil {
		t.Errorf("a group user sees %+v, %v", seen, err)
	}
	if _, err := key.Review(ctx, v.ID, client.NewReview{Decision: client.Reopen, Reason: "Ratna has called"}); err != nil {
		t.Fatal(err)
	}
	masked := func(who string, c *client.Client) {
		t.Helper()
		seen, err := c.Verification(ctx, v.ID)
		if err != nil {
			t.Fatal(err)
		}
		listed, err := c.Verifications(ctx, v.ResultID, client.Page{})
		if err != nil {
			t.Fatal(err)
		}
		hits, err := c.Screening(ctx, v.ID)
		if err != nil {
			t.Fatal(err)
		}
		attempts, err := c.Attempts(ctx, v.ID)
		if err != nil || attempts.Total != 1 || len(attempts.Items[0].Output) < 10 || attempts.Items[0].OutputFileURL != nil || attempts.Items[0].ExportFileURL != nil {
			t.Fatalf("%s sees attempts %+v, %v", who, attempts, err)
		}
		reviews, err := c.Reviews(ctx, v.ID)
		if err != nil || reviews.Total != 1 || reviews.Items[0].Reason != "***" {
			t.Fatalf("%s sees reviews %+v, %v", who, reviews, err)
		}
		if err := c.Evidence(ctx, v.ResultID, &strings.Builder{}); !client.IsCode(err, "FORBIDDEN") {
			t.Errorf("%s gets the evidence: %v", who, err)
		}
		events, err := c.Feed(ctx, "", 100)
		if err != nil || len(events.Items) == 0 {
			t.Fatalf("%s sees events %+v, %v", who, events, err)
		}
		for _, e := range events.Items {
			if text := strings.ToUpper(fmt.Sprint(e.VerificationID, string(e.Output), e.Matches, e.WebhookMetadata)); strings.Contains(text, "RATNA") || strings.Contains(text, "3174084107870501") || !strings.Contains(text, strings.ToUpper(v.ID)) {
				t.Errorf("%s sees the event %s", who, text)
			}
		}
		all := strings.ToUpper(fmt.Sprint(string(seen.Output), string(seen.InputConfig), string(listed.Items[0].Output), string(listed.Items[0].InputConfig), hits, attempts.Items, string(attempts.Items[0].Output), reviews))
		for _, secret := range []string{"RATNA", "KERTANEGARA", "3174084107870501", "1987-07-01"} {
			if strings.Contains(all, secret) {
				t.Errorf("%s sees %s: %s", who, secret, all)
			}
		}
		if !strings.Contains(string(seen.InputConfig), `"nik":"3174************"`) || seen.OutputFileURL != nil || seen.ExportFileURL != nil || len(hits.Hits) != 1 {
			t.Errorf("%s sees %+v", who, seen)
		}
	}
	masked("an auditor", auditor)
	if err := p.auth.SetMasking(ctx, p.a.group, true); err != nil {
		t.Fatal(err)
	}
	masked("a user of a group that masks", user)
	if seen, err := key.Verification(ctx, v.ID); err != nil || string(seen.Output) != string(v.Output) {
		t.Errorf("the key of a group that masks sees %+v, %v", seen, err)
	}

	records := p.trail(t, func() {
		if value, err := user.Reveal(ctx, v.ID, "nik", "the customer called"); err != nil || value == nil || *value != "3174084107870501" {
			t.Errorf("revealed %v, %v", value, err)
		}
	})
	if got := said(records); got != "personal_data.revealed user verification ok" || records[0].Object.ID != v.ID || records[0].Details["field"] != "nik" || len(records[0].Details) != 2 {
		t.Errorf("left %q: %+v", got, records)
	}
	// Why, for who reads the log; the record itself only names the row.
	for who, tt := range map[string]struct {
		c      *client.Client
		reason string
	}{"an owner": {owner, "the customer called"}, "an auditor": {auditor, "***"}} {
		l, err := tt.c.Reveals(ctx, v.ID)
		if err != nil || l.Total != 1 || l.Items[0].ID != records[0].Details["reveal_id"] || l.Items[0].Field != "nik" || l.Items[0].Reason != tt.reason || l.Items[0].Actor != "rina@example.com" {
			t.Errorf("%s sees reveals %+v, %v", who, l, err)
		}
	}
	if _, err := user.Reveals(ctx, v.ID); !client.IsCode(err, "FORBIDDEN") {
		t.Errorf("a user sees the reveals: %v", err)
	}
	var bundle bytes.Buffer
	if err := owner.Evidence(ctx, v.ResultID, &bundle); err != nil || !strings.Contains(unzip(t, bundle.Bytes())["report.html"], "the customer called") {
		t.Errorf("the bundle lacks the reason, %v", err)
	}
	if _, err := auditor.Reveal(ctx, v.ID, "nik", "curious"); !client.IsCode(err, "FORBIDDEN") {
		t.Errorf("an auditor reveals: %v", err)
	}
	reveal := "/verifications/" + v.ID + "/reveal"
	wantProblem(t, p.do("POST", reveal, `{"field":"mother","reason":" "}`), http.StatusBadRequest, fault.CodeInvalidRequest, "field", "reason")
	wantProblem(t, p.do("POST", reveal, `{"field":"nik","reason":"`+strings.Repeat("x", 501)+`"}`), http.StatusBadRequest, fault.CodeInvalidRequest, "reason")
	wantProblem(t, p.do("POST", reveal, `{"field":"nik"}`), http.StatusBadRequest, fault.CodeInvalidRequest, "reason")
	wantProblem(t, p.do("POST", reveal, `{"field":"monitor","reason":"r"}`), http.StatusBadRequest, fault.CodeInvalidRequest, "field")
	wantProblem(t, p.asB("POST", reveal, `{"field":"nik","reason":"r"}`), http.StatusNotFound, fault.CodeNotFound)
	if strings.Contains(p.log.String(), "3174084107870501") || strings.Contains(p.log.String(), "the customer called") {
		t.Error("the log has what was revealed, or why")
	}

	// Pictures show what is masked elsewhere.
	card := p.verify(t)
	seen, err := user.Verification(ctx, card.ID.String())
	if err != nil || len(seen.InputFileURL["ktp_file"]) != 0 || strings.Contains(string(seen.InputConfig), "ktp.png") {
		t.Errorf("a masked caller gets files: %+v, %v", seen, err)
	}
	if whole := decode[verificationView](t, p.do("GET", "/verifications/"+card.ID.String(), ""), http.StatusOK); len(whole.InputFileURL["ktp_file"]) != 1 {
		t.Errorf("the key gets %v", whole.InputFileURL)
	}
	if status := verification.InQueue; card.Status != status {
		t.Errorf("status %s", card.Status)
	}
}

func TestMaskedAnswerAgain(t *testing.T) {
	p := newPlatform(t)
	p.importList(t, "Bambang Tirtayasa")
	user, _ := p.member(t, "rina", tenant.GroupUser)
	if err := p.auth.SetMasking(t.Context(), p.a.group, true); err != nil {
		t.Fatal(err)
	}
	ctx := client.WithIdempotencyKey(t.Context(), "k")
	n := client.NewScreening{Name: "SOMEBODY ELSE", NIK: "3174084107870501"}
	for range 2 {
		if v, err := user.Screen(ctx, n); err != nil || strings.Contains(string(v.InputConfig), "3174084107870501") || !strings.Contains(string(v.InputConfig), "3174****") {
			t.Errorf("%s, %v", v.InputConfig, err)
		}
	}
	if err := p.auth.SetMasking(t.Context(), p.a.group, false); err != nil {
		t.Fatal(err)
	}
	if _, err := user.Screen(ctx, n); !client.IsCode(err, "IDEMPOTENCY_CONFLICT") {
		t.Errorf("with other rights: %v", err)
	}
}
