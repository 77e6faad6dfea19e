-- Every request or connection to a Classic Load Balancer in the columns all sources share; outcome goes by its status, of a connection by whether an instance took it.
CREATE OR REPLACE VIEW clb_events AS
SELECT
  timestamp AS event_time,
  'clb' AS source,
  CAST(NULL AS VARCHAR) AS event_id,
  CAST(NULL AS VARCHAR) AS account_id,
  CAST(NULL AS VARCHAR) AS region,
  CAST(NULL AS VARCHAR) AS principal,
  CAST(NULL AS VARCHAR) AS access_key_id,
  client_ip AS src_ip,
  backend_ip AS dst_ip,
  backend_port AS dst_port,
  CASE WHEN request LIKE '- - -%' THEN 'connection' ELSE NULLIF(NULLIF(split_part(request, ' ', 1), '-'), '') END AS action,
  CASE WHEN request LIKE '- - -%' THEN elb ELSE COALESCE(NULLIF(regexp_extract(request, '^\S+ (.+) \S+$', 1), ''), NULLIF(request, '')) END AS target,
  CASE WHEN elb_status_code IS NULL AND request LIKE '- - -%' THEN CASE WHEN backend_ip IS NULL THEN 'failure' ELSE 'success' END WHEN elb_status_code IN (401, 403) THEN 'denied' WHEN elb_status_code >= 400 OR elb_status_code = 0 THEN 'failure' WHEN elb_status_code IS NOT NULL THEN 'success' END AS outcome,
  CAST(NULL AS VARCHAR) AS error,
  sent_bytes AS bytes,
  user_agent,
  CASE WHEN request LIKE '- - -%' THEN 'connection to ' || elb ELSE COALESCE(request, '?') || ' ' || COALESCE(CAST(elb_status_code AS VARCHAR), '?') END AS summary,
  file_id,
  record_no
FROM clb;

-- Clients: requests, statuses, bytes and span.
CREATE OR REPLACE VIEW clb_clients AS
SELECT client_ip, count(*) AS requests, count(CASE WHEN elb_status_code BETWEEN 400 AND 499 THEN 1 END) AS client_errors,
  count(CASE WHEN elb_status_code >= 500 THEN 1 END) AS server_errors, sum(sent_bytes) AS sent_bytes,
  count(DISTINCT user_agent) AS user_agents, min(timestamp) AS first_time, max(timestamp) AS last_time
FROM clb
GROUP BY 1;
