/*---
id: flow-flood-in
title: Flood of packets at one interface
severity: medium
attack: [T1498.001]
sources: [vpc_flow]
packs: [impact, network]
params:
  - {name: packets, type: bigint, default: 3000000, doc: packets to one address in a minute of starts}
means: An interface got very many packets in a minute, from few sources or from very many. sources tells which.
noise: "Downloads and backups: they have few sources, big packets and one port from 443. Flow logs show what came through or was refused by groups; what AWS Shield dropped before is not in them."
cite: "AWS Incident Response Playbooks, denial of service, volumetric; AWS Best Practices for DDoS Resiliency; ATT&CK T1498.001 Direct Network Flood"
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
---*/
WITH addresses AS (
  SELECT dstaddr, sum(packets) AS packets FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until AND packets > 0
  GROUP BY dstaddr
),
-- What got fewer in all got fewer in each minute. CASE has each address looked at once, after the sum, not once a flow.
inside AS (SELECT dstaddr FROM addresses WHERE CASE WHEN packets >= $packets THEN is_private_ip(dstaddr) END),
minutes AS (
  SELECT f.dstaddr, date_trunc('minute', f."start") AS minute, sum(f.packets) AS packets, sum(f.bytes) AS bytes, count(*) AS flows, approx_distinct(f.srcaddr) AS sources,
    max_by(f.srcaddr, f.packets) AS busiest, max_by(f.dstport, f.packets) AS dstport, max_by(f.protocol, f.packets) AS protocol, max(f.interface_id) AS interface_id,
    sum(CASE WHEN f.action = 'REJECT' THEN f.packets ELSE 0 END) AS refused
  FROM vpc_flow f JOIN inside i ON i.dstaddr = f.dstaddr
  WHERE f."start" >= $since AND f."start" < $until AND f.packets > 0
  GROUP BY f.dstaddr, date_trunc('minute', f."start")
  HAVING sum(f.packets) >= $packets
)
SELECT min(minute) AS time, 'vpc_flow' AS source, CAST(NULL AS VARCHAR) AS principal, max_by(busiest, packets) AS src_ip, dstaddr AS target,
  'up to ' || CAST(CAST(max(packets) AS BIGINT) AS VARCHAR) || ' packets a minute from ' || CAST(max_by(sources, packets) AS VARCHAR) || ' sources, protocol ' || CAST(max_by(protocol, packets) AS VARCHAR) || ' port ' || CAST(max_by(dstport, packets) AS VARCHAR) AS summary,
  CAST(max(packets) AS BIGINT) AS most_packets, CAST(max(bytes) AS BIGINT) AS most_bytes, CAST(sum(refused) AS BIGINT) AS packets_refused, count(*) AS minutes, max(minute) AS last_time, max(interface_id) AS interface_id
FROM minutes
GROUP BY dstaddr
ORDER BY 1, 3, 4, 5
