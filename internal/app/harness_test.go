package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"anycheck/client"
	"anycheck/internal/app"
	"anycheck/internal/auth"
	"anycheck/internal/config"
	"anycheck/internal/onnx"
	"anycheck/internal/onnx/onnxtest"
	"anycheck/internal/specimen"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

const (
	adminEmail    = "admin@example.com"
	adminPassword = "a password for tests"
)

func TestMain(m *testing.M) {
	// The crash test runs this binary again as the server that it kills.
	if dir := os.Getenv("ANYCHECK_TEST_SERVE"); dir != "" {
		os.Exit(serveUntilKilled(dir))
	}
	os.Exit(m.Run())
}

// testConfig is a configuration on a data folder of its own.
func testConfig(dir, models string) config.Config {
	return config.Config{Addr: "127.0.0.1:0", DataDir: dir, ModelsDir: models, OutboundAllow: []string{"127.0.0.0/8"}, AdminEmail: adminEmail,
		AdminPassword: adminPassword, InitialCredits: 1000, MaxUploadFiles: 10, MaxFileMiB: 20, MaxPages: 50, MaxMegapixels: 50,
		RatePerKey: 30_000, RatePerGroup: 60_000, RatePerAddress: 6_000, LogLevel: "info"}
}

// logs collects what the server logs; a test can look for what must not be there.
type logs struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// server is a running platform.
type server struct {
	*app.Server
	cfg   config.Config
	logs  *logs
	watch verification.Watch
}

// start runs a server until the test ends.
func start(t *testing.T, change func(*config.Config), watch verification.Watch) *server {
	t.Helper()
	s := &server{cfg: testConfig(t.TempDir(), onnxtest.ModelsDir(t)), logs: &logs{}, watch: watch}
	if change != nil {
		change(&s.cfg)
	}
	t.Cleanup(s.run(t))
	return s
}

// run starts s on its data folder and gives what stops it, once.
func (s *server) run(t *testing.T) (stopped func()) {
	t.Helper()
	var err error
	s.Server, err = app.NewServer(t.Context(), s.cfg, slog.New(slog.NewTextHandler(s.logs, nil)), app.ServerOptions{Version: "test", Watch: s.watch})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	return sync.OnceFunc(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("server: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if t.Failed() {
			t.Logf("log of the server:\n%s", s.logs)
		}
	})
}

// admin is a client signed in as the first administrator.
func (s *server) admin(t *testing.T) *client.Client {
	t.Helper()
	return s.login(t, adminEmail, adminPassword)
}

// key is a client with an API key of the first administrator: what it creates
// goes straight to COMPLETED.
func (s *server) key(t *testing.T) *client.Client {
	t.Helper()
	u, err := s.Auth.UserByEmail(t.Context(), adminEmail)
	if err != nil {
		t.Fatal(err)
	}
	_, text, err := s.Auth.CreateKey(t.Context(), u, auth.NewKey{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(s.URL(), client.WithAPIKey(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (s *server) login(t *testing.T, email, password string) *client.Client {
	t.Helper()
	c, err := client.New(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Login(t.Context(), email, password); err != nil {
		t.Fatal(err)
	}
	return c
}

// tenant makes an organization with one user and 1000 credits.
func (s *server) tenant(t *testing.T, organization string, role tenant.Role) (*client.Client, tenant.User) {
	t.Helper()
	g, err := s.Auth.CreateGroup(t.Context(), organization, "Group of "+organization)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.TopUp(t.Context(), g.ID, 1000, "test"); err != nil {
		t.Fatal(err)
	}
	email := strings.ToLower(organization) + "@example.com"
	u, err := s.Auth.CreateUser(t.Context(), auth.NewUser{Email: email, Password: adminPassword, Role: role, Group: g})
	if err != nil {
		t.Fatal(err)
	}
	return s.login(t, email, adminPassword), u
}

// needsFaceModels skips where the face models cannot be had.
func needsFaceModels(t *testing.T) {
	t.Helper()
	r := onnxtest.Open(t)
	for _, role := range []onnx.Role{onnx.RoleFaceDetector, onnx.RoleFaceEmbedder} {
		for _, name := range r.Role(role) {
			onnxtest.Model(t, r, name)
		}
	}
}

// pictures are drawn once for all tests.
type pictures struct {
	person                                                       specimen.Person
	card, upsideDown, selfie, stranger, noCard, noFace, twoFaces []byte
}

var drawn = sync.OnceValues(func() (pictures, error) {
	p := pictures{person: specimen.People(1, 7)[0]}
	card := specimen.Card(p.person, specimen.Portrait(p.person.Identity, specimen.Studio(p.person)))
	var errs []error
	jpeg := func(pic interface{ EncodeJPEG(int) ([]byte, error) }) []byte {
		data, err := pic.EncodeJPEG(90)
		if err != nil {
			errs = append(errs, err)
		}
		return data
	}
	p.card = jpeg(specimen.Photograph(card, specimen.Easy, 1).Picture)
	p.upsideDown = jpeg(specimen.Photograph(card, specimen.UpsideDown, 2).Picture)
	p.selfie = jpeg(specimen.Face(p.person.Identity, specimen.Variation{Yaw: 6, Light: 20, Smile: 0.3, Scene: 3}))
	other := p.person.Identity.Stranger()
	p.stranger = jpeg(specimen.Face(other, specimen.Variation{Scene: 4}))
	p.noCard = jpeg(specimen.NoCard(5))
	p.noFace = jpeg(specimen.NoFace())
	p.twoFaces = jpeg(specimen.TwoFaces(p.person.Identity, other))
	if len(errs) > 0 {
		return p, errs[0]
	}
	return p, nil
})

func draw(t *testing.T) pictures {
	t.Helper()
	p, err := drawn()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// caller drives one tenant's calls.
type caller struct {
	*client.Client
	service, folder string
}

func newCaller(t *testing.T, c *client.Client) caller {
	t.Helper()
	services, err := c.Services(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	folder, err := c.CreateFolder(t.Context(), "Cases")
	if err != nil {
		t.Fatal(err)
	}
	return caller{c, services.Items[0].ID, folder.ID}
}

func (c caller) upload(t *testing.T, files ...[]byte) []string {
	t.Helper()
	var in []client.File
	for i, data := range files {
		in = append(in, client.File{Name: fmt.Sprintf("file%d.jpg", i), Content: bytes.NewReader(data)})
	}
	up, err := c.Upload(t.Context(), client.InputFile, in...)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, f := range up.Files {
		paths = append(paths, f.Path)
	}
	return paths
}

// request is a verification of a card and, when given, a selfie.
func (c caller) request(kind, card, selfie string) client.NewVerification {
	files := client.KTPFiles{KTPFile: []string{card}}
	if selfie != "" {
		files.SelfieFile = []string{selfie}
	}
	return client.NewVerification{ServiceID: c.service, FolderID: c.folder, Configuration: client.KTPConfiguration{VerificationType: kind, Files: files}}
}

// verify creates a verification and waits until it settles.
func (c caller) verify(t *testing.T, n client.NewVerification) client.Verification {
	t.Helper()
	v, err := c.CreateVerification(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	v, err = c.Wait(ctx, v.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func check(t *testing.T, v client.Verification, name string) client.Check {
	t.Helper()
	for _, c := range v.Checks {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no check %s in %+v", name, v.Checks)
	return client.Check{}
}

// receiver keeps webhooks whose signature is right.
type receiver struct {
	url  string
	mu   sync.Mutex
	got  []client.WebhookEvent
	bad  []error
	more chan struct{}
}

func newReceiver(t *testing.T, secret string) *receiver {
	t.Helper()
	r := &receiver{more: make(chan struct{}, 1024)}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err == nil {
			err = client.VerifyWebhook(secret, req.Header, body, 5*time.Minute)
		}
		var e client.WebhookEvent
		if err == nil {
			err = json.Unmarshal(body, &e)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if err != nil {
			r.bad = append(r.bad, err)
			w.WriteHeader(http.StatusBadRequest)
		} else {
			r.got = append(r.got, e)
		}
		r.more <- struct{}{}
	}))
	t.Cleanup(s.Close)
	r.url = s.URL
	return r
}

// wait gives the first n webhooks.
func (r *receiver) wait(t *testing.T, n int) []client.WebhookEvent {
	t.Helper()
	timeout := time.After(time.Minute)
	for {
		r.mu.Lock()
		got, bad := append([]client.WebhookEvent{}, r.got...), r.bad
		r.mu.Unlock()
		if len(bad) > 0 {
			t.Fatalf("a webhook was refused: %v", bad[0])
		}
		if len(got) >= n {
			return got
		}
		select {
		case <-r.more:
		case <-timeout:
			t.Fatalf("%d webhooks after a minute, want %d", len(got), n)
		}
	}
}
