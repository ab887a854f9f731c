package screening

import (
	"context"
	"math"
	"reflect"
	"strings"
	"testing"
)

const queryHead = "qid,set,category,name,birth_date,gender,birth_place,expected,note\n"

func TestReadQueries(t *testing.T) {
	got, err := ReadQueries(strings.NewReader(queryHead + "q1,id,typo,Wirandaka,1965-3-12,male,Solo,P1; P2,x\nq2,neg_id,general,Gosanda,,,,,\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || len(got[0].Expected) != 2 || got[0].Expected[1] != "P2" || got[0].Query.BirthDate.Day != 12 || got[0].Query.Gender != Male || len(got[1].Expected) != 0 {
		t.Errorf("%+v", got)
	}
	for _, bad := range []string{"", "name\nx\n", queryHead + "q1,id\n", queryHead + "q1,id,typo,Rahasia,not-a-date,,,,\n"} {
		if _, err := ReadQueries(strings.NewReader(bad)); err == nil || strings.Contains(err.Error(), "Rahasia") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestNewRate(t *testing.T) {
	// Wilson's interval for 8 of 10, from the formula by hand.
	r := NewRate(8, 10)
	if r.Value != 0.8 || math.Abs(r.Low-0.4902) > 1e-3 || math.Abs(r.High-0.9433) > 1e-3 {
		t.Errorf("%+v", r)
	}
	if r := NewRate(0, 0); r.Low != 0 || r.High != 1 {
		t.Errorf("of nothing: %+v", r)
	}
	if r := NewRate(0, 698); r.Low != 0 || r.High < 0.005 || r.High > 0.006 {
		t.Errorf("none of 698: %+v", r)
	}
}

func TestMeasure(t *testing.T) {
	var queries []LabelledQuery
	var lines []BenchLine
	add := func(set string, expected []string, hits ...BenchHit) {
		queries = append(queries, LabelledQuery{Set: set, Category: "c", Expected: expected})
		lines = append(lines, BenchLine{Hits: hits})
	}
	// 200 negatives: two score 0.9 and 0.8, the others 0.1. One in a hundred
	// may be false: both, so the threshold is the third, 0.1.
	for i := range 200 {
		score := 0.1
		switch i {
		case 0:
			score = 0.9
		case 1:
			score = 0.8
		}
		add([]string{"neg_id", "neg_global"}[i%2], nil, BenchHit{"N", score})
	}
	add("pos", []string{"A"}, BenchHit{"A", 0.95})
	add("pos", []string{"A", "B"}, BenchHit{"C", 0.6}, BenchHit{"B", 0.5}) // found, not first
	add("pos", []string{"A"}, BenchHit{"C", 0.6})                          // not found
	add("pos", []string{"A"})
	add("neg_homonym", nil, BenchHit{"A", 0.7})
	r := Measure(queries, lines)
	if r.Threshold1 != 0.1 || r.Threshold01 != 0.9 {
		t.Errorf("thresholds %v, %v", r.Threshold1, r.Threshold01)
	}
	groups := map[string]GroupResult{}
	for _, g := range r.Groups {
		groups[g.Set+"/"+g.Category] = g
	}
	pos := groups["pos/"]
	if pos.Top1.Count != 1 || pos.Top1.Of != 4 || pos.Recall1.Count != 2 || pos.Recall01.Count != 1 {
		t.Errorf("positives %+v", pos)
	}
	if all := groups["all/"]; all.Top1.Of != 4 || all.False1.Count != 2 || all.False1.Of != 200 || all.False01.Count != 0 {
		t.Errorf("all %+v", all)
	}
	if h := groups["neg_homonym/c"]; h.False1.Count != 1 || h.False01.Count != 0 || h.Top1.Of != 0 {
		t.Errorf("homonyms %+v", h)
	}
	if r.FPR95 != 1 {
		t.Errorf("95%% recall needs %v: one positive scores nothing", r.FPR95)
	}
}

func TestRunBench(t *testing.T) {
	x := testIndex()
	queries := []LabelledQuery{
		{ID: "q1", Set: "pos", Expected: []string{"P1"}, Query: Query{Name: "Wirandaka Suklentang", BirthDate: date("1965-03-12")}},
		{ID: "q2", Set: "neg_homonym", Query: Query{Name: "Wirandaka Suklentang", BirthDate: date("1990-10-10")}},
	}
	lines, err := RunBench(context.Background(), x, queries, false)
	if err != nil || len(lines) != 2 || lines[0].QID != "q1" || lines[0].Hits[0].ID != "P1" || !lines[0].Expected || lines[1].Alert {
		t.Errorf("%+v, %v", lines, err)
	}
	names, err := RunBench(context.Background(), x, queries, true)
	if err != nil || names[0].Hits[0].Score != names[1].Hits[0].Score {
		t.Errorf("names alone: %+v, %v", names, err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := RunBench(ended, x, queries, false); err == nil {
		t.Error("a cancelled run gave no error")
	}
}

func TestVariants(t *testing.T) {
	entities := madeUp(400)
	for i := range entities {
		entities[i].Countries = []string{[]string{"Indonesia", "Atlantis"}[i%2]}
	}
	lists := []List{{Entities: entities}}
	queries := Variants(lists, 7)
	if again := Variants(lists, 7); !reflect.DeepEqual(again, queries) {
		t.Error("the same seed gave other queries")
	}
	listed := map[string]string{}
	for _, e := range entities {
		listed[e.ID] = e.Names[0].Text
	}
	sets := map[string]int{}
	for _, q := range queries {
		sets[q.Set+"/"+q.Category]++
		if positive := strings.HasPrefix(q.Set, "made_positive"); positive != (len(q.Expected) > 0) {
			t.Errorf("%s expects %v", q.ID, q.Expected)
		}
		if q.Set == "made_positive_date" && q.Query.Name != listed[q.Expected[0]] {
			t.Errorf("%s: %q", q.ID, q.Query.Name)
		}
	}
	for _, v := range variants {
		if v.category != "bali" && v.category != "new_spelling" && sets[made+v.set+"/"+v.category] < 20 {
			t.Errorf("%s/%s: %d queries", v.set, v.category, sets[made+v.set+"/"+v.category])
		}
	}
}
