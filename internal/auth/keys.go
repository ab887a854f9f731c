package auth

import (
	"context"
	"crypto/rand"
	"slices"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

// NewKey is a request for an API key.
type NewKey struct {
	Name      string
	Scopes    []tenant.KeyScope // empty: tenant.DefaultKeyScopes
	Test      bool              // acts in the sandbox of its group
	ExpiresAt *time.Time
	Group     *uuid.UUID // nil: the group of who makes it
}

// CreateKey makes a key in the user's group. The text is shown once and not kept.
func (s *Service) CreateKey(ctx context.Context, owner tenant.User, n NewKey) (tenant.APIKey, string, error) {
	return s.createKey(ctx, owner, tenant.Group{ID: owner.GroupID, OrganizationID: owner.OrganizationID}, n)
}

func (s *Service) createKey(ctx context.Context, owner tenant.User, g tenant.Group, n NewKey) (tenant.APIKey, string, error) {
	name, err := nameOf(n.Name, 100)
	if err != nil {
		return tenant.APIKey{}, "", err
	}
	if len(n.Scopes) == 0 {
		n.Scopes = tenant.DefaultKeyScopes()
	}
	for _, sc := range n.Scopes {
		if !slices.Contains(tenant.KeyScopes(), sc) {
			return tenant.APIKey{}, "", fault.Field("scopes", "%q is not a scope", plainText(string(sc), 64)).WithCode(fault.CodeInvalidValue)
		}
	}
	now := s.now()
	if n.ExpiresAt != nil && !n.ExpiresAt.After(now) {
		return tenant.APIKey{}, "", fault.Field("expires_at", "must lie in the future")
	}
	if n.ExpiresAt != nil {
		at := storable(*n.ExpiresAt)
		n.ExpiresAt = &at
	}
	mark := liveKeyMark
	if n.Test {
		mark = testKeyMark
	}
	prefix := mark + rand.Text()[:8]
	text := prefix + "_" + randomText(32)
	k := tenant.APIKey{ID: newID(), OrganizationID: g.OrganizationID, GroupID: g.ID, UserID: owner.ID, Name: name,
		Prefix: prefix, Hash: hashOf(text), Scopes: n.Scopes, Test: n.Test, ExpiresAt: n.ExpiresAt, CreatedAt: now}
	audit.Of(ctx).About(k.OrganizationID, k.GroupID, "key", k.ID)
	insert := func(ctx context.Context, tx Store) error {
		if err := tx.InsertAPIKey(ctx, tenant.WithinGroup(k.OrganizationID, k.GroupID), k); err != nil || !k.Test {
			return err
		}
		return openSandbox(ctx, tx, g.OrganizationID, g.ID, now)
	}
	err = s.store.Atomically(ctx, insert)
	// Others may be first meanwhile: to make the organization's sandbox, then the group's.
	for try := 0; k.Test && alreadyExists(err) && try < 2; try++ {
		err = s.store.Atomically(ctx, insert)
	}
	return k, text, err
}

// ListKeys lists the keys that the actor manages, newest first.
func (s *Service) ListKeys(ctx context.Context, a tenant.Actor) ([]tenant.APIKey, error) {
	if err := a.Require(tenant.ManageKeys); err != nil {
		return nil, err
	}
	return s.store.APIKeys(ctx, a.Scope())
}

// AddKey makes a key for the actor. It cannot do more than the actor can.
func (s *Service) AddKey(ctx context.Context, a tenant.Actor, n NewKey) (tenant.APIKey, string, error) {
	if err := a.Require(tenant.ManageKeys); err != nil {
		return tenant.APIKey{}, "", err
	}
	g, err := s.groupFor(ctx, a, n.Group)
	if err != nil {
		return tenant.APIKey{}, "", err
	}
	for _, sc := range n.Scopes {
		if slices.Contains(tenant.KeyScopes(), sc) && !a.Can(sc) {
			return tenant.APIKey{}, "", fault.Field("scopes", "%s is more than you can do yourself", sc).WithCode(fault.CodeInvalidValue)
		}
	}
	return s.createKey(ctx, a.User, g, n)
}

// EndKey ends a key that the actor manages. Ending it again is no error.
func (s *Service) EndKey(ctx context.Context, a tenant.Actor, id uuid.UUID) error {
	if err := a.Require(tenant.ManageKeys); err != nil {
		return err
	}
	return s.store.RevokeAPIKey(ctx, a.Scope(), id, s.now())
}

// groupFor finds the group that something new belongs to.
func (s *Service) groupFor(ctx context.Context, a tenant.Actor, id *uuid.UUID) (tenant.Group, error) {
	_, home := a.Home()
	if id != nil {
		home = *id
	}
	g, err := s.store.Group(ctx, a.Scope(), home)
	if fault.Is(err, fault.NotFound) {
		return tenant.Group{}, fault.New(fault.NotFound, "group_id: there is no such group.").WithField("group_id", "there is no such group")
	}
	return g, err
}
