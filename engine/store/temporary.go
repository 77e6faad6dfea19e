package store

import (
	"context"
	"fmt"
	"strings"
	"unsafe"

	duckdb "github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"

	"logquarry/engine/schema"
)

// chunkRows is how many rows DuckDB takes at once: its vector size.
const chunkRows = 2048

// Temporary makes a table in the session, which goes when the case is closed, and
// fills it with the rows that next gives until there are no more. Columns hold
// text where typ is VARCHAR and whole numbers where it is BIGINT; the cells of a
// row are string or int64 by that. A table of that name that is there already
// is replaced. It is for the program's own tables, so a confined case and one
// that is open to be read have them too: nothing goes into the case's file, and
// DuckDB spills what is more than its memory.
func (c *Case) Temporary(ctx context.Context, name string, columns []TemporaryColumn, next func() (cells []any, ok bool, err error)) (err error) {
	if err := c.Ready(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var defs []string
	types := make([]mapping.LogicalType, len(columns))
	for i, col := range columns {
		kind, sql := duckdb.TYPE_VARCHAR, "VARCHAR"
		if col.Number {
			kind, sql = duckdb.TYPE_BIGINT, "BIGINT"
		}
		defs = append(defs, schema.Quote(col.Name)+" "+sql)
		types[i] = mapping.CreateLogicalType(kind)
		defer mapping.DestroyLogicalType(&types[i])
	}
	if err := c.direct("CREATE OR REPLACE TEMPORARY TABLE " + schema.Quote(name) + " (" + strings.Join(defs, ", ") + ")"); err != nil {
		return err
	}
	var a mapping.Appender
	if mapping.AppenderCreateExt(c.session, "temp", "main", name, &a) == mapping.StateError {
		return fmt.Errorf("fill the temporary table %s: %s", name, mapping.AppenderError(a))
	}
	defer func() {
		failed := mapping.AppenderClose(a) == mapping.StateError
		if failed && err == nil {
			err = fmt.Errorf("fill the temporary table %s: %s", name, mapping.AppenderError(a))
		}
		mapping.AppenderDestroy(&a)
	}()
	chunk := mapping.CreateDataChunk(types)
	defer mapping.DestroyDataChunk(&chunk)
	for more := true; more; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		mapping.DataChunkReset(chunk)
		n := 0
		for n < chunkRows {
			var cells []any
			if cells, more, err = next(); err != nil {
				return err
			}
			if !more {
				break
			}
			for i := range columns {
				vec := mapping.DataChunkGetVector(chunk, mapping.IdxT(i))
				if columns[i].Number {
					*(*int64)(unsafe.Add(mapping.VectorGetData(vec), n*8)) = cells[i].(int64)
				} else {
					mapping.VectorAssignStringElementLen(vec, mapping.IdxT(n), []byte(cells[i].(string)))
				}
			}
			n++
		}
		mapping.DataChunkSetSize(chunk, mapping.IdxT(n))
		if n > 0 && mapping.AppendDataChunk(a, chunk) == mapping.StateError {
			return fmt.Errorf("fill the temporary table %s: %s", name, mapping.AppenderError(a))
		}
	}
	return nil
}

// TemporaryColumn is a column of a temporary table: of whole numbers, or of text.
type TemporaryColumn struct {
	Name   string
	Number bool
}

// direct runs a statement of our own in the session, which is held by the caller.
func (c *Case) direct(sql string) error {
	var res mapping.Result
	defer mapping.DestroyResult(&res)
	if mapping.Query(c.session, sql, &res) == mapping.StateError {
		return c.failure(mapping.ResultError(&res))
	}
	return nil
}
