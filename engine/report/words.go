package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"logquarry/engine/render"
	"logquarry/engine/value"
)

// What a report holds at most, so that it can be opened whatever the case holds.
const (
	MaxListed   = 500  // gaps, and files not loaded
	longestCell = 600  // columns of a cell
	longestText = 4000 // of a parameter or a sentence
)

// cellText is the text of a cell, cut where it is huge, which is said.
func cellText(v any) string {
	text := render.Text(v)
	if len(text) <= longestCell {
		return text
	}
	// What is left is counted in bytes of the text as it is shown.
	short := clip(text[:min(len(text), 4*longestCell)], longestCell, false)
	return fmt.Sprintf("%s (%s bytes more)", short, render.Thousands(int64(len(text)-len(short)+len("…"))))
}

// took is how long a query ran.
func took(d time.Duration) string {
	switch {
	case d <= 0:
		return none
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// window says of which time a report is; empty: of all.
func (d Data) window() string {
	switch {
	case d.Since.IsZero() && d.Until.IsZero():
		return ""
	case d.Until.IsZero():
		return "since " + stamp(d.Since)
	case d.Since.IsZero():
		return "before " + stamp(d.Until)
	}
	return "from " + stamp(d.Since) + " to before " + stamp(d.Until)
}

// origin says from which record a row comes; empty where it is not known.
func (r Record) origin() string {
	if r.FileID == 0 {
		return ""
	}
	text := fmt.Sprintf("record %d of file %d", r.RecordNo, r.FileID)
	if r.Path != "" {
		text += ", " + render.Cut(r.Path, longestText)
	}
	switch {
	case r.Exact:
	case r.Matches == 1:
		text += "; the only one with this row's time, source, principal and address"
	default:
		text += fmt.Sprintf("; the first of %s with this row's time, source, principal and address", render.Thousands(r.Matches))
	}
	return text
}

// sourcesOf are the sources that the rows of a finding name.
func sourcesOf(f Finding) (out []string) {
	at := slices.IndexFunc(f.Columns, func(c value.Column) bool { return c.Name == "source" })
	if at < 0 {
		return nil
	}
	for _, row := range f.Rows {
		if s := strings.Join(strings.Fields(render.Text(row[at])), "_"); row[at] != nil && s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return out
}
