package ktp

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func day(s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	d, err := time.Parse(isoDate, s)
	if err != nil {
		panic(err)
	}
	return d
}

var today = day("2026-11-23")

func codes(findings []Finding) []Code {
	var out []Code
	for _, f := range findings {
		out = append(out, f.Code)
	}
	return out
}

func TestCheckNIK(t *testing.T) {
	for _, c := range []struct {
		name, nik, birth, gender string
		want                     []Code
		severity                 Severity
	}{
		{"a woman's number", "7371144107871378", "1987-07-01", "PEREMPUAN", nil, ""},
		{"a man's number", "5104060208695635", "1969-08-02", "LAKI-LAKI", nil, ""},
		{"nothing printed was read", "5104060208695635", "", "", nil, ""},
		{"too short", "510406020869563", "", "", []Code{NIKLength}, Fail},
		{"too long", "51040602086956351", "", "", []Code{NIKLength}, Fail},
		{"empty", "", "", "", []Code{NIKLength}, Fail},
		{"letters", "51040602O8695635", "", "", []Code{NIKNotDigits}, Fail},
		{"no such province", "2004060208695635", "", "", []Code{NIKProvinceUnknown}, Fail},
		{"a province of the past", "5401060208695635", "", "", []Code{NIKRegencyUnknown}, Review},
		{"regency 00", "5100060208695635", "", "", []Code{NIKRegencyInvalid}, Fail},
		{"unknown regency", "5199060208695635", "", "", []Code{NIKRegencyUnknown}, Review},
		{"district 00", "5104000208695635", "", "", []Code{NIKDistrictInvalid}, Fail},
		{"day 00", "5104060008695635", "", "", []Code{NIKDayInvalid}, Fail},
		{"day 32", "5104063208695635", "", "", []Code{NIKDayInvalid}, Fail},
		{"day 40", "5104064008695635", "", "", []Code{NIKDayInvalid}, Fail},
		{"day 72", "5104067208695635", "", "", []Code{NIKDayInvalid}, Fail},
		{"month 13", "5104060213695635", "", "", []Code{NIKMonthInvalid}, Fail},
		{"serial 0000", "5104060208690000", "", "", []Code{NIKSerialZero}, Fail},
		{"31 February", "5104063102695635", "", "", []Code{NIKDateImpossible}, Review},
		{"29 February of a leap year", "5104062902965635", "1996-02-29", "LAKI-LAKI", nil, ""},
		{"another birth date", "5104060208695635", "1969-08-03", "LAKI-LAKI", []Code{NIKBirthDiffers}, Review},
		{"another gender", "5104060208695635", "1969-08-02", "PEREMPUAN", []Code{NIKGenderDiffers}, Review},
	} {
		got := CheckNIK(c.nik, day(c.birth), c.gender, today)
		if !slices.Equal(codes(got), c.want) {
			t.Errorf("%s: %v, want %v", c.name, codes(got), c.want)
			continue
		}
		for _, f := range got {
			if f.Severity != c.severity || f.Field != NIK || f.Message == "" {
				t.Errorf("%s: %+v, want severity %s", c.name, f, c.severity)
			}
			if c.nik != "" && strings.Contains(f.Message, c.nik) {
				t.Errorf("%s: the message quotes the number", c.name)
			}
		}
	}
}

func TestCheckCard(t *testing.T) {
	good := map[Field]string{NIK: "5104060208695635", Name: "JOKO", BirthDate: "1969-08-02", Gender: "LAKI-LAKI", MaritalStatus: "KAWIN",
		Province: "BALI", Regency: "KABUPATEN GIANYAR", IssueDate: "2019-01-22", ValidUntil: "SEUMUR HIDUP"}
	for _, c := range []struct {
		name   string
		change map[Field]string
		want   []Code
	}{
		{"nothing wrong", nil, nil},
		{"moved", map[Field]string{Province: "JAWA BARAT", Regency: "KOTA BANDUNG"}, []Code{NIKRegionDiffers}},
		{"moved within the province", map[Field]string{Regency: "KABUPATEN BADUNG"}, []Code{NIKRegionDiffers}},
		{"a region nobody knows says nothing", map[Field]string{Province: "BALU", Regency: "KABUPATEN GIANVAR"}, nil},
		{"61 letters", map[Field]string{Name: strings.Repeat("A", 61)}, []Code{NameTooLong}},
		{"60 letters", map[Field]string{Name: strings.Repeat("A", 60)}, nil},
		{"16 and unmarried", map[Field]string{NIK: "", BirthDate: "2010-01-01", MaritalStatus: "BELUM KAWIN"}, []Code{UnderageUnmarried}},
		{"16 and married", map[Field]string{NIK: "", BirthDate: "2010-01-01"}, nil},
		{"17 today", map[Field]string{NIK: "", BirthDate: "2009-11-23", MaritalStatus: "BELUM KAWIN"}, nil},
		{"born tomorrow", map[Field]string{NIK: "", BirthDate: "2026-11-24", IssueDate: ""}, []Code{BirthInFuture}},
		{"issued tomorrow", map[Field]string{IssueDate: "2026-11-24"}, []Code{IssueInFuture}},
		{"issued before birth", map[Field]string{IssueDate: "1960-01-01"}, []Code{IssueBeforeBirth}},
		{"printed end is past", map[Field]string{ValidUntil: "2019-05-27"}, []Code{CardExpired}},
		{"nothing read", map[Field]string{NIK: "", Name: "", BirthDate: "", IssueDate: "", ValidUntil: "", Province: "", Regency: ""}, nil},
	} {
		r := Reading{Found: true}
		for _, f := range Fields {
			text := good[f]
			if changed, ok := c.change[f]; ok {
				text = changed
			}
			v := Value{Field: f}
			if text != "" {
				v.set(text, 1)
			}
			r.Values = append(r.Values, v)
		}
		if got := codes(CheckCard(&r, today)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestDistrictOfTheNumber(t *testing.T) {
	for _, c := range []struct {
		name      string
		districts []string
		printed   string
		want      []Code
	}{
		{"no table", nil, "UBUD", nil},
		{"as printed", []string{"TAMPAKSIRING", "TAMPAK SIRING"}, "TAMPAKSIRING", nil},
		{"not read", []string{"TAMPAKSIRING"}, "", nil},
		{"moved", []string{"TAMPAKSIRING"}, "UBUD", []Code{NIKDistrictDiffers}},
		{"unknown code", []string{}, "UBUD", []Code{NIKDistrictUnknown}},
	} {
		nik, district := Value{Field: NIK}, Value{Field: District}
		nik.set("5104060208695635", 1)
		if c.printed != "" {
			district.set(c.printed, 1)
		}
		r := Reading{Found: true, Values: []Value{nik, district}, Districts: c.districts}
		if got := codes(CheckCard(&r, today)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestRegionTable(t *testing.T) {
	if got := knownRegions.Names("7371"); !slices.Equal(got, []string{"KOTA MAKASSAR"}) {
		t.Errorf("7371 is %v", got)
	}
	if got := knownRegions.Names("9999"); len(got) != 0 {
		t.Errorf("9999 is %v", got)
	}
	provinces, regencies := map[string]bool{}, map[string]bool{}
	for i := range knownRegions.starts {
		switch code, _ := knownRegions.row(i); len(code) {
		case 2:
			provinces[code] = true
		case 4:
			regencies[code] = true
		default:
			t.Errorf("code %q", code)
		}
	}
	// 38 provinces of today and one of the past; some 514 regencies of today
	// and the retired codes of the Papuan ones.
	if len(provinces) != 39 || len(regencies) < 514 || len(regencies) > 600 {
		t.Errorf("%d provinces, %d regencies", len(provinces), len(regencies))
	}
	for _, name := range []string{"KOTA JAKARTA SELATAN", "JAKARTA PUSAT", "KABUPATEN SLEMAN"} {
		if !knownRegions.isRegency(name) {
			t.Errorf("%s is not a header row", name)
		}
	}
}
