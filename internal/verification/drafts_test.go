package verification_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

func (b *bench) draft(t *testing.T, configuration string) verification.Verification {
	t.Helper()
	v, err := b.cases.CreateDraft(t.Context(), b.actor, verification.NewVerification{ServiceID: verification.Catalogue()[0].ID, FolderID: b.folder.ID,
		Configuration: json.RawMessage(configuration), WebhookMetadata: json.RawMessage(`{"webhook_secret":"first","case":1}`)})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (b *bench) whole() string {
	return `{"verification_type":"KTP","files":{"ktp_file":["` + b.path + `"]}}`
}

// fields names what a fault is about.
func fields(err error) string {
	var names []string
	for _, f := range fault.From(err).Fields {
		names = append(names, f.Field)
	}
	return strings.Join(names, " ")
}

func TestDraft(t *testing.T) {
	b := newBench(t)
	v := b.draft(t, "")
	if v.Status != verification.Draft || string(v.InputConfig) != "{}" || b.balance(t) != 100 || len(*b.queue) != 0 {
		t.Fatalf("draft %+v, balance %d, tasks %v", v, b.balance(t), *b.queue)
	}
	if _, err := b.cases.SubmitDraft(t.Context(), b.actor, v.ID); fields(err) != "configuration.verification_type configuration.files.ktp_file" {
		t.Errorf("submitting an empty draft: %v", err)
	}
	if err := b.processor().Process(t.Context(), v.ID, false); err != nil {
		t.Errorf("a worker at a draft: %v", err)
	}
	list, total, overall, err := b.cases.List(t.Context(), b.actor, v.ResultID, verification.Page{Size: 10})
	if err != nil || total != 1 || overall != verification.Draft || list[0].Status != verification.Draft {
		t.Errorf("listed %v, %s, %v", list, overall, err)
	}

	other := uuid.New()
	change := verification.NewVerification{ServiceID: verification.Catalogue()[0].ID, Configuration: json.RawMessage(`{"verification_type":"KTP","files":{"ktp_file":["files/of/somebody"]}}`)}
	for what, spoil := range map[string]func(*verification.NewVerification){
		"folder_id":     func(n *verification.NewVerification) { n.FolderID = other },
		"result_id":     func(n *verification.NewVerification) { n.ResultID = &other },
		"service_id":    func(n *verification.NewVerification) { n.ServiceID = other },
		"configuration": func(n *verification.NewVerification) { n.Configuration = json.RawMessage(`[]`) },
		"configuration.colour configuration.files.back_file configuration.files.ktp_file": func(n *verification.NewVerification) {
			n.Configuration = json.RawMessage(`{"colour":"red","files":{"back_file":[]},"files.ktp_file":[]}`)
		},
		"webhook_metadata":                func(n *verification.NewVerification) { n.WebhookMetadata = json.RawMessage(`7`) },
		"webhook_metadata.webhook_secret": func(n *verification.NewVerification) { n.WebhookMetadata = json.RawMessage(`{"webhook_secret":""}`) },
	} {
		n := change
		spoil(&n)
		if _, err := b.cases.UpdateDraft(t.Context(), b.actor, v.ID, n); fields(err) != what {
			t.Errorf("%s: %v", what, err)
		}
		if n.FolderID, n.ResultID = b.folder.ID, nil; strings.HasPrefix(what, "configuration") {
			if _, err := b.cases.CreateDraft(t.Context(), b.actor, n); fields(err) != what {
				t.Errorf("%s of a new draft: %v", what, err)
			}
		}
	}
	big := change
	big.Configuration = json.RawMessage(`{"x":"` + strings.Repeat("x", 70000) + `"}`)
	if _, err := b.cases.UpdateDraft(t.Context(), b.actor, v.ID, big); fields(err) != "configuration" {
		t.Errorf("a large configuration: %v", err)
	}
	if got := b.get(t, v.ID); string(got.InputConfig) != "{}" || !got.UpdatedAt.Equal(v.UpdatedAt) {
		t.Errorf("refusals changed the draft: %+v", got)
	}

	// What an unchecked draft names is nobody's file yet.
	got, err := b.cases.UpdateDraft(t.Context(), b.actor, v.ID, change)
	if err != nil || len(got.Config.Files) != 0 || got.WebhookSecret != "first" || got.WebhookMetadata != nil {
		t.Fatalf("changed: %+v, %v", got, err)
	}
	if _, err := b.cases.SubmitDraft(t.Context(), b.actor, v.ID); fields(err) != "configuration.files.ktp_file[0]" {
		t.Errorf("submitting somebody's file: %v", err)
	}
	change.Configuration, change.WebhookMetadata = json.RawMessage(b.whole()), json.RawMessage(`{"case":2,"webhook_secret":"second"}`)
	if got, err = b.cases.UpdateDraft(t.Context(), b.actor, v.ID, change); err != nil || got.WebhookSecret != "second" || string(got.WebhookMetadata) != `{"case":2}` {
		t.Fatalf("changed: %+v, %v", got, err)
	}
	got, err = b.cases.SubmitDraft(t.Context(), b.actor, v.ID)
	if err != nil || got.Status != verification.InQueue || b.balance(t) != 90 || got.TotalFiles != 1 || len(got.OCRJobIDs) != 1 || len(*b.queue) != 1 {
		t.Fatalf("submitted: %+v, %v, balance %d", got, err, b.balance(t))
	}
	if kept := b.get(t, v.ID); kept.Config.Type != verification.KTP || kept.TotalPages != 1 {
		t.Errorf("kept %+v", kept)
	}
	if _, err := b.cases.SubmitDraft(t.Context(), b.actor, v.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("submitting twice: %v", err)
	}
	if _, err := b.cases.UpdateDraft(t.Context(), b.actor, v.ID, change); !fault.Is(err, fault.Conflict) {
		t.Errorf("changing what was submitted: %v", err)
	}
	if err := b.processor().Process(t.Context(), v.ID, false); err != nil {
		t.Fatal(err)
	}
	if got := b.get(t, v.ID); got.Status != verification.Completed || got.CreditUsed != 10 {
		t.Errorf("finished %+v", got)
	}
	if told := b.told(t, v); told != "IN_QUEUE IN_PROGRESS COMPLETED" {
		t.Errorf("events %s", told)
	}
}

func TestSubmitDrafts(t *testing.T) {
	b := newBench(t)
	good, empty, second := b.draft(t, b.whole()), b.draft(t, `{}`), b.draft(t, b.whole())
	key := tenant.APIKey{OrganizationID: b.actor.User.OrganizationID, GroupID: b.actor.User.GroupID, Scopes: []tenant.KeyScope{tenant.ReadVerifications}}
	if _, err := b.cases.SubmitDrafts(t.Context(), tenant.Actor{User: b.actor.User, Key: &key}, []uuid.UUID{good.ID}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a key that may only read: %v", err)
	}
	for _, ids := range [][]uuid.UUID{nil, make([]uuid.UUID, verification.MaxSubmit+1)} {
		if _, err := b.cases.SubmitDrafts(t.Context(), b.actor, ids); fields(err) != "ids" {
			t.Errorf("%d ids: %v", len(ids), err)
		}
	}
	list, err := b.cases.SubmitDrafts(t.Context(), b.actor, []uuid.UUID{good.ID, empty.ID, uuid.New(), good.ID, second.ID})
	if err != nil {
		t.Fatal(err)
	}
	var codes []fault.Code
	for _, s := range list {
		code := fault.Code(s.Verification.Status)
		if s.Err != nil {
			code = fault.From(s.Err).Code
		}
		codes = append(codes, code)
	}
	if want := []fault.Code{"IN_QUEUE", fault.CodeInvalidRequest, fault.CodeNotFound, fault.CodeInvalidState, "IN_QUEUE"}; !slices.Equal(codes, want) {
		t.Errorf("%v, want %v", codes, want)
	}
	if b.balance(t) != 80 || len(*b.queue) != 2 {
		t.Errorf("balance %d, tasks %v", b.balance(t), *b.queue)
	}
}

// A draft that was cancelled is checked in full when it is forced to run.
func TestRetryOfADraft(t *testing.T) {
	b := newBench(t)
	whole, empty := b.draft(t, b.whole()), b.draft(t, `{}`)
	for _, v := range []verification.Verification{whole, empty} {
		got, err := b.cases.Cancel(t.Context(), b.actor, v.ID)
		if err != nil || got.Status != verification.Cancelled || b.balance(t) != 100 {
			t.Fatalf("cancelled: %+v, %v", got, err)
		}
		if _, ok := got.ExecutionTime(); ok {
			t.Error("a draft that never ran has an execution time")
		}
	}
	if _, err := b.cases.Retry(t.Context(), b.actor, empty.ID, true); !fault.Is(err, fault.Invalid) || b.balance(t) != 100 {
		t.Errorf("an empty one: %v", err)
	}
	got, err := b.cases.Retry(t.Context(), b.actor, whole.ID, true)
	if err != nil || got.Status != verification.InQueue || got.TotalFiles != 1 || b.balance(t) != 90 {
		t.Fatalf("a whole one: %+v, %v", got, err)
	}
	if err := b.processor().Process(t.Context(), whole.ID, false); err != nil {
		t.Fatal(err)
	}
	if got := b.get(t, whole.ID); got.Status != verification.Completed {
		t.Errorf("finished %+v", got)
	}
}

// A retry keeps what the attempts before came to.
func TestAttempts(t *testing.T) {
	b := newBench(t)
	v := b.create(t, "")
	run := func() {
		t.Helper()
		if err := b.processor().Process(t.Context(), v.ID, true); err != nil && !fault.Is(err, fault.Conflict) {
			t.Fatal(err)
		}
	}
	b.fail = fault.New(fault.Internal, "broken")
	run()
	b.fail = nil
	if _, err := b.cases.Retry(t.Context(), b.actor, v.ID, false); err != nil {
		t.Fatal(err)
	}
	run()
	second := b.get(t, v.ID)
	if _, err := b.cases.Retry(t.Context(), b.actor, v.ID, false); !fault.Is(err, fault.Conflict) {
		t.Errorf("a retry of a completed one: %v", err)
	}
	if _, err := b.cases.Retry(t.Context(), b.actor, v.ID, true); err != nil {
		t.Fatal(err)
	}
	list, err := b.cases.Attempts(t.Context(), b.actor, v.ID)
	if err != nil || len(list) != 3 {
		t.Fatalf("attempts %+v, %v", list, err)
	}
	if a := list[0]; a.Number != 1 || a.Status != verification.Failed || a.Failure == nil || a.Output != nil || a.RetriedBy != "admin@example.com" || a.RetriedAt == nil {
		t.Errorf("first %+v", a)
	}
	if a := list[1]; a.Number != 2 || a.Status != verification.Completed || string(a.Output) != string(second.Output) || a.OutputStatus != verification.Verified ||
		len(a.Checks) != len(second.Checks) || a.OutputPath != second.OutputPath || a.ExportPath != second.ExportPath || a.Failure != nil {
		t.Errorf("second %+v", a)
	}
	if a := list[2]; a.Number != 3 || a.Status != verification.InQueue || a.Output != nil || a.RetriedAt != nil {
		t.Errorf("current %+v", a)
	}
	run()
	for _, path := range []string{second.OutputPath, second.ExportPath, b.get(t, v.ID).OutputPath} {
		r, err := b.blobs.Open(t.Context(), path)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		r.Close()
	}
	for attempt, steps := range map[int]int{1: 1, 2: 6, 3: 6} {
		if kept, err := b.db.Evidence(t.Context(), tenant.Everything(), v.ID, attempt); err != nil || len(kept) != steps {
			t.Errorf("attempt %d has evidence of %d steps, %v", attempt, len(kept), err)
		}
	}
	if got := b.get(t, v.ID); got.CreditUsed != 20 || b.balance(t) != 80 || got.ID != v.ID || got.ResultID != v.ResultID {
		t.Errorf("after three attempts: %+v, balance %d", got, b.balance(t))
	}
}
