package ktp

import (
	"regexp"
	"testing"
	"time"
)

func TestFindDate(t *testing.T) {
	for line, want := range map[string]string{
		"MAKASSAR, 01-07-1987":  "1987-07-01",
		"01-07-1987":            "1987-07-01",
		"O1-O7-I98B":            "1988-07-01", // letters that look like digits
		"31-072013":             "2013-07-31", // a lost dash
		"1-7-1987":              "1987-07-01",
		"BOGOR, 29-02-2004.":    "2004-02-29",
		"29-02-2003":            "", // not in the calendar
		"08-0-1973":             "", // a lost digit is not guessed
		"16-06-1066":            "",
		"01-07-1987 SOMETHING":  "",
		"":                      "",
		"SEUMUR HIDUP":          "",
		"99-99-9999":            "",
		"12345678901-07-1987":   "",
		"KOTA, 13 - 05 - 1999 ": "1999-05-13",
	} {
		d, _, ok := findDate(line)
		got := ""
		if ok {
			got = d.Format(isoDate)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

func TestSplitBirth(t *testing.T) {
	for line, want := range map[string][2]string{
		"MAKASSAR, 01-07-1987":     {"MAKASSAR", "1987-07-01"},
		"KOTA BANDUNG. 22-10-1960": {"KOTA BANDUNG", "1960-10-22"},
		"JAKARTA22-10-1960":        {"JAKARTA", "1960-10-22"},
		"NGAWI 17-03-199":          {"NGAWI", ""},
		"PADANG,":                  {"PADANG", ""},
		"SO'E, TIMOR, 05-05-1955":  {"SO'E, TIMOR", "1955-05-05"},
		"01-01-2001":               {"", "2001-01-01"},
		"":                         {"", ""},
	} {
		place, d, at, ok := splitBirth(line)
		date := ""
		if ok {
			date = d.Format(isoDate)
		}
		if place != want[0] || date != want[1] || at < 0 || at > len(line) {
			t.Errorf("%q: %q %q at %d, want %q", line, place, date, at, want)
		}
	}
}

func TestParseSmallFields(t *testing.T) {
	for line, want := range map[string]string{"009/005": "009/005", "O09/0I5": "009/015", "003011": "003/011", "1/002": "001/002",
		"007I014": "007/014", "01/01": "", "": "", "-/-": "", "0091/0051": ""} {
		if got, _ := parseRTRW(line); got != want {
			t.Errorf("RT/RW %q: %q, want %q", line, got, want)
		}
	}
	for line, want := range map[string]string{"Gol. Darah : AB": "AB", "Gol. Darah :O+": "O+", "Gol. Darah : -": "-", "Go. Deah . 0+": "O+",
		"Gol. Darah : 8": "B", "Gol. Dar": "", "Gol. Darah :": "", "AB": "", "": ""} {
		if got := parseBlood(line); got != want {
			t.Errorf("blood type %q: %q, want %q", line, got, want)
		}
	}
	for line, want := range map[string]string{"PROVINSI JAWA BARAT": "JAWA BARAT", "PR0VINS JAWA BARAT": "JAWA BARAT", "BALI": "BALI",
		"PROVINSI": "PROVINSI", "DKI JAKARTA": "DKI JAKARTA"} {
		if got := stripProvince(line); got != want {
			t.Errorf("province %q: %q, want %q", line, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"Nama", "Nama", 0}, {"Nama", "Nma", 1}, {"kitten", "sitting", 3}, {"", "abc", 3}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func FuzzParsers(f *testing.F) {
	for _, s := range []string{"MAKASSAR, 01-07-1987", "O1-O7-I98B", "009/005", "Gol. Darah : AB", "PROVINSI BALI", "", "–", ":\xff"} {
		f.Add(s)
	}
	year := regexp.MustCompile(`^(19|20|2100)`)
	f.Fuzz(func(t *testing.T, s string) {
		if d, at, ok := findDate(s); ok && (!year.MatchString(d.Format(isoDate)) || at < 0 || at >= len(s)) {
			t.Errorf("%q: date %v at %d", s, d, at)
		}
		if _, _, at, _ := splitBirth(s); at < 0 || at > len(s) {
			t.Errorf("%q: cut at %d", s, at)
		}
		if r, ok := parseRTRW(s); ok && len(r) != 7 {
			t.Errorf("%q: RT/RW %q", s, r)
		}
		parseBlood(s)
		stripProvince(s)
	})
}

func FuzzCheckNIK(f *testing.F) {
	f.Add("7371144107871378", "PEREMPUAN")
	f.Add("", "")
	f.Add("０１２３４５６７８９012345", "LAKI-LAKI")
	f.Add("000000000000000", "?")
	today := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, nik, gender string) {
		CheckNIK(nik, today, gender, today)
	})
}
