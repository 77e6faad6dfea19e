package match

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"logquarry/engine/indicator"
	"logquarry/engine/schema"
	"logquarry/engine/store"
	"logquarry/engine/value"
)

// The temporary tables of what was found.
const (
	byValueTable = "match_values"
	byRowTable   = "match_rows"
)

// keep makes the temporary tables.
func (m *Matches) keep(ctx context.Context, found *spool) error {
	for _, t := range []struct {
		name    string
		values  bool
		columns []store.TemporaryColumn
	}{
		{byValueTable, true, []store.TemporaryColumn{{Name: "col", Number: true}, {Name: "value"}, {Name: "ref", Number: true}, {Name: "found"}}},
		{byRowTable, false, []store.TemporaryColumn{{Name: "col", Number: true}, {Name: "file_id", Number: true}, {Name: "record_no", Number: true}, {Name: "ref", Number: true}, {Name: "found"}}},
	} {
		next, err := found.reader()
		if err != nil {
			return err
		}
		row := make([]any, 0, 5)
		err = m.c.Temporary(ctx, t.name, t.columns, func() ([]any, bool, error) {
			for {
				f, ok, err := next()
				if err != nil || !ok {
					return nil, false, err
				}
				c := &m.columns[f.column]
				if c.values != t.values {
					continue
				}
				c.hits++
				row = append(row[:0], int64(f.column))
				if t.values {
					row = append(row, f.value)
				} else {
					row = append(row, f.file, f.record)
				}
				return append(row, refOf(f.hit), f.hit.Found), true, nil
			}
		})
		if err != nil {
			return fmt.Errorf("keep what is found: %w", err)
		}
	}
	return nil
}

// refOf is a hit as the temporary tables have it.
func refOf(h indicator.Hit) int64 {
	ref := int64(h.Key) << 1
	if h.Inside {
		ref |= 1
	}
	return ref
}

func hitOf(ref int64) indicator.Hit { return indicator.Hit{Key: int32(ref >> 1), Inside: ref&1 == 1} }

// sql is the statement of all hits with their events, in the order of time; slim
// leaves out what the event says. Empty: there are none.
func (m *Matches) sql(since, until time.Time, slim bool) (string, map[string]any) {
	var parts []string
	for t := range m.tables {
		table := &m.tables[t]
		var branches, rows []string
		for i, c := range m.columns {
			if c.table != t || c.hits == 0 {
				continue
			}
			if !c.values {
				rows = append(rows, fmt.Sprint(i))
				continue
			}
			from, expr := table.sql(), schema.Quote(c.name)
			if c.sql != "" {
				from, expr = schema.Quote(table.name), c.sql
			}
			branches = append(branches, fmt.Sprintf("SELECT x.file_id, x.record_no, v.col, v.ref, v.found FROM (SELECT file_id, record_no, %s AS value FROM %s) x JOIN %s v ON v.col = %d AND v.value = x.value",
				expr, from, byValueTable, i))
		}
		if rows != nil {
			branches = append(branches, fmt.Sprintf("SELECT file_id, record_no, col, ref, found FROM %s WHERE col IN (%s)", byRowTable, strings.Join(rows, ", ")))
		}
		if branches == nil {
			continue
		}
		events, at, about := table.sql(), "NULL", "NULL, NULL, NULL, NULL"
		switch {
		case table.events:
			events, at = schema.Quote(table.name+"_events"), "e.event_time"
			about = "e.principal, e.src_ip, e.target, e.summary"
		case table.time != "":
			at = "e." + schema.Quote(table.time)
		}
		if slim {
			about = "NULL, NULL, NULL, NULL"
		}
		parts = append(parts, fmt.Sprintf("SELECT CAST(%s AS TIMESTAMP) AS time, %d AS source, %s, h.col, h.ref, h.found, h.file_id, h.record_no FROM (\n%s) h\nLEFT JOIN %s e ON e.file_id = h.file_id AND e.record_no = h.record_no",
			at, t, about, strings.Join(branches, "\nUNION ALL "), events))
	}
	if parts == nil {
		return "", nil
	}
	params := map[string]any{}
	var where []string
	if !since.IsZero() {
		where, params["since"] = append(where, "time >= $since"), since
	}
	if !until.IsZero() {
		where, params["until"] = append(where, "time < $until"), until
	}
	sql := "SELECT * FROM (\n" + strings.Join(parts, "\nUNION ALL ") + ")"
	if where != nil {
		sql += "\nWHERE " + strings.Join(where, " AND ")
	}
	return sql + "\nORDER BY time NULLS LAST, source, file_id, record_no, col, ref", params
}

// Hit is one event in which one indicator stands.
type Hit struct {
	Time      time.Time // zero: the event has none
	Source    string
	Principal any // as the event has them: a text or nil
	SrcIP     any
	Target    any
	Summary   any
	Indicator *indicator.Indicator
	Place     int32    // of the indicator in the set
	Columns   []string // where it stands
	Found     []string // as it stands there
	Note      string
	File      int64
	Record    int64
}

// each hands out the hits in the order of time; those of one event in the order
// of the lists.
func (m *Matches) each(ctx context.Context, since, until time.Time, slim bool, f func(*Hit) error) (err error) {
	sql, params := m.sql(since, until, slim)
	if sql == "" {
		return nil
	}
	rows, err := m.c.Query(ctx, sql, params)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var event []Hit
	flush := func() error {
		slices.SortStableFunc(event, func(a, b Hit) int { return int(a.Place - b.Place) })
		for i := range event {
			if err := f(&event[i]); err != nil {
				return err
			}
		}
		event = event[:0]
		return nil
	}
	source := int64(-1)
	for rows.Next() {
		cells := rows.Values()
		t, col, ref := value.Int(cells[1]), m.columns[value.Int(cells[6])], hitOf(value.Int(cells[7]))
		found, file, record := value.Text(cells[8]), value.Int(cells[9]), value.Int(cells[10])
		if len(event) > 0 && (t != source || event[0].File != file || event[0].Record != record) {
			if err := flush(); err != nil {
				return err
			}
		}
		source = t
		for _, place := range m.set.Of(ref) {
			at := slices.IndexFunc(event, func(h Hit) bool { return h.Place == place })
			if at < 0 {
				h := Hit{Time: value.Time(cells[0]), Source: m.tables[t].name, Principal: cells[2], SrcIP: cells[3], Target: cells[4], Summary: cells[5],
					Place: place, Indicator: &m.set.Indicators[place], File: file, Record: record}
				h.Note = h.Indicator.Note(h.Time)
				event, at = append(event, h), len(event)
			}
			h := &event[at]
			name := col.name
			if col.url && len(h.Columns) > 0 {
				continue // one column has it whole
			}
			if !slices.Contains(h.Columns, name) {
				h.Columns = append(h.Columns, name)
			}
			if !slices.Contains(h.Found, found) {
				h.Found = append(h.Found, found)
			}
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return flush()
}

// Totals are what was found as a whole.
type Totals struct {
	Hits       int64 // an event and an indicator in it
	Events     int64
	Indicators int64
	Outside    int64 // hits whose event is not in the time of the indicator, or whose indicator was revoked
	BySource   map[string]int64
	// Busiest is the indicator with the most hits.
	Busiest     *indicator.Indicator
	BusiestHits int64

	counts map[int32]int64
	last   [2]int64
	source string
}

func (t *Totals) add(h *Hit) {
	if t.counts == nil {
		t.counts, t.BySource = map[int32]int64{}, map[string]int64{}
	}
	t.Hits++
	if at := [2]int64{h.File, h.Record}; t.Events == 0 || at != t.last || h.Source != t.source {
		t.Events++
		t.last, t.source = at, h.Source
	}
	t.BySource[h.Source]++
	t.counts[h.Place]++
	if n := t.counts[h.Place]; n > t.BusiestHits {
		t.Busiest, t.BusiestHits = h.Indicator, n
	}
	t.Indicators = int64(len(t.counts))
	if h.Note != "" && h.Indicator.Note(h.Time) != h.Indicator.Note(time.Time{}) || h.Indicator.Revoked {
		t.Outside++
	}
}
