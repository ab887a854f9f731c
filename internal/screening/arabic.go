package screening

import "strings"

// arabicForms are letters that write one letter: with hamza or madda, the
// Persian ones, and the last forms of a and t.
var arabicForms = strings.NewReplacer("أ", "ا", "إ", "ا", "آ", "ا", "ٱ", "ا", "ى", "ي", "ی", "ي", "ې", "ي", "ک", "ك", "ة", "ه", "ۀ", "ه", "ھ", "ه", "ہ", "ه", "ـ", "")

func isArabic(c rune) bool { return c >= 0x600 && c <= 0x6ff || c >= 0x750 && c <= 0x77f }

// latinize writes the words of a name in Arabic script in Latin letters: those
// of data/arabic.csv as they are spelled, others by their consonants.
func (r *rules) latinize(name string) string {
	if !strings.ContainsFunc(name, isArabic) {
		return name
	}
	var out strings.Builder
	written := arabicForms.Replace(strings.Map(func(c rune) rune {
		if c >= 0x64b && c <= 0x65f || c == 0x670 || c >= 0x200b && c <= 0x200f {
			return -1 // short vowels and joiners
		}
		return c
	}, name))
	written = strings.ReplaceAll(written, "عبد الله", "عبدالله")
	for word := range strings.FieldsFuncSeq(written, func(c rune) bool { return c != '.' && !isArabic(c) && c < 0x80 && !('a' <= c|0x20 && c|0x20 <= 'z') }) {
		out.WriteString(r.latinWord(word))
		out.WriteByte(' ')
	}
	return out.String()
}

// latinWord is latinize for one word in the forms that arabicForms gives.
func (r *rules) latinWord(word string) string {
	if latin, ok := r.arabic[word]; ok {
		return latin
	}
	const article, servant = "ال", "عبد"
	if rest, ok := strings.CutPrefix(word, servant+article); ok && rest != "" {
		return "abdul " + r.latinWord(rest)
	}
	if rest, ok := strings.CutPrefix(word, article); ok && len(rest) > 2 {
		return "al " + r.latinWord(rest)
	}
	var b strings.Builder
	for i, c := range word {
		latin, ok := r.letters[c]
		switch {
		case !isArabic(c):
			b.WriteRune(c)
		case !ok || i > 0 && (c == 'و' || c == 'ي'):
		default:
			b.WriteString(latin)
		}
	}
	return b.String()
}

// vowels are the bits of letters that a script of consonants leaves out.
const vowels = 1 | 1<<('e'-'a') | 1<<('i'-'a') | 1<<('o'-'a') | 1<<('u'-'a')

// bare tells a word without vowels, as Arabic script gives them.
func (w *word) bare() bool {
	return w.textMask&vowels == 0 && len(w.text) >= minBare && len(w.text) <= 2*maxBare
}

// Bounds of words that are compared by their consonants.
const (
	minBare = 3
	maxBare = 16
)

// consonants are those of a folded word that Arabic script writes; empty when
// they are too few to tell a word.
func consonants(folded string, buf *[maxBare]byte) []byte {
	out := buf[:0]
	for i := range len(folded) {
		c := folded[i]
		if isVowel(c) || c == 'w' && i > 0 || c == 'y' || len(out) > 0 && out[len(out)-1] == c || c == 'h' && i == len(folded)-1 {
			continue
		}
		if len(out) == len(buf) {
			break
		}
		out = append(out, c)
	}
	if len(out) < minBare {
		return nil
	}
	return out
}

// bareAlike compares a word without vowels with one that has them.
func bareAlike(a, b *word) float32 {
	var one, other [maxBare]byte
	if x, y := consonants(a.fold, &one), consonants(b.fold, &other); x != nil && string(x) == string(y) {
		return sameConsonants
	}
	return 0
}
