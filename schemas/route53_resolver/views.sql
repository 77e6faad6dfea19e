-- Every DNS query in the columns all sources share; outcome is blocked where DNS Firewall blocked it, failure where the answer was an error.
CREATE OR REPLACE VIEW route53_resolver_events AS
SELECT
  query_timestamp AS event_time,
  'route53_resolver' AS source,
  CAST(NULL AS VARCHAR) AS event_id,
  account_id,
  region,
  instance_id AS principal,
  CAST(NULL AS VARCHAR) AS access_key_id,
  srcaddr AS src_ip,
  CAST(NULL AS VARCHAR) AS dst_ip,
  CAST(NULL AS INTEGER) AS dst_port,
  'DNS ' || COALESCE(query_type, '?') AS action,
  rtrim(lower(query_name), '.') AS target,
  CASE WHEN firewall_rule_action = 'BLOCK' THEN 'blocked' WHEN rcode = 'NOERROR' THEN 'success' WHEN rcode IS NOT NULL THEN 'failure' END AS outcome,
  NULLIF(rcode, 'NOERROR') AS error,
  CAST(NULL AS BIGINT) AS bytes,
  CAST(NULL AS VARCHAR) AS user_agent,
  COALESCE(query_type, '?') || ' ' || COALESCE(query_name, '?') || COALESCE(' ' || rcode, '') || COALESCE(', DNS Firewall ' || firewall_rule_action, '') AS summary,
  file_id,
  record_no
FROM route53_resolver;

-- Which name resolved to which address, and who asked: one row an answer; a query without answers has one row. Names and addresses are in small letters without the last dot, text as it was sent.
CREATE OR REPLACE VIEW dns_answers AS
SELECT
  q.query_timestamp, rtrim(lower(q.query_name), '.') AS name, q.query_type, q.rcode,
  json_extract_scalar(a.answer, '$.Type') AS answer_type, 
  CASE WHEN json_extract_scalar(a.answer, '$.Type') IN ('TXT', 'CAA', 'NAPTR', 'SPF') THEN json_extract_scalar(a.answer, '$.Rdata') ELSE rtrim(lower(json_extract_scalar(a.answer, '$.Rdata')), '.') END AS answer,
  q.srcaddr, q.instance_id, q.vpc_id, q.account_id, q.region, q.firewall_rule_action, q.file_id, q.record_no
FROM route53_resolver q
LEFT JOIN UNNEST(json_elements(q.answers)) AS a (answer) ON TRUE;

-- Names by queries: who asked, what came back, and how long the longest label is (tunnels have long ones).
CREATE OR REPLACE VIEW dns_names AS
SELECT
  rtrim(lower(query_name), '.') AS name, count(*) AS queries, count(DISTINCT srcaddr) AS clients,
  count(CASE WHEN rcode = 'NXDOMAIN' THEN 1 END) AS nxdomain, max(length(query_name)) AS name_length,
  max(length(split_part(query_name, '.', 1))) AS first_label_length, min(query_timestamp) AS first_time, max(query_timestamp) AS last_time
FROM route53_resolver
GROUP BY 1;

-- Clients by queries, different names and failures.
CREATE OR REPLACE VIEW dns_clients AS
SELECT srcaddr, instance_id, vpc_id, count(*) AS queries, count(DISTINCT lower(query_name)) AS names,
  count(CASE WHEN rcode = 'NXDOMAIN' THEN 1 END) AS nxdomain, count(CASE WHEN query_type = 'TXT' THEN 1 END) AS txt,
  min(query_timestamp) AS first_time, max(query_timestamp) AS last_time
FROM route53_resolver
GROUP BY 1, 2, 3;

-- Queries that DNS Firewall alerted on or blocked.
CREATE OR REPLACE VIEW dns_firewall AS
SELECT query_timestamp, firewall_rule_action, query_name, query_type, srcaddr, instance_id, vpc_id, firewall_rule_group_id, firewall_domain_list_id, file_id, record_no
FROM route53_resolver
WHERE firewall_rule_action IS NOT NULL;
