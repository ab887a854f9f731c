package verification_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/auth"
	"anycheck/internal/fault"
	"anycheck/internal/ledger"
	"anycheck/internal/store"
	"anycheck/internal/store/storetest"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// dropped takes tasks from many goroutines and forgets them.
type dropped struct{}

func (dropped) EnqueueTx(context.Context, *sql.Conn, *sql.Tx, verification.Task) error { return nil }

// office is an organization with two groups on a database of its own.
type office struct {
	db           *store.DB
	cases        *verification.UseCases
	admin, owner tenant.Actor
	member       tenant.Actor // of the first group
	groups       [2]tenant.Group
	folder       verification.Folder
}

func eachEngine(t *testing.T, test func(*testing.T, *office)) {
	for name, open := range map[string]func(*testing.T) *store.DB{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		t.Run(name, func(t *testing.T) { test(t, newOffice(t, open(t), time.Now)) })
	}
}

func newOffice(t *testing.T, db *store.DB, now func() time.Time) *office {
	t.Helper()
	db.SetEnqueuer(dropped{})
	e := &engines{}
	o := &office{db: db, cases: verification.NewUseCases(verification.Ports{Store: db, Documents: e, Capabilities: e, Outbound: e, Limits: verification.DefaultLimits, Now: now})}
	accounts := auth.New(db, []byte(strings.Repeat("k", 32)), time.Now)
	for i := range o.groups {
		g, err := accounts.CreateGroup(t.Context(), "Bank", fmt.Sprint("Group ", i))
		if err != nil {
			t.Fatal(err)
		}
		o.groups[i] = g
	}
	for actor, role := range map[*tenant.Actor]tenant.Role{&o.admin: tenant.SuperAdmin, &o.owner: tenant.OrganizationOwner, &o.member: tenant.GroupUser} {
		actor.User = tenant.User{ID: uuid.New(), OrganizationID: o.groups[0].OrganizationID, GroupID: o.groups[0].ID, Email: string(role) + "@example.com", Name: string(role), Role: role, CreatedAt: time.Now()}
		if err := db.InsertUser(t.Context(), tenant.Everything(), actor.User); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if o.folder, err = o.cases.CreateFolder(t.Context(), o.member, "Cases"); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *office) topUp(t *testing.T, credits int64) {
	t.Helper()
	if _, err := o.cases.TopUp(t.Context(), o.admin, o.groups[0].ID, credits, ""); err != nil {
		t.Fatal(err)
	}
}

// person is a verification that needs no files.
func (o *office) person() verification.NewVerification {
	return verification.NewVerification{ServiceID: verification.Catalogue()[1].ID, FolderID: o.folder.ID, Configuration: json.RawMessage(`{"name":"Siti"}`)}
}

func (o *office) credits(t *testing.T, group int) verification.GroupCredits {
	t.Helper()
	c, err := o.cases.GroupCredits(t.Context(), o.owner, o.groups[group].ID)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// wantCode checks an error's code.
func wantCode(t *testing.T, what string, err error, code fault.Code) {
	t.Helper()
	if err == nil || fault.From(err).Code != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

// 200 at once want a verification, the balance is enough for 100: exactly 100
// are made.
func TestConcurrentCreations(t *testing.T) {
	eachEngine(t, func(t *testing.T, o *office) {
		const wanted, there = 200, 100
		cost := verification.Catalogue()[1].Cost
		o.topUp(t, there*cost+cost-1)
		errs := make([]error, wanted)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() { _, errs[i] = o.cases.Create(t.Context(), o.member, o.person()) })
		}
		wg.Wait()
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
				continue
			}
			wantCode(t, "one too many", err, fault.CodeInsufficientBalance)
		}
		_, results, err := o.cases.FolderResults(t.Context(), o.member, o.folder.ID, verification.Page{Size: 1})
		if err != nil {
			t.Fatal(err)
		}
		_, entries, err := o.cases.Entries(t.Context(), o.owner, o.groups[0].ID, verification.EntryFilter{Kind: ledger.Reserve}, verification.Page{Size: 1})
		if err != nil {
			t.Fatal(err)
		}
		if c := o.credits(t, 0); made != there || results != there || entries != there || c.Balance != cost-1 || c.Held != there*cost {
			t.Errorf("%d made, %d results, %d entries, %+v; want %d of each", made, results, entries, c, there)
		}
	})
}

// Refused for the quota or the balance, nothing is stored.
func TestRefusedForCredits(t *testing.T) {
	eachEngine(t, func(t *testing.T, o *office) {
		cost := verification.Catalogue()[1].Cost
		results := func() int {
			t.Helper()
			_, n, err := o.cases.FolderResults(t.Context(), o.member, o.folder.ID, verification.Page{Size: 1})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		create := func() error {
			_, err := o.cases.Create(t.Context(), o.member, o.person())
			return err
		}
		wantCode(t, "without credits", create(), fault.CodeInsufficientBalance)
		o.topUp(t, 10*cost)
		quota := cost
		if _, err := o.cases.SetQuota(t.Context(), o.owner, o.member.User.ID, &quota); err != nil {
			t.Fatal(err)
		}
		if err := create(); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "beyond the quota", create(), fault.CodeQuotaExceeded)
		if n := results(); n != 1 {
			t.Errorf("%d results, want 1", n)
		}
		q, err := o.cases.Quota(t.Context(), o.member, o.member.User.ID)
		if err != nil || *q.Monthly != quota || q.Used != cost {
			t.Errorf("quota %+v, %v", q, err)
		}
		// Another user of the group has none.
		if _, err := o.cases.Create(t.Context(), o.owner, o.person()); err != nil {
			t.Error(err)
		}
		if _, err := o.cases.SetQuota(t.Context(), o.owner, o.member.User.ID, nil); err != nil {
			t.Fatal(err)
		}
		if err := create(); err != nil {
			t.Error(err)
		}
	})
}

// A failure that was ours costs nothing, neither the group nor the user.
func TestOurFaultCostsNothing(t *testing.T) {
	b := newBench(t)
	quota := int64(10)
	if _, err := b.cases.SetQuota(t.Context(), b.actor, b.actor.User.ID, &quota); err != nil {
		t.Fatal(err)
	}
	b.engines.fail = fault.New(fault.Internal, "the model broke")
	v := b.create(t, "")
	if err := b.processor().Process(t.Context(), v.ID, true); err == nil {
		t.Fatal("the last try went well")
	}
	got := b.get(t, v.ID)
	c, err := b.cases.GroupCredits(t.Context(), b.actor, v.GroupID)
	if err != nil || got.Status != verification.Failed || got.CreditUsed != 0 || c.Balance != 100 || c.Held != 0 {
		t.Errorf("%s, used %d, %+v, %v", got.Status, got.CreditUsed, c, err)
	}
	q, err := b.cases.Quota(t.Context(), b.actor, b.actor.User.ID)
	if err != nil || q.Used != 0 {
		t.Errorf("quota %+v, %v", q, err)
	}
	rows, _, err := b.cases.Usage(t.Context(), b.actor, verification.UsageQuery{Interval: verification.Monthly, By: []verification.UsagePart{verification.ByService}}, verification.Page{Size: 10})
	if err != nil || len(rows) != 1 || rows[0].Attempts != 1 || rows[0].Reserved != 10 || rows[0].Released != 10 || rows[0].Settled != 0 || rows[0].Service.Name != v.ServiceName {
		t.Errorf("usage %+v, %v", rows, err)
	}
	b.engines.fail = nil
	b.create(t, "") // within the quota: what came back can be used
}

func TestTransfer(t *testing.T) {
	eachEngine(t, func(t *testing.T, o *office) {
		o.topUp(t, 100)
		from, to := o.groups[0].ID, o.groups[1].ID
		e, err := o.cases.Transfer(t.Context(), o.owner, from, to, 60, " for the branch ")
		if err != nil || e.Kind != ledger.TransferOut || e.GroupID != from || e.Note != "for the branch" || e.Actor != o.owner.User.Email {
			t.Errorf("%+v, %v", e, err)
		}
		_, err = o.cases.Transfer(t.Context(), o.owner, from, to, 41, "")
		wantCode(t, "more than there is", err, fault.CodeInsufficientBalance)
		_, err = o.cases.Transfer(t.Context(), o.member, from, to, 1, "")
		wantCode(t, "by a member", err, fault.CodeForbidden)
		_, err = o.cases.Transfer(t.Context(), o.owner, from, from, 1, "")
		wantCode(t, "to itself", err, fault.CodeInvalidRequest)
		_, err = o.cases.Transfer(t.Context(), o.owner, from, uuid.New(), 1, "")
		wantCode(t, "to nowhere", err, fault.CodeNotFound)
		_, err = o.cases.Transfer(t.Context(), o.owner, from, to, 0, "")
		wantCode(t, "nothing", err, fault.CodeInvalidRequest)
		other, err := auth.New(o.db, nil, time.Now).CreateGroup(t.Context(), "Another", "Group")
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range []tenant.Actor{o.owner, o.admin} {
			_, err = o.cases.Transfer(t.Context(), a, from, other.ID, 1, "")
			wantCode(t, "to another organization", err, fault.CodeNotFound)
		}
		// Crosswise at once: both get through and nothing is lost.
		var wg sync.WaitGroup
		for range 10 {
			for _, pair := range [][2]uuid.UUID{{from, to}, {to, from}} {
				wg.Go(func() {
					if _, err := o.cases.Transfer(t.Context(), o.owner, pair[0], pair[1], 2, ""); err != nil {
						t.Error(err)
					}
				})
			}
		}
		wg.Wait()
		if a, b := o.credits(t, 0).Balance, o.credits(t, 1).Balance; a != 40 || b != 60 {
			t.Errorf("balances %d and %d, want 40 and 60", a, b)
		}
	})
}

func TestWhoMayDoWhatWithCredits(t *testing.T) {
	o := newOffice(t, storetest.SQLite(t), time.Now)
	o.topUp(t, 10)
	ctx, group, org := t.Context(), o.groups[0].ID, o.groups[0].OrganizationID
	key := o.admin
	key.Key = &tenant.APIKey{OrganizationID: org, GroupID: group, Scopes: tenant.KeyScopes()}
	bare := key
	bare.Key = &tenant.APIKey{OrganizationID: org, GroupID: group}
	five := int64(5)
	for what, call := range map[string]struct {
		do func(a tenant.Actor) error
		// may says who may: admin, owner, member, a key with all scopes, one without.
		may string
	}{
		"read a group": {func(a tenant.Actor) error { _, err := o.cases.GroupCredits(ctx, a, group); return err }, "admin owner member key"},
		"read all":     {func(a tenant.Actor) error { _, err := o.cases.OrganizationCredits(ctx, a, org); return err }, "admin owner"},
		"read entries": {func(a tenant.Actor) error {
			_, _, err := o.cases.Entries(ctx, a, group, verification.EntryFilter{}, verification.Page{Size: 1})
			return err
		}, "admin owner member key"},
		"read usage": {func(a tenant.Actor) error {
			_, _, err := o.cases.Usage(ctx, a, verification.UsageQuery{}, verification.Page{Size: 1})
			return err
		}, "admin owner member key"},
		"top up":       {func(a tenant.Actor) error { _, err := o.cases.TopUp(ctx, a, group, 1, ""); return err }, "admin"},
		"read a quota": {func(a tenant.Actor) error { _, err := o.cases.Quota(ctx, a, o.owner.User.ID); return err }, "admin owner"},
		"read its own": {func(a tenant.Actor) error { _, err := o.cases.Quota(ctx, a, a.User.ID); return err }, "admin owner member key"},
		"set a quota":  {func(a tenant.Actor) error { _, err := o.cases.SetQuota(ctx, a, o.member.User.ID, &five); return err }, "admin owner"},
		"limit a group": {func(a tenant.Actor) error {
			return o.cases.SetRateLimit(ctx, a, verification.RateSubject{ID: group}, &five)
		}, "admin"},
		"read a limit": {func(a tenant.Actor) error {
			_, err := o.cases.RateLimit(ctx, a, verification.RateSubject{ID: group})
			return err
		}, "admin owner"},
		"transfer credits": {func(a tenant.Actor) error {
			_, err := o.cases.Transfer(ctx, a, group, o.groups[1].ID, 1, "")
			return err
		}, "admin owner"},
	} {
		for who, a := range map[string]tenant.Actor{"admin": o.admin, "owner": o.owner, "member": o.member, "key": key, "bare": bare} {
			err := call.do(a)
			if strings.Contains(call.may, who) {
				if err != nil {
					t.Errorf("%s by %s: %v", what, who, err)
				}
				continue
			}
			wantCode(t, what+" by "+who, err, fault.CodeForbidden)
		}
	}
}

func TestUsageQuery(t *testing.T) {
	o := newOffice(t, storetest.SQLite(t), func() time.Time { return time.Date(2026, 11, 23, 1, 0, 0, 0, time.FixedZone("WIB", 7*3600)) })
	for _, tt := range []struct {
		q     verification.UsageQuery
		field string
	}{
		{verification.UsageQuery{}, ""},
		{verification.UsageQuery{From: "2026-11-22", To: "2026-11-22", Interval: verification.Daily}, ""},
		{verification.UsageQuery{From: "2026-11-23"}, "to"}, // in UTC it is the 22nd
		{verification.UsageQuery{From: "2026-02-30"}, "from"},
		{verification.UsageQuery{To: "yesterday"}, "to"},
		{verification.UsageQuery{From: "2025-11-22", Interval: verification.Daily}, ""},
		{verification.UsageQuery{From: "2025-11-21", Interval: verification.Daily}, "to"},
		{verification.UsageQuery{From: "2016-11-22", Interval: verification.Monthly}, ""},
		{verification.UsageQuery{From: "2016-11-21", Interval: verification.Monthly}, "to"},
		{verification.UsageQuery{GroupID: &o.folder.ID}, "group_id"},
		{verification.UsageQuery{OrganizationID: &o.folder.ID}, "organization_id"},
	} {
		_, _, err := o.cases.Usage(t.Context(), o.owner, tt.q, verification.Page{Size: 1})
		switch {
		case tt.field == "" && err != nil:
			t.Errorf("%+v: %v", tt.q, err)
		case tt.field != "" && (err == nil || len(fault.From(err).Fields) != 1 || fault.From(err).Fields[0].Field != tt.field):
			t.Errorf("%+v: %v, want field %s", tt.q, err, tt.field)
		}
	}
}
