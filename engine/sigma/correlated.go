package sigma

import (
	"strings"

	"logquarry/engine/hunt"
	"logquarry/engine/schema"
	"logquarry/engine/sqltext"
)

// Correlated is a correlation as SQL over a case.
type Correlated struct {
	Correlation *Correlation
	Sources     []string // tables that it looks at
	// SQL finds one row a finding, in the columns time, source, principal, src_ip,
	// target and summary of its first event, then account_id,
	// region, last_time, events, measure (when first satisfied), grouped_by,
	// first_event_id, last_event_id, file_id, record_no, and what the rule says of
	// itself.
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

// eventCells are what findings take from <source>_events.
const eventCells = "source, file_id, record_no, principal, src_ip, target, summary, account_id, region"

// findings is the query of one row a finding. Principal, address, target and
// the like are those of its first event.
func (q *correlator) findings(c *correlating, bursts string) string {
	groups := list(numbered("g", len(c.groupBy))...)
	event := "{t: t, id: id, source: source, file_id: file_id, record_no: record_no"
	found := q.kept(`SELECT burst%s, min(%s}) AS first, max(%[2]s}) AS last, count(DISTINCT {source: source, file_id: file_id, record_no: record_no}) AS events,
  min(%[2]s, measure: measure}) FILTER (WHERE hit AND t = burst).measure AS measure
FROM %s GROUP BY burst%[1]s`, groups, event, bursts)
	var events []string
	for _, name := range q.sources {
		for _, s := range q.env.Sources {
			view, ok := eventsQuery(s)
			if !ok || s.Name != name {
				continue
			}
			// The view's own query, over the first events alone: see query.
			table := schema.Quote(name)
			events = append(events, "SELECT * FROM (WITH "+table+" AS (\n  SELECT * FROM main."+table+
				" WHERE (file_id, record_no) IN (SELECT (first.file_id, first.record_no) FROM "+found+" WHERE first.source = "+sqltext.Literal(name)+
				")\n), sigma_events AS (\n"+view+"\n)\nSELECT "+eventCells+" FROM sigma_events)")
		}
	}
	if events == nil {
		events = []string{"SELECT " + eventCells + " FROM events WHERE FALSE"}
	}
	grouped := "CAST(NULL AS VARCHAR)"
	if len(c.groupBy) > 0 {
		var members []string
		for i, name := range c.groupBy {
			members = append(members, sqltext.Literal(name), "g"+numbered("", len(c.groupBy))[i])
		}
		grouped = "CAST(json_object(" + strings.Join(members, ", ") + ") AS VARCHAR)"
	}
	rule := c.asRule()
	var facts []string
	for i, v := range rule.facts() {
		x := "CAST(NULL AS VARCHAR)"
		if text, ok := v.(string); ok {
			x = sqltext.Literal(text)
		}
		facts = append(facts, x+" AS "+ruleColumns[i])
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

// Rule is what the correlation says of itself, as a rule does.
func (x *Correlated) Rule() *Rule { return x.Correlation.asRule() }

// asRule is what a correlation says of itself, as a rule does.
func (c *Correlation) asRule() *Rule {
	text := func(key string) string { return strings.Join(c.Node.Get(key).list(), ", ") }
	return &Rule{
		Position: c.Position, ID: c.ID, Name: c.Name, Title: c.Title, Level: text("level"), Status: text("status"), Description: text("description"),
		Author: text("author"), License: text("license"), References: c.Node.Get("references").list(), Tags: c.Node.Get("tags").list(),
		FalsePositives: c.Node.Get("falsepositives").list(),
	}
}

func (x *Correlated) asHunt(windowed bool) hunt.Hunt {
	return x.Rule().asHunt(x.Sources, x.SQL, windowed)
}
