/*---
id: dns-random-names
title: Many random names that do not exist
severity: high
attack: [T1568.002]
sources: [route53_resolver]
packs: [triage, command-and-control, network]
params:
  - {name: domains, type: bigint, default: 20, doc: random domains of one client}
means: "A client asked for many different domains that do not exist and look made by a machine: malware that searches for its server of the day (DGA)."
noise: Browsers ask for three random one-word names at start; those have no dot. Mail filters ask for block lists, below one domain.
cite: "ATT&CK T1568.002 Domain Generation Algorithms; Panther DNS queries"
next:
  - {id: flow-beacon}
---*/
WITH failed AS (
  SELECT srcaddr, rtrim(lower(query_name), '.') AS name, min(query_timestamp) AS first_time, max(query_timestamp) AS last_time, max(instance_id) AS instance_id
  FROM route53_resolver
  WHERE query_timestamp >= $since AND query_timestamp < $until AND rcode = 'NXDOMAIN'
  GROUP BY srcaddr, rtrim(lower(query_name), '.')
),
labels AS (
  SELECT *, regexp_extract(name, '([^.]+[.](?:(?:co|com|net|org|gov|ac|edu)[.][a-z]{2}|[^.]+))$', 1) AS domain FROM failed WHERE name LIKE '%.%' AND name NOT LIKE '%.arpa' AND name NOT LIKE '%.internal'
),
-- Five consonants in a row, five digits, or eight characters without a vowel: people make few such names.
odd AS (
  SELECT *, split_part(domain, '.', 1) AS label FROM labels
  WHERE length(split_part(domain, '.', 1)) >= 8
    AND regexp_like(split_part(domain, '.', 1), '[bcdfghjklmnpqrstvwxz]{5}|([0-9][^0-9]*){5}|[^aeiouy]{8}')
)
SELECT min(first_time) AS time, 'route53_resolver' AS source, max(instance_id) AS principal, srcaddr AS src_ip, min_by(domain, first_time) AS target,
  CAST(count(DISTINCT domain) AS VARCHAR) || ' random domains that do not exist, such as ' || min_by(domain, first_time) || ' and ' || max_by(domain, last_time) AS summary,
  count(DISTINCT domain) AS domains, max(last_time) AS last_time
FROM odd
GROUP BY srcaddr
HAVING count(DISTINCT domain) >= $domains
ORDER BY 1, 4, 5
