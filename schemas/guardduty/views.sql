-- Every GuardDuty finding, as delivered, in the columns all sources share; the remote end is the source, but of an outbound connection; outcome is blocked where the traffic was.
CREATE OR REPLACE VIEW guardduty_events AS
SELECT
  event_time,
  'guardduty' AS source,
  id AS event_id,
  account_id,
  region,
  COALESCE(user_name, principal_id, kubernetes_user_name, rds_user_name) AS principal,
  access_key_id,
  CASE WHEN connection_direction = 'OUTBOUND' THEN local_ip
    ELSE COALESCE(remote_ip, json_extract_scalar(port_probe_details, '$[0].remoteIpDetails.ipAddressV4'), json_extract_scalar(port_probe_details, '$[0].remoteIpDetails.ipAddressV6')) END AS src_ip,
  CASE WHEN connection_direction = 'OUTBOUND' THEN remote_ip ELSE COALESCE(local_ip, json_extract_scalar(port_probe_details, '$[0].localIpDetails.ipAddressV4')) END AS dst_ip,
  CASE WHEN connection_direction = 'OUTBOUND' THEN remote_port ELSE COALESCE(local_port, TRY_CAST(json_extract_scalar(port_probe_details, '$[0].localPortDetails.port') AS INTEGER)) END AS dst_port,
  type AS action,
  COALESCE(instance_id, json_extract_scalar(s3_bucket_details, '$[0].name'), access_key_id, eks_cluster_name, ecs_cluster_name, rds_instance_id, lambda_function_name, resource_type) AS target,
  CASE WHEN blocked THEN 'blocked' END AS outcome,
  NULLIF(api_error_code, '') AS error,
  CAST(NULL AS BIGINT) AS bytes,
  user_agent,
  'severity ' || COALESCE(CAST(severity AS VARCHAR), '?') || ' ' || COALESCE(type, '?') || COALESCE(': ' || title, '') AS summary,
  file_id,
  record_no
FROM (
  SELECT guardduty.*, event_last_seen AS event_time FROM guardduty WHERE event_last_seen IS NOT NULL
  UNION ALL
  SELECT guardduty.*, updated_at FROM guardduty WHERE event_last_seen IS NULL
) g;

-- Findings as they stand now: the latest delivery of each, with the parts of its type.
CREATE OR REPLACE VIEW guardduty_findings AS
SELECT
  id, type, split_part(type, ':', 1) AS threat_purpose, NULLIF(split_part(split_part(type, ':', 2), '/', 1), '') AS type_resource,
  NULLIF(split_part(split_part(split_part(type, '/', 2), '.', 1), '!', 1), '') AS threat_family, severity,
  CASE WHEN severity >= 9 THEN 'critical' WHEN severity >= 7 THEN 'high' WHEN severity >= 4 THEN 'medium' WHEN severity < 4 THEN 'low' END AS severity_label,
  title, account_id, region, access_key_id, user_name, instance_id, s3_bucket_details, remote_ip, remote_country, domain, action_type, api,
  service_count, event_first_seen, event_last_seen, created_at, updated_at, archived,
  COALESCE(json_extract_scalar(additional_info, '$.sample') = 'true', FALSE) AS sample, file_id, record_no
FROM (SELECT g.*, row_number() OVER (PARTITION BY id ORDER BY updated_at DESC, service_count DESC, archived DESC, file_id DESC, record_no DESC) AS place FROM guardduty g) latest
WHERE place = 1;

-- Remote addresses that findings name.
CREATE OR REPLACE VIEW guardduty_remote_addresses AS
SELECT remote_ip, remote_country, remote_asn_org, count(DISTINCT id) AS findings, max(severity) AS max_severity, min(event_first_seen) AS first_time, max(event_last_seen) AS last_time
FROM guardduty
WHERE remote_ip IS NOT NULL
GROUP BY 1, 2, 3;
