package sigma

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"logquarry/engine/hunt"
	"logquarry/engine/schema"
	"logquarry/engine/sqltext"
)

// pairColumns are two columns, by source, that nearly every rule asks and that
// take few values together. Rules are tried on these values first: most turn out
// to be about events the case does not have, and of the others each is evaluated
// on the events of its pairs alone.
var pairColumns = map[string][]string{"cloudtrail": {"event_source", "event_name"}}

// pair is a pair of values, as SQL constants.
type pair [2]string

// maxPairs bounds how many pairs are told apart; a case has some hundreds.
const maxPairs = 20_000

// fewPairs is up to how many pairs a rule may have to be evaluated on those
// alone. Rules about more are tried on every event.
const fewPairs = 24

// narrow finds the pairs each rule may pass with.
func (p *Plan) narrow(ctx context.Context, q hunt.Querier, steps []*step, filled []string) error {
	for source, columns := range pairColumns {
		var of []*step
		for _, s := range steps {
			if slices.Contains(filled, source) && len(s.parts) == 1 && s.parts[0].Source.Name == source {
				of = append(of, s)
			}
		}
		if len(of) == 0 {
			continue
		}
		constant := func(cell any) string {
			if text, ok := cell.(string); ok {
				return sqltext.Literal(text)
			}
			return "CAST(NULL AS VARCHAR)"
		}
		var pairs []pair
		distinct := fmt.Sprintf("SELECT %[1]s, %[2]s FROM %[3]s GROUP BY %[1]s, %[2]s ORDER BY %[1]s, %[2]s LIMIT %[4]d",
			schema.Quote(columns[0]), schema.Quote(columns[1]), schema.Quote(source), maxPairs+1)
		err := each(ctx, q, distinct, nil, func(cells []any) { pairs = append(pairs, pair{constant(cells[0]), constant(cells[1])}) })
		if err != nil {
			return err
		}
		if len(pairs) > maxPairs {
			continue
		}
		for at := 0; at < len(of); at += maxBatchRules {
			if err := tryPairs(ctx, q, of[at:min(at+maxBatchRules, len(of))], columns, pairs); err != nil {
				return err
			}
		}
	}
	return nil
}

// tryPairs asks, for each pair, which of the rules may pass.
func tryPairs(ctx context.Context, q hunt.Querier, steps []*step, columns []string, pairs []pair) error {
	var cases []string
	for k, s := range steps {
		c := compiler{part: s.parts[0]}
		var conds []string
		for _, x := range s.parts[0].exprs {
			conds = append(conds, c.bound(x, columns, true))
		}
		cases = append(cases, fmt.Sprintf("CASE WHEN %s THEN CAST(%d AS BIGINT) END", joined(conds, " AND ", "TRUE"), k))
	}
	sql := fmt.Sprintf("SELECT sigma_pair, unnest(list_filter([%s], lambda sigma_r: sigma_r IS NOT NULL)) FROM (VALUES %s) AS sigma_pairs (sigma_pair, %s, %s)",
		strings.Join(cases, ", "), values(pairs), schema.Quote(columns[0]), schema.Quote(columns[1]))
	may := make([][]pair, len(steps))
	err := each(ctx, q, sql, nil, func(cells []any) {
		n, _ := cells[0].(int64)
		k, _ := cells[1].(int64)
		may[k] = append(may[k], pairs[n])
	})
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		// A condition that DuckDB cannot take: the rule says so when it is run.
		return nil
	}
	for k, s := range steps {
		s.pairs, s.never = may[k], len(may[k]) == 0
	}
	return nil
}

// values are the rows of pairs, each with its number before it.
func values(pairs []pair) string {
	rows := make([]string, len(pairs))
	for i, p := range pairs {
		rows[i] = fmt.Sprintf("(%d, %s, %s)", i, p[0], p[1])
	}
	return strings.Join(rows, ", ")
}

// bound is a condition over columns alone that holds wherever x may hold (upper),
// or that holds only where x does.
func (c *compiler) bound(x expr, columns []string, upper bool) string {
	each := func(kids []expr) []string {
		out := make([]string, len(kids))
		for i, k := range kids {
			out[i] = c.bound(k, columns, upper)
		}
		return out
	}
	switch x := x.(type) {
	case *all:
		return joined(each(x.kids), " AND ", "TRUE")
	case *any_:
		return joined(each(x.kids), " OR ", "FALSE")
	case *not:
		return "(" + c.bound(x.kid, columns, !upper) + ") IS NOT TRUE"
	case *atLeast:
		return counted(each(x.kids), x.n)
	case *item:
		if x.field != "" && x.mode != fieldref {
			f := c.part.Field(x.field)
			if len(f.reads) == 1 && slices.ContainsFunc(columns, func(name string) bool { return f.reads[0].text == schema.Quote(name) }) {
				return c.item(x)
			}
		}
	}
	if upper {
		return "TRUE"
	}
	return "FALSE"
}

// paired is the table of a source joined to the pairs that rules of the batch may
// pass with, and the list of rules an event passes: the rules about few pairs are
// tried on those alone. wide are the others.
func (b *batch) paired(i int, s *schema.Source) (from, flags string, wide []*step) {
	columns := pairColumns[s.Name]
	narrow := map[pair][]*step{}
	for _, st := range b.steps {
		if st.pairs == nil || len(st.pairs) > fewPairs {
			wide = append(wide, st)
			continue
		}
		for _, p := range st.pairs {
			narrow[p] = append(narrow[p], st)
		}
	}
	// Pairs with the same rules are of one group.
	groups := map[string]int{}
	var cases, rows []string
	var order []pair
	for p := range narrow {
		order = append(order, p)
	}
	slices.SortFunc(order, func(a, b pair) int { return strings.Compare(a[0]+" "+a[1], b[0]+" "+b[1]) })
	for _, p := range order {
		var key strings.Builder
		for _, st := range narrow[p] {
			fmt.Fprintf(&key, "%d ", st.place)
		}
		g, ok := groups[key.String()]
		if !ok {
			g = len(groups) + 1
			groups[key.String()] = g
			cases = append(cases, fmt.Sprintf("WHEN %d THEN %s", g, flagged(narrow[p], i)))
		}
		rows = append(rows, fmt.Sprintf("(%d, %s, %s)", g, p[0], p[1]))
	}
	table := "main." + schema.Quote(s.Name)
	if len(cases) == 0 {
		return table, flagged(wide, i), wide
	}
	// An event of no pair is of no interest, unless there are rules for all.
	join := "JOIN"
	if len(wide) > 0 {
		join = "LEFT JOIN"
	}
	from = fmt.Sprintf("(SELECT t.*, sigma_group FROM %s AS t %s (VALUES %s) AS p (sigma_group, sigma_1, sigma_2)\n  ON t.%s IS NOT DISTINCT FROM p.sigma_1 AND t.%s IS NOT DISTINCT FROM p.sigma_2)",
		table, join, strings.Join(rows, ", "), schema.Quote(columns[0]), schema.Quote(columns[1]))
	flags = "CASE sigma_group " + strings.Join(cases, "\n  ") + " END"
	if len(wide) > 0 {
		flags = "list_concat(" + flagged(wide, i) + ", " + flags + ")"
	}
	return from, flags, wide
}
