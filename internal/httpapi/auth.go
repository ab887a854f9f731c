package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/auth"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

type loginRequest struct {
	Body struct {
		Email    string `json:"email" maxLength:"254" example:"admin@anycheck.local" doc:"Address of the account."`
		Password string `json:"password" maxLength:"1024" doc:"Its password."`
	}
}

// deviceLife is how long a browser is known to belong to who signed in on it,
// in seconds.
const deviceLife = 365 * 24 * 3600

type loginAnswer struct {
	SetCookie string `header:"Set-Cookie" doc:"Lets this device sign in while others from its network try wrong passwords. It proves nothing else and may be ignored."`
	Body      tokens
}

type refreshRequest struct {
	Body struct {
		RefreshToken string `json:"refresh_token" maxLength:"1024" doc:"The refresh token given last; each is good once."`
	}
}

type tokens struct {
	AccessToken  string `json:"access_token" doc:"JWT for the header Authorization: Bearer."`
	RefreshToken string `json:"refresh_token" doc:"Trade it at POST /auth/refresh for a new pair; valid for 30 days."`
	ExpiresIn    int    `json:"expires_in" example:"3600" doc:"Seconds until the access token expires."`
}

func viewTokens(t auth.Tokens, err error) (*output[tokens], error) {
	return &output[tokens]{Body: tokens{AccessToken: t.AccessToken, RefreshToken: t.RefreshToken, ExpiresIn: t.ExpiresIn}}, err
}

type passwordMethod struct {
	Enabled bool `json:"enabled" doc:"Whether people can sign in this way."`
}

type directoryMethod struct {
	Enabled bool   `json:"enabled" doc:"Whether people can sign in this way."`
	Healthy bool   `json:"healthy" doc:"Whether the directory answers."`
	Details string `json:"details" doc:"What there is to know about it."`
}

type methods struct {
	Password passwordMethod  `json:"PASSWORD" doc:"E-mail address and password."`
	LDAP     directoryMethod `json:"LDAP" doc:"An LDAP directory."`
	Entra    directoryMethod `json:"ENTRA" doc:"Microsoft Entra ID or another OpenID Connect provider."`
}

type profile struct {
	User struct {
		ID    uuid.UUID `json:"id" format:"uuid" doc:"Id of the user."`
		Email string    `json:"email" doc:"Address that the user signs in with."`
		Name  string    `json:"name" doc:"Name of the user."`
	} `json:"user" doc:"The caller; with an API key, who made the key."`
	Role         tenant.Role          `json:"role" enum:"SUPER_ADMIN,ORGANIZATION_OWNER,GROUP_USER,REVIEWER,AUDITOR" doc:"The user's role; the last two are made on this installation."`
	Organization named                `json:"organization" doc:"The caller's organization."`
	Group        profileGroup         `json:"group" doc:"The caller's group, where what it creates belongs."`
	APIKey       *verification.KeyRef `json:"api_key" doc:"The API key of this request, null for a signed-in person."`
}

type profileGroup struct {
	ID            uuid.UUID `json:"id" format:"uuid" doc:"Id of the group."`
	Name          string    `json:"name" doc:"Name of the group."`
	CreditBalance int64     `json:"credit_balance" doc:"Credits that the group can still spend."`
}

// named is a reference to something that has a name.
type named struct {
	ID   uuid.UUID `json:"id" format:"uuid" doc:"Its id."`
	Name string    `json:"name" doc:"Its name."`
}

func (s *server) authRoutes() {
	tags := []string{"Authentication"}
	handle(s, anyone, huma.Operation{OperationID: "login", Method: http.MethodPost, Path: "/auth/login", Tags: tags,
		Metadata: recorded(audit.Login, ""),
		Summary:  "Sign in with e-mail address and password"},
		func(ctx context.Context, in *loginRequest) (*loginAnswer, error) {
			c := callOf(ctx)
			t, err := s.Auth.Login(ctx, in.Body.Email, in.Body.Password, c.origin)
			out := &loginAnswer{Body: tokens{t.AccessToken, t.RefreshToken, t.ExpiresIn}}
			if t.Device != "" {
				out.SetCookie = c.cookie(deviceCookie, t.Device, "/", deviceLife).String()
			}
			return out, err
		})
	handle(s, anyone, huma.Operation{OperationID: "refresh", Method: http.MethodPost, Path: "/auth/refresh", Tags: tags,
		Metadata:    recorded(audit.Refreshed, ""),
		Summary:     "Trade a refresh token for a new pair",
		Description: "The token is replaced. Using a replaced one again ends the whole session: somebody has copied it."},
		func(ctx context.Context, in *refreshRequest) (*output[tokens], error) {
			t, err := s.Auth.Refresh(ctx, in.Body.RefreshToken)
			if err != nil && !errors.Is(err, auth.ErrReused) {
				audit.Of(ctx).Drop() // anybody can make up a token; a copied one matters
			}
			return viewTokens(t, err)
		})
	handle(s, callers, huma.Operation{OperationID: "logout", Method: http.MethodPost, Path: "/auth/logout", Tags: tags,
		Metadata: recorded(audit.Logout, ""),
		Summary:  "End the session of a refresh token", DefaultStatus: http.StatusNoContent},
		func(ctx context.Context, in *refreshRequest) (*noContent, error) {
			return nil, s.Auth.Logout(ctx, in.Body.RefreshToken)
		})
	handle(s, anyone, huma.Operation{OperationID: "authMethods", Method: http.MethodGet, Path: "/auth/methods", Tags: tags,
		Metadata: unrecorded(noPersonalData),
		Summary:  "How people can sign in here"},
		func(ctx context.Context, _ *struct{}) (*output[methods], error) {
			off := directoryMethod{Details: "This version has no LDAP; use single sign-on."}
			return &output[methods]{Body: methods{Password: passwordMethod{Enabled: true}, LDAP: off, Entra: s.viewProvider(ctx)}}, nil
		})
	handle(s, callers, huma.Operation{OperationID: "profile", Method: http.MethodGet, Path: "/profile", Tags: tags,
		Metadata: unrecorded("the caller's own account"),
		Summary:  "Who is calling"},
		func(ctx context.Context, _ *struct{}) (*output[profile], error) {
			a := actorOf(ctx)
			p, err := s.Auth.Profile(ctx, a)
			if err != nil {
				return nil, err
			}
			out := &output[profile]{}
			b := &out.Body
			b.User.ID, b.User.Email, b.User.Name = p.User.ID, p.User.Email, p.User.Name
			b.Role = p.User.Role
			b.Organization = named{p.Organization.ID, p.Organization.Name}
			b.Group = profileGroup{p.Group.ID, p.Group.Name, p.Group.Balance}
			if k := a.Key; k != nil {
				b.APIKey = &verification.KeyRef{ID: k.ID, Name: k.Name, Prefix: k.Prefix}
			}
			return out, nil
		})
}
