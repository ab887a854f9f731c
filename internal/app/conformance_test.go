package app_test

import (
	"testing"

	"anycheck/internal/auth"
	"anycheck/internal/conformance"
	"anycheck/internal/tenant"
)

// TestConformance: this server keeps the known part of AnyCheck's contract.
func TestConformance(t *testing.T) {
	needsFaceModels(t)
	s := start(t, nil, nil)
	p := draw(t)
	_, u := s.tenant(t, "Shop", tenant.GroupUser)
	for _, test := range []bool{false, true} { // its sandbox too
		_, key, err := s.Auth.CreateKey(t.Context(), u, auth.NewKey{Name: "conformance", Test: test})
		if err != nil {
			t.Fatal(err)
		}
		checks := conformance.Run(t.Context(), conformance.Options{BaseURL: s.URL(), APIKey: key, Card: p.card, Selfie: p.selfie}, func(conformance.Check) {})
		for _, c := range checks {
			if c.Outcome != conformance.Same {
				t.Errorf("test %v: %s %s: %q %s", test, c.Outcome, c.Name, c.Differences, c.Reason)
			}
		}
	}
}
