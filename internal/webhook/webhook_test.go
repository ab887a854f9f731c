package webhook

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// The example of the specification's own test suite.
func TestHeadersOfTheSpecification(t *testing.T) {
	h := Headers("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if got := h.Get(HeaderSignature); got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("signature %s", got)
	}
	if got := h.Get(HeaderTimestamp); got != "1614265330" {
		t.Errorf("timestamp %s", got)
	}
}

func TestReceiversVerify(t *testing.T) {
	now := time.Now()
	body := []byte(`{"event":"verification.status_changed"}`)
	for name, secret := range map[string]string{
		"plain bytes":         "a secret of the caller's own",
		"base64":              "whsec_" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef")),
		"a prefix, no base64": "whsec_not base64!",
	} {
		t.Run(name, func(t *testing.T) {
			h := Headers("id", now, body, secret)
			receiver, err := standardwebhooks.NewWebhookRaw([]byte(secret))
			if name == "base64" {
				receiver, err = standardwebhooks.NewWebhook(secret)
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := receiver.Verify(body, h); err != nil {
				t.Errorf("the reference library: %v", err)
			}
			if err := Verify(h, body, secret, now); err != nil {
				t.Errorf("Verify: %v", err)
			}
		})
	}
}

func TestVerifyRefuses(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	body := []byte(`{}`)
	good := func() http.Header { return Headers("id", at, body, "secret") }
	rotated := good()
	rotated.Set(HeaderSignature, "v1,AAAA v1a,zzz "+good().Get(HeaderSignature))
	without := func(name string) http.Header { h := good(); h.Del(name); return h }
	tests := []struct {
		name   string
		header http.Header
		body   string
		secret string
		now    time.Time
		want   error
	}{
		{"as sent", good(), `{}`, "secret", at, nil},
		{"one of several signatures", rotated, `{}`, "secret", at, nil},
		{"5 minutes later", good(), `{}`, "secret", at.Add(5 * time.Minute), nil},
		{"later than that", good(), `{}`, "secret", at.Add(5*time.Minute + time.Second), ErrTimestamp},
		{"from the future", good(), `{}`, "secret", at.Add(-6 * time.Minute), ErrTimestamp},
		{"another body", good(), `{ }`, "secret", at, ErrSignature},
		{"another secret", good(), `{}`, "Secret", at, ErrSignature},
		{"no id", without(HeaderID), `{}`, "secret", at, ErrHeaders},
		{"no timestamp", without(HeaderTimestamp), `{}`, "secret", at, ErrHeaders},
		{"no signature", without(HeaderSignature), `{}`, "secret", at, ErrSignature},
	}
	for _, tt := range tests {
		if err := Verify(tt.header, []byte(tt.body), tt.secret, tt.now); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestNext(t *testing.T) {
	var low, middle, high time.Duration
	attempts := 0
	for ; ; attempts++ {
		wait, more := Next(attempts, 0.5)
		if !more {
			break
		}
		middle += wait
		l, _ := Next(attempts, 0)
		h, _ := Next(attempts, 0.999999)
		low, high = low+l, high+h
	}
	if want := 75*time.Hour + 35*time.Minute + 5*time.Second; attempts != 10 || middle != want {
		t.Errorf("%d attempts over %v, want 10 over %v", attempts, middle, want)
	}
	if l, h := float64(low)/float64(middle), float64(high)/float64(middle); l != 0.9 || h < 1.0999 || h >= 1.1 {
		t.Errorf("jitter from %g to %g", l, h)
	}
	if wait, _ := Next(1, 0.5); wait != 5*time.Second {
		t.Errorf("after the first failure %v, want 5s", wait)
	}
}

// store holds the deliveries of one group.
type store struct {
	verification.Webhooks
	deliveries map[uuid.UUID]verification.Delivery
	attempts   []verification.DeliveryAttempt
	secret     string
	previous   string
	disabled   map[string]bool
}

func (s *store) Delivery(_ context.Context, _ tenant.Scope, id uuid.UUID) (verification.Delivery, error) {
	d, ok := s.deliveries[id]
	if !ok {
		return d, fault.New(fault.NotFound, "There is no such webhook.")
	}
	return d, nil
}

func (s *store) EarlierPending(_ context.Context, _ tenant.Scope, d verification.Delivery) (bool, error) {
	for _, o := range s.deliveries {
		if o.VerificationID == d.VerificationID && o.Sequence < d.Sequence && o.State == verification.Pending {
			return true, nil
		}
	}
	return false, nil
}

func (s *store) RecordAttempt(ctx context.Context, _ tenant.Scope, d verification.Delivery, a verification.DeliveryAttempt) error {
	s.deliveries[d.ID] = d
	s.attempts = append(s.attempts, a)
	return ctx.Err()
}

func (s *store) GroupSecrets(context.Context, tenant.Scope, uuid.UUID, time.Time) ([]string, error) {
	var live []string
	for _, secret := range []string{s.secret, s.previous} {
		if secret != "" {
			live = append(live, secret)
		}
	}
	return live, nil
}

func (s *store) HoldDisabled(_ context.Context, _ tenant.Scope, d verification.Delivery, _ time.Time) (bool, error) {
	if !s.disabled[d.URL] {
		return false, nil
	}
	d.State = verification.Disabled
	s.deliveries[d.ID] = d
	return true, nil
}

func (s *store) DisableAddress(_ context.Context, _ tenant.Scope, d verification.Delivery, _ time.Time) error {
	if s.disabled == nil {
		s.disabled = map[string]bool{}
	}
	s.disabled[d.URL] = true
	return nil
}

func (s *store) add(d verification.Delivery) uuid.UUID {
	d.ID, d.State = uuid.New(), verification.Pending
	if d.Body == nil {
		d.Body = []byte(`{"event":"verification.status_changed"}`)
	}
	if s.deliveries == nil {
		s.deliveries = map[uuid.UUID]verification.Delivery{}
	}
	s.deliveries[d.ID] = d
	return d.ID
}

// answer is a client whose receiver always says the same.
type answer func(*http.Request) (*http.Response, error)

func (a answer) Do(r *http.Request) (*http.Response, error) { return a(r) }

func status(code int, header ...string) answer {
	return func(*http.Request) (*http.Response, error) {
		res := httptest.NewRecorder()
		for i := 0; i+1 < len(header); i += 2 {
			res.Header().Set(header[i], header[i+1])
		}
		res.WriteHeader(code)
		return res.Result(), nil
	}
}

func deliverer(s *store, c Doer) *Deliverer {
	d := NewDeliverer(s, c, "1.2.3")
	d.random = func() float64 { return 0.5 }
	return d
}

func TestDelivered(t *testing.T) {
	var got *http.Request
	var body []byte
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
	}))
	defer receiver.Close()
	s := &store{secret: "the group's"}
	for _, tt := range []struct{ own, signs string }{{"", "the group's"}, {"my own", "my own"}} {
		id := s.add(verification.Delivery{URL: receiver.URL + "/hook?x=1", Secret: tt.own})
		if err := deliverer(s, receiver.Client()).Deliver(t.Context(), id, 0); err != nil {
			t.Fatal(err)
		}
		d := s.deliveries[id]
		if d.State != verification.Delivered || d.Attempts != 1 {
			t.Errorf("state %s after %d attempts", d.State, d.Attempts)
		}
		if a := s.attempts[len(s.attempts)-1]; a.HTTPStatus != 202 || a.Error != "" || a.Number != 1 {
			t.Errorf("attempt %+v", a)
		}
		if got.Method != http.MethodPost || got.URL.String() != "/hook?x=1" || string(body) != string(d.Body) ||
			got.Header.Get("Content-Type") != "application/json" || got.Header.Get("User-Agent") != "AnyCheck/1.2.3" {
			t.Errorf("%s %s %v %s", got.Method, got.URL, got.Header, body)
		}
		if got.Header.Get(HeaderID) != id.String() {
			t.Errorf("webhook-id %s", got.Header.Get(HeaderID))
		}
		if err := Verify(got.Header, body, tt.signs, time.Now()); err != nil {
			t.Errorf("signed with %q: %v", tt.signs, err)
		}
	}
}

func TestAttemptsThatFail(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tests := []struct {
		name   string
		before int // attempts made already
		client Doer
		state  verification.DeliveryState
		wait   time.Duration
		status int
		text   string
	}{
		{"a server error", 0, status(500), verification.Pending, 5 * time.Second, 500, "The receiver answered 500."},
		{"a client error", 1, status(404), verification.Pending, 5 * time.Minute, 404, "The receiver answered 404."},
		{"a redirect", 0, status(302, "Location", "http://inside/"), verification.Pending, 5 * time.Second, 302, "The receiver answered 302; redirects are not followed."},
		{"gone", 0, status(410), verification.Dead, 0, 410, "The receiver answered 410: it wants no more webhooks."},
		{"the last one", 9, status(500), verification.Dead, 0, 500, "The receiver answered 500."},
		{"busy for a minute", 0, status(429, "Retry-After", "60"), verification.Pending, time.Minute, 429, "The receiver answered 429."},
		{"busy until a date", 0, status(503, "Retry-After", now.Add(time.Hour).Format(http.TimeFormat)), verification.Pending, time.Hour, 503, "The receiver answered 503."},
		{"busy for less than the schedule", 2, status(429, "Retry-After", "1"), verification.Pending, 30 * time.Minute, 429, "The receiver answered 429."},
		{"busy for years", 0, status(429, "Retry-After", "2000000000"), verification.Pending, 24 * time.Hour, 429, "The receiver answered 429."},
		{"busy for nonsense", 0, status(429, "Retry-After", "soon"), verification.Pending, 5 * time.Second, 429, "The receiver answered 429."},
		{"a wish of any other", 0, status(500, "Retry-After", "60"), verification.Pending, time.Minute, 500, "The receiver answered 500."},
		{"a wish with a redirect", 0, status(307, "Retry-After", "60", "Location", "http://inside/"), verification.Pending, time.Minute, 307, "The receiver answered 307; redirects are not followed."},
		{"a wish in the past", 0, status(503, "Retry-After", now.Add(-time.Hour).Format(http.TimeFormat)), verification.Pending, 5 * time.Second, 503, "The receiver answered 503."},
		{"a wish after the last one", 9, status(503, "Retry-After", "60"), verification.Dead, 0, 503, "The receiver answered 503."},
		{"gone, with a wish", 0, status(410, "Retry-After", "60"), verification.Dead, 0, 410, "The receiver answered 410: it wants no more webhooks."},
		{"an overloaded proxy", 0, status(502), verification.Pending, 5 * time.Second, 502, "The receiver answered 502."},
		{"no answer", 0, answer(func(*http.Request) (*http.Response, error) {
			return nil, fault.New(fault.Unavailable, "No answer came in time.")
		}), verification.Pending, 5 * time.Second, 0, "No answer came in time."},
		{"an error nobody explained", 0, answer(func(*http.Request) (*http.Response, error) {
			return nil, errors.New("dial 10.0.0.1")
		}), verification.Pending, 5 * time.Second, 0, fault.From(errors.New("")).Message},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &store{secret: "s"}
			id := s.add(verification.Delivery{URL: "https://example.com/", Attempts: tt.before})
			d := deliverer(s, tt.client)
			d.now = func() time.Time { return now }
			err := d.Deliver(t.Context(), id, 0)
			if got := s.deliveries[id]; got.State != tt.state || got.Attempts != tt.before+1 {
				t.Errorf("state %s after %d attempts, want %s", got.State, got.Attempts, tt.state)
			}
			if got := s.deliveries[id].NextAt; (tt.wait == 0) != (got == nil) || got != nil && !got.Equal(now.Add(tt.wait)) {
				t.Errorf("next at %v, want after %v", got, tt.wait)
			}
			if got := s.disabled["https://example.com/"]; got != (tt.status == 410) {
				t.Errorf("disabled: %v", got)
			}
			if a := s.attempts[0]; a.HTTPStatus != tt.status || a.Error != tt.text || a.Number != tt.before+1 || !a.At.Equal(now) {
				t.Errorf("attempt %+v, want %d %q", a, tt.status, tt.text)
			}
			if tt.state == verification.Dead {
				if err != nil {
					t.Errorf("given up, but %v", err)
				}
				return
			}
			if e := fault.From(err); err == nil || e.Kind != fault.Unavailable || e.RetryAfter != tt.wait || strings.Contains(e.Message, "10.0.0.1") {
				t.Errorf("got %v, again after %v; want %v", err, fault.From(err).RetryAfter, tt.wait)
			}
		})
	}
}

// A receiver that is down for ten hours gets the webhook when it is back, and
// the next one of the same verification only then.
func TestOrderOverDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var order []string
		client := answer(func(r *http.Request) (*http.Response, error) {
			if time.Since(start) < 10*time.Hour {
				return status(503)(r)
			}
			order = append(order, r.Header.Get(HeaderID))
			return status(200)(r)
		})
		s := &store{secret: "s"}
		person := uuid.New()
		second := s.add(verification.Delivery{VerificationID: person, Sequence: 3, URL: "https://example.com/", CreatedAt: start})
		first := s.add(verification.Delivery{VerificationID: person, Sequence: 2, URL: "https://example.com/", CreatedAt: start})
		other := s.add(verification.Delivery{VerificationID: uuid.New(), Sequence: 9, URL: "https://example.com/", CreatedAt: start})
		d := deliverer(s, client)
		due := map[uuid.UUID]time.Time{first: start, second: start, other: start}
		runs := 0
		for len(due) > 0 {
			for _, id := range []uuid.UUID{second, first, other} {
				at, ok := due[id]
				if !ok || time.Now().Before(at) {
					continue
				}
				runs++
				err := d.Deliver(t.Context(), id, 0)
				if err == nil {
					delete(due, id)
					continue
				}
				e := fault.From(err)
				if e.RetryAfter < time.Second {
					t.Fatalf("%v: again after %v", err, e.RetryAfter)
				}
				if id == second && e.Kind != fault.Exhausted {
					t.Fatalf("the second was tried before the first: %v", err)
				}
				due[id] = time.Now().Add(e.RetryAfter)
			}
			time.Sleep(time.Second) // of the bubble's clock
		}
		if len(order) != 3 || order[2] != second.String() {
			t.Errorf("arrived: %v", order)
		}
		if held := time.Since(start); held > 18*time.Hour {
			t.Errorf("all was delivered after %v", held)
		}
		if runs > 300 {
			t.Errorf("%d runs of the queue for three webhooks", runs)
		}
	})
}

func TestNothingToDo(t *testing.T) {
	never := answer(func(*http.Request) (*http.Response, error) { return nil, errors.New("called") })
	s := &store{secret: "s"}
	for _, state := range []verification.DeliveryState{verification.Delivered, verification.Dead} {
		id := s.add(verification.Delivery{URL: "https://example.com/"})
		d := s.deliveries[id]
		d.State = state
		s.deliveries[id] = d
		if err := deliverer(s, never).Deliver(t.Context(), id, 0); err != nil || len(s.attempts) != 0 {
			t.Errorf("%s: %v, %d attempts", state, err, len(s.attempts))
		}
	}
	if err := deliverer(s, never).Deliver(t.Context(), uuid.New(), 0); !fault.Is(err, fault.NotFound) {
		t.Errorf("an unknown one: %v", err)
	}
}

func TestNeverUnsigned(t *testing.T) {
	s := &store{}
	id := s.add(verification.Delivery{URL: "https://example.com/"})
	if err := deliverer(s, status(200)).Deliver(t.Context(), id, 0); err == nil || s.deliveries[id].State != verification.Pending {
		t.Errorf("without a secret: %v", err)
	}
}

// Our own stopping is no failure of the receiver; its answer is kept all the same.
func TestStopping(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &store{secret: "s"}
	id := s.add(verification.Delivery{URL: "https://example.com/"})
	stopped := answer(func(r *http.Request) (*http.Response, error) { cancel(); return nil, r.Context().Err() })
	if err := deliverer(s, stopped).Deliver(ctx, id, 0); !errors.Is(err, context.Canceled) || len(s.attempts) != 0 {
		t.Errorf("%v, %d attempts", err, len(s.attempts))
	}
	ctx, cancel = context.WithCancel(t.Context())
	answered := answer(func(r *http.Request) (*http.Response, error) { cancel(); return status(200)(r) })
	if err := deliverer(s, answered).Deliver(ctx, id, 0); err != nil || s.deliveries[id].State != verification.Delivered {
		t.Errorf("%v, state %s", err, s.deliveries[id].State)
	}
}

func FuzzVerify(f *testing.F) {
	now := time.Unix(1_700_000_000, 0)
	good := Headers("id", now, []byte("{}"), "secret")
	f.Add("id", good.Get(HeaderTimestamp), good.Get(HeaderSignature), []byte("{}"))
	f.Add("", "9999999999999999999", "v1, v1,= v2,AA==", []byte(nil))
	f.Fuzz(func(t *testing.T, id, timestamp, signature string, body []byte) {
		h := http.Header{}
		h.Set(HeaderID, id)
		h.Set(HeaderTimestamp, timestamp)
		h.Set(HeaderSignature, signature)
		if Verify(h, body, "another secret", now) == nil {
			t.Fatal("a webhook that nobody signed was taken")
		}
	})
}
