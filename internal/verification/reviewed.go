package verification

import (
	"maps"
	"slices"
	"time"

	"anycheck/internal/ktp"
)

// Reviewed is what reviewers have said of an attempt, as it counts now. It is
// evidence like that of any step: with it the decision can be replayed, and
// without it what the pipeline itself had decided.
type Reviewed struct {
	Corrections map[ktp.Field]Correction `json:"corrections,omitempty"`
	// Reuse stands for the step's once the NIK was corrected.
	Reuse *Reuse `json:"reuse,omitempty"`
	// Approved and Rejected are the last closed review; at most one is set.
	Approved *Approval  `json:"approved,omitempty"`
	Rejected *Judgement `json:"rejected,omitempty"`
}

// Correction is a value that a reviewer has given.
type Correction struct {
	Value *string   `json:"value"` // nil: cannot be read
	By    string    `json:"by"`
	At    time.Time `json:"at"`
}

// Judgement is a reviewer's word; with four eyes it has two names.
type Judgement struct {
	By     []string  `json:"by"`
	Reason string    `json:"reason"` // of the last of them
	At     time.Time `json:"at"`
}

// Approval is a judgement on what was open when it was made. What comes up
// later is not covered.
type Approval struct {
	Judgement
	Settled map[string]string `json:"settled"`        // check → code that was INCONCLUSIVE
	Hits    map[string]string `json:"hits,omitempty"` // entity → fingerprint
}

const (
	checkReview      = "review"
	checkReadable    = "card_readable"
	checkNIK         = "nik"
	checkWatchList   = "watch_list"
	codeRejected     = "REVIEW_REJECTED"
	reviewerApproved = "A reviewer has looked at this and approved it. Before: "
)

// byFields tells which checks an approval cannot settle: they pass once their
// fields are corrected or confirmed.
func byFields(check string) bool { return check == checkReadable || check == checkNIK }

// reviewed is the evidence with what reviewers have corrected. It may be
// applied again.
func (e Evidence) reviewed() Evidence {
	if e.Review == nil {
		return e
	}
	if e.Review.Reuse != nil {
		e.Reuse = e.Review.Reuse
	}
	if e.Read != nil && len(e.Review.Corrections) > 0 {
		given := map[ktp.Field]*string{}
		var last time.Time
		for f, c := range e.Review.Corrections {
			given[f] = c.Value
			if c.At.After(last) {
				last = c.At
			}
		}
		r := Read{Reading: e.Read.Corrected(given)}
		r.Findings = append([]ktp.Finding{}, ktp.CheckCard(&r.Reading, last)...)
		e.Read = &r
	}
	return e
}

// judge puts the reviewers' word over the checks.
func (r *Reviewed) judge(checks []Check, s *Screen) []Check {
	if r == nil {
		return checks
	}
	c := Check{Name: checkReview, Blocking: true}
	switch {
	case r.Rejected != nil:
		return append(checks, c.with(FailOutcome, codeRejected, "A reviewer has rejected this verification."))
	case r.Approved != nil:
		for i, c := range checks {
			if r.Approved.covers(c, s) {
				checks[i] = c.with(Pass, "", "%s%s", reviewerApproved, c.Message)
			}
		}
		return append(checks, c.with(Pass, "", "A reviewer has approved this verification."))
	}
	return checks
}

func (a *Approval) covers(c Check, s *Screen) bool {
	if code, ok := a.Settled[c.Name]; !ok || c.Outcome != Inconclusive || code != c.Code {
		return false
	}
	if c.Name == checkWatchList {
		for entity, print := range alertPrints(s) {
			if a.Hits[entity] != print {
				return false
			}
		}
	}
	return true
}

// approve covers what is open among the checks.
func approve(j Judgement, checks []Check, s *Screen) *Approval {
	a := &Approval{Judgement: j, Settled: map[string]string{}}
	for _, c := range checks {
		if c.Outcome == Inconclusive && !byFields(c.Name) {
			a.Settled[c.Name] = c.Code
		}
	}
	if s != nil {
		a.Hits = alertPrints(s)
	}
	return a
}

// clone is a copy whose corrections can be changed.
func (r *Reviewed) clone() Reviewed {
	if r == nil {
		return Reviewed{Corrections: map[ktp.Field]Correction{}}
	}
	c := *r
	if c.Corrections = maps.Clone(r.Corrections); c.Corrections == nil {
		c.Corrections = map[ktp.Field]Correction{}
	}
	return c
}

// needsReview applies a policy to the checks of a decision.
func (p ReviewPolicy) needsReview(checks []Check) bool {
	return p == ReviewAlways || p == ReviewOnInconclusive &&
		slices.ContainsFunc(checks, func(c Check) bool { return c.Outcome == Inconclusive })
}
