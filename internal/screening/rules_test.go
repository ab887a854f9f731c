package screening

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestFoldingTableExamples(t *testing.T) {
	r := defaultRules()
	n := 0
	for _, rules := range r.folding {
		for _, rule := range rules {
			n++
			if a, b := r.fold(rule.example), r.fold(rule.same); a != b {
				t.Errorf("%s→%s: %s folds to %s, %s to %s", rule.from, rule.to, rule.example, a, rule.same, b)
			}
		}
	}
	if n < 30 {
		t.Errorf("read %d folding rules", n)
	}
}

func TestFold(t *testing.T) {
	r := defaultRules()
	for _, c := range []struct{ a, b string }{
		{"soeharto", "suharto"}, {"djoewarto", "juwarto"}, {"tjahjadi", "cahjadi"}, {"ddjenri", "jenri"},
		{"achmad", "ahmad"}, {"abdullah", "abdulla"}, {"muhammadd", "muhamad"}, {"hasanuddin", "hasanudin"},
		{"yulianti", "iulianti"}, {"rizqi", "rizki"}, {"noor", "nur"},
	} {
		if a, b := r.fold(c.a), r.fold(c.b); a != b {
			t.Errorf("%s folds to %s, %s to %s", c.a, a, c.b, b)
		}
	}
	for _, c := range []struct{ a, b string }{{"hasan", "husin"}, {"budi", "bagus"}, {"2010", "zoio"}} {
		if r.fold(c.a) == r.fold(c.b) {
			t.Errorf("%s and %s fold alike", c.a, c.b)
		}
	}
}

func TestCheapestConfusion(t *testing.T) {
	least := float32(math.Inf(1))
	for a, row := range defaultRules().confusion {
		for b, cost := range row {
			if a != b {
				least = min(least, cost)
			}
		}
	}
	if least != leastConfusion {
		t.Errorf("the cheapest exchange in data/confusions.csv is %v, leastConfusion is %v", least, leastConfusion)
	}
}

func TestTokenize(t *testing.T) {
	r := defaultRules()
	for _, c := range []struct {
		name string
		want []string
	}{
		{"Prof. Dr. H. Wirandaka Suklentang, S.H., M.M.", []string{"wirandaka", "suklentang"}},
		{"DRS H WIRANDAKA SUKLENTANG SH MH", []string{"wirandaka", "suklentang"}},
		{"Drs.WIRANDAKA SUKLENTANG,MH", []string{"wirandaka", "suklentang"}},
		{"Hj. Melintari Gosanda, M. Hum", []string{"melintari", "gosanda"}},
		{"Letnan Jenderal TNI (Mar) (Purn.) Dr. Wirandaka Suklentang, S.Pi., M.Si.", []string{"wirandaka", "suklentang"}},
		{"Ajun Komisaris Besar Polisi Drs. Wirandaka Suklentang", []string{"wirandaka", "suklentang"}},
		{"Let. Jend. TNI Wirandaka Suklentang (Alm.)", []string{"wirandaka", "suklentang"}},
		{"Wirandaka MD, S.H., S.U.", []string{"wirandaka", "md"}},          // as the list has it, without degrees
		{"Suklentang, Ir. Wirandaka", []string{"wirandaka", "suklentang"}}, // as it is spoken
		{"Wirandaka Suklentang, S.E, M,Si", []string{"wirandaka", "suklentang"}},
		{"Wirandaka Suklentang, S,H", []string{"wirandaka", "suklentang"}},
		{"Hj, Wirandaka Suklentang, S.E.", []string{"wirandaka", "suklentang"}},
		{"Suklentang, H.Wirandaka", []string{"wirandaka", "suklentang"}},
		{"Wirandaka Suklentang, S.Xyz", []string{"wirandaka", "suklentang"}}, // a degree that the table lacks
		{"Gosanda MA", []string{"gosanda", "ma"}},                            // a family name, too short a name to lose it
		{"Abdurrahman Suklentang", []string{"abdul", "rahman", "suklentang"}},
		{"Abdullahsuklentang", []string{"abdullah", "suklentang"}},
		{"Gosandaabdurrahman", []string{"gosanda", "abdul", "rahman"}},
		{"Suklentangputra Gosanda", []string{"suklentang", "putra", "gosanda"}},
		{"Saputra", []string{"saputra"}}, // a name of its own
		{"Abdullah", []string{"abdullah"}},
		{"‘Abd al-Suklentang", []string{"abd", "al", "suklentang"}},
		{"Suklen'tang Żółw", []string{"suklentang", "zolw"}},
		{"Letjen TNI (Purn) Wirandaka Suklentang,S.Si, M.Pd", []string{"wirandaka", "suklentang"}},
		{"Wirandaka Suklentang S.H. M.X. Psi.", []string{"wirandaka", "suklentang"}}, // an unknown degree among known ones
		{"Suklentang, Ma Wirandaka", []string{"ma", "wirandaka", "suklentang"}},
		{"Suklentang Me Wirandaka", []string{"suklentang", "me", "wirandaka"}}, // no degree without stops
		{"Wirandaka Suklentang (born in Gosanda)", []string{"wirandaka", "suklentang"}},
		{"Wirandaka Suklentang (玲 麗)", []string{"wirandaka", "suklentang"}},
		{"Wirandaka (Gosanda) Suklentang", []string{"wirandaka", "gosanda", "suklentang"}},
		{"H.", []string{"h"}}, {"", nil}, {".,;", nil},
	} {
		var got []string
		for _, tok := range r.tokenize(c.name) {
			got = append(got, tok.text)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.name, got, c.want)
		}
	}
}

// Every line of the tables is its own example: a title goes from around a name,
// a spelling of a symbol becomes the symbol, a small word costs nothing.
func TestTableLines(t *testing.T) {
	r := defaultRules()
	texts := func(name string) (out []string) {
		for _, tok := range r.tokenize(name) {
			out = append(out, tok.text)
		}
		return out
	}
	want := []string{"wirandaka", "suklentang"}
	for title, pos := range r.titles {
		if pos&titlePrefix != 0 && !r.patronymic[title] {
			if got := texts(title + " Wirandaka Suklentang"); !slices.Equal(got, want) {
				t.Errorf("prefix %s: %q", title, got)
			}
		}
		if pos&titleSuffix != 0 {
			if got := texts("Wirandaka Suklentang, " + title); !slices.Equal(got, want) {
				t.Errorf("suffix %s: %q", title, got)
			}
		}
		if pos&titleHonour != 0 && pos&titlePrefix == 0 {
			if got := r.tokenize(title + " Wirandaka Suklentang"); got[0].class == className {
				t.Errorf("honour %s: %+v", title, got[0])
			}
		}
	}
	for spelling, s := range r.symbols {
		if got := r.tokenize(spelling + " Suklentang"); r.titles[spelling] == 0 && (got[0].class != classSymbol || got[0].fold != r.fold(s.canonical)) {
			t.Errorf("%s is not %s: %+v", spelling, s.canonical, got[0])
		}
	}
	for particle := range r.particles {
		got := r.tokenize("Wirandaka " + particle + " Suklentang")
		if len(got) != 3 || got[1].class != classParticle || got[2].parent != r.patronymic[particle] {
			t.Errorf("small word %s: %+v", particle, got)
		}
	}
	if got := texts("W. SUKLENTANG LIC ECON, M.B.A., Unheard Of"); got[len(got)-1] == "of" {
		t.Errorf("what follows a degree was kept: %q", got)
	}
	if got := texts("Suklentang, Jr., Wirandaka"); !slices.Equal(got, want) {
		t.Errorf("a given name after Jr was lost: %q", got)
	}
}

func TestSpellingExamples(t *testing.T) {
	r := defaultRules()
	folds := func(name string) (out []string) {
		for _, tok := range r.tokenize(name) {
			out = append(out, tok.fold)
		}
		return out
	}
	err := readTable("data/spellings.csv", func(row []string) error {
		if a, b := folds(row[3]), folds(row[4]); !slices.Equal(a, b) {
			t.Errorf("%s is %q, %s is %q", row[3], a, row[4], b)
		}
		for _, w := range strings.Fields(row[2]) {
			if r.sound(w) != r.fold(row[1]) {
				t.Errorf("%s sounds %s, not %s", w, r.sound(w), r.fold(row[1]))
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestConfusionExamples(t *testing.T) {
	r := defaultRules()
	err := readTable("data/confusions.csv", func(row []string) error {
		cost, err := strconv.ParseFloat(row[2], 32)
		if got := r.edits(row[4], row[5], 9); got != float32(cost) {
			t.Errorf("%s for %s costs %v, not %s", row[5], row[4], got, row[2])
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestSymbolAndParticleExamples(t *testing.T) {
	r := defaultRules()
	err := readTable("data/symbols.csv", func(row []string) error {
		tokens := r.tokenize(row[3])
		symbols, names := []string{}, 0
		for _, tok := range tokens {
			switch tok.class {
			case classSymbol:
				symbols = append(symbols, tok.fold)
			case className:
				names++
			}
		}
		switch row[1] {
		case "whole":
			if len(symbols) != 0 || names != 2 {
				t.Errorf("%s: %+v", row[3], tokens)
			}
		default:
			if !slices.Equal(symbols, []string{r.fold(row[0])}) || names != 1 {
				t.Errorf("%s: %+v", row[3], tokens)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	err = readTable("data/particles.csv", func(row []string) error {
		var names []string
		for _, tok := range r.tokenize(row[2]) {
			if tok.class != classParticle {
				names = append(names, tok.text)
			}
			if tok.text == "suklentang" && tok.parent != (row[0] == "patronymic") {
				t.Errorf("%s: parent %v", row[2], tok.parent)
			}
		}
		if !slices.Equal(names, []string{"wirandaka", "suklentang"}) {
			t.Errorf("%s: %q", row[2], names)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// The example of each line of titles says how its titles are written.
func TestTitleExamples(t *testing.T) {
	r := defaultRules()
	err := readTable("data/titles.csv", func(row []string) error {
		var got []string
		for _, tok := range r.tokenize(row[2]) {
			if tok.class == className {
				got = append(got, tok.text)
			}
		}
		if !slices.Equal(got, []string{"wirandaka", "suklentang"}) {
			t.Errorf("%s: %q", row[2], got)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// Each line of frequencies is known, at least as common as it says; all but
// the small tiers say less than a rare part.
func TestFrequencyExamples(t *testing.T) {
	r := defaultRules()
	err := readTable("data/frequencies.csv", func(row []string) error {
		rate, err := strconv.ParseFloat(row[0], 64)
		for _, name := range strings.Fields(strings.ToLower(row[3])) {
			if !slices.Contains(strings.Fields(row[2]), name) || r.common[r.sound(name)] < rate/10000 {
				t.Errorf("%s is no example of %s persons of 10,000: %v", name, row[0], r.common[r.sound(name)])
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestPlaceExamples(t *testing.T) {
	r := defaultRules()
	err := readTable("data/places.csv", func(row []string) error {
		if got := r.placeOf(row[2]); got.country != row[0] {
			t.Errorf("%s is in %q, not %s", row[2], got.country, row[0])
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestTokenClasses(t *testing.T) {
	r := defaultRules()
	got := r.tokenize("Moh. W. Suklentang bin Gosanda")
	want := []struct {
		class  class
		parent bool
		fold   string
	}{{classSymbol, false, "muhamad"}, {classInitial, false, "w"}, {className, false, "suklentang"}, {classParticle, true, "bin"}, {className, true, "gosanda"}}
	if len(got) != len(want) {
		t.Fatalf("%d parts: %+v", len(got), got)
	}
	for i, w := range want {
		if got[i].class != w.class || got[i].parent != w.parent || got[i].fold != w.fold {
			t.Errorf("part %d: %+v, want %+v", i, got[i], w)
		}
	}
	// An abbreviation alone is a name, and so is one that stands for nothing.
	if got := r.tokenize("Moh"); got[0].class != className {
		t.Errorf("Moh alone is %+v", got[0])
	}
}

func TestAlike(t *testing.T) {
	r := defaultRules()
	of := func(s string) *word { w := newWord(s, r.fold(s)); return &w }
	for _, c := range []struct {
		a, b      string
		low, high float32
	}{
		{"suklentang", "suklentang", 1, 1},
		{"soeklentang", "suklentang", sameSound, sameSound},
		{"suklentang", "suklentamg", 0.94, 0.96}, // m and n look alike
		{"suklentang", "suklenatng", 0.89, 0.91}, // a transposition is one edit
		{"lakahi", "lakhai", 0.8, 0.85},          // inside a digraph that folding rewrites
		{"wirandaka", "gosanda", 0, 0},
		{"ani", "ami", 0.8, 0.9},
		{"ani", "aki", 0, 0}, // too short for a whole edit
	} {
		if got := r.alike(of(c.a), of(c.b)); got < c.low-1e-4 || got > c.high+1e-4 {
			t.Errorf("%s, %s: %v, want %v..%v", c.a, c.b, got, c.low, c.high)
		}
		if r.alike(of(c.a), of(c.b)) != r.alike(of(c.b), of(c.a)) {
			t.Errorf("%s, %s: not symmetric", c.a, c.b)
		}
	}
}
