package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"logquarry/engine/acquire/bucket"
	"logquarry/engine/acquire/deliver"
	"logquarry/engine/acquire/policy"
	"logquarry/engine/acquire/queue"
	"logquarry/engine/acquire/s3"
	"logquarry/engine/hunt"
	"logquarry/engine/pattern"
	"logquarry/engine/render"
	"logquarry/engine/store"
	"logquarry/engine/watch"
)

type watchFlags struct {
	rules, patterns, params, placeholders, to []string
	since                                     string
	every, settle, giveUp, drain              time.Duration
	once, status, revive, policy              bool
	aws                                       awsFlags
	into, webhookKey                          string
	visibility, poll                          time.Duration
	folder                                    *bucket.Folder // nil: nothing is fetched
}

func (a *app) watchCommand() *cobra.Command {
	f := new(watchFlags)
	c := &cobra.Command{
		Use:   "watch SOURCE… [--rules RULE…] [--to TARGET…]",
		Short: "Follow logs as they arrive, and tell what rules find in them",
		Long: `watch loads what arrives in its sources into the case, runs rules on the new
events, and sends each finding once to each target. It goes on until it is
ended: SIGTERM and Ctrl-C finish what is in hand.

A SOURCE is
  DIR             a local folder, and all below it; a file is taken once it has
                  not changed for --settle, or was renamed into its name
  sqs:URL         a queue of SQS with events of EventBridge, also through SNS;
                  they become files below --into, and are deleted from the queue
                  once they are loaded and what was found is in the case; of S3's
                  notifications the objects are fetched
  s3://BUCKET/P   objects whose keys begin with P, listed every --poll; with many
                  objects a queue of S3's notifications is cheaper and quicker

--rules takes what quarry hunt takes: packs, hunts, .sql files, Sigma rules and
folders of these; without it the pack triage. --pattern takes EventBridge
patterns and rules. Sigma rules, patterns and hunts of single events see the new
events alone. Hunts and correlations that put events together see the whole case
from --since on, and tell what they did not find before.

A TARGET is
  -               standard output, one JSON object a line (without --to)
  file:PATH       a file that is appended to
  exec:COMMAND    a program, started for each finding, which is on its standard
                  input; words are split at blanks, and there is no shell
  https://…       a webhook; each request is signed with the key in --webhook-key
                  or $QUARRY_WEBHOOK_KEY: Quarry-Signature is v1= and the HMAC-
                  SHA256 in hexadecimal of Quarry-Timestamp, a dot and the body
  sns:ARN, sqs:URL, events:BUS, lambda:NAME
                  a topic, a queue, an event bus, a function that is waited for
A target that fails is tried again, after 1 s, 2 s, 4 s … 1 min, for as long as
--give-up says; then the finding is a dead letter. Targets do not wait for each
other. A finding may come twice where the process was killed: finding_id tells.

The state is in the case. --status shows it, with the dead letters.`,
		Example: `  quarry watch /var/log/aws --rules triage --to file:findings.ndjson
  quarry watch incoming --rules sigma/rules/cloud/aws --rules ct-trail-impaired
  quarry watch incoming --pattern rules/ --to "exec:/usr/local/bin/page --urgent"
  quarry watch sqs:https://sqs.eu-west-1.amazonaws.com/111122223333/events --into evidence --to sns:arn:aws:sns:eu-west-1:111122223333:findings
  quarry watch incoming --once
  quarry watch --status`,
		RunE: func(c *cobra.Command, args []string) error {
			if f.policy {
				text, err := policy.Watch(args, f.to, f.aws.session.Region)
				if err != nil {
					return usage("", "watch %v", err)
				}
				return a.writeText(string(text))
			}
			if f.status || f.revive {
				return a.watchStatus(c.Context(), args, f)
			}
			return a.watchLogs(c.Context(), args, f)
		},
	}
	c.Flags().StringArrayVar(&f.rules, "rules", nil, "a `rule`, pack, file or folder as for quarry hunt; may be given again")
	c.Flags().StringArrayVar(&f.patterns, "pattern", nil, "EventBridge patterns or rules in `file` or folder; may be given again")
	c.Flags().StringArrayVarP(&f.params, "param", "p", nil, "`name=value` of a parameter of hunts; may be given again")
	placeholderFlag(c, &f.placeholders)
	c.Flags().StringArrayVar(&f.to, "to", nil, "`target` of findings; may be given again")
	c.Flags().StringVar(&f.since, "since", "", "hunts over the whole case see events from this `time` on: "+timesHelp)
	c.Flags().DurationVar(&f.every, "every", time.Second, "least `time` from one round of loading to the next")
	c.Flags().DurationVar(&f.settle, "settle", time.Second, "`time` for which a file must not change before it is taken")
	c.Flags().DurationVar(&f.giveUp, "give-up", 24*time.Hour, "`time` for which a finding is tried before it is a dead letter")
	c.Flags().DurationVar(&f.drain, "drain", 10*time.Second, "`time` the end waits for targets")
	c.Flags().StringVar(&f.into, "into", "", "evidence `folder` for what comes from queues and buckets")
	c.Flags().DurationVar(&f.poll, "poll", time.Minute, "`time` from one listing of a bucket to the next")
	c.Flags().DurationVar(&f.visibility, "visibility", 2*time.Minute, "`time` for which a queue keeps messages in hand from others, if it is not told otherwise")
	c.Flags().StringVar(&f.webhookKey, "webhook-key", "", "`file` with the key that signs what goes to webhooks (default $QUARRY_WEBHOOK_KEY)")
	f.aws.flags(c)
	c.Flags().BoolVar(&f.once, "once", false, "take what is there and end")
	c.Flags().BoolVar(&f.policy, "policy", false, "print the IAM policy that the sources and targets need, and watch nothing")
	c.Flags().BoolVar(&f.status, "status", false, "show the state of the watch in the case, and dead letters")
	c.Flags().BoolVar(&f.revive, "retry-dead", false, "have dead letters tried again by the next watch")
	return c
}

// watchRules reads the rules that are named.
func (a *app) watchRules(f *watchFlags) (watch.Rules, []notRun, error) {
	var out watch.Rules
	var aside []notRun
	values, err := pairs(f.params)
	if err != nil {
		return out, nil, err
	}
	out.Params = values
	others, rules, err := readRules(f.rules, f.placeholders)
	if err != nil {
		return out, nil, err
	}
	if rules != nil {
		out.Sigma, aside = rules, notRuns(rules.Problems)
	}
	if others != nil || rules == nil && f.patterns == nil {
		lib, err := library()
		if err != nil {
			return out, nil, err
		}
		if out.Hunts, err = lib.Select(others); err != nil {
			return out, nil, huntUsage(err)
		}
	}
	if err := hunt.Check(out.Hunts, values); err != nil {
		return out, nil, huntUsage(err)
	}
	if f.patterns == nil {
		return out, aside, nil
	}
	patterns, err := pattern.Read(f.patterns)
	if err != nil {
		return out, nil, err
	}
	for _, e := range patterns.Faults {
		aside = append(aside, notRun{e.File, e.Line, e.Column, e.Rule, e.What, e.Hint()})
	}
	out.Patterns = patterns.Rules
	return out, aside, nil
}

// watchTarget is the target that text names.
func (a *app) watchTarget(text string, f *watchFlags) (watch.Target, error) {
	kind, rest, _ := strings.Cut(text, ":")
	switch {
	case text == "-":
		return &watch.Stream{Label: "-", W: a.out}, nil
	case kind == "file" && rest != "":
		return &watch.File{Path: rest}, nil
	case kind == "exec" && strings.TrimSpace(rest) != "":
		return &watch.Command{Args: strings.Fields(rest)}, nil
	}
	o := deliver.Options{Session: f.aws.authenticate(a)}
	if strings.HasPrefix(kind, "http") {
		var err error
		if o.Key, err = a.webhookKey(f.webhookKey); err != nil {
			return nil, err
		}
	}
	t, err := deliver.New(text, o)
	switch {
	case errors.Is(err, deliver.ErrNoTarget):
		return nil, usage("targets are -, file:PATH, exec:COMMAND, https://…, sns:ARN, sqs:URL, events:BUS and lambda:NAME", "--to %s: %v", text, err)
	case err != nil:
		return nil, usage("", "--to %v", err)
	}
	return t, nil
}

// webhookKey is the key that signs what goes to webhooks; empty where there is none.
func (a *app) webhookKey(path string) ([]byte, error) {
	if path == "" {
		return []byte(a.getenv("QUARRY_WEBHOOK_KEY")), nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--webhook-key: %w", err)
	}
	return bytes.TrimRight(text, "\r\n"), nil
}

// watchFolder is the one folder into which objects are fetched.
func (a *app) watchFolder(f *watchFlags) *bucket.Folder {
	if f.folder == nil {
		f.folder = &bucket.Folder{Options: s3.Options{Session: f.aws.authenticate(a), Dir: f.into}}
	}
	return f.folder
}

// watchSource is the source of arrivals that text names.
func (a *app) watchSource(text string, f *watchFlags) (watch.Arrivals, error) {
	report := func(text string) { fmt.Fprintln(a.err, "quarry: "+escapeLines(text)) }
	if url, ok := strings.CutPrefix(text, "sqs:"); ok {
		region, err := deliver.QueueRegion(url)
		switch {
		case err != nil:
			return nil, usage("", "watch %v", err)
		case f.into == "":
			return nil, usage("--into evidence", "watch %s: --into names the folder for its events, which are evidence", text)
		}
		return &queue.Queue{URL: url, Region: region, Session: f.aws.authenticate(a), Into: f.into, Visibility: f.visibility, Fetch: a.watchFolder(f).Notified, Report: report}, nil
	}
	if strings.HasPrefix(text, "s3:") {
		place, err := s3.ParsePlace(text)
		switch {
		case err != nil:
			return nil, usage("s3://BUCKET/PREFIX", "watch %v", err)
		case f.into == "":
			return nil, usage("--into evidence", "watch %s: --into names the folder for its objects, which are evidence", text)
		}
		return &bucket.Bucket{Folder: a.watchFolder(f), Place: place, Every: f.poll, Report: report}, nil
	}
	info, err := os.Stat(text)
	switch {
	case err != nil:
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, fmt.Errorf("watch %s: %w", text, err)
	case !info.IsDir():
		return nil, usage("quarry load takes files", "watch %s: not a folder", text)
	}
	path, _ := a.caseName()
	return &watch.Folder{Path: text, Settle: f.settle, Skip: []string{path}, Report: report}, nil
}

func (a *app) watchLogs(ctx context.Context, args []string, f *watchFlags) error {
	switch {
	case len(args) == 0:
		return usage("quarry watch ./incoming", "watch needs a SOURCE")
	case a.output != "":
		return usage("--to file:"+a.output+" appends findings to it", "watch has no results to write to --output")
	case a.format != "" && a.format != string(render.NDJSON):
		return usage("", "watch writes findings as ndjson, not as %s", a.format)
	case f.visibility < time.Second || f.visibility > 12*time.Hour:
		return usage("", "--visibility is between 1 s and 12 h")
	case f.every < 0 || f.poll < 0 || f.settle < 0 || f.giveUp < 0 || f.drain < 0:
		return usage("", "a time cannot be negative")
	}
	since, _, err := window(f.since, "", time.Now())
	if err != nil {
		return err
	}
	sources, err := a.sources()
	if err != nil {
		return err
	}
	rules, aside, err := a.watchRules(f)
	if err != nil {
		return err
	}
	// Sources tell of trouble while rounds do.
	a.err = &inTurn{w: a.err}
	path, _ := a.caseName()
	o := watch.Options{Case: path, Open: a.openCase, Sources: sources, Rules: rules, Every: f.every, Since: since, GiveUp: f.giveUp, Drain: f.drain,
		Once: f.once, Threads: a.workers(), Memory: a.memory, Scratch: a.scratchFolder(path), Version: version, Report: a.watchReport}
	for _, text := range slices.Compact(slices.Sorted(slices.Values(args))) {
		s, err := a.watchSource(text, f)
		if err != nil {
			return err
		}
		o.Arrivals = append(o.Arrivals, s)
	}
	if f.to == nil {
		f.to = []string{"-"}
	}
	for _, text := range slices.Compact(slices.Sorted(slices.Values(f.to))) {
		t, err := a.watchTarget(text, f)
		if err != nil {
			return err
		}
		o.Targets = append(o.Targets, t)
	}
	a.listNotRun(aside)
	split, err := o.Split()
	if err != nil {
		return huntUsage(err)
	}
	if !a.quiet && !a.json {
		fmt.Fprintf(a.err, "watching %s into %s: %s on new events, %s over the case\n", render.Escape(strings.Join(args, ", ")), render.Escape(path),
			plural(int64(split.NewRows), "rule"), plural(int64(split.WholeCase), "rule"))
	}
	sum, err := watch.Run(ctx, o)
	switch {
	case errors.Is(err, watch.ErrUndelivered):
		err = &hinted{err, "they are in the case: quarry watch --status shows them, and the next watch sends them"}
		if ctx.Err() == nil {
			a.complain(err)
			err = errTold
		}
	case err != nil:
		return err
	}
	if err == nil && f.once && (sum.Aside > 0 || sum.Rejects > 0 || aside != nil || sum.Failed > 0) {
		err = errAside
	}
	return err
}

// inTurn is a writer that several goroutines may use.
type inTurn struct {
	mu sync.Mutex
	w  io.Writer
}

func (i *inTurn) Write(p []byte) (int, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.w.Write(p)
}

// watchReport tells what happens, on stderr: a JSON object a line with --json.
func (a *app) watchReport(e watch.Event) {
	if a.json {
		text, err := json.Marshal(e)
		if err != nil {
			panic("quarry: internal error: " + err.Error())
		}
		fmt.Fprintf(a.err, "%s\n", text)
		return
	}
	switch e.What {
	case "problem", "waiting":
		fmt.Fprintln(a.err, "quarry: "+escapeLines(e.Text))
		if e.Hint != "" {
			fmt.Fprintln(a.err, "hint: "+escapeLines(e.Hint))
		}
	case "round", "hunts":
		if a.quiet || e.Rows == 0 && e.Findings == 0 {
			return
		}
		at := e.At.Format(time.TimeOnly)
		if e.What == "hunts" {
			fmt.Fprintf(a.err, "%s  hunts over the case: %s\n", at, plural(e.Findings, "finding"))
			return
		}
		line := fmt.Sprintf("%s  %s, %s, %s in %s", at, plural(e.Files, "file"), plural(e.Rows, "row"), plural(e.Findings, "finding"), seconds(e.Seconds))
		for _, t := range e.Lanes {
			if t.Tries > 0 {
				line += fmt.Sprintf("; %s fails (%s), %s", t.Name, t.Error, waiting(t))
			}
		}
		fmt.Fprintln(a.err, escapeLines(line))
	case "end":
		if a.quiet {
			return
		}
		for _, t := range e.Lanes {
			line := fmt.Sprintf("%s: %s sent", t.Name, render.Thousands(t.Sent))
			if t.Waiting > 0 {
				line += ", " + waiting(t)
			}
			if t.Dead > 0 {
				line += ", " + plural(t.Dead, "dead letter")
			}
			if t.Error != "" {
				line += ", last error: " + t.Error
			}
			fmt.Fprintln(a.err, escapeLines(line))
		}
	}
}

func waiting(t watch.TargetState) string {
	if t.Waiting == 1 {
		return "1 waits"
	}
	return render.Thousands(t.Waiting) + " wait"
}

// watchStatus shows what the case says of its watch, or revives dead letters.
func (a *app) watchStatus(ctx context.Context, args []string, f *watchFlags) (err error) {
	if len(args) > 0 {
		return usage("", "--status and --retry-dead are about the case, and take no SOURCE")
	}
	path, _ := a.caseName()
	if _, err := os.Stat(path); err != nil {
		return &hinted{fmt.Errorf("open case %s: there is no such file", path), "quarry watch SOURCE --case " + path + " makes it"}
	}
	c, err := a.openCase(ctx, path, store.Options{ReadOnly: !f.revive})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if f.revive {
		n, err := watch.Revive(ctx, c)
		if err == nil && !a.quiet {
			fmt.Fprintf(a.err, "%s will be tried again by the next watch\n", plural(n, "dead letter"))
		}
		return err
	}
	s, err := watch.Inspect(ctx, c)
	if err != nil {
		return err
	}
	if a.json {
		return a.tell(s)
	}
	return a.writeText(statusText(path, s))
}

func statusText(path string, s *watch.Status) string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	if !s.Watched {
		say("%s was never watched", render.Escape(path))
		return b.String()
	}
	last := "nothing has arrived"
	if s.Last != nil {
		last = "last arrival " + s.Last.UTC().Format(time.RFC3339)
	}
	say("%s, %s", plural(s.Rounds, "round"), last)
	var total int64
	for _, n := range s.Arrivals {
		total += n
	}
	say("%s: %s loaded, %s known before, %s set aside, %s in hand", plural(total, "arrival"), render.Thousands(s.Arrivals["done"]),
		render.Thousands(s.Arrivals["known"]), render.Thousands(s.Arrivals["aside"]), render.Thousands(s.Arrivals["taken"]))
	say("%s", plural(s.Findings, "finding"))
	for _, t := range s.Targets {
		line := fmt.Sprintf("  %s: %s sent, %s, %s", render.Escape(t.Name), render.Thousands(t.Sent), waiting(t), plural(t.Dead, "dead letter"))
		if t.Error != "" {
			line += ", last error: " + render.Escape(t.Error)
		}
		say("%s", line)
	}
	if len(s.Aside) > 0 {
		say("set aside:")
		for _, x := range s.Aside {
			say("  %s: %s", render.Escape(x.Path), render.Escape(x.Reason))
		}
	}
	if len(s.Dead) > 0 {
		say("dead letters:")
		for _, d := range s.Dead {
			say("  %s  %s  %s to %s, %s: %s", d.At.UTC().Format(time.RFC3339), d.Finding, render.Escape(d.Rule), render.Escape(d.Target),
				plural(d.Tries, "failed call"), render.Escape(d.Error))
		}
	}
	return b.String()
}
