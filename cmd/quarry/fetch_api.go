package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"logquarry/engine/acquire/api"
	"logquarry/engine/acquire/layout"
	"logquarry/engine/load"
	"logquarry/engine/manifest"
	"logquarry/engine/render"
)

// apiQuestion is what an API is asked.
type apiQuestion func(ctx context.Context, f *api.Fetch) (*api.Summary, error)

// fetchAPIs are the commands that ask APIs.
func (a *app) fetchAPIs(f *fetchFlags) []*cobra.Command {
	return []*cobra.Command{a.fetchHistory(f), a.fetchLogEvents(f), a.fetchConfig(f), a.fetchGuardDuty(f), a.fetchSecurityHub(f), a.fetchInventory(f)}
}

// apiCommand makes the rest of such a command: asked gives what is asked, and the
// wishes that the policy is told.
func (a *app) apiCommand(f *fetchFlags, c *cobra.Command, asked func() ([]apiQuestion, []string, error)) *cobra.Command {
	var regions []string
	c.GroupID = fromAPIs
	c.Flags().StringSliceVar(&regions, "regions", nil, "`regions` to ask (default all that are enabled)")
	c.RunE = func(c *cobra.Command, args []string) error {
		questions, wishes, err := asked()
		if err != nil {
			return err
		}
		if f.policy {
			return a.printPolicy(f, append([]string{c.Name()}, args...), regions, wishes...)
		}
		if len(args) > 0 {
			return usage(c.CommandPath()+" --help lists the flags", "%s takes no %q: what is wanted is said by flags", c.CommandPath(), args[0])
		}
		if f.dryRun {
			return usage("quarry fetch KIND --bucket BUCKET --dry-run", "--dry-run is for objects in buckets: an API is free, and says what it has only when asked")
		}
		if len(regions) == 0 && f.session.Region != "" {
			regions = []string{f.session.Region}
		}
		if err := layout.CheckRegions(regions); err != nil {
			return wanted(err)
		}
		return a.askAPI(c.Context(), f, regions, questions)
	}
	return c
}

func (a *app) fetchHistory(f *fetchFlags) *cobra.Command {
	var attribute string
	var what api.Lookup
	c := &cobra.Command{
		Use:   "cloudtrail-history",
		Short: "CloudTrail's event history: management events of 90 days, without a trail",
		Long: `fetch cloudtrail-history asks CloudTrail for its event history (LookupEvents), which
every account has for 90 days, without a trail. All enabled Regions are asked at
once, each as fast as AWS allows: 100 events a second. Data events are not in it.

It goes on where it was when it is run again, and asks for what is new.`,
		Example: `  quarry fetch cloudtrail-history
  quarry fetch cloudtrail-history --since 7d --regions eu-west-1,us-east-1
  quarry fetch cloudtrail-history --attribute Username=alice
  quarry fetch cloudtrail-history --policy`,
	}
	c.Flags().StringVar(&attribute, "attribute", "", "only events with this `name=value`, of "+strings.Join(api.LookupAttributes, ", "))
	c.Flags().BoolVar(&what.Insights, "insights-events", false, "Insights events in place of management events")
	return a.apiCommand(f, c, func() ([]apiQuestion, []string, error) {
		if attribute != "" {
			var ok bool
			if what.Attribute, what.Value, ok = strings.Cut(attribute, "="); !ok || !slices.Contains(api.LookupAttributes, what.Attribute) || what.Value == "" {
				return nil, nil, usage("NAME=VALUE, where NAME is one of "+strings.Join(api.LookupAttributes, ", "), "--attribute %s: not an attribute of events", attribute)
			}
		}
		return []apiQuestion{func(ctx context.Context, f *api.Fetch) (*api.Summary, error) { return f.CloudTrailHistory(ctx, what) }}, nil, nil
	})
}

func (a *app) fetchLogEvents(f *fetchFlags) *cobra.Command {
	var what api.Logs
	c := &cobra.Command{
		Use:   "logs",
		Short: "CloudWatch Logs: events of log groups, or what Logs Insights finds",
		Long: `fetch logs reads the events of log groups (FilterLogEvents), of all or those whose
names fit a pattern. With --insights the events are those a query of Logs Insights
finds, which is cheaper to read out of a large group: where it finds more than the
10,000 an answer may hold, the time is cut in two until it fits. Insights bills
what a query scans.`,
		Example: `  quarry fetch logs --group '/aws/eks/*/cluster' --since 2d
  quarry fetch logs --group vpc-flows --streams eni-0a1b --since 6h --regions eu-west-1
  quarry fetch logs --group vpc-flows --since 7d --insights 'fields @timestamp, @message | filter @message like "203.0.113.7"'`,
	}
	c.Flags().StringSliceVar(&what.Groups, "group", nil, "`pattern` of the names of log groups; * is any text (default all)")
	c.Flags().StringVar(&what.Streams, "streams", "", "only streams whose names begin with this `text`")
	c.Flags().StringVar(&what.Filter, "filter", "", "only events that fit this filter `pattern` of CloudWatch Logs")
	c.Flags().StringVar(&what.Insights, "insights", "", "only events that this `query` of Logs Insights finds")
	return a.apiCommand(f, c, func() ([]apiQuestion, []string, error) {
		var wishes []string
		if what.Insights != "" {
			if what.Filter != "" || what.Streams != "" {
				return nil, nil, usage("write them into the query: filter @logStream like /^eni-0a1b/", "--insights does without --filter and --streams")
			}
			wishes = []string{"insights"}
		}
		return []apiQuestion{func(ctx context.Context, f *api.Fetch) (*api.Summary, error) { return f.CloudWatchLogs(ctx, what) }}, wishes, nil
	})
}

func (a *app) fetchConfig(f *fetchFlags) *cobra.Command {
	var types []string
	var rules, deliver bool
	var aggregator, expression string
	c := &cobra.Command{
		Use:   "config-history",
		Short: "AWS Config: what resources looked like, evaluations of rules, an aggregator",
		Long: `fetch config-history asks Config for the configuration items of every resource it
has recorded, deleted ones too (GetResourceConfigHistory). With --since the last
item before it comes as well: it says how things were then.

--rules asks for what Config's rules say of each resource now, --aggregator for the
resources an aggregator has of all its accounts and Regions now, both in place of
the history. --deliver-snapshot has Config write a snapshot into its bucket: that
changes the account, and CloudTrail will have the call.`,
		Example: `  quarry fetch config-history --since 7d --type AWS::EC2::SecurityGroup,AWS::IAM::Role
  quarry fetch config-history --rules --regions eu-west-1
  quarry fetch config-history --aggregator org --region eu-west-1
  quarry fetch config-history --deliver-snapshot --regions eu-west-1`,
	}
	c.Flags().StringSliceVar(&types, "type", nil, "only resources of these `types` (default all there are)")
	c.Flags().BoolVar(&rules, "rules", false, "what Config's rules say now")
	c.Flags().StringVar(&aggregator, "aggregator", "", "what this aggregator, by `name`, has now")
	c.Flags().StringVar(&expression, "expression", "", "`query` for the aggregator (default all resources, whole)")
	c.Flags().BoolVar(&deliver, "deliver-snapshot", false, "have Config write a snapshot into its bucket; this changes the account")
	return a.apiCommand(f, c, func() (all []apiQuestion, wishes []string, err error) {
		if expression != "" && aggregator == "" {
			return nil, nil, usage("--aggregator NAME", "--expression is for an aggregator")
		}
		if rules {
			all = append(all, func(ctx context.Context, f *api.Fetch) (*api.Summary, error) { return f.ConfigRules(ctx) })
			wishes = append(wishes, "rules")
		}
		if aggregator != "" {
			all = append(all, func(ctx context.Context, f *api.Fetch) (*api.Summary, error) {
				return f.ConfigAggregator(ctx, aggregator, expression)
			})
			wishes = append(wishes, "aggregator")
		}
		if deliver {
			all = append(all, func(ctx context.Context, f *api.Fetch) (*api.Summary, error) { return f.DeliverSnapshot(ctx) })
			wishes = append(wishes, "deliver-snapshot")
		}
		switch {
		case all == nil:
			all = append(all, func(ctx context.Context, f *api.Fetch) (*api.Summary, error) { return f.ConfigHistory(ctx, types) })
		case len(types) > 0:
			return nil, nil, usage("", "--type is for the history, which --rules, --aggregator and --deliver-snapshot take the place of")
		}
		return all, wishes, nil
	})
}

func (a *app) fetchGuardDuty(f *fetchFlags) *cobra.Command {
	c := &cobra.Command{
		Use:   "guardduty-findings",
		Short: "GuardDuty: findings updated in the time, archived ones too",
		Long: `fetch guardduty-findings asks every detector for the findings that were updated
between --since and --until, which GuardDuty keeps for 90 days.`,
		Example: `  quarry fetch guardduty-findings --since 30d`,
	}
	return a.apiCommand(f, c, func() ([]apiQuestion, []string, error) {
		return []apiQuestion{func(ctx context.Context, f *api.Fetch) (*api.Summary, error) { return f.GuardDuty(ctx) }}, nil, nil
	})
}

func (a *app) fetchSecurityHub(f *fetchFlags) *cobra.Command {
	c := &cobra.Command{
		Use:   "securityhub-findings",
		Short: "Security Hub: findings updated in the time",
		Long: `fetch securityhub-findings asks Security Hub for the findings that were updated
between --since and --until. An administrator's account has those of its members.`,
		Example: `  quarry fetch securityhub-findings --since 30d --regions eu-west-1`,
	}
	return a.apiCommand(f, c, func() ([]apiQuestion, []string, error) {
		return []apiQuestion{func(ctx context.Context, f *api.Fetch) (*api.Summary, error) { return f.SecurityHub(ctx) }}, nil, nil
	})
}

func (a *app) fetchInventory(f *fetchFlags) *cobra.Command {
	c := &cobra.Command{
		Use:   "ec2-inventory",
		Short: "EC2: network interfaces and elastic addresses, so that ip_owner knows them",
		Long: `fetch ec2-inventory asks EC2 for the network interfaces and elastic addresses there
are now. Loaded, they tell who holds an address (the views ip_owner, ec2_interfaces
and ec2_addresses). Ask early: what an attacker took down is not in it any more.`,
		Example: `  quarry fetch ec2-inventory
  quarry load evidence
  quarry -e "SELECT owner, interface_id FROM ip_owner WHERE ip = '10.0.0.5'"`,
	}
	return a.apiCommand(f, c, func() ([]apiQuestion, []string, error) {
		return []apiQuestion{func(ctx context.Context, f *api.Fetch) (*api.Summary, error) { return f.EC2Inventory(ctx) }}, nil, nil
	})
}

// asked is what asking came to.
type asked struct {
	Folder string `json:"folder"`
	api.Summary
	Problems []string      `json:"problems"`
	Seconds  float64       `json:"seconds"`
	Load     *load.Summary `json:"load,omitempty"`
}

// askAPI asks the questions one after the other, into the evidence folder.
func (a *app) askAPI(ctx context.Context, f *fetchFlags, regions []string, questions []apiQuestion) (err error) {
	dir, err := a.folder(f)
	if err != nil {
		return err
	}
	start := time.Now()
	fetch := &api.Fetch{Session: f.authenticate(a), Dir: dir, Regions: regions}
	if fetch.Since, fetch.Until, err = window(f.since, f.until, start); err != nil {
		return err
	}
	if fetch.Log, err = manifest.Open(dir, manifest.Options{Each: fetch.Seen}); err != nil {
		if errors.Is(err, manifest.ErrBusy) {
			err = &hinted{err, "wait for it, or fetch --into another folder"}
		}
		return err
	}
	defer func() {
		if cerr := fetch.Log.Close(); err == nil {
			err = cerr
		}
	}()
	l, err := a.follow(ctx, f, dir)
	if err != nil {
		return err
	}
	if l != nil {
		fetch.Each = l.take
	}
	var items, size atomic.Int64
	fetch.Progress = func(p api.Progress) { items.Add(p.Items); size.Add(p.Bytes) }
	stop := func() {}
	if a.showsProgress() {
		stop = a.ticking(func(now time.Time) {
			n := items.Load()
			fmt.Fprintf(a.err, "%s%s records, %s, %s/s", eraseLine, render.Thousands(n), render.Size(size.Load()), render.Thousands(int64(float64(n)/max(0.2, now.Sub(start).Seconds()))))
		})
	}
	done := asked{Folder: dir, Problems: []string{}}
	for _, q := range questions {
		sum, qerr := q(ctx, fetch)
		if sum != nil {
			done.add(sum)
		}
		if err = qerr; err != nil {
			break
		}
	}
	in, lerr := l.end(ctx, err)
	done.Load = in.summary()
	stop()
	if err != nil && done.Calls == 0 {
		return err
	}
	done.Seconds = time.Since(start).Seconds()
	if a.json {
		if err := a.tell(done); err != nil {
			return err
		}
	}
	if !a.quiet {
		a.tellAsked(&done)
		if in != nil {
			a.summarize(in)
		}
	}
	if err := fetchError(ctx, err, lerr, "what is in "+dir+" is whole"); err != nil {
		return err
	}
	switch {
	case len(done.Failed) > 0 && done.Files == 0 && done.Kept == 0:
		return errTold
	case len(done.Failed) > 0 || in.set():
		return errAside
	}
	return nil
}

func (s *asked) add(sum *api.Summary) {
	s.Account = sum.Account
	s.Regions = append(s.Regions, sum.Regions...)
	slices.Sort(s.Regions)
	s.Regions = slices.Compact(s.Regions)
	s.Calls, s.Items, s.Bytes, s.Files, s.Kept = s.Calls+sum.Calls, s.Items+sum.Items, s.Bytes+sum.Bytes, s.Files+sum.Files, s.Kept+sum.Kept
	s.Failed, s.Notes = append(s.Failed, sum.Failed...), append(s.Notes, sum.Notes...)
	for _, e := range sum.Failed {
		s.Problems = append(s.Problems, e.Error())
	}
}

// tellAsked tells a person what came of it.
func (a *app) tellAsked(s *asked) {
	say := func(format string, args ...any) { fmt.Fprintf(a.err, format+"\n", args...) }
	for _, n := range s.Notes {
		say("note: %s", render.Escape(n))
	}
	if s.Files > 0 || s.Kept == 0 {
		say("fetched %s (%s) of account %s from %s into %s of %s in %s", plural(s.Items, "record"), render.Size(s.Bytes), s.Account, plural(int64(len(s.Regions)), "Region"),
			plural(s.Files, "file"), render.Escape(s.Folder), seconds(s.Seconds))
	}
	if s.Kept > 0 {
		say("%s there already", plural(s.Kept, "part"))
	}
	if len(s.Failed) == 0 {
		return
	}
	say("not to be had:")
	told := map[string]bool{}
	for _, e := range s.Failed[:min(len(s.Failed), shownAside)] {
		say("  %s", render.Escape(e.Error()))
		if hint := hintOf(e); hint != "" && !told[hint] {
			told[hint] = true
			say("    hint: %s", render.Escape(hint))
		}
	}
	if n := len(s.Failed) - shownAside; n > 0 {
		say("  and %s more, with status failed in %s", render.Thousands(int64(n)), manifest.Name)
	}
}
