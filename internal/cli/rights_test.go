package cli

import (
	"strings"
	"testing"
)

func TestRights(t *testing.T) {
	dir := t.TempDir()
	must[any](t, dir, "group", "add", "Retail", "--organization", "Bank")
	must[any](t, dir, "user", "add", "ana@example.com", "--group", "Retail")
	if got := must[struct{ Role string }](t, dir, "user", "role", "ana@example.com", "auditor"); got.Role != "AUDITOR" {
		t.Errorf("role %+v", got)
	}
	if _, out, _ := run(t, dir, "user", "list"); !strings.Contains(out, "AUDITOR") {
		t.Errorf("user list:\n%s", out)
	}
	if got := must[struct {
		Masked bool `json:"mask_personal_data"`
	}](t, dir, "group", "mask", "Retail", "on"); !got.Masked {
		t.Errorf("mask %+v", got)
	}
	must[any](t, dir, "user", "unlink", "ana@example.com")
	for _, args := range [][]string{{"user", "role", "ana@example.com", "king"}, {"group", "mask", "Retail", "perhaps"}} {
		if code, _, errOut := run(t, dir, args...); code != 2 {
			t.Errorf("%v exits with %d: %s", args, code, errOut)
		}
	}
	for _, args := range [][]string{{"user", "role", "nobody@example.com", "auditor"}, {"user", "unlink", "nobody@example.com"}, {"group", "mask", "Nobody", "on"}} {
		if code, _, errOut := run(t, dir, args...); code != 4 {
			t.Errorf("%v exits with %d: %s", args, code, errOut)
		}
	}
}
