package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
)

// readers is a Python with the readers of other makes that .ci/requirements.txt
// lists, or the test is skipped; in CI they must be there.
func readers(t *testing.T) string {
	t.Helper()
	python := os.Getenv("QUARRY_TEST_PYTHON")
	if python == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("QUARRY_TEST_PYTHON names no Python with the readers of .ci/requirements.txt")
		}
		t.Skip("QUARRY_TEST_PYTHON names no Python with the readers of .ci/requirements.txt")
	}
	return python
}

// quarry runs the program and wants it to end with 0.
func quarry(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(context.Background(), args, strings.NewReader(""), &out, &errs); code != 0 {
		t.Fatalf("quarry %v: exit code %d\n%s", args, code, &errs)
	}
	return out.String()
}

func count(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(text, "n\n")))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// hostileFlow is a case whose records hold what would do harm in a spreadsheet
// or spoil a line.
const hostileTrail = `{"Records":[{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/=cmd","accountId":"111122223333","userName":"=HYPERLINK(\"http://example.com\")"},
"eventTime":"2026-03-11T01:00:00Z","eventSource":"iam.amazonaws.com","eventName":"CreateUser","awsRegion":"us-east-1","sourceIPAddress":"2001:db8::7","userAgent":"=1+1\u0000\u0007,\"quoted\"\nline",
"requestParameters":{"userName":"@SUM(A1)"},"responseElements":null,"requestID":"r","eventID":"11111111-2222-4333-8444-555555555555","eventType":"AwsApiCall","recipientAccountId":"111122223333","readOnly":false,"managementEvent":true}]}`

// TestExportIsReadByOthers opens each export with a reader of another make.
func TestExportIsReadByOthers(t *testing.T) {
	dir := t.TempDir()
	kase := filepath.Join(dir, "e.duckdb")
	hostile := filepath.Join(dir, "trail.json")
	if err := os.WriteFile(hostile, []byte(hostileTrail), 0o600); err != nil {
		t.Fatal(err)
	}
	quarry(t, "load", hostile, filepath.Join(incident, "AWSLogs"), "--case", kase, "--quiet")
	file := func(name string) string { return filepath.Join(dir, name) }
	export := func(name string, args ...string) string {
		t.Helper()
		quarry(t, append([]string{"export", "--case", kase, "--quiet", "--output", file(name)}, args...)...)
		return file(name)
	}
	rows := func(sql string) int { return count(t, quarry(t, "--case", kase, "-e", sql, "--format", "csv")) }
	events := rows("SELECT count(*) AS n FROM events WHERE event_time IS NOT NULL")
	if events < 1000 {
		t.Fatalf("the case has %d events", events)
	}
	trail := rows("SELECT count(*) AS n FROM cloudtrail")

	t.Run("parquet", func(t *testing.T) {
		lake := export("lake.parquet")
		got, days := map[string]int64{}, map[string]bool{}
		err := filepath.WalkDir(lake, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			rel, err := filepath.Rel(lake, path)
			if err != nil {
				return err
			}
			parts := strings.Split(filepath.ToSlash(rel), "/")
			if len(parts) != 3 {
				t.Fatalf("%s lies elsewhere than source=…/day=…", rel)
			}
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			defer f.Close()
			info, err := f.Stat()
			if err != nil {
				return err
			}
			p, err := parquet.OpenFile(f, info.Size())
			if err != nil {
				return err
			}
			source := strings.TrimPrefix(parts[0], "source=")
			got[source] += p.NumRows()
			day := strings.TrimPrefix(parts[1], "day=")
			days[day] = true
			if source != "cloudtrail" {
				return nil
			}
			// Each event lies in the folder of its own day.
			r := parquet.NewGenericReader[struct {
				EventTime time.Time `parquet:"event_time,optional,timestamp(microsecond)"`
				EventName string    `parquet:"event_name,optional"`
			}](f)
			defer r.Close()
			all := make([]struct {
				EventTime time.Time `parquet:"event_time,optional,timestamp(microsecond)"`
				EventName string    `parquet:"event_name,optional"`
			}, p.NumRows())
			if n, _ := r.Read(all); int64(n) != p.NumRows() {
				t.Fatalf("%s: read %d rows of %d", rel, n, p.NumRows())
			}
			for _, e := range all {
				if e.EventTime.UTC().Format(time.DateOnly) != day || e.EventName == "" {
					t.Fatalf("%s has %s of %s", rel, e.EventName, e.EventTime)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for source, n := range got {
			if want := rows("SELECT count(*) AS n FROM " + source); int64(want) != n {
				t.Errorf("%s: %d rows in Parquet, %d in the case", source, n, want)
			}
		}
		if len(got) < 5 || len(days) < 3 {
			t.Errorf("%d sources, %d days", len(got), len(days))
		}
	})

	t.Run("csv", func(t *testing.T) {
		f, err := os.Open(export("trail.csv", "cloudtrail"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		all, err := csv.NewReader(f).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if len(all) != trail+1 {
			t.Errorf("%d lines, want %d and a heading", len(all), trail)
		}
		for _, line := range all[1:] {
			for _, cell := range line {
				if strings.HasPrefix(cell, "=") || strings.HasPrefix(cell, "@") {
					t.Fatalf("a spreadsheet would run %q", cell)
				}
			}
		}
	})

	t.Run("ndjson", func(t *testing.T) {
		folder := export("records", "--format", "ndjson", "cloudtrail", "vpc_flow")
		for _, name := range []string{"cloudtrail", "vpc_flow"} {
			text, err := os.ReadFile(filepath.Join(folder, name+".ndjson"))
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for d := json.NewDecoder(bytes.NewReader(text)); d.More(); n++ {
				var o map[string]any
				if err := d.Decode(&o); err != nil {
					t.Fatal(err)
				}
				if _, ok := o["file_id"]; !ok {
					t.Fatalf("%s: a line without file_id: %v", name, o)
				}
			}
			if want := rows("SELECT count(*) AS n FROM " + name); n != want {
				t.Errorf("%s: %d lines, want %d", name, n, want)
			}
		}
	})

	t.Run("l2tcsv", func(t *testing.T) {
		f, err := os.Open(export("e.l2t.csv"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		all, err := csv.NewReader(f).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if want := "date,time,timezone,MACB,source,sourcetype,type,user,host,short,desc,version,filename,inode,notes,format,extra"; strings.Join(all[0], ",") != want {
			t.Errorf("heading %v", all[0])
		}
		if len(all) != events+1 {
			t.Errorf("%d lines, want %d and a heading", len(all), events)
		}
		last := time.Time{}
		for _, line := range all[1:] {
			at, err := time.Parse("01/02/2006 15:04:05", line[0]+" "+line[1])
			if err != nil || at.Before(last) || line[2] != "UTC" || line[10] == "" {
				t.Fatalf("%v after %s: %v", line, last, err)
			}
			last = at
		}
	})

	python := func(t *testing.T, kind, path string, into any) {
		t.Helper()
		var errs bytes.Buffer
		c := exec.CommandContext(t.Context(), readers(t), "testdata/read.py", kind, path)
		c.Stderr = &errs
		out, err := c.Output()
		if err != nil {
			t.Fatalf("%s %s: %v\n%s", kind, filepath.Base(path), err, &errs)
		}
		if err := json.Unmarshal(out, into); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}

	t.Run("timesketch", func(t *testing.T) {
		for _, name := range []string{"e.timesketch.csv", "e.timesketch.jsonl"} {
			var got struct{ Rows int }
			if python(t, "timesketch", export(name), &got); got.Rows != events {
				t.Errorf("%s: %d events, want %d", name, got.Rows, events)
			}
		}
	})

	found := rows("SELECT count(*) AS n FROM cloudtrail WHERE event_name = 'StopLogging'")
	if found == 0 {
		t.Fatal("nothing to find")
	}

	t.Run("stix", func(t *testing.T) {
		var got map[string]int
		first := export("a.stix.json", "--hunts", "ct-trail-impaired", "--hunts", "ct-new-address")
		if python(t, "stix", first, &got); got["identity"] != 1 || got["indicator"] != 2 || got["sighting"] < 2 || got["ipv4-addr"]+got["ipv6-addr"] == 0 || got["attack-pattern"] == 0 {
			t.Errorf("%v", got)
		}
		// What is imported twice is there once.
		ids := func(path string) string {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var b struct{ Objects []struct{ ID string } }
			if err := json.Unmarshal(text, &b); err != nil {
				t.Fatal(err)
			}
			var all strings.Builder
			for _, o := range b.Objects {
				all.WriteString(o.ID + "\n")
			}
			return all.String()
		}
		if second := export("b.stix.json", "--hunts", "ct-trail-impaired", "--hunts", "ct-new-address"); ids(first) != ids(second) {
			t.Error("the same findings got other ids")
		}
	})

	t.Run("navigator", func(t *testing.T) {
		var got struct {
			Domain, Version string
			Techniques      map[string]*int
		}
		python(t, "navigator", export("a.layer.json", "--hunts", "all"), &got)
		if got.Domain != "enterprise-attack" || got.Version != "4.5" || len(got.Techniques) < 40 {
			t.Errorf("%+v", got)
		}
		if s := got.Techniques["T1685.002"]; s == nil || *s != 5 {
			t.Errorf("T1685.002, for which CloudTrail was stopped, scores %v", s)
		}
		clean := 0
		for _, s := range got.Techniques {
			if s != nil && *s == 0 {
				clean++
			}
		}
		if clean == 0 {
			t.Error("no technique was looked for without being found")
		}
	})

	t.Run("xlsx", func(t *testing.T) {
		var got map[string]struct {
			Rows, Formulas, Dates, Tables int
			First                         []string
			Text                          string
		}
		python(t, "xlsx", export("a.xlsx", "cloudtrail", "findings", "--hunts", "ct-trail-impaired"), &got)
		if s := got["cloudtrail"]; s.Rows != trail+1 || s.Dates < trail || s.Tables != 1 || s.First[0] == "" {
			t.Errorf("cloudtrail: %d rows, %d dates, %d tables, %v", s.Rows, s.Dates, s.Tables, s.First)
		}
		if s := got["ct-trail-impaired"]; s.Rows < 2 || !strings.Contains(s.Text, "StopLogging") {
			t.Errorf("ct-trail-impaired: %d rows", s.Rows)
		}
		if _, ok := got["Contents"]; !ok || len(got) != 4 {
			t.Errorf("%d sheets", len(got))
		}
		for name, s := range got {
			if s.Formulas > 0 {
				t.Errorf("%s has %d formulas", name, s.Formulas)
			}
		}
		if !strings.Contains(got["cloudtrail"].Text, `'=HYPERLINK("http://example.com")`) {
			t.Error("what looks like a formula is not defused")
		}
	})
}
