package store_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/stdlib"

	"anycheck/internal/audit"
	"anycheck/internal/face"
	"anycheck/internal/ledger"
	"anycheck/internal/store"
	"anycheck/internal/store/pgtest"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// BenchmarkEachKnownFace searches an organization of a million faces, as one
// verification does.
func BenchmarkEachKnownFace(b *testing.B) {
	const n, size = 1_000_000, 128
	org := uuid.New()
	run := func(b *testing.B, url string, fill ...string) {
		db, err := store.Open(b.Context(), url, b.TempDir(), store.Options{})
		if err != nil {
			b.Fatal(err)
		}
		defer db.Close()
		// Without their verifications, which do not matter here.
		tables := db.RiverSQLite()
		if db.Pool() != nil {
			tables = stdlib.OpenDBFromPool(db.Pool())
			defer tables.Close()
		}
		tables.SetMaxOpenConns(1) // a PRAGMA is of one connection
		for _, statement := range fill {
			if _, err := tables.ExecContext(b.Context(), statement); err != nil {
				b.Fatal(err)
			}
		}
		limits := face.Thresholds{Match: 0.40, Review: 0.30, Calibration: face.Calibration{Midpoint: 0.263, Slope: 28.1}}
		for b.Loop() {
			s := face.NewSearch(bytes.Repeat([]byte{1, 0xff}, size/2), "me", limits)
			err := db.EachKnownFace(b.Context(), tenant.WithinOrganization(org), org, "model 1", func(_ uuid.UUID, owner, face []byte) { s.Add(owner, face) })
			if err != nil || s.Result().Compared != n {
				b.Fatal(err, s.Result().Compared)
			}
		}
	}
	const columns = `INSERT INTO known_faces (verification_id, organization_id, group_id, space, owner, face, at) `
	b.Run("sqlite", func(b *testing.B) {
		run(b, "", `PRAGMA foreign_keys = OFF`, fmt.Sprintf(`WITH RECURSIVE s (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM s WHERE i < %d - 1) `+columns+`
			SELECT printf('%%08x-0000-7000-8000-000000000000', i), '%s', 'g', 'model 1', randomblob(32), randomblob(%d), i FROM s`, n, org, size))
	})
	b.Run("postgres", func(b *testing.B) {
		run(b, pgtest.URL(b), `ALTER TABLE known_faces DISABLE TRIGGER ALL`, fmt.Sprintf(columns+`
			SELECT lpad(to_hex(i), 8, '0') || '-0000-7000-8000-000000000000', '%s', 'g', 'model 1', sha256(i::text::bytea),
				sha256(('a' || i)::bytea) || sha256(('b' || i)::bytea) || sha256(('c' || i)::bytea) || sha256(('d' || i)::bytea), i
			FROM generate_series(0, %d - 1) AS i`, org, n))
	})
}

// BenchmarkAppendEntry is the cost of a small durable transaction.
func BenchmarkAppendEntry(b *testing.B) {
	run := func(b *testing.B, url string) {
		db, err := store.Open(b.Context(), url, b.TempDir(), store.Options{})
		if err != nil {
			b.Fatal(err)
		}
		defer db.Close()
		org, group := uuid.New(), uuid.New()
		if err := db.InsertOrganization(b.Context(), tenant.Organization{ID: org, Name: org.String()}); err != nil {
			b.Fatal(err)
		}
		if err := db.InsertGroup(b.Context(), tenant.Everything(), tenant.Group{ID: group, OrganizationID: org}); err != nil {
			b.Fatal(err)
		}
		now := time.Now()
		for b.Loop() {
			e := ledger.Entry{ID: uuid.New(), GroupID: group, Kind: ledger.TopUp, Credits: 1, CreatedAt: now}
			if err := db.AppendEntry(b.Context(), tenant.WithinGroup(org, group), e); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("sqlite", func(b *testing.B) { run(b, "") })
	b.Run("postgres", func(b *testing.B) { run(b, pgtest.URL(b)) })
}

// BenchmarkAppendAudit is what the audit record of a read costs: a transaction
// of its own; and what it adds to a change that has a transaction.
func BenchmarkAppendAudit(b *testing.B) {
	run := func(b *testing.B, url string) {
		db, err := store.Open(b.Context(), url, b.TempDir(), store.Options{})
		if err != nil {
			b.Fatal(err)
		}
		defer db.Close()
		org, group := uuid.New(), uuid.New()
		if err := db.InsertOrganization(b.Context(), tenant.Organization{ID: org, Name: org.String()}); err != nil {
			b.Fatal(err)
		}
		if err := db.InsertGroup(b.Context(), tenant.Everything(), tenant.Group{ID: group, OrganizationID: org}); err != nil {
			b.Fatal(err)
		}
		entry := func() *audit.Entry {
			e := audit.Begin(audit.DataViewed, "verification").As(audit.System)
			e.About(org, group, "verification", uuid.New())
			e.Stamp("request", "192.0.2.1:80", time.Now())
			return e
		}
		credit := func(ctx context.Context) error {
			return db.InTx(ctx, func(ctx context.Context, tx verification.Store) error {
				return tx.AppendEntry(ctx, tenant.WithinGroup(org, group), ledger.Entry{ID: uuid.New(), GroupID: group, Kind: ledger.TopUp, Credits: 1, CreatedAt: time.Now()})
			})
		}
		b.Run("alone", func(b *testing.B) {
			for b.Loop() {
				if err := db.AppendAudit(b.Context(), entry()); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("alone, 16 at once", func(b *testing.B) {
			b.SetParallelism(8)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := db.AppendAudit(b.Context(), entry()); err != nil {
						b.Error(err)
					}
				}
			})
		})
		b.Run("change without", func(b *testing.B) {
			for b.Loop() {
				if err := credit(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("change with", func(b *testing.B) {
			for b.Loop() {
				if err := credit(audit.With(b.Context(), entry())); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("sqlite", func(b *testing.B) { run(b, "") })
	b.Run("postgres", func(b *testing.B) { run(b, pgtest.URL(b)) })
}
