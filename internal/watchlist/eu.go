package watchlist

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"

	"anycheck/internal/screening"
)

type euName struct {
	Whole    string `xml:"wholeName,attr"`
	First    string `xml:"firstName,attr"`
	Middle   string `xml:"middleName,attr"`
	Last     string `xml:"lastName,attr"`
	Function string `xml:"function,attr"`
	Gender   string `xml:"gender,attr"`
	Strong   string `xml:"strong,attr"`
}

type euBirth struct {
	Date     string `xml:"birthdate,attr"`
	Year     string `xml:"year,attr"`
	Month    string `xml:"monthOfYear,attr"`
	Day      string `xml:"dayOfMonth,attr"`
	From     string `xml:"yearRangeFrom,attr"`
	To       string `xml:"yearRangeTo,attr"`
	Circa    string `xml:"circa,attr"`
	Calendar string `xml:"calendarType,attr"`
	euPlace
}

type euPlace struct {
	City    string `xml:"city,attr"`
	Place   string `xml:"place,attr"`
	Region  string `xml:"region,attr"`
	Code    string `xml:"countryIso2Code,attr"`
	Country string `xml:"countryDescription,attr"`
}

// country is empty where the list does not know it: its code is then 00.
func (p euPlace) country() string {
	if p.Code == "00" || strings.EqualFold(strings.TrimSpace(p.Country), "unknown") {
		return ""
	}
	return p.Country
}

// euEntry is a sanctionEntity of the EU's consolidated list, version 1.1, as
// far as it is used.
type euEntry struct {
	LogicalID string   `xml:"logicalId,attr"`
	Reference string   `xml:"euReferenceNumber,attr"`
	Remarks   []string `xml:"remark"`
	Subject   struct {
		Code string `xml:"code,attr"`
	} `xml:"subjectType"`
	Regulations []struct {
		Programme string `xml:"programme,attr"`
		URL       string `xml:"publicationUrl"`
	} `xml:"regulation"`
	Names       []euName  `xml:"nameAlias"`
	Births      []euBirth `xml:"birthdate"`
	Citizenship []euPlace `xml:"citizenship"`
	Addresses   []euPlace `xml:"address"`
}

// parseEU reads the EU's consolidated list of financial sanctions
// (xmlFullSanctionsList 1.1).
func parseEU(b *builder, s *source) error {
	b.list.Name = "eu_fsf"
	return readXML(s, "export", func(root xml.StartElement) { b.list.Version = attribute(root, "generationDate") }, xmlHandlers{
		"sanctionEntity": entryHandler(func(x euEntry) error {
			s.rows++
			unread := 0
			e := euEntity(x, &unread)
			if unread > 0 {
				b.warn(s, "a date of birth that cannot be read was left out")
			}
			return b.add(s, e)
		}),
	})
}

func euEntity(x euEntry, unread *int) screening.Entity {
	e := screening.Entity{
		ID: strings.TrimSpace(x.Reference), Schema: screening.Organization, Datasets: []string{"eu_fsf"}, Topics: []string{"sanction"},
		Remarks: strings.Join(strings.Fields(strings.Join(x.Remarks, " ")), " "),
	}
	if id := strings.TrimSpace(x.LogicalID); e.ID == "" && id != "" {
		e.ID = "EU-" + id
	}
	switch strings.ToLower(x.Subject.Code) {
	case "person":
		e.Schema = screening.Person
	case "enterprise":
	default:
		e.Schema = screening.Unknown
	}
	for _, n := range x.Names {
		text := strings.TrimSpace(n.Whole)
		if text == "" {
			text = strings.Join([]string{n.First, n.Middle, n.Last}, " ")
		}
		kind := screening.Alias
		if strings.EqualFold(n.Strong, "false") {
			kind = screening.Weak
		}
		e.Names = append(e.Names, screening.Name{Text: text, Kind: kind})
		e.Positions = append(e.Positions, n.Function)
		if g := gender(n.Gender); g != "" {
			e.Gender = g
		}
	}
	e.Names = cleanNames(e.Names)
	weakLast(e.Names)
	if len(e.Names) > 0 {
		e.Names[0].Kind = screening.Primary // the first good one
	}
	for _, r := range x.Regulations {
		e.Programs = append(e.Programs, r.Programme)
		if r.Programme == "TERR" || r.Programme == "TAQA" {
			e.Topics = append(e.Topics, "crime.terror")
		}
		if u := strings.TrimSpace(r.URL); e.URL == "" && strings.HasPrefix(u, "https://") {
			e.URL = u
		}
	}
	e.Programs = distinct(e.Programs)
	for _, d := range x.Births {
		if date, ok := euDate(d); ok {
			if len(e.BirthDates) < maxBirths && !slices.Contains(e.BirthDates, date) {
				e.BirthDates = append(e.BirthDates, date)
			}
		} else if d.Date+d.Year+d.From+d.To != "" {
			*unread++
		}
		e.Places = append(e.Places, strings.Join(distinct([]string{d.City, d.Place, d.Region, d.country()}), ", "))
	}
	for _, c := range x.Citizenship {
		e.Countries = append(e.Countries, c.country())
	}
	if e.Schema != screening.Person {
		for _, a := range x.Addresses {
			e.Countries = append(e.Countries, a.country())
		}
	}
	return e
}

// euDate takes the day, what is known of it, or the span of years. A span that
// is open at one end and another calendar than ours say too little.
func euDate(b euBirth) (screening.PartialDate, bool) {
	if b.Calendar != "" && !strings.EqualFold(b.Calendar, "GREGORIAN") {
		return screening.PartialDate{}, false
	}
	texts := []string{b.Date}
	if b.Year != "" {
		text := b.Year
		if b.Month != "" {
			text += "-" + b.Month
			if b.Day != "" {
				text += "-" + b.Day
			}
		}
		texts = append(texts, text, b.Year)
	}
	if b.From != "" && b.To != "" {
		texts = append(texts, fmt.Sprintf("%s..%s", strings.TrimSpace(b.From), strings.TrimSpace(b.To)))
	}
	for _, text := range texts {
		if d, err := screening.ParseDate(text); err == nil {
			d.Circa = strings.EqualFold(b.Circa, "true")
			return d, true
		}
	}
	return screening.PartialDate{}, false
}
