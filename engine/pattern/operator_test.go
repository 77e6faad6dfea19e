package pattern

import (
	"fmt"
	"slices"
	"testing"
)

// match is whether pattern text matches event text.
func match(t testing.TB, pattern, event string) bool {
	t.Helper()
	p, err := Parse([]byte(pattern))
	if err != nil {
		t.Fatalf("%s: %v", pattern, err)
	}
	got, err := NewSet([]*Pattern{p}).Match([]byte(event), nil)
	if err != nil {
		t.Fatalf("%s: %v", event, err)
	}
	return slices.Equal(got, []int{0})
}

// TestOperators: for what a leaf asks, values of field x that it takes and that
// it does not. "-" is no field x at all.
func TestOperators(t *testing.T) {
	for _, tc := range []struct{ leaf, yes, no []string }{
		// Equal: the kind counts, and the case.
		{[]string{`"Alice"`}, []string{`"Alice"`, `"\u0041lice"`, `["Bob","Alice"]`}, []string{`"alice"`, `"Alice "`, `""`, `null`, `"Ali"`, `{}`, `[]`, `-`, `{"Alice":1}`}},
		{[]string{`"1"`}, []string{`"1"`}, []string{`1`, `1.0`}},
		{[]string{`1`}, []string{`1`, `1.0`, `10e-1`, `0.1E1`}, []string{`"1"`, `1.0000001`, `true`, `-1`}},
		{[]string{`true`}, []string{`true`, `[false,true]`}, []string{`"true"`, `false`, `1`}},
		{[]string{`false`}, []string{`false`}, []string{`"false"`, `true`, `null`, `0`, `-`}},
		{[]string{`"a"`, `2`, `null`}, []string{`"a"`, `2`, `null`}, []string{`"2"`, `"null"`, `"b"`, `-`}},
		// Null and empty are three: null, "", no value.
		{[]string{`null`}, []string{`null`, `[1,null]`}, []string{`""`, `"null"`, `[]`, `{}`, `-`, `0`, `false`}},
		{[]string{`""`}, []string{`""`}, []string{`null`, `" "`, `[]`, `-`}},
		// An address is equal in any spelling.
		{[]string{`"192.0.2.7"`}, []string{`"192.0.2.7"`, `"::ffff:c000:207"`}, []string{`"192.0.2.70"`, `"192.0.2"`}},
		{[]string{`"2001:db8::1"`}, []string{`"2001:db8::1"`, `"2001:DB8:0:0:0:0:0:1"`}, []string{`"2001:db8::2"`, `"2001:db8::1%eth0"`}},
		// Numbers beyond 15 digits are equal where they are written alike.
		{[]string{`12345678901234567891`}, []string{`12345678901234567891`}, []string{`12345678901234567892`, `1.2345678901234567891e19`}},
		{[]string{`111122223333`}, []string{`111122223333`, `1.11122223333e11`}, []string{`111122223334`, `"111122223333"`}},
		{[]string{`0.1`}, []string{`0.1`, `1e-1`, `0.10`}, []string{`0.1000000000000000055511151231257827`}},
		{[]string{`-0`}, []string{`0`, `0.0`, `-0e5`}, []string{`1e-300`, `"0"`}},
		{[]string{`1e999`}, []string{`1e999`}, []string{`1e998`, `10e998`}},
		// Prefix, suffix, and the same in any case.
		{[]string{`{"prefix":"us-"}`}, []string{`"us-east-1"`, `"us-"`, `["eu-west-1","us-west-2"]`}, []string{`"US-east-1"`, `"eu-us-"`, `"us"`, `null`, `-`, `5`}},
		{[]string{`{"prefix":""}`}, []string{`""`, `"a"`}, []string{`1`, `null`, `-`}},
		{[]string{`{"prefix":{"equals-ignore-case":"EventB"}}`}, []string{`"eventbridge"`, `"EVENTB"`}, []string{`"event"`, `"aeventb"`, `1`}},
		{[]string{`{"suffix":".png"}`}, []string{`"a.png"`, `".png"`}, []string{`"a.PNG"`, `".png "`, `"png"`, `null`}},
		{[]string{`{"suffix":{"equals-ignore-case":".png"}}`}, []string{`"a.PNG"`, `".pnG"`}, []string{`"a.pngx"`, `"png"`, `-`}},
		{[]string{`{"equals-ignore-case":"alice"}`}, []string{`"ALICE"`, `"alice"`, `"aLiCe"`}, []string{`"alice "`, `"alic"`, `null`}},
		{[]string{`{"equals-ignore-case":"straße É"}`}, []string{`"STRAßE é"`}, []string{`"strasse é"`}},
		// Wildcard.
		{[]string{`{"wildcard":"*/lib/*"}`}, []string{`"/usr/lib/x"`, `"/lib/"`}, []string{`"/usr/libs/x"`, `"lib/"`, `7`}},
		{[]string{`{"wildcard":"a*b*c"}`}, []string{`"abc"`, `"axxbxbxc"`, `"abbcc"`}, []string{`"ab"`, `"acb"`, `"xabc"`, `"abcx"`}},
		{[]string{`{"wildcard":"*"}`}, []string{`""`, `"x"`}, []string{`null`, `1`, `-`}},
		{[]string{`{"wildcard":"ab*ba"}`}, []string{`"abba"`, `"abxba"`}, []string{`"aba"`}},
		{[]string{`{"wildcard":"a\\*\\\\*"}`}, []string{`"a*\\"`, `"a*\\tail"`}, []string{`"ab\\"`, `"a*"`}},
		{[]string{`{"wildcard":"plain"}`}, []string{`"plain"`}, []string{`"plain "`}},
		{[]string{`{"wildcard":"\\**"}`}, []string{`"*"`, `"*a"`}, []string{`"a"`}},
		// Anything-but: the field must be there, of whatever kind.
		{[]string{`{"anything-but":"init"}`}, []string{`"run"`, `""`, `null`, `5`, `true`, `["init","run"]`}, []string{`"init"`, `-`, `[]`, `{}`, `["init"]`, `{"a":1}`}},
		{[]string{`{"anything-but":["stop","over"]}`}, []string{`"run"`, `"sto"`}, []string{`"stop"`, `"over"`, `-`, `["stop","over"]`}},
		{[]string{`{"anything-but":123}`}, []string{`124`, `"123"`, `null`}, []string{`123`, `1.23e2`, `-`}},
		{[]string{`{"anything-but":[100,200.5]}`}, []string{`300`, `"100"`, `200`}, []string{`1e2`, `200.50`, `-`}},
		{[]string{`{"anything-but":{"prefix":"us-"}}`}, []string{`"eu-"`, `"US-"`, `9`, `null`}, []string{`"us-east-1"`, `-`}},
		{[]string{`{"anything-but":{"prefix":["us-","eu-"]}}`}, []string{`"ap-1"`}, []string{`"us-1"`, `"eu-1"`}},
		{[]string{`{"anything-but":{"suffix":".png"}}`}, []string{`"a.jpg"`, `1`}, []string{`"a.png"`, `-`}},
		{[]string{`{"anything-but":{"suffix":[".png",".jpg"]}}`}, []string{`"a.gif"`}, []string{`"a.png"`, `"b.jpg"`}},
		{[]string{`{"anything-but":{"equals-ignore-case":"init"}}`}, []string{`"inits"`, `4`}, []string{`"INIT"`, `"init"`, `-`}},
		{[]string{`{"anything-but":{"equals-ignore-case":["init","stop"]}}`}, []string{`"run"`}, []string{`"Stop"`, `"iniT"`}},
		{[]string{`{"anything-but":{"wildcard":"*/lib/*"}}`}, []string{`"/bin/x"`, `null`}, []string{`"/lib/x"`, `-`}},
		{[]string{`{"anything-but":{"wildcard":["*/lib/*","*/bin/*"]}}`}, []string{`"/etc"`}, []string{`"/lib/x"`, `"/bin/"`}},
		// Numeric: JSON numbers alone.
		{[]string{`{"numeric":["=",301.8]}`}, []string{`301.8`, `3.018e2`}, []string{`301.80001`, `"301.8"`, `null`, `-`}},
		{[]string{`{"numeric":["<",10]}`}, []string{`9.999`, `-5e9`}, []string{`10`, `11`, `"9"`}},
		{[]string{`{"numeric":["<=",10]}`}, []string{`10`, `10.0`}, []string{`10.000001`}},
		{[]string{`{"numeric":[">",0]}`}, []string{`0.000001`, `5000000000`}, []string{`0`, `-1`, `[]`}},
		{[]string{`{"numeric":[">=",0]}`}, []string{`0`, `-0`}, []string{`-0.000001`}},
		{[]string{`{"numeric":[">",0,"<=",5]}`}, []string{`5`, `1`, `[9,3]`}, []string{`0`, `5.1`, `[0,9]`, `12345678901234567891`}},
		{[]string{`{"numeric":[">=",-1,"<",1]}`}, []string{`-1`, `0`}, []string{`1`}},
		// Exists: leaves alone.
		{[]string{`{"exists":true}`}, []string{`1`, `null`, `""`, `["a"]`, `[null]`}, []string{`-`, `{}`, `[]`, `{"a":1}`, `[{"a":1}]`}},
		{[]string{`{"exists":false}`}, []string{`-`, `{}`, `[]`, `{"a":1}`, `[{"a":1}]`}, []string{`1`, `null`, `""`, `["a"]`}},
		{[]string{`"a"`, `{"exists":false}`}, []string{`"a"`, `-`}, []string{`"b"`, `null`}},
		// Addresses in a block.
		{[]string{`{"cidr":"192.0.2.0/24"}`}, []string{`"192.0.2.0"`, `"192.0.2.255"`, `"::ffff:c000:201"`}, []string{`"192.0.3.0"`, `"192.0.2.0/24"`, `"192.0.2"`, `7`, `"host"`, `"2001:db8::1"`, `-`}},
		{[]string{`{"cidr":"192.0.2.77/24"}`}, []string{`"192.0.2.1"`}, []string{`"192.0.1.255"`}},
		{[]string{`{"cidr":"192.0.2.7/32"}`}, []string{`"192.0.2.7"`}, []string{`"192.0.2.8"`}},
		{[]string{`{"cidr":"0.0.0.0/0"}`}, []string{`"203.0.113.9"`}, []string{`"2001:db8::1"`}},
		{[]string{`{"cidr":"2001:db8::/32"}`}, []string{`"2001:db8:ffff::1"`, `"2001:DB8::"`}, []string{`"2001:db9::1"`, `"192.0.2.1"`}},
		{[]string{`{"cidr":"::ffff:192.0.2.0/120"}`}, []string{`"192.0.2.9"`}, []string{`"192.0.3.9"`}},
		// What is in an array is any of these; an array in an array is part of it.
		{[]string{`"a"`}, []string{`[["b"],["a"]]`, `[1,"a",{"a":2}]`}, []string{`[["b"],[]]`}},
		{[]string{`{"exactly":"a"}`}, []string{`"a"`}, []string{`"b"`}},
	} {
		pattern := `{"d":{"x":[`
		for i, text := range tc.leaf {
			if i > 0 {
				pattern += ","
			}
			pattern += text
		}
		pattern += `]}}`
		for _, want := range []bool{true, false} {
			values := tc.yes
			if !want {
				values = tc.no
			}
			for _, value := range values {
				event := fmt.Sprintf(`{"d":{"w":1,"x":%s,"y":"x"}}`, value)
				if value == "-" {
					event = `{"d":{"w":1,"y":"x"}}`
				}
				if got := match(t, pattern, event); got != want {
					t.Errorf("%s of %s: %v, want %v", pattern, event, got, want)
				}
			}
		}
	}
}

func TestFields(t *testing.T) {
	const people = `{"employees":[{"first":"John","last":"Doe"},{"first":"Anna","last":"Smith"},{"first":"Peter","last":"Jones"}]}`
	const nested = `{"groups":[{"id":1,"rules":[{"port":22,"from":[{"ip":"198.51.100.1"}]},{"port":443,"from":[{"ip":"0.0.0.0"}]}]},{"id":2,"rules":[{"port":22,"from":[{"ip":"0.0.0.0"}]}]}],"who":"a"}`
	for _, tc := range []struct {
		name, pattern, event string
		want                 bool
	}{
		{"all fields", `{"a":["x"],"b":["y"]}`, `{"a":"x","b":"y"}`, true},
		{"one field is wrong", `{"a":["x"],"b":["y"]}`, `{"a":"x","b":"z"}`, false},
		{"one field is missing", `{"a":["x"],"b":["y"]}`, `{"a":"x"}`, false},
		{"nested is not above", `{"a":{"b":["x"]}}`, `{"b":"x","a":"x"}`, false},
		{"dotted in the pattern", `{"a.b":["x"]}`, `{"a":{"b":"x"}}`, true},
		{"dotted in the event", `{"a":{"b":{"c":["x"]}}}`, `{"a.b":{"c":"x"}}`, true},
		{"key with escapes", `{"a":{"b":["x"]}}`, `{"\u0061":{"\u0062":"x"}}`, true},
		{"key twice in the pattern: the last", `{"a":["x"],"a":["y"]}`, `{"a":"x"}`, false},
		{"key twice in the event: any", `{"a":["x"]}`, `{"a":"x","a":"y"}`, true},
		{"a leaf and what is in it", `{"a":["x"],"a.b":["y"]}`, `{"a":["x",{"b":"y"}]}`, true},

		{"same element", `{"employees":{"first":["Anna"],"last":["Smith"]}}`, people, true},
		{"different elements", `{"employees":{"first":["Anna"],"last":["Jones"]}}`, people, false},
		{"alternatives in one element", `{"employees":{"first":["Anna","Peter"],"last":["Jones"]}}`, people, true},
		{"nested arrays, same", `{"groups":{"id":[2],"rules":{"port":[22],"from":{"ip":["0.0.0.0"]}}}}`, nested, true},
		{"nested arrays, inner differs", `{"groups":{"id":[1],"rules":{"port":[22],"from":{"ip":["0.0.0.0"]}}}}`, nested, false},
		{"nested arrays, without the outer", `{"groups":{"rules":{"port":[443],"from":{"ip":["0.0.0.0"]}}},"who":["a"]}`, nested, true},
		{"arrays that share nothing", `{"a":{"x":[2]},"b":{"x":[1]}}`, `{"a":[{"x":1},{"x":2}],"b":[{"x":1},{"x":2}]}`, true},
		{"arrays of arrays", `{"a":{"x":[1],"y":[2]}}`, `{"a":[[{"x":1,"y":3}],[{"x":3,"y":2}]]}`, false},
		{"arrays of arrays, same", `{"a":{"x":[1],"y":[2]}}`, `{"a":[[{"x":1,"y":3},{"x":1,"y":2}]]}`, true},
		{"anything-but of some element", `{"employees":{"first":[{"anything-but":"Anna"}],"last":["Smith"]}}`, people, false},
		{"exists false in the element chosen", `{"a":{"x":[1],"y":[{"exists":false}]}}`, `{"a":[{"x":1},{"x":2,"y":3}]}`, true},
		{"exists false in no element", `{"a":{"x":[2],"y":[{"exists":false}]}}`, `{"a":[{"x":1},{"x":2,"y":3}]}`, false},
		{"exists false comes before what would choose", `{"a":{"b":[{"exists":false}],"c":[1]}}`, `{"a":[{"b":1},{"c":1}]}`, false},
		{"scalars of an array lie in none of its elements", `{"a":["x"],"a.b":["y"]}`, `{"a":[{"b":"y"},"x"]}`, true},

		{"$or, first", `{"source":["s"],"$or":[{"a":[1]},{"b":[2]}]}`, `{"source":"s","a":1}`, true},
		{"$or, second", `{"source":["s"],"$or":[{"a":[1]},{"b":[2]}]}`, `{"source":"s","b":2}`, true},
		{"$or, none", `{"source":["s"],"$or":[{"a":[1]},{"b":[2]}]}`, `{"source":"s","a":2,"b":1}`, false},
		{"$or, and beside it", `{"source":["s"],"$or":[{"a":[1]},{"b":[2]}]}`, `{"source":"t","a":1}`, false},
		{"$or, all of an object", `{"$or":[{"a":[1],"b":[2]},{"c":[3]}]}`, `{"a":1}`, false},
		{"$or below", `{"d":{"$or":[{"a":[1]},{"b":{"c":[2]}}]}}`, `{"d":{"b":{"c":2}}}`, true},
		{"$or in $or", `{"$or":[{"a":[1],"$or":[{"b":[2]},{"c":[3]}]},{"d":[4]}]}`, `{"a":1,"c":3}`, true},
		{"$or in $or, none", `{"$or":[{"a":[1],"$or":[{"b":[2]},{"c":[3]}]},{"d":[4]}]}`, `{"a":1,"c":2}`, false},
		{"two $or at two levels", `{"$or":[{"a":[1]},{"b":[2]}],"d":{"$or":[{"e":[5]},{"f":[6]}]}}`, `{"b":2,"d":{"f":6}}`, true},
		{"two $or at two levels, one fails", `{"$or":[{"a":[1]},{"b":[2]}],"d":{"$or":[{"e":[5]},{"f":[6]}]}}`, `{"b":2,"d":{"f":5}}`, false},
		{"$or overrides the field above", `{"a":["x"],"$or":[{"a":["y"]},{"b":["z"]}]}`, `{"a":"y"}`, true},
		{"a field called $or", `{"$or":[{"prefix":"a"},{"numeric":["=",1]}]}`, `{"$or":"abc"}`, true},
		{"a field called $or, an object", `{"$or":{"a":[1]}}`, `{"$or":{"a":1}}`, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := match(t, tc.pattern, tc.event); got != tc.want {
				t.Errorf("%s of %s: %v, want %v", tc.pattern, tc.event, got, tc.want)
			}
		})
	}
}
