package store

import (
	"context"
	"time"

	"anycheck/internal/tenant"
	"anycheck/internal/vault"
	"anycheck/internal/verification"
)

const noFile = "There is no such file."

// InsertUpload implements verification.Store.
func (s *store) InsertUpload(ctx context.Context, scope tenant.Scope, u verification.Upload) error {
	return s.atomically(ctx, func(tx *store) error {
		err := tx.change(ctx, noGroup, `INSERT INTO uploads (id, organization_id, group_id, user_id, category, created_at)
			SELECT $3, $4, $5, $6, $7, $8 FROM groups
			WHERE id = $5 AND organization_id = $4 AND `+groupInScope,
			scoped(scope, u.ID, u.OrganizationID, u.GroupID, u.UserID, u.Category, micros(u.CreatedAt))...)
		if err != nil {
			return err
		}
		for _, f := range u.Files {
			err := tx.change(ctx, noGroup, `INSERT INTO files (path, upload_id, organization_id, group_id, category, media_type, bytes, sha256, pages, state)
				SELECT $4, id, organization_id, group_id, $5, $6, $7, $8, $9, 'UNUSED' FROM uploads
				WHERE `+inScope+` AND id = $3`,
				scoped(scope, u.ID, f.Path, f.Category, f.MediaType, f.Bytes, f.SHA256, f.Pages)...)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// thereIn is the condition of n paths from $3 on.
func thereIn(n int) string {
	return inScope + ` AND path IN (` + placeholders(3, n) + `) AND state <> 'DELETED'`
}

// Files implements verification.Store.
func (s *store) Files(ctx context.Context, scope tenant.Scope, paths ...string) (map[string]verification.File, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	list, err := all(ctx, s, func(r row) (f verification.File, err error) {
		err = r.Scan(&f.Path, &f.Category, &f.MediaType, &f.Bytes, &f.SHA256, &f.Pages)
		return f, err
	}, `SELECT path, category, media_type, bytes, sha256, pages FROM files WHERE `+thereIn(len(paths)), scoped(scope, anys(paths)...)...)
	found := map[string]verification.File{}
	for _, f := range list {
		found[f.Path] = f
	}
	return found, err
}

// UseFiles implements verification.Store. The rows are locked until the
// transaction ends: who deletes a file waits, and then finds it used.
// PostgreSQL locks them as the index has them, by path; should two still lock
// some crosswise, one of them runs again.
func (s *store) UseFiles(ctx context.Context, scope tenant.Scope, paths ...string) (used []string, err error) {
	if len(paths) == 0 {
		return nil, nil
	}
	err = s.atomically(ctx, func(tx *store) error {
		used, err = all(ctx, tx, value[string], `UPDATE files SET state = 'USED' WHERE `+thereIn(len(paths))+` RETURNING path`, scoped(scope, anys(paths)...)...)
		return err
	})
	return used, err
}

// UnusedFiles implements verification.Store.
func (s *store) UnusedFiles(ctx context.Context, scope tenant.Scope, now time.Time, days int, after verification.UnusedFile, limit int) ([]verification.UnusedFile, error) {
	return all(ctx, s, func(r row) (f verification.UnusedFile, err error) {
		err = r.Scan(&f.Path, &f.OrganizationID, &f.GroupID, at{&f.CreatedAt}, &f.Days)
		return f, err
	}, `SELECT f.path, f.organization_id, f.group_id, u.created_at, COALESCE(p.days, $4) FROM files f JOIN uploads u ON u.id = f.upload_id
		LEFT JOIN retention p ON p.group_id = f.group_id AND p.class = $6
		WHERE `+inScopeOf("f")+` AND f.state <> 'USED'
		AND (f.state = 'DELETED' OR f.category = $7 AND u.created_at < $3 - COALESCE(p.days, $4) * 86400000000)
		AND (u.created_at, f.path) > ($8, $9)
		ORDER BY u.created_at, f.path LIMIT $5`, scoped(scope, micros(now), days, limit, verification.UploadData, verification.InputFile, micros(after.CreatedAt), after.Path)...)
}

// CondemnFile implements verification.Store. It asks state, not file_uses: who
// has waited for the row's lock sees the row's new version, but no new rows of others.
func (s *store) CondemnFile(ctx context.Context, scope tenant.Scope, path string, at time.Time) error {
	return s.atomically(ctx, func(tx *store) error {
		if err := tx.change(ctx, noFile, `UPDATE files SET state = 'DELETED' WHERE `+inScope+` AND path = $3 AND state <> 'USED'`, scoped(scope, path)...); err != nil {
			return err
		}
		if owner, ok := vault.OwnerOf(path); ok {
			return tx.DestroyDataKeys(ctx, []vault.Owner{owner}, at)
		}
		return nil
	})
}

// DropFile implements verification.Store.
func (s *store) DropFile(ctx context.Context, scope tenant.Scope, path string) error {
	return s.change(ctx, noFile, `DELETE FROM files WHERE `+inScope+` AND path = $3 AND state = 'DELETED'`, scoped(scope, path)...)
}
