package store_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/ledger"
	"anycheck/internal/store"
	"anycheck/internal/store/pgtest"
	"anycheck/internal/tenant"
)

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
