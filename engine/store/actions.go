package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"time"
)

// Action is something done to a case.
type Action struct {
	Name    string    // load, triage
	Detail  any       // becomes JSON
	At      time.Time // zero: now
	Version string    // of the program
}

// actionTime is how done_at stands in the hash: microseconds, as DuckDB keeps them.
const actionTime = "2006-01-02T15:04:05.000000Z"

// Record appends a to the case's list of actions. Each row's hash covers the
// row before it, so that a row changed or taken out later shows.
func (c *Case) Record(ctx context.Context, a Action) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("record action %s: %w", a.Name, err)
		}
	}()
	detail, err := json.Marshal(a.Detail)
	if err != nil {
		return err
	}
	if a.At.IsZero() {
		a.At = time.Now()
	}
	a.At = a.At.UTC().Truncate(time.Microsecond)
	who := ""
	if u, err := user.Current(); err == nil {
		who = u.Username
	}
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var last int64
	var previous sql.NullString
	err = tx.QueryRowContext(ctx, `SELECT action_no, hash FROM actions ORDER BY action_no DESC LIMIT 1`).Scan(&last, &previous)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	hash := actionHash(previous.String, last+1, a.At, who, host, a.Version, a.Name, string(detail))
	_, err = tx.ExecContext(ctx, `INSERT INTO actions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		last+1, a.At, who, host, a.Version, a.Name, string(detail), previous, hash)
	if err != nil {
		return err
	}
	return tx.Commit()
}

// actionHash is the SHA-256 of the hash before and the row's columns, one a
// line, with the backslashes and line ends in them escaped.
func actionHash(previous string, no int64, at time.Time, columns ...string) string {
	lines := append([]string{previous, strconv.FormatInt(no, 10), at.UTC().Format(actionTime)}, columns...)
	for i := range lines {
		lines[i] = strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(lines[i])
	}
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n") + "\n"))
	return hex.EncodeToString(sum[:])
}

// CheckActions reads the list of actions and reports the first row that does
// not follow from the one before.
func (c *Case) CheckActions(ctx context.Context) error {
	rows, err := c.db.QueryContext(ctx, `
		SELECT action_no, done_at, coalesce(os_user, ''), coalesce(host, ''), coalesce(version, ''), action,
		       coalesce(detail, ''), coalesce(previous, ''), hash
		FROM actions ORDER BY action_no`)
	if err != nil {
		return err
	}
	defer rows.Close()
	before, want := "", int64(1)
	for rows.Next() {
		var no int64
		var at time.Time
		var who, host, version, action, detail, previous, hash string
		if err := rows.Scan(&no, &at, &who, &host, &version, &action, &detail, &previous, &hash); err != nil {
			return err
		}
		if no != want || previous != before || hash != actionHash(previous, no, at, who, host, version, action, detail) {
			return fmt.Errorf("action %d does not follow from the one before: the list was changed", no)
		}
		before, want = hash, want+1
	}
	return rows.Err()
}
