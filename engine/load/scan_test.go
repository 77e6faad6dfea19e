package load

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGlob(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"a/x.gz", "a/b/y.gz", "a/b/z.txt", "c/y.gz", "[odd]"} {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for pattern, want := range map[string]string{
		"a":        "a",
		"a/x.gz":   "a/x.gz",
		"[odd]":    "[odd]",
		"a/*.gz":   "a/x.gz",
		"a/*":      "a/b a/x.gz",
		"**/y.gz":  "a/b/y.gz c/y.gz",
		"a/**":     "a/b a/x.gz",
		"?/y.gz":   "c/y.gz",
		"*/b/*.gz": "a/b/y.gz",
		"**/q.gz":  "no match",
		"q":        "no match",
		"[a":       "no match",
	} {
		found, err := glob(filepath.Join(root, filepath.FromSlash(pattern)))
		var got []string
		for _, p := range found {
			rel, rerr := filepath.Rel(root, p)
			if rerr != nil {
				t.Fatal(rerr)
			}
			got = append(got, filepath.ToSlash(rel))
		}
		if err != nil {
			got = []string{"no match"}
		}
		if d := cmp.Diff(want, strings.Join(got, " ")); d != "" {
			t.Errorf("%s: %s", pattern, d)
		}
	}
}
