// Package report says what was found in a case, to a person.
//
// Stage: the last one, beside render. In: [Data], gathered by package triage from
// the case, the load and the hunts. Out: a summary for a terminal of one to two
// screens ([Terminal]), one self-contained HTML file ([HTML]), and the same as
// Markdown ([Markdown]) and as one JSON object ([JSON]). It leaves gathering,
// files and clocks to others.
//
// Every text that may come from a log or a file name is escaped as
// render.Escape does before it is written, and in HTML as html/template does
// after that.
package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"logquarry/engine/coverage"
	"logquarry/engine/custody"
	"logquarry/engine/render"
	"logquarry/engine/value"
)

// MaxRows is how many sample rows of a finding are shown; more are left out.
const MaxRows = 50

// Data is all that a report says. A zero time is one that is not known.
// Slices are not changed, and shown in the order they come unless said otherwise.
type Data struct {
	Case      string // path of the case file
	Version   string // of quarry
	Generated time.Time
	// ReportFile is the path of the HTML report, for the summary to name; may be empty.
	ReportFile string
	// Since and Until are the window of hunts, timeline, principals, role chains and
	// traffic; zero: open. All else is of the whole case.
	Since, Until time.Time

	Sources    []Source
	Aside      []Aside
	Findings   []Finding // shown by severity, then by first time
	Hunts      []Hunt    // every hunt of the run, with findings or without
	Kept       []Kept    // what people kept in the case
	Principals []Entity
	Addresses  []Entity
	Timeline   Timeline
	Missing    []Gap
	Coverage   coverage.Map
	Notes      []string

	Verification Verification
	Chains       Chains
	Traffic      Traffic
	Asked        []Asked // what the report itself asked the case
}

// Source is what was loaded of one source.
type Source struct {
	Name       string
	Files      int64
	Records    int64
	Rows       int64
	Duplicates int64
	Rejects    int64
	Bytes      int64 // as the files lie on disk
	First      time.Time
	Last       time.Time
}

// Aside is a file that was not loaded, or not all of it.
type Aside struct {
	Path    string
	Source  string // empty: not recognised
	Reason  string // why, of the first reject where there are rejects
	Place   string // where in the file, empty for all of it
	Rejects int64  // records; 0 where the whole file was set aside
}

// Severity is how bad a finding is should it be true.
type Severity string

// The severities, worst first.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Medium   Severity = "medium"
	Low      Severity = "low"
	Info     Severity = "info"
)

// Severities lists them, worst first.
func Severities() []Severity { return []Severity{Critical, High, Medium, Low, Info} }

// rank is 0 for the worst; a word that is no severity comes last.
func (s Severity) rank() int {
	if i := slices.Index(Severities(), s); i >= 0 {
		return i
	}
	return len(Severities())
}

// Finding is a hunt with hits.
type Finding struct {
	Hunt     string // id
	Title    string
	Severity Severity
	Attack   []string // ATT&CK ids
	Count    int64    // hits
	First    time.Time
	Last     time.Time
	Meaning  string
	Noise    string // what makes this hunt fire without harm
	Citation string
	Columns  []value.Column
	Rows     [][]any // cells as package value has them; the first of Count
	// Records are where the rows come from, one a row; nil: not looked for.
	Records []Record
	Next    []Next
}

// Of the first OriginalsOf rows of a finding the records are shown as they stand
// in their files, MaxOriginal bytes of each.
const (
	OriginalsOf = 3
	MaxOriginal = 4096
)

// Record is the record of the evidence a row comes from. FileID 0: none is known.
type Record struct {
	FileID, RecordNo int64
	Path             string
	// Exact: the hunt itself says so. Otherwise Matches records have the row's
	// time, source, principal and address, of which this is the first.
	Exact   bool
	Matches int64
	Text    string // as it stands in the file, its first MaxOriginal bytes; empty: not read
	Cut     int64  // bytes left out
	Why     string // why it could not be read
}

// Next is a hunt to run after a finding.
type Next struct {
	Hunt, Title string
	Args        []string // of quarry hunt, with the values of the finding's first row
}

// Kept is a result that was kept in the case.
type Kept struct {
	custody.Finding
	Sample [][]any  // cells as package value has them; the first of its rows
	Faults []string // what is no longer as it was kept
}

// Name is what to call it: its title, else its query's first words.
func (k Kept) Name() string {
	if k.Title != "" {
		return k.Title
	}
	return strings.Join(strings.Fields(k.SQL), " ")
}

// Outcome is how a hunt ended.
type Outcome string

const (
	Hit     Outcome = "hit"
	Clean   Outcome = "clean"
	Skipped Outcome = "skipped" // its sources are not in the case
	Failed  Outcome = "failed"
)

// Hunt is one hunt that was to run.
type Hunt struct {
	ID      string
	Title   string
	Outcome Outcome
	Reason  string // why Skipped or Failed
	SQL     string
	Params  []Param
	Rows    int64
	Elapsed time.Duration // zero: not run
}

// Asked is a query that the report itself needs.
type Asked struct {
	What    string
	SQL     string
	Params  []Param
	Rows    int64
	Elapsed time.Duration
}

// Param is one bound parameter of a hunt.
type Param struct{ Name, Value string }

// Entity is a principal or an address and where it was seen.
type Entity struct {
	Name    string
	Events  int64
	Denied  int64 // events refused, blocked or rejected
	First   time.Time
	Last    time.Time
	Sources []string
	Note    string // such as "in 4 findings"
}

// Timeline counts events in equal spans of time.
type Timeline struct {
	Start  time.Time
	Step   time.Duration
	Series []Series
}

// Series is the counts of one source, from Timeline.Start on.
type Series struct {
	Source string
	Counts []int64
}

// end is the end of the last span.
func (t Timeline) end() time.Time {
	n := 0
	for _, s := range t.Series {
		n = max(n, len(s.Counts))
	}
	return t.Start.Add(time.Duration(n) * t.Step)
}

// Gap is a stretch for which the logs are silent or incomplete.
type Gap struct {
	Source string
	Kind   string // such as "no files", "SKIPDATA", "logging stopped"
	Where  string // account, region, interface or trail
	From   time.Time
	To     time.Time // zero: not over
	Detail string
}

// sorted are the findings, worst first, then earliest.
func sorted(findings []Finding) []Finding {
	out := slices.Clone(findings)
	slices.SortStableFunc(out, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Severity.rank(), b.Severity.rank()),
			compareTimes(a.First, b.First),
			cmp.Compare(a.Hunt, b.Hunt),
		)
	})
	return out
}

// compareTimes puts unknown times last.
func compareTimes(a, b time.Time) int {
	if a.IsZero() != b.IsZero() {
		if a.IsZero() {
			return 1
		}
		return -1
	}
	return a.Compare(b)
}

// severityCount is how many findings a severity has.
type severityCount struct {
	Severity Severity
	Count    int
}

// bySeverity counts findings, worst first, leaving out what there is none of.
func bySeverity(findings []Finding) []severityCount {
	var out []severityCount
	for _, f := range sorted(findings) {
		if n := len(out); n > 0 && out[n-1].Severity == f.Severity {
			out[n-1].Count++
		} else {
			out = append(out, severityCount{f.Severity, 1})
		}
	}
	return out
}

// total sums the sources.
func total(sources []Source) Source {
	var t Source
	for _, s := range sources {
		t.Files += s.Files
		t.Records += s.Records
		t.Rows += s.Rows
		t.Duplicates += s.Duplicates
		t.Rejects += s.Rejects
		t.Bytes += s.Bytes
		t.First, t.Last = span(t.First, t.Last, s.First, s.Last)
	}
	return t
}

// setAside is how many files were not loaded at all, and how many records of
// the others were not.
func setAside(list []Aside) (files, rejects int64) {
	for _, a := range list {
		if a.Rejects == 0 {
			files++
		}
		rejects += a.Rejects
	}
	return files, rejects
}

// span widens first to last by another pair; zero times do not count.
func span(first, last, otherFirst, otherLast time.Time) (time.Time, time.Time) {
	if compareTimes(otherFirst, first) < 0 {
		first = otherFirst
	}
	if otherLast.After(last) {
		last = otherLast
	}
	return first, last
}

// outcomes counts the hunts by how they ended.
func outcomes(hunts []Hunt) map[Outcome]int {
	counts := make(map[Outcome]int, 4)
	for _, h := range hunts {
		counts[h.Outcome]++
	}
	return counts
}

// huntLine is "34 hunts ran: 9 hit, 23 clean; 1 skipped, 1 failed".
func huntLine(hunts []Hunt) string {
	n := outcomes(hunts)
	line := fmt.Sprintf("%s ran: %d hit, %d clean", plural(int64(n[Hit]+n[Clean]), "hunt"), n[Hit], n[Clean])
	var not []string
	for _, o := range []Outcome{Skipped, Failed} {
		if n[o] > 0 {
			not = append(not, fmt.Sprintf("%d %s", n[o], o))
		}
	}
	if len(not) > 0 {
		line += "; " + strings.Join(not, ", ")
	}
	return line
}

const none = "–"

func stamp(t time.Time) string {
	if t.IsZero() {
		return none
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

// period is "A to B", or "A" where they are the same second.
func period(first, last time.Time) string {
	if a, b := stamp(first), stamp(last); a != b {
		return a + " to " + b
	}
	return stamp(first)
}

// period is when the gap was, written by between; it may not be over.
func (g Gap) period(between func(first, last time.Time) string) string {
	switch {
	case g.From.IsZero() && g.To.IsZero():
		return none
	case g.To.IsZero():
		return "since " + between(g.From, g.From)
	case g.From.IsZero():
		return "until " + between(g.To, g.To)
	}
	text := between(g.From, g.To)
	if d := g.To.Sub(g.From); d >= time.Minute {
		text += " (" + duration(d) + ")"
	}
	return text
}

// duration is the two largest units: "2 d 3 h", "41 min".
func duration(d time.Duration) string {
	days, hours, minutes := int(d.Hours())/24, int(d.Hours())%24, int(d.Minutes())%60
	var parts []string
	for _, p := range []struct {
		n    int
		unit string
	}{{days, "d"}, {hours, "h"}, {minutes, "min"}} {
		if p.n > 0 && len(parts) < 2 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.unit))
		}
	}
	if len(parts) == 0 {
		return fmt.Sprintf("%d s", int(d.Seconds()))
	}
	return strings.Join(parts, " ")
}

// plural is "1 file", "1,234 files".
func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "s") {
		noun += "e"
	}
	return render.Thousands(n) + " " + noun + "s"
}

// command is a quarry command line on this case, fit to be pasted.
func (d Data) command(args ...string) string {
	words := append([]string{"quarry"}, args...)
	if d.Case != "" && d.Case != "case.duckdb" {
		words = append(words, "--case", d.Case)
	}
	for i, w := range words {
		words[i] = render.ShellWord(w)
	}
	return strings.Join(words, " ")
}
