package screening

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func person(id, name string, birth string, aliases ...Name) Entity {
	e := Entity{ID: id, Schema: Person, Names: append([]Name{{name, Primary}}, aliases...), Gender: Male,
		Topics: []string{"role.pep"}, Datasets: []string{"test"}}
	if birth != "" {
		d, err := ParseDate(birth)
		if err != nil {
			panic(err)
		}
		e.BirthDates = []PartialDate{d}
	}
	return e
}

// testIndex is a list of invented persons.
func testIndex() *Index {
	ship := person("V1", "Suklentang Jaya", "")
	ship.Schema = Vessel
	placed := person("P4", "Karmolino Abustani", "1970-05-06", Name{"Si Botak", Weak})
	placed.Places = []string{"Wonopringgo, Central Java, Indonesia"}
	return Build([]List{{Name: "test", Version: "1", Checksum: "abc", Entities: []Entity{
		person("P1", "Muhammad Wirandaka Suklentang", "1965-03-12"),
		person("P2", "Djoko Tjahjomerto", "1970-11-20"),
		person("P3", "Zefrilontah", "1959-07-01"),
		placed,
		person("P5", "Siti Melintari Gosanda", ""),
		person("P6", "Abdul Hamid Prakolesta", "1980"),
		person("P7", "I Made Sukrapatera", "1961-02-03"),
		person("P8", "Ahmad Hasan", ""),
		person("P9", "Hasan", "1960-01-02"),
		ship,
	}}})
}

func date(s string) PartialDate {
	d, err := ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func TestSearchFindsSpellings(t *testing.T) {
	x := testIndex()
	for _, c := range []struct{ name, id, why string }{
		{"MUHAMMAD WIRANDAKA SUKLENTANG", "P1", "as listed"},
		{"Suklentang, Muhammad Wirandaka", "P1", "word order"},
		{"Moh. Wirandaka Suklentang", "P1", "abbreviation"},
		{"M. Wirandaka Suklentang", "P1", "initial"},
		{"Wirandaka Suklentang", "P1", "symbol left out"},
		{"Dr. H. Mochammad Wirandaka Suklentang, S.E., M.M.", "P1", "titles"},
		{"HM WIRANDAKA SUKLENTANG SH MH", "P1", "titles without stops"},
		{"Muhammad Wirandaka Soeklentang bin Ahmad", "P1", "parent and old spelling"},
		{"Muhammadwirandaka Suklentang", "P1", "grown together"},
		{"Muhammad Wiran daka Suklentang", "P1", "split"},
		{"MUHAMMAD W1RANDAKA SUKLENTANG", "P1", "digit for letter"},
		{"MUHAMNAD WIRANDAKA SUKLEMTANG", "P1", "misread letters"},
		{"Muhammad Wirnadaka Suklentang", "P1", "typo"},
		{"Joko Cahyomerto", "P2", "new spelling"},
		{"St. Melintari Gosanda", "P5", "Siti"},
		{"Abdulhamid Prakolesta", "P6", "abdul grown together"},
		{"Abd. Hamid Prakolesta", "P6", "abdul shortened"},
		{"I Md Sukrapatera", "P7", "Balinese abbreviation"},
		{"Made Sukrapatera", "P7", "marker left out"},
	} {
		hits := x.Search(context.Background(), Query{Name: c.name}, 3)
		if len(hits) == 0 || hits[0].EntityID != c.id || hits[0].Score < 0.3 {
			t.Errorf("%s (%s): %+v", c.name, c.why, hits)
		}
	}
}

// best is the score of an entity for a query, and whether it alerts.
func best(t *testing.T, x *Index, q Query, id string) (float64, bool) {
	t.Helper()
	for _, h := range x.Search(context.Background(), q, 10) {
		if h.EntityID == id {
			return h.Score, h.Alert
		}
	}
	return 0, false
}

func TestFactsMoveTheScore(t *testing.T) {
	x := testIndex()
	name := "Wirandaka Suklentang"
	alone, _ := best(t, x, Query{Name: name}, "P1")
	same, alert := best(t, x, Query{Name: name, BirthDate: date("1965-03-12")}, "P1")
	if same <= alone || !alert {
		t.Errorf("an agreeing date: %v, alone %v, alert %v", same, alone, alert)
	}
	slip, alert := best(t, x, Query{Name: name, BirthDate: date("1965-03-13")}, "P1")
	if slip >= same || slip <= alone || !alert {
		t.Errorf("a date off by one part: %v between %v and %v, alert %v", slip, alone, same, alert)
	}
	other, alert := best(t, x, Query{Name: "Muhammad Wirandaka Suklentang", BirthDate: date("1981-09-30"), Gender: Male}, "P1")
	if other > 0.05 || alert {
		t.Errorf("a homonym: %v, alert %v", other, alert)
	}
	man, _ := best(t, x, Query{Name: name, Gender: Male}, "P1")
	woman, _ := best(t, x, Query{Name: name, Gender: Female}, "P1")
	if man <= alone || woman >= alone {
		t.Errorf("gender: same %v, none %v, other %v", man, alone, woman)
	}
	bare, _ := best(t, x, Query{Name: "Karmolino Abustani"}, "P4")
	there, _ := best(t, x, Query{Name: "Karmolino Abustani", Place: "Wonopringgo"}, "P4")
	elsewhere, _ := best(t, x, Query{Name: "Karmolino Abustani", Place: "Surabaya"}, "P4")
	if there <= bare || elsewhere != bare {
		t.Errorf("place: same %v, none %v, another %v", there, bare, elsewhere)
	}
}

func TestRules(t *testing.T) {
	x := testIndex()
	for _, c := range []struct {
		name, why string
		q         Query
		id        string
		alert     bool
	}{
		{"one common part", "needs a date", Query{Name: "Hasan"}, "P9", false},
		{"one common part, date", "has it", Query{Name: "Hasan", BirthDate: date("1960-01-02")}, "P9", true},
		{"one part of several", "needs a date", Query{Name: "Suklentang"}, "P1", false},
		{"weak alias", "needs a second fact", Query{Name: "Si Botak"}, "P4", false},
		{"weak alias, date and place", "has two", Query{Name: "Si Botak", BirthDate: date("1970-05-06"), Place: "Wonopringgo"}, "P4", true},
	} {
		score, alert := best(t, x, c.q, c.id)
		if score == 0 || alert != c.alert {
			t.Errorf("%s (%s): score %v, alert %v", c.name, c.why, score, alert)
		}
	}
	// Another surname is another person, however rare the first name.
	if s, alert := best(t, x, Query{Name: "Wirandaka Prakolesta"}, "P1"); s > 0.1 || alert {
		t.Errorf("another surname: %v, %v", s, alert)
	}
}

func TestSearchSchemasLimitAndOrder(t *testing.T) {
	x := testIndex()
	ids := func(hits []Hit) (out []string) {
		for _, h := range hits {
			out = append(out, h.EntityID)
		}
		return out
	}
	if got := ids(x.Search(context.Background(), Query{Name: "Suklentang Jaya"}, 10)); slices.Contains(got, "V1") {
		t.Errorf("a vessel among persons: %v", got)
	}
	if got := ids(x.Search(context.Background(), Query{Name: "Suklentang Jaya", AllSchemas: true}, 10)); len(got) == 0 || got[0] != "V1" {
		t.Errorf("the vessel is not first: %v", got)
	}
	if got := x.Search(context.Background(), Query{Name: "Hasan"}, 1); len(got) != 1 {
		t.Errorf("limit 1 gave %d", len(got))
	}
	for _, name := range []string{"", "...", "Dr.", "Qwxyzzv Bbbrkk"} {
		for _, h := range x.Search(context.Background(), Query{Name: name}, 10) {
			if h.Alert {
				t.Errorf("%q alerts on %s", name, h.EntityID)
			}
		}
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if got := x.Search(ended, Query{Name: "Hasan"}, 1); got != nil {
		t.Errorf("a cancelled search gave %v", got)
	}
}

func TestSameIDInTwoListsIsOneHit(t *testing.T) {
	a, b := person("X", "Wirandaka Suklentang", ""), person("X", "Wirandaka Suklentang", "")
	b.Datasets, b.Topics = []string{"other"}, []string{"sanction"}
	x := Build([]List{{Entities: []Entity{a}}, {Entities: []Entity{b}}})
	hits := x.Search(context.Background(), Query{Name: "Wirandaka Suklentang"}, 10)
	if len(hits) != 1 || !slices.Equal(hits[0].Datasets, []string{"test", "other"}) || !slices.Equal(hits[0].Topics, []string{"role.pep", "sanction"}) {
		t.Errorf("%+v", hits)
	}
}

func TestHitExplainsItself(t *testing.T) {
	x := testIndex()
	q := Query{Name: "Moh. Wirandaka Soeklentang Baru", BirthDate: date("1965-03-12"), Gender: Male}
	h := x.Search(context.Background(), q, 1)[0]
	if !slices.Equal(h.MatchedOn, []string{"name", "birth_date", "gender"}) {
		t.Errorf("matched on %v", h.MatchedOn)
	}
	seen := map[string]string{}
	for _, e := range h.Explanation {
		seen[e.Fact+" "+e.Query+" "+e.Listed] = e.How
		if strings.HasPrefix(e.How, "only") && e.Points >= 0 {
			t.Errorf("what is missing adds %v", e.Points)
		}
	}
	for key, how := range map[string]string{
		"name wirandaka wirandaka":         "same",
		"name moh muhammad":                "another spelling",
		"name soeklentang suklentang":      "another spelling",
		"name baru ":                       "only in the query",
		"birth_date 1965-03-12 1965-03-12": "same day",
		"gender male male":                 "same",
	} {
		if seen[key] != how {
			t.Errorf("%s: %q, want %q (all: %v)", key, seen[key], how, seen)
		}
	}
	raw, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"entity_id", "name", "score", "topics", "datasets", "matched_on", "url", "alert", "explanation"} {
		if !strings.Contains(string(raw), `"`+key+`":`) {
			t.Errorf("no %s in %s", key, raw)
		}
	}
}

func TestSearchIsDeterministic(t *testing.T) {
	x := Build([]List{{Entities: madeUp(2000)}})
	q := Query{Name: x.text(x.names[7].text)}
	first := x.Search(context.Background(), q, 10)
	for range 20 {
		if again := x.Search(context.Background(), q, 10); !reflect.DeepEqual(again, first) {
			t.Fatalf("another answer:\n%v\n%v", first, again)
		}
	}
	for i := 1; i < len(first); i++ {
		a, b := first[i-1], first[i]
		if a.Score < b.Score {
			t.Errorf("not sorted: %v before %v", a.Score, b.Score)
		}
	}
}

func TestIndexTellsItsLists(t *testing.T) {
	x := testIndex()
	if l := x.Lists(); len(l) != 1 || l[0].Name != "test" || l[0].Checksum != "abc" || l[0].Entities != nil || x.Len() != 10 {
		t.Errorf("%+v, %d entities", l, x.Len())
	}
	if hits := Build(nil).Search(context.Background(), Query{Name: "Hasan"}, 10); len(hits) != 0 {
		t.Errorf("an empty index gave %v", hits)
	}
}

// madeUp draws n persons with names of made-up syllables.
func madeUp(n int) []Entity {
	rng := rand.New(rand.NewPCG(1, 2))
	syllables := strings.Fields("wi ran da ka suk len tang mel in ta ri gos pra ko les kar mo li no bus ta ni zef ril on tah sut bam dar yan")
	common := strings.Fields("Muhammad Ahmad Abdul Siti Nur Sri Hasan Ali Agus Budi")
	out := make([]Entity, n)
	for i := range out {
		var parts []string
		if rng.IntN(3) == 0 {
			parts = append(parts, common[rng.IntN(len(common))])
		}
		for range 1 + rng.IntN(3) {
			var b strings.Builder
			for range 2 + rng.IntN(3) {
				b.WriteString(syllables[rng.IntN(len(syllables))])
			}
			parts = append(parts, b.String())
		}
		out[i] = person(fmt.Sprintf("M%d", i), strings.Join(parts, " "), fmt.Sprintf("%d-%02d-%02d", 1940+rng.IntN(60), 1+rng.IntN(12), 1+rng.IntN(28)))
	}
	return out
}

func FuzzSearch(f *testing.F) {
	x := testIndex()
	for _, s := range []string{"Muhammad Wirandaka", "S.H., M.M.", "abdul abdul abdul abdul abdul abdul abdul abdul", "bin bin bin", "1 0 5 8", "麗玲", "عبد الرحمن (Suklentang, S.H.)", "X, Y, Z,,(", "\xff\x00", "M. H. A. B.", strings.Repeat("abdurrahman", 30)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		for _, h := range x.Search(context.Background(), Query{Name: name, Place: name, AllSchemas: true}, 5) {
			if h.Score < 0 || h.Score > 1 {
				t.Errorf("score %v", h.Score)
			}
		}
		// Any name can be listed.
		Build([]List{{Entities: []Entity{person("F", name, "")}}}).Search(context.Background(), Query{Name: name}, 1)
	})
}

func BenchmarkSearch(b *testing.B) {
	entities := madeUp(9000)
	x := Build([]List{{Entities: entities}})
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		e := &entities[i*7919%len(entities)]
		x.Search(context.Background(), Query{Name: e.Names[0].Text, BirthDate: e.BirthDates[0], Gender: Male}, 10)
		i++
	}
}

func BenchmarkBuild(b *testing.B) {
	lists := []List{{Entities: madeUp(9000)}}
	b.ReportAllocs()
	for b.Loop() {
		Build(lists)
	}
}

func TestSearchable(t *testing.T) {
	for _, name := range []string{"", "...", "123456", "A", "A. B.", "H.", "Drs. H.", "Prof. Dr.", "12 A", "bin al",
		"राम कुमार", "आदित्य", "ᮞᮥᮔ᮪ᮓ", "ꦱꦸꦏꦂꦤ", "สมชาย"} {
		if Searchable(name) {
			t.Errorf("%q is searchable", name)
		}
	}
	for _, name := range []string{"H. Budi", "Ng", "Li", "Muhammad", "Raden", "Imam", "Aʻa", "Øystein", "राम Kumar", "Иван", "Ιωάννης", "محمد", "王小明", "たなか"} {
		if !Searchable(name) {
			t.Errorf("%q is not searchable", name)
		}
	}
}
