package sigma

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The correlations of the specification, version 2.1, and value_median.
//
//   - A window is as long as timespan, ends with an event, and holds all of the
//     group's events from exactly one timespan before it to the events of its own
//     instant. A month is 2,629,746 seconds and a year 31,556,952, the means of
//     the Gregorian calendar.
//   - An event that lacks a field of group-by is in no group. Without group-by
//     all events are one.
//   - An event that several of the rules find counts once.
//   - Windows that satisfy the condition, each beginning no later than the one
//     before ends, are one finding. It has all the group's events in them.
//   - value_sum, value_avg, value_min, value_max, value_median and
//     value_percentile with percentile, which interpolates, take the values that
//     are numbers. value_percentile without percentile is the share in percent
//     that the value of the window's last event has among the window's values.
//   - temporal and temporal_ordered want all rules unless a condition says how
//     many, or which. In temporal_ordered the rules wanted must follow each other
//     in the order of rules; events of one instant are taken as in order.
//   - A temporal correlation looks at every window that satisfied a correlation
//     it refers to; the others count its findings, each once. Either stands at
//     the time of the event its window ends with, with that event's fields.
//
// Package sigmatest holds the same, event by event.

// maxCorrelated bounds the rules of one correlation, maxCombined those in order
// under a number of rules, maxAlternatives what a condition over rules in order
// comes to, and maxSteps the steps of a chain's SQL.
const (
	maxCorrelated   = 100
	maxCombined     = 20
	maxAlternatives = 64
	maxSteps        = 1000
)

// correlating is a correlation as it is read from its document.
type correlating struct {
	*Correlation
	node       *Node // the section correlation
	kind       string
	refs       []string
	targets    []any // *Rule or *correlating, of refs
	groupBy    []string
	aliases    map[string]map[string]string // alias, rule as referred to, field
	span       time.Duration
	fields     []string
	percentile string
	bounds     []string // SQL comparisons: ">= 5"
	condition  expr     // over rules; its items are *present
	generate   bool
}

// present is the condition that the rule with that number occurs.
type present struct{ rule int }

func (c *correlating) temporal() bool { return strings.HasPrefix(c.kind, "temporal") }

var correlationTypes = []string{"event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_avg", "value_min", "value_max", "value_median", "value_percentile"}

var bounds = map[string]string{"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "=", "neq": "<>"}

var timespanForm = regexp.MustCompile(`^([1-9][0-9]{0,8})([smhdwMy])$`)

var timespanSeconds = map[string]int64{"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 2629746, "y": 31556952}

// readCorrelation reads the section correlation of a document.
func readCorrelation(doc *Correlation) (*correlating, *Error) {
	n := doc.Node.Get("correlation")
	if n.Kind != Map {
		return nil, n.fail("", "correlation is %s, and must be a map", n.Kind)
	}
	if doc.Title == "" {
		return nil, n.fail("", "the correlation has no title")
	}
	if level := doc.Node.Get("level"); level.text() != "" && !slices.Contains(levels, level.text()) {
		return nil, level.fail("", "level %q: it is one of %s", level.text(), strings.Join(levels, ", "))
	}
	c := &correlating{Correlation: doc, node: n, kind: n.Get("type").text(), refs: n.Get("rules").list(), groupBy: n.Get("group-by").list()}
	if !slices.Contains(correlationTypes, c.kind) {
		return nil, c.at("type").fail("it is one of "+strings.Join(correlationTypes, ", "), "unknown correlation type %q", c.kind)
	}
	if len(c.refs) == 0 || len(c.refs) > maxCorrelated {
		return nil, c.at("rules").fail("", "a correlation needs 1 to %d rules, this has %d", maxCorrelated, len(c.refs))
	}
	c.generate = doc.Node.Get("generate").text() == "true" || n.Get("generate").text() == "true"
	m := timespanForm.FindStringSubmatch(n.Get("timespan").text())
	if m == nil {
		return nil, c.at("timespan").fail("such as 30s, 10m, 1h, 7d, 2w, 1M, 1y", "timespan %q is not a number with a unit", n.Get("timespan").text())
	}
	count, err := strconv.ParseInt(m[1], 10, 64)
	if seconds := timespanSeconds[m[2]]; err != nil || count > int64(100*365*86400)/seconds {
		return nil, c.at("timespan").fail("", "timespan %s is longer than 100 years", m[0])
	}
	c.span = time.Duration(count*timespanSeconds[m[2]]) * time.Second
	if err := c.readAliases(); err != nil {
		return nil, err
	}
	return c, c.readCondition()
}

// at is the node of a key, else the section: for errors.
func (c *correlating) at(key string) *Node {
	if n := c.node.Get(key); n != nil {
		return n
	}
	return c.node
}

func (c *correlating) readAliases() *Error {
	n := c.node.Get("aliases")
	if n == nil || n.Kind == Null {
		return nil
	}
	if n.Kind != Map {
		return n.fail("", "aliases is %s, and must be a map", n.Kind)
	}
	c.aliases = map[string]map[string]string{}
	for _, e := range n.Entries {
		if e.Value.Kind != Map {
			return e.Value.fail("such as "+e.Key.Text+": {rule: field}", "the alias %s is %s, and must be a map", e.Key.Text, e.Value.Kind)
		}
		of := map[string]string{}
		for _, f := range e.Value.Entries {
			if !slices.Contains(c.refs, f.Key.Text) {
				return f.Key.fail("", "the alias %s speaks of %s, which is not among rules", e.Key.Text, f.Key.Text)
			}
			if of[f.Key.Text] = f.Value.text(); of[f.Key.Text] == "" {
				return f.Value.fail("", "the alias %s names no field for %s", e.Key.Text, f.Key.Text)
			}
		}
		c.aliases[e.Key.Text] = of
	}
	return nil
}

func (c *correlating) readCondition() *Error {
	n := c.node.Get("condition")
	switch {
	case n == nil && c.temporal():
	case n != nil && n.Kind == Text && c.temporal():
		var names []*selection
		for i, ref := range c.refs {
			names = append(names, &selection{name: ref, expr: &present{i}})
		}
		x, err := parseCondition(n, names)
		if err != nil {
			return err
		}
		c.condition = x
	case n == nil || n.Kind != Map:
		return c.at("condition").fail("such as condition: {gte: 10}", "%s needs a condition that is a map", c.kind)
	default:
		if err := c.readBounds(n); err != nil {
			return err
		}
	}
	if c.condition == nil && len(c.bounds) == 0 {
		if !c.temporal() {
			return n.fail("such as gte: 10", "the condition compares with nothing")
		}
		c.bounds = []string{">= " + strconv.Itoa(len(c.refs))}
	}
	if c.kind == "temporal_ordered" && c.condition == nil && len(c.refs) > maxCombined {
		return c.at("rules").fail("", "more than %d rules in order", maxCombined)
	}
	needs := strings.HasPrefix(c.kind, "value_")
	switch {
	case needs && len(c.fields) == 0:
		return n.fail("such as condition: {field: userIdentity.arn, gte: 10}", "%s needs a field in its condition", c.kind)
	case len(c.fields) > 1 && c.kind != "value_count":
		return n.Get("field").fail("", "%s takes one field", c.kind)
	case c.percentile != "" && c.kind != "value_percentile":
		return n.Get("percentile").fail("", "%s takes no percentile", c.kind)
	}
	return nil
}

func (c *correlating) readBounds(n *Node) *Error {
	for _, e := range n.Entries {
		if e.Key.Text == "field" {
			c.fields = e.Value.list()
			continue
		}
		op, isBound := bounds[e.Key.Text]
		if !isBound && e.Key.Text != "percentile" {
			return e.Key.fail("there are gt, gte, lt, lte, eq, neq, field and percentile", "condition: unknown key %s", e.Key.Text)
		}
		f, err := strconv.ParseFloat(e.Value.text(), 64)
		if err != nil || e.Value.Kind != Number {
			return e.Value.fail("", "condition: %s is %q, and must be a number", e.Key.Text, e.Value.text())
		}
		x := strconv.FormatFloat(f, 'f', -1, 64)
		if isBound {
			c.bounds = append(c.bounds, op+" "+x)
			continue
		}
		if f < 0 || f > 100 {
			return e.Value.fail("", "condition: percentile is from 0 to 100")
		}
		c.percentile = strconv.FormatFloat(f/100, 'f', -1, 64)
	}
	return nil
}

// correlations reads all correlations of a collection and finds what they refer
// to. Those that cannot be used are problems.
func (c *Collection) correlations() (usable []*correlating, problems []*Error) {
	bad := map[*correlating]*Error{}
	var all []*correlating
	for _, doc := range c.Correlations {
		x, err := readCorrelation(doc)
		if x == nil {
			x = &correlating{Correlation: doc}
		}
		all = append(all, x)
		if err != nil {
			bad[x] = err
		}
	}
	for _, x := range all {
		for _, ref := range x.refs {
			target, err := c.refer(all, x, ref)
			if err != nil && bad[x] == nil {
				bad[x] = err
			}
			x.targets = append(x.targets, target)
		}
	}
	// What refers to a bad one is bad, and so is what comes back to itself.
	state := map[*correlating]int{} // 1: open, 2: done
	var check func(x *correlating) *Error
	check = func(x *correlating) *Error {
		if state[x] == 1 {
			return x.at("rules").fail("", "the correlation refers to itself, by way of others or directly")
		}
		if state[x] == 2 || bad[x] != nil {
			return bad[x]
		}
		state[x] = 1
		for i, target := range x.targets {
			inner, ok := target.(*correlating)
			if !ok {
				continue
			}
			if err := check(inner); err != nil && bad[x] == nil {
				bad[x] = x.at("rules").fail("", "%s cannot be used: %s", x.refs[i], err.Msg)
			}
		}
		state[x] = 2
		return bad[x]
	}
	for _, x := range all {
		if err := check(x); err != nil {
			err.Rule = x.Title
			problems = append(problems, err)
			continue
		}
		usable = append(usable, x)
	}
	return usable, problems
}

// refer finds what ref means: a rule or correlation by its id, else by its name,
// else by its title.
func (c *Collection) refer(all []*correlating, from *correlating, ref string) (any, *Error) {
	ways := []func(id, name, title string) bool{
		func(id, _, _ string) bool { return strings.EqualFold(id, ref) },
		func(_, name, _ string) bool { return name == ref },
		func(_, _, title string) bool { return title == ref },
	}
	for _, is := range ways {
		var found []any
		var places []string
		for _, r := range c.Rules {
			if is(r.ID, r.Name, r.Title) {
				found, places = append(found, r), append(places, r.Position.String())
			}
		}
		for _, x := range all {
			if is(x.ID, x.Name, x.Title) {
				found, places = append(found, x), append(places, x.Position.String())
			}
		}
		switch {
		case len(found) > 1:
			return nil, from.at("rules").fail("refer to it by its id", "%s means more than one rule: %s", ref, strings.Join(places, ", "))
		case len(found) == 1:
			return found[0], nil
		}
	}
	return nil, from.at("rules").fail("rules are referred to by id, name or title, in any of the files read", "there is no rule %s", ref)
}

// field is what the correlation calls a field, as rule number i has it.
func (c *correlating) field(i int, name string) string {
	if f, ok := c.aliases[name][c.refs[i]]; ok {
		return f
	}
	return name
}

// alternatives write a condition over rules as an or of ands: for each, whether
// the rule must occur or must not.
func alternatives(x expr, negated bool) ([]map[int]bool, bool) {
	switch x := x.(type) {
	case *present:
		return []map[int]bool{{x.rule: !negated}}, true
	case *not:
		return alternatives(x.kid, !negated)
	case *all:
		return choose(x.kids, pick(negated, 1, len(x.kids)), negated)
	case *any_:
		return choose(x.kids, pick(negated, len(x.kids), 1), negated)
	case *atLeast:
		// Not (n of m) is m-n+1 of them not.
		return choose(x.kids, pick(negated, len(x.kids)-x.n+1, x.n), negated)
	}
	panic(fmt.Sprintf("sigma: internal error: a condition over rules of type %T", x))
}

func pick[T any](first bool, a, b T) T {
	if first {
		return a
	}
	return b
}

// choose are the alternatives in which n of kids hold. It is false where they
// are too many.
func choose(kids []expr, n int, negated bool) ([]map[int]bool, bool) {
	if n <= 0 {
		return []map[int]bool{{}}, true
	}
	if n > len(kids) {
		return nil, true
	}
	out, ok := choose(kids[1:], n, negated)
	if !ok {
		return nil, false
	}
	heads, ok := alternatives(kids[0], negated)
	if !ok {
		return nil, false
	}
	rests, ok := choose(kids[1:], n-1, negated)
	if !ok || len(out)+len(heads)*len(rests) > maxAlternatives {
		return nil, false
	}
	for _, a := range heads {
		for _, b := range rests {
			if both, ok := agreed(a, b); ok {
				out = append(out, both)
			}
		}
	}
	return out, true
}

// agreed is a and b; no rule can both occur and not.
func agreed(a, b map[int]bool) (map[int]bool, bool) {
	both := map[int]bool{}
	for k, v := range a {
		both[k] = v
	}
	for k, v := range b {
		if old, ok := both[k]; ok && old != v {
			return nil, false
		}
		both[k] = v
	}
	return both, true
}
