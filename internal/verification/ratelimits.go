package verification

import (
	"context"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

// RateLimits stores how many calls a minute groups and API keys may make, where
// that differs from the configured numbers.
type RateLimits interface {
	// AllRateLimits gives every limit on the platform, by id of group or key.
	AllRateLimits(ctx context.Context, scope tenant.Scope) (map[uuid.UUID]int64, error)
	// RateLimit gives the limit of a group or key; nil is none of its own.
	RateLimit(ctx context.Context, scope tenant.Scope, s RateSubject) (*int64, error)
	// SetRateLimit sets or, with nil, removes it.
	SetRateLimit(ctx context.Context, scope tenant.Scope, s RateSubject, perMinute *int64, at time.Time, by string) error
}

// RateSubject is a group or an API key.
type RateSubject struct {
	Key bool // else a group
	ID  uuid.UUID
}

const maxRate = 10_000_000

// AllRateLimits gives every limit for the platform's own use.
func (u *UseCases) AllRateLimits(ctx context.Context) (map[uuid.UUID]int64, error) {
	return u.store.AllRateLimits(ctx, tenant.Everything())
}

// RateLimit tells the calls a minute that a group or key was given; nil when
// the configured number holds.
func (u *UseCases) RateLimit(ctx context.Context, a tenant.Actor, s RateSubject) (*int64, error) {
	needed := tenant.ManageSettings
	if s.Key {
		needed = tenant.ManageKeys
	}
	if err := a.Require(needed); err != nil {
		return nil, err
	}
	return u.store.RateLimit(ctx, a.Scope(), s)
}

// SetRateLimit gives a group or key its own number of calls a minute, 0 for
// any number; nil returns to the configured one. A group's is the operator's.
func (u *UseCases) SetRateLimit(ctx context.Context, a tenant.Actor, s RateSubject, perMinute *int64) error {
	needed := tenant.ManageLimits
	if s.Key {
		needed = tenant.ManageKeys
	}
	if err := a.Require(needed); err != nil {
		return err
	}
	if perMinute != nil && (*perMinute < 0 || *perMinute > maxRate) {
		return fault.Field("per_minute", "must be null or a whole number from 0 to %d", maxRate)
	}
	return u.store.SetRateLimit(ctx, a.Scope(), s, perMinute, u.now(), a.Name())
}
