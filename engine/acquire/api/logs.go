package api

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"logquarry/engine/acquire"
	"logquarry/engine/acquire/policy"
)

// Logs is what of CloudWatch Logs is wanted.
type Logs struct {
	// Groups are names of log groups, or patterns of them with * and ?; empty: all.
	Groups []string
	// Streams is the beginning of the names of the streams; empty: all.
	Streams string
	// Filter is a filter pattern of CloudWatch Logs; empty: all events.
	Filter string
	// Insights is a query of Logs Insights that chooses the events in place of
	// Filter and Streams; empty: none.
	Insights string
}

// groupsAtOnce is how many log groups of a Region are read at a time.
// CloudWatch Logs quotas: 5 to 10 calls of FilterLogEvents a second.
const groupsAtOnce = 4

// CloudWatchLogs fetches log events. Those of a group that cannot be read do not
// keep the others back.
func (f *Fetch) CloudWatchLogs(ctx context.Context, what Logs) (*Summary, error) {
	for _, g := range what.Groups {
		if _, err := path.Match(wild(g), ""); err != nil {
			return nil, &acquire.Error{Reason: fmt.Sprintf("log group %q is no pattern", g), Advice: "* stands for any text, ? for one character"}
		}
	}
	w, err := f.window(0)
	if err != nil {
		return nil, err
	}
	const top = "logs"
	found := map[string]int{}
	sum, err := f.everywhere(ctx, top, policy.DescribeLogGroups, func(ctx context.Context, region string) error {
		groups, err := f.logGroups(ctx, region, what.Groups)
		if err != nil {
			return err
		}
		f.mu.Lock()
		found[region] = len(groups)
		f.mu.Unlock()
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(groupsAtOnce)
		for _, group := range groups {
			g.Go(func() error {
				// Nothing of a group is older than it.
				w := w
				if w.Since.Before(group.made) {
					w.Since = group.made.Truncate(time.Second)
				}
				if !w.Since.Before(w.Until) {
					return nil
				}
				if what.Insights != "" {
					return f.insights(gctx, top, region, group, what.Insights, w)
				}
				return f.filter(gctx, top, region, group, what, w)
			})
		}
		return g.Wait()
	})
	if err == nil && len(sum.Failed) == 0 {
		n := 0
		for _, k := range found {
			n += k
		}
		if n == 0 {
			f.note("no log group has such a name in %s", strings.Join(sum.Regions, ", "))
		}
	}
	return sum, err
}

// logGroup is one that is there.
type logGroup struct {
	name string
	made time.Time
}

// logGroups are those of a Region whose names fit one of the patterns.
func (f *Fetch) logGroups(ctx context.Context, region string, patterns []string) ([]logGroup, error) {
	var all []logGroup
	in := map[string]any{}
	if len(patterns) == 1 {
		// What stands before the first sign of a pattern narrows the list.
		if before := patterns[0][:strings.IndexAny(patterns[0]+"*", "*?")]; before != "" {
			in["logGroupNamePrefix"] = before
		}
	}
	for {
		c := call{op: policy.DescribeLogGroups, region: region, in: in}
		got, err := f.ask(ctx, c)
		if err != nil {
			return nil, err
		}
		var out struct {
			LogGroups []struct {
				LogGroupName string
				CreationTime int64
			}
			NextToken string
		}
		if err := decode(c, got.body, &out); err != nil {
			return nil, err
		}
		f.count(region, 0, int64(len(got.body)))
		for _, g := range out.LogGroups {
			if len(patterns) == 0 || slices.ContainsFunc(patterns, func(p string) bool { return fits(p, g.LogGroupName) }) {
				all = append(all, logGroup{g.LogGroupName, time.UnixMilli(g.CreationTime).UTC()})
			}
		}
		if out.NextToken == "" {
			return all, nil
		}
		in = with(in, map[string]any{"nextToken": out.NextToken})
	}
}

// wild is a pattern for path.Match, in which slashes are signs like others.
func wild(pattern string) string { return strings.ReplaceAll(pattern, "/", "\x00") }

func fits(pattern, name string) bool {
	ok, err := path.Match(wild(pattern), wild(name))
	return ok && err == nil
}

// filter fetches the events of a group by FilterLogEvents, oldest first.
func (f *Fetch) filter(ctx context.Context, top, region string, group logGroup, what Logs, w span) error {
	op := policy.FilterLogEvents
	in := map[string]any{"logGroupName": group.name}
	if what.Streams != "" {
		in["logStreamNamePrefix"] = what.Streams
	}
	if what.Filter != "" {
		in["filterPattern"] = what.Filter
	}
	request, err := json.Marshal(in)
	if err != nil {
		return err
	}
	dir := fmt.Sprintf("%s/%s/%s/%s", top, f.account, region, safe(group.name))
	return f.survive(ctx, op, region, request, f.take(ctx, listing{
		key: about{op.Service, op.Name, region, f.account, string(request)}, log: group.name, grain: time.Millisecond,
		dir: dir, name: "events",
		page: func(ctx context.Context, w span, token string) (page, error) {
			// The end is included, to the millisecond.
			in := with(in, map[string]any{"startTime": w.Since.UnixMilli(), "endTime": w.Until.UnixMilli() - 1})
			if token != "" {
				in["nextToken"] = token
			}
			c := call{op: op, region: region, in: in}
			got, err := f.ask(ctx, c)
			if err != nil {
				return page{}, err
			}
			var out struct {
				Events    []struct{ Timestamp int64 }
				NextToken string
			}
			if err := decode(c, got.body, &out); err != nil {
				return page{}, err
			}
			p := page{answer: got, asked: in, items: int64(len(out.Events)), next: out.NextToken}
			for _, e := range out.Events {
				p.spread(time.UnixMilli(e.Timestamp).UTC())
			}
			return p, nil
		},
	}, w))
}

// mostRows is the most rows a query of Logs Insights gives. CloudWatch Logs User
// Guide, "Quotas".
const mostRows = 10000

// insights fetches what a query finds in a group. Where it finds as much as an
// answer may hold, the time is cut in two and asked for again, down to a second.
func (f *Fetch) insights(ctx context.Context, top, region string, group logGroup, query string, w span) error {
	op := policy.StartQuery
	wanted, err := json.Marshal(map[string]any{"logGroupName": group.name, "queryString": query})
	if err != nil {
		return err
	}
	key := about{op.Service, op.Name, region, f.account, string(wanted)}
	parts := f.missing(key, w)
	for len(parts) > 0 {
		part := parts[0]
		parts = parts[1:]
		got, asked, rows, err := f.query(ctx, region, group.name, query, part)
		if err != nil {
			return f.survive(ctx, op, region, wanted, err)
		}
		if rows >= mostRows {
			if half := part.Until.Sub(part.Since) / 2; half >= time.Second {
				middle := part.Since.Add(half).Truncate(time.Second)
				if !middle.After(part.Since) {
					middle = part.Since.Add(time.Second)
				}
				parts = append([]span{{part.Since, middle}, {middle, part.Until}}, parts...)
				continue
			}
			f.note("%s in %s: the query finds %d events or more in the second from %s on, which is all it gives: narrow it down", group.name, region, mostRows, part.Since.Format(time.RFC3339))
		}
		text, err := json.Marshal(asked)
		if err != nil {
			return err
		}
		out := f.file(fmt.Sprintf("%s/%s/%s/%s", top, f.account, region, safe(group.name)), key)
		if err := out.add(got, request{LogGroup: group.name, Parameters: text}, int64(rows)); err != nil {
			out.drop()
			return err
		}
		if err := f.finish(ctx, listing{key: key, name: "insights-" + short(query)}, out, part); err != nil {
			return err
		}
	}
	return nil
}

// query runs a query and waits for its end.
func (f *Fetch) query(ctx context.Context, region, group, query string, w span) (got answer, asked map[string]any, rows int, err error) {
	asked = map[string]any{"logGroupName": group, "queryString": query, "startTime": w.Since.Unix(), "endTime": w.Until.Unix() - 1, "limit": mostRows}
	c := call{op: policy.StartQuery, region: region, in: asked}
	begun, err := f.ask(ctx, c)
	if err != nil {
		return answer{}, nil, 0, err
	}
	var id struct{ QueryID string }
	if err := decode(c, begun.body, &id); err != nil {
		return answer{}, nil, 0, err
	}
	over := false
	defer func() {
		if over {
			return
		}
		// A query goes on, and costs, though nobody waits for it.
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if _, serr := f.ask(stop, call{op: policy.StopQuery, region: region, in: map[string]any{"queryId": id.QueryID}}); serr != nil && err == nil {
			err = serr
		}
	}()
	c = call{op: policy.GetQueryResults, region: region, in: map[string]any{"queryId": id.QueryID}}
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		if got, err = f.ask(ctx, c); err != nil {
			return answer{}, nil, 0, err
		}
		var out struct {
			Status  string
			Results []json.RawMessage
		}
		if err := decode(c, got.body, &out); err != nil {
			return answer{}, nil, 0, err
		}
		switch out.Status {
		case "Complete":
			over = true
			return got, asked, len(out.Results), nil
		case "Scheduled", "Running", "Unknown":
		default:
			over = true
			return answer{}, nil, 0, &acquire.Error{What: "CloudWatch Logs Insights of " + group + " in " + region, Reason: "the query ended as " + out.Status, Advice: "a shorter time, with --since and --until, takes less; a query may run for 60 minutes"}
		}
		if err := pause(ctx, wait); err != nil {
			return answer{}, nil, 0, err
		}
	}
}
