package sigma

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"logquarry/engine/schema"
	"logquarry/engine/sqltext"
)

// correlator makes the SQL of one correlation and of those it refers to: a chain
// of steps, each a name in WITH.
//
// All steps have the columns t, id, source, file_id and record_no of the event,
// the columns of group-by g0, g1, …, and what the correlation outside asks for,
// x0, x1, ….
type correlator struct {
	env      *Env
	windowed bool // with $since and $until
	filled   func(*schema.Source) bool
	steps    []string
	sources  []string
	err      *Error
}

// eventKey are the columns that name one event.
const eventKey = "t, id, source, file_id, record_no"

// step adds a query and gives the name it can be asked by.
func (q *correlator) step(format string, args ...any) string {
	name := "sigma_" + strconv.Itoa(len(q.steps)+1)
	q.steps = append(q.steps, name+" AS (\n"+fmt.Sprintf(format, args...)+"\n)")
	return name
}

// kept is step of what is asked more than once.
func (q *correlator) kept(format string, args ...any) string {
	name := q.step(format, args...)
	last := &q.steps[len(q.steps)-1]
	*last = strings.Replace(*last, " AS (", " AS MATERIALIZED (", 1)
	return name
}

// with is the SQL of all steps, and the query that ends it.
func (q *correlator) with(end string) string {
	return "WITH " + strings.Join(q.steps, ", ") + "\n" + end
}

// numbered are columns named by a letter and their place.
func numbered(letter string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = letter + strconv.Itoa(i)
	}
	return out
}

// list puts a comma before each column.
func list(columns ...string) string {
	if len(columns) == 0 {
		return ""
	}
	return ", " + strings.Join(columns, ", ")
}

// found is a query of the events that a target found, with fields as columns
// named names. counted says whether a correlation counts once a finding.
func (q *correlator) found(target any, fields, names []string, counted bool) string {
	if r, ok := target.(*Rule); ok {
		return q.events(r, fields, names)
	}
	c := target.(*correlating)
	var from string
	if counted {
		bursts := q.bursts(c, fields)
		from = q.step("SELECT * FROM %s WHERE hit AND t = burst\nQUALIFY row_number() OVER (PARTITION BY burst%s ORDER BY %s) = 1",
			bursts, list(numbered("g", len(c.groupBy))...), eventKey)
	} else {
		from = q.measured(c, fields)
	}
	columns := eventKey
	for i, f := range fields {
		column := "x" + strconv.Itoa(i)
		// What it grouped by is the same for all of the window.
		if g := slices.Index(c.groupBy, f); g >= 0 {
			column = "g" + strconv.Itoa(g)
		}
		columns += ", " + column + " AS " + names[i]
	}
	return "SELECT DISTINCT " + columns + " FROM " + from + " WHERE hit"
}

// events is a query of the events of a rule.
func (q *correlator) events(r *Rule, fields, names []string) string {
	compiled, err := q.env.Compile(r)
	if err != nil {
		if q.err == nil {
			q.err = err
		}
		return ""
	}
	var selects []string
	for _, p := range compiled.Parts {
		if !q.filled(p.Source) {
			continue
		}
		if !slices.Contains(q.sources, p.Source.Name) {
			q.sources = append(q.sources, p.Source.Name)
		}
		t := schema.Quote(p.Source.Time)
		id := "CAST(NULL AS VARCHAR)"
		if n := len(p.Source.Key); n > 0 {
			id = "CAST(" + schema.Quote(p.Source.Key[n-1]) + " AS VARCHAR)"
		}
		s := "SELECT CAST(" + t + " AS TIMESTAMP) AS t, " + id + " AS id, " + sqltext.Literal(p.Source.Name) + " AS source, file_id, record_no"
		for i, name := range fields {
			f := p.Field(name)
			s += ", " + f.whole() + " AS " + names[i]
		}
		s += "\nFROM main." + schema.Quote(p.Source.Name) + "\nWHERE " + t + " IS NOT NULL AND (" + p.Where + ")"
		if q.windowed {
			s += "\n  AND " + t + " >= $since AND " + t + " < $until"
		}
		selects = append(selects, s)
	}
	if selects == nil {
		// None of its sources has rows.
		s := "SELECT CAST(NULL AS TIMESTAMP) AS t, '' AS id, '' AS source, CAST(0 AS BIGINT) AS file_id, CAST(0 AS BIGINT) AS record_no"
		for _, n := range names {
			s += ", '' AS " + n
		}
		return s + " WHERE FALSE"
	}
	return strings.Join(selects, "\nUNION ALL\n")
}

// whole is an SQL expression of all the values of the field as one text; NULL
// where it has none. An event with several values is in one group.
func (f *Field) whole() string {
	var parts []string
	for _, r := range f.reads {
		x := r.text
		if r.list != "" {
			x = "CASE WHEN len(" + r.list + ") > 0 THEN array_to_string(" + r.list + ", chr(31)) END"
		}
		if r.cond != "" {
			x = "CASE WHEN " + r.cond + " THEN " + x + " END"
		}
		parts = append(parts, x)
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return "COALESCE(" + strings.Join(append(parts, "NULL"), ", ") + ")"
}

// gathered is a step of all that the rules of c found: beside the columns of all
// steps v0, v1, …, the fields of its condition, and rule, where it matters.
func (q *correlator) gathered(c *correlating, extra []string) string {
	if len(q.steps) > maxSteps && q.err == nil {
		q.err = c.at("rules").fail("", "the correlations it refers to, and theirs, are too many")
	}
	if q.err != nil {
		return ""
	}
	groups, values, extras := numbered("g", len(c.groupBy)), numbered("v", len(c.fields)), numbered("x", len(extra))
	var selects []string
	for i, target := range c.targets {
		var fields, names []string
		ask := func(wanted, columns []string) {
			for k, f := range wanted {
				fields, names = append(fields, c.field(i, f)), append(names, columns[k])
			}
		}
		ask(c.groupBy, groups)
		ask(c.fields, values)
		ask(extra, extras)
		selects = append(selects, fmt.Sprintf("SELECT %d AS rule, * FROM (%s)", i, q.found(target, fields, names, !c.temporal())))
	}
	var there []string
	for _, g := range groups {
		there = append(there, g+" IS NOT NULL")
	}
	all := q.step("SELECT * FROM (%s) WHERE %s", strings.Join(selects, "\nUNION ALL\n"), joined(there, " AND ", "TRUE"))
	if _, plain := c.targets[0].(*Rule); c.temporal() || len(c.targets) == 1 && plain {
		return all
	}
	// An event that several found counts once.
	firsts := ""
	for _, x := range extras {
		firsts += ", min(" + x + ") AS " + x
	}
	keys := eventKey + list(groups...) + list(values...)
	return q.step("SELECT %s%s FROM %s GROUP BY %s", keys, firsts, all, keys)
}

// seconds is an SQL interval of the timespan.
func (c *correlating) seconds() string {
	return fmt.Sprintf("to_seconds(%d)", int64(c.span/time.Second))
}

// over is a window of c: partition is added to its group-by.
func (c *correlating) over(frame string, partition ...string) string {
	columns := append(numbered("g", len(c.groupBy)), partition...)
	by := ""
	if len(columns) > 0 {
		by = "PARTITION BY " + strings.Join(columns, ", ") + " "
	}
	return "(" + by + "ORDER BY t RANGE BETWEEN " + frame + ")"
}

const (
	sofar  = "UNBOUNDED PRECEDING AND CURRENT ROW"
	before = "UNBOUNDED PRECEDING AND INTERVAL 1 MICROSECOND PRECEDING"
	onward = "CURRENT ROW AND UNBOUNDED FOLLOWING"
)

// measured is a step of what c gathers with the number of the window that ends
// with each event, measure, and whether that satisfies c, hit.
func (q *correlator) measured(c *correlating, extra []string) string {
	from := q.gathered(c, extra)
	if q.err != nil {
		return ""
	}
	if c.temporal() {
		return q.temporal(c, from)
	}
	window := "OVER " + c.over("INTERVAL "+strconv.FormatInt(int64(c.span/time.Second), 10)+" SECONDS PRECEDING AND CURRENT ROW")
	measure := map[string]string{
		"value_sum": "sum(n)", "value_avg": "avg(n)", "value_min": "min(n)", "value_max": "max(n)", "value_median": "median(n)",
		"value_percentile": "quantile_cont(n, " + c.percentile + ")",
	}[c.kind] + " " + window
	switch {
	case c.kind == "event_count":
		measure = "count(*) " + window
	case c.kind == "value_count":
		measure = "count(DISTINCT " + strings.Join(numbered("v", len(c.fields)), " || chr(30) || ") + ") " + window
	case c.kind == "value_percentile" && c.percentile == "":
		measure = "CASE WHEN v0 IS NOT NULL THEN 100.0 * count(*) OVER " +
			c.over("INTERVAL "+strconv.FormatInt(int64(c.span/time.Second), 10)+" SECONDS PRECEDING AND CURRENT ROW", "v0") + " / count(v0) " + window + " END"
	default:
		from = q.step("SELECT *, %s AS n FROM %s", strings.ReplaceAll(asNumber, "$x", "v0"), from)
	}
	measures := q.step("SELECT *, CAST(%s AS DOUBLE) AS measure FROM %s", measure, from)
	return q.hits(c, measures)
}

// asNumber is the number that a text is, as JSON writes numbers.
const asNumber = `CASE WHEN regexp_full_match($x, '-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?') THEN TRY_CAST($x AS DOUBLE) END`

// hits is a step that compares the measure with the bounds.
func (q *correlator) hits(c *correlating, measures string) string {
	var conds []string
	for _, b := range c.bounds {
		conds = append(conds, "measure "+b)
	}
	return q.step("SELECT *, COALESCE(%s, FALSE) AS hit FROM %s", joined(conds, " AND ", "TRUE"), measures)
}

// temporal is measured of a temporal correlation. Which rules occur in a window
// is told by when each occurred last; that rules occur in order, by the latest
// beginning of a row of them.
func (q *correlator) temporal(c *correlating, from string) string {
	run := " OVER " + c.over(sofar)
	within := func(latest string) string { return "COALESCE(" + latest + " >= t - " + c.seconds() + ", FALSE)" }
	last := func(rule int) string {
		return fmt.Sprintf("max(CASE WHEN rule = %d THEN t END)%s", rule, run)
	}
	if c.kind == "temporal_ordered" && c.condition == nil {
		return q.combined(c, from, run, within)
	}
	var counted []string
	for i := range c.refs {
		counted = append(counted, fmt.Sprintf("%s AS p%d", within(last(i)), i))
	}
	occurs := q.step("SELECT *, %s FROM %s", strings.Join(counted, ", "), from)
	sum := "CAST(p" + strings.Join(numbered("", len(c.refs)), " AS INTEGER) + CAST(p") + " AS INTEGER)"
	measures := q.step("SELECT *, CAST(%s AS DOUBLE) AS measure FROM %s", sum, occurs)
	switch {
	case c.condition == nil:
		return q.hits(c, measures)
	case c.kind == "temporal":
		return q.step("SELECT *, %s AS hit FROM %s", occurring(c.condition), measures)
	}
	return q.alternating(c, measures, run, within)
}

// occurring is the SQL of a condition over rules.
func occurring(x expr) string {
	kids := func(list []expr) (out []string) {
		for _, k := range list {
			out = append(out, occurring(k))
		}
		return out
	}
	switch x := x.(type) {
	case *present:
		return "p" + strconv.Itoa(x.rule)
	case *not:
		return "NOT (" + occurring(x.kid) + ")"
	case *all:
		return joined(kids(x.kids), " AND ", "TRUE")
	case *any_:
		return joined(kids(x.kids), " OR ", "FALSE")
	case *atLeast:
		return counted(kids(x.kids), x.n)
	}
	panic(fmt.Sprintf("sigma: internal error: a condition over rules of type %T", x))
}

// combined measures how many of the rules occur one after another in their
// order: m1, m2, … are the latest beginnings of rows of so many rules that end
// with this event.
func (q *correlator) combined(c *correlating, from, run string, within func(string) string) string {
	at := q.step("SELECT *, t AS m1 FROM %s", from)
	for n := 2; n <= len(c.refs); n++ {
		var cases string
		for rule := n - 1; rule < len(c.refs); rule++ {
			var before []string
			for earlier := range rule {
				before = append(before, strconv.Itoa(earlier))
			}
			cases += fmt.Sprintf(" WHEN %d THEN max(CASE WHEN rule IN (%s) THEN m%d END)%s", rule, strings.Join(before, ", "), n-1, run)
		}
		at = q.step("SELECT *, CASE rule%s END AS m%d FROM %s", cases, n, at)
	}
	measure := ""
	for n := len(c.refs); n >= 1; n-- {
		measure += " WHEN " + within(fmt.Sprintf("max(m%d)%s", n, run)) + " THEN " + strconv.Itoa(n)
	}
	return q.hits(c, q.step("SELECT *, CAST(CASE%s ELSE 0 END AS DOUBLE) AS measure FROM %s", measure, at))
}

// alternating says whether one of the alternatives of the condition has its
// rules in order, and none that must not occur.
func (q *correlator) alternating(c *correlating, from, run string, within func(string) string) string {
	ways, ok := alternatives(c.condition, false)
	if !ok {
		q.err = c.at("condition").fail("", "the condition over rules in order comes to more than %d alternatives", maxAlternatives)
		return ""
	}
	var hits []string
	longest := 0
	wants := make([][]int, len(ways))
	for a, way := range ways {
		var conds []string
		for i := range c.refs {
			wanted, said := way[i]
			switch {
			case said && wanted:
				wants[a] = append(wants[a], i)
			case said:
				conds = append(conds, fmt.Sprintf("NOT p%d", i))
			}
		}
		if n := len(wants[a]); n > 0 {
			conds = append(conds, within(fmt.Sprintf("max(CASE WHEN rule = %d THEN a%d_%d END)%s", wants[a][n-1], a, n, run)))
			longest = max(longest, n)
		}
		hits = append(hits, joined(conds, " AND ", "TRUE"))
	}
	for n := 1; n <= longest; n++ {
		var columns []string
		for a, want := range wants {
			switch {
			case len(want) < n:
			case n == 1:
				columns = append(columns, fmt.Sprintf("t AS a%d_1", a))
			default:
				columns = append(columns, fmt.Sprintf("max(CASE WHEN rule = %d THEN a%d_%d END)%s AS a%d_%d", want[n-2], a, n-1, run, a, n))
			}
		}
		from = q.step("SELECT *, %s FROM %s", strings.Join(columns, ", "), from)
	}
	return q.step("SELECT *, %s AS hit FROM %s", joined(hits, " OR ", "FALSE"), from)
}

// bursts is a step of the events in windows that satisfy c. burst is when their
// finding was first satisfied; with the group it names the finding.
//
// An event belongs to the window of the next hit, if that reaches back to it. A
// hit begins a finding if its window does not reach back to the hit before.
func (q *correlator) bursts(c *correlating, extra []string) string {
	hits := q.measured(c, extra)
	if q.err != nil {
		return ""
	}
	at := "CASE WHEN hit THEN t END"
	near := q.step("SELECT *, min(%s) OVER %s AS next_hit, max(%s) OVER %s AS previous_hit FROM %s", at, c.over(onward), at, c.over(before), hits)
	begun := q.step("SELECT *, max(CASE WHEN hit AND COALESCE(previous_hit < t - %s, TRUE) THEN t END) OVER %s AS begun FROM %s WHERE next_hit <= t + %[1]s",
		c.seconds(), c.over(sofar), near)
	return q.step("SELECT *, CASE WHEN COALESCE(previous_hit < next_hit - %s, TRUE) THEN next_hit ELSE begun END AS burst FROM %s", c.seconds(), begun)
}
