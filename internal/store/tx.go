package store

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"time"

	"anycheck/internal/auth"
	"anycheck/internal/vault"
	"anycheck/internal/verification"
)

// store has the methods of the ports. Without a transaction, reads and writes
// go to the database's pools; with one, all of them go through it.
type store struct {
	db   *DB
	conn *sql.Conn // the connection of tx
	tx   *sql.Tx   // nil outside a transaction
	in   querier   // what tx's statements go through
	held map[string]chan struct{}
	keys map[vault.Owner]vault.Key // that the transaction has made or read; gone with it
}

func (s *store) writer() querier {
	if s.tx != nil {
		return s.in
	}
	return s.db.writes
}

func (s *store) reader() querier {
	if s.tx != nil {
		return s.in
	}
	return s.db.reads
}

// InTx implements verification.Store. An error of a statement ends a
// transaction of PostgreSQL, so fn must return what the store answers. The
// audit record that ctx carries becomes part of the transaction.
func (s *store) InTx(ctx context.Context, fn func(ctx context.Context, tx verification.Store) error) error {
	return s.withAudit(ctx, func(tx *store) error { return fn(ctx, tx) })
}

// Atomically implements auth.Store, as InTx does.
func (s *store) Atomically(ctx context.Context, fn func(ctx context.Context, tx auth.Store) error) error {
	return s.withAudit(ctx, func(tx *store) error { return fn(ctx, tx) })
}

// How often a transaction runs again after the engine found it in conflict
// with another, and how long it waits before: 10 ms, 20 ms, 40 ms … ± 50 %.
const (
	maxTries  = 6
	firstWait = 10 * time.Millisecond
)

// atomically runs fn in the transaction of s, or in one of its own.
func (s *store) atomically(ctx context.Context, fn func(tx *store) error) error {
	if s.tx != nil {
		return fn(s)
	}
	wait := firstWait
	for try := 1; ; try++ {
		err := s.transact(ctx, fn)
		if err == nil || try == maxTries || !s.db.dialect.serialization(err) {
			return err
		}
		timer := time.NewTimer(wait/2 + rand.N(wait))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		wait *= 2
	}
}

func (s *store) transact(ctx context.Context, fn func(tx *store) error) error {
	after := func(context.Context) {}
	defer func() { after(ctx) }()
	// The queue needs the connection under the transaction (Enqueuer).
	conn, err := s.db.write.Conn(ctx)
	if err != nil {
		return s.db.dialect.translate(err)
	}
	defer conn.Close()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return s.db.dialect.translate(err)
	}
	in := &store{db: s.db, conn: conn, tx: tx, in: tx, keys: map[vault.Owner]vault.Key{}}
	if s.db.kept != nil {
		in.in, after = s.db.kept.within(tx)
	}
	defer in.endTurns() // after the transaction's end
	// After a commit this does nothing; after an error or a panic it undoes
	// all. Its own error adds nothing to the one that is returned.
	defer func() { _ = tx.Rollback() }()
	if err := fn(in); err != nil {
		return err
	}
	return s.db.dialect.translate(tx.Commit())
}

// Enqueue implements verification.Store.
func (s *store) Enqueue(ctx context.Context, task verification.Task) error {
	if s.db.enqueuer == nil {
		return errors.New("store: Enqueue before SetEnqueuer")
	}
	return s.atomically(ctx, func(tx *store) error {
		return s.db.dialect.translate(s.db.enqueuer.EnqueueTx(ctx, tx.conn, tx.tx, task))
	})
}
