package httpapi

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"anycheck/internal/auth"
	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

// TestErrorExamples provokes every error code once and compares the answers
// with the recorded examples; with -update it records them anew. What was
// recorded is in the document of the next run.
func TestErrorExamples(t *testing.T) {
	p := newPlatform(t)
	got := map[fault.Code]json.RawMessage{}
	record := func(w *httptest.ResponseRecorder) {
		t.Helper()
		body := []byte(regexp.MustCompile(`"request_id":"[^"]*"`).ReplaceAllString(w.Body.String(), `"request_id":"019b7600-0000-7000-8000-000000000001"`))
		var e problem
		if err := json.Unmarshal(body, &e); err != nil || w.Code < 400 {
			t.Fatalf("%d %s: %v", w.Code, body, err)
		}
		if got[e.ErrorCode] != nil {
			t.Fatalf("%s comes twice", e.ErrorCode)
		}
		got[e.ErrorCode] = bytes.TrimSpace(body)
	}
	as := func(header ...string) []string { return header }
	some := uuid.Nil.String()
	_, u := p.member(t, "rina", tenant.OrganizationOwner)
	owner := p.bearer(t, u.Email)

	record(p.do("POST", "/folders", `{"name":"","colour":"red"}`))
	record(p.do("GET", "/folders/17", ""))
	record(p.do("POST", "/users", `{"email":"x@example.com","name":"X","role":"KING"}`, owner...))
	record(p.do("POST", "/users", `{"email":"rina@example.com","name":"Rina","role":"AUDITOR"}`, owner...))

	record(p.do("GET", "/profile", "", as("X-API-Key", "")...))
	record(p.do("POST", "/auth/login", `{"email":"rina@example.com","password":"wrong"}`, as("X-API-Key", "")...))
	record(p.do("GET", "/profile", "", as("X-API-Key", "", "Authorization", "Bearer x.y.z")...))
	record(p.do("GET", "/profile", "", as("X-API-Key", "ack_live_AAAAAAAA_x")...))
	yesterday := auth.New(p.db, bytes.Repeat([]byte("k"), 32), func() time.Time { return time.Now().Add(-24 * time.Hour) })
	old, err := yesterday.Login(t.Context(), u.Email, testPassword, auth.Origin{})
	if err != nil {
		t.Fatal(err)
	}
	record(p.do("GET", "/profile", "", as("X-API-Key", "", "Authorization", "Bearer "+old.AccessToken)...))
	_, key, err := yesterday.CreateKey(t.Context(), p.a.user, auth.NewKey{Name: "old", ExpiresAt: ptr(time.Now().Add(-time.Hour))})
	if err != nil {
		t.Fatal(err)
	}
	record(p.do("GET", "/profile", "", as("X-API-Key", key)...))

	record(p.do("POST", "/organizations", `{"name":"Bank Contoh"}`, owner...))
	record(p.do("GET", "/folders/"+some, ""))
	v := p.verify(t)
	record(p.do("POST", "/verifications/"+v.ID.String()+"/fraud-decision", `{"decision":"continue","reason":"it is in order"}`))
	header := as("Idempotency-Key", "8e03978e-40d5-43dd-bc93-6894a57f9324")
	if w := p.do("POST", "/folders", `{"name":"One"}`, header...); w.Code != http.StatusCreated {
		t.Fatal(w.Body)
	}
	record(p.do("POST", "/folders", `{"name":"Another"}`, header...))

	record(p.do("POST", "/folders", `{"name":"`+strings.Repeat("x", maxBody)+`"}`))
	record(p.upload("file_category", "VERIFICATION_INPUT_FILE", "files:notes.txt", "what was said"))

	configuration := func() string {
		up := decode[upload](t, p.upload("file_category", "VERIFICATION_INPUT_FILE", "files:ktp.png", "IMG card"), http.StatusCreated)
		return fmt.Sprintf(`{"verification_type":"KTP","files":{"ktp_file":[%q]}}`, up.Files[0].Path)
	}
	quota := "/users/" + p.a.user.ID.String() + "/quota"
	decode[any](t, p.do("PUT", quota, `{"monthly_credits":10}`, owner...), http.StatusOK)
	record(p.create(t, configuration()))
	decode[any](t, p.do("PUT", quota, `{"monthly_credits":null}`, owner...), http.StatusOK)
	for range 9 {
		p.verify(t)
	}
	record(p.create(t, configuration()))

	for range 5 {
		p.do("POST", "/auth/login", `{"email":"nobody@example.com","password":"wrong"}`, as("X-API-Key", "")...)
	}
	record(p.do("POST", "/auth/login", `{"email":"nobody@example.com","password":"wrong"}`, as("X-API-Key", "")...))
	record(stalled(t, p))
	p.ready = errors.New("the database does not answer")
	record(p.do("GET", "/readyz", ""))
	if err := p.db.Close(); err != nil {
		t.Fatal(err)
	}
	record(p.do("GET", "/folders/"+some, ""))

	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(got); err != nil {
		t.Fatal(err)
	}
	for _, k := range fault.Codes() {
		if got[k.Code] == nil {
			t.Errorf("%s was not provoked", k.Code)
		}
	}
	file := filepath.Join("examples", "errors.json")
	if *update {
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(file); err != nil || !bytes.Equal(b.Bytes(), want) {
		t.Errorf("the answers differ from %s (%v); if that is meant, run make generate.\ngot:\n%s", file, err, &b)
	}
}

// stalled sends a body that does not arrive.
func stalled(t *testing.T, p *platform) *httptest.ResponseRecorder {
	t.Helper()
	huma.Register(p.server.api, huma.Operation{OperationID: "stalled", Method: http.MethodPost, Path: "/stalled", MaxBodyBytes: maxBody, BodyReadTimeout: 20 * time.Millisecond},
		func(context.Context, *createFolderRequest) (*noContent, error) { return nil, nil })
	server := httptest.NewServer(p.handler)
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /stalled HTTP/1.1\r\nHost: x\r\nX-API-Key: %s\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"na", p.a.key)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	w := httptest.NewRecorder()
	w.Code = resp.StatusCode
	maps.Copy(w.Header(), resp.Header)
	if _, err := w.Body.ReadFrom(resp.Body); err != nil {
		t.Fatal(err)
	}
	return w
}
