package store

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/auth"
	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

// IdentityUser implements auth.Store.
func (s *store) IdentityUser(ctx context.Context, issuer, subject string) (tenant.User, error) {
	return one(ctx, s, scanUser, noUser, `SELECT `+userColumns+` FROM identities i JOIN users u ON u.id = i.user_id
		WHERE i.issuer = $1 AND i.subject = $2`, issuer, subject)
}

// LinkIdentity implements auth.Store.
func (s *store) LinkIdentity(ctx context.Context, issuer, subject string, user uuid.UUID, at time.Time) error {
	_, err := s.exec(ctx, `INSERT INTO identities (issuer, subject, user_id, created_at) VALUES ($1, $2, $3, $4)`, issuer, subject, user, micros(at))
	return taken(err, "The account is linked already.")
}

// UnlinkIdentities implements auth.Store.
func (s *store) UnlinkIdentities(ctx context.Context, user uuid.UUID) error {
	_, err := s.exec(ctx, `DELETE FROM identities WHERE user_id = $1`, user)
	return err
}

// errClosed undoes a transaction that met a closed bucket.
var errClosed = errors.New("closed")

// CountSignIn implements auth.Store. The row of a bucket is locked by its
// first statement, so that attempts made at once are counted one by one.
func (s *store) CountSignIn(ctx context.Context, buckets []auth.Bucket, now time.Time) (closed time.Duration, err error) {
	err = s.atomically(ctx, func(tx *store) error {
		closed = 0
		for _, b := range buckets {
			n, err := one(ctx, tx, value[int], "", `INSERT INTO sign_in_attempts (bucket, attempts, closed_until, at) VALUES ($1, 1, 0, $2)
				ON CONFLICT (bucket) DO UPDATE SET at = excluded.at,
					attempts = CASE WHEN sign_in_attempts.at <= $3 THEN 1 ELSE sign_in_attempts.attempts + 1 END
				WHERE sign_in_attempts.closed_until <= $2 RETURNING attempts`, b.Key, micros(now), micros(now.Add(-b.Forget)))
			if fault.Is(err, fault.NotFound) { // the bucket is closed
				var until time.Time
				if until, err = one(ctx, tx, func(r row) (t time.Time, err error) { err = r.Scan(at{&t}); return t, err }, "",
					`SELECT closed_until FROM sign_in_attempts WHERE bucket = $1`, b.Key); err != nil {
					return err
				}
				closed = until.Sub(now)
				return errClosed
			}
			if err != nil {
				return err
			}
			if pause := b.Pause(n); pause > 0 {
				if _, err := tx.exec(ctx, `UPDATE sign_in_attempts SET closed_until = $2 WHERE bucket = $1`, b.Key, micros(now.Add(pause))); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if errors.Is(err, errClosed) {
		err = nil
	}
	return closed, err
}

// ForgetSignIns implements auth.Store.
func (s *store) ForgetSignIns(ctx context.Context, bucket []byte) error {
	_, err := s.exec(ctx, `DELETE FROM sign_in_attempts WHERE bucket = $1`, bucket)
	return err
}

// ReturnSignIn implements auth.Store. What a later attempt has closed stays so.
func (s *store) ReturnSignIn(ctx context.Context, bucket []byte, at time.Time) error {
	_, err := s.exec(ctx, `UPDATE sign_in_attempts SET attempts = attempts - 1, closed_until = CASE WHEN at = $2 THEN 0 ELSE closed_until END
		WHERE bucket = $1 AND attempts > 0`, bucket, micros(at))
	return err
}

// SweepSignIns implements auth.Store.
func (s *store) SweepSignIns(ctx context.Context, before time.Time) error {
	_, err := s.exec(ctx, `DELETE FROM sign_in_attempts WHERE at <= $1`, micros(before))
	return err
}
