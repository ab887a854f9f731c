package ocr

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"anycheck/internal/imaging"
	"anycheck/internal/nn"
)

// stripes is a recogniser that reads what a test drew: every 4 columns are a
// step, red is the class and green its probability in per cent; the rest goes
// to the class in blue.
type stripes struct {
	classes []string
	hidden  string
	stretch float64
	runs    int
	widths  []int64
}

func (m *stripes) Spec() nn.Spec {
	return nn.Spec{Name: "stripes", Decoding: nn.DecodeCTC, Output: "y", Classes: m.classes, Hidden: m.hidden,
		Input: nn.Input{Height: 8, Colour: nn.RGB, Scale: 1, Std: [3]float64{1, 1, 1}, Multiple: 4, Stretch: m.stretch}}
}

func (m *stripes) Run(ctx context.Context, in nn.Tensor) (map[string]nn.Tensor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.runs++
	n, h, w := in.Shape[0], in.Shape[2], in.Shape[3]
	m.widths = append(m.widths, w)
	steps, classes := w/4, int64(len(m.classes)+1)
	out := nn.Tensor{Shape: []int64{n, steps, classes}, Data: make([]float32, n*steps*classes)}
	for i := range n {
		for t := range steps {
			at := i*3*h*w + t*4 + 1
			class, p, other := int64(in.Data[at]), in.Data[at+h*w]/100, int64(in.Data[at+2*h*w])
			row := out.Data[(i*steps+t)*classes:][:classes]
			row[class] += p
			row[other] += 1 - p
		}
	}
	return map[string]nn.Tensor{"y": out}, nil
}

// step is one step of a drawn line.
type step struct {
	class   string // "" is blank
	percent uint8
	other   string
}

func sure(text string) []step {
	var out []step
	for _, c := range text {
		out = append(out, step{string(c), 99, ""}, step{"", 99, string(c)})
	}
	return out
}

func (m *stripes) draw(steps []step) *imaging.Picture {
	class := func(s string) uint8 {
		for i, c := range m.classes {
			if c == s {
				return uint8(i + 1)
			}
		}
		return 0
	}
	p := imaging.New(4*len(steps), 8)
	for y := range 8 {
		for x := range p.W {
			s := steps[x/4]
			copy(p.Pix[3*(y*p.W+x):], []uint8{class(s.class), s.percent, class(s.other)})
		}
	}
	return p
}

func newStripes() *stripes { return &stripes{classes: strings.Split("0123456789ABC- ", "")} }

func read(t *testing.T, lines ...[]step) ([]*Output, *stripes) {
	t.Helper()
	m := newStripes()
	r, err := NewRecogniser(m)
	if err != nil {
		t.Fatal(err)
	}
	var pics []*imaging.Picture
	for _, l := range lines {
		pics = append(pics, m.draw(l))
	}
	out, err := r.Recognise(context.Background(), pics)
	if err != nil {
		t.Fatal(err)
	}
	return out, m
}

func TestGreedy(t *testing.T) {
	for _, c := range []struct {
		name  string
		steps []step
		want  string
		conf  float64
	}{
		{"repeats are one", []step{{"A", 80, ""}, {"A", 90, ""}, {"", 99, "A"}, {"B", 70, ""}}, "AB", 0.8},
		{"a blank parts repeats", []step{{"A", 90, ""}, {"", 90, "A"}, {"A", 90, ""}}, "AA", 0.9},
		{"space counts", sure("A B"), "A B", 0.99},
		{"nothing", []step{{"", 99, "A"}}, "", 0},
	} {
		out, _ := read(t, c.steps)
		got := out[0].Greedy()
		if got.Text != c.want || math.Abs(got.Confidence-c.conf) > 0.011 {
			t.Errorf("%s: %q at %.3f, want %q at %.2f", c.name, got.Text, got.Confidence, c.want, c.conf)
		}
	}
}

func TestTrim(t *testing.T) {
	out, _ := read(t, sure("- AB -"))
	if got := out[0].Greedy().Trim("- ", " "); got.Text != "AB -" || len(got.Chars) != 4 {
		t.Errorf("trimmed to %q with %d characters", got.Text, len(got.Chars))
	}
	if got := out[0].Greedy().Slice(2, 4); got.Text != "AB" {
		t.Errorf("slice is %q", got.Text)
	}
}

// TestLogProb compares with the sum over every alignment, written out.
func TestLogProb(t *testing.T) {
	// Two steps: A 0.6 / blank 0.4, then A 0.7 / B 0.3.
	out, _ := read(t, []step{{"A", 60, ""}, {"A", 70, "B"}})
	for word, want := range map[string]float64{
		"A":  0.6*0.7 + 0.4*0.7, // AA, blank A
		"AB": 0.6 * 0.3,
		"B":  0.4 * 0.3,
		"AA": 0, // needs a blank between
		"":   0,
		"Z":  0, // not in the dictionary
	} {
		if got := math.Exp(out[0].LogProb(word)); math.Abs(got-want) > 1e-6 {
			t.Errorf("P(%q) = %.6f, want %.6f", word, got, want)
		}
	}
	empty := &Output{recogniser: out[0].recogniser}
	if empty.LogProb("") != 0 || !math.IsInf(empty.LogProb("A"), -1) {
		t.Error("an empty line says something")
	}
}

func TestAlign(t *testing.T) {
	out, _ := read(t, []step{{"A", 90, ""}, {"A", 80, ""}, {"", 99, "A"}, {"A", 60, "B"}, {"C", 70, "B"}})
	for _, c := range []struct {
		word  string
		steps []int
		conf  []float64
	}{
		{"AAC", []int{0, 3, 4}, []float64{0.9, 0.6, 0.7}},
		{"AAB", []int{0, 3, 4}, []float64{0.9, 0.6, 0.3}},
		{"AC", []int{3, 4}, []float64{0.6, 0.7}}, // the fourth step has no blank
		{"X", nil, nil},
		{"", nil, nil},
		{"ABCABC", nil, nil}, // more characters than steps
	} {
		got := out[0].Align(c.word)
		if len(got.Chars) != len(c.steps) {
			t.Errorf("%s: %+v", c.word, got)
			continue
		}
		for i, char := range got.Chars {
			if char.Text != string(c.word[i]) || char.Step != c.steps[i] || math.Abs(char.Confidence-c.conf[i]) > 0.011 {
				t.Errorf("%s, character %d: %+v, want step %d at %.2f", c.word, i, char, c.steps[i], c.conf[i])
			}
		}
	}
}

func TestDigits(t *testing.T) {
	steps := append(append(sure("12"), step{"3", 55, "8"}, step{"", 99, "3"}), sure("44")...)
	steps = append(steps, step{"A", 95, ""}) // not a digit: as good as blank
	out, _ := read(t, steps)
	got := out[0].Digits(5, 24)
	if len(got) < 2 || got[0].Text != "12344" || got[1].Text != "12844" {
		t.Fatalf("candidates %v, want 12344 and 12844 first", got)
	}
	if odds := math.Exp(got[0].LogProb - got[1].LogProb); math.Abs(odds-0.55/0.45) > 0.05 {
		t.Errorf("odds %.3f, want %.3f", odds, 0.55/0.45)
	}
	for _, c := range out[0].Digits(4, 24) {
		if len(c.Text) != 4 {
			t.Errorf("%q does not have 4 digits", c.Text)
		}
	}
	if got := out[0].Digits(30, 24); len(got) != 0 {
		t.Errorf("%d readings of 30 digits from 11 steps", len(got))
	}
}

func TestRecogniseKeepsOrderAndWidths(t *testing.T) {
	out, m := read(t, sure("ABCABCABCABC"), sure("1"), sure("ABCABCABCAB"), nil, sure("2"))
	for i, want := range []string{"ABCABCABCABC", "1", "ABCABCABCAB", "", "2"} {
		if got := out[i].Greedy().Text; got != want {
			t.Errorf("line %d: %q, want %q", i, got, want)
		}
	}
	if out[2].Steps() != 22 {
		t.Errorf("a padded line has %d steps, want its own 22", out[2].Steps())
	}
	if m.runs != 2 {
		t.Errorf("%d runs for two groups of widths", m.runs)
	}
}

func TestRecogniseStretchesALine(t *testing.T) {
	for stretch, want := range map[float64]int{0: 24, 1: 24, 1.5: 36} {
		m := newStripes()
		m.stretch = stretch
		r, err := NewRecogniser(m)
		if err != nil {
			t.Fatal(err)
		}
		out, err := r.Recognise(t.Context(), []*imaging.Picture{imaging.New(96, 8)})
		if err != nil {
			t.Fatal(err)
		}
		if out[0].Steps() != want {
			t.Errorf("stretch %v: %d steps of 96 pixels, want %d", stretch, out[0].Steps(), want)
		}
	}
}

func TestRecogniseStopsWhenCancelled(t *testing.T) {
	m := newStripes()
	r, _ := NewRecogniser(m)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.Recognise(ctx, []*imaging.Picture{m.draw(sure("A"))}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want cancelled", err)
	}
}

// lies answers with a tensor of the wrong form.
type lies struct {
	stripes
	answer nn.Tensor
}

func (m *lies) Run(context.Context, nn.Tensor) (map[string]nn.Tensor, error) {
	return map[string]nn.Tensor{"y": m.answer}, nil
}

// FuzzShapes: whatever a model answers, decoding gives an error or an output,
// never a panic.
func FuzzShapes(f *testing.F) {
	f.Add(int64(1), int64(4), int64(16), 64, float32(0.5))
	f.Add(int64(1), int64(0), int64(16), 0, float32(0))
	f.Add(int64(2), int64(4), int64(16), 128, float32(math.NaN()))
	f.Add(int64(1), int64(2), int64(16), 32, float32(math.Inf(-1)))
	f.Fuzz(func(t *testing.T, n, steps, classes int64, size int, value float32) {
		m := &lies{stripes: *newStripes()}
		m.answer = nn.Tensor{Shape: []int64{n, steps, classes}, Data: make([]float32, min(max(size, 0), 4096))}
		for i := range m.answer.Data {
			m.answer.Data[i] = value
		}
		r, err := NewRecogniser(m)
		if err != nil {
			t.Fatal(err)
		}
		out, err := r.Recognise(context.Background(), []*imaging.Picture{imaging.New(16, 8)})
		if err != nil {
			return
		}
		text := out[0].Greedy()
		if text.Confidence < 0 || text.Confidence > 1 {
			t.Errorf("confidence %v", text.Confidence)
		}
		out[0].LogProb("A1")
		out[0].Digits(3, 8)
	})
}

// blocks is a text detector that calls dark pixels text.
type blocks struct{}

func (blocks) Spec() nn.Spec {
	return nn.Spec{Name: "blocks", Decoding: nn.DecodeDBNet, Output: "p",
		Input: nn.Input{Colour: nn.RGB, Scale: 255, Std: [3]float64{1, 1, 1}, Multiple: 32, LongSide: 320}}
}

func (blocks) Run(_ context.Context, in nn.Tensor) (map[string]nn.Tensor, error) {
	h, w := in.Shape[2], in.Shape[3]
	out := nn.Tensor{Shape: []int64{1, 1, h, w}, Data: make([]float32, h*w)}
	for i := range out.Data {
		out.Data[i] = 1 - in.Data[i]
	}
	return map[string]nn.Tensor{"p": out}, nil
}

func TestDetectText(t *testing.T) {
	page := imaging.New(640, 320)
	for i := range page.Pix {
		page.Pix[i] = 255
	}
	fill := func(x0, y0, x1, y1 int) {
		for y := y0; y < y1; y++ {
			clear(page.Pix[3*(y*page.W+x0) : 3*(y*page.W+x1)])
		}
	}
	fill(400, 60, 560, 80) // right of the next one, on the same row
	fill(40, 64, 240, 84)
	fill(40, 200, 240, 220)
	boxes, err := DetectText(context.Background(), blocks{}, page)
	if err != nil || len(boxes) != 3 {
		t.Fatalf("%d lines, %v; want 3", len(boxes), err)
	}
	for i, want := range [][4]float64{{40, 64, 240, 84}, {400, 60, 560, 80}, {40, 200, 240, 220}} {
		b := boxes[i]
		// Grown by area*1.6/perimeter on every side.
		w, h := want[2]-want[0], want[3]-want[1]
		d := w * h * 1.6 / (2 * (w + h))
		for k, v := range []float64{b[0].X - (want[0] - d), b[0].Y - (want[1] - d), b[2].X - (want[2] + d), b[2].Y - (want[3] + d)} {
			if math.Abs(v) > 3 {
				t.Errorf("line %d, side %d is off by %.1f pixels", i, k, v)
			}
		}
	}
	if boxes, err := DetectText(context.Background(), blocks{}, imaging.New(0, 0)); err != nil || boxes != nil {
		t.Errorf("an empty picture gives %v, %v", boxes, err)
	}
}

func BenchmarkLogProb(b *testing.B) {
	m := newStripes()
	r, _ := NewRecogniser(m)
	out, _ := r.Recognise(context.Background(), []*imaging.Picture{m.draw(sure(strings.Repeat("AB12", 10)))})
	for b.Loop() {
		out[0].LogProb("AB12AB12AB12AB12")
	}
}

func TestPartsOfALine(t *testing.T) {
	out, _ := read(t, sure("AB12"))
	o := out[0]
	if got := o.From(4).Greedy().Text; got != "12" {
		t.Errorf("from the middle %q", got)
	}
	if got := o.Before(4).Greedy().Text; got != "AB" {
		t.Errorf("before the middle %q", got)
	}
	if o.From(99).Steps() != 0 || o.Before(-1).Steps() != 0 || o.From(-5).Steps() != o.Steps() {
		t.Error("positions beyond the line")
	}
	if got := o.GreedyWithout("B1").Text; got != "A2" {
		t.Errorf("without two characters %q", got)
	}
}

func TestHiddenPrint(t *testing.T) {
	line := append(sure("A"), step{"#", 80, ""}, step{"", 99, "#"})
	line = append(line, sure("B")...)
	model := &stripes{classes: []string{"A", "B", "#"}, hidden: "#"}
	r, err := NewRecogniser(model)
	if err != nil {
		t.Fatal(err)
	}
	out, err := r.Recognise(t.Context(), []*imaging.Picture{model.draw(line), model.draw(sure("AB"))})
	if err != nil {
		t.Fatal(err)
	}
	if got := out[0].Greedy().Text; got != "AB" {
		t.Errorf("what can be seen reads %q", got)
	}
	if got := out[0].Hidden(); math.Abs(got-0.8) > 1e-6 {
		t.Errorf("hidden with %.3f, want 0.8", got)
	}
	if got := out[0].Before(2).Hidden(); got != 0 {
		t.Errorf("hidden before the place: %.3f", got)
	}
	if got := out[0].Visible(); !slices.Equal(got, []string{"A", "B"}) {
		t.Errorf("visible pieces %q", got)
	}
	if got := out[1].Visible(); !slices.Equal(got, []string{"AB"}) {
		t.Errorf("visible pieces of a clear line %q", got)
	}
	if got := out[1].Hidden(); got != 0 {
		t.Errorf("hidden in a clear line: %.3f", got)
	}
}
