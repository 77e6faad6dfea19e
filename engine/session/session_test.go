package session

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"logquarry/engine/find"
	"logquarry/engine/hunt"
	"logquarry/engine/load"
	"logquarry/engine/repl"
	"logquarry/engine/schema/schematest"
	"logquarry/engine/store"
	"logquarry/engine/value"
	"logquarry/queries"
	"logquarry/schemas"
)

const flows = `version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status
2 111122223333 eni-0a1b2c3d 10.0.0.1 192.0.2.10 40000 443 6 10 840 1773100000 1773100060 ACCEPT OK
2 111122223333 eni-0a1b2c3d 10.0.0.12 198.51.100.9 40001 22 6 10 840 1773100100 1773100160 REJECT OK
`

// fixture is a session over two flow records.
func fixture(t *testing.T, readOnly bool) (*Session, string) {
	t.Helper()
	return over(t, flows, readOnly)
}

// over is a session over the log of a text, and the log's path.
func over(t *testing.T, text string, readOnly bool) (*Session, string) {
	t.Helper()
	ctx := t.Context()
	dir := t.TempDir()
	logs := filepath.Join(dir, "some.log")
	if err := os.WriteFile(logs, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	sources := schematest.Shipped(t)
	lib, err := hunt.Load(queries.FS)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "case.duckdb")
	c, err := store.Open(ctx, path, store.Options{Create: true, Schemas: schemas.FS})
	if err != nil {
		t.Fatal(err)
	}
	f, err := find.NewFinder(find.Options{Sources: sources, Scratch: dir})
	if err != nil {
		t.Fatal(err)
	}
	files, err := f.Find(ctx, []string{logs})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := load.Load(ctx, c, files, load.Options{Sources: sources}); err != nil {
		t.Fatal(err)
	}
	cross, err := fs.ReadFile(schemas.FS, "cross.sql")
	if err != nil {
		t.Fatal(err)
	}
	var s *Session
	o := Options{Case: c, Library: func() *hunt.Library { return lib }, Sources: sources, Cross: string(cross)}
	if readOnly {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if o.Case, err = store.Open(ctx, path, store.Options{ReadOnly: true}); err != nil {
			t.Fatal(err)
		}
		o.Reopen = func(ctx context.Context, write bool) (*store.Case, error) {
			if err := s.Case().Close(); err != nil {
				return nil, err
			}
			return store.Open(ctx, path, store.Options{ReadOnly: !write})
		}
		o.Confined = func(ctx context.Context) (*store.Case, error) {
			return store.Open(ctx, path, store.Options{ReadOnly: true, Confined: true})
		}
	}
	s = New(o)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, logs
}

// cells are the texts of one column of a result.
func cells(t *testing.T, rows value.Rows, err error, column string) []string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for rows.Next() {
		for i, c := range rows.Columns() {
			if c.Name == column {
				text, _ := rows.Values()[i].(string)
				out = append(out, text)
			}
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPivot(t *testing.T) {
	s, _ := fixture(t, true)
	for v, want := range map[string][]string{
		"10.0.0.1":        {"10.0.0.1"}, // and not 10.0.0.12
		"198.51.100.9":    {"10.0.0.12"},
		"10.0.0.0/24":     {"10.0.0.1", "10.0.0.12"},
		"10.0.0.9/24":     {"10.0.0.1", "10.0.0.12"},
		"203.0.113.0/24":  nil,
		"eni-0a1b2c3d":    {"10.0.0.1", "10.0.0.12"},
		" 111122223333 ":  {"10.0.0.1", "10.0.0.12"},
		"REJECT":          {"10.0.0.12"},
		"x' OR true --":   nil,
		"eni-0a1b2c3d%":   nil,
		"2001:db8::1":     nil,
		"2001:db8:0::/32": nil,
	} {
		rows, err := s.Pivot(t.Context(), v)
		if d := cmp.Diff(want, cells(t, rows, err, "src_ip")); d != "" {
			t.Errorf("%s: %s", v, d)
		}
	}
	if _, err := s.Pivot(t.Context(), " "); err == nil {
		t.Error("a pivot about nothing was taken")
	}
}

func TestRaw(t *testing.T) {
	s, logs := fixture(t, true)
	var b strings.Builder
	if err := s.Raw(t.Context(), &b, 1, 2); err != nil {
		t.Fatal(err)
	}
	if want := strings.Split(flows, "\n")[2]; strings.TrimRight(b.String(), "\r\n") != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
	if err := s.Raw(t.Context(), &b, 1, 3); !errors.Is(err, load.ErrNoRecord) {
		t.Errorf("record 3 of 2: %v", err)
	}
	var h *Hinted
	if err := s.Raw(t.Context(), &b, 9, 1); !errors.As(err, &h) {
		t.Errorf("file 9 of 1: %v", err)
	}
	if err := os.WriteFile(logs, []byte(strings.Replace(flows, "10.0.0.1 ", "10.9.9.9 ", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Raw(t.Context(), &b, 1, 1); err == nil || !strings.Contains(err.Error(), "has changed since it was loaded") {
		t.Errorf("changed evidence: %v", err)
	}
	if err := os.Remove(logs); err != nil {
		t.Fatal(err)
	}
	if err := s.Raw(t.Context(), &b, 1, 1); err == nil || !strings.Contains(err.Error(), "not there any more") {
		t.Errorf("missing evidence: %v", err)
	}
}

func TestCatalogue(t *testing.T) {
	s, _ := fixture(t, true)
	cat, err := s.Catalogue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	views, tables := map[string]string{}, map[string]string{}
	for _, r := range cat.Relations {
		if r.Doc == "" {
			t.Errorf("%s has no word about it", r.Name)
		}
		if r.View {
			views[r.Name] = r.Doc
			continue
		}
		tables[r.Name] = r.Doc
		if r.Name == "vpc_flow" {
			for _, c := range r.Columns {
				if c.Doc == "" {
					t.Errorf("vpc_flow.%s has no word about it", c.Name)
				}
			}
		}
	}
	for _, name := range []string{"config_at", "config_diff"} {
		i := slices.IndexFunc(cat.Relations, func(r repl.Relation) bool { return r.Name == name })
		if i < 0 || cat.Relations[i].Args == nil || len(cat.Relations[i].Columns) == 0 || !strings.Contains(views[name], name+"(") {
			t.Errorf("%s is not among the views, with how to call it: %q", name, views[name])
		}
	}
	for _, r := range cat.Relations {
		for _, c := range r.Columns {
			if r.Name == "ip_owner" && c.Name == "ip" && c.Doc != "" {
				t.Errorf("ip_owner.ip is described as another source's column: %s", c.Doc)
			}
		}
	}
	for _, src := range s.o.Sources {
		if tables[src.Name] == "" {
			t.Errorf("%s is not among the tables", src.Name)
		}
	}
	if views["events"] == "" || views["waf_blocked"] == "" || tables["evidence"] == "" {
		t.Errorf("events, waf_blocked or evidence is missing: %v %v", views, tables)
	}
	has := strings.Join(cat.Functions, " ")
	if !strings.Contains(has, " ip_in_cidr ") || !strings.Contains(has, " date_trunc ") {
		t.Errorf("functions: %s", has)
	}
}

// TestQueryReopens: a statement that changes the case opens it for writing.
func TestQueryReopens(t *testing.T) {
	s, _ := fixture(t, true)
	if !s.Case().ReadOnly() {
		t.Fatal("the case was opened for writing")
	}
	rows, err := s.Query(t.Context(), "CREATE TABLE mine AS SELECT 'x' AS a", nil)
	cells(t, rows, err, "")
	rows, err = s.Query(t.Context(), "FROM mine", nil)
	if d := cmp.Diff([]string{"x"}, cells(t, rows, err, "a")); d != "" {
		t.Error(d)
	}
}

func TestRunHunt(t *testing.T) {
	s, _ := fixture(t, true)
	var h *Hinted
	var missing *MissingError
	if _, err := s.RunHunt(t.Context(), "ct-trail-impaired", nil); !errors.As(err, &missing) || missing.Source != "cloudtrail" {
		t.Errorf("a hunt over a source without rows: %v", err)
	}
	if _, err := s.RunHunt(t.Context(), "nope", nil); err == nil {
		t.Error("a hunt that is not there was run")
	}
	if _, err := s.RunHunt(t.Context(), "flow-port-scan", map[string]string{"nope": "1"}); !errors.As(err, &h) {
		t.Errorf("a parameter that is not there: %v", err)
	}
	rows, err := s.RunHunt(t.Context(), "flow-port-scan", nil)
	if got := cells(t, rows, err, "src_ip"); got != nil {
		t.Errorf("found %v", got)
	}
}

// TestQueryReads: what writes nothing into the case does not open it for writing,
// and what it leaves in the session is not lost unasked.
func TestQueryReads(t *testing.T) {
	s, logs := fixture(t, true)
	run := func(sql string) error {
		t.Helper()
		rows, err := s.Query(t.Context(), sql, nil)
		if err != nil {
			return err
		}
		for rows.Next() {
			continue
		}
		return errors.Join(rows.Err(), rows.Close())
	}
	out := filepath.Join(filepath.Dir(logs), "out.csv")
	for _, sql := range []string{
		"CREATE TEMP TABLE t (a INT)", "INSERT INTO t VALUES (1)", "UPDATE t SET a = 2", "CREATE OR REPLACE TEMPORARY VIEW v AS FROM t",
		"PREPARE p AS SELECT 1", "EXECUTE p", "SET VARIABLE x = 1", "SET threads = 1", "PRAGMA database_list", "USE memory", "USE logquarry",
		"COPY (SELECT 'k', 'v') TO '" + out + "'", "SELECT * FROM read_csv('" + out + "')", "EXPLAIN SELECT 1", "CALL pragma_version()",
		"/* x */ -- y\nSELECT 1",
	} {
		if err := run(sql); err != nil || !s.Case().ReadOnly() {
			t.Errorf("%s: %v, to be read: %v", sql, err, s.Case().ReadOnly())
		}
	}
	var h *Hinted
	for _, sql := range []string{"CREATE TABLE mine (a INT)", "EXPLAIN ANALYZE INSERT INTO case_info VALUES ('a', 'b')", "COPY case_info FROM '" + out + "'"} {
		if err := run(sql); !errors.As(err, &h) || !strings.Contains(h.Advice, "table t, view v, prepared statement p, variable x") {
			t.Errorf("%s: %v", sql, err)
		}
	}
	for _, sql := range []string{"DROP VIEW v", "DROP TABLE t", "DEALLOCATE p", "RESET VARIABLE x"} {
		if err := run(sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if err := run("EXPORT DATABASE '" + out + ".d'"); err != nil || !s.Case().ReadOnly() {
		t.Errorf("export: %v", err)
	}
	for _, sql := range []string{"ATTACH '" + s.Case().Path + "' AS again", "DETACH logquarry", "IMPORT DATABASE '" + out + ".d'", "SELECT 1; SELECT 2"} {
		if err := run(sql); err == nil {
			t.Errorf("%s: was run", sql)
		}
	}
}

// TestQueryWrites: what writes is found out, however it is spelled.
func TestQueryWrites(t *testing.T) {
	s, logs := fixture(t, true)
	csv := logs + ".csv"
	if err := os.WriteFile(csv, []byte("2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, made := range []string{"CREATE TABLE mine AS SELECT 1 AS a", "CREATE SEQUENCE s"} {
		rows, err := s.Query(t.Context(), made, nil)
		cells(t, rows, err, "")
	}
	for _, sql := range []string{
		"COPY mine FROM 'CSV' (HEADER false)", "EXPLAIN ANALYZE INSERT INTO mine VALUES (2)", "/* SELECT */ -- x\n insert INTO mine VALUES (2)",
		"WITH x AS (SELECT 2 AS a) INSERT INTO mine FROM x", "WITH x AS (SELECT 2 AS a) MERGE INTO mine USING x ON mine.a = x.a WHEN NOT MATCHED THEN INSERT VALUES (2)",
		"PREPARE p AS INSERT INTO mine VALUES (2)", "START TRANSACTION", "FROM mine SELECT nextval('s')", "SELECT 1 FROM mine WHERE nextval('s') > 0",
		"TRUNCATE mine", "COMMENT ON TABLE mine IS 'x'",
	} {
		if err := s.reopen(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		rows, err := s.Query(t.Context(), strings.ReplaceAll(sql, "CSV", csv), nil)
		cells(t, rows, err, "")
		if s.Case().ReadOnly() {
			t.Errorf("%s: the case is open to be read still", sql)
		}
	}
}

// TestHuntsConfined: the analyst's statements read files, before and after a
// hunt; the hunt does not, also where the case was written to before.
func TestHuntsConfined(t *testing.T) {
	s, logs := fixture(t, true)
	ctx := t.Context()
	reads := func() {
		t.Helper()
		rows, err := s.Query(ctx, "SELECT content FROM read_text('"+logs+"')", nil)
		if got := cells(t, rows, err, "content"); len(got) != 1 || got[0] != flows {
			t.Errorf("read %q", got)
		}
	}
	// A hunt as one from a folder would be, were its words not looked at.
	h, err := hunt.ParseFile("bad.sql", "SELECT * FROM query('FROM read_text(''"+logs+"'')')")
	if err != nil {
		t.Fatal(err)
	}
	refused := func() {
		t.Helper()
		c, err := s.confined(ctx)
		if err != nil {
			t.Fatal(err)
		}
		got, err := hunt.Run(ctx, c, []hunt.Hunt{h}, hunt.Options{})
		var no *store.Refused
		if err != nil || len(got) != 1 || !errors.As(got[0].Err, &no) {
			t.Errorf("the hunt ran: %v %v", got, err)
		}
	}
	ask := func() {
		t.Helper()
		rows, err := s.RunHunt(ctx, "flow-port-scan", map[string]string{"ports": "1"})
		cells(t, rows, err, "src_ip")
		if !s.hunting.Confined() || s.Case().Confined() {
			t.Error("not the hunt is confined")
		}
	}
	reads()
	ask()
	refused()
	reads()
	rows, err := s.Query(ctx, "CREATE TABLE mine AS SELECT 'x' AS a", nil)
	cells(t, rows, err, "")
	if s.hunting != nil || s.Case().ReadOnly() {
		t.Error("the case is not open for writing alone")
	}
	reads()
	rows, err = s.Query(ctx, "BEGIN", nil)
	cells(t, rows, err, "")
	var hint *Hinted
	if _, err := s.RunHunt(ctx, "flow-port-scan", nil); !errors.As(err, &hint) || !strings.Contains(hint.Advice, "an open transaction") {
		t.Errorf("a hunt beside an open transaction: %v", err)
	}
	rows, err = s.Query(ctx, "ROLLBACK", nil)
	cells(t, rows, err, "")
	ask()
	refused()
	reads()
	rows, err = s.Query(ctx, "FROM mine", nil)
	if got := cells(t, rows, err, "a"); len(got) != 1 {
		t.Errorf("what was written is gone: %v", got)
	}
}

func TestChanges(t *testing.T) {
	for sql, want := range map[string]bool{
		"SELECT 1": false, "SET threads = 1": false, "CREATE TABLE a (b INT)": true, "INSERT INTO a VALUES (1)": true,
		"WITH x AS (SELECT 1) INSERT INTO a FROM x": true, "WITH x AS (SELECT 1) FROM x": false, "EXPLAIN SELECT 1": false,
		"COPY a TO 'b.csv'": false, "": false, "CREATE TEMP TABLE a (b INT)": false, "create or replace\ttemporary view a AS SELECT 1": false,
		"PREPARE p AS SELECT 1": false, "PREPARE p AS INSERT INTO a VALUES (1)": true, "PREPARE p (INT) AS SELECT 1": true, "START TRANSACTION": true,
		"CREATE TABLE temp (a INT)": true,
	} {
		if got := Changes(sql); got != want {
			t.Errorf("%s: %v", sql, got)
		}
	}
}
