// Package batch holds rows on their way from a decoder into a table.
//
// A [Batch] is one DuckDB data chunk seen as plain memory: decoders write cells
// into its columns without a call into C for each. store points a batch at the
// vectors of a chunk; tests point it at memory of Go's own with [New].
package batch

import (
	"encoding/binary"
	"math/bits"
	"runtime"
	"unsafe"

	"logquarry/engine/schema"
)

// Rows is how many rows a batch holds: DuckDB's vector size (duckdb_vector_size).
const Rows = 2048

// inlineLen is the longest string a duckdb_string_t holds in itself, in bytes.
const inlineLen = 12

// Column is where the cells of one column lie.
type Column struct {
	Type schema.Type
	// Data is the vector's memory: Rows cells of 1 (boolean), 4 (integer), 8
	// (bigint, double, timestamps) or 16 bytes (text). Nil: the query does not
	// want this column, and what is written to it is dropped.
	Data unsafe.Pointer
	// Valid has a bit a row: 1 where the cell is not NULL.
	Valid *[Rows / 64]uint64
	// Assign, where set, copies text longer than 12 bytes into memory the
	// reader of the chunk owns. Nil: the batch keeps such text itself until
	// [Batch.Reset], which is enough where each chunk is consumed before the
	// next is asked for.
	Assign func(row int, text []byte)
}

// Batch is up to [Rows] rows. One goroutine uses it at a time. Cells of a new
// row are NULL.
type Batch struct {
	cols []Column
	n    int

	blocks []block // memory for text, pinned: chunks point into it
	used   int     // blocks in use
	held   int     // bytes of all blocks
	text   int     // bytes of text in the rows so far
	mark   mark    // where the text of the current row begins
	pinner runtime.Pinner
	goOnly bool // no C memory points into the blocks, so they need no pinning
}

// mark is a place in the blocks, to which dropping a row goes back.
type mark struct{ used, fill, text int }

type block struct {
	mem  []byte
	fill int
}

// blockLen is a compromise: large enough that a chunk of log text takes few,
// small enough that a thread's idle memory does not matter.
const blockLen = 512 << 10

// maxText is how many bytes of text a batch takes before it counts as full,
// and how much memory for text it keeps from one filling to the next. Rows of
// log records take some 4 MB; only a file of huge records comes near.
const maxText = 32 << 20

// Point lets the batch write into cols, and empties it. The columns' validity
// must be writable memory; Point sets it to all NULL.
func (b *Batch) Point(cols []Column) {
	b.cols = cols
	b.Reset()
}

// Reset empties the batch. Text handed out before is overwritten from now on.
func (b *Batch) Reset() {
	b.n = 0
	for i := range b.used {
		b.blocks[i].fill = 0
	}
	// What one extraordinary record needed is not kept for the whole load.
	if b.held > maxText {
		b.blocks, b.used, b.held = nil, 0, 0
		b.pinner.Unpin()
	}
	b.used = min(b.used, 1)
	b.text = 0
	b.mark = mark{used: b.used}
	for i := range b.cols {
		if v := b.cols[i].Valid; v != nil {
			*v = [Rows / 64]uint64{}
		}
	}
}

// Release gives the batch's memory back. No chunk may point into it any more.
func (b *Batch) Release() {
	b.pinner.Unpin()
	b.blocks, b.used, b.held, b.cols = nil, 0, 0, nil
}

// Len is the number of finished rows.
func (b *Batch) Len() int { return b.n }

// Full reports whether no row is to be added: there is no place for one, or
// the rows have so much text that memory would grow with the size of records.
func (b *Batch) Full() bool { return b.n == Rows || b.text >= maxText && b.n > 0 }

// Wants reports whether column c is read by anyone.
func (b *Batch) Wants(c int) bool { return b.cols[c].Data != nil }

// IsSet reports whether the current row has a value in column c.
func (b *Batch) IsSet(c int) bool {
	v := b.cols[c].Valid
	return v != nil && v[b.n>>6]&(1<<(b.n&63)) != 0
}

// Next finishes the current row.
func (b *Batch) Next() {
	b.n++
	b.mark = mark{used: b.used, text: b.text}
	if b.used > 0 {
		b.mark.fill = b.blocks[b.used-1].fill
	}
}

// Drop empties the current row again and takes back the memory of its text:
// a file may hold any number of rows that nobody wants.
func (b *Batch) Drop() {
	for b.used > b.mark.used {
		b.used--
		b.blocks[b.used].fill = 0
	}
	if b.used > 0 {
		b.blocks[b.used-1].fill = b.mark.fill
	}
	b.text = b.mark.text
	for i := range b.cols {
		if v := b.cols[i].Valid; v != nil {
			v[b.n>>6] &^= 1 << (b.n & 63)
		}
	}
}

// Cut takes back the finished rows from row n on.
func (b *Batch) Cut(n int) {
	for b.n > n {
		b.n--
		b.Drop()
	}
}

// Clear sets column c of the current row to NULL.
func (b *Batch) Clear(c int) {
	if v := b.cols[c].Valid; v != nil {
		v[b.n>>6] &^= 1 << (b.n & 63)
	}
}

func (c *Column) set(row int) {
	c.Valid[row>>6] |= 1 << (row & 63)
}

// SetString is [Batch.SetText] of a string.
func (b *Batch) SetString(c int, text string) {
	b.SetText(c, unsafe.Slice(unsafe.StringData(text), len(text))) // which copies it
}

// SetText copies text, valid UTF-8, into column c of the current row.
func (b *Batch) SetText(c int, text []byte) {
	col := &b.cols[c]
	if col.Data == nil {
		return
	}
	col.set(b.n)
	cell := (*[16]byte)(unsafe.Add(col.Data, b.n*16))
	if len(text) <= inlineLen {
		*cell = [16]byte{}
		binary.NativeEndian.PutUint32(cell[:4], uint32(len(text)))
		copy(cell[4:], text)
		return
	}
	b.text += len(text)
	if col.Assign != nil {
		col.Assign(b.n, text)
		return
	}
	own := b.keep(text)
	binary.NativeEndian.PutUint32(cell[:4], uint32(len(own)))
	copy(cell[4:8], own)
	// As a number: a pointer store would have the collector look at what the
	// cell held before, which may be any bytes.
	*(*uintptr)(unsafe.Pointer(&cell[8])) = uintptr(unsafe.Pointer(unsafe.SliceData(own)))
}

// keep copies text into pinned memory. The garbage collector must neither free
// nor (should it ever learn to) move what a chunk points to.
func (b *Batch) keep(text []byte) []byte {
	for {
		if b.used > 0 {
			if k := &b.blocks[b.used-1]; len(k.mem)-k.fill >= len(text) {
				own := k.mem[k.fill : k.fill+len(text) : k.fill+len(text)]
				copy(own, text)
				k.fill += len(text)
				return own
			}
		}
		if b.used < len(b.blocks) && len(b.blocks[b.used].mem) >= len(text) {
			b.used++
			continue
		}
		k := block{mem: make([]byte, max(blockLen, len(text)))}
		b.held += len(k.mem)
		if !b.goOnly {
			b.pinner.Pin(unsafe.SliceData(k.mem))
		}
		b.blocks = append(b.blocks, k)
		last := len(b.blocks) - 1
		b.blocks[b.used], b.blocks[last] = b.blocks[last], b.blocks[b.used]
		b.used++
	}
}

// SetInt64 sets a bigint, or a timestamp in microseconds since 1970 UTC.
func (b *Batch) SetInt64(c int, v int64) {
	if col := &b.cols[c]; col.Data != nil {
		col.set(b.n)
		*(*int64)(unsafe.Add(col.Data, b.n*8)) = v
	}
}

// SetInt32 sets an integer.
func (b *Batch) SetInt32(c int, v int32) {
	if col := &b.cols[c]; col.Data != nil {
		col.set(b.n)
		*(*int32)(unsafe.Add(col.Data, b.n*4)) = v
	}
}

// SetFloat64 sets a double.
func (b *Batch) SetFloat64(c int, v float64) {
	if col := &b.cols[c]; col.Data != nil {
		col.set(b.n)
		*(*float64)(unsafe.Add(col.Data, b.n*8)) = v
	}
}

// SetBool sets a boolean.
func (b *Batch) SetBool(c int, v bool) {
	if col := &b.cols[c]; col.Data != nil {
		col.set(b.n)
		*(*bool)(unsafe.Add(col.Data, b.n)) = v
	}
}

// Text is the text in column c of the current row, nil where it is NULL. It is
// valid until the row changes. Columns with Assign must not be read.
func (b *Batch) Text(c int) []byte { return b.textAt(c, b.n) }

func (b *Batch) textAt(c, row int) []byte {
	col := &b.cols[c]
	if col.Valid == nil || col.Valid[row>>6]&(1<<(row&63)) == 0 {
		return nil
	}
	cell := (*[16]byte)(unsafe.Add(col.Data, row*16))
	n := binary.NativeEndian.Uint32(cell[:4])
	if n <= inlineLen {
		return cell[4 : 4+n]
	}
	return unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&cell[8]))), n)
}

// Int64 is the bigint or timestamp in column c of the current row.
func (b *Batch) Int64(c int) int64 {
	return *(*int64)(unsafe.Add(b.cols[c].Data, b.n*8))
}

// Bool is the boolean in column c of the current row.
func (b *Batch) Bool(c int) bool {
	return *(*bool)(unsafe.Add(b.cols[c].Data, b.n))
}

// Set is how many cells of column c are not NULL.
func (b *Batch) Set(c int) int {
	n := 0
	if v := b.cols[c].Valid; v != nil {
		for _, w := range v {
			n += bits.OnesCount64(w)
		}
	}
	return n
}
