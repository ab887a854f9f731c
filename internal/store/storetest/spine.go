package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/ledger"
	"anycheck/internal/store"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

func testFolders(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	var all []verification.Folder
	for i, name := range []string{"Nasabah Ünal", "100%", "a_b", "axb"} {
		all = append(all, w.folder(t, name, now.Add(time.Duration(i)*time.Second)))
	}
	got, err := db.Folder(ctx, w.scope, all[0].ID)
	must(t, err)
	same(t, "folder", got, all[0])
	plain := all[0]
	plain.GroupName = ""
	got, err = db.PlainFolder(ctx, w.scope, all[0].ID)
	must(t, err)
	same(t, "plain folder", got, plain)

	for _, tt := range []struct {
		search string
		page   verification.Page
		want   []string
		total  int
	}{
		{"", verification.Page{Size: 10}, []string{"axb", "a_b", "100%", "Nasabah Ünal"}, 4},
		{"", verification.Page{Offset: 1, Size: 2}, []string{"a_b", "100%"}, 4},
		{"", verification.Page{Offset: 9, Size: 2}, nil, 4},
		{"nasabah ü", verification.Page{Size: 10}, []string{"Nasabah Ünal"}, 1},
		{"ÜNAL", verification.Page{Size: 10}, []string{"Nasabah Ünal"}, 1},
		{"%", verification.Page{Size: 10}, []string{"100%"}, 1},
		{"A_B", verification.Page{Size: 10}, []string{"a_b"}, 1},
		{"!", verification.Page{Size: 10}, nil, 0},
	} {
		list, total, err := db.Folders(ctx, w.scope, w.group.ID, tt.search, tt.page)
		must(t, err)
		var names []string
		for _, f := range list {
			names = append(names, f.Name)
		}
		if !slices.Equal(names, tt.want) || total != tt.total {
			t.Errorf("Folders(%q, %+v) = %q of %d, want %q of %d", tt.search, tt.page, names, total, tt.want, tt.total)
		}
	}
	_, _, err = db.Folders(ctx, w.scope, newID(), "", verification.Page{Size: 1})
	wantKind(t, "folders of an unknown group", err, fault.NotFound, "")

	// Two services in three verifications of two results.
	r1, r2 := w.result(t, all[0].ID, now), w.result(t, all[0].ID, now)
	w.verificationIn(t, r1, now)
	w.verificationIn(t, r1, now)
	v := w.draft(r2, now)
	v.ServiceID = newID()
	must(t, db.InsertVerification(ctx, w.scope, v, nil))

	changed := all[0]
	changed.Name, changed.IsStarred, changed.UpdatedAt, changed.UpdatedBy = "Neu ÄÖ", true, now.Add(time.Hour), "b@example.org"
	must(t, db.UpdateFolder(ctx, w.scope, changed))
	changed.TotalService, changed.TotalResult = 2, 2
	got, err = db.Folder(ctx, w.scope, changed.ID)
	must(t, err)
	same(t, "folder after the update", got, changed)
	if _, total, _ := db.Folders(ctx, w.scope, w.group.ID, "äö", verification.Page{Size: 1}); total != 1 {
		t.Errorf("the search does not know the new name")
	}

	wantKind(t, "delete of a folder with results", db.DeleteFolder(ctx, w.scope, changed.ID), fault.Conflict, fault.CodeInvalidState)
	must(t, db.DeleteFolder(ctx, w.scope, all[1].ID))
	_, err = db.Folder(ctx, w.scope, all[1].ID)
	wantKind(t, "the deleted folder", err, fault.NotFound, "")
	wantKind(t, "delete again", db.DeleteFolder(ctx, w.scope, all[1].ID), fault.NotFound, "")
	wantKind(t, "update of a deleted folder", db.UpdateFolder(ctx, w.scope, all[1]), fault.NotFound, "")
}

func (w *world) upload(t *testing.T) verification.Upload {
	t.Helper()
	u := verification.Upload{ID: newID(), Tenancy: w.tenancy(), UserID: w.user.ID, Category: verification.InputFile, CreatedAt: now}
	for i := range 2 {
		u.Files = append(u.Files, verification.File{Path: fmt.Sprintf("files/%s/%d", u.ID, i), Category: u.Category, MediaType: "image/jpeg",
			Bytes: 5 << 30, SHA256: "ab", Pages: i + 1})
	}
	must(t, w.db.InsertUpload(t.Context(), w.scope, u))
	return u
}

func testFiles(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	u := w.upload(t)
	got, err := db.Files(ctx, w.scope, u.Files[1].Path, "files/none", u.Files[0].Path)
	must(t, err)
	same(t, "files", got, map[string]verification.File{u.Files[0].Path: u.Files[0], u.Files[1].Path: u.Files[1]})
	got, err = db.Files(ctx, w.scope)
	must(t, err)
	if len(got) != 0 {
		t.Errorf("no paths found %v", got)
	}

	again := u
	again.ID = newID()
	again.Files = []verification.File{{Path: "files/" + again.ID.String(), Category: u.Category}, u.Files[1]}
	wantKind(t, "a path that is taken", db.InsertUpload(ctx, w.scope, again), fault.Conflict, fault.CodeAlreadyExists)
	if w.there(t, again.Files[0].Path) {
		t.Error("the other file of the refused upload is there")
	}
}

func testResults(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	f, other := w.folder(t, "F", now), w.folder(t, "Other", now)
	w.result(t, other.ID, now)
	var want []verification.Result
	for i := range 3 {
		want = append([]verification.Result{w.result(t, f.ID, now.Add(time.Duration(i)))}, want...) // same time: the newer id first
	}
	got, total, err := db.Results(ctx, w.scope, f.ID, verification.Page{Offset: 1, Size: 5})
	must(t, err)
	for i := range want {
		want[i].CreatedAt = want[i].CreatedAt.Truncate(time.Microsecond)
	}
	same(t, "results", got, want[1:])
	if total != 3 {
		t.Errorf("total = %d, want 3", total)
	}
	one, err := db.Result(ctx, w.scope, want[0].ID)
	must(t, err)
	same(t, "result", one, want[0])
	wantKind(t, "a result in an unknown folder", db.InsertResult(ctx, w.scope, verification.Result{ID: newID(), Tenancy: w.tenancy(), FolderID: newID(), CreatedAt: now}), fault.NotFound, "")
}

func testVerifications(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	r := w.result(t, w.folder(t, "F", now).ID, now)
	later := now.Add(time.Minute)

	full := w.draft(r, now.Add(2*time.Second))
	full.APIKey = &verification.KeyRef{ID: newID(), Name: "key", Prefix: "ack_x"}
	full.Status, full.Attempt, full.Runs, full.StartDate, full.EndDate = verification.Completed, 3, 2, &now, &later
	full.Config.FraudDetection = true
	full.TotalFiles, full.TotalPages = 2, 7
	full.Output, full.OutputStatus = json.RawMessage(`{"x":  1.50}`), verification.Verified
	full.Checks = []verification.Check{{Name: "nik", Outcome: verification.Pass, Blocking: true}}
	full.OutputPath, full.ExportPath = "out", "export"
	full.Failure = &verification.Failure{ErrorCode: fault.CodeInternal, Message: "m", Retryable: true}
	full.OCRJobIDs, full.FraudJobIDs = []uuid.UUID{newID(), newID()}, []uuid.UUID{newID()}
	full.WebhookURL, full.WebhookMetadata, full.WebhookSecret = "https://example.org", json.RawMessage(`{"k": "v"}`), "s"
	full.CreditCost, full.CreditUsed = 11, 22
	full.Consent = &verification.Consent{Text: "I agree", Version: "1", GivenAt: now}
	must(t, db.InsertVerification(ctx, w.scope, full, nil))
	got, err := db.Verification(ctx, w.scope, full.ID)
	must(t, err)
	same(t, "a full verification", got, full)

	bare := w.verificationIn(t, r, now)
	got, err = db.Verification(ctx, w.scope, bare.ID)
	must(t, err)
	same(t, "a bare verification", got, bare)
	queued := w.draft(r, now.Add(time.Second))
	queued.Status = verification.InQueue
	must(t, db.InsertVerification(ctx, w.scope, queued, nil))

	list, members, err := db.Verifications(ctx, w.scope, r.ID, verification.Page{Offset: 1, Size: 1})
	must(t, err)
	same(t, "a page", list, []verification.Verification{queued})
	same(t, "members", members, []verification.Status{verification.Draft, verification.InQueue, verification.Completed})
	_, _, err = db.Verifications(ctx, w.scope, newID(), verification.Page{Size: 1})
	wantKind(t, "verifications of an unknown result", err, fault.NotFound, "")
	_, err = db.Verification(ctx, w.scope, newID())
	wantKind(t, "an unknown verification", err, fault.NotFound, "")

	lost := w.draft(r, now)
	lost.FolderID = w.folder(t, "Other", now).ID
	wantKind(t, "a result of another folder", db.InsertVerification(ctx, w.scope, lost, nil), fault.NotFound, "")
	wantKind(t, "the same id twice", db.InsertVerification(ctx, w.scope, bare, nil), fault.Conflict, fault.CodeAlreadyExists)
}

func testUpdateVerification(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	before := w.verification(t)
	later := now.Add(time.Minute)
	v := before
	v.Status, v.Attempt, v.Runs, v.StartDate, v.EndDate = verification.Failed, 2, 5, &now, &later
	v.Output, v.OutputStatus, v.Checks = json.RawMessage(`[ ]`), verification.NotVerified, []verification.Check{{Name: "c", Outcome: verification.Skipped}}
	v.OutputPath, v.ExportPath, v.Failure = "o", "e", &verification.Failure{Message: "m"}
	v.OCRJobIDs, v.FraudJobIDs = []uuid.UUID{newID()}, []uuid.UUID{newID()}
	v.CreditCost, v.CreditUsed, v.UpdatedAt = 3, 4, later

	for _, wrong := range []verification.Mark{{Status: verification.InQueue, Attempt: 1}, {Status: verification.Draft, Attempt: 2}} {
		wantKind(t, fmt.Sprintf("update from %+v", wrong), db.UpdateVerification(ctx, w.scope, wrong, v, nil), fault.Conflict, fault.CodeInvalidState)
	}
	got, err := db.Verification(ctx, w.scope, v.ID)
	must(t, err)
	same(t, "after refused updates", got, before)

	must(t, db.UpdateVerification(ctx, w.scope, verification.Mark{Status: verification.Draft, Attempt: 1}, v, nil))
	got, err = db.Verification(ctx, w.scope, v.ID)
	must(t, err)
	same(t, "after the update", got, v)

	// What is not mutable stays.
	w2 := v
	w2.ServiceName, w2.WebhookURL, w2.CreatedAt, w2.Status = "other", "other", later, verification.InQueue
	must(t, db.UpdateVerification(ctx, w.scope, verification.Mark{Status: verification.Failed, Attempt: 2}, w2, nil))
	got, err = db.Verification(ctx, w.scope, v.ID)
	must(t, err)
	v.Status = verification.InQueue
	same(t, "the constant fields", got, v)

	v.ID = newID()
	wantKind(t, "an unknown verification", db.UpdateVerification(ctx, w.scope, verification.Mark{Status: verification.InQueue, Attempt: 2}, v, nil), fault.NotFound, "")
}

// testTwoWorkers: of many that start one verification, one wins.
func testTwoWorkers(t *testing.T, db *store.DB) {
	w := newWorld(t, db)
	v := w.verification(t)
	const workers = 8
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			errs[i] = db.InTx(t.Context(), func(ctx context.Context, tx verification.Store) error {
				mine, err := tx.Verification(ctx, w.scope, v.ID)
				if err != nil {
					return err
				}
				mine.Status, mine.Runs = verification.InProgress, mine.Runs+1
				return tx.UpdateVerification(ctx, w.scope, verification.Mark{Status: verification.Draft, Attempt: 1}, mine,
					&verification.Event{ID: newID(), VerificationID: v.ID, From: verification.Draft, To: verification.InProgress, At: now})
			})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		wantKind(t, "a loser", err, fault.Conflict, fault.CodeInvalidState)
	}
	got, err := db.Verification(t.Context(), w.scope, v.ID)
	must(t, err)
	events, err := db.Events(t.Context(), w.scope, v.ID)
	must(t, err)
	if won != 1 || got.Runs != 1 || len(events) != 1 {
		t.Errorf("%d won, %d runs, %d events; want 1 of each", won, got.Runs, len(events))
	}
}

func testEvents(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	v := w.draft(w.result(t, w.folder(t, "F", now).ID, now), now)
	var want []verification.Event
	for i := range 3 {
		e := verification.Event{ID: newID(), VerificationID: v.ID, Kind: verification.StatusChanged, From: verification.Draft, To: verification.InQueue, Attempt: 1 + i, Actor: "a@example.org", At: now}
		if i == 0 {
			must(t, db.InsertVerification(ctx, w.scope, v, &e))
		} else {
			must(t, happen(ctx, db, w.scope, v, &e))
		}
		if e.Sequence != i+1 {
			t.Errorf("event %d has sequence %d", i+1, e.Sequence)
		}
		want = append(want, e)
	}
	got, err := db.Events(ctx, w.scope, v.ID)
	must(t, err)
	same(t, "events", got, want)
	if got, err := db.Events(ctx, w.scope, newID()); err != nil || len(got) != 0 {
		t.Errorf("events of an unknown verification: %v, %v", got, err)
	}
	unknown := w.draft(verification.Result{ID: v.ResultID, FolderID: v.FolderID}, now)
	wantKind(t, "an event of an unknown verification", happen(ctx, db, w.scope, unknown, &verification.Event{At: now}), fault.NotFound, "")
	moved := v
	moved.Status = verification.Failed
	wantKind(t, "an event of one that has changed", happen(ctx, db, w.scope, moved, &verification.Event{At: now}), fault.Conflict, fault.CodeInvalidState)
	unknown.FolderID = newID()
	wantKind(t, "an event of one that cannot be kept", db.InsertVerification(ctx, w.scope, unknown, &verification.Event{ID: newID(), VerificationID: unknown.ID, At: now}), fault.NotFound, "")

	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if err := happen(ctx, db, w.scope, v, &verification.Event{At: now}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got, err = db.Events(ctx, w.scope, v.ID)
	must(t, err)
	for i, e := range got {
		if e.Sequence != i+1 {
			t.Fatalf("event %d has sequence %d", i, e.Sequence)
		}
	}
	if len(got) != 13 {
		t.Errorf("%d events, want 13", len(got))
	}
}

func testUnfinished(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	r := w.result(t, w.folder(t, "F", now).ID, now)
	add := func(s verification.Status, updated time.Time) uuid.UUID {
		v := w.draft(r, now)
		v.Status, v.UpdatedAt = s, updated
		must(t, db.InsertVerification(ctx, w.scope, v, nil))
		return v.ID
	}
	second := add(verification.InProgress, now.Add(-time.Minute))
	first := add(verification.InQueue, now.Add(-time.Hour))
	add(verification.InQueue, now)
	add(verification.Completed, now.Add(-time.Hour))
	add(verification.Draft, now.Add(-time.Hour))
	got, err := db.Unfinished(ctx, w.scope, now, 10)
	must(t, err)
	same(t, "unfinished", got, []uuid.UUID{first, second})
	got, err = db.Unfinished(ctx, w.scope, now, 1)
	must(t, err)
	same(t, "limited", got, []uuid.UUID{first})
}

func (w *world) job(t *testing.T, v verification.Verification) verification.Job {
	t.Helper()
	j := verification.Job{ID: newID(), Tenancy: v.Tenancy, VerificationID: v.ID, Attempt: v.Attempt, Kind: verification.OCRJob, Status: verification.InQueue, CreatedAt: now, UpdatedAt: now}
	must(t, w.begin(t, v, j))
	return j
}

// begin keeps jobs of a verification that stays as it is.
func (w *world) begin(t *testing.T, v verification.Verification, jobs ...verification.Job) error {
	return w.db.UpdateVerification(t.Context(), w.scope, verification.Mark{Status: v.Status, Attempt: v.Attempt}, v, nil, jobs...)
}

func testJobs(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	v := w.verification(t)
	j := w.job(t, v)
	second := j
	second.ID, second.Kind = newID(), verification.FraudJob
	later := j
	later.ID, later.Attempt = newID(), 2
	must(t, w.begin(t, v, second, later))
	second.Steps = []verification.StepRecord{{Name: verification.StepRead, StartedAt: now, EndedAt: now.Add(time.Second)}}
	must(t, db.UpdateJob(ctx, w.scope, second))

	got, err := db.Job(ctx, w.scope, second.ID)
	must(t, err)
	same(t, "job", got, second)
	list, err := db.JobsOf(ctx, w.scope, v.ID, 1)
	must(t, err)
	same(t, "jobs of attempt 1", list, []verification.Job{j, second})

	j.Status, j.Steps, j.UpdatedAt = verification.Completed, second.Steps, now.Add(time.Second)
	must(t, db.UpdateJob(ctx, w.scope, j))
	got, err = db.Job(ctx, w.scope, j.ID)
	must(t, err)
	same(t, "updated job", got, j)
	_, err = db.Job(ctx, w.scope, newID())
	wantKind(t, "an unknown job", err, fault.NotFound, "")
}

func testEvidence(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	v := w.verification(t)
	save := func(attempt int, step verification.StepName, s string) {
		t.Helper()
		must(t, db.SaveEvidence(ctx, w.scope, v.ID, attempt, step, json.RawMessage(s), now))
	}
	save(1, verification.StepIntake, `{"a": 1}`)
	save(1, verification.StepRead, `2`)
	save(1, verification.StepIntake, `"second"`)
	save(2, verification.StepIntake, `3`)
	got, err := db.Evidence(ctx, w.scope, v.ID, 1)
	must(t, err)
	same(t, "evidence", got, map[verification.StepName]json.RawMessage{verification.StepIntake: json.RawMessage(`{"a": 1}`), verification.StepRead: json.RawMessage(`2`)})
	got, err = db.Evidence(ctx, w.scope, v.ID, 3)
	must(t, err)
	same(t, "none", got, map[verification.StepName]json.RawMessage{})
	wantKind(t, "of an unknown verification", db.SaveEvidence(ctx, w.scope, newID(), 1, verification.StepRead, json.RawMessage(`1`), now), fault.NotFound, "")
}

func testCredits(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	v := w.verification(t)
	entry := func(kind ledger.Kind, attempt int, credits int64) error {
		return db.AppendEntry(ctx, w.scope, ledger.Entry{ID: newID(), GroupID: w.group.ID, VerificationID: &v.ID, Attempt: attempt, Kind: kind, Credits: credits, CreatedAt: now, Note: "n"})
	}
	w.topUp(t, 20)
	w.topUp(t, 5)
	for _, step := range []struct {
		what    string
		err     error
		kind    fault.Kind
		code    fault.Code
		balance int64
	}{
		{"more than there is", entry(ledger.Reserve, 1, 26), fault.Exhausted, fault.CodeInsufficientBalance, 25},
		{"less than nothing", entry(ledger.Reserve, 1, -1), fault.Invalid, "", 25},
	} {
		wantKind(t, step.what, step.err, step.kind, step.code)
		if got := w.balance(t); got != step.balance {
			t.Errorf("%s: balance %d, want %d", step.what, got, step.balance)
		}
	}
	move := func(what string, want int64, err error) {
		t.Helper()
		if got := w.balance(t); err != nil || got != want {
			t.Errorf("%s: balance %d (%v), want %d", what, got, err, want)
		}
	}
	move("reserve", 15, entry(ledger.Reserve, 1, 10))
	wantKind(t, "reserve twice", entry(ledger.Reserve, 1, 10), fault.Conflict, "")
	move("after a reserve that was refused", 15, nil)
	move("settle", 15, entry(ledger.Settle, 1, 10))
	move("reserve the next attempt", 0, entry(ledger.Reserve, 2, 15))
	move("release", 15, entry(ledger.Release, 2, 15))
	wantKind(t, "release twice", entry(ledger.Release, 2, 15), fault.Conflict, "")
	move("after a release that was refused", 15, nil)

	// Refused inside a transaction that goes on: nothing of it is left.
	err := db.InTx(ctx, func(ctx context.Context, tx verification.Store) error {
		if err := tx.AppendEntry(ctx, w.scope, ledger.Entry{ID: newID(), GroupID: w.group.ID, VerificationID: &v.ID, Attempt: 1, Kind: ledger.Reserve, Credits: 10, CreatedAt: now}); !fault.Is(err, fault.Conflict) {
			return fmt.Errorf("reserve twice: %w", err)
		}
		if err := tx.AppendEntry(ctx, w.scope, ledger.Entry{ID: newID(), GroupID: w.group.ID, VerificationID: &v.ID, Attempt: 3, Kind: ledger.Reserve, Credits: 16, CreatedAt: now}); !fault.Is(err, fault.Exhausted) {
			return fmt.Errorf("reserve too much: %w", err)
		}
		return nil
	})
	move("after a transaction that went on", 15, err)
	sum := count(t, db, `SELECT CAST(SUM(CASE kind WHEN 'RESERVE' THEN -credits WHEN 'SETTLE' THEN 0 ELSE credits END) AS INTEGER) FROM ledger_entries WHERE group_id = $1`, w.group.ID.String())
	if sum != 15 {
		t.Errorf("the ledger sums to %d, want the balance 15", sum)
	}
	wantKind(t, "an unknown group", db.AppendEntry(ctx, tenant.Everything(), ledger.Entry{ID: newID(), GroupID: newID(), Kind: ledger.TopUp, Credits: 1, CreatedAt: now}), fault.NotFound, "")
}

// testBalanceRace: 50 want one of 20 credits; exactly 20 get one.
func testBalanceRace(t *testing.T, db *store.DB) {
	w := newWorld(t, db)
	r := w.result(t, w.folder(t, "F", now).ID, now)
	const wanted, there = 50, 20
	w.topUp(t, there)
	ids := make([]uuid.UUID, wanted)
	for i := range ids {
		ids[i] = w.verificationIn(t, r, now).ID
	}
	errs := make([]error, wanted)
	var wg sync.WaitGroup
	for i, id := range ids {
		wg.Go(func() {
			errs[i] = db.AppendEntry(t.Context(), w.scope, ledger.Entry{ID: newID(), GroupID: w.group.ID, VerificationID: &id, Attempt: 1, Kind: ledger.Reserve, Credits: 1, CreatedAt: now})
		})
	}
	wg.Wait()
	got := 0
	for _, err := range errs {
		if err == nil {
			got++
			continue
		}
		wantKind(t, "one without a credit", err, fault.Exhausted, fault.CodeInsufficientBalance)
	}
	rows := count(t, db, `SELECT COUNT(*) FROM ledger_entries WHERE group_id = $1 AND kind = 'RESERVE'`, w.group.ID.String())
	if b := w.balance(t); got != there || rows != there || b != 0 {
		t.Errorf("%d reserved, %d entries, balance %d; want %d, %d, 0", got, rows, b, there, there)
	}
}

// testBothWays: transactions that move credits between two groups in both
// directions, the groups in one order; all of them end, and nothing is lost.
func testBothWays(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	other, _ := w.addGroup(t, "Other")
	w.topUp(t, 100)
	must(t, db.AppendEntry(ctx, tenant.Everything(), ledger.Entry{ID: newID(), GroupID: other.ID, Kind: ledger.TopUp, Credits: 100, CreatedAt: now}))
	var wg sync.WaitGroup
	for i := range 12 {
		kinds := []ledger.Kind{ledger.TransferOut, ledger.TransferIn}
		wg.Go(func() {
			err := db.InTx(ctx, func(ctx context.Context, tx verification.Store) error {
				if err := tx.AppendEntry(ctx, tenant.Everything(), ledger.Entry{ID: newID(), GroupID: w.group.ID, Kind: kinds[i%2], Credits: 1, CreatedAt: now}); err != nil {
					return err
				}
				return tx.AppendEntry(ctx, tenant.Everything(), ledger.Entry{ID: newID(), GroupID: other.ID, Kind: kinds[1-i%2], Credits: 1, CreatedAt: now})
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if a, b := w.balance(t), count(t, db, `SELECT balance FROM groups WHERE id = $1`, other.ID.String()); a != 100 || b != 100 {
		t.Errorf("balances %d and %d, want 100 and 100", a, b)
	}
}

func (w *world) delivery(t *testing.T, v verification.Verification, sequence int) verification.Delivery {
	t.Helper()
	d := verification.Delivery{ID: newID(), Tenancy: v.Tenancy, VerificationID: v.ID, Sequence: sequence, URL: "https://example.org/hook", Body: []byte{'{', 0, 0xff, '}'},
		Secret: "s", State: verification.Pending, RoundAt: now, CreatedAt: now, UpdatedAt: now}
	must(t, w.db.InsertDelivery(t.Context(), w.scope, d))
	return d
}

func testWebhooks(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	v, other := w.verification(t), w.verification(t)
	first, second := w.delivery(t, v, 1), w.delivery(t, v, 3)
	w.delivery(t, other, 1)
	got, err := db.Delivery(ctx, w.scope, second.ID)
	must(t, err)
	same(t, "delivery", got, second)
	dup := first
	dup.ID = newID()
	wantKind(t, "two of one transition", db.InsertDelivery(ctx, w.scope, dup), fault.Conflict, fault.CodeAlreadyExists)

	earlier := func(d verification.Delivery, want bool) {
		t.Helper()
		if got, err := db.EarlierPending(ctx, w.scope, d); err != nil || got != want {
			t.Errorf("EarlierPending(%d) = %v, %v; want %v", d.Sequence, got, err, want)
		}
	}
	earlier(first, false)
	earlier(second, true)
	attempt := func(number int) verification.DeliveryAttempt {
		return verification.DeliveryAttempt{Number: number, At: now, HTTPStatus: 500, Error: "e", Duration: 1500 * time.Microsecond}
	}
	first.Attempts, first.UpdatedAt = 1, now.Add(time.Second)
	must(t, db.RecordAttempt(ctx, w.scope, first, attempt(1)))
	earlier(second, true)
	wantKind(t, "the same attempt twice", db.RecordAttempt(ctx, w.scope, first, attempt(1)), fault.Conflict, "")
	first.Attempts, first.State = 2, verification.Delivered
	must(t, db.RecordAttempt(ctx, w.scope, first, attempt(2)))
	got, err = db.Delivery(ctx, w.scope, first.ID)
	must(t, err)
	same(t, "delivered", got, first)
	earlier(second, false)
	if n := count(t, db, `SELECT COUNT(*) FROM delivery_attempts WHERE delivery_id = $1 AND duration = 1500 AND http_status = 500`, first.ID.String()); n != 2 {
		t.Errorf("%d attempts kept, want 2", n)
	}
	second.State = verification.Dead
	must(t, db.RecordAttempt(ctx, w.scope, second, attempt(1)))
}

func testServices(t *testing.T, db *store.DB) {
	ctx := t.Context()
	for _, s := range verification.Catalogue() {
		got, err := db.ServiceState(ctx, s.Code)
		must(t, err)
		if !got.Enabled || got.CreatedAt.IsZero() || got.CreatedBy != "system" {
			t.Errorf("%s starts as %+v", s.Code, got)
		}
	}
	must(t, db.SetServiceEnabled(ctx, verification.KTPService, false, "a@example.org", now))
	got, err := db.ServiceState(ctx, verification.KTPService)
	must(t, err)
	if got.Enabled || got.UpdatedBy != "a@example.org" || !got.UpdatedAt.Equal(now) || got.CreatedBy != "system" {
		t.Errorf("switched off: %+v", got)
	}
	must(t, db.SetServiceEnabled(ctx, verification.KTPService, true, "a@example.org", now))
	_, err = db.ServiceState(ctx, "NONE")
	wantKind(t, "an unknown service", err, fault.NotFound, "")
	wantKind(t, "an unknown service", db.SetServiceEnabled(ctx, "NONE", true, "", now), fault.NotFound, "")
}

func testWatchLists(t *testing.T, db *store.DB) {
	ctx := t.Context()
	add := func(name string, at time.Time) verification.WatchList {
		t.Helper()
		w := verification.WatchList{ID: newID(), Name: name, Checksum: "ab", Entities: 7, Path: "lists/" + name, ImportedAt: at}
		got, err := db.InsertWatchList(ctx, w)
		must(t, err)
		return got
	}
	b1 := add("b", now)
	if b1.Version != 1 || !b1.Active {
		t.Errorf("the first: %+v", b1)
	}
	a1 := add("a", now.Add(time.Second))
	b2 := add("b", now.Add(time.Minute))
	if b2.Version != 2 {
		t.Errorf("version %d, want 2", b2.Version)
	}
	b1.Active, b1.CheckedAt, a1.CheckedAt, b2.CheckedAt = false, b1.ImportedAt, a1.ImportedAt, b2.ImportedAt
	active, err := db.ActiveWatchLists(ctx)
	must(t, err)
	same(t, "active", active, []verification.WatchList{a1, b2})
	all, err := db.WatchLists(ctx)
	must(t, err)
	same(t, "all", all, []verification.WatchList{b2, a1, b1})

	// Back to the first version, and what was searched when.
	back, err := db.UseWatchList(ctx, "b", 1, now.Add(time.Hour))
	must(t, err)
	b1.Active, b2.Active = true, false
	same(t, "the version gone back to", back, b1)
	again, err := db.UseWatchList(ctx, "b", 1, now.Add(2*time.Hour))
	must(t, err)
	same(t, "the active one once more", again, b1)
	_, err = db.UseWatchList(ctx, "b", 3, now)
	wantKind(t, "a version that is not there", err, fault.NotFound, "")
	for _, c := range []struct {
		after time.Duration
		want  []verification.WatchList
	}{{-time.Second, nil}, {0, []verification.WatchList{b1}}, {2 * time.Second, []verification.WatchList{a1, b1}},
		{time.Minute, []verification.WatchList{a1, b2}}, {3 * time.Hour, []verification.WatchList{a1, b1}}} {
		got, err := db.WatchListsAt(ctx, now.Add(c.after))
		must(t, err)
		same(t, "searched after "+c.after.String(), got, c.want)
	}
	must(t, db.WatchListChecked(ctx, a1.ID, now.Add(time.Hour)))
	a1.CheckedAt = now.Add(time.Hour)
	active, err = db.ActiveWatchLists(ctx)
	must(t, err)
	same(t, "active after a check", active, []verification.WatchList{a1, b1})
}

var errAbort = errors.New("abort")
