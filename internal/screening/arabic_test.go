package screening

import (
	"context"
	"strings"
	"testing"
)

// Every line of the table is its own example.
func TestArabicTable(t *testing.T) {
	r := defaultRules()
	err := readTable("data/arabic.csv", func(row []string) error {
		switch row[0] {
		case "word":
			if got := strings.TrimSpace(r.latinize(row[1])); got != row[2] {
				t.Errorf("%s is written %q, not %q", row[1], got, row[2])
			}
			if got := r.latinWord("ال" + arabicForms.Replace(row[1])); row[3] == "" && len(row[1]) > 2 && got != "al "+row[2] && row[2] != "allah" {
				t.Errorf("%s with the article is written %q", row[1], got)
			}
		case "letter":
			want := "b" + row[2] + "b"
			if row[1] == "و" || row[1] == "ي" {
				want = "bb" // vowels inside a word
			}
			if got := r.latinWord("ب" + row[1] + "ب"); got != want {
				t.Errorf("%s is written %q inside a word, not %q", row[1], got, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestNamesInArabicScript(t *testing.T) {
	for _, c := range []struct {
		one, other string
		same       bool
	}{
		{"محمد سكلنتنغ", "Muhammad Suklentang", true},
		{"مُحَمَّد سكلنتنغ", "Muhammad Suklentang", true}, // with vowel signs
		{"عبد الرحمن سكلنتنغ", "Abdurrahman Suklentang", true},
		{"عبدالرحمان سكلنتنغ", "Abdul Rahman Suklentang", true},
		{"أحمد بن علي الجسندي", "Ahmad bin Ali al-Gusandi", false}, // j is no g
		{"احمد علی غسندی", "Ahmad Ali Ghosandi", true},             // Persian letters
		{"محمد سكلنتنغ", "Muhammad Gosanda", false},
	} {
		if s := Compare(context.Background(), c.one, c.other); (s > 0.1) != c.same {
			t.Errorf("%s, %s: %v", c.one, c.other, s)
		}
	}
	x := testIndex()
	if hits := x.Search(context.Background(), Query{Name: "محمد ورندك سكلنتنغ"}, 3); len(hits) == 0 || hits[0].EntityID != "P1" {
		t.Errorf("%+v", hits)
	}
}
