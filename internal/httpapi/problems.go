package httpapi

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"anycheck/internal/fault"
	"anycheck/internal/idempotency"
)

// keyParameter documents the Idempotency-Key.
var keyParameter = &huma.Param{Ref: "#/components/parameters/" + idempotency.Header}

// TransformSchema is for huma: the codes of fault's table, and no other.
func (problem) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	code := s.Properties["error_code"]
	code.Enum = nil
	for _, k := range fault.Codes() {
		code.Enum = append(code.Enum, string(k.Code))
	}
	return s
}

// documentErrors describes what every route may answer: each status with its
// codes, the table of codes, and the headers that go with them.
func documentErrors(doc *huma.OpenAPI) {
	c := doc.Components
	schema := c.Schemas.Schema(reflect.TypeFor[problem](), true, "")
	c.Responses = map[string]*huma.Response{}
	codes := map[int][]string{}
	for _, k := range fault.Codes() {
		codes[k.HTTP] = append(codes[k.HTTP], string(k.Code))
	}
	for status, list := range codes {
		r := &huma.Response{Description: strings.Join(list, ", "), Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}
		if status == http.StatusTooManyRequests {
			r.Headers = map[string]*huma.Param{
				"Retry-After":           {Description: "Seconds until the next call is taken.", Schema: &huma.Schema{Type: huma.TypeInteger}},
				"X-RateLimit-Limit":     {Description: "Calls a minute.", Schema: &huma.Schema{Type: huma.TypeInteger}},
				"X-RateLimit-Remaining": {Description: "Calls left in this minute.", Schema: &huma.Schema{Type: huma.TypeInteger}},
				"X-RateLimit-Reset":     {Description: "When the next minute begins, in unix seconds.", Schema: &huma.Schema{Type: huma.TypeInteger}},
			}
		}
		c.Responses[responseName(status)] = r
	}
	least, most := 1, idempotency.MaxKey
	c.Parameters = map[string]*huma.Param{idempotency.Header: {
		Name: idempotency.Header, In: "header", Schema: &huma.Schema{Type: huma.TypeString, MinLength: &least, MaxLength: &most, Pattern: "^[!-~]+$"},
		Description: "Makes it safe to send the call again: for 24 hours the same key and request get the first answer, with the header " + idempotency.Replayed + ": true. An error keeps nothing.",
	}}
	if doc.Extensions == nil {
		doc.Extensions = map[string]any{}
	}
	doc.Extensions["x-error-codes"] = fault.Codes()
}

func responseName(status int) string {
	return strings.NewReplacer(" ", "", "-", "").Replace(http.StatusText(status))
}

// errorResponses are the errors that a route may answer.
func errorResponses(who access, op huma.Operation) map[string]*huma.Response {
	list := []int{http.StatusBadRequest, http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable}
	if who == callers || strings.HasPrefix(op.Path, "/auth/") {
		list = append(list, http.StatusUnauthorized)
	}
	if who == callers {
		list = append(list, http.StatusForbidden)
	}
	if strings.Contains(op.Path, "{") || op.Method != http.MethodGet && who == callers {
		list = append(list, http.StatusNotFound)
	}
	if op.Method != http.MethodGet && who == callers {
		list = append(list, http.StatusConflict)
	}
	if op.Method != http.MethodGet && op.Method != http.MethodDelete {
		list = append(list, http.StatusRequestEntityTooLarge)
	}
	if op.Path == "/uploads" {
		list = append(list, http.StatusUnsupportedMediaType)
	}
	slices.Sort(list)
	responses := map[string]*huma.Response{}
	for _, status := range list {
		responses[strconv.Itoa(status)] = &huma.Response{Ref: "#/components/responses/" + responseName(status)}
	}
	return responses
}
