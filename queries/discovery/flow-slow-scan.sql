/*---
id: flow-slow-scan
title: Slow scan over a day
severity: low
attack: [T1046]
sources: [vpc_flow]
packs: [discovery, network]
params:
  - {name: targets, type: bigint, default: 100, doc: pairs of host and port in a day}
  - {name: share, type: double, default: 0.9, doc: part of the flows that was refused}
means: A source tried very many pairs of host and port in a day and was refused nearly always, too slowly for flow-port-scan.
noise: "Internet scanners. Sources inside are worth every look: from_inside."
cite: "ATT&CK T1046 Network Service Discovery; Panther VPC rules"
next:
  - {id: flow-refused-then-accepted}
---*/
WITH refused AS (
  SELECT date_trunc('day', "start") AS day, srcaddr
  FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until AND protocol IN (6, 17) AND dstport <= 32767
  GROUP BY date_trunc('day', "start"), srcaddr
  HAVING count(*) >= $targets AND count(CASE WHEN action = 'REJECT' THEN 1 END) >= $share * count(*)
),
tried AS (
  SELECT r.day, f.srcaddr, f.dstaddr, f.dstport, min(f."start") AS moment, max(f."start") AS last_time, count(*) AS flows,
    count(CASE WHEN f.action = 'REJECT' THEN 1 END) AS refused
  FROM vpc_flow f JOIN refused r ON r.srcaddr = f.srcaddr AND r.day = date_trunc('day', f."start")
  WHERE f."start" >= $since AND f."start" < $until AND f.protocol IN (6, 17) AND f.dstport <= 32767
  GROUP BY r.day, f.srcaddr, f.dstaddr, f.dstport
),
sources AS (
  SELECT day, srcaddr, count(*) AS targets, count(DISTINCT dstaddr) AS hosts, count(DISTINCT dstport) AS ports, sum(flows) AS flows, sum(refused) AS refused,
    min(moment) AS moment, max(last_time) AS last_time, min_by(dstaddr, moment) AS first_host
  FROM tried
  GROUP BY day, srcaddr
  HAVING count(*) >= $targets AND sum(refused) >= $share * sum(flows)
)
SELECT moment AS time, 'vpc_flow' AS source, CAST(NULL AS VARCHAR) AS principal, srcaddr AS src_ip, first_host AS target,
  CAST(hosts AS VARCHAR) || ' hosts and ' || CAST(ports AS VARCHAR) || ' ports tried in a day, ' || CAST(CAST(round(100.0 * refused / flows) AS BIGINT) AS VARCHAR) || ' % refused' AS summary,
  is_private_ip(srcaddr) AS from_inside, targets, hosts, ports, CAST(flows AS BIGINT) AS flows, CAST(refused AS BIGINT) AS refused, last_time
FROM sources
ORDER BY targets DESC, 1, 4
