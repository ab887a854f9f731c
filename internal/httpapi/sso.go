package httpapi

import (
	"context"
	"net/http"
	"net/url"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"anycheck/internal/audit"
	"anycheck/internal/auth"
	"anycheck/internal/fault"
)

// SSO signs people in at an identity provider.
type SSO interface {
	StartSSO(ctx context.Context) (address, kept string, err error)
	FinishSSO(ctx context.Context, kept, state, code string, from auth.Origin) (auth.Tokens, error)
	Provider() auth.IdentityProvider
}

const (
	ssoPath   = "/auth/oidc"
	ssoCookie = "anycheck_sign_in"
	ssoLife   = 10 * 60 // seconds; the sign-in itself says when it ends
)

func (s *server) ssoRoutes() {
	tags := []string{"Authentication"}
	s.handleRaw(anyone, huma.Operation{OperationID: "startSSO", Method: http.MethodGet, Path: ssoPath + "/login", Tags: tags,
		Metadata:    unrecorded("begins a sign-in; its end is recorded"),
		Summary:     "Sign in at the identity provider",
		Description: "Sends the browser to the provider, which sends it back to /auth/oidc/callback. GET /auth/methods tells whether there is one.",
		Responses:   map[string]*huma.Response{"302": {Description: "To the provider"}, "default": s.problemResponse("Error")},
	}, s.startSSO)
	text := &huma.Schema{Type: huma.TypeString}
	schema := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[tokens](), true, "")
	s.handleRaw(anyone, huma.Operation{OperationID: "finishSSO", Method: http.MethodGet, Path: ssoPath + "/callback", Tags: tags,
		Metadata:    recorded(audit.Login, ""),
		Summary:     "Come back from the identity provider",
		Description: "Answers with tokens as POST /auth/login does. It works once, in the browser that began.",
		Parameters: []*huma.Param{
			{Name: "code", In: "query", Schema: text, Description: "What the provider gave."},
			{Name: "state", In: "query", Schema: text, Description: "What the sign-in began with."},
			{Name: "error", In: "query", Schema: text, Description: "Why the provider refused."},
			{Name: "iss", In: "query", Schema: text, Description: "Who the provider is (RFC 9207)."},
		},
		Responses: map[string]*huma.Response{
			"200":     {Description: "Signed in", Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}},
			"default": s.problemResponse("Error"),
		},
	}, s.finishSSO)
}

func (s *server) startSSO(w http.ResponseWriter, r *http.Request) error {
	address, kept, err := s.Auth.StartSSO(r.Context())
	if err != nil {
		return err
	}
	http.SetCookie(w, callOf(r.Context()).cookie(ssoCookie, kept, ssoPath, ssoLife))
	http.Redirect(w, r, address, http.StatusFound)
	return nil
}

func (s *server) finishSSO(w http.ResponseWriter, r *http.Request) error {
	c, kept := callOf(r.Context()), ""
	if cookie, err := r.Cookie(ssoCookie); err == nil {
		kept = cookie.Value
	}
	http.SetCookie(w, c.cookie(ssoCookie, "", ssoPath, -1)) // good once, whatever comes of it
	q := r.URL.Query()
	if p := s.Auth.Provider(); p != nil && q.Get("iss") != "" && q.Get("iss") != p.Issuer() {
		audit.Of(r.Context()).Drop() // anybody can send this
		return fault.New(fault.Unauthenticated, "This answer is of another identity provider.").WithCode(fault.CodeInvalidToken)
	}
	if q.Get("error") != "" {
		// What the provider says is a stranger's text in our address: it is not repeated.
		audit.Of(r.Context()).Drop()
		return fault.New(fault.Unauthenticated, "The identity provider did not sign you in.").WithCode(fault.CodeInvalidCredentials)
	}
	t, err := s.Auth.FinishSSO(r.Context(), kept, q.Get("state"), q.Get("code"), c.origin)
	if err := s.record(r.Context(), err); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, tokens{t.AccessToken, t.RefreshToken, t.ExpiresIn})
	return nil
}

// viewProvider tells the truth about the provider.
func (s *server) viewProvider(ctx context.Context) directoryMethod {
	p := s.Auth.Provider()
	if p == nil {
		return directoryMethod{Details: "Not set up on this installation."}
	}
	host := p.Issuer()
	if u, err := url.Parse(host); err == nil {
		host = u.Host
	}
	if err := p.Healthy(ctx); err != nil {
		return directoryMethod{Enabled: true, Details: "OpenID Connect at " + host + ", which does not answer as it should at the moment."}
	}
	return directoryMethod{Enabled: true, Healthy: true, Details: "OpenID Connect at " + host + "; begin at GET /auth/oidc/login."}
}
