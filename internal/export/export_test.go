package export

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/xuri/excelize/v2"

	"anycheck/internal/verification"
)

var _ verification.Exporter = Exporter{}

func p[T any](v T) *T { return &v }

func drawn(t testing.TB, w, h int, c color.Color) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// report is of an invented person who knows how to inject formulas.
func report(t testing.TB) verification.Report {
	start := time.Date(2026, 3, 4, 5, 6, 7, 0, time.FixedZone("WIB", 7*3600))
	return verification.Report{
		Verification: verification.Verification{
			ID: uuid.MustParse("01930000-0000-7000-8000-00000000000a"), ServiceName: "KTP & PEP", Status: verification.Completed, Attempt: 2,
			Config: verification.Configuration{Type: verification.KTPSelfiePEP}, TotalFiles: 2, TotalPages: 2, CreditUsed: 10,
			CreatedAt: start, StartDate: &start, EndDate: p(start.Add(2500 * time.Millisecond)),
			Output: json.RawMessage(`{"is_match_face":false}`), OutputStatus: verification.NotVerified,
			Consent: &verification.Consent{Text: "I agree.\nReally.", Version: "v2", GivenAt: start.UTC()},
		},
		Evidence: map[verification.StepName]json.RawMessage{
			verification.StepRead: json.RawMessage(`{"b":1,"a":"<&>"}`), verification.StepMatch: json.RawMessage(`{"score":2.28}`)},
		Fields: []verification.ReportField{
			{Name: "nik", Label: "NIK", Value: p("3171014501900501"), Confidence: p(0.99)},
			{Name: "name", Label: "Name", Value: p(`=HYPERLINK("http://x","y")`), Confidence: p(0.71), Note: "A letter could not be told from another."},
			{Name: "address", Label: "Address", Value: p("+62 JALAN CONTOH"), Confidence: p(0.9)},
			{Name: "blood_type", Label: "Blood type", Note: "-"},
		},
		Checks: []verification.Check{
			{Name: "nik_valid", Outcome: verification.Pass, Blocking: true},
			{Name: "faces_match", Outcome: verification.FailOutcome, Code: "FACES_DIFFER", Message: "The faces differ. Ask for another selfie.", Blocking: true},
			{Name: "card_sharp", Outcome: verification.Inconclusive, Code: "CARD_BLURRED", Message: "The card is blurred."},
			{Name: "tampering", Outcome: verification.Skipped, Code: "NOT_ASKED"},
		},
		Match:    &verification.ReportMatch{Score: p(2.28), Level: "LOW", Similarity: p(0.05), Message: "The faces differ."},
		Screened: true,
		Hits: []verification.ReportHit{{EntityID: "Q1", Name: "@SUM(A1)", Score: 0.87, Topics: []string{"role.pep"}, Datasets: []string{"a", "b"},
			MatchedOn: []string{"name", "birth date"}, URL: "https://example.com/Q1"}},
		Lists:  []string{"peps version 2026-01-01"},
		Models: []string{"ktp_ctc_v1 1", "mobilefacenet 1"},
		Images: []verification.ReportImage{
			{Title: "Card", JPEG: drawn(t, 1012, 638, color.RGBA{120, 170, 220, 255})},
			{Title: "Portrait", JPEG: drawn(t, 300, 400, color.RGBA{220, 170, 120, 255})},
			{Title: "Selfie", JPEG: drawn(t, 1200, 1600, color.RGBA{120, 220, 170, 255})},
		},
		Steps: []verification.StepRecord{{Name: verification.StepRead, StartedAt: start, EndedAt: start.Add(time.Second)}},
	}
}

func open(t testing.TB, data []byte) *excelize.File {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func workbookOf(t testing.TB, r verification.Report) *excelize.File {
	t.Helper()
	data, err := Exporter{}.Workbook(r)
	if err != nil {
		t.Fatal(err)
	}
	return open(t, data)
}

func TestWorkbookCells(t *testing.T) {
	f := workbookOf(t, report(t))
	if got := strings.Join(f.GetSheetList(), " "); got != "Summary Fields Checks Matches Images" {
		t.Fatalf("sheets %s", got)
	}
	want := map[string][][]string{
		fieldsSheet: {
			{"Field", "Value", "Confidence", "Note"},
			{"NIK", "3171014501900501", "99%"},
			{"Name", `'=HYPERLINK("http://x","y")`, "71%", "A letter could not be told from another."},
			{"Address", "'+62 JALAN CONTOH", "90%"},
			{"Blood type", "not readable", "", "'-"},
		},
		checksSheet: {
			{"Check", "Outcome", "Code", "Message", "Blocking"},
			{"nik_valid", "PASS", "", "", "yes"},
			{"faces_match", "FAIL", "FACES_DIFFER", "The faces differ. Ask for another selfie.", "yes"},
			{"card_sharp", "INCONCLUSIVE", "CARD_BLURRED", "The card is blurred.", "no"},
			{"tampering", "SKIPPED", "NOT_ASKED", "", "no"},
		},
		matchesSheet: {
			{"Name on the list", "Score", "Topics", "Lists", "Matched on", "Entry", "Address"},
			{"'@SUM(A1)", "87%", "role.pep", "a\nb", "name\nbirth date", "Q1", "https://example.com/Q1"},
		},
	}
	for sheet, rows := range want {
		got, err := f.GetRows(sheet)
		if err != nil || len(got) != len(rows) {
			t.Fatalf("%s: %q, %v", sheet, got, err)
		}
		for i := range rows {
			if g, w := strings.TrimRight(strings.Join(got[i], "|"), "|"), strings.Join(rows[i], "|"); g != w {
				t.Errorf("%s row %d: %q, want %q", sheet, i+1, g, w)
			}
		}
		panes, err := f.GetPanes(sheet)
		if err != nil || !panes.Freeze || panes.YSplit != 1 {
			t.Errorf("%s: the first row is not frozen: %+v, %v", sheet, panes, err)
		}
	}
	summary := map[string]string{}
	rows, err := f.GetRows(summarySheet)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if len(r) == 2 {
			summary[r[0]] += r[1]
		}
	}
	for label, value := range map[string]string{
		"Verdict":           "NOT_VERIFIED: a check that decides failed",
		"To look at":        "The faces differ. Ask for another selfie.The card is blurred.",
		"Verification":      "01930000-0000-7000-8000-00000000000a",
		"Type":              "KTP_SELFIE_PEP",
		"Accepted":          "2026-03-03 22:06:07 UTC",
		"Took":              "2.5 seconds",
		"Credits":           "10",
		"Consent given":     "2026-03-03 22:06:07 UTC",
		"Version":           "v2",
		"Text":              "I agree.\nReally.",
		"Score of 0 to 100": "2.3",
		"Same person":       "no",
		"Watch lists":       "Entries that resemble the person: 1",
		"Models":            "ktp_ctc_v1 1\nmobilefacenet 1",
	} {
		if summary[label] != value {
			t.Errorf("Summary %s: %q, want %q", label, summary[label], value)
		}
	}
}

func TestWorkbookPictures(t *testing.T) {
	r := report(t)
	f := workbookOf(t, r)
	cells, err := f.GetPictureCells(imagesSheet)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(cells, " "); got != "A2 A26 B26" {
		t.Errorf("pictures in %s", got)
	}
	pictures, err := f.GetPictures(imagesSheet, "B26")
	if err != nil || len(pictures) != 1 || !bytes.Equal(pictures[0].File, r.Images[2].JPEG) {
		t.Errorf("the selfie: %d pictures, %v", len(pictures), err)
	}
	if title, _ := f.GetCellValue(imagesSheet, "B25"); title != "Selfie" {
		t.Errorf("title %q", title)
	}

	r.Images[1].JPEG = []byte("no JPEG")
	f = workbookOf(t, r)
	if text, _ := f.GetCellValue(imagesSheet, "A26"); text != "The picture cannot be shown." {
		t.Errorf("a damaged picture: %q", text)
	}
}

// A report with nothing in it still makes a workbook, with words for what is missing.
func TestWorkbookOfNothing(t *testing.T) {
	f := workbookOf(t, verification.Report{})
	for sheet, want := range map[string]string{fieldsSheet: "No field was read.", matchesSheet: "The watch lists were not searched."} {
		if got, _ := f.GetCellValue(sheet, "A2"); got != want {
			t.Errorf("%s: %q", sheet, got)
		}
	}
	if got, _ := f.GetCellValue(imagesSheet, "A1"); got != "There are no pictures." {
		t.Errorf("Images: %q", got)
	}
}

// hostile is every text of a report replaced by s.
func hostile(s string) verification.Report {
	return verification.Report{
		Verification: verification.Verification{ServiceName: s, Config: verification.Configuration{Type: verification.Type(s)}},
		Fields:       []verification.ReportField{{Label: s, Value: &s, Note: s}},
		Checks:       []verification.Check{{Name: s, Outcome: verification.Outcome(s), Code: s, Message: s}},
		Match:        &verification.ReportMatch{Level: s, Message: s},
		Hits:         []verification.ReportHit{{Name: s, Topics: []string{s}, Datasets: []string{s}, MatchedOn: []string{s}, EntityID: s, URL: s}},
		Lists:        []string{s}, Models: []string{s},
		Images: []verification.ReportImage{{Title: s}},
	}
}

func wantNoFormula(t *testing.T, f *excelize.File) {
	t.Helper()
	for _, sheet := range f.GetSheetList() {
		rows, err := f.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		for y, row := range rows {
			for x, value := range row {
				cell, _ := excelize.CoordinatesToCellName(x+1, y+1)
				if formula, err := f.GetCellFormula(sheet, cell); err != nil || formula != "" {
					t.Errorf("%s!%s holds the formula %q, %v", sheet, cell, formula, err)
				}
				if strings.IndexAny(value, "=+-@\t\r\n＝＋－＠") == 0 {
					t.Errorf("%s!%s begins like a formula: %q", sheet, cell, value)
				}
			}
		}
	}
}

func TestNoCellStartsAFormula(t *testing.T) {
	for _, s := range []string{"=1+1", "+1", "-1", "@A1", "\t=1", "\r=1", "\n=1", "＝1", "\x00=1", "\x00\x01@x", "'=1", "a\x0bb\ufffe\xff", "_x003D_1", strings.Repeat("😀", 40000)} {
		wantNoFormula(t, workbookOf(t, hostile(s)))
	}
}

func TestTextsComeBackAsTheyWere(t *testing.T) {
	for _, s := range []string{"KTP & PEP <b>", "_x003D_1", "__x0041__x0042_", " two  spaces ", "a\nb", "😀"} {
		f := workbookOf(t, hostile(s))
		if got, err := f.GetCellValue(checksSheet, "D2"); err != nil || got != s {
			t.Errorf("%q came back as %q, %v", s, got, err)
		}
	}
}

func FuzzPlain(f *testing.F) {
	for _, s := range []string{"=1+1", "\x00\xff", strings.Repeat("😀", 40000), "a\x0bb", "_x0041_", "\ufffe", "\x01＠"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := plain(s)
		if strings.IndexAny(got, "=+-@\t\r\n＝＋－＠") == 0 {
			t.Errorf("%q begins like a formula", got)
		}
		if !utf8.ValidString(got) {
			t.Errorf("%q is no text", got)
		}
	})
}

// No part of the file may be addressed to the outside or run.
func TestWorkbookHasNoLinks(t *testing.T) {
	data, err := Exporter{}.Workbook(report(t))
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range z.File {
		r, err := part.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), `TargetMode="External"`) || strings.Contains(part.Name, "vba") {
			t.Errorf("%s reaches outside", part.Name)
		}
	}
}

func TestJSON(t *testing.T) {
	r := report(t)
	got, err := Exporter{}.JSON(r)
	if err != nil {
		t.Fatal(err)
	}
	want := `{
  "verification": {
    "id": "01930000-0000-7000-8000-00000000000a",
    "service": {
      "id": "00000000-0000-0000-0000-000000000000",
      "name": "KTP & PEP"
    },
    "folder_id": "00000000-0000-0000-0000-000000000000",
    "result_id": "00000000-0000-0000-0000-000000000000",
    "test": false,
    "status": "COMPLETED",
    "verification_type": "KTP_SELFIE_PEP",
    "fraud_detection": false,
    "attempt": 2,
    "total_files": 2,
    "total_pages": 2,
    "credit_used": 10,
    "created_at": "2026-03-03T22:06:07Z",
    "start_date": "2026-03-03T22:06:07Z",
    "end_date": "2026-03-03T22:06:09.5Z",
    "execution_time": 2.5,
    "consent": {
      "text": "I agree.\nReally.",
      "version": "v2",
      "given_at": "2026-03-03T22:06:07Z"
    }
  },
  "output_status": "NOT_VERIFIED",
  "policy_version": "` + verification.PolicyVersion + `",
  "output": {
    "is_match_face": false
  },
  "checks": [
    {
      "name": "nik_valid",
      "outcome": "PASS",`
	if !strings.HasPrefix(string(got), want) {
		t.Errorf("begins with\n%s\nwant\n%s", got[:min(len(got), len(want)+100)], want)
	}
	end := `  "steps": [
    {
      "name": "read",
      "started_at": "2026-03-03T22:06:07Z",
      "ended_at": "2026-03-03T22:06:08Z",
      "seconds": 1
    }
  ],
  "evidence": {
    "match": {
      "score": 2.28
    },
    "read": {
      "b": 1,
      "a": "<&>"
    }
  }
}
`
	if !strings.HasSuffix(string(got), end) {
		t.Errorf("ends with\n%s\nwant\n%s", got[max(0, len(got)-len(end)-100):], end)
	}
	for range 5 {
		if again, _ := (Exporter{}).JSON(r); !bytes.Equal(again, got) {
			t.Fatal("the same report gave other bytes")
		}
	}
	empty, err := Exporter{}.JSON(verification.Report{})
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(empty, &m); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"checks": "[]", "models": "[]", "lists": "[]", "steps": "[]", "evidence": "{}", "output": "null"} {
		if string(m[name]) != want {
			t.Errorf("%s of nothing is %s, want %s", name, m[name], want)
		}
	}
}

func BenchmarkWorkbook(b *testing.B) {
	r := report(b)
	for b.Loop() {
		if _, err := (Exporter{}).Workbook(r); err != nil {
			b.Fatal(err)
		}
	}
}
