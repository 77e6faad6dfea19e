package unwrap_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"logquarry/engine/decode"
	"logquarry/engine/decode/jsontext"
	"logquarry/engine/schema"
	"logquarry/engine/unwrap"
)

// known knows objects by a key, lines by their first word, and takes all log
// events for logs.
type known struct{}

func (known) Source(text []byte, o *decode.Origin) string {
	text = bytes.TrimSpace(text)
	if len(text) > 0 && text[0] == '{' {
		for key, source := range map[string]string{`"eventVersion"`: "cloudtrail", `"schemaVersion"`: "guardduty", `"detail-type"`: "eventbridge", `"ProductArn"`: "securityhub"} {
			// The keys of the object itself, as far as these tests write them.
			if at := bytes.Index(text, []byte(key+":")); at == 1 {
				return source
			}
		}
		if bytes.HasPrefix(text, []byte(`{"findings":[{"ProductArn"`)) {
			return "securityhub"
		}
	}
	if bytes.HasPrefix(text, []byte("2 1111")) && bytes.IndexByte(text, '\n') < 0 {
		return "vpc_flow"
	}
	if o != nil && o.Log {
		return "cloudwatch_logs"
	}
	return ""
}

func (k known) Object(text []byte, _ []jsontext.Member) string { return k.Source(text, nil) }

func (k known) Arrived(_ string, text []byte, o *decode.Origin) string { return k.Source(text, o) }

var sources = []*schema.Source{
	{Name: "cloudtrail", Shape: schema.JSON, Records: []string{"Records"}, Recognise: schema.Recognise{All: []string{"eventVersion", "eventName"}}, Columns: []schema.Column{
		{Name: "event_version", From: "eventVersion"}, {Name: "event_name", From: "eventName"}, {Name: "event_time", From: "eventTime"},
		{Name: "user_arn", From: "userIdentity.arn"}, {Name: "user_account_id", From: "userIdentity.accountId"}, {Name: "mfa", From: "userIdentity.sessionContext.attributes.mfaAuthenticated"}, {Name: "request_parameters", From: "requestParameters"}}},
	{Name: "securityhub", Shape: schema.JSON, Records: []string{"Findings", "findings"}, Recognise: schema.Recognise{All: []string{"ProductArn"}}, Columns: []schema.Column{{Name: "product_arn", From: "ProductArn"}}},
	{Name: "vpc_flow", Shape: schema.Delimited, Recognise: schema.Recognise{Any: []string{"srcaddr"}}, Columns: []schema.Column{
		{Name: "srcaddr", From: "srcaddr"}, {Name: "dstaddr", From: "dstaddr"}, {Name: "log_status", From: "log-status"}}},
}

// got are the messages of in, one a line: source, number, origin, text.
func got(t testing.TB, frame unwrap.Frame, r io.Reader) []string {
	t.Helper()
	x := unwrap.NewReader(r, unwrap.Options{Frame: frame, Known: known{}, Sources: sources, Path: "exported/task/stream-1/000000.gz"})
	var out []string
	for {
		m, source, bad, err := x.Next()
		switch {
		case err == io.EOF:
			return out
		case err != nil:
			return append(out, "error "+err.Error())
		case bad != nil:
			out = append(out, fmt.Sprintf("bad %d at %d: %s: %.40q", bad.Line, bad.Offset, bad.Reason, bad.Raw))
		default:
			o := ""
			if m.Origin != nil {
				o = fmt.Sprintf(" [%s %s %s %s %s", m.Origin.Via, m.Origin.Owner, m.Origin.LogGroup, m.Origin.LogStream, m.Origin.ID)
				if m.Origin.Time != 0 {
					o += " " + time.UnixMicro(m.Origin.Time).UTC().Format("15:04:05.000")
				}
				o = " " + strings.Join(strings.Fields(o), " ") + "]"
			}
			out = append(out, fmt.Sprintf("%s %s%s", source, m.Text, o))
		}
	}
}

func zipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, text)
	z.Close()
	return b.String()
}

func b64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func quote(text string) string { return string(decode.AppendQuoted(nil, text)) }

const (
	trail    = `{"eventVersion":"1.11","eventName":"RunInstances"}`
	flow     = `2 111122223333 eni-0a1b - - - - - - - 1767322800 1767322860 - NODATA`
	bridged  = `{"version":"0","id":"e-1","detail-type":"AWS API Call via CloudTrail","source":"aws.ec2","account":"111122223333","time":"2026-01-02T03:04:05Z","detail":` + trail + `}`
	schedule = `{"detail-type":"Scheduled Event","id":"e-2","source":"aws.events","account":"111122223333","time":"2026-01-02T03:04:05Z","detail":{}}`
)

func subscription(messages ...string) string {
	var events []string
	for i, m := range messages {
		events = append(events, fmt.Sprintf(`{"id":"%d","timestamp":1767323045678,"message":%s}`, i+1, quote(m)))
	}
	return `{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"/g","logStream":"s","subscriptionFilters":["f"],"logEvents":[` + strings.Join(events, ",") + `]}`
}

// fetched is the beginning of an answer that quarry fetched.
func fetched(more string) string {
	return `{"@request":{"service":"x","operation":"y",` + more + `"account":"111122223333","region":"eu-west-1","fetched":"2026-01-02T03:30:00Z"}`
}

const control = `{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"","subscriptionFilters":[],"logEvents":[{"id":"","timestamp":1767323045678,"message":"CWL CONTROL MESSAGE: Checking health of destination Firehose."}]}`

// ways are inputs of every way, and what must come of them.
var ways = map[string]struct {
	frame unwrap.Frame
	in    string
	want  []string
}{
	"subscription": {unwrap.Objects, control + subscription(flow, "START RequestId: x\n", "") + subscription(trail, bridged), []string{
		"vpc_flow " + flow + " [CloudWatch Logs subscription 111122223333 /g s 1 03:04:05.678]",
		"cloudwatch_logs START RequestId: x [CloudWatch Logs subscription 111122223333 /g s 2 03:04:05.678]",
		"cloudwatch_logs  [CloudWatch Logs subscription 111122223333 /g s 3 03:04:05.678]",
		"cloudtrail " + trail + " [CloudWatch Logs subscription 111122223333 /g s 1 03:04:05.678]",
		"cloudtrail " + trail + " [CloudWatch Logs subscription 111122223333 /g s e-1 03:04:05.000]",
	}},
	"subscription with its keys in another order": {unwrap.Objects, `{"logEvents":[{"message":` + quote(flow) + `,"timestamp":1767323045678,"id":"1"},{"id":"2"},7],"logGroup":"/g","logStream":"s","messageType":"DATA_MESSAGE","owner":"111122223333"}`, []string{
		"vpc_flow " + flow + " [CloudWatch Logs subscription 111122223333 /g s 1 03:04:05.678]",
		`bad 1 at 0: a log event without a message: "{\"id\":\"2\"}"`,
		`bad 1 at 0: a log event that is no object: "7"`,
	}},
	"a broken document in the middle": {unwrap.Objects, subscription(flow) + `{"messageType":"DATA_MESSAGE","logEvents":[{"id":tru` + "\n" + subscription(flow), []string{
		"vpc_flow " + flow + " [CloudWatch Logs subscription 111122223333 /g s 1 03:04:05.678]",
		`bad 1 at 288: true expected, found 't' at offset 294: "{\"id\":tru\n"`,
		"vpc_flow " + flow + " [CloudWatch Logs subscription 111122223333 /g s 1 03:04:05.678]",
	}},
	"subscription that is cut off": {unwrap.Objects, strings.TrimSuffix(subscription(flow, "hello", "the end"), `the end"}]}`), []string{
		"vpc_flow " + flow + " [CloudWatch Logs subscription 111122223333 /g s 1 03:04:05.678]",
		"cloudwatch_logs hello [CloudWatch Logs subscription 111122223333 /g s 2 03:04:05.678]",
		`bad 1 at 299: the file ends in the middle of a document: "{\"id\":\"3\",\"timestamp\":1767323045678,\"mes"`,
	}},
	"a broken log event among others": {unwrap.Objects, strings.Replace(subscription(flow, flow, "hello"), `"id":"2"`, `"id":2"`, 1), []string{
		"vpc_flow " + flow + " [CloudWatch Logs subscription 111122223333 /g s 1 03:04:05.678]",
		`bad 1 at 244: ',' or '}' expected, found '"' at offset 251: "{\"id\":2\",\"timestamp\":1767323045678,\"mess"`,
		"cloudwatch_logs hello [CloudWatch Logs subscription 111122223333 /g s 3 03:04:05.678]",
	}},
	"an answer that is broken behind its array": {unwrap.Objects, `{"Events":[{"CloudTrailEvent":` + quote(trail) + `}],"NextToken":tru}` + subscription(flow), []string{
		"cloudtrail " + trail + " [CloudTrail LookupEvents]",
		`bad 1 at 93: behind an array: true expected, found 't' at offset 105: "\"NextToken\":tru}"`,
		"vpc_flow " + flow + " [CloudWatch Logs subscription 111122223333 /g s 1 03:04:05.678]",
	}},
	"Lambda event that is cut off": {unwrap.Objects, `{"version":"a text of forty characters","awslogs":{"data":"` + b64(zipped(subscription(flow)))[:len(b64(zipped(subscription(flow))))-16], []string{
		"vpc_flow " + flow + " [CloudWatch Logs subscription 111122223333 /g s 1 03:04:05.678]",
		`bad 1 at 0: the file ends in the middle of a document: "{\"version\":\"a text of forty characters\","`,
	}},
	"Kinesis with several lines in a piece": {unwrap.Objects, `{"Records":[{"SequenceNumber":"1"},{"Data":"` + b64(flow+"\n"+flow+"\n") + `"}]}`, []string{
		` {"SequenceNumber":"1"}`, "vpc_flow " + flow + " [Kinesis]", "vpc_flow " + flow + " [Kinesis]"}},
	"events out of their answers": {unwrap.Objects, `[{"EventId":"1","EventName":"x","CloudTrailEvent":` + quote(trail) + `},{"logStreamName":"s","timestamp":1767323045678,"message":"hello","ingestionTime":1767323045679,"eventId":"9"},{"timestamp":1767323045678,"message":"x"}]`, []string{
		"cloudtrail " + trail + " [CloudTrail LookupEvents]",
		"cloudwatch_logs hello [CloudWatch Logs get-log-events s 9 03:04:05.678]",
		` {"timestamp":1767323045678,"message":"x"}`}},
	"texts out of their answers": {unwrap.Objects, `["hello",` + quote(trail) + `,` + quote(flow) + `]`, []string{" hello", "cloudtrail " + trail, "vpc_flow " + flow}},
	"messages that are objects": {unwrap.Objects, `{"@timestamp":"2026-01-02 03:04:05.678","@message":` + trail + `}{"message":` + trail + `}`, []string{
		"cloudtrail " + trail + " [CloudWatch Logs Insights 03:04:05.678]", "cloudtrail " + trail + " [log collector]"}},
	"a first line that is broken": {unwrap.Objects, `{"messageType":x` + "\n" + subscription(flow), []string{
		`bad 1 at 0: a value expected, found 'x' at offset 15: "{\"messageType\":x\n"`,
		"vpc_flow " + flow + " [CloudWatch Logs subscription 111122223333 /g s 1 03:04:05.678]"}},
	"Lambda event": {unwrap.Objects, `{"awslogs":{"data":"` + b64(zipped(subscription(flow))) + `"}}`, []string{
		"vpc_flow " + flow + " [CloudWatch Logs subscription 111122223333 /g s 1 03:04:05.678]"}},
	"Kinesis": {unwrap.Objects, `{"Records":[{"Data":"` + b64(zipped(subscription(flow))) + `","PartitionKey":"p"},{"kinesis":{"data":"` + b64(trail) + `"}},{"Data":"%%%"}]}`, []string{
		"vpc_flow " + flow + " [CloudWatch Logs subscription 111122223333 /g s 1 03:04:05.678]",
		"cloudtrail " + trail + " [Kinesis]",
		`bad 1 at 0: base64: illegal base64 data at input byte 0: "%%%"`,
	}},
	"base64 lines": {unwrap.Base64, b64(zipped(subscription(flow))) + "\n" + b64(zipped(zipped(subscription(trail)))) + "\n", []string{
		"vpc_flow " + flow + " [CloudWatch Logs subscription 111122223333 /g s 1 03:04:05.678]",
		"cloudtrail " + trail + " [CloudWatch Logs subscription 111122223333 /g s 1 03:04:05.678]"}},
	"export": {unwrap.Lines, "2026-01-02T03:04:05.678Z " + flow + "\n2026-01-02T03:04:06.000Z java.lang.Exception\n\tat x\n2026-01-02T03:04:07.000Z " + bridged + "\r\n2026-01-02T03:04:08.000Z ", []string{
		"vpc_flow " + flow + " [CloudWatch Logs export stream-1 03:04:05.678]",
		"cloudwatch_logs java.lang.Exception\n\tat x [CloudWatch Logs export stream-1 03:04:06.000]",
		"cloudtrail " + trail + " [CloudWatch Logs export 111122223333 stream-1 e-1 03:04:05.000]",
		"cloudwatch_logs  [CloudWatch Logs export stream-1 03:04:08.000]",
	}},
	"get-log-events": {unwrap.Objects, `{"events":[{"logStreamName":"s","timestamp":1767323045678,"message":` + quote(flow) + `,"ingestionTime":1767323045679,"eventId":"9"}],"searchedLogStreams":[]}`, []string{
		"vpc_flow " + flow + " [CloudWatch Logs get-log-events s 9 03:04:05.678]"}},
	"Insights": {unwrap.Objects, `{"results":[[{"field":"@timestamp","value":"2026-01-02 03:04:05.678"},{"field":"@message","value":` + quote(flow) + `},{"field":"@log","value":"111122223333:/g"},{"field":"@ptr","value":"x"}],[{"field":"srcAddr","value":"192.0.2.1"},{"field":"n","value":"2"}]],"statistics":{},"status":"Complete"}`, []string{
		"vpc_flow " + flow + " [CloudWatch Logs Insights 111122223333 /g 03:04:05.678]",
		`cloudwatch_logs {"srcAddr":"192.0.2.1","n":"2"} [CloudWatch Logs Insights]`}},
	"Insights of the console": {unwrap.Objects, `[{"@timestamp":"2026-01-02 03:04:05.678","@message":"hello","@log":"111122223333:/g","@logStream":"s"}]`, []string{
		"cloudwatch_logs hello [CloudWatch Logs Insights 111122223333 /g s 03:04:05.678]"}},
	"Firehose": {unwrap.Objects, `{"message":` + quote(flow) + `}{"message":` + quote(flow) + `}` + "\n" + trail + `{"message":"who knows"}`, []string{
		"vpc_flow " + flow + " [log collector]", "vpc_flow " + flow + " [log collector]", "cloudtrail " + trail, ` {"message":"who knows"}`}},
	"EventBridge": {unwrap.Objects, bridged + schedule + `{"detail":{"findings":[{"ProductArn":"p1"},{"ProductArn":"p2"}]},"detail-type":"Security Hub Findings - Imported","source":"aws.securityhub","id":"e-3"}`, []string{
		"cloudtrail " + trail + " [EventBridge 111122223333 e-1 03:04:05.000]",
		"eventbridge " + schedule + " [EventBridge 111122223333 e-2 03:04:05.000]",
		`securityhub {"ProductArn":"p1"} [EventBridge e-3]`, `securityhub {"ProductArn":"p2"} [EventBridge e-3]`}},
	"SNS in SQS": {unwrap.Objects, `{"Messages":[{"MessageId":"m","Body":` + quote(`{"Type":"Notification","MessageId":"n","Message":`+quote(bridged)+`}`) + `}]}`, []string{
		"cloudtrail " + trail + " [EventBridge 111122223333 e-1 03:04:05.000]"}},
	"Lambda events of SQS and SNS": {unwrap.Objects, `{"Records":[{"messageId":"m","body":` + quote(trail) + `},{"Sns":{"MessageId":"n","Message":` + quote(trail) + `}}]}`, []string{
		"cloudtrail " + trail + " [SQS m]", "cloudtrail " + trail + " [SNS n]"}},
	"LookupEvents": {unwrap.Objects, `{"Events":[{"EventId":"1","EventName":"RunInstances","ReadOnly":"false","CloudTrailEvent":` + quote(trail) + `},{"EventId":"2"}],"NextToken":"t"}{"Events":[]}`, []string{
		"cloudtrail " + trail + " [CloudTrail LookupEvents]",
		`bad 1 at 0: an event of LookupEvents without its CloudTrailEvent: "{\"EventId\":\"2\"}"`,
		` {"Events":[]}`}},
	"answers that quarry fetched": {unwrap.Objects, fetched(`"logGroupName":"/g",`) + `,"events":[{"logStreamName":"s","timestamp":1767323045678,"message":` + quote(flow) + `,"eventId":"9"}],"nextToken":"t"}` + "\n" +
		fetched("") + `,"Events":[{"EventId":"1","EventName":"x","CloudTrailEvent":` + quote(trail) + `}]}` + "\n" +
		fetched(`"logGroupName":"/g",`) + `,"results":[[{"field":"@timestamp","value":"2026-01-02 03:04:05.678"},{"field":"@message","value":` + quote(flow) + `}],[{"field":"n","value":"2"}]],"status":"Complete"}` + "\n" +
		fetched("") + `,"Findings":[{"ProductArn":"p1"},{"SchemaVersion":"2.0","Id":"a"}],"NextToken":"t"}` + "\n" +
		fetched("") + `,"Results":[` + quote(trail) + `]}` + fetched("") + `}`, []string{
		"vpc_flow " + flow + " [CloudWatch Logs get-log-events 111122223333 /g s 9 03:04:05.678]",
		"cloudtrail " + trail + " [CloudTrail LookupEvents 111122223333 03:30:00.000]",
		"vpc_flow " + flow + " [CloudWatch Logs Insights 111122223333 /g 03:04:05.678]",
		`cloudwatch_logs {"n":"2"} [CloudWatch Logs Insights 111122223333 /g]`,
		`securityhub {"ProductArn":"p1"} [answer of an API 111122223333 03:30:00.000]`,
		`guardduty {"schemaVersion":"2.0","id":"a"} [answer of an API 111122223333 03:30:00.000]`,
		"cloudtrail " + trail + " [AWS CLI 111122223333 03:30:00.000]",
		" " + fetched("") + "} [answer of an API 111122223333 03:30:00.000]",
	}},
	"select-resource-config": {unwrap.Objects, `{"Results":[` + quote(trail) + `],"QueryInfo":{}}`, []string{"cloudtrail " + trail + " [AWS CLI]"}},
	"rule invocation":        {unwrap.Objects, `{"version":"1.0","invokingEvent":` + quote(trail) + `,"ruleParameters":"{}"}`, []string{"cloudtrail " + trail + " [Config rule invocation]"}},
	"another spelling":       {unwrap.Objects, `{"Findings":[{"SchemaVersion":"2.0","Id":"a","Resource":{"Tags":[{"Key":"K"}],"Affected":{"AWS::S3::Bucket":"B"}}}]}`, []string{`guardduty {"schemaVersion":"2.0","id":"a","resource":{"tags":[{"key":"K"}],"affected":{"AWS::S3::Bucket":"B"}}} [AWS CLI]`}},
	"Athena": {unwrap.Table, "\"eventversion\",\"useridentity\",\"eventname\",\"requestparameters\",\"eventtime\"\n" +
		`"1.11","{type=IAMUser, arn=arn:aws:iam::111122223333:user/a, accountid=111122223333, sessioncontext={attributes={mfaauthenticated=false}}, x=null}","RunInstances","{""a"":[1]}","2026-01-02T03:04:05Z"` + "\n" +
		`"1.11","{odd","Run` + "\n" + `Instances",,""` + "\n" + `"1.11","x"` + "\n", []string{
		`cloudtrail {"eventVersion":"1.11","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/a","accountId":"111122223333","sessionContext":{"attributes":{"mfaAuthenticated":"false"}}},"eventName":"RunInstances","requestParameters":{"a":[1]},"eventTime":"2026-01-02T03:04:05Z"} [query results]`,
		`cloudtrail {"eventVersion":"1.11","userIdentity":"{odd","eventName":"Run\u000aInstances","eventTime":""} [query results]`,
		`bad 5 at 308: a record of other width than the header line: "\"1.11\",\"x\""`}},
	"Lake with the whole event": {unwrap.Table, "eventid,eventjson\n1,\"" + strings.ReplaceAll(trail, `"`, `""`) + "\"\n", []string{"cloudtrail " + trail + " [query results]"}},
	"Athena over flow logs":     {unwrap.Table, "srcaddr,dstaddr,log_status\n192.0.2.1,,OK\n", []string{`vpc_flow {"srcaddr":"192.0.2.1","log-status":"OK"} [query results]`}},
	"event history of the console": {unwrap.Table, "Event name,Event ID,Event time,User name,Event source,AWS region,Resource type,Resource name,Read-only\nRunInstances,e,2026-01-02T03:04:05Z,alice,ec2.amazonaws.com,eu-west-1,AWS::EC2::Instance,i-0a,false\n", []string{
		`cloudtrail {"eventName":"RunInstances","eventID":"e","eventTime":"2026-01-02T03:04:05Z","userIdentity":{"userName":"alice"},"eventSource":"ec2.amazonaws.com","awsRegion":"eu-west-1","readOnly":"false","resources":[{"type":"AWS::EC2::Instance","resourceName":"i-0a"}]} [query results]`}},
	"Insights as CSV": {unwrap.Table, "@timestamp,@message,@logStream\n2026-01-02 03:04:05.678,\"" + flow + "\",s\n", []string{
		"vpc_flow " + flow + " [CloudWatch Logs Insights s 03:04:05.678]"}},
	"nested without end": {unwrap.Objects, strings.Repeat(`{"Type":"Notification","Message":"x","detail-type":"y","detail":`, 9) + `{}` + strings.Repeat("}", 9), nil},
}

func TestWays(t *testing.T) {
	for name, w := range ways {
		t.Run(name, func(t *testing.T) {
			if f := unwrap.Sniff([]byte(w.in), true, known{}, sources); f != w.frame {
				t.Errorf("sniffed as %q, want %q", f, w.frame)
			}
			if all := got(t, w.frame, strings.NewReader(w.in)); w.want != nil && !cmp.Equal(w.want, all) {
				t.Error(cmp.Diff(w.want, all))
			}
		})
	}
}

func TestNotEnvelopes(t *testing.T) {
	for _, in := range []string{"", trail, `{"Records":[` + trail + `]}`, "[" + trail + "," + bridged + "]", flow, "version srcaddr\n", "notes, and more notes\n",
		"2026-01-02T03:04:05.678Z\tid\tINFO\tx", "srcaddr,other,things,here\n", `{"a":1}`, `{"@request":{"method":"GET"},"message":"m"}`, "H4sI"} {
		if f := unwrap.Sniff([]byte(in), true, known{}, sources); f != "" {
			t.Errorf("%.40q is taken for %s", in, f)
		}
	}
}

func TestReadError(t *testing.T) {
	all := got(t, unwrap.Objects, io.MultiReader(strings.NewReader(subscription(flow)+`{"logEvents":[`), iotest.ErrReader(errors.New("the disk is gone"))))
	if len(all) != 3 || !strings.HasPrefix(all[1], "bad 1 at 259: the disk is gone") || all[2] != "error the disk is gone" {
		t.Errorf("%q", all)
	}
}

// answer gives a document of n events between its head and its end without
// holding it.
type answer struct {
	head, event, end string
	n, at            int
	rest             string
}

func (a *answer) Read(p []byte) (int, error) {
	if a.rest == "" {
		switch {
		case a.at == 0:
			a.rest = a.head
		case a.at <= a.n:
			a.rest = a.event + ","
		case a.at == a.n+1:
			a.rest = a.event + a.end
		default:
			return 0, io.EOF
		}
		a.at++
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

// TestLongAnswers reads documents longer than is ever held.
func TestLongAnswers(t *testing.T) {
	if testing.Short() {
		t.Skip("runs whole without -short")
	}
	const n = 1_000_000
	head, end, _ := strings.Cut(subscription("x"), `{"id":"1","timestamp":1767323045678,"message":"x"}`)
	for source, a := range map[string]*answer{
		"cloudtrail": {n: n, head: `{"Events":[`, event: `{"EventId":"x","CloudTrailEvent":` + quote(trail) + `}`, end: `],"NextToken":"t"}`},
		"guardduty":  {n: n / 4, head: fetched(`"logGroupName":"/g",`) + `,"Findings":[`, event: `{"SchemaVersion":"2.0","Id":"` + strings.Repeat("a", 64) + `"}`, end: `]}`},
		"vpc_flow":   {n: n, head: head, event: `{"id":"1","timestamp":1767323045678,"message":` + quote(flow) + `}`, end: end},
	} {
		x := unwrap.NewReader(a, unwrap.Options{Frame: unwrap.Objects, Known: known{}, Sources: sources})
		count := 0
		for {
			m, got, bad, err := x.Next()
			if err == io.EOF {
				break
			}
			if err != nil || bad != nil || got != source || (m.Origin.Log || source == "guardduty") && m.Origin.LogGroup != "/g" {
				t.Fatalf("message %d: %s, %+v, %+v, %v", count, got, m.Origin, bad, err)
			}
			count++
		}
		if count != a.n+1 || x.Bytes() < 20<<20 {
			t.Errorf("%d messages in %d bytes, want %d", count, x.Bytes(), a.n+1)
		}
	}
}

// FuzzObjects, FuzzLines, FuzzBase64 and FuzzTable unwrap any bytes in one frame
// each, seeded with the ways of arrival that lie in it: how the bytes come in
// must make no difference.
func FuzzObjects(f *testing.F) { fuzz(f, unwrap.Objects) }
func FuzzLines(f *testing.F)   { fuzz(f, unwrap.Lines) }
func FuzzBase64(f *testing.F)  { fuzz(f, unwrap.Base64) }
func FuzzTable(f *testing.F)   { fuzz(f, unwrap.Table) }

func fuzz(f *testing.F, frame unwrap.Frame) {
	seeds := 0
	for _, w := range ways {
		if w.frame == frame {
			f.Add([]byte(w.in))
			seeds++
		}
	}
	if seeds == 0 {
		f.Fatalf("no way of arrival lies in the frame %s", frame)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		unwrap.Sniff(in, true, known{}, sources)
		whole := got(t, frame, bytes.NewReader(in))
		if d := cmp.Diff(whole, got(t, frame, iotest.OneByteReader(bytes.NewReader(in)))); d != "" {
			t.Errorf("one byte at a time:\n%s", d)
		}
		if d := cmp.Diff(whole, got(t, frame, iotest.HalfReader(bytes.NewReader(in)))); d != "" {
			t.Errorf("half reads:\n%s", d)
		}
	})
}
