package pattern

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"logquarry/engine/schema"
	"logquarry/engine/value"
)

// batch is how many events are looked up at once.
const batch = 20_000

// Columns are those of findings: first those of all hunts.
func Columns() []value.Column {
	var out []value.Column
	for _, name := range []string{"time", "source", "principal", "src_ip", "target", "summary",
		"rule", "verdict", "state", "targets", "delivery", "detail_type", "event_id", "file_id", "record_no"} {
		c := value.Column{Name: name, Type: "VARCHAR"}
		switch name {
		case "time":
			c.Type = "TIMESTAMP"
		case "file_id", "record_no":
			c.Type = "BIGINT"
		case "targets":
			c.Type = "VARCHAR[]"
		}
		out = append(out, c)
	}
	return out
}

// finding is a rule that would have fired on an event.
type finding struct {
	h *hit
	fired
}

// Each hands out the findings in the order of time, those of one rule where rule
// is not negative, at most so many of each rule where most is not 0: the rule's
// place and the cells of [Columns]. f's error ends it.
func (f *Found) Each(ctx context.Context, q value.Querier, rule, most int, out func(rule int, cells []any) error) error {
	given := make([]int, len(f.rules))
	left := 0 // findings that are still wanted; only counted where most says how many
	for i := range f.rules {
		if most > 0 && (rule < 0 || rule == i) {
			left += int(min(int64(most), f.Tallies[i].Hits))
		}
	}
	var pending []finding
	events := 0
	for i := range f.hits {
		h, any := &f.hits[i], false
		for _, x := range f.sets[h.set] {
			if rule >= 0 && x.rule != rule || most > 0 && given[x.rule] == most {
				continue
			}
			given[x.rule]++
			left--
			pending, any = append(pending, finding{h, x}), true
		}
		if any {
			events++
		}
		if events == batch {
			if err := f.show(ctx, q, pending, out); err != nil {
				return err
			}
			pending, events = pending[:0], 0
		}
		if most > 0 && left == 0 {
			break
		}
	}
	return f.show(ctx, q, pending, out)
}

// event is what the view of a source says of an event.
type event struct{ source, principal, srcIP, target, summary, id any }

// place is where an event stands in the case.
type place struct {
	feed         uint8
	file, record uint32
}

func (f *Found) show(ctx context.Context, q value.Querier, all []finding, out func(rule int, cells []any) error) error {
	if len(all) == 0 {
		return nil
	}
	events, err := f.lookUp(ctx, q, all)
	if err != nil {
		return err
	}
	for _, x := range all {
		h := x.h
		e, ok := events[place{h.feed, h.file, h.record}]
		if !ok {
			return fmt.Errorf("record %d of file %d: the view %s_events does not have it", h.record, h.file, f.feeds[h.feed])
		}
		var when, state, delivery, detailType any
		if h.time != noTime {
			when = time.UnixMicro(h.time).UTC()
		}
		r := &f.rules[x.rule]
		if !r.Plain() {
			state = r.State
		}
		if text := r.delivery(h.class, x.guide, f.feeds[h.feed] == "eventbridge"); text != "" {
			delivery = text
		}
		if x.detailType != "" {
			detailType = x.detailType
		}
		var targets any
		if r.Targets != nil {
			list := make([]any, len(r.Targets))
			for i, arn := range r.Targets {
				list[i] = arn
			}
			targets = list
		}
		cells := []any{when, e.source, e.principal, e.srcIP, e.target, e.summary,
			r.Name, r.verdict(x.guide), state, targets, delivery, detailType, e.id, int64(h.file), int64(h.record)}
		if err := out(x.rule, cells); err != nil {
			return err
		}
	}
	return nil
}

// verdict is what a match of the rule means.
func (r *Rule) verdict(guide bool) string {
	switch {
	case r.Plain():
		return "matches"
	case r.State == Disabled:
		return "would have fired, but is disabled"
	case guide:
		return "may have fired"
	}
	return "would have fired"
}

// delivery is what speaks against the rule having got the event, or is to be
// known of it.
func (r *Rule) delivery(c class, guide, arrived bool) string {
	var parts []string
	if text := c.caveat(); text != "" && (c != readOnly || r.State != EnabledWithAll) {
		parts = append(parts, text)
	}
	if guide {
		parts = append(parts, fmt.Sprintf("the pattern spells the detail type %q as the user guide does; events have %q", guideSignIn, signIn))
	}
	if !r.DefaultBus() && !arrived {
		parts = append(parts, "the rule is on another bus than the default one: it gets this only if forwarded there")
	}
	return strings.Join(parts, "; ")
}

// lookUp reads the events of findings from the views of their sources.
func (f *Found) lookUp(ctx context.Context, q value.Querier, all []finding) (map[place]event, error) {
	wanted := make(map[place]event)
	for _, x := range all {
		wanted[place{x.h.feed, x.h.file, x.h.record}] = event{}
	}
	found := make(map[place]event, len(wanted))
	for feed, source := range f.feeds {
		var files, places []uint64
		for p := range wanted {
			if int(p.feed) == feed {
				files, places = append(files, uint64(p.file)), append(places, uint64(p.file)<<32|uint64(p.record))
			}
		}
		if len(files) == 0 {
			continue
		}
		// DuckDB goes by file_id to the blocks, and by the place, one number, to
		// the rows, before it makes what the view shows.
		sql := "SELECT source, principal, src_ip, target, summary, event_id, file_id, record_no FROM " + schema.Quote(source+"_events") +
			" WHERE file_id IN (" + numbers(files) + ") AND CAST(file_id AS UBIGINT) * 4294967296 + CAST(record_no AS UBIGINT) IN (" + numbers(places) + ")"
		rows, err := q.Query(ctx, sql, nil)
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			c := rows.Values()
			p := place{uint8(feed), uint32(value.Int(c[6])), uint32(value.Int(c[7]))}
			if _, ok := wanted[p]; ok {
				found[p] = event{c[0], c[1], c[2], c[3], c[4], c[5]}
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// numbers is a list of numbers for SQL, each once.
func numbers(list []uint64) string {
	slices.Sort(list)
	var b strings.Builder
	for i, n := range slices.Compact(list) {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.FormatUint(n, 10))
	}
	return b.String()
}
