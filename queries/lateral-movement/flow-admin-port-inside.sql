/*---
id: flow-admin-port-inside
title: Remote administration from host to host
severity: low
attack: [T1021]
sources: [vpc_flow]
packs: [lateral-movement, network]
params:
  - {name: bytes, type: bigint, default: 2000, doc: bytes from the source in all}
next:
  - {id: ct-resource-calls, with: {name: instance_id}}
  - {id: flow-host-sweep}
means: SSH, RDP, WinRM, SMB or VNC from one private address to another. The path an intruder takes inside.
noise: Jump hosts and management networks; they are few sources to many targets, and old.
cite: "Panther VPC lateral movement rules; ATT&CK T1021 Remote Services"
---*/
WITH reached AS (
  SELECT srcaddr, dstaddr, dstport, min("start") AS first_flow, max("end") AS last_time, count(*) AS flows,
    CAST(sum(bytes) AS BIGINT) AS bytes, max(interface_id) AS interface_id, max(instance_id) AS instance_id
  FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until
    AND action = 'ACCEPT' AND protocol = 6 AND dstport IN (22, 445, 3389, 5900, 5985, 5986)
  GROUP BY srcaddr, dstaddr, dstport
  HAVING sum(bytes) >= $bytes
)
SELECT first_flow AS time, 'vpc_flow' AS source, CAST(NULL AS VARCHAR) AS principal, srcaddr AS src_ip,
  dstaddr || ' port ' || CAST(dstport AS VARCHAR) AS target,
  CAST(bytes AS VARCHAR) || ' bytes to port ' || CAST(dstport AS VARCHAR) || ' from host to host' AS summary,
  dstaddr, dstport, flows, bytes, last_time, interface_id, instance_id
FROM reached
-- CASE has addresses looked at after they are grouped, not once a row.
WHERE CASE WHEN bytes >= $bytes THEN is_private_ip(srcaddr) AND is_private_ip(dstaddr) END
ORDER BY 1, 3, 4, 5, 6
