package screening

import (
	"fmt"
	"strconv"
	"strings"
)

// PartialDate is a date of birth as lists and cards give it: a day, a month,
// a year or a span of years. Zero parts are unknown.
type PartialDate struct {
	Year   int  // 1..9999
	YearTo int  // last year of a span, 0 when there is none
	Month  int  // 1..12
	Day    int  // 1..31
	Circa  bool // published as approximate
}

// IsZero tells that nothing is known.
func (d PartialDate) IsZero() bool { return d.Year == 0 }

// String gives 1965-03-12, 1965-03, 1965 or 1965..1970, with ~ before what is
// approximate. ParseDate reads it back.
func (d PartialDate) String() string {
	if d.IsZero() {
		return ""
	}
	s := fmt.Sprintf("%04d", d.Year)
	switch {
	case d.YearTo > d.Year:
		s += fmt.Sprintf("..%04d", d.YearTo)
	case d.Month > 0 && d.Day > 0:
		s += fmt.Sprintf("-%02d-%02d", d.Month, d.Day)
	case d.Month > 0:
		s += fmt.Sprintf("-%02d", d.Month)
	}
	if d.Circa {
		s = "~" + s
	}
	return s
}

// MarshalText writes String.
func (d PartialDate) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (d *PartialDate) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = PartialDate{}
		return nil
	}
	parsed, err := ParseDate(string(text))
	if err == nil {
		*d = parsed
	}
	return err
}

// ParseDate reads YYYY-MM-DD, YYYY-MM, YYYY and YYYY..YYYY, with ~ before what
// is approximate. Parts may lack their leading zero. A month or day that
// cannot be (13, 32, 00) becomes unknown, so that the rest still counts; a
// year outside 1000..2999 is an error. The error never repeats the text.
func ParseDate(text string) (PartialDate, error) {
	var d PartialDate
	text = strings.TrimSpace(text)
	if rest, ok := strings.CutPrefix(text, "~"); ok {
		d.Circa, text = true, rest
	}
	bad := fmt.Errorf("not a date of the form YYYY-MM-DD, YYYY-MM or YYYY")
	year := func(s string) (int, bool) {
		n, err := strconv.Atoi(s)
		return n, err == nil && len(s) == 4 && n >= 1000 && n <= 2999
	}
	if from, to, span := strings.Cut(text, ".."); span {
		a, okA := year(from)
		b, okB := year(to)
		if !okA || !okB {
			return PartialDate{}, bad
		}
		d.Year, d.YearTo = min(a, b), max(a, b)
		if d.Year == d.YearTo {
			d.YearTo = 0
		}
		return d, nil
	}
	text, _, _ = strings.Cut(text, "T")
	parts := strings.Split(text, "-")
	y, ok := year(parts[0])
	if !ok || len(parts) > 3 {
		return PartialDate{}, bad
	}
	d.Year = y
	for i, s := range parts[1:] {
		n, err := strconv.Atoi(s)
		if err != nil || len(s) > 2 {
			return PartialDate{}, bad
		}
		if i == 0 && n >= 1 && n <= 12 {
			d.Month = n
		}
		if i == 1 && n >= 1 && n <= 31 && d.Month > 0 {
			d.Day = n
		}
	}
	return d, nil
}

// placeholder tells a day that registries enter when only the year is known.
func (d PartialDate) placeholder() bool {
	return d.Month == 1 && d.Day == 1 || d.Month == 12 && d.Day == 31
}

// key is a number for a day that is no placeholder.
func (d PartialDate) key() (key uint32, ok bool) {
	return uint32((d.Year*12+d.Month)*31 + d.Day), d.hasDay() && !d.placeholder()
}

func (d PartialDate) hasDay() bool { return d.Month > 0 && d.Day > 0 && d.YearTo == 0 }

// What two dates of birth say about each other, in natural-log likelihood
// ratios. A full date is shared by about one in 15,000 adults (ln 15000 = 9.6)
// and a year by one in 40 (3.7), less the chance that lists err.
const (
	dateSame        = 8.5
	dateSlip        = 4.5 // one part off, day and month swapped
	dateSameMonth   = 5.0
	dateSameYear    = 3.2
	dateInSpan      = 2.0
	dateNear        = 0.5 // a year or two apart where a date is approximate
	dateNextYear    = -1.0
	dateContradicts = -24.0
)

// compareDates says how a date asked about and a listed one agree, with its
// points. Both are known.
func compareDates(q, l PartialDate) (points float64, how string) {
	lo, hi := l.Year, max(l.Year, l.YearTo)
	qlo, qhi := q.Year, max(q.Year, q.YearTo)
	if l.YearTo > l.Year || q.YearTo > q.Year {
		if qlo <= hi && qhi >= lo {
			return dateInSpan, "within the span of years"
		}
		if qlo <= hi+2 && qhi >= lo-2 {
			return dateNear, "close to the span of years"
		}
		return dateContradicts, "another year"
	}
	years := q.Year - l.Year
	if years < 0 {
		years = -years
	}
	vague := l.Circa || q.Circa || !l.hasDay() || !q.hasDay() || l.placeholder() || q.placeholder()
	switch {
	case q.hasDay() && l.hasDay():
		sameMonth, sameDay := q.Month == l.Month, q.Day == l.Day
		swapped := q.Month == l.Day && q.Day == l.Month
		switch {
		case years == 0 && sameMonth && sameDay && l.placeholder():
			return dateSameYear + 1, "same year and placeholder day"
		case years == 0 && sameMonth && sameDay:
			return dateSame, "same day"
		case years == 0 && swapped:
			return dateSlip + 1.5, "day and month swapped"
		case years == 0 && (l.placeholder() || q.placeholder()):
			return dateSameYear, "same year, placeholder day"
		case years == 0 && (sameMonth || sameDay):
			return dateSlip, "one part differs"
		case sameMonth && sameDay && !l.placeholder() && yearSlip(q.Year, l.Year):
			return dateSlip, "only the year differs, by a slip"
		}
	case years == 0 && q.Month > 0 && q.Month == l.Month:
		return dateSameMonth, "same month"
	case years == 0 && (q.Month == 0 || l.Month == 0):
		return dateSameYear, "same year"
	}
	switch {
	case years == 0 && vague:
		return dateInSpan, "same year"
	case years == 0:
		return -1, "same year, another day"
	case years <= 2 && (l.Circa || q.Circa):
		return dateNear, "about the same year"
	case years <= 1 && vague:
		return dateNextYear, "the next year"
	case years <= 5 && (l.Circa || q.Circa):
		return -2, "some years from an approximate date"
	}
	return dateContradicts, "another date"
}

// yearSlip tells years that one slip of the hand or of a list sets apart: one
// digit wrong by one, or two digits swapped.
func yearSlip(a, b int) bool {
	x, y := strconv.Itoa(a), strconv.Itoa(b)
	if d := a - b; d == 1 || d == -1 || d == 10 || d == -10 {
		return true
	}
	return len(x) == 4 && len(y) == 4 && x[:2] == y[:2] && x[2] == y[3] && x[3] == y[2]
}
