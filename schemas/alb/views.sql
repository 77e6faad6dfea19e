-- Every request to an Application Load Balancer in the columns all sources share; outcome goes by its status, blocked where WAF refused it.
CREATE OR REPLACE VIEW alb_events AS
SELECT
  time AS event_time,
  'alb' AS source,
  trace_id AS event_id,
  NULLIF(split_part(target_group_arn, ':', 5), '') AS account_id,
  NULLIF(split_part(target_group_arn, ':', 4), '') AS region,
  CAST(NULL AS VARCHAR) AS principal,
  CAST(NULL AS VARCHAR) AS access_key_id,
  client_ip AS src_ip,
  target_ip AS dst_ip,
  target_port AS dst_port,
  split_part(request, ' ', 1) AS action,
  split_part(request, ' ', 2) AS target,
  CASE WHEN actions_executed LIKE '%waf%' AND elb_status_code = 403 THEN 'blocked' WHEN elb_status_code IN (401, 403) THEN 'denied' WHEN elb_status_code >= 400 THEN 'failure' WHEN elb_status_code IS NOT NULL THEN 'success' END AS outcome,
  error_reason AS error,
  sent_bytes AS bytes,
  user_agent,
  COALESCE(request, '?') || ' ' || COALESCE(CAST(elb_status_code AS VARCHAR), '?') || COALESCE(' (target ' || CAST(target_status_code AS VARCHAR) || ')', '') AS summary,
  file_id,
  record_no
FROM alb;

-- Requests with URL and times taken apart; total_time_s is what the client waited.
CREATE OR REPLACE VIEW alb_requests AS
SELECT
  time, elb, client_ip, client_port, target_ip, target_port,
  split_part(request, ' ', 1) AS method, split_part(request, ' ', 2) AS url,
  NULLIF(regexp_extract(request, '^[A-Z-]+ [a-z]+://([^:/ ]+)', 1), '') AS host,
  NULLIF(regexp_extract(request, '^[A-Z-]+ [a-z]+://[^/ ]*(/[^? ]*)', 1), '') AS path,
  elb_status_code, target_status_code, received_bytes, sent_bytes,
  request_processing_time + target_processing_time + response_processing_time AS total_time_s,
  user_agent, actions_executed, error_reason, classification, classification_reason, trace_id, file_id, record_no
FROM alb;

-- Clients: requests, paths, statuses and span; many 4xx over many paths is scanning.
CREATE OR REPLACE VIEW alb_clients AS
SELECT
  client_ip, count(*) AS requests, count(DISTINCT request) AS different_requests,
  count(CASE WHEN elb_status_code BETWEEN 400 AND 499 THEN 1 END) AS client_errors,
  count(CASE WHEN elb_status_code >= 500 THEN 1 END) AS server_errors,
  count(CASE WHEN elb_status_code < 400 THEN 1 END) AS succeeded,
  sum(sent_bytes) AS sent_bytes, count(DISTINCT user_agent) AS user_agents, min(time) AS first_time, max(time) AS last_time
FROM alb
GROUP BY 1;

-- Requests that failed at the load balancer or the target, with why.
CREATE OR REPLACE VIEW alb_errors AS
SELECT time, client_ip, request, elb_status_code, target_status_code, target_ip, error_reason, classification, classification_reason, file_id, record_no
FROM alb
WHERE elb_status_code >= 500 OR error_reason IS NOT NULL OR classification IN ('Ambiguous', 'Severe');

-- Requests a minute by load balancer and class of status.
CREATE OR REPLACE VIEW alb_rates AS
SELECT date_trunc('minute', time) AS minute, elb, elb_status_code / 100 AS status_class, count(*) AS requests, count(DISTINCT client_ip) AS clients, sum(sent_bytes) AS sent_bytes
FROM alb
GROUP BY 1, 2, 3;
