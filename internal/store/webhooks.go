package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

const (
	noDelivery = "There is no such webhook."
	noAddress  = "There is no such disabled address."

	selectDelivery = `SELECT id, organization_id, group_id, verification_id,
		(SELECT result_id FROM verifications v WHERE v.id = deliveries.verification_id),
		(SELECT k.wrapped FROM verifications v JOIN data_keys k ON k.owner_id = v.result_id WHERE v.id = deliveries.verification_id), sequence, url, body, secret, state, attempts,
		round, round_at, round_attempts, next_at, created_at, updated_at FROM deliveries WHERE ` + inScope
)

func (s *store) scanDelivery(r row) (d verification.Delivery, err error) {
	var result uuid.UUID
	key := &opener{db: s.db, owner: &result}
	err = r.Scan(&d.ID, &d.OrganizationID, &d.GroupID, &d.VerificationID, &result, key, &d.Sequence, &d.URL,
		opened{key, "deliveries.body", &d.ID, &d.Body}, opened{key, "deliveries.secret", &d.ID, &d.Secret}, &d.State, &d.Attempts,
		&d.Round, at{&d.RoundAt}, &d.RoundAttempts, maybeAt{&d.NextAt}, at{&d.CreatedAt}, at{&d.UpdatedAt})
	return d, err
}

// InsertDelivery implements verification.Store. The verification must be of
// the same group.
func (s *store) InsertDelivery(ctx context.Context, scope tenant.Scope, d verification.Delivery) error {
	key, err := s.keyFor(ctx, scope, d.VerificationID)
	if err != nil {
		return err
	}
	plain := string(d.Body)
	body, err := seal(key, place("deliveries.body", d.ID), &plain)
	if err != nil {
		return err
	}
	secret, err := seal(key, place("deliveries.secret", d.ID), &d.Secret)
	if err != nil {
		return err
	}
	err = s.change(ctx, noVerification, `INSERT INTO deliveries (id, verification_id, organization_id, group_id, sequence, url, body, secret, state, attempts,
			round, round_at, round_attempts, next_at, created_at, updated_at)
		SELECT $6, id, organization_id, group_id, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18 FROM verifications
		WHERE `+inScope+` AND organization_id = $3 AND group_id = $4 AND id = $5`,
		scoped(scope, d.OrganizationID, d.GroupID, d.VerificationID, d.ID, d.Sequence, d.URL, []byte(*body), secret, d.State, d.Attempts,
			d.Round, micros(d.RoundAt), d.RoundAttempts, optionalMicros(d.NextAt), micros(d.CreatedAt), micros(d.UpdatedAt))...)
	return taken(err, "There is already a webhook for this transition.")
}

// Delivery implements verification.Store.
func (s *store) Delivery(ctx context.Context, scope tenant.Scope, id uuid.UUID) (verification.Delivery, error) {
	return one(ctx, s, s.scanDelivery, noDelivery, selectDelivery+` AND id = $3`, scoped(scope, id)...)
}

// chosen is the condition of a filter, in $3 to $6.
func chosen(scope tenant.Scope, f verification.DeliveryFilter) (condition string, args []any) {
	of, from, to := "", int64(0), int64(1)<<62
	if f.VerificationID != uuid.Nil {
		of = f.VerificationID.String()
	}
	if f.From != nil {
		from = micros(*f.From)
	}
	if f.To != nil {
		to = micros(*f.To)
	}
	condition = narrow(scope) + ` AND created_at >= $3 AND created_at < $4 AND ($5 = '' OR state = $5) AND ($6 = '' OR verification_id = $6)`
	if of != "" { // the index of the verification serves, not the one of times
		condition += ` AND verification_id = $6`
	}
	return condition, scoped(scope, from, to, f.State, of)
}

// Deliveries implements verification.Store.
func (s *store) Deliveries(ctx context.Context, scope tenant.Scope, f verification.DeliveryFilter, p verification.Page) ([]verification.Delivery, int, error) {
	condition, args := chosen(scope, f)
	total, err := one(ctx, s, value[int], "", `SELECT COUNT(*) FROM deliveries WHERE `+inScope+condition, args...)
	if err != nil {
		return nil, 0, err
	}
	list, err := all(ctx, s, s.scanDelivery, selectDelivery+condition+` ORDER BY created_at DESC, id DESC LIMIT $7 OFFSET $8`, append(args, p.Size, p.Offset)...)
	return list, total, err
}

// DeliveryIDs implements verification.Store.
func (s *store) DeliveryIDs(ctx context.Context, scope tenant.Scope, f verification.DeliveryFilter, limit int) ([]uuid.UUID, error) {
	condition, args := chosen(scope, f)
	return all(ctx, s, value[uuid.UUID], `SELECT id FROM deliveries WHERE `+inScope+condition+` ORDER BY created_at, id LIMIT $7`, append(args, limit)...)
}

// EarlierPending implements verification.Store.
func (s *store) EarlierPending(ctx context.Context, scope tenant.Scope, d verification.Delivery) (bool, error) {
	return s.exists(ctx, `SELECT 1 FROM deliveries WHERE `+inScope+` AND verification_id = $3 AND sequence < $4 AND state = $5`,
		scoped(scope, d.VerificationID, d.Sequence, verification.Pending)...)
}

// RecordAttempt implements verification.Store. It writes State, Attempts,
// NextAt and UpdatedAt of d; an attempt that is not the next one is a Conflict.
func (s *store) RecordAttempt(ctx context.Context, scope tenant.Scope, d verification.Delivery, a verification.DeliveryAttempt) error {
	plain := string(a.Answer)
	answer, err := s.sealFor(ctx, scope, d.VerificationID, place("delivery_attempts.answer", fmt.Sprint(d.ID, " ", a.Number)), &plain)
	if err != nil {
		return err
	}
	return s.atomically(ctx, func(tx *store) error {
		n, err := tx.exec(ctx, `UPDATE deliveries SET attempts = $6, updated_at = $7,
				state = CASE WHEN round = $9 OR $10 THEN $5 ELSE state END, next_at = CASE WHEN round = $9 OR $10 THEN $8 ELSE next_at END
			WHERE `+inScope+` AND id = $3 AND attempts = $4 - 1`,
			scoped(scope, d.ID, a.Number, d.State, d.Attempts, micros(d.UpdatedAt), optionalMicros(d.NextAt), d.Round, d.State == verification.Delivered)...)
		if err != nil {
			return err
		}
		if n == 0 {
			if _, err := tx.Delivery(ctx, scope, d.ID); err != nil {
				return err
			}
			return fault.New(fault.Conflict, "This attempt to deliver is known already.")
		}
		return tx.change(ctx, noDelivery, `INSERT INTO delivery_attempts (delivery_id, number, at, http_status, error, duration, answer)
			SELECT id, $4, $5, $6, $7, $8, $9 FROM deliveries WHERE `+inScope+` AND id = $3`,
			scoped(scope, d.ID, a.Number, micros(a.At), a.HTTPStatus, a.Error, a.Duration.Microseconds(), []byte(*answer))...)
	})
}

// DeliveryAttempts implements verification.Store.
func (s *store) DeliveryAttempts(ctx context.Context, scope tenant.Scope, id uuid.UUID) ([]verification.DeliveryAttempt, error) {
	var result uuid.UUID
	return all(ctx, s, func(r row) (a verification.DeliveryAttempt, err error) {
		var took int64
		key := &opener{db: s.db, owner: &result}
		err = r.Scan(&a.Number, &result, key, at{&a.At}, &a.HTTPStatus, &a.Error, &took,
			opened{key, "delivery_attempts.answer", later(func() any { return fmt.Sprint(id, " ", a.Number) }), &a.Answer})
		a.Duration = time.Duration(took) * time.Microsecond
		if len(a.Answer) == 0 {
			a.Answer = nil
		}
		return a, err
	}, `SELECT number, v.result_id, (SELECT wrapped FROM data_keys WHERE owner_id = v.result_id), a.at, http_status, error, duration, answer
		FROM delivery_attempts a JOIN deliveries d ON d.id = a.delivery_id JOIN verifications v ON v.id = d.verification_id
		WHERE delivery_id = (SELECT id FROM deliveries WHERE `+inScope+` AND id = $3) ORDER BY number`, scoped(scope, id)...)
}

// BeginRound implements verification.Store.
func (s *store) BeginRound(ctx context.Context, scope tenant.Scope, id uuid.UUID, begin time.Time) (d verification.Delivery, err error) {
	err = s.atomically(ctx, func(tx *store) error {
		n, err := tx.exec(ctx, `UPDATE deliveries SET state = $4, round = round + 1, round_at = $5, round_attempts = attempts, next_at = $5, updated_at = $5
			WHERE `+inScope+` AND id = $3
			AND NOT EXISTS (SELECT 1 FROM disabled_webhooks x WHERE x.group_id = deliveries.group_id AND x.url = deliveries.url)`,
			scoped(scope, id, verification.Pending, micros(begin))...)
		if err != nil {
			return err
		}
		if d, err = tx.Delivery(ctx, scope, id); err == nil && n == 0 {
			return fault.New(fault.Conflict, "The address of this webhook is disabled: it answered 410. Enable it first.")
		}
		return err
	})
	if err != nil {
		return verification.Delivery{}, err
	}
	return d, nil
}

// DisableAddress implements verification.Store. d must exist within the scope;
// its own state is left to the caller.
func (s *store) DisableAddress(ctx context.Context, scope tenant.Scope, d verification.Delivery, when time.Time) error {
	return s.atomically(ctx, func(tx *store) error {
		if _, err := tx.Delivery(ctx, scope, d.ID); err != nil {
			return err
		}
		_, err := tx.exec(ctx, `INSERT INTO disabled_webhooks (id, organization_id, group_id, url, delivery_id, disabled_at)
			SELECT $4, organization_id, group_id, url, id, $5 FROM deliveries WHERE `+inScope+` AND id = $3
			ON CONFLICT (group_id, url) DO NOTHING`, scoped(scope, d.ID, uuid.Must(uuid.NewV7()), micros(when))...)
		if err != nil {
			return err
		}
		_, err = tx.exec(ctx, `UPDATE deliveries SET state = $6, next_at = NULL, updated_at = $7
			WHERE `+inScope+` AND group_id = $3 AND url = $4 AND id <> $5 AND state = 'PENDING'`,
			scoped(scope, d.GroupID, d.URL, d.ID, verification.Disabled, micros(when))...)
		return err
	})
}

// HoldDisabled implements verification.Store.
func (s *store) HoldDisabled(ctx context.Context, scope tenant.Scope, d verification.Delivery, when time.Time) (bool, error) {
	disabled, err := s.exists(ctx, `SELECT 1 FROM disabled_webhooks WHERE `+inScope+` AND group_id = $3 AND url = $4`, scoped(scope, d.GroupID, d.URL)...)
	if err != nil || !disabled {
		return false, err
	}
	// Enabled again meanwhile: it is not held, and nobody has changed it.
	n, err := s.exec(ctx, `UPDATE deliveries SET state = $4, next_at = NULL, updated_at = $5
		WHERE `+inScope+` AND id = $3 AND state = 'PENDING'
		AND EXISTS (SELECT 1 FROM disabled_webhooks x WHERE x.group_id = deliveries.group_id AND x.url = deliveries.url)`,
		scoped(scope, d.ID, verification.Disabled, micros(when))...)
	return n == 1, err
}

// DisabledAddresses implements verification.Store.
func (s *store) DisabledAddresses(ctx context.Context, scope tenant.Scope, p verification.Page) ([]verification.DisabledAddress, int, error) {
	total, err := one(ctx, s, value[int], "", `SELECT COUNT(*) FROM disabled_webhooks WHERE `+inScope+narrow(scope), scoped(scope)...)
	if err != nil {
		return nil, 0, err
	}
	list, err := all(ctx, s, func(r row) (a verification.DisabledAddress, err error) {
		err = r.Scan(&a.ID, &a.OrganizationID, &a.GroupID, &a.URL, &a.DeliveryID, at{&a.DisabledAt})
		return a, err
	}, `SELECT id, organization_id, group_id, url, delivery_id, disabled_at FROM disabled_webhooks
		WHERE `+inScope+narrow(scope)+` ORDER BY disabled_at DESC, id DESC LIMIT $3 OFFSET $4`, scoped(scope, p.Size, p.Offset)...)
	return list, total, err
}

// EnableAddress implements verification.Store.
func (s *store) EnableAddress(ctx context.Context, scope tenant.Scope, id uuid.UUID) error {
	return s.change(ctx, noAddress, `DELETE FROM disabled_webhooks WHERE `+inScope+` AND id = $3`, scoped(scope, id)...)
}

// GroupSecrets implements verification.Store.
func (s *store) GroupSecrets(ctx context.Context, scope tenant.Scope, group uuid.UUID, when time.Time) ([]string, error) {
	return one(ctx, s, func(r row) ([]string, error) {
		var current, previous string
		var until time.Time
		err := r.Scan(&current, &previous, at{&until})
		var live []string
		if current != "" {
			live = append(live, current)
		}
		if previous != "" && when.Before(until) {
			live = append(live, previous)
		}
		return live, err
	}, noGroup, `SELECT webhook_secret, previous_webhook_secret, previous_secret_until FROM groups WHERE `+groupInScope+` AND id = $3`, scoped(scope, group)...)
}

// RotateWebhookSecret implements auth.Store. Of two secrets that are alive the
// older one ends now.
func (s *store) RotateWebhookSecret(ctx context.Context, scope tenant.Scope, group uuid.UUID, secret string, previousUntil time.Time) error {
	return s.change(ctx, noGroup, `UPDATE groups SET previous_webhook_secret = webhook_secret, previous_secret_until = $5, webhook_secret = $4
		WHERE `+groupInScope+` AND id = $3`, scoped(scope, group, secret, micros(previousUntil))...)
}
