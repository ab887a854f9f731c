package app

import (
	"context"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// ReviewSettings gives a group's rules of review.
func (p *Platform) ReviewSettings(ctx context.Context, group uuid.UUID) (verification.ReviewSettings, error) {
	return p.db.ReviewSettings(ctx, tenant.EveryTenant(), group)
}

// ChangeReviewSettings changes a group's rules of review.
func (p *Platform) ChangeReviewSettings(ctx context.Context, group uuid.UUID, c verification.ReviewSettingsChange) (verification.ReviewSettings, error) {
	return verification.SetReviewSettings(ctx, p.db, tenant.EveryTenant(), group, c, "command line", time.Now().UTC())
}
