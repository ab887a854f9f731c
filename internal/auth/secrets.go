package auth

import (
	"context"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

// How long the secret before a rotation signs along.
const (
	SecretOverlap    = 24 * time.Hour // when nothing else is asked for
	MaxSecretOverlap = 7 * 24 * time.Hour
)

// RotatedSecret is a group's new webhook secret, to be shown once.
type RotatedSecret struct {
	Secret        string
	PreviousUntil time.Time // when the one before ends
}

// RotateWebhookSecret gives a group within the caller's scope a new secret.
// The one before signs along for the overlap, 0 ends it at once; of two that
// are alive the older one ends now. It is for people who manage the group, not
// for keys.
func (s *Service) RotateWebhookSecret(ctx context.Context, a tenant.Actor, group uuid.UUID, overlap time.Duration) (RotatedSecret, error) {
	if err := a.Require(tenant.ManageSettings); err != nil {
		return RotatedSecret{}, err
	}
	return s.rotateWebhookSecret(ctx, a.Scope(), group, overlap)
}

// RotateGroupSecret is RotateWebhookSecret for the command line.
func (s *Service) RotateGroupSecret(ctx context.Context, group uuid.UUID, overlap time.Duration) (RotatedSecret, error) {
	return s.rotateWebhookSecret(ctx, tenant.EveryTenant(), group, overlap)
}

func (s *Service) rotateWebhookSecret(ctx context.Context, scope tenant.Scope, group uuid.UUID, overlap time.Duration) (RotatedSecret, error) {
	if overlap < 0 || overlap > MaxSecretOverlap {
		return RotatedSecret{}, fault.Field("overlap_seconds", "must be 0 to %d (7 days)", int(MaxSecretOverlap.Seconds()))
	}
	r := RotatedSecret{Secret: "whsec_" + stdSecret(), PreviousUntil: storable(s.now().Add(overlap))}
	if err := s.store.RotateWebhookSecret(ctx, scope, group, r.Secret, r.PreviousUntil); err != nil {
		return RotatedSecret{}, err
	}
	return r, nil
}
