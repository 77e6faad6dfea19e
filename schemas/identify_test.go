package schemas_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"logquarry/engine/find"
	"logquarry/engine/schema/schematest"
)

// TestContentAlone gives every sample of every source a name that says nothing,
// plain and compressed: what it is must be told from its content, and no other
// source may claim it.
func TestContentAlone(t *testing.T) {
	folder := t.TempDir()
	want := map[string]string{}
	n := 0
	put := func(source string, text []byte) {
		n++
		name := filepath.Join(folder, fmt.Sprintf("%08x", n*2654435761%(1<<32)))
		want[name] = source
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range schematest.Shipped(t) {
		for _, text := range samplesOf(t, s) {
			put(s.Name, text)
			var zipped bytes.Buffer
			z := gzip.NewWriter(&zipped)
			z.Write(text)
			z.Close()
			put(s.Name, zipped.Bytes())
		}
	}
	finder, err := find.NewFinder(find.Options{Sources: schematest.Shipped(t), Scratch: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	files, err := finder.Find(context.Background(), []string{folder})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(want) {
		t.Errorf("found %d files, want %d", len(files), len(want))
	}
	for _, f := range files {
		switch {
		case f.Source == nil:
			t.Errorf("a file of %s is not recognised", want[f.Path])
		case f.Source.Name != want[f.Path]:
			t.Errorf("a file of %s was taken for %s (note %q)", want[f.Path], f.Source.Name, f.Note)
		case f.By != "content" || strings.HasPrefix(f.Note, "could be"):
			t.Errorf("a file of %s was told by %s, note %q", want[f.Path], f.By, f.Note)
		}
	}
}
