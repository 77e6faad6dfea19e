package regex

import (
	"bytes"
	"fmt"
	"regexp"
	"regexp/syntax"
)

// Matcher is a regular expression that is asked about many texts, most of which
// it does not fit: how they begin tells that of an anchored one without running it.
type Matcher struct {
	*regexp.Regexp
	prefix []byte     // what every text it fits begins with
	first  *[256]bool // the bytes that such a text begins with; nil: any, or none at all
}

// NewMatcher compiles expr.
func NewMatcher(expr string) (*Matcher, error) {
	re, err := regexp.Compile(expr)
	if err != nil {
		return nil, fmt.Errorf("regular expression: %w", err)
	}
	m := &Matcher{Regexp: re, first: firstBytes(expr)}
	// LiteralPrefix sees what an expression begins with only without the anchor.
	if m.first != nil && expr[0] == '^' {
		if free, err := regexp.Compile(expr[1:]); err == nil {
			prefix, _ := free.LiteralPrefix()
			m.prefix = []byte(prefix)
		}
	}
	return m, nil
}

// Begins reports whether text begins like one that fits. It may be wrong with
// true, never with false.
func (m *Matcher) Begins(text []byte) bool {
	return m.first == nil || len(text) > 0 && m.first[text[0]] && bytes.HasPrefix(text, m.prefix)
}

// Match reports whether text fits.
func (m *Matcher) Match(text []byte) bool { return m.Begins(text) && m.Regexp.Match(text) }

// FindSubmatchIndex is that of [regexp.Regexp].
func (m *Matcher) FindSubmatchIndex(text []byte) []int {
	if !m.Begins(text) {
		return nil
	}
	return m.Regexp.FindSubmatchIndex(text)
}

// firstBytes are the bytes that a text which expr fits can begin with; nil where
// it need not begin the text, or fits an empty one.
func firstBytes(expr string) *[256]bool {
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil
	}
	// A state is an instruction, and whether the text is known to begin there.
	type state struct {
		pc     uint32
		begins bool
	}
	var first [256]bool
	seen := map[state]bool{}
	any := false
	var walk func(s state)
	walk = func(s state) {
		if seen[s] {
			return
		}
		seen[s] = true
		switch i := &prog.Inst[s.pc]; i.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			walk(state{i.Out, s.begins})
			walk(state{i.Arg, s.begins})
		case syntax.InstEmptyWidth:
			walk(state{i.Out, s.begins || syntax.EmptyOp(i.Arg)&syntax.EmptyBeginText != 0})
		case syntax.InstCapture, syntax.InstNop:
			walk(state{i.Out, s.begins})
		case syntax.InstMatch:
			any = true
		case syntax.InstFail:
		default:
			any = any || !s.begins
			for c := range rune(0x80) {
				first[c] = first[c] || i.MatchRune(c)
			}
			for c := 0x80; c < 0x100; c++ {
				first[c] = true // of a rune of several bytes, or of none
			}
		}
	}
	walk(state{pc: uint32(prog.Start)})
	if any {
		return nil
	}
	return &first
}
