package store

import (
	"context"
	"time"

	"anycheck/internal/idempotency"
	"anycheck/internal/tenant"
)

// SaveAnswer implements verification.Store. On PostgreSQL it waits for another
// transaction that is about to keep an answer of the same call.
func (s *store) SaveAnswer(ctx context.Context, scope tenant.Scope, r idempotency.Record, since time.Time) error {
	n, err := s.exec(ctx, `INSERT INTO idempotent_answers (id, organization_id, group_id, holder, request, sealed, created_at)
		SELECT $3, organization_id, id, $6, $7, $8, $9 FROM groups WHERE id = $5 AND organization_id = $4 AND `+groupInScope+`
		ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, request = excluded.request, sealed = excluded.sealed, created_at = excluded.created_at
			WHERE idempotent_answers.holder = excluded.holder OR idempotent_answers.created_at <= $10`,
		scoped(scope, r.ID, r.OrganizationID, r.GroupID, r.Holder, r.Request, r.Sealed, micros(r.CreatedAt), micros(since))...)
	if err != nil || n == 1 {
		return err
	}
	if _, err := s.Group(ctx, scope, r.GroupID); err != nil {
		return err
	}
	return idempotency.ErrTaken
}

// Answer implements verification.Store.
func (s *store) Answer(ctx context.Context, scope tenant.Scope, id []byte, since time.Time) (idempotency.Record, error) {
	return one(ctx, s, func(r row) (k idempotency.Record, err error) {
		err = r.Scan(&k.ID, &k.OrganizationID, &k.GroupID, &k.Holder, &k.Request, &k.Sealed, at{&k.CreatedAt})
		return k, err
	}, "No answer was kept.", `SELECT id, organization_id, group_id, holder, request, sealed, created_at FROM idempotent_answers
		WHERE `+inScope+` AND id = $3 AND created_at > $4`, scoped(scope, id, micros(since))...)
}

// ForgetAnswers implements verification.Store.
func (s *store) ForgetAnswers(ctx context.Context, scope tenant.Scope, before time.Time) (int64, error) {
	return s.exec(ctx, `DELETE FROM idempotent_answers WHERE `+inScope+` AND created_at <= $3`, scoped(scope, micros(before))...)
}
