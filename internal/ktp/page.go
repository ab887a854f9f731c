package ktp

import (
	"context"
	"math"

	"anycheck/internal/imaging"
	"anycheck/internal/ocr"
)

// part says what a line is on the card.
type part int

const (
	partName part = iota
	partBirth
	partGender
	partAddress
	partRTRW
	partVillage
	partDistrict
	partReligion
	partMarital
	partOccupation
	partNationality
	partValid
	partNIK
	partProvince
	partRegency
	partBlood
	partIssuePlace
	partIssueDate
	partLabel
)

// checkedLabels are printed words that prove that this is a KTP.
var checkedLabels = map[part]string{partName: "Nama", partAddress: "Alamat", partReligion: "Agama", partOccupation: "Pekerjaan"}

// line is one line crop.
type line struct {
	part  part
	box   box
	label string  // what a partLabel line must say
	blank bool    // no print was seen
	glare float64 // share of its text under a reflection
	out   *ocr.Output
	text  ocr.Text
	// continued marks a line of a value that goes on in the next.
	continued bool
}

// page is a rectified card on its way to values.
type page struct {
	card   *imaging.Picture
	layout *layout
	glare  *imaging.Gray // 255 under a reflection, a quarter of card's size
	lines  []line

	regions *Regions
}

func (p *page) pictures() []*imaging.Picture {
	out := make([]*imaging.Picture, len(p.lines))
	for i, l := range p.lines {
		out[i] = crop(p.card, l.box)
		if l.blank {
			out[i] = imaging.New(0, 0)
		}
	}
	return out
}

// read cuts the card into lines and recognises them.
func (p *page) read(ctx context.Context, recogniser *ocr.Recogniser) error {
	p.addLines()
	outputs, err := recogniser.Recognise(ctx, p.pictures())
	if err != nil {
		return err
	}
	for i := range p.lines {
		p.lines[i].out = outputs[i]
		p.lines[i].text = outputs[i].Greedy()
	}
	return nil
}

// addLines cuts the card into lines.
func (p *page) addLines() {
	l := p.layout
	p.lines = nil
	parts := []part{partName}
	for range l.nameExtra {
		parts = append(parts, partName)
	}
	parts = append(parts, partBirth, partGender, partAddress)
	for range l.addressExtra {
		parts = append(parts, partAddress)
	}
	parts = append(parts, partRTRW, partVillage, partDistrict, partReligion, partMarital, partOccupation, partNationality, partValid)
	end := l.portraitX - 0.12
	for k, part := range parts {
		y := l.row(k)
		around := box{l.valueX - beforeValue, y - halfRow, end, y + halfRow}
		if part == partGender {
			// Gol. Darah stands on the same row.
			around.x1 = min(end, 46)
			p.add(part, around, 3, false)
			p.add(partBlood, box{44.2, around.y0, min(end, 62.4), around.y1}, 9, true)
		} else {
			p.add(part, around, 9, false)
		}
		if label, ok := checkedLabels[part]; ok && (k == 0 || parts[k-1] != part) {
			p.add(partLabel, box{2.2, around.y0, 18, around.y1}, 4, true)
			p.lines[len(p.lines)-1].label = label
		}
	}
	nik := l.bestRow(l.row(0)-nikAboveRow, 0.5, 1.4, 23, 58)
	p.add(partNIK, box{20.6, nik - 2.15, 62.3, nik + 2.05}, 12, false)
	head := l.bestRow(l.row(0)-headAbove, 0.9, 1, 28, 58)
	for k, part := range []part{partProvince, partRegency} {
		y := head + float64(k)*headPitch
		p.add(part, box{2, y - 1.7, 84, y + 1.7}, 30, true)
	}
	issue := p.issueRow()
	for k, part := range []part{partIssuePlace, partIssueDate} {
		y := issue + float64(k)*issuePitch
		p.add(part, box{60.8, y - 1.36, 85, y + 1.36}, 9, true)
	}
}

// add crops the print inside a box: up to its last stroke before a blank of
// gap millimetres, and from its first stroke when it does not start at a known
// column.
func (p *page) add(part part, b box, gap float64, floating bool) {
	const margin = 0.6
	from, to, ok := p.layout.extent((b.y0+b.y1)/2, (b.y1-b.y0)/2-0.5, b.x0, b.x1, gap)
	n := line{part: part, box: b, blank: !ok}
	if ok {
		n.box.x1 = min(to+margin, b.x1)
		if floating {
			n.box.x0 = max(from-margin, b.x0)
		}
	}
	n.glare = p.glareShare(n.box, ok)
	p.lines = append(p.lines, n)
}

// portraitTop is the strongest horizontal step of colour above the portrait,
// in millimetres.
func (p *page) portraitTop() float64 {
	const reach = density / 4
	x0, x1 := int((p.layout.portraitX+2)*density), int((p.layout.portraitX+17.5)*density)
	step, at := 0, 11.5
	for y := int(9.8 * density); y < int(13.6*density); y++ {
		sum := 0
		for x := x0; x < x1; x += 8 {
			d := 0
			for k := range reach {
				below, above := p.card.Pix[3*((y+k)*p.card.W+x):][:3], p.card.Pix[3*((y-1-k)*p.card.W+x):][:3]
				d += int(below[0]) + int(below[1]) + int(below[2]) - int(above[0]) - int(above[1]) - int(above[2])
			}
			sum += max(d, -d)
		}
		if sum > step {
			step, at = sum, float64(y)/density
		}
	}
	return at
}

// issueRow is the centre of the row with the place of issue, the first of two
// rows under the portrait.
func (p *page) issueRow() float64 {
	bottom := p.portraitTop() + 25.2
	best, at := math.Inf(-1), bottom+2.2
	for y := bottom + 1.4; y <= min(bottom+5.5, 44.5); y += 0.05 {
		s := -0.8 * math.Abs(y-bottom-2.2)
		for k := range 2 {
			c := y + float64(k)*issuePitch
			s += p.layout.mean(box{64, c - 0.8, 81, c + 0.8}) - p.layout.mean(box{64, c - 1.5, 81, c - 1}) - p.layout.mean(box{64, c + 1, 81, c + 1.5})
		}
		if s > best {
			best, at = s, y
		}
	}
	return at
}

// labelsRead counts the printed words that were read as expected.
func (p *page) labelsRead() int {
	n := 0
	for _, l := range p.lines {
		if l.part == partLabel && !l.blank && distance(l.text.Trim(" :.", " :.").Text, l.label) <= len(l.label)/3 {
			n++
		}
	}
	return n
}

// find gives the lines of one part, in reading order.
func (p *page) find(part part) []line {
	var out []line
	for _, l := range p.lines {
		if l.part == part {
			out = append(out, l)
		}
	}
	return out
}
