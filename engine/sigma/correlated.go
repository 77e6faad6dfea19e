package sigma

import (
	"strings"

	"logquarry/engine/schema"
)

// Correlated is a correlation as SQL over a case.
type Correlated struct {
	Correlation *Correlation
	Sources     []string // tables that it looks at
	// SQL finds one row a finding, in the columns time, source, principal, src_ip,
	// target and summary of its first event, then correlationColumns and what is
	// to be said of the rule.
	SQL string
	// Events finds the events of the findings: finding, which is when it was first
	// satisfied, the columns of group-by as g0, g1, …, and t, id, source, file_id
	// and record_no of the event.
	Events string
}

// Correlations are those of c that stand for themselves: those to which no other
// refers, or one that says generate. inner are the rules that do not, because
// a correlation speaks for them. windowed says that the SQL has the parameters
// $since and $until; filled, which sources to look at.
func (e *Env) Correlations(c *Collection, windowed bool, filled func(*schema.Source) bool) (all []*Correlated, inner map[*Rule]bool, problems []*Error) {
	usable, problems := c.correlations()
	hidden := map[any]bool{}
	done := map[*correlating]*Correlated{}
	for _, x := range usable {
		q := &correlator{env: e, windowed: windowed, filled: filled}
		bursts := q.bursts(x, nil)
		if q.err != nil {
			problem := *q.err
			problem.Position, problem.Rule = x.Position, x.Title
			if q.err.File != x.File || q.err.Rule != x.Title {
				problem.Msg = "a rule it refers to cannot be used: " + q.err.Error()
			}
			problems = append(problems, &problem)
			continue
		}
		groups := list(numbered("g", len(x.groupBy))...)
		out := &Correlated{Correlation: x.Correlation, Sources: q.sources}
		out.Events = q.with("SELECT DISTINCT burst AS finding" + groups + ", " + eventKey + "\nFROM " + bursts + "\nORDER BY finding" + groups + ", " + eventKey)
		out.SQL = q.with(q.findings(x, bursts))
		done[x] = out
	}
	for x := range done {
		for _, target := range x.targets {
			if _, said := hidden[target]; !said {
				hidden[target] = true
			}
		}
	}
	for x := range done {
		for _, target := range x.targets {
			if x.generate {
				hidden[target] = false
			}
		}
	}
	inner = map[*Rule]bool{}
	for target, is := range hidden {
		if r, ok := target.(*Rule); ok && is {
			inner[r] = true
		}
	}
	for _, x := range usable {
		if done[x] != nil && !hidden[x] {
			all = append(all, done[x])
		}
	}
	return all, inner, problems
}

// findings is the query of one row a finding. Principal, address, target and
// the like are those of its first event.
func (q *correlator) findings(c *correlating, bursts string) string {
	groups := list(numbered("g", len(c.groupBy))...)
	event := "{t: t, id: id, source: source, file_id: file_id, record_no: record_no"
	found := q.step(`SELECT burst%s, min(%s}) AS first, max(%[2]s}) AS last, count(DISTINCT {source: source, file_id: file_id, record_no: record_no}) AS events,
  min(%[2]s, measure: measure}) FILTER (WHERE hit AND t = burst).measure AS measure
FROM %s GROUP BY burst%[1]s`, groups, event, bursts)
	var events []string
	for _, name := range q.sources {
		for _, s := range q.env.Sources {
			if s.Name == name && hasEventsView(s) {
				events = append(events, "SELECT source, file_id, record_no, principal, src_ip, target, summary, account_id, region FROM "+schema.Quote(name+"_events"))
			}
		}
	}
	if events == nil {
		events = []string{"SELECT source, file_id, record_no, principal, src_ip, target, summary, account_id, region FROM events WHERE FALSE"}
	}
	grouped := "CAST(NULL AS VARCHAR)"
	if len(c.groupBy) > 0 {
		var members []string
		for i, name := range c.groupBy {
			members = append(members, Literal(name), "g"+numbered("", len(c.groupBy))[i])
		}
		grouped = "CAST(json_object(" + strings.Join(members, ", ") + ") AS VARCHAR)"
	}
	var facts []string
	for _, f := range correlationFacts(c.Correlation) {
		x := "CAST(NULL AS VARCHAR)"
		if f[1] != "" {
			x = Literal(f[1])
		}
		facts = append(facts, x+" AS "+f[0])
	}
	return `SELECT f.first.t AS time, f.first.source AS source, e.principal, e.src_ip, e.target,
  f.events || CASE WHEN f.events = 1 THEN ' event' ELSE ' events' END || COALESCE(' of ' || ` + grouped + `, '') || COALESCE(', first ' || e.summary, '') AS summary,
  e.account_id, e.region, f.last.t AS last_time, f.events, f.measure, ` + grouped + ` AS grouped_by,
  f.first.id AS first_event_id, f.last.id AS last_event_id, f.first.file_id AS file_id, f.first.record_no AS record_no,
  ` + strings.Join(facts, ", ") + `
FROM ` + found + ` f LEFT JOIN (` + strings.Join(events, "\n  UNION ALL ") + `) e
  ON e.source = f.first.source AND e.file_id = f.first.file_id AND e.record_no = f.first.record_no
ORDER BY time` + groups + `, file_id, record_no`
}

func hasEventsView(s *schema.Source) bool {
	views, err := schema.SplitViews(s.Views)
	if err != nil {
		return false
	}
	for _, v := range views {
		if v.Name == s.Name+"_events" {
			return true
		}
	}
	return false
}

// correlationFacts are the columns of a finding that say which rule found it.
func correlationFacts(c *Correlation) [][2]string {
	texts := func(key string) string { return strings.Join(c.Node.Get(key).list(), ", ") }
	return [][2]string{
		{"rule_id", c.ID}, {"rule_level", texts("level")}, {"rule_author", texts("author")}, {"rule_license", texts("license")},
		{"rule_references", texts("references")}, {"rule_tags", texts("tags")}, {"rule_file", c.Position.String()},
	}
}
