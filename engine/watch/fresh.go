package watch

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
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
	full map[string]bool // tables that have rows
}

// newSide makes the side case anew: one that was left behind may have older views.
func newSide(ctx context.Context, o *Options) (*side, error) {
	s := &side{path: o.Case + ".watch", o: o, full: map[string]bool{}}
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
// tables get the columns that the case's have. sources are the tables that have rows
// of them; nil: any.
func (s *side) fill(ctx context.Context, c *store.Case, files []int64, sources map[string]bool) error {
	conn, err := c.DB().Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	missing, err := s.copy(ctx, conn, files, sources)
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
	if missing, err = s.copy(ctx, conn, files, sources); err == nil && missing != nil {
		err = fmt.Errorf("the case has columns that its sources do not describe: %v", missing)
	}
	return err
}

// copy is fill; missing are columns that the side case lacks, where nothing was
// copied for them.
func (s *side) copy(ctx context.Context, conn *sql.Conn, files []int64, sources map[string]bool) (missing map[string]map[string]bool, err error) {
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
		for table := range s.full {
			if err := run("DELETE FROM " + sideCatalog + "." + table); err != nil {
				return err
			}
		}
		s.full = map[string]bool{}
		copied := func(table, into, list string) error {
			s.full[table] = true
			if err := run("INSERT INTO " + sideCatalog + "." + table + into + " SELECT " + list + " FROM " + table + which); err != nil {
				return fmt.Errorf("copy new rows of %s: %w", table, err)
			}
			return nil
		}
		if err := copied("main.evidence", "", "*"); err != nil {
			return err
		}
		for _, source := range slices.Sorted(maps.Keys(columns)) {
			if sources != nil && !sources[source] {
				continue
			}
			list := strings.Join(columns[source], ", ")
			if err := copied(schema.StorageSchema+"."+schema.Quote(source), " ("+list+")", list); err != nil {
				return err
			}
		}
		return nil
	}()
	if err != nil {
		return nil, errors.Join(err, run("ROLLBACK"))
	}
	return nil, run("COMMIT")
}

// compare lists the columns of the case's stored tables, by source, and those that the side
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
			columns[table] = append(columns[table], schema.Quote(column))
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
