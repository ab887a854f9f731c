package httpapi

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"anycheck/client"
	"anycheck/internal/fault"
	"anycheck/internal/oidc"
	"anycheck/internal/oidc/oidctest"
	"anycheck/internal/tenant"
)

// withProvider lets people sign in at a provider of the test.
func withProvider(t *testing.T, p *platform) *oidctest.Provider {
	t.Helper()
	idp := oidctest.New(t, "https://anycheck.test/auth/oidc/callback")
	p.server.PublicURL = "https://anycheck.test"
	p.auth.UseProvider(oidc.New(oidc.Options{Issuer: idp.URL, ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret,
		RedirectURL: idp.Redirect, Scopes: []string{"openid", "email"}, EmailDomains: []string{"example.com"}, Client: idp.Client(), Now: time.Now}))
	return idp
}

// browse begins a sign-in and comes back with the query of the provider and
// the cookie that the browser kept; change may spoil both.
func (p *platform) browse(t *testing.T, idp *oidctest.Provider, change func(q url.Values, c *http.Cookie)) *httptest.ResponseRecorder {
	t.Helper()
	w := p.do("GET", "/auth/oidc/login", "", "X-API-Key", "")
	cookies := w.Result().Cookies()
	if w.Code != http.StatusFound || len(cookies) != 1 || !cookies[0].HttpOnly || !cookies[0].Secure || cookies[0].SameSite != http.SameSiteLaxMode || cookies[0].Path != "/auth/oidc" {
		t.Fatalf("%d, cookies %+v", w.Code, cookies)
	}
	query := idp.Visit(t, w.Header().Get("Location"))
	if change != nil {
		change(query, cookies[0])
	}
	return p.do("GET", "/auth/oidc/callback?"+query.Encode(), "", "X-API-Key", "", "Cookie", cookies[0].Name+"="+cookies[0].Value, "User-Agent", "browser")
}

func TestSSO(t *testing.T) {
	p := newPlatform(t)
	ctx := t.Context()
	idp := withProvider(t, p)
	c, u := p.member(t, "rina", tenant.Reviewer)
	if m, err := c.AuthMethods(ctx); err != nil || !m.Entra.Enabled || !m.Entra.Healthy || m.LDAP.Enabled || m.LDAP.Healthy || !m.Password.Enabled || strings.Contains(m.Entra.Details, "secret") {
		t.Errorf("methods %+v, %v", m, err)
	}
	idp.SignIn(map[string]any{"sub": "s-1", "preferred_username": "Rina@example.com"})
	var w *httptest.ResponseRecorder
	if records := p.trail(t, func() { w = p.browse(t, idp, nil) }); said(records) != "auth.login user  ok" || records[0].Actor.ID != u.ID.String() {
		t.Errorf("left %+v", records)
	}
	tok := decode[tokens](t, w, http.StatusOK)
	if cleared := w.Result().Cookies(); len(cleared) != 1 || cleared[0].MaxAge >= 0 {
		t.Errorf("the cookie stays: %+v", cleared)
	}
	signedIn := p.client(t, client.WithToken(tok.AccessToken))
	if me, err := signedIn.Profile(ctx); err != nil || me.User.ID != u.ID.String() || me.Role != client.Reviewer {
		t.Fatalf("signed in as %+v, %v", me, err)
	}
	if l, err := signedIn.Sessions(ctx, "", client.Page{}); err != nil || l.Total != 2 || l.Items[0].UserAgent != "browser" {
		t.Errorf("sessions %+v, %v", l, err)
	}
	if refreshed := p.do("POST", "/auth/refresh", `{"refresh_token":"`+tok.RefreshToken+`"}`, "X-API-Key", ""); refreshed.Code != http.StatusOK {
		t.Errorf("refresh: %d %s", refreshed.Code, refreshed.Body)
	}

	// From now on the subject counts, whatever the address says.
	idp.Sign("ES256", nil)
	idp.SignIn(map[string]any{"sub": "s-1", "email": "renamed@elsewhere.example", "email_verified": false})
	if w := p.browse(t, idp, nil); w.Code != http.StatusOK {
		t.Errorf("after a new address: %d %s", w.Code, w.Body)
	}
	for name, claims := range map[string]map[string]any{
		"another subject with the address of a linked account": {"sub": "s-2", "email": "rina@example.com", "email_verified": true},
		"nobody's address":                           {"sub": "s-3", "email": "nobody@example.com", "email_verified": true},
		"an address that is not proven":              {"sub": "s-4", "email": "alpha@example.com", "email_verified": false},
		"an address of a domain that is not trusted": {"sub": "s-5", "email": "alpha@other.example", "email_verified": true},
		"no subject":                                 {"sub": "", "email": "alpha@example.com", "email_verified": true},
		"no address":                                 {"sub": "s-6"},
	} {
		idp.SignIn(claims)
		records := p.trail(t, func() { w = p.browse(t, idp, nil) })
		if w.Code != http.StatusForbidden || said(records) != "auth.login_failed unknown  FORBIDDEN" {
			t.Errorf("%s: %d %s, left %q", name, w.Code, w.Body, said(records))
		}
	}
	if err := p.auth.SetDisabled(ctx, u.Email, true); err != nil {
		t.Fatal(err)
	}
	idp.SignIn(map[string]any{"sub": "s-1"})
	wantProblem(t, p.browse(t, idp, nil), http.StatusForbidden, fault.CodeForbidden)
	if err := p.auth.SetDisabled(ctx, u.Email, false); err != nil {
		t.Fatal(err)
	}
	// The administrator lets another identity in.
	if err := p.auth.Unlink(ctx, u.Email); err != nil {
		t.Fatal(err)
	}
	if _, err := signedIn.Profile(ctx); !client.IsCode(err, "INVALID_TOKEN") {
		t.Errorf("a session of the identity that was taken away: %v", err)
	}
	idp.SignIn(map[string]any{"sub": "s-2", "email": "rina@example.com", "email_verified": true})
	if w := p.browse(t, idp, nil); w.Code != http.StatusOK {
		t.Errorf("after unlinking: %d %s", w.Code, w.Body)
	}
	for _, secret := range []string{tok.AccessToken, tok.RefreshToken, "rina@example.com", oidctest.ClientSecret, "s-1"} {
		if strings.Contains(p.log.String(), secret) {
			t.Errorf("the log has %q", secret)
		}
	}
}

func TestSSORefused(t *testing.T) {
	p := newPlatform(t)
	wantProblem(t, p.do("GET", "/auth/oidc/login", "", "X-API-Key", ""), http.StatusNotFound, fault.CodeNotFound)
	wantProblem(t, p.do("GET", "/auth/oidc/callback?code=x&state=y", "", "X-API-Key", ""), http.StatusNotFound, fault.CodeNotFound)
	idp := withProvider(t, p)
	p.member(t, "rina", tenant.GroupUser)
	idp.SignIn(map[string]any{"sub": "s-1", "email": "rina@example.com", "email_verified": true})
	var used url.Values
	for name, change := range map[string]func(url.Values, *http.Cookie){
		"another state":            func(q url.Values, _ *http.Cookie) { q.Set("state", "x") },
		"no state":                 func(q url.Values, _ *http.Cookie) { q.Del("state") },
		"no cookie":                func(_ url.Values, c *http.Cookie) { c.Value = "" },
		"a cookie that is changed": func(_ url.Values, c *http.Cookie) { c.Value = "A" + c.Value[1:] },
		"a cookie without proof":   func(_ url.Values, c *http.Cookie) { c.Value, _, _ = strings.Cut(c.Value, ".") },
		"another provider":         func(q url.Values, _ *http.Cookie) { q.Set("iss", "https://evil.example") },
		"another code":             func(q url.Values, _ *http.Cookie) { used = url.Values{"code": {q.Get("code")}}; q.Set("code", "x") },
		"an error":                 func(q url.Values, _ *http.Cookie) { q.Set("error", "<script>") },
	} {
		w := p.browse(t, idp, change)
		if w.Code != http.StatusUnauthorized || strings.Contains(w.Body.String(), "script") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	// A code of one browser is no use in another: it is bound to the verifier.
	if w := p.browse(t, idp, func(q url.Values, _ *http.Cookie) { q.Set("code", used.Get("code")) }); w.Code != http.StatusUnauthorized {
		t.Errorf("a stolen code: %d %s", w.Code, w.Body)
	}
	// Who is turned away at the provider comes back without a code.
	idp.SignIn(nil)
	wantProblem(t, p.browse(t, idp, nil), http.StatusUnauthorized, fault.CodeInvalidCredentials)
	if n, err := p.db.Sessions(t.Context(), tenant.Everything(), p.a.user.ID, time.Now()); err != nil || len(n) != 0 {
		t.Errorf("sessions %v, %v", n, err)
	}
}

func TestProviderIsDown(t *testing.T) {
	p := newPlatform(t)
	idp := withProvider(t, p)
	idp.Down(true)
	wantProblem(t, p.do("GET", "/auth/oidc/login", "", "X-API-Key", ""), http.StatusServiceUnavailable, fault.CodeServiceUnavailable)
	m := decode[methods](t, p.do("GET", "/auth/methods", "", "X-API-Key", ""), http.StatusOK)
	if !m.Entra.Enabled || m.Entra.Healthy || m.LDAP.Enabled {
		t.Errorf("methods %+v", m)
	}
}
