package sigma_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"logquarry/engine/schema"
	"logquarry/engine/schema/schematest"
	"logquarry/engine/sigma"
	"logquarry/engine/sigma/sigmatest"
	"logquarry/engine/store"
)

// compiled runs rules as SQL over the CloudTrail events of one account, or of all
// where that is empty, and gives what they find as the evaluator does.
func compiled(t testing.TB, c *store.Case, account, rules string, placeholders map[string][]string) ([]sigmatest.Result, []*sigma.Error) {
	t.Helper()
	collection := sigma.Parse("rules.yml", rules, sigma.Options{Placeholders: placeholders})
	env := &sigma.Env{Sources: schematest.Shipped(t)}
	correlated, inner, problems := env.Correlations(collection, false, func(*schema.Source) bool { return true })
	problems = append(problems, collection.Problems...)
	table := "main.\"cloudtrail\""
	of := func(sql string) string {
		if account == "" {
			return sql
		}
		return strings.ReplaceAll(sql, "FROM "+table+"\n", "FROM (SELECT * FROM "+table+" WHERE recipient_account_id = '"+account+"')\n")
	}
	found := map[string][]sigmatest.Result{}
	for _, r := range collection.Rules {
		x, err := env.Compile(r)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if inner[r] {
			continue
		}
		for _, p := range x.Parts {
			for _, row := range cells(t, c, of("SELECT event_id FROM "+table+"\nWHERE "+p.Where)) {
				found[r.Title] = append(found[r.Title], sigmatest.Result{Rule: r.Title, Events: []string{fmt.Sprint(row[0])}})
			}
		}
	}
	for _, x := range correlated {
		title := x.Correlation.Title
		var before string
		for _, row := range cells(t, c, of(x.Events)) {
			groups := row[1 : len(row)-5]
			if key := fmt.Sprint(row[0], groups); key != before {
				before = key
				r := sigmatest.Result{Rule: title}
				for _, g := range groups {
					r.Group = append(r.Group, fmt.Sprint(g))
				}
				found[title] = append(found[title], r)
			}
			last := &found[title][len(found[title])-1]
			last.Events = append(last.Events, fmt.Sprint(row[len(row)-4]))
		}
		// The findings themselves say the same in short.
		rows := cells(t, c, of(x.SQL))
		if len(rows) != len(found[title]) {
			t.Errorf("%s: %d findings, of %d by their events", title, len(rows), len(found[title]))
			continue
		}
		for _, row := range rows {
			i := slices.IndexFunc(found[title], func(r sigmatest.Result) bool {
				return r.Value == 0 && r.Events[0] == row[12] && r.Events[len(r.Events)-1] == row[13] && int64(len(r.Events)) == row[9] && sameGroup(r.Group, row[11])
			})
			if i < 0 {
				t.Errorf("%s: the finding %v is none by its events: %v", title, row, found[title])
				continue
			}
			found[title][i].Value, _ = row[10].(float64)
		}
	}
	var all []sigmatest.Result
	for _, results := range found {
		all = append(all, results...)
	}
	return all, problems
}

// sameGroup compares the values of a group with a JSON object that has them.
func sameGroup(values []string, object any) bool {
	text, _ := object.(string)
	if text == "" {
		return len(values) == 0
	}
	var members map[string]string
	if err := json.Unmarshal([]byte(text), &members); err != nil {
		return false
	}
	for _, v := range members {
		if !slices.Contains(values, v) {
			return false
		}
	}
	return true
}

func cells(t testing.TB, c *store.Case, sql string) (all [][]any) {
	t.Helper()
	rows, err := c.Query(t.Context(), sql, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	defer rows.Close()
	for rows.Next() {
		all = append(all, slices.Clone(rows.Values()))
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	return all
}

// byID puts the events of each result in the order of their ids: events of one
// instant have no other.
func byID(results []sigmatest.Result) []sigmatest.Result {
	for i := range results {
		slices.Sort(results[i].Events)
	}
	return results
}

// unordered compares results whatever their order.
var unordered = cmp.Options{cmpopts.EquateEmpty(), cmpopts.SortSlices(func(a, b sigmatest.Result) bool {
	return fmt.Sprint(a) < fmt.Sprint(b)
})}

// The table that the evaluator is held to holds for the SQL too.
func TestCasesInSQL(t *testing.T) {
	if testing.Short() {
		t.Skip("runs whole without -short")
	}
	cases, err := sigmatest.Cases()
	if err != nil {
		t.Fatal(err)
	}
	account := func(n int) string { return fmt.Sprintf("%012d", n) }
	var events []string
	for i, tc := range cases {
		for _, e := range tc.Events {
			events = append(events, strings.Replace(string(e), "111122223333", account(i), 1))
		}
	}
	c := newCase(t, records(t, events...))
	for i, tc := range cases {
		t.Run(tc.Name, func(t *testing.T) {
			if tc.Invalid {
				collection := sigma.Parse("rules.yml", tc.Rules, sigma.Options{})
				env := &sigma.Env{Sources: schematest.Shipped(t)}
				_, _, problems := env.Correlations(collection, false, func(*schema.Source) bool { return true })
				problems = append(problems, collection.Problems...)
				for _, r := range collection.Rules {
					if _, err := env.Compile(r); err != nil {
						problems = append(problems, err)
					}
				}
				if len(problems) == 0 {
					t.Fatal("the rules were not refused")
				}
				for _, p := range problems {
					if p.Line == 0 || p.Msg == "" {
						t.Errorf("a problem without a place or a reason: %+v", p)
					}
				}
				return
			}
			got, problems := compiled(t, c, account(i), tc.Rules, tc.Placeholders)
			for _, p := range problems {
				t.Error(p)
			}
			if d := cmp.Diff(tc.Want, got, unordered); d != "" {
				t.Error(d)
			}
		})
	}
}
