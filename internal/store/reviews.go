package store

import (
	"context"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// InsertReview implements verification.Store. The verification must be of the
// same group.
func (s *store) InsertReview(ctx context.Context, scope tenant.Scope, r verification.Review) error {
	fields, err := asJSON(r.Fields)
	if err != nil {
		return err
	}
	if fields, err = s.sealFor(ctx, scope, r.VerificationID, place("reviews.fields", r.ID), fields); err != nil {
		return err
	}
	reason, err := s.sealFor(ctx, scope, r.VerificationID, place("reviews.reason", r.ID), &r.Reason)
	if err != nil {
		return err
	}
	return s.change(ctx, noVerification, `INSERT INTO reviews (id, verification_id, organization_id, group_id, attempt, decision, reason, fields, closed,
			reviewer_id, reviewer, status_before, status_after, verdict_after, created_at)
		SELECT $6, id, organization_id, group_id, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17 FROM verifications
		WHERE `+inScope+` AND organization_id = $3 AND group_id = $4 AND id = $5`,
		scoped(scope, r.OrganizationID, r.GroupID, r.VerificationID, r.ID, r.Attempt, r.Decision, reason, fields, r.Closed,
			r.ReviewerID, r.Reviewer, r.StatusBefore, r.StatusAfter, r.VerdictAfter, micros(r.CreatedAt))...)
}

// Reviews implements verification.Store.
func (s *store) Reviews(ctx context.Context, scope tenant.Scope, id uuid.UUID) ([]verification.Review, error) {
	owner, err := s.resultOf(ctx, scope, id)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return all(ctx, s, func(r row) (v verification.Review, err error) {
		key := &opener{db: s.db, owner: &owner.ID}
		err = r.Scan(&v.ID, key, &v.OrganizationID, &v.GroupID, &v.VerificationID, &v.Attempt, &v.Decision, opened{key, "reviews.reason", &v.ID, &v.Reason}, opened{key, "reviews.fields", &v.ID, &v.Fields}, &v.Closed,
			&v.ReviewerID, &v.Reviewer, &v.StatusBefore, &v.StatusAfter, &v.VerdictAfter, at{&v.CreatedAt})
		return v, err
	}, `SELECT id, (SELECT wrapped FROM data_keys WHERE owner_id = $4), organization_id, group_id, verification_id, attempt, decision, reason, fields, closed, reviewer_id, reviewer, status_before, status_after, verdict_after, created_at
		FROM reviews WHERE `+inScope+` AND verification_id = $3 ORDER BY created_at, id`, scoped(scope, id, owner.ID)...)
}

// ReviewSettings implements verification.Store.
func (s *store) ReviewSettings(ctx context.Context, scope tenant.Scope, group uuid.UUID) (verification.ReviewSettings, error) {
	kept, err := one(ctx, s, func(r row) (v verification.ReviewSettings, err error) {
		err = r.Scan(&v.APIKey, &v.Dashboard, &v.FourEyes, at{&v.UpdatedAt}, &v.UpdatedBy)
		return v, err
	}, noGroup, `SELECT api_key, dashboard, four_eyes, updated_at, updated_by FROM review_settings WHERE `+inScope+` AND group_id = $3`, scoped(scope, group)...)
	if !fault.Is(err, fault.NotFound) {
		return kept, err
	}
	_, err = s.Group(ctx, scope, group)
	return verification.DefaultReviewSettings(), err
}

// SaveReviewSettings implements verification.Store.
func (s *store) SaveReviewSettings(ctx context.Context, scope tenant.Scope, group uuid.UUID, v verification.ReviewSettings) error {
	return s.change(ctx, noGroup, `INSERT INTO review_settings (group_id, organization_id, api_key, dashboard, four_eyes, updated_at, updated_by)
		SELECT id, organization_id, $4, $5, $6, $7, $8 FROM groups WHERE `+groupInScope+` AND id = $3
		ON CONFLICT (group_id) DO UPDATE SET api_key = excluded.api_key, dashboard = excluded.dashboard, four_eyes = excluded.four_eyes,
			updated_at = excluded.updated_at, updated_by = excluded.updated_by`,
		scoped(scope, group, v.APIKey, v.Dashboard, v.FourEyes, micros(v.UpdatedAt), v.UpdatedBy)...)
}
