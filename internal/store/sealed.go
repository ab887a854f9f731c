package store

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"anycheck/internal/tenant"
	"anycheck/internal/vault"
)

// sealMark begins a sealed value; JSON and texts from before do not begin so.
const sealMark = "~1~"

// keyOf selects the wrapped key of a row's result, for an opener.
const keyOf = `(SELECT wrapped FROM data_keys WHERE owner_id = result_id)`

// place is where a sealed value stands; it is bound to it.
func place(column string, row any) string { return fmt.Sprint(column, " ", row) }

// seal is a value as its column keeps it; nil stays NULL.
func seal(k vault.Key, where string, plain *string) (*string, error) {
	if plain == nil {
		return nil, nil
	}
	sealed, err := k.Seal(where, []byte(*plain))
	if err != nil {
		return nil, err
	}
	text := sealMark + base64.RawStdEncoding.EncodeToString(sealed)
	return &text, nil
}

// sealingKey is an owner's key for writing, made when it is the first time and
// create says so.
func (s *store) sealingKey(ctx context.Context, o vault.Owner, create bool) (vault.Key, error) {
	if key, known := s.keys[o]; known {
		return key, nil
	}
	wrapped, err := s.DataKey(ctx, o, create)
	if err != nil {
		return vault.Key{}, err
	}
	return s.unwrap(o, wrapped)
}

// unwrap opens a key. The transaction keeps it for what else it writes.
func (s *store) unwrap(o vault.Owner, wrapped []byte) (vault.Key, error) {
	if s.db.vault == nil {
		return vault.Key{}, errNoVault
	}
	key, err := s.db.vault.Key(o.ID.String(), wrapped)
	if err == nil && s.tx != nil {
		s.keys[o] = key
	}
	return key, err
}

// resultOf is whose key a verification's data are under. What lies outside the
// scope is NotFound.
func (s *store) resultOf(ctx context.Context, scope tenant.Scope, verification uuid.UUID) (vault.Owner, error) {
	return one(ctx, s, func(r row) (o vault.Owner, err error) {
		err = r.Scan(&o.Organization, &o.Group, &o.ID)
		return o, err
	}, noVerification, `SELECT organization_id, group_id, result_id FROM verifications WHERE `+inScope+` AND id = $3`, scoped(scope, verification)...)
}

// keyFor is the key of a verification's result, for writing.
func (s *store) keyFor(ctx context.Context, scope tenant.Scope, verification uuid.UUID) (vault.Key, error) {
	owner, err := s.resultOf(ctx, scope, verification)
	if err != nil {
		return vault.Key{}, err
	}
	return s.sealingKey(ctx, owner, true)
}

// sealFor seals a value under the key of a verification's result.
func (s *store) sealFor(ctx context.Context, scope tenant.Scope, verification uuid.UUID, where string, plain *string) (*string, error) {
	key, err := s.keyFor(ctx, scope, verification)
	if err != nil {
		return nil, err
	}
	return seal(key, where, plain)
}

// opener scans the wrapped key of an owner that was scanned before it.
type opener struct {
	db    *DB
	owner *uuid.UUID
	key   *vault.Key // nil: destroyed, or there never was one
}

// Scan implements sql.Scanner.
func (o *opener) Scan(src any) error {
	o.key = nil
	wrapped, ok := src.([]byte)
	if !ok || len(wrapped) == 0 {
		return nil
	}
	if o.db.vault == nil {
		return errNoVault
	}
	k, err := o.db.vault.Key(o.owner.String(), wrapped)
	o.key = &k
	return err
}

// opened scans a sealed column after its key. Without the key it is empty: what
// it held is erased.
type opened struct {
	*opener
	column string
	row    any // of place
	into   any // *json.RawMessage, *string, or what JSON is decoded into
}

// Scan implements sql.Scanner.
func (o opened) Scan(src any) error {
	var text string
	switch src := src.(type) {
	case nil:
		return nil
	case string:
		text = src
	case []byte:
		text = string(src)
	default:
		return fmt.Errorf("store: a sealed column is %T, want string", src)
	}
	if sealed, ok := strings.CutPrefix(text, sealMark); ok {
		if o.key == nil {
			return nil
		}
		data, err := base64.RawStdEncoding.DecodeString(sealed)
		if err != nil {
			return fmt.Errorf("store: %s: %w", o.column, vault.ErrSealed)
		}
		plain, err := o.key.Open(place(o.column, o.row), data)
		if err != nil {
			return fmt.Errorf("store: %s: %w", o.column, err)
		}
		text = string(plain)
	}
	switch into := o.into.(type) {
	case *string:
		*into = text
		return nil
	case *[]byte:
		*into = []byte(text)
		return nil
	case *json.RawMessage:
		*into = json.RawMessage(text) // as it came, spaces too
		return nil
	}
	return json.Unmarshal([]byte(text), o.into)
}
