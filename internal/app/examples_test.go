package app_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/client"
	"anycheck/internal/config"
	"anycheck/internal/imaging"
	"anycheck/internal/oidc/oidctest"
	"anycheck/internal/verification"
)

var update = flag.Bool("update", false, "write the recorded examples of the API's document anew")

// examplesFile is what package httpapi puts into the document.
var examplesFile = filepath.Join("..", "httpapi", "examples", "operations.json")

// publicURL is the server's address in the examples.
const publicURL = "https://anycheck.example"

// TestExamples drives every operation of the document with the public client
// and compares what was sent and answered with the recorded examples: the same
// operations, keys and types. With -update it records them anew.
func TestExamples(t *testing.T) {
	needsFaceModels(t)
	began := time.Now()
	w := newWalk(t)
	w.accounts()
	w.verifications()
	w.held()
	w.webhooks()
	w.ends()
	got := normalized(t, w.calls, began, w.hooks.url, w.gone.URL)
	if *update {
		if err := os.WriteFile(examplesFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(examplesFile)
	if err != nil {
		t.Fatal(err)
	}
	want, have := shapes(t, kept), shapes(t, got)
	for _, id := range slices.Sorted(maps.Keys(w.operations)) {
		if have[id] == "" {
			t.Errorf("%s was not called: add it to this test", id)
		} else if have[id] != want[id] {
			t.Errorf("%s differs from its example; if that is meant, run make generate.\ngot  %s\nwant %s", id, have[id], want[id])
		}
		delete(want, id)
	}
	for id := range want {
		t.Errorf("there is an example for %s, which is no operation", id)
	}
	for _, secret := range []string{adminPassword, w.person.AccessToken, w.person.RefreshToken, w.key} {
		if bytes.Contains(got, []byte(secret)) {
			t.Errorf("the examples have a secret in them: %s", secret)
		}
	}
}

// call is one recorded call, as package httpapi reads it.
type call struct {
	id string    // of the operation
	at time.Time // when it was sent

	Request  json.RawMessage `json:"request,omitempty"`
	Status   int             `json:"status"`
	Response json.RawMessage `json:"response,omitempty"`
}

// walk is a way through all operations, on one server.
type walk struct {
	*server
	t   *testing.T
	idp *oidctest.Provider
	// hooks takes webhooks; gone answers 410.
	hooks *receiver
	gone  *httptest.Server
	// suspects tells which verifications are found to be a fraud.
	suspects sync.Map

	mux        *http.ServeMux
	operations map[string]bool
	mu         sync.Mutex
	calls      []call // of each operation the first that succeeded

	admin, owner, reviewer, backend *client.Client
	org, group                      string
	person                          client.Tokens
	key                             string
	service, folder                 string
	pictures                        pictures
	verified                        client.Verification
}

const (
	ownerEmail, ownerPassword = "rina@bank.example", "a long password of hers"
	reviewerEmail             = "budi@bank.example"
	webhookSecret             = "the caller's secret"
)

func newWalk(t *testing.T) *walk {
	w := &walk{t: t, idp: oidctest.New(t, publicURL+"/auth/oidc/callback"), hooks: newReceiver(t, webhookSecret), pictures: draw(t), mux: http.NewServeMux(), operations: map[string]bool{}}
	w.gone = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }))
	t.Cleanup(w.gone.Close)
	w.server = start(t, func(c *config.Config) {
		c.PublicURL, c.OIDCIssuer, c.OIDCClientID, c.OIDCClientSecret = publicURL, w.idp.URL, oidctest.ClientID, oidctest.ClientSecret
		c.OIDCScopes, c.OIDCEmailDomains = []string{"openid", "email"}, []string{"bank.example"}
	}, func(ctx context.Context, id uuid.UUID, step verification.StepName, moment verification.Moment) {
		if _, suspect := w.suspects.LoadAndDelete(id.String()); suspect {
			if err := w.Suspect(ctx, id); err != nil {
				t.Error(err)
			}
		}
	})
	importList(t, w.server, "id,name,aliases,birth_date,gender,country,positions,source\n"+
		"ID-0042,"+w.pictures.person.Name+",,"+w.pictures.person.Output()["birth_date"]+",,id,Regent of an invented regency,test\n")

	c, err := client.New(w.URL())
	w.must(err)
	var b bytes.Buffer
	w.must(c.OpenAPI(t.Context(), &b))
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
		} `json:"paths"`
	}
	w.must(json.Unmarshal(b.Bytes(), &doc))
	for path, item := range doc.Paths {
		for method, op := range item {
			w.operations[op.OperationID] = true
			pattern := strings.ToUpper(method) + " " + strings.Replace(path, "{path}", "{path...}", 1)
			w.mux.Handle(pattern, operation(op.OperationID))
		}
	}
	return w
}

// operation is a handler that only names an operation.
type operation string

func (operation) ServeHTTP(http.ResponseWriter, *http.Request) {}

func (w *walk) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// RoundTrip sends a request and records it.
func (w *walk) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent []byte
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", "Mozilla/5.0 (an example)")
	if r.Body != nil && r.Header.Get("Content-Type") == "application/json" {
		var err error
		if sent, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	at := time.Now()
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	h, _ := w.mux.Handler(r)
	id, known := h.(operation)
	if !known {
		return nil, fmt.Errorf("%s %s is not in the document", r.Method, r.URL.Path)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if resp.StatusCode >= 400 || slices.ContainsFunc(w.calls, func(c call) bool { return c.id == string(id) }) {
		return resp, nil
	}
	c := call{id: string(id), at: at, Request: sent, Status: resp.StatusCode}
	// The document is no example of itself.
	if resp.Header.Get("Content-Type") == "application/json" && id != "getOpenAPI" && id != "getPostmanCollection" && id != "downloadFile" {
		c.Response = body
	}
	w.calls = append(w.calls, c)
	return resp, nil
}

// recording makes a client whose calls are recorded.
func (w *walk) recording(options ...client.Option) *client.Client {
	w.t.Helper()
	c, err := client.New(w.URL(), append(options, client.WithTransport(w))...)
	w.must(err)
	return c
}

func (w *walk) signIn(email, password string) *client.Client {
	w.t.Helper()
	c := w.recording()
	tokens, err := c.Login(w.t.Context(), email, password)
	w.must(err)
	w.person = tokens
	return c
}

// did fails the test when a call has failed.
func did[T any](w *walk) func(T, error) T {
	return func(v T, err error) T {
		w.t.Helper()
		w.must(err)
		return v
	}
}

func pointer[T any](v T) *T { return &v }

// accounts makes the people, groups, keys and limits.
func (w *walk) accounts() {
	ctx := w.t.Context()
	w.admin = w.signIn(adminEmail, adminPassword)
	did[client.AuthMethods](w)(w.admin.AuthMethods(ctx))
	w.must(w.admin.Live(ctx))
	w.must(w.admin.Ready(ctx))
	w.org = did[client.Organization](w)(w.admin.CreateOrganization(ctx, "Bank Contoh")).ID
	did[client.List[client.Organization]](w)(w.admin.Organizations(ctx, client.Page{Size: 1}))
	w.group = did[client.Group](w)(w.admin.CreateGroup(ctx, "Onboarding", w.org)).ID
	branch := did[client.Group](w)(w.admin.CreateGroup(ctx, "Surabaya branch", w.org)).ID
	did[client.LedgerEntry](w)(w.admin.TopUp(ctx, w.group, 1000, "Invoice 2026-117"))
	did[client.User](w)(w.admin.CreateUser(ctx, client.NewUser{Email: ownerEmail, Name: "Rina", Role: client.OrganizationOwner, Password: ownerPassword, GroupID: w.group}))
	w.must(w.admin.SetGroupRateLimit(ctx, w.group, pointer[int64](6000)))
	did[*int64](w)(w.admin.GroupRateLimit(ctx, w.group))

	w.owner = w.signIn(ownerEmail, ownerPassword)
	did[client.Tokens](w)(w.owner.Refresh(ctx))
	did[client.Profile](w)(w.owner.Profile(ctx))
	u := did[client.User](w)(w.owner.CreateUser(ctx, client.NewUser{Email: reviewerEmail, Name: "Budi", Role: client.GroupUser, Password: ownerPassword}))
	did[client.User](w)(w.owner.UpdateUser(ctx, u.ID, client.UserChange{Role: pointer(client.Reviewer)}))
	did[client.User](w)(w.owner.User(ctx, u.ID))
	did[client.List[client.User]](w)(w.owner.Users(ctx, client.Page{Size: 2}))
	did[client.Quota](w)(w.owner.SetQuota(ctx, u.ID, pointer[int64](500)))
	did[client.Quota](w)(w.owner.Quota(ctx, u.ID))
	w.reviewer = w.signIn(reviewerEmail, ownerPassword)

	k := did[client.APIKey](w)(w.owner.CreateAPIKey(ctx, client.NewAPIKey{Name: "backend"}))
	w.key = k.Key
	w.backend = w.recording(client.WithAPIKey(k.Key))
	did[client.Profile](w)(w.backend.Profile(ctx)) // uses the key, so that the list shows when
	did[client.List[client.APIKey]](w)(w.owner.APIKeys(ctx, client.Page{Size: 1}))
	w.must(w.owner.SetKeyRateLimit(ctx, k.ID, pointer[int64](3000)))
	did[*int64](w)(w.owner.KeyRateLimit(ctx, k.ID))

	did[client.Group](w)(w.owner.UpdateGroup(ctx, branch, client.GroupChange{MaskPersonalData: pointer(true)}))
	did[client.List[client.Group]](w)(w.owner.Groups(ctx, client.Page{Size: 2}))
	did[client.GroupSettings](w)(w.owner.UpdateGroupSettings(ctx, w.group, client.GroupSettingsChange{Review: &client.ReviewSettingsChange{FourEyes: pointer(false)}}))
	did[client.GroupSettings](w)(w.owner.GroupSettings(ctx, w.group))
	did[client.Retention](w)(w.owner.SetRetention(ctx, w.group, client.Retention{Result: pointer(1825), Files: pointer(90)}))
	did[client.Retention](w)(w.owner.Retention(ctx, w.group))
	did[client.LedgerEntry](w)(w.owner.TransferCredits(ctx, w.group, branch, 100, "For the branch"))

	// The browser's part of single sign-on.
	w.idp.SignIn(map[string]any{"sub": "budi", "email": reviewerEmail, "email_verified": true})
	browser := &http.Client{Transport: w, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := browser.Get(w.admin.SignInURL())
	w.must(err)
	if len(resp.Cookies()) != 1 {
		w.t.Fatalf("single sign-on begins with %s", resp.Status)
	}
	back, err := http.NewRequestWithContext(ctx, http.MethodGet, w.URL()+"/auth/oidc/callback?"+w.idp.Visit(w.t, resp.Header.Get("Location")).Encode(), nil)
	w.must(err)
	back.AddCookie(resp.Cookies()[0])
	if resp, err = browser.Do(back); err != nil || resp.StatusCode != http.StatusOK {
		w.t.Fatalf("single sign-on: %v, %v", resp, err)
	}
}

// verifications verifies a card and a selfie, and looks at all there is.
func (w *walk) verifications() {
	ctx := w.t.Context()
	w.service = did[client.List[client.Service]](w)(w.backend.Services(ctx)).Items[0].ID
	did[client.Service](w)(w.backend.Service(ctx, w.service))
	did[client.List[client.FormField]](w)(w.backend.FormFields(ctx, w.service))
	did[client.List[client.WatchList]](w)(w.backend.WatchLists(ctx))
	w.folder = did[client.Folder](w)(w.backend.CreateFolder(ctx, "Onboarding")).ID
	did[client.Folder](w)(w.backend.UpdateFolder(ctx, w.folder, client.FolderChange{IsStarred: pointer(true)}))
	other := did[client.Folder](w)(w.backend.CreateFolder(ctx, "Empty")).ID
	w.must(w.backend.DeleteFolder(ctx, other))

	up := did[client.Upload](w)(w.backend.Upload(ctx, client.InputFile, client.File{Name: "ktp.jpg", Content: bytes.NewReader(w.pictures.card)}, client.File{Name: "selfie.jpg", Content: bytes.NewReader(w.pictures.selfie)}))
	n := client.NewVerification{ServiceID: w.service, FolderID: w.folder, WebhookURL: w.hooks.url, WebhookMetadata: map[string]any{"customer": "17", "webhook_secret": webhookSecret},
		Configuration: client.KTPConfiguration{VerificationType: "KTP_SELFIE_PEP", Files: client.KTPFiles{KTPFile: []string{up.Files[0].Path}, SelfieFile: []string{up.Files[1].Path}}}}
	v := w.wait(did[client.Verification](w)(w.backend.CreateVerification(ctx, n)).ID)
	w.verified = v
	if v.Status != client.Completed {
		w.t.Fatalf("the verification is %s: %+v", v.Status, v.Checks)
	}
	did[client.Verification](w)(w.backend.Verification(ctx, v.ID))
	did[client.VerificationList](w)(w.backend.Verifications(ctx, v.ResultID, client.Page{}))
	did[client.List[client.Event]](w)(w.backend.Events(ctx, v.ID))
	did[client.Job](w)(w.backend.Job(ctx, v.ExternalJobID.OCRJobID[0]))
	did[client.Screening](w)(w.backend.Screening(ctx, v.ID))
	did[client.List[client.Result]](w)(w.backend.Results(ctx, client.ResultFilter{FolderID: w.folder}, client.Page{}))
	did[client.Result](w)(w.backend.Result(ctx, v.ResultID))
	did[client.List[client.Result]](w)(w.backend.FolderResults(ctx, w.folder, client.Page{}))
	did[client.Folder](w)(w.backend.Folder(ctx, w.folder))
	did[client.List[client.Folder]](w)(w.backend.Folders(ctx, w.group, "onboard", client.Page{}))
	w.must(w.backend.Download(ctx, strings.Replace(*v.OutputFileURL, publicURL, w.URL(), 1), io.Discard))
	did[*string](w)(w.reviewer.Reveal(ctx, v.ID, "name", "the customer called about a misprint"))
}

// wait waits for the end of a verification without recording.
func (w *walk) wait(id string) client.Verification {
	w.t.Helper()
	c, err := client.New(w.URL(), client.WithAPIKey(w.key))
	w.must(err)
	ctx, cancel := context.WithTimeout(w.t.Context(), 5*time.Minute)
	defer cancel()
	return did[client.Verification](w)(c.Wait(ctx, id, nil))
}

// held takes verifications through drafts, reviews and everything else that a
// person does.
func (w *walk) held() {
	ctx := w.t.Context()
	// Small and blank: quick to look at.
	blank, err := imaging.New(320, 240).EncodeJPEG(90)
	w.must(err)
	path := did[client.Upload](w)(w.backend.Upload(ctx, client.InputFile, client.File{Name: "blank.jpg", Content: bytes.NewReader(blank)})).Files[0].Path
	n := client.NewVerification{ServiceID: w.service, FolderID: w.folder, Configuration: map[string]string{"verification_type": "KTP"}}
	whole := n
	whole.Configuration = client.KTPConfiguration{VerificationType: "KTP", Files: client.KTPFiles{KTPFile: []string{path}}}
	draft := func() string { return did[client.Verification](w)(w.backend.CreateDraft(ctx, n)).ID }
	first, second, third := draft(), draft(), draft()
	for _, id := range []string{first, second, third} {
		did[client.Verification](w)(w.backend.UpdateDraft(ctx, id, whole))
	}
	w.suspects.Store(first, true)
	did[client.Verification](w)(w.backend.SubmitDraft(ctx, first))
	if v := w.wait(first); v.Status != client.FraudDetected {
		w.t.Fatalf("the suspect is %s", v.Status)
	}
	did[client.Verification](w)(w.reviewer.DecideFraud(ctx, first, false, "the card was cut out of a magazine"))
	did[client.List[client.Submitted]](w)(w.backend.SubmitDrafts(ctx, []string{second}))
	w.wait(second)
	did[client.Verification](w)(w.backend.CancelVerification(ctx, third))

	person := w.pictures.person
	v := did[client.Verification](w)(w.owner.Screen(ctx, client.NewScreening{Name: person.Name, BirthDate: person.Output()["birth_date"], FolderID: w.folder}))
	if v.Status != client.NeedReview {
		w.t.Fatalf("the screening is %s: %s", v.Status, v.Output)
	}
	did[client.Verification](w)(w.reviewer.DismissHit(ctx, v.ID, client.NewDismissal{EntityID: "ID-0042", Reason: "another person: the photo differs"}))
	did[client.Verification](w)(w.reviewer.TakeBackDismissal(ctx, v.ID, "ID-0042"))
	v = did[client.Verification](w)(w.owner.Screen(ctx, client.NewScreening{Name: person.Name, BirthDate: person.Output()["birth_date"], FolderID: w.folder}))
	did[client.Verification](w)(w.reviewer.Review(ctx, v.ID, client.NewReview{Decision: client.Approve, Reason: "known customer, spoken to"}))
	did[client.List[client.Review]](w)(w.reviewer.Reviews(ctx, v.ID))
	did[client.Verification](w)(w.backend.RetryVerification(ctx, v.ID, true))
	w.wait(v.ID)
	did[client.List[client.Attempt]](w)(w.backend.Attempts(ctx, v.ID))
}

// webhooks looks at what was sent and has it sent again.
func (w *walk) webhooks() {
	ctx := w.t.Context()
	f := client.DeliveryFilter{VerificationID: w.verified.ID, State: client.DeliveryDelivered}
	quiet, err := client.New(w.URL(), client.WithAPIKey(w.key))
	w.must(err)
	until := func(what string, done func() bool) {
		w.t.Helper()
		again := time.NewTicker(50 * time.Millisecond)
		defer again.Stop()
		for end := time.After(time.Minute); !done(); {
			select {
			case <-again.C:
			case <-end:
				w.t.Fatal("after a minute there is no " + what)
			}
		}
	}
	delivered := func(attempts int) {
		until("delivery", func() bool {
			l := did[client.List[client.Delivery]](w)(quiet.Deliveries(ctx, f, client.Page{}))
			return l.Total == 2 && l.Items[0].AttemptCount == attempts && l.Items[1].AttemptCount == attempts
		})
	}
	delivered(1)
	l := did[client.List[client.Delivery]](w)(w.backend.Deliveries(ctx, f, client.Page{}))
	did[client.Delivery](w)(w.backend.Delivery(ctx, l.Items[0].ID))
	did[client.EventPage](w)(w.backend.Feed(ctx, "", 3))
	did[client.Replayed](w)(w.backend.ReplayDeliveries(ctx, w.verified.CreatedAt, time.Now().Add(time.Minute), client.DeliveryDelivered))
	delivered(2)
	did[client.Delivery](w)(w.backend.ReplayDelivery(ctx, l.Items[0].ID))
	did[client.TestedWebhook](w)(w.backend.TestWebhook(ctx, client.WebhookTest{URL: w.hooks.url, Status: client.Completed, Secret: webhookSecret}))

	did[client.Verification](w)(quiet.Screen(ctx, client.NewScreening{Name: "Nobody At All", WebhookURL: w.gone.URL}))
	var disabled client.List[client.DisabledWebhook]
	until("disabled address", func() bool {
		disabled = did[client.List[client.DisabledWebhook]](w)(quiet.DisabledWebhooks(ctx, client.Page{}))
		return disabled.Total == 1
	})
	did[client.List[client.DisabledWebhook]](w)(w.backend.DisabledWebhooks(ctx, client.Page{}))
	w.must(w.backend.EnableWebhook(ctx, disabled.Items[0].ID))
	did[client.RotatedSecret](w)(w.owner.RotateWebhookSecret(ctx, w.group, 24*time.Hour))
}

// ends adds everything up, then takes it away.
func (w *walk) ends() {
	ctx := w.t.Context()
	did[client.GroupCredits](w)(w.owner.GroupCredits(ctx, w.group))
	did[client.OrganizationCredits](w)(w.owner.OrganizationCredits(ctx, w.org))
	did[client.List[client.LedgerEntry]](w)(w.owner.LedgerEntries(ctx, w.group, client.EntryQuery{}, client.Page{Size: 3}))
	did[client.List[client.UsageRow]](w)(w.owner.Usage(ctx, client.UsageQuery{By: []string{"service", "group"}}, client.Page{Size: 2}))
	did[client.List[client.AuditRecord]](w)(w.owner.AuditRecords(ctx, client.AuditFilter{Action: "personal_data.revealed"}, client.Page{Size: 2}))
	w.must(w.owner.Evidence(ctx, w.verified.ResultID, io.Discard))
	did[client.List[client.Revealed]](w)(w.owner.Reveals(ctx, w.verified.ID))
	did[[]string](w)(w.owner.ResultsOf(ctx, w.pictures.person.NIK))
	w.must(w.owner.ExportSubject(ctx, w.pictures.person.NIK, io.Discard))
	did[client.Receipt](w)(w.owner.EraseResult(ctx, w.verified.ResultID, "SUBJECT_REQUEST"))
	w.must(w.owner.OpenAPI(ctx, io.Discard))
	w.must(w.owner.PostmanCollection(ctx, io.Discard))
	w.must(w.owner.Reference(ctx, io.Discard))
	w.must(w.owner.Metrics(ctx, io.Discard))

	k := did[client.APIKey](w)(w.owner.CreateAPIKey(ctx, client.NewAPIKey{Name: "left over", Scopes: []string{"folders:read"}}))
	w.must(w.owner.DeleteAPIKey(ctx, k.ID))
	w.must(w.reviewer.ChangePassword(ctx, ownerPassword, "another long password"))
	sessions := did[client.List[client.Session]](w)(w.reviewer.Sessions(ctx, "", client.Page{}))
	w.signIn(reviewerEmail, "another long password")
	for _, s := range sessions.Items {
		w.must(w.reviewer.EndSession(ctx, s.ID))
	}
	w.must(w.owner.Logout(ctx))
	w.owner = w.signIn(ownerEmail, ownerPassword)
	w.must(w.owner.EndSessions(ctx, ""))
}

// What the examples must not have of a run: it would change with each, or
// belongs to nobody else.
var (
	idsOfRun     = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	timesOfRun   = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)
	hashesOfRun  = regexp.MustCompile(`\b[0-9a-f]{64}\b`)
	longFraction = regexp.MustCompile(`([:\[,]-?\d+\.\d{3})\d+`)
	ofRun        = []struct {
		is *regexp.Regexp
		to string
	}{
		{regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`), "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.example.example"},
		{regexp.MustCompile(`ack_([a-z]+)_[A-Z2-7]{8}_[\w-]+`), "ack_${1}_EXAMPLE2_not-a-key"},
		{regexp.MustCompile(`ack_([a-z]+)_[A-Z2-7]{8}`), "ack_${1}_EXAMPLE2"},
		{regexp.MustCompile(`("refresh_token"):"[^"]*"`), `$1:"example-refresh-token"`},
		{regexp.MustCompile(`("(?:current_)?password"):"[^"]*"`), `$1:"correct horse battery"`},
		{regexp.MustCompile(`("new_password"):"[^"]*"`), `$1:"staple correct horse"`},
		{regexp.MustCompile(`("webhook_secret"):"[^"]*"`), `$1:"whsec_ZXhhbXBsZSBvZiBhIHNlY3JldA=="`},
		{regexp.MustCompile(`("salt"):"[^"]*"`), `$1:"ZXhhbXBsZSBvZiBhIHNhbHQ="`},
		{regexp.MustCompile(`("next"):"[^"]*"`), `$1:"ZXhhbXBsZSBvZiBhIGN1cnNvcg"`},
		{regexp.MustCompile(`expires=\d+`), "expires=1796094000"},
		{regexp.MustCompile(`/(output|report)-\d+`), "/$1-1796090400000000"},
		{regexp.MustCompile(`signature=[\w-]+`), "signature=ZXhhbXBsZS1vZi1hLXNpZ25hdHVyZQ"},
		{regexp.MustCompile(`("execution_time"):[\d.]+`), "$1:2.284"},
		{regexp.MustCompile(`("duration_ms"):[\d.]+`), "$1:41.2"},
		{regexp.MustCompile(`127\.0\.0\.1:\d+`), "login.example.com"},
		{regexp.MustCompile(`127\.0\.0\.1`), "203.0.113.7"},
		{regexp.MustCompile(`127\.0\.0\.0`), "203.0.113.0"},
	}
)

// normalized writes the calls with stable values, so that another run writes
// nearly the same: ids are numbered in the order of the calls; times become a
// minute for each call, with whatever happens before the next.
func normalized(t *testing.T, calls []call, began time.Time, hooks, gone string) []byte {
	t.Helper()
	ids, hashes := map[string]string{}, map[string]string{}
	for _, s := range verification.Catalogue() { // the same everywhere
		ids[s.ID.String()], ids[s.Category.ID.String()] = s.ID.String(), s.Category.ID.String()
	}
	texts := make([]string, len(calls))
	var at []time.Time // of the run
	for i, c := range calls {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(c); err != nil {
			t.Fatal(err)
		}
		text := strings.NewReplacer(`\u0026`, "&", `\u003c`, "<", `\u003e`, ">", hooks, "https://app.example/webhooks", gone, "https://old.example/webhooks").Replace(b.String())
		for _, r := range ofRun {
			text = r.is.ReplaceAllString(text, r.to)
		}
		text = longFraction.ReplaceAllString(text, "$1")
		text = strings.ReplaceAll(text, began.UTC().Format(`"2006-01"`), firstMinute.Format(`"2006-01"`))
		text = idsOfRun.ReplaceAllStringFunc(text, func(s string) string {
			if ids[s] == "" {
				ids[s] = fmt.Sprintf("019ad800-0000-7000-8000-%012x", len(ids))
			}
			return ids[s]
		})
		texts[i] = hashesOfRun.ReplaceAllStringFunc(text, func(s string) string {
			if hashes[s] == "" {
				sum := sha256.Sum256(fmt.Appendf(nil, "example %d", len(hashes)))
				hashes[s] = hex.EncodeToString(sum[:])
			}
			return hashes[s]
		})
		for _, s := range timesOfRun.FindAllString(text, -1) {
			if when, err := time.Parse(time.RFC3339Nano, s); err == nil && when.Before(time.Now()) {
				at = append(at, when)
			}
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	at = slices.CompactFunc(at, time.Time.Equal)
	recorded := map[string]json.RawMessage{}
	for i, text := range texts {
		recorded[calls[i].id] = json.RawMessage(timesOfRun.ReplaceAllStringFunc(text, func(s string) string {
			when, err := time.Parse(time.RFC3339Nano, s)
			if err != nil {
				t.Fatal(err)
			}
			return steady(when, began, calls, at).Format(time.RFC3339)
		}))
	}
	var b, out bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(recorded); err != nil {
		t.Fatal(err)
	}
	if err := json.Indent(&out, b.Bytes(), "", "  "); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// firstMinute is when the examples begin.
var firstMinute = time.Date(2026, 12, 1, 2, 0, 0, 0, time.UTC)

// steady is the time in the examples for a time of the run: the minute of the
// call that came last before it, and in it the first second, the third for
// what was last to happen, or the second for what lies between. Before the
// run and after it times keep their distance.
func steady(when, began time.Time, calls []call, at []time.Time) time.Time {
	minute := func(when time.Time) int {
		precision, n := time.Microsecond, 0
		if when.Equal(when.Truncate(time.Millisecond)) {
			precision = time.Millisecond // accounts have their times so
		}
		for n < len(calls) && !calls[n].at.Truncate(precision).After(when) {
			n++
		}
		return n
	}
	i, ofRun := slices.BinarySearchFunc(at, when, time.Time.Compare)
	switch {
	case when.Before(began.Add(-time.Minute)):
		return when
	case !ofRun:
		return firstMinute.Add(when.Sub(began).Round(time.Minute))
	}
	m := minute(when)
	second := time.Second
	switch {
	case i == 0 || minute(at[i-1]) != m:
		second = 0
	case i == len(at)-1 || minute(at[i+1]) != m:
		second = 2 * time.Second
	}
	return firstMinute.Add(time.Duration(m)*time.Minute + second)
}

// shapes says for each call which keys it has and of which types.
func shapes(t *testing.T, data []byte) map[string]string {
	t.Helper()
	var calls map[string]map[string]any
	if err := json.Unmarshal(data, &calls); err != nil {
		t.Fatal(err)
	}
	list := map[string]string{}
	for id, c := range calls {
		list[id] = fmt.Sprint(c["status"], " ", shapeOf(c["request"]), " ", shapeOf(c["response"]))
	}
	return list
}

func shapeOf(v any) string {
	switch v := v.(type) {
	case map[string]any:
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, name+": "+shapeOf(v[name]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		var parts []string
		for _, item := range v {
			parts = append(parts, shapeOf(item))
		}
		slices.Sort(parts)
		return "[" + strings.Join(slices.Compact(parts), ", ") + "]"
	case nil:
		return "null"
	}
	return fmt.Sprintf("%T", v)
}
