package screening

import (
	"math"
	"slices"
	"strings"
)

// Index is a set of lists made ready for searching. It never changes after
// Build and serves any number of searches at once; a caller that imports a new
// version builds another and swaps the pointer.
type Index struct {
	rules    *rules
	lists    []List // without their entities
	entities []Entity
	names    []nameRef
	tokens   []nameToken // of all names, one after another
	words    []word
	postings []uint32 // name numbers, grouped by word
	offsets  []uint32 // words+1 positions in postings
	keys     keyTable // spelling key → word
	joins    keyTable // key of adjacent parts written as one → name
	persons  int
	twins    map[uint32][]uint32 // entity → entries that are the same person
}

// nameRef is one name of one entity.
type nameRef struct {
	entity  uint32
	first   uint32 // in tokens
	count   uint8
	variant uint32 // which of the entity's names
}

// nameToken is a part of a listed name.
type nameToken struct {
	word   uint32
	class  class
	parent bool
}

// expectedPersons is how many persons the frequency table counts for against
// the lists' own counts.
const expectedPersons = 4000

// rareShare is the share of persons that have a name part which neither the
// lists nor the frequency table know.
const rareShare = 0.00008

// Build makes an index of lists. The work grows with the number of names.
func Build(lists []List) *Index {
	x := &Index{rules: defaultRules()}
	type occurrence struct{ word, name uint32 }
	var seen []occurrence
	var keys, joins keyTable
	ids := map[string]uint32{}
	var counts []uint32 // persons with the word
	var lastPerson []uint32
	intern := func(t token) uint32 {
		id, ok := ids[t.text]
		if !ok {
			id = uint32(len(x.words))
			text := strings.Clone(t.text)
			fold := strings.Clone(t.fold)
			ids[text] = id
			x.words = append(x.words, newWord(text, fold))
			counts, lastPerson = append(counts, 0), append(lastPerson, 0)
			eachKey(text, fold, func(k uint32) { keys.add(k, id) })
		}
		return id
	}
	for _, l := range lists {
		entities := l.Entities
		l.Entities = nil
		x.lists = append(x.lists, l)
		for _, e := range entities {
			number := uint32(len(x.entities))
			x.entities = append(x.entities, e)
			person := isPerson(e.Schema)
			if person {
				x.persons++
			}
			for variant, n := range e.Names {
				parts := x.rules.tokenize(n.Text)
				if len(parts) == 0 {
					continue
				}
				name := uint32(len(x.names))
				x.names = append(x.names, nameRef{number, uint32(len(x.tokens)), uint8(len(parts)), uint32(variant)})
				for i, t := range parts {
					id := intern(t)
					if person && lastPerson[id] != number+1 {
						lastPerson[id] = number + 1
						counts[id]++
					}
					x.tokens = append(x.tokens, nameToken{id, t.class, t.parent})
					seen = append(seen, occurrence{id, name})
					if i > 0 && (t.class == className || parts[i-1].class == className) {
						joins.addJoin(parts[i-1].fold+t.fold, name)
					}
				}
				if len(parts) > 2 {
					joins.addJoin(joinFolds(parts), name)
				}
			}
		}
	}
	// Rarity counts a sound, not a spelling: each spelling of a common name
	// is rare, the name is not.
	sounds := map[string]float64{}
	for i, w := range x.words {
		sounds[w.fold] += float64(counts[i])
	}
	for i := range x.words {
		x.words[i].rarity = x.rarity(x.words[i].fold, sounds[x.words[i].fold])
	}
	x.offsets = make([]uint32, len(x.words)+1)
	for _, o := range seen {
		x.offsets[o.word+1]++
	}
	for i := range x.words {
		x.offsets[i+1] += x.offsets[i]
	}
	x.postings = make([]uint32, len(seen))
	next := slices.Clone(x.offsets)
	for _, o := range seen {
		x.postings[next[o.word]] = o.name
		next[o.word]++
	}
	x.keys, x.joins = keys.sorted(), joins.sorted()
	x.findTwins()
	return x
}

// Lists tells what the index was built from; the entities are left out.
func (x *Index) Lists() []List { return slices.Clone(x.lists) }

// Len is the number of entities.
func (x *Index) Len() int { return len(x.entities) }

func isPerson(s Schema) bool { return s == Person || s == Unknown || s == "" }

// rarity is the information of a name part: the natural logarithm of one over
// the share of persons who have it (inverse document frequency), with the
// frequency table as the expectation that the lists' own counts refine.
func (x *Index) rarity(fold string, count float64) float32 {
	share, ok := x.rules.common[fold]
	if !ok {
		share = rareShare
	}
	expected := float64(expectedPersons)
	return float32(-math.Log((count + expected*share) / (float64(x.persons) + expected)))
}

// joinFolds is a name written as one word.
func joinFolds(parts []token) string {
	var b strings.Builder
	for _, t := range parts {
		b.WriteString(t.fold)
	}
	return b.String()
}

// keyTable finds numbers by 32-bit key: sorted pairs, 8 bytes each, of key and
// number. Keys may collide; what is found must be compared.
type keyTable []uint64

func (t *keyTable) add(key, number uint32) { *t = append(*t, uint64(key)<<32|uint64(number)) }

// addJoin adds the keys of parts written as one word.
func (t *keyTable) addJoin(fold string, name uint32) {
	if len(fold) < 5 {
		return
	}
	t.add(hash(undouble(fold), saltFold), name)
	if s := skeleton(fold); len(s) >= 4 {
		t.add(hash(s, saltSkeleton), name)
	}
}

func (t keyTable) sorted() keyTable {
	slices.Sort(t)
	return slices.Clip(slices.Compact(t))
}

// find calls yield with each number under a key.
func (t keyTable) find(key uint32, yield func(uint32)) {
	i, _ := slices.BinarySearch(t, uint64(key)<<32)
	for ; i < len(t) && uint32(t[i]>>32) == key; i++ {
		yield(uint32(t[i]))
	}
}

const (
	saltFold     = 2166136261 // FNV-1a's own offset basis
	saltSkeleton = 2166136261 ^ 0x5bd1e995
)

// hash is 32-bit FNV-1a (Fowler, Noll, Vo) from a salted start.
func hash(s string, salt uint32) uint32 {
	for i := range len(s) {
		salt = (salt ^ uint32(s[i])) * 16777619
	}
	return salt
}

func hashBytes(s []byte, salt uint32) uint32 {
	for _, c := range s {
		salt = (salt ^ uint32(c)) * 16777619
	}
	return salt
}

// undouble takes out a doubled letter where two words were put together.
func undouble(s string) string {
	for i := 1; i < len(s); i++ {
		if s[i] == s[i-1] {
			b := []byte(s[:i])
			for ; i < len(s); i++ {
				if s[i] != b[len(b)-1] {
					b = append(b, s[i])
				}
			}
			return string(b)
		}
	}
	return s
}

// eachKey gives the spelling keys of a word: its folded form and that form
// less any one letter (the deletion neighbourhood of SymSpell: two words one
// edit apart share a key), the same of the word as written where folding
// changed it, and its consonant skeleton. A key may come twice.
func eachKey(text, fold string, yield func(uint32)) {
	eachDeletion(fold, yield)
	if text != fold {
		eachDeletion(text, yield)
	}
	if s := skeleton(fold); len(s) >= 3 {
		yield(hash(s, saltSkeleton))
	}
}

func eachDeletion(s string, yield func(uint32)) {
	yield(hash(s, saltFold))
	var less [48]byte
	if len(s) < 4 || len(s) > len(less) {
		return
	}
	for i := range len(s) {
		if i > 0 && s[i] == s[i-1] {
			continue
		}
		n := copy(less[:], s[:i])
		n += copy(less[n:], s[i+1:])
		yield(hashBytes(less[:n], saltFold))
	}
}
