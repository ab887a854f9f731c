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
	existing, err := river.ExistingVersions(ctx)
	if err != nil {
		return d.translate(err)
	}
	if current > target || newest(existing) > newest(river.AllVersions()) {
		return fault.New(fault.Conflict, "The database was made by a newer version of AnyCheck (tables at %d and %d, this program knows %d and %d). Start that version, or restore a backup made before the update.",
			current, newest(existing), target, newest(river.AllVersions()))
	}
	if _, err := ours.Up(ctx); err != nil {
		return fmt.Errorf("store: migrate: %w", err)
	}
	if _, err := river.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("store: migrate the queue: %w", err)
	}
	return nil
}

func newest(list []rivermigrate.Migration) int {
	n := 0
	for _, m := range list {
		n = max(n, m.Version)
	}
	return n
}
