package load

import (
	"context"
	"database/sql"
)

// session is the connection of one load.
type session struct{ *sql.Conn }

// ExecContext runs a statement unless ctx has ended, but does not break it off.
// duckdb-go gives a statement up between its two steps when ctx ends just then,
// and DuckDB then keeps the database open after it was closed: opening the case
// again in this process waits for ever. Statements that take long read files
// through our own table function, which stops them when ctx ends.
func (s session) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return s.Conn.ExecContext(context.WithoutCancel(ctx), query, args...)
}
