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
	t.Records++
	t.Rows++
	b.Next()
}
