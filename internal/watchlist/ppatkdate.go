package watchlist

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"anycheck/internal/screening"
)

// months are the names of the months in Indonesian and English, with the
// abbreviations and spellings that the lists use.
var months = map[string]int{
	"januari": 1, "january": 1, "jan": 1,
	"februari": 2, "pebruari": 2, "february": 2, "feb": 2, "peb": 2,
	"maret": 3, "march": 3, "mar": 3, "mrt": 3,
	"april": 4, "apr": 4,
	"mei": 5, "may": 5,
	"juni": 6, "june": 6, "jun": 6,
	"juli": 7, "july": 7, "jul": 7,
	"agustus": 8, "august": 8, "agust": 8, "agu": 8, "ags": 8, "agt": 8, "aug": 8,
	"september": 9, "sept": 9, "sep": 9,
	"oktober": 10, "october": 10, "okt": 10, "oct": 10,
	"november": 11, "nopember": 11, "nov": 11, "nop": 11,
	"desember": 12, "december": 12, "des": 12, "dec": 12,
}

// datePattern is one way to write a date. take is given the groups.
type datePattern struct {
	like *regexp.Regexp
	take func(m []string) (screening.PartialDate, bool)
}

const until = `\s*(?:-|–|s/d|s\.d\.?|sampai(?: dengan)?|hingga|/)\s*`

// datePatterns are tried in this order where two begin at the same place.
var datePatterns = func() []datePattern {
	var names []string
	for name := range months {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	month := `(` + strings.Join(names, "|") + `)`
	like := func(text string) *regexp.Regexp { return regexp.MustCompile(text) }
	return []datePattern{
		{like(`\b(\d{4})-(\d{1,2})-(\d{1,2})\b`), func(m []string) (screening.PartialDate, bool) { return day(m[1], m[2], m[3], "") }},
		{like(`(\d{1,2})\s*[/.\-]\s*(\d{1,2})\s*[/.\-]\s*(\d{4})(?:` + until + `(\d{4})\b)?`), func(m []string) (screening.PartialDate, bool) { return day(m[3], m[2], m[1], m[4]) }},
		{like(`(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{2})\b`), func(m []string) (screening.PartialDate, bool) {
			// Nobody listed is so old or so young that 30 to 99 could mean another century.
			if m[3] < "30" {
				return screening.PartialDate{}, false
			}
			return day("19"+m[3], m[2], m[1], "")
		}},
		{like(`(\d{1,2})\s*[-./,]?\s*` + month + `\.?\s*[-./,]?\s*(\d{4})`), func(m []string) (screening.PartialDate, bool) {
			return day(m[3], strconv.Itoa(months[m[2]]), m[1], "")
		}},
		{like(`\b` + month + `\.?\s+(\d{1,2})(?:st|nd|rd|th)?\s*,?\s+(\d{4})`), func(m []string) (screening.PartialDate, bool) {
			return day(m[3], strconv.Itoa(months[m[1]]), m[2], "")
		}},
		{like(`\b` + month + `\.?\s*[-/,]?\s*(\d{4})`), func(m []string) (screening.PartialDate, bool) {
			return day(m[2], strconv.Itoa(months[m[1]]), "", "")
		}},
		{like(`\b(\d{1,2})\s*[/.]\s*(\d{4})(?:` + until + `(\d{4})\b)?`), func(m []string) (screening.PartialDate, bool) { return day(m[2], m[1], "", m[3]) }},
		{like(`\b(?:antara|between)(?: tahun)?\s+(\d{4})` + `\s*(?:-|–|dan|and|sampai|hingga)(?: tahun)?\s*(\d{4})`), func(m []string) (screening.PartialDate, bool) { return day(m[1], "", "", m[2]) }},
		{like(`\b(\d{4})(?:` + until + `(\d{4})\b)?`), func(m []string) (screening.PartialDate, bool) { return day(m[1], "", "", m[2]) }},
	}
}()

// day makes a date of its parts; a last year makes it a span. 00 stands for
// what is not known, and a month above 12 beside a possible day is one that was
// written in American order.
func day(year, month, day, lastYear string) (screening.PartialDate, bool) {
	number := func(text string) int {
		n, err := strconv.Atoi(text)
		if err != nil {
			return 0
		}
		return n
	}
	possible := func(year int) bool { return year >= 1850 && year <= 2100 }
	d := screening.PartialDate{Year: number(year), Month: number(month), Day: number(day)}
	if !possible(d.Year) {
		return screening.PartialDate{}, false
	}
	if last := number(lastYear); lastYear != "" && last != d.Year {
		if !possible(last) {
			return screening.PartialDate{}, false
		}
		return screening.PartialDate{Year: min(d.Year, last), YearTo: max(d.Year, last)}, true
	}
	if d.Month > 12 && d.Day >= 1 && d.Day <= 12 {
		d.Month, d.Day = d.Day, d.Month
	}
	if d.Month < 1 || d.Month > 12 {
		d.Month, d.Day = 0, 0
	}
	if d.Day > 0 && (d.Day > 31 || time.Date(d.Year, time.Month(d.Month), d.Day, 0, 0, 0, 0, time.UTC).Day() != d.Day) {
		d.Day = 0
	}
	return d, true
}

var (
	circa   = regexp.MustCompile(`sekira|sekitar|kira-?\s?kira|kurang lebih|perkiraan|diperkirakan|circa|approx|about|around|±|~|\blk\b|\bca?\.\s*$`)
	unknown = regexp.MustCompile(`^[\s\-–./0;,]*$|^(tidak diketahui|tdk diketahui|tidak ada|unknown|nihil|n/?a)\.?$`)
)

const (
	maxDateText   = 1000
	maxDates      = 20
	days1904Shift = 1462 // days from the epoch of 1900 to that of 1904
)

// indonesianDates reads the dates of birth in a cell: several, spans, parts, or
// the count of days by which Excel stores a date. unread tells that the cell
// says something that was not understood.
func indonesianDates(text string, days1904 bool) (dates []screening.PartialDate, unread bool) {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	if len(text) > maxDateText {
		text = text[:maxDateText]
	}
	if unknown.MatchString(text) {
		return nil, false
	}
	if d, ok := excelDate(text, days1904); ok {
		return []screening.PartialDate{d}, false
	}
	empty := false // a date of zeros
	for len(dates) < maxDates {
		var first []int
		var pattern datePattern
		for _, p := range datePatterns {
			if m := p.like.FindStringSubmatchIndex(text); m != nil && (first == nil || m[0] < first[0]) {
				first, pattern = m, p
			}
		}
		if first == nil {
			break
		}
		groups := make([]string, len(first)/2)
		for i := range groups {
			if first[2*i] >= 0 {
				groups[i] = text[first[2*i]:first[2*i+1]]
			}
		}
		d, ok := pattern.take(groups)
		switch {
		case ok:
			d.Circa = circa.MatchString(text[:first[0]])
			if !slices.Contains(dates, d) {
				dates = append(dates, d)
			}
		case strings.Trim(groups[0], "0/.- ") == "":
			empty = true
		default:
			unread = true
		}
		text = text[first[1]:]
	}
	return dates, unread || len(dates) == 0 && !empty
}

// excelDate takes a number for a year or for days since Excel's epoch.
func excelDate(text string, days1904 bool) (screening.PartialDate, bool) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return screening.PartialDate{}, false
	}
	days := int(f)
	if days >= 1850 && days <= 2100 && f == float64(days) {
		return screening.PartialDate{Year: days}, true
	}
	if days1904 {
		days += days1904Shift
	}
	if days < 3_654 || days > 55_153 { // 1910 to 2050
		return screening.PartialDate{}, false
	}
	t := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, days)
	return screening.PartialDate{Year: t.Year(), Month: int(t.Month()), Day: t.Day()}, true
}
