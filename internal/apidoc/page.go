package apidoc

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strconv"
	"strings"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"lower":  strings.ToLower,
	"join":   func(list []string) string { return strings.Join(list, ", ") },
	"words":  func(role string) string { return strings.ToLower(strings.ReplaceAll(role, "_", " ")) },
	"anchor": anchor,
	"paragraphs": func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return r == '\n' })
	},
	// Every second part stands between backticks: it is code.
	"ticks": func(s string) []string { return strings.Split(s, "`") },
	"odd":   func(i int) bool { return i%2 == 1 },
	// Lets a line break after each part of a path.
	"parts": func(path string) []string { return strings.SplitAfter(path, "/") },
}).Parse(pageText))

// StyleSource is what the header Content-Security-Policy must allow as
// style-src for a Page to be shown: its one style sheet, by its hash.
func StyleSource() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Page is the document for people: one HTML page without scripts, images or
// anything else to load.
func (d *Document) Page() ([]byte, error) {
	v := pageView{Document: d, Style: template.CSS(pageStyle)}
	inline := d.usedOnce()
	for _, t := range d.Tags {
		tag := tagView{Name: t.Name, Description: t.Description}
		for _, op := range d.operations(t.Name) {
			tag.Operations = append(tag.Operations, d.viewOperation(op, inline))
		}
		v.Tags = append(v.Tags, tag)
	}
	v.Errors = d.viewErrors()
	for _, name := range slices.Sorted(maps.Keys(d.Components.Schemas)) {
		if !inline[name] {
			s := d.Components.Schemas[name]
			v.Shapes = append(v.Shapes, shapeView{Name: name, Description: s.Description, Fields: d.fields(s)})
		}
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, v); err != nil {
		return nil, fmt.Errorf("reference page: %w", err)
	}
	return b.Bytes(), nil
}

type pageView struct {
	*Document
	Style  template.CSS
	Tags   []tagView
	Errors []errorView
	Shapes []shapeView
}

type tagView struct {
	Name, Description string
	Operations        []operationView
}

type operationView struct {
	ID, Method, Path     string
	Summary, Description string
	Public               bool
	Permission           *permission
	Parameters           []field
	Request              *bodyView
	Status               string
	Response             *bodyView
	Says                 string   // of a response without a body
	Errors               []string // statuses
}

// bodyView is a request or response body: its fields, or the shape it has.
type bodyView struct {
	MediaType string
	Type      typeView
	Fields    []field
	Example   string
}

type field struct {
	Name, In    string // In is of parameters: path, query, header
	Type        typeView
	Required    bool
	Limits      string
	Enum        []string
	Description string
}

// typeView is a type in words, with the shape that it names.
type typeView struct{ Before, Shape, After string }

type errorView struct {
	Status   string
	Codes    []errorCode
	Examples []string
}

type shapeView struct {
	Name, Description string
	Fields            []field
}

// usedOnce gives the schemas that one operation's body is and that nothing
// else refers to: their fields stand with the operation.
func (d *Document) usedOnce() map[string]bool {
	uses, bodies := map[string]int{}, map[string]bool{}
	var visit func(s *schema)
	visit = func(s *schema) {
		if s == nil {
			return
		}
		if s.Ref != "" {
			uses[last(s.Ref)]++
		}
		visit(s.Items)
		visit(s.Values.schema)
		for _, sub := range s.AnyOf {
			visit(sub)
		}
		for _, p := range s.Properties {
			visit(p)
		}
	}
	body := func(content map[string]*mediaType) {
		for _, m := range content {
			visit(m.Schema)
			if m.Schema != nil && m.Schema.Ref != "" {
				bodies[last(m.Schema.Ref)] = true
			}
		}
	}
	for _, item := range d.Paths {
		for _, op := range item {
			if op.RequestBody != nil {
				body(op.RequestBody.Content)
			}
			for _, r := range op.Responses {
				body(r.Content)
			}
		}
	}
	for _, r := range d.Components.Responses {
		body(r.Content)
	}
	for _, s := range d.Components.Schemas {
		visit(s)
	}
	once := map[string]bool{}
	for name := range bodies {
		once[name] = uses[name] == 1
	}
	return once
}

func (d *Document) viewOperation(op *operation, inline map[string]bool) operationView {
	v := operationView{ID: op.ID, Method: op.method, Path: op.path, Summary: op.Summary, Description: op.Description,
		Public: op.public(), Permission: d.permission(op.Permission)}
	for _, p := range op.Parameters {
		f := d.field(p.Name, p.Schema, p.Required)
		f.In, f.Description = p.In, p.Description
		v.Parameters = append(v.Parameters, f)
	}
	if op.RequestBody != nil {
		v.Request = d.viewBody(op.RequestBody.Content, inline)
	}
	status, r := op.success()
	if v.Status = status; r != nil {
		v.Response, v.Says = d.viewBody(r.Content, inline), r.Description
	}
	for _, s := range slices.Sorted(maps.Keys(op.Responses)) {
		if s >= "400" && s != "default" {
			v.Errors = append(v.Errors, s)
		}
	}
	return v
}

// viewBody shows a body; our operations have one media type each.
func (d *Document) viewBody(content map[string]*mediaType, inline map[string]bool) *bodyView {
	if len(content) == 0 {
		return nil
	}
	name := slices.Min(slices.Collect(maps.Keys(content)))
	m := content[name]
	v := &bodyView{MediaType: name, Type: d.typeOf(m.Schema), Example: indented(m.Example)}
	switch s := m.Schema; {
	case s == nil:
	case s.Ref == "":
		v.Fields = d.fields(s)
	case inline[last(s.Ref)]:
		v.Fields, v.Type = d.fields(d.Components.Schemas[last(s.Ref)]), typeView{}
	}
	return v
}

func (d *Document) viewErrors() (list []errorView) {
	for _, c := range d.Codes {
		status := strconv.Itoa(c.Status)
		if n := len(list); n == 0 || list[n-1].Status != status {
			list = append(list, errorView{Status: status})
		}
		e := &list[len(list)-1]
		e.Codes = append(e.Codes, c)
		for _, r := range d.Components.Responses {
			if m := r.Content["application/json"]; m != nil && len(m.Examples[c.Code].Value) > 0 {
				e.Examples = append(e.Examples, indented(m.Examples[c.Code].Value))
			}
		}
	}
	return list
}

// fields lists what an object has; what an object within it has comes after it
// under its name.
func (d *Document) fields(s *schema) (list []field) {
	if s == nil {
		return nil
	}
	for _, name := range s.names() {
		p := s.Properties[name]
		if p == nil {
			continue
		}
		list = append(list, d.field(name, p, slices.Contains(s.Required, name)))
		within, path := p, name+"."
		if p.Items != nil {
			within, path = p.Items, name+"[]."
		}
		for _, f := range d.fields(within) {
			f.Name = path + f.Name
			list = append(list, f)
		}
	}
	return list
}

func (d *Document) field(name string, s *schema, required bool) field {
	f := field{Name: name, Type: d.typeOf(s), Required: required}
	if s == nil {
		return f
	}
	f.Description, f.Limits = s.Description, s.limits()
	of := s
	if s.Items != nil {
		of = s.Items
	}
	for _, value := range of.Enum {
		if value != nil {
			f.Enum = append(f.Enum, fmt.Sprint(value))
		}
	}
	return f
}

// typeOf says a type in words.
func (d *Document) typeOf(s *schema) (v typeView) {
	switch {
	case s == nil:
		return typeView{Before: "any"}
	case s.Ref != "":
		return typeView{Shape: last(s.Ref)}
	case len(s.AnyOf) == 2 && slices.Equal(s.AnyOf[1].Type, types{"null"}):
		v = d.typeOf(s.AnyOf[0])
		v.After += " or null"
		return v
	case s.Items != nil:
		v = d.typeOf(s.Items)
		v.Before = "array of " + v.Before
	case s.Values.schema != nil:
		v = d.typeOf(s.Values.schema)
		v.Before = "object of " + v.Before
	case len(s.Type) > 0:
		v.Before = s.Type[0]
		switch s.Format {
		case "uuid", "date-time", "date", "binary":
			v.Before += " (" + s.Format + ")"
		}
	default:
		v.Before = "any"
	}
	if slices.Contains(s.Type, "null") {
		v.After += " or null"
	}
	return v
}

// limits says what a value must keep to besides its type.
func (s *schema) limits() string {
	var list []string
	span := func(least, most, unit string) {
		switch {
		case least != "" && most != "":
			list = append(list, least+" to "+most+unit)
		case least != "":
			list = append(list, "at least "+least+unit)
		case most != "":
			list = append(list, "at most "+most+unit)
		}
	}
	span(number(s.Minimum), number(s.Maximum), "")
	span(count(s.MinLength), count(s.MaxLength), " characters")
	span(count(s.MinItems), count(s.MaxItems), " items")
	if len(s.Default) > 0 {
		list = append(list, "default "+string(s.Default))
	}
	return strings.Join(list, ", ")
}

func number(n *json.Number) string {
	if n == nil {
		return ""
	}
	return n.String()
}

func count(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

func indented(data json.RawMessage) string {
	if len(data) == 0 {
		return ""
	}
	var value bytes.Buffer
	if json.Indent(&value, data, "", "  ") != nil {
		return ""
	}
	return unescaped(value.String())
}

// unescaped undoes what JSON within HTML needs and people do not.
var unescaped = strings.NewReplacer(`\u0026`, "&", `\u003c`, "<", `\u003e`, ">").Replace

// anchor makes a name a place on the page.
func anchor(name string) string {
	return strings.ToLower(strings.NewReplacer(" ", "-", ":", "-").Replace(name))
}
