package httpapi

import (
	"embed"
	"encoding/json"
	"strconv"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"anycheck/internal/fault"
)

// The examples of the document are answers of a real server about an invented
// person, with stable ids, times and secrets: operations.json is recorded by
// TestExamples of package app, errors.json by TestErrorExamples of this one.
// "make generate" records both anew.
//
//go:embed examples
var exampleFiles embed.FS

// example is one recorded call.
type example struct {
	Request  json.RawMessage `json:"request,omitempty"` // absent where none is sent, or no JSON
	Status   int             `json:"status"`
	Response json.RawMessage `json:"response,omitempty"` // absent where the answer is no JSON
}

// examples are a successful call of each operation, and an answer for each
// error code.
var examples = sync.OnceValues(func() (calls map[string]example, problems map[fault.Code]json.RawMessage) {
	for name, v := range map[string]any{"examples/operations.json": &calls, "examples/errors.json": &problems} {
		data, err := exampleFiles.ReadFile(name)
		if err == nil {
			err = json.Unmarshal(data, v)
		}
		if err != nil {
			panic(err) // the files are the program's own
		}
	}
	return calls, problems
})

// documentExamples writes the recorded examples into the document.
func documentExamples(doc *huma.OpenAPI) {
	calls, problems := examples()
	for op := range operations(doc) {
		e := calls[op.OperationID]
		if r := op.Responses[strconv.Itoa(e.Status)]; r != nil && e.Response != nil {
			r.Content["application/json"].Example = e.Response
		}
		if op.RequestBody != nil && e.Request != nil {
			op.RequestBody.Content["application/json"].Example = e.Request
		}
	}
	for _, k := range fault.Codes() {
		m := doc.Components.Responses[responseName(k.HTTP)].Content["application/json"]
		if m.Examples == nil {
			m.Examples = map[string]*huma.Example{}
		}
		if p := problems[k.Code]; p != nil {
			m.Examples[string(k.Code)] = &huma.Example{Summary: k.Meaning, Value: p}
		}
	}
}
