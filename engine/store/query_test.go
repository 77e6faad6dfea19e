package store_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"logquarry/engine/store"
	"logquarry/engine/value"
	"logquarry/schemas"
)

func create(t testing.TB) (*store.Case, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "case.duckdb")
	c, err := store.Open(context.Background(), path, store.Options{Create: true, Schemas: schemas.FS, Threads: 2, Memory: "512MB"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, path
}

func all(t testing.TB, c *store.Case, text string, params map[string]any) [][]any {
	t.Helper()
	rows, err := c.Query(t.Context(), text, params)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer rows.Close()
	var out [][]any
	for rows.Next() {
		out = append(out, append([]any(nil), rows.Values()...))
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return out
}

func TestValues(t *testing.T) {
	c, _ := create(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
	tests := []struct {
		sql, typ string
		want     any
	}{
		{"true", "BOOLEAN", true},
		{"CAST(-7 AS TINYINT)", "TINYINT", int64(-7)},
		{"CAST(-7 AS SMALLINT)", "SMALLINT", int64(-7)},
		{"-7", "INTEGER", int64(-7)},
		{"CAST(-9223372036854775808 AS BIGINT)", "BIGINT", int64(-1 << 63)},
		{"CAST(200 AS UTINYINT)", "UTINYINT", uint64(200)},
		{"CAST(18446744073709551615 AS UBIGINT)", "UBIGINT", uint64(1<<64 - 1)},
		{"CAST('-170141183460469231731687303715884105728' AS HUGEINT)", "HUGEINT", value.Number("-170141183460469231731687303715884105728")},
		{"CAST('340282366920938463463374607431768211455' AS UHUGEINT)", "UHUGEINT", value.Number("340282366920938463463374607431768211455")},
		{"CAST(1.5 AS FLOAT)", "FLOAT", 1.5},
		{"CAST(0.1 AS DOUBLE)", "DOUBLE", 0.1},
		{"CAST(-0.05 AS DECIMAL(4,2))", "DECIMAL(4,2)", value.Number("-0.05")},
		{"CAST(12345678.9 AS DECIMAL(9,1))", "DECIMAL(9,1)", value.Number("12345678.9")},
		{"CAST('1234567890123456789012.50' AS DECIMAL(38,2))", "DECIMAL(38,2)", value.Number("1234567890123456789012.50")},
		{"'short'", "VARCHAR", "short"},
		{"'a text longer than twelve bytes, é'", "VARCHAR", "a text longer than twelve bytes, é"},
		{"''", "VARCHAR", ""},
		{"'\\x00a\\xFF'::BLOB", "BLOB", []byte{0, 'a', 0xff}},
		{"CAST('b' AS ENUM('a', 'b'))", "ENUM", "b"},
		{"CAST('8f14e45f-ceea-467f-ab7d-93d2a4c1b0e1' AS UUID)", "UUID", "8f14e45f-ceea-467f-ab7d-93d2a4c1b0e1"},
		{"DATE '1969-12-31'", "DATE", "1969-12-31"},
		{"TIME '03:04:05.5'", "TIME", "03:04:05.5"},
		{"TIMESTAMP '2026-01-02 03:04:05.678901'", "TIMESTAMP", at},
		{"TIMESTAMP '1969-12-31 23:59:59'", "TIMESTAMP", time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC)},
		{"CAST('infinity' AS TIMESTAMP)", "TIMESTAMP", "infinity"},
		{"TIMESTAMPTZ '2026-01-02 03:04:05.678901+00'", "TIMESTAMP WITH TIME ZONE", at},
		{"CAST('2026-01-02 03:04:05' AS TIMESTAMP_S)", "TIMESTAMP_S", at.Truncate(time.Second)},
		{"CAST('2026-01-02 03:04:05.678' AS TIMESTAMP_MS)", "TIMESTAMP_MS", at.Truncate(time.Millisecond)},
		{"CAST('2026-01-02 03:04:05.678901' AS TIMESTAMP_NS)", "TIMESTAMP_NS", at},
		{"INTERVAL '14 months 3 days 04:05:06'", "INTERVAL", "1 year 2 months 3 days 04:05:06"},
		{"[1, NULL, 3]", "INTEGER[]", []any{int64(1), nil, int64(3)}},
		{"CAST([] AS VARCHAR[])", "VARCHAR[]", []any{}},
		{"CAST([1, 2] AS INTEGER[2])", "INTEGER[2]", []any{int64(1), int64(2)}},
		{"{'a': 1, 'b c': ['x']}", `STRUCT("a" INTEGER, "b c" VARCHAR[])`, value.Struct{{Name: "a", Value: int64(1)}, {Name: "b c", Value: []any{"x"}}}},
		{"MAP {'k': 1, 'l': NULL}", "MAP", value.Struct{{Name: "k", Value: int64(1)}, {Name: "l", Value: nil}}},
		{"CAST('{\"a\":1}' AS JSON)", "JSON", `{"a":1}`},
	}
	for _, tt := range tests {
		rows, err := c.Query(t.Context(), "SELECT "+tt.sql+" AS x UNION ALL SELECT NULL", nil)
		if err != nil {
			t.Errorf("%s: %v", tt.sql, err)
			continue
		}
		if col := rows.Columns()[0]; col.Name != "x" || col.Type != tt.typ {
			t.Errorf("%s is column %+v, want %s", tt.sql, col, tt.typ)
		}
		var got []any
		for rows.Next() {
			got = append(got, rows.Values()[0])
		}
		if err := rows.Err(); err != nil {
			t.Errorf("%s: %v", tt.sql, err)
		}
		if d := cmp.Diff([]any{tt.want, nil}, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.sql, d)
		}
		rows.Close()
	}
	if _, err := c.Query(t.Context(), "SELECT CAST('10' AS BIT)", nil); err != nil && !strings.Contains(err.Error(), "CAST it to VARCHAR") {
		t.Errorf("a type that is not shown: %v", err)
	}
}

func TestParameters(t *testing.T) {
	c, _ := create(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	hostile := `x'; DROP TABLE evidence; --`
	params := map[string]any{"s": hostile, "i": int64(-5), "f": 1.5, "b": true, "t": at, "n": nil, "unused": "u"}
	got := all(t, c, `SELECT $s, $i, $f, $b, $t, $n, $s || '!'`, params)
	want := [][]any{{hostile, int64(-5), 1.5, true, at, nil, hostile + "!"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if _, err := c.Query(t.Context(), `SELECT $one, $s, $two`, params); err == nil || !strings.Contains(err.Error(), "no value for parameter $one, $two") && !strings.Contains(err.Error(), "no value for parameter $two, $one") {
		t.Errorf("missing parameters: %v", err)
	}
	if _, err := c.Query(t.Context(), `SELECT $x`, map[string]any{"x": struct{}{}}); err == nil || !strings.Contains(err.Error(), "$x") {
		t.Errorf("a struct as parameter: %v", err)
	}
	// The session is free after each failure.
	if got := all(t, c, `SELECT count(*) FROM evidence`, nil); got[0][0] != int64(0) {
		t.Errorf("%v", got)
	}
}

// resident is the process's resident memory in MiB; 0 where it is not known.
func resident() int {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, _ := strconv.Atoi(strings.Fields(string(text))[1])
	return pages * os.Getpagesize() >> 20
}

func TestStreams(t *testing.T) {
	c, _ := create(t)
	all(t, c, "SELECT 1", nil)
	before := resident()
	rows, err := c.Query(t.Context(), `SELECT i, 'row number ' || i || repeat('x', 100) AS text FROM range(5000000) r(i)`, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n, peak := 0, 0
	for rows.Next() {
		if n++; n%500_000 == 0 {
			peak = max(peak, resident())
		}
	}
	if rows.Err() != nil || n != 5_000_000 {
		t.Errorf("%d rows, %v", n, rows.Err())
	}
	// The result as a whole would be some 700 MB.
	if peak > before+250 {
		t.Errorf("resident memory went from %d to %d MiB", before, peak)
	}
}

func TestCancelQuery(t *testing.T) {
	c, _ := create(t)
	cause := errors.New("the analyst pressed Ctrl-C")
	for name, text := range map[string]string{
		"before the first row": `SELECT sum(a.i * b.i % 7) FROM range(3000000) a(i), range(100000) b(i)`,
		"between rows":         `SELECT i FROM range(100000000000) r(i)`,
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		timer := time.AfterFunc(150*time.Millisecond, func() { cancel(cause) })
		rows, err := c.Query(ctx, text, nil)
		if err == nil {
			for rows.Next() {
			}
			err = rows.Err()
			rows.Close()
		}
		timer.Stop()
		if !errors.Is(err, cause) {
			t.Errorf("%s: %v", name, err)
		}
		if got := all(t, c, "SELECT 42", nil); got[0][0] != int64(42) {
			t.Errorf("%s: the session then gives %v", name, got)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := c.Query(ctx, "SELECT 1", nil); !errors.Is(err, cause) {
		t.Errorf("cancelled before: %v", err)
	}
}

func TestQueryErrors(t *testing.T) {
	c, _ := create(t)
	for text, want := range map[string]string{
		"SELEC 1":                      "syntax error",
		"SELECT nothing FROM evidence": "nothing",
		"SELECT CAST('x' AS INTEGER)":  "Could not convert",
		"SELECT CAST(x AS INTEGER) FROM (VALUES ('1'), ('x')) t(x)": "Could not convert",
		"": "",
	} {
		rows, err := c.Query(t.Context(), text, nil)
		if err == nil {
			for rows.Next() {
			}
			err = rows.Err()
			rows.Close()
			rows.Close() // is safe
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestOpen(t *testing.T) {
	c, path := create(t)
	if err := c.Exec(t.Context(), `INSERT INTO case_info VALUES ('k', 'v')`, nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	ro, err := store.Open(t.Context(), path, store.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := all(t, ro, `SELECT value FROM case_info WHERE key = 'k'`, nil); len(got) != 1 || got[0][0] != "v" {
		t.Errorf("read back %v", got)
	}
	if err := ro.Exec(t.Context(), `DELETE FROM case_info`, nil); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("writing a read-only case: %v", err)
	}
	ro.Close()

	dir := t.TempDir()
	file := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	other := filepath.Join(dir, "other.duckdb")
	o, err := store.Open(t.Context(), filepath.Join(dir, "made.duckdb"), store.Options{Create: true, Schemas: schemas.FS})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Exec(t.Context(), fmt.Sprintf(`ATTACH '%s' AS x`, other), nil); err != nil {
		t.Fatal(err)
	}
	if err := o.Exec(t.Context(), `CREATE TABLE x.t (i INTEGER)`, nil); err != nil {
		t.Fatal(err)
	}
	o.Close()
	for name, p := range map[string]string{
		"text": file("notes.txt", "what the analyst wrote\n"), "long text": file("long", strings.Repeat("a line of a log\n", 10_000)),
		"SQLite": file("x.db", "SQLite format 3\x00"+strings.Repeat("\x00", 4096)), "another database": other,
	} {
		for _, opts := range []store.Options{{}, {ReadOnly: true}, {Create: true, Schemas: schemas.FS}} {
			before, _ := os.ReadFile(p)
			c, err := store.Open(t.Context(), p, opts)
			if err == nil {
				c.Close()
			}
			if !errors.Is(err, store.ErrNotCase) || !strings.Contains(err.Error(), p) {
				t.Errorf("%s, %+v: %v", name, opts.Create, err)
			}
			if after, _ := os.ReadFile(p); string(after) != string(before) {
				t.Errorf("%s was changed", name)
			}
		}
	}
	if _, err := store.Open(t.Context(), dir, store.Options{Create: true, Schemas: schemas.FS}); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("a folder: %v", err)
	}
	if _, err := store.Open(t.Context(), filepath.Join(dir, "none"), store.Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a case that is not there: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "none")); err == nil {
		t.Error("opening made a file")
	}
}
