package sigma

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"logquarry/engine/schema"
	"logquarry/engine/schema/schematest"
	"logquarry/engine/store"
	"logquarry/schemas"
)

// TestMappingsExist asks each name of Sigma's taxonomy of each table it is mapped
// to, and looks for each table that a log source is mapped to.
func TestMappingsExist(t *testing.T) {
	list := schematest.Shipped(t)
	known := map[string]*schema.Source{}
	for _, s := range list {
		known[s.Name] = s
	}
	for what, mapping := range map[string]map[string][]string{"service": services, "category": categories, "network": networks} {
		for name, sources := range mapping {
			for _, s := range sources {
				if known[s] == nil {
					t.Errorf("%s %s: there is no source %s", what, name, s)
				} else if _, ok := eventsQuery(known[s]); !ok {
					t.Errorf("%s %s: %s has no events", what, name, s)
				}
			}
		}
	}
	c, err := store.Open(context.Background(), filepath.Join(t.TempDir(), "case.duckdb"), store.Options{Create: true, Schemas: schemas.FS})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	env := &Env{Sources: list}
	for _, source := range slices.Sorted(maps.Keys(names)) {
		s := known[source]
		if s == nil {
			t.Errorf("names of %s: there is no such source", source)
			continue
		}
		for name, as := range names[source] {
			f := env.field(s, name)
			if !f.Known || len(f.reads) == 0 {
				t.Errorf("%s: %s is mapped to %s, which is not there", source, name, as)
				continue
			}
			if err := c.Exec(t.Context(), fmt.Sprintf("SELECT %s FROM %s", f.Value(), schema.Quote(source)), nil); err != nil {
				t.Errorf("%s: %s, mapped to %s: %v", source, name, as, err)
			}
		}
	}
}
