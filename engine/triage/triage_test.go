package triage

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"logquarry/engine/find"
	"logquarry/engine/hunt"
	"logquarry/engine/load"
	"logquarry/engine/report"
	"logquarry/engine/schema"
	"logquarry/engine/schema/schematest"
	"logquarry/engine/store"
	"logquarry/queries"
	"logquarry/schemas"
)

// aside counts what d says was set aside, by why.
func aside(d report.Data) map[string]int {
	reasons := map[string]int{}
	for _, a := range d.Aside {
		switch {
		case strings.Contains(a.Reason, "cut off"):
			reasons["cut off"]++
		case strings.HasSuffix(a.Path, "README.txt"):
			reasons["unknown"]++
		case a.Rejects == 1 && strings.Contains(a.Place, "offset "):
			reasons["broken"]++
		default:
			reasons["other"]++
		}
	}
	return reasons
}

// TestCollect looks at the made-up incident.
func TestCollect(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	sources := schematest.Shipped(t)
	c, err := store.Open(ctx, filepath.Join(dir, "case.duckdb"), store.Options{Create: true, Schemas: schemas.FS})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	lib, err := hunt.Load(queries.FS)
	if err != nil {
		t.Fatal(err)
	}
	hunts, err := lib.Select([]string{"ct-trail-impaired", "x-blocked-client-calls-api", "flow-port-scan"})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 14, 0, 0, 0, 0, time.UTC)

	// An empty case has nothing to say, and says it.
	d, err := Collect(ctx, Options{Case: c, Sources: sources, Hunts: hunts, Now: now})
	if err != nil {
		t.Fatalf("empty case: %v", err)
	}
	if len(d.Findings)+len(d.Sources)+len(d.Principals)+len(d.Missing) != 0 || d.Hunts[0].Outcome != report.Skipped {
		t.Errorf("empty case: %+v", d)
	}

	f, err := find.NewFinder(find.Options{Sources: sources, Scratch: dir})
	if err != nil {
		t.Fatal(err)
	}
	loadFolder := func(folder string) {
		t.Helper()
		files, err := f.Find(ctx, []string{folder})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := load.Load(ctx, c, files, load.Options{Sources: sources}); err != nil {
			t.Fatal(err)
		}
	}
	loadFolder("../../testdata/evidence")
	d, err = Collect(ctx, Options{Case: c, Sources: sources, Hunts: hunts, Version: "test", Now: now})
	if err != nil {
		t.Fatal(err)
	}
	var rows int64
	for _, s := range d.Sources {
		rows += s.Rows
	}
	if len(d.Sources) != 27 || rows != 9918 {
		t.Errorf("sources: %+v", d.Sources)
	}
	for _, s := range d.Sources {
		var held int64
		if err := c.DB().QueryRow(`SELECT count(*) FROM ` + schema.Quote(s.Name)).Scan(&held); err != nil || held != s.Rows {
			t.Errorf("%s: %d rows are told, the table has %d (%v)", s.Name, s.Rows, held, err)
		}
	}
	if r := aside(d); !maps.Equal(r, map[string]int{"unknown": 1}) {
		t.Errorf("aside: %v in %+v", r, d.Aside)
	}
	for _, f := range d.Findings {
		if f.Hunt == "ct-trail-impaired" && (f.Count != 2 || len(f.Rows) != 2 || f.Severity != report.Critical ||
			!f.First.Equal(time.Date(2026, 3, 10, 18, 0, 0, 0, time.UTC))) {
			t.Errorf("finding: %+v", f)
		}
	}
	if len(d.Hunts) != 3 || len(d.Findings) != 3 {
		t.Errorf("%d hunts, %d findings", len(d.Hunts), len(d.Findings))
	}
	if len(d.Addresses) == 0 || d.Addresses[0].Name != "198.51.100.77" || d.Addresses[0].Note != "in 3 findings" ||
		len(d.Addresses[0].Sources) != 10 {
		t.Errorf("addresses: %+v", d.Addresses)
	}
	if len(d.Principals) == 0 || d.Principals[0].Name != "arn:aws:iam::111122223333:user/svc-monitor" {
		t.Errorf("principals: %+v", d.Principals)
	}
	var total int64
	for _, s := range d.Timeline.Series {
		for _, n := range s.Counts {
			total += n
		}
	}
	if total < 9000 || len(d.Timeline.Series) != 26 {
		t.Errorf("timeline of %d series holds %d events", len(d.Timeline.Series), total)
	}
	kinds := map[string]int{}
	for _, g := range d.Missing {
		kinds[g.Kind]++
		if g.Source == "cloudtrail" && (g.Kind != "logging stopped" || !g.From.Equal(time.Date(2026, 3, 10, 18, 2, 0, 0, time.UTC)) ||
			!g.To.Equal(time.Date(2026, 3, 10, 23, 40, 0, 0, time.UTC)) || !strings.HasSuffix(g.Detail, "by arn:aws:iam::111122223333:user/svc-monitor")) {
			t.Errorf("gap: %+v", g)
		}
	}
	// A trail, a flow log, a log group, a detector and a recorder were switched off; all holes are of these.
	if !maps.Equal(kinds, map[string]int{"logging stopped": 5, "SKIPDATA": 1, "NODATA": 1}) {
		t.Errorf("gaps: %v in %+v", kinds, d.Missing)
	}
	if len(d.Coverage.Rows) < 30 || len(d.Coverage.Gaps) == 0 || d.Coverage.Outside != 0 {
		t.Errorf("coverage: %d rows, %+v", len(d.Coverage.Rows), d.Coverage.Gaps)
	}

	// Every row comes from a record, which has the row's time.
	for _, f := range d.Findings {
		if len(f.Records) != len(f.Rows) {
			t.Fatalf("%s: %d records of %d rows", f.Hunt, len(f.Records), len(f.Rows))
		}
		for i, r := range f.Records {
			if f.Hunt == "ct-trail-impaired" && (r.FileID == 0 || r.Path == "" || r.Matches != 1) {
				t.Errorf("%s, row %d: %+v", f.Hunt, i, r)
			}
		}
	}
	// The made-up incident goes from a user to one role and from that to another.
	chain := map[string]bool{}
	for _, e := range d.Chains.Assumptions {
		chain[d.Chains.Actors[e.From].Name+" > "+d.Chains.Actors[e.To].Name] = true
	}
	for _, want := range []string{"arn:aws:iam::111122223333:user/backup-agent > arn:aws:iam::111122223333:role/DeployRole", "arn:aws:iam::111122223333:role/DeployRole > arn:aws:iam::111122223333:role/DataPipeline"} {
		if !chain[want] {
			t.Errorf("no %s in %v", want, chain)
		}
	}
	var out, in report.Flows
	for i := range d.Traffic.Out {
		out.Bytes, in.Bytes = out.Bytes+d.Traffic.Out[i].Bytes, in.Bytes+d.Traffic.In[i].Bytes
	}
	var wantOut, wantIn int64
	err = c.DB().QueryRow(`SELECT sum(CASE WHEN is_private_ip(srcaddr) THEN bytes END)::BIGINT, sum(CASE WHEN is_private_ip(dstaddr) THEN bytes END)::BIGINT
		FROM vpc_flow WHERE action = 'ACCEPT' AND is_private_ip(srcaddr) <> is_private_ip(dstaddr)`).Scan(&wantOut, &wantIn)
	if err != nil || !d.Traffic.Any || out.Bytes != wantOut || in.Bytes != wantIn || wantOut == 0 {
		t.Errorf("traffic: %d out, %d in, want %d and %d (%v)", out.Bytes, in.Bytes, wantOut, wantIn, err)
	}
	// What the report asked is told, with its rows.
	asked := map[string]int64{}
	for _, a := range d.Asked {
		asked[a.What] += a.Rows
		if a.SQL == "" || a.Elapsed <= 0 {
			t.Errorf("asked: %+v", a)
		}
	}
	if asked["count principals"] == 0 || asked["find the records"] == 0 || asked["measure traffic"] == 0 {
		t.Errorf("asked: %v", asked)
	}
	// A window holds for all but the ledger and the coverage; records are read again where that is asked for.
	reads := 0
	day, err := Collect(ctx, Options{Case: c, Sources: sources, Hunts: hunts, Now: now, Since: time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC),
		Original: func(_ context.Context, fileID, recordNo int64) ([]byte, error) {
			if reads++; reads == 1 {
				return nil, errors.New("gone")
			}
			return []byte(strings.Repeat("x", report.MaxOriginal+5)), nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range day.Principals {
		if p.First.Before(day.Since) {
			t.Errorf("before the window: %+v", p)
		}
	}
	if len(day.Sources) != 27 || !day.Timeline.Start.After(day.Since.Add(-time.Hour)) {
		t.Errorf("%d sources, timeline from %v", len(day.Sources), day.Timeline.Start)
	}
	seen := 0
	for _, f := range day.Findings {
		for _, r := range f.Records {
			if r.Why == "gone" || len(r.Text) == report.MaxOriginal && r.Cut == 5 {
				seen++
			}
		}
	}
	if reads == 0 || seen != reads {
		t.Errorf("%d records read again, %d in the report", reads, seen)
	}

	// Damaged copies of two of the files come later.
	loadFolder("../../testdata/damaged")
	d, err = Collect(ctx, Options{Case: c, Sources: sources, Hunts: hunts, Version: "test", Now: now})
	if err != nil {
		t.Fatal(err)
	}
	if r := aside(d); !maps.Equal(r, map[string]int{"unknown": 1, "cut off": 1, "broken": 1}) {
		t.Errorf("aside: %v in %+v", r, d.Aside)
	}
}
