package load

import (
	"context"
	"math"
	"slices"
)

// Recall is what a load learns of a case and the next one would have to read
// again: the ledger, and the keys of the events that are in the tables. It is
// for many small loads into one case, which would else each read all of it.
// It takes 24 bytes an event of a source with a key, and some hundred a file.
//
// It holds as long as nobody else writes into the case: see [Recall.Forget]. One
// load uses it at a time. The zero value knows nothing yet.
type Recall struct {
	books *ledger
	seen  map[string]*seen
	// place is the last place of a file in the order of the loads so far, so
	// that none is taken for a file of an earlier load.
	place uint32
	// manifests has how far those of folders were read, by folder.
	manifests map[string]int64
}

// Forget has the next load read the case again. It is to be called when somebody
// else may have written into it; a load that fails calls it itself.
func (r *Recall) Forget() { *r = Recall{} }

// begin gives l what is known.
func (r *Recall) begin(ctx context.Context, l *loader) error {
	if r.place > math.MaxUint32/2 {
		r.Forget()
	}
	if r.books == nil {
		books, err := openLedger(ctx, l.conn)
		if err != nil {
			return err
		}
		*r = Recall{books: books, seen: map[string]*seen{}, manifests: map[string]int64{}}
	}
	l.books, l.seen = r.books, r.seen
	return nil
}

// keep adds what was written to what is known of the ledger.
func (l *ledger) keep() {
	for _, e := range l.written {
		e.replaces = true
		list := l.paths[e.path]
		if i := slices.IndexFunc(list, func(old *entry) bool { return old.fileID == e.fileID }); i >= 0 {
			list[i] = e
		} else {
			l.paths[e.path] = append(list, e)
		}
		if e.wasRead() && e.sum != "" {
			l.sums[e.sum] = e
			l.sizes[e.bytes] = true
		}
	}
	l.written = nil
}
