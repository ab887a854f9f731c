package sandbox

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"anycheck/internal/fault"
	"anycheck/internal/imaging"
	"anycheck/internal/ktp"
	"anycheck/internal/specimen"
	"anycheck/internal/verification"
)

var update = flag.Bool("update", false, "write the card and the table of docs/sandbox.md anew")

// The card that is shown is the one whose text is given out, and it says that
// it is none.
func TestCard(t *testing.T) {
	drawn := specimen.People(1, 17)[0]
	for field, text := range drawn.Output() {
		if person[ktp.Field(field)] != text {
			t.Errorf("%s is %q, the card shows %q", field, person[ktp.Field(field)], text)
		}
	}
	if len(person) != len(ktp.Fields) {
		t.Errorf("%d fields, want %d", len(person), len(ktp.Fields))
	}
	picture := specimen.Card(drawn, specimen.Portrait(drawn.Identity, specimen.Studio(drawn)))
	want, err := picture.EncodeJPEG(75)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("card.jpg", want, 0o644); err != nil {
			t.Fatal(err)
		}
	} else if !bytes.Equal(want, cardJPEG) {
		t.Error("card.jpg is not the card of package specimen; run go test ./internal/sandbox -update")
	}
	if picture.W != cardWidth || picture.H != cardHeight {
		t.Errorf("the card is %d x %d", picture.W, picture.H)
	}
}

// Each row must be reachable by its own name, however it is spelled.
func TestNames(t *testing.T) {
	s := New(time.Now)
	for i, row := range Rows() {
		if row.Name != normal(row.Name) || row.Meaning == "" {
			t.Errorf("row %d: name %q, meaning %q", i, row.Name, row.Meaning)
		}
		if found := find(row.Name, false); found.Code != row.Code || found.Status != row.Status || found.Meaning != row.Meaning {
			t.Errorf("%s is hidden by another row", row.Name)
		}
		path := "files/o/g/uploads/01930000-0000-7000-8000-000000000001_"
		for _, name := range []string{row.Name + ".jpg", strings.ToUpper(strings.ReplaceAll(row.Name, "-", "_")) + ".PDF", row.Name} {
			cfg := verification.Configuration{Files: map[string][]string{"ktp_file": {path + name}}}
			if got := asked(cfg); got != row.Name {
				t.Errorf("%s asks for %q", name, got)
			}
			if got := s.Scenario(cfg).Refusal; (got != nil) != (row.Refused != "") || got != nil && got.Code != row.Refused {
				t.Errorf("%s: refusal %v", name, got)
			}
		}
		asked := asked(verification.Configuration{Person: &verification.Person{Name: strings.ReplaceAll(row.Name, "-", " ")}})
		if known := find(asked, true).Name == row.Name; known != row.Person {
			t.Errorf("a person named %q: known %v", asked, known)
		}
	}
	for _, name := range []string{"files/x/1_card (2).jpg", "files/x/1_.jpg", "files/x/verified"} {
		if got := find(asked(verification.Configuration{Files: map[string][]string{"ktp_file": {name}}}), false); got.Name != "verified" {
			t.Errorf("%s comes to %s", name, got.Name)
		}
	}
}

// Callers may add to a fault; the next one must not see it.
func TestRefusalsAreFresh(t *testing.T) {
	cfg := verification.Configuration{Files: map[string][]string{"ktp_file": {"1_service-off.jpg"}}}
	first := New(time.Now).Scenario(cfg).Refusal
	first.WithField("x", "y")
	if second := New(time.Now).Scenario(cfg).Refusal; len(second.Fields) != 1 {
		t.Errorf("fields %v", second.Fields)
	}
	if first.HTTP() != 400 || first.Code != fault.CodeInvalidValue {
		t.Errorf("%d %s", first.HTTP(), first.Code)
	}
}

// What one verification finds, another must not change.
func TestFindingsAreFresh(t *testing.T) {
	cfg := verification.Configuration{Files: map[string][]string{"ktp_file": {"1_verified.jpg"}}}
	s := New(time.Now)
	first, err := s.Scenario(cfg).Cards.Read(t.Context(), imaging.New(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	first.Values[0].Value = nil
	second, err := s.Scenario(cfg).Cards.Read(t.Context(), imaging.New(1, 1))
	if err != nil || second.Text(ktp.NIK) != person[ktp.NIK] {
		t.Errorf("NIK %q, %v", second.Text(ktp.NIK), err)
	}
	if findings := ktp.CheckCard(&second, time.Now()); len(findings) > 0 {
		t.Errorf("the card breaks rules: %+v", findings)
	}
}

// docs/sandbox.md shows the table.
func TestPage(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "sandbox.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(page), "-update -->\n")
	_, after, ended := strings.Cut(rest, "<!-- end of names -->")
	if !ok || !ended {
		t.Fatal("the page has no place for the table")
	}
	want := before + "-update -->\n" + table() + "<!-- end of names -->" + after
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(page) != want {
		t.Error("the table differs; run go test ./internal/sandbox -update")
	}
}

func table() string {
	var b strings.Builder
	b.WriteString("| name | comes to | by | is |\n| --- | --- | --- | --- |\n")
	for _, r := range Rows() {
		name, comesTo, by := "`"+r.Name+"`", string(r.Status), ""
		if r.Person {
			name += " ●"
		}
		switch {
		case r.Refused != "":
			comesTo, by = "nothing is created", "`"+string(r.Refused)+"`"
		case r.Verdict != "":
			comesTo += ", " + string(r.Verdict)
		}
		switch {
		case r.Check != "":
			by = "`" + r.Check + "` `" + r.Code + "`"
		case r.Code != "":
			by = "`" + r.Code + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, comesTo, by, r.Meaning)
	}
	return b.String()
}
