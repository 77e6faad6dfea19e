package watch

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"logquarry/engine/find"
	"logquarry/engine/load"
	"logquarry/engine/sqltext"
	"logquarry/engine/store"
)

// arrived is an arrival of a round and what became of it.
type arrived struct {
	taken
	state, reason string
}

// round takes arrivals, loads them, runs the rules that see new rows, and writes
// the findings and its end.
func (w *watch) round(ctx context.Context, batch []taken) error {
	start := w.o.Now()
	began := time.Now()
	w.roundNo++
	list := make([]arrived, 0, len(batch))
	twice := map[string]bool{}
	for _, b := range batch {
		if !twice[b.ID] {
			twice[b.ID] = true
			list = append(list, arrived{taken: b})
		}
	}
	var did *load.Summary
	var fresh []Finding
	// Not confined, for it loads; no rule asks this case.
	err := w.with(ctx, store.Options{}, func(c *store.Case) error {
		if err := w.take(ctx, c, list); err != nil {
			return fmt.Errorf("note what arrived: %w", err)
		}
		var files map[int64]evidence
		var err error
		if did, files, err = w.loadFiles(ctx, c, list); err != nil {
			return err
		}
		at := w.o.Now()
		findings, err := w.judge(ctx, c, files, did, at)
		if err != nil {
			return err
		}
		fresh, err = w.end(ctx, c, list, findings, len(files) > 0, at)
		return err
	})
	if err != nil {
		return err
	}
	w.told(list, did, start, began, int64(len(fresh)))
	w.finish(ctx, list)
	return nil
}

// judge runs the rules that see new rows on those of files.
func (w *watch) judge(ctx context.Context, c *store.Case, files map[int64]evidence, did *load.Summary, at time.Time) (list []found, err error) {
	if len(files) == 0 || !w.rules.seeNew() {
		return nil, nil
	}
	// Of a round that was cut off nobody says any more which tables have its rows.
	var tables map[string]bool
	if did.Skipped[load.Known]+did.Skipped[load.Same] == 0 {
		tables = map[string]bool{}
		for name := range did.Sources {
			tables[name] = true
		}
	}
	if err := w.side.fill(ctx, c, slices.Collect(maps.Keys(files)), tables); err != nil {
		return nil, err
	}
	side, err := w.o.Open(ctx, w.side.path, store.Options{Confined: true})
	if err != nil {
		return nil, fmt.Errorf("open the side case: %w", err)
	}
	defer func() {
		if cerr := side.Close(); err == nil {
			err = cerr
		}
	}()
	if list, err = w.rules.onNew(ctx, side, files, at); err != nil {
		return nil, fmt.Errorf("run the rules on new rows: %w", err)
	}
	return list, nil
}

// take notes the arrivals as taken. Files that the case has already are known.
func (w *watch) take(ctx context.Context, c *store.Case, list []arrived) error {
	there := map[string]int64{} // by path: bytes
	var paths []string
	for i := range list {
		if list[i].Path != "" {
			paths = append(paths, list[i].Path)
		}
	}
	err := w.byPath(ctx, c, paths, `path, coalesce(bytes, -1)`, ` AND status NOT IN ('unknown', 'unreadable') AND NOT EXISTS
		(SELECT 1 FROM watch_arrivals AS a WHERE a.path = e.path AND a.state = 'taken')`, func(r *sql.Rows) error {
		var path string
		var bytes int64
		if err := r.Scan(&path, &bytes); err != nil {
			return err
		}
		there[path] = bytes
		return nil
	})
	if err != nil {
		return err
	}
	var rows [][]any
	var again []string
	for i := range list {
		a := &list[i]
		bytes, known := there[a.Path]
		switch {
		case a.Problem != "":
			a.state, a.reason = "aside", a.Problem
		case known && bytes == a.Size:
			a.state = "known"
		case known:
			a.state, a.reason = "aside", fmt.Sprintf("changed after it was loaded: it had %d bytes and has %d; logs are not loaded twice", bytes, a.Size)
		default:
			a.state = "taken"
		}
		if w.known.Arrival(a.ID) {
			again = append(again, a.ID) // of a round that was cut off
		}
		var path any
		if a.Path != "" {
			path = a.Path
		}
		from := ""
		if a.from != nil {
			from = a.from.Name()
		}
		rows = append(rows, []any{a.ID, from, path, w.roundNo, a.state, orNull(a.reason), a.At.UTC(), nil})
	}
	err = transact(ctx, c, func(tx *sql.Tx) error {
		for _, id := range again {
			if _, err := tx.ExecContext(ctx, `DELETE FROM watch_arrivals WHERE arrival_id = ?`, id); err != nil {
				return err
			}
		}
		if err := insert(ctx, tx, "watch_arrivals", rows, "", nil); err != nil {
			return err
		}
		var parts [][]any
		for i := range list {
			for _, p := range list[i].Parts {
				parts = append(parts, []any{p, w.roundNo})
			}
		}
		return insert(ctx, tx, "watch_parts", parts, "", nil)
	})
	if err == nil {
		for i := range list {
			w.known.note([]Arrival{list[i].Arrival}, w.roundNo)
		}
	}
	return err
}

// byPath asks the ledger for the files with these paths.
func (w *watch) byPath(ctx context.Context, c *store.Case, paths []string, columns, more string, f func(*sql.Rows) error) error {
	const most = 1000
	for from := 0; from < len(paths); from += most {
		var in []string
		for _, p := range paths[from:min(from+most, len(paths))] {
			in = append(in, sqltext.Literal(p))
		}
		if err := c.EachRow(ctx, `SELECT `+columns+` FROM evidence AS e WHERE path IN (`+strings.Join(in, ", ")+`)`+more, f); err != nil {
			return err
		}
	}
	return nil
}

// loadFiles loads what was taken and returns the files of the ledger that have
// rows of it.
func (w *watch) loadFiles(ctx context.Context, c *store.Case, list []arrived) (*load.Summary, map[int64]evidence, error) {
	of := map[string]*arrived{}
	for i := range list {
		if list[i].state == "taken" {
			of[list[i].Path] = &list[i]
		}
	}
	if len(of) == 0 {
		return nil, nil, nil
	}
	start := w.o.Now()
	scratch, err := os.MkdirTemp(w.o.Scratch, ".quarry-")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(scratch)
	finder, err := find.NewFinder(find.Options{Sources: w.o.Sources, Scratch: scratch, Threads: w.o.Threads, Skip: []string{w.o.Case, w.side.path}})
	if err != nil {
		return nil, nil, err
	}
	var files []find.File
	for tries := 3; ; tries-- {
		var there []string
		for path, a := range of {
			if _, err := os.Stat(path); err != nil {
				a.state, a.reason = "aside", err.Error()
				delete(of, path)
				continue
			}
			there = append(there, path)
		}
		if there == nil {
			return nil, nil, nil
		}
		slices.Sort(there)
		// A file may go away between the two looks.
		if files, err = finder.Find(ctx, there); err == nil || tries == 1 || !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	if err != nil {
		return nil, nil, fmt.Errorf("look at what arrived: %w", err)
	}
	sum, err := load.Load(ctx, c, files, load.Options{Sources: w.o.Sources, Threads: w.o.Threads, Memory: w.o.Memory, Version: w.o.Version, Now: w.o.Now, Recall: &w.recall})
	if err != nil {
		return nil, nil, fmt.Errorf("load into %s: %w", w.o.Case, err)
	}
	var all []string
	for _, f := range files {
		all = append(all, f.Path)
		if a := of[f.Path]; a != nil && (f.Problem != "" || f.Source == nil) {
			a.state, a.reason = "aside", f.Problem
			if f.Problem == "" {
				a.reason = "of no known source"
			}
		}
	}
	for _, x := range sum.Aside {
		if a := of[x.Path]; a != nil && !x.Note && a.reason == "" {
			a.state, a.reason = "aside", x.Reason
		}
	}
	// What was in the ledger before it arrived here is not new.
	arrival := start
	for i := range list {
		if list[i].At.Before(arrival) {
			arrival = list[i].At
		}
	}
	out := map[int64]evidence{}
	latest := map[string]int64{}
	err = w.byPath(ctx, c, all, `file_id, path, coalesce(sha256, '')`, fmt.Sprintf(` AND loaded > 0 AND loaded_at >= make_timestamp(%d) ORDER BY file_id`, arrival.UnixMicro()), func(r *sql.Rows) error {
		var id int64
		var e evidence
		if err := r.Scan(&id, &e.path, &e.sum); err != nil {
			return err
		}
		delete(out, latest[e.path]) // an earlier file of that path
		out[id], latest[e.path] = e, id
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	ledger, hash, err := c.Ledger(ctx, start.Truncate(time.Microsecond), w.o.Now())
	if err != nil {
		return nil, nil, err
	}
	if sum.Files == 0 {
		return sum, out, nil
	}
	return sum, out, c.Record(ctx, store.Action{Name: "watch", Version: w.o.Version, At: w.o.Now(), Detail: struct {
		Round  int64         `json:"round"`
		Files  int64         `json:"files"`
		SHA256 string        `json:"sha256"` // custody.Ledger of the files
		Result *load.Summary `json:"result"`
	}{w.roundNo, ledger, hash, sum}})
}

// end writes the findings and the end of the round; rows says that it had new ones.
func (w *watch) end(ctx context.Context, c *store.Case, list []arrived, findings []found, rows bool, at time.Time) (fresh []Finding, err error) {
	err = w.noteIn(ctx, c, func(tx *sql.Tx) error {
		now := w.o.Now().UTC()
		var err error
		if fresh, err = w.keep(ctx, tx, findings, w.roundNo, at); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE watch_arrivals SET state = 'done', done_at = ? WHERE round_no = ? AND state = 'taken'`, now, w.roundNo)
		if err != nil {
			return err
		}
		for i := range list {
			if list[i].state == "aside" && list[i].Problem == "" {
				_, err := tx.ExecContext(ctx, `UPDATE watch_arrivals SET state = 'aside', reason = ? WHERE round_no = ? AND arrival_id = ?`, list[i].reason, w.roundNo, list[i].ID)
				if err != nil {
					return err
				}
			}
		}
		if w.roundNo%100 == 0 {
			if _, err := tx.ExecContext(ctx, `DELETE FROM watch_parts WHERE round_no < ?`, w.roundNo-partsKept); err != nil {
				return err
			}
			w.known.forget(w.roundNo - partsKept)
		}
		if !rows {
			// Rules over the whole case have seen it, for it has nothing to be seen.
			if _, err := tx.ExecContext(ctx, `UPDATE watch_rules SET round_no = ? WHERE round_no = ?`, w.roundNo, w.roundNo-1); err != nil {
				return err
			}
		}
		mark, err := marked(ctx, c)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT OR REPLACE INTO watch_state VALUES ('mark', ?)`, mark)
		return err
	})
	if err != nil {
		return nil, err
	}
	w.allDue = w.allDue || rows && (w.rules.over != nil || w.rules.correlated != nil)
	w.deliver(fresh)
	return fresh, nil
}

// told tells of a round.
func (w *watch) told(list []arrived, did *load.Summary, start, began time.Time, findings int64) {
	e := Event{What: "round", Findings: findings, Seconds: time.Since(began).Seconds()}
	now := w.o.Now()
	for i := range list {
		a := &list[i]
		if a.state != "known" {
			e.Files++
		}
		if a.state == "aside" {
			w.sum.Aside++
			what := a.Path
			if what == "" {
				what = a.ID
			}
			w.report(Event{What: "problem", Text: fmt.Sprintf("set aside: %s: %s", what, a.reason)})
		}
		e.Oldest = max(e.Oldest, now.Sub(a.At).Seconds())
	}
	if did != nil {
		e.Rows = did.Rows
		w.sum.Rejects += did.Rejects
	}
	w.sum.Rounds++
	w.sum.Files += e.Files
	w.sum.Rows += e.Rows
	e.Lanes = w.states()
	w.report(e)
}

// finish tells the sources that their arrivals are done with.
func (w *watch) finish(ctx context.Context, list []arrived) {
	of := map[Arrivals][]Arrival{}
	for i := range list {
		if list[i].from != nil {
			of[list[i].from] = append(of[list[i].from], list[i].Arrival)
		}
	}
	for _, from := range w.o.Arrivals {
		if of[from] == nil {
			continue
		}
		if err := from.Done(ctx, of[from]); err != nil {
			w.report(Event{What: "problem", Text: fmt.Sprintf("%s: %v", from.Name(), err)})
		}
	}
}
