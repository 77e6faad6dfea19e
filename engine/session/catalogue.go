package session

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"logquarry/engine/repl"
	"logquarry/engine/schema"
)

// caseTables say what the tables beside those of the sources are.
var caseTables = map[string]string{
	"evidence":  "Files of the case: what each is, its hash, and what became of its records.",
	"rejects":   "What could not be read, with file, place, reason and the bytes.",
	"actions":   "What was done to the case; each row's hash covers the row before.",
	"case_info": "Facts about the case file itself.",
	"events":    "Every event of every source, in one shape.",
}

// Catalogue implements [repl.Engine].
func (s *Session) Catalogue(ctx context.Context) (*repl.Catalogue, error) {
	docs := map[string]string{}
	columnDocs := map[[2]string]string{}
	anyColumn := map[string]string{}
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
			if _, ok := anyColumn[c.Name]; !ok {
				anyColumn[c.Name] = columnDoc(c)
			}
		}
		for name, text := range ViewDocs(src.Views) {
			docs[name] = text
		}
		for _, c := range schema.EventColumns {
			columnDocs[[2]string{src.Name + "_events", c.Name}] = columnDoc(c)
		}
	}
	for _, c := range schema.EventColumns {
		columnDocs[[2]string{"events", c.Name}] = columnDoc(c)
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
		text, ok := columnDocs[[2]string{name, column}]
		if !ok && r.View {
			text = anyColumn[column]
		}
		r.Columns = append(r.Columns, repl.Column{Name: column, Type: v[3].(string), Doc: text})
	})
	if err != nil {
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

var viewHead = regexp.MustCompile(`(?im)^((?:--[^\n]*\n)+)CREATE OR REPLACE VIEW "?(\w+)"?`)

// ViewDocs are the comments that stand right above the views of a text.
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
