package verification

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

const maxFolderName = 120

func folderName(s string) (string, error) {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return "", fault.Field("name", "must not be empty")
	case hasControl(s):
		return "", fault.Field("name", "must not have control characters")
	case utf8.RuneCountInString(s) > maxFolderName:
		return "", fault.Field("name", "must have at most %d characters", maxFolderName)
	}
	return s, nil
}

// hasControl finds what no database or page should be given as text.
func hasControl(s string) bool { return strings.ContainsFunc(s, unicode.IsControl) }

// CreateFolder makes a folder in the actor's own group.
func (s *UseCases) CreateFolder(ctx context.Context, a tenant.Actor, name string) (Folder, error) {
	if err := a.Require(tenant.WriteFolders); err != nil {
		return Folder{}, err
	}
	name, err := folderName(name)
	if err != nil {
		return Folder{}, err
	}
	org, group := a.Home()
	now := s.now()
	f := Folder{ID: newID(), Tenancy: Tenancy{org, group}, Name: name, CreatedAt: now, CreatedBy: a.Name(), UpdatedAt: now, UpdatedBy: a.Name()}
	var made Folder
	err = s.store.InTx(ctx, func(ctx context.Context, tx Store) (err error) {
		if err := tx.InsertFolder(ctx, a.Scope(), f); err != nil {
			return err
		}
		if made, err = tx.Folder(ctx, a.Scope(), f.ID); err != nil {
			return err
		}
		return answered(ctx, tx, made)
	})
	return made, err
}

// Folder gives one folder.
func (s *UseCases) Folder(ctx context.Context, a tenant.Actor, id uuid.UUID) (Folder, error) {
	if err := a.Require(tenant.ReadFolders); err != nil {
		return Folder{}, err
	}
	return s.store.Folder(ctx, a.Scope(), id)
}

// Folders lists a group's folders.
func (s *UseCases) Folders(ctx context.Context, a tenant.Actor, group uuid.UUID, search string, p Page) ([]Folder, int, error) {
	if err := a.Require(tenant.ReadFolders); err != nil {
		return nil, 0, err
	}
	if hasControl(search) {
		return nil, 0, fault.Field("search", "must not have control characters")
	}
	return s.store.Folders(ctx, a.Scope(), group, search, p)
}

// FolderChange is what PATCH may change; nil leaves a field as it is.
type FolderChange struct {
	Name      *string
	IsStarred *bool
}

// UpdateFolder changes a folder.
func (s *UseCases) UpdateFolder(ctx context.Context, a tenant.Actor, id uuid.UUID, c FolderChange) (Folder, error) {
	if err := a.Require(tenant.WriteFolders); err != nil {
		return Folder{}, err
	}
	var f Folder
	err := s.store.InTx(ctx, func(ctx context.Context, tx Store) (err error) {
		if f, err = tx.Folder(ctx, a.Scope(), id); err != nil {
			return err
		}
		if c.Name != nil {
			if f.Name, err = folderName(*c.Name); err != nil {
				return err
			}
		}
		if c.IsStarred != nil {
			f.IsStarred = *c.IsStarred
		}
		if c == (FolderChange{}) {
			return nil
		}
		f.UpdatedAt, f.UpdatedBy = s.now(), a.Name()
		return tx.UpdateFolder(ctx, a.Scope(), f)
	})
	return f, err
}

// DeleteFolder removes an empty folder.
func (s *UseCases) DeleteFolder(ctx context.Context, a tenant.Actor, id uuid.UUID) error {
	if err := a.Require(tenant.WriteFolders); err != nil {
		return err
	}
	return s.store.DeleteFolder(ctx, a.Scope(), id)
}

// FolderResults lists the results of a folder.
func (s *UseCases) FolderResults(ctx context.Context, a tenant.Actor, folder uuid.UUID, p Page) ([]Result, int, error) {
	if err := a.Require(tenant.ReadFolders); err != nil {
		return nil, 0, err
	}
	if _, err := s.store.Folder(ctx, a.Scope(), folder); err != nil {
		return nil, 0, err
	}
	list, total, err := s.store.Results(ctx, a.Scope(), folder, p)
	if err != nil {
		return nil, 0, err
	}
	return list, total, s.fillOverall(ctx, a.Scope(), list)
}
