package store

import (
	"context"
	"errors"
	"strings"

	"github.com/duckdb/duckdb-go/v2/mapping"
)

// Hunts and views may come from anybody, so they run on a confined case. DuckDB
// itself then opens no file but the case and its own temporary ones, loads
// nothing, and lets no statement change a setting; neither can be turned back
// while the case is open, for the settings are the whole database's. Beyond
// that Query takes only what reads: DuckDB would let a confined statement make
// tables, write where it may spill, and switch to another database in memory.
//
// A table function of ours is not bound by these settings. One that reads
// files, as load's scan does, must not be registered on a confined case.

// Confine keeps every later statement of c to the case. There is no way back.
// It is also how a case opened with [Options.Confined] becomes confined.
func (c *Case) Confine(ctx context.Context) error {
	if c.confined {
		return nil
	}
	for _, setting := range []string{"SET enable_external_access = false", "SET lock_configuration = true"} {
		if _, err := c.db.ExecContext(ctx, setting); err != nil {
			return err
		}
	}
	c.confined = true
	return nil
}

// Confined reports whether statements are kept to the case.
func (c *Case) Confined() bool { return c.confined }

// Refused is a statement that a confined case does not run.
type Refused struct{ Text string }

func (r *Refused) Error() string { return r.Text }

// Hint says what may be done instead.
func (r *Refused) Hint() string {
	return "hunts and views see the case and nothing else; quarry -f runs statements of your own, which may read and write files"
}

// refuse is the error of a statement that is more than a question.
func refuse(stmt mapping.PreparedStatement) error {
	if mapping.PreparedStatementType(stmt) == mapping.StatementTypeSelect {
		return nil
	}
	return &Refused{"not a question: only a SELECT may run here"}
}

// failure is an error of DuckDB's, told by its text: of a statement that is
// being prepared the bindings give nothing else.
func (c *Case) failure(text string) error {
	switch {
	case c.confined && strings.HasPrefix(text, "Permission Error: "):
		return &Refused{strings.TrimPrefix(text, "Permission Error: ")}
	case c.opts.ReadOnly && strings.Contains(text, `on database "`+catalog+`" which is attached in read-only mode`):
		return ErrReadOnly
	}
	return Error{text}
}

// ErrReadOnly is the error of a statement that would write into a case that is
// open to be read. It has done nothing.
var ErrReadOnly = errors.New("the case is open to be read, and this statement writes into it")

// Keeps names what statements have left in the session that goes when the case
// is closed: an open transaction, temporary tables, views and macros, prepared
// statements, variables. Empty: nothing.
func (c *Case) Keeps(ctx context.Context) ([]string, error) {
	if err := c.Exec(ctx, "BEGIN", nil); err != nil {
		return []string{"an open transaction"}, ctx.Err()
	}
	if err := c.Exec(ctx, "ROLLBACK", nil); err != nil {
		return nil, err
	}
	rows, err := c.Query(ctx, `
		SELECT 'table ' || table_name FROM duckdb_tables() WHERE temporary
		UNION ALL SELECT 'view ' || view_name FROM duckdb_views() WHERE temporary AND NOT internal
		UNION ALL SELECT 'macro ' || function_name FROM duckdb_functions() WHERE database_name = 'temp' AND NOT internal
		UNION ALL SELECT 'prepared statement ' || name FROM duckdb_prepared_statements()
		UNION ALL SELECT 'variable ' || name FROM duckdb_variables()`, nil)
	if err != nil {
		return nil, err
	}
	own := map[string]bool{}
	for _, f := range c.opts.Functions {
		own["macro "+f.Name] = true
	}
	var names []string
	for rows.Next() {
		if name, _ := rows.Values()[0].(string); !own[name] {
			names = append(names, name)
		}
	}
	return names, errors.Join(rows.Err(), rows.Close())
}
