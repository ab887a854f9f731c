package app_test

import (
	"archive/zip"
	"bytes"
	"context"
	"image"
	"image/png"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"anycheck/client"
	"anycheck/internal/audit"
	"anycheck/internal/config"
	"anycheck/internal/export"
	"anycheck/internal/sandbox"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// blankPicture is a picture of nothing: in the sandbox nobody looks at it.
func blankPicture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 64, 48))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// everyScope is all that a key can do.
func everyScope() (scopes []string) {
	for _, s := range tenant.KeyScopes() {
		scopes = append(scopes, string(s))
	}
	return scopes
}

// rehearsal drives a test key.
type rehearsal struct {
	caller
	hooks *receiver
	blank []byte
}

// card uploads a blank picture under a name.
func (r rehearsal) card(t *testing.T, name string) string {
	t.Helper()
	up, err := r.Upload(t.Context(), client.InputFile, client.File{Name: name, Content: bytes.NewReader(r.blank)})
	if err != nil || !up.Test {
		t.Fatalf("upload %+v, %v", up, err)
	}
	return up.Files[0].Path
}

// ask is a request in which everything is asked for.
func (r rehearsal) ask(t *testing.T, row sandbox.Row) client.NewVerification {
	t.Helper()
	n := r.request("KTP_SELFIE_PEP", r.card(t, row.Name+".png"), r.card(t, "selfie.png"))
	cfg := n.Configuration.(client.KTPConfiguration)
	cfg.FraudDetection = true
	n.Configuration = cfg
	return r.heard(n)
}

func (r rehearsal) heard(n client.NewVerification) client.NewVerification {
	n.WebhookURL, n.WebhookMetadata = r.hooks.url, map[string]any{"webhook_secret": "the caller's secret"}
	return n
}

// settled waits for one that is expected to settle.
func (r rehearsal) settled(t *testing.T, id string) client.Verification {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	v, err := r.Wait(ctx, id, nil)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// played holds a verification against its row.
func played(t *testing.T, row sandbox.Row, v client.Verification) {
	t.Helper()
	if v.Status != client.Status(row.Status) || !v.Test || v.CreditUsed != 0 || v.APIKey == nil || !strings.HasPrefix(v.APIKey.Prefix, "ack_test_") {
		t.Errorf("%s: %s, test %v, %d credits, key %+v", row.Name, v.Status, v.Test, v.CreditUsed, v.APIKey)
	}
	if got := text(v.OutputStatus); got != string(row.Verdict) && (row.Verdict != "" || v.OutputStatus != nil) {
		t.Errorf("%s: verdict %s, want %s: %+v", row.Name, got, row.Verdict, v.Checks)
	}
	switch {
	case row.Status == verification.Failed:
		if v.Error == nil || v.Error.ErrorCode != row.Code || v.Error.Retryable != (row.Name != "failed-for-good") {
			t.Errorf("%s: error %+v", row.Name, v.Error)
		}
	case row.Check != "":
		if got := check(t, v, row.Check); got.Code != row.Code || got.Outcome == "PASS" {
			t.Errorf("%s: check %+v", row.Name, got)
		}
	}
	for _, c := range v.Checks {
		if row.Check == "" && c.Outcome != "PASS" && c.Code != "NOT_REQUESTED" {
			t.Errorf("%s: check %+v", row.Name, c)
		}
	}
}

// told compares events and webhooks of a verification with what must have
// happened after it was queued.
func (r rehearsal) told(t *testing.T, name string, v client.Verification, want ...client.Status) {
	t.Helper()
	events, err := r.Events(t.Context(), v.ID)
	if err != nil {
		t.Fatal(err)
	}
	var happened, announced []client.Status
	for i, e := range events.Items {
		if e.Sequence != i+1 || !e.Test {
			t.Errorf("%s: event %+v", name, e)
		}
		if happened = append(happened, e.Status); e.Status != client.InQueue {
			announced = append(announced, e.Status)
		}
	}
	if !slices.Equal(happened, want) {
		t.Errorf("%s: events %v, want %v", name, happened, want)
	}
	timeout := time.After(time.Minute)
	for {
		var heard []client.Status
		r.hooks.mu.Lock()
		for _, w := range r.hooks.got {
			if w.VerificationID == v.ID {
				if heard = append(heard, w.Status); !w.Test || w.CreditUsed != 0 {
					t.Errorf("%s: webhook %+v", name, w)
				}
			}
		}
		bad := slices.Clone(r.hooks.bad)
		r.hooks.mu.Unlock()
		if slices.Equal(heard, announced) {
			return
		}
		select {
		case <-r.hooks.more:
		case <-timeout:
			t.Fatalf("%s: webhooks %v, want %v (%v)", name, heard, announced, bad)
		}
	}
}

// way is how a row gets where it stays.
func way(row sandbox.Row) []client.Status {
	w := []client.Status{client.InQueue, client.InProgress, client.Status(row.Status)}
	return slices.Compact(w)
}

// Every row of the table, as an integrator would call it: unchanged client
// code with a test key. Live data and the ledger stay as they are.
func TestSandbox(t *testing.T) {
	onBoth(t, func(t *testing.T, change func(*config.Config)) {
		s := start(t, change, nil)
		ctx, admin := t.Context(), s.admin(t)
		live := newCaller(t, s.key(t))
		profile, err := admin.Profile(ctx)
		if err != nil {
			t.Fatal(err)
		}
		credits, err := admin.GroupCredits(ctx, profile.Group.ID)
		if err != nil {
			t.Fatal(err)
		}
		key, err := admin.CreateAPIKey(ctx, client.NewAPIKey{Name: "staging", Mode: "test", Scopes: everyScope()})
		if err != nil || key.Mode != "test" || !strings.HasPrefix(key.Key, "ack_test_") || key.GroupID != profile.Group.ID {
			t.Fatalf("key %+v, %v", key, err)
		}
		keys, err := admin.APIKeys(ctx, client.Page{})
		if err != nil || keys.Items[0].Mode != "test" || keys.Items[1].Mode != "live" {
			t.Fatalf("keys %+v, %v", keys, err)
		}
		tester, err := client.New(s.URL(), client.WithAPIKey(key.Key))
		if err != nil {
			t.Fatal(err)
		}
		r := rehearsal{caller: newCaller(t, tester), hooks: newReceiver(t, "the caller's secret"), blank: blankPicture(t)}

		rows := sandbox.Rows()
		made := map[string]client.Verification{}
		// Those that take their time come first, and are waited for at the end.
		for _, row := range slices.SortedStableFunc(slices.Values(rows), slowFirst) {
			v, err := r.CreateVerification(ctx, r.ask(t, row))
			if row.Refused != "" {
				if e := apiError(t, err); e.Code != string(row.Refused) {
					t.Errorf("%s is refused with %s", row.Name, e.Code)
				}
				continue
			}
			if err != nil || v.Status != client.InQueue || !v.Test {
				t.Fatalf("%s: %+v, %v", row.Name, v, err)
			}
			made[row.Name] = v
		}
		for _, name := range []string{"queued", "slow"} {
			if v, err := r.Verification(ctx, made[name].ID); err != nil || v.Status.Settled() {
				t.Errorf("%s: %s, %v", name, v.Status, err)
			}
		}
		for _, row := range rows {
			v, ok := made[row.Name]
			if !ok || slow(row) {
				continue
			}
			v = r.settled(t, v.ID)
			played(t, row, v)
			r.told(t, row.Name, v, way(row)...)
		}
		results, err := r.Results(ctx, client.ResultFilter{}, client.Page{})
		if err != nil || results.Total != len(made) || !results.Items[0].Test {
			t.Errorf("%d results of %d, %v", results.Total, len(made), err)
		}
		r.next(t, made)
		r.evidence(t, s, made["pep"])
		r.screenings(t, rows)
		for _, row := range rows {
			if slow(row) {
				v := r.settled(t, made[row.Name].ID)
				if took := v.StartDate.Sub(v.CreatedAt) + v.EndDate.Sub(*v.StartDate); v.Status != client.Completed || text(v.OutputStatus) != "VERIFIED" || took < sandbox.Slow {
					t.Errorf("%s: %s %s after %s", row.Name, v.Status, text(v.OutputStatus), took)
				}
				r.told(t, row.Name, v, client.InQueue, client.InProgress, client.Completed)
			}
		}

		// Nothing of it is live.
		after, err := admin.GroupCredits(ctx, profile.Group.ID)
		if err != nil || after != credits {
			t.Errorf("credits %+v, before %+v, %v", after, credits, err)
		}
		own, err := tester.Profile(ctx)
		if err != nil || own.Group.ID == profile.Group.ID || own.Group.Name != profile.Group.Name {
			t.Fatalf("profile %+v, %v", own, err)
		}
		for group, c := range map[string]*client.Client{profile.Group.ID: admin, own.Group.ID: tester} {
			entries, err := c.LedgerEntries(ctx, group, client.EntryQuery{}, client.Page{})
			if err != nil || group == own.Group.ID && entries.Total != 0 || group == profile.Group.ID && entries.Total != 1 {
				t.Errorf("ledger %+v, %v", entries, err)
			}
			usage, err := c.Usage(ctx, client.UsageQuery{}, client.Page{})
			if err != nil || usage.Total != 0 {
				t.Errorf("usage %+v, %v", usage, err)
			}
		}
		read, err := tester.ResultsOf(ctx, nikOf(t, made["verified"], r))
		if err != nil || len(read) == 0 {
			t.Errorf("the person's results: %v, %v", read, err)
		}
		for who, c := range map[string]*client.Client{"a super admin": admin, "a live key": live.Client} {
			if results, err := c.Results(ctx, client.ResultFilter{}, client.Page{}); err != nil || results.Total != 0 {
				t.Errorf("%s sees %d results, %v", who, results.Total, err)
			}
			if page, err := c.Feed(ctx, "", 100); err != nil || len(page.Items) != 0 {
				t.Errorf("%s is told %d events, %v", who, len(page.Items), err)
			}
			if sent, err := c.Deliveries(ctx, client.DeliveryFilter{}, client.Page{}); err != nil || sent.Total != 0 {
				t.Errorf("%s sees %d webhooks, %v", who, sent.Total, err)
			}
			if _, err := c.Verification(ctx, made["verified"].ID); apiError(t, err).StatusCode != http.StatusNotFound {
				t.Errorf("%s reads a test verification: %v", who, err)
			}
			if err := c.Evidence(ctx, made["pep"].ResultID, io.Discard); apiError(t, err).StatusCode != http.StatusNotFound {
				t.Errorf("%s exports a test result: %v", who, err)
			}
		}
		if found, err := admin.ResultsOf(ctx, nikOf(t, made["verified"], r)); err != nil || len(found) != 0 {
			t.Errorf("a super admin finds the person: %v, %v", found, err)
		}
		if groups, err := admin.Groups(ctx, client.Page{}); err != nil || groups.Total != 1 {
			t.Errorf("groups %+v, %v", groups, err)
		}
		if organizations, err := admin.Organizations(ctx, client.Page{}); err != nil || organizations.Total != 1 {
			t.Errorf("organizations %+v, %v", organizations, err)
		}
		// And nothing live is seen by a test key.
		if _, err := tester.Folder(ctx, live.folder); apiError(t, err).StatusCode != http.StatusNotFound {
			t.Errorf("a live folder: %v", err)
		}
		if _, err := tester.Folders(ctx, profile.Group.ID, "", client.Page{}); apiError(t, err).StatusCode != http.StatusNotFound {
			t.Errorf("a live group: %v", err)
		}
		page, err := tester.Feed(ctx, "", 500)
		if err != nil || len(page.Items) == 0 || slices.ContainsFunc(page.Items, func(e client.WebhookEvent) bool { return !e.Test }) {
			t.Errorf("the feed: %d events, %v", len(page.Items), err)
		}
		if log, err := s.Audit.Verify(ctx, "", nil, nil); err != nil || len(log.Findings) > 0 {
			t.Errorf("the log: %+v, %v", log, err)
		}
	})
}

// next is what callers do about verifications that wait for them.
func (r rehearsal) next(t *testing.T, made map[string]client.Verification) {
	ctx := t.Context()
	must := func(v client.Verification, err error) client.Verification {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return r.settled(t, v.ID)
	}
	verified := func(name string, v client.Verification) {
		t.Helper()
		if v.Status != client.Completed || text(v.OutputStatus) != "VERIFIED" || v.CreditUsed != 0 {
			t.Errorf("%s comes to %s %s, %+v", name, v.Status, text(v.OutputStatus), v.Error)
		}
	}
	once := must(r.RetryVerification(ctx, made["failed-once"].ID, false))
	verified("failed-once, retried,", once)
	r.told(t, "failed-once", once, client.InQueue, client.InProgress, client.Failed, client.InQueue, client.InProgress, client.Completed)
	if v := must(r.RetryVerification(ctx, made["failed"].ID, false)); v.Status != client.Failed {
		t.Errorf("failed, retried, comes to %s", v.Status)
	}
	goesOn := must(r.DecideFraud(ctx, made["fraud"].ID, true, "the original was shown"))
	verified("fraud, continued,", goesOn)
	r.told(t, "fraud", goesOn, client.InQueue, client.InProgress, client.FraudDetected, client.InProgress, client.Completed)
	again := must(r.RetryVerification(ctx, made["fraud"].ID, true))
	if again.Status != client.FraudDetected {
		t.Errorf("fraud, run again, comes to %s", again.Status)
	}
	if v, err := r.DecideFraud(ctx, made["fraud"].ID, false, "forged"); err != nil || v.Status != client.Failed || v.Error == nil || v.Error.Retryable {
		t.Errorf("fraud, rejected: %+v, %v", v, err)
	}
	if v, err := r.Review(ctx, made["need-review"].ID, client.NewReview{Decision: client.Approve, Reason: "seen"}); err != nil || v.Status != client.Completed {
		t.Errorf("need-review, approved: %+v, %v", v, err)
	}
	// A hit that was dismissed once is there again in the next verification.
	if v, err := r.DismissHit(ctx, made["pep"].ID, client.NewDismissal{EntityID: "SANDBOX-1", Reason: "somebody else"}); err != nil || text(v.OutputStatus) != "VERIFIED" {
		t.Errorf("pep, dismissed: %+v, %v", v, err)
	}
	v := r.verify(t, r.request("KTP_PEP", r.card(t, "PEP.png"), ""))
	if check(t, v, "watch_list").Code != "WATCH_LIST_MATCH" {
		t.Errorf("the next pep: %+v", v.Checks)
	}
	// DRAFT and CANCELLED come by the calls of that name.
	draft, err := r.CreateDraft(ctx, r.heard(r.request("KTP", r.card(t, "slow.png"), "")))
	if err != nil || draft.Status != client.Draft || !draft.Test {
		t.Fatalf("draft %+v, %v", draft, err)
	}
	if _, err := r.SubmitDraft(ctx, draft.ID); err != nil {
		t.Fatal(err)
	}
	cancelled, err := r.CancelVerification(ctx, draft.ID)
	if err != nil || cancelled.Status != client.Cancelled {
		t.Errorf("cancelled %+v, %v", cancelled, err)
	}
	refused, err := r.CreateDraft(ctx, r.request("KTP", r.card(t, "insufficient-balance.png"), ""))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.SubmitDraft(ctx, refused.ID); apiError(t, err).Code != "INSUFFICIENT_BALANCE" || apiError(t, err).StatusCode != http.StatusForbidden {
		t.Errorf("a draft that is refused: %v", err)
	}
	// PARTIALLY_COMPLETED is the status over a result.
	n := r.request("KTP", r.card(t, "failed.png"), "")
	n.ResultID = made["verified"].ResultID
	if v := r.verify(t, n); v.Status != client.Failed {
		t.Errorf("%+v", v)
	}
	if list, err := r.Verifications(ctx, n.ResultID, client.Page{}); err != nil || list.OverallStatus != client.PartiallyCompleted {
		t.Errorf("%s, %v", list.OverallStatus, err)
	}
}

// evidence of a scripted outcome proves itself like any other.
func (r rehearsal) evidence(t *testing.T, s *server, v client.Verification) {
	t.Helper()
	v = r.settled(t, v.ID)
	for _, want := range []string{`"test": true`, `"sandbox"`, `"characters"`, `"similarity"`, `"thresholds"`, `"policy_version"`} {
		if !bytes.Contains(download(t, r.Client, v.OutputFileURL), []byte(want)) {
			t.Errorf("the evidence lacks %s", want)
		}
	}
	download(t, r.Client, v.ExportFileURL)
	var b bytes.Buffer
	if err := r.Evidence(t.Context(), v.ResultID, &b); err != nil {
		t.Fatal(err)
	}
	found, err := export.CheckBundle(bytes.NewReader(b.Bytes()), int64(b.Len()), audit.Keys{s.Audit.PublicKey()})
	if err != nil || len(found.Findings) > 0 || !found.KeyTrusted {
		t.Errorf("the bundle: %+v, %v", found, err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := fs.ReadFile(z, "manifest.json")
	if err != nil || !bytes.Contains(manifest, []byte(`"test": true`)) {
		t.Errorf("the manifest: %s, %v", manifest, err)
	}
}

// screenings plays the rows that are for persons too.
func (r rehearsal) screenings(t *testing.T, rows []sandbox.Row) {
	for _, row := range rows {
		if !row.Person {
			continue
		}
		v, err := r.Screen(t.Context(), client.NewScreening{Name: strings.ReplaceAll(row.Name, "-", " ")})
		if row.Refused != "" {
			if e := apiError(t, err); e.Code != string(row.Refused) {
				t.Errorf("a person: %s is refused with %s", row.Name, e.Code)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		played(t, row, v)
	}
}

func slow(row sandbox.Row) bool {
	return row.Status == verification.InQueue || row.Status == verification.InProgress
}

func slowFirst(a, b sandbox.Row) int {
	switch {
	case slow(a) == slow(b):
		return 0
	case slow(a):
		return -1
	}
	return 1
}

// nikOf is the number on the card of a test verification.
func nikOf(t *testing.T, v client.Verification, r rehearsal) string {
	t.Helper()
	nik, err := r.Reveal(t.Context(), v.ID, "nik", "the test asks")
	if err != nil || nik == nil {
		t.Fatalf("nik %v, %v", nik, err)
	}
	return *nik
}
