package incident

import (
	"fmt"
	"strings"
	"time"
)

// envelope is an event of EventBridge.
func (o *others) envelope(t time.Time, kind, source string, detail any, resources ...string) m {
	if resources == nil {
		resources = []string{}
	}
	return m{"version": "0", "id": fixedUUID(kind + source + iso(t) + strings.Join(resources, "")), "detail-type": kind, "source": source, "account": company, "time": iso(t), "region": home, "resources": resources, "detail": detail}
}

func fixedUUID(name string) string {
	h := fixedHex(name, 32)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-8" + h[17:20] + "-" + h[20:]
}

// findingsAndEvents are what the detectors said while they were on, and what
// EventBridge passed on.
func (o *others) findingsAndEvents() error {
	finding := func(id, kind string, severity float64, count int, first, last, updated time.Time, resource, action m, title string) m {
		return m{"schemaVersion": "2.0", "accountId": company, "region": home, "partition": "aws", "id": id, "arn": "arn:aws:guardduty:us-east-1:111122223333:detector/12abc34d567e8fa901bc2d34e56789f0/finding/" + id, "type": kind,
			"resource": resource, "service": m{"serviceName": "guardduty", "detectorId": "12abc34d567e8fa901bc2d34e56789f0", "action": action, "resourceRole": "TARGET", "additionalInfo": m{"value": "{}", "type": "default"},
				"eventFirstSeen": iso(first), "eventLastSeen": iso(last), "archived": false, "count": count}, "severity": severity, "createdAt": millis(first.Add(5 * time.Minute)), "updatedAt": millis(updated), "title": title, "description": title}
	}
	key := m{"resourceType": "AccessKey", "accessKeyDetails": m{"accessKeyId": leakedKey, "principalId": "AIDAEXAMPLE" + fixed("ci-deploy", 10), "userName": "ci-deploy", "userType": "IAMUser"}}
	call := m{"actionType": "AWS_API_CALL", "awsApiCallAction": m{"api": "ListBuckets", "serviceName": "s3.amazonaws.com", "callerType": "Remote IP", "remoteIpDetails": m{"ipAddressV4": intruderIP, "organization": m{"asn": "64496", "asnOrg": "Example Hosting", "isp": "Example Hosting", "org": "Example Hosting"},
		"country": m{"countryName": "Netherlands"}, "city": m{"cityName": ""}, "geoLocation": m{"lat": 52.4, "lon": 4.9}}, "affectedResources": m{}}}
	instance := m{"resourceType": "Instance", "instanceDetails": m{"instanceId": web1.instance, "instanceType": "t3.large", "networkInterfaces": []m{{"networkInterfaceId": web1.eni, "privateIpAddress": web1.private, "publicIp": web1.public, "vpcId": web1.vpc}}}}
	probe := m{"actionType": "PORT_PROBE", "portProbeAction": m{"blocked": false, "portProbeDetails": []m{{"localPortDetails": m{"port": 443, "portName": "HTTPS"}, "remoteIpDetails": m{"ipAddressV4": intruderIP, "country": m{"countryName": "Netherlands"}}}}}}
	one := finding("aab1f0c0d0e0f0a0b0c0d0e0f0a0b0c1", "PenTest:IAMUser/KaliLinux", 5, 3, at("10 14:20:00"), at("10 14:40:00"), at("10 14:45:00"), key, call, "API calls of a penetration testing system with the key of ci-deploy")
	two := finding("aab1f0c0d0e0f0a0b0c0d0e0f0a0b0c1", "PenTest:IAMUser/KaliLinux", 8, 41, at("10 14:20:00"), at("10 17:50:00"), at("10 18:00:00"), key, call, "API calls of a penetration testing system with the key of ci-deploy")
	three := finding("aab1f0c0d0e0f0a0b0c0d0e0f0a0b0c2", "Recon:EC2/PortProbeUnprotectedPort", 2, 12, at("10 12:40:00"), at("10 13:30:00"), at("10 13:35:00"), instance, probe, "web-1 is probed")
	if err := o.file("guardduty", "AWSLogs/111122223333/GuardDuty/us-east-1/2026/03/10/"+fixedUUID("guardduty")+".jsonl.gz", line(three)+line(one)+line(two), 3); err != nil {
		return err
	}
	o.planted("GD", at("10 14:20:00"), at("10 17:50:00"), "ci-deploy", intruderIP, leakedKey, "GuardDuty on the leaked key, updated until it was switched off", 2)
	asff := func(id, title, label string, normal int, kind, resource, status string, t time.Time) m {
		v := m{"SchemaVersion": "2018-10-08", "Id": id, "ProductArn": "arn:aws:securityhub:us-east-1::product/aws/securityhub", "ProductName": "Security Hub", "GeneratorId": "security-control/" + kind, "AwsAccountId": company, "Region": home,
			"Types": []string{"Software and Configuration Checks"}, "CreatedAt": millis(t), "UpdatedAt": millis(t), "Severity": m{"Label": label, "Normalized": normal}, "Title": title, "Description": title,
			"Resources": []m{{"Type": "AwsEc2SecurityGroup", "Id": resource, "Partition": "aws", "Region": home}}, "RecordState": "ACTIVE", "Workflow": m{"Status": "NEW"}}
		if status != "" {
			v["Compliance"] = m{"Status": status, "SecurityControlId": kind}
		}
		return v
	}
	group := "arn:aws:ec2:us-east-1:111122223333:security-group/" + webGroup
	hub := string(toJSON(o.envelope(at("11 01:20:00"), "Security Hub Findings - Imported", "aws.securityhub", m{"findings": []m{
		asff(group+"/EC2.13", "Security groups should not allow ingress from 0.0.0.0/0 to port 22", "HIGH", 70, "EC2.13", group, "FAILED", at("11 01:20:00"))}}, group))) +
		string(toJSON(o.envelope(at("10 12:00:00"), "Security Hub Findings - Imported", "aws.securityhub", m{"findings": []m{
			asff("arn:aws:s3:::"+customerBucket+"/S3.8", "S3 buckets should block public access", "HIGH", 70, "S3.8", "arn:aws:s3:::"+customerBucket, "PASSED", at("10 12:00:00"))}})))
	if err := o.file("securityhub", "firehose/securityhub/2026/03/11/01/securityhub-1-2026-03-11-01-20-00-"+fixedUUID("hub")+".gz", hub, 2); err != nil {
		return err
	}
	var bus strings.Builder
	n := 0
	event := func(t time.Time, kind, source string, detail any, resources ...string) {
		bus.Write(toJSON(o.envelope(t, kind, source, detail, resources...)))
		n++
	}
	for _, t := range every(at("10 00:00:00"), 70, time.Hour) {
		event(t, "Scheduled Event", "aws.events", m{}, "arn:aws:events:us-east-1:111122223333:rule/hourly")
	}
	for i, state := range []string{"stopping", "stopped", "pending", "running"} {
		event(at("11 06:00:10").Add(time.Duration(i)*95*time.Second), "EC2 Instance State-change Notification", "aws.ec2", m{"instance-id": web2.instance, "state": state}, "arn:aws:ec2:us-east-1:111122223333:instance/"+web2.instance)
	}
	event(at("10 09:00:00"), "order.placed", "com.example.shop", m{"order": 4711})
	return o.file("eventbridge", "firehose/events/2026/03/11/06/events-1-2026-03-11-06-10-00-"+fixedUUID("bus")+".gz", bus.String(), n)
}

// configuration is what AWS Config recorded: a snapshot of the first day, and the
// group that was opened the night after.
func (o *others) configuration() error {
	item := func(t time.Time, kind, id, name string, configuration any, related ...m) m {
		if related == nil {
			related = []m{}
		}
		return m{"relatedEvents": []string{}, "relationships": related, "configuration": configuration, "supplementaryConfiguration": m{}, "tags": m{}, "configurationItemVersion": "1.3", "configurationItemCaptureTime": millis(t), "configurationStateId": t.UnixMilli(),
			"awsAccountId": company, "configurationItemStatus": "OK", "resourceType": kind, "resourceId": id, "resourceName": name, "ARN": "arn:aws:ec2:us-east-1:111122223333:" + id, "awsRegion": home, "availabilityZone": "Not Applicable", "configurationStateMd5Hash": ""}
	}
	rule := func(port int, block string) m {
		return m{"ipProtocol": "tcp", "fromPort": port, "toPort": port, "ipv6Ranges": []m{}, "prefixListIds": []string{}, "userIdGroupPairs": []m{}, "ipv4Ranges": []m{{"cidrIp": block}}, "ipRanges": []string{block}}
	}
	securityGroup := func(rules ...m) m {
		return m{"groupId": webGroup, "groupName": "web", "vpcId": shopVPC, "ipPermissions": rules, "ipPermissionsEgress": []m{rule(443, "0.0.0.0/0")}}
	}
	noon := at("10 12:00:00")
	items := []m{item(noon, "AWS::EC2::SecurityGroup", webGroup, "web", securityGroup(rule(443, "0.0.0.0/0")), m{"resourceId": shopVPC, "resourceType": "AWS::EC2::VPC", "name": "Is contained in Vpc"})}
	for _, h := range []host{balancer, web1, web2, database, office} {
		address := m{"privateIpAddress": h.private, "primary": true}
		if h.public != "" {
			address["association"] = m{"publicIp": h.public}
		}
		owner := m{"instanceId": h.instance}
		if h.instance == "" {
			owner = m{"instanceOwnerId": "amazon-" + h.name}
		}
		items = append(items, item(noon, "AWS::EC2::NetworkInterface", h.eni, "", m{"networkInterfaceId": h.eni, "privateIpAddress": h.private, "vpcId": h.vpc, "subnetId": h.subnet, "attachment": owner, "groups": []m{{"groupId": webGroup, "groupName": "web"}}, "privateIpAddresses": []m{address}}))
		if h.instance != "" {
			items = append(items, item(noon, "AWS::EC2::Instance", h.instance, h.name, m{"instanceId": h.instance, "privateIpAddress": h.private, "publicIpAddress": h.public, "vpcId": h.vpc, "metadataOptions": m{"httpTokens": map[bool]string{true: "optional", false: "required"}[h == web1], "httpEndpoint": "enabled"}, "networkInterfaces": []m{{"networkInterfaceId": h.eni}}}))
		}
	}
	items = append(items, item(noon, "AWS::EC2::VPC", shopVPC, "shop", m{"vpcId": shopVPC}), item(noon, "AWS::EC2::FlowLog", shopFlowLog, "", m{"flowLogId": shopFlowLog, "resourceId": shopVPC}))
	snapshot := string(toJSON(map[string]any{"fileVersion": "1.0", "configSnapshotId": fixedUUID("snapshot"), "configurationItems": items}))
	if err := o.file("config_items", fmt.Sprintf("AWSLogs/%s/Config/%s/2026/3/10/ConfigSnapshot/%s_Config_%s_ConfigSnapshot_20260310T120500Z_%s.json.gz", company, home, company, home, fixedUUID("snapshot")), snapshot, len(items)); err != nil {
		return err
	}
	opened := item(at("11 01:10:25"), "AWS::EC2::SecurityGroup", webGroup, "web", securityGroup(rule(443, "0.0.0.0/0"), rule(22, "0.0.0.0/0")), m{"resourceId": shopVPC, "resourceType": "AWS::EC2::VPC", "name": "Is contained in Vpc"})
	history := string(toJSON(map[string]any{"fileVersion": "1.0", "requestId": fixedUUID("history"), "configurationItems": []m{items[0], opened}}))
	o.put(fmt.Sprintf("AWSLogs/%s/Config/%s/2026/3/11/ConfigHistory/%s_Config_%s_ConfigHistory_AWS__EC2__SecurityGroup_20260310T180000Z_20260311T020000Z_1.json.gz", company, home, company, home), mustPack(history))
	o.add("config_items", Load{Rows: 1, Duplicates: 1})
	compliance := m{"messageType": "ComplianceChangeNotification", "notificationCreationTime": millis(at("11 01:11:00")), "recordVersion": "1.3", "awsAccountId": company, "awsRegion": home, "configRuleName": "restricted-ssh",
		"configRuleARN": "arn:aws:config:us-east-1:111122223333:config-rule/config-rule-ssh", "resourceType": "AWS::EC2::SecurityGroup", "resourceId": webGroup,
		"newEvaluationResult": m{"evaluationResultIdentifier": m{"evaluationResultQualifier": m{"configRuleName": "restricted-ssh", "resourceType": "AWS::EC2::SecurityGroup", "resourceId": webGroup}, "orderingTimestamp": millis(at("11 01:10:25"))},
			"complianceType": "NON_COMPLIANT", "resultRecordedTime": millis(at("11 01:10:50")), "configRuleInvokedTime": millis(at("11 01:10:40")), "annotation": "port 22 is open to the world"},
		"oldEvaluationResult": m{"complianceType": "COMPLIANT", "resultRecordedTime": millis(noon)}}
	o.planted("CFG", at("11 01:10:25"), at("11 01:10:50"), "", "", webGroup, "Config sees the group opened, and a rule broken", 2)
	o.planted("S7", at("11 01:10:25"), at("11 01:10:25"), stolen.name, intruderIP, webGroup, "The change Config recorded, and the call that made it", 1)
	return o.file("config_compliance", "firehose/config/2026/03/11/01/config-1-2026-03-11-01-11-00-"+fixedUUID("compliance")+".gz", string(toJSON(o.envelope(at("11 01:11:00"), "Config Rules Compliance Change", "aws.config", compliance))), 1)
}

// mustPack packs text of our own, which cannot fail.
func mustPack(text string) []byte {
	data, err := packed([]byte(text))
	if err != nil {
		panic("incident: internal error: " + err.Error())
	}
	return data
}
