package watch

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"logquarry/engine/schema"
	"logquarry/engine/sqltext"
	"logquarry/engine/store"
)

// side is the case that holds the rows of one round and nothing else. It lies in
// a file beside the case, for a confined DuckDB opens no second database, and is
// as secret as that.
type side struct {
	path string
	o    *Options
}

// newSide makes the side case anew: one that was left behind may have older views.
func newSide(ctx context.Context, o *Options) (*side, error) {
	s := &side{o.Case + ".watch", o}
	if err := s.remove(); err != nil {
		return nil, err
	}
	c, err := o.Open(ctx, s.path, store.Options{Create: true, Sources: o.Sources})
	if err != nil {
		return nil, err
	}
	return s, c.Close()
}

func (s *side) remove() error {
	err := os.Remove(s.path)
	for _, more := range []string{".wal", ".tmp"} {
		if rerr := os.RemoveAll(s.path + more); rerr != nil {
			return rerr
		}
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// sideCatalog is what the side case is called while it is attached to the case.
const sideCatalog = "watch_side"

// fill replaces the rows of the side case by those of files in the case. Its
// tables get the columns that the case's have.
func (s *side) fill(ctx context.Context, c *store.Case, files []int64) error {
	conn, err := c.DB().Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	missing, err := s.copy(ctx, conn, files)
	if err != nil || missing == nil {
		return err
	}
	w, err := s.o.Open(ctx, s.path, store.Options{})
	if err != nil {
		return err
	}
	err = store.Widen(ctx, w.DB(), s.o.Sources, missing)
	if err = errors.Join(err, w.Close()); err != nil {
		return fmt.Errorf("widen the side case: %w", err)
	}
	if missing, err = s.copy(ctx, conn, files); err == nil && missing != nil {
		err = fmt.Errorf("the case has columns that its sources do not describe: %v", missing)
	}
	return err
}

// copy is fill; missing are columns that the side case lacks, where nothing was
// copied for them.
func (s *side) copy(ctx context.Context, conn *sql.Conn, files []int64) (missing map[string]map[string]bool, err error) {
	run := func(text string) error {
		_, err := conn.ExecContext(ctx, text)
		return err
	}
	if err := run("ATTACH " + sqltext.Literal(s.path) + " AS " + sideCatalog); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, run("DETACH "+sideCatalog)) }()
	columns, missing, err := compare(ctx, conn)
	if err != nil || missing != nil {
		return missing, err
	}
	var ids []string
	for _, id := range files {
		ids = append(ids, fmt.Sprint(id))
	}
	if err := run("BEGIN"); err != nil {
		return nil, err
	}
	err = func() error {
		which := " WHERE file_id IN (" + strings.Join(ids, ", ") + ")"
		for _, table := range append([]string{"main.evidence"}, tableNames(columns)...) {
			if err := run("DELETE FROM " + sideCatalog + "." + table); err != nil {
				return err
			}
			list := "*"
			if cols := columns[table]; cols != nil {
				list = strings.Join(cols, ", ")
			}
			into := sideCatalog + "." + table
			if list != "*" {
				into += " (" + list + ")"
			}
			if err := run("INSERT INTO " + into + " SELECT " + list + " FROM " + table + which); err != nil {
				return fmt.Errorf("copy new rows of %s: %w", table, err)
			}
		}
		return nil
	}()
	if err != nil {
		return nil, errors.Join(err, run("ROLLBACK"))
	}
	return nil, run("COMMIT")
}

func tableNames(columns map[string][]string) []string {
	var out []string
	for name := range columns {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// compare lists the columns of the case's stored tables, and those that the side
// case lacks, by source.
func compare(ctx context.Context, conn *sql.Conn) (columns map[string][]string, missing map[string]map[string]bool, err error) {
	rows, err := conn.QueryContext(ctx, `SELECT table_name, column_name, bool_or(database_name = $1), bool_or(database_name <> $1)
		FROM duckdb_columns() WHERE schema_name = $2 AND database_name IN (current_database(), $1) GROUP BY ALL`, sideCatalog, schema.StorageSchema)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	columns = map[string][]string{}
	for rows.Next() {
		var table, column string
		var there, here bool
		if err := rows.Scan(&table, &column, &there, &here); err != nil {
			return nil, nil, err
		}
		switch {
		case here && there:
			name := schema.StorageSchema + "." + schema.Quote(table)
			columns[name] = append(columns[name], schema.Quote(column))
		case here:
			if missing == nil {
				missing = map[string]map[string]bool{}
			}
			if missing[table] == nil {
				missing[table] = map[string]bool{}
			}
			missing[table][column] = true
		}
	}
	return columns, missing, rows.Err()
}
