package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// inProcess serves requests without a network.
type inProcess struct{ h http.Handler }

func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	defer r.Body.Close()
	w := httptest.NewRecorder()
	t.h.ServeHTTP(w, r)
	return w.Result(), nil
}

func newClient(t *testing.T, h http.Handler, options ...Option) *Client {
	t.Helper()
	c, err := New("http://anycheck.test/", append(options, WithTransport(inProcess{h}))...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func answer(w http.ResponseWriter, status int, v any) {
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

func TestNew(t *testing.T) {
	for _, bad := range []string{"", "anycheck.example", "ftp://x", "http://", "://"} {
		if _, err := New(bad); err == nil {
			t.Errorf("New(%q) took it", bad)
		}
	}
}

// accounts is a server of sessions: it counts the refreshes and takes only
// the access token given last.
type accounts struct {
	mu        sync.Mutex
	n         int // tokens given out
	expiresIn int
	expired   bool // the current access token
}

func (a *accounts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var in map[string]string
	json.NewDecoder(r.Body).Decode(&in)
	switch r.URL.Path {
	case "/auth/login", "/auth/refresh":
		if r.URL.Path == "/auth/refresh" && in["refresh_token"] != fmt.Sprint("refresh", a.n) {
			answer(w, 401, map[string]string{"error_code": "INVALID_TOKEN", "message": "reused"})
			return
		}
		a.n, a.expired = a.n+1, false
		answer(w, 200, Tokens{fmt.Sprint("access", a.n), fmt.Sprint("refresh", a.n), a.expiresIn})
	case "/folders":
		if a.expired || r.Header.Get("Authorization") != fmt.Sprint("Bearer access", a.n) {
			answer(w, 401, map[string]string{"error_code": "TOKEN_EXPIRED", "message": "expired"})
			return
		}
		answer(w, 201, Folder{Name: in["name"]})
	}
}

func TestSessionIsRenewed(t *testing.T) {
	ctx := t.Context()
	t.Run("before it ends", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := &accounts{expiresIn: 3600}
			c := newClient(t, s)
			if _, err := c.Login(t.Context(), "a@example.com", "x"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour - renewBefore - time.Second)
			if _, err := c.CreateFolder(t.Context(), "early"); err != nil || s.n != 1 {
				t.Errorf("%v after %d tokens", err, s.n)
			}
			time.Sleep(2 * time.Second)
			if _, err := c.CreateFolder(t.Context(), "late"); err != nil || s.n != 2 {
				t.Errorf("%v after %d tokens", err, s.n)
			}
		})
	})
	t.Run("when the server says that it ended", func(t *testing.T) {
		s := &accounts{expiresIn: 3600}
		c := newClient(t, s)
		if _, err := c.Login(ctx, "a@example.com", "x"); err != nil {
			t.Fatal(err)
		}
		s.expired = true
		// The body must be sent a second time, and several goroutines must not
		// use up one another's refresh token.
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if f, err := c.CreateFolder(ctx, "again"); err != nil || f.Name != "again" {
					t.Errorf("%+v, %v", f, err)
				}
			})
		}
		wg.Wait()
		if s.n != 2 {
			t.Errorf("%d tokens given out, want 2", s.n)
		}
	})
	t.Run("not with a token alone", func(t *testing.T) {
		c := newClient(t, &accounts{}, WithToken("old"))
		if _, err := c.CreateFolder(ctx, "x"); !IsCode(err, "TOKEN_EXPIRED") {
			t.Errorf("%v", err)
		}
	})
}

func TestError(t *testing.T) {
	ctx := t.Context()
	c := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", "req-1")
		switch r.URL.Path {
		case "/folders/1":
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(429)
			io.WriteString(w, `{"error_code":"RATE_LIMITED","message":"Slow down.","errors":[{"field":"name","message":"is long"}]}`)
		case "/folders/2":
			w.WriteHeader(502)
			io.WriteString(w, `<html>bad gateway</html>`)
		case "/folders/3":
			http.Redirect(w, r, "http://elsewhere.test/", http.StatusFound)
		case "/folders/4":
			io.WriteString(w, `[]`)
		}
	}), WithAPIKey("key"))
	_, err := c.Folder(ctx, "1")
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%T %v", err, err)
	}
	if e.StatusCode != 429 || e.Code != "RATE_LIMITED" || e.RequestID != "req-1" || e.RetryAfter != 7*time.Second ||
		!slices.Equal(e.Fields, []FieldError{{"name", "is long"}}) || e.Error() != "Slow down.\n  name: is long" {
		t.Errorf("%+v", e)
	}
	if _, err := c.Folder(ctx, "2"); !errors.As(err, &e) || e.StatusCode != 502 || e.Code != "" || e.Message == "" {
		t.Errorf("a proxy's answer: %v", err)
	}
	if _, err := c.Folder(ctx, "3"); !errors.As(err, &e) || e.StatusCode != 302 {
		t.Errorf("a redirect must not be followed: %v", err)
	}
	if _, err := c.Folder(ctx, "4"); err == nil || errors.As(err, new(*Error)) {
		t.Errorf("an answer that is not the API's: %v", err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	down, err := New("http://127.0.0.1:1", WithAPIKey("key"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := down.Folder(ended, "1"); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
}

func TestUploadSendsTheForm(t *testing.T) {
	c := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1 << 20); err != nil {
			t.Error(err)
		}
		f := r.MultipartForm
		if f.Value["file_category"][0] != "PROFILE_PICTURE" || !slices.Equal(f.Value["file_passwords"], []string{"", "pw"}) ||
			len(f.File["files"]) != 2 || f.File["files"][1].Filename != "b.pdf" || f.File["files"][1].Size != 3 {
			t.Errorf("form %+v", f)
		}
		if r.Header.Get("X-API-Key") != "key" {
			t.Error("no key")
		}
		answer(w, 201, Upload{ObjectID: "o"})
	}), WithAPIKey("key"))
	up, err := c.Upload(t.Context(), ProfilePicture, File{Name: "a.jpg", Content: strings.NewReader("A")}, File{Name: "b.pdf", Content: strings.NewReader("BBB"), Password: "pw"})
	if err != nil || up.ObjectID != "o" {
		t.Errorf("%+v, %v", up, err)
	}
	broken := errors.New("disk gone")
	over := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
	defer over.Close()
	if c, err = New(over.URL); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Upload(t.Context(), InputFile, File{Name: "a", Content: io.MultiReader(strings.NewReader("A"), failing{broken})}); !errors.Is(err, broken) {
		t.Errorf("a content that fails: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestDownloadSendsNoCredentials(t *testing.T) {
	c := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-API-Key") != "" || r.Header.Get("Authorization") != "" {
			t.Error("a file address was sent credentials")
		}
		if r.URL.Query().Get("signature") != "s" {
			answer(w, 403, map[string]string{"error_code": "FORBIDDEN", "message": "no"})
			return
		}
		io.WriteString(w, "data")
	}), WithAPIKey("key"))
	var b bytes.Buffer
	if err := c.Download(t.Context(), "http://files.test/x?signature=s", &b); err != nil || b.String() != "data" {
		t.Errorf("%q, %v", &b, err)
	}
	if err := c.Download(t.Context(), "http://files.test/x", &b); !IsCode(err, "FORBIDDEN") {
		t.Errorf("%v", err)
	}
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		var at []time.Duration
		c := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			at = append(at, time.Since(started))
			v := Verification{ID: "v", Status: InProgress}
			if time.Since(started) > time.Minute {
				v.Status = NeedReview
			}
			answer(w, 200, v)
		}))
		seen := 0
		v, err := c.Wait(t.Context(), "v", func(Verification) { seen++ })
		if err != nil || v.Status != NeedReview || seen != len(at) {
			t.Fatalf("%s, %v, %d of %d seen", v.Status, err, seen, len(at))
		}
		if at[0] != 0 || at[1] != 200*time.Millisecond || at[2] != 500*time.Millisecond {
			t.Errorf("first readings at %v", at[:3])
		}
		if n := len(at); at[n-1]-at[n-2] != 5*time.Second || n > 25 {
			t.Errorf("%d readings, the last after %v", n, at[n-1]-at[n-2])
		}
	})
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, 200, Verification{Status: InQueue}) }))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Wait(ctx, "v", nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}

func TestVerifyWebhook(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	body := []byte(`{"event":"verification.status_changed"}`)
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	signer, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign("msg_1", now, body)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := standardwebhooks.NewWebhookRaw([]byte("hush hush"))
	if err != nil {
		t.Fatal(err)
	}
	signedPlain, err := plain.Sign("msg_1", now, body)
	if err != nil {
		t.Fatal(err)
	}
	header := func(id, timestamp, signature string) http.Header {
		h := http.Header{}
		for name, value := range map[string]string{"webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature} {
			if value != "" {
				h.Set(name, value)
			}
		}
		return h
	}
	const at = "1800000000"
	for _, tt := range []struct {
		name   string
		secret string
		header http.Header
		body   string
		at     time.Time
		ok     bool
	}{
		{"genuine", secret, header("msg_1", at, signed), string(body), now, true},
		{"genuine, a secret of plain bytes", "hush hush", header("msg_1", at, signedPlain), string(body), now, true},
		{"one of two signatures fits", secret, header("msg_1", at, "v1a,xx v1,AAAA "+signed), string(body), now, true},
		{"five minutes late", secret, header("msg_1", at, signed), string(body), now.Add(WebhookTolerance), true},
		{"later than that", secret, header("msg_1", at, signed), string(body), now.Add(WebhookTolerance + time.Second), false},
		{"from the future", secret, header("msg_1", at, signed), string(body), now.Add(-WebhookTolerance - time.Second), false},
		{"another body", secret, header("msg_1", at, signed), string(body) + " ", now, false},
		{"another id", secret, header("msg_2", at, signed), string(body), now, false},
		{"another time", secret, header("msg_1", "1800000001", signed), string(body), now, false},
		{"another secret", "hush", header("msg_1", at, signed), string(body), now, false},
		{"no signature", secret, header("msg_1", at, ""), string(body), now, false},
		{"no id", secret, header("", at, signed), string(body), now, false},
		{"no time", secret, header("msg_1", "", signed), string(body), now, false},
		{"another version", secret, header("msg_1", at, "v2"+signed[2:]), string(body), now, false},
		{"an empty secret", "", header("msg_1", at, signed), string(body), now, false},
		{"a secret that is not base64", "whsec_%", header("msg_1", at, signed), string(body), now, false},
		{"a secret that is empty after whsec_", "whsec_", header("msg_1", at, signed), string(body), now, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := verifyWebhook(tt.secret, tt.header, []byte(tt.body), WebhookTolerance, tt.at)
			if (err == nil) != tt.ok || (err != nil && !errors.Is(err, ErrSignature)) {
				t.Errorf("%v", err)
			}
		})
	}
	if err := VerifyWebhook(secret, header("msg_1", at, signed), body, 1<<62); err != nil {
		t.Errorf("by the clock: %v", err)
	}
}
