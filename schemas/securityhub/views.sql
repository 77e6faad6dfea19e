-- Every Security Hub finding, as delivered, in the columns all sources share; outcome is failure or success for controls.
CREATE OR REPLACE VIEW securityhub_events AS
SELECT
  updated_at AS event_time,
  'securityhub' AS source,
  id AS event_id,
  aws_account_id AS account_id,
  COALESCE(region, json_extract_scalar(resources, '$[0].Region')) AS region,
  product_name AS principal,
  CAST(NULL AS VARCHAR) AS access_key_id,
  CAST(NULL AS VARCHAR) AS src_ip,
  CAST(NULL AS VARCHAR) AS dst_ip,
  CAST(NULL AS INTEGER) AS dst_port,
  COALESCE(json_extract_scalar(types, '$[0]'), generator_id) AS action,
  json_extract_scalar(resource_ids, '$[0]') AS target,
  CASE compliance_status WHEN 'FAILED' THEN 'failure' WHEN 'PASSED' THEN 'success' END AS outcome,
  CAST(NULL AS VARCHAR) AS error,
  CAST(NULL AS BIGINT) AS bytes,
  CAST(NULL AS VARCHAR) AS user_agent,
  COALESCE(severity_label, '?') || ' ' || COALESCE(title, '?') || COALESCE(', ' || compliance_status, '') || COALESCE(', ' || workflow_status, '') AS summary,
  file_id,
  record_no
FROM securityhub;

-- Findings as they stand now: the latest delivery of each.
CREATE OR REPLACE VIEW securityhub_findings AS
SELECT id, product_arn, product_name, generator_id, title, severity_label, severity_normalized, compliance_status, compliance_control, workflow_status, record_state,
  aws_account_id, region, resource_ids, types, created_at, updated_at, first_observed_at, last_observed_at, file_id, record_no
FROM (SELECT s.*, row_number() OVER (PARTITION BY product_arn, id ORDER BY updated_at DESC, file_id DESC, record_no DESC) AS place FROM securityhub s) latest
WHERE place = 1;

-- Controls by what they found: failed and passed resources.
CREATE OR REPLACE VIEW securityhub_controls AS
SELECT COALESCE(compliance_control, generator_id) AS control, max(title) AS title, max(severity_normalized) AS severity_normalized, count(CASE WHEN compliance_status = 'FAILED' THEN 1 END) AS failed,
  count(CASE WHEN compliance_status = 'PASSED' THEN 1 END) AS passed, max(updated_at) AS last_time
FROM securityhub_findings
WHERE compliance_status IS NOT NULL
GROUP BY 1;
