/*---
id: flow-reflected-flood
title: Answers that nobody asked for
severity: medium
attack: [T1498.002]
sources: [vpc_flow]
packs: [impact, network]
params:
  - {name: bytes, type: bigint, default: 104857600, doc: bytes in an hour}
  - {name: reflectors, type: bigint, default: 10, doc: different sources}
means: "Much UDP from ports of DNS, NTP, SSDP, memcached and the like comes in to a host: a flood reflected by servers of others."
noise: "A resolver or time server of your own behind the address gets answers too: small ones, from few."
cite: "CISA alert TA14-017A, UDP-based amplification attacks, ports; ATT&CK T1498.002 Reflection Amplification"
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
---*/
WITH answers AS (
  SELECT dstaddr, srcport, min("start") AS first_time, max("end") AS last_time, count(DISTINCT srcaddr) AS reflectors, sum(bytes) AS bytes, sum(packets) AS packets,
    max_by(srcaddr, bytes) AS biggest, max(interface_id) AS interface_id
  FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until AND protocol = 17 AND srcport IN (19, 53, 69, 111, 123, 137, 161, 389, 520, 1900, 3702, 5353, 11211, 27015)
  GROUP BY dstaddr, srcport, date_trunc('hour', "start")
  HAVING sum(bytes) >= $bytes AND count(DISTINCT srcaddr) >= $reflectors
)
SELECT first_time AS time, 'vpc_flow' AS source, CAST(NULL AS VARCHAR) AS principal, biggest AS src_ip, dstaddr AS target,
  CAST(CAST(round(bytes / 1048576.0) AS BIGINT) AS VARCHAR) || ' MiB from port ' || CAST(srcport AS VARCHAR) || ' of ' || CAST(reflectors AS VARCHAR) || ' addresses within an hour' AS summary,
  srcport, reflectors, CAST(bytes AS BIGINT) AS bytes, CAST(packets AS BIGINT) AS packets, last_time, interface_id
FROM answers
WHERE is_private_ip(dstaddr)
ORDER BY 1, 3, 4, 5
