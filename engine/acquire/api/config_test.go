package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// configAnswers is Config with a few resources of two types.
func configAnswers() map[string]func(string, map[string]any) any {
	return map[string]func(string, map[string]any) any{
		"config GetDiscoveredResourceCounts": func(_ string, in map[string]any) any {
			if in["nextToken"] == nil {
				return event{"resourceCounts": []event{{"resourceType": "AWS::EC2::Instance", "count": 120}}, "nextToken": "t"}
			}
			return event{"resourceCounts": []event{{"resourceType": "AWS::SNS::Topic", "count": 1}}}
		},
		"config ListDiscoveredResources": func(_ string, in map[string]any) any {
			if in["includeDeletedResources"] != true {
				panic("deleted resources are not asked for")
			}
			list := []event{}
			switch in["resourceType"] {
			case "AWS::EC2::Instance":
				for i := range 100 {
					if in["nextToken"] == "t" {
						i += 100
					}
					if i < 120 {
						list = append(list, event{"resourceType": in["resourceType"], "resourceId": fmt.Sprintf("i-%03d", i)})
					}
				}
				if in["nextToken"] == nil {
					return event{"resourceIdentifiers": list, "nextToken": "t"}
				}
			case "AWS::SNS::Topic":
				list = append(list, event{"resourceId": "arn:aws:sns:eu-west-1:111122223333:topic"})
			case "AWS::KMS::Key":
				panic(refused{400, "ValidationException", "not a type"})
			}
			return event{"resourceIdentifiers": list}
		},
		"config GetResourceConfigHistory": func(_ string, in map[string]any) any {
			if in["resourceId"] == "i-007" {
				panic(refused{400, "ResourceNotDiscoveredException", "gone"})
			}
			state := 1
			if in["chronologicalOrder"] == "Reverse" {
				state = 0
			}
			item := event{"version": "1.3", "accountId": account, "configurationItemCaptureTime": float64(number(in, "laterTime")), "configurationItemStatus": "OK", "configurationStateId": fmt.Sprint(state),
				"arn": "a", "resourceType": in["resourceType"], "resourceId": in["resourceId"], "awsRegion": "eu-west-1", "configuration": `{"a":1}`}
			return event{"configurationItems": []event{item}}
		},
		"config DescribeConfigRules": func(string, map[string]any) any {
			return event{"ConfigRules": []event{{"ConfigRuleName": "no-public"}, {"ConfigRuleName": "unused"}}}
		},
		"config GetComplianceDetailsByConfigRule": func(_ string, in map[string]any) any {
			if in["ConfigRuleName"] == "unused" {
				return event{"EvaluationResults": []event{}}
			}
			result := event{"EvaluationResultIdentifier": event{"EvaluationResultQualifier": event{"ConfigRuleName": "no-public", "ResourceType": "AWS::S3::Bucket", "ResourceId": "b"}, "OrderingTimestamp": 1773129600.0},
				"ComplianceType": "NON_COMPLIANT", "ResultRecordedTime": 1773129600.5, "ConfigRuleInvokedTime": 1773129599.5}
			if in["NextToken"] == nil {
				return event{"EvaluationResults": []event{result}, "NextToken": "t"}
			}
			return event{"EvaluationResults": []event{result}}
		},
		"config SelectAggregateResourceConfig": func(_ string, in map[string]any) any {
			text, err := json.Marshal(event{"configurationItemCaptureTime": "2026-03-10T11:00:00.000Z", "resourceType": "AWS::S3::Bucket", "resourceId": "b", "accountId": account, "awsRegion": "eu-west-1", "configuration": event{"name": "b"}})
			if err != nil {
				panic(err)
			}
			return event{"Results": []string{string(text)}, "QueryInfo": event{}}
		},
		"config DescribeDeliveryChannels": func(string, map[string]any) any {
			return event{"DeliveryChannels": []event{{"name": "default", "s3BucketName": "shop-config", "s3KeyPrefix": "p"}}}
		},
		"config DeliverConfigSnapshot": func(string, map[string]any) any { return event{"configSnapshotId": "snap-1"} },
	}
}

// items are the resources and states in the files.
func items(t *testing.T, dir string) map[string]int {
	t.Helper()
	all := map[string]int{}
	for _, list := range lines(t, dir) {
		for _, line := range list {
			var page struct {
				ConfigurationItems []struct{ ResourceID, ConfigurationStateID string }
			}
			if err := json.Unmarshal([]byte(line), &page); err != nil {
				t.Fatal(err)
			}
			for _, i := range page.ConfigurationItems {
				all[i.ResourceID+" "+i.ConfigurationStateID]++
			}
		}
	}
	return all
}

func TestConfigHistory(t *testing.T) {
	a := &cloud{t: t, regions: []string{"eu-west-1"}, answers: configAnswers()}
	dir := t.TempDir()
	f := open(t, a.serve(), dir)
	f.Since, f.Until = now.Add(-48*time.Hour), now.Add(-2*time.Hour)
	// The connection goes after a while: batches that are whole stay.
	plain, calls := a.answers["config GetResourceConfigHistory"], 0
	a.answers["config GetResourceConfigHistory"] = func(region string, in map[string]any) any {
		a.mu.Lock()
		calls++
		over := calls > 180
		a.mu.Unlock()
		if over {
			panic(refused{400, "ExpiredTokenException", "expired"})
		}
		return plain(region, in)
	}
	sum, err := f.ConfigHistory(t.Context(), nil)
	if err != nil || len(sum.Failed) == 0 {
		t.Fatalf("%+v, %v", sum, err)
	}
	a.answers["config GetResourceConfigHistory"] = plain
	before := a.count("config GetResourceConfigHistory")
	f = again(t, f)
	sum, err = f.ConfigHistory(t.Context(), nil)
	if err != nil || len(sum.Failed) > 0 || !slices.ContainsFunc(sum.Notes, func(n string) bool { return strings.Contains(n, "AWS::KMS::Key") }) {
		t.Fatalf("%+v, %v", sum, err)
	}
	first := a.count("config GetResourceConfigHistory") - before
	got := items(t, dir)
	// The state in the window, and the last before it, of 120 instances but one and a topic.
	if len(got) != 2*120 {
		t.Errorf("%d items", len(got))
	}
	for item, n := range got {
		if n != 1 {
			t.Errorf("%s is there %d times", item, n)
		}
	}
	if sum.Kept+int64(first)/2 < 110 || first > 2*122 {
		t.Errorf("%d resources were kept, %d calls made", sum.Kept, first)
	}
	for path, source := range sourcesOf(t, dir) {
		if source != "config_items" {
			t.Errorf("%s is taken for %s", path, source)
		}
	}
	before = a.count("config GetResourceConfigHistory")
	f = again(t, f)
	if sum, err = f.ConfigHistory(t.Context(), []string{"AWS::EC2::Instance"}); err != nil || a.count("config GetResourceConfigHistory") != before || sum.Kept != 120 {
		t.Errorf("again: %+v, %v", sum, err)
	}
}

func TestConfigStates(t *testing.T) {
	a := &cloud{t: t, regions: []string{"eu-west-1"}, answers: configAnswers()}
	s := a.serve()
	dir := t.TempDir()
	f := open(t, s, dir)
	if sum, err := f.ConfigRules(t.Context()); err != nil || sum.Items != 2 || sum.Files != 1 {
		t.Errorf("rules: %+v, %v", sum, err)
	}
	for path, source := range sourcesOf(t, dir) {
		if source != "config_compliance" {
			t.Errorf("%s is taken for %s", path, source)
		}
	}
	dir = t.TempDir()
	f = open(t, s, dir)
	if sum, err := f.ConfigAggregator(t.Context(), "org", ""); err != nil || sum.Items != 1 || !slices.Equal(sum.Regions, []string{"eu-west-1"}) {
		t.Errorf("aggregator: %+v, %v", sum, err)
	}
	for path, source := range sourcesOf(t, dir) {
		if source != "config_items" {
			t.Errorf("%s is taken for %s", path, source)
		}
	}
	if a.count("config DeliverConfigSnapshot") > 0 {
		t.Error("a snapshot was delivered unasked")
	}
	sum, err := f.DeliverSnapshot(t.Context())
	if err != nil || len(sum.Notes) != 1 || !strings.Contains(sum.Notes[0], "--bucket shop-config --prefix p") {
		t.Errorf("snapshot: %+v, %v", sum, err)
	}
	// Asked again it is not delivered again.
	f = again(t, f)
	if _, err := f.DeliverSnapshot(t.Context()); err != nil || a.count("config DeliverConfigSnapshot") != 1 {
		t.Errorf("delivered %d times, %v", a.count("config DeliverConfigSnapshot"), err)
	}
}
