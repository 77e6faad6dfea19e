/*---
id: flow-admin-port-from-internet
title: Administration or database port reached from the internet
severity: high
attack: [T1133, T1021]
sources: [vpc_flow]
packs: [triage, lateral-movement, initial-access, network]
params:
  - {name: bytes, type: bigint, default: 1000, doc: bytes from the source in all; fewer is a knock and no session}
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: ct-resource-calls, with: {name: instance_id}}
  - {id: ssh-guessed}
  - {id: flow-admin-port-inside}
means: SSH, RDP, VNC, SMB, WinRM, Docker or a database was reached from a public address and data flowed.
noise: Offices that administer over the internet; internet scanners that speak a few packets (raise bytes).
cite: "Amazon VPC User Guide, Flow log record examples, SSH and RDP traffic; Panther VPC Inbound Port rules; ATT&CK T1133 External Remote Services"
---*/
WITH reached AS (
  SELECT srcaddr, dstaddr, dstport, min("start") AS time, max("end") AS last_time, count(*) AS flows,
    CAST(sum(bytes) AS BIGINT) AS bytes, CAST(sum(packets) AS BIGINT) AS packets, max(interface_id) AS interface_id,
    max(instance_id) AS instance_id
  FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until
    AND action = 'ACCEPT' AND protocol = 6
    AND dstport IN (22, 23, 135, 445, 1433, 1521, 2375, 2376, 3306, 3389, 5432, 5900, 5985, 5986, 6379, 9200, 10250, 11211, 27017)
  GROUP BY srcaddr, dstaddr, dstport
  HAVING sum(bytes) >= $bytes
)
SELECT time, 'vpc_flow' AS source, CAST(NULL AS VARCHAR) AS principal, srcaddr AS src_ip,
  dstaddr || ' port ' || CAST(dstport AS VARCHAR) AS target,
  CAST(bytes AS VARCHAR) || ' bytes accepted on port ' || CAST(dstport AS VARCHAR) || ' from the internet' AS summary,
  dstaddr, dstport, flows, bytes, packets, last_time, interface_id, instance_id
FROM reached
-- CASE has addresses looked at after they are grouped, not once a row.
WHERE CASE WHEN bytes >= $bytes THEN NOT is_private_ip(srcaddr) AND is_private_ip(dstaddr) END
ORDER BY 1, 3, 4, 5, 6
