package vault

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/verification"
)

// DataKeys keeps wrapped data keys.
type DataKeys interface {
	// DataKey gives an owner's key, and makes one when there is none and make
	// is set. A missing or destroyed one is NotFound.
	DataKey(ctx context.Context, owner Owner, make bool) (wrapped []byte, err error)
}

// Owner is what a data key belongs to: a result, or an uploaded file.
type Owner struct{ Organization, Group, ID uuid.UUID }

// Files encrypts the files of persons on their way to the inner store. Other
// paths, such as those of watch lists, pass as they are. It implements
// verification.Blobs.
type Files struct {
	verification.Blobs
	Keys   DataKeys
	Master *Master
}

// OwnerOf tells whose key a path is under; false for files of nobody. The
// paths are those of the core: files/{organization}/{group}/uploads/{id}_{name}
// and files/{organization}/{group}/results/{result}/….
func OwnerOf(path string) (Owner, bool) {
	parts := strings.SplitN(path, "/", 6)
	if len(parts) < 5 || parts[0] != "files" {
		return Owner{}, false
	}
	id := parts[4]
	if parts[3] == "uploads" {
		id, _, _ = strings.Cut(id, "_")
	}
	var o Owner
	var errs [3]error
	o.Organization, errs[0] = uuid.Parse(parts[1])
	o.Group, errs[1] = uuid.Parse(parts[2])
	o.ID, errs[2] = uuid.Parse(id)
	return o, errors.Join(errs[:]...) == nil
}

// Put implements verification.Blobs.
func (f Files) Put(ctx context.Context, path string, data io.Reader) error {
	owner, personal := OwnerOf(path)
	if !personal {
		return f.Blobs.Put(ctx, path, data)
	}
	key, err := f.key(ctx, owner, true)
	if err != nil {
		return err
	}
	from, to := io.Pipe()
	go func() {
		w, err := key.Writer(path, to)
		if err == nil {
			if _, err = io.Copy(w, data); err == nil {
				err = w.Close()
			}
		}
		to.CloseWithError(err) // nil ends the file
	}()
	err = f.Blobs.Put(ctx, path, from)
	// Whoever still writes is told that nobody reads.
	from.CloseWithError(context.Canceled)
	return err
}

// Open implements verification.Blobs.
func (f Files) Open(ctx context.Context, path string) (io.ReadCloser, error) {
	owner, personal := OwnerOf(path)
	if !personal {
		return f.Blobs.Open(ctx, path)
	}
	key, err := f.key(ctx, owner, false)
	if fault.Is(err, fault.NotFound) {
		return nil, fault.New(fault.NotFound, "There is no such file.")
	}
	if err != nil {
		return nil, err
	}
	sealed, err := f.Blobs.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	plain, err := key.Reader(path, sealed)
	if err != nil {
		return nil, errors.Join(err, sealed.Close())
	}
	return opened{plain, sealed}, nil
}

type opened struct {
	io.Reader
	io.Closer
}

func (f Files) key(ctx context.Context, owner Owner, create bool) (Key, error) {
	wrapped, err := f.Keys.DataKey(ctx, owner, create)
	if err != nil {
		return Key{}, err
	}
	return f.Master.Key(owner.ID.String(), wrapped)
}
