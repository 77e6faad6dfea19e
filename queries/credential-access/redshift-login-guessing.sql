/*---
id: redshift-login-guessing
title: Many failed logins to Redshift
severity: high
attack: [T1110]
sources: [redshift_audit]
packs: [credential-access, data]
params:
  - {name: failed, type: bigint, default: 10, doc: failed logins from one address}
means: One address failed to log in to Redshift again and again; whether it got in stands beside it.
noise: A report with an old password.
cite: "Amazon Redshift Management Guide, database audit logging, connection log; ATT&CK T1110"
next:
  - {id: redshift-unload}
---*/
SELECT min(l.record_time) AS time, 'redshift_audit' AS source, max(CASE WHEN l.result = 'success' THEN trim(l.username) END) AS principal, trim(l.remote_ip) AS src_ip, max(trim(l.dbname)) AS target,
  CAST(count(CASE WHEN l.result = 'failed' THEN 1 END) AS VARCHAR) || ' failed logins from ' || trim(l.remote_ip) || CASE WHEN count(CASE WHEN l.result = 'success' THEN 1 END) > 0 THEN ', then success' ELSE '' END AS summary,
  count(CASE WHEN l.result = 'failed' THEN 1 END) AS failed, count(CASE WHEN l.result = 'success' THEN 1 END) AS succeeded, count(DISTINCT l.username) AS users, max(l.record_time) AS last_time
FROM redshift_logins l
WHERE l.record_time >= $since AND l.record_time < $until
GROUP BY trim(l.remote_ip)
HAVING count(CASE WHEN l.result = 'failed' THEN 1 END) >= $failed
ORDER BY 1, 4
