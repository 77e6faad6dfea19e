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

// Stored returns s with the columns that have storage in the case.
func Stored(ctx context.Context, r runner, s *schema.Source) (*schema.Source, error) {
	have, err := storedColumns(ctx, r, s)
	if err != nil {
		return nil, err
	}
	return s.Stored(func(name string) bool { return have[name] }), nil
}

func storedColumns(ctx context.Context, r runner, s *schema.Source) (map[string]bool, error) {
	rows, err := r.QueryContext(ctx, `SELECT column_name FROM duckdb_columns() WHERE schema_name = ? AND table_name = ?`, schema.StorageSchema, s.Name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	have := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		have[name] = true
	}
	return have, rows.Err()
}

// Widen gives the columns named in wanted storage of their own, and the columns
// that a newer version of the source has; then it makes the source's view
// anew. It changes nothing where all is there already.
func Widen(ctx context.Context, r runner, s *schema.Source, wanted map[string]bool) error {
	have, err := storedColumns(ctx, r, s)
	if err != nil {
		return err
	}
	changed := len(have) == 0
	if changed {
		first := s.Stored(func(name string) bool { return wanted[name] })
		if _, err := r.ExecContext(ctx, first.CreateStorage()); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		for _, c := range first.AllColumns() {
			have[c.Name] = true
		}
	}
	for _, c := range s.AllColumns() {
		if have[c.Name] || c.Rare && !wanted[c.Name] {
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
