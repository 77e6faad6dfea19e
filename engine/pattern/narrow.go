package pattern

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"logquarry/engine/schema"
)

// A scan reads only the rows that may match: what patterns ask for is turned
// into a condition on columns. The condition may let rows through that do not
// match, which the matcher then drops; it must never keep one out that does. So
// where it is not plain what a column says of a field, there is no condition.

// condition is a condition in SQL: that one of its terms is so. Terms are kept
// apart so that what many patterns ask for is asked once.
type condition struct {
	always bool // whatever the terms
	terms  []string
}

var (
	always = condition{always: true}
	never  = condition{}
)

func term(sql string) condition { return condition{terms: []string{sql}} }

// never reports whether no row can be so.
func (c condition) never() bool { return !c.always && len(c.terms) == 0 }

// sql is the condition as SQL.
func (c condition) sql() string {
	switch {
	case c.always:
		return "TRUE"
	case c.never():
		return "FALSE"
	case len(c.terms) == 1:
		return c.terms[0]
	}
	return "(" + strings.Join(c.terms, " OR ") + ")"
}

// query is a condition being made: texts are bound, not written into it.
type query struct {
	feed    *feed
	columns []column
	params  map[string]any
	names   map[string]string // of the parameters, by text
}

func newQuery(f *feed, columns []column) *query {
	return &query{feed: f, columns: columns, params: make(map[string]any), names: make(map[string]string)}
}

// bind is the parameter that stands for text.
func (q *query) bind(text string) string {
	name, ok := q.names[text]
	if !ok {
		name = fmt.Sprintf("p%d", len(q.names))
		q.names[text], q.params[name] = name, text
	}
	return "$" + name
}

// moment binds a time to a parameter of that name.
func (q *query) moment(name string, t time.Time) string {
	q.params[name] = t
	return "$" + name
}

func (q *query) in(column string, texts []string) condition {
	if len(texts) == 0 {
		return never
	}
	var list []string
	for _, t := range texts {
		list = append(list, q.bind(t))
	}
	return term(column + " IN (" + strings.Join(list, ", ") + ")")
}

func (q *query) call(function, column, text string) condition {
	return term(function + "(" + column + ", " + q.bind(text) + ")")
}

// or is that one of several is so.
func or(all ...condition) condition {
	out := condition{}
	seen := make(map[string]bool)
	for _, c := range all {
		if c.always {
			return always
		}
		for _, t := range c.terms {
			if !seen[t] {
				seen[t] = true
				out.terms = append(out.terms, t)
			}
		}
	}
	return out
}

// and is that all are so.
func and(all ...condition) condition {
	var parts []string
	for _, c := range all {
		if c.never() {
			return never
		}
		if sql := c.sql(); !c.always && !slices.Contains(parts, sql) {
			parts = append(parts, sql)
		}
	}
	switch len(parts) {
	case 0:
		return always
	case 1:
		return term(parts[0])
	}
	return term("(" + strings.Join(parts, " AND ") + ")")
}

const (
	// mostWays is how many ways to match are written out; of more, only what
	// each says of a field that all of them ask for.
	mostWays = 24
	// mostTerms is how much of that.
	mostTerms = 200
)

// narrow is the condition for rows that one of the patterns may match.
func (q *query) narrow(patterns []*Pattern) condition {
	var ways []map[string]condition
	var whole []condition
	for _, p := range patterns {
		for _, way := range p.any {
			parts := make(map[string]condition)
			var all []condition
			for _, f := range way {
				c := q.field(f)
				parts[f.path] = c
				all = append(all, c)
			}
			if c := and(all...); !c.never() {
				ways, whole = append(ways, parts), append(whole, c)
			}
		}
	}
	if len(ways) == 0 {
		return never
	}
	if len(ways) <= mostWays {
		return or(whole...)
	}
	var all []condition
	for _, path := range slices.Sorted(maps.Keys(ways[0])) {
		var alternatives []condition
		for _, w := range ways {
			c, asked := w[path]
			if !asked {
				c = always
			}
			alternatives = append(alternatives, c)
		}
		if c := or(alternatives...); len(c.terms) <= mostTerms {
			all = append(all, c)
		}
	}
	return and(all...)
}

// field is the condition for rows of which the field may match.
func (q *query) field(f *field) condition {
	if q.feed.envelope != nil && f.path != q.feed.below && !strings.HasPrefix(f.path, q.feed.below+".") {
		return q.envelope(f)
	}
	if f.absent || f.null || !f.bindable() {
		return always
	}
	for i := range q.columns {
		c := &q.columns[i]
		if f.path != c.path && (c.typ != schema.JSONText || !strings.HasPrefix(f.path, c.path+".")) {
			continue
		}
		if !c.stored {
			return always
		}
		return or(q.column(f, c), q.extra(c.path))
	}
	return term("extra IS NOT NULL")
}

// bindable reports whether the field's texts can be parameters, which end at a NUL.
func (f *field) bindable() bool {
	for t := range f.texts {
		if strings.Contains(t, "\x00") {
			return false
		}
	}
	for i := range f.ops {
		if strings.Contains(strings.Join(f.ops[i].texts, ""), "\x00") {
			return false
		}
	}
	return true
}

// fixed is whether the field takes one of texts.
func (f *field) fixed(texts ...string) condition {
	for _, t := range texts {
		if f.takes(&scalar{kind: textKind, text: []byte(t)}) {
			return always
		}
	}
	return never
}

// envelope is the condition on a field of the envelope.
func (q *query) envelope(f *field) condition {
	switch {
	case f.path == "version":
		return f.fixed("0")
	case f.path == "source" && q.feed.sourceIs != nil:
		return f.fixed(q.feed.sourceIs...)
	case f.path == "detail-type" && q.feed.detailIs != nil:
		return f.fixed(q.feed.detailIs...)
	case q.feed.narrow != nil:
		return q.feed.narrow(q, f)
	}
	return always
}

func narrowCloudTrail(q *query, f *field) condition {
	if !f.literal() || !f.bindable() {
		return always
	}
	var list []string
	switch f.path {
	case "source":
		for t := range f.texts {
			if name, ok := strings.CutPrefix(t, "aws."); ok {
				list = append(list, name)
				for _, suffix := range hostSuffixes {
					list = append(list, name+suffix)
				}
			}
		}
		slices.Sort(list)
		return q.in("event_source", list)
	case "detail-type":
		untold := never
		for kind, t := range detailTypes {
			if !f.texts[t] && (t != signIn || !f.texts[guideSignIn]) {
				continue
			}
			if list = append(list, kind); kind == "" {
				untold = term("event_type IS NULL")
			}
		}
		slices.Sort(list)
		return or(q.in("event_type", list), untold)
	case "region":
		for t := range f.texts {
			list = append(list, t)
		}
		slices.Sort(list)
		return q.in("aws_region", list)
	case "resources":
		return never // CloudTrail's events have none
	}
	return always
}

// extra is the condition that extra may hold a value of the column at path: one
// that did not fit, or whose key stands twice. There the names are dotted paths.
func (q *query) extra(path string) condition {
	if q.feed.below != "" {
		path = strings.TrimPrefix(path, q.feed.below+".")
	}
	all := []condition{q.call("contains", "extra", `"`+path)}
	for i, r := range path {
		if r == '.' {
			all = append(all, q.call("contains", "extra", `"`+path[:i]+`"`))
		}
	}
	return or(all...)
}

// column is the condition that the value in the column may match.
func (q *query) column(f *field, c *column) condition {
	name := schema.Quote(c.name)
	there := term(name + " IS NOT NULL")
	switch {
	case c.typ == schema.Boolean && !c.text && !f.exists && len(f.ops) == 0:
		is := never
		if f.yes {
			is = term(name)
		}
		if f.no {
			is = or(is, term("NOT "+name))
		}
		return is
	case c.typ != schema.Varchar && c.typ != schema.JSONText, f.exists:
		return there
	}
	// An IPv4 address written as IPv6 has ffff in it.
	mapped := term("contains(lower(" + name + "), 'ffff:')")
	// In a document a string stands between quotes, unless something in it is
	// written as an escape.
	before, after, document := "", "", c.typ == schema.JSONText
	if document {
		before, after = `"`, `"`
		if len(f.numbers) > 0 || f.yes || f.no {
			return there
		}
	}
	var all []condition
	equal := func(texts []string) {
		if !document {
			all = append(all, q.in(name, texts))
			return
		}
		for _, t := range texts {
			all = append(all, q.call("contains", name, before+t+after))
		}
	}
	var texts []string
	for t := range f.texts {
		texts = append(texts, t)
	}
	slices.Sort(texts)
	equal(texts)
	for _, a := range f.addrs {
		if !a.Is4() {
			return there // it has many spellings
		}
		all = append(all, mapped)
	}
	for _, o := range f.ops {
		switch {
		case o.not:
			return there
		case o.op == opNumeric && !document:
		case o.op == opEqual:
			equal(o.texts)
		case o.op == opCIDR && o.network.Addr().Is4() && o.network.Bits() >= 8:
			begin := before
			for _, octet := range o.network.Addr().AsSlice()[:min(o.network.Bits()/8, 3)] {
				begin += strconv.Itoa(int(octet)) + "."
			}
			if all = append(all, mapped); document {
				all = append(all, q.call("contains", name, begin))
			} else {
				all = append(all, q.call("starts_with", name, begin))
			}
		case o.op == opPrefix && document:
			all = append(all, q.call("contains", name, before+o.texts[0]))
		case o.op == opPrefix:
			all = append(all, q.call("starts_with", name, o.texts[0]))
		case o.op == opSuffix && document:
			all = append(all, q.call("contains", name, o.texts[0]+after))
		case o.op == opSuffix:
			all = append(all, q.call("suffix", name, o.texts[0]))
		case o.op == opWildcard:
			all = append(all, q.call("contains", name, o.globs[0].longest()))
		default:
			return there
		}
	}
	if document {
		all = append(all, q.call("contains", name, `\`))
	}
	return or(all...)
}
