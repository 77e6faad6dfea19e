// Package pattern is EventBridge's event patterns: it reads them, alone or in
// the rules of an account, and says which events they match.
//
// In: patterns as EventBridge takes them, and events as JSON or as the rows of a
// case (any [value.Querier]). Out: which patterns match, and of a case which
// rules would have fired, when, and what they would have reached. It leaves
// loading to load, drawing to render and files of results to custody.
//
// The language is that of the EventBridge User Guide, "Comparison operators for
// use in event patterns"; where the guide is silent, what EventBridge's own
// matcher does, which AWS has published as Event Ruler. Matching is exact: no
// sampling, no approximation.
package pattern

import (
	"fmt"
	"net/netip"
	"slices"
)

// Pattern is one event pattern. It is not changed once parsed and may be used
// by any number of goroutines.
type Pattern struct {
	// any are the ways to match: those that $or stands for, one where there is
	// no $or. All fields of a way must match.
	any [][]*field
}

// MaxCombinations is how many ways to match the $or of one pattern may make.
const MaxCombinations = 1000

// MaxText is the largest pattern that is read, in bytes. EventBridge's own limit
// is 4,096 characters at most.
const MaxText = 1 << 18

// A SyntaxError is a text that is no event pattern.
type SyntaxError struct {
	At   int // bytes from the start of the text
	What string
	Hint string // advice, or empty
}

func (e *SyntaxError) Error() string { return e.What }

// field is one leaf of a pattern: an event matches where a value at path passes
// any of what is in here.
type field struct {
	path string // steps joined by dots, as in a.b.c

	texts   map[string]bool // strings that are equal
	addrs   []netip.Addr    // those of texts that are addresses: they are equal in any spelling
	numbers []number
	null    bool
	yes, no bool // the literals true and false
	exists  bool // {"exists": true}
	absent  bool // {"exists": false}
	ops     []operator
}

// literal reports whether the field takes only strings that are equal, of which
// none is an address.
func (f *field) literal() bool {
	return len(f.texts) > 0 && len(f.addrs)+len(f.numbers)+len(f.ops) == 0 && !f.null && !f.yes && !f.no && !f.exists && !f.absent
}

// takes reports whether v passes.
func (f *field) takes(v *scalar) bool {
	if f.exists {
		return true
	}
	switch v.kind {
	case textKind:
		if f.texts[string(v.text)] || len(f.addrs) > 0 && slices.Contains(f.addrs, v.address()) {
			return true
		}
	case numberKind:
		n := v.number()
		for i := range f.numbers {
			if f.numbers[i].equal(n) {
				return true
			}
		}
	case nullKind:
		if f.null {
			return true
		}
	case trueKind:
		if f.yes {
			return true
		}
	case falseKind:
		if f.no {
			return true
		}
	}
	for i := range f.ops {
		if f.ops[i].takes(v) {
			return true
		}
	}
	return false
}

// kind is what a value in an event is. Objects and arrays are no values: what is
// in them is.
type kind uint8

const (
	nullKind kind = iota
	trueKind
	falseKind
	numberKind
	textKind
)

// scalar is a value in an event.
type scalar struct {
	kind kind
	text []byte // of a string without quotes and escapes, of a number as written
	at   int32  // the element of an array that it lies in: its place in Event.elements, 0 for none

	read bool // num is set
	num  number
	seen bool // addr is set
	addr netip.Addr
}

func (v *scalar) number() *number {
	if !v.read {
		v.num, v.read = parseNumber(string(v.text)), true
	}
	return &v.num
}

// address is the address the text is; the zero one where it is none.
func (v *scalar) address() netip.Addr {
	if !v.seen {
		v.addr, v.seen = parseAddress(string(v.text)), true
	}
	return v.addr
}

// parseAddress is the zero Addr where text is no IPv4 or IPv6 address. An IPv4
// address written as IPv6 is the IPv4 address.
func parseAddress(text string) netip.Addr {
	if len(text) > 45 { // the longest spelling of an address
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return netip.Addr{}
	}
	return a.Unmap()
}

// Fields are the paths the pattern names, sorted, each once.
func (p *Pattern) Fields() []string {
	var out []string
	for _, way := range p.any {
		for _, f := range way {
			out = append(out, f.path)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func fault(at int, hint, format string, args ...any) error {
	return &SyntaxError{At: at, What: fmt.Sprintf(format, args...), Hint: hint}
}
