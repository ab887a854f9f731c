package verification

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"anycheck/internal/fault"
)

// Consent is what a person agreed to before a verification, as its caller
// tells: the platform keeps and shows it, and proves nothing of it.
type Consent struct {
	Text    string    `json:"text"`     // as the person saw it
	Version string    `json:"version"`  // the caller's name of that text
	GivenAt time.Time `json:"given_at"` // by the caller's clock
}

const (
	maxConsentText    = 20_000 // characters
	maxConsentVersion = 64     // characters
	// A caller's clock may be ahead of ours by so much.
	clockSkew = 2 * time.Minute
)

// checked is a consent as it is kept, or a field error; nil stays nil.
func (c *Consent) checked(now time.Time) (*Consent, error) {
	if c == nil {
		return nil, nil
	}
	kept := Consent{strings.TrimSpace(c.Text), strings.TrimSpace(c.Version), c.GivenAt.UTC().Truncate(time.Microsecond)}
	wrong := fault.New(fault.Invalid, "The consent cannot be kept like this.")
	if kept.Text == "" || utf8.RuneCountInString(kept.Text) > maxConsentText {
		wrong.WithField("consent.text", "must have 1 to %d characters", maxConsentText)
	}
	if kept.Version == "" || utf8.RuneCountInString(kept.Version) > maxConsentVersion || strings.ContainsFunc(kept.Version, unicode.IsControl) {
		wrong.WithField("consent.version", "must have 1 to %d characters on one line", maxConsentVersion)
	}
	if kept.GivenAt.IsZero() || kept.GivenAt.After(now.Add(clockSkew)) {
		wrong.WithField("consent.given_at", "must be a time that is not in the future")
	}
	if len(wrong.Fields) > 0 {
		return nil, wrong
	}
	return &kept, nil
}

// masked hides the text, which may name the person; nil stays nil.
func (c *Consent) masked() *Consent {
	if c == nil {
		return nil
	}
	return &Consent{hidden, c.Version, c.GivenAt}
}
