package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"logquarry/engine/acquire/layout"
	"logquarry/engine/acquire/s3"
	"logquarry/engine/render"
)

// wantFlags say which logs of a kind are wanted.
type wantFlags struct {
	accounts, regions, names []string
	org                      string
	late                     time.Duration
}

// fetchKinds are the commands for the kinds of logs that AWS delivers to buckets.
func (a *app) fetchKinds(f *fetchFlags) []*cobra.Command {
	var all []*cobra.Command
	for _, k := range layout.Kinds() {
		all = append(all, a.fetchKind(f, k))
	}
	return all
}

func (a *app) fetchKind(f *fetchFlags, k layout.Kind) *cobra.Command {
	var w wantFlags
	called := ""
	if len(k.Also) > 0 {
		called = "\n\nIt is also called " + strings.Join(k.Also, ", ") + "."
	}
	c := &cobra.Command{
		Use:     k.Name + " --bucket BUCKET",
		Aliases: k.Also,
		GroupID: fromBuckets,
		Short:   k.Title,
		Long: fmt.Sprintf(`fetch %s copies out of a bucket:
%s.
Only the days between --since and --until are listed, below what is named by flags
or else found there; of what is listed, names out of the time are left.

Times are those of the events. A file may come %s after them (--late: how
late is looked for), and be named up to %s before.

%s.%s`, k.Name, k.Title, span(k.Late), span(k.Early), k.Cite, called),
		Example: fmt.Sprintf(`  quarry fetch %[1]s --bucket example-logs --since 2026-03-10 --until 2026-03-12
  quarry fetch %[1]s --bucket example-logs --prefix trails --since 7d --late 24h
  quarry fetch %[1]s --bucket example-logs --policy`, k.Name),
		RunE: func(c *cobra.Command, args []string) error {
			if f.policy {
				return a.printPolicy(f, append([]string{k.Name}, args...), w.regions)
			}
			if len(args) > 0 {
				return usage("quarry fetch "+k.Name+" --bucket BUCKET", "quarry fetch %s takes no %q: what is wanted is said by flags", k.Name, args[0])
			}
			return a.fetchLogs(c.Context(), f, k, &w)
		},
	}
	fl := c.Flags()
	if k.Says(layout.Account) {
		fl.StringSliceVar(&w.accounts, "account", nil, "only of these accounts, by `id`")
	}
	if k.Says(layout.Region) {
		fl.StringSliceVar(&w.regions, "region", nil, "only of these `regions`")
	}
	if k.Says(layout.Organization) {
		fl.StringVar(&w.org, "org", "", "only of this organization's trail, by `id`")
	}
	fl.DurationVar(&w.late, "late", 0, "how `long` after an event its file may have come, as 24h")
	if k.Says(layout.Name) {
		fl.StringSliceVar(&w.names, "name", nil, "only of this "+k.Named+", by `name`")
	}
	return c
}

// span is a span of time as a person writes it.
func span(d time.Duration) string {
	if d%time.Hour == 0 {
		return plural(int64(d/time.Hour), "hour")
	}
	return plural(int64(d/time.Minute), "minute")
}

// fetchLogs fetches logs of a kind.
func (a *app) fetchLogs(ctx context.Context, f *fetchFlags, k layout.Kind, w *wantFlags) error {
	if f.bucket == "" {
		return usage("--bucket BUCKET names it", "quarry fetch %s needs the bucket", k.Name)
	}
	now := time.Now()
	since, until, err := window(f.since, f.until, now)
	if err != nil {
		return err
	}
	o := s3.Options{RequesterPays: f.payer, Session: f.authenticate(a)}
	plan, err := layout.Make(ctx, layout.Want{Kind: k.Name, Prefix: f.prefix, Accounts: w.accounts, Regions: w.regions, Org: w.org, Names: w.names,
		Since: since, Until: until, Now: now, Late: w.late}, s3.NewLevels(o, f.bucket))
	if err != nil {
		return wanted(err)
	}
	if len(plan.Prefixes) == 0 {
		return &hinted{fmt.Errorf("there is no %s in s3://%s/%s for what was asked", k.Name, f.bucket, f.prefix),
			"--prefix PREFIX is what the owner chose to stand before AWSLogs/; quarry fetch s3://" + f.bucket + "/PREFIX takes whatever is there"}
	}
	if !a.quiet && !a.json {
		fmt.Fprintf(a.err, "looking under %s, from %s to %s\n", plural(int64(len(plan.Prefixes)), "place"), render.Escape(plan.Prefixes[0]), render.Escape(plan.Prefixes[len(plan.Prefixes)-1]))
	}
	for _, p := range plan.Prefixes {
		o.Places = append(o.Places, s3.Place{Bucket: f.bucket, Prefix: p})
	}
	o.Want = func(x *s3.Object) bool { return plan.Judge(x.Key) == layout.Wanted }
	return a.fetchObjects(ctx, f, o)
}

// wanted makes what is wrong with a wish one of the command line.
func wanted(err error) error {
	if bad, ok := err.(*layout.WantError); ok {
		return usage(bad.Hint(), "%v", bad)
	}
	return err
}
