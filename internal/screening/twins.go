package screening

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// How telling a name must be, in natural-log units, for two entries to be taken
// for one person: when they give the same day of birth, and above the logarithm
// of a list's persons when one of its entries gives none (then two of them
// share such a name by chance in one list of 50).
const (
	twinInformation = 9
	twinMargin      = 4
)

// findTwins notes entries that publish the same person: a name in common, part
// for part, and the same day of birth; or, within a list, a telling name in
// common and no date of birth in one of them, which may add last names;
// Muhammad and the like aside. What one entry leaves out, its twin may give.
func (x *Index) findTwins() {
	type key struct {
		name        uint64
		entity      uint32
		information float32
		start       bool // only the first parts of a name
	}
	persons := map[uint32]int{} // by datasets
	for _, e := range x.entities {
		if e.person {
			persons[e.datasets]++
		}
	}
	var byName [256]chunks[key] // by the first byte of the name's key: short lists to sort
	add := func(k key) { byName[k.name>>56].add(k) }
	for _, n := range x.names {
		if !n.person || nameKinds[n.kind] == Weak {
			continue
		}
		parts := x.ownTokens(n)
		if name, information := x.wholeKey(parts); information >= twinInformation {
			add(key{name, n.entity, information, false})
		}
		if rare := x.withoutCommon(parts); len(rare) < len(parts) {
			if name, information := x.wholeKey(rare); information >= twinInformation {
				add(key{name, n.entity, information, false})
			}
		}
		for len(parts) > 2 && x.entities[n.entity].dateCount == 0 {
			parts = parts[:len(parts)-1]
			if name, information := x.wholeKey(parts); information >= twinInformation {
				add(key{name, n.entity, information, true})
			}
		}
	}
	x.twins = map[uint32][]uint32{}
	const most = 8 // entries under one name: more are namesakes
	for i := range byName {
		keys := byName[i].flat()
		slices.SortFunc(keys, func(a, b key) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.entity, b.entity)) })
		for i := 0; i < len(keys); {
			n := i + 1
			for n < len(keys) && keys[n].name == keys[i].name {
				n++
			}
			group := slices.CompactFunc(keys[i:n:n], func(a, b key) bool { return a.entity == b.entity })
			for j := range group[:min(len(group), most)] {
				for k := range j {
					a, b := group[j].entity, group[k].entity
					if group[j].start && group[k].start {
						continue
					}
					telling := float64(group[j].information) > math.Log(float64(persons[x.entities[a].datasets]))+twinMargin
					if x.same(a, b, telling) && !slices.Contains(x.twins[a], b) {
						x.twins[a], x.twins[b] = append(x.twins[a], b), append(x.twins[b], a)
					}
				}
			}
			i = n
		}
	}
}

// ownTokens are the parts of a name less small words, initials and titles that
// the name can do without.
func (x *Index) ownTokens(n nameRef) (out []nameToken) {
	names := 0
	for _, t := range x.tokens[n.first : n.first+uint32(n.count)] {
		if t.class != classParticle && t.class != classInitial {
			out = append(out, t)
		}
		if t.class == className || t.class == classSymbol {
			names++
		}
	}
	if names > 1 {
		out = slices.DeleteFunc(out, func(t nameToken) bool { return t.class == classHonour })
	}
	return out
}

// withoutCommon leaves Muhammad, Ahmad and Siti out.
func (x *Index) withoutCommon(parts []nameToken) []nameToken {
	const veryCommon = 3.3 // one person in 27
	return slices.DeleteFunc(slices.Clone(parts), func(t nameToken) bool {
		w := &x.words[t.word]
		return t.class == classSymbol && w.rarity < veryCommon && w.fold != servant
	})
}

// wholeKey is the same for the same parts in any order, with the information
// of these parts; fewer than two have none.
func (x *Index) wholeKey(parts []nameToken) (key uint64, information float32) {
	if len(parts) < 2 {
		return 0, 0
	}
	folds := make([]string, len(parts))
	for i, t := range parts {
		folds[i] = x.words[t.word].fold
		information += x.words[t.word].rarity
	}
	slices.Sort(folds)
	whole := strings.Join(folds, " ")
	return uint64(hash(whole, saltFold))<<32 | uint64(hash(whole, saltSkeleton)), information
}

// same tells entries under one name that give the same day of birth, or of one
// list where one gives none and the name is telling.
func (x *Index) same(a, b uint32, telling bool) bool {
	one, other := &x.entities[a], &x.entities[b]
	if one.gender > 0 && other.gender > 0 && one.gender != other.gender {
		return false
	}
	for _, d := range x.born(one) {
		if d.hasDay() && !d.placeholder() && slices.Contains(x.born(other), d) {
			return true
		}
	}
	return telling && (one.dateCount == 0) != (other.dateCount == 0) && one.datasets == other.datasets
}
