package sigma

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Options say how rules are read.
type Options struct {
	// Placeholders are the values of %name% in rules with the modifier expand, by
	// name. They may have wildcards.
	Placeholders map[string][]string
}

// IsRuleFile says whether a path has the name of a file of rules.
func IsRuleFile(path string) bool {
	ext := strings.ToLower(filepath.Ext(path))
	return ext == ".yml" || ext == ".yaml"
}

// Read reads files of rules, and folders of them at any depth; what begins with
// a dot in a folder is left out. A file that is named twice is read once. What
// cannot be read or used is among the Problems; the error is that a path is not
// there.
func Read(paths []string, o Options) (*Collection, error) {
	c := &Collection{}
	r := reader{c: c, o: o, seen: map[string]bool{}}
	for _, path := range paths {
		err := filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil && name == path:
				return fmt.Errorf("read rules: %w", err)
			case err != nil:
				c.Problems = append(c.Problems, &Error{Position: Position{File: name}, Msg: err.Error()})
				return nil
			case name != path && strings.HasPrefix(d.Name(), "."):
				if d.IsDir() {
					return fs.SkipDir
				}
				return nil
			case d.IsDir() || name != path && !IsRuleFile(name):
				return nil
			}
			r.file(name)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	c.finish()
	return c, nil
}

// Parse reads the text of one file; name is for its errors.
func Parse(name, text string, o Options) *Collection {
	c := &Collection{}
	r := reader{c: c, o: o, seen: map[string]bool{}}
	r.text(name, text)
	c.finish()
	return c
}

// finish gives each rule its filters, and sets aside the second rule of one id.
func (c *Collection) finish() {
	ids := map[string]*Rule{}
	c.Rules = slices.DeleteFunc(c.Rules, func(r *Rule) bool {
		key := strings.ToLower(r.Key())
		first, dup := ids[key]
		if dup {
			what := "title"
			if r.ID != "" {
				what = "id"
			} else if r.Name != "" {
				what = "name"
			}
			c.Problems = append(c.Problems, &Error{Position: r.Position, Rule: r.Title, Msg: fmt.Sprintf("its %s is that of the rule in %s", what, first.Position)})
			return true
		}
		ids[key] = r
		return false
	})
	for _, r := range c.Rules {
		for _, f := range c.Filters {
			if f.applies(r) {
				r.filters = append(r.filters, f)
			}
		}
	}
}

type reader struct {
	c    *Collection
	o    Options
	seen map[string]bool
}

func (r *reader) problem(e *Error) { r.c.Problems = append(r.c.Problems, e) }

func (r *reader) file(name string) {
	key := name
	if abs, err := filepath.Abs(name); err == nil {
		key = abs
	}
	if r.seen[key] {
		return
	}
	r.seen[key] = true
	text, err := readBounded(name)
	if err != nil {
		r.problem(&Error{Position: Position{File: name}, Msg: err.Error()})
		return
	}
	r.text(name, text)
}

func readBounded(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return "", err
	}
	if len(text) > maxFileBytes {
		return "", fmt.Errorf("the file is larger than %d MiB, which no file of rules is", maxFileBytes>>20)
	}
	return string(text), nil
}

// text reads the documents of one file. Old rules say action: global for what
// all documents after it have, reset to end that, and repeat for a document that
// is as the one before but for what it says.
func (r *reader) text(name, text string) {
	text = strings.TrimPrefix(text, "\ufeff")
	var global, before *Node
	for _, d := range documents(text) {
		n, err := parseDocument(name, d)
		if err != nil {
			r.problem(err)
			continue
		}
		if n == nil {
			continue
		}
		if n.Kind != Map {
			r.problem(n.fail("", "the document is %s, and a rule is a map", n.Kind))
			continue
		}
		if n.Get("correlation") == nil {
			if action := n.Get("action"); action != nil {
				n = n.without("action")
				switch action.Text {
				case "global":
					global = n.over(global)
					continue
				case "reset":
					global = nil
				case "repeat":
					n = n.over(before)
				default:
					r.problem(action.fail("", "action %q: it is global, reset or repeat", action.Text))
					continue
				}
				if len(n.Entries) == 0 {
					continue
				}
			}
			n = n.over(global)
			before = n
		}
		if err := r.document(n); err != nil {
			err.Rule = n.Get("title").text()
			r.problem(err)
		}
	}
}

// over is n with what only base has; maps in both are taken together.
func (n *Node) over(base *Node) *Node {
	if base == nil {
		return n
	}
	out := &Node{Position: n.Position, Kind: Map}
	for _, e := range base.Entries {
		mine := n.Get(e.Key.Text)
		switch {
		case mine == nil:
		case mine.Kind == Map && e.Value.Kind == Map:
			e.Value = mine.over(e.Value)
		default:
			e.Value = mine
		}
		out.Entries = append(out.Entries, e)
	}
	for _, e := range n.Entries {
		if base.Get(e.Key.Text) == nil {
			out.Entries = append(out.Entries, e)
		}
	}
	return out
}

func (n *Node) without(key string) *Node {
	out := *n
	out.Entries = slices.DeleteFunc(slices.Clone(n.Entries), func(e Entry) bool { return e.Key.Text == key })
	return &out
}

// text is that of a scalar, without blanks around it; of anything else nothing.
func (n *Node) text() string {
	if n == nil || !n.Scalar() {
		return ""
	}
	return strings.TrimSpace(n.Text)
}

// list are the texts of a list, or of one scalar; of anything else none.
func (n *Node) list() []string {
	switch {
	case n == nil:
		return nil
	case n.Kind != List:
		if t := n.text(); t != "" {
			return []string{t}
		}
		return nil
	}
	var out []string
	for _, item := range n.Items {
		if t := item.text(); t != "" {
			out = append(out, t)
		}
	}
	return out
}

func (r *reader) document(n *Node) *Error {
	id, title := n.Get("id").text(), n.Get("title").text()
	switch {
	case n.Get("correlation") != nil:
		r.c.Correlations = append(r.c.Correlations, &Correlation{Position: n.Position, Title: title, ID: id, Name: n.Get("name").text(), Node: n})
		return nil
	case n.Get("filter") != nil:
		return r.filter(n)
	case n.Get("detection") == nil:
		return n.fail("", "not a Sigma rule: there is no detection")
	}
	source, err := logSource(n)
	if err != nil {
		return err
	}
	if title == "" {
		return n.fail("", "the rule has no title")
	}
	level := n.Get("level").text()
	if level != "" && !slices.Contains(levels, level) {
		return n.Get("level").fail("", "level %q: it is one of %s", level, strings.Join(levels, ", "))
	}
	if t := n.Get("taxonomy").text(); t != "" && t != "sigma" {
		return n.Get("taxonomy").fail("", "taxonomy %q: only the default one, sigma, is known", t)
	}
	d, err := parseDetection(n.Get("detection"), r.o.Placeholders)
	if err != nil {
		return err
	}
	r.c.Rules = append(r.c.Rules, &Rule{
		Position: n.Position, ID: id, Name: n.Get("name").text(), Title: title, Level: level,
		Status: n.Get("status").text(), Description: n.Get("description").text(),
		Author: strings.Join(n.Get("author").list(), ", "), License: n.Get("license").text(),
		Date: n.Get("date").text(), Modified: n.Get("modified").text(),
		References: n.Get("references").list(), Tags: n.Get("tags").list(),
		FalsePositives: n.Get("falsepositives").list(), Fields: n.Get("fields").list(),
		LogSource: source, detection: d,
	})
	return nil
}

// levels are the levels of rules, least first.
var levels = []string{"informational", "low", "medium", "high", "critical"}

func logSource(n *Node) (LogSource, *Error) {
	at := n.Get("logsource")
	if at == nil || at.Kind != Map {
		return LogSource{}, n.fail("such as logsource: {product: aws, service: cloudtrail}", "the document has no logsource")
	}
	get := func(key string) string { return strings.ToLower(at.Get(key).text()) }
	l := LogSource{Category: get("category"), Product: get("product"), Service: get("service")}
	if l == (LogSource{}) {
		return l, at.fail("", "the logsource has neither category nor product nor service")
	}
	return l, nil
}

func (r *reader) filter(n *Node) *Error {
	source, err := logSource(n)
	if err != nil {
		return err
	}
	body := n.Get("filter")
	if body.Kind != Map {
		return body.fail("", "filter is %s, and must be a map", body.Kind)
	}
	f := &Filter{Position: n.Position, ID: n.Get("id").text(), Title: n.Get("title").text(), LogSource: source}
	rules := body.Get("rules")
	f.Rules = rules.list()
	if rules != nil && rules.Kind != List && strings.EqualFold(rules.text(), "any") {
		f.Any, f.Rules = true, nil
	}
	if !f.Any && len(f.Rules) == 0 {
		return body.fail("list their ids or names under rules, or say rules: any", "the filter names no rules")
	}
	if f.detection, err = parseDetection(body, r.o.Placeholders, "rules"); err != nil {
		return err
	}
	r.c.Filters = append(r.c.Filters, f)
	return nil
}
