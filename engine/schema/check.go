package schema

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"logquarry/engine/sqltext"
)

var (
	snakeCase = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	// jsonStep is one step of [Column.From]: key, key[] or key[other=text].
	jsonStep = regexp.MustCompile(`^[^\[\]=.]+(\[\]|\[[^\[\]=.]+=[^\[\]=.]+\])?$`)
)

var types = []Type{Varchar, JSONText, Timestamp, TimestampS, TimestampMS, Integer, Bigint, Double, Boolean}

// compressions are the methods DuckDB lets a table definition ask for.
// DuckDB documentation, "Lightweight compression" and its CompressionType enum.
var compressions = []string{"uncompressed", "rle", "dictionary", "dict_fsst", "pfor", "bitpacking", "fsst", "chimp", "patas", "alp", "alprd", "zstd", "roaring"}

// checker gathers the faults of one description.
type checker struct {
	path   string
	tree   *ast.File
	faults []error
}

// fault records a fault at the value yamlPath leads to.
func (c *checker) fault(yamlPath, hint, format string, args ...any) {
	e := &Error{Path: c.path, Message: fmt.Sprintf(format, args...), Hint: hint}
	e.Line, e.Column = place(c.tree, yamlPath)
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
	switch s.Shape {
	case JSON:
		if len(s.Default) > 0 {
			c.fault("$.default", "", "default is for shape %s only", Delimited)
		}
	case Delimited:
		if len(s.Records) > 0 {
			c.fault("$.records", "", "records is for shape %s only", JSON)
		}
	default:
		c.fault("$.shape", didYouMean(string(s.Shape), []string{string(JSON), string(Delimited)}), "unknown shape %q", s.Shape)
	}
	c.recognise(&s.Recognise)
	names := c.columns(s)
	if !slices.Contains(names, s.Time) {
		c.fault("$.time", didYouMean(s.Time, names), "time %q is not a column", s.Time)
	} else if col, _ := s.Column(s.Time); col.Type.SQL() != "TIMESTAMP" {
		c.fault("$.time", "", "time %q is a column of type %s, not a timestamp", s.Time, col.Type)
	}
	for i, k := range s.Key {
		if !slices.Contains(names, k) {
			c.fault(fmt.Sprintf("$.key[%d]", i), didYouMean(k, names), "key %q is not a column", k)
		}
	}
	var fields []string
	for _, col := range s.Columns {
		fields = append(fields, col.From)
	}
	for i, f := range s.Default {
		if !slices.Contains(fields, f) {
			c.fault(fmt.Sprintf("$.default[%d]", i), didYouMean(f, fields), "default field %q is not the from of a column", f)
		}
	}
}

func (c *checker) recognise(r *Recognise) {
	if len(r.All)+len(r.Any)+len(r.Path) == 0 && r.Line == "" {
		c.fault("$.recognise", "", "recognise tells nothing: give all, any, line or path")
	}
	if r.Line != "" {
		if _, err := regexp.Compile(r.Line); err != nil {
			c.fault("$.recognise.line", "", "%v", err)
		}
	}
	for i, p := range r.Path {
		if _, err := regexp.Compile(p); err != nil {
			c.fault(fmt.Sprintf("$.recognise.path[%d]", i), "", "%v", err)
		}
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
		c.from(at, what, s.Shape, col.From)
		if first, ok := froms[col.From]; ok && col.From != "" {
			c.fault(at+".from", "", "%s reads %s, as column %q does", what, col.From, first)
		}
		froms[col.From] = col.Name
		if !slices.Contains(types, col.Type) {
			c.fault(at+".type", didYouMean(string(col.Type), typeNames()), "%s has the unknown type %q", what, col.Type)
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

func (c *checker) from(at, what string, shape Shape, from string) {
	if from == "" {
		c.fault(at, "", "%s has no from", what)
		return
	}
	if shape != JSON {
		return
	}
	for _, step := range strings.Split(from, ".") {
		if !jsonStep.MatchString(step) {
			c.fault(at+".from", "A step is key, key[] or key[name=text].", "%s: step %q of from is not one", what, step)
		}
	}
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
