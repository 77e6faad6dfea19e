/*---
id: flow-refused-inside
title: Host refused by many others inside
severity: medium
attack: [T1046, T1018]
sources: [vpc_flow]
packs: [lateral-movement, network, discovery]
params:
  - {name: hosts, type: bigint, default: 10, doc: private hosts that refused the source}
means: A private address is refused by one private host after another. Segmentation holds, and somebody or something runs against it.
noise: Discovery of management tools; a monitoring server whose new subnet no group knows. They repeat the same few ports.
cite: "Amazon VPC User Guide, Flow log records, field action; ATT&CK T1018 Remote System Discovery"
next:
  - {id: flow-host-sweep}
---*/
WITH refused AS (
  SELECT srcaddr, dstaddr, count(*) AS flows, count(DISTINCT dstport) AS ports, min("start") AS moment, max("end") AS last_time, min(dstport) AS one_port
  FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until AND action = 'REJECT' AND protocol IN (6, 17) AND dstport <= 32767
  GROUP BY srcaddr, dstaddr
),
many AS (SELECT srcaddr FROM refused GROUP BY srcaddr HAVING count(*) >= $hosts),
inside AS (SELECT srcaddr FROM many WHERE is_private_ip(srcaddr))
SELECT min(r.moment) AS time, 'vpc_flow' AS source, CAST(NULL AS VARCHAR) AS principal, r.srcaddr AS src_ip, min_by(r.dstaddr, r.moment) AS target,
  'refused by ' || CAST(count(*) AS VARCHAR) || ' hosts inside on up to ' || CAST(max(r.ports) AS VARCHAR) || ' ports' AS summary,
  count(*) AS hosts, max(r.ports) AS most_ports, min(r.one_port) AS lowest_port, CAST(sum(r.flows) AS BIGINT) AS flows, max(r.last_time) AS last_time
FROM refused r JOIN inside i ON i.srcaddr = r.srcaddr
WHERE is_private_ip(r.dstaddr)
GROUP BY r.srcaddr
HAVING count(*) >= $hosts
ORDER BY 1, 3, 4, 5
