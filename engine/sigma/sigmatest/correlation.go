package sigmatest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

type correlation struct {
	kind       string
	rules      []string
	groupBy    []string
	aliases    map[string]map[string]string // alias, rule, field
	span       time.Duration
	fields     []string
	percentile *float64
	bounds     []bound     // all must hold
	condition  *expression // of a temporal correlation: over rules
}

type bound struct {
	holds func(a, b float64) bool
	value float64
}

func newCorrelation(m mapping) (*correlation, error) {
	c := &correlation{kind: m.text("type"), rules: m.list("rules"), groupBy: m.list("group-by"), aliases: map[string]map[string]string{}}
	if len(c.rules) == 0 {
		return nil, errors.New("a correlation needs rules")
	}
	if aliases, ok := m.get("aliases").(mapping); ok {
		for _, a := range aliases {
			c.aliases[a.key] = map[string]string{}
			of, _ := a.value.(mapping)
			for _, e := range of {
				c.aliases[a.key][e.key] = scalar(e.value)
			}
		}
	}
	var err error
	if c.span, err = timespan(m.text("timespan")); err != nil {
		return nil, err
	}
	switch condition := m.get("condition").(type) {
	case string:
		x, err := parseCondition(condition, c.rules)
		if err != nil {
			return nil, err
		}
		c.condition = &x
	case mapping:
		c.fields = condition.list("field")
		for _, e := range condition {
			n, isNumber := toNumber(scalar(e.value))
			switch {
			case e.key == "field":
			case !isNumber:
				return nil, fmt.Errorf("condition: %s is not a number", e.key)
			case e.key == "percentile":
				c.percentile = &n
			default:
				holds, err := comparer(e.key)
				if err != nil {
					return nil, err
				}
				c.bounds = append(c.bounds, bound{holds, n})
			}
		}
	}
	return c, c.complete()
}

// complete checks that the type is known and has what it needs.
func (c *correlation) complete() error {
	switch c.kind {
	case "temporal", "temporal_ordered":
		if c.condition == nil && len(c.bounds) == 0 {
			atLeast, _ := comparer("gte")
			c.bounds = []bound{{atLeast, float64(len(c.rules))}}
		}
		return nil
	case "event_count":
	case "value_count", "value_sum", "value_avg", "value_min", "value_max", "value_median", "value_percentile":
		if len(c.fields) == 0 {
			return fmt.Errorf("%s needs a field", c.kind)
		}
	default:
		return fmt.Errorf("unknown correlation type %q", c.kind)
	}
	if len(c.bounds) == 0 {
		return fmt.Errorf("%s needs a condition", c.kind)
	}
	return nil
}

var timespanForm = regexp.MustCompile(`^([1-9][0-9]*)([smhdwMy])$`)

// timespan is a length of time. Months and years are the mean ones of the
// Gregorian calendar, so that every window of a rule is equally long.
func timespan(s string) (time.Duration, error) {
	m := timespanForm.FindStringSubmatch(s)
	if m == nil {
		return 0, fmt.Errorf("timespan %q", s)
	}
	n, err := strconv.Atoi(m[1])
	seconds := map[string]int{"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 2629746, "y": 31556952}[m[2]]
	return time.Duration(n*seconds) * time.Second, err
}

// An occurrence is one event a correlation looks at: by which of its rules, and
// what that rule says of it.
type occurrence struct {
	rule  int
	event Event
	// group holds the values an inner correlation grouped by, by field.
	group map[string]string
	// tuple is the value of the fields of the condition, if it has one.
	tuple    string
	hasTuple bool
}

// A hit is a window that satisfies a correlation, named by the event it ends
// with.
type hit struct {
	event Event
	group map[string]string
	key   []string // values of group-by
	value float64
}

// A Result is what a rule found: an event, or a burst of a correlation.
type Result struct {
	Rule   string   // title
	Group  []string // values of group-by
	Events []string // ids, by time, then id
	Value  float64  // what the correlation measured when it was first satisfied
}

// Evaluate gives the results of the rules that stand for themselves: those no
// correlation refers to, and those a correlation that generates refers to.
// Results are in the order of rules, then of time.
func Evaluate(rules []*Rule, events []Event) ([]Result, error) {
	s := &set{rules: rules, events: events, hits: map[*Rule][]hit{}, bursts: map[*Rule][]burst{}, open: map[*Rule]bool{}}
	inner, generated := map[*Rule]bool{}, map[*Rule]bool{}
	for _, r := range rules {
		if r.correlation == nil {
			continue
		}
		for _, name := range r.correlation.rules {
			x, err := s.find(name)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", r.Title, err)
			}
			inner[x] = true
			generated[x] = generated[x] || r.Generate
		}
	}
	var all []Result
	for _, r := range rules {
		if err := s.run(r); err != nil {
			return nil, err
		}
		if inner[r] && !generated[r] {
			continue
		}
		if r.correlation == nil {
			for _, h := range s.hits[r] {
				all = append(all, Result{Rule: r.Title, Events: []string{h.event.ID}})
			}
			continue
		}
		for _, b := range s.bursts[r] {
			all = append(all, Result{r.Title, b.first.key, b.events, b.first.value})
		}
	}
	return all, nil
}

type set struct {
	rules  []*Rule
	events []Event
	hits   map[*Rule][]hit
	bursts map[*Rule][]burst
	open   map[*Rule]bool // being evaluated
}

// A burst is a row of windows that satisfy a correlation, each beginning no
// later than the one before ends: one finding.
type burst struct {
	first  hit
	events []string // all the group has in these windows
}

// find resolves a reference: by id, then name, then title.
func (s *set) find(reference string) (*Rule, error) {
	for _, of := range []func(*Rule) string{
		func(r *Rule) string { return r.ID }, func(r *Rule) string { return r.Name }, func(r *Rule) string { return r.Title },
	} {
		var found []*Rule
		for _, r := range s.rules {
			if of(r) == reference {
				found = append(found, r)
			}
		}
		if len(found) > 1 {
			return nil, fmt.Errorf("reference %q is ambiguous", reference)
		}
		if len(found) == 1 {
			return found[0], nil
		}
	}
	return nil, fmt.Errorf("no rule %q", reference)
}

// run fills hits, and bursts of a correlation.
func (s *set) run(r *Rule) error {
	if _, done := s.hits[r]; done {
		return nil
	}
	if s.open[r] {
		return fmt.Errorf("%s: the correlation refers to itself", r.Title)
	}
	s.open[r] = true
	s.hits[r] = []hit{}
	if r.correlation == nil {
		for _, e := range s.events {
			if r.Match(e) {
				s.hits[r] = append(s.hits[r], hit{event: e})
			}
		}
		sortHits(s.hits[r])
		return nil
	}
	delete(s.hits, r)
	groups, err := s.groups(r.correlation)
	if err != nil {
		return err
	}
	var hits []hit
	var bursts []burst
	for _, g := range groups {
		h, b := g.evaluate(r.correlation)
		hits, bursts = append(hits, h...), append(bursts, b...)
	}
	sortHits(hits)
	slices.SortStableFunc(bursts, func(a, b burst) int { return compareHits(a.first, b.first) })
	s.hits[r], s.bursts[r] = hits, bursts
	return nil
}

func sortHits(hits []hit) { slices.SortStableFunc(hits, compareHits) }

func compareHits(a, b hit) int {
	return cmpOr(compareEvents(a.event, b.event), strings.Compare(strings.Join(a.key, "\x1f"), strings.Join(b.key, "\x1f")))
}

func compareEvents(a, b Event) int { return cmpOr(a.Time.Compare(b.Time), strings.Compare(a.ID, b.ID)) }

func cmpOr(a, b int) int {
	if a != 0 {
		return a
	}
	return b
}

type group struct {
	key         []string
	named       map[string]string
	occurrences []occurrence // by time, then id
}

// groups sorts what the rules of a correlation found by the values of
// group-by. An event that lacks one of them is in no group.
//
// Of an inner correlation, a temporal one looks at every window it was
// satisfied by, for what follows may follow any; a counting one counts its
// findings, each at the event that first satisfied it.
func (s *set) groups(c *correlation) ([]*group, error) {
	var all []*group
	byKey := map[string]*group{}
	for i, reference := range c.rules {
		r, err := s.find(reference)
		if err == nil {
			err = s.run(r)
		}
		if err != nil {
			return nil, err
		}
		found := s.hits[r]
		if r.correlation != nil && !strings.HasPrefix(c.kind, "temporal") {
			found = nil
			for _, b := range s.bursts[r] {
				found = append(found, b.first)
			}
		}
		for _, h := range found {
			o := occurrence{rule: i, event: h.event, group: h.group}
			o.tuple, o.hasTuple = c.tuple(o)
			key, named, ok := c.key(o)
			if !ok {
				continue
			}
			joined := strings.Join(key, "\x1e")
			if byKey[joined] == nil {
				byKey[joined] = &group{key: key, named: named}
				all = append(all, byKey[joined])
			}
			byKey[joined].occurrences = append(byKey[joined].occurrences, o)
		}
	}
	for _, g := range all {
		slices.SortStableFunc(g.occurrences, func(a, b occurrence) int { return compareEvents(a.event, b.event) })
	}
	return all, nil
}

func (c *correlation) key(o occurrence) (key []string, named map[string]string, ok bool) {
	named = map[string]string{}
	for _, f := range c.groupBy {
		v, ok := c.value(o, f)
		if !ok {
			return nil, nil, false
		}
		key, named[f] = append(key, v), v
	}
	return key, named, true
}

// value is a field of an occurrence: an alias stands for the field of the
// rule that found it; an inner correlation has the fields it grouped by and
// those of the event it was satisfied with.
func (c *correlation) value(o occurrence, field string) (string, bool) {
	if of, isAlias := c.aliases[field]; isAlias {
		if f, ok := of[c.rules[o.rule]]; ok {
			field = f
		}
	}
	if v, ok := o.group[field]; ok {
		return v, true
	}
	return single(o.event.Fields, field)
}

// evaluate looks at the window that ends with each event: all of the group
// from one timespan before it, that instant included, to its own time.
func (g *group) evaluate(c *correlation) (hits []hit, bursts []burst) {
	var last time.Time
	var seen string
	for _, o := range g.occurrences {
		var window []occurrence
		for _, x := range g.occurrences {
			if !x.event.Time.Before(o.event.Time.Add(-c.span)) && !x.event.Time.After(o.event.Time) {
				window = append(window, x)
			}
		}
		value, satisfied := c.satisfied(window, o)
		if !satisfied || o.event.ID == seen {
			continue
		}
		seen = o.event.ID
		h := hit{o.event, g.named, g.key, value}
		hits = append(hits, h)
		if len(bursts) == 0 || last.Before(o.event.Time.Add(-c.span)) {
			bursts = append(bursts, burst{first: h})
		}
		last = o.event.Time
		b := &bursts[len(bursts)-1]
		for _, x := range window {
			if !slices.Contains(b.events, x.event.ID) {
				b.events = append(b.events, x.event.ID)
			}
		}
	}
	return hits, bursts
}
