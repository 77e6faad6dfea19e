package queries_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"logquarry/engine/enrich"
	"logquarry/engine/enrich/geodb"
	"logquarry/engine/find"
	"logquarry/engine/hunt"
	"logquarry/engine/load"
	"logquarry/engine/schema"
	"logquarry/engine/store"
	"logquarry/engine/value"
	"logquarry/queries"
	"logquarry/schemas"
)

func library(t testing.TB) *hunt.Library {
	t.Helper()
	l, err := hunt.Load(queries.FS)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// openCase makes an empty case that knows the databases of geodb.
func openCase(t testing.TB) *store.Case {
	t.Helper()
	dir := t.TempDir()
	if err := geodb.Folder(dir); err != nil {
		t.Fatal(err)
	}
	c, err := store.Open(context.Background(), filepath.Join(dir, "case.duckdb"),
		store.Options{Create: true, Schemas: schemas.FS, Functions: store.Functions(enrich.New(enrich.Options{GeoIP: dir}))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// loadPaths loads log files into c as quarry does.
func loadPaths(t testing.TB, c *store.Case, srcs []*schema.Source, paths ...string) *load.Summary {
	t.Helper()
	ctx := context.Background()
	f, err := find.NewFinder(find.Options{Sources: srcs, Scratch: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	files, err := f.Find(ctx, paths)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := load.Load(ctx, c, files, load.Options{Sources: srcs, Now: func() time.Time { return time.Unix(0, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// clear takes everything out of c.
func clear(t testing.TB, c *store.Case, srcs []*schema.Source) {
	t.Helper()
	for _, s := range srcs {
		if err := c.Exec(context.Background(), "DELETE FROM "+s.StorageTable(), nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, table := range []string{"evidence", "rejects"} {
		if err := c.Exec(context.Background(), "DELETE FROM "+table, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// writeFiles writes files below a new folder and returns it.
func writeFiles(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// row is one finding by column name.
type row map[string]any

// findings runs one hunt and returns all it finds.
func findings(t testing.TB, c *store.Case, h hunt.Hunt, params map[string]string) []row {
	t.Helper()
	var out []row
	results, err := hunt.Run(context.Background(), c, []hunt.Hunt{h}, hunt.Options{
		Params: params,
		Rows: func(_ hunt.Hunt, rows value.Rows) error {
			for rows.Next() {
				r := row{}
				for i, col := range rows.Columns() {
					v := rows.Values()[i]
					if at, ok := v.(time.Time); ok {
						v = at.Format(time.RFC3339)
					}
					r[col.Name] = v
				}
				out = append(out, r)
			}
			return nil
		},
	})
	if err != nil {
		t.Fatalf("%s: %v", h.ID, err)
	}
	if results[0].Err != nil {
		t.Fatalf("%s: %v", h.ID, results[0].Err)
	}
	return out
}
