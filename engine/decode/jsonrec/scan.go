package jsonrec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// maxDepth is how deep objects and arrays may lie in one another. AWS's own
// limit on a log is far below; JSON readers downstream give up near here.
const maxDepth = 1000

// errShort says that the bytes end before the value does.
var errShort = errors.New("the file ends in the middle of a value")

// syntaxError is where and why bytes are not JSON. At counts from the start of
// the slice that was scanned.
type syntaxError struct {
	At   int
	What string
}

func (e *syntaxError) Error() string { return e.What }

func syntax(b []byte, at int, want string) error {
	return &syntaxError{at, fmt.Sprintf("%s expected, found %q", want, b[at])}
}

// flags say what a scanned value needs before it may become a cell.
type flags uint8

const (
	escaped flags = 1 << iota // has a backslash
	control                   // has a raw control character in a string, which JSON forbids
	lone                      // has half of a surrogate pair, which is no character
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// str scans the string that begins at b[i] and returns where it ends, behind
// the closing quote.
func str(b []byte, i int) (int, flags, error) {
	var f flags
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
			return i, f, errShort
		}
		switch c := b[i]; {
		case c == '"':
			return i + 1, f, nil
		case c == '\\':
			f |= escaped
			if i+1 >= len(b) {
				return i, f, errShort
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
					f |= lone
				}
				i += n
			default:
				return i, f, &syntaxError{i, fmt.Sprintf(`\%c is no escape of JSON`, b[i+1])}
			}
		case c < 0x20:
			f |= control
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
		return 0, 0, errShort
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
			return 0, errShort
		}
		c := b[k]
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, syntax(b, k, `a hexadecimal digit of \u`)
		}
		r = r<<4 | rune(c)
	}
	return r, nil
}

func space(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// scalar scans a string, number or word.
func scalar(b []byte, i int) (int, flags, error) {
	switch c := b[i]; {
	case c == '"':
		return str(b, i)
	case c == 't':
		return word(b, i, "true")
	case c == 'f':
		return word(b, i, "false")
	case c == 'n':
		return word(b, i, "null")
	case c == '-' || c >= '0' && c <= '9':
		return number(b, i)
	default:
		return i, 0, syntax(b, i, "a value")
	}
}

func word(b []byte, i int, w string) (int, flags, error) {
	if len(b)-i < len(w) {
		if string(b[i:]) == w[:len(b)-i] {
			return i, 0, errShort
		}
		return i, 0, syntax(b, i, w)
	}
	if string(b[i:i+len(w)]) != w {
		return i, 0, syntax(b, i, w)
	}
	return i + len(w), 0, nil
}

// number scans by JSON's grammar: no leading zeros, no plus, digits on both
// sides of the point. A number at the very end may go on and counts as short.
func number(b []byte, i int) (int, flags, error) {
	digits := func() error {
		if i >= len(b) {
			return errShort
		}
		if b[i]-'0' > 9 {
			return syntax(b, i, "a digit")
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
			return i, 0, &syntaxError{i, "a number with a leading zero"}
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
		return i, 0, errShort
	}
	return i, 0, nil
}

// skip scans the value that begins at b[i], checks that it is JSON, and
// returns where it ends. It does not recurse: depth is bounded by maxDepth
// alone, whatever the input.
func skip(b []byte, i int) (int, flags, error) {
	if i < len(b) && b[i] != '{' && b[i] != '[' {
		return scalar(b, i)
	}
	var (
		all   flags
		depth int
		objs  [maxDepth/64 + 1]uint64 // a bit a level: 1 for an object
	)
	for {
		// A value begins here.
		if i = space(b, i); i >= len(b) {
			return i, all, errShort
		}
		open := b[i]
		if open == '{' || open == '[' {
			if depth == maxDepth {
				return i, all, &syntaxError{i, fmt.Sprintf("nested deeper than %d levels", maxDepth)}
			}
			depth++
			if open == '{' {
				objs[depth>>6] |= 1 << (depth & 63)
			} else {
				objs[depth>>6] &^= 1 << (depth & 63)
			}
			if i = space(b, i+1); i >= len(b) {
				return i, all, errShort
			}
			if b[i] != open+2 { // '{'+2 is '}', '['+2 is ']'
				if open == '{' {
					var f flags
					var err error
					if i, f, err = key(b, i); err != nil {
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
			if i = space(b, i); i >= len(b) {
				return i, all, errShort
			}
			inObject := objs[depth>>6]&(1<<(depth&63)) != 0
			if c := b[i]; c == ',' {
				i++
				if inObject {
					if i = space(b, i); i >= len(b) {
						return i, all, errShort
					}
					var f flags
					var err error
					if i, f, err = key(b, i); err != nil {
						return i, all, err
					}
					all |= f
				}
				break
			} else if inObject && c == '}' || !inObject && c == ']' {
				i++
				depth--
			} else if inObject {
				return i, all, syntax(b, i, "',' or '}'")
			} else {
				return i, all, syntax(b, i, "',' or ']'")
			}
		}
	}
}

// key scans a key at b[i] and its colon, and returns where the value may begin.
func key(b []byte, i int) (int, flags, error) {
	if b[i] != '"' {
		return i, 0, syntax(b, i, "a key in quotes")
	}
	i, f, err := str(b, i)
	if err != nil {
		return i, f, err
	}
	if i = space(b, i); i >= len(b) {
		return i, f, errShort
	}
	if b[i] != ':' {
		return i, f, syntax(b, i, "':'")
	}
	return i + 1, f, nil
}
