package httpapi

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"anycheck/internal/fault"
)

// The page's table of codes is fault's.
func TestPage(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "api.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	table.WriteString("| code | status | meaning |\n| --- | --- | --- |\n")
	for _, k := range fault.Codes() {
		fmt.Fprintf(&table, "| `%s` | %d | %s |\n", k.Code, k.HTTP, k.Meaning)
	}
	before, rest, ok := strings.Cut(string(page), "-update -->\n")
	_, after, ended := strings.Cut(rest, "<!-- end of codes -->")
	if !ok || !ended {
		t.Fatal("the page has no place for the codes")
	}
	want := before + "-update -->\n" + table.String() + "<!-- end of codes -->" + after
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(page) != want {
		t.Error("the codes differ; run go test ./internal/httpapi -update")
	}
}
