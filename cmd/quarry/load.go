package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"logquarry/engine/find"
	"logquarry/engine/load"
	"logquarry/engine/render"
	"logquarry/engine/schema"
	"logquarry/engine/sqltext"
	"logquarry/engine/store"
)

// intake is what is to be loaded.
type intake struct {
	paths        []string
	source       string
	since, until string
}

func (a *app) loadCommand() *cobra.Command {
	var in intake
	c := &cobra.Command{
		Use:   "load PATH…",
		Short: "Load logs into the case",
		Long: `load reads every log below the paths into the case. What a file is, is told by
its content, then by its name; gzip, zstd, bzip2, zip and tar are unpacked; -
is standard input. Files of no known source are listed, not failed.

Loading the same files again adds nothing. A load that was cut off goes on when
it is run again.`,
		Example: `  quarry load ./logs
  quarry load export.zip --case incident.duckdb
  quarry load ./logs --since 2026-03-10 --until 2026-03-12
  zcat flows.gz | quarry load - --source vpc_flow`,
		Args: needPaths,
		RunE: func(c *cobra.Command, args []string) error {
			in.paths = args
			return a.load(c.Context(), in)
		},
	}
	in.flags(c)
	return c
}

func (in *intake) flags(c *cobra.Command) {
	c.Flags().StringVar(&in.source, "source", "", "take every file for one of this `source`")
	c.Flags().StringVar(&in.since, "since", "", "only events from this `time` on: "+timesHelp)
	c.Flags().StringVar(&in.until, "until", "", "only events before this `time`")
}

func needPaths(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usage(c.CommandPath()+" ./logs", "%s needs a PATH", c.CommandPath())
	}
	return nil
}

// loaded is what an intake came to.
type loaded struct {
	sum     *load.Summary
	unknown []string // files of no known source
	path    string   // of the case
}

func (a *app) load(ctx context.Context, in intake) (err error) {
	if a.output != "" {
		return usage("--json tells on stdout what was done", "load has no results to write to --output")
	}
	l, c, err := a.takeIn(ctx, in, "load")
	if c != nil {
		defer func() {
			if cerr := c.Close(); err == nil || errors.Is(err, errAside) {
				err = errors.Join(err, cerr)
			}
		}()
	}
	if err != nil {
		return err
	}
	if a.json {
		if err := a.tell(l.sum); err != nil {
			return err
		}
	}
	if !a.quiet {
		a.summarize(l)
	}
	if l.set() {
		return errAside
	}
	return nil
}

// summary is what was loaded; nil where nothing was to be.
func (l *loaded) summary() *load.Summary {
	if l == nil {
		return nil
	}
	return l.sum
}

// set reports whether something could not be read.
func (l *loaded) set() bool {
	return l != nil && (l.sum.Rejects > 0 || l.sum.Skipped[load.Unreadable] > 0)
}

// takeIn opens the case, making it where there is none, and loads into it. The
// case is the caller's to close wherever it is not nil.
func (a *app) takeIn(ctx context.Context, in intake, name string) (l *loaded, c *store.Case, err error) {
	now := time.Now()
	since, until, err := window(in.since, in.until, now)
	if err != nil {
		return nil, nil, err
	}
	sources, err := a.sources()
	if err != nil {
		return nil, nil, err
	}
	source, err := pickSource(sources, in.source)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range in.paths {
		if p == "-" {
			continue
		}
		if _, err := os.Stat(p); err != nil {
			var pe *fs.PathError
			if errors.As(err, &pe) {
				err = pe.Err
			}
			return nil, nil, fmt.Errorf("load %s: %w", p, err)
		}
	}
	path, _ := a.caseName()
	_, statErr := os.Stat(path)
	fresh := errors.Is(statErr, fs.ErrNotExist)
	// Making a case and looking at files take about as long, and neither needs
	// the other. Its views can wait until the load is done, but not those of
	// somebody's own sources: a slip in them is told before the work, not after.
	opened := make(chan error, 1)
	go func() {
		var err error
		c, err = a.openCase(ctx, path, store.Options{Create: true, Sources: sources, ViewsLater: a.schemas == ""})
		opened <- err
	}()
	l = &loaded{path: path}
	watch := a.watch(new(load.Progress))
	files, cleanUp, err := a.find(ctx, in, find.Options{Sources: sources, Source: source, Skip: []string{path}}, path)
	defer cleanUp()
	if oerr := <-opened; oerr != nil {
		watch.stop()
		return nil, nil, oerr
	}
	if err != nil {
		watch.stop()
		// A case that was made for nothing is not left behind.
		err = errors.Join(err, c.Close())
		if fresh {
			os.Remove(path)
			os.Remove(path + ".wal")
		}
		return nil, nil, err
	}
	// What was taken in is told by its time, on a clock that is not set back.
	start := time.Now()
	clock := func() time.Time { return start.Add(time.Since(start)) }
	l.sum, err = load.Load(ctx, c, files, load.Options{
		Now: clock, Sources: sources, Since: since, Until: until, Threads: a.workers(), Version: version, Progress: watch.progress, Memory: a.memory,
	})
	watch.stop()
	if rerr := c.Ready(); err == nil {
		err = rerr
	}
	if rerr := a.record(ctx, c, name, in, l.sum, err != nil, start, clock()); err == nil {
		err = rerr
	}
	if err != nil {
		if ctx.Err() != nil {
			return l, c, &hinted{err, fmt.Sprintf("%s is intact with what was committed; run the same command again to go on", path)}
		}
		return l, c, fmt.Errorf("load into %s: %w", path, err)
	}
	l.unknown, err = unknownFiles(ctx, c, files)
	return l, c, err
}

// find looks for logs below the paths. cleanUp removes what was unpacked, and is
// to be called when the files have been read.
func (a *app) find(ctx context.Context, in intake, opts find.Options, casePath string) (files []find.File, cleanUp func(), err error) {
	cleanUp = func() {}
	opts.Stdin, opts.Threads = a.in, a.workers()
	if opts.Scratch, err = os.MkdirTemp(a.scratchFolder(casePath), ".quarry-"); err != nil {
		return nil, cleanUp, err
	}
	cleanUp = func() { os.RemoveAll(opts.Scratch) }
	f, err := find.NewFinder(opts)
	if err != nil {
		return nil, cleanUp, err
	}
	if files, err = f.Find(ctx, in.paths); err != nil {
		return nil, cleanUp, fmt.Errorf("look for logs: %w", err)
	}
	return files, cleanUp, nil
}

// scratchFolder is where archives are unpacked: $TMPDIR where it is set, else
// beside the case, where there is room for what they hold.
func (a *app) scratchFolder(casePath string) string {
	if dir := a.getenv("TMPDIR"); dir != "" {
		return dir
	}
	return filepath.Dir(casePath)
}

func pickSource(sources []*schema.Source, name string) (*schema.Source, error) {
	if name == "" {
		return nil, nil
	}
	var names []string
	for _, s := range sources {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	hint := "there are " + strings.Join(names, ", ")
	if near, ok := sqltext.Nearest(name, names); ok {
		hint = "did you mean " + near + "?"
	}
	return nil, usage(hint, "--source %s: no such source", name)
}

// inputs are the files a load took in, by the hash of their hashes and paths.
type inputs struct {
	Files  int64  `json:"files"`
	SHA256 string `json:"sha256"` // custody.Ledger
}

// record notes the load among the case's actions, also when it was cut off.
func (a *app) record(ctx context.Context, c *store.Case, name string, in intake, sum *load.Summary, cut bool, from, to time.Time) error {
	ctx = context.WithoutCancel(ctx)
	var took inputs
	var err error
	if took.Files, took.SHA256, err = c.Ledger(ctx, from.Truncate(time.Microsecond), to); err != nil {
		return err
	}
	return c.Record(ctx, store.Action{Name: name, Version: version, Detail: struct {
		Paths  []string      `json:"paths"`
		Source string        `json:"source,omitempty"`
		Since  string        `json:"since,omitempty"`
		Until  string        `json:"until,omitempty"`
		CutOff bool          `json:"cut_off,omitempty"`
		Inputs inputs        `json:"inputs"`
		Result *load.Summary `json:"result"`
	}{in.paths, in.source, in.since, in.until, cut, took, sum}})
}

// unknownFiles are those of files that are of no known source. Parquet files
// are told by load, so the ledger knows best.
func unknownFiles(ctx context.Context, c *store.Case, files []find.File) ([]string, error) {
	rows, err := c.DB().QueryContext(ctx, `SELECT path FROM evidence WHERE status = 'unknown' ORDER BY path`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var path string
		if err := rows.Scan(&path); err != nil {
			return nil, err
		}
		i := sort.Search(len(files), func(i int) bool { return files[i].Path >= path })
		if i < len(files) && files[i].Path == path {
			out = append(out, path)
		}
	}
	return out, rows.Err()
}

// How much of each list a summary shows.
const (
	shownAside   = 20
	shownUnknown = 5
)

// summarize tells a person what a load did.
func (a *app) summarize(l *loaded) {
	s := l.sum
	say := func(format string, args ...any) { fmt.Fprintf(a.err, format+"\n", args...) }
	if s.Files > 0 {
		say("loaded %s of %s into %s in %s", plural(s.Rows, "row"), plural(s.Files, "file"), render.Escape(l.path), seconds(s.Seconds))
		var names []string
		width := 0
		for name := range s.Sources {
			names = append(names, name)
			width = max(width, len(name))
		}
		slices.Sort(names)
		for _, name := range names {
			n := s.Sources[name]
			line := fmt.Sprintf("  %-*s  %13s  %16s", width, name, plural(n.Files, "file"), plural(n.Rows, "row"))
			if n.Duplicates > 0 {
				line += ", " + plural(n.Duplicates, "duplicate")
			}
			if n.Rejects > 0 {
				line += ", " + render.Thousands(n.Rejects) + " not readable"
			}
			say("%s", line)
		}
	} else {
		say("nothing new for %s", render.Escape(l.path))
	}
	for _, why := range []load.Reason{load.Known, load.Same, load.OutOfRange} {
		if n := s.Skipped[why]; n > 0 {
			say("%s %s", plural(n, "file"), why)
		}
	}
	if n := len(l.unknown); n > 0 {
		say("%s of no known source:", plural(int64(n), "file"))
		for _, p := range l.unknown[:min(n, shownUnknown)] {
			say("  %s", render.Escape(p))
		}
		if n > shownUnknown {
			say("  and %s more: SELECT path FROM evidence WHERE status = 'unknown'", render.Thousands(int64(n-shownUnknown)))
		}
	}
	if len(s.Aside) > 0 {
		say("set aside or changed:")
		a.listAside(s.Aside)
	}
}

// listAside writes places of the evidence, one a line.
func (a *app) listAside(list []load.Aside) {
	// What was lost comes before what is only odd.
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(x, y load.Aside) int {
		switch {
		case x.Note == y.Note:
			return 0
		case x.Note:
			return 1
		}
		return -1
	})
	for _, x := range list[:min(len(list), shownAside)] {
		place := render.Escape(x.Path)
		if x.Line > 0 {
			place += fmt.Sprintf(":%d", x.Line)
		}
		line := "  " + place + ": " + render.Escape(x.Reason)
		if x.Offset > 0 && !x.Note {
			line += fmt.Sprintf(" (offset %d)", x.Offset)
		}
		if x.Count > 0 {
			line += ", and " + render.Thousands(x.Count) + " more there"
		}
		fmt.Fprintln(a.err, line)
	}
	if n := len(list) - shownAside; n > 0 {
		fmt.Fprintf(a.err, "  and %s more, see .rejects and .evidence in the shell\n", render.Thousands(int64(n)))
	}
}

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return render.Thousands(n) + " " + noun + "s"
}

func seconds(s float64) string {
	switch {
	case s < 10:
		return fmt.Sprintf("%.1f s", s)
	case s < 60:
		return fmt.Sprintf("%.0f s", s)
	}
	return time.Duration(s * float64(time.Second)).Round(time.Second).String()
}
