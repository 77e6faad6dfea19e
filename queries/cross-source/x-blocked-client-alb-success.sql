/*---
id: x-blocked-client-alb-success
title: Client blocked by WAF, later served by a load balancer
severity: medium
attack: [T1190]
sources: [waf, alb]
packs: [triage, cross-source, web]
params:
  - {name: blocked, type: bigint, default: 3, doc: requests blocked}
means: "An address that WAF blocked got 2xx from a load balancer afterwards. Look at what for: another host or path that the web ACL does not guard?"
noise: People whose request was refused once and who went on; offices. The more paths they were blocked on, the less that is.
cite: "AWS Incident Response Playbooks, web application attack; ATT&CK T1190"
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: alb-injection-answered}
---*/
WITH attackers AS (
  SELECT client_ip, min("timestamp") AS first_blocked, count(*) AS blocked, count(DISTINCT uri) AS uris, max(terminating_rule_id) AS rule
  FROM waf
  WHERE "timestamp" >= $since AND "timestamp" < $until AND action = 'BLOCK' AND terminating_rule_type <> 'RATE_BASED'
  GROUP BY client_ip
  HAVING count(*) >= $blocked
)
SELECT min(b.time) AS time, 'waf+alb' AS source, CAST(NULL AS VARCHAR) AS principal, b.client_ip AS src_ip, min_by(split_part(b.request, ' ', 2), b.time) AS target,
  CAST(count(*) AS VARCHAR) || ' requests served after WAF blocked ' || CAST(a.blocked AS VARCHAR) || ' on ' || CAST(a.uris AS VARCHAR) || ' paths' AS summary,
  a.first_blocked, a.blocked, a.rule, count(*) AS requests, count(DISTINCT b.request) AS urls, CAST(coalesce(sum(b.sent_bytes), 0) AS BIGINT) AS bytes, max(b.time) AS last_time, max(b.elb) AS elb, max(b.user_agent) AS user_agent
FROM attackers a JOIN alb b ON b.client_ip = a.client_ip
WHERE b.time >= $since AND b.time < $until AND b.time > a.first_blocked AND b.elb_status_code BETWEEN 200 AND 299
GROUP BY b.client_ip, a.first_blocked, a.blocked, a.uris, a.rule
ORDER BY 1, 4, 5
