package schema

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"logquarry/engine/sqltext"
)

var (
	snakeCase = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	// jsonStep is one step of [Column.From]: key, key[] or key[other=text].
	jsonStep = regexp.MustCompile(`^[^\[\]=.]+(\[\]|\[[^\[\]=.]+=[^\[\]=.]+\])?$`)
)

var shapes = []Shape{JSON, Delimited, W3C, CSV, Regex}

var types = []Type{Varchar, JSONText, Timestamp, TimestampS, TimestampMS, Integer, Bigint, Double, Boolean}

// compressions are the methods DuckDB lets a table definition ask for.
// DuckDB documentation, "Lightweight compression" and its CompressionType enum.
var compressions = []string{"uncompressed", "rle", "dictionary", "dict_fsst", "pfor", "bitpacking", "fsst", "chimp", "patas", "alp", "alprd", "zstd", "roaring"}

// checker gathers the faults of one description.
type checker struct {
	path   string
	text   []byte
	groups []string // of the source's patterns
	faults []error
}

// fault records a fault at the value yamlPath leads to.
func (c *checker) fault(yamlPath, hint, format string, args ...any) {
	e := &Error{Path: c.path, Message: fmt.Sprintf(format, args...), Hint: hint}
	e.Line, e.Column = place(c.text, yamlPath)
	c.faults = append(c.faults, e)
}

// required faults an empty value at the object it is missing from.
func (c *checker) required(yamlPath, key, value, what string) {
	if strings.TrimSpace(value) == "" {
		c.fault(yamlPath, "", "%s has no %s", what, key)
	}
}

func (c *checker) source(s *Source, folder string) {
	if s.Name != folder {
		c.fault("$.name", fmt.Sprintf("Write name: %s, or rename the folder.", folder), "name %q is not the folder's, %q", s.Name, folder)
	}
	if !snakeCase.MatchString(folder) {
		c.fault("$.name", "", "name %q is not snake_case", folder)
	}
	c.required("$", "title", s.Title, "source")
	c.required("$", "doc", s.Doc, "source")
	if !slices.Contains(shapes, s.Shape) {
		c.fault("$.shape", didYouMean(string(s.Shape), shapeNames()), "unknown shape %q", s.Shape)
	}
	c.shape(s)
	c.recognise(s)
	names := c.columns(s)
	switch col, ok := s.Column(s.Time); {
	case s.Time == NoTime:
	case !ok:
		c.fault("$.time", didYouMean(s.Time, names), "time %q is not a column", s.Time)
	case col.Type.SQL() != "TIMESTAMP":
		c.fault("$.time", "", "time %q is a column of type %s, not a timestamp", s.Time, col.Type)
	}
	for i, k := range s.Key {
		if !slices.Contains(names, k) {
			c.fault(fmt.Sprintf("$.key[%d]", i), didYouMean(k, names), "key %q is not a column", k)
		} else if col, _ := s.Column(k); col.Type == Integer || col.Type == Double || col.Type == Boolean {
			c.fault(fmt.Sprintf("$.key[%d]", i), "", "key %q is a column of type %s, which names no event", k, col.Type)
		}
	}
	for i, k := range s.State {
		if !slices.Contains(names, k) {
			c.fault(fmt.Sprintf("$.state[%d]", i), didYouMean(k, names), "state %q is not a column", k)
		} else if col, _ := s.Column(k); col.Rare || col.Type != Varchar && col.Type != JSONText && col.Type != Boolean {
			c.fault(fmt.Sprintf("$.state[%d]", i), "A state is text, JSON or a boolean, and not rare.", "state %q cannot be compared", k)
		}
	}
	if len(s.State) > 0 && len(s.Key) == 0 {
		c.fault("$.state", "", "state goes with a key")
	}
	fields := s.Fields()
	for i, f := range s.Default {
		if !slices.Contains(fields, f) {
			c.fault(fmt.Sprintf("$.default[%d]", i), didYouMean(f, fields), "default field %q is not the from of a column", f)
		}
	}
}

// only are the keys of a source that serve some shapes only.
var only = []struct {
	key    string
	shapes []Shape
	given  func(s *Source) bool
}{
	{"fold", []Shape{JSON}, func(s *Source) bool { return s.Fold }},
	{"records", []Shape{JSON, Regex}, func(s *Source) bool { return len(s.Records) > 0 }},
	{"default", []Shape{Delimited, W3C, CSV}, func(s *Source) bool { return len(s.Default) > 0 }},
	{"least", []Shape{Delimited, W3C, CSV}, func(s *Source) bool { return s.Least != 0 }},
	{"separator", []Shape{Delimited, W3C, CSV}, func(s *Source) bool { return s.Separator != "" }},
	{"patterns", []Shape{Regex}, func(s *Source) bool { return len(s.Patterns) > 0 }},
	{"begin", []Shape{Regex}, func(s *Source) bool { return s.Begin != "" }},
	{"unmatched", []Shape{Regex}, func(s *Source) bool { return s.Unmatched != "" }},
}

// shape checks the keys that go with one shape or another.
func (c *checker) shape(s *Source) {
	for _, k := range only {
		if k.given(s) && !slices.Contains(k.shapes, s.Shape) {
			var names []string
			for _, x := range k.shapes {
				names = append(names, string(x))
			}
			c.fault("$."+k.key, "", "%s is for shape %s only", k.key, strings.Join(names, ", "))
		}
	}
	if len([]rune(s.Separator)) > 1 || s.Separator == `"` || s.Separator == "\n" {
		c.fault("$.separator", "Leave it out where fields are parted by runs of blanks.", "separator %q is not one character between fields", s.Separator)
	}
	if s.Least < 0 || s.Least > len(s.Default) {
		c.fault("$.least", "", "least is %d where default names %d fields", s.Least, len(s.Default))
	}
	if s.Unmatched != "" && s.Unmatched != Keep {
		c.fault("$.unmatched", fmt.Sprintf("Write unmatched: %s, or leave it out.", Keep), "unknown unmatched %q", s.Unmatched)
	}
	if s.Shape == Regex && len(s.Patterns) == 0 && s.Unmatched != Keep {
		c.fault("$", "", "shape %s needs patterns", Regex)
	}
	for i, p := range s.Patterns {
		if re := c.regexp(fmt.Sprintf("$.patterns[%d]", i), p); re != nil {
			c.groups = append(c.groups, re.SubexpNames()[1:]...)
		}
	}
	c.groups = slices.DeleteFunc(c.groups, func(name string) bool { return name == "" })
	c.regexp("$.begin", s.Begin)
}

// regexp checks a regular expression; nil where it is none.
func (c *checker) regexp(yamlPath, expr string) *regexp.Regexp {
	re, err := regexp.Compile(expr)
	if err != nil {
		c.fault(yamlPath, "The syntax is that of RE2: https://github.com/google/re2/wiki/Syntax", "%v", err)
	}
	return re
}

func (c *checker) recognise(s *Source) {
	r := &s.Recognise
	if len(r.All)+len(r.Any)+len(r.Path)+len(r.Group) == 0 && r.Line == "" && !r.Messages && len(s.Patterns) == 0 {
		c.fault("$.recognise", "", "recognise tells nothing: give all, any, line, path or group")
	}
	c.regexp("$.recognise.line", r.Line)
	for i, p := range r.Path {
		c.regexp(fmt.Sprintf("$.recognise.path[%d]", i), p)
	}
	for i, p := range r.Group {
		c.regexp(fmt.Sprintf("$.recognise.group[%d]", i), p)
	}
}

// columns checks every column and returns their names.
func (c *checker) columns(s *Source) []string {
	if len(s.Columns) == 0 {
		c.fault("$", "", "source has no columns")
	}
	var names []string
	froms := map[string]string{}
	for i, col := range s.Columns {
		at := fmt.Sprintf("$.columns[%d]", i)
		what := fmt.Sprintf("column %q", col.Name)
		switch {
		case !snakeCase.MatchString(col.Name):
			c.fault(at+".name", "", "%s is not snake_case", what)
		case slices.Contains(names, col.Name):
			c.fault(at+".name", "", "%s is there twice", what)
		case slices.ContainsFunc(trailing, func(t Column) bool { return t.Name == col.Name }):
			c.fault(at+".name", "", "%s is the name of a column every table has", what)
		}
		names = append(names, col.Name)
		if col.From == "" {
			c.fault(at, "", "%s has no from", what)
		}
		for k, from := range append([]string{col.From}, col.Also...) {
			where := at + ".from"
			if k > 0 {
				where = fmt.Sprintf("%s.also[%d]", at, k-1)
			}
			if from != "" {
				c.from(where, what, s, from)
			}
			// The same field may serve as a fallback of several columns.
			if first, ok := froms[from+col.Part]; ok && from != "" && k == 0 && !strings.HasPrefix(from, "@") {
				c.fault(where, "", "%s reads %s, as column %q does", what, from, first)
			}
			if k == 0 {
				froms[from+col.Part] = col.Name
			}
		}
		if parts := []string{"", Address, Port}; !slices.Contains(parts, col.Part) {
			c.fault(at+".part", didYouMean(col.Part, parts[1:]), "%s has the unknown part %q", what, col.Part)
		} else if col.Padded && s.Shape != Regex {
			c.fault(at+".padded", "", "%s: padded is for shape %s only", what, Regex)
		} else if col.Part != "" && s.Shape == JSON {
			c.fault(at+".part", "", "%s: part is not for shape %s", what, JSON)
		}
		if !slices.Contains(types, col.Type) {
			c.fault(at+".type", didYouMean(string(col.Type), typeNames()), "%s has the unknown type %q", what, col.Type)
		}
		if col.Late && (col.Rare || col.Name == s.Time || slices.Contains(s.Key, col.Name) || slices.Contains(s.State, col.Name)) {
			c.fault(at+".late", "A column of time, key or state, or a rare one, is none.", "%s cannot be late", what)
		}
		if col.Compression != "" && !slices.Contains(compressions, col.Compression) {
			c.fault(at+".compression", didYouMean(col.Compression, compressions), "%s has the unknown compression %q", what, col.Compression)
		}
		c.required(at, "unit", col.Unit, what)
		c.required(at, "doc", col.Doc, what)
		c.required(at, "cite", col.Cite+s.Cite, what)
	}
	return names
}

func (c *checker) from(at, what string, s *Source, from string) {
	if strings.HasPrefix(from, "@") && s.Shape != JSON || IsArrival(from) {
		var names []string
		for _, a := range Arrivals {
			names = append(names, a.Name)
		}
		switch {
		case !IsArrival(from):
			c.fault(at, didYouMean(from, names), "%s: %q is not an arrival", what, from)
		case IsText(from) && s.Shape != Regex:
			c.fault(at, "", "%s: %s is for shape %s only", what, from, Regex)
		}
		return
	}
	switch s.Shape {
	case JSON:
		for _, step := range strings.Split(from, ".") {
			if !jsonStep.MatchString(step) {
				c.fault(at, "A step is key, key[] or key[name=text].", "%s: step %q of from is not one", what, step)
			}
		}
	case Regex:
		if len(s.Recognise.All)+len(s.Recognise.Any) > 0 {
			return // its records also come as JSON objects, with keys of their own
		}
		for _, name := range strings.Fields(from) {
			if !slices.Contains(c.groups, name) {
				c.fault(at, didYouMean(name, c.groups), "%s: no pattern has a group %q", what, name)
			}
		}
	}
}

// IsArrival reports whether a name in From or Also is one of [Arrivals].
func IsArrival(from string) bool {
	return slices.ContainsFunc(Arrivals, func(a Arrival) bool { return a.Name == from })
}

// Fields are the names of the fields that columns read: From and Also, those
// that join two also taken apart, without the arrivals.
func (s *Source) Fields() []string {
	var names []string
	for _, col := range s.Columns {
		for _, from := range append([]string{col.From}, col.Also...) {
			if strings.HasPrefix(from, "@") {
				continue
			}
			parts := []string{from}
			if words := strings.Fields(from); s.Shape != JSON && len(words) > 1 {
				parts = append(parts, words...)
			}
			for _, name := range parts {
				if !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	return names
}

func shapeNames() []string {
	out := make([]string, len(shapes))
	for i, s := range shapes {
		out[i] = string(s)
	}
	return out
}

func typeNames() []string {
	out := make([]string, len(types))
	for i, t := range types {
		out[i] = string(t)
	}
	return out
}

// keys are the keys a description may hold, at any depth.
func keys() []string {
	var out []string
	for _, t := range []reflect.Type{reflect.TypeFor[Source](), reflect.TypeFor[Recognise](), reflect.TypeFor[Column]()} {
		for i := range t.NumField() {
			if tag := t.Field(i).Tag.Get("yaml"); tag != "-" {
				out = append(out, tag)
			}
		}
	}
	return out
}

// didYouMean is a hint naming the candidate nearest to word, or all of them
// where none is near; empty without candidates.
func didYouMean(word string, candidates []string) string {
	best, near := sqltext.Nearest(word, candidates)
	switch {
	case near:
		return fmt.Sprintf("Did you mean %q?", best)
	case len(candidates) > 0 && len(candidates) <= 24:
		sorted := slices.Compact(slices.Sorted(slices.Values(candidates)))
		return "There are: " + strings.Join(sorted, ", ") + "."
	}
	return ""
}
