package watchlist

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/richardlehane/mscfb"
)

// The old .xls is a file system of its own (OLE2), read by mscfb, with one
// stream of records in it (BIFF8, "[MS-XLS]"). The Go modules that read BIFF
// are years without care and end in panics on broken files; of the records,
// only those that hold the text of cells are needed.

// The records that are read.
const (
	recFormula    = 0x0006
	recEOF        = 0x000A
	recDate1904   = 0x0022
	recFilePass   = 0x002F
	recContinue   = 0x003C
	recBoundSheet = 0x0085
	recMulRK      = 0x00BD
	recRString    = 0x00D6
	recSST        = 0x00FC
	recLabelSST   = 0x00FD
	recNumber     = 0x0203
	recLabel      = 0x0204
	recString     = 0x0207
	recRK         = 0x027E
	recBOF        = 0x0809
)

const (
	biff8      = 0x0600
	maxRecords = 10_000_000 // looked at, all sheets together
)

// readXLS reads the worksheets of an Excel 97-2003 workbook.
func readXLS(data []byte) ([]sheet, error) {
	stream, err := workbookStream(data)
	if err != nil {
		return nil, err
	}
	return readRecords(stream)
}

func readRecords(stream []byte) ([]sheet, error) {
	x := &xls{data: stream, budget: newCellBudget(), left: maxRecords}
	if err := x.globals(); err != nil {
		return nil, err
	}
	if len(x.offsets) == 0 || len(x.offsets) > maxSheets {
		return nil, fmt.Errorf("the workbook has %d worksheets, not 1 to %d", len(x.offsets), maxSheets)
	}
	sheets := make([]sheet, len(x.offsets))
	for i, at := range x.offsets {
		sheets[i].days1904 = x.days1904
		rows, err := x.worksheet(at)
		if err != nil {
			return nil, fmt.Errorf("sheet %d: %w", i+1, err)
		}
		sheets[i].rows = rows
	}
	return sheets, nil
}

// workbookStream takes the stream of records out of its container.
func workbookStream(data []byte) (stream []byte, err error) {
	defer func() {
		if recover() != nil { // the container's reader is foreign code on foreign bytes
			stream, err = nil, errWorkbook
		}
	}()
	box, err := mscfb.New(bytes.NewReader(data))
	if err != nil {
		return nil, errWorkbook
	}
	old := false
	for _, f := range box.File {
		switch strings.ToLower(f.Name) {
		case "workbook":
			stream, err := io.ReadAll(io.LimitReader(f, maxWorkbookBytes))
			if err != nil || len(stream) == 0 {
				return nil, errWorkbook
			}
			return stream, nil
		case "book":
			old = true
		case "encryptedpackage":
			return nil, errLocked
		}
	}
	if old {
		return nil, errOldExcel
	}
	return nil, errors.New("the file is an OLE2 container without an Excel workbook")
}

var errOldExcel = errors.New("the workbook is older than Excel 97; save it anew as .xlsx")

type xls struct {
	data     []byte
	budget   *cellBudget
	left     int // records
	offsets  []int
	strings  []string
	days1904 bool
}

// record is one record with those that continue it.
type record struct {
	kind  int
	parts [][]byte
}

// next reads the record at an offset and gives the offset of the one after it.
func (x *xls) next(at int) (r record, after int, err error) {
	for {
		if x.left--; x.left < 0 {
			return r, at, fmt.Errorf("the workbook has more than %d records", maxRecords)
		}
		if at < 0 || at+4 > len(x.data) {
			if r.parts != nil {
				return r, at, nil
			}
			return r, at, errWorkbook
		}
		kind, size := int(binary.LittleEndian.Uint16(x.data[at:])), int(binary.LittleEndian.Uint16(x.data[at+2:]))
		if r.parts != nil && kind != recContinue {
			return r, at, nil
		}
		if at+4+size > len(x.data) {
			return r, at, errWorkbook
		}
		if r.parts == nil {
			r.kind = kind
		}
		r.parts = append(r.parts, x.data[at+4:at+4+size])
		at += 4 + size
	}
}

// globals reads what comes before the sheets.
func (x *xls) globals() error {
	for at := 0; ; {
		r, after, err := x.next(at)
		if err != nil {
			return err
		}
		b := r.parts[0]
		switch {
		case at == 0 && (r.kind != recBOF || len(b) < 4):
			return errWorkbook
		case r.kind == recBOF && len(b) >= 2 && binary.LittleEndian.Uint16(b) != biff8:
			return errOldExcel
		case r.kind == recFilePass:
			return errLocked
		case r.kind == recDate1904 && len(b) >= 2:
			x.days1904 = b[0] == 1
		case r.kind == recBoundSheet && len(b) >= 6:
			if b[5] == 0 { // a worksheet, not a chart or a macro
				x.offsets = append(x.offsets, int(binary.LittleEndian.Uint32(b)))
			}
		case r.kind == recSST:
			if err := x.sharedStrings(r); err != nil {
				return err
			}
		case r.kind == recEOF:
			return nil
		}
		at = after
	}
}

func (x *xls) sharedStrings(r record) error {
	in := &biffReader{parts: r.parts}
	in.skip(4)
	count := in.u32()
	limit := maxCellText
	for range count {
		if in.end() {
			return errWorkbook
		}
		text := in.text()
		if in.cut {
			return errWorkbook
		}
		if limit -= len(text); limit < 0 || len(x.strings) >= maxCells {
			return fmt.Errorf("the cells hold more than %d bytes", maxCellText)
		}
		x.strings = append(x.strings, text)
	}
	return nil
}

// worksheet reads the cells of the sheet that begins at an offset.
func (x *xls) worksheet(at int) ([]sheetRow, error) {
	place := map[int]int{} // row → its place in rows
	var rows []sheetRow
	put := func(row, column int, text string) error {
		i, ok := place[row]
		if !ok {
			if len(rows) >= maxSheetRows {
				return fmt.Errorf("the sheet has more than %d rows", maxSheetRows)
			}
			i = len(rows)
			place[row] = i
			rows = append(rows, sheetRow{number: row + 1})
		}
		return x.budget.put(&rows[i], column, text)
	}
	depth := 0
	pending := [2]int{-1, -1} // the cell whose formula gave the text that follows
	for first := true; ; first = false {
		r, after, err := x.next(at)
		if err != nil {
			return nil, err
		}
		if first && r.kind != recBOF {
			return nil, errWorkbook
		}
		at = after
		switch r.kind {
		case recBOF: // a chart within the sheet has records of its own
			depth++
			continue
		case recEOF:
			if depth--; depth == 0 {
				slices.SortFunc(rows, func(a, b sheetRow) int { return a.number - b.number })
				return rows, nil
			}
			continue
		}
		if depth != 1 {
			continue
		}
		b := r.parts[0]
		if r.kind == recString {
			if pending[0] >= 0 {
				in := &biffReader{parts: r.parts}
				err = put(pending[0], pending[1], in.text())
				pending[0] = -1
			}
		} else if len(b) >= 6 {
			row, column := int(binary.LittleEndian.Uint16(b)), int(binary.LittleEndian.Uint16(b[2:]))
			err = x.cell(r, b, row, column, put, &pending)
		}
		if err != nil {
			return nil, err
		}
	}
}

// cell reads a record that holds one cell or several in a row.
func (x *xls) cell(r record, b []byte, row, column int, put func(row, column int, text string) error, pending *[2]int) error {
	switch r.kind {
	case recLabelSST:
		if len(b) < 10 {
			return errWorkbook
		}
		i := binary.LittleEndian.Uint32(b[6:])
		if int64(i) >= int64(len(x.strings)) {
			return errWorkbook
		}
		return put(row, column, x.strings[i])
	case recLabel, recRString:
		in := &biffReader{parts: r.parts}
		in.skip(6)
		return put(row, column, in.text())
	case recNumber:
		if len(b) < 14 {
			return errWorkbook
		}
		return put(row, column, number(math.Float64frombits(binary.LittleEndian.Uint64(b[6:]))))
	case recRK:
		if len(b) < 10 {
			return errWorkbook
		}
		return put(row, column, number(rk(binary.LittleEndian.Uint32(b[6:]))))
	case recMulRK:
		for at := 4; at+6 <= len(b)-2; at += 6 {
			if err := put(row, column, number(rk(binary.LittleEndian.Uint32(b[at+2:])))); err != nil {
				return err
			}
			column++
		}
	case recFormula:
		if len(b) < 14 {
			return errWorkbook
		}
		if b[12] != 0xFF || b[13] != 0xFF {
			return put(row, column, number(math.Float64frombits(binary.LittleEndian.Uint64(b[6:]))))
		}
		if pending[0] = -1; b[6] == 0 {
			*pending = [2]int{row, column}
		}
	}
	return nil
}

// rk unpacks a number of 30 bits: a whole one or the head of a float64, with
// or without a hundredth.
func rk(v uint32) float64 {
	f := float64(int32(v) >> 2)
	if v&2 == 0 {
		f = math.Float64frombits(uint64(v&^3) << 32)
	}
	if v&1 != 0 {
		f /= 100
	}
	return f
}

func number(f float64) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return ""
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// biffReader reads a record over its continuations. cut is set when it ends
// before what was asked for.
type biffReader struct {
	parts [][]byte
	at    int
	cut   bool
}

// end tells that nothing is left; it goes on to the part that has something.
func (r *biffReader) end() bool {
	for len(r.parts) > 0 && r.at >= len(r.parts[0]) {
		r.parts, r.at = r.parts[1:], 0
	}
	return len(r.parts) == 0
}

func (r *biffReader) u8() byte {
	if r.end() {
		r.cut = true
		return 0
	}
	b := r.parts[0][r.at]
	r.at++
	return b
}

func (r *biffReader) u16() uint16 { low := r.u8(); return uint16(low) | uint16(r.u8())<<8 }
func (r *biffReader) u32() uint32 { low := r.u16(); return uint32(low) | uint32(r.u16())<<16 }

func (r *biffReader) skip(n int) {
	for n > 0 {
		if r.end() {
			r.cut = true
			return
		}
		step := min(n, len(r.parts[0])-r.at)
		r.at += step
		n -= step
	}
}

// text reads a string with its length before it. Where its letters go on in
// another part, that part says anew how they are stored.
func (r *biffReader) text() string {
	n := int(r.u16())
	flags := r.u8()
	runs, extra := 0, 0
	if flags&0x08 != 0 {
		runs = int(r.u16())
	}
	if flags&0x04 != 0 {
		extra = int(r.u32())
	}
	wide := flags&0x01 != 0
	units := make([]uint16, 0, min(n, 1024))
	for len(units) < n && !r.cut {
		if len(r.parts) > 0 && r.at >= len(r.parts[0]) {
			if r.end() {
				r.cut = true
				break
			}
			wide = r.u8()&0x01 != 0
			continue
		}
		if wide {
			units = append(units, r.u16())
		} else {
			units = append(units, uint16(r.u8()))
		}
	}
	if !r.cut {
		r.skip(4 * runs)
		r.skip(extra)
	}
	return string(utf16.Decode(units))
}
