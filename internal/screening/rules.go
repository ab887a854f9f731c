package screening

import (
	"cmp"
	"embed"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// The tables a linguist edits. Each file says at its head what it holds.
//
//go:embed data/*.csv
var dataFiles embed.FS

type titlePosition uint8

const (
	titlePrefix titlePosition = 1 << iota
	titleSuffix
	titleHonour
	titleGeneration
	titleBranch
	titleDegree   // no suffix without full stops or a comma
	titleInitials // letters of what stands before the name
)

// symbol is a very common name with its spellings.
type symbol struct {
	canonical string
	abbrev    bool // the spelling is a written abbreviation
}

type foldRule struct{ from, to, example, same string }

// rules are the tables of data/, ready for use. They never change.
type rules struct {
	titles     map[string]titlePosition
	symbols    map[string]symbol
	prefixes   []string // longest first
	whole      map[string]bool
	suffixes   map[string]string // grown-together end of a word → symbol
	particles  map[string]bool
	patronymic map[string]bool
	alias      map[string]bool   // words between two names of one person
	folding    [256][]foldRule   // by first letter, longest first
	spellings  map[string]string // another spelling → the name it is compared by
	confusion  [256][256]float32
	common     map[string]float64 // folded name part → share of persons
	country    map[string]string  // folded word of a place → ISO code
	codes      map[string]bool    // ISO codes in country
	arabic     map[string]string  // word in Arabic script → Latin
	letters    map[rune]string    // letter of it → Latin
}

// defaultRules are the embedded tables; a broken table is a fault of the build.
var defaultRules = sync.OnceValue(func() *rules {
	r, err := loadRules()
	if err != nil {
		panic(err)
	}
	return r
})

func loadRules() (*rules, error) {
	r := &rules{
		titles: map[string]titlePosition{}, symbols: map[string]symbol{}, whole: map[string]bool{}, suffixes: map[string]string{},
		particles: map[string]bool{}, patronymic: map[string]bool{}, alias: map[string]bool{}, common: map[string]float64{},
		spellings: map[string]string{}, country: map[string]string{}, codes: map[string]bool{}, arabic: map[string]string{}, letters: map[rune]string{},
	}
	for i := range r.confusion {
		for j := range r.confusion[i] {
			if i != j {
				r.confusion[i][j] = 1
			}
		}
	}
	positions := map[string]titlePosition{"prefix": titlePrefix, "suffix": titleSuffix, "honour": titleHonour, "generation": titleSuffix | titleGeneration,
		"branch": titleBranch, "degree": titleSuffix | titleDegree, "initials": titleInitials}
	type loader struct {
		file string
		add  func(row []string) error
	}
	loaders := []loader{
		{"titles", func(row []string) error {
			p, ok := positions[row[0]]
			if !ok {
				return fmt.Errorf("unknown position %q", row[0])
			}
			for _, t := range strings.Fields(row[1]) {
				r.titles[t] |= p
			}
			return nil
		}},
		{"folding", func(row []string) error {
			r.folding[row[0][0]] = append(r.folding[row[0][0]], foldRule{row[0], row[1], row[2], row[3]})
			return nil
		}},
		{"spellings", func(row []string) error {
			for _, w := range strings.Fields(row[2]) {
				if c := r.spellings[w]; c != "" {
					return fmt.Errorf("%s is already a spelling of %s", w, c)
				}
				r.spellings[w] = row[1]
			}
			return nil
		}},
		{"symbols", func(row []string) error {
			for _, v := range strings.Fields(row[2]) {
				switch row[1] {
				case "name", "abbrev":
					r.symbols[v] = symbol{row[0], row[1] == "abbrev"}
				case "prefix":
					r.prefixes = append(r.prefixes, v)
				case "whole":
					r.whole[v] = true
				case "suffix":
					r.suffixes[v] = row[0]
				default:
					return fmt.Errorf("unknown kind %q", row[1])
				}
			}
			return nil
		}},
		{"particles", func(row []string) error {
			for _, w := range strings.Fields(row[1]) {
				r.particles[w] = true
				switch row[0] {
				case "patronymic":
					r.patronymic[w] = true
				case "alias":
					r.alias[w] = true
				}
			}
			return nil
		}},
		{"confusions", func(row []string) error {
			cost, err := strconv.ParseFloat(row[2], 32)
			if err != nil {
				return err
			}
			a, b := row[0][0], row[1][0]
			r.confusion[a][b], r.confusion[b][a] = float32(cost), float32(cost)
			return nil
		}},
		{"frequencies", func(row []string) error {
			rate, err := strconv.ParseFloat(row[0], 64)
			if err != nil {
				return err
			}
			for _, w := range strings.Fields(row[2]) {
				f := r.sound(w)
				r.common[f] = max(r.common[f], rate/10000)
			}
			return nil
		}},
	}
	loaders = append(loaders, loader{"places", func(row []string) error {
		r.codes[row[0]] = true
		for _, w := range strings.Fields(row[1]) {
			f := r.fold(w)
			if c := r.country[f]; c != "" && c != row[0] {
				return fmt.Errorf("%s is already in %s", w, c)
			}
			r.country[f] = row[0]
		}
		return nil
	}})
	loaders = append(loaders, loader{"arabic", func(row []string) error {
		switch row[0] {
		case "word":
			r.arabic[arabicForms.Replace(row[1])] = row[2]
		case "letter":
			r.letters[[]rune(row[1])[0]] = row[2]
		default:
			return fmt.Errorf("unknown kind %q", row[0])
		}
		return nil
	}})
	for _, l := range loaders {
		if err := readTable("data/"+l.file+".csv", l.add); err != nil {
			return nil, err
		}
		if l.file != "folding" {
			continue
		}
		for i := range r.folding {
			slices.SortStableFunc(r.folding[i], func(a, b foldRule) int { return cmp.Compare(len(b.from), len(a.from)) })
		}
	}
	slices.SortFunc(r.prefixes, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return r, nil
}

func readTable(file string, add func(row []string) error) error {
	f, err := dataFiles.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	in := csv.NewReader(f)
	in.Comment = '#'
	if _, err := in.Read(); err != nil { // the header
		return fmt.Errorf("%s: %w", file, err)
	}
	for {
		row, err := in.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		line, _ := in.FieldPos(0)
		if err := add(row); err != nil {
			return fmt.Errorf("%s:%d: %w", file, line, err)
		}
	}
}

// fold rewrites a lower-case ASCII word so that spellings of one sound come
// out alike. It is stable: fold(fold(w)) has the same key as fold(w) for the
// spellings that the table names.
func (r *rules) fold(word string) string {
	out := make([]byte, 0, len(word))
	put := func(s string) {
		for i := range len(s) {
			if len(out) == 0 || out[len(out)-1] != s[i] {
				out = append(out, s[i])
			}
		}
	}
	undoubled := make([]byte, 0, len(word))
	for i := range len(word) {
		if i == 0 || word[i] != word[i-1] {
			undoubled = append(undoubled, word[i])
		} else if c := word[i]; c == 'o' || c == 'e' {
			undoubled = append(undoubled, c) // oo and ee are sounds of their own
		}
	}
	digitsOnly := strings.Trim(word, "0123456789") == ""
	for i := 0; i < len(undoubled); {
		c := undoubled[i]
		n := 0
		if !(digitsOnly && c <= '9') {
			for _, rule := range r.folding[c] {
				if len(rule.from) <= len(undoubled)-i && string(undoubled[i:i+len(rule.from)]) == rule.from {
					put(rule.to)
					n = len(rule.from)
					break
				}
			}
		}
		if n == 0 {
			put(string(undoubled[i : i+1]))
			n = 1
		}
		i += n
	}
	// A final h after a vowel is silent: Abdullah, Abdulla.
	if n := len(out); n > 3 && out[n-1] == 'h' && isVowel(out[n-2]) {
		out = out[:n-1]
	}
	return string(out)
}

// sound is fold for a part of a name, of which other spellings are known.
func (r *rules) sound(word string) string {
	if name, ok := r.spellings[word]; ok {
		word = name
	}
	return r.fold(word)
}

func isVowel(c byte) bool { return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' }

// skeleton keeps what survives most misspellings of a folded word: its
// consonants by sound class, and whether it begins with a vowel.
func skeleton(folded string) string {
	out := make([]byte, 0, len(folded))
	for i := range len(folded) {
		c := folded[i]
		switch c {
		case 'a', 'e', 'i', 'o', 'u':
			if i > 0 {
				continue
			}
			c = 'a'
		case 'h':
			continue
		case 'b', 'f', 'p', 'w':
			c = 'p'
		case 'd', 't':
			c = 't'
		case 'g', 'k', 'c':
			c = 'k'
		case 's', 'z', 'j':
			c = 's'
		case 'm', 'n':
			c = 'n'
		}
		if len(out) == 0 || out[len(out)-1] != c {
			out = append(out, c)
		}
	}
	return string(out)
}
