package triage

import (
	"context"
	"time"

	"logquarry/engine/report"
	"logquarry/engine/value"
)

// traffic counts what flow logs say went to the internet and came from it, in
// the buckets of the map of coverage.
func (t *triage) traffic(ctx context.Context) error {
	m := t.d.Coverage
	if m.N == 0 {
		return nil
	}
	condition, params := t.within(`"start"`)
	params["from"], params["seconds"], params["n"] = m.Start.Unix(), int64(m.Step/time.Second), int64(m.N)
	r := report.Traffic{Start: m.Start, Step: m.Step, Out: make([]report.Flows, m.N), In: make([]report.Flows, m.N)}
	err := t.each(ctx, `
		SELECT CAST(floor((to_unixtime("start") - CAST($from AS BIGINT)) / CAST($seconds AS BIGINT)) AS BIGINT) AS bucket, outward,
		       CAST(sum(CASE WHEN action = 'ACCEPT' THEN bytes ELSE 0 END) AS BIGINT), count(CASE WHEN action = 'ACCEPT' THEN 1 END), count(CASE WHEN action = 'REJECT' THEN 1 END)
		FROM (SELECT "start", action, bytes, is_private_ip(srcaddr) AS outward, is_private_ip(dstaddr) AS inward
		      FROM vpc_flow WHERE log_status = 'OK' AND `+condition+`)
		WHERE outward <> inward GROUP BY 1, 2 HAVING bucket >= 0 AND bucket < $n`, params, func(v []any) {
		list := r.In
		if out, _ := v[1].(bool); out {
			list = r.Out
		}
		list[value.Int(v[0])] = report.Flows{Bytes: value.Int(v[2]), Accepted: value.Int(v[3]), Rejected: value.Int(v[4])}
		r.Any = true
	})
	t.d.Traffic = r
	return err
}
