package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/store"
	"anycheck/internal/store/pgtest"
	"anycheck/internal/store/storetest"
	"anycheck/internal/tenant"
	"anycheck/internal/vault"
)

func TestSQLite(t *testing.T)   { storetest.Run(t, storetest.SQLite) }
func TestPostgres(t *testing.T) { storetest.Run(t, storetest.Postgres) }

func TestOpenRefusesOtherAddresses(t *testing.T) {
	for _, url := range []string{"mysql://u:secret@h/db", "anycheck.db", "postgres"} {
		_, err := store.Open(t.Context(), url, t.TempDir(), store.Options{})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("Open(%q) = %v, want Invalid", url, err)
		}
	}
}

// address is where a test's database is: two starts may share it.
type address struct{ url, dir string }

func engines(t *testing.T, test func(t *testing.T, a address)) {
	t.Run("sqlite", func(t *testing.T) { test(t, address{dir: filepath.Join(t.TempDir(), "with space?&#%", "data")}) })
	t.Run("postgres", func(t *testing.T) { test(t, address{url: pgtest.URL(t)}) })
}

func TestStartsAtOnceMigrateOnce(t *testing.T) {
	engines(t, func(t *testing.T, a address) {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				db, err := store.Open(t.Context(), a.url, a.dir, store.Options{})
				if err != nil {
					t.Error(err)
					return
				}
				if err := db.Ping(t.Context()); err != nil {
					t.Error(err)
				}
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

func TestNewerTablesAreRefused(t *testing.T) {
	for name, newer := range map[string]string{
		"queue": `INSERT INTO river_migration (line, version) VALUES ('main', 9999)`,
		"ours":  `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)`,
	} {
		t.Run(name, func(t *testing.T) {
			engines(t, func(t *testing.T, a address) {
				db, err := store.Open(t.Context(), a.url, a.dir, store.Options{})
				if err != nil {
					t.Fatal(err)
				}
				exec(t, db, newer)
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
				if _, err := store.Open(t.Context(), a.url, a.dir, store.Options{}); !fault.Is(err, fault.Conflict) {
					t.Errorf("Open = %v, want Conflict", err)
				}
			})
		})
	}
}

func exec(t *testing.T, db *store.DB, query string) {
	t.Helper()
	var err error
	if p := db.Pool(); p != nil {
		_, err = p.Exec(t.Context(), query)
	} else {
		_, err = db.RiverSQLite().ExecContext(t.Context(), query)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestSQLiteFilesArePrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	db, err := store.Open(t.Context(), "", dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) < 3 {
		t.Fatalf("files = %v, %v; want the database, its log and the lock", entries, err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", e.Name(), info.Mode())
		}
	}
}

// What an older database has in its ledger is summed up as if it had been
// counted at the time.
// A destroyed key must not lie on in what SQLite has freed of its pages: the
// master key would open what backups still hold.
func TestDestroyedKeysAreOverwritten(t *testing.T) {
	dir := t.TempDir()
	db, err := store.Open(t.Context(), "", dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	keyset, err := vault.NewKeyset()
	if err != nil {
		t.Fatal(err)
	}
	master, err := vault.Open(func() ([]byte, error) { return keyset, nil })
	if err != nil {
		t.Fatal(err)
	}
	db.SetVault(master)
	org := tenant.Organization{ID: uuid.New(), Name: "Organization", CreatedAt: time.Now()}
	group := tenant.Group{ID: uuid.New(), OrganizationID: org.ID, Name: "Group", CreatedAt: time.Now()}
	if err := errors.Join(db.InsertOrganization(t.Context(), org), db.InsertGroup(t.Context(), tenant.Everything(), group)); err != nil {
		t.Fatal(err)
	}
	var keys [40][]byte // some pages of them
	var owners [40]vault.Owner
	for i := range keys {
		owners[i] = vault.Owner{Organization: org.ID, Group: group.ID, ID: uuid.New()}
		if keys[i], err = db.DataKey(t.Context(), owners[i], true); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.DestroyDataKeys(t.Context(), owners[:20], time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil { // the log goes with the last connection
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(dir, "anycheck.db"))
	if err != nil {
		t.Fatal(err)
	}
	for i, key := range keys {
		if bytes.Contains(file, key) != (i >= 20) {
			t.Errorf("key %d of 40, of which 20 are destroyed, is in the file: %t", i, bytes.Contains(file, key))
		}
	}
}

func TestUsageOfOlderLedgers(t *testing.T) {
	for name, open := range map[string]func(*testing.T) *store.DB{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			storetest.SomeLedger(t, db)
			counted := storetest.Usage(t, db)
			text, err := os.ReadFile(filepath.Join("migrations", name, "00007_credits.sql"))
			if err != nil {
				t.Fatal(err)
			}
			_, rest, _ := strings.Cut(string(text), "INSERT INTO credit_usage")
			backfill, _, ok := strings.Cut(rest, ";")
			if !ok || counted == "" {
				t.Fatal("the migration has no backfill, or there is nothing to count")
			}
			exec(t, db, "DELETE FROM credit_usage")
			exec(t, db, "INSERT INTO credit_usage"+backfill)
			if got := storetest.Usage(t, db); got != counted {
				t.Errorf("summed up:\n%s\ncounted:\n%s", got, counted)
			}
		})
	}
}
