/*---
id: flow-staging
title: Much data gathered on one host inside
severity: low
attack: [T1074.002]
sources: [vpc_flow]
packs: [collection, network, data]
params:
  - {name: hosts, type: bigint, default: 3, doc: hosts data came from}
  - {name: each, type: bigint, default: 104857600, doc: bytes from each of them}
  - {name: bytes, type: bigint, default: 2147483648, doc: bytes in all}
means: A host took very much data from several others inside in a day. So loot is gathered before it leaves.
noise: "Backup, log and build servers; database replicas. Then look at what the host sent out: flow-bytes-out."
cite: "ATT&CK T1074.002 Remote Data Staging"
next:
  - {id: flow-bytes-out}
  - {id: flow-upload-spike}
---*/
WITH takers AS (
  SELECT dstaddr, sum(bytes) AS bytes FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until AND action = 'ACCEPT'
  GROUP BY dstaddr
),
-- Who got less in all got less in a day. CASE has each address looked at once, after the sum, not once a flow.
inside AS (SELECT dstaddr FROM takers WHERE CASE WHEN bytes >= $bytes THEN is_private_ip(dstaddr) END),
pulls AS (
  SELECT date_trunc('day', f."start") AS day, f.dstaddr, f.srcaddr, sum(f.bytes) AS bytes, min(f."start") AS moment, max(f."end") AS last_time, max(f.interface_id) AS interface_id
  FROM vpc_flow f JOIN inside i ON i.dstaddr = f.dstaddr
  WHERE f."start" >= $since AND f."start" < $until AND f.action = 'ACCEPT'
  GROUP BY date_trunc('day', f."start"), f.dstaddr, f.srcaddr
)
SELECT min(p.moment) AS time, 'vpc_flow' AS source, CAST(NULL AS VARCHAR) AS principal, p.dstaddr AS src_ip, max_by(p.srcaddr, p.bytes) AS target,
  CAST(CAST(round(sum(p.bytes) / 1048576.0) AS BIGINT) AS VARCHAR) || ' MiB taken from ' || CAST(count(*) AS VARCHAR) || ' hosts inside in a day' AS summary,
  count(*) AS hosts, CAST(sum(p.bytes) AS BIGINT) AS bytes, max(p.last_time) AS last_time, max(p.interface_id) AS interface_id
FROM pulls p
WHERE CASE WHEN p.bytes >= $each THEN is_private_ip(p.srcaddr) END
GROUP BY p.day, p.dstaddr
HAVING count(*) >= $hosts AND sum(p.bytes) >= $bytes
ORDER BY 1, 3, 4, 5
