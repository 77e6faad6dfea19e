package sigma_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"logquarry/engine/sigma/sigmatest"
)

// dice makes rules and events of few words, so that they meet.
type dice struct{ *rand.Rand }

func one_[T any](d dice, from ...T) T { return from[d.IntN(len(from))] }

func (d dice) word() string {
	return one_(d, "alice", "Bob", "adm-x", "ADM-Y", `a\b`, "a*b", "a?b", "it's", "50%", "x_y", `say "hi"`, "", "ä", "Ä", "line\nbreak", "7", "70", "-7", "true", "null", "a.b", "[x]")
}

func (d dice) json(depth int) any {
	switch n := d.IntN(12); {
	case n < 5:
		return d.word()
	case n < 7:
		return one_(d, 7, 70, -7, 0, 1000000)
	case n == 7:
		return one_(d, true, false)
	case n == 8:
		return nil
	case n < 11 && depth < 3:
		list := []any{}
		for range d.IntN(4) {
			// Lists of lists, which AWS does not write, are not looked into by SQL.
			x := d.json(depth + 1)
			if _, isList := x.([]any); isList {
				x = d.word()
			}
			list = append(list, x)
		}
		return list
	case depth < 3:
		return d.object(depth + 1)
	}
	return 3
}

func (d dice) object(depth int) map[string]any {
	o := map[string]any{}
	for _, k := range []string{"a", "b", "c"} {
		if d.IntN(3) > 0 {
			o[k] = d.json(depth)
		}
	}
	return o
}

func (d dice) event(n int) string {
	e := map[string]any{
		"eventVersion": "1.11", "eventSource": one_(d, "iam.amazonaws.com", "s3.amazonaws.com"), "awsRegion": "us-east-1",
		"eventType": "AwsApiCall", "recipientAccountId": "111122223333", "eventID": sigmatest.EventID(n),
		"eventName":       one_(d, "GetObject", "PutObject", "CreateUser", "StopLogging"),
		"eventTime":       time.Date(2026, 3, 1+d.IntN(2), d.IntN(6), d.IntN(60), d.IntN(4)*15, 0, time.UTC).Format(time.RFC3339),
		"sourceIPAddress": one_(d, "192.0.2.1", "192.0.2.200", "198.51.100.9", "2001:db8::1", "s3.amazonaws.com", "192.0.02.1", "192.0.2.1/32", "300.1.1.1"),
	}
	if d.IntN(2) == 0 {
		e["errorCode"] = one_[any](d, "AccessDenied", "", nil, "NoSuchBucket")
	}
	if d.IntN(5) > 0 {
		e["userIdentity"] = map[string]any{"type": "IAMUser", "userName": one_(d, "alice", "bob", "carol")}
	}
	if d.IntN(4) > 0 {
		e["requestParameters"] = d.object(0)
	}
	if d.IntN(3) > 0 {
		e["readOnly"] = d.IntN(2) == 0
	}
	text, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// quoted is a YAML string.
func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// value is one of a rule: a word, cut, with wildcards or escapes put in.
func (d dice) value() string {
	w := d.word()
	switch d.IntN(6) {
	case 0:
		return quoted(w + "*")
	case 1:
		return quoted("*" + w)
	case 2:
		return quoted(strings.NewReplacer("*", `\*`, "?", `\?`).Replace(w))
	case 3:
		if r := []rune(w); len(r) > 1 {
			r[d.IntN(len(r))] = '?'
			return quoted(string(r))
		}
	case 4:
		return one_(d, "7", "70", "-7", "true", "null", "0")
	}
	return quoted(w)
}

func (d dice) field() string {
	return one_(d, "eventName", "eventSource", "errorCode", "readOnly", "userIdentity.userName", "sourceIPAddress",
		"requestParameters", "requestParameters.a", "requestParameters.b", "requestParameters.a.b", "requestParameters.c.a", "requestParameters.b.a.c")
}

func (d dice) values(f func() string) string {
	if d.IntN(2) == 0 {
		return f()
	}
	var list []string
	for range 1 + d.IntN(3) {
		list = append(list, f())
	}
	return "[" + strings.Join(list, ", ") + "]"
}

func (d dice) item() string {
	f := d.field()
	text := func() string {
		return quoted(one_(d, "adm", "alice", `"hi"`, "a", "b?", "*y", "7", `\`, "User", "Get"))
	}
	switch d.IntN(16) {
	case 0, 1, 2:
		return f + ": " + d.values(d.value)
	case 3, 4, 5:
		return f + "|" + one_(d, "contains", "startswith", "endswith", "contains|cased", "startswith|cased") + ": " + d.values(text)
	case 6:
		return f + "|contains|all: [" + text() + ", " + text() + "]"
	case 7:
		return f + "|exists: " + one_(d, "true", "false")
	case 8:
		return f + "|neq: " + d.values(func() string { return quoted(one_(d, "alice", "GetObject", "7", "true", "AccessDenied")) })
	case 9:
		return f + "|" + one_(d, "re", "re|i", "re|s", "re|m") + ": " + quoted(one_(d, "^a", "[a-z]+b$", "^.{3}$", "e.b", "(get|put)o", "^break", `\.`))
	case 10:
		return "sourceIPAddress|cidr: " + d.values(func() string {
			return quoted(one_(d, "192.0.2.0/25", "192.0.2.0/24", "0.0.0.0/0", "2001:db8::/32", "198.51.100.9/32"))
		})
	case 11:
		return f + "|" + one_(d, "lt", "lte", "gt", "gte") + ": " + one_(d, "7", "-7", "8.5", "0")
	case 12:
		return "eventTime|" + one_(d, "hour: 3", "minute: [5, 7]", "day: 2", "month: 3", "week: 9", "year: 2026", "hour: [0, 1, 2]")
	case 13:
		return f + "|fieldref" + one_(d, "", "|contains", "|startswith", "|endswith", "|neq") + ": " + d.field()
	case 14:
		return f + "|cased: " + d.values(d.value)
	}
	return f + ": null"
}

func (d dice) search() string {
	switch d.IntN(6) {
	case 0:
		return "[" + d.mapping() + ", " + d.mapping() + "]"
	case 1:
		return d.values(func() string {
			return quoted(one_(d, "alice", "putobject", `say "hi"`, "adm*y", "70", "line", "nowhere"))
		})
	}
	return d.mapping()
}

func (d dice) mapping() string {
	items := map[string]string{}
	for range 1 + d.IntN(2) {
		key, value, _ := strings.Cut(d.item(), ": ")
		items[key] = value
	}
	var list []string
	for _, k := range slices.Sorted(maps.Keys(items)) {
		list = append(list, quoted(k)+": "+items[k])
	}
	return "{" + strings.Join(list, ", ") + "}"
}

func (d dice) condition(depth int) string {
	if depth == 0 || d.IntN(3) == 0 {
		return one_(d, "sel_a", "sel_b", "filter_c", "1 of sel_*", "all of sel_*", "1 of them", "all of them", "2 of them", "not filter_c")
	}
	x, y := d.condition(depth-1), d.condition(depth-1)
	return one_(d, x+" and "+y, x+" or "+y, "("+x+" or "+y+") and not ("+x+")", "not ("+y+")")
}

func (d dice) rule(title string) string {
	return fmt.Sprintf("title: %s\nname: %[1]s\nlogsource: {product: aws, service: cloudtrail}\ndetection:\n  sel_a: %s\n  sel_b: %s\n  filter_c: %s\n  condition: %s\n",
		title, d.search(), d.search(), d.search(), d.condition(2))
}

// correlation is over the rules base_0, base_1 and base_2, and maybe another.
func (d dice) correlation(title string, inner string) string {
	rules := []string{"base_0", "base_1", "base_2"}
	if inner != "" {
		rules[d.IntN(3)] = inner
	}
	d.Shuffle(3, func(i, j int) { rules[i], rules[j] = rules[j], rules[i] })
	rules = rules[:1+d.IntN(3)]
	kind := one_(d, "event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_avg", "value_min", "value_max", "value_median", "value_percentile")
	var condition string
	op := func() string { return one_(d, "gt", "gte", "lt", "lte", "eq", "neq") }
	switch {
	case strings.HasPrefix(kind, "temporal"):
		names := []string{rules[0], rules[len(rules)-1], "not " + rules[0]}
		condition = one_(d, "", "{gte: 2}", "{"+op()+": 1}", one_(d, names...)+" and "+one_(d, names...), "("+one_(d, names...)+" or "+one_(d, names...)+") and "+rules[0], "not ("+one_(d, names...)+" and "+one_(d, names...)+")")
	case kind == "event_count":
		condition = fmt.Sprintf("{%s: %d}", op(), 1+d.IntN(5))
	case kind == "value_count":
		condition = fmt.Sprintf("{field: %s, %s: %d}", one_(d, "eventName", "[eventName, errorCode]", "requestParameters.a", "who"), op(), 1+d.IntN(4))
	case kind == "value_percentile" && d.IntN(2) == 0:
		condition = fmt.Sprintf("{field: eventName, %s: %d}", op(), one_(d, 25, 50, 75))
	case kind == "value_percentile":
		condition = fmt.Sprintf("{field: requestParameters.a, percentile: %d, %s: %d}", one_(d, 0, 25, 90, 100), op(), one_(d, 7, 50, -7))
	default:
		condition = fmt.Sprintf("{field: requestParameters.a, %s: %d}", op(), one_(d, 7, 70, 50, -7))
	}
	text := fmt.Sprintf("title: %s\nname: %[1]s\ncorrelation:\n  type: %s\n  rules: [%s]\n  timespan: %s\n", title, kind, strings.Join(rules, ", "), one_(d, "15s", "5m", "20m", "1h", "6h"))
	if g := one_(d, "", "[userIdentity.userName]", "[userIdentity.userName, eventSource]", "[sourceIPAddress]", "[who]"); g != "" {
		text += "  group-by: " + g + "\n"
	}
	text += "  aliases: {who: {" + rules[0] + ": userIdentity.userName"
	if len(rules) > 1 {
		text += ", " + rules[1] + ": sourceIPAddress"
	}
	text += "}}\n"
	if condition != "" {
		text += "  condition: " + condition + "\n"
	}
	if d.IntN(4) == 0 {
		text += "  generate: true\n"
	}
	return text
}

// Rules of chance find in events of chance what the evaluator finds.
func TestAgreeOnChance(t *testing.T) {
	const seed = 20260310
	d := dice{rand.New(rand.NewPCG(seed, 1))}
	var texts []string
	var events []sigmatest.Event
	for n := range 400 {
		text := d.event(n + 1)
		e, err := sigmatest.NewEvent([]byte(text), "eventID", "eventTime")
		if err != nil {
			t.Fatal(err)
		}
		texts, events = append(texts, text), append(events, e)
	}
	c := newCase(t, records(t, texts...))
	matched, rounds := 0, 0
	check := func(rules string) (differ bool) {
		parsed, err := sigmatest.Parse(rules, nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, rules)
		}
		want, err := sigmatest.Evaluate(parsed, events)
		if err != nil {
			t.Fatalf("%v\n%s", err, rules)
		}
		matched, rounds = matched+len(want), rounds+1
		got, problems := compiled(t, c, "", rules, nil)
		for _, p := range problems {
			t.Errorf("%v\n%s", p, rules)
		}
		if diff := cmp.Diff(byID(want), byID(got), unordered); diff != "" {
			t.Errorf("the evaluator (-) and SQL (+) differ:\n%s\n%s", rules, diff)
		}
		return t.Failed()
	}
	sets, rounds := 25, 60
	if testing.Short() {
		sets, rounds = 4, 10
	}
	for range sets {
		rules := ""
		for n := range 3 {
			rules += d.base(n) + "---\n"
		}
		rules += d.correlation("first", "") + "---\n" + d.correlation("second", one_(d, "", "first"))
		if check(rules) {
			return
		}
	}
	for n := range rounds {
		if check(d.rule(fmt.Sprintf("rule_%d", n))) {
			return
		}
	}
	t.Logf("%d sets of rules over %d events find %d", rounds, len(events), matched)
	if matched < 10*rounds {
		t.Errorf("%d sets of rules find only %d: that shows little", rounds, matched)
	}
}

// base is a simple rule, for correlations.
func (d dice) base(n int) string {
	items := []string{"eventName: [GetObject, StopLogging]", "eventName: PutObject", "errorCode: '*'", "userIdentity.userName: bob", "readOnly: true", "eventName: CreateUser"}
	return fmt.Sprintf("title: base %d\nname: base_%[1]d\nlogsource: {product: aws, service: cloudtrail}\ndetection: {sel: {%s}, condition: sel}\n", n, one_(d, items...))
}
