package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"logquarry/engine/custody"
	"logquarry/engine/hunt"
	"logquarry/engine/render"
	"logquarry/engine/report"
	"logquarry/engine/session"
	"logquarry/engine/store"
	"logquarry/engine/triage"
	"logquarry/engine/verify"
)

// The formats of a report, and what its file is called where --output names none.
const (
	reportHTML     = "html"
	reportMarkdown = "markdown"
	reportJSON     = "json"
)

var (
	defaultReports = map[string]string{reportHTML: "report.html", reportMarkdown: "report.md", reportJSON: "report.json"}
	writers        = map[string]func(io.Writer, report.Data) error{reportHTML: report.HTML, reportMarkdown: report.Markdown, reportJSON: report.JSON}
)

type reportFlags struct {
	since, until string
	keys         []string
	root         string
	noVerify     bool
}

func (a *app) reportCommand() *cobra.Command {
	var f reportFlags
	c := &cobra.Command{
		Use:   "report [PACK|ID…]",
		Short: "Write all that a case says into one HTML file, or as Markdown or JSON",
		Long: `report runs hunts (without a name the pack triage, with "all" every hunt) and writes
one file for people to read, pass on and print: what was found, with the records of
the logs; when, who, by which roles, and what was sent; what is missing; whether the
evidence is what was loaded; what was kept; and every query. The HTML file needs
nothing else, no network and no script.

The evidence is verified on the way as quarry verify does it: the files against the
case, and with --keys the digests of CloudTrail. --no-verify leaves that out. What
was found out is in the report, and does not change the exit code.

--format is html, markdown or json; without it the ending of --output says it. Of
each finding the report has 50 rows at most; quarry hunt gives all. A report that
quarry wrote is replaced, any other file only with --force; --output - writes to stdout.`,
		Example: `  quarry report
  quarry report cross-source exfiltration --since 2026-03-10 --output incident.html
  quarry report all --keys keys.json --output incident.md
  quarry report --format json --output - | jq .summary`,
		RunE: func(c *cobra.Command, args []string) error { return a.report(c.Context(), args, f) },
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return huntNames(), cobra.ShellCompDirectiveDefault
		},
	}
	c.Flags().StringVar(&f.since, "since", "", "only events from this `time` on: "+timesHelp)
	c.Flags().StringVar(&f.until, "until", "", "only events before this `time`")
	c.Flags().StringArrayVar(&f.keys, "keys", nil, "`file` of CloudTrail's public keys; may be given again")
	c.Flags().StringVar(&f.root, "evidence-root", "", "`folder` below which the evidence of the case lies now")
	c.Flags().BoolVar(&f.noVerify, "no-verify", false, "do not read the evidence again to verify it")
	return c
}

// reportFormat is the one asked for, or that of the file's ending.
func (a *app) reportFormat() (string, error) {
	switch strings.ToLower(a.format) {
	case "":
		switch strings.ToLower(filepath.Ext(a.output)) {
		case ".md", ".markdown":
			return reportMarkdown, nil
		case ".json":
			return reportJSON, nil
		}
		return reportHTML, nil
	case reportHTML, reportMarkdown, reportJSON:
		return strings.ToLower(a.format), nil
	case "md":
		return reportMarkdown, nil
	}
	return "", usage("--format html, markdown or json; quarry hunt writes the other formats", "a report is not written as %s", a.format)
}

func (a *app) report(ctx context.Context, names []string, f reportFlags) (err error) {
	format, err := a.reportFormat()
	if err != nil {
		return err
	}
	since, until, err := window(f.since, f.until, time.Now())
	if err != nil {
		return err
	}
	keys, err := readKeys(f.keys)
	if err != nil {
		return err
	}
	if f.noVerify && (len(f.keys) > 0 || f.root != "") {
		return usage("leave out --no-verify", "--keys and --evidence-root are for verifying")
	}
	lib, err := library()
	if err != nil {
		return err
	}
	hunts, err := lib.Select(names)
	if err != nil {
		return huntUsage(err)
	}
	page := a.output
	if page == "" {
		page = defaultReports[format]
	}
	t := &target{Writer: a.out, a: a}
	if page != "-" {
		if t, err = a.create(page, a.force || ownReport(page)); err != nil {
			return err
		}
	}
	defer func() { err = t.finish(err) }()
	o, err := a.open(ctx, question{since: since, until: until})
	if err != nil {
		return err
	}
	defer o.closeInto(&err)
	verified := report.Verification{Why: "it was left out with --no-verify", Args: []string{"verify", "--keys", "FILE"}}
	if !f.noVerify {
		if verified, err = a.verified(ctx, o.Case(), verify.Options{Root: f.root, Keys: keys}); err != nil {
			return err
		}
	}
	did := &hunted{}
	start := time.Now()
	sources, err := a.sources()
	if err != nil {
		return err
	}
	d, err := a.collect(ctx, t, o.Session, triage.Options{Case: o.Case(), Sources: sources, Hunts: hunts, Since: since, Until: until, Verification: verified, Done: did.add})
	if err != nil {
		return err
	}
	if page != "-" {
		d.ReportFile = page
	}
	if err := a.writeReport(ctx, t, o.Case(), d, format); err != nil {
		return err
	}
	did.Seconds = time.Since(start).Seconds()
	a.huntRecorded(o.Case().Path, names, nil, since, until, did)
	if a.json && page != "-" {
		if err := a.tell(reportDone(d, format)); err != nil {
			return err
		}
	}
	a.reportTold(d, page)
	if did.Failed > 0 {
		// The report is whole but for these hunts, and says so.
		if err := t.finish(nil); err != nil {
			return err
		}
		return errTold
	}
	return nil
}

// collect asks the case what a report says, showing how far it is.
func (a *app) collect(ctx context.Context, t *target, s *session.Session, o triage.Options) (d report.Data, err error) {
	show, ran := a.showsProgress(), 0
	again, err := s.Originals()
	if err != nil {
		return d, err
	}
	defer func() { err = errors.Join(err, again.Close()) }()
	o.Original = again.Record
	o.Version, o.Now = version, time.Now()
	done := o.Done
	o.Done = func(r hunt.Result) {
		t.hunted(r)
		if done != nil {
			done(r)
		}
		if ran++; show {
			fmt.Fprintf(a.err, "%shunting %d/%d  %s", eraseLine, ran, len(o.Hunts), render.Cut(r.Hunt.ID, 50))
		}
	}
	d, err = triage.Collect(ctx, o)
	if show {
		fmt.Fprint(a.err, eraseLine)
	}
	return d, err
}

// writeReport writes d, and notes beside the file all that was asked.
func (a *app) writeReport(ctx context.Context, t *target, c *store.Case, d report.Data, format string) error {
	w := bufio.NewWriter(t)
	if err := errors.Join(writers[format](w, d), w.Flush()); err != nil {
		return err
	}
	t.record.File.Format = format
	t.record.Since, t.record.Until = custody.Moment(d.Since), custody.Moment(d.Until)
	for _, q := range d.Asked {
		asked := custody.Query{Title: "report: " + q.What, SQL: q.SQL, Rows: q.Rows}
		for _, p := range q.Params {
			asked.Parameters = append(asked.Parameters, custody.Parameter{Name: p.Name, Type: "varchar", Value: p.Value})
		}
		t.record.Queries = append(t.record.Queries, asked)
	}
	return t.describe(ctx, c)
}

// verified verifies the evidence of a case. Evidence that is not there is no
// failure: the report says so.
func (a *app) verified(ctx context.Context, c *store.Case, o verify.Options) (report.Verification, error) {
	scratch, err := os.MkdirTemp(a.scratchFolder(c.Path), ".quarry-")
	if err != nil {
		return report.Verification{}, err
	}
	defer os.RemoveAll(scratch)
	o.Case, o.Sources, o.Scratch, o.Threads, o.Progress = c, a.sources, scratch, a.workers(), a.verifyProgress()
	r, err := verify.Run(ctx, o)
	if a.showsProgress() {
		fmt.Fprint(a.err, eraseLine)
	}
	if err != nil {
		return report.Verification{}, err
	}
	if r.Files == 0 {
		return report.Verification{Why: "its files are not where they were loaded from", Args: []string{"report", "--evidence-root", "DIR", "--keys", "FILE"}}, nil
	}
	return triage.Verified(r), nil
}

// reportTold says on standard error which hunts failed and, to a person, what was written.
func (a *app) reportTold(d report.Data, page string) {
	for _, h := range d.Hunts {
		if h.Outcome == report.Failed {
			fmt.Fprintf(a.err, "quarry: hunt %s: %s\n", h.ID, escapeLines(h.Reason))
		}
	}
	if a.quiet || page == "-" {
		return
	}
	fmt.Fprintf(a.err, "%s: %s of %s; evidence %s\n", escapeLines(page), plural(int64(len(d.Findings)), "finding"), plural(int64(len(d.Hunts)), "hunt"), verdictOf(d.Verification))
}

// verdictOf is what the verification came to, in a few words.
func verdictOf(v report.Verification) string {
	switch {
	case !v.Done:
		return "not verified: " + v.Why
	case !v.Sound:
		return "does not hold: see the report, or quarry verify"
	}
	return "unchanged"
}

// found is a hunt with findings in the objects of --json.
type found struct {
	ID       string     `json:"id"`
	Severity string     `json:"severity"`
	Title    string     `json:"title"`
	Findings int64      `json:"findings"`
	First    *time.Time `json:"first_time,omitempty"`
	Last     *time.Time `json:"last_time,omitempty"`
}

func foundIn(d report.Data) []found {
	out := []found{}
	for _, f := range d.Findings {
		out = append(out, found{f.Hunt, string(f.Severity), f.Title, f.Count, custody.Moment(f.First), custody.Moment(f.Last)})
	}
	return out
}

// reportDone is the object of report --json.
func reportDone(d report.Data, format string) any {
	return struct {
		Case     string  `json:"case"`
		Report   string  `json:"report"`
		Format   string  `json:"format"`
		Hunts    int     `json:"hunts"`
		Findings []found `json:"findings"`
		Gaps     int     `json:"gaps"`
		Verified bool    `json:"verified"`
		Sound    bool    `json:"sound"`
	}{d.Case, d.ReportFile, format, len(d.Hunts), foundIn(d), len(d.Missing), d.Verification.Done, d.Verification.Sound}
}

// ownReport reports whether path is a report of ours, which a later run may
// replace. Any other file is not touched without --force.
func ownReport(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return false
	}
	for _, mark := range report.Marks() {
		if strings.Contains(string(head), mark) {
			return true
		}
	}
	return false
}
