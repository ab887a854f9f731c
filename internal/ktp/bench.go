package ktp

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"anycheck/internal/fault"
)

// ScoredFields are the thirteen values that accuracy figures are about.
var ScoredFields = []Field{NIK, Name, BirthPlace, BirthDate, Gender, Address, RTRW, Village, District,
	Religion, MaritalStatus, Occupation, Nationality}

// TruthCard is one picture of a bench folder and what it says.
type TruthCard struct {
	File     string           `json:"file"`
	Level    int              `json:"level"`
	Corners  [4][2]float64    `json:"corners"`
	Expected map[Field]string `json:"expected"`
}

// maxTruth bounds a truth file, in bytes.
const maxTruth = 64 << 20

// ParseTruth reads the truth.json of a bench folder.
func ParseTruth(r io.Reader) ([]TruthCard, error) {
	var truth struct {
		Cards []TruthCard `json:"cards"`
	}
	if err := json.NewDecoder(io.LimitReader(r, maxTruth)).Decode(&truth); err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "The truth file is not valid JSON of the expected form.")
	}
	for i, c := range truth.Cards {
		if c.File == "" || len(c.Expected) == 0 {
			return nil, fault.New(fault.Invalid, "Card %d of the truth file lacks its file or expected values.", i+1)
		}
	}
	return truth.Cards, nil
}

// Score is how many of a number of values were read exactly.
type Score struct {
	Exact int `json:"exact"`
	Of    int `json:"of"`
}

// Share is Exact/Of, 0..1; 0 of nothing.
func (s Score) Share() float64 {
	if s.Of == 0 {
		return 0
	}
	return float64(s.Exact) / float64(s.Of)
}

func (s *Score) count(exact bool) {
	s.Of++
	if exact {
		s.Exact++
	}
}

// Wrong is a value that differs from the truth.
type Wrong struct {
	File       string  `json:"file"`
	Level      int     `json:"level"`
	Field      Field   `json:"field"`
	Expected   string  `json:"expected"`
	Got        *string `json:"got"`
	Confidence float64 `json:"confidence"`
}

// LevelReport sums up the cards of one level.
type LevelReport struct {
	Level int   `json:"level"`
	Cards int   `json:"cards"`
	Found int   `json:"found"`
	NIK   Score `json:"nik"`
	// Scored is over the thirteen ScoredFields, All over every field that the
	// truth names.
	Scored Score           `json:"scored_fields"`
	All    Score           `json:"all_fields"`
	Fields map[Field]Score `json:"fields"`
}

// Report is the outcome of a bench run. Wrong quotes values: benches run on
// invented people only.
type Report struct {
	Levels []LevelReport `json:"levels"`
	Total  LevelReport   `json:"total"` // Level is -1
	Wrong  []Wrong       `json:"wrong"`
	// Given holds every value that was read, right or wrong.
	Given []Given `json:"given"`
}

// Bench gathers readings; the zero value is ready.
type Bench struct {
	levels map[int]*LevelReport
	wrong  []Wrong
	given  []Given
}

// Add compares a reading with the truth, field by field, exactly.
func (b *Bench) Add(card TruthCard, r *Reading) {
	if b.levels == nil {
		b.levels = map[int]*LevelReport{}
	}
	level := b.levels[card.Level]
	if level == nil {
		level = &LevelReport{Level: card.Level, Fields: map[Field]Score{}}
		b.levels[card.Level] = level
	}
	level.Cards++
	if r.Found {
		level.Found++
	}
	for _, f := range Fields {
		want, ok := card.Expected[f]
		if !ok {
			continue
		}
		v := r.Value(f)
		exact := v.Value != nil && *v.Value == want
		s := level.Fields[f]
		s.count(exact)
		level.Fields[f] = s
		level.All.count(exact)
		if slices.Contains(ScoredFields, f) {
			level.Scored.count(exact)
		}
		if f == NIK {
			level.NIK.count(exact)
		}
		if v.Value != nil {
			b.given = append(b.given, Given{File: card.File, Level: card.Level, Field: f, Confidence: v.Confidence, Right: exact, inputs: v.inputs})
		}
		if !exact {
			b.wrong = append(b.wrong, Wrong{File: card.File, Level: card.Level, Field: f, Expected: want, Got: v.Value, Confidence: v.Confidence})
		}
	}
}

// Report sums up what was added.
func (b *Bench) Report() Report {
	out := Report{Total: LevelReport{Level: -1, Fields: map[Field]Score{}}, Wrong: slices.Clone(b.wrong), Given: slices.Clone(b.given)}
	sum := func(to *Score, s Score) { to.Exact, to.Of = to.Exact+s.Exact, to.Of+s.Of }
	for _, n := range slices.Sorted(maps.Keys(b.levels)) {
		l := b.levels[n]
		out.Levels = append(out.Levels, *l)
		out.Total.Cards += l.Cards
		out.Total.Found += l.Found
		sum(&out.Total.NIK, l.NIK)
		sum(&out.Total.Scored, l.Scored)
		sum(&out.Total.All, l.All)
		for f, s := range l.Fields {
			t := out.Total.Fields[f]
			sum(&t, s)
			out.Total.Fields[f] = t
		}
	}
	return out
}

// WriteText prints the report as a table for people.
func (r Report) WriteText(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "level  cards  found  13 fields (95 %%)        all fields  NIK\n"); err != nil {
		return err
	}
	for _, l := range append(slices.Clone(r.Levels), r.Total) {
		name := fmt.Sprintf("L%d", l.Level)
		if l.Level < 0 {
			name = "all"
		}
		low, high := l.Scored.Wilson()
		if _, err := fmt.Fprintf(w, "%-5s %6d %6d %5.1f%% (%5.1f - %5.1f) %10.1f%%  %d/%d\n", name, l.Cards, l.Found,
			100*l.Scored.Share(), 100*low, 100*high, 100*l.All.Share(), l.NIK.Exact, l.NIK.Of); err != nil {
			return err
		}
	}
	return r.writeReliability(w)
}
