package watchlist

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"anycheck/internal/screening"
)

// Template is the head of our own CSV with one example. Columns may come in
// any order; only id and name must be there.
//
//	id          unique and lasting in the list
//	name        as the person is usually named
//	aliases     other names, between semicolons; one in [brackets] is weak
//	birth_date  YYYY-MM-DD, YYYY-MM or YYYY; several between semicolons
//	gender      male or female
//	country     ISO 3166 code or name; several between semicolons
//	positions   offices held, between semicolons
//	source      where the entry comes from; wikidata makes a link of the id
//	birth_place, topics, url   optional; topics default to role.pep where a
//	            position is given, else to sanction
const Template = "id,name,aliases,birth_date,gender,country,positions,source\n" +
	"EX-1,Contoh Nama Orang,Contoh Orang;[Si Contoh],1970-01-31,male,id,Bupati Contoh,example\n"

var ownColumns = []string{"id", "name", "aliases", "birth_date", "gender", "country", "positions", "source"}

// rows reads CSV records within the limits, with the line in s. Broken quoting
// is an error.
type rows struct {
	s  *source
	in *csv.Reader
}

// newRows reads all of a CSV file. A Control-Z that ends it, as in OFAC's
// files, ends the records.
func newRows(s *source) *rows {
	in := csv.NewReader(&lineLimit{from: s.in})
	in.FieldsPerRecord = -1
	in.ReuseRecord = true
	return &rows{s, in}
}

func (r *rows) next() ([]string, error) {
	for {
		row, err := r.in.Read()
		if err != nil {
			var p *csv.ParseError
			if errors.As(err, &p) {
				r.s.line = p.Line
				return nil, fmt.Errorf("the quotes of a record are broken")
			}
			if !errors.Is(err, io.EOF) {
				r.s.line++
			}
			return nil, err
		}
		r.s.line, _ = r.in.FieldPos(0)
		if len(row) == 1 && strings.Trim(row[0], "\x1a \t") == "" {
			continue
		}
		for _, f := range row {
			if len(f) > maxFieldBytes {
				return nil, fmt.Errorf("a field is longer than %d bytes", maxFieldBytes)
			}
		}
		r.s.rows++
		return row, nil
	}
}

// lineLimit bounds what a broken quote can swallow: a record of a megabyte is
// none. It counts the bytes between line breaks that end a record.
type lineLimit struct {
	from   io.Reader
	quoted bool
	record int
}

const maxRecordBytes = 1 << 20

func (l *lineLimit) Read(p []byte) (int, error) {
	n, err := l.from.Read(p)
	for _, c := range p[:n] {
		switch {
		case c == '"':
			l.quoted = !l.quoted
		case c == '\n' && !l.quoted:
			l.record = 0
			continue
		}
		if l.record++; l.record > maxRecordBytes {
			return 0, fmt.Errorf("a record is longer than %d bytes", maxRecordBytes)
		}
	}
	return n, err
}

// sniffCSV tells our own CSV and OpenSanctions' by the header and OFAC's files, which have none,
// by the shape of their first record.
func sniffCSV(head []byte) Format {
	record := head
	if i := bytes.IndexByte(head, '\n'); i >= 0 {
		record = head[:i]
	}
	row, err := csv.NewReader(bytes.NewReader(record)).Read()
	if err != nil {
		return ""
	}
	for i := range row {
		row[i] = strings.ToLower(strings.TrimSpace(row[i]))
	}
	switch {
	case isSimpleTargets(row):
		return SimpleTargets
	case slices.Contains(row, "id") && slices.Contains(row, "name"):
		return OwnCSV
	}
	if n, err := strconv.Atoi(row[0]); err != nil || n <= 0 {
		return ""
	}
	switch {
	case len(row) == 12:
		return OFACEntries
	case len(row) == 5 && (row[2] == "aka" || row[2] == "fka" || row[2] == "nka"):
		return OFACAliases
	case len(row) == 6:
		return OFACAddresses
	case len(row) == 2:
		return OFACComments
	}
	return ""
}

// columns reads a header and gives the way to a record's fields by name, with
// the number of columns.
func columns(in *rows) (get func(row []string, name string) string, width int, err error) {
	header, err := in.next()
	if err != nil {
		return nil, 0, err
	}
	column := map[string]int{}
	for i, h := range header {
		h = strings.ToLower(strings.TrimSpace(h))
		if _, twice := column[h]; twice && h != "" {
			return nil, 0, errors.New("the header names a column twice")
		}
		column[h] = i
	}
	return func(row []string, name string) string {
		if i, ok := column[name]; ok {
			return strings.Clone(strings.TrimSpace(row[i]))
		}
		return ""
	}, len(header), nil
}

// parseOwn reads our own CSV; see Template.
func parseOwn(b *builder, s *source) error {
	in := newRows(s)
	field, width, err := columns(in)
	if err != nil {
		return err
	}
	for {
		row, err := in.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if len(row) != width {
			return fmt.Errorf("the record has %d fields, the header %d", len(row), width)
		}
		get := func(name string) string { return field(row, name) }
		if !utf8.ValidString(get("name")) {
			return errors.New("the text is not UTF-8")
		}
		e := screening.Entity{
			ID: get("id"), Schema: screening.Person, Datasets: []string{b.list.Name},
			Names:     []screening.Name{{Text: get("name"), Kind: screening.Primary}},
			Gender:    gender(get("gender")),
			Countries: split(get("country")), Positions: split(get("positions")),
			Places: split(get("birth_place")), Topics: split(get("topics")), URL: get("url"),
		}
		for _, a := range split(get("aliases")) {
			kind := screening.Alias
			if strings.HasPrefix(a, "[") && strings.HasSuffix(a, "]") {
				kind, a = screening.Weak, strings.Trim(a, "[]")
			}
			e.Names = append(e.Names, screening.Name{Text: a, Kind: kind})
		}
		e.BirthDates = b.dates(s, split(get("birth_date")))
		if len(e.Topics) == 0 {
			e.Topics = []string{"sanction"}
			if len(e.Positions) > 0 {
				e.Topics = []string{"role.pep"}
			}
		}
		if e.URL == "" && strings.EqualFold(get("source"), "wikidata") && strings.HasPrefix(e.ID, "Q") {
			e.URL = "https://www.wikidata.org/wiki/" + e.ID
		}
		if err := b.add(s, e); err != nil {
			return err
		}
	}
}

// dates reads dates of birth. Of one whose month or day cannot be, the rest
// counts; either is warned of, 00 is not.
func (b *builder) dates(s *source, texts []string) (out []screening.PartialDate) {
	for _, text := range texts {
		date, err := screening.ParseDate(text)
		if err != nil {
			b.warn(s, "a date of birth that cannot be read was left out")
			continue
		}
		if date.Day > 0 && time.Date(date.Year, time.Month(date.Month), date.Day, 0, 0, 0, 0, time.UTC).Day() != date.Day {
			date.Day = 0
		}
		text, _, _ = strings.Cut(text, "T")
		read := []int{date.Year, date.Month, date.Day}
		for i, part := range strings.Split(text, "-") {
			if n, err := strconv.Atoi(part); i > 0 && err == nil && n != read[i] {
				b.warn(s, "of a date of birth that is no day, only what can be was read")
				break
			}
		}
		out = append(out, date)
	}
	return out
}

func split(text string) []string {
	var out []string
	for part := range strings.SplitSeq(text, ";") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func gender(text string) screening.Gender {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "male", "m", "laki-laki", "laki laki", "lakilaki", "pria", "l":
		return screening.Male
	case "female", "f", "perempuan", "wanita", "p":
		return screening.Female
	}
	return ""
}
