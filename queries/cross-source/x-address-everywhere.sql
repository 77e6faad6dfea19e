/*---
id: x-address-everywhere
title: Address seen in WAF, flow and CloudTrail logs
severity: high
attack: [T1190, T1078.004]
sources: [waf, cloudtrail, vpc_flow]
packs: [triage, cross-source, web, network]
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: ct-principal-calls, with: {principal: principal}}
means: One public address was blocked by WAF, reached an instance past it, and called the AWS API. Few honest addresses do all three.
noise: The office, a tester. The first times tell the order of the story.
cite: "timesketch and Suzaku merged timelines; ATT&CK T1190"
---*/
WITH web AS (
  SELECT client_ip AS ip, min("timestamp") AS first_web, count(*) AS requests,
    count(CASE WHEN action = 'BLOCK' THEN 1 END) AS blocked
  FROM waf WHERE "timestamp" >= $since AND "timestamp" < $until
  GROUP BY client_ip
  HAVING count(CASE WHEN action = 'BLOCK' THEN 1 END) > 0
),
api AS (
  SELECT c.source_ip_address AS ip, min(c.event_time) AS first_call, count(*) AS calls, count(c.error_code) AS errors,
    max(coalesce(c.user_arn, c.user_name, c.user_principal_id, c.user_invoked_by)) AS principal
  FROM cloudtrail c JOIN web w ON w.ip = c.source_ip_address
  WHERE c.event_time >= $since AND c.event_time < $until
  GROUP BY c.source_ip_address
),
net AS (
  SELECT f.srcaddr AS ip, min(f."start") AS first_flow, count(*) AS flows, CAST(sum(f.bytes) AS BIGINT) AS bytes,
    max(f.dstaddr) AS host
  FROM vpc_flow f JOIN api a ON a.ip = f.srcaddr
  WHERE f."start" >= $since AND f."start" < $until AND f.action = 'ACCEPT'
  GROUP BY f.srcaddr
)
SELECT least(w.first_web, a.first_call, n.first_flow) AS time, 'waf+cloudtrail+vpc_flow' AS source, a.principal, w.ip AS src_ip,
  n.host AS target,
  CAST(w.blocked AS VARCHAR) || ' requests blocked, ' || CAST(n.flows AS VARCHAR) || ' flows accepted, '
    || CAST(a.calls AS VARCHAR) || ' API calls' AS summary,
  w.first_web, n.first_flow, a.first_call, w.requests, w.blocked, n.flows, n.bytes, a.calls, a.errors
FROM web w JOIN api a ON a.ip = w.ip JOIN net n ON n.ip = w.ip
ORDER BY 1, 3, 4, 5, 6
