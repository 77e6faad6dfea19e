-- Every entry of API Gateway in the columns all sources share; outcome goes by the status, and is blocked where WAF refused it.
CREATE OR REPLACE VIEW api_gateway_events AS
SELECT
  time AS event_time,
  'api_gateway' AS source,
  request_id AS event_id,
  account_id,
  CAST(NULL AS VARCHAR) AS region,
  COALESCE(user_arn, principal_id, "user", caller, json_extract_scalar(authorizer_claims, '$.sub')) AS principal,
  CAST(NULL AS VARCHAR) AS access_key_id,
  ip AS src_ip,
  CAST(NULL AS VARCHAR) AS dst_ip,
  CAST(NULL AS INTEGER) AS dst_port,
  COALESCE(http_method, NULLIF(split_part(route_key, ' ', 1), ''), CASE WHEN execution_message IS NOT NULL OR log_group LIKE 'API-Gateway-Execution%' THEN 'execution' END) AS action,
  NULLIF(COALESCE(domain_name, api_id, '') || COALESCE(path, resource_path, NULLIF(split_part(route_key, ' ', 2), ''), ''), '') AS target,
  CASE WHEN waf_response_code = 'WAF_BLOCK' THEN 'blocked' WHEN status IN (401, 403) THEN 'denied' WHEN status >= 400 THEN 'failure' WHEN status IS NOT NULL THEN 'success' END AS outcome,
  COALESCE(error_message, authorizer_error, integration_error) AS error,
  response_length AS bytes,
  user_agent,
  COALESCE(http_method || ' ' || COALESCE(path, resource_path), CASE WHEN route_key LIKE '% %' THEN route_key END, http_method || ' ' || route_key, substr(execution_message, 1, 200), substr(raw_message, 1, 200)) || COALESCE(' ' || CAST(status AS VARCHAR), '') AS summary,
  file_id,
  record_no
FROM api_gateway;

-- Clients of APIs: requests, paths, refusals and span.
CREATE OR REPLACE VIEW api_gateway_clients AS
SELECT ip, count(*) AS requests, count(DISTINCT COALESCE(path, resource_path, route_key)) AS paths, count(CASE WHEN status IN (401, 403) THEN 1 END) AS denied,
  count(CASE WHEN status >= 500 THEN 1 END) AS server_errors, count(DISTINCT user_agent) AS user_agents, min(time) AS first_time, max(time) AS last_time
FROM api_gateway
WHERE ip IS NOT NULL
GROUP BY 1;

-- Execution logs: what API Gateway did for each request, line by line.
CREATE OR REPLACE VIEW api_gateway_executions AS
SELECT time, request_id, execution_message, NULLIF(regexp_extract(log_group, '^API-Gateway-Execution-Logs_([^/]+)/', 1), '') AS api_id, NULLIF(regexp_extract(log_group, '/([^/]+)$', 1), '') AS stage, file_id, record_no
FROM api_gateway
WHERE execution_message IS NOT NULL;
