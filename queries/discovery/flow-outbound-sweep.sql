/*---
id: flow-outbound-sweep
title: Host inside tries one port on many outside addresses
severity: high
attack: [T1046, T1595.001]
sources: [vpc_flow]
packs: [triage, discovery, network, impact]
params:
  - {name: hosts, type: bigint, default: 20, doc: public addresses tried on one port}
means: "A machine of yours knocks at SSH, Telnet, SMB, RDP or a database of one public address after another: a worm, a bot, or somebody who attacks others from it. The abuse notice follows."
noise: Monitoring of partners; peers of a database cluster over public addresses.
cite: "GuardDuty finding type Recon:EC2/Portscan and UnauthorizedAccess:EC2/SSHBruteForce (actor); ATT&CK T1046"
next:
  - {id: x-dns-answer-flow}
---*/
WITH peers AS (
  SELECT srcaddr, dstport, dstaddr, min("start") AS moment, max("end") AS last_time, count(*) AS flows, sum(bytes) AS bytes, max(interface_id) AS interface_id, max(instance_id) AS instance_id
  FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until AND protocol = 6
    AND dstport IN (22, 23, 135, 139, 445, 1433, 2323, 2375, 3306, 3389, 5432, 5555, 5900, 6379, 7547, 8291, 9200, 11211, 27017)
  GROUP BY srcaddr, dstport, dstaddr
),
many AS (SELECT srcaddr, dstport, count(*) AS hosts FROM peers GROUP BY srcaddr, dstport),
-- CASE has addresses looked at after they are grouped, not once a row.
inside AS (SELECT * FROM many WHERE CASE WHEN hosts >= $hosts THEN is_private_ip(srcaddr) END)
SELECT min(p.moment) AS time, 'vpc_flow' AS source, max(p.instance_id) AS principal, p.srcaddr AS src_ip, 'port ' || CAST(p.dstport AS VARCHAR) AS target,
  'port ' || CAST(p.dstport AS VARCHAR) || ' tried on ' || CAST(count(*) AS VARCHAR) || ' public addresses' AS summary,
  count(*) AS hosts, CAST(sum(p.flows) AS BIGINT) AS flows, CAST(sum(p.bytes) AS BIGINT) AS bytes, max(p.last_time) AS last_time, max(p.interface_id) AS interface_id
FROM peers p JOIN inside i ON i.srcaddr = p.srcaddr AND i.dstport = p.dstport
WHERE CASE WHEN p.flows > 0 THEN NOT is_private_ip(p.dstaddr) END
GROUP BY p.srcaddr, p.dstport
HAVING count(*) >= $hosts
ORDER BY 1, 3, 4, 5
