/*---
id: dns-who-resolved
title: Who asked for a name
severity: info
attack: []
sources: [route53_resolver]
packs: [orientation, network]
params:
  - {name: name, type: varchar, default: "", doc: "the name, with all below it"}
means: "All clients that asked for a name or anything below it, with answers and times. Give the name: -p name=example.net."
noise: Nothing is left out.
cite: "aws-security-analytics-bootstrap Route 53 queries"
next:
  - {id: flow-peers-of, with: {address: src_ip}}
---*/
SELECT min(query_timestamp) AS time, 'route53_resolver' AS source, max(instance_id) AS principal, srcaddr AS src_ip, rtrim(lower(query_name), '.') AS target,
  coalesce(max(instance_id), srcaddr) || ' asked ' || CAST(count(*) AS VARCHAR) || ' times: ' || coalesce(rcode, '?') AS summary,
  query_type, rcode, count(*) AS queries, max(answers) AS answers, max(query_timestamp) AS last_time, max(vpc_id) AS vpc_id
FROM route53_resolver
WHERE query_timestamp >= $since AND query_timestamp < $until AND $name <> ''
  AND (rtrim(lower(query_name), '.') = rtrim(lower($name), '.') OR strpos(lower(query_name), '.' || rtrim(lower($name), '.')) > 0)
GROUP BY srcaddr, rtrim(lower(query_name), '.'), query_type, rcode
ORDER BY 1, 4, 5, query_type
