package value

import (
	"context"
	"errors"
	"time"
)

// Querier runs one statement with parameters bound to $name.
type Querier interface {
	Query(ctx context.Context, sql string, params map[string]any) (Rows, error)
}

// Each runs a statement and hands out the cells of its rows, which are valid
// during the call.
func Each(ctx context.Context, q Querier, sql string, params map[string]any, f func([]any)) error {
	rows, err := q.Query(ctx, sql, params)
	if err != nil {
		return err
	}
	for rows.Next() {
		f(rows.Values())
	}
	return errors.Join(rows.Err(), rows.Close())
}

// Text is a cell of text, empty where it is NULL or of another type.
func Text(cell any) string {
	s, _ := cell.(string)
	return s
}

// Int is a cell of a whole number, 0 where it is NULL or of another type.
func Int(cell any) int64 {
	n, _ := cell.(int64)
	return n
}

// Time is a cell of a time, zero where it is NULL or of another type.
func Time(cell any) time.Time {
	t, _ := cell.(time.Time)
	return t
}
