package manifest

import (
	"bytes"
	"errors"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// FuzzRead: whatever a list is, reading it ends, however it is cut up, and what is
// read of one that holds is what was written.
func FuzzRead(f *testing.F) {
	var whole []byte
	last := ""
	for i := range 3 {
		e := object(i)
		e.Seq, e.Prev, e.Fetched = int64(i+1), last, time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)
		line, err := e.encode()
		if err != nil {
			f.Fatal(err)
		}
		last = sum(line)
		whole = append(whole, line...)
	}
	for _, seed := range [][]byte{whole, whole[:len(whole)-9], append(bytes.Clone(whole), '\n'), []byte(`{"bucket":"b","key":"k","path":"p"}`), []byte("{}\n{}"), {0}, nil} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		read := func(oneByOne bool) (all []Entry, rep Report, err error) {
			each := func(e *Entry, at int64) {
				if at < 0 || at >= int64(len(text)) {
					t.Fatalf("a line at %d of %d", at, len(text))
				}
				all = append(all, *e)
			}
			if oneByOne {
				rep, err = Read(iotest.OneByteReader(bytes.NewReader(text)), each)
			} else {
				rep, err = Read(bytes.NewReader(text), each)
			}
			return all, rep, err
		}
		all, rep, err := read(false)
		again, rep2, err2 := read(true)
		if d := cmp.Diff(all, again); d != "" || (err == nil) != (err2 == nil) || rep.Lines != rep2.Lines || rep.Torn != rep2.Torn || rep.Last != rep2.Last {
			t.Fatalf("cut up it is another: %+v %v, %+v %v: %s", rep, err, rep2, err2, d)
		}
		var b *Break
		if err != nil && (!errors.As(err, &b) || rep.Broken == nil) {
			t.Fatalf("%v without a break: %+v", err, rep)
		}
		if rep.Chained && rep.Broken == nil && rep.Torn > 0 && int64(len(text)) < rep.Torn {
			t.Fatalf("%+v", rep)
		}
		if rep.Chained && rep.Broken == nil {
			for i, e := range all {
				if e.Seq != int64(i+1) {
					t.Fatalf("line %d is number %d", i+1, e.Seq)
				}
			}
		}
	})
}
