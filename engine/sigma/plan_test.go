package sigma_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"logquarry/engine/hunt"
	"logquarry/engine/schema/schematest"
	"logquarry/engine/sigma"
	"logquarry/engine/store"
	"logquarry/engine/value"
)

// run runs the hunts of a plan and gives their findings by hunt id.
func run(t testing.TB, q hunt.Querier, hunts []hunt.Hunt, o hunt.Options) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	o.Rows = func(h hunt.Hunt, rows value.Rows) error {
		for rows.Next() {
			out[h.ID] = append(out[h.ID], fmt.Sprintf("%v", rows.Values()))
		}
		return nil
	}
	results, err := hunt.Run(t.Context(), q, hunts, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			t.Errorf("%s: %v", r.Hunt.ID, r.Err)
		}
		if int(r.Count) != len(out[r.Hunt.ID]) {
			t.Errorf("%s: counted %d of %d findings", r.Hunt.ID, r.Count, len(out[r.Hunt.ID]))
		}
	}
	return out
}

// together compares many rules in few scans with each rule alone.
func together(t *testing.T, c *store.Case, set *sigma.Collection, o hunt.Options) map[string][]string {
	t.Helper()
	plan, err := sigma.NewPlan(t.Context(), c, schematest.Shipped(t), set, !o.Since.IsZero() || !o.Until.IsZero())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range plan.Problems {
		t.Error(p)
	}
	q := plan.Querier(c)
	defer q.Close()
	counted := counting{Querier: c}
	few := run(t, plan.Querier(&counted), plan.Hunts, o)
	alone := run(t, c, plan.Hunts, o)
	if d := cmp.Diff(alone, few); d != "" {
		t.Errorf("each rule alone, and all together:\n%s", d)
	}
	if len(plan.Hunts) > 20 && counted.n > 12 {
		t.Errorf("%d rules took %d questions", len(plan.Hunts), counted.n)
	}
	return few
}

// counting counts the questions that reach the case.
type counting struct {
	hunt.Querier
	n int
}

func (c *counting) Query(ctx context.Context, sql string, params map[string]any) (value.Rows, error) {
	c.n++
	return c.Querier.Query(ctx, sql, params)
}

func matchRules(t testing.TB) *sigma.Collection {
	t.Helper()
	all := &sigma.Collection{}
	for i, test := range matchTests {
		if test.name == "expand" || len(test.detection) > 0 && containsExpand(test.detection) {
			continue
		}
		r := one(t, test.detection, sigma.Options{})
		r.ID = fmt.Sprintf("%03d %s", i, test.name)
		r.Level = []string{"low", "high", "medium"}[i%3]
		all.Rules = append(all.Rules, r)
	}
	return all
}

func TestManyRulesAtOnce(t *testing.T) {
	c := newCase(t, records(t, matchEvents...))
	found := together(t, c, matchRules(t), hunt.Options{})
	if len(found) < 80 {
		t.Errorf("only %d rules found something", len(found))
	}
	day := time.Date(2026, 3, 12, 0, 0, 0, 0, time.UTC)
	late := together(t, c, matchRules(t), hunt.Options{Since: day})
	for id, rows := range late {
		if len(rows) != 1 {
			t.Errorf("%s: %d findings since the 12th, of which there is one event", id, len(rows))
		}
	}
	if len(late) == 0 || len(late) >= len(found) {
		t.Errorf("%d rules with a window, %d without", len(late), len(found))
	}
}

func TestPublishedRulesOverRealLogs(t *testing.T) {
	if testing.Short() {
		t.Skip("runs whole without -short")
	}
	for _, logs := range []string{"invictus-aws_dataset", "stratus-red-team"} {
		t.Run(logs, func(t *testing.T) {
			dir := "../../../shared/data/" + logs
			if _, err := os.Stat(dir); err != nil {
				t.Skipf("no real logs here: %v", err)
			}
			set, err := sigma.Read([]string{sharedRules}, sigma.Options{})
			if err != nil {
				t.Skipf("no published rules here: %v", err)
			}
			found := together(t, newCase(t, dir), set, hunt.Options{})
			var list []string
			for id, rows := range found {
				list = append(list, fmt.Sprintf("%s %d", id, len(rows)))
			}
			slices.Sort(list)
			t.Logf("%d of %d rules: %v", len(found), len(set.Rules), list)
			if len(found) == 0 {
				t.Error("no rule finds anything")
			}
		})
	}
}
