package ktp

import (
	_ "embed"
	"slices"
	"strings"
)

// regionTable has a line "code,name" for every province and regency code of
// the Ministry of Home Affairs valid at some time from 2016 to 2025; a code
// that changed its name has several. Source: the decrees Permendagri 56/2015
// to Kepmendagri 300.2.2-2430/2025.
//
//go:embed regions.csv
var regionTable string

// regions is the table by code, and the names in the forms of card headers.
type regions struct {
	byCode              map[string][]string
	provinces, regencys []string
	places              []string // regencies without their kind, as places of birth
}

var knownRegions = loadRegions(regionTable)

func loadRegions(table string) regions {
	r := regions{byCode: map[string][]string{
		"54": {"TIMOR TIMUR"}, // until 1999; numbers were not reissued
	}}
	for line := range strings.Lines(table) {
		code, name, ok := strings.Cut(strings.TrimSpace(line), ",")
		if !ok {
			continue
		}
		r.byCode[code] = append(r.byCode[code], name)
		if len(code) == 2 {
			r.provinces = append(r.provinces, name)
			continue
		}
		r.regencys = append(r.regencys, name)
		r.places = append(r.places, lastWords(name))
		if strings.HasPrefix(code, "31") { // headers leave "administrative" out, some the kind as well
			short := strings.NewReplacer("ADMINISTRASI ", "", "ADM. ", "").Replace(name)
			_, bare, _ := strings.Cut(short, " ")
			r.regencys = append(r.regencys, short, bare)
		}
	}
	slices.Sort(r.regencys)
	r.regencys = slices.Compact(r.regencys)
	r.places = append(r.places, "JAKARTA")
	slices.Sort(r.places)
	r.places = slices.Compact(r.places)
	return r
}

func provinceNames() []string { return knownRegions.provinces }
func regencyNames() []string  { return knownRegions.regencys }

func placeNames() []string { return knownRegions.places }

func isPlace(name string) bool {
	_, ok := slices.BinarySearch(knownRegions.places, name)
	return ok
}
func isProvince(name string) bool { return slices.Contains(knownRegions.provinces, name) }
func isRegency(name string) bool {
	_, ok := slices.BinarySearch(knownRegions.regencys, name)
	return ok
}

// RegionNames gives the names that a province (2 digits) or regency (4
// digits) code has had; none when the code is not known.
func RegionNames(code string) []string { return slices.Clone(knownRegions.byCode[code]) }
