/*---
id: cf-error-burst
title: Server errors in great number at CloudFront
severity: medium
attack: [T1499.002]
sources: [cloudfront]
packs: [impact, web]
params:
  - {name: errors, type: bigint, default: 100, doc: answers with 5xx in an hour}
  - {name: share, type: double, default: 0.2, doc: part of all requests of the hour}
means: "In this hour a large part of the requests failed with 5xx. busiest_client says who asked most in the worst of it: a flood has few, a broken release has all."
noise: Deployments and outages of the application itself.
cite: "AWS Incident Response Playbooks, denial of service, queries 1.1 to 4.1; Amazon CloudFront Developer Guide, standard log fields; ATT&CK T1499"
next:
  - {id: cf-top-clients}
---*/
WITH clients AS (
  SELECT coalesce(x_host_header, cs_host) AS host, c_ip AS ip, date_trunc('hour', time) AS hour, min(time) AS moment, max(time) AS last_time, count(*) AS n,
    count(CASE WHEN sc_status >= 500 THEN 1 END) AS errors
  FROM cloudfront
  WHERE time >= $since AND time < $until
  GROUP BY coalesce(x_host_header, cs_host), c_ip, date_trunc('hour', time)
)
SELECT min(moment) AS time, 'cloudfront' AS source, CAST(NULL AS VARCHAR) AS principal, max_by(ip, n) AS src_ip, host AS target,
  CAST(CAST(sum(errors) AS BIGINT) AS VARCHAR) || ' of ' || CAST(CAST(sum(n) AS BIGINT) AS VARCHAR) || ' requests failed within an hour; ' || max_by(ip, n) || ' asked ' || CAST(max(n) AS VARCHAR) || ' times' AS summary,
  CAST(sum(errors) AS BIGINT) AS errors, CAST(sum(n) AS BIGINT) AS requests, count(*) AS clients, max(n) AS requests_of_busiest, max(last_time) AS last_time
FROM clients
GROUP BY host, hour
HAVING sum(errors) >= $errors AND sum(errors) >= $share * sum(n)
ORDER BY 1, 3, 4, 5
