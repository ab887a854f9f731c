package store

import (
	"context"

	"anycheck/internal/verification"
)

const selectWatchList = `SELECT id, name, version, checksum, entity_count, path, imported_at, active FROM watch_lists`

func scanWatchList(r row) (w verification.WatchList, err error) {
	err = r.Scan(&w.ID, &w.Name, &w.Version, &w.Checksum, &w.Entities, &w.Path, at{&w.ImportedAt}, &w.Active)
	return w, err
}

// InsertWatchList implements verification.WatchListStore.
func (s *store) InsertWatchList(ctx context.Context, w verification.WatchList) (verification.WatchList, error) {
	err := s.atomically(ctx, func(tx *store) error {
		if _, err := tx.exec(ctx, `UPDATE watch_lists SET active = FALSE WHERE name = $1 AND active`, w.Name); err != nil {
			return err
		}
		var err error
		w.Active = true
		w.Version, err = one(ctx, tx, value[int], "", `SELECT COALESCE(MAX(version), 0) + 1 FROM watch_lists WHERE name = $1`, w.Name)
		if err != nil {
			return err
		}
		_, err = tx.exec(ctx, `INSERT INTO watch_lists (id, name, version, checksum, entity_count, path, imported_at, active)
			VALUES ($1, $2, $3, $4, $5, $6, $7, TRUE)`, w.ID, w.Name, w.Version, w.Checksum, w.Entities, w.Path, micros(w.ImportedAt))
		return taken(err, "This version of the watch list is there already.")
	})
	if err != nil {
		return verification.WatchList{}, err
	}
	return w, nil
}

// ActiveWatchLists implements verification.WatchListStore.
func (s *store) ActiveWatchLists(ctx context.Context) ([]verification.WatchList, error) {
	return all(ctx, s, scanWatchList, selectWatchList+` WHERE active ORDER BY name`)
}

// WatchLists implements verification.WatchListStore.
func (s *store) WatchLists(ctx context.Context) ([]verification.WatchList, error) {
	return all(ctx, s, scanWatchList, selectWatchList+` ORDER BY imported_at DESC, name, version DESC`)
}
