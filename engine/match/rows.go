package match

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"

	"logquarry/engine/indicator"
	"logquarry/engine/value"
)

// errEnough ends a stream whose reader wants no more.
var errEnough = errors.New("enough")

// Columns are those of [Matches.Hits].
func Columns() []value.Column {
	text := func(name string) value.Column { return value.Column{Name: name, Type: "VARCHAR"} }
	return []value.Column{{Name: "time", Type: "TIMESTAMP"}, text("source"), text("principal"), text("src_ip"), text("target"), text("summary"),
		text("indicator"), text("indicator_type"), text("column"), text("found"), text("note"), text("context"),
		{Name: "file_id", Type: "BIGINT"}, {Name: "record_no", Type: "BIGINT"}}
}

// stream is rows made by a function that hands out one after another.
type stream struct {
	columns []value.Column
	next    func() ([]any, bool)
	stop    func()
	row     []any
	err     *error
}

func (s *stream) Columns() []value.Column { return s.columns }
func (s *stream) Values() []any           { return s.row }
func (s *stream) Close() error            { s.stop(); return nil }

func (s *stream) Next() bool {
	row, ok := s.next()
	s.row = row
	return ok
}

func (s *stream) Err() error {
	if errors.Is(*s.err, errEnough) {
		return nil
	}
	return *s.err
}

// Hits are the hits from since on and before until, zero: open, in the order of
// time. Events without a time come last, and not at all where there is a bound.
// The totals are those of the rows read so far.
func (m *Matches) Hits(ctx context.Context, since, until time.Time) (value.Rows, *Totals) {
	t := &Totals{}
	return pull(Columns(), func(yield func([]any) bool) error {
		return m.each(ctx, since, until, false, func(h *Hit) error {
			t.add(h)
			var at any
			if !h.Time.IsZero() {
				at = h.Time
			}
			var note any
			if n := h.note(); n != "" {
				note = n
			}
			if !yield([]any{at, h.Source, h.Principal, h.SrcIP, h.Target, h.Summary, h.Indicator.Value, h.Indicator.Type.String(),
				strings.Join(h.Columns, ", "), strings.Join(h.Found, ", "), note, m.set.JSON(h.Indicator), h.File, h.Record}) {
				return errEnough
			}
			return nil
		})
	}), t
}

// note is what is to be known of a hit: how it stands in the text, and what its
// indicator has to say.
func (h *Hit) note() string {
	note := h.Note
	if h.Indicator.Type == indicator.Domain && !slices.ContainsFunc(h.Found, func(f string) bool {
		return strings.EqualFold(strings.Trim(f, "."), strings.Trim(strings.TrimPrefix(h.Indicator.Value, "*"), "."))
	}) {
		note = strings.TrimSuffix("subdomain; "+note, "; ")
	}
	return note
}

// pull is rows that a function yields. What ends it is the rows' error.
func pull(columns []value.Column, f func(yield func([]any) bool) error) value.Rows {
	var err error
	next, stop := iter.Pull(func(yield func([]any) bool) { err = f(yield) })
	return &stream{columns: columns, next: next, stop: stop, err: &err}
}

// found is what a summary says of an indicator.
type found struct {
	i             *indicator.Indicator
	place         int32
	hits, outside int64
	first, last   time.Time
	sources       []string
}

// Summary is one row an indicator that was found, the one with the most hits
// first.
func (m *Matches) Summary(ctx context.Context, since, until time.Time) (*value.List, *Totals, error) {
	t := &Totals{}
	all := map[int32]*found{}
	err := m.each(ctx, since, until, true, func(h *Hit) error {
		before := t.Outside
		t.add(h)
		f := all[h.Place]
		if f == nil {
			f = &found{i: h.Indicator, place: h.Place}
			all[h.Place] = f
		}
		f.hits++
		f.outside += t.Outside - before
		if !h.Time.IsZero() {
			if f.first.IsZero() {
				f.first = h.Time
			}
			f.last = h.Time
		}
		if !slices.Contains(f.sources, h.Source) {
			f.sources = append(f.sources, h.Source)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	var rows []*found
	for _, f := range all {
		rows = append(rows, f)
	}
	slices.SortFunc(rows, func(a, b *found) int {
		return cmp.Or(cmp.Compare(b.hits, a.hits), a.first.Compare(b.first), cmp.Compare(a.place, b.place))
	})
	l := value.NewList("indicator", "indicator_type", "hits", "first_time", "last_time", "sources", "outside_validity", "context")
	for _, c := range []int{2, 6} {
		l.Columns()[c].Type = "BIGINT"
	}
	for _, c := range []int{3, 4} {
		l.Columns()[c].Type = "TIMESTAMP"
	}
	for _, f := range rows {
		var first, last any
		if !f.first.IsZero() {
			first, last = f.first, f.last
		}
		slices.Sort(f.sources)
		l.Add(f.i.Value, f.i.Type.String(), f.hits, first, last, strings.Join(f.sources, ", "), f.outside, m.set.JSON(f.i))
	}
	return l, t, nil
}
