package store

import (
	"context"

	"github.com/google/uuid"

	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// InsertReveal implements verification.Store. The verification must be of the
// same group.
func (s *store) InsertReveal(ctx context.Context, scope tenant.Scope, r verification.Reveal) error {
	reason, err := s.sealFor(ctx, scope, r.VerificationID, place("reveals.reason", r.ID), &r.Reason)
	if err != nil {
		return err
	}
	return s.change(ctx, noVerification, `INSERT INTO reveals (id, verification_id, organization_id, group_id, field, reason, actor, at)
		SELECT $6, id, organization_id, group_id, $7, $8, $9, $10 FROM verifications
		WHERE `+inScope+` AND organization_id = $3 AND group_id = $4 AND id = $5`,
		scoped(scope, r.OrganizationID, r.GroupID, r.VerificationID, r.ID, r.Field, reason, r.Actor, micros(r.At))...)
}

// Reveals implements verification.Store.
func (s *store) Reveals(ctx context.Context, scope tenant.Scope, id uuid.UUID) ([]verification.Reveal, error) {
	return all(ctx, s, func(r row) (v verification.Reveal, err error) {
		var result uuid.UUID
		key := &opener{db: s.db, owner: &result}
		err = r.Scan(&v.ID, &result, key, &v.OrganizationID, &v.GroupID, &v.VerificationID, &v.Field, opened{key, "reveals.reason", &v.ID, &v.Reason}, &v.Actor, at{&v.At})
		return v, err
	}, `SELECT r.id, v.result_id, (SELECT wrapped FROM data_keys WHERE owner_id = v.result_id), r.organization_id, r.group_id, r.verification_id, r.field, r.reason, r.actor, r.at
		FROM reveals r JOIN verifications v ON v.id = r.verification_id
		WHERE `+inScopeOf("r")+` AND r.verification_id = $3 ORDER BY r.at, r.id`, scoped(scope, id)...)
}
