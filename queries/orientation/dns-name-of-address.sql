/*---
id: dns-name-of-address
title: Which name gave an address
severity: info
attack: []
sources: [route53_resolver]
packs: [orientation, network]
params:
  - {name: address, type: varchar, default: "", doc: "the address, as DNS writes it"}
means: "The names whose answers held an address, and who asked. Flows name addresses only; this names them. Give it: -p address=198.51.100.7."
noise: Content networks serve many names from one address.
cite: "aws-security-analytics-bootstrap Route 53 queries; Panther DNS queries"
next:
  - {id: flow-peers-of, with: {address: src_ip}}
---*/
SELECT min(query_timestamp) AS time, 'route53_resolver' AS source, max(instance_id) AS principal, srcaddr AS src_ip, rtrim(lower(query_name), '.') AS target,
  rtrim(lower(query_name), '.') || ' was ' || $address || ', asked for ' || CAST(count(*) AS VARCHAR) || ' times' AS summary,
  count(*) AS queries, max(query_timestamp) AS last_time, max(vpc_id) AS vpc_id
FROM route53_resolver
WHERE query_timestamp >= $since AND query_timestamp < $until AND $address <> '' AND strpos(lower(answers), '"' || lower($address) || '"') > 0
GROUP BY srcaddr, rtrim(lower(query_name), '.')
ORDER BY 1, 4, 5
