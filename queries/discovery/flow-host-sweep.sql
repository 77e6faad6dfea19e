/*---
id: flow-host-sweep
title: One port tried on many hosts from inside
severity: high
attack: [T1046, T1018]
sources: [vpc_flow]
packs: [triage, discovery, lateral-movement, network]
params:
  - {name: hosts, type: bigint, default: 10, doc: distinct private hosts tried on one port}
  - {name: window_minutes, type: bigint, default: 60, doc: minutes they must lie in}
next:
  - {id: flow-admin-port-inside}
  - {id: flow-port-scan}
means: A private address tries SSH, RDP, SMB, a database or the like on host after host. Somebody inside looks for the next machine.
noise: Vulnerability scanners and jump hosts. They are few and known.
cite: "ATT&CK T1046 Network Service Discovery and T1018 Remote System Discovery; Panther VPC inbound and lateral rules"
---*/
WITH tries AS (
  SELECT srcaddr, dstaddr, dstport, "start" AS moment, action
  FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until
    AND protocol = 6 AND dstport IN (22, 23, 135, 139, 445, 1433, 1521, 2375, 3306, 3389, 5432, 5900, 5985, 5986, 6379, 9200, 10250, 11211, 27017)
),
-- Grouped twice, which is faster than count(DISTINCT) over millions of flows,
-- and addresses are looked at once each: CASE keeps that after the grouping.
targets AS (SELECT srcaddr, dstport, dstaddr, count(*) AS flows FROM tries GROUP BY srcaddr, dstport, dstaddr),
many AS (SELECT srcaddr, dstport, count(*) AS hosts FROM targets GROUP BY srcaddr, dstport),
busy AS (SELECT * FROM many WHERE CASE WHEN hosts >= $hosts THEN is_private_ip(srcaddr) END),
pairs AS (
  SELECT t.srcaddr, t.dstport, t.dstaddr FROM targets t JOIN busy b ON b.srcaddr = t.srcaddr AND b.dstport = t.dstport
  WHERE CASE WHEN t.flows > 0 THEN is_private_ip(t.dstaddr) END
),
inside AS (
  SELECT t.* FROM tries t
  JOIN pairs p ON p.srcaddr = t.srcaddr AND p.dstport = t.dstport AND p.dstaddr = t.dstaddr
),
-- The running sum is the number of distinct hosts in the window.
spans AS (
  SELECT srcaddr, dstport, moment, lead(moment) OVER (PARTITION BY srcaddr, dstport, dstaddr ORDER BY moment) AS next_at FROM inside
),
edges AS (
  SELECT srcaddr, dstport, moment, 1 AS step FROM spans
  UNION ALL
  SELECT srcaddr, dstport, CASE WHEN next_at < moment + $window_minutes * INTERVAL '1' MINUTE THEN next_at
      ELSE moment + $window_minutes * INTERVAL '1' MINUTE END, -1
  FROM spans
),
running AS (
  SELECT srcaddr, dstport, moment, sum(step) OVER (PARTITION BY srcaddr, dstport ORDER BY moment) AS distinct_hosts FROM edges
),
bursts AS (
  SELECT srcaddr, dstport, min(moment) AS time, max(distinct_hosts) AS most
  FROM running WHERE distinct_hosts >= $hosts GROUP BY srcaddr, dstport
)
SELECT b.time, 'vpc_flow' AS source, CAST(NULL AS VARCHAR) AS principal, b.srcaddr AS src_ip,
  'port ' || CAST(b.dstport AS VARCHAR) AS target,
  'port ' || CAST(b.dstport AS VARCHAR) || ' tried on ' || CAST(b.most AS VARCHAR) || ' hosts within '
    || CAST($window_minutes AS VARCHAR) || ' minutes' AS summary,
  count(DISTINCT i.dstaddr) AS hosts, count(DISTINCT CASE WHEN i.action = 'ACCEPT' THEN i.dstaddr END) AS hosts_accepted,
  count(*) AS flows, min(i.moment) AS first_time, max(i.moment) AS last_time
FROM bursts b JOIN inside i ON i.srcaddr = b.srcaddr AND i.dstport = b.dstport
GROUP BY b.time, b.srcaddr, b.dstport, b.most
ORDER BY 1, 3, 4, 5, 6
