package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/auth"
	"anycheck/internal/fault"
	"anycheck/internal/idempotency"
	"anycheck/internal/tenant"
)

// call is what is known of the request in hand.
type call struct {
	id    string
	base  links // of the links in the answer
	actor tenant.Actor
	// origin is where the request comes from.
	origin  auth.Origin
	key     string       // the Idempotency-Key, empty for none
	err     *fault.Error // what was answered, for the log
	request *http.Request
}

type callKey struct{}

// callOf gives the request's call; outside of a request, an empty one.
func callOf(ctx context.Context) *call {
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		return c
	}
	return &call{}
}

func actorOf(ctx context.Context) tenant.Actor { return callOf(ctx).actor }

// contentPolicy lets a browser that shows an answer load and run nothing.
const contentPolicy = "default-src 'none'; frame-ancestors 'none'"

// handler wraps the routes in what holds for all of them.
func (s *server) handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{id: requestID(r.Header.Get("X-Request-Id")), base: links{address: s.base(r), until: s.Now().Add(linkLife)}, origin: s.originOf(r)}
		r = r.WithContext(audit.With(context.WithValue(r.Context(), callKey{}, c), &audit.Entry{}))
		c.request = r
		started := time.Now()
		tw := &trackingWriter{ResponseWriter: w}
		h := tw.Header()
		h.Set("X-Request-Id", c.id)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("Referrer-Policy", "no-referrer")
		defer func() {
			aborted := s.recovered(tw, r, c, recover())
			s.log(r, c, tw.status, time.Since(started))
			if aborted {
				panic(http.ErrAbortHandler) // net/http cuts the connection
			}
		}()
		if err := s.dispatch(tw, r); err != nil {
			writeProblem(tw, newProblem(r.Context(), err))
		}
	})
}

// dispatch lets in whom the route takes. A route that nobody declared public
// needs proof of who is calling.
func (s *server) dispatch(w http.ResponseWriter, r *http.Request) error {
	h, pattern := s.mux.Handler(r)
	if pattern == "" {
		return notRouted(h, w, r)
	}
	s.beginRecord(r, pattern)
	if s.public[pattern] {
		if !probes[pattern] {
			if err := s.limits.address(callOf(r.Context()).origin); err != nil {
				return err
			}
		}
	} else if err := s.admit(w, r); err != nil {
		return err
	}
	s.mux.ServeHTTP(w, r)
	return nil
}

// probes are not limited: who asks whether the process lives must not be told
// to come back later.
var probes = map[string]bool{"GET /livez": true, "GET /readyz": true}

// admit proves who is calling and counts the call.
func (s *server) admit(w http.ResponseWriter, r *http.Request) error {
	actor, err := s.authenticate(r)
	if err != nil {
		// Who tries credentials is slowed down by address.
		if limited := s.limits.address(callOf(r.Context()).origin); limited != nil && fault.Is(err, fault.Unauthenticated) {
			return limited
		}
		return err
	}
	c := callOf(r.Context())
	c.actor, c.base.holder = actor, audit.ActorOf(actor)
	audit.Of(r.Context()).By(actor)
	if err := s.limits.caller(r.Context(), w.Header(), actor); err != nil {
		return err
	}
	if r.Method == http.MethodPost {
		c.key, err = idempotency.ParseKey(r.Header.Values(idempotency.Header))
	}
	return err
}

func (s *server) authenticate(r *http.Request) (tenant.Actor, error) {
	authorization, key := r.Header.Get("Authorization"), r.Header.Get("X-API-Key")
	scheme, token, _ := strings.Cut(authorization, " ")
	token = strings.TrimSpace(token)
	switch {
	case strings.EqualFold(scheme, "Bearer") && token != "":
		return s.Auth.Authenticate(r.Context(), token)
	case authorization != "":
		return tenant.Actor{}, fault.New(fault.Unauthenticated, "The header Authorization must be: Bearer, a space, an access token.")
	case key != "":
		return s.Auth.AuthenticateKey(r.Context(), key)
	}
	return tenant.Actor{}, fault.New(fault.Unauthenticated, "Sign in first: send Authorization: Bearer <access token> or X-API-Key: <key>.")
}

// notRouted answers what the mux has no route for; h is the mux's own answer.
func notRouted(h http.Handler, w http.ResponseWriter, r *http.Request) error {
	probe := &probeWriter{header: http.Header{}}
	h.ServeHTTP(probe, r)
	if probe.status != http.StatusMethodNotAllowed {
		return fault.New(fault.NotFound, "There is nothing at this address.")
	}
	allowed := probe.header.Get("Allow")
	w.Header().Set("Allow", allowed)
	p := newProblem(r.Context(), fault.New(fault.Invalid, "This address does not take %s, only %s.", r.Method, allowed))
	p.status = http.StatusMethodNotAllowed
	writeProblem(w, p)
	return nil
}

// recovered answers a panic, and tells whether the connection must be cut
// because an answer had begun.
func (s *server) recovered(w *trackingWriter, r *http.Request, c *call, v any) (abort bool) {
	if v == nil {
		return false
	}
	if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		return true
	}
	s.Logger.ErrorContext(r.Context(), "panic in a request", "request_id", c.id, "route", r.Pattern, "panic", v, "stack", string(debug.Stack()))
	if w.status != 0 {
		return true
	}
	writeProblem(w, newProblem(r.Context(), errors.New("panic")))
	return false
}

// log writes one line for a request: never its values, which may be personal.
func (s *server) log(r *http.Request, c *call, status int, took time.Duration) {
	level := slog.LevelInfo
	attrs := []slog.Attr{slog.String("request_id", c.id), slog.String("method", r.Method), slog.String("route", r.Pattern),
		slog.Int("status", status), slog.Float64("ms", float64(took.Microseconds())/1000)}
	if c.err != nil {
		attrs = append(attrs, slog.String("error_code", string(c.err.Code)))
		if level = fault.MeaningOf(c.err.Kind).Level; level > slog.LevelInfo {
			attrs = append(attrs, slog.String("error", c.err.Error()))
		}
	}
	s.Logger.LogAttrs(r.Context(), level, "request", attrs...)
}

func (s *server) base(r *http.Request) string {
	if s.PublicURL != "" {
		return strings.TrimSuffix(s.PublicURL, "/")
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// requestID takes the caller's id when it is short and plain, so that it can
// stand in a log, and makes one otherwise.
func requestID(theirs string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.:", r)
	}
	if theirs != "" && len(theirs) <= 64 && strings.IndexFunc(theirs, func(r rune) bool { return !plain(r) }) < 0 {
		return theirs
	}
	return uuid.Must(uuid.NewV7()).String()
}

// trackingWriter notes the status that was answered, 0 while there is none.
type trackingWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status.
func (w *trackingWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write notes the status that net/http implies.
func (w *trackingWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *trackingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// probeWriter learns what a handler would answer.
type probeWriter struct {
	header http.Header
	status int
}

// Header gives the headers.
func (w *probeWriter) Header() http.Header { return w.header }

// Write drops the body.
func (w *probeWriter) Write(b []byte) (int, error) { return len(b), nil }

// WriteHeader notes the status.
func (w *probeWriter) WriteHeader(status int) { w.status = status }
