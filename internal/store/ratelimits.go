package store

import (
	"context"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// AllRateLimits implements verification.Store.
func (s *store) AllRateLimits(ctx context.Context, scope tenant.Scope) (map[uuid.UUID]int64, error) {
	type limit struct {
		id uuid.UUID
		n  int64
	}
	list, err := all(ctx, s, func(r row) (l limit, err error) {
		err = r.Scan(&l.id, &l.n)
		return l, err
	}, `SELECT subject_id, per_minute FROM rate_limits WHERE `+inScope, scoped(scope)...)
	limits := map[uuid.UUID]int64{}
	for _, l := range list {
		limits[l.id] = l.n
	}
	return limits, err
}

// subjects are the groups or keys that a limit can be for, within the scope.
func subjects(key bool) (query, missing string) {
	if key {
		return `SELECT id, organization_id, group_id FROM api_keys WHERE ` + inScope + ` AND id = $3`, noAPIKey
	}
	return `SELECT id, organization_id, id AS group_id FROM groups WHERE ` + groupInScope + ` AND id = $3`, noGroup
}

// RateLimit implements verification.Store.
func (s *store) RateLimit(ctx context.Context, scope tenant.Scope, subject verification.RateSubject) (*int64, error) {
	query, missing := subjects(subject.Key)
	return one(ctx, s, value[*int64], missing, `SELECT (SELECT per_minute FROM rate_limits WHERE subject_id = found.id) FROM (`+query+`) found`, scoped(scope, subject.ID)...)
}

// SetRateLimit implements verification.Store.
func (s *store) SetRateLimit(ctx context.Context, scope tenant.Scope, subject verification.RateSubject, perMinute *int64, now time.Time, by string) error {
	return s.atomically(ctx, func(tx *store) error {
		query, missing := subjects(subject.Key)
		if perMinute == nil {
			ok, err := tx.exists(ctx, query, scoped(scope, subject.ID)...)
			if err != nil || !ok {
				return errorOr(err, fault.New(fault.NotFound, "%s", missing))
			}
			_, err = tx.exec(ctx, `DELETE FROM rate_limits WHERE `+inScope+` AND subject_id = $3`, scoped(scope, subject.ID)...)
			return err
		}
		return tx.change(ctx, missing, `INSERT INTO rate_limits (subject_id, organization_id, group_id, per_minute, updated_at, updated_by)
			SELECT id, organization_id, group_id, $4, $5, $6 FROM (`+query+`) found WHERE TRUE
			ON CONFLICT (subject_id) DO UPDATE SET per_minute = excluded.per_minute, updated_at = excluded.updated_at, updated_by = excluded.updated_by`,
			scoped(scope, subject.ID, *perMinute, micros(now), by)...)
	})
}
