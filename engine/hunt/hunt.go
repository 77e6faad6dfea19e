// Package hunt reads hunts, chooses among them, binds their parameters and runs them.
//
// In: SQL files with a YAML front matter, from the shipped packs or from disk,
// and a [Querier] over the tables of a case. Out: one [Result] a hunt, its rows
// handed on as they come. It leaves SQL to the Querier and drawing rows to render.
//
// A hunt may come from anybody, and asks the case and nothing else. Two walls
// keep it so. Reading one refuses what its words show: statements other than one
// SELECT, functions that read files or change settings, files in place of
// tables; that says what is wrong and where. The Querier is the other, and the
// one that holds: a case that is confined (package store), on which DuckDB opens
// no other file, whatever hides in views, macros or texts that are run as SQL.
package hunt

import (
	"slices"

	"logquarry/engine/value"
)

// A Severity says how soon a hit of a hunt wants a human.
type Severity string

// Info hits orient; Critical hits are worth waking somebody for.
const (
	Info     Severity = "info"
	Low      Severity = "low"
	Medium   Severity = "medium"
	High     Severity = "high"
	Critical Severity = "critical"
)

// severities are all severities, least first.
var severities = []Severity{Info, Low, Medium, High, Critical}

// Severities are all severities, least first. The slice is the caller's.
func Severities() []Severity { return slices.Clone(severities) }

// Rank orders severities: 0 for info up to 4 for critical; a hunt without
// front matter has no severity and ranks -1.
func (s Severity) Rank() int {
	for i, v := range severities {
		if s == v {
			return i
		}
	}
	return -1
}

// Leading are the columns every shipped hunt's findings begin with, in order.
// time is a TIMESTAMP, the others are VARCHAR.
func Leading() []string {
	return []string{"time", "source", "principal", "src_ip", "target", "summary"}
}

// Columns are those of findings of several hunts in one result: what the hunt is,
// the leading ones, and details, a JSON object of the hunt's own.
func Columns() []value.Column {
	columns := []value.Column{{Name: "hunt_id", Type: "VARCHAR"}, {Name: "severity", Type: "VARCHAR"},
		{Name: "title", Type: "VARCHAR"}, {Name: "attack", Type: "VARCHAR"}}
	for _, name := range Leading() {
		c := value.Column{Name: name, Type: "VARCHAR"}
		if name == "time" {
			c.Type = "TIMESTAMP"
		}
		columns = append(columns, c)
	}
	return append(columns, value.Column{Name: "details", Type: "VARCHAR"})
}

// ParamType is the SQL type a parameter is bound as.
type ParamType string

// The types a parameter can have. Spans of time are a BIGINT whose name ends in
// the unit: window_minutes.
const (
	Varchar   ParamType = "varchar"
	Bigint    ParamType = "bigint"
	Double    ParamType = "double"
	Boolean   ParamType = "boolean"
	Timestamp ParamType = "timestamp"
)

var paramTypes = []ParamType{Varchar, Bigint, Double, Boolean, Timestamp}

// Param is one parameter of a hunt, written $name in its SQL.
type Param struct {
	Name string
	Type ParamType
	// Default is the value without -p: string, int64, float64, bool or
	// time.Time, as Type has it. It is nil where Required.
	Default  any
	Required bool
	Doc      string
}

// Hunt is one SQL query that looks for one thing.
type Hunt struct {
	ID       string
	Title    string
	Severity Severity
	Attack   []string // ATT&CK technique ids
	Sources  []string // tables that must hold rows for the hunt to say anything
	Packs    []string
	Params   []Param
	Next     []Next // what to look at after a finding, the most telling first
	Means    string // what a hit means
	Noise    string // what else makes hits, and how to tell
	Cite     string // the field's own source
	Author   string // whom to name wherever its findings are shown; empty: nobody
	SQL      string // as in the file, front matter and all: lines count from the file's first
	File     string // where it was read from
	// Plain is set for a .sql file without front matter: its ID is the file
	// name, its undeclared parameters are required VARCHARs.
	Plain bool
	// Window says that the SQL uses $since or $until.
	Window bool
}

// Param returns the parameter called name.
func (h *Hunt) Param(name string) (Param, bool) {
	for _, p := range h.Params {
		if p.Name == name {
			return p, true
		}
	}
	return Param{}, false
}

// An Error is a hunt file that cannot be used, or a choice of hunts or
// parameters that cannot be met. Hint is advice for a line of its own, or empty.
type Error struct {
	File string // empty where no file is to blame
	Line int    // 1-based; 0 where no line is to blame
	Msg  string
	Hint string
}

func (e *Error) Error() string {
	switch {
	case e.File != "" && e.Line > 0:
		return e.File + ":" + itoa(e.Line) + ": " + e.Msg
	case e.File != "":
		return e.File + ": " + e.Msg
	default:
		return e.Msg
	}
}
