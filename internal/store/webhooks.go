package store

import (
	"context"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

const noDelivery = "There is no such webhook."

// InsertDelivery implements verification.Store. The verification must be of
// the same group.
func (s *store) InsertDelivery(ctx context.Context, scope tenant.Scope, d verification.Delivery) error {
	plain := string(d.Body)
	body, err := s.sealFor(ctx, scope, d.VerificationID, place("deliveries.body", d.ID), &plain)
	if err != nil {
		return err
	}
	secret, err := s.sealFor(ctx, scope, d.VerificationID, place("deliveries.secret", d.ID), &d.Secret)
	if err != nil {
		return err
	}
	err = s.change(ctx, noVerification, `INSERT INTO deliveries (id, verification_id, organization_id, group_id, sequence, url, body, secret, state, attempts, created_at, updated_at)
		SELECT $6, id, organization_id, group_id, $7, $8, $9, $10, $11, $12, $13, $14 FROM verifications
		WHERE `+inScope+` AND organization_id = $3 AND group_id = $4 AND id = $5`,
		scoped(scope, d.OrganizationID, d.GroupID, d.VerificationID, d.ID, d.Sequence, d.URL, []byte(*body), secret, d.State, d.Attempts, micros(d.CreatedAt), micros(d.UpdatedAt))...)
	return taken(err, "There is already a webhook for this transition.")
}

// Delivery implements verification.Store.
func (s *store) Delivery(ctx context.Context, scope tenant.Scope, id uuid.UUID) (verification.Delivery, error) {
	return one(ctx, s, func(r row) (d verification.Delivery, err error) {
		var result uuid.UUID
		key := &opener{db: s.db, owner: &result}
		err = r.Scan(&d.ID, &d.OrganizationID, &d.GroupID, &d.VerificationID, &result, key, &d.Sequence, &d.URL, opened{key, "deliveries.body", &d.ID, &d.Body}, opened{key, "deliveries.secret", &d.ID, &d.Secret}, &d.State, &d.Attempts, at{&d.CreatedAt}, at{&d.UpdatedAt})
		return d, err
	}, noDelivery, `SELECT d.id, d.organization_id, d.group_id, d.verification_id, v.result_id, (SELECT wrapped FROM data_keys WHERE owner_id = v.result_id),
			d.sequence, d.url, d.body, d.secret, d.state, d.attempts, d.created_at, d.updated_at
		FROM deliveries d JOIN verifications v ON v.id = d.verification_id
		WHERE ($1 = '*' OR d.organization_id = $1) AND ($2 = '*' OR d.group_id = $2) AND d.id = $3`, scoped(scope, id)...)
}

// EarlierPending implements verification.Store.
func (s *store) EarlierPending(ctx context.Context, scope tenant.Scope, d verification.Delivery) (bool, error) {
	return s.exists(ctx, `SELECT 1 FROM deliveries WHERE `+inScope+` AND verification_id = $3 AND sequence < $4 AND state = $5`,
		scoped(scope, d.VerificationID, d.Sequence, verification.Pending)...)
}

// RecordAttempt implements verification.Store. It writes State, Attempts and
// UpdatedAt of d; an attempt that is not the next one is a Conflict.
func (s *store) RecordAttempt(ctx context.Context, scope tenant.Scope, d verification.Delivery, a verification.DeliveryAttempt) error {
	return s.atomically(ctx, func(tx *store) error {
		n, err := tx.exec(ctx, `UPDATE deliveries SET state = $5, attempts = $6, updated_at = $7
			WHERE `+inScope+` AND id = $3 AND attempts = $4 - 1`,
			scoped(scope, d.ID, a.Number, d.State, d.Attempts, micros(d.UpdatedAt))...)
		if err != nil {
			return err
		}
		if n == 0 {
			if _, err := tx.Delivery(ctx, scope, d.ID); err != nil {
				return err
			}
			return fault.New(fault.Conflict, "This attempt to deliver is known already.")
		}
		return tx.change(ctx, noDelivery, `INSERT INTO delivery_attempts (delivery_id, number, at, http_status, error, duration)
			SELECT id, $4, $5, $6, $7, $8 FROM deliveries WHERE `+inScope+` AND id = $3`,
			scoped(scope, d.ID, a.Number, micros(a.At), a.HTTPStatus, a.Error, a.Duration.Microseconds())...)
	})
}
