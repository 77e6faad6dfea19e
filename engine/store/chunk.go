package store

import (
	"fmt"
	"reflect"
	"unsafe"

	duckdb "github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"

	"logquarry/engine/batch"
	"logquarry/engine/schema"
)

// Chunk is a data chunk of a table function, seen as memory. duckdb-go's own
// setters make a call into C for each cell of text; a batch needs the vectors'
// addresses once a chunk. duckdb-go keeps the chunk's handle in an unexported
// field, which reflect may read: where the field is missing (another version),
// Open fails loudly.
type Chunk struct {
	handle mapping.DataChunk
	cols   []batch.Column
}

// Open finds the columns of types in dc, in the chunk a table function is
// to fill. Columns the query does not want have no Data. With copies, text
// longer than DuckDB holds inline is copied into the chunk; without, the chunk
// points into the batch, which must live and stay until the chunk is consumed.
func (c *Chunk) Open(dc duckdb.DataChunk, types []schema.Type, copies bool) ([]batch.Column, error) {
	v := reflect.ValueOf(&dc).Elem()
	handle, projection := v.FieldByName("chunk"), v.FieldByName("projection")
	if !handle.IsValid() || handle.Type() != reflect.TypeFor[mapping.DataChunk]() || !projection.IsValid() || projection.Kind() != reflect.Slice {
		return nil, fmt.Errorf("store: internal error: this duckdb-go keeps its chunks another way")
	}
	c.handle = mapping.DataChunk{Ptr: handle.Field(0).UnsafePointer()}
	c.cols = c.cols[:0]
	for i, t := range types {
		at := i
		if i < projection.Len() {
			at = int(projection.Index(i).Int())
		}
		col := batch.Column{Type: t}
		if at >= 0 {
			vec := mapping.DataChunkGetVector(c.handle, mapping.IdxT(at))
			col.Data = mapping.VectorGetData(vec)
			mapping.VectorEnsureValidityWritable(vec)
			col.Valid = (*[batch.Rows / 64]uint64)(unsafe.Pointer(mapping.VectorGetValidity(vec)))
			if copies {
				col.Assign = func(row int, text []byte) {
					mapping.VectorAssignStringElementLen(vec, mapping.IdxT(row), text)
				}
			}
		}
		c.cols = append(c.cols, col)
	}
	return c.cols, nil
}

// SetLen says how many rows the chunk has; 0 ends the table function's thread.
func (c *Chunk) SetLen(n int) { mapping.DataChunkSetSize(c.handle, mapping.IdxT(n)) }

// TypeInfo is duckdb-go's word for a column type.
func TypeInfo(t schema.Type) duckdb.TypeInfo {
	kind := duckdb.TYPE_VARCHAR
	switch t.SQL() {
	case "TIMESTAMP":
		kind = duckdb.TYPE_TIMESTAMP
	case "INTEGER":
		kind = duckdb.TYPE_INTEGER
	case "BIGINT":
		kind = duckdb.TYPE_BIGINT
	case "DOUBLE":
		kind = duckdb.TYPE_DOUBLE
	case "BOOLEAN":
		kind = duckdb.TYPE_BOOLEAN
	}
	info, err := duckdb.NewTypeInfo(kind)
	if err != nil {
		panic(fmt.Sprintf("store: internal error: %v", err))
	}
	return info
}
