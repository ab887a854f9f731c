package watchlist_test

import (
	"context"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"anycheck/internal/blob"
	"anycheck/internal/fault"
	"anycheck/internal/screening"
	"anycheck/internal/store"
	"anycheck/internal/verification"
	"anycheck/internal/watchlist"
)

// failing is a file store that can be made to refuse.
type failing struct {
	verification.Blobs
	err error
}

func (f *failing) Put(ctx context.Context, path string, data io.Reader) error {
	if f.err != nil {
		return f.err
	}
	return f.Blobs.Put(ctx, path, data)
}

// platform is an empty database and folder.
func platform(t *testing.T) (*store.DB, *blob.Local) {
	t.Helper()
	db, err := store.Open(t.Context(), "", t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	local, err := blob.OpenLocal(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { local.Close() })
	return db, local
}

func TestLibrary(t *testing.T) {
	ctx := t.Context()
	db, local := platform(t)
	blobs := &failing{Blobs: local}
	// Two processes on one platform.
	one, two := watchlist.NewLibrary(db, blobs, time.Now), watchlist.NewLibrary(db, blobs, time.Now)

	list := func(names ...string) screening.List {
		l := screening.List{Name: "test", Checksum: strings.Join(names, "+")}
		for i, n := range names {
			l.Entities = append(l.Entities, screening.Entity{ID: string(rune('A' + i)), Schema: screening.Person, Names: []screening.Name{{Text: n, Kind: screening.Primary}},
				BirthDates: []screening.PartialDate{{Year: 1960, Month: 5, Day: 4}}, Topics: []string{"sanction"}, Datasets: []string{"test"}})
		}
		return l
	}
	found := func(l *watchlist.Library, name string) (hits []screening.Hit, lists int) {
		t.Helper()
		if err := l.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		s, err := l.Screen(ctx, screening.Query{Name: name, BirthDate: screening.PartialDate{Year: 1960, Month: 5, Day: 4}})
		if err != nil {
			t.Fatal(err)
		}
		return s.Hits, len(s.Lists)
	}

	if hits, lists := found(one, "Surya Wirawan Hadikusumo"); len(hits) != 0 || lists != 0 {
		t.Errorf("an empty library answers %v, %d lists", hits, lists)
	}
	saved, err := one.Import(ctx, list("Surya Wirawan Hadikusumo", "Ratna Dewi Kertanegara"), true)
	if err != nil || saved.Version != 1 || saved.Changes.Added != 2 || saved.Unchanged {
		t.Fatalf("import: %+v, %v", saved, err)
	}
	for name, l := range map[string]*watchlist.Library{"the importing process": one, "another process": two} {
		if hits, lists := found(l, "Surya Wirawan Hadikusumo"); len(hits) != 1 || hits[0].EntityID != "A" || !hits[0].Alert || lists != 1 {
			t.Errorf("%s: %+v, %d lists", name, hits, lists)
		}
	}

	// The next version replaces the last one, everywhere, with the next search.
	if saved, err = two.Import(ctx, list("Bambang Tirtayasa Nugraha"), true); err != nil || saved.Version != 2 {
		t.Fatalf("second import: %+v, %v", saved, err)
	}
	if hits, lists := found(one, "Surya Wirawan Hadikusumo"); len(hits) != 0 || lists != 1 {
		t.Errorf("the old version is still searched: %+v, %d lists", hits, lists)
	}
	if hits, _ := found(one, "Bambang Tirtayasa Nugraha"); len(hits) != 1 {
		t.Errorf("the new version is not searched: %+v", hits)
	}

	// What cannot be kept or is empty leaves the last good version in use.
	if _, err := one.Import(ctx, screening.List{Name: "test"}, true); !fault.Is(err, fault.Invalid) {
		t.Errorf("an empty list: %v", err)
	}
	blobs.err = fault.New(fault.Unavailable, "the disk is full")
	if _, err := one.Import(ctx, list("Somebody Else Entirely"), true); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a full disk: %v", err)
	}
	if hits, _ := found(two, "Bambang Tirtayasa Nugraha"); len(hits) != 1 {
		t.Errorf("a failed import changed what is searched: %+v", hits)
	}
	// A version whose file is broken takes nothing down: the last one stays in
	// use, and going back mends it.
	blobs.err = nil
	if _, err := one.Import(ctx, list("Somebody Else Entirely"), true); err != nil {
		t.Fatal(err)
	}
	rows, err := db.ActiveWatchLists(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := local.Put(ctx, rows[0].Path, strings.NewReader("not gzip")); err != nil {
		t.Fatal(err)
	}
	if err := two.Refresh(ctx); err == nil {
		t.Error("a broken file was taken")
	}
	if s, err := two.Screen(ctx, screening.Query{Name: "Bambang Tirtayasa Nugraha", BirthDate: screening.PartialDate{Year: 1960, Month: 5, Day: 4}}); err != nil || len(s.Hits) != 1 || s.Lists[0].Version != "2" {
		t.Errorf("with a broken new version: %+v, %v", s, err)
	}
	if back, err := one.Rollback(ctx, "test", 0); err != nil || back.Version != 2 {
		t.Errorf("back to %+v, %v", back, err)
	}
	if err := two.Refresh(ctx); err != nil {
		t.Errorf("after going back: %v", err)
	}
	all, err := one.Versions(ctx)
	if err != nil || len(all) != 3 || !all[1].Active || all[1].Version != 2 || all[0].Active || all[2].Active {
		t.Errorf("lists %+v, %v", all, err)
	}
}

// TestImportThatLoses: what a file lacks of the version before refuses it,
// whatever it has gained.
func TestImportThatLoses(t *testing.T) {
	ctx := t.Context()
	db, local := platform(t)
	l := watchlist.NewLibrary(db, local, time.Now)
	made := 0
	// list has as many entities from an id on, each with so many names; those
	// after the first undated have a date of birth.
	list := func(from, entities, names, undated int) screening.List {
		made++
		out := screening.List{Name: "test", Checksum: strconv.Itoa(made)}
		for i := range entities {
			e := screening.Entity{ID: strconv.Itoa(from + i), Schema: screening.Person}
			for n := range names {
				e.Names = append(e.Names, screening.Name{Text: "Wirandaka " + strings.Repeat("i", n+1)})
			}
			if i >= undated {
				e.BirthDates = []screening.PartialDate{{Year: 1960}}
			}
			out.Entities = append(out.Entities, e)
		}
		return out
	}
	for _, c := range []struct {
		what     string
		old, now screening.List
		says     string // in the refusal; empty: it is imported
	}{
		{"a tenth fewer entities", list(0, 20, 1, 0), list(2, 18, 1, 0), ""},
		{"more than that", list(0, 20, 1, 0), list(3, 17, 1, 0), "3 of 20 entities, 3 of 20 names, 3 of 20 dates of birth of version"},
		{"other ids", list(0, 20, 1, 0), list(20, 20, 1, 0), "20 of 20 entities"},
		{"other ids in a longer list", list(0, 20, 1, 0), list(3, 60, 1, 0), "3 of 20 entities"},
		{"no aliases", list(0, 20, 2, 0), list(0, 20, 1, 0), "lose 20 of 40 names of version"},
		{"no aliases, other entities instead", list(0, 20, 2, 0), list(0, 60, 1, 0), "lose 20 of 40 names of version"},
		{"no dates", list(0, 20, 1, 0), list(0, 20, 1, 20), "lose 20 of 20 dates of birth of version"},
		{"a tenth fewer dates", list(0, 20, 1, 0), list(0, 20, 1, 2), ""},
		{"never had dates", list(0, 20, 1, 20), list(0, 20, 2, 20), ""},
		{"one of five", list(0, 5, 1, 0), list(0, 4, 1, 0), "1 of 5 entities"},
	} {
		old, err := l.Import(ctx, c.old, true)
		if err != nil {
			t.Fatal(err)
		}
		_, err = l.Import(ctx, c.now, false)
		if c.says == "" && err != nil || c.says != "" && (!fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v", c.what, err)
		}
		if now, err := l.Import(ctx, c.now, true); err != nil || now.Version != old.Version+1 {
			t.Errorf("%s, forced: %+v, %v", c.what, now, err)
		}
	}
}
