package indicator

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// unpercent undoes one round of URL encoding; what is no encoding stays.
func unpercent(text string) (plain string, changed bool) {
	at := strings.IndexByte(text, '%')
	if at < 0 {
		return text, false
	}
	var out []byte
	for i := at; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			hi, ok1 := hexDigit(text[i+1])
			lo, ok2 := hexDigit(text[i+2])
			if ok1 && ok2 {
				if out == nil {
					out = append(make([]byte, 0, len(text)), text[:i]...)
				}
				out = append(out, hi<<4|lo)
				i += 2
				continue
			}
		}
		if out != nil {
			out = append(out, text[i])
		}
	}
	if out == nil {
		return text, false
	}
	return string(out), true
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

// unescape undoes one round of JSON's escapes; what is none stays.
func unescape(text string) (plain string, changed bool) {
	at := strings.IndexByte(text, '\\')
	if at < 0 {
		return text, false
	}
	out := append(make([]byte, 0, len(text)), text[:at]...)
	for i := at; i < len(text); i++ {
		c := text[i]
		if c != '\\' || i+1 == len(text) {
			out = append(out, c)
			continue
		}
		i++
		switch text[i] {
		case 'n', 'r', 't', 'b', 'f':
			out = append(out, ' ')
		case '"', '\\', '/':
			out = append(out, text[i])
		case 'u':
			r, n := unicodeEscape(text[i-1:])
			if n == 0 {
				out = append(out, c, text[i])
				continue
			}
			out = utf8.AppendRune(out, r)
			i += n - 2
		default:
			out = append(out, c, text[i])
			continue
		}
		changed = true
	}
	return string(out), changed
}

// unicodeEscape reads \uNNNN, or two that are one character, and says how many
// bytes it has; 0: it is none.
func unicodeEscape(text string) (r rune, n int) {
	one := func(t string) (rune, bool) {
		if len(t) < 6 || t[:2] != `\u` {
			return 0, false
		}
		v, err := strconv.ParseUint(t[2:6], 16, 16)
		return rune(v), err == nil
	}
	r, ok := one(text)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(r) {
		if low, ok := one(text[6:]); ok {
			if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
				return both, 12
			}
		}
		return utf8.RuneError, 6
	}
	return r, 6
}
