// Package oidctest is a small OpenID Connect provider for tests: discovery,
// keys, the authorization code flow with PKCE, signed ID tokens.
package oidctest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// The client that the provider knows.
const (
	ClientID     = "anycheck"
	ClientSecret = "the client's secret"
)

// Provider is a provider that runs until its test ends.
type Provider struct {
	*httptest.Server
	// Redirect is the address that is registered for the client.
	Redirect string
	// Now is the clock of its tokens.
	Now func() time.Time

	mu     sync.Mutex
	down   bool
	change func(claims map[string]any)
	alg    string
	keys   map[string]crypto.Signer // by algorithm
	codes  map[string]url.Values    // the request that a code is of
	person map[string]any
}

// New starts a provider.
func New(t testing.TB, redirect string) *Provider {
	t.Helper()
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &Provider{Redirect: redirect, Now: time.Now, alg: "RS256", keys: map[string]crypto.Signer{"RS256": r, "ES256": e}, codes: map[string]url.Values{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /keys", p.jwks)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.down {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

// SignIn is who sits before the browser from now on: the claims of its ID
// token besides the usual ones.
func (p *Provider) SignIn(claims map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.person = claims
}

// Sign says how ID tokens are signed, RS256 or ES256, and changes their claims
// before; change may be nil. "none" and "HS256" sign as a forger would.
func (p *Provider) Sign(alg string, change func(claims map[string]any)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.alg, p.change = alg, change
}

// Down says whether it answers at all.
func (p *Provider) Down(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

// Rotate makes new keys; the old ones are not published any more.
func (p *Provider) Rotate(t testing.TB) {
	t.Helper()
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys["RS256"] = r
}

// Visit is the browser at the address that a sign-in begins with. It gives
// the query that the provider sends it back with.
func (p *Provider) Visit(t testing.TB, address string) url.Values {
	t.Helper()
	client := *p.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	to, err := res.Location()
	if err != nil {
		t.Fatalf("the provider did not redirect: %s", res.Status)
	}
	query := to.Query()
	if to.RawQuery = ""; to.String() != p.Redirect {
		t.Fatalf("redirected to %s, want %s", to, p.Redirect)
	}
	return query
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
		"id_token_signing_alg_values_supported": []string{"RS256", "ES256", "HS256", "none"}, "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}})
}

func (p *Provider) jwks(w http.ResponseWriter, _ *http.Request) {
	r, e := p.keys["RS256"].Public().(*rsa.PublicKey), p.keys["ES256"].Public().(*ecdsa.PublicKey)
	point, err := e.Bytes() // 4, x, y
	if err != nil {
		panic(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	answer(w, http.StatusOK, map[string]any{"keys": []map[string]string{
		{"kty": "RSA", "kid": "RS256", "use": "sig", "alg": "RS256", "n": b64(r.N.Bytes()), "e": "AQAB"},
		{"kty": "EC", "kid": "ES256", "use": "sig", "alg": "ES256", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])},
	}})
}

func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("client_id") != ClientID || q.Get("response_type") != "code" || q.Get("redirect_uri") != p.Redirect || q.Get("state") == "" || q.Get("nonce") == "" ||
		q.Get("code_challenge") == "" || q.Get("code_challenge_method") != "S256" || !strings.Contains(" "+q.Get("scope")+" ", " openid ") {
		http.Error(w, "a request that no client should make", http.StatusBadRequest)
		return
	}
	back := url.Values{"state": {q.Get("state")}, "iss": {p.URL}}
	if p.person == nil {
		back.Set("error", "access_denied")
	} else {
		code := rand.Text()
		p.codes[code] = q
		back.Set("code", code)
	}
	http.Redirect(w, r, p.Redirect+"?"+back.Encode(), http.StatusFound)
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	asked, ok := p.codes[r.FormValue("code")]
	delete(p.codes, r.FormValue("code"))
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	unescaped, _ := url.QueryUnescape(secret)
	switch {
	case id != ClientID || unescaped != ClientSecret:
		answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	case !ok, r.FormValue("grant_type") != "authorization_code", r.FormValue("redirect_uri") != p.Redirect,
		base64.RawURLEncoding.EncodeToString(sum[:]) != asked.Get("code_challenge"):
		answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant", "error_description": "the code " + r.FormValue("code")})
		return
	}
	now := p.Now()
	claims := jwt.MapClaims{"iss": p.URL, "aud": ClientID, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "nonce": asked.Get("nonce")}
	for name, value := range p.person {
		claims[name] = value
	}
	if p.change != nil {
		p.change(claims)
	}
	var key any
	switch p.alg {
	case "none":
		key = jwt.UnsafeAllowNoneSignatureType
	case "HS256": // the public key as a secret
		key = p.keys["RS256"].Public().(*rsa.PublicKey).N.Bytes()
	default:
		key = p.keys[p.alg]
	}
	t := jwt.NewWithClaims(jwt.GetSigningMethod(p.alg), claims)
	t.Header["kid"] = p.alg
	signed, err := t.SignedString(key)
	if err != nil {
		panic(err)
	}
	answer(w, http.StatusOK, map[string]any{"access_token": rand.Text(), "token_type": "Bearer", "expires_in": 3600, "id_token": signed})
}
