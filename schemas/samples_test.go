package schemas_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"logquarry/engine/find"
	"logquarry/engine/load"
	"logquarry/engine/schema"
	"logquarry/engine/schema/schematest"
	"logquarry/engine/store"
	"logquarry/schemas"
)

var update = flag.Bool("update", false, "rewrite the golden samples")

const goldenEnd = ".golden.ndjson"

// loadFiles loads the files of folder into a new case.
func loadFiles(t *testing.T, folder string) (*store.Case, []find.File) {
	t.Helper()
	ctx := context.Background()
	all := schematest.Shipped(t)
	c, err := store.Open(ctx, filepath.Join(t.TempDir(), "case.duckdb"), store.Options{Create: true, Schemas: schemas.FS})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	finder, err := find.NewFinder(find.Options{Sources: all, Scratch: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	files, err := finder.Find(ctx, []string{folder})
	if err != nil {
		t.Fatal(err)
	}
	// Two threads would share out the files of one batch, and then which of two
	// copies of an event is the duplicate depends on their race.
	if _, err := load.Load(ctx, c, files, load.Options{Sources: all, Threads: 1}); err != nil {
		t.Fatal(err)
	}
	return c, files
}

// samplesOf are the samples of a source, by name.
func samplesOf(t *testing.T, s *schema.Source) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(s.Name, "samples", "*"))
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string][]byte{}
	for _, path := range paths {
		if strings.HasSuffix(path, goldenEnd) {
			continue
		}
		if texts[filepath.Base(path)], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	if len(texts) == 0 {
		t.Fatalf("%s has no samples", s.Name)
	}
	return texts
}

// TestSamples loads each source's samples and compares rows, rejects and counts
// with the golden file beside each.
func TestSamples(t *testing.T) {
	for _, s := range schematest.Shipped(t) {
		t.Run(s.Name, func(t *testing.T) {
			folder := t.TempDir()
			names := samplesOf(t, s)
			for name, text := range names {
				if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			c, files := loadFiles(t, folder)
			for _, f := range files {
				name := filepath.Base(f.Path)
				delete(names, name)
				if f.Source == nil || f.Source.Name != s.Name {
					t.Errorf("%s is not recognised: %+v", name, f.Source)
					continue
				}
				compare(t, filepath.Join(s.Name, "samples", strings.TrimSuffix(name, filepath.Ext(name))+goldenEnd), account(t, c, s, name))
			}
			if len(names) > 0 {
				t.Errorf("not found: %v", slices.Sorted(maps.Keys(names)))
			}
		})
	}
}

func compare(t *testing.T, golden string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is missing; -update writes it", golden)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); d != "" {
		t.Errorf("%s (-want +got):\n%s", golden, d)
	}
}

// account is what became of one file, one JSON object a line: its rows with the
// columns that are not NULL, its rejects, and its counts.
func account(t *testing.T, c *store.Case, s *schema.Source, name string) []byte {
	t.Helper()
	var out bytes.Buffer
	const of = " WHERE file_id = (SELECT file_id FROM evidence WHERE path LIKE ?) "
	objects(t, c, &out, "SELECT * FROM "+schema.Quote(s.Name)+of+"ORDER BY record_no", "%/"+name)
	objects(t, c, &out, `SELECT reason AS rejected, record_no, line, "offset" FROM rejects`+of+`ORDER BY "offset"`, "%/"+name)
	objects(t, c, &out, "SELECT records, loaded, duplicates, rejected, repaired FROM evidence"+of, "%/"+name)
	return out.Bytes()
}

func objects(t *testing.T, c *store.Case, out *bytes.Buffer, query, arg string) {
	t.Helper()
	rows, err := c.DB().Query(query, arg)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	cols, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		cells := make([]any, len(cols))
		into := make([]any, len(cols))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		sep := "{"
		for i, cell := range cells {
			if cell == nil || cols[i] == "file_id" {
				continue
			}
			if when, ok := cell.(time.Time); ok {
				cell = when.UTC().Format("2006-01-02T15:04:05.999999Z")
			}
			var text bytes.Buffer
			enc := json.NewEncoder(&text)
			enc.SetEscapeHTML(false)
			if err := enc.Encode(cell); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(out, "%s%q:%s", sep, cols[i], bytes.TrimSuffix(text.Bytes(), []byte("\n")))
			sep = ","
		}
		out.WriteString("}\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// TestNotTaken shows look-alikes that must not become rows of a source.
func TestNotTaken(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{
		"s3_notification.json": `{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"eu-west-1","eventTime":"2026-01-02T03:04:05.000Z","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"}}}]}`,
		"kinesis.json":         `{"Records":[{"eventVersion":"1.0","eventSource":"aws:kinesis","eventName":"aws:kinesis:record","kinesis":{"data":"eA=="}}]}`,
		"notes.txt":            "2 things to remember about eni-0a1b OK\n",
		"other.json":           `{"timestamp":1767323051000,"action":"ALLOW","httpRequest":{}}`,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, files := loadFiles(t, folder)
	if len(files) != 4 {
		t.Errorf("found %d files, want 4", len(files))
	}
	for _, f := range files {
		if f.Source != nil {
			t.Errorf("%s was taken for %s", filepath.Base(f.Path), f.Source.Name)
		}
	}
}
