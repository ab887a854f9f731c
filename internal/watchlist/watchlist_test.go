package watchlist_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"

	"anycheck/internal/fault"
	"anycheck/internal/screening"
	"anycheck/internal/watchlist"
)

// Small lists in the shape of the published ones, of invented persons.
const (
	sdn = `101,"SUKLENTANG, Wirandaka","individual","SDGT] [IRAQ2","Chief of Nothing",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"DOB 12 Mar 1965; alt. DOB 1966; POB Wonopringgo, Indonesia; alt. POB Ambarketawang; nationality Indonesia; Gender Male; Passport X1 (Indonesia); a.k.a. 'SI BOTAK'; Linked To: GOSANDA TRAD"
102,"GOSANDA TRADING CO., LTD.",-0- ,"CUBA",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- 
103,"KARMOLINO","vessel","IRAN",-0- ,"ABCD",-0- ,-0- ,-0- ,-0- ,-0- ,-0- 
104,"PRAKOLESTA, Zefri, Jr.","individual","SDNTK",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"DOB circa 1959; alt. DOB 1970 to 1972; alt. DOB 01 May 1980 to 31 May 1980; alt. DOB Nov 1961; alt. DOB soon; Gender Female."
` + "\x1a"
	alt      = "101,1,\"aka\",\"ABUSTANI, Karmo\",-0- \n101,2,\"fka\",\"SUKLENTANG, Wirandaka\",-0- \n999,3,\"aka\",\"NOBODY\",-0- \n"
	add      = "102,1,\"Street 1\",\"Havana\",\"Cuba\",-0- \n101,2,-0- ,-0- ,\"Nowhereland\",-0- \n"
	comments = "101,\"ING; a.k.a. 'KUCING'.\"\n"

	un = `<?xml version="1.0" encoding="UTF-8"?>
<CONSOLIDATED_LIST dateGenerated="2026-01-02T00:00:00Z"><INDIVIDUALS><INDIVIDUAL>
<DATAID>555</DATAID><FIRST_NAME>WIRANDAKA</FIRST_NAME><SECOND_NAME>SUKLENTANG</SECOND_NAME><THIRD_NAME>GOSANDA</THIRD_NAME>
<UN_LIST_TYPE>Al-Qaida</UN_LIST_TYPE><REFERENCE_NUMBER>XXi.001</REFERENCE_NUMBER><GENDER>Male</GENDER><COMMENTS1>Nothing
known.</COMMENTS1><NATIONALITY><VALUE>Indonesia</VALUE></NATIONALITY><DESIGNATION><VALUE>Clerk</VALUE></DESIGNATION>
<INDIVIDUAL_ALIAS><QUALITY>Good</QUALITY><ALIAS_NAME>Karmo Abustani; Karmo Bustani</ALIAS_NAME></INDIVIDUAL_ALIAS>
<INDIVIDUAL_ALIAS><QUALITY>Low</QUALITY><ALIAS_NAME>Si Botak</ALIAS_NAME></INDIVIDUAL_ALIAS>
<INDIVIDUAL_ALIAS><QUALITY/><ALIAS_NAME/></INDIVIDUAL_ALIAS>
<INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>EXACT</TYPE_OF_DATE><DATE>1965-03-12</DATE></INDIVIDUAL_DATE_OF_BIRTH>
<INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>BETWEEN</TYPE_OF_DATE><FROM_YEAR>1960</FROM_YEAR><TO_YEAR>1964</TO_YEAR></INDIVIDUAL_DATE_OF_BIRTH>
<INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>APPROXIMATELY</TYPE_OF_DATE><YEAR>1958</YEAR></INDIVIDUAL_DATE_OF_BIRTH>
<INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE/></INDIVIDUAL_DATE_OF_BIRTH>
<INDIVIDUAL_PLACE_OF_BIRTH><CITY>Wonopringgo</CITY><STATE_PROVINCE>Central Java</STATE_PROVINCE><COUNTRY>Indonesia</COUNTRY></INDIVIDUAL_PLACE_OF_BIRTH>
</INDIVIDUAL></INDIVIDUALS><ENTITIES><ENTITY><DATAID>777</DATAID><FIRST_NAME>GOSANDA GROUP</FIRST_NAME>
<ENTITY_ALIAS><QUALITY>a.k.a.</QUALITY><ALIAS_NAME>GG</ALIAS_NAME></ENTITY_ALIAS></ENTITY></ENTITIES></CONSOLIDATED_LIST>`

	ftm = `{"id":"Q1","caption":"Wirandaka Suklentang","schema":"Person","datasets":["made_up"],"properties":{"name":["Wirandaka Suklentang","W. Suklentang"],"alias":["Karmo Abustani"],"weakAlias":["Si Botak"],"birthDate":["1965-03-12","soon"],"gender":["male"],"birthPlace":["Wonopringgo"],"country":["id"],"topics":["role.pep"],"position":["Clerk"],"sourceUrl":["javascript:x","https://example.org/q1"]}}

{"id":"O1","schema":"Ownership","properties":{"owner":["Q1"]}}
{"id":"C1","caption":"Gosanda","schema":"Company","datasets":["made_up"],"properties":{}}
{"id":"Q1","caption":"Again","schema":"Person","datasets":["made_up"],"properties":{}}
`
	own = "\ufeffid,name,aliases,birth_date,gender,country,positions,source\r\nQ9,Wirandaka Suklentang,\"Karmo Abustani;[Si Botak]\",1965-03-12,male,id,\"Clerk;Mayor\",wikidata\r\nQ10,Gosanda,,soon,,id,,x\r\nQ11,,,,,,,\r\n"
)

func file(name, data string) watchlist.File {
	return watchlist.File{Name: name, Data: strings.NewReader(data)}
}

func parse(t *testing.T, files ...watchlist.File) ([]screening.List, watchlist.Report) {
	t.Helper()
	lists, report, err := watchlist.Parse(context.Background(), files, watchlist.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return lists, report
}

func dates(e screening.Entity) (out []string) {
	for _, d := range e.BirthDates {
		out = append(out, d.String())
	}
	return out
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %#v, want %#v", what, got, want)
	}
}

func TestOFAC(t *testing.T) {
	// The order of the files and their names do not matter.
	lists, report := parse(t, file("x", alt), file("y", comments), file("z", sdn), file("w", add))
	if len(lists) != 1 || len(lists[0].Entities) != 4 || lists[0].Name != "ofac_sdn" {
		t.Fatalf("%+v", report)
	}
	e := lists[0].Entities[0]
	same(t, "id", e.ID, "OFAC-101")
	same(t, "schema", e.Schema, screening.Person)
	same(t, "names", e.Names, []screening.Name{{Text: "Wirandaka SUKLENTANG", Kind: screening.Primary},
		{Text: "Karmo ABUSTANI", Kind: screening.Alias}, {Text: "SI BOTAK", Kind: screening.Weak}, {Text: "KUCING", Kind: screening.Weak}})
	same(t, "dates", dates(e), []string{"1965-03-12", "1966"})
	same(t, "places", e.Places, []string{"Wonopringgo, Indonesia", "Ambarketawang"})
	same(t, "countries", e.Countries, []string{"Indonesia"})
	same(t, "gender", e.Gender, screening.Male)
	same(t, "topics", e.Topics, []string{"sanction", "crime.terror"})
	same(t, "programs", e.Programs, []string{"SDGT", "IRAQ2"})
	same(t, "positions", e.Positions, []string{"Chief of Nothing"})
	if !strings.HasSuffix(e.URL, "id=101") || !strings.Contains(e.Remarks, "GOSANDA TRADING") {
		t.Errorf("url %q, remarks %q", e.URL, e.Remarks)
	}
	same(t, "company", lists[0].Entities[1].Names[0].Text, "GOSANDA TRADING CO., LTD.")
	same(t, "its country", lists[0].Entities[1].Countries, []string{"Cuba"})
	same(t, "vessel", lists[0].Entities[2].Schema, screening.Vessel)
	jr := lists[0].Entities[3]
	same(t, "junior", jr.Names[0].Text, "Zefri PRAKOLESTA Jr.")
	same(t, "odd dates", dates(jr), []string{"~1959", "1970..1972", "1980", "1961-11"})
	same(t, "last remark", jr.Gender, screening.Female)
	same(t, "skipped", report.Lists[0].Skipped, map[string]int{"ofac_alt without its entry": 1})

	alone, _ := parse(t, file("sdn.csv", sdn))
	if len(alone[0].Entities) != 4 {
		t.Errorf("sdn.csv alone: %d entities", len(alone[0].Entities))
	}
	if alone[0].Checksum == lists[0].Checksum || len(alone[0].Checksum) != 64 {
		t.Errorf("checksums %q, %q", alone[0].Checksum, lists[0].Checksum)
	}
	again, _ := parse(t, file("z", sdn), file("w", add), file("x", alt), file("y", comments))
	same(t, "checksum in another order", again[0].Checksum, lists[0].Checksum)
}

func TestUN(t *testing.T) {
	lists, report := parse(t, file("un.bin", un))
	if len(lists) != 1 || lists[0].Name != "un_sc" || lists[0].Version != "2026-01-02T00:00:00Z" || len(lists[0].Entities) != 2 {
		t.Fatalf("%+v", report)
	}
	e := lists[0].Entities[0]
	same(t, "id", e.ID, "UN-555")
	same(t, "names", e.Names, []screening.Name{{Text: "WIRANDAKA SUKLENTANG GOSANDA", Kind: screening.Primary},
		{Text: "Karmo Abustani", Kind: screening.Alias}, {Text: "Karmo Bustani", Kind: screening.Alias}, {Text: "Si Botak", Kind: screening.Weak}})
	same(t, "dates", dates(e), []string{"1965-03-12", "1960..1964", "~1958"})
	same(t, "places", e.Places, []string{"Wonopringgo, Central Java, Indonesia"})
	same(t, "gender", e.Gender, screening.Male)
	same(t, "topics", e.Topics, []string{"sanction", "crime.terror"})
	same(t, "remarks", e.Remarks, "Nothing known.")
	o := lists[0].Entities[1]
	same(t, "organization", []any{o.ID, o.Schema, len(o.Names)}, []any{"UN-777", screening.Organization, 2})
}

func TestFollowTheMoney(t *testing.T) {
	lists, report := parse(t, file("entities.ftm.json", ftm))
	if len(lists) != 1 || lists[0].Name != "made_up" || len(lists[0].Entities) != 2 {
		t.Fatalf("%+v", report)
	}
	e := lists[0].Entities[0]
	same(t, "names", e.Names, []screening.Name{{Text: "Wirandaka Suklentang", Kind: screening.Primary}, {Text: "W. Suklentang", Kind: screening.Primary},
		{Text: "Karmo Abustani", Kind: screening.Alias}, {Text: "Si Botak", Kind: screening.Weak}})
	same(t, "facts", []any{e.ID, dates(e)[0], e.Gender, e.Places[0], e.Topics[0], e.URL, e.Datasets[0]},
		[]any{"Q1", "1965-03-12", screening.Male, "Wonopringgo", "role.pep", "https://example.org/q1", "made_up"})
	same(t, "skipped", report.Lists[0].Skipped, map[string]int{"schema Ownership": 1, "id seen before": 1})
	if w := report.Lists[0].Warnings; len(w) != 1 || !strings.Contains(w[0], "line 5") {
		t.Errorf("warnings %q", w)
	}
}

func TestOwnCSV(t *testing.T) {
	lists, report := parse(t, file("My Staff.csv", own), file("template.csv", watchlist.Template))
	if len(lists) != 2 || lists[0].Name != "my_staff" || len(lists[0].Entities) != 2 {
		t.Fatalf("%+v", report)
	}
	e := lists[0].Entities[0]
	same(t, "names", e.Names, []screening.Name{{Text: "Wirandaka Suklentang", Kind: screening.Primary},
		{Text: "Karmo Abustani", Kind: screening.Alias}, {Text: "Si Botak", Kind: screening.Weak}})
	same(t, "facts", []any{e.ID, dates(e), e.Gender, e.Positions, e.Topics, e.Datasets, e.URL},
		[]any{"Q9", []string{"1965-03-12"}, screening.Male, []string{"Clerk", "Mayor"}, []string{"role.pep"}, []string{"my_staff"}, "https://www.wikidata.org/wiki/Q9"})
	same(t, "without an office", lists[0].Entities[1].Topics, []string{"sanction"})
	same(t, "skipped", report.Lists[0].Skipped, map[string]int{"no name": 1})
	if r := report.Lists[0].Files[0]; r.Rows != 4 || r.Format != watchlist.OwnCSV || len(r.SHA256) != 64 || r.Bytes != int64(len(own)) {
		t.Errorf("file report %+v", r)
	}
	named, _, err := watchlist.Parse(context.Background(), []watchlist.File{file("a.csv", own)}, watchlist.Options{Name: "given"})
	if err != nil || named[0].Name != "given" || named[0].Entities[0].Datasets[0] != "given" {
		t.Errorf("a given name: %v, %v", named, err)
	}
}

// TestOwnCSVDates: what is no day is told, and the rest of it counts.
func TestOwnCSVDates(t *testing.T) {
	for text, want := range map[string]struct {
		date string
		says string // in the warning
	}{
		"1970-12-31":          {"1970-12-31", ""},
		"1970-12-31T00:00:00": {"1970-12-31", ""},
		"1970-2-3":            {"1970-02-03", ""},
		"~1970-02":            {"~1970-02", ""},
		"1970":                {"1970", ""},
		"1970..1972":          {"1970..1972", ""},
		"1970-00-00":          {"1970", ""},
		"1972-02-29":          {"1972-02-29", ""},
		"1970-13-45":          {"1970", "only what can be"},
		"1970-13":             {"1970", "only what can be"},
		"1970-12-32":          {"1970-12", "only what can be"},
		"1970-02-30":          {"1970-02", "only what can be"},
		"31-12-1970":          {"", "left out"},
	} {
		for format, head := range map[string]string{"own": "id,name,birth_date\nA,Wirandaka,", "OpenSanctions": "id,name,dataset,schema,birth_date\nA,Wirandaka,x,Person,"} {
			lists, report := parse(t, file("a.csv", head+text+"\n"))
			same(t, format+" "+text, strings.Join(dates(lists[0].Entities[0]), " "), want.date)
			if w := strings.Join(report.Lists[0].Warnings, " "); !strings.Contains(w, want.says) || want.says == "" && w != "" {
				t.Errorf("%s %s: warnings %q", format, text, w)
			}
		}
	}
}

// TestUTF16: as Windows writes text.
func TestUTF16(t *testing.T) {
	for name, order := range map[string]unicode.Endianness{"little": unicode.LittleEndian, "big": unicode.BigEndian} {
		for format, text := range map[string]string{"csv": strings.TrimPrefix(own, "\ufeff"), "xml": strings.Replace(un, "UTF-8", "UTF-16", 1), "ofac": sdn} {
			wide, err := unicode.UTF16(order, unicode.UseBOM).NewEncoder().String(text)
			if err != nil {
				t.Fatal(err)
			}
			want, _ := parse(t, file("x", text))
			got, report := parse(t, file("x", wide))
			same(t, name+" "+format, got[0].Entities, want[0].Entities)
			same(t, name+" "+format+" bytes", report.Lists[0].Files[0].Bytes, int64(len(wide)))
		}
	}
}

// TestListNames: a list has a name that the audit log can hold.
func TestListNames(t *testing.T) {
	for from, want := range map[string]string{
		"My Staff.csv":                    "my_staff",
		strings.Repeat("x", 300) + ".csv": strings.Repeat("x", 64),
		"a" + strings.Repeat("-", 200):    "a",
		"staff 3201010101010001.csv":      "staff",
		"3201010101010001.csv":            "list",
		"320101010101000.csv":             "320101010101000",
	} {
		lists, _ := parse(t, file(from, own))
		same(t, from, lists[0].Name, want)
	}
	for _, name := range []string{"a b", "../../etc", "a,b", strings.Repeat("x", 65), "3201010101010001", " ", "a\n"} {
		_, _, err := watchlist.Parse(t.Context(), []watchlist.File{file("a.csv", own)}, watchlist.Options{Name: name})
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "name of a list") {
			t.Errorf("%q: %v", name, err)
		}
	}
	// Nor is one taken from what the file holds.
	lists, _ := parse(t, file("people.json", strings.ReplaceAll(ftm, "made_up", "made up")))
	same(t, "a dataset that cannot be a name", lists[0].Name, "people")
}

func TestBrokenFiles(t *testing.T) {
	bomb := `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">]><CONSOLIDATED_LIST><INDIVIDUALS>&b;</INDIVIDUALS></CONSOLIDATED_LIST>`
	for _, c := range []struct {
		what  string
		files []watchlist.File
		kind  fault.Kind
		says  string
	}{
		{"no file", nil, fault.Invalid, "No list file"},
		{"empty", []watchlist.File{file("e.csv", " \n")}, fault.Invalid, "empty"},
		{"text", []watchlist.File{file("t.txt", "Rahasia adalah rahasia")}, fault.Unsupported, "no list that is known"},
		{"other XML", []watchlist.File{file("t.xml", "<html>Rahasia</html>")}, fault.Unsupported, "no list that is known"},
		{"aliases alone", []watchlist.File{file("alt.csv", alt)}, fault.Invalid, "sdn.csv"},
		{"addresses alone", []watchlist.File{file("add.csv", add), file("c", comments)}, fault.Invalid, "sdn.csv"},
		{"entries twice", []watchlist.File{file("a", sdn), file("b", sdn)}, fault.Invalid, "same part"},
		{"short OFAC record", []watchlist.File{file("sdn.csv", strings.SplitAfter(sdn, "\n")[0]+"105,\"Rahasia\"\n")}, fault.Invalid, "line 2"},
		{"broken quote", []watchlist.File{file("sdn.csv", strings.SplitAfter(sdn, "\n")[0]+"105,\"Raha\"sia,x\n")}, fault.Invalid, "line 2"},
		{"cut XML", []watchlist.File{file("un.xml", un[:len(un)/2])}, fault.Invalid, "ends too early"},
		{"cut XML between entries", []watchlist.File{file("un.xml", un[:strings.Index(un, "<ENTITIES>")])}, fault.Invalid, "ends too early"},
		{"entity bomb", []watchlist.File{file("un.xml", bomb)}, fault.Invalid, "document type definition"},
		{"deep XML", []watchlist.File{file("un.xml", "<CONSOLIDATED_LIST>"+strings.Repeat("<A>", 100))}, fault.Invalid, "deeper"},
		{"bad JSON line", []watchlist.File{file("f.json", strings.SplitAfter(ftm, "\n")[0]+"{\"id\":\"Rahasia\",,}\n")}, fault.Invalid, "line 2"},
		{"property of another type", []watchlist.File{file("f.json", `{"id":"1","schema":"Person","properties":{"name":"Rahasia"}}`)}, fault.Invalid, "no list of texts"},
		{"row too short", []watchlist.File{file("o.csv", "id,name\n1,A\n2\n")}, fault.Invalid, "line 3"},
		{"column twice", []watchlist.File{file("o.csv", "id,name,name\n1,A,B\n")}, fault.Invalid, "twice"},
		{"nothing usable", []watchlist.File{file("o.csv", "id,name\n1,\n")}, fault.Invalid, "no entry"},
		{"good and bad", []watchlist.File{file("o.csv", own), file("f.json", `{"id":"1","schema":"Person","properties":[]}`)}, fault.Invalid, "f.json"},
		{"long field", []watchlist.File{file("o.csv", "id,name\n1,"+strings.Repeat("x", 70<<10)+"\n")}, fault.Invalid, "longer"},
		{"endless quote", []watchlist.File{file("o.csv", "id,name\n1,\""+strings.Repeat("Rahasia\n", 200_000))}, fault.Invalid, "longer"},
	} {
		lists, _, err := watchlist.Parse(context.Background(), c.files, watchlist.Options{})
		if err == nil || lists != nil {
			t.Errorf("%s: %d lists, no error", c.what, len(lists))
			continue
		}
		if !fault.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.what, err)
		}
		if strings.Contains(err.Error(), "Rahasia") || strings.Contains(err.Error(), "SUKLENTANG") {
			t.Errorf("%s: the message repeats what the file says: %v", c.what, err)
		}
	}
}

func TestLimits(t *testing.T) {
	_, _, err := watchlist.Parse(context.Background(), []watchlist.File{file("o.csv", own)}, watchlist.Options{MaxBytes: 60})
	if !fault.Is(err, fault.TooLarge) {
		t.Errorf("a file over the limit: %v", err)
	}
	_, _, err = watchlist.Parse(context.Background(), []watchlist.File{file("o.csv", own)}, watchlist.Options{MaxEntities: 1})
	if !fault.Is(err, fault.TooLarge) {
		t.Errorf("too many entries: %v", err)
	}
	var b strings.Builder
	b.WriteString("<CONSOLIDATED_LIST><INDIVIDUALS><INDIVIDUAL><COMMENTS1>")
	b.WriteString(strings.Repeat("x", 5<<20))
	if _, _, err = watchlist.Parse(context.Background(), []watchlist.File{file("un.xml", b.String())}, watchlist.Options{}); err == nil || !strings.Contains(err.Error(), "longer") {
		t.Errorf("an endless entry: %v", err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err = watchlist.Parse(ended, []watchlist.File{file("o.csv", own)}, watchlist.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled call: %v", err)
	}
}

// fuzz checks what holds for any bytes: no panic, all or nothing, and
// entities that can be indexed.
func fuzz(f *testing.F, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
		f.Add([]byte(s[:len(s)/2]))
	}
	f.Fuzz(fuzzed)
}

func fuzzed(t *testing.T, data []byte) {
	const bytes, entities = 1 << 20, 100
	lists, report, err := watchlist.Parse(context.Background(), []watchlist.File{file("f", string(data))}, watchlist.Options{MaxBytes: bytes, MaxEntities: entities})
	if err != nil {
		if lists != nil || len(report.Lists) > 0 {
			t.Error("an error and a list")
		}
		if f := fault.From(err); f.Kind != fault.Invalid && f.Kind != fault.Unsupported && f.Kind != fault.TooLarge {
			t.Errorf("an error of another kind: %v", err)
		}
		return
	}
	l := lists[0]
	if len(l.Entities) > entities || report.Lists[0].Files[0].Bytes > bytes || len(l.Name) == 0 || len(l.Version) > 100 {
		t.Errorf("a list beyond its limits: %q, %d entities", l.Name, len(l.Entities))
	}
	ids := map[string]bool{}
	for _, e := range l.Entities {
		if e.ID == "" || ids[e.ID] || len(e.Names) == 0 || len(e.Names) > 500 || len(e.Datasets) == 0 || slices.Contains(e.Topics, "") {
			t.Errorf("%+v", e)
		}
		ids[e.ID] = true
		for _, d := range e.BirthDates {
			if again, err := screening.ParseDate(d.String()); err != nil || again != d {
				t.Errorf("the date %+v comes back as %+v, %v", d, again, err)
			}
		}
		for _, n := range e.Names {
			if n.Text == "" || !utf8.ValidString(n.Text) {
				t.Errorf("the name %q", n.Text)
			}
		}
	}
	screening.Build(lists).Search(context.Background(), screening.Query{Name: l.Entities[0].Names[0].Text}, 1)
}

func FuzzOFAC(f *testing.F)   { fuzz(f, sdn) }
func FuzzUN(f *testing.F)     { fuzz(f, un) }
func FuzzFTM(f *testing.F)    { fuzz(f, ftm) }
func FuzzOwnCSV(f *testing.F) { fuzz(f, own, watchlist.Template) }
func FuzzOFACParts(f *testing.F) {
	f.Add([]byte(alt), []byte(comments))
	f.Add([]byte(add), []byte(alt))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		watchlist.Parse(context.Background(), []watchlist.File{file("sdn", sdn), file("a", string(a)), file("b", string(b))}, watchlist.Options{MaxBytes: 1 << 20, MaxEntities: 100})
	})
}
