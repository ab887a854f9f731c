package screening

import (
	"cmp"
	"math"
	"slices"
)

// The weights of the score. Points are natural-log likelihood ratios in the
// manner of Fellegi and Sunter (1969): a part of a name that agrees is worth
// its rarity; a part that one side lacks or that contradicts takes away. They
// were set by what the terms mean, then together by a search, one by one, for
// more recall at few false positives on the development queries and pairs and
// on queries made by rule (seed 1); none knows a name.
const (
	// What agreement of a name can add at most: beyond it, more agreeing
	// parts say little, because parts of a name are not independent.
	nameBound = 13.0
	// Both sides have a part the other lacks: another name.
	conflictShare = 2.0
	conflictFloor = 3.5
	// Only one side has more parts: names are shortened, but seldom by the
	// first, by which a person is called.
	extraQueryShare  = 0.28
	extraListedShare = 0.25
	firstMissing     = 1.3
	commonShare      = 0.38 // of that, for Muhammad and the like, and for parents' names
	penaltyBound     = 7.0  // of one part's rarity, in penalties
	// Each side has a parent or a common name that the other lacks.
	parentConflict = 0.8
	symbolConflict = 2.5
	mixedConflict  = 4.5 // a common name where the other has a rare one
	otherInitial   = 3.3 // an initial where the other has another
	onlyParent     = 3.0 // nothing but parents' names agrees
	crossedParent  = 4.0 // a parent's name on one side is the person's on the other
	// Parts in another order: family names are written first, but a part of a
	// name in another order is mostly another name.
	orderWhole     = 1.0
	orderPart      = 2.0
	wholeName      = 1.25 // neither side has a part that met nothing
	sameName       = 1.0  // and every part is written alike, small words too
	initialPoints  = 1.6  // an initial that agrees: one letter in 26, often the wrong one
	genderAgrees   = 0.5
	genderDiffers  = -5.0
	placeAgrees    = 2.0
	countryAgrees  = 0.7
	placeDiffers   = -2.0 // born in another country
	countryDiffers = -1.0 // citizen of another country
	weakAlias      = -3.0 // a nickname that no other fact supports
	twinDate       = 18.0 // at most against, from the date of birth that another entry of the person gives
	twinDoubt      = 0.5  // less sure than a date of its own
	onePart        = -3.3 // one part of a name, without a date of birth
	undated        = -3.0 // of either, where the list has no date to hold against the one asked about
	// evenOdds is the total at which a match is as likely as not; pointsPerUnit
	// softens totals into odds. Fitted by likelihood on the first hits of the
	// development queries, half of them of listed persons, they are 7 and 1.8
	// with birth data and 5 and 1.5 without. The points on top stand for a
	// stream in which about one person in ten is listed.
	evenOdds      = 9.5
	pointsPerUnit = 1.7
	// rarePart is from where one part alone may alert.
	rarePart = 8.3
)

// pair is a part of the query that met a part of the listed name.
type pair struct {
	q, l   int // first tokens
	qn, ln int // how many on each side were written as one
	alike  float32
	points float32
}

// facts are the points of what is known of a person besides the name; 0 is
// not known.
type facts struct {
	date, gender, place float32
	asked               bool   // a day of birth was asked about
	twin                uint32 // the entry whose date of birth this is, plus 1
}

// match is a scored name.
type match struct {
	name       uint32
	of         int // which of the names asked about
	total      float32
	namePoints float32
	facts
	same      bool // written alike to the last letter
	whole     bool // neither side has a part that carries the name and met nothing
	blocked   bool // a rule asks for a further agreeing fact
	rule      string
	pairs     [maxTokens]pair
	pairCount int
}

func (m *match) better(o *match) bool {
	return m.total > o.total || m.total == o.total && m.name < o.name
}

func (m *match) matchedOn(kind NameKind) []string {
	out := make([]string, 1, 4)
	switch kind {
	case Alias:
		out[0] = "alias"
	case Weak:
		out[0] = "weak_alias"
	default:
		out[0] = "name"
	}
	if m.date > 0 {
		out = append(out, "birth_date")
	}
	if m.gender > 0 {
		out = append(out, "gender")
	}
	if m.place > 0 {
		out = append(out, "birth_place")
	}
	return out
}

// score compares the query with one listed name and its entity's facts.
func (x *Index) score(tokens []queryToken, f facts, name uint32) match {
	ref := x.names[name]
	listed := x.tokens[ref.first : ref.first+uint32(ref.count)]
	m := match{name: name, facts: f}
	x.align(&m, tokens, listed)
	m.namePoints = x.sumName(&m, tokens, listed)
	m.total = m.namePoints + m.date + m.gender + m.place
	x.applyRules(&m, tokens, listed, nameKinds[ref.kind], f.asked)
	return m
}

// rest is what one side of a comparison has that met nothing, in rarity.
type rest struct {
	name, parent, symbol, initial float32
	first                         bool // the first part of the name is among it
}

func (r *rest) add(c class, parent bool, rarity float32, met bool) {
	rarity = min(rarity, penaltyBound)
	switch {
	case c == classParticle || c == classHonour:
	case c == classInitial:
		r.initial += initialPoints
	case parent:
		r.parent += rarity
	case c == classSymbol:
		r.symbol += rarity
	default:
		r.first = r.first || !met
		r.name += rarity
	}
}

// sumName adds what agrees and takes off what one side lacks.
func (x *Index) sumName(m *match, tokens []queryToken, listed []nameToken) float32 {
	var usedQ, usedL [maxTokens]bool
	var sum, against float32
	parts := 0
	same := len(tokens) == len(listed) && m.pairCount == len(tokens)
	for _, p := range m.pairs[:m.pairCount] {
		if p.points < 0 {
			against += p.points
		} else {
			sum += p.points
			parts += max(p.qn, p.ln)
		}
		same = same && p.alike == 1
		for k := range p.qn {
			usedQ[p.q+k] = true
		}
		for k := range p.ln {
			usedL[p.l+k] = true
		}
	}
	var q, l rest
	met := false
	for i := range tokens {
		if met = met || usedQ[i]; !usedQ[i] {
			q.add(tokens[i].class, tokens[i].parent, tokens[i].as.rarity, met)
		}
	}
	met = false
	for j := range listed {
		if met = met || usedL[j]; !usedL[j] {
			l.add(listed[j].class, listed[j].parent, x.words[listed[j].word].rarity, met)
		}
	}
	whole := q.name+l.name == 0 && against == 0
	m.whole = whole && (q.symbol == 0 || l.symbol == 0)
	if whole && parts > 1 {
		sum += wholeName
	}
	// What agrees is bounded before what contradicts is taken off: one part
	// that differs counts in a long name as in a short one.
	if sum > 0 {
		sum = nameBound * float32(math.Tanh(float64(sum/nameBound)))
	}
	if m.same = same; same {
		sum += sameName
	}
	if m.reordered(tokens, listed) {
		if sum -= orderWhole; !whole {
			sum -= orderPart
		}
	}
	if m.onlyParents(tokens, listed) {
		sum -= onlyParent
	}
	return sum + against - m.crossed(tokens, listed) - contradiction(q, l)
}

// crossed is the cost of parents' names that met a person's own where both
// names tell whose child the person is.
func (m *match) crossed(tokens []queryToken, listed []nameToken) (cost float32) {
	if !slices.ContainsFunc(tokens, func(t queryToken) bool { return t.parent }) || !slices.ContainsFunc(listed, func(t nameToken) bool { return t.parent }) {
		return 0
	}
	for _, p := range m.pairs[:m.pairCount] {
		if tokens[p.q].parent != listed[p.l].parent && tokens[p.q].class != classParticle {
			cost += crossedParent
		}
	}
	return cost
}

// onlyParents tells that nothing of the person's own name met, only what names
// the parents on one side.
func (m *match) onlyParents(tokens []queryToken, listed []nameToken) bool {
	for _, p := range m.pairs[:m.pairCount] {
		if tokens[p.q].class != classParticle && !tokens[p.q].parent && !listed[p.l].parent {
			return false
		}
	}
	return m.pairCount > 0
}

// contradiction is what is taken off for what each side lacks of the other.
func contradiction(q, l rest) (cost float32) {
	conflict := min(q.name, l.name)
	switch {
	case conflict > 0:
		cost += conflictShare*conflict + conflictFloor
	case q.first || l.first:
		cost += firstMissing
	}
	cost += extraQueryShare*(q.name-conflict) + extraListedShare*(l.name-conflict)
	parents := min(q.parent, l.parent)
	cost += parentConflict * parents
	if q.symbol > 0 && l.symbol > 0 {
		cost += symbolConflict
	}
	if conflict == 0 && (q.name > 0 && l.symbol > q.symbol || l.name > 0 && q.symbol > l.symbol) {
		cost += mixedConflict
	}
	if q.initial > 0 && l.initial+l.name > 0 || l.initial > 0 && q.name > 0 {
		cost += otherInitial
	}
	return cost + commonShare*(extraQueryShare*(q.parent+q.symbol+q.initial)+extraListedShare*(l.parent+l.symbol+l.initial))
}

// reordered tells that parts which carry the name met in another order.
func (m *match) reordered(tokens []queryToken, listed []nameToken) bool {
	for i, p := range m.pairs[:m.pairCount] {
		for _, o := range m.pairs[:i] {
			if (p.q < o.q) != (p.l < o.l) && own(tokens, listed, p) && own(tokens, listed, o) {
				return true
			}
		}
	}
	return false
}

// own tells a pair of a person's own names.
func own(tokens []queryToken, listed []nameToken, p pair) bool {
	return !tokens[p.q].parent && !listed[p.l].parent && tokens[p.q].class != classParticle && tokens[p.q].class != classHonour
}

// facts compares what is known of the person besides the name; asked are the
// words of the place asked about.
func (x *Index) facts(q Query, asked place, number uint32) (f facts) {
	e := &x.entities[number]
	born, sex := x.born(e), genders[e.gender]
	for _, t := range x.twins[number] {
		twin := &x.entities[t]
		if len(born) == 0 && twin.dateCount > 0 {
			born, f.twin = x.born(twin), t+1
		}
		sex = cmp.Or(sex, genders[twin.gender])
	}
	f.asked = q.BirthDate.hasDay()
	if !q.BirthDate.IsZero() && len(born) > 0 {
		f.date = float32(math.Inf(-1))
		for _, d := range born {
			p, _ := compareDates(q.BirthDate, d)
			f.date = max(f.date, float32(p))
		}
		if f.twin > 0 {
			f.date = max(f.date, -twinDate) - twinDoubt
		}
	}
	if q.Gender != "" && sex != "" {
		f.gender = genderAgrees
		if q.Gender != sex {
			f.gender = genderDiffers
		}
	}
	if len(asked.words) > 0 {
		f.place = comparePlaces(asked, x.places[e.places], x.places[e.countries])
	}
	return f
}

// applyRules adds what no sum of points can say.
func (x *Index) applyRules(m *match, tokens []queryToken, listed []nameToken, kind NameKind, dated bool) {
	// What of the listed name the query met, not counting parts that say little.
	parts, exact, alike := 0, true, true
	var rarity float32
	for _, p := range m.pairs[:m.pairCount] {
		if p.points < 0 {
			exact = false
			continue
		}
		c := tokens[p.q].class
		l := listed[p.l].class
		if p.qn+p.ln > 2 {
			parts += max(p.qn, p.ln)
			continue
		}
		if m.same && c == classInitial { // written alike: another M. is rare
			parts++
		} else if c == className && l == className {
			parts++
			rarity = max(rarity, p.points)
			exact = exact && p.alike >= sameSound
			alike = alike && p.alike == 1
		} else if c == classHonour && l == classHonour && p.points > initialPoints {
			parts++ // Agung, Said: also names
		} else if (c == classSymbol || l == classSymbol) && x.words[listed[p.l].word].fold != servant {
			parts++
		}
	}
	if parts < 2 && m.date < dateInSpan {
		whole := m.whole && exact && parts > 0
		alone := ownParts(tokens) == 1 && ownListed(listed) == 1
		switch {
		case !whole, !alone && !alike: // Abdul with another spelling is mostly another person
			m.total += onePart
		case !alone:
			m.total += onePart / 2
		case rarity >= rarePart:
			m.total += wholeName
		}
		if !whole || !alone || rarity < rarePart {
			m.blocked, m.rule = true, "one part of a name needs an agreeing date of birth"
		}
	}
	if kind == Weak && m.date < dateInSpan && m.place < placeAgrees {
		m.total += weakAlias
		m.blocked, m.rule = true, "a weak alias needs a second agreeing fact"
	}
	if m.blocked && dated && m.date == 0 {
		m.total += undated
	}
}

// servant is the folded "servant of": with the part after it, it is one name.
const servant = "abdul"

// ownParts counts the parts of a query that are its person's own: no small
// words, no titles and no parent's name.
func ownParts(tokens []queryToken) (n int) {
	for _, t := range tokens {
		if t.class != classParticle && t.class != classHonour && !t.parent {
			n++
		}
	}
	return n
}

func ownListed(listed []nameToken) (n int) {
	for _, t := range listed {
		if t.class != classParticle && t.class != classHonour && !t.parent {
			n++
		}
	}
	return n
}
