package store

import (
	"context"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/tenant"
)

const (
	noAPIKey      = "There is no such API key."
	apiKeyColumns = `api_keys.id, api_keys.organization_id, api_keys.group_id, api_keys.user_id, api_keys.name, api_keys.prefix,
		api_keys.hash, api_keys.scopes, api_keys.test, api_keys.expires_at, api_keys.revoked_at, api_keys.last_used_at, api_keys.created_at`
)

func apiKeyFields(k *tenant.APIKey) []any {
	return []any{&k.ID, &k.OrganizationID, &k.GroupID, &k.UserID, &k.Name, &k.Prefix, &k.Hash, fromJSON{&k.Scopes}, &k.Test,
		maybeAt{&k.ExpiresAt}, maybeAt{&k.RevokedAt}, maybeAt{&k.LastUsedAt}, at{&k.CreatedAt}}
}

func scanAPIKey(r row) (k tenant.APIKey, err error) {
	err = r.Scan(apiKeyFields(&k)...)
	return k, err
}

// APIKeyByPrefix implements auth.Store. Expired and revoked keys are found
// too: the caller says why they no longer open anything.
func (s *store) APIKeyByPrefix(ctx context.Context, prefix string) (tenant.APIKey, tenant.User, error) {
	var u tenant.User
	k, err := one(ctx, s, func(r row) (k tenant.APIKey, err error) {
		err = r.Scan(append(apiKeyFields(&k), userFields(&u)...)...)
		return k, err
	}, noAPIKey, `SELECT `+apiKeyColumns+`, `+userColumns+` FROM api_keys JOIN users u ON u.id = api_keys.user_id WHERE api_keys.prefix = $1`, prefix)
	if err != nil {
		return tenant.APIKey{}, tenant.User{}, err
	}
	return k, u, nil
}

// TouchAPIKey implements auth.Store.
func (s *store) TouchAPIKey(ctx context.Context, id uuid.UUID, at time.Time) error {
	return s.change(ctx, noAPIKey, `UPDATE api_keys SET last_used_at = $2 WHERE id = $1`, id, micros(at))
}

// InsertAPIKey implements auth.Store.
func (s *store) InsertAPIKey(ctx context.Context, scope tenant.Scope, k tenant.APIKey) error {
	scopes := k.Scopes
	if scopes == nil {
		scopes = []tenant.KeyScope{}
	}
	text, err := asJSON(scopes)
	if err != nil {
		return err
	}
	err = s.change(ctx, noGroup, `INSERT INTO api_keys (id, organization_id, group_id, user_id, name, prefix, hash, scopes, expires_at, revoked_at, last_used_at, created_at, test)
		SELECT $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15 FROM groups
		WHERE id = $5 AND organization_id = $4 AND `+groupInScope,
		scoped(scope, k.ID, k.OrganizationID, k.GroupID, k.UserID, k.Name, k.Prefix, k.Hash, text,
			optionalMicros(k.ExpiresAt), optionalMicros(k.RevokedAt), optionalMicros(k.LastUsedAt), micros(k.CreatedAt), k.Test)...)
	return taken(err, "There is already an API key with this prefix.")
}

// APIKeys implements auth.Store.
func (s *store) APIKeys(ctx context.Context, scope tenant.Scope) ([]tenant.APIKey, error) {
	return all(ctx, s, scanAPIKey, `SELECT `+apiKeyColumns+` FROM api_keys WHERE `+inScope+` ORDER BY created_at DESC, id DESC`, scoped(scope)...)
}

// RevokeAPIKey implements auth.Store. A key that is revoked keeps its first date.
func (s *store) RevokeAPIKey(ctx context.Context, scope tenant.Scope, id uuid.UUID, at time.Time) error {
	return s.change(ctx, noAPIKey, `UPDATE api_keys SET revoked_at = COALESCE(revoked_at, $4) WHERE `+inScope+` AND id = $3`, scoped(scope, id, micros(at))...)
}
