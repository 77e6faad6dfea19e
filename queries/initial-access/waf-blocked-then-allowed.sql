/*---
id: waf-blocked-then-allowed
title: Client blocked by WAF, then let through on the same path
severity: medium
attack: [T1190]
sources: [waf]
packs: [triage, initial-access, web]
params:
  - {name: blocked, type: bigint, default: 3, doc: requests to the path blocked before}
means: A client was blocked on a path again and again, and then a request to it passed. So somebody tries until the rules are silent.
noise: People whose form was refused once for a harmless word; rate-based rules, which are left out. Compare the arguments.
cite: "AWS WAF Developer Guide, log fields for web ACL traffic; ATT&CK T1190"
next:
  - {id: x-blocked-client-alb-success}
---*/
WITH blocked AS (
  SELECT client_ip, uri, count(*) AS blocked, min("timestamp") AS first_blocked, max("timestamp") AS last_blocked, max_by(args, "timestamp") AS blocked_args, max(terminating_rule_id) AS rule
  FROM waf
  WHERE "timestamp" >= $since AND "timestamp" < $until AND action = 'BLOCK' AND terminating_rule_type <> 'RATE_BASED'
  GROUP BY client_ip, uri
  HAVING count(*) >= $blocked
)
SELECT min(w."timestamp") AS time, 'waf' AS source, CAST(NULL AS VARCHAR) AS principal, w.client_ip AS src_ip, coalesce(max(coalesce(w.host, w.header_host)), '') || w.uri AS target,
  CAST(count(*) AS VARCHAR) || ' requests let through after ' || CAST(max(b.blocked) AS VARCHAR) || ' blocked by ' || max(b.rule) AS summary,
  max(b.blocked) AS blocked, max(b.first_blocked) AS first_blocked, count(*) AS allowed, min_by(w.args, w."timestamp") AS args, max(b.blocked_args) AS blocked_args,
  max(w."timestamp") AS last_time, max(w.header_user_agent) AS user_agent
FROM blocked b JOIN waf w ON w.client_ip = b.client_ip AND w.uri = b.uri
WHERE w."timestamp" >= $since AND w."timestamp" < $until AND w.action = 'ALLOW' AND w."timestamp" > b.last_blocked
GROUP BY w.client_ip, w.uri
ORDER BY 1, 3, 4, 5
