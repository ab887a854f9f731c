package store

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

const (
	noFolder     = "There is no such folder."
	selectFolder = `SELECT id, organization_id, group_id, (SELECT groups.name FROM groups WHERE groups.id = folders.group_id), name, is_starred,
		(SELECT COUNT(DISTINCT service_id) FROM verifications WHERE verifications.folder_id = folders.id),
		(SELECT COUNT(*) FROM results WHERE results.folder_id = folders.id),
		created_at, created_by, updated_at, updated_by FROM folders WHERE ` + inScope
)

func scanFolder(r row) (f verification.Folder, err error) {
	err = r.Scan(&f.ID, &f.OrganizationID, &f.GroupID, &f.GroupName, &f.Name, &f.IsStarred, &f.TotalService, &f.TotalResult,
		at{&f.CreatedAt}, &f.CreatedBy, at{&f.UpdatedAt}, &f.UpdatedBy)
	return f, err
}

// InsertFolder implements verification.Store.
func (s *store) InsertFolder(ctx context.Context, scope tenant.Scope, f verification.Folder) error {
	return s.change(ctx, noGroup, `INSERT INTO folders (id, organization_id, group_id, name, name_folded, is_starred, created_at, created_by, updated_at, updated_by)
		SELECT $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 FROM groups
		WHERE id = $5 AND organization_id = $4 AND `+groupInScope,
		scoped(scope, f.ID, f.OrganizationID, f.GroupID, f.Name, strings.ToLower(f.Name), f.IsStarred,
			micros(f.CreatedAt), f.CreatedBy, micros(f.UpdatedAt), f.UpdatedBy)...)
}

// Folder implements verification.Store.
func (s *store) Folder(ctx context.Context, scope tenant.Scope, id uuid.UUID) (verification.Folder, error) {
	return one(ctx, s, scanFolder, noFolder, selectFolder+` AND id = $3`, scoped(scope, id)...)
}

// PlainFolder implements verification.Store.
func (s *store) PlainFolder(ctx context.Context, scope tenant.Scope, id uuid.UUID) (verification.Folder, error) {
	return one(ctx, s, scanFolder, noFolder, `SELECT id, organization_id, group_id, '', name, is_starred, 0, 0, created_at, created_by, updated_at, updated_by
		FROM folders WHERE `+inScope+` AND id = $3`, scoped(scope, id)...)
}

// Folders implements verification.Store.
func (s *store) Folders(ctx context.Context, scope tenant.Scope, group uuid.UUID, search string, p verification.Page) ([]verification.Folder, int, error) {
	if _, err := s.Group(ctx, scope, group); err != nil {
		return nil, 0, err
	}
	const where = ` AND group_id = $3 AND name_folded LIKE $4 ESCAPE '!'`
	args := scoped(scope, group, "%"+likeEscaper.Replace(strings.ToLower(search))+"%")
	total, err := one(ctx, s, value[int], "", `SELECT COUNT(*) FROM folders WHERE `+inScope+where, args...)
	if err != nil {
		return nil, 0, err
	}
	list, err := all(ctx, s, scanFolder, selectFolder+where+` ORDER BY created_at DESC, id DESC LIMIT $5 OFFSET $6`, append(args, p.Size, p.Offset)...)
	return list, total, err
}

// likeEscaper makes a search mean its own characters.
var likeEscaper = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// UpdateFolder implements verification.Store.
func (s *store) UpdateFolder(ctx context.Context, scope tenant.Scope, f verification.Folder) error {
	return s.change(ctx, noFolder, `UPDATE folders SET name = $4, name_folded = $5, is_starred = $6, updated_at = $7, updated_by = $8
		WHERE `+inScope+` AND id = $3`,
		scoped(scope, f.ID, f.Name, strings.ToLower(f.Name), f.IsStarred, micros(f.UpdatedAt), f.UpdatedBy)...)
}

// DeleteFolder implements verification.Store.
func (s *store) DeleteFolder(ctx context.Context, scope tenant.Scope, id uuid.UUID) error {
	n, err := s.exec(ctx, `DELETE FROM folders WHERE `+inScope+` AND id = $3
		AND NOT EXISTS (SELECT 1 FROM results WHERE results.folder_id = folders.id)`, scoped(scope, id)...)
	if err == nil && n == 1 {
		return nil
	}
	// A result that came in between is refused by the foreign key.
	if err != nil && !s.db.dialect.foreignKey(err) {
		return err
	}
	if err == nil {
		if _, err := s.Folder(ctx, scope, id); err != nil {
			return err
		}
	}
	return fault.New(fault.Conflict, "The folder has results. Only an empty folder can be deleted.")
}
