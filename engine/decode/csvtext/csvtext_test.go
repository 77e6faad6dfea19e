package csvtext_test

import (
	"bytes"
	"encoding/csv"
	"io"
	"testing"

	"logquarry/engine/decode/csvtext"
)

// TestBehindQuotes: what a careless writer puts behind a closing quote is kept.
func TestBehindQuotes(t *testing.T) {
	for in, want := range map[string]string{`"a"x,b`: "ax|b", `"a" ,b`: "a|b", `"a ""q"""y`: `a "q"y`, `"a"` + "\r": "a", `"",c`: "|c"} {
		var got [][]byte
		for _, f := range csvtext.Split(nil, []byte(in), ',') {
			got = append(got, f.Text)
		}
		if all := string(bytes.Join(got, []byte{'|'})); all != want {
			t.Errorf("%q gives %q, want %q", in, all, want)
		}
	}
}

// FuzzSplit takes any record apart: nothing of it is made up, and one that a
// strict reader takes gives the same fields.
func FuzzSplit(f *testing.F) {
	for _, in := range []string{"", "a,b", `"a","b ""c"" d",,""`, `a,"b` + "\n" + `c"`, `"a"x,b`, `"open`, `a"b,c`, "a,b\r", `"",""""`, ","} {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		fields := csvtext.Split(nil, in, ',')
		n := 0
		for _, x := range fields {
			n += len(x.Text)
		}
		if n > len(in) || len(fields) > bytes.Count(in, []byte{','})+1 {
			t.Fatalf("%q gives %d fields of %d bytes", in, len(fields), n)
		}
		r := csv.NewReader(bytes.NewReader(in))
		want, err := r.Read()
		if err != nil || len(in) == 0 || bytes.ContainsAny(in, "\r\n") {
			return // not one record of the strict form; line ends it changes
		}
		if _, err := r.Read(); err != io.EOF {
			return
		}
		if len(fields) != len(want) {
			t.Fatalf("%q gives %d fields, want %q", in, len(fields), want)
		}
		for i := range want {
			if string(fields[i].Text) != want[i] {
				t.Errorf("field %d of %q is %q, want %q", i, in, fields[i].Text, want[i])
			}
		}
	})
}
