package store

import (
	"context"

	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

const (
	noOrganization = "There is no such organization."
	noGroup        = "There is no such group."
)

// An organization is seen by every scope inside it, so that members can read
// its name.
const organizationInScope = isOrganization + ` AND $2 <> ''`

func scanOrganization(r row) (o tenant.Organization, err error) {
	err = r.Scan(&o.ID, &o.Name, at{&o.CreatedAt})
	return o, err
}

// InsertOrganization implements auth.Store. A name is given once.
func (s *store) InsertOrganization(ctx context.Context, o tenant.Organization) error {
	return s.atomically(ctx, func(tx *store) error {
		if _, err := tx.exec(ctx, `INSERT INTO organizations (id, name, created_at) VALUES ($1, $2, $3)`, o.ID, o.Name, micros(o.CreatedAt)); err != nil {
			return taken(err, "There already is an organization with this name.")
		}
		// The head of its chain, from the first: one that is missing was removed.
		_, err := tx.exec(ctx, `INSERT INTO audit_chains (organization_id, sequence, hash) VALUES ($1, 0, $2)`, o.ID, make([]byte, len(audit.Hash{})))
		return err
	})
}

// Organizations implements auth.Store, by name.
func (s *store) Organizations(ctx context.Context, scope tenant.Scope) ([]tenant.Organization, error) {
	return all(ctx, s, scanOrganization, `SELECT id, name, created_at FROM organizations
		WHERE `+organizationInScope+` ORDER BY name, id`, scoped(scope)...)
}

// Organization implements auth.Store.
func (s *store) Organization(ctx context.Context, scope tenant.Scope, id uuid.UUID) (tenant.Organization, error) {
	return one(ctx, s, scanOrganization, noOrganization, `SELECT id, name, created_at FROM organizations
		WHERE `+organizationInScope+` AND id = $3`, scoped(scope, id)...)
}

const (
	groupInScope = inOrganization + ` AND ($2 = '*' OR id = $2)`
	groupColumns = `id, organization_id, name, balance, webhook_secret, mask_personal_data, created_at`
)

func scanGroup(r row) (g tenant.Group, err error) {
	err = r.Scan(&g.ID, &g.OrganizationID, &g.Name, &g.Balance, &g.WebhookSecret, &g.MaskPersonalData, at{&g.CreatedAt})
	return g, err
}

// InsertGroup implements auth.Store. A group starts without credits: they come
// through the ledger only.
func (s *store) InsertGroup(ctx context.Context, scope tenant.Scope, g tenant.Group) error {
	if g.Balance != 0 {
		return fault.New(fault.Invalid, "A new group has no credits; top it up.")
	}
	err := s.change(ctx, noOrganization, `INSERT INTO groups (id, organization_id, name, balance, webhook_secret, mask_personal_data, created_at)
		SELECT $3, $4, $5, 0, $6, $7, $8 FROM organizations
		WHERE id = $4 AND `+isOrganization+` AND ($2 = '*' OR $3 = $2)`,
		scoped(scope, g.ID, g.OrganizationID, g.Name, g.WebhookSecret, g.MaskPersonalData, micros(g.CreatedAt))...)
	return taken(err, "The organization already has a group with this name.")
}

// Groups implements auth.Store, by name.
func (s *store) Groups(ctx context.Context, scope tenant.Scope) ([]tenant.Group, error) {
	return all(ctx, s, scanGroup, `SELECT `+groupColumns+` FROM groups WHERE `+groupInScope+` ORDER BY name, id`, scoped(scope)...)
}

// Group implements auth.Store.
func (s *store) Group(ctx context.Context, scope tenant.Scope, id uuid.UUID) (tenant.Group, error) {
	return one(ctx, s, scanGroup, noGroup, `SELECT `+groupColumns+` FROM groups WHERE `+groupInScope+` AND id = $3`, scoped(scope, id)...)
}

// UpdateGroup implements auth.Store.
func (s *store) UpdateGroup(ctx context.Context, scope tenant.Scope, g tenant.Group) error {
	err := s.change(ctx, noGroup, `UPDATE groups SET name = $4, mask_personal_data = $5 WHERE `+groupInScope+` AND id = $3`, scoped(scope, g.ID, g.Name, g.MaskPersonalData)...)
	return taken(err, "The organization already has a group with this name.")
}
