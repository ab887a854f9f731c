package app_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rooms says which of our packages each room may import, directly or not. A
// room that is not listed here is an error: decide where it belongs first.
var rooms = map[string][]string{
	"internal/fault":        {},
	"internal/nn":           {},
	"internal/config":       {},
	"internal/apidoc":       {},
	"internal/tenant":       {"internal/fault"},
	"internal/ledger":       {},
	"internal/idempotency":  {"internal/fault"},
	"internal/audit":        {"internal/fault", "internal/tenant"},
	"internal/auth":         {"internal/fault", "internal/tenant", "internal/audit"},
	"internal/imaging":      {"internal/fault", "internal/nn"},
	"internal/ocr":          {"internal/fault", "internal/nn", "internal/imaging"},
	"internal/ktp":          {"internal/fault", "internal/nn", "internal/imaging", "internal/ocr"},
	"internal/face":         {"internal/fault", "internal/nn", "internal/imaging"},
	"internal/forensics":    {"internal/fault", "internal/nn", "internal/imaging"},
	"internal/screening":    {"internal/fault"},
	"internal/verification": core,
	"internal/sandbox":      append([]string{"internal/verification"}, core...),
	"internal/webhook":      append([]string{"internal/verification"}, core...),
	"internal/vault":        append([]string{"internal/verification"}, core...),
}

// core is what the core may know: the pure rooms.
var core = []string{"internal/fault", "internal/tenant", "internal/audit", "internal/ledger", "internal/idempotency", "internal/nn", "internal/imaging",
	"internal/ocr", "internal/ktp", "internal/face", "internal/forensics", "internal/screening"}

// adapters may import the rooms above, never one another.
var adapters = []string{"internal/store", "internal/blob", "internal/queue", "internal/onnx", "internal/document",
	"internal/oidc", "internal/outbound", "internal/watchlist", "internal/export", "internal/httpapi", "internal/specimen", "internal/benchpage", "internal/conformance"}

// tops know everything below them.
var tops = []string{"internal/app", "internal/cli", "cmd/anycheck"}

// helpers are for tests only.
var helpers = []string{"internal/onnx/onnxtest", "internal/store/storetest", "internal/store/pgtest", "internal/oidc/oidctest"}

// closed is what no pure room may touch.
var closed = []string{"database/sql", "net", "os/exec"}

type listed struct {
	ImportPath string
	Deps       []string
	GoFiles    []string
	Dir        string
}

func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps=false", "-json=ImportPath,Deps,GoFiles,Dir", "./...")
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestImportDirection(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, "anycheck/")
		var ours []string
		for _, d := range p.Deps {
			if d, ok := strings.CutPrefix(d, "anycheck/"); ok {
				ours = append(ours, d)
			}
		}
		allowed, pure := rooms[name]
		switch {
		case pure:
			for _, d := range ours {
				if !slices.Contains(allowed, d) {
					t.Errorf("%s must not know %s", name, d)
				}
			}
		case slices.Contains(adapters, name):
			for _, d := range ours {
				if _, ok := rooms[d]; !ok {
					t.Errorf("adapter %s must not know %s", name, d)
				}
			}
		case name == "client":
			for _, d := range ours {
				t.Errorf("the public client must not know %s", d)
			}
		case slices.Contains(helpers, name), slices.Contains(tops, name):
			for _, d := range ours {
				if name != "cmd/anycheck" && slices.Contains(tops, d) && !(name == "internal/cli" && d == "internal/app") {
					t.Errorf("%s must not know %s", name, d)
				}
			}
		default:
			t.Errorf("%s has no place in the picture: add it to the table and to docs/design.md", name)
		}
	}
}

// What the pure rooms' own files import, and calls that no room may make.
func TestForbiddenCalls(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, "anycheck/")
		_, pure := rooms[name]
		for _, file := range p.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, 0)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, imp := range f.Imports {
				path := strings.Trim(imp.Path.Value, `"`)
				if pure && slices.Contains(closed, path) && name != "internal/config" {
					t.Errorf("%s/%s imports %s", name, file, path)
				}
			}
			ast.Inspect(f, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == "http" {
					switch sel.Sel.Name {
					case "DefaultClient", "Get", "Post", "PostForm", "Head", "DefaultTransport":
						t.Errorf("%s/%s uses http.%s: calls to the outside go through package outbound", name, file, sel.Sel.Name)
					}
				}
				return true
			})
		}
	}
}
