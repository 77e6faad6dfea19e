/*---
id: dns-zone-guessing
title: Names of a public zone guessed
severity: low
attack: [T1590.002, T1595.003]
sources: [route53_public]
packs: [discovery, network]
params:
  - {name: names, type: bigint, default: 100, doc: "names that do not exist, in a day"}
means: "A resolver asked for very many names of your zone that do not exist: somebody behind it guesses subdomains. ANY and AXFR are asked by who wants all at once."
noise: "The resolver is that of a provider: the guesser is behind it. Search engines for certificates and mail filters ask for few names."
cite: "Amazon Route 53 Developer Guide, public DNS query logging; ATT&CK T1590.002 DNS"
---*/
WITH asked AS (
  SELECT "timestamp" AS moment, rtrim(lower(query_name), '.') AS name, query_type, rcode, resolver_ip, hosted_zone_id
  FROM route53_public
  WHERE "timestamp" >= $since AND "timestamp" < $until AND (rcode = 'NXDOMAIN' OR query_type IN ('ANY', 'AXFR', 'IXFR'))
)
SELECT min(moment) AS time, 'route53_public' AS source, CAST(NULL AS VARCHAR) AS principal, resolver_ip AS src_ip, hosted_zone_id AS target,
  CAST(count(DISTINCT name) AS VARCHAR) || ' names that do not exist asked for within a day, such as ' || min_by(name, moment) AS summary,
  count(DISTINCT name) AS names, count(*) AS queries, count(CASE WHEN query_type IN ('ANY', 'AXFR', 'IXFR') THEN 1 END) AS whole_zone_queries, max(moment) AS last_time
FROM asked
GROUP BY resolver_ip, hosted_zone_id, date_trunc('day', moment)
HAVING count(DISTINCT name) >= $names OR count(CASE WHEN query_type IN ('AXFR', 'IXFR') THEN 1 END) > 0
ORDER BY 1, 4, 5
