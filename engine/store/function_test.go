package store

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
)

// lengths are functions of each kind of result.
var lengths = []Function{
	{Name: "shown", Text: func(s string) (string, bool) { return "<" + s + ">", s != "none" }},
	{Name: "size", Whole: func(s string) (int64, bool) { return int64(len(s)), s != "none" }},
	{Name: "half", Real: func(s string) (float64, bool) { return float64(len(s)) / 2, s != "none" }},
}

// withMacros is a case that has macros of the same names, and a view that calls one.
func withMacros(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "case.duckdb")
	c, err := Open(t.Context(), path, Options{Create: true, Schemas: fstest.MapFS{
		"functions.sql": {Data: []byte(`
			CREATE MACRO shown(x) AS CAST(NULL AS VARCHAR);
			CREATE MACRO size(x) AS CAST(NULL AS BIGINT);
			CREATE MACRO half(x) AS CAST(NULL AS DOUBLE);`)},
		"cross.sql": {Data: []byte(`CREATE VIEW asks AS SELECT shown('a') AS a, size('ab') AS b, half('abc') AS c;`)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func first(t *testing.T, c *Case, question string) string {
	t.Helper()
	rows, err := c.Query(t.Context(), question, nil)
	if err != nil {
		t.Fatalf("%s: %v", question, err)
	}
	defer rows.Close()
	if !rows.Next() {
		t.Fatalf("%s: no row: %v", question, rows.Err())
	}
	return strings.TrimSpace(fmt.Sprintln(rows.Values()...))
}

func TestFunctionsStandBeforeMacrosOfTheCase(t *testing.T) {
	path := withMacros(t)
	for _, confined := range []bool{false, true} {
		c, err := Open(t.Context(), path, Options{ReadOnly: true, Confined: confined, Functions: lengths})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := first(t, c, "SELECT shown('x'), size('xyz'), half('xyz')"), "<x> 3 1.5"; got != want {
			t.Errorf("confined %v: %s, want %s", confined, got, want)
		}
		if got, want := first(t, c, "FROM asks"), "<a> 2 1.5"; got != want {
			t.Errorf("confined %v, in a view: %s, want %s", confined, got, want)
		}
		if got, want := first(t, c, "SELECT shown(NULL), size(CAST(NULL AS VARCHAR)), half('none'), shown('none')"), "<nil> <nil> <nil> <nil>"; got != want {
			t.Errorf("confined %v: NULL gives %s", confined, got)
		}
		// Connections of database/sql are others.
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				var s string
				if err := c.DB().QueryRowContext(t.Context(), "SELECT a FROM asks").Scan(&s); err != nil || s != "<a>" {
					t.Errorf("%q, %v", s, err)
				}
			})
		}
		wg.Wait()
		if kept, err := c.Keeps(t.Context()); !confined && (err != nil || kept != nil) {
			t.Errorf("the session keeps %v, %v", kept, err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A case is made to be read by any DuckDB.
func TestTheCaseHoldsNoFunctionOfOurs(t *testing.T) {
	path := withMacros(t)
	c, err := Open(t.Context(), path, Options{Functions: lengths})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Exec(t.Context(), "CREATE VIEW mine AS SELECT shown('x') AS s", nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("duckdb", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var s sql.NullString
	if err := db.QueryRowContext(t.Context(), "SELECT s FROM mine").Scan(&s); err != nil || s.Valid {
		t.Errorf("a plain DuckDB says %v, %v; want NULL", s, err)
	}
}

func TestFunctionsOverManyRows(t *testing.T) {
	c, err := Open(t.Context(), withMacros(t), Options{ReadOnly: true, Threads: 4, Functions: lengths})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	// Texts on both sides of what a string holds inline, NULLs among them.
	got := first(t, c, `SELECT count(*), count(shown(s)), count(*) FILTER (shown(s) IS DISTINCT FROM '<' || s || '>'),
			count(*) FILTER (size(s) IS DISTINCT FROM length(s)), count(*) FILTER (half(s) IS DISTINCT FROM length(s) / 2)
		FROM (SELECT CASE WHEN i % 7 > 0 THEN repeat('x', CAST(i % 29 AS INTEGER)) || i END AS s FROM range(500000) t(i))`)
	rows := 500000 - (500000+6)/7
	if want := "500000 " + strconv.Itoa(rows) + " 0 0 0"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := first(t, c, "SELECT length(shown('"+strings.Repeat("x", 4000)+"'))"), "4002"; got != want {
		t.Errorf("a long text gives %s, want %s", got, want)
	}
}

func TestAPanicIsAnErrorOfTheStatement(t *testing.T) {
	var n atomic.Int64
	f := []Function{{Name: "shown", Text: func(s string) (string, bool) {
		if n.Add(1); s == "bad" {
			panic("broken")
		}
		return s, true
	}}}
	c, err := Open(t.Context(), withMacros(t), Options{ReadOnly: true, Functions: f})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	rows, err := c.Query(t.Context(), "SELECT shown(CASE WHEN i = 3000 THEN 'bad' ELSE 'good' END) FROM range(5000) t(i)", nil)
	if err == nil {
		for rows.Next() {
		}
		err = rows.Err()
		rows.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "shown: internal error: broken") {
		t.Errorf("error is %v", err)
	}
	if got := first(t, c, "SELECT shown('good')"); got != "good" {
		t.Errorf("afterwards it says %s", got)
	}
	// The same text is asked once a thread, not once a row.
	if n.Load() > 100 {
		t.Errorf("asked %d times for two texts", n.Load())
	}
}

func TestFunctionsAreNamedByAnyone(t *testing.T) {
	text := inFront([]Function{{Name: `a"b`}})
	if !strings.Contains(text, `"a""b"`) || slices.Contains(strings.Fields(text), `a"b`) {
		t.Errorf("a name is not quoted: %s", text)
	}
}
