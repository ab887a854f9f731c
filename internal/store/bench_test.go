package store_test

import (
	"bytes"
	"context"
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
	"anycheck/internal/vault"
	"anycheck/internal/verification"
)

// BenchmarkEachKnownFace searches an organization of 100,000 sealed faces, as one
// verification does.
func BenchmarkEachKnownFace(b *testing.B) {
	const n, size = 100_000, 128
	run := func(b *testing.B, url, withoutParents string) {
		db, err := store.Open(b.Context(), url, b.TempDir(), store.Options{})
		if err != nil {
			b.Fatal(err)
		}
		defer db.Close()
		keys, err := vault.NewKeyset()
		if err != nil {
			b.Fatal(err)
		}
		master, err := vault.Open(func() ([]byte, error) { return keys, nil })
		if err != nil {
			b.Fatal(err)
		}
		db.SetVault(master)
		tables := db.RiverSQLite()
		if db.Pool() != nil {
			tables = stdlib.OpenDBFromPool(db.Pool())
			defer tables.Close()
		}
		tables.SetMaxOpenConns(1) // a PRAGMA is of one connection
		// Without their verifications, which do not matter here.
		if _, err := tables.ExecContext(b.Context(), withoutParents); err != nil {
			b.Fatal(err)
		}
		org, group := uuid.New().String(), uuid.New().String()
		tx, err := tables.BeginTx(b.Context(), nil)
		if err != nil {
			b.Fatal(err)
		}
		values := make([]byte, size)
		for i := range n {
			for k := range values {
				values[k] = byte(i * k)
			}
			id := uuid.New().String()
			sealed, err := master.Seal("known_faces.face "+id, values)
			if err == nil {
				_, err = tx.ExecContext(b.Context(), `INSERT INTO known_faces (verification_id, organization_id, group_id, space, owner, face, sealed, at) VALUES ($1, $2, $3, 'model 1', $4, $5, TRUE, 0)`,
					id, org, group, []byte(id), sealed)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
		if err := tx.Commit(); err != nil {
			b.Fatal(err)
		}
		limits := face.Thresholds{Match: 0.40, Review: 0.30, Calibration: face.Calibration{Midpoint: 0.263, Slope: 28.1}}
		organization := uuid.MustParse(org)
		for b.Loop() {
			s := face.NewSearch(bytes.Repeat([]byte{1, 0xff}, size/2), "me", limits)
			err := db.EachKnownFace(b.Context(), tenant.WithinOrganization(organization), organization, "model 1", func(_ uuid.UUID, owner, face []byte) { s.Add(owner, face) })
			if err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/n, "µs/face")
	}
	b.Run("sqlite", func(b *testing.B) { run(b, "", `PRAGMA foreign_keys = OFF`) })
	b.Run("postgres", func(b *testing.B) { run(b, pgtest.URL(b), `SET session_replication_role = replica`) })
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
