package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

const (
	noJob     = "There is no such job."
	selectJob = `SELECT id, organization_id, group_id, verification_id, attempt, kind, status, steps, created_at, updated_at FROM jobs WHERE ` + inScope
)

func scanJob(r row) (j verification.Job, err error) {
	err = r.Scan(&j.ID, &j.OrganizationID, &j.GroupID, &j.VerificationID, &j.Attempt, &j.Kind, &j.Status, fromJSON{&j.Steps}, at{&j.CreatedAt}, at{&j.UpdatedAt})
	return j, err
}

// Job implements verification.Store.
func (s *store) Job(ctx context.Context, scope tenant.Scope, id uuid.UUID) (verification.Job, error) {
	return one(ctx, s, scanJob, noJob, selectJob+` AND id = $3 AND EXISTS (SELECT 1 FROM verifications WHERE verifications.id = jobs.verification_id`+notErased+`)`, scoped(scope, id)...)
}

// JobsOf implements verification.Store, oldest first.
func (s *store) JobsOf(ctx context.Context, scope tenant.Scope, id uuid.UUID, attempt int) ([]verification.Job, error) {
	return all(ctx, s, scanJob, selectJob+` AND verification_id = $3 AND attempt = $4 ORDER BY created_at, id`, scoped(scope, id, attempt)...)
}

// UpdateJob implements verification.Store. It writes Status, Steps and UpdatedAt.
func (s *store) UpdateJob(ctx context.Context, scope tenant.Scope, j verification.Job) error {
	steps, err := asJSON(j.Steps)
	if err != nil {
		return err
	}
	return s.change(ctx, noJob, `UPDATE jobs SET status = $4, steps = $5, updated_at = $6 WHERE `+inScope+` AND id = $3`,
		scoped(scope, j.ID, j.Status, steps, micros(j.UpdatedAt))...)
}

// SaveEvidence implements verification.Store.
func (s *store) SaveEvidence(ctx context.Context, scope tenant.Scope, id uuid.UUID, attempt int, step verification.StepName, evidence json.RawMessage, at time.Time) error {
	sealed, err := s.sealFor(ctx, scope, id, place("evidence", evidenceRow(id, attempt, step)), raw(evidence))
	if err != nil {
		return err
	}
	n, err := s.exec(ctx, `INSERT INTO evidence (verification_id, attempt, step, organization_id, group_id, evidence, at)
		SELECT id, $4, $5, organization_id, group_id, $6, $7 FROM verifications WHERE `+inScope+` AND id = $3
		ON CONFLICT (verification_id, attempt, step) DO NOTHING`, scoped(scope, id, attempt, step, sealed, micros(at))...)
	if err != nil || n == 1 {
		return err
	}
	_, err = s.Verification(ctx, scope, id) // there already, or nothing of the caller's
	return err
}

// ReplaceEvidence implements verification.Store.
func (s *store) ReplaceEvidence(ctx context.Context, scope tenant.Scope, id uuid.UUID, attempt int, step verification.StepName, evidence json.RawMessage, at time.Time) error {
	sealed, err := s.sealFor(ctx, scope, id, place("evidence", evidenceRow(id, attempt, step)), raw(evidence))
	if err != nil {
		return err
	}
	return s.change(ctx, noVerification, `INSERT INTO evidence (verification_id, attempt, step, organization_id, group_id, evidence, at)
		SELECT id, $4, $5, organization_id, group_id, $6, $7 FROM verifications WHERE `+inScope+` AND id = $3
		ON CONFLICT (verification_id, attempt, step) DO UPDATE SET evidence = excluded.evidence, at = excluded.at`,
		scoped(scope, id, attempt, step, sealed, micros(at))...)
}

// evidenceRow names a row of evidence.
func evidenceRow(id uuid.UUID, attempt int, step verification.StepName) string {
	return fmt.Sprint(id, " ", attempt, " ", step)
}

// Evidence implements verification.Store.
func (s *store) Evidence(ctx context.Context, scope tenant.Scope, id uuid.UUID, attempt int) (map[verification.StepName]json.RawMessage, error) {
	owner, err := s.resultOf(ctx, scope, id)
	if fault.Is(err, fault.NotFound) {
		return map[verification.StepName]json.RawMessage{}, nil
	}
	if err != nil {
		return nil, err
	}
	found := map[verification.StepName]json.RawMessage{}
	_, err = all(ctx, s, func(r row) (_ struct{}, err error) {
		var step verification.StepName
		var evidence json.RawMessage
		key := &opener{db: s.db, owner: &owner.ID}
		err = r.Scan(&step, key, opened{key, "evidence", later(func() any { return evidenceRow(id, attempt, step) }), &evidence})
		found[step] = evidence
		return struct{}{}, err
	}, `SELECT step, (SELECT wrapped FROM data_keys WHERE owner_id = $5), evidence FROM evidence WHERE `+inScope+` AND verification_id = $3 AND attempt = $4`,
		scoped(scope, id, attempt, owner.ID)...)
	return found, err
}

// later is a row's name that is known only while it is scanned.
type later func() any

// String gives the name.
func (l later) String() string { return fmt.Sprint(l()) }
