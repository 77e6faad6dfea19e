package regex

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMembers(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{`{}`, ""},
		{`{"a":"x","b":1}`, "a=x b=1"},
		{` { "a" : "x" , "b" : null } `, "a=x b=null"},
		{`{"a":"x "y" z","b":"2"}`, `a=x "y" z b=2`},
		{`{"a":"x", "b"","c":"\"}`, `a=x", "b" c=\`},
		{`{"a":"""}`, `a="`},
		{`{"a":-,"b":"c":"d"}`, `a=- b=c":"d`},
		{`{"a":"x","a":"y"}`, "a=x a=y"},
		{`{"a":{"b":1}}`, ""},
		{`{"a":["b"]}`, ""},
		{`{"a":"x"`, ""},
		{`{"a":"x}`, ""},
		{`{"a"}`, ""},
		{`{"a b":"x"}`, ""},
		{`{"a":"x" 1}`, ""},
		{`{"a":"x",}`, ""},
		{`{`, ""},
		{``, ""},
		{`{"a":`, ""},
		{`{"a":}`, "a="},
	} {
		var got []string
		for _, m := range members([]byte(tt.in)) {
			got = append(got, string(m.name)+"="+string(m.value))
		}
		if d := cmp.Diff(tt.want, strings.Join(got, " ")); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.in, d)
		}
	}
}

// FuzzMembers: any text is taken apart without a panic, and what is named lies in it.
func FuzzMembers(f *testing.F) {
	f.Add([]byte(`{"a":"x "y" z","b":-}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		size := 0
		for _, m := range members(text) {
			size += len(m.name) + len(m.value)
		}
		if size > len(text) {
			t.Errorf("%d bytes out of %d", size, len(text))
		}
	})
}
