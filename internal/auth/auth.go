// Package auth proves who is calling: passwords, sessions with rotating
// refresh tokens, access tokens, API keys. It also makes accounts, because
// that is where secrets are born.
//
// It must not know HTTP or SQL; what an actor may do is the tenant room's.
package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/mail"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

// Life times of the contract.
const (
	AccessLife  = time.Hour
	RefreshLife = 30 * 24 * time.Hour
)

const (
	issuer   = "anycheck"
	audience = "anycheck-api"
	// When a key or session was last used is written at most this often.
	touchEvery = time.Minute
)

// Service proves callers and manages accounts.
type Service struct {
	store     Store
	passwords *Passwords
	key       []byte
	provider  IdentityProvider // nil: people sign in with passwords only
	now       func() time.Time
}

// New makes the service. key signs access tokens: 32 random bytes or more.
func New(store Store, key []byte, now func() time.Time) *Service {
	return &Service{store: store, passwords: NewPasswords(), key: key, now: func() time.Time { return storable(now()) }}
}

// storable is the time as the store keeps it, so that what is answered is what
// is read later: UTC, whole microseconds.
func storable(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// Tokens is what a sign-in gives.
type Tokens struct {
	AccessToken  string
	RefreshToken string
	ExpiresIn    int // seconds the access token lives
	// Device is for the device to keep and to show when somebody signs in on
	// it again; see Origin.
	Device string
}

var errCredentials = fault.New(fault.Unauthenticated, "The e-mail address or the password is wrong.").WithCode(fault.CodeInvalidCredentials)

// Login signs a person in.
func (s *Service) Login(ctx context.Context, email, password string, from Origin) (Tokens, error) {
	u, err := s.checkPassword(ctx, email, password, from)
	if err != nil {
		return Tokens{}, err
	}
	t, err := s.start(ctx, u, from)
	if err == nil && !s.knowsDevice(u.Email, from.Device) {
		t.Device = s.newDevice(u.Email)
	}
	return t, err
}

// checkPassword finds the user that an address and a password belong to. That
// there is no such user, that it is disabled or that it has no password looks
// like a wrong password, and takes as long.
func (s *Service) checkPassword(ctx context.Context, email, password string, from Origin) (tenant.User, error) {
	var u tenant.User
	if parsed, err := parseEmail(email); err == nil {
		email = parsed
		if u, err = s.store.UserByEmail(ctx, email); err != nil && !fault.Is(err, fault.NotFound) {
			return tenant.User{}, err
		}
	}
	if u.ID != uuid.Nil {
		audit.Of(ctx).By(tenant.Actor{User: u}) // claimed, until the password is right
	}
	attempt := s.throttle(email, from, s.now())
	if err := s.count(ctx, attempt); err != nil {
		return tenant.User{}, err
	}
	ok, rehash, err := s.passwords.Matches(ctx, password, u.PasswordHash)
	if err != nil {
		return tenant.User{}, err
	}
	if !ok || u.Disabled {
		return tenant.User{}, errCredentials
	}
	if err := s.passed(ctx, attempt); err != nil {
		return tenant.User{}, err
	}
	if rehash {
		if hash, err := s.passwords.Hash(ctx, password); err == nil {
			if err := s.store.UpdatePasswordHash(ctx, u.ID, hash, false, s.now()); err != nil {
				return tenant.User{}, err
			}
		}
	}
	return u, nil
}

// start begins a session.
func (s *Service) start(ctx context.Context, u tenant.User, from Origin) (Tokens, error) {
	now := s.now()
	session := Session{ID: newID(), UserID: u.ID, UserAgent: plainText(from.UserAgent, maxUserAgent), Network: from.Network(), CreatedAt: now, LastSeenAt: now}
	text, token := newRefreshToken(now)
	if err := s.store.InsertSession(ctx, session, token); err != nil {
		return Tokens{}, err
	}
	return s.tokens(session.ID, text)
}

// Refresh trades a refresh token for a new pair. A token that was used before
// ends the session.
func (s *Service) Refresh(ctx context.Context, refresh string) (Tokens, error) {
	now := s.now()
	text, next := newRefreshToken(now)
	session, err := s.store.RotateRefreshToken(ctx, hashOf(refresh), next, now)
	s.identify(ctx, session)
	switch {
	case errors.Is(err, ErrReused):
		return Tokens{}, err
	case fault.Is(err, fault.NotFound):
		return Tokens{}, fault.New(fault.Unauthenticated, "This refresh token is not valid any more. Please sign in again.").WithCode(fault.CodeInvalidToken)
	case err != nil:
		return Tokens{}, err
	}
	return s.tokens(session, text)
}

// identify tells the audit log whose session it is about.
func (s *Service) identify(ctx context.Context, session uuid.UUID) {
	if session == uuid.Nil || audit.Of(ctx) == nil {
		return
	}
	// Without an answer the record names nobody.
	if u, err := s.store.SessionOwner(ctx, session); err == nil {
		audit.Of(ctx).By(tenant.Actor{User: u})
	}
}

// Logout ends the session of a refresh token; an unknown one is no error.
func (s *Service) Logout(ctx context.Context, refresh string) error {
	session, err := s.store.SessionOfToken(ctx, hashOf(refresh))
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.store.RevokeSession(ctx, session, s.now())
}

func (s *Service) tokens(session uuid.UUID, refresh string) (Tokens, error) {
	now := s.now()
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{
		Issuer: issuer, Audience: jwt.ClaimStrings{audience}, Subject: session.String(), ID: newID().String(),
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(AccessLife)),
	})
	signed, err := t.SignedString(s.key)
	return Tokens{AccessToken: signed, RefreshToken: refresh, ExpiresIn: int(AccessLife.Seconds())}, err
}

// Authenticate proves a person by access token (RFC 8725: one algorithm,
// issuer, audience and expiry are checked). Its session must still stand.
func (s *Service) Authenticate(ctx context.Context, bearer string) (tenant.Actor, error) {
	var claims jwt.RegisteredClaims
	_, err := jwt.ParseWithClaims(bearer, &claims, func(*jwt.Token) (any, error) { return s.key, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithIssuer(issuer), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(), jwt.WithTimeFunc(s.now))
	if errors.Is(err, jwt.ErrTokenExpired) {
		return tenant.Actor{}, fault.New(fault.Unauthenticated, "The access token has expired. Use POST /auth/refresh.").WithCode(fault.CodeTokenExpired)
	}
	invalid := fault.New(fault.Unauthenticated, "The access token is not valid.").WithCode(fault.CodeInvalidToken)
	if err != nil {
		return tenant.Actor{}, invalid
	}
	id, err := uuid.Parse(claims.Subject)
	if err != nil {
		return tenant.Actor{}, invalid
	}
	session, u, err := s.store.Session(ctx, id)
	if fault.Is(err, fault.NotFound) || (err == nil && u.Disabled) {
		return tenant.Actor{}, invalid
	}
	if err != nil {
		return tenant.Actor{}, err
	}
	if now := s.now(); now.Sub(session.LastSeenAt) >= touchEvery {
		if err := s.store.TouchSession(ctx, id, now); err != nil {
			return tenant.Actor{}, err
		}
	}
	return tenant.Actor{User: u, Session: id}, nil
}

// What the keys of each mode begin with.
const (
	liveKeyMark = "ack_live_"
	testKeyMark = "ack_test_"
)

// AuthenticateKey proves a program by API key.
func (s *Service) AuthenticateKey(ctx context.Context, key string) (tenant.Actor, error) {
	invalid := fault.New(fault.Unauthenticated, "The API key is not valid.").WithCode(fault.CodeInvalidAPIKey)
	prefix, _, ok := cutKey(key)
	if !ok {
		return tenant.Actor{}, invalid
	}
	k, u, err := s.store.APIKeyByPrefix(ctx, prefix)
	if fault.Is(err, fault.NotFound) {
		return tenant.Actor{}, invalid
	}
	if err != nil {
		return tenant.Actor{}, err
	}
	now := s.now()
	switch {
	case subtle.ConstantTimeCompare(k.Hash, hashOf(key)) != 1, k.RevokedAt != nil, u.Disabled:
		return tenant.Actor{}, invalid
	case k.ExpiresAt != nil && !now.Before(*k.ExpiresAt):
		return tenant.Actor{}, fault.New(fault.Unauthenticated, "The API key has expired.").WithCode(fault.CodeAPIKeyExpired)
	}
	a := tenant.Actor{User: u, Key: &k}
	newHour := k.LastUsedAt == nil || !k.LastUsedAt.Truncate(time.Hour).Equal(now.Truncate(time.Hour))
	if newHour {
		// What a key does is recorded call by call; that it was used, once an
		// hour. Written first: a crash in between repeats it.
		if err := s.store.AppendAudit(ctx, keyUsed(ctx, a, now)); err != nil {
			return tenant.Actor{}, err
		}
	}
	if newHour || now.Sub(*k.LastUsedAt) >= touchEvery {
		if err := s.store.TouchAPIKey(ctx, k.ID, now); err != nil {
			return tenant.Actor{}, err
		}
	}
	return a, nil
}

func keyUsed(ctx context.Context, a tenant.Actor, now time.Time) *audit.Entry {
	e := audit.Begin(audit.KeyUsed, "key")
	e.By(a)
	e.About(a.Key.OrganizationID, a.Key.GroupID, "key", a.Key.ID)
	e.Stamp("", "", now)
	if request := audit.Of(ctx); request != nil {
		e.RequestID, e.Address = request.RequestID, request.Address
	}
	return e
}

// Profile is who the caller is.
type Profile struct {
	User         tenant.User
	Organization tenant.Organization
	Group        tenant.Group
}

// Profile tells the caller who it is.
func (s *Service) Profile(ctx context.Context, a tenant.Actor) (Profile, error) {
	orgID, groupID := a.Home()
	org, err := s.store.Organization(ctx, a.Scope(), orgID)
	if err != nil {
		return Profile{}, err
	}
	group, err := s.store.Group(ctx, a.Scope(), groupID)
	return Profile{User: a.User, Organization: org, Group: group}, err
}

func newRefreshToken(now time.Time) (text string, t RefreshToken) {
	text = randomText(32)
	return text, RefreshToken{ID: newID(), Hash: hashOf(text), CreatedAt: now, ExpiresAt: now.Add(RefreshLife)}
}

// A secret of 32 random bytes needs no slow hash (ASVS 5.0, 6.5.2).
func hashOf(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

func randomText(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

func cutKey(key string) (prefix, secret string, ok bool) {
	mark := liveKeyMark
	if strings.HasPrefix(key, testKeyMark) {
		mark = testKeyMark
	}
	rest, ok := strings.CutPrefix(key, mark)
	if !ok {
		return "", "", false
	}
	id, secret, ok := strings.Cut(rest, "_")
	odd := strings.ContainsFunc(id, func(r rune) bool { return (r < '0' || r > '9') && (r < 'A' || r > 'Z') })
	return mark + id, secret, ok && id != "" && secret != "" && !odd
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// parseEmail gives the form that addresses are stored and compared in.
func parseEmail(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > 254 {
		return "", fault.Field("email", "is not an e-mail address")
	}
	return s, nil
}
