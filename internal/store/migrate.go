package store

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"

	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/rivermigrate"

	"anycheck/internal/fault"
)

// migrate brings our tables, then the queue's, to what this program knows. The
// caller holds a lock that keeps other starts out.
func migrate[Tx any](ctx context.Context, d dialect, db *sql.DB, river *rivermigrate.Migrator[Tx], log *slog.Logger) error {
	ours, err := goose.NewProvider(d.goose, db, d.migrations, goose.WithSlog(log))
	if err != nil {
		return fmt.Errorf("store: read migrations: %w", err)
	}
	current, target, err := ours.GetVersions(ctx)
	if err != nil {
		return d.translate(err)
	}
	queueCurrent, err := riverVersion(ctx, d, db)
	if err != nil {
		return d.translate(err)
	}
	all := river.AllVersions()
	queueTarget := all[len(all)-1].Version
	if current > target || queueCurrent > queueTarget {
		return fault.New(fault.Conflict, "The database was made by a newer version of AnyCheck (tables at %d, queue at %d; this program knows %d and %d). Start that version, or restore a backup made before the update.",
			current, queueCurrent, target, queueTarget)
	}
	if _, err := ours.Up(ctx); err != nil {
		return fmt.Errorf("store: migrate: %w", err)
	}
	if _, err := river.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("store: migrate the queue: %w", err)
	}
	return nil
}

// riverVersion is the version of the queue's tables, 0 when there are none.
// River's own call fails on versions that it does not know.
func riverVersion(ctx context.Context, d dialect, db *sql.DB) (version int, err error) {
	var there bool
	if err := db.QueryRowContext(ctx, d.hasTable, "river_migration").Scan(&there); err != nil || !there {
		return 0, err
	}
	err = db.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) FROM river_migration`).Scan(&version)
	return version, err
}
