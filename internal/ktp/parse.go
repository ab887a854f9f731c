package ktp

import (
	"regexp"
	"strings"
	"time"
)

// lookalikes are letters that recognisers read for digits.
var lookalikes = strings.NewReplacer("O", "0", "o", "0", "Q", "0", "D", "0", "I", "1", "l", "1", "i", "1", "|", "1",
	"Z", "2", "z", "2", "S", "5", "s", "5", "G", "6", "B", "8")

const digitLike = `[0-9OoQDIli|ZzSsGB]`

var (
	datePattern = regexp.MustCompile(`(` + digitLike + `{1,2})[-–./ ]{1,3}(` + digitLike + `{1,2})[-–./ ]{1,3}(` + digitLike + `{4})[^0-9A-Za-z]*$`)
	rtrwPattern = regexp.MustCompile(`^[^0-9A-Za-z]*(` + digitLike + `{1,3}) *[/\\|1Il-] *(` + digitLike + `{3})[^0-9A-Za-z]*$`)
)

// isoDate is the form of dates in the output.
const isoDate = "2006-01-02"

// findDate finds a date DD-MM-YYYY at the end of a line: at is where it
// starts. Letters count as the digits they look like; what is not a day of the
// calendar from 1900 to 2100 is not a date.
func findDate(line string) (date time.Time, at int, ok bool) {
	m := datePattern.FindStringSubmatchIndex(line)
	if m == nil {
		return time.Time{}, 0, false
	}
	part := func(k int) string { return lookalikes.Replace(line[m[2*k]:m[2*k+1]]) }
	date, err := time.Parse("2-1-2006", part(1)+"-"+part(2)+"-"+part(3))
	if err != nil || date.Year() < 1900 || date.Year() > 2100 {
		return time.Time{}, 0, false
	}
	return date, m[0], true
}

// splitBirth splits "PLACE, DD-MM-YYYY". at is where the date starts, or the
// length of the line without one.
func splitBirth(line string) (place string, date time.Time, at int, ok bool) {
	date, at, ok = findDate(line)
	if !ok {
		at = len(line)
		if comma := strings.LastIndexByte(line, ','); comma >= 0 {
			at = comma
		}
	}
	return strings.Trim(line[:at], " ,.;:-"), date, at, ok
}

// parseRTRW brings a neighbourhood number to the form 000/000.
func parseRTRW(line string) (string, bool) {
	m := rtrwPattern.FindStringSubmatch(line)
	if m == nil {
		return "", false
	}
	rt, rw := lookalikes.Replace(m[1]), lookalikes.Replace(m[2])
	return strings.Repeat("0", 3-len(rt)) + rt + "/" + rw, true
}

// parseBlood finds the blood type in "Gol. Darah : AB"; "" without one.
func parseBlood(line string) string {
	at := strings.LastIndexByte(line, ':')
	if at < 0 {
		at = strings.LastIndex(strings.ToLower(line), "darah") + len("darah") - 1
		if at < len("darah") {
			at = -1
		}
	}
	s := strings.ToUpper(strings.Trim(line[at+1:], " .,:;'"))
	s = strings.NewReplacer("0", "O", "8", "B", "4", "A", " ", "").Replace(s)
	for _, b := range bloodTypes {
		if s == b {
			return s
		}
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
