/*---
id: dns-text-volume
title: Many TXT, NULL or CNAME queries below one domain
severity: medium
attack: [T1071.004, T1132]
sources: [route53_resolver]
packs: [command-and-control, network]
params:
  - {name: queries, type: bigint, default: 100, doc: queries below one domain}
  - {name: names, type: bigint, default: 50, doc: different names among them}
means: A client sends many queries of kinds that carry data back. Tunnels fetch commands and files so.
noise: Mail servers ask TXT for SPF, DKIM and DMARC, each domain a few times.
cite: "ATT&CK T1071.004; iodine and dnscat2, record types they use"
next:
  - {id: dns-tunnel}
  - {id: dns-long-label}
---*/
WITH asked AS (
  SELECT query_timestamp, srcaddr, instance_id, rtrim(lower(query_name), '.') AS name, query_type
  FROM route53_resolver
  WHERE query_timestamp >= $since AND query_timestamp < $until AND query_type IN ('TXT', 'NULL', 'TYPE10', 'CNAME', 'MX', 'KEY', 'PRIVATE', 'TYPE65399')
),
domains AS (SELECT *, regexp_extract(name, '([^.]+[.](?:(?:co|com|net|org|gov|ac|edu)[.][a-z]{2}|[^.]+))$', 1) AS domain FROM asked WHERE name NOT LIKE '%.arpa')
SELECT min(query_timestamp) AS time, 'route53_resolver' AS source, max(instance_id) AS principal, srcaddr AS src_ip, domain AS target,
  CAST(count(*) AS VARCHAR) || ' queries of ' || array_join(array_agg(DISTINCT query_type ORDER BY query_type), ', ') || ' for ' || CAST(count(DISTINCT name) AS VARCHAR) || ' names below ' || domain AS summary,
  count(*) AS queries, count(DISTINCT name) AS names, max(query_timestamp) AS last_time
FROM domains
GROUP BY srcaddr, domain
HAVING count(*) >= $queries AND count(DISTINCT name) >= $names
ORDER BY 1, 4, 5
