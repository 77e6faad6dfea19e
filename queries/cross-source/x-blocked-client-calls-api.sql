/*---
id: x-blocked-client-calls-api
title: Client blocked by WAF later calls the AWS API
severity: critical
attack: [T1190, T1078.004]
sources: [waf, cloudtrail]
packs: [triage, cross-source, web]
params:
  - {name: blocked, type: bigint, default: 1, doc: requests blocked before}
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: ct-principal-calls, with: {principal: principal}}
means: The address that attacked the web tier succeeds at the AWS API afterwards. The credentials probably came out of the application.
noise: Testers; an office whose browser traffic trips a rule and whose people use AWS (then the calls began long before).
cite: "ATT&CK T1190 Exploit Public-Facing Application and T1552.005; the Capital One breach of 2019 as indicted, SSRF through a WAF to role credentials"
---*/
WITH attackers AS (
  SELECT client_ip, min("timestamp") AS first_blocked, max("timestamp") AS last_blocked, count(*) AS blocked,
    max(terminating_rule_id) AS rule, max(coalesce(host, header_host)) AS host
  FROM waf
  WHERE "timestamp" >= $since AND "timestamp" < $until AND action = 'BLOCK'
  GROUP BY client_ip
  HAVING count(*) >= $blocked
)
SELECT min(c.event_time) AS time, 'cloudtrail' AS source, coalesce(c.user_arn, c.user_name, c.user_principal_id, c.user_invoked_by) AS principal, c.source_ip_address AS src_ip,
  c.user_access_key_id AS target,
  CAST(count(*) AS VARCHAR) || ' API calls succeeded after WAF blocked ' || CAST(a.blocked AS VARCHAR) || ' requests of the address' AS summary,
  a.first_blocked, a.last_blocked, a.blocked, a.rule, a.host, count(*) AS calls, count(DISTINCT c.event_name) AS apis,
  max(c.event_time) AS last_time, max(c.user_agent) AS user_agent
FROM attackers a
JOIN cloudtrail c ON c.source_ip_address = a.client_ip
WHERE c.event_time >= $since AND c.event_time < $until
  AND c.error_code IS NULL AND c.event_time >= a.first_blocked
GROUP BY coalesce(c.user_arn, c.user_name, c.user_principal_id, c.user_invoked_by), c.source_ip_address, c.user_access_key_id, a.first_blocked, a.last_blocked, a.blocked, a.rule, a.host
ORDER BY 1, 3, 4, 5, 6
