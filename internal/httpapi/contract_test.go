package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"anycheck/client"
	"anycheck/internal/apidoc"
	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

// withoutExample are the operations whose answer is the document itself.
var withoutExample = []string{"getOpenAPI", "getPostmanCollection"}

// Every operation with a JSON answer has a recorded one, and every error code
// too; all fit their schemas.
func TestExamplesFitTheirSchemas(t *testing.T) {
	doc := newPlatform(t).server.api.OpenAPI()
	calls, problems := examples()
	seen := map[string]bool{}
	for op := range operations(doc) {
		e, ok := calls[op.OperationID]
		seen[op.OperationID] = true
		if !ok {
			t.Errorf("%s was not recorded: run make generate", op.OperationID)
			continue
		}
		r := op.Responses[strconv.Itoa(e.Status)]
		if r == nil {
			t.Errorf("%s answered %d, which it does not document", op.OperationID, e.Status)
			continue
		}
		m := r.Content["application/json"]
		if m != nil && m.Example == nil && !slices.Contains(withoutExample, op.OperationID) {
			t.Errorf("%s has no example of its answer", op.OperationID)
		}
		if m != nil {
			fits(t, op.OperationID+"'s answer", doc, m, m.Example, huma.ModeReadFromServer)
		}
		if op.RequestBody == nil {
			continue
		}
		if m := op.RequestBody.Content["application/json"]; m != nil {
			if m.Example == nil {
				t.Errorf("%s has no example of its request", op.OperationID)
			}
			fits(t, op.OperationID+"'s request", doc, m, m.Example, huma.ModeWriteToServer)
		}
	}
	for id := range calls {
		if !seen[id] {
			t.Errorf("there is an example for %s, which is no operation", id)
		}
	}
	for _, k := range fault.Codes() {
		m := doc.Components.Responses[responseName(k.HTTP)].Content["application/json"]
		if m.Examples[string(k.Code)] == nil {
			t.Errorf("%s has no example", k.Code)
			continue
		}
		fits(t, string(k.Code), doc, m, m.Examples[string(k.Code)].Value, huma.ModeReadFromServer)
	}
	if len(problems) != len(fault.Codes()) {
		t.Errorf("%d examples of errors, %d codes", len(problems), len(fault.Codes()))
	}
}

// fits checks an example against the schema beside it.
func fits(t *testing.T, what string, doc *huma.OpenAPI, m *huma.MediaType, example any, mode huma.ValidateMode) {
	t.Helper()
	if example == nil {
		return
	}
	var value any
	if err := json.Unmarshal(example.(json.RawMessage), &value); err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	for _, err := range differences(doc.Components.Schemas, m.Schema, value, mode) {
		t.Errorf("%s does not fit its schema: %v", what, err)
	}
}

// differences are what huma's validator finds, and what it passes over: it
// takes any value where null is allowed beside another schema.
func differences(r huma.Registry, s *huma.Schema, value any, mode huma.ValidateMode) []error {
	var result huma.ValidateResult
	huma.Validate(r, s, huma.NewPathBuffer(nil, 0), mode, value, &result)
	errs := result.Errors
	var visit func(s *huma.Schema, value any)
	visit = func(s *huma.Schema, value any) {
		for s.Ref != "" {
			s = r.SchemaFromRef(s.Ref)
		}
		if len(s.AnyOf) == 2 && s.AnyOf[1].Type == "null" && value != nil {
			errs = append(errs, differences(r, s.AnyOf[0], value, mode)...)
		}
		switch value := value.(type) {
		case map[string]any:
			for name, p := range s.Properties {
				visit(p, value[name])
			}
		case []any:
			for _, v := range value {
				if s.Items != nil {
					visit(s.Items, v)
				}
			}
		}
	}
	visit(s, value)
	return errs
}

// The check above finds what is wrong.
func TestDifferences(t *testing.T) {
	doc := newPlatform(t).server.api.OpenAPI()
	for name, tt := range map[string]struct{ schema, value string }{
		"a missing field":                {"Named", `{"id":"019b7600-0000-7000-8000-000000000001"}`},
		"another type":                   {"Named", `{"id":"019b7600-0000-7000-8000-000000000001","name":7}`},
		"a text that is no id":           {"Named", `{"id":"7","name":"x"}`},
		"a wrong object instead of null": {"ListUsageRow", `{"total":1,"items":[{"period":"2026-01","service":{"id":1},"user":null,"group":null,"attempts":1,"reserved":1,"used":1,"released":1}]}`},
	} {
		var value any
		if err := json.Unmarshal([]byte(tt.value), &value); err != nil {
			t.Fatal(err)
		}
		if got := differences(doc.Components.Schemas, &huma.Schema{Ref: "#/components/schemas/" + tt.schema}, value, huma.ModeReadFromServer); len(got) == 0 {
			t.Errorf("%s was not found", name)
		}
	}
}

// A field that no request has is refused by every operation that takes JSON,
// wherever it stands, and nothing is done.
func TestUnknownFieldsAreRefused(t *testing.T) {
	p := newPlatform(t)
	u := p.a.user
	u.Role = tenant.SuperAdmin
	p.actAs(u)
	person := []string{"X-API-Key", "", "Authorization", "Bearer person"}
	group := p.a.group.ID.String()
	doc := p.server.api.OpenAPI()
	state := func() map[string]string {
		all := map[string]string{}
		for op := range operations(doc) {
			if method, path := target(op.Method+" "+op.Path, group); method == http.MethodGet && strings.HasPrefix(path, "/groups") && op.OperationID != "listLedgerEntries" {
				w := p.do(method, path, "", person...)
				if w.Code != http.StatusOK {
					t.Fatalf("%s: %d %s", path, w.Code, w.Body)
				}
				all[path] = w.Body.String()
			}
		}
		return all
	}
	before := state()
	// places adds the unknown field to each object of a body whose fields are
	// listed, one at a time.
	var places func(s *huma.Schema, at string, value map[string]any, send func(field string))
	places = func(s *huma.Schema, at string, value map[string]any, send func(string)) {
		for s.Ref != "" {
			s = doc.Components.Schemas.SchemaFromRef(s.Ref)
		}
		value["zz"] = 1
		send(at + "zz")
		delete(value, "zz")
		for name, p := range s.Properties {
			for p.Ref != "" {
				p = doc.Components.Schemas.SchemaFromRef(p.Ref)
			}
			if inner, ok := value[name].(map[string]any); ok && len(p.Properties) > 0 {
				places(p, at+name+".", inner, send)
			}
		}
	}
	tried := 0
	for op := range operations(doc) {
		if op.RequestBody == nil || op.RequestBody.Content["application/json"] == nil {
			continue
		}
		tried++
		m := op.RequestBody.Content["application/json"]
		var body map[string]any
		if err := json.Unmarshal(m.Example.(json.RawMessage), &body); err != nil {
			t.Fatal(err)
		}
		places(m.Schema, "", body, func(field string) {
			data, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			method, path := target(op.Method+" "+op.Path, group)
			w := p.do(method, path, string(data), person...)
			if !strings.Contains(w.Body.String(), `{"field":"`+field+`","message":"is not a field of this request"}`) || w.Code != http.StatusBadRequest {
				t.Errorf("%s with %s: %d %s", op.OperationID, field, w.Code, w.Body)
			}
		})
	}
	if tried == 0 {
		t.Error("no operation takes JSON")
	}
	if after := state(); !maps.Equal(after, before) {
		t.Errorf("something was done:\n%s\nbefore\n%s", after, before)
	}
}

// Every list with pages refuses a page that is not said well. Lists that are
// always whole have no such parameters and leave them alone.
func TestPagesAreSaidWell(t *testing.T) {
	p := newPlatform(t)
	paged := 0
	for op := range operations(p.server.api.OpenAPI()) {
		if !slices.ContainsFunc(op.Parameters, func(q *huma.Param) bool { return q.Name == "page_size" }) {
			continue
		}
		paged++
		_, path := target(op.Method+" "+op.Path, uuid.NewString())
		for query, field := range map[string]string{
			"page_size=": "page_size", "page_size": "page_size", "page_size=1&page_size=2": "page_size", "page_size=5&page_size=": "page_size", "page_size=0": "page_size", "page_size=101": "page_size", "page_size=abc": "page_size",
			"page_offset=": "page_offset", "page_offset=0&page_offset=0": "page_offset", "page_offset=-1": "page_offset",
		} {
			w := p.do(op.Method, path+"?"+query, "")
			if e := decode[problem](t, w, http.StatusBadRequest); !slices.ContainsFunc(e.Errors, func(f fault.FieldError) bool { return f.Field == field }) {
				t.Errorf("%s?%s: %s", op.OperationID, query, w.Body)
			}
		}
	}
	if paged == 0 {
		t.Error("no list has pages")
	}
}

// Every operation says who may call it.
func TestEveryOperationHasAPermission(t *testing.T) {
	p := newPlatform(t)
	known := map[string]bool{}
	for op := range operations(p.server.api.OpenAPI()) {
		known[op.OperationID] = true
		needed, ok := permissions[op.OperationID]
		if public := p.server.public[op.Method+" "+muxPath(*op)]; ok == public {
			t.Errorf("%s: among the permissions %v, open to anyone %v", op.OperationID, ok, public)
		}
		if needed != anyCaller && !slices.ContainsFunc(tenant.Rules(), func(r tenant.Rule) bool { return r.Permission == needed }) {
			t.Errorf("%s needs %s, which nobody has", op.OperationID, needed)
		}
	}
	for id := range permissions {
		if !known[id] {
			t.Errorf("%s is no operation", id)
		}
	}
}

// byBrowser are the operations that a program has no use for: the identity
// provider sends a browser there.
var byBrowser = []string{"finishSSO"}

// TestClientHasEveryOperation calls each method of the public client, with
// arguments of no meaning, and sees which operation it is.
func TestClientHasEveryOperation(t *testing.T) {
	p := newPlatform(t)
	called := map[string][]string{}
	method := ""
	mux := http.NewServeMux()
	for op := range operations(p.server.api.OpenAPI()) {
		mux.HandleFunc(op.Method+" "+muxPath(*op), func(w http.ResponseWriter, r *http.Request) {
			called[op.OperationID] = append(called[op.OperationID], method)
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, "{}")
		})
	}
	mux.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s calls %s %s, which is not in the document", method, r.Method, r.URL.Path)
	})
	id := uuid.NewString()
	argument := func(of reflect.Type) reflect.Value {
		switch {
		case of == reflect.TypeFor[context.Context]():
			return reflect.ValueOf(t.Context())
		case of == reflect.TypeFor[io.Writer]():
			return reflect.ValueOf(io.Discard)
		case of.Kind() == reflect.String && method == "Download":
			return reflect.ValueOf("http://anycheck.test/files/" + id)
		case of.Kind() == reflect.String:
			return reflect.ValueOf(id).Convert(of)
		}
		return reflect.Zero(of)
	}
	of := reflect.TypeFor[*client.Client]()
	for i := range of.NumMethod() {
		m := of.Method(i)
		method = m.Name
		c, err := client.New("http://anycheck.test", client.WithTransport(inProcess{mux}))
		if err != nil {
			t.Fatal(err)
		}
		in := []reflect.Value{reflect.ValueOf(c)}
		for j := 1; j < m.Type.NumIn(); j++ {
			if !m.Type.IsVariadic() || j < m.Type.NumIn()-1 {
				in = append(in, argument(m.Type.In(j)))
			}
		}
		before := fmt.Sprint(called)
		out := m.Func.Call(in)
		if method == "SignInURL" { // for a browser: it tells the address only
			mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, out[0].String(), nil))
		} else if err, _ := out[len(out)-1].Interface().(error); err != nil {
			t.Errorf("%s: %v", method, err)
		}
		if fmt.Sprint(called) == before {
			t.Errorf("%s calls no operation", method)
		}
	}
	for op := range operations(p.server.api.OpenAPI()) {
		if browser := slices.Contains(byBrowser, op.OperationID); browser != (len(called[op.OperationID]) == 0) {
			t.Errorf("%s is called by %q", op.OperationID, called[op.OperationID])
		}
	}
}

// The page shows every operation, code, permission and shape, and needs
// nothing that its policy does not allow.
func TestReferencePage(t *testing.T) {
	p := newPlatform(t)
	w := p.do("GET", "/docs", "", "X-API-Key", "")
	page := w.Body.String()
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("%d %s", w.Code, w.Header().Get("Content-Type"))
	}
	if got, want := w.Header().Get("Content-Security-Policy"), "default-src 'none'; frame-ancestors 'none'; style-src "+apidoc.StyleSource(); got != want {
		t.Errorf("policy %s, want %s", got, want)
	}
	doc := p.server.api.OpenAPI()
	for op := range operations(doc) {
		if !strings.Contains(page, `id="`+op.OperationID+`"`) || !strings.Contains(page, `href="#`+op.OperationID+`"`) {
			t.Errorf("%s is not on the page", op.OperationID)
		}
		if len(op.Tags) != 1 || !slices.ContainsFunc(doc.Tags, func(g *huma.Tag) bool { return g.Name == op.Tags[0] }) {
			t.Errorf("%s has the tags %q", op.OperationID, op.Tags)
		}
	}
	for _, k := range fault.Codes() {
		if !strings.Contains(page, "<code>"+string(k.Code)+"</code>") {
			t.Errorf("%s is not on the page", k.Code)
		}
	}
	for _, r := range tenant.Rules() {
		if !strings.Contains(page, `id="permission-`+strings.ReplaceAll(string(r.Permission), ":", "-")+`"`) {
			t.Errorf("%s is not on the page", r.Permission)
		}
	}
}

// The collection is a golden file; its operations are the document's.
func TestPostmanCollection(t *testing.T) {
	p := newPlatform(t)
	w := p.do("GET", "/postman.json", "", "X-API-Key", "")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%d %s", w.Code, w.Header().Get("Content-Type"))
	}
	var c struct {
		Item []struct {
			Item []struct {
				Request struct {
					Method string
					URL    struct{ Path []string }
				}
			}
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &c); err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, folder := range c.Item {
		for _, item := range folder.Item {
			path := ""
			for _, part := range item.Request.URL.Path {
				if name, ok := strings.CutPrefix(part, ":"); ok {
					part = "{" + name + "}"
				}
				path += "/" + part
			}
			got = append(got, item.Request.Method+" "+path)
		}
	}
	for op := range operations(p.server.api.OpenAPI()) {
		want = append(want, op.Method+" "+op.Path)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("requests\n%q, want\n%q", got, want)
	}
	golden(t, "postman.json", w.Body.Bytes())
	if bytes.Contains(w.Body.Bytes(), []byte(p.a.key)) {
		t.Error("the collection has a key in it")
	}
}
