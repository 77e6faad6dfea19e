package pattern

import (
	"encoding/json"
	"slices"
	"testing"
)

// FuzzMatch: whatever pattern and event are, nothing panics; an event that
// encoding/json takes matches alike with white space around it, and together with
// other patterns.
func FuzzMatch(f *testing.F) {
	for _, seed := range [][2]string{
		{`{"a":["x",{"prefix":"y"},{"anything-but":{"wildcard":"*z"}}]}`, `{"a":["x",{"b":[1,null]}]}`},
		{`{"a":{"b":[{"numeric":[">",0,"<=",5]}],"c":[{"exists":false}]}}`, `{"a":[{"b":3},{"b":1e2,"c":"\u0041"}]}`},
		{`{"$or":[{"a":[{"cidr":"192.0.2.0/24"}]},{"b.c":[null,true,1.0]}]}`, `{"a":"192.0.2.1","b":{"c":false}}`},
	} {
		f.Add([]byte(seed[0]), []byte(seed[1]))
	}
	f.Fuzz(func(t *testing.T, text, event []byte) {
		p, err := Parse(text)
		if err != nil {
			return
		}
		if !json.Valid(text) {
			t.Fatalf("a pattern that is no JSON: %q", text)
		}
		s := NewSet([]*Pattern{p})
		got, err := s.Match(event, nil)
		if err != nil {
			return
		}
		if !json.Valid(event) {
			return // skipped parts may hold characters that strict readers refuse
		}
		other, err := Parse([]byte(`{"source":["a"],"a":{"b":{"c":[1]}}}`))
		if err != nil {
			t.Fatal(err)
		}
		both, err := NewSet([]*Pattern{other, p}).Match(event, nil)
		if err != nil || slices.Contains(both, 1) != slices.Contains(got, 0) {
			t.Fatalf("%q of %q: %v, and beside another pattern %v, %v", text, event, got, both, err)
		}
		again, err := s.Match(slices.Concat([]byte("\n "), event, []byte(" ")), nil)
		if err != nil || !slices.Equal(got, again) {
			t.Fatalf("%q of %q: %v, and with spaces %v, %v", text, event, got, again, err)
		}
	})
}
