package pattern

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestParseRefuses(t *testing.T) {
	many := `{"$or":[` + strings.TrimSuffix(strings.Repeat(`{"a":[1]},`, 40), ",") + `],"d":{"$or":[` + strings.TrimSuffix(strings.Repeat(`{"b":[1]},`, 40), ",") + `]}}`
	for _, tc := range []struct{ text, want string }{
		{``, "0: there is no pattern"},
		{`["a"]`, "0: a pattern is an object"},
		{`{"a":["b"]`, "10: not JSON: it ends in the middle of a value"},
		{`{"a":["b"],}`, "11: not JSON: a key in quotes expected"},
		{`{"a":["b"]} x`, "12: something follows the pattern: 'x'"},
		{"{\"a\":[\"\x01\"]}", "0: not JSON: a string holds a control character"},
		{"{\"a\":[\"\xff\"]}", "0: a pattern is UTF-8, and this is not"},
		{`{}`, "0: an object without fields"},
		{`{"a":{}}`, "5: an object without fields"},
		{`{"source":"aws.ec2"}`, `10: "source" is neither an object nor an array`},
		{`{"a":null}`, `5: "a" is neither an object nor an array`},
		{`{"a":[]}`, "5: an empty array"},
		{`{"a":[["b"]]}`, "6: an array inside an array"},
		{`{"a":[{}]}`, "6: a match expression without an operator"},
		{`{"a":[{"prefx":"b"}]}`, `7: no operator "prefx" (did you mean prefix?)`},
		{`{"a":[{"prefix":"b","suffix":"c"}]}`, `20: a match expression has one operator, and "suffix" is a second`},
		{`{"a":[{"prefix":5}]}`, "16: prefix takes a string"},
		{`{"a":[{"prefix":["b"]}]}`, "16: prefix takes a string"},
		{`{"a":[{"suffix":{"wildcard":"b"}}]}`, `17: suffix takes a string or equals-ignore-case, not "wildcard"`},
		{`{"a":[{"equals-ignore-case":{"prefix":"b"}}]}`, "28: equals-ignore-case takes a string"},
		{`{"a":[{"wildcard":"b**c"}]}`, "18: wildcard: two wildcard characters"},
		{`{"a":[{"wildcard":"b\\c"}]}`, "18: wildcard: a backslash stands before"},
		{`{"a":[{"wildcard":"b\\"}]}`, "18: wildcard: a backslash stands before"},
		{`{"a":[{"exists":"true"}]}`, "16: exists is true or false"},
		{`{"a":[{"cidr":"192.0.2.0"}]}`, "14: cidr: a / and the number of bits are missing"},
		{`{"a":[{"cidr":"192.0.2.0/33"}]}`, `14: cidr: "192.0.2.0/33" is no block`},
		{`{"a":[{"cidr":"host/8"}]}`, "14: cidr:"},
		{`{"a":[{"cidr":8}]}`, "14: cidr takes a string"},
		{`{"a":[{"numeric":5}]}`, "17: numeric takes an array"},
		{`{"a":[{"numeric":[]}]}`, "17: numeric: a number is missing"},
		{`{"a":[{"numeric":["="]}]}`, "17: numeric: a number is missing"},
		{`{"a":[{"numeric":["!",1]}]}`, `18: numeric: "!" is none of`},
		{`{"a":[{"numeric":["=","1"]}]}`, `22: numeric: "1" is no number`},
		{`{"a":[{"numeric":["<",5,">",1]}]}`, "24: numeric: behind a number stands only the upper end"},
		{`{"a":[{"numeric":["=",5,"<",9]}]}`, "24: numeric: behind a number"},
		{`{"a":[{"numeric":[">",1,"<",5,"<",4]}]}`, "30: numeric: behind a number"},
		{`{"a":[{"numeric":[">",5,"<",5]}]}`, "28: numeric: the lower end, 5, is not below the upper, 5"},
		{`{"a":[{"numeric":[">",12345678901234567891]}]}`, "22: 12345678901234567891 has more digits"},
		{`{"a":[{"anything-but":null}]}`, "22: anything-but takes strings or numbers, not null"},
		{`{"a":[{"anything-but":[true]}]}`, "23: anything-but takes strings or numbers, not true"},
		{`{"a":[{"anything-but":["b",1]}]}`, "27: anything-but takes strings or numbers, not both"},
		{`{"a":[{"anything-but":[]}]}`, "22: an empty array"},
		{`{"a":[{"anything-but":{"numeric":["=",1]}}]}`, `23: anything-but does not take "numeric"`},
		{`{"a":[{"anything-but":{"prefix":""}}]}`, "32: an empty prefix"},
		{`{"a":[{"anything-but":{"prefix":{"equals-ignore-case":"b"}}}]}`, "32: prefix takes a string"},
		{`{"a":[{"anything-but":{"wildcard":["b**"]}}]}`, "35: wildcard:"},
		{`{"a":[{"anything-but":{"suffix":[]}}]}`, "32: an empty array"},
		{`{"$or":[{"a":[1]}]}`, "7: $or needs two objects at least"},
		{`{"$or":[{"a":[1]},{"b":{"prefix":["c"]}}]}`, `24: "prefix" is no field inside $or`},
		{`{"$or":[{"a":[1]},{}]}`, "18: an object without fields"},
		{many, "$or makes more than 1000 combinations"},
		{strings.Repeat(`{"a":`, 1001) + `[1]` + strings.Repeat(`}`, 1001), "nested deeper than"},
	} {
		p, err := Parse([]byte(tc.text))
		var bad *SyntaxError
		if !errors.As(err, &bad) {
			t.Errorf("%.80s: %v, %v", tc.text, p, err)
			continue
		}
		got := fmt.Sprintf("%d: %s", bad.At, bad.What)
		if bad.Hint != "" {
			got += " (" + bad.Hint + ")"
		}
		if !strings.Contains(got, tc.want) {
			t.Errorf("%.80s:\n got %s\nwant %s", tc.text, got, tc.want)
		}
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	quoted, err := json.Marshal("{\n  \"source\": [\"é\"],\n  \"x\": [{\"nope\": 1}]}")
	if err != nil {
		t.Fatal(err)
	}
	bad := ` {"Name":"bad","Arn":"arn:aws:events:eu-west-1:111122223333:rule/bad","EventPattern":` + string(quoted)
	column := utf8.RuneCountInString(bad[:strings.Index(bad, `\"nope`)]) + 1
	write(t, dir, "a/rules.json", `{"Rules":[
 {"Name":"one","Arn":"arn:aws:events:eu-west-1:111122223333:rule/one","EventPattern":"{\"source\":[\"a\"]}","State":"DISABLED","EventBusName":"default"},
`+bad+`,"State":"ENABLED"},
 {"Name":"nightly","ScheduleExpression":"rate(1 day)","State":"ENABLED"},
 {"Name":"neither","State":"ENABLED"}
],"Targets":{"one":[{"Id":"1","Arn":"arn:t1"},{"Id":"2","Arn":"arn:t2"}]},"NextToken":"x"}`)
	write(t, dir, "a/one.targets.json", `{"Targets":[{"Id":"3","Arn":"arn:t3"},{"Id":"1","Arn":"arn:t1"}]}`)
	write(t, dir, "a/all.json", `{"Rule":"described","Targets":[{"Id":"1","Arn":"arn:t9"},{"Id":"2"}]} {"Targets":{"gone":[{"Id":"1","Arn":"arn:t"}]}}`)
	write(t, dir, "a/described.json", "\ufeff"+`[{"Name":"described","EventPattern":{"Targets":["x"]},"EventBusName":"arn:aws:events:eu-west-1:111122223333:event-bus/mine"}]`)
	write(t, dir, "b/one.json", `{"Name":"one","EventPattern":"{\"Rules\":[\"b\"]}","State":"ENABLED"}`)
	write(t, dir, "b/plain.json", `{"detail-type":["c"],"Targets":["t"]}`)
	write(t, dir, "b/cut.json", "{\"a\":\n [\"")
	write(t, dir, "b/empty.json", " \n")
	write(t, dir, "b/five.json", "5")
	write(t, dir, "b/notes.txt", "no rules")
	got, err := Read([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	short := func(text string) string { return strings.ReplaceAll(text, dir+"/", "") }
	var rules, faults, notes []string
	for _, r := range append(got.Rules, got.Timed...) {
		rules = append(rules, short(fmt.Sprintf("%s|%s|%v|%v|%v|%s:%d", r.Name, r.State, r.Targets, r.DefaultBus(), r.Plain(), r.File, r.Line)))
	}
	for _, e := range got.Faults {
		faults = append(faults, short(e.Error()))
	}
	for _, n := range got.Notes {
		notes = append(notes, short(n))
	}
	want := []string{
		"described|ENABLED|[arn:t9]|false|false|a/described.json:1",
		"one (arn:aws:events:eu-west-1:111122223333:rule/one)|DISABLED|[arn:t3 arn:t1 arn:t2]|true|false|a/rules.json:2",
		"one (b/one.json:1)|ENABLED|[]|true|false|b/one.json:1",
		"plain||[]|true|true|b/plain.json:1",
		"nightly|ENABLED|[]|true|false|a/rules.json:4",
	}
	if d := cmp.Diff(want, rules); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{
		"a/all.json:1:58: rule described: a target without an Arn",
		fmt.Sprintf(`a/rules.json:3:%d: rule bad: no operator "nope"`, column),
		"a/rules.json:5:2: rule neither: it has neither an EventPattern nor a ScheduleExpression",
		"b/cut.json:2:4: not JSON: it ends in the middle of a value",
		"b/empty.json: the file is empty",
		"b/five.json:1:1: neither a pattern nor rules: 5",
	}, faults); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"a/rules.json: the list is one page of several (it has a NextToken)",
		"targets of a rule gone, which is not in a"}, notes); d != "" {
		t.Error(d)
	}
	if region, account := got.Rules[1].Place(); region != "eu-west-1" || account != "111122223333" {
		t.Errorf("place %s %s", region, account)
	}
	if _, err := Read([]string{filepath.Join(dir, "none")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
