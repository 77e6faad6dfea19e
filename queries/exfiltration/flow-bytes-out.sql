/*---
id: flow-bytes-out
title: Much data sent out to one address
severity: medium
attack: [T1048, T1567]
sources: [vpc_flow]
packs: [triage, exfiltration, network]
params:
  - {name: bytes, type: bigint, default: 1073741824, doc: bytes out to one address in a day}
  - {name: ratio, type: double, default: 5.0, doc: bytes out for each byte back}
next:
  - {id: ct-resource-calls, with: {name: interface_id}}
  - {id: x-bucket-read-then-egress}
  - {id: flow-beacon}
means: A host sends far more than it gets, to one public address. Theft looks so; so do backups.
noise: Servers send much to clients, but to many; backup targets, log collectors, S3 and other AWS endpoints (see aws_service). Where client and server cannot be told apart the ratio is all there is.
cite: "aws-security-analytics-bootstrap VPC flow queries, bytes by address; AWS customer playbook framework, data exfiltration; ATT&CK T1048"
---*/
WITH takers AS (
  SELECT dstaddr, sum(bytes) AS bytes FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until AND action = 'ACCEPT'
  GROUP BY dstaddr
),
-- Who got less in all got less in a day. CASE has each address looked at once, after the sum, not once a flow.
outside AS (SELECT dstaddr FROM takers WHERE CASE WHEN bytes >= $bytes THEN NOT is_private_ip(dstaddr) END),
sent AS (
  SELECT date_trunc('day', f."start") AS day, f.srcaddr, f.dstaddr, sum(f.bytes) AS bytes, count(*) AS flows,
    min(f."start") AS first_time, max(f."end") AS last_time, max(f.interface_id) AS interface_id, max(f.instance_id) AS instance_id,
    max(f.pkt_dst_aws_service) AS aws_service, min(f.dstport) AS dstport
  FROM vpc_flow f JOIN outside t ON t.dstaddr = f.dstaddr
  WHERE f."start" >= $since AND f."start" < $until AND f.action = 'ACCEPT'
  GROUP BY date_trunc('day', f."start"), f.srcaddr, f.dstaddr
),
outward AS (SELECT * FROM sent WHERE CASE WHEN bytes >= $bytes THEN is_private_ip(srcaddr) END),
back AS (
  SELECT date_trunc('day', f."start") AS day, f.dstaddr AS srcaddr, f.srcaddr AS dstaddr, sum(f.bytes) AS bytes
  FROM vpc_flow f JOIN outside t ON t.dstaddr = f.srcaddr
  WHERE f."start" >= $since AND f."start" < $until AND f.action = 'ACCEPT'
  GROUP BY date_trunc('day', f."start"), f.dstaddr, f.srcaddr
)
SELECT o.first_time AS time, 'vpc_flow' AS source, o.instance_id AS principal, o.srcaddr AS src_ip, o.dstaddr AS target,
  CAST(CAST(round(o.bytes / 1048576.0) AS BIGINT) AS VARCHAR) || ' MiB sent to ' || o.dstaddr || ' in a day, '
    || CAST(CAST(round(coalesce(b.bytes, 0) / 1048576.0) AS BIGINT) AS VARCHAR) || ' MiB back' AS summary,
  CAST(o.bytes AS BIGINT) AS bytes_out, CAST(coalesce(b.bytes, 0) AS BIGINT) AS bytes_back, o.flows, o.dstport, o.last_time,
  o.interface_id, o.aws_service
FROM outward o
LEFT JOIN back b ON b.day = o.day AND b.srcaddr = o.srcaddr AND b.dstaddr = o.dstaddr
WHERE o.bytes >= $ratio * coalesce(b.bytes, 0)
ORDER BY o.bytes DESC, 3, 4, 5, 6
