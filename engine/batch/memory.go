package batch

import (
	"time"
	"unsafe"

	"logquarry/engine/schema"
)

// Size is how many bytes a cell of type t takes in a vector.
func Size(t schema.Type) int {
	switch t.SQL() {
	case "BOOLEAN":
		return 1
	case "INTEGER":
		return 4
	case "VARCHAR":
		return 16
	default:
		return 8
	}
}

// New is a batch in Go's own memory, for decoding without a database. It needs
// no Release.
func New(types []schema.Type) *Batch {
	b := NewShared(types)
	b.goOnly = true
	return b
}

// NewShared is a batch in Go's own memory whose rows [Batch.CopyTo] gives to
// chunks. It needs Release.
func NewShared(types []schema.Type) *Batch {
	cols := make([]Column, len(types))
	for i, t := range types {
		cols[i] = NewColumn(t)
	}
	b := new(Batch)
	b.Point(cols)
	return b
}

// NewColumn is a column in Go's own memory.
func NewColumn(t schema.Type) Column {
	mem := make([]uint64, Rows*Size(t)/8) // words, so that cells are aligned
	return Column{Type: t, Data: unsafe.Pointer(unsafe.SliceData(mem)), Valid: new([Rows / 64]uint64)}
}

// CopyTo copies the finished rows into the columns of a chunk, which then point
// to the batch's text: it must not change until the chunk is consumed.
func (b *Batch) CopyTo(cols []Column) {
	for i := range cols {
		from, to := &b.cols[i], &cols[i]
		if to.Data == nil {
			continue
		}
		n := b.n * Size(from.Type)
		copy(unsafe.Slice((*byte)(to.Data), n), unsafe.Slice((*byte)(from.Data), n))
		*to.Valid = *from.Valid
	}
}

// Value is the cell of a finished row as a Go value: nil, string, int64,
// float64, bool or a time.Time in UTC.
func (b *Batch) Value(c, row int) any {
	col := &b.cols[c]
	if col.Valid == nil || col.Valid[row>>6]&(1<<(row&63)) == 0 {
		return nil
	}
	switch col.Type.SQL() {
	case "VARCHAR":
		return string(b.textAt(c, row))
	case "BOOLEAN":
		return *(*bool)(unsafe.Add(col.Data, row))
	case "INTEGER":
		return int64(*(*int32)(unsafe.Add(col.Data, row*4)))
	case "DOUBLE":
		return *(*float64)(unsafe.Add(col.Data, row*8))
	case "TIMESTAMP":
		return time.UnixMicro(*(*int64)(unsafe.Add(col.Data, row*8))).UTC()
	default:
		return *(*int64)(unsafe.Add(col.Data, row*8))
	}
}
