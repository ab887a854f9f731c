package audit

import (
	"cmp"
	"slices"
	"time"
)

// exposes tells which fields of a person an action shows.
var exposes = map[Action][]string{
	DataViewed:       {"nik", "name", "birth_place", "birth_date", "gender", "blood_type", "address", "religion", "marital_status", "occupation", "face_match", "pep"},
	FileDownloaded:   {"file"},
	FileUploaded:     {"file"},
	Exported:         {"files", "evidence", "output"},
	SubjectExported:  {"files", "evidence", "output"},
	ScreeningCreated: {"name", "birth_date", "gender", "birth_place", "pep"},
}

// Exposure is what was shown of one object in a time: whose data, which fields,
// when, by whom. It is what a notice of a breach needs (UU PDP 27/2022, art. 46).
type Exposure struct {
	Organization string    `json:"organization"`
	Group        string    `json:"group,omitempty"`
	Object       Object    `json:"object"`
	Fields       []string  `json:"fields"`
	Actions      []Action  `json:"actions"`
	Actors       []Actor   `json:"actors"`
	Addresses    []string  `json:"addresses"`
	First        time.Time `json:"first"`
	Last         time.Time `json:"last"`
	Times        int       `json:"times"`
}

// Exposures gathers records that showed personal data by what they showed, the
// oldest first. Refused calls showed nothing.
type Exposures struct {
	byObject map[string]*Exposure
}

// Add takes a record in; those that show nothing of a person are passed over.
func (x *Exposures) Add(r Record) {
	fields, shows := exposes[r.Action]
	if field := r.Details["field"]; field != "" {
		fields, shows = []string{field}, true
	}
	if !shows || r.Outcome != "" && r.Outcome != "ok" {
		return
	}
	key := r.Organization + " " + r.Object.Type + " " + r.Object.ID
	if x.byObject == nil {
		x.byObject = map[string]*Exposure{}
	}
	e := x.byObject[key]
	if e == nil {
		e = &Exposure{Organization: r.Organization, Group: r.Group, Object: r.Object, First: r.At, Last: r.At}
		x.byObject[key] = e
	}
	e.Times++
	if r.At.Before(e.First) {
		e.First = r.At
	}
	if r.At.After(e.Last) {
		e.Last = r.At
	}
	for _, f := range fields {
		e.Fields = with(e.Fields, f)
	}
	e.Actions, e.Actors = with(e.Actions, r.Action), with(e.Actors, r.Actor)
	if r.Address != "" {
		e.Addresses = with(e.Addresses, r.Address)
	}
}

func with[T comparable](list []T, v T) []T {
	if slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}

// List gives the exposures by the time of the first.
func (x *Exposures) List() []Exposure {
	list := make([]Exposure, 0, len(x.byObject))
	for _, e := range x.byObject {
		list = append(list, *e)
	}
	slices.SortFunc(list, func(a, b Exposure) int {
		return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.Object.ID, b.Object.ID))
	})
	return list
}
