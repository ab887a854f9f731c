package cli

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// trusted is a source whose certificate this process trusts. The system's
// certificates are read once, with the first call: no other test may make one
// before.
func trusted(t *testing.T, body func() string) string {
	t.Helper()
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(body())) }))
	t.Cleanup(s.Close)
	file := filepath.Join(t.TempDir(), "cert.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_FILE", file)
	return s.URL
}

func TestListsUpdate(t *testing.T) {
	dir := t.TempDir()
	body := "id,name\nA,Wirandaka Suklentang\n"
	url := trusted(t, func() string { return body })
	type row struct {
		Source, Outcome, Error string
		Lists                  []struct {
			Name   string
			Import struct{ Version int }
		}
	}
	if code, _, errOut := run(t, dir, "lists", "update"); code != 2 || !strings.Contains(errOut, "ANYCHECK_LIST_SOURCES") {
		t.Errorf("without sources: %d %s", code, errOut)
	}
	// Given, then configured; what one source cannot give does not stop the next.
	got := must[[]row](t, dir, "lists", "update", "mine="+url)
	if len(got) != 1 || got[0].Outcome != "imported" || got[0].Lists[0].Name != "mine" || got[0].Lists[0].Import.Version != 1 {
		t.Errorf("first update: %+v", got)
	}
	t.Setenv("ANYCHECK_LIST_SOURCES", "gone=https://127.0.0.1:1/x?token=geheim,mine="+url)
	body += "B,Karmo Abustani\n"
	code, out, errOut := run(t, dir, "lists", "update")
	if code != 7 || !strings.Contains(out, "mine version 2: 2 entities, 2 names; 1 added, 0 removed, 0 changed") || !strings.Contains(out, "gone: failed") ||
		!strings.Contains(errOut, "1 of 2 sources failed: gone") || strings.Contains(out+errOut, "geheim") {
		t.Errorf("update: %d\n%s%s", code, out, errOut)
	}
	if code, out, _ = run(t, dir, "lists", "update", "mine"); code != 0 || !strings.Contains(out, "mine: unchanged at the source") {
		t.Errorf("by name: %d\n%s", code, out)
	}
	sources := must[[]sourceRow](t, dir, "lists", "sources")
	if len(sources) < 7 || sources[0].Name != "gone" || sources[0].Failed == "" || sources[0].DoneAt != nil || !sources[1].Configured || sources[1].DoneAt == nil || sources[2].Configured {
		t.Errorf("sources: %+v", sources)
	}
	if _, out, _ = run(t, dir, "lists", "sources"); !strings.Contains(out, "OFAC") || strings.Contains(out, "geheim") {
		t.Errorf("sources:\n%s", out)
	}
	if _, out, _ = run(t, dir, "lists", "update", "--help"); !strings.Contains(out, "Examples:") {
		t.Errorf("help:\n%s", out)
	}
	t.Setenv("ANYCHECK_LIST_SOURCES", "nobody")
	if code, _, errOut = run(t, dir, "lists", "update"); code != 2 || !strings.Contains(errOut, "nobody") {
		t.Errorf("an unknown source: %d %s", code, errOut)
	}
}
