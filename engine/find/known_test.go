package find

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"logquarry/engine/decode"
	"logquarry/engine/schema/schematest"
)

// TestKnownRemembersNothingWrong: what a record is does not hang on those that
// were looked at before it, in whatever order they come.
func TestKnownRemembersNothingWrong(t *testing.T) {
	sources := schematest.Shipped(t)
	texts := []string{
		``, `{}`, `{"a":1}`, `{"a":1,}`, `{"a":1,,"b":2}`, `{"Records":[{"eventVersion":"1.08","eventTime":"","eventName":""}]}`,
		`{"Records":[]}`, `{"Records":"x"}`, `[{"a":1}]`, `{"firewall_name":"x","event_timestamp":"1","event":{}`,
		`{"firewall_name":"x","event_timestamp":"1","event":{}}`, `{"event":{},"firewall_name":"x","event_timestamp":"1"}`,
		`{"firewall_name":"x","event_timestamp":"1",,"event":{}}`,
		"Jan  2 03:04:05 ip-10-0-0-5 sshd[1]: x", "20260102 03:04:05,h,u,192.0.2.1,1,1,QUERY,d,'x',0",
	}
	paths, err := filepath.Glob("../../schemas/*/samples/*")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
		texts = append(texts, strings.Split(string(text), "\n")...)
	}
	origins := []*decode.Origin{nil, {Log: true}, {Log: true, LogGroup: "/aws/rds/cluster/c/audit"}, {Log: true, LogGroup: "/shop"}, {Via: "EventBridge"}}
	fresh := func() *Known {
		k, err := NewKnown(sources)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	forth, back := fresh(), fresh()
	got := make([][]string, len(texts))
	for i, text := range texts {
		for _, o := range origins {
			got[i] = append(got[i], forth.Source([]byte(text), o))
		}
	}
	told := 0
	for i := len(texts) - 1; i >= 0; i-- {
		for k, o := range origins {
			if s := back.Source([]byte(texts[i]), o); s != got[i][k] {
				t.Errorf("%.80q by %+v: %q after those before it, %q after those behind", texts[i], o, got[i][k], s)
			} else if s != "" {
				told++
			}
		}
	}
	if told < len(texts) {
		t.Errorf("only %d answers", told)
	}
	// With nothing remembered at all it is the same.
	alone := fresh()
	alone.remember = 0
	for i, text := range texts {
		for k, o := range origins {
			if s := alone.Source([]byte(text), o); s != got[i][k] {
				t.Errorf("%.80q by %+v: %q, %q with nothing remembered", text, o, got[i][k], s)
			}
		}
	}
}
