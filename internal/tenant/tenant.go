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

// Our roles: a GroupUser who decides but sends nothing in, and a reader of the
// organization who sees no personal data.
const (
	Reviewer Role = "REVIEWER"
	Auditor  Role = "AUDITOR"
)

// ParseRole reads a role as a person writes it.
func ParseRole(s string) (Role, error) {
	r := Role(strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(s), "-", "_")))
	if slices.Contains(Roles(), r) {
		return r, nil
	}
	return "", fault.Field("role", "must be %s", roleNames()).WithCode(fault.CodeInvalidValue)
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
	// MaskPersonalData hides personal data from the group's users and reviewers
	// until they reveal it, value by value.
	MaskPersonalData bool
	CreatedAt        time.Time
}

// User is a person who signs in.
type User struct {
	ID             uuid.UUID
	OrganizationID uuid.UUID
	GroupID        uuid.UUID
	Email          string // lower case, unique on the platform
	Name           string
	Role           Role
	PasswordHash   string // argon2id in PHC form; empty: signs in elsewhere only
	Disabled       bool
	Masked         bool // read from the group: MaskPersonalData
	CreatedAt      time.Time
}

// KeyScope is a permission that an API key can be given by name.
type KeyScope = Permission

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
	Test           bool // acts in the sandbox of its group
	ExpiresAt      *time.Time
	RevokedAt      *time.Time
	LastUsedAt     *time.Time
	CreatedAt      time.Time
}

// Mode is which data a key makes and sees.
type Mode string

// The modes.
const (
	LiveMode Mode = "live"
	TestMode Mode = "test"
)

// Mode is the key's.
func (k APIKey) Mode() Mode {
	if k.Test {
		return TestMode
	}
	return LiveMode
}

// Scope limits every read and write of the store to what a caller may see.
// The zero Scope sees nothing.
type Scope struct{ organization, group string }

// What a scope's part says when it names nobody.
const (
	Any  = "*"    // it does not limit
	Live = "live" // of organizations: all but sandboxes
)

// Everything is the scope of the platform's own workers.
func Everything() Scope { return Scope{Any, Any} }

// EveryTenant is the scope of super admins and of the operator: all
// organizations, without their sandboxes.
func EveryTenant() Scope { return Scope{Live, Any} }

// WithinOrganization sees all groups of one organization.
func WithinOrganization(org uuid.UUID) Scope { return Scope{org.String(), Any} }

// WithinGroup sees one group.
func WithinGroup(org, group uuid.UUID) Scope { return Scope{org.String(), group.String()} }

// Organization is the organization's id, Any, Live, or "" which matches nothing.
func (s Scope) Organization() string { return s.organization }

// OneOrganization tells whether the scope reaches one organization at most.
func (s Scope) OneOrganization() bool { return s.organization != Any && s.organization != Live }

// Group is the group's id, Any, or "" which matches nothing.
func (s Scope) Group() string { return s.group }

// Actor is the proven caller of an operation.
type Actor struct {
	User    User
	Key     *APIKey   // nil for a signed-in person
	Session uuid.UUID // of a signed-in person
}

// Scope is what the actor sees.
func (a Actor) Scope() Scope {
	switch {
	case a.Key != nil:
		return WithinGroup(a.Home())
	case a.User.Role == SuperAdmin:
		return EveryTenant()
	case a.User.Role == OrganizationOwner, a.User.Role == Auditor:
		return WithinOrganization(a.User.OrganizationID)
	case a.User.Role == GroupUser, a.User.Role == Reviewer:
		return WithinGroup(a.User.OrganizationID, a.User.GroupID)
	}
	return Scope{}
}

// Home is where what the actor creates belongs.
func (a Actor) Home() (organization, group uuid.UUID) {
	switch {
	case a.Test():
		return SandboxOf(a.Key.OrganizationID), SandboxOf(a.Key.GroupID)
	case a.Key != nil:
		return a.Key.OrganizationID, a.Key.GroupID
	}
	return a.User.OrganizationID, a.User.GroupID
}

// Test tells whether the actor sees and makes test data only: it has a test
// key. Everybody else sees and makes live data only.
func (a Actor) Test() bool { return a.Key != nil && a.Key.Test }

// Name is how the actor appears in created_by and updated_by.
func (a Actor) Name() string {
	if a.Key != nil {
		return a.Key.Prefix
	}
	return a.User.Email
}
