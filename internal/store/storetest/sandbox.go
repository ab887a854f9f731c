package storetest

import (
	"context"
	"testing"
	"time"

	"anycheck/internal/auth"
	"anycheck/internal/fault"
	"anycheck/internal/store"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// accounts are the rules that make test keys, on the suite's store.
func accounts(db *store.DB) *auth.Service {
	return auth.New(db, make([]byte, 32), func() time.Time { return now })
}

// testKey makes a test key of a user's group, and its sandbox with it.
func testKey(ctx context.Context, db *store.DB, u tenant.User) (tenant.APIKey, error) {
	k, _, err := accounts(db).CreateKey(ctx, u, auth.NewKey{Name: "Test", Test: true})
	return k, err
}

// sandboxOf is the sandbox of a world, as a world.
func (w *world) sandboxOf(t *testing.T) *world {
	t.Helper()
	_, err := testKey(t.Context(), w.db, w.user)
	must(t, err)
	in := &world{db: w.db, user: w.user, scope: tenant.WithinGroup(tenant.SandboxOf(w.org.ID), tenant.SandboxOf(w.group.ID))}
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
	k, err := testKey(ctx, db, w.user)
	must(t, err)
	read, _, err := db.APIKeyByPrefix(ctx, k.Prefix)
	must(t, err)
	same(t, "key", read, k)
	inside := w.sandboxOf(t) // a second key finds the sandbox there
	if inside.org.Name != w.org.Name+" (sandbox)" || inside.group.Name != w.group.Name || inside.group.Balance != 0 || inside.group.WebhookSecret != "" {
		t.Errorf("sandbox %+v, %+v", inside.org, inside.group)
	}
	days, err := db.Retention(ctx, inside.scope, inside.group.ID)
	must(t, err)
	same(t, "retention", days, map[verification.DataClass]int{verification.ResultData: 30})

	// A name that one group gives up another may take, in the sandbox too.
	owner, name := tenant.Actor{User: w.user}, "Renamed"
	owner.User.Role = tenant.OrganizationOwner
	_, err = accounts(db).ChangeGroup(ctx, owner, w.group.ID, auth.GroupChange{Name: &name})
	must(t, err)
	_, user := w.addGroup(t, w.group.Name)
	_, err = testKey(ctx, db, user)
	must(t, err)
	renamed, err := db.Group(ctx, inside.scope, inside.group.ID)
	must(t, err)
	if renamed.Name != name {
		t.Errorf("the sandbox is named %s", renamed.Name)
	}

	stranger := w.user
	stranger.OrganizationID = newWorld(t, db).org.ID
	_, err = testKey(ctx, db, stranger)
	wantKind(t, "a test key in another organization", err, fault.NotFound, "")

	// Without its sandbox there is no key.
	w = newWorld(t, db)
	must(t, db.InsertOrganization(ctx, tenant.Organization{ID: newID(), Name: w.org.Name + " (sandbox)", CreatedAt: now}))
	_, err = testKey(ctx, db, w.user)
	wantKind(t, "a sandbox whose name is taken", err, fault.Conflict, fault.CodeAlreadyExists)
	keys, err := db.APIKeys(ctx, w.scope)
	must(t, err)
	same(t, "keys without a sandbox", len(keys), 0)
}

// testTestKeysAtOnce: whoever comes first makes the sandbox, all get their key.
func testTestKeysAtOnce(t *testing.T, db *store.DB) {
	for range 5 {
		w := newWorld(t, db)
		_, other := w.addGroup(t, "Other")
		users := []tenant.User{w.user, w.user, w.user, w.user, other, other}
		errs := make(chan error, len(users))
		start := make(chan struct{})
		for _, u := range users {
			go func() {
				<-start
				_, err := testKey(t.Context(), db, u)
				errs <- err
			}()
		}
		close(start)
		for range users {
			if err := <-errs; err != nil {
				t.Errorf("a test key: %v", err)
			}
		}
		within := tenant.WithinOrganization(tenant.SandboxOf(w.org.ID))
		groups, err := db.Groups(t.Context(), within)
		must(t, err)
		keys, err := db.APIKeys(t.Context(), tenant.WithinOrganization(w.org.ID))
		must(t, err)
		if len(groups) != 2 || len(keys) != len(users) {
			t.Errorf("%d groups in the sandbox, %d keys", len(groups), len(keys))
		}
		for _, g := range groups {
			days, err := db.Retention(t.Context(), within, g.ID)
			must(t, err)
			same(t, "retention", days, map[verification.DataClass]int{verification.ResultData: 30})
		}
	}
}
