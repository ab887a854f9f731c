package screening

import (
	"slices"
	"strings"
	"unicode"

	"github.com/mozillazg/go-unidecode"
	"golang.org/x/text/unicode/norm"
)

// class is what part of a name a token is.
type class uint8

const (
	className     class = iota
	classSymbol         // a very common name that people shorten or leave out
	classInitial        // one letter
	classHonour         // a title that may be a name
	classParticle       // al, bin, de: carries nothing
)

// token is one part of a name.
type token struct {
	text   string // lower case, without marks
	fold   string
	class  class
	parent bool // follows bin or binti: a parent's name
	short  bool // ends in a full stop: the beginning of a longer one, as Ign.
}

// join is what a part is when it is written as one with another: folding may
// cross the seam.
func (t *token) join() string {
	if t.class == classSymbol {
		return t.fold
	}
	return t.text
}

// maxTokens bounds the work on one name; longer ones are cut.
const maxTokens = 12

// maxShort is the length of an abbreviation of a name, in letters.
const maxShort = 4

// maxNameBytes bounds what is read of one name.
const maxNameBytes = 400

// plain are letters that have no decomposition.
var plain = map[rune]string{
	'ø': "o", 'ł': "l", 'ß': "ss", 'æ': "ae", 'œ': "oe", 'đ': "d", 'ð': "d", 'þ': "th", 'ı': "i", 'ħ': "h",
}

// spell lowers a name, takes off marks and joins what apostrophes part.
// Full stops and commas stay; every other sign becomes a space.
func spell(name string) string {
	if len(name) > maxNameBytes {
		name = strings.ToValidUTF8(name[:maxNameBytes], "")
	}
	var b strings.Builder
	b.Grow(len(name))
	for _, c := range norm.NFKD.String(name) {
		c = unicode.ToLower(c)
		switch {
		case c < 0x80 && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '.' || c == ','):
			b.WriteRune(c)
		case c == '\'' || c == '`' || c == '\u00b4' || c == '\u2018' || c == '\u2019' || c == '\u201b' || c == '\u02bb' || c == '\u02bc' || c == '\u02bf' || c == '\u02be':
		case unicode.Is(unicode.Mn, c):
		case plain[c] != "":
			b.WriteString(plain[c])
		case c >= 0x80 && (unicode.IsLetter(c) || unicode.IsDigit(c)):
			latin(&b, c)
		case c == ';':
			b.WriteByte(',')
		default:
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// latin writes a letter of another script in Latin ones, as far as a letter
// alone tells: good for Cyrillic, Greek, Georgian or Kana, poor for scripts
// that leave vowels out.
func latin(b *strings.Builder, c rune) {
	written := false
	for _, l := range strings.ToLower(unidecode.Unidecode(string(c))) {
		if l >= 'a' && l <= 'z' || l >= '0' && l <= '9' {
			b.WriteRune(l)
			written = true
		}
	}
	if unicode.Is(unicode.Han, c) && written {
		b.WriteByte(' ') // a syllable
	}
}

// piece is a word before its class is known.
type piece struct {
	text   string
	dotted bool
	pos    titlePosition // 0 when it is no title
}

// tokenize takes titles and degrees off a name and classes what remains.
func (r *rules) tokenize(name string) []token {
	var words []piece
	segments := strings.Split(spell(r.latinize(withoutNotes(name))), ",")
	for i, segment := range segments {
		// A comma for a full stop: M,Si and S,H.
		if i > 0 && i+1 < len(segments) {
			first, _, _ := strings.Cut(strings.TrimSpace(segments[i+1]), " ")
			if letter := strings.Trim(segment, " ."); len(letter) == 1 && r.titles[letter+strings.Trim(first, ".")]&titleSuffix != 0 {
				break
			}
		}
		pieces := r.pieces(segment, i == 0)
		if len(pieces) == 0 || i == 0 && len(segments) > 1 && len(pieces) == 1 && pieces[0].pos&titlePrefix != 0 {
			continue // "Hj, Given name"
		}
		// What follows degrees between commas are degrees, known or not.
		if i > 0 && len(words) > 0 && degreesBegin(pieces) {
			break
		}
		pieces = withoutTitles(pieces, len(words) > 0)
		pieces = withoutDegrees(pieces, i > 0 && len(words) > 0, len(words))
		words = append(pieces[:len(pieces):len(pieces)], words...) // Family name, given name: as it is spoken
	}
	return r.classify(words)
}

// aliases gives the names that a text holds, mostly one: "A alias B", "A a.k.a. B".
func (r *rules) aliases(text string) (names []string) {
	from, at := 0, 0
	for word := range strings.FieldsSeq(text) {
		start := at + strings.Index(text[at:], word)
		if at = start + len(word); !r.isAlias(word) || strings.TrimSpace(text[from:start]) == "" || strings.TrimSpace(text[at:]) == "" {
			continue
		}
		names, from = append(names, text[from:start]), at
	}
	return append(names, text[from:])
}

func (r *rules) isAlias(word string) bool {
	if len(word) > len("a.k.a.:") {
		return false
	}
	var letters [8]byte
	n := 0
	for i := range len(word) {
		if c := word[i]; c != '.' && c != ':' {
			letters[n] = c | 0x20 // lower case
			n++
		}
	}
	return r.alias[string(letters[:n])]
}

// degreesBegin tells that what follows a comma are degrees: all of it, or one
// with full stops or two in a row at its beginning. "Family, Ma Given" is a
// name.
func degreesBegin(pieces []piece) bool {
	n := 0
	for n < len(pieces) && pieces[n].pos&titleSuffix != 0 && pieces[n].pos&titleGeneration == 0 {
		n++
	}
	return n == len(pieces) || n > 1 || n == 1 && pieces[0].dotted && len(pieces[0].text) > 1 && pieces[0].pos&titlePrefix == 0
}

// withoutTitles takes off what stands before a name, also in "Family name, Dr.
// Given name".
func withoutTitles(pieces []piece, more bool) []piece {
	for n := 0; len(pieces) > 0 && (more || len(pieces) > 1); n++ {
		if pos := pieces[0].pos; pos&titlePrefix == 0 && (pos&titleBranch == 0 || n == 0) {
			break
		}
		pieces = pieces[1:]
	}
	return pieces
}

// withoutDegrees takes off what stands after a name: the tail of known degrees
// as long as a name of two parts remains (Ma and Se are also names), and from
// the first degree with full stops on, if only degrees and unknown words with
// full stops follow.
func withoutDegrees(pieces []piece, comma bool, before int) []piece {
	for n := len(pieces); n > 0 && pieces[n-1].pos&titleSuffix != 0; n-- {
		if !comma && n <= 2 && !pieces[n-1].dotted || before+n <= 1 {
			break
		}
		pieces = pieces[:n-1]
	}
	for n := 1; n < len(pieces); n++ {
		rest := pieces[n:]
		if p := rest[0]; p.pos&titleSuffix != 0 && p.dotted && len(p.text) > 1 && !slices.ContainsFunc(rest, func(p piece) bool { return p.pos&titleSuffix == 0 && !p.dotted }) {
			return pieces[:n]
		}
	}
	return pieces
}

// withoutNotes leaves out what stands in brackets where it is no part of the
// name: the name in another script, or a note, which begins with a small
// letter where names do not.
func withoutNotes(name string) string {
	open := strings.IndexByte(name, '(')
	if open <= 0 {
		return name
	}
	length := strings.IndexByte(name[open:], ')')
	if length < 0 {
		return name
	}
	inside, outside := name[open+1:open+length], name[:open]+" "+name[open+length+1:]
	first := strings.IndexFunc(inside, unicode.IsLetter)
	if first < 0 || !strings.ContainsFunc(outside, unicode.IsLetter) {
		return name
	}
	c := []rune(inside[first:])[0]
	latin := func(c rune) bool { return unicode.Is(unicode.Latin, c) }
	if !latin(c) && strings.ContainsFunc(outside, latin) || unicode.IsLower(c) && strings.ContainsFunc(outside, unicode.IsUpper) {
		return withoutNotes(outside)
	}
	return name
}

// pieces splits a segment between commas into words and reads "S.H.", "M. Si",
// "Drs.H." and "M.Si" as titles. first tells the segment that begins the name,
// where a lone initial is no degree.
func (r *rules) pieces(segment string, first bool) []piece {
	var out []piece
	for chunk := range strings.FieldsSeq(segment) {
		joined := strings.ReplaceAll(chunk, ".", "")
		if n := len(out); n > 1 || n == 1 && !first {
			if last := out[n-1]; last.dotted && len(last.text) == 1 && r.titles[last.text+joined]&titleSuffix != 0 {
				out[n-1] = piece{last.text + joined, true, titleSuffix}
				continue
			}
		}
		pos := r.titles[joined]
		if pos&titleInitials != 0 && first && len(out) == 0 && strings.TrimSpace(segment) != chunk {
			for i := range len(joined) {
				out = append(out, piece{joined[i : i+1], true, 0})
			}
			continue
		}
		if joined == chunk {
			if first && pos&titleDegree != 0 {
				pos &^= titleSuffix | titleDegree
			}
			out = append(out, piece{chunk, false, pos})
			continue
		}
		if pos != 0 && (len(joined) < len(chunk)-1 || len(out) > 0 || !first || pos&titlePrefix != 0) {
			out = append(out, piece{joined, true, pos})
			continue
		}
		if before, after, _ := strings.Cut(chunk, "."); !first && len(joined) > 2 && len(before) < 3 && after != "" && r.titles[before]&titlePrefix == 0 {
			out = append(out, piece{joined, true, titleSuffix}) // a degree that the table lacks
			continue
		}
		for part := range strings.SplitSeq(chunk, ".") {
			if part != "" {
				out = append(out, piece{part, true, r.titles[part]})
			}
		}
	}
	return out
}

// classify gives the words of a name their classes and canonical spellings.
func (r *rules) classify(words []piece) []token {
	out := make([]token, 0, len(words)+2)
	parent := false
	for i, w := range words {
		if len(out) >= maxTokens {
			break
		}
		t := token{text: w.text, parent: parent, short: w.dotted && len(w.text) > 1 && len(w.text) <= maxShort}
		s, isSymbol := r.symbols[w.text]
		switch {
		case r.patronymic[w.text] && i > 0 && i < len(words)-1:
			t.class, parent = classParticle, true
			t.parent = true
		case isSymbol && !(s.abbrev && len(words) == 1):
			t.class, t.fold = classSymbol, r.fold(s.canonical)
		case r.particles[w.text] && len(words) > 1 && !(len(w.text) == 1 && (w.dotted || i == 0 && r.patronymic[w.text])):
			t.class = classParticle
		case w.pos&titleHonour != 0 && i < len(words)-1 && i < 3:
			t.class = classHonour
		case len(w.text) == 1:
			t.class = classInitial
		}
		if t.fold == "" {
			t.fold = r.sound(t.text)
		}
		out = append(out, r.apart(t)...)
	}
	return out[:min(len(out), maxTokens)]
}

// apart splits what has grown together round a servant-of name:
// abdurrahman into abdul and rahman, abdullahsaid into abdullah and said,
// mahfudzabdurrahman into three; and a son or daughter at the end:
// sukarnoputra into sukarno and putra.
func (r *rules) apart(t token) []token {
	if t.class != className || r.whole[t.text] {
		return []token{t}
	}
	part := func(text string) token { return token{text: text, fold: r.sound(text), parent: t.parent} }
	for _, p := range r.prefixes {
		at := strings.Index(t.text, p)
		if at < 0 || at > 0 && (at < 3 || len(p) < 4) {
			continue
		}
		var out []token
		if at > 0 {
			out = append(out, part(t.text[:at]))
		}
		word := t.text[at:]
		for n := len(word); n >= 7; n-- {
			if r.whole[word[:n]] && (n == len(word) || n+3 <= len(word)) {
				out = append(out, part(word[:n]))
				if n < len(word) {
					out = append(out, part(word[n:]))
				}
				return out
			}
		}
		rest := word[len(p):]
		if len(rest) > 1 && rest[0] == rest[1] {
			rest = rest[1:]
		}
		if len(rest) < 3 || isVowel(p[len(p)-1]) && !strings.ContainsRune("rsndzt", rune(rest[0])) {
			continue
		}
		servant := part("abdul")
		servant.class = classSymbol
		return append(out, servant, part(rest))
	}
	for _, length := range []int{5, 6} { // putra, putera
		if n := len(t.text) - length; n >= 5 {
			if symbol, ok := r.suffixes[t.text[n:]]; ok {
				child := part(t.text[n:])
				child.class, child.fold = classSymbol, r.fold(symbol)
				return []token{part(t.text[:n]), child}
			}
		}
	}
	return []token{t}
}

// letters is a bit for each letter of a word: a cheap bound on its edits.
func letters(word string) (mask uint32) {
	for i := range len(word) {
		if c := word[i]; c >= 'a' && c <= 'z' {
			mask |= 1 << (c - 'a')
		} else {
			mask |= 1 << (26 + c%6)
		}
	}
	return mask
}

// readScripts are those of which names come out in Latin letters as they are
// said. Of others the vowels are lost, and mostly nothing is left.
var readScripts = []*unicode.RangeTable{unicode.Latin, unicode.Arabic, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Georgian,
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Common}

// Searchable tells whether a name has a part that can be found: one that is
// more than an initial, a particle, a title or a number, in a script that is
// read. A search for any other name has no hits to speak of, which says nothing
// of the person.
func Searchable(name string) bool {
	r := defaultRules()
	read := strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) && !unicode.In(c, readScripts...) {
			return ' '
		}
		return c
	}, name)
	return slices.ContainsFunc(r.tokenize(read), func(t token) bool {
		title := r.titles[t.text]&titlePrefix != 0 && t.class != classHonour
		return t.class != classInitial && t.class != classParticle && !title && strings.ContainsFunc(t.text, unicode.IsLetter)
	})
}
