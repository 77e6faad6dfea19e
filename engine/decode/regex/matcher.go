package regex

import (
	"bytes"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"sync"
)

// Matcher is a regular expression that is asked about many texts, most of which
// it does not fit: how they begin tells that of an anchored one without running it.
type Matcher struct {
	*regexp.Regexp
	// begin are the bytes that may stand at the first places of such a text; none
	// where it need not begin there.
	begin [][256]bool
	holds [][]byte // of which one stands somewhere in every such text; none: any text may do
	// table is made when it is first asked for: most expressions never are, where
	// a case has logs of few kinds. Its result is nil where only the expression
	// itself can tell.
	table func() *table
}

// looked is how many places are known at most. Most formats that begin alike, as
// with a number, differ within a few.
const looked = 8

// NewMatcher compiles expr.
func NewMatcher(expr string) (*Matcher, error) {
	re, err := regexp.Compile(expr)
	if err != nil {
		return nil, fmt.Errorf("regular expression: %w", err)
	}
	m := &Matcher{Regexp: re, table: func() *table { return nil }}
	if tree, err := syntax.Parse(expr, syntax.Perl); err == nil {
		for _, text := range literals(tree) {
			m.holds = append(m.holds, []byte(text))
		}
		if prog, err := syntax.Compile(tree.Simplify()); err == nil {
			m.begin = beginnings(prog)
			m.table = sync.OnceValue(func() *table { return newTable(prog) })
		}
	}
	return m, nil
}

// Starts reports whether a text that begins with c may fit.
func (m *Matcher) Starts(c byte) bool { return len(m.begin) == 0 || m.begin[0][c] }

// Begins reports whether text begins like one that fits. It may be wrong with
// true, never with false.
func (m *Matcher) Begins(text []byte) bool {
	if len(text) < len(m.begin) {
		return false
	}
	for i := range m.begin {
		if !m.begin[i][text[i]] {
			return false
		}
	}
	return true
}

// may is Begins with a look at the rest of the text.
func (m *Matcher) may(text []byte) bool {
	return m.Begins(text) && (len(m.holds) == 0 || slices.ContainsFunc(m.holds, func(part []byte) bool { return bytes.Contains(text, part) }))
}

// Match reports whether text fits.
func (m *Matcher) Match(text []byte) bool {
	if !m.may(text) {
		return false
	}
	if t := m.table(); t != nil {
		return t.match(text, nil)
	}
	return m.Regexp.Match(text)
}

// Submatches is [regexp.Regexp.FindSubmatchIndex]. What it returns may lie in at,
// whose capacity is room for it.
func (m *Matcher) Submatches(text []byte, at []int) []int {
	if !m.may(text) {
		return nil
	}
	t := m.table()
	if t == nil || t.early {
		return m.Regexp.FindSubmatchIndex(text)
	}
	at = append(at[:0], t.none...)
	if !t.match(text, at) {
		return nil
	}
	return at
}

// literals are texts of which one stands in every text that tree fits; nil where
// there are none, or too many to look for.
func literals(tree *syntax.Regexp) []string {
	const most = 8
	switch tree.Op {
	case syntax.OpLiteral:
		if tree.Flags&syntax.FoldCase == 0 {
			return []string{string(tree.Rune)}
		}
	case syntax.OpCapture, syntax.OpPlus:
		return literals(tree.Sub[0])
	case syntax.OpConcat:
		var best []string
		for _, sub := range tree.Sub {
			if texts := literals(sub); shortest(texts) > shortest(best) {
				best = texts
			}
		}
		return best
	case syntax.OpAlternate:
		var all []string
		for _, sub := range tree.Sub {
			texts := literals(sub)
			if texts == nil {
				return nil
			}
			for _, text := range texts {
				if !slices.Contains(all, text) {
					all = append(all, text)
				}
			}
		}
		if len(all) <= most {
			return all
		}
	}
	return nil
}

// shortest is the length of the shortest of texts; 0 of none.
func shortest(texts []string) int {
	n := 0
	for i, text := range texts {
		if i == 0 || len(text) < n {
			n = len(text)
		}
	}
	return n
}

// beginnings are the bytes that may stand at the first places of a text that
// prog fits, as many places as each such text has.
func beginnings(prog *syntax.Prog) (sets [][256]bool) {
	w := walk{prog: prog}
	w.to(uint32(prog.Start), false)
	for len(sets) < looked && !w.ends {
		var set [256]bool
		here := w.at
		w.at, w.seen = nil, nil
		for _, pc := range here {
			i := &prog.Inst[pc]
			if wide := bytesOf(i, &set); wide {
				// Of a rune of several bytes any number may have come.
				w.at = append(w.at, pc)
			}
			w.to(i.Out, true)
		}
		sets = append(sets, set)
	}
	return sets
}

// walk follows a program from byte to byte, over all its ways at once.
type walk struct {
	prog *syntax.Prog
	at   []uint32        // instructions that take the next byte
	seen map[uint64]bool // instructions gone through, and whether within the text
	ends bool            // a text may end here, or need not have begun
}

// to goes on to what takes a byte from pc on. within says that the place is
// behind the anchor.
func (w *walk) to(pc uint32, within bool) {
	mark := uint64(pc) << 1
	if within {
		mark |= 1
	}
	if w.seen[mark] {
		return
	}
	if w.seen == nil {
		w.seen = map[uint64]bool{}
	}
	w.seen[mark] = true
	switch i := &w.prog.Inst[pc]; i.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		w.to(i.Out, within)
		w.to(i.Arg, within)
	case syntax.InstEmptyWidth:
		w.to(i.Out, within || syntax.EmptyOp(i.Arg)&syntax.EmptyBeginText != 0)
	case syntax.InstCapture, syntax.InstNop:
		w.to(i.Out, within)
	case syntax.InstMatch:
		w.ends = true
	case syntax.InstFail:
	default:
		w.ends = w.ends || !within
		w.at = append(w.at, pc)
	}
}

// bytesOf adds the bytes that a rune which i takes may begin or go on with, and
// reports whether one may have several.
func bytesOf(i *syntax.Inst, set *[256]bool) (wide bool) {
	for c := range rune(0x80) {
		set[c] = set[c] || i.MatchRune(c)
	}
	wide = i.Op == syntax.InstRuneAny || i.Op == syntax.InstRuneAnyNotNL || len(i.Rune) == 0 || i.Rune[len(i.Rune)-1] >= 0x80 || syntax.Flags(i.Arg)&syntax.FoldCase != 0
	if wide {
		for c := 0x80; c < 0x100; c++ {
			set[c] = true
		}
	}
	return wide
}
