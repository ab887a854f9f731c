package ktp

import (
	"slices"
	"testing"
)

func TestCustomaryForms(t *testing.T) {
	for _, c := range []struct {
		field       Field
		read, doubt string // what the line says at percent, and with the rest
		percent     uint8
		want        string
		rule        Rule
	}{
		{Address, "KOMP. INDAH BLOK HI6", "KOMP. INDAH BLOK H16", 70, "KOMP. INDAH BLOK H16", RuleCustom},
		{Address, "KOMP. INDAH BLOK HI6", "KOMP. INDAH BLOK H16", 100, "KOMP. INDAH BLOK HI6", ""}, // the picture says so
		{Address, "KOMP. INDAH BLOK ATI", "KOMP. INDAH BLOK A11", 70, "KOMP. INDAH BLOK A11", RuleCustom},
		{Address, "PERUM ASRI NO.I5", "PERUM ASRI NO.15", 70, "PERUM ASRI NO.15", RuleCustom},
		{Address, "PERUM ASRI BLOK 014/14", "PERUM ASRI BLOK D14/14", 70, "PERUM ASRI BLOK D14/14", RuleCustom},
		{Address, "PERUM ASRI BLOK O14/14", "PERUM ASRI BLOK 014/14", 70, "PERUM ASRI BLOK O14/14", ""},
		{Address, "BLOK 84 NO.44", "BLOK B4 NO.44", 70, "BLOK B4 NO.44", RuleCustom},
		{Name, "ARDANA PARWATA, SP.PD.", "ARDANA PARWATA, SP.PD.", 70, "ARDANA PARWATA, SP.PD.", ""},
		{Address, "JL. MAWAR NO. 49B", "JL. MAWAR NO. 498", 70, "JL. MAWAR NO. 49B", ""},
		{Address, "GG. PELITA III NO.2", "GG. PELITA 111 NO.2", 70, "GG. PELITA III NO.2", ""},
		{Address, "BLOK II NO.2", "BLOK 11 NO.2", 70, "BLOK II NO.2", ""},
		{Name, "YUSNI SIREGAR. S.KOM.", "YUSNI SIREGAR, S.KOM.", 70, "YUSNI SIREGAR, S.KOM.", RuleCustom},
		{Name, "CINDY LIM, S.H.. M.H.", "CINDY LIM, S.H., M.H.", 70, "CINDY LIM, S.H., M.H.", RuleCustom},
		{Name, "MUH. SALIM", "MUH, SALIM", 70, "MUH. SALIM", ""},
		{Name, "SITI AMINAH", "SITI, AMINA", 70, "SITI AMINAH", ""},
	} {
		part, as, forms := partAddress, asAddress, addressForms
		if c.field == Name {
			part, as, forms = partName, asName, nameForms
		}
		v := pageOf(part, readAs(t, c.read, c.doubt, c.percent)).freeText(c.field, part, as, forms)
		if v.Value == nil || *v.Value != c.want || v.Rule != c.rule {
			t.Errorf("%s at %d %%: %v by %q, want %s by %q", c.read, c.percent, deref(v.Value), v.Rule, c.want, c.rule)
		}
		if c.rule != "" && (len(v.Alternatives) == 0 || v.Alternatives[0].Text != c.read) {
			t.Errorf("%s: the reading is not among the alternatives %v", c.read, v.Alternatives)
		}
	}
}

func deref(s *string) string {
	if s == nil {
		return "nothing"
	}
	return *s
}

func TestForms(t *testing.T) {
	for _, c := range []struct {
		forms      func(string) []string
		read, want string // one of the forms; "" for none at all
	}{
		{nameForms, "ARDANA PARWATA SP.PD.", "ARDANA PARWATA, SP.PD."},
		{nameForms, "DUDUNG ASEP., M.SI.", "DUDUNG ASEP, M.SI."},
		{nameForms, "HALIMAH MAR' ATUS", "HALIMAH MAR'ATUS"},
		{nameForms, "INYOMAN SARI", "I NYOMAN SARI"},
		{nameForms, "INDAH SARI", ""},
		{nameForms, "R.A KARTINI", "R.A. KARTINI"},
		{addressForms, "JL R.A KARTINI NO. 162", "JL R.A. KARTINI NO. 162"},
		{placeForms, "U PANDANG", "U. PANDANG"},
		{placeForms, "TJ BALAI", "TJ. BALAI"},
		{placeForms, "U. PANDANG", ""},
		{placeForms, "BANDA ACEH", ""},
		{addressForms, "KAMPUNGBARU", "KAMPUNG BARU"},
		{addressForms, "JL. MELATI NO. 5", ""},
	} {
		got := c.forms(c.read)
		if c.want == "" && len(got) > 0 || c.want != "" && !slices.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.read, got, c.want)
		}
	}
}

// A comma at the end of a line stays where the value goes on in the next.
func TestWrappedValueKeepsItsComma(t *testing.T) {
	for _, c := range []struct{ first, second, want string }{
		{"ARDANA PARWATA,", "S.PD.", "ARDANA PARWATA, S.PD."},
		{"ARDANA", "PARWATA,", "ARDANA PARWATA"},
		{"ARDANA,", "-", "ARDANA"}, // nothing follows after all
	} {
		p := pageOf(partName, readAs(t, c.first, c.first, 100))
		p.lines = append(p.lines, pageOf(partName, readAs(t, c.second, c.second, 100)).lines...)
		if v := p.freeText(Name, partName, asName, nameForms); v.Value == nil || *v.Value != c.want {
			t.Errorf("%s, then %s: %s, want %s", c.first, c.second, deref(v.Value), c.want)
		}
	}
}
