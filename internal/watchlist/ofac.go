package watchlist

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"anycheck/internal/fault"
	"anycheck/internal/screening"
)

// ofacList names the list that OFAC's files make, in every format.
const ofacList = "ofac_sdn"

// none is how OFAC's files write an empty field.
const none = "-0-"

// parseOFAC reads OFAC's SDN files: entries, and with them aliases, addresses
// and comments. Columns by OFAC's "SDN data formats" (dat_spec.txt).
func parseOFAC(b *builder, files []*source) error {
	order := map[Format]int{OFACEntries: 0, OFACComments: 1, OFACAliases: 2, OFACAddresses: 3}
	slices.SortStableFunc(files, func(a, c *source) int { return order[a.format] - order[c.format] })
	if files[0].format != OFACEntries {
		return fault.New(fault.Invalid, "The file %q belongs to OFAC's SDN list and says nothing without its entries: give sdn.csv in the same call.", files[0].name)
	}
	remarks := map[string]string{} // by entry number
	for i, s := range files {
		if i > 0 && s.format == files[i-1].format {
			return fault.New(fault.Invalid, "The files %q and %q are the same part of OFAC's SDN list: give one of each.", files[i-1].name, s.name)
		}
		if err := parseOFACFile(b, s, remarks); err != nil {
			return s.fail(err)
		}
	}
	for i := range b.list.Entities {
		e := &b.list.Entities[i]
		readRemarks(e, remarks[strings.TrimPrefix(e.ID, "OFAC-")])
		e.Names, e.Places = cleanNames(e.Names), distinct(e.Places)
		e.Countries, e.Topics = distinct(e.Countries), distinct(e.Topics)
	}
	return nil
}

var ofacWidth = map[Format]int{OFACEntries: 12, OFACAliases: 5, OFACAddresses: 6, OFACComments: 2}

func parseOFACFile(b *builder, s *source, remarks map[string]string) error {
	in := newRows(s)
	for {
		row, err := in.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if len(row) != ofacWidth[s.format] {
			return fmt.Errorf("the record has %d fields, not %d", len(row), ofacWidth[s.format])
		}
		for i := range row {
			row[i] = latin1(strings.TrimSpace(row[i]))
			if row[i] == none {
				row[i] = ""
			}
		}
		number := strings.Clone(row[0])
		if n, err := strconv.Atoi(number); err != nil || n <= 0 {
			return fmt.Errorf("the record does not begin with an entry number")
		}
		if s.format == OFACEntries {
			remarks[number] = row[11]
			if err := b.add(s, ofacEntry(row)); err != nil {
				return err
			}
			continue
		}
		at, ok := b.seen["OFAC-"+number]
		if !ok {
			b.skip(string(s.format) + " without its entry")
			continue
		}
		e := &b.list.Entities[at]
		switch s.format {
		case OFACComments:
			// The remarks of an entry run on in the comments file.
			if len(remarks[number]) < maxFieldBytes {
				remarks[number] += row[1]
			}
		case OFACAliases:
			if len(e.Names) < maxNames {
				e.Names = append(e.Names, screening.Name{Text: strings.Clone(givenFirst(e.Schema, row[3])), Kind: screening.Alias})
			}
		case OFACAddresses:
			if row[4] != "" && len(e.Countries) < maxNames && e.Schema != screening.Person {
				e.Countries = append(e.Countries, strings.Clone(row[4]))
			}
		}
	}
}

func ofacEntry(row []string) screening.Entity {
	schema := ofacSchema(row[2])
	var programs []string
	for program := range strings.SplitSeq(row[3], "] [") {
		programs = append(programs, strings.Clone(strings.Trim(program, "[] ")))
	}
	return ofacEntity(row[0], schema, strings.Clone(givenFirst(schema, row[1])), programs, strings.Clone(row[4]))
}

func ofacSchema(kind string) screening.Schema {
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "individual":
		return screening.Person
	case "vessel":
		return screening.Vessel
	case "aircraft":
		return screening.Aircraft
	}
	return screening.Organization
}

// ofacEntity is what all of OFAC's formats say of an entry.
func ofacEntity(number string, schema screening.Schema, name string, programs []string, title string) screening.Entity {
	e := screening.Entity{
		ID: "OFAC-" + number, Schema: schema, Datasets: []string{ofacList}, Topics: []string{"sanction"},
		Names: []screening.Name{{Text: name, Kind: screening.Primary}},
		URL:   "https://sanctionssearch.ofac.treas.gov/Details.aspx?id=" + number,
	}
	for _, p := range programs {
		if p = strings.TrimSpace(p); p == "" {
			continue
		}
		e.Programs = append(e.Programs, p)
		switch {
		case p == "SDGT" || p == "FTO" || p == "SDT":
			e.Topics = append(e.Topics, "crime.terror")
		case strings.HasPrefix(p, "SDNT"):
			e.Topics = append(e.Topics, "crime.traffick.drug")
		}
	}
	if title = strings.TrimSpace(title); schema == screening.Person && title != "" {
		e.Positions = []string{title}
	}
	return e
}

// givenFirst turns "FAMILY, Given, Jr." of a person into "Given FAMILY Jr.".
func givenFirst(schema screening.Schema, name string) string {
	family, rest, ok := strings.Cut(name, ",")
	if schema != screening.Person || !ok {
		return name
	}
	given, suffix, _ := strings.Cut(rest, ",")
	return strings.Join(strings.Fields(given+" "+family+" "+suffix), " ")
}

// latin1 reads bytes that are no UTF-8 as ISO 8859-1, which older files use.
func latin1(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	out := make([]rune, len(s))
	for i := range len(s) {
		out[i] = rune(s[i])
	}
	return string(out)
}

var quotedAlias = regexp.MustCompile(`(?:a|f|n)\.k\.a\. '([^;]*)'`)

// readRemarks takes the facts out of an entry's remarks: parts between
// semicolons, "alt." before what repeats. OFAC puts its weak aliases here, in
// single quotes (the "weak AKA" of its FAQ 122).
func readRemarks(e *screening.Entity, text string) {
	text = strings.TrimSuffix(strings.TrimSpace(text), ".")
	e.Remarks = text
	if len(e.Remarks) > maxRemarks {
		e.Remarks = strings.ToValidUTF8(e.Remarks[:maxRemarks], "") + "…"
	}
	for part := range strings.SplitSeq(text, ";") {
		part = strings.TrimSuffix(strings.TrimSpace(part), ".")
		part = strings.TrimPrefix(part, "alt. ")
		key, value, _ := strings.Cut(part, " ")
		switch key {
		case "DOB":
			if d, ok := ofacDate(value); ok {
				e.BirthDates = append(e.BirthDates, d)
			}
		case "POB":
			e.Places = append(e.Places, strings.Clone(value))
		case "Gender":
			e.Gender = gender(value)
		case "nationality", "citizen":
			e.Countries = append(e.Countries, strings.Clone(value))
		default:
			if m := quotedAlias.FindStringSubmatch(part); m != nil && len(e.Names) < maxNames {
				e.Names = append(e.Names, screening.Name{Text: strings.Clone(givenFirst(e.Schema, m[1])), Kind: screening.Weak})
			}
		}
	}
}

// ofacDate reads "12 Mar 1965", "Mar 1965", "1965", "circa 1965" and spans
// such as "1965 to 1967".
func ofacDate(text string) (screening.PartialDate, bool) {
	rest, circa := strings.CutPrefix(strings.TrimSpace(text), "circa ")
	from, to, span := strings.Cut(rest, " to ")
	if !span {
		from, to, span = strings.Cut(rest, "-")
	}
	d, ok := ofacDay(from)
	if !ok {
		return screening.PartialDate{}, false
	}
	d.Circa = circa
	if span {
		last, ok := ofacDay(to)
		if !ok {
			return screening.PartialDate{}, false
		}
		d = screening.PartialDate{Year: min(d.Year, last.Year), YearTo: max(d.Year, last.Year), Circa: circa}
		if d.Year == d.YearTo {
			d.YearTo = 0
		}
	}
	return d, true
}

func ofacDay(text string) (screening.PartialDate, bool) {
	text = strings.TrimSpace(text)
	for i, layout := range []string{"2006", "Jan 2006", "02 Jan 2006"} {
		t, err := time.Parse(layout, text)
		if err != nil || t.Year() < 1000 {
			continue
		}
		d := screening.PartialDate{Year: t.Year()}
		if i > 0 {
			d.Month = int(t.Month())
		}
		if i > 1 {
			d.Day = t.Day()
		}
		return d, true
	}
	return screening.PartialDate{}, false
}
