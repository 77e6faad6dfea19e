package load_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestBadInput loads each kind of damage on its own, into one case: what could
// be read is kept, the rest counted, and its place and reason told.
func TestBadInput(t *testing.T) {
	three := []string{event("a", 1, ""), event("b", 2, ""), event("c", 3, "")}
	whole := records(three...)
	packed := gz(whole)
	deep := strings.Repeat(`{"a":[`, 5000) + strings.Repeat(`]}`, 5000)
	huge := strings.Repeat("x", 10<<20)
	lines := flow(1) + flow(2) + flow(3)
	ipv6 := strings.NewReplacer("192.0.2.10", "2001:db8::1", "198.51.100.7", "2001:db8:0:1::ffff").Replace(flow(1))
	reordered := "srcaddr end start dstaddr action log-status\n192.0.2.77 1767312060 1767312000 198.51.100.7 REJECT OK\n"

	const ct, vpc = "x_CloudTrail_%s.json.gz", "x_vpcflowlogs_%s.log.gz"
	tests := []struct {
		name    string
		file    string
		content []byte
		want    string   // source|status|records|loaded|rejected
		reasons []string // part of each reject's reason
		query   string   // about the file's rows, with its want
		rows    []string
		note    string // part of the ledger's note
	}{
		{name: "truncated gzip", file: ct, content: packed[:len(packed)-20], want: "cloudtrail|partial|", reasons: []string{"cut off: the file ends in the middle of the stream"}},
		{name: "truncated long before", file: ct, content: packed[:12], want: "cloudtrail|unreadable|0|0|0", note: "cut off"},
		{name: "gzip with trailing bytes", file: ct, content: append(slices.Clone(packed), "trailing"...), want: "cloudtrail|partial|4|3|1", reasons: []string{"bytes behind the end of the stream"}},
		{name: "gzip with trailing zeros", file: ct, content: append(slices.Clone(packed), make([]byte, 512)...), want: "cloudtrail|loaded|3|3|0"},
		{name: "two gzip members", file: vpc, content: append(gz(flowHeader+lines), gz(lines)...), want: "vpc_flow|loaded|6|6|0"},
		{name: "two gzip members, the second cut off", file: vpc, content: append(gz(flowHeader+lines), gz(lines)[:15]...), want: "vpc_flow|partial|", reasons: []string{"cut off"}},
		{name: "wrong checksum", file: ct, content: func() []byte { b := slices.Clone(packed); b[len(b)-6] ^= 1; return b }(), want: "cloudtrail|partial|4|3|1", reasons: []string{"checksum"}},
		{name: "gzip that is none", file: ct, content: []byte("\x1f\x8bnot gzip at all"), want: "cloudtrail|unreadable|0|0|0", note: "begins like a gzip file but is none"},
		{name: "plain in a .gz", file: ct, content: []byte(whole), want: "cloudtrail|loaded|3|3|0"},
		{name: "gzip in gzip", file: ct, content: gz(string(packed)), want: "cloudtrail|loaded|3|3|0"},
		{name: "empty file", file: ct, content: nil, want: "cloudtrail|empty|0|0|0", note: "empty"},
		{name: "empty gzip", file: ct, content: gz(""), want: "cloudtrail|empty|0|0|0", note: "empty"},
		{name: "no records", file: ct, content: gz(`{"Records":[]}`), want: "cloudtrail|empty|0|0|0"},
		{name: "header alone", file: vpc, content: gz(flowHeader), want: "vpc_flow|empty|0|0|0"},
		{name: "broken in the middle", file: ct, content: gz(records(three[0], `{"eventVersion":"1.11","eventSource":tru,"x":{"y":[1,2`, three[2])), want: "cloudtrail|partial|3|2|1", reasons: []string{"true expected, found 't' at offset"}},
		{name: "wrong type of record", file: ct, content: gz(records(three[0], `"x"`, `7`, three[2])), want: "cloudtrail|partial|4|2|2", reasons: []string{"a record that is a string", "a record that is a number"}},
		{name: "10 MB record", file: ct, content: gz(records(three[0], event("huge", 5, `,"additionalEventData":{"x":"`+huge+`"}`), three[2])), want: "cloudtrail|loaded|3|3|0",
			query: "SELECT max(length(additional_event_data)) FROM cloudtrail", rows: []string{fmt.Sprint(len(huge) + len(`{"x":""}`))}},
		{name: "deep nesting", file: ct, content: gz(records(three[0], event("deep", 5, `,"additionalEventData":`+deep), three[2])), want: "cloudtrail|partial|3|2|1", reasons: []string{"nested deeper than 1000 levels"}},
		{name: "invalid UTF-8", file: ct, content: gz(records(event("u", 1, ",\"userAgent\":\"a\xff\",\"additionalEventData\":{\"k\":\"\xc3\x28\"},\"new\xfe\":\"\xfe\""))), want: "cloudtrail|loaded|1|1|0", note: "bytes that are not UTF-8",
			query: "SELECT user_agent, additional_event_data, extra FROM cloudtrail", rows: []string{"a\ufffd|{\"k\":\"\ufffd(\"}|{\"new\ufffd\":\"\ufffd\"}"}},
		{name: "NUL bytes", file: ct, content: gz(records(event("n", 1, ",\"userAgent\":\"a\x00b\",\"additionalEventData\":{\"k\":\"\x00\"},\"errorCode\":\"\\u0000\""))), want: "cloudtrail|loaded|1|1|0", note: "characters that JSON does not allow",
			query: "SELECT user_agent, error_code, additional_event_data FROM cloudtrail", rows: []string{"a\x00b|\x00|{\"k\":\"\\u0000\"}"}},
		{name: "byte-order mark", file: ct, content: []byte("\xef\xbb\xbf" + whole), want: "cloudtrail|loaded|3|3|0"},
		{name: "UTF-16", file: vpc, content: utf16(flowHeader + lines), want: "vpc_flow|loaded|3|3|0"},
		{name: "CRLF", file: vpc, content: []byte(strings.ReplaceAll("\xef\xbb\xbf"+flowHeader+lines, "\n", "\r\n")), want: "vpc_flow|loaded|3|3|0",
			query: "SELECT DISTINCT log_status FROM vpc_flow", rows: []string{"OK"}},
		{name: "repeated header", file: vpc, content: gz(flowHeader + lines + flowHeader + lines), want: "vpc_flow|loaded|6|6|0"},
		{name: "header in another order", file: vpc, content: gz(flowHeader + lines + reordered), want: "vpc_flow|loaded|4|4|0",
			query: `SELECT srcaddr, action, start FROM vpc_flow WHERE record_no = 4`, rows: []string{"192.0.2.77|REJECT|2026-01-02T00:00:00Z"}},
		{name: "too few and too many fields", file: vpc, content: gz(flowHeader + flow(1) + "2 111122223333 eni-1\n" + strings.TrimSpace(flow(2)) + " more 7\n"), want: "vpc_flow|partial|3|2|1", reasons: []string{"a line of 3 fields where the header names 14"},
			query: "SELECT extra FROM vpc_flow ORDER BY record_no", rows: []string{"∅", `{"field_15":"more","field_16":"7"}`}},
		{name: "numbers out of range", file: vpc, content: gz(flowHeader + strings.Replace(flow(1), " 49152 443 ", " 99999999999 -5 ", 1) + strings.Replace(flow(1), " 4249 ", " 92233720368547758080 ", 1)), want: "vpc_flow|loaded|2|2|0", note: "does not fit",
			query: "SELECT srcport, dstport, bytes, extra FROM vpc_flow ORDER BY record_no", rows: []string{`∅|-5|4249|{"srcport":"99999999999"}`, `49152|443|∅|{"bytes":"92233720368547758080"}`}},
		{name: "IPv6", file: vpc, content: gz(flowHeader + ipv6), want: "vpc_flow|loaded|1|1|0", query: "SELECT srcaddr, dstaddr FROM vpc_flow", rows: []string{"2001:db8::1|2001:db8:0:1::ffff"}},
		{name: "unknown field", file: vpc, content: gz("version srcaddr new-field start\n2 192.0.2.1 v 1767312000\n"), want: "vpc_flow|loaded|1|1|0", query: "SELECT extra, dstaddr FROM vpc_flow", rows: []string{`{"new-field":"v"}|∅`}},
		{name: "NUL and bad bytes in lines", file: vpc, content: gz(flowHeader + strings.Replace(flow(1), "ACCEPT", "AC\x00\xffT", 1)), want: "vpc_flow|loaded|1|1|0", note: "not UTF-8", query: "SELECT action FROM vpc_flow", rows: []string{"AC\x00\ufffdT"}},
		{name: "absent, null and empty", file: ct, content: gz(records(event("n", 1, `,"userAgent":"","errorCode":null,"additionalEventData":null`))), want: "cloudtrail|loaded|1|1|0",
			query: "SELECT user_agent, error_code, error_message, additional_event_data, response_elements, service_event_details, extra FROM cloudtrail", rows: []string{`|∅|∅|null|null|∅|{"errorCode":null}`}},
		{name: "Insights among events", file: ct, content: gz(records(three[0], insight("i1", 1), three[1], insight("i1", 1), insight("i2", 2))), want: "cloudtrail|loaded|5|4|0",
			query: "SELECT (SELECT count(*) FROM cloudtrail), (SELECT string_agg(event_id || record_no, ' ' ORDER BY record_no) FROM cloudtrail_insights)", rows: []string{"2|i12 i25"}},
		{name: "only Insights under a CloudTrail name", file: ct, content: gz(records(insight("i1", 1))), want: "cloudtrail_insights|loaded|1|1|0", note: "its content is cloudtrail_insights, its name that of cloudtrail"},
		{name: "another source's name", file: vpc, content: gz(whole), want: "cloudtrail|loaded|3|3|0", note: "its content is cloudtrail, its name that of vpc_flow"},
		{name: "name alone", file: ct, content: gz("\x7fELF binary"), want: "cloudtrail|unreadable|1|0|1", note: "its name is that of cloudtrail, its beginning is not", reasons: []string{"text that is no JSON object"}},
		{name: "nothing known", file: "notes-%s.txt", content: []byte("hello\n"), want: "∅|unknown|0|0|0"},
		{name: "S3 notification", file: "notification-%s.json", content: []byte(`{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{}}]}`), want: "∅|unknown|0|0|0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			path := b.write(fmt.Sprintf(tt.file, "20260102T0000Z_x"), tt.content)
			b.load()
			c := b.open()
			defer c.Close()
			got := query(t, c, `SELECT source, status, records, loaded, rejected FROM evidence`)
			if len(got) != 1 || !strings.HasPrefix(got[0], tt.want) {
				t.Errorf("ledger: %q, want %q", got, tt.want)
			}
			reasons := query(t, c, `SELECT reason FROM rejects ORDER BY record_no`)
			if len(reasons) != len(tt.reasons) {
				t.Errorf("rejects %q, want %q", reasons, tt.reasons)
			}
			for i := range min(len(reasons), len(tt.reasons)) {
				if !strings.Contains(reasons[i], tt.reasons[i]) {
					t.Errorf("reject %q, want %q", reasons[i], tt.reasons[i])
				}
			}
			if p := query(t, c, `SELECT DISTINCT path FROM rejects`); len(tt.reasons) > 0 && !slices.Equal(p, []string{path}) {
				t.Errorf("rejects name %q, not %q", p, path)
			}
			if tt.query != "" {
				if rows := query(t, c, tt.query); !slices.Equal(rows, tt.rows) {
					t.Errorf("rows %q, want %q", rows, tt.rows)
				}
			}
			if note := query(t, c, `SELECT coalesce(note, '') FROM evidence`); len(note) != 1 || !strings.Contains(note[0], tt.note) || tt.note == "" && note[0] != "" {
				t.Errorf("note %q, want %q", note, tt.note)
			}
			// Whatever it was, it is known the second time.
			before := content(t, c)
			c.Close()
			if again := b.load(); again.Rows != 0 || again.Rejects != 0 {
				t.Errorf("loaded again: %+v", again)
			}
			if after := b.content(); after != before {
				t.Error("loading again changed the case")
			}
		})
	}
}

func utf16(text string) []byte {
	out := []byte{0xff, 0xfe}
	for _, c := range []byte(text) {
		out = append(out, c, 0)
	}
	return out
}
