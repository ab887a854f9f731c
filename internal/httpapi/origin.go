package httpapi

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"anycheck/internal/auth"
)

// maxForwarded bounds how many addresses of X-Forwarded-For are looked at.
const maxForwarded = 32

// clientAddress is who sent the request: the other end of the connection or,
// as long as that is a proxy we trust, who it says that it got it from. Each
// proxy appends to X-Forwarded-For, so it is read from its end; what a
// stranger has written stands before the first address that is not trusted.
func clientAddress(r *http.Request, trusted []netip.Prefix) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := at.Addr().Unmap()
	list := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(list) - 1; i >= 0 && len(list)-i <= maxForwarded; i-- {
		if !slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(addr) }) {
			return addr
		}
		next, ok := forwardedAddress(list[i])
		if !ok {
			return addr
		}
		addr = next
	}
	return addr
}

// forwardedAddress reads one element: an address, some proxies add the port.
func forwardedAddress(s string) (netip.Addr, bool) {
	s = strings.TrimSpace(s)
	if at, err := netip.ParseAddrPort(s); err == nil {
		return at.Addr().Unmap().WithZone(""), true
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	return addr.Unmap().WithZone(""), err == nil
}

const deviceCookie = "anycheck_device"

func (s *server) originOf(r *http.Request) auth.Origin {
	o := auth.Origin{Address: clientAddress(r, s.TrustedProxies), UserAgent: r.UserAgent()}
	if c, err := r.Cookie(deviceCookie); err == nil && len(c.Value) <= 256 {
		o.Device = c.Value
	}
	return o
}

// cookie is one that only our own routes under path get, never a script.
func (c *call) cookie(name, value, path string, seconds int) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, Path: path, MaxAge: seconds, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: strings.HasPrefix(c.base.address, "https://")}
}
