// Package sandbox says what verifications of test keys come to: a table of
// names, and what the steps find of a person who does not exist.
//
// It must not know the store, HTTP or models, and it looks at nothing that is
// sent in but a name: of the card's file, or of the person who is screened.
package sandbox

import (
	"path"
	"strings"
	"time"

	"anycheck/internal/verification"
)

// Slow is how long the scenarios that take their time stay where they are.
const Slow = 20 * time.Second

// Sandbox implements verification.Sandbox.
type Sandbox struct{ now func() time.Time }

// New makes a sandbox; now dates what its steps find.
func New(now func() time.Time) Sandbox { return Sandbox{now} }

// Scenario implements verification.Sandbox. A name that is not in the table is
// as good as the first one, "verified".
func (s Sandbox) Scenario(cfg verification.Configuration) verification.Scenario {
	row := find(asked(cfg), cfg.Person != nil)
	f := newFindings(cfg.Person != nil)
	if row.play != nil {
		row.play(f)
	}
	if f.scenario.Refusal != nil {
		// Callers may add to a fault: each gets its own.
		refusal := *f.scenario.Refusal
		f.scenario.Refusal = &refusal
	}
	return f.script(s.now)
}

// asked is the name that decides, as it stands in the table.
func asked(cfg verification.Configuration) string {
	if cfg.Person != nil {
		return normal(cfg.Person.Name)
	}
	for _, p := range cfg.Files["ktp_file"] {
		// The platform puts an id without underscores before the caller's name.
		_, name, _ := strings.Cut(path.Base(p), "_")
		return normal(strings.TrimSuffix(name, path.Ext(name)))
	}
	return ""
}

// normal lets "Need_Review" and "need review" be "need-review".
func normal(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == ' ' {
			return '-'
		}
		return r
	}, strings.ToLower(name))
}

func find(name string, person bool) Row {
	for _, r := range rows {
		if r.Name == name && (r.Person || !person) {
			return r
		}
	}
	return rows[0]
}
