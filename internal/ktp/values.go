package ktp

import (
	"math"
	"slices"
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
	gender := p.listed(Gender, partGender, genders, true)
	province, regency := p.province(), p.regency()
	nik := p.nik(printed{birth: birthDate, born: born, gender: gender, province: province, regency: regency})
	nikRead = nik.Value != nil && nik.Confidence > 0.6
	for _, v := range []Value{birthPlace, birthDate, gender, province, regency, nik} {
		put(v)
	}
	district, village := p.districtAndVillage(nik, regency)
	put(district)
	put(village)
	put(p.freeText(Name, partName, asName, nameForms))
	put(p.freeText(Address, partAddress, asAddress, addressForms))
	put(p.issuePlace())
	put(p.listed(Religion, partReligion, religions, true))
	put(p.listed(MaritalStatus, partMarital, maritalStatuses, true))
	put(p.listed(Occupation, partOccupation, occupations, false))
	put(p.listed(Nationality, partNationality, nationalities, true))
	put(p.rtrw())
	put(p.blood())
	put(p.validUntil())
	put(p.issueDate())
	for _, f := range Fields {
		out = append(out, p.finish(byField[f]))
	}
	doubtRows(out)
	return out, nikRead
}

// doubtRows doubts every value of the card's rows when two of those that have
// a fixed form lack it in plain sight: then rows were taken for their
// neighbours, and a village reads as a district as clearly as any.
func doubtRows(values []Value) {
	refused := 0
	for _, v := range values {
		switch v.Field {
		case Gender, RTRW, Religion, MaritalStatus, Nationality:
			if v.Raw != "" && (v.Value == nil || v.Field == RTRW && slices.Contains(v.Codes, FieldUncertain)) {
				refused++
			}
		}
	}
	if refused < 2 {
		return
	}
	for i := range values {
		v := &values[i]
		switch v.Field {
		case NIK, Province, Regency, IssuePlace, IssueDate:
		default:
			if v.Value != nil && !slices.Contains(v.Codes, FieldUncertain) {
				v.Codes = append(v.Codes, FieldUncertain)
				v.Confidence = v.capped(v.Confidence)
			}
		}
	}
}

// start makes a Value from a part's lines: their boxes joined, the raw text.
func (p *page) start(f Field, part part) (v Value, lines []line) {
	v.Field = f
	var raw []string
	for _, l := range p.find(part) {
		v.evidence.glare = max(v.evidence.glare, l.glare)
		if l.glare > glareLines {
			v.Codes = append(v.Codes, CardGlare)
		}
		if l.blank {
			continue
		}
		v.evidence.hidden = max(v.evidence.hidden, l.out.Hidden())
		lines = append(lines, l)
		if t := strings.TrimSpace(l.text.Text); t != "" {
			raw = append(raw, t)
		}
		v.Box = union(v.Box, pixels(l.box))
	}
	v.Raw = strings.Join(raw, "\n")
	if v.evidence.hidden >= printHidden {
		v.Codes = append(v.Codes, FieldHidden)
	}
	return v, lines
}

// finish caps the confidence under a reflection and names what is missing.
func (p *page) finish(v Value) Value {
	if v.Value == nil {
		v.Confidence, v.Characters = 0, nil
		switch {
		case v.Raw == "" && v.Box == Rect{}:
			v.Codes = append(v.Codes, FieldMissing)
		default:
			v.Codes = append(v.Codes, FieldUnreadable)
		}
	}
	for i, c := range v.Codes {
		if c == CardGlare {
			v.Codes = dropRepeats(v.Codes, i)
			break
		}
	}
	v.Confidence = v.capped(v.Confidence)
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
	return t.Trim(beforeText, l.afterText())
}

// asAddress reads an address, in which anything may stand.
func asAddress(l line) ocr.Text { return l.text.Trim(beforeText, l.afterText()) }

// afterText are the marks that do not belong to the end of a line. A comma does
// where the value goes on in the next: "ARDANA PARWATA," and "S.PD.".
func (l line) afterText() string {
	if l.continued {
		return strings.ReplaceAll(afterText, ",", "")
	}
	return afterText
}

// freeText joins the lines of a value as they were read, in the customary
// forms when there are any.
func (p *page) freeText(f Field, part part, read func(line) ocr.Text, forms func(string) []string) Value {
	v, lines := p.start(f, part)
	var words []string
	sum, n, share := 0.0, 0, 1.0
	for i, l := range lines {
		l.continued = i+1 < len(lines)
		t := read(l)
		if t.Text == "" {
			continue
		}
		if forms != nil {
			var before string
			if t, before = customary(l.out, t, forms); before != "" {
				v.Rule = RuleCustom
				v.evidence.corrected = true
				v.Alternatives = append(v.Alternatives, Alternative{Text: before, Confidence: shareOf(l.out, before)})
			}
		}
		words = append(words, strings.ToUpper(t.Text))
		sum += t.Confidence * float64(len(t.Chars))
		n += len(t.Chars)
		v.spelled(t)
		share *= shareOf(l.out, t.Text)
	}
	v.evidence.share = share
	if n > 0 && sum/float64(n) >= minReadable {
		text := strings.TrimRight(strings.Join(strings.Fields(strings.Join(words, " ")), " "), ", ")
		if part == partAddress {
			if mended := abbreviations.ReplaceAllString(text, "$1."); mended != text {
				text, v.Rule = mended, RulePattern
				v.evidence.corrected = true
			}
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
	free := lines[0].text.Trim(beforeText, afterText)
	c := choose(lines[0].out, nearest(list, strings.ToUpper(free.Text), maxWords), afterColon)
	v.Alternatives = c.others
	whole, ok := completed(lines[0].out.Visible(), list)
	if !ok && lines[0].glare > glareLines {
		whole, ok = underGlare(free.Text, list)
	}
	switch {
	case c.accepted:
		v.take(lines[0].out, c, strings.ToUpper(free.Text) != c.word)
		if !v.evidence.corrected {
			v.Confidence = max(c.confidence, free.Confidence)
		}
	case ok:
		// Only this word has the letters beside the covered ones.
		v.set(whole, maxUnderGlare)
		v.Rule, v.evidence.known, v.evidence.corrected = RuleListHidden, true, true
		if !slices.Contains(v.Codes, FieldHidden) {
			v.Codes = append(v.Codes, FieldHidden)
		}
	case c.word != "" && lines[0].glare <= glareLines && c.posterior > 0.99 && 3*distance(c.word, strings.ToUpper(free.Text)) <= len(c.word):
		// Most of the word was read and nothing else is near.
		v.take(lines[0].out, c, true)
		v.Confidence = min(free.Confidence, maxUncertain)
		v.Codes = append(v.Codes, FieldUncertain)
	case closed:
		v.Rule = RuleListReject
		if c.word != "" {
			v.Alternatives = append([]Alternative{{Text: c.word, Confidence: c.confidence}}, v.Alternatives...)
		}
	case free.Confidence >= minReadable:
		v.set(strings.ToUpper(free.Text), free.Confidence)
		v.respelled(free)
		v.evidence.share, v.evidence.unknown = shareOf(lines[0].out, free.Text), true
	}
	return v
}

// take sets the value to a word of a list.
func (v *Value) take(out *ocr.Output, c choice, corrected bool) {
	v.set(c.word, c.confidence)
	v.respelled(out.Align(c.form))
	v.evidence.share, v.evidence.known, v.evidence.unknown, v.evidence.corrected = c.confidence, true, false, corrected
	if v.Rule = ""; corrected {
		v.Rule = RuleList
	}
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
		if t, before := customary(l.out, head, placeForms); before != "" {
			head, place.Rule, place.evidence.corrected = t, RuleCustom, true
			place.Alternatives = append(place.Alternatives, Alternative{Text: before, Confidence: shareOf(l.out, before)})
		}
		place.set(strings.ToUpper(head.Text), head.Confidence)
		place.spelled(head)
		before := logAdd(math.Log(shareOf(l.out, head.Text)), math.Log(shareOf(l.out, l.text.Text)))
		for _, end := range []string{",", ", "} {
			before = logAdd(before, math.Log(shareOf(l.out, head.Text+end)))
		}
		place.evidence.share = math.Exp(min(before, 0))
		place.among(p.regions.places, l.out, func(w string) []string {
			return []string{w, w + ",", w + ", ", ":" + w + ",", ":" + w + ", ", w + ". "}
		})
	}
	if ok {
		date.Rule = RuleDate
		date.set(born.Format(isoDate), tail.Confidence)
		date.spelled(tail)
		date.evidence.share = shareOf(lines[0].out.From(stepOf(tail)-1), tail.Text)
	} else if cut < len(t.Chars) {
		born = doubtfulDate(&date, lines[0].out.From(t.Chars[cut].Step-1))
	}
	return place, date, born
}

// among corrects a value that stands in no list of such names to the name that
// the line supports nearly as well. The list is open: what is far from it
// stays as it was read.
func (v *Value) among(names []string, out *ocr.Output, printed func(word string) []string) {
	if v.Value == nil || len(names) == 0 {
		return
	}
	if slices.Contains(names, *v.Value) {
		v.evidence.known = true
		return
	}
	v.evidence.unknown = true
	c := choose(out, nearest(names, *v.Value, maxWords), printed)
	if c.accepted && distance(c.word, *v.Value) <= 1+len(c.word)/6 {
		before := Alternative{Text: *v.Value, Confidence: v.Confidence}
		v.take(out, c, true)
		v.Alternatives = append([]Alternative{before}, c.others...)
		v.Confidence = min(c.confidence, maxUncertain)
		v.Codes = append(v.Codes, FieldUncertain)
	}
}

// districtAndVillage reads both against the names that the table has for the
// regency in the NIK and the one in the header; people move, so names from
// elsewhere stay as read.
func (p *page) districtAndVillage(nik, regency Value) (district, village Value) {
	district, village = p.freeText(District, partDistrict, asName, nil), p.freeText(Village, partVillage, asName, nil)
	var regencies []string
	if nik.Value != nil {
		regencies = append(regencies, (*nik.Value)[:4])
	}
	if regency.Value != nil {
		regencies = append(regencies, p.regions.codes("", 4, *regency.Value)...)
	}
	var names []string
	for _, code := range regencies {
		names = append(names, p.regions.Within(code)...)
	}
	if lines := p.find(partDistrict); len(lines) > 0 {
		district.among(names, lines[0].out, afterColon)
	}
	if district.Value == nil {
		return district, village
	}
	names = nil
	for _, regency := range regencies {
		for _, code := range p.regions.codes(regency, 6, *district.Value) {
			names = append(names, p.regions.Within(code)...)
		}
	}
	if lines := p.find(partVillage); len(lines) > 0 {
		village.among(names, lines[0].out, afterColon)
	}
	return district, village
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
			v.evidence.share, v.evidence.corrected = share, true
			v.Codes = append(v.Codes, FieldUncertain)
			return date
		}
		return time.Time{}
	}
	return time.Time{}
}

// stepOf is where a text starts.
func stepOf(t ocr.Text) int {
	if len(t.Chars) == 0 {
		return 0
	}
	return t.Chars[0].Step
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
func (p *page) date(v Value, l line) Value {
	t := l.text.Trim(beforeText, afterText)
	if d, at, ok := findDate(t.Text); ok {
		t = t.Slice(charAt(t, at), len(t.Chars))
		v.Rule = RuleDate
		v.set(d.Format(isoDate), t.Confidence)
		v.spelled(t)
		v.evidence.share = shareOf(l.out.From(stepOf(t)-1), t.Text)
	}
	return v
}

func (p *page) issuePlace() Value {
	v := p.freeText(IssuePlace, partIssuePlace, asName, nil)
	if lines := p.find(partIssuePlace); len(lines) > 0 {
		v.among(p.regions.places, lines[0].out, afterColon)
	}
	return v
}

func (p *page) issueDate() Value {
	v, lines := p.start(IssueDate, partIssueDate)
	if len(lines) == 0 {
		return v
	}
	if v = p.date(v, lines[0]); v.Value == nil {
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
	if v = p.date(v, lines[0]); v.Value != nil {
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
	v.spelled(t)
	v.evidence.share = shareOf(lines[0].out, t.Text)
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
		v.evidence.share, v.evidence.corrected = math.Exp(min(numbers[0].LogProb, 0)), true
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
		t := lines[0].text.Slice(max(len(chars)-len(s), 0), len(chars))
		v.set(s, t.Confidence)
		v.spelled(t)
		v.evidence.share, v.evidence.corrected = t.Confidence, t.Text != s
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
	v.spelled(t)
	v.evidence.share = math.Exp(min(lines[0].out.LogProb(t.Text), 0))
	p.heading(&v, lines[0].out, p.regions.provinces, "PROVINSI ")
	return v
}

func (p *page) regency() Value {
	v := p.freeText(Regency, partRegency, asName, nil)
	if v.Box != (Rect{}) {
		p.heading(&v, p.find(partRegency)[0].out, p.regions.regencies, "")
	}
	return v
}

// heading holds a row of the card's header against the names that such rows
// have.
func (p *page) heading(v *Value, out *ocr.Output, names []string, before string) {
	read := ""
	if v.Value != nil {
		read = *v.Value
	}
	if contains(names, read) {
		v.evidence.known = true
		return
	}
	v.evidence.unknown = true
	c := choose(out, nearest(names, read, maxWords), func(w string) []string { return []string{before + w} })
	v.Alternatives = c.others
	if c.accepted {
		v.take(out, c, true)
	}
}
