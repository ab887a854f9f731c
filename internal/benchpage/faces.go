package benchpage

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"

	"anycheck/internal/face"
	"anycheck/internal/imaging"
)

// Faces gathers the comparisons of a bench; the zero value is ready.
type Faces struct {
	pairs    []face.Pair
	outcomes map[bool]map[face.Outcome]int
	genuine  []float64
	impostor []float64
	pictures []picture
	closest  map[bool][]closeCall // pairs that went right, nearest to going wrong first
}

// closeCall is a pair and its distance from the similarity of a mistake.
type closeCall struct {
	distance float64
	picture  picture
}

// keepClosest is how many of them are shown, of one person and of two.
const keepClosest = 6

// Add takes a comparison of two pictures. a and b may be nil when they could
// not be read.
func (f *Faces) Add(nameA, nameB string, same bool, c face.Comparison, a, b *imaging.Picture) error {
	if f.outcomes == nil {
		f.outcomes = map[bool]map[face.Outcome]int{true: {}, false: {}}
		f.closest = map[bool][]closeCall{}
	}
	f.outcomes[same][c.Outcome]++
	f.pairs = append(f.pairs, face.Pair{Same: same, Score: c.Similarity})
	if c.Similarity != nil && same {
		f.genuine = append(f.genuine, *c.Similarity)
	} else if c.Similarity != nil {
		f.impostor = append(f.impostor, *c.Similarity)
	}
	mistake := same && c.Outcome != face.Match || !same && c.Outcome == face.Match || !same && c.Outcome == face.Review
	if a == nil || b == nil {
		return nil
	}
	if mistake {
		p, err := pairPicture(nameA, nameB, same, c, a, b)
		f.pictures = append(f.pictures, p)
		return err
	}
	if c.Similarity == nil {
		return nil
	}
	distance := *c.Similarity
	if !same {
		distance = -distance
	}
	list := f.closest[same]
	at, _ := slices.BinarySearchFunc(list, distance, func(k closeCall, d float64) int { return cmp.Compare(k.distance, d) })
	if at == keepClosest {
		return nil
	}
	p, err := pairPicture(nameA, nameB, same, c, a, b)
	list = slices.Insert(list, at, closeCall{distance, p})
	f.closest[same] = list[:min(len(list), keepClosest)]
	return err
}

// pairPicture draws both pictures of a comparison side by side.
func pairPicture(nameA, nameB string, same bool, c face.Comparison, a, b *imaging.Picture) (picture, error) {
	const height, gap = 320, 8
	p := picture{Name: nameA + " · " + nameB, H: height, Mistake: same && c.Outcome == face.NoMatch || !same && c.Outcome == face.Match}
	who := "two persons"
	if same {
		who = "one person"
	}
	line := fmt.Sprintf("%s, answered %s", who, c.Outcome)
	if c.Similarity != nil {
		line += fmt.Sprintf(", similarity %.3f, score %.0f", *c.Similarity, *c.Score)
	}
	p.Lines = append(p.Lines, line)
	for _, side := range []struct {
		name string
		face face.Side
		in   *imaging.Picture
	}{{"first", c.Card, a}, {"second", c.Selfie, b}} {
		url, err := thumbnail(side.in, 480)
		if err != nil {
			return picture{}, err
		}
		s := height / float64(side.in.H)
		at := p.W
		p.Images = append(p.Images, image{url, at, s * float64(side.in.W), height})
		p.W += s*float64(side.in.W) + gap
		if len(side.face.Issues) > 0 {
			p.Lines = append(p.Lines, fmt.Sprintf("%s: %v", side.name, side.face.Issues))
		}
		if box := side.face.Box; box != nil {
			x0, y0, x1, y1 := at+s*box.X, s*box.Y, at+s*(box.X+box.W), s*(box.Y+box.H)
			p.Marks = append(p.Marks, mark{Class: "card", Title: side.name, Points: polygon([]imaging.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}})})
		}
	}
	return p, nil
}

// Write draws the page.
func (f *Faces) Write(w io.Writer, title string) error {
	m := face.Measure(f.pairs)
	slices.SortStableFunc(f.pictures, func(a, b picture) int { return cmp.Compare(rank(a), rank(b)) })
	pictures := slices.Clone(f.pictures)
	for _, same := range []bool{true, false} {
		for _, k := range f.closest[same] {
			pictures = append(pictures, k.picture)
		}
	}
	page := content{Title: title, Pictures: pictures, Facts: []string{
		fmt.Sprintf("%d pairs of one person, %d of two; without a score: %d and %d.", m.Genuine, m.Impostor, m.GenuineUnscored, m.ImpostorUnscored),
		fmt.Sprintf("Shown below: pairs of one person that did not match and pairs of two that were not refused, then the %d of each kind that came closest to it.", keepClosest),
	}}
	page.Tables = []table{
		{Title: "Scores", Rows: [][]string{{"", "value"}, {"AUC", fmt.Sprintf("%.4f", m.AUC)}, {"EER", fmt.Sprintf("%.2f %% (%.2f–%.2f)", 100*m.EER, 100*m.EERLow, 100*m.EERHigh)},
			{"TAR at FAR 1 %", accepted(m.TAR1, m.Genuine)}, {"TAR at FAR 0.1 %", accepted(m.TAR01, m.Genuine)},
			{"lowest of one person", fmt.Sprintf("%.3f", m.LowestGenuine)}, {"highest of two", fmt.Sprintf("%.3f", m.HighestImpostor)}}},
		{Title: "Verdicts", Rows: [][]string{{"", "one person", "two persons"}}},
	}
	verdicts := &page.Tables[1]
	total := func(same bool) (n int) {
		for _, k := range f.outcomes[same] {
			n += k
		}
		return n
	}
	for _, o := range []face.Outcome{face.Match, face.Review, face.NoMatch, face.Inconclusive} {
		verdicts.Rows = append(verdicts.Rows, []string{string(o), share(f.outcomes[true][o], total(true)), share(f.outcomes[false][o], total(false))})
	}
	roc := series{Class: "a"}
	slices.Sort(f.genuine)
	slices.Sort(f.impostor)
	for _, t := range slices.Backward(slices.Sorted(slices.Values(append(slices.Clone(f.impostor), f.genuine...)))) {
		roc.X = append(roc.X, from(f.impostor, t))
		roc.Y = append(roc.Y, from(f.genuine, t))
	}
	gx, gy := histogram(f.genuine, -0.25, 1, 50)
	ix, iy := histogram(f.impostor, -0.25, 1, 50)
	high := 0.05
	for _, v := range append(slices.Clone(gy), iy...) {
		high = max(high, math.Ceil(20*v)/20)
	}
	page.Plots = append(page.Plots,
		plot{Title: "ROC", XLabel: "false accepts (FAR)", YLabel: "true accepts (TAR)", XMin: 0.001, XMax: 1, YMax: 1, Log: true, Series: []series{roc}}.svg(),
		plot{Title: "Similarity", XLabel: "cosine", YLabel: "share of pairs", XMin: -0.25, XMax: 1, YMax: high,
			Series: []series{{Name: "one person", Class: "a", X: gx, Y: gy, Steps: true}, {Name: "two persons", Class: "b", X: ix, Y: iy, Steps: true}}}.svg())
	return write(w, page)
}

// from is the share of the sorted values that are t or more.
func from(sorted []float64, t float64) float64 {
	n, _ := slices.BinarySearch(sorted, t)
	return float64(len(sorted)-n) / float64(max(len(sorted), 1))
}

func accepted(tar float64, n int) string { return share(int(tar*float64(n)+0.5), n) }
