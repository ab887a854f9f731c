package watchlist

import "anycheck/internal/screening"

// What tests outside need of the readers' insides.

// IndonesianDates gives the dates in a cell in their written form.
func IndonesianDates(text string) (out []string, unread bool) {
	dates, unread := indonesianDates(text, false)
	for _, d := range dates {
		out = append(out, d.String())
	}
	return out, unread
}

// PPATKNames gives the names in a cell, weak ones in brackets.
func PPATKNames(text string) (out []string) {
	for _, n := range ppatkNames(text) {
		if n.Kind == screening.Weak {
			n.Text = "(" + n.Text + ")"
		}
		out = append(out, n.Text)
	}
	return out
}

// ReadXLSRecords gives the cells of the worksheets in such records, row by row.
func ReadXLSRecords(records []byte) (rows [][]string, err error) {
	sheets, err := readRecords(records)
	for _, s := range sheets {
		for _, r := range s.rows {
			rows = append(rows, r.cells)
		}
	}
	return rows, err
}

// SetMaxBytes makes the limit of a download small.
func (u *Updater) SetMaxBytes(n int64) { u.maxBytes = n }
