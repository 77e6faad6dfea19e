package pattern_test

import (
	"os"
	"path/filepath"
	"testing"

	"logquarry/engine/pattern"
)

// TestRealEvents: each event of a collection of real ones matches the pattern
// that names its source, alone and beside all the others.
func TestRealEvents(t *testing.T) {
	const dir = "../../../shared/data/cloud-custodian-events"
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("%s is not there", dir)
	}
	files, err := filepath.Glob(filepath.Join(dir, "event-*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, len(files))
	}
	tests := map[string]string{
		"event-instance-state.json":                           `{"source":["aws.ec2"],"detail-type":[{"prefix":"EC2 Instance"}],"detail":{"state":[{"anything-but":"terminated"}]}}`,
		"event-securityhub-iamkey-finding-action.json":        `{"source":["aws.securityhub"],"detail":{"findings":{"Resources":{"Type":["AwsIamAccessKey"]}}}}`,
		"event-phd-ec2-retire.json":                           `{"source":["aws.health"],"detail":{"eventTypeCategory":[{"exists":true}]}}`,
		"event-scheduled.json":                                `{"detail-type":["Scheduled Event"],"detail":{"anything":[{"exists":false}]}}`,
		"event-asg-instance-failed.json":                      `{"source":["aws.autoscaling"],"detail":{"StatusCode":["Failed"]}}`,
		"event-transit-gateway-delete-vpc-attachment.json":    `{"detail":{"eventSource":[{"suffix":".amazonaws.com"}],"requestParameters":{"DelTGwVpcAttachReq":{"TransitGatewayAttachmentId":[{"wildcard":"tgw-attach-*"}]}}}}`,
		"event-cloud-trail-run-instance-creator-assumed.json": `{"eventName":["RunInstances"],"responseElements":{"instancesSet":{"items":{"instanceId":[{"prefix":"i-"}],"instanceState":{"code":[0]}}}}}`,
	}
	var names []string
	var patterns []*pattern.Pattern
	for name, text := range tests {
		names, patterns = append(names, name), append(patterns, rule(t, name, text).Pattern)
	}
	set := pattern.NewSet(patterns)
	hits := map[string]bool{}
	for _, file := range files {
		event, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got, err := set.Match(event, nil)
		if err != nil {
			t.Errorf("%s: %v", file, err)
		}
		for _, i := range got {
			if names[i] == filepath.Base(file) {
				hits[names[i]] = true
			}
		}
	}
	for _, name := range names {
		if !hits[name] {
			t.Errorf("%s does not match %s", name, tests[name])
		}
	}
}
