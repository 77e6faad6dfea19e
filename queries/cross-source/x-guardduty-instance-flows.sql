/*---
id: x-guardduty-instance-flows
title: Flows of an instance that GuardDuty warned of
severity: medium
attack: [T1071, T1048]
sources: [guardduty, vpc_flow]
packs: [cross-source, network]
params:
  - {name: bytes, type: bigint, default: 1000000, doc: "bytes, that are enough for a peer the finding does not name"}
means: With whom the instance of a finding talked, from one hour before the activity to one hour after it.
noise: "All its usual peers are among them: look for public ones, for those that are new, and for many bytes."
cite: "AWS incident response playbooks, correlate GuardDuty findings with VPC flow logs"
next:
  - {id: flow-peers-of, with: {address: src_ip}}
---*/
WITH warned AS (
  SELECT id, type, severity, instance_id, event_first_seen, event_last_seen, remote_ip
  FROM guardduty_findings
  WHERE event_last_seen >= $since AND event_last_seen < $until AND instance_id IS NOT NULL AND NOT sample
)
SELECT min(f."start") AS time, 'guardduty+vpc_flow' AS source, w.instance_id AS principal, f.srcaddr AS src_ip, f.dstaddr || coalesce(' port ' || CAST(CASE WHEN f.dstport < 32768 THEN f.dstport END AS VARCHAR), '') AS target,
  max(w.type) || ': ' || CAST(CAST(sum(f.bytes) AS BIGINT) AS VARCHAR) || ' bytes in ' || CAST(count(*) AS VARCHAR) || ' flows' || CASE WHEN w.remote_ip IN (f.srcaddr, f.dstaddr) THEN ', with the address of the finding' ELSE '' END AS summary,
  w.id AS finding, CAST(sum(f.bytes) AS BIGINT) AS bytes, count(*) AS flows, max(f."end") AS last_time, max(f.interface_id) AS interface_id
FROM warned w
JOIN vpc_flow f ON f.instance_id = w.instance_id AND f."start" >= w.event_first_seen - INTERVAL '1' HOUR AND f."start" <= w.event_last_seen + INTERVAL '1' HOUR
WHERE f."start" >= $since AND f."start" < $until AND f.action = 'ACCEPT' AND NOT (is_private_ip(f.srcaddr) AND is_private_ip(f.dstaddr))
GROUP BY w.id, w.instance_id, w.remote_ip, f.srcaddr, f.dstaddr, CASE WHEN f.dstport < 32768 THEN f.dstport END
HAVING sum(f.bytes) >= $bytes OR w.remote_ip IN (f.srcaddr, f.dstaddr)
ORDER BY 1, 3, 4, 5
