package verification_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

var (
	walkSeed  = flag.Uint64("walk.seed", 0, "repeat the walk of this seed only")
	walkCount = flag.Int("walk.count", 12, "how many walks")
	walkSteps = flag.Int("walk.steps", 120, "steps of each walk")
)

// TestWalk calls use cases, workers and list changes in random order on a real
// store and looks, after each step, for what must never be.
func TestWalk(t *testing.T) {
	seen := map[string]int{}
	if *walkSeed != 0 {
		walk(t, *walkSeed, seen)
		return
	}
	for seed := range *walkCount {
		t.Run(fmt.Sprint("seed ", seed+1), func(t *testing.T) { walk(t, uint64(seed+1), seen) })
	}
	// A walk that never gets anywhere proves nothing.
	if *walkCount < 12 || testing.Short() {
		return
	}
	for _, trigger := range []string{"DRAFT→IN_QUEUE", "IN_QUEUE→IN_PROGRESS", "IN_PROGRESS→COMPLETED", "IN_PROGRESS→NEED_REVIEW", "IN_PROGRESS→FAILED", "IN_PROGRESS→FRAUD_DETECTED",
		"FRAUD_DETECTED→IN_PROGRESS", "FRAUD_DETECTED→FAILED", "NEED_REVIEW→COMPLETED", "COMPLETED→NEED_REVIEW", "DRAFT→CANCELLED", "IN_QUEUE→CANCELLED", "IN_PROGRESS→CANCELLED",
		"NEED_REVIEW→CANCELLED", "FRAUD_DETECTED→CANCELLED", "FAILED→IN_QUEUE", "COMPLETED→IN_QUEUE", "CANCELLED→IN_QUEUE"} {
		if seen[trigger] == 0 {
			t.Errorf("no walk went %s: %v", trigger, seen)
		}
	}
}

// walker is one walk.
type walker struct {
	*bench
	t     *testing.T
	r     *rand.Rand
	users []tenant.Actor
	known []uuid.UUID // verifications
	list  int         // version of the watch list
}

// step is something that can happen. It answers what the caller is told.
type step struct {
	name string
	do   func(w *walker, id uuid.UUID) error
	// runs says that an error may leave something behind: a worker that died.
	runs bool
}

var steps = []step{
	{"create", func(w *walker, _ uuid.UUID) error { return w.create(w.new(), w.r.IntN(2) == 0) }, false},
	{"change the draft", func(w *walker, id uuid.UUID) error {
		n := w.new()
		n.FolderID, n.ResultID = uuid.Nil, nil
		_, err := w.cases.UpdateDraft(w.t.Context(), w.user(), id, n)
		return err
	}, false},
	{"submit", func(w *walker, id uuid.UUID) error {
		_, err := w.cases.SubmitDraft(w.t.Context(), w.user(), id)
		return err
	}, false},
	{"submit many", func(w *walker, id uuid.UUID) error {
		_, err := w.cases.SubmitDrafts(w.t.Context(), w.user(), []uuid.UUID{id, uuid.New(), w.any()})
		return err
	}, false},
	{"cancel", func(w *walker, id uuid.UUID) error {
		_, err := w.cases.Cancel(w.t.Context(), w.user(), id)
		return err
	}, false},
	{"retry", func(w *walker, id uuid.UUID) error {
		_, err := w.cases.Retry(w.t.Context(), w.user(), id, w.r.IntN(2) == 0)
		return err
	}, false},
	{"work", func(w *walker, id uuid.UUID) error { return w.work(id) }, true},
	{"take", func(w *walker, id uuid.UUID) error { return w.processor().Hold(w.t.Context(), id) }, true},
	{"suspect", func(w *walker, id uuid.UUID) error { return w.processor().Suspect(w.t.Context(), id) }, false},
	{"decide on fraud", func(w *walker, id uuid.UUID) error {
		_, err := w.reviews().DecideFraud(w.t.Context(), w.user(), id, w.r.IntN(2) == 0, "looked")
		return err
	}, false},
	{"review", func(w *walker, id uuid.UUID) error { return w.judge(id) }, false},
	{"dismiss", func(w *walker, id uuid.UUID) error {
		_, err := w.screenings().Dismiss(w.t.Context(), w.user(), id, verification.NewDismissal{EntityID: "E-1", Reason: "another"})
		return err
	}, false},
	{"take back", func(w *walker, id uuid.UUID) error {
		_, err := w.screenings().TakeBack(w.t.Context(), w.user(), id, "E-1")
		return err
	}, false},
	{"new lists", func(w *walker, _ uuid.UUID) error {
		w.list++
		w.listed(w.list, []string{"Budi", "Budi changed", "Nobody Inparticular"}[w.r.IntN(3)])
		return w.processor().Rescreen(w.t.Context())
	}, true},
	{"settings", func(w *walker, _ uuid.UUID) error {
		a, b, eyes := w.policy(), w.policy(), w.r.IntN(4) == 0
		_, err := w.cases.ChangeReviewSettings(w.t.Context(), w.actor, w.actor.User.GroupID, verification.ReviewSettingsChange{APIKey: &a, Dashboard: &b, FourEyes: &eyes})
		return err
	}, false},
	{"credits", func(w *walker, _ uuid.UUID) error { w.credit(w.t, int64(w.r.IntN(60))); return nil }, false},
}

// leads are the steps that get a verification on. Half of the time one of them
// is taken: chance alone mostly asks for what is not possible.
var leads = map[verification.Status][]string{
	verification.Draft: {"submit", "change the draft"}, verification.InQueue: {"work", "take"}, verification.InProgress: {"work", "suspect"},
	verification.FraudDetected: {"decide on fraud"}, verification.NeedReview: {"review", "dismiss"}, verification.Completed: {"review", "new lists", "retry"},
	verification.Failed: {"retry"}, verification.Cancelled: {"retry"},
}

func (w *walker) step(s verification.Status) step {
	next := steps[w.r.IntN(len(steps))]
	if w.r.IntN(2) == 0 {
		name := leads[s][w.r.IntN(len(leads[s]))]
		next = steps[slices.IndexFunc(steps, func(s step) bool { return s.name == name })]
	}
	return next
}

func (w *walker) policy() verification.ReviewPolicy {
	return verification.ReviewPolicies()[w.r.IntN(3)]
}

func (w *walker) user() tenant.Actor { return w.users[w.r.IntN(len(w.users))] }

// any is one of the last few: with all of them none would get far.
func (w *walker) any() uuid.UUID { return w.known[len(w.known)-1-w.r.IntN(min(len(w.known), 4))] }

func (w *walker) new() verification.NewVerification {
	cfg := map[string]any{"verification_type": []string{"KTP", "KTP_PEP", "KTP_SELFIE_PEP"}[w.r.IntN(3)], "fraud_detection": w.r.IntN(2) == 0}
	files := map[string]any{"ktp_file": []string{w.path}}
	if cfg["verification_type"] == "KTP_SELFIE_PEP" {
		files["selfie_file"] = []string{w.path}
	}
	if w.r.IntN(8) > 0 { // else it is incomplete
		cfg["files"] = files
	}
	raw, _ := json.Marshal(cfg)
	n := verification.NewVerification{ServiceID: verification.Catalogue()[0].ID, FolderID: w.folder.ID, Configuration: raw}
	if w.r.IntN(2) == 0 {
		n.WebhookURL = "https://example.com/hook"
	}
	if len(w.known) > 0 && w.r.IntN(2) == 0 {
		v := w.get(w.t, w.any())
		n.ResultID = &v.ResultID
	}
	return n
}

func (w *walker) create(n verification.NewVerification, draft bool) error {
	do := w.cases.Create
	if draft {
		do = w.cases.CreateDraft
	}
	v, err := do(w.t.Context(), w.user(), n)
	if err == nil {
		w.known = append(w.known, v.ID)
	}
	return err
}

// work runs a worker that may meet a fault, die, or be overtaken.
func (w *walker) work(id uuid.UUID) error {
	ctx, die := context.WithCancel(w.t.Context())
	defer die()
	w.fail, w.nik, w.unread = nil, []string{"", womansNIK}[w.r.IntN(2)], w.r.IntN(4) == 0
	if w.r.IntN(4) == 0 {
		w.fail = []error{errors.New("a broken disk"), fault.New(fault.Unavailable, "no model"), fault.New(fault.Invalid, "nonsense")}[w.r.IntN(3)]
	}
	moment, left := w.r.IntN(5), w.r.IntN(12)
	w.watch = func(ctx context.Context, id uuid.UUID, _ verification.StepName, _ verification.Moment) {
		if left--; left != 0 {
			return
		}
		switch moment {
		case 0:
			die()
		case 1:
			_, _ = w.cases.Cancel(ctx, w.actor, id)
		case 2:
			_ = w.processor().Suspect(ctx, id)
		}
	}
	defer func() { w.watch = nil }()
	return w.processor().Process(ctx, id, w.r.IntN(2) == 0)
}

func (w *walker) judge(id uuid.UUID) error {
	n := verification.NewReview{Decision: verification.ReviewDecisions()[w.r.IntN(4)], Reason: "looked"}
	if n.Decision == verification.DecideCorrect || n.Decision == verification.DecideApprove && w.r.IntN(2) == 0 {
		n.Fields = map[string]*string{}
		for field, values := range map[string][]string{"nik": {"3174080107870501", womansNIK, "0074080107870501"}, "name": {"BUDI", "SITI"}, "birth_date": {"1987-07-01", "1990-02-03"}} {
			if w.r.IntN(2) == 0 {
				n.Fields[field] = &values[w.r.IntN(len(values))]
			}
		}
	}
	_, err := w.reviews().Review(w.t.Context(), w.user(), id, n)
	return err
}

func walk(t *testing.T, seed uint64, seen map[string]int) {
	w := &walker{bench: newBench(t), t: t, r: rand.New(rand.NewPCG(seed, 7)), list: 1}
	w.listed(1, "Nobody Inparticular")
	w.users = []tenant.Actor{w.actor, w.key(t), w.colleague(t, "ani"), w.colleague(t, "budi")}
	for len(w.known) == 0 {
		_ = w.create(w.new(), false)
	}
	var trail []string
	for range *walkSteps {
		id := w.any()
		before, told, balance := w.get(t, id), w.events(id), w.balance(t)
		s := w.step(before.Status)
		err := s.do(w, id)
		trail = append(trail, fmt.Sprintf("%s %s: %v", s.name, before.Status, err))
		if err != nil && !s.runs {
			if fault.From(err).Kind == fault.Internal {
				t.Errorf("%s: %v", s.name, err)
			}
			if after := w.get(t, id); !reflect.DeepEqual(after, before) || len(w.events(id)) != len(told) || w.balance(t) != balance {
				t.Errorf("%s was refused (%v) and left %+v, before %+v", s.name, err, after, before)
			}
		}
		w.check(id, map[string]int{})
		w.checkBalance()
		if t.Failed() {
			t.Fatalf("seed %d, after:\n%v", seed, trail[max(0, len(trail)-15):])
		}
	}
	for _, id := range w.known {
		w.check(id, seen)
		w.checkOverall(w.get(t, id).ResultID)
	}
	if t.Failed() {
		t.Fatalf("seed %d, after:\n%v", seed, trail)
	}
}

func (w *walker) events(id uuid.UUID) []verification.Event {
	list, err := w.cases.Events(w.t.Context(), w.actor, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// check walks the events of a verification: they must lead by allowed
// transitions, without a gap, to where it stands, and its credits must be where
// that says.
func (w *walker) check(id uuid.UUID, seen map[string]int) {
	t := w.t
	v := w.get(t, id)
	at, attempt := verification.Draft, 1
	for i, e := range w.events(id) {
		if e.Sequence != i+1 || e.From != at || e.Attempt < attempt {
			t.Errorf("event %d: %+v after %s in attempt %d", i+1, e, at, attempt)
		}
		if e.Kind == verification.ScreeningAlert {
			if e.To != e.From {
				t.Errorf("an alert moved it: %+v", e)
			}
			continue
		}
		if !allowed(e.From, e.To) {
			t.Errorf("%s→%s is no transition", e.From, e.To)
		}
		seen[fmt.Sprint(e.From, "→", e.To)]++
		at, attempt = e.To, e.Attempt
	}
	if at != v.Status || attempt != v.Attempt {
		t.Errorf("the events end at %s in attempt %d, the verification is %s in attempt %d", at, attempt, v.Status, v.Attempt)
	}
	if decided := v.Status == verification.Completed || v.Status == verification.NeedReview; decided {
		w.replays(t, id)
	}
	attempts, err := w.cases.Attempts(t.Context(), w.actor, id)
	if err != nil || len(attempts) != v.Attempt {
		t.Errorf("%d attempts are kept, %v; it is in attempt %d", len(attempts), err, v.Attempt)
	}

	spent := int64(0)
	for n := 1; n <= v.Attempt; n++ {
		reserved, settled, released := w.moved(id, n, "RESERVE"), w.moved(id, n, "SETTLE"), w.moved(id, n, "RELEASE")
		open := reserved - settled - released
		spent += settled
		switch running := v.Status == verification.InQueue || v.Status == verification.InProgress || v.Status == verification.FraudDetected; {
		case settled > 0 && released > 0 || settled+released > reserved:
			t.Errorf("attempt %d: %d reserved, %d settled, %d released", n, reserved, settled, released)
		case n < v.Attempt && open != 0:
			t.Errorf("attempt %d is over and holds %d", n, open)
		case n == v.Attempt && running && open != v.CreditCost:
			t.Errorf("%s holds %d", v.Status, open)
		case n == v.Attempt && v.Status != verification.NeedReview && !running && open != 0:
			t.Errorf("%s still holds %d", v.Status, open)
		case n == v.Attempt && v.Status == verification.Completed && settled != v.CreditCost:
			t.Errorf("COMPLETED for %d", settled)
		case n == v.Attempt && v.Status == verification.Failed && settled != 0:
			t.Errorf("FAILED for %d", settled)
		}
	}
	if spent != v.CreditUsed {
		t.Errorf("%d settled, credit_used %d", spent, v.CreditUsed)
	}
}

func allowed(from, to verification.Status) bool {
	for _, trigger := range verification.Triggers() {
		if got, err := verification.Next(from, trigger); err == nil && got == to {
			return true
		}
	}
	return false
}

func (w *walker) moved(id uuid.UUID, attempt int, kind string) int64 {
	return w.sum(`SELECT COALESCE(SUM(credits), 0) FROM ledger_entries WHERE verification_id = $1 AND attempt = $2 AND kind = $3`, id, attempt, kind)
}

func (w *walker) sum(query string, args ...any) (n int64) {
	if err := w.db.RiverSQLite().QueryRowContext(w.t.Context(), query, args...).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// checkBalance adds the ledger up.
func (w *walker) checkBalance() {
	given := w.sum(`SELECT SUM(credits) FROM ledger_entries WHERE kind = 'TOP_UP'`)
	reserved := w.sum(`SELECT COALESCE(SUM(credits), 0) FROM ledger_entries WHERE kind = 'RESERVE'`)
	released := w.sum(`SELECT COALESCE(SUM(credits), 0) FROM ledger_entries WHERE kind = 'RELEASE'`)
	if got := w.balance(w.t); got != given-reserved+released || got < 0 {
		w.t.Errorf("balance %d of %d given, %d reserved, %d released", got, given, reserved, released)
	}
}

// checkOverall reads a result in pages of every size: the status over all must
// be the same, and that of its members in any order.
func (w *walker) checkOverall(id uuid.UUID) {
	t := w.t
	all, total, want, err := w.cases.List(t.Context(), w.actor, id, verification.Page{Size: 100})
	if err != nil || len(all) != total {
		t.Fatalf("%d of %d, %v", len(all), total, err)
	}
	var members []verification.Status
	for _, v := range all {
		members = append(members, v.Status)
	}
	for range 5 {
		w.r.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		if got := verification.Overall(members); got != want {
			t.Errorf("%v is %s, listed as %s", members, got, want)
		}
		page := verification.Page{Offset: w.r.IntN(total + 2), Size: 1 + w.r.IntN(3)}
		if _, n, got, err := w.cases.List(t.Context(), w.actor, id, page); err != nil || got != want || n != total {
			t.Errorf("page %+v: %s of %d, %v; want %s of %d", page, got, n, err, want, total)
		}
	}
	r, err := w.cases.Result(t.Context(), w.actor, id)
	if err != nil || r.Overall != want {
		t.Errorf("the result is %s, %v; want %s", r.Overall, err, want)
	}
	list, _, err := w.cases.Results(t.Context(), w.actor, verification.ResultFilter{Folder: w.folder.ID, Status: members[0]}, verification.Page{Size: 100})
	if err != nil || !slices.Contains(list, r) {
		t.Errorf("the list of results lacks %+v: %+v, %v", r, list, err)
	}
}
