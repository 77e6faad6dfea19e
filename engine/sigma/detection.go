package sigma

import (
	"slices"
	"strings"
)

// expr is a condition on one event: *all, *any, *not, *atLeast or *item.
type expr interface{}

type (
	all     struct{ kids []expr }
	any_    struct{ kids []expr }
	not     struct{ kid expr }
	atLeast struct {
		n    int
		kids []expr
	}
)

// selection is one search identifier.
type selection struct {
	Position
	name string
	expr expr
}

// detection is the detection of a rule, or the filter of a filter.
type detection struct {
	selections []*selection
	expr       expr // what the condition says
}

// parseDetection reads the selections and the condition of n. others are keys
// that are neither.
func parseDetection(n *Node, place map[string][]string, others ...string) (*detection, *Error) {
	if n.Kind != Map {
		return nil, n.fail("", "detection is %s, and must be a map of selections and a condition", n.Kind)
	}
	d := &detection{}
	for _, e := range n.Entries {
		if e.Key.Text == "condition" || e.Key.Text == "timeframe" || slices.Contains(others, e.Key.Text) {
			continue
		}
		x, err := parseSelection(e.Value, place, 0)
		if err != nil {
			return nil, err
		}
		d.selections = append(d.selections, &selection{Position: e.Key.Position, name: e.Key.Text, expr: x})
	}
	c := n.Get("condition")
	if c == nil {
		return nil, n.fail("", "the detection has no condition")
	}
	if t := n.Get("timeframe"); t != nil {
		return nil, t.fail("a correlation document says it today", "timeframe belongs to the old conditions that count events, which are not read")
	}
	conditions := []*Node{c}
	if c.Kind == List {
		conditions = c.Items
	}
	if len(conditions) == 0 {
		return nil, c.fail("", "the condition is empty")
	}
	var kids []expr
	for _, c := range conditions {
		x, err := parseCondition(c, d.selections)
		if err != nil {
			return nil, err
		}
		kids = append(kids, x)
	}
	d.expr = disjunction(kids)
	return d, nil
}

func disjunction(kids []expr) expr {
	if len(kids) == 1 {
		return kids[0]
	}
	return &any_{kids}
}

func conjunction(kids []expr) expr {
	if len(kids) == 1 {
		return kids[0]
	}
	return &all{kids}
}

// parseSelection reads a map (all of it must hold), a list of maps or keywords
// (any of it), or one keyword.
func parseSelection(n *Node, place map[string][]string, depth int) (expr, *Error) {
	switch n.Kind {
	case Map:
		if len(n.Entries) == 0 {
			return nil, n.fail("", "the selection is empty")
		}
		var kids []expr
		for _, e := range n.Entries {
			x, err := parseItem(e, place)
			if err != nil {
				return nil, err
			}
			kids = append(kids, x)
		}
		return conjunction(kids), nil
	case List:
		if len(n.Items) == 0 {
			return nil, n.fail("", "the selection is an empty list")
		}
		if depth > 0 {
			return nil, n.fail("", "a list in a list of selections")
		}
		var kids []expr
		for _, item := range n.Items {
			x, err := parseSelection(item, place, depth+1)
			if err != nil {
				return nil, err
			}
			kids = append(kids, x)
		}
		return disjunction(kids), nil
	case Null:
		return nil, n.fail("", "the selection is empty")
	}
	return keyword(n), nil
}

// keyword is a scalar that is looked for in the whole event.
func keyword(n *Node) *item {
	return &item{Position: n.Position, mode: matches, groups: [][]operand{{{kind: Text, pattern: parsePattern(n.Text)}}}}
}

// mode is how an item compares its field with its values.
type mode int

const (
	matches mode = iota // values are patterns, numbers, booleans, null
	regex
	cidr
	compares
	exists
	fieldref
)

// item is one line of a selection: a field, how it is compared, and with what.
type item struct {
	Position
	field string // empty: the whole event
	mode  mode
	// groups are the values: of a group one must fit, of the groups one, or all
	// where all is set. The values of one group come of one value of the rule.
	groups [][]operand
	all    bool
	neq    bool
	cased  bool
	flags  string // of a regex: i, m, s
	op     string // of compares: < <= > >= or =
	unit   string // minute, hour, day, week, month, year: of compares
	before bool   // fieldref: the field ends with, or contains, the other
	behind bool   // fieldref: the field starts with, or contains, the other
}

// operand is one value of an item.
type operand struct {
	kind    Kind // Null, Bool, Number, Text
	pattern pattern
	text    string // of Bool, Number, regex, cidr, fieldref
}

// modifiers are all that the specification knows.
var modifiers = []string{"contains", "startswith", "endswith", "all", "exists", "cased", "neq", "re", "i", "m", "s",
	"cidr", "lt", "lte", "gt", "gte", "base64", "base64offset", "utf16", "utf16le", "utf16be", "wide", "windash",
	"fieldref", "expand", "minute", "hour", "day", "week", "month", "year"}

// parseItem reads one key of a selection with its value.
func parseItem(e Entry, placeholders map[string][]string) (*item, *Error) {
	names := strings.Split(e.Key.Text, "|")
	it := &item{Position: e.Key.Position, field: names[0]}
	if strings.ContainsAny(it.field, "\"\\\x00") {
		return nil, e.Key.fail("", "field %q: a name with a quote, a backslash or a NUL is none that a log has", it.field)
	}
	nodes := []*Node{e.Value}
	if e.Value.Kind == List {
		nodes = e.Value.Items
	}
	if len(nodes) == 0 {
		return nil, e.Value.fail("", "%s: an empty list matches nothing", e.Key.Text)
	}
	for _, n := range nodes {
		if !n.Scalar() {
			return nil, n.fail("", "%s: a value is %s, and must be a text, a number, a boolean or null", e.Key.Text, n.Kind)
		}
	}
	m := &modifying{item: it, key: e.Key, nodes: nodes}
	if slices.Contains(names[1:], "expand") {
		if err := m.expand(placeholders); err != nil {
			return nil, err
		}
	} else {
		for _, n := range nodes {
			m.texts = append(m.texts, []string{n.Text})
		}
	}
	m.start()
	for i, name := range names[1:] {
		if err := m.apply(name, names[1:i+1]); err != nil {
			return nil, err
		}
	}
	return it, m.finish()
}
