package load_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"logquarry/engine/load"
	"logquarry/engine/store"
	"logquarry/schemas"
)

// TestFullDisk loads into a case on a disk that is too small: what is wrong is
// said, what was committed stands, and with room the load goes on.
func TestFullDisk(t *testing.T) {
	small := t.TempDir()
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=12m"); err != nil {
		t.Skipf("SKIPPED: no small disk to be had: %v", err)
	}
	defer syscall.Unmount(small, syscall.MNT_DETACH)
	b := newBench(t)
	b.write("a_small.json", []byte(records(event("first", 1, ""))))
	for i := range 30 {
		var list []string
		for k := range 400 {
			list = append(list, event(strings.Repeat(string(rune('a'+i%26)), 1+k), k, `,"additionalEventData":{"x":"`+noise(i*400+k)+`"}`))
		}
		b.write("big_"+string(rune('a'+i))+".json", []byte(records(list...)))
	}
	b.Case = filepath.Join(small, "case.duckdb")
	c := b.open()
	files := b.find()
	if _, err := load.Load(context.Background(), c, files[:1], b.options()); err != nil {
		t.Fatal(err)
	}
	_, err := load.Load(context.Background(), c, files, b.options())
	if err == nil || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("told %v", err)
	}
	c.Close()
	if err := syscall.Mount("tmpfs", small, "tmpfs", syscall.MS_REMOUNT, "size=200m"); err != nil {
		t.Fatal(err)
	}
	c, err = store.Open(context.Background(), b.Case, store.Options{Create: true, Schemas: schemas.FS, Threads: 2})
	if err != nil {
		t.Fatalf("the case does not open: %v", err)
	}
	if got := query(t, c, `SELECT count(*) FROM cloudtrail`); got[0] != "1" {
		t.Errorf("%s rows stand", got[0])
	}
	check(t, c)
	c.Close()
	b.load()
	whole := newBench(t)
	whole.Dir = b.Dir
	whole.load()
	if b.content() != whole.content() {
		t.Error("a load taken up after a full disk ends with other rows")
	}
	os.Remove(b.Case)
}

// noise is text that no compression makes much smaller.
func noise(seed int) string {
	x := uint64(seed)*0x9e3779b97f4a7c15 + 1
	out := make([]byte, 1500)
	for i := range out {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		out[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[x>>58]
	}
	return string(out)
}
