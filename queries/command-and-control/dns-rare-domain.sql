/*---
id: dns-rare-domain
title: Domain that hardly anybody asks for
severity: low
attack: [T1071.004, T1568]
sources: [route53_resolver]
packs: [command-and-control, network]
params:
  - {name: clients, type: bigint, default: 2, doc: clients that ask for the domain at most}
  - {name: hours, type: bigint, default: 24, doc: hours of log before it was first asked for}
means: A domain that one or two clients asked for and that was not asked for at the beginning of the log.
noise: "Every person who browses makes such. On servers there are few: sort by first time and compare with the day of the incident."
cite: "Panther DNS queries; aws-security-analytics-bootstrap Route 53 queries; ATT&CK T1568 Dynamic Resolution"
next:
  - {id: dns-who-resolved, with: {name: domain}}
  - {id: x-dns-answer-flow}
---*/
WITH asked AS (
  SELECT rtrim(lower(query_name), '.') AS name, srcaddr, min(query_timestamp) AS first_time, max(query_timestamp) AS last_time, count(*) AS queries, max(instance_id) AS instance_id
  FROM route53_resolver
  WHERE query_timestamp >= $since AND query_timestamp < $until AND rcode = 'NOERROR' AND query_type IN ('A', 'AAAA', 'HTTPS', 'TXT')
  GROUP BY rtrim(lower(query_name), '.'), srcaddr
),
domains AS (
  SELECT *, regexp_extract(name, '([^.]+[.](?:(?:co|com|net|org|gov|ac|edu)[.][a-z]{2}|[^.]+))$', 1) AS domain FROM asked WHERE name NOT LIKE '%.arpa' AND name NOT LIKE '%.amazonaws.com' AND name NOT LIKE '%.internal' AND name LIKE '%.%'
),
span AS (SELECT min(query_timestamp) AS log_start FROM route53_resolver WHERE query_timestamp >= $since AND query_timestamp < $until),
rare AS (
  SELECT domain, count(DISTINCT srcaddr) AS clients, min(first_time) AS first_time, max(last_time) AS last_time, sum(queries) AS queries, count(DISTINCT name) AS names,
    min_by(srcaddr, first_time) AS srcaddr, min_by(name, first_time) AS name, max(instance_id) AS instance_id
  FROM domains GROUP BY domain HAVING count(DISTINCT srcaddr) <= $clients
)
SELECT r.first_time AS time, 'route53_resolver' AS source, r.instance_id AS principal, r.srcaddr AS src_ip, r.name AS target,
  r.domain || ' asked for by ' || CAST(r.clients AS VARCHAR) || ' clients, first ' || CAST(date_diff('hour', s.log_start, r.first_time) AS VARCHAR) || ' hours into the log' AS summary,
  r.domain, r.clients, r.names, CAST(r.queries AS BIGINT) AS queries, r.last_time
FROM rare r CROSS JOIN span s
WHERE r.first_time >= s.log_start + $hours * INTERVAL '1' HOUR
ORDER BY 1, 4, 5
