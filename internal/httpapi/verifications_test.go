package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/client"
	"anycheck/internal/auth"
	"anycheck/internal/fault"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

var newFullKey = auth.NewKey{Name: "full"}

var newReadOnlyKey = auth.NewKey{Name: "reader", Scopes: []tenant.KeyScope{tenant.ReadServices}}

// contractFields are the fields of the Verification object in the order of the
// API contract, then ours.
var contractFields = []string{
	"id", "service", "user_id", "api_key", "folder_id", "result_id", "execution_time", "status",
	"start_date", "end_date", "input_config", "input_file_url", "output", "output_file_url",
	"output_status", "external_job_id", "webhook_url", "webhook_metadata", "export_file_url", "credit_used",
	"total_files", "total_pages", "created_at", "updated_at",
	"error", "checks", "test", "consent",
}

// create posts a verification of a new folder with a's key.
func (p *platform) create(t testing.TB, configuration string) *httptest.ResponseRecorder {
	t.Helper()
	f := decode[folder](t, p.do("POST", "/folders", `{"name":"Onboarding"}`), http.StatusCreated)
	return p.do("POST", "/verifications", fmt.Sprintf(`{"service_id":%q,"folder_id":%q,"configuration":%s,"webhook_url":"https://hooks.example/x","webhook_metadata":{"case":7,"webhook_secret":"hush"},"result_id":null}`,
		verification.Catalogue()[0].ID, f.ID, configuration))
}

// verify uploads a file and creates a verification of it.
func (p *platform) verify(t testing.TB) verificationView {
	t.Helper()
	up := decode[upload](t, p.upload("file_category", "VERIFICATION_INPUT_FILE", "files:ktp.png", "IMG card"), http.StatusCreated)
	w := p.create(t, fmt.Sprintf(`{"verification_type":"KTP","files":{"ktp_file":[%q]},"fraud_detection":false}`, up.Files[0].Path))
	return decode[verificationView](t, w, http.StatusCreated)
}

// The golden answers hold the whole shape: a completed verification of an API
// key and one that just came in.
func TestVerificationGolden(t *testing.T) {
	id := func(n byte) uuid.UUID {
		return uuid.UUID{0x01, 0x93, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, n}
	}
	// Times in another zone must come out in UTC.
	created := time.Date(2026, 11, 7, 12, 31, 56, 0, time.FixedZone("WIB", 7*3600))
	started, ended := created.Add(time.Second), created.Add(3284*time.Millisecond)
	s := newServer(Config{SigningKey: bytes.Repeat([]byte("s"), 32), Now: func() time.Time { return created.Add(time.Minute) }})
	fresh := verification.Verification{
		ID: id(1), Tenancy: verification.Tenancy{OrganizationID: id(2), GroupID: id(3)}, ServiceID: verification.Catalogue()[0].ID, ServiceName: "KTP & PEP",
		UserID: id(4), FolderID: id(5), ResultID: id(6), Status: verification.InQueue, Attempt: 1,
		InputConfig: json.RawMessage(`{"verification_type":"KTP_SELFIE","files":{"ktp_file":["files/o/g/uploads/u_ktp.jpg"],"selfie_file":["files/o/g/uploads/u_selfie.jpg"]},"fraud_detection":true}`),
		Config: verification.Configuration{Type: verification.KTPSelfie, FraudDetection: true,
			Files: map[string][]string{"ktp_file": {"files/o/g/uploads/u_ktp.jpg"}, "selfie_file": {"files/o/g/uploads/u_selfie.jpg"}}},
		OCRJobIDs: []uuid.UUID{id(7)}, FraudJobIDs: []uuid.UUID{id(8)}, TotalFiles: 2, TotalPages: 2, CreatedAt: created, UpdatedAt: created,
	}
	done := fresh
	done.APIKey = &verification.KeyRef{ID: id(9), Name: "backend", Prefix: "ack_live_ABCDEFGH"}
	done.Status, done.StartDate, done.EndDate, done.UpdatedAt = verification.Completed, &started, &ended, ended
	done.Output = json.RawMessage(`{"face_match_confidence_level":"LOW","face_match_confidence_score":2.284846674563825,"is_match_face":false}`)
	done.OutputStatus, done.OutputPath, done.ExportPath = verification.NotVerified, "files/o/g/results/r/v/1/output.json", "files/o/g/results/r/v/1/report.xlsx"
	done.Checks = []verification.Check{{Name: "face_match", Outcome: verification.FailOutcome, Code: "FACES_DIFFER", Message: "The faces differ.", Blocking: true}}
	done.WebhookURL, done.WebhookMetadata, done.WebhookSecret = "https://your-app.example/webhook", json.RawMessage(`{"case":7}`), "hush"
	done.CreditUsed = 10
	done.Consent = &verification.Consent{Text: "I agree.", Version: "2", GivenAt: created.UTC()}
	failed := fresh
	failed.Status, failed.OCRJobIDs, failed.FraudJobIDs = verification.Failed, nil, nil
	failed.Failure = &verification.Failure{ErrorCode: fault.CodeInternal, Message: "Something went wrong on our side.", Retryable: true}

	var views []verificationView
	for _, v := range []verification.Verification{fresh, done, failed} {
		views = append(views, s.viewVerification(links{address: "https://anycheck.example", until: s.Now().Add(linkLife)}, v.InFull()))
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(views); err != nil {
		t.Fatal(err)
	}
	golden(t, "verification.json", b.Bytes())
	if strings.Contains(b.String(), "hush") {
		t.Error("the webhook's secret is given back")
	}
}

func TestViewHasNoLinks(t *testing.T) {
	v := verification.Verification{OutputPath: "files/o.json", ExportPath: "files/o.xlsx", Config: verification.Configuration{Files: map[string][]string{"ktp_file": {"files/k"}}}}
	shown, err := json.Marshal(View(v))
	if err != nil {
		t.Fatal(err)
	}
	if got := keysOf(t, shown); !slices.Equal(got, contractFields) || strings.Contains(string(shown), "files/") {
		t.Errorf("%s", shown)
	}
	if v.Config.Files["ktp_file"] == nil {
		t.Error("the caller's verification was changed")
	}
}

func TestVerificationFields(t *testing.T) {
	p := newPlatform(t)
	v := p.verify(t)
	w := p.do("GET", "/verifications/"+v.ID.String(), "")
	if got := keysOf(t, w.Body.Bytes()); !slices.Equal(got, contractFields) {
		t.Errorf("fields\n%q, want\n%q", got, contractFields)
	}
	for _, want := range []string{`"execution_time":null`, `"start_date":null`, `"end_date":null`, `"output":null`, `"output_status":null`, `"output_file_url":null`,
		`"export_file_url":null`, `"fraud_job_id":[]`, `"webhook_metadata":{"case":7}`, `"error":null`, `"checks":[]`, `"status":"IN_QUEUE"`, `"total_files":1`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s is missing in %s", want, w.Body)
		}
	}
	l := p.do("GET", "/verifications?result_id="+v.ResultID.String(), "")
	if got := keysOf(t, l.Body.Bytes()); !slices.Equal(got, []string{"total", "overall_status", "items"}) {
		t.Errorf("list fields %q", got)
	}
	if got := keysOf(t, p.do("GET", "/folders/"+v.FolderID.String(), "").Body.Bytes()); !slices.Equal(got, []string{"id", "group", "name", "is_starred",
		"total_service", "total_result", "created_at", "created_by", "updated_at", "updated_by"}) {
		t.Errorf("folder fields %q", got)
	}
}

func TestInsufficientBalance(t *testing.T) {
	p := newPlatform(t)
	for range 10 { // 100 credits, 10 each
		p.verify(t)
	}
	up := decode[upload](t, p.upload("file_category", "VERIFICATION_INPUT_FILE", "files:ktp.png", "IMG"), http.StatusCreated)
	w := p.create(t, fmt.Sprintf(`{"verification_type":"KTP","files":{"ktp_file":[%q]}}`, up.Files[0].Path))
	wantProblem(t, w, http.StatusForbidden, fault.CodeInsufficientBalance)
}

// The public client speaks every route.
func TestClient(t *testing.T) {
	p := newPlatform(t)
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	// A person signs in; the session is renewed and ended.
	_, err := p.auth.CreateUser(ctx, auth.NewUser{Email: "ani@example.com", Name: "Ani", Password: testPassword, Role: tenant.GroupUser, Group: p.a.group})
	must(err)
	c := p.client(t)
	if m, err := c.AuthMethods(ctx); err != nil || !m.Password.Enabled || m.LDAP.Enabled || m.Entra.Enabled {
		t.Errorf("methods %+v, %v", m, err)
	}
	if _, err := c.Login(ctx, "ani@example.com", "wrong"); !client.IsCode(err, "INVALID_CREDENTIALS") {
		t.Errorf("login with a wrong password: %v", err)
	}
	first, err := c.Login(ctx, "ani@example.com", testPassword)
	must(err)
	second, err := c.Refresh(ctx)
	must(err)
	if second.RefreshToken == first.RefreshToken || second.ExpiresIn != 3600 {
		t.Errorf("refreshed %+v", second)
	}
	me, err := c.Profile(ctx)
	must(err)
	if me.User.Email != "ani@example.com" || me.Role != "GROUP_USER" || me.Organization.Name != "Alpha" || me.Group.ID != p.a.group.ID.String() || me.Group.CreditBalance != 100 || me.APIKey != nil {
		t.Errorf("profile %+v", me)
	}

	// The whole path of a verification.
	must(c.Live(ctx))
	must(c.Ready(ctx))
	services, err := c.Services(ctx)
	must(err)
	service, err := c.Service(ctx, services.Items[0].ID)
	must(err)
	fields, err := c.FormFields(ctx, service.ID)
	must(err)
	if fields.Total != 4 || fields.Items[2].RequiredWhen == nil || fields.Items[2].RequiredWhen.Field != "verification_type" {
		t.Errorf("form fields %+v", fields)
	}
	folder, err := c.CreateFolder(ctx, "Onboarding")
	must(err)
	starred := true
	folder, err = c.UpdateFolder(ctx, folder.ID, client.FolderChange{IsStarred: &starred})
	must(err)
	if !folder.IsStarred || folder.Name != "Onboarding" || folder.CreatedBy != "ani@example.com" {
		t.Errorf("folder %+v", folder)
	}
	up, err := c.Upload(ctx, client.InputFile, client.File{Name: "ktp.png", Content: strings.NewReader("IMG card")},
		client.File{Name: "me.pdf", Content: strings.NewReader("LOCKed"), Password: "open"})
	must(err)
	if len(up.Files) != 2 || up.Files[1].PageCount != 2 || !strings.HasSuffix(up.Files[0].Path, "_ktp.png") {
		t.Fatalf("upload %+v", up)
	}
	n := client.NewVerification{ServiceID: service.ID, FolderID: folder.ID, WebhookMetadata: map[string]any{"case": "7"},
		Configuration: client.KTPConfiguration{VerificationType: "KTP_SELFIE", Files: client.KTPFiles{KTPFile: []string{up.Files[0].Path}, SelfieFile: []string{up.Files[1].Path}}}}
	v, err := c.CreateVerification(ctx, n)
	must(err)
	if v.Status != client.InQueue || v.TotalFiles != 2 || v.TotalPages != 3 || v.WebhookMetadata["case"] != "7" || v.WebhookURL != nil {
		t.Errorf("created %+v", v)
	}
	n.ResultID = v.ResultID
	joined, err := c.CreateVerification(ctx, n)
	must(err)
	var file bytes.Buffer
	must(c.Download(ctx, v.InputFileURL["ktp_file"][0], &file))
	if file.String() != "IMG card" {
		t.Errorf("downloaded %q", &file)
	}
	job, err := c.Job(ctx, v.ExternalJobID.OCRJobID[0])
	must(err)
	if job.VerificationID != v.ID || job.Kind != "OCR" || job.Status != client.InQueue || job.Attempt != 1 {
		t.Errorf("job %+v", job)
	}
	if _, err := c.RetryVerification(ctx, v.ID, false); !client.IsCode(err, "INVALID_STATE") {
		t.Errorf("retry of a queued verification: %v", err)
	}
	if _, err := c.CancelVerification(ctx, v.ID); err != nil {
		t.Error(err)
	}
	v, err = c.Wait(ctx, v.ID, nil)
	must(err)
	if v.Status != client.Cancelled || v.CreditUsed != 0 {
		t.Errorf("cancelled %+v", v)
	}
	events, err := c.Events(ctx, v.ID)
	must(err)
	if events.Total != 2 || events.Items[1].Status != client.Cancelled || events.Items[1].PreviousStatus != client.InQueue || events.Items[1].Actor != "ani@example.com" {
		t.Errorf("events %+v", events)
	}
	v, err = c.RetryVerification(ctx, v.ID, true)
	must(err)
	if v.Status != client.InQueue {
		t.Errorf("forced retry: %s", v.Status)
	}
	l, err := c.Verifications(ctx, v.ResultID, client.Page{Offset: 1, Size: 1})
	must(err)
	if l.Total != 2 || len(l.Items) != 1 || l.Items[0].ID != joined.ID || l.OverallStatus != client.InQueue {
		t.Errorf("list %+v", l)
	}
	results, err := c.FolderResults(ctx, folder.ID, client.Page{})
	must(err)
	result, err := c.Result(ctx, v.ResultID)
	must(err)
	if results.Total != 1 || results.Items[0] != result || result.FolderID != folder.ID {
		t.Errorf("results %+v, result %+v", results, result)
	}
	folders, err := c.Folders(ctx, p.a.group.ID.String(), "BOARD", client.Page{})
	must(err)
	if folders.Total != 1 || folders.Items[0].TotalResult != 1 || folders.Items[0].TotalService != 1 {
		t.Errorf("folders %+v", folders)
	}
	if err := c.DeleteFolder(ctx, folder.ID); !client.IsCode(err, "INVALID_STATE") {
		t.Errorf("removing a folder in use: %v", err)
	}
	empty, err := c.CreateFolder(ctx, "Empty")
	must(err)
	must(c.DeleteFolder(ctx, empty.ID))
	if _, err := c.Folder(ctx, empty.ID); !client.IsCode(err, "NOT_FOUND") {
		t.Errorf("a removed folder: %v", err)
	}

	must(c.Logout(ctx))
	if _, err := c.Profile(ctx); !client.IsCode(err, "UNAUTHORIZED") {
		t.Errorf("after logout: %v", err)
	}
	old := p.client(t, client.WithToken(second.AccessToken))
	if _, err := old.Profile(ctx); !client.IsCode(err, "INVALID_TOKEN") {
		t.Errorf("the session's access token after logout: %v", err)
	}

	withKey := p.client(t, client.WithAPIKey(p.a.key))
	me, err = withKey.Profile(ctx)
	must(err)
	if me.APIKey == nil || me.APIKey.Name != "test" || me.User.Email != "alpha@example.com" {
		t.Errorf("profile of a key %+v", me)
	}
}

func TestFileLinks(t *testing.T) {
	p := newPlatform(t)
	now := time.Now()
	p.server.Now = func() time.Time { return now }
	p.server.signer.now = p.server.Now
	v := p.verify(t)
	link := v.InputFileURL["ktp_file"][0]
	target, ok := strings.CutPrefix(link, "http://example.com") // httptest's host
	if !ok || !strings.HasPrefix(target, "/files/"+p.a.group.OrganizationID.String()+"/") {
		t.Fatalf("link %q", link)
	}
	get := func(method, target string) *httptest.ResponseRecorder {
		return p.do(method, target, "", "X-API-Key", "")
	}
	w := get("GET", target)
	if body, _ := io.ReadAll(w.Body); w.Code != http.StatusOK || string(body) != "IMG card" {
		t.Fatalf("%d %q", w.Code, body)
	}
	for header, want := range map[string]string{"Content-Type": "image/png", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
		"Content-Security-Policy": "sandbox; default-src 'none'"} {
		if got := w.Header().Get(header); got != want {
			t.Errorf("%s %q, want %q", header, got, want)
		}
	}
	if got := w.Header().Get("Content-Disposition"); !strings.HasPrefix(got, "attachment; filename=") || !strings.HasSuffix(got, "_ktp.png") {
		t.Errorf("Content-Disposition %q", got)
	}
	if w := get("HEAD", target); w.Code != http.StatusOK || w.Body.Len() != 0 {
		t.Errorf("HEAD: %d with %d bytes", w.Code, w.Body.Len())
	}

	path, query, _ := strings.Cut(target, "?")
	forged := map[string]string{
		"no signature":       path,
		"another expiry":     path + "?" + strings.Replace(query, "expires=", "expires=9", 1),
		"another path":       strings.Replace(path, "_ktp", "_ktq", 1) + "?" + query,
		"a cut signature":    target[:len(target)-1],
		"an empty signature": path + "?expires=99999999999&signature=",
		"no number":          path + "?expires=x&signature=" + p.server.signer.sign(path, "x", ""),
	}
	for name, target := range forged {
		t.Run(name, func(t *testing.T) { wantProblem(t, get("GET", target), http.StatusForbidden, fault.CodeForbidden) })
	}
	absent := p.server.signer.url(links{until: now.Add(linkLife)}, "files/none.json")
	wantProblem(t, get("GET", absent), http.StatusNotFound, fault.CodeNotFound)

	now = now.Add(linkLife - time.Second)
	if w := get("GET", target); w.Code != http.StatusOK {
		t.Errorf("just before it expires: %d", w.Code)
	}
	now = now.Add(2 * time.Second)
	wantProblem(t, get("GET", target), http.StatusForbidden, fault.CodeForbidden)
	// What exists must not show: an expired link says the same for what does not.
	if a, b := get("GET", target).Body.String(), get("GET", absent); b.Code != http.StatusForbidden || len(a) != b.Body.Len() {
		t.Errorf("existence shows: %s / %s", a, b.Body)
	}
}

func TestPublicURL(t *testing.T) {
	s := &server{Config: Config{PublicURL: "https://api.example/anycheck/"}}
	r := httptest.NewRequest("GET", "http://10.0.0.1/", nil)
	if got := s.base(r); got != "https://api.example/anycheck" {
		t.Errorf("base %q", got)
	}
	s.PublicURL = ""
	if got := s.base(r); got != "http://10.0.0.1" {
		t.Errorf("base %q", got)
	}
	if got := s.base(httptest.NewRequest("GET", "https://10.0.0.1/", nil)); got != "https://10.0.0.1" {
		t.Errorf("base %q", got)
	}
}

func BenchmarkGetVerification(b *testing.B) {
	p := newPlatform(b)
	v := p.verify(b)
	for b.Loop() {
		if w := p.do("GET", "/verifications/"+v.ID.String(), ""); w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}
