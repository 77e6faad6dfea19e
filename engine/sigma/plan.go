package sigma

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	"logquarry/engine/hunt"
	"logquarry/engine/schema"
	"logquarry/engine/value"
)

// Plan is what a collection of rules comes to over one case: hunts, and how many
// of them are answered by one scan.
type Plan struct {
	// Hunts are the rules that can be run, in the order in which [Plan.Querier]
	// answers many at once: by source, then by falling level; then correlations.
	Hunts []hunt.Hunt
	// Compiled are the rules of Hunts, in the same order, without correlations.
	Compiled []*Compiled
	// Problems are the rules that could not be compiled.
	Problems []*Error

	windowed bool
	steps    map[string]*step // by the SQL of the hunt
}

// step is how a hunt of a plan is answered.
type step struct {
	compiled *Compiled
	parts    []*Part // over sources that have rows
	never    bool    // no event of the case can pass
	pairs    []pair  // of the sources with pairs: those that may pass
	batch    *batch
	place    int // in the batch
}

// batch is rules that one scan answers.
type batch struct {
	steps []*step
	asked bool // its scan was begun once
}

// Bounds of what one scan is asked. DuckDB's planner takes longer than in
// proportion for more.
const (
	maxBatchRules = 100
	maxBatchSQL   = 1 << 20
)

// NewPlan compiles the rules of c for the case that q asks. windowed says that
// the hunts will be run with since or until. The error is the case's.
func NewPlan(ctx context.Context, q hunt.Querier, known []*schema.Source, c *Collection, windowed bool) (*Plan, error) {
	filled, err := filledSources(ctx, q, known, c)
	if err != nil {
		return nil, err
	}
	extra, err := ExtraKeys(ctx, q, known, filled)
	if err != nil {
		return nil, err
	}
	p := &Plan{windowed: windowed, steps: map[string]*step{}}
	stored, err := storedColumns(ctx, q)
	if err != nil {
		return nil, err
	}
	env := &Env{Sources: known, Extra: extra, Stored: stored}
	type planned struct {
		step *step
		hunt hunt.Hunt
		key  string // of the sources
	}
	correlated, inner, problems := env.Correlations(c, windowed, func(s *schema.Source) bool { return slices.Contains(filled, s.Name) })
	p.Problems = append(p.Problems, problems...)
	var all []planned
	for _, r := range c.Rules {
		if inner[r] {
			continue
		}
		compiled, cerr := env.Compile(r)
		if cerr != nil {
			p.Problems = append(p.Problems, cerr)
			continue
		}
		s := &step{compiled: compiled}
		var names []string
		for _, part := range compiled.Parts {
			if slices.Contains(filled, part.Source.Name) {
				s.parts = append(s.parts, part)
				names = append(names, part.Source.Name)
			}
		}
		if s.parts == nil {
			// The run says so, and skips it.
			s.parts = compiled.Parts
			for _, part := range s.parts {
				names = append(names, part.Source.Name)
			}
		}
		sql, cerr := query(r, s.parts, windowed)
		if cerr != nil {
			p.Problems = append(p.Problems, cerr)
			continue
		}
		key := strings.Join(names, " ")
		if slices.ContainsFunc(s.parts, (*Part).asksText) {
			// Putting the text of each event together is for as few scans as can be.
			key += " text"
		}
		all = append(all, planned{s, r.asHunt(names, sql, windowed), key})
	}
	sort.SliceStable(all, func(i, j int) bool {
		if all[i].key != all[j].key {
			return all[i].key < all[j].key
		}
		return all[i].hunt.Severity.Rank() > all[j].hunt.Severity.Rank()
	})
	var steps []*step
	var keys []string
	for _, a := range all {
		p.Hunts = append(p.Hunts, a.hunt)
		p.Compiled = append(p.Compiled, a.step.compiled)
		if _, twice := p.steps[a.hunt.SQL]; !twice {
			p.steps[a.hunt.SQL] = a.step
			steps, keys = append(steps, a.step), append(keys, a.key)
		}
	}
	if err := p.narrow(ctx, q, steps, filled); err != nil {
		return nil, err
	}
	p.gather(steps, keys)
	// A correlation has a scan of its own.
	for _, x := range correlated {
		p.Hunts = append(p.Hunts, x.asHunt(windowed))
	}
	return p, nil
}

// filledSources are the names of the sources that rules of c are about and that
// have rows in the case.
func filledSources(ctx context.Context, q hunt.Querier, known []*schema.Source, c *Collection) ([]string, error) {
	tables := map[string]bool{}
	err := each(ctx, q, "SELECT table_name FROM information_schema.tables", nil, func(cells []any) {
		if name, ok := cells[0].(string); ok {
			tables[name] = true
		}
	})
	if err != nil {
		return nil, err
	}
	asked := map[string]bool{}
	var filled []string
	for _, r := range c.Rules {
		for _, s := range r.LogSource.sources(known) {
			if asked[s.Name] || !tables[s.Name] {
				continue
			}
			asked[s.Name] = true
			some := false
			if err := each(ctx, q, "SELECT 1 FROM "+schema.Quote(s.Name)+" LIMIT 1", nil, func([]any) { some = true }); err != nil {
				return nil, err
			}
			if some {
				filled = append(filled, s.Name)
			}
		}
	}
	return filled, nil
}

// gather puts rules of the same sources together.
func (p *Plan) gather(steps []*step, keys []string) {
	var b *batch
	size := 0
	for i, s := range steps {
		if s.never {
			continue
		}
		n := 0
		for _, part := range s.parts {
			n += len(part.Where)
		}
		if b == nil || keys[i] != keys[slices.Index(steps, b.steps[0])] || len(b.steps) == maxBatchRules || size+n > maxBatchSQL {
			b, size = &batch{}, 0
		}
		size += n
		s.batch, s.place = b, len(b.steps)
		b.steps = append(b.steps, s)
	}
}

// Querier answers the hunts of p by asking q, many of them at once where they are
// asked in their order and one after the other. Other questions are handed on.
// Close it before q.
func (p *Plan) Querier(q hunt.Querier) *Querier { return &Querier{q: q, p: p} }

// Querier implements [hunt.Querier].
type Querier struct {
	q    hunt.Querier
	p    *Plan
	from *stream // of the batch that is being read; nil: none
}

// stream is the findings of a batch as they come.
type stream struct {
	batch *batch
	rows  value.Rows
	given int   // the last rule that was asked for
	next  int64 // the rule whose finding the rows stand at
	more  bool
	err   error
}

// Close ends the scan that is being read, if one is.
func (q *Querier) Close() error {
	if q.from == nil {
		return nil
	}
	rows := q.from.rows
	q.from = nil
	return rows.Close()
}

// Query implements [hunt.Querier].
func (q *Querier) Query(ctx context.Context, sql string, params map[string]any) (value.Rows, error) {
	s := q.p.steps[sql]
	switch {
	case s != nil && s.never:
		return value.ListOf(findingColumns()), nil
	case s != nil && q.from != nil && q.from.batch == s.batch && s.place > q.from.given:
		return q.findings(s), nil
	}
	if err := q.Close(); err != nil {
		return nil, err
	}
	if s == nil || s.batch.asked || len(s.batch.steps) == 1 {
		return q.q.Query(ctx, sql, params)
	}
	s.batch.asked = true
	rows, err := q.q.Query(ctx, s.batch.sql(q.p.windowed), params)
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		// One rule that DuckDB cannot take would fail all: each is asked alone.
		return q.q.Query(ctx, sql, params)
	}
	q.from = &stream{batch: s.batch, rows: rows, given: -1}
	q.from.advance()
	return q.findings(s), nil
}

func (q *Querier) findings(s *step) value.Rows {
	q.from.given = s.place
	return &findingRows{q: q, from: q.from, step: s, facts: s.compiled.Rule.facts()}
}

func (s *stream) advance() {
	if s.more = s.rows.Next(); s.more {
		s.next, _ = s.rows.Values()[0].(int64)
		return
	}
	s.err = s.rows.Err()
}

// findingRows are the findings of one rule out of those of its batch.
type findingRows struct {
	q      *Querier
	from   *stream
	step   *step
	facts  []any
	cells  []any
	begun  bool
	closed bool
}

// findingColumns are the columns of a finding.
func findingColumns() []value.Column {
	var out []value.Column
	for i, name := range slices.Concat(hunt.Leading(), eventColumns, ruleColumns) {
		c := value.Column{Name: name, Type: "VARCHAR"}
		switch {
		case i == 0:
			c.Type = "TIMESTAMP"
		case name == "file_id" || name == "record_no":
			c.Type = "BIGINT"
		}
		out = append(out, c)
	}
	return out
}

func (f *findingRows) Columns() []value.Column { return findingColumns() }
func (f *findingRows) Values() []any           { return f.cells }
func (f *findingRows) Err() error              { return f.from.err }

func (f *findingRows) Next() bool {
	if f.closed {
		return false
	}
	if f.begun {
		f.from.advance()
	}
	// What an earlier rule left unread is not this one's.
	for f.from.more && f.from.next < int64(f.step.place) {
		f.from.advance()
	}
	if f.begun = f.from.more && f.from.next == int64(f.step.place); !f.begun {
		return false
	}
	f.cells = append(append(f.cells[:0], f.from.rows.Values()[1:]...), f.facts...)
	return true
}

// Close implements [value.Rows]: it closes the scan with its last rule.
func (f *findingRows) Close() error {
	if f.closed {
		return nil
	}
	f.closed = true
	if f.begun {
		f.from.advance()
	}
	if f.q.from != f.from || f.step.place+1 < len(f.from.batch.steps) && f.from.err == nil {
		return nil
	}
	return f.q.Close()
}

// sql is the question that answers all rules of the batch: its first column is
// the place of the rule whose finding the row is.
func (b *batch) sql(windowed bool) string {
	var selects []string
	for i, part := range b.steps[0].parts {
		selects = append(selects, b.over(i, part.Source, windowed))
	}
	return "SELECT * FROM (" + strings.Join(selects, ") UNION ALL (") + ")\nORDER BY sigma_rule, time, file_id, record_no"
}

// inlined keeps DuckDB from holding the events that pass in memory. It also gives
// wrong answers otherwise: of a view's query that reads them twice, as
// cloudtrail_events does, DuckDB 1.5.6 can lose all rows where a column that the
// two ask is empty throughout.
const inlined = "NOT MATERIALIZED"

// over is the question over the i-th source of all the batch's rules. What passes
// is found first, by the columns that the rules ask; the rest of an event is read
// of what passes alone. The rule travels through the view's query with the event's
// file_id, which the views hand on as it is.
func (b *batch) over(i int, s *schema.Source, windowed bool) string {
	events, ok := eventsQuery(s)
	if !ok {
		panic("sigma: internal error: a rule over a source without events was planned")
	}
	table := schema.Quote(s.Name)
	from, flags, wide := "main."+table, "", b.steps
	if pairColumns[s.Name] != nil {
		from, flags, wide = b.paired(i, s)
	} else {
		flags = flagged(wide, i)
	}
	from = b.passing(i, s, from, wide, len(wide) < len(b.steps))
	columns := strings.Replace(leading(), "file_id", "file_id.id AS file_id", 1)
	return "WITH sigma_hits AS MATERIALIZED (\n  SELECT file_id AS sigma_file, record_no AS sigma_record, unnest(" + flags + ") AS sigma_rule\n  FROM " + from +
		"\n), " + table + " AS " + inlined + " (\n  SELECT t.* REPLACE ({'id': t.file_id, 'rule': h.sigma_rule} AS file_id)\n  FROM main." + table +
		" AS t JOIN sigma_hits AS h ON t.file_id = h.sigma_file AND t.record_no = h.sigma_record\n), sigma_events AS (\n" + events +
		"\n)\nSELECT file_id.rule AS sigma_rule, " + columns + "\nFROM sigma_events" + window(windowed)
}

// flagged is the SQL of the list of the places of those rules an event passes.
func flagged(steps []*step, i int) string {
	if len(steps) == 0 {
		return "CAST([] AS BIGINT[])"
	}
	cases := make([]string, len(steps))
	for k, s := range steps {
		cases[k] = fmt.Sprintf("CASE WHEN %s THEN CAST(%d AS BIGINT) END", s.parts[i].shared, s.place)
	}
	return "list_filter([" + strings.Join(cases, ",\n    ") + "], lambda sigma_r: sigma_r IS NOT NULL)"
}
