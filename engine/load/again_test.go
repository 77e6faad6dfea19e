package load_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"logquarry/engine/load"
)

func TestLoadedOnce(t *testing.T) {
	b := newBench(t)
	text := records(event("a", 1, ""), event("b", 2, ""))
	b.write("one/x.json.gz", gz(text))
	if sum := b.load(); sum.Rows != 2 {
		t.Fatalf("first load: %+v", sum)
	}
	before := b.content()
	if sum := b.load(); sum.Files != 0 || sum.Skipped[load.Known] != 1 || sum.FilesSkipped != 1 {
		t.Errorf("the same path again: %+v", sum)
	}
	if b.content() != before {
		t.Error("the second load changed the case")
	}
	b.write("two/y.json.gz", gz(text))
	for range 2 {
		if sum := b.load(); sum.Rows != 0 || sum.Skipped[load.Same] != 1 {
			t.Errorf("the same bytes under another path: %+v", sum)
		}
	}
	// The same events in other bytes are duplicates.
	b.write("three/z.json", []byte(records(event("b", 2, ""), event("c", 3, ""))))
	if sum := b.load(); sum.Rows != 1 || sum.Duplicates != 1 || sum.Records != 2 {
		t.Errorf("events known from another file: %+v", sum)
	}
	got := b.ask(`SELECT regexp_replace(path, '.*/evidence/', ''), status, loaded, duplicates, same_as IS NOT NULL FROM evidence ORDER BY path`)
	want := []string{"one/x.json.gz|loaded|2|0|false", "three/z.json|loaded|1|1|false", "two/y.json.gz|same|0|0|true"}
	if !slices.Equal(got, want) {
		t.Errorf("ledger %q, want %q", got, want)
	}
}

// TestDuplicatesByOrder: of an event in several files the first by file and
// record is the row, however many threads race for it.
func TestDuplicatesByOrder(t *testing.T) {
	dir := newBench(t)
	dir.corpus(11, 30, 40)
	want := ""
	for _, threads := range []int{1, 2, 4} {
		for range 3 {
			b := newBench(t)
			b.Dir, b.Threads = dir.Dir, threads
			b.load()
			got := b.content()
			if want == "" {
				want = got
				firsts := b.ask(`SELECT count(*) FROM cloudtrail`)
				keys := b.ask(`SELECT count(DISTINCT event_id) FROM cloudtrail`)
				if !slices.Equal(firsts, keys) {
					t.Errorf("%v rows for %v events", firsts, keys)
				}
			}
			if got != want {
				t.Errorf("%d threads give other rows", threads)
			}
		}
	}
}

// TestStates loads a finding that was archived: the same finding in another
// state is no duplicate, in one load or in two.
func TestStates(t *testing.T) {
	finding := func(archived string) []byte {
		return []byte(`{"schemaVersion":"2.0","id":"f","type":"t","severity":5,"resource":{},"service":{"serviceName":"guardduty","count":1` + archived + `},"updatedAt":"2026-01-02T03:04:05Z"}` + "\n")
	}
	b := newBench(t)
	b.write("1.jsonl", append(finding(`,"archived":false`), finding(`,"archived":true`)...))
	b.write("2.jsonl", append(finding(""), finding(`,"archived":true`)...))
	if sum := b.load(); sum.Rows != 3 || sum.Duplicates != 1 {
		t.Errorf("first load: %+v", sum)
	}
	b.write("3.jsonl", append(append(finding(`,"archived":false`), finding("")...), finding(`,"archived":true`)...))
	if sum := b.load(); sum.Rows != 0 || sum.Duplicates != 3 {
		t.Errorf("second load: %+v", sum)
	}
}

func day(h int) time.Time { return time.Date(2026, 1, 2, h, 0, 0, 0, time.UTC) }

func TestWindows(t *testing.T) {
	b := newBench(t)
	var list []string
	var lines strings.Builder
	lines.WriteString(flowHeader)
	for h := range 10 {
		list = append(list, event(fmt.Sprint("h", h), h*3600, ""))
		lines.WriteString(flow(h * 3600))
	}
	list = append(list, strings.Replace(event("timeless", 0, ""), `"eventTime"`, `"noTime"`, 1), "7", insight("i", 4*3600), insight("j", 9*3600))
	b.write("AWSLogs/1/CloudTrail/eu-west-1/2026/01/02/x.json.gz", gz(records(list...)))
	b.write("AWSLogs/1/CloudTrail/eu-west-1/2025/12/31/old.json.gz", gz(records(event("old", -3*86400, ""))))
	b.write("AWSLogs/1/CloudTrail/eu-west-1/2026/01/09/late.json.gz", gz(records(event("late", 7*86400, ""))))
	b.write("flow.log", []byte(lines.String()))
	b.write("broken_CloudTrail_.json", []byte(records(event("x", 5*3600, ""), "8")))

	all := newBench(t)
	all.Dir = b.Dir
	all.load()

	steps := []struct {
		since, until time.Time
		hours, flows string
		outOfRange   int64
	}{
		{day(3), day(5), "h3 h4 timeless", "3 4", 2},
		{day(3), day(5), "h3 h4 timeless", "3 4", 2},
		{day(4), day(5), "h3 h4 timeless", "3 4", 2},
		{day(3), day(7), "h3 h4 h5 h6 timeless x", "3 4 5 6", 2},
		{day(1), day(2), "h1 h2 h3 h4 h5 h6 timeless x", "1 2 3 4 5 6", 2},
		{day(2), time.Time{}, "h1 h2 h3 h4 h5 h6 h7 h8 h9 late timeless x", "1 2 3 4 5 6 7 8 9", 1},
		{time.Time{}, time.Time{}, "h0 h1 h2 h3 h4 h5 h6 h7 h8 h9 late old timeless x", "0 1 2 3 4 5 6 7 8 9", 0},
	}
	for i, s := range steps {
		b.Options.Since, b.Options.Until = s.since, s.until
		sum := b.load()
		if got := b.ask(`SELECT string_agg(event_id, ' ' ORDER BY event_id) FROM cloudtrail`); got[0] != s.hours {
			t.Errorf("step %d: events %s, want %s", i, got[0], s.hours)
		}
		if got := b.ask(`SELECT string_agg(hour(start), ' ' ORDER BY start) FROM vpc_flow`); got[0] != s.flows {
			t.Errorf("step %d: flows %s, want %s", i, got[0], s.flows)
		}
		if sum.Skipped[load.OutOfRange] != s.outOfRange {
			t.Errorf("step %d: skipped %v", i, sum.Skipped)
		}
		if n := b.ask(`SELECT count(*) FROM rejects`); n[0] != "2" {
			t.Errorf("step %d: %s rejects", i, n[0])
		}
	}
	if got, want := b.content(), all.content(); got != want {
		t.Error("windows that cover everything end with other rows than one load of everything")
	}
}

// Cancelled before its first step, a load still says why.
func TestCancelledBefore(t *testing.T) {
	b := newBench(t)
	cause := errors.New("the analyst pressed Ctrl-C")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	c := b.open()
	defer c.Close()
	if _, err := load.Load(ctx, c, nil, b.options()); !errors.Is(err, cause) {
		t.Errorf("cancelled before: %v", err)
	}
}

func TestCancel(t *testing.T) {
	b := newBench(t)
	b.corpus(3, 60, 200)
	whole := newBench(t)
	whole.Dir = b.Dir
	whole.load()
	for _, after := range []int64{0, 1, 1000, 20_000} {
		c := b.open()
		files := b.find()
		cause := errors.New("the analyst pressed Ctrl-C")
		ctx, cancel := context.WithCancelCause(context.Background())
		opts := b.options()
		opts.Progress = new(load.Progress)
		ended := make(chan time.Time, 1)
		done := make(chan struct{})
		go func() {
			defer close(done)
			tick := time.NewTicker(time.Millisecond)
			defer tick.Stop()
			for opts.Progress.Snapshot().Records < after {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
			}
			ended <- time.Now()
			cancel(cause)
		}()
		sum, err := load.Load(ctx, c, files, opts)
		back := time.Now()
		cancel(nil)
		<-done
		select {
		case at := <-ended:
			if err == nil && sum.Rows > 0 {
				break // it was through first
			}
			if !errors.Is(err, cause) {
				t.Errorf("cancelled after %d records: %v", after, err)
			}
			if d := back.Sub(at); d > time.Second {
				t.Errorf("cancelled after %d records: returned %v later", after, d)
			}
		default:
		}
		check(t, c)
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	b.load()
	if b.content() != whole.content() {
		t.Error("a load that was cancelled and taken up again ends with other rows")
	}
}

// TestFilesThatChange: between find and load a file goes, another is replaced,
// a third shrinks and a fourth grows.
func TestFilesThatChange(t *testing.T) {
	b := newBench(t)
	gone := b.write("a_gone.log", []byte(flowHeader+flow(1)))
	replaced := b.write("b_replaced.log", []byte(flowHeader+flow(2)))
	shrunk := b.write("c_shrunk.log", []byte(flowHeader+flow(3)+flow(4)))
	grown := b.write("d_grown.log", []byte(flowHeader+flow(5)))
	b.write("e_sound.log", []byte(flowHeader+flow(6)))
	files := b.find()
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(replaced, []byte("now something else"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(shrunk, int64(len(flowHeader+flow(3))+10)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(grown, []byte(flowHeader+flow(5)+flow(7)), 0o644); err != nil {
		t.Fatal(err)
	}
	sum := b.loadFiles(files)
	if sum.Rows != 4 {
		t.Errorf("summary %+v", sum)
	}
	got := b.ask(`SELECT regexp_replace(e.path, '.*/', ''), status, loaded, rejected, string_agg(reason, ' / ' ORDER BY r.record_no DESC) FROM evidence e LEFT JOIN rejects r USING (file_id) GROUP BY ALL ORDER BY 1`)
	want := []string{"a_gone.log|unreadable|0|1|open: ", "b_replaced.log|unreadable|0|2|", "c_shrunk.log|partial|1|2|", "d_grown.log|partial|2|1|the file changed while it was read", "e_sound.log|loaded|1|0|∅"}
	if len(got) != len(want) {
		t.Fatalf("ledger %q", got)
	}
	for i := range got {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("ledger %q, want %q", got[i], want[i])
		}
	}
	for _, i := range []int{1, 2} {
		if !strings.Contains(got[i], "the file changed while it was read") {
			t.Errorf("ledger %q does not say that the file changed", got[i])
		}
	}
	told := map[string]bool{}
	for _, a := range sum.Aside {
		told[filepath.Base(a.Path)] = a.Reason != "" && !a.Note
	}
	for _, name := range []string{"a_gone.log", "b_replaced.log", "c_shrunk.log", "d_grown.log"} {
		if !told[name] {
			t.Errorf("the summary does not tell of %s: %+v", name, sum.Aside)
		}
	}
}

func TestArchives(t *testing.T) {
	b := newBench(t)
	log := gz(records(event("z", 1, "")))
	var zbuf bytes.Buffer
	z := zip.NewWriter(&zbuf)
	add := func(name string, content []byte) {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(content)
	}
	add("logs/x_CloudTrail_1.json.gz", log)
	add("../../escape_CloudTrail_.json", []byte(records(event("y", 2, ""))))
	add("twice.log", []byte(flowHeader+flow(1)))
	add("twice.log", []byte(flowHeader+flow(2)))
	add("readme.md", []byte("hello"))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	b.write("a.zip", zbuf.Bytes())

	var tbuf bytes.Buffer
	w := tar.NewWriter(&tbuf)
	for name, text := range map[string]string{"./flow.log": flowHeader + flow(3), "/abs.log": flowHeader + flow(4), "nested.zip": zbuf.String()} {
		if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Size: int64(len(text)), Mode: 0o600}); err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(text))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b.write("b.tar.gz", gz(tbuf.String()))
	cut := gz(tbuf.String() + strings.Repeat("x", 1<<16))
	b.write("c_cut.tar.gz", cut[:len(cut)-30])
	sum := b.load()
	if got := b.ask(`SELECT string_agg(event_id, ' ' ORDER BY event_id) FROM cloudtrail`); got[0] != "y z" {
		t.Errorf("events %s", got)
	}
	if got := b.ask(`SELECT string_agg(second(start), ' ' ORDER BY start) FROM vpc_flow`); got[0] != "1 2 3 4" {
		t.Errorf("flows %s: %+v", got, sum)
	}
	got := b.ask(`SELECT DISTINCT regexp_replace(path, '.*/evidence/', '') AS p FROM evidence WHERE status = 'loaded' AND NOT p LIKE 'c_cut%' ORDER BY p`)
	want := []string{"a.zip!../../escape_CloudTrail_.json", "a.zip!logs/x_CloudTrail_1.json.gz", "a.zip!twice.log", "b.tar.gz!./flow.log", "b.tar.gz!/abs.log"}
	if !slices.Equal(got, want) {
		t.Errorf("loaded %q, want %q", got, want)
	}
	filepath.WalkDir(filepath.Dir(b.Dir), func(path string, e os.DirEntry, err error) error {
		if strings.Contains(path, "escape") {
			t.Errorf("a member's name was used as a path: %s", path)
		}
		return nil
	})
}

// TestFlippedBytes damages a small gzip and a small JSON file in each place.
func TestFlippedBytes(t *testing.T) {
	b := newBench(t)
	plain := []byte(records(event("a", 1, ""), event("b", 2, ",\"new\":[1]")))
	packed := gz(string(plain))
	n := 0
	for i := 0; i < len(packed); i += 3 {
		in := bytes.Clone(packed)
		in[i] ^= 0x41
		b.write(fmt.Sprintf("g%04d_CloudTrail_x.json.gz", i), in)
		n++
	}
	for i := 0; i < len(plain); i += 5 {
		in := bytes.Clone(plain)
		in[i] ^= 0x81
		b.write(fmt.Sprintf("p%04d_CloudTrail_x.json", i), in)
		n++
	}
	b.load() // which compares ledger and tables
	if got := b.ask(`SELECT count(*) FROM evidence`); got[0] != fmt.Sprint(n) {
		t.Errorf("%s of %d files in the ledger", got[0], n)
	}
	if got := b.ask(`SELECT path FROM evidence WHERE status = 'empty' AND note IS NULL`); len(got) > 0 {
		t.Errorf("damaged files said to be empty: %q", got)
	}
}
