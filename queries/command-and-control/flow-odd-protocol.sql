/*---
id: flow-odd-protocol
title: Protocol other than TCP, UDP and ICMP with the internet
severity: low
attack: [T1095, T1572]
sources: [vpc_flow]
packs: [command-and-control, network]
means: "GRE, IP in IP, 6in4, ESP or SCTP between a host and a public address: a tunnel past what inspects TCP and UDP."
noise: VPN gateways, which are few and known.
cite: "IANA protocol numbers; Amazon VPC User Guide, Flow log records, field protocol; ATT&CK T1572 Protocol Tunneling"
next:
  - {id: flow-long-session}
---*/
WITH talks AS (
  SELECT srcaddr, dstaddr, protocol, action, min("start") AS first_time, max("end") AS last_time, count(*) AS flows, sum(bytes) AS bytes, max(interface_id) AS interface_id, max(instance_id) AS instance_id
  FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until AND protocol NOT IN (0, 1, 2, 6, 17, 58) AND srcaddr IS NOT NULL
  GROUP BY srcaddr, dstaddr, protocol, action
)
SELECT first_time AS time, 'vpc_flow' AS source, instance_id AS principal, srcaddr AS src_ip, dstaddr AS target,
  CASE protocol WHEN 4 THEN 'IP in IP' WHEN 41 THEN 'IPv6 in IPv4' WHEN 47 THEN 'GRE' WHEN 50 THEN 'ESP' WHEN 51 THEN 'AH' WHEN 132 THEN 'SCTP' ELSE 'protocol ' || CAST(protocol AS VARCHAR) END
    || ', ' || CAST(CAST(bytes AS BIGINT) AS VARCHAR) || ' bytes, ' || action AS summary,
  protocol, action, flows, CAST(bytes AS BIGINT) AS bytes, last_time, interface_id
FROM talks
WHERE NOT (is_private_ip(srcaddr) AND is_private_ip(dstaddr))
ORDER BY 1, 3, 4, 5, 6
