package sigmatest

import (
	"encoding/base64"
	"errors"
	"strings"
	"unicode"
	"unicode/utf16"
)

// A pattern is a string value of a rule, taken apart: plain characters and
// wildcards.
type pattern []element

type element struct {
	kind kind
	r    rune // of a plain one
	raw  bool // r is a byte, not a character
}

type kind int

const (
	plain kind = iota
	one        // ?, exactly one character
	many       // *, any number of them
	dash       // what windash makes of a dash before an option: any of dashes
)

// dashes are the characters windash takes for each other: hyphen, slash, en
// dash, em dash and horizontal bar.
const dashes = "-/–—―"

// parsePattern reads wildcards and escapes. A backslash escapes a wildcard or
// another backslash, and is itself before anything else.
func parsePattern(s string) pattern {
	var p pattern
	runes := []rune(s)
	for i := 0; i < len(runes); i++ {
		switch r := runes[i]; {
		case r == '\\' && i+1 < len(runes) && strings.ContainsRune(`\*?`, runes[i+1]):
			i++
			p = append(p, element{r: runes[i]})
		case r == '*':
			p = append(p, element{kind: many})
		case r == '?':
			p = append(p, element{kind: one})
		default:
			p = append(p, element{r: r})
		}
	}
	return p
}

// literal takes every character for itself.
func literal(s string) pattern {
	var p pattern
	for _, r := range s {
		p = append(p, element{r: r})
	}
	return p
}

// text is the pattern as a string, for what encodes it.
func (p pattern) text() (string, error) {
	var b strings.Builder
	for _, e := range p {
		if e.kind != plain {
			return "", errors.New("a value with wildcards cannot be encoded")
		}
		b.WriteRune(e.r)
	}
	return b.String(), nil
}

// around puts wildcards before and after.
func (p pattern) around(before, after bool) pattern {
	var q pattern
	if before {
		q = append(q, element{kind: many})
	}
	q = append(q, p...)
	if after {
		q = append(q, element{kind: many})
	}
	return q
}

// windash is for options: it takes a dash that begins a word, so not the second
// of -param-name. The specification speaks of all dashes; this is what its
// reference implementation makes of it.
func (p pattern) windash() pattern {
	q := make(pattern, len(p))
	word := func(i int) bool {
		return i >= 0 && i < len(p) && p[i].kind == plain && (p[i].r == '_' || unicode.IsLetter(p[i].r) || unicode.IsDigit(p[i].r))
	}
	for i, e := range p {
		if e.kind == plain && strings.ContainsRune(dashes, e.r) && word(i+1) && !word(i-1) {
			e = element{kind: dash}
		}
		q[i] = e
	}
	return q
}

// match compares the whole of s. Case is folded character by character.
func (p pattern) match(s string, cased bool) bool {
	runes := []rune(s)
	// ends[i]: the pattern so far can end before runes[i].
	ends := make([]bool, len(runes)+1)
	ends[0] = true
	for _, e := range p {
		next := make([]bool, len(runes)+1)
		if e.kind == many {
			reached := false
			for i := range ends {
				reached = reached || ends[i]
				next[i] = reached
			}
		} else {
			for i, r := range runes {
				next[i+1] = ends[i] && e.is(r, cased)
			}
		}
		ends = next
	}
	return ends[len(runes)]
}

func (e element) is(r rune, cased bool) bool {
	switch {
	case e.kind == one:
		return true
	case e.kind == dash:
		return strings.ContainsRune(dashes, r)
	case cased || e.raw:
		return e.r == r
	}
	return unicode.ToLower(e.r) == unicode.ToLower(r)
}

// utf16Bytes writes s in UTF-16, each unit as two bytes.
func utf16Bytes(s string, bigEndian bool) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		if bigEndian {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return string(b)
}

// base64Offsets are the three texts that the value leaves in Base64, after
// 3n, 3n+1 and 3n+2 bytes of something else: the characters whose six bits
// all come from the value.
func base64Offsets(s string) []string {
	var all []string
	for shift := range 3 {
		encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\x00", shift) + s))
		first := (8*shift + 5) / 6
		end := 8 * (shift + len(s)) / 6
		if first < end {
			all = append(all, encoded[first:end])
		}
	}
	return all
}

// rawBytes is a pattern of bytes that are no text: a rune holds one of them.
// No JSON text has them, so it is good for Base64 alone.
func rawBytes(s string) pattern {
	p := make(pattern, len(s))
	for i := range len(s) {
		p[i] = element{kind: plain, r: rune(s[i]), raw: true}
	}
	return p
}

// bytes are those that Base64 encodes.
func (p pattern) bytes(text string) []byte {
	if len(p) == 0 || !p[0].raw {
		return []byte(text)
	}
	b := make([]byte, len(p))
	for i, e := range p {
		b[i] = byte(e.r)
	}
	return b
}
