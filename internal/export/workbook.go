package export

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"anycheck/internal/verification"
)

// The sheets, in their order.
const (
	summarySheet = "Summary"
	fieldsSheet  = "Fields"
	checksSheet  = "Checks"
	matchesSheet = "Matches"
	imagesSheet  = "Images"
)

// Fills, light enough for black print.
const (
	green  = "DFF0D8"
	yellow = "FFF3CD"
	red    = "F8D7DA"
	grey   = "EDEDED"
)

// Workbook writes an .xlsx file for a person: what came out, what was read,
// what was checked, who resembles the person on a watch list, and the
// pictures. Texts are never formulas.
func (Exporter) Workbook(r verification.Report) ([]byte, error) {
	w := &workbook{file: excelize.NewFile(), styles: map[look]int{}}
	defer w.file.Close()
	w.summary(r)
	w.fields(r.Fields)
	w.checks(r.Checks)
	w.matches(r)
	w.images(r.Images)
	w.do(func() error { return w.file.DeleteSheet("Sheet1") }) // every new file has it
	w.do(func() error {
		return w.file.SetDocProps(&excelize.DocProperties{Creator: "AnyCheck", Title: "Verification " + r.Verification.ID.String(),
			Created: r.Verification.CreatedAt.UTC().Format(time.RFC3339), Modified: r.Verification.CreatedAt.UTC().Format(time.RFC3339)})
	})
	var b bytes.Buffer
	w.do(func() error { return w.file.Write(&b) })
	if w.err != nil {
		return nil, fmt.Errorf("write the workbook: %w", w.err)
	}
	return b.Bytes(), nil
}

// workbook keeps the first error: every call after it does nothing.
type workbook struct {
	file   *excelize.File
	styles map[look]int
	err    error
}

// look is how a cell is shown.
type look struct {
	bold    bool
	fill    string // RGB, empty for none
	percent bool
}

func (w *workbook) do(fn func() error) {
	if w.err == nil {
		w.err = fn()
	}
}

func (w *workbook) style(l look) int {
	id, ok := w.styles[l]
	if ok {
		return id
	}
	s := &excelize.Style{Alignment: &excelize.Alignment{Vertical: "top", WrapText: true}, Font: &excelize.Font{Bold: l.bold}}
	if l.fill != "" {
		s.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{l.fill}}
	}
	if l.percent {
		s.NumFmt = 9 // 0%
		s.Alignment.Horizontal = "left"
	}
	w.do(func() (err error) { id, err = w.file.NewStyle(s); return err })
	w.styles[l] = id
	return id
}

// sheet adds a sheet whose columns have the widths given, in characters.
func (w *workbook) sheet(name string, widths ...float64) {
	w.do(func() error { _, err := w.file.NewSheet(name); return err })
	for i, width := range widths {
		w.do(func() error {
			column, err := excelize.ColumnNumberToName(i + 1)
			if err != nil {
				return err
			}
			return w.file.SetColWidth(name, column, column, width)
		})
	}
	landscape, a4, onePage, any := "landscape", 9, 1, 0
	fit := true
	w.do(func() error {
		return w.file.SetPageLayout(name, &excelize.PageLayoutOptions{Orientation: &landscape, Size: &a4, FitToWidth: &onePage, FitToHeight: &any})
	})
	w.do(func() error { return w.file.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &fit}) })
}

// head writes the first row of a table and keeps it in sight.
func (w *workbook) head(sheet string, titles ...string) {
	for i, t := range titles {
		w.text(sheet, i+1, 1, t, look{bold: true, fill: grey})
	}
	w.do(func() error {
		return w.file.SetPanes(sheet, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
	})
}

// text is the only way a text gets into a cell.
func (w *workbook) text(sheet string, column, row int, s string, l look) {
	w.cell(sheet, column, row, l, func(cell string) error { return w.file.SetCellStr(sheet, cell, plain(s)) })
}

func (w *workbook) number(sheet string, column, row int, n float64, l look) {
	w.cell(sheet, column, row, l, func(cell string) error { return w.file.SetCellFloat(sheet, cell, n, -1, 64) })
}

func (w *workbook) cell(sheet string, column, row int, l look, set func(cell string) error) {
	id := w.style(l)
	w.do(func() error {
		cell, err := excelize.CoordinatesToCellName(column, row)
		if err != nil {
			return err
		}
		if err := set(cell); err != nil {
			return err
		}
		return w.file.SetCellStyle(sheet, cell, cell, id)
	})
}

// escaped is how the format writes a character by its number (ECMA-376 part 1,
// 22.9.2.19): in a text of somebody else it would become that character, and
// "_x003D_" an equals sign.
var escaped = regexp.MustCompile(`_x[0-9A-Fa-f]{4}_`)

// plain makes a text that no spreadsheet program takes for a formula, not even
// after it was saved as CSV: one that begins with a character that may start a
// formula gets an apostrophe before it (OWASP ASVS 5.0, 1.2.10). Characters
// that XML cannot hold are dropped.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' {
			return -1
		}
		return r
	}, s)
	s = escaped.ReplaceAllString(s, "_x005F$0")
	if strings.IndexAny(s, "=+-@\t\r\n＝＋－＠") == 0 {
		s = "'" + s
	}
	return s
}

func (w *workbook) summary(r verification.Report) {
	const s = summarySheet
	w.sheet(s, 26, 80)
	v := r.Verification
	row := 0
	line := func(label, value string, l look) {
		if value == "" {
			return
		}
		row++
		w.text(s, 1, row, label, look{bold: true})
		w.text(s, 2, row, value, l)
	}
	gap := func() { row++ }

	line("Verdict", verdict(v.OutputStatus), look{bold: true, fill: verdictFill(v.OutputStatus)})
	for _, c := range r.Checks {
		if c.Outcome == verification.FailOutcome || c.Outcome == verification.Inconclusive {
			line("To look at", c.Message, look{fill: outcomeFill(c.Outcome)})
		}
	}
	gap()
	line("Verification", v.ID.String(), look{})
	if v.Test() {
		line("Test", "made with a test key: what was found is made up", look{})
	}
	line("Service", v.ServiceName, look{})
	line("Type", string(v.Config.Type), look{})
	line("Result", v.ResultID.String(), look{})
	line("Folder", v.FolderID.String(), look{})
	line("Accepted", moment(&v.CreatedAt), look{})
	line("Started", moment(v.StartDate), look{})
	line("Ended", moment(v.EndDate), look{})
	if d, ok := v.ExecutionTime(); ok {
		line("Took", fmt.Sprintf("%.1f seconds", d.Seconds()), look{})
	}
	line("Run", fmt.Sprintf("%d", v.Attempt), look{})
	line("Files", fmt.Sprintf("%d, pages: %d", v.TotalFiles, v.TotalPages), look{})
	line("Credits", fmt.Sprintf("%d", v.CreditUsed), look{})
	if c := v.Consent; c != nil {
		gap()
		line("Consent given", moment(&c.GivenAt), look{})
		line("Version", c.Version, look{})
		line("Text", c.Text, look{})
	}
	if m := r.Match; m != nil {
		gap()
		line("Faces", m.Message, look{})
		if m.Score != nil {
			line("Score of 0 to 100", fmt.Sprintf("%.1f", *m.Score), look{})
		}
		line("Level", m.Level, look{})
		line("Same person", yes(m.IsMatch), look{})
	}
	gap()
	line("Watch lists", found(r), look{})
	line("Lists", strings.Join(r.Lists, "\n"), look{})
	line("Models", strings.Join(r.Models, "\n"), look{})
}

func (w *workbook) fields(fields []verification.ReportField) {
	const s = fieldsSheet
	w.sheet(s, 24, 50, 13, 70)
	w.head(s, "Field", "Value", "Confidence", "Note")
	for i, f := range fields {
		row := i + 2
		w.text(s, 1, row, f.Label, look{bold: true})
		if f.Value == nil {
			w.text(s, 2, row, "not readable", look{fill: grey})
		} else {
			w.text(s, 2, row, *f.Value, look{})
		}
		if f.Confidence != nil {
			w.number(s, 3, row, *f.Confidence, look{percent: true})
		}
		w.text(s, 4, row, f.Note, look{})
	}
	if len(fields) == 0 {
		w.text(s, 1, 2, "No field was read.", look{})
		return
	}
	w.do(func() error {
		return w.file.SetConditionalFormat(s, fmt.Sprintf("C2:C%d", len(fields)+1), []excelize.ConditionalFormatOptions{{
			Type: "3_color_scale", Criteria: "=", MinType: "num", MinValue: "0.5", MidType: "num", MidValue: "0.8", MaxType: "num", MaxValue: "1",
			MinColor: "#" + red, MidColor: "#" + yellow, MaxColor: "#" + green}})
	})
}

func (w *workbook) checks(checks []verification.Check) {
	const s = checksSheet
	w.sheet(s, 28, 16, 28, 90, 12)
	w.head(s, "Check", "Outcome", "Code", "Message", "Blocking")
	for i, c := range checks {
		row := i + 2
		w.text(s, 1, row, c.Name, look{bold: true})
		w.text(s, 2, row, string(c.Outcome), look{fill: outcomeFill(c.Outcome)})
		w.text(s, 3, row, c.Code, look{})
		w.text(s, 4, row, c.Message, look{})
		w.text(s, 5, row, yes(c.Blocking), look{})
	}
}

func (w *workbook) matches(r verification.Report) {
	const s = matchesSheet
	w.sheet(s, 36, 10, 30, 30, 40, 30, 50)
	w.head(s, "Name on the list", "Score", "Topics", "Lists", "Matched on", "Entry", "Address")
	for i, h := range r.Hits {
		row := i + 2
		w.text(s, 1, row, h.Name, look{bold: true})
		w.number(s, 2, row, h.Score, look{percent: true})
		w.text(s, 3, row, strings.Join(h.Topics, "\n"), look{})
		w.text(s, 4, row, strings.Join(h.Datasets, "\n"), look{})
		w.text(s, 5, row, strings.Join(h.MatchedOn, "\n"), look{})
		w.text(s, 6, row, h.EntityID, look{})
		w.text(s, 7, row, h.URL, look{})
	}
	if len(r.Hits) == 0 {
		w.text(s, 1, 2, found(r), look{})
	}
}

// Sizes of the pictures' sheet, in pixels.
const (
	rowHeight   = 20  // of a row that has no height of its own
	columnWidth = 460 // of a column of 65 characters
	leadWidth   = 640 // the first picture, the card
	leadHeight  = 460
	restWidth   = columnWidth - 20
	restHeight  = 440
)

// images shows the first picture, the card, large and the others below it side
// by side.
func (w *workbook) images(images []verification.ReportImage) {
	const s = imagesSheet
	w.sheet(s, 65, 65, 65)
	onePage := 1
	w.do(func() error { return w.file.SetPageLayout(s, &excelize.PageLayoutOptions{FitToHeight: &onePage}) })
	row := 1
	for i, image := range images {
		column, maxW, maxH := i, restWidth, restHeight // the second picture is in the first column again
		if i == 0 {
			column, maxW, maxH = 1, leadWidth, leadHeight
		}
		w.text(s, column, row, image.Title, look{bold: true})
		height := w.picture(s, column, row+1, image, maxW, maxH)
		if i == 0 {
			row += 3 + (height+rowHeight-1)/rowHeight
		}
	}
	if len(images) == 0 {
		w.text(s, 1, 1, "There are no pictures.", look{})
	}
}

// picture embeds a JPEG, shrunk to fit, and tells its height in pixels.
func (w *workbook) picture(sheet string, column, row int, image verification.ReportImage, maxW, maxH int) int {
	cfg, err := jpeg.DecodeConfig(bytes.NewReader(image.JPEG))
	if err != nil || cfg.Width == 0 || cfg.Height == 0 {
		w.text(sheet, column, row, "The picture cannot be shown.", look{})
		return rowHeight
	}
	scale := min(float64(maxW)/float64(cfg.Width), float64(maxH)/float64(cfg.Height), 1)
	w.do(func() error {
		cell, err := excelize.CoordinatesToCellName(column, row)
		if err != nil {
			return err
		}
		return w.file.AddPictureFromBytes(sheet, cell, &excelize.Picture{Extension: ".jpg", File: image.JPEG,
			Format: &excelize.GraphicOptions{ScaleX: scale, ScaleY: scale, AltText: image.Title, Positioning: "oneCell"}})
	})
	return int(scale * float64(cfg.Height))
}

func verdict(s verification.OutputStatus) string {
	switch s {
	case verification.Verified:
		return "VERIFIED: every check passed"
	case verification.PartiallyNotVerified:
		return "PARTIALLY_NOT_VERIFIED: no check that decides failed, but not all passed"
	case verification.NotVerified:
		return "NOT_VERIFIED: a check that decides failed"
	}
	return "not decided"
}

func verdictFill(s verification.OutputStatus) string {
	switch s {
	case verification.Verified:
		return green
	case verification.NotVerified:
		return red
	}
	return yellow
}

func outcomeFill(o verification.Outcome) string {
	switch o {
	case verification.Pass:
		return green
	case verification.FailOutcome:
		return red
	case verification.Inconclusive:
		return yellow
	}
	return grey
}

// found says in words what the watch lists gave.
func found(r verification.Report) string {
	switch {
	case !r.Screened:
		return "The watch lists were not searched."
	case len(r.Hits) == 0:
		return "Nobody on the watch lists resembles the person."
	}
	return fmt.Sprintf("Entries that resemble the person: %d", len(r.Hits))
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func moment(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}
