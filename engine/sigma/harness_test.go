package sigma_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"logquarry/engine/find"
	"logquarry/engine/load"
	"logquarry/engine/schema/schematest"
	"logquarry/engine/sigma"
	"logquarry/engine/store"
	"logquarry/schemas"
)

// newCase is a case into which the paths are loaded, open to be asked as hunts
// ask it.
func newCase(t testing.TB, paths ...string) *store.Case {
	t.Helper()
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "case.duckdb")
	c, err := store.Open(ctx, path, store.Options{Create: true, Schemas: schemas.FS, Threads: 2, Memory: "1GB"})
	if err != nil {
		t.Fatal(err)
	}
	f, err := find.NewFinder(find.Options{Sources: schematest.Shipped(t), Scratch: t.TempDir(), Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	files, err := f.Find(ctx, paths)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := load.Load(ctx, c, files, load.Options{Sources: schematest.Shipped(t), Now: func() time.Time { return time.Unix(0, 0) }}); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c, err = store.Open(ctx, path, store.Options{ReadOnly: true, Confined: true, Threads: 2, Memory: "1GB"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// records writes a CloudTrail log file of the events, and gives its folder.
func records(t testing.TB, events ...string) string {
	t.Helper()
	dir := t.TempDir()
	text := `{"Records":[` + strings.Join(events, ",\n") + `]}`
	if err := os.WriteFile(filepath.Join(dir, "111122223333_CloudTrail_eu-west-1_20260310T0000Z_a.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// ids runs a query and gives its first column, in order.
func ids(t testing.TB, c *store.Case, sql string) []string {
	t.Helper()
	rows, err := c.Query(t.Context(), sql, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		s, _ := rows.Values()[0].(string)
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	slices.Sort(out)
	return out
}

// one is the rule of a text with only the detection written out, which stands
// indented under detection.
func one(t testing.TB, detection string, o sigma.Options) *sigma.Rule {
	t.Helper()
	text := "title: a rule\nlogsource:\n  product: aws\n  service: cloudtrail\ndetection:\n" + indented(detection)
	c := sigma.Parse("rule.yml", text, o)
	for _, p := range c.Problems {
		t.Fatalf("%v\n%s", p, text)
	}
	if len(c.Rules) != 1 {
		t.Fatalf("%d rules in\n%s", len(c.Rules), text)
	}
	return c.Rules[0]
}

func indented(text string) string {
	var b strings.Builder
	for l := range strings.Lines(text) {
		b.WriteString("  " + l)
	}
	return b.String() + "\n"
}

func containsExpand(detection string) bool { return strings.Contains(detection, "|expand") }
