/*---
id: flow-peers-of
title: With whom an address talked
severity: info
attack: []
sources: [vpc_flow]
packs: [orientation, network]
params:
  - {name: address, type: varchar, default: "", doc: the address}
means: "All peers of one address, both ways, with ports and bytes: what it reached and what reached it. Give the address: -p address=10.0.1.10."
noise: Nothing is left out.
cite: "aws-security-analytics-bootstrap VPC flow queries"
next:
  - {id: dns-name-of-address, with: {address: peer}}
---*/
WITH talks AS (
  SELECT dstaddr AS peer, 'to' AS way, dstport AS port, protocol, action, "start", "end", bytes, interface_id, instance_id FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until AND srcaddr = $address
  UNION ALL
  SELECT srcaddr, 'from', dstport, protocol, action, "start", "end", bytes, interface_id, instance_id FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until AND dstaddr = $address
),
-- Ports of the moment, of which every connection has another, count as one.
grouped AS (SELECT *, CASE WHEN port >= 32768 THEN NULL ELSE port END AS service_port FROM talks)
SELECT min("start") AS time, 'vpc_flow' AS source, max(instance_id) AS principal, CASE way WHEN 'to' THEN $address ELSE peer END AS src_ip,
  CASE way WHEN 'to' THEN peer ELSE $address END || coalesce(' port ' || CAST(service_port AS VARCHAR), '') AS target,
  way || ' ' || peer || ': ' || CAST(CAST(coalesce(sum(bytes), 0) AS BIGINT) AS VARCHAR) || ' bytes in ' || CAST(count(*) AS VARCHAR) || ' flows, ' || action AS summary,
  peer, way, service_port, protocol, action, count(*) AS flows, CAST(coalesce(sum(bytes), 0) AS BIGINT) AS bytes, max("end") AS last_time, max(interface_id) AS interface_id
FROM grouped
GROUP BY peer, way, service_port, protocol, action
ORDER BY 1, 4, 5, protocol, action
