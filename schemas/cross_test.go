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
	// The one flow of eni-1 does not tell which side is its own.
	expect(t, "owners", ask(t, db, `SELECT ip, kind, interface_id, owner, CAST(from_time AS VARCHAR), source FROM ip_owner ORDER BY ip, source, kind`),
		"10.0.0.5|private|eni-1|i-1|2026-01-02 03:00:00|config_items",
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

// TestOwnersInTurn: addresses that go from one interface to another.
func TestOwnersInTurn(t *testing.T) {
	db := emptyCase(t)
	run(t, db, `INSERT INTO config_items (configuration_item_capture_time, configuration_item_status, aws_account_id, aws_region, resource_type, resource_id, configuration, file_id, record_no) VALUES
	(TIMESTAMP '2026-01-02 01:00:00', 'OK', '111122223333', 'eu-west-1', 'AWS::EC2::NetworkInterface', 'eni-a', '{"attachment":{"instanceId":"i-a"},"privateIpAddresses":[{"privateIpAddress":"10.0.0.5"}],"ipv6Addresses":[{"ipv6Address":"2001:db8::a"}]}', 1, 1),
	(TIMESTAMP '2026-01-02 02:00:00', 'ResourceDeleted', '111122223333', 'eu-west-1', 'AWS::EC2::NetworkInterface', 'eni-a', 'null', 1, 2),
	(TIMESTAMP '2026-01-02 02:30:00', 'OK', '111122223333', 'eu-west-1', 'AWS::EC2::NetworkInterface', 'eni-b', '{"attachment":{"instanceId":"i-b"},"privateIpAddresses":[{"privateIpAddress":"10.0.0.5"}]}', 1, 3),
	(TIMESTAMP '2026-01-02 02:30:00', 'OK', '111122223333', 'eu-west-1', 'AWS::EC2::Instance', 'i-b', '{"privateIpAddress":"10.0.0.5","publicIpAddress":"","networkInterfaces":[{"networkInterfaceId":"eni-b"}]}', 1, 4),
	(TIMESTAMP '2026-01-02 02:30:00', 'OK', '111122223333', 'eu-west-1', 'AWS::EC2::Instance', 'i-z', '{"privateIpAddress":"10.0.0.9","publicIpAddress":"192.0.2.9","networkInterfaces":[{"networkInterfaceId":"eni-z"}]}', 1, 5),
	(TIMESTAMP '2026-01-02 02:30:00', 'OK', '111122223333', 'eu-west-1', 'AWS::EC2::EIP', 'eipalloc-9', '{"publicIp":"192.0.2.99","networkInterfaceId":"eni-n"}', 1, 6)`)
	run(t, db, `INSERT INTO cloudtrail (event_time, event_id, recipient_account_id, aws_region, event_source, event_name, user_arn, read_only, error_code, request_parameters, response_elements, file_id, record_no) VALUES
	(TIMESTAMP '2026-01-03 01:00:00', 'c1', '111122223333', 'eu-west-1', 'ec2.amazonaws.com', 'CreateNetworkInterface', 'arn:aws:iam::111122223333:user/alice', FALSE, NULL, '{}', '{"networkInterface":{"networkInterfaceId":"eni-c","privateIpAddress":"10.0.1.5","vpcId":"vpc-1"}}', 2, 1),
	(TIMESTAMP '2026-01-03 01:30:00', 'c2', '111122223333', 'eu-west-1', 'ec2.amazonaws.com', 'DeleteNetworkInterface', 'arn:aws:iam::111122223333:user/alice', FALSE, 'Client.InvalidParameterValue', '{"networkInterfaceId":"eni-c"}', NULL, 2, 2),
	(TIMESTAMP '2026-01-03 02:00:00', 'c3', '111122223333', 'eu-west-1', 'ec2.amazonaws.com', 'DeleteNetworkInterface', 'arn:aws:iam::111122223333:user/alice', FALSE, NULL, '{"networkInterfaceId":"eni-c"}', NULL, 2, 3),
	(TIMESTAMP '2026-01-03 03:00:00', 'c4', '111122223333', 'eu-west-1', 'ec2.amazonaws.com', 'RunInstances', 'arn:aws:iam::111122223333:user/alice', FALSE, NULL, '{}', '{"instancesSet":{"items":[{"instanceId":"i-r","privateIpAddress":"10.0.1.6","networkInterfaceSet":{"items":[{"networkInterfaceId":"eni-r1","privateIpAddress":"10.0.1.6"},{"networkInterfaceId":"eni-r2","privateIpAddress":"10.0.1.7"}]}}]}}', 2, 4),
	(TIMESTAMP '2026-01-03 04:00:00', 'c5', '111122223333', 'eu-west-1', 'ec2.amazonaws.com', 'TerminateInstances', 'arn:aws:iam::111122223333:user/alice', FALSE, NULL, '{"instancesSet":{"items":[{"instanceId":"i-q"},{"instanceId":"i-r"}]}}', NULL, 2, 5),
	(TIMESTAMP '2026-01-04 01:00:00', 'c6', '111122223333', 'eu-west-1', 'ec2.amazonaws.com', 'AllocateAddress', 'arn:aws:iam::111122223333:user/alice', FALSE, NULL, '{}', '{"publicIp":"192.0.2.50","allocationId":"eipalloc-1"}', 2, 6),
	(TIMESTAMP '2026-01-04 02:00:00', 'c7', '111122223333', 'eu-west-1', 'ec2.amazonaws.com', 'AssociateAddress', 'arn:aws:iam::111122223333:user/alice', FALSE, NULL, '{"allocationId":"eipalloc-1","instanceId":"i-1"}', '{"associationId":"eipassoc-1"}', 2, 7),
	(TIMESTAMP '2026-01-04 03:00:00', 'c8', '111122223333', 'eu-west-1', 'ec2.amazonaws.com', 'DisassociateAddress', 'arn:aws:iam::111122223333:user/alice', FALSE, NULL, '{"associationId":"eipassoc-1"}', '{}', 2, 8),
	(TIMESTAMP '2026-01-04 04:00:00', 'c9', '111122223333', 'eu-west-1', 'ec2.amazonaws.com', 'AssociateAddress', 'arn:aws:iam::111122223333:user/alice', FALSE, NULL, '{"publicIp":"192.0.2.50","networkInterfaceId":"eni-2"}', '{"associationId":"eipassoc-2"}', 2, 9)`)
	run(t, db, `INSERT INTO vpc_flow (start, "end", interface_id, srcaddr, dstaddr, flow_direction, file_id, record_no) VALUES
	-- One peer only: the private side is the interface's own …
	(TIMESTAMP '2026-01-05 01:00:00', TIMESTAMP '2026-01-05 01:01:00', 'eni-f', '10.0.2.5', '198.51.100.1', NULL, 3, 1),
	-- … or the side the direction says.
	(TIMESTAMP '2026-01-05 01:00:00', TIMESTAMP '2026-01-05 01:01:00', 'eni-g', '10.0.2.9', '10.0.2.6', 'ingress', 3, 2),
	(TIMESTAMP '2026-01-05 01:00:00', TIMESTAMP '2026-01-05 01:01:00', 'eni-g', '2001:db8::6', '2001:db8::7', 'egress', 3, 3),
	(TIMESTAMP '2026-01-05 01:00:00', TIMESTAMP '2026-01-05 01:01:00', 'eni-h', '10.0.2.7', '10.0.2.8', NULL, 3, 4)`)
	expect(t, "owners", ask(t, db, `SELECT source, ip, kind, interface_id, owner, CAST(from_time AS VARCHAR), CAST(to_time AS VARCHAR) FROM ip_owner ORDER BY from_time, ip, interface_id`),
		"config_items|10.0.0.5|private|eni-a|i-a|2026-01-02 01:00:00|2026-01-02 02:00:00",
		"config_items|2001:db8::a|ipv6|eni-a|i-a|2026-01-02 01:00:00|2026-01-02 02:00:00",
		"config_items|10.0.0.5|private|eni-b|i-b|2026-01-02 02:30:00|∅",
		"config_items|10.0.0.9|private|eni-z|i-z|2026-01-02 02:30:00|∅",
		"config_items|192.0.2.9|public|eni-z|i-z|2026-01-02 02:30:00|∅",
		"config_items|192.0.2.99|public|eni-n|∅|2026-01-02 02:30:00|∅",
		"cloudtrail|10.0.1.5|private|eni-c|arn:aws:iam::111122223333:user/alice|2026-01-03 01:00:00|2026-01-03 02:00:00",
		"cloudtrail|10.0.1.6|private|eni-r1|i-r|2026-01-03 03:00:00|2026-01-03 04:00:00",
		"cloudtrail|10.0.1.7|private|eni-r2|i-r|2026-01-03 03:00:00|2026-01-03 04:00:00",
		"cloudtrail|192.0.2.50|public|∅|i-1|2026-01-04 02:00:00|2026-01-04 03:00:00",
		"cloudtrail|192.0.2.50|public|eni-2|∅|2026-01-04 04:00:00|∅",
		"vpc_flow|10.0.2.5|private|eni-f|∅|2026-01-05 01:00:00|2026-01-05 01:01:00",
		"vpc_flow|10.0.2.6|private|eni-g|∅|2026-01-05 01:00:00|2026-01-05 01:01:00",
		"vpc_flow|2001:db8::6|ipv6|eni-g|∅|2026-01-05 01:00:00|2026-01-05 01:01:00")
}

// TestInventoryOwners: what EC2 answered, on two days.
func TestInventoryOwners(t *testing.T) {
	db := emptyCase(t)
	run(t, db, `INSERT INTO ec2_inventory (seen_at, account_id, region, network_interface_id, mac_address, private_ip_address, private_ip_addresses, ipv6_addresses, instance_id, instance_owner_id, owner_id, description, attach_time, vpc_id, file_id, record_no) VALUES
	(TIMESTAMP '2026-01-02 01:00:00', '111122223333', 'eu-west-1', 'eni-1', '02:00', '10.0.0.5', '[{"PrivateIpAddress":"10.0.0.5","Association":{"PublicIp":"192.0.2.10"}},{"PrivateIpAddress":"10.0.0.6"}]', '[{"Ipv6Address":"2001:db8::5"}]', 'i-1', '111122223333', '111122223333', '', TIMESTAMP '2025-12-01 00:00:00', 'vpc-1', 1, 1),
	(TIMESTAMP '2026-01-02 01:00:00', '111122223333', 'eu-west-1', 'eni-2', '02:01', '10.0.0.7', '[{"PrivateIpAddress":"10.0.0.7"}]', '[]', NULL, 'amazon-elb', '111122223333', 'ELB app/shop', NULL, 'vpc-1', 1, 2),
	(TIMESTAMP '2026-01-03 01:00:00', '111122223333', 'eu-west-1', 'eni-1', '02:00', '10.0.0.5', '[{"PrivateIpAddress":"10.0.0.5"}]', '[]', 'i-1', '111122223333', '111122223333', '', TIMESTAMP '2025-12-01 00:00:00', 'vpc-1', 2, 1),
	-- Of another Region, and of another tool, which says neither time nor account.
	(TIMESTAMP '2026-01-01 01:00:00', '111122223333', 'us-east-1', 'eni-3', '02:02', '10.0.0.5', '[{"PrivateIpAddress":"10.0.0.5"}]', NULL, NULL, NULL, '111122223333', 'Interface for NAT Gateway', NULL, 'vpc-2', 3, 1),
	(NULL, NULL, NULL, 'eni-4', '02:03', '10.0.0.9', '[{"PrivateIpAddress":"10.0.0.9"}]', NULL, 'i-4', NULL, '444455556666', NULL, NULL, 'vpc-3', 4, 1)`)
	run(t, db, `INSERT INTO ec2_inventory (seen_at, account_id, region, public_ip, allocation_id, network_interface_id, instance_id, file_id, record_no) VALUES
	-- Known by its interface already, by nothing else, and held by nobody.
	(TIMESTAMP '2026-01-02 01:00:01', '111122223333', 'eu-west-1', '192.0.2.10', 'eipalloc-1', 'eni-1', 'i-1', 1, 3),
	(TIMESTAMP '2026-01-02 01:00:01', '111122223333', 'eu-west-1', '192.0.2.11', 'eipalloc-2', 'eni-9', 'i-9', 1, 4),
	(TIMESTAMP '2026-01-02 01:00:01', '111122223333', 'eu-west-1', '192.0.2.12', 'eipalloc-3', NULL, NULL, 1, 5)`)
	expect(t, "owners", ask(t, db, `SELECT ip, kind, interface_id, owner, account_id, region, CAST(from_time AS VARCHAR), CAST(to_time AS VARCHAR), source FROM ip_owner ORDER BY ip, interface_id`),
		"10.0.0.5|private|eni-1|i-1|111122223333|eu-west-1|2025-12-01 00:00:00|∅|ec2_inventory",
		"10.0.0.5|private|eni-3|Interface for NAT Gateway|111122223333|us-east-1|2026-01-01 01:00:00|∅|ec2_inventory",
		"10.0.0.6|private|eni-1|i-1|111122223333|eu-west-1|2026-01-02 01:00:00|2026-01-02 01:00:00|ec2_inventory",
		"10.0.0.7|private|eni-2|amazon-elb|111122223333|eu-west-1|2026-01-02 01:00:00|2026-01-02 01:00:00|ec2_inventory",
		"10.0.0.9|private|eni-4|i-4|444455556666|∅|∅|∅|ec2_inventory",
		"192.0.2.10|public|eni-1|i-1|111122223333|eu-west-1|2026-01-02 01:00:00|2026-01-02 01:00:00|ec2_inventory",
		"192.0.2.11|public|eni-9|i-9|111122223333|eu-west-1|2026-01-02 01:00:01|2026-01-02 01:00:01|ec2_inventory",
		"2001:db8::5|ipv6|eni-1|i-1|111122223333|eu-west-1|2026-01-02 01:00:00|2026-01-02 01:00:00|ec2_inventory")
	expect(t, "interfaces", ask(t, db, `SELECT network_interface_id, owner, CAST(seen_at AS VARCHAR) FROM ec2_interfaces ORDER BY 1`),
		"eni-1|i-1|2026-01-03 01:00:00", "eni-2|amazon-elb|2026-01-02 01:00:00", "eni-3|Interface for NAT Gateway|2026-01-01 01:00:00", "eni-4|i-4|∅")
}

// TestUnreached: a flow is judged by the rules of its own time.
func TestUnreached(t *testing.T) {
	db := emptyCase(t)
	const group = `'111122223333', 'eu-west-1', 'AWS::EC2::SecurityGroup'`
	run(t, db, `INSERT INTO config_items (configuration_item_capture_time, configuration_item_status, aws_account_id, aws_region, resource_type, resource_id, configuration, file_id, record_no) VALUES
	(TIMESTAMP '2026-01-02 03:00:00', 'OK', `+group+`, 'sg-1', '{"ipPermissions":[{"ipProtocol":"tcp","fromPort":443,"toPort":443,"ipv4Ranges":[{"cidrIp":"0.0.0.0/0"}]},{"ipProtocol":"tcp","fromPort":5432,"toPort":5432,"userIdGroupPairs":[{"groupId":"sg-2"}]}]}', 1, 1),
	(TIMESTAMP '2026-01-02 05:00:00', 'OK', `+group+`, 'sg-1', '{"ipPermissions":[{"ipProtocol":"tcp","fromPort":22,"toPort":22,"ipv4Ranges":[{"cidrIp":"10.0.0.0/8"}]}]}', 1, 2),
	(TIMESTAMP '2026-01-02 03:00:00', 'OK', '111122223333', 'eu-west-1', 'AWS::EC2::NetworkInterface', 'eni-1', '{"attachment":{"instanceId":"i-1"},"groups":[{"groupId":"sg-1"}],"privateIpAddresses":[{"privateIpAddress":"10.0.0.5"}]}', 1, 3),
	(TIMESTAMP '2026-01-02 03:00:00', 'OK', '111122223333', 'eu-west-1', 'AWS::EC2::NetworkInterface', 'eni-2', '{"groups":[{"groupId":"sg-2"}],"privateIpAddresses":[{"privateIpAddress":"10.0.0.6"}]}', 1, 4),
	(TIMESTAMP '2026-01-02 03:00:00', 'OK', '111122223333', 'eu-west-1', 'AWS::EC2::NetworkInterface', 'eni-3', '{"groups":[{"groupId":"sg-1"}],"privateIpAddresses":[{"privateIpAddress":"10.0.0.7"}]}', 1, 5)`)
	run(t, db, `INSERT INTO vpc_flow (start, "end", interface_id, srcaddr, dstaddr, dstport, protocol, packets, action, file_id, record_no) VALUES
	-- Refused before port 22 was opened; the second also before Config recorded anything.
	(TIMESTAMP '2026-01-02 04:00:00', TIMESTAMP '2026-01-02 04:01:00', 'eni-1', '10.0.9.1', '10.0.0.5', 22, 6, 1, 'REJECT', 3, 1),
	(TIMESTAMP '2026-01-02 02:00:00', TIMESTAMP '2026-01-02 02:01:00', 'eni-1', '10.0.9.2', '10.0.0.5', 22, 6, 1, 'REJECT', 3, 2),
	-- Refused after it was: not by the group.
	(TIMESTAMP '2026-01-02 06:00:00', TIMESTAMP '2026-01-02 06:01:00', 'eni-1', '10.0.9.3', '10.0.0.5', 22, 6, 1, 'REJECT', 3, 3),
	-- A rule for TCP allows no UDP.
	(TIMESTAMP '2026-01-02 04:00:00', TIMESTAMP '2026-01-02 04:01:00', 'eni-1', '10.0.9.4', '10.0.0.5', 443, 17, 1, 'REJECT', 3, 4),
	-- A rule for a group: of its member, of another's, and of somebody unknown.
	(TIMESTAMP '2026-01-02 04:00:00', TIMESTAMP '2026-01-02 04:01:00', 'eni-1', '10.0.0.6', '10.0.0.5', 5432, 6, 1, 'REJECT', 3, 5),
	(TIMESTAMP '2026-01-02 04:00:00', TIMESTAMP '2026-01-02 04:01:00', 'eni-1', '10.0.0.7', '10.0.0.5', 5432, 6, 1, 'REJECT', 3, 6),
	(TIMESTAMP '2026-01-02 04:00:00', TIMESTAMP '2026-01-02 04:01:00', 'eni-1', '10.0.9.7', '10.0.0.5', 5432, 6, 1, 'REJECT', 3, 7),
	-- What was refused on its way out is another matter.
	(TIMESTAMP '2026-01-02 04:00:00', TIMESTAMP '2026-01-02 04:01:00', 'eni-1', '10.0.0.5', '10.0.9.8', 8080, 6, 1, 'REJECT', 3, 8),
	-- Config does not have the group, or the interface.
	(TIMESTAMP '2026-01-02 04:00:00', TIMESTAMP '2026-01-02 04:01:00', 'eni-2', '10.0.9.9', '10.0.0.6', 8080, 6, 1, 'REJECT', 3, 9),
	(TIMESTAMP '2026-01-02 04:00:00', TIMESTAMP '2026-01-02 04:01:00', 'eni-9', '10.0.9.9', '10.0.0.9', 8080, 6, 1, 'REJECT', 3, 10)`)
	expect(t, "unreached", ask(t, db, `SELECT interface_id, srcaddr, dstport, protocol, rule_allows FROM flow_unreached ORDER BY 1, 2`),
		"eni-1|10.0.0.6|5432|6|true", "eni-1|10.0.0.7|5432|6|false", "eni-1|10.0.9.1|22|6|false", "eni-1|10.0.9.2|22|6|false", "eni-1|10.0.9.3|22|6|true",
		"eni-1|10.0.9.4|443|17|false", "eni-1|10.0.9.7|5432|6|∅", "eni-2|10.0.9.9|8080|6|∅", "eni-9|10.0.9.9|8080|6|∅")
	expect(t, "too strict", ask(t, db, `SELECT instance, dstport, protocol, sources FROM security_groups_too_strict ORDER BY 2, 3`), "i-1|22|6|2", "i-1|443|17|1", "i-1|5432|6|1")
}

// TestChangesByOthers: a write that only names a resource did not change it.
func TestChangesByOthers(t *testing.T) {
	db := emptyCase(t)
	run(t, db, `INSERT INTO config_items (configuration_item_capture_time, configuration_item_status, aws_account_id, aws_region, resource_type, resource_id, resource_name, arn, file_id, record_no) VALUES
	(TIMESTAMP '2026-01-02 04:00:05', 'OK', '111122223333', 'eu-west-1', 'AWS::EC2::Instance', 'i-0a1b', NULL, NULL, 1, 1),
	(TIMESTAMP '2026-01-02 04:00:05', 'OK', '111122223333', 'eu-west-1', 'AWS::S3::Bucket', 'shop', 'shop', NULL, 1, 2),
	(TIMESTAMP '2026-01-02 04:00:05', 'OK', '111122223333', 'eu-west-1', 'AWS::ElasticLoadBalancingV2::LoadBalancer', 'arn:aws:elb:lb/1', 'lb', 'arn:aws:elb:lb/1', 1, 3)`)
	run(t, db, `INSERT INTO cloudtrail (event_time, event_id, recipient_account_id, event_source, event_name, event_category, read_only, request_parameters, file_id, record_no) VALUES
	(TIMESTAMP '2026-01-02 03:58:00', 'modify', '111122223333', 'ec2.amazonaws.com', 'ModifyInstanceAttribute', 'Management', NULL, '{"instanceId":"i-0a1b"}', 2, 1),
	(TIMESTAMP '2026-01-02 04:00:00', 'ping', '111122223333', 'ssm.amazonaws.com', 'UpdateInstanceInformation', 'Management', FALSE, '{"instanceId":"i-0a1b"}', 2, 2),
	(TIMESTAMP '2026-01-02 03:50:00', 'policy', '111122223333', 's3.amazonaws.com', 'PutBucketPolicy', 'Management', FALSE, '{"bucketName":"shop"}', 2, 3),
	(TIMESTAMP '2026-01-02 04:00:00', 'put', '111122223333', 's3.amazonaws.com', 'PutObject', 'Data', FALSE, '{"bucketName":"shop","key":"x"}', 2, 4),
	(TIMESTAMP '2026-01-02 04:00:00', 'lb', '111122223333', 'elasticloadbalancing.amazonaws.com', 'ModifyLoadBalancerAttributes', 'Management', FALSE, '{"loadBalancerArn":"arn:aws:elb:lb/1"}', 2, 5),
	(TIMESTAMP '2026-01-02 04:00:01', 'lb10', '111122223333', 'elasticloadbalancing.amazonaws.com', 'ModifyLoadBalancerAttributes', 'Management', FALSE, '{"loadBalancerArn":"arn:aws:elb:lb/10"}', 2, 6)`)
	expect(t, "changes", ask(t, db, `SELECT resource_id, call_event_id FROM config_changes ORDER BY 1`), "arn:aws:elb:lb/1|lb", "i-0a1b|modify", "shop|policy")
}

// TestObjectKinds: what only looks like an upload, download or delete, and what
// is two of them.
func TestObjectKinds(t *testing.T) {
	db := emptyCase(t)
	run(t, db, `INSERT INTO s3_access (time, requester, remote_ip, bucket, key, operation, http_status, bytes_sent, object_size, authentication_type, request_id, file_id, record_no) VALUES
	(TIMESTAMP '2026-01-02 03:00:00', 'a', '203.0.113.7', 'b', 'k', 'REST.GET.OBJECT_TAGGING', 200, 9, NULL, 'AuthHeader', 'R1', 1, 1),
	(TIMESTAMP '2026-01-02 03:01:00', 'a', '203.0.113.7', 'b', 'k', 'REST.DELETE.OBJECT_TAGGING', 204, NULL, NULL, 'AuthHeader', 'R2', 1, 2),
	(TIMESTAMP '2026-01-02 03:02:00', NULL, '203.0.113.7', 'b', 'k', 'REST.GET.OBJECT', 403, 9, NULL, NULL, 'R3', 1, 3),
	(TIMESTAMP '2026-01-02 03:03:00', 'a', '203.0.113.7', 'b', 'k', 'REST.GET.OBJECT', 200, 70, 70, 'QueryString', 'R4', 1, 4),
	(TIMESTAMP '2026-01-02 03:04:00', 'a', '203.0.113.7', 'b', 'up', 'REST.PUT.PART', 200, NULL, 500, 'AuthHeader', 'R5', 1, 5),
	(TIMESTAMP '2026-01-02 03:05:00', 'a', '203.0.113.7', 'b', 'src', 'REST.COPY.OBJECT_GET', 200, NULL, 30, NULL, 'R6', 1, 6),
	(TIMESTAMP '2026-01-02 03:05:00', 'a', '203.0.113.7', 'b2', 'dst', 'REST.COPY.OBJECT', 200, 200, 30, 'AuthHeader', 'R6', 1, 7),
	(TIMESTAMP '2026-01-02 03:06:00', 'a', '203.0.113.7', 'b', NULL, 'REST.POST.MULTI_OBJECT_DELETE', 200, NULL, NULL, 'AuthHeader', 'R7', 1, 8),
	(TIMESTAMP '2026-01-02 03:06:00', 'a', '203.0.113.7', 'b', 'x', 'BATCH.DELETE.OBJECT', 204, NULL, NULL, NULL, 'R7', 1, 9),
	(TIMESTAMP '2026-01-02 03:06:00', 'a', '203.0.113.7', 'b', 'y', 'BATCH.DELETE.OBJECT', 204, NULL, NULL, NULL, 'R7', 1, 10),
	(TIMESTAMP '2026-01-02 03:07:00', 'AmazonS3', NULL, 'b', 'z', 'S3.EXPIRE.OBJECT', NULL, NULL, NULL, NULL, NULL, 1, 11)`)
	run(t, db, `INSERT INTO cloudtrail (event_time, event_id, event_source, event_name, user_arn, source_ip_address, error_code, request_parameters, additional_event_data, request_id, file_id, record_no) VALUES
	(TIMESTAMP '2026-01-02 03:01:00', 'e2', 's3.amazonaws.com', 'DeleteObjectTagging', 'a', '203.0.113.7', NULL, '{"bucketName":"b","key":"k"}', NULL, 'R2', 2, 1),
	(TIMESTAMP '2026-01-02 03:02:00', 'e3', 's3.amazonaws.com', 'GetObject', NULL, '203.0.113.7', 'AccessDenied', '{"bucketName":"b","key":"k"}', NULL, 'R3', 2, 2),
	(TIMESTAMP '2026-01-02 03:04:00', 'e5', 's3.amazonaws.com', 'UploadPart', 'a', '203.0.113.7', NULL, '{"bucketName":"b","key":"up"}', '{"bytesTransferredIn":500.0,"bytesTransferredOut":0.0,"AuthenticationMethod":"AuthHeader"}', 'R5', 2, 3),
	(TIMESTAMP '2026-01-02 03:05:00', 'e6', 's3.amazonaws.com', 'CopyObject', 'a', '203.0.113.7', NULL, '{"bucketName":"b2","key":"dst","x-amz-copy-source":"/b/src?versionId=v1"}', NULL, 'R6', 2, 4),
	(TIMESTAMP '2026-01-02 03:06:00', 'e7', 's3.amazonaws.com', 'DeleteObjects', 'a', '203.0.113.7', NULL, '{"bucketName":"b","delete":""}', NULL, 'R7', 2, 5),
	(TIMESTAMP '2026-01-02 03:08:00', 'e8', 's3.amazonaws.com', 'GetObjectAcl', 'a', '203.0.113.7', NULL, '{"bucketName":"b","key":"k"}', NULL, 'R8', 2, 6),
	(TIMESTAMP '2026-01-02 03:09:00', 'e9', 's3.amazonaws.com', 'PutBucketTagging', 'a', '203.0.113.7', NULL, '{"bucketName":"b","tag":{"key":"k"}}', NULL, 'R9', 2, 7)`)
	run(t, db, `INSERT INTO cloudtrail (event_time, event_source, event_name, error_code, resources, file_id, record_no) VALUES
	(TIMESTAMP '2026-01-02 03:10:00', 's3.amazonaws.com', 'PutObject', 'VpceAccessDenied', '[{"type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::drop"}]', 2, 8)`)
	expect(t, "requests", ask(t, db, `SELECT logs, kind, outcome, bucket, object_key, version_id, bytes, authentication FROM s3_object_requests ORDER BY event_time, kind DESC, object_key`),
		"s3_access|read|success|b|k|∅|9|AuthHeader",
		"cloudtrail, s3_access|change|success|b|k|∅|∅|AuthHeader",
		"cloudtrail, s3_access|download|denied|b|k|∅|9|∅",
		"s3_access|download|success|b|k|∅|70|QueryString",
		"cloudtrail, s3_access|upload|success|b|up|∅|500|AuthHeader",
		"cloudtrail, s3_access|download|success|b|src|v1|∅|∅",
		"cloudtrail, s3_access|copy|success|b2|dst|∅|30|AuthHeader",
		"cloudtrail, s3_access|delete request|success|b|∅|∅|∅|AuthHeader",
		"s3_access|delete|success|b|x|∅|∅|∅", "s3_access|delete|success|b|y|∅|∅|∅",
		"s3_access|delete|success|b|z|∅|∅|∅",
		"cloudtrail|read|success|b|k|∅|∅|∅",
		"cloudtrail|upload|denied|drop|∅|∅|∅|∅")
}
