package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"logquarry/engine/coverage"
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
	shownKept     = 4
	shownCoverage = 6
	shownFailed   = 4

	defaultWidth = 100
	leastWidth   = 80   // on a narrower one its lines wrap
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
	s.kept()
	s.entities("PRINCIPALS", "principal", d.Principals)
	s.entities("ADDRESSES", "address", d.Addresses)
	s.missing()
	for _, note := range d.Notes {
		for i, line := range wrap(render.Escape(note), s.width-6) {
			if i == 0 {
				s.line(s.paint(bold, "NOTE") + "  " + line)
			} else {
				s.line("      " + line)
			}
		}
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
	line := s.paint(bold, name)
	if gist != "" {
		line += "  " + gist
	}
	s.line(line)
}

func (s *summary) head() {
	s.section("TRIAGE", render.Escape(s.Case))
	var meta []string
	if s.Version != "" {
		meta = append(meta, "quarry "+render.Escape(s.Version))
	}
	if !s.Generated.IsZero() {
		meta = append(meta, stamp(s.Generated))
	}
	s.line(s.paint(dim, "  "+strings.Join(append(meta, "all times UTC"), ", ")))
	s.line("")
}

func (s *summary) loaded() {
	t := total(s.Sources)
	if t.Files == 0 {
		s.section("LOADED", s.paint(warn, "nothing"))
		s.line("")
		return
	}
	s.section("LOADED", fmt.Sprintf("%s from %s, %s", plural(t.Records, "record"), plural(t.Files, "file"), render.Size(t.Bytes)))
	if !t.First.IsZero() {
		s.line(s.paint(dim, "  events of "+period(t.First, t.Last)))
	}
	// On a narrow terminal the seconds go first, then what the rest adds up to.
	g := s.sources("duplicates", s.short)
	if g.width() > s.width {
		g = s.sources("dup", s.minute)
	}
	if g.width() > s.width {
		g.drop(3)
	}
	s.grid(g)
	s.line("")
}

func (s *summary) sources(duplicates string, when func(time.Time) string) grid {
	g := grid{header: []string{"source", "files", "records", "rows", duplicates, "rejects", "first event", "last event"}, right: []int{1, 2, 3, 4, 5}, flex: 0}
	for _, x := range s.Sources {
		rejects := number(x.Rejects)
		if x.Rejects > 0 {
			rejects.colour = warn
		}
		g.add(cell{text: x.Name}, number(x.Files), number(x.Records), number(x.Rows), number(x.Duplicates), rejects, cell{text: when(x.First)}, cell{text: when(x.Last)})
	}
	return g
}

func (s *summary) notLoaded() {
	if len(s.Aside) == 0 {
		s.section("NOT LOADED", s.paint(good, "nothing set aside"))
		s.line("")
		return
	}
	whole, rejects := setAside(s.Aside)
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
	ran := outcomes(s.Hunts)
	switch {
	case len(s.Findings) > 0:
		var chips []string
		for _, c := range bySeverity(s.Findings) {
			chips = append(chips, s.paint(severityColour(c.Severity), fmt.Sprintf("%d %s", c.Count, render.Escape(string(c.Severity)))))
		}
		s.section("FINDINGS", strings.Join(chips, ", "))
	case ran[Hit]+ran[Clean] == 0:
		s.section("FINDINGS", s.paint(warn, "no hunt ran"))
	default:
		s.section("FINDINGS", s.paint(good, "none"))
	}
	if len(s.Hunts) > 0 {
		s.line(s.paint(dim, "  "+huntLine(s.Hunts)))
	}
	list := sorted(s.Findings)
	g := grid{header: []string{"severity", "what", "hits", "first", "last", "look closer"}, right: []int{2}, flex: 1}
	var items []item
	for _, f := range list[:min(shownFindings, len(list))] {
		severity := cell{text: strings.ToUpper(string(f.Severity)), colour: severityColour(f.Severity)}
		run := cell{text: ".run " + f.Hunt, colour: cyan}
		g.add(severity, cell{text: f.Title}, number(f.Count), cell{text: s.short(f.First)}, cell{text: s.short(f.Last)}, run)
		items = append(items, item{
			head: []cell{severity, {text: f.Title}},
			rest: []cell{{text: plural(f.Count, "hit")}, {text: s.between(f.First, f.Last)}, run},
		})
	}
	s.either(g, items)
	s.more(len(list)-shownFindings, "the report has all")
	failed := slices.DeleteFunc(slices.Clone(s.Hunts), func(h Hunt) bool { return h.Outcome != Failed })
	for _, h := range failed[:min(shownFailed, len(failed))] {
		s.line(s.paint(warn, render.Cut("  hunt "+h.ID+" failed: "+h.Reason, s.width)))
	}
	s.more(len(failed)-shownFailed, "hunts failed; the report has all")
	s.line("")
}

func (s *summary) kept() {
	if len(s.Kept) == 0 {
		return
	}
	s.section("KEPT", plural(int64(len(s.Kept)), "finding"))
	g := grid{header: []string{"no", "what", "rows", "kept", "note"}, right: []int{0, 2}, flex: 1, soft: 4}
	for _, k := range s.Kept[:min(shownKept, len(s.Kept))] {
		note := cell{text: k.Note, colour: dim}
		if len(k.Faults) > 0 {
			note = cell{text: k.Faults[0], colour: warn}
		}
		g.add(number(k.ID), cell{text: k.Name()}, number(k.Rows), cell{text: k.At.UTC().Format("2006-01-02 15:04")}, note)
	}
	s.grid(g)
	s.more(len(s.Kept)-shownKept, ".findings lists all")
	s.line("")
}

func (s *summary) entities(title, noun string, list []Entity) {
	if len(list) == 0 {
		return
	}
	s.section(title, "")
	g := grid{header: []string{noun, "events", "denied", "first", "last", "seen in"}, right: []int{1, 2}, flex: 5}
	var items []item
	for _, e := range list[:min(shownEntities, len(list))] {
		seen := strings.Join(e.Sources, ", ")
		if e.Note != "" {
			seen += "; " + e.Note
		}
		g.add(cell{text: e.Name}, number(e.Events), number(e.Denied), cell{text: s.short(e.First)}, cell{text: s.short(e.Last)}, cell{text: seen})
		items = append(items, item{
			head: []cell{{text: e.Name}},
			rest: []cell{{text: plural(e.Events, "event") + ", " + render.Thousands(e.Denied) + " denied"}, {text: s.between(e.First, e.Last)}, {text: seen}},
		})
	}
	s.either(g, items)
	s.line("")
}

func (s *summary) missing() {
	switch {
	case len(s.Missing) == 0 && total(s.Sources).Files == 0:
		return
	case len(s.Missing) == 0:
		s.section("MISSING", s.paint(good, "no gap seen")+" in what was loaded")
		s.line("")
		return
	}
	s.section("MISSING", s.paint(warn, plural(int64(len(s.Missing)), "gap")+": silence there proves nothing"))
	g := grid{flex: 4}
	var items []item
	for _, m := range s.Missing[:min(shownMissing, len(s.Missing))] {
		kind, detail := cell{text: m.Kind, colour: warn}, cell{text: m.Detail, colour: dim}
		g.add(cell{text: m.Source}, kind, cell{text: m.Where}, cell{text: m.period(s.between)}, detail)
		items = append(items, item{head: []cell{{text: m.Source}, kind, {text: m.Where}}, rest: []cell{{text: m.period(s.between)}, detail}})
	}
	s.either(g, items)
	s.more(len(s.Missing)-shownMissing, "the report has all")
	s.line("")
	s.coverage()
}

// coverage draws the rows that have gaps; the report has all.
func (s *summary) coverage() {
	m := s.Coverage.Worst(shownCoverage, true)
	m.Outside = 0 // a note says it
	if len(m.Rows) == 0 {
		return
	}
	s.section("COVERAGE", "where it is not whole; the report and .coverage have all")
	// Writing into memory cannot fail.
	_ = coverage.Draw(&s.out, m, coverage.Options{Width: s.width, Colour: s.colour, Indent: "  "})
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
	lines = append(lines, [2]string{s.command(), "the shell: .hunts .run .pivot .timeline"})
	if s.ReportFile != "" {
		lines = append(lines, [2]string{render.Escape(s.ReportFile), "evidence, timeline, queries"})
	}
	s.section("NEXT", "")
	column := 0
	for _, l := range lines {
		if w := render.Width(l[0]); w+4+40 <= s.width {
			column = max(column, w)
		}
	}
	for _, l := range lines {
		// A command is never cut; what it does goes below where there is no room beside.
		command, does := "  "+s.paint(cyan, l[0]), s.paint(dim, l[1])
		if pad := column - render.Width(l[0]); pad >= 0 {
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
