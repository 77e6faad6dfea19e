/*---
id: x-flow-without-name
title: Outside address that no DNS answer gave
severity: low
attack: [T1071]
sources: [vpc_flow, route53_resolver]
packs: [cross-source, network]
params:
  - {name: bytes, type: bigint, default: 100000, doc: bytes sent in all}
means: "A host that asks the resolver for names also sent to a public address that no answer had given it: the address was written into the program. Implants do so; time and peer services too."
noise: Answers from before the log began, other resolvers (flow-dns-outside), AWS endpoints and addresses handed over inside protocols.
cite: "Panther DNS queries; ATT&CK T1071; RITA, connections without a name"
next:
  - {id: flow-beacon}
  - {id: flow-peers-of, with: {address: dstaddr}}
---*/
WITH clients AS (SELECT DISTINCT srcaddr FROM route53_resolver WHERE query_timestamp >= $since AND query_timestamp < $until),
answers AS (SELECT DISTINCT a.answer FROM dns_answers a WHERE a.query_timestamp >= $since AND a.query_timestamp < $until AND a.answer_type IN ('A', 'AAAA')),
sent AS (
  SELECT f.srcaddr, f.dstaddr, min(f.dstport) AS dstport, min(f."start") AS first_time, max(f."end") AS last_time, count(*) AS flows, sum(f.bytes) AS bytes, max(f.instance_id) AS instance_id, max(f.pkt_dst_aws_service) AS aws_service
  FROM vpc_flow f JOIN clients c ON c.srcaddr = f.srcaddr
  WHERE f."start" >= $since AND f."start" < $until AND f.action = 'ACCEPT' AND f.protocol IN (6, 17) AND f.srcport > f.dstport AND f.dstport NOT IN (53, 123)
  GROUP BY f.srcaddr, f.dstaddr
  HAVING sum(f.bytes) >= $bytes
)
SELECT s.first_time AS time, 'vpc_flow+route53_resolver' AS source, s.instance_id AS principal, s.srcaddr AS src_ip, s.dstaddr || ' port ' || CAST(s.dstport AS VARCHAR) AS target,
  CAST(CAST(s.bytes AS BIGINT) AS VARCHAR) || ' bytes to an address no name led to' AS summary,
  s.dstaddr, s.dstport, s.flows, CAST(s.bytes AS BIGINT) AS bytes, s.last_time, s.aws_service
FROM sent s LEFT JOIN answers a ON a.answer = lower(s.dstaddr)
WHERE a.answer IS NULL AND NOT is_private_ip(s.dstaddr)
ORDER BY s.bytes DESC, 1, 4, 5
