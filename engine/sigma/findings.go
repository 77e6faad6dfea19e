package sigma

import (
	"regexp"
	"strings"

	"logquarry/engine/hunt"
	"logquarry/engine/schema"
	"logquarry/engine/sqltext"
)

// eventColumns are the columns of <source>_events that a finding shows, after
// hunt.Leading's.
var eventColumns = []string{"account_id", "region", "action", "outcome", "error", "event_id", "file_id", "record_no"}

// ruleColumns are the columns of a finding that say which rule found it. The
// Detection Rule License wants the author named wherever a rule's match is shown.
var ruleColumns = []string{"rule_id", "rule_level", "rule_author", "rule_license", "rule_references", "rule_tags", "rule_file"}

// facts are the cells of ruleColumns; nil where the rule does not say.
func (r *Rule) facts() []any {
	list := func(texts []string) string { return strings.Join(texts, ", ") }
	var out []any
	for _, text := range []string{r.ID, r.Level, r.Author, r.License, list(r.References), list(r.Tags), r.Position.String()} {
		if text == "" {
			out = append(out, nil)
		} else {
			out = append(out, text)
		}
	}
	return out
}

var createEvents = regexp.MustCompile(`^CREATE OR REPLACE VIEW "?[a-z0-9_]+"? AS\s`)

// eventsQuery is the query of the view <source>_events.
func eventsQuery(s *schema.Source) (string, bool) {
	views, err := schema.SplitViews(s.Views)
	if err != nil {
		return "", false
	}
	for _, v := range views {
		if head := createEvents.FindString(v.SQL); v.Name == s.Name+"_events" && head != "" {
			return v.SQL[len(head):], true
		}
	}
	return "", false
}

// leading are the columns that all findings begin with, and eventColumns. The
// view has the time under another name.
func leading() string {
	columns := append(hunt.Leading(), eventColumns...)
	columns[0] = "event_time AS time"
	return strings.Join(columns, ", ")
}

// window is the condition of --since and --until, where they were given.
func window(given bool) string {
	if given {
		return "\n  WHERE event_time >= $since AND event_time < $until"
	}
	return ""
}

// query is the SQL that finds the events of a rule: those of each source that
// pass, in the columns that all sources share. A name in WITH goes before the
// table of that name, so the view's own query sees what passes and no more.
func query(r *Rule, parts []*Part, windowed bool) (string, *Error) {
	var selects []string
	for _, p := range parts {
		events, ok := eventsQuery(p.Source)
		if !ok {
			return "", &Error{Position: r.Position, Rule: r.Title, Msg: p.Source.Name + " has no view " + p.Source.Name + "_events, which findings are made of"}
		}
		table := schema.Quote(p.Source.Name)
		selects = append(selects, "WITH "+table+" AS "+inlined+" (\n  SELECT * FROM main."+table+"\n  WHERE "+p.Where+
			"\n), sigma_events AS (\n"+events+"\n)\nSELECT "+leading()+"\nFROM sigma_events"+window(windowed))
	}
	var facts []string
	for i, v := range r.facts() {
		x := "CAST(NULL AS VARCHAR)"
		if text, ok := v.(string); ok {
			x = sqltext.Literal(text)
		}
		facts = append(facts, x+" AS "+ruleColumns[i])
	}
	return "SELECT *, " + strings.Join(facts, ", ") + "\nFROM (" + strings.Join(selects, ") UNION ALL (") + ")\nORDER BY time, file_id, record_no", nil
}

// asHunt is a rule as a hunt that asks sql.
func (r *Rule) asHunt(sources []string, sql string, windowed bool) hunt.Hunt {
	severity := hunt.Severity(r.Level)
	if r.Level == "informational" {
		severity = hunt.Info
	}
	author := r.Author
	if author != "" && r.License != "" {
		author += " (" + r.License + ")"
	}
	return hunt.Hunt{
		Author: author,
		ID:     r.Key(), Title: r.Title, Severity: severity, Attack: r.Attack(), Sources: sources,
		Means: r.Description, Noise: strings.Join(r.FalsePositives, "; "), Cite: strings.Join(r.References, " "),
		SQL: sql, File: r.File, Window: windowed,
	}
}
