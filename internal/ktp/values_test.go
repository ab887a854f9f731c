package ktp

import (
	"context"
	"slices"
	"testing"
	"time"

	"anycheck/internal/imaging"
	"anycheck/internal/nn"
	"anycheck/internal/ocr"
)

// letters is what the stand-in recogniser knows.
const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ -/:,."

// drawn is a recogniser that reads what a test drew: every 4 columns are a
// step, red is the class and green its probability in per cent, blue the class
// that gets the rest.
type drawn struct{}

func (drawn) Spec() nn.Spec {
	s := nn.Spec{Name: "drawn", Decoding: nn.DecodeCTC, Output: "y", Input: nn.Input{Height: 4, Colour: nn.RGB, Scale: 1, Std: [3]float64{1, 1, 1}}}
	for _, c := range letters {
		s.Classes = append(s.Classes, string(c))
	}
	return s
}

func (drawn) Run(_ context.Context, in nn.Tensor) (map[string]nn.Tensor, error) {
	n, h, w := in.Shape[0], in.Shape[2], in.Shape[3]
	steps, classes := (w+3)/4, int64(len(letters)+1)
	out := nn.Tensor{Shape: []int64{n, steps, classes}, Data: make([]float32, n*steps*classes)}
	for i := range n {
		for t := range steps {
			at := i*3*h*w + t*4
			p := in.Data[at+h*w] / 100
			// What does not fit the stand-in's alphabet reads as blank.
			out.Data[(i*steps+t)*classes+int64(in.Data[at])%classes] += p
			out.Data[(i*steps+t)*classes+int64(in.Data[at+2*h*w])%classes] += 1 - p
		}
	}
	return map[string]nn.Tensor{"y": out}, nil
}

// readAs makes the output of a line that says text; the network would give a
// character of doubt in its place with the rest of percent.
func readAs(t *testing.T, text, doubt string, percent uint8) line {
	t.Helper()
	class := func(c byte) uint8 {
		for i := range len(letters) {
			if letters[i] == c {
				return uint8(i + 1)
			}
		}
		return 0
	}
	p := imaging.New(8*len(text), 4)
	for i := range len(text) {
		for y := range 4 {
			for x := range 4 {
				at := 3 * (y*p.W + 8*i + x)
				copy(p.Pix[at:], []uint8{class(text[i]), percent, class(doubt[i])})
				copy(p.Pix[at+12:], []uint8{0, 100, 0})
			}
		}
	}
	r, err := ocr.NewRecogniser(drawn{})
	if err != nil {
		t.Fatal(err)
	}
	out, err := r.Recognise(context.Background(), []*imaging.Picture{p})
	if err != nil {
		t.Fatal(err)
	}
	return line{box: box{23, 20, 40, 23}, out: out[0], text: out[0].Greedy()}
}

func pageOf(part part, l line) *page {
	l.part = part
	return &page{lines: []line{l}, regions: BuiltInRegions()}
}

func TestClosedListTest(t *testing.T) {
	for _, c := range []struct {
		name, text, doubt string
		percent           uint8
		want              string // "" is refused
		rule              Rule
	}{
		{"clear", "ISLAM", "ISLAM", 99, "ISLAM", ""},
		{"after the colon", ": ISLAM", ": ISLAM", 99, "ISLAM", ""},
		{"one letter doubtful", "ISLAN", "ISLAM", 60, "ISLAM", RuleList},
		{"another word", "QUIXOTE", "QUIXOTE", 99, "", RuleListReject},
		{"a rest under glare", "EN", "EN", 99, "", RuleListReject},
	} {
		p := pageOf(partReligion, readAs(t, c.text, c.doubt, c.percent))
		v := p.finish(p.listed(Religion, partReligion, religions, true))
		got := ""
		if v.Value != nil {
			got = *v.Value
		}
		if got != c.want || v.Rule != c.rule {
			t.Errorf("%s: %q by %q, want %q by %q", c.name, got, v.Rule, c.want, c.rule)
		}
		if got == "" && (v.Confidence != 0 || !slices.Contains(v.Codes, FieldUnreadable)) {
			t.Errorf("%s: refused with %+v", c.name, v)
		}
	}
	// An occupation outside the list is kept as read.
	p := pageOf(partOccupation, readAs(t, "QUIXOTE", "QUIXOTE", 99))
	if v := p.listed(Occupation, partOccupation, occupations, false); v.Value == nil || *v.Value != "QUIXOTE" {
		t.Errorf("open list gives %+v", v)
	}
}

func TestNIKIsNeverMadeFromTheBirthDate(t *testing.T) {
	born := day("1969-08-02")
	for _, c := range []struct {
		name, text, doubt string
		percent           uint8
		want              string
		rule              Rule
	}{
		{"clear", "5104060208695635", "5104060208695635", 99, "5104060208695635", RuleDigits},
		{"after the colon", ":5104060208695635", ":5104060208695635", 99, "5104060208695635", RuleDigits},
		{"doubt that the birth date settles", "5104060208645635", "5104060208695635", 60, "5104060208695635", RuleBirthDate},
		{"no doubt: stays against the birth date", "5104060208645635", "5104060208695635", 100, "5104060208645635", RuleDigits},
	} {
		p := pageOf(partNIK, readAs(t, c.text, c.doubt, c.percent))
		v := p.nik(bornOn(born))
		if v.Value == nil || *v.Value != c.want || v.Rule != c.rule {
			t.Errorf("%s: %+v, want %s by %s", c.name, v, c.want, c.rule)
		}
	}
	p := pageOf(partNIK, readAs(t, "51040602", "51040602", 99))
	if v := p.finish(p.nik(bornOn(born))); v.Value != nil {
		t.Errorf("eight digits became %s", *v.Value)
	}
}

// bornOn is a card that prints a birth date clearly.
func bornOn(date time.Time) printed {
	v := Value{Field: BirthDate}
	v.set(date.Format(isoDate), 0.99)
	return printed{birth: v, born: date}
}

func TestBirthFields(t *testing.T) {
	p := pageOf(partBirth, readAs(t, ":MAKASSAR, 01-07-1987", ":MAKASSAR, 01-07-1987", 99))
	place, date, born := p.birth()
	if place.Value == nil || *place.Value != "MAKASSAR" || date.Value == nil || *date.Value != "1987-07-01" || !born.Equal(day("1987-07-01")) {
		t.Errorf("place %+v, date %+v", place, date)
	}
	if place.Confidence < 0.98 || date.Confidence < 0.98 {
		t.Errorf("confidences %.3f and %.3f", place.Confidence, date.Confidence)
	}
}

func TestGlareCapsConfidence(t *testing.T) {
	l := readAs(t, "SEBATU", "SEBATU", 99)
	l.glare = 0.2
	p := pageOf(partVillage, l)
	v := p.finish(p.freeText(Village, partVillage, asName, nil))
	if v.Value == nil || v.Confidence > maxUnderGlare || !slices.Equal(v.Codes, []Code{CardGlare}) {
		t.Errorf("under a reflection: %+v", v)
	}
}

func TestReadRejectsOtherPictures(t *testing.T) {
	reader := NewReader(drawn{})
	pictures := notCards()
	if RaceDetector {
		delete(pictures, "noise")
		delete(pictures, "stripes")
	}
	for name, p := range pictures {
		r, err := reader.Read(context.Background(), p)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if r.Found || !slices.Equal(r.Codes, []Code{CardNotFound}) || len(r.Values) != len(Fields) {
			t.Errorf("%s: found %v, codes %v, %d fields", name, r.Found, r.Codes, len(r.Values))
		}
		if r.Quality.Layout > 2.2 {
			t.Errorf("%s: layout score %.2f, nearly a card", name, r.Quality.Layout)
		}
	}
	// A card's layout whose print says nothing is not a card either.
	if r, err := reader.Read(context.Background(), drawCard()); err != nil || r.Found {
		t.Errorf("strokes without letters: found %v, %v", r.Found, err)
	}
}

func TestCompletedValuesStayDoubtful(t *testing.T) {
	for _, c := range []struct {
		name, text, doubt string
		percent           uint8
		field             Field
		want              string // "" is refused
	}{
		{"a letter for a digit of the date", "MEDAN, 01-O7-198X", "MEDAN, 01-07-1987", 60, BirthDate, "1987-07-01"},
		{"a digit that nothing supports", "MEDAN, 01-07-198X", "MEDAN, 01-07-198X", 99, BirthDate, ""},
		{"a place nearly read", "XEDIRI, 01-07-1987", "KEDIRI, 01-07-1987", 70, BirthPlace, "KEDIRI"},
		{"a place of no list", "QUIXOTE, 01-07-1987", "QUIXOTE, 01-07-1987", 99, BirthPlace, "QUIXOTE"},
		{"a letter in the neighbourhood", "00X/005", "002/005", 70, RTRW, "002/005"},
		{"a neighbourhood with a digit lost", "002/05", "002/05", 99, RTRW, "002/05"},
		{"half a religion", "KATOUK", "KATOLI", 90, Religion, "KATOLIK"},
	} {
		var v Value
		l := readAs(t, c.text, c.doubt, c.percent)
		switch c.field {
		case RTRW:
			v = pageOf(partRTRW, l).rtrw()
		case Religion:
			v = pageOf(partReligion, l).listed(Religion, partReligion, religions, true)
		case BirthPlace:
			v, _, _ = pageOf(partBirth, l).birth()
		default:
			_, v, _ = pageOf(partBirth, l).birth()
		}
		got := ""
		if v.Value != nil {
			got = *v.Value
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if completed := got != "" && got != c.text && c.want != "QUIXOTE"; completed && (v.Confidence > maxUncertain || !slices.Contains(v.Codes, FieldUncertain)) {
			t.Errorf("%s: confidence %.2f, codes %v", c.name, v.Confidence, v.Codes)
		}
	}
}

func TestNamesHaveNoDigits(t *testing.T) {
	for _, c := range []struct{ text, doubt, want string }{
		{"SANTO5O", "SANTOSO", "SANTOSO"},
		{"SUKAMAJU 2", "SUKAMAJU 2", "SUKAMAJU 2"}, // villages may be numbered
	} {
		v := pageOf(partVillage, readAs(t, c.text, c.doubt, 90)).freeText(Village, partVillage, asName, nil)
		if v.Value == nil || *v.Value != c.want {
			t.Errorf("%q became %+v", c.text, v)
		}
	}
	v := pageOf(partAddress, readAs(t, "JL., MELATI NO, 5", "JL., MELATI NO, 5", 99)).freeText(Address, partAddress, asAddress, addressForms)
	if v.Value == nil || *v.Value != "JL. MELATI NO. 5" {
		t.Errorf("address %+v", v)
	}
}

func TestCompleted(t *testing.T) {
	for _, c := range []struct {
		list    []string
		visible []string
		want    string // "" for none
	}{
		{genders, []string{": PE", "AN"}, "PEREMPUAN"},
		{genders, []string{"LA", ""}, "LAKI-LAKI"},
		{genders, []string{"", ""}, ""},
		{genders, []string{"L", ""}, ""},              // one letter is too little
		{genders, []string{"PEREMPUAN"}, ""},          // nothing is covered
		{maritalStatuses, []string{"", " KAWIN"}, ""}, // KAWIN, too
		{maritalStatuses, []string{"BEL", " KAWIN"}, "BELUM KAWIN"},
		{maritalStatuses, []string{"CERAI ", ""}, ""},
		{occupations, []string{"", "URUS RU", "TANGGA"}, "MENGURUS RUMAH TANGGA"},
		{occupations, []string{"PEGAWAI NEGERI", ""}, ""}, // with and without PNS
		{religions, []string{"KR", "TAN"}, ""},
	} {
		got, ok := completed(c.visible, c.list)
		if ok != (c.want != "") || got != c.want {
			t.Errorf("%q: %q, want %q", c.visible, got, c.want)
		}
	}
}

func TestUnderGlare(t *testing.T) {
	for _, c := range []struct {
		list       []string
		read, want string
	}{
		{maritalStatuses, "BELUM KAW", "BELUM KAWIN"},
		{maritalStatuses, "BELUMI", "BELUM KAWIN"},
		{maritalStatuses, "CERAI H", ""},
		{genders, "PEREMI", "PEREMPUAN"},
		{genders, "PER", ""}, // too little
		{religions, "BETI", ""},
		{occupations, "OLISIAN RI (POLRI)", "KEPOLISIAN RI (POLRI)"},
		{occupations, "SOPIR", "SOPIR"},
	} {
		if got, ok := underGlare(c.read, c.list); ok != (c.want != "") || got != c.want {
			t.Errorf("%s: %q, want %q", c.read, got, c.want)
		}
	}
}
