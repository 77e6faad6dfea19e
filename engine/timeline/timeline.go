// Package timeline counts events over time and draws them in a terminal.
//
// In: a filter and whatever runs a query over the view events. Out: counts by
// source in buckets of equal width, and a chart of them. It leaves plots for
// reports to report and finding what happened to hunts.
package timeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"logquarry/engine/sqltext"
	"logquarry/engine/value"
)

// Querier runs one statement with parameters bound to $name.
type Querier interface {
	Query(ctx context.Context, sql string, params map[string]any) (value.Rows, error)
}

// Filter says which events count. The zero value is all of them.
type Filter struct {
	// Expr is a condition over the columns of events, as it would stand after
	// WHERE.
	Expr string
	// Value is looked for whole in ids and addresses, and inside principals,
	// targets, actions, user agents and summaries.
	Value  string
	Source string
	// Since is the first moment, Until the first one after. Zero: no bound.
	Since, Until time.Time
}

// Chart is the counts of events in buckets that lie end to end.
type Chart struct {
	Start   time.Time // of the first bucket, UTC
	Step    time.Duration
	Sources []Source // most events first
	Total   int64
	// First and Last are the times of the first and last event.
	First, Last time.Time
}

// Source is the counts of one source, one a bucket.
type Source struct {
	Name   string
	Counts []int64
	Total  int64
}

// steps are the widths a bucket may have: those a person reads at a glance.
var steps = []time.Duration{
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, day,
}

const day = 24 * time.Hour

// step is the narrowest width of which at most n buckets hold both times.
func step(first, last time.Time, n int) time.Duration {
	fits := func(s time.Duration) bool { return buckets(first.Truncate(s), last, s) <= int64(n) }
	for _, s := range steps {
		if fits(s) {
			return s
		}
	}
	days := time.Duration(2)
	for !fits(days * day) {
		days *= 2
	}
	return days * day
}

// buckets is how many of width s from start hold last. It counts in seconds: a
// time.Duration ends after 292 years.
func buckets(start, last time.Time, s time.Duration) int64 {
	return (last.Unix()-start.Unix())/int64(s/time.Second) + 1
}

// margin is what names and counts take of the width of a chart, in cells.
const margin = 31

// Buckets counts the events that pass the filter. The buckets are as narrow as
// a chart width cells wide allows, from a minute up. A chart without events
// has no sources.
func Buckets(ctx context.Context, q Querier, f Filter, width int) (*Chart, error) {
	where, params, err := f.where()
	if err != nil {
		return nil, err
	}
	c := &Chart{}
	err = each(ctx, q, "SELECT min(event_time) AS first_time, max(event_time) AS last_time, count(*) AS n\nFROM events\nWHERE "+where, params, func(row []any) error {
		if len(row) != 3 || row[0] == nil {
			return nil
		}
		var ok1, ok2 bool
		c.First, ok1 = row[0].(time.Time)
		c.Last, ok2 = row[1].(time.Time)
		if !ok1 || !ok2 {
			return fmt.Errorf("event_time of events is %T, not a timestamp", row[0])
		}
		var err error
		c.Total, err = number(row[2])
		return err
	})
	if err != nil || c.Total == 0 {
		return c, err
	}
	c.First, c.Last = c.First.UTC(), c.Last.UTC()
	c.Step = step(c.First, c.Last, max(10, width-margin))
	c.Start = c.First.Truncate(c.Step)
	n := buckets(c.Start, c.Last, c.Step)

	params["bucket_start"] = c.Start.Unix()
	params["bucket_seconds"] = int64(c.Step / time.Second)
	sql := `SELECT source, (epoch_ms(event_time) // 1000 - CAST($bucket_start AS BIGINT)) // CAST($bucket_seconds AS BIGINT) AS bucket, count(*) AS n
FROM events
WHERE ` + where + `
GROUP BY 1, 2`
	at := map[string]int{}
	c.Total = 0
	err = each(ctx, q, sql, params, func(row []any) error {
		bucket, err := number(row[1])
		if err != nil {
			return err
		}
		count, err := number(row[2])
		if err != nil {
			return err
		}
		if bucket < 0 || bucket >= n { // loaded between the two queries
			return nil
		}
		name, _ := row[0].(string)
		i, ok := at[name]
		if !ok {
			i = len(c.Sources)
			at[name] = i
			c.Sources = append(c.Sources, Source{Name: name, Counts: make([]int64, n)})
		}
		c.Sources[i].Counts[bucket] += count
		c.Sources[i].Total += count
		c.Total += count
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(c.Sources, func(a, b Source) int {
		if a.Total != b.Total {
			if a.Total > b.Total {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return c, nil
}

func each(ctx context.Context, q Querier, sql string, params map[string]any, f func([]any) error) (err error) {
	rows, err := q.Query(ctx, sql, params)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := rows.Close(); err == nil {
			err = cerr
		}
	}()
	for rows.Next() {
		if err := f(rows.Values()); err != nil {
			return err
		}
	}
	return rows.Err()
}

func number(v any) (int64, error) {
	switch v := v.(type) {
	case int64:
		return v, nil
	case uint64:
		return int64(v), nil
	case value.Number:
		return strconv.ParseInt(string(v), 10, 64)
	}
	return 0, fmt.Errorf("a count of events is %T", v)
}

// where is the condition and its parameters.
func (f Filter) where() (string, map[string]any, error) {
	conds := []string{"event_time IS NOT NULL"}
	params := map[string]any{}
	if f.Source != "" {
		conds = append(conds, "source = $filter_source")
		params["filter_source"] = f.Source
	}
	if !f.Since.IsZero() {
		conds = append(conds, "event_time >= CAST($filter_since AS TIMESTAMP)")
		params["filter_since"] = f.Since.UTC()
	}
	if !f.Until.IsZero() {
		conds = append(conds, "event_time < CAST($filter_until AS TIMESTAMP)")
		params["filter_until"] = f.Until.UTC()
	}
	if f.Value != "" {
		var any []string
		for _, column := range []string{"event_id", "account_id", "region", "access_key_id", "src_ip", "dst_ip", "outcome", "error"} {
			any = append(any, column+" = $filter_value")
		}
		for _, column := range []string{"principal", "action", "target", "user_agent", "summary"} {
			any = append(any, "contains("+column+", $filter_value)")
		}
		conds = append(conds, "("+strings.Join(any, " OR ")+")")
		params["filter_value"] = f.Value
	}
	if f.Expr != "" {
		if err := oneExpression(f.Expr); err != nil {
			return "", nil, err
		}
		conds = append(conds, "("+f.Expr+"\n)") // a comment at the end ends there
	}
	return strings.Join(conds, "\n  AND "), params, nil
}

// oneExpression refuses text that would reach beyond the brackets it is put in.
func oneExpression(expr string) error {
	depth := 0
	for _, t := range sqltext.Tokens(expr) {
		switch {
		case t.Open:
			return fmt.Errorf("the condition ends inside %s", t.Text(expr))
		case t.Kind == sqltext.Semicolon:
			return errors.New("a condition holds no semicolon")
		case t.Kind == sqltext.Param:
			return fmt.Errorf("a condition holds no parameter: %s", t.Text(expr))
		case t.Text(expr) == "(":
			depth++
		case t.Text(expr) == ")":
			depth--
		}
		if depth < 0 {
			break
		}
	}
	if depth != 0 {
		return errors.New("the brackets of the condition do not match")
	}
	return nil
}

// ParseFilter reads a filter as a person types it: options --source NAME,
// --since TIME, --until TIME, then a condition or a value. Text with a
// comparison or a logical word in it is a condition; '…' around all of it
// makes it a value.
func ParseFilter(text string) (Filter, error) {
	var f Filter
	text = strings.TrimSpace(text)
	for strings.HasPrefix(text, "--") {
		option, rest, _ := strings.Cut(text, " ")
		name, arg, joined := strings.Cut(option, "=")
		rest = strings.TrimLeft(rest, " ")
		if !joined {
			if strings.HasPrefix(rest, "'") && strings.Contains(rest[1:], "'") {
				arg, rest, _ = strings.Cut(rest[1:], "'")
			} else {
				arg, rest, _ = strings.Cut(rest, " ")
			}
		}
		if arg == "" {
			return f, fmt.Errorf("%s needs a value", name)
		}
		var err error
		switch name {
		case "--source":
			f.Source = arg
		case "--since":
			f.Since, err = parseTime(arg)
		case "--until":
			f.Until, err = parseTime(arg)
		default:
			err = fmt.Errorf("no option %s: --source, --since or --until", name)
		}
		if err != nil {
			return f, err
		}
		text = strings.TrimSpace(rest)
	}
	if text == "" {
		return f, nil
	}
	var tokens []sqltext.Token
	for _, t := range sqltext.Tokens(text) {
		if t.Kind != sqltext.Space {
			tokens = append(tokens, t)
		}
	}
	if len(tokens) == 1 && tokens[0].Kind == sqltext.String && !tokens[0].Open {
		f.Value = strings.ReplaceAll(text[1:len(text)-1], "''", "'")
		return f, nil
	}
	for i, t := range tokens {
		switch word := strings.ToUpper(t.Text(text)); word {
		case "=", "==", "<", ">", "<=", ">=", "<>", "!=", "~~", "!~~", "~", "LIKE", "ILIKE", "IN", "IS", "BETWEEN", "AND", "OR", "NOT":
			if t.Kind == sqltext.Op || len(tokens) > 1 {
				// The = at the end of base64 is no comparison.
				if i == len(tokens)-1 && t.Kind == sqltext.Op {
					break
				}
				f.Expr = text
				return f, oneExpression(text)
			}
		case "(":
			if i > 0 && tokens[i-1].Kind == sqltext.Ident && strings.HasSuffix(text, ")") {
				f.Expr = text
				return f, oneExpression(text)
			}
		}
	}
	f.Value = text
	return f, nil
}

func parseTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02", "2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time: 2006-01-02 or 2006-01-02T15:04:05Z, in UTC", text)
}
