/*---
id: rds-login-from-internet
title: Login to a database from a public address
severity: high
attack: [T1133, T1078]
sources: [rds_audit]
packs: [triage, initial-access, data]
means: Somebody logged in to a database from the internet.
noise: Partners and offices that were let in on purpose.
cite: "Amazon RDS User Guide, hiding a DB instance in a VPC from the internet; ATT&CK T1133"
next:
  - {id: rds-dump}
  - {id: x-address-everywhere}
---*/
WITH logins AS (
  SELECT user_name, client_host, min(time) AS first_time, max(time) AS last_time, count(*) AS logins, max(database) AS database, max(coalesce(log_group, server_host, 'database')) AS server
  FROM rds_logins
  WHERE time >= $since AND time < $until AND result = 'success'
  GROUP BY user_name, client_host
)
SELECT first_time AS time, 'rds_audit' AS source, user_name AS principal, client_host AS src_ip, server || coalesce('/' || database, '') AS target,
  CAST(logins AS VARCHAR) || ' logins as ' || user_name || ' from a public address' AS summary,
  logins, last_time
FROM logins
WHERE NOT is_private_ip(client_host)
ORDER BY 1, 3, 4
