package watchlist

import (
	"encoding/xml"
	"fmt"
	"strings"

	"anycheck/internal/screening"
)

// advDate is a date with what is known of it.
type advDate struct {
	Year  string `xml:"Year"`
	Month string `xml:"Month"`
	Day   string `xml:"Day"`
}

// advSpan is a bound of a period: it lies between From and To.
type advSpan struct {
	From  advDate `xml:"From"`
	To    advDate `xml:"To"`
	Circa string  `xml:"Approximate,attr"`
}

type advFeature struct {
	Type     string `xml:"FeatureTypeID,attr"`
	Versions []struct {
		Period *struct {
			Start advSpan `xml:"Start"`
			End   advSpan `xml:"End"`
		} `xml:"DatePeriod"`
		Detail []struct {
			Reference string `xml:"DetailReferenceID,attr"`
			Text      string `xml:",chardata"`
		} `xml:"VersionDetail"`
		Location []struct {
			ID string `xml:"LocationID,attr"`
		} `xml:"VersionLocation"`
	} `xml:"FeatureVersion"`
}

type advPart struct {
	Value struct {
		Group string `xml:"NamePartGroupID,attr"`
		Text  string `xml:",chardata"`
	} `xml:"NamePartValue"`
}

// advParty is a DistinctParty of SDN_ADVANCED.XML, as far as it is used.
type advParty struct {
	Number   string `xml:"FixedRef,attr"`
	Comment  string `xml:"Comment"`
	Profiles []struct {
		ID         string `xml:"ID,attr"`
		SubType    string `xml:"PartySubTypeID,attr"`
		Identities []struct {
			Aliases []struct {
				Primary string `xml:"Primary,attr"`
				Weak    string `xml:"LowQuality,attr"`
				Names   []struct {
					Parts []advPart `xml:"DocumentedNamePart"`
				} `xml:"DocumentedName"`
			} `xml:"Alias"`
			Groups []struct {
				ID   string `xml:"ID,attr"`
				Type string `xml:"NamePartTypeID,attr"`
			} `xml:"NamePartGroups>MasterNamePartGroup>NamePartGroup"`
		} `xml:"Identity"`
		Features []advFeature `xml:"Feature"`
	} `xml:"Profile"`
}

type advReference struct {
	ID     string `xml:"ID,attr"`
	Parent string `xml:"PartyTypeID,attr"`
	Text   string `xml:",chardata"`
}

type advLocation struct {
	ID        string `xml:"ID,attr"`
	Countries []struct {
		ID string `xml:"CountryID,attr"`
	} `xml:"LocationCountry"`
	Parts []string `xml:"LocationPart>LocationPartValue>Value"`
}

type advEntry struct {
	Profile  string   `xml:"ProfileID,attr"`
	Comments []string `xml:"SanctionsMeasure>Comment"`
}

// maxReferences bounds what is kept for later parts of the file to refer to.
const maxReferences = 1_000_000

// advanced gathers what the file refers to by number.
type advanced struct {
	b         *builder
	words     map[string]advReference // kind and number → word
	places    map[string]advLocation
	profiles  map[string]int // profile → place of its entity in the list
	remaining int
}

// parseOFACAdvanced reads OFAC's SDN_ADVANCED.XML: words first, then places,
// parties, and at the end the programmes under which each is listed.
func parseOFACAdvanced(b *builder, s *source) error {
	b.list.Name = ofacList
	a := &advanced{b: b, words: map[string]advReference{}, places: map[string]advLocation{}, profiles: map[string]int{}, remaining: maxReferences}
	handlers := xmlHandlers{
		"DateOfIssue": entryHandler(func(d advDate) error {
			if day, ok := d.partial(); ok {
				b.list.Version = day.String()
			}
			return nil
		}),
		"Location": entryHandler(func(l advLocation) error {
			a.places[l.ID] = l
			return a.keep()
		}),
		"DistinctParty": entryHandler(func(p advParty) error {
			s.rows++
			return a.party(s, p)
		}),
		"SanctionsEntry": entryHandler(func(x advEntry) error {
			at, ok := a.profiles[x.Profile]
			if !ok {
				b.skip("programmes of an unknown entry")
				return nil
			}
			e := &b.list.Entities[at]
			named := ofacEntity("", e.Schema, "", x.Comments, "")
			e.Programs = distinct(append(e.Programs, named.Programs...))
			e.Topics = distinct(append(e.Topics, named.Topics...))
			return nil
		}),
	}
	for _, kind := range []string{"Country", "DetailReference", "FeatureType", "NamePartType", "PartySubType", "PartyType"} {
		handlers[kind] = entryHandler(func(r advReference) error {
			r.Text = strings.TrimSpace(r.Text)
			a.words[kind+r.ID] = r
			return a.keep()
		})
	}
	return readXML(s, "Sanctions", func(xml.StartElement) {}, handlers)
}

func (a *advanced) keep() error {
	if a.remaining--; a.remaining < 0 {
		return fmt.Errorf("the file has more than %d references", maxReferences)
	}
	return nil
}

func (a *advanced) word(kind, id string) string { return a.words[kind+id].Text }

// schema is the party's kind. Persons and organizations have no sub-type of
// their own, only that of their party type.
func (a *advanced) schema(subType string) screening.Schema {
	sub := a.words["PartySubType"+subType]
	if s := ofacSchema(sub.Text); s != screening.Organization {
		return s
	}
	return ofacSchema(a.word("PartyType", sub.Parent))
}

func (a *advanced) party(s *source, p advParty) error {
	number, err := ofacNumber(p.Number)
	if err != nil {
		return err
	}
	if len(p.Profiles) == 0 {
		a.b.skip("no name")
		return nil
	}
	schema := a.schema(p.Profiles[0].SubType)
	e := ofacEntity(number, schema, "", nil, "")
	e.Names, e.Remarks = nil, strings.Join(strings.Fields(p.Comment), " ")
	for _, profile := range p.Profiles {
		for _, id := range profile.Identities {
			types := map[string]string{}
			for _, g := range id.Groups {
				types[g.ID] = a.word("NamePartType", g.Type)
			}
			for _, alias := range id.Aliases {
				kind := screening.Alias
				switch {
				case alias.Primary == "true":
					kind = screening.Primary
				case alias.Weak == "true":
					kind = screening.Weak
				}
				for i, n := range alias.Names {
					if i > 0 && kind == screening.Primary {
						kind = screening.Alias // the name in another script
					}
					e.Names = append(e.Names, screening.Name{Text: joinParts(schema, n.Parts, types), Kind: kind})
				}
			}
		}
		for _, f := range profile.Features {
			a.feature(&e, f)
		}
	}
	e.Names = cleanNames(e.Names)
	primaryFirst(e.Names)
	weakLast(e.Names)
	before := len(a.b.list.Entities)
	if err := a.b.add(s, e); err != nil {
		return err
	}
	if len(a.b.list.Entities) > before {
		for _, profile := range p.Profiles {
			a.profiles[profile.ID] = before
		}
	}
	return nil
}

// joinParts puts a person's given names first, as the other formats do.
func joinParts(schema screening.Schema, parts []advPart, types map[string]string) string {
	var given, family []string
	for _, p := range parts {
		switch types[p.Value.Group] {
		case "First Name", "Middle Name":
			given = append(given, p.Value.Text)
		default:
			family = append(family, p.Value.Text)
		}
	}
	if schema != screening.Person {
		given, family = nil, nil
		for _, p := range parts {
			family = append(family, p.Value.Text)
		}
	}
	return strings.Join(append(given, family...), " ")
}

func primaryFirst(names []screening.Name) {
	for i, n := range names {
		if n.Kind == screening.Primary {
			copy(names[1:i+1], names[:i])
			names[0] = n
			return
		}
	}
}

func (a *advanced) feature(e *screening.Entity, f advFeature) {
	kind := a.word("FeatureType", f.Type)
	for _, v := range f.Versions {
		if kind == "Birthdate" && v.Period != nil {
			if d, ok := advPeriod(v.Period.Start, v.Period.End); ok {
				e.BirthDates = append(e.BirthDates, d)
			}
		}
		for _, d := range v.Detail {
			text := strings.TrimSpace(d.Text)
			switch kind {
			case "Gender":
				e.Gender = gender(a.word("DetailReference", d.Reference))
			case "Title":
				if text != "" && e.Schema == screening.Person {
					e.Positions = append(e.Positions, text)
				}
			case "Place of Birth":
				e.Places = append(e.Places, text)
			}
		}
		for _, l := range v.Location {
			place := a.places[l.ID]
			for _, c := range place.Countries {
				country := a.word("Country", c.ID)
				switch {
				case kind == "Nationality Country", kind == "Citizenship Country", kind == "Location" && e.Schema != screening.Person:
					e.Countries = append(e.Countries, country)
				case kind == "Place of Birth":
					place.Parts = append(place.Parts[:len(place.Parts):len(place.Parts)], country)
				}
			}
			if kind == "Place of Birth" {
				e.Places = append(e.Places, strings.Join(distinct(place.Parts), ", "))
			}
		}
	}
}

func (d advDate) partial() (screening.PartialDate, bool) {
	parsed, err := screening.ParseDate(fmt.Sprintf("%s-%s-%s", strings.TrimSpace(d.Year), strings.TrimSpace(d.Month), strings.TrimSpace(d.Day)))
	return parsed, err == nil
}

// advPeriod reads a period of birth: one day, or the first to the last day of
// a year, a month or a span of years.
func advPeriod(start, end advSpan) (screening.PartialDate, bool) {
	from, ok := start.From.partial()
	if !ok {
		return screening.PartialDate{}, false
	}
	to := from
	for _, d := range []advDate{start.To, end.From, end.To} {
		if last, ok := d.partial(); ok && last.Year >= to.Year {
			to = last
		}
	}
	d := from
	switch {
	case from.Year != to.Year:
		d = screening.PartialDate{Year: from.Year, YearTo: to.Year}
	case from.Month != to.Month:
		d = screening.PartialDate{Year: from.Year}
	case from.Day != to.Day:
		d.Day = 0
	}
	d.Circa = start.Circa == "true" || end.Circa == "true"
	return d, true
}
