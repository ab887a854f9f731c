package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"anycheck/internal/fault"
	"anycheck/internal/store"
	"anycheck/internal/vault"
	"anycheck/internal/verification"
)

// uploaded makes an upload of one file at a time.
func (w *world) uploaded(t *testing.T, category verification.FileCategory, at time.Time) string {
	t.Helper()
	id := newID()
	path := fmt.Sprintf("files/%s/%s/uploads/%s_a.jpg", w.org.ID, w.group.ID, id)
	must(t, w.db.InsertUpload(t.Context(), w.scope, verification.Upload{ID: newID(), Tenancy: w.tenancy(), UserID: w.user.ID, Category: category, CreatedAt: at,
		Files: []verification.File{{Path: path, Category: category, MediaType: "image/jpeg", SHA256: "ff", Pages: 1}}}))
	owner, _ := vault.OwnerOf(path)
	_, err := w.db.DataKey(t.Context(), owner, true)
	must(t, err)
	return path
}

// readable tells whether a file is there, and whether it has its key.
func (w *world) readable(t *testing.T, path string) (file, key bool) {
	t.Helper()
	owner, _ := vault.OwnerOf(path)
	_, err := w.db.DataKey(t.Context(), owner, false)
	return w.there(t, path), err == nil
}

func (w *world) there(t *testing.T, path string) bool {
	t.Helper()
	found, err := w.db.Files(t.Context(), w.scope, path)
	must(t, err)
	return len(found) == 1
}

// use is UseFiles of one that must be there.
func (w *world) use(ctx context.Context, s verification.Store, path string) error {
	used, err := s.UseFiles(ctx, w.scope, path)
	if err == nil && !slices.Equal(used, []string{path}) {
		err = fault.New(fault.NotFound, "used %v", used)
	}
	return err
}

func testUnusedFiles(t *testing.T, db *store.DB) {
	ctx := t.Context()
	w := newWorld(t, db)
	unused := func() (paths []string) {
		t.Helper()
		list, err := db.UnusedFiles(ctx, w.scope, now, 7, verification.UnusedFile{}, 10)
		must(t, err)
		for _, f := range list {
			paths = append(paths, f.Path)
		}
		return paths
	}
	old, used := w.uploaded(t, verification.InputFile, now.AddDate(0, 0, -8)), w.uploaded(t, verification.InputFile, now.AddDate(0, 0, -9))
	w.uploaded(t, verification.ProfilePicture, now.AddDate(0, 0, -90))
	young := w.uploaded(t, verification.InputFile, now.AddDate(0, 0, -6))
	must(t, w.use(ctx, db, used))
	list, err := db.UnusedFiles(ctx, w.scope, now, 7, verification.UnusedFile{}, 10)
	must(t, err)
	same(t, "after a week", list, []verification.UnusedFile{{Path: old, Tenancy: w.tenancy(), CreatedAt: now.AddDate(0, 0, -8), Days: 7}})
	must(t, db.SetRetention(ctx, w.scope, w.group.ID, verification.UploadData, 5))
	same(t, "by the group's own days", unused(), []string{old, young})
	first, err := db.UnusedFiles(ctx, w.scope, now, 7, verification.UnusedFile{}, 1)
	must(t, err)
	same(t, "the first of them", first[0].Path, old)
	rest, err := db.UnusedFiles(ctx, w.scope, now, 7, first[0], 10)
	must(t, err)
	same(t, "behind it", rest[0].Path, young)
	twin := w.uploaded(t, verification.InputFile, now.AddDate(0, 0, -6)) // of the same time
	rest, err = db.UnusedFiles(ctx, w.scope, now, 7, rest[0], 10)
	must(t, err)
	same(t, "behind its twin", rest[0].Path, twin)
	must(t, db.SetRetention(ctx, w.scope, w.group.ID, verification.UploadData, 30))
	same(t, "by more days", unused(), []string(nil))

	wantKind(t, "condemning what is used", db.CondemnFile(ctx, w.scope, used, now), fault.NotFound, "")
	if file, key := w.readable(t, used); !file || !key {
		t.Errorf("the used file: there %v, its key %v", file, key)
	}
	wantKind(t, "dropping what is not condemned", db.DropFile(ctx, w.scope, old), fault.NotFound, "")
	must(t, db.CondemnFile(ctx, w.scope, old, now))
	if file, key := w.readable(t, old); file || key {
		t.Errorf("the condemned file: there %v, its key %v", file, key)
	}
	both, err := db.UseFiles(ctx, w.scope, old, used)
	must(t, err)
	same(t, "using what is condemned", both, []string{used})
	same(t, "what a crash left", unused(), []string{old})
	must(t, db.CondemnFile(ctx, w.scope, old, now)) // once more, after the crash
	must(t, db.DropFile(ctx, w.scope, old))
	same(t, "once dropped", unused(), []string(nil))
	wantKind(t, "using what is gone", w.use(ctx, db, old), fault.NotFound, "")
}

// testUseOrDelete: while a verification begins to use a file, nobody deletes
// it; once somebody has, no verification begins.
func testUseOrDelete(t *testing.T, db *store.DB) {
	ctx := t.Context()
	w := newWorld(t, db)
	r := w.result(t, w.folder(t, "F", now).ID, now)
	// begin makes a verification of a file; hold is called before it commits.
	begin := func(path string, hold func()) error {
		return db.InTx(ctx, func(ctx context.Context, tx verification.Store) error {
			if err := w.use(ctx, tx, path); err != nil {
				return err
			}
			v := w.draft(r, now)
			v.Config.Files = map[string][]string{"ktp_file": {path}}
			if err := tx.InsertVerification(ctx, w.scope, v, nil); err != nil {
				return err
			}
			hold()
			return nil
		})
	}
	for _, tt := range []struct {
		name   string
		remove func(path string) error
	}{
		{"the sweep of unused uploads", func(path string) error { return db.CondemnFile(ctx, w.scope, path, now) }},
		{"forgetting another result's pictures", func(path string) error {
			other := w.result(t, r.FolderID, now)
			own, err := db.ForgetFiles(ctx, w.scope, other.ID, []string{path}, now)
			if err == nil && len(own) == 0 {
				err = fault.New(fault.NotFound, "used")
			}
			return err
		}},
		{"the erasure of another result", func(path string) error {
			other := w.result(t, r.FolderID, now)
			if err := db.EraseResult(ctx, w.scope, verification.Tombstone{ResultID: other.ID, Tenancy: w.tenancy(), At: now, Files: []string{path}}); err != nil {
				return err
			}
			tomb, err := db.Tombstone(ctx, w.scope, other.ID)
			if err == nil && len(tomb.Files) == 0 {
				err = fault.New(fault.NotFound, "used")
			}
			return err
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// It begins first: the removal waits for its end, and then sees it.
			path := w.uploaded(t, verification.InputFile, now)
			removed := make(chan error, 1)
			must(t, begin(path, func() {
				started := make(chan struct{})
				go func() {
					close(started)
					removed <- tt.remove(path)
				}()
				<-started
			}))
			wantKind(t, "removing what is used", <-removed, fault.NotFound, "")
			if file, key := w.readable(t, path); !file || !key {
				t.Errorf("the used file: there %v, its key %v", file, key)
			}

			// It comes second.
			path = w.uploaded(t, verification.InputFile, now)
			must(t, tt.remove(path))
			wantKind(t, "using what is removed", begin(path, func() {}), fault.NotFound, "")

			// Both at once, many times: one of them wins, never both and never none.
			for range 30 {
				path := w.uploaded(t, verification.InputFile, now)
				began, removed := make(chan error, 1), make(chan error, 1)
				go func() { began <- begin(path, func() {}) }()
				go func() { removed <- tt.remove(path) }()
				b, d := <-began, <-removed
				file, key := w.readable(t, path)
				if won := b == nil; won != file || won != key || won == (d == nil) {
					t.Fatalf("begun %v, removed %v; the file is there %v, its key %v", b, d, file, key)
				}
				if err := errors.Join(b, d); !fault.Is(err, fault.NotFound) {
					t.Fatalf("the loser: %v", err)
				}
			}
		})
	}
}
