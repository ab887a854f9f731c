package ktp

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"anycheck/internal/fault"
)

// regionTable has a line "code,name" for every province and regency code of
// the Ministry of Home Affairs valid at some time from 2016 to 2025; a code
// that changed its name has several. Source: the decrees Permendagri 56/2015
// to Kepmendagri 300.2.2-2430/2025.
//
//go:embed regions.csv
var regionTable string

// timorTimur was a province until 1999; numbers were not reissued.
const timorTimur = "54,TIMOR TIMUR"

// Regions is a table of region codes with every name that a code has had:
// provinces (2 digits), regencies (4), districts (6: the start of a NIK) and
// villages (10). It does not change and is safe for concurrent use.
type Regions struct {
	table   string   // lines "code,name", sorted: what is inside a region follows it
	starts  []uint32 // where each line starts
	version string
	// Names in the forms of card headers, sorted; places are regencies without
	// their kind, as places of birth.
	provinces, regencies, places []string
}

var knownRegions = newRegions(nil)

// BuiltInRegions holds the provinces and regencies and nothing below them.
func BuiltInRegions() *Regions { return knownRegions }

// newRegions makes a table of lines "code,name" and the built-in ones.
func newRegions(lines []string) *Regions {
	lines = append(slices.Clone(lines), timorTimur)
	for line := range strings.Lines(regionTable) {
		lines = append(lines, strings.TrimSpace(line))
	}
	slices.Sort(lines)
	lines = slices.Compact(lines)
	r := &Regions{table: strings.Join(lines, "\n") + "\n", starts: make([]uint32, len(lines))}
	sum := sha256.Sum256([]byte(r.table))
	r.version = hex.EncodeToString(sum[:6])
	at := uint32(0)
	for i, line := range lines {
		r.starts[i] = at
		at += uint32(len(line)) + 1
		code, name, _ := strings.Cut(line, ",")
		switch len(code) {
		case 2:
			r.provinces = append(r.provinces, name)
		case 4:
			r.regencies = append(r.regencies, headerForms(code, name)...)
			r.places = append(r.places, lastWords(name))
		}
	}
	r.places = append(r.places, "JAKARTA")
	for _, names := range []*[]string{&r.provinces, &r.regencies, &r.places} {
		slices.Sort(*names)
		*names = slices.Clip(slices.Compact(*names))
	}
	return r
}

// headerForms gives a regency's name as cards write it: those of Jakarta leave
// "administrative" out, some the kind as well.
func headerForms(code, name string) []string {
	if !strings.HasPrefix(code, "31") {
		return []string{name}
	}
	short := strings.NewReplacer("ADMINISTRASI ", "", "ADM. ", "").Replace(name)
	_, bare, _ := strings.Cut(short, " ")
	return []string{name, short, bare}
}

// Version changes with the table.
func (r *Regions) Version() string { return r.version }

// row is the i-th line of the table.
func (r *Regions) row(i int) (code, name string) {
	end := len(r.table)
	if i+1 < len(r.starts) {
		end = int(r.starts[i+1])
	}
	code, name, _ = strings.Cut(r.table[r.starts[i]:end-1], ",")
	return code, name
}

// from is the first row whose code is not before code.
func (r *Regions) from(code string) int {
	return sort.Search(len(r.starts), func(i int) bool { c, _ := r.row(i); return c >= code })
}

// Names gives every name that a code of 2, 4, 6 or 10 digits has had; none
// when the code is not known.
func (r *Regions) Names(code string) []string {
	var out []string
	for i := r.from(code); i < len(r.starts); i++ {
		c, name := r.row(i)
		if c != code {
			break
		}
		out = append(out, name)
	}
	return out
}

// Within gives the names, without repeats, of the regions directly below a
// province, regency or district code.
func (r *Regions) Within(code string) []string {
	below := map[int]int{2: 4, 4: 6, 6: 10}[len(code)]
	var out []string
	for i := r.from(code); i < len(r.starts); i++ {
		c, name := r.row(i)
		if !strings.HasPrefix(c, code) {
			break
		}
		if len(c) == below {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Counts is how many rows of each kind a table has; a code with two names has
// two.
type Counts struct {
	Provinces int `json:"provinces"`
	Regencies int `json:"regencies"`
	Districts int `json:"districts"`
	Villages  int `json:"villages"`
}

// Counts counts the table's rows.
func (r *Regions) Counts() (n Counts) {
	for i := range r.starts {
		switch code, _ := r.row(i); len(code) {
		case 2:
			n.Provinces++
		case 4:
			n.Regencies++
		case 6:
			n.Districts++
		default:
			n.Villages++
		}
	}
	return n
}

// hasDistricts tells whether the table goes below the regencies.
func (r *Regions) hasDistricts(regency string) bool {
	i := r.from(regency + "00")
	if i == len(r.starts) {
		return false
	}
	code, _ := r.row(i)
	return strings.HasPrefix(code, regency)
}

// codes gives the codes of n digits, starting with prefix, that a region of
// one of these names has had.
func (r *Regions) codes(prefix string, n int, names ...string) []string {
	var out []string
	for i := r.from(prefix); i < len(r.starts); i++ {
		code, name := r.row(i)
		if !strings.HasPrefix(code, prefix) {
			break
		}
		if len(code) == n && slices.Contains(names, name) {
			out = append(out, code)
		}
	}
	return slices.Compact(out)
}

func (r *Regions) isProvince(name string) bool { return contains(r.provinces, name) }
func (r *Regions) isRegency(name string) bool  { return contains(r.regencies, name) }

func contains(sorted []string, name string) bool {
	_, ok := slices.BinarySearch(sorted, name)
	return ok
}

// Limits of a table of regions: Indonesia has about 92,000.
const (
	maxRegionBytes = 64 << 20
	maxRegionRows  = 500_000
	maxRegionName  = 100 // bytes
)

// ParseRegions reads a CSV, plain or gzip, with the columns code and name and
// perhaps first_seen and last_seen (years); codes are PP, PP.RR, PP.RR.DD or
// PP.RR.DD.VVVV, with or without points. Rows may come in any order and a code
// may have several names. The built-in provinces and regencies are added. The
// first row that is not well formed is the error.
func ParseRegions(r io.Reader) (*Regions, error) {
	in := bufio.NewReader(r)
	if magic, _ := in.Peek(2); string(magic) == "\x1f\x8b" {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "The file is not a readable gzip file.")
		}
		in = bufio.NewReader(z)
	}
	limited := &io.LimitedReader{R: in, N: maxRegionBytes + 1}
	rows := csv.NewReader(limited)
	rows.ReuseRecord = true
	bad := func(err error) error {
		if limited.N <= 0 {
			return fault.New(fault.TooLarge, "The table of regions is larger than %d MiB.", maxRegionBytes>>20)
		}
		return fault.Wrap(err, fault.Invalid, "The table of regions is not a readable CSV.")
	}
	header, err := rows.Read()
	if err != nil {
		return nil, bad(err)
	}
	columns := map[string]int{}
	for i, name := range header {
		columns[strings.TrimPrefix(strings.TrimSpace(name), "\ufeff")] = i
	}
	codeAt, hasCode := columns["code"]
	nameAt, hasName := columns["name"]
	if !hasCode || !hasName {
		return nil, fault.New(fault.Invalid, "The table of regions needs the columns code and name.")
	}
	var lines []string
	districts := 0
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, bad(err)
		}
		at, _ := rows.FieldPos(0)
		if len(lines) == maxRegionRows {
			return nil, fault.New(fault.TooLarge, "The table of regions has more than %d rows.", maxRegionRows)
		}
		code, ok := RegionCode(row[codeAt])
		if !ok {
			return nil, fault.New(fault.Invalid, "Line %d: the code is not PP, PP.RR, PP.RR.DD or PP.RR.DD.VVVV.", at)
		}
		name := strings.ToUpper(strings.Join(strings.Fields(row[nameAt]), " "))
		if name == "" || len(name) > maxRegionName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
			return nil, fault.New(fault.Invalid, "Line %d: the name must be text of 1 to %d bytes.", at, maxRegionName)
		}
		first, okFirst := yearOf(row, columns, "first_seen")
		last, okLast := yearOf(row, columns, "last_seen")
		if !okFirst || !okLast || first > last && last > 0 {
			return nil, fault.New(fault.Invalid, "Line %d: first_seen and last_seen must be years, the first not after the last.", at)
		}
		if len(code) == 6 {
			districts++
		}
		lines = append(lines, code+","+name)
	}
	if limited.N <= 0 {
		return nil, bad(nil)
	}
	if districts == 0 {
		return nil, fault.New(fault.Invalid, "The table of regions has no district; provinces and regencies are built in.")
	}
	return newRegions(lines), nil
}

// Pack writes the table in the form that ParseRegions reads, as gzip.
func (r *Regions) Pack(w io.Writer) error {
	z := gzip.NewWriter(w)
	out := csv.NewWriter(z)
	_ = out.Write([]string{"code", "name"}) // Error below tells of all
	for i := range r.starts {
		code, name := r.row(i)
		_ = out.Write([]string{code, name})
	}
	out.Flush()
	return errors.Join(out.Error(), z.Close())
}

// RegionCode drops the points of a code: 31.74 is 3174. It tells whether s is
// well formed, not whether the region exists.
func RegionCode(s string) (string, bool) {
	s = strings.TrimSpace(s)
	code := strings.ReplaceAll(s, ".", "")
	switch len(code) {
	case 2, 4, 6, 10:
	default:
		return "", false
	}
	if strings.Trim(code, digits) != "" {
		return "", false
	}
	if code != s { // points must be where they belong
		var b strings.Builder
		for i := range len(code) {
			if i == 2 || i == 4 || i == 6 {
				b.WriteByte('.')
			}
			b.WriteByte(code[i])
		}
		return code, b.String() == s
	}
	return code, true
}

// yearOf reads a column that may be absent or empty: 0.
func yearOf(row []string, columns map[string]int, name string) (int, bool) {
	at, ok := columns[name]
	if !ok || row[at] == "" {
		return 0, true
	}
	year, err := strconv.Atoi(strings.TrimSpace(row[at]))
	return year, err == nil && year >= 1945 && year <= 2999
}
