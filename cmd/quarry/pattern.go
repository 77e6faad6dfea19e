package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"logquarry/engine/custody"
	"logquarry/engine/hunt"
	"logquarry/engine/pattern"
	"logquarry/engine/render"
	"logquarry/engine/store"
	"logquarry/engine/value"
)

// patternsHunted is the object of hunt --pattern --json.
type patternsHunted struct {
	Rules     int64        `json:"rules"`
	Hits      int64        `json:"hits"` // rules with findings
	Findings  int64        `json:"findings"`
	Timed     int64        `json:"schedules"` // rules without a pattern
	Faults    int64        `json:"faults"`    // patterns that could not be read
	Undecided int64        `json:"undecided"` // events too complex for a pattern
	Scanned   int64        `json:"rows_matched"`
	Seconds   float64      `json:"seconds"`
	Results   []ruleResult `json:"results"`
}

type ruleResult struct {
	Rule      string     `json:"rule"`
	ARN       string     `json:"arn,omitempty"`
	State     string     `json:"state,omitempty"`
	Targets   []string   `json:"targets,omitempty"`
	File      string     `json:"file"`
	Findings  int64      `json:"findings"`
	First     *time.Time `json:"first_time,omitempty"`
	Last      *time.Time `json:"last_time,omitempty"`
	ReadOnly  int64      `json:"read_only_not_delivered"`
	Elsewhere int64      `json:"other_account_or_region"`
}

// huntPatterns runs EventBridge patterns and rules over the case.
func (a *app) huntPatterns(ctx context.Context, names []string, f huntFlags) (err error) {
	since, until, err := window(f.since, f.until, time.Now())
	switch {
	case err != nil:
		return err
	case len(names) > 0:
		return usage("run them one after the other", "hunt runs either hunts or event patterns")
	case len(f.params) > 0:
		return usage("", "event patterns have no parameters, so -p means nothing with --pattern")
	}
	rules, err := pattern.Read(f.patterns)
	if err != nil {
		return err
	}
	sources, err := a.sources()
	if err != nil {
		return err
	}
	t, err := a.results()
	if err != nil {
		return err
	}
	defer func() { err = t.finish(err) }()
	format, err := a.resultFormat(t.Writer)
	if err != nil {
		return err
	}
	o, err := a.open(ctx, question{})
	if err != nil {
		return err
	}
	defer o.closeInto(&err)
	start := time.Now()
	found, err := pattern.Search(ctx, o.Case(), sources, rules.Rules, pattern.Options{Since: since, Until: until})
	if err != nil {
		return err
	}
	run := patternRun{a, o.Case(), rules.Rules, found}
	switch {
	case a.json && t.file == nil:
	case format == render.Table || format == render.Line || format == render.Markdown:
		err = run.pages(ctx, t.Writer, f.rows, format)
	default:
		err = run.stream(ctx, t.Writer, format)
	}
	if err != nil {
		return err
	}
	did := run.did(rules)
	t.record.File.Format = string(format)
	t.record.Since, t.record.Until = custody.Moment(since), custody.Moment(until)
	for i, r := range rules.Rules {
		t.record.Add(custody.Query{Hunt: r.Name, Title: title(&r), SQL: r.Text, Rows: found.Tallies[i].Hits})
	}
	if err := t.describe(ctx, o.Case()); err != nil {
		return err
	}
	did.Seconds = time.Since(start).Seconds()
	run.recorded(f.patterns, since, until, did)
	if a.json {
		if err := a.tell(did); err != nil {
			return err
		}
	}
	run.done(rules, did)
	switch {
	case did.Faults > 0 || did.Undecided > 0 || found.Broken > 0:
		return errAside
	case f.failOnHit && did.Findings > 0:
		return errHits
	}
	return nil
}

// patternRun is what was found, and where.
type patternRun struct {
	a     *app
	c     *store.Case
	rules []pattern.Rule
	found *pattern.Found
}

// title says what a rule or a pattern is, for people.
func title(r *pattern.Rule) string {
	switch r.State {
	case "":
		return "EventBridge pattern"
	case pattern.Disabled:
		return "EventBridge rule, disabled"
	}
	return "EventBridge rule"
}

// as is a rule as a hunt, for the results that hunts have.
func as(r *pattern.Rule) hunt.Hunt { return hunt.Hunt{ID: r.Name, Title: title(r)} }

// pages shows each rule with findings under its name.
func (p *patternRun) pages(ctx context.Context, w io.Writer, most int, format render.Format) error {
	show := func(rule int, page *value.List) error {
		return p.a.huntPage(w, hunt.Result{Hunt: as(&p.rules[rule]), Count: p.found.Tallies[rule].Hits}, page, format)
	}
	if most == 0 {
		// All of one rule, then all of the next: none is held but for its page.
		for i := range p.rules {
			if p.found.Tallies[i].Hits == 0 {
				continue
			}
			page := value.ListOf(pattern.Columns())
			err := p.found.Each(ctx, p.c, i, 0, func(_ int, cells []any) error { page.Add(cells...); return nil })
			if err == nil {
				err = show(i, page)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	pages := make([]*value.List, len(p.rules))
	err := p.found.Each(ctx, p.c, -1, most, func(rule int, cells []any) error {
		if pages[rule] == nil {
			pages[rule] = value.ListOf(pattern.Columns())
		}
		pages[rule].Add(cells...)
		return nil
	})
	for i, page := range pages {
		if err == nil && page != nil {
			err = show(i, page)
		}
	}
	return err
}

// stream writes the findings of all rules as one result, in the order of time.
func (p *patternRun) stream(ctx context.Context, w io.Writer, format render.Format) error {
	shapes := make([]*shape, len(p.rules))
	for i := range p.rules {
		shapes[i] = newShape(as(&p.rules[i]), pattern.Columns())
	}
	return streamFindings(ctx, w, format, func(ctx context.Context, give func(row []any) error) error {
		return p.found.Each(ctx, p.c, -1, 0, func(rule int, cells []any) error { return give(shapes[rule].row(cells)) })
	})
}

func (p *patternRun) did(rules *pattern.Rules) *patternsHunted {
	did := &patternsHunted{Rules: int64(len(p.rules)), Timed: int64(len(rules.Timed)), Faults: int64(len(rules.Faults)),
		Undecided: p.found.Undecided, Scanned: p.found.Scanned, Results: []ruleResult{}}
	for i, r := range p.rules {
		t := p.found.Tallies[i]
		did.Findings += t.Hits
		if t.Hits > 0 {
			did.Hits++
		}
		did.Results = append(did.Results, ruleResult{Rule: r.Name, ARN: r.ARN, State: r.State, Targets: r.Targets, File: r.File, Findings: t.Hits,
			First: custody.Moment(t.First), Last: custody.Moment(t.Last), ReadOnly: t.ReadOnly, Elsewhere: t.Elsewhere})
	}
	return did
}

// recorded has the run recorded in the case, once it is closed.
func (p *patternRun) recorded(paths []string, since, until time.Time, did *patternsHunted) {
	counts := map[string]int64{}
	for _, r := range did.Results {
		counts[r.Rule] += r.Findings
	}
	p.a.recordLater(p.c.Path, store.Action{Name: "hunt", Version: version, At: time.Now(), Detail: struct {
		Patterns []string         `json:"patterns"`
		Since    *time.Time       `json:"since,omitempty"`
		Until    *time.Time       `json:"until,omitempty"`
		Findings map[string]int64 `json:"findings"`
		Faults   int64            `json:"faults,omitempty"`
	}{paths, custody.Moment(since), custody.Moment(until), counts, did.Faults}})
}

// done says how it went: what could not be read always, the rest for a person.
func (p *patternRun) done(rules *pattern.Rules, did *patternsHunted) {
	a := p.a
	for _, e := range rules.Faults {
		a.complain(e)
	}
	if p.found.Broken > 0 {
		fmt.Fprintf(a.err, "quarry: %s matched without a column: %s\n", plural(p.found.Broken, "row"), escapeLines(p.found.Problem))
	}
	if did.Undecided > 0 {
		fmt.Fprintf(a.err, "quarry: %s not matched against all patterns: %v\n", plural(did.Undecided, "event"), pattern.ErrTooComplex)
	}
	if a.quiet {
		return
	}
	for _, note := range rules.Notes {
		fmt.Fprintln(a.err, "note: "+escapeLines(note))
	}
	if len(p.found.Sources) == 0 {
		fmt.Fprintln(a.err, "note: the case has no events that EventBridge delivers: none of CloudTrail, GuardDuty, Security Hub and EventBridge")
	}
	for _, r := range rules.Timed {
		fmt.Fprintf(a.err, "rule %s runs on a schedule, %s, and has no pattern\n", render.Escape(r.Name), render.Escape(r.Schedule))
	}
	for i, t := range p.found.Tallies {
		name := render.Escape(p.rules[i].Name)
		if t.ReadOnly > 0 {
			fmt.Fprintf(a.err, "rule %s: %s match, but in state %s it does not get them\n", name, plural(t.ReadOnly, "read-only management event"), pattern.Enabled)
		}
		if t.Elsewhere > 0 {
			fmt.Fprintf(a.err, "rule %s: %s of other accounts or regions match, which it gets only if they are forwarded to it\n", name, plural(t.Elsewhere, "event"))
		}
	}
	fmt.Fprintf(a.err, "%s, %d with findings (%s), %d without, in %s\n", plural(did.Rules, "pattern"), did.Hits, plural(did.Findings, "row"),
		did.Rules-did.Hits, seconds(did.Seconds))
}
