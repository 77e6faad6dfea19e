package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"logquarry/engine/custody"
	"logquarry/engine/hunt"
	"logquarry/engine/render"
	"logquarry/engine/report"
	"logquarry/engine/triage"
)

// defaultReport is the report where --output names none.
const defaultReport = "report.html"

func (a *app) triageCommand() *cobra.Command {
	var in intake
	c := &cobra.Command{
		Use:   "triage PATH…",
		Short: "Load logs, run the hunts, write report.html: the main job in one go",
		Long: `triage loads the logs below the paths into the case, runs the hunts of the pack
triage, and says what was loaded, what could not be, what was found, who did it
and what is missing. It writes the same, with rows and queries, to report.html.

A second run goes on with the same case: files in it already are not loaded
again, and its own report is replaced.`,
		Example: `  quarry triage ./logs
  quarry triage ./logs --case incident.duckdb --output incident.html
  quarry triage ./logs --since 2026-03-10 --until 2026-03-13`,
		Args: needPaths,
		RunE: func(c *cobra.Command, args []string) error {
			in.paths = args
			return a.triage(c.Context(), in)
		},
	}
	in.flags(c)
	return c
}

func (a *app) triage(ctx context.Context, in intake) (err error) {
	since, until, err := window(in.since, in.until, time.Now())
	if err != nil {
		return err
	}
	page := a.output
	if page == "" || page == "-" {
		page = defaultReport
	}
	// Told before the work, not after it.
	t, err := a.create(page, a.force || ownReport(page))
	if err != nil {
		return err
	}
	defer func() { err = t.finish(err) }()
	l, c, err := a.takeIn(ctx, in, "triage")
	if c != nil {
		defer func() {
			if cerr := c.Close(); err == nil {
				err = cerr
			}
		}()
	}
	if err != nil {
		return err
	}
	sources, err := a.sources()
	if err != nil {
		return err
	}
	lib, err := library()
	if err != nil {
		return err
	}
	hunts, err := lib.Select(nil)
	if err != nil {
		return err
	}
	// The logs are read; what is asked now needs the case alone.
	if err := c.Confine(ctx); err != nil {
		return err
	}
	show, ran := a.showsProgress(), 0
	d, err := triage.Collect(ctx, triage.Options{
		Case: c, Sources: sources, Hunts: hunts, Version: version, Now: time.Now(), Since: since, Until: until,
		Done: func(r hunt.Result) {
			t.hunted(r)
			if ran++; show {
				fmt.Fprintf(a.err, "%shunting %d/%d  %s", eraseLine, ran, len(hunts), render.Cut(r.Hunt.ID, 50))
			}
		},
	})
	if show {
		fmt.Fprint(a.err, eraseLine)
	}
	if err != nil {
		return err
	}
	d.ReportFile = page
	w := bufio.NewWriter(t)
	if err := errors.Join(report.HTML(w, d), w.Flush()); err != nil {
		return err
	}
	t.record.File.Format = "html"
	t.record.Since, t.record.Until = custody.Moment(since), custody.Moment(until)
	if err := t.describe(ctx, c); err != nil {
		return err
	}
	switch {
	case a.json:
		err = a.tell(triageDone(l, d))
	case !a.quiet:
		err = report.Terminal(a.out, d, report.Options{Width: terminal(a.out), Colour: a.colour(a.out)})
	}
	if err != nil {
		return err
	}
	failed := false
	for _, h := range d.Hunts {
		if h.Outcome == report.Failed {
			failed = true
			fmt.Fprintf(a.err, "quarry: hunt %s: %s\n", h.ID, escapeLines(h.Reason))
		}
	}
	if failed {
		// The report is whole but for these hunts; it stays.
		if err := t.finish(nil); err != nil {
			return err
		}
		return errTold
	}
	if l.set() {
		return errAside
	}
	return nil
}

// triageDone is the object of triage --json.
func triageDone(l *loaded, d report.Data) any {
	type found struct {
		ID       string     `json:"id"`
		Severity string     `json:"severity"`
		Title    string     `json:"title"`
		Findings int64      `json:"findings"`
		First    *time.Time `json:"first_time,omitempty"`
		Last     *time.Time `json:"last_time,omitempty"`
	}
	out := struct {
		Load     any     `json:"load"`
		Case     string  `json:"case"`
		Report   string  `json:"report"`
		Hunts    int     `json:"hunts"`
		Findings []found `json:"findings"`
		Gaps     int     `json:"gaps"`
	}{Load: l.sum, Case: l.path, Report: d.ReportFile, Hunts: len(d.Hunts), Findings: []found{}, Gaps: len(d.Missing)}
	for _, f := range d.Findings {
		x := found{ID: f.Hunt, Severity: string(f.Severity), Title: f.Title, Findings: f.Count}
		if !f.First.IsZero() {
			x.First, x.Last = &f.First, &f.Last
		}
		out.Findings = append(out.Findings, x)
	}
	return out
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
	return err == nil && strings.Contains(string(head), report.Mark)
}
