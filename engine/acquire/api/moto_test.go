package api

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"logquarry/engine/acquire"
	"logquarry/engine/acquire/moto"
	"logquarry/engine/acquire/policy"
)

// stranger asks a service by somebody else's notion of it: moto, a stand-in for AWS
// of another make.
func stranger(t *testing.T) *acquire.Session {
	t.Helper()
	python := os.Getenv("QUARRY_TEST_PYTHON")
	if python == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("QUARRY_TEST_PYTHON names no Python with what .ci/requirements.txt lists")
		}
		t.Skip("QUARRY_TEST_PYTHON names no Python with what .ci/requirements.txt lists")
	}
	server, err := moto.Start(t.Context(), python)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	t.Setenv("AWS_CA_BUNDLE", "")
	return &acquire.Session{Endpoint: server.Endpoint, Region: "eu-west-1", RoleARN: "arn:aws:iam::111122223333:role/responder", ExternalID: "case-7", Options: []func(*config.LoadOptions) error{
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", "")),
		config.WithSharedConfigFiles(nil), config.WithSharedCredentialsFiles(nil), config.WithBaseEndpoint(server.Endpoint),
	}}
}

func TestMoto(t *testing.T) {
	s := stranger(t)
	dir := t.TempDir()
	f := open(t, s, dir)
	f.Now = time.Now
	f.Regions = []string{"eu-west-1", "us-east-1"}
	do := func(service, op, region string, in map[string]any) json.RawMessage {
		t.Helper()
		c := call{op: policy.Operation{Service: service, Name: op}, region: region, in: in}
		if service == "guardduty" || service == "securityhub" {
			c.method, c.path = "POST", op
		}
		got, err := f.ask(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		return got.body
	}
	run := func(name string, sum *Summary, err error) *Summary {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, e := range sum.Failed {
			t.Errorf("%s: %v", name, e)
		}
		return sum
	}
	at := time.Now().Add(-3 * time.Hour)

	// The role is assumed, and is in its own account.
	do("logs", "CreateLogGroup", "eu-west-1", map[string]any{"logGroupName": "/aws/vpc/flows"})
	do("logs", "CreateLogStream", "eu-west-1", map[string]any{"logGroupName": "/aws/vpc/flows", "logStreamName": "eni-0a1b-all"})
	var events []map[string]any
	for i := range 30 {
		events = append(events, map[string]any{"timestamp": at.Add(time.Duration(i) * time.Second).UnixMilli(), "message": flow})
	}
	do("logs", "PutLogEvents", "eu-west-1", map[string]any{"logGroupName": "/aws/vpc/flows", "logStreamName": "eni-0a1b-all", "logEvents": events})
	f.Since = at.Add(-time.Hour)
	sum, err := f.CloudWatchLogs(t.Context(), Logs{Groups: []string{"/aws/vpc/*"}})
	// moto's log group is younger than its events.
	if sum = run("logs", sum, err); sum.Account != account {
		t.Errorf("account %s", sum.Account)
	}
	groups, err := f.logGroups(t.Context(), "eu-west-1", nil)
	if err != nil || len(groups) != 1 || groups[0].name != "/aws/vpc/flows" {
		t.Fatalf("%v, %v", groups, err)
	}
	groups[0].made = time.Time{}
	w, err := f.window(0)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.filter(t.Context(), "logs", "eu-west-1", groups[0], Logs{}, w); err != nil {
		t.Fatal(err)
	}
	if err := f.insights(t.Context(), "logs", "eu-west-1", groups[0], "fields @timestamp, @message | sort @timestamp asc", w); err != nil {
		t.Fatal(err)
	}

	sum, err = f.ConfigHistory(t.Context(), []string{"AWS::S3::Bucket"})
	run("config", sum, err)

	do("ec2", "AllocateAddress", "eu-west-1", map[string]any{"Domain": "vpc"})
	do("ec2", "RunInstances", "eu-west-1", map[string]any{"ImageId": "ami-12c6146b", "MinCount": 2, "MaxCount": 2})
	sum, err = f.EC2Inventory(t.Context())
	if sum = run("ec2", sum, err); sum.Items != 3 {
		t.Errorf("ec2: %+v", sum)
	}

	// moto has detectors, and no findings of theirs.
	do("guardduty", "/detector", "ap-south-1", map[string]any{"enable": true})
	sum, err = f.GuardDuty(t.Context())
	run("guardduty", sum, err)

	do("securityhub", "/accounts", "eu-west-1", map[string]any{})
	now := time.Now().UTC().Add(-2 * time.Hour).Format("2006-01-02T15:04:05.000Z")
	do("securityhub", "/findings/import", "eu-west-1", map[string]any{"Findings": []map[string]any{{
		"SchemaVersion": "2018-10-08", "Id": "f-1", "ProductArn": "arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default", "GeneratorId": "g", "AwsAccountId": account, "Types": []string{"x"},
		"CreatedAt": now, "UpdatedAt": now, "Severity": map[string]any{"Label": "LOW"}, "Title": "t", "Description": "d", "Resources": []map[string]any{{"Type": "AwsAccount", "Id": "x"}}}}})
	f.Regions = []string{"eu-west-1"}
	sum, err = f.SecurityHub(t.Context())
	if sum = run("securityhub", sum, err); sum.Items != 1 {
		t.Errorf("securityhub: %+v", sum)
	}

	found := map[string]int{}
	for path, source := range sourcesOf(t, dir) {
		found[source]++
		if strings.Contains(source, "nothing") {
			t.Errorf("%s is taken for %s", path, source)
		}
	}
	if found["vpc_flow"] != 2 || found["ec2_inventory"] == 0 || found["securityhub"] != 1 {
		t.Errorf("%v", found)
	}
	// All Regions that are enabled.
	f.Regions = nil
	if err := f.begin(t.Context(), "none"); err != nil || !slices.Contains(f.sum.Regions, "eu-west-1") || len(f.sum.Regions) < 10 {
		t.Errorf("%v, %v", f.sum.Regions, err)
	}
	entries(t, dir)
}
