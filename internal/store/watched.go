package store

import (
	"context"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

var selectWatched = `SELECT w.verification_id, v.result_id, (SELECT wrapped FROM data_keys WHERE owner_id = v.result_id), w.subject, w.query, w.alerts, w.told, w.lists, w.screened_at, w.held
	FROM watched_persons w JOIN verifications v ON v.id = w.verification_id
	WHERE ` + inScopeOf("w")

func (s *store) scanWatched(r row) (w verification.Watched, err error) {
	var result uuid.UUID
	key := &opener{db: s.db, owner: &result}
	err = r.Scan(&w.VerificationID, &result, key, &w.Subject, opened{key, "watched_persons.query", &w.VerificationID, &w.Query}, fromJSON{&w.Alerts}, fromJSON{&w.Told}, &w.Lists, at{&w.ScreenedAt}, &w.Held)
	return w, err
}

// SaveWatched implements verification.Store.
func (s *store) SaveWatched(ctx context.Context, scope tenant.Scope, w verification.Watched) error {
	plain, err := asJSON(w.Query)
	if err != nil {
		return err
	}
	query, err := s.sealFor(ctx, scope, w.VerificationID, place("watched_persons.query", w.VerificationID), plain)
	if err != nil {
		return err
	}
	if w.Alerts == nil {
		w.Alerts = map[string]string{}
	}
	alerts, err := asJSON(w.Alerts)
	if err != nil {
		return err
	}
	if w.Told == nil {
		w.Told = map[string][]string{}
	}
	told, err := asJSON(w.Told)
	if err != nil {
		return err
	}
	return s.change(ctx, noVerification, `INSERT INTO watched_persons (verification_id, organization_id, group_id, subject, query, alerts, told, lists, screened_at, held)
		SELECT id, organization_id, group_id, $4, $5, $6, $7, $8, $9, $10 FROM verifications WHERE `+inScope+` AND id = $3
		ON CONFLICT (verification_id) DO UPDATE SET subject = excluded.subject, query = excluded.query, alerts = excluded.alerts, told = excluded.told,
			lists = excluded.lists, screened_at = excluded.screened_at, held = excluded.held`,
		scoped(scope, w.VerificationID, w.Subject, query, alerts, told, w.Lists, micros(w.ScreenedAt), w.Held)...)
}

// Watched implements verification.Store.
func (s *store) Watched(ctx context.Context, scope tenant.Scope, id uuid.UUID) (verification.Watched, error) {
	return one(ctx, s, s.scanWatched, "Nobody of this verification is searched again.", selectWatched+` AND w.verification_id = $3`, scoped(scope, id)...)
}

// Outdated implements verification.Store.
func (s *store) Outdated(ctx context.Context, scope tenant.Scope, lists string, now time.Time, after uuid.UUID, limit int) ([]verification.Watched, error) {
	// In the order of the primary key: a pass visits each row once, and who is
	// up to date costs a microsecond.
	return all(ctx, s, s.scanWatched, selectWatched+` AND w.verification_id > $5 AND v.status IN ($7, $8)
		AND (w.lists <> $3 OR EXISTS (SELECT 1 FROM dismissals d WHERE d.subject = w.subject AND d.expires_at <= $4 AND d.expires_at > w.screened_at))
		ORDER BY w.verification_id LIMIT $6`,
		scoped(scope, lists, micros(now), after, limit, verification.Completed, verification.NeedReview)...)
}

// MarkScreened implements verification.Store.
func (s *store) MarkScreened(ctx context.Context, scope tenant.Scope, ids []uuid.UUID, lists string, at time.Time) error {
	return s.atomically(ctx, func(tx *store) error {
		for _, id := range ids {
			if _, err := tx.exec(ctx, `UPDATE watched_persons SET lists = $4, screened_at = $5 WHERE `+inScope+` AND verification_id = $3`,
				scoped(scope, id, lists, micros(at))...); err != nil {
				return err
			}
		}
		return nil
	})
}

// ForgetScreening implements verification.Store.
func (s *store) ForgetScreening(ctx context.Context, scope tenant.Scope, subject []byte) error {
	_, err := s.exec(ctx, `UPDATE watched_persons SET lists = '' WHERE `+inScope+` AND subject = $3`, scoped(scope, subject)...)
	return err
}

// InsertDismissal implements verification.Store. The verification must be of
// the same group.
func (s *store) InsertDismissal(ctx context.Context, scope tenant.Scope, d verification.Dismissal) error {
	reason, err := s.sealFor(ctx, scope, d.VerificationID, place("dismissals.reason", d.ID), &d.Reason)
	if err != nil {
		return err
	}
	return s.change(ctx, noVerification, `INSERT INTO dismissals (id, verification_id, organization_id, group_id, subject, entity_id, fingerprint, reason, author, created_at, expires_at)
		SELECT $6, id, organization_id, group_id, $7, $8, $9, $10, $11, $12, $13 FROM verifications
		WHERE `+inScope+` AND organization_id = $3 AND group_id = $4 AND id = $5
		ON CONFLICT (subject, entity_id) DO UPDATE SET id = excluded.id, verification_id = excluded.verification_id, fingerprint = excluded.fingerprint,
			reason = excluded.reason, author = excluded.author, created_at = excluded.created_at, expires_at = excluded.expires_at`,
		scoped(scope, d.OrganizationID, d.GroupID, d.VerificationID, d.ID, d.Subject, d.EntityID, d.Fingerprint, reason, d.Author, micros(d.CreatedAt), optionalMicros(d.ExpiresAt))...)
}

// Dismissals implements verification.Store.
func (s *store) Dismissals(ctx context.Context, scope tenant.Scope, subject []byte) ([]verification.Dismissal, error) {
	return all(ctx, s, func(r row) (d verification.Dismissal, err error) {
		var result uuid.UUID
		key := &opener{db: s.db, owner: &result}
		err = r.Scan(&d.ID, &result, key, &d.OrganizationID, &d.GroupID, &d.VerificationID, &d.Subject, &d.EntityID, &d.Fingerprint,
			opened{key, "dismissals.reason", &d.ID, &d.Reason}, &d.Author, at{&d.CreatedAt}, maybeAt{&d.ExpiresAt})
		return d, err
	}, `SELECT d.id, v.result_id, (SELECT wrapped FROM data_keys WHERE owner_id = v.result_id), d.organization_id, d.group_id, d.verification_id, d.subject, d.entity_id, d.fingerprint,
			d.reason, d.author, d.created_at, d.expires_at
		FROM dismissals d JOIN verifications v ON v.id = d.verification_id
		WHERE `+inScopeOf("d")+` AND d.subject = $3 ORDER BY d.entity_id`, scoped(scope, subject)...)
}

// DeleteDismissal implements verification.Store.
func (s *store) DeleteDismissal(ctx context.Context, scope tenant.Scope, subject []byte, entity string) error {
	return s.change(ctx, "This hit is not dismissed.", `DELETE FROM dismissals WHERE `+inScope+` AND subject = $3 AND entity_id = $4`, scoped(scope, subject, entity)...)
}
