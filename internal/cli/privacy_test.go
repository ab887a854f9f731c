package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPrivacyKeep(t *testing.T) {
	dir := t.TempDir()
	g := must[struct{ ID string }](t, dir, "group", "add", "Retail", "--organization", "Bank")
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{g.ID}, `{"result":null,"files":null,"uploads":7}`},
		{[]string{"retail", "--result", "365", "--files", "30"}, `{"result":365,"files":30,"uploads":7}`},
		{[]string{"Retail", "--files", "0"}, `{"result":365,"files":null,"uploads":7}`},
		{[]string{g.ID, "--uploads", "2"}, `{"result":365,"files":null,"uploads":2}`},
	} { // as the API answers
		got := must[json.RawMessage](t, dir, append([]string{"privacy", "keep"}, tt.args...)...)
		var text bytes.Buffer
		if err := json.Compact(&text, got); err != nil || text.String() != tt.want {
			t.Errorf("%v: %s, %v", tt.args, got, err)
		}
	}
	if code, _, errOut := run(t, dir, "privacy", "keep", "Retail", "--result", "40000"); code != 2 || errOut != "anycheck: --result must be a number of days from 0 to 36500.\n" {
		t.Errorf("too many days: %d %s", code, errOut)
	}
	if p := must[auditPage](t, dir, "audit", "list", "--object", g.ID, "--action", "settings.changed"); p.Total != 3 {
		t.Errorf("%d records of the group's settings", p.Total)
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

// What a person is given is tested end to end in package app; here, what the
// command refuses, and that it leaves nothing behind.
func TestPrivacyExport(t *testing.T) {
	dir := t.TempDir()
	g := must[struct {
		OrganizationID string `json:"organization_id"`
	}](t, dir, "group", "add", "Retail", "--organization", "Bank")
	nik, none, out := write(t, dir, "nik.txt", []byte("3174084107870501\n")), write(t, dir, "none.txt", []byte("3174\n")), filepath.Join(dir, "out.zip")
	for _, tt := range []struct {
		what string
		args []string
		code int
	}{
		{"nobody", []string{out, "--organization", g.OrganizationID, "--nik-file", nik}, 4},
		{"no NIK", []string{out, "--organization", g.OrganizationID, "--nik-file", none}, 2},
		{"no organization", []string{out, "--organization", "Bank", "--nik-file", nik}, 2},
		{"a file that is there", []string{nik, "--organization", g.OrganizationID, "--nik-file", nik}, 2},
		{"no file with a NIK", []string{out, "--organization", g.OrganizationID}, 2},
	} {
		code, _, stderr := run(t, dir, append([]string{"privacy", "export"}, tt.args...)...)
		if code != tt.code || strings.TrimSpace(stderr) == "" || strings.Contains(stderr, "3174084107870501") {
			t.Errorf("%s: exit %d: %s", tt.what, code, stderr)
		}
	}
	if _, err := os.Stat(out); !os.IsNotExist(err) {
		t.Errorf("half an export is left: %v", err)
	}
	if kept, err := os.ReadFile(nik); err != nil || len(kept) != 17 {
		t.Errorf("the file that was there has %d bytes, %v", len(kept), err)
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
