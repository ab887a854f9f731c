package ktp

import "testing"

func TestCorrect(t *testing.T) {
	for _, tt := range []struct {
		field       Field
		text, value string
		wrong       bool
	}{
		{NIK, " 3174080107870501 ", "3174080107870501", false},
		{NIK, "3174 0801", "", true},
		{NIK, "317408010787050A", "", true},
		{NIK, "", "", true},
		{Name, "budi  santoso", "BUDI SANTOSO", false},
		{Name, "", "", true},
		{Name, "A\u0000B", "", true},
		{Name, "a name that is longer than the sixty characters of the register", "", true},
		{BirthDate, "1987-07-01", "1987-07-01", false},
		{BirthDate, "01-07-1987", "", true},
		{BirthDate, "1987-02-30", "", true},
		{IssueDate, "0001-01-01", "", true},
		{ValidUntil, "seumur hidup", "SEUMUR HIDUP", false},
		{ValidUntil, "2030-01-31", "2030-01-31", false},
		{ValidUntil, "for ever", "", true},
		{Gender, "perempuan", "PEREMPUAN", false},
		{Gender, "FEMALE", "", true},
		{BloodType, "ab", "AB", false},
		{BloodType, "C", "", true},
		{Religion, "islam", "ISLAM", false},
		{Religion, "x", "", true},
		{MaritalStatus, "kawin", "KAWIN", false},
		{MaritalStatus, "x", "", true},
		{Nationality, "wni", "WNI", false},
		{Nationality, "ID", "", true},
		{RTRW, "003/010", "003/010", false},
		{RTRW, "3/10", "", true},
		{Address, "jl. mawar no. 1", "JL. MAWAR NO. 1", false},
		{Address, "JL. MÜLLER", "", true},
		{"colour", "RED", "", true},
	} {
		value, problem := Correct(tt.field, tt.text)
		if value != tt.value || (problem != "") != tt.wrong {
			t.Errorf("%s %q: %q, %q", tt.field, tt.text, value, problem)
		}
	}
}

func TestCorrected(t *testing.T) {
	read, nik, name := "3174080107870501", "3174080107870502", "BUDI"
	r := Reading{Values: []Value{{Field: NIK, Value: &read, Confidence: 0.4, Raw: "raw"}, {Field: Gender, Value: &name}}, Districts: []string{"X"}}
	got := r.Corrected(map[Field]*string{NIK: &nik, Name: &name, Gender: nil})
	if v := got.Value(NIK); *v.Value != nik || v.Confidence != 1 || v.Raw != "raw" || v.Rule != RuleReviewer || got.Districts != nil {
		t.Errorf("corrected %+v, districts %v", v, got.Districts)
	}
	if got.Text(Name) != name || got.Value(Gender).Value != nil || got.Value(Gender).Confidence != 0 {
		t.Errorf("corrected %+v", got.Values)
	}
	if r.Text(NIK) != read || r.Districts == nil {
		t.Errorf("the reading itself was changed: %+v", r)
	}
	if same := r.Corrected(map[Field]*string{NIK: &read}); same.Districts == nil || same.Value(NIK).Confidence != 1 {
		t.Errorf("a confirmed NIK: %+v", same)
	}
}

func FuzzCorrect(f *testing.F) {
	for _, field := range Fields {
		f.Add(string(field), "3174080107870501")
		f.Add(string(field), "1987-07-01")
	}
	f.Fuzz(func(t *testing.T, field, text string) {
		value, problem := Correct(Field(field), text)
		if (value == "") == (problem == "") {
			t.Fatalf("%q, %q", value, problem)
		}
		if problem == "" {
			if again, problem := Correct(Field(field), value); again != value || problem != "" {
				t.Errorf("%q becomes %q, %q", value, again, problem)
			}
		}
	})
}
