/*---
id: flow-long-session
title: Session to one outside address that hardly ends
severity: low
attack: [T1571, T1095]
sources: [vpc_flow]
packs: [command-and-control, network]
params:
  - {name: hours, type: bigint, default: 6, doc: hours from the first record to the last; a record every half hour at least}
means: One pair of ports kept talking to a public address for many hours. Remote shells and tunnels stay open; so do chats and message queues.
noise: Connections to queues, databases and AWS endpoints (aws_service, where it is logged).
cite: "RITA long connection analysis by Active Countermeasures; ATT&CK T1095 Non-Application Layer Protocol"
next:
  - {id: dns-name-of-address, with: {address: dstaddr}}
---*/
WITH sessions AS (
  SELECT srcaddr, srcport, dstaddr, dstport, protocol, min("start") AS first_time, max("end") AS last_time, count(*) AS flows, sum(bytes) AS bytes,
    max(interface_id) AS interface_id, max(instance_id) AS instance_id, max(pkt_dst_aws_service) AS aws_service
  FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until AND action = 'ACCEPT' AND protocol IN (6, 17) AND srcport > dstport
  GROUP BY srcaddr, srcport, dstaddr, dstport, protocol
  HAVING date_diff('second', min("start"), max("end")) >= $hours * 3600 AND count(*) >= 2 * $hours
)
SELECT first_time AS time, 'vpc_flow' AS source, instance_id AS principal, srcaddr AS src_ip, dstaddr || ' port ' || CAST(dstport AS VARCHAR) AS target,
  'open for ' || CAST(date_diff('hour', first_time, last_time) AS VARCHAR) || ' hours, ' || CAST(CAST(bytes AS BIGINT) AS VARCHAR) || ' bytes sent' AS summary,
  dstaddr, dstport, srcport, flows, CAST(bytes AS BIGINT) AS bytes, last_time, interface_id, aws_service
FROM sessions
WHERE is_private_ip(srcaddr) AND NOT is_private_ip(dstaddr)
ORDER BY date_diff('second', first_time, last_time) DESC, 1, 4, 5
