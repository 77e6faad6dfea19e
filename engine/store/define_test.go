package store_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"go.uber.org/goleak"

	"logquarry/engine/schema"
	"logquarry/engine/schema/schematest"
	"logquarry/engine/store"
	"logquarry/schemas"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// with is the shipped definitions with more text at the end of a file.
func with(t *testing.T, name, more string) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	err := fs.WalkDir(schemas.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(schemas.FS, path)
		out[path] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	out[name].Data = append(out[name].Data, more...)
	return out
}

const brokenView = "\n-- No such table.\nCREATE OR REPLACE VIEW broken AS SELECT a FROM nowhere;\n"

// whole wants every view of the case to run, and returns their names.
func whole(t *testing.T, c *store.Case) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, row := range all(t, c, `SELECT view_name FROM duckdb_views() WHERE NOT internal`, nil) {
		name := row[0].(string)
		names[name] = true
		all(t, c, `SELECT * FROM `+schema.Quote(name)+` LIMIT 1`, nil)
	}
	for _, want := range []string{"cloudtrail", "flow_unreached", "events"} {
		if !names[want] {
			t.Errorf("the case has no view %s", want)
		}
	}
	return names
}

// TestUnfinished opens a case whose tables were committed and whose views were
// not, as a process leaves it that is killed between the two.
func TestUnfinished(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "case.duckdb")
	c, err := store.Open(ctx, path, store.Options{Create: true, ViewsLater: true, Schemas: with(t, "cross.sql", brokenView)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.DB().ExecContext(ctx, `INSERT INTO stored.nlb (file_id, record_no) VALUES (1, 1)`); err != nil {
		t.Errorf("loading beside it: %v", err)
	}
	_, qerr := c.Query(ctx, `SELECT 1`, nil)
	for _, err := range []error{c.Ready(), c.Ready(), qerr} {
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "cross.sql") || !strings.Contains(err.Error(), "nowhere") {
			t.Errorf("a broken view: %v", err)
		}
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	for _, opts := range []store.Options{{}, {ReadOnly: true}} {
		c, err := store.Open(ctx, path, opts)
		if err == nil {
			c.Close()
		}
		if !errors.Is(err, store.ErrUnfinished) || !strings.Contains(err.Error(), path) {
			t.Errorf("read-only %v: %v", opts.ReadOnly, err)
		}
	}
	for _, later := range []bool{true, false} {
		c, err = store.Open(ctx, path, store.Options{Create: true, ViewsLater: later, Schemas: schemas.FS})
		if err != nil {
			t.Fatal(err)
		}
		if got := all(t, c, `SELECT count(*) FROM nlb`, nil); got[0][0] != int64(1) {
			t.Errorf("the row is gone: %v", got)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if c, err = store.Open(ctx, path, store.Options{ReadOnly: true}); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	whole(t, c)
}

// TestEmptyDatabase is a case whose maker was killed before its first commit.
func TestEmptyDatabase(t *testing.T) {
	c, _ := create(t)
	path := filepath.Join(t.TempDir(), "empty.duckdb")
	if err := c.Exec(t.Context(), fmt.Sprintf(`ATTACH '%s' AS x`, path), nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Exec(t.Context(), `DETACH x`, nil); err != nil {
		t.Fatal(err)
	}
	if c, err := store.Open(t.Context(), path, store.Options{ReadOnly: true}); !errors.Is(err, store.ErrUnfinished) {
		if err == nil {
			c.Close()
		}
		t.Errorf("opened to be asked: %v", err)
	}
	c, err := store.Open(t.Context(), path, store.Options{Create: true, ViewsLater: true, Schemas: schemas.FS})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	whole(t, c)
}

// TestUpgrade gives an older case newer views: all of them or, where one is
// broken, none, and the case stays as it was.
func TestUpgrade(t *testing.T) {
	ctx := t.Context()
	c, path := create(t)
	c.Close()
	open := func(opts store.Options) (*store.Case, error) { return store.Open(ctx, path, opts) }
	broken := with(t, "nlb/views.sql", "\n-- New.\nCREATE OR REPLACE VIEW fresh AS SELECT file_id FROM nlb;\n"+brokenView)
	if _, err := open(store.Options{Create: true, ViewsLater: true, Schemas: broken}); err == nil || !strings.Contains(err.Error(), "nlb/views.sql") {
		t.Fatalf("a broken view: %v", err)
	}
	c, err := open(store.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if whole(t, c)["fresh"] {
		t.Error("a broken upgrade left a view")
	}
	c.Close()
	sound := with(t, "nlb/views.sql", "\n-- New.\nCREATE OR REPLACE VIEW nlb_events AS SELECT CAST('new' AS VARCHAR) AS source;\n")
	if _, err := open(store.Options{Create: true, ViewsLater: true, Schemas: sound}); err == nil || !strings.Contains(err.Error(), "events") {
		t.Fatalf("a view that does not fit events: %v", err)
	}
	sound = with(t, "nlb/views.sql", "\n-- New.\nCREATE OR REPLACE VIEW fresh AS SELECT file_id FROM nlb;\n")
	if c, err = open(store.Options{Create: true, ViewsLater: true, Schemas: sound}); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if !whole(t, c)["fresh"] {
		t.Error("an upgrade did not make the new view")
	}
}

// TestWidenMeanwhile gives every rare column storage while views over the same
// tables are made: both transactions change the catalogue, and the views of one
// are bound over what the other replaces.
func TestWidenMeanwhile(t *testing.T) {
	sources := schematest.Shipped(t)
	wanted, rare := map[string]map[string]bool{}, 0
	for _, s := range sources {
		wanted[s.Name] = map[string]bool{}
		for _, c := range s.Columns {
			if c.Rare {
				wanted[s.Name][c.Name] = true
				rare++
			}
		}
	}
	for name, before := range map[string]func(c *store.Case) error{
		"committed before the views": func(*store.Case) error { return nil },
		"committed after the views":  (*store.Case).Ready,
	} {
		t.Run(name, func(t *testing.T) {
			// Open's context ends with Open, as that of an interrupted load may.
			ctx, cancel := context.WithCancel(t.Context())
			path := filepath.Join(t.TempDir(), "case.duckdb")
			c, err := store.Open(ctx, path, store.Options{Create: true, ViewsLater: true, Schemas: schemas.FS, Sources: sources})
			cancel()
			if err != nil {
				t.Fatal(err)
			}
			tx, err := c.DB().BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := store.Widen(t.Context(), tx, sources, wanted); err != nil {
				t.Fatal(err)
			}
			_, err = tx.Exec(`INSERT INTO stored.vpc_flow (interface_id, flow_direction, extra, file_id, record_no) VALUES ('eni-1', 'ingress', '{"tcp-flags":"2"}', 1, 1)`)
			if err != nil {
				t.Fatal(err)
			}
			if err := before(c); err != nil {
				t.Fatal(err)
			}
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
			if err := c.Ready(); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				whole(t, c)
				if got := all(t, c, `SELECT interface_id, flow_direction, tcp_flags FROM vpc_flow`, nil); fmt.Sprint(got) != "[[eni-1 ingress 2]]" {
					t.Errorf("the row is %v", got)
				}
				if got := all(t, c, `SELECT source FROM events`, nil); fmt.Sprint(got) != "[[vpc_flow]]" {
					t.Errorf("events are of %v", got)
				}
				have, err := store.Stored(t.Context(), c.DB(), sources)
				if err != nil {
					t.Fatal(err)
				}
				n := 0
				for _, s := range have {
					for _, c := range s.Columns {
						if c.Rare {
							n++
						}
					}
				}
				if n != rare || rare == 0 {
					t.Errorf("%d of %d rare columns are stored", n, rare)
				}
				// Again from the file.
				if err := c.Close(); err != nil {
					t.Fatal(err)
				}
				if c, err = store.Open(t.Context(), path, store.Options{ReadOnly: true}); err != nil {
					t.Fatal(err)
				}
			}
			c.Close()
		})
	}
}
