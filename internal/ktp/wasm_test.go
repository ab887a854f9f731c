package ktp

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The finder and the quality gate are to run in the browser as well. Listing
// fails where a package has no files for that platform; building it would take
// a minute.
func TestImportsFitTheBrowser(t *testing.T) {
	list := exec.Command("go", "list", "-deps", "anycheck/internal/ktp")
	list.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	out, err := list.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, pkg := range strings.Fields(string(out)) {
		if pkg == "os/exec" || pkg == "database/sql" || strings.Contains(pkg, "onnx") {
			t.Errorf("needs %s", pkg)
		}
	}
}
