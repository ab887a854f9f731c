package app_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"anycheck/client"
	"anycheck/internal/app"
	"anycheck/internal/config"
	"anycheck/internal/tenant"
	"anycheck/internal/watchlist"
)

// onBoth runs a test on SQLite and, when there is one, on PostgreSQL.
func onBoth(t *testing.T, test func(t *testing.T, change func(*config.Config))) {
	t.Run("sqlite", func(t *testing.T) { test(t, func(*config.Config) {}) })
	t.Run("postgres", func(t *testing.T) {
		url := postgres(t)
		test(t, func(c *config.Config) { c.DatabaseURL = url })
	})
}

// The whole path, with the public client and nothing faked.
func TestEndToEnd(t *testing.T) {
	needsFaceModels(t)
	onBoth(t, func(t *testing.T, change func(*config.Config)) {
		s := start(t, change, nil)
		p := draw(t)
		importList(t, s, "id,name,aliases,birth_date,gender,country,positions,source\n"+
			"X-1,"+p.person.Name+",,"+p.person.Output()["birth_date"]+",,id,Minister,test\nX-2,NOBODY AT ALL,,1950-01-01,male,id,,test\n")
		hooks := newReceiver(t, "the caller's secret")
		c := newCaller(t, s.key(t))
		paths := c.upload(t, p.card, p.selfie)
		n := c.request("KTP_SELFIE_PEP", paths[0], paths[1])
		n.WebhookURL, n.WebhookMetadata = hooks.url, map[string]any{"webhook_secret": "the caller's secret", "case": "17"}
		v := c.verify(t, n)

		if v.Status != client.Completed || v.OutputStatus == nil || v.CreditUsed != 10 || v.TotalFiles != 2 || v.TotalPages != 2 || v.ExecutionTime == nil || *v.ExecutionTime <= 0 {
			t.Fatalf("verification %+v", v)
		}
		var out struct {
			Level string             `json:"face_match_confidence_level"`
			Score *float64           `json:"face_match_confidence_score"`
			Match bool               `json:"is_match_face"`
			KTP   map[string]*string `json:"ktp"`
			PEP   struct {
				IsPEP   bool `json:"is_pep"`
				Matches []struct {
					EntityID string `json:"entity_id"`
				} `json:"matches"`
			} `json:"pep"`
		}
		if err := json.Unmarshal(v.Output, &out); err != nil {
			t.Fatal(err)
		}
		for field, want := range p.person.Output() {
			if got := out.KTP[field]; got == nil || *got != want {
				t.Errorf("%s read as %v, want %q", field, text(got), want)
			}
		}
		if !out.Match || out.Level != "HIGH" || out.Score == nil || *out.Score < 50 || *out.Score > 100 {
			t.Errorf("faces: %v %s %v", out.Match, out.Level, out.Score)
		}
		if !out.PEP.IsPEP || len(out.PEP.Matches) != 1 || out.PEP.Matches[0].EntityID != "X-1" {
			t.Errorf("pep: %+v", out.PEP)
		}
		if got := check(t, v, "watch_list"); got.Outcome != "INCONCLUSIVE" || got.Code != "WATCH_LIST_MATCH" {
			t.Errorf("watch list check %+v", got)
		}

		list, err := c.Verifications(t.Context(), v.ResultID, client.Page{})
		if err != nil || list.Total != 1 || list.OverallStatus != client.Completed || list.Items[0].ID != v.ID {
			t.Errorf("list %+v, %v", list, err)
		}
		job, err := c.Job(t.Context(), v.ExternalJobID.OCRJobID[0])
		if err != nil || job.VerificationID != v.ID || job.Status != client.Completed || len(job.Steps) != 5 {
			t.Errorf("job %+v, %v", job, err)
		}
		evidence := download(t, c.Client, v.OutputFileURL)
		for _, want := range []string{`"similarity"`, `"layout"`, `"ktp_ctc_v2"`, `"mobilefacenet_128"`, `"characters"`, `"thresholds"`, `"policy_version"`, p.person.NIK} {
			if !bytes.Contains(evidence, []byte(want)) {
				t.Errorf("the evidence lacks %s", want)
			}
		}
		workbook := download(t, c.Client, v.ExportFileURL)
		z, err := zip.NewReader(bytes.NewReader(workbook), int64(len(workbook)))
		if err != nil {
			t.Fatal(err)
		}
		images := 0
		for _, f := range z.File {
			if strings.HasPrefix(f.Name, "xl/media/") {
				images++
			}
		}
		if images < 2 {
			t.Errorf("the workbook shows %d images", images)
		}

		got := hooks.wait(t, 2)
		if got[0].Status != client.InProgress || got[1].Status != client.Completed || got[0].Sequence >= got[1].Sequence {
			t.Errorf("webhooks %+v", got)
		}
		last := got[1]
		if last.Event != "verification.status_changed" || last.VerificationID != v.ID || last.PreviousStatus != client.InProgress || last.CreditUsed != 10 ||
			last.WebhookMetadata["case"] != "17" || last.WebhookMetadata["webhook_secret"] != nil || len(last.Output) == 0 {
			t.Errorf("webhook %+v", last)
		}

		for _, secret := range []string{p.person.NIK, p.person.Name, adminPassword, "the caller's secret"} {
			if strings.Contains(s.logs.String(), secret) {
				t.Errorf("the log tells %q", secret)
			}
		}
	})
}

func text(s *string) string {
	if s == nil {
		return "nothing"
	}
	return *s
}

func download(t *testing.T, c *client.Client, url *string) []byte {
	t.Helper()
	if url == nil {
		t.Fatal("there is no link")
	}
	var buf bytes.Buffer
	if err := c.Download(t.Context(), *url, &buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func importList(t *testing.T, s *server, csv string) {
	t.Helper()
	lists, _, err := watchlist.Parse(t.Context(), []watchlist.File{{Name: "test.csv", Data: strings.NewReader(csv)}}, watchlist.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lists {
		if _, err := s.Lists.Import(t.Context(), l, false); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Lists.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// The four types, a group's own webhook secret, an API key; no face models
// are needed for the types without a selfie.
func TestCardOnly(t *testing.T) {
	s := start(t, nil, nil)
	p := draw(t)
	c := newCaller(t, s.admin(t))
	path := c.upload(t, p.card)[0]

	v := c.verify(t, c.request("KTP", path, ""))
	if v.Status != client.Completed || check(t, v, "card_readable").Outcome != "PASS" || check(t, v, "nik").Outcome != "PASS" {
		t.Errorf("KTP: %s, %+v", v.Status, v.Checks)
	}
	if strings.Contains(string(v.Output), "face_match") || strings.Contains(string(v.Output), `"pep"`) {
		t.Errorf("KTP answers more than was asked: %s", v.Output)
	}
	v = c.verify(t, c.request("KTP_PEP", path, ""))
	if got := check(t, v, "watch_list"); got.Code != "NO_WATCH_LISTS" {
		t.Errorf("without lists: %+v", got)
	}
	importList(t, s, "id,name,aliases,birth_date,gender,country,positions,source\nX-2,NOBODY AT ALL,,1950-01-01,male,id,,test\n")
	v = c.verify(t, c.request("KTP_PEP", path, ""))
	if got := check(t, v, "watch_list"); got.Outcome != "PASS" {
		t.Errorf("with a list the person is not on: %+v", got)
	}
	if v.OutputStatus == nil || *v.OutputStatus != "VERIFIED" {
		t.Errorf("verdict %v, checks %+v", v.OutputStatus, v.Checks)
	}

	// Two of one result; the status is over both.
	first := c.verify(t, c.request("KTP", path, ""))
	n := c.request("KTP", path, "")
	n.ResultID = first.ResultID
	second := c.verify(t, n)
	list, err := c.Verifications(t.Context(), first.ResultID, client.Page{Size: 1})
	if err != nil || list.Total != 2 || len(list.Items) != 1 || list.OverallStatus != client.Completed || second.ResultID != first.ResultID {
		t.Errorf("list %+v, %v", list, err)
	}
}

// Without its models a type is off; the others work.
func TestMissingModels(t *testing.T) {
	s := start(t, func(c *config.Config) { c.ModelsDir = t.TempDir() }, nil)
	p := draw(t)
	c := newCaller(t, s.admin(t))
	paths := c.upload(t, p.card, p.selfie)
	_, err := c.CreateVerification(t.Context(), c.request("KTP_SELFIE", paths[0], paths[1]))
	if e := apiError(t, err); e.StatusCode != http.StatusServiceUnavailable || e.Code != "SERVICE_UNAVAILABLE" || !strings.Contains(e.Message, "mobilefacenet_128") {
		t.Errorf("answered %+v", e)
	}
	if v := c.verify(t, c.request("KTP", paths[0], "")); v.Status != client.Completed {
		t.Errorf("a card alone: %s", v.Status)
	}
	services, err := c.Services(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var off []string
	for _, u := range services.Items[0].Unavailable {
		off = append(off, u.VerificationType)
	}
	slices.Sort(off)
	if !slices.Equal(off, []string{"KTP_SELFIE", "KTP_SELFIE_PEP"}) {
		t.Errorf("GET /services says these are off: %v", off)
	}
}

func apiError(t *testing.T, err error) *client.Error {
	t.Helper()
	e, ok := err.(*client.Error)
	if !ok {
		t.Fatalf("the answer is %v, want an API error", err)
	}
	return e
}

// Every endpoint, called with the ids of another organization, answers 404.
func TestTwoOrganizations(t *testing.T) {
	s := start(t, nil, nil)
	p := draw(t)
	a, owner := s.tenant(t, "Alpha", tenant.OrganizationOwner)
	mine := newCaller(t, a)
	path := mine.upload(t, p.card)[0]
	v := mine.verify(t, mine.request("KTP", path, ""))

	others := map[string]*client.Client{}
	others["another owner"], _ = s.tenant(t, "Beta", tenant.OrganizationOwner)
	others["another user"], _ = s.tenant(t, "Gamma", tenant.GroupUser)
	for name, b := range others {
		theirs := newCaller(t, b)
		ctx := t.Context()
		calls := map[string]func() error{
			"GET /folders/{id}":                 func() error { _, err := b.Folder(ctx, mine.folder); return err },
			"PATCH /folders/{id}":               func() error { _, err := b.UpdateFolder(ctx, mine.folder, client.FolderChange{}); return err },
			"DELETE /folders/{id}":              func() error { return b.DeleteFolder(ctx, mine.folder) },
			"GET /folders/{id}/results":         func() error { _, err := b.FolderResults(ctx, mine.folder, client.Page{}); return err },
			"GET /groups/{id}/folders":          func() error { _, err := b.Folders(ctx, owner.GroupID.String(), "", client.Page{}); return err },
			"GET /results/{id}":                 func() error { _, err := b.Result(ctx, v.ResultID); return err },
			"GET /verifications?result_id":      func() error { _, err := b.Verifications(ctx, v.ResultID, client.Page{}); return err },
			"GET /verifications/{id}":           func() error { _, err := b.Verification(ctx, v.ID); return err },
			"GET /verifications/{id}/events":    func() error { _, err := b.Events(ctx, v.ID); return err },
			"POST /verifications/{id}/retry":    func() error { _, err := b.RetryVerification(ctx, v.ID, true); return err },
			"POST /verifications/{id}/cancel":   func() error { _, err := b.CancelVerification(ctx, v.ID); return err },
			"GET /verifications/{id}/screening": func() error { _, err := b.Screening(ctx, v.ID); return err },
			"POST /verifications/{id}/dismissals": func() error {
				_, err := b.DismissHit(ctx, v.ID, client.NewDismissal{EntityID: "E", Reason: "x"})
				return err
			},
			"DELETE /verifications/{id}/dismissals/{id}": func() error { _, err := b.TakeBackDismissal(ctx, v.ID, "E"); return err },
			"POST /screenings into a folder": func() error {
				_, err := b.Screen(ctx, client.NewScreening{Name: "A", FolderID: mine.folder})
				return err
			},
			"GET /verifications/{id}/attempts": func() error { _, err := b.Attempts(ctx, v.ID); return err },
			"GET /verifications/{id}/reviews":  func() error { _, err := b.Reviews(ctx, v.ID); return err },
			"POST /verifications/{id}/review": func() error {
				_, err := b.Review(ctx, v.ID, client.NewReview{Decision: client.Reopen, Reason: "x"})
				return err
			},
			"POST /verifications/{id}/fraud-decision": func() error { _, err := b.DecideFraud(ctx, v.ID, true, "x"); return err },
			"PUT /verifications/drafts/{id}": func() error {
				_, err := b.UpdateDraft(ctx, v.ID, client.NewVerification{ServiceID: mine.service})
				return err
			},
			"POST /verifications/drafts/{id}/submit": func() error { _, err := b.SubmitDraft(ctx, v.ID); return err },
			"GET /groups/{id}/settings":              func() error { _, err := b.GroupSettings(ctx, owner.GroupID.String()); return err },
			"PATCH /groups/{id}/settings": func() error {
				_, err := b.UpdateGroupSettings(ctx, owner.GroupID.String(), client.GroupSettingsChange{})
				return err
			},
			"GET /results?folder_id": func() error {
				_, err := b.Results(ctx, client.ResultFilter{FolderID: mine.folder}, client.Page{})
				return err
			},
			"GET /jobs/{id}": func() error { _, err := b.Job(ctx, v.ExternalJobID.OCRJobID[0]); return err },
			"POST /verifications in their folder": func() error {
				n := theirs.request("KTP", path, "")
				n.FolderID = mine.folder
				_, err := b.CreateVerification(ctx, n)
				return err
			},
			"POST /verifications in their result": func() error {
				n := theirs.request("KTP", theirs.upload(t, p.card)[0], "")
				n.ResultID = v.ResultID
				_, err := b.CreateVerification(ctx, n)
				return err
			},
		}
		for call, do := range calls {
			if e := apiError(t, do()); e.StatusCode != http.StatusNotFound || e.Code != "NOT_FOUND" {
				t.Errorf("%s: %s answers %d %s", name, call, e.StatusCode, e.Code)
			}
		}
		// Their file is as good as none.
		_, err := b.CreateVerification(ctx, theirs.request("KTP", path, ""))
		if e := apiError(t, err); e.StatusCode != http.StatusBadRequest || len(e.Fields) != 1 || e.Fields[0].Field != "configuration.files.ktp_file[0]" {
			t.Errorf("%s: their file answers %+v", name, e)
		}
		if f, err := mine.Folder(ctx, mine.folder); err != nil || f.Name != "Cases" || f.TotalResult != 1 {
			t.Errorf("the folder was changed: %+v, %v", f, err)
		}
	}
	// The platform's administrator sees all.
	if got, err := s.admin(t).Verification(t.Context(), v.ID); err != nil || got.ID != v.ID {
		t.Errorf("the super admin: %v", err)
	}
}

// Uploads that must be refused with a reason, and photos that must be answered.
func TestBadFiles(t *testing.T) {
	s := start(t, nil, nil)
	p := draw(t)
	c := newCaller(t, s.admin(t))
	locked, err := os.ReadFile(lockedPDF)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name     string
		files    []client.File
		status   int
		code     string
		field    string
		contains string
	}{
		{"no file", nil, 400, "INVALID_REQUEST", "files", "at least one"},
		{"an empty file", []client.File{{Name: "a.jpg", Content: strings.NewReader("")}}, 400, "INVALID_REQUEST", "files[0]", "empty"},
		{"a text named .jpg", []client.File{{Name: "a.jpg", Content: strings.NewReader("this is no picture at all")}}, 415, "UNSUPPORTED_FILE_TYPE", "files[0]", ""},
		{"a truncated JPEG", []client.File{{Name: "ok.jpg", Content: bytes.NewReader(p.card)}, {Name: "a.jpg", Content: bytes.NewReader(p.card[:len(p.card)/2])}}, 400, "INVALID_REQUEST", "files[1]", "complete"},
		{"a 60-megapixel bomb", []client.File{{Name: "a.png", Content: bytes.NewReader(bomb())}}, 400, "INVALID_REQUEST", "files[0]", "megapixel"},
		{"a locked PDF without its password", []client.File{{Name: "a.pdf", Content: bytes.NewReader(locked)}}, 400, "INVALID_REQUEST", "files[0]", "password"},
		{"a locked PDF with a wrong password", []client.File{{Name: "a.pdf", Content: bytes.NewReader(locked), Password: "wrong"}}, 400, "INVALID_REQUEST", "files[0]", "password"},
		{"a PDF of 51 pages", []client.File{{Name: "a.pdf", Content: bytes.NewReader(manyPages(51))}}, 400, "INVALID_REQUEST", "files[0]", "51"},
		{"a file over the limit", []client.File{{Name: "a.jpg", Content: io.LimitReader(zeroes{}, 21<<20)}}, 413, "FILE_TOO_LARGE", "files[0]", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := c.Upload(t.Context(), client.InputFile, tt.files...)
			e := apiError(t, err)
			if e.StatusCode != tt.status || e.Code != tt.code || len(e.Fields) != 1 || e.Fields[0].Field != tt.field || !strings.Contains(e.Fields[0].Message, tt.contains) {
				t.Errorf("answered %d %s %+v", e.StatusCode, e.Code, e.Fields)
			}
		})
	}
	if left := filesBelow(t, s.cfg.DataDir+"/blobs"); len(left) != 0 {
		t.Errorf("refused uploads left %v", left)
	}
	if left := filesBelow(t, s.cfg.DataDir+"/spool"); len(left) != 0 {
		t.Errorf("the spool keeps %v", left)
	}
	if _, err := c.Upload(t.Context(), client.InputFile, client.File{Name: "a.pdf", Content: bytes.NewReader(locked), Password: lockedPassword}); err != nil {
		t.Errorf("a locked PDF with its password: %v", err)
	}
}

func TestPoorPhotos(t *testing.T) {
	s := start(t, nil, nil)
	p := draw(t)
	c := newCaller(t, s.key(t))

	v := c.verify(t, c.request("KTP", c.upload(t, p.upsideDown)[0], ""))
	var out struct {
		KTP map[string]*string `json:"ktp"`
	}
	if err := json.Unmarshal(v.Output, &out); err != nil {
		t.Fatal(err)
	}
	if text(out.KTP["nik"]) != p.person.NIK || text(out.KTP["name"]) != p.person.Name {
		t.Errorf("upside down: read %s and %s", text(out.KTP["nik"]), text(out.KTP["name"]))
	}

	v = c.verify(t, c.request("KTP", c.upload(t, p.noCard)[0], ""))
	if got := check(t, v, "card_found"); v.Status != client.Completed || got.Outcome != "INCONCLUSIVE" || got.Code != "CARD_NOT_FOUND" || *v.OutputStatus == "VERIFIED" {
		t.Errorf("no card: %s, %+v", v.Status, got)
	}
	if v.CreditUsed != 10 {
		t.Errorf("an answered verification is charged, got %d", v.CreditUsed)
	}
}

func TestPoorSelfies(t *testing.T) {
	needsFaceModels(t)
	s := start(t, nil, nil)
	p := draw(t)
	c := newCaller(t, s.key(t))
	card := c.upload(t, p.card)[0]
	tests := []struct {
		name          string
		selfie        []byte
		outcome, code string
		score         bool
	}{
		{"nobody", p.noFace, "INCONCLUSIVE", "FACE_NOT_FOUND", false},
		{"two people", p.twoFaces, "INCONCLUSIVE", "SEVERAL_FACES", true},
		{"somebody else", p.stranger, "FAIL", "FACES_DIFFER", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := c.verify(t, c.request("KTP_SELFIE", card, c.upload(t, tt.selfie)[0]))
			got := check(t, v, "face_match")
			if v.Status != client.Completed || got.Outcome != tt.outcome || got.Code != tt.code {
				t.Errorf("%s, %+v", v.Status, got)
			}
			if tt.code == "FACES_DIFFER" && *v.OutputStatus != "NOT_VERIFIED" {
				t.Errorf("verdict %s", *v.OutputStatus)
			}
			if has := !strings.Contains(string(v.Output), `"face_match_confidence_score":null`); has != tt.score {
				t.Errorf("output %s", v.Output)
			}
		})
	}
}

func TestBadRequests(t *testing.T) {
	s := start(t, nil, nil)
	c := newCaller(t, s.admin(t))
	path := c.upload(t, draw(t).card)[0]
	tokens, err := c.Login(t.Context(), adminEmail, adminPassword)
	if err != nil {
		t.Fatal(err)
	}
	good := fmt.Sprintf(`"service_id":%q,"folder_id":%q,"configuration":{"verification_type":"KTP","files":{"ktp_file":[%q]}}`, c.service, c.folder, path)
	tests := []struct {
		name, body string
		status     int
		code       string
		field      string
	}{
		{"malformed JSON", `{"service_id":`, 400, "INVALID_REQUEST", ""},
		{"an unknown field", `{` + good + `,"colour":"red"}`, 400, "INVALID_REQUEST", "colour"},
		{"an unknown configuration field", strings.Replace(`{`+good+`}`, `"files"`, `"colour":1,"files"`, 1), 400, "INVALID_REQUEST", "configuration.colour"},
		{"an unknown service", strings.Replace(`{`+good+`}`, c.service, "01930000-0000-7000-8000-00000000ffff", 1), 404, "NOT_FOUND", "service_id"},
		{"an id that is none", strings.Replace(`{`+good+`}`, c.folder, "7", 1), 400, "INVALID_ID", "folder_id"},
		{"a webhook into the server's network", `{` + good + `,"webhook_url":"http://10.0.0.1/x"}`, 400, "INVALID_REQUEST", "webhook_url"},
		{"a body over the limit", `{` + good + `,"webhook_metadata":{"x":"` + strings.Repeat("x", 2<<20) + `"}}`, 413, "FILE_TOO_LARGE", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+"/verifications", strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Authorization", "Bearer "+tokens.AccessToken)
			res, err := (&http.Client{}).Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			var e struct {
				Code   string `json:"error_code"`
				Errors []struct{ Field string }
				ID     string `json:"request_id"`
			}
			if err := json.NewDecoder(res.Body).Decode(&e); err != nil {
				t.Fatal(err)
			}
			if res.StatusCode != tt.status || e.Code != tt.code || e.ID == "" || e.ID != res.Header.Get("X-Request-Id") {
				t.Errorf("answered %d %+v", res.StatusCode, e)
			}
			if tt.field != "" && (len(e.Errors) != 1 || e.Errors[0].Field != tt.field) {
				t.Errorf("fields %+v, want %s", e.Errors, tt.field)
			}
		})
	}
	if err := s.SetServiceEnabled(t.Context(), "KTP_VERIFICATION", false); err != nil {
		t.Fatal(err)
	}
	_, err = c.CreateVerification(t.Context(), c.request("KTP", path, ""))
	if e := apiError(t, err); e.StatusCode != 400 || len(e.Fields) != 1 || e.Fields[0].Field != "service_id" {
		t.Errorf("a disabled service answers %+v", e)
	}
	if folder, err := c.Folder(t.Context(), c.folder); err != nil || folder.TotalResult != 0 {
		t.Errorf("refused requests left results: %+v, %v", folder, err)
	}
}

// A start that cannot listen must not spend the password that is told once.
func TestPasswordIsNotLost(t *testing.T) {
	s := start(t, nil, nil)
	cfg := testConfig(t.TempDir(), "")
	cfg.Addr, cfg.AdminPassword = strings.TrimPrefix(s.URL(), "http://"), ""
	if _, err := newServer(t, cfg); err == nil {
		t.Fatal("two servers listen on one port")
	}
	cfg.Addr = "127.0.0.1:0"
	second, err := newServer(t, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if !second.Bootstrap.Made || second.Bootstrap.Password == "" {
		t.Errorf("the next start tells %+v", second.Bootstrap)
	}
}

// Two nodes that start together on an empty database: one makes the
// administrator, both serve, the credits are given once.
func TestNodesStartTogether(t *testing.T) {
	url := postgres(t)
	type started struct {
		s   *app.Server
		err error
	}
	results := make(chan started, 3)
	for range cap(results) {
		cfg := testConfig(t.TempDir(), "")
		cfg.DatabaseURL = url
		go func() {
			s, err := newServer(t, cfg)
			results <- started{s, err}
		}()
	}
	made := 0
	for range cap(results) {
		r := <-results
		if r.err != nil {
			t.Error(r.err)
			continue
		}
		defer r.s.Close()
		if r.s.Bootstrap.Made {
			made++
		}
		groups, err := r.s.Auth.Groups(t.Context())
		if err != nil || len(groups) != 1 || groups[0].Balance != 1000 {
			t.Errorf("groups %+v, %v", groups, err)
		}
	}
	if made != 1 {
		t.Errorf("%d nodes made the administrator", made)
	}
}

// One data folder cannot be served by two processes at once.
func TestOneServerPerFolder(t *testing.T) {
	s := start(t, nil, nil)
	cfg := s.cfg
	if _, err := newServer(t, cfg); err == nil || !strings.Contains(err.Error(), "Another anycheck") {
		t.Errorf("a second server: %v", err)
	}
}
