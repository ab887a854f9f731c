package watchlist_test

import (
	"archive/zip"
	"bytes"
	"context"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"anycheck/internal/fault"
	"anycheck/internal/screening"
	"anycheck/internal/watchlist"
)

// testdata/dttot.xls is what LibreOffice makes of this workbook:
//
//	go test ./internal/watchlist -run TestPPATK -keep DIR
//	soffice --headless --convert-to xls:"MS Excel 97" --outdir internal/watchlist/testdata DIR/dttot.xlsx
var keep = flag.String("keep", "", "folder to write the workbook of the tests to")

// dttotRows are invented entries with what the published list has of oddities.
var dttotRows = [][]any{
	{"DAFTAR TERDUGA TERORIS DAN ORGANISASI TERORIS (DTTOT)"},
	{},
	{"No", "Nama", "Deskripsi", "Terduga", "Kode Densus", "Tpt Lahir", "Tgl Lahir", "WN", "Alamat"},
	{1, 2, 3, 4, 5, 6, 7, 8, 9},
	{1, "Wirandaka Suklentang alias Karmo Abustani alias. Si Botak; K. Abustani (Abu Karmo)", "Jenis kelamin: laki-laki. Pekerjaan: pedagang", "Orang", "EDD-001", "Wonopringgo", "12/03/1965", "Indonesia", "a) Dusun Satu, Wonopringgo b) Jl. Melati No. 5, Ambarketawang"},
	{2, "Zefri Prakolesta ALIAS Zefri", "-", "Orang", "EDD-002", "a) Ambarketawang b) Wonopringgo", "00/00/1954-1955", "WNI", "-"},
	{3, "Gosanda Trading a.k.a. Gosanda Group", "Badan usaha", "Korporasi", "EDE-003", "-", "00/00/0000", "Indonesia/Malaysia", "Jl. Kenanga 1"},
	{4, "Karmolino", "", "Orang", "EDD-004", "", time.Date(1960, 2, 1, 0, 0, 0, 0, time.UTC), "", ""},
	{5, "Lestimo Wagenda", "", "Orang", "EDD-004", "", "sekira 1958", "Filipina", ""},
	{6, "1. Parmuji Sontoloyo 2. Parmuji bin Gandul", "Jenis Kelamin : Perempuan", "Orang", "", "", "1 Januari 1990 atau 03/02/1991", "", ""},
	{"No", "Nama", "Deskripsi", "Terduga", "Kode Densus", "Tpt Lahir", "Tgl Lahir", "WN", "Alamat"},
	{7, "-", "tanpa nama", "Orang", "EDD-007"},
	{8, "Tugimin Bersaudara", "", "Orang", "EDD-008", "", "besok", "", ""},
}

// workbook makes an .xlsx of rows.
func workbook(t testing.TB, sheets ...[][]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	day, err := f.NewStyle(&excelize.Style{NumFmt: 14})
	if err != nil {
		t.Fatal(err)
	}
	for i, rows := range sheets {
		name := "Sheet" + string(rune('1'+i))
		if _, err := f.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		for r, row := range rows {
			for c, v := range row {
				at, _ := excelize.CoordinatesToCellName(c+1, r+1)
				if err := f.SetCellValue(name, at, v); err != nil {
					t.Fatal(err)
				}
				if _, ok := v.(time.Time); ok {
					_ = f.SetCellStyle(name, at, at, day)
				}
			}
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPPATK(t *testing.T) {
	made := workbook(t, dttotRows)
	if *keep != "" {
		if err := os.WriteFile(filepath.Join(*keep, "dttot.xlsx"), made, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	old, err := os.ReadFile(filepath.Join("testdata", "dttot.xls"))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"20260102.xlsx": made, "20260102.xls": old} {
		lists, report := parse(t, watchlist.File{Name: name, Data: bytes.NewReader(data)})
		if len(lists) != 1 || lists[0].Name != "id_dttot" || len(lists[0].Entities) != 7 {
			t.Fatalf("%s: %+v", name, report)
		}
		e := lists[0].Entities[0]
		same(t, name+" names", e.Names, []screening.Name{{Text: "Wirandaka Suklentang", Kind: screening.Primary}, {Text: "Karmo Abustani", Kind: screening.Alias},
			{Text: "Si Botak", Kind: screening.Alias}, {Text: "K. Abustani", Kind: screening.Alias}, {Text: "Abu Karmo", Kind: screening.Weak}})
		same(t, name+" facts", []any{e.ID, e.Schema, e.Gender, dates(e), e.Places, e.Countries, e.Topics, e.Datasets},
			[]any{"DTTOT-EDD-001", screening.Person, screening.Male, []string{"1965-03-12"}, []string{"Wonopringgo"}, []string{"Indonesia"}, []string{"sanction", "crime.terror"}, []string{"id_dttot"}})
		same(t, name+" addresses", e.Addresses, []string{"Dusun Satu, Wonopringgo", "Jl. Melati No. 5, Ambarketawang"})
		z := lists[0].Entities[1]
		same(t, name+" a span", []any{dates(z), z.Places, z.Countries, len(z.Names)}, []any{[]string{"1954..1955"}, []string{"Ambarketawang", "Wonopringgo"}, []string{"Indonesia"}, 2})
		g := lists[0].Entities[2]
		same(t, name+" a company", []any{g.ID, g.Schema, len(g.BirthDates), g.Countries, len(g.Names)}, []any{"DTTOT-EDE-003", screening.Organization, 0, []string{"Indonesia", "Malaysia"}, 2})
		same(t, name+" a date of Excel's", dates(lists[0].Entities[3]), []string{"1960-02-01"})
		l := lists[0].Entities[4]
		same(t, name+" circa", dates(l), []string{"~1958"})
		if !strings.HasPrefix(l.ID, "DTTOT-EDD-004-") {
			t.Errorf("%s: the second under one code is %s", name, l.ID)
		}
		p := lists[0].Entities[5]
		same(t, name+" several", []any{p.Names[1].Text, p.Gender, dates(p)}, []any{"Parmuji bin Gandul", screening.Female, []string{"1990-01-01", "1991-02-03"}})
		same(t, name+" skipped", report.Lists[0].Skipped, map[string]int{"no name": 2})
		if w := report.Lists[0].Warnings; len(w) != 1 || !strings.Contains(w[0], "sheet 1, row 13") {
			t.Errorf("%s: warnings %q", name, w)
		}
	}
}

// TestPPATKDrift: other titles, columns, spellings and orders.
func TestPPATKDrift(t *testing.T) {
	first := [][]any{
		{"", "DAFTAR PENDANAAN PROLIFERASI SENJATA PEMUSNAH MASSAL"},
		{"", "NAMA", "ALIAS", "TANGAL LAHIR", "TEMPAT LAHIR ", "Informasi Lain", "Referensi", "Kewarganegaran", "Jenis"},
		{"", "Wirandaka Suklentang", "Karmo; Abustani", 23813, "Wonopringgo", "", "KPi.001", "Korea Utara dan Iran", "Perorangan"},
	}
	second := [][]any{
		{"Alamat", "Nama/Alias", "Tempat, Tanggal Lahir", "L/P"},
		{"", "Gosanda alias Sanda", "Wonopringgo, sekitar tahun 1958", "L"},
	}
	lists, report := parse(t, watchlist.File{Name: "x.xlsx", Data: bytes.NewReader(workbook(t, first, [][]any{{"catatan"}}, second))})
	if len(lists[0].Entities) != 2 || lists[0].Name != "id_dppspm" {
		t.Fatalf("%+v", report)
	}
	e := lists[0].Entities[0]
	same(t, "facts", []any{e.ID, e.Schema, dates(e), e.Places, e.Countries, len(e.Names), e.Topics},
		[]any{"DPPSPM-KPi.001", screening.Person, []string{"1965-03-12"}, []string{"Wonopringgo"}, []string{"Korea Utara", "Iran"}, 3, []string{"sanction"}})
	e = lists[0].Entities[1]
	same(t, "the other sheet", []any{len(e.ID), e.Schema, dates(e), e.Places, e.Gender, len(e.Names)},
		[]any{len("DPPSPM-0123456789"), screening.Unknown, []string{"~1958"}, []string{"Wonopringgo"}, screening.Male, 2})
	same(t, "skipped", report.Lists[0].Skipped, map[string]int{"sheet without the columns of the list": 1})
	// Without a title, the codes tell.
	lists, _ = parse(t, watchlist.File{Name: "x.xlsx", Data: bytes.NewReader(workbook(t, first[1:]))})
	same(t, "list by its codes", lists[0].Name, "id_dppspm")
}

func TestPPATKNames(t *testing.T) {
	for text, want := range map[string][]string{
		"Wirandaka alias Karmo":                             {"Wirandaka", "Karmo"},
		"WIRANDAKA SUKLENTANG als. KARMO WIRA als ABUSTANI": {"WIRANDAKA SUKLENTANG", "KARMO WIRA", "ABUSTANI"},
		"Wirandaka aka Karmo AKA. Abustani":                 {"Wirandaka", "Karmo", "Abustani"},
		"Wirandaka @ Karmo@Abustani":                        {"Wirandaka", "Karmo", "Abustani"},
		"Wirandaka dikenal sebagai Karmo":                   {"Wirandaka", "Karmo"},
		"Wirandaka, juga dikenal sebagai Karmo":             {"Wirandaka", "Karmo"},
		"Wirandaka yang dikenal dengan nama Karmo":          {"Wirandaka", "Karmo"},
		"Wirandaka Suklentang/Karmo/Abustani":               {"Wirandaka Suklentang", "Karmo", "Abustani"},
		"Wirandaka / Mo":                                    {"Wirandaka", "Mo"},
		"Wirandaka (Karmo/Abustani)":                        {"Wirandaka", "(Karmo)", "(Abustani)"},
		"Wirandaka a/k/a Karmo d/h Abustani":                {"Wirandaka", "Karmo", "Abustani"},
		"Wirandaka a/n Karmo S/O Abustani":                  {"Wirandaka a/n Karmo S/O Abustani"},
		"Wirandaka, lahir 12/Mei/1970":                      {"Wirandaka, lahir 12/Mei/1970"},
		"Wirandaka, lahir 12 / Mei / 1970":                  {"Wirandaka, lahir 12 / Mei / 1970"},
		"Aka Wirandaka":                                     {"Aka Wirandaka"},
		"Alsada Wirandakals Akamo":                          {"Alsada Wirandakals Akamo"},
		"als. Karmo":                                        {"Karmo"},
	} {
		same(t, text, watchlist.PPATKNames(text), want)
	}
}

// TestPPATKDateAmongPlaces: where the cell of the date has none, that of the
// place may.
func TestPPATKDateAmongPlaces(t *testing.T) {
	rows := [][]any{{"Nama", "Terduga", "Kode Densus", "Tpt Lahir", "Tgl Lahir"}}
	cases := []struct {
		place, date   string
		places, dates []string
	}{
		{"Ngawi, 5 Mei 1966", "", []string{"Ngawi"}, []string{"1966-05-05"}},
		{"Ngawi 05-05-1966", "-", []string{"Ngawi"}, []string{"1966-05-05"}},
		{"Ngawi, sekitar 1966", "00/00/0000", []string{"Ngawi"}, []string{"~1966"}},
		{"a) Ngawi, 5 Mei 1966 b) Wonopringgo", "", []string{"Ngawi", "Wonopringgo"}, []string{"1966-05-05"}},
		{"5 Mei 1966", "", []string{}, []string{"1966-05-05"}},
		{"12/03/1965", "", []string{}, []string{"1965-03-12"}},
		{"Mei 1966, Ngawi", "", []string{"Mei 1966, Ngawi"}, []string{"1966-05"}},
		{"Ngawi, 5 Mei 1966", "6 Mei 1966", []string{"Ngawi, 5 Mei 1966"}, []string{"1966-05-06"}},
		{"1. Ngawi 2. Wonopringgo", "", []string{"Ngawi", "Wonopringgo"}, nil},
		{"Desa 12", "", []string{"Desa 12"}, nil},
	}
	for i, c := range cases {
		rows = append(rows, []any{"Wirandaka", "Orang", strconv.Itoa(i), c.place, c.date})
	}
	lists, report := parse(t, watchlist.File{Name: "dttot.xlsx", Data: bytes.NewReader(workbook(t, rows))})
	for i, c := range cases {
		e := lists[0].Entities[i]
		same(t, c.place, []any{e.Places, dates(e)}, []any{c.places, c.dates})
	}
	same(t, "warnings", report.Lists[0].Warnings, []string(nil))
}

func TestIndonesianDates(t *testing.T) {
	for text, want := range map[string][]string{
		"12/03/1965":                 {"1965-03-12"},
		"12-3-1965":                  {"1965-03-12"},
		"1965-03-12 00:00:00":        {"1965-03-12"},
		"00/00/1954-1955":            {"1954..1955"},
		"00/05/1954":                 {"1954-05"},
		"1954 s/d 1956":              {"1954..1956"},
		"antara tahun 1954 dan 1956": {"1954..1956"},
		"01/02/1960 atau 03/02/1961": {"1960-02-01", "1961-02-03"},
		"01/02/1960;03/02/1961":      {"1960-02-01", "1961-02-03"},
		"20/02/1973 20/02/1980":      {"1973-02-20", "1980-02-20"},
		"sekira 1958":                {"~1958"},
		"±1958 atau 1960":            {"~1958", "1960"},
		"1 Januari 1990":             {"1990-01-01"},
		"4 Januari1973/4 Nop. 1974":  {"1973-01-04", "1974-11-04"},
		"Agustus 1971":               {"1971-08"},
		"May 5, 1971":                {"1971-05-05"},
		"17 AGUSTUS 1945":            {"1945-08-17"},
		"03/25/1970":                 {"1970-03-25"},
		"31/02/1970":                 {"1970-02"},
		"01/02/60":                   {"1960-02-01"},
		"5 Brumaire 1971":            {"1971"},
		"02/1960":                    {"1960-02"},
		"1958":                       {"1958"},
		"23813":                      {"1965-03-12"},
		"23813.5":                    {"1965-03-12"},
		"00/00/0000":                 nil,
		"-":                          nil,
		"tidak diketahui":            nil,
	} {
		got, unread := watchlist.IndonesianDates(text)
		if strings.Join(got, " ") != strings.Join(want, " ") || unread {
			t.Errorf("%q: %v, unread %v; want %v", text, got, unread, want)
		}
	}
	for _, text := range []string{"besok", "01/02/05", "12/03/2965", "1385 H.", "99"} {
		if got, unread := watchlist.IndonesianDates(text); len(got) > 0 || !unread {
			t.Errorf("%q: %v, want nothing and a warning", text, got)
		}
	}
}

// repack changes one part of an .xlsx file.
func repack(t testing.TB, data []byte, part string, change func([]byte) []byte) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if f.Name == part {
			content = change(content)
		}
		if content == nil {
			continue
		}
		to, err := w.Create(f.Name)
		if err == nil {
			_, err = to.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const (
	partSheet   = "xl/worksheets/sheet1.xml"
	partStrings = "xl/sharedStrings.xml"
)

func TestBrokenWorkbooks(t *testing.T) {
	good := workbook(t, dttotRows)
	old, err := os.ReadFile(filepath.Join("testdata", "dttot.xls"))
	if err != nil {
		t.Fatal(err)
	}
	as := func(content string) func([]byte) []byte { return func([]byte) []byte { return []byte(content) } }
	cut := func(content []byte) []byte { return content[:len(content)/2] }
	old95 := bytes.Replace(bytes.Clone(old), []byte("\x09\x08\x10\x00\x00\x06"), []byte("\x09\x08\x10\x00\x00\x05"), 1)
	locked := bytes.Clone(old)
	copy(locked[bytes.Index(old, []byte("\x09\x08\x10\x00\x00\x06\x05\x00")):], "\x09\x08\x04\x00\x00\x06\x05\x00\x2f\x00\x08\x00")
	var plain bytes.Buffer
	zip.NewWriter(&plain).Close()
	var other bytes.Buffer
	z := zip.NewWriter(&other)
	if _, err := z.Create("Rahasia"); err != nil {
		t.Fatal(err)
	}
	z.Close()
	for _, c := range []struct {
		what string
		data []byte
		says string
	}{
		{"a bomb", repack(t, good, partSheet, as("<worksheet>"+strings.Repeat("<x>"+strings.Repeat(" ", 10_000)+"</x>", 7_000))), "unpacks to more than"},
		{"a bomb of rows", repack(t, good, partSheet, as("<worksheet><sheetData>"+strings.Repeat("<row/>", 300_000))), "more than 100000 rows"},
		{"a bomb of texts", repack(t, good, partStrings, as("<sst>"+strings.Repeat("<si><t>Rahasia</t></si>", 600_000))), "more than"},
		{"a bomb of one text", repack(t, good, partStrings, as("<sst><si><t>"+strings.Repeat("Rahasia", 1_000_000))), "longer than"},
		{"a long cell", repack(t, good, partSheet, as(`<worksheet><sheetData><row><c t="inlineStr"><is><t>`+strings.Repeat("Rahasia", 20_000)+`</t></is></c></row></sheetData></worksheet>`)), "a cell is longer"},
		{"too wide", repack(t, good, partSheet, as(`<worksheet><sheetData>`+strings.Repeat(`<row><c r="IV1"><v>1</v></c></row>`, 20_000)+`</sheetData></worksheet>`)), "more than 500000 cells"},
		{"a sheet that breaks off", repack(t, good, partSheet, cut), "sheet 1: the workbook is broken"},
		{"texts that break off", repack(t, good, partStrings, cut), "broken"},
		{"no texts", repack(t, good, partStrings, as("")), "broken"},
		{"no sheet", repack(t, good, partSheet, func([]byte) []byte { return nil }), "broken"},
		{"no book", repack(t, good, "xl/workbook.xml", func([]byte) []byte { return nil }), "without an Excel workbook"},
		{"a document type", repack(t, good, partSheet, as("<!DOCTYPE x [<!ENTITY Rahasia 'x'>]><worksheet/>")), "document type"},
		{"deep", repack(t, good, partSheet, as(strings.Repeat("<Rahasia>", 1000))), "deeper"},
		{"a text that is not there", repack(t, good, partSheet, as(`<worksheet><sheetData><row><c t="s"><v>9999</v></c></row></sheetData></worksheet>`)), "broken"},
		{"a cell without a row", repack(t, good, partSheet, as(`<worksheet><c><v>1</v></c></worksheet>`)), "broken"},
		{"no columns", workbook(t, [][]any{{"Rahasia"}, {"Rahasia", "Alamat"}}), "Kode Densus"},
		{"cut archive", good[:len(good)/2], "broken"},
		{"another archive", append([]byte{}, other.Bytes()...), "without an Excel workbook"},
		{"cut OLE2", old[:600], "broken"},
		{"cut in the middle", old[:len(old)/2], "broken"},
		{"not BIFF8", old95, "older than Excel 97"},
		{"a password", locked, "password"},
		{"too large", append([]byte("PK\x03\x04"), make([]byte, 33<<20)...), "33554432 bytes"},
	} {
		started := time.Now()
		lists, _, err := watchlist.Parse(context.Background(), []watchlist.File{{Name: "f.xlsx", Data: bytes.NewReader(c.data)}}, watchlist.Options{})
		if err == nil || lists != nil || !strings.Contains(err.Error(), c.says) || fault.From(err).Kind == fault.Internal {
			t.Errorf("%s: %d lists, %v", c.what, len(lists), err)
		}
		if err != nil && strings.Contains(err.Error(), "Rahasia") {
			t.Errorf("%s: the message repeats what the file says: %v", c.what, err)
		}
		if took := time.Since(started); took > 30*time.Second {
			t.Errorf("%s: took %v", c.what, took)
		}
	}
}

// smallXLSX is the least that makes an .xlsx file.
func smallXLSX(t testing.TB, sheet, texts []byte) []byte {
	t.Helper()
	const kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, part := range []struct{ name, content string }{
		{"_rels/.rels", `<Relationships><Relationship Id="r1" Type="` + kinds + `officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", `<workbook><workbookPr date1904="1"/><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="r1" Type="` + kinds + `worksheet" Target="/xl/worksheets/sheet1.xml"/><Relationship Id="r2" Type="` + kinds + `sharedStrings" Target="sharedStrings.xml"/></Relationships>`},
		{partSheet, string(sheet)}, {partStrings, string(texts)},
	} {
		to, err := w.CreateHeader(&zip.FileHeader{Name: part.name})
		if err == nil {
			_, err = to.Write([]byte(part.content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestSmallXLSX: cells in every form, in a workbook whose days count from 1904.
func TestSmallXLSX(t *testing.T) {
	lists, _ := parse(t, watchlist.File{Name: "dttot", Data: bytes.NewReader(smallXLSX(t,
		[]byte(`<worksheet><sheetData><row><c t="s"><v>0</v></c><c t="inlineStr"><is><r><t>Tgl</t></r><r><t> Lahir</t></r></is></c><c t="str"><f>A1</f><v>Alamat</v></c><c r="Z1" t="e"><v>#REF!</v></c></row>`+
			`<row r="5"><c r="A5" t="s"><v>1</v></c><c r="B5"><v>22351</v></c></row></sheetData></worksheet>`),
		[]byte(`<sst><si><t>Nama</t><rPh><t>na</t></rPh></si><si><r><t>Wirandaka</t></r><r><t>_x000D_alias Karmo</t></r></si></sst>`)))})
	e := lists[0].Entities[0]
	same(t, "facts", []any{dates(e), e.Names[0].Text, e.Names[1].Text}, []any{[]string{"1965-03-12"}, "Wirandaka", "Karmo"})
}

// FuzzXLSX changes the parts that an archive's checksums keep from changing.
func FuzzXLSX(f *testing.F) {
	var sheet, texts []byte
	good := workbook(f, dttotRows)
	repack(f, good, partSheet, func(b []byte) []byte { sheet = b; return b })
	repack(f, good, partStrings, func(b []byte) []byte { texts = b; return b })
	f.Add(sheet, texts)
	f.Add([]byte(`<worksheet><sheetData><row><c r="B1" t="inlineStr"><is><r><t>Nama</t></r></is></c><c t="str"><v>Alamat</v></c><c t="s"><v>0</v></c></row><row r="9"><c r="B9"><v>1</v></c></row></sheetData></worksheet>`), []byte(`<sst><si><t>WN</t></si></sst>`))
	f.Fuzz(func(t *testing.T, sheet, texts []byte) { fuzzed(t, smallXLSX(t, sheet, texts)) })
}

// FuzzXLS changes the file; FuzzXLSRecords the records in it, since most of a
// file is the container's.
func FuzzXLS(f *testing.F) {
	old, err := os.ReadFile(filepath.Join("testdata", "dttot.xls"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(old)
	f.Add(old[:len(old)/2])
	f.Fuzz(fuzzed)
}

func FuzzIndonesianDates(f *testing.F) {
	for _, s := range []string{"00/00/1954-1955", "01/02/1960 atau 4 Nopember1961", "sekira 1958", "23813", "antara 1950 dan 1960"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		dates, _ := watchlist.IndonesianDates(text)
		for _, d := range dates {
			if _, err := screening.ParseDate(d); err != nil {
				t.Errorf("%q gives %q", text, d)
			}
		}
	})
}
