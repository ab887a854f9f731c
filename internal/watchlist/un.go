package watchlist

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"

	"anycheck/internal/screening"
)

// unValues is an element that holds a list of VALUE elements.
type unValues struct {
	Value []string `xml:"VALUE"`
}

type unAlias struct {
	Quality string `xml:"QUALITY"`
	Name    string `xml:"ALIAS_NAME"`
}

type unDate struct {
	Type string `xml:"TYPE_OF_DATE"`
	Date string `xml:"DATE"`
	Year string `xml:"YEAR"`
	From string `xml:"FROM_YEAR"`
	To   string `xml:"TO_YEAR"`
}

type unPlace struct {
	City     string `xml:"CITY"`
	Province string `xml:"STATE_PROVINCE"`
	Country  string `xml:"COUNTRY"`
}

// unEntry is an INDIVIDUAL or ENTITY of the consolidated list
// (the UN's sc-sanctions.xsd), as far as it is used.
type unEntry struct {
	DataID        string    `xml:"DATAID"`
	First         string    `xml:"FIRST_NAME"`
	Second        string    `xml:"SECOND_NAME"`
	Third         string    `xml:"THIRD_NAME"`
	Fourth        string    `xml:"FOURTH_NAME"`
	Original      string    `xml:"NAME_ORIGINAL_SCRIPT"`
	ListType      string    `xml:"UN_LIST_TYPE"`
	Reference     string    `xml:"REFERENCE_NUMBER"`
	Gender        string    `xml:"GENDER"`
	Comments      string    `xml:"COMMENTS1"`
	Nationality   unValues  `xml:"NATIONALITY"`
	Designation   unValues  `xml:"DESIGNATION"`
	Aliases       []unAlias `xml:"INDIVIDUAL_ALIAS"`
	EntityAliases []unAlias `xml:"ENTITY_ALIAS"`
	Births        []unDate  `xml:"INDIVIDUAL_DATE_OF_BIRTH"`
	Places        []unPlace `xml:"INDIVIDUAL_PLACE_OF_BIRTH"`
	Addresses     []unPlace `xml:"ENTITY_ADDRESS"`
}

// parseUN reads the UN Security Council's consolidated list.
func parseUN(b *builder, s *source) error {
	b.list.Name = "un_sc"
	entry := func(individual bool) func(*xml.Decoder, xml.StartElement) error {
		return entryHandler(func(u unEntry) error {
			s.rows++
			return b.add(s, unEntity(u, individual))
		})
	}
	return readXML(s, "CONSOLIDATED_LIST", func(root xml.StartElement) { b.list.Version = attribute(root, "dateGenerated") },
		xmlHandlers{"INDIVIDUAL": entry(true), "ENTITY": entry(false)})
}

func unEntity(u unEntry, individual bool) screening.Entity {
	e := screening.Entity{
		Schema: screening.Organization, Datasets: []string{"un_sc"}, Topics: []string{"sanction"},
		Names:  []screening.Name{{Text: strings.Join([]string{u.First, u.Second, u.Third, u.Fourth}, " "), Kind: screening.Primary}},
		Gender: gender(u.Gender), Countries: u.Nationality.Value, Positions: u.Designation.Value,
		Programs: distinct([]string{u.ListType, u.Reference}), Remarks: strings.Join(strings.Fields(u.Comments), " "),
		URL: "https://main.un.org/securitycouncil/en/content/un-sc-consolidated-list",
	}
	if id := strings.TrimSpace(u.DataID); id != "" {
		e.ID = "UN-" + id
	}
	if u.ListType == "Al-Qaida" {
		e.Topics = append(e.Topics, "crime.terror")
	}
	if u.Original != "" {
		e.Names = append(e.Names, screening.Name{Text: u.Original, Kind: screening.Alias})
	}
	aliases := u.EntityAliases
	if individual {
		e.Schema, aliases = screening.Person, u.Aliases
	}
	for _, a := range aliases {
		kind := screening.Alias
		if strings.TrimSpace(a.Quality) == "Low" {
			kind = screening.Weak
		}
		// One element often holds several, between semicolons.
		for _, name := range split(a.Name) {
			e.Names = append(e.Names, screening.Name{Text: name, Kind: kind})
		}
	}
	for _, d := range u.Births {
		if date, ok := unBirth(d); ok {
			e.BirthDates = append(e.BirthDates, date)
		}
	}
	for _, p := range u.Places {
		e.Places = append(e.Places, strings.Join(distinct([]string{p.City, p.Province, p.Country}), ", "))
	}
	for _, p := range u.Addresses {
		e.Countries = append(e.Countries, p.Country)
	}
	return e
}

func unBirth(u unDate) (screening.PartialDate, bool) {
	circa := u.Type == "APPROXIMATELY"
	if u.Type == "BETWEEN" {
		from, errFrom := strconv.Atoi(strings.TrimSpace(u.From))
		to, errTo := strconv.Atoi(strings.TrimSpace(u.To))
		if errFrom == nil && errTo == nil {
			d, err := screening.ParseDate(fmt.Sprintf("%04d..%04d", from, to))
			return d, err == nil
		}
	}
	for _, text := range []string{u.Date, u.Year} {
		if d, err := screening.ParseDate(text); err == nil {
			d.Circa = circa
			return d, true
		}
	}
	return screening.PartialDate{}, false
}
