package verification

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"anycheck/internal/fault"
	"anycheck/internal/ktp"
	"anycheck/internal/screening"
)

// Person is whom the person service is asked about.
type Person struct {
	Name       string
	BirthDate  screening.PartialDate
	Gender     screening.Gender
	BirthPlace string
	NIK        string
	// AsOf asks for the lists as they were at the end of this day, in UTC.
	AsOf *time.Time `json:",omitempty"`
	Once bool       // not searched again when lists change
}

// AskedPerson is whom the values say, by the names of the person service's
// form; the error lists those that are wrong as ParseConfiguration does.
func AskedPerson(values map[string]string, now time.Time) (Person, error) {
	for name, v := range values {
		if strings.ContainsRune(v, utf8.RuneError) { // what stands for bytes that are none, too
			return Person{}, fault.Field("configuration."+name, "must be UTF-8")
		}
	}
	services := Catalogue()
	service := services[slices.IndexFunc(services, func(s Service) bool { return s.Code == PersonService })]
	raw, err := json.Marshal(values)
	if err != nil {
		return Person{}, err
	}
	cfg, err := ParseConfiguration(service.Form, raw)
	if err != nil {
		return Person{}, err
	}
	return *cfg.Person, cfg.Person.ahead(now)
}

// set takes a field of the form; what it answers says what is wrong.
func (p *Person) set(name, value string) string {
	switch name {
	case "name":
		if !strings.ContainsFunc(value, unicode.IsLetter) {
			return "must have letters"
		}
		p.Name = value
	case "birth_place":
		p.BirthPlace = value
	case "nik":
		if !isNIK(value) {
			return "must have 16 digits"
		}
		p.NIK = value
	case "birth_date":
		// Stricter than for lists: the thirteenth month is a slip to correct.
		if !slices.ContainsFunc([]string{time.DateOnly, "2006-01", "2006"}, func(layout string) bool { _, err := time.Parse(layout, value); return err == nil }) {
			return "must be a date: YYYY-MM-DD, YYYY-MM or YYYY"
		}
		p.BirthDate, _ = screening.ParseDate(value)
	case "as_of":
		day, err := time.Parse(time.DateOnly, value)
		if err != nil {
			return "must be a day: YYYY-MM-DD"
		}
		end := day.AddDate(0, 0, 1).Add(-time.Microsecond)
		p.AsOf = &end
	}
	return ""
}

// ahead names the days that lie in the future wherever one is on earth.
func (p *Person) ahead(now time.Time) error {
	last := now.Add(14 * time.Hour).UTC() // the easternmost clock
	late := func(year, month, day int) bool {
		return time.Date(year, time.Month(max(month, 1)), max(day, 1), 0, 0, 0, 0, time.UTC).After(last)
	}
	wrong := fault.New(fault.Invalid, "The configuration has a day in the future.")
	if d := p.BirthDate; late(d.Year, d.Month, d.Day) {
		wrong.WithField("configuration.birth_date", "must not lie in the future")
	}
	if p.AsOf != nil && late(p.AsOf.Year(), int(p.AsOf.Month()), p.AsOf.Day()) {
		wrong.WithField("configuration.as_of", "must not lie in the future")
	}
	if len(wrong.Fields) > 0 {
		return wrong
	}
	return nil
}

// screenQuery is what the lists are asked, and which facts it has. Without a
// name there is nothing to ask.
func screenQuery(cfg Configuration, r *Read) (q screening.Query, asked []string) {
	if p := cfg.Person; p != nil {
		q = screening.Query{Name: p.Name, BirthDate: p.BirthDate, Gender: p.Gender, Place: p.BirthPlace}
	} else {
		q = screening.Query{Name: r.Text(ktp.Name), Place: r.Text(ktp.BirthPlace)}
		if d, err := time.Parse(time.DateOnly, r.Text(ktp.BirthDate)); err == nil {
			q.BirthDate = screening.PartialDate{Year: d.Year(), Month: int(d.Month()), Day: d.Day()}
		}
		switch g := r.Text(ktp.Gender); {
		case strings.HasPrefix(g, "LAKI"):
			q.Gender = screening.Male
		case strings.HasPrefix(g, "PEREMPUAN"):
			q.Gender = screening.Female
		}
	}
	if q.Name == "" {
		return screening.Query{}, []string{}
	}
	asked = []string{"name"}
	if !q.BirthDate.IsZero() {
		asked = append(asked, "birth_date")
	}
	if q.Gender != "" {
		asked = append(asked, "gender")
	}
	if q.Place != "" {
		asked = append(asked, "birth_place")
	}
	return q, asked
}

// unsearched tells that a name is asked for which no search can find.
func unsearched(q screening.Query) bool { return q.Name != "" && !screening.Searchable(q.Name) }

// isNIK tells whether a text has the form of a NIK.
func isNIK(s string) bool { return len(s) == 16 && strings.Trim(s, "0123456789") == "" }
