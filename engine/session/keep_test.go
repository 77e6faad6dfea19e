package session

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"logquarry/engine/custody"
	"logquarry/engine/store"
)

// checked is what CheckFindings says, by id.
func checked(t *testing.T, s *Session, ids ...int64) map[int64]string {
	t.Helper()
	all, err := s.CheckFindings(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	out := map[int64]string{}
	for _, c := range all {
		if c.Same() != (c.String() == "same" || c.String() == "same rows, in another order") {
			t.Errorf("finding %d is same %v and %q", c.ID, c.Same(), c.String())
		}
		out[c.ID] = c.String()
	}
	return out
}

func keep(t *testing.T, s *Session, sql string, params map[string]any) custody.Finding {
	t.Helper()
	f, err := s.Keep(t.Context(), custody.Query{SQL: sql, Parameters: custody.Parameters(params)}, "why")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func exec(t *testing.T, s *Session, sql string) {
	t.Helper()
	if err := s.writable(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Case().DB().ExecContext(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func TestKeepAndCheck(t *testing.T) {
	s, _ := fixture(t, true)
	a := keep(t, s, "SELECT srcaddr, dstport, start, 1.5 AS f, NULL AS n, ['x'] AS l, '\\x00a'::BLOB AS b FROM vpc_flow WHERE srcaddr = $ip", map[string]any{"ip": "10.0.0.1"})
	b := keep(t, s, "SELECT srcaddr FROM vpc_flow ORDER BY srcaddr DESC", nil)
	c := keep(t, s, "SELECT 1 AS x WHERE false", nil)
	if a.ID != 1 || b.ID != 2 || c.ID != 3 || a.Rows != 1 || b.Rows != 2 || c.Rows != 0 {
		t.Fatalf("kept %+v, %+v, %+v", a, b, c)
	}
	kept, err := s.Findings(t.Context())
	if err != nil || len(kept) != 3 {
		t.Fatalf("%v, %v", kept, err)
	}
	if d := cmp.Diff([]custody.Finding{a, b, c}, kept); d != "" {
		t.Errorf("read back (-kept +read):\n%s", d)
	}
	same := map[int64]string{1: "same", 2: "same", 3: "same"}
	if d := cmp.Diff(same, checked(t, s)); d != "" {
		t.Error(d)
	}
	// Anybody can make the hash of the rows with DuckDB alone.
	for _, f := range kept {
		rows, err := s.Query(t.Context(), `SELECT sha256(coalesce(string_agg(h || chr(10), '' ORDER BY h), '')) AS h
			FROM (SELECT sha256(cells) AS h FROM finding_rows WHERE finding_id = $id)`, map[string]any{"id": f.ID})
		if got := cells(t, rows, err, "h"); len(got) != 1 || got[0] != f.RowsSHA256 {
			t.Errorf("finding %d: DuckDB makes %v, kept is %s", f.ID, got, f.RowsSHA256)
		}
	}
	// The stored text of each type.
	rows, err := s.Query(t.Context(), "SELECT cells FROM finding_rows WHERE finding_id = 1", nil)
	want := []string{`["10.0.0.1",443,"2026-03-09T23:46:40Z",1.5,null,["x"],"\\x00a"]`}
	if d := cmp.Diff(want, cells(t, rows, err, "cells")); d != "" {
		t.Error(d)
	}
	if ch, err := s.Case().CheckActions(t.Context()); err != nil || ch.Err() != nil {
		t.Errorf("%+v, %v", ch, err)
	}
	// What can no longer be put back as it was comes last.
	for _, tt := range []struct {
		change, back string
		id           int64
		want         string
	}{
		{"UPDATE finding_rows SET cells = replace(cells, '443', '444') WHERE finding_id = 1", "UPDATE finding_rows SET cells = replace(cells, '444', '443') WHERE finding_id = 1", 1, "its stored rows were changed: there are 1 with hash "},
		{"INSERT INTO finding_rows VALUES (3, 1, '[1]')", "DELETE FROM finding_rows WHERE finding_id = 3", 3, "its stored rows were changed: there are 1 with hash "},
		{"UPDATE findings SET note = 'other' WHERE finding_id = 1", "UPDATE findings SET note = 'why' WHERE finding_id = 1", 1, "it was changed after it was kept"},
		{"UPDATE findings SET os_user = 'x' || os_user WHERE finding_id = 2", "UPDATE findings SET os_user = os_user[2:] WHERE finding_id = 2", 2, "it was changed after it was kept"},
		{"INSERT INTO findings SELECT * REPLACE (9 AS finding_id) FROM findings WHERE finding_id = 3", "DELETE FROM findings WHERE finding_id = 9", 9, "no action says that it was kept"},
		{"CREATE TABLE hold AS FROM findings; DELETE FROM findings WHERE finding_id = 2", "DELETE FROM findings; INSERT INTO findings FROM hold; DROP TABLE hold", 2, "it was taken out of the case after it was kept"},
		{"UPDATE findings SET sql = 'DELETE FROM vpc_flow' WHERE finding_id = 3", "UPDATE findings SET sql = 'SELECT 1 AS x WHERE false' WHERE finding_id = 3", 3, "its statement may change something and was not run"},
	} {
		exec(t, s, tt.change)
		got := checked(t, s)
		if !strings.Contains(got[tt.id], tt.want) {
			t.Errorf("%s: %q, want %q", tt.change, got[tt.id], tt.want)
		}
		delete(got, tt.id)
		for id, text := range got {
			if text != "same" {
				t.Errorf("%s: finding %d is accused: %s", tt.change, id, text)
			}
		}
		exec(t, s, tt.back)
		if d := cmp.Diff(same, checked(t, s)); d != "" {
			t.Fatalf("%s: %s", tt.back, d)
		}
	}
	// The case goes on.
	exec(t, s, "INSERT INTO stored.vpc_flow (srcaddr, file_id, record_no) VALUES ('10.0.0.3', 1, 3), ('10.0.0.4', 1, 4)")
	exec(t, s, "DELETE FROM stored.vpc_flow WHERE srcaddr = '10.0.0.1'")
	got := checked(t, s, 1, 2)
	if d := cmp.Diff(map[int64]string{1: "its query gives 0 rows now, kept were 1: 0 added, 1 removed", 2: "its query gives 3 rows now, kept were 2: 2 added, 1 removed"}, got); d != "" {
		t.Error(d)
	}
	if _, err := s.CheckFindings(t.Context(), []int64{12}); err == nil {
		t.Error("a finding that is not there was checked")
	}
}

func TestCheckTellsColumnsAndOrder(t *testing.T) {
	s, _ := fixture(t, false)
	exec(t, s, "CREATE TABLE mine AS SELECT 1 AS a, 'x' AS b, 1 AS pos UNION ALL SELECT 2, 'y', 2")
	keep(t, s, "SELECT a, b FROM mine ORDER BY pos", nil)
	keep(t, s, "SELECT * EXCLUDE (pos) FROM mine", nil)
	keep(t, s, "SELECT count(*) AS n FROM (SELECT a FROM mine ORDER BY pos)", nil)
	exec(t, s, "UPDATE mine SET pos = 3 - pos")
	if got := checked(t, s); got[1] != "same rows, in another order" || got[2] != "same" || got[3] != "same" {
		t.Errorf("%v", got)
	}
	exec(t, s, "CREATE OR REPLACE TABLE mine AS SELECT 1::BIGINT AS a, 'x' AS c, 1 AS pos")
	got := checked(t, s)
	if !strings.Contains(got[1], "its query fails now: ") || !strings.Contains(got[2], "column a was INTEGER, is BIGINT; column b is gone; column c is new; its query gives 1 row now, kept were 2: ") {
		t.Errorf("%v", got)
	}
}

func TestKeepRefuses(t *testing.T) {
	s, _ := fixture(t, true)
	for _, sql := range []string{"DELETE FROM vpc_flow", "SELECT nope", "CREATE TABLE x (a INTEGER)"} {
		if _, err := s.Keep(t.Context(), custody.Query{SQL: sql}, ""); err == nil {
			t.Errorf("%s was kept", sql)
		}
	}
	if all, err := s.Findings(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("kept %v, %v", all, err)
	}
	// A query that breaks off leaves nothing.
	if _, err := s.Keep(t.Context(), custody.Query{SQL: "SELECT CAST(x AS INTEGER) FROM (SELECT CASE WHEN i = 99999 THEN 'x' ELSE '1' END AS x FROM range(100000) r(i))"}, ""); err == nil {
		t.Error("a result that broke off was kept")
	}
	rows, err := s.Query(t.Context(), "SELECT CAST(count(*) AS VARCHAR) AS n FROM finding_rows", nil)
	if got := cells(t, rows, err, "n"); got[0] != "0" {
		t.Errorf("%s rows are left", got[0])
	}
	s.o.Scratch = true
	if _, err := s.Keep(t.Context(), custody.Query{SQL: "SELECT 1"}, ""); err == nil {
		t.Error("kept without a case")
	}
}

// A case of an earlier version has nowhere to keep findings.
func TestKeepInOlderCase(t *testing.T) {
	s, _ := fixture(t, false)
	exec(t, s, "DROP TABLE findings; DROP TABLE finding_rows")
	if all, err := s.Findings(t.Context()); err != nil || all != nil {
		t.Errorf("%v, %v", all, err)
	}
	if f := keep(t, s, "SELECT 1 AS a", nil); f.ID != 1 {
		t.Errorf("%+v", f)
	}
	if got := checked(t, s); got[1] != "same" {
		t.Errorf("%v", got)
	}
}

// What may change the case or write a file is recorded, what asks is not.
func TestStatementsAreRecorded(t *testing.T) {
	s, _ := fixture(t, true)
	var later []store.Action
	s.o.Later = func(a store.Action) { later = append(later, a) }
	out := filepath.Join(t.TempDir(), "x.csv")
	for _, sql := range []string{"SELECT 1", "SET threads = 1", "COPY (SELECT 1) TO '" + out + "'", "CREATE TABLE mine (a INTEGER)", "WITH x AS (SELECT 1 AS a) SELECT a FROM x", "INSERT INTO mine VALUES (7)"} {
		rows, err := s.Query(t.Context(), sql, nil)
		cells(t, rows, err, "")
	}
	if rows, err := s.Query(t.Context(), "INSERT INTO nowhere VALUES (1)", nil); err == nil {
		t.Error(rows)
	}
	if len(later) != 1 || later[0].Name != "statement" {
		t.Errorf("to be recorded later: %+v", later)
	}
	rows, err := s.Query(t.Context(), "SELECT detail FROM actions WHERE action = 'statement' ORDER BY action_no", nil)
	want := []string{`{"sql":"CREATE TABLE mine (a INTEGER)"}`, `{"sql":"INSERT INTO mine VALUES (7)"}`}
	if d := cmp.Diff(want, cells(t, rows, err, "detail")); d != "" {
		t.Error(d)
	}
}
