package outbound

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"code.dny.dev/ssrf"

	"anycheck/internal/fault"
)

const maxURL = 2048 // bytes

// publicPorts are where a webhook may go on the public Internet: the web's
// own and its usual alternative, not what mail, databases and shells listen on.
var publicPorts = []uint16{80, 443, 8443}

// guard tells which addresses a stranger may make us call: public ones on a
// web port, and those in a network that the operator allows, on any port.
type guard struct {
	allow  []netip.Prefix
	public *ssrf.Guardian
}

func newGuard(allow []netip.Prefix) *guard {
	return &guard{allow: slices.Clone(allow), public: ssrf.New(ssrf.WithPorts(publicPorts...))}
}

// check judges the address of a connection about to be made.
func (g *guard) check(to netip.AddrPort) error {
	if g.allows(to.Addr()) {
		return nil
	}
	return g.public.SafeAddrPort(to)
}

func (g *guard) allows(a netip.Addr) bool {
	a = a.Unmap()
	return slices.ContainsFunc(g.allow, func(p netip.Prefix) bool { return p.Contains(a) })
}

// control runs after the name was resolved and before the connection is made,
// for every address that is tried: a name that changes its address between
// two look-ups gains nothing.
func (g *guard) control(network, address string, c syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if g.allows(to.Addr()) {
		return nil
	}
	return g.public.Safe(network, address, c)
}

// checkURL is Client.CheckURL.
func (g *guard) checkURL(raw string) error {
	no := func(format string, args ...any) error { return fault.New(fault.Invalid, format, args...) }
	if len(raw) > maxURL {
		return no("must have at most %d bytes", maxURL)
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil, u.Opaque != "":
		return no("is not a URL")
	case u.Scheme != "https" && u.Scheme != "http":
		return no("must begin with https:// or http://")
	case u.User != nil:
		return no("must not hold a user name or password")
	case u.Hostname() == "":
		return no("has no host")
	}
	port := uint64(443)
	if u.Scheme == "http" {
		port = 80
	}
	if p := u.Port(); p != "" {
		if port, err = strconv.ParseUint(p, 10, 16); err != nil || port == 0 {
			return no("has a port that does not exist")
		}
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if addr, err := netip.ParseAddr(host); err == nil {
		if g.check(netip.AddrPortFrom(addr, uint16(port))) == nil {
			return nil
		}
		if g.public.SafeAddr(addr) == nil {
			return no("must use one of the ports %s", portList())
		}
		return no("is an address in a network that is not allowed; the operator can allow it")
	}
	switch {
	case !plainHost(host):
		return no("has a host that is not written in letters, digits, hyphens and dots")
	case endsInNumber(host):
		return no("has a number as its host; write it as an address of four numbers")
	case (host == "localhost" || strings.HasSuffix(host, ".localhost")) && !g.allowsLoopback():
		return no("is an address in a network that is not allowed; the operator can allow it")
	case len(g.allow) == 0 && !slices.Contains(publicPorts, uint16(port)):
		return no("must use one of the ports %s", portList())
	}
	return nil
}

func (g *guard) allowsLoopback() bool {
	return g.allows(netip.AddrFrom4([4]byte{127, 0, 0, 1})) || g.allows(netip.IPv6Loopback())
}

func portList() string {
	names := make([]string, len(publicPorts))
	for i, p := range publicPorts {
		names[i] = strconv.Itoa(int(p))
	}
	return strings.Join(names, ", ")
}

// plainHost takes what DNS names are made of; others are written in punycode.
func plainHost(host string) bool {
	return len(host) <= 253 && host != "" && !strings.HasPrefix(host, ".") && !strings.Contains(host, "..") &&
		strings.IndexFunc(host, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_')
		}) < 0
}

// endsInNumber finds hosts that some resolvers take for an IPv4 address in
// decimal, octal or hexadecimal, as in the URL Standard.
func endsInNumber(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	if strings.Trim(last, "0123456789") == "" {
		return true
	}
	hex, ok := strings.CutPrefix(last, "0x")
	return ok && strings.Trim(hex, "0123456789abcdef") == ""
}
