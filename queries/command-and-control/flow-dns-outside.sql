/*---
id: flow-dns-outside
title: DNS to a server outside
severity: medium
attack: [T1071.004]
sources: [vpc_flow]
packs: [triage, command-and-control, network]
next:
  - {id: ct-resource-calls, with: {name: interface_id}}
  - {id: dns-tunnel}
means: A host asks a name server on the internet, past the VPC's resolver and its logs and firewall. Tunnels need that.
noise: Hosts set up with 8.8.8.8 or the like, containers above all. Many bytes in a few flows speak for a tunnel. Traffic to the VPC's own resolver is never in flow logs.
cite: "Amazon VPC User Guide, Flow log limitations; Panther VPC DNS Traffic; ATT&CK T1071.004 DNS"
---*/
WITH asked AS (
  SELECT srcaddr, dstaddr, dstport, min("start") AS time, max("end") AS last_time, count(*) AS flows,
    CAST(sum(bytes) AS BIGINT) AS bytes, max(interface_id) AS interface_id, max(instance_id) AS instance_id
  FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until
    AND action = 'ACCEPT' AND dstport IN (53, 853) AND protocol IN (6, 17)
  GROUP BY srcaddr, dstaddr, dstport
)
SELECT time, 'vpc_flow' AS source, instance_id AS principal, srcaddr AS src_ip, dstaddr AS target,
  CAST(bytes AS VARCHAR) || ' bytes of DNS to ' || dstaddr AS summary,
  dstport, flows, bytes, last_time, interface_id
FROM asked
-- CASE has addresses looked at after they are grouped, not once a row.
WHERE CASE WHEN flows > 0 THEN is_private_ip(srcaddr) AND NOT is_private_ip(dstaddr) END
ORDER BY bytes DESC, 3, 4, 5, 6
