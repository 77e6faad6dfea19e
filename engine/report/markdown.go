package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"logquarry/engine/coverage"
	"logquarry/engine/render"
	"logquarry/engine/value"
)

const markdownMark = "<!-- LogQuarry report -->"

// Markdown writes the report as GitHub's dialect shows it: the same as [HTML],
// with tables in the place of pictures. What comes from logs is escaped, so that
// it stays text.
func Markdown(w io.Writer, d Data) error {
	m := &markdown{d: d}
	m.all()
	if _, err := w.Write(m.out.Bytes()); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

type markdown struct {
	d   Data
	out bytes.Buffer
}

// md is a text of a log, fit to stand in a line of Markdown.
func md(s string) string { return render.MarkdownText(s) }

// code is text as code, in one line.
func code(s string) string {
	s = render.Escape(s)
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return fence + s + fence
}

func (m *markdown) line(format string, args ...any) { fmt.Fprintf(&m.out, format+"\n", args...) }

// para is a line with an empty one behind it.
func (m *markdown) para(format string, args ...any) { m.line(format+"\n", args...) }

func (m *markdown) section(title string) { m.para("## %s", title) }

// table writes rows of cells; columns whose name begins with # are numbers.
func (m *markdown) table(columns []string, rows [][]any) {
	list := make([]value.Column, len(columns))
	for i, c := range columns {
		name, number := strings.CutPrefix(c, "#")
		if list[i] = (value.Column{Name: name, Type: "VARCHAR"}); number {
			list[i].Type = "BIGINT"
		}
	}
	m.rows(list, rows)
}

func (m *markdown) rows(columns []value.Column, rows [][]any) {
	l := value.ListOf(columns)
	for _, row := range rows {
		cells := make([]any, len(row))
		for i, c := range row {
			if cells[i] = c; len(render.Text(c)) > longestCell {
				cells[i] = cellText(c)
			}
		}
		l.Add(cells...)
	}
	// Writing into memory cannot fail.
	_, _ = render.Write(&m.out, l, render.Options{Format: render.Markdown})
	m.line("")
}

// block writes text as it is, in a fence longer than any in it.
func (m *markdown) block(language, text string) {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	m.para("%s%s\n%s\n%s", fence, language, strings.TrimRight(text, "\n"), fence)
}

func (m *markdown) all() {
	d := m.d
	m.para("%s", markdownMark)
	m.para("# Report on %s", md(d.Case))
	if !d.Generated.IsZero() {
		m.para("Made %s UTC by quarry %s. All times are UTC.", stamp(d.Generated), md(d.Version))
	}
	if w := d.window(); w != "" {
		m.para("The window is %s: hunts, timeline, principals, role chains and traffic are of it, all else is of the whole case.", w)
	}
	m.summary()
	findings := sorted(d.Findings)
	m.findings(findings)
	m.attack(findings)
	m.entities("Principals", d.Principals)
	m.entities("Addresses", d.Addresses)
	m.chains()
	m.traffic()
	m.timeline()
	m.kept()
	m.missing()
	m.verification()
	m.loaded()
	m.evidence(findings)
	m.queries()
}

func (m *markdown) summary() {
	d, t := m.d, total(m.d.Sources)
	m.section("Summary")
	var parts []string
	for _, c := range bySeverity(d.Findings) {
		parts = append(parts, fmt.Sprintf("%d %s", c.Count, md(string(c.Severity))))
	}
	if parts == nil {
		parts = []string{"none"}
	}
	_, verdict := d.Verification.verdict()
	files, rejects := setAside(d.Aside)
	m.line("- Findings: %s. %s.", strings.Join(parts, ", "), md(huntLine(d.Hunts)))
	m.line("- Loaded: %s from %s, %s, events of %s.", plural(t.Records, "record"), plural(t.Files, "file"), render.Size(t.Bytes), period(t.First, t.Last))
	m.line("- Not loaded: %s; %s rejected.", plural(files, "file"), plural(rejects, "record"))
	m.line("- Missing: %s; silence there proves nothing.", plural(int64(len(d.Missing)), "gap"))
	m.para("- Evidence: %s", md(verdict))
}

func (m *markdown) findings(findings []Finding) {
	m.section("Findings")
	m.para("A finding is a lead to be judged, not a verdict: read what it means and what makes noise.")
	var rows [][]any
	for _, f := range findings {
		rows = append(rows, []any{string(f.Severity), f.Title, f.Hunt, f.Count, stamp(f.First), stamp(f.Last), strings.Join(f.Attack, ", ")})
	}
	if rows != nil {
		m.table([]string{"severity", "finding", "hunt", "#hits", "first", "last", "ATT&CK"}, rows)
	}
	rows = nil
	for _, h := range m.d.Hunts {
		if h.Outcome == Skipped || h.Outcome == Failed {
			rows = append(rows, []any{h.ID, string(h.Outcome), h.Reason})
		}
	}
	if rows != nil {
		m.para("What these look for was not looked for:")
		m.table([]string{"hunt", "outcome", "why"}, rows)
	}
}

func (m *markdown) attack(findings []Finding) {
	x := layMatrix(findings)
	if x.empty() {
		return
	}
	m.section("ATT&amp;CK")
	m.para("Techniques that findings point to, by tactic, after MITRE ATT&amp;CK Enterprise %s.", x.Version)
	var rows [][]any
	for _, c := range x.Columns {
		for _, t := range c.Cells {
			rows = append(rows, []any{c.Name, t.ID, t.Name, string(t.Severity), t.Findings, t.Hits, strings.Join(t.Hunts, ", ")})
		}
	}
	m.table([]string{"tactic", "id", "technique", "severity", "#findings", "#hits", "hunts"}, rows)
	if x.Unknown != nil {
		m.para("Not in this version: %s.", md(strings.Join(x.Unknown, ", ")))
	}
}

func (m *markdown) entities(title string, list []Entity) {
	if len(list) == 0 {
		return
	}
	m.section(title)
	var rows [][]any
	for _, e := range list {
		rows = append(rows, []any{e.Name, e.Events, e.Denied, stamp(e.First), stamp(e.Last), strings.Join(e.Sources, ", "), e.Note})
	}
	m.table([]string{"name", "#events", "#denied", "first", "last", "seen in", "note"}, rows)
}

func (m *markdown) chains() {
	c := m.d.Chains
	if len(c.Actors) == 0 {
		return
	}
	m.section("Role chains")
	if s := c.statement(); s != "" {
		m.para("%s", md(s))
	}
	var rows [][]any
	for _, r := range c.Rows() {
		rows = append(rows, []any{r.From, r.To, r.Count, stamp(r.First), stamp(r.Last)})
	}
	m.table([]string{"from", "to", "#times", "first", "last"}, rows)
}

// tableSpans is how many spans of time a table has at most.
const tableSpans = 48

func (m *markdown) traffic() {
	t := m.d.Traffic
	if !t.Any || t.Step <= 0 {
		return
	}
	m.section("Traffic")
	m.para("What flow logs recorded between private addresses and the internet; bytes are of accepted flows.")
	join := (len(t.Out) + tableSpans - 1) / tableSpans
	var rows [][]any
	for i := 0; i < len(t.Out); i += join {
		to := min(i+join, len(t.Out))
		out, in := sum(t.Out[i:to]), sum(t.In[i:to])
		if out != (Flows{}) || in != (Flows{}) {
			rows = append(rows, []any{stamp(t.Start.Add(time.Duration(i) * t.Step)), out.Bytes, out.Accepted, in.Bytes, in.Accepted, out.Rejected + in.Rejected})
		}
	}
	m.table([]string{"from", "#bytes out", "#flows out", "#bytes in", "#flows in", "#rejected"}, rows)
}

func (m *markdown) timeline() {
	t := m.d.Timeline
	if t.Step <= 0 || len(t.Series) == 0 {
		return
	}
	m.section("Timeline")
	n := 0
	for _, s := range t.Series {
		n = max(n, len(s.Counts))
	}
	join := max(1, (n+tableSpans-1)/tableSpans)
	m.para("Events by source, each row %s.", duration(t.Step*time.Duration(join)))
	columns := []string{"from"}
	for _, s := range t.Series {
		columns = append(columns, "#"+s.Source)
	}
	var rows [][]any
	for i := 0; i < n; i += join {
		row := []any{stamp(t.Start.Add(time.Duration(i) * t.Step))}
		for _, s := range t.Series {
			var events int64
			for j := i; j < min(i+join, len(s.Counts)); j++ {
				events += s.Counts[j]
			}
			row = append(row, events)
		}
		rows = append(rows, row)
	}
	m.table(columns, rows)
}

func (m *markdown) kept() {
	if len(m.d.Kept) == 0 {
		return
	}
	m.section("Kept findings")
	for _, k := range m.d.Kept {
		m.para("### %d. %s", k.ID, render.MarkdownText(k.Name()))
		m.para("%s, kept %s by %s on %s. Rows SHA-256 `%s`.", plural(k.Rows, "row"), stamp(k.At), md(k.OSUser), md(k.Host), md(k.RowsSHA256))
		if k.Note != "" {
			m.para("%s", md(k.Note))
		}
		for _, f := range k.Faults {
			m.para("**Not to be relied on: %s.**", md(f))
		}
		if len(k.Sample) > 0 {
			m.rows(k.Columns, k.Sample[:min(MaxRows, len(k.Sample))])
		}
		m.block("sql", escapeLines(k.SQL))
	}
}

func (m *markdown) missing() {
	m.section("Missing")
	if len(m.d.Missing) == 0 {
		m.para("No gap was seen in what was loaded. A source that was never collected leaves no gap.")
	} else {
		var rows [][]any
		for _, g := range m.d.Missing[:min(MaxListed, len(m.d.Missing))] {
			rows = append(rows, []any{g.Source, g.Kind, g.Where, g.period(period), g.Detail})
		}
		m.table([]string{"source", "gap", "where", "when", "what it means"}, rows)
		m.more(len(m.d.Missing) - MaxListed)
	}
	if m.d.Coverage.N == 0 {
		return
	}
	m.section("Coverage")
	var picture bytes.Buffer
	_ = coverage.Draw(&picture, m.d.Coverage, coverage.Options{Width: 120})
	m.block("text", picture.String())
}

func (m *markdown) more(n int) {
	if n > 0 {
		m.para("%s more are not listed.", render.Thousands(int64(n)))
	}
}

func (m *markdown) verification() {
	v := m.d.Verification
	m.section("Verification")
	_, verdict := v.verdict()
	m.para("**%s**", md(verdict))
	if !v.Done {
		m.para("To do it: %s", code(m.d.command(v.Args...)))
		return
	}
	m.line("- Files read: %s, %s", render.Thousands(v.Files), render.Size(v.Bytes))
	m.line("- Files against the ledger: %s", md(tallies(v.Held)))
	m.line("- Rows counted again: %s", render.Thousands(v.Rows))
	if v.Broken == "" {
		m.line("- Actions: %s, each with the hash of the one before", render.Thousands(v.Actions))
	} else {
		m.line("- Actions: %s", md(v.Broken))
	}
	m.line("- Public keys of CloudTrail: %d", v.Keys)
	m.para("- Log files of CloudTrail that no digest lists: %s", render.Thousands(v.Unlisted))
	for _, n := range v.Notes {
		m.para("%s", md(n))
	}
	for _, n := range v.Nowhere {
		m.para("%s is not to be found, so nothing in it was checked.", md(n))
	}
	var rows [][]any
	for _, p := range v.Problems {
		rows = append(rows, []any{p.What, p.Name, p.Reason})
	}
	if rows != nil {
		m.table([]string{"what does not hold", "file or object", "why"}, rows)
		m.more(int(v.Omitted))
	}
	for _, t := range v.Trails {
		m.para("Digests of %s: %s. Log files: %s.", md(t.Name), md(tallies(t.Digests)), md(tallies(t.Logs)))
		rows = nil
		for _, s := range t.Spans {
			rows = append(rows, []any{stamp(s.From), stamp(s.To), s.State, s.Why})
		}
		m.table([]string{"from", "to", "state", "why"}, rows)
	}
}

func (m *markdown) loaded() {
	m.section("Loaded")
	var rows [][]any
	for _, s := range m.d.Sources {
		rows = append(rows, []any{s.Name, s.Files, s.Bytes, s.Records, s.Rows, s.Duplicates, s.Rejects, stamp(s.First), stamp(s.Last)})
	}
	m.table([]string{"source", "#files", "#bytes", "#records", "#rows", "#duplicates", "#rejects", "first event", "last event"}, rows)
	for _, n := range m.d.Notes {
		m.para("%s", md(n))
	}
	if len(m.d.Aside) == 0 {
		return
	}
	m.section("Not loaded")
	rows = nil
	for _, a := range m.d.Aside[:min(MaxListed, len(m.d.Aside))] {
		rows = append(rows, []any{a.Path, a.Source, a.what()})
	}
	m.table([]string{"file", "source", "why"}, rows)
	m.more(len(m.d.Aside) - MaxListed)
}

func (m *markdown) evidence(findings []Finding) {
	if len(findings) == 0 {
		return
	}
	m.section("Evidence")
	for _, f := range findings {
		m.para("### %s: %s", md(string(f.Severity)), md(f.Title))
		line := fmt.Sprintf("%s, %s, hunt %s", plural(f.Count, "hit"), period(f.First, f.Last), code(f.Hunt))
		for _, id := range f.Attack {
			line += ", " + md(strings.TrimSpace(id+" "+techniqueName(id)))
		}
		m.para("%s.", line)
		if f.Meaning != "" {
			m.para("%s", md(f.Meaning))
		}
		if f.Noise != "" {
			m.para("**Noise.** %s", md(f.Noise))
		}
		rows := f.Rows[:min(MaxRows, len(f.Rows))]
		if len(rows) > 0 {
			columns, cells := f.Columns, rows
			if len(f.Records) >= len(rows) {
				columns = append(append([]value.Column(nil), columns...), value.Column{Name: "record", Type: "VARCHAR"})
				cells = nil
				for i, row := range rows {
					cells = append(cells, append(append([]any(nil), row...), f.Records[i].short()))
				}
			}
			m.rows(columns, cells)
		}
		for _, r := range f.Records {
			if r.Text != "" {
				m.para("%s:", md(r.origin()))
				m.block("", escapeLines(r.Text))
				if r.Cut > 0 {
					m.para("%s more bytes are left out.", render.Thousands(r.Cut))
				}
			}
		}
		if n := f.Count - int64(len(rows)); n > 0 {
			m.para("%s not shown: %s", plural(n, "more hit"), code(m.d.command("hunt", f.Hunt)))
		}
		for _, n := range f.Next {
			m.para("Next: %s, %s", md(n.Title), code(m.d.command(n.Args...)))
		}
	}
}

// short is a record as a cell; nil where none is known.
func (r Record) short() any {
	switch {
	case r.FileID == 0:
		return nil
	case r.Exact || r.Matches == 1:
		return fmt.Sprintf("%d of file %d", r.RecordNo, r.FileID)
	}
	return fmt.Sprintf("%d of file %d, first of %s", r.RecordNo, r.FileID, render.Thousands(r.Matches))
}

func (m *markdown) queries() {
	m.section("Queries")
	query := func(title string, sql string, params []Param, rows int64, elapsed time.Duration) {
		m.para("### %s", title)
		m.para("%s, %s", plural(rows, "row"), took(elapsed))
		for _, p := range params {
			m.line("- %s", code(p.Name+" = "+render.Cut(p.Value, longestText)))
		}
		m.line("")
		m.block("sql", escapeLines(sql))
	}
	for _, h := range m.d.Hunts {
		query(fmt.Sprintf("%s: %s, %s", md(h.ID), md(h.Title), md(string(h.Outcome))), h.SQL, h.Params, h.Rows, h.Elapsed)
	}
	for _, a := range m.d.Asked {
		query("The report: "+md(a.What), a.SQL, a.Params, a.Rows, a.Elapsed)
	}
}
