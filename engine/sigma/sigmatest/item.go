package sigmatest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An item is one "field|modifiers: values" of a search. Without a field its
// values are keywords: sought in every scalar of the event, anywhere in it.
//
// A field that is not there satisfies no value but null, and differs from none:
// neq is of a field that has a value, no element of which is equal.
type item struct {
	field   string
	exists  *bool
	values  [][]test // each value with its alternatives
	all     bool     // and instead of or between the values
	negated bool
}

// A test compares one value of the event, or the event itself.
type test struct {
	null  bool                   // the value null: the field is absent, null or an empty list
	text  func(string) bool      // of any text of the field
	event func(fields, any) bool // fieldref
}

type fields = map[string]any

func newItem(key string, v any, placeholders map[string][]string) (item, error) {
	parts := strings.Split(key, "|")
	i := item{field: parts[0]}
	modifiers := parts[1:]
	if slices.Contains(modifiers, "exists") {
		b, ok := v.(bool)
		if !ok || len(modifiers) > 1 || i.field == "" {
			return i, errors.New("exists stands alone, with true or false")
		}
		i.exists = &b
		return i, nil
	}
	i.all, modifiers = take(modifiers, "all")
	i.negated, modifiers = take(modifiers, "neq")
	values, ok := v.([]any)
	if !ok {
		values = []any{v}
	}
	if i.field == "" && !slices.Contains(modifiers, "re") {
		modifiers = append(modifiers, "contains")
	}
	for _, x := range values {
		tests, err := newTests(x, modifiers, placeholders)
		if err != nil {
			return i, err
		}
		i.values = append(i.values, tests)
	}
	return i, nil
}

// take removes a modifier.
func take(modifiers []string, name string) (found bool, rest []string) {
	rest = slices.DeleteFunc(slices.Clone(modifiers), func(m string) bool { return m == name })
	return len(rest) < len(modifiers), rest
}

func (i item) match(f map[string]any) bool {
	if i.exists != nil {
		_, there := lookup(f, i.field)
		return there == *i.exists
	}
	one := func(alternatives []test) bool {
		return slices.ContainsFunc(alternatives, func(t test) bool { return i.satisfies(t, f) })
	}
	matched := slices.ContainsFunc(i.values, one)
	if i.all {
		matched = !slices.ContainsFunc(i.values, func(a []test) bool { return !one(a) })
	}
	if i.negated {
		values, _ := lookup(f, i.field)
		return !matched && hasValue(values)
	}
	return matched
}

func (i item) satisfies(t test, f map[string]any) bool {
	if i.field == "" {
		return t.text != nil && slices.ContainsFunc(scalars(object{fields: f}), t.text)
	}
	values, _ := lookup(f, i.field)
	if t.null {
		return !hasValue(values)
	}
	return slices.ContainsFunc(values, func(v any) bool {
		if t.event != nil {
			return t.event(f, v)
		}
		return slices.ContainsFunc(texts(v), t.text)
	})
}

// hasValue says whether one of the values is not null. An empty list has none.
func hasValue(values []any) bool {
	return slices.ContainsFunc(values, func(v any) bool { return v != nil })
}

// newTests gives the alternatives of one value. Modifiers work in their
// order; expand goes first, for it gives the value.
func newTests(v any, modifiers []string, placeholders map[string][]string) ([]test, error) {
	expands, modifiers := take(modifiers, "expand")
	cased, modifiers := take(modifiers, "cased")
	if v == nil {
		if len(modifiers) > 0 {
			return nil, errors.New("null takes no modifier")
		}
		return []test{{null: true}}, nil
	}
	texts := []string{scalar(v)}
	if _, isMap := v.(mapping); isMap {
		return nil, errors.New("a value is no map")
	}
	if expands {
		var err error
		if texts, err = expand(texts[0], placeholders); err != nil {
			return nil, err
		}
	}
	var all []test
	for _, s := range texts {
		tests, err := newTest(s, modifiers, cased)
		if err != nil {
			return nil, err
		}
		all = append(all, tests...)
	}
	return all, nil
}

func newTest(s string, modifiers []string, cased bool) ([]test, error) {
	if referenced, rest := take(modifiers, "fieldref"); referenced {
		return fieldref(s, rest, cased)
	}
	if len(modifiers) > 0 {
		switch modifiers[0] {
		case "re":
			return expressionTest(s, modifiers[1:])
		case "cidr":
			network, err := netip.ParsePrefix(s)
			return []test{{text: func(t string) bool {
				a, err := netip.ParseAddr(t)
				return err == nil && network.Contains(a)
			}}}, err
		case "lt", "lte", "gt", "gte":
			return comparison(s, modifiers[0], toNumber)
		case "minute", "hour", "day", "week", "month", "year":
			operator := "eq"
			if len(modifiers) > 1 {
				operator = modifiers[1]
			}
			return comparison(s, operator, func(t string) (float64, bool) { return timePart(t, modifiers[0]) })
		}
	}
	patterns := []pattern{parsePattern(s)}
	for _, m := range modifiers {
		var next []pattern
		for _, p := range patterns {
			q, err := transform(p, m)
			if err != nil {
				return nil, err
			}
			next = append(next, q...)
		}
		patterns = next
	}
	tests := make([]test, len(patterns))
	for i, p := range patterns {
		tests[i].text = func(t string) bool { return p.match(t, cased) }
	}
	return tests, nil
}

// transform applies a modifier that makes patterns of a pattern.
func transform(p pattern, modifier string) ([]pattern, error) {
	switch modifier {
	case "contains":
		return []pattern{p.around(true, true)}, nil
	case "startswith":
		return []pattern{p.around(false, true)}, nil
	case "endswith":
		return []pattern{p.around(true, false)}, nil
	case "windash":
		return []pattern{p.windash()}, nil
	}
	s, err := p.text()
	if err != nil {
		return nil, err
	}
	switch modifier {
	case "base64":
		return []pattern{literal(base64.StdEncoding.EncodeToString(p.bytes(s)))}, nil
	case "base64offset":
		var all []pattern
		for _, x := range base64Offsets(string(p.bytes(s))) {
			all = append(all, literal(x))
		}
		return all, nil
	case "wide", "utf16le":
		return []pattern{rawBytes(utf16Bytes(s, false))}, nil
	case "utf16be":
		return []pattern{rawBytes(utf16Bytes(s, true))}, nil
	case "utf16":
		return []pattern{rawBytes("\xff\xfe" + utf16Bytes(s, false))}, nil
	}
	return nil, fmt.Errorf("unknown modifier %q", modifier)
}

// fieldref compares a field with another of the same event.
func fieldref(name string, relations []string, cased bool) ([]test, error) {
	for _, r := range relations {
		if r != "contains" && r != "startswith" && r != "endswith" {
			return nil, fmt.Errorf("fieldref with %q", r)
		}
	}
	return []test{{event: func(f fields, v any) bool {
		others, _ := lookup(f, name)
		for _, o := range others {
			for _, theirs := range texts(o) {
				p := literal(theirs)
				for _, r := range relations {
					q, err := transform(p, r)
					if err != nil {
						return false
					}
					p = q[0]
				}
				if slices.ContainsFunc(texts(v), func(t string) bool { return p.match(t, cased) }) {
					return true
				}
			}
		}
		return false
	}}}, nil
}

// expressionTest searches for a regular expression, of the syntax RE2 and
// PCRE share. i, m and s are its flags.
func expressionTest(s string, flags []string) ([]test, error) {
	for _, f := range flags {
		if f != "i" && f != "m" && f != "s" {
			return nil, fmt.Errorf("unknown modifier %q after re", f)
		}
	}
	if len(flags) > 0 {
		s = "(?" + strings.Join(flags, "") + ")" + s
	}
	re, err := regexp.Compile(s)
	if err != nil {
		return nil, err
	}
	return []test{{text: re.MatchString}}, nil
}

// comparison compares a number got from the field's text with the value.
func comparison(s, operator string, get func(string) (float64, bool)) ([]test, error) {
	bound, ok := toNumber(s)
	if !ok {
		return nil, fmt.Errorf("%q is not a number", s)
	}
	holds, err := comparer(operator)
	return []test{{text: func(t string) bool {
		n, ok := get(t)
		return ok && holds(n, bound)
	}}}, err
}

func comparer(operator string) (func(a, b float64) bool, error) {
	switch operator {
	case "lt":
		return func(a, b float64) bool { return a < b }, nil
	case "lte":
		return func(a, b float64) bool { return a <= b }, nil
	case "gt":
		return func(a, b float64) bool { return a > b }, nil
	case "gte":
		return func(a, b float64) bool { return a >= b }, nil
	case "eq":
		return func(a, b float64) bool { return a == b }, nil
	case "neq":
		return func(a, b float64) bool { return a != b }, nil
	}
	return nil, fmt.Errorf("unknown comparison %q", operator)
}

// toNumber takes what JSON writes as a number, in a string too, for AWS puts
// many numbers into strings.
func toNumber(s string) (float64, bool) {
	if s == "" || !json.Valid([]byte(s)) || !strings.ContainsRune("-0123456789", rune(s[0])) {
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil
}

// timePart takes a part of a date, in UTC. week is the week of ISO 8601.
func timePart(s, part string) (float64, bool) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return 0, false
	}
	t = t.UTC()
	_, week := t.ISOWeek()
	n := map[string]int{"minute": t.Minute(), "hour": t.Hour(), "day": t.Day(), "week": week, "month": int(t.Month()), "year": t.Year()}[part]
	return float64(n), true
}

var placeholder = regexp.MustCompile(`\\%|%([A-Za-z0-9_]+)%`)

// expand puts the values of placeholders in their place, every combination. A
// percent sign after a backslash is itself. A placeholder without values
// makes the rule unusable.
func expand(s string, placeholders map[string][]string) ([]string, error) {
	at := placeholder.FindStringSubmatchIndex(s)
	if at == nil {
		return []string{s}, nil
	}
	values := []string{"%"}
	if at[2] >= 0 {
		values = placeholders[s[at[2]:at[3]]]
		if len(values) == 0 {
			return nil, fmt.Errorf("no values for the placeholder %%%s%%", s[at[2]:at[3]])
		}
	}
	rests, err := expand(s[at[1]:], placeholders)
	var all []string
	for _, v := range values {
		for _, r := range rests {
			all = append(all, s[:at[0]]+v+r)
		}
	}
	return all, err
}
