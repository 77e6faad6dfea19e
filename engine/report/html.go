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

// Mark stands near the beginning of every report of [HTML], by which a program
// tells that a file is one.
const Mark = `<meta name="generator" content="LogQuarry triage">`

// HTML writes the report as one file that needs nothing else: no network, no
// script, no font. Its content security policy allows its own style and script
// by their hashes and forbids all else.
func HTML(w io.Writer, d Data) error {
	t, err := template.New("report").Funcs(template.FuncMap{
		"esc":    render.Escape,
		"n":      render.Thousands,
		"size":   size,
		"stamp":  stamp,
		"plural": plural,
		"list":   func(words []string) string { return render.Escape(strings.Join(words, ", ")) },
		"f":      func(x float64) string { return fmt.Sprintf("%.1f", x) },
		"upper":  func(s Severity) string { return strings.ToUpper(render.Escape(string(s))) },
		"sql":    escapeLines,
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
	HuntLine string
	Unread   []Hunt // hunts that did not run
	Missing  []gapView
	Aside    []asideView
	Next     string
}

type findingView struct {
	Finding
	Anchor  string
	Header  []column
	Cells   [][]cellView
	Omitted int64 // hits without a row here
	Command string
	Query   string // anchor of the hunt's query; empty where it is not known
	Period  string
}

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
	text := render.Text(v)
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
		Counts: bySeverity(d.Findings), Total: total(d.Sources), HuntLine: huntLine(d.Hunts), Next: d.command(),
	}
	queries := make(map[string]string, len(d.Hunts))
	for i, h := range d.Hunts {
		queries[h.ID] = queryAnchor(i)
		if h.Outcome == Skipped || h.Outcome == Failed {
			v.Unread = append(v.Unread, h)
		}
	}
	for i, f := range sorted(d.Findings) {
		rows := f.Rows[:min(MaxRows, len(f.Rows))]
		fv := findingView{
			Finding: f, Anchor: fmt.Sprintf("finding-%d", i+1), Omitted: max(0, f.Count-int64(len(rows))),
			Command: d.command("hunt", f.Hunt), Period: period(f.First, f.Last),
		}
		if anchor, ok := queries[f.Hunt]; ok {
			fv.Query = "#" + anchor
		}
		fv.Header, fv.Cells = viewRows(f.Columns, rows)
		v.Findings = append(v.Findings, fv)
	}
	for _, k := range d.Kept {
		rows := k.Sample[:min(MaxRows, len(k.Sample))]
		kv := keptView{Kept: k, Name: render.Cut(k.Name(), longestName), Omitted: max(0, k.Rows-int64(len(rows)))}
		kv.Header, kv.Cells = viewRows(k.Columns, rows)
		v.Kept = append(v.Kept, kv)
	}
	for _, m := range d.Missing {
		v.Missing = append(v.Missing, gapView{m, m.period(period)})
	}
	for _, a := range d.Aside {
		v.Aside = append(v.Aside, asideView{a, a.what()})
	}
	v.Plot = layout(d.Timeline, v.Findings)
	v.Heat = layHeat(d.Coverage)
	return v
}

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

func (v pageView) Gaps() int64      { return int64(len(v.Missing)) }
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
