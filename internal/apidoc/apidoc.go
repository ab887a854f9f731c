// Package apidoc turns the API's OpenAPI document into what people use: a
// reference page and a Postman collection. Both are made from the document
// alone, so neither can say anything else than it does.
//
// It must not know how the document comes about, nor how its products are
// served. It reads the part of OpenAPI 3.1 that our document uses.
package apidoc

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Document is an OpenAPI document as it was read.
type Document struct {
	Info struct {
		Title       string `json:"title"`
		Version     string `json:"version"`
		Description string `json:"description"`
	} `json:"info"`
	Tags []struct {
		Name        string `json:"name"`
		Description string `json:"description"`
	} `json:"tags"`
	Paths      map[string]map[string]*operation `json:"paths"`
	Components struct {
		Schemas         map[string]*schema        `json:"schemas"`
		Responses       map[string]*response      `json:"responses"`
		Parameters      map[string]*parameter     `json:"parameters"`
		SecuritySchemes map[string]securityScheme `json:"securitySchemes"`
	} `json:"components"`
	// Codes are all error codes, by status.
	Codes []errorCode `json:"x-error-codes"`
	// Permissions are what operations name with x-permission.
	Permissions []permission `json:"x-permissions"`
}

type operation struct {
	ID          string               `json:"operationId"`
	Tags        []string             `json:"tags"`
	Summary     string               `json:"summary"`
	Description string               `json:"description"`
	Parameters  []*parameter         `json:"parameters"`
	RequestBody *requestBody         `json:"requestBody"`
	Responses   map[string]*response `json:"responses"`
	// Security is nil where the document's own holds, empty where anyone may call.
	Security   *[]map[string][]string `json:"security"`
	Permission string                 `json:"x-permission"`

	method, path string
}

func (o *operation) public() bool { return o.Security != nil && len(*o.Security) == 0 }

type parameter struct {
	Ref         string          `json:"$ref"`
	Name        string          `json:"name"`
	In          string          `json:"in"`
	Description string          `json:"description"`
	Required    bool            `json:"required"`
	Schema      *schema         `json:"schema"`
	Example     json.RawMessage `json:"example"`
}

type requestBody struct {
	Required bool                  `json:"required"`
	Content  map[string]*mediaType `json:"content"`
}

type response struct {
	Ref         string                `json:"$ref"`
	Description string                `json:"description"`
	Content     map[string]*mediaType `json:"content"`
}

type mediaType struct {
	Schema   *schema         `json:"schema"`
	Example  json.RawMessage `json:"example"`
	Examples map[string]struct {
		Value json.RawMessage `json:"value"`
	} `json:"examples"`
}

type schema struct {
	Ref         string             `json:"$ref"`
	Type        types              `json:"type"`
	Format      string             `json:"format"`
	Description string             `json:"description"`
	Properties  map[string]*schema `json:"properties"`
	Required    []string           `json:"required"`
	Items       *schema            `json:"items"`
	AnyOf       []*schema          `json:"anyOf"`
	Enum        []any              `json:"enum"`
	Default     json.RawMessage    `json:"default"`
	Minimum     *json.Number       `json:"minimum"`
	Maximum     *json.Number       `json:"maximum"`
	MinLength   *int               `json:"minLength"`
	MaxLength   *int               `json:"maxLength"`
	MinItems    *int               `json:"minItems"`
	MaxItems    *int               `json:"maxItems"`
	Values      additional         `json:"additionalProperties"`
}

// types is one type or several: a string or a list of strings.
type types []string

// UnmarshalJSON reads both forms.
func (t *types) UnmarshalJSON(data []byte) error {
	if data[0] == '[' {
		return json.Unmarshal(data, (*[]string)(t))
	}
	*t = make([]string, 1)
	return json.Unmarshal(data, &(*t)[0])
}

// additional is the schema of an object's other values, nil where the
// document says only whether there may be any.
type additional struct{ *schema }

// UnmarshalJSON reads both forms.
func (a *additional) UnmarshalJSON(data []byte) error {
	if data[0] != '{' {
		return nil
	}
	return json.Unmarshal(data, &a.schema)
}

type securityScheme struct {
	Type        string `json:"type"`
	Scheme      string `json:"scheme"`
	Name        string `json:"name"`
	Description string `json:"description"`
}

type errorCode struct {
	Code    string `json:"code"`
	Status  int    `json:"status"`
	Meaning string `json:"meaning"`
}

// permission says who may call what names it.
type permission struct {
	Permission string   `json:"permission"`
	Meaning    string   `json:"meaning"` // continues "may"
	Roles      []string `json:"roles"`
	// Unmasked are the roles that have it unless their group masks personal data.
	Unmasked []string `json:"roles_unless_masked"`
	// Scope gives it to an API key; empty: no key has it.
	Scope string `json:"api_key_scope"`
}

// Parse reads a document.
func Parse(document []byte) (*Document, error) {
	var d Document
	if err := json.Unmarshal(document, &d); err != nil {
		return nil, fmt.Errorf("the OpenAPI document cannot be read: %w", err)
	}
	for path, item := range d.Paths {
		for method, op := range item {
			op.method, op.path = strings.ToUpper(method), path
			for i, p := range op.Parameters {
				if p.Ref != "" {
					op.Parameters[i] = d.Components.Parameters[last(p.Ref)]
				}
				if op.Parameters[i] == nil {
					return nil, fmt.Errorf("%s %s: no parameter %s", op.method, path, p.Ref)
				}
			}
			for status, r := range op.Responses {
				if r.Ref != "" && d.Components.Responses[last(r.Ref)] == nil {
					return nil, fmt.Errorf("%s %s: no response %s", op.method, path, r.Ref)
				}
				if len(status) != 3 && status != "default" {
					return nil, fmt.Errorf("%s %s: status %q", op.method, path, status)
				}
			}
		}
	}
	return &d, nil
}

// operations gives a tag's operations by path, reading ones first.
func (d *Document) operations(tag string) []*operation {
	order := []string{"GET", "POST", "PUT", "PATCH", "DELETE"}
	var list []*operation
	for _, item := range d.Paths {
		for _, op := range item {
			if slices.Contains(op.Tags, tag) {
				list = append(list, op)
			}
		}
	}
	slices.SortFunc(list, func(a, b *operation) int {
		return cmp.Or(strings.Compare(a.path, b.path), cmp.Compare(slices.Index(order, a.method), slices.Index(order, b.method)))
	})
	return list
}

// success is the status and response of an operation that worked, or "" and nil.
func (o *operation) success() (string, *response) {
	for _, status := range slices.Sorted(maps.Keys(o.Responses)) {
		if status[0] == '2' || status[0] == '3' {
			return status, o.Responses[status]
		}
	}
	return "", nil
}

func (d *Document) permission(name string) *permission {
	for i, p := range d.Permissions {
		if p.Permission == name {
			return &d.Permissions[i]
		}
	}
	return nil
}

// names of the properties in their order: the required ones as the document
// lists them, which is how answers have them, then the others.
func (s *schema) names() []string {
	list := slices.Clone(s.Required)
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

// last is the name at the end of a reference.
func last(ref string) string { return ref[strings.LastIndex(ref, "/")+1:] }
