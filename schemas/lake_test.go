package schemas_test

import (
	"os"
	"path/filepath"
	"testing"

	"logquarry/engine/store"
	"logquarry/schemas"
)

// lakeFiles are files as Security Lake keeps them, as queries that DuckDB
// writes as Parquet: no two have the same structs, and time is a number of
// milliseconds in some and a timestamp in others.
var lakeFiles = map[string]string{
	// Version 1 of the sources: OCSF 1.0.0-rc.2.
	"calls_1.gz.parquet": `SELECT CAST(1767409445678 AS BIGINT) AS time, 3005 AS class_uid, 'API Activity' AS class_name, 2 AS activity_id, 'Success' AS status, 1 AS status_id,
	{'version': '1.0.0-rc.2', 'uid': 'e-1', 'product': {'name': 'CloudTrail', 'vendor_name': 'AWS', 'feature': {'name': 'Management'}}, 'profiles': ['cloud']} AS metadata,
	{'region': 'eu-west-1', 'provider': 'AWS', 'account_uid': '000011112222'} AS cloud,
	{'operation': 'ListUsers', 'service': {'name': 'iam.amazonaws.com'}, 'request': {'uid': 'r'}, 'response': CAST(NULL AS STRUCT(error VARCHAR, message VARCHAR))} AS api,
	{'user': {'uid': 'AIDAEXAMPLEEXAMPLEEXA', 'uuid': 'arn:aws:iam::000011112222:user/alice', 'credential_uid': 'AKIAIOSFODNN7EXAMPLE', 'account_uid': '000011112222'}, 'session': {'mfa': true}} AS actor,
	{'ip': '203.0.113.9', 'domain': CAST(NULL AS VARCHAR)} AS src_endpoint,
	MAP {'recipientAccountId': '000011112222', 'tlsDetails.tlsVersion': 'TLSv1.3'} AS unmapped, ['x'] AS labels`,
	// Version 2: 1.1.0, Iceberg's columns.
	"calls_2.parquet": `SELECT TIMESTAMP '2026-01-03 03:04:06.678' AS time, TIMESTAMPTZ '2026-01-03 03:04:06.678+00' AS time_dt, 6003 AS class_uid, 'API Activity' AS class_name, 'Failure' AS status, 2 AS status_id,
	{'version': '1.1.0', 'uid': 'e-2', 'product': {'name': 'CloudTrail'}} AS metadata, {'region': 'eu-west-1', 'account': {'uid': '000011112222'}} AS cloud,
	{'operation': 'GetObject', 'service': {'name': 's3.amazonaws.com'}, 'request': {'uid': 'r', 'data': '{"key":"k"}'}, 'response': {'error': 'AccessDenied', 'message': 'no', 'data': CAST(NULL AS VARCHAR)}} AS api,
	{'user': {'uid': 'arn:aws:iam::000011112222:user/bob', 'uid_alt': 'AIDAEXAMPLEEXAMPLEEXB', 'account': {'uid': '000011112222'}}, 'session': {'is_mfa': false, 'created_time_dt': TIMESTAMP '2026-01-03 03:00:00'}} AS actor,
	{'ip': '2001:db8::1'} AS src_endpoint, [{'uid': 'arn:aws:s3:::demo-bucket', 'type': 'AWS::S3::Bucket'}, {'uid': 'arn:aws:s3:::demo-bucket/k', 'type': NULL}] AS resources, '{"eventCategory":"Data"}' AS unmapped`,
	"flows.parquet": `SELECT CAST(1767409447000 AS BIGINT) AS time, 4001 AS class_uid, 'Network Activity' AS class_name, {'version': '1.1.0', 'product': {'name': 'Amazon VPC'}} AS metadata,
	TIMESTAMP '2026-01-03 03:03:00' AS start_time_dt, TIMESTAMP '2026-01-03 03:04:00' AS end_time_dt, {'ip': '198.51.100.9', 'port': 40000, 'intermediate_ips': ['10.0.0.1']} AS src_endpoint,
	{'ip': '10.0.0.5', 'port': 22, 'interface_uid': 'eni-0a1b'} AS dst_endpoint, {'bytes': CAST(5000000000 AS BIGINT), 'packets': CAST(1 AS BIGINT)} AS traffic, {'protocol_num': 6, 'direction': 'Inbound'} AS connection_info, 'Denied' AS action`,
	"requests.parquet": `SELECT CAST(1767409448000 AS BIGINT) AS time, 4002 AS class_uid, 'HTTP Activity' AS class_name, {'version': '1.1.0', 'labels': ['a', 'b']} AS metadata,
	{'http_method': 'GET', 'url': {'hostname': 'app.example.com', 'path': '/a'}, 'http_headers': [{'name': 'Host', 'value': 'app.example.com'}]} AS http_request, {'ip': '203.0.113.9'} AS src_endpoint, 'Allowed' AS action`,
	"names.parquet": `SELECT CAST(1767409449000 AS BIGINT) AS time, 4003 AS class_uid, 'DNS Activity' AS class_name, {'version': '1.1.0'} AS metadata, {'hostname': 'www.example.com.', 'type': 'A', 'class': 'IN'} AS query,
	[{'rdata': '192.0.2.44', 'type': 'A'}, {'rdata': '192.0.2.45', 'type': 'A'}] AS answers, 'NOERROR' AS rcode, {'ip': '10.0.0.5', 'port': 4187} AS src_endpoint`,
	"findings.parquet": `SELECT CAST(1767409450000 AS BIGINT) AS time, 2004 AS class_uid, 'Detection Finding' AS class_name, {'version': '1.1.0'} AS metadata, 'High' AS severity,
	{'uid': 'f', 'title': 'Found', 'types': ['x', 'y'], 'first_seen_time': CAST(1767409440000 AS BIGINT)} AS finding_info, [{'uid': 'arn:aws:ec2:eu-west-1:000011112222:instance/i-0a1b', 'data': '{"a":1}'}] AS resources
	UNION ALL SELECT NULL, 2004, NULL, NULL, NULL, NULL, NULL`,
}

// TestLake loads Security Lake's Parquet files.
func TestLake(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "ext")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	scratch, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "scratch.duckdb"), store.Options{Create: true, Schemas: schemas.FS})
	if err != nil {
		t.Fatal(err)
	}
	for name, query := range lakeFiles {
		if _, err := scratch.DB().Exec("COPY (" + query + ") TO '" + filepath.Join(folder, name) + "' (FORMAT parquet)"); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if err := scratch.Close(); err != nil {
		t.Fatal(err)
	}
	c, _ := loadFiles(t, folder)
	db := c.DB()
	expect(t, "accounts", ask(t, db, `SELECT sum(records), sum(loaded), sum(rejected) FROM evidence`), "7|7|0")
	expect(t, "calls", ask(t, db, `SELECT CAST(time AS VARCHAR), class_uid, metadata_version, metadata_uid, cloud_account_uid, actor_user_uid, actor_user_uuid, actor_credential_uid, actor_session_mfa, src_ip, api_operation, api_error, api_request_uid FROM ocsf WHERE class_uid IN (3005, 6003) ORDER BY time`),
		"2026-01-03 03:04:05.678|3005|1.0.0-rc.2|e-1|000011112222|AIDAEXAMPLEEXAMPLEEXA|arn:aws:iam::000011112222:user/alice|AKIAIOSFODNN7EXAMPLE|true|203.0.113.9|ListUsers|∅|r",
		"2026-01-03 03:04:06.678|6003|1.1.0|e-2|000011112222|arn:aws:iam::000011112222:user/bob|∅|∅|false|2001:db8::1|GetObject|AccessDenied|r")
	expect(t, "unmapped", ask(t, db, `SELECT json_extract_scalar(unmapped, '$.recipientAccountId'), json_extract_scalar(unmapped, '$["tlsDetails.tlsVersion"]'), json_extract_scalar(unmapped, '$.eventCategory') FROM ocsf WHERE class_uid IN (3005, 6003) ORDER BY time`),
		"000011112222|TLSv1.3|∅", "∅|∅|Data")
	expect(t, "nested", ask(t, db, `SELECT json_extract_scalar(api, '$.request.data'), json_extract_scalar(resources, '$[1].uid'), json_extract_scalar(actor, '$.session.created_time_dt') FROM ocsf WHERE class_uid = 6003`),
		`{"key":"k"}|arn:aws:s3:::demo-bucket/k|2026-01-03 03:00:00`)
	expect(t, "flows", ask(t, db, `SELECT CAST(start_time AS VARCHAR), CAST(end_time AS VARCHAR), src_ip, src_port, dst_ip, dst_port, connection_protocol_num, connection_direction, traffic_bytes, traffic_packets, action, dst_interface_uid FROM ocsf_network_activity n`),
		"2026-01-03 03:03:00|2026-01-03 03:04:00|198.51.100.9|40000|10.0.0.5|22|6|Inbound|5000000000|1|Denied|eni-0a1b")
	expect(t, "requests", ask(t, db, `SELECT src_ip, http_method, http_host, http_path, action FROM ocsf_http_activity`), "203.0.113.9|GET|app.example.com|/a|Allowed")
	expect(t, "names", ask(t, db, `SELECT src_ip, query_hostname, query_type, rcode, json_extract_scalar(answers, '$[1].rdata') FROM ocsf_dns_activity`), "10.0.0.5|www.example.com.|A|NOERROR|192.0.2.45")
	expect(t, "findings", ask(t, db, `SELECT CAST(time AS VARCHAR), severity, finding_uid, finding_title, finding_types FROM ocsf_detection_findings ORDER BY time NULLS LAST`),
		`2026-01-03 03:04:10|High|f|Found|["x","y"]`, "∅|∅|∅|∅|∅")
	expect(t, "events", ask(t, db, `SELECT principal, src_ip, dst_ip, dst_port, action, target, outcome, summary FROM ocsf_events WHERE event_time IS NOT NULL ORDER BY event_time`),
		"arn:aws:iam::000011112222:user/alice|203.0.113.9|∅|∅|ListUsers|iam.amazonaws.com|success|API Activity: ListUsers iam.amazonaws.com",
		"arn:aws:iam::000011112222:user/bob|2001:db8::1|∅|∅|GetObject|s3.amazonaws.com|denied|API Activity: GetObject s3.amazonaws.com",
		"∅|198.51.100.9|10.0.0.5|22|Network Activity|10.0.0.5|blocked|Network Activity: 198.51.100.9 > 10.0.0.5:22",
		"∅|203.0.113.9|∅|∅|GET|app.example.com/a|allowed|HTTP Activity: GET /a",
		"∅|10.0.0.5|∅|∅|A|www.example.com.|∅|DNS Activity: A www.example.com.",
		"∅|∅|∅|∅|Found|arn:aws:ec2:eu-west-1:000011112222:instance/i-0a1b|∅|Detection Finding: Found")
}
