package cli

import (
	"strings"
	"testing"
	"time"
)

// TestLists walks a list through its versions, as an operator would.
func TestLists(t *testing.T) {
	dir := t.TempDir()
	const head = "id,schema,name,birth_date,topics\n"
	rows := []string{"A,person,Ratna Kertanegara Wirayuda,1960-05-04,sanction\n", "B,person,Bambang Tirtayasa,1961-05-04,sanction\n"}
	list := func(rows ...string) string {
		return write(t, dir, "officials.csv", []byte(head+strings.Join(rows, "")))
	}
	type imported struct {
		Import struct {
			Version   int
			Unchanged bool
			Changes   struct{ Added, Removed, Changed int }
		}
	}
	importOf := func(path string, flags ...string) imported {
		t.Helper()
		got := must[[]imported](t, dir, append([]string{"lists", "import", path}, flags...)...)
		if len(got) != 1 {
			t.Fatalf("imported %+v", got)
		}
		return got[0]
	}
	if got := importOf(list(rows...)).Import; got.Version != 1 || got.Changes.Added != 2 {
		t.Errorf("first import %+v", got)
	}
	if got := importOf(list(rows...)).Import; !got.Unchanged || got.Version != 1 {
		t.Errorf("the same again %+v", got)
	}
	changed := strings.Replace(rows[0], "1960", "1962", 1)
	if got := importOf(list(changed, rows[1], "C,person,Joko Hadiningrat,,sanction\n")).Import; got.Version != 2 || got.Changes.Added != 1 || got.Changes.Changed != 1 || got.Changes.Removed != 0 {
		t.Errorf("second version %+v", got)
	}
	// A file that has lost too much is refused with the reason.
	code, _, stderr := run(t, dir, "lists", "import", list(rows[1]))
	if code == 0 || !strings.Contains(stderr, "--force") || !strings.Contains(stderr, "2 of 3 entities") {
		t.Errorf("a shrunken list: exit %d, %s", code, stderr)
	}
	if got := importOf(list(rows[1]), "--force").Import; got.Version != 3 || got.Changes.Removed != 2 {
		t.Errorf("forced %+v", got)
	}

	type difference struct {
		From, To                int
		Added, Removed, Changed []string
	}
	if d := must[difference](t, dir, "lists", "diff", "officials", "--from", "1", "--to", "2"); strings.Join(d.Added, "") != "C" || strings.Join(d.Changed, "") != "A" || len(d.Removed) != 0 {
		t.Errorf("difference %+v", d)
	}
	_, out, _ := run(t, dir, "lists", "diff", "officials")
	if !strings.Contains(out, "version 3 against 2: 0 added, 2 removed, 0 changed\n- A\n- C\n") {
		t.Errorf("difference for people: %s", out)
	}
	for _, args := range [][]string{{"lists", "diff", "nothing"}, {"lists", "diff", "officials", "--from", "9"}, {"lists", "rollback", "officials", "--to", "9"}, {"lists", "rollback", "nothing"}} {
		if code, _, stderr := run(t, dir, args...); code == 0 || stderr == "" {
			t.Errorf("%v: exit %d, %q", args, code, stderr)
		}
	}

	screened := func(flags ...string) (code int, out string) {
		code, out, _ = run(t, dir, append([]string{"screen", "--name", "Ratna Kertanegara Wirayuda", "--birth-date", "1962-05-04"}, flags...)...)
		return code, out
	}
	if code, out := screened(); code != 0 {
		t.Errorf("not listed in version 3: exit %d, %s", code, out)
	}
	if _, out, _ := run(t, dir, "lists", "rollback", "officials"); !strings.Contains(out, "version 2 is searched") {
		t.Errorf("rollback: %s", out)
	}
	if code, out := screened(); code != exitAlert || !strings.Contains(out, "officials version 2") {
		t.Errorf("listed in version 2: exit %d, %s", code, out)
	}
	if code, _ := screened("--as-of", time.Now().UTC().Format(time.DateOnly)); code != exitAlert {
		t.Errorf("as of today: exit %d", code)
	}
	if code, _, stderr := run(t, dir, "screen", "--name", "Ratna", "--as-of", "2001-01-01"); code == 0 || !strings.Contains(stderr, "2001-01-01") {
		t.Errorf("before any import: exit %d, %s", code, stderr)
	}
	if code, _, stderr := run(t, dir, "screen", "--name", "Ratna", "--as-of", "soon"); code == 0 || !strings.Contains(stderr, "--as-of") {
		t.Errorf("a day that is none: exit %d, %s", code, stderr)
	}
	_, out, _ = run(t, dir, "lists", "list")
	if strings.Count(out, "searched") != 1 || strings.Count(out, "replaced") != 2 || !strings.Contains(out, "0 days") {
		t.Errorf("lists: %s", out)
	}
}

// TestScreenRefuses: whom nobody could be asked about is no clean answer.
func TestScreenRefuses(t *testing.T) {
	dir := t.TempDir()
	list := write(t, dir, "own.csv", []byte("id,name,birth_date\nA,Ratna Kertanegara Wirayuda,1968-05-04\n"))
	const name = "Ratna Kertanegara Wirayuda"
	for _, tt := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--name", name, "--birth-date", "1968-05-04"}, exitAlert, ""},
		{[]string{"--name", name, "--birth-date", "1968-13-01"}, 2, "--birth-date must be a date"},
		{[]string{"--name", name, "--birth-date", "1968-02-30"}, 2, "--birth-date must be a date"},
		{[]string{"--name", name, "--birth-date", "2999-01-01"}, 2, "--birth-date must not lie in the future"},
		{[]string{"--name", name, "--as-of", "2999-01-01"}, 2, "--as-of must not lie in the future"},
		{[]string{"--name", ""}, 2, "--name must not be empty"},
		{[]string{"--name", "   "}, 2, "--name must not be empty"},
		{[]string{"--name", "..."}, 2, "--name must have letters"},
		{[]string{"--name", "123456"}, 2, "--name must have letters"},
		{[]string{"--name", "Ratna \xff"}, 2, "--name must be UTF-8"},
		{[]string{"--name", name, "--place", "\x01"}, 2, "--place must have"},
	} {
		if code, out, stderr := run(t, dir, append([]string{"screen", "--lists", list}, tt.args...)...); code != tt.code || !strings.Contains(stderr, tt.says) {
			t.Errorf("%q: exit %d, %s%s", tt.args, code, out, stderr)
		}
	}
}
