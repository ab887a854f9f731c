package screening

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
)

// Builder makes an Index of entities that come one by one, so that a list
// never has to lie in memory as a whole.
type Builder struct {
	x          *Index
	texts      chunks[byte]
	entities   chunks[record]
	dates      chunks[PartialDate]
	names      chunks[nameRef]
	tokens     chunks[nameToken]
	words      chunks[word]
	keys       keyList
	joins      keyList
	sets       map[string]uint32 // joined texts → number
	ids        map[string]uint32 // spelling → word
	counts     []uint32          // persons who have the word
	lastPerson []uint32          // who had it last, plus 1
}

// errFull tells that the texts of an index have outgrown their 32-bit places.
var errFull = errors.New("the lists hold more than 4 GB of names")

// NewBuilder gives an empty builder.
func NewBuilder() *Builder {
	return &Builder{x: &Index{rules: defaultRules(), sets: [][]string{nil}, places: [][]place{nil}}, sets: map[string]uint32{}, ids: map[string]uint32{}}
}

// Build makes an index of lists that lie in memory.
func Build(lists []List) *Index {
	b := NewBuilder()
	for _, l := range lists {
		b.List(l)
		for i := range l.Entities {
			if err := b.Add(&l.Entities[i], Fingerprint(&l.Entities[i])); err != nil {
				panic(err) // more texts than lists in memory are for
			}
		}
	}
	return b.Index()
}

// List notes a list that is searched; its entities come by Add.
func (b *Builder) List(l List) {
	l.Entities = nil
	b.x.lists = append(b.x.lists, l)
}

// Add takes an entity and its fingerprint in; it keeps nothing of e. The error tells that the
// index is full.
func (b *Builder) Add(e *Entity, fingerprint uint64) error {
	x := b.x
	number := uint32(b.entities.n)
	r := record{
		id: b.text(e.ID), url: b.text(e.URL), fingerprint: fingerprint, dates: uint32(b.dates.n), gender: uint8(max(0, slices.Index(genders[:], e.Gender))),
		person: isPerson(e.Schema), countries: b.placeSet(e.Countries), topics: b.set(e.Topics), datasets: b.set(e.Datasets), places: b.placeSet(e.Places),
	}
	r.dateCount = uint8(min(len(e.BirthDates), math.MaxUint8))
	for _, d := range e.BirthDates[:r.dateCount] {
		b.dates.add(d)
	}
	b.entities.add(r)
	if r.person {
		x.persons++
	}
	for _, n := range e.Names {
		text := b.text(n.Text)
		for _, one := range x.rules.aliases(n.Text) {
			b.name(number, r.person, n.Kind, text, x.rules.tokenize(one))
		}
	}
	if b.texts.n > math.MaxUint32-maxEntityText {
		return errFull
	}
	return nil
}

// name adds a name of an entity, shown as text.
func (b *Builder) name(entity uint32, person bool, kind NameKind, text span, parts []token) {
	if len(parts) == 0 {
		return
	}
	name := uint32(b.names.n)
	b.names.add(nameRef{entity, uint32(b.tokens.n), text, uint8(len(parts)), uint8(max(0, slices.Index(nameKinds[:], kind))), person})
	for i, t := range parts {
		id := b.word(t)
		if person && b.lastPerson[id] != entity+1 {
			b.lastPerson[id] = entity + 1
			b.counts[id]++
		}
		b.tokens.add(nameToken{id, t.class, t.parent})
		if i > 0 && (t.class == className || parts[i-1].class == className) {
			b.joins.addJoin(b.x.rules.fold(parts[i-1].join()+t.join()), name)
		}
	}
	if len(parts) > 2 {
		var whole strings.Builder
		for _, t := range parts {
			whole.WriteString(t.join())
		}
		b.joins.addJoin(b.x.rules.fold(whole.String()), name)
	}
}

// maxEntityText is more than the texts of one entity can be: its names are
// cut where they are read.
const maxEntityText = 64 << 20

func (b *Builder) text(s string) span {
	from := b.texts.n
	for i := range len(s) {
		b.texts.add(s[i])
	}
	return span{uint32(from), uint32(len(s))}
}

// set gives the number of a list of texts that entities may share.
func (b *Builder) set(values []string) uint32 {
	if len(values) == 0 {
		return 0
	}
	key := strings.Join(values, "\x00")
	n, ok := b.sets[key]
	if !ok {
		n = uint32(len(b.x.sets))
		b.sets[key] = n
		b.x.sets = append(b.x.sets, strings.Split(key, "\x00"))
		b.x.places = append(b.x.places, nil)
	}
	return n
}

// placeSet is set for texts that name places.
func (b *Builder) placeSet(values []string) uint32 {
	n := b.set(values)
	if n > 0 && b.x.places[n] == nil {
		places := make([]place, len(values))
		for i, v := range values {
			places[i] = b.x.rules.placeOf(v)
		}
		b.x.places[n] = places
	}
	return n
}

func (b *Builder) word(t token) uint32 {
	id, ok := b.ids[t.text]
	if !ok {
		id = uint32(b.words.n)
		text, fold := strings.Clone(t.text), strings.Clone(t.fold)
		b.ids[text] = id
		b.words.add(newWord(text, fold))
		b.counts, b.lastPerson = append(b.counts, 0), append(b.lastPerson, 0)
		eachKey(text, fold, func(k uint32) { b.keys.put(k, id) })
		var buf [maxBare]byte
		if c := consonants(fold, &buf); c != nil {
			b.keys.put(hashBytes(c, saltBare), id)
		}
	}
	return id
}

// Index finishes the work. The builder must not be used afterwards.
func (b *Builder) Index() *Index {
	x := b.x
	x.entities, x.dates, x.names, x.tokens, x.words = b.entities.flat(), b.dates.flat(), b.names.flat(), b.tokens.flat(), b.words.flat()
	var texts strings.Builder
	texts.Grow(b.texts.n)
	b.texts.each(func(part []byte) { texts.Write(part) })
	x.texts = texts.String()
	// Rarity counts a sound, not a spelling: each spelling of a common name
	// is rare, the name is not.
	sounds := map[string]float64{}
	for i, w := range x.words {
		sounds[w.fold] += float64(b.counts[i])
	}
	for i := range x.words {
		x.words[i].rarity = x.rarity(x.words[i].fold, sounds[x.words[i].fold])
	}
	x.offsets = make([]uint32, len(x.words)+1)
	for _, t := range x.tokens {
		x.offsets[t.word+1]++
	}
	for i := range x.words {
		x.offsets[i+1] += x.offsets[i]
	}
	x.postings = make([]uint32, len(x.tokens))
	next := slices.Clone(x.offsets)
	x.brief = make([]uint8, len(x.names))
	var days keyList
	for name, n := range x.names {
		if n.person && (name == 0 || x.names[name-1].entity != n.entity) {
			for _, d := range x.born(&x.entities[n.entity]) {
				if key, ok := d.key(); ok {
					days.put(key, uint32(name))
				}
			}
		}
		if x.brief[name] = n.count; n.person {
			x.brief[name] |= briefPerson
		}
		for _, t := range x.tokens[n.first : n.first+uint32(n.count)] {
			x.postings[next[t.word]] = uint32(name)
			next[t.word]++
		}
	}
	b.ids, b.sets = nil, nil
	x.keys, x.joins, x.days = b.keys.sorted(), b.joins.sorted(), days.sorted()
	x.findTwins()
	x.scratch = make(chan *scratch, 2*runtime.GOMAXPROCS(0))
	for range cap(x.scratch) / 2 {
		x.giveBack(x.newScratch())
	}
	*b = Builder{}
	return x
}

// Fingerprint changes when anything that the list says of an entity does.
func Fingerprint(e *Entity) uint64 {
	data, err := json.Marshal(e)
	if err != nil {
		return 0 // an entity has nothing that cannot be written
	}
	return FingerprintJSON(data)
}

// FingerprintJSON is Fingerprint of an entity that json.Marshal has written:
// the start of the SHA-256.
func FingerprintJSON(data []byte) uint64 {
	sum := sha256.Sum256(data)
	return binary.BigEndian.Uint64(sum[:])
}
