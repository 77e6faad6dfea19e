package repl

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"logquarry/engine/custody"
)

func TestScript(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "in.sql")
	if err := os.WriteFile(file, []byte("\ufeffselect 'in file';\n\nselect clodtrail;\n.read "+file+"x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	loop := filepath.Join(dir, "loop.sql")
	if err := os.WriteFile(loop, []byte(".read "+loop+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, in, out, errs string
		failed              bool
	}{
		{"nothing", "", "", "", false},
		{"no semicolon at the end", "select 1;\nselect\n 2", "c|select 1\nc|select  2\n", "", false},
		{"two on a line", "select 1; select 2; -- x\n", "c|select 1\nc|select 2\n", "", false},
		{"comments only", "-- a;\n/* b;\n */\n\n", "", "", false},
		{"CRLF", "select 1;\r\nselect 2;\r\n", "c|select 1\nc|select 2\n", "", false},
		{"semicolon in quotes", "select ';\n';select $$;$$;\n", "c|select '; '\nc|select $$;$$\n", "", false},
		{"goes on after an error", "select 1;\n\nselect *\nfrom clodtrail;\nselect 2;", "c|select 1\nc|select 2\n",
			"stdin:3: Catalog Error: Table with name clodtrail does not exist!\n\n   2 | from clodtrail\n     |      ^\ndid you mean cloudtrail?\n", true},
		{"unknown command", "\n.tabels\n", "", "stdin:2: no command .tabels\nhint: did you mean .tables?\n", true},
		{"nothing like it", ".xyzzy\n", "", "stdin:1: no command .xyzzy\nhint: .help lists the commands\n", true},
		{"ambiguous", ".h\n", "", "stdin:1: command .h could be .hunts or .history or .help\n", true},
		{"usage", ".raw 1\n", "", "stdin:1: usage: .raw FILE_ID RECORD_NO\n", true},
		{"raw", ".raw 7 9\n", "raw 7 9 \x1b[31mred\x1b]0;title\x07", "", false},
		{"raw of no number", ".raw 7 x\n", "", "stdin:1: record_no \"x\" is not a whole number\n", true},
		{"parameters", ".param set ip '192.0.2.1'\nselect $ip;\n.param unset ip\nselect $ip;\n",
			"c|select $ip\nc|ip=192.0.2.1\n", "stdin:4: no value for the parameter $ip\nhint: .param set ip VALUE\n", true},
		{"parameter with blanks", ".param set a b c\n", "", "stdin:1: the value has blanks\nhint: .param set a 'b c'\n", true},
		{"parameter list", ".param set $b 'it''s'\n.param set a x\n.param\n", "c|a|x\nc|b|it's\n", "", false},
		{"hunt", ".param set ip 192.0.2.1\n.run CT-root-use since='2026-02-01 00:00'\n", `c|ct-root-use|{"ip":"192.0.2.1","since":"2026-02-01 00:00"}` + "\n", "", false},
		{"unknown hunt", ".run ct-rootuse\n", "", "stdin:1: no hunt ct-rootuse\nhint: did you mean ct-root-use?\n", true},
		{"unknown parameter of a hunt", ".run ct-root-use sinc=1\n", "", "stdin:1: no parameter of ct-root-use sinc\nhint: did you mean since?\n", true},
		{"hunts", ".hunts blocked\n", "c|waf-blocked|low|Blocked clients|waf\n", "", false},
		{"describe", ".describe VPC_FLOW\n", "c|srcaddr|VARCHAR|\nc|bytes|BIGINT|octets\n", "", false},
		{"describe a hunt", ".describe waf-blocked\n", "waf-blocked  Blocked clients\nseverity: low\nsources:  waf\n\nrun it with .run waf-blocked\n", "", false},
		{"describe nothing", ".describe vpcflow\n", "", "stdin:1: no table, view or hunt vpcflow\nhint: did you mean vpc_flow?\n", true},
		{"tables and views", ".tables flow\n.views\n", "c|vpc_flow|2|flows\nc|console_logins|2|who signed in\n", "", false},
		{"format", ".format json\nselect 1;\n.format jason\n", "j|select 1\n", "stdin:3: no format jason\nhint: did you mean json?\n", true},
		{"pivot", ".pivot \"a b\"\n", "c|a b\n", "", false},
		{"timing", ".timing on\nselect 1;\n", "c|select 1\n", "1 row in 5 ms\n", false},
		{"file", ".read " + file + "\nselect 9;\n", "c|select 'in file'\nc|select 9\n",
			file + ":3: Catalog Error: Table with name clodtrail does not exist!\n\n   1 | select clodtrail\n     |        ^\ndid you mean cloudtrail?\n" +
				file + ":4: open " + file + "x: no such file or directory\n", true},
		{"file that reads itself", ".read " + loop + "\n", "", loop + ":1: read " + loop + ": files read each other\n", true},
		{"quit", "select 1;\n.quit\nselect 2;\n", "c|select 1\n", "", false},
		{"save without a result", ".save x.csv\n", "", "stdin:1: there is no result to save\nhint: run a query first; statements that change data are not run again\n", true},
		{"open quote", ".pivot 'a\n", "", "stdin:1: no closing ' in 'a\n", true},
		{"control characters in a message", ".describe \x1b[31mx\n", "", "stdin:1: no table, view or hunt \\x1b[31mx\n", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, out, errs, err := script(t, tt.in)
			if d := cmp.Diff(tt.out, out); d != "" {
				t.Errorf("output: %s", d)
			}
			if d := cmp.Diff(tt.errs, errs); d != "" {
				t.Errorf("errors: %s", d)
			}
			if errors.Is(err, ErrFailed) != tt.failed || !tt.failed && err != nil {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestLedgers(t *testing.T) {
	f, _, errs, err := script(t, ".evidence\n.rejects gzip\n")
	if err != nil {
		t.Fatal(err, errs)
	}
	if len(f.ran) != 2 || !strings.Contains(f.ran[0], "FROM evidence\nORDER") || !strings.Contains(f.ran[1], "contains(lower(reason), lower($word))") {
		t.Errorf("ran %q", f.ran)
	}
	if d := cmp.Diff(map[string]any{"word": "gzip"}, f.params[1]); d != "" {
		t.Error(d)
	}
}

func TestFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	_, out, errs, err := script(t, `select 1;
.save one.json
.save one.json
.save one.json --force
.output two.csv
select 2;
.output -
select 3;
create table x;
.save three.parquet
.output one.json
.output three.txt
select 4;
`)
	if !errors.Is(err, ErrFailed) || out != "c|select 1\nc|select 3\n" {
		t.Errorf("%q, %v", out, err)
	}
	want := `stdin:3: write one.json: the file exists
hint: --force after the name overwrites it
stdin:10: no format parquet for three.parquet
hint: formats: table, csv, tsv, json, ndjson, markdown, line
stdin:11: write one.json: the file exists
hint: --force after the name overwrites it
`
	if d := cmp.Diff(want, errs); d != "" {
		t.Error(d)
	}
	got := map[string]string{}
	entries, _ := os.ReadDir(".")
	asked := map[string]string{}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), custody.Suffix) {
			continue
		}
		b, _ := os.ReadFile(e.Name())
		got[e.Name()] = string(b)
		r, err := custody.Check(e.Name())
		if err != nil {
			t.Error(err)
			continue
		}
		for _, q := range r.Queries {
			asked[e.Name()] += r.Command + " " + r.File.Format + " " + q.SQL
		}
		if r.File.Rows != 1 || r.OSUser == "" || r.At.IsZero() {
			t.Errorf("%s: %+v", e.Name(), r)
		}
	}
	if len(entries) != 2*len(got) {
		t.Errorf("found %v: each file wants its record, and nothing else is there", entries)
	}
	if d := cmp.Diff(map[string]string{"one.json": ".save json select 1", "two.csv": ".output csv select 2", "three.txt": ".output csv select 4"}, asked); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]string{"one.json": "j|select 1\n", "two.csv": "c|select 2\n", "three.txt": "c|select 4\n"}, got); d != "" {
		t.Error(d)
	}
}

func TestKeep(t *testing.T) {
	_, out, errs, err := script(t, `.keep
select 1;
.keep it is odd
.keep 'a note'
.tables
.keep
.findings
.findings check 7 8
.findings check x
.findings list
`)
	if !errors.Is(err, ErrFailed) {
		t.Error(err)
	}
	want := `stdin:1: there is no result to keep
hint: run a query or a hunt first; lists and statements that change data are not kept
finding 7 kept: 2 rows, hash of the rows abc select 1 it is odd
finding 7 kept: 2 rows, hash of the rows abc select 1 a note
stdin:6: there is no result to keep
hint: run a query or a hunt first; lists and statements that change data are not kept
stdin:9: "x" is no finding's number
stdin:10: usage: .findings [check [ID …]]
`
	if d := cmp.Diff(want, errs); d != "" {
		t.Error(d)
	}
	for _, line := range []string{"c|7|0001-01-01 00:00:00 +0000 UTC||<nil>|<nil>|0|why||<nil>|SELECT 1\n", "c|7|false|its query gives 0 rows now, kept were 0: 2 added, 0 removed|0|0|<nil>\n"} {
		if !strings.Contains(out, line) {
			t.Errorf("no line %q in %s", line, out)
		}
	}
}

func TestScriptEnds(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	f := &fake{}
	var out strings.Builder
	cfg := Config{Engine: f, Render: render, Out: &out, Err: &out}
	cancel(why)
	if err := Script(ctx, cfg, "stdin", strings.NewReader("select 1;")); !errors.Is(err, why) {
		t.Errorf("error %v", err)
	}
	if len(f.ran) > 0 {
		t.Errorf("ran %q", f.ran)
	}
}

func TestArguments(t *testing.T) {
	for line, want := range map[string][]string{
		"":                       nil,
		" a  b\tc ":              {"a", "b", "c"},
		`'a b' "c d"`:            {"a b", "c d"},
		"'it''s' it's":           {"it's", "it's"},
		"since='2026 x' b=\"y\"": {"since=2026 x", "b=y"},
		"''":                     {""},
	} {
		got, err := arguments(line)
		if err != nil {
			t.Errorf("%q: %v", line, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: %s", line, d)
		}
	}
	if got, err := arguments("'a"); err == nil {
		t.Errorf("open quote: %q", got)
	}
}

func TestComplete(t *testing.T) {
	s := newSession(Config{Engine: &fake{}}, nil)
	s.cat = &catalogue
	s.params = map[string]string{"ip": "192.0.2.1"}
	tests := []struct {
		pending, before, after string
		want                   []string // the first ones
	}{
		{"", "sel", "", []string{"select"}},
		{"", "SEL", "", []string{"SELECT"}},
		{"", "select * from ", "", []string{"cloudtrail", "vpc_flow", "console_logins", "rejects", "scan("}},
		{"", "select * from v", "", []string{"vpc_flow"}},
		{"", "select * from flow", "", []string{"vpc_flow"}},
		{"", "select c.", " from cloudtrail c", []string{"event_time", "event_name", "user_arn", "src_ip"}},
		{"", "select c.ev", " from cloudtrail AS c join vpc_flow f on true", []string{"event_time", "event_name"}},
		{"", "select f.", " from cloudtrail c, vpc_flow f", []string{"srcaddr", "bytes"}},
		{"select *\nfrom cloudtrail c\n", "where c.u", "", []string{"user_arn"}},
		{"", "select cloudtrail.us", " from cloudtrail", []string{"user_arn"}},
		{"", "select user", " from cloudtrail", []string{"user_arn"}},
		{"", "select * from cloudtrail where ", "", []string{"event_time", "event_name", "user_arn", "src_ip"}},
		{"", "select low", "", []string{"lower("}},
		{"", "select * from cloudtrail where src_ip = $", "", []string{"$ip"}},
		{"", "select * from cloudtrail where src_ip = $i", "", []string{"$ip"}},
		{"", "select off", " from rejects", []string{`"offset"`, "offset"}},
		{"", "with logins as (select 1) select * from lo", "", []string{"logins"}},
		{"", "select 'sel", "", nil},
		{"", "select 1 -- sel", "", nil},
		{"", "select 1; sel", "", []string{"select"}},
		{"", "select 1;", "", nil},
		{"", "select count(*) as ", "", nil},
		{"", "select * from cloudtrail, v", "", []string{"vpc_flow"}},
		{"", ".ti", "", []string{".timeline", ".timing"}},
		{"", ".run ", "", []string{"ct-root-use", "waf-blocked"}},
		{"", ".run block", "", []string{"waf-blocked"}},
		{"", ".run ct-root-use ", "", []string{"since=2026-01-01", "ip="}},
		{"", ".format n", "", []string{"ndjson"}},
		{"", ".param ", "", []string{"set", "unset", "list", "clear"}},
		{"", ".param unset i", "", []string{"ip"}},
		{"", ".describe log", "", []string{"console_logins"}},
		{"", ".help tab", "", []string{"tables"}},
		{"", ".timing o", "", []string{"on", "off"}},
		{"", ".read terminal_lin", "", []string{"terminal_linux.go"}},
		{"", ".nothing x", "", nil},
		{"select\n", ".ti", "", nil},
	}
	for _, tt := range tests {
		s.input.pending = tt.pending
		found, _ := s.complete(tt.before, tt.after)
		var got []string
		for _, f := range found[:min(len(found), max(len(tt.want), 0))] {
			got = append(got, f.text)
		}
		if d := cmp.Diff(tt.want, got); d != "" || tt.want == nil && len(found) > 0 {
			t.Errorf("%q | %q: %s%v", tt.pending+tt.before, tt.after, d, found)
		}
	}
}

func TestTablesIn(t *testing.T) {
	for sql, want := range map[string][]tableRef{
		"select * from a": {{"a", ""}},
		"select * from a x, main.b as y join \"c d\" on x.i = y.i where 1 in (select 1 from e)": {{"a", "x"}, {"b", "y"}, {"c d", ""}, {"e", ""}},
		"from a": {{"a", ""}},
		"select * from scan('x', 'y') s join b using (i)": {{"b", ""}},
		"insert into a select * from b order by 1":        {{"a", ""}, {"b", ""}},
		"select 'from x' -- from y":                       nil,
		"select * from":                                   nil,
	} {
		if d := cmp.Diff(want, tablesIn(sql), cmp.AllowUnexported(tableRef{})); d != "" {
			t.Errorf("%q: %s", sql, d)
		}
	}
}

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"plain é 日\n":     "plain é 日\n",
		"a\x1b[2Jb":       `a\x1b[2Jb`,
		"tab\there":       `tab\x09here`,
		"\u009b31m\u202e": `\u009b31m\u202e`,
		"bad \xff\x7f":    `bad \xff\x7f`,
		"\r\x00":          `\x0d\x00`,
	} {
		if got := visible(in); got != want {
			t.Errorf("visible(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "history")
	h, err := openHistory(path)
	if err != nil {
		t.Fatal(err)
	}
	other, err := openHistory(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"a;", "b;", "b;", "a;", "", "  c;  "} {
		if err := h.add(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := other.add("from the side;"); err != nil {
		t.Fatal(err)
	}
	if err := h.add("d;"); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"b;", "a;", "c;", "d;"}, h.entries); d != "" {
		t.Error(d)
	}
	h, err = openHistory(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"b;", "a;", "c;", "from the side;", "d;"}, h.entries); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"from the side;"}, h.search("SIDE the")); d != "" {
		t.Error(d)
	}
	for p, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", p, info.Mode(), err)
		}
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
	if _, err := openHistory(os.DevNull); err == nil {
		t.Error("a device is taken for a history")
	}
}

func TestHistoryPath(t *testing.T) {
	for _, tt := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"QUARRY_HISTORY": "/h", "HOME": "/home/x"}, "/h"},
		{map[string]string{"QUARRY_HISTORY": "", "HOME": "/home/x"}, ""},
		{map[string]string{"XDG_STATE_HOME": "/state", "HOME": "/home/x"}, "/state/quarry/history"},
		{map[string]string{"XDG_STATE_HOME": "relative", "HOME": "/home/x"}, "/home/x/.local/state/quarry/history"},
		{nil, ""},
	} {
		got := HistoryPath(func(name string) (string, bool) { v, ok := tt.env[name]; return v, ok })
		if got != tt.want {
			t.Errorf("%v: %q, want %q", tt.env, got, tt.want)
		}
	}
}

// A million rows are not computed before the first screen is read.
func TestPagerStreams(t *testing.T) {
	f := &fake{}
	var shown strings.Builder
	keys := []byte{' ', '\r', 'q'}
	p := &pager{ctx: t.Context(), out: &shown, size: func() (int, int) { return 80, 11 }, say: func(string) {},
		key: func(context.Context) (byte, error) {
			k := keys[0]
			keys = keys[1:]
			return k, nil
		}}
	rows, err := f.Query(t.Context(), "rows 1000000", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = render(t.Context(), p, rows, RenderOptions{Format: "table"})
	if !errors.Is(err, errPagerQuit) || !p.quit {
		t.Errorf("error %v", err)
	}
	if n := strings.Count(shown.String(), "\n"); n != 21 {
		t.Errorf("%d lines shown, want two screens and a line", n)
	}
	if n := f.produced.Load(); n != 22 {
		t.Errorf("%d rows were produced", n)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestScreenLines(t *testing.T) {
	for text, want := range map[string]int{
		"\n":                           1,
		"1234567890\n":                 1,
		"12345678901\n":                2,
		"\x1b[31m1234567890\x1b[0m\n":  1,
		"日本日本日\n":                      1,
		"日本日本日本\n":                     2,
		strings.Repeat("x", 95) + "\n": 10,
	} {
		if got := screenLines(text, 10); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func TestVisibleWriter(t *testing.T) {
	var out strings.Builder
	v := &visibleWriter{w: &out}
	for _, b := range []byte("é日𝄞\x1b\tx\xe6") {
		if _, err := v.Write([]byte{b}); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.flush(); err != nil {
		t.Fatal(err)
	}
	if want := `é日𝄞\x1b    x\xe6`; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
