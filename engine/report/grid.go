package report

import (
	"slices"
	"strings"
	"time"

	"logquarry/engine/render"
)

// cell is one cell of a grid; its text is escaped when the grid is written.
type cell struct {
	text   string
	colour string
}

func number(n int64) cell { return cell{text: render.Thousands(n)} }

// grid is a small table, indented, fitted to the width: column flex gives way
// first, then soft.
type grid struct {
	header  []string
	right   []int
	flex    int
	flexEnd bool // cut flex at its beginning: the end of a path or ARN tells most
	soft    int  // 0: none
	rows    [][]cell
}

func (g *grid) add(cells ...cell) { g.rows = append(g.rows, cells) }

// drop takes a column away.
func (g *grid) drop(column int) {
	g.header = slices.Delete(g.header, column, column+1)
	for i := range g.rows {
		g.rows[i] = slices.Delete(g.rows[i], column, column+1)
	}
	for i := range g.right {
		if g.right[i] > column {
			g.right[i]--
		}
	}
}

// widths are the columns' own, before they are fitted.
func (g grid) widths() []int {
	if len(g.rows) == 0 {
		return nil
	}
	widths := make([]int, len(g.rows[0]))
	for i, h := range g.header {
		widths[i] = render.Width(h)
	}
	for _, row := range g.rows {
		for i, c := range row {
			widths[i] = max(widths[i], render.Width(render.Cut(c.text, longest)))
		}
	}
	return widths
}

// width is that of the whole, with two blanks before each column.
func (g grid) width() int {
	n := 0
	for _, w := range g.widths() {
		n += 2 + w
	}
	return n
}

// item is one row of a grid on two lines: what it is, then the rest.
type item struct{ head, rest []cell }

// either writes the grid where its columns have room, with the flexible one no
// more than a third short; else the same on two lines a row.
func (s *summary) either(g grid, items []item) {
	if len(items) == 0 {
		return
	}
	if flex := g.widths()[g.flex]; g.width()-flex/3 <= s.width {
		s.grid(g)
		return
	}
	heads := grid{}
	for _, it := range items {
		heads.add(it.head...)
	}
	widths := heads.widths()
	indent := "      "
	if len(widths) == 2 { // below the second, where the first is a mere mark
		indent = strings.Repeat(" ", 4+widths[0])
	}
	for _, it := range items {
		s.cells("  ", "  ", it.head, widths)
		s.cells(indent, ", ", it.rest, nil)
	}
}

// cells writes one line, cut at the terminal's edge. All but the last are
// padded to widths, where there are any.
func (s *summary) cells(indent, between string, row []cell, widths []int) {
	line, room := indent, s.width-len(indent)
	for i, c := range row {
		if c.text == "" {
			continue
		}
		if i > 0 {
			if room < len(between)+2 {
				break
			}
			line, room = line+between, room-len(between)
		}
		text := render.Cut(c.text, room)
		room -= render.Width(text)
		painted := text
		if c.colour != "" {
			painted = s.paint(c.colour, text)
		}
		line += painted
		if widths != nil && i < len(row)-1 {
			pad := max(0, min(room, widths[i]-render.Width(text)))
			line, room = line+strings.Repeat(" ", pad), room-pad
		}
	}
	s.line(line)
}

// short is a time without the year where all times of the report have the same.
func (s *summary) short(t time.Time) string {
	if t.IsZero() || !s.oneYear() {
		return stamp(t)
	}
	return t.UTC().Format("02 Jan 15:04:05")
}

func (s *summary) minute(t time.Time) string {
	if t.IsZero() || !s.oneYear() {
		return stamp(t)
	}
	return t.UTC().Format("02 Jan 15:04")
}

// between is "02 Mar 10:00:00 to 11:00:00".
func (s *summary) between(first, last time.Time) string {
	a, b := s.short(first), s.short(last)
	switch {
	case a == b:
		return a
	case first.IsZero() || last.IsZero():
		return a + " to " + b
	}
	if first.UTC().Format(time.DateOnly) == last.UTC().Format(time.DateOnly) {
		b = last.UTC().Format("15:04:05")
	}
	return a + " to " + b
}

// oneYear reports whether all events and gaps lie in one year, which the
// section LOADED names.
func (s *summary) oneYear() bool {
	t := total(s.Sources)
	first, last := t.First, t.Last
	for _, f := range s.Findings {
		first, last = span(first, last, f.First, f.Last)
	}
	for _, m := range s.Missing {
		first, last = span(first, last, m.From, m.To)
		first, last = span(first, last, m.To, m.From)
	}
	return !t.First.IsZero() && first.UTC().Year() == last.UTC().Year()
}

func (s *summary) grid(g grid) {
	if len(g.rows) == 0 {
		return
	}
	widths := g.widths()
	over := g.width() - s.width
	for _, row := range g.rows {
		for i := range row {
			row[i].text = render.Cut(row[i].text, longest)
		}
	}
	press := func(i, least int) {
		if give := min(over, widths[i]-least); give > 0 {
			widths[i] -= give
			over -= give
		}
	}
	press(g.flex, 24)
	if g.soft > 0 {
		press(g.soft, 16)
	}
	press(g.flex, 8)
	if g.header != nil {
		header := make([]cell, len(g.header))
		for i, h := range g.header {
			header[i] = cell{text: h, colour: dim}
		}
		s.row(g, widths, header)
	}
	for _, row := range g.rows {
		s.row(g, widths, row)
	}
}

func (s *summary) row(g grid, widths []int, row []cell) {
	var b strings.Builder
	for i, c := range row {
		text := c.text
		if w := render.Width(text); w > widths[i] {
			text = clip(text, widths[i], i == g.flex && g.flexEnd)
		}
		pad := strings.Repeat(" ", max(0, widths[i]-render.Width(text)))
		painted := text
		if c.colour != "" {
			painted = s.paint(c.colour, text)
		}
		if slices.Contains(g.right, i) {
			painted = pad + painted
		} else if i < len(row)-1 {
			painted += pad
		}
		b.WriteString("  " + painted)
	}
	s.line(strings.TrimRight(b.String(), " "))
}

// clip cuts text that is escaped already to width columns: its end, or with
// start its beginning.
func clip(text string, width int, start bool) string {
	runes := []rune(text)
	for len(runes) > 0 && render.Width(string(runes)) > width-1 {
		if start {
			runes = runes[1:]
		} else {
			runes = runes[:len(runes)-1]
		}
	}
	if start {
		return "…" + string(runes)
	}
	return string(runes) + "…"
}

// wrap breaks text that is escaped already between words, into lines of at
// most width columns; a longer word has a line of its own.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case render.Width(line)+1+render.Width(word) <= width:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	return append(lines, line)
}
