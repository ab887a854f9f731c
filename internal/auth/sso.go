package auth

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

// IdentityProvider signs people in elsewhere (OpenID Connect). What it answers
// as an Unavailable fault is its own failure, as Unauthenticated the person's.
type IdentityProvider interface {
	// AuthURL is where the person's browser goes to sign in.
	AuthURL(ctx context.Context, f Flow) (string, error)
	// Exchange trades the code that the browser came back with for who the
	// person is, proven by the provider's signature and bound to f.
	Exchange(ctx context.Context, f Flow, code string) (Identity, error)
	// Issuer names the provider.
	Issuer() string
	// Healthy tells why nobody can sign in there at the moment; nil when they
	// can. It may be some seconds old.
	Healthy(ctx context.Context) error
}

// Flow is one sign-in on its way, kept by the browser that began it.
type Flow struct {
	State    string    `json:"s"`
	Nonce    string    `json:"n"`
	Verifier string    `json:"v"` // PKCE
	Expires  time.Time `json:"e"`
}

// Identity is who somebody is at a provider.
type Identity struct {
	Issuer  string
	Subject string // stable; e-mail addresses are not
	Email   string
	// EmailProven says that the address belongs to the person, by the
	// provider's word or by the operator's trust in it for that domain.
	EmailProven bool
}

// flowLife is how long a person may take at the provider.
const flowLife = 10 * time.Minute

var (
	errNoProvider = fault.New(fault.NotFound, "Single sign-on is not set up on this installation.")
	errFlow       = fault.New(fault.Unauthenticated, "This sign-in was not begun in this browser, or too long ago. Please start again.").WithCode(fault.CodeInvalidToken)
)

// UseProvider lets people sign in at p. It must be called before the first
// request.
func (s *Service) UseProvider(p IdentityProvider) { s.provider = p }

// Provider is where people can sign in; nil for nowhere.
func (s *Service) Provider() IdentityProvider { return s.provider }

// StartSSO begins a sign-in at the provider: address is where the browser
// goes, kept what it must bring back.
func (s *Service) StartSSO(ctx context.Context) (address, kept string, err error) {
	if s.provider == nil {
		return "", "", errNoProvider
	}
	f := Flow{State: randomText(32), Nonce: randomText(32), Verifier: randomText(32), Expires: s.now().Add(flowLife)}
	if address, err = s.provider.AuthURL(ctx, f); err != nil {
		return "", "", err
	}
	data, err := json.Marshal(f)
	if err != nil {
		return "", "", err
	}
	b64 := base64.RawURLEncoding
	return address, b64.EncodeToString(data) + "." + b64.EncodeToString(s.mac("sign-in at a provider", string(data))), nil
}

// FinishSSO ends a sign-in at the provider. The person must have an account
// here: one that is linked to the identity already, or, the first time, one
// with its proven e-mail address.
func (s *Service) FinishSSO(ctx context.Context, kept, state, code string, from Origin) (Tokens, error) {
	if s.provider == nil {
		audit.Of(ctx).Drop()
		return Tokens{}, errNoProvider
	}
	f, ok := s.flow(kept)
	if !ok || !s.now().Before(f.Expires) || !hmac.Equal([]byte(state), []byte(f.State)) {
		audit.Of(ctx).Drop() // anybody can make one up
		return Tokens{}, errFlow
	}
	id, err := s.provider.Exchange(ctx, f, code)
	if err != nil {
		return Tokens{}, err
	}
	u, err := s.userOf(ctx, id)
	if u.ID != uuid.Nil {
		audit.Of(ctx).By(tenant.Actor{User: u})
	}
	if err != nil {
		return Tokens{}, err
	}
	return s.start(ctx, u, from)
}

func (s *Service) flow(kept string) (f Flow, ok bool) {
	data, sum, _ := strings.Cut(kept, ".")
	b64 := base64.RawURLEncoding.Strict()
	raw, err := b64.DecodeString(data)
	mac, err2 := b64.DecodeString(sum)
	if err != nil || err2 != nil || !hmac.Equal(mac, s.mac("sign-in at a provider", string(raw))) {
		return Flow{}, false
	}
	return f, json.Unmarshal(raw, &f) == nil && f.State != ""
}

func (s *Service) userOf(ctx context.Context, id Identity) (tenant.User, error) {
	refused := fault.New(fault.Forbidden, "There is no account for you on this installation. Please ask its administrator.")
	if id.Issuer == "" || id.Subject == "" {
		return tenant.User{}, refused
	}
	u, err := s.store.IdentityUser(ctx, id.Issuer, id.Subject)
	if fault.Is(err, fault.NotFound) {
		u, err = s.link(ctx, id)
	}
	if fault.Is(err, fault.NotFound) || err == nil && u.Disabled {
		return u, refused
	}
	return u, err
}

// link makes an identity the user's who has its e-mail address.
func (s *Service) link(ctx context.Context, id Identity) (tenant.User, error) {
	email, err := parseEmail(id.Email)
	if err != nil || !id.EmailProven {
		return tenant.User{}, fault.New(fault.Forbidden, "The identity provider does not vouch for your e-mail address, so no account could be found.")
	}
	u, err := s.store.UserByEmail(ctx, email)
	if err != nil || u.Disabled {
		return u, err
	}
	err = s.store.LinkIdentity(ctx, id.Issuer, id.Subject, u.ID, s.now())
	if alreadyExists(err) {
		if linked, err := s.store.IdentityUser(ctx, id.Issuer, id.Subject); err == nil && linked.ID == u.ID {
			return u, nil // a second tab was first
		}
		// Addresses are given to new people; accounts are not.
		return tenant.User{}, fault.New(fault.Forbidden, "Another identity is linked to this account. Please ask the administrator.")
	}
	return u, err
}
