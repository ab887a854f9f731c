package auth_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"anycheck/internal/audit"
	"anycheck/internal/auth"
	"anycheck/internal/fault"
	"anycheck/internal/store"
	"anycheck/internal/tenant"
)

const password = "correct horse battery"

var key = []byte("0123456789abcdef0123456789abcdef")

type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

// open gives a service on a fresh database with one user in it.
func open(t *testing.T) (*auth.Service, *clock, tenant.User) {
	t.Helper()
	s, _, c, u := openStore(t)
	return s, c, u
}

func openStore(t *testing.T) (*auth.Service, *store.DB, *clock, tenant.User) {
	t.Helper()
	db, err := store.Open(t.Context(), "", t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	c := &clock{time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	s := auth.New(db, key, c.now)
	g, err := s.CreateGroup(t.Context(), "Bank", "Retail")
	if err != nil {
		t.Fatal(err)
	}
	u, err := s.CreateUser(t.Context(), auth.NewUser{Email: "Ana@Example.com", Name: "Ana", Password: password, Role: tenant.GroupUser, Group: g})
	if err != nil {
		t.Fatal(err)
	}
	return s, db, c, u
}

func code(err error) fault.Code {
	if err == nil {
		return ""
	}
	return fault.From(err).Code
}

func TestLogin(t *testing.T) {
	s, _, u := open(t)
	for name, in := range map[string][2]string{"wrong password": {u.Email, "wrong password"}, "unknown user": {"bob@example.com", password}, "no address": {"ana\x00@example.com", password},
		"empty": {"", ""}, "a password beyond the limit": {u.Email, strings.Repeat("x", 1<<20)}} {
		if _, err := s.Login(t.Context(), in[0], in[1], auth.Origin{}); code(err) != fault.CodeInvalidCredentials {
			t.Errorf("%s: %v", name, err)
		}
	}
	tokens, err := s.Login(t.Context(), " ANA@example.com ", password, auth.Origin{})
	if err != nil {
		t.Fatal(err)
	}
	if tokens.ExpiresIn != 3600 || tokens.RefreshToken == "" {
		t.Errorf("tokens %+v", tokens)
	}
	a, err := s.Authenticate(t.Context(), tokens.AccessToken)
	if err != nil || a.User.ID != u.ID || a.Key != nil {
		t.Errorf("actor %v, %v", a, err)
	}
	if err := s.SetDisabled(t.Context(), u.Email, true); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Login(t.Context(), u.Email, password, auth.Origin{}); code(err) != fault.CodeInvalidCredentials {
		t.Errorf("a disabled user signs in: %v", err)
	}
	if _, err := s.Authenticate(t.Context(), tokens.AccessToken); code(err) != fault.CodeInvalidToken {
		t.Errorf("a disabled user's token works: %v", err)
	}
}

func TestAccessToken(t *testing.T) {
	s, c, u := open(t)
	tokens, err := s.Login(t.Context(), u.Email, password, auth.Origin{})
	if err != nil {
		t.Fatal(err)
	}
	var claims jwt.RegisteredClaims
	parsed, _, err := jwt.NewParser().ParseUnverified(tokens.AccessToken, &claims)
	if err != nil || parsed.Header["alg"] != "HS256" || parsed.Header["typ"] != "JWT" {
		t.Fatalf("header %v, %v", parsed.Header, err)
	}
	forge := func(m jwt.SigningMethod, k any, change func(*jwt.RegisteredClaims)) string {
		copied := claims
		change(&copied)
		text, err := jwt.NewWithClaims(m, copied).SignedString(k)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	same := func(*jwt.RegisteredClaims) {}
	for name, token := range map[string]string{
		"none":             forge(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, same),
		"another key":      forge(jwt.SigningMethodHS256, []byte(strings.Repeat("x", 32)), same),
		"another method":   forge(jwt.SigningMethodHS512, key, same),
		"another audience": forge(jwt.SigningMethodHS256, key, func(r *jwt.RegisteredClaims) { r.Audience = jwt.ClaimStrings{"other"} }),
		"another issuer":   forge(jwt.SigningMethodHS256, key, func(r *jwt.RegisteredClaims) { r.Issuer = "other" }),
		"no expiry":        forge(jwt.SigningMethodHS256, key, func(r *jwt.RegisteredClaims) { r.ExpiresAt = nil }),
		"no session":       forge(jwt.SigningMethodHS256, key, func(r *jwt.RegisteredClaims) { r.Subject = "" }),
		"garbage":          "abc",
	} {
		if _, err := s.Authenticate(t.Context(), token); code(err) != fault.CodeInvalidToken {
			t.Errorf("%s: %v", name, err)
		}
	}
	c.t = c.t.Add(auth.AccessLife - time.Second)
	if _, err := s.Authenticate(t.Context(), tokens.AccessToken); err != nil {
		t.Errorf("a second before it expires: %v", err)
	}
	c.t = c.t.Add(2 * time.Second)
	if _, err := s.Authenticate(t.Context(), tokens.AccessToken); code(err) != fault.CodeTokenExpired {
		t.Errorf("a second after it expired: %v", err)
	}
}

func TestRefresh(t *testing.T) {
	s, c, u := open(t)
	ctx := t.Context()
	first, err := s.Login(ctx, u.Email, password, auth.Origin{})
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.Refresh(ctx, first.RefreshToken)
	if err != nil || second.RefreshToken == first.RefreshToken {
		t.Fatalf("rotation: %v", err)
	}
	// The first token again: somebody has a copy, so the family ends.
	if _, err := s.Refresh(ctx, first.RefreshToken); !errors.Is(err, auth.ErrReused) {
		t.Fatalf("reuse: %v", err)
	}
	if _, err := s.Refresh(ctx, second.RefreshToken); code(err) != fault.CodeInvalidToken {
		t.Errorf("the newest token of a revoked family: %v", err)
	}
	if _, err := s.Authenticate(ctx, second.AccessToken); code(err) != fault.CodeInvalidToken {
		t.Errorf("an access token of a revoked family: %v", err)
	}
	if _, err := s.Refresh(ctx, "unknown"); code(err) != fault.CodeInvalidToken {
		t.Errorf("unknown: %v", err)
	}
	other, err := s.Login(ctx, u.Email, password, auth.Origin{})
	if err != nil {
		t.Fatal(err)
	}
	c.t = c.t.Add(auth.RefreshLife + time.Second)
	if _, err := s.Refresh(ctx, other.RefreshToken); code(err) != fault.CodeInvalidToken {
		t.Errorf("after 30 days: %v", err)
	}
}

func TestLogout(t *testing.T) {
	s, _, u := open(t)
	ctx := t.Context()
	tokens, err := s.Login(ctx, u.Email, password, auth.Origin{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Logout(ctx, tokens.RefreshToken); err != nil {
		t.Fatal(err)
	}
	if err := s.Logout(ctx, "unknown"); err != nil {
		t.Errorf("logging out twice: %v", err)
	}
	if _, err := s.Authenticate(ctx, tokens.AccessToken); code(err) != fault.CodeInvalidToken {
		t.Errorf("the access token outlives the session: %v", err)
	}
	if _, err := s.Refresh(ctx, tokens.RefreshToken); err == nil {
		t.Error("the refresh token outlives the session")
	}
}

func TestTestKeys(t *testing.T) {
	s, _, u := open(t)
	ctx := t.Context()
	k, text, err := s.CreateKey(ctx, u, auth.NewKey{Name: "staging", Test: true})
	if err != nil || !strings.HasPrefix(text, "ack_test_") || !strings.HasPrefix(text, k.Prefix+"_") || k.Mode() != tenant.TestMode {
		t.Fatalf("key %+v, %v", k, err)
	}
	a, err := s.AuthenticateKey(ctx, text)
	if err != nil || !a.Test() {
		t.Fatalf("actor %+v, %v", a, err)
	}
	org, group := a.Home()
	if org != tenant.SandboxOf(u.OrganizationID) || group != tenant.SandboxOf(u.GroupID) || a.Scope() != tenant.WithinGroup(org, group) {
		t.Errorf("it acts in %s, %s", org, group)
	}
	p, err := s.Profile(ctx, a)
	if err != nil || p.Group.ID != group || p.Organization.ID != org {
		t.Errorf("profile %+v, %v", p, err)
	}
	// The mark is part of the key: a test key is no live one by another name.
	if _, err := s.AuthenticateKey(ctx, strings.Replace(text, "_test_", "_live_", 1)); code(err) != fault.CodeInvalidAPIKey {
		t.Errorf("as a live key: %v", err)
	}
	groups, err := s.Groups(ctx)
	if err != nil || len(groups) != 1 {
		t.Errorf("groups %+v, %v", groups, err)
	}
	if g, err := s.Group(ctx, groups[0].Name); err != nil || g.ID != u.GroupID {
		t.Errorf("the group by name: %+v, %v", g, err)
	}
}

func TestAPIKeys(t *testing.T) {
	s, c, u := open(t)
	ctx := t.Context()
	soon := c.t.Add(time.Hour)
	k, text, err := s.CreateKey(ctx, u, auth.NewKey{Name: "shop", Scopes: []tenant.KeyScope{tenant.ReadVerifications}, ExpiresAt: &soon})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(text, k.Prefix+"_") || strings.Contains(string(k.Hash), text) {
		t.Errorf("key %q, prefix %q", text, k.Prefix)
	}
	a, err := s.AuthenticateKey(ctx, text)
	if err != nil || a.Key == nil || a.Key.ID != k.ID || a.User.ID != u.ID {
		t.Fatalf("actor %+v, %v", a, err)
	}
	if err := a.Require(tenant.WriteVerifications); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a scope it lacks: %v", err)
	}
	keys, err := s.Keys(ctx)
	if err != nil || len(keys) != 1 || keys[0].LastUsedAt == nil || !keys[0].LastUsedAt.Equal(c.t) {
		t.Errorf("last used: %+v, %v", keys, err)
	}
	for _, wrong := range []string{"", "ack_live_", text[:len(text)-1], k.Prefix + "_x", "ack_live_AAAAAAAA_" + strings.Repeat("x", 43)} {
		if _, err := s.AuthenticateKey(ctx, wrong); code(err) != fault.CodeInvalidAPIKey {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	c.t = soon
	if _, err := s.AuthenticateKey(ctx, text); code(err) != fault.CodeAPIKeyExpired {
		t.Errorf("expired: %v", err)
	}
	c.t = soon.Add(-time.Minute)
	if err := s.RevokeKey(ctx, k.Prefix); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AuthenticateKey(ctx, text); code(err) != fault.CodeInvalidAPIKey {
		t.Errorf("revoked: %v", err)
	}
	if _, _, err := s.CreateKey(ctx, u, auth.NewKey{Name: "x", Scopes: []tenant.KeyScope{"root"}}); code(err) != fault.CodeInvalidValue {
		t.Errorf("an unknown scope: %v", err)
	}
}

// However often a key is used: the first call of each hour leaves a record.
func TestKeyUseIsRecordedOnceAnHour(t *testing.T) {
	s, db, c, u := openStore(t)
	ctx := t.Context()
	k, text, err := s.CreateKey(ctx, u, auth.NewKey{Name: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	day := c.t
	for _, tt := range []struct {
		at   time.Duration
		want int
	}{{0, 1}, {time.Second, 1}, {59*time.Minute + 50*time.Second, 1}, {time.Hour + 5*time.Second, 2}, {time.Hour + 59*time.Minute, 2}, {5 * time.Hour, 3}} {
		c.t = day.Add(tt.at)
		if _, err := s.AuthenticateKey(ctx, text); err != nil {
			t.Fatal(err)
		}
		records, n, err := db.AuditRecords(ctx, tenant.WithinOrganization(u.OrganizationID), audit.Filter{Action: audit.KeyUsed}, 0, 10)
		if err != nil || n != tt.want || !records[0].At.After(day.Add(-time.Second)) || records[0].Actor != (audit.Actor{Kind: audit.Key, ID: k.Prefix}) {
			t.Errorf("after %s: %d records, %v", tt.at, n, err)
		}
	}
	if _, err := s.AuthenticateKey(ctx, text[:len(text)-1]); err == nil {
		t.Error("a wrong key opens")
	}
}

func TestBootstrap(t *testing.T) {
	db, err := store.Open(t.Context(), "", t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s := auth.New(db, key, time.Now)
	u, shown, made, err := s.Bootstrap(t.Context(), "admin@example.com", "", func(tenant.Group) error { return nil })
	if err != nil || !made || shown == "" || u.Role != tenant.SuperAdmin {
		t.Fatalf("first: %+v %v %v", u, made, err)
	}
	if _, err := s.Login(t.Context(), "admin@example.com", shown, auth.Origin{}); err != nil {
		t.Errorf("the printed password: %v", err)
	}
	if _, _, again, err := s.Bootstrap(t.Context(), "admin@example.com", "", func(tenant.Group) error { return nil }); again || err != nil {
		t.Errorf("second: %v %v", again, err)
	}
}

func TestAccounts(t *testing.T) {
	s, _, u := open(t)
	ctx := t.Context()
	g, err := s.Group(ctx, "retail")
	if err != nil || g.ID != u.GroupID || !strings.HasPrefix(g.WebhookSecret, "whsec_") {
		t.Fatalf("group %+v, %v", g, err)
	}
	if _, err := s.CreateUser(ctx, auth.NewUser{Email: "ana@example.com", Password: password, Role: tenant.GroupUser, Group: g}); code(err) != fault.CodeAlreadyExists {
		t.Errorf("the same address twice: %v", err)
	}
	if _, err := s.CreateUser(ctx, auth.NewUser{Email: "not an address", Password: password, Role: tenant.GroupUser, Group: g}); !fault.Is(err, fault.Invalid) {
		t.Errorf("no address: %v", err)
	}
	if _, err := s.CreateUser(ctx, auth.NewUser{Email: "b@example.com", Password: "short", Role: tenant.GroupUser, Group: g}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a short password: %v", err)
	}
	if _, err := s.CreateGroup(ctx, "BANK", "retail"); code(err) != fault.CodeAlreadyExists {
		t.Errorf("the same group twice: %v", err)
	}
	tokens, err := s.Login(ctx, u.Email, password, auth.Origin{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetPassword(ctx, u.Email, "another long password"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Authenticate(ctx, tokens.AccessToken); err == nil {
		t.Error("a sign-in survives a new password")
	}
	if _, err := s.Login(ctx, u.Email, "another long password", auth.Origin{}); err != nil {
		t.Errorf("the new password: %v", err)
	}
}

func TestParseExpiry(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for in, want := range map[string]time.Time{"90d": now.AddDate(0, 0, 90), "12h": now.Add(12 * time.Hour), "2027-01-31": time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)} {
		if got, err := auth.ParseExpiry(in, now); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v", in, got, err)
		}
	}
	if got, err := auth.ParseExpiry("", now); got != nil || err != nil {
		t.Errorf("empty: %v, %v", got, err)
	}
	if _, err := auth.ParseExpiry("soon", now); !fault.Is(err, fault.Invalid) {
		t.Errorf("soon: %v", err)
	}
}

func TestPasswordsRehash(t *testing.T) {
	// argon2id, m=64, t=1, p=1: weaker than today's parameters.
	p := auth.NewPasswords()
	hash, err := p.Hash(context.Background(), password)
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("hash %q, %v", hash, err)
	}
	if ok, rehash, err := p.Matches(t.Context(), password, hash); !ok || rehash || err != nil {
		t.Errorf("own hash: %v %v %v", ok, rehash, err)
	}
	if ok, _, err := p.Matches(t.Context(), password, ""); ok || err != nil {
		t.Errorf("no user: %v %v", ok, err)
	}
	if _, _, err := p.Matches(t.Context(), password, "$2a$10$x"); err == nil {
		t.Error("a hash of another kind is no error")
	}
}
