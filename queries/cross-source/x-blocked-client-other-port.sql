/*---
id: x-blocked-client-other-port
title: Client blocked by WAF, then let in on another port
severity: high
attack: [T1190, T1133]
sources: [waf, vpc_flow]
packs: [triage, cross-source, web, network]
params:
  - {name: bytes, type: bigint, default: 500, doc: bytes accepted from the client}
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: ct-resource-calls, with: {name: interface_id}}
means: The web front turned the address away; a security group let it in by another door.
noise: Only accepted flows with some bytes count, web ports are left out. Mail and VPN ports open to all are the usual harmless case.
cite: "AWS Incident Response Playbooks, web application attack; Amazon VPC User Guide, Flow log records"
---*/
WITH attackers AS (
  SELECT client_ip, min("timestamp") AS first_blocked, count(*) AS blocked, max(terminating_rule_id) AS rule
  FROM waf
  WHERE "timestamp" >= $since AND "timestamp" < $until AND action = 'BLOCK'
  GROUP BY client_ip
)
SELECT min(f."start") AS time, 'vpc_flow' AS source, CAST(NULL AS VARCHAR) AS principal, f.srcaddr AS src_ip,
  f.dstaddr || ' port ' || CAST(f.dstport AS VARCHAR) AS target,
  'accepted on port ' || CAST(f.dstport AS VARCHAR) || ' after WAF blocked ' || CAST(a.blocked AS VARCHAR) || ' requests' AS summary,
  a.first_blocked, a.blocked, a.rule, f.dstaddr, f.dstport, count(*) AS flows, CAST(sum(f.bytes) AS BIGINT) AS bytes,
  max(f."end") AS last_time, max(f.interface_id) AS interface_id
FROM attackers a
JOIN vpc_flow f ON f.srcaddr = a.client_ip
WHERE f."start" >= $since AND f."start" < $until
  AND f.action = 'ACCEPT' AND f.protocol IN (6, 17) AND f.dstport NOT IN (80, 443, 8080, 8443)
  -- Answers to connections from inside come from a low port to a high one.
  AND NOT (f.srcport < 1024 AND f.dstport >= 1024)
  AND f."end" >= a.first_blocked
GROUP BY f.srcaddr, f.dstaddr, f.dstport, a.first_blocked, a.blocked, a.rule
HAVING sum(f.bytes) >= $bytes
ORDER BY 1, 3, 4, 5, 6
