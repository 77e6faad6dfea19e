-- Why requests were stopped: the rule, and the rule inside its group.
SELECT timestamp, client_ip, country, host, uri, args, action, terminating_rule_id, terminating_rule_type, rule_group_list
FROM waf
WHERE action <> 'ALLOW'
ORDER BY timestamp;

-- Rules by how many requests they stopped.
SELECT terminating_rule_id, action, count(*) AS requests, count(DISTINCT client_ip) AS clients, min(timestamp) AS first_time, max(timestamp) AS last_time
FROM waf
GROUP BY 1, 2
ORDER BY requests DESC, 1, 2;

-- Clients by requests and by how many were stopped.
SELECT client_ip, country, count(*) AS requests, count(CASE WHEN action <> 'ALLOW' THEN 1 END) AS stopped,
  count(DISTINCT uri) AS paths, max(header_user_agent) AS a_user_agent
FROM waf
GROUP BY 1, 2
ORDER BY requests DESC, client_ip;

-- Rules that matched without stopping the request (COUNT): what they would have done.
SELECT timestamp, client_ip, uri, non_terminating_matching_rules
FROM waf
WHERE non_terminating_matching_rules NOT IN ('[]', 'null')
ORDER BY timestamp;

-- Why a rule triggered: the text it matched, where WAF logs it (SQL injection and cross-site scripting).
SELECT timestamp, client_ip, uri, terminating_rule_id, terminating_rule_match_details
FROM waf
WHERE terminating_rule_match_details NOT IN ('[]', 'null')
ORDER BY timestamp;
