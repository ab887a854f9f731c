package ktp

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// RuleReviewer says that a person has looked at the card and given the value.
const RuleReviewer Rule = "reviewer"

// maxCorrection bounds a corrected text, in characters.
const maxCorrection = 120

var rtrwForm = regexp.MustCompile(`^[0-9]{3}/[0-9]{3}$`)

// Correct brings a value that a person gives for a field to the form of the
// output: capitals, single spaces. problem says what is wrong with it; it is
// empty when the value can stand on a card. An impossible NIK of 16 digits can:
// CheckCard judges it.
func Correct(f Field, text string) (value, problem string) {
	value = strings.ToUpper(strings.Join(strings.Fields(text), " "))
	oneOf := func(list []string) (string, string) {
		if slices.Contains(list, value) {
			return value, ""
		}
		return "", "must be one of " + strings.Join(list, ", ")
	}
	limit := maxCorrection
	switch f {
	case NIK:
		if len(value) != nikDigits || strings.Trim(value, "0123456789") != "" {
			return "", "must have 16 digits"
		}
		return value, ""
	case BirthDate, IssueDate:
		return correctDate(value)
	case ValidUntil:
		if value == forLife {
			return value, ""
		}
		if _, problem := correctDate(value); problem != "" {
			return "", "must be " + forLife + " or a date: YYYY-MM-DD"
		}
		return value, ""
	case Gender:
		return oneOf(genders)
	case BloodType:
		return oneOf(bloodTypes)
	case Religion:
		return oneOf(religions)
	case MaritalStatus:
		return oneOf(maritalStatuses)
	case Nationality:
		return oneOf(nationalities)
	case RTRW:
		if !rtrwForm.MatchString(value) {
			return "", "must have the form 000/000"
		}
		return value, ""
	case Name:
		limit = maxName
	}
	if !slices.Contains(Fields, f) {
		return "", "is no field of the card"
	}
	if value == "" || utf8.RuneCountInString(value) > limit {
		return "", "must have 1 to " + strconv.Itoa(limit) + " characters"
	}
	for _, r := range value {
		if r < ' ' || r > '~' {
			return "", "must have letters, digits and signs as cards print them"
		}
	}
	return value, ""
}

func correctDate(value string) (string, string) {
	d, err := time.Parse(isoDate, value)
	if err != nil || d.Year() < 1900 || d.Year() > 2100 {
		return "", "must be a date from 1900 on: YYYY-MM-DD"
	}
	return value, ""
}

// Corrected is the reading with the values that a person has given; a nil one
// cannot be read. What depends on the NIK that was read is dropped with it.
func (r Reading) Corrected(given map[Field]*string) Reading {
	r.Values = slices.Clone(r.Values)
	for _, f := range Fields {
		text, ok := given[f]
		if !ok {
			continue
		}
		old := r.Value(f)
		v := Value{Field: f, Value: text, Box: old.Box, Corners: old.Corners, Raw: old.Raw, Rule: RuleReviewer}
		if text != nil {
			v.Confidence = 1
		}
		if i := slices.IndexFunc(r.Values, func(v Value) bool { return v.Field == f }); i >= 0 {
			r.Values[i] = v
		} else {
			r.Values = append(r.Values, v)
		}
		if f == NIK && (text == nil || old.Value == nil || *text != *old.Value) {
			r.Districts = nil
		}
	}
	return r
}
