// Package screening answers whether a person is on a watch list: it holds the
// matching engine, from the spelling of names to a scored and explained hit.
//
// It is pure: no files, no database, no clock. It must not know where lists
// come from (watchlist parses them), who asks, or what a hit leads to.
package screening

import "time"

// Schema is the kind of thing an entity is.
type Schema string

// The kinds. What a list does not say is Unknown, and is treated as a person.
const (
	Person       Schema = "person"
	Organization Schema = "organization"
	Vessel       Schema = "vessel"
	Aircraft     Schema = "aircraft"
	Unknown      Schema = "unknown"
)

// NameKind says how good a name is as an identifier.
type NameKind string

// The kinds of names. A weak alias (a nickname, an alias "of low quality")
// never alerts by itself.
const (
	Primary NameKind = "primary"
	Alias   NameKind = "alias"
	Weak    NameKind = "weak"
)

// Gender is as lists give it; empty is unknown.
type Gender string

// The genders that lists and identity cards know.
const (
	Male   Gender = "male"
	Female Gender = "female"
)

// Name is one name of an entity, as published.
type Name struct {
	Text string   `json:"text"`
	Kind NameKind `json:"kind"`
}

// Entity is one listed person, organization, vessel or aircraft.
type Entity struct {
	ID         string        `json:"id"` // e.g. OFAC-<ent_num>, UN-<DATAID>, or the list's own
	Schema     Schema        `json:"schema"`
	Names      []Name        `json:"names"` // at least one; the first is shown
	BirthDates []PartialDate `json:"birth_dates,omitempty"`
	Gender     Gender        `json:"gender,omitempty"`
	Places     []string      `json:"places,omitempty"`    // places of birth, as written
	Countries  []string      `json:"countries,omitempty"` // nationality or citizenship, as written
	Addresses  []string      `json:"addresses,omitempty"` // as written; for the reviewer, not compared
	Topics     []string      `json:"topics"`              // FollowTheMoney topics: sanction, role.pep, crime.terror…
	Datasets   []string      `json:"datasets"`            // e.g. ofac_sdn, un_sc
	URL        string        `json:"url,omitempty"`       // a page about the entity
	Positions  []string      `json:"positions,omitempty"` // offices held
	Programs   []string      `json:"programs,omitempty"`  // sanction programmes
	Remarks    string        `json:"remarks,omitempty"`   // shortened
}

// List is one imported version of a watch list.
type List struct {
	Name       string    `json:"name"`
	Version    string    `json:"version"`  // the publisher's, or the start of the checksum
	Checksum   string    `json:"checksum"` // SHA-256 of the files, hexadecimal
	ImportedAt time.Time `json:"imported_at"`
	Entities   []Entity  `json:"-"`
}

// Query is the person asked about. Only Name is needed; every other fact that
// is known makes the answer better.
type Query struct {
	Name      string
	BirthDate PartialDate // zero is unknown
	Gender    Gender
	Place     string // of birth
	// AllSchemas also looks among organizations, vessels and aircraft.
	AllSchemas bool
}

// Hit is a listed entity that may be the person asked about.
type Hit struct {
	EntityID string   `json:"entity_id"`
	Name     string   `json:"name"`  // the name that matched, as listed
	Score    float64  `json:"score"` // 0..1, likelihood that it is the same person
	Topics   []string `json:"topics"`
	Datasets []string `json:"datasets"`
	// MatchedOn names the facts that agree: name, alias or weak_alias, then
	// birth_date, gender, birth_place.
	MatchedOn []string `json:"matched_on"`
	URL       string   `json:"url"`
	// Fingerprint changes when anything that the list says of the entity does.
	Fingerprint string `json:"fingerprint"`
	// Alert is set when Score reaches AlertScore and no rule asks for a
	// further agreeing fact.
	Alert       bool       `json:"alert"`
	Explanation []Evidence `json:"explanation"`
}

// Evidence is one reason for a score. Points are natural-log likelihood
// ratios before the name's total is bounded: above 0 speaks for the same
// person, below against.
type Evidence struct {
	Fact   string  `json:"fact"` // name, birth_date, gender, birth_place, rule
	Query  string  `json:"query,omitempty"`
	Listed string  `json:"listed,omitempty"`
	How    string  `json:"how"`
	Points float64 `json:"points"`
}
