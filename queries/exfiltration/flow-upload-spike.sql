/*---
id: flow-upload-spike
title: Host sends out far more than on its other days
severity: medium
attack: [T1048, T1030]
sources: [vpc_flow]
packs: [exfiltration, network]
params:
  - {name: bytes, type: bigint, default: 536870912, doc: bytes sent out on the day}
  - {name: factor, type: double, default: 10.0, doc: times the median day of the host}
means: On one day a host sent many times more to the internet than on its median day, though perhaps little to each address.
noise: Backups and moves; a release day of a service. Needs three days of flow logs or more.
cite: "AWS customer playbook framework, data exfiltration; aws-security-analytics-bootstrap VPC flow queries, bytes by address; ATT&CK T1048"
next:
  - {id: flow-bytes-out}
  - {id: x-dns-answer-flow}
---*/
WITH totals AS (
  SELECT srcaddr, date_trunc('day', "start") AS day, sum(bytes) AS bytes FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until AND action = 'ACCEPT'
  GROUP BY srcaddr, date_trunc('day', "start")
),
hosts AS (SELECT srcaddr, max(bytes) AS bytes, count(*) AS days FROM totals GROUP BY srcaddr),
-- CASE has each address looked at once, after the sums, not once a flow.
inside AS (SELECT srcaddr FROM hosts WHERE CASE WHEN bytes >= $bytes AND days >= 3 THEN is_private_ip(srcaddr) END),
days AS (
  SELECT f.srcaddr, f.dstaddr, date_trunc('day', f."start") AS day, sum(f.bytes) AS bytes, min(f."start") AS moment, max(f."end") AS last_time,
    max(f.interface_id) AS interface_id, max(f.instance_id) AS instance_id
  FROM vpc_flow f JOIN inside i ON i.srcaddr = f.srcaddr
  WHERE f."start" >= $since AND f."start" < $until AND f.action = 'ACCEPT'
  GROUP BY f.srcaddr, f.dstaddr, date_trunc('day', f."start")
),
peers AS (SELECT dstaddr, count(*) AS days FROM days GROUP BY dstaddr),
outside AS (SELECT dstaddr FROM peers WHERE CASE WHEN days > 0 THEN NOT is_private_ip(dstaddr) END),
sent AS (
  SELECT d.srcaddr, d.day, sum(d.bytes) AS bytes, min(d.moment) AS moment, max(d.last_time) AS last_time, max(d.interface_id) AS interface_id, max(d.instance_id) AS instance_id,
    max_by(d.dstaddr, d.bytes) AS biggest, max(d.bytes) AS biggest_bytes, count(*) AS peers
  FROM days d JOIN outside o ON o.dstaddr = d.dstaddr
  GROUP BY d.srcaddr, d.day
),
usual AS (
  SELECT srcaddr, count(*) AS days, array_sort(array_agg(bytes))[CAST(floor((count(*) + 1) / 2.0) AS INTEGER)] AS median_bytes FROM sent GROUP BY srcaddr
)
SELECT s.moment AS time, 'vpc_flow' AS source, s.instance_id AS principal, s.srcaddr AS src_ip, s.biggest AS target,
  CAST(CAST(round(s.bytes / 1048576.0) AS BIGINT) AS VARCHAR) || ' MiB sent out in a day, median day ' || CAST(CAST(round(u.median_bytes / 1048576.0) AS BIGINT) AS VARCHAR) || ' MiB; most to ' || s.biggest AS summary,
  CAST(s.bytes AS BIGINT) AS bytes_out, CAST(u.median_bytes AS BIGINT) AS median_bytes, u.days, s.peers, CAST(s.biggest_bytes AS BIGINT) AS biggest_bytes, s.last_time, s.interface_id
FROM sent s JOIN usual u ON u.srcaddr = s.srcaddr
WHERE u.days >= 3 AND s.bytes >= $bytes AND s.bytes >= $factor * u.median_bytes
ORDER BY 1, 3, 4, 5
