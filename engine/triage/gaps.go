package triage

import (
	"context"
	"fmt"
	"strings"
	"time"

	"logquarry/engine/coverage"
	"logquarry/engine/report"
	"logquarry/engine/value"
)

// gaps are the stretches for which the case has no logs, or holes in them.
func (t *triage) gaps(ctx context.Context) error {
	for _, find := range []func(context.Context) error{t.stopped, t.holes, t.flowHoles} {
		if err := find(ctx); err != nil {
			return err
		}
	}
	return nil
}

// stopped are the spans from a call that switches a log off, such as StopLogging,
// DeleteTrail or DeleteFlowLogs, to the next that switches the same log on.
func (t *triage) stopped(ctx context.Context) error {
	return t.each(ctx, `
		SELECT array_join(array_agg(affects ORDER BY affects), ', '), account_id, region, target, action, principal, event_time, max(ended_at)
		FROM logging_changes WHERE effect = 'stops' AND error IS NULL
		GROUP BY account_id, region, target, action, principal, event_time, event_id
		ORDER BY event_time LIMIT 200`, nil, func(v []any) {
		g := report.Gap{Source: value.Text(v[0]), Kind: "logging stopped", Where: strings.TrimSpace(value.Text(v[1]) + " " + value.Text(v[2])), From: value.Time(v[6]), To: value.Time(v[7]), Detail: value.Text(v[4])}
		// Of an ARN what stands behind the account, which is said already.
		if target := value.Text(v[3]); target != "" {
			g.Where = target[strings.LastIndex(target, ":")+1:] + ", " + g.Where
		}
		if who := value.Text(v[5]); who != "" {
			g.Detail += " by " + who
		}
		t.d.Missing = append(t.d.Missing, g)
	})
}

// holes are the gaps of the view coverage. Those which a call listed already
// explains are only in its map, and so is what flowHoles says by interface.
func (t *triage) holes(ctx context.Context) error {
	m, err := coverage.Collect(ctx, t.ask)
	if err != nil {
		return err
	}
	t.d.Coverage = m
	if m.Outside > 0 {
		t.d.Notes = append(t.d.Notes, fmt.Sprintf("%d records are more than a year from the others, of a broken clock or another collection: gaps between were not looked for", m.Outside))
	}
	stops := map[time.Time]bool{}
	for _, g := range t.d.Missing {
		stops[g.From] = true
	}
	for _, g := range m.Gaps {
		if g.Status == "skipdata" && g.Source == "vpc_flow" || g.Cause != "" && stops[g.CauseTime] {
			continue
		}
		t.d.Missing = append(t.d.Missing, report.Gap{Source: g.Source, Kind: g.Kind(), Where: g.Where(), From: g.From, To: g.To, Detail: g.Detail()})
	}
	return nil
}

// flowHoles are the windows for which flow logs say that records were skipped,
// and three or more in a row in which an interface otherwise busy had no traffic.
func (t *triage) flowHoles(ctx context.Context) error {
	return t.each(ctx, `
		WITH w AS (
		  SELECT account_id, interface_id, log_status, "start" AS s, "end" AS e,
		         "start" - lag("end") OVER (PARTITION BY account_id, interface_id, log_status ORDER BY "start") > INTERVAL 15 MINUTE AS fresh
		  FROM vpc_flow WHERE log_status IN ('SKIPDATA', 'NODATA')),
		spells AS (
		  SELECT *, sum(CASE WHEN fresh THEN 1 ELSE 0 END) OVER (PARTITION BY account_id, interface_id, log_status ORDER BY s) AS spell FROM w)
		SELECT account_id, interface_id, log_status, min(s), max(e), count(*)
		FROM spells
		WHERE log_status = 'SKIPDATA' OR interface_id IN (SELECT interface_id FROM vpc_flow WHERE log_status = 'OK')
		GROUP BY account_id, interface_id, log_status, spell
		HAVING log_status = 'SKIPDATA' OR count(*) >= 3
		ORDER BY log_status DESC, max(e) - min(s) DESC, 4 LIMIT 200`, nil, func(v []any) {
		n := value.Int(v[5])
		g := report.Gap{Source: "vpc_flow", Kind: value.Text(v[2]), Where: value.Text(v[1]), From: value.Time(v[3]), To: value.Time(v[4]),
			Detail: fmt.Sprintf("%d windows", n)}
		if n == 1 {
			g.Detail = "1 window"
		}
		t.d.Missing = append(t.d.Missing, g)
	})
}
