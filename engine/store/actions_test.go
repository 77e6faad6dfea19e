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
	ch, err := c.CheckActions(ctx)
	if err != nil || ch.Err() != nil || ch.Actions != 3 || len(ch.Hashes) != 3 || ch.Hashes[2] != ch.Last {
		t.Fatalf("untouched: %+v, %v", ch, err)
	}
	if s, err := c.State(ctx); err != nil || s.Actions != 3 || s.LastAction != ch.Last || !filepath.IsAbs(s.Path) {
		t.Errorf("state %+v, %v", s, err)
	}
	for change, broken := range map[string]int64{
		`UPDATE actions SET detail = '{}' WHERE action_no = 2`:                                   2,
		`UPDATE actions SET os_user = 'x' WHERE action_no = 1`:                                   1,
		`DELETE FROM actions WHERE action_no = 1`:                                                2,
		`DELETE FROM actions WHERE action_no = 2`:                                                3,
		`UPDATE actions SET done_at = done_at + INTERVAL 1 SECOND WHERE action_no = 3`:           3,
		`UPDATE actions SET previous = hash WHERE action_no = 3`:                                 3,
		`INSERT INTO actions SELECT * REPLACE (4 AS action_no) FROM actions WHERE action_no = 3`: 4,
	} {
		got, err := checkAfter(ctx, c, change)
		if err != nil {
			t.Fatal(err)
		}
		if got.Broken != broken || got.Err() == nil {
			t.Errorf("%s: found at %d (%s), want %d", change, got.Broken, got.Why, broken)
		}
	}
	// Taken from the end, the rest still follows: the state tells.
	if got, err := checkAfter(ctx, c, `DELETE FROM actions WHERE action_no = 3`); err != nil || got.Err() != nil || got.Last == ch.Last {
		t.Errorf("cut at the end: %+v, %v", got, err)
	}
}

// checkAfter checks the actions with a change made, and takes it back.
func checkAfter(ctx context.Context, c *Case, change string) (Chain, error) {
	for _, sql := range []string{`CREATE OR REPLACE TABLE kept AS FROM actions`, change} {
		if _, err := c.DB().ExecContext(ctx, sql); err != nil {
			return Chain{}, err
		}
	}
	ch, err := c.CheckActions(ctx)
	if err != nil {
		return ch, err
	}
	for _, sql := range []string{`DELETE FROM actions`, `INSERT INTO actions FROM kept`} {
		if _, err := c.DB().ExecContext(ctx, sql); err != nil {
			return ch, err
		}
	}
	return ch, nil
}
