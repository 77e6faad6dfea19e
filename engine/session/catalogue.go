package session

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"logquarry/engine/repl"
	"logquarry/engine/schema"
)

// caseTables say what the tables beside those of the sources are.
var caseTables = map[string]string{
	"evidence":     "Files of the case: what each is, its hash, and what became of its records.",
	"rejects":      "What could not be read, with file, place, reason and the bytes.",
	"actions":      "What was done to the case; each row's hash covers the row before.",
	"findings":     "Results that were kept, with their query and the hash of their rows.",
	"finding_rows": "The rows of findings, each a JSON array of its cells.",
	"case_info":    "Facts about the case file itself.",
	"events":       "Every event of every source, in one shape.",
	"log_hours":    "Records an hour, source, account and region; hours without any are only in coverage.",
}

// Catalogue implements [repl.Engine].
func (s *Session) Catalogue(ctx context.Context) (*repl.Catalogue, error) {
	docs := map[string]string{}
	columnDocs := map[[2]string]string{}
	// What a column of a view is taken from: the one of that name in the view's
	// own source, or in events.
	viewOf := map[string]string{}
	for name, text := range caseTables {
		docs[name] = text
	}
	for name, text := range ViewDocs(s.o.Cross) {
		docs[name] = text
	}
	// A source's name is a table to people, however its rows are kept.
	tables := map[string]bool{}
	for _, src := range s.o.Sources {
		tables[src.Name] = true
		docs[src.Name] = src.Title
		for _, c := range src.AllColumns() {
			columnDocs[[2]string{src.Name, c.Name}] = columnDoc(c)
		}
		for name, text := range ViewDocs(src.Views) {
			docs[name] = text
			viewOf[name] = src.Name
		}
		for _, c := range schema.EventColumns {
			columnDocs[[2]string{src.Name + "_events", c.Name}] = columnDoc(c)
		}
	}
	for _, c := range schema.EventColumns {
		columnDocs[[2]string{"events", c.Name}] = columnDoc(c)
	}
	about := func(name, column string, view bool) string {
		if text, ok := columnDocs[[2]string{name, column}]; ok || !view {
			return text
		}
		if text, ok := columnDocs[[2]string{viewOf[name], column}]; ok {
			return text
		}
		return columnDocs[[2]string{"events", column}]
	}
	cat := &repl.Catalogue{}
	at := map[string]int{}
	err := s.each(ctx, `
		SELECT t.table_name, t.table_type = 'VIEW' AS is_view, c.column_name, c.data_type
		FROM information_schema.tables t JOIN information_schema.columns c USING (table_catalog, table_schema, table_name)
		WHERE t.table_schema = 'main'
		ORDER BY t.table_name, c.ordinal_position`, func(v []any) {
		name, column := v[0].(string), v[2].(string)
		i, ok := at[name]
		if !ok {
			i = len(cat.Relations)
			at[name] = i
			view, _ := v[1].(bool)
			cat.Relations = append(cat.Relations, repl.Relation{Name: name, View: view && !tables[name], Doc: docs[name]})
		}
		r := &cat.Relations[i]
		r.Columns = append(r.Columns, repl.Column{Name: column, Type: v[3].(string), Doc: about(name, column, r.View)})
	})
	if err != nil {
		return nil, err
	}
	if err := s.addMacros(ctx, cat, docs, about); err != nil {
		return nil, err
	}
	err = s.each(ctx, `
		SELECT DISTINCT function_name FROM duckdb_functions()
		WHERE regexp_full_match(function_name, '[a-z][a-z0-9_]*')
		ORDER BY 1`, func(v []any) { cat.Functions = append(cat.Functions, v[0].(string)) })
	if err != nil {
		return nil, err
	}
	return cat, nil
}

// addMacros adds the views that take arguments.
func (s *Session) addMacros(ctx context.Context, cat *repl.Catalogue, docs map[string]string, about func(name, column string, view bool) string) error {
	var macros []repl.Relation
	err := s.each(ctx, `
		SELECT function_name, array_to_string(parameters, ',') FROM duckdb_functions()
		WHERE function_type = 'table_macro' AND schema_name = 'main' AND NOT internal
		ORDER BY 1`, func(v []any) {
		name, args := v[0].(string), strings.Split(v[1].(string), ",")
		macros = append(macros, repl.Relation{Name: name, View: true, Args: args, Doc: docs[name]})
	})
	if err != nil {
		return err
	}
	for _, r := range macros {
		nulls := strings.TrimSuffix(strings.Repeat("NULL, ", len(r.Args)), ", ")
		err := s.each(ctx, "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM "+schema.Quote(r.Name)+"("+nulls+"))", func(v []any) {
			r.Columns = append(r.Columns, repl.Column{Name: v[0].(string), Type: v[1].(string), Doc: about(r.Name, v[0].(string), true)})
		})
		if err != nil {
			return err
		}
		cat.Relations = append(cat.Relations, r)
	}
	slices.SortStableFunc(cat.Relations, func(a, b repl.Relation) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

func (s *Session) each(ctx context.Context, sql string, f func([]any)) error {
	rows, err := s.o.Case.Query(ctx, sql, nil)
	if err != nil {
		return err
	}
	for rows.Next() {
		f(rows.Values())
	}
	return errors.Join(rows.Err(), rows.Close())
}

func columnDoc(c schema.Column) string {
	if c.Unit != "" && c.Unit != "-" {
		return strings.TrimSuffix(c.Doc, ".") + " (" + c.Unit + ")"
	}
	return c.Doc
}

var viewHead = regexp.MustCompile(`(?im)^((?:--[^\n]*\n)+)CREATE OR REPLACE (?:VIEW|MACRO) "?(\w+)"?`)

// ViewDocs are the comments that stand right above the views and macros of a text.
func ViewDocs(text string) map[string]string {
	docs := map[string]string{}
	for _, m := range viewHead.FindAllStringSubmatch(text, -1) {
		var words []string
		for _, line := range strings.Split(m[1], "\n") {
			words = append(words, strings.Fields(strings.TrimLeft(line, "- "))...)
		}
		docs[m[2]] = strings.Join(words, " ")
	}
	return docs
}
