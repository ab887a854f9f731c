package screening

import (
	"context"
	"strings"
	"testing"
)

// Each way in which names of one person differ, with what the hit says of it:
// the part asked about, the listed part and how they met. The names are
// invented; a thousand others stand in the list.
func TestHowNamesMeet(t *testing.T) {
	for _, c := range []struct{ mechanism, listed, asked, one, other, how string }{
		{"one letter left out (deletion neighbourhood)", "Wirandaka Suklentang", "Wirandka Suklentang", "wirandka", "wirandaka", "similar spelling"},
		{"one letter too many", "Wirandaka Suklentang", "Wirandakka Sukleontang", "sukleontang", "suklentang", "similar spelling"},
		{"two letters swapped", "Wirandaka Suklentang", "Wiranadka Suklentang", "wiranadka", "wirandaka", "similar spelling"},
		{"consonants alone alike (phonetic key)", "Wirandaka Suklentang", "Wirandaka Sokluntong", "sokluntong", "suklentang", "similar spelling"},
		{"written as one (key without spaces)", "Wiran Daka Suklentang", "Wirandaka Suklentang", "wirandaka", "wiran daka", "written apart in the list"},
		{"written apart", "Wirandaka Suklentang", "Wiran Daka Suklentang", "wiran daka", "wirandaka", "written apart in the query"},
		{"joined across letters that fold", "Gosandah Ikhwanto", "Gosandahikhwanto", "gosandahikhwanto", "gosandah ikhwanto", "written apart in the list"},
		{"Muhammad", "Muhammad Suklentang Gosanda", "Muchamad Suklentang Gosanda", "muchamad", "muhammad", "another spelling"},
		{"Muhammad shortened", "Muhammad Suklentang Gosanda", "Moh. Suklentang Gosanda", "moh", "muhammad", "another spelling"},
		{"Ahmad shortened", "Achmad Suklentang Gosanda", "Akh. Suklentang Gosanda", "akh", "achmad", "another spelling"},
		{"Abdul grown together", "Abdul Hamid Suklentang", "Abdulhamid Suklentang", "hamid", "hamid", "same"},
		{"Abdul with an assimilated article", "Abdul Rahman Suklentang", "Abdurrahman Suklentang", "rahman", "rahman", "same"},
		{"Siti shortened", "Siti Melintari Gosanda", "St. Melintari Gosanda", "st", "siti", "another spelling"},
		{"old spelling oe", "Suklentang Gosanda", "Soeklentang Gosanda", "soeklentang", "suklentang", "another spelling"},
		{"old spelling dj, tj", "Jahcomerto Gosanda", "Djahtjomerto Gosanda", "djahtjomerto", "jahcomerto", "another spelling"},
		{"old spelling sj, nj", "Syahnyono Gosanda", "Sjahnjono Gosanda", "sjahnjono", "syahnyono", "another spelling"},
		{"old spelling j for y", "Wiryantoro Gosanda", "Wirjantoro Gosanda", "wirjantoro", "wiryantoro", "similar spelling"},
		{"Arabic with o for a", "Khalid Thahir Gosanda", "Kholid Thohir Gosanda", "kholid", "khalid", "another spelling"},
		{"Arabic transliteration", "Faysal Suklentang", "Faizal Suklentang", "faizal", "faysal", "another spelling"},
		{"article of its own or grown on", "Wirandaka al-Suklentang", "Wirandaka Alsuklentang", "alsuklentang", "al suklentang", "written apart in the list"},
		{"degrees and titles", "Wirandaka Suklentang", "Prof. Dr. Ir. H. Wirandaka Suklentang, S.T., M.Si., Ph.D.", "wirandaka", "wirandaka", "same"},
		{"the family name first", "Wirandaka Suklentang", "Suklentang, Wirandaka", "wirandaka", "wirandaka", "same"},
		{"a parent's name", "Wirandaka Suklentang", "Wirandaka Suklentang bin Gosanda", "gosanda", "", "only in the query"},
		{"a son's ending", "Wirandaka Suklentangputra", "Wirandaka Suklentang Putra", "putra", "putra", "same"},
		{"a daughter's ending left out", "Melintari Suklentangputri", "Melintari Suklentang", "", "putri", "only in the list"},
		{"Balinese birth order shortened", "I Wayan Sukrapatera", "I Wyn. Sukrapatera", "wyn", "wayan", "another spelling"},
		{"Balinese caste shortened", "I Gusti Sukrapatera", "Gst. Sukrapatera", "gst", "gusti", "another spelling"},
		{"Batak clan of a woman", "Melintari br. Suklentang", "Melintari Suklentang", "suklentang", "suklentang", "same"},
		{"Chinese name in the old spelling", "Liem Sioe Gosandang", "Lim Siu Gosandang", "lim", "liem", "another spelling"},
		{"Chinese names of one sign", "Oei Tjoe Gosandang", "Wie Tju Gosandang", "wie", "oei", "another spelling"},
		{"digits for letters", "Solibo Gosanda", "501IB0 G0SANDA", "501ib0", "solibo", "similar spelling"},
		{"rn for m", "Permatara Suklentang", "Perrnatara Suklentang", "perrnatara", "permatara", "similar spelling"},
		{"an initial", "Wirandaka Suklentang Gosanda", "W. Suklentang Gosanda", "w", "wirandaka", "initial"},
		{"a given name shortened", "Wirandaka Suklentang Gosanda", "Wir. Suklentang Gosanda", "wir", "wirandaka", "abbreviation"},
		{"B. that is no bin", "Wirandaka Bratamukti Suklentang", "Wirandaka B. Suklentang", "b", "bratamukti", "initial"},
		{"B that begins a name", "Bratamukti Suklentang Gosanda", "B Suklentang Gosanda", "b", "bratamukti", "initial"},
		{"Balinese titles as letters", "I Gusti Ngurah Sukrapatera Gosanda", "IGN Sukrapatera Gosanda", "g", "gusti", "initial"},
		{"the hamzah written k", "Ma'mun Suklentang", "Makmun Suklentang", "makmun", "mamun", "another spelling"},
		{"two names at once", "Wirandaka Suklentang", "Gosanda Melintar alias Wirandaka Suklentang", "wirandaka", "wirandaka", "same"},
		{"two names at once in the list", "Gosanda Melintar a.k.a. Wirandaka Suklentang", "Wirandaka Suklentang", "wirandaka", "wirandaka", "same"},
		{"the end of a name, by which one is called", "Juwirandaka Suklentang", "Wirandaka Suklentang", "wirandaka", "juwirandaka", "similar spelling"},
	} {
		entities := append(madeUp(1000), person("X", c.listed, "1965-03-12"))
		hits := Build([]List{{Entities: entities}}).Search(context.Background(), Query{Name: c.asked, BirthDate: date("1965-03-12")}, 1)
		if len(hits) == 0 || hits[0].EntityID != "X" || !hits[0].Alert {
			t.Errorf("%s: %q does not find %q: %+v", c.mechanism, c.asked, c.listed, hits)
			continue
		}
		said := false
		var all []string
		for _, e := range hits[0].Explanation {
			said = said || e.Fact == "name" && e.Query == c.one && e.Listed == c.other && e.How == c.how
			all = append(all, e.Query+"/"+e.Listed+"/"+e.How)
		}
		if !said {
			t.Errorf("%s: %s", c.mechanism, strings.Join(all, ", "))
		}
	}
}

// What contradicts lowers the score, more than what is missing.
func TestContradictionsOfNames(t *testing.T) {
	score := func(one, other string) float64 { return Compare(context.Background(), one, other) }
	for _, c := range []struct{ why, listed, better, worse string }{
		{"another family name", "Wirandaka Suklentang", "Wirandaka", "Wirandaka Gosanda"},
		{"the first name is missing, not the last", "Wirandaka Suklentang Gosanda", "Wirandaka Suklentang", "Suklentang Gosanda"},
		{"parts in another order, and one missing", "Wirandaka Suklentang Gosanda", "Wirandaka Suklentang", "Suklentang Wirandaka"},
		{"another parent", "Wirandaka Suklentang bin Gosanda", "Wirandaka Suklentang", "Wirandaka Suklentang bin Melintar"},
		{"child and parent change places", "Wirandaka bin Suklentang", "Wirandaka Suklentang", "Suklentang bin Wirandaka"},
		{"another birth order", "I Wayan Sukrapatera", "I Sukrapatera", "I Made Sukrapatera"},
		{"another initial", "Wirandaka S. Gosanda", "Wirandaka Gosanda", "Wirandaka K. Gosanda"},
		{"another common name", "Muhammad Suklentang Gosanda", "Suklentang Gosanda", "Aris Suklentang Gosanda"},
		{"two names that are near, both common", "Suryanto Gosanda", "Suryamto Gosanda", "Haryanto Gosanda"},
	} {
		if better, worse := score(c.better, c.listed), score(c.worse, c.listed); worse >= better {
			t.Errorf("%s: %q %v, %q %v", c.why, c.better, better, c.worse, worse)
		}
	}
}

// One word alerts without a date of birth only when it is the whole name, the
// same and rare.
func TestOneWordNames(t *testing.T) {
	x := Build([]List{{Entities: append(madeUp(3000), person("R", "Zefrilontah", "1959-07-01"), person("C", "Slamet", "1960-01-02"), person("L", "Gosanda Wirandaka", "1961-05-06"))}})
	for _, c := range []struct {
		q     Query
		id    string
		alert bool
	}{
		{Query{Name: "Zefrilontah"}, "R", true},
		{Query{Name: "H. ZEFRILONTAH, S.H."}, "R", true},
		{Query{Name: "Zefrilontih"}, "R", false},
		{Query{Name: "Slamet"}, "C", false},
		{Query{Name: "Slamet", BirthDate: date("1960-01-02")}, "C", true},
		{Query{Name: "Slamet", BirthDate: date("1971-11-12")}, "C", false},
		{Query{Name: "Gosanda"}, "L", false},
	} {
		if score, alert := best(t, x, c.q, c.id); alert != c.alert {
			t.Errorf("%s %s: alert %v at %v", c.q.Name, c.q.BirthDate, alert, score)
		}
	}
}

func TestPlacesOfTwoCountries(t *testing.T) {
	e := person("P", "Karmolino Abustani", "")
	e.Places = []string{"Kandahar, Afghanistan"}
	citizen := person("C", "Zefrilontah Suklentang", "")
	citizen.Countries = []string{"af"}
	x := Build([]List{{Entities: []Entity{e, citizen}}})
	bare, _ := best(t, x, Query{Name: "Karmolino Abustani"}, "P")
	here, _ := best(t, x, Query{Name: "Karmolino Abustani", Place: "Surabaya"}, "P")
	near, _ := best(t, x, Query{Name: "Karmolino Abustani", Place: "Kabul"}, "P")
	if here >= bare || near < bare {
		t.Errorf("born in Surabaya %v, in Kabul %v, somewhere %v", here, near, bare)
	}
	born, _ := best(t, x, Query{Name: "Zefrilontah Suklentang"}, "C")
	away, _ := best(t, x, Query{Name: "Zefrilontah Suklentang", Place: "Surabaya"}, "C")
	if away >= born {
		t.Errorf("a citizen of another country: %v, else %v", away, born)
	}
	for _, h := range x.Search(context.Background(), Query{Name: "Karmolino Abustani", Place: "Surabaya"}, 1) {
		if last := h.Explanation[len(h.Explanation)-1]; last.Fact != "birth_place" || last.How != "another country" || last.Points >= 0 || last.Listed != "Kandahar, Afghanistan" {
			t.Errorf("%+v", last)
		}
	}
}

// A part of the name and the day of birth find a person; nothing but the day
// does not.
func TestDayOfBirthFinds(t *testing.T) {
	x := Build([]List{{Entities: append(madeUp(3000), person("D", "Muhammad Karmolino Abustani", "1966-04-07"))}})
	q := Query{Name: "Muhammad Zefrilontah", BirthDate: date("1966-04-07")}
	if score, alert := best(t, x, q, "D"); score == 0 || alert {
		t.Errorf("Muhammad, born that day: %v, %v", score, alert)
	}
	q.Name = "Zefrilontah"
	if score, _ := best(t, x, q, "D"); score != 0 {
		t.Errorf("another name, born that day: %v", score)
	}
}

// Ties at the top are rare: the exact spelling comes before another.
func TestExactSpellingFirst(t *testing.T) {
	x := Build([]List{{Entities: []Entity{person("A", "Loekman Suklentang", ""), person("B", "Lukman Suklentang", ""), person("C", "Luqman Suklentang", "")}}})
	for name, id := range map[string]string{"Lukman Suklentang": "B", "LOEKMAN SUKLENTANG": "A", "Luqman Suklentang, S.E.": "C"} {
		hits := x.Search(context.Background(), Query{Name: name}, 3)
		if len(hits) != 3 || hits[0].EntityID != id || hits[0].Score <= hits[1].Score {
			t.Errorf("%s: %+v", name, hits)
		}
	}
}

// A name of one part and an initial that is written alike to the last letter
// comes before one of which the initial is the beginning.
func TestInitialWrittenAlike(t *testing.T) {
	x := Build([]List{{Entities: append(madeUp(1000), person("A", "M. Suklentang", ""), person("B", "Muhammad Suklentang", ""))}})
	if hits := x.Search(t.Context(), Query{Name: "M. SUKLENTANG, SE., M.Si."}, 2); len(hits) != 2 || hits[0].EntityID != "A" {
		t.Errorf("%+v", hits)
	}
}
