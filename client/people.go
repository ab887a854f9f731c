package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// The roles.
const (
	SuperAdmin        = "SUPER_ADMIN"
	OrganizationOwner = "ORGANIZATION_OWNER"
	GroupUser         = "GROUP_USER"
	Reviewer          = "REVIEWER"
	Auditor           = "AUDITOR"
)

// User is a person who signs in.
type User struct {
	ID             string    `json:"id"`
	Email          string    `json:"email"`
	Name           string    `json:"name"`
	Role           string    `json:"role"`
	OrganizationID string    `json:"organization_id"`
	GroupID        string    `json:"group_id"`
	HasPassword    bool      `json:"has_password"`
	Disabled       bool      `json:"disabled"`
	CreatedAt      time.Time `json:"created_at"`
}

// NewUser is a request for a user. Without a password it signs in at the
// identity provider only; without a group it joins the caller's.
type NewUser struct {
	Email    string `json:"email"`
	Name     string `json:"name"`
	Role     string `json:"role"`
	Password string `json:"password,omitempty"`
	GroupID  string `json:"group_id,omitempty"`
}

// UserChange is what UpdateUser changes; nil leaves a field as it is.
type UserChange struct {
	Name     *string `json:"name,omitempty"`
	Role     *string `json:"role,omitempty"`
	Disabled *bool   `json:"disabled,omitempty"`
}

// Users lists the users that the caller manages, by address.
func (c *Client) Users(ctx context.Context, p Page) (List[User], error) {
	var l List[User]
	err := c.get(ctx, "/users", p.query(), &l)
	return l, err
}

// User gives one user.
func (c *Client) User(ctx context.Context, id string) (User, error) {
	var u User
	err := c.get(ctx, "/users/"+url.PathEscape(id), nil, &u)
	return u, err
}

// CreateUser makes a user.
func (c *Client) CreateUser(ctx context.Context, n NewUser) (User, error) {
	var u User
	err := c.call(ctx, http.MethodPost, "/users", nil, n, &u)
	return u, err
}

// UpdateUser changes a user.
func (c *Client) UpdateUser(ctx context.Context, id string, change UserChange) (User, error) {
	var u User
	err := c.call(ctx, http.MethodPatch, "/users/"+url.PathEscape(id), nil, change, &u)
	return u, err
}

// ChangePassword changes the caller's password; its other sessions end.
func (c *Client) ChangePassword(ctx context.Context, current, next string) error {
	return c.call(ctx, http.MethodPost, "/profile/password", nil, map[string]string{"current_password": current, "new_password": next}, nil)
}

// Session is one place where a user is signed in.
type Session struct {
	ID         string    `json:"id"`
	UserID     string    `json:"user_id"`
	UserAgent  string    `json:"user_agent"`
	Network    string    `json:"network"`
	CreatedAt  time.Time `json:"created_at"`
	LastSeenAt time.Time `json:"last_seen_at"`
	Current    bool      `json:"current"`
}

// Sessions lists the sessions of a user, the last used first; an empty userID
// is the caller.
func (c *Client) Sessions(ctx context.Context, userID string, p Page) (List[Session], error) {
	q := p.query()
	if userID != "" {
		q.Set("user_id", userID)
	}
	var l List[Session]
	err := c.get(ctx, "/sessions", q, &l)
	return l, err
}

// EndSession ends a session.
func (c *Client) EndSession(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, "/sessions/"+url.PathEscape(id), nil, nil, nil)
}

// EndSessions ends all sessions of a user; an empty userID is the caller.
func (c *Client) EndSessions(ctx context.Context, userID string) error {
	q := url.Values{}
	if userID != "" {
		q.Set("user_id", userID)
	}
	return c.call(ctx, http.MethodDelete, "/sessions", q, nil, nil)
}

// APIKey is an API key without the key itself.
type APIKey struct {
	KeyRef
	Mode       string     `json:"mode"` // live, test
	GroupID    string     `json:"group_id"`
	UserID     string     `json:"user_id"`
	Scopes     []string   `json:"scopes"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at"`
	RevokedAt  *time.Time `json:"revoked_at"`
	LastUsedAt *time.Time `json:"last_used_at"`
	Key        string     `json:"key"` // set by CreateAPIKey only
}

// NewAPIKey is a request for an API key. Without scopes it can do all that a
// client needs.
type NewAPIKey struct {
	Name      string     `json:"name"`
	Scopes    []string   `json:"scopes,omitempty"`
	Mode      string     `json:"mode,omitempty"` // live, test; empty: live
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	GroupID   string     `json:"group_id,omitempty"`
}

// APIKeys lists the keys that the caller manages, newest first.
func (c *Client) APIKeys(ctx context.Context, p Page) (List[APIKey], error) {
	var l List[APIKey]
	err := c.get(ctx, "/api-keys", p.query(), &l)
	return l, err
}

// CreateAPIKey makes a key, which is given back this once.
func (c *Client) CreateAPIKey(ctx context.Context, n NewAPIKey) (APIKey, error) {
	var k APIKey
	err := c.call(ctx, http.MethodPost, "/api-keys", nil, n, &k)
	return k, err
}

// DeleteAPIKey ends a key.
func (c *Client) DeleteAPIKey(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, "/api-keys/"+url.PathEscape(id), nil, nil, nil)
}

// Organization is a customer of the installation.
type Organization struct {
	Ref
	CreatedAt time.Time `json:"created_at"`
}

// Organizations lists the organizations in the caller's reach, by name.
func (c *Client) Organizations(ctx context.Context, p Page) (List[Organization], error) {
	var l List[Organization]
	err := c.get(ctx, "/organizations", p.query(), &l)
	return l, err
}

// CreateOrganization makes an organization.
func (c *Client) CreateOrganization(ctx context.Context, name string) (Organization, error) {
	var o Organization
	err := c.call(ctx, http.MethodPost, "/organizations", nil, map[string]string{"name": name}, &o)
	return o, err
}

// Group owns folders, API keys and credits.
type Group struct {
	Ref
	OrganizationID   string    `json:"organization_id"`
	CreditBalance    int64     `json:"credit_balance"`
	MaskPersonalData bool      `json:"mask_personal_data"`
	CreatedAt        time.Time `json:"created_at"`
}

// GroupChange is what UpdateGroup changes; nil leaves a field as it is.
type GroupChange struct {
	Name             *string `json:"name,omitempty"`
	MaskPersonalData *bool   `json:"mask_personal_data,omitempty"`
}

// Groups lists the groups in the caller's reach, by name.
func (c *Client) Groups(ctx context.Context, p Page) (List[Group], error) {
	var l List[Group]
	err := c.get(ctx, "/groups", p.query(), &l)
	return l, err
}

// CreateGroup makes a group; an empty organizationID is the caller's.
func (c *Client) CreateGroup(ctx context.Context, name, organizationID string) (Group, error) {
	in := map[string]string{"name": name}
	if organizationID != "" {
		in["organization_id"] = organizationID
	}
	var g Group
	err := c.call(ctx, http.MethodPost, "/groups", nil, in, &g)
	return g, err
}

// UpdateGroup changes a group.
func (c *Client) UpdateGroup(ctx context.Context, id string, change GroupChange) (Group, error) {
	var g Group
	err := c.call(ctx, http.MethodPatch, "/groups/"+url.PathEscape(id), nil, change, &g)
	return g, err
}

// Reveal gives one value of a verification that the caller sees masked; nil
// when it could not be read.
func (c *Client) Reveal(ctx context.Context, verificationID, field, reason string) (*string, error) {
	var out struct {
		Value *string `json:"value"`
	}
	err := c.call(ctx, http.MethodPost, "/verifications/"+url.PathEscape(verificationID)+"/reveal", nil, map[string]string{"field": field, "reason": reason}, &out)
	return out.Value, err
}

// Revealed tells who was shown a masked value, and why. Its ID is the reveal_id
// of its audit record.
type Revealed struct {
	ID        string    `json:"id"`
	Field     string    `json:"field"`
	Reason    string    `json:"reason"`
	Actor     string    `json:"actor"`
	CreatedAt time.Time `json:"created_at"`
}

// Reveals lists who was shown masked values of a verification, for who may read
// the audit log.
func (c *Client) Reveals(ctx context.Context, verificationID string) (List[Revealed], error) {
	var l List[Revealed]
	err := c.get(ctx, "/verifications/"+url.PathEscape(verificationID)+"/reveals", nil, &l)
	return l, err
}

// SignInURL is where a browser signs in at the identity provider.
func (c *Client) SignInURL() string { return c.base.String() + "/auth/oidc/login" }
