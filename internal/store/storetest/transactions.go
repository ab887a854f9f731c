package storetest

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"anycheck/internal/fault"
	"anycheck/internal/ledger"
	"anycheck/internal/store"
	"anycheck/internal/verification"
)

func testTransactions(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	r := w.result(t, w.folder(t, "F", now).ID, now)
	w.topUp(t, 10)
	v := w.draft(r, now)
	write := func(ctx context.Context, tx verification.Store) error {
		if err := tx.InsertVerification(ctx, w.scope, v, nil); err != nil {
			return err
		}
		if err := tx.AppendEntry(ctx, w.scope, ledger.Entry{ID: newID(), GroupID: w.group.ID, VerificationID: &v.ID, Attempt: 1, Kind: ledger.Reserve, Credits: 4, CreatedAt: now}); err != nil {
			return err
		}
		// A transaction reads what it wrote; nobody else does.
		if _, err := tx.Verification(ctx, w.scope, v.ID); err != nil {
			return err
		}
		if _, err := db.Verification(ctx, w.scope, v.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("seen from outside before the commit: %v", err)
		}
		return tx.Enqueue(ctx, verification.Task{Kind: verification.ProcessTask, ID: v.ID})
	}
	check := func(what string, rows, jobs int, balance int64) {
		t.Helper()
		if n := count(t, db, `SELECT COUNT(*) FROM verifications WHERE id = $1`, v.ID.String()); n != rows {
			t.Errorf("%s: %d rows, want %d", what, n, rows)
		}
		if n := tasks(t, db, v.ID); n != jobs {
			t.Errorf("%s: %d tasks, want %d", what, n, jobs)
		}
		if b := w.balance(t); b != balance {
			t.Errorf("%s: balance %d, want %d", what, b, balance)
		}
	}

	err := db.InTx(ctx, func(ctx context.Context, tx verification.Store) error {
		if err := write(ctx, tx); err != nil {
			return err
		}
		return errAbort
	})
	if !errors.Is(err, errAbort) {
		t.Errorf("InTx = %v, want fn's error", err)
	}
	check("rolled back", 0, 0, 10)

	// A nested transaction is part of the outer one.
	err = db.InTx(ctx, func(ctx context.Context, tx verification.Store) error {
		if err := tx.InTx(ctx, write); err != nil {
			return err
		}
		return errAbort
	})
	if !errors.Is(err, errAbort) {
		t.Errorf("InTx = %v, want fn's error", err)
	}
	check("nested and rolled back", 0, 0, 10)

	must(t, db.InTx(ctx, write))
	check("committed", 1, 1, 6)

	v = w.draft(r, now)
	ended, cancel := context.WithCancel(ctx)
	err = db.InTx(ended, func(ctx context.Context, tx verification.Store) error {
		err := tx.InsertVerification(ctx, w.scope, v, nil)
		cancel()
		return err
	})
	if err == nil {
		t.Error("a transaction of an ended context was committed")
	}
	check("ended context", 0, 0, 6)

	var left verification.Store
	must(t, db.InTx(ctx, func(_ context.Context, tx verification.Store) error { left = tx; return nil }))
	if err := left.InsertVerification(ctx, w.scope, v, nil); !errors.Is(err, sql.ErrTxDone) {
		t.Errorf("a write after the end: %v", err)
	}
}

func testEnqueue(t *testing.T, db *store.DB) {
	id := newID()
	must(t, db.Enqueue(t.Context(), verification.Task{Kind: verification.DeliverTask, ID: id}))
	if n := tasks(t, db, id); n != 1 {
		t.Errorf("%d tasks, want 1", n)
	}
}

func testPanic(t *testing.T, db *store.DB) {
	w := newWorld(t, db)
	r := w.result(t, w.folder(t, "F", now).ID, now)
	v := w.draft(r, now)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = db.InTx(t.Context(), func(ctx context.Context, tx verification.Store) error {
			must(t, tx.InsertVerification(ctx, w.scope, v, nil))
			panic("boom")
		})
	}()
	_, err := db.Verification(t.Context(), w.scope, v.ID)
	wantKind(t, "the row of a transaction that panicked", err, fault.NotFound, "")
	w.folder(t, "the writer is free again", now)
}

// testWaitingTransactions: two that read, then write the same rows crosswise
// both get through, by waiting or by running again.
func testWaitingTransactions(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	folders := [2]verification.Folder{w.folder(t, "A", now), w.folder(t, "B", now)}
	// On PostgreSQL both hold one row before they want the other's: a deadlock,
	// which the engine breaks. SQLite lets the second begin after the first.
	meet := db.Engine() == "postgres"
	holds := [2]chan struct{}{make(chan struct{}), make(chan struct{})}
	errs := make(chan error, 2)
	for i := range 2 {
		go func() {
			tries := 0
			errs <- db.InTx(ctx, func(ctx context.Context, tx verification.Store) error {
				tries++
				f := folders[i]
				f.UpdatedBy = "first"
				if err := tx.UpdateFolder(ctx, w.scope, f); err != nil {
					return err
				}
				if meet && tries == 1 {
					close(holds[i])
					<-holds[1-i]
				}
				f = folders[1-i]
				f.UpdatedBy = "second"
				return tx.UpdateFolder(ctx, w.scope, f)
			})
		}()
	}
	for range 2 {
		must(t, <-errs)
	}
}
