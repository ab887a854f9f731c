package webhook

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// lockedStore is a store that several workers use.
type lockedStore struct {
	mu sync.Mutex
	store
}

func (s *lockedStore) Delivery(ctx context.Context, scope tenant.Scope, id uuid.UUID) (verification.Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store.Delivery(ctx, scope, id)
}

func (s *lockedStore) EarlierPending(ctx context.Context, scope tenant.Scope, d verification.Delivery) (bool, error) {
	return false, nil
}

func (s *lockedStore) HoldDisabled(context.Context, tenant.Scope, verification.Delivery, time.Time) (bool, error) {
	return false, nil
}

func (s *lockedStore) RecordAttempt(ctx context.Context, scope tenant.Scope, d verification.Delivery, a verification.DeliveryAttempt) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store.RecordAttempt(ctx, scope, d, a)
}

// During a rotation both secrets sign; the reference library finds its own.
func TestTwoSecretsSign(t *testing.T) {
	old := "whsec_" + strings.Repeat("QUJD", 8)
	var header http.Header
	var body []byte
	client := answer(func(r *http.Request) (*http.Response, error) {
		header = r.Header
		body, _ = io.ReadAll(r.Body)
		return status(204)(r)
	})
	s := &store{secret: "whsec_" + strings.Repeat("WFla", 8), previous: old}
	id := s.add(verification.Delivery{URL: "https://example.com/"})
	if err := deliverer(s, client).Deliver(t.Context(), id, 0); err != nil {
		t.Fatal(err)
	}
	if n := len(strings.Split(header.Get(HeaderSignature), " ")); n != 2 {
		t.Errorf("%d signatures: %s", n, header.Get(HeaderSignature))
	}
	for _, secret := range []string{s.secret, old} {
		if err := Verify(header, body, secret, time.Now()); err != nil {
			t.Errorf("Verify: %v", err)
		}
		receiver, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		if err := receiver.Verify(body, header); err != nil {
			t.Errorf("the reference library: %v", err)
		}
	}
	// A caller's own secret signs alone.
	id = s.add(verification.Delivery{URL: "https://example.com/", Secret: "own"})
	if err := deliverer(s, client).Deliver(t.Context(), id, 0); err != nil || Verify(header, body, "own", time.Now()) != nil || strings.Contains(header.Get(HeaderSignature), " ") {
		t.Errorf("%v, %s", err, header.Get(HeaderSignature))
	}
}

// What the receiver answers is kept up to 64 KiB, whatever it is.
func TestAnswersAreKept(t *testing.T) {
	s := &store{secret: "s"}
	long := strings.Repeat("<script>\x00\xff", 10_000)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, long)
	}))
	defer receiver.Close()
	id := s.add(verification.Delivery{URL: receiver.URL})
	if err := deliverer(s, receiver.Client()).Deliver(t.Context(), id, 0); err == nil {
		t.Error("a 400 was taken for a success")
	}
	if got := string(s.attempts[0].Answer); got != long[:maxAnswer] {
		t.Errorf("%d bytes kept, want %d", len(got), maxAnswer)
	}
}

// After a 410 nothing more goes to the address, and only there.
func TestGoneDisables(t *testing.T) {
	s := &store{secret: "s"}
	calls := 0
	client := answer(func(r *http.Request) (*http.Response, error) {
		calls++
		return status(410)(r)
	})
	d := deliverer(s, client)
	first, second := s.add(verification.Delivery{URL: "https://example.com/a"}), s.add(verification.Delivery{URL: "https://example.com/a"})
	other := s.add(verification.Delivery{URL: "https://example.com/b"})
	for _, id := range []uuid.UUID{first, second, other} {
		if err := d.Deliver(t.Context(), id, 0); err != nil {
			t.Error(err)
		}
	}
	for id, want := range map[uuid.UUID]verification.DeliveryState{first: verification.Dead, second: verification.Disabled, other: verification.Dead} {
		if got := s.deliveries[id].State; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if calls != 2 {
		t.Errorf("%d calls, want 2", calls)
	}
}

// A job of an earlier round has nothing to do; the schedule of a round begins
// anew, however many attempts were made before.
func TestRounds(t *testing.T) {
	s := &store{secret: "s"}
	id := s.add(verification.Delivery{URL: "https://example.com/", Attempts: 10, Round: 1, RoundAttempts: 10})
	d := deliverer(s, status(500))
	if err := d.Deliver(t.Context(), id, 0); err != nil || len(s.attempts) != 0 {
		t.Errorf("an old round: %v, %d attempts", err, len(s.attempts))
	}
	if err := d.Deliver(t.Context(), id, 1); err == nil || s.deliveries[id].State != verification.Pending || s.attempts[0].Number != 11 {
		t.Errorf("the new round: %v, %+v", err, s.deliveries[id])
	}
}

func TestSamples(t *testing.T) {
	var header http.Header
	var body []byte
	s := &store{}
	d := deliverer(s, answer(func(r *http.Request) (*http.Response, error) {
		header = r.Header
		body, _ = io.ReadAll(r.Body)
		return status(418)(r)
	}))
	send := func(test Test) map[string]any {
		t.Helper()
		test.URL = "https://example.com/"
		got, err := d.Sample(t.Context(), test, "new", "old")
		if err != nil || got.Attempt.HTTPStatus != 418 || got.Attempt.Error == "" || header.Get(HeaderID) != got.ID.String() || string(got.Body) != string(body) {
			t.Fatalf("%+v: %+v, %v", test, got, err)
		}
		for _, secret := range []string{"new", "old"} {
			if err := Verify(header, body, secret, time.Now()); err != nil {
				t.Error(err)
			}
		}
		var told map[string]any
		if err := json.Unmarshal(body, &told); err != nil {
			t.Fatal(err)
		}
		if told["test"] != true || told["id"] != got.ID.String() || told["verification_id"] == "" {
			t.Errorf("sample %s", body)
		}
		return told
	}
	if got := verification.AnnouncedStatuses(); len(got) != 8 {
		t.Errorf("announced: %v", got)
	}
	for _, status := range verification.AnnouncedStatuses() {
		told := send(Test{Status: status})
		if told["event"] != "verification.status_changed" || told["status"] != string(status) || told["previous_status"] == "" {
			t.Errorf("%s: %s", status, body)
		}
		if ends := status == verification.Failed || status == verification.PartiallyFailed; (told["error"] != nil) != ends {
			t.Errorf("%s: %s", status, body)
		}
	}
	if told := send(Test{}); told["status"] != "COMPLETED" {
		t.Errorf("without a status: %s", body)
	}
	if told := send(Test{Event: verification.ScreeningAlert}); told["event"] != "screening.alert" || len(told["matches"].([]any)) != 1 {
		t.Errorf("an alert: %s", body)
	}
	for _, bad := range []Test{{Status: verification.Draft}, {Status: "NONE"}, {Event: "other"}} {
		if _, err := d.Sample(t.Context(), bad, "s"); err == nil {
			t.Errorf("%+v was sent", bad)
		}
	}
	if len(s.deliveries) != 0 || len(s.attempts) != 0 {
		t.Error("a test was kept")
	}
}
