package triage

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"logquarry/engine/report"
	"logquarry/engine/value"
)

// recorder asks the case and notes what was asked, what it was for, how many
// rows it gave and how long that took.
type recorder struct {
	q    value.Querier
	what string // what is asked for now
	list []report.Asked
}

// Query implements [value.Querier].
func (r *recorder) Query(ctx context.Context, sql string, params map[string]any) (value.Rows, error) {
	start := time.Now()
	rows, err := r.q.Query(ctx, sql, params)
	if err != nil {
		return nil, err
	}
	return &noted{Rows: rows, r: r, start: start, asked: report.Asked{What: r.what, SQL: sql, Params: shownParams(params)}}, nil
}

// noted counts rows, and is noted once it is closed.
type noted struct {
	value.Rows
	r     *recorder
	start time.Time
	asked report.Asked
	done  bool
}

func (n *noted) Next() bool {
	if !n.Rows.Next() {
		return false
	}
	n.asked.Rows++
	return true
}

func (n *noted) Close() error {
	if !n.done {
		n.done = true
		n.asked.Elapsed = time.Since(n.start)
		n.r.list = append(n.r.list, n.asked)
	}
	return n.Rows.Close()
}

// shownParams are bound values as text, by name.
func shownParams(params map[string]any) (out []report.Param) {
	for _, name := range slices.Sorted(maps.Keys(params)) {
		v := params[name]
		if at, ok := v.(time.Time); ok {
			v = at.UTC().Format(time.RFC3339)
		}
		out = append(out, report.Param{Name: name, Value: fmt.Sprint(v)})
	}
	return out
}

// within is a condition that column lies in the window, and its parameters.
func (t *triage) within(column string) (string, map[string]any) {
	condition, params := "true", map[string]any{}
	if !t.o.Since.IsZero() {
		condition += " AND " + column + " >= CAST($since AS TIMESTAMP)"
		params["since"] = t.o.Since.UTC()
	}
	if !t.o.Until.IsZero() {
		condition += " AND " + column + " < CAST($until AS TIMESTAMP)"
		params["until"] = t.o.Until.UTC()
	}
	return condition, params
}
