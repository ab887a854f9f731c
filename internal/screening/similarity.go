package screening

import (
	"math/bits"
	"strings"
)

// word is a spelling that occurs in names.
type word struct {
	text, fold     string
	textMask, mask uint32  // letters of text and fold
	rarity         float32 // natural-log information, see Index.rarity
}

func newWord(text, fold string) word {
	return word{text: text, fold: fold, textMask: letters(text), mask: letters(fold)}
}

// How alike two words are: 1 for the same letters, sameSound for spellings of
// one sound, else by edits. Words below leastAlike are strangers.
const (
	sameSound  = 0.97
	shortForm  = 0.81 // the beginning or the end of a name, by which a person is called
	leastAlike = 0.74
	// sameConsonants is of a word in Arabic script, which leaves the vowels out.
	sameConsonants = 0.88
)

// alike compares two words: 0, or leastAlike..1.
func (r *rules) alike(a, b *word) float32 {
	if a.text == b.text {
		return 1
	}
	if a.fold == b.fold {
		return sameSound
	}
	if a.bare() != b.bare() {
		return bareAlike(a, b)
	}
	if shortened(a.fold, b.fold) || shortened(b.fold, a.fold) {
		return shortForm
	}
	s := r.near(a.fold, b.fold, a.mask, b.mask)
	// A slip inside a digraph (lakahl for lakhal) shows before folding.
	if a.text != a.fold || b.text != b.fold {
		s = max(s, r.near(a.text, b.text, a.textMask, b.textMask))
	}
	return s
}

// shortened tells that a word is the beginning or the end of a longer one, at
// least half of it.
func shortened(short, long string) bool {
	return len(short) >= 4 && len(short)+2 <= len(long) && 2*len(short) >= len(long) && (strings.HasPrefix(long, short) || strings.HasSuffix(long, short))
}

// near compares two folded words by edits: 0, or leastAlike..0.95.
func (r *rules) near(a, b string, maskA, maskB uint32) float32 {
	n := max(len(a), len(b))
	if min(len(a), len(b)) < 2 {
		return 0
	}
	most := float32(n) * (1 - leastAlike)
	// Every letter that only one of them has needs an edit; one exchange
	// settles two.
	if d := bits.OnesCount32(maskA ^ maskB); float32(d) > 2*most/leastConfusion || float32(n-min(len(a), len(b))) > most {
		return 0
	}
	cost := r.edits(a, b, most)
	if cost > most {
		return 0
	}
	return min(1-cost/float32(n), 0.95)
}

// leastConfusion is the cheapest exchange in data/confusions.csv.
const leastConfusion = 0.4

// edits is the optimal-string-alignment distance (Damerau 1964) with the
// exchange costs of data/confusions.csv. It gives up above most.
func (r *rules) edits(a, b string, most float32) float32 {
	const longest = 32
	if len(a) > longest || len(b) > longest {
		a, b = a[:min(len(a), longest)], b[:min(len(b), longest)]
	}
	var rows [3][longest + 1]float32
	before, last, now := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		last[j] = float32(j)
	}
	for i := 1; i <= len(a); i++ {
		now[0] = float32(i)
		least := now[0]
		confusion := &r.confusion[a[i-1]]
		for j := 1; j <= len(b); j++ {
			d := last[j-1] + confusion[b[j-1]]
			d = min(d, last[j]+1, now[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] && a[i-1] != b[j-1] {
				d = min(d, before[j-2]+1)
			}
			now[j] = d
			least = min(least, d)
		}
		if least > most {
			return most + 1
		}
		before, last, now = last, now, before
	}
	return last[len(b)]
}
