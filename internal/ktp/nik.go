package ktp

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Severity says what a finding means for the verdict.
type Severity string

// The severities.
const (
	Info   Severity = "info"   // for the reader's information
	Review Severity = "review" // a person should look
	Fail   Severity = "fail"   // impossible by construction
)

// Finding is a rule that a card breaks. Message is in plain words and carries
// no personal data.
type Finding struct {
	Code     Code     `json:"code"`
	Severity Severity `json:"severity"`
	Field    Field    `json:"field"`
	Message  string   `json:"message"`
}

// The codes of findings.
const (
	NIKLength          Code = "NIK_LENGTH"
	NIKNotDigits       Code = "NIK_NOT_DIGITS"
	NIKProvinceUnknown Code = "NIK_PROVINCE_UNKNOWN"
	NIKRegencyInvalid  Code = "NIK_REGENCY_INVALID"
	NIKRegencyUnknown  Code = "NIK_REGENCY_UNKNOWN"
	NIKDistrictInvalid Code = "NIK_DISTRICT_INVALID"
	NIKDayInvalid      Code = "NIK_DAY_INVALID"
	NIKMonthInvalid    Code = "NIK_MONTH_INVALID"
	NIKSerialZero      Code = "NIK_SERIAL_ZERO"
	NIKDateImpossible  Code = "NIK_DATE_NOT_IN_CALENDAR"
	NIKBirthDiffers    Code = "NIK_BIRTH_DATE_DIFFERS"
	NIKGenderDiffers   Code = "NIK_GENDER_DIFFERS"
	NIKRegionDiffers   Code = "NIK_REGION_DIFFERS"
	NIKDistrictUnknown Code = "NIK_DISTRICT_UNKNOWN"
	NIKDistrictDiffers Code = "NIK_DISTRICT_DIFFERS"
	NameTooLong        Code = "NAME_TOO_LONG"
	UnderageUnmarried  Code = "UNDER_17_UNMARRIED"
	BirthInFuture      Code = "BIRTH_DATE_IN_FUTURE"
	IssueInFuture      Code = "ISSUE_DATE_IN_FUTURE"
	IssueBeforeBirth   Code = "ISSUE_DATE_BEFORE_BIRTH"
	CardExpired        Code = "CARD_EXPIRED"
)

// CheckNIK applies the rules of the number: 6 digits region, DDMMYY of birth
// with 40 added to a woman's day, 4 digits serial, no check digit. Impossible
// numbers fail; disagreement with the printed birth date (zero when not read)
// or gender ("" when not read) asks for review, because dates are corrected
// without a new number. today decides which dates are in the future.
func CheckNIK(nik string, birth time.Time, gender string, today time.Time) []Finding {
	var out []Finding
	add := func(code Code, severity Severity, format string, args ...any) {
		out = append(out, Finding{Code: code, Severity: severity, Field: NIK, Message: fmt.Sprintf(format, args...)})
	}
	if strings.IndexFunc(nik, func(c rune) bool { return c < '0' || c > '9' }) >= 0 {
		add(NIKNotDigits, Fail, "The NIK has characters that are not digits.")
	}
	if utf8.RuneCountInString(nik) != nikDigits {
		add(NIKLength, Fail, "The NIK does not have 16 digits.")
	}
	if len(out) > 0 {
		return out
	}
	number := func(from, to int) int {
		n := 0
		for _, c := range nik[from:to] {
			n = 10*n + int(c-'0')
		}
		return n
	}
	switch regency := number(2, 4); {
	case len(knownRegions.Names(nik[:2])) == 0:
		add(NIKProvinceUnknown, Fail, "The NIK starts with a province code that never existed.")
	case regency == 0:
		add(NIKRegencyInvalid, Fail, "The NIK has 00 for the regency.")
	case len(knownRegions.Names(nik[:4])) == 0:
		add(NIKRegencyUnknown, Review, "The regency code of the NIK is not in the table of codes since 2016.")
	}
	if number(4, 6) == 0 {
		add(NIKDistrictInvalid, Fail, "The NIK has 00 for the district.")
	}
	day, month, year, serial := number(6, 8), number(8, 10), number(10, 12), number(12, 16)
	female := day > 40
	if female {
		day -= 40
	}
	possible := true
	if day < 1 || day > 31 {
		possible = false
		add(NIKDayInvalid, Fail, "The day in the NIK is neither 01-31 nor 41-71.")
	}
	if month < 1 || month > 12 {
		possible = false
		add(NIKMonthInvalid, Fail, "The month in the NIK is not 01-12.")
	}
	if serial == 0 {
		add(NIKSerialZero, Fail, "The serial number in the NIK is 0000.")
	}
	if !possible {
		return out
	}
	if !inCalendar(day, month, year, today) {
		// A review, not a failure: registers hold such dates.
		add(NIKDateImpossible, Review, "The NIK holds a day that its month does not have.")
	}
	if !birth.IsZero() && !hasBirth(nik, birth) {
		add(NIKBirthDiffers, Review, "The birth date in the NIK differs from the printed one.")
	}
	if gender != "" && (gender == "PEREMPUAN") != female {
		add(NIKGenderDiffers, Review, "The gender in the NIK differs from the printed one.")
	}
	return out
}

// inCalendar tells whether the date exists in the 1900s or 2000s, not after
// today.
func inCalendar(day, month, year int, today time.Time) bool {
	for _, century := range []int{1900, 2000} {
		d := time.Date(century+year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
		if d.Day() == day && !d.After(today) {
			return true
		}
	}
	return false
}

// hasBirth tells whether a NIK of 16 digits holds a birth date, for either
// gender.
func hasBirth(nik string, birth time.Time) bool {
	rest := birth.Format("0106")
	return nik[8:12] == rest && (nik[6:8] == birth.Format("02") || nik[6:8] == fmt.Sprintf("%02d", birth.Day()+40))
}

// maxName is the longest name the register takes.
const maxName = 60

// CheckCard applies CheckNIK and the rules between the fields of a reading.
// Fields that were not read break no rule.
func CheckCard(r *Reading, today time.Time) []Finding {
	date := func(f Field) time.Time {
		d, err := time.Parse(isoDate, r.Text(f))
		if err != nil {
			return time.Time{}
		}
		return d
	}
	birth, issued, until := date(BirthDate), date(IssueDate), date(ValidUntil)
	var out []Finding
	add := func(code Code, severity Severity, f Field, message string) {
		out = append(out, Finding{Code: code, Severity: severity, Field: f, Message: message})
	}
	if nik := r.Text(NIK); nik != "" {
		out = CheckNIK(nik, birth, r.Text(Gender), today)
		if len(nik) == nikDigits && otherRegion(nik, r.Text(Province), r.Text(Regency)) {
			add(NIKRegionDiffers, Info, NIK, "The region in the NIK differs from the card's header; people move.")
		}
		switch district := r.Text(District); {
		case r.Districts == nil:
		case len(r.Districts) == 0:
			add(NIKDistrictUnknown, Info, NIK, "The district code of the NIK is not in the imported table of regions.")
		case district != "" && !slices.Contains(r.Districts, district):
			add(NIKDistrictDiffers, Info, District, "The district in the NIK differs from the printed one; people move.")
		}
	}
	if utf8.RuneCountInString(r.Text(Name)) > maxName {
		add(NameTooLong, Review, Name, "The name is longer than the 60 characters of the register.")
	}
	if !birth.IsZero() {
		if birth.After(today) {
			add(BirthInFuture, Review, BirthDate, "The birth date is in the future.")
		} else if status := r.Text(MaritalStatus); status == "BELUM KAWIN" && today.Before(birth.AddDate(17, 0, 0)) {
			add(UnderageUnmarried, Review, BirthDate, "The person is under 17 and unmarried; cards are given from 17 or at marriage.")
		}
	}
	if issued.After(today) {
		add(IssueInFuture, Review, IssueDate, "The date of issue is in the future.")
	}
	if !issued.IsZero() && issued.Before(birth) {
		add(IssueBeforeBirth, Review, IssueDate, "The date of issue is before the birth date.")
	}
	if !until.IsZero() && until.Before(today) {
		// Since 2017 cards with a printed end are valid for life.
		add(CardExpired, Info, ValidUntil, "The printed end of validity is past; by Law 24/2013 the card stays valid for life.")
	}
	return out
}

// otherRegion tells whether the header names a region that the NIK's code
// never had; false when the header or the code is not known.
func otherRegion(nik, province, regency string) bool {
	if names := knownRegions.Names(nik[:2]); province != "" && knownRegions.isProvince(province) && len(names) > 0 && !slices.Contains(names, province) {
		return true
	}
	names := knownRegions.Names(nik[:4])
	if !knownRegions.isRegency(regency) || len(names) == 0 {
		return false
	}
	return !slices.ContainsFunc(names, func(n string) bool { return strings.HasSuffix(n, lastWords(regency)) })
}

// lastWords is a regency without its kind.
func lastWords(regency string) string {
	for _, kind := range []string{"KABUPATEN ", "KOTA ", "ADMINISTRASI ", "ADM. "} {
		regency = strings.TrimPrefix(regency, kind)
	}
	return regency
}
