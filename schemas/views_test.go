package schemas_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// expect compares the rows of a query with want.
func expect(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func TestCloudTrailRoleChain(t *testing.T) {
	db := emptyCase(t)
	run(t, db, `INSERT INTO cloudtrail (event_time, event_id, recipient_account_id, event_source, event_name, user_type, user_arn,
		session_issuer_arn, user_access_key_id, source_ip_address, error_code, request_parameters, response_elements, file_id, record_no) VALUES
	-- alice's long-lived key becomes Deploy …
	(TIMESTAMP '2026-01-02 03:00:00', 'e1', '111122223333', 'sts.amazonaws.com', 'AssumeRole', 'IAMUser', 'arn:aws:iam::111122223333:user/alice',
		NULL, 'AKIAIOSFODNN7EXAMPLE', '203.0.113.7', NULL, '{"roleArn":"arn:aws:iam::111122223333:role/Deploy","roleSessionName":"d"}',
		'{"credentials":{"accessKeyId":"ASIAEXAMPLE1"},"assumedRoleUser":{"arn":"arn:aws:sts::111122223333:assumed-role/Deploy/d"}}', 1, 1),
	-- … and Deploy becomes Admin in another account, whose trail has a copy.
	(TIMESTAMP '2026-01-02 03:01:00', 'e2', '111122223333', 'sts.amazonaws.com', 'AssumeRole', 'AssumedRole', 'arn:aws:sts::111122223333:assumed-role/Deploy/d',
		'arn:aws:iam::111122223333:role/Deploy', 'ASIAEXAMPLE1', '203.0.113.7', NULL, '{"roleArn":"arn:aws:iam::444455556666:role/Admin"}',
		'{"credentials":{"accessKeyId":"ASIAEXAMPLE2"},"assumedRoleUser":{"arn":"arn:aws:sts::444455556666:assumed-role/Admin/x"}}', 1, 2),
	(TIMESTAMP '2026-01-02 03:01:00', 'e3', '444455556666', 'sts.amazonaws.com', 'AssumeRole', 'AWSAccount', NULL,
		NULL, NULL, '203.0.113.7', NULL, '{"roleArn":"arn:aws:iam::444455556666:role/Admin"}',
		'{"credentials":{"accessKeyId":"ASIAEXAMPLE2"},"assumedRoleUser":{"arn":"arn:aws:sts::444455556666:assumed-role/Admin/x"}}', 2, 1),
	-- A refused attempt issues nothing; a read by the last session is no link.
	(TIMESTAMP '2026-01-02 03:02:00', 'e4', '444455556666', 'sts.amazonaws.com', 'AssumeRole', 'AssumedRole', 'arn:aws:sts::444455556666:assumed-role/Admin/x',
		'arn:aws:iam::444455556666:role/Admin', 'ASIAEXAMPLE2', '203.0.113.7', 'AccessDenied', '{"roleArn":"arn:aws:iam::444455556666:role/Root"}', NULL, 2, 2),
	(TIMESTAMP '2026-01-02 03:03:00', 'e5', '444455556666', 's3.amazonaws.com', 'ListBuckets', 'AssumedRole', 'arn:aws:sts::444455556666:assumed-role/Admin/x',
		'arn:aws:iam::444455556666:role/Admin', 'ASIAEXAMPLE2', '198.51.100.9', NULL, NULL, NULL, 2, 3)`)
	expect(t, "role chains", ask(t, db, `SELECT hops, origin_principal, origin_access_key_id, from_role_arn, to_role_arn, to_access_key_id, path
		FROM cloudtrail_role_chains ORDER BY event_time`),
		"1|arn:aws:iam::111122223333:user/alice|AKIAIOSFODNN7EXAMPLE|∅|arn:aws:iam::111122223333:role/Deploy|ASIAEXAMPLE1|"+
			"arn:aws:iam::111122223333:user/alice > arn:aws:sts::111122223333:assumed-role/Deploy/d",
		"2|arn:aws:iam::111122223333:user/alice|AKIAIOSFODNN7EXAMPLE|arn:aws:iam::111122223333:role/Deploy|arn:aws:iam::444455556666:role/Admin|ASIAEXAMPLE2|"+
			"arn:aws:iam::111122223333:user/alice > arn:aws:sts::111122223333:assumed-role/Deploy/d > arn:aws:sts::444455556666:assumed-role/Admin/x")
	expect(t, "copies", ask(t, db, `SELECT to_access_key_id, copies, from_principal, file_id, record_no FROM cloudtrail_role_assumptions WHERE copies > 1`),
		"ASIAEXAMPLE2|2|arn:aws:sts::111122223333:assumed-role/Deploy/d|1|2")
	expect(t, "sessions", ask(t, db, `SELECT session_arn, access_key_id, calls, errors, source_ips, CAST(first_time AS VARCHAR) FROM cloudtrail_role_sessions ORDER BY first_time`),
		"arn:aws:sts::111122223333:assumed-role/Deploy/d|ASIAEXAMPLE1|1|0|203.0.113.7|2026-01-02 03:01:00",
		"arn:aws:sts::444455556666:assumed-role/Admin/x|ASIAEXAMPLE2|2|1|198.51.100.9, 203.0.113.7|2026-01-02 03:02:00")
	expect(t, "keys", ask(t, db, `SELECT access_key_id, key_kind, calls, errors, denied, source_ip_count FROM cloudtrail_access_keys ORDER BY 1`),
		"AKIAIOSFODNN7EXAMPLE|long-lived|1|0|0|1", "ASIAEXAMPLE1|temporary|1|0|0|1", "ASIAEXAMPLE2|temporary|2|1|1|2")
}

func TestCloudTrailViews(t *testing.T) {
	db := emptyCase(t)
	run(t, db, `INSERT INTO cloudtrail (event_time, event_id, recipient_account_id, aws_region, event_source, event_name, event_type, event_category,
		user_type, user_arn, user_name, user_invoked_by, source_ip_address, error_code, error_message, read_only, management_event,
		request_parameters, response_elements, additional_event_data) VALUES
	(TIMESTAMP '2026-01-02 03:00:00', 'login-ok', '111122223333', 'us-east-1', 'signin.amazonaws.com', 'ConsoleLogin', 'AwsConsoleSignIn', 'Management',
		'Root', 'arn:aws:iam::111122223333:root', NULL, NULL, '203.0.113.7', NULL, NULL, FALSE, TRUE, NULL, '{"ConsoleLogin":"Success"}', '{"MFAUsed":"No"}'),
	(TIMESTAMP '2026-01-02 03:01:00', 'login-bad', '111122223333', 'us-east-1', 'signin.amazonaws.com', 'ConsoleLogin', 'AwsConsoleSignIn', 'Management',
		'IAMUser', NULL, 'HIDDEN_DUE_TO_SECURITY_REASONS', NULL, '203.0.113.7', NULL, 'No username found in supplied account', FALSE, TRUE, NULL, '{ "ConsoleLogin" : "Failure" }', '{"MFAUsed":"YES"}'),
	(TIMESTAMP '2026-01-02 03:02:00', 'denied', '111122223333', 'eu-west-1', 'ec2.amazonaws.com', 'RunInstances', 'AwsApiCall', 'Management',
		'IAMUser', 'arn:aws:iam::111122223333:user/bob', 'bob', NULL, '203.0.113.7', 'Client.UnauthorizedOperation', 'You are not authorized', FALSE, TRUE, NULL, NULL, NULL),
	(TIMESTAMP '2026-01-02 03:03:00', 'dry', '111122223333', 'eu-west-1', 'ec2.amazonaws.com', 'RunInstances', 'AwsApiCall', 'Management',
		'IAMUser', 'arn:aws:iam::111122223333:user/bob', 'bob', NULL, '203.0.113.7', 'Client.DryRunOperation', 'would have succeeded', FALSE, TRUE, NULL, NULL, NULL),
	(TIMESTAMP '2026-01-02 03:04:00', 'object', '111122223333', 'eu-west-1', 's3.amazonaws.com', 'GetObject', 'AwsApiCall', 'Data',
		'AWSAccount', NULL, NULL, NULL, '203.0.113.7', NULL, NULL, TRUE, FALSE, '{"bucketName":"b","key":"a/b.txt"}', NULL, '{"bytesTransferredIn":0,"bytesTransferredOut":123.0}'),
	(TIMESTAMP '2026-01-02 03:05:00', 'strange', '111122223333', 'eu-west-1', 's3.amazonaws.com', 'GetObject', 'AwsApiCall', 'Data',
		'IAMUser', 'arn:aws:iam::111122223333:user/bob', 'bob', NULL, '203.0.113.7', NULL, NULL, TRUE, FALSE, '{"bucketName":{"not":"text"}}', NULL, '{"bytesTransferredOut":"many"}'),
	(TIMESTAMP '2026-01-02 03:06:00', 'key', '111122223333', 'us-east-1', 'iam.amazonaws.com', 'CreateAccessKey', 'AwsApiCall', 'Management',
		'IAMUser', 'arn:aws:iam::111122223333:user/bob', 'bob', NULL, '203.0.113.7', NULL, NULL, FALSE, TRUE, '{"userName":"carol"}',
		'{"accessKey":{"accessKeyId":"AKIAEXAMPLECAROL","userName":"carol"}}', NULL),
	(TIMESTAMP '2026-01-02 03:07:00', 'list', '111122223333', 'us-east-1', 'iam.amazonaws.com', 'ListUsers', 'AwsApiCall', 'Management',
		'IAMUser', 'arn:aws:iam::111122223333:user/bob', 'bob', NULL, '203.0.113.7', NULL, NULL, TRUE, TRUE, NULL, NULL, NULL),
	(TIMESTAMP '2026-01-02 03:08:00', 'stop', '111122223333', 'us-east-1', 'cloudtrail.amazonaws.com', 'StopLogging', 'AwsApiCall', 'Management',
		'AWSService', NULL, NULL, 'config.amazonaws.com', 'config.amazonaws.com', NULL, NULL, FALSE, TRUE, '{"name":"t"}', NULL, NULL),
	(TIMESTAMP '2026-01-02 03:09:00', 'vpce', '111122223333', 'us-east-1', 's3.amazonaws.com', 'ListBuckets', 'AwsVpceEvent', 'NetworkActivity',
		'AWSAccount', NULL, NULL, NULL, '192.0.2.9', 'VpceAccessDenied', 'The request was denied due to a VPC endpoint policy', NULL, NULL, NULL, NULL, NULL)`)
	run(t, db, `INSERT INTO cloudtrail (aggregated_event_id, aggregated_account_id, aws_region, event_source, event_type, event_category, window_start, window_size, aggregated_summary)
		VALUES ('agg', '111122223333', 'eu-west-1', 's3.amazonaws.com', 'AwsAggregatedEvent', 'Aggregated', TIMESTAMP '2026-01-02 04:00:00', 'PT5M',
		'{"primaryDimension":{"dimension":"eventName","statistics":[{"name":"GetObject","value":7},{"name":"PutObject","value":2}]}}')`)

	expect(t, "events", ask(t, db, `SELECT event_id, principal, target, outcome, error, bytes FROM cloudtrail_events ORDER BY event_time`),
		"login-ok|arn:aws:iam::111122223333:root|∅|success|∅|∅",
		"login-bad|HIDDEN_DUE_TO_SECURITY_REASONS|∅|failure|No username found in supplied account|∅",
		"denied|arn:aws:iam::111122223333:user/bob|∅|denied|Client.UnauthorizedOperation|∅",
		"dry|arn:aws:iam::111122223333:user/bob|∅|dry_run|Client.DryRunOperation|∅",
		"object|∅|s3://b/a/b.txt|success|∅|123",
		"strange|arn:aws:iam::111122223333:user/bob|∅|success|∅|0",
		"key|arn:aws:iam::111122223333:user/bob|carol|success|∅|∅",
		"list|arn:aws:iam::111122223333:user/bob|∅|success|∅|∅",
		"stop|config.amazonaws.com|t|success|∅|∅",
		"vpce|∅|∅|denied|VpceAccessDenied|∅",
		"agg|∅|∅|∅|∅|∅")
	expect(t, "sign-ins", ask(t, db, `SELECT event_id, user_type, outcome, mfa_used FROM cloudtrail_console_logins ORDER BY event_time`),
		"login-ok|Root|success|false", "login-bad|IAMUser|failure|true")
	expect(t, "root", ask(t, db, `SELECT event_id FROM cloudtrail_root`), "login-ok")
	expect(t, "denied", ask(t, db, `SELECT event_id FROM cloudtrail_denied ORDER BY event_time`), "denied", "vpce")
	expect(t, "errors", ask(t, db, `SELECT principal, error, calls FROM cloudtrail_errors ORDER BY 2`),
		"arn:aws:iam::111122223333:user/bob|Client.DryRunOperation|1",
		"arn:aws:iam::111122223333:user/bob|Client.UnauthorizedOperation|1",
		"HIDDEN_DUE_TO_SECURITY_REASONS|No username found in supplied account|1",
		"∅|VpceAccessDenied|1")
	expect(t, "IAM changes", ask(t, db, `SELECT event_id, target_user, target_access_key_id FROM cloudtrail_iam_changes`), "key|carol|AKIAEXAMPLECAROL")
	expect(t, "objects", ask(t, db, `SELECT event_id, bucket, object_key, bytes_in, bytes_out FROM cloudtrail_s3_objects ORDER BY event_time`),
		"object|b|a/b.txt|0|123", "strange|∅|∅|∅|∅")
	expect(t, "logging", ask(t, db, `SELECT event_id, principal FROM cloudtrail_logging_changes`), "stop|config.amazonaws.com")
	expect(t, "network activity", ask(t, db, `SELECT event_id FROM cloudtrail_network_activity`), "vpce")
	expect(t, "writes", ask(t, db, `SELECT event_id FROM cloudtrail_writes ORDER BY event_time`), "login-ok", "login-bad", "denied", "dry", "key")
	expect(t, "aggregated", ask(t, db, `SELECT dimension, name, calls FROM cloudtrail_aggregated ORDER BY 2`), "eventName|GetObject|7", "eventName|PutObject|2")
	expect(t, "principals", ask(t, db, `SELECT principal, calls, writes, errors, denied FROM cloudtrail_principals WHERE user_type = 'IAMUser' ORDER BY 2 DESC`),
		"arn:aws:iam::111122223333:user/bob|5|3|2|1", "HIDDEN_DUE_TO_SECURITY_REASONS|1|1|1|0")
}

func TestCloudTrailInsightsViews(t *testing.T) {
	db := emptyCase(t)
	run(t, db, `INSERT INTO cloudtrail_insights (event_time, event_id, shared_event_id, insight_state, insight_type, insight_event_name, insight_event_source,
		insight_average, baseline_average, attributions) VALUES
	(TIMESTAMP '2026-01-02 03:00:00', 'a', 's', 'Start', 'ApiCallRateInsight', 'RunInstances', 'ec2.amazonaws.com', 5.5, 0.5,
		'[{"attribute":"userAgent","insight":[{"value":"null","average":9.82222E-5},{"value":"aws-cli","average":5}],"baseline":[]}]'),
	(TIMESTAMP '2026-01-02 03:10:00', 'b', 's', 'End', 'ApiCallRateInsight', 'RunInstances', 'ec2.amazonaws.com', 5.5, 0.5, NULL)`)
	expect(t, "spells", ask(t, db, `SELECT CAST(start_time AS VARCHAR), CAST(end_time AS VARCHAR), times_usual FROM cloudtrail_insight_spells`),
		"2026-01-02 03:00:00|2026-01-02 03:10:00|11")
	expect(t, "attributions", ask(t, db, `SELECT attribute, value, average FROM cloudtrail_insight_attributions ORDER BY 2`),
		"userAgent|aws-cli|5", "userAgent|null|9.82222e-05")
	expect(t, "events", ask(t, db, `SELECT action, target, summary FROM cloudtrail_insights_events LIMIT 1`),
		"RunInstances|ec2.amazonaws.com|ApiCallRateInsight Start: RunInstances on ec2.amazonaws.com at 5.5 a minute, usually 0.5")
}

func TestFlowViews(t *testing.T) {
	db := emptyCase(t)
	run(t, db, `INSERT INTO vpc_flow (start, "end", account_id, interface_id, srcaddr, dstaddr, srcport, dstport, protocol, packets, bytes, action, log_status) VALUES
	(TIMESTAMP '2026-01-02 03:00:00', TIMESTAMP '2026-01-02 03:01:00', '111122223333', 'eni-1', '203.0.113.7', '10.0.0.5', 50000, 22, 6, 10, 1000, 'ACCEPT', 'OK'),
	(TIMESTAMP '2026-01-02 03:00:00', TIMESTAMP '2026-01-02 03:01:00', '111122223333', 'eni-1', '10.0.0.5', '203.0.113.7', 22, 50000, 6, 12, 9000, 'ACCEPT', 'OK'),
	(TIMESTAMP '2026-01-02 03:02:00', TIMESTAMP '2026-01-02 03:03:00', '111122223333', 'eni-1', '203.0.113.7', '10.0.0.5', 50001, 3389, 6, 1, 40, 'REJECT', 'OK'),
	(TIMESTAMP '2026-01-02 03:02:00', TIMESTAMP '2026-01-02 03:03:00', '111122223333', 'eni-1', '203.0.113.7', '10.0.0.6', 50002, 3389, 6, 1, 40, 'REJECT', 'OK'),
	(TIMESTAMP '2026-01-02 03:04:00', TIMESTAMP '2026-01-02 03:05:00', '111122223333', 'eni-1', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'NODATA'),
	(TIMESTAMP '2026-01-02 03:06:00', TIMESTAMP '2026-01-02 03:07:00', '111122223333', 'eni-1', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'SKIPDATA')`)
	expect(t, "events", ask(t, db, `SELECT outcome, summary FROM vpc_flow_events ORDER BY event_time, src_ip LIMIT 5`),
		"allowed|ACCEPT 10.0.0.5:22 > 203.0.113.7:50000 protocol 6, 12 packets",
		"allowed|ACCEPT 203.0.113.7:50000 > 10.0.0.5:22 protocol 6, 10 packets",
		"blocked|REJECT 203.0.113.7:50001 > 10.0.0.5:3389 protocol 6, 1 packets",
		"blocked|REJECT 203.0.113.7:50002 > 10.0.0.6:3389 protocol 6, 1 packets",
		"nodata|NODATA on eni-1")
	expect(t, "talkers", ask(t, db, `SELECT srcaddr, bytes, flows, rejected_flows FROM flow_top_talkers ORDER BY bytes DESC`),
		"10.0.0.5|9000|1|0", "203.0.113.7|1080|3|2")
	expect(t, "rejected", ask(t, db, `SELECT srcaddr, dstport, service, flows, targets FROM flow_rejected`), "203.0.113.7|3389|rdp|2|2")
	expect(t, "services", ask(t, db, `SELECT service_port, service, action, flows, bytes FROM flow_services ORDER BY 1`),
		"22|ssh|ACCEPT|2|10000", "3389|rdp|REJECT|2|80")
	expect(t, "pairs", ask(t, db, `SELECT srcaddr, dstaddr, service_port, direction, bytes FROM flow_pairs WHERE action = 'ACCEPT' ORDER BY 5`),
		"203.0.113.7|10.0.0.5|22|to service|1000", "10.0.0.5|203.0.113.7|22|from service|9000")
	expect(t, "sensitive", ask(t, db, `SELECT srcaddr, dstport, service, from_internet FROM flow_sensitive_ports`), "203.0.113.7|22|ssh|true")
	expect(t, "coverage", ask(t, db, `SELECT interface_id, CAST(day AS VARCHAR), ok_records, nodata_windows, skipdata_windows FROM flow_coverage`),
		"eni-1|2026-01-02|4|1|1")
	expect(t, "outbound", ask(t, db, `SELECT srcaddr, dstaddr, bytes FROM flow_outbound`), "10.0.0.5|203.0.113.7|9000")
}

func TestWAFRuleMatches(t *testing.T) {
	db := emptyCase(t)
	run(t, db, `INSERT INTO waf ("timestamp", request_id, action, client_ip, uri, args, http_method, header_host, webacl_id, terminating_rule_id, terminating_rule_type,
		terminating_rule_match_details, rule_group_list, non_terminating_matching_rules, rate_based_rule_list, label_names) VALUES
	(TIMESTAMP '2026-01-02 03:00:00', 'r1', 'BLOCK', '203.0.113.9', '/login', 'id=1%27', 'GET', 'app.example.com',
		'arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/demo/00000000-0000-0000-0000-000000000000', 'common', 'MANAGED_RULE_GROUP', '[]',
		'[{"ruleGroupId":"AWS#AWSManagedRulesSQLiRuleSet","terminatingRule":{"ruleId":"SQLi_QUERYARGUMENTS","action":"BLOCK","ruleMatchDetails":[{"conditionType":"SQL_INJECTION"}]},
		   "nonTerminatingMatchingRules":[{"ruleId":"SQLi_BODY","action":"COUNT","overriddenAction":"BLOCK","ruleMatchDetails":[]}],"excludedRules":[{"exclusionType":"EXCLUDED_AS_COUNT","ruleId":"SQLi_COOKIE"}]},
		  {"ruleGroupId":"AWS#AWSManagedRulesCommonRuleSet","terminatingRule":null,"nonTerminatingMatchingRules":[],"excludedRules":null}]',
		'[{"ruleId":"watch-login","action":"COUNT","ruleMatchDetails":[]}]',
		'[{"rateBasedRuleId":"NO_EVALUATION_PERFORMED","rateBasedRuleName":"too-fast","limitKey":"IP","maxRateAllowed":100}]', '["awswaf:managed:aws:sql-database:SQLi_QueryArguments","team:watch"]'),
	(TIMESTAMP '2026-01-02 03:01:00', 'r2', 'ALLOW', '203.0.113.9', '/', '', 'GET', 'app.example.com', 'a-classic-guid', 'Default_Action', 'REGULAR', NULL, '[]', 'null', '[ ]', 'null')`)
	expect(t, "matches", ask(t, db, `SELECT request_id, mode, rule_group_id, rule_id, rule_action, overridden_action, match_details FROM waf_rule_matches ORDER BY mode`),
		"r1|excluded|AWS#AWSManagedRulesSQLiRuleSet|SQLi_COOKIE|EXCLUDED_AS_COUNT|∅|∅",
		"r1|group_non_terminating|AWS#AWSManagedRulesSQLiRuleSet|SQLi_BODY|COUNT|BLOCK|[]",
		`r1|group_terminating|AWS#AWSManagedRulesSQLiRuleSet|SQLi_QUERYARGUMENTS|BLOCK|∅|[{"conditionType":"SQL_INJECTION"}]`,
		"r1|non_terminating|∅|watch-login|COUNT|∅|[]",
		`r1|rate_based|∅|too-fast|∅|∅|{"rateBasedRuleId":"NO_EVALUATION_PERFORMED","rateBasedRuleName":"too-fast","limitKey":"IP","maxRateAllowed":100}`,
		"r1|terminating|∅|common|BLOCK|∅|[]")
	expect(t, "filtered matches", ask(t, db, `SELECT rule_id FROM waf_rule_matches WHERE client_ip = '203.0.113.9' AND mode = 'group_terminating'`), "SQLi_QUERYARGUMENTS")
	expect(t, "events", ask(t, db, `SELECT account_id, region, action, target, outcome, summary FROM waf_events ORDER BY event_time`),
		"111122223333|eu-west-1|BLOCK|app.example.com/login|blocked|BLOCK by common: GET app.example.com/login?id=1%27",
		"∅|∅|ALLOW|app.example.com/|allowed|ALLOW by Default_Action: GET app.example.com/")
	expect(t, "clients", ask(t, db, `SELECT client_ip, requests, allowed, blocked, counted, rules FROM waf_clients`), "203.0.113.9|2|1|1|1|1")
	expect(t, "blocked", ask(t, db, `SELECT request_id FROM waf_blocked`), "r1")
	expect(t, "labels", ask(t, db, `SELECT label FROM waf_labels ORDER BY 1`), "awswaf:managed:aws:sql-database:SQLi_QueryArguments", "team:watch")
	expect(t, "rules", ask(t, db, `SELECT rule_id, requests, allowed FROM waf_rules WHERE mode = 'non_terminating'`), "watch-login|1|0")
	expect(t, "paths", ask(t, db, `SELECT uri, requests, stopped FROM waf_paths ORDER BY 1`), "/|1|0", "/login|1|1")
}

// TestWAFBlockedInLaterGroup: the rule that blocked is seldom in the first group.
func TestWAFBlockedInLaterGroup(t *testing.T) {
	db := emptyCase(t)
	run(t, db, `INSERT INTO waf ("timestamp", action, terminating_rule_id, rule_group_list) VALUES
	(TIMESTAMP '2026-01-02 03:00:00', 'BLOCK', 'common', '[{"ruleGroupId":"g1","terminatingRule":null,"nonTerminatingMatchingRules":[{"ruleId":"Seen","action":"COUNT"}]},{"ruleGroupId":"g2","terminatingRule":{"ruleId":"SQLi_QUERY","action":"BLOCK","ruleMatchDetails":[{"conditionType":"SQL"}]},"nonTerminatingMatchingRules":[]}]'),
	(TIMESTAMP '2026-01-02 03:01:00', 'BLOCK', 'rate', '[{"ruleGroupId":"g1","terminatingRule":null}]')`)
	expect(t, "blocked by", ask(t, db, `SELECT terminating_rule_id, first_group_rule_id FROM waf_blocked ORDER BY "timestamp"`), "common|SQLi_QUERY", "rate|∅")
}
