package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/auth"
	"anycheck/internal/tenant"
)

// People manages accounts.
type People interface {
	ListUsers(ctx context.Context, a tenant.Actor) ([]tenant.User, error)
	User(ctx context.Context, a tenant.Actor, id uuid.UUID) (tenant.User, error)
	AddUser(ctx context.Context, a tenant.Actor, n auth.NewMember) (tenant.User, error)
	ChangeUser(ctx context.Context, a tenant.Actor, id uuid.UUID, c auth.UserChange) (tenant.User, error)
	ChangePassword(ctx context.Context, a tenant.Actor, current, next string, from auth.Origin) error

	ListSessions(ctx context.Context, a tenant.Actor, user *uuid.UUID) ([]auth.Session, error)
	EndSession(ctx context.Context, a tenant.Actor, id uuid.UUID) error
	EndSessions(ctx context.Context, a tenant.Actor, user *uuid.UUID) error

	ListKeys(ctx context.Context, a tenant.Actor) ([]tenant.APIKey, error)
	AddKey(ctx context.Context, a tenant.Actor, n auth.NewKey) (tenant.APIKey, string, error)
	EndKey(ctx context.Context, a tenant.Actor, id uuid.UUID) error

	ListOrganizations(ctx context.Context, a tenant.Actor) ([]tenant.Organization, error)
	AddOrganization(ctx context.Context, a tenant.Actor, name string) (tenant.Organization, error)
	ListGroups(ctx context.Context, a tenant.Actor) ([]tenant.Group, error)
	AddGroup(ctx context.Context, a tenant.Actor, name string, organization *uuid.UUID) (tenant.Group, error)
	ChangeGroup(ctx context.Context, a tenant.Actor, id uuid.UUID, c auth.GroupChange) (tenant.Group, error)
}

type user struct {
	ID             uuid.UUID   `json:"id" format:"uuid" doc:"Id of the user."`
	Email          string      `json:"email" doc:"Address that the user signs in with."`
	Name           string      `json:"name" doc:"Name of the user."`
	Role           tenant.Role `json:"role" enum:"SUPER_ADMIN,ORGANIZATION_OWNER,GROUP_USER,REVIEWER,AUDITOR" doc:"What the user may do."`
	OrganizationID uuid.UUID   `json:"organization_id" format:"uuid" doc:"The user's organization."`
	GroupID        uuid.UUID   `json:"group_id" format:"uuid" doc:"The user's group."`
	HasPassword    bool        `json:"has_password" doc:"Whether the user can sign in with a password; without one only at the identity provider."`
	Disabled       bool        `json:"disabled" doc:"Whether the user is switched off, with its sessions and API keys."`
	CreatedAt      time.Time   `json:"created_at" doc:"When the user was made."`
}

func viewUser(u tenant.User) user {
	return user{u.ID, u.Email, u.Name, u.Role, u.OrganizationID, u.GroupID, u.PasswordHash != "", u.Disabled, u.CreatedAt.UTC()}
}

func answerUser(u tenant.User, err error) (*output[user], error) {
	return &output[user]{Body: viewUser(u)}, err
}

type createUserRequest struct {
	Body struct {
		Email    string `json:"email" maxLength:"254" example:"rina@bank.example" doc:"Address that the user signs in with."`
		Name     string `json:"name" example:"Rina" doc:"Name of the user, 1 to 120 characters."`
		Role     string `json:"role" enum:"SUPER_ADMIN,ORGANIZATION_OWNER,GROUP_USER,REVIEWER,AUDITOR" doc:"What the user may do; not more than the caller."`
		Password string `json:"password,omitempty" nullable:"true" maxLength:"1024" doc:"At least 10 characters; absent: the user signs in at the identity provider only."`
		GroupID  *id    `json:"group_id,omitempty" nullable:"true" doc:"The user's group; absent: the caller's."`
	}
}

type updateUserRequest struct {
	ItemID
	Body struct {
		Name     *string `json:"name,omitempty" doc:"New name; absent leaves it."`
		Role     *string `json:"role,omitempty" enum:"SUPER_ADMIN,ORGANIZATION_OWNER,GROUP_USER,REVIEWER,AUDITOR" doc:"New role, not above the caller's; absent leaves it."`
		Disabled *bool   `json:"disabled,omitempty" doc:"Switch off, which ends the user's sessions, or on; absent leaves it."`
	}
}

type passwordRequest struct {
	Body struct {
		Current string `json:"current_password" maxLength:"1024" doc:"The password of now."`
		New     string `json:"new_password" maxLength:"1024" doc:"The new one, at least 10 characters."`
	}
}

type session struct {
	ID         uuid.UUID `json:"id" format:"uuid" doc:"Id of the session."`
	UserID     uuid.UUID `json:"user_id" format:"uuid" doc:"Who signed in."`
	UserAgent  string    `json:"user_agent" doc:"The program that signed in, as it calls itself."`
	Network    string    `json:"network" example:"203.0.113.7" doc:"Where it signed in from: an IPv4 address or an IPv6 network."`
	CreatedAt  time.Time `json:"created_at" doc:"When it signed in."`
	LastSeenAt time.Time `json:"last_seen_at" doc:"When it last called, to the minute."`
	Current    bool      `json:"current" doc:"Whether it is the session of this request."`
}

type sessionsRequest struct {
	UserID id `query:"user_id" doc:"Sessions of this user instead of the caller's own; for who manages users."`
	Page
}

type endSessionsRequest struct {
	UserID id `query:"user_id" doc:"Sessions of this user instead of the caller's own; for who manages users."`
}

// Resolve is for huma: an id without a value is not the caller's own, and the
// first of two is not what was meant.
func (*endSessionsRequest) Resolve(ctx huma.Context) []error {
	return sentWhole(ctx, "user_id", fmt.Sprintf(validation.MsgExpectedBePattern, uuidDescription))
}

// absent is an id of a query that may be missing.
func (i id) absent() *uuid.UUID {
	if i == "" {
		return nil
	}
	u := i.uuid()
	return &u
}

// pageOf is a page of a list that is small enough to read whole.
func pageOf[T, V any](items []T, p Page, view func(T) V) *output[list[V]] {
	from := min(p.PageOffset, len(items))
	return listOf(items[from:min(from+p.PageSize, len(items))], len(items), view)
}

func (s *server) peopleRoutes() {
	tags := []string{"Users"}
	handle(s, callers, huma.Operation{OperationID: "listUsers", Method: http.MethodGet, Path: "/users", Tags: tags,
		Metadata: unrecorded(accountsOnly),
		Summary:  "The users that the caller manages, by address"},
		func(ctx context.Context, in *Page) (*output[list[user]], error) {
			users, err := s.Auth.ListUsers(ctx, actorOf(ctx))
			return pageOf(users, *in, viewUser), err
		})
	handle(s, callers, huma.Operation{OperationID: "createUser", Method: http.MethodPost, Path: "/users", Tags: tags,
		Metadata: recorded(audit.UserCreated, "user"),
		Summary:  "Make a user", DefaultStatus: http.StatusCreated},
		func(ctx context.Context, in *createUserRequest) (*output[user], error) {
			b := in.Body
			return answerUser(s.Auth.AddUser(ctx, actorOf(ctx), auth.NewMember{Email: b.Email, Name: b.Name, Role: b.Role, Password: b.Password, Group: optionalID(b.GroupID)}))
		})
	handle(s, callers, huma.Operation{OperationID: "getUser", Method: http.MethodGet, Path: "/users/{id}", Tags: tags,
		Metadata: unrecorded(accountsOnly),
		Summary:  "One user"},
		func(ctx context.Context, in *ItemID) (*output[user], error) {
			return answerUser(s.Auth.User(ctx, actorOf(ctx), in.ID.uuid()))
		})
	handle(s, callers, huma.Operation{OperationID: "updateUser", Method: http.MethodPatch, Path: "/users/{id}", Tags: tags,
		Metadata:    recorded(audit.UserChanged, "user"),
		Summary:     "Rename a user, change its role, switch it off or on",
		Description: "Nobody changes its own role or switches itself off."},
		func(ctx context.Context, in *updateUserRequest) (*output[user], error) {
			b := in.Body
			return answerUser(s.Auth.ChangeUser(ctx, actorOf(ctx), in.ID.uuid(), auth.UserChange{Name: b.Name, Role: b.Role, Disabled: b.Disabled}))
		})
	handle(s, callers, huma.Operation{OperationID: "changePassword", Method: http.MethodPost, Path: "/profile/password", Tags: tags,
		Metadata: recorded(audit.UserPasswordChanged, "user"),
		Summary:  "Change the caller's password; its other sessions end", DefaultStatus: http.StatusNoContent},
		func(ctx context.Context, in *passwordRequest) (*noContent, error) {
			return nil, s.Auth.ChangePassword(ctx, actorOf(ctx), in.Body.Current, in.Body.New, callOf(ctx).origin)
		})
	handle(s, callers, huma.Operation{OperationID: "listSessions", Method: http.MethodGet, Path: "/sessions", Tags: tags,
		Metadata: unrecorded(accountsOnly),
		Summary:  "Where a user is signed in, the last used first"},
		func(ctx context.Context, in *sessionsRequest) (*output[list[session]], error) {
			a := actorOf(ctx)
			sessions, err := s.Auth.ListSessions(ctx, a, in.UserID.absent())
			return pageOf(sessions, in.Page, func(n auth.Session) session {
				return session{n.ID, n.UserID, n.UserAgent, n.Network, n.CreatedAt.UTC(), n.LastSeenAt.UTC(), n.ID == a.Session}
			}), err
		})
	handle(s, callers, huma.Operation{OperationID: "endSession", Method: http.MethodDelete, Path: "/sessions/{id}", Tags: tags,
		Metadata: recorded(audit.SessionRevoked, "session"),
		Summary:  "End a session; its access token stops to work at once", DefaultStatus: http.StatusNoContent},
		func(ctx context.Context, in *ItemID) (*noContent, error) {
			return nil, s.Auth.EndSession(ctx, actorOf(ctx), in.ID.uuid())
		})
	handle(s, callers, huma.Operation{OperationID: "endSessions", Method: http.MethodDelete, Path: "/sessions", Tags: tags,
		Metadata: recorded(audit.SessionRevoked, "user", "user_id"),
		Summary:  "End all sessions of a user, this one too", DefaultStatus: http.StatusNoContent},
		func(ctx context.Context, in *endSessionsRequest) (*noContent, error) {
			return nil, s.Auth.EndSessions(ctx, actorOf(ctx), in.UserID.absent())
		})
}
