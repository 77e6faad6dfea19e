package session

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"logquarry/engine/custody"
	"logquarry/engine/render"
	"logquarry/engine/sqltext"
	"logquarry/engine/value"
)

// Keep implements [repl.Engine]: it asks q again and keeps what it gives in the
// case.
func (s *Session) Keep(ctx context.Context, q custody.Query, note string) (custody.Finding, error) {
	f := custody.Finding{Query: q, Note: note}
	f.Version = s.o.Version
	switch {
	case s.o.Scratch:
		return f, &Hinted{errors.New("there is no case to keep it in"), "quarry load PATH makes one"}
	case !sqltext.ReadsOnly(q.SQL):
		return f, errors.New("only the result of a query can be kept, and this statement may change something")
	}
	var rows value.Rows
	var err error
	if q.Hunt != "" {
		rows, err = s.Ask(ctx, q)
	} else {
		var values map[string]any
		if values, err = custody.Values(q.Parameters); err == nil {
			rows, err = s.o.Case.Query(ctx, q.SQL, values)
		}
	}
	if err != nil {
		return f, err
	}
	f.Columns = rows.Columns()
	// The case that answers may be closed to open it for writing.
	var cells []string
	for rows.Next() {
		cells = append(cells, rowCells(rows))
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return f, err
	}
	if err := s.writable(ctx); err != nil {
		return f, err
	}
	return s.o.Case.AddFinding(ctx, f, func() (string, bool, error) {
		if len(cells) == 0 {
			return "", false, nil
		}
		row := cells[0]
		cells = cells[1:]
		return row, true, nil
	})
}

// rowCells are those of the current row as a finding keeps them.
func rowCells(rows value.Rows) string { return string(render.AppendJSON(nil, rows.Values())) }

// Findings implements [repl.Engine].
func (s *Session) Findings(ctx context.Context) ([]custody.Finding, error) {
	return s.o.Case.Findings(ctx)
}

// CheckFindings implements [repl.Engine]: it looks whether findings are as they
// were kept, and whether their queries still give the same rows.
func (s *Session) CheckFindings(ctx context.Context, ids []int64) ([]custody.Checked, error) {
	all, err := s.o.Case.Findings(ctx)
	if err != nil {
		return nil, err
	}
	kept, err := s.o.Case.Kept(ctx)
	if err != nil {
		return nil, err
	}
	there := map[int64]bool{}
	for _, f := range all {
		there[f.ID] = true
	}
	for _, id := range slices.Sorted(maps.Keys(kept)) {
		k := kept[id]
		if !there[k.Finding] {
			f := custody.Finding{ID: k.Finding, RowsSHA256: k.RowsSHA256}
			f.Title, f.Hunt, f.Rows = k.Title, k.Hunt, k.Rows
			all = append(all, f)
		}
	}
	for _, id := range ids {
		if !slices.ContainsFunc(all, func(f custody.Finding) bool { return f.ID == id }) {
			return nil, &Hinted{fmt.Errorf("no finding %d", id), "quarry keep --list shows them, in the shell .findings"}
		}
	}
	var out []custody.Checked
	for _, f := range all {
		if ids != nil && !slices.Contains(ids, f.ID) {
			continue
		}
		c := custody.Checked{Finding: f}
		if !there[f.ID] {
			c.Faults = []string{"it was taken out of the case after it was kept"}
		} else if err := s.checkOne(ctx, &c, kept); err != nil {
			return nil, err
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		out = append(out, c)
	}
	return out, nil
}

// checkOne compares a finding with what the actions say of it, its rows with its
// hash, and the answer of today with the rows.
func (s *Session) checkOne(ctx context.Context, c *custody.Checked, said map[int64]custody.KeptDetail) error {
	f := &c.Finding
	fault := func(format string, args ...any) { c.Faults = append(c.Faults, fmt.Sprintf(format, args...)) }
	faults, order, err := s.o.Case.ProveFinding(ctx, f, said)
	if err != nil {
		return err
	}
	c.Faults = faults
	before := slices.Sorted(slices.Values(order))
	if _, err := custody.Values(f.Parameters); err != nil {
		fault("its parameters cannot be read: %v", err)
		return nil
	}
	// What stands there may not be what was kept: it must not change anything.
	if !sqltext.ReadsOnly(f.SQL) {
		fault("its statement may change something and was not run")
		return nil
	}
	rows, err := s.Ask(ctx, f.Query)
	if err == nil {
		c.Columns = columnChanges(f.Columns, rows.Columns())
		var now []string
		for rows.Next() {
			now = append(now, custody.RowSum(rowCells(rows)))
		}
		if err = errors.Join(rows.Err(), rows.Close()); err == nil {
			c.Now = int64(len(now))
			reordered := !slices.Equal(order, now)
			slices.Sort(now)
			c.Added, c.Removed = difference(before, now)
			c.Reordered = c.Added+c.Removed == 0 && reordered && sqltext.Ordered(f.SQL)
		}
	}
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		fault("its query fails now: %v", err)
	}
	return nil
}

// difference counts what sorted lists have that the other has not.
func difference(before, now []string) (added, removed int64) {
	for len(before) > 0 || len(now) > 0 {
		switch {
		case len(now) == 0 || len(before) > 0 && before[0] < now[0]:
			removed++
			before = before[1:]
		case len(before) == 0 || now[0] < before[0]:
			added++
			now = now[1:]
		default:
			before, now = before[1:], now[1:]
		}
	}
	return added, removed
}

// columnChanges says how columns differ, a change a text.
func columnChanges(before, now []value.Column) []string {
	if slices.Equal(before, now) {
		return nil
	}
	var out []string
	index := func(list []value.Column, name string) int {
		return slices.IndexFunc(list, func(c value.Column) bool { return c.Name == name })
	}
	for _, c := range before {
		switch i := index(now, c.Name); {
		case i < 0:
			out = append(out, c.Name+" is gone")
		case now[i].Type != c.Type:
			out = append(out, fmt.Sprintf("%s was %s, is %s", c.Name, c.Type, now[i].Type))
		}
	}
	for _, c := range now {
		if index(before, c.Name) < 0 {
			out = append(out, c.Name+" is new")
		}
	}
	if out == nil {
		names := func(list []value.Column) string {
			var all []string
			for _, c := range list {
				all = append(all, c.Name)
			}
			return strings.Join(all, ", ")
		}
		out = append(out, "were "+names(before)+", are "+names(now))
	}
	return out
}
