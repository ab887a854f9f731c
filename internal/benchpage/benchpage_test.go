package benchpage_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"anycheck/internal/benchpage"
	"anycheck/internal/face"
	"anycheck/internal/imaging"
	"anycheck/internal/ktp"
)

func text(s string) *string { return &s }

func reading(name string, confidence float64) *ktp.Reading {
	return &ktp.Reading{Found: true, Corners: [4]imaging.Point{{X: 1, Y: 1}, {X: 90, Y: 2}, {X: 91, Y: 60}, {X: 2, Y: 61}},
		Codes:  []ktp.Code{ktp.CardGlare},
		Values: []ktp.Value{{Field: ktp.Name, Value: text(name), Confidence: confidence, Box: ktp.Rect{X1: 5, Y1: 5}}}}
}

func TestCards(t *testing.T) {
	var page benchpage.Cards
	photo := imaging.New(100, 70)
	truth := ktp.TruthCard{File: "right.jpg", Level: 1, Expected: map[ktp.Field]string{ktp.Name: "BUDI"}}
	if err := page.Add(truth, reading("BUDI", 0.99), photo, time.Second); err != nil {
		t.Fatal(err)
	}
	truth.File, truth.Level = "wrong.jpg", 3
	if err := page.Add(truth, reading("<B>UDI", 0.97), photo, 3*time.Second); err != nil {
		t.Fatal(err)
	}
	got := render(t, func(w io.Writer) error { return page.Write(w, "A & B") })
	for _, want := range []string{
		"<title>A &amp; B</title>", "2 cards, 2.00 s a card", "100.0 % (20.7–100.0)", "50.0 % (9.5–90.5)",
		"name: &lt;B&gt;UDI, should be BUDI (0.97)", "CARD_GLARE", `points="1.0,1.0 90.0,2.0 91.0,60.0 2.0,61.0"`, "0.95–0.99",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Index(got, "wrong.jpg") > strings.Index(got, "right.jpg") {
		t.Error("the mistake does not come first")
	}
}

func TestFaces(t *testing.T) {
	var page benchpage.Faces
	photo := imaging.New(80, 80)
	add := func(name string, same bool, similarity float64, o face.Outcome) {
		score := 50.0
		c := face.Comparison{Similarity: &similarity, Score: &score, Outcome: o}
		c.Card.Box = &face.Box{X: 8, Y: 8, W: 16, H: 16}
		if err := page.Add(name, "selfie", same, c, photo, photo); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 7 {
		add(fmt.Sprint("fine", i), true, 0.8-float64(i)/100, face.Match)
	}
	add("missed", true, 0.1, face.NoMatch)
	add("other", false, 0.2, face.NoMatch)
	if err := page.Add("gone", "selfie", false, face.Comparison{Outcome: face.Inconclusive}, nil, nil); err != nil {
		t.Fatal(err)
	}
	got := render(t, func(w io.Writer) error { return page.Write(w, "Faces") })
	for _, want := range []string{"8 pairs of one person, 1 of two; without a score: 0 and 1.", "<td>0.8750</td>", "fine6 · selfie", "fine1 · selfie", "other · selfie", "missed · selfie", "one person, answered NO_MATCH, similarity 0.100",
		`points="32.0,32.0 96.0,32.0 96.0,96.0 32.0,96.0"`, "ROC"} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(got, "fine0 · selfie") {
		t.Error("a pair that went right by far is shown")
	}
	if strings.Index(got, "missed · selfie") > strings.Index(got, "fine6 · selfie") || strings.Index(got, "fine6 · selfie") > strings.Index(got, "fine5 · selfie") {
		t.Error("the pairs are not in the order of how wrong they went")
	}
}

func TestNothingMeasured(t *testing.T) {
	render(t, func(w io.Writer) error { return new(benchpage.Cards).Write(w, "empty") })
	render(t, func(w io.Writer) error { return new(benchpage.Faces).Write(w, "empty") })
}

// render writes a page and makes sure that its drawings are well formed and
// hold no number that is none.
func render(t *testing.T, write func(io.Writer) error) string {
	t.Helper()
	var b strings.Builder
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	for rest := b.String(); ; {
		_, after, ok := strings.Cut(rest, "<svg")
		if !ok {
			break
		}
		svg, tail, _ := strings.Cut(after, "</svg>")
		svg = "<svg" + svg + "</svg>"
		if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
			t.Errorf("a drawing has a number that is none: %.200s", svg)
		}
		d := xml.NewDecoder(strings.NewReader(svg))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("a drawing is not well formed: %v", err)
			}
		}
		rest = tail
	}
	return b.String()
}
