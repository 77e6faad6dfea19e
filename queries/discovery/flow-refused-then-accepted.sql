/*---
id: flow-refused-then-accepted
title: Source refused on many ports, then let in on one
severity: high
attack: [T1046, T1133]
sources: [vpc_flow]
packs: [triage, discovery, network, initial-access]
params:
  - {name: ports, type: bigint, default: 10, doc: ports of the host refused before}
  - {name: bytes, type: bigint, default: 2000, doc: bytes from the source accepted afterwards}
means: A public source knocked at many ports of a host, and afterwards a port answered with data. The scan found its door.
noise: "Internet scanners that also fetch the start page of a public web server: few bytes, ports 80 and 443. Raise bytes."
cite: "Amazon VPC User Guide, Flow log records, field action; Panther VPC rules; ATT&CK T1046"
next:
  - {id: x-address-everywhere}
---*/
WITH knocks AS (
  SELECT srcaddr, dstaddr, dstport, min("start") AS first_refused FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until AND action = 'REJECT' AND protocol IN (6, 17) AND dstport <= 32767
  GROUP BY srcaddr, dstaddr, dstport
),
pairs AS (SELECT srcaddr, dstaddr, count(*) AS ports, min(first_refused) AS first_refused FROM knocks GROUP BY srcaddr, dstaddr),
-- CASE has addresses looked at after they are grouped, not once a row.
scans AS (SELECT * FROM pairs WHERE CASE WHEN ports >= $ports THEN NOT is_private_ip(srcaddr) END)
SELECT min(f."start") AS time, 'vpc_flow' AS source, CAST(NULL AS VARCHAR) AS principal, f.srcaddr AS src_ip, f.dstaddr || ' port ' || CAST(f.dstport AS VARCHAR) AS target,
  CAST(max(s.ports) AS VARCHAR) || ' ports refused, then ' || CAST(CAST(sum(f.bytes) AS BIGINT) AS VARCHAR) || ' bytes accepted on port ' || CAST(f.dstport AS VARCHAR) AS summary,
  f.dstaddr, f.dstport, max(s.ports) AS ports_refused, max(s.first_refused) AS first_refused, count(*) AS flows, CAST(sum(f.bytes) AS BIGINT) AS bytes,
  max(f."end") AS last_time, max(f.interface_id) AS interface_id, max(f.instance_id) AS instance_id
FROM scans s JOIN vpc_flow f ON f.srcaddr = s.srcaddr AND f.dstaddr = s.dstaddr
WHERE f."start" >= $since AND f."start" < $until AND f.action = 'ACCEPT' AND f.protocol IN (6, 17) AND f.dstport <= 32767
  AND f."start" > s.first_refused
GROUP BY f.srcaddr, f.dstaddr, f.dstport
HAVING sum(f.bytes) >= $bytes
ORDER BY 1, 3, 4, 5
