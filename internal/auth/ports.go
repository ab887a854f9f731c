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
	// Atomically runs fn in one transaction: all that it writes through tx
	// stays, or nothing. It may run again.
	Atomically(ctx context.Context, fn func(ctx context.Context, tx Store) error) error

	// UserByEmail finds a user by lower-case address; NotFound when there is none.
	UserByEmail(ctx context.Context, email string) (tenant.User, error)
	// Session finds a session that is not revoked, and its user; NotFound
	// otherwise.
	Session(ctx context.Context, id uuid.UUID) (Session, tenant.User, error)
	// SessionOwner finds the user of a session, revoked or not.
	SessionOwner(ctx context.Context, session uuid.UUID) (tenant.User, error)
	// TouchSession notes when a session was last used.
	TouchSession(ctx context.Context, id uuid.UUID, at time.Time) error
	// Sessions lists a user's sessions that can still be renewed at now, the
	// last used first.
	Sessions(ctx context.Context, scope tenant.Scope, user uuid.UUID, now time.Time) ([]Session, error)
	// EndSession ends one that stands; NotFound for any other.
	EndSession(ctx context.Context, scope tenant.Scope, id uuid.UUID, now time.Time) error
	// RevokeSessions ends all sessions of a user but one; uuid.Nil spares none.
	RevokeSessions(ctx context.Context, user, except uuid.UUID, now time.Time) error
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
	User(ctx context.Context, scope tenant.Scope, id uuid.UUID) (tenant.User, error)
	// UpdateUser writes Name and Role.
	UpdateUser(ctx context.Context, scope tenant.Scope, u tenant.User) error
	// UpdateGroup writes Name and MaskPersonalData.
	UpdateGroup(ctx context.Context, scope tenant.Scope, g tenant.Group) error
	// KeepResults sets for how many days a group's results are kept.
	KeepResults(ctx context.Context, scope tenant.Scope, group uuid.UUID, days int) error
	// SetUserDisabled switches a user off (and its sessions) or on again.
	SetUserDisabled(ctx context.Context, scope tenant.Scope, id uuid.UUID, disabled bool, now time.Time) error

	// IdentityUser finds the user that an identity is linked to; NotFound when
	// there is none.
	IdentityUser(ctx context.Context, issuer, subject string) (tenant.User, error)
	// LinkIdentity makes an identity a user's; ALREADY_EXISTS when it, or the
	// user at that issuer, is linked.
	LinkIdentity(ctx context.Context, issuer, subject string, user uuid.UUID, at time.Time) error
	// UnlinkIdentities lets the next sign-in link the user anew.
	UnlinkIdentities(ctx context.Context, user uuid.UUID) error

	// CountSignIn counts an attempt in every bucket, all or none: when one is
	// closed, nothing is counted and closed says for how long. A bucket that
	// was quiet since its Forget starts again at 1.
	CountSignIn(ctx context.Context, buckets []Bucket, now time.Time) (closed time.Duration, err error)
	// ForgetSignIns empties a bucket.
	ForgetSignIns(ctx context.Context, bucket []byte) error
	// ReturnSignIn takes back the attempt counted at a time, and what it closed.
	ReturnSignIn(ctx context.Context, bucket []byte, at time.Time) error
	// SweepSignIns removes buckets that were quiet since before.
	SweepSignIns(ctx context.Context, before time.Time) error
}

// Bucket counts attempts to sign in that have something in common.
type Bucket struct {
	Key []byte
	// Forget is how long without an attempt empties it.
	Forget time.Duration
	// Pause is how long the bucket is closed after the nth attempt.
	Pause func(n int) time.Duration
}

// Session is one sign-in: the family of all refresh tokens that follow from it.
type Session struct {
	ID         uuid.UUID
	UserID     uuid.UUID
	UserAgent  string // of the program that signed in, as it calls itself
	Network    string // where it signed in from
	CreatedAt  time.Time
	LastSeenAt time.Time
}

// RefreshToken is kept as its SHA-256 only.
type RefreshToken struct {
	ID        uuid.UUID
	Hash      []byte
	CreatedAt time.Time
	ExpiresAt time.Time
}
