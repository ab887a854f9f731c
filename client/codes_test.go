package client_test

import (
	"slices"
	"testing"

	"anycheck/client"
	"anycheck/internal/fault"
)

// The client's codes are the platform's.
func TestCodes(t *testing.T) {
	var want []string
	for _, k := range fault.Codes() {
		want = append(want, string(k.Code))
	}
	got := client.Codes()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("codes %q, want %q", got, want)
	}
}
