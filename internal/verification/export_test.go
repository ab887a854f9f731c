package verification

import (
	"context"
	"maps"
	"slices"

	"github.com/google/uuid"

	"anycheck/internal/tenant"
)

// Hold takes a verification as a worker does, and no further.
func (p *Processor) Hold(ctx context.Context, id uuid.UUID) error {
	_, err := p.take(ctx, tenant.Everything(), id)
	return err
}

// Suspect does what a service with fraud detection before extraction will do:
// there is none yet.
func (p *Processor) Suspect(ctx context.Context, id uuid.UUID) error {
	scope := tenant.Everything()
	v, err := p.store.Verification(ctx, scope, id)
	if err != nil {
		return err
	}
	return p.suspect(ctx, scope, &v)
}

// Evidence gives what the steps of the current attempt have left.
func (p *Processor) Evidence(ctx context.Context, id uuid.UUID) (Verification, Evidence, error) {
	v, err := p.store.Verification(ctx, tenant.Everything(), id)
	if err != nil {
		return v, Evidence{}, err
	}
	run, err := p.keptRun(ctx, tenant.Everything(), v)
	if err != nil {
		return v, Evidence{}, err
	}
	return v, run.Evidence, nil
}

// Triggers lists all triggers.
func Triggers() []Trigger { return slices.Collect(maps.Keys(transitions)) }
