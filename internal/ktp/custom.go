package ktp

import (
	"regexp"
	"slices"
	"strings"

	"anycheck/internal/ocr"
)

// How names and addresses are written decides between readings that the
// picture supports nearly alike: "BLOK HI6" is H16 and "PILIANG. S.KOM." has a
// comma. Nothing is rewritten that the line does not support: a customary form
// may be less likely than the one read by a factor of exp(customNats), as 1 in
// 150 or fewer values is written against these customs.
const customNats = 5

// numeral finds a number after the words that one follows, and one with
// letters before it that count blocks.
var (
	numeral = regexp.MustCompile(`\b(?:NO\.? ?|BLOK |KAV\.? ?|LT\.? ?|KM\.? ?)[A-Z]?[0-9ILOSBTZ]{1,3}\b|\b[A-Z]{0,2}[0-9][0-9ILOSBTZ]{0,3}\b|\b[A-Z]?[ILOSBTZ][0-9ILOSBTZ]{0,2}[0-9][0-9ILOSBTZ]{0,2}\b`)
	roman   = regexp.MustCompile(`^[IVXL]+$`)
	digitOf = strings.NewReplacer("I", "1", "L", "1", "T", "1", "O", "0", "S", "5", "B", "8", "Z", "2")
)

// Blocks are lettered before they are numbered: B4, D14/2.
var (
	block    = regexp.MustCompile(`\bBLOK [0-9][0-9]`)
	letterOf = map[byte]string{'0': "OD", '1': "I", '2': "Z", '4': "A", '5': "S", '6': "G", '8': "B"}
	// initials lack their last period.
	initials = regexp.MustCompile(`\b((?:[A-Z]\.)+[A-Z]) [A-Z]{3,}`)
)

// glued are words of an address that lost the space after them.
var glued = regexp.MustCompile(`^(JALAN|KAMPUNG|DUSUN|PERUMAHAN|KOMPLEK|LINGKUNGAN|GANG|PERUM)([A-Z]{3,})`)

// addressForms are other ways to write an address as it was read.
func addressForms(s string) (forms []string) {
	for _, at := range numeral.FindAllStringIndex(s, -1) {
		whole := s[at[0]:at[1]]
		head := strings.LastIndexAny(whole, " .") + 1
		number := whole[head:]
		if roman.MatchString(number) || strings.ContainsAny(number[len(number)-1:], "BSZ") {
			continue // 49B is a house
		}
		for keep := range min(3, len(number)) { // letters that count blocks
			if keep == 0 && strings.HasPrefix(whole, "BLOK") && strings.Trim(number[:1], digits) != "" {
				continue
			}
			if strings.Trim(number[:keep], digits) != number[:keep] {
				break
			}
			if d := digitOf.Replace(number[keep:]); d != number[keep:] && strings.Trim(d, digits) == "" {
				forms = append(forms, s[:at[0]+head]+number[:keep]+d+s[at[1]:])
			}
		}
	}
	for _, at := range block.FindAllStringIndex(s, -1) {
		for _, letter := range letterOf[s[at[1]-2]] {
			forms = append(forms, s[:at[1]-2]+string(letter)+s[at[1]-1:])
		}
	}
	if m := initials.FindStringSubmatchIndex(s); m != nil {
		forms = append(forms, s[:m[3]]+"."+s[m[3]:])
	}
	if m := glued.FindStringSubmatch(s); m != nil {
		forms = append(forms, m[1]+" "+s[len(m[1]):])
	}
	return forms
}

const degree = `(?:S|M|SP|A|PH|LC|APT|DIPL)\.|(?:SE|SH|ST|MM|MT|SKM|SPD|AMD|SKOM)\b`

var (
	// commaBefore is a period where a degree needs a comma before it.
	commaBefore = regexp.MustCompile(`([A-Z]{3,})\. ?((?:` + degree + `).*)$`)
	twoDegrees  = regexp.MustCompile(`(\.[A-Z]{1,4}\.)(\.| ) ?((?:S|M)\.[A-Z].*)$`)
	noComma     = regexp.MustCompile(`([A-Z]{3,}) (?:S|M|SP|A|PH)\.[A-Z]`)
	bothMarks   = regexp.MustCompile(`[A-Z]{3,}\.,`)
	afterMark   = regexp.MustCompile(`[A-Z]' [A-Z]`)
	abbreviated = []string{"MUH", "MOH", "MOCH", "MUCH", "MHD", "ABD", "PROF", "DRS", "DRA", "HJ", "KH"}
	// Balinese names start with I for men and NI for women.
	balinese = regexp.MustCompile(`^(N?I)((?:WAYAN|MADE|NYOMAN|KETUT|PUTU|KADEK|KOMANG|GEDE|GUSTI|LUH|DEWA|NENGAH|KOMPIANG)\b.*)$`)
)

// nameForms are other ways to write a person's name as it was read.
func nameForms(s string) (forms []string) {
	if m := commaBefore.FindStringSubmatchIndex(s); m != nil && !slices.Contains(abbreviated, s[m[2]:m[3]]) {
		forms = append(forms, s[:m[3]]+", "+s[m[4]:], s[:m[3]]+","+s[m[4]:])
	}
	if m := twoDegrees.FindStringSubmatchIndex(s); m != nil {
		forms = append(forms, s[:m[3]]+", "+s[m[6]:])
	}
	if m := noComma.FindStringSubmatchIndex(s); m != nil {
		forms = append(forms, s[:m[3]]+","+s[m[3]:])
	}
	if m := bothMarks.FindStringIndex(s); m != nil {
		forms = append(forms, s[:m[1]-2]+s[m[1]-1:])
	}
	if m := afterMark.FindStringIndex(s); m != nil {
		forms = append(forms, s[:m[1]-2]+s[m[1]-1:])
	}
	if m := initials.FindStringSubmatchIndex(s); m != nil {
		forms = append(forms, s[:m[3]]+"."+s[m[3]:])
	}
	if m := balinese.FindStringSubmatch(s); m != nil {
		forms = append(forms, m[1]+" "+m[2])
	}
	return forms
}

// shortened is the first word of a place cut to its first letters, which takes
// a period: U. PANDANG, TJ. BALAI.
var shortened = regexp.MustCompile(`^([A-Z]|TJ) ([A-Z]{3,})`)

// placeForms are other ways to write a place of birth as it was read.
func placeForms(s string) (forms []string) {
	if m := shortened.FindStringSubmatchIndex(s); m != nil {
		forms = append(forms, s[:m[3]]+"."+s[m[3]:])
	}
	return forms
}

// customary is the likeliest of what was read and its customary forms, with
// the read one when another won.
func customary(out *ocr.Output, read ocr.Text, forms func(string) []string) (t ocr.Text, before string) {
	as := strings.ToUpper(read.Text)
	// One change leads to the next: a name has several degrees.
	for range 4 {
		best, limit := "", logShare(out, as)-customNats
		for _, f := range forms(as) {
			if l := logShare(out, f); l > limit {
				best, limit = f, l
			}
		}
		if best == "" {
			break
		}
		as = best
	}
	if as == strings.ToUpper(read.Text) {
		return read, ""
	}
	t = out.Align(as)
	if t.Text != as {
		return read, ""
	}
	return t, strings.ToUpper(read.Text)
}
