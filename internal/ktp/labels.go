package ktp

import (
	"context"
	"math"

	"anycheck/internal/imaging"
	"anycheck/internal/ocr"
)

// rowLabels are the printed words before the values, from the Nama row on.
var rowLabels = []string{"Nama", "Tempat/Tgl Lahir", "Jenis Kelamin", "Alamat", "RT/RW", "Kel/Desa", "Kecamatan", "Agama",
	"Status Perkawinan", "Pekerjaan", "Kewarganegaraan", "Berlaku Hingga"}

// A comb of equal rows fits as well one row up or down; when the words that
// must stand before the values are not there, they are looked for.
const (
	fewLabels = 2 // of the four checked
	maxShift  = 2 // rows
	// Labels that must be read after a shift: more than chance gives, and more
	// than without it.
	minLabels  = 4
	labelsGain = 3
)

// followLabels moves the layout by whole rows to where the labels stand. It
// tells whether it moved.
func (p *page) followLabels(ctx context.Context, recogniser *ocr.Recogniser) (bool, error) {
	l := p.layout
	rows := len(rowLabels) + 3 // wrapped names and addresses
	var pictures []*imaging.Picture
	for k := -maxShift; k < rows+maxShift; k++ {
		y := l.row(k)
		from, to, ok := l.extent(y, halfRow-0.5, 2.2, l.valueX-1, 4)
		if !ok || y < halfRow || y > cardHeight-halfRow {
			pictures = append(pictures, imaging.New(0, 0))
			continue
		}
		pictures = append(pictures, crop(p.card, box{from - 0.6, y - halfRow, to + 0.6, y + halfRow}))
	}
	outputs, err := recogniser.Recognise(ctx, pictures)
	if err != nil {
		return false, err
	}
	read := make([]string, len(outputs))
	for i, out := range outputs {
		read[i] = out.Greedy().Trim(" :.", " :.").Text
	}
	shift, name, address := 0, l.nameExtra, l.addressExtra
	most, now := 0, 0
	for s := -maxShift; s <= maxShift; s++ {
		for n := range 2 {
			for a := range 3 {
				found := 0
				for i, label := range rowLabels {
					k := i + s
					if i > 0 {
						k += n
					}
					if i > 3 {
						k += a
					}
					if word := read[k+maxShift]; word != "" && distance(word, label) <= len(label)/3 {
						found++
					}
				}
				if s == 0 && n == l.nameExtra && a == l.addressExtra {
					now = found
				}
				if found > most || found == most && math.Abs(float64(s)) < math.Abs(float64(shift)) {
					most, shift, name, address = found, s, n, a
				}
			}
		}
	}
	if most < minLabels || most < now+labelsGain {
		return false, nil
	}
	l.first += float64(shift) * l.pitch
	l.nameExtra, l.addressExtra = name, address
	return true, nil
}
