// Package outbound is how this program calls the outside: the guarded client
// for addresses that strangers give us (webhooks), the trusting one for those
// that the operator configured (models, watch lists).
//
// It must not know what it carries.
package outbound

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"code.dny.dev/ssrf"

	"anycheck/internal/fault"
)

// Options bound what a Client does; zero values stand for the defaults.
type Options struct {
	// Allow lists networks that may be called although they are not public,
	// on any port.
	Allow          []netip.Prefix
	ConnectTimeout time.Duration // until a connection stands; 5 s
	Timeout        time.Duration // for the whole call, body included; 10 s
	MaxBody        int64         // bytes of an answer that can be read; 1 MiB
}

const (
	connectTimeout = 5 * time.Second
	callTimeout    = 10 * time.Second
	maxBody        = 1 << 20
)

const maxHeader = 64 << 10 // bytes of an answer's header

// Client calls addresses that strangers give us. It uses no proxy, follows no
// redirect and keeps no connection.
type Client struct {
	guard   *guard
	http    http.Client
	dialer  *net.Dialer
	maxBody int64
}

// New makes a client that connects to public addresses and allowed networks
// only.
func New(o Options) *Client {
	o.ConnectTimeout = cmp.Or(o.ConnectTimeout, connectTimeout)
	o.Timeout = cmp.Or(o.Timeout, callTimeout)
	o.MaxBody = cmp.Or(o.MaxBody, maxBody)
	g := newGuard(o.Allow)
	dialer := &net.Dialer{Timeout: o.ConnectTimeout, Control: g.control}
	return &Client{
		guard:   g,
		dialer:  dialer,
		maxBody: o.MaxBody,
		http: http.Client{
			Timeout: o.Timeout,
			Transport: &http.Transport{
				Proxy:                  nil, // a proxy would connect where the guard cannot see
				DialContext:            dialer.DialContext,
				TLSHandshakeTimeout:    o.ConnectTimeout,
				DisableKeepAlives:      true, // nothing is left over from one receiver to the next
				DisableCompression:     true,
				MaxResponseHeaderBytes: maxHeader,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// CheckURL refuses, without touching the network, a URL that could never be
// called. It is an Invalid fault whose message continues a sentence that
// begins with the field's name.
func (c *Client) CheckURL(url string) error { return c.guard.checkURL(url) }

// Do sends a request. An error is an Unavailable fault whose message is safe
// to show to the one who gave the address. The caller closes the body, which
// fails to read beyond the limit.
func (c *Client) Do(r *http.Request) (*http.Response, error) {
	res, err := c.http.Do(r)
	if err != nil {
		return nil, explain(err)
	}
	res.Body = http.MaxBytesReader(nil, res.Body, c.maxBody)
	return res, nil
}

// explain says what went wrong without the address: it may hold a token.
func explain(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	message := "The call failed before an answer came."
	dns, isDNS := errors.AsType[*net.DNSError](err)
	op, isOp := errors.AsType[*net.OpError](err)
	timeout, _ := errors.AsType[net.Error](err)
	_, isCertificate := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case errors.Is(err, context.Canceled):
		return err // we are stopping; nothing is known of the address
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedNetwork):
		message = "The address is in a network that is not allowed."
	case errors.Is(err, ssrf.ErrProhibitedPort):
		message = "The address uses a port that is not allowed."
	case isDNS && dns.IsNotFound:
		message = "The host name is not known."
	case isDNS:
		message = "The host name could not be looked up."
	case timeout != nil && timeout.Timeout():
		message = "No answer came in time."
	case isCertificate:
		message = "The certificate of the host is not valid."
	case isOp && op.Op == "dial":
		message = "The host does not accept connections."
	}
	return fault.Wrap(err, fault.Unavailable, "%s", message)
}

const maxRedirects = 5

// NewTrusted makes a client for addresses that the operator configured. It
// uses the proxy of the environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY) and
// follows up to 5 redirects, to https only. How long a body may take and how
// large it may be is the caller's to limit.
func NewTrusted() *http.Client {
	dialer := &net.Dialer{Timeout: connectTimeout}
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            dialer.DialContext,
			TLSHandshakeTimeout:    connectTimeout,
			ResponseHeaderTimeout:  callTimeout,
			IdleConnTimeout:        30 * time.Second,
			MaxResponseHeaderBytes: maxHeader,
			ForceAttemptHTTP2:      true,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			switch {
			case len(via) > maxRedirects:
				return fmt.Errorf("more than %d redirects", maxRedirects)
			case r.URL.Scheme != "https":
				return errors.New("a redirect leads to an address without https")
			}
			return nil
		},
	}
}
