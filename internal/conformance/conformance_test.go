package conformance

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestAnotherServer: a server that answers otherwise differs everywhere, and
// what it says is not repeated.
func TestAnotherServer(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, `{"secret":"3171","error_code":"WHATEVER"}`)
	}))
	defer s.Close()
	var told int
	checks := Run(t.Context(), Options{BaseURL: s.URL, APIKey: "k"}, func(Check) { told++ })
	if len(checks) != len(contract) || told != len(checks) {
		t.Fatalf("%d checks, %d told, want %d", len(checks), told, len(contract))
	}
	for _, c := range checks {
		if c.Outcome == Same {
			t.Errorf("%s is the same", c.Name)
		}
		for _, d := range c.Differences {
			if strings.Contains(d, "3171") || strings.Contains(d, "WHATEVER") {
				t.Errorf("a value is repeated: %s", d)
			}
		}
	}
	s.Close()
	for _, c := range Run(t.Context(), Options{BaseURL: s.URL, APIKey: "k"}, func(Check) {}) {
		if c.Outcome == Same {
			t.Errorf("without a server %s is the same", c.Name)
		}
	}
}
