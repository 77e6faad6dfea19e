package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"logquarry/engine/acquire/s3"
	"logquarry/engine/load"
	"logquarry/engine/manifest"
	"logquarry/engine/render"
	"logquarry/engine/sqltext"
)

// defaultFolder is where what is fetched goes where no folder is named.
const defaultFolder = "evidence"

// fetchFlags are those of everything that is fetched.
type fetchFlags struct {
	awsFlags
	into         string
	since, until string
	dryRun       bool
	policy       bool // print it and fetch nothing
	load         bool // into the case

	// Of kinds of logs in a bucket.
	bucket, prefix string

	// Of objects in S3.
	versions, payer bool
	keyFile         string
	parallel        int
}

func (a *app) fetchCommand() *cobra.Command {
	f := new(fetchFlags)
	c := &cobra.Command{
		Use:   "fetch {s3://BUCKET/PREFIX… | KIND}",
		Short: "Fetch logs from AWS into an evidence folder",
		Long: `fetch copies objects of S3 into a folder, each under its own key, and checks each
against its length, its checksum and its ETag. manifest.ndjson, at the top of the
folder, has a line for each object: bucket, key, version, ETag, encryption, all
metadata, and the SHA-256 of the file. Each line holds the hash of the one before.

A fetch that was cut off goes on when it is run again, and nothing is fetched
twice. An object that cannot be had is told with what to do, and the others come
all the same. Keys that cannot be the path of a file lie under one that can.

fetch KIND takes what is wanted instead of where it lies: kinds of logs that AWS
delivers to buckets, and those that its APIs are asked for. With --policy it prints
the IAM policy that it needs.

With --load the case has all of the folder once the fetch is done.

Credentials are those the AWS command would use. --since and --until bound when an
object was written last.`,
		Example: `  quarry fetch s3://example-logs/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/
  quarry fetch s3://example-logs/ --dry-run
  quarry fetch cloudtrail --bucket example-logs --since 7d --load
  quarry fetch cloudtrail-history --since 30d
  quarry fetch --policy cloudtrail cloudtrail-history --bucket example-logs
  quarry fetch s3://example-logs/AWSLogs/ --into ./evidence --all-versions --since 2026-03-10
  quarry fetch s3://example-logs/ --role-arn arn:aws:iam::111122223333:role/ir --external-id case-7`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage(c.CommandPath()+" s3://BUCKET/PREFIX, or a kind: "+c.CommandPath()+" --help lists them", "%s needs a place to fetch from", c.CommandPath())
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if f.policy {
				return a.printPolicy(f, args, nil)
			}
			var places []s3.Place
			for _, arg := range args {
				p, err := s3.ParsePlace(arg)
				if err != nil {
					return usage(placeHint(c, arg), "%v", err)
				}
				places = append(places, p)
			}
			since, until, err := window(f.since, f.until, time.Now())
			if err != nil {
				return err
			}
			return a.fetchObjects(c.Context(), f, s3.Options{Places: places, Since: since, Until: until})
		},
	}
	f.flags(c)
	c.AddGroup(&cobra.Group{ID: fromAPIs, Title: "Asked for by APIs:"}, &cobra.Group{ID: fromBuckets, Title: "Kinds of logs in a bucket:"})
	c.AddCommand(a.fetchAPIs(f)...)
	c.AddCommand(a.fetchKinds(f)...)
	return c
}

// The groups of what can be fetched.
const (
	fromAPIs    = "apis"
	fromBuckets = "buckets"
)

// placeHint is advice for a place that is none: it may be a kind that is written
// wrong.
func placeHint(c *cobra.Command, arg string) string {
	var kinds []string
	for _, k := range c.Commands() {
		kinds = append(append(kinds, k.Name()), k.Aliases...)
	}
	if near, ok := sqltext.Nearest(arg, kinds); ok {
		return "did you mean quarry fetch " + near + "?"
	}
	return "s3://BUCKET/PREFIX, or a kind: quarry fetch --help lists them"
}

// flags adds the flags to the command and those below it.
func (f *fetchFlags) flags(c *cobra.Command) {
	p := c.PersistentFlags()
	p.StringVar(&f.into, "into", "", "evidence `folder`, made where it is not there (default "+defaultFolder+")")
	p.BoolVar(&f.dryRun, "dry-run", false, "say what would be fetched and about what it costs, and fetch nothing")
	p.BoolVar(&f.load, "load", false, "load what is fetched into the case, while more is fetched")
	p.BoolVar(&f.policy, "policy", false, "print the IAM policy that is needed, for all kinds and places named, and fetch nothing")
	p.StringVar(&f.bucket, "bucket", "", "`bucket` of a kind of logs")
	p.StringVar(&f.prefix, "prefix", "", "`prefix` that stands before AWS's own part of keys in the bucket")
	p.StringVar(&f.since, "since", "", "only what is of this `time` or later: "+timesHelp)
	p.StringVar(&f.until, "until", "", "only what is from before this `time`")
	f.awsFlags.flags(c)
	p.BoolVar(&f.versions, "all-versions", false, "what was overwritten or deleted, too, where versions are kept")
	p.BoolVar(&f.payer, "requester-pays", false, "pay for requests to a bucket that wants that")
	p.StringVar(&f.keyFile, "sse-c-key", "", "`file` with the key of objects encrypted with SSE-C: 32 bytes, or these in base64 or hexadecimal")
	p.IntVar(&f.parallel, "parallel", 0, "`number` of requests at a time (default 64)")
}

// folder is where to fetch to.
func (a *app) folder(f *fetchFlags) (string, error) {
	switch {
	case f.into != "" && a.output != "":
		return "", usage("", "--into and --output both name the folder")
	case f.into != "":
		return f.into, nil
	case a.output != "":
		return a.output, nil
	}
	return defaultFolder, nil
}

// fetchObjects fetches what o names of S3.
func (a *app) fetchObjects(ctx context.Context, f *fetchFlags, o s3.Options) (err error) {
	if o.Dir, err = a.folder(f); err != nil {
		return err
	}
	if o.CustomerKey, err = customerKey(f.keyFile); err != nil {
		return err
	}
	f.session.Parallel = f.parallel
	o.Session, o.AllVersions, o.RequesterPays, o.Parallel = f.authenticate(a), f.versions, f.payer, f.parallel
	if f.dryRun {
		return a.planObjects(ctx, o)
	}
	l, err := a.follow(ctx, f, o.Dir)
	if err != nil {
		return err
	}
	if l != nil {
		o.Each = l.take
	}
	o.Progress = new(s3.Progress)
	stop := a.watchObjects(o.Progress)
	sum, err := s3.Fetch(ctx, o)
	in, lerr := l.end(ctx, err)
	stop()
	if err != nil && sum.Fetched == 0 && len(sum.Problems) == 0 {
		return err
	}
	if a.json {
		if err := a.tell(struct {
			Folder string `json:"folder"`
			*s3.Summary
			Load *load.Summary `json:"load,omitempty"`
		}{o.Dir, sum, in.summary()}); err != nil {
			return err
		}
	}
	if !a.quiet {
		a.fetched(o.Dir, sum)
		if in != nil {
			a.summarize(in)
		}
	}
	if err := fetchError(ctx, err, lerr, o.Dir+" is whole with what was fetched"); err != nil {
		return err
	}
	switch {
	case sum.Listed == 0 && sum.Unlisted > 0:
		return errTold
	case sum.Failed > 0 || sum.Unlisted > 0 || in.set():
		return errAside
	}
	return nil
}

// fetchError is the error that fetching and loading meanwhile end with; nil where
// neither has one. whole says what there is after an interrupt.
func fetchError(ctx context.Context, err, loading error, whole string) error {
	switch {
	case err == nil:
		return loading
	case ctx.Err() != nil:
		return &hinted{err, whole + "; run the same command again to go on"}
	}
	return err
}

// customerKey reads a key for SSE-C; nil where no file is named.
func customerKey(name string) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("--sse-c-key: %w", err)
	}
	const size = 32 // AES-256
	if len(text) == size {
		return text, nil
	}
	line := string(bytes.TrimSpace(text))
	for _, decode := range []func(string) ([]byte, error){hex.DecodeString, base64.StdEncoding.DecodeString} {
		if key, err := decode(line); err == nil && len(key) == size {
			return key, nil
		}
	}
	return nil, &hinted{fmt.Errorf("--sse-c-key %s: not a key of %d bytes", name, size), "the file holds the 32 bytes, or these in base64 or hexadecimal"}
}

// watchObjects shows how far a fetch is, where stderr is a terminal.
func (a *app) watchObjects(p *s3.Progress) (stop func()) {
	if !a.showsProgress() {
		return func() {}
	}
	start := time.Now()
	return a.ticking(func(now time.Time) {
		listed, n := p.Listed.Load(), p.Fetched.Load()
		of := render.Thousands(listed)
		if !p.AllListed.Load() {
			of += " listed so far"
		}
		line := fmt.Sprintf("%s of %s, %s of %s, %s/s", render.Thousands(n), of, render.Size(p.FetchedBytes.Load()), render.Size(p.ListedBytes.Load()),
			render.Thousands(int64(float64(n)/max(0.2, now.Sub(start).Seconds()))))
		if k := p.Failed.Load(); k > 0 {
			line += ", " + render.Thousands(k) + " not to be had"
		}
		fmt.Fprint(a.err, eraseLine+line)
	})
}

// fetched tells a person what a fetch did.
func (a *app) fetched(dir string, s *s3.Summary) {
	say := func(format string, args ...any) { fmt.Fprintf(a.err, format+"\n", args...) }
	if s.Torn > 0 {
		say("note: %s ended in a line that was not finished, as a killed run leaves; it was cut off", manifest.Name)
	}
	for _, n := range s.Notes {
		say("note: %s", render.Escape(n))
	}
	if s.Fetched > 0 || s.DeleteMarkers > 0 {
		say("fetched %s (%s) into %s in %s", plural(s.Fetched, "object"), render.Size(s.FetchedBytes), render.Escape(dir), seconds(s.Seconds))
	}
	if s.Listed == 0 && s.Unlisted == 0 {
		say("nothing there begins with what was asked for")
	}
	if s.DeleteMarkers > 0 {
		say("%s noted", plural(s.DeleteMarkers, "delete marker"))
	}
	if s.Have > 0 {
		say("%s there already", plural(s.Have, "object"))
	}
	if s.Moved > 0 {
		say("%s under another path than the key, which is in %s", plural(s.Moved, "object"), manifest.Name)
	}
	if s.Changed > 0 {
		say("%s changed between listing and reading, as %s says", plural(s.Changed, "object"), manifest.Name)
	}
	a.listProblems(s.Problems, s.Failed+s.Unlisted)
}

// listProblems writes what could not be had, with the advice once for those it is
// the same for.
func (a *app) listProblems(list []s3.Problem, all int64) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintln(a.err, "not to be had:")
	told := map[string]bool{}
	for _, p := range list[:min(len(list), shownAside)] {
		fmt.Fprintf(a.err, "  %s: %s\n", render.Escape(p.What), render.Escape(p.Reason))
		if p.Hint != "" && !told[p.Hint] {
			told[p.Hint] = true
			fmt.Fprintf(a.err, "    hint: %s\n", render.Escape(p.Hint))
		}
	}
	if n := all - shownAside; n > 0 {
		fmt.Fprintf(a.err, "  and %s more, with status failed in %s\n", render.Thousands(n), manifest.Name)
	}
}

// dollars is an amount, which is not nothing because it is small.
func dollars(x float64) string {
	if x > 0 && x < 0.005 {
		return "less than $0.01"
	}
	return fmt.Sprintf("$%.2f", x)
}

// planObjects says what would be fetched.
func (a *app) planObjects(ctx context.Context, o s3.Options) error {
	e, err := s3.Plan(ctx, o)
	if err != nil {
		return err
	}
	if a.json {
		err = a.tell(e)
	} else {
		p := &page{w: a.out}
		p.line("to fetch            %s, %s", plural(e.Objects, "object"), render.Size(e.Bytes))
		if e.Have > 0 {
			p.line("there already       %s, %s", plural(e.Have, "object"), render.Size(e.HaveBytes))
		}
		if e.DeleteMarkers > 0 {
			p.line("delete markers      %s", render.Thousands(e.DeleteMarkers))
		}
		if e.Archived > 0 {
			p.line("archived            %s, %s: to be restored first", plural(e.Archived, "object"), render.Size(e.ArchivedBytes))
		}
		p.line("requests            %s, %s", plural(e.Lists, "list"), plural(e.Gets, "get"))
		p.line("about               %s for requests, %s for retrieval", dollars(e.Costs.Requests), dollars(e.Costs.Retrieval))
		p.line("                    %s for transfer to the internet; none within the Region", dollars(e.Costs.Transfer))
		p.line("reckoned by         %s", strings.ReplaceAll(e.Costs.Assumed, ", without", ",\n                    without"))
		err = p.err
	}
	if err != nil {
		return err
	}
	for _, n := range e.Notes {
		fmt.Fprintln(a.err, "note:", render.Escape(n))
	}
	a.listProblems(e.Problems, e.Unlisted)
	switch {
	case e.Unlisted > 0 && e.Objects+e.Have == 0:
		return errTold
	case e.Unlisted > 0:
		return errAside
	}
	return nil
}
