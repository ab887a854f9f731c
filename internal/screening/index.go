package screening

import (
	"math"
	"slices"
)

// Index is a set of lists made ready for searching. It never changes once
// built and serves any number of searches at once; a caller that imports a new
// version builds another and swaps the pointer.
//
// It keeps no pointers to what it was built from: texts lie one after another
// in one string, and what many entities share (topics, datasets, countries) is
// kept once. A million persons take about 500 MB.
type Index struct {
	rules    *rules
	lists    []List // without their entities
	texts    string
	entities []record
	sets     [][]string // shared lists of texts, by number; 0 is the empty one
	places   [][]place  // of each text of a set that names places, by its number
	dates    []PartialDate
	names    []nameRef
	brief    []uint8     // of each name, for the search through millions: its parts, and briefPerson
	tokens   []nameToken // of all names, one after another
	words    []word
	postings []uint32  // name numbers, grouped by word
	offsets  []uint32  // words+1 positions in postings
	keys     *keyTable // spelling key → word
	joins    *keyTable // key of adjacent parts written as one → name
	days     *keyTable // day of birth → first name of a person
	persons  int
	twins    map[uint32][]uint32 // entity → entries that are the same person
	scratch  chan *scratch       // at hand for searches
}

// span is a text in Index.texts.
type span struct{ from, length uint32 }

func (x *Index) text(s span) string { return x.texts[s.from : s.from+s.length] }

// record is an entity. Its sets are numbers in Index.sets.
type record struct {
	id, url                             span
	fingerprint                         uint64
	dates                               uint32 // the first in Index.dates
	dateCount                           uint8
	person                              bool
	gender                              uint8 // in genders
	places, countries, topics, datasets uint32
}

func (x *Index) born(e *record) []PartialDate {
	return x.dates[e.dates : e.dates+uint32(e.dateCount)]
}

// briefPerson marks names of persons in Index.brief.
const briefPerson = 0x80

// nameRef is one name of one entity.
type nameRef struct {
	entity uint32
	first  uint32 // in tokens
	text   span
	count  uint8
	kind   uint8 // in nameKinds
	person bool
}

// What records keep as numbers. A kind of name that is none of these counts as
// a primary one.
var (
	nameKinds = [...]NameKind{Primary, Alias, Weak}
	genders   = [...]Gender{"", Male, Female}
)

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

// keyTable finds numbers by 32-bit key: sorted pairs, 8 bytes each, of key and
// number, in one piece for each first byte of the key. Keys may collide; what
// is found must be compared.
type keyTable [256][]uint64

// keyList is a keyTable in the making.
type keyList [256]chunks[uint64]

func (l *keyList) put(key, number uint32) { l[key>>24].add(uint64(key)<<32 | uint64(number)) }

// addJoin adds the keys of parts written as one word.
func (l *keyList) addJoin(fold string, name uint32) {
	if len(fold) < 5 {
		return
	}
	l.put(hash(undouble(fold), saltFold), name)
	if s := skeleton(fold); len(s) >= 4 {
		l.put(hash(s, saltSkeleton), name)
	}
}

// sorted ends the making, piece by piece: to allocate and sort all in one go
// would let every search wait for the garbage collector.
func (l *keyList) sorted() *keyTable {
	var t keyTable
	for i := range l {
		pairs := l[i].flat()
		slices.Sort(pairs)
		t[i] = slices.Compact(pairs)
	}
	return &t
}

// find calls yield with each number under a key.
func (t *keyTable) find(key uint32, yield func(uint32)) {
	pairs := t[key>>24]
	i, _ := slices.BinarySearch(pairs, uint64(key)<<32)
	for ; i < len(pairs) && uint32(pairs[i]>>32) == key; i++ {
		yield(uint32(pairs[i]))
	}
}

const (
	saltFold     = 2166136261 // FNV-1a's own offset basis
	saltSkeleton = 2166136261 ^ 0x5bd1e995
	saltBare     = 2166136261 ^ 0x27d4eb2f
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
