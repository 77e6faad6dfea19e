package decode

import (
	"logquarry/engine/batch"
)

// Finish ends the current row of b as record recordNo of the file: gives it its
// provenance and what its arrival says, asks keep (nil keeps all) and counts it.
func (l *Columns) Finish(b *batch.Batch, t *Tally, keep Keep, recordNo int64) {
	b.SetInt64(l.FileID, t.FileID)
	b.SetInt64(l.RecordNo, recordNo)
	if t.Origin != nil {
		for _, a := range l.arrivals {
			if !b.IsSet(a.col) {
				t.Origin.set(b, a)
			}
		}
	}
	if keep != nil && !keep(b, t, recordNo) {
		b.Drop()
		return
	}
	t.Records++
	t.Rows++
	b.Next()
}

// arrival is a column that takes what the way of arrival says.
type arrival struct {
	col  int
	name string
	time bool // the column is a timestamp
}

// set gives a column its value, where o has one.
func (o *Origin) set(b *batch.Batch, a arrival) {
	text := ""
	switch a.name {
	case "@time":
		if a.time && o.Time != 0 {
			b.SetInt64(a.col, o.Time)
		}
		return
	case "@log_group":
		text = o.LogGroup
	case "@log_stream":
		text = o.LogStream
	case "@owner":
		text = o.Owner
	case "@region":
		text = o.Region
	case "@id":
		if len(o.ID) > 0 && !a.time {
			b.SetText(a.col, o.ID)
		}
		return
	case "@via":
		text = o.Via
	}
	if text != "" && !a.time {
		b.SetString(a.col, text)
	}
}
