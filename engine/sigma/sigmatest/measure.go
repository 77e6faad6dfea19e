package sigmatest

import (
	"math"
	"slices"
	"strings"
	"time"
)

// satisfied says whether a window, which ends with the given occurrence,
// satisfies the condition, and the number it is about. An event that several
// rules found counts once.
func (c *correlation) satisfied(window []occurrence, end occurrence) (float64, bool) {
	var value float64
	ok := true
	switch c.kind {
	case "event_count":
		ids := map[string]bool{}
		for _, o := range window {
			ids[o.event.ID] = true
		}
		value = float64(len(ids))
	case "value_count":
		values := map[string]bool{}
		for _, o := range window {
			if o.hasTuple {
				values[o.tuple] = true
			}
		}
		value = float64(len(values))
	case "temporal":
		present := presence(window)
		value = float64(len(present))
		if c.condition != nil {
			return value, c.condition.holds(func(name string) bool { return present[slices.Index(c.rules, name)] })
		}
	case "temporal_ordered":
		if c.condition != nil {
			return float64(len(presence(window))), c.ordered(window)
		}
		value = float64(longest(window, len(c.rules)))
	case "value_percentile":
		if c.percentile == nil {
			value, ok = c.share(window, end)
			break
		}
		value, ok = quantile(c.numbers(window), *c.percentile/100)
	default:
		value, ok = aggregate(c.kind, c.numbers(window))
	}
	for _, b := range c.bounds {
		ok = ok && b.holds(value, b.value)
	}
	return value, ok
}

// tuple is the value that value_count counts: of several fields all together.
// Without one of them there is none.
func (c *correlation) tuple(o occurrence) (string, bool) {
	var all []string
	for _, f := range c.fields {
		v, ok := c.value(o, f)
		if !ok {
			return "", false
		}
		all = append(all, v)
	}
	return strings.Join(all, "\x1e"), true
}

// numbers are the values of the field that are numbers.
func (c *correlation) numbers(window []occurrence) []float64 {
	var all []float64
	type counted struct{ id, value string }
	seen := map[counted]bool{}
	for _, o := range window {
		v := o.tuple
		n, ok := toNumber(v)
		if !o.hasTuple || !ok || seen[counted{o.event.ID, v}] {
			continue
		}
		seen[counted{o.event.ID, v}] = true
		all = append(all, n)
	}
	return all
}

func aggregate(kind string, numbers []float64) (float64, bool) {
	if len(numbers) == 0 {
		return 0, false
	}
	sum := 0.0
	for _, n := range numbers {
		sum += n
	}
	switch kind {
	case "value_sum":
		return sum, true
	case "value_avg":
		return sum / float64(len(numbers)), true
	case "value_min":
		return slices.Min(numbers), true
	case "value_max":
		return slices.Max(numbers), true
	}
	return quantile(numbers, 0.5)
}

// quantile interpolates between the two nearest values.
func quantile(numbers []float64, q float64) (float64, bool) {
	if len(numbers) == 0 {
		return 0, false
	}
	slices.Sort(numbers)
	at := q * float64(len(numbers)-1)
	low, high := numbers[int(math.Floor(at))], numbers[int(math.Ceil(at))]
	return low + (high-low)*(at-math.Floor(at)), true
}

// share is what value_percentile compares when no percentile is asked for:
// which percentage of the window's values is the one of its last event. This
// is the reading of the specification's own example, a process name that is
// at most 1 % of all.
func (c *correlation) share(window []occurrence, end occurrence) (float64, bool) {
	of := end.tuple
	if !end.hasTuple {
		return 0, false
	}
	type counted struct{ id, value string }
	seen := map[counted]bool{}
	same, all := 0.0, 0.0
	for _, o := range window {
		v := o.tuple
		if !o.hasTuple || seen[counted{o.event.ID, v}] {
			continue
		}
		seen[counted{o.event.ID, v}] = true
		all++
		if v == of {
			same++
		}
	}
	return 100 * same / all, true
}

// presence are the rules that found something in the window.
func presence(window []occurrence) map[int]bool {
	present := map[int]bool{}
	for _, o := range window {
		present[o.rule] = true
	}
	return present
}

// longest is the number of different rules that occur one after another in
// their order. Events of the same instant are taken as in order: nothing says
// that they are not.
func longest(window []occurrence, rules int) int {
	// end[n] is the earliest time at which n rules in order can have occurred.
	end := map[int]time.Time{}
	best := 0
	for r := range rules {
		next := map[int]time.Time{}
		for n := 0; n <= best; n++ {
			for _, o := range window {
				if o.rule != r || n > 0 && o.event.Time.Before(end[n]) {
					continue
				}
				if t, ok := next[n+1]; !ok || o.event.Time.Before(t) {
					next[n+1] = o.event.Time
				}
			}
		}
		for n, t := range next {
			if old, ok := end[n]; !ok || t.Before(old) {
				end[n] = t
			}
			best = max(best, n)
		}
	}
	return best
}

// ordered says whether the condition over rules holds in order: one of its
// alternatives has all the rules it wants, one after another in the order of
// rules, and none of those it does not want.
func (c *correlation) ordered(window []occurrence) bool {
	present := presence(window)
	for _, alternative := range alternatives(*c.condition, false) {
		possible := true
		wanted := map[int]bool{}
		for name, want := range alternative {
			i := slices.Index(c.rules, name)
			possible = possible && present[i] == want
			if want {
				wanted[i] = true
			}
		}
		var of []occurrence
		for _, o := range window {
			if wanted[o.rule] {
				of = append(of, o)
			}
		}
		if possible && longest(of, len(c.rules)) == len(wanted) {
			return true
		}
	}
	return false
}

// alternatives write a condition as an or of ands: which names must be true
// and which false.
func alternatives(x expression, negated bool) []map[string]bool {
	switch {
	case x.name != "":
		return []map[string]bool{{x.name: !negated}}
	case x.negate != nil:
		return alternatives(*x.negate, !negated)
	}
	// Not (at least n of m) is at least m-n+1 false.
	need := x.need
	if negated {
		need = len(x.among) - x.need + 1
	}
	return choose(x.among, need, negated)
}

func choose(among []expression, need int, negated bool) []map[string]bool {
	if need <= 0 {
		return []map[string]bool{{}}
	}
	if need > len(among) {
		return nil
	}
	all := choose(among[1:], need, negated)
	for _, a := range alternatives(among[0], negated) {
		for _, b := range choose(among[1:], need-1, negated) {
			if m, ok := merged(a, b); ok {
				all = append(all, m)
			}
		}
	}
	return all
}

// merged is both; a name cannot be both true and false.
func merged(a, b map[string]bool) (map[string]bool, bool) {
	m := map[string]bool{}
	for k, v := range a {
		m[k] = v
	}
	for k, v := range b {
		if old, ok := m[k]; ok && old != v {
			return nil, false
		}
		m[k] = v
	}
	return m, true
}
