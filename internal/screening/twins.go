package screening

import (
	"cmp"
	"slices"
	"strings"
)

// twinInformation is how telling a name must be, in natural-log units, for two
// entries of one list to be taken for one person when one of them has no date
// of birth: with a million entries, two persons share it once in 2,000 lists.
const twinInformation = 14

// findTwins notes entries that publish the same person: a name in common, part
// for part, and the same day of birth; or, within a list, a telling name in
// common and no date of birth in one of them. What one entry leaves out, its
// twin may give.
func (x *Index) findTwins() {
	type key struct {
		name   uint64
		entity uint32
	}
	var keys []key
	for _, n := range x.names {
		if !n.person || nameKinds[n.kind] == Weak {
			continue
		}
		if name, ok := x.wholeKey(n); ok {
			keys = append(keys, key{name, n.entity})
		}
	}
	slices.SortFunc(keys, func(a, b key) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.entity, b.entity)) })
	x.twins = map[uint32][]uint32{}
	const most = 8 // entries under one name: more are namesakes
	for i := 0; i < len(keys); {
		n := i + 1
		for n < len(keys) && keys[n].name == keys[i].name {
			n++
		}
		group := slices.CompactFunc(keys[i:n:n], func(a, b key) bool { return a.entity == b.entity })
		for j := range group[:min(len(group), most)] {
			for k := range j {
				a, b := group[j].entity, group[k].entity
				if x.same(a, b) && !slices.Contains(x.twins[a], b) {
					x.twins[a], x.twins[b] = append(x.twins[a], b), append(x.twins[b], a)
				}
			}
		}
		i = n
	}
}

// wholeKey is the same for names of the same parts in any order; a name of
// fewer than two parts or too little information has none.
func (x *Index) wholeKey(n nameRef) (uint64, bool) {
	var folds []string
	var information float32
	for _, t := range x.tokens[n.first : n.first+uint32(n.count)] {
		if t.class == classInitial {
			return 0, false
		}
		if t.class != classParticle {
			folds = append(folds, x.words[t.word].fold)
			information += x.words[t.word].rarity
		}
	}
	if len(folds) < 2 || information < twinInformation {
		return 0, false
	}
	slices.Sort(folds)
	whole := strings.Join(folds, " ")
	return uint64(hash(whole, saltFold))<<32 | uint64(hash(whole, saltSkeleton)), true
}

func (x *Index) same(a, b uint32) bool {
	one, other := &x.entities[a], &x.entities[b]
	if one.gender > 0 && other.gender > 0 && one.gender != other.gender {
		return false
	}
	for _, d := range x.born(one) {
		if d.hasDay() && !d.placeholder() && slices.Contains(x.born(other), d) {
			return true
		}
	}
	return (one.dateCount == 0) != (other.dateCount == 0) && one.datasets == other.datasets
}
