package schemas_test

import (
	"os"
	"path/filepath"
	"testing"

	"logquarry/engine/schema"
	"logquarry/engine/schema/schematest"
	"logquarry/engine/store"
)

// samplesCase is a case with the samples of every source.
func samplesCase(t *testing.T) *store.Case {
	t.Helper()
	folder := t.TempDir()
	for _, s := range schematest.Shipped(t) {
		for name, text := range samplesOf(t, s) {
			if err := os.MkdirAll(filepath.Join(folder, s.Name), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, s.Name, name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	c, _ := loadFiles(t, folder)
	return c
}

// TestExamples runs every example query on the samples of all sources: each
// must show something.
func TestExamples(t *testing.T) {
	c := samplesCase(t)
	for _, s := range schematest.Shipped(t) {
		t.Run(s.Name, func(t *testing.T) {
			examples, err := schema.SplitExamples(s.Examples)
			if err != nil {
				t.Fatal(err)
			}
			if len(examples) < 5 {
				t.Errorf("%d example queries, want 5 at least", len(examples))
			}
			for _, e := range examples {
				rows, err := c.DB().Query(e.SQL)
				if err != nil {
					t.Errorf("%s: %v", e.Title, err)
					continue
				}
				n := 0
				for rows.Next() {
					n++
				}
				if err := rows.Err(); err != nil {
					t.Errorf("%s: %v", e.Title, err)
				}
				rows.Close()
				if n == 0 {
					t.Errorf("%s: no row on the samples", e.Title)
				}
			}
		})
	}
}

// TestPages compares each source's generated page with the file beside its
// description; -update writes it.
func TestPages(t *testing.T) {
	for _, s := range schematest.Shipped(t) {
		page, err := s.Page()
		if err != nil {
			t.Fatal(err)
		}
		compare(t, filepath.Join(s.Name, "README.md"), []byte(page))
	}
}
