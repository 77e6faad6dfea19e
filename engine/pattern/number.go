package pattern

import (
	"strconv"
	"strings"
)

// number is a JSON number. Numbers are compared by value where a double holds
// the value as written (300 is 3.0e2); two of which one is not such, as one of
// twenty digits, are equal where they are written alike, and never smaller or
// larger.
type number struct {
	text  string
	value float64
	exact bool
}

func parseNumber(text string) number {
	n := number{text: text}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return n // beyond what a double holds
	}
	n.value = v + 0 // not -0
	n.exact = plain(text) || sameDecimal(text, strconv.FormatFloat(v, 'e', -1, 64))
	return n
}

func (n *number) equal(o *number) bool {
	if n.exact && o.exact {
		return n.value == o.value
	}
	return n.text == o.text
}

// plain reports whether text is an integer of so few digits that a double holds it.
func plain(text string) bool {
	if len(text) > 15 {
		return false
	}
	for i := 0; i < len(text); i++ {
		if text[i]-'0' > 9 && (i > 0 || text[i] != '-') {
			return false
		}
	}
	return true
}

// sameDecimal reports whether two decimal numbers have the same value.
func sameDecimal(a, b string) bool {
	da, ea, na, oka := decimal(a)
	db, eb, nb, okb := decimal(b)
	return oka && okb && da == db && (da == "" || ea == eb && na == nb)
}

// decimal takes a number apart: 0.digits times ten to the power exponent, with
// no zero at either end of the digits.
func decimal(text string) (digits string, exponent int64, negative, ok bool) {
	negative = strings.HasPrefix(text, "-")
	text = strings.TrimPrefix(text, "-")
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		e, err := strconv.ParseInt(text[i+1:], 10, 32)
		if err != nil {
			return "", 0, false, false
		}
		text, exponent = text[:i], e
	}
	whole, fraction, _ := strings.Cut(text, ".")
	exponent += int64(len(whole))
	digits = strings.TrimLeft(whole+fraction, "0")
	exponent -= int64(len(whole) + len(fraction) - len(digits))
	return strings.TrimRight(digits, "0"), exponent, negative, true
}
