package tenant

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"anycheck/internal/fault"
)

var update = flag.Bool("update", false, "write the table of docs/access.md anew")

// grid is the table written a second time, so that no cell changes by
// accident: y always, n never, m unless the group masks; then the scope of a
// key, - for none.
const grid = `
services:read        y y y y y services:read
folders:read         y y y y y folders:read
folders:write        y y y n n folders:write
uploads:write        y y y n n uploads:write
verifications:read   y y y y y verifications:read
verifications:write  y y y n n verifications:write
verifications:review y y y y n verifications:write
personal-data:read   y y m m n personal-data:read
personal-data:reveal y y y y n personal-data:read
files:read           y y m m n files:read
results:export       y y m m n files:read
results:erase        y y n n n results:erase
credits:read         y y y y y credits:read
audit:read           y y n n y audit:read
keys:manage          y y n n n -
users:manage         y y n n n -
settings:manage      y y n n n -
credits:distribute   y y n n n -
credits:manage       y n n n n -
limits:manage        y n n n n -
organizations:manage y n n n n -`

func TestPermissions(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(grid), "\n")
	if len(lines) != len(Rules()) {
		t.Errorf("%d permissions, want %d", len(Rules()), len(lines))
	}
	for _, line := range lines {
		cells := strings.Fields(line)
		p, scope := Permission(cells[0]), KeyScope(cells[6])
		for i, role := range Roles() {
			for _, masked := range []bool{false, true} {
				want := cells[i+1] == "y" || cells[i+1] == "m" && !masked
				a := Actor{User: User{Role: role, Masked: masked}}
				if got := a.Can(p); got != want {
					t.Errorf("%s can %s (masked %v): %v, want %v", role, p, masked, got, want)
				}
				if err := a.Require(p); (err == nil) != want || err != nil && !fault.Is(err, fault.Forbidden) {
					t.Errorf("%s requires %s: %v", role, p, err)
				}
			}
		}
		// A key is what its scopes say, whoever made it.
		for _, role := range Roles() {
			for _, s := range KeyScopes() {
				key := Actor{User: User{Role: role, Masked: true}, Key: &APIKey{Scopes: []KeyScope{s}}}
				if got, want := key.Can(p), s == scope; got != want {
					t.Errorf("a key with %s can %s: %v, want %v", s, p, got, want)
				}
				if err := key.Require(p); (err == nil) != (s == scope) {
					t.Errorf("a key with %s requires %s: %v", s, p, err)
				}
			}
		}
		for who, nobody := range map[string]Actor{"nobody": {}, "an unknown role": {User: User{Role: "ROOT"}}, "a key without scopes": {User: User{Role: SuperAdmin}, Key: &APIKey{}}} {
			if nobody.Can(p) || nobody.Require(p) == nil {
				t.Errorf("%s can %s", who, p)
			}
		}
	}
	if (Actor{User: User{Role: SuperAdmin}}).Can("something:new") || (Actor{Key: &APIKey{Scopes: []KeyScope{"", "something:new"}}}).Can("something:new") {
		t.Error("what is not in the table is allowed")
	}
}

// What a key can do by default is what a client of the known API needs.
func TestKeyScopes(t *testing.T) {
	want := []KeyScope{ReadServices, ReadFolders, WriteFolders, WriteUploads, ReadVerifications, WriteVerifications, SeePersonalData, DownloadFiles, ReadCredits}
	if got := DefaultKeyScopes(); !slices.Equal(got, want) {
		t.Errorf("default %q, want %q", got, want)
	}
	if got := KeyScopes(); !slices.Equal(got, append(slices.Insert(slices.Clone(want), len(want)-1, EraseResults), ReadAudit)) {
		t.Errorf("all %q", got)
	}
}

func TestMayManage(t *testing.T) {
	for _, by := range Roles() {
		for _, target := range Roles() {
			want := by == SuperAdmin || by == OrganizationOwner && target != SuperAdmin
			if got := (Actor{User: User{Role: by}}).MayManage(target); got != want {
				t.Errorf("%s may manage %s: %v, want %v", by, target, got, want)
			}
		}
	}
	if (Actor{User: User{Role: SuperAdmin}, Key: &APIKey{Scopes: KeyScopes()}}).MayManage(GroupUser) {
		t.Error("a key may manage users")
	}
}

// docs/access.md shows the table as it is: go test ./internal/tenant -update
func TestDocument(t *testing.T) {
	var b strings.Builder
	b.WriteString("| permission | may | super admin | organization owner | group user | reviewer | auditor | API key with |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, r := range Rules() {
		fmt.Fprintf(&b, "| `%s` | %s |", r.Permission, r.Meaning)
		for _, g := range r.Roles {
			fmt.Fprintf(&b, " %s |", map[Grant]string{No: "–", Yes: "yes", Unmasked: "unless masked"}[g])
		}
		if r.Key == "" {
			b.WriteString(" never |\n")
		} else {
			fmt.Fprintf(&b, " `%s` |\n", r.Key)
		}
	}
	path := filepath.Join("..", "..", "docs", "access.md")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const from, to = "<!-- permissions -->\n", "<!-- end -->\n"
	before, rest, ok := strings.Cut(string(data), from)
	table, after, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		t.Fatalf("docs/access.md lacks %q or %q", from, to)
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+from+b.String()+to+after), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if table != b.String() {
		t.Error("docs/access.md is not what the code says; run go test ./internal/tenant -update")
	}
}
