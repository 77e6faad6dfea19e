package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"logquarry/engine/acquire"
	"logquarry/engine/acquire/policy"
)

const (
	configTop = "config-history"
	// batch is how many resources make a file.
	batch = 50
	// batchesAtOnce is how many of them are asked for at a time in a Region.
	batchesAtOnce = 4
)

// deletedToo are types of which deleted resources are asked for though none is
// left: Config lists types only of what is there.
var deletedToo = []string{
	"AWS::CloudTrail::Trail", "AWS::EC2::EIP", "AWS::EC2::Instance", "AWS::EC2::NetworkInterface", "AWS::EC2::SecurityGroup", "AWS::EC2::Volume",
	"AWS::IAM::Group", "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::IAM::User", "AWS::KMS::Key", "AWS::Lambda::Function", "AWS::RDS::DBInstance", "AWS::S3::Bucket",
}

// ConfigHistory fetches the configuration items of the resources that Config has
// recorded, of all types or those named, deleted ones too. Where there is a Since,
// the last item before it comes as well: it says how things were then.
func (f *Fetch) ConfigHistory(ctx context.Context, types []string) (*Summary, error) {
	w, err := f.window(0)
	if err != nil {
		return nil, err
	}
	return f.everywhere(ctx, configTop, policy.GetResourceConfigHistory, func(ctx context.Context, region string) error {
		types := types
		if len(types) == 0 {
			found, err := f.recordedTypes(ctx, region)
			if err != nil {
				return err
			}
			types = append(found, deletedToo...)
			slices.Sort(types)
			types = slices.Compact(types)
		}
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(batchesAtOnce)
		for _, t := range types {
			if err := f.resources(gctx, g, region, t, w); err != nil {
				if werr := g.Wait(); werr != nil && ctx.Err() == nil {
					err = werr
				}
				return err
			}
		}
		return g.Wait()
	})
}

func (f *Fetch) recordedTypes(ctx context.Context, region string) (types []string, err error) {
	in := map[string]any{"limit": 100}
	for {
		c := call{op: policy.GetDiscoveredResourceCounts, region: region, in: in}
		got, err := f.ask(ctx, c)
		if err != nil {
			return nil, err
		}
		var out struct {
			ResourceCounts []struct{ ResourceType string }
			NextToken      string
		}
		if err := decode(c, got.body, &out); err != nil {
			return nil, err
		}
		f.count(region, 0, int64(len(got.body)))
		for _, r := range out.ResourceCounts {
			types = append(types, r.ResourceType)
		}
		if out.NextToken == "" {
			return types, nil
		}
		in = with(in, map[string]any{"nextToken": out.NextToken})
	}
}

// resources lists those of a type and has g fetch their items, a batch at a time.
func (f *Fetch) resources(ctx context.Context, g *errgroup.Group, region, kind string, w span) error {
	op := policy.GetResourceConfigHistory
	wanted, err := json.Marshal(map[string]any{"resourceType": kind})
	if err != nil {
		return err
	}
	key := about{op.Service, op.Name, region, f.account, string(wanted)}
	waiting := map[span][]string{}
	flush := func(part span) {
		ids := waiting[part]
		delete(waiting, part)
		g.Go(func() error { return f.survive(ctx, op, region, wanted, f.items(ctx, key, kind, ids, part)) })
	}
	in := map[string]any{"resourceType": kind, "includeDeletedResources": true, "limit": 100}
	for {
		c := call{op: policy.ListDiscoveredResources, region: region, in: in}
		got, err := f.ask(ctx, c)
		if err != nil {
			// A type that Config does not record in this Region has nothing here.
			if code := codeOf(err); code == "ValidationException" || code == "InvalidParameterValueException" {
				f.note("Config knows no resources of type %s in %s", kind, region)
				return nil
			}
			return err
		}
		var out struct {
			ResourceIdentifiers []struct{ ResourceID string }
			NextToken           string
		}
		if err := decode(c, got.body, &out); err != nil {
			return err
		}
		f.count(region, 0, int64(len(got.body)))
		for _, r := range out.ResourceIdentifiers {
			for _, part := range f.missingOf(key, r.ResourceID, w) {
				if waiting[part] = append(waiting[part], r.ResourceID); len(waiting[part]) == batch {
					flush(part)
				}
			}
		}
		if out.NextToken == "" {
			break
		}
		in = with(in, map[string]any{"nextToken": out.NextToken})
	}
	for part := range waiting {
		flush(part)
	}
	return nil
}

// codeOf is the code of a refusal.
func codeOf(err error) string {
	var e *acquire.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// missingOf is missing of one target.
func (f *Fetch) missingOf(key about, target string, w span) []span {
	f.mu.Lock()
	all := f.seen[key]
	f.mu.Unlock()
	var have []span
	for _, s := range all {
		if !slices.Contains(s.targets, target) {
			continue
		}
		if end := s.fetched.Add(-settled).Truncate(time.Second); s.window.Until.After(end) {
			s.window.Until = end
		}
		if s.window.Since.Before(s.window.Until) {
			have = append(have, s.window)
		}
	}
	rest := w.without(have)
	if len(rest) == 0 || rest[0] != w {
		f.mu.Lock()
		f.sum.Kept++
		f.mu.Unlock()
	}
	return rest
}

// items fetches the configuration items of some resources into one file.
func (f *Fetch) items(ctx context.Context, key about, kind string, ids []string, w span) error {
	out := f.file(fmt.Sprintf("%s/%s/%s/%s", configTop, f.account, key.region, safe(strings.ReplaceAll(kind, "::", "-"))), key)
	defer out.drop()
	for _, id := range ids {
		asks := []map[string]any{{"laterTime": w.Until.Unix() - 1, "chronologicalOrder": "Forward", "limit": 100}}
		if !f.Since.IsZero() {
			asks[0]["earlierTime"] = w.Since.Unix()
			asks = append(asks, map[string]any{"laterTime": w.Since.Unix() - 1, "chronologicalOrder": "Reverse", "limit": 1})
		}
		for i, in := range asks {
			in["resourceType"], in["resourceId"] = kind, id
			for {
				c := call{op: policy.GetResourceConfigHistory, region: key.region, in: in}
				got, err := f.ask(ctx, c)
				if codeOf(err) == "ResourceNotDiscoveredException" {
					break
				}
				if err != nil {
					return err
				}
				var answer struct {
					ConfigurationItems []json.RawMessage
					NextToken          string
				}
				if err := decode(c, got.body, &answer); err != nil {
					return err
				}
				text, err := json.Marshal(in)
				if err != nil {
					return err
				}
				if err := out.add(got, request{Parameters: text}, int64(len(answer.ConfigurationItems))); err != nil {
					return err
				}
				if answer.NextToken == "" || i > 0 {
					break
				}
				in = with(in, map[string]any{"nextToken": answer.NextToken})
			}
		}
	}
	name := safe(ids[0]) + "_" + w.Since.Format(stamp) + "_" + w.Until.Format(stamp) + ending
	return out.end(ctx, name, parameters{Window: w, Request: json.RawMessage(key.request), Targets: ids})
}

// fresh is how long what was fetched of a state that is asked for as it is now
// stands for it: a run that was killed goes on, and one the day after asks anew.
const fresh = time.Hour

// current reports whether such a state was fetched just now.
func (f *Fetch) current(key about) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.seen[key] {
		if f.now().Sub(s.fetched) < fresh {
			f.sum.Kept++
			return true
		}
	}
	return false
}

// state fetches a state as it is now into one file: ask gives the pages, one call
// after the other, until token is empty again.
func (f *Fetch) state(ctx context.Context, top string, key about, ask func(ctx context.Context, token string) (page, error)) error {
	if f.current(key) {
		return nil
	}
	out := f.file(fmt.Sprintf("%s/%s/%s", top, f.account, key.region), key)
	defer out.drop()
	for token := ""; ; {
		p, err := ask(ctx, token)
		if err != nil {
			return err
		}
		text, err := json.Marshal(p.asked)
		if err != nil {
			return err
		}
		if err := out.add(p.answer, request{Parameters: text, XML: p.xml}, p.items); err != nil {
			return err
		}
		if token = p.next; token == "" {
			break
		}
	}
	return out.end(ctx, key.operation+"_"+out.at.Format(stamp)+ending, parameters{Request: json.RawMessage(key.request)})
}

// pages makes a state's ask of a call whose answers have an array of items and a
// token.
func (f *Fetch) pages(c call, items string) func(ctx context.Context, token string) (page, error) {
	in := c.in
	return func(ctx context.Context, token string) (page, error) {
		c := c
		if c.in = in; token != "" {
			c.in = with(in, map[string]any{"NextToken": token})
		}
		got, err := f.ask(ctx, c)
		if err != nil {
			return page{}, err
		}
		var out map[string]json.RawMessage
		if err := decode(c, got.body, &out); err != nil {
			return page{}, err
		}
		p := page{answer: got, asked: c.in}
		var list []json.RawMessage
		if text := out[items]; text != nil {
			if err := decode(c, text, &list); err != nil {
				return page{}, err
			}
		}
		if text := out["NextToken"]; text != nil {
			if err := decode(c, text, &p.next); err != nil {
				return page{}, err
			}
		}
		p.items = int64(len(list))
		return p, nil
	}
}

// ConfigRules fetches what Config's rules say of each resource now.
func (f *Fetch) ConfigRules(ctx context.Context) (*Summary, error) {
	op := policy.GetComplianceDetailsByConfigRule
	return f.everywhere(ctx, configTop, op, func(ctx context.Context, region string) error {
		in := map[string]any{}
		for {
			c := call{op: policy.DescribeConfigRules, region: region, in: in}
			got, err := f.ask(ctx, c)
			if err != nil {
				return err
			}
			var out struct {
				ConfigRules []struct{ ConfigRuleName string }
				NextToken   string
			}
			if err := decode(c, got.body, &out); err != nil {
				return err
			}
			f.count(region, 0, int64(len(got.body)))
			for _, r := range out.ConfigRules {
				wanted, err := json.Marshal(map[string]any{"ConfigRuleName": r.ConfigRuleName})
				if err != nil {
					return err
				}
				key := about{op.Service, op.Name, region, f.account, string(wanted)}
				ask := f.pages(call{op: op, region: region, in: map[string]any{"ConfigRuleName": r.ConfigRuleName, "Limit": 100}}, "EvaluationResults")
				if err := f.survive(ctx, op, region, wanted, f.state(ctx, configTop, key, ask)); err != nil {
					return err
				}
			}
			if out.NextToken == "" {
				return nil
			}
			in = with(in, map[string]any{"NextToken": out.NextToken})
		}
	})
}

// Expression is the query an aggregator is asked where none is given: what a
// configuration item has. Config Developer Guide, "Querying the current
// configuration state": all of it has to be named.
const Expression = "SELECT version, accountId, configurationItemCaptureTime, configurationItemStatus, configurationStateId, arn, resourceType, resourceId, resourceName, awsRegion, availabilityZone, resourceCreationTime, tags, relationships, configuration, supplementaryConfiguration"

// ConfigAggregator fetches what an aggregator has of the resources of its accounts
// and Regions as they are now; expression empty: all of them.
func (f *Fetch) ConfigAggregator(ctx context.Context, aggregator, expression string) (*Summary, error) {
	if expression == "" {
		expression = Expression
	}
	if len(f.Regions) == 0 {
		// An aggregator is in one Region, and asked there.
		cfg, err := f.Session.Config(ctx, "")
		if err != nil {
			return nil, err
		}
		f.Regions = []string{cfg.Region}
		defer func() { f.Regions = nil }()
	}
	op := policy.SelectAggregateResourceConfig
	return f.everywhere(ctx, configTop, op, func(ctx context.Context, region string) error {
		in := map[string]any{"ConfigurationAggregatorName": aggregator, "Expression": expression}
		wanted, err := json.Marshal(in)
		if err != nil {
			return err
		}
		key := about{op.Service, op.Name, region, f.account, string(wanted)}
		return f.state(ctx, configTop, key, f.pages(call{op: op, region: region, in: with(in, map[string]any{"Limit": 100})}, "Results"))
	})
}

// DeliverSnapshot has Config write a snapshot of everything it records into the
// bucket of its delivery channel. This changes the account: it makes an object, and
// CloudTrail has the call. Where the snapshot will lie stands in the notes.
func (f *Fetch) DeliverSnapshot(ctx context.Context) (*Summary, error) {
	op := policy.DeliverConfigSnapshot
	return f.everywhere(ctx, configTop, op, func(ctx context.Context, region string) error {
		c := call{op: policy.DescribeDeliveryChannels, region: region, in: map[string]any{}}
		got, err := f.ask(ctx, c)
		if err != nil {
			return err
		}
		var out struct {
			DeliveryChannels []struct{ Name, S3BucketName, S3KeyPrefix string }
		}
		if err := decode(c, got.body, &out); err != nil {
			return err
		}
		f.count(region, 0, int64(len(got.body)))
		if len(out.DeliveryChannels) == 0 {
			f.note("Config has no delivery channel in %s: no snapshot there", region)
		}
		for _, ch := range out.DeliveryChannels {
			in := map[string]any{"deliveryChannelName": ch.Name}
			wanted, err := json.Marshal(in)
			if err != nil {
				return err
			}
			key := about{op.Service, op.Name, region, f.account, string(wanted)}
			if f.current(key) {
				continue
			}
			c := call{op: op, region: region, in: in}
			got, err := f.ask(ctx, c)
			if err != nil {
				return err
			}
			var id struct{ ConfigSnapshotID string }
			if err := decode(c, got.body, &id); err != nil {
				return err
			}
			// The answer is no evidence but of itself.
			file := f.file("", key)
			if err := file.add(got, request{}, 0); err != nil {
				return err
			}
			if err := file.end(ctx, "", parameters{Request: wanted, Targets: []string{id.ConfigSnapshotID}}); err != nil {
				return err
			}
			prefix := ""
			if ch.S3KeyPrefix != "" {
				prefix = " --prefix " + ch.S3KeyPrefix
			}
			f.note("Config delivers snapshot %s of %s; in some minutes: quarry fetch config --bucket %s%s --region %s --account %s --since 1h", id.ConfigSnapshotID, region, ch.S3BucketName, prefix, region, f.account)
		}
		return nil
	})
}
