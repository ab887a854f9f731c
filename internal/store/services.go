package store

import (
	"context"
	"time"

	"anycheck/internal/verification"
)

const noService = "There is no such service."

// ServiceState implements verification.Store. Services belong to the platform.
func (s *store) ServiceState(ctx context.Context, code string) (verification.ServiceState, error) {
	return one(ctx, s, func(r row) (v verification.ServiceState, err error) {
		err = r.Scan(&v.Enabled, at{&v.CreatedAt}, &v.CreatedBy, at{&v.UpdatedAt}, &v.UpdatedBy)
		return v, err
	}, noService, `SELECT enabled, created_at, created_by, updated_at, updated_by FROM services WHERE code = $1`, code)
}

// SetServiceEnabled switches a service on or off for the whole platform; by
// says who did.
func (s *store) SetServiceEnabled(ctx context.Context, code string, enabled bool, by string, now time.Time) error {
	return s.change(ctx, noService, `UPDATE services SET enabled = $2, updated_by = $3, updated_at = $4 WHERE code = $1`, code, enabled, by, micros(now))
}
