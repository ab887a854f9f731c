package verification

import (
	"context"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

// Reveal tells that somebody was shown one masked value, and why. The reason is
// a person's text and may name another one: it is kept here, where it is erased
// with its result, and not in the audit record, which is for ever and names it
// by id.
type Reveal struct {
	ID uuid.UUID
	Tenancy
	VerificationID uuid.UUID
	Field          string
	Reason         string
	Actor          string // a user's address or the prefix of an API key
	At             time.Time
}

// For hides the reason from an actor that may not see personal data.
func (r Reveal) For(a tenant.Actor) Reveal {
	if !a.Can(tenant.SeePersonalData) {
		r.Reason = hidden
	}
	return r
}

// RevealStore keeps what was revealed. Rows are never changed and live as long
// as their result.
type RevealStore interface {
	InsertReveal(ctx context.Context, scope tenant.Scope, r Reveal) error
	// Reveals lists a verification's, oldest first.
	Reveals(ctx context.Context, scope tenant.Scope, verification uuid.UUID) ([]Reveal, error)
}

// Reveal gives one value of a verification to an actor that sees it masked:
// a field of the card, or of the person that was asked about; nil when the
// field could not be read. What is not recorded is not shown.
func (u *UseCases) Reveal(ctx context.Context, a tenant.Actor, id uuid.UUID, field, reason string) (*string, error) {
	if err := a.Require(tenant.RevealPersonalData); err != nil {
		return nil, err
	}
	v, err := u.Get(ctx, a, id)
	if err != nil {
		return nil, err
	}
	wrong := fault.New(fault.Invalid, "The value cannot be revealed like this.")
	value, ok := v.personal(field)
	if !ok {
		wrong.WithField("field", "is no field of this verification")
	}
	if reason = strings.TrimSpace(reason); reason == "" || utf8.RuneCountInString(reason) > maxReason {
		wrong.WithField("reason", "must have 1 to %d characters", maxReason)
	}
	if len(wrong.Fields) > 0 {
		return nil, wrong
	}
	r := Reveal{ID: newID(), Tenancy: v.Tenancy, VerificationID: v.ID, Field: field, Reason: reason, Actor: a.Name(), At: u.now()}
	err = u.store.InTx(ctx, func(ctx context.Context, tx Store) error {
		e := audit.Of(ctx)
		e.About(v.OrganizationID, v.GroupID, "verification", v.ID)
		e.Detail("field", field)
		e.Detail("reveal_id", r.ID.String())
		return tx.InsertReveal(ctx, a.Scope(), r)
	})
	if err != nil {
		return nil, err
	}
	return value, nil
}

// Reveals lists who was shown masked values of a verification, oldest first.
func (u *UseCases) Reveals(ctx context.Context, a tenant.Actor, id uuid.UUID) ([]Reveal, error) {
	if err := a.Require(tenant.ReadAudit); err != nil {
		return nil, err
	}
	if _, err := u.store.Verification(ctx, a.Scope(), id); err != nil {
		return nil, err
	}
	list, err := u.store.Reveals(ctx, a.Scope(), id)
	for i, r := range list {
		list[i] = r.For(a)
	}
	return list, err
}

// personal finds a value by the name it has in output.ktp or input_config.
func (v Verification) personal(field string) (*string, bool) {
	var out struct {
		KTP map[string]*string `json:"ktp"`
	}
	if v.Output != nil && json.Unmarshal(v.Output, &out) == nil {
		if value, ok := out.KTP[field]; ok {
			return value, true
		}
	}
	var in map[string]json.RawMessage
	var value string
	if v.Config.Person == nil || json.Unmarshal(v.InputConfig, &in) != nil || json.Unmarshal(in[field], &value) != nil {
		return nil, false
	}
	return &value, true
}
