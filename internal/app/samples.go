package app

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"anycheck/internal/fault"
	"anycheck/internal/specimen"
)

// Samples are the pictures of a demonstration: a card and a selfie.
type Samples struct {
	Card, Selfie         []byte
	CardName, SelfieName string
	// Lists are watch-list files to search, by path; with drawn pictures none.
	Lists []string
	// Listed is an own-CSV watch list of invented people.
	Listed []byte
}

// DrawnSamples draws a card and renders the face of the invented person on it.
func DrawnSamples() (Samples, error) {
	p := specimen.People(1, demoSeed)[0]
	card := specimen.Card(p, specimen.Portrait(p.Identity, specimen.Studio(p)))
	photo, err := specimen.Photograph(card, specimen.Easy, demoSeed).Picture.EncodeJPEG(88)
	if err != nil {
		return Samples{}, err
	}
	selfie, err := specimen.Face(p.Identity, specimen.Variation{Yaw: 6, Light: 20, Warm: 0.3, Smile: 0.3, Scene: 3}).EncodeJPEG(90)
	if err != nil {
		return Samples{}, err
	}
	var list strings.Builder
	list.WriteString("id,name,aliases,birth_date,gender,country,positions,source\n")
	for i, other := range specimen.People(20, demoSeed+1) {
		fmt.Fprintf(&list, "DEMO-%d,%s,,%s,,id,Invented office holder,demo\n", i+1, other.Name, other.Output()["birth_date"])
	}
	return Samples{Card: photo, Selfie: selfie, CardName: "card.jpg", SelfieName: "selfie.jpg", Listed: []byte(list.String())}, nil
}

const demoSeed = 2026

// FolderSamples takes the first card and the first selfie of a folder that is
// laid out like shared/samples, and its watch lists.
func FolderSamples(dir string) (Samples, error) {
	first := func(pattern string) (string, []byte, error) {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(found) == 0 {
			return "", nil, fault.New(fault.Invalid, "The samples folder has no %s.", pattern)
		}
		slices.Sort(found)
		data, err := os.ReadFile(found[0])
		return filepath.Base(found[0]), data, err
	}
	var s Samples
	var err error
	if s.CardName, s.Card, err = first("ktp/*.jpg"); err != nil {
		return s, err
	}
	if s.SelfieName, s.Selfie, err = first("faces/*.jpg"); err != nil {
		return s, err
	}
	for _, pattern := range []string{"screening/lists/un/*.xml", "screening/lists/id-pep/*.csv"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return s, err
		}
		for _, f := range found {
			if !strings.HasSuffix(f, "un_individuals.csv") {
				s.Lists = append(s.Lists, f)
			}
		}
	}
	return s, nil
}
