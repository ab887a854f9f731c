package screening

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"
)

// made marks the sets that Variants makes; they are no part of the overall
// figures.
const made = "made_"

// variant is a way to ask for a listed person. rewrite gives nothing when the
// person's name does not lend itself.
type variant struct {
	set, category string
	indonesian    bool // only for persons of Indonesia
	rewrite       func(v *writer, q *Query) bool
}

// variantsOf is how many queries Variants makes of one kind.
const variantsOf = 120

// Variants makes labelled queries from lists by rule: spellings of names as
// cards, letters and offices write them, dates of birth with one slip, and
// persons who are not listed (sets made_negative, made_homonym, made_gender,
// made_recombined). The same seed gives the same queries. They check that rules hold
// beyond the queries they were mended on.
func Variants(lists []List, seed uint64) (out []LabelledQuery) {
	var all []*Entity
	names := map[string][]string{} // folded whole name → ids
	for _, l := range lists {
		for i := range l.Entities {
			if e := &l.Entities[i]; e.Schema == Person {
				all = append(all, e)
				for _, n := range e.Names {
					names[wholeOf(n.Text)] = append(names[wholeOf(n.Text)], e.ID)
				}
			}
		}
	}
	add := func(set, category string, q Query, expected ...string) {
		out = append(out, LabelledQuery{ID: fmt.Sprintf("%s%s-%s-%d", made, set, category, len(out)), Set: made + set, Category: category, Query: q, Expected: expected})
	}
	for _, k := range variants {
		h := fnv.New64a()
		h.Write([]byte(k.set + k.category))
		v := &writer{rand.New(rand.NewPCG(seed, h.Sum64())), all}
		n := 0
		for _, i := range v.Perm(len(all)) {
			e := all[i]
			q := Query{Name: e.Names[0].Text, Gender: e.Gender}
			if len(e.BirthDates) == 1 {
				q.BirthDate = e.BirthDates[0]
			}
			if len(e.Places) > 0 {
				q.Place = e.Places[0]
			}
			if n == variantsOf {
				break
			}
			if k.indonesian && !ofIndonesia(e) || e.Names[0].Kind == Weak || !latinName(q.Name) || !k.rewrite(v, &q) {
				continue
			}
			n++
			if strings.HasPrefix(k.set, "positive") {
				// Namesakes with the same date of birth are the same person.
				expected := []string{e.ID}
				for _, id := range names[wholeOf(e.Names[0].Text)] {
					if !slices.Contains(expected, id) {
						expected = append(expected, id)
					}
				}
				add(k.set, k.category, q, expected...)
			} else if len(names[wholeOf(q.Name)]) == 0 || k.set != "recombined" {
				add(k.set, k.category, q)
			}
		}
	}
	return out
}

// wholeOf is a name's folded words in order of the alphabet.
func wholeOf(name string) string {
	words := strings.FieldsFunc(spell(name), func(c rune) bool { return c == ' ' || c == '.' || c == ',' })
	for i := range words {
		words[i] = defaultRules().fold(words[i])
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

func ofIndonesia(e *Entity) bool {
	return slices.ContainsFunc(append(slices.Clone(e.Countries), e.Places...), func(c string) bool {
		return strings.EqualFold(c, "id") || strings.Contains(strings.ToLower(c), "indonesia")
	})
}

func latinName(name string) bool {
	return !strings.ContainsFunc(name, func(c rune) bool { return unicode.IsLetter(c) && !unicode.Is(unicode.Latin, c) || c == '(' })
}

// writer rewrites names at random.
type writer struct {
	*rand.Rand
	all []*Entity
}

func (v *writer) one(choices string) string {
	c := strings.Fields(choices)
	return c[v.IntN(len(c))]
}

// spoken are the words of a name in the order they are spoken; what follows a
// comma, in these lists, are degrees.
func spoken(name string) []string {
	name, _, _ = strings.Cut(name, ",")
	return strings.Fields(name)
}

// replaced swaps one spelling, wherever a pair of from and to fits, at random.
func (v *writer) replaced(q *Query, pairs ...string) bool {
	name := strings.ToLower(strings.Join(spoken(q.Name), " "))
	for _, i := range v.Perm(len(pairs) / 2) {
		if from := pairs[2*i]; strings.Contains(name, from) {
			q.Name = strings.Replace(name, from, pairs[2*i+1], 1)
			return true
		}
	}
	return false
}

// letter changes one letter of a word of at least five.
func (v *writer) letter(q *Query, change func(word []byte, at int) []byte) bool {
	words := strings.Fields(strings.ToUpper(strings.Join(spoken(q.Name), " ")))
	for _, i := range v.Perm(len(words)) {
		w := []byte(words[i])
		if len(w) < 5 || strings.ContainsFunc(words[i], func(c rune) bool { return c > 0x7f }) {
			continue
		}
		if w = change(w, 1+v.IntN(len(w)-2)); w != nil {
			words[i] = string(w)
			q.Name = strings.Join(words, " ")
			return true
		}
	}
	return false
}

// full tells that a day of birth is known and no placeholder.
func full(q *Query) bool { return q.BirthDate.hasDay() && !q.BirthDate.placeholder() }

func (v *writer) born(q *Query) {
	q.BirthDate = PartialDate{Year: 1945 + v.IntN(60), Month: 1 + v.IntN(12), Day: 1 + v.IntN(28)}
}

var variants = []variant{
	{"positive", "plain", false, func(v *writer, q *Query) bool { q.Name = strings.ToUpper(q.Name); return true }},
	{"positive_natural", "titles", true, func(v *writer, q *Query) bool { q.Name = v.titled(strings.Join(spoken(q.Name), " ")); return true }},
	{"positive", "typo", false, func(v *writer, q *Query) bool {
		return v.letter(q, func(w []byte, at int) []byte {
			switch v.IntN(4) {
			case 0:
				return slices.Delete(w, at, at+1)
			case 1:
				w[at], w[at+1] = w[at+1], w[at]
			case 2:
				w[at] = byte('A' + v.IntN(26))
			default:
				return slices.Insert(w, at, w[at-1])
			}
			return w
		})
	}},
	{"positive", "ocr", false, func(v *writer, q *Query) bool {
		return v.letter(q, func(w []byte, at int) []byte {
			const read, as = "OISBLMNUVCEGZDQHT", "0158IRMVUGFCZODNI"
			for range len(w) {
				if i := strings.IndexByte(read, w[at]); i >= 0 {
					if w[at] == 'M' {
						return slices.Concat(w[:at], []byte("RN"), w[at+1:])
					}
					w[at] = as[i]
					return w
				}
				at = 1 + at%(len(w)-1)
			}
			return nil
		})
	}},
	{"positive", "order", false, func(v *writer, q *Query) bool {
		w := spoken(q.Name)
		if len(w) < 2 {
			return false
		}
		sign := v.one(", . ,")
		q.Name = w[len(w)-1] + strings.TrimSuffix(sign, ".") + " " + strings.Join(w[:len(w)-1], " ")
		return true
	}},
	{"positive", "joined", false, func(v *writer, q *Query) bool {
		w := spoken(q.Name)
		if len(w) < 2 {
			return false
		}
		i := v.IntN(len(w) - 1)
		q.Name = strings.Join(w[:i+1], " ") + strings.Join(w[i+1:], " ")
		return true
	}},
	{"positive", "split", false, func(v *writer, q *Query) bool {
		w := spoken(q.Name)
		for _, i := range v.Perm(len(w)) {
			if n := len(w[i]); n >= 8 && strings.Trim(strings.ToLower(w[i]), "abcdefghijklmnopqrstuvwxyz") == "" {
				at := 3 + v.IntN(n-5)
				w[i] = w[i][:at] + " " + w[i][at:]
				q.Name = strings.Join(w, " ")
				return true
			}
		}
		return false
	}},
	{"positive", "drop_middle", false, func(v *writer, q *Query) bool {
		w := spoken(q.Name)
		if len(w) < 3 {
			return false
		}
		at := 1 + v.IntN(len(w)-2)
		q.Name = strings.Join(slices.Delete(w, at, at+1), " ")
		return true
	}},
	{"positive", "initial", false, func(v *writer, q *Query) bool {
		w := spoken(q.Name)
		if len(w) < 3 {
			return false
		}
		at := 1 + v.IntN(len(w)-2)
		w[at] = w[at][:1] + v.one(". .")
		q.Name = strings.Join(w, " ")
		return w[at][0] < 0x80
	}},
	{"positive", "old_spelling", true, func(v *writer, q *Query) bool {
		return v.replaced(q, "u", "oe", "j", "dj", "c", "tj", "sy", "sj", "ny", "nj", "y", "j", "kh", "ch")
	}},
	{"positive", "new_spelling", true, func(v *writer, q *Query) bool {
		return v.replaced(q, "oe", "u", "dj", "j", "tj", "c", "sj", "sy", "nj", "ny", "ch", "kh")
	}},
	{"positive", "arabic", false, func(v *writer, q *Query) bool {
		return v.replaced(q, "muhammad", v.one("moh. mohamad mochammad muh. mhd muchamad mohammed m."), "mohammad", v.one("muhammad moh. md. mohamed"), "ahmad", v.one("achmad akhmad ach. ahmed amad"), "abdul ", v.one("abd. abdoel abdel abdu")+" ", "abdul ", "abdul",
			"abdur", "abdul ", "uddin", "udin", "udin", "uddin", "syarif", "sharif", "kh", "ch", "aziz", "azis", "hussein", "husain", "hasan", "hassan", "yusuf", "youssef", "umar", "omar", "usman", "osman", "sulaiman", "soleiman", "nur", "noor", "faisal", "faysal", "rahman", "rohman", "fauzi", "fawzi", "said", "saeed", "karim", "kareem", "q", "k", "z", "dz", "sh", "sy", "th", "t")
	}},
	{"positive", "patronymic", true, func(v *writer, q *Query) bool {
		link := "bin"
		if q.Gender == Female {
			link = "binti"
		}
		q.Name = strings.Join(spoken(q.Name), " ") + " " + link + " " + v.one("Sukiman Abdullah Kartawijaya Sanusi Wiryo Ramelan Zainuddin Kasim Daeng Marto")
		return true
	}},
	{"positive", "bali", true, func(v *writer, q *Query) bool {
		return v.replaced(q, "i wayan", v.one("wayan i.wy i.wyn"), "i made", v.one("made i.md"), "i nyoman", v.one("nyoman i.nym i.njoman"), "i ketut", v.one("ketut i.kt"), "i gusti", v.one("gusti i.gst gst"), "ni luh", "luh", "ni made", v.one("ni.md made"), "putu", "pt.", "gede", v.one("gde gd."), "komang", "km.", "kadek", "kd.", "ida bagus", "i.b.", "anak agung", v.one("a.a. anak.agung"), "cokorda", "cok.")
	}},
	{"positive", "short_form", true, func(v *writer, q *Query) bool { // the name without its last part
		w := spoken(q.Name)
		if len(w) < 3 {
			return false
		}
		q.Name = strings.Join(w[:len(w)-1], " ")
		return true
	}},
	{"positive_date", "day", false, func(v *writer, q *Query) bool {
		return v.date(q, func(d *PartialDate) { d.Day = 1 + (d.Day+v.IntN(27))%28 })
	}},
	{"positive_date", "month", false, func(v *writer, q *Query) bool {
		return v.date(q, func(d *PartialDate) { d.Month = 1 + (d.Month+v.IntN(11))%12 })
	}},
	{"positive_date", "swapped", false, func(v *writer, q *Query) bool {
		return q.BirthDate.Day <= 12 && v.date(q, func(d *PartialDate) { d.Day, d.Month = d.Month, d.Day })
	}},
	{"positive_date", "year", false, func(v *writer, q *Query) bool {
		return v.date(q, func(d *PartialDate) { d.Year += 1 - 2*v.IntN(2) })
	}},
	{"positive_date", "year_only", false, func(v *writer, q *Query) bool {
		return v.date(q, func(d *PartialDate) { *d = PartialDate{Year: d.Year} })
	}},
	{"positive_date", "placeholder", false, func(v *writer, q *Query) bool {
		return v.date(q, func(d *PartialDate) {
			if d.Day, d.Month = 1, 1; v.IntN(2) == 0 {
				d.Day, d.Month = 31, 12
			}
		})
	}},
	{"homonym", "full", false, func(v *writer, q *Query) bool { return full(q) && v.other(q) }},
	{"homonym", "indonesian", true, func(v *writer, q *Query) bool { return full(q) && v.other(q) }},
	{"homonym", "same_year", false, func(v *writer, q *Query) bool {
		return full(q) && v.date(q, func(d *PartialDate) { d.Month, d.Day = 1+(d.Month+2+v.IntN(7))%12, 1+(d.Day+3+v.IntN(20))%28 })
	}},
	{"gender", "other", true, func(v *writer, q *Query) bool {
		if q.Gender == "" || !v.other(q) {
			return false
		}
		q.BirthDate, q.Gender = PartialDate{Year: q.BirthDate.Year}, otherGender(q.Gender, -1)
		return true
	}},
	{"one_word", "without_date", true, func(v *writer, q *Query) bool {
		w := spoken(q.Name)
		q.Name, q.BirthDate, q.Place = w[v.IntN(len(w))], PartialDate{}, ""
		return len(w) > 1 && len(q.Name) > 3
	}},
	{"recombined", "indonesian", true, func(v *writer, q *Query) bool { return v.recombine(q, true) }},
	{"recombined", "world", false, func(v *writer, q *Query) bool { return v.recombine(q, false) }},
}

// date changes a full date of birth; an equal result does not count.
func (v *writer) date(q *Query, change func(d *PartialDate)) bool {
	d := q.BirthDate
	change(&d)
	if !full(q) || d == q.BirthDate || d.hasDay() && d.Day > 30 && d.Month != 12 {
		return false
	}
	q.BirthDate = d
	return true
}

// other gives the query a date of birth that contradicts.
func (v *writer) other(q *Query) bool {
	was := q.BirthDate
	v.born(q)
	p, _ := compareDates(q.BirthDate, was)
	return !was.IsZero() && p <= -2
}

// recombine puts the first part of one person and the last of another together:
// names as common as listed ones, of nobody listed.
func (v *writer) recombine(q *Query, indonesian bool) bool {
	for range 50 {
		e := v.all[v.IntN(len(v.all))]
		w, o := spoken(q.Name), spoken(e.Names[0].Text)
		if indonesian != ofIndonesia(e) || len(w) < 2 || len(o) < 2 || !latinName(e.Names[0].Text) {
			continue
		}
		q.Name = w[0] + " " + o[len(o)-1]
		q.Place = ""
		v.born(q)
		return len(w[0]) > 3 && len(o[len(o)-1]) > 3 && !strings.HasSuffix(q.Name, ".")
	}
	return false
}

// titled writes a name as offices do.
func (v *writer) titled(name string) string {
	before := ""
	for _, t := range [][]string{{"Prof.", "Prof"}, {"Dr.", "DR.", "dr.", "Dr"}, {"Drs.", "Ir.", "Dra.", "Drg.", "Letjen TNI (Purn)", "Komjen Pol."}, {"H.", "Hj.", "K.H.", "KH", "Ust."}, {"R.", "Rd.", "Raden", "Tgk."}} {
		if v.IntN(3) == 0 {
			before += cmp.Or(t[v.IntN(len(t))], "") + []string{" ", " ", ""}[v.IntN(3)]
			if !strings.HasSuffix(before, ".") && !strings.HasSuffix(before, " ") {
				before += " "
			}
		}
	}
	var after []string
	for _, t := range [][]string{{"S.T.", "S.H.", "S.E.", "S.Sos.", "S.IP", "S.Pd.I", "S.Ag.", "S.Kom.", "S. Hut.", "SE", "SH", "S.Si", "A.Md.", "B.Sc.", "S.STP.", "Lc."}, {"M.Si.", "M.M.", "M.H.", "MBA", "M. Hum.", "M.Pd", "M.T.", "M.Kes.", "MM", "M.A.P.", "M.Sc.", "M.I.Kom."}, {"Ph.D.", "Sp.OG", "Ak.", "CA", "Sp.PD-KGEH", "M.Kn.", "Psi.", "Apt."}} {
		if v.IntN(2) == 0 {
			after = append(after, t[v.IntN(len(t))])
		}
	}
	if v.IntN(2) == 0 {
		name = strings.ToUpper(name)
	}
	if len(after) > 0 {
		name += []string{", ", ",", ", ", " "}[v.IntN(4)] + strings.Join(after, []string{", ", ",", " ", ", "}[v.IntN(4)])
	}
	return before + name
}
