// Package triage gathers what a report on a case says: what was loaded and what
// was not, what the hunts found and in which records, who, from where and by
// which roles, when, what was sent, and for which stretches the logs are silent.
//
// In: a case, hunts, and the result of a verification. Out: [report.Data]. It
// leaves loading, the look of the report and files to others.
package triage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"logquarry/engine/custody"
	"logquarry/engine/hunt"
	"logquarry/engine/render"
	"logquarry/engine/report"
	"logquarry/engine/schema"
	"logquarry/engine/store"
	"logquarry/engine/timeline"
	"logquarry/engine/value"
)

// Options are what a triage looks at. Case and Sources must be set.
type Options struct {
	Case    *store.Case
	Sources []*schema.Source
	Hunts   []hunt.Hunt
	Version string
	Now     time.Time
	// Since and Until are the window of the hunts; zero: open.
	Since, Until time.Time
	// Done, where not nil, is told of each hunt as it ends.
	Done func(hunt.Result)
	// Verification is handed on as it is.
	Verification report.Verification
	// Original, where not nil, reads a record again as it stands in its file.
	Original func(ctx context.Context, fileID, recordNo int64) ([]byte, error)
}

// timelineWidth is the width of the chart the report draws, in buckets and the
// margin package timeline takes.
const timelineWidth = 160

// Collect asks the case everything a report says.
func Collect(ctx context.Context, o Options) (report.Data, error) {
	d := report.Data{Case: o.Case.Path, Version: o.Version, Generated: o.Now, Since: o.Since, Until: o.Until, Verification: o.Verification}
	t := &triage{o: o, d: &d, ask: &recorder{q: o.Case}, weight: map[string]map[string]int{"principal": {}, "src_ip": {}}, findings: map[string]map[string]int{"principal": {}, "src_ip": {}}}
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"read the ledger", t.loaded},
		{"list what was set aside", t.aside},
		{"hunt", t.hunt},
		{"read what was kept", t.kept},
		{"count principals", func(ctx context.Context) (err error) {
			d.Principals, err = t.entities(ctx, "principal", "true")
			return err
		}},
		{"count addresses", func(ctx context.Context) (err error) {
			d.Addresses, err = t.entities(ctx, "src_ip", "is_ip(name)")
			return err
		}},
		{"draw the timeline", t.timeline},
		{"look for gaps", t.gaps},
		{"follow roles", t.chains},
		{"measure traffic", t.traffic},
		{"find the records", t.records},
	} {
		t.ask.what = step.what
		if err := step.do(ctx); err != nil {
			if ctx.Err() != nil {
				return d, context.Cause(ctx)
			}
			return d, fmt.Errorf("%s: %w", step.what, err)
		}
	}
	d.Asked = t.ask.list
	return d, nil
}

type triage struct {
	o   Options
	d   *report.Data
	ask *recorder
	// weight and findings are, by leading column and name, how bad the hunts
	// with the name in them are and how many they are.
	weight, findings map[string]map[string]int
}

// each runs a query of our own and hands out its rows.
func (t *triage) each(ctx context.Context, sql string, params map[string]any, f func([]any)) error {
	return value.Each(ctx, t.ask, sql, params, f)
}

// loaded counts rows by table, not by what a file as a whole is taken for: records
// of several sources may have come in one. The file itself, and what was rejected
// or known already, count for the source it was taken for.
func (t *triage) loaded(ctx context.Context) error {
	var held, names []string
	for _, s := range t.o.Sources {
		name, at := "'"+s.Name+"'", "CAST(NULL AS TIMESTAMP)"
		if s.Time != "" {
			at = schema.Quote(s.Time)
		}
		names = append(names, name)
		held = append(held, fmt.Sprintf(`SELECT %s AS source, count(*) AS n, min(%s) AS first_time, max(%[2]s) AS last_time FROM %s HAVING count(*) > 0`,
			name, at, s.StorageTable()))
	}
	if len(held) == 0 {
		return errors.New("triage: internal error: no sources given")
	}
	return t.each(ctx, fmt.Sprintf(`
		SELECT source, CAST(sum(files) AS BIGINT), CAST(sum(n) AS BIGINT), CAST(sum(duplicates) AS BIGINT), CAST(sum(rejected) AS BIGINT), CAST(sum(bytes) AS BIGINT),
		       min(first_time), max(last_time)
		FROM (
			SELECT source, count(*) AS files, sum(CASE WHEN source IN (%[2]s) THEN 0 ELSE loaded END) AS n, sum(duplicates) AS duplicates, sum(rejected) AS rejected,
			       sum(bytes) AS bytes, CAST(NULL AS TIMESTAMP) AS first_time, CAST(NULL AS TIMESTAMP) AS last_time
			FROM evidence
			WHERE source IS NOT NULL AND loaded_at IS NOT NULL
			GROUP BY source
			UNION ALL
			SELECT source, 0, n, 0, 0, 0, first_time, last_time FROM (%[1]s)
		)
		GROUP BY source ORDER BY source`, strings.Join(held, " UNION ALL "), strings.Join(names, ", ")), nil, func(v []any) {
		s := report.Source{
			Name: value.Text(v[0]), Files: value.Int(v[1]), Rows: value.Int(v[2]), Duplicates: value.Int(v[3]),
			Rejects: value.Int(v[4]), Bytes: value.Int(v[5]), First: value.Time(v[6]), Last: value.Time(v[7]),
		}
		s.Records = s.Rows + s.Duplicates + s.Rejects
		t.d.Sources = append(t.d.Sources, s)
	})
}

func (t *triage) aside(ctx context.Context) error {
	return t.each(ctx, `
		SELECT e.path, e.source, coalesce(r.reason, e.note, CASE e.status WHEN 'unknown' THEN 'no known kind of log' ELSE e.status END),
		       r.line, r.byte, e.rejected
		FROM evidence e
		LEFT JOIN (SELECT file_id, arg_min(reason, coalesce(record_no, 0)) AS reason, arg_min(line, coalesce(record_no, 0)) AS line,
		                  arg_min("offset", coalesce(record_no, 0)) AS byte
		           FROM rejects GROUP BY file_id) r ON r.file_id = e.file_id
		WHERE e.status IN ('partial', 'unreadable', 'unknown')
		ORDER BY e.status = 'unknown', e.path`, nil, func(v []any) {
		a := report.Aside{Path: value.Text(v[0]), Source: value.Text(v[1]), Reason: value.Text(v[2]), Rejects: value.Int(v[5])}
		var place []string
		if n := value.Int(v[3]); n > 0 {
			place = append(place, fmt.Sprintf("line %d", n))
		}
		if n := value.Int(v[4]); n > 0 {
			place = append(place, fmt.Sprintf("offset %d", n))
		}
		a.Place = strings.Join(place, ", ")
		t.d.Aside = append(t.d.Aside, a)
	})
}

// kept takes up the findings that people kept, with their first rows as they
// were then.
func (t *triage) kept(ctx context.Context) error {
	all, err := t.o.Case.Findings(ctx)
	if err != nil {
		return err
	}
	said, err := t.o.Case.Kept(ctx)
	if err != nil {
		return err
	}
	for _, f := range all {
		k := report.Kept{Finding: f}
		if k.Faults, _, err = t.o.Case.ProveFinding(ctx, &f, said); err != nil {
			return err
		}
		err := t.o.Case.FindingRows(ctx, f.ID, report.MaxRows, func(cells string) error {
			row, err := custody.Cells(cells)
			k.Sample = append(k.Sample, row)
			return err
		})
		if err != nil {
			return err
		}
		t.d.Kept = append(t.d.Kept, k)
	}
	return nil
}

// weights say how much a hit of a hunt counts against those it names.
var weights = map[hunt.Severity]int{hunt.Critical: 8, hunt.High: 4, hunt.Medium: 2, hunt.Low: 1}

func (t *triage) hunt(ctx context.Context) error {
	var columns []value.Column
	var rows [][]any
	named := map[string]map[string]bool{}
	_, err := hunt.Run(ctx, t.o.Case, t.o.Hunts, hunt.Options{
		Since: t.o.Since, Until: t.o.Until,
		Rows: func(h hunt.Hunt, r value.Rows) error {
			columns, rows = r.Columns(), nil
			named = map[string]map[string]bool{"principal": {}, "src_ip": {}}
			at := map[string]int{}
			for i, c := range columns {
				if named[c.Name] != nil {
					at[c.Name] = i
				}
			}
			for r.Next() {
				v := r.Values()
				if len(rows) < report.MaxRows {
					rows = append(rows, slices.Clone(v))
				}
				for name, i := range at {
					if s := value.Text(v[i]); s != "" {
						named[name][s] = true
					}
				}
			}
			return nil
		},
		Done: func(r hunt.Result) error {
			t.note(r, columns, rows, named)
			columns, rows = nil, nil
			if t.o.Done != nil {
				t.o.Done(r)
			}
			return nil
		},
	})
	return err
}

// note keeps how one hunt went.
func (t *triage) note(r hunt.Result, columns []value.Column, rows [][]any, named map[string]map[string]bool) {
	h := report.Hunt{ID: r.Hunt.ID, Title: r.Hunt.Title, SQL: r.Hunt.SQL, Outcome: report.Clean, Rows: r.Count, Elapsed: r.Elapsed}
	if values, err := r.Hunt.Bind(nil, t.o.Since, t.o.Until); err == nil {
		h.Params = shownParams(values)
	}
	switch {
	case r.Err != nil:
		h.Outcome, h.Reason = report.Failed, r.Err.Error()
	case len(r.Missing) > 0:
		h.Elapsed, h.Outcome, h.Reason = 0, report.Skipped, "no rows of "+strings.Join(r.Missing, ", ")
	case r.Count > 0:
		h.Outcome = report.Hit
		t.d.Findings = append(t.d.Findings, report.Finding{
			Hunt: r.Hunt.ID, Title: r.Hunt.Title, Severity: report.Severity(r.Hunt.Severity), Attack: r.Hunt.Attack,
			Count: r.Count, First: r.First, Last: r.Last, Meaning: r.Hunt.Means, Noise: r.Hunt.Noise, Citation: r.Hunt.Cite,
			Columns: columns, Rows: rows, Next: t.next(r.Hunt, columns, rows),
		})
		for column, names := range named {
			for name := range names {
				t.weight[column][name] += weights[r.Hunt.Severity]
				if weights[r.Hunt.Severity] > 0 {
					t.findings[column][name]++
				}
			}
		}
	}
	t.d.Hunts = append(t.d.Hunts, h)
}

// longestGiven is how long a value may be that a suggestion hands on.
const longestGiven = 200

// next are the hunts to run after findings of h. What cannot be shown and pasted
// both is not handed on.
func (t *triage) next(h hunt.Hunt, columns []value.Column, rows [][]any) (out []report.Next) {
	steps := h.Steps(columns, rows, func(v string) bool { return len(v) <= longestGiven && render.Escape(v) == v })
	for _, s := range steps {
		n := report.Next{Hunt: s.ID, Args: s.Args()}
		if i := slices.IndexFunc(t.o.Hunts, func(o hunt.Hunt) bool { return o.ID == s.ID }); i >= 0 {
			n.Title = t.o.Hunts[i].Title
		}
		out = append(out, n)
	}
	return out
}

func (t *triage) timeline(ctx context.Context) error {
	c, err := timeline.Buckets(ctx, t.ask, timeline.Filter{Since: t.o.Since, Until: t.o.Until}, timelineWidth)
	if err != nil {
		return err
	}
	t.d.Timeline = report.Timeline{Start: c.Start, Step: c.Step}
	for _, s := range c.Sources {
		t.d.Timeline.Series = append(t.d.Timeline.Series, report.Series{Source: s.Name, Counts: s.Counts})
	}
	return nil
}
