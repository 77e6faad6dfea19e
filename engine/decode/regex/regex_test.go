package regex_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"logquarry/engine/batch"
	"logquarry/engine/decode"
	"logquarry/engine/decode/regex"
	"logquarry/engine/schema"
)

// statements is a source of records of several lines.
var statements = &schema.Source{
	Name: "statements", Shape: schema.Regex, Time: "time", Absent: "-",
	Begin:    `^'?\d{4}-`,
	Patterns: []string{`^(?P<when>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC):(?P<user>[^:]*):(?s:(?P<text>.*))$`, `^'(?P<when>\S+)' (?P<n>\S+)$`},
	Columns: []schema.Column{
		{Name: "time", From: "when", Type: schema.Timestamp},
		{Name: "who", From: "user", Type: schema.Varchar},
		{Name: "n", From: "n", Type: schema.Integer},
		{Name: "text", From: "text", Type: schema.Varchar},
	},
}

// anything is a source that keeps what no pattern fits.
var anything = &schema.Source{
	Name: "anything", Shape: schema.Regex, Time: "time", Unmatched: schema.Keep,
	Patterns: []string{`^REPORT (?P<id>\S+) (?P<ms>[0-9.]+) ms`},
	Columns: []schema.Column{
		{Name: "time", From: "@time", Type: schema.Timestamp},
		{Name: "id", From: "id", Type: schema.Varchar},
		{Name: "ms", From: "ms", Type: schema.Double},
		{Name: "message", From: "@message", Type: schema.Varchar},
		{Name: "object", From: "@json", Type: schema.JSONText},
		{Name: "log_group", From: "@log_group", Type: schema.Varchar},
	},
}

type result struct {
	Rows  []string
	Tally decode.Tally
	Err   string
}

func rows(s *schema.Source, b *batch.Batch) []string {
	var out []string
	for row := range b.Len() {
		var cells []string
		for c, col := range s.AllColumns() {
			if v := b.Value(c, row); v != nil && col.Name != "file_id" {
				cells = append(cells, fmt.Sprintf("%s=%v", col.Name, v))
			}
		}
		out = append(out, strings.Join(cells, " "))
	}
	return out
}

func run(t testing.TB, s *schema.Source, r io.Reader) result {
	t.Helper()
	p, err := regex.NewPlan(s)
	if err != nil {
		t.Fatal(err)
	}
	d := regex.NewDecoder(p, nil)
	var res result
	d.Reset(r, &res.Tally)
	b := batch.New(decode.Types(s))
	for {
		done, err := d.Fill(b)
		res.Rows = append(res.Rows, rows(s, b)...)
		b.Reset()
		if err != nil {
			res.Err = err.Error()
		}
		if done {
			break
		}
	}
	for _, row := range res.Rows {
		if !utf8.ValidString(row) {
			t.Errorf("a cell that is not UTF-8: %q", row)
		}
	}
	if ta := res.Tally; ta.Records != ta.Rows+ta.Rejected || ta.Rows != int64(len(res.Rows)) {
		t.Errorf("records %d, rows %d (%d seen), rejected %d do not agree", ta.Records, ta.Rows, len(res.Rows), ta.Rejected)
	}
	return res
}

func TestLines(t *testing.T) {
	in := "a stray line\nand another\n" +
		"2026-01-02 03:04:05 UTC:alice:select 1\n\tfrom t;\n\n'2026-01-02T03:04:06Z' 7\n" +
		"2026-broken\nmore of it\r\n" +
		"'2026-01-02T03:04:07Z' many\nno part of it\r\n\n2026-01-02 03:04:08 UTC::-"
	got := run(t, statements, strings.NewReader(in))
	want := []string{
		"time=2026-01-02 03:04:05 +0000 UTC who=alice text=select 1\n\tfrom t; record_no=2",
		"time=2026-01-02 03:04:06 +0000 UTC n=7 record_no=3",
		"time=2026-01-02 03:04:07 +0000 UTC extra={\"n\":\"many\"} record_no=5",
		"time=2026-01-02 03:04:08 +0000 UTC record_no=7",
	}
	if d := cmp.Diff(want, got.Rows); d != "" {
		t.Error(d)
	}
	var rejects []string
	for _, r := range got.Tally.Rejects {
		rejects = append(rejects, fmt.Sprintf("%d line %d offset %d %s: %s", r.RecordNo, r.Line, r.Offset, r.Reason, r.Raw))
	}
	if d := cmp.Diff([]string{
		"1 line 1 offset 0 lines that belong to no record of statements: a stray line\nand another\n",
		"4 line 7 offset 99 a record that none of the 2 patterns of statements fits: 2026-broken\nmore of it",
		"6 line 10 offset 151 lines that belong to no record of statements: no part of it\r\n\n",
	}, rejects); d != "" {
		t.Error(d)
	}
	if got.Tally.Repaired != 1 {
		t.Errorf("%d rows repaired, want 1", got.Tally.Repaired)
	}
}

func TestMessages(t *testing.T) {
	p, err := regex.NewPlan(anything)
	if err != nil {
		t.Fatal(err)
	}
	d := regex.NewDecoder(p, nil)
	var tally decode.Tally
	b := batch.New(decode.Types(anything))
	d.Begin(&tally)
	for _, text := range []string{"REPORT r1 12.5 ms\n", "trace:\n  at x\n", "{\"a\": [1]}\n", "{oops", "\xff\n", "{\"a\":\"\xff\"}"} {
		d.Message(decode.Message{Text: []byte(text), Origin: &decode.Origin{Time: 1_000_000, LogGroup: "/g"}})
		if done, err := d.Fill(b); !done || err != nil {
			t.Fatalf("%q: %v, %v", text, done, err)
		}
	}
	const start = "time=1970-01-01 00:00:01 +0000 UTC "
	want := []string{
		start + "id=r1 ms=12.5 message=REPORT r1 12.5 ms log_group=/g record_no=1",
		start + "message=trace:\n  at x log_group=/g record_no=2",
		start + `message={"a": [1]} object={"a": [1]} log_group=/g record_no=3`,
		start + "message={oops log_group=/g record_no=4",
		start + "message=\ufffd log_group=/g record_no=5",
		start + "message={\"a\":\"\ufffd\"} object={\"a\":\"\ufffd\"} log_group=/g record_no=6",
	}
	if diff := cmp.Diff(want, rows(anything, b)); diff != "" {
		t.Error(diff)
	}
}

func TestReadError(t *testing.T) {
	for _, in := range []string{"'2026-01-02T03:04:06Z' 7\n", "'2026-01-02T03:04:06Z' 7\n'2026-01-02T03:04:07Z' 8", ""} {
		r := io.MultiReader(strings.NewReader(in), iotest.ErrReader(errors.New("the disk is gone")))
		got := run(t, statements, r)
		if got.Err != "the disk is gone" || got.Tally.Rejected != 1 || got.Tally.Rejects[0].Reason != "the disk is gone" {
			t.Errorf("%q: error %q, rejects %+v", in, got.Err, got.Tally.Rejects)
		}
		if want := strings.Count(in, "\n"); len(got.Rows) != want {
			t.Errorf("%q: %d rows, want %d", in, len(got.Rows), want)
		}
	}
}

func TestRecord(t *testing.T) {
	p, err := regex.NewPlan(statements)
	if err != nil {
		t.Fatal(err)
	}
	d := regex.NewDecoder(p, nil)
	d.Reset(strings.NewReader("stray\n2026-01-02 03:04:05 UTC:a:x\ny\n'2026-01-02T03:04:06Z' 7\n"), new(decode.Tally))
	got, err := d.Record(2)
	if err != nil || string(got) != "2026-01-02 03:04:05 UTC:a:x\ny" {
		t.Errorf("record 2 is %q, %v", got, err)
	}
	d.Reset(strings.NewReader("'2026-01-02T03:04:06Z' 7\r\nno part of it\n"), new(decode.Tally))
	if got, err := d.Record(1); err != nil || string(got) != "'2026-01-02T03:04:06Z' 7" {
		t.Errorf("the record before a stray line is %q, %v", got, err)
	}
	d.Reset(strings.NewReader("stray\n"), new(decode.Tally))
	if _, err := d.Record(2); err != io.EOF {
		t.Errorf("a record that is not there: %v", err)
	}
}

// FuzzDecode decodes any bytes: how they come in must make no difference.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		"2026-01-02 03:04:05 UTC:alice:select 1\n\tfrom t;\n'2026-01-02T03:04:06Z' 7\n",
		"stray\r\n2026-\n\n'2026-' x", "'2026-01-02T03:04:06Z' 7\r\nno part of it\n'2026-", "REPORT r 1 ms\n{\"a\":1}\n\xff\n", "\xef\xbb\xbf2026-01-02 03:04:05 UTC:a:\n",
	} {
		f.Add([]byte(s), false)
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, in []byte, keep bool) {
		s := statements
		if keep {
			s = anything
		}
		whole := run(t, s, bytes.NewReader(in))
		if d := cmp.Diff(whole, run(t, s, iotest.OneByteReader(bytes.NewReader(in)))); d != "" {
			t.Errorf("one byte at a time:\n%s", d)
		}
		if d := cmp.Diff(whole, run(t, s, iotest.HalfReader(bytes.NewReader(in)))); d != "" {
			t.Errorf("half reads:\n%s", d)
		}
	})
}
