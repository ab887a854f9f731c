package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// Audit keeps the record of who did what.
type Audit interface {
	// Append writes an entry that is due; it is durable when Append returns.
	Append(ctx context.Context, e *audit.Entry) error
	// Records lists an organization's records, newest first, for its owner.
	Records(ctx context.Context, a tenant.Actor, f audit.Filter, offset, size int) ([]audit.Record, int, error)
}

// trace is what an operation declares of its audit record, beside its route:
//
//	Metadata: recorded(audit.HitDismissed, "verification")
//	Metadata: unrecorded("shows no personal data")
//
// A test fails for a route that declares neither.
type trace struct {
	action audit.Action
	object string // type of the object
	param  string // path or query parameter that names it
	none   string // why there is no record
}

const traceKey = "audit"

// recorded declares that each call leaves a record of the action. The object is
// the one that the parameter id, or another, names; a handler or use case
// that knows better says so with audit.Of(ctx).
func recorded(action audit.Action, objectType string, param ...string) map[string]any {
	t := trace{action: action, object: objectType, param: "id"}
	if len(param) > 0 {
		t.param = param[0]
	}
	return map[string]any{traceKey: t}
}

// unrecorded declares that calls leave no record, and why.
func unrecorded(why string) map[string]any { return map[string]any{traceKey: trace{none: why}} }

const (
	noPersonalData = "shows no personal data and changes nothing"
	accountsOnly   = "shows accounts, nobody's documents"
	folderChange   = "folders show no personal data and say who changed them"
)

// traced keeps what an operation declared.
func (s *server) traced(op huma.Operation) {
	t, _ := op.Metadata[traceKey].(trace)
	s.traces[op.Method+" "+muxPath(op)] = t
}

// beginRecord starts the record of a request that has a route.
func (s *server) beginRecord(r *http.Request, pattern string) {
	e, t := audit.Of(r.Context()), s.traces[pattern]
	*e = *audit.Begin(t.action, t.object)
	c := callOf(r.Context())
	e.Stamp(c.id, c.origin.Address.String(), s.Now())
	if t.action == "" {
		e.Drop()
	}
}

// nameObject says which object the request is about. The path's values are
// known once the mux has routed it.
func (s *server) nameObject(ctx context.Context) {
	r := callOf(ctx).request
	if r == nil {
		return
	}
	t := s.traces[r.Pattern]
	value := r.PathValue(t.param)
	if value == "" {
		value = r.URL.Query().Get(t.param)
	}
	if u, err := uuid.Parse(value); err == nil {
		audit.Of(ctx).Named(u.String())
	}
}

// record writes the request's record before its answer leaves. err is how the
// operation ended; a record that cannot be written takes its place.
func (s *server) record(ctx context.Context, err error) error {
	e := audit.Of(ctx)
	if !e.Due() {
		return err
	}
	e.Ended(err)
	if failed := s.Audit.Append(ctx, e); failed != nil {
		if err == nil {
			return failed
		}
		s.Logger.ErrorContext(ctx, "the audit record of a failed request cannot be written", "request_id", callOf(ctx).id, "error", failed)
	}
	return err
}

// personal tells whether a verification's answer shows something of a person.
// Before its end that of a card shows links only, and their use is recorded.
func personal(v verification.Verification) bool { return v.Output != nil || v.Config.Person != nil }

// auditRecord is one record as the API shows it.
type auditRecord struct {
	Sequence  int64             `json:"sequence" doc:"Its place in the organization's chain: 1, 2, 3 … without gaps."`
	At        time.Time         `json:"at" doc:"When it happened."`
	Actor     auditActor        `json:"actor" doc:"Who did it."`
	GroupID   *string           `json:"group_id" doc:"The group it concerns, null for none."`
	Action    string            `json:"action" example:"personal_data.viewed" doc:"Stable code of what was done."`
	Object    auditObject       `json:"object" doc:"What it was done to."`
	RequestID string            `json:"request_id" doc:"The X-Request-Id of the call; empty for none."`
	Address   string            `json:"address" example:"203.0.113.0/24" doc:"The caller's network: IPv4 without its last byte, IPv6 without its last 80 bits."`
	Outcome   string            `json:"outcome" example:"ok" doc:"ok, or the error code that was answered."`
	Details   map[string]string `json:"details" doc:"More, never personal data."`
	Hash      string            `json:"hash" doc:"SHA-256 that chains the record to the one before."`
}

type auditActor struct {
	Kind string `json:"kind" enum:"user,key,system,command_line,unknown" doc:"What it is; unknown: not proven, as in a sign-in that fails."`
	ID   string `json:"id" doc:"Id of the user or prefix of the API key, else empty."`
}

type auditObject struct {
	Type string `json:"type" example:"verification" doc:"What it is; may be empty."`
	ID   string `json:"id" doc:"Its id; may be empty."`
}

func viewAuditRecord(r audit.Record) auditRecord {
	v := auditRecord{Sequence: r.Sequence, At: r.At.UTC(), Actor: auditActor{string(r.Actor.Kind), r.Actor.ID}, Action: string(r.Action),
		Object: auditObject{r.Object.Type, r.Object.ID}, RequestID: r.RequestID, Address: r.Address, Outcome: r.Outcome, Details: r.Details, Hash: r.Hash.String()}
	if r.Group != "" {
		v.GroupID = &r.Group
	}
	if v.Details == nil {
		v.Details = map[string]string{}
	}
	return v
}

type listAuditRequest struct {
	From       time.Time `query:"from" doc:"Only records of this time or later."`
	Until      time.Time `query:"until" doc:"Only records before this time."`
	ActorID    string    `query:"actor_id" maxLength:"64" doc:"Only what this user (id) or API key (prefix) did."`
	Action     string    `query:"action" maxLength:"64" doc:"Only this action."`
	ObjectType string    `query:"object_type" maxLength:"32" doc:"Only what was done to things of this type."`
	ObjectID   string    `query:"object_id" maxLength:"128" doc:"Only what was done to this thing."`
	Page
}

func (s *server) auditRoutes() {
	handle(s, callers, huma.Operation{OperationID: "listAuditRecords", Method: http.MethodGet, Path: "/audit", Tags: []string{"Audit"},
		Metadata:    recorded(audit.LogViewed, ""),
		Summary:     "Who did what in the organization, newest first",
		Description: "For who has the permission audit:read. Every sign-in, use of a key, look at personal data, download, export, decision and change of a setting leaves a record."},
		func(ctx context.Context, in *listAuditRequest) (*output[list[auditRecord]], error) {
			f := audit.Filter{ActorID: in.ActorID, Action: audit.Action(in.Action), ObjectType: in.ObjectType, ObjectID: in.ObjectID}
			if !in.From.IsZero() {
				f.From = &in.From
			}
			if !in.Until.IsZero() {
				f.Until = &in.Until
			}
			audit.Of(ctx).Detail("offset", strconv.Itoa(in.PageOffset))
			records, total, err := s.Audit.Records(ctx, actorOf(ctx), f, in.PageOffset, in.PageSize)
			return listOf(records, total, viewAuditRecord), err
		})
}
