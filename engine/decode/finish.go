package decode

import "logquarry/engine/batch"

// Finish ends the current row of b as record recordNo of the file: gives it its
// provenance, asks keep (nil keeps all) and counts it.
func (l *Columns) Finish(b *batch.Batch, t *Tally, keep Keep, recordNo int64) {
	b.SetInt64(l.FileID, t.FileID)
	b.SetInt64(l.RecordNo, recordNo)
	if keep != nil && !keep(b, t, recordNo) {
		b.Drop()
		return
	}
	if l.Time >= 0 && b.IsSet(l.Time) {
		at := b.Int64(l.Time)
		if t.First == 0 && t.Last == 0 {
			t.First, t.Last = at, at
		}
		t.First, t.Last = min(t.First, at), max(t.Last, at)
	}
	t.Records++
	t.Rows++
	b.Next()
}
