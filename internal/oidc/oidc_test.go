package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"anycheck/internal/auth"
	"anycheck/internal/fault"
	"anycheck/internal/oidc"
	"anycheck/internal/oidc/oidctest"
)

const redirect = "https://anycheck.example/auth/oidc/callback"

type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func open(t *testing.T, domains ...string) (*oidc.Provider, *oidctest.Provider, *clock) {
	t.Helper()
	c := &clock{time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	idp := oidctest.New(t, redirect)
	idp.Now = c.now
	return oidc.New(oidc.Options{Issuer: idp.URL, ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret, RedirectURL: redirect,
		Scopes: []string{"email", "openid"}, EmailDomains: domains, Client: idp.Client(), Now: c.now}), idp, c
}

var flow = auth.Flow{State: "the state", Nonce: "the nonce", Verifier: strings.Repeat("v", 43)}

// visit goes through the flow up to the code.
func visit(t *testing.T, p *oidc.Provider, idp *oidctest.Provider) url.Values {
	t.Helper()
	address, err := p.AuthURL(t.Context(), flow)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(address, flow.Verifier) || strings.Contains(address, "secret") {
		t.Errorf("the address tells a secret: %s", address)
	}
	return idp.Visit(t, address)
}

func exchange(t *testing.T, p *oidc.Provider, idp *oidctest.Provider) (auth.Identity, error) {
	t.Helper()
	return p.Exchange(t.Context(), flow, visit(t, p, idp).Get("code"))
}

func TestExchange(t *testing.T) {
	p, idp, c := open(t)
	idp.SignIn(map[string]any{"sub": "s-1", "email": "Rina@Bank.example", "email_verified": true})
	want := auth.Identity{Issuer: idp.URL, Subject: "s-1", Email: "rina@bank.example", EmailProven: true}
	for _, alg := range []string{"RS256", "ES256"} {
		idp.Sign(alg, nil)
		if got, err := exchange(t, p, idp); err != nil || got != want {
			t.Errorf("%s: %+v, %v", alg, got, err)
		}
	}
	back := visit(t, p, idp)
	if back.Get("state") != flow.State || back.Get("iss") != p.Issuer() {
		t.Errorf("came back with %v", back)
	}
	idp.Sign("RS256", nil)
	idp.Rotate(t)
	if got, err := exchange(t, p, idp); err != nil || got != want {
		t.Errorf("after the provider changed its keys: %+v, %v", got, err)
	}

	for name, tt := range map[string]struct {
		alg    string
		change func(map[string]any)
	}{
		"no signature":               {"none", nil},
		"signed with the public key": {"HS256", nil},
		"another issuer":             {"RS256", func(c map[string]any) { c["iss"] = "https://other.example" }},
		"another audience":           {"RS256", func(c map[string]any) { c["aud"] = "other" }},
		"several audiences":          {"RS256", func(c map[string]any) { c["aud"] = []string{"other", oidctest.ClientID} }},
		"another party":              {"RS256", func(c map[string]any) { c["azp"] = "other" }},
		"another nonce":              {"ES256", func(c map[string]any) { c["nonce"] = "other" }},
		"no nonce":                   {"RS256", func(c map[string]any) { delete(c, "nonce") }},
		"expired":                    {"RS256", func(m map[string]any) { m["exp"] = c.t.Add(-time.Minute).Unix() }},
		"no expiry":                  {"RS256", func(c map[string]any) { delete(c, "exp") }},
		"not yet valid":              {"RS256", func(m map[string]any) { m["nbf"] = c.t.Add(time.Hour).Unix() }},
	} {
		idp.Sign(tt.alg, tt.change)
		if got, err := exchange(t, p, idp); !fault.Is(err, fault.Unauthenticated) || got != (auth.Identity{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	idp.Sign("RS256", func(c map[string]any) { c["aud"], c["azp"] = []string{"other", oidctest.ClientID}, oidctest.ClientID })
	if _, err := exchange(t, p, idp); err != nil {
		t.Errorf("several audiences, issued to us: %v", err)
	}
}

func TestExchangeIsBound(t *testing.T) {
	p, idp, _ := open(t)
	idp.SignIn(map[string]any{"sub": "s-1"})
	code := visit(t, p, idp).Get("code")
	other := flow
	other.Verifier = strings.Repeat("w", 43)
	for _, tt := range []struct {
		name string
		flow auth.Flow
		code string
	}{{"another verifier", other, code}, {"a used code", flow, code}, {"no code", flow, ""}} {
		_, err := p.Exchange(t.Context(), tt.flow, tt.code)
		if !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%s: %v", tt.name, err)
		} else if strings.Contains(err.Error(), code) || strings.Contains(err.Error(), oidctest.ClientSecret) {
			t.Errorf("%s: the error tells a secret: %v", tt.name, err)
		}
	}
}

// Which addresses find an account.
func TestEmail(t *testing.T) {
	for _, tt := range []struct {
		name    string
		domains []string
		claims  map[string]any
		email   string
		proven  bool
	}{
		{"verified", nil, map[string]any{"email": "a@bank.example", "email_verified": true}, "a@bank.example", true},
		{"verified, as a text", nil, map[string]any{"email": "a@bank.example", "email_verified": "true"}, "a@bank.example", true},
		{"not verified", []string{"bank.example"}, map[string]any{"email": "a@bank.example", "email_verified": false}, "a@bank.example", false},
		{"nothing said", nil, map[string]any{"email": "a@bank.example"}, "a@bank.example", false},
		{"nothing said, a trusted domain", []string{"Bank.example"}, map[string]any{"email": "A@bank.EXAMPLE"}, "a@bank.example", true},
		{"nothing said, another domain", []string{"bank.example"}, map[string]any{"email": "a@other.example"}, "a@other.example", false},
		{"verified, another domain", []string{"bank.example"}, map[string]any{"email": "a@other.example", "email_verified": true}, "a@other.example", false},
		{"a name that ends like the domain", []string{"bank.example"}, map[string]any{"email": "a@x@bank.example"}, "a@x@bank.example", false},
		{"a user name of a trusted domain", []string{"bank.example"}, map[string]any{"preferred_username": "a@bank.example"}, "a@bank.example", true},
		{"a user name", nil, map[string]any{"preferred_username": "a@bank.example", "email_verified": true}, "a@bank.example", false},
		{"none", []string{"bank.example"}, map[string]any{}, "", false},
	} {
		p, idp, _ := open(t, tt.domains...)
		tt.claims["sub"] = "s"
		idp.SignIn(tt.claims)
		got, err := exchange(t, p, idp)
		if err != nil || got.Email != tt.email || got.EmailProven != tt.proven {
			t.Errorf("%s: %+v, %v", tt.name, got, err)
		}
	}
}

func TestHealthy(t *testing.T) {
	p, idp, c := open(t)
	idp.Down(true)
	if err := p.Healthy(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a provider that is down: %v", err)
	}
	if _, err := p.AuthURL(t.Context(), flow); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a sign-in meanwhile: %v", err)
	}
	idp.Down(false)
	if err := p.Healthy(t.Context()); err == nil {
		t.Error("it is asked again at once")
	}
	c.t = c.t.Add(time.Minute)
	if err := p.Healthy(t.Context()); err != nil {
		t.Errorf("a minute later: %v", err)
	}
	// What was found out stays in use.
	idp.Down(true)
	c.t = c.t.Add(time.Hour)
	if err := p.Healthy(t.Context()); err == nil {
		t.Error("a provider that went down is healthy")
	}
	if _, err := p.AuthURL(t.Context(), flow); err != nil {
		t.Errorf("a sign-in while discovery is down: %v", err)
	}
	wrong := oidc.New(oidc.Options{Issuer: "http://127.0.0.1:1", Client: &http.Client{Transport: &http.Transport{}}, Now: c.now})
	if err := wrong.Healthy(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("nobody there: %v", err)
	}
}
