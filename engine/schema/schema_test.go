package schema_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"logquarry/engine/schema"
)

// valid is a description without a fault, to be broken in one place a case.
const valid = `name: dns
title: DNS queries
doc: Queries of a resolver.
cite: Resolver Guide
shape: json
records: [Records]
recognise:
  all: [query]
  path: ['dns']
time: time
key: [id]
columns:
  - name: time
    from: time
    type: timestamp
    unit: UTC
    doc: When.
  - name: id
    from: meta.id
    type: varchar
    compression: zstd
    unit: "-"
    doc: Id.
    cite: Resolver Guide, id
  - name: answer
    from: answers[].data
    type: json
    unit: "-"
    doc: Answers.
  - name: host
    from: headers[name=host].value
    type: varchar
    unit: "-"
    doc: Host.
`

func source(text string) fstest.MapFS {
	return fstest.MapFS{"dns/source.yaml": {Data: []byte(text)}}
}

func TestLoad(t *testing.T) {
	fsys := source(valid)
	fsys["dns/views.sql"] = &fstest.MapFile{Data: []byte("-- All.\nCREATE OR REPLACE VIEW dns_all AS SELECT 1 AS x;\n")}
	fsys["acl/source.yaml"] = &fstest.MapFile{Data: []byte(strings.Replace(valid, "name: dns", "name: acl", 1))}
	fsys["notes/README.md"] = &fstest.MapFile{Data: []byte("no source")}
	fsys["functions.sql"] = &fstest.MapFile{Data: []byte("-- none")}
	got, err := schema.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Name != "acl" || got[1].Name != "dns" {
		t.Fatalf("sources are not acl and dns in order: %v", got)
	}
	if !strings.Contains(got[1].Views, "dns_all") || got[0].Views != "" {
		t.Errorf("views are not those beside the description: %q, %q", got[0].Views, got[1].Views)
	}
	const want = `CREATE TABLE IF NOT EXISTS "dns" (
  "time" TIMESTAMP,
  "id" VARCHAR USING COMPRESSION zstd,
  "answer" VARCHAR,
  "host" VARCHAR,
  "extra" VARCHAR USING COMPRESSION zstd,
  "file_id" BIGINT,
  "record_no" BIGINT
)`
	if d := cmp.Diff(want, got[1].CreateTable()); d != "" {
		t.Errorf("CreateTable (-want +got):\n%s", d)
	}
	if c, ok := got[1].Column("record_no"); !ok || c.Type != schema.Bigint {
		t.Errorf("Column(record_no) = %v, %v", c, ok)
	}
	if _, ok := got[1].Column("Time"); ok {
		t.Error("Column ignores case; names are exact")
	}
	if all := got[1].AllColumns(); len(all) != 7 || len(got[1].Columns) != 4 {
		t.Errorf("AllColumns has %d columns, Columns %d", len(all), len(got[1].Columns))
	}
}

// A source of what is there has no event time.
func TestLoadNoTime(t *testing.T) {
	got, err := schema.Load(source(strings.Replace(valid, "time: time\nkey", "time: none\nkey", 1)))
	if err != nil || len(got) != 1 || got[0].Time != "" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestLoadRefuses(t *testing.T) {
	tests := []struct {
		name, old, new, want, hint string
	}{
		{"unknown key", "title:", "titel:", `dns/source.yaml:2:1: unknown key "titel"`, `Did you mean "title"?`},
		{"unknown column key", "    from: meta.id", "    form: meta.id", `dns/source.yaml:19:5: unknown key "form"`, `Did you mean "from"?`},
		{"broken YAML", "records: [Records]", "records: [Records", "dns/source.yaml:", ""},
		{"duplicate key", "title: DNS queries", "title: DNS queries\ntitle: again", "dns/source.yaml:3:1: ", ""},
		{"folder", "name: dns", "name: dsn", `dns/source.yaml:1:7: name "dsn" is not the folder's, "dns"`, "Write name: dns, or rename the folder."},
		{"no title", "title: DNS queries", "title: ''", `dns/source.yaml:1:5: source has no title`, ""},
		{"shape", "shape: json", "shape: jsno", `dns/source.yaml:5:8: unknown shape "jsno"`, `Did you mean "json"?`},
		{"type", "type: timestamp\n", "type: timestmap\n", `dns/source.yaml:15:11: column "time" has the unknown type "timestmap"`, `Did you mean "timestamp"?`},
		{"compression", "compression: zstd", "compression: zst", `dns/source.yaml:21:18: column "id" has the unknown compression "zst"`, `Did you mean "zstd"?`},
		{"late key", "compression: zstd", "compression: zstd\n    late: true", `column "id" cannot be late`, "A column of time, key or state, or a rare one, is none."},
		{"key", "key: [id]", "key: [idd]", `dns/source.yaml:11:7: key "idd" is not a column`, `Did you mean "id"?`},
		{"state", "key: [id]", "key: [id]\nstate: [idd]", `dns/source.yaml:12:9: state "idd" is not a column`, `Did you mean "id"?`},
		{"state of a time", "key: [id]", "key: [id]\nstate: [time]", `state "time" cannot be compared`, "A state is text, JSON or a boolean, and not rare."},
		{"state alone", "key: [id]", "state: [id]", "state goes with a key", ""},
		{"time", "time: time\nkey", "time: tim\nkey", `dns/source.yaml:10:7: time "tim" is not a column`, `Did you mean "time"?`},
		{"time of text", "time: time\nkey", "time: id\nkey", `dns/source.yaml:10:7: time "id" is a column of type varchar, not a timestamp`, ""},
		{"regexp", "path: ['dns']", "path: ['d(ns']", "dns/source.yaml:9:10: error parsing regexp", ""},
		{"name case", "name: id", "name: Id", `column "Id" is not snake_case`, ""},
		{"name twice", "name: id", "name: time", `column "time" is there twice`, ""},
		{"reserved name", "name: id", "name: file_id", `column "file_id" is the name of a column every table has`, ""},
		{"same field twice", "from: meta.id", "from: time", `column "id" reads time, as column "time" does`, ""},
		{"step", "from: answers[].data", "from: answers[0].data", `step "answers[0]" of from is not one`, "A step is key, key[] or key[name=text]."},
		{"no unit", "    unit: UTC\n", "", `column "time" has no unit`, ""},
		{"no doc", "    doc: When.\n", "", `column "time" has no doc`, ""},
		{"no cite", "cite: Resolver Guide\nshape", "shape", `column "time" has no cite`, ""},
		{"default in JSON", "time: time\nkey", "default: [time]\ntime: time\nkey", "default is for shape delimited, w3c, csv only", ""},
		{"recognises nothing", "  all: [query]\n  path: ['dns']\n", "  none: [x]\n", "recognise tells nothing", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(valid, tt.old, tt.new, 1)
			if text == valid {
				t.Fatal("the case changes nothing")
			}
			got, err := schema.Load(source(text))
			if err == nil {
				t.Fatalf("Load took it: %+v", got[0])
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q does not say %q", err, tt.want)
			}
			var e *schema.Error
			if !errors.As(err, &e) {
				t.Fatalf("error is a %T", err)
			}
			if tt.hint != "" && e.Hint != tt.hint {
				t.Errorf("hint %q, want %q", e.Hint, tt.hint)
			}
		})
	}
}

func TestLoadNamesEveryFault(t *testing.T) {
	text := strings.NewReplacer("unit: UTC", "unit: ''", "key: [id]", "key: [nothing]").Replace(valid)
	fsys := source(text)
	fsys["acl/source.yaml"] = &fstest.MapFile{Data: []byte("name: acl\nshap: json\n")}
	_, err := schema.Load(fsys)
	for _, want := range []string{`column "time" has no unit`, `key "nothing"`, `acl/source.yaml:2:1: unknown key "shap"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
}

func TestSplitViews(t *testing.T) {
	got, err := schema.SplitViews("-- A file.\n\n-- Shows a.\nCREATE OR REPLACE VIEW a AS\n-- why\nSELECT ';' AS x,\n\n 1 AS y;\n\n-- Shows b.\nCREATE OR REPLACE VIEW \"b\" AS SELECT 1;\n")
	want := []schema.View{
		{Name: "a", Doc: "Shows a.", SQL: "CREATE OR REPLACE VIEW a AS\n-- why\nSELECT ';' AS x,\n\n 1 AS y"},
		{Name: "b", Doc: "Shows b.", SQL: "CREATE OR REPLACE VIEW \"b\" AS SELECT 1"},
	}
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("SplitViews (-want +got):\n%s", d)
	}
	for _, bad := range []string{
		"CREATE OR REPLACE VIEW a AS SELECT 1;",
		"-- Shows a.\n\nCREATE OR REPLACE VIEW a AS SELECT 1;",
		"-- Shows a.\nCREATE VIEW a AS SELECT 1;",
		"-- Shows a.\nDROP TABLE a;",
		"-- Shows a.\nCREATE OR REPLACE VIEW a AS SELECT 1",
	} {
		if got, err := schema.SplitViews(bad); err == nil {
			t.Errorf("SplitViews took %q: %v", bad, got)
		}
	}
}

func TestEventsView(t *testing.T) {
	with := &schema.Source{Name: "a", Views: "-- X.\nCREATE OR REPLACE VIEW a_events AS SELECT 1;"}
	without := &schema.Source{Name: "b", Views: "-- X.\nCREATE OR REPLACE VIEW b_events_daily AS SELECT 1;"}
	other := &schema.Source{Name: "c", Views: "-- X.\nCREATE OR REPLACE VIEW c_events AS SELECT 1;"}
	got, err := schema.EventsView([]*schema.Source{with, without, other})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(got.SQL, "UNION ALL") != 1 || !strings.Contains(got.SQL, "FROM a_events") || !strings.Contains(got.SQL, "FROM c_events") || strings.Contains(got.SQL, "b_events") {
		t.Errorf("EventsView = %s", got.SQL)
	}
	if got, err := schema.EventsView([]*schema.Source{without}); err != nil || !strings.Contains(got.SQL, "WHERE 1 = 0") {
		t.Errorf("EventsView without event views = %q, %v", got.SQL, err)
	}
	if got, err := schema.EventsView([]*schema.Source{{Name: "d", Views: "SELECT 1;"}}); err == nil || !strings.Contains(err.Error(), "d/views.sql: line 1") {
		t.Errorf("EventsView took views that are none: %q, %v", got.SQL, err)
	}
}
