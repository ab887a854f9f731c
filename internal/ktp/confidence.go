package ktp

import (
	"math"
	"slices"
	"unicode/utf8"

	"anycheck/internal/ocr"
)

// Character is one character that a value was read from.
type Character struct {
	Text       string  `json:"text"`
	Confidence float64 `json:"confidence"` // the network's probability, 0..1
}

// evidence is what the confidence of a value is made of.
type evidence struct {
	least     float64 // probability of the least certain character, 0..1
	share     float64 // probability of the value among all readings compared, 0..1
	known     bool    // it stands in the field's vocabulary
	unknown   bool    // the field has a vocabulary and it does not stand there
	corrected bool    // a rule changed what was read
	glare     float64 // largest share of a line under a reflection, 0..1
	hidden    float64 // how likely print is hidden, as the network sees it, 0..1
}

// The inputs of the calibration; weights are in this order.
const (
	inputBias = iota
	inputLeast
	inputShare
	inputKnown
	inputUnknown
	inputCorrected
	inputGlare
	inputHidden
	inputBlur
	inputSmall
	inputs
)

// inputNames are for the output of a fit.
var inputNames = [inputs]string{"bias", "least", "share", "known", "unknown", "corrected", "glare", "hidden", "blur", "small"}

// calibration turns evidence into the chance that a value is right: logistic
// regression, fitted for the recogniser ktp_ctc_v2 by `anycheck bench ktp
// --fit` on 280 drawn cards (docs/accuracy.md). Another recogniser needs its
// own fit.
var calibration = [inputs]float64{inputBias: 2.2, inputLeast: 0.26, inputShare: 0.34, inputKnown: 3.9, inputUnknown: -1.6,
	inputCorrected: 2.4, inputGlare: -3.7, inputHidden: -1, inputBlur: -0.80, inputSmall: -1.3}

// printHidden is from when on print counts as hidden.
const printHidden = 0.5

// maxOdds bounds log odds: beyond 0.1 % the network's numbers say no more.
const maxOdds = 7.0

func logOdds(p float64) float64 {
	p = min(max(p, 1e-9), 1-1e-9)
	return min(max(math.Log(p/(1-p)), -maxOdds), maxOdds)
}

// inputs are the terms of the calibration.
func (e evidence) inputs(q Quality) [inputs]float64 {
	is := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	return [inputs]float64{
		inputBias:      1,
		inputLeast:     logOdds(e.least),
		inputShare:     logOdds(e.share),
		inputKnown:     is(e.known),
		inputUnknown:   is(e.unknown),
		inputCorrected: is(e.corrected),
		inputGlare:     e.glare,
		inputHidden:    e.hidden,
		inputBlur:      1 - q.Sharpness,
		inputSmall:     min(minPixelsPerMM/max(q.PixelsPerMM, 1), 2),
	}
}

// calibrate replaces what the network is sure of by the chance that the value
// is right. A NIK stays bounded by its least certain digit and by the share of
// the other numbers; so does everything by the caps of its codes.
func (r *Reading) calibrate() {
	for i := range r.Values {
		v := &r.Values[i]
		if v.Value == nil {
			continue
		}
		v.inputs = v.evidence.inputs(r.Quality)
		c := chance(calibration, v.inputs)
		if v.Field == NIK {
			c = min(c, v.leastCertain(), v.evidence.share)
		}
		v.Confidence = v.capped(c)
	}
}

func chance(weights, x [inputs]float64) float64 {
	sum := 0.0
	for i, w := range weights {
		sum += w * x[i]
	}
	return 1 / (1 + math.Exp(-sum))
}

// capped bounds a confidence by what the value's codes allow.
func (v *Value) capped(confidence float64) float64 {
	if slices.Contains(v.Codes, CardGlare) || slices.Contains(v.Codes, FieldHidden) {
		confidence = min(confidence, maxUnderGlare)
	}
	if slices.Contains(v.Codes, FieldUncertain) {
		confidence = min(confidence, maxUncertain)
	}
	return min(max(confidence, 0), 1)
}

// spelled records the characters of a value, or of a line more of it.
func (v *Value) spelled(t ocr.Text) {
	if len(t.Chars) == 0 {
		return
	}
	if len(v.Characters) == 0 {
		v.evidence.least = 1
	} else {
		v.Characters = append(v.Characters, Character{Text: " ", Confidence: 1})
	}
	for _, c := range t.Chars {
		p := min(max(c.Confidence, 0), 1)
		v.Characters = append(v.Characters, Character{Text: c.Text, Confidence: p})
		v.evidence.least = min(v.evidence.least, p)
	}
}

// respelled records the characters of another reading than the one before.
func (v *Value) respelled(t ocr.Text) {
	v.Characters = nil
	v.evidence.least = 0
	v.spelled(t)
}

// shareOf is the probability that a line says text, with or without what the
// form prints before it.
func shareOf(out *ocr.Output, text string) float64 {
	return math.Exp(min(logShare(out, text), 0))
}

// logShare is the natural logarithm of shareOf.
func logShare(out *ocr.Output, text string) float64 {
	log := math.Inf(-1)
	for _, form := range afterColon(text) {
		log = logAdd(log, out.LogProb(form))
	}
	return log
}

// nearest gives the n words of a list that look most like what was read.
func nearest(list []string, read string, n int) []string {
	if len(list) <= n {
		return list
	}
	type near struct {
		word string
		off  int
	}
	words := make([]near, len(list))
	for i, w := range list {
		words[i] = near{w, distance(w, read) * 64 / max(utf8.RuneCountInString(w), 1)}
	}
	slices.SortStableFunc(words, func(a, b near) int { return a.off - b.off })
	out := make([]string, n)
	for i := range out {
		out[i] = words[i].word
	}
	return out
}
