package blob

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"anycheck/internal/fault"
	"anycheck/internal/verification"
)

func TestLocal(t *testing.T) {
	behaviour(t, func(t *testing.T) verification.Blobs { return local(t, t.TempDir()) })
}

func local(t *testing.T, dir string) *Local {
	t.Helper()
	l, err := OpenLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// behaviour is what every implementation of verification.Blobs must do.
func behaviour(t *testing.T, open func(*testing.T) verification.Blobs) {
	t.Run("a file comes back as it was put", func(t *testing.T) {
		b := open(t)
		for name, data := range map[string]string{"files/o/g/uploads/1_ktp.jpg": "picture", "top": "", "files/o/g/big": strings.Repeat("x", 1<<20)} {
			put(t, b, name, data)
			if got := get(t, b, name); got != data {
				t.Errorf("%s: got %d bytes, want %d", name, len(got), len(data))
			}
		}
	})
	t.Run("a second put replaces", func(t *testing.T) {
		b := open(t)
		put(t, b, "a/b", "the first and longer one")
		put(t, b, "a/b", "second")
		if got := get(t, b, "a/b"); got != "second" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("a missing file", func(t *testing.T) {
		b := open(t)
		put(t, b, "a/b", "x")
		for _, name := range []string{"a/c", "z", "a", "a/b/c"} {
			if _, err := b.Open(t.Context(), name); !fault.Is(err, fault.NotFound) {
				t.Errorf("Open(%s) = %v, want NotFound", name, err)
			}
		}
		if err := b.Delete(t.Context(), "a/c"); err != nil {
			t.Errorf("Delete of a missing file: %v", err)
		}
	})
	t.Run("delete", func(t *testing.T) {
		b := open(t)
		put(t, b, "a/b", "x")
		put(t, b, "a/c", "y")
		if err := b.Delete(t.Context(), "a/b"); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Open(t.Context(), "a/b"); !fault.Is(err, fault.NotFound) {
			t.Errorf("Open after Delete: %v", err)
		}
		if got := get(t, b, "a/c"); got != "y" {
			t.Errorf("its neighbour is %q", got)
		}
	})
	t.Run("paths that leave the root or are not plain", func(t *testing.T) {
		b := open(t)
		for _, name := range []string{"", ".", "..", "../x", "/etc/passwd", "a/../../x", "a//b", "a/./b", "a/"} {
			if err := b.Put(t.Context(), name, strings.NewReader("x")); err == nil {
				t.Errorf("Put(%q) was taken", name)
			}
			if _, err := b.Open(t.Context(), name); !fault.Is(err, fault.NotFound) {
				t.Errorf("Open(%q) = %v, want NotFound", name, err)
			}
			if err := b.Delete(t.Context(), name); !fault.Is(err, fault.NotFound) {
				t.Errorf("Delete(%q) = %v, want NotFound", name, err)
			}
		}
	})
	t.Run("a put that fails keeps what was there", func(t *testing.T) {
		b := open(t)
		put(t, b, "a/b", "whole")
		broken := errors.New("the sender is gone")
		if err := b.Put(t.Context(), "a/b", io.MultiReader(strings.NewReader("ha"), iotest.ErrReader(broken))); !errors.Is(err, broken) {
			t.Errorf("Put = %v, want the reader's error", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := b.Put(ctx, "a/b", strings.NewReader("half")); !errors.Is(err, context.Canceled) {
			t.Errorf("Put with an ended context = %v", err)
		}
		if got := get(t, b, "a/b"); got != "whole" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("many writers of one path leave one whole file", func(t *testing.T) {
		b := open(t)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				if err := b.Put(t.Context(), "new/folder/file", bytes.NewReader(bytes.Repeat([]byte{byte('a' + i)}, 100_000))); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		got := get(t, b, "new/folder/file")
		if len(got) != 100_000 || strings.Count(got, got[:1]) != len(got) {
			t.Errorf("the file is mixed: %d bytes", len(got))
		}
	})
}

func TestLocalIsPrivateAndClean(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "blobs")
	l := local(t, dir)
	put(t, l, "a/b/c", "x")
	_ = l.Put(t.Context(), "a/b/d", iotest.ErrReader(errors.New("gone")))
	var files []string
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(dirMode)
		if !d.IsDir() {
			want = fileMode
			files = append(files, p)
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", p, info.Mode().Perm(), want)
		}
		return nil
	})
	if err != nil || len(files) != 1 {
		t.Errorf("files = %v, %v; want only a/b/c", files, err)
	}
}

func TestLocalSweepsUnfinishedFiles(t *testing.T) {
	dir := t.TempDir()
	put(t, local(t, dir), "a", "kept")
	dead, alive := filepath.Join(dir, tempDir, "dead"), filepath.Join(dir, tempDir, "alive")
	for _, name := range []string{dead, alive} {
		if err := os.WriteFile(name, []byte("half"), fileMode); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-2 * staleAfter)
	if err := os.Chtimes(dead, old, old); err != nil {
		t.Fatal(err)
	}
	l := local(t, dir)
	if _, err := os.Stat(dead); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an old unfinished file stays after a restart: %v", err)
	}
	if _, err := os.Stat(alive); err != nil {
		t.Errorf("the file of a writer at work is gone: %v", err)
	}
	if got := get(t, l, "a"); got != "kept" {
		t.Errorf("got %q", got)
	}
}

func TestLocalHidesItsOwnFolder(t *testing.T) {
	l := local(t, t.TempDir())
	if err := l.Put(t.Context(), tempDir+"/x", strings.NewReader("x")); !fault.Is(err, fault.NotFound) {
		t.Errorf("Put = %v, want NotFound", err)
	}
	put(t, l, ".tmpx", "another name")
}

func TestLocalDoesNotFollowLinksOut(t *testing.T) {
	outside := t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), fileMode); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	l := local(t, dir)
	if _, err := l.Open(t.Context(), "link/secret"); err == nil {
		t.Error("a link out of the root was read")
	}
	if err := l.Put(t.Context(), "link/new", strings.NewReader("x")); err == nil {
		t.Error("a link out of the root was written")
	}
	if err := l.Delete(t.Context(), "link/secret"); err == nil {
		t.Error("a link out of the root was deleted from")
	}
	if left, _ := os.ReadDir(outside); len(left) != 1 {
		t.Errorf("outside has %v", left)
	}
}

func put(t *testing.T, b verification.Blobs, name, data string) {
	t.Helper()
	if err := b.Put(t.Context(), name, strings.NewReader(data)); err != nil {
		t.Fatalf("Put(%s): %v", name, err)
	}
}

func get(t *testing.T, b verification.Blobs, name string) string {
	t.Helper()
	r, err := b.Open(t.Context(), name)
	if err != nil {
		t.Fatalf("Open(%s): %v", name, err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func BenchmarkPut(b *testing.B) {
	l, err := OpenLocal(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	data := make([]byte, 1<<20)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if err := l.Put(b.Context(), "files/o/g/uploads/x", bytes.NewReader(data)); err != nil {
			b.Fatal(err)
		}
	}
}
