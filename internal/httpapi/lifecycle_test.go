package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"anycheck/client"
	"anycheck/internal/auth"
	"anycheck/internal/fault"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// person signs somebody in to a group.
func (p *platform) person(t *testing.T, name string, role tenant.Role, g tenant.Group) *client.Client {
	t.Helper()
	email := name + "@example.com"
	if _, err := p.auth.CreateUser(t.Context(), auth.NewUser{Email: email, Name: name, Password: testPassword, Role: role, Group: g}); err != nil {
		t.Fatal(err)
	}
	c := p.client(t)
	if _, err := c.Login(t.Context(), email, testPassword); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDrafts(t *testing.T) {
	p := newPlatform(t)
	ctx := t.Context()
	c := p.client(t, client.WithAPIKey(p.a.key))
	folder, err := c.CreateFolder(ctx, "Drafts")
	if err != nil {
		t.Fatal(err)
	}
	up, err := c.Upload(ctx, client.InputFile, client.File{Name: "ktp.png", Content: strings.NewReader("IMG card")})
	if err != nil {
		t.Fatal(err)
	}
	n := client.NewVerification{ServiceID: verification.Catalogue()[0].ID.String(), FolderID: folder.ID}
	v, err := c.CreateDraft(ctx, n)
	if err != nil || v.Status != client.Draft || string(v.InputConfig) != "{}" || len(v.InputFileURL) != 0 || v.StartDate != nil {
		t.Fatalf("draft %+v, %v", v, err)
	}
	// A path in a draft is nobody's file until it was checked.
	n.Configuration = map[string]any{"files": map[string]any{"ktp_file": []string{up.Files[0].Path}}}
	if v, err = c.UpdateDraft(ctx, v.ID, n); err != nil || len(v.InputFileURL) != 0 || !strings.Contains(string(v.InputConfig), "_ktp.png") {
		t.Fatalf("changed %+v, %v", v, err)
	}
	wantProblem(t, p.do("POST", "/verifications/drafts/"+v.ID+"/submit", ""), http.StatusBadRequest, fault.CodeInvalidRequest, "configuration.verification_type")
	n.FolderID = ""
	n.Configuration = client.KTPConfiguration{VerificationType: "KTP", Files: client.KTPFiles{KTPFile: []string{up.Files[0].Path}}}
	if v, err = c.UpdateDraft(ctx, v.ID, n); err != nil {
		t.Fatal(err)
	}
	n.FolderID = folder.ID
	second, err := c.CreateDraft(ctx, n)
	if err != nil {
		t.Fatal(err)
	}
	if v, err = c.SubmitDraft(ctx, v.ID); err != nil || v.Status != client.InQueue || len(v.InputFileURL["ktp_file"]) != 1 || v.TotalFiles != 1 {
		t.Errorf("submitted %+v, %v", v, err)
	}
	missing := uuid.NewString()
	l, err := c.SubmitDrafts(ctx, []string{second.ID, v.ID, missing})
	if err != nil || l.Total != 3 {
		t.Fatalf("submitted %+v, %v", l, err)
	}
	if r := l.Items[0]; r.ID != second.ID || r.Error != nil || r.Verification == nil || r.Verification.Status != client.InQueue {
		t.Errorf("the first of many: %+v", r)
	}
	for i, code := range map[int]string{1: "INVALID_STATE", 2: "NOT_FOUND"} {
		if r := l.Items[i]; r.Verification != nil || r.Error == nil || r.Error.ErrorCode != code || r.Error.Message == "" {
			t.Errorf("item %d: %+v", i, r)
		}
	}

	draft, err := c.CreateDraft(ctx, n)
	if err != nil {
		t.Fatal(err)
	}
	before, balance := p.do("GET", "/verifications/"+draft.ID, "").Body.String(), p.balance(t)
	some := uuid.NewString()
	put, service := "/verifications/drafts/"+draft.ID, n.ServiceID
	for _, tt := range []struct {
		name, method, target, body string
		status                     int
		code                       fault.Code
		fields                     []string
	}{
		{"nothing", "POST", "/verifications/drafts", `{}`, 400, fault.CodeInvalidRequest, []string{"folder_id", "service_id"}},
		{"an unknown folder", "POST", "/verifications/drafts", fmt.Sprintf(`{"service_id":%q,"folder_id":%q}`, service, some), 404, fault.CodeNotFound, []string{"folder_id"}},
		{"an unknown result", "POST", "/verifications/drafts", fmt.Sprintf(`{"service_id":%q,"folder_id":%q,"result_id":%q}`, service, folder.ID, some), 404, fault.CodeNotFound, []string{"result_id"}},
		{"a configuration that is none", "POST", "/verifications/drafts", fmt.Sprintf(`{"service_id":%q,"folder_id":%q,"configuration":7}`, service, folder.ID), 400, fault.CodeInvalidRequest, []string{"configuration"}},
		{"a webhook that cannot be", "POST", "/verifications/drafts", fmt.Sprintf(`{"service_id":%q,"folder_id":%q,"webhook_url":"ftp://x"}`, service, folder.ID), 400, fault.CodeInvalidRequest, []string{"webhook_url"}},
		{"an unknown field", "PUT", put, fmt.Sprintf(`{"service_id":%q,"colour":1}`, service), 400, fault.CodeInvalidRequest, []string{"colour"}},
		{"another folder", "PUT", put, fmt.Sprintf(`{"service_id":%q,"folder_id":%q}`, service, some), 400, fault.CodeInvalidRequest, []string{"folder_id"}},
		{"another result", "PUT", put, fmt.Sprintf(`{"service_id":%q,"result_id":%q}`, service, some), 400, fault.CodeInvalidRequest, []string{"result_id"}},
		{"an unknown service", "PUT", put, fmt.Sprintf(`{"service_id":%q}`, some), 404, fault.CodeNotFound, []string{"service_id"}},
		{"a draft that is none", "PUT", "/verifications/drafts/" + v.ID, fmt.Sprintf(`{"service_id":%q}`, service), 409, fault.CodeInvalidState, nil},
		{"an unknown draft", "PUT", "/verifications/drafts/" + some, fmt.Sprintf(`{"service_id":%q}`, service), 404, fault.CodeNotFound, nil},
		{"an id that is none", "PUT", "/verifications/drafts/7", fmt.Sprintf(`{"service_id":%q}`, service), 400, fault.CodeInvalidID, []string{"id"}},
		{"twice", "POST", "/verifications/drafts/" + v.ID + "/submit", "", 409, fault.CodeInvalidState, nil},
		{"no ids", "POST", "/verifications/drafts/submit", `{"ids":[]}`, 400, fault.CodeInvalidRequest, []string{"ids"}},
		{"ids that are none", "POST", "/verifications/drafts/submit", `{"ids":["7"]}`, 400, fault.CodeInvalidID, []string{"ids[0]"}},
		{"too many ids", "POST", "/verifications/drafts/submit", `{"ids":[` + strings.TrimSuffix(strings.Repeat(`"`+draft.ID+`",`, 101), ",") + `]}`, 400, fault.CodeInvalidRequest, []string{"ids"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantProblem(t, p.do(tt.method, tt.target, tt.body), tt.status, tt.code, tt.fields...)
		})
	}
	if after := p.do("GET", "/verifications/"+draft.ID, "").Body.String(); unsigned(after) != unsigned(before) || p.balance(t) != balance {
		t.Errorf("refusals changed it to %s from %s", after, before)
	}
}

// unsigned leaves out what a link's expiry makes different.
func unsigned(body string) string {
	var parts []string
	for _, part := range strings.Split(body, `"`) {
		part, _, _ = strings.Cut(part, "?expires=")
		parts = append(parts, part)
	}
	return strings.Join(parts, `"`)
}

func (p *platform) balance(t *testing.T) int64 {
	t.Helper()
	g, err := p.db.Group(t.Context(), tenant.Everything(), p.a.group.ID)
	if err != nil {
		t.Fatal(err)
	}
	return g.Balance
}

func TestReviews(t *testing.T) {
	p := newPlatform(t)
	ctx := t.Context()
	c := p.person(t, "ani", tenant.GroupUser, p.a.group)
	p.importList(t, "Ratna Kertanegara Wirayuda")
	v, err := c.Screen(ctx, client.NewScreening{Name: "Ratna Kertanegara Wirayuda", BirthDate: "1987-07-01"})
	if err != nil || v.Status != client.NeedReview || v.CreditUsed != 0 || *v.OutputStatus != "PARTIALLY_NOT_VERIFIED" {
		t.Fatalf("screened %+v, %v", v, err)
	}
	review := "/verifications/" + v.ID + "/review"
	for _, tt := range []struct {
		name, target, body string
		status             int
		code               fault.Code
		fields             []string
	}{
		{"nothing", review, `{}`, 400, fault.CodeInvalidRequest, []string{"decision", "reason"}},
		{"an unknown decision", review, `{"decision":"perhaps","reason":"x"}`, 400, fault.CodeInvalidValue, []string{"decision"}},
		{"no reason", review, `{"decision":"approve","reason":" "}`, 400, fault.CodeInvalidRequest, []string{"reason"}},
		{"a field that is none", review, `{"decision":"approve","reason":"x","fields":{"colour":"RED","nik":"1"}}`, 400, fault.CodeInvalidRequest, []string{"fields.colour", "fields.nik"}},
		{"fields that are no texts", review, `{"decision":"approve","reason":"x","fields":{"nik":7}}`, 400, fault.CodeInvalidRequest, []string{"fields.nik"}},
		{"fields without a card", review, `{"decision":"correct","reason":"x","fields":{"religion":"ISLAM"}}`, 400, fault.CodeInvalidRequest, []string{"fields"}},
		{"a correction of nothing", review, `{"decision":"correct","reason":"x"}`, 400, fault.CodeInvalidRequest, []string{"fields"}},
		{"an open one", review, `{"decision":"reopen","reason":"x"}`, 409, fault.CodeInvalidState, nil},
		{"no fraud", "/verifications/" + v.ID + "/fraud-decision", `{"decision":"continue","reason":"x"}`, 409, fault.CodeInvalidState, nil},
		{"an unknown fraud decision", "/verifications/" + v.ID + "/fraud-decision", `{"decision":"approve","reason":"x"}`, 400, fault.CodeInvalidValue, []string{"decision"}},
		{"a fraud decision without a reason", "/verifications/" + v.ID + "/fraud-decision", `{"decision":"reject","reason":""}`, 400, fault.CodeInvalidRequest, []string{"reason"}},
		{"an unknown verification", "/verifications/" + uuid.NewString() + "/review", `{"decision":"approve","reason":"x"}`, 404, fault.CodeNotFound, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantProblem(t, p.do("POST", tt.target, tt.body), tt.status, tt.code, tt.fields...)
		})
	}
	if got, err := c.Verification(ctx, v.ID); err != nil || got.UpdatedAt != v.UpdatedAt {
		t.Errorf("refusals changed it: %+v, %v", got, err)
	}

	got, err := c.Review(ctx, v.ID, client.NewReview{Decision: client.Reject, Reason: "the listed mayor"})
	if err != nil || got.Status != client.Completed || *got.OutputStatus != "NOT_VERIFIED" || got.CreditUsed != 1 || got.Checks[1].Code != "REVIEW_REJECTED" {
		t.Errorf("rejected %+v, %v", got, err)
	}
	if got, err = c.Review(ctx, v.ID, client.NewReview{Decision: client.Reopen, Reason: "a slip"}); err != nil || got.Status != client.NeedReview {
		t.Errorf("reopened %+v, %v", got, err)
	}
	if got, err = c.Review(ctx, v.ID, client.NewReview{Decision: client.Approve, Reason: "another village"}); err != nil || got.Status != client.Completed || *got.OutputStatus != "VERIFIED" {
		t.Errorf("approved %+v, %v", got, err)
	}
	list, err := c.Reviews(ctx, v.ID)
	if err != nil || list.Total != 3 {
		t.Fatalf("reviews %+v, %v", list, err)
	}
	if r := list.Items[2]; r.Decision != client.Approve || r.Reason != "another village" || r.Reviewer != "ani@example.com" || !r.Closed || r.PreviousStatus != client.NeedReview ||
		r.Status != client.Completed || *r.OutputStatus != "VERIFIED" || r.Attempt != 1 || len(r.Fields) != 0 {
		t.Errorf("the last review %+v", r)
	}

	// A suspected fraud, as a service that looks for it will leave it.
	card := p.verify(t)
	suspect, err := p.db.Verification(ctx, tenant.Everything(), card.ID)
	if err != nil {
		t.Fatal(err)
	}
	suspect.Status = verification.FraudDetected
	if err := p.db.UpdateVerification(ctx, tenant.Everything(), verification.Mark{Status: verification.InQueue, Attempt: 1}, suspect, nil); err != nil {
		t.Fatal(err)
	}
	if got, err = c.DecideFraud(ctx, card.ID.String(), true, "a stamp"); err != nil || got.Status != client.InProgress {
		t.Errorf("continued %+v, %v", got, err)
	}
	suspect.UpdatedAt = got.UpdatedAt
	if err := p.db.UpdateVerification(ctx, tenant.Everything(), verification.Mark{Status: verification.InProgress, Attempt: 1}, suspect, nil); err != nil {
		t.Fatal(err)
	}
	if got, err = c.DecideFraud(ctx, card.ID.String(), false, "cut and pasted"); err != nil || got.Status != client.Failed || got.Error == nil || got.Error.ErrorCode != client.CodeFraudRejected || got.Error.Retryable {
		t.Errorf("rejected %+v, %v", got, err)
	}

	// It runs again, and the first attempt can still be read.
	if _, err := c.RetryVerification(ctx, card.ID.String(), false); err != nil {
		t.Fatal(err)
	}
	attempts, err := c.Attempts(ctx, card.ID.String())
	if err != nil || attempts.Total != 2 {
		t.Fatalf("attempts %+v, %v", attempts, err)
	}
	if a := attempts.Items[0]; a.Attempt != 1 || a.Status != client.Failed || a.Error == nil || a.RetriedBy == nil || *a.RetriedBy != "ani@example.com" || a.RetriedAt == nil || len(a.ExternalJobID.OCRJobID) != 1 {
		t.Errorf("the first attempt %+v", a)
	}
	if a := attempts.Items[1]; a.Attempt != 2 || a.Status != client.InQueue || a.RetriedAt != nil || a.Error != nil || string(a.Output) != "null" {
		t.Errorf("the second attempt %+v", a)
	}
	if attempts, err = c.Attempts(ctx, v.ID); err != nil || attempts.Total != 1 || attempts.Items[0].OutputFileURL == nil || attempts.Items[0].OutputStatus == nil {
		t.Errorf("attempts of a decided one %+v, %v", attempts, err)
	}
}

// A change of nothing changes nothing, who and when neither.
func TestEmptyChanges(t *testing.T) {
	p := newPlatform(t)
	u := p.a.user
	u.Email = "other@example.com"
	p.actAs(u)
	person := []string{"X-API-Key", "", "Authorization", "Bearer person"}
	f := decode[folder](t, p.do("POST", "/folders", `{"name":"F"}`), http.StatusCreated)
	for path, bodies := range map[string][]string{
		"/folders/" + f.ID.String():                      {`{}`},
		"/groups/" + p.a.group.ID.String():               {`{}`},
		"/groups/" + p.a.group.ID.String() + "/settings": {`{}`, `{"review":{}}`},
	} {
		read := func() string {
			if strings.HasSuffix(path, p.a.group.ID.String()) {
				return p.do("GET", "/groups", "", person...).Body.String()
			}
			return p.do("GET", path, "", person...).Body.String()
		}
		before := read()
		for _, body := range bodies {
			if w := p.do("PATCH", path, body, person...); w.Code != http.StatusOK {
				t.Errorf("%s %s: %d %s", path, body, w.Code, w.Body)
			}
			if after := read(); after != before {
				t.Errorf("%s to %s made\n%s of\n%s", body, path, after, before)
			}
		}
	}
}

func TestGroupSettings(t *testing.T) {
	p := newPlatform(t)
	ctx := t.Context()
	group := p.a.group.ID.String()
	owner, member := p.person(t, "owner", tenant.OrganizationOwner, p.a.group), p.person(t, "member", tenant.GroupUser, p.a.group)
	s, err := member.GroupSettings(ctx, group)
	if err != nil || s.Review.APIKey != "NEVER" || s.Review.Dashboard != "ON_INCONCLUSIVE" || s.Review.FourEyes || s.Review.UpdatedAt != nil || s.Review.UpdatedBy != nil {
		t.Errorf("default %+v, %v", s, err)
	}
	always, yes := "ALWAYS", true
	change := client.GroupSettingsChange{Review: &client.ReviewSettingsChange{APIKey: &always}}
	if _, err := member.UpdateGroupSettings(ctx, group, change); !client.IsCode(err, "FORBIDDEN") {
		t.Errorf("a member: %v", err)
	}
	if _, err := p.client(t, client.WithAPIKey(p.a.key)).UpdateGroupSettings(ctx, group, change); !client.IsCode(err, "FORBIDDEN") {
		t.Errorf("an owner's key: %v", err)
	}
	for body, field := range map[string]string{
		`{"review":{"api_key":"SOMETIMES"}}`: "review.api_key", `{"review":{"four_eyes":"yes"}}`: "review.four_eyes", `{"review":{"colour":1}}`: "review.colour", `{"colour":1}`: "colour", `{"review":7}`: "review",
	} {
		e := decode[problem](t, p.do("PATCH", "/groups/"+group+"/settings", body), http.StatusBadRequest)
		if len(e.Errors) != 1 || e.Errors[0].Field != field {
			t.Errorf("%s: %+v", body, e)
		}
	}
	if got, err := owner.UpdateGroupSettings(ctx, group, change); err != nil || got.Review.APIKey != "ALWAYS" || got.Review.Dashboard != "ON_INCONCLUSIVE" || got.Review.UpdatedBy == nil || *got.Review.UpdatedBy != "owner@example.com" {
		t.Errorf("changed %+v, %v", got, err)
	}
	got, err := owner.UpdateGroupSettings(ctx, group, client.GroupSettingsChange{Review: &client.ReviewSettingsChange{FourEyes: &yes}})
	if err != nil || got.Review.APIKey != "ALWAYS" || !got.Review.FourEyes {
		t.Errorf("changed again %+v, %v", got, err)
	}
	if s, err := member.GroupSettings(ctx, group); err != nil || s.Review.APIKey != "ALWAYS" || !s.Review.FourEyes {
		t.Errorf("seen by a member %+v, %v", s, err)
	}
	wantProblem(t, p.asB("GET", "/groups/"+group+"/settings", ""), http.StatusNotFound, fault.CodeNotFound)
}

func TestResults(t *testing.T) {
	p := newPlatform(t)
	ctx := t.Context()
	c := p.client(t, client.WithAPIKey(p.a.key))
	first, second := p.verify(t), p.verify(t) // each in a folder of its own
	if _, err := c.CancelVerification(ctx, first.ID.String()); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		f    client.ResultFilter
		page client.Page
		want []string
		n    int
	}{
		{"all", client.ResultFilter{}, client.Page{}, []string{second.ResultID.String(), first.ResultID.String()}, 2},
		{"a page", client.ResultFilter{}, client.Page{Offset: 1, Size: 1}, []string{first.ResultID.String()}, 2},
		{"of a folder", client.ResultFilter{FolderID: first.FolderID.String()}, client.Page{}, []string{first.ResultID.String()}, 1},
		{"with a status", client.ResultFilter{Status: client.InQueue}, client.Page{}, []string{second.ResultID.String()}, 1},
		{"of a folder with a status", client.ResultFilter{FolderID: first.FolderID.String(), Status: client.InQueue}, client.Page{}, nil, 0},
	} {
		l, err := c.Results(ctx, tt.f, tt.page)
		var got []string
		for _, r := range l.Items {
			got = append(got, r.ID)
		}
		if err != nil || l.Total != tt.n || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v of %d, %v", tt.name, got, l.Total, err)
		}
	}
	if r, err := c.Result(ctx, first.ResultID.String()); err != nil || r.OverallStatus != client.Cancelled {
		t.Errorf("result %+v, %v", r, err)
	}
	wantProblem(t, p.do("GET", "/results?status=DONE", ""), http.StatusBadRequest, fault.CodeInvalidValue, "status")
	wantProblem(t, p.do("GET", "/results?folder_id=7", ""), http.StatusBadRequest, fault.CodeInvalidID, "folder_id")
	wantProblem(t, p.do("GET", "/results?folder_id="+uuid.NewString(), ""), http.StatusNotFound, fault.CodeNotFound)
	wantProblem(t, p.do("GET", "/results?page_size=0", ""), http.StatusBadRequest, fault.CodeInvalidRequest, "page_size")
	if l := decode[list[result]](t, p.asB("GET", "/results", ""), http.StatusOK); l.Total != 0 {
		t.Errorf("another organization sees %+v", l)
	}
	if got := keysOf(t, json.RawMessage(p.do("GET", "/results/"+first.ResultID.String(), "").Body.Bytes())); !slices.Equal(got, []string{"id", "folder_id", "overall_status", "created_at", "erased", "test"}) {
		t.Errorf("fields %q", got)
	}
}
