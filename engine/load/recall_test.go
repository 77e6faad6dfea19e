package load_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"logquarry/engine/find"
	"logquarry/engine/load"
)

// TestRecall loads a corpus in small loads: what is remembered from one to the
// next must give the rows, ledger and rejects that reading the case anew gives.
func TestRecall(t *testing.T) {
	from := newBench(t)
	from.corpus(23, 8, 10)
	from.write("again/a.json.gz", gz(records(event("again", 1, ""))))
	from.write("again/b.json.gz", gz(records(event("again", 1, ""))))
	files := from.find()
	want := ""
	for _, recall := range []*load.Recall{nil, new(load.Recall)} {
		b := newBench(t)
		b.Dir = from.Dir
		b.Options.Recall = recall
		for part := range slices.Chunk(files, 9) {
			b.loadFiles(part)
		}
		// All of them once more: nothing is new.
		before := b.content()
		if sum := b.loadFiles(files); sum.Rows != 0 {
			t.Errorf("recall %v: the same files again gave %d rows", recall != nil, sum.Rows)
		}
		got := b.content()
		if got != before {
			t.Errorf("recall %v: loading the same files again changed the case", recall != nil)
		}
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("recall %v: other rows than without", recall != nil)
		}
	}
}

// TestRecallAfterFailure: keys of a load that was not committed are not known.
func TestRecallAfterFailure(t *testing.T) {
	b := newBench(t)
	b.Options.Recall = new(load.Recall)
	b.write("a.json", []byte(records(event("a", 1, ""))))
	b.load()
	b.write("b.json", []byte(records(event("b", 2, ""))))
	files := b.find()
	c := b.open()
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0 // the first is that of the load's beginning
	opts := b.options()
	now := opts.Now
	opts.Now = func() time.Time {
		if calls++; calls == 2 {
			cancel() // as the ledger is written: the rows are inserted and not committed
		}
		return now()
	}
	if _, err := load.Load(ctx, c, slices.Clone(files), opts); err == nil {
		t.Error("a load that was cancelled ended well")
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if sum := b.loadFiles(files); sum.Rows != 1 || sum.Skipped[load.Known] != 1 {
		t.Errorf("after the failure: %+v", sum)
	}
	// What somebody else loaded is known after Forget.
	other := newBench(t)
	other.Dir, other.Case = b.Dir, b.Case
	b.write("c.json", []byte(records(event("c", 3, ""))))
	other.load()
	b.Options.Recall.Forget()
	b.write("d.json", []byte(records(event("c", 3, `,"requestID":"other bytes"`))))
	if sum := b.loadFiles(slices.DeleteFunc(b.find(), func(f find.File) bool { return f.Source == nil })); sum.Rows != 0 || sum.Duplicates != 1 {
		t.Errorf("after Forget: %+v", sum)
	}
}
