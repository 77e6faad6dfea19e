// Package value names the Go types in which the cells of a query result
// travel from the store to the renderers and the shell.
//
// A cell is one of: nil (SQL NULL), bool, int64, uint64, float64, string
// (VARCHAR, ENUM, UUID, DATE, TIME, INTERVAL and BIT in DuckDB's own
// spelling), []byte (BLOB), time.Time (every TIMESTAMP type, in UTC),
// [Number] (HUGEINT, UHUGEINT, BIGNUM and DECIMAL, exact), []any (LIST and
// ARRAY), [Struct] (STRUCT, MAP and UNION).
package value

// Number is the exact decimal text of a number too wide for int64 or float64.
type Number string

// Field is one member of a [Struct].
type Field struct {
	Name  string
	Value any
}

// Struct is a STRUCT, or a MAP whose keys are shown as text, in its own order.
type Struct []Field

// Column is the name and DuckDB type name of one result column.
type Column struct {
	Name string
	Type string // as DuckDB writes it: VARCHAR, TIMESTAMP, BIGINT, STRUCT(a INTEGER) …
}

// Rows is a stream of result rows. One goroutine reads it; Close may be
// called at any time by that goroutine and is safe to repeat.
type Rows interface {
	// Columns describes the result; the slice is shared and not to be changed.
	Columns() []Column
	// Next moves to the next row and reports whether there is one.
	Next() bool
	// Values are the cells of the current row, one a column; the slice and
	// any []byte in it are valid until the next call of Next.
	Values() []any
	// Err is why Next returned false: nil at the end of the result.
	Err() error
	Close() error
}
