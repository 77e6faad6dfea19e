package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"logquarry/engine/custody"
)

// Action is something done to a case.
type Action struct {
	Name    string    // load, triage, statement, export, keep, seal
	Detail  any       // becomes JSON
	At      time.Time // zero: now
	Version string    // of the program
}

// actionTime is how done_at stands in the hash: microseconds, as DuckDB keeps them.
const actionTime = "2006-01-02T15:04:05.000000Z"

// Record appends a to the case's list of actions. Each row's hash covers the
// row before it, so that a row changed or taken out later shows.
func (c *Case) Record(ctx context.Context, a Action) error {
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("record action %s: %w", a.Name, err)
	}
	defer tx.Rollback()
	if err := record(ctx, tx, a); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("record action %s: %w", a.Name, err)
	}
	return nil
}

// transaction is where a transaction is open.
type transaction interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func record(ctx context.Context, tx transaction, a Action) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("record action %s: %w", a.Name, err)
		}
	}()
	detail, err := json.Marshal(a.Detail)
	if err != nil {
		return err
	}
	by := custody.Now(a.Version, a.At)
	var last int64
	var previous sql.NullString
	err = tx.QueryRowContext(ctx, `SELECT action_no, hash FROM actions ORDER BY action_no DESC LIMIT 1`).Scan(&last, &previous)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	hash := actionHash(previous.String, last+1, by.At, by.OSUser, by.Host, by.Version, a.Name, string(detail))
	_, err = tx.ExecContext(ctx, `INSERT INTO actions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		last+1, by.At, by.OSUser, by.Host, by.Version, a.Name, string(detail), previous, hash)
	return err
}

// actionHash is the SHA-256 of the hash before and the row's columns, one a
// line, with the backslashes and line ends in them escaped.
func actionHash(previous string, no int64, at time.Time, columns ...string) string {
	return custody.Fields(append([]string{previous, strconv.FormatInt(no, 10), at.UTC().Format(actionTime)}, columns...)...)
}

// Chain is the list of actions as it stands. That rows were taken from its end
// does not show in it: only what was noted of it elsewhere, in a seal or beside
// an exported file, tells.
type Chain struct {
	Actions int64    // how many
	Last    string   // hash of the last one; empty: there is none
	Hashes  []string // of each, in order
	Broken  int64    // the first that does not follow from the one before; 0: none
	Why     string   // what is wrong with it
}

// Err is the fault as an error; nil where the chain holds.
func (ch Chain) Err() error {
	if ch.Broken == 0 {
		return nil
	}
	return fmt.Errorf("action %d %s: the list of actions was changed", ch.Broken, ch.Why)
}

// CheckActions reads the list of actions and proves its chain. The error is one
// of reading; a fault in the chain is in the Chain.
func (c *Case) CheckActions(ctx context.Context) (Chain, error) {
	var ch Chain
	err := c.EachRow(ctx, `
		SELECT action_no, done_at, coalesce(os_user, ''), coalesce(host, ''), coalesce(version, ''), action,
		       coalesce(detail, ''), coalesce(previous, ''), hash
		FROM actions ORDER BY action_no`, func(rows *sql.Rows) error {
		var no int64
		var at time.Time
		var who, host, version, action, detail, previous, hash string
		if err := rows.Scan(&no, &at, &who, &host, &version, &action, &detail, &previous, &hash); err != nil {
			return err
		}
		why := ""
		switch {
		case no != ch.Actions+1:
			why = fmt.Sprintf("comes after %d", ch.Actions)
		case previous != ch.Last:
			why = "does not follow from the one before"
		case hash != actionHash(previous, no, at, who, host, version, action, detail):
			why = "is not what its hash says"
		}
		if why != "" && ch.Broken == 0 {
			ch.Broken, ch.Why = no, why
		}
		ch.Actions, ch.Last = no, hash
		ch.Hashes = append(ch.Hashes, hash)
		return nil
	})
	return ch, err
}

// State is what the case holds now.
func (c *Case) State(ctx context.Context) (custody.State, error) {
	s := custody.State{Path: c.Path}
	// Where there is no working folder any more, the path as it was given.
	if abs, err := filepath.Abs(c.Path); err == nil {
		s.Path = abs
	}
	err := c.EachRow(ctx, `SELECT action_no, hash FROM actions ORDER BY action_no DESC LIMIT 1`, func(rows *sql.Rows) error {
		return rows.Scan(&s.Actions, &s.LastAction)
	})
	if err != nil {
		return s, fmt.Errorf("read actions: %w", err)
	}
	s.Files, s.Ledger, err = c.Ledger(ctx, time.Time{}, time.Time{})
	return s, err
}

// Ledger counts and hashes the files of the ledger, as custody.Ledger does: all
// of them, or those read from one moment to another.
func (c *Case) Ledger(ctx context.Context, from, to time.Time) (files int64, hash string, err error) {
	where, args := "", []any(nil)
	if !from.IsZero() {
		where, args = " WHERE loaded_at BETWEEN ? AND ?", []any{from.UTC(), to.UTC()}
	}
	var lines []string
	err = c.EachRow(ctx, `SELECT coalesce(sha256, ''), path FROM evidence`+where, func(rows *sql.Rows) error {
		var sum, path string
		if err := rows.Scan(&sum, &path); err != nil {
			return err
		}
		lines = append(lines, custody.Line(sum, path))
		return nil
	}, args...)
	if err != nil {
		return 0, "", fmt.Errorf("read the ledger: %w", err)
	}
	return int64(len(lines)), custody.Ledger(lines), nil
}

// EachRow runs a query of our own, not of the analyst, and hands out its rows, until f
// returns an error, which it then returns.
func (c *Case) EachRow(ctx context.Context, query string, f func(*sql.Rows) error, args ...any) error {
	rows, err := c.db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
