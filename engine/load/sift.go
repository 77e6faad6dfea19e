package load

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"logquarry/engine/batch"
	"logquarry/engine/decode"
	"logquarry/engine/schema"
)

// sift decides which decoded rows of one insert are kept: those in the wanted
// times, each event once.
type sift struct {
	plan    *plan
	seen    *seen // nil: the table's rows have no key
	byPlace map[uint32]*task
	windows map[uint32]window

	mu   sync.Mutex
	lost []place // rows that were written before an earlier one was found
	// owed are those of lost that stand in files which are read once more: they
	// may not have been counted yet.
	owed map[place]bool
}

// window is the times wanted of one file, in microseconds, and those loaded
// from it before.
type window struct {
	bounds       span
	have         span
	again, bound bool
}

// sift prepares to sift the rows of tasks.
func (l *loader) sift(ctx context.Context, p *plan, tasks []*task, jobs []*job) (*sift, error) {
	s := &sift{plan: p, byPlace: map[uint32]*task{}, windows: map[uint32]window{}, owed: map[place]bool{}}
	wanted := spanOf(l.opts.Since, l.opts.Until)
	for i, t := range tasks {
		s.byPlace[t.place] = t
		w := window{bounds: wanted, bound: wanted != everything}
		if old := jobs[i].again; old != nil {
			w.have, w.again = old.span(), true
			w.bounds = wanted.hull(w.have)
		}
		s.windows[t.place] = w
	}
	if len(p.layout.Key) == 0 {
		return s, nil
	}
	if l.seen[p.source.Name] == nil {
		known, err := l.known(ctx, p)
		if err != nil {
			return nil, err
		}
		l.seen[p.source.Name] = known
	}
	s.seen = l.seen[p.source.Name]
	return s, nil
}

// keep is the decoder's question about each row of t.
func (s *sift) keep(t *task) decode.Keep {
	w := s.windows[t.place]
	layout := &s.plan.layout
	var key []byte
	return func(b *batch.Batch, tally *decode.Tally, recordNo int64) bool {
		timed := layout.Time >= 0 && b.IsSet(layout.Time)
		if timed {
			at := b.Int64(layout.Time)
			if w.again && w.have.holds(at) {
				return false
			}
			if w.bound && !w.bounds.holds(at) {
				tally.Outside++
				return false
			}
			tally.Observe(at)
		} else if w.again {
			return false
		}
		if s.seen == nil {
			return unwritten(t, tally, recordNo)
		}
		key = key[:0]
		for _, k := range layout.Key {
			if !b.IsSet(k) {
				return unwritten(t, tally, recordNo) // without a name no event is another's double
			}
			if isText(s.plan.source.Columns[k].Type) {
				key = append(key, b.Text(k)...)
			} else {
				key = strconv.AppendInt(key, b.Int64(k), 10)
			}
			key = append(key, 0)
		}
		for _, k := range layout.State {
			switch {
			case !b.IsSet(k):
				key = append(key, null...)
			case isText(s.plan.source.Columns[k].Type):
				key = append(key, b.Text(k)...)
			default:
				key = strconv.AppendBool(key, b.Bool(k))
			}
			key = append(key, 0)
		}
		first, loser, lost := s.seen.add(key, place{t.place, uint32(recordNo)}, s.byPlace)
		if lost {
			s.mu.Lock()
			s.lost = append(s.lost, loser)
			if s.byPlace[loser.file].twice {
				s.owed[loser] = true
			}
			s.mu.Unlock()
		}
		if first {
			return unwritten(t, tally, recordNo)
		}
		tally.Records++
		if t.twice && s.owes(place{t.place, uint32(recordNo)}) {
			tally.Rows++ // dropLosers makes it a duplicate
		} else {
			tally.Duplicates++
		}
		return false
	}
}

func (s *sift) owes(p place) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.owed[p]
}

// unwritten is false, and counts the row, where it is in the table already: its
// file is read for the second time.
func unwritten(t *task, tally *decode.Tally, recordNo int64) bool {
	if recordNo > t.skip {
		return true
	}
	tally.Records++
	tally.Rows++
	return false
}

// null stands for NULL in a key: bytes that no text has.
const null = "\xff"

// isText reports whether the cells of a column are text in a batch; those of
// other columns that may be part of a key are 64-bit integers.
func isText(t schema.Type) bool { return t == schema.Varchar || t == schema.JSONText }

// dropLosers takes out of the table the rows that turned out to be duplicates
// of rows that stand before them.
func (s *sift) dropLosers(ctx context.Context, conn session) error {
	defer func() { s.lost, s.owed = nil, map[place]bool{} }()
	const most = 10_000
	for from := 0; from < len(s.lost); from += most {
		var list []string
		for _, p := range s.lost[from:min(from+most, len(s.lost))] {
			t := s.byPlace[p.file]
			t.tally.Rows--
			t.tally.Duplicates++
			list = append(list, fmt.Sprintf("(%d, %d)", t.tally.FileID, p.record))
		}
		_, err := conn.ExecContext(ctx, fmt.Sprintf(`DELETE FROM %s WHERE (file_id, record_no) IN (%s)`,
			s.plan.source.StorageTable(), strings.Join(list, ", ")))
		if err != nil {
			return err
		}
	}
	return nil
}

// known reads the keys of the events that are in the table already.
func (l *loader) known(ctx context.Context, p *plan) (*seen, error) {
	s := newSeen()
	var cols []string
	for _, k := range append(slices.Clone(p.layout.Key), p.layout.State...) {
		c := p.source.Columns[k]
		name := schema.Quote(c.Name)
		if c.Type.SQL() == "TIMESTAMP" {
			name = "epoch_us(" + name + ")" // as the decoder holds it
		}
		cols = append(cols, "CAST("+name+" AS VARCHAR)")
	}
	rows, err := l.conn.QueryContext(ctx, fmt.Sprintf(`SELECT %s FROM %s`, strings.Join(cols, ", "), p.source.StorageTable()))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	vals := make([]sql.NullString, len(cols))
	dest := make([]any, len(cols))
	for i := range vals {
		dest[i] = &vals[i]
	}
	var key []byte
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return nil, err
		}
		key = key[:0]
		whole := true
		for k, v := range vals {
			if !v.Valid {
				whole = whole && k >= len(p.layout.Key)
				v.String = null
			}
			key = append(append(key, v.String...), 0)
		}
		if whole {
			s.add(key, place{}, nil)
		}
	}
	return s, rows.Err()
}
