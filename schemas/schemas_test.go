package schemas_test

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"logquarry/engine/schema"
	"logquarry/engine/schema/schematest"
	"logquarry/schemas"
)

// TestFolders holds the embedded files against the sources: a folder without a
// description would otherwise be passed over in silence.
func TestFolders(t *testing.T) {
	var folders, names []string
	entries, err := fs.ReadDir(schemas.FS, ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			folders = append(folders, e.Name())
		}
	}
	for _, s := range schematest.Shipped(t) {
		names = append(names, s.Name)
		if len(s.Views) == 0 {
			t.Errorf("%s has no views.sql", s.Name)
		}
		for _, c := range s.AllColumns() {
			if c.Unit == "" || c.Doc == "" {
				t.Errorf("%s.%s lacks unit or doc", s.Name, c.Name)
			}
			if c.From != "" && c.Cite == "" {
				t.Errorf("%s.%s cites nothing", s.Name, c.Name)
			}
		}
	}
	if d := cmp.Diff(folders, names); d != "" {
		t.Errorf("folders and sources (-folders +sources):\n%s", d)
	}
}

func TestViewsRun(t *testing.T) {
	db := emptyCase(t)
	for _, s := range schematest.Shipped(t) {
		views, err := schema.SplitViews(s.Views)
		if err != nil {
			t.Errorf("%s/views.sql: %v", s.Name, err)
			continue
		}
		events := false
		for _, v := range views {
			if !v.Macro {
				ask(t, db, "SELECT * FROM "+schema.Quote(v.Name)+" LIMIT 1")
			}
			if len(v.Doc) > 220 {
				t.Errorf("%s: the comment of %s is too long to be listed", s.Name, v.Name)
			}
			events = events || v.Name == s.Name+"_events"
		}
		if !events {
			t.Errorf("%s has no view %s_events", s.Name, s.Name)
		}
	}
}

func TestEventColumns(t *testing.T) {
	db := emptyCase(t)
	var want []string
	for _, c := range schema.EventColumns {
		want = append(want, c.Name+"|"+c.Type.SQL())
	}
	views := []string{"events"}
	for _, s := range schematest.Shipped(t) {
		views = append(views, s.Name+"_events")
	}
	for _, v := range views {
		got := ask(t, db, "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index", v)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", v, d)
		}
	}
}

// TestPortable keeps shipped views within the SQL that Trino takes too.
func TestPortable(t *testing.T) {
	forbidden := map[string]*regexp.Regexp{
		":: cast":            regexp.MustCompile(`::`),
		"->>":                regexp.MustCompile(`->`),
		"ILIKE":              regexp.MustCompile(`(?i)\bILIKE\b`),
		"QUALIFY":            regexp.MustCompile(`(?i)\bQUALIFY\b`),
		"EXCLUDE, REPLACE":   regexp.MustCompile(`(?i)\* *\(?(EXCLUDE|REPLACE)\b`),
		"GROUP or ORDER ALL": regexp.MustCompile(`(?i)\bBY\s+ALL\b`),
		"list comprehension": regexp.MustCompile(`(?i)\[[^\]']*\bFOR\b`),
		"DuckDB's JSON":      regexp.MustCompile(`(?i)\b(json_extract_string|json_type|json_value|from_json|to_json)\s*\(`),
		"DuckDB's names":     regexp.MustCompile(`(?i)\b(regexp_matches|approx_count_distinct|list_\w+|string_split|strftime|strptime|epoch_ms|to_timestamp|array_to_string|len|ifnull|string_agg)\s*\(`),
		"DuckDB's types":     regexp.MustCompile(`(?i)\bAS\s+(TEXT|STRING|HUGEINT|UBIGINT|JSON|\w+\[\])\s*\)`),
	}
	quoted := regexp.MustCompile(`'[^']*'`)
	comment := regexp.MustCompile(`(?m)--.*$`)
	check := func(name, text string) {
		text = quoted.ReplaceAllString(comment.ReplaceAllString(text, ""), "''")
		for what, re := range forbidden {
			if m := re.FindString(text); m != "" {
				t.Errorf("%s: %s is not portable: %q", name, what, m)
			}
		}
	}
	cross, err := fs.ReadFile(schemas.FS, "cross.sql")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{"cross.sql": string(cross)}
	for _, s := range schematest.Shipped(t) {
		texts[s.Name+"/views.sql"] = s.Views
		texts[s.Name+"/examples.sql"] = s.Examples
	}
	for name, text := range texts {
		views, err := schema.SplitViews(text)
		if strings.HasSuffix(name, "examples.sql") {
			check(name, text)
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, v := range views {
			if !v.Macro { // a table macro is DuckDB's own; Trino has none
				check(name, v.SQL)
			}
		}
	}
	events, err := schema.EventsView(schematest.Shipped(t))
	if err != nil {
		t.Fatal(err)
	}
	check("events", events.SQL)
}

// TestEventsPushDown shows on a real case that a filter on events is answered
// in the scans of the tables, by their plain columns.
func TestEventsPushDown(t *testing.T) {
	c, _ := loadFiles(t, t.TempDir())
	db := c.DB()
	for table, columns := range map[string][2]string{
		"cloudtrail":          {"event_time, source_ip_address, recipient_account_id, aws_region", "'111122223333', 'eu-west-1'"},
		"vpc_flow":            {"start, srcaddr, account_id, interface_id", "'111122223333', 'eni-1'"},
		"waf":                 {`"timestamp", client_ip, webacl_id, action`, "'guid', 'ALLOW'"},
		"cloudtrail_insights": {"event_time, event_id, recipient_account_id, aws_region", "'111122223333', 'eu-west-1'"},
	} {
		run(t, db, "INSERT INTO "+schema.StorageSchema+"."+table+" ("+columns[0]+`)
			SELECT TIMESTAMP '2026-01-01' + to_seconds(i), '203.0.113.' || (i % 200), `+columns[1]+" FROM range(5000) t(i)")
	}
	plan := func(where string) string {
		return strings.Join(ask(t, db, "EXPLAIN (FORMAT json) SELECT count(*) FROM events WHERE "+where), "")
	}
	got := plan(`event_time >= TIMESTAMP '2026-01-01 00:10:00' AND event_time < TIMESTAMP '2026-01-01 00:20:00' AND src_ip = '203.0.113.7'`)
	for _, want := range []string{"source_ip_address='203.0.113.7'", "srcaddr='203.0.113.7'", "client_ip='203.0.113.7'", "event_time>=", "start>=", "timestamp>="} {
		if !strings.Contains(got, want) {
			t.Errorf("no scan filters by %s: %s", want, got)
		}
	}
	// Some sources keep the address inside other text; none the time.
	got = plan(`event_time >= TIMESTAMP '2026-01-01 00:10:00' AND event_time < TIMESTAMP '2026-01-01 00:20:00'`)
	if strings.Contains(got, `"FILTER"`) {
		t.Errorf("a filter on the time stands outside the scans: %s", got)
	}
	got = plan("account_id = '111122223333' AND source = 'cloudtrail'")
	if !strings.Contains(got, "recipient_account_id='111122223333'") || strings.Contains(got, "vpc_flow") {
		t.Errorf("the account is not filtered in the scan, or other sources are read: %s", got)
	}
}
