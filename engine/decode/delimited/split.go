package delimited

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"logquarry/engine/decode"
	"logquarry/engine/decode/csvtext"
	"logquarry/engine/schema"
)

// field is the text of one field of a line.
type field = csvtext.Field

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' }

// word is where the word that begins at line[i] ends: at a blank or the end of
// the line. It looks at eight bytes at a time for one that may be a blank.
func word(line []byte, i int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for {
		for i+8 <= len(line) {
			w := binary.LittleEndian.Uint64(line[i:])
			if low := (w - 0x21*ones) &^ w & highs; low != 0 {
				i += bits.TrailingZeros64(low) >> 3
				break
			}
			i += 8
		}
		for i < len(line) && line[i] > ' ' {
			i++
		}
		if i == len(line) || line[i] == ' ' || line[i] == '\t' {
			return i
		}
		i++ // some other control character, part of the word
	}
}

// splitPlainly is splitQuoted for a line whose quotes mislead nobody: each field
// that comes in quotes has just its own two, no other has any, and all may be
// what they stand for. It is false for other lines.
func splitPlainly(dst []field, line []byte, order []decode.Field) ([]field, bool) {
	for i := 0; i < len(line); {
		k := len(dst)
		if k >= len(order) {
			return dst, false
		}
		f := &order[k]
		if line[i] == '"' {
			end := i + 1 + bytes.IndexByte(line[i+1:], '"')
			if end <= i || !f.Quoted || f.Items || line[end-1] == '\\' || end+1 < len(line) && line[end+1] != ' ' {
				return dst, false
			}
			dst = append(dst, field{Text: line[i+1 : end], Quoted: true})
			i = end + 1
		} else {
			end := bareEnd(line, i, k, order)
			text := line[i:end]
			switch {
			case f.Absent(text):
			case f.Quoted, f.Items:
				return dst, false
			case f.Type == schema.Varchar || f.Column < 0:
				if bytes.IndexByte(text, '"') >= 0 {
					return dst, false
				}
			case !agrees(field{Text: text}, k, order):
				return dst, false
			}
			dst = append(dst, field{Text: text})
			i = end
		}
		i = skipBlanks(line, i)
	}
	return dst, true
}

// splitQuoted appends to dst the fields of a line parted by runs of blanks, some
// of them in quotes. order tells what each field is. Programs put what a client
// sent between quotes as it came, with quotes of its own, so the first way to
// part a line may not be the one all its fields agree with; then others are
// tried. torn says that quotes are left over all the same.
func splitQuoted(dst []field, line []byte, order []decode.Field) (fields []field, torn bool) {
	agree := true
	for i := 0; i < len(line); {
		k := len(dst)
		var f field
		if line[i] == '"' {
			end := closing(line, i, k, order)
			torn = torn || end == len(line)
			f = inQuotes(line, i, end, k, order)
			i = min(end+1, len(line))
		} else {
			end := bareEnd(line, i, k, order)
			f = field{Text: line[i:end]}
			torn = torn || k < len(order) && bytes.IndexByte(f.Text, '"') >= 0
			i = end
		}
		agree = agree && agrees(f, k, order)
		dst = append(dst, f)
		i = skipBlanks(line, i)
	}
	if agree && !torn {
		return dst, false
	}
	s := search{line: line, order: order, left: effort * len(line)}
	if other, ok := s.from(nil, 0); ok {
		return other, false
	}
	return dst, torn
}

// inQuotes is the field k whose quotes stand at line[i] and line[end].
func inQuotes(line []byte, i, end, k int, order []decode.Field) field {
	if k < len(order) && order[k].Items && !order[k].Absent(line[i+1:end]) {
		return field{Text: line[i:min(end+1, len(line))]}
	}
	return field{Text: line[i+1 : end], Quoted: true}
}

// bareEnd is where the field k that begins at line[i] without a quote ends.
func bareEnd(line []byte, i, k int, order []decode.Field) int {
	if line[i] == '[' && k < len(order) && order[k].Type == schema.Timestamp {
		if p := bytes.IndexByte(line[i:], ']'); p > 0 {
			return i + p + 1
		}
	}
	return word(line, i)
}

func skipBlanks(line []byte, i int) int {
	for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
		i++
	}
	return i
}

// agrees reports whether a text of this form may be field k.
func agrees(f field, k int, order []decode.Field) bool {
	switch {
	case k >= len(order):
		return f.Quoted || bytes.IndexByte(f.Text, '"') < 0
	case order[k].Items:
		return true
	case f.Quoted:
		return order[k].Quoted
	case order[k].Absent(f.Text):
		return true
	case bytes.IndexByte(f.Text, '"') >= 0:
		return false
	case order[k].Numeric():
		return number(f.Text)
	case order[k].Type == schema.Timestamp && order[k].Column >= 0:
		return f.Text[0] == '[' || f.Text[0]-'0' <= 9
	}
	return true
}

// number reports whether all of text may stand in a number.
func number(text []byte) bool {
	for _, c := range text {
		if c-'0' > 9 && c != '.' && c != '-' {
			return false
		}
	}
	return true
}

// search looks for a way to part a line that all its fields agree with: for each
// opening quote it tries the quotes that may close it, the nearest first.
type search struct {
	line  []byte
	order []decode.Field
	left  int // bytes it may still look at
}

// effort bounds a search in a line made to have very many ways: how often each
// byte is looked at, on average.
const effort = 32

// from parts the line from i on, behind the fields in dst.
func (s *search) from(dst []field, i int) ([]field, bool) {
	for i < len(s.line) {
		k := len(dst)
		if s.line[i] != '"' {
			end := bareEnd(s.line, i, k, s.order)
			if s.left -= end - i; s.left < 0 {
				return nil, false
			}
			f := field{Text: s.line[i:end]}
			if !agrees(f, k, s.order) {
				return nil, false
			}
			dst, i = append(dst, f), skipBlanks(s.line, end)
			continue
		}
		for p := i + 1; p < len(s.line) && s.left >= 0; p++ {
			q := bytes.IndexByte(s.line[p:], '"')
			if q < 0 {
				s.left -= len(s.line) - p
				break
			}
			s.left -= q + 1
			if p += q; p+1 < len(s.line) && !blank(s.line[p+1]) {
				continue
			}
			f := inQuotes(s.line, i, p, k, s.order)
			if !agrees(f, k, s.order) {
				break
			}
			if all, ok := s.from(append(dst, f), skipBlanks(s.line, p+1)); ok {
				return all, true
			}
		}
		return nil, false
	}
	return dst, true
}

// closing is where the closing quote of the field that opens at line[i] most
// likely stands; the line's end where there is none. Where the field is known to
// come in quotes, what must follow it tells the real one.
func closing(line []byte, i, k int, order []decode.Field) int {
	first := -1
	for _, escapes := range []bool{true, false} {
		for p := i + 1; p < len(line); p++ {
			q := bytes.IndexByte(line[p:], '"')
			if q < 0 {
				break
			}
			p += q
			if escapes && escaped(line[i+1:p]) || p+1 < len(line) && !blank(line[p+1]) {
				continue
			}
			if first < 0 {
				first = p
			}
			if p+1 == len(line) || follows(line[p+1:], k, order) {
				return p
			}
		}
	}
	if first < 0 {
		return len(line)
	}
	return first
}

// escaped reports whether a quote behind text has a backslash in front that is
// itself not escaped.
func escaped(text []byte) bool {
	n := 0
	for n < len(text) && text[len(text)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

// follows reports whether rest may be what follows field k.
func follows(rest []byte, k int, order []decode.Field) bool {
	if k+1 >= len(order) {
		return true
	}
	rest = bytes.TrimLeft(rest, " \t")
	next := &order[k+1]
	token := rest[:word(rest, 0)]
	switch {
	case len(token) == 0, next.Absent(token):
		return true
	case next.Quoted, !order[k].Quoted:
		return token[0] == '"' || !order[k].Quoted
	case next.Numeric():
		return number(token)
	}
	// Half of what a client put in quotes.
	return bytes.IndexByte(token, '"') < 0
}

// splitAt appends to dst the fields of a line parted by sep, without the blanks
// around them. A field may be in quotes, within which sep stands for itself.
func splitAt(dst []field, line []byte, sep byte) []field {
	for {
		var text []byte
		i := 0
		for i < len(line) && line[i] == ' ' && sep != ' ' {
			i++
		}
		if i < len(line) && line[i] == '"' {
			if end := endQuote(line[i:], sep); end > 0 {
				dst = append(dst, field{Text: line[i+1 : i+end], Quoted: true})
				line = bytes.TrimLeft(line[i+end+1:], " ")
				if len(line) == 0 {
					return dst
				}
				line = line[1:]
				continue
			}
		}
		end := bytes.IndexByte(line, sep)
		if text = line; end >= 0 {
			text = line[:end]
		}
		dst = append(dst, field{Text: bytes.Trim(text, " \r")})
		if end < 0 {
			return dst
		}
		line = line[end+1:]
	}
}

// endQuote is where the quote that opens text closes, behind which sep or the
// end follows; -1 where none does.
func endQuote(text []byte, sep byte) int {
	for p := 1; p < len(text); p++ {
		q := bytes.IndexByte(text[p:], '"')
		if q < 0 {
			return -1
		}
		p += q
		if rest := bytes.TrimLeft(text[p+1:], " \r"); len(rest) == 0 || rest[0] == sep {
			return p
		}
	}
	return -1
}
