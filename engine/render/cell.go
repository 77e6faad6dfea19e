package render

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"logquarry/engine/value"
)

// null is how NULL shows where people read. A text that is just this sign is
// shown escaped.
const null = "∅"

// Text is the text of one cell as people read it, safe for a terminal: NULL is
// ∅, texts go through [Escape].
func Text(v any) string {
	text, kind := cellText(v)
	switch {
	case kind == kindNull:
		return null
	case kind != kindText:
		return text
	case text == null:
		return `\u2205`
	}
	return Escape(text)
}

// Plain is the text of one cell as it is, for programs; NULL is empty.
func Plain(v any) string {
	text, _ := cellText(v)
	return text
}

// kind is what care the text of a cell needs.
type kind int

const (
	kindNull   kind = iota
	kindNumber      // bool and time too: written by us, never quoted, cut or defused
	kindPlain       // made by us from log data: printable ASCII, may begin with anything
	kindText        // the log's own
)

// cellText is the plain text of a cell, not escaped.
func cellText(v any) (string, kind) {
	switch v := v.(type) {
	case nil:
		return "", kindNull
	case bool:
		return strconv.FormatBool(v), kindNumber
	case int64:
		return strconv.FormatInt(v, 10), kindNumber
	case uint64:
		return strconv.FormatUint(v, 10), kindNumber
	case float64:
		return string(appendFloat(nil, v)), kindNumber
	case value.Number:
		return string(v), kindNumber
	case time.Time:
		return string(appendTime(nil, v)), kindNumber
	case string:
		return v, kindText
	case []byte:
		return string(appendBlob(nil, v)), kindPlain
	case []any, value.Struct:
		return string(appendJSON(nil, v)), kindText
	default:
		// The store gives none of these; should it come to, showing them
		// serves better than failing.
		return fmt.Sprint(v), kindText
	}
}

func appendTime(dst []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(dst, time.RFC3339Nano)
}

// appendFloat writes the shortest decimal that reads back as f, in the way of
// ECMAScript and encoding/json.
func appendFloat(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	}
	size := math.Abs(f)
	if size != 0 && (size < 1e-6 || size >= 1e21) {
		dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
		if n := len(dst); dst[n-4] == 'e' && dst[n-2] == '0' { // e-07 becomes e-7
			dst = append(dst[:n-2], dst[n-1])
		}
		return dst
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}

// appendBlob writes bytes as DuckDB casts a BLOB to VARCHAR.
func appendBlob(dst, b []byte) []byte {
	const upper = "0123456789ABCDEF"
	for _, c := range b {
		if c < ' ' || c > '~' || c == '\\' || c == '\'' || c == '"' {
			dst = append(dst, '\\', 'x', upper[c>>4], upper[c&15])
		} else {
			dst = append(dst, c)
		}
	}
	return dst
}

// AppendJSON adds a cell as JSON to dst, as [JSON] writes it.
func AppendJSON(dst []byte, v any) []byte { return appendJSON(dst, v) }

// appendJSON writes a cell as JSON.
func appendJSON(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case bool:
		return strconv.AppendBool(dst, v)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case uint64:
		return strconv.AppendUint(dst, v, 10)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return append(appendFloat(append(dst, '"'), v), '"')
		}
		return appendFloat(dst, v)
	case value.Number:
		if jsonNumber(string(v)) {
			return append(dst, v...)
		}
		return appendJSONString(dst, string(v))
	case time.Time:
		return append(appendTime(append(dst, '"'), v), '"')
	case []any:
		dst = append(dst, '[')
		for i, element := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendJSON(dst, element)
		}
		return append(dst, ']')
	case value.Struct:
		dst = append(dst, '{')
		for i, field := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendJSONString(dst, field.Name), ':')
			dst = appendJSON(dst, field.Value)
		}
		return append(dst, '}')
	default:
		text, _ := cellText(v)
		return appendJSONString(dst, text)
	}
}

// appendJSONString writes s as a JSON string in which every character that
// could act on a terminal, or hide, is \uNNNN. Bytes that are not UTF-8 become
// U+FFFD.
func appendJSONString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			i++
			switch {
			case c == '"' || c == '\\':
				dst = append(dst, '\\', c)
			case c == '\n':
				dst = append(dst, `\n`...)
			case c == '\t':
				dst = append(dst, `\t`...)
			case c == '\r':
				dst = append(dst, `\r`...)
			case shown(rune(c)):
				dst = append(dst, c)
			default:
				dst = appendHex(append(dst, `\u`...), rune(c), 4)
			}
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			dst = append(dst, "\ufffd"...)
		case shown(r):
			dst = append(dst, s[i:i+size]...)
		case r > 0xffff:
			r -= 0x10000
			dst = appendHex(append(dst, `\u`...), 0xd800+r>>10, 4)
			dst = appendHex(append(dst, `\u`...), 0xdc00+r&0x3ff, 4)
		default:
			dst = appendHex(append(dst, `\u`...), r, 4)
		}
		i += size
	}
	return append(dst, '"')
}

// jsonNumber reports whether s is a number by RFC 8259, section 6.
func jsonNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole, fraction, hasFraction := strings.Cut(s, ".")
	return digits(whole) && (len(whole) == 1 || whole[0] != '0') && (!hasFraction || digits(fraction))
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// rightAligned reports whether the column holds numbers.
func rightAligned(c value.Column) bool {
	name, _, _ := strings.Cut(c.Type, "(")
	if strings.HasSuffix(c.Type, "]") {
		return false
	}
	switch strings.TrimSpace(name) {
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "BIGNUM",
		"UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT",
		"FLOAT", "DOUBLE", "DECIMAL":
		return true
	}
	return false
}

// uniqueNames gives each column a key of its own: a, a_2, a_3.
func uniqueNames(columns []value.Column) []string {
	taken := make(map[string]bool, len(columns))
	for _, c := range columns {
		taken[c.Name] = true
	}
	names, seen := make([]string, len(columns)), make(map[string]bool, len(columns))
	for i, c := range columns {
		name := c.Name
		for n := 2; seen[name] || name != c.Name && taken[name]; n++ {
			name = c.Name + "_" + strconv.Itoa(n)
		}
		names[i], seen[name] = name, true
	}
	return names
}
