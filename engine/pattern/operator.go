package pattern

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

// op says what an operator does. The operators take strings alone, but for
// numeric; anything-but takes every value that its inner operator does not.
type op uint8

const (
	opPrefix op = iota
	opSuffix
	opFold       // equals-ignore-case
	opFoldPrefix // {"prefix": {"equals-ignore-case": …}}
	opFoldSuffix
	opWildcard
	opCIDR
	opNumeric
	opEqual // of anything-but alone: elsewhere it is field.texts and field.numbers
)

// operator is one match expression.
type operator struct {
	op  op
	not bool // it is anything-but
	// texts are the operands: one, or several of anything-but.
	texts   []string
	globs   []glob
	numbers []number
	network netip.Prefix
	low     bound
	high    bound
}

// bound is one end of a range of numbers.
type bound struct {
	set, open bool // open: the bound itself is not in the range
	at        float64
}

func (o *operator) takes(v *scalar) bool { return o.is(v) != o.not }

func (o *operator) is(v *scalar) bool {
	if o.op == opNumeric {
		return v.kind == numberKind && o.within(v.number())
	}
	if v.kind == numberKind && o.op == opEqual {
		n := v.number()
		for i := range o.numbers {
			if o.numbers[i].equal(n) {
				return true
			}
		}
		return false
	}
	if v.kind != textKind {
		return false
	}
	switch o.op {
	case opCIDR:
		return o.network.Contains(v.address())
	case opWildcard:
		for i := range o.globs {
			if o.globs[i].match(v.text) {
				return true
			}
		}
		return false
	}
	for _, text := range o.texts {
		ok := false
		switch o.op {
		case opEqual:
			ok = string(v.text) == text
		case opPrefix:
			ok = len(v.text) >= len(text) && string(v.text[:len(text)]) == text
		case opSuffix:
			ok = len(v.text) >= len(text) && string(v.text[len(v.text)-len(text):]) == text
		case opFold:
			rest, fits := foldPrefix(v.text, text)
			ok = fits && len(rest) == 0
		case opFoldPrefix:
			_, ok = foldPrefix(v.text, text)
		case opFoldSuffix:
			ok = foldSuffix(v.text, text)
		}
		if ok {
			return true
		}
	}
	return false
}

func (o *operator) within(n *number) bool {
	if !n.exact {
		return false
	}
	if o.low.set && (n.value < o.low.at || o.low.open && n.value == o.low.at) {
		return false
	}
	return !o.high.set || n.value < o.high.at || !o.high.open && n.value == o.high.at
}

// foldPrefix reports whether text begins with want in any case, and what is
// behind it. A letter of want stands for its lower and its upper case.
func foldPrefix(text []byte, want string) (rest []byte, ok bool) {
	for _, w := range want {
		r, n := utf8.DecodeRune(text)
		if n == 0 || !sameLetter(r, w) {
			return nil, false
		}
		text = text[n:]
	}
	return text, true
}

func foldSuffix(text []byte, want string) bool {
	for want != "" {
		w, wn := utf8.DecodeLastRuneInString(want)
		r, n := utf8.DecodeLastRune(text)
		if n == 0 || !sameLetter(r, w) {
			return false
		}
		want, text = want[:len(want)-wn], text[:len(text)-n]
	}
	return true
}

func sameLetter(r, want rune) bool {
	return r == want || r == unicode.ToLower(want) || r == unicode.ToUpper(want)
}

// glob is a pattern of wildcard: the texts between its stars.
type glob struct{ parts [][]byte }

var errStars = errors.New("two wildcard characters (*) follow one another")

// parseGlob reads a wildcard pattern: * is any run of characters, none too; \*
// and \\ are the characters themselves.
func parseGlob(text string) (glob, error) {
	var g glob
	var part []byte
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '*':
			if len(g.parts) > 0 && len(part) == 0 {
				return g, errStars
			}
			g.parts, part = append(g.parts, part), nil
		case '\\':
			if i++; i >= len(text) || text[i] != '*' && text[i] != '\\' {
				return g, fmt.Errorf(`a backslash stands before * or another backslash alone, found %q`, text[i-1:min(i+1, len(text))])
			}
			part = append(part, text[i])
		default:
			part = append(part, c)
		}
	}
	g.parts = append(g.parts, part)
	return g, nil
}

// match takes time linear in the text times the longest part, however many stars
// there are: the first place of a part leaves most room for the rest.
func (g *glob) match(text []byte) bool {
	last := len(g.parts) - 1
	if last == 0 {
		return bytes.Equal(text, g.parts[0])
	}
	if !bytes.HasPrefix(text, g.parts[0]) {
		return false
	}
	text = text[len(g.parts[0]):]
	for _, part := range g.parts[1:last] {
		i := bytes.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return bytes.HasSuffix(text, g.parts[last])
}

// longest is the longest text that every match of the glob holds.
func (g *glob) longest() string {
	var best []byte
	for _, part := range g.parts {
		if len(part) > len(best) {
			best = part
		}
	}
	return string(best)
}

// parseCIDR reads the operand of cidr. Bits behind the mask are ignored.
func parseCIDR(text string) (netip.Prefix, error) {
	if !strings.Contains(text, "/") {
		return netip.Prefix{}, errors.New("a / and the number of bits are missing, as in 192.0.2.0/24")
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is no block of addresses such as 192.0.2.0/24", text)
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return netip.Prefix{}, fmt.Errorf("%q is no block of IPv4 or of IPv6 addresses", text)
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), nil
}
