package tenant

import (
	"testing"

	"github.com/google/uuid"

	"anycheck/internal/fault"
)

func TestActorScope(t *testing.T) {
	org, group, other := uuid.New(), uuid.New(), uuid.New()
	user := func(r Role) User { return User{OrganizationID: org, GroupID: group, Role: r} }
	tests := []struct {
		name  string
		actor Actor
		want  Scope
	}{
		{"super admin sees all", Actor{User: user(SuperAdmin)}, EveryTenant()},
		{"owner sees the organization", Actor{User: user(OrganizationOwner)}, Scope{org.String(), Any}},
		{"user sees the group", Actor{User: user(GroupUser)}, Scope{org.String(), group.String()}},
		{"a reviewer sees the group", Actor{User: user(Reviewer)}, Scope{org.String(), group.String()}},
		{"an auditor sees the organization", Actor{User: user(Auditor)}, Scope{org.String(), Any}},
		{"an unknown role sees nothing", Actor{User: user("ROOT")}, Scope{}},
		{"a super admin's key stays in its group", Actor{User: user(SuperAdmin), Key: &APIKey{OrganizationID: org, GroupID: other}}, Scope{org.String(), other.String()}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.actor.Scope(); got != tt.want {
				t.Errorf("Scope() = %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestRequire(t *testing.T) {
	reader := Actor{Key: &APIKey{Scopes: []KeyScope{ReadVerifications}}}
	if err := reader.Require(ReadVerifications); err != nil {
		t.Errorf("a scope the key has: %v", err)
	}
	if err := reader.Require(WriteVerifications); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a scope the key lacks: %v, want Forbidden", err)
	}
	if err := (Actor{User: User{Role: GroupUser}}).Require(WriteVerifications); err != nil {
		t.Errorf("a person: %v", err)
	}
}

func TestParseRole(t *testing.T) {
	for in, want := range map[string]Role{"super-admin": SuperAdmin, "GROUP_USER": GroupUser, " organization-owner ": OrganizationOwner} {
		if got, err := ParseRole(in); err != nil || got != want {
			t.Errorf("ParseRole(%q) = %v, %v", in, got, err)
		}
	}
	if _, err := ParseRole("root"); !fault.Is(err, fault.Invalid) {
		t.Errorf("ParseRole(root) = %v, want Invalid", err)
	}
}
