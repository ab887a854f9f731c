package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/fault"
	"anycheck/internal/store"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

var auditSigner = audit.NewSigner([]byte("a seed for tests, of any length"))

func auditLog(db *store.DB) *audit.Log {
	return audit.NewLog(db, auditSigner, func() time.Time { return now })
}

// entry is a record of w's user about something of w's.
func (w *world) auditEntry(action audit.Action, object uuid.UUID) *audit.Entry {
	e := audit.Begin(action, "verification")
	e.By(tenant.Actor{User: w.user})
	e.About(w.org.ID, w.group.ID, "verification", object)
	e.Stamp("request-1", "203.0.113.77:1234", now)
	e.Detail("count", "3")
	return e
}

func (w *world) record(t *testing.T, n int) {
	t.Helper()
	for range n {
		must(t, w.db.AppendAudit(t.Context(), w.auditEntry(audit.DataViewed, newID())))
	}
}

func (w *world) verified(t *testing.T, saved ...audit.Checkpoint) audit.Verified {
	t.Helper()
	v, err := auditLog(w.db).Verify(t.Context(), w.org.ID.String(), nil, saved)
	must(t, err)
	return v
}

func testAuditRecords(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	object := newID()
	first := w.auditEntry(audit.VerificationCreated, object)
	must(t, db.AppendAudit(ctx, first))
	second := w.auditEntry(audit.DataViewed, newID())
	second.At, second.Details = now.Add(time.Minute), nil
	must(t, db.AppendAudit(ctx, second))

	owner := tenant.WithinOrganization(w.org.ID)
	list, total, err := db.AuditRecords(ctx, owner, audit.Filter{}, 0, 10)
	must(t, err)
	if total != 2 || len(list) != 2 || list[1].Sequence != 1 || list[0].Sequence != 2 || list[0].Previous != list[1].Hash {
		t.Fatalf("records %+v of %d", list, total)
	}
	want := first.Record
	want.Follow(0, audit.Hash{})
	same(t, "record", list[1], want)
	if want.Address != "203.0.113.0/24" {
		t.Errorf("address %s", want.Address)
	}
	after, before := now.Add(time.Second), now.Add(-time.Second)
	for what, f := range map[string]audit.Filter{"since": {From: &after}, "until": {Until: &before}, "an actor": {ActorID: "nobody"},
		"an action": {Action: audit.DataViewed}, "an object": {ObjectID: second.Object.ID}, "a type": {ObjectType: "folder"}} {
		got, n, err := db.AuditRecords(ctx, owner, f, 0, 10)
		must(t, err)
		found := f.From != nil || f.Action != "" || f.ObjectID != ""
		if found != (n == 1) || n != len(got) || found && got[0].Sequence != 2 {
			t.Errorf("filter by %s: %d records", what, n)
		}
	}
	page, total, err := db.AuditRecords(ctx, owner, audit.Filter{ActorID: w.user.ID.String()}, 1, 1)
	must(t, err)
	if total != 2 || len(page) != 1 || page[0].Sequence != 1 {
		t.Errorf("second page %+v of %d", page, total)
	}
	about, err := db.AuditOf(ctx, owner, w.org.ID.String(), []string{object.String(), newID().String()}, 10)
	must(t, err)
	same(t, "about an object", about, []audit.Record{want})

	for _, statement := range []string{`UPDATE audit_records SET outcome = 'FORBIDDEN' WHERE organization_id = $1`, `DELETE FROM audit_records WHERE organization_id = $1`} {
		if _, err := tables(t, db).ExecContext(ctx, statement, w.org.ID.String()); err == nil {
			t.Errorf("%s is allowed", statement)
		}
	}
	wrong := w.auditEntry(audit.DataViewed, newID())
	wrong.Detail("name", "BUDI SANTOSO")
	wantKind(t, "a detail that is not allowed", db.AppendAudit(ctx, wrong), fault.Internal, "")
}

// A record goes into the chain of the organization whose thing it is about, as
// far as the actor sees that.
func testAuditPlace(t *testing.T, db *store.DB) {
	w, other, ctx := newWorld(t, db), newWorld(t, db), t.Context()
	v := w.verification(t)
	admin := other.user
	admin.Role = tenant.SuperAdmin
	owner := other.user
	owner.Role = tenant.OrganizationOwner
	for _, tt := range []struct {
		what  string
		actor *tenant.User
		id    string
		chain string
	}{
		{"a super admin", &admin, v.ID.String(), w.org.ID.String()},
		{"an owner of another organization", &owner, v.ID.String(), other.org.ID.String()},
		{"an id of nothing", &admin, newID().String(), other.org.ID.String()},
		{"nobody", nil, "", audit.Platform},
	} {
		e := audit.Begin(audit.DataViewed, "verification")
		e.Stamp("place-"+tt.chain, "", now)
		if tt.actor != nil {
			e.By(tenant.Actor{User: *tt.actor})
		}
		e.Named(tt.id)
		must(t, db.AppendAudit(ctx, e))
		trail, err := db.AuditTrail(ctx, tenant.Everything(), tt.chain, 0, 1000)
		must(t, err)
		if !slices.ContainsFunc(trail, func(r audit.Record) bool { return r.Object.ID == tt.id && r.RequestID == "place-"+tt.chain }) {
			t.Errorf("%s: not in the chain of %s", tt.what, tt.chain)
		}
	}
}

func testAuditInTransaction(t *testing.T, db *store.DB) {
	w := newWorld(t, db)
	try := func(result error) (*audit.Entry, error) {
		e := w.auditEntry(audit.VerificationCreated, newID())
		return e, db.InTx(audit.With(t.Context(), e), func(ctx context.Context, tx verification.Store) error {
			return errors.Join(tx.InsertFolder(ctx, w.scope, verification.Folder{ID: newID(), Tenancy: w.tenancy(), Name: "F", CreatedAt: now, UpdatedAt: now}), result)
		})
	}
	undone := errors.New("undone")
	if e, err := try(undone); !errors.Is(err, undone) || !e.Due() {
		t.Errorf("a transaction that fails: %v, due %v", err, e.Due())
	}
	if v, err := auditLog(db).Verify(t.Context(), w.org.ID.String(), nil, nil); !fault.Is(err, fault.NotFound) {
		t.Errorf("it left records: %+v, %v", v, err)
	}
	e, err := try(nil)
	must(t, err)
	if e.Due() || w.verified(t).Chains[0].Records != 1 {
		t.Error("the record is not part of the transaction")
	}
	must(t, auditLog(db).Append(t.Context(), e)) // written already
	if n := w.verified(t).Chains[0].Records; n != 1 {
		t.Errorf("%d records of one operation", n)
	}
}

func testAuditWriters(t *testing.T, db *store.DB) {
	const writers, each = 8, 15
	worlds := []*world{newWorld(t, db), newWorld(t, db)}
	var wg sync.WaitGroup
	for i := range writers {
		w := worlds[i%len(worlds)]
		wg.Go(func() {
			for range each {
				if err := db.AppendAudit(t.Context(), w.auditEntry(audit.DataViewed, newID())); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for _, w := range worlds {
		v := w.verified(t)
		if len(v.Findings) > 0 || v.Chains[0].Records != writers*each/int64(len(worlds)) {
			t.Errorf("after concurrent writers: %+v", v)
		}
	}
}

func testAuditCheckpoints(t *testing.T, db *store.DB) {
	w, ctx, log := newWorld(t, db), t.Context(), auditLog(db)
	chain := w.org.ID.String()
	w.record(t, 3)
	c, err := log.Checkpoint(ctx, chain)
	must(t, err)
	again, err := log.Checkpoint(ctx, chain)
	must(t, err)
	same(t, "a second checkpoint of the same record", again, c)
	w.record(t, 2)
	last, err := log.Checkpoint(ctx, chain)
	must(t, err)
	list, err := db.Checkpoints(ctx, w.organization(), chain)
	must(t, err)
	same(t, "checkpoints", list, []audit.Checkpoint{c, last})
	if last.Sequence != 5 {
		t.Errorf("the last checkpoint is at %d", last.Sequence)
	}
	v := w.verified(t)
	if len(v.Findings) > 0 || v.Chains[0].Proven != 5 || v.Chains[0].Checkpoints != 2 {
		t.Errorf("verified %+v", v)
	}
	w.record(t, 1)
	made, err := log.CheckpointAll(ctx, true)
	must(t, err)
	if slices.ContainsFunc(made, func(c audit.Checkpoint) bool { return c.Organization == chain }) {
		t.Error("one record is due for a checkpoint at once")
	}
	later := audit.NewLog(db, auditSigner, func() time.Time { return now.Add(25 * time.Hour) })
	made, err = later.CheckpointAll(ctx, true)
	must(t, err)
	if !slices.ContainsFunc(made, func(c audit.Checkpoint) bool { return c.Organization == chain && c.Sequence == 6 }) {
		t.Error("a record of yesterday has no checkpoint")
	}
}

func (w *world) organization() tenant.Scope { return tenant.WithinOrganization(w.org.ID) }

func testAuditProof(t *testing.T, db *store.DB) {
	w, ctx, log := newWorld(t, db), t.Context(), auditLog(db)
	object := newID()
	add := func() { must(t, db.AppendAudit(ctx, w.auditEntry(audit.DataViewed, object))) }
	w.record(t, 2)
	add()
	_, err := log.Checkpoint(ctx, w.org.ID.String())
	must(t, err)
	w.record(t, 3)
	_, err = log.Checkpoint(ctx, w.org.ID.String())
	must(t, err)
	w.record(t, 1)
	add()
	p, err := log.Prove(ctx, w.org.ID, []string{object.String()})
	must(t, err)
	keys := audit.Keys{log.PublicKey()}
	if found := p.Verify(keys); len(found) > 0 || len(p.Records) != 2 || len(p.Segments) != 2 || len(p.Segments[1].Contents) != 2 {
		t.Errorf("proof %+v: %+v", p, found)
	}
	if found := p.Verify(audit.Keys{audit.NewSigner([]byte("another")).PublicKey()}); len(found) == 0 {
		t.Error("a key that signed nothing proves it")
	}
	p.Records[0].Outcome = "FORBIDDEN"
	if found := p.Verify(keys); len(found) != 1 || found[0].Kind != audit.Changed || found[0].Sequence != 3 {
		t.Errorf("a changed record: %+v", found)
	}
}

// testAuditWithoutRecords: an organization in which nothing was done yet is not
// taken for one whose chain is gone, and its first record is the first.
func testAuditWithoutRecords(t *testing.T, db *store.DB) {
	w := newWorld(t, db)
	chain, log := w.org.ID.String(), auditLog(db)
	all, err := log.Verify(t.Context(), "", nil, nil)
	must(t, err)
	for _, f := range all.Findings {
		if f.Organization == chain {
			t.Errorf("finding %+v", f)
		}
	}
	_, err = log.Verify(t.Context(), chain, nil, nil)
	wantKind(t, "a chain without records", err, fault.NotFound, "")
	w.record(t, 1)
	if v := w.verified(t); len(v.Findings) != 0 || len(v.Chains) != 1 || v.Chains[0].Records != 1 {
		t.Errorf("after the first record %+v", v)
	}
}

// testAuditTampering changes the tables in every way that the log must notice.
// It comes last of the audit tests: it removes the triggers.
func testAuditTampering(t *testing.T, db *store.DB) {
	q, ctx := tables(t, db), t.Context()
	for _, trigger := range map[string][]string{
		"sqlite":   {`DROP TRIGGER audit_records_update`, `DROP TRIGGER audit_records_delete`},
		"postgres": {`DROP TRIGGER audit_records_stay ON audit_records`},
	}[db.Engine()] {
		_, err := q.ExecContext(ctx, trigger)
		must(t, err)
	}
	type found struct {
		sequence int64
		kind     audit.FindingKind
	}
	const rows = `UPDATE audit_records SET `
	// rewrite puts the chain from a record on anew, as somebody would who knows
	// how the hashes are made but has no key.
	rewrite := func(t *testing.T, chain string, from, to int64, change func(*audit.Record)) {
		trail, err := db.AuditTrail(ctx, tenant.Everything(), chain, from-1, int(to-from)+1)
		must(t, err)
		previous := trail[0].Previous
		for _, r := range trail {
			if r.Sequence == from {
				change(&r)
			}
			r.Follow(r.Sequence-1, previous)
			previous = r.Hash
			_, err := q.ExecContext(ctx, rows+`outcome = $3, previous = $4, hash = $5 WHERE organization_id = $1 AND sequence = $2`,
				chain, r.Sequence, r.Outcome, r.Previous[:], r.Hash[:])
			must(t, err)
		}
		if to == 8 {
			_, err = q.ExecContext(ctx, `UPDATE audit_chains SET hash = $2 WHERE organization_id = $1`, chain, previous[:])
			must(t, err)
		}
	}
	hide := func(r *audit.Record) { r.Outcome = "FORBIDDEN" }
	dropCheckpoints := `DELETE FROM audit_checkpoints WHERE organization_id = $1`
	everything := []string{`DELETE FROM audit_records WHERE organization_id = $1`, `DELETE FROM audit_chains WHERE organization_id = $1`, dropCheckpoints}
	for _, tt := range []struct {
		name  string
		sql   []string
		do    func(t *testing.T, chain string)
		saved bool // checkpoints were kept elsewhere
		want  []found
	}{
		{name: "nothing"},
		{name: "an outcome", sql: []string{rows + `outcome = 'FORBIDDEN' WHERE organization_id = $1 AND sequence = 4`}, want: []found{{4, audit.Changed}}},
		{name: "a time", sql: []string{rows + `at = at + 1 WHERE organization_id = $1 AND sequence = 8`}, want: []found{{8, audit.Changed}}},
		{name: "an actor", sql: []string{rows + `actor_id = 'somebody' WHERE organization_id = $1 AND sequence = 1`}, want: []found{{1, audit.Changed}}},
		{name: "a detail", sql: []string{rows + `details = '{"count":"4"}' WHERE organization_id = $1 AND sequence = 2`}, want: []found{{2, audit.Changed}}},
		{name: "a hash", sql: []string{rows + `hash = previous WHERE organization_id = $1 AND sequence = 4`}, want: []found{{4, audit.Changed}}},
		{name: "a row in the middle", sql: []string{`DELETE FROM audit_records WHERE organization_id = $1 AND sequence = 3`}, want: []found{{3, audit.Removed}}},
		{name: "the first rows", sql: []string{`DELETE FROM audit_records WHERE organization_id = $1 AND sequence <= 2`}, want: []found{{1, audit.Removed}}},
		{name: "two rows change places", sql: []string{rows + `sequence = 100 WHERE organization_id = $1 AND sequence = 2`, rows + `sequence = 2 WHERE organization_id = $1 AND sequence = 7`,
			rows + `sequence = 7 WHERE organization_id = $1 AND sequence = 100`}, want: []found{{2, audit.Reordered}, {7, audit.Reordered}}},
		{name: "a row is removed and the rest moved up", sql: []string{`DELETE FROM audit_records WHERE organization_id = $1 AND sequence = 7`,
			rows + `sequence = 7 WHERE organization_id = $1 AND sequence = 8`}, want: []found{{7, audit.Changed}, {8, audit.Truncated}}},
		{name: "the tail", sql: []string{`DELETE FROM audit_records WHERE organization_id = $1 AND sequence > 5`}, want: []found{{6, audit.Truncated}}},
		{name: "the tail, with a head that fits", sql: []string{`DELETE FROM audit_records WHERE organization_id = $1 AND sequence > 5`,
			`UPDATE audit_chains SET sequence = 5, hash = (SELECT hash FROM audit_records r WHERE r.organization_id = $1 AND r.sequence = 5) WHERE organization_id = $1`}, want: []found{{6, audit.Truncated}}},
		{name: "everything but the checkpoints", sql: []string{`DELETE FROM audit_records WHERE organization_id = $1`, `DELETE FROM audit_chains WHERE organization_id = $1`}, want: []found{{1, audit.Truncated}}},
		{name: "everything", sql: everything, want: []found{{1, audit.Truncated}}},
		{name: "everything, and a record comes after", sql: everything, do: func(t *testing.T, chain string) {
			e := audit.Begin(audit.LogViewed, "").As(audit.System)
			e.Owned(uuid.MustParse(chain), uuid.Nil)
			e.Stamp("", "", now)
			must(t, db.AppendAudit(ctx, e))
		}, want: []found{{1, audit.Removed}}},
		{name: "the head", sql: []string{`UPDATE audit_chains SET hash = (SELECT hash FROM audit_records r WHERE r.organization_id = $1 AND r.sequence = 5) WHERE organization_id = $1`}, want: []found{{8, audit.BadHead}}},
		{name: "one row with a hash that fits", do: func(t *testing.T, chain string) { rewrite(t, chain, 3, 3, hide) }, want: []found{{4, audit.Replaced}}},
		{name: "all rows from one on", do: func(t *testing.T, chain string) { rewrite(t, chain, 3, 8, hide) }, want: []found{{5, audit.BadCheckpoint}, {8, audit.BadCheckpoint}}},
		{name: "all rows, without checkpoints", sql: []string{dropCheckpoints}, do: func(t *testing.T, chain string) { rewrite(t, chain, 3, 8, hide) }, saved: true,
			want: []found{{5, audit.BadCheckpoint}, {8, audit.BadCheckpoint}}},
		{name: "a checkpoint's hash", sql: []string{`UPDATE audit_checkpoints SET hash = (SELECT hash FROM audit_records r WHERE r.organization_id = $1 AND r.sequence = 4) WHERE organization_id = $1 AND sequence = 5`},
			want: []found{{5, audit.BadSignature}}},
		{name: "a checkpoint with another key", do: func(t *testing.T, chain string) {
			c := audit.NewSigner([]byte("mine")).Checkpoint(chain, 5, audit.Hash{1}, now)
			_, err := q.ExecContext(ctx, `UPDATE audit_checkpoints SET hash = $2, public_key = $3, signature = $4 WHERE organization_id = $1 AND sequence = 5`, chain, c.Hash[:], []byte(c.PublicKey), c.Signature)
			must(t, err)
		}, want: []found{{5, audit.BadSignature}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, log := newWorld(t, db), auditLog(db)
			chain := w.org.ID.String()
			w.record(t, 5)
			first, err := log.Checkpoint(ctx, chain)
			must(t, err)
			w.record(t, 3)
			second, err := log.Checkpoint(ctx, chain)
			must(t, err)
			for _, statement := range tt.sql {
				_, err := q.ExecContext(ctx, statement, chain)
				must(t, err)
			}
			if tt.do != nil {
				tt.do(t, chain)
			}
			var saved []audit.Checkpoint
			if tt.saved {
				saved = []audit.Checkpoint{first, second}
			}
			var got []found
			for _, f := range w.verified(t, saved...).Findings {
				got = append(got, found{f.Sequence, f.Kind})
				if f.Organization != chain || f.Text == "" {
					t.Errorf("finding %+v", f)
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("found %v, want %v", got, tt.want)
			}
		})
	}
}
