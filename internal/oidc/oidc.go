// Package oidc lets people sign in at an OpenID Connect provider, such as
// Microsoft Entra ID: authorization code flow with PKCE.
//
// It must not know accounts or sessions: it answers who somebody is.
package oidc

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"anycheck/internal/auth"
	"anycheck/internal/fault"
)

// Options are the operator's settings.
type Options struct {
	Issuer       string
	ClientID     string
	ClientSecret string // empty for a public client
	RedirectURL  string // what the provider has registered: …/auth/oidc/callback
	Scopes       []string
	// EmailDomains are the domains whose addresses the provider is trusted
	// with, also where it does not say that it has verified them. When there
	// are any, addresses of other domains find no account.
	EmailDomains []string
	// Client calls the provider.
	Client *http.Client
	Now    func() time.Time
}

// Provider is an auth.IdentityProvider.
type Provider struct {
	o Options

	mu        sync.Mutex // guards what follows, and lets one caller look it up
	found     *gooidc.Provider
	checkedAt time.Time
	err       error // of the last look
}

var _ auth.IdentityProvider = (*Provider)(nil)

const (
	callTimeout = 10 * time.Second
	maxBody     = 1 << 20 // bytes of an answer
	// How long what was found out about the provider is good for: once it was
	// found, and before it is tried again.
	freshFor = 10 * time.Minute
	retryIn  = 30 * time.Second
)

// New makes a provider; nothing is called before somebody signs in.
func New(o Options) *Provider {
	client := *o.Client
	client.Transport = limited{client.Transport}
	o.Client = &client
	return &Provider{o: o}
}

// limited bounds what is read of an answer.
type limited struct{ next http.RoundTripper }

// RoundTrip calls the provider.
func (l limited) RoundTrip(r *http.Request) (*http.Response, error) {
	next := l.next
	if next == nil {
		return nil, errors.New("oidc: a client without transport")
	}
	res, err := next.RoundTrip(r)
	if err == nil {
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(res.Body, maxBody), res.Body}
	}
	return res, err
}

// Issuer implements auth.IdentityProvider.
func (p *Provider) Issuer() string { return p.o.Issuer }

// Healthy implements auth.IdentityProvider.
func (p *Provider) Healthy(ctx context.Context) error {
	_, err := p.provider(ctx)
	return err
}

// provider reads what the issuer publishes about itself. What was found stays
// in use when a later look fails.
func (p *Provider) provider(ctx context.Context) (*gooidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	wait := freshFor
	if p.err != nil {
		wait = retryIn
	}
	if now := p.o.Now(); p.checkedAt.IsZero() || now.Sub(p.checkedAt) >= wait {
		// Whoever waits here does so for all: a caller that hangs up changes nothing.
		ctx, cancel := context.WithTimeout(gooidc.ClientContext(context.WithoutCancel(ctx), p.o.Client), callTimeout)
		defer cancel()
		found, err := gooidc.NewProvider(ctx, p.o.Issuer)
		p.checkedAt, p.err = now, nil
		switch {
		case err != nil:
			p.err = fault.Wrap(err, fault.Unavailable, "The identity provider does not answer as it should. Please try again later.")
		default:
			p.found = found
		}
	}
	return p.found, p.err
}

// config is nil while nothing was ever found out about the provider.
func (p *Provider) config(ctx context.Context) (*gooidc.Provider, oauth2.Config, error) {
	found, err := p.provider(ctx)
	if found == nil {
		return nil, oauth2.Config{}, err
	}
	scopes := append([]string{gooidc.ScopeOpenID}, p.o.Scopes...)
	slices.Sort(scopes)
	return found, oauth2.Config{ClientID: p.o.ClientID, ClientSecret: p.o.ClientSecret, Endpoint: found.Endpoint(),
		RedirectURL: p.o.RedirectURL, Scopes: slices.Compact(scopes)}, nil
}

// AuthURL implements auth.IdentityProvider.
func (p *Provider) AuthURL(ctx context.Context, f auth.Flow) (string, error) {
	_, config, err := p.config(ctx)
	if err != nil {
		return "", err
	}
	return config.AuthCodeURL(f.State, gooidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier)), nil
}

// claims are what is read of an ID token besides what the library checks.
type claims struct {
	AuthorizedParty   string          `json:"azp"`
	Email             string          `json:"email"`
	EmailVerified     json.RawMessage `json:"email_verified"`
	PreferredUsername string          `json:"preferred_username"`
}

// Exchange implements auth.IdentityProvider.
func (p *Provider) Exchange(ctx context.Context, f auth.Flow, code string) (auth.Identity, error) {
	ctx, cancel := context.WithTimeout(gooidc.ClientContext(ctx, p.o.Client), callTimeout)
	defer cancel()
	found, config, err := p.config(ctx)
	if err != nil {
		return auth.Identity{}, err
	}
	token, err := config.Exchange(ctx, code, oauth2.VerifierOption(f.Verifier))
	if err != nil {
		var refused *oauth2.RetrieveError
		if errors.As(err, &refused) && refused.Response != nil && refused.Response.StatusCode < 500 {
			// Its text may quote the code or the secret: only the code of the error is kept.
			return auth.Identity{}, invalid(errors.New("the token endpoint answered " + clean(refused.ErrorCode)))
		}
		return auth.Identity{}, fault.Wrap(errors.New("the token endpoint failed"), fault.Unavailable, "The identity provider does not answer as it should. Please try again later.")
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := found.VerifierContext(ctx, &gooidc.Config{ClientID: p.o.ClientID, Now: p.o.Now}).Verify(ctx, raw)
	if err != nil {
		return auth.Identity{}, invalid(err)
	}
	var c claims
	if err := id.Claims(&c); err != nil {
		return auth.Identity{}, invalid(err)
	}
	switch {
	case subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(f.Nonce)) != 1:
		return auth.Identity{}, invalid(errors.New("the nonce is of another sign-in"))
	case c.AuthorizedParty != "" && c.AuthorizedParty != p.o.ClientID, c.AuthorizedParty == "" && len(id.Audience) > 1:
		return auth.Identity{}, invalid(errors.New("the token was issued to another program"))
	}
	email, proven := p.email(c)
	return auth.Identity{Issuer: p.o.Issuer, Subject: id.Subject, Email: email, EmailProven: proven}, nil
}

// email is the person's address and whether it can be trusted: the provider
// says that it has verified it, or says nothing and has the operator's trust
// for the domain. Entra ID says nothing; its user names are addresses in
// domains that the tenant has proven.
func (p *Provider) email(c claims) (string, bool) {
	email := strings.ToLower(strings.TrimSpace(c.Email))
	if email == "" {
		email = strings.ToLower(strings.TrimSpace(c.PreferredUsername))
	}
	_, domain, _ := strings.Cut(email, "@")
	trusted := slices.ContainsFunc(p.o.EmailDomains, func(d string) bool { return strings.EqualFold(strings.TrimSpace(d), domain) })
	switch {
	case len(p.o.EmailDomains) > 0 && !trusted:
		return email, false
	case c.Email != "" && (string(c.EmailVerified) == "true" || string(c.EmailVerified) == `"true"`):
		return email, true
	case len(c.EmailVerified) > 0:
		return email, false
	}
	return email, trusted
}

func invalid(err error) error {
	return fault.Wrap(err, fault.Unauthenticated, "The identity provider's answer cannot be used. Please start again.").WithCode(fault.CodeInvalidToken)
}

// clean keeps an error code of OAuth, which is lower case and underscores.
func clean(code string) string {
	if code == "" || len(code) > 40 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return "an error"
	}
	return code
}
