package ocr

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// Output is what the network says about one line: for each step from left to
// right the probability of each class.
type Output struct {
	recogniser *Recogniser
	probs      []float32 // steps x classes
	hidden     []float32 // by step; nil when the network cannot tell
	steps      int
}

// Steps is the number of steps; 0 for an empty line.
func (o *Output) Steps() int { return o.steps }

func (o *Output) step(t int) []float32 {
	c := len(o.recogniser.classes)
	return o.probs[t*c:][:c]
}

// From is the line from step t on.
func (o *Output) From(t int) *Output { return o.part(t, o.steps) }

// Before is the line up to step t.
func (o *Output) Before(t int) *Output { return o.part(0, t) }

func (o *Output) part(from, to int) *Output {
	to = min(max(to, 0), o.steps)
	from = min(max(from, 0), to)
	c := len(o.recogniser.classes)
	p := &Output{recogniser: o.recogniser, probs: o.probs[from*c : to*c], steps: to - from}
	if o.hidden != nil {
		p.hidden = o.hidden[from:to]
	}
	return p
}

// Hidden is how likely it is, 0..1, that somewhere in the line print cannot be
// seen, as under a reflection. What the other methods read is the rest. The
// nil Output hides nothing.
func (o *Output) Hidden() float64 {
	if o == nil {
		return 0
	}
	most := float32(0)
	for _, v := range o.hidden {
		most = max(most, v)
	}
	return float64(min(most, 1))
}

// Visible is the text between the runs of print that cannot be seen, in order:
// PE and AN where the middle of PEREMPUAN is covered, two empty texts where all
// of it is. It has one element when nothing is hidden.
func (o *Output) Visible() []string {
	pieces := []strings.Builder{{}}
	const covered = -1
	last := 0
	for t := range o.steps {
		best, p := 0, float32(math.Inf(-1))
		for c, v := range o.step(t) {
			if c == 0 && o.hidden != nil {
				v -= o.hidden[t] // takeHidden added it
			}
			if v > p {
				best, p = c, v
			}
		}
		switch {
		case o.hidden != nil && o.hidden[t] > p:
			if best = covered; last != covered {
				pieces = append(pieces, strings.Builder{})
			}
		case best != 0 && best != last:
			pieces[len(pieces)-1].WriteString(o.recogniser.classes[best])
		}
		last = best
	}
	out := make([]string, len(pieces))
	for i := range pieces {
		out[i] = pieces[i].String()
	}
	return out
}

// takeHidden moves the class that marks hidden print from the readings, where
// it would be a character, to Hidden.
func (o *Output) takeHidden(class int) {
	if class == 0 {
		return
	}
	o.hidden = make([]float32, o.steps)
	for t := range o.steps {
		row := o.step(t)
		o.hidden[t] = row[class]
		row[0] += row[class]
		row[class] = 0
	}
}

// Text is a decoded line.
type Text struct {
	Text string
	// Confidence is the mean probability of the emitted characters, 0..1; 0
	// without any.
	Confidence float64
	Chars      []Char
}

// Char is one emitted character.
type Char struct {
	Text       string
	Confidence float64 // the largest probability over its steps
	Step       int     // its first step
}

// Greedy takes the likeliest class of every step, drops repeats and blanks.
func (o *Output) Greedy() Text { return o.GreedyWithout("") }

// GreedyWithout is Greedy over the classes that are not in excluded, whose
// probability is left out: confidences are shares of the rest.
func (o *Output) GreedyWithout(excluded string) Text {
	var out []int
	for _, c := range excluded {
		if i, ok := o.recogniser.index[c]; ok {
			out = append(out, i)
		}
	}
	var chars []Char
	last := 0
	for t := range o.steps {
		row := o.step(t)
		rest := float32(1)
		for _, i := range out {
			rest -= row[i]
		}
		best, p := 0, float32(math.Inf(-1))
		for c, v := range row {
			if v > p && !slices.Contains(out, c) {
				best, p = c, v
			}
		}
		confidence := float64(min(p/max(rest, 1e-6), 1))
		switch {
		case best == 0:
		case best == last:
			chars[len(chars)-1].Confidence = max(chars[len(chars)-1].Confidence, confidence)
		default:
			chars = append(chars, Char{Text: o.recogniser.classes[best], Confidence: confidence, Step: t})
		}
		last = best
	}
	return join(chars)
}

func join(chars []Char) Text {
	t := Text{Chars: chars}
	var b strings.Builder
	for _, c := range chars {
		b.WriteString(c.Text)
		t.Confidence += min(max(c.Confidence, 0), 1) / float64(len(chars))
	}
	t.Text = b.String()
	return t
}

// Trim drops leading characters of one set and trailing ones of another.
func (t Text) Trim(leading, trailing string) Text {
	chars := t.Chars
	for len(chars) > 0 && strings.Contains(leading, chars[0].Text) {
		chars = chars[1:]
	}
	for len(chars) > 0 && strings.Contains(trailing, chars[len(chars)-1].Text) {
		chars = chars[:len(chars)-1]
	}
	return join(chars)
}

// Slice is the part of the text from character i to before j.
func (t Text) Slice(i, j int) Text { return join(t.Chars[i:j]) }

// LogProb is the natural logarithm of the probability that the line says
// exactly word: the sum over all alignments (Graves 2006, forward variables).
// It is -Inf when a character is not in the dictionary or word is too long.
func (o *Output) LogProb(word string) float64 {
	var labels []int
	for _, c := range word {
		i, ok := o.recogniser.index[c]
		if !ok {
			return math.Inf(-1)
		}
		labels = append(labels, i)
	}
	if o.steps == 0 {
		if len(labels) == 0 {
			return 0
		}
		return math.Inf(-1)
	}
	// States: blank, label 1, blank, label 2, ... blank. alpha is scaled to a
	// sum of 1 after every step; log gathers the scales.
	states := 2*len(labels) + 1
	label := func(s int) int {
		if s%2 == 0 {
			return 0
		}
		return labels[s/2]
	}
	alpha, next := make([]float64, states), make([]float64, states)
	alpha[0] = 1 // before the first step: nothing emitted
	log := 0.0
	for t := range o.steps {
		p := o.step(t)
		sum := 0.0
		for s := range states {
			a := alpha[s]
			if s > 0 {
				a += alpha[s-1]
			}
			if s > 2 && s%2 == 1 && label(s) != label(s-2) {
				a += alpha[s-2]
			}
			a *= max(float64(p[label(s)]), 1e-12)
			next[s] = a
			sum += a
		}
		if sum <= 0 {
			return math.Inf(-1)
		}
		for s := range next {
			next[s] /= sum
		}
		log += math.Log(sum)
		alpha, next = next, alpha
	}
	end := alpha[states-1]
	if states > 1 {
		end += alpha[states-2]
	}
	if end <= 0 {
		return math.Inf(-1)
	}
	return log + math.Log(end)
}

// Candidate is a reading with the logarithm of its probability.
type Candidate struct {
	Text    string
	LogProb float64
}

// Digits reads a number of exactly n digits: a prefix beam search (Hannun
// 2014) over the ten digits, every other class counted as blank. Candidates
// come best first, at most width of them; none when no path has n digits.
func (o *Output) Digits(n, width int) []Candidate {
	type prefix struct{ blank, digit float64 } // probability of ending so
	var classes [10]int
	for d := range classes {
		i, ok := o.recogniser.index[rune('0'+d)]
		if !ok {
			return nil
		}
		classes[d] = i
	}
	beam := map[string]prefix{"": {blank: 1}}
	log := 0.0
	for t := range o.steps {
		p := o.step(t)
		var digit [10]float64
		blank := 1.0
		for d, c := range classes {
			digit[d] = min(max(float64(p[c]), 0), 1)
			blank -= digit[d]
		}
		blank = max(blank, 1e-9)
		next := map[string]prefix{}
		for s, e := range beam {
			keep := next[s]
			keep.blank += (e.blank + e.digit) * blank
			if s != "" {
				keep.digit += e.digit * digit[s[len(s)-1]-'0']
			}
			next[s] = keep
			if len(s) == n {
				continue
			}
			for d, v := range digit {
				if v < 1e-6 {
					continue
				}
				from := e.blank + e.digit
				if s != "" && int(s[len(s)-1]-'0') == d {
					from = e.blank // the same digit again needs a blank between
				}
				longer := s + string(rune('0'+d))
				l := next[longer]
				l.digit += from * v
				next[longer] = l
			}
		}
		keys := make([]string, 0, len(next))
		for s := range next {
			keys = append(keys, s)
		}
		total := func(s string) float64 { return next[s].blank + next[s].digit }
		slices.SortFunc(keys, func(a, b string) int {
			return cmp.Or(cmp.Compare(total(b), total(a)), cmp.Compare(a, b))
		})
		keys = keys[:min(len(keys), width)]
		scale := total(keys[0])
		if scale <= 0 {
			return nil
		}
		clear(beam)
		for _, s := range keys {
			beam[s] = prefix{next[s].blank / scale, next[s].digit / scale}
		}
		log += math.Log(scale)
	}
	var out []Candidate
	for s, e := range beam {
		if p := e.blank + e.digit; len(s) == n && p > 0 {
			out = append(out, Candidate{Text: s, LogProb: log + math.Log(p)})
		}
	}
	slices.SortFunc(out, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.LogProb, a.LogProb), cmp.Compare(a.Text, b.Text))
	})
	return out
}

// Align finds where on the line the characters of word stand: the likeliest
// alignment (Viterbi). A character's Confidence is the largest probability
// over its steps. It is the zero Text when the line cannot say word.
func (o *Output) Align(word string) Text {
	var labels []int
	for _, c := range word {
		i, ok := o.recogniser.index[c]
		if !ok {
			return Text{}
		}
		labels = append(labels, i)
	}
	if len(labels) == 0 || o.steps == 0 {
		return Text{}
	}
	states := 2*len(labels) + 1
	label := func(s int) int {
		if s%2 == 0 {
			return 0
		}
		return labels[s/2]
	}
	best, next := make([]float64, states), make([]float64, states)
	for s := range best {
		best[s] = math.Inf(-1)
	}
	best[0] = 0 // before the first step: nothing emitted
	from := make([]uint8, o.steps*states)
	for t := range o.steps {
		p := o.step(t)
		for s := range states {
			b, back := best[s], 0
			if s > 0 && best[s-1] > b {
				b, back = best[s-1], 1
			}
			if s > 2 && s%2 == 1 && label(s) != label(s-2) && best[s-2] > b {
				b, back = best[s-2], 2
			}
			next[s] = b + math.Log(max(float64(p[label(s)]), 1e-12))
			from[t*states+s] = uint8(back)
		}
		best, next = next, best
	}
	s := states - 1
	if best[s-1] > best[s] {
		s--
	}
	if math.IsInf(best[s], -1) {
		return Text{}
	}
	chars := make([]Char, len(labels))
	for t := o.steps - 1; t >= 0; t-- {
		if s%2 == 1 {
			c := &chars[s/2]
			c.Text = o.recogniser.classes[labels[s/2]]
			c.Confidence = max(c.Confidence, min(float64(o.step(t)[label(s)]), 1))
			c.Step = t
		}
		s -= int(from[t*states+s])
	}
	return join(chars)
}
