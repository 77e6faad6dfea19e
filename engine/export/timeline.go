package export

import (
	"fmt"
	"strings"
	"time"

	"logquarry/engine/render"
	"logquarry/engine/value"
)

// Timeline is a way to put a row into a timeline of another program.
type Timeline string

const (
	// Timesketch has what Timesketch's importer asks of each line: message,
	// datetime, timestamp_desc; timestamp too, in microseconds since 1970, and
	// data_type. All columns of the row follow, under their own names.
	// https://timesketch.org/guides/user/import-from-json-csv/
	Timesketch Timeline = "timesketch"
	// L2TCSV has the 17 columns of log2timeline's CSV, which plaso and the
	// programs around it read and write.
	// https://plaso.readthedocs.io/en/latest/sources/user/Output-format-l2tcsv.html
	L2TCSV Timeline = "l2tcsv"
)

// Over are rows as a timeline has them. The rows have the leading columns of
// findings, and in any order others. Of these file names where the row was read
// from; the others are kept as they are. Rows without a time have no place in a
// timeline: they are left out and counted.
type Over struct {
	rows     value.Rows
	columns  []value.Column
	put      func(cells []any) []any
	at       map[string]int
	cells    []any
	Timeless int64 // rows without a time, left out
}

// NewTimeline puts rows into a timeline. The rows stay the caller's to close.
func NewTimeline(kind Timeline, rows value.Rows) (*Over, error) {
	t := &Over{rows: rows, at: map[string]int{}}
	for i, c := range rows.Columns() {
		if _, twice := t.at[c.Name]; !twice {
			t.at[c.Name] = i
		}
	}
	if _, ok := t.at["time"]; !ok {
		return nil, fmt.Errorf("a timeline needs a column time")
	}
	switch kind {
	case Timesketch:
		t.timesketch()
	case L2TCSV:
		t.l2tcsv()
	default:
		return nil, fmt.Errorf("no timeline %q", kind)
	}
	return t, nil
}

// text is the cell of a column as text, empty where there is none.
func (t *Over) text(cells []any, name string) string {
	i, ok := t.at[name]
	if !ok || cells[i] == nil {
		return ""
	}
	return render.Plain(cells[i])
}

// message is the row in one sentence.
func (t *Over) message(cells []any) string {
	parts := []string{t.text(cells, "title"), t.text(cells, "summary")}
	if parts[1] == "" {
		parts[1] = strings.TrimSpace(t.text(cells, "action") + " " + t.text(cells, "target"))
	}
	var all []string
	for _, p := range parts {
		if p != "" {
			all = append(all, p)
		}
	}
	if who := t.text(cells, "principal"); who != "" {
		all = append(all, "by "+who)
	}
	if from := t.text(cells, "src_ip"); from != "" {
		all = append(all, "from "+from)
	}
	if len(all) == 0 {
		return "(" + t.text(cells, "source") + ")"
	}
	return strings.Join(all, ", ")
}

// what says what happened at the time: a finding, or an event of a source.
func (t *Over) what(cells []any) string {
	if id := t.text(cells, "hunt_id"); id != "" {
		return "Finding of " + id
	}
	return "Event Time"
}

// dataType names the kind of row, as plaso names kinds.
func (t *Over) dataType(cells []any) string {
	if t.text(cells, "hunt_id") != "" {
		return "logquarry:finding"
	}
	return "aws:" + t.text(cells, "source") + ":event"
}

func (t *Over) timesketch() {
	text := func(names ...string) {
		for _, n := range names {
			t.columns = append(t.columns, value.Column{Name: n, Type: "VARCHAR"})
		}
	}
	text("message")
	t.columns = append(t.columns, value.Column{Name: "datetime", Type: "TIMESTAMP"}, value.Column{Name: "timestamp", Type: "BIGINT"})
	text("timestamp_desc", "data_type")
	// A column may not bear a name that is taken.
	taken := map[string]bool{"time": true}
	for _, c := range t.columns {
		taken[c.Name] = true
	}
	var rest []int
	for i, c := range t.rows.Columns() {
		if !taken[c.Name] {
			taken[c.Name] = true
			rest = append(rest, i)
			t.columns = append(t.columns, c)
		}
	}
	t.put = func(cells []any) []any {
		when := value.Time(cells[t.at["time"]])
		row := append(t.cells[:0], t.message(cells), when, when.UnixMicro(), t.what(cells), t.dataType(cells))
		for _, i := range rest {
			row = append(row, cells[i])
		}
		return row
	}
}

func (t *Over) l2tcsv() {
	for _, n := range []string{"date", "time", "timezone", "MACB", "source", "sourcetype", "type", "user", "host",
		"short", "desc", "version", "filename", "inode", "notes", "format", "extra"} {
		t.columns = append(t.columns, value.Column{Name: n, Type: "VARCHAR"})
	}
	used := map[string]bool{"time": true, "source": true, "principal": true, "summary": true, "title": true, "file": true}
	t.put = func(cells []any) []any {
		when := value.Time(cells[t.at["time"]])
		message := t.message(cells)
		var extra []string
		for i, c := range t.rows.Columns() {
			if !used[c.Name] && cells[i] != nil {
				extra = append(extra, c.Name+": "+render.Plain(cells[i]))
			}
		}
		// Its time has no fraction of a second; the whole one is among the rest.
		if when.Nanosecond() != 0 {
			extra = append(extra, "time: "+when.Format(time.RFC3339Nano))
		}
		// A bare dash, as plaso has for nothing, looks to a spreadsheet like the
		// beginning of a formula.
		return append(t.cells[:0], when.Format("01/02/2006"), when.Format("15:04:05"), "UTC", "....", "LOG", "AWS "+t.text(cells, "source"),
			t.what(cells), t.text(cells, "principal"), t.text(cells, "target"), render.Cut(message, 80), message, "2",
			t.text(cells, "file"), "", t.text(cells, "severity"), "logquarry", strings.Join(extra, "; "))
	}
}

// Columns implements [value.Rows].
func (t *Over) Columns() []value.Column { return t.columns }

// Next implements [value.Rows].
func (t *Over) Next() bool {
	for t.rows.Next() {
		cells := t.rows.Values()
		if value.Time(cells[t.at["time"]]).IsZero() {
			t.Timeless++
			continue
		}
		t.cells = t.put(cells)
		return true
	}
	return false
}

// Values implements [value.Rows].
func (t *Over) Values() []any { return t.cells }

// Err implements [value.Rows].
func (t *Over) Err() error { return t.rows.Err() }

// Close implements [value.Rows].
func (t *Over) Close() error { return t.rows.Close() }
