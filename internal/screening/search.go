package screening

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
)

// AlertScore is the score from which a hit is reported as an alert. None of the
// 698 persons of the labelled queries who are on no list (sets neg_global and
// neg_id together) alerts, with birth data or by name alone: a false-positive
// rate of 0% (Wilson 95%: to 0.55%). Measured on about 7,000 listed persons
// (OFAC, UN, Indonesian office holders) with "anycheck bench screening
// queries.csv".
const AlertScore = 0.5

// Bounds of one search.
const (
	maxCandidates = 96      // names that are aligned in full
	maxPostings   = 100_000 // list entries read before common parts stop adding names
	maxAlikeWords = 400     // spellings considered for one part
	maxBornOn     = 32      // names of persons born on the day asked about
	maxAliases    = 4       // names of the person asked about
)

// queryToken is a part of the name asked about, with the listed words near it.
type queryToken struct {
	token
	as   word // the part as if it were listed
	near []nearWord
}

type nearWord struct {
	id    uint32
	alike float32
}

// Search gives the entities that may be the person asked about, best first
// (among equals the Security Council's first, then by id); at most limit of them
// (0: ten). A name like "A alias B" is asked for as A and as B. The same index and
// query always give the same hits. It stops early, with no hits, when ctx ends.
func (x *Index) Search(ctx context.Context, q Query, limit int) []Hit {
	if limit <= 0 {
		limit = 10
	}
	if ctx.Err() != nil {
		return nil
	}
	s := x.borrow()
	defer x.giveBack(s)
	asked := x.rules.placeOf(q.Place)
	var names [][]queryToken
	for _, name := range x.rules.aliases(q.Name) {
		tokens := x.queryTokens(name)
		if len(tokens) == 0 || len(names) == maxAliases {
			continue
		}
		names = append(names, tokens)
		for _, c := range x.candidates(s, tokens, q.AllSchemas) {
			x.consider(s, names, q, asked, c.name, false)
		}
		s.forget()
		x.bornOn(q.BirthDate, func(name uint32) { x.consider(s, names, q, asked, name, true) })
	}
	if len(names) == 0 || ctx.Err() != nil {
		return nil
	}
	for i := range s.matches {
		s.order = append(s.order, &s.matches[i])
	}
	slices.SortFunc(s.order, func(a, b *match) int {
		if c := cmp.Compare(b.total, a.total); c != 0 {
			return c
		}
		one, other := &x.entities[x.names[a.name].entity], &x.entities[x.names[b.name].entity]
		return cmp.Or(cmp.Compare(x.precedence(one), x.precedence(other)), cmp.Compare(x.text(one.id), x.text(other.id)), cmp.Compare(a.name, b.name))
	})
	return x.hits(names, q, s.order, limit)
}

// consider scores a listed name against the last of the names asked about, and
// keeps it when it is its entity's best so far; one that must meet, only when a
// part of it met a part of the query.
func (x *Index) consider(s *scratch, names [][]queryToken, q Query, asked place, name uint32, mustMeet bool) {
	entity, last := x.names[name].entity, len(names)-1
	i := slices.Index(s.entities, entity)
	var f facts
	if i < 0 {
		f = x.facts(q, asked, entity)
	} else {
		f = s.matches[i].facts
	}
	m := x.score(names[last], f, name)
	switch m.of = last; {
	case mustMeet && m.pairCount == 0:
	case i < 0:
		s.entities, s.matches = append(s.entities, entity), append(s.matches, m)
	case m.better(&s.matches[i]):
		s.matches[i] = m
	}
}

// bornOn gives names of persons who are born on a day: it finds a person under
// a name that shares no more than a common part with the listed ones. The
// score of such a hit is low.
func (x *Index) bornOn(day PartialDate, yield func(name uint32)) {
	key, ok := day.key()
	if !ok {
		return
	}
	n := 0
	x.days.find(key, func(name uint32) {
		for entity := x.names[name].entity; int(name) < len(x.names) && x.names[name].entity == entity && n < maxBornOn; name++ {
			yield(name)
			n++
		}
	})
}

// precedence orders entries of equal score: the Security Council's list binds
// every country and others repeat it.
func (x *Index) precedence(e *record) int {
	if slices.Contains(x.sets[e.datasets], "un_sc") {
		return 0
	}
	return 1
}

// queryTokens prepares a name and finds the listed words near each part.
func (x *Index) queryTokens(name string) []queryToken {
	parts := x.rules.tokenize(name)
	out := make([]queryToken, len(parts))
	for i, t := range parts {
		out[i] = queryToken{token: t, as: newWord(t.text, t.fold)}
		q := &out[i]
		q.as.rarity = -1
		if t.class == classInitial {
			q.as.rarity = initialPoints
		} else {
			seen := map[uint32]bool{}
			look := func(key uint32) {
				x.keys.find(key, func(id uint32) {
					if seen[id] || len(q.near) >= maxAlikeWords {
						return
					}
					seen[id] = true
					if s := x.rules.alike(&q.as, &x.words[id]); s > 0 {
						q.near = append(q.near, nearWord{id, s})
						if s >= sameSound {
							q.as.rarity = x.words[id].rarity
						}
					}
				})
			}
			eachKey(t.text, t.fold, look)
			if q.as.bare() {
				var buf [maxBare]byte
				look(hashBytes(consonants(t.fold, &buf), saltBare))
			}
		}
		if q.as.rarity < 0 {
			q.as.rarity = x.rarity(t.fold, 0)
		}
	}
	return out
}

// scratch is what one search writes to; the next one uses it again. Among a
// million persons it is 10 MB, and whoever allocates those while a list is
// loaded pays for the collector's work with tens of milliseconds.
type scratch struct {
	points   []float32 // by name; 0 is not found
	found    []uint32  // the names with points
	most     []candidate
	entities []uint32 // the entities looked at
	matches  []match  // the best of each
	order    []*match // into matches
}

type candidate struct {
	name   uint32
	points float32
}

func (x *Index) newScratch() *scratch {
	s := &scratch{points: make([]float32, len(x.names)), found: make([]uint32, 0, min(len(x.names), maxPostings)), most: make([]candidate, 0, 4*maxCandidates),
		entities: make([]uint32, 0, maxCandidates+maxBornOn), matches: make([]match, 0, maxCandidates+maxBornOn)}
	// New memory becomes real page by page when it is first written to, which
	// no search should wait for.
	clear(s.points)
	clear(s.found[:cap(s.found)])
	return s
}

// borrow takes a scratch of those at hand. They wait in a channel, because the
// collector empties a sync.Pool just when allocating is dear.
func (x *Index) borrow() *scratch {
	select {
	case s := <-x.scratch:
		return s
	default:
		return x.newScratch()
	}
}

// forget takes back the points that a search for candidates has given.
func (s *scratch) forget() {
	for _, name := range s.found {
		s.points[name] = 0
	}
	s.found, s.most = s.found[:0], s.most[:0]
}

func (x *Index) giveBack(s *scratch) {
	s.forget()
	s.entities, s.matches, s.order = s.entities[:0], s.matches[:0], s.order[:0]
	select {
	case x.scratch <- s:
	default:
	}
}

// candidates gives the names that share most information with the query.
func (x *Index) candidates(t *scratch, tokens []queryToken, all bool) []candidate {
	add := func(name uint32, p float32, fresh bool) {
		if old := t.points[name]; old > 0 {
			t.points[name] = old + p
		} else if fresh && p > 0 && (all || x.brief[name]&briefPerson != 0) {
			t.points[name] = p
			t.found = append(t.found, name)
		}
	}
	// Rare parts first: once the budget is spent, common parts only raise
	// names that a rarer one has found.
	order := make([]int, len(tokens))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(tokens[b].as.rarity, tokens[a].as.rarity) })
	read := 0
	for _, i := range order {
		q := &tokens[i]
		if q.class == classParticle && len(tokens) > 1 {
			continue
		}
		for _, w := range q.near {
			gain := evidence(w.alike, q.as.rarity, x.words[w.id].rarity)
			if gain <= 0 {
				continue
			}
			names := x.postings[x.offsets[w.id]:x.offsets[w.id+1]]
			if fresh := read < maxPostings; fresh || len(names) < 4*len(t.found) {
				for _, name := range names {
					add(name, gain, fresh)
				}
			} else { // a very common part: look into the names found instead
				for _, name := range t.found {
					if x.has(name, w.id) {
						t.points[name] += gain
					}
				}
			}
			read += len(names)
		}
		if len(q.fold) >= 6 {
			x.eachJoin(q.fold, func(name uint32, share float32) { add(name, share*q.as.rarity, true) })
		}
	}
	// Parts that the query splits and the list does not.
	for i := 1; i < len(tokens); i++ {
		if tokens[i-1].class == classInitial || tokens[i].class == classInitial {
			continue
		}
		x.joinedWords(x.rules.fold(tokens[i-1].join()+tokens[i].join()), func(id uint32, alike float32) {
			for _, name := range x.postings[x.offsets[id]:x.offsets[id+1]] {
				add(name, evidence(alike, x.words[id].rarity, x.words[id].rarity), true)
			}
		})
	}
	if len(tokens) > 1 {
		var whole string
		var rarity float32
		for i := range tokens {
			whole += tokens[i].join()
			rarity += tokens[i].as.rarity
		}
		x.eachJoin(x.rules.fold(whole), func(name uint32, share float32) { add(name, share*rarity, true) })
	}
	return x.most(t)
}

// has tells that a listed name has a word.
func (x *Index) has(name, word uint32) bool {
	n := &x.names[name]
	return slices.ContainsFunc(x.tokens[n.first:n.first+uint32(n.count)], func(t nameToken) bool { return t.word == word })
}

// most gives the names with the most points, best first.
func (x *Index) most(t *scratch) []candidate {
	best := t.most
	least := float32(math.Inf(-1))
	cut := func() {
		slices.SortFunc(best, func(a, b candidate) int {
			return cmp.Or(cmp.Compare(b.points, a.points), cmp.Compare(a.name, b.name))
		})
		if len(best) >= maxCandidates {
			best = best[:maxCandidates]
			least = best[maxCandidates-1].points
		}
	}
	for _, name := range t.found {
		// Names with much that the query lacks are less likely.
		p := t.points[name] - 0.3*float32(x.brief[name]&^briefPerson)
		if p < least {
			continue
		}
		if best = append(best, candidate{name, p}); len(best) == cap(best) {
			cut()
		}
	}
	cut()
	return best
}

// eachJoin finds names of which adjacent parts, written as one, are the word;
// share is how sure that is before the letters are compared.
func (x *Index) eachJoin(fold string, yield func(name uint32, share float32)) {
	x.joins.find(hash(undouble(fold), saltFold), func(name uint32) { yield(name, 0.9) })
	if s := skeleton(fold); len(s) >= 4 {
		x.joins.find(hash(s, saltSkeleton), func(name uint32) { yield(name, 0.4) })
	}
}

// joinedWords finds listed words near two parts written as one.
func (x *Index) joinedWords(fold string, yield func(id uint32, alike float32)) {
	if len(fold) < 5 {
		return
	}
	fold = undouble(fold)
	mask := letters(fold)
	seen := map[uint32]bool{}
	eachKey(fold, fold, func(key uint32) {
		x.keys.find(key, func(id uint32) {
			if seen[id] {
				return
			}
			seen[id] = true
			w := &x.words[id]
			alike := float32(sameSound)
			if w.fold != fold {
				alike = x.rules.near(fold, w.fold, mask, w.mask)
			}
			if alike > 0 {
				yield(id, alike)
			}
		})
	})
}

// hits turns matches into what the caller sees. Entities that several lists
// publish under one id become one hit.
func (x *Index) hits(names [][]queryToken, q Query, matches []*match, limit int) []Hit {
	out := make([]Hit, 0, min(limit, len(matches)))
	at := map[string]int{}
	for _, m := range matches {
		ref := x.names[m.name]
		e := &x.entities[ref.entity]
		id, topics, datasets := x.text(e.id), x.sets[e.topics], x.sets[e.datasets]
		if i, ok := at[id]; ok {
			out[i].Datasets = union(out[i].Datasets, datasets)
			out[i].Topics = union(out[i].Topics, topics)
			continue
		}
		if len(out) == limit {
			break
		}
		at[id] = len(out)
		score := likelihood(m.total)
		out = append(out, Hit{
			EntityID: id, Name: x.text(ref.text), Score: score,
			Topics: union(nil, topics), Datasets: union(nil, datasets), URL: x.text(e.url),
			Fingerprint: strconv.FormatUint(e.fingerprint, 16),
			MatchedOn:   m.matchedOn(nameKinds[ref.kind]),
			Alert:       score >= AlertScore && !m.blocked,
			Explanation: x.explain(names[m.of], q, m),
		})
	}
	return out
}

func union(a, b []string) []string {
	out := append(make([]string, 0, len(a)+len(b)), a...)
	for _, s := range b {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// likelihood turns a total of points into a score of 0..1 (logistic), rounded
// so that it reads the same everywhere.
func likelihood(total float32) float64 {
	s := 1 / (1 + math.Exp(-(float64(total)-evenOdds)/pointsPerUnit))
	return math.Round(s*1e6) / 1e6
}
