-- Every Security Hub finding, as delivered, in the columns all sources share; outcome is failure or success for controls.
CREATE OR REPLACE VIEW securityhub_events AS
SELECT
  updated_at AS event_time,
  'securityhub' AS source,
  id AS event_id,
  aws_account_id AS account_id,
  COALESCE(region, json_extract_scalar(resources, '$[0].Region')) AS region,
  COALESCE(json_extract_scalar(resources, '$[0].Details.AwsIamAccessKey.PrincipalName'), json_extract_scalar(resources, '$[0].Details.AwsIamAccessKey.UserName')) AS principal,
  json_extract_scalar(resources, '$[0].Details.AwsIamAccessKey.AccessKeyId') AS access_key_id,
  COALESCE(json_extract_scalar(network, '$.SourceIpV4'), json_extract_scalar(network, '$.SourceIpV6'), json_extract_scalar(action, '$.AwsApiCallAction.RemoteIpDetails.IpAddressV4'),
    json_extract_scalar(action, '$.PortProbeAction.PortProbeDetails[0].RemoteIpDetails.IpAddressV4'),
    CASE WHEN COALESCE(json_extract_scalar(action, '$.NetworkConnectionAction.ConnectionDirection'), '') <> 'OUTBOUND' THEN json_extract_scalar(action, '$.NetworkConnectionAction.RemoteIpDetails.IpAddressV4') END) AS src_ip,
  COALESCE(json_extract_scalar(network, '$.DestinationIpV4'), json_extract_scalar(network, '$.DestinationIpV6'),
    CASE WHEN json_extract_scalar(action, '$.NetworkConnectionAction.ConnectionDirection') = 'OUTBOUND' THEN json_extract_scalar(action, '$.NetworkConnectionAction.RemoteIpDetails.IpAddressV4') END) AS dst_ip,
  TRY_CAST(json_extract_scalar(network, '$.DestinationPort') AS INTEGER) AS dst_port,
  COALESCE(json_extract_scalar(types, '$[0]'), generator_id) AS action,
  json_extract_scalar(resource_ids, '$[0]') AS target,
  CASE compliance_status WHEN 'FAILED' THEN 'failure' WHEN 'PASSED' THEN 'success' END AS outcome,
  CAST(NULL AS VARCHAR) AS error,
  CAST(NULL AS BIGINT) AS bytes,
  CAST(NULL AS VARCHAR) AS user_agent,
  COALESCE(severity_label, CASE WHEN severity_normalized >= 90 THEN 'CRITICAL' WHEN severity_normalized >= 70 THEN 'HIGH' WHEN severity_normalized >= 40 THEN 'MEDIUM' WHEN severity_normalized >= 1 THEN 'LOW' WHEN severity_normalized = 0 THEN 'INFORMATIONAL' END, '?') || ' ' || COALESCE(title, '?') || COALESCE(', ' || compliance_status, '') || COALESCE(', ' || workflow_status, '') AS summary,
  file_id,
  record_no
FROM securityhub;

-- Findings as they stand now: the latest delivery of each. Old findings have no severity label: it is made of the normalized severity, as Security Hub does.
CREATE OR REPLACE VIEW securityhub_findings AS
SELECT id, product_arn, product_name, generator_id, title, COALESCE(severity_label, CASE WHEN severity_normalized >= 90 THEN 'CRITICAL' WHEN severity_normalized >= 70 THEN 'HIGH' WHEN severity_normalized >= 40 THEN 'MEDIUM' WHEN severity_normalized >= 1 THEN 'LOW' WHEN severity_normalized = 0 THEN 'INFORMATIONAL' END) AS severity_label, severity_normalized, compliance_status, compliance_control, COALESCE(workflow_status, workflow_state) AS workflow_status, record_state,
  aws_account_id, region, resource_ids, types, created_at, updated_at, first_observed_at, last_observed_at, file_id, record_no
FROM (SELECT s.*, row_number() OVER (PARTITION BY product_arn, id ORDER BY updated_at DESC, json_extract_scalar(note, '$.UpdatedAt') DESC NULLS LAST, file_id DESC, record_no DESC) AS place FROM securityhub s) latest
WHERE place = 1;

-- Controls by what they found: failed and passed resources.
CREATE OR REPLACE VIEW securityhub_controls AS
SELECT COALESCE(compliance_control, generator_id) AS control, max(title) AS title, max(severity_normalized) AS severity_normalized, count(CASE WHEN compliance_status = 'FAILED' THEN 1 END) AS failed,
  count(CASE WHEN compliance_status = 'PASSED' THEN 1 END) AS passed, max(updated_at) AS last_time
FROM securityhub_findings
WHERE compliance_status IS NOT NULL
GROUP BY 1;
