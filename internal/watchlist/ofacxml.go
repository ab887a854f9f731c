package watchlist

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"anycheck/internal/fault"
	"anycheck/internal/screening"
)

// sdnName is a name in OFAC's SDN.XML.
type sdnName struct {
	First    string `xml:"firstName"`
	Last     string `xml:"lastName"`
	Category string `xml:"category"` // of an alias: strong or weak
}

// text is the name as givenFirst makes it of the CSV's "LAST, First, Jr.".
func (n sdnName) text(schema screening.Schema) string {
	if n.First == "" {
		return givenFirst(schema, n.Last)
	}
	return givenFirst(schema, n.Last+", "+n.First)
}

// sdnEntry is an sdnEntry of SDN.XML, as far as it is used.
type sdnEntry struct {
	UID string `xml:"uid"`
	sdnName
	Title    string   `xml:"title"`
	Type     string   `xml:"sdnType"`
	Remarks  string   `xml:"remarks"`
	Programs []string `xml:"programList>program"`
	IDs      []struct {
		Type   string `xml:"idType"`
		Number string `xml:"idNumber"`
	} `xml:"idList>id"`
	Aliases       []sdnName `xml:"akaList>aka"`
	Located       []string  `xml:"addressList>address>country"`
	Nationalities []string  `xml:"nationalityList>nationality>country"`
	Citizenships  []string  `xml:"citizenshipList>citizenship>country"`
	Births        []string  `xml:"dateOfBirthList>dateOfBirthItem>dateOfBirth"`
	Places        []string  `xml:"placeOfBirthList>placeOfBirthItem>placeOfBirth"`
}

// parseOFACXML reads OFAC's SDN.XML. It makes the same list as the CSV files:
// the same name and ids, so that changing the format is a version of it.
func parseOFACXML(b *builder, s *source) error {
	b.list.Name = ofacList
	var count int
	err := readXML(s, "sdnList", func(xml.StartElement) {}, xmlHandlers{
		"Publish_Date": entryHandler(func(text string) error {
			if t, err := time.Parse("01/02/2006", strings.TrimSpace(text)); err == nil {
				b.list.Version = t.Format(time.DateOnly)
			}
			return nil
		}),
		"Record_Count": entryHandler(func(text string) error {
			count, _ = strconv.Atoi(strings.TrimSpace(text))
			return nil
		}),
		"sdnEntry": entryHandler(func(x sdnEntry) error {
			s.rows++
			e, err := sdnEntity(x)
			if err != nil {
				return err
			}
			return b.add(s, e)
		}),
	})
	if err == nil && count > 0 && count != s.rows {
		if !b.force {
			return fault.New(fault.Conflict, "The list file %q says that it has %d records and has %d: it looks broken. Import it with --force if it is right.", s.name, count, s.rows)
		}
		b.warn(s, "the file says it has %d records and has %d", count, s.rows)
	}
	return err
}

func sdnEntity(x sdnEntry) (screening.Entity, error) {
	number, err := ofacNumber(x.UID)
	if err != nil {
		return screening.Entity{}, err
	}
	schema := ofacSchema(x.Type)
	e := ofacEntity(number, schema, x.text(schema), x.Programs, x.Title)
	e.Remarks = strings.Join(strings.Fields(x.Remarks), " ")
	for _, a := range x.Aliases {
		kind := screening.Alias
		if strings.EqualFold(strings.TrimSpace(a.Category), "weak") {
			kind = screening.Weak
		}
		e.Names = append(e.Names, screening.Name{Text: a.text(schema), Kind: kind})
	}
	weakLast(e.Names)
	for _, d := range x.Births {
		if date, ok := ofacDate(d); ok {
			e.BirthDates = append(e.BirthDates, date)
		}
	}
	for _, id := range x.IDs {
		if id.Type == "Gender" {
			e.Gender = gender(id.Number)
		}
	}
	e.Places = x.Places
	e.Countries = append(x.Nationalities, x.Citizenships...)
	if schema != screening.Person {
		e.Countries = append(e.Countries, x.Located...)
	}
	return e, nil
}

// weakLast orders names as the CSV files give them: weak aliases at the end.
func weakLast(names []screening.Name) {
	slices.SortStableFunc(names, func(a, b screening.Name) int {
		switch {
		case a.Kind != screening.Weak && b.Kind == screening.Weak:
			return -1
		case a.Kind == screening.Weak && b.Kind != screening.Weak:
			return 1
		}
		return 0
	})
}

func ofacNumber(text string) (string, error) {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n <= 0 {
		return "", fmt.Errorf("an entry has no number")
	}
	return strconv.Itoa(n), nil
}
