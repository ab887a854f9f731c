package cli

import (
	"strings"
	"testing"
)

func TestPrivacyKeep(t *testing.T) {
	dir := t.TempDir()
	g := must[struct{ ID string }](t, dir, "group", "add", "Retail", "--organization", "Bank")
	if got := must[map[string]int](t, dir, "privacy", "keep", g.ID); len(got) != 0 {
		t.Errorf("at first %v", got)
	}
	if got := must[map[string]int](t, dir, "privacy", "keep", g.ID, "--result", "365", "--files", "30"); got["RESULT"] != 365 || got["FILES"] != 30 {
		t.Errorf("set %v", got)
	}
	if got := must[map[string]int](t, dir, "privacy", "keep", g.ID, "--files", "0"); got["RESULT"] != 365 || len(got) != 1 {
		t.Errorf("one taken away %v", got)
	}
	if got := must[[]any](t, dir, "privacy", "sweep", "--dry-run"); len(got) != 0 {
		t.Errorf("an empty platform sweeps %v", got)
	}
	for _, args := range [][]string{{"privacy", "keep", "x"}, {"privacy", "keep", g.ID, "--result", "-1"}, {"privacy", "keep", "0198c0de-0000-7000-8000-000000000000"}} {
		if code, _, stderr := run(t, dir, args...); code == 0 || strings.TrimSpace(stderr) == "" {
			t.Errorf("%v: exit %d", args, code)
		}
	}
}

func TestPrivacyReport(t *testing.T) {
	dir := t.TempDir()
	if got := must[[]any](t, dir, "privacy", "report", "--since", "24h"); len(got) != 0 {
		t.Errorf("an empty log shows %v", got)
	}
	for _, args := range [][]string{{"privacy", "report"}, {"privacy", "report", "--since", "soon"}} {
		if code, _, stderr := run(t, dir, args...); code == 0 || strings.TrimSpace(stderr) == "" {
			t.Errorf("%v: exit %d", args, code)
		}
	}
}
