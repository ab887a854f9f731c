package storetest

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/ktp"
	"anycheck/internal/ledger"
	"anycheck/internal/store"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

func (w *world) review(v verification.Verification, at time.Time) verification.Review {
	to := "SITI"
	return verification.Review{ID: newID(), Tenancy: v.Tenancy, VerificationID: v.ID, Attempt: 1, Decision: verification.DecideApprove, Reason: "looked at it", Closed: true,
		Fields: map[ktp.Field]verification.FieldChange{ktp.Name: {To: &to}}, ReviewerID: w.user.ID, Reviewer: w.user.Email,
		StatusBefore: verification.NeedReview, StatusAfter: verification.Completed, VerdictAfter: verification.Verified, CreatedAt: at}
}

func (w *world) reveal(v verification.Verification, at time.Time) verification.Reveal {
	return verification.Reveal{ID: newID(), Tenancy: v.Tenancy, VerificationID: v.ID, Field: "nik", Reason: "the customer called", Actor: w.user.Email, At: at}
}

func testReveals(t *testing.T, db *store.DB) {
	ctx := t.Context()
	w := newWorld(t, db)
	v := w.verification(t)
	second, first := w.reveal(v, now.Add(time.Second)), w.reveal(v, now)
	must(t, db.InsertReveal(ctx, w.scope, second))
	must(t, db.InsertReveal(ctx, w.scope, first))
	must(t, db.InsertReveal(ctx, w.scope, w.reveal(w.verification(t), now)))
	list, err := db.Reveals(ctx, w.scope, v.ID)
	must(t, err)
	same(t, "reveals", list, []verification.Reveal{first, second})
	if strings.Contains(dump(t, db)["reveals"], first.Reason) {
		t.Error("a reason can be read in the table")
	}
	must(t, db.EraseResult(ctx, w.scope, verification.Tombstone{ResultID: v.ResultID, Tenancy: v.Tenancy, At: now}))
	if n := count(t, db, `SELECT COUNT(*) FROM reveals WHERE verification_id = $1`, v.ID.String()); n != 0 {
		t.Errorf("%d reveals of an erased result are left", n)
	}
	wantKind(t, "a reveal of it", db.InsertReveal(ctx, w.scope, first), fault.NotFound, "")
}

func testDrafts(t *testing.T, db *store.DB) {
	ctx := t.Context()
	w := newWorld(t, db)
	v := w.verification(t)
	draft := verification.Mark{Status: verification.Draft, Attempt: 1}
	changed := v
	changed.ServiceID, changed.ServiceName, changed.InputConfig = newID(), "Another", json.RawMessage(`{"b":2}`)
	changed.Config = verification.Configuration{Type: verification.KTPPEP, Files: map[string][]string{"ktp_file": {"files/y"}}}
	changed.TotalFiles, changed.TotalPages, changed.CreditCost, changed.UpdatedAt = 3, 4, 5, now.Add(time.Second)
	changed.WebhookURL, changed.WebhookMetadata, changed.WebhookSecret = "https://example.org", json.RawMessage(`{"c":3}`), "secret"
	changed.Consent = &verification.Consent{Text: "I agree", Version: "1", GivenAt: now}
	must(t, db.UpdateInput(ctx, w.scope, draft, changed))
	got, err := db.Verification(ctx, w.scope, v.ID)
	must(t, err)
	same(t, "changed", got, changed)

	changed.Status = verification.InQueue
	must(t, db.UpdateVerification(ctx, w.scope, draft, changed, nil))
	wantKind(t, "no longer a draft", db.UpdateInput(ctx, w.scope, draft, v), fault.Conflict, "")
	absent := v
	absent.ID = newID()
	wantKind(t, "no such draft", db.UpdateInput(ctx, w.scope, draft, absent), fault.NotFound, "")
}

// Each of several transactions that lock a row sees what the one before left.
func testLock(t *testing.T, db *store.DB) {
	w := newWorld(t, db)
	v := w.verification(t)
	const n = 8
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			err := db.InTx(t.Context(), func(ctx context.Context, tx verification.Store) error {
				v, err := tx.LockVerification(ctx, w.scope, v.ID)
				if err != nil {
					return err
				}
				v.Runs++
				return tx.UpdateVerification(ctx, w.scope, verification.Mark{Status: v.Status, Attempt: v.Attempt}, v, nil)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	got, err := db.Verification(t.Context(), w.scope, v.ID)
	must(t, err)
	same(t, "runs", got.Runs, n)
	_, err = db.LockVerification(t.Context(), w.scope, newID())
	wantKind(t, "no such row", err, fault.NotFound, "")
}

func testAttempts(t *testing.T, db *store.DB) {
	ctx := t.Context()
	w := newWorld(t, db)
	v := w.verification(t)
	list, err := db.Attempts(ctx, w.scope, v.ID)
	must(t, err)
	same(t, "none", list, []verification.Attempt(nil))
	start, end, retried := now, now.Add(time.Second), now.Add(time.Minute)
	first := verification.Attempt{Number: 1, Status: verification.Completed, StartDate: &start, EndDate: &end, Output: json.RawMessage(`{"a": 1}`), OutputStatus: verification.Verified,
		Checks: []verification.Check{{Name: "nik", Outcome: verification.Pass}}, OutputPath: "files/o", ExportPath: "files/x", OCRJobIDs: []uuid.UUID{newID()}, FraudJobIDs: []uuid.UUID{newID()},
		RetriedAt: &retried, RetriedBy: "a@example.org"}
	second := verification.Attempt{Number: 2, Status: verification.Failed, Failure: &verification.Failure{ErrorCode: fault.CodeInternal, Message: "m", Retryable: true}, RetriedAt: &retried, RetriedBy: "b"}
	must(t, db.InsertAttempt(ctx, w.scope, v.ID, second))
	must(t, db.InsertAttempt(ctx, w.scope, v.ID, first))
	list, err = db.Attempts(ctx, w.scope, v.ID)
	must(t, err)
	same(t, "two", list, []verification.Attempt{first, second})
	wantKind(t, "one twice", db.InsertAttempt(ctx, w.scope, v.ID, first), fault.Conflict, fault.CodeAlreadyExists)
	must(t, db.InsertReview(ctx, w.scope, w.review(v, now)))

	// They go with their verification.
	_, err = tables(t, db).ExecContext(ctx, `DELETE FROM verifications WHERE id = $1`, v.ID)
	must(t, err)
	same(t, "of an erased one", count(t, db, `SELECT (SELECT COUNT(*) FROM attempts WHERE verification_id = $1) + (SELECT COUNT(*) FROM reviews WHERE verification_id = $1)`, v.ID), 0)
}

func testReviews(t *testing.T, db *store.DB) {
	ctx := t.Context()
	w := newWorld(t, db)
	v := w.verification(t)
	first, second := w.review(v, now), w.review(v, now.Add(time.Second))
	second.Decision, second.Fields, second.Closed, second.VerdictAfter = verification.DecideReopen, nil, false, ""
	must(t, db.InsertReview(ctx, w.scope, second))
	must(t, db.InsertReview(ctx, w.scope, first))
	list, err := db.Reviews(ctx, w.scope, v.ID)
	must(t, err)
	same(t, "oldest first", list, []verification.Review{first, second})
	none, err := db.Reviews(ctx, w.scope, newID())
	must(t, err)
	same(t, "of another", none, []verification.Review(nil))
}

func testReviewSettings(t *testing.T, db *store.DB) {
	ctx := t.Context()
	w := newWorld(t, db)
	got, err := db.ReviewSettings(ctx, w.scope, w.group.ID)
	must(t, err)
	same(t, "default", got, verification.DefaultReviewSettings())
	for _, s := range []verification.ReviewSettings{
		{APIKey: verification.ReviewAlways, Dashboard: verification.ReviewNever, FourEyes: true, UpdatedAt: now, UpdatedBy: "a"},
		{APIKey: verification.ReviewNever, Dashboard: verification.ReviewOnInconclusive, UpdatedAt: now.Add(time.Second), UpdatedBy: "b"},
	} {
		must(t, db.SaveReviewSettings(ctx, w.scope, w.group.ID, s))
		got, err := db.ReviewSettings(ctx, w.scope, w.group.ID)
		must(t, err)
		same(t, "kept", got, s)
	}
	_, err = db.ReviewSettings(ctx, tenant.Everything(), newID())
	wantKind(t, "an unknown group", err, fault.NotFound, "")
	wantKind(t, "of an unknown group", db.SaveReviewSettings(ctx, tenant.Everything(), newID(), got), fault.NotFound, "")
}

func testFindResults(t *testing.T, db *store.DB) {
	ctx := t.Context()
	w := newWorld(t, db)
	a, b := w.folder(t, "A", now), w.folder(t, "B", now)
	empty, one, other := w.result(t, a.ID, now), w.result(t, a.ID, now.Add(time.Second)), w.result(t, b.ID, now.Add(2*time.Second))
	for _, m := range []struct {
		r verification.Result
		s verification.Status
	}{{one, verification.Completed}, {one, verification.Completed}, {one, verification.Failed}, {other, verification.Completed}} {
		v := w.draft(m.r, now)
		v.Status = m.s
		must(t, db.InsertVerification(ctx, w.scope, v, nil))
	}
	for _, tt := range []struct {
		name string
		f    verification.ResultFilter
		p    verification.Page
		want []verification.Result
		n    int
	}{
		{"all", verification.ResultFilter{}, verification.Page{Size: 10}, []verification.Result{other, one, empty}, 3},
		{"a page", verification.ResultFilter{}, verification.Page{Offset: 1, Size: 1}, []verification.Result{one}, 3},
		{"beyond the end", verification.ResultFilter{}, verification.Page{Offset: 9, Size: 1}, nil, 3},
		{"of a folder", verification.ResultFilter{Folder: a.ID}, verification.Page{Size: 10}, []verification.Result{one, empty}, 2},
		{"with a status", verification.ResultFilter{Status: verification.Failed}, verification.Page{Size: 10}, []verification.Result{one}, 1},
		{"of a folder with a status", verification.ResultFilter{Folder: b.ID, Status: verification.Completed}, verification.Page{Size: 10}, []verification.Result{other}, 1},
		{"none", verification.ResultFilter{Status: verification.Draft}, verification.Page{Size: 10}, nil, 0},
	} {
		got, n, err := db.FindResults(ctx, w.scope, tt.f, tt.p)
		must(t, err)
		same(t, tt.name, got, tt.want)
		same(t, tt.name+": total", n, tt.n)
	}
	got, err := db.MemberStatuses(ctx, w.scope, []uuid.UUID{empty.ID, one.ID, other.ID})
	must(t, err)
	same(t, "members", got, map[uuid.UUID][]verification.Status{one.ID: {verification.Completed, verification.Failed}, other.ID: {verification.Completed}})
	got, err = db.MemberStatuses(ctx, w.scope, nil)
	must(t, err)
	same(t, "of none", len(got), 0)
}

func testReserved(t *testing.T, db *store.DB) {
	ctx := t.Context()
	w := newWorld(t, db)
	v := w.verification(t)
	w.topUp(t, 100)
	for _, step := range []struct {
		kind    ledger.Kind
		attempt int
		want    bool
	}{{"", 1, false}, {ledger.Reserve, 1, true}, {ledger.Settle, 1, false}, {"", 2, false}, {ledger.Reserve, 2, true}, {ledger.Release, 2, false}} {
		if step.kind != "" {
			must(t, db.AppendEntry(ctx, w.scope, ledger.Entry{ID: newID(), GroupID: w.group.ID, VerificationID: &v.ID, Attempt: step.attempt, Kind: step.kind, Credits: 10, CreatedAt: now}))
		}
		got, err := db.Reserved(ctx, w.scope, v.ID, step.attempt)
		must(t, err)
		same(t, string(step.kind), got, step.want)
	}
}
