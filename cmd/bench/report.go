package main

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"logquarry/cmd/logmaker/corpus"
)

// verdict is one measure beside what it must show and what it aims for.
type verdict struct {
	measure   string
	got       float64
	must, aim float64
	more      bool // more is better
	unit      string
}

func (v verdict) met(bound float64) bool {
	if v.more {
		return v.got >= bound
	}
	return v.got <= bound
}

// result says how it ended; of a must that is missed, by how much.
func (v verdict) result() string {
	switch {
	case v.met(v.aim):
		return "aim met"
	case v.met(v.must):
		return "must met"
	case v.more:
		return fmt.Sprintf("MISSED: %.0f %% of the must", 100*v.got/v.must)
	}
	return fmt.Sprintf("MISSED: %.2f times the must", v.got/v.must)
}

func (v verdict) show(x float64) string {
	switch v.unit {
	case "×":
		return fmt.Sprintf("%.2f ×", x)
	case "MiB":
		return fmt.Sprintf("%.0f MiB", x)
	case "events":
		return fmt.Sprintf("%.0f events", x)
	case "ms":
		return fmt.Sprintf("%.0f ms", x)
	}
	return fmt.Sprintf("%.1f %s", x, v.unit)
}

// verdicts are the measures that have a must. Bounds of time and size are those
// agreed for two cores and the full corpora.
func (b *session) verdicts() []verdict {
	var out []verdict
	for _, l := range b.loads {
		if len(l.quarry) == 0 {
			continue // it failed
		}
		wall := l.quarry.wall().Seconds()
		switch {
		case slices.Contains(corpus.LineKinds(), l.name):
			out = append(out, verdict{measure: l.name + ": DuckDB's reader takes, against load", got: ratio(l.duckdb.wall().Seconds(), wall), must: 2, aim: 5, more: true, unit: "×"})
		case slices.Contains(caseSources, l.name):
			out = append(out,
				verdict{measure: l.name + ": DuckDB's reader takes, against load", got: ratio(l.duckdb.wall().Seconds(), wall), must: 2.5, aim: 5, more: true, unit: "×"},
				verdict{measure: l.name + ": load takes, against gzip -dc", got: ratio(wall, l.gzip.wall().Seconds()), must: 1.3, aim: 0.6, unit: "×"},
				verdict{measure: l.name + ": case file, against gzip input", got: ratio(float64(l.quarry.size()), float64(l.totals.Bytes)), must: 1.3, aim: 0.8, unit: "×"})
		}
		out = append(out, verdict{measure: l.name + ": peak memory of load", got: mib(l.quarry.peak()), must: 1536, aim: 600, unit: "MiB"})
	}
	if d := b.digests; len(d.quarry) > 0 {
		out = append(out, verdict{measure: fmt.Sprintf("validating %d log files takes, against reading and hashing them", d.files),
			got: ratio(d.quarry.wall().Seconds(), d.hash.wall().Seconds()), must: 1.3, aim: 1.1, unit: "×"})
	}
	if len(b.sel) > 0 {
		out = append(out,
			verdict{measure: "select 1 on an existing case", got: b.sel.wall().Seconds() * 1000, must: 150, aim: 60, unit: "ms"})
	}
	if len(b.hunts) > 0 {
		out = append(out,
			verdict{measure: "hunt all over one case of the three", got: b.hunts.wall().Seconds(), must: 15, aim: 10, unit: "s"})
	}
	if len(b.match) > 0 {
		out = append(out,
			verdict{measure: "a million indicators against one case of the three", got: b.match.wall().Seconds(), must: 20, aim: 10, unit: "s"},
			verdict{measure: "a million indicators: peak memory", got: mib(b.match.peak()), must: 1024, aim: 800, unit: "MiB"})
	}
	if r := b.rules; len(r.costs) > 0 {
		out = append(out,
			verdict{measure: fmt.Sprintf("%d Sigma rules over %d CloudTrail events, %d findings", ruleCount, r.events, r.findings), got: r.wall().Seconds(), must: 60, aim: 30, unit: "s"},
			verdict{measure: "Sigma rules: peak memory", got: mib(r.peak()), must: 2048, aim: 1024, unit: "MiB"})
	}
	out = append(out, b.copies.verdicts()...)
	return append(out, b.watch.verdicts()...)
}

// ratio is a/b, 0 where there is no b.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

// report prints the machine, what each tool took, and the verdicts.
func (b *session) report(w io.Writer, facts []fact) error {
	about := table.NewWriter()
	for _, f := range facts {
		about.AppendRow(table.Row{f.name, f.value})
	}
	about.AppendRow(table.Row{"corpora", b.scaleNote()})
	about.AppendHeader(table.Row{"measured on", ""})
	if err := b.print(w, about); err != nil {
		return err
	}

	tools := table.NewWriter()
	tools.AppendHeader(table.Row{"corpus", "records", "files", "plain MB", "input MB", "tool", "wall s", "CPU s", "peak MiB", "file MB", "records/s", "MB/s"})
	for i, l := range b.loads {
		if i > 0 {
			tools.AppendSeparator()
		}
		corpus := []any{l.name, l.totals.Records, l.totals.Files, megabytes(l.totals.PlainBytes), megabytes(l.totals.Bytes)}
		for _, tool := range []struct {
			name string
			c    costs
		}{{"gzip -dc", l.gzip}, {"DuckDB reader", l.duckdb}, {"quarry load", l.quarry}} {
			if len(tool.c) == 0 {
				continue
			}
			row := append(table.Row(corpus), tool.name, seconds(tool.c.wall()), seconds(tool.c.cpu()), fmt.Sprintf("%.0f", mib(tool.c.peak())))
			corpus = []any{"", "", "", "", ""}
			file, wall := "", tool.c.wall().Seconds()
			if tool.c.size() > 0 {
				file = megabytes(tool.c.size())
			}
			tools.AppendRow(append(row, file, fmt.Sprintf("%.0f", ratio(float64(l.totals.Records), wall)), fmt.Sprintf("%.0f", ratio(float64(l.totals.PlainBytes)/1e6, wall))))
		}
	}
	right(tools, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12)
	if len(b.loads) > 0 {
		if err := b.print(w, tools); err != nil {
			return err
		}
	}

	if c := b.copies; len(c.quarry) > 0 {
		copies := table.NewWriter()
		copies.AppendHeader(table.Row{"objects", "tool", "runs", "wall s", "CPU s", "peak MiB", "objects/s"})
		for _, tool := range []struct {
			name string
			c    costs
		}{{"aws s3 sync", c.sync}, {"SDK transfer manager", c.manager}, {"quarry fetch", c.quarry}} {
			if len(tool.c) > 0 {
				copies.AppendRow(table.Row{c.objects, tool.name, len(tool.c), seconds(tool.c.wall()), seconds(tool.c.cpu()), fmt.Sprintf("%.0f", mib(tool.c.peak())),
					fmt.Sprintf("%.0f", ratio(float64(c.objects), tool.c.wall().Seconds()))})
			}
		}
		right(copies, 1, 3, 4, 5, 6, 7)
		if err := b.print(w, copies); err != nil {
			return err
		}
	}

	judged := table.NewWriter()
	judged.AppendHeader(table.Row{"measure", "measured", "must", "aim", "result"})
	for _, v := range b.verdicts() {
		judged.AppendRow(table.Row{v.measure, v.show(v.got), v.show(v.must), v.show(v.aim), v.result()})
	}
	right(judged, 2, 3, 4)
	return b.print(w, judged)
}

func (b *session) scaleNote() string {
	note := fmt.Sprintf("scale %g, median of %d, %d threads", b.scale, b.runs, b.threads)
	if b.scale != 1 {
		note += "; the musts are meant for scale 1, and what a load costs at least weighs more below it"
	}
	return note
}

func (b *session) print(w io.Writer, t table.Writer) error {
	t.SetStyle(table.StyleRounded)
	t.Style().Format.Header = text.FormatDefault
	out := t.Render()
	if b.markdown {
		out = t.RenderMarkdown()
	}
	_, err := fmt.Fprintf(w, "%s\n\n", out)
	return err
}

func right(t table.Writer, columns ...int) {
	var configs []table.ColumnConfig
	for _, n := range columns {
		configs = append(configs, table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(configs)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()) }

func megabytes(n int64) string { return fmt.Sprintf("%.0f", float64(n)/1e6) }
