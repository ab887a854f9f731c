package auth

import (
	"context"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/tenant"
)

// Store keeps accounts, sessions and keys. Lookups that prove who is calling
// have no scope: there is no caller yet. What people manage takes theirs.
type Store interface {
	// UserByEmail finds a user by lower-case address; NotFound when there is none.
	UserByEmail(ctx context.Context, email string) (tenant.User, error)
	// SessionUser finds the user of a session that is not revoked; NotFound
	// otherwise.
	SessionUser(ctx context.Context, session uuid.UUID) (tenant.User, error)
	// SessionOwner finds the user of a session, revoked or not.
	SessionOwner(ctx context.Context, session uuid.UUID) (tenant.User, error)
	// InsertSession starts a session with its first refresh token.
	InsertSession(ctx context.Context, s Session, first RefreshToken) error
	// RotateRefreshToken marks the token with hash old as used and adds next
	// to the same session, in one transaction. A token that was used before
	// revokes its session: ErrReused, with the session. Unknown, expired or revoked: NotFound.
	RotateRefreshToken(ctx context.Context, old []byte, next RefreshToken, now time.Time) (session uuid.UUID, err error)
	// RevokeSession ends a session; one that is gone is no error.
	RevokeSession(ctx context.Context, session uuid.UUID, now time.Time) error
	// SessionOfToken finds the session a refresh token belongs to.
	SessionOfToken(ctx context.Context, hash []byte) (uuid.UUID, error)
	// UpdatePasswordHash replaces a user's hash and revokes all its sessions
	// when revoke is set.
	UpdatePasswordHash(ctx context.Context, user uuid.UUID, hash string, revoke bool, now time.Time) error

	// APIKeyByPrefix finds a key, and the user it belongs to, by its visible prefix.
	APIKeyByPrefix(ctx context.Context, prefix string) (tenant.APIKey, tenant.User, error)
	// TouchAPIKey notes when a key was last used.
	TouchAPIKey(ctx context.Context, id uuid.UUID, at time.Time) error
	InsertAPIKey(ctx context.Context, scope tenant.Scope, k tenant.APIKey) error
	// APIKeys lists the keys in scope, newest first, revoked ones too.
	APIKeys(ctx context.Context, scope tenant.Scope) ([]tenant.APIKey, error)
	RevokeAPIKey(ctx context.Context, scope tenant.Scope, id uuid.UUID, at time.Time) error

	// AppendAudit writes a record at the end of its chain.
	AppendAudit(ctx context.Context, e *audit.Entry) error

	// CountUsers tells how many users there are on the platform.
	CountUsers(ctx context.Context) (int, error)
	InsertOrganization(ctx context.Context, o tenant.Organization) error
	Organizations(ctx context.Context, scope tenant.Scope) ([]tenant.Organization, error)
	// InsertGroup and InsertUser answer ALREADY_EXISTS for a name or address
	// that is taken.
	InsertGroup(ctx context.Context, scope tenant.Scope, g tenant.Group) error
	Groups(ctx context.Context, scope tenant.Scope) ([]tenant.Group, error)
	Group(ctx context.Context, scope tenant.Scope, id uuid.UUID) (tenant.Group, error)
	// RotateWebhookSecret replaces a group's secret; the one before signs along
	// until a time.
	RotateWebhookSecret(ctx context.Context, scope tenant.Scope, group uuid.UUID, secret string, previousUntil time.Time) error
	Organization(ctx context.Context, scope tenant.Scope, id uuid.UUID) (tenant.Organization, error)
	InsertUser(ctx context.Context, scope tenant.Scope, u tenant.User) error
	Users(ctx context.Context, scope tenant.Scope) ([]tenant.User, error)
	// SetUserDisabled switches a user off (and its sessions) or on again.
	SetUserDisabled(ctx context.Context, scope tenant.Scope, id uuid.UUID, disabled bool, now time.Time) error
}

// Session is one sign-in: the family of all refresh tokens that follow from it.
type Session struct {
	ID        uuid.UUID
	UserID    uuid.UUID
	CreatedAt time.Time
}

// RefreshToken is kept as its SHA-256 only.
type RefreshToken struct {
	ID        uuid.UUID
	Hash      []byte
	CreatedAt time.Time
	ExpiresAt time.Time
}
