package find_test

import (
	"path/filepath"
	"slices"
	"testing"

	"logquarry/engine/find"
	"logquarry/engine/manifest"
)

// A folder that was fetched into holds what is about the logs, and what is no log
// yet: neither is listed. What only has such a name is.
func TestFetchedFolder(t *testing.T) {
	dir := t.TempDir()
	l, err := manifest.Open(dir, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Append(t.Context(), manifest.Entry{Status: manifest.Fetched, Path: "a.log"}); err != nil || l.Close() != nil {
		t.Fatal(err)
	}
	write(t, dir, "a.log", "a\n")
	write(t, dir, manifest.Scratch+"/1", "half\n")
	write(t, dir, "other/"+manifest.Name, "{\"key\":\"k\"}\n")
	files, err := finder(t, find.Options{}).Find(t.Context(), []string{dir})
	if got := names(files, dir); err != nil || !slices.Equal(got, []string{"a.log", "other/" + manifest.Name}) {
		t.Errorf("%v, %v", got, err)
	}
	// Named by itself it is there to be looked at.
	files, err = finder(t, find.Options{}).Find(t.Context(), []string{filepath.Join(dir, manifest.Name)})
	if err != nil || len(files) != 1 {
		t.Errorf("%v, %v", files, err)
	}
}
