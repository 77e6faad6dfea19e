-- Every evaluation of a Config rule in the columns all sources share; outcome is success for compliant, failure for not compliant.
CREATE OR REPLACE VIEW config_compliance_events AS
SELECT
  event_time,
  'config_compliance' AS source,
  CAST(NULL AS VARCHAR) AS event_id,
  aws_account_id AS account_id,
  aws_region AS region,
  CAST(NULL AS VARCHAR) AS principal,
  CAST(NULL AS VARCHAR) AS access_key_id,
  CAST(NULL AS VARCHAR) AS src_ip,
  CAST(NULL AS VARCHAR) AS dst_ip,
  CAST(NULL AS INTEGER) AS dst_port,
  'config rule ' || COALESCE(config_rule_name, '?') AS action,
  COALESCE(resource_type || ' ', '') || COALESCE(resource_id, '?') AS target,
  CASE compliance_type WHEN 'COMPLIANT' THEN 'success' WHEN 'NON_COMPLIANT' THEN 'failure' END AS outcome,
  annotation AS error,
  CAST(NULL AS BIGINT) AS bytes,
  CAST(NULL AS VARCHAR) AS user_agent,
  COALESCE(resource_id, '?') || ' is ' || COALESCE(compliance_type, 'no longer evaluated') || ' with ' || COALESCE(config_rule_name, '?') || COALESCE(', was ' || old_compliance_type, '') AS summary,
  file_id,
  record_no
FROM (
  SELECT config_compliance.*, result_recorded_time AS event_time FROM config_compliance WHERE result_recorded_time IS NOT NULL
  UNION ALL
  SELECT config_compliance.*, notification_creation_time FROM config_compliance WHERE result_recorded_time IS NULL
) c;

-- Compliance as recorded last, one row a rule and resource; compliance_type is NULL where the rule no longer evaluates the resource.
CREATE OR REPLACE VIEW config_compliance_now AS
SELECT config_rule_name, resource_type, resource_id, aws_account_id, aws_region, compliance_type, annotation, COALESCE(result_recorded_time, notification_creation_time) AS result_recorded_time, file_id, record_no
FROM (SELECT c.*, row_number() OVER (PARTITION BY config_rule_name, aws_account_id, aws_region, resource_type, resource_id ORDER BY COALESCE(result_recorded_time, notification_creation_time) DESC, file_id DESC, record_no DESC) AS place FROM config_compliance c) latest
WHERE place = 1;

-- Rules by how many resources do not comply.
CREATE OR REPLACE VIEW config_rules AS
SELECT config_rule_name, count(CASE WHEN compliance_type = 'NON_COMPLIANT' THEN 1 END) AS non_compliant, count(CASE WHEN compliance_type = 'COMPLIANT' THEN 1 END) AS compliant, max(result_recorded_time) AS last_time
FROM config_compliance_now
GROUP BY 1;
