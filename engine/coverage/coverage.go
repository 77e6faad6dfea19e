// Package coverage says for which hours a case has records, and draws it.
//
// In: whatever runs a query over the views log_hours and coverage, which judge
// the hours. Out: a [Map] of sources, accounts and regions over time with the
// gaps in it, and a picture of that for a terminal. It leaves the picture for
// pages to report, and what a gap is to the view.
package coverage

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"logquarry/engine/value"
)

// Map is the hours of a case, joined to buckets that lie end to end.
type Map struct {
	Start time.Time // of the first bucket, UTC
	Step  time.Duration
	N     int   // buckets; 0: no record has a time
	Rows  []Row // by source, account, region
	Gaps  []Gap // by time
	// Outside counts the records more than 400 days from the others: of a
	// broken clock, or of another collection. They are in no row.
	Outside int64
}

// Row is one source of one account and region. Account and Region are empty
// where the log does not tell them.
type Row struct {
	Source, Account, Region string
	Cells                   []Cell // N of them
}

// Cell counts the hours of one bucket, by what the view coverage says of them.
type Cell struct {
	Hours     int64 // within the span of the row; 0: outside of it
	Records   int64
	Gap       int64 // hours without records which are a gap
	Explained int64 // of those, and of those with too little, the ones with a cause
	Little    int64 // hours with too little
	NoData    int64 // hours of which flow logs say there was no traffic
	SkipData  int64 // hours of which flow logs say that records were lost
	Changed   bool  // a call changed the logging
}

// Gap is hours on end of one row that are gaps of one kind and cause. Where
// several regions of an account have the same, it is one gap.
type Gap struct {
	Source, Account string
	Regions         []string
	Status          string // none, little or skipdata
	From, To        time.Time
	Records         int64
	Expected        float64 // records that were to be expected, of all regions
	SkipData        int64   // windows that say SKIPDATA
	// Cause is the call that explains it, and the ones below are of it; empty: none known.
	Cause, Principal string
	CauseTime        time.Time
}

// maxBuckets is how many buckets a map has at most: no terminal is wider.
const maxBuckets = 400

// apart is the silence after which records are no longer one collection; the
// view coverage takes the same.
const apart = 400 // days

// Collect asks the case. A case without records with a time has a map of no rows.
func Collect(ctx context.Context, q value.Querier) (Map, error) {
	var m Map
	first, last, err := m.span(ctx, q)
	if err != nil || m.N == 0 {
		return m, err
	}
	m.Step = step(first, last)
	m.Start = first.Truncate(m.Step)
	m.N = int(last.Sub(m.Start)/m.Step) + 1
	params := map[string]any{"from": m.Start.Unix(), "until": last.Unix(), "seconds": int64(m.Step / time.Second)}
	if err := m.cells(ctx, q, params); err != nil {
		return m, err
	}
	return m, m.gaps(ctx, q, map[string]any{"from": m.Start.Unix(), "until": last.Unix()})
}

// span is the first hour and the last moment of the stretch with the most records.
func (m *Map) span(ctx context.Context, q value.Querier) (first, last time.Time, err error) {
	type stretch struct {
		first, last time.Time
		records     int64
	}
	var all []stretch
	err = value.Each(ctx, q, `SELECT date_trunc('day', hour) AS day, min(hour), max(hour), CAST(sum(records + nodata + skipdata) AS BIGINT) FROM log_hours GROUP BY date_trunc('day', hour) ORDER BY 1`, nil, func(v []any) {
		day := stretch{value.Time(v[1]), value.Time(v[2]), value.Int(v[3])}
		if n := len(all); n == 0 || day.first.Unix()-all[n-1].last.Unix() > apart*86400 {
			all = append(all, day)
			return
		}
		now := &all[len(all)-1]
		now.last, now.records = day.last, now.records+day.records
	})
	if err != nil || len(all) == 0 {
		return first, last, err
	}
	most := slices.MaxFunc(all, func(a, b stretch) int { return cmp.Compare(a.records, b.records) })
	for _, s := range all {
		m.Outside += s.records
	}
	m.Outside -= most.records
	m.N = 1
	return most.first, most.last.Add(time.Hour - time.Nanosecond), nil
}

// steps are the widths a bucket may have, in hours; above, days are doubled.
var steps = []int{1, 2, 3, 4, 6, 8, 12, 24}

// step is the narrowest width of which maxBuckets hold both times.
func step(first, last time.Time) time.Duration {
	fits := func(d time.Duration) bool { return last.Sub(first.Truncate(d))/d < maxBuckets }
	for _, h := range steps {
		if d := time.Duration(h) * time.Hour; fits(d) {
			return d
		}
	}
	d := 48 * time.Hour
	for !fits(d) {
		d *= 2
	}
	return d
}

func (m *Map) cells(ctx context.Context, q value.Querier, params map[string]any) error {
	return value.Each(ctx, q, `
		SELECT source, account_id, region, CAST(floor((to_unixtime(hour) - CAST($from AS BIGINT)) / CAST($seconds AS BIGINT)) AS BIGINT) AS bucket, count(*), CAST(sum(records) AS BIGINT),
		       count(CASE WHEN is_gap AND status = 'none' THEN 1 END), count(CASE WHEN is_gap AND status IN ('none', 'little') AND cause IS NOT NULL THEN 1 END),
		       count(CASE WHEN status = 'little' THEN 1 END), count(CASE WHEN status = 'nodata' THEN 1 END), count(CASE WHEN status = 'skipdata' THEN 1 END),
		       count(CASE WHEN date_trunc('hour', cause_time) = hour THEN 1 END) > 0
		FROM coverage WHERE hour >= from_unixtime(CAST($from AS BIGINT)) AND hour <= from_unixtime(CAST($until AS BIGINT))
		GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`, params, func(v []any) {
		source, account, region := value.Text(v[0]), value.Text(v[1]), value.Text(v[2])
		n := len(m.Rows)
		if n == 0 || m.Rows[n-1].Source != source || m.Rows[n-1].Account != account || m.Rows[n-1].Region != region {
			m.Rows = append(m.Rows, Row{Source: source, Account: account, Region: region, Cells: make([]Cell, m.N)})
			n++
		}
		i := value.Int(v[3])
		if i < 0 || i >= int64(m.N) { // loaded between the queries
			return
		}
		changed, _ := v[11].(bool)
		m.Rows[n-1].Cells[i] = Cell{Hours: value.Int(v[4]), Records: value.Int(v[5]), Gap: value.Int(v[6]), Explained: value.Int(v[7]),
			Little: value.Int(v[8]), NoData: value.Int(v[9]), SkipData: value.Int(v[10]), Changed: changed}
	})
}

func (m *Map) gaps(ctx context.Context, q value.Querier, params map[string]any) error {
	err := value.Each(ctx, q, `
		WITH g AS (
		  SELECT coverage.*, CASE WHEN lag(hour) OVER (PARTITION BY source, account_id, region, status, cause ORDER BY hour) = date_add('hour', -1, hour) THEN 0 ELSE 1 END AS fresh
		  FROM coverage WHERE is_gap AND hour >= from_unixtime(CAST($from AS BIGINT)) AND hour <= from_unixtime(CAST($until AS BIGINT))),
		r AS (SELECT g.*, sum(fresh) OVER (PARTITION BY source, account_id, region, status, cause ORDER BY hour) AS spell FROM g)
		SELECT source, account_id, region, status, min(hour), date_add('hour', 1, max(hour)), CAST(sum(records) AS BIGINT), sum(expected), CAST(sum(skipdata) AS BIGINT), cause, max(cause_principal), max(cause_time)
		FROM r GROUP BY source, account_id, region, status, cause, spell
		ORDER BY 5, 1, 2, 3, 4, 10`, params, func(v []any) {
		g := Gap{Source: value.Text(v[0]), Account: value.Text(v[1]), Status: value.Text(v[3]), From: value.Time(v[4]), To: value.Time(v[5]), Records: value.Int(v[6]),
			SkipData: value.Int(v[8]), Cause: value.Text(v[9]), Principal: value.Text(v[10]), CauseTime: value.Time(v[11])}
		g.Expected, _ = v[7].(float64)
		// Regions of one account follow one another where all else is the same.
		for i := len(m.Gaps) - 1; i >= 0 && m.Gaps[i].From.Equal(g.From); i-- {
			if o := &m.Gaps[i]; o.Source == g.Source && o.Account == g.Account && o.Status == g.Status && o.To.Equal(g.To) && o.Cause == g.Cause {
				o.Records, o.Expected, o.SkipData = o.Records+g.Records, o.Expected+g.Expected, o.SkipData+g.SkipData
				o.Regions = append(o.Regions, value.Text(v[2]))
				return
			}
		}
		g.Regions = []string{value.Text(v[2])}
		m.Gaps = append(m.Gaps, g)
	})
	return err
}

// Where is the account and the regions of the gap.
func (g Gap) Where() string {
	where := g.Account
	switch {
	case len(g.Regions) > 3:
		where += fmt.Sprintf(" %d regions", len(g.Regions))
	default:
		where += " " + strings.Join(g.Regions, ", ")
	}
	return strings.TrimSpace(where)
}

// Kind is what the gap is, in words.
func (g Gap) Kind() string {
	switch g.Status {
	case "none":
		return "no records"
	case "little":
		return "few records"
	}
	return strings.ToUpper(g.Status)
}

// Detail is what was to be expected, and why it is not there.
func (g Gap) Detail() string {
	var parts []string
	switch {
	case g.Status == "skipdata" && g.SkipData == 1:
		parts = append(parts, "1 window lost records")
	case g.Status == "skipdata":
		parts = append(parts, fmt.Sprintf("%d windows lost records", g.SkipData))
	case g.Expected >= 1 && g.Status == "little":
		parts = append(parts, fmt.Sprintf("%d of about %.0f expected", g.Records, g.Expected))
	case g.Expected >= 1:
		parts = append(parts, fmt.Sprintf("about %.0f expected", g.Expected))
	}
	if g.Cause != "" {
		cause := g.Cause
		if !g.CauseTime.IsZero() && !g.CauseTime.Truncate(time.Hour).Equal(g.From) {
			cause += " at " + g.CauseTime.UTC().Format("2006-01-02 15:04")
		}
		if g.Principal != "" {
			cause += " by " + g.Principal
		}
		parts = append(parts, cause)
	}
	return strings.Join(parts, "; ")
}
