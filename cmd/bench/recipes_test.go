package main

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"logquarry/cmd/logmaker/corpus"
	"logquarry/engine/find"
	loading "logquarry/engine/load"
	"logquarry/engine/schema"
	"logquarry/engine/schema/schematest"
	"logquarry/engine/store"
	"logquarry/schemas"
)

// TestRecipes: of each source of lines, DuckDB's readers and quarry find the
// same values in the same columns.
func TestRecipes(t *testing.T) {
	sources := schematest.Shipped(t)
	root := t.TempDir()
	casePath := filepath.Join(t.TempDir(), "case.duckdb")
	var dirs []string
	made := map[string]*logs{}
	for _, kind := range corpus.LineKinds() {
		made[kind] = kept(t, root, kind, kind, 0.002)
		dirs = append(dirs, made[kind].dir)
	}
	c, err := store.Open(t.Context(), casePath, store.Options{Create: true, Schemas: schemas.FS, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	finder, err := find.NewFinder(find.Options{Sources: sources, Scratch: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	files, err := finder.Find(t.Context(), dirs)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := loading.Load(t.Context(), c, files, loading.Options{Sources: sources, Threads: 2}); err != nil {
		t.Fatal(err)
	}
	for _, s := range sources {
		l := made[s.Name]
		if l == nil {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "duckdb.duckdb")
			if _, err := readWithDuckDB(t.Context(), job{Case: file, Source: s.Name, Groups: l.groups, Threads: 2}); err != nil {
				t.Fatal(err)
			}
			db, err := sql.Open("duckdb", file)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			theirs := columnFacts(t, db, s)
			ours := columnFacts(t, c.DB(), s)
			compared := 0
			for _, col := range s.Columns {
				want, read := theirs[col.Name]
				got := ours[col.Name]
				switch {
				case read && want[0] == "0" && len(col.Also) > 0:
					// It stands elsewhere, where DuckDB's reader is not sent.
				case !read && col.Rare:
					// It has no storage, in either.
				case !read && (strings.HasPrefix(col.From, "@") || strings.Contains(col.From, "[")):
				case !read && got[0] != "0":
					t.Errorf("%s: only quarry reads it, %v", col.Name, got)
				case read && got != want:
					t.Errorf("%s: quarry reads %v, DuckDB %v", col.Name, got, want)
				case read && got[0] != "0":
					compared++
				}
			}
			if compared < 4 {
				t.Errorf("only %d columns with values", compared)
			}
		})
	}
}

// columnFacts are how many values each column of a source's table has, how many
// different ones, the least and the greatest.
func columnFacts(t *testing.T, db *sql.DB, s *schema.Source) map[string][4]string {
	t.Helper()
	facts := map[string][4]string{}
	rows, err := db.QueryContext(t.Context(), `SELECT * FROM `+schema.Quote(s.Name)+` LIMIT 0`)
	if err != nil {
		t.Fatal(err)
	}
	names, err := rows.Columns()
	rows.Close()
	if err != nil {
		t.Fatal(err)
	}
	for _, col := range s.Columns {
		if !slices.Contains(names, col.Name) {
			continue
		}
		expr := "CAST(" + schema.Quote(col.Name) + " AS VARCHAR)"
		if col.Type == schema.JSONText {
			// What a document says, not how it is spaced.
			expr = "CAST(json(" + expr + ") AS VARCHAR)"
		}
		var f [4]sql.NullString
		if err := db.QueryRowContext(t.Context(), fmt.Sprintf(`SELECT count(%[1]s), count(DISTINCT %[1]s), min(%[1]s), max(%[1]s) FROM %[2]s`, expr, schema.Quote(s.Name))).Scan(&f[0], &f[1], &f[2], &f[3]); err != nil {
			t.Fatal(err)
		}
		facts[col.Name] = [4]string{f[0].String, f[1].String, f[2].String, f[3].String}
	}
	return facts
}
