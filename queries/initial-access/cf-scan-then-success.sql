/*---
id: cf-scan-then-success
title: Scan at CloudFront, then a request that succeeds
severity: medium
attack: [T1190, T1595.003]
sources: [cloudfront]
packs: [initial-access, web]
params:
  - {name: paths, type: bigint, default: 20, doc: different paths that failed}
means: A client asked for many paths that failed, and then for one that did not.
noise: "Monitoring with broken links; crawlers that follow old links: they call themselves so."
cite: "AWS customer playbook framework, web application; ATT&CK T1595.003"
next:
  - {id: cf-known-files-probed}
---*/
WITH scanners AS (
  SELECT c_ip AS ip, count(DISTINCT (coalesce(cs_uri_stem, '') || coalesce('?' || cs_uri_query, ''))) AS paths, min(time) AS first_time, max(url_decode(cs_user_agent)) AS agent
  FROM cloudfront
  WHERE time >= $since AND time < $until AND sc_status IN (400, 401, 403, 404, 405)
  GROUP BY c_ip
  HAVING count(DISTINCT (coalesce(cs_uri_stem, '') || coalesce('?' || cs_uri_query, ''))) >= $paths
)
SELECT min(r.time) AS time, 'cloudfront' AS source, CAST(NULL AS VARCHAR) AS principal, r.c_ip AS src_ip, min_by((coalesce(cs_uri_stem, '') || coalesce('?' || cs_uri_query, '')), r.time) AS target,
  CAST(max(s.paths) AS VARCHAR) || ' paths failed, then ' || CAST(count(DISTINCT (coalesce(cs_uri_stem, '') || coalesce('?' || cs_uri_query, ''))) AS VARCHAR) || ' succeeded' AS summary,
  max(s.paths) AS failed_paths, max(s.first_time) AS first_time, count(DISTINCT (coalesce(cs_uri_stem, '') || coalesce('?' || cs_uri_query, ''))) AS succeeded_paths, count(*) AS requests,
  max(r.time) AS last_time, max_by((coalesce(cs_uri_stem, '') || coalesce('?' || cs_uri_query, '')), r.time) AS last_path, max(s.agent) AS user_agent
FROM cloudfront r JOIN scanners s ON s.ip = r.c_ip
WHERE r.time >= $since AND r.time < $until AND r.time > s.first_time AND r.sc_status BETWEEN 200 AND 299
GROUP BY r.c_ip
ORDER BY 1, 3, 4, 5
