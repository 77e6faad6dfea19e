/*---
id: tgw-admin-across-vpcs
title: Remote administration from one VPC into another
severity: low
attack: [T1021]
sources: [tgw_flow]
packs: [lateral-movement, network]
params:
  - {name: bytes, type: bigint, default: 2000, doc: bytes from the source in all}
means: SSH, RDP, WinRM, SMB, VNC or a database crossed the transit gateway between VPCs. An intruder who looks for the next account goes this way.
noise: "Bastions and management VPCs: few sources, many targets, and always."
cite: "Amazon VPC Transit Gateways guide, flow log records; ATT&CK T1021 Remote Services"
next:
  - {id: flow-host-sweep}
---*/
WITH reached AS (
  SELECT srcaddr, dstaddr, dstport, tgw_src_vpc_id, tgw_dst_vpc_id, min("start") AS first_time, max("end") AS last_time, count(*) AS flows, sum(bytes) AS bytes, max(tgw_id) AS tgw_id
  FROM tgw_flow
  WHERE "start" >= $since AND "start" < $until AND protocol = 6 AND dstport IN (22, 23, 135, 445, 1433, 1521, 3306, 3389, 5432, 5900, 5985, 5986, 6379, 27017)
    AND tgw_src_vpc_id <> tgw_dst_vpc_id
  GROUP BY srcaddr, dstaddr, dstport, tgw_src_vpc_id, tgw_dst_vpc_id
  HAVING sum(bytes) >= $bytes
)
SELECT first_time AS time, 'tgw_flow' AS source, CAST(NULL AS VARCHAR) AS principal, srcaddr AS src_ip, dstaddr || ' port ' || CAST(dstport AS VARCHAR) AS target,
  CAST(CAST(bytes AS BIGINT) AS VARCHAR) || ' bytes to port ' || CAST(dstport AS VARCHAR) || ' from ' || tgw_src_vpc_id || ' into ' || tgw_dst_vpc_id AS summary,
  dstaddr, dstport, tgw_src_vpc_id, tgw_dst_vpc_id, flows, CAST(bytes AS BIGINT) AS bytes, last_time, tgw_id
FROM reached
ORDER BY 1, 4, 5
