package screening

import (
	"encoding/json"
	"testing"
)

func TestParseDate(t *testing.T) {
	for text, want := range map[string]PartialDate{
		"1965-03-12":           {Year: 1965, Month: 3, Day: 12},
		"1965-3-2":             {Year: 1965, Month: 3, Day: 2},
		"1965-03":              {Year: 1965, Month: 3},
		" 1965 ":               {Year: 1965},
		"~1965":                {Year: 1965, Circa: true},
		"1970..1965":           {Year: 1965, YearTo: 1970},
		"1965..1965":           {Year: 1965},
		"1965-01-32":           {Year: 1965, Month: 1},
		"1965-13-05":           {Year: 1965},
		"1965-03-12T00:00:00Z": {Year: 1965, Month: 3, Day: 12},
	} {
		got, err := ParseDate(text)
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "12 Mar 1965", "65", "1965-03-12-01", "1965-x", "1965-003", "0965", "3001", "1965..x"} {
		if got, err := ParseDate(text); err == nil {
			t.Errorf("%q: %+v, want an error", text, got)
		}
	}
}

func TestPartialDateJSON(t *testing.T) {
	type box struct {
		D PartialDate `json:"d"`
	}
	for _, text := range []string{"", "1965", "1965-03", "1965-03-12", "~1965", "1965..1970", "~1965..1970"} {
		var b box
		if err := json.Unmarshal([]byte(`{"d":"`+text+`"}`), &b); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if b.D.String() != text {
			t.Errorf("%q came back as %q", text, b.D)
		}
	}
}

func TestCompareDates(t *testing.T) {
	d := func(s string) PartialDate {
		p, err := ParseDate(s)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, c := range []struct {
		query, listed string
		low, high     float64
	}{
		{"1965-03-12", "1965-03-12", 8, 9},
		{"1965-01-01", "1965-01-01", 3, 5},     // a placeholder says little more than the year
		{"1965-03-12", "1965-12-03", 5, 7},     // day and month swapped
		{"1965-03-12", "1965-03-13", 4, 5},     // one part off
		{"1965-03-12", "1966-03-12", 4, 5},     // the year off by a slip
		{"1956-03-12", "1965-03-12", 4, 5},     // two digits swapped
		{"1965-03-12", "1965", 3, 4},           // the year only
		{"1965-03-12", "1965-01-01", 3, 4},     // a placeholder
		{"1965-03-12", "1960..1970", 2, 2},     // in a span
		{"1965-03-12", "~1964", 0, 1},          // near an approximate year
		{"1965-03-12", "1978-11-02", -30, -20}, // another date
		{"1965-03-12", "1971", -30, -20},
		{"1965-03-12", "1970..1975", -30, -20},
		{"1965-03-12", "1965-11-02", -1, -1}, // the same year, another day
	} {
		if got, how := compareDates(d(c.query), d(c.listed)); got < c.low || got > c.high {
			t.Errorf("%s, %s: %v (%s), want %v..%v", c.query, c.listed, got, how, c.low, c.high)
		}
	}
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"1965-03-12", "~1965..1970", "1965-13-99", "x", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDate(text)
		if err != nil {
			return
		}
		again, err := ParseDate(d.String())
		if err != nil || again != d {
			t.Errorf("%q: %+v came back as %+v, %v", text, d, again, err)
		}
		compareDates(d, d)
	})
}
