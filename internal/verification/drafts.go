package verification

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

const (
	// maxDraft bounds the configuration of a draft, in bytes: nobody has
	// checked its values yet.
	maxDraft = 64 << 10
	// MaxSubmit is how many drafts one call submits.
	MaxSubmit = 100
)

// CreateDraft keeps a request to be completed and submitted later. It needs a
// service and a folder; of its configuration only the keys are looked at, and
// nothing is reserved.
func (u *UseCases) CreateDraft(ctx context.Context, a tenant.Actor, n NewVerification) (Verification, error) {
	var err error
	if n.Configuration, err = draftConfiguration(n.Configuration); err != nil {
		return Verification{}, err
	}
	v, service, err := u.prepare(ctx, a, n)
	if err != nil {
		return Verification{}, err
	}
	if err := checkKeys(service.Form, n.Configuration); err != nil {
		return Verification{}, err
	}
	err = u.store.InTx(ctx, func(ctx context.Context, tx Store) error {
		if err := placeInResult(ctx, tx, a.Scope(), n, v); err != nil {
			return err
		}
		return tx.InsertVerification(ctx, a.Scope(), v, nil)
	})
	return v, err
}

// draftConfiguration takes any object; none is an empty one.
func draftConfiguration(raw json.RawMessage) (json.RawMessage, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return json.RawMessage(`{}`), nil
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil {
		return nil, fault.Field("configuration", "must be an object")
	}
	if len(raw) > maxDraft {
		return nil, fault.Field("configuration", "must have at most %d bytes", maxDraft)
	}
	return raw, nil
}

// UpdateDraft replaces what a draft holds. It stays in its folder and result;
// a webhook secret that was set stays until another one is sent.
func (u *UseCases) UpdateDraft(ctx context.Context, a tenant.Actor, id uuid.UUID, n NewVerification) (Verification, error) {
	if err := a.Require(tenant.WriteVerifications); err != nil {
		return Verification{}, err
	}
	v, err := u.store.Verification(ctx, a.Scope(), id)
	if err != nil {
		return Verification{}, err
	}
	if v.Status != Draft {
		return Verification{}, noDraft(v)
	}
	fixed := fault.New(fault.Invalid, "A draft stays where it is.")
	if n.FolderID != uuid.Nil && n.FolderID != v.FolderID {
		fixed.WithField("folder_id", "a draft stays in its folder")
	}
	if n.ResultID != nil && *n.ResultID != v.ResultID {
		fixed.WithField("result_id", "a draft stays in its result")
	}
	if len(fixed.Fields) > 0 {
		return Verification{}, fixed
	}
	n.FolderID, n.ResultID = v.FolderID, &v.ResultID
	if n.Configuration, err = draftConfiguration(n.Configuration); err != nil {
		return Verification{}, err
	}
	fresh, service, err := u.prepare(ctx, a, n)
	if err != nil {
		return Verification{}, err
	}
	if err := checkKeys(service.Form, n.Configuration); err != nil {
		return Verification{}, err
	}
	return u.change(ctx, a, id, func(ctx context.Context, tx Store, v *Verification) error {
		if v.Status != Draft {
			return noDraft(*v)
		}
		v.ServiceID, v.ServiceName, v.CreditCost, v.InputConfig = fresh.ServiceID, fresh.ServiceName, fresh.CreditCost, fresh.InputConfig
		v.WebhookURL, v.WebhookMetadata, v.Consent, v.UpdatedAt = fresh.WebhookURL, fresh.WebhookMetadata, fresh.Consent, u.now()
		if fresh.WebhookSecret != "" {
			v.WebhookSecret = fresh.WebhookSecret
		}
		return tx.UpdateInput(ctx, a.Scope(), Mark{Draft, v.Attempt}, *v)
	})
}

func noDraft(v Verification) error {
	return fault.New(fault.Conflict, "The verification is %s, no longer a draft.", v.Status)
}

// SubmitDraft checks all of a draft, reserves its credits and queues it.
func (u *UseCases) SubmitDraft(ctx context.Context, a tenant.Actor, id uuid.UUID) (Verification, error) {
	if err := a.Require(tenant.WriteVerifications); err != nil {
		return Verification{}, err
	}
	checked, err := u.store.Verification(ctx, a.Scope(), id)
	if err != nil {
		return Verification{}, err
	}
	if _, err := Next(checked.Status, Submit); err != nil {
		return Verification{}, err
	}
	if err := u.recheck(ctx, &checked); err != nil {
		return Verification{}, err
	}
	return u.change(ctx, a, id, func(ctx context.Context, tx Store, v *Verification) error {
		if _, err := Next(v.Status, Submit); err != nil {
			return err
		}
		if !v.UpdatedAt.Equal(checked.UpdatedAt) {
			return fault.New(fault.Conflict, "The draft has changed in the meantime.")
		}
		v.Config, v.TotalFiles, v.TotalPages, v.CreditCost = checked.Config, checked.TotalFiles, checked.TotalPages, checked.CreditCost
		if err := tx.JoinResult(ctx, a.Scope(), v.ResultID); err != nil {
			return err
		}
		if err := useFiles(ctx, tx, *v); err != nil {
			return err
		}
		if err := tx.UpdateInput(ctx, a.Scope(), Mark{Draft, v.Attempt}, *v); err != nil {
			return err
		}
		return u.enqueue(ctx, tx, a, v, Submit, u.transition, queued)
	})
}

// Submitted is what came of one draft of many.
type Submitted struct {
	ID           uuid.UUID
	Verification Verification // when Err is nil
	Err          error
}

// SubmitDrafts submits drafts one after another. Each is submitted or not as a
// whole; one that cannot be does not hold up the others.
func (u *UseCases) SubmitDrafts(ctx context.Context, a tenant.Actor, ids []uuid.UUID) ([]Submitted, error) {
	if err := a.Require(tenant.WriteVerifications); err != nil {
		return nil, err
	}
	if len(ids) == 0 || len(ids) > MaxSubmit {
		return nil, fault.Field("ids", "must have 1 to %d ids", MaxSubmit)
	}
	var list []Submitted
	for _, id := range ids {
		v, err := u.SubmitDraft(ctx, a, id)
		if err != nil && ctx.Err() != nil {
			return nil, err // the caller is gone
		}
		list = append(list, Submitted{ID: id, Verification: v, Err: err})
	}
	return list, nil
}
