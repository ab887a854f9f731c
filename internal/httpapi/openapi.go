package httpapi

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"anycheck/internal/apidoc"
)

// apiConfig describes the API as a whole. Nothing is served by huma itself:
// no documentation pages that load scripts, no schema links in answers.
func apiConfig() huma.Config {
	config := huma.DefaultConfig("AnyCheck", version)
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.CreateHooks = nil
	config.Formats = map[string]huma.Format{"application/json": {Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal}}
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.Info.Description = "Verifies Indonesian identity cards (KTP): reads the card, checks it against its own rules, compares its portrait with a selfie and screens the name against watch lists.\n\n" +
		"Upload the pictures, create a verification in a folder, and read it until its status is final. Every error has the shape `Problem`."
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "Access token from POST /auth/login, valid for an hour."},
		"apiKey": {Type: "apiKey", In: "header", Name: "X-API-Key", Description: "API key of a group."},
	}
	config.Security = []map[string][]string{{"bearer": {}}, {"apiKey": {}}}
	config.Tags = []*huma.Tag{
		{Name: "Authentication"}, {Name: "Users"}, {Name: "API keys"}, {Name: "Groups"}, {Name: "Uploads"}, {Name: "Folders"}, {Name: "Services"},
		{Name: "Verifications"}, {Name: "Reviews"}, {Name: "Screening"}, {Name: "Results"}, {Name: "Privacy"}, {Name: "Credits"}, {Name: "Webhooks"}, {Name: "Audit"}, {Name: "Operation"},
	}
	return config
}

// schemaName names a schema after its type. "View" is ours: it keeps a type
// apart from the package of the same name.
func schemaName(t reflect.Type, hint string) string {
	return strings.TrimSuffix(huma.DefaultSchemaNamer(t, hint), "View")
}

// documents are what the server tells about itself, each made when it is
// first asked for.
type documents struct {
	openAPI, page, postman func() ([]byte, error)
}

func newDocuments(doc *huma.OpenAPI) documents {
	d := documents{openAPI: sync.OnceValues(func() ([]byte, error) {
		data, err := json.MarshalIndent(doc, "", "  ")
		return append(data, '\n'), err
	})}
	parsed := sync.OnceValues(func() (*apidoc.Document, error) {
		data, err := d.openAPI()
		if err != nil {
			return nil, err
		}
		return apidoc.Parse(data)
	})
	from := func(form func(*apidoc.Document) ([]byte, error)) func() ([]byte, error) {
		return sync.OnceValues(func() ([]byte, error) {
			p, err := parsed()
			if err != nil {
				return nil, err
			}
			return form(p)
		})
	}
	d.page, d.postman = from((*apidoc.Document).Page), from((*apidoc.Document).Postman)
	return d
}

func (s *server) documentRoutes() {
	object := &huma.Schema{Type: huma.TypeObject}
	s.documentRoute("getOpenAPI", "/openapi.json", "This document", "OpenAPI 3.1", "application/json", object,
		func() ([]byte, error) { return s.documents.openAPI() })
	s.documentRoute("getPostmanCollection", "/postman.json", "This document as a Postman collection", "Postman collection 2.1", "application/json", object,
		func() ([]byte, error) { return s.documents.postman() })
	s.documentRoute("getReference", "/docs", "This document as a page for people", "The page", "text/html", &huma.Schema{Type: huma.TypeString},
		func() ([]byte, error) { return s.documents.page() })
}

// documentRoute serves a form of the document.
func (s *server) documentRoute(id, path, summary, says, mediaType string, schema *huma.Schema, form func() ([]byte, error)) {
	s.handleRaw(anyone, huma.Operation{
		OperationID: id, Method: http.MethodGet, Path: path, Tags: []string{"Operation"},
		Metadata:  unrecorded(noPersonalData),
		Summary:   summary,
		Responses: map[string]*huma.Response{"200": {Description: says, Content: map[string]*huma.MediaType{mediaType: {Schema: schema}}}},
	}, func(w http.ResponseWriter, _ *http.Request) error {
		data, err := form()
		if err != nil {
			return err
		}
		h := w.Header()
		h.Set("Content-Type", mediaType)
		if mediaType == "text/html" {
			h.Set("Content-Type", "text/html; charset=utf-8")
			h.Set("Content-Security-Policy", contentPolicy+"; style-src "+apidoc.StyleSource())
		}
		_, _ = w.Write(data)
		return nil
	})
}

// problemResponse documents an error of a raw route.
func (s *server) problemResponse(description string) *huma.Response {
	schema := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[problem](), true, "")
	return &huma.Response{Description: description, Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}
}

// finishSchemas says what huma cannot: which properties are an object or null,
// that an enum takes null too, and that answers may grow fields.
func finishSchemas(schemas map[string]*huma.Schema) {
	for schema, names := range map[string][]string{
		"Verification": {"api_key", "error", "consent"},
		"Result":       {"erased"},
		"Profile":      {"api_key"},
		"FormField":    {"required_when"},
		"UsageRow":     {"service", "user", "group"},
		"Attempt":      {"error"},
		"Submitted":    {"verification", "error"},
		"Hit":          {"dismissed"},
	} {
		for _, name := range names {
			p := schemas[schema].Properties[name]
			schemas[schema].Properties[name] = &huma.Schema{Description: p.Description, AnyOf: []*huma.Schema{{Ref: p.Ref}, {Type: "null"}}}
		}
	}
	for name, s := range schemas {
		if strings.HasSuffix(name, "RequestBody") {
			continue
		}
		s.AdditionalProperties = nil
		for _, p := range s.Properties {
			if p.Nullable && len(p.Enum) > 0 {
				p.Enum = append(p.Enum, nil)
			}
		}
	}
}

// muxPath is the mux's pattern for a documented path: the document has no way
// to say that a parameter takes several segments.
func muxPath(op huma.Operation) string {
	if op.Path == filePath {
		return strings.Replace(op.Path, "{path}", "{path...}", 1)
	}
	return op.Path
}

// id is a UUID of a request, in its usual form of 36 characters.
type id string

// Schema is for huma.
func (id) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "uuid", Pattern: "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", PatternDescription: uuidDescription}
}

// uuid gives the value; the schema has been checked.
func (i id) uuid() uuid.UUID { return uuid.MustParse(string(i)) }

// object is a JSON object that is passed on as it is.
type object json.RawMessage

// Schema is for huma.
func (object) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

// MarshalJSON gives the object, or null when there is none.
func (o object) MarshalJSON() ([]byte, error) { return json.RawMessage(o).MarshalJSON() }

// UnmarshalJSON keeps a copy of the object.
func (o *object) UnmarshalJSON(data []byte) error {
	*o = append((*o)[:0], data...)
	return nil
}

// list is a page of something, or all of it.
type list[T any] struct {
	Total int `json:"total" doc:"How many there are, whatever the page."`
	Items []T `json:"items" doc:"The items of this page."`
}

func listOf[T, V any](items []T, total int, view func(T) V) *output[list[V]] {
	l := list[V]{Total: total, Items: make([]V, 0, len(items))}
	for _, item := range items {
		l.Items = append(l.Items, view(item))
	}
	return &output[list[V]]{Body: l}
}
