package schemas_test

import (
	"database/sql"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"

	"logquarry/engine/schema"
	"logquarry/engine/schema/schematest"
	"logquarry/schemas"
)

// emptyCase is an in-memory database with the functions, tables and views of
// every shipped source.
func emptyCase(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1) // each connection would be a database of its own
	functions, err := fs.ReadFile(schemas.FS, "functions.sql")
	if err != nil {
		t.Fatal(err)
	}
	all := schematest.Shipped(t)
	run(t, db, string(functions))
	for _, s := range all {
		run(t, db, s.CreateTable())
	}
	for _, s := range all {
		run(t, db, s.Views)
	}
	hours, err := schema.HoursView(all)
	if err != nil {
		t.Fatal(err)
	}
	run(t, db, hours.SQL)
	cross, err := fs.ReadFile(schemas.FS, "cross.sql")
	if err != nil {
		t.Fatal(err)
	}
	run(t, db, string(cross))
	events, err := schema.EventsView(all)
	if err != nil {
		t.Fatal(err)
	}
	run(t, db, events.SQL)
	return db
}

func run(t testing.TB, db *sql.DB, text string) {
	t.Helper()
	if _, err := db.Exec(text); err != nil {
		t.Fatalf("%v\nin: %s", err, text)
	}
}

// ask returns the rows of a query, cells parted by |, NULL as ∅.
func ask(t testing.TB, db *sql.DB, query string, args ...any) []string {
	t.Helper()
	rows, err := db.Query(query, args...)
	if err != nil {
		t.Fatalf("%v\nin: %s", err, query)
	}
	defer rows.Close()
	cols, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for rows.Next() {
		cells := make([]any, len(cols))
		into := make([]any, len(cols))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		texts := make([]string, len(cols))
		for i, c := range cells {
			texts[i] = "∅"
			if c != nil {
				texts[i] = fmt.Sprint(c)
			}
		}
		out = append(out, strings.Join(texts, "|"))
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%v\nin: %s", err, query)
	}
	return out
}
