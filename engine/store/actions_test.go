package store

import (
	"context"
	"path/filepath"
	"testing"
	"testing/fstest"
)

func TestRecordChainsActions(t *testing.T) {
	ctx := t.Context()
	files := fstest.MapFS{"functions.sql": {Data: []byte("-- none\n")}}
	c, err := Open(ctx, filepath.Join(t.TempDir(), "a.duckdb"), Options{Create: true, Schemas: files})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, detail := range []any{map[string]any{"paths": []string{"a\nb", `c\`}}, nil, "x"} {
		if err := c.Record(ctx, Action{Name: "load", Detail: detail, Version: "1"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.CheckActions(ctx); err != nil {
		t.Fatalf("untouched: %v", err)
	}
	for _, change := range []string{
		`UPDATE actions SET detail = '{}' WHERE action_no = 2`,
		`DELETE FROM actions WHERE action_no = 1`,
		`UPDATE actions SET done_at = done_at + INTERVAL 1 SECOND WHERE action_no = 3`,
	} {
		if err := checkAfter(ctx, c, change); err == nil {
			t.Errorf("%s: not noticed", change)
		}
	}
}

// checkAfter checks the actions with a change made, and takes it back.
func checkAfter(ctx context.Context, c *Case, change string) error {
	for _, sql := range []string{`CREATE OR REPLACE TEMP TABLE kept AS FROM actions`, change} {
		if _, err := c.DB().ExecContext(ctx, sql); err != nil {
			return nil
		}
	}
	err := c.CheckActions(ctx)
	for _, sql := range []string{`DELETE FROM actions`, `INSERT INTO actions FROM kept`} {
		if _, err := c.DB().ExecContext(ctx, sql); err != nil {
			return nil
		}
	}
	return err
}
