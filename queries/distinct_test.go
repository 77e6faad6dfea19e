package queries_test

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"logquarry/engine/schema"
	"logquarry/engine/schema/schematest"
	"logquarry/schemas"
)

// losing is what DuckDB 1.5.6 can lose rows by. Where conditions on one stored
// column are joined by OR, and one is x IS DISTINCT FROM a constant, it passes over
// the row groups in which x is NULL throughout. It joins the conditions of two
// readers of one CTE so by itself. NOT (x IS NOT DISTINCT FROM 'a') and, of a
// boolean, x IS NOT TRUE are made the same; x IS NULL OR x <> 'a' is safe.
var losing = regexp.MustCompile(`(?i)\bIS\s+DISTINCT\s+FROM\b|\bIS\s+NOT\s+(TRUE|FALSE)\b|\bNOT\s*\(?\s*[\w.]+\s+IS\s+NOT\s+DISTINCT\s+FROM\b`)

func TestNothingLosesRows(t *testing.T) {
	texts := map[string]string{}
	for _, h := range library(t).Hunts() {
		texts[h.ID] = h.SQL
	}
	for _, s := range schematest.Shipped(t) {
		texts[s.Name+"/views.sql"] = s.Views
	}
	for _, name := range []string{"cross.sql", "functions.sql"} {
		text, err := fs.ReadFile(schemas.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(text)
	}
	for name, text := range texts {
		if m := losing.FindString(bare(text)); m != "" {
			t.Errorf("%s: %q; say COALESCE(x, '') <> 'a'", name, m)
		}
	}
	for _, sql := range []string{"a IS DISTINCT FROM 'b'", "a is not\ntrue", "NOT (t.a IS NOT DISTINCT FROM 'b')"} {
		if !losing.MatchString(bare(sql)) {
			t.Errorf("%s passes", sql)
		}
	}
}

// TestEventsOfEmptyColumns asks the query of each view <source>_events over rows
// without any value, with the rows held once for all who read them and with each
// reader on its own.
func TestEventsOfEmptyColumns(t *testing.T) {
	c := openCase(t)
	head := regexp.MustCompile(`(?is)^\s*CREATE\s+OR\s+REPLACE\s+VIEW\s+\S+\s+AS\b`)
	asked := 0
	for _, s := range schematest.Shipped(t) {
		views, err := schema.SplitViews(s.Views)
		if err != nil {
			t.Fatal(err)
		}
		var events string
		for _, v := range views {
			if at := head.FindStringIndex(v.SQL); at != nil && v.Name == s.Name+"_events" {
				events = v.SQL[at[1]:]
			}
		}
		if events == "" {
			continue
		}
		asked++
		var columns []string
		for _, col := range s.AllColumns() {
			columns = append(columns, fmt.Sprintf("CAST(NULL AS %s) AS %s", col.Type.SQL(), schema.Quote(col.Name)))
		}
		rows := "empty_" + s.Name
		if err := c.Exec(t.Context(), "CREATE TEMP TABLE "+rows+" AS SELECT "+strings.Join(columns, ", ")+" FROM range(3)", nil); err != nil {
			t.Fatal(err)
		}
		count := func(how string) string {
			r, err := c.Query(t.Context(), "WITH "+schema.Quote(s.Name)+" AS "+how+" (SELECT * FROM "+rows+"), e AS ("+events+") SELECT count(*) FROM e", nil)
			if err != nil {
				t.Fatalf("%s: %v", s.Name, err)
			}
			defer r.Close()
			if !r.Next() {
				t.Fatalf("%s: %v", s.Name, r.Err())
			}
			return fmt.Sprint(r.Values()[0])
		}
		if once, each := count("MATERIALIZED"), count("NOT MATERIALIZED"); once != each {
			t.Errorf("%s_events has %s events of rows that are held, %s of the same rows that are not", s.Name, once, each)
		}
	}
	if asked < 10 {
		t.Errorf("only %d views were asked", asked)
	}
}
