package verification

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode"

	"anycheck/internal/audit"
	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

// IncomingFile is one file of an upload, spooled somewhere by the caller.
type IncomingFile struct {
	Name     string
	Password string
	Open     func() (io.ReadCloser, error)
}

// Upload checks and stores files. Either all are kept or none.
func (u *UseCases) Upload(ctx context.Context, a tenant.Actor, category FileCategory, files []IncomingFile) (Upload, error) {
	if err := a.Require(tenant.WriteUploads); err != nil {
		return Upload{}, err
	}
	if category != InputFile && category != ProfilePicture {
		return Upload{}, fault.Field("file_category", "must be %s or %s", InputFile, ProfilePicture).WithCode(fault.CodeInvalidValue)
	}
	switch {
	case len(files) == 0:
		return Upload{}, fault.Field("files", "needs at least one file")
	case len(files) > u.limits.FilesPerUpload:
		return Upload{}, fault.Field("files", "takes at most %d files, got %d", u.limits.FilesPerUpload, len(files))
	}
	org, group := a.Home()
	up := Upload{ID: newID(), Tenancy: Tenancy{org, group}, UserID: a.User.ID, Category: category, CreatedAt: u.now()}
	err := u.keep(ctx, &up, files)
	if err == nil {
		audit.Of(ctx).About(org, group, "upload", up.ID)
		err = u.store.InTx(ctx, func(ctx context.Context, tx Store) error {
			if err := tx.InsertUpload(ctx, a.Scope(), up); err != nil {
				return err
			}
			return answered(ctx, tx, up)
		})
	}
	if err != nil {
		for _, f := range up.Files {
			// The caller may be gone already; the files must go all the same.
			_ = u.blobs.Delete(context.WithoutCancel(ctx), f.Path)
		}
		return Upload{}, err
	}
	return up, nil
}

func (u *UseCases) keep(ctx context.Context, up *Upload, files []IncomingFile) error {
	for i, in := range files {
		data, err := u.load(in)
		var doc Document
		if err == nil {
			doc, err = u.documents.Inspect(ctx, data, in.Password)
		}
		if err == nil && doc.Pages > u.limits.PagesPerFile {
			err = fault.New(fault.Invalid, "The file has %d pages; at most %d are taken.", doc.Pages, u.limits.PagesPerFile)
		}
		if err != nil {
			if fault.From(err).Kind == fault.Internal {
				return err
			}
			e := fault.From(err)
			return fault.Wrap(err, e.Kind, "%s", e.Message).WithCode(e.Code).WithField(fmt.Sprintf("files[%d]", i), "%s", e.Message)
		}
		if doc.Unlocked != nil {
			data = doc.Unlocked
		}
		sum := sha256.Sum256(data)
		f := File{
			Path:     path.Join("files", up.OrganizationID.String(), up.GroupID.String(), "uploads", newID().String()+"_"+fileName(in.Name)),
			Category: up.Category, MediaType: doc.MediaType, Bytes: int64(len(data)), SHA256: hex.EncodeToString(sum[:]), Pages: doc.Pages,
		}
		up.Files = append(up.Files, f)
		if err := u.blobs.Put(ctx, f.Path, bytes.NewReader(data)); err != nil {
			return err
		}
	}
	return nil
}

func (u *UseCases) load(in IncomingFile) ([]byte, error) {
	r, err := in.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, u.limits.FileBytes+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) == 0:
		return nil, fault.New(fault.Invalid, "The file is empty.")
	case int64(len(data)) > u.limits.FileBytes:
		return nil, fault.New(fault.TooLarge, "The file is larger than %d MiB.", u.limits.FileBytes>>20)
	}
	return data, nil
}

// fileName keeps what is harmless of a caller's file name: it becomes part of
// a path, a URL and a header.
func fileName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	clean := strings.Map(func(r rune) rune {
		switch {
		case r == '.' || r == '-' || r == '_':
			return r
		case r > unicode.MaxASCII || !(unicode.IsLetter(r) || unicode.IsDigit(r)):
			return '_'
		}
		return r
	}, name)
	clean = strings.TrimLeft(clean, ".")
	if len(clean) > 80 {
		clean = clean[len(clean)-80:]
	}
	if clean == "" {
		return "file"
	}
	return clean
}

// OpenFile opens a stored file for a caller whose signed address was checked.
func (u *UseCases) OpenFile(ctx context.Context, path string) (io.ReadCloser, error) {
	return u.blobs.Open(ctx, path)
}
