package watchlist

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"anycheck/internal/screening"
)

const maxXMLDepth = 12

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

// parseUN reads the UN Security Council's consolidated list, one entry at a
// time. encoding/xml expands no entities of a DTD; a DTD is refused all the same.
func parseUN(b *builder, s *source) error {
	b.list.Name = "un_sc"
	guard := &xmlGuard{from: s.in}
	in := xml.NewDecoder(guard)
	in.Strict = true
	fail := func(err error) error {
		s.line, _ = in.InputPos()
		var syntax *xml.SyntaxError
		if errors.As(err, &syntax) {
			return errors.New("the XML is broken or ends too early")
		}
		return err
	}
	depth := 0
	closed := false
	for {
		guard.left = maxRecordBytes
		t, err := in.Token()
		if err == io.EOF {
			if !closed {
				return fail(errors.New("the XML is broken or ends too early"))
			}
			return nil
		}
		if err != nil {
			return fail(err)
		}
		switch t := t.(type) {
		case xml.Directive:
			return fail(errors.New("the XML has a document type definition, which is not read"))
		case xml.EndElement:
			depth--
			closed = depth == 0
		case xml.StartElement:
			if depth == 0 {
				if t.Name.Local != "CONSOLIDATED_LIST" || closed {
					return fail(errors.New("the XML is not the consolidated list"))
				}
				for _, a := range t.Attr {
					if a.Name.Local == "dateGenerated" && len(a.Value) <= 40 {
						b.list.Version = a.Value
					}
				}
			}
			if t.Name.Local != "INDIVIDUAL" && t.Name.Local != "ENTITY" {
				if depth++; depth > maxXMLDepth {
					return fail(fmt.Errorf("the XML is nested deeper than %d levels", maxXMLDepth))
				}
				continue
			}
			s.line, _ = in.InputPos()
			var entry unEntry
			err := in.DecodeElement(&entry, &t)
			if err != nil {
				return fail(err)
			}
			s.rows++
			if err := b.add(s, unEntity(entry, t.Name.Local == "INDIVIDUAL")); err != nil {
				return err
			}
		}
	}
}

// xmlGuard bounds the bytes that one token or one entry may take: the decoder
// holds it in memory.
type xmlGuard struct {
	from io.Reader
	left int
}

func (g *xmlGuard) Read(p []byte) (int, error) {
	// The decoder buffers; reading small pieces keeps the bound near.
	n, err := g.from.Read(p[:min(len(p), 4096)])
	if g.left -= n; g.left < 0 {
		return 0, fmt.Errorf("an entry is longer than %d bytes", maxRecordBytes)
	}
	return n, err
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
