package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"anycheck/client"
	"anycheck/internal/auth"
	"anycheck/internal/fault"
	"anycheck/internal/idempotency"
	"anycheck/internal/ledger"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// count is how many folders, verifications' reservations and files there are.
func (p *platform) count(t *testing.T) string {
	t.Helper()
	_, folders, err := p.db.Folders(t.Context(), tenant.Everything(), p.a.group.ID, "", verification.Page{Size: 1})
	if err != nil {
		t.Fatal(err)
	}
	_, entries, err := p.db.Entries(t.Context(), tenant.Everything(), p.a.group.ID, verification.EntryFilter{}, verification.Page{Size: 1})
	if err != nil {
		t.Fatal(err)
	}
	p.blobs.mu.Lock()
	defer p.blobs.mu.Unlock()
	return fmt.Sprintf("%d folders, %d entries, %d files", folders, entries, len(p.blobs.files))
}

// again checks that w is first, given again.
func again(t *testing.T, first, w *httptest.ResponseRecorder) {
	t.Helper()
	if first.Code >= 300 || first.Header().Get("Idempotency-Replayed") != "" {
		t.Errorf("first: %d %s", first.Code, first.Body)
	}
	if w.Code != first.Code || w.Body.String() != first.Body.String() || w.Header().Get("Idempotency-Replayed") != "true" ||
		w.Header().Get("Content-Type") != first.Header().Get("Content-Type") {
		t.Errorf("again: %d %v\n%s\nfirst: %d\n%s", w.Code, w.Header(), w.Body, first.Code, first.Body)
	}
}

// Each creating route does its work once and gives its answer again.
func TestIdempotencyKey(t *testing.T) {
	p := newPlatform(t)
	admin := p.a.user
	admin.Role = tenant.SuperAdmin
	p.actAs(admin)
	v := p.verify(t)
	body := func(name string) string {
		return fmt.Sprintf(`{"service_id":%q,"folder_id":%q,"configuration":{"verification_type":"KTP","files":{"ktp_file":[%q]}},"webhook_metadata":{"case":%q}}`,
			v.Service.ID, v.FolderID, strings.Split(v.InputFileURL["ktp_file"][0], "?")[0][len("http://example.com/"):], name)
	}
	form := func(content string) (string, string) {
		return multipartBody("file_category", "VERIFICATION_INPUT_FILE", "files:a.png", content)
	}
	one, oneType := form("IMG one")
	two, twoType := form("IMG two")
	for _, tt := range []struct {
		target, body, other string
		header, otherHeader []string
	}{
		{"/folders", `{"name":"A & <B>"}`, `{"name":"B"}`, nil, nil},
		{"/verifications", body("1"), body("2"), nil, nil},
		{"/screenings", `{"name":"Siti"}`, `{"name":"Sita"}`, nil, nil},
		{"/uploads", one, two, []string{"Content-Type", oneType}, []string{"Content-Type", twoType}},
		{"/groups/" + p.a.group.ID.String() + "/credits/top-ups", `{"credits":50}`, `{"credits":51}`, []string{"X-API-Key", "", "Authorization", "Bearer person"}, nil},
		{"/verifications/" + v.ID.String() + "/cancel", "", "", nil, nil},
		{"/verifications/" + v.ID.String() + "/retry?force=true", "", "", nil, nil},
	} {
		t.Run(tt.target, func(t *testing.T) {
			header := append([]string{"Idempotency-Key", "key-1"}, tt.header...)
			first := p.do("POST", tt.target, tt.body, header...)
			made := p.count(t)
			again(t, first, p.do("POST", tt.target, tt.body, header...))
			if tt.other != "" {
				wantProblem(t, p.do("POST", tt.target, tt.other, append(header, tt.otherHeader...)...), http.StatusConflict, fault.CodeIdempotencyConflict)
			}
			again(t, first, p.do("POST", tt.target, tt.body, header...))
			if now := p.count(t); now != made {
				t.Errorf("%s; after the first call: %s", now, made)
			}
			if tt.body != "" {
				w := p.do("POST", tt.target, tt.body, append(header, "Idempotency-Key", "key-2")...)
				if w.Code != first.Code || w.Header().Get("Idempotency-Replayed") != "" {
					t.Errorf("with another key: %d %s", w.Code, w.Body)
				}
			}
		})
	}
}

// The same request in other words is the same.
func TestIdempotencyOfMeaning(t *testing.T) {
	p := newPlatform(t)
	first := p.do("POST", "/screenings", `{"name":"Siti","nik":"3174080107870501"}`, "Idempotency-Key", "k")
	again(t, first, p.do("POST", "/screenings", ` { "nik" : "3174080107870501", "name":"Siti" } `, "Idempotency-Key", "k"))
}

// An error keeps nothing: what was wrong can be mended under the same key.
func TestIdempotencyAfterErrors(t *testing.T) {
	p := newPlatform(t)
	wantProblem(t, p.do("POST", "/folders", `{"name":""}`, "Idempotency-Key", "k"), http.StatusBadRequest, fault.CodeInvalidRequest, "name")
	if w := p.do("POST", "/folders", `{"name":"F"}`, "Idempotency-Key", "k"); w.Code != http.StatusCreated {
		t.Errorf("after a bad request: %d %s", w.Code, w.Body)
	}

	up := decode[upload](t, p.upload("file_category", "VERIFICATION_INPUT_FILE", "files:a.png", "IMG"), http.StatusCreated)
	f := decode[folder](t, p.do("POST", "/folders", `{"name":"F"}`), http.StatusCreated)
	body := fmt.Sprintf(`{"service_id":%q,"folder_id":%q,"configuration":{"verification_type":"KTP","files":{"ktp_file":[%q]}}}`, verification.Catalogue()[0].ID, f.ID, up.Files[0].Path)
	p.missing[verification.KTP] = []string{"ktp_ctc"}
	wantProblem(t, p.do("POST", "/verifications", body, "Idempotency-Key", "v"), http.StatusServiceUnavailable, fault.CodeServiceUnavailable)
	delete(p.missing, verification.KTP)
	for i := range 10 {
		if w := p.do("POST", "/verifications", body, "Idempotency-Key", fmt.Sprint("spend-", i)); w.Code != http.StatusCreated {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	made := p.count(t)
	wantProblem(t, p.do("POST", "/verifications", body, "Idempotency-Key", "v"), http.StatusForbidden, fault.CodeInsufficientBalance)
	if now := p.count(t); now != made {
		t.Errorf("%s; before: %s", now, made)
	}
	if err := p.db.AppendEntry(t.Context(), tenant.Everything(), ledger.Entry{ID: p.a.user.ID, GroupID: p.a.group.ID, Kind: ledger.TopUp, Credits: 10, CreatedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
	first := p.do("POST", "/verifications", body, "Idempotency-Key", "v")
	again(t, first, p.do("POST", "/verifications", body, "Idempotency-Key", "v"))
}

func TestBadIdempotencyKeys(t *testing.T) {
	p := newPlatform(t)
	made := p.count(t)
	for what, key := range map[string]string{"spaces": "a b", "beyond ASCII": "schlüssel", "too long": strings.Repeat("k", 256)} {
		t.Run(what, func(t *testing.T) {
			wantProblem(t, p.do("POST", "/folders", `{"name":"F"}`, "Idempotency-Key", key), http.StatusBadRequest, fault.CodeInvalidRequest, "Idempotency-Key")
		})
	}
	r := httptest.NewRequest("POST", "/folders", strings.NewReader(`{"name":"F"}`))
	r.Header = http.Header{"X-Api-Key": {p.a.key}, "Content-Type": {"application/json"}, "Idempotency-Key": {""}}
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	wantProblem(t, w, http.StatusBadRequest, fault.CodeInvalidRequest, "Idempotency-Key")
	if now := p.count(t); now != made {
		t.Errorf("%s; before: %s", now, made)
	}
	if w := p.do("GET", "/services", "", "Idempotency-Key", "a b"); w.Code != http.StatusOK {
		t.Errorf("a GET looks at the key: %d", w.Code)
	}
}

// An answer is for its group, and there for who may do what the first did.
func TestWhoseAnswer(t *testing.T) {
	p := newPlatform(t)
	first := p.do("POST", "/folders", `{"name":"F"}`, "Idempotency-Key", "k")
	w := p.do("POST", "/folders", `{"name":"F"}`, "Idempotency-Key", "k", "X-API-Key", p.b.key)
	if w.Code != http.StatusCreated || w.Header().Get("Idempotency-Replayed") != "" || w.Body.String() == first.Body.String() {
		t.Errorf("another organization: %d %s", w.Code, w.Body)
	}
	_, twin, err := p.auth.CreateKey(t.Context(), p.a.user, auth.NewKey{Name: "rotated"})
	if err != nil {
		t.Fatal(err)
	}
	again(t, first, p.do("POST", "/folders", `{"name":"F"}`, "Idempotency-Key", "k", "X-API-Key", twin))
	_, weak, err := p.auth.CreateKey(t.Context(), p.a.user, newReadOnlyKey)
	if err != nil {
		t.Fatal(err)
	}
	wantProblem(t, p.do("POST", "/folders", `{"name":"F"}`, "Idempotency-Key", "k", "X-API-Key", weak), http.StatusConflict, fault.CodeIdempotencyConflict)
}

func TestAnswersAreForgotten(t *testing.T) {
	p := newPlatform(t)
	first := p.do("POST", "/folders", `{"name":"F"}`, "Idempotency-Key", "k")
	later := time.Now().Add(idempotency.KeptFor + time.Second)
	p.server.Now = func() time.Time { return later }
	second := p.do("POST", "/folders", `{"name":"F"}`, "Idempotency-Key", "k")
	if second.Code != http.StatusCreated || second.Body.String() == first.Body.String() {
		t.Errorf("after a day: %d %s", second.Code, second.Body)
	}
	again(t, second, p.do("POST", "/folders", `{"name":"F"}`, "Idempotency-Key", "k"))
}

// A process that dies after the work and before the answer has kept it.
func TestCrashBeforeTheAnswer(t *testing.T) {
	p := newPlatform(t)
	dies := true
	handle(p.server, callers, huma.Operation{OperationID: "dies", Method: http.MethodPost, Path: "/dies", DefaultStatus: http.StatusCreated},
		func(ctx context.Context, in *createFolderRequest) (*output[folder], error) {
			f, err := p.server.UseCases.CreateFolder(ctx, actorOf(ctx), in.Body.Name)
			if dies {
				panic("the process dies")
			}
			return answerFolder(f, err)
		})
	wantProblem(t, p.do("POST", "/dies", `{"name":"F"}`, "Idempotency-Key", "k"), http.StatusInternalServerError, fault.CodeInternal)
	made := p.count(t)
	dies = false
	w := p.do("POST", "/dies", `{"name":"F"}`, "Idempotency-Key", "k")
	if f := decode[folder](t, w, http.StatusCreated); f.Name != "F" || w.Header().Get("Idempotency-Replayed") != "true" {
		t.Errorf("after the crash: %s", w.Body)
	}
	if now := p.count(t); now != made {
		t.Errorf("%s; after the crash: %s", now, made)
	}
}

// Many send one call at once, to two nodes on one database: it is done once
// and all get its answer.
func TestConcurrentCallsWithOneKey(t *testing.T) {
	p := newPlatform(t)
	// A second passes whenever somebody looks at the clock: what is shown twice
	// is shown the same.
	var seconds atomic.Int64
	start := time.Now()
	p.server.Now = func() time.Time { return start.Add(time.Duration(seconds.Add(1)) * time.Second) }
	nodes := []http.Handler{newServer(p.server.Config).handler(), newServer(p.server.Config).handler()}
	form, contentType := multipartBody("file_category", "VERIFICATION_INPUT_FILE", "files:a.png", "IMG")
	for _, tt := range []struct{ target, body, contentType, made string }{
		{"/folders", `{"name":"F"}`, "application/json", "1 folders, 1 entries, 0 files"},
		{"/uploads", form, contentType, "1 folders, 1 entries, 1 files"},
	} {
		answers := make([]*httptest.ResponseRecorder, 16)
		var wg sync.WaitGroup
		for i := range answers {
			wg.Go(func() {
				r := httptest.NewRequest("POST", tt.target, strings.NewReader(tt.body))
				r.Header = http.Header{"X-Api-Key": {p.a.key}, "Content-Type": {tt.contentType}, "Idempotency-Key": {"k"}}
				answers[i] = httptest.NewRecorder()
				nodes[i%2].ServeHTTP(answers[i], r)
			})
		}
		wg.Wait()
		var firsts int
		for _, w := range answers {
			if w.Code != http.StatusCreated || w.Body.String() != answers[0].Body.String() {
				t.Errorf("%s: %d %s", tt.target, w.Code, w.Body)
			}
			if w.Header().Get("Idempotency-Replayed") == "" {
				firsts++
			}
		}
		if made := p.count(t); firsts != 1 || made != tt.made {
			t.Errorf("%s: %d did the work; %s, want %s", tt.target, firsts, made, tt.made)
		}
	}
}

// Whoever waits too long for the first call is told to come again.
func TestPatience(t *testing.T) {
	p := newPlatform(t)
	p.server.flights.patience = 0
	started, goOn := make(chan struct{}), make(chan struct{})
	handle(p.server, callers, huma.Operation{OperationID: "slow", Method: http.MethodPost, Path: "/slow"},
		func(context.Context, *struct{}) (*noContent, error) {
			close(started)
			<-goOn
			return nil, nil
		})
	first := make(chan *httptest.ResponseRecorder)
	go func() { first <- p.do("POST", "/slow", "", "Idempotency-Key", "k") }()
	<-started
	w := p.do("POST", "/slow", "", "Idempotency-Key", "k")
	wantProblem(t, w, http.StatusConflict, fault.CodeIdempotencyConflict)
	if w.Header().Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
	}
	close(goOn)
	if w := <-first; w.Code != http.StatusNoContent {
		t.Errorf("first: %d %s", w.Code, w.Body)
	}
	w = p.do("POST", "/slow", "", "Idempotency-Key", "k")
	if w.Code != http.StatusNoContent || w.Header().Get("Idempotency-Replayed") != "true" || w.Body.Len() != 0 {
		t.Errorf("again: %d %s", w.Code, w.Body)
	}
}

// Every POST of a proven caller takes the key and says so, but those that
// make nothing.
func TestKeyIsDocumented(t *testing.T) {
	p := newPlatform(t)
	for path, item := range p.server.api.OpenAPI().Paths {
		if item.Post == nil {
			continue
		}
		documented := slices.ContainsFunc(item.Post.Parameters, func(p *huma.Param) bool { return strings.HasSuffix(p.Ref, "/Idempotency-Key") })
		if public := p.server.public["POST "+path]; documented == (public || item.Post.OperationID == revealOperation || item.Post.OperationID == exportSubjectOperation) {
			t.Errorf("POST %s: public %v, key documented %v", path, public, documented)
		}
	}
}

func TestClientSendsTheKey(t *testing.T) {
	p := newPlatform(t)
	c := p.client(t, client.WithAPIKey(p.a.key))
	ctx := client.WithIdempotencyKey(t.Context(), client.NewIdempotencyKey())
	first, err := c.CreateFolder(ctx, "F")
	if err != nil {
		t.Fatal(err)
	}
	if f, err := c.CreateFolder(ctx, "F"); err != nil || f != first {
		t.Errorf("again: %+v, %v", f, err)
	}
	if _, err := c.CreateFolder(ctx, "G"); !client.IsCode(err, client.CodeIdempotencyConflict) {
		t.Errorf("another folder: %v", err)
	}
	if f, err := c.CreateFolder(t.Context(), "F"); err != nil || f.ID == first.ID {
		t.Errorf("without a key: %+v, %v", f, err)
	}
}
