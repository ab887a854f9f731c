package store

import (
	"context"

	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

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
			err := tx.change(ctx, noGroup, `INSERT INTO files (path, upload_id, organization_id, group_id, category, media_type, bytes, sha256, pages)
				SELECT $4, id, organization_id, group_id, $5, $6, $7, $8, $9 FROM uploads
				WHERE `+inScope+` AND id = $3`,
				scoped(scope, u.ID, f.Path, f.Category, f.MediaType, f.Bytes, f.SHA256, f.Pages)...)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// File implements verification.Store.
func (s *store) File(ctx context.Context, scope tenant.Scope, path string) (verification.File, error) {
	return one(ctx, s, func(r row) (f verification.File, err error) {
		err = r.Scan(&f.Path, &f.Category, &f.MediaType, &f.Bytes, &f.SHA256, &f.Pages)
		return f, err
	}, "There is no such file.", `SELECT path, category, media_type, bytes, sha256, pages FROM files
		WHERE `+inScope+` AND path = $3`, scoped(scope, path)...)
}
