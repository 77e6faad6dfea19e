/*---
id: dns-long-label
title: Name with a very long label
severity: medium
attack: [T1071.004, T1048.003]
sources: [route53_resolver]
packs: [command-and-control, network, exfiltration]
params:
  - {name: length, type: bigint, default: 50, doc: characters of the whole name}
means: "A label of 45 characters and more carries data: out in the name, commands back in TXT or CNAME answers."
noise: Signatures of mail (DKIM), verification records, content networks and telemetry use long labels too, always below the same few domains.
cite: "RFC 1035, a label has 63 octets at most; ATT&CK T1071.004; Panther DNS queries"
next:
  - {id: dns-tunnel}
---*/
WITH long AS (
  SELECT rtrim(lower(query_name), '.') AS name, query_timestamp, query_type, srcaddr, instance_id
  FROM route53_resolver
  WHERE query_timestamp >= $since AND query_timestamp < $until AND length(query_name) >= $length AND regexp_like(query_name, '[^.]{45}')
),
domains AS (SELECT *, regexp_extract(name, '([^.]+[.](?:(?:co|com|net|org|gov|ac|edu)[.][a-z]{2}|[^.]+))$', 1) AS domain FROM long WHERE name NOT LIKE '%.arpa' AND name NOT LIKE '%_domainkey%' AND name NOT LIKE '%.acm-validations.aws')
SELECT min(query_timestamp) AS time, 'route53_resolver' AS source, max(instance_id) AS principal, srcaddr AS src_ip, domain AS target,
  CAST(count(DISTINCT name) AS VARCHAR) || ' names with long labels below ' || domain || ', ' || CAST(CAST(sum(length(name)) AS BIGINT) AS VARCHAR) || ' characters in all' AS summary,
  count(*) AS queries, count(DISTINCT name) AS names, CAST(sum(length(name)) AS BIGINT) AS characters, max(query_type) AS query_type, min_by(name, query_timestamp) AS one_name, max(query_timestamp) AS last_time
FROM domains
GROUP BY srcaddr, domain
ORDER BY 1, 4, 5
