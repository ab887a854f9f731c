// Package client talks to AnyCheck's HTTP API. It signs in with e-mail address
// and password, an access token or an API key, uploads files, creates
// verifications, waits for their end and checks the signature of webhooks.
//
//	c, err := client.New("https://anycheck.example", client.WithAPIKey(key))
//	up, err := c.Upload(ctx, client.InputFile, client.File{Name: "ktp.jpg", Content: f})
//	v, err := c.CreateVerification(ctx, client.NewVerification{ … })
//	v, err = c.Wait(ctx, v.ID, nil)
//
// Its types are its own: it needs nothing of the server's packages.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	// callTimeout bounds a call whose bodies are small.
	callTimeout = time.Minute
	// maxAnswer bounds what is read of a JSON answer, in bytes.
	maxAnswer = 32 << 20
	// renewBefore is how long before its end an access token is renewed.
	renewBefore = time.Minute
)

// Client calls one installation. It may be used from several goroutines.
type Client struct {
	base   *url.URL
	http   *http.Client
	apiKey string

	mu      sync.Mutex // guards the session, and lets one goroutine renew it
	access  string
	refresh string
	expires time.Time // zero: not known
}

// Option changes how a Client calls.
type Option func(*Client)

// WithAPIKey calls with an API key.
func WithAPIKey(key string) Option { return func(c *Client) { c.apiKey = key } }

// WithToken calls with an access token; it is not renewed.
func WithToken(access string) Option { return func(c *Client) { c.access = access } }

// WithTransport sends requests through t instead of a transport of the
// client's own.
func WithTransport(t http.RoundTripper) Option { return func(c *Client) { c.http.Transport = t } }

// New makes a client of the API at baseURL, such as http://127.0.0.1:8080.
func New(baseURL string, options ...Option) (*Client, error) {
	base, err := url.Parse(strings.TrimSuffix(baseURL, "/"))
	if err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" {
		return nil, fmt.Errorf("anycheck: %q is not an http(s) address", baseURL)
	}
	c := &Client{base: base, http: &http.Client{
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			TLSHandshakeTimeout:   10 * time.Second,
			ResponseHeaderTimeout: 2 * time.Minute,
			IdleConnTimeout:       90 * time.Second,
			ForceAttemptHTTP2:     true,
		},
		// A redirect would carry the API key to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	for _, o := range options {
		o(c)
	}
	return c, nil
}

func (c *Client) get(ctx context.Context, path string, query url.Values, out any) error {
	return c.call(ctx, http.MethodGet, path, query, nil, out)
}

// call makes a JSON call; in and out may be nil.
func (c *Client) call(ctx context.Context, method, path string, query url.Values, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	body, err := marshal(in)
	if err != nil {
		return err
	}
	header, err := c.credentials(ctx, "")
	if err != nil {
		return err
	}
	for {
		err = c.send(ctx, method, path, query, header, jsonBody(body), out)
		used := header.Get("Authorization")
		if used == "" || !IsCode(err, "TOKEN_EXPIRED") {
			return err
		}
		// The clocks disagree, or the token ended on the way: renew it once.
		fresh, renewErr := c.credentials(ctx, used)
		if renewErr != nil || fresh.Get("Authorization") == used {
			return err
		}
		header = fresh
	}
}

func marshal(in any) ([]byte, error) {
	if in == nil {
		return nil, nil
	}
	body, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("anycheck: %w", err)
	}
	return body, nil
}

// jsonBody gives a request a body, or none when it is nil.
func jsonBody(body []byte) func(*http.Request) {
	return func(r *http.Request) {
		if body == nil {
			return
		}
		r.Header.Set("Content-Type", "application/json")
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
}

// send makes one request. Path elements must be escaped already.
func (c *Client) send(ctx context.Context, method, path string, query url.Values, header http.Header, setBody func(*http.Request), out any) error {
	target := c.base.String() + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, method, target, nil)
	if err != nil {
		return fmt.Errorf("anycheck: %w", err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	r.Header.Set("Accept", "application/json")
	setIdempotencyKey(ctx, r)
	setBody(r)
	resp, err := c.http.Do(r)
	if err != nil {
		return fmt.Errorf("anycheck: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return errorOf(resp)
	}
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(out); err != nil {
		return fmt.Errorf("anycheck: the answer is not what was expected: %w", err)
	}
	return nil
}

// Download writes a file at a signed address to w. No credentials are sent.
func (c *Client) Download(ctx context.Context, address string, w io.Writer) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fmt.Errorf("anycheck: %w", err)
	}
	return c.fetch(r, w)
}

// fetch writes the body of an answer to w.
func (c *Client) fetch(r *http.Request, w io.Writer) error {
	resp, err := c.http.Do(r)
	if err != nil {
		return fmt.Errorf("anycheck: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errorOf(resp)
	}
	if _, err := io.Copy(w, resp.Body); err != nil {
		return fmt.Errorf("anycheck: the download broke off: %w", err)
	}
	return nil
}

// Live tells whether the installation runs.
func (c *Client) Live(ctx context.Context) error { return c.probe(ctx, "/livez") }

// Ready tells whether it can take requests.
func (c *Client) Ready(ctx context.Context) error { return c.probe(ctx, "/readyz") }

func (c *Client) probe(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return c.send(ctx, http.MethodGet, path, nil, nil, jsonBody(nil), nil)
}
