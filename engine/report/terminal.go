package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"logquarry/engine/render"
)

// Options say how the summary is written; the zero value is plain, 100 wide.
type Options struct {
	Width  int // of the terminal in columns; 0: 100
	Colour bool
}

// How much of each list the summary shows: it is to fit one to two screens.
const (
	shownFindings = 15
	shownAside    = 6
	shownEntities = 5
	shownMissing  = 6
	shownFailed   = 4

	defaultWidth = 100
	leastWidth   = 60
	longest      = 2000 // columns of one cell, before it is fitted
)

// Colours by what they say, as SGR parameters.
const (
	bold = "1"
	dim  = "2"
	warn = "33"
	good = "32"
	cyan = "36"
)

func severityColour(s Severity) string {
	switch s {
	case Critical:
		return "1;97;41"
	case High:
		return "1;31"
	case Medium:
		return "33"
	case Low:
		return "36"
	}
	return dim
}

// Terminal writes the summary.
func Terminal(w io.Writer, d Data, opts Options) error {
	width := opts.Width
	if width <= 0 {
		width = defaultWidth
	}
	s := &summary{Data: d, width: max(width, leastWidth), colour: opts.Colour}
	s.head()
	s.loaded()
	s.notLoaded()
	s.findings()
	s.entities("PRINCIPALS", "principal", d.Principals)
	s.entities("ADDRESSES", "address", d.Addresses)
	s.missing()
	for _, note := range d.Notes {
		s.line(s.paint(dim, "note: ") + render.Escape(note))
	}
	if len(d.Notes) > 0 {
		s.line("")
	}
	s.next()
	_, err := w.Write(s.out.Bytes())
	return err
}

type summary struct {
	Data
	out    bytes.Buffer
	width  int
	colour bool
}

func (s *summary) paint(code, text string) string {
	if !s.colour || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s *summary) line(text string) { s.out.WriteString(text + "\n") }

// section begins a part: its name, then what it amounts to.
func (s *summary) section(name, gist string) {
	s.line(s.paint(bold, name) + "  " + gist)
}

func (s *summary) head() {
	s.line(s.paint(bold, "TRIAGE") + "  " + render.Escape(s.Case))
	meta := "quarry " + render.Escape(s.Version)
	if !s.Generated.IsZero() {
		meta += ", " + stamp(s.Generated)
	}
	s.line(s.paint(dim, "        "+meta+"; all times UTC"))
	s.line("")
}

func (s *summary) loaded() {
	t := total(s.Sources)
	if t.Files == 0 {
		s.section("LOADED", s.paint(warn, "nothing"))
		s.line("")
		return
	}
	s.section("LOADED", fmt.Sprintf("%s from %s, %s", plural(t.Records, "record"), plural(t.Files, "file"), size(t.Bytes)))
	g := grid{header: []string{"source", "files", "records", "rows", "duplicates", "rejects", "first event", "last event"}, right: []int{1, 2, 3, 4, 5}, flex: 0}
	for _, x := range s.Sources {
		rejects := cell{text: render.Thousands(x.Rejects)}
		if x.Rejects > 0 {
			rejects.colour = warn
		}
		g.add(cell{text: x.Name}, number(x.Files), number(x.Records), number(x.Rows), number(x.Duplicates), rejects, cell{text: stamp(x.First)}, cell{text: stamp(x.Last)})
	}
	s.grid(g)
	s.line("")
}

func (s *summary) notLoaded() {
	if len(s.Aside) == 0 {
		s.section("NOT LOADED", s.paint(good, "nothing set aside"))
		s.line("")
		return
	}
	whole, rejects := int64(0), int64(0)
	for _, a := range s.Aside {
		if a.Rejects == 0 {
			whole++
		}
		rejects += a.Rejects
	}
	gist := plural(whole, "file") + " set aside"
	if rejects > 0 {
		gist += ", " + plural(rejects, "record") + " rejected in " + plural(int64(len(s.Aside))-whole, "file")
	}
	s.section("NOT LOADED", s.paint(warn, gist))
	g := grid{flex: 0, flexEnd: true, soft: 1}
	for _, a := range s.Aside[:min(shownAside, len(s.Aside))] {
		g.add(cell{text: a.Path}, cell{text: a.what(), colour: dim})
	}
	s.grid(g)
	s.more(len(s.Aside)-shownAside, ".rejects and .evidence list all")
	s.line("")
}

// what is why a file was set aside, in words.
func (a Aside) what() string {
	text := a.Reason
	if a.Source == "" && text == "" {
		text = "no known source"
	}
	if a.Rejects > 0 {
		text = plural(a.Rejects, "reject") + ": " + text
	}
	if a.Place != "" {
		text += " at " + a.Place
	}
	return text
}

func (s *summary) findings() {
	if len(s.Findings) == 0 {
		s.section("FINDINGS", s.paint(good, "none")+"; "+huntLine(s.Hunts))
	} else {
		var chips []string
		for _, c := range bySeverity(s.Findings) {
			chips = append(chips, s.paint(severityColour(c.Severity), fmt.Sprintf("%d %s", c.Count, render.Escape(string(c.Severity)))))
		}
		s.section("FINDINGS", strings.Join(chips, ", ")+"; "+huntLine(s.Hunts))
		g := grid{header: []string{"severity", "what", "hits", "first", "last", "look closer"}, right: []int{2}, flex: 1}
		list := sorted(s.Findings)
		for _, f := range list[:min(shownFindings, len(list))] {
			g.add(
				cell{text: strings.ToUpper(string(f.Severity)), colour: severityColour(f.Severity)}, cell{text: f.Title}, number(f.Count),
				cell{text: stamp(f.First)}, cell{text: stamp(f.Last)}, cell{text: ".run " + f.Hunt, colour: cyan},
			)
		}
		s.grid(g)
		s.more(len(list)-shownFindings, "the report has all")
	}
	failed := slices.DeleteFunc(slices.Clone(s.Hunts), func(h Hunt) bool { return h.Outcome != Failed })
	for _, h := range failed[:min(shownFailed, len(failed))] {
		s.line(render.Cut("  hunt "+h.ID+" failed: "+h.Reason, s.width))
	}
	s.more(len(failed)-shownFailed, "hunts failed; the report has all")
	s.line("")
}

func (s *summary) entities(title, noun string, list []Entity) {
	if len(list) == 0 {
		return
	}
	s.section(title, "")
	g := grid{header: []string{noun, "events", "denied", "first", "last", "seen in"}, right: []int{1, 2}, flex: 0, flexEnd: true, soft: 5}
	for _, e := range list[:min(shownEntities, len(list))] {
		seen := strings.Join(e.Sources, ", ")
		if e.Note != "" {
			seen += "; " + e.Note
		}
		g.add(cell{text: e.Name}, number(e.Events), number(e.Denied), cell{text: stamp(e.First)}, cell{text: stamp(e.Last)}, cell{text: seen})
	}
	s.grid(g)
	s.line("")
}

func (s *summary) missing() {
	if len(s.Missing) == 0 {
		s.section("MISSING", s.paint(good, "no gap seen")+" in what was loaded")
		s.line("")
		return
	}
	s.section("MISSING", s.paint(warn, plural(int64(len(s.Missing)), "gap")+": silence there proves nothing"))
	g := grid{flex: 4, soft: 2}
	for _, m := range s.Missing[:min(shownMissing, len(s.Missing))] {
		g.add(cell{text: m.Source}, cell{text: m.Kind, colour: warn}, cell{text: m.Where}, cell{text: m.period()}, cell{text: m.Detail, colour: dim})
	}
	s.grid(g)
	s.more(len(s.Missing)-shownMissing, "the report has all")
	s.line("")
}

// next is what to type now.
func (s *summary) next() {
	var lines [][2]string
	if list := sorted(s.Findings); len(list) > 0 {
		lines = append(lines, [2]string{s.command("hunt", list[0].Hunt), "every hit of the worst finding"})
	}
	if len(s.Addresses) > 0 {
		lines = append(lines, [2]string{s.command("pivot", s.Addresses[0].Name), "all this address did"})
	}
	if len(s.Principals) > 0 {
		lines = append(lines, [2]string{s.command("pivot", s.Principals[0].Name), "all this principal did"})
	}
	lines = append(lines, [2]string{s.command(), "the shell: .hunts, .run ID, .pivot VALUE, .timeline"})
	if s.ReportFile != "" {
		lines = append(lines, [2]string{render.Escape(s.ReportFile), "the report: evidence, timeline, queries"})
	}
	s.section("NEXT", "")
	for _, l := range lines {
		// A command is never cut; what it does goes below where there is no room beside.
		command, does := "  "+s.paint(cyan, l[0]), s.paint(dim, l[1])
		if pad := 52 - render.Width(l[0]); pad >= 0 && 2+52+2+render.Width(l[1]) <= s.width {
			s.line(command + strings.Repeat(" ", pad+2) + does)
		} else {
			s.line(command)
			s.line("      " + does)
		}
	}
}

func (s *summary) more(n int, where string) {
	if n > 0 {
		s.line(s.paint(dim, fmt.Sprintf("  … %d more; %s", n, where)))
	}
}

// cell is one cell of a grid; its text is escaped when the grid is written.
type cell struct {
	text   string
	colour string
}

func number(n int64) cell { return cell{text: render.Thousands(n)} }

// grid is a small table, indented, fitted to the width: column flex gives way
// first, then soft.
type grid struct {
	header  []string
	right   []int
	flex    int
	flexEnd bool // cut flex at its beginning: the end of a path or ARN tells most
	soft    int  // 0: none
	rows    [][]cell
}

func (g *grid) add(cells ...cell) { g.rows = append(g.rows, cells) }

func (s *summary) grid(g grid) {
	if len(g.rows) == 0 {
		return
	}
	widths := make([]int, len(g.rows[0]))
	for i, h := range g.header {
		widths[i] = render.Width(h)
	}
	for _, row := range g.rows {
		for i := range row {
			row[i].text = render.Cut(row[i].text, longest)
			widths[i] = max(widths[i], render.Width(row[i].text))
		}
	}
	over := 2*len(widths) - s.width // two blanks before each column
	for _, w := range widths {
		over += w
	}
	press := func(i, least int) {
		if give := min(over, widths[i]-least); give > 0 {
			widths[i] -= give
			over -= give
		}
	}
	press(g.flex, 24)
	if g.soft > 0 {
		press(g.soft, 16)
	}
	press(g.flex, 8)
	if g.header != nil {
		header := make([]cell, len(g.header))
		for i, h := range g.header {
			header[i] = cell{text: h, colour: dim}
		}
		s.row(g, widths, header)
	}
	for _, row := range g.rows {
		s.row(g, widths, row)
	}
}

func (s *summary) row(g grid, widths []int, row []cell) {
	var b strings.Builder
	for i, c := range row {
		text := c.text
		if w := render.Width(text); w > widths[i] {
			text = clip(text, widths[i], i == g.flex && g.flexEnd)
		}
		pad := strings.Repeat(" ", max(0, widths[i]-render.Width(text)))
		painted := text
		if c.colour != "" {
			painted = s.paint(c.colour, text)
		}
		if slices.Contains(g.right, i) {
			painted = pad + painted
		} else if i < len(row)-1 {
			painted += pad
		}
		b.WriteString("  " + painted)
	}
	s.line(strings.TrimRight(b.String(), " "))
}

// clip cuts text that is escaped already to width columns: its end, or with
// start its beginning.
func clip(text string, width int, start bool) string {
	runes := []rune(text)
	for len(runes) > 0 && render.Width(string(runes)) > width-1 {
		if start {
			runes = runes[1:]
		} else {
			runes = runes[:len(runes)-1]
		}
	}
	if start {
		return "…" + string(runes)
	}
	return string(runes) + "…"
}
