package storetest

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/auth"
	"anycheck/internal/fault"
	"anycheck/internal/store"
	"anycheck/internal/tenant"
)

func testOrganizations(t *testing.T, db *store.DB) {
	w, other, ctx := newWorld(t, db), newWorld(t, db), t.Context()
	got, err := db.Organization(ctx, w.scope, w.org.ID)
	must(t, err)
	same(t, "organization", got, w.org)
	for what, scope := range w.insiders() {
		list, err := db.Organizations(ctx, scope)
		must(t, err)
		if !slices.Contains(list, w.org) || slices.Contains(list, other.org) != (scope == tenant.Everything()) {
			t.Errorf("organizations that %s sees: %v", what, list)
		}
	}
	twin := tenant.Organization{ID: newID(), Name: w.org.Name, CreatedAt: w.org.CreatedAt}
	wantKind(t, "a name that is taken", db.InsertOrganization(ctx, twin), fault.Conflict, fault.CodeAlreadyExists)
	wantKind(t, "an id that is taken", db.InsertOrganization(ctx, w.org), fault.Conflict, fault.CodeAlreadyExists)
}

func testGroups(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	got, err := db.Group(ctx, w.scope, w.group.ID)
	must(t, err)
	same(t, "group", got, w.group)
	owner := tenant.WithinOrganization(w.org.ID)
	second := tenant.Group{ID: newID(), OrganizationID: w.org.ID, Name: "A group", CreatedAt: now}
	must(t, db.InsertGroup(ctx, owner, second))
	list, err := db.Groups(ctx, owner)
	must(t, err)
	same(t, "groups", list, []tenant.Group{second, w.group})

	second.ID = newID()
	wantKind(t, "a name that is taken", db.InsertGroup(ctx, owner, second), fault.Conflict, fault.CodeAlreadyExists)
	other := newWorld(t, db) // has a group of the same name
	same(t, "name elsewhere", other.group.Name, w.group.Name)
	wantKind(t, "credits from nowhere", db.InsertGroup(ctx, owner, tenant.Group{ID: newID(), OrganizationID: w.org.ID, Name: "Rich", Balance: 5}), fault.Invalid, "")
}

func testUsers(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	got, err := db.UserByEmail(ctx, w.user.Email)
	must(t, err)
	same(t, "user", got, w.user)
	_, err = db.UserByEmail(ctx, "nobody@example.org")
	wantKind(t, "an unknown address", err, fault.NotFound, "")
	before, err := db.CountUsers(ctx)
	must(t, err)
	owner := tenant.WithinOrganization(w.org.ID)
	second := tenant.User{ID: newID(), OrganizationID: w.org.ID, GroupID: w.group.ID, Email: "0" + w.user.Email, Name: "N", Role: tenant.OrganizationOwner, PasswordHash: "h", Disabled: true, CreatedAt: now}
	must(t, db.InsertUser(ctx, owner, second))
	if after, err := db.CountUsers(ctx); err != nil || after != before+1 {
		t.Errorf("CountUsers = %d, %v; want %d", after, err, before+1)
	}
	list, err := db.Users(ctx, w.scope)
	must(t, err)
	want := []tenant.User{second, w.user}
	slices.SortFunc(want, func(a, b tenant.User) int {
		if a.Email < b.Email {
			return -1
		}
		return 1
	})
	same(t, "users", list, want)
	second.ID = newID()
	wantKind(t, "an address that is taken", db.InsertUser(ctx, owner, second), fault.Conflict, fault.CodeAlreadyExists)
	other := newWorld(t, db)
	second.Email, second.GroupID = newID().String(), other.group.ID
	wantKind(t, "a group of another organization", db.InsertUser(ctx, tenant.Everything(), second), fault.NotFound, "")

	session, _ := w.session(t)
	must(t, db.SetUserDisabled(ctx, owner, w.user.ID, true, now))
	if u, err := db.UserByEmail(ctx, w.user.Email); err != nil || !u.Disabled {
		t.Errorf("disabled = %v, %v", u.Disabled, err)
	}
	_, _, err = db.Session(ctx, session)
	wantKind(t, "the session of a disabled user", err, fault.NotFound, "")
	must(t, db.SetUserDisabled(ctx, owner, w.user.ID, false, now))
	if u, err := db.UserByEmail(ctx, w.user.Email); err != nil || u.Disabled {
		t.Errorf("disabled = %v, %v", u.Disabled, err)
	}
	wantKind(t, "an unknown user", db.SetUserDisabled(ctx, owner, newID(), true, now), fault.NotFound, "")

	session, _ = w.session(t)
	must(t, db.UpdatePasswordHash(ctx, w.user.ID, "rehashed", false, now))
	if _, _, err := db.Session(ctx, session); err != nil {
		t.Errorf("the session after a rehash: %v", err)
	}
	must(t, db.UpdatePasswordHash(ctx, w.user.ID, "new", true, now))
	_, _, err = db.Session(ctx, session)
	wantKind(t, "the session after a new password", err, fault.NotFound, "")
	if u, err := db.UserByEmail(ctx, w.user.Email); err != nil || u.PasswordHash != "new" {
		t.Errorf("hash = %q, %v", u.PasswordHash, err)
	}
	wantKind(t, "an unknown user", db.UpdatePasswordHash(ctx, newID(), "x", false, now), fault.NotFound, "")
}

func token() auth.RefreshToken {
	id := newID()
	return auth.RefreshToken{ID: id, Hash: append([]byte{0, 0xff}, id[:]...), CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
}

func (w *world) session(t *testing.T) (uuid.UUID, auth.RefreshToken) {
	t.Helper()
	s, first := auth.Session{ID: newID(), UserID: w.user.ID, UserAgent: "browser", Network: "192.0.2.1", CreatedAt: now, LastSeenAt: now}, token()
	must(t, w.db.InsertSession(t.Context(), s, first))
	return s.ID, first
}

func testSessions(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	session, first := w.session(t)
	n, u, err := db.Session(ctx, session)
	must(t, err)
	same(t, "session", n, auth.Session{ID: session, UserID: w.user.ID, UserAgent: "browser", Network: "192.0.2.1", CreatedAt: now, LastSeenAt: now})
	same(t, "user", u, w.user)
	id, err := db.SessionOfToken(ctx, first.Hash)
	must(t, err)
	same(t, "session", id, session)
	_, err = db.SessionOfToken(ctx, []byte("none"))
	wantKind(t, "an unknown token", err, fault.NotFound, "")

	must(t, db.RevokeSession(ctx, session, now))
	must(t, db.RevokeSession(ctx, session, now))
	must(t, db.RevokeSession(ctx, newID(), now))
	_, _, err = db.Session(ctx, session)
	wantKind(t, "a revoked session", err, fault.NotFound, "")

	// Neither a session without its token nor the other way round.
	s := auth.Session{ID: newID(), UserID: w.user.ID, CreatedAt: now}
	wantKind(t, "a token that is taken", db.InsertSession(ctx, s, first), fault.Conflict, "")
	_, _, err = db.Session(ctx, s.ID)
	wantKind(t, "the session of the refused token", err, fault.NotFound, "")
}

func testRefreshTokens(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	session, first := w.session(t)
	second, third := token(), token()

	got, err := db.RotateRefreshToken(ctx, first.Hash, second, now)
	must(t, err)
	same(t, "session", got, session)
	got, err = db.RotateRefreshToken(ctx, second.Hash, third, now)
	must(t, err)
	same(t, "session", got, session)

	// The second is shown again: somebody has a copy.
	if _, err := db.RotateRefreshToken(ctx, second.Hash, token(), now); !errors.Is(err, auth.ErrReused) {
		t.Errorf("reuse: %v, want ErrReused", err)
	}
	_, _, err = db.Session(ctx, session)
	wantKind(t, "the session after reuse", err, fault.NotFound, "")
	_, err = db.RotateRefreshToken(ctx, third.Hash, token(), now)
	wantKind(t, "the newest token after reuse", err, fault.NotFound, "")

	_, err = db.RotateRefreshToken(ctx, []byte("none"), token(), now)
	wantKind(t, "an unknown token", err, fault.NotFound, "")
	other, old := w.session(t)
	_, err = db.RotateRefreshToken(ctx, old.Hash, token(), old.ExpiresAt)
	wantKind(t, "an expired token", err, fault.NotFound, "")
	if _, _, err := db.Session(ctx, other); err != nil {
		t.Errorf("the session of an expired token: %v", err)
	}
	must(t, db.RevokeSession(ctx, other, now))
	_, err = db.RotateRefreshToken(ctx, old.Hash, token(), now)
	wantKind(t, "a token of a revoked session", err, fault.NotFound, "")
}

// testConcurrentRotation: of many that show one token, one gets the next; the
// others are reuse and end the session.
func testConcurrentRotation(t *testing.T, db *store.DB) {
	w := newWorld(t, db)
	session, first := w.session(t)
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { _, errs[i] = db.RotateRefreshToken(t.Context(), first.Hash, token(), now) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, auth.ErrReused):
			t.Errorf("a loser: %v, want ErrReused", err)
		}
	}
	if won != 1 {
		t.Errorf("%d rotated one token, want 1", won)
	}
	if n := count(t, db, `SELECT COUNT(*) FROM refresh_tokens WHERE session_id = $1`, session.String()); n != 2 {
		t.Errorf("%d tokens, want 2", n)
	}
	_, _, err := db.Session(t.Context(), session)
	wantKind(t, "the session", err, fault.NotFound, "")
}

func (w *world) key(t *testing.T, at time.Time) tenant.APIKey {
	t.Helper()
	k := tenant.APIKey{ID: newID(), OrganizationID: w.org.ID, GroupID: w.group.ID, UserID: w.user.ID, Name: "Key", Prefix: newID().String(), Hash: []byte{1, 0, 255},
		Scopes: []tenant.KeyScope{tenant.ReadFolders, tenant.WriteUploads}, CreatedAt: at}
	must(t, w.db.InsertAPIKey(t.Context(), w.scope, k))
	return k
}

func testAPIKeys(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	first := w.key(t, now)
	expires := now.Add(time.Hour)
	second := tenant.APIKey{ID: newID(), OrganizationID: w.org.ID, GroupID: w.group.ID, UserID: w.user.ID, Name: "N", Prefix: newID().String(), Hash: []byte{9},
		Scopes: []tenant.KeyScope{}, ExpiresAt: &expires, CreatedAt: now.Add(time.Second)}
	must(t, db.InsertAPIKey(ctx, w.scope, second))

	k, u, err := db.APIKeyByPrefix(ctx, second.Prefix)
	must(t, err)
	same(t, "key", k, second)
	same(t, "its user", u, w.user)
	_, _, err = db.APIKeyByPrefix(ctx, "none")
	wantKind(t, "an unknown prefix", err, fault.NotFound, "")

	used, revoked := now.Add(time.Minute), now.Add(2*time.Minute)
	must(t, db.TouchAPIKey(ctx, first.ID, used))
	must(t, db.RevokeAPIKey(ctx, w.scope, first.ID, revoked))
	must(t, db.RevokeAPIKey(ctx, w.scope, first.ID, revoked.Add(time.Hour))) // keeps the first date
	first.LastUsedAt, first.RevokedAt = &used, &revoked
	list, err := db.APIKeys(ctx, w.scope)
	must(t, err)
	same(t, "keys", list, []tenant.APIKey{second, first})

	wantKind(t, "an unknown key", db.RevokeAPIKey(ctx, w.scope, newID(), now), fault.NotFound, "")
	second.ID = newID()
	wantKind(t, "a prefix that is taken", db.InsertAPIKey(ctx, w.scope, second), fault.Conflict, fault.CodeAlreadyExists)
}
