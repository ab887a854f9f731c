package app_test

import (
	"encoding/json"
	"strings"
	"testing"

	"anycheck/client"
	"anycheck/internal/config"
	"anycheck/internal/imaging"
	"anycheck/internal/onnx/onnxtest"
	"anycheck/internal/tenant"
)

// TestReview: what a signed-in person sends in and the card leaves open is for
// a person to look at, on both engines, with webhooks and documents.
func TestReview(t *testing.T) {
	onBoth(t, func(t *testing.T, change func(*config.Config)) {
		s := &server{cfg: testConfig(t.TempDir(), onnxtest.ModelsDir(t)), logs: &logs{}}
		change(&s.cfg)
		t.Cleanup(s.run(t))
		p := draw(t)
		hooks := newReceiver(t, "the caller's secret")
		ani, maker := s.tenant(t, "Alpha", tenant.GroupUser)
		c := newCaller(t, ani)
		// Small and blank: the search for a card in a busy photo takes a minute
		// with the race detector.
		blank, err := imaging.New(320, 240).EncodeJPEG(90)
		if err != nil {
			t.Fatal(err)
		}
		path := c.upload(t, blank)[0]
		n := c.request("KTP", path, "")
		n.WebhookURL, n.WebhookMetadata = hooks.url, map[string]any{"webhook_secret": "the caller's secret"}

		// A draft that grows.
		draft, err := c.CreateDraft(t.Context(), client.NewVerification{ServiceID: c.service, FolderID: c.folder})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.SubmitDraft(t.Context(), draft.ID); apiError(t, err).StatusCode != 400 {
			t.Errorf("an empty draft: %v", err)
		}
		if _, err := c.UpdateDraft(t.Context(), draft.ID, n); err != nil {
			t.Fatal(err)
		}
		if _, err := c.SubmitDraft(t.Context(), draft.ID); err != nil {
			t.Fatal(err)
		}
		v, err := c.Wait(t.Context(), draft.ID, nil)
		if err != nil || v.Status != client.NeedReview || *v.OutputStatus != "PARTIALLY_NOT_VERIFIED" || v.CreditUsed != 0 {
			t.Fatalf("no card: %+v, %v", v, err)
		}
		if me, err := c.Profile(t.Context()); err != nil || me.Group.CreditBalance != 990 {
			t.Errorf("profile %+v, %v", me, err)
		}

		// The reviewer types in what the card says.
		fields := map[string]*string{}
		for field, text := range p.person.Output() {
			if text != "" {
				fields[field] = &text
			}
		}
		got, err := c.Review(t.Context(), v.ID, client.NewReview{Decision: client.Correct, Reason: "typed in from the photo", Fields: fields})
		if err != nil || got.Status != client.NeedReview || check(t, got, "card_readable").Outcome != "PASS" || check(t, got, "nik").Outcome != "PASS" {
			t.Fatalf("corrected: %+v, %v", got, err)
		}
		var out struct {
			KTP map[string]*string `json:"ktp"`
		}
		if err := json.Unmarshal(got.Output, &out); err != nil {
			t.Fatal(err)
		}
		for field, want := range p.person.Output() {
			if want != "" && text(out.KTP[field]) != want {
				t.Errorf("%s is %s, want %s", field, text(out.KTP[field]), want)
			}
		}
		got, err = c.Review(t.Context(), v.ID, client.NewReview{Decision: client.Approve, Reason: "the original lay before me"})
		if err != nil || got.Status != client.Completed || *got.OutputStatus != "VERIFIED" || got.CreditUsed != 10 {
			t.Fatalf("approved: %+v, %v", got, err)
		}
		evidence := string(download(t, c.Client, got.OutputFileURL))
		for _, want := range []string{`"review"`, maker.Email, "the original lay before me", p.person.NIK, `"CARD_NOT_FOUND"`, `"COMPLETED"`} {
			if !strings.Contains(evidence, want) {
				t.Errorf("the evidence lacks %s", want)
			}
		}
		if len(download(t, c.Client, got.ExportFileURL)) == 0 {
			t.Error("the workbook is empty")
		}
		var states []client.Status
		for _, h := range hooks.wait(t, 3) {
			states = append(states, h.Status)
		}
		if len(states) != 3 || states[0] != client.InProgress || states[1] != client.NeedReview || states[2] != client.Completed {
			t.Errorf("webhooks %v", states)
		}

		// Another run keeps this one.
		if _, err := c.RetryVerification(t.Context(), v.ID, true); err != nil {
			t.Fatal(err)
		}
		again, err := c.Wait(t.Context(), v.ID, nil)
		if err != nil || again.Status != client.NeedReview {
			t.Fatalf("again: %+v, %v", again, err)
		}
		attempts, err := c.Attempts(t.Context(), v.ID)
		if err != nil || attempts.Total != 2 || attempts.Items[0].Status != client.Completed || *attempts.Items[0].OutputStatus != "VERIFIED" || attempts.Items[1].Status != client.NeedReview {
			t.Fatalf("attempts %+v, %v", attempts, err)
		}
		if kept := string(download(t, c.Client, attempts.Items[0].OutputFileURL)); !strings.Contains(kept, "the original lay before me") {
			t.Error("the first attempt's evidence is gone")
		}
		if _, err := c.CancelVerification(t.Context(), v.ID); err != nil {
			t.Fatal(err)
		}
		reviews, err := c.Reviews(t.Context(), v.ID)
		if err != nil || reviews.Total != 2 || reviews.Items[0].Fields["nik"].From != nil || *reviews.Items[0].Fields["nik"].To != p.person.NIK {
			t.Errorf("reviews %+v, %v", reviews, err)
		}
		list, err := c.Results(t.Context(), client.ResultFilter{Status: client.Cancelled}, client.Page{})
		if err != nil || list.Total != 1 || list.Items[0].OverallStatus != client.Cancelled || list.Items[0].ID != v.ResultID {
			t.Errorf("results %+v, %v", list, err)
		}
		for _, secret := range []string{p.person.NIK, p.person.Name, "the original lay before me"} {
			if strings.Contains(s.logs.String(), secret) {
				t.Errorf("the log tells %q", secret)
			}
		}
	})
}
