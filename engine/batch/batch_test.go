package batch_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
	"time"

	"logquarry/engine/batch"
	"logquarry/engine/schema"
)

func TestCells(t *testing.T) {
	b := batch.New([]schema.Type{schema.Varchar, schema.Bigint, schema.Integer, schema.Double, schema.Boolean, schema.TimestampMS, schema.JSONText})
	long := strings.Repeat("x", 1000)
	for i := range batch.Rows {
		if b.Full() {
			t.Fatalf("full after %d rows", i)
		}
		if i%3 == 0 {
			b.SetText(0, []byte(long))
			b.SetInt64(1, -1)
			b.Drop()
			if b.IsSet(0) || b.Text(0) != nil {
				t.Fatal("a dropped row still has values")
			}
		}
		b.SetText(0, []byte(long[:i%40]))
		b.SetInt64(1, int64(i)<<40)
		b.SetInt32(2, int32(-i))
		b.SetFloat64(3, float64(i)/2)
		b.SetBool(4, i%2 == 0)
		b.SetInt64(5, int64(i)*1_000_000)
		b.SetText(6, []byte("{}"))
		b.Clear(6)
		b.Next()
	}
	if !b.Full() || b.Len() != batch.Rows || b.Set(0) != batch.Rows || b.Set(6) != 0 {
		t.Errorf("full %v, %d rows, %d and %d set", b.Full(), b.Len(), b.Set(0), b.Set(6))
	}
	for i := range batch.Rows {
		want := []any{long[:i%40], int64(i) << 40, int64(-i), float64(i) / 2, i%2 == 0, time.Unix(int64(i), 0).UTC(), nil}
		for c, w := range want {
			if got := b.Value(c, i); got != w {
				t.Fatalf("row %d, column %d: %v, want %v", i, c, got, w)
			}
		}
	}
	b.Reset()
	if b.Len() != 0 || b.Set(0) != 0 {
		t.Error("Reset left rows")
	}
}

// TestMemory: a batch takes no more text than a fixed amount, gives back what
// huge records took, and keeps nothing of rows that were dropped.
func TestMemory(t *testing.T) {
	b := batch.New([]schema.Type{schema.Varchar})
	big := bytes.Repeat([]byte("x"), 10<<20)
	for range 3 {
		n := 0
		for !b.Full() {
			b.SetText(0, big)
			b.Next()
			n++
		}
		if n != 4 {
			t.Errorf("full after %d rows of 10 MiB", n)
		}
		for i := range n {
			if len(b.Value(0, i).(string)) != len(big) {
				t.Errorf("row %d is cut", i)
			}
		}
		b.Reset()
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for range 100_000 {
		b.SetText(0, big[:2000])
		b.Drop()
	}
	if after := heap(); after > before+4<<20 {
		t.Errorf("200 MB of dropped text left %d MiB", (after-before)>>20)
	}
	// One record larger than the batch's limit is a batch of its own.
	b.SetText(0, bytes.Repeat(big, 5))
	if b.Full() {
		t.Error("full without a row")
	}
	b.Next()
	if !b.Full() || len(b.Value(0, 0).(string)) != 50<<20 {
		t.Error("a row of 50 MiB is not whole, or the batch takes more")
	}
	runtime.KeepAlive(b)
}
