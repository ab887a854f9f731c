package verification_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"anycheck/internal/fault"
	"anycheck/internal/screening"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// listed puts persons born on the day of the drawn card into version v of the
// list "test"; the id of a person is its place.
func (b *bench) listed(version int, names ...string) {
	l := screening.List{Name: "test", Version: fmt.Sprint(version), ImportedAt: time.Now()}
	for i, n := range names {
		if n == "" {
			continue
		}
		e := screening.Entity{ID: fmt.Sprint("E-", i+1), Schema: screening.Person, Names: []screening.Name{{Text: n, Kind: screening.Primary}},
			BirthDates: []screening.PartialDate{{Year: 1987, Month: 7, Day: 1}}, Topics: []string{"role.pep"}, Datasets: []string{"test"}}
		if rest, changed := strings.CutSuffix(n, " changed"); changed {
			e.Names[0].Text, e.Positions = rest, []string{"mayor"}
		}
		l.Entities = append(l.Entities, e)
	}
	b.lists = []screening.List{l}
}

func (b *bench) screenings() *verification.Screenings {
	return verification.NewScreenings(b.cases, b.processor(), b.db)
}

func (b *bench) screen(t *testing.T, person string) verification.Verification {
	t.Helper()
	v, err := b.screenings().Screen(t.Context(), b.actor, verification.NewScreening{Person: json.RawMessage(person), WebhookURL: "https://example.com/hook"})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

const ratna = `{"name":"Ratna Kertanegara Wirayuda","birth_date":"1987-07-01","gender":"FEMALE"}`

// alertEvents are the kinds of a verification's events in order, transitions
// as their new status.
func (b *bench) told(t *testing.T, v verification.Verification) string {
	t.Helper()
	events, err := b.cases.Events(t.Context(), b.actor, v.ID)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for i, e := range events {
		if e.Sequence != i+1 {
			t.Errorf("event %d has sequence %d", i+1, e.Sequence)
		}
		if e.Kind == verification.ScreeningAlert {
			out = append(out, "ALERT")
		} else {
			out = append(out, string(e.To))
		}
	}
	return strings.Join(out, " ")
}

func (b *bench) rescreen(t *testing.T) {
	t.Helper()
	if err := b.processor().Rescreen(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func watchListCheck(t *testing.T, v verification.Verification) verification.Check {
	t.Helper()
	for _, c := range v.Checks {
		if c.Name == "watch_list" {
			return c
		}
	}
	t.Fatal("no watch_list check")
	return verification.Check{}
}

func TestScreenAPerson(t *testing.T) {
	b := newBench(t)
	b.listed(1, "Ratna Kertanegara Wirayuda")
	v := b.screen(t, ratna)
	// A person asked, and a hit is for a person to look at: the credit stays reserved.
	if v.Status != verification.NeedReview || v.OutputStatus != verification.PartiallyNotVerified || v.CreditUsed != 0 || b.balance(t) != 99 {
		t.Errorf("screened as %+v, balance %d", v, b.balance(t))
	}
	var out struct {
		KTP any `json:"ktp"`
		PEP struct {
			IsPEP   bool `json:"is_pep"`
			Matches []struct {
				ID        string   `json:"entity_id"`
				MatchedOn []string `json:"matched_on"`
			}
		}
	}
	if err := json.Unmarshal(v.Output, &out); err != nil || out.KTP != nil || !out.PEP.IsPEP || len(out.PEP.Matches) != 1 || out.PEP.Matches[0].ID != "E-1" || !slices.Contains(out.PEP.Matches[0].MatchedOn, "birth_date") {
		t.Errorf("output %s, %v", v.Output, err)
	}
	if len(v.Checks) != 1 {
		t.Errorf("checks %+v", v.Checks)
	}
	hits, err := b.screenings().Hits(t.Context(), b.actor, v.ID)
	if err != nil || len(hits.Hits) != 1 || len(hits.Hits[0].Explanation) < 3 || !slices.Equal(hits.Asked, []string{"name", "birth_date", "gender"}) {
		t.Errorf("hits %+v, %v", hits, err)
	}
	// The same folder serves every screening; nothing waits in the queue but webhooks.
	if again := b.screen(t, `{"name":"Somebody Else"}`); again.FolderID != v.FolderID || again.OutputStatus != verification.Verified {
		t.Errorf("the second is %+v", again)
	}
	for _, task := range *b.queue {
		if task.Kind == verification.ProcessTask {
			t.Errorf("queued %v", task)
		}
	}
	if past := b.screen(t, `{"name":"Ratna Kertanegara Wirayuda","birth_date":"1987","as_of":"2020-01-31"}`); past.OutputStatus != verification.Verified {
		t.Errorf("as of a day before: %+v", past)
	}
}

// Who cannot be searched for is not passed.
func TestScreenAnUnsearchableName(t *testing.T) {
	b := newBench(t)
	b.listed(1, "Ratna Kertanegara Wirayuda")
	for _, name := range []string{"H.", "Drs. H.", "A", "राम कुमार", "ᮞᮥᮔ᮪ᮓ"} {
		v := b.screen(t, fmt.Sprintf(`{"name":%q}`, name))
		c := watchListCheck(t, v)
		if v.OutputStatus != verification.PartiallyNotVerified || c.Outcome != verification.Inconclusive || c.Code != "NAME_NOT_SEARCHABLE" || !strings.Contains(string(v.Output), `"is_pep":null`) {
			t.Errorf("%q: %s, %+v, %s", name, v.OutputStatus, c, v.Output)
		}
		b.listed(2, "Ratna Kertanegara Wirayuda", "Somebody Else")
		b.rescreen(t)
		if got := watchListCheck(t, b.get(t, v.ID)); got != c {
			t.Errorf("%q after another version: %+v", name, got)
		}
	}
}

func TestCardWithAnUnsearchableName(t *testing.T) {
	b := newBench(t)
	b.name = "H. A."
	v := b.create(t, "https://example.com/hook")
	if err := b.processor().Process(t.Context(), v.ID, false); err != nil {
		t.Fatal(err)
	}
	if c := watchListCheck(t, b.get(t, v.ID)); c.Outcome != verification.Inconclusive || c.Code != "NAME_NOT_SEARCHABLE" || !strings.Contains(c.Message, "photo") {
		t.Errorf("%+v", c)
	}
	name := "Ratna Kertanegara"
	b.review(t, b.actor, v, verification.DecideCorrect, map[string]*string{"name": &name})
	if c := watchListCheck(t, b.get(t, v.ID)); c.Outcome != verification.Pass {
		t.Errorf("after the name was corrected: %+v", c)
	}
}

func TestScreenRefuses(t *testing.T) {
	b := newBench(t)
	for person, field := range map[string]string{
		`{}`:                  "name",
		`{"name":"  "}`:       "name",
		`{"name":"123"}`:      "name",
		`{"name":"a\u0000b"}`: "name",
		`{"name":7}`:          "name",
		`{"name":"` + strings.Repeat("x", 301) + `"}`: "name",
		`{"name":"A","birth_date":"1987-13-01"}`:      "birth_date",
		`{"name":"A","birth_date":"soon"}`:            "birth_date",
		`{"name":"A","birth_date":"2999"}`:            "birth_date",
		`{"name":"A","birth_date":"2999-01-02"}`:      "birth_date",
		`{"name":"A","as_of":"2999-12-31"}`:           "as_of",
		`{"name":"A","gender":"male"}`:                "gender",
		`{"name":"A","nik":"12"}`:                     "nik",
		`{"name":"A","as_of":"2026"}`:                 "as_of",
		`{"name":"A","monitor":"yes"}`:                "monitor",
		`{"name":"A","colour":"red"}`:                 "colour",
	} {
		_, err := b.screenings().Screen(t.Context(), b.actor, verification.NewScreening{Person: json.RawMessage(person)})
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Field != "configuration."+field {
			t.Errorf("%s: %v", person, err)
		}
	}
	key := tenant.APIKey{OrganizationID: b.actor.User.OrganizationID, GroupID: b.actor.User.GroupID, Scopes: []tenant.KeyScope{tenant.ReadVerifications}}
	if _, err := b.screenings().Screen(t.Context(), tenant.Actor{User: b.actor.User, Key: &key}, verification.NewScreening{Person: json.RawMessage(ratna)}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a key that may only read: %v", err)
	}
	if b.balance(t) != 100 {
		t.Errorf("refusals cost %d", 100-b.balance(t))
	}
	_, n, err := b.db.Folders(t.Context(), b.actor.Scope(), b.actor.User.GroupID, "Screenings", verification.Page{Size: 1})
	if err != nil || n != 0 {
		t.Errorf("refusals left %d folders, %v", n, err)
	}
}

// Two that come first make one folder, also where an earlier version made it.
func TestScreeningsFolder(t *testing.T) {
	b := newBench(t)
	cases := verification.NewUseCases(verification.Ports{Store: before{b.db, once(func() { b.screen(t, ratna) })}, Blobs: b.blobs, Documents: b, Capabilities: b, Outbound: b,
		Limits: verification.DefaultLimits, Now: time.Now})
	v, err := verification.NewScreenings(cases, b.processor(), b.db).Screen(t.Context(), b.actor, verification.NewScreening{Person: json.RawMessage(ratna)})
	if err != nil {
		t.Fatal(err)
	}
	folders := func() []verification.Folder {
		t.Helper()
		list, _, err := b.db.Folders(t.Context(), b.actor.Scope(), b.actor.User.GroupID, "Screenings", verification.Page{Size: 10})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	if list := folders(); len(list) != 1 || v.FolderID != list[0].ID || list[0].TotalResult != 2 || list[0].ID.Version() != 7 {
		t.Errorf("%+v", list)
	}

	b = newBench(t)
	older, err := b.cases.CreateFolder(t.Context(), b.actor, "Screenings")
	if err != nil {
		t.Fatal(err)
	}
	if v := b.screen(t, ratna); v.FolderID != older.ID || len(folders()) != 1 {
		t.Errorf("in %s, of %+v", v.FolderID, folders())
	}
}

// TestRescreen walks a person through new versions of a list.
func TestRescreen(t *testing.T) {
	b := newBench(t)
	b.listed(1, "Nobody Inparticular")
	v, once := b.screen(t, ratna), b.screen(t, `{"name":"Ratna Kertanegara Wirayuda","birth_date":"1987-07-01","monitor":false}`)
	b.rescreen(t)
	const start = "IN_QUEUE IN_PROGRESS COMPLETED"
	for _, step := range []struct {
		what    string
		version int
		names   []string
		told    string
		status  verification.Status
		outcome verification.Outcome
	}{
		{"another version without the person", 2, []string{"Nobody Inparticular"}, start, verification.Completed, verification.Pass},
		{"the person is listed", 3, []string{"", "Ratna Kertanegara Wirayuda"}, start + " ALERT NEED_REVIEW", verification.NeedReview, verification.Inconclusive},
		{"nothing new", 4, []string{"", "Ratna Kertanegara Wirayuda"}, start + " ALERT NEED_REVIEW", verification.NeedReview, verification.Inconclusive},
		{"the entry has changed", 5, []string{"", "Ratna Kertanegara Wirayuda changed"}, start + " ALERT NEED_REVIEW ALERT", verification.NeedReview, verification.Inconclusive},
		{"a second entry", 6, []string{"", "Ratna Kertanegara Wirayuda changed", "Ratna Kertanegara Wirayuda"}, start + " ALERT NEED_REVIEW ALERT ALERT", verification.NeedReview, verification.Inconclusive},
		{"all are gone", 7, []string{"Nobody Inparticular"}, start + " ALERT NEED_REVIEW ALERT ALERT COMPLETED", verification.Completed, verification.Pass},
	} {
		b.listed(step.version, step.names...)
		b.rescreen(t)
		got := b.get(t, v.ID)
		if told := b.told(t, v); told != step.told || got.Status != step.status || watchListCheck(t, got).Outcome != step.outcome {
			t.Fatalf("%s: events %s, %s, check %+v; want %s", step.what, told, got.Status, watchListCheck(t, got), step.told)
		}
		for _, path := range []string{v.OutputPath, got.OutputPath, got.ExportPath} {
			r, err := b.blobs.Open(t.Context(), path)
			if err != nil {
				t.Fatalf("%s: %v", step.what, err)
			}
			r.Close()
		}
		if told := b.told(t, once); told != start {
			t.Errorf("%s: who was asked about once: %s", step.what, told)
		}
	}
	var alerts int
	for _, task := range *b.queue {
		if task.Kind != verification.DeliverTask {
			continue
		}
		d, err := b.db.Delivery(t.Context(), tenant.Everything(), task.ID)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(d.Body), `"event":"screening.alert"`) {
			alerts++
			if d.VerificationID != v.ID || !strings.Contains(string(d.Body), `"entity_id":"E-`) || strings.Contains(string(d.Body), "1987-07-01") {
				t.Errorf("alert %s", d.Body)
			}
		}
	}
	if alerts != 3 {
		t.Errorf("%d alerts were sent, want 3", alerts)
	}
}

// A name alone is many persons: a hit of one of them says nothing of the next.
func TestDismissABareName(t *testing.T) {
	b := newBench(t)
	b.listed(1, "Ratna Kertanegara Wirayuda")
	const name = `{"name":"Ratna Kertanegara Wirayuda"}`
	v := b.screen(t, name)
	got, err := b.screenings().Dismiss(t.Context(), b.actor, v.ID, verification.NewDismissal{EntityID: "E-1", Reason: "born elsewhere"})
	if err != nil || v.OutputStatus == verification.Verified || got.OutputStatus != verification.Verified {
		t.Fatalf("%s, then %s, %v", v.OutputStatus, got.OutputStatus, err)
	}
	if next := b.screen(t, name); next.OutputStatus == verification.Verified {
		t.Errorf("another person of that name: %s", next.Output)
	}
	b.rescreen(t)
	if got := b.get(t, v.ID); got.OutputStatus != verification.Verified {
		t.Errorf("searched again: %s", got.Output)
	}
}

// A hit that was away meanwhile, as after a bad issue of a list that was rolled
// back, is not told a second time.
func TestHitThatComesBack(t *testing.T) {
	const (
		none, listed, changed = "Nobody Inparticular", "Ratna Kertanegara Wirayuda", "Ratna Kertanegara Wirayuda changed"
		start                 = "IN_QUEUE IN_PROGRESS "
	)
	approve := func(t *testing.T, b *bench, v verification.Verification) {
		b.review(t, b.actor, v, verification.DecideApprove, nil)
	}
	soon := time.Now().Add(time.Hour)
	dismissal := func(ends *time.Time) func(*testing.T, *bench, verification.Verification) {
		return func(t *testing.T, b *bench, v verification.Verification) {
			if _, err := b.screenings().Dismiss(t.Context(), b.actor, v.ID, verification.NewDismissal{EntityID: "E-1", Reason: "x", ExpiresAt: ends}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, tt := range []struct {
		what    string
		first   string // listed when the person was asked about
		then    []any  // names of the next version, or what a person does
		told    string
		outcome verification.Outcome
	}{
		{"in review", listed, []any{none, none, listed}, start + "NEED_REVIEW", verification.Inconclusive},
		{"approved", listed, []any{approve, none, listed}, start + "NEED_REVIEW COMPLETED", verification.Pass},
		{"approved while it was away", listed, []any{none, approve, listed}, start + "NEED_REVIEW COMPLETED", verification.Pass},
		{"told and approved", none, []any{listed, approve, none, listed}, start + "COMPLETED ALERT NEED_REVIEW COMPLETED", verification.Pass},
		{"it comes back changed", listed, []any{approve, none, changed}, start + "NEED_REVIEW COMPLETED ALERT NEED_REVIEW", verification.Inconclusive},
		{"a change that is taken back", listed, []any{changed, listed, changed}, start + "NEED_REVIEW ALERT", verification.Inconclusive},
		// A verdict that does not know it must not stand, though it was told.
		{"its leaving ended the review", none, []any{listed, none, listed}, start + "COMPLETED ALERT NEED_REVIEW COMPLETED NEED_REVIEW", verification.Inconclusive},
		{"ended and resumed again", none, []any{listed, none, listed, none, listed}, start + "COMPLETED ALERT NEED_REVIEW COMPLETED NEED_REVIEW COMPLETED NEED_REVIEW", verification.Inconclusive},
		{"a change that was approved is taken back", listed, []any{changed, approve, listed}, start + "NEED_REVIEW ALERT COMPLETED NEED_REVIEW", verification.Inconclusive},
		{"dismissed", none, []any{listed, dismissal(nil), none, listed}, start + "COMPLETED ALERT NEED_REVIEW COMPLETED", verification.Pass},
		{"dismissed and run out", none, []any{listed, dismissal(&soon), 2 * time.Hour}, start + "COMPLETED ALERT NEED_REVIEW COMPLETED ALERT NEED_REVIEW", verification.Inconclusive},
		{"run out while it was away", none, []any{listed, dismissal(&soon), none, 2 * time.Hour, listed}, start + "COMPLETED ALERT NEED_REVIEW COMPLETED ALERT NEED_REVIEW", verification.Inconclusive},
	} {
		t.Run(tt.what, func(t *testing.T) {
			b := newBench(t)
			b.listed(1, tt.first)
			v := b.screen(t, ratna)
			var ahead time.Duration
			for i, step := range tt.then {
				switch step := step.(type) {
				case string:
					b.listed(i+2, step)
				case time.Duration:
					ahead = step
				case func(*testing.T, *bench, verification.Verification):
					step(t, b, v)
				}
				if err := b.later(ahead).Rescreen(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			got := b.get(t, v.ID)
			if told := b.told(t, v); told != tt.told || watchListCheck(t, got).Outcome != tt.outcome {
				t.Errorf("events %s, check %+v; want %s, %s", told, watchListCheck(t, got), tt.told, tt.outcome)
			}
		})
	}
}

func TestDismiss(t *testing.T) {
	b := newBench(t)
	b.listed(1, "Nobody Inparticular")
	person := strings.Replace(ratna, "{", `{"nik":"3174084107870501",`, 1)
	v, other := b.screen(t, person), b.screen(t, strings.Replace(person, "Ratna", "R.", 1))
	b.listed(2, "Ratna Kertanegara Wirayuda")
	b.rescreen(t)
	if got := b.get(t, v.ID); got.Status != verification.NeedReview {
		t.Fatalf("%s after the listing", got.Status)
	}
	soon := time.Now().Add(time.Hour)
	past := time.Now().Add(-time.Hour)
	for what, n := range map[string]verification.NewDismissal{
		"no reason":     {EntityID: "E-1", Reason: " "},
		"expired":       {EntityID: "E-1", Reason: "x", ExpiresAt: &past},
		"no such hit":   {EntityID: "E-9", Reason: "x"},
		"a long reason": {EntityID: "E-1", Reason: strings.Repeat("x", 501)},
	} {
		if _, err := b.screenings().Dismiss(t.Context(), b.actor, v.ID, n); !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	got, err := b.screenings().Dismiss(t.Context(), b.actor, v.ID, verification.NewDismissal{EntityID: "E-1", Reason: "born elsewhere", ExpiresAt: &soon})
	if err != nil || got.Status != verification.Completed || got.OutputStatus != verification.Verified {
		t.Fatalf("dismissed: %+v, %v", got, err)
	}
	if out := string(got.Output); !strings.Contains(out, `"matches":[]`) || !strings.Contains(out, `"by":"admin@example.com","reason":"born elsewhere"`) {
		t.Errorf("output %s", out)
	}

	// It holds for the person, wherever the group meets them.
	b.rescreen(t)
	if got := b.get(t, other.ID); got.Status != verification.Completed || watchListCheck(t, got).Outcome != verification.Pass {
		t.Errorf("the person's other verification: %s, %+v", got.Status, watchListCheck(t, got))
	}
	if later := b.screen(t, person); later.OutputStatus != verification.Verified {
		t.Errorf("a later screening: %s", later.Output)
	}
	if stranger := b.screen(t, ratna); stranger.OutputStatus != verification.PartiallyNotVerified {
		t.Errorf("somebody of the same name: %s", stranger.Output)
	}

	// Until the entry changes.
	told := b.told(t, v)
	b.listed(3, "Ratna Kertanegara Wirayuda")
	b.rescreen(t)
	if got := b.told(t, v); got != told {
		t.Errorf("a version with the same entry: %s", got)
	}
	b.listed(4, "Ratna Kertanegara Wirayuda changed")
	b.rescreen(t)
	if got := b.told(t, v); got != told+" ALERT NEED_REVIEW" {
		t.Errorf("after the entry changed: %s", got)
	}
	if _, err := b.screenings().TakeBack(t.Context(), b.actor, v.ID, "E-1"); !fault.Is(err, fault.NotFound) {
		t.Errorf("taking back what does not hold any more: %v", err)
	}

	// Or the reviewer takes it back.
	if _, err := b.screenings().Dismiss(t.Context(), b.actor, v.ID, verification.NewDismissal{EntityID: "E-1", Reason: "still born elsewhere"}); err != nil {
		t.Fatal(err)
	}
	got, err = b.screenings().TakeBack(t.Context(), b.actor, v.ID, "E-1")
	if err != nil || got.Status != verification.Completed || watchListCheck(t, got).Outcome != verification.Inconclusive {
		t.Errorf("taken back: %+v, %v", got, err)
	}
	stranger := tenant.Actor{User: tenant.User{Role: tenant.GroupUser, OrganizationID: b.actor.User.OrganizationID, Email: "x"}}
	if _, err := b.screenings().Dismiss(t.Context(), stranger, v.ID, verification.NewDismissal{EntityID: "E-1", Reason: "x"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a stranger: %v", err)
	}
}

// TestRescreenOfACard: what the card says is searched again too.
func TestRescreenOfACard(t *testing.T) {
	b := newBench(t)
	v := b.create(t, "https://example.com/hook")
	if err := b.processor().Process(t.Context(), v.ID, false); err != nil {
		t.Fatal(err)
	}
	b.listed(2, "Budi Santoso", "Budi")
	b.rescreen(t)
	got := b.get(t, v.ID)
	if got.Status != verification.NeedReview || watchListCheck(t, got).Outcome != verification.Inconclusive || got.CreditUsed != 10 {
		t.Errorf("%s, %+v", got.Status, watchListCheck(t, got))
	}
	// A run with force starts afresh, with the lists of the day.
	b.listed(3, "Nobody Inparticular")
	if _, err := b.cases.Cancel(t.Context(), b.actor, v.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := b.cases.Retry(t.Context(), b.actor, v.ID, true); err != nil {
		t.Fatal(err)
	}
	if err := b.processor().Process(t.Context(), v.ID, false); err != nil {
		t.Fatal(err)
	}
	b.rescreen(t)
	if got := b.get(t, v.ID); got.Status != verification.Completed || watchListCheck(t, got).Outcome != verification.Pass {
		t.Errorf("after another run: %s, %+v", got.Status, watchListCheck(t, got))
	}
}
