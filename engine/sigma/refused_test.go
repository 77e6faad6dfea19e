package sigma_test

import (
	"strings"
	"testing"

	"logquarry/engine/schema"
	"logquarry/engine/schema/schematest"
	"logquarry/engine/sigma"
)

// good stands before each refused document: it must go on.
const good = `title: Good
name: good
logsource: {product: aws, service: cloudtrail}
detection:
    selection:
        eventName: CreateUser
    condition: selection
---
`

// rule is a rule of which all but the detection is sound.
const rule = `title: Refused
logsource: {product: aws, service: cloudtrail}
detection:
`

// selection is a rule with one selection; what follows is its only item.
const selection = rule + "    condition: s\n    s:\n        "

const correlation = "title: Refused\ncorrelation:\n"

// What cannot be used is named with its place, which stands as « in the text, its
// reason and, where there is something to do, what that is.
func TestRefused(t *testing.T) {
	for _, tt := range []struct{ text, msg, hint string }{
		// Documents.
		{"«- a\n- b\n", "the document is a list, and a rule is a map", ""},
		{"«title: Refused\nlogsource: {product: aws}\n", "not a Sigma rule: there is no detection", ""},
		{"«logsource: {product: aws}\ndetection:\n    s: {eventName: A}\n    condition: s\n", "the rule has no title", ""},
		{"title: Refused\nlevel: «dire\nlogsource: {product: aws}\ndetection:\n    s: {eventName: A}\n    condition: s\n", `level "dire": it is one of`, ""},
		{"title: Refused\ntaxonomy: «ecs\nlogsource: {product: aws}\ndetection:\n    s: {eventName: A}\n    condition: s\n", `taxonomy "ecs": only the default one, sigma, is known`, ""},
		{"«title: Refused\ndetection:\n    s: {eventName: A}\n    condition: s\n", "the document has no logsource", "such as logsource: {product: aws, service: cloudtrail}"},
		{"«title: Refused\nlogsource: {product: windows, service: security}\ndetection:\n    s: {eventName: A}\n    condition: s\n", "no source holds product windows, service security", ""},
		{"title: Refused\naction: «append\n", `action "append": it is global, reset or repeat`, ""},
		{"title: Refused\ntags: «*gone\n", "*gone: there is no &gone before it", ""},
		{"title: Refused\nfilter: «text\nlogsource: {product: aws}\n", "filter is a text, and must be a map", ""},
		{"title: Refused\nlogsource: {product: aws, service: cloudtrail}\nfilter:\n    «selection: {eventName: A}\n    condition: selection\n", "the filter names no rules", "list their ids or names under rules, or say rules: any"},

		// Conditions.
		{rule + "    «s: {eventName: A}\n", "the detection has no condition", ""},
		{rule + "    s: {eventName: A}\n    condition: «''\n", "the condition is empty", ""},
		{rule + "    s: {eventName: A}\n    condition: «{a: b}\n", "the condition is a map, and must be a text", ""},
		{rule + "    s: {eventName: A}\n    condition: s «s\n", `"s" was not expected here`, ""},
		{rule + "    s: {eventName: A}\n    condition: s and «\n", "it ends where a selection should follow", ""},
		{rule + "    s: {eventName: A}\n    condition: (s or not s«\n", "a parenthesis is not closed", ""},
		{rule + "    s: {eventName: A}\n    condition: s and «other\n", "there is no selection other", ""},
		{rule + "    s: {eventName: A}\n    condition: s «| count() > 5\n", "conditions that count events, with |, are not read", "a correlation document says it today"},
		{rule + "    s: {eventName: A}\n    condition: 1 of «x*\n", "no selection is called x*", ""},
		{rule + "    s: {eventName: A}\n    condition: 2 of «s*\n", "2 of s*: there are only 1", ""},
		{rule + "    s: {eventName: A}\n    timeframe: «5m\n    condition: s\n", "timeframe belongs to the old conditions", "a correlation document says it today"},

		// Selections and values.
		{rule + "    condition: s\n    s: «{}\n", "the selection is empty", ""},
		{rule + "    condition: s\n    s: «[]\n", "the selection is an empty list", ""},
		{rule + "    condition: s\n    s:\n        - «[a, b]\n", "a list in a list of selections", ""},
		{selection + "eventName: «[]\n", "eventName: an empty list matches nothing", ""},
		{selection + "eventName: «{a: b}\n", "eventName: a value is a map, and must be a text, a number, a boolean or null", ""},
		{selection + "«'event\"Name': A\n", "a name with a quote, a backslash or a NUL is none that a log has", ""},

		// Modifiers.
		{selection + "«eventName|sounds_like: A\n", "there is no modifier sounds_like", "the modifiers are contains, "},
		{selection + "«eventName|re|cidr: A\n", "cidr does not go with re", ""},
		{selection + "«eventName|gt|lt: 5\n", "lt does not go with gt", ""},
		{selection + "«eventName|i: A\n", "i is a flag of re, and must stand behind it", ""},
		{selection + "«eventName|re: 'a(b'\n", "the regular expression cannot be used: error parsing regexp: missing closing )", ""},
		{selection + "«eventName|re: '(?!a)b'\n", "the regular expression cannot be used", "look-around"},
		{selection + "«eventName|re: '(a)\\1'\n", "the regular expression cannot be used", "back references"},
		{selection + "«eventName|re: '(?<=a)b'\n", "the regular expression cannot be used", "look-around, back references and possessive quantifiers are not to be had"},
		{selection + "«eventName|re: null\n", "re takes a text, not null", ""},
		{selection + "«sourceIPAddress|cidr: 192.0.2.0/33\n", `"192.0.2.0/33" is no block of addresses`, "such as 203.0.113.0/24 or 2001:db8::/32"},
		{selection + "«count|gt: ten\n", `"ten" is no number`, ""},
		{selection + "«eventName|exists: maybe\n", "exists takes true or false", ""},
		{selection + "«eventName|fieldref: null\n", "fieldref takes", ""},
		{selection + "«eventName|base64: 'foo*bar'\n", "base64 takes a text without wildcards", "let contains stand behind it"},
		{selection + "«eventName|utf16: A\n", "the encoding gives bytes that are no text", "let base64 stand behind it"},
		{selection + "«eventName|contains: null\n", "contains takes a text, not null", ""},
		{selection + "«eventName|neq|all: [A, B]\n", "all does not go with it", ""},
		{selection + "«eventName|expand: '%admins%'\n", "the placeholder %admins% has no values", "--placeholder"},

		// Correlations.
		{"title: Refused\ncorrelation: «x\n", "correlation is a text, and must be a map", ""},
		{correlation + "    type: «often\n    rules: [good]\n    timespan: 5m\n", `unknown correlation type "often"`, "it is one of event_count"},
		{correlation + "    type: event_count\n    rules: «[]\n    timespan: 5m\n    condition: {gte: 2}\n", "a correlation needs 1 to", ""},
		{correlation + "    type: event_count\n    rules: [good]\n    timespan: «soon\n    condition: {gte: 2}\n", `timespan "soon" is not a number with a unit`, "such as 30s"},
		{correlation + "    type: event_count\n    rules: [good]\n    timespan: «101y\n    condition: {gte: 2}\n", "timespan 101y is longer than 100 years", ""},
		{correlation + "    type: event_count\n    rules: «[gone]\n    timespan: 5m\n    condition: {gte: 2}\n", "there is no rule gone", "rules are referred to by id, name or title"},
		{correlation + "    type: event_count\n    rules: [good]\n    timespan: 5m\n    condition: {«often: 2}\n", "condition: unknown key often", "there are gt, gte"},
		{correlation + "    type: event_count\n    rules: [good]\n    timespan: 5m\n    condition: {gte: «many}\n", `condition: gte is "many", and must be a number`, ""},
		{correlation + "    type: value_count\n    rules: [good]\n    timespan: 5m\n    condition: «{gte: 2}\n", "value_count needs a field in its condition", "such as condition: {field:"},
		{correlation + "    type: value_percentile\n    rules: [good]\n    timespan: 5m\n    condition: {field: a, gte: 2, percentile: «101}\n", "condition: percentile is from 0 to 100", ""},
		{correlation + "    type: event_count\n    rules: [good]\n    timespan: 5m\n    group-by: [x]\n    aliases: {x: {«gone: eventName}}\n    condition: {gte: 2}\n", "the alias x speaks of gone, which is not among rules", ""},
		{"title: Refused\nname: self\ncorrelation:\n    type: event_count\n    rules: «[self]\n    timespan: 5m\n    condition: {gte: 2}\n", "the correlation refers to itself", ""},
	} {
		t.Run(tt.msg+tt.hint, func(t *testing.T) {
			before, after, ok := strings.Cut(good+tt.text, "«")
			if !ok {
				t.Fatal("the text does not say where it is wrong")
			}
			line := 1 + strings.Count(before, "\n")
			column := 1 + len(before) - (strings.LastIndexByte(before, '\n') + 1)
			c := sigma.Parse("rules.yml", before+after, sigma.Options{})
			env := &sigma.Env{Sources: schematest.Shipped(t)}
			_, _, problems := env.Correlations(c, false, func(*schema.Source) bool { return true })
			problems = append(problems, c.Problems...)
			compiled := 0
			for _, r := range c.Rules {
				if _, err := env.Compile(r); err != nil {
					problems = append(problems, err)
				} else {
					compiled++
				}
			}
			if compiled != 1 {
				t.Errorf("%d rules compiled, want the good one alone", compiled)
			}
			if len(problems) != 1 {
				t.Fatalf("%d problems, want one: %v", len(problems), problems)
			}
			p := problems[0]
			if p.File != "rules.yml" || p.Line != line || p.Column != column {
				t.Errorf("the place is %s, want %d:%d: %s", p.Position, line, column, p.Msg)
			}
			if !strings.Contains(p.Msg, tt.msg) || !strings.Contains(p.Hint, tt.hint) || tt.hint == "" && p.Hint != "" {
				t.Errorf("said %q, hint %q", p.Msg, p.Hint)
			}
		})
	}
}
