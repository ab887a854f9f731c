package cli

import (
	"strings"
	"testing"
)

func TestGroupSettings(t *testing.T) {
	dir := t.TempDir()
	must[any](t, dir, "group", "add", "Retail", "--organization", "Bank")
	type settings struct {
		Review struct {
			APIKey    string `json:"api_key"`
			Dashboard string
			FourEyes  bool `json:"four_eyes"`
		}
	}
	if s := must[settings](t, dir, "group", "settings", "Retail"); s.Review.APIKey != "NEVER" || s.Review.Dashboard != "ON_INCONCLUSIVE" || s.Review.FourEyes {
		t.Errorf("default %+v", s)
	}
	must[settings](t, dir, "group", "settings", "Retail", "--api-key", "ALWAYS", "--four-eyes")
	if s := must[settings](t, dir, "group", "settings", "Retail", "--dashboard", "NEVER"); s.Review.APIKey != "ALWAYS" || s.Review.Dashboard != "NEVER" || !s.Review.FourEyes {
		t.Errorf("changed %+v", s)
	}
	if s := must[settings](t, dir, "group", "settings", "Retail", "--no-four-eyes"); s.Review.FourEyes || s.Review.APIKey != "ALWAYS" {
		t.Errorf("changed back %+v", s)
	}
	if code, _, errOut := run(t, dir, "group", "settings", "Retail", "--dashboard", "SOMETIMES"); code != 2 || !strings.Contains(errOut, "ON_INCONCLUSIVE") {
		t.Errorf("an unknown policy exits with %d: %s", code, errOut)
	}
	if code, _, _ := run(t, dir, "group", "settings", "Nobody"); code != 4 {
		t.Errorf("an unknown group exits with %d", code)
	}
	if code, out, _ := run(t, dir, "group", "settings", "Retail"); code != 0 || !strings.Contains(out, "ALWAYS") {
		t.Errorf("exits with %d:\n%s", code, out)
	}
}
