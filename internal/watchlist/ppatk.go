package watchlist

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"anycheck/internal/screening"
)

// Indonesia's lists of suspected terrorists (DTTOT) and of those who finance
// the proliferation of weapons (DPPSPM), as PPATK publishes them: workbooks
// made by hand, whose titles, columns and spellings change from issue to issue.

// ppatkList is one of the two lists.
type ppatkList struct {
	name, prefix string
	topics       []string
}

var (
	dttot  = ppatkList{"id_dttot", "DTTOT", []string{"sanction", "crime.terror"}}
	dppspm = ppatkList{"id_dppspm", "DPPSPM", []string{"sanction"}}
)

const ppatkURL = "https://www.ppatk.go.id/link/read/23/dttot-proliferasi-wmd.html"

// ppatkColumns are the columns by what their heads have been called, in lower
// case without signs. One letter more, less or other is forgiven.
var ppatkColumns = map[string][]string{
	"name":        {"nama", "nama lengkap", "nama terduga", "nama orang korporasi", "nama orang atau korporasi", "nama individu entitas", "name"},
	"alias":       {"alias", "nama alias", "nama lain"},
	"description": {"deskripsi", "keterangan", "informasi", "informasi lain", "informasi lainnya", "deskripsi lain"},
	"kind":        {"terduga", "jenis", "tipe", "jenis terduga", "orang korporasi", "kategori"},
	"code":        {"kode densus", "kode densus 88", "kode", "referensi", "nomor referensi", "no referensi", "kode referensi"},
	"place":       {"tpt lahir", "tempat lahir", "tmpt lahir", "tempat kelahiran"},
	"date":        {"tgl lahir", "tanggal lahir", "tgl kelahiran", "tanggal kelahiran"},
	"birth":       {"ttl", "tempat tanggal lahir", "tempat tgl lahir", "tpt tgl lahir", "tempat dan tanggal lahir"},
	"country":     {"wn", "warga negara", "warganegara", "kewarganegaraan", "kebangsaan"},
	"address":     {"alamat", "alamat terakhir", "alamat lengkap"},
	"gender":      {"jenis kelamin", "jk", "l p", "gender"},
}

const (
	headRows = 60  // how far down a sheet its head may stand
	maxTitle = 200 // bytes of what may be a title
)

// parsePPATK reads either list from a workbook of either kind.
func parsePPATK(b *builder, s *source) error {
	sheets, err := readWorkbook(s)
	if err != nil {
		return err
	}
	list, known, read := dttot, false, false
	for i, sh := range sheets {
		s.sheet = i + 1
		head, columns, titles := findHead(sh)
		if columns == nil {
			if len(sh.rows) > 0 {
				b.skip("sheet without the columns of the list")
			}
			continue
		}
		if !known {
			list, known = whichList(titles, s.name, sh, head, columns), true
		}
		read = true
		if err := list.sheet(b, s, sh, head, columns); err != nil {
			return err
		}
	}
	s.sheet, s.line = 0, 0
	if !read {
		return errors.New("no sheet has a row that names the columns Nama and two of Terduga, Kode Densus, Tpt Lahir, Tgl Lahir, WN, Alamat")
	}
	b.list.Name = list.name
	return nil
}

// foreignCode is how the Security Council numbers what it lists for North
// Korea and Iran, as DPPSPM does.
var foreignCode = regexp.MustCompile(`(?i)^(KP|IR)[ie]\.?\d`)

// whichList tells the lists apart by their titles, the name of the file or the
// codes of their entries.
func whichList(titles, file string, sh sheet, head int, columns map[string]int) ppatkList {
	for _, text := range []string{strings.ToLower(titles), strings.ToLower(file)} {
		switch {
		case strings.Contains(text, "dttot"):
			return dttot
		case strings.Contains(text, "dppspm"), strings.Contains(text, "proliferasi"), strings.Contains(text, "pemusnah massal"):
			return dppspm
		case strings.Contains(text, "teroris"):
			return dttot
		}
	}
	if at, ok := columns["code"]; ok {
		for _, row := range sh.rows[head+1:] {
			if at < len(row.cells) && foreignCode.MatchString(strings.TrimSpace(row.cells[at])) {
				return dppspm
			}
		}
	}
	return dttot
}

// headText is the head of a column in the form of ppatkColumns.
func headText(cell string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(cell), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }), " ")
}

// findHead looks for the row that names the columns. titles is what stands
// above it.
func findHead(sh sheet) (at int, columns map[string]int, titles string) {
	for i, row := range sh.rows[:min(len(sh.rows), headRows)] {
		found := headOf(row)
		if _, ok := found["name"]; ok && len(found) >= 3 {
			return i, found, titles
		}
		for _, cell := range row.cells {
			if len(cell) <= maxTitle {
				titles += " " + cell
			}
		}
	}
	return 0, nil, titles
}

func headOf(row sheetRow) map[string]int {
	found := map[string]int{}
	for i, cell := range row.cells {
		text := headText(cell)
		if text == "" || len(text) > 40 {
			continue
		}
		for column, heads := range ppatkColumns {
			for _, h := range heads {
				if _, taken := found[column]; !taken && (text == h || len(h) >= 5 && oneApart(text, h)) {
					found[column] = i
				}
			}
		}
	}
	if _, ok := found["name"]; !ok {
		if at, ok := found["alias"]; ok { // "Nama / Alias" holds both
			found["name"] = at
			delete(found, "alias")
		}
	}
	return found
}

// oneApart tells texts that one letter more, less, other or swapped sets apart.
func oneApart(a, b string) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(b) && a[i] == b[i] {
		i++
	}
	switch len(a) - len(b) {
	case 0:
		return i < len(a) && (a[i+1:] == b[i+1:] || i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:])
	case 1:
		return a[i+1:] == b[i:]
	}
	return false
}

func (l ppatkList) sheet(b *builder, s *source, sh sheet, head int, columns map[string]int) error {
	for _, row := range sh.rows[head+1:] {
		s.line = row.number
		get := func(column string) string {
			if i, ok := columns[column]; ok && i < len(row.cells) {
				if text := strings.TrimSpace(row.cells[i]); strings.Trim(text, "-–.,; ") != "" {
					return text
				}
			}
			return ""
		}
		if strings.TrimSpace(strings.Join(row.cells, "")) == "" {
			continue
		}
		s.rows++
		if again := headOf(row); len(again) >= 3 {
			continue // the head, repeated on a page of its own
		}
		names := ppatkNames(get("name"))
		if len(names) == 0 {
			b.skip("no name")
			continue
		}
		if err := l.entity(b, s, sh, get, names); err != nil {
			return err
		}
	}
	return nil
}

func (l ppatkList) entity(b *builder, s *source, sh sheet, get func(string) string, names []screening.Name) error {
	e := screening.Entity{
		Schema: ppatkSchema(get("kind")), Names: names, Topics: l.topics, Datasets: []string{l.name}, Programs: []string{l.prefix},
		Places: enumerated(get("place")), Countries: countries(get("country")), Addresses: enumerated(get("address")),
		Remarks: strings.Join(strings.Fields(get("description")), " "), URL: ppatkURL, Gender: gender(get("gender")),
	}
	for _, n := range ppatkNames(get("alias")) {
		if n.Kind == screening.Primary {
			n.Kind = screening.Alias
		}
		e.Names = append(e.Names, n)
	}
	if e.Gender == "" {
		if m := describedGender.FindStringSubmatch(strings.ToLower(e.Remarks)); m != nil {
			e.Gender = gender(m[1])
		}
	}
	date := get("date")
	if both := get("birth"); date == "" && both != "" {
		var place string
		place, date = placeAndDate(both)
		e.Places = append(e.Places, enumerated(place)...)
	}
	if date != "" && e.Schema != screening.Organization {
		var unread bool
		if e.BirthDates, unread = indonesianDates(date, sh.days1904); unread {
			b.warn(s, "a date of birth that cannot be read was left out")
		}
	}
	if len(e.BirthDates) == 0 && e.Schema != screening.Organization {
		e.Places, e.BirthDates = datesAmong(e.Places, get("place"))
	}
	e.ID = l.prefix + "-" + ppatkCode(get("code"), e)
	if _, ok := b.seen[e.ID]; ok {
		// Two persons under one code are a slip of the list, no reason to lose
		// the second.
		e.ID += "-" + printOf(e)
	}
	return b.add(s, e)
}

var describedGender = regexp.MustCompile(`(?:jenis kelamin|gender)\s*[:=]?\s*(laki[ -]?laki|pria|perempuan|wanita)`)

// datesAmong takes the dates out of places, or out of a cell that names none.
func datesAmong(places []string, cell string) (left []string, dates []screening.PartialDate) {
	if len(places) == 0 && cell != "" {
		places = []string{cell}
	}
	for _, p := range places {
		if strings.ContainsFunc(p, unicode.IsDigit) {
			found, _ := indonesianDates(p, false)
			place, date := placeAndDate(p)
			if len(found) > 0 && !strings.Contains(date, ",") { // else more of the place follows
				p = strings.Trim(place, " ,;:-–")
			}
			dates = append(dates, found...)
		}
		if p != "" {
			left = append(left, p)
		}
	}
	return left, dates
}

// placeAndDate cuts "Surabaya, sekitar 1960" at the last comma before the first
// digit, or else there.
func placeAndDate(text string) (place, date string) {
	at := strings.IndexFunc(text, unicode.IsDigit)
	if at < 0 {
		return text, ""
	}
	if comma := strings.LastIndexAny(text[:at], ",;/"); comma >= 0 {
		at = comma + 1
	}
	return text[:at], text[at:]
}

func ppatkSchema(kind string) screening.Schema {
	kind = headText(kind)
	for _, w := range []string{"orang", "perorangan", "individu", "perseorangan"} {
		if kind == w || strings.HasPrefix(kind, w+" ") && !strings.Contains(kind, "korporasi") {
			return screening.Person
		}
	}
	for _, w := range []string{"korporasi", "entitas", "organisasi", "badan", "kelompok", "perusahaan"} {
		if strings.HasPrefix(kind, w) {
			return screening.Organization
		}
	}
	return screening.Unknown
}

// ppatkCode is the list's own code, or where there is none, one that lasts as
// long as name and date of birth do.
func ppatkCode(code string, e screening.Entity) string {
	code = strings.Join(strings.Fields(code), "")
	if len(code) > 0 && len(code) <= 40 && strings.Trim(code, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/()-") == "" {
		return code
	}
	return printOf(e)
}

func printOf(e screening.Entity) string {
	text := strings.ToLower(e.Names[0].Text)
	if len(e.BirthDates) > 0 {
		text += " " + e.BirthDates[0].String()
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:5])
}

var (
	// Aka is a name too, where a cell begins with it.
	aliasMark = regexp.MustCompile(`(?i)\b(?:alias|als)\b\s*[.:]?|\s(?:aka|fka)\b[.:]?|\ba\.k\.a\.?|\ba/k/a\b|\bf\.k\.a\.?|\bd/h\b|` +
		`(?:\b(?:yang|juga)\s+)*\bdikenal\s+(?:sebagai|dengan\s+nama)\b\s*:?|[@;\n\r]`)
	enumerator = regexp.MustCompile(`(?:^|[\s,;(])\(?(?:[a-z]|\d{1,2})[.)]\s+|(?:^|[\s,;])\(?[a-z]\)\s*|[;\n\r]`)
	bracketed  = regexp.MustCompile(`\(([^()]*)\)`)
	// What stands in brackets beside a name without being one.
	comment = regexp.MustCompile(`(?i)alm|asli|kualitas|quality|terdaftar|listed|tidak|meninggal|tewas|dahulu|nama|tahun|\d`)
)

// ppatkNames takes a cell's names apart. What stands in brackets is another
// name, and a weak one: as often it is a remark.
func ppatkNames(text string) (names []screening.Name) {
	add := func(text string, kind screening.NameKind) {
		for _, name := range betweenSlashes(text) {
			name = strings.Trim(strings.Join(strings.Fields(name), " "), " ,.:;-–()\"'“”‘’`")
			if strings.ContainsFunc(name, unicode.IsLetter) {
				names = append(names, screening.Name{Text: name, Kind: kind})
				if kind == screening.Primary {
					kind = screening.Alias
				}
			}
		}
	}
	for _, part := range aliasMark.Split(text, maxNames) {
		for _, name := range numbered.Split(part, maxNames) {
			kind := screening.Alias
			if len(names) == 0 {
				kind = screening.Primary
			}
			inside := bracketed.FindAllStringSubmatch(name, maxNames)
			add(bracketed.ReplaceAllString(name, " "), kind)
			for _, m := range inside {
				if !comment.MatchString(m[1]) {
					add(m[1], screening.Weak)
				}
			}
		}
	}
	if len(names) > 0 {
		names[0].Kind = screening.Primary
	}
	return names
}

// betweenSlashes takes names apart at a slash between spaces or between words
// of three letters or more: not in "a/n", nor in a date.
func betweenSlashes(text string) (out []string) {
	notLetter := func(c rune) bool { return !unicode.IsLetter(c) }
	from := 0
	for i, c := range text {
		if c != '/' {
			continue
		}
		before, after := text[from:i], text[i+1:]
		left, right := strings.TrimSpace(before), strings.TrimSpace(after)
		spaced := left != before && right != after
		last, _ := utf8.DecodeLastRuneInString(left)
		first, _ := utf8.DecodeRuneInString(right)
		dated := unicode.IsDigit(last) || unicode.IsDigit(first)
		word := left[strings.LastIndexFunc(left, notLetter)+1:]
		next := right
		if end := strings.IndexFunc(right, notLetter); end >= 0 {
			next = right[:end]
		}
		if spaced && !dated || utf8.RuneCountInString(word) >= 3 && utf8.RuneCountInString(next) >= 3 {
			out, from = append(out, before), i+1
		}
	}
	return append(out, text[from:])
}

// numbered is what stands before each of several names in a cell.
var numbered = regexp.MustCompile(`(?:^|\s)\(?(?:\d{1,2}[.)]|[a-z]\))\s+`)

// enumerated takes a cell apart that lists several things: "a) … b) …", "1. …
// 2. …" or between semicolons and line breaks.
func enumerated(text string) []string {
	var out []string
	for _, part := range enumerator.Split(text, maxNames) {
		if part = strings.Trim(strings.Join(strings.Fields(part), " "), " ,;:-–"); strings.ContainsFunc(part, unicode.IsLetter) {
			out = append(out, part)
		}
	}
	return out
}

var betweenCountries = regexp.MustCompile(`(?i)[;,/\n\r]|\bdan\b|\batau\b`)

func countries(text string) []string {
	var out []string
	for _, c := range betweenCountries.Split(text, maxNames) {
		switch c = strings.Trim(strings.Join(strings.Fields(c), " "), " .-–"); strings.ToUpper(c) {
		case "":
			continue
		case "WNI", "RI", "INA":
			c = "Indonesia"
		}
		out = append(out, c)
	}
	return out
}
