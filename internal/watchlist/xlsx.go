package watchlist

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
)

// Excelize, which writes our workbooks, is not used to read foreign ones: it
// takes a worksheet that breaks off for one that ends there, so a damaged list
// would pass as a shorter one, and a cell far to the right costs it sixteen
// thousand.

// xlsx is an open .xlsx file. left is what may still be unpacked of it.
type xlsx struct {
	parts map[string]*zip.File
	left  int64
}

// readXLSX reads the worksheets of an Office Open XML workbook.
func readXLSX(data []byte) ([]sheet, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, errWorkbook
	}
	if len(z.File) > maxParts {
		return nil, fmt.Errorf("the workbook has more than %d parts", maxParts)
	}
	x := &xlsx{parts: map[string]*zip.File{}, left: maxUnpackedBytes}
	for _, f := range z.File {
		name := partName(f.Name)
		if x.parts[name] == nil {
			x.parts[name] = f
		}
	}
	root, err := x.relations("")
	if err != nil {
		return nil, err
	}
	book := "xl/workbook.xml"
	for _, r := range root {
		if r.kind == "officeDocument" {
			book = r.target
		}
	}
	if x.parts[book] == nil || !strings.HasSuffix(book, ".xml") {
		return nil, errors.New("the file is a ZIP archive without an Excel workbook in XML")
	}
	return x.workbook(book)
}

// partName is how the name of a part is compared: case and slashes vary.
func partName(name string) string {
	return strings.ToLower(strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(name, "\\", "/")), "/"))
}

func (x *xlsx) workbook(book string) ([]sheet, error) {
	relations, err := x.relations(book)
	if err != nil {
		return nil, err
	}
	var names []string // of the worksheets' parts, in order
	days1904 := false
	err = x.walk(book, func(start xml.StartElement, _ *xml.Decoder) (bool, error) {
		switch start.Name.Local {
		case "workbookPr":
			v := attribute(start, "date1904")
			days1904 = v == "1" || v == "true"
		case "sheet":
			for _, a := range start.Attr {
				if r := relations[a.Value]; a.Name.Local == "id" && r.kind == "worksheet" {
					names = append(names, r.target)
				}
			}
		}
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	if len(names) == 0 || len(names) > maxSheets {
		return nil, fmt.Errorf("the workbook has %d worksheets, not 1 to %d", len(names), maxSheets)
	}
	budget := newCellBudget()
	var shared []string
	for _, r := range relations {
		if r.kind == "sharedStrings" && x.parts[r.target] != nil {
			if shared, err = x.sharedStrings(r.target, budget.text); err != nil {
				return nil, err
			}
		}
	}
	sheets := make([]sheet, len(names))
	for i, name := range names {
		sheets[i].days1904 = days1904
		if sheets[i].rows, err = x.worksheet(name, shared, budget); err != nil {
			return nil, fmt.Errorf("sheet %d: %w", i+1, err)
		}
	}
	return sheets, nil
}

// relation is where a part points to. kind is the last word of its type, which
// the two editions of the standard share.
type relation struct{ kind, target string }

// relations reads what a part refers to, by id; there need not be anything.
func (x *xlsx) relations(part string) (map[string]relation, error) {
	dir, file := path.Split(part)
	name := dir + "_rels/" + file + ".rels"
	out := map[string]relation{}
	if x.parts[name] == nil {
		return out, nil
	}
	err := x.walk(name, func(start xml.StartElement, _ *xml.Decoder) (bool, error) {
		if start.Name.Local == "Relationship" && len(out) < maxParts {
			target := attribute(start, "Target")
			if !strings.HasPrefix(target, "/") {
				target = dir + target
			}
			out[attribute(start, "Id")] = relation{path.Base(attribute(start, "Type")), partName(target)}
		}
		return false, nil
	})
	return out, err
}

// walk gives the elements of a part to each, which tells when it has taken one
// to its end.
func (x *xlsx) walk(name string, each func(xml.StartElement, *xml.Decoder) (taken bool, err error)) error {
	f := x.parts[name]
	if f == nil {
		return errWorkbook
	}
	r, err := f.Open()
	if err != nil {
		return errWorkbook
	}
	defer r.Close()
	guard := &xmlGuard{from: &unpacking{x, r}}
	in := newXML(guard)
	depth := 0
	for {
		guard.left = maxXMLEntry
		t, err := in.Token()
		if err == io.EOF && depth == 0 {
			return nil
		}
		if err != nil {
			return xlsxError(err)
		}
		switch t := t.(type) {
		case xml.Directive:
			return errDirective
		case xml.EndElement:
			depth--
		case xml.StartElement:
			taken, err := each(t, in)
			if err != nil {
				return xlsxError(err)
			}
			if taken {
				continue
			}
			if depth++; depth > 64 {
				return errors.New("the XML is nested deeper than 64 levels")
			}
		}
	}
}

// xlsxError says that the workbook is broken where its XML or its packing is.
func xlsxError(err error) error {
	if errors.Is(err, zip.ErrChecksum) || errors.Is(err, zip.ErrFormat) || errors.Is(err, zip.ErrAlgorithm) || strings.HasPrefix(err.Error(), "flate: ") {
		return errWorkbook
	}
	if xmlError(err) == errCutXML {
		return errWorkbook
	}
	return err
}

// unpacking counts what is unpacked: the archive's own sizes are foreign.
type unpacking struct {
	x    *xlsx
	from io.Reader
}

func (u *unpacking) Read(p []byte) (int, error) {
	n, err := u.from.Read(p)
	if u.x.left -= int64(n); u.x.left < 0 {
		return 0, fmt.Errorf("the workbook unpacks to more than %d bytes", maxUnpackedBytes)
	}
	return n, err
}

// xlsxText is a text that may be cut into runs of one format. What tells how to
// pronounce it (rPh) is left out.
type xlsxText struct {
	Plain string   `xml:"t"`
	Runs  []string `xml:"r>t"`
}

// String gives the text, with the line breaks that Excel writes as _x000D_.
func (t xlsxText) String() string {
	return strings.ReplaceAll(t.Plain+strings.Join(t.Runs, ""), "_x000D_", "\n")
}

func (x *xlsx) sharedStrings(name string, limit int) ([]string, error) {
	var out []string
	err := x.walk(name, func(start xml.StartElement, in *xml.Decoder) (bool, error) {
		if start.Name.Local != "si" {
			return false, nil
		}
		var t xlsxText
		if err := in.DecodeElement(&t, &start); err != nil {
			return true, err
		}
		text := t.String()
		if limit -= len(text); limit < 0 || len(out) >= maxCells {
			return true, fmt.Errorf("the cells hold more than %d bytes", maxCellText)
		}
		out = append(out, text)
		return true, nil
	})
	return out, err
}

type xlsxCell struct {
	At     string   `xml:"r,attr"`
	Type   string   `xml:"t,attr"`
	Value  string   `xml:"v"`
	Inline xlsxText `xml:"is"`
}

func (x *xlsx) worksheet(name string, shared []string, budget *cellBudget) ([]sheetRow, error) {
	var rows []sheetRow
	column := -1
	err := x.walk(name, func(start xml.StartElement, in *xml.Decoder) (bool, error) {
		switch start.Name.Local {
		case "row":
			if len(rows) >= maxSheetRows {
				return false, fmt.Errorf("the sheet has more than %d rows", maxSheetRows)
			}
			number := 1
			if len(rows) > 0 {
				number = rows[len(rows)-1].number + 1
			}
			if n, err := strconv.Atoi(attribute(start, "r")); err == nil {
				number = n
			}
			rows = append(rows, sheetRow{number: number})
			column = -1
		case "c":
			var c xlsxCell
			if err := in.DecodeElement(&c, &start); err != nil {
				return true, err
			}
			if len(rows) == 0 {
				return true, errWorkbook
			}
			if column++; c.At != "" {
				column = columnOf(c.At)
			}
			text := c.Value
			switch c.Type {
			case "s":
				i, err := strconv.Atoi(strings.TrimSpace(c.Value))
				if err != nil || i < 0 || i >= len(shared) {
					return true, errWorkbook
				}
				text = shared[i]
			case "inlineStr":
				text = c.Inline.String()
			case "b", "e":
				text = ""
			}
			return true, budget.put(&rows[len(rows)-1], column, text)
		}
		return false, nil
	})
	return rows, err
}

// columnOf is the column of a cell such as AB12, from 0; -1 when there is none.
func columnOf(at string) int {
	n := 0
	for _, c := range strings.ToUpper(at) {
		if c < 'A' || c > 'Z' {
			break
		}
		if n = n*26 + int(c-'A') + 1; n > 1<<20 {
			break
		}
	}
	return n - 1
}
