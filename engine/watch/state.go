package watch

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"logquarry/engine/store"
)

//go:embed watch.sql
var tables string

// memory is what is in the case's tables, for what is asked often. It
// implements [Known].
type memory struct {
	mu       sync.RWMutex
	arrivals map[string]bool
	parts    map[[16]byte]int64 // by hash: the round
}

// partKey is short, for there may be millions.
func partKey(id string) [16]byte {
	h := sha256.Sum256([]byte(id))
	return [16]byte(h[:16])
}

func (m *memory) Arrival(id string) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.arrivals[id]
}

func (m *memory) Part(id string) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	_, ok := m.parts[partKey(id)]
	return ok
}

func (m *memory) note(list []Arrival, round int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range list {
		m.arrivals[list[i].ID] = true
		for _, p := range list[i].Parts {
			m.parts[partKey(p)] = round
		}
	}
}

// forget drops the messages of rounds before one.
func (m *memory) forget(before int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.parts, func(_ [16]byte, round int64) bool { return round < before })
}

// transact runs f in a transaction of the case.
func transact(ctx context.Context, c *store.Case, f func(tx *sql.Tx) error) error {
	tx, err := c.DB().BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// insert adds rows to a table. tail goes behind the statement; where it returns
// rows, f is given them, and rows whose key is there already are left out. The
// rows go as one text: DuckDB takes long to plan a statement of thousands of values.
func insert(ctx context.Context, tx *sql.Tx, table string, rows [][]any, tail string, f func(*sql.Rows) error) (err error) {
	if len(rows) == 0 {
		return nil
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("write %s: %w", table, err)
		}
	}()
	text, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	verb := "INSERT INTO "
	if f != nil {
		verb = "INSERT OR IGNORE INTO "
	}
	var cells []string
	for i := range rows[0] {
		cells = append(cells, fmt.Sprintf("r[%d]", i+1))
	}
	got, err := tx.QueryContext(ctx, verb+table+" SELECT "+strings.Join(cells, ", ")+" FROM (SELECT unnest(from_json(?, '[[\"VARCHAR\"]]')) AS r)"+tail, string(text))
	if err != nil {
		return err
	}
	for err == nil && got.Next() {
		if f != nil {
			err = f(got)
		}
	}
	return errors.Join(err, got.Err(), got.Close())
}

// load reads what the case knows. It makes the tables where there are none.
func (w *watch) load(ctx context.Context, c *store.Case) error {
	if _, err := c.DB().ExecContext(ctx, tables); err != nil {
		return fmt.Errorf("make the tables of the watch: %w", err)
	}
	w.known = &memory{arrivals: map[string]bool{}, parts: map[[16]byte]int64{}}
	err := c.EachRow(ctx, `SELECT arrival_id, source, coalesce(path, ''), round_no, state, arrived_at FROM watch_arrivals`, func(r *sql.Rows) error {
		var a Arrival
		var source, state string
		var round int64
		if err := r.Scan(&a.ID, &source, &a.Path, &round, &state, &a.At); err != nil {
			return err
		}
		w.known.arrivals[a.ID] = true
		w.roundNo = max(w.roundNo, round)
		if state == "taken" {
			w.left = append(w.left, taken{a, w.sourceOf(source)})
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = c.EachRow(ctx, `SELECT part_id, round_no FROM watch_parts`, func(r *sql.Rows) error {
		var id string
		var round int64
		if err := r.Scan(&id, &round); err != nil {
			return err
		}
		w.known.parts[partKey(id)] = round
		w.roundNo = max(w.roundNo, round)
		return nil
	})
	if err != nil {
		return err
	}
	if err := c.DB().QueryRowContext(ctx, `SELECT coalesce(max(finding_no), 0) FROM watch_findings`).Scan(&w.lastNo); err != nil {
		return err
	}
	for _, l := range w.lanes {
		if err := w.loadLane(ctx, c, l); err != nil {
			return fmt.Errorf("target %s: %w", l.target.Name(), err)
		}
	}
	return nil
}

func (w *watch) sourceOf(name string) Arrivals {
	for _, a := range w.o.Arrivals {
		if a.Name() == name {
			return a
		}
	}
	return nil
}

// loadLane reads how far a target is. A new one begins with the next finding.
func (w *watch) loadLane(ctx context.Context, c *store.Case, l *lane) error {
	var why sql.NullString
	err := c.DB().QueryRowContext(ctx, `SELECT finding_no, sent, dead, last_error FROM watch_targets WHERE target = ?`, l.target.Name()).Scan(&l.through, &l.sent, &l.died, &why)
	if errors.Is(err, sql.ErrNoRows) {
		l.through, l.dirty = w.lastNo, true
		return nil
	}
	if err != nil {
		return err
	}
	l.err = why.String
	err = c.EachRow(ctx, `SELECT f.finding_no, f.finding_id, f.found_at, f.finding, r.tries, coalesce(r.error, '')
		FROM watch_retries AS r JOIN watch_findings AS f USING (finding_no) WHERE r.target = ? ORDER BY 1`, func(r *sql.Rows) error {
		var i item
		if err := r.Scan(&i.No, &i.ID, &i.Found, &i.Body, &i.tries, &i.err); err != nil {
			return err
		}
		l.items, l.early[i.No] = append(l.items, &i), true
		return nil
	}, l.target.Name())
	if err != nil {
		return err
	}
	l.behind = l.through < w.lastNo
	return w.refill(ctx, c, l)
}

// refill gives a lane that is behind the next findings out of the case.
func (w *watch) refill(ctx context.Context, c *store.Case, l *lane) error {
	after, ok := l.wants()
	if !ok {
		return nil
	}
	var list []Finding
	err := c.EachRow(ctx, `SELECT finding_no, finding_id, found_at, finding FROM watch_findings WHERE finding_no > ? ORDER BY finding_no LIMIT ?`, func(r *sql.Rows) error {
		var f Finding
		if err := r.Scan(&f.No, &f.ID, &f.Found, &f.Body); err != nil {
			return err
		}
		list = append(list, f)
		return nil
	}, after, mostHeld/2)
	if err != nil {
		return err
	}
	l.refill(list, len(list) < mostHeld/2)
	return nil
}

// noteLanes writes how far the targets are, where that has changed. What it
// returns is to be called once that is committed, with whether it is.
func (w *watch) noteLanes(ctx context.Context, tx *sql.Tx) (done func(ok bool), err error) {
	type noted struct {
		l      *lane
		graves int
	}
	var all []noted
	done = func(ok bool) {
		for _, n := range all {
			n.l.mu.Lock()
			if ok {
				n.l.graves = n.l.graves[n.graves:]
			} else {
				n.l.dirty = true
			}
			n.l.mu.Unlock()
		}
	}
	for _, l := range w.lanes {
		l.mu.Lock()
		if !l.dirty {
			l.mu.Unlock()
			continue
		}
		l.dirty = false
		through, name := l.through, l.target.Name()
		var retries, graves [][]any
		for _, i := range l.items {
			if i.tries > 0 {
				retries = append(retries, []any{name, i.No, i.tries, i.err})
			} else {
				through = min(through, i.No-1)
			}
		}
		for _, d := range l.graves {
			graves = append(graves, []any{name, d.No, d.tries, d.err, d.at.UTC()})
		}
		row := []any{name, through, l.sent, l.died, l.err, w.o.Now().UTC()}
		all = append(all, noted{l, len(l.graves)})
		l.mu.Unlock()
		if _, err := tx.ExecContext(ctx, `DELETE FROM watch_retries WHERE target = ?`, name); err != nil {
			return done, err
		}
		if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO watch_targets VALUES (?, ?, ?, ?, nullif(?, ''), ?)`, row...); err != nil {
			return done, err
		}
		err := insert(ctx, tx, "watch_retries", retries, "", nil)
		if err == nil {
			err = insert(ctx, tx, "watch_dead", graves, "", nil)
		}
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// found is a finding that a rule gave, before it is known to be new.
type found struct {
	id                    string
	rule, title, severity string
	body                  []byte // nil: it is not told
}

// keep writes findings into the outbox and returns those that were not there, in
// the order of their numbers.
func (w *watch) keep(ctx context.Context, tx *sql.Tx, list []found, round int64, at time.Time) ([]Finding, error) {
	var rows [][]any
	byID := map[string]*Finding{}
	no := w.lastNo
	for _, f := range list {
		if byID[f.id] != nil {
			continue
		}
		var number, body any
		x := &Finding{ID: f.id, Found: at, Body: f.body}
		if f.body != nil {
			no++
			x.No, number, body = no, no, string(f.body)
		}
		byID[f.id] = x
		rows = append(rows, []any{f.id, number, f.rule, f.title, f.severity, round, at.UTC(), body})
	}
	var out []Finding
	err := insert(ctx, tx, "watch_findings", rows, " RETURNING finding_id", func(r *sql.Rows) error {
		var id string
		if err := r.Scan(&id); err != nil {
			return err
		}
		if x := byID[id]; x.No > 0 {
			out = append(out, *x)
		}
		return nil
	})
	slices.SortFunc(out, func(a, b Finding) int { return cmp.Compare(a.No, b.No) })
	return out, err
}
