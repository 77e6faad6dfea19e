/*---
id: rds-rights-given
title: Rights or users of a database changed
severity: medium
attack: [T1098, T1136]
sources: [rds_audit]
packs: [privilege-escalation, data, persistence]
means: A user was made, got all rights, or a new password. So intruders stay in a database.
noise: Deployment tools, always the same user.
cite: "MySQL 8.0 Reference Manual, account management statements; PostgreSQL documentation, GRANT; ATT&CK T1098"
next:
  - {id: rds-login-guessing}
---*/
WITH statements AS (
  SELECT time, user_name, client_host, database, coalesce(log_group, server_host, 'database') AS server, statement, lower(statement) AS words
  FROM rds_statements
  WHERE time >= $since AND time < $until AND statement IS NOT NULL
)
SELECT min(time) AS time, 'rds_audit' AS source, user_name AS principal, client_host AS src_ip, server || coalesce('/' || database, '') AS target,
  CAST(count(*) AS VARCHAR) || ' changes of users or rights, such as ' || substr(min_by(statement, time), 1, 120) AS summary,
  count(*) AS statements, max(time) AS last_time, max_by(statement, time) AS last_statement
FROM statements
WHERE regexp_like(words, '^ *(create (user|role)|alter (user|role)|grant (all|rds_superuser|super|select on [*][.][*])|grant .* with (grant|admin) option|set password|drop user)') AND coalesce(user_name, '') NOT IN ('rdsadmin', 'rdsrepladmin')
GROUP BY user_name, client_host, server, database
ORDER BY 1, 3, 4, 5
