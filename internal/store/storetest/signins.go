package storetest

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/auth"
	"anycheck/internal/fault"
	"anycheck/internal/store"
	"anycheck/internal/tenant"
)

func testSessionsOfUser(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	first, _ := w.session(t)
	second, token2 := w.session(t)
	third, _ := w.session(t)
	later := now.Add(time.Minute)
	must(t, db.TouchSession(ctx, first, later))
	wantKind(t, "an unknown session", db.TouchSession(ctx, newID(), later), fault.NotFound, "")
	list := func(at time.Time) (ids []uuid.UUID) {
		t.Helper()
		sessions, err := db.Sessions(ctx, w.scope, w.user.ID, at)
		must(t, err)
		for _, s := range sessions {
			ids = append(ids, s.ID)
		}
		return ids
	}
	same(t, "the last used first", list(now), []uuid.UUID{first, third, second})
	// A session that was renewed lives as long as its newest token.
	next := token()
	next.ExpiresAt = now.Add(2 * time.Hour)
	_, err := db.RotateRefreshToken(ctx, token2.Hash, next, now)
	must(t, err)
	same(t, "those that can still be renewed", list(now.Add(time.Hour)), []uuid.UUID{second})

	must(t, db.EndSession(ctx, w.scope, third, now))
	wantKind(t, "one that has ended", db.EndSession(ctx, w.scope, third, now), fault.NotFound, "")
	same(t, "what is left", list(now), []uuid.UUID{first, second})
	must(t, db.RevokeSessions(ctx, w.user.ID, first, now))
	same(t, "all but one", list(now), []uuid.UUID{first})
	must(t, db.RevokeSessions(ctx, w.user.ID, uuid.Nil, now))
	same(t, "none", len(list(now)), 0)
}

func testChanges(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	session, _ := w.session(t)
	k := w.key(t, now)
	w.group.Name, w.group.MaskPersonalData = "Renamed", true
	must(t, db.UpdateGroup(ctx, w.scope, w.group))
	g, err := db.Group(ctx, w.scope, w.group.ID)
	must(t, err)
	same(t, "group", g, w.group)
	other, _ := w.addGroup(t, "Other")
	other.Name = "Renamed"
	wantKind(t, "a name that is taken", db.UpdateGroup(ctx, tenant.Everything(), other), fault.Conflict, fault.CodeAlreadyExists)

	w.user.Name, w.user.Role, w.user.Masked = "New name", tenant.Reviewer, true
	changed := w.user
	changed.Email, changed.PasswordHash, changed.Disabled = "x", "x", true // not UpdateUser's to write
	must(t, db.UpdateUser(ctx, w.scope, changed))
	for what, read := range map[string]func() (tenant.User, error){
		"by id":      func() (tenant.User, error) { return db.User(ctx, w.scope, w.user.ID) },
		"by address": func() (tenant.User, error) { return db.UserByEmail(ctx, w.user.Email) },
		"by session": func() (tenant.User, error) { _, u, err := db.Session(ctx, session); return u, err },
		"by key":     func() (tenant.User, error) { _, u, err := db.APIKeyByPrefix(ctx, k.Prefix); return u, err },
	} {
		u, err := read()
		must(t, err)
		same(t, what, u, w.user)
	}
	wantKind(t, "an unknown user", db.UpdateUser(ctx, tenant.Everything(), tenant.User{ID: newID()}), fault.NotFound, "")
}

func testIdentities(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	_, second := w.addGroup(t, "Second")
	issuer, subject := "https://"+w.org.ID.String(), "subject"
	_, err := db.IdentityUser(ctx, issuer, subject)
	wantKind(t, "an unknown identity", err, fault.NotFound, "")
	must(t, db.LinkIdentity(ctx, issuer, subject, w.user.ID, now))
	u, err := db.IdentityUser(ctx, issuer, subject)
	must(t, err)
	same(t, "user", u, w.user)
	_, err = db.IdentityUser(ctx, issuer+"/2", subject)
	wantKind(t, "the subject at another issuer", err, fault.NotFound, "")
	wantKind(t, "an identity of two users", db.LinkIdentity(ctx, issuer, subject, second.ID, now), fault.Conflict, fault.CodeAlreadyExists)
	wantKind(t, "a user of two identities", db.LinkIdentity(ctx, issuer, "other", w.user.ID, now), fault.Conflict, fault.CodeAlreadyExists)
	must(t, db.LinkIdentity(ctx, issuer+"/2", subject, w.user.ID, now))
	must(t, db.UnlinkIdentities(ctx, w.user.ID))
	must(t, db.LinkIdentity(ctx, issuer, subject, second.ID, now))
}

// bucket closes for n minutes after the nth attempt, from the second on.
func bucket() auth.Bucket {
	return auth.Bucket{Key: []byte(newID().String()), Forget: time.Hour, Pause: func(n int) time.Duration {
		if n < 2 {
			return 0
		}
		return time.Duration(n) * time.Minute
	}}
}

func testSignInAttempts(t *testing.T, db *store.DB) {
	ctx := t.Context()
	a, b := bucket(), bucket()
	attempt := func(at time.Time, want time.Duration, buckets ...auth.Bucket) {
		t.Helper()
		closed, err := db.CountSignIn(ctx, buckets, at)
		must(t, err)
		if closed != want {
			t.Errorf("closed for %v, want %v", closed, want)
		}
	}
	attempt(now, 0, a)
	attempt(now, 0, a) // the second: closed for two minutes
	attempt(now.Add(time.Minute), time.Minute, a)
	// A closed bucket keeps others from being counted.
	attempt(now.Add(time.Minute), time.Minute, b, a)
	attempt(now.Add(2*time.Minute), 0, b, a) // b's first, a's third
	attempt(now.Add(3*time.Minute), 2*time.Minute, a)
	attempt(now.Add(3*time.Minute), 0, b) // its second

	// What the attempt itself has closed is opened again, nothing else.
	must(t, db.ReturnSignIn(ctx, b.Key, now.Add(2*time.Minute)))
	attempt(now.Add(4*time.Minute), time.Minute, b)
	must(t, db.ReturnSignIn(ctx, b.Key, now.Add(3*time.Minute)))
	attempt(now.Add(4*time.Minute), 0, b)
	must(t, db.ReturnSignIn(ctx, []byte("none"), now))

	// An hour of quiet empties a bucket.
	attempt(now.Add(64*time.Minute), 0, b)
	attempt(now.Add(64*time.Minute), 0, b)
	attempt(now.Add(64*time.Minute), 2*time.Minute, b)
	must(t, db.ForgetSignIns(ctx, b.Key))
	attempt(now.Add(64*time.Minute), 0, b)

	must(t, db.SweepSignIns(ctx, now.Add(time.Hour)))
	if n := count(t, db, `SELECT COUNT(*) FROM sign_in_attempts WHERE bucket = $1`, a.Key); n != 0 {
		t.Error("an old bucket is still there")
	}
	if n := count(t, db, `SELECT COUNT(*) FROM sign_in_attempts WHERE bucket = $1`, b.Key); n != 1 {
		t.Error("a bucket that counts was swept")
	}
}

// testConcurrentSignIns: of many attempts made at once, as many pass as would
// one after the other.
func testConcurrentSignIns(t *testing.T, db *store.DB) {
	a := bucket()
	closed, errs := make([]time.Duration, 12), make([]error, 12)
	var wg sync.WaitGroup
	for i := range closed {
		wg.Go(func() { closed[i], errs[i] = db.CountSignIn(t.Context(), []auth.Bucket{a}, now) })
	}
	wg.Wait()
	passed := 0
	for i := range closed {
		must(t, errs[i])
		if closed[i] == 0 {
			passed++
		}
	}
	if passed != 2 {
		t.Errorf("%d passed, want 2", passed)
	}
}
