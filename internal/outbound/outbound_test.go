package outbound

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"anycheck/internal/fault"
	"anycheck/internal/verification"
)

var _ verification.Outbound = (*Client)(nil)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

func TestCheckURL(t *testing.T) {
	const network = "is an address in a network that is not allowed; the operator can allow it"
	const ports = "must use one of the ports 80, 443, 8443"
	const number = "has a number as its host; write it as an address of four numbers"
	tests := []struct {
		url   string
		allow []netip.Prefix
		want  string // "" is taken
	}{
		{url: "https://hooks.example.com/a?b=c"},
		{url: "http://hooks.example.com"},
		{url: "https://hooks.example.com:8443/"},
		{url: "HTTPS://Hooks.Example.Com./"},
		{url: "https://93.184.215.14/"},
		{url: "https://[2606:4700:4700::1111]/"},
		{url: "https://xn--caf-dma.example/"},
		{url: "https://hooks.example.com:22/", want: ports},
		{url: "https://93.184.215.14:6379/", want: ports},
		{url: "ftp://hooks.example.com/", want: "must begin with https:// or http://"},
		{url: "hooks.example.com", want: "must begin with https:// or http://"},
		{url: "", want: "must begin with https:// or http://"},
		{url: "https:hooks.example.com", want: "is not a URL"},
		{url: "https://exa mple.com/", want: "is not a URL"},
		{url: "https:///path", want: "has no host"},
		{url: "https://:443/", want: "has no host"},
		{url: "https://user:pass@example.com/", want: "must not hold a user name or password"},
		{url: "https://example.com:0/", want: "has a port that does not exist"},
		{url: "https://example.com:70000/", want: "has a port that does not exist"},
		{url: "https://café.example/", want: "has a host that is not written in letters, digits, hyphens and dots"},
		{url: "https://a..b/", want: "has a host that is not written in letters, digits, hyphens and dots"},
		{url: "https://example.com/" + strings.Repeat("a", 2048), want: "must have at most 2048 bytes"},
		{url: "http://localhost/", want: network},
		{url: "http://LOCALHOST./", want: network},
		{url: "http://a.localhost/", want: network},
		{url: "http://127.0.0.1/", want: network},
		{url: "http://10.1.2.3/", want: network},
		{url: "http://192.168.0.1/", want: network},
		{url: "http://169.254.169.254/latest/meta-data", want: network},
		{url: "http://100.64.0.1/", want: network},
		{url: "http://0.0.0.0/", want: network},
		{url: "http://224.0.0.1/", want: network},
		{url: "http://[::1]/", want: network},
		{url: "http://[::]/", want: network},
		{url: "http://[::127.0.0.1]/", want: network},
		{url: "http://[::ffff:127.0.0.1]/", want: network},
		{url: "http://[64:ff9b::7f00:1]/", want: network},
		{url: "http://[2002:7f00:1::]/", want: network},
		{url: "http://[fe80::1]/", want: network},
		{url: "http://[fe80::1%25eth0]/", want: network},
		{url: "http://[fd00::1]/", want: network},
		{url: "http://2130706433/", want: number},
		{url: "http://0177.0.0.1/", want: number},
		{url: "http://0x7f.0.0.1/", want: number},
		{url: "http://0x7f000001/", want: number},
		{url: "http://127.1/", want: number},
		{url: "http://127.0.0.0x1/", want: number},
		{url: "http://localhost:9000/", allow: loopback},
		{url: "http://127.0.0.1:9000/", allow: loopback},
		{url: "http://[::ffff:127.0.0.1]:9000/", allow: loopback},
		{url: "http://receiver.internal:9000/", allow: loopback}, // the address decides, when it is known
		{url: "http://10.1.2.3/", allow: loopback, want: network},
	}
	for _, tt := range tests {
		t.Run(tt.url[:min(len(tt.url), 60)], func(t *testing.T) {
			err := New(Options{Allow: tt.allow}).CheckURL(tt.url)
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if e := fault.From(err); err == nil || e.Kind != fault.Invalid || e.Message != tt.want {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func FuzzCheckURL(f *testing.F) {
	for _, s := range []string{"https://example.com/", "http://[::1]/", "http://0x7f.1/", "http://a@b:1/", "https://1.1.1.1:443"} {
		f.Add(s)
	}
	c := New(Options{})
	f.Fuzz(func(t *testing.T, raw string) {
		if c.CheckURL(raw) != nil {
			return
		}
		// What is taken must be what the HTTP client will understand, too.
		r, err := http.NewRequest(http.MethodPost, raw, nil)
		if err != nil {
			t.Fatalf("%q was taken, but: %v", raw, err)
		}
		if a, err := netip.ParseAddr(r.URL.Hostname()); err == nil && (a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast()) {
			t.Fatalf("%q was taken", raw)
		}
	})
}

// receiver is a server on loopback that counts its callers.
func receiver(t *testing.T, h http.HandlerFunc) (*httptest.Server, *atomic.Int32) {
	t.Helper()
	var calls atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		h(w, r)
	}))
	t.Cleanup(s.Close)
	return s, &calls
}

func call(t *testing.T, c *Client, url string) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(r)
	if err == nil {
		t.Cleanup(func() { res.Body.Close() })
	}
	return res, err
}

func wantMessage(t *testing.T, err error, message string) {
	t.Helper()
	if e := fault.From(err); err == nil || e.Kind != fault.Unavailable || e.Message != message {
		t.Errorf("got %v, want %q", err, message)
	}
}

func TestGuardedClient(t *testing.T) {
	s, calls := receiver(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	closed := New(Options{})
	_, err := call(t, closed, s.URL)
	wantMessage(t, err, "The address uses a port that is not allowed.")
	_, err = call(t, closed, "http://127.0.0.1/")
	wantMessage(t, err, "The address is in a network that is not allowed.")
	if strings.Contains(err.Error(), "http://") {
		t.Errorf("the error tells the address: %v", err)
	}
	if calls.Load() != 0 {
		t.Fatalf("%d calls came through", calls.Load())
	}

	res, err := call(t, New(Options{Allow: loopback}), s.URL)
	if err != nil || res.StatusCode != http.StatusNoContent {
		t.Fatalf("an allowed network: %v", err)
	}
	if calls.Load() != 1 {
		t.Errorf("%d calls, want 1", calls.Load())
	}
}

// fakeDNS answers every A question with the address, and knows no AAAA.
func fakeDNS(t *testing.T, a [4]byte) *net.Resolver { return changingDNS(t, a) }

// changingDNS answers A questions with one address after the other, the last
// one from then on.
func changingDNS(t *testing.T, addresses ...[4]byte) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		buf := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil {
				continue
			}
			m.Response, m.Authoritative, m.Additionals = true, true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				a := addresses[0]
				if len(addresses) > 1 {
					addresses = addresses[1:]
				}
				m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
					Body: &dnsmessage.AResource{A: a}}}
			}
			answer, err := m.Pack()
			if err != nil {
				continue
			}
			conn.WriteTo(answer, from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// A name that looks public but leads inside is found out when it is dialled.
func TestNameThatLeadsInside(t *testing.T) {
	s, calls := receiver(t, func(w http.ResponseWriter, r *http.Request) {})
	target := "http://hooks.example.com:" + mustPort(t, s.URL)
	c := New(Options{Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	if err := c.CheckURL(target); err != nil {
		t.Fatalf("the name itself is fine: %v", err)
	}
	c.dialer.Resolver = fakeDNS(t, [4]byte{127, 0, 0, 1})
	_, err := call(t, c, target)
	wantMessage(t, err, "The address uses a port that is not allowed.")
	_, err = call(t, c, "http://hooks.example.com/")
	wantMessage(t, err, "The address is in a network that is not allowed.")
	if calls.Load() != 0 {
		t.Fatalf("%d calls came through", calls.Load())
	}

	c = New(Options{Allow: loopback})
	c.dialer.Resolver = fakeDNS(t, [4]byte{127, 0, 0, 1})
	if _, err := call(t, c, target); err != nil || calls.Load() != 1 {
		t.Errorf("the same name where loopback is allowed: %v, %d calls", err, calls.Load())
	}
}

// A name that leads to a good address when it is first asked for and inside
// from then on is called once.
func TestRebinding(t *testing.T) {
	s, calls := receiver(t, func(w http.ResponseWriter, r *http.Request) {})
	c := New(Options{Allow: loopback})
	c.dialer.Resolver = changingDNS(t, [4]byte{127, 0, 0, 1}, [4]byte{169, 254, 169, 254})
	target := "http://hooks.example.com:" + mustPort(t, s.URL)
	if _, err := call(t, c, target); err != nil {
		t.Fatal(err)
	}
	_, err := call(t, c, target)
	wantMessage(t, err, "The address uses a port that is not allowed.")
	_, err = call(t, c, "http://hooks.example.com/")
	wantMessage(t, err, "The address is in a network that is not allowed.")
	if calls.Load() != 1 {
		t.Errorf("%d calls, want 1", calls.Load())
	}
}

func mustPort(t *testing.T, raw string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u.Port()
}

func TestRedirectIsNotFollowed(t *testing.T) {
	inside, calls := receiver(t, func(w http.ResponseWriter, r *http.Request) {})
	s, _ := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, inside.URL, http.StatusTemporaryRedirect)
	})
	res, err := call(t, New(Options{Allow: loopback}), s.URL)
	if err != nil || res.StatusCode != http.StatusTemporaryRedirect || calls.Load() != 0 {
		t.Errorf("got %v, %v, %d calls to the target", res, err, calls.Load())
	}
}

func TestProxyOfTheEnvironmentIsNotUsed(t *testing.T) {
	proxy, calls := receiver(t, func(w http.ResponseWriter, r *http.Request) {})
	t.Setenv("HTTP_PROXY", proxy.URL)
	c := New(Options{Allow: loopback})
	c.dialer.Resolver = fakeDNS(t, [4]byte{10, 0, 0, 1})
	_, err := call(t, c, "http://hooks.example.com/")
	wantMessage(t, err, "The address is in a network that is not allowed.")
	if calls.Load() != 0 {
		t.Error("the call went through the proxy")
	}
}

func TestAnswerIsBounded(t *testing.T) {
	s, _ := receiver(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, strings.Repeat("a", 100)) })
	o := Options{Allow: loopback, MaxBody: 10}
	res, err := call(t, New(o), s.URL)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if _, ok := errors.AsType[*http.MaxBytesError](err); !ok || len(body) != 10 {
		t.Errorf("read %d bytes, %v", len(body), err)
	}

	s, _ = receiver(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X-Long", strings.Repeat("a", maxHeader)) })
	if _, err := call(t, New(o), s.URL); err == nil {
		t.Error("a header beyond the limit was taken")
	}
}

// A receiver that begins an answer and does not go on holds nobody longer than
// the whole call may take.
func TestAnswersThatNeverEnd(t *testing.T) {
	release := make(chan struct{})
	s, _ := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-release
	})
	t.Cleanup(func() { close(release) })
	res, err := call(t, New(Options{Allow: loopback, Timeout: 50 * time.Millisecond}), s.URL)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.ReadAll(res.Body)
	if e, ok := errors.AsType[net.Error](err); !ok || !e.Timeout() {
		t.Errorf("the body was read to its end: %v", err)
	}
	if got := New(Options{}).http.Timeout; got != 10*time.Second {
		t.Errorf("by default a call may take %v", got)
	}
}

func TestFailuresAreExplained(t *testing.T) {
	release := make(chan struct{})
	slow, _ := receiver(t, func(w http.ResponseWriter, r *http.Request) { <-release })
	t.Cleanup(func() { close(release) }) // before the server closes
	gone, _ := receiver(t, func(w http.ResponseWriter, r *http.Request) {})
	gone.Close()
	selfSigned := httptest.NewTLSServer(http.NotFoundHandler())
	selfSigned.Config.ErrorLog = nil
	t.Cleanup(selfSigned.Close)
	c := New(Options{Allow: loopback, Timeout: 20 * time.Millisecond})
	_, err := call(t, c, slow.URL)
	wantMessage(t, err, "No answer came in time.")
	c = New(Options{Allow: loopback})
	_, err = call(t, c, gone.URL)
	wantMessage(t, err, "The host does not accept connections.")
	_, err = call(t, c, selfSigned.URL)
	wantMessage(t, err, "The certificate of the host is not valid.")

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	r, _ := http.NewRequestWithContext(ended, http.MethodPost, gone.URL, nil)
	if _, err := c.Do(r); !errors.Is(err, context.Canceled) || fault.Is(err, fault.Unavailable) {
		t.Errorf("when we stop: %v", err)
	}
}

func TestTrusted(t *testing.T) {
	files := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/file":
			io.WriteString(w, "model")
		case "/moved":
			http.Redirect(w, r, "/file", http.StatusFound)
		case "/plain":
			http.Redirect(w, r, "http://127.0.0.1:1/file", http.StatusFound)
		default:
			http.Redirect(w, r, "/loop", http.StatusFound)
		}
	}))
	t.Cleanup(files.Close)
	c := NewTrusted()
	c.Transport.(*http.Transport).TLSClientConfig = files.Client().Transport.(*http.Transport).TLSClientConfig
	tests := []struct{ path, wrong string }{
		{"/file", ""}, {"/moved", ""},
		{"/plain", "a redirect leads to an address without https"},
		{"/loop", "more than 5 redirects"},
	}
	for _, tt := range tests {
		res, err := c.Get(files.URL + tt.path)
		if tt.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), tt.wrong) {
				t.Errorf("%s: %v", tt.path, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if string(body) != "model" {
			t.Errorf("%s: %q", tt.path, body)
		}
	}
}
