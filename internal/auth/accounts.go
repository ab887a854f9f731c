package auth

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"strings"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

// Bootstrap makes the first organization, group and super admin on an empty
// platform. made is false when there are users already, or another process
// that starts at the same time is first. An empty password asks for a random
// one, which is returned to be shown once. prepare is called with the group
// before the user is made; a start that died in between is taken up again.
func (s *Service) Bootstrap(ctx context.Context, email, password string, prepare func(tenant.Group) error) (u tenant.User, shown string, made bool, err error) {
	n, err := s.store.CountUsers(ctx)
	if err != nil || n > 0 {
		return tenant.User{}, "", false, err
	}
	if password == "" {
		password = randomText(15)
		shown = password
	}
	g, err := s.CreateGroup(ctx, "Default organization", defaultGroup)
	if alreadyExists(err) {
		g, err = s.Group(ctx, defaultGroup)
	}
	if err == nil {
		err = prepare(g)
	}
	if err != nil {
		return tenant.User{}, "", false, err
	}
	u, err = s.CreateUser(ctx, NewUser{Email: email, Name: "Administrator", Password: password, Role: tenant.SuperAdmin, Group: g})
	if alreadyExists(err) {
		return tenant.User{}, "", false, nil
	}
	return u, shown, err == nil, err
}

const defaultGroup = "Default group"

func alreadyExists(err error) bool {
	return err != nil && fault.From(err).Code == fault.CodeAlreadyExists
}

// CreateGroup makes a group in the named organization, which is made when
// there is none of that name.
func (s *Service) CreateGroup(ctx context.Context, organization, name string) (tenant.Group, error) {
	organization, name = strings.TrimSpace(organization), strings.TrimSpace(name)
	if organization == "" || len(organization) > 120 {
		return tenant.Group{}, fault.Field("organization", "must have 1 to 120 characters")
	}
	if name == "" || len(name) > 120 {
		return tenant.Group{}, fault.Field("name", "must have 1 to 120 characters")
	}
	org, err := s.organization(ctx, organization)
	if err != nil {
		return tenant.Group{}, err
	}
	groups, err := s.store.Groups(ctx, tenant.WithinOrganization(org.ID))
	if err != nil {
		return tenant.Group{}, err
	}
	for _, g := range groups {
		if strings.EqualFold(g.Name, name) {
			return tenant.Group{}, fault.Field("name", "the organization has a group of this name").WithCode(fault.CodeAlreadyExists)
		}
	}
	g := tenant.Group{ID: newID(), OrganizationID: org.ID, Name: name, WebhookSecret: "whsec_" + stdSecret(), CreatedAt: s.now()}
	audit.Of(ctx).About(org.ID, g.ID, "group", g.ID)
	return g, s.store.InsertGroup(ctx, tenant.WithinOrganization(org.ID), g)
}

// organization finds the named organization or makes it; another process that
// makes it at the same time is waited for by its unique name.
func (s *Service) organization(ctx context.Context, name string) (tenant.Organization, error) {
	o, err := s.findOrganization(ctx, name)
	if !fault.Is(err, fault.NotFound) {
		return o, err
	}
	o = tenant.Organization{ID: newID(), Name: name, CreatedAt: s.now()}
	if err := s.store.InsertOrganization(ctx, o); alreadyExists(err) {
		return s.findOrganization(ctx, name)
	} else if err != nil {
		return tenant.Organization{}, err
	}
	return o, nil
}

func (s *Service) findOrganization(ctx context.Context, name string) (tenant.Organization, error) {
	list, err := s.store.Organizations(ctx, tenant.EveryTenant())
	if err != nil {
		return tenant.Organization{}, err
	}
	for _, o := range list {
		if strings.EqualFold(o.Name, name) {
			return o, nil
		}
	}
	return tenant.Organization{}, fault.New(fault.NotFound, "There is no such organization.")
}

// NewUser is a request for a user.
type NewUser struct {
	Email    string
	Name     string
	Password string
	Role     tenant.Role
	Group    tenant.Group
	// WithoutPassword makes a user who signs in at the identity provider only.
	WithoutPassword bool
}

// CreateUser makes a user in a group.
func (s *Service) CreateUser(ctx context.Context, n NewUser) (tenant.User, error) {
	email, err := parseEmail(n.Email)
	if err != nil {
		return tenant.User{}, err
	}
	hash := ""
	if !n.WithoutPassword {
		if hash, err = s.passwords.Hash(ctx, n.Password); err != nil {
			return tenant.User{}, err
		}
	}
	u := tenant.User{ID: newID(), OrganizationID: n.Group.OrganizationID, GroupID: n.Group.ID, Email: email,
		Name: strings.TrimSpace(n.Name), Role: n.Role, PasswordHash: hash, CreatedAt: s.now()}
	audit.Of(ctx).About(u.OrganizationID, u.GroupID, "user", u.ID)
	return u, s.store.InsertUser(ctx, tenant.WithinGroup(u.OrganizationID, u.GroupID), u)
}

// SetPassword gives a user a new password and ends all its sessions.
func (s *Service) SetPassword(ctx context.Context, email, password string) error {
	u, err := s.UserByEmail(ctx, email)
	if err != nil {
		return err
	}
	audit.Of(ctx).About(u.OrganizationID, u.GroupID, "user", u.ID)
	hash, err := s.passwords.Hash(ctx, password)
	if err != nil {
		return err
	}
	return s.store.UpdatePasswordHash(ctx, u.ID, hash, true, s.now())
}

// SetDisabled switches a user off, which ends its sessions and its keys, or on.
func (s *Service) SetDisabled(ctx context.Context, email string, disabled bool) error {
	u, err := s.UserByEmail(ctx, email)
	if err != nil {
		return err
	}
	audit.Of(ctx).About(u.OrganizationID, u.GroupID, "user", u.ID)
	return s.store.SetUserDisabled(ctx, tenant.EveryTenant(), u.ID, disabled, s.now())
}

// SetRole gives a user another role.
func (s *Service) SetRole(ctx context.Context, email string, role tenant.Role) error {
	u, err := s.UserByEmail(ctx, email)
	if err != nil {
		return err
	}
	audit.Of(ctx).About(u.OrganizationID, u.GroupID, "user", u.ID)
	audit.Of(ctx).Detail("role", string(role))
	u.Role = role
	return s.store.UpdateUser(ctx, tenant.EveryTenant(), u)
}

// Unlink lets a user's next sign-in at the identity provider link it anew, and
// ends all its sessions.
func (s *Service) Unlink(ctx context.Context, email string) error {
	u, err := s.UserByEmail(ctx, email)
	if err != nil {
		return err
	}
	audit.Of(ctx).About(u.OrganizationID, u.GroupID, "user", u.ID)
	if err := s.store.UnlinkIdentities(ctx, u.ID); err != nil {
		return err
	}
	return s.store.RevokeSessions(ctx, u.ID, uuid.Nil, s.now())
}

// SetMasking says whether a group's users and reviewers see personal data
// masked.
func (s *Service) SetMasking(ctx context.Context, g tenant.Group, on bool) error {
	audit.Of(ctx).About(g.OrganizationID, g.ID, "group", g.ID)
	g.MaskPersonalData = on
	return s.updateGroup(ctx, tenant.EveryTenant(), g)
}

// UserByEmail finds a user for the command line.
func (s *Service) UserByEmail(ctx context.Context, email string) (tenant.User, error) {
	email, err := parseEmail(email)
	if err != nil {
		return tenant.User{}, err
	}
	return s.store.UserByEmail(ctx, email)
}

// RandomPassword makes a password nobody has to invent.
func RandomPassword() string { return randomText(15) }

// Group finds a group by id or by name; a name that two groups share is refused.
func (s *Service) Group(ctx context.Context, nameOrID string) (tenant.Group, error) {
	if id, err := uuid.Parse(nameOrID); err == nil {
		return s.store.Group(ctx, tenant.EveryTenant(), id)
	}
	list, err := s.store.Groups(ctx, tenant.EveryTenant())
	if err != nil {
		return tenant.Group{}, err
	}
	var found []tenant.Group
	for _, g := range list {
		if strings.EqualFold(g.Name, nameOrID) {
			found = append(found, g)
		}
	}
	switch len(found) {
	case 0:
		return tenant.Group{}, fault.New(fault.NotFound, "There is no group of this name.")
	case 1:
		return found[0], nil
	}
	return tenant.Group{}, fault.Field("group", "%d groups have this name; use the id", len(found))
}

// Groups, Organizations, Users and Keys list the whole platform for the command line.
func (s *Service) Groups(ctx context.Context) ([]tenant.Group, error) {
	return s.store.Groups(ctx, tenant.EveryTenant())
}

// Organizations lists all organizations.
func (s *Service) Organizations(ctx context.Context) ([]tenant.Organization, error) {
	return s.store.Organizations(ctx, tenant.EveryTenant())
}

// Users lists all users.
func (s *Service) Users(ctx context.Context) ([]tenant.User, error) {
	return s.store.Users(ctx, tenant.EveryTenant())
}

// Keys lists all API keys.
func (s *Service) Keys(ctx context.Context) ([]tenant.APIKey, error) {
	return s.store.APIKeys(ctx, tenant.EveryTenant())
}

// RevokeKey ends an API key, found by id or prefix.
func (s *Service) RevokeKey(ctx context.Context, idOrPrefix string) error {
	id, err := uuid.Parse(idOrPrefix)
	if err != nil {
		k, _, err := s.store.APIKeyByPrefix(ctx, idOrPrefix)
		if err != nil {
			return err
		}
		id = k.ID
	}
	audit.Of(ctx).Named(id.String())
	return s.store.RevokeAPIKey(ctx, tenant.EveryTenant(), id, s.now())
}

// ParseExpiry reads a key's life time: a number of days ("90d"), a duration or
// a date.
func ParseExpiry(text string, now time.Time) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		text = days + "h"
		d, err := time.ParseDuration(text)
		if err == nil {
			t := now.Add(24 * d)
			return &t, nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil {
		t := now.Add(d)
		return &t, nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return &t, nil
	}
	return nil, fault.Field("expires", "must be like 90d, 12h or 2027-01-31")
}

// stdSecret is the form Standard Webhooks asks for: base64 of 24 to 64 bytes.
func stdSecret() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.StdEncoding.EncodeToString(b)
}
