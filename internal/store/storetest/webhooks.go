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

	"anycheck/internal/fault"
	"anycheck/internal/store"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// disabled makes two webhooks of v to an address that one of them, tried, got
// a 410 from.
func (w *world) disabled(t *testing.T, v verification.Verification) (tried, held verification.Delivery, a verification.DisabledAddress) {
	t.Helper()
	add := func(sequence int) verification.Delivery {
		d := verification.Delivery{ID: newID(), Tenancy: v.Tenancy, VerificationID: v.ID, Sequence: sequence, URL: "https://gone.example.org/", Body: []byte("{}"),
			State: verification.Pending, RoundAt: now, CreatedAt: now, UpdatedAt: now}
		must(t, w.db.InsertDelivery(t.Context(), w.scope, d))
		return d
	}
	tried = add(101)
	must(t, w.db.DisableAddress(t.Context(), w.scope, tried, now))
	tried.Attempts, tried.State = 1, verification.Dead
	must(t, w.db.RecordAttempt(t.Context(), w.scope, tried, verification.DeliveryAttempt{Number: 1, At: now, HTTPStatus: 410}))
	list, n, err := w.db.DisabledAddresses(t.Context(), w.scope, verification.Page{Size: 10})
	must(t, err)
	if n != 1 || len(list) != 1 {
		t.Fatalf("%d of %d disabled addresses", len(list), n)
	}
	return tried, add(102), list[0]
}

func testWebhookLog(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	v, other := w.verification(t), w.verification(t)
	var all []verification.Delivery
	for i := range 4 {
		d := verification.Delivery{ID: newID(), Tenancy: v.Tenancy, VerificationID: v.ID, Sequence: i + 1, URL: "https://example.org/", Body: []byte("{}"),
			State: verification.Pending, RoundAt: now, CreatedAt: now.Add(time.Duration(i) * time.Minute), UpdatedAt: now}
		if i == 3 {
			d.VerificationID = other.ID
		}
		must(t, db.InsertDelivery(ctx, w.scope, d))
		all = append(all, d)
	}
	answer := []byte("<b>no\x00\xff")
	attempts := []verification.DeliveryAttempt{
		{Number: 1, At: now, HTTPStatus: 500, Error: "e", Duration: 1500 * time.Microsecond, Answer: answer},
		{Number: 2, At: now.Add(time.Second), Error: "no answer"},
	}
	d := all[0]
	next := now.Add(time.Hour)
	d.Attempts, d.NextAt = 1, &next
	must(t, db.RecordAttempt(ctx, w.scope, d, attempts[0]))
	d.Attempts, d.State, d.NextAt = 2, verification.Dead, nil
	must(t, db.RecordAttempt(ctx, w.scope, d, attempts[1]))
	all[0] = d
	got, err := db.DeliveryAttempts(ctx, w.scope, d.ID)
	must(t, err)
	same(t, "attempts", got, attempts)

	minute := func(n int) *time.Time { at := now.Add(time.Duration(n) * time.Minute); return &at }
	for _, tt := range []struct {
		name  string
		f     verification.DeliveryFilter
		p     verification.Page
		want  []int
		total int
	}{
		{"all", verification.DeliveryFilter{}, verification.Page{Size: 10}, []int{3, 2, 1, 0}, 4},
		{"a page", verification.DeliveryFilter{}, verification.Page{Offset: 1, Size: 2}, []int{2, 1}, 4},
		{"of a verification", verification.DeliveryFilter{VerificationID: v.ID}, verification.Page{Size: 10}, []int{2, 1, 0}, 3},
		{"dead letters", verification.DeliveryFilter{State: verification.Dead}, verification.Page{Size: 10}, []int{0}, 1},
		{"from", verification.DeliveryFilter{From: minute(2)}, verification.Page{Size: 10}, []int{3, 2}, 2},
		{"to", verification.DeliveryFilter{To: minute(2)}, verification.Page{Size: 10}, []int{1, 0}, 2},
		{"all at once", verification.DeliveryFilter{VerificationID: v.ID, State: verification.Pending, From: minute(1), To: minute(2)}, verification.Page{Size: 10}, []int{1}, 1},
		{"nothing", verification.DeliveryFilter{VerificationID: newID()}, verification.Page{Size: 10}, nil, 0},
	} {
		for who, scope := range w.insiders() {
			if who == "everything" && tt.f.VerificationID == uuid.Nil {
				continue // other tests' as well
			}
			list, total, err := db.Deliveries(ctx, scope, tt.f, tt.p)
			must(t, err)
			var want []verification.Delivery
			for _, i := range tt.want {
				want = append(want, all[i])
			}
			same(t, tt.name+" of "+who, list, want)
			if total != tt.total {
				t.Errorf("%s: total %d, want %d", tt.name, total, tt.total)
			}
		}
	}
	ids, err := db.DeliveryIDs(ctx, w.scope, verification.DeliveryFilter{From: minute(1)}, 2)
	must(t, err)
	same(t, "ids", ids, []uuid.UUID{all[1].ID, all[2].ID})
}

func testRounds(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	v := w.verification(t)
	d := w.delivery(t, v, 1)
	d.Attempts, d.State = 1, verification.Dead
	must(t, db.RecordAttempt(ctx, w.scope, d, verification.DeliveryAttempt{Number: 1, At: now}))
	later := now.Add(time.Hour)
	again, err := db.BeginRound(ctx, w.scope, d.ID, later)
	must(t, err)
	want := d
	want.State, want.Round, want.RoundAt, want.RoundAttempts, want.NextAt, want.UpdatedAt = verification.Pending, 1, later, 1, &later, later
	same(t, "the new round", again, want)

	// An attempt of the round before ends now: what failed does not end the new
	// round, what arrived does.
	stale := d
	stale.Attempts, stale.State = 2, verification.Dead
	must(t, db.RecordAttempt(ctx, w.scope, stale, verification.DeliveryAttempt{Number: 2, At: now}))
	got, err := db.Delivery(ctx, w.scope, d.ID)
	must(t, err)
	if got.State != verification.Pending || got.Attempts != 2 || got.NextAt == nil {
		t.Errorf("after a late failure: %+v", got)
	}
	stale.Attempts, stale.State = 3, verification.Delivered
	must(t, db.RecordAttempt(ctx, w.scope, stale, verification.DeliveryAttempt{Number: 3, At: now}))
	if got, err = db.Delivery(ctx, w.scope, d.ID); err != nil || got.State != verification.Delivered || got.NextAt != nil {
		t.Errorf("after a late success: %+v, %v", got, err)
	}
	_, err = db.BeginRound(ctx, w.scope, newID(), now)
	wantKind(t, "an unknown one", err, fault.NotFound, "")
}

func testDisabledAddresses(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	v := w.verification(t)
	waiting := w.delivery(t, v, 1)
	elsewhere := waiting
	elsewhere.ID, elsewhere.Sequence, elsewhere.URL = newID(), 2, "https://example.org/other"
	must(t, db.InsertDelivery(ctx, w.scope, elsewhere))
	gone := waiting
	gone.ID, gone.Sequence = newID(), 3
	must(t, db.InsertDelivery(ctx, w.scope, gone))
	sibling := newWorld(t, db)
	theirs := sibling.delivery(t, sibling.verification(t), 1) // the same address of another tenant

	if held, err := db.HoldDisabled(ctx, w.scope, waiting, now); err != nil || held {
		t.Errorf("held %v, %v before anything was disabled", held, err)
	}
	at := now.Add(time.Minute)
	must(t, db.DisableAddress(ctx, w.scope, gone, at))
	must(t, db.DisableAddress(ctx, w.scope, gone, at.Add(time.Hour))) // once more is no error
	list, n, err := db.DisabledAddresses(ctx, w.scope, verification.Page{Size: 10})
	must(t, err)
	if n != 1 || len(list) != 1 || list[0].URL != gone.URL || list[0].DeliveryID != gone.ID || !list[0].DisabledAt.Equal(at) || list[0].GroupID != w.group.ID {
		t.Fatalf("disabled: %+v of %d", list, n)
	}
	state := func(d verification.Delivery, want verification.DeliveryState) {
		t.Helper()
		if got, err := db.Delivery(ctx, tenant.Everything(), d.ID); err != nil || got.State != want {
			t.Errorf("%s: %s (%v), want %s", d.URL, got.State, err, want)
		}
	}
	state(waiting, verification.Disabled)
	state(elsewhere, verification.Pending)
	state(gone, verification.Pending) // its attempt says what becomes of it
	state(theirs, verification.Pending)

	late := gone
	late.ID, late.Sequence = newID(), 4
	must(t, db.InsertDelivery(ctx, w.scope, late))
	if held, err := db.HoldDisabled(ctx, w.scope, late, at); err != nil || !held {
		t.Errorf("a later one: held %v, %v", held, err)
	}
	state(late, verification.Disabled)
	if held, err := db.HoldDisabled(ctx, sibling.scope, theirs, at); err != nil || held {
		t.Errorf("another tenant's: held %v, %v", held, err)
	}
	_, err = db.BeginRound(ctx, w.scope, late.ID, at)
	wantKind(t, "a replay to a disabled address", err, fault.Conflict, fault.CodeInvalidState)
	state(late, verification.Disabled)

	must(t, db.EnableAddress(ctx, w.scope, list[0].ID))
	wantKind(t, "enabling twice", db.EnableAddress(ctx, w.scope, list[0].ID), fault.NotFound, "")
	state(late, verification.Disabled) // only a replay sends it
	if _, err := db.BeginRound(ctx, w.scope, late.ID, at); err != nil {
		t.Error(err)
	}
}

func testWebhookSecrets(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	live := func(after time.Duration, want ...string) {
		t.Helper()
		got, err := db.GroupSecrets(ctx, w.scope, w.group.ID, now.Add(after))
		must(t, err)
		same(t, "secrets after "+after.String(), got, want)
	}
	first := w.group.WebhookSecret
	live(0, first)
	must(t, db.RotateWebhookSecret(ctx, w.scope, w.group.ID, "second", now.Add(time.Hour)))
	live(0, "second", first)
	live(time.Hour-time.Microsecond, "second", first)
	live(time.Hour, "second")
	must(t, db.RotateWebhookSecret(ctx, w.scope, w.group.ID, "third", now.Add(2*time.Hour)))
	live(0, "third", "second")
	must(t, db.RotateWebhookSecret(ctx, w.scope, w.group.ID, "fourth", now))
	live(0, "fourth")
}

// feed reads everything of a scope, a few at a time.
func feed(t *testing.T, db *store.DB, scope tenant.Scope, after int64) (list []verification.PlacedEvent) {
	t.Helper()
	for {
		page, err := db.EventsAfter(t.Context(), scope, after, 7)
		must(t, err)
		if len(page) == 0 {
			return list
		}
		list = append(list, page...)
		after = page[len(page)-1].Place
	}
}

func testEventFeed(t *testing.T, db *store.DB) {
	w, ctx := newWorld(t, db), t.Context()
	v, other := w.verification(t), w.verification(t)
	var want []verification.Event
	add := func(of verification.Verification, after time.Duration) {
		t.Helper()
		e := verification.Event{Kind: verification.StatusChanged, From: verification.Draft, To: verification.InQueue, Attempt: 1, Actor: "a@example.org", At: now.Add(after)}
		must(t, happen(ctx, db, w.scope, of, &e))
		want = append(want, e)
	}
	add(v, time.Minute)
	add(other, time.Second)
	add(v, 0) // by a clock that is late
	if got := feed(t, db, w.scope, 0); len(got) != 0 {
		t.Errorf("%d events before they have a place", len(got))
	}
	must(t, db.PlaceEvents(ctx))
	must(t, db.PlaceEvents(ctx))
	add(other, -time.Hour) // late to arrive: behind all that have a place
	body := w.delivery(t, v, want[0].Sequence).Body
	must(t, db.PlaceEvents(ctx))
	want[0], want[1] = want[1], want[0] // by time, but no verification backwards
	for who, scope := range w.insiders() {
		got := feed(t, db, scope, 0)
		got = slices.DeleteFunc(got, func(e verification.PlacedEvent) bool { return e.VerificationID != v.ID && e.VerificationID != other.ID })
		if len(got) != len(want) {
			t.Fatalf("%s: %d events, want %d", who, len(got), len(want))
		}
		for i, e := range got {
			same(t, fmt.Sprint(who, " ", i), e.Event, want[i])
			if e.Verification.ID != e.VerificationID || i > 0 && e.Place <= got[i-1].Place {
				t.Errorf("%s: event %d at %d is of %s", who, i, e.Place, e.Verification.ID)
			}
		}
		same(t, "the webhook's body", got[1].Body, body)
		if got[0].Body != nil {
			t.Errorf("an event without webhook has the body %s", got[0].Body)
		}
		same(t, "behind the second", feed(t, db, scope, got[2].Place)[0].Event, want[3])
	}
	_, err := db.EventsAfter(ctx, w.scope, 1<<40, 1)
	wantKind(t, "a place that nobody has", err, fault.NotFound, "")
}

// testEventFeedRace: while writers append events in transactions that end in
// any order, some undone, readers that follow miss none, see none twice, and
// each verification's in order.
func testEventFeedRace(t *testing.T, db *store.DB) {
	const writers, each, verifications = 8, 12, 3
	w, other := newWorld(t, db), newWorld(t, db)
	var ids []uuid.UUID
	drafts := map[uuid.UUID]verification.Verification{}
	keep := func(v verification.Verification) uuid.UUID { drafts[v.ID] = v; return v.ID }
	for range verifications {
		ids = append(ids, keep(w.verification(t)))
	}
	theirs := keep(other.verification(t))
	ctx := t.Context()
	var work sync.WaitGroup
	for n := range writers {
		work.Go(func() {
			for i := range each {
				err := db.InTx(ctx, func(ctx context.Context, tx verification.Store) error {
					// Two events of one transaction, and one of another tenant.
					for _, e := range []struct {
						scope tenant.Scope
						id    uuid.UUID
					}{{w.scope, ids[(n+i)%verifications]}, {w.scope, ids[(n+i)%verifications]}, {other.scope, theirs}} {
						if err := happen(ctx, tx, e.scope, drafts[e.id], &verification.Event{Kind: verification.StatusChanged, Attempt: 1, At: time.Now()}); err != nil {
							return err
						}
					}
					if i%4 == 3 {
						return errAbort
					}
					return nil
				})
				if err != nil && !errors.Is(err, errAbort) {
					t.Error(err)
				}
			}
		})
	}
	written := make(chan struct{})
	go func() { work.Wait(); close(written) }()

	// Readers of each scope follow until they have seen the last event.
	var readers sync.WaitGroup
	for who, scope := range map[string]tenant.Scope{"group": w.scope, "organization": tenant.WithinOrganization(w.org.ID), "everything": tenant.Everything(), "other": other.scope} {
		readers.Go(func() {
			next := map[uuid.UUID]int{}
			var after int64
			for last := false; ; {
				select {
				case <-written:
					last = true // whatever comes with this reading is all
				default:
				}
				if err := db.PlaceEvents(ctx); err != nil {
					t.Error(err)
					return
				}
				page, err := db.EventsAfter(ctx, scope, after, 5)
				if err != nil {
					t.Error(err)
					return
				}
				for _, e := range page {
					if e.Place <= after {
						t.Errorf("%s: place %d after %d", who, e.Place, after)
					}
					after = e.Place
					if e.VerificationID != theirs && !slices.Contains(ids, e.VerificationID) {
						continue // another test's
					}
					if next[e.VerificationID]++; e.Sequence != next[e.VerificationID] {
						t.Errorf("%s: sequence %d, want %d", who, e.Sequence, next[e.VerificationID])
					}
				}
				if last && len(page) == 0 {
					break
				}
			}
			kept := writers * each * 3 / 4
			ours := 0
			for _, id := range ids {
				ours += next[id]
			}
			wantOurs, wantTheirs := 2*kept, kept
			switch who {
			case "group", "organization":
				wantTheirs = 0
			case "other":
				wantOurs = 0
			}
			if ours != wantOurs || next[theirs] != wantTheirs {
				t.Errorf("%s: %d and %d events, want %d and %d", who, ours, next[theirs], wantOurs, wantTheirs)
			}
		})
	}
	readers.Wait()
}
