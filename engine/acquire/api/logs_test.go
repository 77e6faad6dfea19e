package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const flow = "2 111122223333 eni-0a1b2c3d4e5f60718 192.0.2.10 198.51.100.7 49152 443 6 20 4249 1773129600 1773129660 ACCEPT OK"

// filterLog is FilterLogEvents over events of the last day, two a page.
func filterLog(n int, message string) func(string, map[string]any) any {
	return func(_ string, in map[string]any) any {
		from, to, skip := number(in, "startTime"), number(in, "endTime"), 0
		if token, ok := in["nextToken"].(string); ok {
			fmt.Sscanf(token, "after-%d", &skip)
		}
		all := []event{}
		for i := range n {
			at := now.Add(-24*time.Hour + time.Duration(i)*time.Minute).UnixMilli()
			if at >= from && at <= to {
				all = append(all, event{"logStreamName": "s", "timestamp": at, "ingestionTime": at + 1, "eventId": fmt.Sprint(i), "message": message})
			}
		}
		out := map[string]any{"events": all[min(skip, len(all)):min(skip+2, len(all))], "searchedLogStreams": []any{}}
		if skip+2 < len(all) {
			out["nextToken"] = fmt.Sprintf("after-%d", skip+2)
		}
		return out
	}
}

func logGroups(names ...string) func(string, map[string]any) any {
	return func(_ string, in map[string]any) any {
		var list []event
		for _, n := range names {
			if before, _ := in["logGroupNamePrefix"].(string); strings.HasPrefix(n, before) {
				list = append(list, event{"logGroupName": n, "creationTime": now.Add(-30 * 24 * time.Hour).UnixMilli()})
			}
		}
		return map[string]any{"logGroups": list}
	}
}

func TestLogs(t *testing.T) {
	a := &cloud{t: t, regions: []string{"eu-west-1"}}
	a.answers = map[string]func(string, map[string]any) any{
		"logs DescribeLogGroups": logGroups("/aws/rds/instance/shop/audit", "/aws/rds/instance/shop/error", "flows", "secret"),
		"logs FilterLogEvents": func(region string, in map[string]any) any {
			switch in["logGroupName"] {
			case "flows":
				return filterLog(9, flow)(region, in)
			case "/aws/rds/instance/shop/audit":
				return filterLog(3, `20260309 12:00:00,ip-192-0-2-5,alice,192.0.2.9,27,1023,QUERY,appdb,'select 1',0`)(region, in)
			case "/aws/rds/instance/shop/error":
				return filterLog(0, "")(region, in)
			}
			panic(refused{400, "AccessDeniedException", "not authorized to perform: logs:FilterLogEvents"})
		},
	}
	dir := t.TempDir()
	f := open(t, a.serve(), dir)
	f.Since, f.Until = now.Add(-48*time.Hour), now.Add(-2*time.Hour)
	sum, err := f.CloudWatchLogs(t.Context(), Logs{})
	if err != nil {
		t.Fatal(err)
	}
	if sum.Items != 12 || len(sum.Failed) != 1 || !strings.Contains(sum.Failed[0].Error(), "logs:FilterLogEvents") {
		t.Errorf("%+v", sum)
	}
	groups := map[string]int{}
	for _, list := range lines(t, dir) {
		for _, line := range list {
			var page struct {
				Request request `json:"@request"`
				Events  []event
			}
			if err := json.Unmarshal([]byte(line), &page); err != nil {
				t.Fatal(err)
			}
			groups[page.Request.LogGroup] += len(page.Events)
		}
	}
	if d := cmp.Diff(map[string]int{"/aws/rds/instance/shop/audit": 3, "flows": 9}, groups); d != "" {
		t.Errorf("events by group (-want +got):\n%s", d)
	}
	// The loader tells each group's messages.
	for path, source := range sourcesOf(t, dir) {
		want := "vpc_flow"
		if strings.Contains(path, "rds") {
			want = "rds_audit"
		}
		if source != want {
			t.Errorf("%s is taken for %s", path, source)
		}
	}
	before := a.count("logs FilterLogEvents")
	f = again(t, f)
	if sum, err = f.CloudWatchLogs(t.Context(), Logs{}); err != nil || sum.Items != 0 || a.count("logs FilterLogEvents") != before+1 {
		t.Errorf("again: %+v, %v, %d calls", sum, err, a.count("logs FilterLogEvents")-before)
	}
	// What fits a pattern alone; none is said.
	f = again(t, f)
	f.Since = now.Add(-100 * time.Hour)
	if _, err := f.CloudWatchLogs(t.Context(), Logs{Groups: []string{"/aws/rds/*/au?it"}}); err != nil {
		t.Fatal(err)
	}
	last := a.calls[len(a.calls)-1]
	if last.in["logGroupName"] != "/aws/rds/instance/shop/audit" || a.count("logs FilterLogEvents") != before+2 {
		t.Errorf("%+v", last)
	}
	f = again(t, f)
	if sum, err = f.CloudWatchLogs(t.Context(), Logs{Groups: []string{"nobody*"}}); err != nil || len(sum.Notes) != 1 {
		t.Errorf("%+v, %v", sum, err)
	}
	if _, err := f.CloudWatchLogs(t.Context(), Logs{Groups: []string{"[a"}}); err == nil {
		t.Error("a broken pattern is taken")
	}
}

// TestInsights: what finds more than an answer holds is cut in two, until it fits.
func TestInsights(t *testing.T) {
	queries := map[string]span{}
	stopped := 0
	// One event a second; at one second more than an answer holds.
	burst := now.Add(-3 * time.Hour)
	found := func(s span) int {
		n := int(s.Until.Sub(s.Since) / time.Second)
		if !burst.Before(s.Since) && burst.Before(s.Until) {
			n += mostRows
		}
		return min(n, mostRows)
	}
	a := &cloud{t: t, regions: []string{"eu-west-1"}}
	polls := 0
	a.answers = map[string]func(string, map[string]any) any{
		"logs DescribeLogGroups": logGroups("/g"),
		"logs StartQuery": func(_ string, in map[string]any) any {
			id := fmt.Sprint("q-", len(queries))
			queries[id] = span{time.Unix(number(in, "startTime"), 0).UTC(), time.Unix(number(in, "endTime")+1, 0).UTC()}
			if in["queryString"] != "filter 1" || number(in, "limit") != mostRows {
				t.Errorf("%v", in)
			}
			return event{"queryId": id}
		},
		"logs GetQueryResults": func(_ string, in map[string]any) any {
			if polls++; polls == 1 {
				return event{"status": "Running", "results": []any{}}
			}
			const row = `,[{"field":"@timestamp","value":"2026-03-10 09:00:00.000"},{"field":"@message","value":"` + flow + `"}]`
			rows := strings.Repeat(row, found(queries[in["queryId"].(string)]))
			return `{"status":"Complete","results":[` + strings.TrimPrefix(rows, ",") + `]}`
		},
		"logs StopQuery": func(string, map[string]any) any { stopped++; return event{} },
	}
	dir := t.TempDir()
	f := open(t, a.serve(), dir)
	f.Since, f.Until = burst.Add(-5000*time.Second), burst.Add(7000*time.Second)
	sum, err := f.CloudWatchLogs(t.Context(), Logs{Insights: "filter 1"})
	if err != nil || len(sum.Failed) > 0 {
		t.Fatalf("%+v, %v", sum, err)
	}
	// 11,999 seconds of one event, and the one of which there is no more to be had.
	if sum.Items != 11999+mostRows || len(sum.Notes) != 1 || !strings.Contains(sum.Notes[0], burst.Format(time.RFC3339)) || stopped > 0 {
		t.Errorf("%+v", sum)
	}
	for path, source := range sourcesOf(t, dir) {
		if source != "vpc_flow" {
			t.Errorf("%s is taken for %s", path, source)
		}
	}
	// The windows of the files are the whole, without a hole.
	var have []span
	for _, e := range entries(t, dir) {
		var p parameters
		if err := json.Unmarshal(e.API.Parameters, &p); err != nil {
			t.Fatal(err)
		}
		have = append(have, p.Window)
	}
	if rest := (span{f.Since, f.Until}).without(have); len(rest) > 0 {
		t.Errorf("missing %v", rest)
	}
	before := len(queries)
	f = again(t, f)
	if _, err := f.CloudWatchLogs(t.Context(), Logs{Insights: "filter 1"}); err != nil || len(queries) != before {
		t.Errorf("asked again: %v", err)
	}
	// A query that nobody waits for any more is stopped.
	f = again(t, f)
	a.answers["logs GetQueryResults"] = func(string, map[string]any) any {
		panic(refused{400, "AccessDeniedException", "not authorized to perform: logs:GetQueryResults"})
	}
	a.answers["logs StartQuery"] = func(string, map[string]any) any { return event{"queryId": "q"} }
	if sum, err := f.CloudWatchLogs(t.Context(), Logs{Insights: "filter 2"}); err != nil || len(sum.Failed) != 1 || stopped != 1 {
		t.Errorf("%+v, %v, %d stopped", sum, err, stopped)
	}
}
