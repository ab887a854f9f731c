package store

import (
	"context"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/verification"
)

const selectWatchList = `SELECT l.id, l.name, l.version, l.checksum, l.entity_count, l.path, l.imported_at, l.checked_at, l.active FROM watch_lists l`

func scanWatchList(r row) (w verification.WatchList, err error) {
	err = r.Scan(&w.ID, &w.Name, &w.Version, &w.Checksum, &w.Entities, &w.Path, at{&w.ImportedAt}, at{&w.CheckedAt}, &w.Active)
	return w, err
}

// InsertWatchList implements verification.WatchListStore.
func (s *store) InsertWatchList(ctx context.Context, w verification.WatchList) (verification.WatchList, error) {
	err := s.atomically(ctx, func(tx *store) error {
		var err error
		w.Active, w.CheckedAt = true, w.ImportedAt
		w.Version, err = one(ctx, tx, value[int], "", `SELECT COALESCE(MAX(version), 0) + 1 FROM watch_lists WHERE name = $1`, w.Name)
		if err != nil {
			return err
		}
		_, err = tx.exec(ctx, `INSERT INTO watch_lists (id, name, version, checksum, entity_count, path, imported_at, checked_at, active)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $7, FALSE)`, w.ID, w.Name, w.Version, w.Checksum, w.Entities, w.Path, micros(w.ImportedAt))
		if err != nil {
			return taken(err, "This version of the watch list is there already.")
		}
		return tx.useWatchList(ctx, w, w.ImportedAt)
	})
	if err != nil {
		return verification.WatchList{}, err
	}
	return w, nil
}

// UseWatchList implements verification.WatchListStore.
func (s *store) UseWatchList(ctx context.Context, name string, version int, now time.Time) (w verification.WatchList, err error) {
	err = s.atomically(ctx, func(tx *store) error {
		w, err = one(ctx, tx, scanWatchList, "The watch list has no such version.", selectWatchList+` WHERE l.name = $1 AND l.version = $2`, name, version)
		if err != nil || w.Active {
			return err
		}
		w.Active = true
		return tx.useWatchList(ctx, w, now)
	})
	return w, err
}

// useWatchList makes a version the active one of its name.
func (s *store) useWatchList(ctx context.Context, w verification.WatchList, now time.Time) error {
	for _, step := range []struct {
		query string
		args  []any
	}{
		{`UPDATE watch_list_uses SET to_at = $2 WHERE to_at IS NULL AND list_id IN (SELECT id FROM watch_lists WHERE name = $1)`, []any{w.Name, micros(now)}},
		{`UPDATE watch_lists SET active = FALSE WHERE name = $1 AND active`, []any{w.Name}},
		{`UPDATE watch_lists SET active = TRUE WHERE id = $1`, []any{w.ID}},
		{`INSERT INTO watch_list_uses (list_id, from_at) VALUES ($1, $2)`, []any{w.ID, micros(now)}},
	} {
		if _, err := s.exec(ctx, step.query, step.args...); err != nil {
			return err
		}
	}
	return nil
}

// WatchListChecked implements verification.WatchListStore.
func (s *store) WatchListChecked(ctx context.Context, id uuid.UUID, now time.Time) error {
	_, err := s.exec(ctx, `UPDATE watch_lists SET checked_at = $2 WHERE id = $1`, id, micros(now))
	return err
}

// ActiveWatchLists implements verification.WatchListStore.
func (s *store) ActiveWatchLists(ctx context.Context) ([]verification.WatchList, error) {
	return all(ctx, s, scanWatchList, selectWatchList+` WHERE l.active ORDER BY l.name`)
}

// WatchListsAt implements verification.WatchListStore.
func (s *store) WatchListsAt(ctx context.Context, when time.Time) ([]verification.WatchList, error) {
	return all(ctx, s, scanWatchList, selectWatchList+` JOIN watch_list_uses u ON u.list_id = l.id
		WHERE u.from_at <= $1 AND (u.to_at IS NULL OR u.to_at > $1) ORDER BY l.name`, micros(when))
}

// WatchLists implements verification.WatchListStore.
func (s *store) WatchLists(ctx context.Context) ([]verification.WatchList, error) {
	return all(ctx, s, scanWatchList, selectWatchList+` ORDER BY l.imported_at DESC, l.name, l.version DESC`)
}
