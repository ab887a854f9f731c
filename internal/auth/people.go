package auth

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

const (
	maxName      = 120 // characters
	maxUserAgent = 200
)

// nameOf is the form that names are kept in.
func nameOf(s string, most int) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" || utf8.RuneCountInString(s) > most {
		return "", fault.Field("name", "must have 1 to %d characters", most)
	}
	if strings.ContainsFunc(s, unicode.IsControl) || !utf8.ValidString(s) {
		return "", fault.Field("name", "must not have control characters")
	}
	return s, nil
}

// plainText cuts a stranger's text and drops what does not print.
func plainText(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

// ListUsers lists the users that the actor manages, by e-mail address.
func (s *Service) ListUsers(ctx context.Context, a tenant.Actor) ([]tenant.User, error) {
	if err := a.Require(tenant.ManageUsers); err != nil {
		return nil, err
	}
	return s.store.Users(ctx, a.Scope())
}

// User gives one user that the actor manages.
func (s *Service) User(ctx context.Context, a tenant.Actor, id uuid.UUID) (tenant.User, error) {
	if err := a.Require(tenant.ManageUsers); err != nil {
		return tenant.User{}, err
	}
	return s.store.User(ctx, a.Scope(), id)
}

// NewMember is a request of an actor for a user.
type NewMember struct {
	Email    string
	Name     string
	Role     string
	Password string     // empty: the user signs in at the identity provider only
	Group    *uuid.UUID // nil: the actor's own
}

// AddUser makes a user in a group that the actor manages.
func (s *Service) AddUser(ctx context.Context, a tenant.Actor, n NewMember) (tenant.User, error) {
	if err := a.Require(tenant.ManageUsers); err != nil {
		return tenant.User{}, err
	}
	role, err := s.roleFor(a, n.Role)
	if err != nil {
		return tenant.User{}, err
	}
	name, err := nameOf(n.Name, maxName)
	if err != nil {
		return tenant.User{}, err
	}
	g, err := s.groupFor(ctx, a, n.Group)
	if err != nil {
		return tenant.User{}, err
	}
	return s.CreateUser(ctx, NewUser{Email: n.Email, Name: name, Password: n.Password, Role: role, Group: g, WithoutPassword: n.Password == ""})
}

func (s *Service) roleFor(a tenant.Actor, text string) (tenant.Role, error) {
	role, err := tenant.ParseRole(text)
	if err == nil && !a.MayManage(role) {
		err = fault.Field("role", "is above your own").WithCode(fault.CodeInvalidValue)
	}
	return role, err
}

// UserChange is what ChangeUser may change; nil leaves a field as it is.
type UserChange struct {
	Name     *string
	Role     *string
	Disabled *bool
}

// ChangeUser changes a user that the actor manages. Nobody changes its own
// role or switches itself off: so somebody is always left who can.
func (s *Service) ChangeUser(ctx context.Context, a tenant.Actor, id uuid.UUID, c UserChange) (tenant.User, error) {
	u, err := s.User(ctx, a, id)
	if err != nil {
		return tenant.User{}, err
	}
	if !a.MayManage(u.Role) {
		return tenant.User{}, fault.New(fault.Forbidden, "This user is above your own role.")
	}
	own := u.ID == a.User.ID
	if c.Name != nil {
		if u.Name, err = nameOf(*c.Name, maxName); err != nil {
			return tenant.User{}, err
		}
	}
	if c.Role != nil {
		role, err := s.roleFor(a, *c.Role)
		if err == nil && own && role != u.Role {
			err = fault.Field("role", "is your own; another person must change it")
		}
		if err != nil {
			return tenant.User{}, err
		}
		audit.Of(ctx).Detail("role", string(role))
		u.Role = role
	}
	if c.Disabled != nil && *c.Disabled && own {
		return tenant.User{}, fault.Field("disabled", "you cannot switch yourself off")
	}
	if err := s.store.UpdateUser(ctx, a.Scope(), u); err != nil {
		return tenant.User{}, err
	}
	if c.Disabled != nil && *c.Disabled != u.Disabled {
		audit.Of(ctx).Did(audit.UserEnabled)
		if *c.Disabled {
			audit.Of(ctx).Did(audit.UserDisabled)
		}
		if err := s.store.SetUserDisabled(ctx, a.Scope(), id, *c.Disabled, s.now()); err != nil {
			return tenant.User{}, err
		}
		u.Disabled = *c.Disabled
	}
	return u, nil
}

// ChangePassword gives the actor a new password and ends its other sessions.
func (s *Service) ChangePassword(ctx context.Context, a tenant.Actor, current, next string, from Origin) error {
	if a.Key != nil {
		return fault.New(fault.Forbidden, "API keys cannot change passwords; sign in.")
	}
	if err := CheckPassword(next); err != nil {
		return fault.Field("new_password", "%s", fault.From(err).Fields[0].Message)
	}
	if _, err := s.checkPassword(ctx, a.User.Email, current, from); err != nil {
		if err == errCredentials {
			return fault.Field("current_password", "is wrong")
		}
		return err
	}
	audit.Of(ctx).About(a.User.OrganizationID, a.User.GroupID, "user", a.User.ID)
	hash, err := s.passwords.Hash(ctx, next)
	if err != nil {
		return err
	}
	// The sessions first: a password that is changed while somebody else's
	// session goes on would be worse than sessions that end for nothing.
	if err := s.store.RevokeSessions(ctx, a.User.ID, a.Session, s.now()); err != nil {
		return err
	}
	return s.store.UpdatePasswordHash(ctx, a.User.ID, hash, false, s.now())
}

// whose is the user whose sessions an actor asks for: its own, or those of
// a user that it manages.
func (s *Service) whose(ctx context.Context, a tenant.Actor, user *uuid.UUID) (tenant.User, error) {
	if a.Key != nil {
		return tenant.User{}, fault.New(fault.Forbidden, "API keys have no sessions; sign in.")
	}
	if user == nil || *user == a.User.ID {
		return a.User, nil
	}
	u, err := s.User(ctx, a, *user)
	if err == nil && !a.MayManage(u.Role) {
		err = fault.New(fault.Forbidden, "This user is above your own role.")
	}
	return u, err
}

// ListSessions lists the sessions of the actor, or of a user it manages.
func (s *Service) ListSessions(ctx context.Context, a tenant.Actor, user *uuid.UUID) ([]Session, error) {
	u, err := s.whose(ctx, a, user)
	if err != nil {
		return nil, err
	}
	return s.store.Sessions(ctx, tenant.WithinGroup(u.OrganizationID, u.GroupID), u.ID, s.now())
}

// EndSession ends a session of the actor, or of a user it manages. Its access
// token ends with it.
func (s *Service) EndSession(ctx context.Context, a tenant.Actor, id uuid.UUID) error {
	if _, err := s.whose(ctx, a, nil); err != nil {
		return err
	}
	session, u, err := s.store.Session(ctx, id)
	if err != nil {
		return err
	}
	_, err = s.whose(ctx, a, &session.UserID)
	if fault.Is(err, fault.NotFound) || err != nil && !a.Can(tenant.ManageUsers) {
		return fault.New(fault.NotFound, "There is no such session.") // that it exists is nobody else's business
	}
	if err != nil {
		return err
	}
	audit.Of(ctx).About(u.OrganizationID, u.GroupID, "session", id)
	return s.store.EndSession(ctx, tenant.WithinGroup(u.OrganizationID, u.GroupID), id, s.now())
}

// EndSessions ends all sessions of the actor, or of a user it manages.
func (s *Service) EndSessions(ctx context.Context, a tenant.Actor, user *uuid.UUID) error {
	u, err := s.whose(ctx, a, user)
	if err != nil {
		return err
	}
	audit.Of(ctx).About(u.OrganizationID, u.GroupID, "user", u.ID)
	return s.store.RevokeSessions(ctx, u.ID, uuid.Nil, s.now())
}

// ListOrganizations lists the organizations in the actor's scope: for all but
// super admins their own.
func (s *Service) ListOrganizations(ctx context.Context, a tenant.Actor) ([]tenant.Organization, error) {
	return s.store.Organizations(ctx, a.Scope())
}

// AddOrganization makes an organization. It needs a group to hold users.
func (s *Service) AddOrganization(ctx context.Context, a tenant.Actor, name string) (tenant.Organization, error) {
	if err := a.Require(tenant.ManageOrganizations); err != nil {
		return tenant.Organization{}, err
	}
	name, err := nameOf(name, maxName)
	if err != nil {
		return tenant.Organization{}, err
	}
	o := tenant.Organization{ID: newID(), Name: name, CreatedAt: s.now()}
	audit.Of(ctx).About(o.ID, uuid.Nil, "organization", o.ID)
	return o, s.store.InsertOrganization(ctx, o)
}

// ListGroups lists the groups in the actor's scope.
func (s *Service) ListGroups(ctx context.Context, a tenant.Actor) ([]tenant.Group, error) {
	return s.store.Groups(ctx, a.Scope())
}

// AddGroup makes a group in the actor's organization, or in the one that is
// given.
func (s *Service) AddGroup(ctx context.Context, a tenant.Actor, name string, organization *uuid.UUID) (tenant.Group, error) {
	if err := a.Require(tenant.ManageSettings); err != nil {
		return tenant.Group{}, err
	}
	name, err := nameOf(name, maxName)
	if err != nil {
		return tenant.Group{}, err
	}
	home, _ := a.Home()
	if organization != nil {
		home = *organization
	}
	g := tenant.Group{ID: newID(), OrganizationID: home, Name: name, WebhookSecret: "whsec_" + stdSecret(), CreatedAt: s.now()}
	err = s.store.InsertGroup(ctx, a.Scope(), g)
	if err == nil {
		audit.Of(ctx).About(g.OrganizationID, g.ID, "group", g.ID)
	}
	if fault.Is(err, fault.NotFound) {
		err = fault.New(fault.NotFound, "organization_id: there is no such organization.").WithField("organization_id", "there is no such organization")
	}
	return g, err
}

// GroupChange is what ChangeGroup may change; nil leaves a field as it is.
type GroupChange struct {
	Name             *string
	MaskPersonalData *bool
}

// ChangeGroup changes a group in the actor's scope.
func (s *Service) ChangeGroup(ctx context.Context, a tenant.Actor, id uuid.UUID, c GroupChange) (tenant.Group, error) {
	if err := a.Require(tenant.ManageSettings); err != nil {
		return tenant.Group{}, err
	}
	g, err := s.store.Group(ctx, a.Scope(), id)
	if err != nil {
		return tenant.Group{}, err
	}
	if c.Name != nil {
		if g.Name, err = nameOf(*c.Name, maxName); err != nil {
			return tenant.Group{}, err
		}
	}
	if c.MaskPersonalData != nil {
		g.MaskPersonalData = *c.MaskPersonalData
	}
	return g, s.updateGroup(ctx, a.Scope(), g)
}
