package tenant

import (
	"testing"

	"github.com/google/uuid"
)

func TestSandboxIDs(t *testing.T) {
	seen := map[uuid.UUID]bool{}
	for range 100 {
		live := uuid.Must(uuid.NewV7())
		sandbox := SandboxOf(live)
		if InSandbox(live) || !InSandbox(sandbox) || sandbox.Variant() != uuid.RFC4122 || LiveOf(sandbox) != live || LiveOf(live) != live || SandboxOf(sandbox) != sandbox {
			t.Errorf("%s has the sandbox %s", live, sandbox)
		}
		seen[live], seen[sandbox] = true, true
	}
	if len(seen) != 200 {
		t.Errorf("%d ids are different", len(seen))
	}
}

// A test key sees its sandbox only, and nobody else sees one.
func TestScopesOfModes(t *testing.T) {
	u := User{OrganizationID: uuid.Must(uuid.NewV7()), GroupID: uuid.Must(uuid.NewV7())}
	key := APIKey{OrganizationID: u.OrganizationID, GroupID: u.GroupID, Test: true}
	for name, a := range map[string]Actor{"test key": {User: u, Key: &key}, "test key of a super admin": {User: User{Role: SuperAdmin}, Key: &key}} {
		if got, want := a.Scope(), WithinGroup(SandboxOf(u.OrganizationID), SandboxOf(u.GroupID)); got != want || !a.Test() {
			t.Errorf("%s sees %+v", name, got)
		}
	}
	key.Test = false
	if a := (Actor{User: u, Key: &key}); a.Scope() != WithinGroup(u.OrganizationID, u.GroupID) || a.Test() {
		t.Errorf("a live key sees %+v", a.Scope())
	}
	for _, role := range Roles() {
		u.Role = role
		if s := (Actor{User: u}).Scope(); s.Organization() == Any {
			t.Errorf("a %s sees sandboxes", role)
		}
	}
	if EveryTenant().OneOrganization() || Everything().OneOrganization() || !WithinOrganization(u.OrganizationID).OneOrganization() || !(Scope{}).OneOrganization() {
		t.Error("which scopes are of one organization")
	}
}
