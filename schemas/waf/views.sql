-- Every request WAF inspected in the columns all sources share; outcome is allowed, blocked, captcha, challenge or counted.
CREATE OR REPLACE VIEW waf_events AS
SELECT
  "timestamp" AS event_time,
  'waf' AS source,
  request_id AS event_id,
  NULLIF(split_part(webacl_id, ':', 5), '') AS account_id,
  NULLIF(split_part(webacl_id, ':', 4), '') AS region,
  CAST(NULL AS VARCHAR) AS principal,
  CAST(NULL AS VARCHAR) AS access_key_id,
  client_ip AS src_ip,
  CAST(NULL AS VARCHAR) AS dst_ip,
  CAST(NULL AS INTEGER) AS dst_port,
  action,
  COALESCE(host, header_host, http_source_id, '') || COALESCE(uri, '') AS target,
  CASE action WHEN 'ALLOW' THEN 'allowed' WHEN 'BLOCK' THEN 'blocked' WHEN 'COUNT' THEN 'counted' ELSE lower(action) END AS outcome,
  COALESCE(captcha_failure_reason, challenge_failure_reason) AS error,
  request_body_size AS bytes,
  header_user_agent AS user_agent,
  COALESCE(action, '?') || ' by ' || COALESCE(terminating_rule_id, '?') || ': '
    || COALESCE(http_method || ' ', '') || COALESCE(host, header_host, '') || COALESCE(uri, '')
    || CASE WHEN args <> '' THEN '?' || args ELSE '' END AS summary,
  file_id,
  record_no
FROM waf;

-- Requests that WAF did not let through: blocked, or stopped for a CAPTCHA or challenge, with the rule inside the group.
CREATE OR REPLACE VIEW waf_blocked AS
SELECT
  w."timestamp", w.action, w.client_ip, w.country, w.http_method,
  COALESCE(w.host, w.header_host) AS host, w.uri, w.args,
  w.terminating_rule_id, w.terminating_rule_type,
  NULLIF(regexp_extract(w.rule_group_list, '"terminatingRule"\s*:\s*[{][^{}]*"ruleId"\s*:\s*"([^"]*)"', 1), '') AS first_group_rule_id,
  w.terminating_rule_match_details, w.label_names,
  w.response_code_sent, w.header_user_agent, w.header_x_forwarded_for,
  w.http_source_name, w.http_source_id, w.webacl_id, w.request_id, w.file_id, w.record_no
FROM waf w
WHERE w.action <> 'ALLOW' AND w.action <> 'COUNT';

-- Clients: one row an address, with requests by outcome, hosts, paths, user agents, rules hit and span.
CREATE OR REPLACE VIEW waf_clients AS
SELECT
  client_ip,
  max(country) AS country,
  count(*) AS requests,
  count(CASE WHEN action = 'ALLOW' THEN 1 END) AS allowed,
  count(CASE WHEN action = 'BLOCK' THEN 1 END) AS blocked,
  count(CASE WHEN action IN ('CAPTCHA', 'CHALLENGE') THEN 1 END) AS challenged,
  count(CASE WHEN json_array_length(non_terminating_matching_rules) > 0 THEN 1 END) AS counted,
  count(DISTINCT uri) AS uris,
  count(DISTINCT COALESCE(host, header_host)) AS hosts,
  count(DISTINCT header_user_agent) AS user_agents,
  max_by(header_user_agent, "timestamp") AS last_user_agent,
  count(DISTINCT CASE WHEN terminating_rule_id <> 'Default_Action' THEN terminating_rule_id END) AS rules,
  min("timestamp") AS first_time,
  max("timestamp") AS last_time
FROM waf
GROUP BY client_ip;

-- Rule groups in which a rule matched, one row a group and request, with the group's own report as JSON.
CREATE OR REPLACE VIEW waf_rule_groups AS
SELECT
  w."timestamp", json_extract_scalar(g.rule_group, '$.ruleGroupId') AS rule_group_id, g.rule_group,
  w.action, w.client_ip, w.country, w.http_method, w.host, w.header_host, w.uri, w.args,
  w.header_user_agent, w.label_names, w.webacl_id, w.request_id, w.file_id, w.record_no
FROM (SELECT waf.*, json_elements(rule_group_list) AS elements FROM waf WHERE rule_group_list LIKE '%"ruleId"%') w
CROSS JOIN UNNEST(w.elements) AS g (rule_group)
WHERE json_format(g.rule_group) LIKE '%"ruleId"%';

-- Rules that matched, one row a rule and request, with why and in which mode: terminating, non_terminating, group_terminating, group_non_terminating, excluded or rate_based.
CREATE OR REPLACE VIEW waf_rule_matches AS
SELECT
  w."timestamp", 'terminating' AS mode, CAST(NULL AS VARCHAR) AS rule_group_id, w.terminating_rule_id AS rule_id,
  w.terminating_rule_type AS rule_type, w.action AS rule_action, CAST(NULL AS VARCHAR) AS overridden_action,
  w.terminating_rule_match_details AS match_details,
  w.action, w.client_ip, w.country, w.http_method, COALESCE(w.host, w.header_host) AS host, w.uri, w.args,
  w.header_user_agent, w.label_names, w.webacl_id, w.request_id, w.file_id, w.record_no
FROM waf w
WHERE w.terminating_rule_id <> 'Default_Action'
UNION ALL
-- Rules of the web ACL that counted, or whose CAPTCHA or challenge was passed.
SELECT
  w."timestamp", 'non_terminating', CAST(NULL AS VARCHAR), json_extract_scalar(r.matched, '$.ruleId'),
  CAST(NULL AS VARCHAR), json_extract_scalar(r.matched, '$.action'), json_extract_scalar(r.matched, '$.overriddenAction'),
  json_format(json_extract(r.matched, '$.ruleMatchDetails')),
  w.action, w.client_ip, w.country, w.http_method, COALESCE(w.host, w.header_host), w.uri, w.args,
  w.header_user_agent, w.label_names, w.webacl_id, w.request_id, w.file_id, w.record_no
FROM (SELECT waf.*, json_elements(non_terminating_matching_rules) AS elements FROM waf WHERE non_terminating_matching_rules <> '[]') w
CROSS JOIN UNNEST(w.elements) AS r (matched)
UNION ALL
-- The rule inside a group that ended the inspection; the web ACL shows the group only.
SELECT
  w."timestamp", 'group_terminating', w.rule_group_id,
  json_extract_scalar(w.rule_group, '$.terminatingRule.ruleId'),
  CAST(NULL AS VARCHAR), json_extract_scalar(w.rule_group, '$.terminatingRule.action'),
  json_extract_scalar(w.rule_group, '$.terminatingRule.overriddenAction'),
  json_format(json_extract(w.rule_group, '$.terminatingRule.ruleMatchDetails')),
  w.action, w.client_ip, w.country, w.http_method, COALESCE(w.host, w.header_host), w.uri, w.args,
  w.header_user_agent, w.label_names, w.webacl_id, w.request_id, w.file_id, w.record_no
FROM waf_rule_groups w
WHERE json_extract_scalar(w.rule_group, '$.terminatingRule.ruleId') IS NOT NULL
UNION ALL
-- Rules inside groups that counted.
SELECT
  w."timestamp", 'group_non_terminating', w.rule_group_id,
  json_extract_scalar(r.matched, '$.ruleId'),
  CAST(NULL AS VARCHAR), json_extract_scalar(r.matched, '$.action'), json_extract_scalar(r.matched, '$.overriddenAction'),
  json_format(json_extract(r.matched, '$.ruleMatchDetails')),
  w.action, w.client_ip, w.country, w.http_method, COALESCE(w.host, w.header_host), w.uri, w.args,
  w.header_user_agent, w.label_names, w.webacl_id, w.request_id, w.file_id, w.record_no
FROM (SELECT waf_rule_groups.*, json_elements(json_format(json_extract(rule_group, '$.nonTerminatingMatchingRules'))) AS elements FROM waf_rule_groups) w
CROSS JOIN UNNEST(w.elements) AS r (matched)
UNION ALL
-- Rules inside groups that matched and were excluded from acting.
SELECT
  w."timestamp", 'excluded', w.rule_group_id,
  json_extract_scalar(r.matched, '$.ruleId'),
  CAST(NULL AS VARCHAR), json_extract_scalar(r.matched, '$.exclusionType'), CAST(NULL AS VARCHAR), CAST(NULL AS VARCHAR),
  w.action, w.client_ip, w.country, w.http_method, COALESCE(w.host, w.header_host), w.uri, w.args,
  w.header_user_agent, w.label_names, w.webacl_id, w.request_id, w.file_id, w.record_no
FROM (SELECT waf_rule_groups.*, json_elements(json_format(json_extract(rule_group, '$.excludedRules'))) AS elements FROM waf_rule_groups) w
CROSS JOIN UNNEST(w.elements) AS r (matched)
UNION ALL
-- Rate-based rules that acted, with limit and key in match_details.
SELECT
  w."timestamp", 'rate_based', CAST(NULL AS VARCHAR),
  COALESCE(json_extract_scalar(r.matched, '$.rateBasedRuleName'), json_extract_scalar(r.matched, '$.rateBasedRuleId')),
  'RATE_BASED', CAST(NULL AS VARCHAR), CAST(NULL AS VARCHAR), json_format(r.matched),
  w.action, w.client_ip, w.country, w.http_method, COALESCE(w.host, w.header_host), w.uri, w.args,
  w.header_user_agent, w.label_names, w.webacl_id, w.request_id, w.file_id, w.record_no
FROM (SELECT waf.*, json_elements(rate_based_rule_list) AS elements FROM waf WHERE rate_based_rule_list <> '[]') w
CROSS JOIN UNNEST(w.elements) AS r (matched);

-- Rules by mode: how many requests and clients each matched, how many of these were let through, and when.
CREATE OR REPLACE VIEW waf_rules AS
SELECT
  mode, rule_group_id, rule_id, rule_action,
  count(*) AS requests,
  count(CASE WHEN action = 'ALLOW' THEN 1 END) AS allowed,
  count(DISTINCT client_ip) AS clients,
  count(DISTINCT uri) AS uris,
  min("timestamp") AS first_time,
  max("timestamp") AS last_time
FROM waf_rule_matches
GROUP BY mode, rule_group_id, rule_id, rule_action;

-- Labels, one row a label and request.
CREATE OR REPLACE VIEW waf_labels AS
SELECT
  w."timestamp", json_extract_scalar(l.label, '$') AS label,
  w.action, w.client_ip, w.country, COALESCE(w.host, w.header_host) AS host, w.uri, w.args,
  w.webacl_id, w.request_id, w.file_id, w.record_no
FROM (SELECT waf.*, json_elements(label_names) AS elements FROM waf WHERE label_names <> '[]') w
CROSS JOIN UNNEST(w.elements) AS l (label);

-- Paths asked for, by host: requests, clients, and how many were stopped.
CREATE OR REPLACE VIEW waf_paths AS
SELECT
  COALESCE(host, header_host) AS host, uri,
  count(*) AS requests,
  count(DISTINCT client_ip) AS clients,
  count(CASE WHEN action NOT IN ('ALLOW', 'COUNT') THEN 1 END) AS stopped,
  min("timestamp") AS first_time,
  max("timestamp") AS last_time
FROM waf
GROUP BY COALESCE(host, header_host), uri;
