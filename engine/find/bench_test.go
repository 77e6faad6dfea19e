package find

import (
	"os"
	"testing"

	"logquarry/engine/schema/schematest"
)

func BenchmarkFind(b *testing.B) {
	ss := schematest.Shipped(b)
	dir := os.Getenv("BENCH_DIR")
	if dir == "" {
		b.Skip("BENCH_DIR names no evidence")
	}
	f, err := NewFinder(Options{Sources: ss, Scratch: b.TempDir(), Threads: 1})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := f.Find(b.Context(), []string{dir}); err != nil {
			b.Fatal(err)
		}
	}
}
