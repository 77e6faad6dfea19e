package value

// List is rows that are already in memory. Its columns are texts.
type List struct {
	columns []Column
	cells   [][]any
	at      int
}

// NewList is a list without rows.
func NewList(columns ...string) *List {
	l := &List{}
	for _, c := range columns {
		l.columns = append(l.columns, Column{Name: c, Type: "VARCHAR"})
	}
	return l
}

// ListOf is a list without rows of given columns.
func ListOf(columns []Column) *List { return &List{columns: columns} }

// Pick is the list with only the columns at the places in keep, in that order.
func (l *List) Pick(keep []int) *List {
	out := &List{}
	for _, i := range keep {
		out.columns = append(out.columns, l.columns[i])
	}
	for _, row := range l.cells {
		var cells []any
		for _, i := range keep {
			cells = append(cells, row[i])
		}
		out.cells = append(out.cells, cells)
	}
	return out
}

// Add adds a row, a cell a column.
func (l *List) Add(cells ...any) { l.cells = append(l.cells, cells) }

// Len is the number of rows.
func (l *List) Len() int { return len(l.cells) }

// Again is the list to be read from its start.
func (l *List) Again() *List { return &List{columns: l.columns, cells: l.cells} }

// Columns implements [Rows].
func (l *List) Columns() []Column { return l.columns }

// Next implements [Rows].
func (l *List) Next() bool { l.at++; return l.at <= len(l.cells) }

// Values implements [Rows].
func (l *List) Values() []any { return l.cells[l.at-1] }

// Err implements [Rows].
func (l *List) Err() error { return nil }

// Close implements [Rows].
func (l *List) Close() error { return nil }
