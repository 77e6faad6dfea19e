/*---
id: flow-mining-port
title: Traffic to ports of mining pools
severity: medium
attack: [T1496]
sources: [vpc_flow]
packs: [impact, network]
params:
  - {name: flows, type: bigint, default: 5, doc: flow records to one address and port}
means: A host keeps sending to a public address on a port that mining pools use. x-launched-then-mining tells of machines launched for it.
noise: The ports are customary, not reserved. Long and steady flows to one address speak for mining; dns-mining-pool may name it.
cite: "GuardDuty finding type CryptoCurrency:EC2/BitcoinTool.B; Stratum ports as large pools list them; ATT&CK T1496"
next:
  - {id: dns-mining-pool}
  - {id: x-launched-then-mining}
---*/
WITH sent AS (
  SELECT srcaddr, dstaddr, dstport, min("start") AS first_time, max("end") AS last_time, count(*) AS flows, sum(bytes) AS bytes, max(interface_id) AS interface_id, max(instance_id) AS instance_id
  FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until AND action = 'ACCEPT' AND protocol = 6 AND srcport > 1023
    AND dstport IN (3333, 3334, 3335, 4444, 5555, 7777, 8333, 9999, 10128, 10343, 14433, 14444, 18081, 20128, 45560, 45700)
  GROUP BY srcaddr, dstaddr, dstport
  HAVING count(*) >= $flows
)
SELECT first_time AS time, 'vpc_flow' AS source, instance_id AS principal, srcaddr AS src_ip, dstaddr || ' port ' || CAST(dstport AS VARCHAR) AS target,
  CAST(flows AS VARCHAR) || ' flows to port ' || CAST(dstport AS VARCHAR) || ' in ' || CAST(date_diff('minute', first_time, last_time) AS VARCHAR) || ' minutes' AS summary,
  dstaddr, dstport, flows, CAST(bytes AS BIGINT) AS bytes, last_time, interface_id
FROM sent
WHERE is_private_ip(srcaddr) AND NOT is_private_ip(dstaddr)
ORDER BY 1, 3, 4, 5
