package load_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"logquarry/engine/find"
	"logquarry/engine/load"
	"logquarry/engine/schema"
	"logquarry/engine/schema/schematest"
	"logquarry/engine/store"
	"logquarry/schemas"
)

// undelayed are the shipped schemas with no late column.
func undelayed(t *testing.T) fs.FS {
	out := fstest.MapFS{}
	err := fs.WalkDir(schemas.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(schemas.FS, path)
		if filepath.Base(path) == "source.yaml" {
			text = bytes.ReplaceAll(text, []byte("    late: true\n"), nil)
		}
		out[path] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// lateSources are the shipped sources that have late columns.
func lateSources(t *testing.T) (list []*schema.Source) {
	for _, s := range schematest.Shipped(t) {
		for _, c := range s.Columns {
			if c.Late {
				list = append(list, s)
				break
			}
		}
	}
	return list
}

// stored are the columns of a source's table.
func (b *bench) stored(source string) map[string]bool {
	have := map[string]bool{}
	for _, name := range b.ask(`SELECT column_name FROM duckdb_columns() WHERE schema_name = 'stored' AND table_name = '` + source + `'`) {
		have[name] = true
	}
	return have
}

// loadBy loads the folder by the descriptions of fsys, all at once or a few files
// a load, and looks at the case.
func (b *bench) loadBy(fsys fs.FS, apart bool, look func(c *store.Case)) {
	t := b.t
	t.Helper()
	list, err := schema.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	f, err := find.NewFinder(find.Options{Sources: list, Scratch: t.TempDir(), Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	files, err := f.Find(context.Background(), []string{b.Dir})
	if err != nil {
		t.Fatal(err)
	}
	c, err := store.Open(context.Background(), b.Case, store.Options{Create: true, Schemas: fsys, Threads: b.Threads})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	opts := b.options()
	opts.Sources = list
	size := len(files)
	if apart {
		size = 7
	}
	for part := range slices.Chunk(files, size) {
		if _, err := load.Load(context.Background(), c, part, opts); err != nil {
			t.Fatal(err)
		}
	}
	check(t, c)
	look(c)
}

// TestLateColumns: whenever a late column gets its storage, and whether it ever
// does, the view has the same values.
func TestLateColumns(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "evidence")
	n := 0
	for _, s := range lateSources(t) {
		from := filepath.Join("../../schemas", s.Name, "samples")
		list, err := os.ReadDir(from)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			if strings.Contains(e.Name(), ".golden.") {
				continue
			}
			text, err := os.ReadFile(filepath.Join(from, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, s.Name, e.Name())
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, text, 0o644); err != nil {
				t.Fatal(err)
			}
			n++
		}
	}
	if n < 50 {
		t.Fatalf("only %d samples", n)
	}
	run := func(fsys fs.FS, sample int, apart bool) (rows []string, b *bench) {
		b = newBench(t)
		b.Dir, b.Options.Sample = dir, sample
		b.loadBy(fsys, apart, func(c *store.Case) {
			for _, s := range lateSources(t) {
				for _, row := range query(t, c, fmt.Sprintf(`SELECT e.path, r.* EXCLUDE (file_id) FROM %s r JOIN evidence e USING (file_id) ORDER BY e.path, r.record_no`, schema.Quote(s.Name))) {
					rows = append(rows, s.Name+"|"+row)
				}
				for _, row := range query(t, c, fmt.Sprintf(`SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = '%s' AND schema_name = 'main' ORDER BY column_index`, s.Name)) {
					rows = append(rows, s.Name+" has "+row)
				}
			}
			rows = append(rows, query(t, c, `SELECT path, source, status, sha256, records, loaded, duplicates, rejected, note FROM evidence ORDER BY path`)...)
			rows = append(rows, query(t, c, `SELECT path, record_no, line, "offset", reason FROM rejects ORDER BY ALL`)...)
		})
		return rows, b
	}
	together, _ := run(undelayed(t), 0, false)
	inParts, _ := run(undelayed(t), 0, true)
	for _, tt := range []struct {
		name   string
		sample int
		apart  bool
	}{{"seen beforehand", 1000, false}, {"seen by some files", 3, false}, {"never seen beforehand", -1, false}, {"few files a load", -1, true}} {
		want := together
		if tt.apart {
			want = inParts // rare columns go by the headers of a load's files
		}
		got, b := run(schemas.FS, tt.sample, tt.apart)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: other rows than with storage for all (-want +got):\n%s", tt.name, d)
		}
		if have := b.stored("rds_audit"); !have["severity"] || !have["cluster_id"] {
			t.Errorf("%s: columns with values have no storage", tt.name)
		}
	}
}

const audit = "20260102 03:04:%02d,db-1,alice,192.0.2.9,27,%d,QUERY,shop,'select %d',0\n"

// TestLateStorage: what the beginnings of files do not fill has no storage, and
// gets it from the row on that fills it, wherever that stands.
func TestLateStorage(t *testing.T) {
	b := newBench(t)
	var text strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&text, audit, i%60, i, i)
	}
	b.write("a.log", []byte(text.String()))
	b.write("b.log", []byte(strings.Replace(text.String(), "db-1", "db-2", 1)))
	b.load()
	if have := b.stored("rds_audit"); have["connection_type"] || have["severity"] || !have["server_host"] {
		t.Errorf("stored after plain files: %v", have)
	}
	// The value comes behind what is looked at beforehand, in rows of one chunk
	// with a file that has none, and twice more with further columns.
	text.WriteString("20260102 03:05:00,db-1,root,192.0.2.9,28,1,QUERY,shop,'select 7',0,4\nlost\n")
	text.WriteString("2026-01-02 03:05:01 UTC:[local]:rdsadmin@rdsadmin:[11703]:LOG:  checkpoint complete\n")
	b.write("c.log.gz", gz(text.String()))
	b.write("d.log", []byte(fmt.Sprintf(audit, 1, 1, 1)))
	for i := range 3000 {
		fmt.Fprintf(&text, audit, i%60, i, i)
	}
	text.WriteString("2026-01-02 03:05:02 UTC:192.0.2.9(51234):alice@appdb:[11701]:LOG:  AUDIT: OBJECT,1,1,READ,SELECT,TABLE,public.t1,select 1,<none>\n")
	b.write("e.log", []byte(text.String()))
	sum := b.load()
	if sum.Files != 3 || sum.Rows != 5002+1+8003 || sum.Rejects != 2 {
		t.Errorf("second load: %+v", sum)
	}
	if have := b.stored("rds_audit"); !have["connection_type"] || !have["severity"] || !have["audit_type"] || have["cluster_id"] {
		t.Errorf("stored after files with values: %v", have)
	}
	got := b.ask(`SELECT regexp_replace(path, '^.*/', ''), record_no, user_name, connection_type, severity, audit_type, cluster_id FROM rds_audit JOIN evidence USING (file_id) WHERE connection_type IS NOT NULL OR severity IS NOT NULL ORDER BY ALL`)
	want := []string{
		"c.log.gz|5001|root|4|∅|∅|∅", "c.log.gz|5003|rdsadmin|∅|LOG|∅|∅",
		"e.log|5001|root|4|∅|∅|∅", "e.log|5003|rdsadmin|∅|LOG|∅|∅", "e.log|8004|alice|∅|LOG|OBJECT|∅",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// TestLateTimes: a file whose other times were loaded before is not given up,
// for its rows stand in the table.
func TestLateTimes(t *testing.T) {
	b := newBench(t)
	b.Options.Sample = -1
	b.write("a.log", []byte(fmt.Sprintf(audit, 1, 1, 1)+"20260103 03:05:00,db-1,root,192.0.2.9,28,1,QUERY,shop,'select 7',0,4\n"))
	day := time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC)
	b.Options.Until = day
	if sum := b.load(); sum.Rows != 1 {
		t.Fatalf("first day: %+v", sum)
	}
	b.Options.Until, b.Options.Since = b.Options.Since, day
	if sum := b.load(); sum.Rows != 1 {
		t.Fatalf("second day: %+v", sum)
	}
	if d := cmp.Diff([]string{"alice|∅", "root|4"}, b.ask(`SELECT user_name, connection_type FROM rds_audit ORDER BY time`)); d != "" {
		t.Error(d)
	}
}

// TestLateDuplicates: of two events of one name the first by file is the row,
// also where its file was given up and read again.
func TestLateDuplicates(t *testing.T) {
	const report = "REPORT RequestId: 6f1c2d3e-0000-4000-8000-000000000001\tDuration: 12.50 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 60 MB\t\n"
	late := []string{report, "START RequestId: 6f1c2d3e-0000-4000-8000-000000000001 Version: 7\n", "<34>1 2026-01-02T03:04:05.000Z host su 1 ID47 - failed\n", "XRAY TraceId: 1-65\tSegmentId: 2f\tSampled: true\t\n"}
	for seed := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, 2))
		dir := filepath.Join(t.TempDir(), "evidence")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for k := range 8 {
			var list []string
			for range 1 + r.IntN(7000) {
				// Events of one name have one text, or they are no duplicates.
				id := r.IntN(9000)
				text := "plain"
				if id%2000 < 4 {
					text = late[id%2000]
				}
				list = append(list, fmt.Sprintf(`{"id":"%056d","timestamp":%d,"message":%q}`, id, 1767322800000+id, text))
			}
			text := `{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"/aws/lambda/shop","logStream":"s","subscriptionFilters":["f"],"logEvents":[` + strings.Join(list, ",") + "]}\n"
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(k, ".json")), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		contents := map[string]string{}
		for name, fsys := range map[string]fs.FS{"late": schemas.FS, "all": undelayed(t)} {
			b := newBench(t)
			b.Dir, b.Threads, b.Options.Sample = dir, 1+int(seed%3), -1
			b.loadBy(fsys, false, func(c *store.Case) {
				contents[name] = content(t, c)
				if got := query(t, c, `SELECT count(*) > 0, count(duration_ms) > 0 FROM cloudwatch_logs`); got[0] != "true|true" {
					t.Errorf("seed %d: %s", seed, got)
				}
			})
		}
		if contents["late"] != contents["all"] {
			t.Errorf("seed %d: other rows or counts than with storage for all", seed)
		}
	}
}

// TestLateInBigFile: a file that a feeder reads is given up like another.
func TestLateInBigFile(t *testing.T) {
	b := newBench(t)
	var text strings.Builder
	line := strings.Repeat("x", 1000)
	for i := range 34_000 {
		fmt.Fprintf(&text, "20260102 03:04:%02d,db-1,alice,192.0.2.9,27,%d,QUERY,shop,'select %s',0\n", i%60, i, line)
	}
	text.WriteString("20260102 03:05:00,db-1,root,192.0.2.9,28,1,QUERY,shop,'select 7',0,4\n")
	b.write("a.log", []byte(text.String()))
	b.write("b.log", []byte(fmt.Sprintf(audit, 1, 1, 1)))
	if sum := b.load(); sum.Rows != 34_002 || sum.Files != 2 {
		t.Errorf("%+v", sum)
	}
	if d := cmp.Diff([]string{"34002|34002|1"}, b.ask(`SELECT count(*), count(DISTINCT (file_id, record_no)), count(connection_type) FROM rds_audit`)); d != "" {
		t.Error(d)
	}
}
