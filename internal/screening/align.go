package screening

import (
	"math/bits"
	"strings"
)

// What a likeness that is not the same takes off: another spelling of a sound
// is a matter of taste; a slip is made by one writer in ten or by one in a
// thousand, by its size.
const (
	soundCost = 0.3
	slipCost  = 2.0  // at likeness 0.95
	slipSlope = 40.0 // for each further 1.0
	// joinedDoubt is taken off for a slip in parts written as one.
	joinedDoubt = 2.7
	// rareWord is the rarity of a word that no list has.
	rareWord = 9.0
	// nearDoubt is taken off for two names that are alike where each is common:
	// mostly two persons.
	nearDoubt = 4.0
)

// evidence is what two parts that are alike are worth, with their rarities: a
// slip of a common name gives a rare word, so that a rare word near a common
// name speaks for it nearly as the name itself; two common names that are near
// are two names.
func evidence(alike, one, other float32) float32 {
	common, rare := min(one, other), max(one, other)
	if alike == 1 {
		return common
	}
	if alike < sameSound {
		common = min(common, rare-slipCost-slipSlope*(0.95-alike))
	}
	return common - soundCost
}

// align pairs the parts greedily, the most telling pair first, and then tries
// parts written as one. Names are short: greedy is the best pairing but for
// contrived cases.
func (x *Index) align(m *match, tokens []queryToken, listed []nameToken) {
	var sim [maxTokens][maxTokens]float32
	var usedQ, usedL [maxTokens]bool
	for i := range tokens {
		for j, l := range listed {
			sim[i][j] = x.tokenAlike(&tokens[i], l)
		}
	}
	worth := func(i, j int) float32 {
		w := &x.words[listed[j].word]
		if tokens[i].class == classInitial || listed[j].class == classInitial {
			if tokens[i].class == listed[j].class {
				return initialPoints + 0.4
			}
			return initialPoints
		}
		if tokens[i].class == classParticle && listed[j].class == classParticle {
			return 0.01
		}
		if tokens[i].class == classParticle {
			return initialPoints
		}
		if sim[i][j] == abbreviated {
			return min(initialPoints*float32(len(tokens[i].text)), w.rarity)
		}
		return evidence(sim[i][j], tokens[i].as.rarity, w.rarity)
	}
	m.alignJoined(x, tokens, listed, &sim, &usedQ, &usedL)
	var against [maxTokens][maxTokens]float32 // what speaks against two words that are alike
	for m.pairCount < maxTokens {
		best := pair{q: -1}
		var bestPoints float32
		for i := range tokens {
			for j := range listed {
				if usedQ[i] || usedL[j] || sim[i][j] == 0 {
					continue
				}
				p := worth(i, j)
				if p <= 0 {
					sim[i][j], against[i][j] = 0, p-nearDoubt
					continue
				}
				// Among equals, parts in the same order.
				order := p - 0.001*float32(max(i-j, j-i))
				if best.q < 0 || order > bestPoints {
					best, bestPoints = pair{i, j, 1, 1, sim[i][j], p}, order
				}
			}
		}
		if best.q < 0 {
			break
		}
		usedQ[best.q], usedL[best.l] = true, true
		m.pairs[m.pairCount] = best
		m.pairCount++
	}
	// Names that are near are less against each other than any two names.
	for i := range tokens {
		for j := range listed {
			if against[i][j] < 0 && !usedQ[i] && !usedL[j] && tokens[i].class == className && listed[j].class == className && m.pairCount > 0 {
				usedQ[i], usedL[j] = true, true
				m.pairs[m.pairCount] = pair{i, j, 1, 1, leastAlike, against[i][j]}
				m.pairCount++
			}
		}
	}
}

// tokenAlike compares a part of the query with a part of a listed name.
func (x *Index) tokenAlike(t *queryToken, l nameToken) float32 {
	w := &x.words[l.word]
	// B. between two names is bin, or an initial where one fits.
	if t.class == classParticle && len(t.text) == 1 && x.rules.patronymic[t.text] && l.class != classParticle && l.class != classInitial && t.text[0] == w.text[0] {
		return 1
	}
	if t.class == classInitial || l.class == classInitial {
		if t.class == classParticle || l.class == classParticle || t.text[0] != w.text[0] && t.fold[0] != w.fold[0] {
			return 0
		}
		return 1
	}
	if (t.class == classParticle) != (l.class == classParticle) {
		return 0
	}
	alike := x.rules.alike(&t.as, w)
	if t.short && alike < abbreviated && len(t.text) < len(w.text) && strings.HasPrefix(w.text, t.text) {
		return abbreviated
	}
	return alike
}

// abbreviated is the likeness of a part to its beginning with a full stop; no
// spelling is as like as just this.
const abbreviated = 0.751

// alignJoined pairs a part on one side with two or three adjacent parts that
// the other side writes apart, where no single part is as like.
func (m *match) alignJoined(x *Index, tokens []queryToken, listed []nameToken, sim *[maxTokens][maxTokens]float32, usedQ, usedL *[maxTokens]bool) {
	for i := range tokens {
		t := &tokens[i]
		best := pair{qn: 1}
		for j := range listed {
			w := &x.words[listed[j].word]
			worth, length, mask := w.rarity, len(w.text), w.mask
			for n := 2; n <= 3 && j+n <= len(listed); n++ {
				w = &x.words[listed[j+n-1].word]
				worth, length, mask = worth+w.rarity, length+len(w.text), mask|w.mask
				if anyUsed(usedL[j:j+n]) || usedQ[i] || length > len(t.text)+joinSlack {
					break
				}
				if !mayJoin(length, len(t.text), mask, t.as.mask) {
					continue
				}
				joined := x.join(listed[j]) + x.join(listed[j+1])
				if n == 3 {
					joined += x.join(listed[j+2])
				}
				s := x.joinedAlike(t.fold, t.as.mask, joined)
				if joinsTo(t.text, n, func(k int) string { return x.words[listed[j+k].word].text }) {
					s = sameSound
				}
				if s < 0.85 || s <= maxOf(sim[i][j:j+n]) || s <= best.alike {
					continue
				}
				best = pair{i, j, 1, n, s, joinedEvidence(s, worth)}
			}
		}
		m.take(best, usedQ, usedL)
	}
	for j := range listed {
		w := &x.words[listed[j].word]
		best := pair{ln: 1}
		for i := range tokens {
			length, mask := len(tokens[i].text), tokens[i].as.mask
			for n := 2; n <= 3 && i+n <= len(tokens); n++ {
				length, mask = length+len(tokens[i+n-1].text), mask|tokens[i+n-1].as.mask
				if anyUsed(usedQ[i:i+n]) || usedL[j] || length > len(w.text)+joinSlack {
					break
				}
				if !mayJoin(length, len(w.text), mask, w.mask) {
					continue
				}
				joined := tokens[i].join() + tokens[i+1].join()
				if n == 3 {
					joined += tokens[i+2].join()
				}
				s := x.joinedAlike(w.fold, w.mask, joined)
				if joinsTo(w.text, n, func(k int) string { return tokens[i+k].text }) {
					s = sameSound
				}
				var single float32
				for k := i; k < i+n; k++ {
					single = max(single, sim[k][j])
				}
				if s < 0.85 || s <= single || s <= best.alike {
					continue
				}
				best = pair{i, j, n, 1, s, joinedEvidence(s, w.rarity)}
			}
		}
		m.take(best, usedQ, usedL)
	}
}

// joinsTo tells that n parts written as one are a word to the letter, as of a
// symbol, which folds to another.
func joinsTo(word string, n int, part func(int) string) bool {
	for k := range n {
		rest, ok := strings.CutPrefix(word, part(k))
		if !ok {
			return false
		}
		word = rest
	}
	return word == ""
}

// joinSlack is by how many letters parts written as one may be longer or
// shorter: one of them may be a spelling of a common name.
const joinSlack = 3

// mayJoin is a cheap bound on the likeness of parts written as one with a
// word, from their lengths and letters.
func mayJoin(length, word int, letters, wordLetters uint32) bool {
	return length >= 4 && length+joinSlack >= word && (bits.OnesCount32(letters^wordLetters) <= 5 || wordLetters&vowels == 0)
}

// join is token.join for a part of a listed name.
func (x *Index) join(t nameToken) string {
	if t.class == classSymbol {
		return x.words[t.word].fold
	}
	return x.words[t.word].text
}

// joinedEvidence is evidence for parts written as one: chance finds more words
// that are near two parts than near one.
func joinedEvidence(alike, rarity float32) float32 {
	if alike < sameSound {
		return evidence(alike, rarity, max(rarity, rareWord)) - joinedDoubt
	}
	return evidence(alike, rarity, rarity)
}

func (m *match) take(p pair, usedQ, usedL *[maxTokens]bool) {
	if p.points <= 0 {
		return
	}
	for k := range p.qn {
		usedQ[p.q+k] = true
	}
	for k := range p.ln {
		usedL[p.l+k] = true
	}
	m.pairs[m.pairCount] = p
	m.pairCount++
}

func (x *Index) joinedAlike(fold string, mask uint32, joined string) float32 {
	joined = undouble(x.rules.fold(joined))
	if joined == fold {
		return sameSound
	}
	if mask&vowels == 0 {
		var one, other [maxBare]byte
		if c := consonants(fold, &one); c != nil && string(c) == string(consonants(joined, &other)) {
			return sameConsonants
		}
	}
	return x.rules.near(fold, joined, mask, letters(joined))
}

func anyUsed(used []bool) bool {
	for _, u := range used {
		if u {
			return true
		}
	}
	return false
}

func maxOf(values []float32) (most float32) {
	for _, v := range values {
		most = max(most, v)
	}
	return most
}
