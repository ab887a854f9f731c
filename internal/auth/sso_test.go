package auth_test

import (
	"context"
	"testing"
	"time"

	"anycheck/internal/auth"
	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

// provider says that everybody is one person.
type provider struct{ auth.Identity }

func (p provider) AuthURL(_ context.Context, f auth.Flow) (string, error) { return f.State, nil }
func (p provider) Exchange(context.Context, auth.Flow, string) (auth.Identity, error) {
	return p.Identity, nil
}
func (p provider) Issuer() string                { return p.Identity.Issuer }
func (p provider) Healthy(context.Context) error { return nil }

// A sign-in at a provider must be finished within ten minutes.
func TestSignInAtProviderExpires(t *testing.T) {
	s, c, u := open(t)
	ctx := t.Context()
	if _, _, err := s.StartSSO(ctx); !fault.Is(err, fault.NotFound) {
		t.Errorf("without a provider: %v", err)
	}
	s.UseProvider(provider{auth.Identity{Issuer: "https://idp.example", Subject: "s", Email: u.Email, EmailProven: true}})
	for wait, want := range map[time.Duration]fault.Code{10*time.Minute - time.Second: "", 10 * time.Minute: fault.CodeInvalidToken} {
		state, kept, err := s.StartSSO(ctx)
		if err != nil {
			t.Fatal(err)
		}
		c.t = c.t.Add(wait)
		tokens, err := s.FinishSSO(ctx, kept, state, "code", auth.Origin{})
		if code(err) != want {
			t.Errorf("after %v: %v", wait, err)
		}
		if want == "" {
			if a, err := s.Authenticate(ctx, tokens.AccessToken); err != nil || a.User.ID != u.ID {
				t.Errorf("signed in as %+v, %v", a.User, err)
			}
		}
	}
}

// When a session was last used is kept to the minute, and an ended one opens
// nothing any more.
func TestSession(t *testing.T) {
	s, c, u := open(t)
	ctx := t.Context()
	tokens, err := s.Login(ctx, u.Email, password, from("192.0.2.1"))
	if err != nil {
		t.Fatal(err)
	}
	var a tenant.Actor
	start := c.t
	for _, tt := range []struct{ at, seen time.Duration }{{0, 0}, {59 * time.Second, 0}, {time.Minute, time.Minute}, {90 * time.Second, time.Minute}, {2 * time.Minute, 2 * time.Minute}} {
		c.t = start.Add(tt.at)
		if a, err = s.Authenticate(ctx, tokens.AccessToken); err != nil {
			t.Fatal(err)
		}
		l, err := s.ListSessions(ctx, a, nil)
		if err != nil || len(l) != 1 || l[0].ID != a.Session || !l[0].LastSeenAt.Equal(start.Add(tt.seen)) || !l[0].CreatedAt.Equal(start) || l[0].Network != "192.0.2.1" {
			t.Errorf("after %v: %+v, %v", tt.at, l, err)
		}
	}
	if err := s.EndSession(ctx, a, a.Session); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Authenticate(ctx, tokens.AccessToken); code(err) != fault.CodeInvalidToken {
		t.Errorf("its access token: %v", err)
	}
	if _, err := s.Refresh(ctx, tokens.RefreshToken); code(err) != fault.CodeInvalidToken {
		t.Errorf("its refresh token: %v", err)
	}
	// An expired session is listed no more.
	if _, err := s.Login(ctx, u.Email, password, from("192.0.2.1")); err != nil {
		t.Fatal(err)
	}
	c.t = c.t.Add(auth.RefreshLife)
	if l, err := s.ListSessions(ctx, a, nil); err != nil || len(l) != 0 {
		t.Errorf("after 30 days: %+v, %v", l, err)
	}
}
