/*---
id: rds-login-guessing
title: Many failed logins to a database
severity: high
attack: [T1110]
sources: [rds_audit]
packs: [credential-access, data]
params:
  - {name: failed, type: bigint, default: 10, doc: failed logins from one address}
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: flow-admin-port-from-internet}
means: One address failed to log in to a database again and again; whether it got in then stands beside it.
noise: An application with an old password.
cite: "MITRE ATT&CK T1110, Brute Force"
---*/
SELECT min(l.time) AS time, 'rds_audit' AS source, max(l.user_name) AS principal, l.client_host AS src_ip, COALESCE(max(l.log_group), max(l.server_host), 'database') AS target,
  CAST(count(CASE WHEN l.result = 'failed' THEN 1 END) AS VARCHAR) || ' failed logins from ' || l.client_host || CASE WHEN count(CASE WHEN l.result = 'success' THEN 1 END) > 0 THEN ', then success' ELSE '' END AS summary,
  count(CASE WHEN l.result = 'failed' THEN 1 END) AS failed, count(CASE WHEN l.result = 'success' THEN 1 END) AS succeeded, count(DISTINCT l.user_name) AS users, max(l.time) AS last_time
FROM rds_logins l
WHERE l.time >= $since AND l.time < $until
GROUP BY l.client_host
HAVING count(CASE WHEN l.result = 'failed' THEN 1 END) >= $failed
ORDER BY 1, 4
