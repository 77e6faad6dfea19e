// Package export writes what a case holds in the formats of other programs:
// timelines, workbooks, STIX bundles, ATT&CK Navigator layers.
//
// In: rows of events, or findings of hunts. Out: bytes for a writer. It leaves
// asking the case to the caller, Parquet to DuckDB, and CSV, NDJSON and their
// kind to render. It knows no DuckDB.
package export

import (
	"strings"
	"time"

	"logquarry/engine/hunt"
	"logquarry/engine/render"
	"logquarry/engine/value"
)

// Finding is one row that a hunt found. An empty text is one the hunt left NULL
// or empty.
type Finding struct {
	Time                                      time.Time // UTC; zero: none
	Source, Principal, SrcIP, Target, Summary string
	// Details are the hunt's own columns.
	Details value.Struct
}

// Found is a hunt with what it found.
type Found struct {
	Hunt     hunt.Hunt
	Findings []Finding
	// Missing are the sources of which the case has no rows, for want of which
	// the hunt did not run.
	Missing []string
	// Failed says why the hunt could not be run; nil where it could.
	Failed error
}

// ran says whether what was not found says something.
func (f *Found) ran() bool { return len(f.Missing) == 0 && f.Failed == nil }

// FindingOf makes a finding of one row of a hunt with these columns.
func FindingOf(columns []value.Column, cells []any) Finding {
	var f Finding
	leading := map[string]*string{"source": &f.Source, "principal": &f.Principal, "src_ip": &f.SrcIP, "target": &f.Target, "summary": &f.Summary}
	for i, c := range columns {
		at, ok := leading[c.Name]
		switch {
		case c.Name == "time" && f.Time.IsZero():
			f.Time = value.Time(cells[i])
		case ok && cells[i] != nil:
			*at = render.Plain(cells[i])
			delete(leading, c.Name) // a second one of the name is the hunt's own
		case !ok:
			f.Details = append(f.Details, value.Field{Name: c.Name, Value: cells[i]})
		}
	}
	return f
}

// Rows are findings with the columns all findings share, what is a hunt's own in
// details, a JSON object.
func Rows(found []Found) *value.List {
	list := value.ListOf(hunt.Columns())
	for _, f := range found {
		for _, x := range f.Findings {
			row := []any{f.Hunt.ID, null(string(f.Hunt.Severity)), null(f.Hunt.Title), null(strings.Join(f.Hunt.Attack, ",")), nil,
				null(x.Source), null(x.Principal), null(x.SrcIP), null(x.Target), null(x.Summary), nil}
			if !x.Time.IsZero() {
				row[4] = x.Time
			}
			if x.Details != nil {
				row[10] = string(render.AppendJSON(nil, x.Details))
			}
			list.Add(row...)
		}
	}
	return list
}

func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}
