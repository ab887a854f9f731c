package verification_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/auth"
	"anycheck/internal/fault"
	"anycheck/internal/ktp"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

func (b *bench) reviews() *verification.Reviews {
	return verification.NewReviews(b.cases, b.processor())
}

func (b *bench) settings(t *testing.T, c verification.ReviewSettingsChange) {
	t.Helper()
	if _, err := b.cases.ChangeReviewSettings(t.Context(), b.actor, b.actor.User.GroupID, c); err != nil {
		t.Fatal(err)
	}
}

// colleague is another user of the group.
func (b *bench) colleague(t *testing.T, name string) tenant.Actor {
	t.Helper()
	u := tenant.User{ID: uuid.New(), OrganizationID: b.actor.User.OrganizationID, GroupID: b.actor.User.GroupID, Email: name + "@example.com", Role: tenant.GroupUser, CreatedAt: time.Now()}
	if err := b.db.InsertUser(t.Context(), tenant.Everything(), u); err != nil {
		t.Fatal(err)
	}
	return tenant.Actor{User: u}
}

// key is an API key of the bench's user.
func (b *bench) key(t *testing.T) tenant.Actor {
	t.Helper()
	k, _, err := auth.New(b.db, []byte(strings.Repeat("k", 32)), time.Now).CreateKey(t.Context(), b.actor.User, auth.NewKey{Name: "k"})
	if err != nil {
		t.Fatal(err)
	}
	return tenant.Actor{User: b.actor.User, Key: &k}
}

// run creates a verification of a kind as an actor and processes it.
func (b *bench) run(t *testing.T, a tenant.Actor, kind string) verification.Verification {
	t.Helper()
	cfg := map[string]any{"verification_type": kind, "files": map[string]any{"ktp_file": []string{b.path}}}
	if strings.Contains(kind, "SELFIE") {
		cfg["files"] = map[string]any{"ktp_file": []string{b.path}, "selfie_file": []string{b.path}}
	}
	raw, _ := json.Marshal(cfg)
	v, err := b.cases.Create(t.Context(), a, verification.NewVerification{ServiceID: verification.Catalogue()[0].ID, FolderID: b.folder.ID, Configuration: raw, WebhookURL: "https://example.com/hook"})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.processor().Process(t.Context(), v.ID, false); err != nil {
		t.Fatal(err)
	}
	return b.get(t, v.ID)
}

func (b *bench) review(t *testing.T, a tenant.Actor, v verification.Verification, d verification.ReviewDecision, fields map[string]*string) verification.Verification {
	t.Helper()
	got, err := b.reviews().Review(t.Context(), a, v.ID, verification.NewReview{Decision: d, Reason: "looked at it", Fields: fields})
	if err != nil {
		t.Fatalf("%s: %v", d, err)
	}
	b.replays(t, v.ID)
	return got
}

// replays decides anew from what is kept: it must come to the same.
func (b *bench) replays(t *testing.T, id uuid.UUID) {
	t.Helper()
	v, e, err := b.processor().Evidence(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	d, err := verification.Decide(v.Config, e)
	if err != nil || d.Status != v.OutputStatus || string(d.Output) != string(v.Output) || !slices.Equal(d.Checks, v.Checks) {
		t.Errorf("replayed: %s, %s, %+v, %v; kept: %s, %s, %+v", d.Status, d.Output, d.Checks, err, v.OutputStatus, v.Output, v.Checks)
	}
}

func value(s string) *string { return &s }

func checkOf(v verification.Verification, name string) verification.Check {
	for _, c := range v.Checks {
		if c.Name == name {
			return c
		}
	}
	return verification.Check{}
}

// A NIK for a woman on a man's card: a finding that asks for review.
const womansNIK = "3174084107870501"

func TestReviewPolicy(t *testing.T) {
	b := newBench(t)
	key := b.key(t)
	never, always := verification.ReviewNever, verification.ReviewAlways
	for _, tt := range []struct {
		name   string
		actor  tenant.Actor
		nik    string
		change verification.ReviewSettingsChange
		want   verification.Status
	}{
		{"a person, in order", b.actor, "", verification.ReviewSettingsChange{}, verification.Completed},
		{"a person, inconclusive", b.actor, womansNIK, verification.ReviewSettingsChange{}, verification.NeedReview},
		{"a key, inconclusive", key, womansNIK, verification.ReviewSettingsChange{}, verification.Completed},
		{"a key, always", key, "", verification.ReviewSettingsChange{APIKey: &always}, verification.NeedReview},
		{"a person, never", b.actor, womansNIK, verification.ReviewSettingsChange{Dashboard: &never}, verification.Completed},
	} {
		b.settings(t, tt.change)
		b.nik = tt.nik
		before := b.balance(t)
		v := b.run(t, tt.actor, "KTP")
		held := tt.want == verification.NeedReview
		if v.Status != tt.want || b.balance(t) != before-10 || (v.CreditUsed == 0) != held || v.OutputStatus == "" || v.OutputPath == "" {
			t.Errorf("%s: %s, credits %d, balance %d after %d", tt.name, v.Status, v.CreditUsed, b.balance(t), before)
		}
		if told := b.told(t, v); told != "IN_QUEUE IN_PROGRESS "+string(tt.want) {
			t.Errorf("%s: events %s", tt.name, told)
		}
	}
}

func TestReviewSettings(t *testing.T) {
	b := newBench(t)
	group, odd, yes := b.actor.User.GroupID, verification.ReviewPolicy("SOMETIMES"), true
	got, err := b.cases.ReviewSettings(t.Context(), b.actor, group)
	if err != nil || got != verification.DefaultReviewSettings() {
		t.Errorf("default %+v, %v", got, err)
	}
	if _, err := b.cases.ChangeReviewSettings(t.Context(), b.actor, group, verification.ReviewSettingsChange{APIKey: &odd, Dashboard: &odd}); fields(err) != "review.api_key review.dashboard" {
		t.Errorf("an unknown policy: %v", err)
	}
	member := b.colleague(t, "member")
	for name, a := range map[string]tenant.Actor{"a member": member, "a key": b.key(t)} {
		if _, err := b.cases.ChangeReviewSettings(t.Context(), a, group, verification.ReviewSettingsChange{FourEyes: &yes}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
	stranger := tenant.Actor{User: tenant.User{Role: tenant.OrganizationOwner, OrganizationID: uuid.New()}}
	if _, err := b.cases.ChangeReviewSettings(t.Context(), stranger, group, verification.ReviewSettingsChange{FourEyes: &yes}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a stranger: %v", err)
	}
	if got, err := b.cases.ReviewSettings(t.Context(), member, group); err != nil || got != verification.DefaultReviewSettings() {
		t.Errorf("after refusals %+v, %v", got, err)
	}
	b.settings(t, verification.ReviewSettingsChange{FourEyes: &yes})
	if got, err := b.cases.ReviewSettings(t.Context(), member, group); err != nil || !got.FourEyes || got.APIKey != verification.ReviewNever || got.UpdatedBy != "admin@example.com" || got.UpdatedAt.IsZero() {
		t.Errorf("changed %+v, %v", got, err)
	}
}

func TestReview(t *testing.T) {
	b := newBench(t)
	b.nik = womansNIK
	approved, rejected := b.run(t, b.actor, "KTP"), b.run(t, b.actor, "KTP")
	before := b.balance(t)
	got := b.review(t, b.actor, approved, verification.DecideApprove, nil)
	if got.Status != verification.Completed || got.OutputStatus != verification.Verified || got.CreditUsed != 10 || b.balance(t) != before {
		t.Errorf("approved: %+v", got)
	}
	if c := checkOf(got, "card_consistency"); c.Outcome != verification.Pass || !strings.Contains(c.Message, "gender") {
		t.Errorf("what was open: %+v", c)
	}
	if got.OutputPath == approved.OutputPath {
		t.Error("the document of before was written over")
	}
	got = b.review(t, b.actor, rejected, verification.DecideReject, nil)
	if c := checkOf(got, "review"); got.Status != verification.Completed || got.OutputStatus != verification.NotVerified || got.CreditUsed != 10 || c.Outcome != verification.FailOutcome || c.Code != "REVIEW_REJECTED" || !c.Blocking {
		t.Errorf("rejected: %+v", got)
	}
	if told := b.told(t, got); told != "IN_QUEUE IN_PROGRESS NEED_REVIEW COMPLETED" {
		t.Errorf("events %s", told)
	}

	// Taken up again, what was said before holds no longer; nothing is charged twice.
	got = b.review(t, b.actor, rejected, verification.DecideReopen, nil)
	if got.Status != verification.NeedReview || got.OutputStatus != verification.PartiallyNotVerified || checkOf(got, "review").Name != "" {
		t.Errorf("reopened: %+v", got)
	}
	if got = b.review(t, b.actor, rejected, verification.DecideApprove, nil); got.OutputStatus != verification.Verified || got.CreditUsed != 10 || b.balance(t) != before {
		t.Errorf("approved after all: %+v", got)
	}
	list, err := b.reviews().List(t.Context(), b.actor, rejected.ID)
	if err != nil || len(list) != 3 {
		t.Fatalf("reviews %+v, %v", list, err)
	}
	for i, want := range []verification.Review{
		{Decision: verification.DecideReject, StatusBefore: verification.NeedReview, StatusAfter: verification.Completed, VerdictAfter: verification.NotVerified},
		{Decision: verification.DecideReopen, StatusBefore: verification.Completed, StatusAfter: verification.NeedReview, VerdictAfter: verification.PartiallyNotVerified},
		{Decision: verification.DecideApprove, StatusBefore: verification.NeedReview, StatusAfter: verification.Completed, VerdictAfter: verification.Verified},
	} {
		r := list[i]
		if r.Decision != want.Decision || r.StatusBefore != want.StatusBefore || r.StatusAfter != want.StatusAfter || r.VerdictAfter != want.VerdictAfter ||
			!r.Closed || r.Reviewer != "admin@example.com" || r.ReviewerID != b.actor.User.ID || r.Reason != "looked at it" || r.CreatedAt.IsZero() || r.Attempt != 1 {
			t.Errorf("review %d: %+v", i, r)
		}
	}

	// A cancelled review costs nothing, unless it was paid for before.
	third := b.run(t, b.actor, "KTP")
	before = b.balance(t)
	if got, err := b.cases.Cancel(t.Context(), b.actor, third.ID); err != nil || got.Status != verification.Cancelled || b.balance(t) != before+10 || got.CreditUsed != 0 || !got.EndDate.Equal(*third.EndDate) {
		t.Errorf("cancelled: %+v, %v", got, err)
	}
	b.review(t, b.actor, rejected, verification.DecideReopen, nil)
	before = b.balance(t)
	if got, err := b.cases.Cancel(t.Context(), b.actor, rejected.ID); err != nil || b.balance(t) != before || got.CreditUsed != 10 {
		t.Errorf("cancelled after it was paid: %+v, %v, balance %d", got, err, b.balance(t))
	}
}

func TestReviewRefuses(t *testing.T) {
	b := newBench(t)
	b.nik = womansNIK
	v := b.run(t, b.actor, "KTP")
	long := strings.Repeat("x", 501)
	ok := map[string]*string{"nik": value("3174080107870501")}
	for _, tt := range []struct {
		name   string
		n      verification.NewReview
		fields string
	}{
		{"no such decision", verification.NewReview{Decision: "perhaps", Reason: "x"}, "decision"},
		{"a decision about fraud", verification.NewReview{Decision: verification.DecideFraudReject, Reason: "x"}, "decision"},
		{"no reason", verification.NewReview{Decision: verification.DecideApprove, Reason: " "}, "reason"},
		{"a long reason", verification.NewReview{Decision: verification.DecideApprove, Reason: long}, "reason"},
		{"nothing corrected", verification.NewReview{Decision: verification.DecideCorrect, Reason: "x"}, "fields"},
		{"rejected with fields", verification.NewReview{Decision: verification.DecideReject, Reason: "x", Fields: ok}, "fields"},
		{"reopened with fields", verification.NewReview{Decision: verification.DecideReopen, Reason: "x", Fields: ok}, "fields"},
		{"several wrong fields", verification.NewReview{Decision: verification.DecideApprove, Reason: "x",
			Fields: map[string]*string{"nik": value("31"), "colour": value("RED"), "gender": value("X"), "birth_date": nil, "religion": nil}}, "fields.birth_date fields.colour fields.gender fields.nik"},
	} {
		if _, err := b.reviews().Review(t.Context(), b.actor, v.ID, tt.n); !fault.Is(err, fault.Invalid) || fields(err) != tt.fields {
			t.Errorf("%s: %v, fields %q", tt.name, err, fields(err))
		}
	}
	reopen := verification.NewReview{Decision: verification.DecideReopen, Reason: "x"}
	if _, err := b.reviews().Review(t.Context(), b.actor, v.ID, reopen); !fault.Is(err, fault.Conflict) {
		t.Errorf("reopening an open one: %v", err)
	}
	if _, err := b.reviews().DecideFraud(t.Context(), b.actor, v.ID, true, "x"); !fault.Is(err, fault.Conflict) {
		t.Errorf("no fraud is suspected: %v", err)
	}
	stranger := tenant.Actor{User: tenant.User{Role: tenant.GroupUser, OrganizationID: b.actor.User.OrganizationID, GroupID: uuid.New()}}
	approve := verification.NewReview{Decision: verification.DecideApprove, Reason: "x"}
	if _, err := b.reviews().Review(t.Context(), stranger, v.ID, approve); !fault.Is(err, fault.NotFound) {
		t.Errorf("a stranger: %v", err)
	}
	key := b.key(t)
	key.Key.Scopes = []tenant.KeyScope{tenant.ReadVerifications}
	if _, err := b.reviews().Review(t.Context(), key, v.ID, approve); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a key that may only read: %v", err)
	}
	if got := b.get(t, v.ID); !got.UpdatedAt.Equal(v.UpdatedAt) || got.Status != verification.NeedReview {
		t.Errorf("refusals changed it: %+v", got)
	}
	if list, err := b.reviews().List(t.Context(), b.actor, v.ID); err != nil || len(list) != 0 {
		t.Errorf("refusals were recorded: %+v, %v", list, err)
	}
	b.review(t, b.actor, v, verification.DecideApprove, nil)
	for _, d := range []verification.ReviewDecision{verification.DecideApprove, verification.DecideReject} {
		if _, err := b.reviews().Review(t.Context(), b.actor, v.ID, verification.NewReview{Decision: d, Reason: "x"}); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s of a closed one: %v", d, err)
		}
	}
	if _, err := b.reviews().Review(t.Context(), b.actor, v.ID, verification.NewReview{Decision: verification.DecideCorrect, Reason: "x", Fields: ok}); !fault.Is(err, fault.Conflict) {
		t.Errorf("correcting a closed one: %v", err)
	}
	person := b.screen(t, `{"name":"Nobody"}`)
	b.review(t, b.actor, person, verification.DecideReopen, nil)
	if _, err := b.reviews().Review(t.Context(), b.actor, person.ID, verification.NewReview{Decision: verification.DecideCorrect, Reason: "x", Fields: ok}); fields(err) != "fields" {
		t.Errorf("fields of a person without a card: %v", err)
	}
}

// Corrected fields change the output and what follows from them; the reading
// stays as it was.
func TestCorrect(t *testing.T) {
	b := newBench(t)
	b.nik = womansNIK
	b.listed(1, "Ratna Kertanegara Wirayuda")
	v := b.run(t, b.actor, "KTP_PEP")
	if v.Status != verification.NeedReview || checkOf(v, "watch_list").Outcome != verification.Pass {
		t.Fatalf("before: %+v", v)
	}
	got := b.review(t, b.actor, v, verification.DecideCorrect, map[string]*string{"nik": value("3174080107870501"), "religion": value("islam"), "blood_type": nil})
	if got.Status != verification.NeedReview || got.OutputStatus != verification.Verified || checkOf(got, "card_consistency").Outcome != verification.Pass || got.CreditUsed != 0 {
		t.Errorf("corrected: %+v", got)
	}
	var out struct {
		KTP        map[string]*string `json:"ktp"`
		Confidence map[string]float64 `json:"ktp_confidence"`
	}
	if err := json.Unmarshal(got.Output, &out); err != nil || *out.KTP["nik"] != "3174080107870501" || *out.KTP["religion"] != "ISLAM" || out.KTP["blood_type"] != nil || out.Confidence["nik"] != 1 {
		t.Errorf("output %s, %v", got.Output, err)
	}
	_, e, err := b.processor().Evidence(t.Context(), v.ID)
	if err != nil || e.Read.Text(ktp.NIK) != womansNIK || e.Read.Text(ktp.Religion) != "" || e.Review.Corrections[ktp.NIK].By != "admin@example.com" {
		t.Errorf("evidence %+v, %v", e.Read, err)
	}
	list, err := b.reviews().List(t.Context(), b.actor, v.ID)
	if err != nil || len(list) != 1 || *list[0].Fields[ktp.NIK].From != womansNIK || *list[0].Fields[ktp.NIK].To != "3174080107870501" || list[0].Fields[ktp.Religion].From != nil {
		t.Fatalf("recorded %+v, %v", list, err)
	}
	// Who asks by the corrected NIK is found, by the misread one no longer.
	privacy := verification.NewPrivacy(b.processor())
	for nik, want := range map[string]int{"3174080107870501": 1, womansNIK: 0} {
		if found, err := privacy.ResultsOf(t.Context(), b.actor, nik); err != nil || len(found) != want {
			t.Errorf("results of %s: %v, %v", nik, found, err)
		}
	}

	// Another name is another person to the watch lists, now and later.
	got = b.review(t, b.actor, v, verification.DecideCorrect, map[string]*string{"name": value("Ratna Kertanegara Wirayuda"), "birth_date": value("1987-07-01")})
	if c := checkOf(got, "watch_list"); c.Code != "WATCH_LIST_MATCH" || got.OutputStatus != verification.PartiallyNotVerified {
		t.Errorf("under another name: %+v", c)
	}
	got = b.review(t, b.actor, v, verification.DecideApprove, nil)
	if got.Status != verification.Completed || got.OutputStatus != verification.Verified || !strings.Contains(string(got.Output), `"entity_id":"E-1"`) {
		t.Errorf("approved with a hit: %+v", got)
	}
	b.rescreen(t)
	if got := b.get(t, v.ID); got.Status != verification.Completed {
		t.Errorf("an approved hit alerts again: %+v", got)
	}
	// What is listed later was not looked at.
	b.listed(2, "Ratna Kertanegara Wirayuda", "Ratna Kertanegara Wirayuda")
	b.rescreen(t)
	got = b.get(t, v.ID)
	b.replays(t, v.ID)
	if got.Status != verification.NeedReview || checkOf(got, "watch_list").Outcome != verification.Inconclusive {
		t.Errorf("after another listing: %+v", got)
	}
	if got.CreditUsed != 10 {
		t.Errorf("charged %d", got.CreditUsed)
	}

	// An impossible NIK that a person has confirmed fails.
	got = b.review(t, b.actor, v, verification.DecideApprove, map[string]*string{"nik": value("0074080107870501")})
	if got.Status != verification.Completed || got.OutputStatus != verification.NotVerified || checkOf(got, "nik").Outcome != verification.FailOutcome {
		t.Errorf("approved with an impossible NIK: %+v", got)
	}
}

// An approval does not stand in for what nobody has read.
func TestApproveUnread(t *testing.T) {
	b := newBench(t)
	b.unread = true
	v := b.run(t, b.actor, "KTP")
	if c := checkOf(v, "card_readable"); v.Status != verification.NeedReview || c.Outcome != verification.Inconclusive {
		t.Fatalf("before: %+v", v)
	}
	if got := b.review(t, b.actor, v, verification.DecideApprove, nil); got.OutputStatus != verification.PartiallyNotVerified || checkOf(got, "card_readable").Outcome != verification.Inconclusive {
		t.Errorf("approved: %+v", got.Checks)
	}
	b.review(t, b.actor, v, verification.DecideReopen, nil)
	got := b.review(t, b.actor, v, verification.DecideApprove, map[string]*string{"nik": value("3174080107870501"), "name": value("BUDI"), "birth_date": value("1987-07-01")})
	if got.OutputStatus != verification.Verified {
		t.Errorf("approved with the values typed in: %+v", got.Checks)
	}
}

// With a corrected NIK the organization's faces are compared again.
func TestCorrectReuse(t *testing.T) {
	b := newBench(t)
	b.face = faceOf(0)
	first := b.run(t, b.actor, "KTP_SELFIE")
	b.nik = "3174080107870502"
	second := b.run(t, b.actor, "KTP_SELFIE")
	if first.Status != verification.Completed || second.Status != verification.NeedReview || checkOf(second, "identity_reuse").Code != "FACE_UNDER_OTHER_NIK" {
		t.Fatalf("before: %+v, %+v", first, second)
	}
	got := b.review(t, b.actor, second, verification.DecideApprove, map[string]*string{"nik": value("3174080107870501")})
	if got.OutputStatus != verification.Verified || checkOf(got, "identity_reuse").Outcome != verification.Pass || strings.Contains(checkOf(got, "identity_reuse").Message, "reviewer") {
		t.Errorf("with the same NIK: %+v", got.Checks)
	}
	b.nik = ""
	if third := b.run(t, b.actor, "KTP_SELFIE"); third.Status != verification.Completed {
		t.Errorf("a third of the person: %+v", third.Checks)
	}
}

func TestFourEyes(t *testing.T) {
	b := newBench(t)
	yes := true
	b.settings(t, verification.ReviewSettingsChange{FourEyes: &yes})
	b.nik = womansNIK
	ani, budi := b.colleague(t, "ani"), b.colleague(t, "budi")
	v := b.run(t, b.actor, "KTP")
	approve := verification.NewReview{Decision: verification.DecideApprove, Reason: "x"}
	for name, a := range map[string]tenant.Actor{"its creator": b.actor, "a key": b.key(t)} {
		if _, err := b.reviews().Review(t.Context(), a, v.ID, approve); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
	open := func(what string, got verification.Verification) {
		t.Helper()
		if got.Status != verification.NeedReview || checkOf(got, "review").Name != "" || got.CreditUsed != 0 {
			t.Errorf("%s: %+v", what, got)
		}
	}
	open("one approval", b.review(t, ani, v, verification.DecideApprove, nil))
	if _, err := b.reviews().Review(t.Context(), ani, v.ID, approve); !fault.Is(err, fault.Conflict) {
		t.Errorf("twice the same: %v", err)
	}
	open("a second who disagrees", b.review(t, budi, v, verification.DecideReject, nil))
	open("the first again", b.review(t, ani, v, verification.DecideApprove, nil))
	open("a second with other values", b.review(t, budi, v, verification.DecideApprove, map[string]*string{"religion": value("ISLAM")}))
	open("a correction in between", b.review(t, ani, v, verification.DecideCorrect, map[string]*string{"religion": value("HINDU")}))
	open("one approval of the values", b.review(t, budi, v, verification.DecideApprove, nil))
	got := b.review(t, ani, v, verification.DecideApprove, nil)
	if got.Status != verification.Completed || got.OutputStatus != verification.Verified || got.CreditUsed != 10 {
		t.Errorf("two approvals: %+v", got)
	}
	_, e, err := b.processor().Evidence(t.Context(), v.ID)
	if err != nil || !slices.Equal(e.Review.Approved.By, []string{"budi@example.com", "ani@example.com"}) {
		t.Errorf("approved by %+v, %v", e.Review, err)
	}
	list, err := b.reviews().List(t.Context(), b.actor, v.ID)
	var closed []bool
	for _, r := range list {
		closed = append(closed, r.Closed)
	}
	if err != nil || !slices.Equal(closed, []bool{false, false, false, false, false, false, true}) {
		t.Errorf("closed %v, %v", closed, err)
	}
	if told := b.told(t, v); told != "IN_QUEUE IN_PROGRESS NEED_REVIEW COMPLETED" {
		t.Errorf("events %s", told)
	}
}

// The review of an alert ends by itself only while nobody has taken it in hand.
func TestReviewOfAnAlert(t *testing.T) {
	b := newBench(t)
	b.listed(1, "Nobody Inparticular")
	var all []verification.Verification
	for i := range 3 {
		all = append(all, b.screen(t, fmt.Sprintf(`{"nik":"317408410787050%d","name":"Ratna Kertanegara Wirayuda","birth_date":"1987-07-01"}`, i)))
	}
	byHand, closed, doubted := all[0], all[1], all[2]
	b.review(t, b.actor, doubted, verification.DecideReopen, nil)
	b.listed(2, "Ratna Kertanegara Wirayuda")
	b.rescreen(t)
	for _, v := range all {
		if got := b.get(t, v.ID); got.Status != verification.NeedReview {
			t.Fatalf("%s after the listing", got.Status)
		}
	}
	dismiss := func(v verification.Verification) verification.Verification {
		t.Helper()
		got, err := b.screenings().Dismiss(t.Context(), b.actor, v.ID, verification.NewDismissal{EntityID: "E-1", Reason: "born elsewhere"})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := dismiss(doubted); got.Status != verification.NeedReview {
		t.Errorf("what a person had reopened was closed by a dismissal: %s", got.Status)
	}
	if got := dismiss(byHand); got.Status != verification.Completed {
		t.Errorf("the alert's review: %s", got.Status)
	}
	// Closed by hand and reopened for another reason, the alert holds nothing any more.
	b.review(t, b.actor, closed, verification.DecideApprove, nil)
	b.review(t, b.actor, closed, verification.DecideReopen, nil)
	if got := dismiss(closed); got.Status != verification.NeedReview {
		t.Errorf("reopened by hand: %s", got.Status)
	}
	w, err := b.db.Watched(t.Context(), tenant.Everything(), closed.ID)
	if err != nil || w.Held {
		t.Errorf("held %v, %v", w.Held, err)
	}

	yes := true
	b.settings(t, verification.ReviewSettingsChange{FourEyes: &yes})
	b.listed(3, "Ratna Kertanegara Wirayuda changed")
	b.rescreen(t)
	if got := dismiss(byHand); got.Status != verification.NeedReview {
		t.Errorf("with four eyes one dismissal closed the review: %s", got.Status)
	}
}

// What a reviewer says while the lists are searched is not undone by the search.
func TestReviewDuringRescreen(t *testing.T) {
	b := newBench(t)
	b.listed(1, "Nobody Inparticular")
	v := b.screen(t, ratna)
	b.listed(2, "Ratna Kertanegara Wirayuda")
	b.rescreen(t)
	b.listed(3, "Nobody Inparticular") // the alert's review would end
	b.during = func() {
		b.review(t, b.actor, v, verification.DecideApprove, nil)
		b.review(t, b.actor, v, verification.DecideReopen, nil)
	}
	b.rescreen(t)
	b.rescreen(t)
	w, err := b.db.Watched(t.Context(), tenant.Everything(), v.ID)
	if got := b.get(t, v.ID); got.Status != verification.NeedReview || err != nil || w.Held {
		t.Errorf("%s, held %v, %v", got.Status, w.Held, err)
	}
}

// A rejection outlives alerts.
func TestAlertAfterRejection(t *testing.T) {
	b := newBench(t)
	b.listed(1, "Nobody Inparticular")
	v := b.screen(t, ratna)
	b.review(t, b.actor, v, verification.DecideReopen, nil)
	b.review(t, b.actor, v, verification.DecideReject, nil)
	b.listed(2, "Ratna Kertanegara Wirayuda")
	b.rescreen(t)
	if got := b.get(t, v.ID); got.Status != verification.NeedReview || got.OutputStatus != verification.NotVerified {
		t.Errorf("listed: %+v", got)
	}
	b.listed(3, "Nobody Inparticular")
	b.rescreen(t)
	b.replays(t, v.ID)
	if got := b.get(t, v.ID); got.Status != verification.Completed || got.OutputStatus != verification.NotVerified {
		t.Errorf("no longer listed: %+v", got)
	}
}

func TestDecideFraud(t *testing.T) {
	b := newBench(t)
	suspect := func() verification.Verification {
		t.Helper()
		v := b.create(t, "https://example.com/hook")
		if err := b.processor().Hold(t.Context(), v.ID); err != nil {
			t.Fatal(err)
		}
		if err := b.processor().Suspect(t.Context(), v.ID); err != nil {
			t.Fatal(err)
		}
		return b.get(t, v.ID)
	}
	v := suspect()
	if err := b.processor().Process(t.Context(), v.ID, false); err != nil || b.get(t, v.ID).Status != verification.FraudDetected {
		t.Errorf("a worker went on with a suspect: %v", err)
	}
	if _, err := b.reviews().DecideFraud(t.Context(), b.actor, v.ID, true, ""); fields(err) != "reason" {
		t.Errorf("without a reason: %v", err)
	}
	*b.queue = nil
	got, err := b.reviews().DecideFraud(t.Context(), b.actor, v.ID, true, "a stamp")
	if err != nil || got.Status != verification.InProgress || got.EndDate != nil || len(*b.queue) != 2 || (*b.queue)[1] != (verification.Task{Kind: verification.ProcessTask, ID: v.ID}) {
		t.Fatalf("continued: %+v, %v, tasks %v", got, err, *b.queue)
	}
	if err := b.processor().Process(t.Context(), v.ID, false); err != nil {
		t.Fatal(err)
	}
	if told := b.told(t, v); told != "IN_QUEUE IN_PROGRESS FRAUD_DETECTED IN_PROGRESS COMPLETED" || b.balance(t) != 90 {
		t.Errorf("events %s, balance %d", told, b.balance(t))
	}

	v = suspect()
	got, err = b.reviews().DecideFraud(t.Context(), b.actor, v.ID, false, "cut and pasted")
	if err != nil || got.Status != verification.Failed || got.Failure == nil || got.Failure.ErrorCode != verification.CodeFraudRejected || got.Failure.Retryable || b.balance(t) != 90 || got.CreditUsed != 0 ||
		v.EndDate == nil || !got.EndDate.Equal(*v.EndDate) { // the wait for a person is not counted, as in a review
		t.Errorf("rejected: %+v, %v, balance %d", got, err, b.balance(t))
	}
	job, err := b.cases.Job(t.Context(), b.actor, v.OCRJobIDs[0])
	if err != nil || job.Status != verification.Failed {
		t.Errorf("job %+v, %v", job, err)
	}
	list, err := b.reviews().List(t.Context(), b.actor, v.ID)
	if err != nil || len(list) != 1 || list[0].Decision != verification.DecideFraudReject || list[0].Reason != "cut and pasted" || list[0].StatusAfter != verification.Failed {
		t.Errorf("recorded %+v, %v", list, err)
	}
	if v = suspect(); true {
		if got, err := b.cases.Cancel(t.Context(), b.actor, v.ID); err != nil || got.Status != verification.Cancelled || b.balance(t) != 90 {
			t.Errorf("cancelled: %+v, %v", got, err)
		}
	}

	yes := true
	b.settings(t, verification.ReviewSettingsChange{FourEyes: &yes})
	v = suspect()
	if _, err := b.reviews().DecideFraud(t.Context(), b.actor, v.ID, true, "x"); !fault.Is(err, fault.Forbidden) {
		t.Errorf("its creator: %v", err)
	}
	for i, name := range []string{"ani", "budi"} {
		got, err := b.reviews().DecideFraud(t.Context(), b.colleague(t, name), v.ID, false, "x")
		if want := []verification.Status{verification.FraudDetected, verification.Failed}[i]; err != nil || got.Status != want {
			t.Errorf("reviewer %d: %s, %v", i+1, got.Status, err)
		}
	}
}
