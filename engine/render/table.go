package render

import (
	"bufio"
	"fmt"
	"strings"

	"logquarry/engine/value"
)

const (
	// sampleRows and sampleBytes bound what a table holds back to size its columns.
	sampleRows  = 200
	sampleBytes = 1 << 20
	// narrowest is the width below which a column of text is not pressed.
	narrowest = 15 // an IPv4 address
	// widest is the most a column is padded to where the width is unlimited: a
	// longer text stays whole and pushes the rest of its row aside.
	widest = 200

	gap = "  "
)

// tableWriter holds the first rows back to size the columns, then streams.
type tableWriter struct {
	out     *bufio.Writer
	opts    Options
	columns []tableColumn
	shownN  int // columns that fit
	sample  [][]tableCell
	held    int // bytes in sample
	sized   bool
	line    []byte
}

type tableColumn struct {
	name  string // escaped
	right bool
	rigid bool // holds numbers, times, booleans: these are never cut
	width int
}

type tableCell struct {
	text  string // escaped, cut to the terminal's width at most
	width int
	kind  kind
	cut   bool
}

func (w *tableWriter) begin(columns []value.Column) {
	for _, c := range columns {
		name := Escape(c.Name)
		w.columns = append(w.columns, tableColumn{
			name: name, width: Width(name), right: rightAligned(c), rigid: rightAligned(c) || c.Type == "BOOLEAN" || strings.HasPrefix(c.Type, "TIMESTAMP"),
		})
	}
}

func (w *tableWriter) row(cells []any) {
	if w.sized {
		w.write(cells)
		return
	}
	row := make([]tableCell, len(cells))
	for i, cell := range cells {
		row[i] = w.cell(cell, w.opts.Width)
		w.held += len(row[i].text)
	}
	w.sample = append(w.sample, row)
	limit := w.opts.Sample
	if limit <= 0 {
		limit = sampleRows
	}
	if len(w.sample) >= limit || w.held >= sampleBytes {
		w.size()
	}
}

// cell makes a cell's text, at most limit columns wide where limit is not 0
// and the value may be cut.
func (w *tableWriter) cell(v any, limit int) tableCell {
	text, kind := cellText(v)
	switch {
	case kind == kindNull:
		return tableCell{text: null, width: 1, kind: kind}
	case kind == kindNumber:
		return tableCell{text: text, width: len(text), kind: kind}
	case kind == kindText && text == null:
		return tableCell{text: `\u2205`, width: 6, kind: kindText}
	}
	if limit <= 0 {
		limit = -1
	}
	if kind == kindPlain {
		// Escaping again would double the backslashes of a BLOB.
		if limit >= 0 && len(text) > limit {
			return tableCell{text: text[:limit-1], width: limit - 1, kind: kind, cut: true}
		}
		return tableCell{text: text, width: len(text), kind: kind}
	}
	escaped, width, cut := appendEscaped(nil, text, limit)
	return tableCell{text: string(escaped), width: width, kind: kind, cut: cut}
}

// size settles the widths, then writes the header and the rows held back.
func (w *tableWriter) size() {
	w.sized = true
	for _, row := range w.sample {
		for i, cell := range row {
			width := cell.width
			if cell.cut {
				width++
			}
			w.columns[i].width = max(w.columns[i].width, width)
		}
	}
	w.shownN = len(w.columns)
	if w.opts.Width > 0 {
		w.shownN = fit(w.columns, w.opts.Width)
	} else {
		for i := range w.columns {
			w.columns[i].width = min(w.columns[i].width, widest)
		}
	}
	w.header()
	for _, row := range w.sample {
		w.line = w.line[:0]
		for i := range w.shownN {
			cell := row[i]
			if limit := w.limit(i); limit > 0 && cell.kind >= kindPlain && cell.width > limit {
				cell = shorten(cell, limit)
			}
			w.put(i, cell)
		}
		w.finish()
	}
	w.sample = nil
}

// limit is the width at which column i is cut; 0: never.
func (w *tableWriter) limit(i int) int {
	if w.opts.Width <= 0 {
		return 0
	}
	return w.columns[i].width
}

// shorten cuts a cell that is escaped already: between escapes, as Cut does.
func shorten(cell tableCell, limit int) tableCell {
	width, end := 0, 0
	for i := 0; i < len(cell.text); {
		size := escapeLen(cell.text[i:])
		w := Width(cell.text[i : i+size])
		if width+w > limit-1 {
			break
		}
		width += w
		i += size
		end = i
	}
	cell.text, cell.width, cell.cut = cell.text[:end], width, true
	return cell
}

// escapeLen is the length of the first escape or character of escaped text.
func escapeLen(s string) int {
	n := 1
	if s[0] == '\\' && len(s) > 1 {
		switch s[1] {
		case '\\', 'n', 'r', 't':
			n = 2
		case 'x':
			n = 4
		case 'u':
			n = 6
		case 'U':
			n = 10
		}
		return min(n, len(s))
	}
	for n < len(s) && s[n]&0xc0 == 0x80 {
		n++
	}
	return n
}

func (w *tableWriter) header() {
	if len(w.columns) == 0 {
		return
	}
	paint := paint{w.opts.Colour}
	w.line = w.line[:0]
	for i, c := range w.columns[:w.shownN] {
		cell := tableCell{text: c.name, width: Width(c.name), kind: kindText}
		if limit := w.limit(i); limit > 0 && cell.width > limit {
			cell = shorten(cell, limit)
			cell.text, cell.width, cell.cut = cell.text+"…", cell.width+1, false
		}
		cell.text = paint.bold(cell.text)
		w.put(i, cell)
	}
	w.finish()
	w.line = w.line[:0]
	for i, c := range w.columns[:w.shownN] {
		if i > 0 {
			w.line = append(w.line, gap...)
		}
		w.line = append(w.line, paint.dim(strings.Repeat("─", c.width))...)
	}
	w.finish()
}

func (w *tableWriter) write(cells []any) {
	w.line = w.line[:0]
	for i := range w.shownN {
		cell := w.cell(cells[i], w.limit(i))
		if limit := w.limit(i); limit > 0 && cell.kind == kindText && cell.width > limit {
			cell = shorten(cell, limit)
		}
		w.put(i, cell)
	}
	w.finish()
}

// put appends cell i to the line, padded.
func (w *tableWriter) put(i int, cell tableCell) {
	paint := paint{w.opts.Colour}
	text, width := cell.text, cell.width
	if cell.kind == kindNull {
		text = paint.dim(text)
	}
	if cell.cut {
		text, width = text+paint.dim("…"), width+1
	}
	if i > 0 {
		w.line = append(w.line, gap...)
	}
	padding := w.columns[i].width - width
	if w.columns[i].right {
		w.line = appendSpaces(w.line, padding)
		padding = 0
	}
	w.line = append(w.line, text...)
	if i < w.shownN-1 {
		w.line = appendSpaces(w.line, padding)
	}
}

func appendSpaces(dst []byte, n int) []byte {
	for ; n > 0; n-- {
		dst = append(dst, ' ')
	}
	return dst
}

// finish writes the line without the blanks at its end.
func (w *tableWriter) finish() {
	line := w.line
	for len(line) > 0 && line[len(line)-1] == ' ' {
		line = line[:len(line)-1]
	}
	w.out.Write(append(line, '\n'))
}

func (w *tableWriter) end(rows int64) {
	w.release()
	if w.opts.Footer {
		w.out.WriteString(paint{w.opts.Colour}.dim(counted(rows)) + "\n")
	}
}

func (w *tableWriter) fail() {
	if w.sized || len(w.sample) > 0 { // else the error says all there is to say
		w.release()
	}
}

// release writes the rows still held back, and says which columns did not fit.
func (w *tableWriter) release() {
	if !w.sized {
		w.size()
	}
	if w.shownN == len(w.columns) {
		return
	}
	names := make([]string, 0, len(w.columns)-w.shownN)
	for _, c := range w.columns[w.shownN:] {
		names = append(names, c.name)
	}
	noun := "columns"
	if len(names) == 1 {
		noun = "column"
	}
	note := fmt.Sprintf("%d %s not shown for want of width (format line shows all): %s", len(names), noun, strings.Join(names, ", "))
	w.out.WriteString(paint{w.opts.Colour}.dim(note) + "\n")
}

// fit presses the columns into width and says how many of them, from the left,
// have room. Texts give way first, the widest first.
func fit(columns []tableColumn, width int) int {
	floor := func(c tableColumn) int {
		if c.rigid {
			return c.width
		}
		return min(c.width, narrowest)
	}
	room, n := width, 0
	for ; n < len(columns); n++ {
		need := floor(columns[n])
		if n > 0 {
			need += len(gap)
		}
		if need > room && n > 0 {
			break
		}
		room -= need
	}
	// room is left over: give it out, each round to the narrowest that want more.
	given := make([]int, n)
	for i := range given {
		given[i] = min(floor(columns[i]), width)
	}
	for room > 0 {
		least := -1
		for i, c := range columns[:n] {
			if given[i] < c.width && (least < 0 || given[i] < given[least]) {
				least = i
			}
		}
		if least < 0 {
			break
		}
		given[least]++
		room--
	}
	for i := range given {
		columns[i].width = given[i]
	}
	return n
}
