package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"logquarry/engine/custody"
	"logquarry/engine/hunt"
	"logquarry/engine/render"
	"logquarry/engine/store"
	"logquarry/engine/value"
)

type huntFlags struct {
	params       []string
	patterns     []string
	since, until string
	baseline     string
	failOnHit    bool
	rows         int
	placeholders []string
}

func (a *app) huntCommand() *cobra.Command {
	var f huntFlags
	c := &cobra.Command{
		Use:   "hunt [PACK|ID|FILE.sql|RULE.yml|FOLDER…]",
		Short: "Run hunts over the case",
		Long: `hunt runs packs, single hunts, .sql files, Sigma rules (.yml) or folders of them;
without a name the pack triage, with "all" every hunt. A hunt whose sources are
not in the case is skipped and said so. quarry packs lists what there is.

Sigma rules run as they are published, many in one scan. A rule that cannot be
run is listed with its place and the reason, the others run, and the exit code
is 3. quarry sigma explain RULE shows the SQL of a rule.

A table shows the findings of each hunt under its title, and what to run next
with values of its worst finding. The other formats are
one stream of all findings: hunt_id, severity, title, attack, time, source,
principal, src_ip, target, summary, and details, a JSON object of the rest.

--pattern runs EventBridge event patterns instead: a pattern, the output of aws
events list-rules or describe-rule, or a folder of these, with the outputs of
list-targets-by-rule beside them as RULE.targets.json. It says which rules would
have fired on the events of the case, when, and which targets they have.`,
		Example: `  quarry hunt
  quarry hunt cross-source --since 7d
  quarry hunt ct-failed-logins -p threshold=3
  quarry hunt sigma/rules/cloud/aws --since 2026-03-10
  quarry hunt all --format ndjson --output findings.ndjson
  quarry hunt --fail-on-hit --quiet
  quarry hunt --pattern pattern.json
  quarry hunt --pattern rules/ --format csv`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(f.patterns) > 0 {
				return a.huntPatterns(c.Context(), args, f)
			}
			return a.hunt(c.Context(), args, f)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return huntNames(), cobra.ShellCompDirectiveDefault
		},
	}
	c.Flags().StringArrayVarP(&f.params, "param", "p", nil, "`name=value` of a parameter; may be given again")
	c.Flags().StringArrayVar(&f.patterns, "pattern", nil, "run the EventBridge patterns or rules in `file` or folder; may be given again")
	c.Flags().StringVar(&f.since, "since", "", "only events from this `time` on: "+timesHelp)
	c.Flags().StringVar(&f.until, "until", "", "only events before this `time`")
	c.Flags().StringVar(&f.baseline, "baseline-until", "", "take what came before this `time` for usual (hunts of the pack baseline);\nwithout it, the rest of the case")
	c.Flags().BoolVar(&f.failOnHit, "fail-on-hit", false, "exit with 4 where a hunt finds something")
	placeholderFlag(c, &f.placeholders)
	c.Flags().IntVar(&f.rows, "rows", 20, "`number` of findings a table shows of each hunt; 0: all")
	return c
}

// huntNames are the packs and hunts, for completion.
func huntNames() []string {
	lib, err := library()
	if err != nil {
		return nil
	}
	names := []string{hunt.AllPack + "\tevery hunt"}
	for _, p := range lib.Packs() {
		names = append(names, p.Name+"\tpack of "+fmt.Sprint(len(p.Hunts)))
	}
	for _, h := range lib.Hunts() {
		names = append(names, h.ID+"\t"+h.Title)
	}
	return names
}

// hunted is the object of hunt --json.
type hunted struct {
	Hunts    int64        `json:"hunts"`
	Hits     int64        `json:"hits"` // hunts with findings
	Findings int64        `json:"findings"`
	Skipped  int64        `json:"skipped"`
	Failed   int64        `json:"failed"`
	Seconds  float64      `json:"seconds"`
	Results  []huntResult `json:"results"`
	// NotRun are the Sigma rules that could not be read or compiled.
	NotRun []notRun `json:"rules_not_run,omitempty"`
}

type huntResult struct {
	ID       string     `json:"id"`
	Severity string     `json:"severity"`
	Title    string     `json:"title"`
	Findings int64      `json:"findings"`
	First    *time.Time `json:"first_time,omitempty"`
	Last     *time.Time `json:"last_time,omitempty"`
	Missing  []string   `json:"missing_sources,omitempty"`
	Error    string     `json:"error,omitempty"`
	Hint     string     `json:"hint,omitempty"` // advice, beside an error
	Seconds  float64    `json:"seconds"`
}

func (h *hunted) add(r hunt.Result) {
	x := huntResult{ID: r.Hunt.ID, Severity: string(r.Hunt.Severity), Title: r.Hunt.Title, Findings: r.Count,
		Missing: r.Missing, Seconds: r.Elapsed.Seconds()}
	if !r.First.IsZero() {
		x.First, x.Last = &r.First, &r.Last
	}
	h.Hunts++
	h.Findings += r.Count
	switch {
	case r.Err != nil:
		x.Error, x.Hint = r.Err.Error(), hintOf(r.Err)
		h.Failed++
	case len(r.Missing) > 0:
		h.Skipped++
	case r.Count > 0:
		h.Hits++
	}
	h.Results = append(h.Results, x)
}

func (a *app) hunt(ctx context.Context, names []string, f huntFlags) (err error) {
	since, until, err := window(f.since, f.until, time.Now())
	if err != nil {
		return err
	}
	values, err := pairs(f.params)
	if err != nil {
		return err
	}
	if f.baseline != "" {
		t, err := parseTime(f.baseline, time.Now())
		if err != nil {
			return usage("times are "+timesHelp, "--baseline-until %s: not a time", f.baseline)
		}
		values[hunt.BaselineUntil] = t.Format(time.RFC3339Nano)
	}
	lib, err := library()
	if err != nil {
		return err
	}
	others, rules, err := readRules(names, f.placeholders)
	if err != nil {
		return err
	}
	var hunts []hunt.Hunt
	if rules == nil || others != nil {
		hunts, err = lib.Select(others)
	}
	if err == nil {
		err = hunt.Check(hunts, values)
	}
	if err != nil {
		return huntUsage(err)
	}
	t, err := a.results()
	if err != nil {
		return err
	}
	defer func() { err = t.finish(err) }()
	format, err := a.resultFormat(t.Writer)
	if err != nil {
		return err
	}
	o, err := a.open(ctx, question{})
	if err != nil {
		return err
	}
	defer o.closeInto(&err)
	opts := hunt.Options{Params: values, Since: since, Until: until}
	start := time.Now()
	did := &hunted{}
	var q hunt.Querier = o.Case()
	if rules != nil {
		plan, err := a.planRules(ctx, o, rules, opts, did)
		if err != nil {
			return err
		}
		hunts = append(hunts, plan.Hunts...)
		many := plan.Querier(o.Case())
		// Before the case, which waits for what is still being read.
		defer func() { err = errors.Join(err, many.Close()) }()
		q = many
	}
	opts.Done = func(r hunt.Result) error { did.add(r); t.hunted(r); return nil }
	switch {
	case a.json && t.file == nil:
		_, err = hunt.Run(ctx, q, hunts, opts)
	case format == render.Table || format == render.Line || format == render.Markdown:
		err = a.huntPages(ctx, t.Writer, q, hunts, opts, f.rows, format)
	default:
		err = a.huntStream(ctx, t.Writer, q, hunts, opts, format)
	}
	if err != nil {
		return err
	}
	t.record.File.Format = string(format)
	t.record.Since, t.record.Until = custody.Moment(since), custody.Moment(until)
	if err := t.describe(ctx, o.Case()); err != nil {
		return err
	}
	did.Seconds = time.Since(start).Seconds()
	a.huntRecorded(o.Case().Path, names, values, since, until, did)
	if a.json {
		if err := a.tell(did); err != nil {
			return err
		}
	}
	a.huntsDone(did)
	switch {
	case did.Failed > 0:
		return errTold
	case f.failOnHit && did.Findings > 0:
		return errHits
	case did.NotRun != nil:
		return errAside
	}
	return nil
}

// huntUsage is an error in the choice of hunts, as the command tells it.
func huntUsage(err error) error {
	var e *hunt.Error
	if errors.As(err, &e) && e.File == "" {
		return &usageError{err, e.Hint}
	}
	return err
}

// hunted notes the findings of a hunt that went into the file.
func (t *target) hunted(r hunt.Result) {
	if r.Err == nil && len(r.Missing) == 0 {
		t.record.Add(custody.Query{Hunt: r.Hunt.ID, Title: r.Hunt.Title, SQL: r.Hunt.SQL, Parameters: custody.Parameters(r.Params), Rows: r.Count})
	}
}

// huntRecorded has the run recorded in the case, once it is closed: which hunts
// ran, with what, and what each came to.
func (a *app) huntRecorded(path string, names []string, params map[string]string, since, until time.Time, did *hunted) {
	counts := map[string]int64{}
	var failed, skipped, notRun []string
	for _, r := range did.NotRun {
		notRun = append(notRun, r.at())
	}
	for _, r := range did.Results {
		switch {
		case r.Error != "":
			failed = append(failed, r.ID)
		case len(r.Missing) > 0:
			skipped = append(skipped, r.ID)
		default:
			counts[r.ID] = r.Findings
		}
	}
	a.recordLater(path, store.Action{Name: "hunt", Version: version, At: time.Now(), Detail: struct {
		Hunts      []string          `json:"hunts"`
		Parameters map[string]string `json:"parameters,omitempty"`
		Since      *time.Time        `json:"since,omitempty"`
		Until      *time.Time        `json:"until,omitempty"`
		Findings   map[string]int64  `json:"findings"`
		Skipped    []string          `json:"skipped,omitempty"`
		Failed     []string          `json:"failed,omitempty"`
		NotRun     []string          `json:"rules_not_run,omitempty"`
	}{names, params, custody.Moment(since), custody.Moment(until), counts, skipped, failed, notRun}})
}

// huntsDone says how the hunts went: those that failed always, the rest for a
// person.
func (a *app) huntsDone(did *hunted) {
	var skipped []string
	missing := map[string]bool{}
	for _, r := range did.Results {
		if r.Error != "" {
			fmt.Fprintf(a.err, "quarry: hunt %s: %s\n", render.Escape(r.ID), escapeLines(r.Error))
			if r.Hint != "" {
				fmt.Fprintln(a.err, "hint: "+escapeLines(r.Hint))
			}
		}
		if len(r.Missing) > 0 {
			skipped = append(skipped, r.ID)
			for _, m := range r.Missing {
				missing[m] = true
			}
		}
	}
	if a.quiet {
		return
	}
	fmt.Fprintf(a.err, "%s, %d with findings (%s), %d without", plural(did.Hunts, "hunt"), did.Hits, plural(did.Findings, "row"),
		did.Hunts-did.Hits-did.Skipped-did.Failed)
	if did.Failed > 0 {
		fmt.Fprintf(a.err, ", %d failed", did.Failed)
	}
	fmt.Fprintf(a.err, ", in %s\n", seconds(did.Seconds))
	if len(skipped) > 0 {
		var names []string
		for m := range missing {
			names = append(names, m)
		}
		slices.Sort(names)
		fmt.Fprintf(a.err, "%d skipped for want of %s in the case: %s\n", len(skipped), render.Escape(strings.Join(names, ", ")), render.Escape(strings.Join(skipped, ", ")))
	}
}

// huntPages shows each hunt with findings under its title.
func (a *app) huntPages(ctx context.Context, w io.Writer, q hunt.Querier, hunts []hunt.Hunt, opts hunt.Options, most int, format render.Format) error {
	var page *value.List
	opts.Rows = func(_ hunt.Hunt, rows value.Rows) error {
		page = value.ListOf(rows.Columns())
		for (most == 0 || page.Len() < most) && rows.Next() {
			page.Add(slices.Clone(rows.Values())...)
		}
		return nil // what is left is counted
	}
	done := opts.Done
	opts.Done = func(r hunt.Result) error {
		if err := done(r); err != nil {
			return err
		}
		if r.Count == 0 || page == nil {
			return nil
		}
		if err := a.huntPage(w, r, page, format); err != nil {
			return err
		}
		page = nil
		return nil
	}
	_, err := hunt.Run(ctx, q, hunts, opts)
	return err
}

func (a *app) huntPage(w io.Writer, r hunt.Result, page *value.List, format render.Format) error {
	h := r.Hunt
	title := h.Title
	if h.Plain {
		title = h.File
	}
	head := strings.ToUpper(string(h.Severity))
	if head != "" && a.colour(w) {
		head = severityColour(h.Severity) + head + "\x1b[0m"
	}
	if head != "" {
		head += "  "
	}
	count := plural(r.Count, "finding")
	if n := int64(page.Len()); n < r.Count {
		count += fmt.Sprintf(", the first %s below", render.Thousands(n))
	}
	line := fmt.Sprintf("%s%s  (%s)  %s", head, render.Escape(title), render.Escape(h.ID), count)
	if h.Author != "" {
		line += "  by " + render.Escape(h.Author)
	}
	if format == render.Markdown {
		line = "## " + line + "\n"
	}
	if _, err := fmt.Fprintln(w, line); err != nil {
		return err
	}
	var rows [][]any
	for all := page.Again(); all.Next(); {
		rows = append(rows, all.Values())
	}
	// A value that cannot be pasted makes no command: another finding may.
	steps := h.Steps(page.Columns(), rows, render.Pasteable)
	width := terminal(w)
	if width > 0 && format == render.Table {
		page = leadingOf(page)
	}
	_, err := render.Write(w, page, render.Options{Format: format, Width: width, Colour: a.colour(w), Terminal: width > 0})
	if err != nil {
		return err
	}
	for _, step := range steps {
		line := "next: " + a.commandLine(step.Args()...)
		if format == render.Markdown {
			line = "\n    " + a.commandLine(step.Args()...)
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(w)
	return err
}

// commandLine is a command line on the same case, fit to be pasted.
func (a *app) commandLine(args ...string) string {
	words := append([]string{"quarry"}, args...)
	if a.casePath != "" {
		words = append(words, "--case", a.casePath)
	}
	for i, w := range words {
		words[i] = render.ShellWord(w)
	}
	return strings.Join(words, " ")
}

// leadingOf is the page with the columns all hunts share and no others, as
// far as it has them: a terminal has no room for more. What a hunt adds is in
// the other formats and in the shell.
func leadingOf(page *value.List) *value.List {
	var keep []int
	for i, c := range page.Columns() {
		// The title says mostly which source it is.
		if c.Name != "source" && slices.Contains(hunt.Leading(), c.Name) {
			keep = append(keep, i)
		}
	}
	if keep == nil {
		return page
	}
	return page.Pick(keep)
}

func severityColour(s hunt.Severity) string {
	switch s {
	case hunt.Critical:
		return "\x1b[1;97;41m"
	case hunt.High:
		return "\x1b[1;31m"
	case hunt.Medium:
		return "\x1b[33m"
	case hunt.Low:
		return "\x1b[36m"
	}
	return "\x1b[2m"
}

// findings are the rows of many hunts as one result.
type findings struct {
	from chan []any
	row  []any
	done func() error // the run's error, once from is closed
	err  error
}

func (f *findings) Columns() []value.Column { return hunt.Columns() }

func (f *findings) Next() bool {
	row, ok := <-f.from
	if !ok {
		f.err = f.done()
		return false
	}
	f.row = row
	return true
}

func (f *findings) Values() []any { return f.row }
func (f *findings) Err() error    { return f.err }
func (f *findings) Close() error  { return nil }

// huntStream writes the findings of all hunts as one result, as they come.
func (a *app) huntStream(ctx context.Context, w io.Writer, q hunt.Querier, hunts []hunt.Hunt, opts hunt.Options, format render.Format) error {
	return streamFindings(ctx, w, format, func(ctx context.Context, give func(row []any) error) error {
		opts.Rows = func(h hunt.Hunt, rows value.Rows) error {
			shape := newShape(h, rows.Columns())
			for rows.Next() {
				if err := give(shape.row(rows.Values())); err != nil {
					return err
				}
			}
			return nil
		}
		_, err := hunt.Run(ctx, q, hunts, opts)
		return err
	})
}

// streamFindings writes as one result the rows that run gives, as they come.
func streamFindings(ctx context.Context, w io.Writer, format render.Format, run func(ctx context.Context, give func(row []any) error) error) error {
	g, ctx := errgroup.WithContext(ctx)
	f := &findings{from: make(chan []any, 256)}
	// A run that is cut off must not look whole: its error ends the rows too.
	var cut error
	f.done = func() error { return cut }
	g.Go(func() error {
		defer close(f.from)
		cut = run(ctx, func(row []any) error {
			select {
			case f.from <- row:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
		return cut
	})
	width := terminal(w)
	g.Go(func() error {
		_, err := render.Write(w, f, render.Options{Format: format, Width: width, Terminal: width > 0})
		return err
	})
	return g.Wait()
}

// shape says where the columns of one hunt go among those all findings share.
type shape struct {
	head    []any
	columns []value.Column
	at      []int // place among the leading columns, or -1: details
}

func newShape(h hunt.Hunt, columns []value.Column) *shape {
	var severity, title, attack any
	if h.Severity != "" {
		severity = string(h.Severity)
	}
	if h.Title != "" {
		title = h.Title
	}
	if h.Attack != nil {
		attack = strings.Join(h.Attack, ",")
	}
	s := &shape{head: []any{h.ID, severity, title, attack}, columns: columns}
	taken := map[int]bool{}
	for _, c := range columns {
		i := slices.Index(hunt.Leading(), c.Name)
		if i >= 0 && taken[i] {
			i = -1
		}
		taken[i] = true
		s.at = append(s.at, i)
	}
	return s
}

func (s *shape) row(cells []any) []any {
	row := make([]any, len(s.head)+len(hunt.Leading())+1)
	copy(row, s.head)
	var details value.Struct
	for i, cell := range cells {
		if s.at[i] >= 0 {
			row[len(s.head)+s.at[i]] = cell
		} else {
			details = append(details, value.Field{Name: s.columns[i].Name, Value: cell})
		}
	}
	if details != nil {
		row[len(row)-1] = string(render.AppendJSON(nil, details))
	}
	return row
}
