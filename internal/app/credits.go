package app

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// Usage sums up a group's credits for the command line.
func (p *Platform) Usage(ctx context.Context, q verification.UsageQuery) ([]verification.UsageRow, error) {
	rows, _, err := p.operator().Usage(ctx, tenant.Actor{User: tenant.User{Role: tenant.SuperAdmin}}, q, verification.Page{Size: 100_000})
	return rows, err
}

// operator is the use cases that need neither models nor files.
func (p *Platform) operator() *verification.UseCases {
	return verification.NewUseCases(verification.Ports{Store: p.db, Now: time.Now})
}

// Quota tells what a user may use this month.
func (p *Platform) Quota(ctx context.Context, user uuid.UUID) (verification.Quota, error) {
	return p.db.Quota(ctx, tenant.EveryTenant(), user, time.Now())
}

// SetQuota limits what a user may use in a month; nil lifts the limit.
func (p *Platform) SetQuota(ctx context.Context, user uuid.UUID, monthly *int64) (verification.Quota, error) {
	if monthly != nil && *monthly < 0 {
		return verification.Quota{}, fault.Field("credits", "must not be negative")
	}
	if err := p.db.SetQuota(ctx, tenant.EveryTenant(), user, monthly, time.Now(), commandLine); err != nil {
		return verification.Quota{}, err
	}
	return p.Quota(ctx, user)
}

// SetRateLimit gives a group or key its own number of calls a minute; nil
// returns to the configured one.
func (p *Platform) SetRateLimit(ctx context.Context, s verification.RateSubject, perMinute *int64) error {
	if perMinute != nil && *perMinute < 0 {
		return fault.Field("calls", "must not be negative")
	}
	return p.db.SetRateLimit(ctx, tenant.EveryTenant(), s, perMinute, time.Now(), commandLine)
}

// KeyID finds an API key by id or visible prefix.
func (p *Platform) KeyID(ctx context.Context, idOrPrefix string) (uuid.UUID, error) {
	if id, err := uuid.Parse(idOrPrefix); err == nil {
		return id, nil
	}
	keys, err := p.Auth.Keys(ctx)
	if err != nil {
		return uuid.Nil, err
	}
	i := slices.IndexFunc(keys, func(k tenant.APIKey) bool { return k.Prefix == idOrPrefix })
	if i < 0 {
		return uuid.Nil, fault.New(fault.NotFound, "There is no such API key.")
	}
	return keys[i].ID, nil
}
