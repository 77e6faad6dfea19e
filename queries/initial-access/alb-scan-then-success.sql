/*---
id: alb-scan-then-success
title: Scan of a web server, then a request that succeeds
severity: medium
attack: [T1190, T1595.003]
sources: [alb]
packs: [web, initial-access]
params:
  - {name: paths, type: bigint, default: 20, doc: different paths that failed}
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: waf-attack-allowed}
means: A client asked for many paths that do not exist, and then for one that does and that it had not asked for before.
noise: Monitoring with broken links; people who mistype.
cite: "AWS customer playbook framework, web application; ATT&CK T1595.003"
---*/
WITH scanners AS (
  SELECT client_ip, count(DISTINCT request) AS paths, min(time) AS first_time, max(user_agent) AS user_agent
  FROM alb
  WHERE elb_status_code IN (400, 401, 403, 404, 405) AND time >= $since AND time < $until
  GROUP BY client_ip
  HAVING count(DISTINCT request) >= $paths
)
SELECT min(a.time) AS time, 'alb' AS source, CAST(NULL AS VARCHAR) AS principal, a.client_ip AS src_ip, split_part(a.request, ' ', 2) AS target,
  a.client_ip || ' tried ' || CAST(max(s.paths) AS VARCHAR) || ' paths, then got ' || CAST(max(a.elb_status_code) AS VARCHAR) || ' for ' || a.request AS summary,
  max(s.paths) AS failed_paths, max(s.first_time) AS first_time, count(*) AS requests, max(s.user_agent) AS user_agent
FROM alb a JOIN scanners s ON s.client_ip = a.client_ip AND a.time > s.first_time
WHERE a.elb_status_code BETWEEN 200 AND 299 AND a.time >= $since AND a.time < $until
GROUP BY a.client_ip, a.request
ORDER BY 1, 4, 5
