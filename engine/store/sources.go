package store

import (
	"context"
	"database/sql"
	"fmt"

	"logquarry/engine/schema"
)

// runner is what both a transaction and a connection can do.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Stored returns the sources with the columns that have storage in the case.
func Stored(ctx context.Context, r runner, sources []*schema.Source) ([]*schema.Source, error) {
	have, err := storedColumns(ctx, r)
	if err != nil {
		return nil, err
	}
	out := make([]*schema.Source, len(sources))
	for i, s := range sources {
		out[i] = s.Stored(func(name string) bool { return have[s.Name][name] })
	}
	return out, nil
}

// storedColumns are the columns of all tables, by table.
func storedColumns(ctx context.Context, r runner) (map[string]map[string]bool, error) {
	rows, err := r.QueryContext(ctx, `SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = ?`, schema.StorageSchema)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	have := map[string]map[string]bool{}
	for rows.Next() {
		var table, name string
		if err := rows.Scan(&table, &name); err != nil {
			return nil, err
		}
		if have[table] == nil {
			have[table] = map[string]bool{}
		}
		have[table][name] = true
	}
	return have, rows.Err()
}

// Widen gives the columns named in wanted, by source, storage of their own, and
// the columns that a newer version of a source has; then it makes the source's
// view anew. It changes nothing where all is there already.
func Widen(ctx context.Context, r runner, sources []*schema.Source, wanted map[string]map[string]bool) error {
	have, err := storedColumns(ctx, r)
	if err != nil {
		return err
	}
	for _, s := range sources {
		if len(wanted[s.Name]) > 0 {
			if err := widen(ctx, r, s, have[s.Name], wanted[s.Name]); err != nil {
				return err
			}
		}
	}
	return nil
}

// widen is Widen for one source, whose table has the columns of have; nil where
// there is no table yet. Without wanted columns the view is made all the same.
func widen(ctx context.Context, r runner, s *schema.Source, have, wanted map[string]bool) error {
	changed := have == nil
	if changed {
		have = map[string]bool{}
		first := s.Stored(func(name string) bool { return wanted[name] })
		if _, err := r.ExecContext(ctx, first.CreateStorage()); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		for _, c := range first.AllColumns() {
			have[c.Name] = true
		}
	}
	for _, c := range s.AllColumns() {
		if have[c.Name] || (c.Rare || c.Late) && !wanted[c.Name] {
			continue
		}
		text := fmt.Sprintf(`ALTER TABLE %s ADD COLUMN %s %s`, s.StorageTable(), schema.Quote(c.Name), s.StoredType(c))
		if _, err := r.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("%s: add column %s: %w", s.Name, c.Name, err)
		}
		have[c.Name], changed = true, true
	}
	if !changed && wanted != nil {
		return nil
	}
	if _, err := r.ExecContext(ctx, s.CreateView(func(name string) bool { return have[name] })); err != nil {
		return fmt.Errorf("%s: view: %w", s.Name, err)
	}
	return nil
}
