package pattern

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"logquarry/engine/decode/jsontext"
	"logquarry/engine/schema"
	"logquarry/engine/value"
)

// Options of a [Search]. The zero value searches all time.
type Options struct {
	// Since is inclusive, Until exclusive; zero leaves a side open.
	Since, Until time.Time
	// Whole reads every row, not only those that may match.
	Whole bool
}

// Tally is what a rule came to.
type Tally struct {
	Hits        int64 // events it would have fired on
	First, Last time.Time
	// ReadOnly counts read-only management events that match, which the rule's
	// state keeps from it; Elsewhere those of other accounts and regions.
	ReadOnly, Elsewhere int64
}

// Found is what a search found: which events, not yet what is in them. It holds
// 24 bytes an event.
type Found struct {
	Tallies []Tally // by rule
	Scanned int64   // rows that were read and matched
	// Undecided counts events that were not matched against all rules: see
	// [ErrTooComplex].
	Undecided int64
	// Broken counts rows with a column of JSON that is none, which were matched
	// without it, and says of the first what is wrong.
	Broken  int64
	Problem string
	Sources []string // tables that have rows

	rules []Rule
	feeds []string
	hits  []hit
	sets  [][]fired
}

// hit is an event on which rules would have fired.
type hit struct {
	time         int64 // microseconds since 1970 UTC; noTime for none
	file, record uint32
	set          uint32 // in Found.sets
	feed         uint8
	class        class
}

const noTime = math.MinInt64

// fired is a rule that would have fired.
type fired struct {
	rule int
	// guide says that it asks for the detail type as the guide spells it.
	guide bool
	// detailType is the event's; empty: none.
	detailType string
}

// Search looks for the events of a case that match rules, as EventBridge would
// have shown them. sources describe its tables.
func Search(ctx context.Context, q value.Querier, sources []*schema.Source, rules []Rule, o Options) (*Found, error) {
	out := &Found{rules: rules, Tallies: make([]Tally, len(rules))}
	patterns := make([]*Pattern, len(rules))
	for i := range rules {
		patterns[i] = rules[i].Pattern
	}
	there := map[string]bool{}
	err := value.Each(ctx, q, "SELECT table_name FROM information_schema.tables", nil, func(cells []any) { there[value.Text(cells[0])] = true })
	if err != nil {
		return nil, err
	}
	set := NewSet(patterns)
	sets := map[string]uint32{}
	for _, f := range feeds() {
		i := slices.IndexFunc(sources, func(s *schema.Source) bool { return s.Name == f.source })
		if i < 0 || !there[f.source] {
			continue
		}
		out.feeds = append(out.feeds, f.source)
		s := &search{out: out, q: q, feed: f, set: set, patterns: patterns, sets: sets, o: o}
		if err := s.run(ctx, sources[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", f.source, err)
		}
	}
	slices.SortFunc(out.hits, func(a, b hit) int {
		switch {
		case a.time != b.time:
			return cmp.Compare(a.time, b.time)
		case a.feed != b.feed:
			return cmp.Compare(a.feed, b.feed)
		case a.file != b.file:
			return cmp.Compare(a.file, b.file)
		}
		return cmp.Compare(a.record, b.record)
	})
	return out, nil
}

// search is a search through one table.
type search struct {
	out      *Found
	q        value.Querier
	feed     feed
	set      *Set
	patterns []*Pattern
	sets     map[string]uint32
	o        Options
	guide    bool // a rule spells the detail type of sign-ins as the guide does

	columns []column       // that are asked for
	at      map[string]int // the places of needs among the cells
	extra   int            // that of extra; -1: not asked for
	below   *node
	key     []byte
	fired   []fired
}

func (s *search) run(ctx context.Context, source *schema.Source) error {
	some := false
	name := schema.Quote(source.Name)
	if err := value.Each(ctx, s.q, "SELECT 1 FROM "+name+" LIMIT 1", nil, func([]any) { some = true }); err != nil || !some {
		return err
	}
	s.out.Sources = append(s.out.Sources, source.Name)
	columns := s.feed.columns(source)
	q := newQuery(&s.feed, columns)
	where := q.narrow(s.patterns)
	if s.o.Whole {
		where = always
	}
	if where.never() {
		return nil // no rule is about such events
	}
	if s.feed.where != "" {
		where = and(term(s.feed.where), where)
	}
	when := schema.Quote(source.Time)
	if !s.o.Since.IsZero() {
		where = and(where, term(when+" >= "+q.moment("since", s.o.Since.UTC())))
	}
	if !s.o.Until.IsZero() {
		where = and(where, term(when+" < "+q.moment("until", s.o.Until.UTC())))
	}
	list := []string{"file_id", "record_no"}
	s.at = make(map[string]int)
	ask := func(column string) int {
		if i, ok := s.at[column]; ok {
			return i
		}
		s.at[column] = len(list)
		list = append(list, schema.Quote(column))
		return len(list) - 1
	}
	for _, column := range append(s.feed.needs, source.Time) {
		ask(column)
	}
	var places []int
	for _, c := range columns {
		if c.node = s.set.find(c.path); c.node != nil && (c.typ == schema.JSONText || c.node.slot >= 0) {
			s.columns = append(s.columns, c)
			places = append(places, ask(c.name))
		}
	}
	s.extra = -1
	if s.below = s.set.find(s.feed.below); s.below != nil {
		s.extra = ask("extra")
	}
	for _, p := range s.patterns {
		for _, way := range p.any {
			for _, f := range way {
				s.guide = s.guide || f.path == "detail-type" && f.takes(&scalar{kind: textKind, text: []byte(guideSignIn)})
			}
		}
	}
	sql := "SELECT " + strings.Join(list, ", ") + " FROM " + name
	if !where.always {
		sql += " WHERE " + where.sql()
	}
	rows, err := s.q.Query(ctx, sql, q.params)
	if err != nil {
		return err
	}
	e := s.set.NewEvent()
	for rows.Next() {
		if err = s.row(e, rows.Values(), places, source.Time); err != nil {
			break
		}
	}
	return errors.Join(err, rows.Err(), rows.Close())
}

// row matches one row.
func (s *search) row(e *Event, cells []any, places []int, when string) error {
	s.out.Scanned++
	e.Reset()
	extra := ""
	if s.extra >= 0 {
		extra = value.Text(cells[s.extra])
	}
	if extra != "" {
		b := []byte(extra)
		if i := jsontext.Space(b, 0); i == len(b) || b[i] != '{' {
			s.broken(cells, "extra", jsontext.ErrShort)
		} else if _, err := e.object(s.below, b, i); err != nil {
			s.broken(cells, "extra", err)
		}
	}
	for i := range s.columns {
		c := &s.columns[i]
		cell := cells[places[i]]
		if cell == nil || c.rare && strings.Contains(extra, `"`+strings.TrimPrefix(c.path, s.feed.below+".")+`"`) {
			continue
		}
		if err := c.put(e, cell, s.feed.millis); err != nil {
			s.broken(cells, c.name, err)
		}
	}
	get := func(column string) any { return cells[s.at[column]] }
	h := hit{time: noTime, feed: uint8(len(s.out.feeds) - 1)}
	at := value.Time(get(when))
	env := envelope{time: at}
	if s.feed.envelope != nil {
		env = s.feed.envelope(get)
		env.put(e, env.detailType)
	} else {
		env.account, env.region, env.detailType = value.Text(get("account")), value.Text(get("region")), value.Text(get("detail_type"))
	}
	if !env.time.IsZero() {
		h.time = env.time.UnixMicro()
	}
	matched, err := e.Match(nil)
	if err != nil {
		s.out.Undecided++
	}
	s.fired = s.fired[:0]
	for _, rule := range matched {
		s.fire(rule, &env, false)
	}
	if s.guide && s.feed.envelope != nil && env.detailType == signIn {
		// The guide spells the detail type otherwise than events do.
		if n := s.set.root.kids["detail-type"]; n != nil && n.slot >= 0 {
			e.slots[n.slot][0].text = []byte(guideSignIn)
			again, err := e.Match(nil)
			if err != nil {
				s.out.Undecided++
			}
			for _, rule := range again {
				if !slices.Contains(matched, rule) {
					s.fire(rule, &env, true)
				}
			}
		}
	}
	if len(s.fired) == 0 {
		return nil
	}
	file, record := value.Int(cells[0]), value.Int(cells[1])
	if file < 0 || file > math.MaxUint32 || record < 0 || record > math.MaxUint32 {
		return fmt.Errorf("record %d of file %d: numbers beyond what is possible here", record, file)
	}
	h.file, h.record, h.class, h.set = uint32(file), uint32(record), env.class, s.intern(env.detailType)
	s.out.hits = append(s.out.hits, h)
	return nil
}

// broken notes a column of JSON that is none.
func (s *search) broken(cells []any, column string, err error) {
	if s.out.Broken++; s.out.Problem == "" {
		s.out.Problem = fmt.Sprintf("record %d of file %d: column %s is no JSON: %v", value.Int(cells[1]), value.Int(cells[0]), column, err)
	}
}

// fire notes that a rule matches, unless EventBridge would not have shown it
// the event.
func (s *search) fire(rule int, env *envelope, guide bool) {
	r, t := &s.out.rules[rule], &s.out.Tallies[rule]
	region, account := r.Place()
	switch {
	case region != "" && env.region != "" && region != env.region, account != "" && env.account != "" && account != env.account:
		t.Elsewhere++
		return
	case env.class == readOnly && r.State == Enabled:
		t.ReadOnly++
		return
	}
	if t.Hits++; !env.time.IsZero() {
		if t.First.IsZero() || env.time.Before(t.First) {
			t.First = env.time
		}
		if env.time.After(t.Last) {
			t.Last = env.time
		}
	}
	s.fired = append(s.fired, fired{rule: rule, guide: guide})
}

// intern is the place of s.fired among the sets: few differ.
func (s *search) intern(detailType string) uint32 {
	s.key = append(s.key[:0], detailType...)
	for _, f := range s.fired {
		s.key = binary.AppendUvarint(append(s.key, 0), uint64(f.rule))
		if f.guide {
			s.key = append(s.key, 1)
		}
	}
	id, ok := s.sets[string(s.key)]
	if !ok {
		id = uint32(len(s.out.sets))
		s.sets[string(s.key)] = id
		set := slices.Clone(s.fired)
		for i := range set {
			set[i].detailType = detailType
		}
		s.out.sets = append(s.out.sets, set)
	}
	return id
}
