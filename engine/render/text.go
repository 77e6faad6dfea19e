package render

import (
	"bufio"
	"fmt"
	"strings"
	"unicode/utf8"

	"logquarry/engine/value"
)

// csvWriter writes CSV by RFC 4180, but for line ends, which are LF.
type csvWriter struct {
	out  *bufio.Writer
	line []byte
}

func (w *csvWriter) begin(columns []value.Column) {
	if len(columns) == 0 {
		return
	}
	w.line = w.line[:0]
	for i, c := range columns {
		if i > 0 {
			w.line = append(w.line, ',')
		}
		w.line = appendCSV(w.line, c.Name)
	}
	w.out.Write(append(w.line, '\n'))
}

func (w *csvWriter) row(cells []any) {
	w.line = w.line[:0]
	for i, cell := range cells {
		if i > 0 {
			w.line = append(w.line, ',')
		}
		switch text, kind := cellText(cell); kind {
		case kindNull:
		case kindNumber:
			w.line = append(w.line, text...)
		default:
			w.line = appendCSV(w.line, text)
		}
	}
	w.out.Write(append(w.line, '\n'))
}

func (w *csvWriter) end(int64) {}
func (w *csvWriter) fail()     {}

func appendCSV(dst []byte, s string) []byte {
	quote := s == "" || s[0] == ' ' || s[len(s)-1] == ' ' || !utf8.ValidString(s)
	for i := 0; i < len(s) && !quote; i++ {
		c := s[i]
		quote = c == ',' || c == '"' || c < ' ' || c == 0x7f
	}
	if !quote {
		if defused(s) {
			dst = append(dst, '\'')
		}
		return append(dst, s...)
	}
	dst = append(dst, '"')
	if defused(s) {
		dst = append(dst, '\'')
	}
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '"':
			dst = append(dst, `""`...)
		case r == utf8.RuneError && size == 1:
			dst = append(dst, '\\', 'x', hexDigits[s[i]>>4], hexDigits[s[i]&15])
		default:
			dst = append(dst, s[i:i+size]...)
		}
		i += size
	}
	return append(dst, '"')
}

// Size is bytes in decimal units: "13.2 MB".
func Size(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	f, unit := float64(n), ""
	for _, unit = range []string{"kB", "MB", "GB", "TB", "PB"} {
		f /= 1000
		if f < 999.95 {
			break
		}
	}
	return fmt.Sprintf("%.1f %s", f, unit)
}

// Defuse is a text as CSV and TSV have it: with an apostrophe before it where a
// spreadsheet could take it for a formula.
func Defuse(s string) string {
	if defused(s) {
		return "'" + s
	}
	return s
}

// defused reports whether a spreadsheet could take s for a formula, or s looks
// as if it had been defused already.
func defused(s string) bool {
	s = strings.TrimLeft(s, "'")
	r, _ := utf8.DecodeRuneInString(s)
	return strings.ContainsRune("=+-@\t\r\n＝＋－＠", r) && s != ""
}

// tsvWriter writes the text format of PostgreSQL's COPY, under a header line.
type tsvWriter struct {
	out  *bufio.Writer
	line []byte
}

func (w *tsvWriter) begin(columns []value.Column) {
	if len(columns) == 0 {
		return
	}
	w.line = w.line[:0]
	for i, c := range columns {
		if i > 0 {
			w.line = append(w.line, '\t')
		}
		w.line = appendTSV(w.line, c.Name)
	}
	w.out.Write(append(w.line, '\n'))
}

func (w *tsvWriter) row(cells []any) {
	w.line = w.line[:0]
	for i, cell := range cells {
		if i > 0 {
			w.line = append(w.line, '\t')
		}
		switch text, kind := cellText(cell); kind {
		case kindNull:
			w.line = append(w.line, `\N`...)
		case kindNumber:
			w.line = append(w.line, text...)
		default:
			w.line = appendTSV(w.line, text)
		}
	}
	w.out.Write(append(w.line, '\n'))
}

func (w *tsvWriter) end(int64) {}
func (w *tsvWriter) fail()     {}

func appendTSV(dst []byte, s string) []byte {
	if defused(s) {
		dst = append(dst, '\'')
	}
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\\':
			dst = append(dst, `\\`...)
		case r == utf8.RuneError && size == 1:
			dst = append(dst, '\\', 'x', hexDigits[s[i]>>4], hexDigits[s[i]&15])
		case shown(r):
			dst = append(dst, s[i:i+size]...)
		case r < utf8.RuneSelf:
			dst = appendEscape(dst, r)
		default:
			// COPY reads \x as bytes, so a control beyond ASCII is its UTF-8.
			for _, c := range []byte(s[i : i+size]) {
				dst = append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
			}
		}
		i += size
	}
	return dst
}

// jsonWriter writes objects: in one array, or one a line.
type jsonWriter struct {
	out   *bufio.Writer
	array bool
	keys  [][]byte // "name":
	line  []byte
	begun bool
}

func (w *jsonWriter) begin(columns []value.Column) {
	for _, name := range uniqueNames(columns) {
		w.keys = append(w.keys, append(appendJSONString(nil, name), ':'))
	}
	if w.array {
		w.out.WriteByte('[')
	}
}

func (w *jsonWriter) row(cells []any) {
	w.line = w.line[:0]
	if w.array {
		if w.begun {
			w.line = append(w.line, ',')
		}
		w.line = append(w.line, '\n')
	}
	w.begun = true
	w.line = append(w.line, '{')
	for i, cell := range cells {
		if i > 0 {
			w.line = append(w.line, ',')
		}
		w.line = appendJSON(append(w.line, w.keys[i]...), cell)
	}
	w.line = append(w.line, '}')
	if !w.array {
		w.line = append(w.line, '\n')
	}
	w.out.Write(w.line)
}

func (w *jsonWriter) end(int64) {
	switch {
	case w.array && w.begun:
		w.out.WriteString("\n]\n")
	case w.array:
		w.out.WriteString("]\n")
	}
}

func (w *jsonWriter) fail() {
	if w.array {
		w.out.WriteByte('\n')
	}
}

// markdownWriter writes a GitHub table.
type markdownWriter struct {
	out  *bufio.Writer
	line []byte
}

func (w *markdownWriter) begin(columns []value.Column) {
	if len(columns) == 0 {
		return
	}
	w.line = w.line[:0]
	for _, c := range columns {
		w.line = append(appendMarkdown(append(w.line, "| "...), Escape(c.Name)), ' ')
	}
	w.line = append(w.line, "|\n"...)
	for _, c := range columns {
		if rightAligned(c) {
			w.line = append(w.line, "| ---: "...)
		} else {
			w.line = append(w.line, "| --- "...)
		}
	}
	w.out.Write(append(w.line, "|\n"...))
}

func (w *markdownWriter) row(cells []any) {
	w.line = w.line[:0]
	for _, cell := range cells {
		w.line = append(w.line, "| "...)
		w.line = append(appendMarkdown(w.line, Text(cell)), ' ')
	}
	w.out.Write(append(w.line, "|\n"...))
}

func (w *markdownWriter) end(int64) {}
func (w *markdownWriter) fail()     {}

// appendMarkdown writes s, escaped for a terminal already, so that GitHub's
// dialect shows it as it is: no cell ends, no HTML, code, emphasis, link or
// image begins.
func appendMarkdown(dst []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; c {
		case '<':
			dst = append(dst, "&lt;"...)
		case '>':
			dst = append(dst, "&gt;"...)
		case '&':
			dst = append(dst, "&amp;"...)
		case '\\', '`', '|', '*', '[', ']', '~', '$', '#', '!':
			dst = append(dst, '\\', c)
		case '_':
			// Inside a word it means nothing, and names are full of them.
			if i == 0 || i == len(s)-1 || !alphanumeric(s[i-1]) || !alphanumeric(s[i+1]) {
				dst = append(dst, '\\')
			}
			dst = append(dst, c)
		case ':':
			if strings.HasPrefix(s[i:], "://") { // no link of its own accord
				dst = append(dst, '\\')
			}
			dst = append(dst, c)
		case '.':
			if i >= 3 && strings.EqualFold(s[i-3:i], "www") {
				dst = append(dst, '\\')
			}
			dst = append(dst, c)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// lineWriter writes one column a line, under a rule with the row's number.
type lineWriter struct {
	out   *bufio.Writer
	opts  Options
	names []string // padded to one width
	rows  int64
}

func (w *lineWriter) begin(columns []value.Column) {
	widest := 0
	for _, c := range columns {
		widest = max(widest, Width(Escape(c.Name)))
	}
	paint := paint{w.opts.Colour}
	for _, c := range columns {
		name := Escape(c.Name)
		w.names = append(w.names, paint.bold(name)+strings.Repeat(" ", widest-Width(name)))
	}
}

func (w *lineWriter) row(cells []any) {
	w.rows++
	paint := paint{w.opts.Colour}
	rule := fmt.Sprintf("─[ %d ]", w.rows)
	w.out.WriteString(paint.dim(rule+strings.Repeat("─", max(0, w.ruleWidth()-Width(rule)))) + "\n")
	for i, cell := range cells {
		text := Text(cell)
		if cell == nil {
			text = paint.dim(text)
		}
		w.out.WriteString(w.names[i])
		w.out.WriteString(paint.dim(" │"))
		if text != "" {
			w.out.WriteByte(' ')
			w.out.WriteString(text)
		}
		w.out.WriteByte('\n')
	}
}

func (w *lineWriter) ruleWidth() int {
	if w.opts.Width > 0 {
		return min(w.opts.Width, 60)
	}
	return 60
}

func (w *lineWriter) end(rows int64) {
	if w.opts.Footer {
		w.out.WriteString(paint{w.opts.Colour}.dim(counted(rows)) + "\n")
	}
}

func (w *lineWriter) fail() {}

// counted is "1 row", "12,345 rows".
func counted(rows int64) string {
	if rows == 1 {
		return "1 row"
	}
	return Thousands(rows) + " rows"
}

// Thousands writes n with a comma between each three digits.
func Thousands(n int64) string {
	s := fmt.Sprint(n)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// paint sets text in colour where that is allowed. The text must be safe already.
type paint struct{ on bool }

func (p paint) with(code, s string) string {
	if !p.on || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p paint) bold(s string) string { return p.with("1", s) }
func (p paint) dim(s string) string  { return p.with("2", s) }

// MarkdownText escapes s as a cell of [Markdown] is: what GitHub's dialect makes
// of it is s as [Escape] writes it, in one line.
func MarkdownText(s string) string { return string(appendMarkdown(nil, Escape(s))) }
