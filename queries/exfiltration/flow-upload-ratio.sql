/*---
id: flow-upload-ratio
title: Address that only takes data from a host
severity: low
attack: [T1048]
sources: [vpc_flow]
packs: [exfiltration, network]
params:
  - {name: bytes, type: bigint, default: 52428800, doc: bytes out in all}
  - {name: ratio, type: double, default: 20.0, doc: bytes out for each byte back}
means: Over the whole time a host sent an outside address twenty bytes and more for each byte it got, and not little. A drop place looks so.
noise: "Log and metric collectors, backup targets, AWS endpoints (aws_service). They are the same for many hosts: hosts says for how many."
cite: "AWS customer playbook framework, data exfiltration; ATT&CK T1048"
next:
  - {id: dns-name-of-address, with: {address: target}}
---*/
WITH pairs AS (
  SELECT srcaddr, dstaddr, sum(bytes) AS bytes
  FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until AND action = 'ACCEPT'
  GROUP BY srcaddr, dstaddr
),
-- CASE has addresses looked at after the sum, not once a flow.
outward AS (SELECT * FROM pairs WHERE CASE WHEN bytes >= $bytes THEN is_private_ip(srcaddr) AND NOT is_private_ip(dstaddr) END),
takers AS (SELECT dstaddr, count(*) AS hosts FROM outward GROUP BY dstaddr),
details AS (
  SELECT f.srcaddr, f.dstaddr, count(*) AS flows, min(f."start") AS first_time, max(f."end") AS last_time, max(f.interface_id) AS interface_id,
    max(f.instance_id) AS instance_id, max(f.pkt_dst_aws_service) AS aws_service, min(f.dstport) AS dstport
  FROM vpc_flow f JOIN takers t ON t.dstaddr = f.dstaddr
  WHERE f."start" >= $since AND f."start" < $until AND f.action = 'ACCEPT'
  GROUP BY f.srcaddr, f.dstaddr
)
SELECT d.first_time AS time, 'vpc_flow' AS source, d.instance_id AS principal, o.srcaddr AS src_ip, o.dstaddr AS target,
  CAST(CAST(round(o.bytes / 1048576.0) AS BIGINT) AS VARCHAR) || ' MiB out, ' || CAST(CAST(round(coalesce(b.bytes, 0) / 1048576.0) AS BIGINT) AS VARCHAR) || ' MiB back' AS summary,
  CAST(o.bytes AS BIGINT) AS bytes_out, CAST(coalesce(b.bytes, 0) AS BIGINT) AS bytes_back, t.hosts, d.flows, d.dstport, d.last_time, d.interface_id, d.aws_service
FROM outward o
JOIN takers t ON t.dstaddr = o.dstaddr
JOIN details d ON d.srcaddr = o.srcaddr AND d.dstaddr = o.dstaddr
LEFT JOIN pairs b ON b.srcaddr = o.dstaddr AND b.dstaddr = o.srcaddr
WHERE o.bytes >= $ratio * coalesce(b.bytes, 0)
ORDER BY o.bytes DESC, 3, 4, 5
