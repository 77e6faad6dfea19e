/*---
id: flow-icmp-tunnel
title: Much data in ICMP
severity: high
attack: [T1095, T1048]
sources: [vpc_flow]
packs: [triage, command-and-control, network, exfiltration]
params:
  - {name: bytes, type: bigint, default: 1000000, doc: bytes of ICMP between two addresses}
  - {name: size, type: bigint, default: 200, doc: bytes a packet on average}
means: "ICMP carried far more bytes to one public address than echo needs: a tunnel."
noise: Path MTU tests and monitoring send many small packets; look at bytes_per_packet.
cite: "ATT&CK T1095 Non-Application Layer Protocol; IANA protocol numbers 1 and 58"
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
---*/
WITH sent AS (
  SELECT srcaddr, dstaddr, protocol, min("start") AS first_time, max("end") AS last_time, count(*) AS flows, sum(bytes) AS bytes, sum(packets) AS packets,
    max(interface_id) AS interface_id, max(instance_id) AS instance_id
  FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until AND protocol IN (1, 58) AND action = 'ACCEPT'
  GROUP BY srcaddr, dstaddr, protocol
  HAVING sum(bytes) >= $bytes AND sum(bytes) >= $size * sum(packets)
)
SELECT first_time AS time, 'vpc_flow' AS source, instance_id AS principal, srcaddr AS src_ip, dstaddr AS target,
  CAST(CAST(bytes AS BIGINT) AS VARCHAR) || ' bytes in ICMP, ' || CAST(CAST(bytes / packets AS BIGINT) AS VARCHAR) || ' a packet' AS summary,
  CAST(bytes AS BIGINT) AS bytes, CAST(packets AS BIGINT) AS packets, CAST(bytes / packets AS BIGINT) AS bytes_per_packet, flows, last_time, interface_id
FROM sent
WHERE NOT (is_private_ip(srcaddr) AND is_private_ip(dstaddr)) AND packets > 0
ORDER BY 1, 3, 4, 5
