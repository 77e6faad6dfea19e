/*---
id: flow-beacon
title: Regular calls to one outside address
severity: medium
attack: [T1071, T1571]
sources: [vpc_flow]
packs: [triage, command-and-control, network]
params:
  - {name: connections, type: bigint, default: 12, doc: connections at least}
  - {name: jitter, type: double, default: 0.1, doc: greatest standard deviation of the intervals as part of their mean}
  - {name: min_interval_seconds, type: bigint, default: 30, doc: shortest mean interval}
next:
  - {id: ct-resource-calls, with: {name: interface_id}}
  - {id: dns-tunnel}
  - {id: flow-bytes-out}
means: A host calls one outside address and port at a steady beat. Implants do; so do health checks.
noise: Monitoring agents, time and update services, AWS's own endpoints (see pkt_dst_aws_service where it is logged). Flow logs aggregate up to 10 minutes, which hides short beats and lends its own beat to long sessions.
cite: "ATT&CK T1071 Application Layer Protocol; RITA beacon analysis by Active Countermeasures"
---*/
WITH targets AS (
  SELECT dstaddr, count(*) AS flows FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until
    AND action = 'ACCEPT' AND protocol IN (6, 17) AND dstport NOT IN (53, 123) AND dstport < 32768
  GROUP BY dstaddr
),
-- CASE has each address looked at once, after it was counted, not once a flow.
outside AS (SELECT dstaddr FROM targets WHERE CASE WHEN flows >= $connections THEN NOT is_private_ip(dstaddr) END),
talkers AS (
  -- A beacon is few small flows at each beat: the pairs that talk without end drop out first.
  SELECT f.srcaddr, f.dstaddr, f.dstport, count(*) AS flows FROM vpc_flow f JOIN outside o ON o.dstaddr = f.dstaddr
  WHERE f."start" >= $since AND f."start" < $until
    AND f.action = 'ACCEPT' AND f.protocol IN (6, 17) AND f.dstport NOT IN (53, 123) AND f.dstport < 32768
  GROUP BY f.srcaddr, f.dstaddr, f.dstport
  HAVING count(*) >= $connections AND count(*) <= 20000
),
callers AS (SELECT srcaddr, count(*) AS pairs FROM talkers GROUP BY srcaddr),
inside AS (SELECT srcaddr FROM callers WHERE CASE WHEN pairs > 0 THEN is_private_ip(srcaddr) END),
pairs AS (SELECT t.srcaddr, t.dstaddr, t.dstport FROM talkers t JOIN inside i ON i.srcaddr = t.srcaddr),
beats AS (
  SELECT f.srcaddr, f.dstaddr, f.dstport, f."start" AS moment, sum(f.bytes) AS bytes, max(f.interface_id) AS interface_id,
    max(f.instance_id) AS instance_id, max(f.pkt_dst_aws_service) AS aws_service
  FROM vpc_flow f
  JOIN pairs p ON p.srcaddr = f.srcaddr AND p.dstaddr = f.dstaddr AND p.dstport = f.dstport
  WHERE f."start" >= $since AND f."start" < $until AND f.action = 'ACCEPT'
  GROUP BY f.srcaddr, f.dstaddr, f.dstport, f."start"
),
steps AS (
  SELECT *, date_diff('second', lag(moment) OVER (PARTITION BY srcaddr, dstaddr, dstport ORDER BY moment), moment) AS gap FROM beats
)
SELECT min(moment) AS time, 'vpc_flow' AS source, max(instance_id) AS principal, srcaddr AS src_ip,
  dstaddr || ' port ' || CAST(dstport AS VARCHAR) AS target,
  CAST(count(*) AS VARCHAR) || ' connections, one every ' || CAST(CAST(round(avg(gap)) AS BIGINT) AS VARCHAR) || ' s' AS summary,
  dstaddr, dstport, count(*) AS connections, avg(gap) AS mean_seconds, stddev_samp(gap) AS deviation_seconds,
  CAST(sum(bytes) AS BIGINT) AS bytes, max(moment) AS last_time, max(interface_id) AS interface_id, max(aws_service) AS aws_service
FROM steps
GROUP BY srcaddr, dstaddr, dstport
HAVING count(*) >= $connections AND avg(gap) >= $min_interval_seconds AND stddev_samp(gap) <= $jitter * avg(gap)
ORDER BY 1, 3, 4, 5, 6
