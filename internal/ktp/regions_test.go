package ktp

import (
	"bytes"
	"compress/gzip"
	"slices"
	"strings"
	"testing"

	"anycheck/internal/fault"
)

const smallTable = `code,name,first_seen,last_seen
73.71.14,TAMALANREA,2016,2025
73.71.14.1001,KAPASA,2016,2025
73.71.14.1002,tamalanrea  jaya,2016,2025
73.71.14.1002,TAMALANREA RAYA,2016,2018
73.71.11,BIRINGKANAYA,2016,2025
73.71.11.1001,PAI,,
`

func TestParseRegions(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte(smallTable))
	_ = z.Close()
	plain, err := ParseRegions(strings.NewReader(smallTable))
	if err != nil {
		t.Fatal(err)
	}
	gzipped, err := ParseRegions(&packed)
	if err != nil || gzipped.Version() != plain.Version() || plain.Version() == BuiltInRegions().Version() {
		t.Errorf("packed %v, plain %v, %v", gzipped, plain.Version(), err)
	}
	for _, c := range []struct {
		code          string
		names, within []string
	}{
		{"737114", []string{"TAMALANREA"}, []string{"KAPASA", "TAMALANREA JAYA", "TAMALANREA RAYA"}},
		{"7371141002", []string{"TAMALANREA JAYA", "TAMALANREA RAYA"}, nil},
		{"7371", []string{"KOTA MAKASSAR"}, []string{"BIRINGKANAYA", "TAMALANREA"}},
		{"54", []string{"TIMOR TIMUR"}, nil},
		{"737199", nil, nil},
	} {
		if names, within := plain.Names(c.code), plain.Within(c.code); !slices.Equal(names, c.names) || !slices.Equal(within, c.within) {
			t.Errorf("%s: names %q, within %q", c.code, names, within)
		}
	}
	if !plain.hasDistricts("7371") || plain.hasDistricts("7372") || BuiltInRegions().hasDistricts("7371") {
		t.Error("districts where there are none, or none where there are")
	}
	if n := plain.Counts(); n.Districts != 2 || n.Villages != 4 || n.Provinces < 39 {
		t.Errorf("counts %+v", n)
	}
	if got := plain.codes("7371", 6, "TAMALANREA"); !slices.Equal(got, []string{"737114"}) {
		t.Errorf("codes %v", got)
	}
}

func TestBadRegions(t *testing.T) {
	row := func(s string) string {
		return "code,name,first_seen,last_seen\n11.01.01,BAKONGAN,2016,2025\n" + s + "\n"
	}
	for _, c := range []struct{ name, table, want string }{
		{"empty", "", "not a readable CSV"},
		{"other columns", "a,b\n1,2\n", "columns code and name"},
		{"provinces only", "code,name\n11,ACEH\n", "no district"},
		{"points misplaced", row("11.0.101,X,2016,2025"), "Line 3: the code"},
		{"letters in a code", row("11.O1,X,2016,2025"), "Line 3: the code"},
		{"a code too long", row("11.01.01.20011,X,2016,2025"), "Line 3: the code"},
		{"no name", row("11.01.02, ,2016,2025"), "Line 3: the name"},
		{"a long name", row("11.01.02," + strings.Repeat("X", 101) + ",2016,2025"), "Line 3: the name"},
		{"years turned round", row("11.01.02,X,2025,2016"), "Line 3: first_seen"},
		{"no year", row("11.01.02,X,now,2016"), "Line 3: first_seen"},
		{"columns missing", row("11.01.02,X"), "not a readable CSV"},
		{"broken gzip", "\x1f\x8b\x00", "gzip"},
	} {
		_, err := ParseRegions(strings.NewReader(c.table))
		if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.From(err).Message, c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	many := row(strings.Repeat("11.01.02,X,,\n", maxRegionRows))
	if _, err := ParseRegions(strings.NewReader(many)); !fault.Is(err, fault.TooLarge) {
		t.Errorf("too many rows: %v", err)
	}
}

func FuzzParseRegions(f *testing.F) {
	f.Add([]byte(smallTable))
	f.Add([]byte("code,name\n11.01.01,\"A,B\"\n"))
	f.Add([]byte("\x1f\x8b\x08"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ParseRegions(bytes.NewReader(data))
		if err != nil {
			return
		}
		var packed bytes.Buffer
		if err := r.Pack(&packed); err != nil {
			t.Fatal(err)
		}
		again, err := ParseRegions(&packed)
		if err != nil || again.Version() != r.Version() {
			t.Errorf("packed and read again: %v", err)
		}
	})
}

func TestDistrictsAndVillagesOfTheTable(t *testing.T) {
	regions, err := ParseRegions(strings.NewReader(smallTable))
	if err != nil {
		t.Fatal(err)
	}
	nik := Value{Field: NIK}
	nik.set("7371144107871378", 0.9)
	for _, c := range []struct {
		name, district, village string // the read ones
		doubt                   string // for the village, 30 %
		want                    [2]string
		known                   bool // the village
	}{
		{"both in the table", "TAMALANREA", "KAPASA", "KAPASA", [2]string{"TAMALANREA", "KAPASA"}, true},
		{"a letter doubtful", "TAMALANREA", "XAPASA", "KAPASA", [2]string{"TAMALANREA", "KAPASA"}, true},
		{"clearly read, not in the table", "TAMALANREA", "XAPASA", "XAPASA", [2]string{"TAMALANREA", "XAPASA"}, false},
		{"a village of another district", "BIRINGKANAYA", "XAPASA", "KAPASA", [2]string{"BIRINGKANAYA", "XAPASA"}, false},
		{"from elsewhere", "CEMPAKA", "XAPASA", "KAPASA", [2]string{"CEMPAKA", "XAPASA"}, false},
		{"a rest under glare", "TAMALANREA", "SA", "SA", [2]string{"TAMALANREA", "SA"}, false},
	} {
		d, v := readAs(t, c.district, c.district, 99), readAs(t, c.village, c.doubt, 70)
		if c.village == c.doubt {
			v = readAs(t, c.village, c.doubt, 100)
		}
		d.part, v.part = partDistrict, partVillage
		p := &page{lines: []line{d, v}, regions: regions}
		district, village := p.districtAndVillage(nik, Value{})
		if *district.Value != c.want[0] || *village.Value != c.want[1] || village.evidence.known != c.known {
			t.Errorf("%s: %q, %q, known %v", c.name, *district.Value, *village.Value, village.evidence.known)
		}
		if changed := c.village != c.want[1]; changed != (village.Rule == RuleList) || changed && village.Confidence > maxUncertain {
			t.Errorf("%s: rule %q, confidence %.2f", c.name, village.Rule, village.Confidence)
		}
	}
}
