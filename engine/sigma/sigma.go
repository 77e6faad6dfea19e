// Package sigma reads Sigma rules and makes SQL over a case of them.
//
// In: rule files as they are published (Sigma specification 2.1), and the
// descriptions of the sources. Out: for each rule its facts, and for each source
// it can speak of a condition over that source's table; and hunts for package
// hunt, many of them answered by one scan. It leaves running SQL to a Querier
// and findings to hunt and render.
//
// Rules may come from anybody. A file, document or rule that is bad is an [Error]
// with its place and reason, and the others go on. Rule text gets into SQL as
// literals, by [Literal], and as nothing else.
package sigma

import (
	"strconv"
	"strings"
)

// Position is a place in a file. Line and Column count from 1; 0 where unknown.
type Position struct {
	File         string
	Line, Column int
}

// String is the place as file:line:column, as far as it is known.
func (p Position) String() string {
	s := p.File
	if p.Line > 0 {
		s += ":" + strconv.Itoa(p.Line)
		if p.Column > 0 {
			s += ":" + strconv.Itoa(p.Column)
		}
	}
	return s
}

// An Error is a document or rule that cannot be used, and why.
type Error struct {
	Position
	Rule string // title of the rule, where it is known
	Msg  string
	Hint string // advice for a line of its own, or empty
}

func (e *Error) Error() string {
	if at := e.Position.String(); at != "" {
		return at + ": " + e.Msg
	}
	return e.Msg
}

// LogSource is what a rule or filter says it is about, in lower case.
type LogSource struct {
	Category, Product, Service string
}

// String is the log source as rules write it: product aws, service cloudtrail.
func (l LogSource) String() string {
	var parts []string
	for _, p := range [][2]string{{"category", l.Category}, {"product", l.Product}, {"service", l.Service}} {
		if p[1] != "" {
			parts = append(parts, p[0]+" "+p[1])
		}
	}
	return strings.Join(parts, ", ")
}

// within says whether l says all that outer does: a filter about outer is about
// rules of l too.
func (l LogSource) within(outer LogSource) bool {
	same := func(mine, its string) bool { return its == "" || its == mine }
	return same(l.Category, outer.Category) && same(l.Product, outer.Product) && same(l.Service, outer.Service)
}

// Rule is one detection rule.
type Rule struct {
	Position // of the document

	ID             string // a UUID mostly; empty where the rule has none
	Name           string // for references by correlations and filters
	Title          string
	Level          string // informational, low, medium, high, critical, or empty
	Status         string
	Description    string
	Author         string
	License        string
	Date, Modified string
	References     []string
	Tags           []string
	FalsePositives []string
	Fields         []string
	LogSource      LogSource

	detection *detection
	filters   []*Filter // those that apply, in the order they were read
}

// Key is what the rule is called by: its ID, else its name, else its title.
func (r *Rule) Key() string {
	for _, k := range []string{r.ID, r.Name} {
		if k != "" {
			return k
		}
	}
	return r.Title
}

// Attack are the ATT&CK technique ids among the tags, as T1078.004.
func (r *Rule) Attack() []string {
	var ids []string
	for _, tag := range r.Tags {
		id, ok := strings.CutPrefix(strings.ToLower(tag), "attack.")
		if ok && len(id) >= 5 && id[0] == 't' && strings.Trim(id[1:], "0123456789.") == "" {
			ids = append(ids, strings.ToUpper(id))
		}
	}
	return ids
}

// Filters are the titles of the filters that narrow the rule.
func (r *Rule) Filters() []string {
	var titles []string
	for _, f := range r.filters {
		titles = append(titles, f.Title)
	}
	return titles
}

// Filter is a condition that holds for many rules: an event is a finding of one
// of them where the rule's condition and the filter's both hold.
type Filter struct {
	Position
	ID, Title string
	LogSource LogSource
	Any       bool     // it applies to all rules of its log source
	Rules     []string // ids or names of the rules it applies to

	detection *detection
}

// applies says whether f narrows r.
func (f *Filter) applies(r *Rule) bool {
	if !r.LogSource.within(f.LogSource) {
		return false
	}
	if f.Any {
		return true
	}
	for _, ref := range f.Rules {
		if ref != "" && (strings.EqualFold(ref, r.ID) || ref == r.Name) {
			return true
		}
	}
	return false
}

// Correlation is a document with the key correlation, as it was written.
type Correlation struct {
	Position // of the document
	Title    string
	ID, Name string
	Node     *Node // the document
}

// Collection is what was read from files of rules.
type Collection struct {
	Rules        []*Rule
	Filters      []*Filter
	Correlations []*Correlation
	// Problems are the files and documents that could not be used, in the order
	// they were met.
	Problems []*Error
}

// Rule is the rule with that id, or that name.
func (c *Collection) Rule(ref string) (*Rule, bool) {
	for _, r := range c.Rules {
		if ref != "" && (strings.EqualFold(r.ID, ref) || r.Name == ref) {
			return r, true
		}
	}
	return nil, false
}
