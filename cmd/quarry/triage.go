package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"logquarry/engine/report"
	"logquarry/engine/session"
	"logquarry/engine/triage"
	"logquarry/engine/verify"
)

func (a *app) triageCommand() *cobra.Command {
	var in intake
	var keys []string
	c := &cobra.Command{
		Use:   "triage PATH…",
		Short: "Load logs, run the hunts, write report.html: the main job in one go",
		Long: `triage loads the logs below the paths into the case, runs the hunts of the pack
triage, and says what was loaded, what could not be, what was found, who did it
and what is missing. It writes the same, with rows, records and queries, to
report.html; quarry report writes it again. With --keys the evidence is verified, too.

A second run goes on with the same case: files in it already are not loaded
again, and its own report is replaced.`,
		Example: `  quarry triage ./logs
  quarry triage ./logs --case incident.duckdb --output incident.html
  quarry triage ./logs --since 2026-03-10 --until 2026-03-13`,
		Args: needPaths,
		RunE: func(c *cobra.Command, args []string) error {
			in.paths = args
			return a.triage(c.Context(), in, keys)
		},
	}
	in.flags(c)
	c.Flags().StringArrayVar(&keys, "keys", nil, "verify by this `file` of CloudTrail's public keys; may be given again")
	return c
}

func (a *app) triage(ctx context.Context, in intake, keyFiles []string) (err error) {
	since, until, err := window(in.since, in.until, time.Now())
	if err != nil {
		return err
	}
	keys, err := readKeys(keyFiles)
	if err != nil {
		return err
	}
	page := a.output
	if page == "" || page == "-" {
		page = defaultReports[reportHTML]
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
	verified := report.Verification{Why: "quarry triage does so with --keys", Args: []string{"report", "--keys", "FILE"}}
	if len(keyFiles) > 0 {
		if verified, err = a.verified(ctx, c, verify.Options{Keys: keys}); err != nil {
			return err
		}
	}
	d, err := a.collect(ctx, t, session.New(session.Options{Case: c, Sources: sources, Version: version}),
		triage.Options{Case: c, Sources: sources, Hunts: hunts, Since: since, Until: until, Verification: verified})
	if err != nil {
		return err
	}
	d.ReportFile = page
	if err := a.writeReport(ctx, t, c, d, reportHTML); err != nil {
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
	return struct {
		Load     any     `json:"load"`
		Case     string  `json:"case"`
		Report   string  `json:"report"`
		Hunts    int     `json:"hunts"`
		Findings []found `json:"findings"`
		Gaps     int     `json:"gaps"`
	}{l.sum, l.path, d.ReportFile, len(d.Hunts), foundIn(d), len(d.Missing)}
}
