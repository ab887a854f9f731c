package ktp

import (
	"math"
	"strings"
	"time"

	"anycheck/internal/ocr"
)

// Limits of the search for a NIK.
const (
	nikDigits = 16
	beamWidth = 24
	nikNear   = 5.0 // nats within which another number may be preferred
	nikLoss   = 12  // nats that 16 digits may cost against what is freely read
)

// Nats by which a number is less likely before it is looked at: how seldom
// numbers are impossible, and how seldom number and print disagree.
const (
	seldomImpossible = 7
	seldomDiffers    = 4
	seldomUnknown    = 2
	seldomMoved      = 1
)

// printed is what the card says besides the number.
type printed struct {
	birth, gender, province, regency Value
	born                             time.Time // zero when not read
}

// against is how many nats speak against a number: the rules of CheckNIK, the
// disagreement with the print as far as that was read with certainty, and a
// district that the table does not have.
func (p *page) against(number string, on printed) float64 {
	text := func(v Value) string {
		if v.Value == nil {
			return ""
		}
		return *v.Value
	}
	nats := 0.0
	for _, f := range CheckNIK(number, on.born, text(on.gender), on.born) {
		switch {
		case f.Severity == Fail:
			nats += seldomImpossible
		case f.Code == NIKBirthDiffers:
			nats += seldomDiffers * on.birth.Confidence
		case f.Code == NIKGenderDiffers:
			nats += seldomDiffers * on.gender.Confidence
		case f.Code == NIKRegencyUnknown:
			nats += seldomUnknown
		}
	}
	if p.regions.hasDistricts(number[:4]) && len(p.regions.Names(number[:6])) == 0 {
		nats += seldomUnknown
	}
	if otherRegion(number, text(on.province), text(on.regency)) {
		nats += seldomMoved
	}
	return nats
}

// nik reads the number. What else is printed only decides between numbers that
// the picture supports about equally: a number is never made from it, so that
// a disagreement stays visible.
func (p *page) nik(on printed) Value {
	v, lines := p.start(NIK, partNIK)
	if len(lines) == 0 {
		return v
	}
	out := lines[0].out
	numbers := out.Digits(nikDigits, beamWidth)
	if len(numbers) == 0 {
		return v
	}
	weights := make([]float64, len(numbers)) // log, with what speaks against
	pick, total := 0, math.Inf(-1)
	for i, n := range numbers {
		weights[i] = n.LogProb - p.against(n.Text, on)
		total = logAdd(total, weights[i])
		if numbers[0].LogProb-n.LogProb < nikNear && weights[i] > weights[pick] {
			pick = i
		}
	}
	number := numbers[pick].Text
	v.Rule = RuleDigits
	if pick > 0 {
		v.Rule = RuleStructure
		if !on.born.IsZero() && hasBirth(number, on.born) && !hasBirth(numbers[0].Text, on.born) {
			v.Rule = RuleBirthDate
		}
	}
	share := func(i int) float64 { return math.Exp(weights[i] - total) }
	for i, n := range numbers {
		if s := share(i); i != pick && s > 0.001 && len(v.Alternatives) < 5 {
			v.Alternatives = append(v.Alternatives, Alternative{Text: n.Text, Confidence: s})
		}
	}
	read := onlyDigits(lines[0].text)
	if len(read.Chars) != nikDigits && numbers[0].LogProb < out.LogProb(lines[0].text.Text)-nikLoss {
		return v // forced into 16 digits: no number
	}
	v.spelled(out.Align(number))
	v.certain(numbers)
	v.evidence.share = share(pick)
	confidence := share(pick) * v.leastCertain()
	if read.Text != number {
		confidence = min(confidence, maxUncertain)
		v.evidence.corrected = true
		v.Codes = append(v.Codes, FieldUncertain)
	}
	v.set(number, confidence)
	return v
}

// certain gives each digit of a number the share of the readings that have it
// there: in a line of digits alone that is what another digit leaves, where
// the network's own peak also falls with a wide or narrow stroke.
func (v *Value) certain(numbers []ocr.Candidate) {
	total := math.Inf(-1)
	for _, n := range numbers {
		total = logAdd(total, n.LogProb)
	}
	for i := range v.Characters {
		same := math.Inf(-1)
		for _, n := range numbers {
			if n.Text[i] == v.Characters[i].Text[0] {
				same = logAdd(same, n.LogProb)
			}
		}
		v.Characters[i].Confidence = min(math.Exp(same-total), 1)
	}
}

// leastCertain is the lowest confidence of a character; 0 without any.
func (v *Value) leastCertain() float64 {
	if len(v.Characters) == 0 {
		return 0
	}
	least := 1.0
	for _, c := range v.Characters {
		least = min(least, c.Confidence)
	}
	return least
}

// onlyDigits drops everything but digits.
func onlyDigits(t ocr.Text) ocr.Text {
	var chars []ocr.Char
	sum := 0.0
	var b strings.Builder
	for _, c := range t.Chars {
		if len(c.Text) == 1 && c.Text[0] >= '0' && c.Text[0] <= '9' {
			chars = append(chars, c)
			sum += c.Confidence
			b.WriteString(c.Text)
		}
	}
	return ocr.Text{Text: b.String(), Chars: chars, Confidence: sum / float64(max(len(chars), 1))}
}
