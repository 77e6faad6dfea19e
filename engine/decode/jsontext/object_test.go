package jsontext

import (
	"fmt"
	"strings"
	"testing"
)

// TestObject: of every text Object says what Skip does, and of a whole one each
// member as it stands.
func TestObject(t *testing.T) {
	deep := func(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }
	for _, text := range []string{
		`{}`, `{ }`, `{"a":1}`, ` {"a":1}`, `{"a":1,"b":[{"c":"}"}],"a":null}`, "{ \"a\" : 1 ,\n\"b\" : {\"c\":[]} } ", `{"\u0061\n":"x\"y"}`,
		`{"a":1,}`, `{,"a":1}`, `{"a":1 "b":2}`, `{"a" 1}`, `{a:1}`, `{"a":}`, `{"a":1]`, `{"a":01}`, `{"a":[1,]}`, `{"a":"` + "\x01" + `"}`, `{"\x":1}`,
		deep(maxDepth - 1), deep(maxDepth), deep(maxDepth + 1), deep(maxDepth + 2), `{"a":` + strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth) + `}`,
	} {
		at := strings.IndexByte(text, '{')
		for cut := at + 1; cut <= len(text); cut++ {
			if len(text) > 100 && cut%97 != 0 && cut < len(text)-2 {
				continue
			}
			b := []byte(text[:cut])
			want, _, wantErr := Skip(b, at)
			ms, end, err := Object(nil, b, at)
			if fmt.Sprint(err) != fmt.Sprint(wantErr) || err == nil && end != want {
				t.Fatalf("%.60s: %d, %v; Skip says %d, %v", b, end, err, want, wantErr)
			}
			if bad, ok := err.(*SyntaxError); ok && bad.At != wantErr.(*SyntaxError).At {
				t.Fatalf("%.60s: at %d; Skip says %d", b, bad.At, wantErr.(*SyntaxError).At)
			}
			for _, m := range ms {
				if next, _, err := Skip([]byte(string(m.Val)+" "), 0); err != nil || next != len(m.Val) {
					t.Fatalf("%.60s: member %q is %q", b, m.Name, m.Val)
				}
			}
		}
	}
	ms, _, err := Object(nil, []byte("{ \"a\" : 1 ,\n\"\\u0062\" : {\"c\":[]} , \"a\":\"x\\\"y\"} "), 0)
	var got []string
	for _, m := range ms {
		got = append(got, fmt.Sprintf("%s=%s", m.Name, m.Val))
	}
	if want := `[a=1 b={"c":[]} a="x\"y"]`; err != nil || fmt.Sprint(got) != want {
		t.Fatalf("%v, %v, want %s", got, err, want)
	}
}
