package jsonrec_test

import (
	"bytes"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"logquarry/engine/schema"
	"logquarry/engine/schema/schematest"
)

// FuzzDecode decodes any bytes as the shipped JSON sources. run checks what
// must hold; beyond that, how the bytes come in must make no difference.
func FuzzDecode(f *testing.F) {
	sources := schematest.Shipped(f)
	byName := map[string]*schema.Source{}
	for _, s := range sources {
		byName[s.Name] = s
	}
	seeds := []string{
		`{"Records":[{"eventVersion":"1.11","eventTime":"2026-01-02T03:04:05Z","eventSource":"ec2.amazonaws.com","eventName":"RunInstances","userIdentity":{"type":"AssumedRole","sessionContext":{"sessionIssuer":{},"attributes":{"mfaAuthenticated":"false"}}},"requestParameters":null,"responseElements":{"a":[1]},"eventID":"e","readOnly":false,"tlsDetails":{"tlsVersion":"TLSv1.3"}}]}`,
		`{"Records":[{"eventVersion":"1.11","insightDetails":{"state":"Start"}},{"eventVersion":"1","eventSource":"s","eventName":"n","new":"\ud800"}],"x":1}`,
		`{"timestamp":1767322800000,"formatVersion":1,"webaclId":"w","terminatingRuleId":"Default_Action","action":"ALLOW","httpRequest":{"clientIp":"192.0.2.1","headers":[{"name":"Host","value":"example.com"}]},"labels":[{"name":"l"}]}` + "\n",
		"[{\"eventVersion\":\"1\",\"eventSource\":\"\xff\x01\",\"eventName\":\"n\",\"eventVersion\":null}",
		`{"Records":[7,[1],{"eventVersion":tru},{"eventVersion":"1","eventSource":"s","eventName":"n"}]}]}`,
	}
	for _, s := range seeds {
		f.Add([]byte(s), true)
		f.Add([]byte(s), false)
	}
	f.Fuzz(func(t *testing.T, in []byte, waf bool) {
		source, siblings := byName["cloudtrail"], []*schema.Source{byName["cloudtrail_insights"], byName["waf"]}
		if waf {
			source, siblings = byName["waf"], []*schema.Source{byName["cloudtrail"], byName["cloudtrail_insights"]}
		}
		whole := runAs(t, source, siblings, bytes.NewReader(in))
		bits := runAs(t, source, siblings, iotest.OneByteReader(bytes.NewReader(in)))
		half := runAs(t, source, siblings, iotest.HalfReader(bytes.NewReader(in)))
		if d := cmp.Diff(whole, bits); d != "" {
			t.Errorf("one byte at a time:\n%s", d)
		}
		if d := cmp.Diff(whole, half); d != "" {
			t.Errorf("half reads:\n%s", d)
		}
	})
}
