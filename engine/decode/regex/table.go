package regex

import (
	"regexp/syntax"
	"slices"
	"unicode"
	"unicode/utf8"
)

// table matches what a regular expression fits, where it begins at the text's
// beginning and the next character always tells how it goes on: one look into a
// table a character, and no way is ever tried twice. That is several times
// faster than the regexp package, which can do the same for such expressions.
type table struct {
	class   [256]uint8 // of bytes that no state tells apart; those of no ASCII are one
	classes int
	// steps holds, by state and class, the next state in the low half, 0 where
	// the text does not fit, and what it notes before the character in the high.
	steps []uint32
	notes [][]uint32 // lists of capture slots whose place is here; the first is empty
	ends  []int      // by state: what it notes where the text ends; -1: it must not
	early bool       // a text may fit before its end: that it does is all there is to know
	none  []int      // the places of all slots where none is noted
}

// fits is the state of a text that fits whatever comes, where that is early.
const fits = 1

// maxStates bounds the memory of a table; expressions of log lines have some 100.
const maxStates = 4096

// newTable is the table of prog, nil where there can be none.
func newTable(prog *syntax.Prog) *table {
	t := &table{notes: [][]uint32{nil}, none: slices.Repeat([]int{-1}, max(2, prog.NumCap)), ends: []int{-1, 0}}
	if len(prog.Inst) > maxStates {
		return nil
	}
	// By state: the steps over each of 128 characters and over all others.
	const other = 128
	rows := [][other + 1]uint32{{}, {}}
	for c := range rows[fits] {
		rows[fits][c] = fits
	}
	states := map[uint32]uint32{}
	var begins []uint32 // the instruction a state begins at
	state := func(pc uint32) uint32 {
		if states[pc] == 0 {
			states[pc] = uint32(len(states) + 2)
			begins = append(begins, pc)
		}
		return states[pc]
	}
	state(uint32(prog.Start))
	for k := 0; k < len(begins); k++ {
		w := ways{prog: prog, seen: map[uint32]bool{}, end: -1, anchored: k > 0}
		if !w.from(begins[k], nil, k > 0, false) {
			return nil
		}
		var row [other + 1]uint32
		if w.early {
			t.early = true
			row, w.steps, w.end, w.endNotes = rows[fits], nil, 0, nil
		}
		for _, s := range w.steps {
			wide, ok := beyondASCII(s.inst)
			if !ok {
				return nil
			}
			step := state(s.inst.Out) | t.note(s.notes)<<16
			for c := range row {
				if c < other && !s.inst.MatchRune(rune(c)) || c == other && !wide {
					continue
				}
				if row[c] != 0 && row[c] != step {
					return nil // two ways to go on
				}
				row[c] = step
			}
		}
		rows = append(rows, row)
		end := -1
		if w.end >= 0 {
			end = int(t.note(w.endNotes))
		}
		t.ends = append(t.ends, end)
	}
	if len(rows) > maxStates || len(t.notes) > maxStates {
		return nil
	}
	// Characters with the same steps everywhere are one class.
	known := map[string]uint8{}
	for c := 0; c <= other; c++ {
		var column []byte
		for _, row := range rows {
			column = append(column, byte(row[c]), byte(row[c]>>8), byte(row[c]>>16), byte(row[c]>>24))
		}
		if _, ok := known[string(column)]; !ok {
			known[string(column)] = uint8(len(known))
		}
		t.class[c] = known[string(column)]
	}
	for c := other; c < 256; c++ {
		t.class[c] = t.class[other]
	}
	t.classes = len(known)
	t.steps = make([]uint32, len(rows)*t.classes)
	for k, row := range rows {
		for c, step := range row {
			t.steps[k*t.classes+int(t.class[c])] = step
		}
	}
	return t
}

// note is the number of a list of slots.
func (t *table) note(slots []uint32) uint32 {
	for k, have := range t.notes {
		if slices.Equal(have, slots) {
			return uint32(k)
		}
	}
	t.notes = append(t.notes, slots)
	return uint32(len(t.notes) - 1)
}

// start is the state at the beginning of a text.
const start = 2

// match reports whether text fits. Where at is not nil, which must not be where
// it may fit early, it becomes what [regexp.Regexp.FindSubmatchIndex] gives.
func (t *table) match(text []byte, at []int) bool {
	state := uint32(start)
	for i := 0; i < len(text); {
		c := text[i]
		step := t.steps[int(state)*t.classes+int(t.class[c])]
		if step <= fits {
			return step == fits
		}
		if step>>16 != 0 && at != nil {
			for _, slot := range t.notes[step>>16] {
				at[slot] = i
			}
		}
		state = step & 0xffff
		if c < utf8.RuneSelf {
			i++
		} else {
			_, size := utf8.DecodeRune(text[i:])
			i += size
		}
	}
	end := t.ends[state]
	if end < 0 {
		return false
	}
	if at != nil {
		for _, slot := range t.notes[end] {
			at[slot] = len(text)
		}
		at[0], at[1] = 0, len(text)
	}
	return true
}

// ways are the ways a program can go from one place in a text.
type ways struct {
	prog     *syntax.Prog
	seen     map[uint32]bool
	steps    []step
	end      int // 0: the text may end here, -1: not
	endNotes []uint32
	early    bool // it fits, whatever comes
	anchored bool // the place is not the beginning
}

// step is a way over a character.
type step struct {
	inst  *syntax.Inst
	notes []uint32
}

// from goes on from pc, in the order of preference. begun says that the way has
// passed the anchor at the beginning, ended the one at the end. It reports false
// where no table can say what the program does.
func (w *ways) from(pc uint32, notes []uint32, begun, ended bool) bool {
	i := &w.prog.Inst[pc]
	if i.Op != syntax.InstMatch {
		if w.seen[pc] {
			return true
		}
		w.seen[pc] = true
	}
	switch i.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		return w.from(i.Out, notes, begun, ended) && w.from(i.Arg, notes, begun, ended)
	case syntax.InstCapture:
		return w.from(i.Out, append(slices.Clip(notes), i.Arg), begun, ended)
	case syntax.InstNop:
		return w.from(i.Out, notes, begun, ended)
	case syntax.InstEmptyWidth:
		switch syntax.EmptyOp(i.Arg) {
		case syntax.EmptyBeginText:
			return w.anchored || w.from(i.Out, notes, true, ended)
		case syntax.EmptyEndText:
			// Anything else behind the end is more than a line's expression needs.
			return w.prog.Inst[i.Out].Op == syntax.InstMatch && w.from(i.Out, notes, begun, true)
		}
		return false
	case syntax.InstMatch:
		switch {
		case !begun:
			return false
		case !ended:
			w.early = true
		case w.end < 0:
			w.end, w.endNotes = 0, notes
		}
		return true
	case syntax.InstFail:
		return true
	default:
		w.steps = append(w.steps, step{i, notes})
		return begun
	}
}

// beyondASCII reports whether i takes all characters that are no ASCII; ok is
// false where it takes some of them.
func beyondASCII(i *syntax.Inst) (all, ok bool) {
	switch {
	case i.Op == syntax.InstRuneAny || i.Op == syntax.InstRuneAnyNotNL:
		return true, true
	case len(i.Rune) == 1:
		if syntax.Flags(i.Arg)&syntax.FoldCase != 0 {
			for r := unicode.SimpleFold(i.Rune[0]); r != i.Rune[0]; r = unicode.SimpleFold(r) {
				if r >= utf8.RuneSelf {
					return false, false
				}
			}
		}
		return false, i.Rune[0] < utf8.RuneSelf
	case len(i.Rune) == 0:
		return false, true
	}
	low, high := i.Rune[len(i.Rune)-2], i.Rune[len(i.Rune)-1]
	return high == unicode.MaxRune, high < utf8.RuneSelf || low <= utf8.RuneSelf && high == unicode.MaxRune
}
