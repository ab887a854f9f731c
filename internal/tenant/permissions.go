package tenant

import (
	"slices"
	"strings"

	"anycheck/internal/fault"
)

// Permission is one thing that a caller may do. Those that an API key can be
// given by name are its scopes.
type Permission string

// What callers do with personal data and with the platform itself; the scopes
// of API keys are in tenant.go.
const (
	SeePersonalData     Permission = "personal-data:read"
	RevealPersonalData  Permission = "personal-data:reveal"
	DownloadFiles       Permission = "files:read"
	ExportResults       Permission = "results:export"
	EraseResults        Permission = "results:erase"
	ReviewVerifications Permission = "verifications:review"
	ReadAudit           Permission = "audit:read"
	ManageKeys          Permission = "keys:manage"
	ManageLimits        Permission = "limits:manage"
	ManageUsers         Permission = "users:manage"
	ManageSettings      Permission = "settings:manage"
	ManageOrganizations Permission = "organizations:manage"
	ManageCredits       Permission = "credits:manage"
	DistributeCredits   Permission = "credits:distribute"
)

// Grant says whether a role has a permission.
type Grant int

// The grants. No is the zero value: what the table does not say is refused.
const (
	No       Grant = iota
	Yes            // always
	Unmasked       // unless the user's group masks personal data
)

// Rule is one line of the permission table: who has a permission.
type Rule struct {
	Permission Permission
	Meaning    string // continues "may"
	// What each role has, in the order of Roles.
	Roles [5]Grant
	// Key is the scope that gives an API key this permission; empty: no key
	// ever has it.
	Key KeyScope
}

// rules is the permission table. Everything that asks whether somebody may do
// something ends here; docs/access.md shows it.
var rules = []Rule{
	//                                                                           super admin, owner, group user, reviewer, auditor
	{ReadServices, "see services, forms and watch lists", [5]Grant{Yes, Yes, Yes, Yes, Yes}, ReadServices},
	{ReadFolders, "see folders", [5]Grant{Yes, Yes, Yes, Yes, Yes}, ReadFolders},
	{WriteFolders, "make, rename and delete folders", [5]Grant{Yes, Yes, Yes, No, No}, WriteFolders},
	{WriteUploads, "upload files", [5]Grant{Yes, Yes, Yes, No, No}, WriteUploads},
	{ReadVerifications, "see verifications and results", [5]Grant{Yes, Yes, Yes, Yes, Yes}, ReadVerifications},
	{WriteVerifications, "create, retry and cancel verifications and screenings, send webhooks again", [5]Grant{Yes, Yes, Yes, No, No}, WriteVerifications},
	{ReviewVerifications, "review: decide, correct, dismiss hits", [5]Grant{Yes, Yes, Yes, Yes, No}, WriteVerifications},
	{SeePersonalData, "see personal data in full", [5]Grant{Yes, Yes, Unmasked, Unmasked, No}, SeePersonalData},
	{RevealPersonalData, "reveal one masked value, with a reason", [5]Grant{Yes, Yes, Yes, Yes, No}, SeePersonalData},
	{DownloadFiles, "download pictures and evidence", [5]Grant{Yes, Yes, Unmasked, Unmasked, No}, DownloadFiles},
	{ExportResults, "export: workbooks, evidence bundles", [5]Grant{Yes, Yes, Unmasked, Unmasked, No}, DownloadFiles},
	{EraseResults, "erase results, find and export a person's by NIK", [5]Grant{Yes, Yes, No, No, No}, EraseResults},
	{ReadCredits, "see credits and what was used", [5]Grant{Yes, Yes, Yes, Yes, Yes}, ReadCredits},
	{ReadAudit, "read the audit log", [5]Grant{Yes, Yes, No, No, Yes}, ReadAudit},
	{ManageKeys, "make, limit and end API keys", [5]Grant{Yes, Yes, No, No, No}, ""},
	{ManageUsers, "manage users and end their sessions", [5]Grant{Yes, Yes, No, No, No}, ""},
	{ManageSettings, "make groups and change their settings", [5]Grant{Yes, Yes, No, No, No}, ""},
	{DistributeCredits, "move credits between groups, set the quotas of users", [5]Grant{Yes, Yes, No, No, No}, ""},
	{ManageCredits, "give credits", [5]Grant{Yes, No, No, No, No}, ""},
	{ManageLimits, "limit the calls of groups", [5]Grant{Yes, No, No, No, No}, ""},
	{ManageOrganizations, "make organizations", [5]Grant{Yes, No, No, No, No}, ""},
}

// Roles lists the roles in the order of the permission table.
func Roles() []Role {
	return []Role{SuperAdmin, OrganizationOwner, GroupUser, Reviewer, Auditor}
}

// Rules is a copy of the permission table.
func Rules() []Rule { return slices.Clone(rules) }

func ruleOf(p Permission) Rule {
	for _, r := range rules {
		if r.Permission == p {
			return r
		}
	}
	return Rule{}
}

// KeyScopes lists every scope that an API key can be given.
func KeyScopes() []KeyScope {
	var list []KeyScope
	for _, r := range rules {
		if r.Key != "" && !slices.Contains(list, r.Key) {
			list = append(list, r.Key)
		}
	}
	return list
}

// DefaultKeyScopes is what a key made without a choice can do: all that a
// client of the API needs. What destroys or oversees is given by name.
func DefaultKeyScopes() []KeyScope {
	return slices.DeleteFunc(KeyScopes(), func(s KeyScope) bool { return s == EraseResults || s == ReadAudit })
}

// Can tells whether the actor has a permission.
func (a Actor) Can(p Permission) bool {
	r := ruleOf(p)
	if a.Key != nil {
		return r.Key != "" && slices.Contains(a.Key.Scopes, r.Key)
	}
	i := slices.Index(Roles(), a.User.Role)
	if i < 0 {
		return false
	}
	return r.Roles[i] == Yes || r.Roles[i] == Unmasked && !a.User.Masked
}

// Require refuses an actor that lacks a permission.
func (a Actor) Require(p Permission) error {
	if a.Can(p) {
		return nil
	}
	r := ruleOf(p)
	switch {
	case a.Key == nil:
		return fault.New(fault.Forbidden, "Your role does not let you %s.", r.Meaning)
	case r.Key == "":
		return fault.New(fault.Forbidden, "API keys cannot %s; sign in.", r.Meaning)
	}
	return fault.New(fault.Forbidden, "This API key lacks the scope %s.", r.Key)
}

// MayManage tells whether the actor may change another user or give somebody
// the role: nobody reaches above its own.
func (a Actor) MayManage(r Role) bool {
	return a.Can(ManageUsers) && (r != SuperAdmin || a.User.Role == SuperAdmin)
}

// roleNames are the roles as a person writes them.
func roleNames() string {
	var names []string
	for _, r := range Roles() {
		names = append(names, strings.ToLower(strings.ReplaceAll(string(r), "_", "-")))
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}
