package fault

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"
)

// Every constant is in the table, once, and the table has nothing else.
func TestCodesAreComplete(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "fault.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var constants []Code
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); ok && typ.Name == "Code" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			constants = append(constants, Code(text))
		}
		return true
	})
	var listed []Code
	for _, k := range Codes() {
		listed = append(listed, k.Code)
		if k.HTTP < 400 || k.Meaning == "" {
			t.Errorf("%+v is not complete", k)
		}
	}
	slices.Sort(constants)
	slices.Sort(listed)
	if len(constants) == 0 || !slices.Equal(constants, listed) {
		t.Errorf("constants %q, table %q", constants, listed)
	}
}

// What a kind answers without a code of its own is what its code answers.
func TestKindsAgreeWithTheirCodes(t *testing.T) {
	for kind, m := range meanings {
		if got := New(kind, "x").HTTP(); got != m.HTTP {
			t.Errorf("%s: %d by its code, %d by its kind", m.Code, got, m.HTTP)
		}
	}
}
