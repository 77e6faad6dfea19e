package export

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"logquarry/engine/render"
	"logquarry/engine/value"
)

// What a sheet of a workbook can hold, by Excel's own specification.
// https://support.microsoft.com/office/excel-specifications-and-limits-1672b34d-7043-467e-8e27-269d656771c3
const (
	sheetRows = 1 << 20 // its header line is one of them
	cellRunes = 32767
	nameRunes = 31
	// exact is the largest whole number a cell holds exactly: its numbers are
	// float64. Larger ones are written as text.
	exact = 1 << 53
)

// Workbook is an XLSX file that is being made. Its sheets are written as their
// rows come; they wait in temporary files, not in memory.
//
// Texts are texts: no formula runs, and one that looks like a formula has an
// apostrophe put before it, as in CSV. Characters that cannot be seen are
// escaped. Times are dates of the spreadsheet, in UTC, to the millisecond.
type Workbook struct {
	f        *excelize.File
	names    map[string]bool
	toc      [][]any
	rowsEach int // per sheet, header and all
	header   int // style ids
	moment   int
}

// Sheet says what became of rows: the sheets they are on, and what did not fit.
type Sheet struct {
	Names []string
	Rows  int64
	Cut   int64 // cells whose text was cut
}

// NewWorkbook begins a workbook; Close must be called.
func NewWorkbook() (*Workbook, error) {
	b := &Workbook{f: excelize.NewFile(), names: map[string]bool{}, rowsEach: sheetRows}
	var err error
	if b.header, err = b.f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"D9E2EC"}}}); err != nil {
		return nil, err
	}
	format := "yyyy-mm-dd hh:mm:ss.000"
	if b.moment, err = b.f.NewStyle(&excelize.Style{CustomNumFmt: &format}); err != nil {
		return nil, err
	}
	b.names["contents"] = true
	return b, b.f.SetSheetName("Sheet1", "Contents")
}

// Add writes rows to a sheet called like name, and to further ones where one is
// full. about stands beside it in the sheet Contents.
func (b *Workbook) Add(name, about string, rows value.Rows) (Sheet, error) {
	var s Sheet
	more := rows.Next()
	for first := true; first || more; first = false {
		sheet := b.sheetName(name)
		s.Names = append(s.Names, sheet)
		n, cut, left, err := b.fill(sheet, rows, more)
		s.Rows, s.Cut = s.Rows+n, s.Cut+cut
		if err != nil {
			return s, err
		}
		more = left
		b.toc = append(b.toc, []any{sheet, n, about, cut})
	}
	return s, rows.Err()
}

// fill writes one sheet; more says whether a row is at hand, before and after.
func (b *Workbook) fill(sheet string, rows value.Rows, more bool) (n, cut int64, left bool, err error) {
	if _, err := b.f.NewSheet(sheet); err != nil {
		return 0, 0, false, err
	}
	w, err := b.f.NewStreamWriter(sheet)
	if err != nil {
		return 0, 0, false, err
	}
	columns := rows.Columns()
	for i, c := range columns {
		width := 18.0
		switch {
		case c.Name == "summary" || c.Name == "details":
			width = 60
		case c.Type == "VARCHAR":
			width = 28
		}
		if err := w.SetColWidth(i+1, i+1, width); err != nil {
			return 0, 0, false, err
		}
	}
	if err := w.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return 0, 0, false, err
	}
	row := make([]any, len(columns))
	taken := map[string]bool{}
	for i, c := range columns {
		name, _ := cutTo(render.Defuse(render.Escape(c.Name)), 240)
		// A table's headings differ, by more than case.
		for n, bare := 2, name; taken[strings.ToLower(name)] || name == ""; n++ {
			name = fmt.Sprintf("%s_%d", bare, n)
		}
		taken[strings.ToLower(name)] = true
		row[i] = excelize.Cell{StyleID: b.header, Value: name}
	}
	if err := w.SetRow("A1", row); err != nil {
		return 0, 0, false, err
	}
	for more && n < int64(b.rowsEach-1) {
		for i, cell := range rows.Values() {
			var short bool
			row[i], short = b.cell(cell)
			if short {
				cut++
			}
		}
		n++
		if err := w.SetRow(fmt.Sprintf("A%d", n+1), row); err != nil {
			return n, cut, false, err
		}
		more = rows.Next()
	}
	if n > 0 {
		last, err := excelize.CoordinatesToCellName(len(columns), int(n)+1)
		if err != nil {
			return n, cut, more, err
		}
		// A table brings the filters and the sorting.
		if err := w.AddTable(&excelize.Table{Range: "A1:" + last, Name: fmt.Sprintf("t%d", len(b.names)), StyleName: "TableStyleLight1"}); err != nil {
			return n, cut, more, err
		}
	}
	return n, cut, more, w.Flush()
}

// cell is a value as the spreadsheet has it, and whether it had to be cut.
func (b *Workbook) cell(v any) (cell any, cut bool) {
	switch x := v.(type) {
	case nil:
		return nil, false
	case bool:
		return x, false
	case int64:
		if x <= exact && x >= -exact {
			return x, false
		}
	case uint64:
		if x <= exact {
			return x, false
		}
	case float64:
		if x == x && x-x == 0 { // no NaN, no infinity
			return x, false
		}
	case time.Time:
		// The calendar of spreadsheets begins in 1900.
		if x.Year() >= 1901 && x.Year() < 10000 {
			return excelize.Cell{StyleID: b.moment, Value: x.UTC()}, false
		}
	}
	text := render.Text(v)
	if _, ok := v.(value.Number); !ok {
		text = render.Defuse(text)
	}
	return cutTo(text, cellRunes)
}

// cutTo is text with at most so many UTF-16 units, which spreadsheets count, and
// whether that cut it.
func cutTo(text string, most int) (string, bool) {
	if len(text) <= most {
		return text, false
	}
	const mark = " … (cut)"
	units, keep := 0, 0
	for i, r := range text {
		if units <= most-utf8.RuneCountInString(mark) {
			keep = i
		}
		units++
		if r > 0xffff {
			units++
		}
		if units > most {
			return text[:keep] + mark, true
		}
	}
	return text, false
}

var sheetTaboo = strings.NewReplacer(":", "_", `\`, "_", "/", "_", "?", "_", "*", "_", "[", "_", "]", "_", "'", "_")

// sheetName is a name like the one wanted that no sheet has. Names differ only
// by more than case.
func (b *Workbook) sheetName(want string) string {
	want = sheetTaboo.Replace(render.Escape(want))
	for i := 1; ; i++ {
		suffix := ""
		if i > 1 {
			suffix = fmt.Sprintf(" (%d)", i)
		}
		runes := []rune(want)
		if len(runes) > nameRunes-len(suffix) {
			runes = runes[:nameRunes-len(suffix)]
		}
		name := string(runes) + suffix
		if key := strings.ToLower(name); !b.names[key] {
			b.names[key] = true
			return name
		}
	}
}

// WriteTo writes the workbook; about are lines that say what it is.
func (b *Workbook) WriteTo(w io.Writer, about ...string) error {
	const sheet = "Contents"
	line := 1
	put := func(cells ...any) error {
		name := fmt.Sprintf("A%d", line)
		line++
		return b.f.SetSheetRow(sheet, name, &cells)
	}
	for _, a := range about {
		if err := put(render.Defuse(render.Escape(a))); err != nil {
			return err
		}
	}
	line++
	head := line
	if err := put("sheet", "rows", "what", "cells cut"); err != nil {
		return err
	}
	for _, row := range b.toc {
		name := row[0].(string)
		if err := put(name, row[1], render.Defuse(render.Escape(row[2].(string))), row[3]); err != nil {
			return err
		}
		if err := b.f.SetCellHyperLink(sheet, fmt.Sprintf("A%d", line-1), "'"+name+"'!A1", "Location"); err != nil {
			return err
		}
	}
	if err := b.f.SetCellStyle(sheet, fmt.Sprintf("A%d", head), fmt.Sprintf("D%d", head), b.header); err != nil {
		return err
	}
	if err := b.f.SetColWidth(sheet, "A", "A", 34); err != nil {
		return err
	}
	if err := b.f.SetColWidth(sheet, "C", "C", 70); err != nil {
		return err
	}
	return b.f.Write(w)
}

// Close gives up the temporary files.
func (b *Workbook) Close() error { return b.f.Close() }
