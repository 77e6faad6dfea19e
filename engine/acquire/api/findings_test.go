package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"logquarry/engine/acquire/policy"
)

const detector = "12abc34d567e8fa901bc2d34e56789f0"

// duty is GuardDuty with n findings, updated a minute apart, 3 a page.
func duty(n int) map[string]func(string, map[string]any) any {
	when := func(i int) time.Time { return now.Add(-5*time.Hour + time.Duration(i)*time.Minute) }
	return map[string]func(string, map[string]any) any{
		"guardduty GET /detector": func(region string, in map[string]any) any {
			if region != "eu-west-1" {
				return event{"detectorIds": []string{}}
			}
			return event{"detectorIds": []string{detector}}
		},
		"guardduty POST /detector/" + detector + "/findings": func(_ string, in map[string]any) any {
			bounds := in["findingCriteria"].(map[string]any)["criterion"].(map[string]any)["updatedAt"].(map[string]any)
			skip := 0
			if token, ok := in["nextToken"].(string); ok {
				fmt.Sscanf(token, "after-%d", &skip)
			}
			ids := []string{}
			for i := range n {
				if at := when(i).UnixMilli(); at >= number(bounds, "greaterThanOrEqual") && at < number(bounds, "lessThan") {
					ids = append(ids, fmt.Sprintf("%032d", i))
				}
			}
			out := event{"findingIds": ids[min(skip, len(ids)):min(skip+3, len(ids))]}
			if skip+3 < len(ids) {
				out["nextToken"] = fmt.Sprintf("after-%d", skip+3)
			}
			return out
		},
		"guardduty POST /detector/" + detector + "/findings/get": func(_ string, in map[string]any) any {
			list := []event{}
			for _, id := range in["findingIds"].([]any) {
				i := 0
				fmt.Sscanf(id.(string), "%d", &i)
				at := when(i).Format("2006-01-02T15:04:05.000Z")
				list = append(list, event{"accountId": account, "arn": "a", "createdAt": at, "updatedAt": at, "id": id, "region": "eu-west-1", "schemaVersion": "2.0", "severity": 5, "type": "Recon:EC2/PortProbeUnprotectedPort",
					"resource": event{"resourceType": "Instance"}, "service": event{"serviceName": "guardduty", "count": 1}})
			}
			slices.Reverse(list)
			return event{"findings": list}
		},
	}
}

func TestGuardDuty(t *testing.T) {
	a := &cloud{t: t, regions: []string{"eu-west-1", "us-east-1"}, answers: duty(10)}
	dir := t.TempDir()
	f := open(t, a.serve(), dir)
	f.Since, f.Until = now.Add(-6*time.Hour), now.Add(-2*time.Hour)
	sum, err := f.GuardDuty(t.Context())
	if err != nil || sum.Items != 10 || sum.Files != 2 {
		t.Fatalf("%+v, %v", sum, err)
	}
	if got := findings(t, dir); len(got) != 10 {
		t.Errorf("%d findings are there", len(got))
	}
	for path, source := range sourcesOf(t, dir) {
		if source != "guardduty" {
			t.Errorf("%s is taken for %s", path, source)
		}
	}
	f = again(t, f)
	if sum, err = f.GuardDuty(t.Context()); err != nil || sum.Items != 0 || sum.Kept == 0 {
		t.Errorf("again: %+v, %v", sum, err)
	}
}

// findings are the ids of the findings in the files, each once.
func findings(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	for _, list := range lines(t, dir) {
		for _, line := range list {
			var page struct{ Findings []struct{ ID string } }
			if err := json.Unmarshal([]byte(line), &page); err != nil {
				t.Fatal(err)
			}
			for _, f := range page.Findings {
				all = append(all, f.ID)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// hub is Security Hub with n findings, updated a minute apart, 3 a page.
func hub(n int) func(string, map[string]any) any {
	return func(region string, in map[string]any) any {
		bounds := in["Filters"].(map[string]any)["UpdatedAt"].([]any)[0].(map[string]any)
		skip := 0
		if token, ok := in["NextToken"].(string); ok {
			fmt.Sscanf(token, "after-%d", &skip)
		}
		list := []event{}
		for i := range n {
			at := now.Add(-5*time.Hour + time.Duration(i)*time.Minute).Format("2006-01-02T15:04:05.000Z")
			if at >= bounds["Start"].(string) && at <= bounds["End"].(string) {
				list = append(list, event{"SchemaVersion": "2018-10-08", "Id": fmt.Sprint("f-", i), "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/securityhub", "GeneratorId": "g", "AwsAccountId": account, "Types": []string{},
					"CreatedAt": at, "UpdatedAt": at, "Severity": event{"Label": "LOW"}, "Title": "t", "Description": "d", "Resources": []event{{"Type": "AwsAccount", "Id": "x"}}})
			}
		}
		out := event{"Findings": list[min(skip, len(list)):min(skip+3, len(list))]}
		if skip+3 < len(list) {
			out["NextToken"] = fmt.Sprintf("after-%d", skip+3)
		}
		return out
	}
}

func TestSecurityHub(t *testing.T) {
	a := &cloud{t: t, regions: []string{"eu-west-1"}, answers: map[string]func(string, map[string]any) any{"securityhub POST /findings": hub(10)}}
	dir := t.TempDir()
	f := open(t, a.serve(), dir)
	f.Since, f.Until = now.Add(-6*time.Hour), now.Add(-2*time.Hour)
	sum, err := f.SecurityHub(t.Context())
	if err != nil || sum.Items != 10 || sum.Files != 2 {
		t.Fatalf("%+v, %v", sum, err)
	}
	if got := findings(t, dir); len(got) != 10 {
		t.Errorf("%d findings are there", len(got))
	}
	for path, source := range sourcesOf(t, dir) {
		if source != "securityhub" {
			t.Errorf("%s is taken for %s", path, source)
		}
	}
	// Security Hub is not switched on in every Region.
	f = again(t, f)
	f.Since = now.Add(-10 * time.Hour)
	a.answers["securityhub POST /findings"] = func(string, map[string]any) any {
		panic(refused{401, "InvalidAccessException", "Account 111122223333 is not subscribed to AWS Security Hub"})
	}
	if sum, err = f.SecurityHub(t.Context()); err != nil || len(sum.Failed) != 0 || len(sum.Notes) != 1 || !strings.Contains(sum.Notes[0], "Security Hub is not in use in eu-west-1") {
		t.Errorf("%+v, %v", sum, err)
	}
}

const interfaces = `<?xml version="1.0" encoding="UTF-8"?>
<DescribeNetworkInterfacesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId><networkInterfaceSet><item>
<networkInterfaceId>eni-0a1b</networkInterfaceId><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId><availabilityZone>eu-west-1a</availabilityZone><description>a &lt;b&gt; "c"</description><ownerId>011122223333</ownerId>
<requesterManaged>false</requesterManaged><status>in-use</status><macAddress>02:00:5e:00:53:01</macAddress><privateIpAddress>10.0.0.5</privateIpAddress><sourceDestCheck>true</sourceDestCheck>
<groupSet><item><groupId>sg-1</groupId><groupName>web</groupName></item></groupSet>
<attachment><attachmentId>eni-attach-1</attachmentId><instanceId>i-1</instanceId><instanceOwnerId>011122223333</instanceOwnerId><deviceIndex>0</deviceIndex><attachTime>2026-01-02T03:04:05.000Z</attachTime></attachment>
<privateIpAddressesSet><item><privateIpAddress>10.0.0.5</privateIpAddress><primary>true</primary><association><publicIp>192.0.2.10</publicIp></association></item></privateIpAddressesSet>
<ipv6AddressesSet/><tagSet/>
</item></networkInterfaceSet>%s</DescribeNetworkInterfacesResponse>`

const addresses = `<DescribeAddressesResponse><addressesSet><item><publicIp>192.0.2.10</publicIp><allocationId>eipalloc-1</allocationId><domain>vpc</domain></item></addressesSet></DescribeAddressesResponse>`

func ec2() map[string]func(string, map[string]any) any {
	return map[string]func(string, map[string]any) any{
		"ec2 DescribeNetworkInterfaces": func(_ string, in map[string]any) any {
			if in["NextToken"] == nil {
				return fmt.Sprintf(interfaces, "<nextToken>more</nextToken>")
			}
			return fmt.Sprintf(strings.ReplaceAll(interfaces, "eni-0a1b", "eni-0b1b"), "")
		},
		"ec2 DescribeAddresses": func(string, map[string]any) any { return addresses },
	}
}

func TestEC2(t *testing.T) {
	a := &cloud{t: t, regions: []string{"eu-west-1"}, answers: ec2()}
	dir := t.TempDir()
	f := open(t, a.serve(), dir)
	sum, err := f.EC2Inventory(t.Context())
	if err != nil || sum.Items != 3 || sum.Files != 2 || len(sum.Failed) > 0 {
		t.Fatalf("%+v, %v", sum, err)
	}
	got := lines(t, dir)["ec2-inventory/111122223333/eu-west-1/DescribeNetworkInterfaces_20260310T120000Z.ndjson.gz"]
	if len(got) != 2 {
		t.Fatalf("%d lines: %v", len(got), got)
	}
	var page struct {
		Request           request `json:"@request"`
		NetworkInterfaces []map[string]any
	}
	if err := json.Unmarshal([]byte(got[0]), &page); err != nil {
		t.Fatal(err)
	}
	if page.Request.XML != fmt.Sprintf(interfaces, "<nextToken>more</nextToken>") {
		t.Errorf("EC2's own words: %s", page.Request.XML)
	}
	want := map[string]any{
		"NetworkInterfaceId": "eni-0a1b", "SubnetId": "subnet-1", "VpcId": "vpc-1", "AvailabilityZone": "eu-west-1a", "Description": `a <b> "c"`, "OwnerId": "011122223333", "RequesterManaged": false, "Status": "in-use",
		"MacAddress": "02:00:5e:00:53:01", "PrivateIpAddress": "10.0.0.5", "SourceDestCheck": true, "Groups": []any{map[string]any{"GroupId": "sg-1", "GroupName": "web"}},
		"Attachment":         map[string]any{"AttachmentId": "eni-attach-1", "InstanceId": "i-1", "InstanceOwnerId": "011122223333", "DeviceIndex": 0.0, "AttachTime": "2026-01-02T03:04:05.000Z"},
		"PrivateIpAddresses": []any{map[string]any{"PrivateIpAddress": "10.0.0.5", "Primary": true, "Association": map[string]any{"PublicIp": "192.0.2.10"}}},
		"Ipv6Addresses":      []any{}, "TagSet": []any{},
	}
	if d := cmp.Diff(want, page.NetworkInterfaces[0]); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	for path, source := range sourcesOf(t, dir) {
		if source != "ec2_inventory" {
			t.Errorf("%s is taken for %s", path, source)
		}
	}
	// It goes on within the hour, and asks anew after it.
	f = again(t, f)
	if sum, err = f.EC2Inventory(t.Context()); err != nil || sum.Kept != 2 || sum.Files != 0 {
		t.Errorf("again: %+v, %v", sum, err)
	}
	f = again(t, f)
	f.Now = func() time.Time { return now.Add(2 * time.Hour) }
	if sum, err = f.EC2Inventory(t.Context()); err != nil || sum.Files != 2 {
		t.Errorf("later: %+v, %v", sum, err)
	}
	// EC2's refusals are in XML.
	f = again(t, f)
	f.Now = func() time.Time { return now.Add(4 * time.Hour) }
	a.answers["ec2 DescribeAddresses"] = func(string, map[string]any) any {
		panic(refused{403, "UnauthorizedOperation", "You are not authorized to perform this operation."})
	}
	if sum, err = f.EC2Inventory(t.Context()); err != nil || sum.Files != 1 || len(sum.Failed) != 1 || !strings.Contains(sum.Failed[0].Error(), "ec2:DescribeAddresses") {
		t.Errorf("refused: %+v, %v", sum, err)
	}
}

// TestPartitions: who is asking is found out where the keys are known.
func TestPartitions(t *testing.T) {
	a := &cloud{t: t, answers: ec2()}
	f := open(t, a.serve(), t.TempDir())
	f.Regions = []string{"cn-north-1"}
	if _, err := f.EC2Inventory(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range a.calls {
		if c.region != "cn-north-1" {
			t.Errorf("%s was asked in %s", c.op, c.region)
		}
	}
}

func TestHosts(t *testing.T) {
	for _, c := range []struct {
		service, region string
		fips            bool
		want            string
	}{
		{"cloudtrail", "eu-west-1", false, "cloudtrail.eu-west-1.amazonaws.com"},
		{"logs", "cn-north-1", false, "logs.cn-north-1.amazonaws.com.cn"},
		{"config", "us-east-1", true, "config-fips.us-east-1.amazonaws.com"},
		{"guardduty", "us-gov-west-1", true, "guardduty.us-gov-west-1.amazonaws.com"},
		{"securityhub", "us-gov-west-1", true, "securityhub-fips.us-gov-west-1.amazonaws.com"},
		{"ec2", "us-iso-east-1", false, "ec2.us-iso-east-1.c2s.ic.gov"},
		{"sts", "eusc-de-east-1", false, "sts.eusc-de-east-1.amazonaws.eu"},
	} {
		if got := host(c.service, c.region, c.fips); got != c.want {
			t.Errorf("%s in %s: %s, want %s", c.service, c.region, got, c.want)
		}
	}
}

// TestLeastPrivilege: what each kind calls is what its policy allows, no more and
// no less.
func TestLeastPrivilege(t *testing.T) {
	all := func() *cloud {
		a := &cloud{t: t, regions: []string{"eu-west-1"}, answers: ec2()}
		for _, more := range []map[string]func(string, map[string]any) any{duty(4), configAnswers(), {
			"cloudtrail LookupEvents":    busy(5).lookup,
			"logs DescribeLogGroups":     logGroups("/g"),
			"logs FilterLogEvents":       filterLog(3, flow),
			"logs StartQuery":            func(string, map[string]any) any { return event{"queryId": "q"} },
			"logs GetQueryResults":       func(string, map[string]any) any { return event{"status": "Failed"} },
			"logs StopQuery":             func(string, map[string]any) any { return event{} },
			"securityhub POST /findings": hub(4),
		}} {
			for op, answer := range more {
				a.answers[op] = answer
			}
		}
		return a
	}
	// StopQuery is for what is cut short.
	stop := func(f *Fetch, a *cloud) error {
		a.answers["logs GetQueryResults"] = func(string, map[string]any) any { panic(refused{400, "InvalidParameterException", ""}) }
		_, err := f.CloudWatchLogs(t.Context(), Logs{Insights: "filter 1"})
		return err
	}
	plain := map[string]string{"GET /detector": "ListDetectors", "POST /detector/" + detector + "/findings": "ListFindings", "POST /detector/" + detector + "/findings/get": "GetFindings", "POST /findings": "GetFindings"}
	for _, c := range []struct {
		kind, wish string
		run        func(f *Fetch, a *cloud) error
	}{
		{"cloudtrail-history", "", func(f *Fetch, _ *cloud) error { _, err := f.CloudTrailHistory(t.Context(), Lookup{}); return err }},
		{"logs", "", func(f *Fetch, _ *cloud) error { _, err := f.CloudWatchLogs(t.Context(), Logs{}); return err }},
		{"logs", "insights", stop},
		{"config-history", "", func(f *Fetch, _ *cloud) error { _, err := f.ConfigHistory(t.Context(), nil); return err }},
		{"config-history", "rules", func(f *Fetch, _ *cloud) error { _, err := f.ConfigRules(t.Context()); return err }},
		{"config-history", "aggregator", func(f *Fetch, _ *cloud) error {
			_, err := f.ConfigAggregator(t.Context(), "org", "")
			return err
		}},
		{"config-history", "deliver-snapshot", func(f *Fetch, _ *cloud) error { _, err := f.DeliverSnapshot(t.Context()); return err }},
		{"guardduty-findings", "", func(f *Fetch, _ *cloud) error { _, err := f.GuardDuty(t.Context()); return err }},
		{"securityhub-findings", "", func(f *Fetch, _ *cloud) error { _, err := f.SecurityHub(t.Context()); return err }},
		{"ec2-inventory", "", func(f *Fetch, _ *cloud) error { _, err := f.EC2Inventory(t.Context()); return err }},
	} {
		a := all()
		f := open(t, a.serve(), t.TempDir())
		if err := c.run(f, a); err != nil {
			t.Fatal(err)
		}
		k, _ := policy.Lookup(c.kind)
		ops := k.Operations
		if c.wish != "" {
			ops = k.Also[c.wish]
		}
		var want []string
		for _, op := range ops {
			want = append(want, op.Service+" "+op.Name)
		}
		var got []string
		for _, op := range a.operations() {
			service, name, _ := strings.Cut(op, " ")
			if n, ok := plain[name]; ok {
				name = n
			}
			got = append(got, service+" "+name)
		}
		// An aggregator is asked in one Region, so none are looked up.
		if c.wish == "aggregator" {
			got = append(got, "ec2 DescribeRegions")
		}
		slices.Sort(want)
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s %s (-policy +called):\n%s", c.kind, c.wish, d)
		}
	}
}
