package benchpage

import (
	"cmp"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"anycheck/internal/face"
	"anycheck/internal/imaging"
	"anycheck/internal/ktp"
)

// Cards gathers the readings of a bench; the zero value is ready.
type Cards struct {
	bench    ktp.Bench
	given    []given
	pictures []picture
	cards    int
	took     time.Duration
}

// given is a value that was read.
type given struct {
	level      int
	confidence float64
	right      bool
}

// Add takes a reading; what is kept of the picture is a thumbnail.
func (c *Cards) Add(card ktp.TruthCard, r *ktp.Reading, photo *imaging.Picture, took time.Duration) error {
	c.bench.Add(card, r)
	c.cards++
	c.took += took
	url, err := thumbnail(photo, 720)
	if err != nil {
		return err
	}
	w, h := float64(photo.W), float64(photo.H)
	p := picture{Name: fmt.Sprintf("%s · level %d", card.File, card.Level), Images: []image{{url, 0, w, h}}, W: w, H: h}
	if r.Found {
		p.Marks = append(p.Marks, mark{Points: polygon(r.Corners[:]), Class: "card", Title: "card"})
	}
	if len(r.Codes) > 0 {
		var codes []string
		for _, code := range r.Codes {
			codes = append(codes, string(code))
		}
		p.Lines = append(p.Lines, strings.Join(codes, ", "))
	}
	for _, f := range ktp.Fields {
		want, ok := card.Expected[f]
		if !ok {
			continue
		}
		v := r.Value(f)
		right := v.Value != nil && *v.Value == want
		if v.Value != nil {
			c.given = append(c.given, given{card.Level, v.Confidence, right})
		}
		m := mark{Points: polygon(v.Corners[:]), Class: "right", Title: string(f)}
		switch {
		case right && v.Confidence < 0.8:
			m.Class = "unsure"
		case !right:
			m.Class = "wrong"
			got := "nothing"
			if v.Value != nil {
				got = *v.Value
			}
			m.Title = fmt.Sprintf("%s: %s, should be %s (%.2f)", f, got, want, v.Confidence)
			p.Lines = append(p.Lines, m.Title)
			p.Mistake = true
		}
		if v.Box != (ktp.Rect{}) {
			p.Marks = append(p.Marks, m)
		}
	}
	c.pictures = append(c.pictures, p)
	return nil
}

// reliabilityBins are the lower ends of the confidence bins.
var reliabilityBins = []float64{0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99}

// Write draws the page.
func (c *Cards) Write(w io.Writer, title string) error {
	report := c.bench.Report()
	slices.SortStableFunc(c.pictures, func(a, b picture) int { return cmp.Compare(rank(a), rank(b)) })
	page := content{
		Title:    title,
		Facts:    []string{fmt.Sprintf("%d cards, %.2f s a card without decoding; exact match, 95 %% Wilson intervals.", c.cards, c.took.Seconds()/float64(max(c.cards, 1)))},
		Pictures: c.pictures,
	}
	levels := table{Title: "By level", Rows: [][]string{{"level", "cards", "found", "13 fields", "all fields", "NIK"}}}
	head := []string{"field"}
	for _, l := range append(slices.Clone(report.Levels), report.Total) {
		name := levelName(l.Level)
		head = append(head, name)
		levels.Rows = append(levels.Rows, []string{name, fmt.Sprint(l.Cards), fmt.Sprint(l.Found), share(l.Scored.Exact, l.Scored.Of), share(l.All.Exact, l.All.Of), share(l.NIK.Exact, l.NIK.Of)})
	}
	fields := table{Title: "By field", Rows: [][]string{head}}
	for _, f := range ktp.Fields {
		row := []string{string(f)}
		for _, l := range append(slices.Clone(report.Levels), report.Total) {
			row = append(row, share(l.Fields[f].Exact, l.Fields[f].Of))
		}
		fields.Rows = append(fields.Rows, row)
	}
	reliability, plots := c.reliability()
	page.Tables = []table{levels, fields, reliability}
	page.Plots = plots
	return write(w, page)
}

func levelName(level int) string {
	if level < 0 {
		return "all"
	}
	return fmt.Sprintf("L%d", level)
}

func rank(p picture) int {
	if p.Mistake {
		return 0
	}
	return 1
}

// reliability compares confidence with what was right.
func (c *Cards) reliability() (table, []template.HTML) {
	t := table{Title: "Reliability of the confidence", Rows: [][]string{{"confidence", "values", "mean", "right", "wrong"}}}
	points := series{Class: "a", Points: true}
	for i, low := range reliabilityBins {
		high := 1.01
		if i+1 < len(reliabilityBins) {
			high = reliabilityBins[i+1]
		}
		n, right, sum := 0, 0, 0.0
		for _, g := range c.given {
			if g.confidence >= low && g.confidence < high {
				n++
				sum += g.confidence
				if g.right {
					right++
				}
			}
		}
		if n == 0 {
			continue
		}
		a, b := face.Wilson(right, n)
		points.X, points.Y = append(points.X, sum/float64(n)), append(points.Y, float64(right)/float64(n))
		points.Low, points.High = append(points.Low, a), append(points.High, b)
		t.Rows = append(t.Rows, []string{fmt.Sprintf("%.2f–%.2f", low, min(high, 1)), fmt.Sprint(n), fmt.Sprintf("%.3f", sum/float64(n)), share(right, n), fmt.Sprint(n - right)})
	}
	slices.SortFunc(c.given, func(a, b given) int { return cmp.Compare(b.confidence, a.confidence) })
	curve := series{Class: "b"}
	wrong := 0
	for i, g := range c.given {
		if !g.right {
			wrong++
		}
		if last := i == len(c.given)-1; last || g.confidence != c.given[i+1].confidence {
			curve.X, curve.Y = append(curve.X, float64(i+1)/float64(len(c.given))), append(curve.Y, float64(wrong)/float64(i+1))
		}
	}
	worst := 0.02
	for _, v := range curve.Y {
		worst = max(worst, v)
	}
	return t, []template.HTML{
		plot{Title: "Reliability", XLabel: "confidence", YLabel: "share right", XMax: 1, YMax: 1,
			Series: []series{{Class: "guide", X: []float64{0, 1}, Y: []float64{0, 1}}, points}}.svg(),
		plot{Title: "Wrong among the most confident", XLabel: "share of values accepted", YLabel: "share wrong", XMax: 1, YMax: worst,
			Series: []series{curve}}.svg(),
	}
}
