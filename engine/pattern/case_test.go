package pattern_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"logquarry/engine/find"
	"logquarry/engine/load"
	"logquarry/engine/pattern"
	"logquarry/engine/schema"
	"logquarry/engine/schema/schematest"
	"logquarry/engine/store"
	"logquarry/schemas"
)

// opened is a case of the files under paths.
func opened(t *testing.T, paths ...string) (*store.Case, []*schema.Source) {
	t.Helper()
	ctx := t.Context()
	sources := schematest.Shipped(t)
	c, err := store.Open(ctx, filepath.Join(t.TempDir(), "case.duckdb"), store.Options{Create: true, Schemas: schemas.FS})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	f, err := find.NewFinder(find.Options{Sources: sources, Scratch: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	files, err := f.Find(ctx, paths)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := load.Load(ctx, c, files, load.Options{Sources: sources, Now: func() time.Time { return time.Unix(0, 0) }}); err != nil {
		t.Fatal(err)
	}
	return c, sources
}

func rule(t *testing.T, name, text string) pattern.Rule {
	t.Helper()
	p, err := pattern.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return pattern.Rule{Name: name, Pattern: p, Text: text}
}

// results are the findings of a search, a line each: rule, source, id, place.
func results(t *testing.T, c *store.Case, found *pattern.Found) []string {
	t.Helper()
	var out []string
	err := found.Each(context.Background(), c, -1, 0, func(rule int, cells []any) error {
		out = append(out, fmt.Sprintf("%d %v %v %v.%v", rule, cells[1], cells[12], cells[13], cells[14]))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

// flat are the leaves of a JSON value by their dotted paths.
func flat(path string, v any, out map[string][]any) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			p := k
			if path != "" {
				p = path + "." + k
			}
			flat(p, x, out)
		}
	case []any:
		for _, x := range v {
			flat(path, x, out)
		}
	default:
		out[path] = append(out[path], v)
	}
}

// records are the CloudTrail records of a folder, as JSON.
func records(t *testing.T, dir string) []json.RawMessage {
	t.Helper()
	var out []json.RawMessage
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		z, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			return err
		}
		var file struct{ Records []json.RawMessage }
		if err := json.NewDecoder(z).Decode(&file); err != nil {
			return err
		}
		out = append(out, file.Records...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// wrapped is a CloudTrail record as EventBridge shows it, made without the code
// under test.
func wrapped(t *testing.T, raw json.RawMessage) (event []byte, fields map[string][]any, id string) {
	t.Helper()
	var r map[string]any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&r); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]string{"AwsApiCall": "AWS API Call via CloudTrail", "AwsConsoleSignIn": "AWS Console Sign In via CloudTrail",
		"AwsServiceEvent": "AWS Service Event via CloudTrail", "AwsConsoleAction": "AWS Console Action via CloudTrail"}
	kind, _ := r["eventType"].(string)
	host, _ := r["eventSource"].(string)
	id, _ = r["eventID"].(string)
	if kinds[kind] == "" {
		t.Fatalf("record of type %s", kind)
	}
	e := map[string]any{"version": "0", "id": id, "detail-type": kinds[kind], "source": "aws." + strings.TrimSuffix(host, ".amazonaws.com"),
		"account": r["recipientAccountId"], "time": r["eventTime"], "region": r["awsRegion"], "resources": []any{}, "detail": json.RawMessage(raw)}
	event, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	e["detail"] = r
	fields = map[string][]any{}
	flat("", e, fields)
	return event, fields, id
}

// random makes a pattern that asks for some fields of an event, mostly so that
// the event matches.
func random(r *rand.Rand, fields map[string][]any) string {
	paths := slices.Sorted(maps.Keys(fields))
	leaf := func() string {
		path := paths[r.IntN(len(paths))]
		v := fields[path][r.IntN(len(fields[path]))]
		quote := func(x any) string {
			b, err := json.Marshal(x)
			if err != nil {
				panic(err)
			}
			return string(b)
		}
		var ask string
		s, isText := v.(string)
		letters := []rune(s)
		switch k := r.IntN(14); {
		case k == 0:
			ask = `{"exists":true}`
		case k == 1:
			ask = `{"exists":false}`
			if r.IntN(2) == 0 {
				path += ".none"
			}
		case k == 2 && isText:
			ask = `{"anything-but":` + quote(s+"x") + `}`
		case k == 3 && isText && len(letters) > 1:
			ask = `{"prefix":` + quote(string(letters[:len(letters)/2])) + `}`
		case k == 4 && isText && len(letters) > 1:
			ask = `{"suffix":` + quote(string(letters[len(letters)/2:])) + `}`
		case k == 5 && isText:
			ask = `{"equals-ignore-case":` + quote(strings.ToUpper(s)) + `}`
		case k == 6 && isText && len(letters) > 3 && !strings.ContainsAny(s, `*\`):
			ask = `{"wildcard":` + quote(string(letters[:2])+"*"+string(letters[len(letters)-1:])) + `}`
		case k == 7 && isText && strings.Count(s, ".") == 3 && !strings.ContainsAny(s, " -/:abcdefghijklmnopqrstuvwxyz"):
			ask = `{"cidr":` + quote(s+fmt.Sprintf("/%d", r.IntN(33))) + `}`
		case k == 8:
			ask = `"no such value"`
		default:
			if n, ok := v.(json.Number); ok && r.IntN(2) == 0 {
				ask = `{"numeric":["<=",` + n.String() + `]}`
				break
			}
			ask = quote(v)
		}
		if r.IntN(6) == 0 {
			ask += `,` + quote("other")
		}
		return quote(path) + ":[" + ask + "]"
	}
	var parts []string
	for range 1 + r.IntN(3) {
		parts = append(parts, leaf())
	}
	if r.IntN(4) == 0 {
		parts = append(parts, `"$or":[{`+leaf()+`},{`+leaf()+`,`+leaf()+`}]`)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// TestSearchIsExact: rows of a case, read by condition or all of them, match
// exactly the patterns that the records themselves match.
func TestSearchIsExact(t *testing.T) {
	const dir = "../../testdata/evidence/AWSLogs/111122223333/CloudTrail"
	c, sources := opened(t, dir)
	raw := records(t, dir)
	r := rand.New(rand.NewPCG(1, 2))
	events := map[string][]byte{} // by id: two trails deliver the same
	var all []map[string][]any
	for _, x := range raw {
		event, fields, id := wrapped(t, x)
		events[id] = event
		all = append(all, fields)
	}
	for round := range 12 {
		var rules []pattern.Rule
		var parsed []*pattern.Pattern
		for i := range 40 {
			x := rule(t, fmt.Sprint(i), random(r, all[r.IntN(len(all))]))
			rules, parsed = append(rules, x), append(parsed, x.Pattern)
		}
		if round%2 == 0 { // few patterns: each is part of the condition
			rules, parsed = rules[:5], parsed[:5]
		}
		narrow, err := pattern.Search(t.Context(), c, sources, rules, pattern.Options{})
		if err != nil {
			t.Fatal(err)
		}
		whole, err := pattern.Search(t.Context(), c, sources, rules, pattern.Options{Whole: true})
		if err != nil {
			t.Fatal(err)
		}
		got := results(t, c, narrow)
		if d := cmp.Diff(results(t, c, whole), got); d != "" {
			t.Errorf("round %d: all rows, and those that may match: %s", round, d)
		}
		var ids, want []string
		for _, line := range got {
			part := strings.Fields(line)
			ids = append(ids, part[0]+" "+part[2])
		}
		set := pattern.NewSet(parsed)
		for id, event := range events {
			matched, err := set.Match(event, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, rule := range matched {
				want = append(want, fmt.Sprintf("%d %s", rule, id))
			}
		}
		slices.Sort(ids)
		slices.Sort(want)
		if d := cmp.Diff(want, ids); d != "" {
			for i, x := range rules {
				t.Logf("%d %s", i, x.Text)
			}
			t.Fatalf("round %d: the records, and the rows: %s", round, d)
		}
		if len(want) == 0 {
			t.Errorf("round %d: no pattern matches anything", round)
		}
	}
}

const trail = `{"Records":[
{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/a","sessionContext":{"attributes":{"mfaAuthenticated":"false"}},"new":[{"k":1,"v":"x"},{"k":2,"v":"y"}]},"eventTime":"2026-01-02T03:04:05Z","eventSource":"ec2.amazonaws.com","eventName":"RunInstances","awsRegion":"eu-west-1","sourceIPAddress":"198.51.100.7","errorCode":null,"userAgent":"","requestParameters":{"minCount":1,"tags":["a\u0062c"],"x":{"y":null}},"readOnly":false,"managementEvent":true,"eventCategory":"Management","eventType":"AwsApiCall","eventID":"e1","recipientAccountId":"111122223333","novel":{"deep":[true,3.50]}},
{"eventVersion":"1.11","eventTime":"2026-01-02T03:05:05Z","eventSource":"ec2.amazonaws.com","eventName":"DescribeInstances","awsRegion":"eu-west-1","readOnly":true,"managementEvent":true,"eventCategory":"Management","eventType":"AwsApiCall","eventID":"e2","recipientAccountId":"111122223333"},
{"eventVersion":"1.11","eventTime":"2026-01-02T03:06:05Z","eventSource":"sts.amazonaws.com","eventName":"GetSessionToken","awsRegion":"us-east-1","readOnly":true,"managementEvent":true,"eventCategory":"Management","eventType":"AwsApiCall","eventID":"e3","recipientAccountId":"111122223333"},
{"eventVersion":"1.11","eventTime":"2026-01-02T03:07:05Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-west-1","readOnly":true,"managementEvent":false,"eventCategory":"Data","eventType":"AwsApiCall","eventID":"e4","recipientAccountId":"111122223333","requestParameters":{"bucketName":"b"},"sourceIPAddress":["198.51.100.9"]},
{"eventVersion":"1.11","eventTime":"2026-01-02T03:08:05Z","eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","awsRegion":"us-east-1","eventType":"AwsConsoleSignIn","eventID":"e5","recipientAccountId":"111122223333","managementEvent":true,"readOnly":false,"eventCategory":"Management"},
{"eventVersion":"1.11","eventTime":"2026-01-02T03:09:05Z","eventSource":"kms.amazonaws.com","eventName":"RotateKey","awsRegion":"us-east-1","eventType":"AwsServiceEvent","eventID":"e6","recipientAccountId":"444455556666","managementEvent":true,"readOnly":false,"eventCategory":"Management"}
]}`

const others = `{"version":"0","id":"b1","detail-type":"EC2 Instance State-change Notification","source":"aws.ec2","account":"111122223333","time":"2026-01-02T03:04:05Z","region":"eu-west-1","resources":["arn:aws:ec2:eu-west-1:111122223333:instance/i-1"],"detail":{"instance-id":"i-1","state":"running"}}
{"version":"0","id":"b2","detail-type":"Order","source":"shop.example","account":"111122223333","time":"2026-01-02T03:04:06Z","region":"eu-west-1","resources":[],"detail":{"lines":[{"sku":"a","n":1},{"sku":"b","n":2}],"total":12.50}}
`

const guard = `{"schemaVersion":"2.0","accountId":"111122223333","region":"eu-west-1","partition":"aws","id":"g1","arn":"arn:aws:guardduty:eu-west-1:111122223333:detector/d/finding/g1","type":"Recon:EC2/PortProbeUnprotectedPort","resource":{"resourceType":"Instance","instanceDetails":{"instanceId":"i-1","tags":[{"key":"env","value":"prod"},{"key":"owner","value":"dev"}]}},"service":{"serviceName":"guardduty","count":2,"archived":true},"severity":8,"createdAt":"2026-01-02T03:05:00.123Z","updatedAt":"2026-01-02T03:06:00.000Z","title":"t","description":"d"}
`

const hub = `{"Findings":[{"SchemaVersion":"2018-10-08","Id":"h1","ProductArn":"arn:aws:securityhub:eu-west-1::product/aws/securityhub","GeneratorId":"g","AwsAccountId":"111122223333","Types":["a/b"],"CreatedAt":"2026-01-02T03:04:05.678Z","UpdatedAt":"2026-01-02T03:04:05.678Z","Severity":{"Label":"MEDIUM","Normalized":40},"Title":"t","Description":"d","Resources":[{"Type":"AwsAccount","Id":"x"}],"RecordState":"ACTIVE","Workflow":{"Status":"NEW"},"Compliance":{"Status":"FAILED"}}]}`

// TestRowsAsEvents: what EventBridge would have shown of each kind of record.
func TestRowsAsEvents(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"trail.json": trail, "bus.ndjson": others, "guardduty.ndjson": guard, "hub.json": hub} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c, sources := opened(t, dir)
	tests := []struct{ text, want string }{
		{`{"source":["aws.ec2"]}`, "b1 e1 e2"},
		{`{"source":[{"prefix":"aws."}],"account":["444455556666"]}`, "e6"},
		{`{"version":["0"],"source":["aws.sts"],"region":["us-east-1"]}`, "e3"},
		{`{"detail-type":["AWS API Call via CloudTrail"]}`, "e1 e2 e3 e4"},
		{`{"detail-type":["AWS Console Sign In via CloudTrail"],"source":["aws.signin"]}`, "e5"},
		{`{"detail-type":["AWS Console Signin via CloudTrail"]}`, "e5"},
		{`{"detail-type":["AWS Service Event via CloudTrail"]}`, "e6"},
		{`{"time":[{"prefix":"2026-01-02T03:04:05Z"}]}`, "b1 e1"},
		{`{"resources":[{"exists":true}]}`, "b1 h1"},
		{`{"resources":["arn:aws:securityhub:eu-west-1::product/aws/securityhub/h1"]}`, "h1"},
		// The types that AWS writes, not those of the columns.
		{`{"detail":{"readOnly":[true]}}`, "e2 e3 e4"},
		{`{"detail":{"readOnly":["true"]}}`, ""},
		{`{"detail":{"userIdentity":{"sessionContext":{"attributes":{"mfaAuthenticated":["false"]}}}}}`, "e1"},
		{`{"detail":{"userIdentity":{"sessionContext":{"attributes":{"mfaAuthenticated":[false]}}}}}`, ""},
		{`{"detail":{"requestParameters":{"minCount":[{"numeric":["=",1]}]}}}`, "e1"},
		{`{"detail":{"eventTime":["2026-01-02T03:04:05Z"]}}`, "e1"},
		// Null, empty and absent stay three.
		{`{"source":["aws.ec2"],"detail":{"errorCode":[null]}}`, "e1"},
		{`{"source":["aws.ec2"],"detail":{"errorCode":[{"exists":false}]}}`, "b1 e2"},
		{`{"detail":{"userAgent":[""]}}`, "e1"},
		{`{"detail":{"requestParameters":{"x":{"y":[null]}}}}`, "e1"},
		// What has no column, does not fit one, or is written with escapes.
		{`{"detail":{"novel":{"deep":[3.5]}}}`, "e1"},
		{`{"detail":{"userIdentity":{"new":{"k":[2],"v":["y"]}}}}`, "e1"},
		{`{"detail":{"userIdentity":{"new":{"k":[1],"v":["y"]}}}}`, ""},
		{`{"detail":{"sourceIPAddress":[{"cidr":"198.51.100.0/24"}]}}`, "e1 e4"},
		{`{"detail":{"sourceIPAddress":["198.51.100.9"]}}`, "e4"},
		{`{"detail":{"requestParameters":{"tags":["abc"]}}}`, "e1"},
		{`{"detail":{"lines":{"sku":["b"],"n":[2]},"total":[12.5]}}`, "b2"},
		{`{"detail":{"lines":{"sku":["a"],"n":[2]}}}`, ""},
		{`{"source":["aws.guardduty"],"detail":{"severity":[{"numeric":[">=",7]}],"type":[{"prefix":"Recon:"}]}}`, "g1"},
		{`{"detail":{"resource":{"instanceDetails":{"tags":{"key":["env"],"value":["prod"]}}},"updatedAt":["2026-01-02T03:06:00.000Z"]}}`, "g1"},
		{`{"detail":{"resource":{"instanceDetails":{"tags":{"key":["env"],"value":["dev"]}}}}}`, ""},
		{`{"source":["aws.securityhub"],"detail-type":["Security Hub Findings - Imported"],"detail":{"findings":{"Severity":{"Label":["MEDIUM"]},"Compliance":{"Status":["FAILED"]}}}}`, "h1"},
		{`{"source":["aws.s3","aws.guardduty"],"$or":[{"detail":{"eventName":["GetObject"]}},{"detail":{"severity":[8.0]}}]}`, "e4 g1"},
	}
	var rules []pattern.Rule
	for i, tc := range tests {
		rules = append(rules, rule(t, fmt.Sprint(i), tc.text))
	}
	check := func(rules []pattern.Rule, o pattern.Options, first int) {
		t.Helper()
		found, err := pattern.Search(t.Context(), c, sources, rules, o)
		if err != nil {
			t.Fatal(err)
		}
		got := make([][]string, len(rules))
		for _, line := range results(t, c, found) {
			var rule int
			part := strings.Fields(line)
			if _, err := fmt.Sscan(part[0], &rule); err != nil {
				t.Fatal(err)
			}
			got[rule] = append(got[rule], part[2])
		}
		for i := range rules {
			slices.Sort(got[i])
			if ids := strings.Join(got[i], " "); ids != tests[first+i].want {
				t.Errorf("%s: %q, want %q", rules[i].Text, ids, tests[first+i].want)
			}
		}
	}
	check(rules, pattern.Options{}, 0)
	check(rules, pattern.Options{Whole: true}, 0)
	for i := range rules {
		check(rules[i:i+1], pattern.Options{}, i)
	}

	// What a rule's state, place and bus keep from it, and what is to be said.
	call := `{"detail-type":[{"suffix":"via CloudTrail"}]}`
	all := []pattern.Rule{rule(t, "pattern", call), rule(t, "enabled", call), rule(t, "all", call), rule(t, "disabled", call), rule(t, "bus", call)}
	for i, state := range []string{"", pattern.Enabled, pattern.EnabledWithAll, pattern.Disabled, pattern.Enabled} {
		if all[i].State = state; state != "" {
			all[i].ARN = "arn:aws:events:eu-west-1:111122223333:rule/" + all[i].Name
		}
	}
	all[4].Bus = "mine"
	found, err := pattern.Search(t.Context(), c, sources, all, pattern.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	err = found.Each(t.Context(), c, -1, 0, func(rule int, x []any) error {
		got = append(got, fmt.Sprintf("%v %v: %v (%v)", x[12], all[rule].Name, x[7], x[10]))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	const reads = "a read-only management event: only rules in state ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS get it"
	const data = "a data event: EventBridge gets it only while a trail logs such events"
	const bus = "the rule is on another bus than the default one: it gets this only if forwarded there"
	want := []string{
		"e1 pattern: matches (<nil>)", "e1 enabled: would have fired (<nil>)", "e1 all: would have fired (<nil>)", "e1 disabled: would have fired, but is disabled (<nil>)", "e1 bus: would have fired (" + bus + ")",
		"e2 pattern: matches (" + reads + ")", "e2 all: would have fired (<nil>)", "e2 disabled: would have fired, but is disabled (" + reads + ")",
		"e3 pattern: matches (<nil>)",
		"e4 pattern: matches (" + data + ")", "e4 enabled: would have fired (" + data + ")", "e4 all: would have fired (" + data + ")", "e4 disabled: would have fired, but is disabled (" + data + ")", "e4 bus: would have fired (" + data + "; " + bus + ")",
		"e5 pattern: matches (<nil>)", "e6 pattern: matches (<nil>)",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if x := found.Tallies[1]; x.Hits != 2 || x.ReadOnly != 1 || x.Elsewhere != 3 {
		t.Errorf("%+v", x)
	}
}
