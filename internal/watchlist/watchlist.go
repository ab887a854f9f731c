// Package watchlist reads published watch lists into entities that can be
// screened against (OFAC's SDN files, the UN Security Council's and the EU's
// consolidated lists, FollowTheMoney entities, OpenSanctions' simple CSV, the
// workbooks of Indonesia's PPATK and our own CSV; the format is found by
// content, never by name), downloads them from the operator's sources, and
// keeps the imported ones as a Library that is searched.
//
// It must not know how names are matched, nor SQL or a file system: the
// library stands on the core's ports. Files are foreign bytes: every reader has
// limits, and what it says of a broken file names the file and the line, never
// what stands there.
package watchlist

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/encoding/unicode"

	"anycheck/internal/audit"
	"anycheck/internal/fault"
	"anycheck/internal/screening"
)

// File is one file of a list. Name is for messages only.
type File struct {
	Name string
	Data io.Reader
}

// Options change how files are read; the zero value is usual.
type Options struct {
	// Name names the list of our own CSV, of OpenSanctions' and of
	// FollowTheMoney entities that name none; without it, the file's base name
	// is used. The lists of publishers have names of their own.
	Name        string
	Force       bool  // read a file that has not as many records as it says
	MaxBytes    int64 // a file; 0: DefaultMaxBytes
	MaxEntities int   // a list; 0: DefaultMaxEntities
}

// The usual limits, with room for the largest public collections.
const (
	DefaultMaxBytes    = 4 << 30
	DefaultMaxEntities = 5_000_000
	maxFieldBytes      = 64 << 10
	maxNames           = 500 // of one entity, as of its places and the like
	maxBirths          = 50  // of one entity
	maxRemarks         = 300
	maxWarnings        = 50
)

// Format is a kind of list file.
type Format string

// The formats.
const (
	OFACEntries   Format = "ofac_sdn"
	OFACAliases   Format = "ofac_alt"
	OFACAddresses Format = "ofac_add"
	OFACComments  Format = "ofac_comments"
	OFACXML       Format = "ofac_xml"
	OFACAdvanced  Format = "ofac_advanced_xml"
	UNXML         Format = "un_xml"
	EUXML         Format = "eu_xml"
	SimpleTargets Format = "opensanctions_csv"
	PPATKXLS      Format = "ppatk_xls"
	PPATKXLSX     Format = "ppatk_xlsx"
	FTM           Format = "ftm"
	OwnCSV        Format = "csv"
)

// FileReport is what was read of one file.
type FileReport struct {
	Name   string `json:"name"`
	Format Format `json:"format"`
	Bytes  int64  `json:"bytes"`
	Rows   int    `json:"rows"` // records, list entries or lines
	SHA256 string `json:"sha256"`
}

// ListReport is what one list came to.
type ListReport struct {
	Name     string                   `json:"name"`
	Version  string                   `json:"version"`
	Checksum string                   `json:"checksum"`
	Entities int                      `json:"entities"`
	Names    int                      `json:"names"`
	Schemas  map[screening.Schema]int `json:"schemas"`
	Files    []FileReport             `json:"files"`
	Skipped  map[string]int           `json:"skipped,omitempty"` // reason → records
	Warnings []string                 `json:"warnings,omitempty"`
}

// Report is what a call of Parse read, list by list.
type Report struct {
	Lists []ListReport `json:"lists"`
}

// Parse reads files into lists: OFAC's files together make one, every other
// file makes its own. It reads all or nothing: any broken file is an error
// (fault kind Invalid, Unsupported or TooLarge) and no list is given.
// ImportedAt is left for the caller.
func Parse(ctx context.Context, files []File, opts Options) ([]screening.List, Report, error) {
	if opts.MaxBytes == 0 {
		opts.MaxBytes = DefaultMaxBytes
	}
	if opts.MaxEntities == 0 {
		opts.MaxEntities = DefaultMaxEntities
	}
	if len(files) == 0 {
		return nil, Report{}, fault.New(fault.Invalid, "No list file was given.")
	}
	if opts.Name != "" && !goodName(opts.Name) {
		return nil, Report{}, fault.New(fault.Invalid, "The name of a list is of letters, digits, _ - . and :, %d at most, without a number of 16 digits.", maxName)
	}
	var single, ofac []*source
	for _, f := range files {
		s := &source{ctx: ctx, name: filepath.Base(f.Name), hash: sha256.New(), left: opts.MaxBytes, max: opts.MaxBytes}
		s.from = f.Data
		s.in = bufio.NewReaderSize(s, 64<<10)
		format, err := sniff(s)
		if err != nil {
			return nil, Report{}, s.fail(err)
		}
		s.format = format
		switch format {
		case OFACEntries, OFACAliases, OFACAddresses, OFACComments:
			ofac = append(ofac, s)
		default:
			single = append(single, s)
		}
	}
	var lists []screening.List
	var report Report
	add := func(b *builder, sources ...*source) error {
		l, r, err := b.finish(sources)
		if err != nil {
			return err
		}
		for i, other := range lists {
			if other.Name == l.Name {
				return fault.New(fault.Invalid, "The files %q and %q make the same list, %s: give one of them.", report.Lists[i].Files[0].Name, sources[0].name, l.Name)
			}
		}
		lists, report.Lists = append(lists, l), append(report.Lists, r)
		return nil
	}
	if len(ofac) > 0 {
		b := newBuilder("ofac_sdn", opts)
		if err := parseOFAC(b, ofac); err != nil {
			return nil, Report{}, err
		}
		if err := add(b, ofac...); err != nil {
			return nil, Report{}, err
		}
	}
	parsers := map[Format]func(*builder, *source) error{
		OFACXML: parseOFACXML, OFACAdvanced: parseOFACAdvanced, UNXML: parseUN, EUXML: parseEU, FTM: parseFTM,
		SimpleTargets: parseSimpleTargets, PPATKXLS: parsePPATK, PPATKXLSX: parsePPATK, OwnCSV: parseOwn,
	}
	for _, s := range single {
		name := opts.Name
		if name == "" {
			name = slug(s.name)
		}
		b := newBuilder(name, opts)
		if err := parsers[s.format](b, s); err != nil {
			return nil, Report{}, s.fail(err)
		}
		if err := add(b, s); err != nil {
			return nil, Report{}, err
		}
	}
	return lists, report, nil
}

// maxName bounds what is made of a file's name, in bytes.
const maxName = 64

// goodName tells a name that the audit log can hold: an import leaves a record.
func goodName(name string) bool { return audit.Fits("list", name) }

var longNumber = regexp.MustCompile(`[0-9]{16,}`)

// slug makes a list's name of a file's: lower case up to the first full stop,
// other signs as underscores, without what may be somebody's number.
func slug(file string) string {
	base, _, _ := strings.Cut(strings.ToLower(file), ".")
	base = strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			return c
		}
		return '_'
	}, base)
	base = longNumber.ReplaceAllString(base, "")
	if base = strings.Trim(base[:min(len(base), maxName)], "_"); base == "" {
		return "list"
	}
	return base
}

// source is a file being read: counted, hashed and bounded.
type source struct {
	ctx    context.Context
	name   string
	format Format
	from   io.Reader
	in     *bufio.Reader
	hash   hash.Hash
	left   int64
	max    int64
	rows   int
	line   int // or the row of a worksheet
	sheet  int // of a workbook, from 1
}

var errTooLarge = errors.New("file over the limit")

// Read hashes and counts, and refuses what is over the limit.
func (s *source) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := s.from.Read(p)
	s.left -= int64(n)
	if s.left < 0 {
		return 0, errTooLarge
	}
	s.hash.Write(p[:n])
	return n, err
}

// fail says what is wrong with the file, and where.
func (s *source) fail(err error) error {
	var f *fault.Error
	switch {
	case errors.As(err, &f), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, errTooLarge):
		return fault.New(fault.TooLarge, "The list file %q is larger than %d bytes.", s.name, s.max)
	}
	return fault.New(fault.Invalid, "The list file %q cannot be read%s: %v.", s.name, s.where(), err)
}

// where is the place in the file that is being read, after a comma.
func (s *source) where() string {
	switch {
	case s.sheet > 0:
		return fmt.Sprintf(", sheet %d, row %d", s.sheet, s.line)
	case s.line > 0:
		return fmt.Sprintf(", line %d", s.line)
	}
	return ""
}

// sniff finds the format by what the file begins with.
func sniff(s *source) (Format, error) {
	mark, _ := s.in.Peek(3)
	switch {
	case bytes.Equal(mark, []byte("\xef\xbb\xbf")):
		s.in.Discard(3)
	case bytes.HasPrefix(mark, []byte("\xff\xfe")), bytes.HasPrefix(mark, []byte("\xfe\xff")):
		utf16 := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
		s.in = bufio.NewReaderSize(utf16.NewDecoder().Reader(s.in), 64<<10)
	}
	head, err := s.in.Peek(32 << 10)
	if err != nil && err != io.EOF {
		return "", err
	}
	text := bytes.TrimLeft(head, " \t\r\n")
	if len(text) == 0 {
		return "", errors.New("it is empty")
	}
	switch {
	case text[0] == '<':
		if f, ok := xmlFormats[xmlRoot(text)]; ok {
			return f, nil
		}
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return PPATKXLS, nil
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return PPATKXLSX, nil
	case text[0] == '{':
		line, _, _ := bytes.Cut(text, []byte("\n"))
		if bytes.Contains(line, []byte(`"schema"`)) && bytes.Contains(line, []byte(`"id"`)) {
			return FTM, nil
		}
	default:
		if f := sniffCSV(text); f != "" {
			return f, nil
		}
	}
	return "", fault.New(fault.Unsupported, "The file %q is no list that is known: OFAC SDN CSV or XML, UN or EU consolidated XML, FollowTheMoney NDJSON, OpenSanctions targets.simple.csv, a DTTOT or DPPSPM workbook of PPATK, or CSV with the columns %s.", s.name, strings.Join(ownColumns, ","))
}

// xmlFormats are the lists in XML by the name of the root element.
var xmlFormats = map[string]Format{"CONSOLIDATED_LIST": UNXML, "sdnList": OFACXML, "Sanctions": OFACAdvanced, "export": EUXML}

// builder gathers the entities of a list.
type builder struct {
	list   screening.List
	report ListReport
	limit  int
	force  bool
	seen   map[string]int // id → its place in the list
}

func newBuilder(name string, opts Options) *builder {
	return &builder{
		list:  screening.List{Name: name},
		limit: opts.MaxEntities, force: opts.Force, seen: map[string]int{},
		report: ListReport{Schemas: map[screening.Schema]int{}, Skipped: map[string]int{}},
	}
}

func (b *builder) skip(reason string) { b.report.Skipped[reason]++ }

func (b *builder) warn(s *source, format string, args ...any) {
	if len(b.report.Warnings) < maxWarnings {
		b.report.Warnings = append(b.report.Warnings, s.name+s.where()+": "+fmt.Sprintf(format, args...))
	}
}

// add keeps an entity: its names cleaned and without repeats. An entity
// without a name or with an id that was seen is skipped.
func (b *builder) add(s *source, e screening.Entity) error {
	e.Names = cleanNames(e.Names)
	switch {
	case e.ID == "":
		b.skip("no id")
		return nil
	case len(e.Names) == 0:
		b.skip("no name")
		return nil
	}
	if _, ok := b.seen[e.ID]; ok {
		b.skip("id seen before")
		b.warn(s, "an id that an earlier record has")
		return nil
	}
	if len(b.list.Entities) >= b.limit {
		return fault.New(fault.TooLarge, "The list file %q has more than %d entries.", s.name, b.limit)
	}
	e.Places, e.Countries, e.Positions = distinct(e.Places), distinct(e.Countries), distinct(e.Positions)
	e.Topics, e.Datasets, e.Addresses = distinct(e.Topics), distinct(e.Datasets), distinct(e.Addresses)
	if len(e.Programs) > maxNames {
		e.Programs = e.Programs[:maxNames]
	}
	if len(e.BirthDates) > maxBirths {
		e.BirthDates = e.BirthDates[:maxBirths]
	}
	if len(e.Remarks) > maxRemarks {
		e.Remarks = strings.ToValidUTF8(e.Remarks[:maxRemarks], "") + "…"
	}
	b.seen[e.ID] = len(b.list.Entities)
	b.list.Entities = append(b.list.Entities, e)
	return nil
}

func cleanNames(names []screening.Name) []screening.Name {
	seen := map[string]bool{}
	out := names[:0]
	for _, n := range names {
		n.Text = strings.Join(strings.Fields(strings.ToValidUTF8(n.Text, "")), " ")
		if key := strings.ToLower(n.Text); n.Text != "" && len(n.Text) <= maxFieldBytes && !seen[key] && len(out) < maxNames {
			seen[key] = true
			out = append(out, n)
		}
	}
	return slices.Clip(out)
}

// distinct cleans values of an entity and drops repeats and what is beyond
// maxNames of them.
func distinct(values []string) []string {
	out := make([]string, 0, min(len(values), maxNames))
	seen := make(map[string]bool, cap(out))
	for _, v := range values {
		if v = strings.TrimSpace(strings.ToValidUTF8(v, "")); v != "" && !seen[v] && len(out) < maxNames {
			seen[v] = true
			out = append(out, v)
		}
	}
	return slices.Clip(out)
}

// finish drains the sources for their checksums and closes the report.
func (b *builder) finish(sources []*source) (screening.List, ListReport, error) {
	if len(b.list.Entities) == 0 {
		return screening.List{}, ListReport{}, fault.New(fault.Invalid, "The list file %q has no entry that can be used.", sources[0].name)
	}
	var sums []string
	for _, s := range sources {
		if _, err := io.Copy(io.Discard, s.in); err != nil {
			return screening.List{}, ListReport{}, s.fail(err)
		}
		sum := hex.EncodeToString(s.hash.Sum(nil))
		sums = append(sums, sum)
		b.report.Files = append(b.report.Files, FileReport{s.name, s.format, s.max - s.left, s.rows, sum})
	}
	b.list.Checksum = sums[0]
	if len(sums) > 1 {
		// Of the files' checksums in order, so that the order given at the
		// command line does not matter.
		slices.Sort(sums)
		all := sha256.Sum256([]byte(strings.Join(sums, "\n")))
		b.list.Checksum = hex.EncodeToString(all[:])
	}
	if b.list.Version == "" {
		b.list.Version = b.list.Checksum[:12]
	}
	for _, e := range b.list.Entities {
		b.report.Schemas[e.Schema]++
		b.report.Names += len(e.Names)
	}
	b.report.Name, b.report.Version, b.report.Checksum = b.list.Name, b.list.Version, b.list.Checksum
	b.report.Entities = len(b.list.Entities)
	if len(b.report.Skipped) == 0 {
		b.report.Skipped = nil
	}
	return b.list, b.report, nil
}
