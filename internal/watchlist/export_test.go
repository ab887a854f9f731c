package watchlist

// What tests outside need of the readers' insides.

// IndonesianDates gives the dates in a cell in their written form.
func IndonesianDates(text string) (out []string, unread bool) {
	dates, unread := indonesianDates(text, false)
	for _, d := range dates {
		out = append(out, d.String())
	}
	return out, unread
}

// XLSRecords takes the records out of an .xls file.
func XLSRecords(data []byte) ([]byte, error) { return workbookStream(data) }

// ReadXLSRecords reads the worksheets of such records.
func ReadXLSRecords(records []byte) (rows int, err error) {
	sheets, err := readRecords(records)
	for _, s := range sheets {
		rows += len(s.rows)
	}
	return rows, err
}

// SetMaxBytes makes the limit of a download small.
func (u *Updater) SetMaxBytes(n int64) { u.maxBytes = n }
