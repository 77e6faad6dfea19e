package watch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"logquarry/engine/hunt"
	"logquarry/engine/render"
	"logquarry/engine/value"
)

// kind is what a rule is, and with it how its findings are named.
type kind string

const (
	ofHunt    kind = "hunt"
	ofSigma   kind = "sigma"
	ofPattern kind = "pattern"
)

// shape is how the cells of a rule's rows become findings.
type shape struct {
	kind kind
	h    *hunt.Hunt
	// eventWise says that a finding rests on one event.
	eventWise bool
	params    string // those of the hunt, as the finding's id covers them
	columns   []value.Column
	leading   []int // the places of hunt.Leading among the columns; -1: it lacks it
	file      int   // of file_id, record_no and event_id; -1
	record    int
	event     int
	group     int // of grouped_by; -1
}

// ruleFacts are columns that say what the rule is: a rule whose author changes
// finds what it found before.
var ruleFacts = []string{"rule_id", "rule_level", "rule_author", "rule_license", "rule_references", "rule_tags", "rule_file", "state", "targets"}

func newShape(k kind, h *hunt.Hunt, eventWise bool, params string, columns []value.Column) *shape {
	s := &shape{kind: k, h: h, eventWise: eventWise, params: params, columns: columns}
	at := func(name string) int {
		return slices.IndexFunc(columns, func(c value.Column) bool { return c.Name == name })
	}
	for _, name := range hunt.Leading() {
		s.leading = append(s.leading, at(name))
	}
	s.file, s.record, s.event = at("file_id"), at("record_no"), at("event_id")
	s.group = at("grouped_by")
	return s
}

// evidence is where a row came from.
type evidence struct{ path, sum string }

// place is where an event lies.
type place struct {
	evidence
	record int64
}

// place is where the event of a row lies, of whose new files are; nil where the row
// does not say, or it is another file's.
func (s *shape) place(cells []any, files map[int64]evidence) *place {
	if s.file < 0 || s.record < 0 {
		return nil
	}
	e, ok := files[value.Int(cells[s.file])]
	if !ok {
		return nil
	}
	return &place{e, value.Int(cells[s.record])}
}

// finding makes a finding of a row; lies is where its event does, nil where that is
// not known.
func (s *shape) finding(cells []any, lies *place, at time.Time) found {
	f := found{rule: s.h.ID, title: s.h.Title, severity: string(s.h.Severity)}
	f.id = s.id(cells, lies)
	body := value.Struct{{Name: "finding_id", Value: f.id}, {Name: "kind", Value: string(s.kind)}, {Name: "hunt_id", Value: s.h.ID},
		{Name: "severity", Value: orNull(f.severity)}, {Name: "title", Value: orNull(s.h.Title)}, {Name: "attack", Value: list(s.h.Attack)}}
	if s.h.Author != "" {
		body = append(body, value.Field{Name: "author", Value: s.h.Author})
	}
	shown := map[int]bool{}
	for i, name := range hunt.Leading() {
		var cell any
		if k := s.leading[i]; k >= 0 {
			cell, shown[k] = cells[k], true
		}
		body = append(body, value.Field{Name: name, Value: cell})
	}
	var details value.Struct
	for k, c := range s.columns {
		if !shown[k] && k != s.file && k != s.record {
			details = append(details, value.Field{Name: c.Name, Value: cells[k]})
		}
	}
	body = append(body, value.Field{Name: "details", Value: details})
	if lies != nil {
		body = append(body, value.Field{Name: "evidence", Value: value.Struct{{Name: "path", Value: lies.path},
			{Name: "sha256", Value: orNull(lies.sum)}, {Name: "record_no", Value: lies.record}}})
	}
	body = append(body, value.Field{Name: "found_at", Value: at.UTC().Truncate(time.Microsecond)})
	f.body = render.AppendJSON(nil, body)
	return f
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func list(texts []string) any {
	out := make([]any, len(texts))
	for i, t := range texts {
		out[i] = t
	}
	return out
}

// id names a finding: SHA-256 over the rule and what it rests on, its first 16
// bytes in hexadecimal. Nothing in it comes from the order of loading. See the
// package comment for what each kind of rule rests on.
func (s *shape) id(cells []any, lies *place) string {
	h := sha256.New()
	put := func(name string, v any) { fmt.Fprintf(h, "%q=%s\n", name, render.AppendJSON(nil, v)) }
	put("rule", string(s.kind)+" "+s.h.ID)
	put("params", s.params)
	switch {
	case s.eventWise:
		if lies != nil && (s.event < 0 || cells[s.event] == nil) {
			// The event has no name of its own: its place has.
			put("sha256", lies.sum)
			put("record_no", lies.record)
			break
		}
		for k, c := range s.columns {
			if k != s.file && k != s.record && !slices.Contains(ruleFacts, c.Name) {
				put(c.Name, cells[k])
			}
		}
	case s.leading[0] < 0:
		for k, c := range s.columns {
			put(c.Name, cells[k])
		}
	default:
		for i, name := range hunt.Leading() {
			if k := s.leading[i]; k >= 0 && name != "summary" {
				put(name, cells[k])
			}
		}
		if s.group >= 0 { // of a correlation
			put("grouped_by", cells[s.group])
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// runHunts runs hunts on q and hands out their findings. failed is told of each
// hunt that failed; a hunt whose sources hold no rows finds nothing.
func runHunts(ctx context.Context, q hunt.Querier, hunts []hunt.Hunt, o hunt.Options, row func(h *hunt.Hunt, columns []value.Column, cells []any) error, failed func(h *hunt.Hunt, err error)) error {
	o.Rows = func(h hunt.Hunt, rows value.Rows) error {
		columns := rows.Columns()
		for rows.Next() {
			if err := row(&h, columns, rows.Values()); err != nil {
				return err
			}
		}
		return nil // an error of the rows is the hunt's
	}
	o.Done = func(r hunt.Result) error {
		failed(&r.Hunt, r.Err)
		return nil
	}
	_, err := hunt.Run(ctx, q, hunts, o)
	return err
}

// row is a row of a hunt that is kept until it is known where its event lies.
type row struct {
	*shape
	cells []any
}

// event is the source and the id of the event that a row is about; false where it
// does not say.
func (r *row) event() (key [2]string, ok bool) {
	source := slices.Index(hunt.Leading(), "source")
	if r.shape.event < 0 || r.leading[source] < 0 {
		return key, false
	}
	key = [2]string{value.Text(r.cells[r.leading[source]]), value.Text(r.cells[r.shape.event])}
	return key, key[0] != "" && key[1] != ""
}

// locate finds where the events of rows lie, by source and id, in a case that holds
// the new rows alone.
func locate(ctx context.Context, q value.Querier, rows []row, files map[int64]evidence) (map[[2]string]*place, error) {
	out := map[[2]string]*place{}
	if !slices.ContainsFunc(rows, func(r row) bool { _, ok := r.event(); return ok }) {
		return out, nil
	}
	err := value.Each(ctx, q, `SELECT source, event_id, file_id, record_no FROM events WHERE event_id IS NOT NULL`, nil, func(cells []any) {
		key := [2]string{value.Text(cells[0]), value.Text(cells[1])}
		if e, ok := files[value.Int(cells[2])]; ok && out[key] == nil {
			out[key] = &place{e, value.Int(cells[3])}
		}
	})
	return out, err
}
