-- Every CloudTrail Insights record in the columns all sources share; outcome is NULL.
CREATE OR REPLACE VIEW cloudtrail_insights_events AS
SELECT
  event_time,
  'cloudtrail_insights' AS source,
  event_id,
  recipient_account_id AS account_id,
  aws_region AS region,
  CAST(NULL AS VARCHAR) AS principal,
  CAST(NULL AS VARCHAR) AS access_key_id,
  CAST(NULL AS VARCHAR) AS src_ip,
  CAST(NULL AS VARCHAR) AS dst_ip,
  CAST(NULL AS INTEGER) AS dst_port,
  insight_event_name AS action,
  insight_event_source AS target,
  CAST(NULL AS VARCHAR) AS outcome,
  insight_error_code AS error,
  CAST(NULL AS BIGINT) AS bytes,
  CAST(NULL AS VARCHAR) AS user_agent,
  COALESCE(insight_type, 'Insight') || ' ' || COALESCE(insight_state, '') || ': ' || COALESCE(insight_event_name, '?')
    || ' on ' || COALESCE(insight_event_source, '?')
    || COALESCE(' at ' || CAST(insight_average AS VARCHAR) || ' a minute', '')
    || COALESCE(', usually ' || CAST(baseline_average AS VARCHAR), '') AS summary,
  file_id,
  record_no
FROM cloudtrail_insights;

-- Spells of unusual API activity: start and end side by side, with how many times the usual rate.
CREATE OR REPLACE VIEW cloudtrail_insight_spells AS
SELECT
  shared_event_id,
  max(recipient_account_id) AS account_id,
  max(aws_region) AS aws_region,
  max(insight_type) AS insight_type,
  max(insight_event_source) AS event_source,
  max(insight_event_name) AS event_name,
  max(insight_error_code) AS error_code,
  min(CASE WHEN insight_state = 'Start' THEN event_time END) AS start_time,
  max(CASE WHEN insight_state = 'End' THEN event_time END) AS end_time,
  max(insight_average) AS insight_average,
  max(baseline_average) AS baseline_average,
  max(insight_average) / NULLIF(max(baseline_average), 0) AS times_usual,
  max(insight_duration_min) AS insight_duration_min
FROM cloudtrail_insights
GROUP BY shared_event_id;

-- Who and what caused unusual API activity: user ARNs, user agents and error codes with their average rates.
CREATE OR REPLACE VIEW cloudtrail_insight_attributions AS
SELECT
  i.event_time, i.insight_state, i.insight_event_source AS event_source, i.insight_event_name AS event_name,
  json_extract_scalar(i.attribution, '$.attribute') AS attribute,
  json_extract_scalar(v.entry, '$.value') AS value,
  TRY_CAST(json_extract_scalar(v.entry, '$.average') AS DOUBLE) AS average,
  i.recipient_account_id, i.aws_region, i.shared_event_id, i.event_id, i.file_id, i.record_no
FROM (
  SELECT e.*, a.attribution, json_elements(json_format(json_extract(a.attribution, '$.insight'))) AS entries
  FROM (SELECT cloudtrail_insights.*, json_elements(attributions) AS elements FROM cloudtrail_insights) e
  CROSS JOIN UNNEST(e.elements) AS a (attribution)
) i
CROSS JOIN UNNEST(i.entries) AS v (entry);
