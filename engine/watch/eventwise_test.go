package watch_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"logquarry/engine/find"
	"logquarry/engine/hunt"
	"logquarry/engine/load"
	"logquarry/engine/render"
	"logquarry/engine/schema"
	"logquarry/engine/store"
	"logquarry/engine/value"
	"logquarry/engine/watch"
	"logquarry/queries"
	"logquarry/schemas"
)

func sources(t testing.TB) []*schema.Source {
	t.Helper()
	list, err := schema.Load(schemas.FS)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// loaded is a case of its own with the files at paths.
func loaded(t *testing.T, list []*schema.Source, paths ...string) *store.Case {
	t.Helper()
	f, err := find.NewFinder(find.Options{Sources: list, Scratch: t.TempDir(), Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	files, err := f.Find(t.Context(), paths)
	if err != nil {
		t.Fatal(err)
	}
	c, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "case.duckdb"), store.Options{Create: true, Schemas: schemas.FS, Sources: list})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := load.Load(t.Context(), c, files, load.Options{Sources: list}); err != nil {
		t.Fatal(err)
	}
	return c
}

// found are the findings of hunts, by hunt, as sorted texts.
func found(t *testing.T, c *store.Case, hunts []hunt.Hunt) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	_, err := hunt.Run(context.Background(), c, hunts, hunt.Options{
		Rows: func(h hunt.Hunt, rows value.Rows) error {
			for rows.Next() {
				var b []byte
				for _, v := range rows.Values() {
					b = append(render.AppendJSON(b, v), ' ')
				}
				out[h.ID] = append(out[h.ID], string(b))
			}
			return nil
		},
		Done: func(r hunt.Result) error {
			if r.Err != nil {
				t.Errorf("%s: %v", r.Hunt.ID, r.Err)
			}
			return nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestEventWiseHunts: a shipped hunt that is said to judge each event by itself
// finds in two halves of the incident what it finds in the whole.
func TestEventWiseHunts(t *testing.T) {
	list := sources(t)
	lib, err := hunt.Load(queries.FS)
	if err != nil {
		t.Fatal(err)
	}
	hunts := slices.DeleteFunc(lib.Hunts(), func(h hunt.Hunt) bool {
		_, needs := h.Param("key")
		return !watch.EventWise(&h, list) || needs || slices.ContainsFunc(h.Params, func(p hunt.Param) bool { return p.Required })
	})
	if len(hunts) < 30 {
		t.Fatalf("only %d of the shipped hunts judge single events", len(hunts))
	}
	const evidence = "../../testdata/evidence"
	var halves [2][]string
	n := 0
	err = filepath.WalkDir(evidence, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			halves[n%2] = append(halves[n%2], path)
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	whole := found(t, loaded(t, list, evidence), hunts)
	if len(whole) < 15 {
		t.Errorf("only %d hunts find something: the comparison says little", len(whole))
	}
	parts := map[string][]string{}
	for _, half := range halves {
		for id, rows := range found(t, loaded(t, list, half...), hunts) {
			parts[id] = append(parts[id], rows...)
		}
	}
	for _, h := range hunts {
		a, b := whole[h.ID], parts[h.ID]
		slices.Sort(a)
		slices.Sort(b)
		// An event that stands in files of both halves is found in both.
		if !slices.Equal(slices.Compact(a), slices.Compact(b)) {
			t.Errorf("%s finds %d things in the whole and %d in the halves\n%s\n%s", h.ID, len(a), len(b), strings.Join(a, "\n"), strings.Join(b, "\n"))
		}
	}
}

func TestEventWise(t *testing.T) {
	list := sources(t)
	for sql, want := range map[string]bool{
		"SELECT event_time AS time FROM cloudtrail WHERE event_name = 'X'":                               true,
		"SELECT lower(event_name) FROM cloudtrail_events WHERE event_time >= $since ORDER BY 1":          true,
		"SELECT CASE WHEN (a) THEN (b) END FROM \"cloudtrail\" WHERE x IN ('a', 'b') AND (y OR NOT (z))": true,
		"SELECT * FROM events;": true,
		"SELECT 1 FROM cloudtrail -- GROUP BY x\nWHERE note = 'JOIN'":  true,
		"SELECT count(*) FROM cloudtrail":                              false,
		"SELECT \"count\"(*) FROM cloudtrail":                          false,
		"SELECT event_name FROM cloudtrail GROUP BY 1":                 false,
		"SELECT DISTINCT event_name FROM cloudtrail":                   false,
		"SELECT 1 FROM cloudtrail, vpc_flow":                           false,
		"SELECT 1 FROM cloudtrail c":                                   false,
		"SELECT 1 FROM cloudtrail JOIN vpc_flow ON true":               false,
		"SELECT 1 FROM cloudtrail WHERE x IN (SELECT 1 FROM vpc_flow)": false,
		"SELECT 1 FROM cloudtrail WHERE event_time > $baseline_until":  false,
		"SELECT row_number() OVER () FROM cloudtrail":                  false,
		"SELECT 1 FROM cloudtrail LIMIT 1":                             false,
		"WITH c AS (SELECT 1) SELECT 1 FROM c":                         false,
		"SELECT 1 FROM coverage":                                       false,
		"SELECT 1 FROM ip_owner":                                       false,
		"SELECT 1 FROM stored.cloudtrail":                              false,
		"SELECT some_new_function(x) FROM cloudtrail":                  false,
		"SELECT unnest(x) FROM cloudtrail":                             false,
		"SELECT 1":                                                     false,
	} {
		h, err := hunt.ParseFile("x.sql", sql)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		if got := watch.EventWise(&h, list); got != want {
			t.Errorf("%v for %s", got, sql)
		}
	}
}
