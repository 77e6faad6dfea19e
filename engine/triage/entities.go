package triage

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"logquarry/engine/report"
	"logquarry/engine/value"
)

// How many principals and addresses a report has, and among how many they are
// chosen.
const (
	mostEntities = 12
	candidates   = 400
)

// entities are the names in a column of events that most want a look: those in
// the worst findings, then those refused most, then the busiest. keep is a
// condition on name.
func (t *triage) entities(ctx context.Context, column, keep string) ([]report.Entity, error) {
	weight := t.weight[column]
	var named []string
	for name := range weight {
		named = append(named, name)
	}
	// The worst, where a hunt named very many.
	slices.SortFunc(named, func(a, b string) int {
		return cmp.Or(cmp.Compare(weight[b], weight[a]), strings.Compare(a, b))
	})
	list, err := json.Marshal(named[:min(len(named), candidates)])
	if err != nil {
		return nil, err
	}
	if named == nil {
		list = []byte("[]")
	}
	var out []report.Entity
	window, params := t.within("event_time")
	params["named"] = string(list)
	err = t.each(ctx, fmt.Sprintf(`
		WITH g AS (
		  SELECT %[1]s AS name, count(*) AS n,
		         count(CASE WHEN outcome IN ('denied', 'blocked') THEN 1 END) AS denied,
		         min(event_time) AS first_time, max(event_time) AS last_time,
		         array_to_string(list_sort(list(DISTINCT source)), ',') AS sources
		  FROM events WHERE %[1]s IS NOT NULL AND %[1]s <> '' AND %[4]s GROUP BY 1)
		SELECT name, n, denied, first_time, last_time, sources FROM g WHERE %[2]s
		ORDER BY name IN (SELECT unnest(from_json($named, '["VARCHAR"]'))) DESC, denied DESC, n DESC, name
		LIMIT %[3]d`, column, keep, 2*candidates, window), params, func(v []any) {
		e := report.Entity{Name: value.Text(v[0]), Events: value.Int(v[1]), Denied: value.Int(v[2]), First: value.Time(v[3]), Last: value.Time(v[4]),
			Sources: strings.Split(value.Text(v[5]), ",")}
		switch n := t.findings[column][e.Name]; {
		case n == 1:
			e.Note = "in 1 finding"
		case n > 1:
			e.Note = fmt.Sprintf("in %d findings", n)
		}
		out = append(out, e)
	})
	slices.SortStableFunc(out, func(a, b report.Entity) int {
		return cmp.Or(cmp.Compare(weight[b.Name], weight[a.Name]), cmp.Compare(b.Denied, a.Denied),
			cmp.Compare(b.Events, a.Events), strings.Compare(a.Name, b.Name))
	})
	return out[:min(len(out), mostEntities)], err
}
