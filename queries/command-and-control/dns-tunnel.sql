/*---
id: dns-tunnel
title: DNS used as a tunnel
severity: high
attack: [T1071.004, T1048]
sources: [route53_resolver]
packs: [command-and-control, network]
params:
  - {name: length, type: bigint, default: 50, doc: shortest name that counts}
  - {name: names, type: bigint, default: 50, doc: different names}
next:
  - {id: flow-dns-outside}
  - {id: flow-beacon}
means: "One client asked for very many different names below one domain, and long ones: data goes out in the names."
noise: Some antivirus and reputation services ask so; content networks have many but short names.
cite: "ATT&CK T1071.004; Panther DNS queries"
---*/
SELECT min(q.query_timestamp) AS time, 'route53_resolver' AS source, max(q.instance_id) AS principal, q.srcaddr AS src_ip, q.domain AS target,
  CAST(count(DISTINCT q.name) AS VARCHAR) || ' different names below ' || q.domain || ', the longest of ' || CAST(max(length(q.name)) AS VARCHAR) || ' characters' AS summary,
  count(*) AS queries, count(DISTINCT q.name) AS names, sum(length(q.name)) AS characters, max(q.query_timestamp) AS last_time
FROM (
  SELECT query_timestamp, instance_id, srcaddr, rtrim(lower(query_name), '.') AS name, regexp_extract(rtrim(lower(query_name), '.'), '([^.]+[.][^.]+)$', 1) AS domain
  FROM route53_resolver
  WHERE query_timestamp >= $since AND query_timestamp < $until AND length(query_name) >= $length
) q
GROUP BY q.srcaddr, q.domain
HAVING count(DISTINCT q.name) >= $names
ORDER BY 1, 4, 5
