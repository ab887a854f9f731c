// Package httpapi is the JSON API: it reads requests, calls the use cases and
// shows what they answer in the shapes of the API contract, with an OpenAPI
// 3.1 document made from the same types.
//
// It must not know SQL, the queue, models or files on disk other than its own
// spool, and it holds no rules: those are the use cases'.
package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/google/uuid"

	"anycheck/internal/auth"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
	"anycheck/internal/webhook"
)

// Auth proves callers.
type Auth interface {
	Login(ctx context.Context, email, password string, from auth.Origin) (auth.Tokens, error)
	Refresh(ctx context.Context, refreshToken string) (auth.Tokens, error)
	Logout(ctx context.Context, refreshToken string) error
	Authenticate(ctx context.Context, bearer string) (tenant.Actor, error)
	AuthenticateKey(ctx context.Context, key string) (tenant.Actor, error)
	Profile(ctx context.Context, a tenant.Actor) (auth.Profile, error)
	SSO
	People
	RotateWebhookSecret(ctx context.Context, a tenant.Actor, group uuid.UUID, overlap time.Duration) (auth.RotatedSecret, error)
}

// Config is what the API stands on.
type Config struct {
	UseCases   *verification.UseCases
	Screenings *verification.Screenings
	Privacy    *verification.Privacy
	Reviews    *verification.Reviews
	Evidence   *verification.Dossiers
	Webhooks   *webhook.Desk
	Auth       Auth
	Audit      Audit
	// Ready tells why the program cannot work at the moment; nil when it can.
	Ready func(ctx context.Context) error
	// SigningKey signs file addresses: 32 random bytes or more, the same on
	// every node.
	SigningKey []byte
	// AnswersKey seals the answers kept for calls with an Idempotency-Key: 32
	// random bytes or more, the same on every node.
	AnswersKey []byte
	// RateLimits bound how often may be called.
	RateLimits RateLimits
	// PublicURL is where clients reach the API; empty: what the request was
	// sent to.
	PublicURL string
	// TrustedProxies are the networks whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// SpoolDir holds the parts of an upload while it arrives.
	SpoolDir string
	Limits   verification.Limits
	Logger   *slog.Logger
	Now      func() time.Time
}

const (
	version = "1.0.0" // of the API document

	maxBody = 1 << 20 // bytes of a JSON body
	// A JSON body must have arrived after this long, however slow the link.
	bodyTimeout = 30 * time.Second
	// A JSON route must have its answer ready after this long.
	answerTimeout = time.Minute
	// A call with an Idempotency-Key waits this long for the one before it.
	keyPatience = 30 * time.Second
)

// server holds what the handlers share.
type server struct {
	Config
	mux    *routes
	api    huma.API
	signer signer
	// public are the patterns that need no proof of who is calling.
	public  map[string]bool
	limits  *limiter
	flights *flights
	// traces are what each pattern declares of its audit record.
	traces    map[string]trace
	documents documents
}

// New makes the API's handler.
func New(cfg Config) http.Handler {
	s := newServer(cfg)
	return s.handler()
}

func newServer(cfg Config) *server {
	s := &server{Config: cfg, mux: &routes{ServeMux: http.NewServeMux()}, public: map[string]bool{}, traces: map[string]trace{},
		signer:  signer{key: cfg.SigningKey, now: cfg.Now},
		limits:  &limiter{RateLimits: cfg.RateLimits, now: cfg.Now, read: cfg.UseCases.AllRateLimits},
		flights: &flights{running: map[[32]byte]chan struct{}{}, patience: keyPatience}}
	s.api = humago.New(s.mux, apiConfig())
	documentErrors(s.api.OpenAPI())
	s.authRoutes()
	s.ssoRoutes()
	s.peopleRoutes()
	s.apiKeyRoutes()
	s.groupRoutes()
	s.folderRoutes()
	s.serviceRoutes()
	s.verificationRoutes()
	s.draftRoutes()
	s.reviewRoutes()
	s.settingsRoutes()
	s.jobRoutes()
	s.resultRoutes()
	s.screeningRoutes()
	s.privacyRoutes()
	s.auditRoutes()
	s.evidenceRoutes()
	s.webhookRoutes()
	s.feedRoute()
	s.healthRoutes()
	s.metricsRoute()
	s.creditRoutes()
	s.uploadRoutes()
	s.fileRoutes()
	s.documentRoutes()
	doc := s.api.OpenAPI()
	finishSchemas(doc.Components.Schemas.Map())
	documentPermissions(doc)
	documentExamples(doc)
	s.documents = newDocuments(doc)
	return s
}

// routes is the mux, which keeps the patterns it was given.
type routes struct {
	*http.ServeMux
	patterns []string
}

// HandleFunc adds a route.
func (m *routes) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	m.patterns = append(m.patterns, pattern)
	m.ServeMux.HandleFunc(pattern, handler)
}

// access says who may call a route at all.
type access int

const (
	callers access = iota // whoever proves who they are
	anyone
)

// output is what a JSON route answers.
type output[T any] struct{ Body T }

// noContent is the answer of a route that has nothing to say.
type noContent struct{}

// handle registers a JSON route. What fn returns as an error is answered in
// the contract's shape.
func handle[I, O any](s *server, who access, op huma.Operation, fn func(context.Context, *I) (*O, error)) {
	op.MaxBodyBytes, op.BodyReadTimeout = maxBody, bodyTimeout
	s.allow(who, &op)
	s.traced(op)
	takesKey := keyed(who, op)
	if takesKey {
		op.Parameters = append(op.Parameters, keyParameter)
	}
	op.Responses = errorResponses(who, op)
	huma.Register(s.api, op, func(ctx context.Context, in *I) (out *O, err error) {
		ctx, cancel := context.WithTimeout(ctx, answerTimeout)
		defer cancel()
		s.nameObject(ctx)
		if takesKey {
			out, err = once(s, ctx, op, in, fn)
		} else {
			out, err = fn(ctx, in)
		}
		var again *replay
		if errors.As(err, &again) { // it shows the answer once more
			err = nil
		}
		err = s.record(ctx, err)
		switch {
		case err == nil && again != nil:
			return nil, again
		case err != nil:
			return nil, newProblem(ctx, err)
		}
		return out, nil
	})
}

// handleRaw registers a route that reads or writes what is not JSON; op
// describes it. fn must call record before it answers.
func (s *server) handleRaw(who access, op huma.Operation, fn func(http.ResponseWriter, *http.Request) error) {
	s.allow(who, &op)
	for status, r := range errorResponses(who, op) {
		if op.Responses[status] == nil {
			op.Responses[status] = r
		}
	}
	s.traced(op)
	s.api.OpenAPI().AddOperation(&op)
	s.mux.HandleFunc(op.Method+" "+muxPath(op), func(w http.ResponseWriter, r *http.Request) {
		s.nameObject(r.Context())
		if err := s.record(r.Context(), fn(w, r)); err != nil {
			writeProblem(w, newProblem(r.Context(), err))
		}
	})
}

func (s *server) allow(who access, op *huma.Operation) {
	if who == anyone {
		s.public[op.Method+" "+muxPath(*op)] = true
		op.Security = []map[string][]string{} // none, whatever the document's default says
	}
}
