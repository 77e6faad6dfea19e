-- Every DNS query for a public hosted zone in the columns all sources share; outcome is failure where the answer was an error.
CREATE OR REPLACE VIEW route53_public_events AS
SELECT
  timestamp AS event_time,
  'route53_public' AS source,
  CAST(NULL AS VARCHAR) AS event_id,
  account_id,
  CAST(NULL AS VARCHAR) AS region,
  CAST(NULL AS VARCHAR) AS principal,
  CAST(NULL AS VARCHAR) AS access_key_id,
  resolver_ip AS src_ip,
  CAST(NULL AS VARCHAR) AS dst_ip,
  CAST(NULL AS INTEGER) AS dst_port,
  'DNS ' || COALESCE(query_type, '?') AS action,
  lower(query_name) AS target,
  CASE WHEN rcode = 'NOERROR' THEN 'success' WHEN rcode IS NOT NULL THEN 'failure' END AS outcome,
  NULLIF(rcode, 'NOERROR') AS error,
  CAST(NULL AS BIGINT) AS bytes,
  CAST(NULL AS VARCHAR) AS user_agent,
  COALESCE(query_type, '?') || ' ' || COALESCE(query_name, '?') || COALESCE(' ' || rcode, '') || COALESCE(' for ' || edns_client_subnet, '') AS summary,
  file_id,
  record_no
FROM route53_public;

-- Names by queries, resolvers and failures: names that do not exist show who searches for hosts.
CREATE OR REPLACE VIEW route53_public_names AS
SELECT hosted_zone_id, lower(query_name) AS name, count(*) AS queries, count(DISTINCT resolver_ip) AS resolvers,
  count(CASE WHEN rcode = 'NXDOMAIN' THEN 1 END) AS nxdomain, min(timestamp) AS first_time, max(timestamp) AS last_time
FROM route53_public
GROUP BY 1, 2;
