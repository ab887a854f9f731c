// Package tenant says who there is and who may do what: organizations, their
// groups, users, roles, API keys, and the scope in which a caller sees data.
//
// It is pure: no database, no HTTP, no clock.
package tenant

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
)

// Role is what a user is within the platform.
type Role string

// The roles of the contract.
const (
	SuperAdmin        Role = "SUPER_ADMIN"        // sees every organization
	OrganizationOwner Role = "ORGANIZATION_OWNER" // sees its organization and manages its groups and keys
	GroupUser         Role = "GROUP_USER"         // sees its group
)

// ParseRole reads a role as a person writes it.
func ParseRole(s string) (Role, error) {
	r := Role(strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(s), "-", "_")))
	if slices.Contains([]Role{SuperAdmin, OrganizationOwner, GroupUser}, r) {
		return r, nil
	}
	return "", fault.Field("role", "must be super-admin, organization-owner or group-user").WithCode(fault.CodeInvalidValue)
}

// Organization is a customer of the platform.
type Organization struct {
	ID        uuid.UUID
	Name      string
	CreatedAt time.Time
}

// Group is the part of an organization that owns folders, API keys and credits.
type Group struct {
	ID             uuid.UUID
	OrganizationID uuid.UUID
	Name           string
	// Balance is what may still be spent, in credits; never below zero.
	Balance int64
	// WebhookSecret signs webhooks whose sender gave no secret of its own.
	WebhookSecret string
	CreatedAt     time.Time
}

// User is a person who signs in.
type User struct {
	ID             uuid.UUID
	OrganizationID uuid.UUID
	GroupID        uuid.UUID
	Email          string // lower case, unique on the platform
	Name           string
	Role           Role
	PasswordHash   string // argon2id in PHC form
	Disabled       bool
	CreatedAt      time.Time
}

// KeyScope is one thing an API key may do.
type KeyScope string

// The scopes of API keys. A key acts within its group only.
const (
	ReadServices       KeyScope = "services:read"
	ReadFolders        KeyScope = "folders:read"
	WriteFolders       KeyScope = "folders:write"
	WriteUploads       KeyScope = "uploads:write"
	ReadVerifications  KeyScope = "verifications:read"
	WriteVerifications KeyScope = "verifications:write"
	ReadCredits        KeyScope = "credits:read"
)

// KeyScopes lists every scope; a key made without a choice gets them all.
func KeyScopes() []KeyScope {
	return []KeyScope{ReadServices, ReadFolders, WriteFolders, WriteUploads, ReadVerifications, WriteVerifications, ReadCredits}
}

// APIKey lets a program act within one group. The key itself is shown once;
// what is kept is its visible prefix and the SHA-256 of the whole.
type APIKey struct {
	ID             uuid.UUID
	OrganizationID uuid.UUID
	GroupID        uuid.UUID
	UserID         uuid.UUID // who made it; what the key creates counts as theirs
	Name           string
	Prefix         string
	Hash           []byte
	Scopes         []KeyScope
	ExpiresAt      *time.Time
	RevokedAt      *time.Time
	LastUsedAt     *time.Time
	CreatedAt      time.Time
}

// Scope limits every read and write of the store to what a caller may see.
// The zero Scope sees nothing.
type Scope struct{ organization, group string }

// Any is what a scope's part says when it does not limit.
const Any = "*"

// Everything is the scope of super admins and of the platform's own workers.
func Everything() Scope { return Scope{Any, Any} }

// WithinOrganization sees all groups of one organization.
func WithinOrganization(org uuid.UUID) Scope { return Scope{org.String(), Any} }

// WithinGroup sees one group.
func WithinGroup(org, group uuid.UUID) Scope { return Scope{org.String(), group.String()} }

// Organization is the organization's id, Any, or "" which matches nothing.
func (s Scope) Organization() string { return s.organization }

// Group is the group's id, Any, or "" which matches nothing.
func (s Scope) Group() string { return s.group }

// Actor is the proven caller of an operation.
type Actor struct {
	User User
	Key  *APIKey // nil for a signed-in person
}

// Scope is what the actor sees.
func (a Actor) Scope() Scope {
	switch {
	case a.Key != nil:
		return WithinGroup(a.Key.OrganizationID, a.Key.GroupID)
	case a.User.Role == SuperAdmin:
		return Everything()
	case a.User.Role == OrganizationOwner:
		return WithinOrganization(a.User.OrganizationID)
	case a.User.Role == GroupUser:
		return WithinGroup(a.User.OrganizationID, a.User.GroupID)
	}
	return Scope{}
}

// Home is where what the actor creates belongs.
func (a Actor) Home() (organization, group uuid.UUID) {
	if a.Key != nil {
		return a.Key.OrganizationID, a.Key.GroupID
	}
	return a.User.OrganizationID, a.User.GroupID
}

// Require refuses an API key that lacks the scope. People are limited by
// their role's Scope instead.
func (a Actor) Require(s KeyScope) error {
	if a.Key != nil && !slices.Contains(a.Key.Scopes, s) {
		return fault.New(fault.Forbidden, "This API key lacks the scope %s.", s)
	}
	return nil
}

// Name is how the actor appears in created_by and updated_by.
func (a Actor) Name() string {
	if a.Key != nil {
		return a.Key.Prefix
	}
	return a.User.Email
}
