/*---
id: flow-new-peer
title: Outside address a host never talked to before
severity: low
attack: [T1071, T1048]
sources: [vpc_flow]
packs: [command-and-control, network]
params:
  - {name: hours, type: bigint, default: 24, doc: hours of log before the first flow}
  - {name: bytes, type: bigint, default: 1000000, doc: bytes sent to it in all}
means: On the last days a host sent to a public address that no host had sent to before. New is not bad; what is new on the day of the incident is worth a look.
noise: "Content networks and AWS endpoints change addresses all the time: raise bytes, or leave out those with aws_service."
cite: "Panther and Elastic, first occurrence rules; ATT&CK T1071"
next:
  - {id: dns-name-of-address, with: {address: dstaddr}}
  - {id: flow-beacon}
---*/
WITH span AS (SELECT min("start") AS log_start FROM vpc_flow WHERE "start" >= $since AND "start" < $until),
targets AS (
  SELECT dstaddr, min("start") AS first_time, sum(bytes) AS bytes FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until AND action = 'ACCEPT' AND protocol IN (6, 17) AND srcport > dstport
  GROUP BY dstaddr
),
-- CASE has each address looked at once, after the sum, not once a flow.
new AS (
  SELECT t.dstaddr FROM targets t CROSS JOIN span s
  WHERE CASE WHEN t.bytes >= $bytes AND t.first_time >= s.log_start + $hours * INTERVAL '1' HOUR THEN NOT is_private_ip(t.dstaddr) END
),
peers AS (
  SELECT f.dstaddr, min(f."start") AS first_time, max(f."end") AS last_time, count(*) AS flows, sum(f.bytes) AS bytes, min_by(f.srcaddr, f."start") AS srcaddr, count(DISTINCT f.srcaddr) AS hosts,
    min(f.dstport) AS dstport, max(f.instance_id) AS instance_id, max(f.interface_id) AS interface_id, max(f.pkt_dst_aws_service) AS aws_service
  FROM vpc_flow f JOIN new n ON n.dstaddr = f.dstaddr
  WHERE f."start" >= $since AND f."start" < $until AND f.action = 'ACCEPT' AND f.protocol IN (6, 17) AND f.srcport > f.dstport
  GROUP BY f.dstaddr
)
SELECT p.first_time AS time, 'vpc_flow' AS source, p.instance_id AS principal, p.srcaddr AS src_ip, p.dstaddr || ' port ' || CAST(p.dstport AS VARCHAR) AS target,
  'first seen ' || CAST(date_diff('hour', s.log_start, p.first_time) AS VARCHAR) || ' hours into the log, ' || CAST(CAST(p.bytes AS BIGINT) AS VARCHAR) || ' bytes sent by ' || CAST(p.hosts AS VARCHAR) || ' hosts' AS summary,
  p.dstaddr, p.dstport, p.hosts, p.flows, CAST(p.bytes AS BIGINT) AS bytes, p.last_time, p.interface_id, p.aws_service
FROM peers p CROSS JOIN span s
WHERE is_private_ip(p.srcaddr)
ORDER BY p.bytes DESC, 1, 4, 5
