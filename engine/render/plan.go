package render

import (
	"bufio"
	"strings"

	"logquarry/engine/value"
)

// planWriter writes DuckDB's drawings of a query's plan as they are drawn. Their
// lines are escaped each for itself, for a plan quotes the query's own texts.
type planWriter struct{ out *bufio.Writer }

// isPlan says whether the columns are those of EXPLAIN: a plan's name and drawing.
func isPlan(columns []value.Column) bool {
	return len(columns) == 2 && columns[0].Name == "explain_key" && columns[1].Name == "explain_value"
}

func (w *planWriter) begin([]value.Column) {}

func (w *planWriter) row(cells []any) {
	for line := range strings.Lines(Plain(cells[1])) {
		w.out.WriteString(Escape(strings.TrimRight(line, " \n")) + "\n")
	}
}

func (w *planWriter) end(int64) {}
func (w *planWriter) fail()     {}
