package cli

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Without a server, or a key that opens it, nothing was compared.
func TestConformanceComparesNothing(t *testing.T) {
	answer := func(status int, body string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	const refused = "anycheck: The server refuses the API key.\n"
	for _, tt := range []struct {
		what, url string
		code      int
		says      string
	}{
		{"no server", "http://127.0.0.1:1", 7, "anycheck: Cannot reach the server at http://127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused\n"},
		{"no address", "nowhere", 2, "anycheck: --base-url: \"nowhere\" is not an http(s) address.\n"},
		{"a refused key", answer(http.StatusUnauthorized, `{"error_code":"INVALID_API_KEY"}`), 3, refused},
		{"a refused key, another number", answer(http.StatusBadRequest, `{"error_code":"API_KEY_EXPIRED"}`), 3, refused},
		{"a key without the scope", answer(http.StatusForbidden, `{"error_code":"FORBIDDEN"}`), 3, refused},
	} {
		code, out, errOut := run(t, t.TempDir(), "conformance", "--api-key", "x", "--base-url", tt.url, "--json")
		if code != tt.code || out != "" || errOut != tt.says {
			t.Errorf("%s: exits with %d: %s%q", tt.what, code, out, errOut)
		}
	}
	if code, out, _ := run(t, t.TempDir(), "conformance", "--api-key", "x", "--base-url", answer(http.StatusOK, `{}`)); code != exitDiffers || !strings.Contains(out, "differ") {
		t.Errorf("another server: exits with %d: %s", code, out)
	}
}
