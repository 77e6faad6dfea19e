package schemas_test

import (
	"io/fs"
	"testing"

	"logquarry/engine/schema"
	"logquarry/schemas"
)

func TestCrossViewsRun(t *testing.T) {
	text, err := fs.ReadFile(schemas.FS, "cross.sql")
	if err != nil {
		t.Fatal(err)
	}
	views, err := schema.SplitViews(string(text))
	if err != nil {
		t.Fatal(err)
	}
	db := emptyCase(t)
	for _, v := range views {
		ask(t, db, "SELECT * FROM "+schema.Quote(v.Name)+" LIMIT 1")
		if len(v.Doc) > 240 {
			t.Errorf("the comment of %s is too long to be listed", v.Name)
		}
	}
}

func TestConfigViews(t *testing.T) {
	db := emptyCase(t)
	const group = `'111122223333', 'eu-west-1', 'AWS::EC2::SecurityGroup', 'sg-0a1b', 'web', 'arn:aws:ec2:eu-west-1:111122223333:security-group/sg-0a1b'`
	run(t, db, `INSERT INTO config_items (configuration_item_capture_time, configuration_item_status, aws_account_id, aws_region, resource_type, resource_id, resource_name, arn, configuration, tags, relationships, related_events, file_id, record_no) VALUES
	(TIMESTAMP '2026-01-02 03:00:00', 'OK', `+group+`, '{"groupName":"web","ipPermissions":[{"ipProtocol":"tcp","fromPort":443,"toPort":443,"ipv4Ranges":[{"cidrIp":"10.0.0.0/8"}],"ipRanges":["10.0.0.0/8"]}]}', '{"env":"test"}', '[{"resourceType":"AWS::EC2::VPC","resourceId":"vpc-1","name":"Is contained in Vpc"}]', '[]', 1, 1),
	(TIMESTAMP '2026-01-02 04:00:00', 'OK', `+group+`, '{"groupName":"web","description":"d","ipPermissions":[{"ipProtocol":"tcp","fromPort":22,"toPort":22,"ipv4Ranges":[{"cidrIp":"0.0.0.0/0"}],"ipv6Ranges":[{"cidrIpv6":"::/0"}]},{"ipProtocol":"tcp","fromPort":443,"toPort":443,"ipv4Ranges":[{"cidrIp":"10.0.0.0/8"}],"ipRanges":["10.0.0.0/8"]}]}', '{"env":"prod"}', '[{"resourceType":"AWS::EC2::VPC","resourceId":"vpc-1","relationshipName":"Is contained in Vpc"}]', '[]', 1, 2),
	(TIMESTAMP '2026-01-02 05:00:00', 'ResourceDeleted', `+group+`, 'null', NULL, NULL, '["e-delete"]', 1, 3),
	(TIMESTAMP '2026-01-02 03:00:00', 'OK', '111122223333', 'eu-west-1', 'AWS::EC2::NetworkInterface', 'eni-1', NULL, NULL, '{"vpcId":"vpc-1","attachment":{"instanceId":"i-1"},"groups":[{"groupId":"sg-0a1b"}],"privateIpAddresses":[{"privateIpAddress":"10.0.0.5","association":{"publicIp":"192.0.2.10"}}]}', NULL, NULL, NULL, 1, 4)`)
	run(t, db, `INSERT INTO cloudtrail (event_time, event_id, recipient_account_id, aws_region, event_source, event_name, user_arn, source_ip_address, read_only, request_parameters, response_elements, error_code, file_id, record_no) VALUES
	(TIMESTAMP '2026-01-02 03:58:00', 'e-open', '111122223333', 'eu-west-1', 'ec2.amazonaws.com', 'AuthorizeSecurityGroupIngress', 'arn:aws:iam::111122223333:user/alice', '203.0.113.7', FALSE, '{"groupId":"sg-0a1b"}', NULL, NULL, 2, 1),
	(TIMESTAMP '2026-01-02 03:59:00', 'e-fail', '111122223333', 'eu-west-1', 'ec2.amazonaws.com', 'AuthorizeSecurityGroupIngress', 'arn:aws:iam::111122223333:user/bob', '203.0.113.7', FALSE, '{"groupId":"sg-0a1b"}', NULL, 'Client.UnauthorizedOperation', 2, 2),
	(TIMESTAMP '2026-01-02 03:59:30', 'e-other', '111122223333', 'eu-west-1', 'ec2.amazonaws.com', 'AuthorizeSecurityGroupIngress', 'arn:aws:iam::111122223333:user/bob', '203.0.113.7', FALSE, '{"groupId":"sg-0a1bc"}', NULL, NULL, 2, 3),
	(TIMESTAMP '2026-01-02 04:59:50', 'e-delete', '111122223333', 'eu-west-1', 'ec2.amazonaws.com', 'DeleteSecurityGroup', 'arn:aws:iam::111122223333:user/alice', '203.0.113.7', FALSE, '{}', NULL, NULL, 2, 4)`)
	expect(t, "before the change", ask(t, db, `SELECT resource_id, json_extract_scalar(tags, '$.env') FROM config_at(TIMESTAMP '2026-01-02 03:30:00') ORDER BY 1`), "eni-1|∅", "sg-0a1b|test")
	expect(t, "at the very time", ask(t, db, `SELECT resource_id, json_extract_scalar(tags, '$.env') FROM config_at(TIMESTAMP '2026-01-02 04:00:00') ORDER BY 1`), "eni-1|∅", "sg-0a1b|prod")
	expect(t, "after its deletion", ask(t, db, `SELECT resource_id FROM config_at(TIMESTAMP '2026-01-02 06:00:00')`), "eni-1")
	expect(t, "before anything", ask(t, db, `SELECT resource_id FROM config_at(TIMESTAMP '2026-01-01 00:00:00')`))
	for _, name := range []string{"sg-0a1b", "web", "arn:aws:ec2:eu-west-1:111122223333:security-group/sg-0a1b"} {
		expect(t, "what changed of "+name, ask(t, db, `SELECT path, change, before, after FROM config_diff('`+name+`', TIMESTAMP '2026-01-02 03:30:00', TIMESTAMP '2026-01-02 04:30:00') ORDER BY path, change`),
			`configuration.description|added|∅|"d"`,
			`configuration.ipPermissions[]|added|∅|{"ipProtocol":"tcp","fromPort":22,"toPort":22,"ipv4Ranges":[{"cidrIp":"0.0.0.0/0"}],"ipv6Ranges":[{"cidrIpv6":"::/0"}]}`,
			`tags.env|changed|"test"|"prod"`)
	}
	expect(t, "nothing changed", ask(t, db, `SELECT path FROM config_diff('sg-0a1b', TIMESTAMP '2026-01-02 03:10:00', TIMESTAMP '2026-01-02 03:30:00')`))
	expect(t, "changes", ask(t, db, `SELECT CAST(changed_at AS VARCHAR), resource_id, call_event_id, principal, matched FROM config_changes ORDER BY changed_at, resource_id`),
		"2026-01-02 03:00:00|eni-1|∅|∅|∅", "2026-01-02 03:00:00|sg-0a1b|∅|∅|∅",
		"2026-01-02 04:00:00|sg-0a1b|e-open|arn:aws:iam::111122223333:user/alice|by resource and time",
		"2026-01-02 05:00:00|sg-0a1b|e-delete|arn:aws:iam::111122223333:user/alice|recorded")
	expect(t, "relations", ask(t, db, `SELECT resource_id, relationship, related_id FROM config_relationships`), "sg-0a1b|Is contained in Vpc|vpc-1", "sg-0a1b|Is contained in Vpc|vpc-1")
	expect(t, "rules", ask(t, db, `SELECT CAST(from_time AS VARCHAR), CAST(to_time AS VARCHAR), direction, from_port, peer FROM config_security_group_rules ORDER BY 1, 4, 5`),
		"2026-01-02 03:00:00|2026-01-02 04:00:00|ingress|443|10.0.0.0/8", "2026-01-02 04:00:00|2026-01-02 05:00:00|ingress|22|0.0.0.0/0",
		"2026-01-02 04:00:00|2026-01-02 05:00:00|ingress|22|::/0", "2026-01-02 04:00:00|2026-01-02 05:00:00|ingress|443|10.0.0.0/8")
	run(t, db, `INSERT INTO cloudtrail (event_time, event_id, recipient_account_id, aws_region, event_source, event_name, user_arn, read_only, request_parameters, response_elements, file_id, record_no) VALUES
	(TIMESTAMP '2026-01-02 02:00:00', 'e-run', '111122223333', 'eu-west-1', 'ec2.amazonaws.com', 'RunInstances', 'arn:aws:iam::111122223333:user/alice', FALSE, '{}', '{"instancesSet":{"items":[{"instanceId":"i-2","privateIpAddress":"10.0.0.6","vpcId":"vpc-1","networkInterfaceSet":{"items":[{"networkInterfaceId":"eni-2"}]}}]}}', 2, 5),
	(TIMESTAMP '2026-01-02 02:05:00', 'e-eip', '111122223333', 'eu-west-1', 'ec2.amazonaws.com', 'AssociateAddress', 'arn:aws:iam::111122223333:user/alice', FALSE, '{"publicIp":"192.0.2.11","instanceId":"i-2"}', '{}', 2, 6)`)
	run(t, db, `INSERT INTO vpc_flow (start, "end", interface_id, account_id, srcaddr, dstaddr, dstport, protocol, packets, action, log_status, file_id, record_no) VALUES
	(TIMESTAMP '2026-01-02 03:00:00', TIMESTAMP '2026-01-02 03:01:00', 'eni-3', '111122223333', '10.0.0.7', '198.51.100.1', 443, 6, 1, 'ACCEPT', 'OK', 3, 1),
	(TIMESTAMP '2026-01-02 03:01:00', TIMESTAMP '2026-01-02 03:02:00', 'eni-3', '111122223333', '198.51.100.2', '10.0.0.7', 22, 6, 1, 'ACCEPT', 'OK', 3, 2),
	(TIMESTAMP '2026-01-02 03:02:00', TIMESTAMP '2026-01-02 03:03:00', 'eni-1', '111122223333', '10.0.9.9', '10.0.0.5', 8080, 6, 1, 'REJECT', 'OK', 3, 3)`)
	expect(t, "owners", ask(t, db, `SELECT ip, kind, interface_id, owner, CAST(from_time AS VARCHAR), source FROM ip_owner ORDER BY ip, source, kind`),
		"10.0.0.5|private|eni-1|i-1|2026-01-02 03:00:00|config_items",
		"10.0.0.5|private|eni-1|∅|2026-01-02 03:02:00|vpc_flow",
		"10.0.0.6|private|eni-2|i-2|2026-01-02 02:00:00|cloudtrail",
		"10.0.0.7|private|eni-3|∅|2026-01-02 03:00:00|vpc_flow",
		"192.0.2.10|public|eni-1|i-1|2026-01-02 03:00:00|config_items",
		"192.0.2.11|public|∅|i-2|2026-01-02 02:05:00|cloudtrail")
	// The group is deleted by then: no rule of it allows anything.
	expect(t, "unreached", ask(t, db, `SELECT interface_id, instance, srcaddr, dstport, rule_allows, from_inside FROM flow_unreached`), "eni-1|i-1|10.0.9.9|8080|false|true")
	expect(t, "too strict", ask(t, db, `SELECT interface_id, dstport, sources FROM security_groups_too_strict`), "eni-1|8080|1")
}

// TestConfigHistory follows a resource that is deleted and made anew at one
// time, one of the same id in another account, and an item too large for its
// notification.
func TestConfigHistory(t *testing.T) {
	db := emptyCase(t)
	run(t, db, `INSERT INTO config_items (configuration_item_capture_time, configuration_item_status, configuration_state_id, aws_account_id, aws_region, resource_type, resource_id, configuration, related_events, s3_delivery_summary, file_id, record_no) VALUES
	(TIMESTAMP '2026-01-02 03:00:00', 'ResourceDiscovered', '8', '111122223333', 'eu-west-1', 'AWS::Lambda::Function', 'job', '{"v":1}', '[]', NULL, 1, 1),
	(TIMESTAMP '2026-01-02 04:00:00', 'ResourceDiscovered', '10', '111122223333', 'eu-west-1', 'AWS::Lambda::Function', 'job', '{"v":2,"a":{"b":[1,2]}}', '[]', NULL, 1, 2),
	(TIMESTAMP '2026-01-02 04:00:00', 'ResourceDeleted', '9', '111122223333', 'eu-west-1', 'AWS::Lambda::Function', 'job', 'null', '["e-delete","e-gone"]', NULL, 1, 3),
	(TIMESTAMP '2026-01-02 03:00:00', 'OK', '1', '444455556666', 'eu-west-1', 'AWS::Lambda::Function', 'job', '{"v":1}', '[]', NULL, 1, 4),
	(TIMESTAMP '2026-01-02 03:30:00', 'OK', '1', '111122223333', 'eu-west-1', 'AWS::SSM::ManagedInstanceInventory', 'i-1', '{"big":true}', '[]', NULL, 1, 5),
	(TIMESTAMP '2026-01-02 03:30:00', 'OK', '1', '111122223333', 'eu-west-1', 'AWS::SSM::ManagedInstanceInventory', 'i-1', NULL, NULL, '{"s3BucketLocation":"b/k"}', 1, 6),
	(TIMESTAMP '2026-01-02 03:40:00', 'OK', '2', '111122223333', 'eu-west-1', 'AWS::SSM::ManagedInstanceInventory', 'i-1', NULL, NULL, '{"s3BucketLocation":"b/l"}', 1, 7)`)
	run(t, db, `INSERT INTO config_items (message_type, notification_creation_time, aws_account_id, file_id, record_no) VALUES ('ConfigurationSnapshotDeliveryFailed', TIMESTAMP '2026-01-02 05:00:00', '111122223333', 1, 8)`)
	run(t, db, `INSERT INTO cloudtrail (event_time, event_id, recipient_account_id, event_name, user_arn, read_only, request_parameters, file_id, record_no) VALUES
	(TIMESTAMP '2026-01-01 12:00:00', 'e-delete', '111122223333', 'DeleteFunction', 'arn:aws:iam::111122223333:user/alice', FALSE, '{}', 2, 1)`)
	at := func(when string) []string {
		return ask(t, db, `SELECT aws_account_id, resource_id, configuration FROM config_at(TIMESTAMP '2026-01-02 `+when+`') ORDER BY 1, 2`)
	}
	expect(t, "at first", at("03:00:00"), `111122223333|job|{"v":1}`, `444455556666|job|{"v":1}`)
	expect(t, "made anew", at("04:00:00"), `111122223333|i-1|∅`, `111122223333|job|{"v":2,"a":{"b":[1,2]}}`, `444455556666|job|{"v":1}`)
	expect(t, "the item beside its summary", at("03:35:00"), `111122223333|i-1|{"big":true}`, `111122223333|job|{"v":1}`, `444455556666|job|{"v":1}`)
	expect(t, "what changed", ask(t, db, `SELECT aws_account_id, path, change, before, after FROM config_diff('job', TIMESTAMP '2026-01-02 03:10:00', TIMESTAMP '2026-01-02 06:00:00') ORDER BY path, after`),
		"111122223333|configuration.a.b[]|added|∅|1", "111122223333|configuration.a.b[]|added|∅|2", "111122223333|configuration.v|changed|1|2")
	expect(t, "the recorded call, however old", ask(t, db, `SELECT record_no, call_event_id, matched FROM config_changes WHERE matched IS NOT NULL`), "3|e-delete|recorded")
	expect(t, "changes", ask(t, db, `SELECT count(*) FROM config_changes`), "6")
	expect(t, "events", ask(t, db, `SELECT CAST(event_time AS VARCHAR), action, summary FROM config_items_events WHERE record_no = 8`), "2026-01-02 05:00:00|config ConfigurationSnapshotDeliveryFailed|ConfigurationSnapshotDeliveryFailed")
}

func TestObjectEvents(t *testing.T) {
	db := emptyCase(t)
	run(t, db, `INSERT INTO s3_access (time, requester, remote_ip, bucket, key, operation, http_status, bytes_sent, request_id, file_id, record_no) VALUES
	(TIMESTAMP '2026-01-02 03:00:00', 'arn:aws:iam::111122223333:user/alice', '203.0.113.7', 'b', 'dir/a+b%20c.txt', 'REST.GET.OBJECT', 200, 5, 'R1', 1, 1),
	(TIMESTAMP '2026-01-02 03:01:00', NULL, NULL, 'b', 'x', 'S3.EXPIRE.OBJECT', NULL, NULL, 'R2', 1, 2),
	(TIMESTAMP '2026-01-02 03:02:00', 'a', '203.0.113.7', 'b', 'y', 'REST.PUT.OBJECT', 200, NULL, 'R3', 1, 3),
	(TIMESTAMP '2026-01-02 03:03:00', 'a', '203.0.113.7', 'b', 'y', 'REST.PUT.ACL', 200, NULL, 'R4', 1, 4)`)
	run(t, db, `INSERT INTO cloudtrail (event_time, event_id, event_source, event_name, user_arn, source_ip_address, request_parameters, additional_event_data, request_id, file_id, record_no) VALUES
	(TIMESTAMP '2026-01-02 03:00:00', 'e1', 's3.amazonaws.com', 'GetObject', 'arn:aws:iam::111122223333:user/alice', '203.0.113.7', '{"bucketName":"b","key":"dir/a b c.txt"}', '{"bytesTransferredOut":5.0}', 'R1', 2, 1),
	(TIMESTAMP '2026-01-02 03:04:00', 'e2', 's3.amazonaws.com', 'DeleteObject', 'arn:aws:iam::111122223333:user/alice', '203.0.113.7', '{"bucketName":"b","key":"z"}', NULL, 'R5', 2, 2),
	(TIMESTAMP '2026-01-02 03:05:00', 'e3', 's3.amazonaws.com', 'ListBuckets', 'arn:aws:iam::111122223333:user/alice', '203.0.113.7', '{"Host":"s3"}', NULL, 'R6', 2, 3)`)
	expect(t, "objects", ask(t, db, `SELECT source, kind, principal, object_key, bytes, request_id FROM s3_object_events ORDER BY event_time, source`),
		"cloudtrail|download|arn:aws:iam::111122223333:user/alice|dir/a b c.txt|5|R1",
		"s3_access|download|arn:aws:iam::111122223333:user/alice|dir/a b c.txt|5|R1",
		"s3_access|delete|∅|x|∅|R2", "s3_access|upload|a|y|∅|R3", "s3_access|change|a|y|∅|R4",
		"cloudtrail|delete|arn:aws:iam::111122223333:user/alice|z|∅|R5")
}
