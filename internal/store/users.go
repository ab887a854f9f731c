package store

import (
	"context"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/tenant"
)

const (
	noUser      = "There is no such user."
	userColumns = `u.id, u.organization_id, u.group_id, u.email, u.name, u.role, u.password_hash, u.disabled,
		(SELECT g.mask_personal_data FROM groups g WHERE g.id = u.group_id), u.created_at`
)

func userFields(u *tenant.User) []any {
	return []any{&u.ID, &u.OrganizationID, &u.GroupID, &u.Email, &u.Name, &u.Role, &u.PasswordHash, &u.Disabled, &u.Masked, at{&u.CreatedAt}}
}

func scanUser(r row) (u tenant.User, err error) {
	err = r.Scan(userFields(&u)...)
	return u, err
}

// UserByEmail implements auth.Store.
func (s *store) UserByEmail(ctx context.Context, email string) (tenant.User, error) {
	return one(ctx, s, scanUser, noUser, `SELECT `+userColumns+` FROM users u WHERE u.email = $1`, email)
}

// CountUsers implements auth.Store.
func (s *store) CountUsers(ctx context.Context) (int, error) {
	return one(ctx, s, value[int], "", `SELECT COUNT(*) FROM users`)
}

// InsertUser implements auth.Store. The user's group must be of its
// organization.
func (s *store) InsertUser(ctx context.Context, scope tenant.Scope, u tenant.User) error {
	err := s.change(ctx, noGroup, `INSERT INTO users (id, organization_id, group_id, email, name, role, password_hash, disabled, created_at)
		SELECT $3, $4, $5, $6, $7, $8, $9, $10, $11 FROM groups
		WHERE id = $5 AND organization_id = $4 AND `+groupInScope,
		scoped(scope, u.ID, u.OrganizationID, u.GroupID, u.Email, u.Name, u.Role, u.PasswordHash, u.Disabled, micros(u.CreatedAt))...)
	return taken(err, "There is already a user with this e-mail address.")
}

// Users implements auth.Store, by e-mail address.
func (s *store) Users(ctx context.Context, scope tenant.Scope) ([]tenant.User, error) {
	return all(ctx, s, scanUser, `SELECT `+userColumns+` FROM users u WHERE `+inScope+` ORDER BY u.email`, scoped(scope)...)
}

// User implements auth.Store.
func (s *store) User(ctx context.Context, scope tenant.Scope, id uuid.UUID) (tenant.User, error) {
	return one(ctx, s, scanUser, noUser, `SELECT `+userColumns+` FROM users u WHERE `+inScope+` AND u.id = $3`, scoped(scope, id)...)
}

// UpdateUser implements auth.Store.
func (s *store) UpdateUser(ctx context.Context, scope tenant.Scope, u tenant.User) error {
	return s.change(ctx, noUser, `UPDATE users SET name = $4, role = $5 WHERE `+inScope+` AND id = $3`, scoped(scope, u.ID, u.Name, u.Role)...)
}

// SetUserDisabled implements auth.Store.
func (s *store) SetUserDisabled(ctx context.Context, scope tenant.Scope, id uuid.UUID, disabled bool, now time.Time) error {
	return s.atomically(ctx, func(tx *store) error {
		err := tx.change(ctx, noUser, `UPDATE users SET disabled = $4 WHERE `+inScope+` AND id = $3`, scoped(scope, id, disabled)...)
		if err != nil || !disabled {
			return err
		}
		return tx.RevokeSessions(ctx, id, uuid.Nil, now)
	})
}

// UpdatePasswordHash implements auth.Store.
func (s *store) UpdatePasswordHash(ctx context.Context, user uuid.UUID, hash string, revoke bool, now time.Time) error {
	return s.atomically(ctx, func(tx *store) error {
		err := tx.change(ctx, noUser, `UPDATE users SET password_hash = $2 WHERE id = $1`, user, hash)
		if err != nil || !revoke {
			return err
		}
		return tx.RevokeSessions(ctx, user, uuid.Nil, now)
	})
}
