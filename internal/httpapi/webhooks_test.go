package httpapi

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/client"
	"anycheck/internal/fault"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// says is a receiver that always answers the same.
func says(code int, body string) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		w.WriteHeader(code)
		io.WriteString(w, body)
		return w.Result(), nil
	}
}

// moves takes a verification through transitions, which announces them.
func (p *platform) moves(t *testing.T, v verificationView, to ...verification.Status) []uuid.UUID {
	t.Helper()
	var ids []uuid.UUID
	for _, s := range to {
		err := p.db.InTx(t.Context(), func(ctx context.Context, tx verification.Store) error {
			now := time.Now().UTC().Truncate(time.Microsecond)
			kept, err := tx.Verification(ctx, tenant.Everything(), v.ID)
			if err != nil {
				return err
			}
			e := verification.Event{ID: uuid.New(), VerificationID: v.ID, Kind: verification.StatusChanged, To: s, Attempt: 1, Actor: "system", At: now}
			if err := tx.UpdateVerification(ctx, tenant.Everything(), verification.Mark{Status: kept.Status, Attempt: kept.Attempt}, kept, &e); err != nil {
				return err
			}
			body, err := json.Marshal(map[string]any{"event": e.Kind, "id": e.ID, "sequence": e.Sequence, "status": s, "verification_id": v.ID})
			if err != nil {
				return err
			}
			ids = append(ids, e.ID)
			return tx.InsertDelivery(ctx, tenant.Everything(), verification.Delivery{ID: e.ID, VerificationID: v.ID, Sequence: e.Sequence, Body: body, URL: "https://hooks.example/x",
				Tenancy: verification.Tenancy{OrganizationID: p.a.group.OrganizationID, GroupID: p.a.group.ID}, State: verification.Pending, RoundAt: now, NextAt: &now, CreatedAt: now, UpdatedAt: now})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return ids
}

func (p *platform) deliverOne(t *testing.T, id uuid.UUID, round int) {
	t.Helper()
	if err := p.deliver.Deliver(t.Context(), id, round); err != nil && !fault.Is(err, fault.Unavailable) {
		t.Fatal(err)
	}
}

func TestDeliveryLog(t *testing.T) {
	p := newPlatform(t)
	c, ctx := p.client(t, client.WithAPIKey(p.a.key)), t.Context()
	v := p.verify(t)
	ids := p.moves(t, v, verification.InProgress, verification.Completed)
	p.answers = says(500, "<script>alert(1)</script>\xff")
	p.deliverOne(t, ids[0], 0)

	l, err := c.Deliveries(ctx, client.DeliveryFilter{VerificationID: v.ID.String(), From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour)}, client.Page{Size: 1})
	if err != nil || l.Total != 2 || len(l.Items) != 1 || l.Items[0].ID != ids[1].String() || l.Items[0].Status != client.Completed || l.Items[0].Event != "verification.status_changed" {
		t.Fatalf("log %+v, %v", l, err)
	}
	d, err := c.Delivery(ctx, ids[0].String())
	if err != nil || d.State != client.DeliveryPending || d.AttemptCount != 1 || d.NextAttemptAt == nil || len(d.Attempts) != 1 {
		t.Fatalf("delivery %+v, %v", d, err)
	}
	if a := d.Attempts[0]; a.Number != 1 || *a.HTTPStatus != 500 || a.Error != "The receiver answered 500." || a.Answer != "<script>alert(1)</script>\uFFFD" {
		t.Errorf("attempt %+v", a)
	}
	w := p.do("GET", "/webhooks/deliveries/"+ids[0].String(), "")
	if w.Header().Get("Content-Type") != "application/json" || strings.Contains(w.Body.String(), "hush") {
		t.Errorf("%s: %s", w.Header().Get("Content-Type"), w.Body)
	}

	// One that waits is tried now, under the same id; the job of the round
	// before finds nothing to do.
	if d, err = c.ReplayDelivery(ctx, ids[0].String()); err != nil || d.State != client.DeliveryPending || d.ReplayCount != 1 {
		t.Errorf("replayed %+v, %v", d, err)
	}
	p.answers = says(204, "")
	p.deliverOne(t, ids[0], 0)
	if d, _ = c.Delivery(ctx, ids[0].String()); d.AttemptCount != 1 {
		t.Errorf("the old round made an attempt: %+v", d)
	}
	p.deliverOne(t, ids[0], 1)
	p.deliverOne(t, ids[1], 0)
	if d, err = c.Delivery(ctx, ids[0].String()); err != nil || d.State != client.DeliveryDelivered || d.AttemptCount != 2 || d.NextAttemptAt != nil {
		t.Errorf("after the replay %+v, %v", d, err)
	}
	r, err := c.ReplayDeliveries(ctx, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), client.DeliveryDelivered)
	if err != nil || r != (client.Replayed{Replayed: 2}) {
		t.Errorf("replayed %+v, %v", r, err)
	}
	if r, err = c.ReplayDeliveries(ctx, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), client.DeliveryDead); err != nil || r != (client.Replayed{}) {
		t.Errorf("replayed %+v, %v", r, err)
	}
}

func TestDisabledWebhooks(t *testing.T) {
	p := newPlatform(t)
	c, ctx := p.client(t, client.WithAPIKey(p.a.key)), t.Context()
	v := p.verify(t)
	ids := p.moves(t, v, verification.InProgress, verification.Completed)
	p.answers = says(410, "")
	p.deliverOne(t, ids[0], 0)
	later := p.moves(t, v, verification.NeedReview)
	p.answers = func(*http.Request) (*http.Response, error) {
		t.Error("a disabled address was called")
		return nil, io.EOF
	}
	p.deliverOne(t, later[0], 0)
	dead, err := c.Deliveries(ctx, client.DeliveryFilter{State: client.DeliveryDead}, client.Page{})
	if err != nil || dead.Total != 1 || dead.Items[0].ID != ids[0].String() {
		t.Errorf("dead letters %+v, %v", dead, err)
	}
	missed, err := c.Deliveries(ctx, client.DeliveryFilter{State: client.DeliveryDisabled}, client.Page{})
	if err != nil || missed.Total != 2 {
		t.Errorf("missed %+v, %v", missed, err)
	}
	l, err := c.DisabledWebhooks(ctx, client.Page{})
	if err != nil || l.Total != 1 || l.Items[0].URL != "https://hooks.example/x" || l.Items[0].DeliveryID != ids[0].String() {
		t.Fatalf("disabled %+v, %v", l, err)
	}
	wantProblem(t, p.do("POST", "/webhooks/deliveries/"+ids[1].String()+"/replay", ""), http.StatusConflict, fault.CodeInvalidState)
	from, to := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	if r, err := c.ReplayDeliveries(ctx, from, to, ""); err != nil || r != (client.Replayed{Skipped: 3}) {
		t.Errorf("replayed %+v, %v", r, err)
	}
	wantProblem(t, p.asB("DELETE", "/webhooks/disabled/"+l.Items[0].ID, ""), http.StatusNotFound, fault.CodeNotFound)
	if err := c.EnableWebhook(ctx, l.Items[0].ID); err != nil {
		t.Fatal(err)
	}
	if r, err := c.ReplayDeliveries(ctx, from, to, client.DeliveryDisabled); err != nil || r != (client.Replayed{Replayed: 2}) {
		t.Errorf("replayed %+v, %v", r, err)
	}
}

func TestWebhookTest(t *testing.T) {
	p := newPlatform(t)
	c, ctx := p.client(t, client.WithAPIKey(p.a.key)), t.Context()
	var header http.Header
	var body []byte
	p.answers = func(r *http.Request) (*http.Response, error) {
		header = r.Header
		body, _ = io.ReadAll(r.Body)
		return says(202, "thanks")(r)
	}
	for _, status := range verification.AnnouncedStatuses() {
		got, err := c.TestWebhook(ctx, client.WebhookTest{URL: "https://hooks.example/x", Status: client.Status(status)})
		if at := got.Attempt.At; !at.Equal(at.Truncate(time.Microsecond)) {
			t.Errorf("at %s is finer than what the log of webhooks keeps", at)
		}
		if err != nil || got.Attempt.HTTPStatus == nil || *got.Attempt.HTTPStatus != 202 || got.Attempt.Answer != "thanks" || got.Attempt.Error != "" {
			t.Fatalf("%s: %+v, %v", status, got, err)
		}
		if err := client.VerifyWebhook(p.a.group.WebhookSecret, header, body, time.Minute); err != nil {
			t.Errorf("%s: %v", status, err)
		}
		var e client.WebhookEvent
		if err := json.Unmarshal(body, &e); err != nil || !e.Test || e.Status != client.Status(status) || e.ID != got.ID || e.PreviousStatus == "" {
			t.Errorf("%s: %+v, %v", status, e, err)
		}
	}
	got, err := c.TestWebhook(ctx, client.WebhookTest{URL: "https://hooks.example/x", Event: "screening.alert", Secret: "my own"})
	if err != nil || client.VerifyWebhook("my own", header, body, time.Minute) != nil || !strings.Contains(string(got.Body), `"screening.alert"`) {
		t.Errorf("an alert: %+v, %v", got, err)
	}
	p.answers = func(*http.Request) (*http.Response, error) {
		return nil, fault.New(fault.Unavailable, "The address is in a network that is not allowed.")
	}
	if got, err = c.TestWebhook(ctx, client.WebhookTest{URL: "https://hooks.example/x"}); err != nil || got.Attempt.HTTPStatus != nil || got.Attempt.Error != "The address is in a network that is not allowed." {
		t.Errorf("no answer: %+v, %v", got, err)
	}
	if l, err := c.Deliveries(ctx, client.DeliveryFilter{}, client.Page{}); err != nil || l.Total != 0 {
		t.Errorf("tests are in the log: %+v, %v", l, err)
	}
}

func TestBadWebhookRequests(t *testing.T) {
	p := newPlatform(t)
	p.moves(t, p.verify(t), verification.InProgress)
	p.answers = func(*http.Request) (*http.Response, error) { t.Error("called"); return nil, io.EOF }
	before := p.do("GET", "/webhooks/deliveries", "").Body.String()
	const some = "0198c0de-0000-7000-8000-000000000000"
	for _, tt := range []struct {
		method, target, body string
		status               int
		code                 fault.Code
		fields               []string
	}{
		{"GET", "/webhooks/deliveries?state=LOST", "", 400, fault.CodeInvalidValue, []string{"state"}},
		{"GET", "/webhooks/deliveries?verification_id=7", "", 400, fault.CodeInvalidID, []string{"verification_id"}},
		{"GET", "/webhooks/deliveries?from=yesterday", "", 400, fault.CodeInvalidRequest, []string{"from"}},
		{"GET", "/webhooks/deliveries?from=2026-02-02T00:00:00Z&to=2026-02-01T00:00:00Z", "", 400, fault.CodeInvalidValue, []string{"to"}},
		{"GET", "/webhooks/deliveries?page_size=101", "", 400, fault.CodeInvalidRequest, []string{"page_size"}},
		{"GET", "/webhooks/deliveries/" + some, "", 404, fault.CodeNotFound, nil},
		{"POST", "/webhooks/deliveries/" + some + "/replay", "", 404, fault.CodeNotFound, nil},
		{"POST", "/webhooks/deliveries/7/replay", "", 400, fault.CodeInvalidID, []string{"id"}},
		{"POST", "/webhooks/replay", `{}`, 400, fault.CodeInvalidRequest, []string{"from", "to"}},
		{"POST", "/webhooks/replay", `{"from":"2026-02-02T00:00:00Z","to":"2026-02-02T00:00:00Z"}`, 400, fault.CodeInvalidValue, []string{"to"}},
		{"POST", "/webhooks/replay", `{"from":"2026-02-02T00:00:00Z","to":"2126-02-02T00:00:00Z","state":"LOST"}`, 400, fault.CodeInvalidValue, []string{"state"}},
		{"POST", "/webhooks/replay", `{"from":"2026-02-02","to":"2126-02-02T00:00:00Z"}`, 400, fault.CodeInvalidRequest, []string{"from"}},
		{"POST", "/webhooks/test", `{}`, 400, fault.CodeInvalidRequest, []string{"url"}},
		{"POST", "/webhooks/test", `{"url":"http://127.0.0.1/"}`, 400, fault.CodeInvalidRequest, []string{"url"}},
		{"POST", "/webhooks/test", `{"url":"https://x.example/","status":"IN_QUEUE"}`, 400, fault.CodeInvalidValue, []string{"status"}},
		{"POST", "/webhooks/test", `{"url":"https://x.example/","event":"other"}`, 400, fault.CodeInvalidValue, []string{"event"}},
		{"POST", "/webhooks/test", `{"url":"https://x.example/","webhook_secret":"whsec_?"}`, 400, fault.CodeInvalidRequest, []string{"webhook_secret"}},
		{"POST", "/webhooks/test", `{"url":"https://x.example/","colour":"red"}`, 400, fault.CodeInvalidRequest, []string{"colour"}},
		{"DELETE", "/webhooks/disabled/" + some, "", 404, fault.CodeNotFound, nil},
		{"GET", "/events?after=x", "", 400, fault.CodeInvalidValue, []string{"after"}},
		{"GET", "/events?after=AAAAAAAAAAAAAAAAAAAAAA", "", 400, fault.CodeInvalidValue, []string{"after"}},
		{"GET", "/events?after=" + p.server.signer.cursor(1<<40), "", 400, fault.CodeInvalidValue, []string{"after"}},
		{"GET", "/events?limit=0", "", 400, fault.CodeInvalidRequest, []string{"limit"}},
		{"GET", "/events?limit=501", "", 400, fault.CodeInvalidRequest, []string{"limit"}},
	} {
		t.Run(tt.method+" "+tt.target+" "+tt.body, func(t *testing.T) {
			wantProblem(t, p.do(tt.method, tt.target, tt.body), tt.status, tt.code, tt.fields...)
		})
	}
	if after := p.do("GET", "/webhooks/deliveries", "").Body.String(); after != before {
		t.Errorf("the log has changed:\n%s\n%s", before, after)
	}
	_, key, err := p.auth.CreateKey(t.Context(), p.a.user, newReadOnlyKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, route := range []string{"GET /webhooks/deliveries", "GET /webhooks/deliveries/" + some, "GET /webhooks/disabled", "GET /events",
		"POST /webhooks/deliveries/" + some + "/replay", "DELETE /webhooks/disabled/" + some} {
		method, path, _ := strings.Cut(route, " ")
		wantProblem(t, p.do(method, path, "", "X-API-Key", key), http.StatusForbidden, fault.CodeForbidden)
	}
}

func TestRotateWebhookSecret(t *testing.T) {
	p := newPlatform(t)
	ctx := t.Context()
	route := "/groups/" + p.a.group.ID.String() + "/webhook-secret/rotate"
	live := func() []string {
		t.Helper()
		s, err := p.db.GroupSecrets(ctx, tenant.Everything(), p.a.group.ID, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	wantProblem(t, p.do("POST", route, `{}`), http.StatusForbidden, fault.CodeForbidden) // a key
	owner := func(email string) *client.Client {
		t.Helper()
		if err := p.auth.SetPassword(ctx, email, testPassword); err != nil {
			t.Fatal(err)
		}
		c := p.client(t)
		if _, err := c.Login(ctx, email, testPassword); err != nil {
			t.Fatal(err)
		}
		return c
	}
	c, stranger := owner(p.a.user.Email), owner(p.b.user.Email)
	if _, err := stranger.RotateWebhookSecret(ctx, p.a.group.ID.String(), 0); !client.IsCode(err, "NOT_FOUND") {
		t.Errorf("a stranger: %v", err)
	}
	if _, err := c.RotateWebhookSecret(ctx, p.a.group.ID.String(), 8*24*time.Hour); !client.IsCode(err, "INVALID_REQUEST") {
		t.Errorf("too long an overlap: %v", err)
	}
	if got := live(); len(got) != 1 || got[0] != p.a.group.WebhookSecret {
		t.Fatalf("refusals changed the secrets: %d", len(got))
	}
	r, err := c.RotateWebhookSecret(ctx, p.a.group.ID.String(), 24*time.Hour)
	if err != nil || !strings.HasPrefix(r.WebhookSecret, "whsec_") || time.Until(r.PreviousValidUntil) < 23*time.Hour {
		t.Fatalf("rotated %+v, %v", r, err)
	}
	if got := live(); len(got) != 2 || got[0] != r.WebhookSecret || got[1] != p.a.group.WebhookSecret {
		t.Errorf("%d secrets", len(got))
	}
	if _, err := c.RotateWebhookSecret(ctx, p.a.group.ID.String(), 0); err != nil || len(live()) != 1 || live()[0] == r.WebhookSecret {
		t.Errorf("without an overlap: %v", err)
	}
	if strings.Contains(p.log.String(), "whsec_") {
		t.Error("a secret is in the log")
	}
}

func TestFeed(t *testing.T) {
	p := newPlatform(t)
	ctx := t.Context()
	c := p.client(t, client.WithAPIKey(p.a.key))
	page, err := c.Feed(ctx, "", 0)
	if err != nil || len(page.Items) != 0 || page.HasMore || page.Next != "" {
		t.Fatalf("an empty feed %+v, %v", page, err)
	}
	v := p.verify(t) // IN_QUEUE, which no webhook tells
	ids := p.moves(t, v, verification.InProgress, verification.Completed)
	var seen []string
	var after string
	for {
		page, err := c.Feed(ctx, after, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Items {
			if e.VerificationID != v.ID.String() || e.Sequence != len(seen)+1 {
				t.Errorf("event %+v", e)
			}
			seen = append(seen, string(e.Status)+" "+e.ID)
		}
		after = page.Next
		if !page.HasMore {
			break
		}
	}
	if len(seen) != 3 || !strings.HasPrefix(seen[0], "IN_QUEUE ") || seen[1] != "IN_PROGRESS "+ids[0].String() || seen[2] != "COMPLETED "+ids[1].String() {
		t.Errorf("feed %q", seen)
	}
	// Nothing new: the cursor stays.
	if page, err = c.Feed(ctx, after, 0); err != nil || len(page.Items) != 0 || page.Next != after {
		t.Errorf("at the end %+v, %v", page, err)
	}
	// The body is the webhook's to the byte; the first one's is made as it would be.
	w := decode[struct{ Items []json.RawMessage }](t, p.do("GET", "/events", ""), http.StatusOK)
	d, err := p.db.Delivery(ctx, tenant.Everything(), ids[1])
	if err != nil || string(w.Items[2]) != string(d.Body) {
		t.Errorf("%s, want %s (%v)", w.Items[2], d.Body, err)
	}
	want := []string{"event", "timestamp", "id", "sequence", "verification_id", "result_id", "folder_id", "previous_status", "status", "output_status", "service", "output", "error", "webhook_metadata", "execution_time", "credit_used", "test"}
	if got := keysOf(t, w.Items[0]); strings.Join(got, " ") != strings.Join(want, " ") || strings.Contains(string(w.Items[0]), "hush") {
		t.Errorf("fields %q of %s", got, w.Items[0])
	}
	if page, err = p.client(t, client.WithAPIKey(p.b.key)).Feed(ctx, "", 0); err != nil || len(page.Items) != 0 {
		t.Errorf("another tenant reads %+v, %v", page, err)
	}
}

func TestCursors(t *testing.T) {
	s, other := signer{key: []byte("a key")}, signer{key: []byte("another")}
	seen := map[string]bool{}
	for _, place := range []int64{0, 1, 2, 3, 1000, 1 << 40} {
		c := s.cursor(place)
		if got, err := s.place(c); err != nil || got != place {
			t.Errorf("%d became %d, %v", place, got, err)
		}
		if _, err := other.place(c); err == nil {
			t.Error("another key's cursor was taken")
		}
		if seen[c[:8]] || seen[c[14:]] {
			t.Errorf("%s shows that it is near another", c)
		}
		seen[c[:8]], seen[c[14:]] = true, true
	}
}

func FuzzCursor(f *testing.F) {
	s := signer{key: []byte("a key")}
	f.Add(s.cursor(7))
	f.Add("AAAA")
	f.Add("=")
	f.Fuzz(func(t *testing.T, cursor string) {
		if place, err := s.place(cursor); err == nil && cursor != "" && s.cursor(place) != cursor {
			t.Errorf("%q was taken for place %d", cursor, place)
		}
	})
}
