package session

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"logquarry/engine/custody"
	"logquarry/engine/schema"
	"logquarry/engine/value"
)

// pivotColumns are what a pivot shows of an event. A narrow terminal shows the
// first ones only, which say by themselves what happened.
const pivotColumns = `event_time, source, outcome, summary, principal, src_ip, dst_ip, dst_port, action, target, error,
  access_key_id, account_id, region, bytes, user_agent, event_id, file_id, record_no`

// Pivot implements [repl.Engine]: every event that has to do with v, in the
// order of time; events without a time come last. See [newAbout] for what v may
// be. It is looked for in every column of every source that holds text, inside
// the records' JSON too, as a whole word: i-0a1 is not found in i-0a12.
func (s *Session) Pivot(ctx context.Context, v string) (value.Rows, error) {
	v = strings.TrimSpace(v)
	if v == "" {
		return nil, errors.New("a pivot needs a value")
	}
	about := newAbout(v)
	var parts []string
	for _, src := range s.o.Sources {
		if !hasEvents(src) {
			continue
		}
		parts = append(parts, fmt.Sprintf("SELECT %s FROM %s WHERE (file_id, record_no) IN (\n  SELECT (file_id, record_no) FROM %s WHERE %s)",
			pivotColumns, schema.Quote(src.Name+"_events"), schema.Quote(src.Name), about.where(src)))
	}
	sql := strings.Join(parts, "\nUNION ALL\n") + "\nORDER BY event_time, source, file_id, record_no"
	return ask(ctx, s.o.Case, custody.Query{Title: "everything about " + v, SQL: sql}, about.params)
}

// hasEvents reports whether a source takes part in events.
func hasEvents(s *schema.Source) bool {
	views, err := schema.SplitViews(s.Views)
	if err != nil {
		return false
	}
	for _, v := range views {
		if v.Name == s.Name+"_events" {
			return true
		}
	}
	return false
}
