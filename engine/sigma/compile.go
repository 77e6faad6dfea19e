package sigma

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"logquarry/engine/schema"
	"logquarry/engine/sqltext"
)

// maxSQL bounds the condition of one rule over one source, in bytes.
const maxSQL = 1 << 20

// Compiled is a rule as conditions over the tables of the sources it is about.
type Compiled struct {
	Rule  *Rule
	Parts []*Part // at least one, in the order of the log source's mapping
	// Notes say what a reader of the findings should know: fields that a source
	// does not have.
	Notes []string
}

// Part is a rule over one source.
type Part struct {
	Source *schema.Source // its name is the table's
	// Where is an SQL condition over the columns of the table, without window. It
	// is true for the events the rule means, FALSE or NULL for others, and has no
	// parameters.
	Where string
	env   *Env
	exprs []expr // of the rule and its filters; all must hold
	// shared is Where as a scan of many rules asks it: with the event's text in the
	// columns wholeText and lowText.
	shared string
}

// The text of an event, and the same in lower case, in a scan of many rules.
const (
	wholeText = "sigma_text"
	lowText   = "sigma_low_text"
)

// Field finds a field by its name in rules: AWS's own, our column's, or that of
// Sigma's taxonomy.
func (p *Part) Field(name string) Field { return p.env.field(p.Source, name) }

// Compile makes conditions of a rule, for the sources of e. Its errors say that
// no source holds what the rule is about, or what of it cannot be said in SQL.
func (e *Env) Compile(r *Rule) (*Compiled, *Error) {
	sources := r.LogSource.sources(e.Sources)
	if len(sources) == 0 {
		return nil, &Error{Position: r.Position, Rule: r.Title, Msg: "no source holds " + r.LogSource.String()}
	}
	out := &Compiled{Rule: r}
	for _, s := range sources {
		p := &Part{Source: s, env: e, exprs: []expr{r.detection.expr}}
		for _, f := range r.filters {
			p.exprs = append(p.exprs, f.detection.expr)
		}
		c := compiler{part: p}
		p.Where = joined(c.conds(p.exprs), " AND ", "TRUE")
		p.shared = p.Where
		if c.texts {
			apart := compiler{part: p, apart: true}
			p.shared = joined(apart.conds(p.exprs), " AND ", "TRUE")
		}
		if c.err != nil {
			c.err.Rule = r.Title
			return nil, c.err
		}
		out.Parts = append(out.Parts, p)
		slices.Sort(c.unknown)
		for _, name := range slices.Compact(c.unknown) {
			note := fmt.Sprintf("%s has no field %s", s.Name, name)
			if f := p.Field(name); f.Hint != "" {
				note += ": " + f.Hint
			}
			out.Notes = append(out.Notes, note)
		}
	}
	return out, nil
}

// compiler makes SQL of conditions over one source.
type compiler struct {
	part    *Part
	apart   bool // the event's text stands in columns of its own
	texts   bool // out: it is asked for
	made    int
	unknown []string
	err     *Error
}

// cond is the SQL of x. It may be NULL where it is not true; only what stands
// inside a negation must tell FALSE from NULL, so that takes both for one.
func (c *compiler) cond(x expr) string {
	if c.err != nil {
		return "FALSE"
	}
	switch x := x.(type) {
	case *all:
		return joined(c.conds(x.kids), " AND ", "TRUE")
	case *any_:
		return joined(c.conds(x.kids), " OR ", "FALSE")
	case *not:
		return "(" + c.cond(x.kid) + ") IS NOT TRUE"
	case *atLeast:
		return counted(c.conds(x.kids), x.n)
	case *item:
		s := c.item(x)
		if c.made += len(s); c.made > maxSQL && c.err == nil {
			c.err = &Error{Position: x.Position, Msg: fmt.Sprintf("the rule makes more than %d KiB of SQL", maxSQL>>10)}
		}
		return s
	}
	panic(fmt.Sprintf("sigma: internal error: a condition of type %T", x))
}

func (c *compiler) conds(kids []expr) []string {
	out := make([]string, len(kids))
	for i, k := range kids {
		out[i] = c.cond(k)
	}
	return out
}

// counted is the SQL condition that n of conds hold.
func counted(conds []string, n int) string {
	cases := make([]string, len(conds))
	for i, s := range conds {
		cases[i] = "CASE WHEN " + s + " THEN 1 ELSE 0 END"
	}
	return strings.Join(cases, " + ") + " >= " + strconv.Itoa(n)
}

func (c *compiler) field(name string) Field {
	f := c.part.Field(name)
	if !f.Known {
		c.unknown = append(c.unknown, name)
	}
	return f
}

func (c *compiler) item(it *item) string {
	if it.field == "" {
		return c.keywords(it)
	}
	f := c.field(it.field)
	switch it.mode {
	case exists:
		return c.groups(it, func(group []operand) string {
			var parts []string
			for _, v := range group {
				s := f.present()
				if v.text == "false" {
					s = "(" + s + ") IS NOT TRUE"
				}
				parts = append(parts, s)
			}
			return joined(parts, " OR ", "FALSE")
		}, "TRUE")
	case fieldref:
		return c.groups(it, func(group []operand) string {
			var parts []string
			for _, v := range group {
				parts = append(parts, c.references(it, &f, v.text))
			}
			return joined(parts, " OR ", "FALSE")
		}, f.has(0))
	}
	return c.groups(it, func(group []operand) string { return it.valued(&f, group) }, f.has(0))
}

// groups joins the groups of an item's values: one must fit, or all; none, where
// the item says neq and the field has a value.
func (c *compiler) groups(it *item, cond func([]operand) string, has string) string {
	if !it.all {
		// What one group can say, one test can.
		s := cond(slices.Concat(it.groups...))
		if it.neq {
			return "(" + has + ") AND (" + s + ") IS NOT TRUE"
		}
		return s
	}
	var parts []string
	for _, g := range it.groups {
		parts = append(parts, cond(g))
	}
	return joined(parts, " AND ", "TRUE")
}

// valued is the SQL condition that the field has one of the values.
func (it *item) valued(f *Field, group []operand) string {
	null := slices.ContainsFunc(group, func(v operand) bool { return v.kind == Null && it.mode == matches })
	var parts []string
	if rest := slices.DeleteFunc(slices.Clone(group), func(v operand) bool { return v.kind == Null }); len(rest) > 0 {
		parts = append(parts, f.any(0, func(x string, r *read) string { return it.tests(x, r, rest) }))
	}
	if null {
		// An absent field, an explicit null and an empty array have no value.
		parts = append(parts, "("+f.has(0)+") IS NOT TRUE")
	}
	return joined(parts, " OR ", "FALSE")
}

// tests is the SQL condition that the text x, read by r, is one of the values.
func (it *item) tests(x string, r *read, values []operand) string {
	var parts, constants, numbers []string
	for _, v := range values {
		switch it.mode {
		case regex:
			parts = append(parts, "regexp_matches("+x+", "+sqltext.Literal(it.expression(v.text))+")")
		case cidr:
			parts = append(parts, "ip_in_cidr("+x+", "+sqltext.Literal(v.text)+")")
		case compares:
			parts = append(parts, it.compare(x, r, v.text))
		case matches:
			text, plain := v.pattern.plain()
			if v.kind == Number || v.kind == Bool {
				text, plain = v.text, true
			}
			n, isNumber := number(text)
			switch {
			case plain && r.number != "" && isNumber && (v.kind == Number || n == text):
				numbers = append(numbers, n)
			case plain && it.cased:
				constants = append(constants, sqltext.Literal(text))
			case plain:
				constants = append(constants, folded(text))
			default:
				parts = append(parts, v.pattern.match(x, it.cased))
				if r.object {
					// A string inside has its quotes and backslashes escaped.
					if p := v.pattern.escaped(); !slices.Equal(p, v.pattern) {
						parts = append(parts, "prefix("+x+", '{') AND ("+p.match(x, it.cased)+")")
					}
				}
			}
		}
	}
	in := func(subject string, list []string) {
		switch len(list) {
		case 0:
		case 1:
			parts = append(parts, subject+" = "+list[0])
		default:
			parts = append(parts, subject+" IN ("+strings.Join(list, ", ")+")")
		}
	}
	in(r.number, numbers)
	if !it.cased {
		x = "lower(" + x + ")"
	}
	in(x, constants)
	return joined(parts, " OR ", "FALSE")
}

// expression is a regular expression with its flags.
func (it *item) expression(text string) string {
	if it.behind != it.before {
		if it.behind {
			text = "^(?:" + text + ")"
		} else {
			text = "(?:" + text + ")$"
		}
	}
	if it.flags != "" {
		text = "(?" + it.flags + ")" + text
	}
	return text
}

// compare is the SQL condition that x, or the part of the time it is, compares
// with a number as the item says.
func (it *item) compare(x string, r *read, text string) string {
	n, _ := number(text)
	switch {
	case it.unit != "" && r.time != "":
		x = it.unit + "(" + r.time + ")"
	case it.unit != "":
		x = it.unit + "(TRY_CAST(" + x + " AS TIMESTAMP))"
	case r.number != "":
		x = r.number
	default:
		x = "TRY_CAST(" + x + " AS DOUBLE)"
	}
	return x + " " + it.op + " " + n
}

// references is the SQL condition that the field compares with another as the
// item says.
func (c *compiler) references(it *item, f *Field, name string) string {
	other := c.field(name)
	fold := func(x string) string {
		if it.cased {
			return x
		}
		return "lower(" + x + ")"
	}
	return f.any(0, func(x string, _ *read) string {
		return other.any(1, func(y string, _ *read) string {
			switch {
			case it.before && it.behind:
				return "contains(" + fold(x) + ", " + fold(y) + ")"
			case it.behind:
				return "prefix(" + fold(x) + ", " + fold(y) + ")"
			case it.before:
				return "suffix(" + fold(x) + ", " + fold(y) + ")"
			}
			return fold(x) + " = " + fold(y)
		})
	})
}

// keywords is the SQL condition that the event's text holds the item's values.
func (c *compiler) keywords(it *item) string {
	c.texts = true
	// Lowering the text once is what makes many keywords cheap.
	lowered := it.mode == matches && !it.cased
	whole := Field{reads: []read{{text: wholeText}}}
	switch {
	case c.apart && lowered:
		whole.reads[0].text = lowText
	case c.apart:
	case lowered:
		whole.reads[0] = read{list: "[lower(" + c.part.env.text(c.part.Source) + ")]"}
	default:
		whole.reads[0] = read{list: "[" + c.part.env.text(c.part.Source) + "]"}
	}
	wide := *it
	wide.groups = nil
	for _, group := range it.groups {
		var g []operand
		for _, v := range group {
			if it.mode == matches {
				p := v.pattern
				if v.kind != Text {
					p = pattern{{text: v.text}}
				}
				g = append(g, operand{kind: Text, pattern: p.affixed(true, true)})
				// Inside JSON quotes and backslashes are written with a backslash.
				escaped := p.escaped()
				if !slices.Equal(escaped, p) {
					g = append(g, operand{kind: Text, pattern: escaped.affixed(true, true)})
				}
				continue
			}
			g = append(g, v)
		}
		wide.groups = append(wide.groups, g)
	}
	if lowered && ascii(wide.groups) {
		wide.cased = true
		for _, g := range wide.groups {
			for i := range g {
				g[i].pattern = g[i].pattern.texts(strings.ToLower)
			}
		}
	}
	// One test over the text, which is put together once.
	return whole.any(0, func(x string, r *read) string {
		text := Field{reads: []read{{text: x, present: "TRUE"}}}
		return c.groups(&wide, func(group []operand) string { return wide.valued(&text, group) }, "TRUE")
	})
}

// ascii says whether Go and DuckDB lower the texts of the values alike.
func ascii(groups [][]operand) bool {
	for _, g := range groups {
		for _, v := range g {
			for _, x := range v.pattern {
				if strings.ContainsFunc(x.text, func(r rune) bool { return r >= utf8.RuneSelf }) {
					return false
				}
			}
		}
	}
	return true
}

// text is the SQL of the text of a whole event: the values of all its columns.
func (e *Env) text(s *schema.Source) string {
	return "concat_ws(chr(10), " + strings.Join(e.cells(s), ", ") + ")"
}

// cells are the SQL of the texts of all columns. A rare column that has no storage
// of its own stands in extra as it is.
func (e *Env) cells(s *schema.Source) []string {
	var cells []string
	stored, known := e.Stored[s.Name]
	for _, col := range s.AllColumns() {
		switch {
		case col.Name == "file_id" || col.Name == "record_no" || known && (col.Rare || col.Late) && !stored[col.Name]:
		case col.Type == schema.JSONText || col.Type == schema.Varchar:
			cells = append(cells, schema.Quote(col.Name))
		default:
			cells = append(cells, columnReads(col)[0].text)
		}
	}
	return cells
}
