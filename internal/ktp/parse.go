package ktp

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// lookalikes are letters that recognisers read for digits.
var lookalikes = strings.NewReplacer("O", "0", "o", "0", "Q", "0", "D", "0", "I", "1", "l", "1", "i", "1", "|", "1",
	"Z", "2", "z", "2", "S", "5", "s", "5", "G", "6", "B", "8")

const digitLike = `[0-9OoQDIli|ZzSsGB]`

var (
	// Complete digits may lack the dashes, with the dashes a digit may lack
	// before the year.
	datePatterns = []*regexp.Regexp{
		regexp.MustCompile(`(?:^|[^0-9])(` + digitLike + `{2})[-–./ ]{0,3}(` + digitLike + `{2})[-–./ ]{0,3}(` + digitLike + `{4})[^0-9A-Za-z]*$`),
		regexp.MustCompile(`(?:^|[^0-9])(` + digitLike + `{1,2})[-–./ ]{1,3}(` + digitLike + `{1,2})[-–./ ]{1,3}(` + digitLike + `{4})[^0-9A-Za-z]*$`),
	}
	rtrwPattern = regexp.MustCompile(`^[^0-9A-Za-z]*(` + digitLike + `{1,3}) *[/\\|1Il-] *(` + digitLike + `{3})[^0-9A-Za-z]*$`)
	rtrwDigits  = regexp.MustCompile(`^[^0-9A-Za-z]*(` + digitLike + `{3}) ?(` + digitLike + `{3})[^0-9A-Za-z]*$`)
)

// abbreviations in an address end with a period; recognisers take it for a
// comma, or see both.
var abbreviations = regexp.MustCompile(`\b(JL|JLN|GG|NO|KP|DSN|DS|LINGK|LK|LR|KAV|KOMP|PERUM|BLOK)\.?,`)

// isoDate is the form of dates in the output.
const isoDate = "2006-01-02"

// findDate finds a date DD-MM-YYYY at the end of a line: at is where it
// starts. Letters count as the digits they look like; what is not a day of the
// calendar from 1900 to 2100 is not a date.
func findDate(line string) (date time.Time, at int, ok bool) {
	for _, pattern := range datePatterns {
		m := pattern.FindStringSubmatchIndex(line)
		if m == nil {
			continue
		}
		part := func(k int) string { return lookalikes.Replace(line[m[2*k]:m[2*k+1]]) }
		date, err := time.Parse("2-1-2006", part(1)+"-"+part(2)+"-"+part(3))
		if err == nil && date.Year() >= 1900 && date.Year() <= 2100 {
			return date, m[2], true
		}
	}
	return time.Time{}, 0, false
}

// splitBirth splits "PLACE, DD-MM-YYYY". at is where the date starts; without
// a date, where digits start or the line ends.
func splitBirth(line string) (place string, date time.Time, at int, ok bool) {
	date, at, ok = findDate(line)
	if !ok {
		if at = strings.IndexAny(line, "0123456789"); at < 0 {
			at = len(line)
		}
	}
	return strings.Trim(line[:at], " ,.;:-"), date, at, ok
}

// parseRTRW brings a neighbourhood number to the form 000/000.
func parseRTRW(line string) (string, bool) {
	m := rtrwDigits.FindStringSubmatch(line)
	if m == nil {
		m = rtrwPattern.FindStringSubmatch(line)
	}
	if m == nil {
		return "", false
	}
	rt, rw := lookalikes.Replace(m[1]), lookalikes.Replace(m[2])
	return strings.Repeat("0", 3-len(rt)) + rt + "/" + rw, true
}

// parseBlood finds the blood type at the end of "Gol. Darah : AB"; "" without
// one.
func parseBlood(line string) string {
	at := strings.LastIndexAny(line, ": ")
	s := strings.ToUpper(strings.Trim(line[at+1:], ".,;'"))
	s = strings.NewReplacer("0", "O", "8", "B", "4", "A").Replace(s)
	if at >= 0 && slices.Contains(bloodTypes, s) {
		return s
	}
	return ""
}

// stripProvince removes the word before a province's name.
func stripProvince(line string) string {
	words := strings.Fields(line)
	if len(words) > 1 && distance(words[0], "PROVINSI") <= 3 {
		words = words[1:]
	}
	return strings.Join(words, " ")
}

// distance is the Levenshtein distance in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
