package find_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"logquarry/engine/find"
)

// asNobody runs f in a thread that may not do what root may.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		f()
		return
	}
	done := make(chan error, 1)
	go func() {
		// The thread is not unlocked, so it ends with the goroutine.
		runtime.LockOSThread()
		if _, _, e := syscall.RawSyscall(syscall.SYS_SETFSUID, 65534, 0, 0); e != 0 {
			done <- e
			return
		}
		f()
		done <- nil
	}()
	if err := <-done; err != nil {
		t.Skipf("SKIPPED: cannot give up root's rights: %v", err)
	}
}

func TestNoPermission(t *testing.T) {
	dir := t.TempDir()
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, dir, "closed/x.json", trail)
	write(t, dir, "open/y.json", trail)
	if err := os.Chmod(filepath.Join(dir, "closed"), 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(filepath.Join(dir, "closed"), 0o755)
	f := finder(t, find.Options{})
	asNobody(t, func() {
		files, err := f.Find(context.Background(), []string{dir})
		want := []string{"closed ! open: permission denied", "open/y.json cloudtrail"}
		if got := names(files, dir); err != nil || !slices.Equal(got, want) {
			t.Errorf("found %q, %v; want %q", got, err, want)
		}
	})
}

func TestNotRegular(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	files, err := finder(t, find.Options{}).Find(t.Context(), []string{dir})
	if got := names(files, dir); err != nil || !slices.Equal(got, []string{"pipe ! not a regular file"}) {
		t.Errorf("found %q, %v", got, err)
	}
}
