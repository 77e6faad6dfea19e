-- Every request to CloudFront in the columns all sources share; outcome goes by its status, and is blocked where a geographic restriction refused it; what WAF refused shows as denied.
CREATE OR REPLACE VIEW cloudfront_events AS
SELECT
  time AS event_time,
  'cloudfront' AS source,
  x_edge_request_id AS event_id,
  CAST(NULL AS VARCHAR) AS account_id,
  CAST(NULL AS VARCHAR) AS region,
  CAST(NULL AS VARCHAR) AS principal,
  CAST(NULL AS VARCHAR) AS access_key_id,
  c_ip AS src_ip,
  CAST(NULL AS VARCHAR) AS dst_ip,
  CAST(NULL AS INTEGER) AS dst_port,
  cs_method AS action,
  COALESCE(x_host_header, cs_host, '') || COALESCE(cs_uri_stem, '') || COALESCE('?' || cs_uri_query, '') AS target,
  CASE WHEN x_edge_detailed_result_type = 'ClientGeoBlocked' THEN 'blocked' WHEN sc_status IN (401, 403) THEN 'denied' WHEN sc_status >= 400 OR sc_status = 0 THEN 'failure' WHEN sc_status IS NOT NULL THEN 'success' END AS outcome,
  CASE WHEN x_edge_result_type NOT IN ('Hit', 'RefreshHit', 'OriginShieldHit', 'Miss', 'Redirect') THEN COALESCE(x_edge_detailed_result_type, x_edge_result_type) END AS error,
  sc_bytes AS bytes,
  url_decode(cs_user_agent) AS user_agent,
  COALESCE(cs_method, '?') || ' ' || COALESCE(x_host_header, cs_host, '') || COALESCE(cs_uri_stem, '') || COALESCE(' ' || CAST(sc_status AS VARCHAR), '') || COALESCE(' ' || x_edge_result_type, '') AS summary,
  file_id,
  record_no
FROM cloudfront;

-- Viewers: requests, paths, statuses, bytes and span; many 4xx over many paths is scanning.
CREATE OR REPLACE VIEW cloudfront_viewers AS
SELECT c_ip, count(*) AS requests, count(DISTINCT cs_uri_stem) AS paths, count(CASE WHEN sc_status BETWEEN 400 AND 499 THEN 1 END) AS client_errors,
  count(CASE WHEN sc_status >= 500 THEN 1 END) AS server_errors, count(CASE WHEN sc_status BETWEEN 200 AND 399 THEN 1 END) AS succeeded,
  sum(sc_bytes) AS sc_bytes, count(DISTINCT cs_user_agent) AS user_agents, min(time) AS first_time, max(time) AS last_time
FROM cloudfront
GROUP BY 1;

-- Requests with what the viewer sent decoded once.
CREATE OR REPLACE VIEW cloudfront_requests AS
SELECT time, c_ip, x_forwarded_for, cs_method, COALESCE(x_host_header, cs_host) AS host, url_decode(cs_uri_stem) AS path, cs_uri_query,
  sc_status, x_edge_result_type, x_edge_detailed_result_type, sc_bytes, time_taken, url_decode(cs_user_agent) AS user_agent, url_decode(cs_referer) AS referer,
  x_edge_location, x_edge_request_id, file_id, record_no
FROM cloudfront;

-- Requests a minute by host and class of status.
CREATE OR REPLACE VIEW cloudfront_rates AS
SELECT date_trunc('minute', time) AS minute, COALESCE(x_host_header, cs_host) AS host, CAST(floor(sc_status / 100.0) AS INTEGER) AS status_class, count(*) AS requests, count(DISTINCT c_ip) AS viewers, sum(sc_bytes) AS sc_bytes
FROM cloudfront
GROUP BY 1, 2, 3;
