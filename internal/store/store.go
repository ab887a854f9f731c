// Package store keeps what must survive in SQLite or PostgreSQL. It holds every
// SQL statement of the program, one file per aggregate and one text for both
// engines; what differs between them is in dialect.go, sqlite.go and
// postgres.go. Where many wait for a row, and where every verification passes,
// PostgreSQL gets the same statements joined into one (dialect.writingCTE).
//
// Each statement takes the scope of its caller as $1 (organization) and $2
// (group). Times are unix microseconds, ids are made by the callers.
//
// It implements verification.Store, verification.WatchListStore and auth.Store
// and must not know the queue, files, HTTP or rules of the core.
package store

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"anycheck/internal/auth"
	"anycheck/internal/fault"
	"anycheck/internal/vault"
	"anycheck/internal/verification"
)

var (
	_ verification.Store          = (*DB)(nil)
	_ verification.WatchListStore = (*DB)(nil)
	_ auth.Store                  = (*DB)(nil)
	_ vault.DataKeys              = (*DB)(nil)
)

// DB is an open, migrated database.
type DB struct {
	*store  // every method of the ports, outside a transaction
	dialect dialect
	write   *sql.DB
	read    *sql.DB // the same as write on PostgreSQL

	writes, reads querier     // what statements outside a transaction go through
	kept          *statements // of write; nil on PostgreSQL

	river *sql.DB       // nil on PostgreSQL
	pool  *pgxpool.Pool // nil on SQLite

	enqueuer Enqueuer
	vault    *vault.Master
	audits   auditQueue
	turns    turns
}

// Options tune an open database; the zero value is the usual one.
type Options struct {
	// MaxConns bounds the connections to PostgreSQL; 0 is 16. A pool_max_conns
	// in the address wins. SQLite ignores it.
	MaxConns int32
	// Logger hears of applied migrations; nil discards.
	Logger *slog.Logger
}

// Enqueuer puts a task into the queue as part of the transaction tx, which
// runs on conn.
type Enqueuer interface {
	EnqueueTx(ctx context.Context, conn *sql.Conn, tx *sql.Tx, task verification.Task) error
}

// Open opens the database, creates or migrates its tables and checks its
// settings. An empty url is SQLite in dataDir/anycheck.db, postgres://… is
// PostgreSQL; anything else is an Invalid fault. A database whose tables are
// newer than this program is refused with a Conflict.
func Open(ctx context.Context, url, dataDir string, o Options) (*DB, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	var db *DB
	var err error
	switch {
	case url == "":
		db, err = openSQLite(ctx, dataDir, o)
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		db, err = openPostgres(ctx, url, o)
	default:
		// The address may hold a password: it is not repeated.
		err = fault.New(fault.Invalid, "The database address must be empty (SQLite in the data folder) or start with postgres://.")
	}
	if err != nil {
		return nil, err
	}
	db.store = &store{db: db}
	return db, nil
}

// Close ends all connections. The queue must have stopped before.
func (db *DB) Close() error {
	var errs []error
	for _, p := range []*sql.DB{db.river, db.read, db.write} {
		if p != nil {
			errs = append(errs, p.Close()) // closing twice is no error
		}
	}
	if db.pool != nil {
		db.pool.Close()
	}
	return errors.Join(errs...)
}

// SetEnqueuer connects the queue. It must be called before the first Enqueue
// and not while others use the database.
func (db *DB) SetEnqueuer(e Enqueuer) { db.enqueuer = e }

// SetVault connects the keys that personal data are sealed with. It must be
// called before any are read or written.
func (db *DB) SetVault(m *vault.Master) { db.vault = m }

// RiverSQLite is the queue's own connections to the SQLite file, nil on PostgreSQL.
func (db *DB) RiverSQLite() *sql.DB { return db.river }

// Pool is the connections to PostgreSQL, nil on SQLite.
func (db *DB) Pool() *pgxpool.Pool { return db.pool }

// Ping tells whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	return db.dialect.translate(db.read.PingContext(ctx))
}

// Engine is "sqlite" or "postgres".
func (db *DB) Engine() string { return db.dialect.name }
