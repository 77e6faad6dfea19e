package jsontext

import (
	"fmt"
	"unicode/utf8"
)

// Unescape appends the text of the string b[i:end] (quotes included, already
// scanned) to dst. Half a surrogate pair becomes U+FFFD.
func Unescape(dst, s []byte) []byte {
	for i := 1; i < len(s)-1; {
		from := i
		for i < len(s)-1 && s[i] != '\\' {
			i++
		}
		dst = append(dst, s[from:i]...)
		if i == len(s)-1 {
			break
		}
		switch s[i+1] {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r, n, err := surrogates(s, i)
			if err != nil || r == badRune {
				r, n = utf8.RuneError, 6
			}
			dst = utf8.AppendRune(dst, r)
			i += n
			continue
		default:
			dst = append(dst, s[i+1])
		}
		i += 2
	}
	return dst
}

// Repair appends the JSON text s to dst as JSON that any reader takes: control
// characters in strings as \u escapes, half surrogate pairs and bytes that are
// not UTF-8 as U+FFFD. s has been scanned, so that only strings have these.
func Repair(dst, s []byte) []byte {
	quoted := false
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"':
			quoted = !quoted
			dst = append(dst, c)
			i++
		case c == '\\' && s[i+1] == 'u':
			r, n, err := surrogates(s, i)
			if err != nil || r == badRune {
				dst = append(dst, `\ufffd`...)
				i += 6
				continue
			}
			dst = append(dst, s[i:i+n]...)
			i += n
		case c == '\\':
			dst = append(dst, c, s[i+1])
			i += 2
		case c < 0x20 && quoted:
			dst = fmt.Appendf(dst, `\u%04x`, c)
			i++
		case c < utf8.RuneSelf:
			dst = append(dst, c)
			i++
		default:
			r, n := utf8.DecodeRune(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
		}
	}
	return dst
}
