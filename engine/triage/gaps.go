package triage

import (
	"context"
	"fmt"
	"time"

	"logquarry/engine/report"
)

// gaps are the stretches for which the case has no logs, or holes in them.
func (t *triage) gaps(ctx context.Context) error {
	for _, find := range []func(context.Context) error{t.stopped, t.silentDays, t.flowHoles} {
		if err := find(ctx); err != nil {
			return err
		}
	}
	return nil
}

// stopped are the spans from StopLogging or DeleteTrail to the next
// StartLogging or CreateTrail of the same trail.
func (t *triage) stopped(ctx context.Context) error {
	return t.each(ctx, `
		WITH c AS (
		  SELECT event_time, event_name, recipient_account_id AS account, aws_region AS region,
		         coalesce(user_arn, user_name, user_principal_id) AS who,
		         regexp_replace(json_extract_scalar(request_parameters, '$.name'), '^.*:trail/', '') AS trail
		  FROM cloudtrail
		  WHERE event_source = 'cloudtrail.amazonaws.com' AND error_code IS NULL
		    AND event_name IN ('StopLogging', 'StartLogging', 'DeleteTrail', 'CreateTrail'))
		SELECT s.account, s.region, s.trail, s.event_name, s.who, s.event_time,
		       (SELECT min(b.event_time) FROM c b
		        WHERE b.event_name IN ('StartLogging', 'CreateTrail') AND b.event_time >= s.event_time
		          AND b.account IS NOT DISTINCT FROM s.account AND b.trail IS NOT DISTINCT FROM s.trail)
		FROM c s WHERE s.event_name IN ('StopLogging', 'DeleteTrail')
		ORDER BY s.event_time LIMIT 200`, nil, func(v []any) {
		g := report.Gap{Source: "cloudtrail", Kind: "logging stopped", Where: fmt.Sprintf("trail %s, %s %s", text(v[2]), text(v[0]), text(v[1])),
			From: moment(v[5]), To: moment(v[6]), Detail: text(v[3])}
		if who := text(v[4]); who != "" {
			g.Detail += " by " + who
		}
		t.d.Missing = append(t.d.Missing, g)
	})
}

// silentDays are the days without an event of an account and region that has
// events on more than two days of three. CloudTrail delivers nothing for a region in which
// nothing happens, so a rarely used one that is silent says nothing.
func (t *triage) silentDays(ctx context.Context) error {
	type pair struct{ account, region string }
	have := map[pair]map[int64]bool{}
	var order []pair
	var first, last int64
	err := t.each(ctx, `
		SELECT recipient_account_id, aws_region, CAST(epoch(date_trunc('day', event_time)) AS BIGINT) // 86400 AS d
		FROM cloudtrail WHERE event_time IS NOT NULL GROUP BY ALL ORDER BY 1, 2, 3`, nil, func(v []any) {
		p, d := pair{text(v[0]), text(v[1])}, number(v[2])
		if have[p] == nil {
			have[p] = map[int64]bool{}
			order = append(order, p)
		}
		have[p][d] = true
		if first == 0 {
			first, last = d, d
		}
		first, last = min(first, d), max(last, d)
	})
	if err != nil || last-first < 1 {
		return err
	}
	const longest = 3660 // days; a broken clock in one record must not make a list of years
	if last-first > longest {
		t.d.Notes = append(t.d.Notes, "CloudTrail events span more than ten years: days without files were not looked for")
		return nil
	}
	total := last - first + 1
	for _, p := range order {
		if int64(len(have[p]))*3 <= 2*total {
			continue
		}
		for d := first; d <= last; d++ {
			if have[p][d] {
				continue
			}
			from := d
			for d+1 <= last && !have[p][d+1] {
				d++
			}
			g := report.Gap{Source: "cloudtrail", Kind: "no events", Where: p.account + " " + p.region,
				From: time.Unix(from*86400, 0).UTC(), To: time.Unix((d+1)*86400, 0).UTC()}
			if n := d - from + 1; n == 1 {
				g.Detail = "a whole day"
			} else {
				g.Detail = fmt.Sprintf("%d days", n)
			}
			t.d.Missing = append(t.d.Missing, g)
		}
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
		n := number(v[5])
		g := report.Gap{Source: "vpc_flow", Kind: text(v[2]), Where: text(v[1]), From: moment(v[3]), To: moment(v[4]),
			Detail: fmt.Sprintf("%d windows", n)}
		if n == 1 {
			g.Detail = "1 window"
		}
		t.d.Missing = append(t.d.Missing, g)
	})
}
