package store

/*
#include <stdint.h>

// Of duckdb.h, which the bindings leave out: a result that is computed while it
// is read. The handles are pointers to structs that only DuckDB looks into.
int duckdb_pending_prepared_streaming(void *prepared_statement, void **out_result);
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unsafe"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"logquarry/engine/value"
)

// Query runs one statement in the session and streams its result: rows are
// computed as they are read, so that a result may be larger than memory.
// Parameters are bound by name ($name); every one the statement names must be
// in params, others are ignored. Values may be nil, bool, int64, float64,
// string or time.Time. When ctx ends the statement is interrupted and
// context.Cause(ctx) is the rows' error. The session is taken until the rows
// are closed.
func (c *Case) Query(ctx context.Context, sql string, params map[string]any) (value.Rows, error) {
	if err := c.Ready(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	r := &rows{c: c, ctx: ctx}
	if c.around != nil {
		r.ended = c.around(ctx)
	}
	if err := r.start(sql, params); err != nil {
		r.Close()
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, err
	}
	return r, nil
}

type rows struct {
	c   *Case
	ctx context.Context

	stmt    mapping.PreparedStatement
	res     mapping.Result
	started bool // res is to be destroyed
	stop    chan struct{}
	stopped chan struct{}

	cols    []value.Column
	readers []reader
	chunk   mapping.DataChunk
	row     int
	size    int
	vals    []any
	err     error
	closed  bool
	ended   func() // nil: nobody asks
}

func (r *rows) start(sql string, params map[string]any) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	if mapping.Prepare(r.c.session, sql, &r.stmt) == mapping.StateError {
		return r.c.failure(mapping.PrepareError(r.stmt))
	}
	if r.c.confined {
		if err := refuse(r.stmt); err != nil {
			return err
		}
	}
	if err := r.bind(params); err != nil {
		return err
	}
	r.watch()
	var pending mapping.PendingResult
	state := C.duckdb_pending_prepared_streaming(r.stmt.Ptr, (*unsafe.Pointer)(unsafe.Pointer(&pending.Ptr)))
	defer mapping.DestroyPending(&pending)
	if state != 0 {
		return r.c.failure(mapping.PendingError(pending))
	}
	r.started = true
	if mapping.ExecutePending(pending, &r.res) == mapping.StateError {
		return r.c.failure(mapping.ResultError(&r.res))
	}
	// Of other statements DuckDB makes a count of rows, or an empty result.
	if mapping.ResultReturnType(r.res) != mapping.ResultTypeQueryResult {
		return nil
	}
	for i := range mapping.ColumnCount(&r.res) {
		t := mapping.ColumnLogicalType(&r.res, i)
		r.cols = append(r.cols, value.Column{Name: mapping.ColumnName(&r.res, i), Type: typeName(t)})
		rd, err := newReader(t)
		mapping.DestroyLogicalType(&t)
		if err != nil {
			return fmt.Errorf("column %s: %w", r.cols[i].Name, err)
		}
		r.readers = append(r.readers, rd)
	}
	r.vals = make([]any, len(r.cols))
	return nil
}

// Error is a statement that DuckDB refused or could not finish, in its words.
type Error struct{ Text string }

func (e Error) Error() string { return e.Text }

func (r *rows) bind(params map[string]any) error {
	var missing []string
	for i := mapping.IdxT(1); i <= mapping.NParams(r.stmt); i++ {
		name := mapping.ParameterName(r.stmt, i)
		v, ok := params[name]
		if !ok {
			missing = append(missing, "$"+name)
			continue
		}
		var state mapping.State
		switch v := v.(type) {
		case nil:
			state = mapping.BindNull(r.stmt, i)
		case bool:
			state = mapping.BindBoolean(r.stmt, i, v)
		case int64:
			state = mapping.BindInt64(r.stmt, i, v)
		case float64:
			state = mapping.BindDouble(r.stmt, i, v)
		case string:
			state = mapping.BindVarchar(r.stmt, i, v)
		case time.Time:
			state = mapping.BindTimestamp(r.stmt, i, mapping.NewTimestamp(v.UnixMicro()))
		default:
			return fmt.Errorf("parameter $%s: a %T cannot be bound", name, v)
		}
		if state == mapping.StateError {
			return fmt.Errorf("parameter $%s: %v cannot be bound", name, v)
		}
	}
	if missing != nil {
		return fmt.Errorf("no value for parameter %s", strings.Join(missing, ", "))
	}
	return nil
}

// watch interrupts the statement when the context ends. DuckDB forgets an
// interrupt that comes between two steps, so it is said again until Close.
func (r *rows) watch() {
	r.stop, r.stopped = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(r.stopped)
		select {
		case <-r.stop:
			return
		case <-r.ctx.Done():
		}
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			mapping.Interrupt(r.c.session)
			select {
			case <-r.stop:
				return
			case <-tick.C:
			}
		}
	}()
}

func (r *rows) Columns() []value.Column { return r.cols }

func (r *rows) Values() []any { return r.vals }

func (r *rows) Err() error { return r.err }

func (r *rows) Next() bool {
	if r.closed || r.err != nil {
		return false
	}
	for r.row >= r.size {
		if r.ctx.Err() != nil {
			r.err = context.Cause(r.ctx)
			return false
		}
		if r.chunk.Ptr != nil {
			mapping.DestroyDataChunk(&r.chunk)
		}
		r.chunk = mapping.FetchChunk(r.res)
		if r.chunk.Ptr == nil {
			// The end, or a failure on the way: only the text tells.
			if text := mapping.ResultError(&r.res); text != "" {
				r.err = r.c.failure(text)
			}
			if r.ctx.Err() != nil {
				r.err = context.Cause(r.ctx)
			}
			return false
		}
		r.row, r.size = 0, int(mapping.DataChunkGetSize(r.chunk))
		for i := range r.readers {
			r.readers[i].point(mapping.DataChunkGetVector(r.chunk, mapping.IdxT(i)))
		}
	}
	for i := range r.readers {
		r.vals[i] = r.readers[i].at(r.row)
	}
	r.row++
	return true
}

func (r *rows) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	if r.stop != nil {
		close(r.stop)
		<-r.stopped
	}
	if r.chunk.Ptr != nil {
		mapping.DestroyDataChunk(&r.chunk)
	}
	if r.started {
		mapping.DestroyResult(&r.res)
	}
	if r.stmt.Ptr != nil {
		mapping.DestroyPrepare(&r.stmt)
	}
	if r.ended != nil {
		r.ended()
	}
	r.c.mu.Unlock()
	return nil
}

// Exec runs one statement of the session whose rows nobody wants.
func (c *Case) Exec(ctx context.Context, sql string, params map[string]any) error {
	r, err := c.Query(ctx, sql, params)
	if err != nil {
		return err
	}
	for r.Next() {
	}
	return errors.Join(r.Err(), r.Close())
}
