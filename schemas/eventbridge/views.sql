-- Every EventBridge event in the columns all sources share; source is eventbridge, action the detail type, outcome NULL.
CREATE OR REPLACE VIEW eventbridge_events AS
SELECT
  time AS event_time,
  'eventbridge' AS source,
  id AS event_id,
  account AS account_id,
  region,
  source AS principal,
  CAST(NULL AS VARCHAR) AS access_key_id,
  CAST(NULL AS VARCHAR) AS src_ip,
  CAST(NULL AS VARCHAR) AS dst_ip,
  CAST(NULL AS INTEGER) AS dst_port,
  detail_type AS action,
  COALESCE(json_extract_scalar(resources, '$[0]'), json_extract_scalar(detail, '$["instance-id"]')) AS target,
  CAST(NULL AS VARCHAR) AS outcome,
  json_extract_scalar(detail, '$.StatusMessage') AS error,
  CAST(NULL AS BIGINT) AS bytes,
  CAST(NULL AS VARCHAR) AS user_agent,
  COALESCE(detail_type, '?') || ' from ' || COALESCE(source, '?') || COALESCE(', ' || json_extract_scalar(detail, '$.state'), '') AS summary,
  file_id,
  record_no
FROM eventbridge;

-- Changes of state of EC2 instances.
CREATE OR REPLACE VIEW eventbridge_instance_states AS
SELECT time, account, region, json_extract_scalar(detail, '$["instance-id"]') AS instance_id, json_extract_scalar(detail, '$.state') AS state, id, file_id, record_no
FROM eventbridge
WHERE detail_type = 'EC2 Instance State-change Notification';

-- Kinds of events by source, with span.
CREATE OR REPLACE VIEW eventbridge_kinds AS
SELECT source, detail_type, count(*) AS events, count(DISTINCT account) AS accounts, min(time) AS first_time, max(time) AS last_time
FROM eventbridge
GROUP BY 1, 2;

-- AWS Health events: what AWS itself told of the account.
CREATE OR REPLACE VIEW eventbridge_health AS
SELECT time, account, region, json_extract_scalar(detail, '$.service') AS service, json_extract_scalar(detail, '$.eventTypeCode') AS event_type_code,
  json_extract_scalar(detail, '$.eventTypeCategory') AS event_type_category, json_extract_scalar(detail, '$.eventDescription[0].latestDescription') AS description, resources, file_id, record_no
FROM eventbridge
WHERE source = 'aws.health';
