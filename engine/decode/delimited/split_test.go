package delimited

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"logquarry/engine/schema"
	"logquarry/engine/schema/schematest"
)

// TestSplitPlainly: the quick way to part a line never says anything else than
// the careful one, and does take the lines that logs are made of.
func TestSplitPlainly(t *testing.T) {
	plain := 0
	sources := schematest.Shipped(t)
	for _, s := range sources {
		if s.Shape != schema.Delimited {
			continue
		}
		p, err := NewPlan(s)
		if err != nil {
			t.Fatal(err)
		}
		paths, err := filepath.Glob("../../../schemas/" + s.Name + "/samples/*.log")
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range bytes.Split(text, []byte{'\n'}) {
				// The line itself, and it with each byte in turn made one that parts or quotes.
				lines := [][]byte{line}
				for i := range line {
					for _, c := range `" \-` {
						bad := bytes.Clone(line)
						bad[i] = byte(c)
						lines = append(lines, bad)
					}
				}
				for _, l := range lines {
					l = bytes.TrimSpace(l)
					got, ok := splitPlainly(nil, l, p.order)
					if !ok {
						continue
					}
					plain++
					want, torn := splitQuoted(nil, l, p.order)
					same := func(a, b field) bool { return a.Quoted == b.Quoted && bytes.Equal(a.Text, b.Text) }
					if !slices.EqualFunc(want, got, same) || torn {
						t.Fatalf("%s: %q is parted otherwise with care, torn %v", s.Name, l, torn)
					}
				}
			}
		}
	}
	if plain < 10000 {
		t.Errorf("only %d lines were plain", plain)
	}
}
