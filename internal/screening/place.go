package screening

import (
	"slices"
	"strings"
)

// place is a place of birth, or a country of citizenship, ready to compare.
type place struct {
	words   []string // folded
	country string   // ISO code, when a word tells
}

// placeOf reads a place as a list or a card writes it.
func (r *rules) placeOf(text string) place {
	p := place{words: placeWords(r, text)}
	if r.codes[strings.ToLower(text)] {
		p.country = strings.ToLower(text)
	}
	// The last word that tells: a country is written last.
	for _, w := range p.words {
		if c := r.country[w]; c != "" {
			p.country = c
		}
	}
	return p
}

// comparePlaces looks for a place name that both sides have. Places that differ
// within a country say nothing: lists and cards name villages, cities and
// provinces. Another country speaks against the person.
func comparePlaces(asked place, places, countries []place) (best float32) {
	country := asked.words[len(asked.words)-1]
	var born, lives, same bool
	for _, p := range places {
		for i, w := range p.words {
			// The last part of a listed place is its country.
			if slices.Contains(asked.words, w) && (i < len(p.words)-1 || len(p.words) == 1 && len(asked.words) == 1) {
				return placeAgrees
			}
			if i == len(p.words)-1 && w == country {
				best = countryAgrees
			}
		}
		born = born || p.country != ""
		same = same || p.country == asked.country
	}
	for _, p := range countries {
		if best == 0 && len(p.words) > 0 && p.words[len(p.words)-1] == country {
			best = countryAgrees
		}
		lives = lives || p.country != ""
		same = same || p.country == asked.country
	}
	switch {
	case best > 0 || same || asked.country == "":
	case born:
		best = placeDiffers
	case lives:
		best = countryDiffers
	}
	return best
}

// placeWords are the folded words of a place that name it.
func placeWords(r *rules, place string) []string {
	var out []string
	start := -1
	spelt := spell(place) + " "
	for i := range len(spelt) {
		letter := spelt[i] != ' ' && spelt[i] != ',' && spelt[i] != '.'
		if letter && start < 0 {
			start = i
		}
		if !letter && start >= 0 {
			if w := spelt[start:i]; len(w) > 3 && !smallPlaces[w] {
				out = append(out, r.fold(w))
			}
			start = -1
		}
	}
	return out
}

// smallPlaces are words of place names that name no place.
var smallPlaces = map[string]bool{
	"district": true, "province": true, "village": true, "region": true, "area": true, "city": true, "republic": true,
	"north": true, "south": true, "east": true, "west": true, "central": true, "kabupaten": true, "kota": true,
	"state": true, "town": true, "governorate": true,
}
