/*---
id: flow-port-scan
title: Port scan
severity: medium
attack: [T1046, T1595.001]
sources: [vpc_flow]
packs: [triage, discovery, network]
params:
  - {name: ports, type: bigint, default: 20, doc: distinct ports of one host refused to one source}
  - {name: window_minutes, type: bigint, default: 10, doc: minutes they must lie in}
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: flow-admin-port-from-internet}
means: One source knocks at port after port of one host and is refused. From a public address it is weather; from a private one it is somebody inside.
noise: Internet scanners. Look at accepted flows of the same source first, then at private sources. Answers to the host's own connections that arrive after they closed are REJECT too; ports above 32767 are left out.
cite: "Amazon VPC User Guide, Flow log records, field action; Panther VPC rules; ATT&CK T1046 Network Service Discovery"
---*/
WITH targets AS (
  SELECT srcaddr, dstaddr, dstport FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until
    AND action = 'REJECT' AND protocol IN (6, 17) AND dstport <= 32767
  GROUP BY srcaddr, dstaddr, dstport
),
-- Grouped twice, which is faster than count(DISTINCT) over millions of flows.
pairs AS (SELECT srcaddr, dstaddr FROM targets GROUP BY srcaddr, dstaddr HAVING count(*) >= $ports),
knocks AS (
  SELECT f.srcaddr, f.dstaddr, f.dstport, f."start" AS moment, f.packets
  FROM vpc_flow f JOIN pairs p ON p.srcaddr = f.srcaddr AND p.dstaddr = f.dstaddr
  WHERE f."start" >= $since AND f."start" < $until
    AND f.action = 'REJECT' AND f.protocol IN (6, 17) AND f.dstport <= 32767
),
-- The running sum is the number of distinct ports in the window.
spans AS (
  SELECT srcaddr, dstaddr, moment, lead(moment) OVER (PARTITION BY srcaddr, dstaddr, dstport ORDER BY moment) AS next_at FROM knocks
),
edges AS (
  SELECT srcaddr, dstaddr, moment, 1 AS step FROM spans
  UNION ALL
  SELECT srcaddr, dstaddr, CASE WHEN next_at < moment + $window_minutes * INTERVAL '1' MINUTE THEN next_at
      ELSE moment + $window_minutes * INTERVAL '1' MINUTE END, -1
  FROM spans
),
running AS (
  SELECT srcaddr, dstaddr, moment, sum(step) OVER (PARTITION BY srcaddr, dstaddr ORDER BY moment) AS distinct_ports FROM edges
),
bursts AS (
  SELECT srcaddr, dstaddr, min(moment) AS time, max(distinct_ports) AS most
  FROM running WHERE distinct_ports >= $ports GROUP BY srcaddr, dstaddr
)
SELECT b.time, 'vpc_flow' AS source, CAST(NULL AS VARCHAR) AS principal, b.srcaddr AS src_ip, b.dstaddr AS target,
  CAST(b.most AS VARCHAR) || ' ports of ' || b.dstaddr || ' refused within ' || CAST($window_minutes AS VARCHAR) || ' minutes'
    || CASE WHEN is_private_ip(b.srcaddr) THEN ', from inside' ELSE '' END AS summary,
  is_private_ip(b.srcaddr) AS from_inside, count(DISTINCT k.dstport) AS ports, count(*) AS flows,
  CAST(sum(k.packets) AS BIGINT) AS packets, min(k.moment) AS first_time, max(k.moment) AS last_time
FROM bursts b JOIN knocks k ON k.srcaddr = b.srcaddr AND k.dstaddr = b.dstaddr
GROUP BY b.time, b.srcaddr, b.dstaddr, b.most
ORDER BY 1, 3, 4, 5, 6
