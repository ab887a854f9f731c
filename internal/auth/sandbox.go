package auth

import (
	"context"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

// sandboxDays is how many days results of test keys are kept.
const sandboxDays = 30

// sandboxOf is the scope of a group's sandbox, and the ids in it.
func sandboxOf(organization, group uuid.UUID) (within tenant.Scope, org, id uuid.UUID) {
	org, id = tenant.SandboxOf(organization), tenant.SandboxOf(group)
	return tenant.WithinGroup(org, id), org, id
}

// openSandbox makes the sandbox of a live group, unless it is there: the first
// test key brings it along. Nobody signs in to it, its webhooks are signed with
// the live group's secret, and its results go by themselves.
func openSandbox(ctx context.Context, tx Store, organization, group uuid.UUID, now time.Time) error {
	within, org, id := sandboxOf(organization, group)
	if _, err := tx.Group(ctx, within, id); !fault.Is(err, fault.NotFound) {
		return err
	}
	live := tenant.WithinGroup(organization, group)
	g, err := tx.Group(ctx, live, group)
	if err != nil {
		return err
	}
	if _, err := tx.Organization(ctx, within, org); fault.Is(err, fault.NotFound) {
		o, err := tx.Organization(ctx, live, organization)
		if err != nil {
			return err
		}
		err = tx.InsertOrganization(ctx, tenant.Organization{ID: org, Name: o.Name + " (sandbox)", CreatedAt: now})
		if alreadyExists(err) {
			return fault.Wrap(err, fault.Conflict, "The sandbox needs the organization's name with (sandbox) behind it, which another organization has.").WithCode(fault.CodeAlreadyExists)
		}
		if err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	if err := tx.InsertGroup(ctx, tenant.WithinOrganization(org), tenant.Group{ID: id, OrganizationID: org, Name: g.Name, CreatedAt: now}); err != nil {
		return err
	}
	return tx.KeepResults(ctx, within, id, sandboxDays)
}

// updateGroup writes a group. Its sandbox bears the same name.
func (s *Service) updateGroup(ctx context.Context, scope tenant.Scope, g tenant.Group) error {
	return s.store.Atomically(ctx, func(ctx context.Context, tx Store) error {
		if err := tx.UpdateGroup(ctx, scope, g); err != nil {
			return err
		}
		within, _, id := sandboxOf(g.OrganizationID, g.ID)
		sandbox, err := tx.Group(ctx, within, id)
		if err != nil {
			if fault.Is(err, fault.NotFound) {
				return nil // no test key yet
			}
			return err
		}
		sandbox.Name = g.Name
		return tx.UpdateGroup(ctx, within, sandbox)
	})
}
