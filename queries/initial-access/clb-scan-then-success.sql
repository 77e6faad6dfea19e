/*---
id: clb-scan-then-success
title: Scan at a Classic Load Balancer, then a request that succeeds
severity: medium
attack: [T1190, T1595.003]
sources: [clb]
packs: [initial-access, web]
params:
  - {name: paths, type: bigint, default: 20, doc: different paths that failed}
means: A client asked for many paths that failed, and then for one that did not.
noise: "Monitoring with broken links; crawlers that follow old links: they call themselves so."
cite: "AWS customer playbook framework, web application; ATT&CK T1595.003"
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
---*/
WITH scanners AS (
  SELECT client_ip AS ip, count(DISTINCT split_part(request, ' ', 2)) AS paths, min(timestamp) AS first_time, max(user_agent) AS agent
  FROM clb
  WHERE timestamp >= $since AND timestamp < $until AND elb_status_code IN (400, 401, 403, 404, 405)
  GROUP BY client_ip
  HAVING count(DISTINCT split_part(request, ' ', 2)) >= $paths
)
SELECT min(r.timestamp) AS time, 'clb' AS source, CAST(NULL AS VARCHAR) AS principal, r.client_ip AS src_ip, min_by(split_part(request, ' ', 2), r.timestamp) AS target,
  CAST(max(s.paths) AS VARCHAR) || ' paths failed, then ' || CAST(count(DISTINCT split_part(request, ' ', 2)) AS VARCHAR) || ' succeeded' AS summary,
  max(s.paths) AS failed_paths, max(s.first_time) AS first_time, count(DISTINCT split_part(request, ' ', 2)) AS succeeded_paths, count(*) AS requests,
  max(r.timestamp) AS last_time, max_by(split_part(request, ' ', 2), r.timestamp) AS last_path, max(s.agent) AS user_agent
FROM clb r JOIN scanners s ON s.ip = r.client_ip
WHERE r.timestamp >= $since AND r.timestamp < $until AND r.timestamp > s.first_time AND r.elb_status_code BETWEEN 200 AND 299
GROUP BY r.client_ip
ORDER BY 1, 3, 4, 5
