package screening

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// LabelledPair are two names that are known to be of one entity or of two.
type LabelledPair struct {
	Group      string
	Schema     Schema
	One, Other string
	Same       bool
}

// pairColumns are the columns a file of labelled pairs needs; others may
// stand beside them.
var pairColumns = []string{"case_group", "schema", "name1", "name2", "is_match"}

// ReadPairs reads labelled pairs: CSV with a header that has the columns
// case_group, schema, name1, name2 and is_match (true or false). An error
// names the line, never its content.
func ReadPairs(r io.Reader) ([]LabelledPair, error) {
	in := csv.NewReader(r)
	header, err := in.Read()
	if err != nil {
		return nil, errors.New("the file has no header")
	}
	var at [5]int
	for i, c := range pairColumns {
		if at[i] = slices.Index(header, c); at[i] < 0 {
			return nil, fmt.Errorf("the header lacks the column %s", c)
		}
	}
	var out []LabelledPair
	for {
		row, err := in.Read()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: not a CSV record of %d fields", len(out)+2, len(header))
		}
		same := row[at[4]]
		if same != "true" && same != "false" {
			return nil, fmt.Errorf("line %d: is_match is neither true nor false", len(out)+2)
		}
		p := LabelledPair{Group: row[at[0]], Schema: Organization, One: row[at[2]], Other: row[at[3]], Same: same == "true"}
		if strings.EqualFold(row[at[1]], "person") {
			p.Schema = Person
		}
		out = append(out, p)
	}
}

// Compare scores two names against each other, the second as if it were
// listed: 0..1 as Hit.Score. The names alone decide; how rare their parts are
// comes from the frequency table only.
func Compare(ctx context.Context, one, other string) float64 {
	hits := BuildName(other).Search(ctx, Query{Name: one, AllSchemas: true}, 1)
	if len(hits) == 0 {
		return 0
	}
	return hits[0].Score
}

// BuildName makes an index of one name, for a comparison of two names.
func BuildName(name string) *Index {
	// As no person, so that the name itself is not counted as one who has it.
	listed := Entity{ID: "name", Schema: Organization, Names: []Name{{Text: name, Kind: Primary}}}
	return Build([]List{{Name: "name", Entities: []Entity{listed}}})
}

// PairResult are the figures of a group of labelled pairs.
type PairResult struct {
	Group     string  `json:"group"`
	Pairs     int     `json:"pairs"`
	F1        float64 `json:"best_f1"`   // at the best threshold of this group
	Threshold float64 `json:"threshold"` // of the best F1
	Precision Rate    `json:"precision"` // there
	Recall    Rate    `json:"recall"`    // there
	Recall1   Rate    `json:"recall_at_1pct_fpr"`
}

// MeasurePairs computes the figures of scored pairs, over all and for each
// group.
func MeasurePairs(pairs []LabelledPair, scores []float64) []PairResult {
	var out []PairResult
	groups := []string{""}
	for _, p := range pairs {
		if !slices.Contains(groups, p.Group) {
			groups = append(groups, p.Group)
		}
	}
	for _, g := range groups {
		type scored struct {
			score float64
			same  bool
		}
		var in []scored
		var wrong []float64
		same := 0
		for i, p := range pairs {
			if g != "" && p.Group != g {
				continue
			}
			in = append(in, scored{scores[i], p.Same})
			if p.Same {
				same++
			} else {
				wrong = append(wrong, scores[i])
			}
		}
		slices.SortFunc(in, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
		slices.SortFunc(wrong, func(a, b float64) int { return cmp.Compare(b, a) })
		r := PairResult{Group: cmp.Or(g, "all"), Pairs: len(in)}
		hits, limit, over := 0, thresholdAt(wrong, 0.01), 0
		for i, s := range in {
			if s.same {
				hits++
				if s.score > limit && s.score > 0 {
					over++
				}
			}
			if i+1 < len(in) && in[i+1].score == s.score || s.score == 0 {
				continue
			}
			if f := 2 * float64(hits) / float64(i+1+same); f > r.F1 {
				r.F1, r.Threshold = f, s.score
				r.Precision, r.Recall = NewRate(hits, i+1), NewRate(hits, same)
			}
		}
		r.Recall1 = NewRate(over, same)
		out = append(out, r)
	}
	return out
}
