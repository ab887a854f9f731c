package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"anycheck/internal/fault"
	"anycheck/internal/idempotency"
	"anycheck/internal/ledger"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// keyed tells whether a route takes an Idempotency-Key: every POST of a proven
// caller does but those that make nothing: what they show is kept nowhere.
func keyed(who access, op huma.Operation) bool {
	return who == callers && op.Method == http.MethodPost && op.OperationID != revealOperation && op.OperationID != exportSubjectOperation
}

// shown is what a use case has made, as the API answers it to this caller. Routes that answer
// with one of these keep their answer in the transaction that made it; those
// of others keep it right after (answered in package verification).
func (s *server) shown(c *call, made any) any {
	switch made := made.(type) {
	case verification.Verification:
		return s.viewVerification(c.base, made.For(c.actor))
	case verification.Folder:
		return viewFolder(made)
	case verification.Upload:
		return s.viewUpload(c.base, made)
	case ledger.Entry:
		return viewEntry(made)
	}
	return nil
}

// bodyOf gives the body of a route's answer, and tells whether the route
// answers with a body like v.
type bodyOf interface {
	body() any
	like(v any) bool
}

func (o *output[T]) body() any { return o.Body }

func (*output[T]) like(v any) bool { _, ok := v.(T); return ok }

// once runs fn, or answers as the same call was answered before.
func once[I, O any](s *server, ctx context.Context, op huma.Operation, in *I, fn func(context.Context, *I) (*O, error)) (*O, error) {
	if callOf(ctx).key == "" {
		return fn(ctx, in)
	}
	asked, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	var none any = (*O)(nil)
	_, hasBody := none.(bodyOf)
	status := op.DefaultStatus
	if status == 0 {
		if status = http.StatusNoContent; hasBody {
			status = http.StatusOK
		}
	}
	var out *O
	a, replayed, err := s.onceBytes(ctx, op, asked, status, func(v any) bool {
		return hasBody && none.(bodyOf).like(v)
	}, func(ctx context.Context) (any, error) {
		var err error
		if out, err = fn(ctx, in); err != nil || !hasBody {
			return nil, err
		}
		return any(out).(bodyOf).body(), nil
	})
	if err == nil && replayed {
		return nil, &replay{a}
	}
	return out, err
}

// onceBytes is once for what is asked and answered in bytes: status and the
// JSON of what run gives. like tells what the route's answer looks like.
func (s *server) onceBytes(ctx context.Context, op huma.Operation, asked []byte, status int, like func(any) bool, run func(context.Context) (any, error)) (a idempotency.Answer, replayed bool, err error) {
	c := callOf(ctx)
	org, group := c.actor.Home()
	call, err := idempotency.NewCall(s.AnswersKey, idempotency.Where{OrganizationID: org, GroupID: group, Route: op.Method + " " + op.Path},
		c.key, append(rightsOf(c.actor), asked...), s.Now().UTC().Truncate(time.Microsecond), func(made any) (idempotency.Answer, bool) {
			v := s.shown(c, made)
			if v == nil || !like(v) {
				return idempotency.Answer{}, false
			}
			body, err := asJSON(v)
			return idempotency.Answer{Status: status, Body: body}, err == nil
		})
	if err != nil {
		return a, false, err
	}
	release, err := s.flights.take(ctx, call.ID())
	if err != nil {
		return a, false, err
	}
	defer release()
	if a, err = s.UseCases.KeptAnswer(ctx, call); !fault.Is(err, fault.NotFound) {
		return a, err == nil, err
	}
	v, err := run(idempotency.With(ctx, call))
	if errors.Is(err, idempotency.ErrTaken) {
		// Another node was quicker: nothing was done here, and its answer is there.
		a, err = s.UseCases.KeptAnswer(ctx, call)
		if fault.Is(err, fault.NotFound) {
			err = idempotency.ErrTaken
		}
		return a, err == nil, err
	}
	if err != nil {
		return a, false, err // nothing is kept: the key is free for another try
	}
	a.Status = status
	if v != nil {
		if a.Body, err = asJSON(v); err != nil {
			return a, false, err
		}
	}
	// It is done: the caller that hung up will ask again.
	if err := s.UseCases.KeepAnswer(context.WithoutCancel(ctx), call, a); err != nil {
		s.Logger.WarnContext(ctx, "the answer to a call with an idempotency key was not kept", "request_id", c.id, "error", err)
	}
	return a, false, nil
}

// onceRaw is once for a route that huma does not serve: it answers as JSON
// what run gives.
func onceRaw[T any](s *server, w http.ResponseWriter, r *http.Request, op huma.Operation, asked []byte, status int, run func(context.Context) (T, error)) error {
	if callOf(r.Context()).key == "" {
		v, err := run(r.Context())
		if err == nil {
			writeJSON(w, status, v)
		}
		return err
	}
	a, replayed, err := s.onceBytes(r.Context(), op, asked, status, (*output[T])(nil).like, func(ctx context.Context) (any, error) {
		return run(ctx)
	})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	if replayed {
		w.Header().Set(idempotency.Replayed, "true")
	}
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // the caller is gone; there is nobody left to tell
	return nil
}

// rightsOf names the user and what its credentials allow: an answer is given
// again to the same user with the same rights only.
func rightsOf(a tenant.Actor) []byte {
	parts := []string{a.User.ID.String(), string(a.User.Role)}
	if a.Key != nil {
		for _, sc := range slices.Sorted(slices.Values(a.Key.Scopes)) {
			parts = append(parts, string(sc))
		}
	} else {
		parts = append(parts, "person", strconv.FormatBool(a.User.Masked))
	}
	return append([]byte(strings.Join(parts, " ")), 0)
}

// asJSON writes v as huma writes bodies.
func asJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b.Bytes(), err
}

// replay is an answer given again. It passes huma as an error, because a
// handler can answer its own type only.
type replay struct{ answer idempotency.Answer }

// Error is for the interface.
func (r *replay) Error() string { return "answered before" }

// GetStatus is the first answer's status.
func (r *replay) GetStatus() int { return r.answer.Status }

// GetHeaders marks the answer.
func (r *replay) GetHeaders() http.Header { return http.Header{idempotency.Replayed: {"true"}} }

// MarshalJSON is the first answer's body.
func (r *replay) MarshalJSON() ([]byte, error) { return r.answer.Body, nil }

// flights lets one run of a call go on at a time within this process.
type flights struct {
	mu      sync.Mutex
	running map[[32]byte]chan struct{}
	// patience is how long a second run waits for the first.
	patience time.Duration
}

// take waits until no other run of the call is under way.
func (f *flights) take(ctx context.Context, id [32]byte) (release func(), err error) {
	timer := time.NewTimer(f.patience)
	defer timer.Stop()
	for {
		f.mu.Lock()
		first, busy := f.running[id]
		if !busy {
			done := make(chan struct{})
			f.running[id] = done
			f.mu.Unlock()
			return func() {
				f.mu.Lock()
				delete(f.running, id)
				f.mu.Unlock()
				close(done)
			}, nil
		}
		f.mu.Unlock()
		select {
		case <-first:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-timer.C:
			e := fault.New(fault.Conflict, "The first call with this %s is still running.", idempotency.Header).WithCode(fault.CodeIdempotencyConflict)
			e.RetryAfter = time.Second
			return nil, e
		}
	}
}
