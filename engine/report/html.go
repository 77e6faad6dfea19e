package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"net/netip"
	"strings"

	"logquarry/engine/render"
	"logquarry/engine/value"
)

//go:embed page.html
var page string

//go:embed page.css
var style string

//go:embed page.js
var script string

// Marks stand near the beginning of the reports of [HTML], [Markdown] and [JSON],
// by which a program tells that a file is one.
func Marks() []string {
	return []string{`<meta name="generator" content="LogQuarry `, markdownMark, `"type": "` + Type + `"`}
}

// HTML writes the report as one file that needs nothing else: no network, no
// script, no font. Its content security policy allows its own style and script
// by their hashes and forbids all else.
func HTML(w io.Writer, d Data) error {
	t, err := template.New("report").Funcs(template.FuncMap{
		"esc":       render.Escape,
		"cut":       func(s string) string { return render.Cut(s, longestText) },
		"n":         render.Thousands,
		"took":      took,
		"tallies":   func(list []Tally) string { return render.Escape(tallies(list)) },
		"technique": techniqueName,
		"size":      render.Size,
		"stamp":     stamp,
		"plural":    plural,
		"list":      func(words []string) string { return render.Escape(strings.Join(words, ", ")) },
		"f":         func(x float64) string { return fmt.Sprintf("%.1f", x) },
		"upper":     func(s Severity) string { return strings.ToUpper(render.Escape(string(s))) },
		"sql":       escapeLines,
	}).Parse(page)
	if err != nil {
		panic("report: internal error: " + err.Error())
	}
	// Whole in memory first: a template that fails leaves no half page.
	var out bytes.Buffer
	if err := t.Execute(&out, view(d)); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// pageView is Data made ready for the template.
type pageView struct {
	Data
	Policy   template.HTMLAttr // html/template refuses a content attribute made of parts
	Style    template.CSS
	Script   template.JS
	Findings []findingView
	Kept     []keptView
	Counts   []severityCount
	Total    Source
	Plot     *plot
	Heat     *heat
	Matrix   *matrix // nil: no finding names a technique
	Graph    *graph
	Flows    *trafficPlot
	HuntLine string
	Unread   []Hunt // hunts that did not run
	Missing  []gapView
	Gone     int // gaps not listed
	Aside    []asideView
	Left     int // files not loaded and not listed
	Next     string
	Window   string
	Worst    []findingView

	Verdict, VerdictWord string
	VerifyCommand        string
	Chained              string // what of the chains is not drawn
}

type findingView struct {
	Finding
	Anchor  string
	Header  []column
	Cells   []rowView
	Omitted int64 // hits without a row here
	Command string
	Query   string // anchor of the hunt's query; empty where it is not known
	Period  string
	Sources string // of the rows shown, separated by blanks
	Tactics string
	Follow  []followView
}

// rowView is a row and the record it comes from.
type rowView struct {
	Cells  []cellView
	From   string // empty: no record is known
	Text   string
	Cut    int64
	Failed string // why the record could not be read
}

type followView struct{ Title, Command string }

type keptView struct {
	Kept
	Name    string
	Header  []column
	Cells   [][]cellView
	Omitted int64
}

type column struct {
	Name   string
	Number bool
}

type cellView struct {
	Text, Class string
}

// keptWhole is the most characters of a cell that is not to be broken over lines.
const keptWhole = 24

// viewCell makes a cell and its CSS class.
func viewCell(v any, number bool) cellView {
	text := cellText(v)
	_, notAddress := netip.ParseAddr(text)
	switch {
	case v == nil:
		return cellView{text, "null"}
	case number:
		return cellView{text, "num"}
	case len(text) <= keptWhole || notAddress == nil:
		return cellView{text, "whole"}
	}
	return cellView{text, "text"}
}

type gapView struct {
	Gap
	Period string
}

type asideView struct {
	Aside
	What string
}

func view(d Data) pageView {
	v := pageView{
		Data: d, Style: template.CSS(style), Script: template.JS(script),
		Policy: template.HTMLAttr(fmt.Sprintf(`content="default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'"`, hash(style), hash(script))),
		Counts: bySeverity(d.Findings), Total: total(d.Sources), HuntLine: huntLine(d.Hunts), Next: d.command(), Window: d.window(),
		VerifyCommand: d.command(d.Verification.Args...), Chained: d.Chains.statement(),
	}
	v.VerdictWord, v.Verdict = d.Verification.verdict()
	queries := make(map[string]string, len(d.Hunts))
	for i, h := range d.Hunts {
		queries[h.ID] = queryAnchor(i)
		if h.Outcome == Skipped || h.Outcome == Failed {
			v.Unread = append(v.Unread, h)
		}
	}
	findings := sorted(d.Findings)
	for i, f := range findings {
		rows := f.Rows[:min(MaxRows, len(f.Rows))]
		fv := findingView{
			Finding: f, Anchor: findingAnchor(i), Omitted: max(0, f.Count-int64(len(rows))),
			Command: d.command("hunt", f.Hunt), Period: period(f.First, f.Last),
			Sources: strings.Join(sourcesOf(f), " "), Tactics: strings.Join(tactics(f.Attack), " "),
		}
		if anchor, ok := queries[f.Hunt]; ok {
			fv.Query = "#" + anchor
		}
		var cells [][]cellView
		fv.Header, cells = viewRows(f.Columns, rows)
		for n := range cells {
			r := rowView{Cells: cells[n]}
			if n < len(f.Records) {
				r.From = f.Records[n].origin()
				r.Text, r.Cut, r.Failed = escapeLines(f.Records[n].Text), f.Records[n].Cut, f.Records[n].Why
			}
			fv.Cells = append(fv.Cells, r)
		}
		for _, x := range f.Next {
			fv.Follow = append(fv.Follow, followView{render.Escape(x.Title), d.command(x.Args...)})
		}
		v.Findings = append(v.Findings, fv)
	}
	for _, f := range v.Findings[:min(shownWorst, len(v.Findings))] {
		if f.Severity.rank() <= High.rank() {
			v.Worst = append(v.Worst, f)
		}
	}
	for _, k := range d.Kept {
		rows := k.Sample[:min(MaxRows, len(k.Sample))]
		kv := keptView{Kept: k, Name: render.Cut(k.Name(), longestName), Omitted: max(0, k.Rows-int64(len(rows)))}
		kv.Header, kv.Cells = viewRows(k.Columns, rows)
		v.Kept = append(v.Kept, kv)
	}
	for _, m := range d.Missing[:min(MaxListed, len(d.Missing))] {
		v.Missing = append(v.Missing, gapView{m, m.period(period)})
	}
	v.Gone = len(d.Missing) - len(v.Missing)
	for _, a := range d.Aside[:min(MaxListed, len(d.Aside))] {
		v.Aside = append(v.Aside, asideView{a, a.what()})
	}
	v.Left = len(d.Aside) - len(v.Aside)
	v.Plot = layout(d.Timeline, v.Findings)
	v.Heat = layHeat(d.Coverage)
	if v.Matrix = layMatrix(findings); v.Matrix.empty() {
		v.Matrix = nil
	}
	v.Graph = layGraph(d.Chains)
	v.Flows = layTraffic(d.Traffic)
	return v
}

func findingAnchor(i int) string { return fmt.Sprintf("finding-%d", i+1) }

// shownWorst is how many findings the summary names.
const shownWorst = 10

// longestName is how many columns of a query stand for its title.
const longestName = 100

func viewRows(columns []value.Column, rows [][]any) (header []column, cells [][]cellView) {
	for _, c := range columns {
		header = append(header, column{render.Escape(c.Name), numeric(c)})
	}
	for _, row := range rows {
		line := make([]cellView, len(row))
		for j, c := range row {
			line[j] = viewCell(c, j < len(header) && header[j].Number)
		}
		cells = append(cells, line)
	}
	return header, cells
}

func queryAnchor(i int) string { return fmt.Sprintf("query-%d", i+1) }

// numeric reports whether a column's cells are set flush right.
func numeric(c value.Column) bool {
	switch name, _, _ := strings.Cut(c.Type, "("); name {
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL":
		return true
	}
	return false
}

// hash is the source expression of Content Security Policy level 3 for text.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// escapeLines escapes text of several lines, keeping the lines.
func escapeLines(s string) string {
	lines := strings.Split(strings.ReplaceAll(strings.TrimSpace(s), "\r\n", "\n"), "\n")
	for i := range lines {
		// Tabs stand for indentation in SQL files.
		lines[i] = render.Escape(strings.ReplaceAll(lines[i], "\t", "    "))
	}
	return strings.Join(lines, "\n")
}

// The methods below are for the template.

// Class is the CSS class of a severity.
func (s Severity) Class() string { return string(s.known()) }

// Class is the CSS class of an outcome; empty for a word that is none.
func (o Outcome) Class() string {
	switch o {
	case Hit, Clean, Skipped, Failed:
		return string(o)
	}
	return ""
}

func (f findingView) Rank() int { return f.Severity.rank() }
func (p *plot) LabelX() float64 { return 18 }

func (p *trafficPlot) ScaleX() float64  { return p.Left - 8 }
func (p *trafficPlot) OutY() float64    { return p.Middle - trafficHeight/2 }
func (p *trafficPlot) InY() float64     { return p.Middle + trafficHeight/2 + 6 }
func (p *trafficPlot) LegendY() float64 { return p.FlowsY + 16 }
func (p *trafficPlot) Refused() int64   { return p.OutSum.Rejected + p.InSum.Rejected }

// Unloaded is "2 files": what was not loaded at all.
func (v pageView) Unloaded() string {
	if files, _ := setAside(v.Data.Aside); files > 0 {
		return plural(files, "file")
	}
	return "no file"
}

// Rejected is "3 records rejected".
func (v pageView) Rejected() string {
	if n := v.Total.Rejects; n > 0 {
		return plural(n, "record") + " rejected"
	}
	return "no record rejected"
}

func (v pageView) MaxRows() int     { return MaxRows }
func (v pageView) OriginalsOf() int { return OriginalsOf }
func (v pageView) Gaps() int64      { return int64(len(v.Data.Missing)) }
func (v pageView) Several() bool    { return len(v.Sources) > 1 }
func (v pageView) Number(i int) int { return i + 1 }

type entitiesView struct {
	Title, Noun string
	List        []Entity
}

func (v pageView) PrincipalsView() entitiesView {
	return entitiesView{"Principals", "Principal", v.Principals}
}

func (v pageView) AddressesView() entitiesView {
	return entitiesView{"Addresses", "Address", v.Addresses}
}
