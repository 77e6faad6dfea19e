package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"logquarry/engine/custody"
	"logquarry/engine/export"
	"logquarry/engine/hunt"
	"logquarry/engine/render"
	"logquarry/engine/schema"
	"logquarry/engine/sqltext"
	"logquarry/engine/value"
)

// The formats of export beside those of results.
const (
	parquetLake     = "parquet"
	xlsx            = "xlsx"
	timesketch      = "timesketch"
	timesketchJSONL = "timesketch-jsonl"
	l2tcsv          = "l2tcsv"
	stixBundle      = "stix"
	navigator       = "navigator"
)

// exportFormats are all formats of export, with the ends of names that stand
// for them.
var exportFormats = []struct {
	name string
	ends []string
}{
	{parquetLake, []string{".parquet"}}, {string(render.CSV), []string{".csv"}}, {string(render.TSV), []string{".tsv"}},
	{string(render.NDJSON), []string{".ndjson", ".jsonl"}}, {string(render.JSON), []string{".json"}}, {xlsx, []string{".xlsx"}},
	{timesketch, []string{".timesketch.csv"}}, {timesketchJSONL, []string{".timesketch.jsonl"}}, {l2tcsv, []string{".l2t.csv"}},
	{stixBundle, []string{".stix.json"}}, {navigator, []string{".layer.json"}},
}

// foundRows is the name of what hunts find among what can be exported.
const foundRows = "findings"

type exportFlags struct {
	hunts        []string
	params       []string
	since, until string
}

func (a *app) exportCommand() *cobra.Command {
	var f exportFlags
	c := &cobra.Command{
		Use:   "export [TABLE|VIEW|events|findings …] --output PATH",
		Short: "Write the case for other programs",
		Long: `export writes tables, views, all events or the findings of hunts to PATH:

  parquet           a folder, source=NAME/day=YYYY-MM-DD/*.parquet; all sources
  csv, tsv, ndjson, json
                    a file; of several tables a folder with a file each
  xlsx              a workbook, a sheet for each table or hunt
  timesketch        a timeline that Timesketch imports, as CSV
  timesketch-jsonl  the same as JSON lines
  l2tcsv            a timeline in the 17 columns of log2timeline and plaso
  stix              a STIX 2.1 bundle: findings as sightings of indicators
  navigator         a layer for the ATT&CK Navigator

Without --format the end of PATH tells: .parquet, .xlsx, .timesketch.csv,
.stix.json, .layer.json and so on. Without a name stix, navigator and xlsx take
findings, timelines take events, the others every source with records. findings
are those of --hunts, by default of the pack triage.`,
		Example: `  quarry export --output lake.parquet
  quarry export cloudtrail vpc_flow --format ndjson --output records
  quarry export findings --hunts all --output findings.xlsx
  quarry export events --since 2026-03-10 --output shop.timesketch.csv
  quarry export --format navigator --hunts all --output shop.layer.json`,
		RunE:              func(c *cobra.Command, args []string) error { return a.export(c.Context(), args, f) },
		ValidArgsFunction: a.completeTables,
	}
	c.Flags().StringArrayVar(&f.hunts, "hunts", nil, "`pack`, id, file or folder of hunts whose findings are written; may be given again")
	c.Flags().StringArrayVarP(&f.params, "param", "p", nil, "`name=value` of a hunt's parameter; may be given again")
	c.Flags().StringVar(&f.since, "since", "", "only events from this `time` on: "+timesHelp)
	c.Flags().StringVar(&f.until, "until", "", "only events before this `time`")
	return c
}

// completeTables offers what can be exported.
func (a *app) completeTables(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	names := []string{"events\tevents of all sources", foundRows + "\twhat hunts find"}
	if sources, err := a.sources(); err == nil {
		for _, s := range sources {
			names = append(names, s.Name+"\t"+s.Title)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// exporting is one run of export.
type exporting struct {
	a            *app
	format       string
	path         string
	since, until time.Time
	hunts        []hunt.Hunt
	values       map[string]string
	o            *opened
	sources      []*schema.Source
	record       custody.Record
	notes        []string
	did          exportDone
}

// exportDone is the object of export --json.
type exportDone struct {
	Path    string         `json:"path"`
	Format  string         `json:"format"`
	Rows    int64          `json:"rows"`
	Bytes   int64          `json:"size_bytes"`
	SHA256  string         `json:"sha256"`
	Tables  []exportedRows `json:"tables"`
	Notes   []string       `json:"notes,omitempty"`
	Seconds float64        `json:"seconds"`
}

type exportedRows struct {
	Name string `json:"name"`
	Rows int64  `json:"rows"`
}

// exportFormat is the format asked for, or the one the name of PATH stands for.
func exportFormat(format, path string) (string, error) {
	var names []string
	found, longest := "", 0
	for _, f := range exportFormats {
		names = append(names, f.name)
		if strings.EqualFold(f.name, format) {
			return f.name, nil
		}
		for _, end := range f.ends {
			if strings.HasSuffix(strings.ToLower(path), end) && len(end) > longest {
				found, longest = f.name, len(end)
			}
		}
	}
	all := "formats: " + strings.Join(names, ", ")
	switch {
	case format != "":
		if near, ok := sqltext.Nearest(strings.ToLower(format), names); ok {
			all = "did you mean " + near + "? " + all
		}
		return "", usage(all, "export has no format %q", format)
	case found == "":
		return "", usage(all, "--format is missing, and the name %s tells none", filepath.Base(path))
	}
	return found, nil
}

func (a *app) export(ctx context.Context, names []string, f exportFlags) (err error) {
	start := time.Now()
	if a.output == "" || a.output == "-" {
		return usage("such as --output findings.xlsx; quarry -e writes results to stdout", "export needs --output PATH")
	}
	x := &exporting{a: a, path: a.output}
	if x.format, err = exportFormat(a.format, a.output); err != nil {
		return err
	}
	if x.since, x.until, err = window(f.since, f.until, start); err != nil {
		return err
	}
	if x.values, err = pairs(f.params); err != nil {
		return err
	}
	if len(names) == 0 {
		switch x.format {
		case stixBundle, navigator, xlsx:
			names = []string{foundRows}
		case timesketch, timesketchJSONL, l2tcsv:
			names = []string{"events"}
		}
	}
	if (x.format == stixBundle || x.format == navigator) && !slices.Equal(names, []string{foundRows}) {
		return usage("leave the names out", "%s is of findings, and of nothing else", x.format)
	}
	if slices.Contains(names, foundRows) {
		lib, err := library()
		if err != nil {
			return err
		}
		if x.hunts, err = lib.Select(f.hunts); err == nil {
			err = hunt.Check(x.hunts, x.values)
		}
		if err != nil {
			return huntUsage(err)
		}
	} else if f.hunts != nil {
		return usage("export findings --hunts …", "--hunts is for findings, which are not asked for")
	}
	if x.o, err = a.open(ctx, question{own: true, since: x.since, until: x.until}); err != nil {
		return err
	}
	defer x.o.closeInto(&err)
	if x.sources, err = a.sources(); err != nil {
		return err
	}
	if names, err = x.tables(ctx, names); err != nil {
		return err
	}
	x.record.Version, x.record.Command, x.record.Args = version, a.command, a.args
	x.record.Since, x.record.Until = custody.Moment(x.since), custody.Moment(x.until)
	x.record.File.Format = x.format
	state, err := x.o.Case().State(ctx)
	if err != nil {
		return err
	}
	x.record.Case = &state
	r, err := x.write(ctx, names)
	if err != nil {
		return err
	}
	a.exported(x.path, r)
	x.did.Path, x.did.Format, x.did.Notes = x.path, x.format, x.notes
	x.did.Rows, x.did.Bytes, x.did.SHA256, x.did.Seconds = r.File.Rows, r.File.Bytes, r.File.SHA256, time.Since(start).Seconds()
	if a.json {
		if err := a.tell(x.did); err != nil {
			return err
		}
	}
	if !a.quiet {
		for _, n := range x.notes {
			fmt.Fprintln(a.err, "note: "+render.Escape(n))
		}
		fmt.Fprintf(a.err, "%s of %s, %s, to %s in %s\n", plural(r.File.Rows, "row"), plural(int64(len(x.did.Tables)), "table"), render.Size(r.File.Bytes), render.Escape(x.path), seconds(x.did.Seconds))
	}
	return nil
}

// tables are the names to be written: those asked for, which must be there, or
// every source with records.
func (x *exporting) tables(ctx context.Context, names []string) ([]string, error) {
	if len(names) == 0 {
		for _, s := range x.sources {
			some := false
			if err := value.Each(ctx, x.o.Case(), "SELECT 1 FROM "+schema.Quote(s.Name)+" LIMIT 1", nil, func([]any) { some = true }); err != nil {
				return nil, err
			}
			if some {
				names = append(names, s.Name)
			}
		}
		if len(names) == 0 {
			return nil, &hinted{errors.New("the case has no records"), "quarry load PATH adds them"}
		}
		return names, nil
	}
	known := []string{foundRows}
	err := value.Each(ctx, x.o.Case(), "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'", nil,
		func(cells []any) { known = append(known, value.Text(cells[0])) })
	if err != nil {
		return nil, err
	}
	var out []string
	for _, n := range names {
		if !slices.Contains(known, n) {
			hint := "quarry schema lists tables and views"
			if near, ok := sqltext.Nearest(n, known); ok {
				hint = "did you mean " + near + "?"
			}
			return nil, usage(hint, "there is no table or view %s", n)
		}
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out, nil
}

// sql is what a table's rows are asked with: those in the window, in the order
// of time where the format wants that.
func (x *exporting) sql(ctx context.Context, name string, ordered bool) (string, error) {
	at, err := x.timeColumn(ctx, name)
	if err != nil {
		return "", err
	}
	sql, column := "SELECT * FROM "+schema.Quote(name), schema.Quote(at)
	if name == "events" && ordered {
		// Where it was read from belongs into a timeline.
		sql, column = "SELECT e.event_time AS time, e.* EXCLUDE (event_time), f.path AS file FROM events e LEFT JOIN evidence f USING (file_id)", "e.event_time"
	}
	if at == "" {
		if !x.since.IsZero() || !x.until.IsZero() {
			x.notes = append(x.notes, name+" has no time of events: all of it was written")
		}
		return sql, nil
	}
	var where []string
	if !x.since.IsZero() {
		where = append(where, column+" >= "+moment(x.since))
	}
	if !x.until.IsZero() {
		where = append(where, column+" < "+moment(x.until))
	}
	if where != nil {
		sql += " WHERE " + strings.Join(where, " AND ")
	}
	if ordered {
		sql += " ORDER BY " + column
	}
	return sql, nil
}

// moment is a time as SQL has it.
func moment(t time.Time) string {
	return "TIMESTAMP '" + t.UTC().Format("2006-01-02 15:04:05.999999") + "'"
}

// timeColumn is the column of the event time of a table or view; empty: none.
func (x *exporting) timeColumn(ctx context.Context, name string) (string, error) {
	for _, s := range x.sources {
		if s.Name == name {
			return s.Time, nil
		}
	}
	at := ""
	err := value.Each(ctx, x.o.Case(), `SELECT column_name FROM information_schema.columns WHERE table_schema = 'main' AND table_name = $name
		AND column_name IN ('event_time', 'time', 'start_time') AND data_type LIKE 'TIMESTAMP%'
		ORDER BY column_name = 'event_time' DESC, ordinal_position LIMIT 1`, map[string]any{"name": name},
		func(cells []any) { at = value.Text(cells[0]) })
	return at, err
}

// wrote notes rows that were written.
func (x *exporting) wrote(name, sql string, n int64) {
	x.did.Tables = append(x.did.Tables, exportedRows{name, n})
	if sql == "" {
		return // its queries are noted one by one
	}
	x.record.Add(custody.Query{Title: name, SQL: sql, Rows: n})
}

// write writes everything: to one file, or to a folder.
func (x *exporting) write(ctx context.Context, names []string) (custody.Record, error) {
	if x.format == parquetLake || (len(names) > 1 && x.format != xlsx) {
		return x.folder(ctx, names)
	}
	out, err := custody.Create(x.path, x.a.force)
	if err != nil {
		return custody.Record{}, forced(err)
	}
	switch x.format {
	case xlsx:
		err = x.workbook(ctx, out, names)
	case stixBundle, navigator:
		err = x.findingsFile(ctx, out)
	default:
		err = x.rowsFile(ctx, out, names[0])
	}
	if err != nil {
		out.Drop()
		return custody.Record{}, err
	}
	return out.Finish(x.record)
}

// forced adds what to do where something is in the way.
func forced(err error) error {
	if errors.Is(err, custody.ErrExists) {
		return &hinted{err, "--force replaces it"}
	}
	return err
}

func (x *exporting) folder(ctx context.Context, names []string) (r custody.Record, err error) {
	dir, err := custody.CreateFolder(x.path, x.a.force)
	if err != nil {
		return r, forced(err)
	}
	defer func() {
		if err != nil {
			dir.Drop()
		}
	}()
	for _, name := range names {
		if x.format == parquetLake {
			err = x.parquet(ctx, dir.Dir, name)
		} else {
			err = x.tableFile(ctx, dir.Dir, name)
		}
		if err != nil {
			return r, err
		}
	}
	return dir.Finish(x.record)
}

// tableFile writes one of several tables to a file of its own.
func (x *exporting) tableFile(ctx context.Context, dir, name string) (err error) {
	end := x.format
	for _, f := range exportFormats {
		if f.name == x.format {
			end = f.ends[0]
		}
	}
	f, err := os.OpenFile(filepath.Join(dir, name+end), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return x.rowsFile(ctx, f, name)
}

// rowsFile writes the rows of one table, or findings, as text.
func (x *exporting) rowsFile(ctx context.Context, w io.Writer, name string) error {
	if name == foundRows {
		found, err := x.found(ctx)
		if err != nil {
			return err
		}
		n, err := x.text(w, export.Rows(found))
		x.wrote(name, "", n)
		return err
	}
	timeline := slices.Contains([]string{timesketch, timesketchJSONL, l2tcsv}, x.format)
	sql, err := x.sql(ctx, name, timeline)
	if err != nil {
		return err
	}
	rows, err := x.o.Case().Query(ctx, sql, nil)
	if err != nil {
		return err
	}
	n, err := x.text(w, rows)
	x.wrote(name, sql, n)
	return errors.Join(err, rows.Close())
}

// text writes rows in a format of text.
func (x *exporting) text(w io.Writer, rows value.Rows) (int64, error) {
	kinds := map[string]struct {
		timeline export.Timeline
		format   render.Format
	}{timesketch: {export.Timesketch, render.CSV}, timesketchJSONL: {export.Timesketch, render.NDJSON}, l2tcsv: {export.L2TCSV, render.CSV}}
	kind, ok := kinds[x.format]
	if !ok {
		return render.Write(w, rows, render.Options{Format: render.Format(x.format)})
	}
	over, err := export.NewTimeline(kind.timeline, rows)
	if err != nil {
		return 0, usage("events and findings have one, and views with a column time", "%s: %v", x.format, err)
	}
	n, err := render.Write(w, over, render.Options{Format: kind.format})
	if over.Timeless > 0 {
		x.notes = append(x.notes, plural(over.Timeless, "row")+" without a time are not in the timeline")
	}
	return n, err
}

// parquet writes one table below dir, a folder for each day.
func (x *exporting) parquet(ctx context.Context, dir, name string) error {
	if name == foundRows {
		return usage("its other formats are csv, ndjson, xlsx, stix", "findings are not written as Parquet")
	}
	sql, err := x.sql(ctx, name, false)
	if err != nil {
		return err
	}
	at, err := x.timeColumn(ctx, name)
	if err != nil {
		return err
	}
	into := filepath.Join(dir, "source="+name)
	if !utf8.ValidString(into) {
		return fmt.Errorf("write %q: DuckDB writes only to names in UTF-8", x.path)
	}
	if err := os.Mkdir(into, 0o700); err != nil {
		return err
	}
	day := "NULL"
	if at != "" {
		day = "strftime(" + schema.Quote(at) + ", '%Y-%m-%d')"
	}
	// A column called day of the table's own would be in the way.
	copied := "SELECT *, " + day + " AS day FROM (" + sql + ")"
	none := func([]any) {}
	err = value.Each(ctx, x.o.Case(), "COPY ("+copied+") TO "+sqltext.Literal(into)+" (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (day), FILENAME_PATTERN 'part-{i}', OVERWRITE_OR_IGNORE)", nil, none)
	if err != nil {
		return err
	}
	var n int64
	count := func(cells []any) { n = value.Int(cells[0]) }
	if err := value.Each(ctx, x.o.Case(), "SELECT count(*) FROM ("+sql+")", nil, count); err != nil {
		return err
	}
	x.wrote(name, sql, n)
	return nil
}
