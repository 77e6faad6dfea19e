package load_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"logquarry/engine/schema"
)

var update = flag.Bool("update", false, "write the golden files anew")

const golden = ".golden.ndjson"

// TestSamples loads each sample of each source and compares its rows, and what
// was rejected of it, with the golden file beside it. A row is one object of
// the columns that are not NULL, in the order of the table.
func TestSamples(t *testing.T) {
	inputs, err := filepath.Glob(filepath.Join("..", "..", "schemas", "*", "samples", "*"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, path := range inputs {
		if strings.HasSuffix(path, golden) {
			if _, err := os.Stat(strings.TrimSuffix(path, golden)); err != nil {
				t.Errorf("%s has no sample", path)
			}
			continue
		}
		n++
		source := filepath.Base(filepath.Dir(filepath.Dir(path)))
		t.Run(source+"/"+filepath.Base(path), func(t *testing.T) {
			b := newBench(t)
			b.loadFiles(b.find(path))
			c := b.open()
			defer c.Close()
			var got bytes.Buffer
			for _, s := range sources(t) {
				rows, err := c.Query(t.Context(), fmt.Sprintf(`SELECT * EXCLUDE (file_id) FROM %s ORDER BY record_no`, schema.Quote(s.Name)), nil)
				if err != nil {
					t.Fatal(err)
				}
				defer rows.Close()
				for rows.Next() {
					fmt.Fprintf(&got, `{"table":%q`, s.Name)
					for i, v := range rows.Values() {
						if v == nil {
							continue
						}
						if at, ok := v.(time.Time); ok {
							v = at.Format("2006-01-02T15:04:05.999999Z")
						}
						text, err := json.Marshal(v)
						if err != nil {
							t.Fatal(err)
						}
						fmt.Fprintf(&got, `,%q:%s`, rows.Columns()[i].Name, text)
					}
					got.WriteString("}\n")
				}
				if err := rows.Err(); err != nil {
					t.Fatal(err)
				}
				rows.Close()
			}
			for _, row := range query(t, c, `SELECT record_no, line, "offset", reason FROM rejects ORDER BY record_no`) {
				fmt.Fprintf(&got, "{\"reject\":%q}\n", row)
			}
			if *update {
				if err := os.WriteFile(path+golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(path + golden)
			if err != nil {
				t.Fatalf("%v: run the test with -update", err)
			}
			if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
	if n == 0 {
		t.Skip("SKIPPED: no source has samples")
	}
}
