package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"anycheck/internal/fault"
)

//go:embed migrations/sqlite/*.sql
var sqliteMigrations embed.FS

var sqliteDialect = dialect{
	name:       "sqlite",
	goose:      goose.DialectSQLite3,
	migrations: sub(sqliteMigrations, "migrations/sqlite"),
	hasTable:   `SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1)`,
	classify:   classifySQLite,
}

// Connections for reading and for the queue. Writers of our own have one:
// SQLite writes one transaction at a time, and waiting in the pool is cheaper
// and fairer than in the file lock.
const (
	sqliteReaders = 8
	sqliteRiver   = 4
	busyTimeout   = 10 * time.Second
	lockRetry     = 50 * time.Millisecond
)

func openSQLite(ctx context.Context, dataDir string, o Options) (_ *DB, err error) {
	if err := os.MkdirAll(dataDir, 0o700); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The data folder cannot be made.")
	}
	file := filepath.Join(dataDir, "anycheck.db")
	db := &DB{dialect: sqliteDialect}
	defer func() {
		if err != nil {
			_ = db.Close()
		}
	}()
	if db.write, err = sqlitePool(file, "_txlock=immediate", 1); err != nil {
		return nil, err
	}
	if db.river, err = sqlitePool(file, "_txlock=immediate", sqliteRiver); err != nil {
		return nil, err
	}
	if db.read, err = sqlitePool(file, "_query_only=1", sqliteReaders); err != nil {
		return nil, err
	}

	db.kept = &statements{pool: db.write}
	db.writes, db.reads = preparing{db.write, db.kept.keep}, preparing{db.read, (&statements{pool: db.read}).keep}

	// Two programs that start at once on a new folder must not migrate at once.
	lock := flock.New(filepath.Join(dataDir, ".migrate.lock"), flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, lockRetry); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The data folder cannot be locked.")
	}
	defer lock.Close()
	// SQLite makes its files with the umask; they hold personal data.
	if err := private(file); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The database file cannot be made.")
	}
	river, err := rivermigrate.New(riversqlite.New(db.river), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, db.dialect, db.write, river, o.Logger); err != nil {
		return nil, err
	}
	for pool, queryOnly := range map[*sql.DB]int64{db.write: 0, db.river: 0, db.read: 1} {
		if err := checkPragmas(ctx, pool, queryOnly); err != nil {
			return nil, err
		}
	}
	return db, nil
}

func private(file string) error {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func sqlitePool(file, extra string, conns int) (*sql.DB, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	// The log is copied into the database every 32 MB: at SQLite's 4 MB, 18
	// verifications, most pages were copied again and again. What is freed of
	// a page is overwritten: destroyed keys lay there.
	dsn := url.URL{Scheme: "file", Path: filepath.ToSlash(abs), RawQuery: fmt.Sprintf(
		"_busy_timeout=%d&_journal_mode=WAL&_foreign_keys=on&_synchronous=FULL&_dqs=0&_defensive=1&_pragma=cache_size(-2000)&_pragma=wal_autocheckpoint(8000)&_pragma=secure_delete(fast)&_pragma=temp_store(memory)&%s",
		busyTimeout.Milliseconds(), extra)}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// checkPragmas reads the settings back: a driver that ignores a parameter
// would silently lose data or constraints.
func checkPragmas(ctx context.Context, db *sql.DB, queryOnly int64) error {
	var mode string
	if err := db.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil {
		return sqliteDialect.translate(err)
	}
	if mode != "wal" {
		return fault.New(fault.Unavailable, "SQLite cannot use its write-ahead log in the data folder: it must be on a local disk.")
	}
	const full = 2
	for _, want := range []struct {
		pragma string
		value  int64
	}{{"foreign_keys", 1}, {"synchronous", full}, {"busy_timeout", busyTimeout.Milliseconds()}, {"query_only", queryOnly}} {
		var got int64
		if err := db.QueryRowContext(ctx, "PRAGMA "+want.pragma).Scan(&got); err != nil {
			return sqliteDialect.translate(err)
		}
		if got != want.value {
			return fmt.Errorf("store: SQLite has %s = %d, want %d", want.pragma, got, want.value)
		}
	}
	return nil
}

func classifySQLite(err error) class {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return other
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return unique
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return foreignKey
	}
	switch e.Code() & 0xff { // without the extension
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return busy
	case sqlite3.SQLITE_INTERRUPT:
		return interrupted
	}
	return other
}

func sub(f embed.FS, dir string) fs.FS {
	s, err := fs.Sub(f, dir)
	if err != nil {
		panic(err) // dir is a constant of this package
	}
	return s
}
