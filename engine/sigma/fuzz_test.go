package sigma_test

import (
	"slices"
	"testing"

	"logquarry/engine/hunt"
	"logquarry/engine/schema/schematest"
	"logquarry/engine/sigma"
	"logquarry/engine/value"
)

// FuzzRule: a text is refused, or becomes rules whose SQL runs, and each of them
// finds as much among others as alone.
func FuzzRule(f *testing.F) {
	const head = "title: a rule\nlogsource:\n  product: aws\n  service: cloudtrail\ndetection:\n"
	for _, test := range matchTests {
		f.Add(head + indented(test.detection))
	}
	for _, text := range []string{
		"", "---\n", "title: x\n", head + "  condition: a\n", head + "  a:\n    - '*'\n  condition: not a\n",
		head + "  a:\n    eventName|re: '('\n  condition: a\n", head + "  a: &a\n    b: *a\n  condition: a\n",
		"title: x\nlogsource: {category: dns}\ndetection: {a: {query|endswith: .example.com}, condition: a}\n",
		"title: x\nlogsource: {category: webserver}\ndetection: {a: {c-uri|contains: [etc, '?']}, k: [one, 'two*three'], condition: 1 of them}\n",
	} {
		f.Add(text)
	}
	c := newCase(f, records(f, matchEvents...))
	list := schematest.Shipped(f)
	const others = head + "  a:\n    userAgent|contains: aws\n  condition: a\n---\n" + head + "  k:\n    - amazonaws\n  condition: k\n"
	f.Fuzz(func(t *testing.T, text string) {
		set := sigma.Parse("rule.yml", text, sigma.Options{})
		for _, p := range set.Problems {
			if p.Msg == "" || p.File != "rule.yml" {
				t.Errorf("a problem without reason or place: %+v", p)
			}
		}
		if len(set.Rules) == 0 {
			return
		}
		set.Rules = append(set.Rules, sigma.Parse("others.yml", others, sigma.Options{}).Rules...)
		plan, err := sigma.NewPlan(t.Context(), c, list, set, false)
		if err != nil {
			t.Fatal(err)
		}
		count := func(q hunt.Querier) []int {
			var out []int
			for _, h := range plan.Hunts {
				if !slices.Equal(h.Sources, []string{"cloudtrail"}) {
					continue // the case has no such table, and a run passes the hunt over
				}
				rows, err := q.Query(t.Context(), h.SQL, nil)
				if err != nil {
					t.Fatalf("%v\n%s", err, h.SQL)
				}
				out = append(out, number(t, rows))
			}
			return out
		}
		q := plan.Querier(c)
		few := count(q)
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
		for i, n := range count(c) {
			if n != few[i] {
				t.Errorf("hunt %d finds %d alone, %d among others", i, n, few[i])
			}
		}
	})
}

// number is how many rows there are.
func number(t *testing.T, rows value.Rows) (n int) {
	t.Helper()
	for rows.Next() {
		n++
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	return n
}
