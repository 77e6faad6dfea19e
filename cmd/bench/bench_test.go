package main

import (
	"bytes"
	"database/sql"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestMain lets the test binary be its own child, as the bench is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && strings.HasPrefix(os.Args[1], "child-") {
		main()
	}
	os.Exit(m.Run())
}

func kept(t *testing.T, root, name, source string, scale float64) *logs {
	t.Helper()
	l, err := keep(t.Context(), root, name, source, stamp{Kind: name, Scale: scale}, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// What quarry is compared with must do the same work: all records, and values
// in the columns that quarry fills.
func TestDuckDBReadsTheCorpora(t *testing.T) {
	root := t.TempDir()
	for _, c := range []struct {
		name, source string
		filled       []string // columns that some row has a value in
	}{
		{"cloudtrail", "cloudtrail", []string{"event_time", "event_name", "user_arn", "session_issuer_arn", "session_mfa_authenticated", "read_only", "request_parameters", "resources", "tls_version", "session_credential_from_console"}},
		{"tiny", "cloudtrail", []string{"event_time", "event_name", "user_arn"}},
		{"vpc_flow", "vpc_flow", []string{"start", "srcaddr", "bytes", "tcp_flags", "traffic_path", "flow_direction"}},
		{"waf", "waf", []string{"timestamp", "client_ip", "rule_group_list", "labels", "headers", "ja4_fingerprint"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := kept(t, root, c.name, c.source, 0.01)
			file := filepath.Join(t.TempDir(), "duckdb.duckdb")
			rows, err := readWithDuckDB(t.Context(), job{Case: file, Source: c.source, Groups: l.groups, Threads: 2})
			if err != nil {
				t.Fatal(err)
			}
			if rows != l.totals.Records || rows == 0 {
				t.Errorf("%d rows of %d records", rows, l.totals.Records)
			}
			db, err := sql.Open("duckdb", file)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			for _, column := range c.filled {
				var n int64
				if err := db.QueryRow(`SELECT count("` + column + `") FROM ` + c.source).Scan(&n); err != nil || n == 0 {
					t.Errorf("column %s: %d values, %v", column, n, err)
				}
			}
			if c.name == "vpc_flow" && len(l.groups) != 2 {
				t.Errorf("%d formats, want the default and a custom one", len(l.groups))
			}
		})
	}
}

func TestCorpusIsKeptWhileItsStampFits(t *testing.T) {
	root := t.TempDir()
	first := kept(t, root, "tiny", "cloudtrail", 0.001)
	mark := filepath.Join(first.dir, "mark")
	touch := func() {
		t.Helper()
		if err := os.WriteFile(mark, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	touch()
	if again := kept(t, root, "tiny", "cloudtrail", 0.001); again.totals != first.totals || len(again.paths()) != len(first.paths())+1 {
		t.Errorf("made anew though nothing changed: %+v, then %+v", first.totals, again.totals)
	}
	for name, spoil := range map[string]string{"another version": `{"kind":"tiny","scale":0.001,"version":-1}`, "not JSON": `{`} {
		touch()
		if err := os.WriteFile(filepath.Join(filepath.Dir(first.dir), stampName), []byte(spoil), 0o644); err != nil {
			t.Fatal(err)
		}
		if again := kept(t, root, "tiny", "cloudtrail", 0.001); again.totals != first.totals {
			t.Errorf("%s: %+v, want %+v", name, again.totals, first.totals)
		}
		if _, err := os.Stat(mark); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: the corpus was not made anew", name)
		}
	}
}

func TestSpend(t *testing.T) {
	out, used, err := spend(exec.CommandContext(t.Context(), "sh", "-c", "echo yes; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"))
	if err != nil {
		t.Fatal(err)
	}
	if string(out) != "yes\n" || used.wall <= 0 || used.cpu <= 0 || used.peak < 500_000 {
		t.Errorf("%q, %+v", out, used)
	}
	_, _, err = spend(exec.CommandContext(t.Context(), "sh", "-c", "echo why >&2; exit 3"))
	if err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "why") {
		t.Errorf("error %v", err)
	}
}

func TestMiddle(t *testing.T) {
	for _, c := range []struct {
		walls []time.Duration
		want  time.Duration
	}{{nil, 0}, {[]time.Duration{7}, 7}, {[]time.Duration{9, 1, 5}, 5}, {[]time.Duration{1, 9, 3, 5}, 4}} {
		var runs costs
		for _, w := range c.walls {
			runs = append(runs, cost{wall: w})
		}
		if got := runs.wall(); got != c.want {
			t.Errorf("%v: %d, want %d", c.walls, got, c.want)
		}
	}
}

func measured() *session {
	at := func(wall time.Duration, peak, size int64) costs {
		return costs{{wall: wall, cpu: 2 * wall, peak: peak << 20, size: size}}
	}
	l := logs{name: "waf", source: "waf"}
	l.totals.Records, l.totals.Files, l.totals.PlainBytes, l.totals.Bytes = 1000, 10, 50_000_000, 10_000_000
	return &session{
		options: options{scale: 1, runs: 1},
		loads:   []load{{logs: l, gzip: at(time.Second, 2, 0), duckdb: at(4*time.Second, 900, 20_000_000), quarry: at(2*time.Second, 500, 12_000_000)}},
		sel:     at(40*time.Millisecond, 80, 0),
		hunts:   at(18*time.Second, 300, 0),
		watch:   followed{events: 60_000, seconds: 60, twice: 1, p50: time.Second, p99: 3 * time.Second, most: 6 * time.Second, catchUp: 20 * time.Second, peak: 400 << 20},
		rules:   ruled{costs: at(66*time.Second, 700, 0), events: 2_000_000, findings: 9},
	}
}

func TestVerdicts(t *testing.T) {
	got := map[string]string{}
	for _, v := range measured().verdicts() {
		got[v.measure] = v.show(v.got) + ", " + v.result()
	}
	want := map[string]string{
		"waf: DuckDB's reader takes, against load":                                  "2.00 ×, MISSED: 80 % of the must",
		"waf: load takes, against gzip -dc":                                         "2.00 ×, MISSED: 1.54 times the must",
		"waf: case file, against gzip input":                                        "1.20 ×, must met",
		"waf: peak memory of load":                                                  "500 MiB, aim met",
		"select 1 on an existing case":                                              "40 ms, aim met",
		"hunt all over one case of the three":                                       "18.0 s, MISSED: 1.20 times the must",
		"800 Sigma rules over 2000000 CloudTrail events, 9 findings":                "66.0 s, MISSED: 1.10 times the must",
		"Sigma rules: peak memory":                                                  "700 MiB, aim met",
		"watch, 60000 events at 1000 a second: lost, or told twice":                 "1 events, MISSED: +Inf times the must",
		"watch, 60000 events at 1000 a second: from put to target, median":          "1000 ms, aim met",
		"watch, 60000 events at 1000 a second: from put to target, 99th percentile": "3000 ms, aim met",
		"watch, 60000 events at 1000 a second: from put to target, longest":         "6000 ms, MISSED: 1.20 times the must",
		"watch, target down all that time: lost, or told twice":                     "0 events, aim met",
		"watch, target down all that time: until it has all once it is up":          "20.0 s, aim met",
		"watch: peak memory":                                                        "400 MiB, aim met",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestReport(t *testing.T) {
	for _, markdown := range []bool{false, true} {
		b := measured()
		b.markdown = markdown
		var out bytes.Buffer
		if err := b.report(&out, []fact{{"cores", "2"}}); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"DuckDB reader", "quarry load", "4.00", "MISSED", "cores"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("no %q in\n%s", want, &out)
			}
		}
		if strings.Contains(out.String(), "| --- |") != markdown && strings.Contains(out.String(), "---:") != markdown {
			t.Errorf("markdown %v:\n%s", markdown, &out)
		}
	}
}

func TestCalledWrongly(t *testing.T) {
	for _, args := range [][]string{{"-kinds", "none"}, {"-runs", "0"}, {"-scale", "-1"}, {"-bad"}, {"more"}} {
		if code := run(t.Context(), args, io.Discard, io.Discard); code != 2 {
			t.Errorf("bench %v: exit %d, want 2", args, code)
		}
	}
}

func TestMissingToolIsNamed(t *testing.T) {
	here, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	if code := run(t.Context(), []string{"-quarry", filepath.Join(t.TempDir(), "quarry")}, io.Discard, &stderr); code != 1 || !strings.Contains(stderr.String(), "make build") {
		t.Errorf("without quarry: exit %d, %s", code, &stderr)
	}
	t.Setenv("PATH", t.TempDir())
	stderr.Reset()
	if code := run(t.Context(), []string{"-quarry", here}, io.Discard, &stderr); code != 1 || !strings.Contains(stderr.String(), "gzip") {
		t.Errorf("without gzip: exit %d, %s", code, &stderr)
	}
}
