package render

import (
	"io"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// maxMarks is how many combining marks in a row are shown as they are: living
// languages need no more, and longer stacks paint over neighbouring lines.
const maxMarks = 4

const hexDigits = "0123456789abcdef"

// hidden are code points that count as printable but leave no trace on a
// screen, so that text can be smuggled in them.
var hidden = []*unicode.RangeTable{
	unicode.Variation_Selector,
	unicode.Other_Default_Ignorable_Code_Point,
}

// shown reports whether r may stand as itself: a visible character or the
// ASCII space. Controls (C0, DEL, C1), bidi and other format characters, line
// separators, blanks other than the space, private-use and unassigned code
// points may not.
func shown(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= ' ' && r != 0x7f
	}
	return unicode.IsPrint(r) && !unicode.In(r, hidden...)
}

// measure is the same on every machine, whatever its locale.
var measure = runewidth.Condition{StrictEmojiNeutral: true}

func runeWidth(r rune) int {
	switch {
	case r < utf8.RuneSelf:
		return 1
	case r == '…', r == '∅', r == '─', r == '│':
		return 1 // our own marks: spares most runs building runewidth's table
	}
	return measure.RuneWidth(r)
}

// Escape makes any text safe to show in one line of a terminal, and keeps
// what it said legible:
//
//	\n \t \r       line feed, tab, carriage return
//	\xNN           another C0 control or DEL, or (NN above 7f) a byte that is not UTF-8
//	\uNNNN         a C1 control, bidi control, invisible or unassigned code point
//	\UNNNNNNNN     the same, beyond U+FFFF
//	\\             a backslash that would otherwise read as the start of one of these
//
// No two texts give the same result: an escape can not be mistaken for text
// of the log that merely looks like one. Combining marks stand as themselves
// only behind a character, at most four in a row. Text that needs nothing is
// returned as it is.
func Escape(s string) string {
	i := 0
	for i < len(s) && s[i] >= ' ' && s[i] < 0x7f && s[i] != '\\' {
		i++
	}
	if i == len(s) {
		return s
	}
	dst, _, _ := appendEscaped(make([]byte, 0, len(s)+16), s, -1)
	return string(dst)
}

// Width is how many terminal columns the text s, escaped already, takes.
func Width(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

// Cut escapes s and, where the result takes more than width terminal columns,
// ends it early with "…". An escape is never cut in two. A width of 0 or less
// leaves it whole.
func Cut(s string, width int) string {
	if width <= 0 {
		return Escape(s)
	}
	dst, _, cut := appendEscaped(nil, s, width)
	if cut {
		dst = append(dst, "…"...)
	}
	return string(dst)
}

// appendEscaped appends s escaped and says how many columns that took. With
// limit >= 0 text wider than limit is cut so that one column is left for the
// mark the caller sets, and cut is true; the work done is then bounded by
// limit, however long s is.
func appendEscaped(dst []byte, s string, limit int) (out []byte, width int, cut bool) {
	// fits is where dst could still take the mark of a cut.
	fits, fitsWidth := len(dst), 0
	marks := maxMarks // none may come before a base character
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		start := len(dst)
		dst, marks = appendRune(dst, r, s[i:i+size], s[i+size:], marks)
		if limit >= 0 {
			w := 0
			for _, c := range string(dst[start:]) {
				w += runeWidth(c)
			}
			if width+w > limit {
				return dst[:fits], fitsWidth, true
			}
			width += w
			if width < limit {
				fits, fitsWidth = len(dst), width
			}
		}
		i += size
	}
	if limit < 0 {
		width = Width(string(dst[fits:]))
	}
	return dst, width, false
}

// appendRune appends one character, read from the bytes raw and followed by
// rest. marks counts the combining marks before it.
func appendRune(dst []byte, r rune, raw, rest string, marks int) ([]byte, int) {
	switch {
	case r == utf8.RuneError && len(raw) == 1:
		return append(dst, '\\', 'x', hexDigits[raw[0]>>4], hexDigits[raw[0]&15]), maxMarks
	case r == '\\':
		if ambiguous(rest) {
			return append(dst, `\\`...), 0
		}
		return append(dst, '\\'), 0
	case unicode.Is(unicode.M, r):
		if marks >= maxMarks || !shown(r) {
			return appendEscape(dst, r), marks
		}
		return append(dst, raw...), marks + 1
	case shown(r):
		if r == ' ' {
			return append(dst, ' '), maxMarks // a mark on a blank would land on its neighbour
		}
		return append(dst, raw...), 0
	default:
		return appendEscape(dst, r), maxMarks
	}
}

// ambiguous reports whether a backslash before rest must be doubled.
func ambiguous(rest string) bool {
	if rest == "" {
		return false
	}
	switch rest[0] {
	case '\\', 'x', 'u', 'U', 'n', 'r', 't':
		return true
	}
	r, size := utf8.DecodeRuneInString(rest)
	return r == utf8.RuneError && size == 1 || !shown(r)
}

func appendEscape(dst []byte, r rune) []byte {
	switch {
	case r == '\n':
		return append(dst, `\n`...)
	case r == '\t':
		return append(dst, `\t`...)
	case r == '\r':
		return append(dst, `\r`...)
	case r < utf8.RuneSelf:
		return append(dst, '\\', 'x', hexDigits[r>>4], hexDigits[r&15])
	case r <= 0xffff:
		return appendHex(append(dst, `\u`...), r, 4)
	default:
		return appendHex(append(dst, `\U`...), r, 8)
	}
}

func appendHex(dst []byte, r rune, digits int) []byte {
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		dst = append(dst, hexDigits[r>>shift&15])
	}
	return dst
}

// EscapeTo gives a writer that passes text on to w as [Escape] writes it, but
// for line feeds, which stay. What ends in the middle of a character waits for
// the next Write; Close passes on the rest and leaves w open.
func EscapeTo(w io.Writer) io.WriteCloser { return &escaper{w: w, marks: maxMarks} }

type escaper struct {
	w     io.Writer
	held  []byte // at most one character and a backslash
	marks int
	out   []byte
}

func (e *escaper) Write(p []byte) (int, error) {
	if err := e.pass(string(append(e.held, p...)), false); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (e *escaper) Close() error { return e.pass(string(e.held), true) }

func (e *escaper) pass(s string, last bool) error {
	e.out, e.held = e.out[:0], e.held[:0]
	for i := 0; i < len(s); {
		// A backslash is judged by the character behind it, which must be whole.
		need := s[i:]
		if need[0] == '\\' {
			need = need[1:]
		}
		if !last && !utf8.FullRuneInString(need) {
			e.held = append(e.held, s[i:]...)
			break
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == '\n' {
			e.out, e.marks = append(e.out, '\n'), maxMarks
		} else {
			e.out, e.marks = appendRune(e.out, r, s[i:i+size], s[i+size:], e.marks)
		}
		i += size
	}
	if len(e.out) == 0 {
		return nil
	}
	_, err := e.w.Write(e.out)
	return err
}
