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

// splitQuoted appends to dst the fields of a line parted by runs of blanks, some
// of them in quotes. order tells what each field is.
func splitQuoted(dst []field, line []byte, order []decode.Field) []field {
	for i := 0; i < len(line); {
		k := len(dst)
		switch {
		case line[i] == '"':
			end := closing(line, i, k, order)
			dst = append(dst, field{Text: line[i+1 : end], Quoted: true})
			i = min(end+1, len(line))
		case line[i] == '[' && k < len(order) && order[k].Type == schema.Timestamp && bytes.IndexByte(line[i:], ']') > 0:
			end := i + bytes.IndexByte(line[i:], ']') + 1
			dst = append(dst, field{Text: line[i:end]})
			i = end
		default:
			end := word(line, i)
			dst = append(dst, field{Text: line[i:end]})
			i = end
		}
		for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
			i++
		}
	}
	return dst
}

// closing is where the closing quote of the field that opens at line[i] stands;
// the line's end where there is none. Programs put what a client sent between
// quotes as it came, with quotes of its own. Where the field is known to come
// in quotes, what must follow it tells the real one.
func closing(line []byte, i, k int, order []decode.Field) int {
	first := -1
	last := k < len(order) && order[k].Quoted
	for j := k + 1; j < len(order); j++ {
		last = last && !order[j].Quoted
	}
	if last {
		// Nothing behind it may hold a quote: the last one is it.
		if p := bytes.LastIndexByte(line, '"'); p > i && (p+1 == len(line) || blank(line[p+1])) {
			return p
		}
	}
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
		for _, c := range token {
			if c-'0' > 9 && c != '.' && c != '-' {
				return false
			}
		}
	default:
		// Half of what a client put in quotes.
		return bytes.IndexByte(token, '"') < 0
	}
	return true
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
