package apidoc

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// document is the API's own, as package httpapi's tests keep it.
func document(t *testing.T) *Document {
	t.Helper()
	data, err := os.ReadFile("../httpapi/testdata/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	d, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestParse(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":               `{`,
		"another type":          `{"paths":[]}`,
		"an unknown parameter":  `{"paths":{"/x":{"get":{"parameters":[{"$ref":"#/components/parameters/P"}],"responses":{}}}}}`,
		"an unknown response":   `{"paths":{"/x":{"get":{"responses":{"400":{"$ref":"#/components/responses/R"}}}}}}`,
		"a status that is none": `{"paths":{"/x":{"get":{"responses":{"20":{}}}}}}`,
	} {
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// The page has no script and loads nothing; every link within it leads
// somewhere, and no two places have one name.
func TestPageStandsAlone(t *testing.T) {
	data, err := document(t).Page()
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	tags := strings.ToLower(regexp.MustCompile(`>[^<]*<`).ReplaceAllString(page, "><"))
	for _, no := range []string{"<script", "<link", "<img", "<iframe", "<form", "style=", "javascript:", " on", "@import", "url("} {
		if strings.Contains(tags, no) {
			t.Errorf("the page has %q", no)
		}
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if ids[m[1]] {
			t.Errorf("two places are called %s", m[1])
		}
		ids[m[1]] = true
	}
	links := regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(page, -1)
	for _, m := range links {
		if to, within := strings.CutPrefix(m[1], "#"); within && !ids[to] {
			t.Errorf("%s leads nowhere", m[1])
		} else if !within && m[1] != "openapi.json" && m[1] != "postman.json" {
			t.Errorf("the page links to %s", m[1])
		}
	}
	if len(links) < 500 {
		t.Errorf("%d links", len(links))
	}
	// The policy allows the style sheet by its hash: not a byte may differ.
	_, rest, _ := strings.Cut(page, "<style>")
	if style, _, _ := strings.Cut(rest, "</style>"); style != pageStyle {
		t.Error("the style sheet on the page is not the one that was hashed")
	}
}

// What the document says is shown as text, whatever it is.
func TestPageEscapes(t *testing.T) {
	d, err := Parse([]byte(`{"info":{"title":"<b>"},"tags":[{"name":"T"}],"paths":{"/x":{"get":{"operationId":"x","tags":["T"],"summary":"<i>","description":"\"><script>",
		"responses":{"200":{"description":"d","content":{"application/json":{"schema":{"type":"object"},"example":{"a":"</code><script>\u003cu\u003e"}}}}}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	page, err := d.Page()
	if err != nil {
		t.Fatal(err)
	}
	for _, no := range []string{"<b>", "<i>", "<u>", "<script"} {
		if strings.Contains(string(page), no) {
			t.Errorf("the page has %s", no)
		}
	}
}

func TestTypes(t *testing.T) {
	for text, want := range map[string]string{
		`{"type":"string","format":"uuid"}`:                                                   "string (uuid)||",
		`{"type":["string","null"],"format":"date-time"}`:                                     "string (date-time)|| or null",
		`{"type":"array","items":{"$ref":"#/components/schemas/Check"}}`:                      "array of |Check|",
		`{"type":"object","additionalProperties":{"type":"array","items":{"type":"string"}}}`: "object of array of string||",
		`{"type":"object","additionalProperties":true}`:                                       "object||",
		`{"anyOf":[{"$ref":"#/components/schemas/Erased"},{"type":"null"}]}`:                  "|Erased| or null",
		`{}`: "any||",
	} {
		var s schema
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			t.Fatal(err)
		}
		v := (&Document{}).typeOf(&s)
		if got := v.Before + "|" + v.Shape + "|" + v.After; got != want {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
	var s schema
	if err := json.Unmarshal([]byte(`{"type":"integer","minimum":1,"maximum":100,"default":10}`), &s); err != nil || s.limits() != "1 to 100, default 10" {
		t.Errorf("%q, %v", s.limits(), err)
	}
}

// Objects within an object are shown with it.
func TestFieldsWithin(t *testing.T) {
	var s schema
	if err := json.Unmarshal([]byte(`{"properties":{
		"consent":{"type":["object","null"],"properties":{"text":{"type":"string"}},"required":["text"]},
		"rows":{"type":"array","items":{"type":"object","properties":{"n":{"type":"integer"}}}}}}`), &s); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range (&Document{}).fields(&s) {
		got = append(got, f.Name)
	}
	if want := []string{"consent", "consent.text", "rows", "rows[].n"}; !slices.Equal(got, want) {
		t.Errorf("fields %q, want %q", got, want)
	}
}

// The collection keeps to the format's rules: what each element must have.
func TestPostman(t *testing.T) {
	d := document(t)
	data, err := d.Postman()
	if err != nil {
		t.Fatal(err)
	}
	var c map[string]any
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	if info := c["info"].(map[string]any); info["schema"] != postmanSchema || info["name"] == "" {
		t.Errorf("info %v", info)
	}
	variables := map[string]bool{}
	for _, v := range c["variable"].([]any) {
		variables["{{"+v.(map[string]any)["key"].(string)+"}}"] = true
	}
	for _, use := range regexp.MustCompile(`\{\{[^}]*\}\}`).FindAllString(string(data), -1) {
		if !variables[use] && use != "{{$guid}}" { // Postman's own
			t.Errorf("there is no variable %s", use)
		}
	}
	requests, answers := 0, 0
	for _, f := range c["item"].([]any) {
		f := f.(map[string]any)
		if len(f["item"].([]any)) == 0 {
			t.Errorf("the folder %s is empty", f["name"])
		}
		for _, i := range f["item"].([]any) {
			i := i.(map[string]any)
			requests++
			checkRequest(t, i["name"].(string), i["request"].(map[string]any))
			for _, a := range i["response"].([]any) {
				a := a.(map[string]any)
				answers++
				if a["code"].(float64) < 200 || a["status"] == "" || !json.Valid([]byte(a["body"].(string))) {
					t.Errorf("%s: a saved answer %v", i["name"], a["code"])
				}
				checkRequest(t, i["name"].(string), a["originalRequest"].(map[string]any))
			}
		}
	}
	if operations := len(regexp.MustCompile(`"operationId"`).FindAllString(mustRead(t), -1)); requests != operations || answers < requests/2 {
		t.Errorf("%d requests and %d answers for %d operations", requests, answers, operations)
	}
}

func mustRead(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../httpapi/testdata/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func checkRequest(t *testing.T, name string, r map[string]any) {
	t.Helper()
	u := r["url"].(map[string]any)
	raw, _ := u["raw"].(string)
	if !slices.Contains([]string{"GET", "POST", "PUT", "PATCH", "DELETE"}, r["method"].(string)) || !strings.HasPrefix(raw, "{{baseUrl}}/") {
		t.Errorf("%s: %v %v", name, r["method"], raw)
	}
	variables := map[string]bool{}
	list, _ := u["variable"].([]any)
	for _, v := range list {
		variables[":"+v.(map[string]any)["key"].(string)] = true
	}
	for _, part := range u["path"].([]any) {
		if strings.HasPrefix(part.(string), ":") != variables[part.(string)] {
			t.Errorf("%s: the path has %s, the variables are %v", name, part, variables)
		}
	}
	body, ok := r["body"].(map[string]any)
	if !ok {
		return
	}
	switch body["mode"] {
	case "raw":
		if !json.Valid([]byte(body["raw"].(string))) {
			t.Errorf("%s: the body is no JSON", name)
		}
	case "formdata":
		if len(body["formdata"].([]any)) == 0 {
			t.Errorf("%s: the form is empty", name)
		}
	default:
		t.Errorf("%s: a body of the mode %v", name, body["mode"])
	}
}
