package watch_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"logquarry/engine/watch"
)

// known says that nothing, or some, was taken before.
type known map[string]bool

func (k known) Arrival(id string) bool { return k[id] }
func (k known) Part(id string) bool    { return k[id] }

// followed runs a folder and gives what arrives.
func followed(t *testing.T, f *watch.Folder, k known) (arrivals <-chan watch.Arrival, stop func()) {
	t.Helper()
	out := make(chan watch.Arrival, 1000)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- f.Run(ctx, false, k, func(_ context.Context, a watch.Arrival) error { out <- a; return nil })
	}()
	return out, func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func next(t *testing.T, arrivals <-chan watch.Arrival) watch.Arrival {
	t.Helper()
	select {
	case a := <-arrivals:
		return a
	case <-time.After(20 * time.Second):
		t.Fatal("nothing arrives")
		panic("unreachable")
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestFolder: files are handed out once, whole, wherever below the folder they
// appear, and others' temporary files are not.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "old.json"), "old")
	before := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "old.json"), before, before); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "case.duckdb"), "x")
	write(t, filepath.Join(dir, "case.duckdb.watch"), "x")
	const settle = 400 * time.Millisecond
	arrivals, stop := followed(t, &watch.Folder{Path: dir, Settle: settle, Skip: []string{filepath.Join(dir, "case.duckdb")}}, known{})
	if a := next(t, arrivals); filepath.Base(a.Path) != "old.json" || a.Size != 3 {
		t.Errorf("first %+v", a)
	}
	// One that is being written is waited for.
	growing := filepath.Join(dir, "growing.json")
	f, err := os.Create(growing)
	if err != nil {
		t.Fatal(err)
	}
	for range 12 {
		if _, err := f.WriteString("0123456789"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(settle / 4)
	}
	wrote := time.Now()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if a := next(t, arrivals); a.Path != growing || a.Size != 120 {
		t.Errorf("the file that was written is %+v after %v", a, time.Since(wrote))
	}
	// One that is renamed into its name is taken at once, in a new folder too.
	sub := filepath.Join(dir, "2026", "03")
	write(t, filepath.Join(sub, "a.json.tmp"), "renamed")
	write(t, filepath.Join(sub, ".b.json"), "hidden")
	time.Sleep(settle / 2) // that the temporary file is seen
	if err := os.Rename(filepath.Join(sub, "a.json.tmp"), filepath.Join(sub, "a.json")); err != nil {
		t.Fatal(err)
	}
	if a := next(t, arrivals); a.Path != filepath.Join(sub, "a.json") || a.Size != 7 {
		t.Errorf("renamed: %+v", a)
	}
	// A tree that is moved in whole.
	out := t.TempDir()
	for _, name := range []string{"x/1.json", "x/y/2.json", "x/y/z/3.json"} {
		write(t, filepath.Join(out, name), name)
	}
	if err := os.Rename(filepath.Join(out, "x"), filepath.Join(dir, "x")); err != nil {
		t.Skip("the folders are on different disks:", err)
	}
	var got []string
	for range 3 {
		got = append(got, filepath.Base(next(t, arrivals).Path))
	}
	slices.Sort(got)
	if strings.Join(got, " ") != "1.json 2.json 3.json" {
		t.Errorf("the tree gave %q", got)
	}
	stop()
	if len(arrivals) > 0 {
		t.Errorf("and %+v", <-arrivals)
	}
}

// TestFolderKnown: what was taken before is not handed out again; a file that
// changed since is, under another id.
func TestFolderKnown(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.json")
	write(t, path, "one")
	f := &watch.Folder{Path: dir, Settle: time.Millisecond}
	once := func(k known) (list []watch.Arrival) {
		t.Helper()
		err := f.Run(t.Context(), true, k, func(_ context.Context, a watch.Arrival) error { list = append(list, a); return nil })
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	first := once(known{})
	if len(first) != 1 {
		t.Fatalf("%+v", first)
	}
	k := known{first[0].ID: true}
	if again := once(k); again != nil {
		t.Errorf("again: %+v", again)
	}
	write(t, path, "other")
	if changed := once(k); len(changed) != 1 || changed[0].ID == first[0].ID || changed[0].Size != 5 {
		t.Errorf("changed: %+v", changed)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if gone := once(k); gone != nil {
		t.Errorf("gone: %+v", gone)
	}
}

// TestFolderLosesNews: what the system does not tell is found by looking.
func TestFolderLosesNews(t *testing.T) {
	dir := t.TempDir()
	target := t.TempDir()
	// The system does not tell of changes behind a link.
	if err := os.Symlink(filepath.Join(target, "a.json"), filepath.Join(dir, "a.json")); err != nil {
		t.Skip(err)
	}
	arrivals, stop := followed(t, &watch.Folder{Path: dir, Settle: time.Millisecond, Rescan: 50 * time.Millisecond}, known{})
	defer stop()
	time.Sleep(100 * time.Millisecond)
	write(t, filepath.Join(target, "a.json"), "text")
	if a := next(t, arrivals); a.Path != filepath.Join(dir, "a.json") || a.Size != 4 {
		t.Errorf("%+v", a)
	}
}
