package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/idempotency"
	"anycheck/internal/ledger"
	"anycheck/internal/store"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// entry writes an entry of v's first attempt.
func (w *world) entry(t *testing.T, v verification.Verification, kind ledger.Kind, credits int64, at time.Time) {
	t.Helper()
	must(t, w.db.AppendEntry(t.Context(), w.scope, ledger.Entry{ID: newID(), GroupID: v.GroupID, VerificationID: &v.ID, Attempt: 1, Kind: kind, Credits: credits, CreatedAt: at}))
}

func testUsage(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	w.topUp(t, 100)
	r := w.result(t, w.folder(t, "F", now).ID, now)
	v, other, open := w.verificationIn(t, r, now), w.verificationIn(t, r, now), w.verificationIn(t, r, now)
	// At the end of a month: what comes later counts for the day of acceptance.
	last := time.Date(2026, 10, 31, 23, 59, 59, 999999000, time.UTC)
	w.entry(t, v, ledger.Reserve, 10, last)
	w.entry(t, v, ledger.Settle, 10, last.Add(time.Hour))
	w.entry(t, other, ledger.Reserve, 10, last.Add(time.Microsecond))
	w.entry(t, other, ledger.Release, 10, last.Add(24*time.Hour))
	w.entry(t, open, ledger.Reserve, 5, last.Add(time.Second))

	credits, err := db.GroupCredits(ctx, w.scope, w.group.ID)
	must(t, err)
	same(t, "group", credits, verification.GroupCredits{GroupID: w.group.ID, GroupName: w.group.Name, OrganizationID: w.org.ID, Balance: 85, Held: 5})
	second, _ := w.addGroup(t, "Another")
	name, groups, err := db.OrganizationCredits(ctx, tenant.WithinOrganization(w.org.ID), w.org.ID)
	must(t, err)
	if name != w.org.Name || len(groups) != 2 || groups[0].GroupID != second.ID || groups[1] != credits {
		t.Errorf("organization %s: %+v", name, groups)
	}

	service, user := &verification.Part{ID: v.ServiceID}, &verification.Part{ID: w.user.ID, Name: w.user.Name}
	group := &verification.Part{ID: w.group.ID, Name: w.group.Name}
	usage := func(q verification.UsageQuery, p verification.Page) ([]verification.UsageRow, int) {
		t.Helper()
		rows, n, err := db.CreditUsage(ctx, tenant.WithinOrganization(w.org.ID), q, p)
		must(t, err)
		return rows, n
	}
	every := verification.Page{Size: 10}
	rows, n := usage(verification.UsageQuery{From: "2026-10-01", To: "2026-11-30", Interval: verification.Monthly}, every)
	october := verification.UsageRow{Period: "2026-10", Attempts: 1, Reserved: 10, Settled: 10}
	november := verification.UsageRow{Period: "2026-11", Attempts: 2, Reserved: 15, Released: 10}
	same(t, "by month", rows, []verification.UsageRow{october, november})
	same(t, "months", n, 2)
	rows, n = usage(verification.UsageQuery{From: "2026-10-01", To: "2026-11-30", Interval: verification.Monthly}, verification.Page{Offset: 1, Size: 1})
	same(t, "the second page", rows, []verification.UsageRow{november})
	same(t, "rows of all pages", n, 2)
	rows, _ = usage(verification.UsageQuery{From: "2026-10-31", To: "2026-10-31", Interval: verification.Daily,
		By: []verification.UsagePart{verification.ByUser, verification.ByService, verification.ByGroup}, GroupID: &w.group.ID, OrganizationID: &w.org.ID}, every)
	october.Period, october.Service, october.User, october.Group = "2026-10-31", service, user, group
	same(t, "one day by everything", rows, []verification.UsageRow{october})
	rows, n = usage(verification.UsageQuery{From: "2026-01-01", To: "2026-12-31", GroupID: &second.ID}, every)
	if len(rows) != 0 || n != 0 {
		t.Errorf("usage of a group without any: %+v", rows)
	}

	list, total, err := db.Entries(ctx, w.scope, w.group.ID, verification.EntryFilter{Kind: ledger.Reserve, From: last, To: last.Add(time.Second)}, every)
	must(t, err)
	if total != 2 || len(list) != 2 || *list[0].VerificationID != other.ID || *list[1].VerificationID != v.ID || !list[1].CreatedAt.Equal(last) {
		t.Errorf("entries %+v of %d", list, total)
	}
	list, total, err = db.Entries(ctx, w.scope, w.group.ID, verification.EntryFilter{}, verification.Page{Offset: 5, Size: 5})
	must(t, err)
	if total != 6 || len(list) != 1 {
		t.Errorf("the last page has %d of %d", len(list), total)
	}
	_, _, err = db.Entries(ctx, w.scope, newID(), verification.EntryFilter{}, every)
	wantKind(t, "entries of an unknown group", err, fault.NotFound, "")
}

func testQuota(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	w.topUp(t, 1000)
	r := w.result(t, w.folder(t, "F", now).ID, now)
	reserve := func(at time.Time) (verification.Verification, error) {
		v := w.verificationIn(t, r, now)
		return v, db.AppendEntry(ctx, w.scope, ledger.Entry{ID: newID(), GroupID: w.group.ID, VerificationID: &v.ID, Attempt: 1, Kind: ledger.Reserve, Credits: 10, CreatedAt: at})
	}
	used := func(at time.Time) int64 {
		t.Helper()
		q, err := db.Quota(ctx, w.scope, w.user.ID, at)
		must(t, err)
		return q.Used
	}
	first, err := reserve(now) // before there is a quota: it counts all the same
	must(t, err)
	limit := int64(25)
	must(t, db.SetQuota(ctx, w.scope, w.user.ID, &limit, now, "a@example.org"))
	q, err := db.Quota(ctx, w.scope, w.user.ID, now)
	must(t, err)
	same(t, "quota", q, verification.Quota{UserID: w.user.ID, UserName: w.user.Name, Monthly: &limit, Used: 10})
	_, err = reserve(now)
	must(t, err)
	before := dump(t, db)["ledger_entries"]
	_, err = reserve(now)
	wantKind(t, "beyond the quota", err, fault.Exhausted, fault.CodeQuotaExceeded)
	if dump(t, db)["ledger_entries"] != before || w.balance(t) != 980 || used(now) != 20 {
		t.Errorf("what is refused changed something: balance %d, used %d", w.balance(t), used(now))
	}
	// What comes back can be used again; another month starts at zero.
	w.entry(t, first, ledger.Release, 10, now)
	_, err = reserve(now)
	must(t, err)
	next := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	_, err = reserve(next.Add(-time.Microsecond))
	wantKind(t, "the last moment of the month", err, fault.Exhausted, fault.CodeQuotaExceeded)
	_, err = reserve(next)
	must(t, err)
	if used(now) != 20 || used(next) != 10 {
		t.Errorf("used %d and %d, want 20 and 10", used(now), used(next))
	}
	must(t, db.SetQuota(ctx, w.scope, w.user.ID, nil, now, "a@example.org"))
	_, err = reserve(now)
	must(t, err)
	wantKind(t, "an unknown user", db.SetQuota(ctx, w.scope, newID(), &limit, now, ""), fault.NotFound, "")
	wantKind(t, "no limit for an unknown user", db.SetQuota(ctx, w.scope, newID(), nil, now, ""), fault.NotFound, "")
}

// testQuotaRace: one user reserves in two groups at once; the quota holds over
// both.
func testQuotaRace(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	second, _ := w.addGroup(t, "Second")
	worlds := []*world{w, {db: db, org: w.org, group: second, user: w.user, scope: tenant.WithinGroup(w.org.ID, second.ID)}}
	for _, w := range worlds {
		w.topUp(t, 1000)
	}
	limit := int64(10)
	must(t, db.SetQuota(ctx, w.scope, w.user.ID, &limit, now, ""))
	const wanted = 30
	var ids [wanted]uuid.UUID
	for i := range ids {
		ids[i] = worlds[i%2].verification(t).ID
	}
	errs := make([]error, wanted)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			w := worlds[i%2]
			errs[i] = db.AppendEntry(ctx, w.scope, ledger.Entry{ID: newID(), GroupID: w.group.ID, VerificationID: &ids[i], Attempt: 1, Kind: ledger.Reserve, Credits: 1, CreatedAt: now})
		})
	}
	wg.Wait()
	got := 0
	for _, err := range errs {
		if err == nil {
			got++
			continue
		}
		wantKind(t, "beyond the quota", err, fault.Exhausted, fault.CodeQuotaExceeded)
	}
	if got != 10 {
		t.Errorf("%d reserved, want 10", got)
	}
}

func testRateLimits(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	key := w.key(t, now)
	for _, s := range []verification.RateSubject{{ID: w.group.ID}, {Key: true, ID: key.ID}} {
		get := func() *int64 {
			t.Helper()
			n, err := db.RateLimit(ctx, w.scope, s)
			must(t, err)
			return n
		}
		same(t, "before", get(), (*int64)(nil))
		five, zero := int64(5), int64(0)
		must(t, db.SetRateLimit(ctx, w.scope, s, &five, now, "a@example.org"))
		must(t, db.SetRateLimit(ctx, w.scope, s, &zero, now, "a@example.org"))
		same(t, "set", *get(), zero)
		every, err := db.AllRateLimits(ctx, w.scope)
		must(t, err)
		if n, ok := every[s.ID]; !ok || n != 0 {
			t.Errorf("all %v", every)
		}
		must(t, db.SetRateLimit(ctx, w.scope, s, nil, now, "a@example.org"))
		same(t, "after", get(), (*int64)(nil))
		unknown := verification.RateSubject{Key: s.Key, ID: newID()}
		wantKind(t, "an unknown one", db.SetRateLimit(ctx, w.scope, unknown, &five, now, ""), fault.NotFound, "")
		wantKind(t, "removed of an unknown one", db.SetRateLimit(ctx, w.scope, unknown, nil, now, ""), fault.NotFound, "")
		_, err = db.RateLimit(ctx, w.scope, unknown)
		wantKind(t, "an unknown one's", err, fault.NotFound, "")
	}
}

// answer is a record of a call of the group.
func (w *world) answer(at time.Time) idempotency.Record {
	id := newID()
	return idempotency.Record{ID: id[:], OrganizationID: w.org.ID, GroupID: w.group.ID, Holder: newID(), Request: []byte("asked"), Sealed: []byte{0, 255}, CreatedAt: at}
}

func testAnswers(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	r, since := w.answer(now), now.Add(-idempotency.KeptFor)
	_, err := db.Answer(ctx, w.scope, r.ID, since)
	wantKind(t, "before", err, fault.NotFound, "")
	must(t, db.SaveAnswer(ctx, w.scope, r, since))
	got, err := db.Answer(ctx, w.scope, r.ID, since)
	must(t, err)
	same(t, "kept", got, r)

	r.Sealed = []byte("finished")
	must(t, db.SaveAnswer(ctx, w.scope, r, since))
	got, err = db.Answer(ctx, w.scope, r.ID, since)
	must(t, err)
	same(t, "kept anew by its holder", got, r)
	late := r
	late.Holder, late.CreatedAt = newID(), now.Add(time.Hour)
	if err := db.SaveAnswer(ctx, w.scope, late, late.CreatedAt.Add(-idempotency.KeptFor)); !errors.Is(err, idempotency.ErrTaken) {
		t.Errorf("another holder: %v, want ErrTaken", err)
	}

	// After a day the call is a new one.
	late.CreatedAt = now.Add(idempotency.KeptFor)
	_, err = db.Answer(ctx, w.scope, r.ID, late.CreatedAt.Add(-idempotency.KeptFor))
	wantKind(t, "after a day", err, fault.NotFound, "")
	must(t, db.SaveAnswer(ctx, w.scope, late, now))
	n, err := db.ForgetAnswers(ctx, w.scope, late.CreatedAt.Add(-time.Microsecond))
	if err != nil || n != 0 {
		t.Errorf("forgot %d, %v", n, err)
	}
	n, err = db.ForgetAnswers(ctx, w.scope, late.CreatedAt)
	if err != nil || n != 1 {
		t.Errorf("forgot %d, %v", n, err)
	}
}

// testAnswersRace: of many runs of one call, one keeps what it has made.
func testAnswersRace(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	since := now.Add(-idempotency.KeptFor)
	call := w.answer(now)
	errs := make([]error, 12)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			r := call
			r.Holder = newID()
			errs[i] = db.InTx(ctx, func(ctx context.Context, tx verification.Store) error {
				f := verification.Folder{ID: newID(), Tenancy: w.tenancy(), Name: fmt.Sprint("made by ", i), CreatedAt: now, UpdatedAt: now}
				if err := tx.InsertFolder(ctx, w.scope, f); err != nil {
					return err
				}
				return tx.SaveAnswer(ctx, w.scope, r, since)
			})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, idempotency.ErrTaken):
			t.Errorf("a loser: %v, want ErrTaken", err)
		}
	}
	_, n, err := db.Folders(ctx, w.scope, w.group.ID, "made by", verification.Page{Size: 1})
	if err != nil || won != 1 || n != 1 {
		t.Errorf("%d runs won and %d folders were made, want 1 and 1 (%v)", won, n, err)
	}
}

// SomeLedger fills the ledger with entries of two months.
func SomeLedger(t *testing.T, db *store.DB) {
	t.Helper()
	w := newWorld(t, db)
	w.topUp(t, 100)
	r := w.result(t, w.folder(t, "F", now).ID, now)
	last := time.Date(2026, 10, 31, 23, 59, 59, 999999000, time.UTC)
	for i, ends := range []ledger.Kind{ledger.Settle, ledger.Release, ledger.Settle} {
		v := w.verificationIn(t, r, now)
		w.entry(t, v, ledger.Reserve, 10, last.Add(time.Duration(i)*time.Microsecond))
		w.entry(t, v, ends, 10, last.Add(time.Hour))
	}
}

// Usage is the content of the usage's table, as text.
func Usage(t *testing.T, db *store.DB) string {
	t.Helper()
	lines := strings.Split(dump(t, db)["credit_usage"], "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
