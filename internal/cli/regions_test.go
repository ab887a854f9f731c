package cli

import (
	"slices"
	"strings"
	"testing"
)

func TestRegions(t *testing.T) {
	dir := t.TempDir()
	type state struct {
		Version             string
		Imported            bool
		Districts, Villages int
	}
	before := must[state](t, dir, "regions", "list")
	if before.Imported || before.Districts != 0 || before.Version == "" {
		t.Errorf("before any import: %+v", before)
	}
	file := write(t, dir, "regions.csv", []byte("code,name,first_seen,last_seen\n73.71.14,TAMALANREA,2016,2025\n73.71.14.1001,KAPASA,2016,2025\n"))
	imported := must[state](t, dir, "regions", "import", file)
	if !imported.Imported || imported.Districts != 1 || imported.Villages != 1 || imported.Version == before.Version {
		t.Errorf("imported %+v", imported)
	}
	bad := write(t, dir, "bad.csv", []byte("code,name\n73.7,X\n"))
	if code, _, errOut := run(t, dir, "regions", "import", bad); code != 2 || !strings.Contains(errOut, "Line 2") {
		t.Errorf("a bad table exits with %d: %s", code, errOut)
	}
	// The table before stays.
	if after := must[state](t, dir, "regions", "list"); after != imported {
		t.Errorf("after a bad import: %+v, want %+v", after, imported)
	}
	shown := must[struct{ Names, Within []string }](t, dir, "regions", "show", "73.71.14")
	if !slices.Equal(shown.Names, []string{"TAMALANREA"}) || !slices.Equal(shown.Within, []string{"KAPASA"}) {
		t.Errorf("shown %+v", shown)
	}
	if code, _, _ := run(t, dir, "regions", "show", "73.71.15"); code != 4 {
		t.Errorf("an unknown code exits with %d", code)
	}
}
