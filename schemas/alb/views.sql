-- Every request to an Application Load Balancer in the columns all sources share; outcome goes by its status, and is blocked where WAF was the last to act.
CREATE OR REPLACE VIEW alb_events AS
SELECT
  time AS event_time,
  'alb' AS source,
  trace_id AS event_id,
  COALESCE(NULLIF(split_part(target_group_arn, ':', 5), ''), NULLIF(split_part(chosen_cert_arn, ':', 5), '')) AS account_id,
  COALESCE(NULLIF(split_part(target_group_arn, ':', 4), ''), NULLIF(split_part(chosen_cert_arn, ':', 4), '')) AS region,
  CAST(NULL AS VARCHAR) AS principal,
  CAST(NULL AS VARCHAR) AS access_key_id,
  client_ip AS src_ip,
  target_ip AS dst_ip,
  target_port AS dst_port,
  NULLIF(NULLIF(split_part(request, ' ', 1), '-'), '') AS action,
  COALESCE(NULLIF(regexp_extract(request, '^\S+ (.+) \S+$', 1), ''), NULLIF(request, '')) AS target,
  CASE WHEN actions_executed = 'waf' OR actions_executed LIKE '%,waf' THEN 'blocked' WHEN elb_status_code IN (401, 403) THEN 'denied' WHEN elb_status_code >= 400 OR elb_status_code = 0 THEN 'failure' WHEN elb_status_code IS NOT NULL THEN 'success' END AS outcome,
  error_reason AS error,
  sent_bytes AS bytes,
  user_agent,
  COALESCE(request, '?') || ' ' || COALESCE(CAST(elb_status_code AS VARCHAR), '?') || COALESCE(' (target ' || CAST(target_status_code AS VARCHAR) || ')', '') || COALESCE(' ' || error_reason, '') AS summary,
  file_id,
  record_no
FROM alb;

-- Requests with URL and times taken apart; total_time_s is what the client waited. A URL may hold blanks.
CREATE OR REPLACE VIEW alb_requests AS
SELECT
  time, elb, client_ip, client_port, target_ip, target_port,
  NULLIF(NULLIF(split_part(request, ' ', 1), '-'), '') AS method, COALESCE(NULLIF(regexp_extract(request, '^\S+ (.+) \S+$', 1), ''), NULLIF(request, '')) AS url,
  NULLIF(regexp_extract(request, '^[A-Z-]+ [a-z]+://(\[[^] ]*\]|[^:/ ]+)', 1), '') AS host,
  NULLIF(regexp_extract(request, '^[A-Z-]+ [a-z]+://[^/ ]*(/[^?]*?)([?].*)? [^ ]+$', 1), '') AS path,
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

-- Requests that failed at the load balancer or the target, or were refused by WAF, an authentication or the load balancer itself, with why.
CREATE OR REPLACE VIEW alb_errors AS
SELECT time, client_ip, request, elb_status_code, target_status_code, target_ip, actions_executed, error_reason, classification, classification_reason, file_id, record_no
FROM alb
WHERE elb_status_code >= 500 OR elb_status_code = 0 OR (elb_status_code >= 400 AND target_status_code IS NULL) OR error_reason IS NOT NULL OR classification IN ('Ambiguous', 'Severe');

-- Requests a minute by load balancer and class of status.
CREATE OR REPLACE VIEW alb_rates AS
SELECT date_trunc('minute', time) AS minute, elb, CAST(floor(elb_status_code / 100.0) AS INTEGER) AS status_class, count(*) AS requests, count(DISTINCT client_ip) AS clients, sum(sent_bytes) AS sent_bytes
FROM alb
GROUP BY 1, 2, 3;
