// Package sigmatest evaluates Sigma rules event by event, slowly and plainly,
// straight from the Sigma specification (rules v2, modifiers v2.1,
// correlations v2.1). Rules go in as YAML and events as JSON; which event
// matched which rule comes out. It shares no code with the compiler it is the
// yardstick of, and it is used by tests alone.
//
// Where the specification leaves a question open, the answer taken is written
// at the function that needs it.
package sigmatest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// A Rule is one document of a rule file: a detection or a correlation.
type Rule struct {
	Title, ID, Name string
	Generate        bool
	conditions      []expression
	searches        map[string]search
	correlation     *correlation
}

// Parse reads the documents of a rule file. placeholders are the values of
// the expand modifier, by name without percent signs.
func Parse(rules string, placeholders map[string][]string) ([]*Rule, error) {
	f, err := parser.ParseBytes([]byte(rules), 0)
	if err != nil {
		return nil, err
	}
	var all []*Rule
	for _, d := range f.Docs {
		if d.Body == nil {
			continue
		}
		m, ok := node(d.Body).(mapping)
		if !ok {
			return nil, errors.New("a rule is a map")
		}
		r, err := newRule(m, placeholders)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.Title, err)
		}
		all = append(all, r)
	}
	return all, nil
}

func newRule(m mapping, placeholders map[string][]string) (*Rule, error) {
	r := &Rule{Title: m.text("title"), ID: m.text("id"), Name: m.text("name")}
	r.Generate, _ = m.get("generate").(bool)
	if c, ok := m.get("correlation").(mapping); ok {
		var err error
		r.correlation, err = newCorrelation(c)
		if g, ok := c.get("generate").(bool); ok {
			r.Generate = g
		}
		return r, err
	}
	d, ok := m.get("detection").(mapping)
	if !ok {
		return r, errors.New("neither detection nor correlation")
	}
	r.searches = map[string]search{}
	for _, e := range d {
		if e.key == "condition" || e.key == "timeframe" {
			continue
		}
		s, err := newSearch(e.value, placeholders)
		if err != nil {
			return r, fmt.Errorf("%s: %w", e.key, err)
		}
		r.searches[e.key] = s
	}
	conditions, ok := d.get("condition").([]any)
	if !ok {
		conditions = []any{d.get("condition")}
	}
	for _, c := range conditions {
		text, ok := c.(string)
		if !ok {
			return r, errors.New("no condition")
		}
		x, err := parseCondition(text, r.names())
		if err != nil {
			return r, err
		}
		r.conditions = append(r.conditions, x)
	}
	return r, nil
}

func (r *Rule) names() []string {
	var names []string
	for n := range r.searches {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Match says whether the event satisfies a detection rule. Several conditions
// are alternatives.
func (r *Rule) Match(e Event) bool {
	return slices.ContainsFunc(r.conditions, func(x expression) bool {
		return x.holds(func(name string) bool { return r.searches[name].match(e.Fields) })
	})
}

// A search is what one search identifier stands for.
type search interface {
	match(fields map[string]any) bool
}

type (
	anyOf []search
	allOf []search
)

func (s anyOf) match(fields map[string]any) bool {
	return slices.ContainsFunc(s, func(x search) bool { return x.match(fields) })
}

func (s allOf) match(fields map[string]any) bool {
	return !slices.ContainsFunc(s, func(x search) bool { return !x.match(fields) })
}

// newSearch reads a search identifier: a map joins its items with and, a list
// its elements with or; a plain value is a keyword.
func newSearch(v any, placeholders map[string][]string) (search, error) {
	switch v := v.(type) {
	case mapping:
		var all allOf
		for _, e := range v {
			i, err := newItem(e.key, e.value, placeholders)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", e.key, err)
			}
			all = append(all, i)
		}
		return all, nil
	case []any:
		var some anyOf
		for _, x := range v {
			s, err := newSearch(x, placeholders)
			if err != nil {
				return nil, err
			}
			some = append(some, s)
		}
		return some, nil
	}
	return newItem("", v, placeholders)
}

// mapping is a YAML map in its written order; number is a number as it is
// written, for 012345678901 is an account, not a count.
type (
	mapping []entry
	entry   struct {
		key   string
		value any
	}
	number string
)

func (m mapping) get(key string) any {
	for _, e := range m {
		if e.key == key {
			return e.value
		}
	}
	return nil
}

func (m mapping) text(key string) string {
	return scalar(m.get(key))
}

// list is a value that may be given alone or as a list.
func (m mapping) list(key string) []string {
	switch v := m.get(key).(type) {
	case nil:
		return nil
	case []any:
		var all []string
		for _, x := range v {
			all = append(all, scalar(x))
		}
		return all
	default:
		return []string{scalar(v)}
	}
}

func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case number:
		return string(v)
	case bool:
		return fmt.Sprint(v)
	}
	return ""
}

// node turns YAML into nil, bool, number, string, []any and mapping.
func node(n ast.Node) any {
	switch n := n.(type) {
	case *ast.NullNode:
		return nil
	case *ast.BoolNode:
		return n.Value
	case *ast.IntegerNode:
		return number(n.GetToken().Value)
	case *ast.FloatNode:
		return number(n.GetToken().Value)
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	case *ast.SequenceNode:
		list := []any{}
		for _, x := range n.Values {
			list = append(list, node(x))
		}
		return list
	case *ast.MappingNode:
		m := mapping{}
		for _, x := range n.Values {
			m = append(m, entry{key(x.Key), node(x.Value)})
		}
		return m
	case *ast.MappingValueNode:
		return mapping{{key(n.Key), node(n.Value)}}
	}
	return strings.TrimSpace(n.String())
}

func key(n ast.MapKeyNode) string {
	if s, ok := n.(*ast.StringNode); ok {
		return s.Value
	}
	return n.GetToken().Value
}
