package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	_ "github.com/duckdb/duckdb-go/v2"

	"logquarry/engine/schema"
	"logquarry/schemas"
)

// job is what DuckDB's own readers are to load.
type job struct {
	Case    string  `json:"case"` // database file; there is none yet
	Source  string  `json:"source"`
	Groups  []group `json:"groups"`
	Threads int     `json:"threads"`
}

// readWithDuckDB loads the files as a person without quarry would: read_json or
// read_csv with every column named and typed, into one flattened table with the
// columns that quarry stores. It gives DuckDB what quarry has: all cores, and
// freedom in the order of rows. It returns the rows of the table.
func readWithDuckDB(ctx context.Context, j job) (rows int64, err error) {
	sources, err := schema.Load(schemas.FS)
	if err != nil {
		return 0, err
	}
	var source *schema.Source
	for _, s := range sources {
		if s.Name == j.Source {
			source = s
		}
	}
	if source == nil {
		return 0, fmt.Errorf("no source %q", j.Source)
	}
	config := url.Values{"threads": {strconv.Itoa(j.Threads)}, "preserve_insertion_order": {"false"},
		"autoinstall_known_extensions": {"false"}, "autoload_known_extensions": {"false"}}
	db, err := sql.Open("duckdb", j.Case+"?"+config.Encode())
	if err != nil {
		return 0, err
	}
	// Closing writes the table out: it belongs to what is measured.
	defer func() {
		if cerr := db.Close(); err == nil {
			err = cerr
		}
	}()
	statements, err := readStatements(source, j.Groups)
	if err != nil {
		return 0, err
	}
	for _, text := range statements {
		if _, err := db.ExecContext(ctx, text); err != nil {
			return 0, fmt.Errorf("%s: %w", source.Name, err)
		}
	}
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM "+schema.Quote(source.Name)).Scan(&rows)
	return rows, err
}

func duckdbVersion(ctx context.Context) (version string, err error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return "", err
	}
	defer db.Close()
	err = db.QueryRowContext(ctx, "SELECT version()").Scan(&version)
	return version, err
}

// readStatements are CREATE TABLE and an INSERT for each group of files.
func readStatements(s *schema.Source, groups []group) ([]string, error) {
	headed := map[string]bool{}
	for _, g := range groups {
		for _, name := range strings.Fields(g.Header) {
			headed[name] = true
		}
	}
	if r := recipes[s.Name]; r.query != nil {
		return []string{"CREATE TABLE " + schema.Quote(s.Name) + " AS " + r.query(paths(groups[0]))}, nil
	}
	var columns []schema.Column
	var made []string
	for _, c := range s.Columns {
		// quarry finds the first in arrays of objects; with read_json that is
		// left to queries, over the array that is loaded whole. The second are
		// what envelopes say, and the corpora have none but those of recipes.
		if strings.Contains(c.From, "[") || strings.HasPrefix(c.From, "@") || c.Rare && !headed[c.From] {
			continue
		}
		columns = append(columns, c)
		made = append(made, schema.Quote(c.Name)+" "+c.Type.SQL())
	}
	out := []string{"CREATE TABLE " + schema.Quote(s.Name) + " (" + strings.Join(made, ", ") + ")"}
	for _, g := range groups {
		query, err := "", error(nil)
		if s.Shape == schema.JSON || recipes[s.Name].objects {
			query, err = jsonQuery(s, columns, g)
		} else {
			query, err = lineQuery(s, columns, g)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		out = append(out, "INSERT INTO "+schema.Quote(s.Name)+" BY NAME "+query)
	}
	return out, nil
}

// jsonQuery is SELECT … FROM read_json(…).
func jsonQuery(s *schema.Source, columns []schema.Column, g group) (string, error) {
	r := recipes[s.Name]
	var root object
	documents := map[string]bool{}
	for _, c := range columns {
		if c.Type == schema.JSONText {
			documents[c.From] = true
		}
	}
	prefix := ""
	if r.records {
		prefix = "record."
	}
	var selected []string
	for _, c := range columns {
		steps := strings.Split(c.From, ".")
		if n := within(steps, documents); n > 0 {
			// The object around it is a column too, and is read but once.
			selected = append(selected, extract(prefix+dotted(steps[:n]), "$."+dotted(steps[n:]), c.Type)+" AS "+schema.Quote(c.Name))
			continue
		}
		kind, expr := readType(c.Type), readValue(c, prefix+dotted(steps))
		if how, ok := r.values[c.From]; ok {
			kind, expr = "VARCHAR", how
		}
		if err := root.add(steps, kind); err != nil {
			return "", err
		}
		selected = append(selected, unless(c, expr)+" AS "+schema.Quote(c.Name))
	}
	list := "SELECT " + strings.Join(selected, ", ")
	if !r.records {
		var pairs []string
		for _, f := range root.fields {
			pairs = append(pairs, schema.Quote(f.name)+": "+literal(f.sql()))
		}
		return list + " FROM read_json(" + paths(g) + ", format = 'newline_delimited', columns = {" + strings.Join(pairs, ", ") + "})", nil
	}
	key := s.Records[0]
	return list + " FROM (SELECT unnest(" + schema.Quote(key) + ") AS record FROM read_json(" + paths(g) +
		", format = 'auto', maximum_object_size = 100000000, columns = {" + schema.Quote(key) + ": " + literal(root.sql()+"[]") + "}))", nil
}

// dotted is a path of quoted names, of SQL or of JSON.
func dotted(steps []string) string { return `"` + strings.Join(steps, `"."`) + `"` }

// extract is the value at a path in a JSON document.
func extract(document, path string, t schema.Type) string {
	function := "json_extract_string"
	if t == schema.JSONText {
		function = "json_extract"
	}
	return fmt.Sprintf("CAST(%s(%s, %s) AS %s)", function, document, literal(path), t.SQL())
}

// unless is expr, or NULL where it is the text that stands for no value.
func unless(c schema.Column, expr string) string {
	if c.Absent == "" {
		return expr
	}
	return "nullif(" + expr + ", " + literal(c.Absent) + ")"
}

// within is how many of the steps lead to a document that holds the rest; 0
// where none does.
func within(steps []string, documents map[string]bool) int {
	for n := 1; n < len(steps); n++ {
		if documents[strings.Join(steps[:n], ".")] {
			return n
		}
	}
	return 0
}

// lineQuery is SELECT … FROM read_csv(…).
func lineQuery(s *schema.Source, columns []schema.Column, g group) (string, error) {
	r := recipes[s.Name]
	fields, options := s.Default, r.options
	if r.fields != nil {
		fields = r.fields
	}
	if options == "" {
		options = `delim = ' ', quote = '"', escape = '\', header = false`
	}
	if g.Header != "" {
		fields, options = strings.Fields(g.Header), `delim = ' ', quote = '', escape = '', header = true`
	}
	types := map[string]string{} // others are VARCHAR
	var selected []string
	for _, c := range columns {
		from := schema.Quote(c.From)
		first, second, two := strings.Cut(c.From, " ")
		how, given := r.values[c.From]
		expr := ""
		switch {
		case !slices.Contains(fields, first):
			continue
		case given:
			expr = how
		case two:
			types[first], types[second] = "DATE", "TIME"
			expr = schema.Quote(first) + " + " + schema.Quote(second)
		case c.Part == schema.Address:
			expr = "split_part(" + from + ", ':', 1)"
		case c.Part == schema.Port:
			expr = "TRY_CAST(split_part(" + from + ", ':', 2) AS INTEGER)"
		default:
			types[c.From] = readType(c.Type)
			expr = readValue(c, from)
		}
		selected = append(selected, unless(c, expr)+" AS "+schema.Quote(c.Name))
	}
	if len(selected) == 0 {
		return "", errors.New("nobody knows the order of its fields")
	}
	var typed []string
	for _, name := range fields {
		kind, read := types[name]
		if g.Header != "" && !read {
			return "", fmt.Errorf("no column for the field %q", name)
		}
		if kind == "" {
			kind = "VARCHAR"
		}
		typed = append(typed, literal(name)+": "+literal(kind))
	}
	return "SELECT " + strings.Join(selected, ", ") + " FROM read_csv(" + paths(g) +
		", " + options + ", nullstr = '-', auto_detect = false, columns = {" + strings.Join(typed, ", ") + "})", nil
}

// readType is what the reader makes of a value; a number that is a time is
// turned into one by [readValue].
func readType(t schema.Type) string {
	switch t {
	case schema.JSONText:
		return "JSON"
	case schema.TimestampS, schema.TimestampMS:
		return "BIGINT"
	}
	return t.SQL()
}

func readValue(c schema.Column, expr string) string {
	switch c.Type {
	case schema.TimestampS:
		return "make_timestamp(" + expr + " * 1000000)"
	case schema.TimestampMS:
		return "make_timestamp(" + expr + " * 1000)"
	}
	return expr
}

// object is a JSON object as a STRUCT; a leaf has a type instead of fields.
type object struct {
	name   string
	leaf   string
	fields []*object
}

func (o *object) add(steps []string, leaf string) error {
	for _, f := range o.fields {
		if f.name != steps[0] {
			continue
		}
		if len(steps) == 1 || f.leaf != "" {
			return fmt.Errorf("%s is read twice", steps[0])
		}
		return f.add(steps[1:], leaf)
	}
	f := &object{name: steps[0]}
	o.fields = append(o.fields, f)
	if len(steps) == 1 {
		f.leaf = leaf
		return nil
	}
	return f.add(steps[1:], leaf)
}

func (o *object) sql() string {
	if o.leaf != "" {
		return o.leaf
	}
	var parts []string
	for _, f := range o.fields {
		parts = append(parts, schema.Quote(f.name)+" "+f.sql())
	}
	return "STRUCT(" + strings.Join(parts, ", ") + ")"
}

func paths(g group) string {
	quoted := make([]string, len(g.Paths))
	for i, p := range g.Paths {
		quoted[i] = literal(p)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
