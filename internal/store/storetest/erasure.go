package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/store"
	"anycheck/internal/tenant"
	"anycheck/internal/vault"
	"anycheck/internal/verification"
)

func testErasure(t *testing.T, db *store.DB) {
	ctx := t.Context()
	w := newWorld(t, db)
	folder := w.folder(t, "F", now)
	up := w.upload(t)
	path := up.Files[0].Path
	with := func(path string) verification.Verification {
		v := w.draft(w.result(t, folder.ID, now), now)
		v.Consent = &verification.Consent{Text: "I agree", Version: "1", GivenAt: now}
		v.Status, v.Config.Files = verification.Completed, map[string][]string{"ktp_file": {path}}
		must(t, db.InsertVerification(ctx, w.scope, v, nil))
		must(t, db.SaveEvidence(ctx, w.scope, v.ID, 1, verification.StepRead, json.RawMessage(`1`), now))
		must(t, db.SaveSubject(ctx, w.scope, v.ID, []byte("somebody "+w.org.ID.String())))
		w.watch(t, v, v.ID.String())
		w.delivery(t, v, 1)
		return v
	}
	one, two := with(path), with(path)
	found, err := db.ResultsOf(ctx, w.scope, []byte("somebody "+w.org.ID.String()))
	must(t, err)
	same(t, "results of the person", len(found), 2)

	// The first of two that use a file leaves it.
	tomb := verification.Tombstone{ResultID: one.ResultID, Tenancy: one.Tenancy, FolderID: folder.ID, Reason: verification.SubjectRequest, Actor: "a@example.org", At: now,
		Verifications: 1, Commitments: verification.Commitments{NIKs: []string{"aa"}, Files: []string{"bb"}}, Files: []string{path}}
	must(t, db.EraseResult(ctx, w.scope, tomb))
	wantKind(t, "erased twice", db.EraseResult(ctx, w.scope, tomb), fault.Conflict, fault.CodeAlreadyExists)
	got, err := db.Tombstone(ctx, w.scope, one.ResultID)
	must(t, err)
	tomb.Files = []string{}
	same(t, "tombstone", got, tomb)
	if !w.there(t, path) {
		t.Error("the file that another result uses is gone")
	}
	_, err = db.Verification(ctx, w.scope, one.ID)
	wantKind(t, "its verification", err, fault.NotFound, "")
	_, _, err = db.Verifications(ctx, w.scope, one.ResultID, verification.Page{Size: 10})
	wantKind(t, "its list", err, fault.NotFound, "")
	_, err = db.Watched(ctx, w.scope, one.ID)
	wantKind(t, "who was watched", err, fault.NotFound, "")
	_, err = db.DataKey(ctx, vault.Owner{Organization: w.org.ID, Group: w.group.ID, ID: one.ResultID}, true)
	wantKind(t, "its key", err, fault.NotFound, "")
	found, err = db.ResultsOf(ctx, w.scope, []byte("somebody "+w.org.ID.String()))
	must(t, err)
	same(t, "results of the person", len(found), 1)
	if n := count(t, db, `SELECT COUNT(*) FROM deliveries WHERE verification_id = $1`, one.ID.String()); n != 0 {
		t.Errorf("%d webhooks are left", n)
	}
	if n := count(t, db, `SELECT COUNT(*) FROM verifications WHERE id = $1 AND consent IS NULL`, one.ID.String()); n != 1 {
		t.Error("the consent is left")
	}
	if _, err := db.Verification(ctx, w.scope, two.ID); err != nil {
		t.Errorf("another result: %v", err)
	}

	// The second takes it along.
	tomb.ResultID, tomb.Files = two.ResultID, []string{path}
	must(t, db.EraseResult(ctx, w.scope, tomb))
	got, err = db.Tombstone(ctx, w.scope, two.ResultID)
	must(t, err)
	same(t, "files to delete", got.Files, []string{path})
	if w.there(t, path) {
		t.Error("the file is there")
	}
	must(t, db.FilesDeleted(ctx, w.scope, two.ResultID))
	got, err = db.Tombstone(ctx, w.scope, two.ResultID)
	must(t, err)
	same(t, "files to delete", got.Files, []string(nil))
}

func testRetention(t *testing.T, db *store.DB) {
	ctx := t.Context()
	w := newWorld(t, db)
	folder := w.folder(t, "F", now)
	old, young, running := w.result(t, folder.ID, now.AddDate(0, 0, -40)), w.result(t, folder.ID, now.AddDate(0, 0, -20)), w.result(t, folder.ID, now.AddDate(0, 0, -50))
	v := w.draft(running, now)
	v.Status = verification.InProgress
	must(t, db.InsertVerification(ctx, w.scope, v, nil))
	expired := func(class verification.DataClass) []verification.Expiry {
		t.Helper()
		list, err := db.Expired(ctx, w.scope, class, now, verification.Expiry{}, 10)
		must(t, err)
		return list
	}
	same(t, "without a limit", expired(verification.ResultData), []verification.Expiry(nil))
	must(t, db.SetRetention(ctx, w.scope, w.group.ID, verification.ResultData, 30))
	must(t, db.SetRetention(ctx, w.scope, w.group.ID, verification.FileData, 7))
	must(t, db.SetRetention(ctx, w.scope, w.group.ID, verification.FileData, 10))
	days, err := db.Retention(ctx, w.scope, w.group.ID)
	must(t, err)
	same(t, "days", days, map[verification.DataClass]int{verification.ResultData: 30, verification.FileData: 10})
	first := verification.Expiry{ResultID: old.ID, Tenancy: old.Tenancy, CreatedAt: old.CreatedAt, Days: 30}
	same(t, "after 30 days", expired(verification.ResultData), []verification.Expiry{first})
	own, err := db.ForgetFiles(ctx, w.scope, old.ID, nil, now)
	must(t, err)
	same(t, "files of a result without any", own, []string(nil))
	same(t, "pictures after 10 days", expired(verification.FileData), []verification.Expiry{{ResultID: young.ID, Tenancy: young.Tenancy, CreatedAt: young.CreatedAt, Days: 10}})
	must(t, db.EraseResult(ctx, w.scope, verification.Tombstone{ResultID: old.ID, Tenancy: old.Tenancy, At: now, Reason: verification.RetentionEnded}))
	same(t, "once erased", expired(verification.ResultData), []verification.Expiry(nil))
	must(t, db.SetRetention(ctx, w.scope, w.group.ID, verification.FileData, 0))
	same(t, "without a limit again", expired(verification.FileData), []verification.Expiry(nil))
	must(t, db.SetRetention(ctx, w.scope, w.group.ID, verification.ResultData, 1))
	v.Status = verification.Failed
	must(t, db.UpdateVerification(ctx, w.scope, verification.Mark{Status: verification.InProgress, Attempt: v.Attempt}, v, nil))

	// Page by page, through all groups, also where many are of one time.
	other := *w
	other.group, other.user = w.addGroup(t, "Other")
	other.scope = tenant.WithinGroup(w.org.ID, other.group.ID)
	must(t, db.SetRetention(ctx, other.scope, other.group.ID, verification.ResultData, 1))
	want := []uuid.UUID{running.ID, young.ID}
	for range 2 {
		want = append(want, w.result(t, folder.ID, now.AddDate(0, 0, -3)).ID)
	}
	for range 3 {
		want = append(want, other.result(t, other.folder(t, "F", now).ID, now.AddDate(0, 0, -90)).ID)
	}
	for size := 1; size <= 3; size++ {
		var got []uuid.UUID
		for after := (verification.Expiry{}); ; {
			page, err := db.Expired(ctx, tenant.WithinOrganization(w.org.ID), verification.ResultData, now, after, size)
			must(t, err)
			if len(page) == 0 || len(page) > size {
				break
			}
			for _, after = range page {
				got = append(got, after.ResultID)
			}
		}
		same(t, fmt.Sprintf("%d at a time", size), got, want)
	}
}

// testEraseOrJoin: a verification joins a result before it is erased, and is
// seen, or after, and is refused.
func testEraseOrJoin(t *testing.T, db *store.DB) {
	ctx := t.Context()
	w := newWorld(t, db)
	folder := w.folder(t, "F", now)
	for range 30 {
		r := w.result(t, folder.ID, now)
		seen, joined := make(chan int, 1), make(chan error, 1)
		go func() {
			n := 0
			err := db.InTx(ctx, func(ctx context.Context, tx verification.Store) error {
				if err := tx.LockResult(ctx, w.scope, r.ID); err != nil {
					return err
				}
				list, _, err := tx.Verifications(ctx, w.scope, r.ID, verification.Page{Size: 10})
				if err != nil {
					return err
				}
				n = len(list)
				return tx.EraseResult(ctx, w.scope, verification.Tombstone{ResultID: r.ID, Tenancy: w.tenancy(), At: now})
			})
			if err != nil {
				t.Errorf("erase: %v", err)
			}
			seen <- n
		}()
		go func() {
			joined <- db.InTx(ctx, func(ctx context.Context, tx verification.Store) error {
				if err := tx.JoinResult(ctx, w.scope, r.ID); err != nil {
					return err
				}
				return tx.InsertVerification(ctx, w.scope, w.draft(r, now), nil)
			})
		}()
		n, err := <-seen, <-joined
		if n == 1 && err != nil || n == 0 && !fault.Is(err, fault.NotFound) {
			t.Fatalf("%d seen, and it joined with %v", n, err)
		}
		wantKind(t, "erased once more", db.LockResult(ctx, w.scope, r.ID), fault.NotFound, "")
	}
}
