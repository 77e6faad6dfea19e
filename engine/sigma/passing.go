package sigma

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"logquarry/engine/schema"
	"logquarry/engine/sqltext"
)

// asksText says whether the rule searches whole events.
func (p *Part) asksText() bool { return p.shared != p.Where }

// passing is from without the events that no rule of the batch can pass, and with
// the text of events where rules search that. wide are the rules that are tried on
// every event; grouped says that from has others, by sigma_group. One look for all
// words of all rules at each column is cheap, for most columns take few values;
// what it leaves is tried on rule after rule.
func (b *batch) passing(i int, s *schema.Source, from string, wide []*step, grouped bool) string {
	env := b.steps[0].parts[i].env
	texts := ""
	if b.steps[0].parts[i].asksText() {
		text := env.text(s)
		texts = ", " + text + " AS " + wholeText + ", lower(" + text + ") AS " + lowText
	}
	words := map[string][]string{} // by column
	var conds []string
	if grouped {
		conds = append(conds, "sigma_group IS NOT NULL")
	}
	for _, st := range wide {
		c := compiler{part: st.parts[i]}
		needs, ok := c.needed(&all{kids: st.parts[i].exprs})
		if !ok {
			if st.parts[i].asksText() {
				// Its condition needs the text that only the events left have.
				return "(SELECT *" + texts + " FROM " + from + ")"
			}
			conds = append(conds, st.parts[i].Where)
			continue
		}
		for _, n := range needs {
			columns := []string{n.column}
			if n.column == "" {
				columns = env.cells(s)
			}
			for _, col := range columns {
				words[col] = append(words[col], n.word)
			}
		}
	}
	for _, col := range slices.Sorted(maps.Keys(words)) {
		list := words[col]
		slices.Sort(list)
		list = slices.Compact(list)
		for k, w := range list {
			list[k] = regexp.QuoteMeta(w)
		}
		conds = append(conds, fmt.Sprintf("regexp_matches(lower(%s), %s)", col, sqltext.Literal(strings.Join(list, "|"))))
	}
	return "(SELECT *" + texts + " FROM " + from + "\n  WHERE " + joined(conds, " OR ", "FALSE") + ")"
}

// need is a word, in lower case, that stands in a column of each event that passes.
type need struct {
	column string // SQL of a VARCHAR; empty: any column of the event
	word   string
}

// needed are needs of which one is met by each event that x holds for; not ok: an
// event may pass without.
func (c *compiler) needed(x expr) (needs []need, ok bool) {
	union := func(kids []expr) (out []need, ok bool) {
		for _, k := range kids {
			needs, ok := c.needed(k)
			if !ok {
				return nil, false
			}
			out = append(out, needs...)
		}
		return out, len(kids) > 0
	}
	switch x := x.(type) {
	case *all:
		for _, k := range x.kids {
			if needs, ok := c.needed(k); ok {
				return needs, true
			}
		}
	case *any_:
		return union(x.kids)
	case *atLeast:
		if x.n > 0 {
			return union(x.kids)
		}
	case *item:
		column := ""
		if x.field != "" {
			f := c.part.Field(x.field)
			if len(f.reads) != 1 || f.reads[0].list != "" || f.reads[0].cond != "" || f.reads[0].number != "" || f.reads[0].time != "" {
				return nil, false
			}
			column = f.reads[0].text
		}
		if x.mode != matches || x.neq {
			return nil, false
		}
		for _, group := range x.groups {
			for _, v := range group {
				word := v.word()
				if word == "" {
					return nil, false
				}
				needs = append(needs, need{column, word})
			}
		}
		return needs, len(needs) > 0
	}
	return nil, false
}

// word is the longest piece of a value that stands in a column as it is, if the
// value does: without wildcards, without what JSON escapes, and without the end of
// a line, at which the columns of a text meet. Empty: there is none, or it is one
// that Go and DuckDB may lower differently.
func (v operand) word() string {
	p := v.pattern
	switch v.kind {
	case Null:
		return ""
	case Number, Bool:
		p = pattern{{text: v.text}}
	}
	best := ""
	for _, x := range p {
		if x.wild != 0 {
			continue
		}
		for _, piece := range strings.FieldsFunc(x.text, func(r rune) bool { return r == '"' || r == '\\' || r < ' ' || r >= utf8.RuneSelf }) {
			if len(piece) > len(best) {
				best = strings.ToLower(piece)
			}
		}
	}
	return best
}
