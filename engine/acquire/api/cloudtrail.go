package api

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"logquarry/engine/acquire"
	"logquarry/engine/acquire/policy"
)

// LookupEvents. CloudTrail User Guide, "Working with CloudTrail event history", and
// API Reference: 90 days, 50 events a page, two requests a second in an account and
// Region, newest first.
const (
	historyDays  = 90 * 24 * time.Hour
	historyPace  = 500 * time.Millisecond
	historyItems = 50
)

// Lookup is what of the event history is wanted. The zero value is all management
// events.
type Lookup struct {
	// Attribute and Value choose events by one attribute, such as Username and
	// alice; LookupEvents takes no more than one.
	Attribute, Value string
	// Insights asks for Insights events in place of management events.
	Insights bool
}

// LookupAttributes are those of LookupEvents.
var LookupAttributes = []string{"AccessKeyId", "EventId", "EventName", "EventSource", "ReadOnly", "ResourceName", "ResourceType", "Username"}

// CloudTrailHistory fetches CloudTrail's event history, for which no trail is
// needed. The newest Since may be is 90 days ago.
func (f *Fetch) CloudTrailHistory(ctx context.Context, what Lookup) (*Summary, error) {
	w, err := f.window(historyDays)
	if err != nil {
		return nil, err
	}
	in := map[string]any{}
	if what.Attribute != "" {
		in["LookupAttributes"] = []map[string]string{{"AttributeKey": what.Attribute, "AttributeValue": what.Value}}
	}
	if what.Insights {
		in["EventCategory"] = "insight"
	}
	request, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	const top = "cloudtrail-history"
	op := policy.LookupEvents
	return f.everywhere(ctx, top, op, func(ctx context.Context, region string) error {
		return f.take(ctx, listing{
			key: about{op.Service, op.Name, region, f.account, string(request)}, newest: true, grain: time.Second,
			dir: fmt.Sprintf("%s/%s/%s", top, f.account, region), name: fmt.Sprintf("%s_%s_%s", f.account, top, region),
			page: func(ctx context.Context, w span, token string) (page, error) {
				// Both ends are included, to the second.
				in := with(in, map[string]any{"StartTime": w.Since.Unix(), "EndTime": w.Until.Unix() - 1, "MaxResults": historyItems})
				return f.lookup(ctx, call{op: op, region: region, in: in}, token)
			},
		}, w)
	})
}

func (f *Fetch) lookup(ctx context.Context, c call, token string) (page, error) {
	if token != "" {
		c.in["NextToken"] = token
	}
	if err := f.paceOf(c.region).wait(ctx); err != nil {
		return page{}, err
	}
	got, err := f.ask(ctx, c)
	if err != nil {
		return page{}, err
	}
	var out struct {
		Events []struct {
			EventTime json.Number
		}
		NextToken string
	}
	if err := decode(c, got.body, &out); err != nil {
		return page{}, err
	}
	p := page{answer: got, asked: c.in, items: int64(len(out.Events)), next: out.NextToken}
	for _, e := range out.Events {
		s, err := e.EventTime.Float64()
		if err != nil {
			p.loose = true
			continue
		}
		p.spread(time.UnixMilli(int64(s * 1000)).UTC())
	}
	return p, nil
}

// paceOf is the pace of LookupEvents in a Region.
func (f *Fetch) paceOf(region string) *pace {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.paces == nil {
		f.paces = map[string]*pace{}
	}
	if f.paces[region] == nil {
		gap := f.Pace
		if gap == 0 {
			gap = historyPace
		}
		f.paces[region] = &pace{gap: gap}
	}
	return f.paces[region]
}

// spread takes up the time of an item.
func (p *page) spread(at time.Time) {
	if p.first.IsZero() || at.Before(p.first) {
		p.first = at
	}
	if p.last.IsZero() || at.After(p.last) {
		p.last = at
	}
}

// decode reads what of an answer is needed to ask on.
func decode(c call, body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		return unreadable(c, err)
	}
	return nil
}

func unreadable(c call, err error) error {
	return &acquire.Error{What: services[c.op.Service].name + " " + c.op.Name + " in " + c.region, Reason: "the answer cannot be read: " + err.Error(), Err: err}
}

// with are parameters and more of them.
func with(in, more map[string]any) map[string]any {
	all := map[string]any{}
	for k, v := range in {
		all[k] = v
	}
	for k, v := range more {
		all[k] = v
	}
	return all
}
