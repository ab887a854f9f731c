package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/auth"
	"anycheck/internal/fault"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// publicRoutes is what the contract lets anyone call. All else is closed.
var publicRoutes = []string{
	"GET /auth/methods", "GET /auth/oidc/callback", "GET /auth/oidc/login", "GET /docs", "GET /files/{path...}", "GET /livez", "GET /metrics", "GET /openapi.json", "GET /postman.json", "GET /readyz",
	"POST /auth/login", "POST /auth/refresh",
}

// target fills a pattern's parameters with an id.
func target(pattern, id string) (method, path string) {
	method, path, _ = strings.Cut(pattern, " ")
	return method, strings.NewReplacer("{id}", id, "{group_id}", id, "{organization_id}", id, "{path...}", "files/x").Replace(path)
}

func TestRoutesNeedCredentials(t *testing.T) {
	p := newPlatform(t)
	if got := slices.Sorted(maps.Keys(p.server.public)); !slices.Equal(got, publicRoutes) {
		t.Errorf("public routes %q, want %q", got, publicRoutes)
	}
	wrong := []struct {
		name   string
		header []string
		code   fault.Code
	}{
		{"nothing", []string{"X-API-Key", ""}, fault.CodeUnauthorized},
		{"another scheme", []string{"X-API-Key", "", "Authorization", "Basic YTpi"}, fault.CodeUnauthorized},
		{"an empty token", []string{"Authorization", "Bearer "}, fault.CodeUnauthorized},
		{"a token that is none", []string{"Authorization", "Bearer x.y.z"}, fault.CodeInvalidToken},
		{"a key that is none", []string{"X-API-Key", "ack_live_AAAAAAAA_x"}, fault.CodeInvalidAPIKey},
	}
	for _, pattern := range p.server.mux.patterns {
		if slices.Contains(publicRoutes, pattern) {
			continue
		}
		for _, tt := range wrong {
			t.Run(pattern+" with "+tt.name, func(t *testing.T) {
				method, path := target(pattern, uuid.NewString())
				w := p.do(method, path, "", tt.header...)
				wantProblem(t, w, http.StatusUnauthorized, tt.code)
				if got := w.Header().Get("WWW-Authenticate"); got != "Bearer" {
					t.Errorf("WWW-Authenticate %q", got)
				}
			})
		}
	}
}

func TestDocument(t *testing.T) {
	p := newPlatform(t)
	w := p.do("GET", "/openapi.json", "", "X-API-Key", "")
	doc := decode[struct {
		OpenAPI string                               `json:"openapi"`
		Paths   map[string]map[string]map[string]any `json:"paths"`
	}](t, w, http.StatusOK)
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("openapi %q", doc.OpenAPI)
	}
	documented := 0
	for path, methods := range doc.Paths {
		for method, op := range methods {
			documented++
			if op["summary"] == "" || op["summary"] == nil {
				t.Errorf("%s %s has no summary", method, path)
			}
		}
	}
	for _, pattern := range p.server.mux.patterns {
		method, path, _ := strings.Cut(strings.Replace(pattern, "...}", "}", 1), " ")
		if doc.Paths[path][strings.ToLower(method)] == nil {
			t.Errorf("%s is not in the document", pattern)
		}
	}
	if documented != len(p.server.mux.patterns) {
		t.Errorf("%d operations documented, %d routes", documented, len(p.server.mux.patterns))
	}
	golden(t, "openapi.json", w.Body.Bytes())
}

func TestNotRouted(t *testing.T) {
	p := newPlatform(t)
	wantProblem(t, p.do("GET", "/nothing", ""), http.StatusNotFound, fault.CodeNotFound)
	wantProblem(t, p.do("GET", "/verifications/", ""), http.StatusNotFound, fault.CodeNotFound)
	w := p.do("PUT", "/folders/"+uuid.NewString(), "{}")
	wantProblem(t, w, http.StatusMethodNotAllowed, fault.CodeInvalidRequest)
	if got := w.Header().Get("Allow"); got != "DELETE, GET, HEAD, PATCH" {
		t.Errorf("Allow %q", got)
	}
}

func TestBadRequests(t *testing.T) {
	p := newPlatform(t)
	folder := decode[folder](t, p.do("POST", "/folders", `{"name":"F"}`), http.StatusCreated)
	service := verification.Catalogue()[0].ID.String()
	some := uuid.NewString()
	create := func(configuration, more string) string {
		return fmt.Sprintf(`{"service_id":%q,"folder_id":%q,"configuration":%s%s}`, service, folder.ID, configuration, more)
	}
	const ktp = `{"verification_type":"KTP","files":{"ktp_file":["files/x"]}}`
	tests := []struct {
		name           string
		method, target string
		body           string
		header         []string
		status         int
		code           fault.Code
		fields         []string
	}{
		{name: "malformed JSON", method: "POST", target: "/folders", body: `{"name":`, status: 400, code: fault.CodeInvalidRequest},
		{name: "two values", method: "POST", target: "/folders", body: `{"name":"a"} {}`, status: 400, code: fault.CodeInvalidRequest},
		{name: "no body", method: "POST", target: "/folders", status: 400, code: fault.CodeInvalidRequest},
		{name: "null", method: "POST", target: "/folders", body: `null`, status: 400, code: fault.CodeInvalidRequest},
		{name: "a list", method: "POST", target: "/folders", body: `[]`, status: 400, code: fault.CodeInvalidRequest},
		{name: "not JSON", method: "POST", target: "/folders", body: `name=a`, header: []string{"Content-Type", "application/x-www-form-urlencoded"}, status: 400, code: fault.CodeInvalidRequest},
		{name: "a body over the limit", method: "POST", target: "/folders", body: `{"name":"` + strings.Repeat("x", maxBody) + `"}`, status: 413, code: fault.CodeFileTooLarge},
		{name: "a missing field", method: "POST", target: "/folders", body: `{}`, status: 400, code: fault.CodeInvalidRequest, fields: []string{"name"}},
		{name: "an unknown field", method: "POST", target: "/folders", body: `{"name":"a","colour":1}`, status: 400, code: fault.CodeInvalidRequest, fields: []string{"colour"}},
		{name: "a field in other case", method: "POST", target: "/folders", body: `{"Name":"a"}`, status: 400, code: fault.CodeInvalidRequest, fields: []string{"Name", "name"}},
		{name: "another type", method: "POST", target: "/folders", body: `{"name":1}`, status: 400, code: fault.CodeInvalidRequest, fields: []string{"name"}},
		{name: "null for a field", method: "POST", target: "/folders", body: `{"name":null}`, status: 400, code: fault.CodeInvalidRequest, fields: []string{"name"}},
		{name: "a blank name", method: "POST", target: "/folders", body: `{"name":" "}`, status: 400, code: fault.CodeInvalidRequest, fields: []string{"name"}},
		{name: "a path id that is none", method: "GET", target: "/folders/1", status: 400, code: fault.CodeInvalidID, fields: []string{"id"}},
		{name: "a path id in braces", method: "GET", target: "/folders/%7B" + some + "%7D", status: 400, code: fault.CodeInvalidID, fields: []string{"id"}},
		{name: "a path id with a slash", method: "GET", target: "/folders/a%2Fb", status: 400, code: fault.CodeInvalidID, fields: []string{"id"}},
		{name: "a group id that is none", method: "GET", target: "/groups/x/folders", status: 400, code: fault.CodeInvalidID, fields: []string{"group_id"}},
		{name: "an unknown folder", method: "GET", target: "/folders/" + some, status: 404, code: fault.CodeNotFound},
		{name: "an unknown folder's results", method: "GET", target: "/folders/" + some + "/results", status: 404, code: fault.CodeNotFound},
		{name: "an unknown service", method: "GET", target: "/services/" + some, status: 404, code: fault.CodeNotFound},
		{name: "an unknown group", method: "GET", target: "/groups/" + some + "/folders", status: 404, code: fault.CodeNotFound},
		{name: "an unknown verification", method: "POST", target: "/verifications/" + some + "/cancel", status: 404, code: fault.CodeNotFound},
		{name: "page_size 0", method: "GET", target: "/verifications?result_id=" + some + "&page_size=0", status: 400, code: fault.CodeInvalidRequest, fields: []string{"page_size"}},
		{name: "page_size 101", method: "GET", target: "/verifications?result_id=" + some + "&page_size=101", status: 400, code: fault.CodeInvalidRequest, fields: []string{"page_size"}},
		{name: "page_size ten", method: "GET", target: "/verifications?result_id=" + some + "&page_size=ten", status: 400, code: fault.CodeInvalidRequest, fields: []string{"page_size"}},
		{name: "page_size 1.5", method: "GET", target: "/verifications?result_id=" + some + "&page_size=1.5", status: 400, code: fault.CodeInvalidRequest, fields: []string{"page_size"}},
		{name: "page_offset -1", method: "GET", target: "/folders/" + some + "/results?page_offset=-1", status: 400, code: fault.CodeInvalidRequest, fields: []string{"page_offset"}},
		{name: "page_offset beyond int64", method: "GET", target: "/folders/" + some + "/results?page_offset=9223372036854775808", status: 400, code: fault.CodeInvalidRequest, fields: []string{"page_offset"}},
		{name: "both page values", method: "GET", target: "/groups/" + some + "/folders?page_offset=-1&page_size=1000", status: 400, code: fault.CodeInvalidRequest, fields: []string{"page_offset", "page_size"}},
		{name: "no result_id", method: "GET", target: "/verifications", status: 400, code: fault.CodeInvalidRequest, fields: []string{"result_id"}},
		{name: "a result_id that is none", method: "GET", target: "/verifications?result_id=7", status: 400, code: fault.CodeInvalidID, fields: []string{"result_id"}},
		{name: "an unknown result_id", method: "GET", target: "/verifications?result_id=" + some, status: 404, code: fault.CodeNotFound},
		{name: "force=perhaps", method: "POST", target: "/verifications/" + some + "/retry?force=perhaps", status: 400, code: fault.CodeInvalidRequest, fields: []string{"force"}},
		{name: "nothing to verify", method: "POST", target: "/verifications", body: `{}`, status: 400, code: fault.CodeInvalidRequest, fields: []string{"configuration", "folder_id", "service_id"}},
		{name: "body ids that are none", method: "POST", target: "/verifications", body: `{"service_id":"1","folder_id":"2","configuration":{}}`, status: 400, code: fault.CodeInvalidID, fields: []string{"folder_id", "service_id"}},
		{name: "a configuration that is no object", method: "POST", target: "/verifications", body: create(`"x"`, ""), status: 400, code: fault.CodeInvalidRequest, fields: []string{"configuration"}},
		{name: "an unknown top-level key", method: "POST", target: "/verifications", body: create(ktp, `,"priority":1`), status: 400, code: fault.CodeInvalidRequest, fields: []string{"priority"}},
		{name: "an unknown configuration key", method: "POST", target: "/verifications", body: create(`{"verification_type":"KTP","files":{"ktp_file":["x"]},"depth":1}`, ""), status: 400, code: fault.CodeInvalidRequest, fields: []string{"configuration.depth"}},
		{name: "an unknown key of files", method: "POST", target: "/verifications", body: create(`{"verification_type":"KTP","files":{"ktp_file":["x"],"visa_file":["y"]}}`, ""), status: 400, code: fault.CodeInvalidRequest, fields: []string{"configuration.files.visa_file"}},
		{name: "a file that is a number", method: "POST", target: "/verifications", body: create(`{"verification_type":"KTP","files":{"ktp_file":[7]}}`, ""), status: 400, code: fault.CodeInvalidRequest, fields: []string{"configuration.files.ktp_file[0]"}},
		{name: "files that are a text", method: "POST", target: "/verifications", body: create(`{"verification_type":"KTP","files":"x"}`, ""), status: 400, code: fault.CodeInvalidRequest, fields: []string{"configuration.files", "configuration.files.ktp_file"}},
		{name: "a file field that is a text", method: "POST", target: "/verifications", body: create(`{"verification_type":"KTP","files":{"ktp_file":"x"}}`, ""), status: 400, code: fault.CodeInvalidRequest, fields: []string{"configuration.files.ktp_file"}},
		{name: "fraud_detection in quotes", method: "POST", target: "/verifications", body: create(`{"verification_type":"KTP","files":{"ktp_file":["x"]},"fraud_detection":"true"}`, ""), status: 400, code: fault.CodeInvalidRequest, fields: []string{"configuration.fraud_detection"}},
		{name: "a type that is none", method: "POST", target: "/verifications", body: create(`{"verification_type":"SIM","files":{"ktp_file":["x"]}}`, ""), status: 400, code: fault.CodeInvalidValue, fields: []string{"configuration.verification_type"}},
		{name: "a missing file", method: "POST", target: "/verifications", body: create(`{"verification_type":"KTP_SELFIE","files":{}}`, ""), status: 400, code: fault.CodeInvalidRequest, fields: []string{"configuration.files.ktp_file", "configuration.files.selfie_file"}},
		{name: "a file that was not uploaded", method: "POST", target: "/verifications", body: create(ktp, ""), status: 400, code: fault.CodeInvalidRequest, fields: []string{"configuration.files.ktp_file[0]"}},
		{name: "an unknown service to verify", method: "POST", target: "/verifications", body: strings.Replace(create(ktp, ""), service, some, 1), status: 404, code: fault.CodeNotFound, fields: []string{"service_id"}},
		{name: "metadata that is no object", method: "POST", target: "/verifications", body: create(ktp, `,"webhook_metadata":[]`), status: 400, code: fault.CodeInvalidRequest, fields: []string{"webhook_metadata"}},
		{name: "a webhook address that is a number", method: "POST", target: "/verifications", body: create(ktp, `,"webhook_url":7`), status: 400, code: fault.CodeInvalidRequest, fields: []string{"webhook_url"}},
		{name: "a wrong password", method: "POST", target: "/auth/login", body: `{"email":"nobody@example.com","password":"x"}`, header: []string{"X-API-Key", ""}, status: 401, code: fault.CodeInvalidCredentials},
		{name: "an unknown refresh token", method: "POST", target: "/auth/refresh", body: `{"refresh_token":"x"}`, header: []string{"X-API-Key", ""}, status: 401, code: fault.CodeInvalidToken},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := p.do(tt.method, tt.target, tt.body, tt.header...)
			e := wantProblem(t, w, tt.status, tt.code, tt.fields...)
			if len(tt.fields) == 0 && strings.Contains(w.Body.String(), `"errors"`) {
				t.Errorf("errors without fields: %s", w.Body)
			}
			if strings.Contains(e.Message, "expected") {
				t.Errorf("the message is not ours: %s", e.Message)
			}
		})
	}
}

// Every route that takes an id answers another organization's as not found.
func TestAnotherOrganization(t *testing.T) {
	p := newPlatform(t)
	v := p.verify(t)
	job := v.ExternalJobID.OCRJobID[0].String()
	group := p.a.group.ID.String()
	_, key, err := p.auth.CreateKey(t.Context(), p.b.user, auth.NewKey{Name: "everything", Scopes: tenant.KeyScopes()})
	if err != nil {
		t.Fatal(err)
	}
	_, testKey, err := p.auth.CreateKey(t.Context(), p.a.user, auth.NewKey{Name: "sandbox", Scopes: tenant.KeyScopes(), Test: true})
	if err != nil {
		t.Fatal(err)
	}
	sent := p.moves(t, v, verification.InProgress)[0]
	for _, tt := range []struct{ method, target, body string }{
		{"GET", "/folders/" + v.FolderID.String(), ""},
		{"PATCH", "/folders/" + v.FolderID.String(), `{"name":"mine"}`},
		{"DELETE", "/folders/" + v.FolderID.String(), ""},
		{"GET", "/folders/" + v.FolderID.String() + "/results", ""},
		{"GET", "/groups/" + group + "/folders", ""},
		{"GET", "/verifications?result_id=" + v.ResultID.String(), ""},
		{"GET", "/verifications/" + v.ID.String(), ""},
		{"POST", "/verifications/" + v.ID.String() + "/retry?force=true", ""},
		{"POST", "/verifications/" + v.ID.String() + "/cancel", ""},
		{"GET", "/verifications/" + v.ID.String() + "/events", ""},
		{"POST", "/verifications/" + v.ID.String() + "/dismissals", `{"entity_id":"E","reason":"x"}`},
		{"DELETE", "/verifications/" + v.ID.String() + "/dismissals/E", ""},
		{"POST", "/verifications/" + v.ID.String() + "/reveal", `{"field":"nik","reason":"x"}`},
		{"DELETE", "/results/" + v.ResultID.String() + "?reason=OTHER", ""},
		{"GET", "/groups/" + group + "/retention", ""},
		{"GET", "/verifications/" + v.ID.String() + "/attempts", ""},
		{"GET", "/verifications/" + v.ID.String() + "/reviews", ""},
		{"POST", "/verifications/" + v.ID.String() + "/review", `{"decision":"approve","reason":"x"}`},
		{"POST", "/verifications/" + v.ID.String() + "/fraud-decision", `{"decision":"continue","reason":"x"}`},
		{"PUT", "/verifications/drafts/" + v.ID.String(), fmt.Sprintf(`{"service_id":%q}`, v.Service.ID)},
		{"POST", "/verifications/drafts/" + v.ID.String() + "/submit", ""},
		{"GET", "/groups/" + group + "/settings", ""},
		{"PATCH", "/groups/" + group + "/settings", `{"review":{"four_eyes":true}}`},
		{"GET", "/results?folder_id=" + v.FolderID.String(), ""},
		{"GET", "/jobs/" + job, ""},
		{"GET", "/webhooks/deliveries/" + sent.String(), ""},
		{"POST", "/webhooks/deliveries/" + sent.String() + "/replay", ""},
		{"GET", "/results/" + v.ResultID.String(), ""},
		{"GET", "/results/" + v.ResultID.String() + "/evidence.zip", ""},
	} {
		t.Run(tt.method+" "+tt.target, func(t *testing.T) {
			for _, stranger := range []string{key, testKey} { // a test key of the very group is one too
				wantProblem(t, p.do(tt.method, tt.target, tt.body, "X-API-Key", stranger), http.StatusNotFound, fault.CodeNotFound)
			}
			if tt.method == "GET" {
				if w := p.do(tt.method, tt.target, ""); w.Code != http.StatusOK {
					t.Errorf("its owner got %d: %s", w.Code, w.Body)
				}
			}
		})
	}
	// Its owner's key reads no audit log either.
	wantProblem(t, p.do("GET", "/verifications/"+v.ID.String()+"/reveals", "", "X-API-Key", key), http.StatusNotFound, fault.CodeNotFound)
	body := fmt.Sprintf(`{"service_id":%q,"folder_id":%q,"configuration":{}}`, v.Service.ID, v.FolderID)
	for _, stranger := range []string{key, testKey} {
		wantProblem(t, p.do("POST", "/verifications", body, "X-API-Key", stranger), http.StatusNotFound, fault.CodeNotFound, "folder_id")
	}
}

func TestMessages(t *testing.T) {
	p := newPlatform(t)
	for target, want := range map[string]string{
		"/verifications":                                       "is required",
		"/verifications?result_id=7":                           "must be a UUID",
		"/groups/x/folders?page_size=0":                        "must be a number >= 1",
		"/groups/x/folders?page_size=101":                      "must be a number <= 100",
		"/groups/x/folders?page_size=many":                     "must be a whole number",
		"/groups/x/folders?page_size=":                         "must be a whole number",
		"/groups/x/folders?page_size=1&page_size=2":            "must be sent once",
		"/groups/x/folders?search=" + strings.Repeat("x", 121): "must have a length <= 120",
	} {
		e := decode[problem](t, p.do("GET", target, ""), http.StatusBadRequest)
		if got := e.Errors[len(e.Errors)-1].Message; got != want {
			t.Errorf("%s: %q, want %q", target, got, want)
		}
	}
	const when = "must be a time like 2026-11-26T09:00:00Z"
	for _, w := range []*httptest.ResponseRecorder{
		p.do("GET", "/webhooks/deliveries?from=x", ""),
		p.do("POST", "/webhooks/replay", `{"from":"26.11.2026","to":"2026-11-26T09:00:00Z"}`),
		p.do("POST", "/verifications/"+uuid.NewString()+"/dismissals", `{"entity_id":"E","reason":"x","expires_at":"2026-11-26"}`),
	} {
		if e := decode[problem](t, w, http.StatusBadRequest); len(e.Errors) != 1 || e.Errors[0].Message != when {
			t.Errorf("%s, want one field that %s", w.Body, when)
		}
	}
	for body, want := range map[string]string{
		`{"name":"A","birth_date":"today"}`:              "The request has a field that cannot be used: birth_date: must be a date: YYYY-MM-DD, YYYY-MM or YYYY",
		`{"name":"A","birth_date":"today","as_of":"no"}`: "The request has 2 fields that cannot be used.",
	} {
		if e := decode[problem](t, p.do("POST", "/screenings", body), http.StatusBadRequest); e.Message != want {
			t.Errorf("%q, want %q", e.Message, want)
		}
	}
	e := decode[problem](t, p.do("POST", "/folders", `{"name":"a","is_starred":true}`), http.StatusBadRequest)
	if want := "The request has a field that cannot be used: is_starred: is not a field of this request"; e.Message != want {
		t.Errorf("%q, want %q", e.Message, want)
	}
}

func TestKeyWithoutScope(t *testing.T) {
	p := newPlatform(t)
	_, key, err := p.auth.CreateKey(t.Context(), p.a.user, newReadOnlyKey)
	if err != nil {
		t.Fatal(err)
	}
	wantProblem(t, p.do("POST", "/folders", `{"name":"F"}`, "X-API-Key", key), http.StatusForbidden, fault.CodeForbidden)
	if w := p.do("GET", "/services", "", "X-API-Key", key); w.Code != http.StatusOK {
		t.Errorf("GET /services: %d %s", w.Code, w.Body)
	}
}

func TestServices(t *testing.T) {
	p := newPlatform(t)
	p.missing[verification.KTPSelfie] = []string{"mobilefacenet"}
	l := decode[list[service]](t, p.do("GET", "/services", ""), http.StatusOK)
	if l.Total != 2 || len(l.Items) != 2 || len(l.Items[1].Unavailable) != 0 {
		t.Fatalf("%d of %d services", len(l.Items), l.Total)
	}
	s := l.Items[0]
	if !s.IsEnabled || s.Code != verification.KTPService || s.CreditCostDefault != 10 || s.Category.Type != "DOCUMENT_VERIFICATION" {
		t.Errorf("service %+v", s)
	}
	if len(s.Unavailable) != 1 || s.Unavailable[0].VerificationType != verification.KTPSelfie || !slices.Equal(s.Unavailable[0].MissingModels, []string{"mobilefacenet"}) {
		t.Errorf("unavailable %+v", s.Unavailable)
	}
	if got, want := keysOf(t, p.do("GET", "/services/"+s.ID.String(), "").Body.Bytes()), []string{"id", "category", "code", "name", "description", "icon_file_url",
		"credit_cost_default", "action_type", "action_param", "is_enabled", "created_at", "created_by", "updated_at", "updated_by", "unavailable"}; !slices.Equal(got, want) {
		t.Errorf("fields %q, want %q", got, want)
	}
	fields := decode[list[formField]](t, p.do("GET", "/services/"+s.ID.String()+"/form-fields", ""), http.StatusOK)
	var names []string
	for _, f := range fields.Items {
		names = append(names, f.Name)
	}
	if want := []string{"verification_type", "files.ktp_file", "files.selfie_file", "fraud_detection"}; !slices.Equal(names, want) {
		t.Errorf("form fields %q, want %q", names, want)
	}

	w := p.create(t, `{"verification_type":"KTP_SELFIE","files":{"ktp_file":["x"],"selfie_file":["y"]}}`)
	if e := wantProblem(t, w, http.StatusServiceUnavailable, fault.CodeServiceUnavailable); !strings.Contains(e.Message, "mobilefacenet") {
		t.Errorf("the message does not name the model: %s", e.Message)
	}
	if err := p.db.SetServiceEnabled(t.Context(), verification.KTPService, false, "operator", time.Now()); err != nil {
		t.Fatal(err)
	}
	if s := decode[service](t, p.do("GET", "/services/"+s.ID.String(), ""), http.StatusOK); s.IsEnabled {
		t.Error("a service that is switched off is_enabled")
	}
	wantProblem(t, p.create(t, `{}`), http.StatusBadRequest, fault.CodeInvalidValue, "service_id")
}

func TestHealth(t *testing.T) {
	p := newPlatform(t)
	for _, path := range []string{"/livez", "/readyz"} {
		if w := p.do("GET", path, "", "X-API-Key", ""); w.Code != http.StatusOK || strings.TrimSpace(w.Body.String()) != `{"status":"ok"}` {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	p.ready = errors.New("disk full at /secret/place")
	e := wantProblem(t, p.do("GET", "/readyz", "", "X-API-Key", ""), http.StatusServiceUnavailable, fault.CodeServiceUnavailable)
	if strings.Contains(e.Message, "secret") {
		t.Errorf("the message tells the cause: %s", e.Message)
	}
	if !strings.Contains(p.log.String(), "disk full") {
		t.Error("the cause is not in the log")
	}
	if w := p.do("GET", "/livez", "", "X-API-Key", ""); w.Code != http.StatusOK {
		t.Errorf("/livez: %d", w.Code)
	}
}

func TestAnswerHeaders(t *testing.T) {
	p := newPlatform(t)
	for header, want := range map[string]string{
		"X-Content-Type-Options":  "nosniff",
		"Cache-Control":           "no-store",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
		"Content-Type":            "application/json",
	} {
		if got := p.do("GET", "/services", "").Header().Get(header); got != want {
			t.Errorf("%s %q, want %q", header, got, want)
		}
	}
	for sent, kept := range map[string]bool{"abc-123_x.y:z": true, "": false, "has space": false, "a\nb": false, strings.Repeat("x", 65): false, "ü": false} {
		got := p.do("GET", "/livez", "", "X-Request-Id", sent).Header().Get("X-Request-Id")
		if _, err := uuid.Parse(got); (got == sent) != kept || (!kept && err != nil) {
			t.Errorf("X-Request-Id %q gave %q", sent, got)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	e := fault.New(fault.Exhausted, "Slow down.")
	e.RetryAfter = 1500 * time.Millisecond
	w := httptest.NewRecorder()
	writeProblem(w, newProblem(t.Context(), e))
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "2" {
		t.Errorf("%d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
}

// A caller that hung up is no error of the platform's.
func TestHungUp(t *testing.T) {
	p := newPlatform(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequest("GET", "/services", nil).WithContext(ctx)
	r.Header.Set("X-API-Key", p.a.key)
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	wantProblem(t, w, http.StatusRequestTimeout, fault.CodeRequestTimeout)
	if log := p.log.String(); strings.Contains(log, `"ERROR"`) {
		t.Errorf("log: %s", log)
	}
}

func TestPanic(t *testing.T) {
	p := newPlatform(t)
	p.server.mux.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic("at /secret/place") })
	p.server.mux.HandleFunc("GET /late", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
		panic("too late")
	})
	w := p.do("GET", "/panic", "")
	wantProblem(t, w, http.StatusInternalServerError, fault.CodeInternal)
	if strings.Contains(w.Body.String(), "secret") {
		t.Errorf("the answer tells the cause: %s", w.Body)
	}
	if log := p.log.String(); strings.Count(log, "secret") != 1 || !strings.Contains(log, `"stack"`) {
		t.Errorf("log: %s", log)
	}
	defer func() {
		if v := recover(); v != http.ErrAbortHandler {
			t.Errorf("recovered %v, want http.ErrAbortHandler", v)
		}
	}()
	p.do("GET", "/late", "")
	t.Error("half an answer was ended as if it were whole")
}

// The log says which route was called, never with what.
func TestLog(t *testing.T) {
	p := newPlatform(t)
	id := uuid.NewString()
	p.do("GET", "/groups/"+id+"/folders?search=BUDI", "", "X-Request-Id", "req-1")
	p.do("POST", "/folders", `{"name":"BUDI","nik":"3171234567890123"}`)
	log := p.log.String()
	for _, secret := range []string{id, "BUDI", "3171234567890123", p.a.key} {
		if strings.Contains(log, secret) {
			t.Errorf("the log has %q:\n%s", secret, log)
		}
	}
	first, _, _ := strings.Cut(log, "\n")
	var line map[string]any
	if err := json.Unmarshal([]byte(first), &line); err != nil {
		t.Fatal(err)
	}
	if line["request_id"] != "req-1" || line["method"] != "GET" || line["route"] != "GET /groups/{group_id}/folders" || line["status"] != 404.0 || line["error_code"] != "NOT_FOUND" {
		t.Errorf("log line %s", first)
	}
}

// keysOf lists the keys of a JSON object in the order they are written.
func keysOf(t *testing.T, data []byte) []string {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(data))
	if tok, err := dec.Token(); err != nil || tok != json.Delim('{') {
		t.Fatalf("not an object: %s", data)
	}
	var keys []string
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, tok.(string))
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			t.Fatal(err)
		}
	}
	return keys
}

// FuzzQuery looks for query strings that the list of verifications answers
// with anything but 200, 400 or 404.
func FuzzQuery(f *testing.F) {
	for _, q := range []string{"", "result_id=", "result_id=x&result_id=y", "page_size=%zz", "page_size=1;2", "page_offset=1e3&result_id=%00",
		"result_id=" + uuid.NewString() + "&page_size=+5", "%", "a=b=c&&&=", "page_offset=09"} {
		f.Add(q)
	}
	p := newPlatform(f)
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequest("GET", "/verifications", nil)
		r.URL.RawQuery = query
		r.Header.Set("X-API-Key", p.a.key)
		w := httptest.NewRecorder()
		p.handler.ServeHTTP(w, r)
		switch w.Code {
		case http.StatusOK, http.StatusBadRequest, http.StatusNotFound:
		default:
			t.Errorf("%q gave %d: %s", query, w.Code, w.Body)
		}
	})
}
