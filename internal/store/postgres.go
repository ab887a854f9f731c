package store

import (
	"context"
	"embed"
	"errors"
	"log/slog"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"anycheck/internal/fault"
)

//go:embed migrations/postgres/*.sql
var postgresMigrations embed.FS

var postgresDialect = dialect{
	name:       "postgres",
	goose:      goose.DialectPostgres,
	migrations: sub(postgresMigrations, "migrations/postgres"),
	hasTable:   `SELECT to_regclass($1) IS NOT NULL`,
	writingCTE: true,
	classify:   classifyPostgres,
}

const (
	defaultMaxConns = 16
	// migrationLock is the key of the advisory lock around migrations: "anycheck".
	migrationLock int64 = 0x616e79636865636b
)

func openPostgres(ctx context.Context, address string, o Options) (_ *DB, err error) {
	cfg, err := pgxpool.ParseConfig(address)
	if err != nil {
		// pgx hides the password in its message, but not the host and the user.
		return nil, fault.Wrap(err, fault.Invalid, "The database address cannot be read. It looks like postgres://user:password@host:5432/name.")
	}
	if u, err := url.Parse(address); err != nil || !u.Query().Has("pool_max_conns") {
		cfg.MaxConns = defaultMaxConns
		if o.MaxConns > 0 {
			cfg.MaxConns = o.MaxConns
		}
	}
	if cfg.ConnConfig.RuntimeParams["application_name"] == "" {
		cfg.ConnConfig.RuntimeParams["application_name"] = "anycheck"
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, postgresDialect.translate(err)
	}
	db := &DB{dialect: postgresDialect, pool: pool, write: stdlib.OpenDBFromPool(pool)}
	db.read, db.writes, db.reads = db.write, db.write, db.write
	defer func() {
		if err != nil {
			_ = db.Close()
		}
	}()

	lock, err := pool.Acquire(ctx)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The database cannot be reached.")
	}
	// Closing the connection, not only giving it back, frees the lock for sure.
	defer func() { _ = lock.Hijack().Close(context.WithoutCancel(ctx)) }()
	if _, err := lock.Exec(ctx, "SELECT pg_advisory_lock($1)", migrationLock); err != nil {
		return nil, postgresDialect.translate(err)
	}
	river, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, db.dialect, db.write, river, o.Logger); err != nil {
		return nil, err
	}
	return db, nil
}

// classifyPostgres goes by the SQLSTATE codes of PostgreSQL's appendix A.
func classifyPostgres(err error) class {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		if errors.As(err, new(*pgconn.ConnectError)) {
			return busy
		}
		return other
	}
	switch e.Code {
	case "23505":
		return unique
	case "23503":
		return foreignKey
	case "40001", "40P01":
		return serialization
	case "22021", "22P05": // bytes that are no UTF-8, or a zero
		return unstorable
	case "57014":
		return interrupted
	}
	switch {
	case strings.HasPrefix(e.Code, "08"), strings.HasPrefix(e.Code, "53"), strings.HasPrefix(e.Code, "57P"):
		return busy
	}
	return other
}
