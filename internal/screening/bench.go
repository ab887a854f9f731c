package screening

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
)

// LabelledQuery is a query whose answer is known.
type LabelledQuery struct {
	ID, Set, Category string
	Query             Query
	Expected          []string // ids that must be found; none: nothing may be
}

// benchColumns are the columns of a file of labelled queries.
var benchColumns = []string{"qid", "set", "category", "name", "birth_date", "gender", "birth_place", "expected", "note"}

// ReadQueries reads labelled queries: CSV with the header qid, set, category,
// name, birth_date, gender, birth_place, expected, note, where expected has
// ids between semicolons. An error names the line, never its content.
func ReadQueries(r io.Reader) ([]LabelledQuery, error) {
	in := csv.NewReader(r)
	header, err := in.Read()
	if err != nil {
		return nil, errors.New("the file has no header")
	}
	if !slices.Equal(header, benchColumns) {
		return nil, fmt.Errorf("the header is not %s", strings.Join(benchColumns, ","))
	}
	var out []LabelledQuery
	for {
		row, err := in.Read()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: not a CSV record of %d fields", len(out)+2, len(benchColumns))
		}
		q := LabelledQuery{ID: row[0], Set: row[1], Category: row[2],
			Query: Query{Name: row[3], Gender: Gender(row[5]), Place: row[6]}}
		if row[4] != "" {
			if q.Query.BirthDate, err = ParseDate(row[4]); err != nil {
				return nil, fmt.Errorf("line %d: birth_date is %w", len(out)+2, err)
			}
		}
		for id := range strings.SplitSeq(row[7], ";") {
			if id = strings.TrimSpace(id); id != "" {
				q.Expected = append(q.Expected, id)
			}
		}
		out = append(out, q)
	}
}

// BenchHit is one hit in the line of a query.
type BenchHit struct {
	ID    string  `json:"id"`
	Score float64 `json:"score"`
}

// BenchLine is the answer to one labelled query: the best ten hits.
type BenchLine struct {
	QID  string     `json:"qid"`
	Hits []BenchHit `json:"hits"`
	// Alert tells that a hit alerts, Expected that an expected one does.
	Alert    bool `json:"-"`
	Expected bool `json:"-"`
}

// RunBench searches for each query, in order; with namesOnly nothing but the
// name is used.
func RunBench(ctx context.Context, x *Index, queries []LabelledQuery, namesOnly bool) ([]BenchLine, error) {
	out := make([]BenchLine, len(queries))
	for i, q := range queries {
		if namesOnly {
			q.Query = Query{Name: q.Query.Name, AllSchemas: q.Query.AllSchemas}
		}
		out[i] = BenchLine{QID: q.ID, Hits: []BenchHit{}}
		for _, h := range x.Search(ctx, q.Query, 10) {
			out[i].Hits = append(out[i].Hits, BenchHit{h.EntityID, h.Score})
			out[i].Alert = out[i].Alert || h.Alert
			out[i].Expected = out[i].Expected || h.Alert && slices.Contains(q.Expected, h.EntityID)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// heldOut is the set of HoldOutAliases; it is no part of the overall figures.
const heldOut = "alias_held_out"

// apart tells sets that are no part of the overall figures.
func apart(set string) bool { return set == heldOut || strings.HasPrefix(set, made) }

// HoldOutAliases takes one good alias away from every listed person who has
// one, the last that no other entry has, and gives a query for each: the alias
// with what the list says of the person. It measures aliases that no list has.
func HoldOutAliases(lists []List) (queries []LabelledQuery) {
	holders := map[string]string{} // whole name → entity, or "" of several
	for _, l := range lists {
		for i := range l.Entities {
			for _, n := range l.Entities[i].Names {
				name, id := wholeOf(n.Text), l.Entities[i].ID
				if old, ok := holders[name]; ok && old != id {
					id = ""
				}
				holders[name] = id
			}
		}
	}
	for _, l := range lists {
		for i := range l.Entities {
			e := &l.Entities[i]
			at := -1
			for j, n := range e.Names {
				if n.Kind == Alias && holders[wholeOf(n.Text)] != "" {
					at = j
				}
			}
			if at < 0 || !isPerson(e.Schema) {
				continue
			}
			q := LabelledQuery{ID: heldOut + "-" + e.ID, Set: heldOut, Category: l.Name, Expected: []string{e.ID},
				Query: Query{Name: e.Names[at].Text, Gender: e.Gender}}
			if len(e.BirthDates) > 0 {
				q.Query.BirthDate = e.BirthDates[0]
			}
			e.Names = slices.Delete(slices.Clone(e.Names), at, at+1)
			queries = append(queries, q)
		}
	}
	return queries
}

// Rate is a share with Wilson's 95% interval (Wilson 1927).
type Rate struct {
	Count int     `json:"count"`
	Of    int     `json:"of"`
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// NewRate is count of n with its interval; of nothing, all is possible.
func NewRate(count, n int) Rate {
	if n == 0 {
		return Rate{High: 1}
	}
	const z = 1.959964
	p, m := float64(count)/float64(n), float64(n)
	centre := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return Rate{count, n, p, max(0, centre-half), min(1, centre+half)}
}

// GroupResult are the figures of a set or a category. Positives have expected
// ids and fill the first five; the others fill the last three.
type GroupResult struct {
	Set         string `json:"set"`
	Category    string `json:"category,omitempty"` // empty: the whole set
	Top1        Rate   `json:"hit_at_1"`
	Top5        Rate   `json:"hit_at_5"`
	Recall1     Rate   `json:"recall_at_1pct_fpr"`
	Recall01    Rate   `json:"recall_at_0_1pct_fpr"`
	RecallAlert Rate   `json:"recall_alert"`
	False1      Rate   `json:"false_at_1pct_fpr"`
	False01     Rate   `json:"false_at_0_1pct_fpr"`
	FalseAlert  Rate   `json:"false_alert"`
}

// Reliability is how often the first hit is right, by its score.
type Reliability struct {
	From  float64 `json:"from"` // from this score up to the next bin's
	Right Rate    `json:"right"`
}

var reliabilityBins = []float64{0, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99}

// BenchResult are the figures of one run.
type BenchResult struct {
	// A hit counts at a rate when its score is above the threshold: the
	// highest false scores of the negatives, that many of them, are let by.
	Threshold1  float64 `json:"threshold_1pct_fpr"`
	Threshold01 float64 `json:"threshold_0_1pct_fpr"`
	// FPR95 is the false-positive rate that 95% recall needs.
	FPR95  float64       `json:"fpr_at_95pct_recall"`
	Groups []GroupResult `json:"groups"` // the first is over all positives and negatives
	// Reliability holds scores against the truth: of the first hits, all
	// queries together but those held out.
	Reliability []Reliability `json:"reliability"`
}

// thresholdSets are the sets on which thresholds are fixed, together.
var thresholdSets = map[string]bool{"neg_global": true, "neg_id": true}

// Measure computes the figures of a run; lines answer queries one by one.
func Measure(queries []LabelledQuery, lines []BenchLine) BenchResult {
	var false_, true_ []float64
	for i, q := range queries {
		if thresholdSets[q.Set] {
			false_ = append(false_, topScore(lines[i]))
		} else if len(q.Expected) > 0 && !apart(q.Set) {
			true_ = append(true_, expectedScore(q, lines[i]))
		}
	}
	descending := func(a, b float64) int { return cmp.Compare(b, a) }
	slices.SortFunc(false_, descending)
	slices.SortFunc(true_, descending)
	var r BenchResult
	r.Threshold1, r.Threshold01 = thresholdAt(false_, 0.01), thresholdAt(false_, 0.001)
	if n := len(true_); n > 0 && len(false_) > 0 {
		need := true_[min(n-1, int(math.Ceil(0.95*float64(n)))-1)]
		over := 0
		for _, f := range false_ {
			if f >= need {
				over++
			}
		}
		r.FPR95 = float64(over) / float64(len(false_))
	}
	type key struct{ set, category string }
	groups := map[key]*groupCount{}
	for i, q := range queries {
		keys := []key{{q.Set, ""}, {q.Set, q.Category}}
		if !apart(q.Set) && (len(q.Expected) > 0 || thresholdSets[q.Set]) {
			keys = append(keys, key{})
		}
		for _, k := range keys {
			if groups[k] == nil {
				groups[k] = &groupCount{}
			}
			groups[k].add(q, lines[i], r)
		}
	}
	for i, from := range reliabilityBins {
		to, n, right := 2.0, 0, 0
		if i+1 < len(reliabilityBins) {
			to = reliabilityBins[i+1]
		}
		for j, q := range queries {
			if top := topScore(lines[j]); !apart(q.Set) && len(lines[j].Hits) > 0 && top >= from && top < to {
				n++
				if slices.Contains(q.Expected, lines[j].Hits[0].ID) {
					right++
				}
			}
		}
		r.Reliability = append(r.Reliability, Reliability{from, NewRate(right, n)})
	}
	sorted := slices.SortedFunc(maps.Keys(groups), func(a, b key) int {
		return cmp.Or(cmp.Compare(a.set, b.set), cmp.Compare(a.category, b.category))
	})
	for _, k := range sorted {
		g := groups[k].rates()
		g.Set, g.Category = cmp.Or(k.set, "all"), k.category
		r.Groups = append(r.Groups, g)
	}
	return r
}

type groupCount struct {
	positives, top1, top5, recall1, recall01, recallAlert int
	negatives, false1, false01, falseAlert                int
}

func (g *groupCount) add(q LabelledQuery, line BenchLine, r BenchResult) {
	count := func(n *int, yes bool) {
		if yes {
			*n++
		}
	}
	if len(q.Expected) == 0 {
		top := topScore(line)
		g.negatives++
		count(&g.false1, top > r.Threshold1)
		count(&g.false01, top > r.Threshold01)
		count(&g.falseAlert, line.Alert)
		return
	}
	score := expectedScore(q, line)
	g.positives++
	count(&g.top1, len(line.Hits) > 0 && slices.Contains(q.Expected, line.Hits[0].ID))
	count(&g.top5, slices.ContainsFunc(line.Hits[:min(5, len(line.Hits))], func(h BenchHit) bool { return slices.Contains(q.Expected, h.ID) }))
	count(&g.recall1, score > r.Threshold1)
	count(&g.recall01, score > r.Threshold01)
	count(&g.recallAlert, line.Expected)
}

func (g *groupCount) rates() GroupResult {
	return GroupResult{
		Top1: NewRate(g.top1, g.positives), Top5: NewRate(g.top5, g.positives), Recall1: NewRate(g.recall1, g.positives),
		Recall01: NewRate(g.recall01, g.positives), RecallAlert: NewRate(g.recallAlert, g.positives),
		False1: NewRate(g.false1, g.negatives), False01: NewRate(g.false01, g.negatives), FalseAlert: NewRate(g.falseAlert, g.negatives),
	}
}

// thresholdAt is the score that at most the given share of false ones exceeds.
func thresholdAt(descending []float64, share float64) float64 {
	if len(descending) == 0 {
		return 0
	}
	return descending[min(int(share*float64(len(descending))), len(descending)-1)]
}

func topScore(l BenchLine) float64 {
	if len(l.Hits) == 0 {
		return 0
	}
	return l.Hits[0].Score
}

func expectedScore(q LabelledQuery, l BenchLine) float64 {
	best := 0.0
	for _, h := range l.Hits {
		if slices.Contains(q.Expected, h.ID) {
			best = max(best, h.Score)
		}
	}
	return best
}
