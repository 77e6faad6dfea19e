/*---
id: flow-mail-out
title: Host sends mail to many servers
severity: medium
attack: [T1496, T1071.003]
sources: [vpc_flow]
packs: [impact, network]
params:
  - {name: servers, type: bigint, default: 20, doc: public addresses called on port 25}
means: "A machine connects to port 25 of many public addresses: it sends spam."
noise: Mail servers, which you know.
cite: "GuardDuty finding type Behavior:EC2/TrafficPortUnusual and Impact:EC2 abuse categories; RFC 5321, port 25; ATT&CK T1071.003 Mail Protocols"
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
---*/
WITH peers AS (
  SELECT srcaddr, dstaddr, min("start") AS moment, max("end") AS last_time, count(*) AS flows, sum(bytes) AS bytes, max(interface_id) AS interface_id, max(instance_id) AS instance_id,
    count(CASE WHEN action = 'REJECT' THEN 1 END) AS refused
  FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until AND protocol = 6 AND dstport = 25
  GROUP BY srcaddr, dstaddr
),
many AS (SELECT srcaddr FROM peers GROUP BY srcaddr HAVING count(*) >= $servers),
inside AS (SELECT srcaddr FROM many WHERE is_private_ip(srcaddr))
SELECT min(p.moment) AS time, 'vpc_flow' AS source, max(p.instance_id) AS principal, p.srcaddr AS src_ip, 'port 25' AS target,
  CAST(count(*) AS VARCHAR) || ' mail servers called, ' || CAST(CAST(sum(p.bytes) AS BIGINT) AS VARCHAR) || ' bytes' AS summary,
  count(*) AS servers, CAST(sum(p.flows) AS BIGINT) AS flows, CAST(sum(p.refused) AS BIGINT) AS refused, CAST(sum(p.bytes) AS BIGINT) AS bytes, max(p.last_time) AS last_time, max(p.interface_id) AS interface_id
FROM peers p JOIN inside i ON i.srcaddr = p.srcaddr
WHERE NOT is_private_ip(p.dstaddr)
GROUP BY p.srcaddr
HAVING count(*) >= $servers
ORDER BY 1, 3, 4, 5
