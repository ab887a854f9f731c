package watchlist_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"anycheck/internal/watchlist"
)

// biff writes one record.
func biff(kind uint16, fields ...any) []byte {
	var body bytes.Buffer
	for _, f := range fields {
		if text, ok := f.(string); ok {
			body.WriteString(text)
			continue
		}
		if err := binary.Write(&body, binary.LittleEndian, f); err != nil {
			panic(err)
		}
	}
	head := binary.LittleEndian.AppendUint16(nil, kind)
	return append(binary.LittleEndian.AppendUint16(head, uint16(body.Len())), body.Bytes()...)
}

// everyRecord is a workbook in records with every kind that is read.
func everyRecord() []byte {
	u8, u16, u32 := func(n uint8) uint8 { return n }, func(n uint16) uint16 { return n }, func(n uint32) uint32 { return n }
	cell := func(kind, row, column uint16, rest ...any) []byte {
		return biff(kind, append([]any{row, column, u16(0)}, rest...)...)
	}
	globals := [][]byte{
		biff(0x0809, u16(0x0600), u16(0x0005), u32(0), u32(0), u32(0)),
		nil, // where the sheet is; filled in below
		// Three strings: one with runs of format, one cut where its letters
		// become wide, one that says how it is pronounced.
		biff(0x00FC, u32(3), u32(3), u16(4), u8(0x08), u16(1), "Nama", u32(0), u16(6), u8(0), "Kar"),
		biff(0x003C, u8(1), []uint16{'m', 'o', 0x0627}, u16(2), u8(0x04), u32(3), "WN", "abc"),
		biff(0x000A),
	}
	sheet := [][]byte{
		biff(0x0809, u16(0x0600), u16(0x0010), u32(0), u32(0), u32(0)),
		cell(0x00FD, 0, 0, u32(0)),
		cell(0x00FD, 0, 1, u32(1)),
		cell(0x00FD, 0, 2, u32(2)),
		cell(0x0204, 2, 0, u16(5), u8(0), "caf\xe9s"),
		cell(0x00D6, 2, 1, u16(4), u8(0), "runs", u16(1), u32(0)),
		cell(0x0203, 1, 0, math.Float64bits(23813.5)),
		cell(0x027E, 1, 1, u32(23813<<2|2)),
		cell(0x027E, 1, 2, u32(12345<<2|3)),
		cell(0x027E, 1, 3, uint32(math.Float64bits(1.5)>>32)),
		biff(0x0809, u16(0x0600), u16(0x0020), u32(0), u32(0), u32(0)), // a chart
		cell(0x0203, 9, 9, math.Float64bits(1)),
		biff(0x000A),
		biff(0x00BD, u16(3), u16(1), u16(0), u32(7<<2|2), u16(0), u32(8<<2|2), u16(2)),
		cell(0x0006, 4, 0, math.Float64bits(2.5), u16(0), u32(0)),
		cell(0x0006, 4, 1, u8(0), u8(0), u32(0), u16(0xFFFF), u16(0), u32(0)),
		biff(0x0207, u16(6), u8(0), "result"),
		cell(0x0006, 4, 2, u8(2), u8(0), u32(7), u16(0xFFFF), u16(0), u32(0)),
		cell(0x0203, 4, 3, math.Float64bits(math.NaN())),
		biff(0x000A),
	}
	globals[1] = biff(0x0085, u32(0), u16(0), u8(1), u8(0), "S")
	binary.LittleEndian.PutUint32(globals[1][4:], uint32(len(bytes.Join(globals, nil))))
	return append(bytes.Join(globals, nil), bytes.Join(sheet, nil)...)
}

func TestXLSRecords(t *testing.T) {
	rows, err := watchlist.ReadXLSRecords(everyRecord())
	if err != nil {
		t.Fatal(err)
	}
	same(t, "cells", rows, [][]string{{"Nama", "Karmoا", "WN"}, {"23813.5", "23813", "123.45", "1.5"}, {"cafés", "runs"}, {"", "7", "8"}, {"2.5", "result"}})
	whole := everyRecord()
	for n := range whole { // a workbook that breaks off is no shorter workbook
		if rows, err := watchlist.ReadXLSRecords(whole[:n]); err == nil {
			t.Fatalf("cut to %d of %d bytes: %d rows and no error", n, len(whole), len(rows))
		}
	}
	many := append(biff(0x0809, uint16(0x0600), uint16(5), uint32(0), uint32(0), uint32(0)), bytes.Repeat(biff(0x0001), 10_000_001)...)
	if _, err := watchlist.ReadXLSRecords(many); err == nil || !strings.Contains(err.Error(), "records") {
		t.Errorf("records without end: %v", err)
	}
}

func FuzzXLSRecords(f *testing.F) {
	f.Add(everyRecord())
	f.Fuzz(func(t *testing.T, records []byte) {
		rows, err := watchlist.ReadXLSRecords(records)
		if err != nil && len(rows) > 0 {
			t.Error("an error and rows")
		}
	})
}
