package ktp

import (
	"strings"
	"testing"
)

func TestBench(t *testing.T) {
	cards, err := ParseTruth(strings.NewReader(`{"cards":[
		{"file":"a.jpg","level":0,"expected":{"nik":"1","name":"A","blood_type":"-"}},
		{"file":"b.jpg","level":3,"expected":{"nik":"2","name":"B","blood_type":"O"}}]}`))
	if err != nil || len(cards) != 2 {
		t.Fatalf("%d cards, %v", len(cards), err)
	}
	value := func(f Field, text string) Value {
		v := Value{Field: f}
		v.set(text, 0.9)
		return v
	}
	var b Bench
	b.Add(cards[0], &Reading{Found: true, Values: []Value{value(NIK, "1"), value(Name, "A"), value(BloodType, "-")}})
	b.Add(cards[1], &Reading{Values: []Value{value(NIK, "3"), {Field: Name}}})
	r := b.Report()
	if len(r.Levels) != 2 || r.Levels[0].Level != 0 || r.Levels[1].Level != 3 {
		t.Fatalf("levels %+v", r.Levels)
	}
	if l := r.Levels[0]; l.Scored != (Score{2, 2}) || l.All != (Score{3, 3}) || l.NIK != (Score{1, 1}) || l.Found != 1 {
		t.Errorf("level 0: %+v", l)
	}
	if l := r.Levels[1]; l.Scored != (Score{0, 2}) || l.All != (Score{0, 3}) || l.Found != 0 {
		t.Errorf("level 3: %+v", l)
	}
	if r.Total.Scored.Share() != 0.5 || r.Total.Cards != 2 || r.Total.Fields[NIK] != (Score{1, 2}) {
		t.Errorf("total: %+v", r.Total)
	}
	if len(r.Wrong) != 3 || r.Wrong[0].Field != NIK || *r.Wrong[0].Got != "3" || r.Wrong[1].Got != nil {
		t.Errorf("wrong: %+v", r.Wrong)
	}
	var text strings.Builder
	if err := r.WriteText(&text); err != nil || !strings.Contains(text.String(), "L3") || !strings.Contains(text.String(), "50.0%") {
		t.Errorf("table %q, %v", text.String(), err)
	}
	for _, bad := range []string{"", "[]", `{"cards":[{"level":1}]}`} {
		if _, err := ParseTruth(strings.NewReader(bad)); err == nil {
			t.Errorf("%q is taken for a truth file", bad)
		}
	}
}
