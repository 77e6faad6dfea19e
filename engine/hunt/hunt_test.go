package hunt

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"logquarry/engine/value"
)

// sample is a whole hunt; edits of it make the bad ones.
const sample = `/*---
id: ct-demo
title: Demo
severity: high
attack: [T1078.004]
sources: [cloudtrail]
packs: [triage, demo]
params:
  - {name: threshold, type: bigint, default: 10, doc: how many}
  - {name: who, type: varchar, default: "", doc: whom}
means: Something.
noise: Nothing.
cite: A page.
---*/
-- '$no' and $this are not parameters, nor is '$that'
SELECT event_time AS time FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND n > $threshold AND user_name = $who
`

func TestParseFile(t *testing.T) {
	h, err := ParseFile("demo.sql", sample)
	if err != nil {
		t.Fatal(err)
	}
	want := Hunt{
		ID: "ct-demo", Title: "Demo", Severity: High, Attack: []string{"T1078.004"},
		Sources: []string{"cloudtrail"}, Packs: []string{"triage", "demo"},
		Params: []Param{
			{Name: "threshold", Type: Bigint, Default: int64(10), Doc: "how many"},
			{Name: "who", Type: Varchar, Default: "", Doc: "whom"},
		},
		Means: "Something.", Noise: "Nothing.", Cite: "A page.",
		SQL: sample, File: "demo.sql", Window: true,
	}
	if d := cmp.Diff(want, h); d != "" {
		t.Error(d)
	}
}

func TestParseFileRefuses(t *testing.T) {
	for _, tc := range []struct {
		name, old, new string
		want, hint     string
	}{
		{"unknown key", "severity: high", "severety: high", `demo.sql:4: unknown key "severety"`, "did you mean severity?"},
		{"unknown key of a parameter", "type: bigint, default: 10, doc", "type: bigint, defalt: 10, doc", `demo.sql:9: unknown key "defalt"`, "did you mean default?"},
		{"duplicate key", "title: Demo", "title: Demo\ntitle: Again", "demo.sql:4: ", ""},
		{"bad YAML", "title: Demo", "title: [Demo", "demo.sql:", ""},
		{"severity", "severity: high", "severity: hihg", `demo.sql:4: severity "hihg"`, "did you mean high?"},
		{"id", "id: ct-demo", "id: CT Demo", "demo.sql:2: id", ""},
		{"no title", "title: Demo\n", "", "demo.sql:1: the hunt has no title", ""},
		{"attack", "T1078.004", "T1078.4", "demo.sql:5: attack", ""},
		{"no sources", "sources: [cloudtrail]\n", "", "the hunt names no sources", ""},
		{"type", "type: bigint", "type: bigin", `parameter threshold: type "bigin"`, "did you mean bigint?"},
		{"default", "default: 10", "default: ten", `parameter threshold: default: "ten" is not a whole number`, ""},
		{"list as default", "default: 10", "default: [1]", "is not a scalar", ""},
		{"declared twice", "name: who", "name: threshold", "parameter threshold is declared twice", ""},
		{"reserved", "name: who", "name: since", "parameter since: every hunt has it already", ""},
		{"parameter name", "name: who", "name: Who?", `parameter "Who?"`, ""},
		{"undeclared", "$threshold", "$treshold", "demo.sql:18: $treshold is used but not declared", "did you mean threshold?"},
		{"unused", "n > $threshold AND ", "", "parameter threshold is declared but the SQL does not use it", ""},
		{"not closed", "---*/", "*/", "demo.sql:1: the front matter is not closed", "end it with a line ---*/"},
		{"no SQL", sample[strings.Index(sample, "---*/")+5:], "\n", "there is no SQL", ""},
		{"no file", sample, " \n", "demo.sql: the file is empty", ""},
		{"empty front matter", sample, "/*---\n---*/\nSELECT 1", "demo.sql:1: the front matter is empty", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := strings.Replace(sample, tc.old, tc.new, 1)
			if text == sample {
				t.Fatal("the edit changes nothing")
			}
			_, err := ParseFile("demo.sql", text)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if !strings.Contains(e.Error(), tc.want) {
				t.Errorf("got %q, want it to contain %q", e, tc.want)
			}
			if tc.hint != "" && e.Hint != tc.hint {
				t.Errorf("hint %q, want %q", e.Hint, tc.hint)
			}
		})
	}
}

func TestParseFilePlain(t *testing.T) {
	h, err := ParseFile("rules/mine.sql", "\ufeffSELECT $a, $b, $a, $since /* $c */, $$ $d $$, $x$ $e $x$, a$f, \"$g\"")
	if err != nil {
		t.Fatal(err)
	}
	if !h.Plain || h.ID != "mine" || !h.Window {
		t.Errorf("got %+v", h)
	}
	want := []Param{{Name: "a", Type: Varchar, Required: true}, {Name: "b", Type: Varchar, Required: true}}
	if d := cmp.Diff(want, h.Params); d != "" {
		t.Error(d)
	}
}

func TestNamesEndsOnBrokenSQL(t *testing.T) {
	for _, sql := range []string{"'", "\"", "/*", "/*/", "--", "$", "$$", "$x$", "'$a", "$a$"} {
		for _, n := range names(sql) {
			t.Errorf("%q: found $%s", sql, n.text)
		}
	}
}

func TestBind(t *testing.T) {
	h, err := ParseFile("demo.sql", sample)
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name   string
		values map[string]string
		since  time.Time
		want   map[string]any
		err    string
		hint   string
	}{
		{name: "defaults", want: map[string]any{"threshold": int64(10), "who": "", "since": Earliest(), "until": Latest()}},
		{name: "given", values: map[string]string{"threshold": "3", "who": "a'; DROP TABLE x; --"}, since: day,
			want: map[string]any{"threshold": int64(3), "who": "a'; DROP TABLE x; --", "since": day, "until": Latest()}},
		{name: "unknown", values: map[string]string{"treshold": "3"}, err: "ct-demo has no parameter treshold", hint: "did you mean threshold?"},
		{name: "nothing near", values: map[string]string{"qqqqqqqq": "3"}, err: "ct-demo has no parameter qqqqqqqq", hint: "it has threshold, who"},
		{name: "unconvertible", values: map[string]string{"threshold": "1.5"}, err: `ct-demo: parameter threshold: "1.5" is not a whole number`},
		{name: "window", values: map[string]string{"since": "2026-01-01"}, err: "since is the window of the run", hint: "give it as --since"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := h.Bind(tc.values, tc.since, time.Time{})
			if tc.err != "" {
				var e *Error
				if !errors.As(err, &e) || !strings.Contains(e.Msg, tc.err) || e.Hint != tc.hint {
					t.Fatalf("got %#v, want %q, hint %q", err, tc.err, tc.hint)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestBindRequired(t *testing.T) {
	h, err := ParseFile("x.sql", "SELECT $ip")
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Bind(nil, time.Time{}, time.Time{})
	var e *Error
	if !errors.As(err, &e) || e.Hint != "add -p ip=VALUE" {
		t.Fatalf("got %v", err)
	}
	got, err := h.Bind(map[string]string{"ip": "192.0.2.1"}, time.Time{}, time.Time{})
	if d := cmp.Diff(map[string]any{"ip": "192.0.2.1"}, got); err != nil || d != "" {
		t.Error(err, d)
	}
}

func TestConvert(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tc := range []struct {
		t    ParamType
		text string
		want any // nil: an error
	}{
		{Bigint, "-5", int64(-5)}, {Bigint, "9223372036854775808", nil}, {Bigint, "", nil},
		{Double, "0.5", 0.5}, {Double, "half", nil},
		{Boolean, "YES", true}, {Boolean, "0", false}, {Boolean, "maybe", nil},
		{Timestamp, "2026-01-02T03:04:05Z", at}, {Timestamp, "2026-01-02T04:04:05+01:00", at},
		{Timestamp, "2026-01-02 03:04:05", at}, {Timestamp, "2026-01-02", at.Truncate(24 * time.Hour)}, {Timestamp, "yesterday", nil},
		{Varchar, "", ""},
	} {
		got, err := convert(tc.t, tc.text)
		if (err != nil) != (tc.want == nil) || tc.want != nil && !cmp.Equal(got, tc.want) {
			t.Errorf("convert(%s, %q) = %v, %v; want %v", tc.t, tc.text, got, err, tc.want)
		}
	}
}

func library(t *testing.T) *Library {
	t.Helper()
	other := strings.NewReplacer("ct-demo", "ct-other", "high", "critical", "[triage, demo]", "[triage]").Replace(sample)
	l, err := Load(fstest.MapFS{"a/ct-demo.sql": {Data: []byte(sample)}, "ct-other.sql": {Data: []byte(other)}, "README.md": {}})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func ids(hunts []Hunt) string {
	var out []string
	for _, h := range hunts {
		out = append(out, h.ID)
	}
	return strings.Join(out, " ")
}

func TestLoadRefuses(t *testing.T) {
	_, err := Load(fstest.MapFS{
		"a.sql": {Data: []byte(sample)},
		"b.sql": {Data: []byte(sample)},
		"c.sql": {Data: []byte("SELECT 1")},
		"d.sql": {Data: []byte(strings.Replace(sample, "title:", "titel:", 1))},
	})
	for _, want := range []string{"b.sql: id ct-demo is also that of a.sql", "c.sql:1: a hunt of a pack needs front matter", `d.sql:3: unknown key "titel"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to contain %q", err, want)
		}
	}
}

func TestSelect(t *testing.T) {
	l := library(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "sub", "mine.sql")
	if err := errors.Join(os.Mkdir(filepath.Dir(file), 0o700), os.WriteFile(file, []byte("SELECT 1"), 0o600)); err != nil {
		t.Fatal(err)
	}
	empty := t.TempDir()
	for _, tc := range []struct {
		args      []string
		want      string
		err, hint string
	}{
		{nil, "ct-other ct-demo", "", ""},
		{[]string{"all"}, "ct-other ct-demo", "", ""},
		{[]string{"demo"}, "ct-demo", "", ""},
		{[]string{"ct-demo", "triage", "ct-demo"}, "ct-demo ct-other", "", ""},
		{[]string{file, "demo", dir}, "mine ct-demo", "", ""},
		{[]string{"ct-demi"}, "", "ct-demi is no pack, no hunt and no file", "did you mean ct-demo?"},
		{[]string{"other"}, "", "other is no pack", "did you mean ct-other?"},
		{[]string{"zzzzzzzzzz"}, "", "zzzzzzzzzz is no pack", "quarry packs lists what there is"},
		{[]string{filepath.Join(dir, "gone.sql")}, "", "gone.sql: no such file", ""},
		{[]string{empty}, "", "holds no .sql file", ""},
	} {
		got, err := l.Select(tc.args)
		if tc.err != "" {
			if err == nil || !strings.Contains(err.Error(), tc.err) {
				t.Errorf("%v: got %v, want %q", tc.args, err, tc.err)
			}
			var e *Error
			if errors.As(err, &e) && tc.hint != "" && e.Hint != tc.hint {
				t.Errorf("%v: hint %q, want %q", tc.args, e.Hint, tc.hint)
			}
			continue
		}
		if err != nil || ids(got) != tc.want {
			t.Errorf("%v: got %q, %v; want %q", tc.args, ids(got), err, tc.want)
		}
	}
}

func TestPacks(t *testing.T) {
	packs := library(t).Packs()
	if len(packs) != 2 || packs[0].Name != DefaultPack || ids(packs[0].Hunts) != "ct-other ct-demo" || packs[1].Name != "demo" {
		t.Errorf("got %+v", packs)
	}
}

// stubRows are rows of one column, time, at the hours given.
type stubRows struct {
	hours  []int
	at     int
	err    error
	closed *int
}

func (s *stubRows) Columns() []value.Column { return []value.Column{{Name: "time", Type: "TIMESTAMP"}} }
func (s *stubRows) Next() bool {
	s.at++
	return s.at <= len(s.hours)
}
func (s *stubRows) Values() []any {
	return []any{time.Date(2026, 1, 2, s.hours[s.at-1], 0, 0, 0, time.UTC)}
}
func (s *stubRows) Err() error   { return s.err }
func (s *stubRows) Close() error { *s.closed++; return nil }

type stubCase struct {
	has    map[string]bool
	rows   []stubRows
	fail   map[int]error
	n      int
	closed int
}

func (s *stubCase) Query(_ context.Context, sql string, params map[string]any) (value.Rows, error) {
	// The questions whether a table is there and holds rows.
	if strings.Contains(sql, "information_schema.tables") {
		has, there := s.has[params["name"].(string)]
		return &stubRows{hours: make([]int, btoi(has || there)), closed: new(int)}, nil
	}
	if name, ok := strings.CutPrefix(sql, `SELECT 1 FROM "`); ok {
		name, _, _ = strings.Cut(name, `"`)
		return &stubRows{hours: make([]int, btoi(s.has[name])), closed: new(int)}, nil
	}
	i := s.n
	s.n++
	if err := s.fail[i]; err != nil {
		return nil, err
	}
	r := s.rows[i]
	r.closed = &s.closed
	return &r, nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestRun(t *testing.T) {
	one, _ := ParseFile("one.sql", "SELECT 1")
	needs := one
	needs.ID, needs.Sources = "needs", []string{"cloudtrail", "waf", "vpc_flow"}
	boom, late := errors.New("boom"), errors.New("late")
	q := &stubCase{
		has:  map[string]bool{"cloudtrail": true, "vpc_flow": false}, // vpc_flow is empty, waf is not there
		rows: []stubRows{{hours: []int{5, 3, 9}}, {}, {hours: []int{1}, err: late}},
		fail: map[int]error{1: boom},
	}
	var done []string
	got, err := Run(t.Context(), q, []Hunt{one, needs, one, one}, Options{
		Rows: func(_ Hunt, rows value.Rows) error { rows.Next(); return nil }, // leaves the rest to be counted
		Done: func(r Result) error { done = append(done, r.Hunt.ID); return nil },
	})
	if err != nil || len(got) != 4 || len(done) != 4 {
		t.Fatalf("got %d results, %d done, %v", len(got), len(done), err)
	}
	if r := got[0]; r.Count != 3 || r.First.Hour() != 3 || r.Last.Hour() != 9 || r.Err != nil {
		t.Errorf("counted: %+v", r)
	}
	if r := got[1]; !cmp.Equal(r.Missing, []string{"waf", "vpc_flow"}) || r.Count != 0 {
		t.Errorf("skipped: %+v", r)
	}
	if !errors.Is(got[2].Err, boom) || !errors.Is(got[3].Err, late) {
		t.Errorf("failed: %v, %v", got[2].Err, got[3].Err)
	}
	if q.closed != 2 {
		t.Errorf("closed %d results of 2", q.closed)
	}
}

func TestRunStops(t *testing.T) {
	one, _ := ParseFile("one.sql", "SELECT 1")
	stop := errors.New("stop")
	hour := []stubRows{{hours: []int{1}}, {hours: []int{1}}}

	q := &stubCase{rows: hour}
	got, err := Run(t.Context(), q, []Hunt{one, one}, Options{Rows: func(Hunt, value.Rows) error { return stop }})
	if !errors.Is(err, stop) || len(got) != 1 || q.n != 1 || q.closed != 1 {
		t.Errorf("rows callback: %v, %d results, %d queries, %d closed", err, len(got), q.n, q.closed)
	}

	q = &stubCase{rows: hour}
	got, err = Run(t.Context(), q, []Hunt{one, one}, Options{Done: func(Result) error { return stop }})
	if !errors.Is(err, stop) || len(got) != 1 || q.n != 1 {
		t.Errorf("done callback: %v, %d results, %d queries", err, len(got), q.n)
	}

	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	if got, err = Run(ctx, q, []Hunt{one}, Options{}); !errors.Is(err, stop) || len(got) != 0 {
		t.Errorf("cancelled: %v, %d results", err, len(got))
	}

	if _, err = Run(t.Context(), q, []Hunt{one}, Options{Params: map[string]string{"nope": "1"}}); err == nil {
		t.Error("a parameter of no hunt was taken")
	}
}

func TestRunSharesParams(t *testing.T) {
	a, _ := ParseFile("a.sql", "SELECT $ip")
	b, _ := ParseFile("b.sql", "SELECT 1")
	q := &stubCase{rows: []stubRows{{}, {}}}
	got, err := Run(t.Context(), q, []Hunt{a, b}, Options{Params: map[string]string{"ip": "192.0.2.1"}})
	if err != nil || len(got) != 2 || got[1].Err != nil {
		t.Errorf("got %+v, %v", got, err)
	}
}

// A hunt that uses $baseline_until has that parameter without declaring it.
func TestBaselineUntil(t *testing.T) {
	for _, text := range []string{"SELECT $baseline_until, $since", "/*---\nid: b\ntitle: B\nseverity: low\nsources: [waf]\n---*/\nSELECT $baseline_until, $baseline_until"} {
		h, err := ParseFile("b.sql", text)
		if err != nil {
			t.Fatal(err)
		}
		if len(h.Params) != 1 {
			t.Errorf("parameters: %+v", h.Params)
		}
		got, err := h.Bind(nil, time.Time{}, time.Time{})
		if err != nil || got["baseline_until"] != Earliest() {
			t.Errorf("without a period: %v, %v", got, err)
		}
		got, err = h.Bind(map[string]string{"baseline_until": "2026-03-10"}, time.Time{}, time.Time{})
		if err != nil || got["baseline_until"] != time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC) {
			t.Errorf("with one: %v, %v", got, err)
		}
	}
	_, err := ParseFile("b.sql", "/*---\nid: b\ntitle: B\nseverity: low\nsources: [waf]\nparams:\n  - {name: baseline_until, type: timestamp}\n---*/\nSELECT $baseline_until")
	if err == nil || !strings.Contains(err.Error(), "every hunt has it already") {
		t.Errorf("declared: %v", err)
	}
}
