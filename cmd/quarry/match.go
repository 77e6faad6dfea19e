package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"logquarry/engine/custody"
	"logquarry/engine/indicator"
	"logquarry/engine/match"
	"logquarry/engine/render"
	"logquarry/engine/store"
	"logquarry/engine/value"
)

type matchFlags struct {
	since, until, column    string
	failOnHit, summary, all bool
	rows                    int
}

// matchMemory bounds DuckDB's buffers where nobody says otherwise: the
// indicators need memory too.
const matchMemory = "512MB"

func (a *app) matchCommand() *cobra.Command {
	var f matchFlags
	c := &cobra.Command{
		Use:   "match LIST…",
		Short: "Find indicators of compromise in all logs",
		Long: `match reads lists of indicators and finds them in every text of every source,
also inside JSON, URLs, host names and messages. A LIST is a file, a folder of
files, or - for standard input: one indicator a line, CSV, STIX 2.1 or MISP JSON,
also defanged (hxxp://, 192.0.2[.]1) or packed with gzip or zstd. What an
indicator is of is told by its value, or by the list: addresses and blocks of
them, domains, URLs, hashes and fingerprints, e-mail addresses, access keys,
ARNs, user agents, other names. *text* is found anywhere.

A domain matches its subdomains too, and the note says so. What matches when the
list says that an indicator is not valid is shown, with a note. Hits are in the
order of time: one row for each event and indicator in it.`,
		Example: `  quarry match iocs.txt
  quarry match feed.json bad-addresses.csv --since 2026-03-01 --summary
  quarry match misp-feed/ --format ndjson --output hits.ndjson
  quarry match iocs.txt --fail-on-hit --quiet`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("quarry match iocs.txt", "match needs a LIST")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return a.match(c.Context(), args, f) },
	}
	c.Flags().StringVar(&f.since, "since", "", "only events from this `time` on: "+timesHelp)
	c.Flags().StringVar(&f.until, "until", "", "only events before this `time`")
	c.Flags().BoolVar(&f.summary, "summary", false, "one row for each indicator: hits, first and last, sources")
	c.Flags().BoolVar(&f.failOnHit, "fail-on-hit", false, "exit with 4 where an indicator is found")
	c.Flags().StringVar(&f.column, "column", "", "`name` of the column with the indicators in CSV (default: found by name or content)")
	c.Flags().BoolVar(&f.all, "all", false, "MISP: also attributes that are not for detection (to_ids is false)")
	c.Flags().IntVar(&f.rows, "rows", 100, "`number` of rows a table on a terminal shows; 0: all")
	return c
}

// matched is the object of match --json.
type matched struct {
	Lists      []matchedList    `json:"lists"`
	Indicators int              `json:"indicators"`
	Types      map[string]int   `json:"types"`
	Bad        int              `json:"malformed"`
	Rows       int64            `json:"rows_searched"`
	Hits       int64            `json:"hits"`
	Events     int64            `json:"events"`
	Found      int64            `json:"indicators_found"`
	Outside    int64            `json:"outside_validity"`
	Sources    map[string]int64 `json:"sources"`
	Seconds    float64          `json:"seconds"`
}

type matchedList struct {
	Path       string `json:"path"`
	SHA256     string `json:"sha256,omitempty"`
	Format     string `json:"format"`
	Indicators int    `json:"indicators"`
	Bad        int    `json:"malformed"`
	Left       int    `json:"not_for_detection"`
	Error      string `json:"error,omitempty"`
}

func (a *app) match(ctx context.Context, lists []string, f matchFlags) (err error) {
	since, until, err := window(f.since, f.until, time.Now())
	if err != nil {
		return err
	}
	start := time.Now()
	set := indicator.NewSet()
	if err := set.Read(ctx, lists, a.in, indicator.Options{Column: f.column, All: f.all}); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return &usageError{err, "a LIST is a file, a folder, or - for standard input"}
		}
		return err
	}
	did := listsRead(set)
	aside := a.tellLists(set)
	if len(set.Indicators) == 0 {
		return &hinted{errors.New("the lists hold no indicator that can be used"), "one a line, CSV, STIX 2.1 or MISP JSON; quarry match --help says more"}
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
	if a.memory == "" {
		a.memory = matchMemory
	}
	o, err := a.open(ctx, question{})
	if err != nil {
		return err
	}
	defer o.closeInto(&err)
	sources, err := a.sources()
	if err != nil {
		return err
	}
	opts := match.Options{Sources: sources, Threads: a.workers()}
	if a.showsProgress() {
		opts.Progress = func(source string) { fmt.Fprintf(a.err, "%ssearching %s", eraseLine, render.Escape(source)) }
	}
	m, err := match.Search(ctx, o.Case(), set, opts)
	if a.showsProgress() {
		fmt.Fprint(a.err, eraseLine)
	}
	if err != nil {
		return err
	}
	totals, err := a.matchRows(ctx, t, m, f, since, until, format)
	if err != nil {
		return err
	}
	did.Rows, did.Hits, did.Events, did.Found, did.Outside, did.Sources = m.Rows, totals.Hits, totals.Events, totals.Indicators, totals.Outside, totals.BySource
	did.Seconds = time.Since(start).Seconds()
	t.record.File.Format = string(format)
	t.record.Since, t.record.Until = custody.Moment(since), custody.Moment(until)
	if err := t.describe(ctx, o.Case()); err != nil {
		return err
	}
	a.matchRecorded(o.Case().Path, did, since, until)
	if a.json {
		if err := a.tell(did); err != nil {
			return err
		}
	}
	a.matchDone(did, totals, f, format == render.Table && terminal(t.Writer) > 0 && !f.summary)
	switch {
	case f.failOnHit && did.Hits > 0:
		return errHits
	case aside:
		return errAside
	}
	return nil
}

// matchRows writes the hits, or their summary, and counts them.
func (a *app) matchRows(ctx context.Context, t *target, m *match.Matches, f matchFlags, since, until time.Time, format render.Format) (*match.Totals, error) {
	counted := a.json && t.file == nil // stdout is for the object
	if f.summary {
		l, totals, err := m.Summary(ctx, since, until)
		if err == nil && !counted {
			t.record.File.Rows, err = a.write(t.Writer, l, format)
		}
		return totals, err
	}
	rows, totals := m.Hits(ctx, since, until)
	var err error
	switch {
	case counted:
	case format == render.Table && terminal(t.Writer) > 0:
		page := value.ListOf(rows.Columns())
		for (f.rows == 0 || page.Len() < f.rows) && rows.Next() {
			page.Add(slices.Clone(rows.Values())...)
		}
		if page.Len() > 0 {
			_, err = render.Write(t.Writer, page.Pick(terminalColumns()), render.Options{Format: format, Width: terminal(t.Writer), Colour: a.colour(t.Writer), Terminal: true})
		}
	default:
		t.record.File.Rows, err = a.write(t.Writer, rows, format)
	}
	for err == nil && rows.Next() {
		// What is not shown is counted.
	}
	return totals, errors.Join(err, rows.Err(), rows.Close())
}

// terminalColumns are the columns that a terminal has room for.
func terminalColumns() []int {
	var at []int
	for _, name := range []string{"time", "source", "indicator", "column", "note", "principal", "src_ip", "target", "summary"} {
		at = append(at, slices.IndexFunc(match.Columns(), func(c value.Column) bool { return c.Name == name }))
	}
	return at
}

// listsRead is what was read, for the object of --json and the record.
func listsRead(set *indicator.Set) *matched {
	did := &matched{Indicators: len(set.Indicators), Types: map[string]int{}, Sources: map[string]int64{}}
	for _, l := range set.Lists {
		x := matchedList{Path: l.Path, SHA256: l.SHA256, Format: string(l.Format), Indicators: l.Indicators, Bad: l.BadCount, Left: l.Left}
		if l.Err != nil {
			x.Error = l.Err.Error()
		}
		did.Lists = append(did.Lists, x)
		did.Bad += l.BadCount
	}
	for i := range set.Indicators {
		did.Types[set.Indicators[i].Type.String()]++
	}
	return did
}

// tellLists says what is wrong with the lists, and what in them matches too much.
// It reports whether anything was set aside.
func (a *app) tellLists(set *indicator.Set) (aside bool) {
	for _, l := range set.Lists {
		aside = aside || l.Err != nil || l.BadCount > 0
		if l.Err != nil {
			fmt.Fprintf(a.err, "quarry: %s: %s; %s of it are used\n", render.Escape(l.Path), escapeLines(l.Err.Error()), plural(int64(l.Indicators), "indicator"))
		}
		if a.quiet {
			continue
		}
		for _, bad := range l.Bad {
			fmt.Fprintf(a.err, "quarry: %s:%d: not used: %s: %s\n", render.Escape(l.Path), bad.Line, render.Escape(bad.Reason), render.Escape(bad.Text))
		}
		if more := l.BadCount - len(l.Bad); more > 0 {
			fmt.Fprintf(a.err, "quarry: %s: %s more not used\n", render.Escape(l.Path), render.Thousands(int64(more)))
		}
		if l.Left > 0 {
			fmt.Fprintf(a.err, "note: %s: %s not for detection left out; --all takes them\n", render.Escape(l.Path), plural(int64(l.Left), "attribute"))
		}
	}
	if broad := set.Broad(); len(broad) > 0 && !a.quiet {
		var some []string
		for _, i := range broad[:min(3, len(broad))] {
			some = append(some, render.Escape(i.Value))
		}
		if len(broad) > 3 {
			some = append(some, "…")
		}
		fmt.Fprintf(a.err, "note: %s not public or very wide, so much that is innocent matches: %s\n", plural(int64(len(broad)), "indicator"), strings.Join(some, ", "))
	}
	return aside
}

// matchDone says what was found.
func (a *app) matchDone(did *matched, totals *match.Totals, f matchFlags, shown bool) {
	if a.quiet {
		return
	}
	fmt.Fprintf(a.err, "%s, %d found, %s in %s of %s rows, in %s\n", plural(int64(did.Indicators), "indicator"), did.Found,
		plural(did.Hits, "hit"), plural(did.Events, "event"), render.Thousands(did.Rows), seconds(did.Seconds))
	if f.rows > 0 && shown && int64(f.rows) < did.Hits {
		fmt.Fprintf(a.err, "the first %s hits above; --rows 0 shows all, --summary one row for each indicator\n", render.Thousands(int64(f.rows)))
	}
	if did.Outside > 0 {
		fmt.Fprintf(a.err, "note: %s outside the time in which the list says the indicator is valid, or of one that was revoked\n", plural(did.Outside, "hit"))
	}
	if b := totals.Busiest; b != nil && did.Hits > 1000 && totals.BusiestHits*2 > did.Hits {
		fmt.Fprintf(a.err, "note: %s of them are of %s alone; --summary shows one row for each indicator\n", render.Thousands(totals.BusiestHits), render.Escape(b.Value))
	}
}

// matchRecorded has the search recorded in the case, once it is closed.
func (a *app) matchRecorded(path string, did *matched, since, until time.Time) {
	a.recordLater(path, store.Action{Name: "match", Version: version, At: time.Now(), Detail: struct {
		Lists      []matchedList `json:"lists"`
		Indicators int           `json:"indicators"`
		Since      *time.Time    `json:"since,omitempty"`
		Until      *time.Time    `json:"until,omitempty"`
		Hits       int64         `json:"hits"`
		Found      int64         `json:"indicators_found"`
	}{did.Lists, did.Indicators, custody.Moment(since), custody.Moment(until), did.Hits, did.Found}})
}
