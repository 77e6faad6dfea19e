package watch

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"logquarry/engine/store"
)

// Status is what a case says of its watch.
type Status struct {
	Watched  bool             `json:"watched"` // the case has the tables of a watch
	Rounds   int64            `json:"rounds"`
	Last     *time.Time       `json:"last_arrival,omitempty"`
	Arrivals map[string]int64 `json:"arrivals"` // by state: done, known, aside, taken
	Findings int64            `json:"findings"`
	Targets  []TargetState    `json:"targets"`
	Aside    []AsideFile      `json:"set_aside"`    // the last ones
	Dead     []DeadLetter     `json:"dead_letters"` // the last ones
}

// AsideFile is an arrival that was not, or not wholly, read.
type AsideFile struct {
	Path   string    `json:"path"`
	Reason string    `json:"reason"`
	At     time.Time `json:"arrived_at"`
}

// DeadLetter is a finding that a target did not get.
type DeadLetter struct {
	Target  string    `json:"target"`
	Finding string    `json:"finding_id"`
	Rule    string    `json:"hunt_id"`
	Tries   int64     `json:"tries"`
	Error   string    `json:"error"`
	At      time.Time `json:"dead_at"`
}

// mostShown bounds the lists of a Status.
const mostShown = 100

// watched reports whether the case has the tables of a watch.
func watched(ctx context.Context, c *store.Case) (yes bool, err error) {
	err = c.DB().QueryRowContext(ctx, `SELECT count(*) > 0 FROM duckdb_tables() WHERE database_name = current_database() AND table_name = 'watch_state'`).Scan(&yes)
	return yes, err
}

// Inspect reads the state of the watch out of a case, which may be open to be read.
func Inspect(ctx context.Context, c *store.Case) (*Status, error) {
	s := &Status{Arrivals: map[string]int64{}, Targets: []TargetState{}, Aside: []AsideFile{}, Dead: []DeadLetter{}}
	var err error
	if s.Watched, err = watched(ctx, c); err != nil || !s.Watched {
		return s, err
	}
	err = c.EachRow(ctx, `SELECT state, count(*), max(arrived_at), max(round_no) FROM watch_arrivals GROUP BY state`, func(r *sql.Rows) error {
		var state string
		var n, round int64
		var last time.Time
		if err := r.Scan(&state, &n, &last, &round); err != nil {
			return err
		}
		s.Arrivals[state], s.Rounds = n, max(s.Rounds, round)
		if s.Last == nil || last.After(*s.Last) {
			s.Last = &last
		}
		return nil
	})
	if err == nil {
		err = c.DB().QueryRowContext(ctx, `SELECT count(finding_no) FROM watch_findings`).Scan(&s.Findings)
	}
	if err == nil {
		err = c.EachRow(ctx, `SELECT t.target, t.sent, t.dead, coalesce(t.last_error, ''), coalesce((SELECT max(tries) FROM watch_retries AS r WHERE r.target = t.target), 0),
			(SELECT count(*) FROM watch_findings AS f WHERE f.finding_no > t.finding_no) +
			(SELECT count(*) FROM watch_retries AS r WHERE r.target = t.target AND r.finding_no <= t.finding_no)
			FROM watch_targets AS t ORDER BY t.target`, func(r *sql.Rows) error {
			var t TargetState
			if err := r.Scan(&t.Name, &t.Sent, &t.Dead, &t.Error, &t.Tries, &t.Waiting); err != nil {
				return err
			}
			s.Targets = append(s.Targets, t)
			return nil
		})
	}
	if err == nil {
		err = c.EachRow(ctx, `SELECT coalesce(path, arrival_id), coalesce(reason, ''), arrived_at FROM watch_arrivals WHERE state = 'aside' ORDER BY arrived_at DESC, 1 LIMIT ?`, func(r *sql.Rows) error {
			var a AsideFile
			if err := r.Scan(&a.Path, &a.Reason, &a.At); err != nil {
				return err
			}
			s.Aside = append(s.Aside, a)
			return nil
		}, mostShown)
	}
	if err == nil {
		err = c.EachRow(ctx, `SELECT d.target, f.finding_id, f.rule_id, d.tries, coalesce(d.error, ''), d.dead_at
			FROM watch_dead AS d JOIN watch_findings AS f USING (finding_no) ORDER BY d.dead_at DESC, d.target, f.finding_id LIMIT ?`, func(r *sql.Rows) error {
			var d DeadLetter
			if err := r.Scan(&d.Target, &d.Finding, &d.Rule, &d.Tries, &d.Error, &d.At); err != nil {
				return err
			}
			s.Dead = append(s.Dead, d)
			return nil
		}, mostShown)
	}
	if err != nil {
		return nil, fmt.Errorf("read the state of the watch: %w", err)
	}
	return s, nil
}

// Revive has dead letters tried again by the next watch, twice at least, and
// returns how many there are. The case must be open for writing and not watched.
func Revive(ctx context.Context, c *store.Case) (n int64, err error) {
	yes, err := watched(ctx, c)
	if err != nil || !yes {
		return 0, err
	}
	err = transact(ctx, c, func(tx *sql.Tx) error {
		for _, text := range []string{
			`INSERT INTO watch_retries SELECT target, finding_no, 1, error FROM watch_dead`,
			`UPDATE watch_targets AS t SET dead = 0 WHERE target IN (SELECT target FROM watch_dead)`,
			`DELETE FROM watch_dead`,
		} {
			r, err := tx.ExecContext(ctx, text)
			if err != nil {
				return err
			}
			if n == 0 {
				if n, err = r.RowsAffected(); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("revive dead letters: %w", err)
	}
	return n, nil
}
