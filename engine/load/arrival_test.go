package load_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"logquarry/engine/decode"
	"logquarry/engine/load"
	"logquarry/engine/schema/schematest"
)

func text(s string) string { return string(decode.AppendQuoted(nil, s)) }

// logEvents is a document of a CloudWatch Logs subscription.
func logEvents(kind string, messages ...string) string {
	var list []string
	for i, m := range messages {
		list = append(list, fmt.Sprintf(`{"id":"%056d","timestamp":1767323045678,"message":%s}`, i, text(m)))
	}
	return `{"messageType":"` + kind + `","owner":"111122223333","logGroup":"/g","logStream":"s","logEvents":[` + strings.Join(list, ",") + `]}`
}

// TestArrivals loads files whose records arrived in several ways, or only in
// part, under names that say nothing, and asks what became of each.
func TestArrivals(t *testing.T) {
	const (
		finding = `{"schemaVersion":"2.0","id":"f","severity":5,"service":{},"resource":{},"updatedAt":"2026-01-02T03:04:05.000Z"}`
		bridged = `{"version":"0","id":"b","detail-type":"GuardDuty Finding","source":"aws.guardduty","account":"111122223333","time":"2026-01-02T03:04:05Z","detail":` + finding + `}`
		dns     = `{"query_timestamp":"2026-01-02T03:04:05Z","query_name":"example.com."}`
	)
	const scheduled = `{"version":"0","id":"s","detail-type":"Scheduled Event","source":"aws.events","account":"111122223333","time":"2026-01-02T03:04:05Z","detail":{}}`
	line := strings.TrimSpace(flow(1))
	message := func(s string) string { return `{"message":` + text(s) + `}` }
	control := logEvents("CONTROL_MESSAGE", "CWL CONTROL MESSAGE: Checking health of destination Firehose.")
	document := logEvents("DATA_MESSAGE", line, "hello", event("a", 1, ""))
	packed := gz(document)
	var many []string
	for i := range 2000 {
		many = append(many, fmt.Sprintf("message %x", i*2654435761%(1<<32)))
	}
	cut := gz(logEvents("DATA_MESSAGE", many...))
	cut = cut[:len(cut)/2]
	for _, tt := range []struct{ test, text, want string }{
		{"plain, then in envelopes", event("a", 1, "") + message(line) + dns + bridged + scheduled + event("b", 2, "") + document + message(line),
			"cloudtrail content loaded 10=9+1+0: cloudtrail 2, cloudwatch_logs 1, eventbridge 1, guardduty 1, route53_resolver 1, vpc_flow 3"},
		{"in envelopes, then plain", bridged + message(line) + event("a", 1, "") + dns,
			"guardduty content loaded 4=4+0+0: cloudtrail 1, guardduty 1, route53_resolver 1, vpc_flow 1"},
		{"Records, then in envelopes", records(event("a", 1, "")) + message(line) + message("2 111122223333 no flow"),
			"cloudtrail content partial 3=2+0+1: cloudtrail 1, vpc_flow 1"},
		{"control messages between", string(gz(control)) + string(packed) + string(gz(control)),
			"vpc_flow content loaded 3=3+0+0 (control messages of CloudWatch Logs, which are no records: 2): cloudtrail 1, cloudwatch_logs 1, vpc_flow 1"},
		{"control messages alone", control, "cloudwatch_logs content empty 0=0+0+0 (control messages of CloudWatch Logs, which are no records: 1)"},
		{"gzip in gzip", string(gz(string(packed))), "vpc_flow content loaded 3=3+0+0: cloudtrail 1, cloudwatch_logs 1, vpc_flow 1"},
		{"base64 cut off", base64.StdEncoding.EncodeToString(packed)[:len(packed)/4*5], "vpc_flow content partial 3=2+0+1: cloudwatch_logs 1, vpc_flow 1"},
		{"nobody's envelopes", `{"Type":"Notification","MessageId":"m","Message":"hello"}`, " unknown 0=0+0+0 (envelopes, but no record of a known source among the first 1)"},
		{"an empty list", `{"Events":[]}`, " unknown 0=0+0+0 (a list without records)"},
		{"header only", "eventversion,eventname,eventsource,eventtime\n", "cloudtrail content empty 0=0+0+0"},
		{"lines like an export's", "2026-01-02T03:04:05.678Z info: started\n", "cloudwatch_logs content loaded 1=1+0+0 (its lines are those of a CloudWatch Logs export, its name is not): cloudwatch_logs 1"},
		{"a remark first", "not JSON\n" + dns + "\n", "route53_resolver content partial 2=1+0+1: route53_resolver 1"},
		{"the first record broken", `{"Records":[{"eventVersion":"1.08",bad},` + event("a", 1, "") + `]}`, "cloudtrail content partial 2=1+0+1: cloudtrail 1"},
		{"a message longer than a look", message(strings.Repeat("x", 1500<<10)) + message(line), "vpc_flow content partial 2=1+0+1: vpc_flow 1"},
		{"CodeCommit's events", `{"Records":[{"eventId":"1","eventVersion":"1.0","eventName":"x","eventSource":"aws:codecommit","codecommit":{}}]}`, " unknown 0=0+0+0"},
	} {
		t.Run(tt.test, func(t *testing.T) {
			b := newBench(t)
			b.write("0f3a", []byte(tt.text))
			if got := b.arrived(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	t.Run("gzip cut off", func(t *testing.T) {
		b := newBench(t)
		b.write("0f3a", cut)
		sum := b.load()
		if c := sum.Sources["cloudwatch_logs"]; c == nil || c.Rows < 900 || c.Rejects != 1 {
			t.Errorf("%+v", c)
		}
		if got := b.ask("SELECT DISTINCT log_group FROM cloudwatch_logs"); !cmp.Equal(got, []string{"/g"}) {
			t.Errorf("log groups %q", got)
		}
	})
}

// arrived loads the bench's only file and says what the ledger and the tables
// have of it.
func (b *bench) arrived() string {
	b.t.Helper()
	sum := b.load()
	out := b.ask(`SELECT concat(source, ' ', identified_by, CASE WHEN source IS NULL THEN '' ELSE ' ' END, status, ' ', records, '=', loaded, '+', duplicates, '+', rejected,
		CASE WHEN note IS NULL THEN '' ELSE ' (' || note || ')' END) FROM evidence`)[0]
	sep := ": "
	for _, s := range schematest.Shipped(b.t) {
		if c := sum.Sources[s.Name]; c != nil && c.Rows > 0 {
			out += fmt.Sprintf("%s%s %d", sep, s.Name, c.Rows)
			sep = ", "
		}
	}
	return out
}

// TestRawOfMixed asks for the records of a file in which some lie as they are
// and others in envelopes.
func TestRawOfMixed(t *testing.T) {
	b := newBench(t)
	line := strings.TrimSpace(flow(1))
	want := []string{event("a", 1, ""), line, "hello", event("b", 2, ""), line}
	b.write("x", []byte(want[0]+logEvents("DATA_MESSAGE", line, "hello")+want[3]+`{"message":`+text(line)+`}`))
	c := b.open()
	defer c.Close()
	again, err := load.NewAgain(schematest.Shipped(t))
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range want {
		got, err := again.Record(t.Context(), c.DB(), b.find()[0], int64(i+1))
		if err != nil || string(got) != w {
			t.Errorf("record %d is %q, %v; want %q", i+1, got, err, w)
		}
	}
	if _, err := again.Record(t.Context(), c.DB(), b.find()[0], int64(len(want)+1)); err != load.ErrNoRecord {
		t.Errorf("a record behind the last: %v", err)
	}
}
