package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/screening"
	"anycheck/internal/store"
	"anycheck/internal/vault"
	"anycheck/internal/verification"
)

// testSealed: what tells of a person cannot be read in the tables, and is gone
// with its key.
func testSealed(t *testing.T, db *store.DB) {
	ctx := t.Context()
	w := newWorld(t, db)
	v := w.draft(w.result(t, w.folder(t, "F", now).ID, now), now)
	const secret = "3174080107870501"
	v.InputConfig, v.Config.Person = json.RawMessage(`{"name":"`+secret+`"}`), &verification.Person{Name: secret}
	v.Status, v.WebhookMetadata, v.WebhookSecret = verification.Completed, json.RawMessage(`{"a":"`+secret+`"}`), secret
	v.Consent = &verification.Consent{Text: secret, Version: "1", GivenAt: now}
	must(t, db.InsertVerification(ctx, w.scope, v, nil))
	v.Output, v.Checks = json.RawMessage(`{"nik":"`+secret+`"}`), []verification.Check{{Message: secret}}
	must(t, db.UpdateVerification(ctx, w.scope, verification.Mark{Status: v.Status, Attempt: v.Attempt}, v, nil))
	must(t, db.SaveEvidence(ctx, w.scope, v.ID, 1, verification.StepRead, v.Output, now))
	must(t, db.SaveWatched(ctx, w.scope, verification.Watched{VerificationID: v.ID, Subject: []byte("s"), Query: screening.Query{Name: secret}, ScreenedAt: now}))
	face := verification.KnownFace{VerificationID: v.ID, Space: "model 1", Owner: []byte("o"), Face: []byte(secret), At: now}
	must(t, db.SaveKnownFace(ctx, w.scope, face))
	dismissal := w.dismissal(v, "d"+v.ID.String(), "E-1")
	dismissal.Reason = secret
	must(t, db.InsertDismissal(ctx, w.scope, dismissal))
	got, err := db.Verification(ctx, w.scope, v.ID)
	must(t, err)
	same(t, "read back", got, v)
	gotFace, err := db.KnownFace(ctx, w.scope, v.ID)
	must(t, err)
	same(t, "a face read back", gotFace, face)
	dismissals, err := db.Dismissals(ctx, w.scope, dismissal.Subject)
	must(t, err)
	same(t, "a dismissal read back", dismissals, []verification.Dismissal{dismissal})
	for table, content := range dump(t, db) {
		if strings.Contains(content, secret) || strings.Contains(content, fmt.Sprint([]byte(secret))) {
			t.Errorf("the table %s can be read", table)
		}
	}

	// What is moved to another row is no good there.
	_, err = tables(t, db).ExecContext(ctx, `UPDATE verifications SET output = checks WHERE id = $1`, v.ID)
	must(t, err)
	if _, err := db.Verification(ctx, w.scope, v.ID); err == nil {
		t.Error("a value was read from another column")
	}
	must(t, db.UpdateVerification(ctx, w.scope, verification.Mark{Status: v.Status, Attempt: v.Attempt}, v, nil))

	owner := vault.Owner{Organization: w.org.ID, Group: w.group.ID, ID: v.ResultID}
	// A transaction that has the key in hand forgets it as it destroys it.
	err = db.InTx(ctx, func(ctx context.Context, tx verification.Store) error {
		must(t, tx.UpdateVerification(ctx, w.scope, verification.Mark{Status: v.Status, Attempt: v.Attempt}, v, nil))
		must(t, tx.EraseResult(ctx, w.scope, verification.Tombstone{ResultID: v.ResultID, Tenancy: w.tenancy(), At: now}))
		return tx.UpdateVerification(ctx, w.scope, verification.Mark{Status: v.Status, Attempt: v.Attempt}, v, nil)
	})
	wantKind(t, "writing after the erasure, in its transaction", err, fault.NotFound, "")
	must(t, db.DestroyDataKeys(ctx, []vault.Owner{owner}, now.Add(time.Hour)))
	got, err = db.Verification(ctx, w.scope, v.ID)
	must(t, err)
	if got.Output != nil || got.InputConfig != nil || got.Checks != nil || got.Config.Person != nil || got.Consent != nil || got.WebhookSecret != "" || got.Status != v.Status {
		t.Errorf("without its key: %+v", got)
	}
	dismissals, err = db.Dismissals(ctx, w.scope, dismissal.Subject)
	must(t, err)
	if len(dismissals) != 1 || dismissals[0].Reason != "" {
		t.Errorf("without its key: %+v", dismissals)
	}
	evidence, err := db.Evidence(ctx, w.scope, v.ID, 1)
	must(t, err)
	if len(evidence[verification.StepRead]) != 0 {
		t.Errorf("evidence without its key: %s", evidence[verification.StepRead])
	}
	wantKind(t, "writing under a destroyed key", db.SaveEvidence(ctx, w.scope, v.ID, 1, verification.StepMatch, v.Output, now), fault.NotFound, "")
	_, err = db.DataKey(ctx, owner, true)
	wantKind(t, "a new key for an erased owner", err, fault.NotFound, "")
	owner.ID = newID()
	must(t, db.DestroyDataKeys(ctx, []vault.Owner{owner}, now))
	wantKind(t, "a result whose key is destroyed", db.InsertResult(ctx, w.scope, verification.Result{ID: owner.ID, Tenancy: w.tenancy(), FolderID: v.FolderID, CreatedAt: now}), fault.Conflict, fault.CodeAlreadyExists)
}

// testSealOlder: what an older version has left open is sealed once, and reads
// as before.
func testSealOlder(t *testing.T, db *store.DB) {
	ctx := t.Context()
	w := newWorld(t, db)
	const secret = "an older version's words"
	v, gone := w.verification(t), w.verification(t)
	face := w.knownFace(t, v, "model 1", "a")
	w.knownFace(t, gone, "model 1", "b")
	dismissal := w.dismissal(v, "old"+v.ID.String(), "E-1")
	must(t, db.InsertDismissal(ctx, w.scope, dismissal))
	must(t, db.InsertDismissal(ctx, w.scope, w.dismissal(gone, "old"+gone.ID.String(), "E-1")))
	for _, statement := range []string{`UPDATE known_faces SET face = $1, sealed = FALSE WHERE organization_id = $2`, `UPDATE dismissals SET reason = $1 WHERE organization_id = $2`} {
		var value any = secret
		if strings.Contains(statement, "face") {
			value = []byte(secret)
		}
		_, err := tables(t, db).ExecContext(ctx, statement, value, w.org.ID.String())
		must(t, err)
	}
	must(t, db.DestroyDataKeys(ctx, []vault.Owner{{Organization: w.org.ID, Group: w.group.ID, ID: gone.ResultID}}, now))
	read := func(when string) {
		t.Helper()
		face.Face, dismissal.Reason = []byte(secret), secret
		gotFace, err := db.KnownFace(ctx, w.scope, v.ID)
		must(t, err)
		same(t, when, gotFace, face)
		dismissals, err := db.Dismissals(ctx, w.scope, dismissal.Subject)
		must(t, err)
		same(t, when, dismissals, []verification.Dismissal{dismissal})
		seen := ""
		must(t, db.EachKnownFace(ctx, w.scope, w.org.ID, "model 1", func(id uuid.UUID, _, face []byte) {
			if id == v.ID {
				seen = string(face)
			}
		}))
		same(t, when+", in a search", seen, secret)
	}
	read("before")
	if n, err := db.SealOlder(ctx); err != nil || n < 4 {
		t.Errorf("sealed %d, %v", n, err)
	}
	read("after")
	content := dump(t, db)
	for _, table := range []string{"known_faces", "dismissals"} {
		if strings.Contains(content[table], secret) || strings.Contains(content[table], fmt.Sprint([]byte(secret))) {
			t.Errorf("the table %s can be read", table)
		}
	}
	if n := count(t, db, `SELECT COUNT(*) FROM dismissals WHERE verification_id = $1`, gone.ID.String()); n != 0 {
		t.Error("a reason is left whose key is destroyed")
	}
	// One that is moved to another verification is no good there.
	_, err := tables(t, db).ExecContext(ctx, `UPDATE known_faces SET face = (SELECT face FROM known_faces WHERE verification_id = $1) WHERE verification_id = $2`, v.ID.String(), gone.ID.String())
	must(t, err)
	if _, err := db.KnownFace(ctx, w.scope, gone.ID); err == nil {
		t.Error("a face was read as another's")
	}
	must(t, db.SaveKnownFace(ctx, w.scope, verification.KnownFace{VerificationID: gone.ID}))
	if n, err := db.SealOlder(ctx); err != nil || n != 0 {
		t.Errorf("sealed once more: %d, %v", n, err)
	}
}

// testResealFaces: a change of the master key reaches every face.
func testResealFaces(t *testing.T, db *store.DB) {
	ctx := t.Context()
	w := newWorld(t, db)
	v, other := w.verification(t), w.verification(t)
	face := w.knownFace(t, v, "model 1", "a")
	w.knownFace(t, other, "model 1", "b")
	raw := func() (kept []byte) {
		must(t, tables(t, db).QueryRowContext(ctx, `SELECT face FROM known_faces WHERE verification_id = $1`, v.ID.String()).Scan(&kept))
		return kept
	}
	before, seen := raw(), map[string]int{}
	for after := ""; ; {
		last, n, err := db.ResealFaces(ctx, after, 1, func(where string, sealed []byte) ([]byte, error) {
			seen[where]++
			if where == "known_faces.face "+v.ID.String() {
				return []byte("new"), nil
			}
			return sealed, nil
		})
		must(t, err)
		if n == 0 {
			break
		}
		after = last
	}
	if seen["known_faces.face "+v.ID.String()] != 1 || seen["known_faces.face "+other.ID.String()] != 1 || string(raw()) != "new" {
		t.Errorf("resealed %v as %q", seen, raw())
	}
	_, err := tables(t, db).ExecContext(ctx, `UPDATE known_faces SET face = $1 WHERE verification_id = $2`, before, v.ID.String())
	must(t, err)
	got, err := db.KnownFace(ctx, w.scope, v.ID)
	must(t, err)
	same(t, "as it was", got, face)
}

// testDataKeys: a key is made once, is one tenant's, and can be wrapped anew.
func testDataKeys(t *testing.T, db *store.DB) {
	ctx := t.Context()
	w := newWorld(t, db)
	o := vault.Owner{Organization: w.org.ID, Group: w.group.ID, ID: newID()}
	_, err := db.DataKey(ctx, o, false)
	wantKind(t, "before it is made", err, fault.NotFound, "")
	first, err := db.DataKey(ctx, o, true)
	must(t, err)
	again, err := db.DataKey(ctx, o, true)
	must(t, err)
	same(t, "asked for again", again, first)
	stranger := o
	stranger.Organization, stranger.Group = newWorld(t, db).org.ID, newWorld(t, db).group.ID
	if _, err := db.DataKey(ctx, stranger, false); !fault.Is(err, fault.NotFound) {
		t.Errorf("for a stranger: %v", err)
	}
	var wrapped int
	for after := ""; ; {
		last, n, err := db.RewrapDataKeys(ctx, after, 2, func(owner string, w []byte) ([]byte, error) {
			if owner == o.ID.String() {
				wrapped++
				return []byte("new"), nil
			}
			return w, nil
		})
		must(t, err)
		if n == 0 {
			break
		}
		after = last
	}
	if again, err = db.DataKey(ctx, o, false); err != nil || wrapped != 1 || string(again) != "new" {
		t.Errorf("wrapped anew %d times as %q, %v", wrapped, again, err)
	}
}
