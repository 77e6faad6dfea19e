// Package jsontext scans JSON as bytes: where values end, whether they are JSON,
// and the text of strings. It builds no values and keeps nothing.
//
// Each function takes bytes and a place in them, and says with [ErrShort] that
// the bytes end before the value does.
package jsontext

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// maxDepth is how deep objects and arrays may lie in one another. AWS's own
// limit on a log is far below; JSON readers downstream give up near here.
const maxDepth = 1000

// ErrShort says that the bytes end before the value does.
var ErrShort = errors.New("the file ends in the middle of a value")

// SyntaxError is where and why bytes are not JSON. At counts from the start of
// the slice that was scanned.
type SyntaxError struct {
	At   int
	What string
}

func (e *SyntaxError) Error() string { return e.What }

// Syntax is the error that want stands not at b[at].
func Syntax(b []byte, at int, want string) error {
	return &SyntaxError{at, fmt.Sprintf("%s expected, found %q", want, b[at])}
}

// Flags say what a scanned value needs before it may become a cell.
type Flags uint8

const (
	Escaped Flags = 1 << iota // has a backslash
	Control                   // has a raw Control character in a string, which JSON forbids
	Lone                      // has half of a surrogate pair, which is no character
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// String scans the string that begins at b[i] and returns where it ends, behind
// the closing quote.
func String(b []byte, i int) (int, Flags, error) {
	var f Flags
	i++
	for {
		for i+8 <= len(b) {
			w := binary.LittleEndian.Uint64(b[i:])
			quote := w ^ ('"' * ones)
			slash := w ^ ('\\' * ones)
			hit := ((quote-ones)&^quote | (slash-ones)&^slash | (w-0x20*ones)&^w) & highs
			if hit != 0 {
				i += bits.TrailingZeros64(hit) >> 3
				break
			}
			i += 8
		}
		if i >= len(b) {
			return i, f, ErrShort
		}
		switch c := b[i]; {
		case c == '"':
			return i + 1, f, nil
		case c == '\\':
			f |= Escaped
			if i+1 >= len(b) {
				return i, f, ErrShort
			}
			switch b[i+1] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
				i += 2
			case 'u':
				r, n, err := surrogates(b, i)
				if err != nil {
					return i, f, err
				}
				if r == badRune {
					f |= Lone
				}
				i += n
			default:
				return i, f, &SyntaxError{i, fmt.Sprintf(`\%c is no escape of JSON`, b[i+1])}
			}
		case c < 0x20:
			f |= Control
			i++
		default:
			i++
		}
	}
}

const badRune = -1

// surrogates reads the \uXXXX at b[i], and the second half that must follow
// where it is the first of a pair. It returns badRune for half a pair.
func surrogates(b []byte, i int) (r rune, n int, err error) {
	first, err := hex4(b, i+2)
	if err != nil {
		return 0, 0, err
	}
	switch {
	case first < 0xd800 || first > 0xdfff:
		return first, 6, nil
	case first >= 0xdc00:
		return badRune, 6, nil
	}
	if i+7 < len(b) && (b[i+6] != '\\' || b[i+7] != 'u') {
		return badRune, 6, nil
	}
	if i+8 > len(b) {
		return 0, 0, ErrShort
	}
	second, err := hex4(b, i+8)
	if err != nil {
		return 0, 0, err
	}
	if second < 0xdc00 || second > 0xdfff {
		return badRune, 6, nil
	}
	return (first-0xd800)<<10 + (second - 0xdc00) + 0x10000, 12, nil
}

func hex4(b []byte, i int) (rune, error) {
	var r rune
	for k := i; k < i+4; k++ {
		if k >= len(b) {
			return 0, ErrShort
		}
		c := b[k]
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, Syntax(b, k, `a hexadecimal digit of \u`)
		}
		r = r<<4 | rune(c)
	}
	return r, nil
}

// Space is where the white space that begins at b[i] ends.
func Space(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// scalar scans a string, number or word.
func scalar(b []byte, i int) (int, Flags, error) {
	switch c := b[i]; {
	case c == '"':
		return String(b, i)
	case c == 't':
		return word(b, i, "true")
	case c == 'f':
		return word(b, i, "false")
	case c == 'n':
		return word(b, i, "null")
	case c == '-' || c >= '0' && c <= '9':
		return number(b, i)
	default:
		return i, 0, Syntax(b, i, "a value")
	}
}

func word(b []byte, i int, w string) (int, Flags, error) {
	if len(b)-i < len(w) {
		if string(b[i:]) == w[:len(b)-i] {
			return i, 0, ErrShort
		}
		return i, 0, Syntax(b, i, w)
	}
	if string(b[i:i+len(w)]) != w {
		return i, 0, Syntax(b, i, w)
	}
	return i + len(w), 0, nil
}

// number scans by JSON's grammar: no leading zeros, no plus, digits on both
// sides of the point. A number at the very end may go on and counts as short.
func number(b []byte, i int) (int, Flags, error) {
	digits := func() error {
		if i >= len(b) {
			return ErrShort
		}
		if b[i]-'0' > 9 {
			return Syntax(b, i, "a digit")
		}
		for i < len(b) && b[i]-'0' <= 9 {
			i++
		}
		return nil
	}
	if b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
		if i < len(b) && b[i]-'0' <= 9 {
			return i, 0, &SyntaxError{i, "a number with a leading zero"}
		}
	} else if err := digits(); err != nil {
		return i, 0, err
	}
	if i < len(b) && b[i] == '.' {
		i++
		if err := digits(); err != nil {
			return i, 0, err
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if err := digits(); err != nil {
			return i, 0, err
		}
	}
	if i >= len(b) {
		return i, 0, ErrShort
	}
	return i, 0, nil
}

// Skip scans the value that begins at b[i], checks that it is JSON, and
// returns where it ends. It does not recurse: depth is bounded by maxDepth
// alone, whatever the input.
func Skip(b []byte, i int) (int, Flags, error) { return skip(b, i, maxDepth) }

// skip is Skip of a value at most levels deep.
func skip(b []byte, i, most int) (int, Flags, error) {
	if i < len(b) && b[i] != '{' && b[i] != '[' {
		return scalar(b, i)
	}
	var (
		all   Flags
		depth int
		objs  [maxDepth/64 + 1]uint64 // a bit a level: 1 for an object
	)
	for {
		// A value begins here.
		if i = Space(b, i); i >= len(b) {
			return i, all, ErrShort
		}
		open := b[i]
		if open == '{' || open == '[' {
			if depth == most {
				return i, all, &SyntaxError{i, fmt.Sprintf("nested deeper than %d levels", maxDepth)}
			}
			depth++
			if open == '{' {
				objs[depth>>6] |= 1 << (depth & 63)
			} else {
				objs[depth>>6] &^= 1 << (depth & 63)
			}
			if i = Space(b, i+1); i >= len(b) {
				return i, all, ErrShort
			}
			if b[i] != open+2 { // '{'+2 is '}', '['+2 is ']'
				if open == '{' {
					var f Flags
					var err error
					if i, f, err = Key(b, i); err != nil {
						return i, all, err
					}
					all |= f
				}
				continue
			}
			i++
			depth--
		} else {
			end, f, err := scalar(b, i)
			all |= f
			if err != nil {
				return end, all, err
			}
			i = end
		}
		// A value has ended; so may what it lies in.
		for {
			if depth == 0 {
				return i, all, nil
			}
			if i = Space(b, i); i >= len(b) {
				return i, all, ErrShort
			}
			inObject := objs[depth>>6]&(1<<(depth&63)) != 0
			if c := b[i]; c == ',' {
				i++
				if inObject {
					if i = Space(b, i); i >= len(b) {
						return i, all, ErrShort
					}
					var f Flags
					var err error
					if i, f, err = Key(b, i); err != nil {
						return i, all, err
					}
					all |= f
				}
				break
			} else if inObject && c == '}' || !inObject && c == ']' {
				i++
				depth--
			} else if inObject {
				return i, all, Syntax(b, i, "',' or '}'")
			} else {
				return i, all, Syntax(b, i, "',' or ']'")
			}
		}
	}
}

// Key scans a key at b[i] and its colon, and returns where the value may begin.
func Key(b []byte, i int) (int, Flags, error) {
	if b[i] != '"' {
		return i, 0, Syntax(b, i, "a key in quotes")
	}
	i, f, err := String(b, i)
	if err != nil {
		return i, f, err
	}
	if i = Space(b, i); i >= len(b) {
		return i, f, ErrShort
	}
	if b[i] != ':' {
		return i, f, Syntax(b, i, "':'")
	}
	return i + 1, f, nil
}

// KeyText cuts the colon and quotes off what [Key] scanned. Escapes stay.
func KeyText(b []byte) []byte {
	end := len(b) - 1 // the colon
	for b[end-1] != '"' {
		end--
	}
	return b[1 : end-1]
}

// Valid reports whether text is one JSON document.
func Valid(text []byte) bool {
	i := Space(text, 0)
	if i >= len(text) {
		return false
	}
	end, f, err := Skip(text, i)
	if err == ErrShort && text[i] != '{' && text[i] != '[' && text[i] != '"' {
		// A number or word at the very end may go on, as far as Skip can tell.
		end, f, err = Skip(append(append([]byte(nil), text[i:]...), ' '), 0)
		end += i
	}
	return err == nil && f&(Control|Lone) == 0 && Space(text, min(end, len(text))) == len(text)
}
