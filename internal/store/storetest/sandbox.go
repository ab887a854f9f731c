package storetest

import (
	"testing"

	"anycheck/internal/fault"
	"anycheck/internal/store"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// testKey makes a test key of the world's group, and its sandbox with it.
func (w *world) testKey(t *testing.T) tenant.APIKey {
	t.Helper()
	k := tenant.APIKey{ID: newID(), OrganizationID: w.org.ID, GroupID: w.group.ID, UserID: w.user.ID, Name: "Test", Prefix: newID().String(), Hash: []byte{1},
		Scopes: tenant.KeyScopes(), Test: true, CreatedAt: now}
	must(t, w.db.InsertAPIKey(t.Context(), w.scope, k))
	return k
}

// sandboxOf is the sandbox of a world, as a world.
func (w *world) sandboxOf(t *testing.T) *world {
	t.Helper()
	w.testKey(t)
	in := &world{db: w.db, user: w.user, scope: tenant.WithinGroup(tenant.SandboxOf(w.org.ID), tenant.SandboxOf(w.group.ID))}
	var err error
	in.org, err = w.db.Organization(t.Context(), in.scope, tenant.SandboxOf(w.org.ID))
	must(t, err)
	in.group, err = w.db.Group(t.Context(), in.scope, tenant.SandboxOf(w.group.ID))
	must(t, err)
	return in
}

// testSandbox proves for every method that live callers reach nothing of a
// sandbox, and test keys nothing that is live.
func testSandbox(t *testing.T, db *store.DB) {
	b := newBelongings(t, db)
	sandbox := b.sandboxOf(t)
	before := dump(t, db)
	for who, scope := range map[string]tenant.Scope{"a test key": sandbox.scope, "its organization": tenant.WithinOrganization(sandbox.org.ID)} {
		for _, c := range calls {
			if reached, err := c.call(t, b, scope); reached || err != nil && !fault.Is(err, fault.NotFound) {
				t.Errorf("%s of live data by %s: reached %v, error %v", c.method, who, reached, err)
			}
		}
	}
	for table, content := range dump(t, db) {
		if before[table] != content {
			t.Errorf("test keys changed %s", table)
		}
	}

	// A sandbox has no users of its own, so what is theirs is left out.
	w := newWorld(t, db)
	inside := w.sandboxOf(t)
	test := inside.belongings(t)
	before = dump(t, db)
	for who, scope := range map[string]tenant.Scope{"the group": w.scope, "the organization": tenant.WithinOrganization(w.org.ID), "every tenant": tenant.EveryTenant()} {
		for _, c := range calls {
			if ofUsers[c.method] || who == "every tenant" && ofAnybody[c.method] {
				continue
			}
			if reached, err := c.call(t, test, scope); reached || err != nil && !fault.Is(err, fault.NotFound) {
				t.Errorf("%s of test data by %s: reached %v, error %v", c.method, who, reached, err)
			}
		}
	}
	for table, content := range dump(t, db) {
		if before[table] != content {
			t.Errorf("live callers changed %s", table)
		}
	}
	for _, c := range calls {
		if _, ok := exceptions[c.method+"/the group"]; ok || ofUsers[c.method] || c.method == "GroupSecrets" { // the live group's sign
			continue
		}
		if reached, err := c.call(t, test, inside.scope); err != nil || !reached {
			t.Errorf("%s of test data by a test key: reached %v, error %v", c.method, reached, err)
		}
	}
}

// ofUsers are the methods about what only people have.
var ofUsers = map[string]bool{"Quota": true, "SetQuota": true, "InsertAPIKey": true, "APIKeys": true, "RevokeAPIKey": true, "InsertUser": true, "Users": true, "User": true, "UpdateUser": true,
	"Sessions": true, "EndSession": true, "SetUserDisabled": true, "SetRateLimit": true}

// ofAnybody are the methods that reach what other live groups of the suite have.
var ofAnybody = map[string]bool{"OwnFiles": true, "ForgetAnswers": true}

func testTestKeys(t *testing.T, db *store.DB) {
	ctx := t.Context()
	w := newWorld(t, db)
	k := w.testKey(t)
	read, _, err := db.APIKeyByPrefix(ctx, k.Prefix)
	must(t, err)
	same(t, "key", read, k)
	inside := w.sandboxOf(t) // a second key finds the sandbox there
	if inside.org.Name != w.org.Name+" (sandbox)" || inside.group.Name != w.group.Name || inside.group.Balance != 0 || inside.group.WebhookSecret != "" {
		t.Errorf("sandbox %+v, %+v", inside.org, inside.group)
	}
	days, err := db.Retention(ctx, inside.scope, inside.group.ID)
	must(t, err)
	same(t, "retention", days, map[verification.DataClass]int{verification.ResultData: tenant.SandboxDays})

	// A name that one group gives up another may take, in the sandbox too.
	g := w.group
	g.Name = "Renamed"
	must(t, db.UpdateGroup(ctx, w.scope, g))
	second, user := w.addGroup(t, w.group.Name)
	must(t, db.InsertAPIKey(ctx, tenant.Everything(), tenant.APIKey{ID: newID(), OrganizationID: w.org.ID, GroupID: second.ID, UserID: user.ID, Name: "Test", Prefix: newID().String(), Hash: []byte{1}, Test: true, CreatedAt: now}))
	renamed, err := db.Group(ctx, inside.scope, inside.group.ID)
	must(t, err)
	if renamed.Name != "Renamed" {
		t.Errorf("the sandbox is named %s", renamed.Name)
	}

	stranger := k
	stranger.ID, stranger.Prefix = newID(), newID().String()
	other := newWorld(t, db)
	wantKind(t, "a test key by another group", db.InsertAPIKey(ctx, other.scope, stranger), fault.NotFound, "")
}
