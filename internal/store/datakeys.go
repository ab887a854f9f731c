package store

import (
	"context"
	"errors"
	"time"

	"anycheck/internal/fault"
	"anycheck/internal/vault"
)

const noKey = "There is no key: what it opened is erased, or never was."

// errNoVault tells that personal data came before a vault.
var errNoVault = errors.New("store: personal data before SetVault")

// DataKey implements vault.DataKeys.
func (s *store) DataKey(ctx context.Context, owner vault.Owner, create bool) ([]byte, error) {
	wrapped, err := s.dataKey(ctx, owner)
	if !create || !fault.Is(err, fault.NotFound) {
		return wrapped, err
	}
	made, err := s.newKey(owner)
	if err != nil {
		return nil, err
	}
	err = s.atomically(ctx, func(tx *store) error {
		n, err := tx.exec(ctx, `INSERT INTO data_keys (owner_id, organization_id, group_id, wrapped, created_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (owner_id) DO NOTHING`, owner.ID, owner.Organization, owner.Group, made, micros(time.Now()))
		if wrapped = made; err != nil || n == 1 {
			return err
		}
		// Another writer's key may be the one that stays.
		wrapped, err = tx.dataKey(ctx, owner)
		return err
	})
	return wrapped, err
}

// newKey makes a key and wraps it; it is not kept yet.
func (s *store) newKey(owner vault.Owner) (wrapped []byte, err error) {
	if s.db.vault == nil {
		return nil, errNoVault
	}
	return s.db.vault.NewKey(owner.ID.String())
}

func (s *store) dataKey(ctx context.Context, owner vault.Owner) ([]byte, error) {
	return one(ctx, s, value[[]byte], noKey, `SELECT wrapped FROM data_keys
		WHERE owner_id = $1 AND organization_id = $2 AND group_id = $3 AND wrapped IS NOT NULL`, owner.ID, owner.Organization, owner.Group)
}

// DestroyDataKeys makes what the owners' keys have sealed unreadable, for ever.
// Owners without a key get a destroyed one.
func (s *store) DestroyDataKeys(ctx context.Context, owners []vault.Owner, at time.Time) error {
	return s.atomically(ctx, func(tx *store) error {
		for _, o := range owners {
			delete(tx.keys, o)
			if _, err := tx.exec(ctx, `INSERT INTO data_keys (owner_id, organization_id, group_id, created_at, destroyed_at) VALUES ($1, $2, $3, $4, $4)
				ON CONFLICT (owner_id) DO UPDATE SET wrapped = NULL, destroyed_at = excluded.destroyed_at
				WHERE data_keys.organization_id = excluded.organization_id AND data_keys.group_id = excluded.group_id AND data_keys.wrapped IS NOT NULL`,
				o.ID, o.Organization, o.Group, micros(at)); err != nil {
				return err
			}
		}
		return nil
	})
}

// RewrapDataKeys is the operator's, over all tenants: it wraps up to limit keys anew whose owners come after a given
// one, and tells the last owner; "" when there are no more. rewrap gives a
// key's new form.
func (s *store) RewrapDataKeys(ctx context.Context, after string, limit int, rewrap func(owner string, wrapped []byte) ([]byte, error)) (last string, n int, err error) {
	type wrappedKey struct {
		owner   string
		wrapped []byte
	}
	err = s.atomically(ctx, func(tx *store) error {
		keys, err := all(ctx, tx, func(r row) (k wrappedKey, err error) {
			err = r.Scan(&k.owner, &k.wrapped)
			return k, err
		}, `SELECT owner_id, wrapped FROM data_keys WHERE owner_id > $1 AND wrapped IS NOT NULL ORDER BY owner_id LIMIT $2`, after, limit)
		if err != nil {
			return err
		}
		last, n = "", len(keys)
		for _, k := range keys {
			renewed, err := rewrap(k.owner, k.wrapped)
			if err != nil {
				return err
			}
			if _, err := tx.exec(ctx, `UPDATE data_keys SET wrapped = $2 WHERE owner_id = $1 AND wrapped IS NOT NULL`, k.owner, renewed); err != nil {
				return err
			}
			last = k.owner
		}
		return nil
	})
	return last, n, err
}
