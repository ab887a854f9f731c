package verification

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/tenant"
)

// Attempt is one run of a verification and what came of it. A retry keeps the
// earlier ones; the evidence of their steps stays too.
type Attempt struct {
	Number       int
	Status       Status // of an earlier one: when it was retried
	StartDate    *time.Time
	EndDate      *time.Time
	Output       json.RawMessage // nil until decided
	OutputStatus OutputStatus
	Checks       []Check
	OutputPath   string
	ExportPath   string
	Failure      *Failure
	OCRJobIDs    []uuid.UUID
	FraudJobIDs  []uuid.UUID
	// RetriedAt and RetriedBy tell of the retry that ended it; nil and empty
	// for the current one.
	RetriedAt *time.Time
	RetriedBy string
}

// attempt is the current attempt of v.
func (v Verification) attempt() Attempt {
	return Attempt{Number: v.Attempt, Status: v.Status, StartDate: v.StartDate, EndDate: v.EndDate, Output: v.Output, OutputStatus: v.OutputStatus, Checks: v.Checks,
		OutputPath: v.OutputPath, ExportPath: v.ExportPath, Failure: v.Failure, OCRJobIDs: v.OCRJobIDs, FraudJobIDs: v.FraudJobIDs}
}

// AttemptStore keeps earlier attempts. They live as long as their verification.
type AttemptStore interface {
	// InsertAttempt keeps an attempt; a second one of the same number is a
	// Conflict.
	InsertAttempt(ctx context.Context, scope tenant.Scope, verification uuid.UUID, a Attempt) error
	// Attempts lists the kept ones, oldest first.
	Attempts(ctx context.Context, scope tenant.Scope, verification uuid.UUID) ([]Attempt, error)
}

// Attempts lists a verification's attempts, oldest first; the last one is the
// current one.
func (u *UseCases) Attempts(ctx context.Context, a tenant.Actor, id uuid.UUID) ([]Attempt, error) {
	v, err := u.Get(ctx, a, id)
	if err != nil {
		return nil, err
	}
	list, err := u.store.Attempts(ctx, a.Scope(), id)
	if err != nil {
		return nil, err
	}
	if n := len(list); n > 0 && list[n-1].Number >= v.Attempt { // retried in between
		return list, nil
	}
	return append(list, v.attempt()), nil
}

// Retry runs a failed verification again, or with force any finished one. It
// keeps its id and result, gets a new attempt and reserves credits anew.
func (u *UseCases) Retry(ctx context.Context, a tenant.Actor, id uuid.UUID, force bool) (Verification, error) {
	trigger := Retry
	if force {
		trigger = ForceRetry
	}
	if err := a.Require(tenant.WriteVerifications); err != nil {
		return Verification{}, err
	}
	read, err := u.store.Verification(ctx, a.Scope(), id)
	if err != nil {
		return Verification{}, err
	}
	if _, err := Next(read.Status, trigger); err != nil {
		return Verification{}, err
	}
	if read.Config.Type == "" { // cancelled as a draft: nobody has checked it yet
		if err := u.recheck(ctx, &read); err != nil {
			return Verification{}, err
		}
	}
	return u.change(ctx, a, id, func(ctx context.Context, tx Store, v *Verification) error {
		was := Mark{v.Status, v.Attempt}
		if _, err := Next(v.Status, trigger); err != nil {
			return err
		}
		earlier := v.attempt()
		now := u.now()
		earlier.RetriedAt, earlier.RetriedBy = &now, a.Name()
		if err := tx.InsertAttempt(ctx, a.Scope(), v.ID, earlier); err != nil {
			return err
		}
		if v.Config.Type == "" {
			v.Config, v.TotalFiles, v.TotalPages, v.CreditCost = read.Config, read.TotalFiles, read.TotalPages, read.CreditCost
			if err := useFiles(ctx, tx, *v); err != nil {
				return err
			}
			if err := tx.UpdateInput(ctx, a.Scope(), was, *v); err != nil {
				return err
			}
		}
		v.Attempt++
		v.Runs, v.StartDate, v.EndDate, v.Failure = 0, nil, nil, nil
		v.Output, v.OutputStatus, v.Checks, v.OutputPath, v.ExportPath = nil, "", nil, "", ""
		v.OCRJobIDs, v.FraudJobIDs = nil, nil
		if err := tx.UpdateVerification(ctx, a.Scope(), was, *v, nil); err != nil {
			return err
		}
		return u.enqueue(ctx, tx, a, v, trigger, u.transition, queued)
	})
}
