package ktp

import (
	"math"
	"strings"
	"time"

	"anycheck/internal/ocr"
)

// maxUnderGlare caps the confidence of what a reflection touches: the network
// is silent about print it does not see.
const maxUnderGlare = 0.5

// minReadable is the confidence under which free text counts as unreadable.
const minReadable = 0.35

// maxUncertain caps the confidence of a value that a rule had to complete;
// digitLoss is how many nats fixed digits may cost there.
const (
	maxUncertain = 0.5
	digitLoss    = 6
)

// Characters that belong to the form and not to a value.
const (
	beforeText = " :.;,'-"
	afterText  = " :;,'-"
)

// values turns the lines into the fields, in the order of Fields. nikRead
// tells whether a NIK was read with some certainty.
func (p *page) values() (out []Value, nikRead bool) {
	byField := map[Field]Value{}
	put := func(v Value) { byField[v.Field] = v }

	birthPlace, birthDate, born := p.birth()
	put(birthPlace)
	put(birthDate)
	nik := p.nik(born)
	nikRead = nik.Value != nil && nik.Confidence > 0.6
	put(nik)
	put(p.freeText(Name, partName, asName))
	put(p.freeText(Address, partAddress, asAddress))
	put(p.freeText(Village, partVillage, asName))
	put(p.freeText(District, partDistrict, asName))
	put(p.freeText(IssuePlace, partIssuePlace, asName))
	put(p.listed(Gender, partGender, genders, true))
	put(p.listed(Religion, partReligion, religions, true))
	put(p.listed(MaritalStatus, partMarital, maritalStatuses, true))
	put(p.listed(Occupation, partOccupation, occupations, false))
	put(p.listed(Nationality, partNationality, nationalities, true))
	put(p.rtrw())
	put(p.blood())
	put(p.validUntil())
	put(p.issueDate())
	put(p.province())
	put(p.regency())
	for _, f := range Fields {
		out = append(out, p.finish(byField[f]))
	}
	return out, nikRead
}

// start makes a Value from a part's lines: their boxes joined, the raw text.
func (p *page) start(f Field, part part) (v Value, lines []line) {
	v.Field = f
	var raw []string
	for _, l := range p.find(part) {
		if l.glare > glareLines {
			v.Codes = append(v.Codes, CardGlare)
		}
		if l.blank {
			continue
		}
		lines = append(lines, l)
		if t := strings.TrimSpace(l.text.Text); t != "" {
			raw = append(raw, t)
		}
		v.Box = union(v.Box, pixels(l.box))
	}
	v.Raw = strings.Join(raw, "\n")
	return v, lines
}

// finish caps the confidence under a reflection and names what is missing.
func (p *page) finish(v Value) Value {
	if v.Value == nil {
		v.Confidence = 0
		switch {
		case v.Raw == "" && v.Box == Rect{}:
			v.Codes = append(v.Codes, FieldMissing)
		default:
			v.Codes = append(v.Codes, FieldUnreadable)
		}
	}
	for i, c := range v.Codes {
		if c == CardGlare {
			v.Confidence = min(v.Confidence, maxUnderGlare)
			v.Codes = dropRepeats(v.Codes, i)
			break
		}
	}
	v.Confidence = min(max(v.Confidence, 0), 1)
	return v
}

// dropRepeats removes later copies of the i-th code.
func dropRepeats(codes []Code, i int) []Code {
	out := codes[: i+1 : i+1]
	for _, c := range codes[i+1:] {
		if c != codes[i] {
			out = append(out, c)
		}
	}
	return out
}

func union(a, b Rect) Rect {
	if a == (Rect{}) {
		return b
	}
	return Rect{X0: min(a.X0, b.X0), Y0: min(a.Y0, b.Y0), X1: max(a.X1, b.X1), Y1: max(a.Y1, b.Y1)}
}

func (v *Value) set(text string, confidence float64) {
	v.Value, v.Confidence = &text, confidence
}

const digits = "0123456789"

// asName reads a name of a person or a place: letters and the few marks that
// names have, unless a number stands by itself.
func asName(l line) ocr.Text {
	t := l.text
	for _, word := range strings.Fields(strings.Trim(t.Text, beforeText)) {
		if strings.Trim(word, digits) != "" && strings.ContainsAny(word, digits) {
			t = l.out.GreedyWithout(digits + ":/()&+*%")
			break
		}
	}
	return t.Trim(beforeText, afterText)
}

// asAddress reads an address, in which anything may stand.
func asAddress(l line) ocr.Text { return l.text.Trim(beforeText, afterText) }

// freeText joins the lines of a value as they were read.
func (p *page) freeText(f Field, part part, read func(line) ocr.Text) Value {
	v, lines := p.start(f, part)
	var words []string
	sum, n := 0.0, 0
	for _, l := range lines {
		t := read(l)
		if t.Text == "" {
			continue
		}
		words = append(words, strings.ToUpper(t.Text))
		sum += t.Confidence * float64(len(t.Chars))
		n += len(t.Chars)
	}
	if n > 0 && sum/float64(n) >= minReadable {
		text := strings.Join(strings.Fields(strings.Join(words, " ")), " ")
		if part == partAddress {
			text = abbreviations.ReplaceAllString(text, "$1.")
		}
		v.set(text, sum/float64(n))
	}
	return v
}

// listed reads a value of a list. When closed, a value outside the list is not
// a value.
func (p *page) listed(f Field, part part, list []string, closed bool) Value {
	v, lines := p.start(f, part)
	if len(lines) == 0 {
		return v
	}
	c := choose(lines[0].out, list, afterColon)
	v.Alternatives = c.others
	free := lines[0].text.Trim(beforeText, afterText)
	switch {
	case c.accepted:
		v.Rule = RuleList
		v.set(c.word, c.confidence)
		if strings.ToUpper(free.Text) == c.word {
			v.Rule = ""
			v.Confidence = max(c.confidence, free.Confidence)
		}
	case c.word != "" && lines[0].glare <= glareLines && c.posterior > 0.99 && 3*distance(c.word, strings.ToUpper(free.Text)) <= len(c.word):
		// Most of the word was read and nothing else is near.
		v.Rule = RuleList
		v.set(c.word, min(free.Confidence, maxUncertain))
		v.Codes = append(v.Codes, FieldUncertain)
	case closed:
		v.Rule = RuleListReject
		if c.word != "" {
			v.Alternatives = append([]Alternative{{Text: c.word, Confidence: c.confidence}}, v.Alternatives...)
		}
	case free.Confidence >= minReadable:
		v.set(strings.ToUpper(free.Text), free.Confidence)
	}
	return v
}

// birth reads place and date of birth, which share a row.
func (p *page) birth() (place, date Value, born time.Time) {
	place, lines := p.start(BirthPlace, partBirth)
	date, _ = p.start(BirthDate, partBirth)
	if len(lines) == 0 {
		return place, date, born
	}
	l := lines[0]
	t := l.text.Trim(beforeText, afterText)
	_, born, at, ok := splitBirth(t.Text)
	cut := charAt(t, at)
	tail := t.Slice(cut, len(t.Chars))
	if cut < len(t.Chars) {
		l.out = l.out.Before(t.Chars[cut].Step)
	}
	l.text = t.Slice(0, cut).Trim("", " :;,.-'")
	if head := asName(l).Trim("", "."); head.Text != "" && head.Confidence >= minReadable {
		place.set(strings.ToUpper(head.Text), head.Confidence)
		p.knownPlace(&place, l.out)
	}
	if ok {
		date.Rule = RuleDate
		date.set(born.Format(isoDate), tail.Confidence)
	} else if cut < len(t.Chars) {
		born = doubtfulDate(&date, lines[0].out.From(t.Chars[cut].Step-1))
	}
	return place, date, born
}

// knownPlace corrects a place that no regency is called to the one that the
// line supports nearly as well.
func (p *page) knownPlace(v *Value, out *ocr.Output) {
	if isPlace(*v.Value) {
		return
	}
	c := choose(out, placeNames(), func(w string) []string {
		return []string{w, w + ",", w + ", ", ":" + w + ",", ":" + w + ", ", w + ". "}
	})
	if c.accepted && distance(c.word, *v.Value) <= 1+len(c.word)/6 {
		v.Alternatives = append([]Alternative{{Text: *v.Value, Confidence: v.Confidence}}, c.others...)
		v.Rule = RuleList
		v.set(c.word, min(c.confidence, maxUncertain))
		v.Codes = append(v.Codes, FieldUncertain)
	}
}

// doubtfulDate reads a date of which a character was lost or is none: the
// likeliest eight digits that are a day of the calendar, provided that the
// picture supports them. It is zero when there is none.
func doubtfulDate(v *Value, out *ocr.Output) time.Time {
	numbers := out.Digits(8, beamWidth)
	total := math.Inf(-1)
	for _, n := range numbers {
		total = logAdd(total, n.LogProb)
	}
	for _, n := range numbers {
		date, err := time.Parse("02012006", n.Text)
		if err != nil || date.Year() < 1900 || date.Year() > 2100 {
			continue
		}
		if share := math.Exp(n.LogProb - total); n.LogProb > -digitLoss && share > 0.3 {
			v.Rule = RuleDate
			v.set(date.Format(isoDate), share*maxUncertain)
			v.Codes = append(v.Codes, FieldUncertain)
			return date
		}
		return time.Time{}
	}
	return time.Time{}
}

// charAt is the index of the character at a byte offset.
func charAt(t ocr.Text, offset int) int {
	for i, c := range t.Chars {
		if offset <= 0 {
			return i
		}
		offset -= len(c.Text)
	}
	return len(t.Chars)
}

// date reads a value that is a date and nothing else.
func (p *page) date(v Value, t ocr.Text) Value {
	if d, at, ok := findDate(t.Text); ok {
		v.Rule = RuleDate
		v.set(d.Format(isoDate), t.Slice(charAt(t, at), len(t.Chars)).Confidence)
	}
	return v
}

func (p *page) issueDate() Value {
	v, lines := p.start(IssueDate, partIssueDate)
	if len(lines) == 0 {
		return v
	}
	if v = p.date(v, lines[0].text.Trim(beforeText, afterText)); v.Value == nil {
		doubtfulDate(&v, lines[0].out)
	}
	return v
}

const forLife = "SEUMUR HIDUP"

func (p *page) validUntil() Value {
	v, lines := p.start(ValidUntil, partValid)
	if len(lines) == 0 {
		return v
	}
	if v = p.date(v, lines[0].text.Trim(beforeText, afterText)); v.Value != nil {
		return v
	}
	return p.listed(ValidUntil, partValid, []string{forLife}, true)
}

func (p *page) rtrw() Value {
	v, lines := p.start(RTRW, partRTRW)
	if len(lines) == 0 {
		return v
	}
	t := lines[0].text.Trim(beforeText, afterText)
	s, ok := parseRTRW(t.Text)
	if ok && len(onlyDigits(t).Chars) == 6 {
		v.set(s, t.Confidence)
		if s != t.Text {
			v.Rule = RulePattern
		}
		return v
	}
	// A character is missing or none of a number's.
	if numbers := lines[0].out.Digits(6, beamWidth); len(numbers) > 0 && numbers[0].LogProb > -digitLoss {
		s, ok = numbers[0].Text[:3]+"/"+numbers[0].Text[3:], true
	}
	switch {
	case ok:
		v.Rule = RulePattern
		v.set(s, min(t.Confidence, maxUncertain))
		v.Codes = append(v.Codes, FieldUncertain)
	case t.Text != "" && t.Confidence >= minReadable:
		v.set(strings.ToUpper(t.Text), t.Confidence/2)
		v.Codes = append(v.Codes, FieldUncertain)
	}
	return v
}

func (p *page) blood() Value {
	v, lines := p.start(BloodType, partBlood)
	if len(lines) == 0 {
		return v
	}
	v.Rule = RuleLabel
	if s := parseBlood(lines[0].text.Trim("", " ").Text); s != "" {
		chars := lines[0].text.Chars
		v.set(s, lines[0].text.Slice(max(len(chars)-len(s), 0), len(chars)).Confidence)
	}
	return v
}

func (p *page) province() Value {
	v, lines := p.start(Province, partProvince)
	if len(lines) == 0 {
		return v
	}
	t := lines[0].text.Trim(beforeText, afterText)
	v.Rule = RuleLabel
	if s := strings.ToUpper(stripProvince(t.Text)); s != "" && t.Confidence >= minReadable {
		v.set(s, t.Confidence)
	}
	if v.Value != nil && isProvince(*v.Value) {
		return v
	}
	c := choose(lines[0].out, provinceNames(), func(w string) []string { return []string{"PROVINSI " + w} })
	v.Alternatives = c.others
	if c.accepted {
		v.Rule = RuleList
		v.set(c.word, c.confidence)
	}
	return v
}

func (p *page) regency() Value {
	v := p.freeText(Regency, partRegency, asName)
	if v.Box == (Rect{}) || v.Value != nil && isRegency(*v.Value) {
		return v
	}
	c := choose(p.find(partRegency)[0].out, regencyNames(), func(w string) []string { return []string{w} })
	v.Alternatives = c.others
	if c.accepted {
		v.Rule = RuleList
		v.set(c.word, c.confidence)
	}
	return v
}

// Limits of the search for a NIK.
const (
	nikDigits = 16
	beamWidth = 24
	nikNear   = 5.0 // nats within which another number may be preferred
	nikLoss   = 12  // nats that 16 digits may cost against what is freely read
)

// nik reads the number. The printed birth date only decides between numbers
// that the picture supports about equally: a number is never made from it.
func (p *page) nik(born time.Time) Value {
	v, lines := p.start(NIK, partNIK)
	if len(lines) == 0 {
		return v
	}
	out := lines[0].out
	numbers := out.Digits(nikDigits, beamWidth)
	if len(numbers) == 0 {
		return v
	}
	total := math.Inf(-1)
	for _, n := range numbers {
		total = logAdd(total, n.LogProb)
	}
	pick := 0
	v.Rule = RuleDigits
	if !born.IsZero() && !hasBirth(numbers[0].Text, born) {
		for i, n := range numbers {
			if numbers[0].LogProb-n.LogProb < nikNear && hasBirth(n.Text, born) {
				pick = i
				v.Rule = RuleBirthDate
				break
			}
		}
	}
	for i, n := range numbers {
		if share := math.Exp(n.LogProb - total); i != pick && share > 0.001 && len(v.Alternatives) < 5 {
			v.Alternatives = append(v.Alternatives, Alternative{Text: n.Text, Confidence: share})
		}
	}
	digits := onlyDigits(lines[0].text)
	if len(digits.Chars) != nikDigits && numbers[0].LogProb < out.LogProb(lines[0].text.Text)-nikLoss {
		return v // forced into 16 digits: no number
	}
	confidence := math.Exp(numbers[pick].LogProb - total)
	if digits.Text == numbers[pick].Text {
		confidence *= digits.Confidence
	} else {
		confidence *= maxUnderGlare
		v.Codes = append(v.Codes, FieldUncertain)
	}
	v.set(numbers[pick].Text, confidence)
	return v
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
