package specimen

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"anycheck/internal/imaging"
	"anycheck/internal/ktp"
	"anycheck/internal/onnx/onnxtest"
)

func TestPeopleAreConsistent(t *testing.T) {
	people := People(200, 1)
	seen := map[string]bool{}
	for _, p := range people {
		born, err := time.Parse("02-01-2006", p.BirthDate)
		if err != nil {
			t.Fatalf("birth date %q: %v", p.BirthDate, err)
		}
		day := born.Day()
		if p.Gender == "PEREMPUAN" {
			day += 40
		}
		if want := fmt.Sprintf("%02d%s", day, born.Format("0106")); len(p.NIK) != 16 || p.NIK[6:12] != want {
			t.Errorf("NIK %s of %s born %s: want %s in the middle", p.NIK, p.Gender, p.BirthDate, want)
		}
		if p.NIK[12:] < "0500" {
			t.Errorf("NIK %s has a serial that the registry may have handed out", p.NIK)
		}
		if p.Identity.Female() != (p.Gender == "PEREMPUAN") {
			t.Errorf("face %d on a card of %s", p.Identity, p.Gender)
		}
		issued, err := time.Parse("02-01-2006", p.IssueDate)
		if err != nil || issued.Before(born.AddDate(17, 0, 0)) {
			t.Errorf("issued %s to a person born %s", p.IssueDate, p.BirthDate)
		}
		if seen[p.NIK] {
			t.Errorf("NIK %s twice", p.NIK)
		}
		seen[p.NIK] = true
	}
	if again := People(200, 1); again[199] != people[199] {
		t.Error("the same seed gave another person")
	}
	if other := People(1, 2); other[0] == people[0] {
		t.Error("another seed gave the same person")
	}
}

func TestOutputHasDatesInISO(t *testing.T) {
	p := People(1, 1)[0]
	p.BirthDate = "03-12-1990"
	out := p.Output()
	if out["birth_date"] != "1990-12-03" || out["nationality"] != "WNI" || len(out) != 19 {
		t.Errorf("output %v", out)
	}
}

// No text may leave its column: the reader's limits are the card's.
func TestTextStaysInside(t *testing.T) {
	for _, p := range People(300, 5) {
		if n := len(wrap(p.Name)) + len(wrap(p.Address)); n > 4 {
			t.Errorf("%q, %q take %d rows", p.Name, p.Address, n)
		}
		values := append(wrap(p.Name), wrap(p.Address)...)
		values = append(values, p.BirthPlace+", "+p.BirthDate, p.Village, p.District, p.Occupation, p.MaritalStatus)
		for _, v := range values {
			if w := measure(plain, v, capital); w > valueWidth {
				t.Errorf("%q is %.1f mm wide, more than %.1f", v, w, valueWidth)
			}
		}
		for _, line := range []string{"PROVINSI " + p.Province, p.Regency} {
			if w := measure(bold, line, 2.05); w > 78 {
				t.Errorf("header %q is %.1f mm wide", line, w)
			}
		}
	}
	if bottom := firstRow + 13*rowPitch + capital/2; bottom > CardHeightMM-0.5 {
		t.Errorf("fourteen rows end at %.2f mm", bottom)
	}
	for _, label := range []string{"Tempat/Tgl Lahir", "Status Perkawinan", "Kewarganegaraan"} {
		if end := labelX + measure(plain, label, capital); end > colonX {
			t.Errorf("label %q ends at %.1f mm", label, end)
		}
	}
}

func TestWrap(t *testing.T) {
	for value, want := range map[string]string{
		"SITI":                                  "SITI",
		"KOMPLEK GRIYA FLAMBOYAN BLOK A NO. 12": "KOMPLEK GRIYA FLAMBOYAN|BLOK A NO. 12",
		strings.Repeat("W", 40):                 strings.Repeat("W", 40),
	} {
		if got := strings.Join(wrap(value), "|"); got != want {
			t.Errorf("wrap(%q) = %q, want %q", value, got, want)
		}
	}
}

func TestCardDependsOnItsArgumentsOnly(t *testing.T) {
	people := People(2, 9)
	card := Card(people[0], nil)
	if card.W != 1712 || card.H != 1080 {
		t.Fatalf("card of %d x %d", card.W, card.H)
	}
	if !bytes.Equal(card.Pix, Card(people[0], nil).Pix) {
		t.Error("the same person gave another card")
	}
	if bytes.Equal(card.Pix, Card(people[1], nil).Pix) {
		t.Error("two people got the same card")
	}
	centre := card.Crop(1448-4, 484-4, 8, 8)
	if s := Studio(people[0]); [3]uint8(centre.Pix[:3]) != s {
		t.Errorf("without a portrait the studio shows %v, want %v", centre.Pix[:3], s)
	}
}

// The cards are worth something only if the reader takes them for cards. One
// is enough here: reading is slow under the race detector.
func TestReaderReadsTheCard(t *testing.T) {
	reader := ktp.NewReader(onnxtest.Model(t, onnxtest.Open(t), "ktp_ctc_v2"))
	p := People(1, 12)[0]
	photo := Photograph(Card(p, nil), UpsideDown, 1)
	got, err := reader.Read(context.Background(), photo.Picture)
	if err != nil {
		t.Fatal(err)
	}
	if !got.Found {
		t.Fatal("no card found")
	}
	for field, want := range p.Output() {
		if text := got.Text(ktp.Field(field)); text != want {
			t.Errorf("%s is %q, want %q", field, text, want)
		}
	}
	perMM := hypot(photo.Corners[1].X-photo.Corners[0].X, photo.Corners[1].Y-photo.Corners[0].Y) / CardWidthMM
	for k, c := range photo.Corners {
		if off := hypot(c.X-got.Corners[k].X, c.Y-got.Corners[k].Y) / perMM; off > 1 {
			t.Errorf("corner %d is found %.1f mm away", k, off)
		}
	}
}

func BenchmarkCard(b *testing.B) {
	p := People(1, 1)[0]
	portrait := imaging.New(392, 504)
	for b.Loop() {
		Card(p, portrait)
	}
}
