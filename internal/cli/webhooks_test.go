package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"anycheck/client"
	"anycheck/internal/fault"
	"anycheck/internal/webhook"
)

// listen starts the command on a free port and gives its address and its output.
func listen(t *testing.T, args ...string) (url string, out *bufio.Scanner) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	outR, outW := io.Pipe()
	errR, errW := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- Run(ctx, append([]string{"--data-dir", t.TempDir(), "webhooks", "listen", "--addr", "127.0.0.1:0"}, args...), outW, errW)
		outW.Close()
		errW.Close()
	}()
	t.Cleanup(func() {
		stop()
		go io.Copy(io.Discard, errR)
		if code := <-ended; code != 0 {
			t.Errorf("listen exits with %d", code)
		}
	})
	line, err := bufio.NewReader(errR).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(strings.TrimPrefix(line, "Listening on ")) + "/", bufio.NewScanner(outR)
}

// next is the next line of the output, while call goes on.
func next(t *testing.T, out *bufio.Scanner, call func()) string {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); call() }()
	if !out.Scan() {
		t.Fatal("no line")
	}
	<-done
	return out.Text()
}

func TestListenAndTrigger(t *testing.T) {
	dir := t.TempDir()
	secret := write(t, dir, "secret.txt", []byte("hush\n"))
	url, out := listen(t, "--secret-file", secret)
	line := next(t, out, func() {
		if code, stdout, stderr := run(t, dir, "webhooks", "trigger", url, "--secret", "hush", "--status", "NEED_REVIEW"); code != 0 || !strings.Contains(stdout, ": 204 after") {
			t.Errorf("trigger exits with %d: %s%s", code, stdout, stderr)
		}
	})
	if !strings.Contains(line, "verified") || !strings.Contains(line, "verification.status_changed  NEED_REVIEW (test)") {
		t.Error(line)
	}
	line = next(t, out, func() {
		if code, _, stderr := run(t, dir, "webhooks", "trigger", url, "--secret", "other"); code != 7 || !strings.Contains(stderr, "The receiver answered 401.") {
			t.Errorf("trigger exits with %d: %s", code, stderr)
		}
	})
	if !strings.Contains(line, "refused") || !strings.Contains(line, "no signature fits") {
		t.Error(line)
	}
}

func TestListenJSON(t *testing.T) {
	url, out := listen(t, "--secret", "hush", "--answer", "503", "--json")
	post := func(body, secret, id string) (status int) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
		if err != nil {
			t.Error(err)
			return 0
		}
		r.Header = webhook.Headers(id, time.Now(), []byte(body), secret)
		res, err := (&http.Client{}).Do(r)
		if err != nil {
			t.Error(err)
			return 0
		}
		res.Body.Close()
		return res.StatusCode
	}
	for _, tt := range []struct {
		body, secret string
		status       int
		want         received
	}{
		{`{"event":"x","id":"1"}`, "hush", 503, received{Verified: true, ID: "1", Body: json.RawMessage(`{"event":"x","id":"1"}`)}},
		{`{"event":"x","id":"1"}`, "other", 401, received{ID: "1", Problem: "anycheck: the webhook cannot be trusted: no signature fits"}},
		{`[]`, "hush", 401, received{ID: "1", Problem: "json: cannot unmarshal array into Go value of type client.WebhookEvent"}},
		{strings.Repeat(" ", maxWebhook+1), "hush", 401, received{ID: "1", Problem: "http: request body too large"}},
	} {
		line := next(t, out, func() {
			if got := post(tt.body, tt.secret, "1"); got != tt.status {
				t.Errorf("answered %d, want %d", got, tt.status)
			}
		})
		var got received
		if err := json.Unmarshal([]byte(line), &got); err != nil || got.Verified != tt.want.Verified || got.ID != tt.want.ID || got.Problem != tt.want.Problem || !bytes.Equal(got.Body, tt.want.Body) {
			t.Errorf("%s, %v", line, err)
		}
	}
}

func TestPlainText(t *testing.T) {
	if got := plainText("a\x1b[2Jb\nc\u202e d é"); got != "a\uFFFD[2Jb\uFFFDc\uFFFD d é" {
		t.Errorf("%q", got)
	}
}

// fakeServer notes what it is asked and answers with what is given.
func fakeServer(t *testing.T, answer string) (url string, asked *[]string) {
	asked = &[]string{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*asked = append(*asked, r.Method+" "+r.URL.String()+" "+r.Header.Get("X-API-Key")+" "+string(body))
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, answer)
	}))
	t.Cleanup(s.Close)
	return s.URL, asked
}

func TestWebhooksOfAServer(t *testing.T) {
	dir := t.TempDir()
	at := []string{"--api-key", "ack_x", "--base-url"}
	url, asked := fakeServer(t, `{"replayed":3,"skipped":1}`)
	r := must[client.Replayed](t, dir, append([]string{"webhooks", "replay", "--from", "2026-11-23", "--to", "2026-11-24T08:00:00Z", "--state", "DEAD"}, append(at, url)...)...)
	if r.Replayed != 3 || len(*asked) != 1 || (*asked)[0] != `POST /webhooks/replay ack_x {"from":"2026-11-23T00:00:00Z","to":"2026-11-24T08:00:00Z","state":"DEAD"}` {
		t.Errorf("%+v, asked %q", r, *asked)
	}
	url, asked = fakeServer(t, `{"id":"abc"}`)
	if code, out, errOut := run(t, dir, append([]string{"webhooks", "replay", "abc"}, append(at, url)...)...); code != 0 || out != "abc is on its way again.\n" || (*asked)[0] != "POST /webhooks/deliveries/abc/replay ack_x " {
		t.Errorf("%d %s %s, asked %q", code, out, errOut, *asked)
	}
	url, asked = fakeServer(t, `{"id":"abc","attempt":{"http_status":200,"duration_ms":12,"answer":"\u001b[31mfine"}}`)
	code, out, _ := run(t, dir, append([]string{"webhooks", "trigger", "https://hooks.example/", "--server", "--status", "FAILED"}, append(at, url)...)...)
	if code != 0 || out != "abc: 200 after 12 ms\n  it says: \uFFFD[31mfine\n" ||
		(*asked)[0] != `POST /webhooks/test ack_x {"url":"https://hooks.example/","event":"verification.status_changed","status":"FAILED"}` {
		t.Errorf("%d %q, asked %q", code, out, *asked)
	}
	url, asked = fakeServer(t, `{"total":1,"items":[{"id":"abc","state":"DEAD","event":"screening.alert","attempt_count":10}]}`)
	code, out, _ = run(t, dir, append([]string{"webhooks", "log", "--state", "DEAD"}, append(at, url)...)...)
	if code != 0 || !strings.Contains(out, "screening.alert") || !strings.Contains(out, "1 of 1") || (*asked)[0] != "GET /webhooks/deliveries?page_size=20&state=DEAD ack_x " {
		t.Errorf("%d %s, asked %q", code, out, *asked)
	}
	url, _ = fakeServer(t, `{"id":"abc","event":"screening.alert","state":"PENDING","attempts":[{"number":1,"http_status":500,"duration_ms":7,"error":"The receiver answered 500."}]}`)
	if code, out, _ = run(t, dir, append([]string{"webhooks", "log", "abc"}, append(at, url)...)...); code != 0 || !strings.Contains(out, "The receiver answered 500.") {
		t.Errorf("%d %s", code, out)
	}
	for _, bad := range [][]string{{"replay"}, {"replay", "abc", "--from", "3h"}, {"replay", "--from", "soon", "--api-key", "x"}, {"listen"}, {"listen", "--secret", "x", "--answer", "99"},
		{"trigger", "http://127.0.0.1:1/"}, {"trigger", "ftp://x/", "--secret", "x"}, {"trigger", "http://127.0.0.1:1/", "--secret", "x", "--status", "DRAFT"}} {
		if code, _, _ := run(t, dir, append([]string{"webhooks"}, bad...)...); code != 2 {
			t.Errorf("%v exits with %d, want 2", bad, code)
		}
	}
	if code, _, _ := run(t, dir, "webhooks", "replay", "abc"); code != 3 {
		t.Errorf("without a key: %d", code)
	}
}

func TestRotateSecret(t *testing.T) {
	dir := t.TempDir()
	type shown struct {
		ID            string
		WebhookSecret string    `json:"webhook_secret"`
		Until         time.Time `json:"previous_valid_until"`
	}
	g := must[shown](t, dir, "group", "add", "Retail")
	r := must[shown](t, dir, "group", "rotate-secret", "Retail", "--overlap", "2h")
	if r.ID != g.ID || r.WebhookSecret == g.WebhookSecret || !strings.HasPrefix(r.WebhookSecret, "whsec_") || time.Until(r.Until) < time.Hour {
		t.Errorf("rotated %+v", r)
	}
	for _, args := range [][]string{{"Retail", "--overlap", "200h"}, {"Retail", "--overlap", "-1s"}} {
		if code, _, _ := run(t, dir, append([]string{"group", "rotate-secret"}, args...)...); code != 2 {
			t.Errorf("%v exits with %d", args, code)
		}
	}
	if code, _, _ := run(t, dir, "group", "rotate-secret", "None"); code != 4 {
		t.Errorf("an unknown group: %d", code)
	}
}

// What keeps a server from answering is told once, with the exit code of its kind.
func TestServerDoesNotAnswer(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	t.Cleanup(proxy.Close)
	page, _ := fakeServer(t, "<html>")
	const down = "anycheck: Cannot reach the server at http://127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused\n"
	for _, tt := range []struct {
		what, url string
		args      []string
		code      int
		says      string
	}{
		{"log of no server", "http://127.0.0.1:1", []string{"log"}, 7, down},
		{"replay by no server", "http://127.0.0.1:1", []string{"replay", "abc"}, 7, down},
		{"trigger by no server", "http://127.0.0.1:1", []string{"trigger", "https://hooks.example/", "--server"}, 7, down},
		{"a proxy without a server", proxy.URL, []string{"log"}, 7, "anycheck: the server answered 502 Bad Gateway\n"},
		{"another server", page, []string{"log"}, 1, "anycheck: the answer is not what was expected: invalid character '<' looking for beginning of value\n"},
		{"no address", "nowhere", []string{"log"}, 2, "anycheck: --base-url: \"nowhere\" is not an http(s) address.\n"},
	} {
		args := append(append([]string{"webhooks"}, tt.args...), "--api-key", "x", "--base-url", tt.url)
		if code, _, errOut := run(t, t.TempDir(), args...); code != tt.code || errOut != tt.says {
			t.Errorf("%s: exits with %d: %q", tt.what, code, errOut)
		}
	}
}

func TestUnreached(t *testing.T) {
	call := func(cause error) error {
		return fmt.Errorf("anycheck: %w", &url.Error{Op: "Get", URL: "https://u:secret@h.example:8/path?q=1", Err: cause})
	}
	for _, tt := range []struct {
		err  error
		kind fault.Kind
		says string
	}{
		{call(io.EOF), fault.Unavailable, "Cannot reach the server at https://h.example:8: EOF"},
		{call(context.DeadlineExceeded), fault.Timeout, "No answer in time from the server at https://h.example:8: context deadline exceeded"},
	} {
		if f := unreached(tt.err); f == nil || f.Kind != tt.kind || f.Error() != tt.says {
			t.Errorf("%v: %v", tt.err, f)
		}
	}
	for _, err := range []error{call(context.Canceled), io.EOF, &url.Error{Op: "parse", URL: ":", Err: io.EOF}} {
		if f := unreached(err); f != nil {
			t.Errorf("%v: %v", err, f)
		}
	}
}
