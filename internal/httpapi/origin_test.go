package httpapi

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

func TestClientAddress(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, tt := range []struct {
		name, remote string
		forwarded    []string
		want         string
	}{
		{"a connection", "203.0.113.9:1234", nil, "203.0.113.9"},
		{"a stranger who writes the header", "203.0.113.9:1234", []string{"198.51.100.1"}, "203.0.113.9"},
		{"through a proxy", "10.0.0.1:80", []string{"198.51.100.1"}, "198.51.100.1"},
		{"a client's own header, through a proxy", "10.0.0.1:80", []string{"1.2.3.4, 198.51.100.1"}, "198.51.100.1"},
		{"through two proxies", "10.0.0.1:80", []string{"1.2.3.4, 198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		{"two headers", "10.0.0.1:80", []string{"1.2.3.4", "198.51.100.1"}, "198.51.100.1"},
		{"a proxy alone", "10.0.0.1:80", nil, "10.0.0.1"},
		{"all trusted", "10.0.0.1:80", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"rubbish before", "10.0.0.1:80", []string{"unknown, 198.51.100.1"}, "198.51.100.1"},
		{"rubbish at the end", "10.0.0.1:80", []string{"198.51.100.1, _x"}, "10.0.0.1"},
		{"with ports", "[fd00::1]:80", []string{"[2001:db8::1]:99"}, "2001:db8::1"},
		{"in brackets", "[fd00::1]:80", []string{"[2001:db8::1]"}, "2001:db8::1"},
		{"IPv4 in IPv6", "[::ffff:10.0.0.1]:80", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		{"no address", "@", []string{"198.51.100.1"}, "invalid IP"},
	} {
		r := &http.Request{RemoteAddr: tt.remote, Header: http.Header{"X-Forwarded-For": tt.forwarded}}
		if got := clientAddress(r, proxies).String(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	// However long the header is, only its end is looked at.
	long := strings.Repeat("198.51.100.1,", 10) + strings.Repeat("10.0.0.2,", 100) + "10.0.0.3"
	r := &http.Request{RemoteAddr: "10.0.0.1:80", Header: http.Header{"X-Forwarded-For": {long}}}
	if got := clientAddress(r, proxies).String(); got != "10.0.0.2" {
		t.Errorf("a long chain: %s", got)
	}
}

// Limits and records go by who is calling, not by the proxy in front.
func TestBehindProxy(t *testing.T) {
	p := newPlatform(t)
	p.server.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	p.server.limits.PerAddress = 1
	login := func(address string) int {
		return p.do("POST", "/auth/login", `{"email":"nobody@example.com","password":"wrong password"}`, "X-API-Key", "", "X-Forwarded-For", address).Code
	}
	records := p.trail(t, func() {
		for i, want := range []int{http.StatusUnauthorized, http.StatusTooManyRequests} {
			if got := login("198.51.100.7"); got != want {
				t.Errorf("call %d: %d, want %d", i+1, got, want)
			}
		}
		if got := login("203.0.113.9"); got != http.StatusUnauthorized {
			t.Errorf("another caller: %d", got)
		}
	})
	if len(records) != 2 || records[0].Address != "198.51.100.0/24" || records[1].Address != "203.0.113.0/24" {
		t.Errorf("records %+v", records)
	}
}

// FuzzClientAddress looks for headers by which a stranger gets another address
// than its own.
func FuzzClientAddress(f *testing.F) {
	for _, s := range []string{"", ",", "1.2.3.4", "10.0.0.1, 1.2.3.4", "[::1]:", "fe80::1%eth0", "10.0.0.1:0", "::ffff:10.0.0.9"} {
		f.Add(s)
	}
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, header string) {
		r := &http.Request{RemoteAddr: "203.0.113.9:1", Header: http.Header{"X-Forwarded-For": {header}}}
		if got := clientAddress(r, proxies).String(); got != "203.0.113.9" {
			t.Errorf("%q made it %s", header, got)
		}
		// Behind a proxy, which appends the address that it sees.
		r = &http.Request{RemoteAddr: "10.0.0.1:1", Header: http.Header{"X-Forwarded-For": {header + ", 203.0.113.9"}}}
		if got := clientAddress(r, proxies).String(); got != "203.0.113.9" {
			t.Errorf("%q behind a proxy made it %s", header, got)
		}
	})
}
