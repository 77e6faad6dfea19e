package schemas_test

import (
	"database/sql"
	"fmt"
	"testing"
)

// calls puts n CloudTrail events into each hour of the day and account.
func calls(t *testing.T, db *sql.DB, account, region string, n int, day string, from, to int) {
	t.Helper()
	run(t, db, fmt.Sprintf(`INSERT INTO cloudtrail (event_time, recipient_account_id, aws_region, event_source, event_name, file_id, record_no)
	SELECT TIMESTAMP '%s 00:00:00' + to_hours(h) + to_seconds(n * 10), '%s', '%s', 'ec2.amazonaws.com', 'DescribeInstances', 1, n
	FROM generate_series(%d, %d) AS hours (h), generate_series(0, %d) AS numbers (n)`, day, account, region, from, to, n-1))
}

// call is one CloudTrail event that changes logging; fails is its error code.
func call(t *testing.T, db *sql.DB, at, account, region, service, name, request, fails string) {
	t.Helper()
	code := "NULL"
	if fails != "" {
		code = "'" + fails + "'"
	}
	run(t, db, fmt.Sprintf(`INSERT INTO cloudtrail (event_time, recipient_account_id, aws_region, event_source, event_name, user_arn, request_parameters, response_elements, error_code, file_id, record_no)
	VALUES (TIMESTAMP '%s', '%s', '%s', '%s.amazonaws.com', '%s', 'arn:aws:iam::111122223333:user/mallory', '%s', '%[6]s', %[7]s, 2, 1)`, at, account, region, service, name, request, code))
}

// flows puts n flow records into each of the hours of a day.
func flows(t *testing.T, db *sql.DB, status string, n int, day string, from, to int) {
	t.Helper()
	run(t, db, fmt.Sprintf(`INSERT INTO vpc_flow (start, "end", account_id, region, interface_id, log_status, file_id, record_no)
	SELECT TIMESTAMP '%s 00:00:00' + to_hours(h) + to_seconds(n), TIMESTAMP '%[1]s 00:00:00' + to_hours(h) + to_seconds(n + 60), '111122223333', 'eu-west-1', 'eni-1', '%s', 1, n
	FROM generate_series(%d, %d) AS hours (h), generate_series(0, %d) AS numbers (n)`, day, status, from, to, n-1))
}

const gaps = `SELECT source, account_id, region, strftime(min(hour), '%d %H') || '-' || strftime(max(hour), '%d %H'), status, count(*), max(expected), COALESCE(cause, 'unexplained')
	FROM coverage WHERE is_gap GROUP BY source, account_id, region, status, cause ORDER BY 1, 2, 3, 4`

func TestCoverageExplainsHoles(t *testing.T) {
	db := emptyCase(t)
	// Three regions of one account, silent at 30 to 33 for one trail was stopped; another account, with a hole nothing explains.
	for _, region := range []string{"eu-west-1", "us-east-1"} {
		calls(t, db, "111122223333", region, 30, "2026-03-02", 0, 29)
		calls(t, db, "111122223333", region, 30, "2026-03-02", 34, 47)
	}
	calls(t, db, "111122223333", "sa-east-1", 1, "2026-03-02", 5, 5)
	calls(t, db, "444455556666", "us-east-1", 30, "2026-03-02", 0, 9)
	calls(t, db, "444455556666", "us-east-1", 30, "2026-03-02", 12, 47)
	call(t, db, "2026-03-03 05:59:00", "111122223333", "us-east-1", "cloudtrail", "StopLogging", `{"name":"arn:aws:cloudtrail:us-east-1:111122223333:trail/main"}`, "")
	call(t, db, "2026-03-03 10:00:10", "111122223333", "us-east-1", "cloudtrail", "StartLogging", `{"name":"main"}`, "")
	// Refused, and of an account whose hole it would explain.
	call(t, db, "2026-03-02 09:30:00", "444455556666", "us-east-1", "cloudtrail", "StopLogging", `{"name":"main"}`, "AccessDenied")
	const stop = "StopLogging arn:aws:cloudtrail:us-east-1:111122223333:trail/main"
	expect(t, "gaps", ask(t, db, gaps),
		"cloudtrail|111122223333|eu-west-1|03 06-03 09|none|4|30|"+stop,
		"cloudtrail|111122223333|sa-east-1|03 05-03 10|none|6|0|"+stop,
		"cloudtrail|111122223333|us-east-1|03 06-03 09|none|4|30|"+stop,
		"cloudtrail|444455556666|us-east-1|02 10-02 11|none|2|30|unexplained")
	expect(t, "who and when", ask(t, db, `SELECT DISTINCT strftime(cause_time, '%Y-%m-%dT%H:%M:%SZ'), cause_principal FROM coverage WHERE is_gap AND cause IS NOT NULL`), "2026-03-03T05:59:00Z|arn:aws:iam::111122223333:user/mallory")
	expect(t, "every hour of each region, to the account's ends", ask(t, db, `SELECT account_id, region, count(*), strftime(min(hour), '%Y-%m-%dT%H:%M:%SZ'), strftime(max(hour), '%Y-%m-%dT%H:%M:%SZ'), sum(records) FROM coverage GROUP BY account_id, region ORDER BY 1, 2`),
		"111122223333|eu-west-1|48|2026-03-02T00:00:00Z|2026-03-03T23:00:00Z|1320",
		"111122223333|sa-east-1|48|2026-03-02T00:00:00Z|2026-03-03T23:00:00Z|1",
		"111122223333|us-east-1|48|2026-03-02T00:00:00Z|2026-03-03T23:00:00Z|1322",
		"444455556666|us-east-1|48|2026-03-02T00:00:00Z|2026-03-03T23:00:00Z|1381")
	expect(t, "changes", ask(t, db, `SELECT account_id, action, affects, effect, strftime(ended_at, '%Y-%m-%dT%H:%M:%SZ'), error, all_regions FROM logging_changes ORDER BY event_time`),
		"444455556666|StopLogging|cloudtrail|stops|∅|AccessDenied|true",
		"111122223333|StopLogging|cloudtrail|stops|2026-03-03T10:00:10Z|∅|true",
		"111122223333|StartLogging|cloudtrail|starts|∅|∅|true")

	// A trail known to be of one region explains that region alone.
	call(t, db, "2026-03-02 00:30:00", "111122223333", "us-east-1", "cloudtrail", "CreateTrail", `{"name":"main","isMultiRegionTrail":false}`, "")
	expect(t, "gaps of a trail of one region", ask(t, db, gaps),
		"cloudtrail|111122223333|eu-west-1|03 06-03 09|none|4|30|unexplained",
		"cloudtrail|111122223333|us-east-1|03 06-03 09|none|4|30|"+stop,
		"cloudtrail|444455556666|us-east-1|02 10-02 11|none|2|30|unexplained")
}

func TestCoverageOfFlowLogs(t *testing.T) {
	db := emptyCase(t)
	// Four days of 300 an hour. On the third one hour has 5, one 40, one says NODATA, one SKIPDATA, and after the
	// logs were deleted four have none; the first hour is of a few minutes.
	flows(t, db, "OK", 5, "2026-03-02", 0, 0)
	flows(t, db, "OK", 300, "2026-03-02", 1, 51)
	flows(t, db, "OK", 5, "2026-03-02", 52, 52)
	flows(t, db, "OK", 40, "2026-03-02", 53, 53)
	flows(t, db, "NODATA", 3, "2026-03-02", 54, 54)
	flows(t, db, "OK", 200, "2026-03-02", 55, 55)
	flows(t, db, "SKIPDATA", 2, "2026-03-02", 55, 55)
	flows(t, db, "OK", 300, "2026-03-02", 56, 59)
	flows(t, db, "OK", 300, "2026-03-02", 64, 95)
	call(t, db, "2026-03-04 12:01:00", "111122223333", "eu-west-1", "ec2", "DeleteFlowLogs", `{"DeleteFlowLogsRequest":{"FlowLogId":{"tag":1,"content":"fl-1"}}}`, "")
	call(t, db, "2026-03-04 15:58:00", "111122223333", "eu-west-1", "ec2", "CreateFlowLogs", `{"CreateFlowLogsRequest":{"ResourceType":"VPC","ResourceId":{"content":"vpc-1"}}}`, "")
	expect(t, "gaps", ask(t, db, gaps),
		"vpc_flow|111122223333|eu-west-1|04 04-04 04|little|1|300|unexplained",
		"vpc_flow|111122223333|eu-west-1|04 07-04 07|skipdata|1|300|unexplained",
		"vpc_flow|111122223333|eu-west-1|04 12-04 15|none|4|300|DeleteFlowLogs fl-1")
	expect(t, "NODATA and SKIPDATA", ask(t, db, `SELECT strftime(hour, '%d %H'), status, records, nodata, skipdata, is_gap FROM coverage WHERE nodata + skipdata > 0 ORDER BY 1`),
		"04 06|nodata|0|3|0|false", "04 07|skipdata|200|0|2|true")
}

func TestCoverageOfQuietLogs(t *testing.T) {
	db := emptyCase(t)
	// A region now and then used; one of three events each hour with an hour left out; an office that rests at night and at
	// weekends, with a hole on Tuesday of the second week.
	calls(t, db, "111122223333", "eu-west-1", 1, "2026-03-02", 0, 3)
	calls(t, db, "111122223333", "eu-west-1", 9, "2026-03-06", 5, 5)
	calls(t, db, "111122223333", "eu-west-1", 1, "2026-03-11", 22, 23)
	calls(t, db, "111122223333", "us-east-1", 3, "2026-03-02", 0, 100)
	calls(t, db, "111122223333", "us-east-1", 1, "2026-03-02", 101, 101)
	calls(t, db, "111122223333", "us-east-1", 3, "2026-03-02", 103, 335)
	for _, day := range []int{2, 3, 4, 5, 6, 9, 10, 11, 12, 13} {
		to := 17
		if day == 10 {
			to = 12
		}
		calls(t, db, "444455556666", "us-east-1", 100, fmt.Sprintf("2026-03-%02d", day), 8, to)
	}
	calls(t, db, "444455556666", "us-east-1", 100, "2026-03-10", 15, 17)
	expect(t, "gaps", ask(t, db, gaps), "cloudtrail|444455556666|us-east-1|10 13-10 14|none|2|100|unexplained")

	// A steady log that ends for days is a gap though it covers more than a third of the time.
	calls(t, db, "777788889999", "us-east-1", 5, "2026-03-02", 0, 47)
	calls(t, db, "777788889999", "us-east-1", 5, "2026-03-09", 0, 47)
	// One of bursts, many records in every third hour or so, has no gap, though it has few days without any.
	for h := range 24 * 12 {
		if h*h%7 == 2 && h/24 != 4 {
			calls(t, db, "222233334444", "us-east-1", 200, "2026-03-02", h, h)
		}
	}
	expect(t, "days", ask(t, db, gaps),
		"cloudtrail|444455556666|us-east-1|10 13-10 14|none|2|100|unexplained", "cloudtrail|777788889999|us-east-1|04 00-08 23|none|120|5|unexplained")
}

func TestCoverageOfBrokenClock(t *testing.T) {
	db := emptyCase(t)
	calls(t, db, "111122223333", "us-east-1", 1, "2026-03-02", 0, 0)
	calls(t, db, "111122223333", "us-east-1", 1, "2026-03-02", 2, 2)
	calls(t, db, "111122223333", "eu-west-1", 1, "2026-03-02", 2, 2)
	calls(t, db, "111122223333", "us-east-1", 1, "1970-01-01", 0, 0)
	calls(t, db, "111122223333", "us-east-1", 1, "9999-12-31", 23, 23)
	expect(t, "hours", ask(t, db, `SELECT region, strftime(hour, '%Y-%m-%dT%H:%M:%SZ'), records FROM coverage ORDER BY 1, hour`),
		"eu-west-1|2026-03-02T00:00:00Z|0", "eu-west-1|2026-03-02T01:00:00Z|0", "eu-west-1|2026-03-02T02:00:00Z|1",
		"us-east-1|1970-01-01T00:00:00Z|1", "us-east-1|2026-03-02T00:00:00Z|1", "us-east-1|2026-03-02T01:00:00Z|0", "us-east-1|2026-03-02T02:00:00Z|1", "us-east-1|9999-12-31T23:00:00Z|1")
}

// TestLoggingChanges has a call of each service, and its like that changes nothing.
func TestLoggingChanges(t *testing.T) {
	db := emptyCase(t)
	for i, c := range []struct{ service, name, request, want string }{
		{"cloudtrail", "PutInsightSelectors", `{"trailName":"t"}`, "cloudtrail_insights|changes|t"},
		{"cloudtrail", "PutEventSelectors", `{"trailName":"t"}`, "cloudtrail|changes|t"},
		{"cloudtrail", "GetTrailStatus", `{"name":"t"}`, ""},
		{"ec2", "CreateFlowLogs", `{"CreateFlowLogsRequest":{"ResourceType":"TransitGateway","ResourceId":{"content":"tgw-1"}}}`, "tgw_flow|starts|tgw-1"},
		{"guardduty", "UpdateDetector", `{"detectorId":"d","enable":false}`, "guardduty|stops|d"},
		{"guardduty", "UpdateDetector", `{"detectorId":"d","findingPublishingFrequency":"SIX_HOURS"}`, "guardduty|changes|d"},
		{"config", "StopConfigurationRecorder", `{"configurationRecorderName":"default"}`, "config_items|stops|default"},
		{"config", "DeleteDeliveryChannel", `{"deliveryChannelName":"default"}`, "config_items|stops|default"},
		{"route53resolver", "DisassociateResolverQueryLogConfig", `{"resolverQueryLogConfigId":"rqlc-1","resourceId":"vpc-1"}`, "route53_resolver|stops|rqlc-1"},
		{"route53", "DeleteQueryLoggingConfig", `{"id":"q-1"}`, "route53_public|stops|q-1"},
		{"wafv2", "DeleteLoggingConfiguration", `{"resourceArn":"arn:acl"}`, "waf|stops|arn:acl"},
		{"wafv2", "PutLoggingConfiguration", `{"loggingConfiguration":{"resourceArn":"arn:acl"}}`, "waf|starts|arn:acl"},
		{"network-firewall", "UpdateLoggingConfiguration", `{"firewallName":"f","loggingConfiguration":{"logDestinationConfigs":[]}}`, "network_firewall|stops|f"},
		{"network-firewall", "UpdateLoggingConfiguration", `{"firewallName":"f","loggingConfiguration":{"logDestinationConfigs":[{"logDestination":{"bucketName":"b"}}]}}`, "network_firewall|changes|f"},
		{"s3", "PutBucketLogging", `{"bucketName":"b","BucketLoggingStatus":{"xmlns":"x"}}`, "s3_access|stops|b"},
		{"s3", "PutBucketLogging", `{"bucketName":"b","BucketLoggingStatus":{"LoggingEnabled":{"TargetBucket":"l"}}}`, "s3_access|starts|b"},
		{"s3", "DeleteBucket", `{"bucketName":"org-cloudtrail"}`, "cloudtrail|stops|org-cloudtrail"},
		{"s3", "DeleteBucket", `{"bucketName":"holiday"}`, ""},
		{"logs", "DeleteLogGroup", `{"logGroupName":"/aws/eks/c/cluster"}`, "cloudwatch_logs eks_audit|stops|/aws/eks/c/cluster"},
		{"logs", "DeleteLogGroup", `{"logGroupName":"app"}`, "cloudwatch_logs|stops|app"},
		{"elasticloadbalancing", "ModifyLoadBalancerAttributes", `{"loadBalancerArn":"arn:aws:elasticloadbalancing:r:1:loadbalancer/app/a/1","attributes":[{"key":"access_logs.s3.enabled","value":"false"}]}`, "alb|stops|arn:aws:elasticloadbalancing:r:1:loadbalancer/app/a/1"},
		{"elasticloadbalancing", "ModifyLoadBalancerAttributes", `{"loadBalancerArn":"arn:aws:elasticloadbalancing:r:1:loadbalancer/net/a/1","attributes":[{"key":"access_logs.s3.enabled","value":"true"}]}`, "nlb|starts|arn:aws:elasticloadbalancing:r:1:loadbalancer/net/a/1"},
		{"elasticloadbalancing", "ModifyLoadBalancerAttributes", `{"loadBalancerName":"c","loadBalancerAttributes":{"accessLog":{"enabled":false}}}`, "clb|stops|c"},
		{"elasticloadbalancing", "ModifyLoadBalancerAttributes", `{"loadBalancerArn":"arn:aws:elasticloadbalancing:r:1:loadbalancer/app/a/1","attributes":[{"key":"idle_timeout.timeout_seconds","value":"60"}]}`, ""},
		{"cloudfront", "UpdateDistribution", `{"id":"E1","distributionConfig":{"logging":{"enabled":false}}}`, "cloudfront|stops|E1"},
		{"cloudfront", "UpdateDistribution", `{"id":"E1","distributionConfig":{"comment":"x"}}`, ""},
		{"eks", "UpdateClusterConfig", `{"name":"c","logging":{"clusterLogging":[{"types":["api","audit"],"enabled":false}]}}`, "eks_audit|stops|c"},
		{"eks", "UpdateClusterConfig", `{"name":"c","resourcesVpcConfig":{}}`, ""},
		{"rds", "ModifyDBInstance", `{"dBInstanceIdentifier":"db","cloudwatchLogsExportConfiguration":{"disableLogTypes":["audit"]}}`, "rds_audit|stops|db"},
		{"rds", "ModifyDBInstance", `{"dBInstanceIdentifier":"db","allocatedStorage":5}`, ""},
		{"redshift", "DisableLogging", `{"clusterIdentifier":"rs"}`, "redshift_audit|stops|rs"},
		{"apigateway", "UpdateStage", `{"restApiId":"r","stageName":"s","patchOperations":[{"op":"remove","path":"/accessLogSettings"}]}`, "api_gateway|stops|r/s"},
		{"apigateway", "UpdateStage", `{"restApiId":"r","stageName":"s","patchOperations":[{"op":"replace","path":"/description"}]}`, ""},
	} {
		run(t, db, "DELETE FROM cloudtrail")
		call(t, db, "2026-03-02 00:00:00", "111122223333", "us-east-1", c.service, c.name, c.request, "")
		var want []string
		if c.want != "" {
			want = []string{c.want}
		}
		expect(t, fmt.Sprintf("%d: %s %s", i, c.name, c.request), ask(t, db, `SELECT array_join(array_agg(affects ORDER BY affects), ' '), min(effect), min(target) FROM logging_changes HAVING count(*) > 0`), want...)
	}
}
