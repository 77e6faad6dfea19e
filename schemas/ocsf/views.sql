-- Every Security Lake event in the columns all sources share; outcome is denied, allowed or blocked for traffic, success or failure for calls.
CREATE OR REPLACE VIEW ocsf_events AS
SELECT
  time AS event_time,
  'ocsf' AS source,
  metadata_uid AS event_id,
  cloud_account_uid AS account_id,
  cloud_region AS region,
  COALESCE(actor_user_uuid, actor_user_uid, actor_user_name) AS principal,
  actor_credential_uid AS access_key_id,
  src_ip,
  dst_ip,
  dst_port,
  COALESCE(api_operation, http_method, query_type, finding_title, activity_name, class_name, 'class ' || CAST(class_uid AS VARCHAR)) AS action,
  COALESCE(api_service_name, COALESCE(http_host, '') || http_path, query_hostname, dst_instance_uid, json_extract_scalar(resources, '$[0].uid'), json_extract_scalar(resources, '$.uid'), dst_ip) AS target,
  CASE WHEN disposition = 'Blocked' OR action = 'Denied' THEN 'blocked' WHEN action = 'Allowed' THEN 'allowed' WHEN api_error LIKE '%Denied%' OR api_error LIKE '%Unauthorized%' OR api_error LIKE '%Forbidden%' THEN 'denied' WHEN status_id = 2 OR status = 'Failure' THEN 'failure' WHEN status_id = 1 OR status = 'Success' THEN 'success' END AS outcome,
  COALESCE(api_error, status_detail) AS error,
  traffic_bytes AS bytes,
  http_user_agent AS user_agent,
  COALESCE(class_name, 'class ' || CAST(class_uid AS VARCHAR)) || ': ' || COALESCE(api_operation || ' ' || COALESCE(api_service_name, ''), http_method || ' ' || COALESCE(http_path, ''), query_type || ' ' || query_hostname, finding_title, CASE WHEN src_ip IS NOT NULL OR dst_ip IS NOT NULL THEN COALESCE(src_ip, '?') || ' > ' || COALESCE(dst_ip, '?') || COALESCE(':' || CAST(dst_port AS VARCHAR), '') END, activity_name, 'activity ' || CAST(activity_id AS VARCHAR), '?') AS summary,
  file_id,
  record_no
FROM ocsf;

-- API activity, account changes and authentication: who called what, from where, with what result.
CREATE OR REPLACE VIEW ocsf_api_activity AS
SELECT time, activity_name, COALESCE(actor_user_uuid, actor_user_uid) AS actor_user_uid, actor_user_name, actor_credential_uid, actor_session_issuer, src_ip, src_domain, api_service_name, api_operation, api_error, status, http_user_agent, cloud_account_uid, cloud_region, metadata_uid, metadata_product_name, resources, unmapped, file_id, record_no
FROM ocsf WHERE class_uid IN (6003, 3005, 3001, 3002);

-- Network activity: flows.
CREATE OR REPLACE VIEW ocsf_network_activity AS
SELECT time, start_time, end_time, src_ip, src_port, dst_ip, dst_port, connection_protocol_num, connection_direction, action, disposition, traffic_bytes, traffic_packets, src_interface_uid, dst_interface_uid, src_instance_uid, dst_instance_uid, status_code, cloud_account_uid, cloud_region, file_id, record_no
FROM ocsf WHERE class_uid = 4001;

-- HTTP activity: requests that WAF saw.
CREATE OR REPLACE VIEW ocsf_http_activity AS
SELECT time, src_ip, http_method, http_host, http_path, http_user_agent, http_status, action, disposition, firewall_rule, cloud_account_uid, cloud_region, file_id, record_no
FROM ocsf WHERE class_uid = 4002;

-- DNS activity: names asked for, with answers.
CREATE OR REPLACE VIEW ocsf_dns_activity AS
SELECT time, src_ip, src_instance_uid, query_hostname, query_type, rcode, answers, action, disposition, cloud_account_uid, cloud_region, file_id, record_no
FROM ocsf WHERE class_uid = 4003;

-- Findings of all classes.
CREATE OR REPLACE VIEW ocsf_detection_findings AS
SELECT time, class_name, severity, status, finding_uid, finding_title, finding_desc, finding_types, resources, metadata_product_name, cloud_account_uid, cloud_region, file_id, record_no
FROM ocsf WHERE class_uid IN (2001, 2002, 2003, 2004);
