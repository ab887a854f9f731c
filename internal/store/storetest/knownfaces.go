package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/store"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

func (w *world) knownFace(t *testing.T, v verification.Verification, space, owner string) verification.KnownFace {
	t.Helper()
	f := verification.KnownFace{VerificationID: v.ID, Space: space, Owner: []byte(owner), Face: []byte{0, 1, 0x80, 0xff}, At: now}
	must(t, w.db.SaveKnownFace(t.Context(), w.scope, f))
	return f
}

// owners are the owners that a visit of the whole organization sees.
func (w *world) owners(t *testing.T, space string) []string {
	t.Helper()
	seen := []string{}
	must(t, w.db.EachKnownFace(t.Context(), tenant.WithinOrganization(w.org.ID), w.org.ID, space, func(_ uuid.UUID, owner, face []byte) {
		if !slices.Equal(face, []byte{0, 1, 0x80, 0xff}) {
			t.Errorf("face %v", face)
		}
		seen = append(seen, string(owner))
	}))
	slices.Sort(seen)
	return seen
}

func testKnownFaces(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	v := w.verification(t)
	_, err := db.KnownFace(ctx, w.scope, v.ID)
	wantKind(t, "before it is kept", err, fault.NotFound, "")
	f := w.knownFace(t, v, "model 1", "a")
	got, err := db.KnownFace(ctx, w.scope, v.ID)
	must(t, err)
	same(t, "known face", got, f)

	// Each of a space, of all groups of the organization and of no other.
	w.knownFace(t, w.verification(t), "model 1", "b")
	w.knownFace(t, w.verification(t), "model 2", "c")
	sibling := *w
	sibling.group, sibling.user = w.addGroup(t, "Sibling")
	sibling.scope = tenant.WithinGroup(w.org.ID, sibling.group.ID)
	sibling.knownFace(t, sibling.verification(t), "model 1", "d")
	other := newWorld(t, db)
	other.knownFace(t, other.verification(t), "model 1", "e")
	same(t, "of the space", w.owners(t, "model 1"), []string{"a", "b", "d"})
	same(t, "of the other space", w.owners(t, "model 2"), []string{"c"})

	// A later attempt's takes its place, or only removes it.
	f.Owner, f.At = []byte("z"), now.Add(time.Second)
	must(t, db.SaveKnownFace(ctx, w.scope, f))
	got, err = db.KnownFace(ctx, w.scope, v.ID)
	must(t, err)
	same(t, "replaced", got, f)
	must(t, db.SaveKnownFace(ctx, w.scope, verification.KnownFace{VerificationID: v.ID}))
	_, err = db.KnownFace(ctx, w.scope, v.ID)
	wantKind(t, "removed", err, fault.NotFound, "")
	same(t, "after the removal", w.owners(t, "model 1"), []string{"b", "d"})
	wantKind(t, "of an unknown verification", db.SaveKnownFace(ctx, w.scope, verification.KnownFace{VerificationID: newID(), Face: []byte{1}}), fault.NotFound, "")

	// In a transaction that is undone nothing is left.
	err = db.InTx(ctx, func(ctx context.Context, tx verification.Store) error {
		if err := tx.SaveKnownFace(ctx, w.scope, f); err != nil {
			return err
		}
		return errAbort
	})
	if err != errAbort {
		t.Errorf("InTx = %v", err)
	}
	same(t, "after the abort", w.owners(t, "model 1"), []string{"b", "d"})
}

// testKnownFaceIsErased: whoever deletes a result's verifications need not know
// of faces.
func testKnownFaceIsErased(t *testing.T, db *store.DB) {
	w := newWorld(t, db)
	r := w.result(t, w.folder(t, "F", now).ID, now)
	w.knownFace(t, w.verificationIn(t, r, now), "model 1", "a")
	w.knownFace(t, w.verificationIn(t, r, now), "model 1", "b")
	w.knownFace(t, w.verification(t), "model 1", "c")
	_, err := tables(t, db).ExecContext(t.Context(), `DELETE FROM verifications WHERE result_id = $1`, r.ID.String())
	must(t, err)
	_, err = tables(t, db).ExecContext(t.Context(), `DELETE FROM results WHERE id = $1`, r.ID.String())
	must(t, err)
	same(t, "after the erasure", w.owners(t, "model 1"), []string{"c"})
	if n := count(t, db, `SELECT COUNT(*) FROM known_faces WHERE organization_id = $1`, w.org.ID.String()); n != 1 {
		t.Errorf("%d rows are left, want 1", n)
	}
}
