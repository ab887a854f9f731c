package screening

import (
	"context"
	"strings"
	"testing"
)

// listed makes an index of one list.
func listed(name string, entities ...Entity) *Index {
	for i := range entities {
		entities[i].Schema, entities[i].Datasets = Person, []string{name}
	}
	return Build([]List{{Name: name, Entities: entities}})
}

func named(id, name, born string, g Gender) Entity {
	e := Entity{ID: id, Names: []Name{{Text: name, Kind: Primary}}, Gender: g}
	if born != "" {
		d, err := ParseDate(born)
		if err != nil {
			panic(err)
		}
		e.BirthDates = []PartialDate{d}
	}
	return e
}

func TestDatelessTwinTakesTheDateOfItsList(t *testing.T) {
	asked := Query{Name: "Wirandaka Suklentang", BirthDate: PartialDate{Year: 1991, Month: 5, Day: 4}}
	alone := listed("offices", named("A", "H. WIRANDAKA SUKLENTANG, SH", "", ""))
	if hits := alone.Search(context.Background(), asked, 5); len(hits) != 1 || hits[0].Score < 0.3 {
		t.Fatalf("without a date anywhere: %+v", hits)
	}
	both := listed("offices", named("A", "H. WIRANDAKA SUKLENTANG, SH", "", ""), named("B", "Wirandaka Suklentang", "1954-04-01", ""))
	for _, h := range both.Search(context.Background(), asked, 5) {
		if h.Score > 0.05 {
			t.Errorf("%s born on another day scores %v", h.EntityID, h.Score)
		}
		if h.EntityID == "A" && !strings.Contains(h.Explanation[len(h.Explanation)-1].How, "from entry B") {
			t.Errorf("the reason does not name the other entry: %+v", h.Explanation)
		}
	}
	// The entry without a date may have more last names, or Muhammad.
	for _, name := range []string{"WIRANDAKA SUKLENTANG GOSANDA", "Muh. Wirandaka Suklentang", "M. WIRANDAKA SUKLENTANG"} {
		more := listed("offices", named("A", name, "", ""), named("B", "Wirandaka Suklentang", "1954-04-01", ""))
		if hits := more.Search(context.Background(), asked, 1); hits[0].Score > 0.05 {
			t.Errorf("%s: %+v", name, hits)
		}
	}
	other := listed("offices", named("A", "Melintari Wirandaka Suklentang", "", ""), named("B", "Wirandaka Suklentang", "1954-04-01", ""))
	if len(other.twins) != 0 {
		t.Error("another first name was taken for the same person")
	}
	// Its own date is what an entry is held to, and namesakes of other sex are two persons.
	asked.BirthDate = PartialDate{Year: 1954, Month: 4, Day: 1}
	if hits := both.Search(context.Background(), asked, 5); len(hits) != 2 || hits[0].EntityID != "B" || hits[0].Score < 0.95 {
		t.Errorf("born that day: %+v", hits)
	}
	sexes := listed("offices", named("A", "Wirandaka Suklentang", "", Female), named("B", "Wirandaka Suklentang", "1954-04-01", Male))
	if len(sexes.twins) != 0 {
		t.Error("a woman and a man were taken for one person")
	}
}

func TestTwinsNeedATellingName(t *testing.T) {
	var crowd []Entity
	for _, given := range []string{"Agus", "Budi", "Dwi", "Eko", "Tri"} {
		for range 40 {
			crowd = append(crowd, named("C"+given, given+" Santoso", "1960-01-02", ""))
		}
	}
	x := listed("offices", append(crowd, named("A", "Agus Santoso", "", ""))...)
	if len(x.twins[uint32(len(crowd))]) != 0 {
		t.Error("a common name was enough")
	}
}

func TestTwinsOfTwoListsShareTheirDay(t *testing.T) {
	one, other := named("ofac", "SUKLENTANG Wirandaka", "1954-04-01", Male), named("UN-1", "Wirandaka Suklentang", "1954-04-01", "")
	one.Datasets, other.Datasets = []string{"ofac_sdn"}, []string{"un_sc"}
	x := Build([]List{{Name: "ofac_sdn", Entities: []Entity{one}}, {Name: "un_sc", Entities: []Entity{other}}})
	q := Query{Name: "Wirandaka Suklentang", BirthDate: one.BirthDates[0], Gender: Male}
	hits := x.Search(context.Background(), q, 5)
	if len(hits) != 2 || hits[0].EntityID != "UN-1" || hits[0].Score < hits[1].Score {
		t.Fatalf("%+v", hits)
	}
	if e := hits[0].Explanation[len(hits[0].Explanation)-1]; e.Fact != "gender" || e.Listed != "male" {
		t.Errorf("the twin's gender is missing: %+v", e)
	}
}

func TestBuilderKeepsNothingOfTheEntity(t *testing.T) {
	b := NewBuilder()
	b.List(List{Name: "offices", Version: "1", Entities: []Entity{{}}})
	e := named("A", "Wirandaka Suklentang", "1954-04-01", Male)
	e.Topics, e.Places, e.URL = []string{"role.pep"}, []string{"Gosanda"}, "https://example.org/a"
	if err := b.Add(&e, 0); err != nil {
		t.Fatal(err)
	}
	e.Topics[0], e.Places[0], e.Names[0].Text, e.BirthDates[0].Year = "x", "x", "x", 1
	x := b.Index()
	if l := x.Lists(); len(l) != 1 || l[0].Entities != nil {
		t.Errorf("%+v", l)
	}
	hits := x.Search(context.Background(), Query{Name: "Wirandaka Suklentang", BirthDate: PartialDate{Year: 1954, Month: 4, Day: 1}, Place: "Gosanda"}, 1)
	if len(hits) != 1 || hits[0].Name != "Wirandaka Suklentang" || hits[0].Topics[0] != "role.pep" || hits[0].URL != "https://example.org/a" || len(hits[0].MatchedOn) != 3 {
		t.Errorf("%+v", hits)
	}
}

func TestOtherScripts(t *testing.T) {
	for _, c := range []struct{ one, other string }{
		{"Вирандака Суклентанг", "Virandaka Suklentang"},
		{"Ουιρανδακα Σουκλεντανγκ", "Ouirandaka Souklentangk"},
		{"ვირანდაკა სუკლენტანგი", "Virandaka Suklentangi"},
	} {
		if s := Compare(context.Background(), c.one, c.other); s < AlertScore {
			t.Errorf("%s, %s: %v", c.one, c.other, s)
		}
	}
}

func TestMeasurePairs(t *testing.T) {
	pairs, err := ReadPairs(strings.NewReader("case_group,schema,name1,name2,is_match,notes\na,Person,x,y,true,\na,Person,x,z,false,\nb,Company,x,x,true,\nb,Person,u,v,false,\n"))
	if err != nil {
		t.Fatal(err)
	}
	got := MeasurePairs(pairs, []float64{0.9, 0.4, 0.3, 0.1})
	if len(got) != 3 || got[0].Group != "all" || got[0].F1 != 0.8 || got[0].Threshold != 0.3 || got[1].F1 != 1 || got[2].Recall1.Value != 1 {
		t.Errorf("%+v", got)
	}
	for _, broken := range []string{"", "a,b\n", "case_group,schema,name1,name2,is_match\na,Person,x,y,perhaps\n", "case_group,schema,name1,name2,is_match\na\n"} {
		if _, err := ReadPairs(strings.NewReader(broken)); err == nil {
			t.Errorf("%q was read", broken)
		}
	}
}

func TestHoldOutAliases(t *testing.T) {
	e := named("A", "Wirandaka Suklentang", "1954-04-01", Male)
	e.Schema, e.Names = Person, append(e.Names, Name{"Gosanda Melintari", Alias}, Name{"Wira", Weak})
	lists := []List{{Name: "offices", Entities: []Entity{e, named("B", "Nobody Else", "", "")}}}
	queries := HoldOutAliases(lists)
	if len(queries) != 1 || queries[0].Query.Name != "Gosanda Melintari" || queries[0].Expected[0] != "A" || queries[0].Query.BirthDate.Year != 1954 {
		t.Fatalf("%+v", queries)
	}
	if names := lists[0].Entities[0].Names; len(names) != 2 || names[1].Kind != Weak || len(e.Names) != 3 {
		t.Errorf("%+v of %+v", names, e.Names)
	}
}
