package httpapi

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/client"
	"anycheck/internal/audit"
	"anycheck/internal/auth"
	"anycheck/internal/export"
	"anycheck/internal/fault"
	"anycheck/internal/imaging"
	"anycheck/internal/ledger"
	"anycheck/internal/store"
	"anycheck/internal/tenant"
	"anycheck/internal/vault"
	"anycheck/internal/verification"
	"anycheck/internal/watchlist"
	"anycheck/internal/webhook"
)

// exporter writes nothing that these tests look at.
type exporter struct{}

func (exporter) JSON(verification.Report) ([]byte, error)     { return []byte("{}"), nil }
func (exporter) Workbook(verification.Report) ([]byte, error) { return []byte("workbook"), nil }

var update = flag.Bool("update", false, "write the golden files of testdata anew")

// platform is an API on a real database, with two organizations.
type platform struct {
	server  *server
	handler http.Handler
	db      *store.DB
	lists   *watchlist.Library
	auth    *auth.Service
	process *verification.Processor
	audit   *audit.Log
	deliver *webhook.Deliverer
	log     *lockedBuffer
	blobs   *memoryBlobs
	missing map[verification.Type][]string
	ready   error
	spool   string
	// answers is what webhooks of the tests meet.
	answers func(*http.Request) (*http.Response, error)
	a, b    account
}

// account is an organization with one group, an owner and a key of the owner.
type account struct {
	group tenant.Group
	user  tenant.User
	key   string
}

const testPassword = "correct horse battery"

var limits = verification.Limits{FilesPerUpload: 3, FileBytes: 64 << 10, PagesPerFile: 5}

func newPlatform(t testing.TB) *platform {
	t.Helper()
	ctx := t.Context()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(emptyDatabase())); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(ctx, "", dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetEnqueuer(noQueue{})
	keys, err := vault.NewKeyset()
	if err != nil {
		t.Fatal(err)
	}
	master, err := vault.Open(func() ([]byte, error) { return keys, nil })
	if err != nil {
		t.Fatal(err)
	}
	db.SetVault(master)
	p := &platform{db: db, auth: auth.New(db, bytes.Repeat([]byte("k"), 32), time.Now), log: &lockedBuffer{},
		missing: map[verification.Type][]string{}, spool: t.TempDir()}
	p.audit = audit.NewLog(db, audit.NewSigner([]byte("a seed for tests")), time.Now)
	blobs := &memoryBlobs{files: map[string][]byte{}}
	p.blobs = blobs
	cases := verification.NewUseCases(verification.Ports{Store: db, Blobs: blobs, Documents: markedDocuments{},
		Capabilities: capabilities(p.missing), Outbound: httpsOnly{}, Limits: limits, Now: time.Now})
	p.lists = watchlist.NewLibrary(db, blobs, time.Now)
	process := verification.NewProcessor(db, blobs, verification.NewPipeline(markedDocuments{}, nil, nil, p.lists, time.Now), exporter{}, []byte("key"), time.Now, nil)
	p.process = process
	p.deliver = webhook.NewDeliverer(db, p, "test")
	p.server = newServer(Config{UseCases: cases, Screenings: verification.NewScreenings(cases, process, db), Reviews: verification.NewReviews(cases, process), Evidence: verification.NewDossiers(cases, process, p.audit, export.Exporter{}), Audit: p.audit, Webhooks: webhook.NewDesk(db, p.deliver, httpsOnly{}, time.Now), Privacy: verification.NewPrivacy(process), Auth: p.auth, Ready: func(context.Context) error { return p.ready },
		SigningKey: bytes.Repeat([]byte("s"), 32), AnswersKey: bytes.Repeat([]byte("a"), 32), SpoolDir: p.spool, Limits: limits, Now: time.Now,
		Logger: slog.New(slog.NewJSONHandler(p.log, nil))})
	p.handler = p.server.handler()
	p.a, p.b = p.newAccount(t, "Alpha"), p.newAccount(t, "Beta")
	return p
}

// emptyDatabase is the data folder of a migrated database, made once: with the
// race detector that takes seconds.
var emptyDatabase = sync.OnceValue(func() string {
	db, err := store.Open(context.Background(), "", templateDir, store.Options{})
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		panic(err)
	}
	return templateDir
})

var templateDir string

func TestMain(m *testing.M) {
	flag.Parse()
	var err error
	if templateDir, err = os.MkdirTemp("", "anycheck-httpapi-*"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(templateDir)
	os.Exit(code)
}

func (p *platform) newAccount(t testing.TB, name string) account {
	t.Helper()
	ctx := t.Context()
	g, err := p.auth.CreateGroup(ctx, name, name+" group")
	if err != nil {
		t.Fatal(err)
	}
	// Hashing a password takes long; who signs in gets one in its own test.
	u := tenant.User{ID: uuid.New(), OrganizationID: g.OrganizationID, GroupID: g.ID, Email: strings.ToLower(name) + "@example.com",
		Name: name + " owner", Role: tenant.OrganizationOwner, CreatedAt: time.Now()}
	if err := p.db.InsertUser(ctx, tenant.Everything(), u); err != nil {
		t.Fatal(err)
	}
	if err := p.db.AppendEntry(ctx, tenant.Everything(), ledger.Entry{ID: uuid.New(), GroupID: g.ID, Kind: ledger.TopUp, Credits: 100, CreatedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
	_, key, err := p.auth.CreateKey(ctx, u, auth.NewKey{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return account{g, u, key}
}

// client calls the API in process.
func (p *platform) client(t *testing.T, options ...client.Option) *client.Client {
	t.Helper()
	c, err := client.New("http://anycheck.test", append(options, client.WithTransport(inProcess{p.handler}))...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// do sends a request with a's key unless the header says otherwise.
func (p *platform) do(method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("X-API-Key", p.a.key)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		if r.Header.Del(header[i]); header[i+1] != "" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w
}

// asB sends a request with b's key.
func (p *platform) asB(method, target, body string) *httptest.ResponseRecorder {
	return p.do(method, target, body, "X-API-Key", p.b.key)
}

// Do implements webhook.Doer.
func (p *platform) Do(r *http.Request) (*http.Response, error) { return p.answers(r) }

type inProcess struct{ h http.Handler }

// RoundTrip serves the request without a network.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	defer r.Body.Close()
	w := httptest.NewRecorder()
	t.h.ServeHTTP(w, r)
	return w.Result(), nil
}

func decode[T any](t testing.TB, w *httptest.ResponseRecorder, status int) T {
	t.Helper()
	var v T
	if w.Code != status {
		t.Fatalf("status %d, want %d: %s", w.Code, status, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	return v
}

// wantProblem checks an error answer and its fields, in order.
func wantProblem(t *testing.T, w *httptest.ResponseRecorder, status int, code fault.Code, fields ...string) problem {
	t.Helper()
	e := decode[problem](t, w, status)
	var got []string
	for _, f := range e.Errors {
		got = append(got, f.Field)
		if f.Message == "" {
			t.Errorf("field %s has no message", f.Field)
		}
	}
	if e.ErrorCode != code || !slices.Equal(got, fields) {
		t.Errorf("%s with fields %q, want %s with %q: %s", e.ErrorCode, got, code, fields, w.Body)
	}
	if ct := w.Header().Get("Content-Type"); ct != "application/json" {
		t.Errorf("Content-Type %q", ct)
	}
	if e.Message == "" || e.RequestID == "" || e.RequestID != w.Header().Get("X-Request-Id") {
		t.Errorf("message %q, request_id %q, header %q", e.Message, e.RequestID, w.Header().Get("X-Request-Id"))
	}
	return e
}

// golden compares with a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; if that is meant, run go test ./internal/httpapi -update and read the diff.\ngot:\n%s", path, got)
	}
}

// multipartBody builds a form from name, value pairs; a name like files:a.jpg
// makes a file part.
func multipartBody(pairs ...string) (body, contentType string) {
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		name, file, isFile := strings.Cut(pairs[i], ":")
		var part io.Writer
		if isFile {
			part, _ = form.CreateFormFile(name, file) // a buffer does not fail
		} else {
			part, _ = form.CreateFormField(name)
		}
		io.WriteString(part, pairs[i+1])
	}
	form.Close()
	return b.String(), form.FormDataContentType()
}

// upload sends a form with a's key.
func (p *platform) upload(pairs ...string) *httptest.ResponseRecorder {
	body, contentType := multipartBody(pairs...)
	return p.do("POST", "/uploads", body, "Content-Type", contentType)
}

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// noQueue takes tasks and never works on them.
type noQueue struct{}

func (noQueue) EnqueueTx(context.Context, *sql.Conn, *sql.Tx, verification.Task) error { return nil }

// memoryBlobs keeps files in memory.
type memoryBlobs struct {
	mu    sync.Mutex
	files map[string][]byte
}

func (m *memoryBlobs) Put(_ context.Context, path string, data io.Reader) error {
	b, err := io.ReadAll(data)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[path] = b
	return err
}

func (m *memoryBlobs) Open(_ context.Context, path string) (io.ReadCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.files[path]
	if !ok {
		return nil, fault.New(fault.NotFound, "There is no such file.")
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

func (m *memoryBlobs) DeleteAll(_ context.Context, folder string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for path := range m.files {
		if strings.HasPrefix(path, folder+"/") {
			delete(m.files, path)
		}
	}
	return nil
}

func (m *memoryBlobs) Delete(_ context.Context, path string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.files, path)
	return nil
}

// markedDocuments takes files that start with IMG as pictures and with LOCK,
// given the password "open", as documents of two pages.
type markedDocuments struct{}

func (markedDocuments) Inspect(_ context.Context, data []byte, password string) (verification.Document, error) {
	switch {
	case bytes.HasPrefix(data, []byte("IMG")):
		return verification.Document{MediaType: "image/png", Pages: 1}, nil
	case bytes.HasPrefix(data, []byte("LOCK")) && password == "open":
		return verification.Document{MediaType: "application/pdf", Pages: 2, Unlocked: data[4:]}, nil
	case bytes.HasPrefix(data, []byte("LOCK")):
		return verification.Document{}, fault.New(fault.Invalid, "The PDF needs its password.")
	}
	return verification.Document{}, fault.New(fault.Unsupported, "The file is no picture and no PDF.")
}

func (markedDocuments) Page(context.Context, []byte, int) (*imaging.Picture, imaging.Info, error) {
	return nil, imaging.Info{}, fault.New(fault.Internal, "not used")
}

type capabilities map[verification.Type][]string

func (c capabilities) Missing(t verification.Type) []string { return c[t] }

type httpsOnly struct{}

func (httpsOnly) CheckURL(url string) error {
	if !strings.HasPrefix(url, "https://") {
		return fault.New(fault.Invalid, "must start with https://")
	}
	return nil
}
