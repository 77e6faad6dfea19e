/*---
id: flow-long-session
title: Session to one outside address that hardly ends
severity: low
attack: [T1571, T1095]
sources: [vpc_flow]
packs: [command-and-control, network]
params:
  - {name: hours, type: bigint, default: 6, doc: hours from the first record to the last; a record every half hour at least}
means: One pair of ports kept talking to a public address for many hours. Remote shells and tunnels stay open; so do chats and message queues.
noise: Connections to queues, databases and AWS endpoints (aws_service, where it is logged).
cite: "RITA long connection analysis by Active Countermeasures; ATT&CK T1095 Non-Application Layer Protocol"
next:
  - {id: dns-name-of-address, with: {address: dstaddr}}
---*/
WITH targets AS (
  SELECT dstaddr, count(*) AS flows FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until AND action = 'ACCEPT' AND protocol IN (6, 17) AND srcport > dstport
  GROUP BY dstaddr
),
-- CASE has each address looked at once, after it was counted, not once a flow.
outside AS (SELECT dstaddr FROM targets WHERE CASE WHEN flows >= 2 * $hours THEN NOT is_private_ip(dstaddr) END),
long AS (
  SELECT f.srcaddr, f.srcport, f.dstaddr, f.dstport, f.protocol, count(*) AS flows, min(f."start") AS first_time, max(f."end") AS last_time
  FROM vpc_flow f JOIN outside o ON o.dstaddr = f.dstaddr
  WHERE f."start" >= $since AND f."start" < $until AND f.action = 'ACCEPT' AND f.protocol IN (6, 17) AND f.srcport > f.dstport
  GROUP BY f.srcaddr, f.srcport, f.dstaddr, f.dstport, f.protocol
),
open AS (
  SELECT * FROM long
  WHERE CASE WHEN date_diff('second', first_time, last_time) >= $hours * 3600 AND flows >= 2 * $hours THEN is_private_ip(srcaddr) END
),
sessions AS (
  SELECT p.srcaddr, p.srcport, p.dstaddr, p.dstport, p.protocol, p.first_time, p.last_time, p.flows, sum(f.bytes) AS bytes,
    max(f.interface_id) AS interface_id, max(f.instance_id) AS instance_id, max(f.pkt_dst_aws_service) AS aws_service
  FROM vpc_flow f JOIN open p ON p.srcaddr = f.srcaddr AND p.srcport = f.srcport AND p.dstaddr = f.dstaddr AND p.dstport = f.dstport AND p.protocol = f.protocol
  WHERE f."start" >= $since AND f."start" < $until AND f.action = 'ACCEPT'
  GROUP BY p.srcaddr, p.srcport, p.dstaddr, p.dstport, p.protocol, p.first_time, p.last_time, p.flows
)
SELECT first_time AS time, 'vpc_flow' AS source, instance_id AS principal, srcaddr AS src_ip, dstaddr || ' port ' || CAST(dstport AS VARCHAR) AS target,
  'open for ' || CAST(date_diff('hour', first_time, last_time) AS VARCHAR) || ' hours, ' || CAST(CAST(bytes AS BIGINT) AS VARCHAR) || ' bytes sent' AS summary,
  dstaddr, dstport, srcport, flows, CAST(bytes AS BIGINT) AS bytes, last_time, interface_id, aws_service
FROM sessions
ORDER BY date_diff('second', first_time, last_time) DESC, 1, 4, 5
