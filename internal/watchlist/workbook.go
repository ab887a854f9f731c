package watchlist

import (
	"errors"
	"fmt"
	"io"
)

// The limits of a workbook, far above any list that is published as one.
const (
	maxWorkbookBytes = 32 << 20 // the file
	maxUnpackedBytes = 64 << 20 // all parts that are read of an .xlsx
	maxParts         = 2_000
	maxSheets        = 64
	maxSheetRows     = 100_000
	maxColumns       = 256 // what stands further right is not read
	maxCells         = 500_000
	maxCellText      = 32 << 20 // bytes of all cells together
)

// sheet is one worksheet: the rows that hold something. Numbers and dates are
// as stored, a date as the count of days since its epoch.
type sheet struct {
	rows     []sheetRow
	days1904 bool // days count from 1904, not 1900
}

// sheetRow is a row by its number, from 1.
type sheetRow struct {
	number int
	cells  []string
}

var (
	errLocked   = errors.New("the workbook is protected with a password")
	errWorkbook = errors.New("the workbook is broken or ends too early")
)

// cellBudget is what may still be kept of a workbook.
type cellBudget struct{ cells, text int }

func newCellBudget() *cellBudget { return &cellBudget{maxCells, maxCellText} }

// put sets a cell; columns count from 0.
func (b *cellBudget) put(row *sheetRow, column int, text string) error {
	if column < 0 || column >= maxColumns || text == "" {
		return nil
	}
	if len(text) > maxFieldBytes {
		return fmt.Errorf("a cell is longer than %d bytes", maxFieldBytes)
	}
	if more := column + 1 - len(row.cells); more > 0 {
		if b.cells -= more; b.cells < 0 {
			return fmt.Errorf("the workbook has more than %d cells", maxCells)
		}
		row.cells = append(row.cells, make([]string, more)...)
	}
	if b.text -= len(text); b.text < 0 {
		return fmt.Errorf("the cells hold more than %d bytes", maxCellText)
	}
	row.cells[column] = text
	return nil
}

// readWorkbook reads the worksheets of an Excel file of either kind.
func readWorkbook(s *source) ([]sheet, error) {
	data, err := io.ReadAll(io.LimitReader(s.in, maxWorkbookBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxWorkbookBytes {
		return nil, fmt.Errorf("a workbook may have %d bytes", maxWorkbookBytes)
	}
	if s.format == PPATKXLS {
		return readXLS(data)
	}
	return readXLSX(data)
}
