// Package blob keeps files by path: uploads, evidence, exports. It implements
// verification.Blobs on a local folder.
//
// It must not know what the files mean.
package blob

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
	"time"

	"anycheck/internal/fault"
	"anycheck/internal/verification"
)

var _ verification.Blobs = (*Local)(nil)

// Local keeps files under one folder of this machine. No path leaves the
// folder, not through ".." nor through a symbolic link. Files are for this
// user only.
type Local struct {
	root *os.Root
}

const (
	dirMode  = 0o700
	fileMode = 0o600
	// tempDir holds files that are being written. It is inside the root, so
	// that a rename never crosses file systems.
	tempDir = ".tmp"
)

// staleAfter is the age at which a file that is still being written belongs to
// a writer that died. Other processes may be writing when this one starts.
const staleAfter = 24 * time.Hour

// OpenLocal opens the folder dir, which is made when it is missing, and
// removes what writers that died have left behind.
func OpenLocal(dir string) (*Local, error) {
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The folder for files cannot be made.")
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The folder for files cannot be opened.")
	}
	l := &Local{root}
	if err := errors.Join(l.makeDirs(tempDir), l.sweep()); err != nil {
		_ = root.Close()
		return nil, fault.Wrap(err, fault.Unavailable, "The folder for files cannot be written to.")
	}
	return l, nil
}

// Close releases the folder.
func (l *Local) Close() error { return l.root.Close() }

func (l *Local) sweep() error {
	entries, err := fs.ReadDir(l.root.FS(), tempDir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || time.Since(info.ModTime()) < staleAfter {
			continue // just renamed by its writer, or still being written
		}
		if err := l.root.Remove(path.Join(tempDir, e.Name())); err != nil && !missing(err) {
			return err
		}
	}
	return nil
}

// Put implements verification.Blobs.
func (l *Local) Put(ctx context.Context, name string, data io.Reader) (err error) {
	if err := check(name); err != nil {
		return err
	}
	temp := path.Join(tempDir, rand.Text())
	defer func() {
		if err != nil {
			_ = l.root.Remove(temp) // swept at a later start if this fails
		}
	}()
	if err := l.write(ctx, temp, data); err != nil {
		return failed(err, "written")
	}
	dir := path.Dir(name)
	if err := l.makeDirs(dir); err != nil {
		return failed(err, "written")
	}
	if err := l.root.Rename(temp, name); err != nil {
		return failed(err, "written")
	}
	// The new name itself survives a power loss only once its folder is synced.
	if err := l.syncDir(dir); err != nil {
		return failed(err, "written")
	}
	return nil
}

func (l *Local) write(ctx context.Context, name string, data io.Reader) error {
	f, err := l.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, reader{ctx, data})
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// makeDirs makes dir and what is missing above it, and syncs each folder that
// got a new entry.
func (l *Local) makeDirs(dir string) error {
	if dir == "." {
		return nil
	}
	if _, err := l.root.Stat(dir); err == nil {
		return nil
	}
	if err := l.makeDirs(path.Dir(dir)); err != nil {
		return err
	}
	if err := l.root.Mkdir(dir, dirMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return l.syncDir(path.Dir(dir))
}

func (l *Local) syncDir(dir string) error {
	f, err := l.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Open implements verification.Blobs. The reader also implements io.Seeker.
func (l *Local) Open(_ context.Context, name string) (io.ReadCloser, error) {
	if err := check(name); err != nil {
		return nil, err
	}
	f, err := l.root.Open(name)
	if err != nil {
		return nil, failed(err, "read")
	}
	// A folder opens too, but is no file.
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		_ = f.Close()
		return nil, fault.New(fault.NotFound, "There is no such file.")
	}
	return f, nil
}

// Delete implements verification.Blobs. Folders that become empty stay.
func (l *Local) Delete(_ context.Context, name string) error {
	if err := check(name); err != nil {
		return err
	}
	info, err := l.root.Lstat(name)
	if err == nil && !info.Mode().IsRegular() {
		return fault.New(fault.NotFound, "There is no such file.")
	}
	if err == nil {
		err = l.root.Remove(name)
	}
	switch {
	case missing(err):
		return nil
	case err != nil:
		return failed(err, "deleted")
	}
	return l.syncDirOf(name)
}

// DeleteAll implements verification.Blobs.
func (l *Local) DeleteAll(_ context.Context, folder string) error {
	if err := check(folder); err != nil {
		return err
	}
	if _, err := l.root.Lstat(folder); missing(err) {
		return nil
	}
	if err := l.root.RemoveAll(folder); err != nil {
		return failed(err, "deleted")
	}
	return l.syncDirOf(folder)
}

func (l *Local) syncDirOf(name string) error {
	if err := l.syncDir(path.Dir(name)); err != nil {
		return failed(err, "deleted")
	}
	return nil
}

// check refuses paths that are not plain: callers make them, and one that is
// not in its shortest form hides a mistake or an attack.
func check(name string) error {
	if !fs.ValidPath(name) || name == "." || name == tempDir || len(name) > len(tempDir) && name[:len(tempDir)+1] == tempDir+"/" {
		return fault.New(fault.NotFound, "There is no such file.")
	}
	return nil
}

func missing(err error) bool {
	// ENOTDIR: a part of the path is a file.
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

func failed(err error, verb string) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("blob: %w", err)
	case missing(err):
		return fault.Wrap(err, fault.NotFound, "There is no such file.")
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fault.Wrap(err, fault.Unavailable, "The disk is full.")
	}
	return fault.Wrap(err, fault.Internal, "A file cannot be %s.", verb)
}

// reader ends with its context.
type reader struct {
	ctx  context.Context
	data io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.data.Read(p)
}
