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
WITH pulls AS (
  SELECT date_trunc('day', "start") AS day, dstaddr, srcaddr, sum(bytes) AS bytes, min("start") AS moment, max("end") AS last_time, max(interface_id) AS interface_id
  FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until AND action = 'ACCEPT'
  GROUP BY date_trunc('day', "start"), dstaddr, srcaddr
  HAVING sum(bytes) >= $each
),
many AS (SELECT day, dstaddr FROM pulls GROUP BY day, dstaddr HAVING count(*) >= $hosts AND sum(bytes) >= $bytes),
inside AS (SELECT * FROM many WHERE is_private_ip(dstaddr))
SELECT min(p.moment) AS time, 'vpc_flow' AS source, CAST(NULL AS VARCHAR) AS principal, p.dstaddr AS src_ip, max_by(p.srcaddr, p.bytes) AS target,
  CAST(CAST(round(sum(p.bytes) / 1048576.0) AS BIGINT) AS VARCHAR) || ' MiB taken from ' || CAST(count(*) AS VARCHAR) || ' hosts inside in a day' AS summary,
  count(*) AS hosts, CAST(sum(p.bytes) AS BIGINT) AS bytes, max(p.last_time) AS last_time, max(p.interface_id) AS interface_id
FROM pulls p JOIN inside i ON i.day = p.day AND i.dstaddr = p.dstaddr
WHERE is_private_ip(p.srcaddr)
GROUP BY p.day, p.dstaddr
HAVING count(*) >= $hosts AND sum(p.bytes) >= $bytes
ORDER BY 1, 3, 4, 5
