package hunt

import (
	"context"
	"fmt"
	"strings"
	"time"

	"logquarry/engine/value"
)

// Querier is the case a hunt is run over. Run calls it from one goroutine and
// closes the rows of one query before it asks the next.
type Querier interface {
	// Query runs one statement with its parameters bound by name.
	Query(ctx context.Context, sql string, params map[string]any) (value.Rows, error)
}

// Options of a [Run]. The zero value runs with defaults over all time and
// only counts.
type Options struct {
	// Params are values by parameter name, for every hunt that has the parameter.
	Params map[string]string
	// Since is inclusive, Until exclusive; zero leaves a side open.
	Since, Until time.Time
	// Rows, where not nil, is handed the findings of each hunt as they are
	// found. It need not read to the end and must not close them; what it
	// leaves is still counted. Its error ends the run.
	Rows func(h Hunt, rows value.Rows) error
	// Done, where not nil, is told of each hunt as it ends. Its error ends the run.
	Done func(Result) error
}

// Result is how one hunt went.
type Result struct {
	Hunt Hunt
	// Missing are the sources the hunt needs that hold no rows; where there
	// are any it was skipped.
	Missing []string
	// Params are the values it was run with; nil where it was not.
	Params map[string]any
	Count  int64 // findings
	// First and Last are the earliest and latest time among the findings,
	// zero where there are none or no column time.
	First, Last time.Time
	Elapsed     time.Duration
	// Err is why the hunt failed. The others are run nevertheless.
	Err error
}

// Run runs hunts in order and returns a result for each that was reached. A
// hunt that fails is reported in its result and the others go on. The error is
// non-nil only where the run as a whole could not go on: ctx ended (its cause),
// a value in Params fits no hunt, or a callback failed.
func Run(ctx context.Context, q Querier, hunts []Hunt, o Options) ([]Result, error) {
	if err := Check(hunts, o.Params); err != nil {
		return nil, err
	}
	var out []Result
	has := map[string]bool{} // by source, once asked
	for i := range hunts {
		if ctx.Err() != nil {
			return out, context.Cause(ctx)
		}
		start := time.Now()
		r := Result{Hunt: hunts[i]}
		stop := runOne(ctx, q, &hunts[i], o, has, &r)
		r.Elapsed = time.Since(start)
		if ctx.Err() != nil {
			return out, context.Cause(ctx)
		}
		out = append(out, r)
		if stop != nil {
			return out, stop
		}
		if o.Done != nil {
			if err := o.Done(r); err != nil {
				return out, err
			}
		}
	}
	return out, nil
}

// runOne fills r; the error it returns is a callback's and ends the run.
func runOne(ctx context.Context, q Querier, h *Hunt, o Options, has map[string]bool, r *Result) error {
	for _, s := range h.Sources {
		found, asked := has[s]
		if !asked {
			var err error
			if found, err = hasRows(ctx, q, s); err != nil {
				r.Err = fmt.Errorf("look for rows of %s: %w", s, err)
				return nil
			}
			has[s] = found
		}
		if !found {
			r.Missing = append(r.Missing, s)
		}
	}
	if len(r.Missing) > 0 {
		return nil
	}
	params, err := h.Bind(own(h, o.Params), o.Since, o.Until)
	if err != nil {
		r.Err = err
		return nil
	}
	r.Params = params
	rows, err := q.Query(ctx, h.SQL, params)
	if err != nil {
		r.Err = err
		return nil
	}
	c := &counted{rows: rows, r: r, time: -1}
	for i, col := range rows.Columns() {
		if col.Name == "time" {
			c.time = i
			break
		}
	}
	var stop error
	if o.Rows != nil {
		stop = o.Rows(*h, c)
	}
	if stop == nil {
		for c.Next() {
			continue
		}
	}
	r.Err = rows.Err()
	if err := rows.Close(); err != nil && r.Err == nil {
		r.Err = err
	}
	return stop
}

// hasRows says whether there is a table or view called source with a row in it.
func hasRows(ctx context.Context, q Querier, source string) (bool, error) {
	there, err := any1(ctx, q, "SELECT 1 FROM information_schema.tables WHERE table_name = $name LIMIT 1", map[string]any{"name": source})
	if err != nil || !there {
		return false, err
	}
	// A name cannot be bound; quoted, it can be nothing but a name.
	return any1(ctx, q, `SELECT 1 FROM "`+strings.ReplaceAll(source, `"`, `""`)+`" LIMIT 1`, nil)
}

func any1(ctx context.Context, q Querier, sql string, params map[string]any) (bool, error) {
	rows, err := q.Query(ctx, sql, params)
	if err != nil {
		return false, err
	}
	found := rows.Next()
	err = rows.Err()
	if cerr := rows.Close(); err == nil {
		err = cerr
	}
	return found, err
}

// counted passes rows on and notes how many there were and when.
type counted struct {
	rows value.Rows
	r    *Result
	time int // index of the column time, or -1
	done bool
}

func (c *counted) Columns() []value.Column { return c.rows.Columns() }
func (c *counted) Values() []any           { return c.rows.Values() }
func (c *counted) Err() error              { return c.rows.Err() }

// Close is left to runOne, which counts the rest first.
func (c *counted) Close() error { return nil }

func (c *counted) Next() bool {
	// A Rows that ended is not asked again.
	if c.done || !c.rows.Next() {
		c.done = true
		return false
	}
	c.r.Count++
	if c.time >= 0 {
		if t, ok := c.rows.Values()[c.time].(time.Time); ok {
			if c.r.First.IsZero() || t.Before(c.r.First) {
				c.r.First = t
			}
			if t.After(c.r.Last) {
				c.r.Last = t
			}
		}
	}
	return true
}
