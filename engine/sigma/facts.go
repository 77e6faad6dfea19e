package sigma

import (
	"context"
	"slices"

	"logquarry/engine/hunt"
	"logquarry/engine/schema"
)

// ExtraKeys are the keys that the rows of sources have in their column extra, for
// [Env.Extra].
func ExtraKeys(ctx context.Context, q hunt.Querier, sources []*schema.Source, names []string) (map[string]map[string]bool, error) {
	out := map[string]map[string]bool{}
	for _, s := range sources {
		if !slices.Contains(names, s.Name) {
			continue
		}
		keys := map[string]bool{}
		out[s.Name] = keys
		err := each(ctx, q, "SELECT DISTINCT unnest(json_keys(extra)) FROM "+schema.Quote(s.Name)+" WHERE extra IS NOT NULL", nil, func(cells []any) {
			if key, ok := cells[0].(string); ok {
				keys[key] = true
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// storedColumns are the columns that have storage in the case, by source.
func storedColumns(ctx context.Context, q hunt.Querier) (map[string]map[string]bool, error) {
	out := map[string]map[string]bool{}
	err := each(ctx, q, "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = '"+schema.StorageSchema+"'", nil, func(cells []any) {
		table, _ := cells[0].(string)
		column, _ := cells[1].(string)
		if out[table] == nil {
			out[table] = map[string]bool{}
		}
		out[table][column] = true
	})
	return out, err
}

// each hands the rows of a query to f.
func each(ctx context.Context, q hunt.Querier, sql string, params map[string]any, f func(cells []any)) error {
	rows, err := q.Query(ctx, sql, params)
	if err != nil {
		return err
	}
	for rows.Next() {
		f(rows.Values())
	}
	err = rows.Err()
	if cerr := rows.Close(); err == nil {
		err = cerr
	}
	return err
}
