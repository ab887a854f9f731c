package storetest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/screening"
	"anycheck/internal/store"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// watch keeps a person of v, last searched at now in the lists "a 1".
func (w *world) watch(t *testing.T, v verification.Verification, subject string) verification.Watched {
	t.Helper()
	kept := verification.Watched{VerificationID: v.ID, Subject: []byte(subject), Query: screening.Query{Name: "A", BirthDate: screening.PartialDate{Year: 1960}},
		Alerts: map[string]string{"E-1": "f1"}, Told: map[string][]string{}, Lists: "a 1", ScreenedAt: now}
	must(t, w.db.SaveWatched(t.Context(), w.scope, kept))
	return kept
}

func (w *world) dismissal(v verification.Verification, subject, entity string) verification.Dismissal {
	return verification.Dismissal{ID: newID(), Tenancy: v.Tenancy, VerificationID: v.ID, Subject: []byte(subject), EntityID: entity,
		Fingerprint: "f1", Reason: "another person", Author: "a@example.org", CreatedAt: now}
}

func testWatchedPersons(t *testing.T, db *store.DB) {
	ctx := t.Context()
	w := newWorld(t, db)
	folder := w.folder(t, "F", now)
	finished := func(s verification.Status) verification.Verification {
		v := w.draft(w.result(t, folder.ID, now), now)
		v.Status = s
		must(t, db.InsertVerification(ctx, w.scope, v, nil))
		return v
	}
	one, two, running := finished(verification.Completed), finished(verification.NeedReview), finished(verification.InProgress)
	subject := newID().String()
	first, second := w.watch(t, one, subject), w.watch(t, two, "second "+subject)
	w.watch(t, running, "third "+subject)

	got, err := db.Watched(ctx, w.scope, one.ID)
	must(t, err)
	same(t, "kept", got, first)
	first.Alerts, first.Told, first.Held = map[string]string{}, map[string][]string{"E-1": {"f1", "f0"}}, true
	must(t, db.SaveWatched(ctx, w.scope, first))
	got, err = db.Watched(ctx, w.scope, one.ID)
	must(t, err)
	same(t, "kept anew", got, first)

	outdated := func(lists string, after uuid.UUID, limit int) []verification.Watched {
		t.Helper()
		list, err := db.Outdated(ctx, w.scope, lists, now.Add(time.Hour), after, limit)
		must(t, err)
		return list
	}
	same(t, "up to date", outdated("a 1", uuid.Nil, 10), []verification.Watched(nil))
	same(t, "with a new version", outdated("a 2", uuid.Nil, 10), []verification.Watched{first, second})
	same(t, "of a batch", outdated("a 2", uuid.Nil, 1), []verification.Watched{first})
	same(t, "after the first", outdated("a 2", first.VerificationID, 10), []verification.Watched{second})

	later := now.Add(time.Minute)
	must(t, db.MarkScreened(ctx, w.scope, []uuid.UUID{one.ID}, "a 2", later))
	same(t, "after one was searched", outdated("a 2", uuid.Nil, 10), []verification.Watched{second})
	must(t, db.MarkScreened(ctx, w.scope, []uuid.UUID{two.ID}, "a 2", later))
	same(t, "after both were", outdated("a 2", uuid.Nil, 10), []verification.Watched(nil))
	must(t, db.ForgetScreening(ctx, w.scope, first.Subject))
	first.Lists, first.ScreenedAt = "", later
	same(t, "after the first was forgotten", outdated("a 2", uuid.Nil, 10), []verification.Watched{first})
	must(t, db.MarkScreened(ctx, w.scope, []uuid.UUID{one.ID}, "a 2", later))

	// A dismissal that ends makes its person outdated, once.
	d := w.dismissal(one, subject, "E-1")
	ends := later.Add(time.Minute)
	d.ExpiresAt = &ends
	must(t, db.InsertDismissal(ctx, w.scope, d))
	first.Lists = "a 2"
	same(t, "after a dismissal ended", outdated("a 2", uuid.Nil, 10), []verification.Watched{first})
	must(t, db.MarkScreened(ctx, w.scope, []uuid.UUID{one.ID}, "a 2", ends.Add(time.Second)))
	same(t, "after it was looked at", outdated("a 2", uuid.Nil, 10), []verification.Watched(nil))

	must(t, db.ReplaceEvidence(ctx, w.scope, one.ID, 1, verification.StepRescreen, json.RawMessage(`1`), now))
	must(t, db.ReplaceEvidence(ctx, w.scope, one.ID, 1, verification.StepRescreen, json.RawMessage(`2`), now))
	evidence, err := db.Evidence(ctx, w.scope, one.ID, 1)
	must(t, err)
	same(t, "evidence", string(evidence[verification.StepRescreen]), "2")

	// What is watched goes with its verification.
	_, err = tables(t, db).ExecContext(ctx, `DELETE FROM evidence WHERE verification_id = $1`, one.ID)
	must(t, err)
	_, err = tables(t, db).ExecContext(ctx, `DELETE FROM verifications WHERE id = $1`, one.ID)
	must(t, err)
	_, err = db.Watched(ctx, w.scope, one.ID)
	wantKind(t, "an erased verification's person", err, fault.NotFound, "")
	gone, err := db.Dismissals(ctx, w.scope, first.Subject)
	must(t, err)
	same(t, "an erased verification's dismissals", gone, []verification.Dismissal(nil))
}

func testDismissals(t *testing.T, db *store.DB) {
	ctx := t.Context()
	w := newWorld(t, db)
	v := w.draft(w.result(t, w.folder(t, "F", now).ID, now), now)
	must(t, db.InsertVerification(ctx, w.scope, v, nil))
	subject := newID().String()
	list := func() []verification.Dismissal {
		t.Helper()
		got, err := db.Dismissals(ctx, w.scope, []byte(subject))
		must(t, err)
		return got
	}
	same(t, "none", list(), []verification.Dismissal(nil))
	b, a := w.dismissal(v, subject, "B"), w.dismissal(v, subject, "A")
	ends := now.Add(time.Hour)
	b.ExpiresAt = &ends
	must(t, db.InsertDismissal(ctx, w.scope, b))
	must(t, db.InsertDismissal(ctx, w.scope, a))
	same(t, "two", list(), []verification.Dismissal{a, b})
	again := w.dismissal(v, subject, "B")
	again.Reason, again.Fingerprint = "looked again", "f2"
	must(t, db.InsertDismissal(ctx, w.scope, again))
	same(t, "replaced", list(), []verification.Dismissal{a, again})
	must(t, db.DeleteDismissal(ctx, w.scope, []byte(subject), "A"))
	wantKind(t, "taken back twice", db.DeleteDismissal(ctx, w.scope, []byte(subject), "A"), fault.NotFound, "")
	same(t, "one left", list(), []verification.Dismissal{again})

	other := newBelongings(t, db)
	d := w.dismissal(v, subject, "C")
	d.VerificationID = other.v.ID
	wantKind(t, "at another group's verification", db.InsertDismissal(ctx, tenant.Everything(), d), fault.NotFound, "")
}
