/*---
id: dns-nxdomain-burst
title: Burst of names that do not exist
severity: low
attack: [T1568.002, T1018]
sources: [route53_resolver]
packs: [command-and-control, network, discovery]
params:
  - {name: names, type: bigint, default: 100, doc: different names within an hour}
means: "A client asked for very many names that do not exist within an hour: a search through names of hosts, malware, or a broken set-up."
noise: Search lists of domains (each name tried with each suffix), browsers, block lists of mail filters.
cite: "Panther DNS queries; aws-security-analytics-bootstrap Route 53 queries"
next:
  - {id: dns-random-names}
---*/
WITH hours AS (
  SELECT srcaddr, date_trunc('hour', query_timestamp) AS hour, min(query_timestamp) AS first_time, max(query_timestamp) AS last_time, count(*) AS queries,
    count(DISTINCT lower(query_name)) AS names, max(instance_id) AS instance_id, min_by(query_name, query_timestamp) AS one_name
  FROM route53_resolver
  WHERE query_timestamp >= $since AND query_timestamp < $until AND rcode = 'NXDOMAIN'
  GROUP BY srcaddr, date_trunc('hour', query_timestamp)
  HAVING count(DISTINCT lower(query_name)) >= $names
)
SELECT first_time AS time, 'route53_resolver' AS source, instance_id AS principal, srcaddr AS src_ip, rtrim(lower(one_name), '.') AS target,
  CAST(names AS VARCHAR) || ' names that do not exist asked for within an hour' AS summary,
  names, queries, last_time
FROM hours
ORDER BY 1, 4, 5
