package hunt

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"logquarry/engine/value"
)

// Next names a hunt to run after a finding, and what to hand on to it.
type Next struct {
	ID   string
	With []Given // by parameter
}

// Given is one parameter of the next hunt.
type Given struct {
	Param string
	// Column is the finding's column whose value is handed on; where it is
	// empty, Value is.
	Column, Value string
}

// String writes n as `id (param=column)`, a value of its own as `param='value'`.
func (n Next) String() string {
	if len(n.With) == 0 {
		return n.ID
	}
	var with []string
	for _, g := range n.With {
		if g.Column != "" {
			with = append(with, g.Param+"="+g.Column)
		} else {
			with = append(with, g.Param+"='"+g.Value+"'")
		}
	}
	return n.ID + " (" + strings.Join(with, ", ") + ")"
}

// parseNext reads what is handed on: a word is a column, a number, a truth
// value or a text that begins with = a value of its own.
func parseNext(id string, with map[string]any) (Next, error) {
	n := Next{ID: id}
	for _, param := range slices.Sorted(maps.Keys(with)) {
		g := Given{Param: param}
		text, err := scalarText(with[param])
		if err != nil {
			return n, fmt.Errorf("parameter %s: %w", param, err)
		}
		_, word := with[param].(string)
		literal, marked := strings.CutPrefix(text, "=")
		switch {
		case marked:
			g.Value = literal
		case !word:
			g.Value = text
		case namePattern.MatchString(text):
			g.Column = text
		default:
			return n, fmt.Errorf("parameter %s: %q is no column; a value of its own begins with =", param, text)
		}
		n.With = append(n.With, g)
	}
	return n, nil
}

// checkNext compares what h names as next with the hunts there are. Which
// columns a hunt has is known only once it ran: see [Hunt.CheckColumns].
func (l *Library) checkNext(h *Hunt) error {
	fail := func(hint, format string, args ...any) error {
		lead, front, _ := strings.Cut(h.SQL, frontOpen)
		return &Error{File: h.File, Line: 1 + strings.Count(lead, "\n") + lineOf(front, "next"), Msg: fmt.Sprintf(format, args...), Hint: hint}
	}
	for _, n := range h.Next {
		to, ok := l.Hunt(n.ID)
		if !ok {
			var ids []string
			for _, o := range l.hunts {
				ids = append(ids, o.ID)
			}
			return fail(hintNearest(n.ID, ids), "next %s: there is no such hunt", n.ID)
		}
		if n.ID == h.ID {
			return fail("", "next %s: that is the hunt itself", n.ID)
		}
		for _, g := range n.With {
			p, ok := to.Param(g.Param)
			if !ok {
				var known []string
				for _, p := range to.Params {
					known = append(known, p.Name)
				}
				return fail(hintNearest(g.Param, known), "next %s: it has no parameter %s", n.ID, g.Param)
			}
			if g.Column != "" {
				continue
			}
			if _, err := convert(p.Type, g.Value); err != nil {
				return fail("", "next %s: parameter %s: %v", n.ID, g.Param, err)
			}
		}
	}
	return nil
}

// CheckColumns says whether a result with these columns has all that the hunts
// named as next are given from it.
func (h *Hunt) CheckColumns(columns []value.Column) error {
	var known []string
	for _, c := range columns {
		known = append(known, c.Name)
	}
	for _, n := range h.Next {
		for _, g := range n.With {
			if g.Column != "" && !slices.Contains(known, g.Column) {
				return &Error{File: h.File, Msg: fmt.Sprintf("next %s: the findings have no column %s", n.ID, g.Column), Hint: hintNearest(g.Column, known)}
			}
		}
	}
	return nil
}

// Step is a hunt to run next with the values a finding gives it.
type Step struct {
	ID     string
	Params []Given // each with its Value
}

// Args are the step as arguments of quarry. They come from logs: whoever shows
// them as a command line quotes them.
func (s Step) Args() []string {
	args := []string{"hunt", s.ID}
	for _, g := range s.Params {
		args = append(args, "-p", g.Param+"="+g.Value)
	}
	return args
}

// Steps are what to run after findings of h, one for each of h.Next: with the
// values of the first of rows that has all it needs, left out where none has.
// usable, where not nil, says whether a value can be handed on.
func (h *Hunt) Steps(columns []value.Column, rows [][]any, usable func(string) bool) []Step {
	at := map[string]int{}
	for i, c := range slices.Backward(columns) {
		at[c.Name] = i
	}
	var out []Step
	for _, n := range h.Next {
		for _, row := range rows {
			if s, ok := n.step(at, row, usable); ok {
				out = append(out, s)
				break
			}
		}
	}
	return out
}

func (n Next) step(at map[string]int, row []any, usable func(string) bool) (Step, bool) {
	s := Step{ID: n.ID}
	for _, g := range n.With {
		if g.Column != "" {
			i, ok := at[g.Column]
			if !ok || i >= len(row) {
				return s, false
			}
			if g.Value, ok = paramText(row[i]); !ok || usable != nil && !usable(g.Value) {
				return s, false
			}
		}
		s.Params = append(s.Params, g)
	}
	return s, true
}

// paramText is a cell as the text of a parameter; false for NULL, empty text and
// what no parameter takes.
func paramText(cell any) (string, bool) {
	switch v := cell.(type) {
	case string:
		return v, v != ""
	case int64:
		return strconv.FormatInt(v, 10), true
	case uint64:
		return strconv.FormatUint(v, 10), true
	case value.Number:
		return string(v), true
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), true
	case bool:
		return strconv.FormatBool(v), true
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano), true
	}
	return "", false
}
